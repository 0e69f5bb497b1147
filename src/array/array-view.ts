/** The Array view in the sidebar: the page, and the messages between it and the model. */
import * as vscode from 'vscode';
import { patience } from '../board/board.ts';
import { containsTile } from '../model/geometry.ts';
import { escapeMarkup } from '../model/plain.ts';
import { type MemoryResource, resourcePath, scheme } from '../model/resource.ts';
import { pageHtml } from '../say/page-html.ts';
import { sayError } from '../say/say.ts';
import type { ArrayModel, ArrayServices, TilePlace } from './array-model.ts';
import type { ArrayCommand, ToArrayPage } from './messages.ts';
import { readFromArrayPage } from './page-messages.ts';
import { arrayStrings } from './page-strings.ts';
import { PictureFeed } from './picture-feed.ts';

/** The view's id in the manifest. */
const arrayViewId = 'tilescope.array';

export class ArrayView implements vscode.WebviewViewProvider, vscode.Disposable {
  readonly #model: ArrayModel;
  readonly #services: ArrayServices;
  readonly #extensionUri: vscode.Uri;
  readonly #log: vscode.LogOutputChannel;
  readonly #subscriptions: vscode.Disposable[] = [];
  #view: vscode.WebviewView | undefined;
  /** Of the page that is there; a hidden view has none. */
  #feed: PictureFeed | undefined;
  #pending = false;

  constructor(
    model: ArrayModel,
    services: ArrayServices,
    extensionUri: vscode.Uri,
    log: vscode.LogOutputChannel,
  ) {
    this.#model = model;
    this.#services = services;
    this.#extensionUri = extensionUri;
    this.#log = log;
    this.#readSettings();
    this.#subscriptions.push(
      vscode.window.registerWebviewViewProvider(arrayViewId, this),
      model.onDidChange(() => this.#changed()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('tilescope.array')) this.#readSettings();
      }),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    this.#feed = undefined;
    const folder = vscode.Uri.joinPath(this.#extensionUri, 'dist', 'webview');
    view.webview.options = { enableScripts: true, localResourceRoots: [folder] };
    view.webview.onDidReceiveMessage((message: unknown) => this.#receive(message));
    view.onDidChangeVisibility(() => {
      // The page of a hidden view is gone: it says `ready` again.
      if (!view.visible) this.#feed = undefined;
      this.#model.visible = view.visible;
    });
    view.onDidDispose(() => {
      if (this.#view !== view) return;
      this.#view = undefined;
      this.#feed = undefined;
      this.#model.visible = false;
    });
    view.webview.html = page(view.webview, folder);
    this.#model.visible = view.visible;
  }

  /** Opens a tile's memory, if it has any: data memory before the others. Failures are shown. */
  async open(place: TilePlace): Promise<void> {
    const board = this.#services.boards().find(({ id }) => id === place.board);
    if (board === undefined) return;
    try {
      const partition = await board.link.open(place.partition, AbortSignal.timeout(patience));
      const geometry = partition.memories
        .map((memory) => memory.geometry)
        .find((candidate) => containsTile(candidate, place.tile));
      if (geometry === undefined) return;
      const resource: MemoryResource = {
        board: place.board,
        partition: place.partition,
        memory: geometry.type,
        tile: place.tile,
      };
      const uri = vscode.Uri.from({ scheme, authority: resource.board, path: resourcePath(resource) });
      await vscode.commands.executeCommand('vscode.openWith', uri, 'tilescope.hex');
    } catch (error) {
      sayError(this.#services.errorText(this.#services.note(error)));
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #readSettings(): void {
    const seconds = vscode.workspace.getConfiguration('tilescope').get('array.refreshSeconds', 0);
    this.#model.refreshSeconds = Number.isFinite(seconds) && seconds > 0 ? Math.max(1, seconds) : 0;
  }

  #receive(raw: unknown): void {
    const message = readFromArrayPage(raw);
    switch (message?.type) {
      case undefined:
        this.#log.warn('The page of the Array view sent a message that is not in the contract.');
        return;
      case 'ready':
        this.#post({ type: 'init', strings: arrayStrings(vscode.l10n) });
        this.#feed = new PictureFeed({
          picture: () => this.#model.picture,
          send: (shown) => this.#post(shown),
        });
        this.#show(() => this.#feed?.show());
        return;
      case 'drawn':
        this.#show(() => this.#feed?.drawn(message.number));
        return;
      case 'focus':
        this.#model.focus(message.tile);
        return;
      case 'open': {
        const place = this.#model.open(message.tile);
        if (place !== undefined) void this.open(place);
        return;
      }
      case 'choose':
        this.#model.choose(message.key);
        return;
      case 'command':
        this.#run(message.command);
        return;
      case 'failure':
        this.#log.error(`The page of the Array view failed: ${message.message}`);
    }
  }

  #run(command: ArrayCommand): void {
    const board = this.#model.boardToConnect;
    const commands: Readonly<Record<Exclude<ArrayCommand, 'refresh'>, readonly [string, ...unknown[]]>> = {
      connect: ['tilescope.connect', board],
      allowDriver: ['tilescope.allowDriver', board],
      addBoard: ['tilescope.addBoard'],
      showLog: ['tilescope.showLog'],
    };
    if (command === 'refresh') {
      void this.#model.refresh();
      return;
    }
    void vscode.commands.executeCommand(...commands[command]).then(() => {
      // Consent changes nothing that the board would tell by itself.
      if (command === 'allowDriver') void this.#model.refresh();
    });
  }

  /** Many changes in one turn become one patch. */
  #changed(): void {
    if (this.#pending || this.#feed === undefined) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      this.#show(() => this.#feed?.show());
    });
  }

  #show(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#services.note(error);
    }
  }

  #post(message: ToArrayPage): void {
    void this.#view?.webview.postMessage(message);
  }
}

function page(webview: vscode.Webview, folder: vscode.Uri): string {
  const file = (name: string): string =>
    escapeMarkup(webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString());
  return pageHtml((nonce) => ({
    title: vscode.l10n.t('Array'),
    allowed: [`style-src ${webview.cspSource}`],
    head: `<link rel="stylesheet" href="${file('array.css')}">`,
    body: `<script nonce="${nonce}" src="${file('array.js')}"></script>`,
  }));
}
