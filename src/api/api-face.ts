/**
 * What `activate` gives to other extensions, with the commands and the tools: versions, who asks, and what is loaded when
 * something is first asked for. The contract is `api/tilescope.d.ts`.
 */
import * as vscode from 'vscode';
import type { TilescopeApi, TilescopeExports } from '../../api/tilescope.d.ts';
import { LazyPart } from '../model/lazy-part.ts';
import { answerUnasked, type ModalQuestion, type UnaskedAnswer } from '../say/say.ts';
import { ApiError } from './api-error.ts';
import type { ApiServices } from './api-services.ts';
import { commandNames } from './command-names.ts';
import type { LoadedApi } from './loaded.ts';
import { apiErrorOf } from './refusals.ts';
import { toolNames } from './tool-names.ts';
import type { LanguageTools } from './tools.ts';
import type { Caller } from './writes.ts';

/** Everything that is loaded together. */
interface Loaded {
  readonly api: LoadedApi;
  readonly tools: LanguageTools;
}

export class ApiFace implements vscode.Disposable {
  readonly #services: ApiServices;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  readonly #loaded: LazyPart<Loaded>;

  /** How a person is asked before another program writes; tests answer in their place. */
  confirm: (question: ModalQuestion) => Promise<UnaskedAnswer> = (question) =>
    answerUnasked(question, vscode.l10n.t('Do Not Write'), vscode.l10n.t('Do Not Ask Again'));

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
      return this.#first(callerOf(caller));
    },
  };

  constructor(given: Omit<ApiServices, 'confirm'>) {
    const services: ApiServices = { ...given, confirm: (question) => this.confirm(question) };
    this.#services = services;
    this.#loaded = new LazyPart(
      async () => {
        const [{ LoadedApi: Api }, { LanguageTools: Tools }] = await Promise.all([
          import('./loaded.ts'),
          import('./tools.ts'),
        ]);
        const api = new Api(services, vscode.l10n);
        return { api, tools: new Tools(api, services) };
      },
      ({ api }) => api.dispose(),
    );
    this.#subscriptions = [
      vscode.Disposable.from(services.onDidChangeBoards(() => this.#changed.fire())),
      ...this.#registerCommands(),
      ...this.#registerTools(),
    ];
  }

  dispose(): void {
    for (const one of this.#subscriptions) one.dispose();
    this.#loaded.dispose();
    this.#changed.dispose();
  }

  /** The tools, loaded at the first call. */
  async tools(): Promise<LanguageTools> {
    return (await this.#loaded.load()).tools;
  }

  /** Version 1, for one caller. */
  #first(caller: Caller): TilescopeApi {
    const asked = <T>(
      act: (api: LoadedApi, signal: AbortSignal) => T | Promise<T>,
      token?: vscode.CancellationToken,
    ) => this.#asked(({ api }, signal) => act(api, signal), token);
    return {
      version: 1,
      list: () => asked((api) => api.access.list()),
      onDidChange: this.#changed.event,
      read: (place, token) => asked((api, signal) => api.access.read(place, signal), token),
      write: (place, bytes, options, token) =>
        asked((api, signal) => api.writes.write(caller, place, bytes, options, signal), token),
      watch: (place, listener, options) =>
        asked((api) => vscode.Disposable.from(api.watch(place, options, listener))),
      snapshot: (place, file, token) => asked((api, signal) => api.keep(place, file, signal), token),
    };
  }

  #registerCommands(): vscode.Disposable[] {
    return commandNames.map((name) =>
      vscode.commands.registerCommand(`tilescope.api.${name}`, (given?: unknown) =>
        this.#asked(async ({ api }, signal) => {
          const { runCommand } = await import('./text-commands.ts');
          const id = (Object(given) as { readonly caller?: unknown }).caller;
          const task = { id: 'command', name: vscode.l10n.t('a task or command') };
          return await runCommand(
            name,
            api,
            id === undefined ? task : callerOf(id),
            given,
            this.#services.after,
            signal,
          );
        }),
      ),
    );
  }

  /** Editors without language models have none of this. */
  #registerTools(): vscode.Disposable[] {
    const { lm } = vscode as { readonly lm?: Partial<typeof vscode.lm> };
    if (typeof lm?.registerTool !== 'function') return [];
    const register = lm.registerTool;
    return toolNames.map((name) =>
      register<unknown>(name, {
        prepareInvocation: ({ input }, token) =>
          this.#asked(({ tools }, signal) => tools.prepare(name, input, signal), token),
        invoke: ({ input }, token) =>
          this.#asked(({ tools }, signal) => tools.invoke(name, input, signal), token),
      }),
    );
  }

  /** Does what was asked; whatever fails becomes an ApiError. */
  async #asked<T>(
    act: (loaded: Loaded, signal: AbortSignal) => T | Promise<T>,
    token?: vscode.CancellationToken,
  ): Promise<T> {
    const stop = new AbortController();
    const ends = token?.onCancellationRequested(() => stop.abort());
    if (token?.isCancellationRequested === true) stop.abort();
    try {
      return await act(await this.#loaded.load(), stop.signal);
    } catch (error) {
      throw apiErrorOf(error, this.#services);
    } finally {
      ends?.dispose();
    }
  }
}

/** Who asks, by the id that it gives. @throws ApiError `unknown-caller` */
function callerOf(id: unknown): Caller {
  const extension = typeof id === 'string' ? vscode.extensions.getExtension(id) : undefined;
  if (extension === undefined) {
    throw new ApiError(
      'unknown-caller',
      vscode.l10n.t(
        'No extension of this window has the id "{0}": give your own, publisher.name.',
        String(id),
      ),
    );
  }
  const { displayName } = extension.packageJSON as { readonly displayName?: unknown };
  const name = typeof displayName === 'string' ? `${displayName} (${extension.id})` : extension.id;
  return { id: extension.id, name };
}
