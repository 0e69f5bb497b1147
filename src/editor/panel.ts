/** One editor tab: the page, and the messages between it and the document's session. */

import * as vscode from 'vscode';
import { BoardError } from '../board/errors.ts';
import { reasonShift, stateBits, unreadableReasons } from '../model/byte-state.ts';
import { type CellChoice, type CellName, hexBytes } from '../model/cells/choices.ts';
import { type Disposable, DisposableStore } from '../model/event.ts';
import type { FindQuery } from '../model/find/query.ts';
import {
  type ByteRange,
  containsTile,
  type Generation,
  locate,
  type MemoryGeometry,
  type Tile,
  tileStart,
  totalBytes,
} from '../model/geometry.ts';
import type { CopyForm } from '../model/gestures/copy-as.ts';
import type { Fill } from '../model/gestures/fill.ts';
import type { PlacedRun } from '../model/gestures/paste-as.ts';
import { after, every, Soon } from '../model/later.ts';
import { liveRateShape, periodOf, usualRate } from '../model/live-rate.ts';
import { coreMarks } from '../model/program/core-marks.ts';
import { endOf, intersectRanges } from '../model/ranges.ts';
import { cellChoiceShape, fitting, rowLengths } from '../model/shapes.ts';
import { sayBriefly } from '../say/say.ts';
import { Serial } from '../session/async.ts';
import { sameGeometry } from '../session/journal.ts';
import type { ByteEdit, LiveState, SessionState } from '../session/types.ts';
import { bannerFor, otherProgramBanner, withGatedTile, withHaltedCore, withRunningCore } from './banner.ts';
import type { ShownMemory, TileDocument } from './document.ts';
import { Feed } from './feed.ts';
import type { FoundMemory } from './find/hit-rows.ts';
import type { HitSearch } from './find/hit-search.ts';
import { firstSight, usualRowsPlace } from './first-sight.ts';
import { type ByteSource, FrozenBytes } from './frozen-bytes.ts';
import {
  type AskedHits,
  type AskedSelection,
  type Banner,
  type EditorSettings,
  type EditorState,
  type ExpectedBytes,
  type HitBytes,
  type HostCommand,
  mostRuns,
  type PagePlace,
  type ShownBytes,
  type TimelineAct,
  type TimelineState,
  type ToWebview,
  type ViewChoice,
} from './messages.ts';
import {
  type NamedRange,
  type NamesOfTile,
  nameAt,
  namedPlaces,
  namedRangeAt,
  pageNames,
} from './named-places.ts';
import type { Opening } from './opening.ts';
import { editorPage, pageParts, shortPage, waitingPage } from './page.ts';
import { readFromPage, requestNumber } from './page-messages.ts';
import { ProgramCheck } from './program-check.ts';
import { besideText, livePausedText, momentText, readAtText, sentenceOf, titleOf } from './sentences.ts';
import type { EditorServices } from './services.ts';
import { metStackText, type StackMemory, stackText } from './stacks-in-memory.ts';
import { TileMarks, withBookmarks, withHits } from './tile-marks.ts';
import { webviewStrings } from './webview-strings.ts';

/** What the person has selected: buffer offsets. */
export interface Selection {
  readonly cursor: number;
  readonly start: number;
  readonly length: number;
  /** How many bytes are selected, with those that are elsewhere. */
  readonly selected: number;
  /** The place of the first selected byte as the page shows it. */
  readonly address: string;
}

/** All that is selected; only how many runs where these are too many; undefined where the page does not say. */
type SelectedRuns = readonly ByteRange[] | number | undefined;

/** What a panel asks of the editor as a whole. */
export interface PanelHost {
  readonly services: EditorServices;
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  /** Stages a gesture and tells VS Code. With a panel, writes it at once too. Throws what the session refuses. */
  edit(document: TileDocument, label: string, edits: readonly ByteEdit[], immediateIn?: HexPanel): void;
  /** Stages a gesture of very many edits, a part at a time. Rejects with what the session refuses. */
  editInPieces(
    document: TileDocument,
    label: string,
    edits: readonly ByteEdit[],
    pause: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  run(command: HostCommand, document: TileDocument): void;
  /**
   * Learns the layout of the document's memory from the present connection, once.
   * @param asking `nobody` where no person opened the document now: a free partition is not taken for it
   */
  learn(document: TileDocument, asking: 'look' | 'nobody'): void;
  /**
   * What bytes of a document's memory are compared with; undefined where they are compared with nothing.
   * @param frozen what the tab shows in place of the memory
   */
  expected(document: TileDocument, range: ByteRange, frozen?: ByteSource): ExpectedBytes | undefined;
  /** Selection, state or activity of the panel changed. */
  changed(panel: HexPanel): void;
  /** The panel's page shows its rows, and has begun to run. */
  begun(panel: HexPanel): void;
  /** Shows a buffer offset of the document's memory, in an editor of its tile if need be. */
  openPlace(document: TileDocument, offset: number, length?: number): Promise<void>;
  /** Has the panel's tab stay where VS Code would show the next one in its place. */
  keepTab(panel: HexPanel): Promise<void>;
  /** Brings the document of all tiles of the memory to the front. */
  openWhole(document: TileDocument): Promise<TileDocument>;
  /** Has a search of another tab go on that is about all tiles of the memory; false where there is none. */
  toHitBeyond(panel: HexPanel, step: 1 | -1, selection: Selection): boolean;
  /** What the panel's search found became something else. */
  hitsChanged(): void;
  /** A person has all memories of the board searched. */
  searchMemories(board: string, query: FindQuery): void;
  /** Where a page of the document was when its tab was closed. */
  keptPlace(document: TileDocument): PagePlace | undefined;
  keepPlace(document: TileDocument, place: PagePlace): void;
  /** Another byte is the first one on the panel's screen, and not because of `scrollTo`. */
  scrolled(panel: HexPanel, offset: number): void;
}

/** The part of a webview's panel and of a webview's view that a page needs. */
export interface PageView {
  readonly webview: vscode.Webview;
  readonly visible: boolean;
  /** It is the editor in front. */
  readonly active: boolean;
  readonly viewColumn: vscode.ViewColumn | undefined;
  onDidChangeViewState(listener: () => void): vscode.Disposable;
  onDidDispose(listener: () => void): vscode.Disposable;
  reveal(viewColumn?: vscode.ViewColumn, preserveFocus?: boolean): void;
}

/** What the page of a docked view may ask for: nothing that is about edits, for it has none. */
const dockedCommands: ReadonlySet<HostCommand> = new Set([
  'refresh',
  'openInEditor',
  'connect',
  'allowDriver',
  'turnOnSudo',
  'enableClocks',
  'hold',
  'releaseHold',
  'reachKernel',
  'showLog',
  'record',
  'endRecording',
]);

/** A window full of rows, in bytes. */
const firstBytes = 1024;

/** The text of a new page waits so long for its first bytes, milliseconds: VS Code makes the page's frame meanwhile. */
const openingPatience = 40;

/**
 * VS Code makes a tab's frame once it was told that the tab is resolved. The text of a whole page is long and would keep that waiting,
 * so it is sent so much later, milliseconds.
 */
const afterAnswer = 5;

/** Bytes around the visible rows of which the page is told what is expected, and what has a name. */
const aroundBytes = 2048;
const nothingExpected: ExpectedBytes = { offset: 0, wrong: new Uint8Array(), expected: new Uint8Array() };
const noHits: HitBytes = { offset: 0, marks: new Uint8Array() };
/** What the map was last drawn for is not what it has to be drawn for now. */
const nothingMapped = { hits: undefined, count: -1 };
const tick = 1000;
/** The map of tiles is brought up to date so many milliseconds after a change, a few tiles at a time. */
const mapPeriod = 250;
const mapPause = 10;
/** Bytes that are gone through for it at a time. */
const mapBytes = 1024 * 1024;
/** A page that waits for a read hears of it at least this often, milliseconds. */
const pulse = 2000;
/** A page that does not say what is selected is waited for this long, milliseconds. */
const runsPatience = 10_000;
let count = 0;
/** Where a new page begins its rows: as the last one did. */
let rowsPlace = usualRowsPlace;

/** Since when a tab marks changes. `update`: what the last updates brought. */
export type Moment =
  | { readonly kind: 'update'; readonly tick?: undefined }
  | { readonly kind: 'stop' | 'snapshot'; readonly tick?: undefined }
  | { readonly kind: 'chosen'; readonly tick: number; readonly at: string };

/** What a tab shows that is not of now: what it was when it was frozen, or a moment of a recording. */
interface Frozen {
  readonly at: string;
  readonly bytes: ByteSource;
  /** Of a moment of a recording: hears that the tab shows it no more. */
  readonly left?: () => void;
  /** Of a moment of a recording: what the bytes held that changed at it. */
  readonly old?: readonly PlacedRun[];
}

/** A moment of a recording, for a tab that shows it. */
type Past = Required<Frozen>;

/** Where a page was led by something that no person did, and what it showed there first, once it told. */
interface Led {
  /** The byte to which its cursor was led; undefined of a page that began. */
  readonly to?: number;
  readonly top?: number;
}

export class HexPanel {
  readonly document: TileDocument;
  readonly view: PageView;
  /** It is a view to look at, not an editor: VS Code's undo and the dot of a tab need one. */
  readonly isDocked: boolean;
  selection: Selection | undefined;
  /** How many times a second it follows the memory by itself, once the page told; 0: not at all, `atStops`. */
  liveHertz = 0;
  #moment: Moment = { kind: 'update' };
  /** Until a person does something in the page again: what it shows is looked at by nobody. */
  #led: Led | undefined;
  #wasActive: boolean;
  /** While gestures are written at once: whose memory a person chose that for. */
  #immediateFor: string | undefined;
  /** Raised whenever that begins and ends. */
  #immediatePeriods = 0;
  /** Gestures that are written at once go out one after the other. */
  readonly writesAtOnce = new Serial();
  /** What the tab shows while it is frozen, and since when. */
  #frozen: Frozen | undefined;
  /** What the page draws of a recording. */
  #timeline: TimelineState | undefined;
  /** What a person does with the timeline goes there. */
  onTimeline: (act: TimelineAct) => void = () => undefined;
  readonly #host: PanelHost;
  /** The name under which the session knows what this panel shows. */
  readonly #looker: string;
  readonly #store = new DisposableStore();
  readonly #programCheck = new ProgramCheck();
  /** Stacks around the visible rows, as the page was last told. */
  #stacksInSight: readonly ByteRange[] = [];
  #visible: ByteRange | undefined;
  /** What a new page will most likely show. It is read while VS Code makes the page. */
  #presumed: ByteRange | undefined;
  #page: 'none' | 'waiting' | 'editor' = 'none';
  #waitingText = '';
  #ready = false;
  /** The layout that the page was told, or is about to be told. */
  #layout: MemoryGeometry | undefined;
  /** Tells the page its bytes, once it said that it is ready. */
  #feed: Feed | undefined;
  /** State and settings as the page was last told, as JSON. */
  #told = { state: '', settings: '' };
  /** The same, as they stand in the text of the page. */
  #opened = this.#told;
  readonly #writing = new Soon(() => this.#guarded(() => this.#writePage()));
  /** Runs while the text of the page waits for its first bytes. */
  readonly #patience = new Soon(() =>
    this.#guarded(() => (this.#page === 'editor' ? this.#writePage() : this.#showPage())),
  );
  #toldExpected: ExpectedBytes = nothingExpected;
  /** Names as the page was last told, as JSON. */
  #toldNames = '';
  /** Whether a build names places here; undefined until it is asked for, and when builds changed. */
  #isNamed: boolean | undefined;
  /** Made when something is first searched for. */
  #search: HitSearch | undefined;
  /** What is searched for, while the search is being made. */
  #asked: AskedHits | undefined;
  /** Is over once the search was told what to find: what is asked of its hits waits for it. */
  #searching: Promise<void> = Promise.resolve();
  #toldHits: HitBytes = noHits;
  #toldFound = '';
  #hitsPending = false;
  /** The map shows so many hits of this list. */
  #mapped: { readonly hits: HitSearch['hits'] | undefined; readonly count: number } = nothingMapped;
  readonly #keptView: ViewChoice | undefined;
  /** As the board last told: addresses stay when the connection is lost. */
  #generation: Generation | undefined;
  /** What a person chose in this tab. */
  #chosenView: ViewChoice | undefined;
  #statePending = false;
  /** What the page's map shows, and when the tiles are gone through next. */
  #tileMarks: TileMarks | undefined;
  readonly #mapDrawing = new Soon(() => this.#drawMap());
  /** Where the page shall begin. */
  #revealLater: ByteRange | undefined;
  /** The first byte that the page shall show. */
  #scrollLater: number | undefined;
  #clock: Disposable | undefined;
  /** Who waits to be told what is selected, by the number of the question. */
  readonly #runsWanted = new Map<number, (runs: SelectedRuns) => void>();
  #runsAsked = 0;
  /** Reads that the page waits for, by the number of its request. */
  readonly #reads = new Map<number, AbortController>();

  constructor(document: TileDocument, view: PageView, host: PanelHost, { isDocked = false } = {}) {
    this.document = document;
    this.view = view;
    this.isDocked = isDocked;
    this.#wasActive = view.active;
    this.#host = host;
    this.#keptView = host.services.views.of(document.resource.memory);
    this.#looker = `${document.key}#view${++count}`;
    view.webview.options = { enableScripts: true, localResourceRoots: [] };
    this.#store.add(view.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)));
    this.#store.add(view.onDidChangeViewState(() => this.#viewStateChanged()));
    this.#store.add(view.onDidDispose(() => this.dispose()));
    this.#store.add(document.session.onBytes(({ ranges }) => this.#bytesChanged(ranges)));
    this.#store.add(document.session.onState(() => this.#sessionChanged()));
    this.#store.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('tilescope')) this.#tellSettings();
      }),
    );
    this.#store.add(
      host.services.onDidChangeNames(() => {
        this.#isNamed = undefined;
        this.#tellNames();
        this.#stateChanged();
      }),
    );
    this.#store.add(
      host.services.onDidReadTiles(() => {
        this.#tellNames();
        this.#stateChanged();
      }),
    );
    this.#store.add(
      host.services.bookmarks.onDidChange(() => {
        this.#tellNames();
        this.#mapped = nothingMapped;
        this.#drawMapSoon();
      }),
    );
    this.#store.add(host.services.stacks.onDidChange(() => this.#stateChanged()));
    document.panels.add(this);
    this.#patience.ask(openingPatience);
    this.#showPage(true);
  }

  /** What the cells show. */
  get cells(): CellChoice {
    return (this.#chosenView ?? this.#keptView ?? settings()).cells;
  }

  /** The rows that the page shows, as buffer offsets. */
  get visible(): ByteRange | undefined {
    return this.#visible;
  }

  /** Where the page is, once it told. */
  get place(): PagePlace | undefined {
    const { selection, visible } = this;
    return selection && { cursor: selection.cursor, top: visible?.offset ?? selection.cursor };
  }

  /** The tile at the cursor, else one on screen, whose program memory is left alone because its core is running. */
  get runningTile(): Tile | undefined {
    return this.#tileLeftAlone('core-running');
  }

  /** The tile at the cursor, else one on screen, whose memory is left alone because its clock is off. */
  get gatedTile(): Tile | undefined {
    return this.#tileLeftAlone('gated');
  }

  #tileLeftAlone(reason: (typeof unreadableReasons)[number]): Tile | undefined {
    const { document } = this;
    const shown = document.isOutside ? undefined : document.shown;
    if (shown === undefined) return undefined;
    const tileIn = (asked: ByteRange | undefined): Tile | undefined => {
      if (asked === undefined) return undefined;
      const range = within(asked, shown.range);
      if (range.length === 0) return undefined;
      const { flags } = document.session.bytes(range);
      const index = flags.findIndex((flag) => unreadableReasons[flag >> reasonShift] === reason);
      return index < 0 ? undefined : locate(shown.geometry, range.offset + index).tile;
    };
    const cursor = this.selection && { offset: this.selection.cursor, length: 1 };
    return tileIn(cursor) ?? tileIn(this.#visible);
  }

  /** Everything around the bytes, as the page shows it. */
  get state(): EditorState {
    const { session, resource } = this.document;
    const { services } = this.#host;
    const range = this.document.isOutside ? undefined : this.document.shown?.range;
    const state = this.#sessionState(range);
    const counts = range === undefined ? { staged: 0, conflicts: 0 } : session.counts(range);
    const readAt = range === undefined ? undefined : session.readAt(this.#visible ?? range);
    const banner = this.#offered(this.#banner(counts.staged, counts.conflicts));
    const beside = besideText(state, vscode.l10n);
    const { live, markedSince: since } = this;
    const frozen = this.#frozenText;
    const paused = live && livePausedText(live, services.errorText, vscode.l10n);
    if (state.link.kind === 'connected' && state.link.board.info.generation !== 'unknown')
      this.#generation = state.link.board.info.generation;
    const array = state.link.kind === 'connected' ? state.link.board.info.array : undefined;
    return {
      title: titleOf(resource, this.document.columns, services, vscode.l10n),
      policy: this.#isReadOnly ? 'locked' : this.isImmediate ? 'immediate' : state.policy,
      ...(state.lockedBecause === undefined ? {} : { lockedFor: services.errorText(state.lockedBecause) }),
      ...(frozen === undefined ? {} : { frozen, lockedFor: frozen }),
      ...(this.isDocked
        ? {
            isDocked: true,
            lockedFor: vscode.l10n.t('This view is to look at. Open it in an editor to edit.'),
          }
        : {}),
      ...(frozen !== undefined && this.isPast ? { past: frozen } : {}),
      ...(beside === undefined ? {} : { beside }),
      connected: state.link.kind === 'connected',
      lastKnown: state.stale && state.epochEnd !== undefined,
      moving:
        state.link.kind === 'connected' && state.partition?.inUse === true && !state.partition.ownerGone,
      ...(array === undefined ? {} : { array }),
      ...(this.#generation === undefined ? {} : { generation: this.#generation }),
      ...(state.reading
        ? { reading: state.readPercent === undefined ? {} : { percent: state.readPercent } }
        : {}),
      readAt: frozen ?? readAtText(readAt, state.stale, vscode.env.language, vscode.l10n),
      ...(since === undefined ? {} : { marks: { since, text: this.#markedText } }),
      ...(live === undefined
        ? {}
        : { live: { hertz: this.liveHertz, ...(paused === undefined ? {} : { paused }) } }),
      stagedBytes: counts.staged,
      conflictBytes: counts.conflicts,
      ...(banner === undefined ? {} : { banner }),
    };
  }

  /** Whether the tab shows what the memory was at one moment, and nothing is read for it. */
  get isFrozen(): boolean {
    return this.#frozen !== undefined;
  }

  /** Whether the page may edit nothing, whatever the policy of the memory is. */
  get #isReadOnly(): boolean {
    return this.isDocked || this.isFrozen;
  }

  /** Whether that is a moment of a recording. */
  get isPast(): boolean {
    return this.#frozen?.left !== undefined;
  }

  get #frozenText(): string | undefined {
    if (this.#frozen === undefined) return undefined;
    const { at } = this.#frozen;
    return this.isPast ? vscode.l10n.t('As it was at {0}', at) : vscode.l10n.t('Frozen at {0}', at);
  }

  get #markedText(): string {
    return this.isPast
      ? vscode.l10n.t('Marked: what changed at this moment')
      : momentText(this.#moment, vscode.l10n);
  }

  /** Shows a moment of a recording, which takes no edits; without one the tab shows what is now. */
  showPast(past: Past | undefined): void {
    if (past === undefined && !this.isPast) return;
    this.setImmediate(false);
    this.#frozen = past;
    this.#tellPast();
    this.#shownAnew();
  }

  /** Goes before the bytes. */
  #tellPast(): void {
    const old = this.#frozen?.old;
    this.#post({ type: 'past', ...(old === undefined ? {} : { old }) });
  }

  /** What the timeline shows; nothing without a recording. */
  showTimeline(timeline: TimelineState | undefined): void {
    this.#timeline = timeline;
    this.#post({ type: 'timeline', ...(timeline === undefined ? {} : { timeline }) });
  }

  /** The tab shows other bytes than before. */
  #shownAnew(): void {
    const range = this.document.shown?.range;
    if (range === undefined) return;
    this.#feed?.changed([range]);
    this.#search?.bytesChanged([range]);
    this.#tellExpected();
    if (this.searchesBeyond) this.#searching = this.#find(this.#asked);
    this.#mapChanged();
    this.#look();
    this.#stateChanged();
  }

  /** Freezes the tab, or has it go on: what changed meanwhile is marked then. */
  freeze(isFrozen: boolean): void {
    const { shown, session } = this.document;
    if (isFrozen === this.isFrozen || shown === undefined) return;
    this.setImmediate(false);
    if (this.#frozen === undefined) {
      const at = new Date().toLocaleTimeString(vscode.env.language);
      this.#frozen = { at, bytes: new FrozenBytes(session, shown.range) };
    } else {
      const { at, bytes, left } = this.#frozen;
      this.#frozen = undefined;
      if (left === undefined) this.#moment = { kind: 'chosen', tick: bytes.tick, at };
      else {
        left();
        this.#tellPast();
      }
    }
    this.#shownAnew();
  }

  /**
   * Whether each gesture of this tab is written at once. It ends by itself with the tab, when the memory is locked, has another
   * occupant or another epoch, and when the connection is lost.
   */
  get isImmediate(): boolean {
    return this.#immediateFor !== undefined && this.#immediateFor === this.#immediateNow;
  }

  /** The number of the period in which gestures are written at once; undefined while they are not. None comes twice. */
  get immediatePeriod(): number | undefined {
    return this.isImmediate ? this.#immediatePeriods : undefined;
  }

  setImmediate(isImmediate: boolean): void {
    this.#immediatePeriods++;
    this.#immediateFor = isImmediate ? this.#immediateNow : undefined;
    this.#stateChanged();
  }

  /** Whose memory it is, where gestures may be written at once. */
  get #immediateNow(): string | undefined {
    const { session } = this.document;
    const { policy, link, partition, epochChanged } = session.state;
    if (this.isFrozen || policy !== 'staged' || link.kind !== 'connected' || epochChanged) return undefined;
    return `${session.occupant} ${partition?.epoch ?? ''}`;
  }

  /** Since when changes are marked: ever since a tick, since the last stop of a debug session or the last snapshot, or for a second. */
  get moment(): Moment {
    return this.#moment;
  }

  set moment(moment: Moment) {
    this.#moment = moment;
    this.#mapChanged();
    this.#stateChanged();
  }

  /** The tick after which changes are marked; undefined where each is marked for a second. */
  get markedSince(): number | undefined {
    const { kind } = this.#moment;
    const { session } = this.document;
    if (this.#frozen !== undefined && this.isPast) return this.#frozen.bytes.tick - 1;
    if (kind === 'snapshot') return session.snapshotTick;
    return kind === 'stop' ? session.stopTick : this.#moment.tick;
  }

  /** Whether changes are marked in the memory that the tab shows, as far as its tiles were gone through. */
  get hasChanges(): boolean {
    const { shown, isOutside } = this.document;
    const map = this.#tileMarks;
    return !isOutside && shown !== undefined && map?.hasChanges(shown.range) === true;
  }

  /** Whether a build names places of that memory. */
  get hasNamedPlaces(): boolean {
    const range = this.document.shown?.range;
    if (range === undefined) return false;
    this.#isNamed ??= this.#named((geometry, namesOf) => namedPlaces(geometry, range, namesOf).length > 0);
    return this.#isNamed === true;
  }

  /** Bytes as the tab shows them: of now, or of when it was frozen. */
  bytes(range: ByteRange): ShownBytes {
    return this.source.bytes(range);
  }

  /** As `bytes`; undefined where one of them is not known. */
  knownBytes(range: ByteRange): Uint8Array | undefined {
    const { bytes, flags } = this.bytes(range);
    return flags.every((flag) => (flag & stateBits.known) !== 0) ? bytes : undefined;
  }

  /** How the tab follows the memory by itself; undefined if it does not. */
  get live(): LiveState | undefined {
    return this.isFrozen ? undefined : this.document.session.liveState(this.#looker);
  }

  /** What a build calls the byte at a buffer offset; empty without a name. */
  nameAt(bufferOffset: number): string {
    return this.#named((geometry, namesOf) => nameAt(geometry, bufferOffset, namesOf, vscode.l10n)) ?? '';
  }

  /** All bytes of what a build names at a buffer offset; undefined without a name whose size is known. */
  namedRangeAt(bufferOffset: number): NamedRange | undefined {
    return this.#named((geometry, namesOf) => namedRangeAt(geometry, bufferOffset, namesOf, vscode.l10n));
  }

  /** What stacks are judged by in the shown memory. */
  get #stacks(): StackMemory {
    const { resource, session } = this.document;
    const { services } = this.#host;
    const names = (tile: Tile) => services.names(resource.board, 'data', tile);
    return { resource, session, uses: services.stacks, names, reports: services.reports(resource) };
  }

  /** Says that a stack in the tile at the cursor met something else. */
  #metStack(): Banner | undefined {
    const { resource, shown } = this.document;
    if (resource.memory !== 'data' || shown === undefined) return undefined;
    const { geometry, range } = shown;
    const { tile } = locate(geometry, this.selection?.cursor ?? this.#visible?.offset ?? range.offset);
    const text = metStackText(this.#stacks, tile, vscode.l10n);
    return text === undefined ? undefined : { kind: 'warning', text, actions: [] };
  }

  /** Asks for something among the names of the shown memory; undefined while the layout is not known. */
  #named<T>(ask: (geometry: MemoryGeometry, namesOf: NamesOfTile) => T): T | undefined {
    const { document } = this;
    const { shown, resource } = document;
    if (shown === undefined || document.isOutside) return undefined;
    const { services } = this.#host;
    return ask(shown.geometry, (tile) => services.names(resource.board, resource.memory, tile));
  }

  /** Has the page show a place while a person chooses one; without one it goes back to where it was. */
  peek(offset: number | undefined): void {
    this.#post({ type: 'peek', ...(offset === undefined ? {} : { offset }) });
  }

  /** The row of a byte becomes the first one on screen. */
  scrollTo(offset: number): void {
    if (this.#ready) this.#post({ type: 'scroll', offset });
    else this.#scrollLater = offset;
  }

  /** Whether no person led the page to where it is. */
  get isLed(): boolean {
    return this.#led !== undefined;
  }

  /** Moves the page's cursor, as soon as there is a page. */
  reveal(offset: number, length: number): void {
    this.#notLed();
    this.#sendTo(offset, length);
  }

  #sendTo(offset: number, length: number): void {
    const cells = this.#cellsOf({ offset, length });
    if (this.#ready)
      this.#post({ type: 'reveal', offset, length, ...(cells === undefined ? {} : { cells }) });
    else this.#revealLater = { offset, length };
  }

  /**
   * Has the page of a whole memory show a tile, at the cursor's place in it; where the cursor is in that tile it stays.
   * A page that has no focus gets none. What comes on screen with it is read only where somebody uses the partition.
   */
  showTile(tile: Tile): void {
    const { shown, resource } = this.document;
    if (shown === undefined || this.document.isOutside || resource.tile !== undefined) return;
    if (!containsTile(shown.geometry, tile)) return;
    const { bytesPerTile } = shown.geometry;
    const cursor = this.selection?.cursor ?? 0;
    const offset = tileStart(shown.geometry, tile) + (cursor % bytesPerTile);
    if (offset === cursor) return;
    this.#sendTo(offset, 1);
    const { visible } = this;
    const isInSight = visible !== undefined && isIn(visible, offset);
    this.#led = isInSight ? { to: offset, top: visible.offset } : { to: offset };
  }

  /** What shows the values of exactly these bytes, where a build says their type. */
  #cellsOf({ offset, length }: ByteRange): CellName | undefined {
    const { shown, resource } = this.document;
    if (shown === undefined || this.document.isOutside) return undefined;
    const at = locate(shown.geometry, offset);
    const names = this.#host.services.names(resource.board, resource.memory, at.tile);
    return names.find((one) => one.offset === at.offset && one.size === length && one.cells !== undefined)
      ?.cells;
  }

  /** Has the page copy what is selected, without a form as the column of the cursor shows it. */
  copyAs(form?: CopyForm): void {
    this.#post({ type: 'copyAs', ...(form === undefined ? {} : { form }) });
  }

  /** Has the page paste a text at the selection. */
  pasteText(text: string): void {
    this.#post({ type: 'pasteText', text });
  }

  /** What a person is asked to change now; undefined before the page told what is selected. */
  get toChange(): AskedSelection | undefined {
    const { selection, cells, isImmediate } = this;
    if (selection === undefined) return undefined;
    const { cursor, start, selected } = selection;
    return { cursor, start, selected, cells, immediate: isImmediate };
  }

  /** Has the page fill what was selected when a person was asked, if it still is. */
  fill(fill: Fill, asked: AskedSelection): void {
    this.#post({ type: 'fill', fill, asked });
  }

  /** Has the page paste bytes, if what a person was asked about still is so. */
  paste(runs: readonly PlacedRun[], asked: AskedSelection): void {
    this.#post({ type: 'paste', runs, asked });
  }

  /**
   * All that is selected, ascending, buffer offsets; undefined where the page has told nothing yet, or does not answer. Several
   * runs are asked for: a column may have very many. Their count where these are more than `mostRuns`.
   */
  async selectedRuns(): Promise<SelectedRuns> {
    const { selection } = this;
    if (selection === undefined) return undefined;
    const { start: offset, length, selected } = selection;
    if (selected === length) return [{ offset, length }];
    const number = ++this.#runsAsked;
    return new Promise((done) => {
      const settle = (runs: SelectedRuns): void => {
        timer.dispose();
        this.#runsWanted.delete(number);
        done(runs);
      };
      const timer = after(runsPatience, () => settle(undefined));
      this.#runsWanted.set(number, settle);
      this.#post({ type: 'tellRuns', number });
    });
  }

  /** Those who wait for what is selected wait no longer. */
  #endRuns(): void {
    for (const settle of [...this.#runsWanted.values()]) settle(undefined);
  }

  /** Has the page select the tile of its cursor. */
  selectTile(): void {
    this.#post({ type: 'selectTile' });
  }

  /** Has the page take the keys to the box in which a person types what to search for. */
  openFind(withReplace = false): void {
    this.#post({ type: 'openFind', withReplace });
  }

  /** Goes to the next (`step` 1) or previous hit; without a search a person is asked what to search for. */
  toHit(step: 1 | -1): void {
    const { selection } = this;
    if (selection === undefined) return;
    if (this.#asked !== undefined) this.toHitFrom(step, selection);
    else if (!this.#host.toHitBeyond(this, step, selection)) this.openFind();
  }

  /** Its failures are logged. */
  #withSearch(act: (search: HitSearch) => Promise<void> | void): void {
    this.#searching
      .then(() => this.#search && act(this.#search))
      .catch((error: unknown) => this.#host.services.note(error));
  }

  /** Searches for something else; nothing without `asked`. */
  async #find(asked: AskedHits | undefined): Promise<void> {
    this.#asked = asked;
    if (asked !== undefined && this.#search === undefined) {
      const { HitSearch } = await import('./find/hit-search.ts');
      const shown = this.document.isOutside ? undefined : this.document.shown;
      if (shown === undefined || !this.document.panels.has(this)) return;
      this.#search ??= new HitSearch(this.#searchedTab, shown.geometry.bytesPerTile, vscode.l10n);
    }
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (shown === undefined) return;
    // Of several that were asked for meanwhile the last one counts.
    if (asked === this.#asked)
      this.#search?.start(asked && { ...asked, range: within(asked.range, this.#searchable(asked, shown)) });
  }

  /** The bytes in which may be searched: of a frozen tab no others than it shows. */
  #searchable({ beyond }: AskedHits, { geometry, range }: ShownMemory): ByteRange {
    return beyond && !this.isFrozen ? { offset: 0, length: totalBytes(geometry) } : range;
  }

  /** What was found, for the list of hits; undefined where nothing is searched for. */
  get found(): FoundMemory | undefined {
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (this.#asked === undefined || this.#search === undefined || shown === undefined) return undefined;
    const { services } = this.#host;
    const { tile: _, ...memory } = this.document.resource;
    const resource = this.#asked.beyond ? memory : this.document.resource;
    return {
      tab: this.#looker,
      title: titleOf(resource, this.document.columns, services, vscode.l10n),
      bytes: (range) => this.bytes(range),
      geometry: shown.geometry,
      hits: this.#search.hits,
      isFull: this.#search.state(undefined).isFull,
      show: (hit) => this.showHit(hit),
    };
  }

  /** Whether its search goes beyond what it shows. */
  get searchesBeyond(): boolean {
    return this.#asked?.beyond === true;
  }

  /** Goes on with its search from a place in another tab of the memory. */
  toHitFrom(step: 1 | -1, selection: Selection): void {
    this.#withSearch((search) => search.toHit(step, selection));
  }

  get #searchedTab(): ConstructorParameters<typeof HitSearch>[0] {
    const { session } = this.document;
    return {
      bytes: (range) => this.source.bytes(range),
      view: (range) => this.source.view(range),
      complete: (range, signal, onProgress) =>
        this.isFrozen || session.state.link.kind !== 'connected'
          ? undefined
          : session.complete(range, signal, { onProgress, looker: this.#looker }),
      gaps: (range) => session.missing(range),
      staged: (range) => session.staged(range),
      findThere: (ranges, pattern, beside, options, signal) =>
        this.isFrozen || session.state.link.kind !== 'connected'
          ? undefined
          : session.find(
              ranges,
              pattern,
              { ...options, beside, asking: 'person', looker: this.#looker },
              signal,
            ),
      read: (ranges, signal) => session.readBeside(ranges, this.#looker, signal),
      epoch: () => session.state.partition?.epoch,
      isShown: () => this.view.visible,
      replace: async (edits, pause, signal) => {
        if (this.#isReadOnly) throw new BoardError('locked', 'the page may not edit');
        // What a tab does not show is no edit of it: its Apply would not write that.
        const range = this.document.shown?.range;
        const isHere = edits.every(({ offset, bytes: { length } }) => isInside({ offset, length }, range));
        const document = isHere ? this.document : await this.#host.openWhole(this.document);
        await this.#host.editInPieces(document, vscode.l10n.t('Replace'), edits, pause, signal);
      },
      changed: () => this.#hitsChanged(),
      show: (hit) => this.showHit(hit),
      errorText: (error) => {
        this.#host.services.note(error);
        return sentenceOf(error, this.#host.services.errorText, vscode.l10n);
      },
    };
  }

  /** Shows a hit, in a tab of its tile if it is none of the bytes that are shown here. */
  showHit(hit: ByteRange): void {
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (shown === undefined) return;
    if (isInside(hit, shown.range)) {
      if (!this.view.active) this.view.reveal(undefined, false);
      this.#post({ type: 'reveal', ...hit });
      return;
    }
    this.#host
      .openPlace(this.document, hit.offset, hit.length)
      .catch((error: unknown) => this.#host.services.note(error));
  }

  /** Stages what replaces the hit that is selected, or all of them, as one gesture. */
  #replaceHits(text: string, all: boolean): void {
    const { selection } = this;
    if (selection !== undefined) this.#withSearch((search) => search.replace(text, selection, all));
  }

  /** Many changes in one turn become one message. */
  #hitsChanged(): void {
    if (this.#hitsPending) return;
    this.#hitsPending = true;
    setImmediate(() => {
      this.#hitsPending = false;
      this.#host.hitsChanged();
      if (!this.document.panels.has(this)) return;
      this.#guarded(() => this.#tellHits());
    });
  }

  /** Tells a page that can be seen what was found, and which bytes around the visible rows are part of hits. */
  #tellHits(): void {
    const search = this.#search;
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (!this.#ready || !this.view.visible || shown === undefined || search === undefined) return;
    const found = search.state(this.selection);
    const key = JSON.stringify(found);
    if (key !== this.#toldFound) this.#post({ type: 'found', found });
    this.#toldFound = key;
    const { offset, length } = this.#visible ?? { offset: shown.range.offset, length: firstBytes };
    const around = within({ offset: offset - aroundBytes, length: length + 2 * aroundBytes }, shown.range);
    const hits = hitBytes(search.hits.in(around), around);
    if (!isSameHits(hits, this.#toldHits)) this.#post({ type: 'hits', hits });
    this.#toldHits = hits;
    this.#drawMapSoon();
  }

  /** Has the page take the keys to its choice of cells. */
  chooseCells(): void {
    this.#post({ type: 'chooseCells' });
  }

  /** What the bytes are compared with changed, or became other bytes. */
  compared(): void {
    this.#tellExpected();
  }

  /** Has the page follow the memory so many times a second, 0 not at all; it remembers that. */
  showLive(hertz: number): void {
    this.#post({ type: 'live', hertz });
  }

  /** Sends the state again: something outside the session changed. */
  update(): void {
    this.#stateChanged();
  }

  dispose(): void {
    this.document.panels.delete(this);
    if (this.document.panels.size < 2) this.document.scrollsTogether = false;
    const { place } = this;
    // A docked memory begins where its editor is: its own place is nobody's.
    if (place !== undefined && !this.isDocked) this.#host.keepPlace(this.document, place);
    this.#host.hitsChanged();
    this.#immediateFor = undefined;
    this.document.session.look(this.#looker, undefined);
    this.document.session.follow(this.#looker, undefined);
    this.#endReads();
    this.#endRuns();
    this.#endPatience();
    this.#clock?.dispose();
    this.#mapDrawing.cancel();
    this.#search?.dispose();
    this.#clock = undefined;
    this.#ready = false;
    this.#feed = undefined;
    this.#store.dispose();
    this.#host.changed(this);
  }

  /** The session's state. `stale` is that of the bytes on screen, which are the ones that *Refresh* reads. */
  #sessionState(shown: ByteRange | undefined): SessionState {
    const { session } = this.document;
    const range = shown === undefined ? undefined : (this.#visible ?? shown);
    return { ...session.state, stale: range !== undefined && session.isStale(range) };
  }

  #banner(stagedBytes: number, conflictBytes: number): Banner | undefined {
    const { document } = this;
    const state = this.#sessionState(document.isOutside ? undefined : document.shown?.range);
    const { services } = this.#host;
    const boardLabel = services.boardLabel(document.resource.board);
    const shown = document.isOutside ? undefined : (this.#visible ?? document.shown?.range);
    const readAt = shown && document.session.readAt(shown);
    const facts = {
      state,
      boardLabel,
      stagedBytes,
      conflictBytes,
      now: Date.now(),
      ...(readAt === undefined ? {} : { readAt }),
      clock: (at: number) => new Date(at).toLocaleTimeString(vscode.env.language, { timeStyle: 'short' }),
      clockSeconds: clockText,
    };
    const connected = state.link.kind === 'connected';
    const said = bannerFor(facts, services.errorText, vscode.l10n);
    const running = connected ? this.runningTile : undefined;
    const gated = connected ? this.gatedTile : undefined;
    const banner = withHaltedCore(
      withGatedTile(withRunningCore(said, running, vscode.l10n), gated, state.partition, vscode.l10n),
      connected ? state.haltedCores : undefined,
      vscode.l10n,
    );
    if (banner !== undefined) return banner;
    if (!document.isOutside) return this.#otherProgram() ?? this.#metStack();
    if (document.session.geometry === undefined) return undefined;
    return {
      kind: 'error',
      text: vscode.l10n.t('This tile is not part of the partition any more. Close this tab.'),
      actions: [],
    };
  }

  /** A banner with the actions that this page may ask for. */
  #offered(banner: Banner | undefined): Banner | undefined {
    if (banner === undefined || !this.isDocked) return banner;
    return { ...banner, actions: banner.actions.filter(({ command }) => dockedCommands.has(command)) };
  }

  /** Says that the program memory at the cursor is not what the build has for its core. */
  #otherProgram(): Banner | undefined {
    const { resource, shown, session } = this.document;
    if (resource.memory !== 'program' || shown === undefined) return undefined;
    const { geometry, range } = shown;
    const { tile } = locate(geometry, this.selection?.cursor ?? this.#visible?.offset ?? range.offset);
    const program = this.#host.services.program(resource.board, tile);
    if (program === undefined) return undefined;
    const memory = { offset: tileStart(geometry, tile), length: geometry.bytesPerTile };
    const difference = this.#programCheck.difference(program.image, session, memory);
    return difference && otherProgramBanner(tile, program.label, difference, vscode.l10n);
  }

  /** @param isOpened a person opens the tab now */
  #showPage(isOpened = false): void {
    if (!this.document.isOutside) {
      const layout = this.document.shown?.geometry;
      const told = this.#layout;
      if (this.#page === 'editor' && told !== undefined && layout !== undefined && sameGeometry(told, layout))
        return;
      this.#leavePage('editor');
      this.#layout = layout;
      const range = this.document.shown?.range;
      const offset = this.#placeToBegin?.top ?? range?.offset ?? 0;
      this.#presumed = range && within({ offset, length: firstBytes }, range);
      if (!isOpened && this.document.session.learnedBy === 'nobody') this.#led = {};
      this.#look();
      if (this.#waits) return;
      this.#writePage(isOpened ? afterAnswer : 0);
      return;
    }
    if (this.#waits) return;
    const banner = this.#offered(this.#banner(0, 0)) ?? {
      kind: 'info',
      text: vscode.l10n.t('Learning the layout of this memory...'),
      actions: [],
    };
    const key = JSON.stringify(banner);
    if (this.#page === 'waiting' && this.#waitingText === key) return;
    this.#leavePage('waiting');
    this.#waitingText = key;
    this.#endPatience();
    this.view.webview.html = waitingPage(this.view.webview, banner);
  }

  /**
   * Whether the text of the first page waits: for the layout, then for the first bytes, while the board is there and both are
   * under way.
   */
  get #waits(): boolean {
    const { session, isOutside } = this.document;
    if (!this.#patience.isAsked || session.link.state.kind !== 'connected') return false;
    if (isOutside) return session.geometry === undefined;
    const range = this.view.visible ? this.#presumed : undefined;
    return range !== undefined && session.bytes(range).flags.includes(0);
  }

  #endPatience(): void {
    this.#patience.cancel();
    this.#writing.cancel();
  }

  /**
   * Gives VS Code the page, with what it shows first.
   *
   * @param delay a long page goes so much later, milliseconds
   */
  #writePage(delay = 0): void {
    const opening = this.#opening();
    if (opening === undefined) {
      this.#endPatience();
      return;
    }
    // The parts of a docked view's page lie elsewhere, as it is narrow.
    const sight = this.isDocked ? undefined : firstSight(opening, rowsPlace);
    if (sight === undefined && delay > 0) {
      this.#writing.ask(delay);
      return;
    }
    this.#endPatience();
    const { webview } = this.view;
    const { extensionUri } = this.#host;
    webview.html =
      sight === undefined
        ? editorPage(webview, extensionUri, opening)
        : shortPage(webview, extensionUri, sight);
  }

  /** What a new page shows first, as it is now; undefined until its layout is known. */
  #opening(): Opening | undefined {
    const init = this.#init();
    const shown = this.#presumed;
    if (init === undefined || shown === undefined) return undefined;
    this.#opened = { state: JSON.stringify(init.state), settings: JSON.stringify(init.settings) };
    const bytes = this.document.session.bytes(shown);
    const isKnown = bytes.flags.some((flag) => flag !== 0);
    return { init, ...(isKnown ? { bytes } : {}) };
  }

  /** Replaces the page. Offsets that the old page sent no longer count. */
  #leavePage(next: 'waiting' | 'editor'): void {
    this.#page = next;
    const past = this.#frozen;
    this.#frozen = undefined;
    past?.left?.();
    this.#ready = false;
    this.#feed = undefined;
    this.#endReads();
    this.#endRuns();
    this.#layout = undefined;
    this.#visible = undefined;
    this.#presumed = undefined;
    this.selection = undefined;
    this.#led = undefined;
    this.#search?.dispose();
    this.#search = undefined;
    this.#asked = undefined;
    for (const abort of this.#reads.values()) abort.abort();
    this.#look();
  }

  #receive(raw: unknown): void {
    const message = readFromPage(raw);
    if (message === undefined) {
      this.#host.log.warn('The page of the hex editor sent a message that is not in the contract.');
      const id = requestNumber(raw);
      if (id === undefined) return;
      // What a page asks for in good faith is refused for its size only.
      this.#post({
        type: 'failed',
        id,
        message: vscode.l10n.t('It is too much at once. Select fewer bytes.'),
      });
      this.#feed?.edited(id);
      return;
    }
    // A page that does not know the present layout yet may only say that it is ready.
    const shown = this.#ready && !this.document.isOutside ? this.document.shown : undefined;
    switch (message.type) {
      case 'ready':
        this.#sayHello(message.isOpen === true);
        this.#host.begun(this);
        return;
      case 'request': {
        const { id } = message;
        if (shown === undefined) {
          this.#post({ type: 'failed', id, message: vscode.l10n.t('Nothing is known yet.') });
        } else if (message.name === 'read') {
          void this.#readFor(id, within(message.params, shown.range));
        } else if (message.name === 'copy') {
          vscode.env.clipboard.writeText(message.params.text).then(
            () => this.#post({ type: 'answer', id, result: null }),
            (error: unknown) => this.#refuse(id, error),
          );
        } else {
          try {
            // The page offers no edit then: only one that was on its way can come.
            if (this.#isReadOnly) throw new BoardError('locked', 'the page may not edit');
            const { label, edits, immediate } = message.params;
            checkInside(edits, shown.range);
            const isImmediate = immediate && this.isImmediate;
            this.#host.edit(this.document, label, edits, isImmediate ? this : undefined);
            this.#post({ type: 'answer', id, result: null });
          } catch (error) {
            this.#refuse(id, error);
          }
          this.#feed?.edited(id);
        }
        return;
      }
      case 'cancel':
        // All other requests are answered in the turn in which they arrive.
        this.#reads.get(message.id)?.abort();
        return;
      case 'command':
        if (!this.isDocked || dockedCommands.has(message.command))
          this.#host.run(message.command, this.document);
        return;
      case 'selection':
        if (shown === undefined) return;
        this.#ledTo(message.cursor, this.selection?.cursor);
        this.selection = message;
        if (this.#asked !== undefined) this.#hitsChanged();
        this.#host.changed(this);
        return;
      case 'window':
        this.#feed?.window(message.window);
        return;
      case 'drawn':
        this.#feed?.shown(message.number);
        return;
      case 'begin':
        void this.view.webview.postMessage(pageParts(this.#host.extensionUri, this.#opening()));
        return;
      case 'rowsPlace':
        if (!this.isDocked) rowsPlace = { top: message.top, bytesPerRow: message.bytesPerRow };
        return;
      case 'scrolled':
        if (shown !== undefined) this.#host.scrolled(this, message.offset);
        return;
      case 'visible':
        if (shown === undefined) return;
        this.#visible = within(message.range, shown.range);
        this.#ledOver(this.#visible);
        this.#look();
        this.#tellExpected();
        this.#tellNames();
        if (this.#asked !== undefined) this.#hitsChanged();
        this.#stateChanged();
        return;
      case 'view':
        this.#chosenView = message.view;
        if (message.ofName !== true)
          void this.#host.services.views.keep(this.document.resource.memory, message.view);
        return;
      case 'live':
        this.liveHertz = message.hertz;
        this.document.session.follow(this.#looker, periodOf(message.hertz));
        return;
      case 'openPlace':
        if (shown === undefined || message.offset >= totalBytes(shown.geometry)) return;
        this.#host
          .openPlace(this.document, message.offset)
          .catch((error: unknown) => this.#host.services.note(error));
        return;
      case 'find':
        // A hit elsewhere opens another tab, which must not take the place of the one that searches.
        if (message.asked?.beyond === true && !this.searchesBeyond)
          this.#host.keepTab(this).catch((error: unknown) => this.#host.services.note(error));
        this.#searching = this.#find(message.asked).catch((error: unknown) => {
          this.#host.services.note(error);
        });
        return;
      case 'findInMemories':
        this.#host.searchMemories(this.document.resource.board, message.query);
        return;
      case 'cancelFind':
        this.#withSearch((search) => search.cancel());
        return;
      case 'toHit':
        this.toHit(message.step);
        return;
      case 'replaceHits':
        this.#replaceHits(message.text, message.all);
        return;
      case 'runs': {
        const isShown = message.runs.every(
          (run) => shown !== undefined && within(run, shown.range).length === run.length,
        );
        const runs = message.count > mostRuns ? message.count : message.runs;
        this.#runsWanted.get(message.number)?.(isShown ? runs : undefined);
        return;
      }
      case 'timeline':
        this.onTimeline(message.act);
        return;
      case 'unfreeze':
        this.freeze(false);
        return;
      case 'failure':
        this.#host.log.error(`The page of the hex editor failed: ${message.message}`);
    }
  }

  #refuse(id: number, error: unknown): void {
    this.#host.services.note(error);
    const sentence = sentenceOf(error, this.#host.services.errorText, vscode.l10n);
    this.#post({ type: 'failed', id, message: sentence });
  }

  /** Reads what is missing of the range, and answers with its bytes. */
  async #readFor(id: number, range: ByteRange): Promise<void> {
    const { session } = this.document;
    const abort = new AbortController();
    this.#reads.set(id, abort);
    let percent = 0;
    const tell = (): void => this.#post({ type: 'progress', id, percent });
    const pulses = every(pulse, tell);
    try {
      const onProgress = (bytes: number, of: number): void => {
        const now = Math.floor((100 * bytes) / of);
        if (now === percent) return;
        percent = now;
        tell();
      };
      if (this.#frozen === undefined) {
        await session.complete(range, abort.signal, { onProgress, looker: this.#looker });
      }
      // Another page may have the same number for another request.
      if (abort.signal.aborted) return;
      const { offset, bytes, base, flags } = this.source.bytes(range);
      this.#post({ type: 'answer', id, result: { offset, bytes, base, flags } });
    } catch (error) {
      if (!abort.signal.aborted) this.#refuse(id, error);
    } finally {
      pulses.dispose();
      this.#reads.delete(id);
    }
  }

  #endReads(): void {
    for (const abort of this.#reads.values()) abort.abort();
  }

  /** What a new page shows; undefined while the layout is not known. */
  #init(): Opening['init'] | undefined {
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (shown === undefined) return undefined;
    const beginning = this.#placeToBegin;
    return {
      type: 'init',
      document: { geometry: shown.geometry, range: shown.range },
      settings: this.#settings,
      strings: webviewStrings(vscode.l10n),
      state: this.state,
      ...(beginning === undefined ? {} : { place: beginning }),
    };
  }

  /** @param isOpen the page knows already what stood in its text */
  #sayHello(isOpen: boolean): void {
    // A page that begins waits for nothing that was asked before, and searches for nothing yet.
    this.#endReads();
    this.#asked = undefined;
    this.#search?.start(undefined);
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (shown === undefined) return;
    this.#ready = true;
    this.#feed = this.#newFeed(shown.range);
    const init = isOpen ? undefined : this.#init();
    if (init === undefined) {
      this.#told = this.#opened;
      this.#tellSettings();
      this.#tellState();
    } else {
      this.#told = { state: JSON.stringify(init.state), settings: JSON.stringify(init.settings) };
      this.#post(init);
    }
    this.#toldExpected = nothingExpected;
    this.#tellExpected();
    this.#toldNames = '';
    this.#isNamed = undefined;
    this.#tellNames();
    if (this.isPast) this.#tellPast();
    if (this.#timeline !== undefined) this.#post({ type: 'timeline', timeline: this.#timeline });
    this.#toldHits = noHits;
    this.#toldFound = '';
    this.#tileMarks = new TileMarks(shown.geometry);
    this.#mapped = nothingMapped;
    this.#drawMapSoon();
    const place = this.#revealLater;
    this.#revealLater = undefined;
    if (place !== undefined) this.#sendTo(place.offset, place.length);
    const first = this.#scrollLater;
    this.#scrollLater = undefined;
    if (first !== undefined) this.scrollTo(first);
  }

  /** Where a new page begins: where another tab of the document is, else where the last one was. */
  get #placeToBegin(): PagePlace | undefined {
    const beside = [...this.document.panels].map((panel) => panel.place).findLast((one) => one !== undefined);
    const place = beside ?? this.#host.keptPlace(this.document);
    const range = this.document.shown?.range;
    const isThere = (offset: number): boolean => isInside({ offset, length: 1 }, range);
    return place !== undefined && isThere(place.cursor) && isThere(place.top) ? place : undefined;
  }

  /** What the page shows: the memory, or what it was at the moment at which the tab stands. That stays what it is. */
  get source(): ByteSource {
    return this.#frozen?.bytes ?? this.document.session;
  }

  #newFeed(bounds: ByteRange): Feed {
    const feed = new Feed(
      {
        bytes: (range) => this.source.bytes(range),
        changes: (range) => this.source.changes(range),
        tick: () => this.source.tick,
        send: (packed) => {
          // A page that was replaced meanwhile has another feed.
          if (feed === this.#feed) this.#post({ type: 'delta', packed });
        },
        soon: (run) => setImmediate(run),
        behind: (isBehind) => {
          if (feed === this.#feed) this.document.session.setBehind(this.#looker, isBehind);
        },
        failed: (error) => {
          this.#host.services.note(error);
          const message = sentenceOf(error, this.#host.services.errorText, vscode.l10n);
          if (feed === this.#feed) this.#post({ type: 'unavailable', message });
        },
      },
      bounds,
    );
    feed.visible = this.view.visible;
    this.document.session.setBehind(this.#looker, false);
    return feed;
  }

  #sessionChanged(): void {
    this.#search?.stateChanged();
    if (this.#immediateFor !== undefined && !this.isImmediate) {
      // It does not come back by itself, whatever becomes of the memory.
      this.setImmediate(false);
      sayBriefly(vscode.l10n.t('Edits are staged again: they are not written at once any more.'), 8000);
    }
    this.#showPage();
    if (this.#page === 'waiting') {
      const { link } = this.document.session;
      if (link.state.kind === 'connected')
        this.#host.learn(this.document, link.isReconnected ? 'nobody' : 'look');
    }
    this.#stateChanged();
  }

  #bytesChanged(changed: readonly ByteRange[]): void {
    this.#programCheck.changed(changed);
    if (this.#page === 'editor' && this.#patience.isAsked && !this.#waits) this.#writePage(afterAnswer);
    const isIn = (range: ByteRange) => changed.some((one) => intersectRanges(one, range) !== undefined);
    if (this.#stacksInSight.some(isIn)) this.#tellNames();
    if (this.#frozen === undefined) {
      this.#feed?.changed(changed);
      this.#search?.bytesChanged(changed);
      this.#tileMarks?.changed(changed);
      this.#drawMapSoon();
    }
    this.#stateChanged();
  }

  /** All of the map is made anew. */
  #mapChanged(): void {
    this.#tileMarks?.changed([{ offset: 0, length: totalBytes(this.#tileMarks.geometry) }]);
    this.#drawMapSoon();
  }

  /** Tells the page what is in the tiles, soon; a frozen tab keeps its map, one that is hidden gets it when it is shown. */
  #drawMapSoon(pause = mapPeriod): void {
    if (this.#ready && this.view.visible) this.#mapDrawing.ask(pause);
  }

  #drawMap(): void {
    const map = this.#tileMarks;
    const { session, shown, isOutside } = this.document;
    const hits = this.#asked === undefined ? undefined : this.#search?.hits;
    const count = hits?.count ?? 0;
    const isOtherHits = hits !== this.#mapped.hits || count !== this.#mapped.count;
    const isBehind = map?.isBehind === true || isOtherHits;
    if (map === undefined || !isBehind || this.isFrozen || isOutside || shown === undefined) return;
    this.#guarded(() => {
      if (!this.#ready || !this.view.visible || !sameGeometry(map.geometry, shown.geometry)) return;
      const hasOtherMarks = map.update(session, this.markedSince, mapBytes);
      this.#mapped = { hits, count };
      if (hasOtherMarks || isOtherHits)
        this.#post({ type: 'map', marks: this.#withBookmarks(withHits(map.marks, map.geometry, hits)) });
      if (hasOtherMarks) this.#stateChanged();
      if (map.isBehind) this.#drawMapSoon(mapPause);
    });
  }

  #withBookmarks(marks: Uint8Array): Uint8Array {
    const { shown, resource } = this.document;
    if (shown === undefined) return marks;
    const { geometry } = shown;
    const { bookmarks } = this.#host.services;
    return withBookmarks(
      marks,
      geometry,
      (tile) => bookmarks.in(resource.memory, tile, 0, geometry.bytesPerTile).length > 0,
    );
  }

  /** Many changes in one turn become one message. */
  #stateChanged(): void {
    if (this.#statePending) return;
    this.#statePending = true;
    setImmediate(() => {
      this.#statePending = false;
      if (!this.document.panels.has(this)) return;
      this.#guarded(() => {
        this.#tellState();
        this.#runClock();
        this.#host.changed(this);
      });
    });
  }

  /** What is set, with the view that had been chosen for a memory of this type when the tab was opened. */
  get #settings(): EditorSettings {
    return { ...settings(), ...this.#keptView };
  }

  /** Tells a page that can be seen what it was not told yet. */
  #tellState(): void {
    if (!this.#ready || !this.view.visible) return;
    const { state } = this;
    const key = JSON.stringify(state);
    if (key === this.#told.state) return;
    this.#told.state = key;
    this.#post({ type: 'state', state });
  }

  #tellSettings(): void {
    if (!this.#ready || !this.view.visible) return;
    const now = this.#settings;
    const key = JSON.stringify(now);
    if (key === this.#told.settings) return;
    this.#told.settings = key;
    this.#post({ type: 'settings', settings: now });
  }

  /** Tells what is expected around the visible rows, so that a little scrolling shows it at once. */
  #tellExpected(): void {
    const shown = this.document.isOutside ? undefined : this.document.shown;
    if (!this.#ready || !this.view.visible || shown === undefined) return;
    const frozen = this.#frozen?.bytes;
    const expected = this.#host.expected(this.document, this.#around(shown.range), frozen) ?? nothingExpected;
    if (isSameExpected(expected, this.#toldExpected)) return;
    this.#toldExpected = expected;
    this.#post({ type: 'expected', expected });
  }

  /** The visible bytes and some around them. */
  #around(shown: ByteRange): ByteRange {
    const { offset, length } = this.#visible ?? { offset: shown.offset, length: firstBytes };
    return within({ offset: offset - aroundBytes, length: length + 2 * aroundBytes }, shown);
  }

  /** Tells what has a name around the visible rows, and where the cores are. */
  #tellNames(): void {
    const { document } = this;
    const shown = document.isOutside ? undefined : document.shown;
    if (!this.#ready || !this.view.visible || shown === undefined) return;
    const { services } = this.#host;
    const { board, memory } = document.resource;
    const { geometry, range } = shown;
    const told = pageNames(
      geometry,
      range,
      this.#around(range),
      {
        namesOf: (tile) => services.names(board, memory, tile),
        marksOf: (tile, from, to) => services.bookmarks.in(memory, tile, from, to),
        registers: this.#registers,
        moreOf: (name) => stackText(this.#stacks, name, vscode.l10n, clockText),
      },
      vscode.l10n,
    );
    this.#stacksInSight = told.names.filter(({ kind }) => kind === 'stack');
    const key = JSON.stringify(told);
    if (key === this.#toldNames) return;
    this.#toldNames = key;
    this.#post({ type: 'names', told });
  }

  /** Where registers of cores point to in this memory, as far as it was read. */
  get #registers() {
    const { resource, session } = this.document;
    const { link } = session.state;
    const info = link.kind === 'connected' ? link.board.info : undefined;
    if (info?.array === undefined || info.generation === 'unknown') return [];
    const { array, generation } = info;
    const reports = this.#host.services.reports(resource);
    return coreMarks(reports, resource.memory, generation, array).map((mark) => ({
      ...mark,
      readAt: clockText(mark.at),
    }));
  }

  /** Runs a timer's action and logs its failure. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#host.services.note(error);
    }
  }

  /** Counts the seconds to the next attempt to connect, while there is one. */
  #runClock(): void {
    const { link } = this.document.session.state;
    const counting = link.kind === 'offline' && link.retryAt !== undefined && this.view.visible;
    if (counting && this.#clock === undefined) {
      this.#clock = every(tick, () => {
        this.#guarded(() => this.#showPage());
        this.#stateChanged();
      });
    } else if (!counting) {
      this.#clock?.dispose();
      this.#clock = undefined;
    }
  }

  #viewStateChanged(): void {
    // Who turns to the tab looks at it.
    if (this.view.active && !this.#wasActive) this.#led = undefined;
    this.#wasActive = this.view.active;
    this.#look();
    if (this.#feed !== undefined) this.#feed.visible = this.view.visible;
    this.#tellSettings();
    this.#tellExpected();
    this.#tellNames();
    this.#hitsChanged();
    this.#search?.shown();
    this.#drawMapSoon();
    this.#stateChanged();
  }

  /** Only what a person looks at is read. */
  #look(): void {
    const shown = this.#visible ?? this.#presumed;
    const isWanted = this.view.visible && this.#frozen === undefined;
    this.document.session.look(this.#looker, isWanted ? shown : undefined, this.isLed ? 'nobody' : 'look');
  }

  /** The page's cursor is elsewhere: once it was where it was led to, the next move is a person's. */
  #ledTo(cursor: number, before: number | undefined): void {
    const led = this.#led;
    if (led === undefined || before === undefined || cursor === before || cursor === led.to) return;
    if (led.to === undefined || before === led.to) this.#notLed();
  }

  /** The page shows these rows: the first ones where it was led to belong to that, others are a person's doing. */
  #ledOver(rows: ByteRange): void {
    const led = this.#led;
    if (led === undefined || led.top === rows.offset) return;
    if (led.top !== undefined) this.#led = undefined;
    else if (led.to === undefined || isIn(rows, led.to)) this.#led = { ...led, top: rows.offset };
  }

  /** A person does something in the page: what it shows is looked at. */
  #notLed(): void {
    if (this.#led === undefined) return;
    this.#led = undefined;
    this.#look();
  }

  #post(message: ToWebview): void {
    if (!this.#ready) return;
    void this.view.webview.postMessage(message);
  }
}

function isIn({ offset, length }: ByteRange, byte: number): boolean {
  return byte >= offset && byte < offset + length;
}

function isSameExpected(a: ExpectedBytes, b: ExpectedBytes): boolean {
  const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
  return a.offset === b.offset && same(a.wrong, b.wrong) && same(a.expected, b.expected);
}

/** Which bytes of a range are part of hits; nothing where none is. */
function hitBytes(hits: readonly ByteRange[], { offset, length }: ByteRange): HitBytes {
  if (hits.length === 0) return noHits;
  const marks = new Uint8Array(length);
  for (const hit of hits) marks.fill(1, Math.max(0, hit.offset - offset), hit.offset + hit.length - offset);
  return { offset, marks };
}

function isSameHits(a: HitBytes, b: HitBytes): boolean {
  return a.offset === b.offset && Buffer.compare(a.marks, b.marks) === 0;
}

/** Throws BoardError `out-of-range` unless every edit lies in what the page shows: the session knows the whole memory. */
function checkInside(edits: readonly ByteEdit[], shown: ByteRange): void {
  for (const { offset, bytes } of edits) {
    if (offset >= shown.offset && offset + bytes.length <= shown.offset + shown.length) continue;
    throw new BoardError(
      'out-of-range',
      `the page edited bytes ${offset}+${bytes.length}, which it does not show`,
    );
  }
}

function within(range: ByteRange, bounds: ByteRange): ByteRange {
  const start = Math.min(Math.max(range.offset, bounds.offset), bounds.offset + bounds.length);
  const end = Math.min(Math.max(range.offset + range.length, start), bounds.offset + bounds.length);
  return { offset: start, length: end - start };
}

function settings(): EditorSettings {
  const configuration = vscode.workspace.getConfiguration('tilescope');
  const bytesPerRow = configuration.get<number>('bytesPerRow');
  return {
    bytesPerRow: rowLengths.find((length) => length === bytesPerRow) ?? 16,
    colours: false,
    addresses: 'tile',
    decimal: false,
    inspector: false,
    upperCase: configuration.get<boolean>('upperCase', true),
    cells:
      fitting(cellChoiceShape, { name: configuration.get('cells'), order: configuration.get('byteOrder') }) ??
      hexBytes,
    liveHertz: fitting(liveRateShape, configuration.get('liveRate')) ?? usualRate,
    fontFamily: fontFamily(configuration.get('fontFamily')),
    fontSize: fontSize(configuration.get('fontSize')),
    density: configuration.get('density') === 'compact' ? 'compact' : 'comfortable',
  };
}

/** A time of day as this window shows times. */
function clockText(at: number): string {
  return new Date(at).toLocaleTimeString(vscode.env.language);
}

/** Names of fonts and nothing else that CSS could take for more. */
function fontFamily(value: unknown): string {
  return typeof value === 'string' && /^[\p{L}\p{N} ,'"_-]{0,200}$/u.test(value) ? value.trim() : '';
}

function fontSize(value: unknown): number {
  return typeof value === 'number' && value > 0 ? Math.min(40, Math.max(8, value)) : 0;
}

function isInside(place: ByteRange, range: ByteRange | undefined): boolean {
  return range !== undefined && place.offset >= range.offset && endOf(place) <= endOf(range);
}
