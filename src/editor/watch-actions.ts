/** Watches: what stands ready for them from the start. The list is loaded with the first watch. */
import * as vscode from 'vscode';
import type { BoardStore } from '../boards/boards.ts';
import { LazyPart } from '../model/lazy-part.ts';
import { ContextKeys } from '../say/context-keys.ts';
import type { FileActions } from './file-actions.ts';
import type { HexEditorProvider } from './provider.ts';
import { watchKeys } from './watches/watch-keys.ts';
import type { WatchList, WatchListServices } from './watches/watch-list.ts';
import type { WatchNow } from './watches/watch-model.ts';
import { type KeptWatch, WatchStore } from './watches/watch-store.ts';

/** What the watches need beside the editor; given by `extension.ts`. */
export interface WatchActionServices {
  /** The workspace's state. */
  readonly state: BoardStore;
  /** Where snapshots of watches go. */
  readonly folder: vscode.Uri;
  readonly files: Pick<FileActions, 'load'>;
  /** What joins or makes the session of a memory; it answers `undefined` when the board is not in the sidebar. */
  joining(): Promise<WatchListServices['acquire']>;
  /** The files of the snapshots that the sidebar shows. */
  openSnapshots(): readonly string[];
  /** Fires when boards, partitions or connections may be others. */
  readonly onDidChangeBoards: (listener: () => void) => vscode.Disposable;
}

export class WatchActions implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #services: WatchActionServices;
  readonly #store: WatchStore;
  readonly #keys = new ContextKeys();
  readonly #list: LazyPart<WatchList>;

  constructor(provider: HexEditorProvider, services: WatchActionServices) {
    this.#provider = provider;
    this.#services = services;
    this.#store = new WatchStore(services.state);
    this.#list = new LazyPart(
      () => this.#make(),
      (list) => list.dispose(),
    );
    this.#tell(this.#store.all);
    if (this.#store.all.length > 0) this.load().catch((error: unknown) => provider.services.note(error));
  }

  /** Where snapshots of watches go. */
  get folder(): vscode.Uri {
    return this.#services.folder;
  }

  /** The list, loaded at the first call. */
  load(): Promise<WatchList> {
    return this.#list.load();
  }

  async #make(): Promise<WatchList> {
    const [part, acquire] = await Promise.all([import('./watches/watch-list.ts'), this.#services.joining()]);
    return new part.WatchList(this.#provider, {
      acquire,
      store: this.#store,
      folder: this.#services.folder,
      files: this.#services.files,
      openSnapshots: () => this.#services.openSnapshots(),
      onDidChangeBoards: this.#services.onDidChangeBoards,
      told: () => this.#tell(this.#store.all),
    });
  }

  /** Registers the commands of the rows; without a row a person picks one. */
  register(): vscode.Disposable[] {
    const on = (name: string, act: (list: WatchList, watch: WatchNow | undefined) => Promise<void>) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (watch?: WatchNow) => {
        await act(await this.load(), watch);
      });
    return [
      on('changeWatch', (list, watch) => list.change(watch)),
      on('removeWatch', (list, watch) => list.remove(watch)),
      on('showWatch', async (list, watch) => {
        if (watch !== undefined) await list.open(watch);
      }),
    ];
  }

  #tell(watches: readonly KeptWatch[]): void {
    this.#keys.tell(watchKeys(watches));
  }

  dispose(): void {
    this.#list.dispose();
  }
}
