/** What is found in memories as a list: what stands ready for it from the start. Search and list are loaded when they are first wanted. */
import * as vscode from 'vscode';
import type { FindQuery } from '../model/find/query.ts';
import { LazyPart } from '../model/lazy-part.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { sayInformation } from '../say/say.ts';
import type { SearchedBoard } from './find/board-hits.ts';
import { hitKeys } from './find/hit-keys.ts';
import type { FoundMemory, HitRow } from './find/hit-rows.ts';
import type { HexEditorProvider } from './provider.ts';
import type { RowTree } from './row-tree.ts';

export class HitActions implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #board: (id: string) => SearchedBoard | undefined;
  readonly #keys = new ContextKeys();
  readonly #following: readonly vscode.Disposable[];
  readonly #searches = new LazyPart(
    async () => {
      const { BoardSearches } = await import('./find/board-searches.ts');
      return new BoardSearches(() => this.#changed());
    },
    (searches) => searches.dispose(),
  );
  readonly #view = new LazyPart<RowTree<HitRow>>(
    async () => {
      const { hitsView } = await import('./find/hits-view.ts');
      return hitsView(
        () => this.#found(),
        () => this.#searches.made?.found,
      );
    },
    (view) => view.dispose(),
  );

  /** @param board a board that is connected, with its partitions as they are now */
  constructor(provider: HexEditorProvider, board: (id: string) => SearchedBoard | undefined) {
    this.#provider = provider;
    this.#board = board;
    this.#keys.tell(hitKeys([], 0));
    this.#following = [
      provider.onDidChangeHits(() => this.#changed()),
      provider.onDidAskMemories(({ board: id, query }) => {
        this.searchMemories(id, query).catch((error: unknown) => provider.services.note(error));
      }),
    ];
  }

  /** Registers the commands of the view and its rows. */
  register(): vscode.Disposable[] {
    return [
      vscode.commands.registerCommand('tilescope.showHits', () => this.show()),
      vscode.commands.registerCommand('tilescope.clearHits', () => this.#searches.made?.forget()),
      vscode.commands.registerCommand('tilescope.showHit', (row?: HitRow) => row?.show?.()),
    ];
  }

  /** Brings the list to the front; says so where nothing is found. */
  async show(): Promise<void> {
    if (!this.#tell().hasHits) sayInformation(vscode.l10n.t('Nothing is found in the open memories.'));
    else await (await this.#view.load()).show();
  }

  /** Has all memories of a board searched, after a question without a query, and shows what was found. */
  async searchMemories(id: string, query?: FindQuery): Promise<void> {
    if (this.#board(id) === undefined && !(await this.#provider.services.connect(id))) return;
    const searches = await this.#searches.load();
    const board = this.#board(id);
    if (board === undefined) return;
    const { askQuery } = await import('./find/board-searches.ts');
    const asked = query ?? (await askQuery(vscode.l10n.t('Find in all memories of {0}', board.label)));
    if (asked !== undefined && (await searches.run(board, asked))) await this.show();
  }

  #changed(): void {
    const { hasHits } = this.#tell();
    this.#view.made?.changed();
    if (!this.#view.wasWanted && hasHits) {
      this.#view.load().catch((error: unknown) => this.#provider.services.note(error));
    }
  }

  /** Tells what there is now. */
  #tell(): ReturnType<typeof hitKeys> {
    const inTabs = this.#found().map(({ hits }) => hits.count);
    const keys = hitKeys(inTabs, this.#searches.made?.found?.hits ?? 0);
    this.#keys.tell(keys);
    return keys;
  }

  /** What tabs found, that in front first. */
  #found(): FoundMemory[] {
    const active = this.#provider.activePanel;
    return this.#provider.documents
      .flatMap((document) => [...document.panels])
      .sort((a, b) => Number(b === active) - Number(a === active))
      .flatMap(({ found }) => (found === undefined || found.hits.count === 0 ? [] : [found]));
  }

  dispose(): void {
    for (const one of this.#following) one.dispose();
    this.#searches.dispose();
    this.#view.dispose();
  }
}
