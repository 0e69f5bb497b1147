/** The page of the hex editor: connects host, grid and outline. */
import './editor-page.css';
import './main.css';
import * as v from 'valibot';
import {
  type AskedSelection,
  type EditorDocument,
  type EditorSettings,
  type EditorState,
  type FoundState,
  type HostCommand,
  mostRuns,
  type PagePlace,
  type ShownBytes,
  type TimelineState,
  type ViewChoice,
  type WebviewStrings,
} from '../src/editor/messages.ts';
import { openingId } from '../src/editor/opening.ts';
import { addressKinds } from '../src/model/address-kinds.ts';
import { addressText, hasAddress } from '../src/model/addresses.ts';
import { stateBits } from '../src/model/byte-state.ts';
import type { CellName } from '../src/model/cells/choices.ts';
import { type ByteRange, totalBytes } from '../src/model/geometry.ts';
import type { CopyForm } from '../src/model/gestures/copy-as.ts';
import type { Fill } from '../src/model/gestures/fill.ts';
import { liveRateShape, usualRate } from '../src/model/live-rate.ts';
import { hexDigits, hexPairs } from '../src/model/numbers.ts';
import { bytesIn, endOf, intersectRanges } from '../src/model/ranges.ts';
import { mayBeTorn } from '../src/model/rows/text.ts';
import { fitting, viewChoiceShape, whole } from '../src/model/shapes.ts';
import { sparkline } from '../src/model/sparkline.ts';
import { isEditorChord } from './editor-chords.ts';
import { FindLine, type FindScope } from './find-line.ts';
import { cellName, hoverText, placeTexts, stateTexts, valueText } from './grid/cell-texts.ts';
import { failureText, GridController, type Notice } from './grid/controller.ts';
import { CursorHistory } from './grid/cursor-history.ts';
import type { Run } from './grid/edits.ts';
import { expectedOf } from './grid/mismatches.ts';
import {
  firstSelected,
  isExtended,
  moveTo,
  type Pane,
  reselect,
  type Selection,
  selectedBytes,
  selectedRange,
  selectedRanges,
  selectRange,
  selectTile,
  toldRuns,
} from './grid/selection.ts';
import { ByteStore } from './grid/store.ts';
import { GridView, type Hover } from './grid/view.ts';
import {
  HostClient,
  toBytes,
  toExpectedBytes,
  toHitBytes,
  toOpening,
  toPageNames,
  toRuns,
  toTimeline,
  type VsCodeApi,
} from './host.ts';
import { historyColumns, Inspector, type InspectorContent, inspectedBytes } from './inspector.ts';
import { SelectionMeter } from './meter.ts';
import { type CursorDetails, Outline } from './outline.ts';
import { translator } from './strings.ts';
import { TileMap } from './tile-map.ts';
import { TimelineBar } from './timeline.ts';
import { ViewLine } from './view-line.ts';

declare function acquireVsCodeApi(): VsCodeApi;

/** The pointer has to rest this long before the hover appears, milliseconds. */
const hoverDelay = 250;

/** So many selected bytes are what a person searches for. */
const mostSought = 32;

/** How often the time since a change is told anew, milliseconds. */
const inspectorPeriod = 1000;

/** The host hears of other visible rows at most this often, milliseconds. */
const visiblePeriod = 60;

/** The line at the bottom and the inspector follow memory that moves no faster than a person reads. Milliseconds. */
const movingPeriod = 100;

/** What outlives hiding and showing the tab. */
interface KeptState {
  /** The bytes that it showed: another memory may come into the same view. */
  readonly of?: ByteRange | undefined;
  readonly selection: Selection;
  readonly top: number;
  /** Chosen for this tab; without it the setting counts. */
  readonly view?: ViewChoice | undefined;
  /** How many times a second it follows the memory; 0: not at all. Likewise. */
  readonly live?: number | undefined;
}

const api = acquireVsCodeApi();
const host = new HostClient(api);
window.addEventListener('message', (event) => host.receive(event.data));
window.addEventListener('error', (event) => host.post({ type: 'failure', message: event.message }));
window.addEventListener('unhandledrejection', (event) =>
  host.post({ type: 'failure', message: String(event.reason) }),
);

// VS Code would undo an edit of the memory, whatever has the keys: in a box for text what was typed there is undone.
document.addEventListener('keydown', (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && ['z', 'y'].includes(event.key.toLowerCase());
  if (isUndo && event.target instanceof HTMLInputElement) event.stopPropagation();
});

/**
 * Keys of commands that VS Code in a browser does not hear of: it leaves whatever has Ctrl and C or V to the browser, which
 * does nothing with these.
 */
const unheardKeys: Readonly<Record<string, HostCommand>> = { KeyC: 'copyAs', KeyV: 'pasteAs' };

document.addEventListener('keydown', (event) => {
  if (navigator.userAgent.includes('Electron')) return;
  const command = event.altKey && event.ctrlKey && !event.shiftKey ? unheardKeys[event.code] : undefined;
  if (command === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  host.command(command);
});

/** The editor once the host has said what it shows. */
class Editor {
  readonly #store: ByteStore;
  readonly #view: GridView;
  readonly #outline: Outline;
  readonly #controller: GridController;
  readonly #t;
  #state: EditorState;
  #notice: Notice | undefined;
  /** What is under way: shown unless a message is, and not taken away by moving the cursor. */
  #doing: Notice | undefined;
  #hover: ReturnType<typeof setTimeout> | undefined;
  /** The first byte that was on screen last, or that the host put there; undefined before anything was drawn. */
  #scrolledTo: number | undefined;
  #rowsPlace = '';
  #spoken = '';
  /** What is spoken with the next update, in place of the cursor. */
  #toSay: string | undefined;
  /** Where the cursor was when it was last spoken of. */
  #spokenAt = '';
  #updatePending = false;
  #settings: EditorSettings;
  /** Chosen for this tab; overrides the setting. */
  #chosen: ViewChoice | undefined;
  #chosenLive: number | undefined;
  readonly #line: ViewLine;
  readonly #inspector: Inspector;
  readonly #map: TileMap;
  readonly #find: FindLine;
  readonly #timeline: TimelineBar;
  readonly #meter: SelectionMeter;
  readonly #history = new CursorHistory();
  /** Where the page was before it showed places to choose from. */
  #left: Pick<KeptState, 'selection' | 'top'> | undefined;
  /** Where the cursor was when it last moved: a message about another byte goes away. */
  #notedAt = -1;

  constructor(
    document: EditorDocument,
    settings: EditorSettings,
    strings: WebviewStrings,
    state: EditorState,
    place: PagePlace | undefined,
    bytes?: ShownBytes,
  ) {
    const t = translator(strings);
    this.#t = t;
    this.#state = state;
    this.#settings = settings;
    window.document.addEventListener('keydown', (event) => {
      if (this.#state.isDocked !== true || !isEditorChord(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    const kept = fitting(keptShape, api.getState());
    this.#chosen = kept?.view;
    this.#chosenLive = kept?.live;
    this.#line = new ViewLine(t, (view) => this.#choose(view));
    this.#find = new FindLine(t, {
      ask: (asked) => host.post({ type: 'find', ...(asked === undefined ? {} : { asked }) }),
      cancel: () => host.post({ type: 'cancelFind' }),
      step: (step) => host.post({ type: 'toHit', step }),
      findInMemories: (query) => host.post({ type: 'findInMemories', query }),
      replace: (text, all) => host.post({ type: 'replaceHits', text, all }),
      closed: () => {
        this.#view.hits = undefined;
        this.#view.element.focus();
      },
      range: (scope) => this.#scopeRange(scope),
      speak: (text) => this.#outline.speak(text),
    });
    this.#timeline = new TimelineBar(t, {
      act: (act) => host.post({ type: 'timeline', act }),
      command: (command) => host.command(command),
      speak: (text) => this.#outline.speak(text),
    });
    const lines = [this.#line.element, this.#find.element];
    this.#outline = new Outline(window.document.body, lines, this.#timeline.element, t, {
      command: (command) => {
        this.#notify(undefined);
        host.command(command);
      },
      retry: () => this.#store.retry(),
      unfreeze: () => host.post({ type: 'unfreeze' }),
      live: () => this.follow(this.#live === 0 ? this.#settings.liveHertz || usualRate : 0),
    });
    this.#store = new ByteStore(
      {
        window: (window) => host.post({ type: 'window', window }),
        drawn: (number) => host.post({ type: 'drawn', number }),
        now: () => performance.now(),
      },
      document.range,
      () => {
        this.#view.schedule();
        updateSoon();
      },
    );
    const updateSoon = throttled(movingPeriod, () => this.#updateOutline());
    const tellVisible = throttled(visiblePeriod, (range: ByteRange) => host.post({ type: 'visible', range }));
    const tellScrolled = throttled(visiblePeriod, (offset: number) =>
      host.post({ type: 'scrolled', offset }),
    );
    this.#view = new GridView(this.#outline.middle, document, settings, this.#shown, this.#store, t, {
      onSelection: (selection) => this.#onSelection(selection),
      onVisible: (range) => {
        tellVisible(range);
        // All else is about the cursor, and stays where it is while rows scroll.
        this.#map.show(this.#view.selection.cursor, range);
        if (this.#scrolledTo !== undefined && range.offset !== this.#scrolledTo) tellScrolled(range.offset);
        this.#scrolledTo = range.offset;
        this.#keep();
      },
      onHover: (hover) => this.#onHover(hover),
      onSized: (top) => this.#tellRowsPlace(top),
      onDrawn: () => {
        this.#noteHistory();
        this.#controller.drawn();
      },
    });
    this.#inspector = new Inspector(t, {
      edit: ({ name, format, element }) => this.#controller.editValue(name, format, element),
      readAndMeasure: () => this.#meter.readAndMeasure(),
      failureText: (error) => failureText(t, error),
    });
    this.#meter = new SelectionMeter({
      bytes: (range) => this.#store.read(range),
      version: (range) => this.#store.versionIn(range),
      read: (range, signal) => host.read(range, { signal }),
      onChange: () => this.#updateOutline(),
    });
    this.#map = new TileMap(document.geometry, t, {
      choose: (tile) => this.#goToTile(tile),
      point: (text, x, y) => {
        if (text === undefined) this.#outline.hideHover();
        else this.#outline.showHover(text, x, y);
      },
    });
    this.#view.addBeside(this.#map.element);
    this.#outline.middle.append(this.#inspector.element);
    // What did not change while it was followed is part of the history, too.
    setInterval(() => this.#updateOutline(), inspectorPeriod);
    this.#controller = new GridController({
      around: this.#outline.middle,
      view: this.#view,
      store: this.#store,
      host,
      t,
      state: () => this.#state,
      notify: (notice) => this.#notify(notice),
      wait: (notice) => {
        this.#doing = notice;
        this.#updateOutline();
      },
    });
    if (bytes !== undefined) this.#store.begin(bytes);
    this.setState(state);
    if (kept !== undefined && isOf(kept, document.range)) this.#restore(kept);
    else if (place !== undefined) this.#begin(place);
    this.#tellSelection();
    this.#updateLine();
    this.#tellLive();
    // Never taken from another part of the window: the keys go to the grid once the page has them.
    window.addEventListener('focus', () => this.#takeFocus());
    this.#takeFocus();
  }

  setState(state: EditorState): void {
    const reconnected = state.connected && !this.#state.connected;
    const immediate = state.policy === 'immediate';
    if (immediate !== (this.#state.policy === 'immediate')) {
      this.#toSay = this.#t(immediate ? 'policyImmediateHint' : 'policyImmediateEnded');
    }
    this.#state = state;
    this.#view.label = this.#t('gridName', state.title);
    this.#view.readOnly = state.policy === 'locked';
    this.#view.moving = state.moving;
    this.#view.moment = state.marks?.since;
    const { generation = 'unknown', array } = state;
    this.#view.array = { generation, array };
    this.#updateLine();
    if (state.policy !== 'locked' && this.#notice?.unlock === true) this.#notify(undefined);
    if (reconnected && this.#store.failure !== undefined) this.#store.retry();
    this.#updateOutline();
  }

  setSettings(settings: EditorSettings): void {
    const before = this.#shown;
    const liveBefore = this.#live;
    this.#settings = settings;
    this.#view.settings = settings;
    if (JSON.stringify(before) !== JSON.stringify(this.#shown)) this.#showView();
    if (liveBefore !== this.#live) this.#tellLive();
  }

  /** This tab follows the memory so many times a second, until something else is chosen. */
  follow(hertz: number): void {
    this.#chosenLive = hertz;
    this.#tellLive();
    this.#keep();
  }

  get #live(): number {
    return this.#chosenLive ?? this.#settings.liveHertz;
  }

  #tellLive(): void {
    host.post({ type: 'live', hertz: this.#live });
  }

  /** Without a form as the column of the cursor shows the bytes. */
  copyAs(form?: CopyForm): void {
    void this.#controller.copyAs(form);
    this.#takeFocus();
  }

  fill(fill: Fill, asked: AskedSelection): void {
    void this.#controller.fill(fill, asked);
    this.#takeFocus();
  }

  paste(runs: readonly Run[] | undefined, asked: AskedSelection): void {
    if (runs !== undefined) void this.#controller.pasteRuns(runs, asked);
    this.#takeFocus();
  }

  pasteText(text: string): void {
    this.#controller.pasteText(text);
    this.#takeFocus();
  }

  /** Tells all that is selected. */
  tellRuns(number: number): void {
    const { layout, selection } = this.#view;
    const told = layout.rowCount === 0 ? { count: 0, runs: [] } : toldRuns(layout, selection, mostRuns);
    host.post({ type: 'runs', number, ...told });
  }

  /** Selects the tile of the cursor; the rows stay. */
  selectTile(): void {
    const { layout, selection } = this.#view;
    if (layout.rowCount > 0) this.#view.select(selectTile(layout, selection, selection.cursor), false);
    this.#takeFocus();
  }

  /** The keys go to the choice of cells. */
  chooseCells(): void {
    this.#line.focus();
  }

  /** How the bytes are shown: as chosen for this tab, else as set. */
  get #shown(): ViewChoice {
    if (this.#chosen !== undefined) return this.#chosen;
    const { cells, bytesPerRow, colours, addresses, decimal, inspector } = this.#settings;
    return { cells, bytesPerRow, colours, addresses, decimal, inspector };
  }

  /** Shows the values of what the person went to, in this tab. */
  showCells(name: CellName): void {
    if (this.#shown.cells.name !== name) {
      this.#choose({ ...this.#shown, cells: { name, order: 'little' } }, { ofName: true });
    }
  }

  /** Shows the bytes in another way in this tab, until another one is chosen. */
  #choose(view: ViewChoice, { ofName = false } = {}): void {
    this.#chosen = view;
    host.post({ type: 'view', view, ...(ofName ? { ofName } : {}) });
    this.#showView();
    this.#keep();
  }

  #showView(): void {
    this.#controller.leaveCell();
    this.#view.choice = this.#shown;
    this.#updateLine();
    this.#tellSelection();
    this.#updateOutline();
  }

  #updateLine(): void {
    this.#find.cells = this.#shown.cells;
    const { space } = this.#view.addresses;
    this.#line.update(
      this.#shown,
      addressKinds.filter((kind) => hasAddress(space, kind)),
    );
  }

  delta(packed: unknown): void {
    this.#store.take(toBytes(packed) ?? new Uint8Array());
  }

  unavailable(message: string): void {
    this.#store.unavailable(message);
  }

  /** What the bytes around the visible rows are compared with. */
  compare(told: unknown): void {
    this.#view.expected = toExpectedBytes(told);
    this.#updateOutline();
  }

  /** What has a name around the visible rows. */
  name(told: unknown): void {
    const names = toPageNames(told);
    if (names === undefined) return;
    this.#view.told = names;
    this.#updateOutline();
  }

  /** The keys go to what a person searches for: a few selected bytes, or what it was last. */
  openFind(withReplace: boolean): void {
    const { layout, selection } = this.#view;
    if (layout.rowCount === 0) return;
    const range = selectedRange(layout, selection);
    const { bytes, flags } = this.#store.read(range.length > mostSought ? { ...range, length: 0 } : range);
    const isThere = bytes.length > 0 && flags.every((flag) => (flag & stateBits.known) !== 0);
    const isSought = isExtended(selection) && isThere && this.#isOneRun;
    this.#find.open(withReplace, isSought ? hexPairs(bytes, this.#settings.upperCase) : undefined);
  }

  found(found: FoundState): void {
    this.#find.found = found;
  }

  /** A moment of a recording is shown from now on, or what is now. */
  showPast(old: readonly Run[] | undefined): void {
    this.#store.past = old;
  }

  /** What the timeline shows. */
  showTimeline(timeline: TimelineState | undefined): void {
    this.#timeline.update(timeline);
  }

  /** Which bytes are part of hits. */
  showHits(told: unknown): void {
    this.#view.hits = this.#find.isOpen ? toHitBytes(told) : undefined;
  }

  /** Whether the selected bytes lie next to each other. */
  get #isOneRun(): boolean {
    const { layout, selection } = this.#view;
    return selectedBytes(layout, selection) === selectedRange(layout, selection).length;
  }

  /** The bytes in which to search, where the scope is another one than all. */
  #scopeRange(scope: FindScope): ByteRange | undefined {
    const { layout, selection } = this.#view;
    const { range, geometry } = layout;
    if (layout.rowCount === 0) return undefined;
    // What the tab shows is searched in any case, so that its hits are marked.
    if (scope === 'all' || scope === 'board') return range;
    if (scope === 'memory') {
      const whole = { offset: 0, length: totalBytes(geometry) };
      return whole.length > range.length ? whole : undefined;
    }
    // A search goes through one run: of columns, and of several runs, it would miss what lies between them.
    if (scope === 'selection')
      return isExtended(selection) && this.#isOneRun ? selectedRange(layout, selection) : undefined;
    const length = geometry.bytesPerTile;
    const tile = { offset: selection.cursor - (selection.cursor % length), length };
    return tile.offset <= range.offset && endOf(tile) >= endOf(range) ? undefined : tile;
  }

  /** What is expected in place of a cell that differs. */
  #expectedOf({ offset, bytes: { length } }: ShownBytes): Uint8Array | undefined {
    return expectedOf(this.#view.expected, { offset, length });
  }

  /** The host was restarted while the page lives on. */
  restart(): void {
    this.#tellLive();
    this.#find.restart();
    this.#store.retry();
  }

  /** Shows a place until the person decides; without one goes back to where it was. */
  peek(offset: number | undefined): void {
    const { layout, selection } = this.#view;
    if (offset !== undefined) {
      this.#left ??= { selection, top: this.#view.top };
      this.#view.select(moveTo(layout, selection, offset, false), { centre: true });
      return;
    }
    const left = this.#left;
    this.#left = undefined;
    if (left === undefined) return;
    this.#view.select(reselect(layout, layout, left.selection, left.selection.pane), false);
    this.#view.scrollTo(left.top);
  }

  reveal(range: ByteRange): void {
    this.#left = undefined;
    this.#view.select(selectRange(this.#view.layout, this.#view.selection, range), { centre: true });
    this.#takeFocus();
  }

  /** What is in the tiles, for the map. */
  map(marks: unknown): void {
    const told = toBytes(marks);
    if (told !== undefined) this.#map.marks = told;
  }

  /** To the same offset in another tile; the host opens one that this page does not show. */
  #goToTile(tile: number): void {
    const { layout, selection } = this.#view;
    const { range, geometry } = layout;
    const offset = tile * geometry.bytesPerTile + (selection.cursor % geometry.bytesPerTile);
    if (offset < range.offset || offset >= endOf(range)) {
      host.post({ type: 'openPlace', offset });
      return;
    }
    this.#view.select(moveTo(layout, selection, offset, false), { centre: true });
    this.#view.element.focus();
  }

  /** The row of a byte becomes the first one on screen; the cursor stays. */
  scroll(offset: number): void {
    const { layout } = this.#view;
    if (layout.rowCount === 0) return;
    this.#view.scrollTo(layout.place(offset).row);
    this.#scrolledTo = layout.offsetAt(Math.floor(this.#view.top), 0);
  }

  #takeFocus(): void {
    const { activeElement, body } = window.document;
    if (window.document.hasFocus() && (activeElement === null || activeElement === body)) {
      this.#view.element.focus();
    }
  }

  /** What is shown at a byte: its cell, or the byte itself. */
  #shownAt(offset: number, pane: Pane): ShownBytes {
    return this.#store.read(pane === 'cells' ? this.#view.layout.cell(offset) : { offset, length: 1 });
  }

  #details(): CursorDetails | undefined {
    const { layout, selection } = this.#view;
    if (layout.rowCount === 0) return undefined;
    const notation = this.#view.notationIn(selection.pane);
    const { upperCase } = notation;
    const shown = this.#shownAt(selection.cursor, selection.pane);
    const length = selectedBytes(layout, selection);
    return {
      place: [
        ...placeTexts(this.#t, layout, selection.cursor, this.#view.addresses),
        ...(this.#view.names?.textsAt(selection.cursor, upperCase) ?? []),
      ],
      value: valueText(this.#t, notation, shown),
      states: [
        ...stateTexts(this.#t, notation, shown, this.#expectedOf(shown), this.#store.old(shown)),
        ...(this.#state.moving && mayBeTorn({ offset: shown.offset, length: shown.bytes.length })
          ? [this.#t('torn')]
          : []),
      ],
      ...(isExtended(selection)
        ? { selected: this.#t('cursorSelection', length, hexDigits(length, 1, upperCase)) }
        : {}),
    };
  }

  /** At most once per animation frame. */
  #updateOutline(): void {
    if (this.#updatePending) return;
    this.#updatePending = true;
    requestAnimationFrame(() => {
      this.#updatePending = false;
      const cursor = this.#details();
      const { failure } = this.#store;
      const notice =
        this.#notice?.quiet === true ? (this.#doing ?? this.#notice) : (this.#notice ?? this.#doing);
      this.#outline.update({
        state: this.#state,
        ...(cursor === undefined ? {} : { cursor }),
        ...(notice === undefined ? {} : { notice }),
        ...(failure === undefined ? {} : { failure: failureText(this.#t, failure) }),
      });
      this.#noteHistory();
      this.#inspector.update(this.#inspected());
      this.#map.show(this.#view.selection.cursor, this.#view.visible);
      if (cursor !== undefined) this.#speakCursor(cursor);
      if (this.#toSay !== undefined) this.#outline.speak(this.#toSay);
      this.#toSay = undefined;
    });
  }

  /** Notes what is at the cursor now. */
  #noteHistory(): void {
    const { layout, selection, visible } = this.#view;
    if (layout.rowCount === 0) return;
    const { live, frozen } = this.#state;
    // Only what is on screen is followed.
    const isOnScreen = intersectRanges(visible, { offset: selection.cursor, length: 1 }) !== undefined;
    const isFollowed = isOnScreen && live !== undefined && live.paused === undefined && frozen === undefined;
    this.#history.take(this.#shownAt(selection.cursor, selection.pane), isFollowed, performance.now());
  }

  /** What the inspector shows, while it is open. */
  #inspected(): InspectorContent | undefined {
    const { layout, selection } = this.#view;
    if (!this.#shown.inspector || layout.rowCount === 0) {
      this.#meter.select(undefined);
      return undefined;
    }
    const { cursor, pane } = selection;
    const length = Math.min(inspectedBytes, endOf(layout.range) - cursor);
    const ranges = selectedRanges(layout, selection);
    const { choice, format, upperCase } = this.#view.notationIn(pane);
    const cell = pane === 'cells' ? layout.cell : (offset: number) => ({ offset, length: 1 });
    this.#meter.select(isExtended(selection) ? { ranges, format, cell } : undefined);
    const changedAt = this.#store.changedAt(cursor);
    const now = performance.now();
    return {
      bytes: this.#store.read({ offset: cursor, length }),
      upperCase,
      changed: changedAt === undefined ? undefined : now - changedAt,
      history: sparkline(this.#history.stretches(now), format, historyColumns),
      format,
      formatName: cellName(this.#t, choice, format.bytes),
      selection: this.#meter.state,
      selected: {
        length: bytesIn(ranges),
        name: cellName(this.#t, choice, format.bytes),
        isInteger: format.isInteger,
      },
    };
  }

  /** Says where the cursor is and what is there, once per change, after any message. */
  #speakCursor(cursor: CursorDetails): void {
    if (window.document.activeElement !== this.#view.element) return;
    const pane = this.#paneName(this.#view.selection.pane);
    const { value, states, selected, place } = cursor;
    const text = [value, ...states, ...place, pane, ...(selected === undefined ? [] : [selected])].join(', ');
    if (text === this.#spoken) return;
    this.#spoken = text;
    // What moves by itself under a resting cursor would never stop being said.
    const where = [...place, pane, selected].join();
    const rests = where === this.#spokenAt;
    this.#spokenAt = where;
    const { live } = this.#state;
    if (rests && live !== undefined && live.paused === undefined) return;
    if (this.#notice === undefined) this.#outline.speak(text);
  }

  #paneName(pane: Pane): string {
    if (pane === 'characters') return this.#t('paneCharacters');
    const { choice, format } = this.#view.notation;
    return choice.name === 'hex8'
      ? this.#t('paneHex')
      : this.#t('paneCells', cellName(this.#t, choice, format.bytes));
  }

  #notify(notice: Notice | undefined): void {
    if (notice === undefined && this.#notice === undefined) return;
    this.#notice = notice;
    if (notice !== undefined) this.#outline.speak(notice.text);
    this.#updateOutline();
  }

  #onSelection(selection: Selection): void {
    this.#controller.cursorMoved();
    if (this.#notice !== undefined && selection.cursor !== this.#notedAt) this.#notify(undefined);
    this.#notedAt = selection.cursor;
    this.#tellSelection();
    this.#keep();
    this.#updateOutline();
  }

  /** A message above the rows, or a line for a search, is not what the next page begins with. */
  #tellRowsPlace(top: number): void {
    if (this.#find.isOpen || this.#state.banner !== undefined || this.#state.past !== undefined) return;
    const { bytesPerRow } = this.#view.layout;
    const place = `${top} ${bytesPerRow}`;
    if (place === this.#rowsPlace) return;
    this.#rowsPlace = place;
    host.post({ type: 'rowsPlace', top, bytesPerRow });
  }

  #tellSelection(): void {
    const { layout, selection } = this.#view;
    if (layout.rowCount === 0) return;
    const { offset, length } = selectedRange(layout, selection);
    const { cursor } = selection;
    const address = addressText(this.#view.addresses, firstSelected(layout, selection));
    const selected = selectedBytes(layout, this.#view.selection);
    host.post({ type: 'selection', cursor, start: offset, length, selected, address });
  }

  #onHover(hover: Hover | undefined): void {
    clearTimeout(this.#hover);
    this.#outline.hideHover();
    if (hover === undefined) return;
    this.#hover = setTimeout(() => {
      const shown = this.#shownAt(hover.offset, hover.pane);
      const expected = this.#expectedOf(shown);
      const text = hoverText(
        this.#t,
        this.#view.notationIn(hover.pane),
        shown,
        expected,
        this.#store.old(shown),
      );
      const names = this.#view.names?.detailsAt(hover.offset) ?? [];
      const lines = [
        ...(text === undefined ? [] : [text]),
        ...names.map((name) => this.#t('nameDetail', name.text, name.detail)),
      ];
      if (lines.length > 0) this.#outline.showHover(lines.join('\n'), hover.x, hover.y);
    }, hoverDelay);
  }

  readonly #keep = throttled(200, () => {
    const kept: KeptState = {
      of: this.#view.layout.range,
      selection: this.#view.selection,
      top: this.#view.top,
      ...(this.#chosen === undefined ? {} : { view: this.#chosen }),
      ...(this.#chosenLive === undefined ? {} : { live: this.#chosenLive }),
    };
    api.setState(kept);
  });

  /** Begins where another tab is. */
  #begin({ cursor, top }: PagePlace): void {
    const { layout, selection } = this.#view;
    if (layout.rowCount === 0) return;
    this.#view.select(moveTo(layout, selection, cursor, false), false);
    this.#view.scrollTo(layout.place(moveTo(layout, selection, top, false).cursor).row);
  }

  #restore(kept: KeptState): void {
    const { range } = this.#view.layout;
    const inside = (offset: number) => offset >= range.offset && offset < range.offset + range.length;
    if (!inside(kept.selection.anchor) || !inside(kept.selection.cursor)) return;
    // The page may show other cells now: both ends of the selection move to whole cells.
    const anchored = moveTo(this.#view.layout, kept.selection, kept.selection.anchor, false);
    this.#view.select(moveTo(this.#view.layout, anchored, kept.selection.cursor, true), false);
    this.#view.scrollTo(kept.top);
  }
}

/** Calls through at once, then at most once a period, always with the last value. */
function throttled<A extends readonly unknown[]>(
  period: number,
  call: (...args: A) => void,
): (...args: A) => void {
  let last: A | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const fire = () => {
    timer = undefined;
    if (last === undefined) return;
    const args = last;
    last = undefined;
    call(...args);
    timer = setTimeout(fire, period);
  };
  return (...args) => {
    last = args;
    if (timer === undefined) fire();
  };
}

function isOf({ of }: KeptState, { offset, length }: ByteRange): boolean {
  return of === undefined || (of.offset === offset && of.length === length);
}

/** What an earlier page of this tab kept; anything else is ignored. */
const keptShape = v.object({
  selection: v.object({
    anchor: whole(Number.MIN_SAFE_INTEGER),
    cursor: whole(Number.MIN_SAFE_INTEGER),
    pane: v.picklist(['cells', 'characters']),
  }),
  top: v.number(),
  of: v.optional(v.object({ offset: whole(0), length: whole(0) })),
  view: v.optional(v.fallback(v.optional(viewChoiceShape), undefined)),
  live: v.optional(v.fallback(v.optional(liveRateShape), undefined)),
});

let editor: Editor | undefined;
host.listen((message) => {
  switch (message.type) {
    case 'init':
      // Sent again only by a host that was restarted under a living page: the page keeps its grid.
      if (editor === undefined) {
        editor = new Editor(
          message.document,
          message.settings,
          message.strings,
          message.state,
          message.place,
        );
      } else {
        editor.setSettings(message.settings);
        editor.setState(message.state);
        editor.restart();
      }
      return;
    case 'state':
      editor?.setState(message.state);
      return;
    case 'settings':
      editor?.setSettings(message.settings);
      return;
    case 'chooseCells':
      editor?.chooseCells();
      return;
    case 'selectTile':
      editor?.selectTile();
      return;
    case 'copyAs':
      editor?.copyAs(message.form);
      return;
    case 'pasteText':
      editor?.pasteText(message.text);
      return;
    case 'fill':
      editor?.fill(message.fill, message.asked);
      return;
    case 'paste':
      editor?.paste(toRuns(message.runs), message.asked);
      return;
    case 'tellRuns':
      editor?.tellRuns(message.number);
      return;
    case 'live':
      editor?.follow(message.hertz);
      return;
    case 'delta':
      editor?.delta(message.packed);
      return;
    case 'unavailable':
      editor?.unavailable(message.message);
      return;
    case 'expected':
      editor?.compare(message.expected);
      return;
    case 'names':
      editor?.name(message.told);
      return;
    case 'openFind':
      editor?.openFind(message.withReplace);
      return;
    case 'found':
      editor?.found(message.found);
      return;
    case 'hits':
      editor?.showHits(message.hits);
      return;
    case 'past':
      editor?.showPast(toRuns(message.old));
      return;
    case 'timeline':
      editor?.showTimeline(toTimeline(message.timeline));
      return;
    case 'map':
      editor?.map(message.marks);
      return;
    case 'peek':
      editor?.peek(message.offset);
      return;
    case 'scroll':
      editor?.scroll(message.offset);
      return;
    case 'reveal':
      if (message.cells !== undefined) editor?.showCells(message.cells);
      editor?.reveal({ offset: message.offset, length: message.length });
      return;
  }
});

// A page that VS Code loads once more, with the same text, kept its place: what stands in the text is old by then.
const text = document.getElementById(openingId)?.textContent;
const opening = text == null || api.getState() !== undefined ? undefined : toOpening(text);
host.post({ type: 'ready', isOpen: opening !== undefined });
if (opening !== undefined) {
  const { document, settings, strings, state, place } = opening.init;
  editor = new Editor(document, settings, strings, state, place, opening.bytes);
}
