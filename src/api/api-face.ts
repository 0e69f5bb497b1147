/**
 * What `activate` gives to other extensions: versions, who asks, and what is loaded when something is first asked for. The
 * contract is `api/tilescope.d.ts`.
 */
import * as vscode from 'vscode';
import type { TilescopeApi, TilescopeExports } from '../../api/tilescope.d.ts';
import { toBoardError } from '../board/errors.ts';
import { LazyPart } from '../model/lazy-part.ts';
import { ApiError } from './api-error.ts';
import type { ApiServices } from './api-services.ts';
import type { MemoryAccess } from './memory-access.ts';

export class ApiFace implements vscode.Disposable {
  readonly #services: ApiServices;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #following: { dispose(): void };
  readonly #access: LazyPart<MemoryAccess>;

  /** What other extensions get. */
  readonly exports: TilescopeExports = {
    versions: [1],
    api: (version, caller) => {
      if (version !== 1) {
        throw new ApiError(
          'unknown-version',
          vscode.l10n.t('This Tilescope has no API of version {0}. Update Tilescope.', String(version)),
        );
      }
      this.#nameOf(caller);
      return this.#first();
    },
  };

  constructor(services: ApiServices) {
    this.#services = services;
    this.#following = services.onDidChangeBoards(() => this.#changed.fire());
    this.#access = new LazyPart(
      async () => {
        const { MemoryAccess: Access } = await import('./memory-access.ts');
        return new Access(services, vscode.l10n);
      },
      () => undefined,
    );
  }

  dispose(): void {
    this.#following.dispose();
    this.#access.dispose();
    this.#changed.dispose();
  }

  /** Version 1, for one caller. */
  #first(): TilescopeApi {
    return {
      version: 1,
      list: () => this.#asked((access) => access.list()),
      onDidChange: this.#changed.event,
      read: (place, token) => this.#asked((access, signal) => access.read(place, signal), token),
    };
  }

  /** What the extension is called. @throws ApiError `unknown-caller` */
  #nameOf(caller: unknown): string {
    const extension = typeof caller === 'string' ? vscode.extensions.getExtension(caller) : undefined;
    if (extension === undefined) {
      throw new ApiError(
        'unknown-caller',
        vscode.l10n.t('No extension of this window has the id "{0}": give your own, publisher.name.', String(caller)),
      );
    }
    const { displayName } = extension.packageJSON as { readonly displayName?: unknown };
    return typeof displayName === 'string' ? `${displayName} (${extension.id})` : extension.id;
  }

  /** Does what was asked; whatever fails becomes an ApiError. */
  async #asked<T>(
    act: (access: MemoryAccess, signal: AbortSignal) => Promise<T>,
    token?: vscode.CancellationToken,
  ): Promise<T> {
    const stop = new AbortController();
    const ends = token?.onCancellationRequested(() => stop.abort());
    if (token?.isCancellationRequested === true) stop.abort();
    try {
      return await act(await this.#access.load(), stop.signal);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const { code } = toBoardError(error);
      if (code !== 'cancelled') this.#services.note(error);
      throw new ApiError(code === 'cancelled' ? code : 'failed', this.#services.sentence(error));
    } finally {
      ends?.dispose();
    }
  }
}
