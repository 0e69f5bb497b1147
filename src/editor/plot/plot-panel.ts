/** One plot: its page, and the messages between it and the memory's session. Reads nothing that a view would not read. */
import * as vscode from 'vscode';
import { DisposableStore } from '../../model/event.ts';
import type { ByteRange, MemoryGeometry } from '../../model/geometry.ts';
import { after } from '../../model/later.ts';
import { periodOf, usualRate } from '../../model/live-rate.ts';
import { escapeMarkup } from '../../model/plain.ts';
import type { PlotChoice } from '../../model/plot/choice.ts';
import { plotCsv } from '../../model/plot/csv.ts';
import { Plot, type PlotView } from '../../model/plot/picture.ts';
import type { ReadBytes } from '../../model/plot/series.ts';
import { intersectRanges } from '../../model/ranges.ts';
import { pageHtml } from '../../say/page-html.ts';
import { sayBriefly, sayError } from '../../say/say.ts';
import { sameGeometry } from '../../session/journal.ts';
import type { SessionReference } from '../../session/pool.ts';
import { withProgress } from '../progress.ts';
import { livePausedText, readAtText } from '../sentences.ts';
import type { EditorServices } from '../services.ts';
import { writeParts } from '../write-file.ts';
import {
  type DrawnFormat,
  drawnFormats,
  type KeptPlace,
  type PlotState,
  type ToPlotPage,
} from './messages.ts';
import { readFromPlotPage } from './page-messages.ts';
import { plotStrings } from './page-strings.ts';
import { plotSummary } from './plot-sentences.ts';

/** Values that are computed in one go: others have their turn in between. */
const atOnce = 64 * 1024;
/** A page that makes a file is waited for this long, milliseconds. */
const makePatience = 30_000;
/** Plots, and files that pages were asked for, so far. */
let lastNumber = 0;

/** What is plotted. */
export interface PlotPlace {
  readonly reference: SessionReference;
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
  /** Localised. */
  readonly title: string;
  readonly choice: PlotChoice;
  /** How many times a second the memory is followed; 0: not at all. */
  readonly hertz: number;
  /** Where the memory is found after a reload of the window; undefined where that cannot be. */
  readonly resource?: Pick<KeptPlace, 'board' | 'path'>;
  /** What a frozen tab shows of the range, and since when. */
  readonly frozen?: { readonly text: string; readonly bytes: ReadBytes };
}

/** What a plot asks of the editor. */
export interface PlotHost {
  readonly services: EditorServices;
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  /** Where a file goes; undefined if a person changed their mind. */
  askTarget(name: string): Promise<vscode.Uri | undefined>;
  /** Shows a failure. */
  failed(error: unknown): void;
  closed(panel: PlotPanel): void;
}

export class PlotPanel {
  readonly place: PlotPlace;
  readonly view: vscode.WebviewPanel;
  readonly #host: PlotHost;
  /** The name under which the session knows the plot. */
  readonly #looker = `plot#${++lastNumber}`;
  readonly #store = new DisposableStore();
  readonly #made = new Map<number, (bytes: Uint8Array | undefined) => void>();
  #plot: Plot;
  #live: boolean;
  #shown: PlotView | undefined;
  #isReady = false;
  #told = '';
  #sent = 0;
  #drawn = 0;
  /** The page failed since it last drew a picture. */
  #hasFailed = false;
  /** Something may be drawn otherwise by now. */
  #isDue = true;
  #pending = false;
  #wasThere: boolean;
  #statePending = false;

  constructor(place: PlotPlace, view: vscode.WebviewPanel, host: PlotHost) {
    this.place = place;
    this.view = view;
    this.#host = host;
    this.#plot = new Plot(place.choice, place.range.length);
    this.#live = place.frozen === undefined && place.hertz !== 0;
    const folder = vscode.Uri.joinPath(host.extensionUri, 'dist', 'webview');
    view.webview.options = { enableScripts: true, localResourceRoots: [folder] };
    this.#wasThere = this.#isThere;
    const { session } = place.reference;
    this.#store.add(view.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    this.#store.add(view.onDidChangeViewState(() => this.#viewChanged()));
    this.#store.add(view.onDidDispose(() => this.dispose()));
    if (place.frozen === undefined) {
      this.#store.add(session.onBytes(({ ranges }) => this.#bytesChanged(ranges)));
      this.#store.add(session.onState(() => this.#sessionChanged()));
    }
    view.webview.html = page(view.webview, folder);
    this.#look();
  }

  /** What was drawn last, for tests: the choice, the words for it, and why nothing new is drawn. */
  get drawn(): {
    readonly choice: PlotChoice;
    readonly summary: string;
    readonly number: number;
    readonly problem: string | undefined;
  } {
    const summary = plotSummary(this.#plot, vscode.l10n);
    return { choice: this.#plot.choice, summary, number: this.#drawn, problem: this.#state.problem };
  }

  /** Draws in another way. */
  #choose(choice: PlotChoice): void {
    this.#plot = new Plot(choice, this.place.range.length);
    this.#shown = this.#shown && { width: this.#shown.width, height: this.#shown.height };
    this.#drawSoon();
  }

  /** Asks where to, and writes the plot in the format that the file's ending says. */
  async export(): Promise<void> {
    const { resource } = this;
    const uri = await this.#host.askTarget(`${resource}.png`);
    if (uri === undefined) return;
    const ending = /\.(\w+)$/.exec(uri.path)?.[1]?.toLowerCase();
    const format = drawnFormats.find((one) => one === ending);
    let parts: Iterable<Uint8Array | string> = [];
    if (format === undefined)
      parts = plotCsv(this.#plot.choice, this.#bytes({ offset: 0, length: this.place.range.length }));
    else {
      const bytes = await this.#make(format);
      if (bytes === undefined) {
        sayError(vscode.l10n.t('The plot was not drawn. Show it and export it again.'));
        return;
      }
      parts = [bytes];
    }
    await withProgress(vscode.l10n.t('Exporting'), (signal) => writeParts(uri, parts, signal, () => {}));
    sayBriefly(vscode.l10n.t('The plot is in {0}.', uri.path.slice(uri.path.lastIndexOf('/') + 1)), 4000);
  }

  /** What the page keeps over a reload of the window. */
  get kept(): KeptPlace | undefined {
    const { resource, geometry, range, title, hertz } = this.place;
    return resource && { ...resource, geometry, range, title, hertz };
  }

  /** A name for files. */
  get resource(): string {
    const text = this.place.title.replace(/[^\w]+/g, '_').replace(/^_+|_+$/g, '');
    return text === '' ? 'plot' : text.slice(-60).replace(/^_+/, '');
  }

  dispose(): void {
    const { session } = this.place.reference;
    for (const settle of [...this.#made.values()]) settle(undefined);
    this.#isReady = false;
    session.look(this.#looker, undefined);
    session.follow(this.#looker, undefined);
    this.#store.dispose();
    this.place.reference.dispose();
    this.#host.closed(this);
  }

  /** The memory has still the layout in which the place is. */
  get #isThere(): boolean {
    const now = this.place.reference.session.geometry;
    return now !== undefined && sameGeometry(now, this.place.geometry);
  }

  #bytes({ offset, length }: ByteRange): ReadBytes {
    const { frozen, range, reference } = this.place;
    if (frozen !== undefined) {
      const { base, flags } = frozen.bytes;
      return { base: base.subarray(offset, offset + length), flags: flags.subarray(offset, offset + length) };
    }
    if (!this.#isThere) return { base: new Uint8Array(length), flags: new Uint8Array(length) };
    return reference.session.bytes({ offset: range.offset + offset, length });
  }

  #bytesChanged(ranges: readonly ByteRange[]): void {
    const { range } = this.place;
    const inside = ranges
      .map((one) => intersectRanges(one, range))
      .filter((one) => one !== undefined)
      .map(({ offset, length }) => ({ offset: offset - range.offset, length }));
    this.#stateChanged();
    if (inside.length === 0) return;
    this.#plot.changed(inside);
    this.#drawSoon();
  }

  /** In another layout the same place is another one: it is neither read nor drawn. */
  #sessionChanged(): void {
    const isThere = this.#isThere;
    if (isThere !== this.#wasThere) {
      this.#wasThere = isThere;
      this.#plot.changed([{ offset: 0, length: this.place.range.length }]);
      this.#look();
      this.#drawSoon();
    }
    this.#stateChanged();
  }

  /** Only what a person looks at is read, and followed. */
  #look(): void {
    const { reference, range, hertz, frozen } = this.place;
    if (frozen !== undefined) return;
    const { session } = reference;
    const isLooking = this.view.visible && this.#isThere;
    const period = this.#live ? periodOf(hertz === 0 ? usualRate : hertz) : undefined;
    session.follow(this.#looker, isLooking ? period : undefined);
    session.look(this.#looker, isLooking ? range : undefined);
    if (!isLooking) session.setBehind(this.#looker, false);
  }

  #viewChanged(): void {
    // The page of a hidden plot is gone: it says `ready` again.
    if (!this.view.visible) this.#isReady = false;
    this.#look();
  }

  /** Many changes in one turn become one message. */
  #stateChanged(): void {
    if (this.#statePending) return;
    this.#statePending = true;
    setImmediate(() => {
      this.#statePending = false;
      this.#guarded(() => this.#tellState());
    });
  }

  get #state(): PlotState {
    const { reference, range, frozen } = this.place;
    const failure = this.#hasFailed
      ? vscode.l10n.t('The plot could not be drawn. Choose another type or kind of plot; the log says why.')
      : undefined;
    if (frozen !== undefined)
      return { readAt: frozen.text, ...(failure === undefined ? {} : { problem: failure }) };
    const { session } = reference;
    if (session.geometry === undefined)
      return {
        readAt: '',
        problem: vscode.l10n.t('The plot is drawn once its memory is open in an editor.'),
      };
    if (!this.#isThere) {
      return {
        readAt: '',
        problem: vscode.l10n.t(
          'The memory has another layout now. Close this plot, and plot the bytes anew.',
        ),
      };
    }
    const live = session.liveState(this.#looker);
    const paused = live && livePausedText(live, this.#host.services.errorText, vscode.l10n);
    const { lastError } = session.state;
    const problem = failure ?? (lastError && this.#host.services.errorText(lastError));
    return {
      readAt: readAtText(session.readAt(range), session.isStale(range), vscode.env.language, vscode.l10n),
      live: { on: this.#live, ...(paused === undefined ? {} : { paused }) },
      ...(problem === undefined ? {} : { problem }),
    };
  }

  #tellState(): void {
    if (!this.#isReady) return;
    const state = this.#state;
    const key = JSON.stringify(state);
    if (key === this.#told) return;
    this.#told = key;
    this.#post({ type: 'state', state });
  }

  #drawSoon(): void {
    this.#isDue = true;
    if (this.#pending) return;
    this.#pending = true;
    setImmediate(() => {
      this.#pending = false;
      this.#guarded(() => this.#draw());
    });
  }

  /** Computes a part of what changed, and tells the page once all is computed and it has drawn what it was told. */
  #draw(): void {
    if (!this.#isReady || !this.#isDue || this.#shown === undefined) return;
    const plot = this.#plot;
    plot.update((range) => this.#bytes(range), atOnce);
    if (plot.isBehind) {
      this.#drawSoon();
      return;
    }
    const isDrawing = this.#drawn !== this.#sent;
    this.place.reference.session.setBehind(this.#looker, isDrawing);
    if (isDrawing) return;
    this.#isDue = false;
    this.#sent++;
    this.#post({
      type: 'picture',
      number: this.#sent,
      choice: plot.choice,
      picture: plot.picture(this.#shown),
      summary: plotSummary(plot, vscode.l10n),
    });
  }

  async #make(format: DrawnFormat): Promise<Uint8Array | undefined> {
    if (!this.#isReady) return undefined;
    const id = ++lastNumber;
    return new Promise((done) => {
      const settle = (bytes: Uint8Array | undefined): void => {
        timer.dispose();
        this.#made.delete(id);
        done(bytes);
      };
      const timer = after(makePatience, () => settle(undefined));
      this.#made.set(id, settle);
      this.#post({ type: 'make', id, format });
    });
  }

  #receive(raw: unknown): void {
    const message = readFromPlotPage(raw);
    switch (message?.type) {
      case undefined:
        this.#host.log.warn('The page of a plot sent a message that is not in the contract.');
        return;
      case 'ready': {
        this.#isReady = true;
        this.#hasFailed = false;
        this.#told = '';
        this.#drawn = this.#sent;
        this.#isDue = true;
        const { title, geometry, range } = this.place;
        const view = this.#shown;
        const { kept } = this;
        this.#shown = undefined;
        const init = {
          title,
          geometry,
          range,
          choice: this.#plot.choice,
          ...(kept === undefined ? {} : { kept }),
          ...(view === undefined ? {} : { view }),
        };
        this.#post({ type: 'init', strings: plotStrings(vscode.l10n), ...init });
        this.#tellState();
        return;
      }
      case 'drawn':
        this.#drawn = message.number;
        this.#fails(false);
        return;
      case 'choose':
        this.#choose(message.choice);
        return;
      case 'view':
        this.#shown = message.view;
        this.#drawSoon();
        return;
      case 'live':
        this.#live = message.on;
        this.#look();
        this.#stateChanged();
        return;
      case 'export':
        this.export().catch((error: unknown) => this.#host.failed(error));
        return;
      case 'made':
        this.#made.get(message.id)?.(message.bytes);
        return;
      case 'failure':
        this.#host.log.error(`The page of a plot failed: ${message.message}`);
        // Of a picture that cannot be drawn nothing else comes: the next one may be drawn.
        this.#drawn = this.#sent;
        this.#fails(true);
    }
  }

  #fails(hasFailed: boolean): void {
    this.#hasFailed = hasFailed;
    this.#stateChanged();
    this.#drawSoonIfDue();
  }

  #drawSoonIfDue(): void {
    if (this.#isDue) this.#drawSoon();
    else this.place.reference.session.setBehind(this.#looker, false);
  }

  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#host.services.note(error);
    }
  }

  #post(message: ToPlotPage): void {
    if (this.#isReady) void this.view.webview.postMessage(message);
  }
}

function page(webview: vscode.Webview, folder: vscode.Uri): string {
  const file = (name: string): string =>
    escapeMarkup(webview.asWebviewUri(vscode.Uri.joinPath(folder, name)).toString());
  return pageHtml((nonce) => ({
    title: vscode.l10n.t('Plot'),
    allowed: [`style-src ${webview.cspSource}`],
    head: `<link rel="stylesheet" href="${file('plot.css')}">`,
    body: `<script nonce="${nonce}" src="${file('plot.js')}"></script>`,
  }));
}
