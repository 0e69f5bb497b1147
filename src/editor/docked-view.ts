/**
 * The view in VS Code's panel: the memory that a person docked, to look at beside editors and the debug console. Knows which
 * memory it shows; the page is `HexPanel`'s.
 */
import * as vscode from 'vscode';
import type { BoardStore } from '../boards/boards.ts';
import { type MemoryResource, parseResource, resourcePath, scheme } from '../model/resource.ts';
import { ContextKeys } from '../say/context-keys.ts';
import { dockedKeys } from './docked-keys.ts';
import { TileDocument } from './document.ts';
import type { PagePlace } from './messages.ts';
import type { HexPanel, PageView } from './panel.ts';
import type { HexEditorProvider } from './provider.ts';

/** The view's id in the manifest. */
const dockedViewId = 'tilescope.docked';
const dockedKey = 'tilescope.docked';

export class DockedView implements vscode.WebviewViewProvider, vscode.Disposable {
  readonly #editor: HexEditorProvider;
  /** The workspace's state: the docked memory is back in a window that is loaded anew. */
  readonly #store: BoardStore;
  readonly #keys = new ContextKeys();
  #resource: MemoryResource | undefined;
  #view: vscode.WebviewView | undefined;
  #shown: { readonly document: TileDocument; readonly panel: HexPanel } | undefined;
  /** Where the view shall begin. */
  #place: PagePlace | undefined;
  /** Counts what was to be shown: what is loaded too late is let go. */
  #turns = 0;

  constructor(editor: HexEditorProvider, store: BoardStore) {
    this.#editor = editor;
    this.#store = store;
    const kept = store.get(dockedKey);
    const uri = typeof kept === 'string' ? vscode.Uri.parse(kept) : undefined;
    this.#resource = uri && parseResource(uri.authority, uri.path);
    this.#tell();
  }

  /** The panel that shows the docked memory; undefined while the view was not opened. */
  get panel(): HexPanel | undefined {
    return this.#shown?.panel;
  }

  register(): vscode.Disposable[] {
    return [
      vscode.window.registerWebviewViewProvider(dockedViewId, this, {
        webviewOptions: { retainContextWhenHidden: true },
      }),
      vscode.commands.registerCommand('tilescope.undock', () => this.undock()),
    ];
  }

  /** Shows the memory of a document in the panel, where the editor in front is. */
  async dock(document: TileDocument): Promise<void> {
    const panels = [...document.panels].toSorted((a, b) => Number(b.view.active) - Number(a.view.active));
    this.#place = panels[0]?.place;
    await this.#choose(document.resource);
    await vscode.commands.executeCommand(`${dockedViewId}.focus`);
    await this.#show();
  }

  /** Takes the view out of the panel. */
  async undock(): Promise<void> {
    await this.#choose(undefined);
    this.#end();
  }

  /** A tile was selected elsewhere: a whole memory of its partition shows it. */
  follow({ board, partition, tile }: Required<Omit<MemoryResource, 'memory'>>): void {
    const { resource } = this.#shown?.document ?? {};
    if (resource?.board === board && resource.partition === partition) this.panel?.showTile(tile);
  }

  /** A debug session stopped, or all go on. */
  setStopped(isStopped: boolean): void {
    this.#shown?.document.session.setStopped(isStopped);
  }

  async resolveWebviewView(view: vscode.WebviewView): Promise<void> {
    this.#view = view;
    view.onDidDispose(() => {
      if (this.#view !== view) return;
      this.#view = undefined;
      this.#end();
    });
    await this.#show();
  }

  dispose(): void {
    this.#end();
  }

  async #choose(resource: MemoryResource | undefined): Promise<void> {
    this.#resource = resource;
    this.#tell();
    await this.#store.update(dockedKey, resource && uriOf(resource).toString());
  }

  #tell(): void {
    this.#keys.tell(dockedKeys(this.#resource !== undefined));
  }

  /** Has the view, if there is one, show the chosen memory. */
  async #show(): Promise<void> {
    const turn = ++this.#turns;
    const view = this.#view;
    const resource = this.#resource;
    if (view === undefined || resource === undefined) return;
    if (this.#shown?.document.key === uriOf(resource).toString()) {
      this.#goToPlace();
      return;
    }
    const [{ HexPanel: Panel }, reference] = await Promise.all([
      import('./panel.ts'),
      this.#editor.services.acquire(resource),
    ]);
    if (turn !== this.#turns || reference === undefined) {
      reference?.dispose();
      if (turn === this.#turns) await this.undock();
      return;
    }
    this.#end();
    const document = new TileDocument(uriOf(resource), resource, reference, () => undefined);
    try {
      const panel = new Panel(document, pageView(view), this.#editor, { isDocked: true });
      this.#shown = { document, panel };
    } catch (error) {
      document.dispose(); // the view was closed meanwhile
      throw error;
    }
    this.#editor.learn(document, 'look');
    this.#goToPlace();
  }

  #goToPlace(): void {
    const { panel } = this;
    const place = this.#place;
    if (panel === undefined || place === undefined) return;
    this.#place = undefined;
    panel.scrollTo(place.top);
    panel.reveal(place.cursor, 1);
  }

  /** Lets go of what is shown, and of what is still being loaded. */
  #end(): void {
    this.#turns++;
    this.#shown?.panel.dispose();
    this.#shown?.document.dispose();
    this.#shown = undefined;
  }
}

function uriOf(resource: MemoryResource): vscode.Uri {
  return vscode.Uri.from({ scheme, authority: resource.board, path: resourcePath(resource) });
}

/** The view as a page sees it: an editor is in front of the others, a view never is. */
function pageView(view: vscode.WebviewView): PageView {
  return {
    webview: view.webview,
    get visible() {
      return view.visible;
    },
    active: false,
    viewColumn: undefined,
    onDidChangeViewState: (listener) => view.onDidChangeVisibility(listener),
    onDidDispose: (listener) => view.onDidDispose(listener),
    reveal: () => view.show(true),
  };
}
