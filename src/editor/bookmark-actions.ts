/** Bookmarks and structures: what stands ready for them from the start. The rest is loaded with the first of them. */
import * as vscode from 'vscode';
import type { BoardStore } from '../boards/boards.ts';
import { LazyPart } from '../model/lazy-part.ts';
import type { PlacedMark, PlacedMarks } from '../model/placed-mark.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { sayError } from '../say/say.ts';
import { bookmarkKeys, bookmarkStore } from './bookmarks/bookmark-keys.ts';
import type { BookmarkList } from './bookmarks/bookmark-list.ts';
import type { BookmarkRow } from './bookmarks/bookmark-rows.ts';
import type { HexEditorProvider } from './provider.ts';
import { sentenceOf } from './sentences.ts';

export class BookmarkActions implements PlacedMarks, vscode.Disposable {
  readonly #provider: () => HexEditorProvider;
  readonly #store: BoardStore;
  readonly #keys = new ContextKeys();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #list: LazyPart<BookmarkList>;

  readonly onDidChange = this.#changed.event;

  /** `provider` is asked when the list is loaded: the editor itself asks for bookmarks. */
  constructor(provider: () => HexEditorProvider, store: BoardStore) {
    this.#provider = provider;
    this.#store = store;
    this.#list = new LazyPart(
      async () => {
        const { BookmarkList: List } = await import('./bookmarks/bookmark-list.ts');
        return new List(this.#provider(), this.#store, () => this.#tell());
      },
      (list) => list.dispose(),
    );
    const isAny = store.get(bookmarkStore) !== undefined;
    this.#keys.tell(bookmarkKeys({ count: isAny ? 1 : 0 }));
    if (isAny) this.load().catch((error: unknown) => provider().services.note(error));
  }

  /** The list, loaded at the first call. */
  async load(): Promise<BookmarkList> {
    const isNew = this.#list.made === undefined;
    const list = await this.#list.load();
    if (isNew) this.#tell();
    return list;
  }

  in(...asked: Parameters<PlacedMarks['in']>): readonly PlacedMark[] {
    return this.#list.made?.in(...asked) ?? [];
  }

  /** Registers the commands of the view and its rows; without a row a person picks one. */
  register(): vscode.Disposable[] {
    const on = (name: string, act: (list: BookmarkList, row: BookmarkRow | undefined) => Promise<void>) =>
      vscode.commands.registerCommand(`tilescope.${name}`, async (row?: BookmarkRow) => {
        try {
          await act(await this.load(), row);
        } catch (error) {
          const { services } = this.#provider();
          services.note(error);
          sayError(sentenceOf(error, services.errorText, vscode.l10n));
        }
      });
    return [
      on('renameBookmark', (list, row) => list.rename(row)),
      on('recolourBookmark', (list, row) => list.recolour(row)),
      on('changeStructure', (list, row) => list.redefine(row)),
      on('removeBookmark', (list, row) => list.remove(row)),
      on('setField', (list, row) => list.set(row)),
      on('exportBookmarks', (list) => list.export()),
      on('importBookmarks', (list) => list.import()),
      on('showBookmark', async (list, row) => {
        if (row !== undefined) await list.show(row);
      }),
    ];
  }

  #tell(): void {
    const { bookmarks = [], structures = [] } = this.#list.made?.marks ?? {};
    this.#keys.tell(bookmarkKeys({ count: bookmarks.length + structures.length }));
    this.#changed.fire();
  }

  dispose(): void {
    this.#list.dispose();
    this.#changed.dispose();
  }
}
