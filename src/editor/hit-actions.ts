/** What is found in the open editors as a list: what stands ready for it from the start. The list is loaded with the first hit. */
import * as vscode from 'vscode';
import { LazyPart } from '../model/lazy-part.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { sayInformation } from '../say/say.ts';
import { hitKeys } from './find/hit-keys.ts';
import type { FoundMemory, HitRow } from './find/hit-rows.ts';
import type { HexPanel } from './panel.ts';
import type { HexEditorProvider } from './provider.ts';
import type { RowTree } from './row-tree.ts';

export class HitActions implements vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #keys = new ContextKeys();
  readonly #following: vscode.Disposable;
  readonly #view = new LazyPart<RowTree<HitRow>>(
    async () => {
      const { hitsView } = await import('./find/hits-view.ts');
      return hitsView(() => this.#found().map(({ found }) => found));
    },
    (view) => view.dispose(),
  );

  constructor(provider: HexEditorProvider) {
    this.#provider = provider;
    this.#keys.tell(hitKeys([]));
    this.#following = provider.onDidChangeHits(() => this.#changed());
  }

  /** Registers the commands of the view and its rows. */
  register(): vscode.Disposable[] {
    return [
      vscode.commands.registerCommand('tilescope.showHits', () => this.show()),
      vscode.commands.registerCommand('tilescope.showHit', (row?: HitRow) => {
        if (row?.place !== undefined) this.#panelOf(row.of)?.showHit(row.place);
      }),
    ];
  }

  /** Brings the list to the front; says so where nothing is found. */
  async show(): Promise<void> {
    if (this.#found().length === 0) sayInformation(vscode.l10n.t('Nothing is found in the open memories.'));
    else await (await this.#view.load()).show();
  }

  #changed(): void {
    const found = this.#found();
    this.#keys.tell(hitKeys(found.map(({ found: { hits } }) => hits.count)));
    this.#view.made?.changed();
    if (!this.#view.wasWanted && found.length > 0) {
      this.#view.load().catch((error: unknown) => this.#provider.services.note(error));
    }
  }

  /** The searches that found something, that in front first. */
  #found(): { readonly panel: HexPanel; readonly found: FoundMemory }[] {
    const active = this.#provider.activePanel;
    return this.#provider.documents
      .flatMap((document) => [...document.panels])
      .sort((a, b) => Number(b === active) - Number(a === active))
      .flatMap((panel) => {
        const { found } = panel;
        return found === undefined || found.hits.count === 0 ? [] : [{ panel, found }];
      });
  }

  #panelOf({ tab }: FoundMemory): HexPanel | undefined {
    return this.#found().find(({ found }) => found.tab === tab)?.panel;
  }

  dispose(): void {
    this.#following.dispose();
    this.#view.dispose();
  }
}
