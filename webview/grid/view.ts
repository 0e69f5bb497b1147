/**
 * The grid on screen: visible rows, scrolling, cursor and selection by mouse. It knows bytes only through its store and
 * decides nothing about edits. It draws at most once per animation frame, and only what changed.
 */

import type {
  EditorDocument,
  EditorSettings,
  ExpectedBytes,
  HitBytes,
  PageNames,
  ViewChoice,
} from '../../src/editor/messages.ts';
import type { AddressNotation, AddressSpace } from '../../src/model/addresses.ts';
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { hexBytes } from '../../src/model/cells/choices.ts';
import { type ByteRange, formatTile } from '../../src/model/geometry.ts';
import { Soon } from '../../src/model/later.ts';
import { addressWidth } from '../../src/model/rows/address-texts.ts';
import { columnWidths, rowHeights } from '../../src/model/rows/columns.ts';
import { createLayout, type Layout, offsetDigits } from '../../src/model/rows/layout.ts';
import { cellMap, fittedRow, headingText } from '../../src/model/rows/text.ts';
import type { Box } from '../box.ts';
import { offerMenu, openMenuAt } from '../context-menu.ts';
import type { Translate } from '../strings.ts';
import { type Notation, rowText } from './cell-texts.ts';
import { ChangePicture, type PicturedGrid } from './change-picture.ts';
import { NameTable } from './names.ts';
import { createPainter, type Painter } from './painter.ts';
import { RowElement, type RowSource, type RowStyle } from './rows.ts';
import { clampTop, revealRow, type ScrollMetrics, thumbAt, topFromThumb } from './scroll.ts';
import {
  addAt,
  type Extend,
  moveTo,
  type Pane,
  reselect,
  type Selection,
  selectedRanges,
  selectTile,
  selectWord,
} from './selection.ts';
import type { ByteStore } from './store.ts';
import type { PendingDigits } from './typing.ts';

/** What the grid tells its owner. */
export interface GridEvents {
  /** Cursor, selection or column changed. */
  onSelection(selection: Selection): void;
  /** Other rows are visible. */
  onVisible(range: ByteRange): void;
  /** The pointer rests on a byte (`undefined`: on none). */
  onHover(hover: Hover | undefined): void;
  /** The grid was drawn: what lies over a cell may have to move. */
  onDrawn(): void;
  /** Where the rows begin: pixels from the top of the page. Called whenever the page gave it another size. */
  onSized(top: number): void;
}

/** Where the pointer is: the byte and the pane, and the point in client pixels. */
export interface Hover {
  readonly offset: number;
  readonly pane: Pane;
  readonly x: number;
  readonly y: number;
}

/** Rows asked for above and below what is visible. */
const rowsAhead = 32;

/** Rows that one notch of a wheel in line mode moves. */
const rowsPerLine = 1;

/** The placement of rows is counted from a row that is moved when it is this far away: pixels stay exact. */
const rebaseRows = 10_000;

/** A mark of a change is fresh for so long, milliseconds, then it fades. */
const freshMs = 400;

type HeadingName = 'buffer' | 'offset' | 'bytes' | 'characters' | 'names';

/** The grid of one document. */
export class GridView {
  /** The focusable element with role grid. */
  readonly element = part('scroller');
  readonly #events: GridEvents;
  readonly #t: Translate;
  readonly #document: EditorDocument;
  readonly #store: ByteStore;
  readonly #painter: Painter;
  readonly #area = part('grid-area');
  readonly #sheet = part('sheet');
  readonly #headings = part('headings');
  readonly #headingCells: Readonly<Record<HeadingName, HTMLElement>>;
  readonly #viewport = part('viewport');
  readonly #layer = part('layer');
  readonly #track = part('track');
  readonly #thumb = part('thumb');
  #rows: RowElement[] = [];
  readonly #spare: RowElement[] = [];
  #settings: EditorSettings;
  #choice: ViewChoice;
  #moving = false;
  readonly #still = window.matchMedia('(prefers-reduced-motion: reduce)');
  /** Kept: asking takes longer than drawing a row. */
  #isStill = this.#still.matches;
  readonly #picture: ChangePicture;
  /** Made anew after it was measured. */
  #pictured: PicturedGrid | undefined;
  readonly #fading = new Soon(() => {
    for (const row of this.#rows) if (row.willFade) row.forget();
    this.schedule();
  });
  #array: Omit<AddressSpace, 'geometry'> = { generation: 'unknown' };
  #expected: ExpectedBytes | undefined;
  #names: NameTable | undefined;
  #hits: HitBytes | undefined;
  /** Bytes of a row as chosen, or as there is room for. */
  #rowLength = 16;
  /** A row of another length must not ask for yet another one. */
  #isFitting = false;
  /** Of the characters. */
  #byteFormat = cellFormat(hexBytes, true);
  #style: RowStyle;
  #selection: Selection;
  #pending: PendingDigits | undefined;
  #focused = false;
  /** First visible row, with a fraction. */
  #top = 0;
  #base = 0;
  #nextDraw = 0;
  #rowHeight = 20;
  #characterWidth = 8;
  #textHeight = 16;
  #viewportHeight = 0;
  /** Height of the scrollbar, pixels. */
  #trackHeight = 0;
  /** Left edges in the sheet, pixels. */
  #left: Readonly<Record<Pane, number>> = { cells: 0, characters: 0 };
  #visible: ByteRange = { offset: 0, length: 0 };
  #drag: { x: number; y: number; extend: Extend } | undefined;
  #headingTile = '';

  constructor(
    parent: HTMLElement,
    document: EditorDocument,
    settings: EditorSettings,
    choice: ViewChoice,
    store: ByteStore,
    t: Translate,
    events: GridEvents,
  ) {
    this.#document = document;
    this.#store = store;
    this.#t = t;
    this.#events = events;
    this.#settings = settings;
    this.#choice = choice;
    if (choice.bytesPerRow > 0) this.#rowLength = choice.bytesPerRow;
    this.#style = this.#makeStyle();
    this.#selection = { anchor: document.range.offset, cursor: document.range.offset, pane: 'cells' };
    this.#painter = createPainter(this.element, () => this.#characterWidth);
    this.#picture = new ChangePicture(this.#layer);
    this.#headingCells = this.#build(parent);
    this.#applyStyle();
    this.#listen();
    // The headings are as wide as the font makes them, whatever room the rows have.
    const sizes = new ResizeObserver(() => {
      this.measure();
      if (this.#viewportHeight > 0) this.#events.onSized(this.#viewport.getBoundingClientRect().top);
    });
    for (const element of [this.element, this.#viewport, this.#headingCells.bytes]) sizes.observe(element);
    this.measure();
  }

  /** Puts an element beside the scrollbar. */
  addBeside(element: HTMLElement): void {
    this.#area.append(element);
  }

  get layout(): Layout {
    return this.#style.layout;
  }

  get selection(): Selection {
    return this.#selection;
  }

  /** The bytes of the visible rows. */
  get visible(): ByteRange {
    return this.#visible;
  }

  /** First visible row, with a fraction. */
  get top(): number {
    return this.#top;
  }

  /** Whole rows that fit. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#viewportHeight / this.#rowHeight) - 1);
  }

  /** How the values of the cells are written. */
  get notation(): Notation {
    const { format, upperCase } = this.#style;
    return { choice: this.#choice.cells, format, upperCase };
  }

  /** As `notation`, of what is shown in a pane: characters stand for bytes. */
  notationIn(pane: Pane): Notation {
    if (pane === 'cells') return this.notation;
    const { upperCase } = this.#style;
    return { choice: hexBytes, format: this.#byteFormat, upperCase };
  }

  /** The accessible name of the grid. */
  set label(text: string) {
    this.element.setAttribute('aria-label', text);
  }

  /** Whether typing is taken; told to screen readers. */
  set readOnly(value: boolean) {
    this.element.setAttribute('aria-readonly', String(value));
  }

  /** The digits that wait for the rest of their cell. */
  set pending(pending: PendingDigits | undefined) {
    if (pending === undefined && this.#pending === undefined) return;
    this.#pending = pending;
    for (const row of this.#rows) row.forget();
    this.schedule();
  }

  /** Moves cursor and selection, and the view along with them. */
  select(selection: Selection, reveal: { readonly centre?: boolean } | false = {}): void {
    const same =
      selection.cursor === this.#selection.cursor &&
      selection.anchor === this.#selection.anchor &&
      selection.isColumn === this.#selection.isColumn &&
      selection.others === this.#selection.others &&
      selection.pane === this.#selection.pane;
    this.#selection = selection;
    if (reveal !== false) this.#reveal(selection.cursor, reveal.centre === true);
    this.schedule();
    if (!same) this.#events.onSelection(selection);
  }

  /** Scrolls to a row, fractions allowed. */
  scrollTo(top: number): void {
    const clamped = clampTop(this.#metrics(), top);
    if (clamped === this.#top) return;
    this.#top = clamped;
    this.#events.onHover(undefined);
    this.schedule();
  }

  /** Takes new settings; cursor and place stay. */
  set settings(settings: EditorSettings) {
    this.#settings = settings;
    this.#restyle();
  }

  /** Shows the bytes in another way; the selection and the place stay, to whole cells. */
  set choice(choice: ViewChoice) {
    this.#choice = choice;
    this.#rowLength = choice.bytesPerRow > 0 ? choice.bytesPerRow : this.#fittedLength();
    this.#restyle();
  }

  /** Bytes that changed after this tick of the store are marked; undefined: those of the last updates. */
  set moment(moment: number | undefined) {
    if (moment === this.#store.moment) return;
    this.#store.moment = moment;
    for (const row of this.#rows) row.forget();
    this.schedule();
  }

  /** How addresses are written. */
  get addresses(): AddressNotation {
    return this.#style.addresses;
  }

  /** What the board told of itself: addresses depend on it. */
  set array(array: Omit<AddressSpace, 'geometry'>) {
    if (JSON.stringify(array) === JSON.stringify(this.#array)) return;
    this.#array = array;
    this.#restyle();
  }

  /** Whether bytes may change while they are read. */
  set moving(moving: boolean) {
    if (moving === this.#moving) return;
    this.#moving = moving;
    this.#restyle();
  }

  /** What bytes are compared with. */
  get expected(): ExpectedBytes | undefined {
    return this.#expected;
  }

  set expected(expected: ExpectedBytes | undefined) {
    this.#expected = expected;
    this.schedule();
  }

  /** What has a name around the visible rows; `undefined` before the host told, and without names in the memory. */
  get names(): NameTable | undefined {
    return this.#names;
  }

  set told({ names, isNamed }: PageNames) {
    const wasNamed = this.#names !== undefined;
    this.#names = isNamed ? new NameTable(names) : undefined;
    // There is a column more, or one less.
    if (wasNamed !== isNamed) this.#restyle();
    this.schedule();
  }

  /** Which bytes are part of hits. */
  set hits(hits: HitBytes | undefined) {
    this.#hits = hits;
    this.schedule();
  }

  #restyle(): void {
    const before = this.layout;
    const firstOffset = before.rowCount > 0 ? before.offsetAt(Math.floor(this.#top), 0) : 0;
    this.#style = this.#makeStyle();
    this.#applyStyle();
    for (const row of this.#rows) row.forget();
    this.measure();
    if (before.rowCount > 0) {
      this.scrollTo(this.layout.place(firstOffset).row);
      this.select(reselect(before, this.layout, this.#selection, this.#selection.pane), false);
    }
    this.schedule();
  }

  /** Where a byte is in a pane, moved to the nearest edge of the visible rows if it is not among them. */
  cellBox(offset: number, pane: Pane = 'cells'): Box {
    const { row, column } = this.layout.place(offset);
    const { map } = this.#style;
    const viewport = this.#viewport.getBoundingClientRect();
    const scroller = this.element.getBoundingClientRect();
    const sheet = this.#sheet.getBoundingClientRect();
    const y = (row - this.#top) * this.#rowHeight;
    const isCell = pane === 'cells';
    const start = isCell ? (map.starts[Math.floor(column / map.bytesPerCell)] ?? 0) : column;
    const width = (isCell ? map.cellWidth : 1) * this.#characterWidth;
    const x = sheet.left + this.#left[pane] + start * this.#characterWidth;
    return {
      left: Math.min(Math.max(x, scroller.left), scroller.right - width),
      top: viewport.top + Math.min(Math.max(0, y), Math.max(0, viewport.height - this.#rowHeight)),
      width,
      height: this.#rowHeight,
    };
  }

  /** Draws at the next animation frame; any number of calls draw once. */
  schedule(): void {
    if (this.#nextDraw === 0) this.#nextDraw = requestAnimationFrame(() => this.#draw());
  }

  /** Bytes of the longest row that can be seen without scrolling sideways. */
  #fittedLength(): number {
    const { clientWidth } = this.element;
    if (clientWidth === 0) return this.#rowLength;
    const style = getComputedStyle(this.#headingCells.characters);
    const around = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
    const names = this.#headingCells.names.getBoundingClientRect().width;
    const room = (clientWidth - this.#left.cells - around - names) / this.#characterWidth;
    return fittedRow(cellFormat(this.#choice.cells, true), room);
  }

  /** Learns font and window sizes again. */
  measure(): void {
    const text = this.#headingCells.bytes.firstChild;
    const size = Number.parseFloat(getComputedStyle(this.#sheet).fontSize) || 14;
    this.#rowHeight = Math.round(size * rowHeights[this.#settings.density]);
    this.element.style.setProperty('--row-height', `${this.#rowHeight}px`);
    if (text !== null) {
      const range = document.createRange();
      range.selectNodeContents(text);
      const { width, height } = range.getBoundingClientRect();
      this.#characterWidth = width / this.#style.map.width || 8;
      this.#textHeight = Math.min(Math.round(height), this.#rowHeight);
    }
    const sheet = this.#sheet.getBoundingClientRect();
    this.#left = {
      cells: innerLeft(this.#headingCells.bytes) - sheet.left,
      characters: innerLeft(this.#headingCells.characters) - sheet.left,
    };
    const length = this.#choice.bytesPerRow > 0 ? this.#choice.bytesPerRow : this.#fittedLength();
    if (length !== this.#rowLength && !this.#isFitting) {
      this.#rowLength = length;
      this.#isFitting = true;
      this.#restyle();
      this.#isFitting = false;
      return;
    }
    this.element.classList.toggle('sideways', this.element.scrollWidth > this.element.clientWidth);
    const before = this.#metrics();
    this.#viewportHeight = this.#viewport.clientHeight;
    this.#trackHeight = this.#track.clientHeight;
    this.#top = clampTop(this.#metrics(), this.#stayingInSight(before));
    this.#base = Math.floor(this.#top);
    this.#pictured = undefined;
    for (const row of this.#rows) row.forget();
    this.schedule();
  }

  /** The first row to show so that a cursor that was in sight stays there when the room became less. */
  #stayingInSight(before: ScrollMetrics): number {
    if (this.layout.rowCount === 0) return this.#top;
    const { row } = this.layout.place(this.#selection.cursor);
    // Positions are fractions: a row at the edge is in sight but for the last digit.
    const wasInSight = Math.abs(revealRow(before, this.#top, row) - this.#top) < 0.01;
    return wasInSight ? revealRow(this.#metrics(), this.#top, row) : this.#top;
  }

  #makeStyle(): RowStyle {
    const { geometry, range } = this.#document;
    const { upperCase } = this.#settings;
    const format = cellFormat(this.#choice.cells, upperCase);
    this.#byteFormat = cellFormat(hexBytes, upperCase);
    const addresses = {
      space: { geometry, ...this.#array },
      kind: this.#choice.addresses,
      decimal: this.#choice.decimal,
      upperCase,
    };
    const layout = createLayout(geometry, range, this.#rowLength, format.bytes);
    return {
      layout,
      format,
      map: cellMap(layout.bytesPerRow, format),
      bufferDigits: offsetDigits(range.offset + range.length),
      addresses,
      addressWidth: addressWidth(addresses, range),
      upperCase,
      colours: this.#choice.colours,
      moving: this.#moving,
      headingText: (row) => formatTile(row.tile),
      placeText: (offset) => rowText(this.#t, layout, offset, addresses),
      goesOnText: (name) => this.#t('nameGoesOn', name),
      detailText: (name, detail) => this.#t('nameDetail', name, detail),
    };
  }

  #build(parent: HTMLElement): Readonly<Record<HeadingName, HTMLElement>> {
    this.element.id = 'grid';
    this.element.tabIndex = 0;
    this.element.setAttribute('role', 'grid');
    this.element.setAttribute('aria-multiselectable', 'true');
    this.element.setAttribute('aria-describedby', 'grid-help');
    this.#headings.setAttribute('role', 'row');
    this.#headings.setAttribute('aria-rowindex', '1');
    const heading = (name: string) => {
      const element = document.createElement('span');
      element.className = `cell ${name}`;
      element.setAttribute('role', 'columnheader');
      this.#headings.append(element);
      return element;
    };
    const cells = {
      buffer: heading('buffer'),
      offset: heading('offset'),
      bytes: heading('bytes'),
      characters: heading('characters'),
      names: heading('names'),
    };
    cells.buffer.textContent = this.#t('bufferOffset');
    cells.offset.textContent = this.#t('tileOffset');
    cells.characters.textContent = this.#t('characters');
    cells.names.textContent = this.#t('names');
    this.#layer.setAttribute('role', 'rowgroup');
    this.#track.setAttribute('role', 'scrollbar');
    this.#track.setAttribute('aria-controls', this.element.id);
    this.#track.setAttribute('aria-orientation', 'vertical');
    this.#track.setAttribute('aria-valuemin', '0');
    this.#track.setAttribute('aria-label', this.#t('scrollbar'));
    this.#track.append(this.#thumb);
    this.#viewport.append(this.#layer);
    this.#sheet.append(this.#headings, this.#viewport);
    this.element.append(this.#sheet);
    this.#area.append(this.element, this.#track);
    offerMenu(this.#area, 'grid');
    offerMenu(this.#headings, 'header');
    parent.append(this.#area);
    return cells;
  }

  /** The font of the settings; without one, the page's style sheet takes that of VS Code's editors. */
  #applyFont(): void {
    const { style } = this.element.ownerDocument.documentElement;
    const { fontFamily, fontSize } = this.#settings;
    const set = (property: string, value: string) =>
      value === '' ? style.removeProperty(property) : style.setProperty(property, value);
    set('--mono', fontFamily === '' ? '' : `${fontFamily}, monospace`);
    set('--mono-size', fontSize === 0 ? '' : `${fontSize}px`);
  }

  #applyStyle(): void {
    this.#applyFont();
    const { layout, map, bufferDigits, addressWidth, addresses, upperCase } = this.#style;
    const { buffer, bytes, offset, characters, names } = this.#headingCells;
    names.hidden = this.#names === undefined;
    bytes.textContent = headingText(map, upperCase, addresses.decimal);
    buffer.hidden = !layout.headings;
    const { geometry, range, bytesPerRow } = layout;
    const widths = columnWidths(
      { geometry, range, bufferDigits, addressWidth, cellsWidth: map.width, bytesPerRow },
      {
        buffer: this.#t('bufferOffset'),
        offset: this.#t('tileOffset'),
        characters: this.#t('characters'),
      },
    );
    for (const [name, width] of Object.entries(widths)) {
      this.element.style.setProperty(`--${name}-width`, `${width}ch`);
    }
    offset.setAttribute('aria-label', this.#t('tileOffset'));
    characters.setAttribute('aria-label', this.#t('characters'));
    this.element.setAttribute('aria-rowcount', String(layout.rowCount + 1));
    const columns = (layout.headings ? 4 : 3) + (names.hidden ? 0 : 1);
    this.element.setAttribute('aria-colcount', String(columns));
    this.#track.setAttribute('aria-valuemax', String(layout.rowCount));
  }

  /** From what was measured last: asking the page in the middle of a drawing would make it lay out what is half written. */
  #metrics(): ScrollMetrics {
    return {
      rows: this.layout.rowCount,
      page: this.#viewportHeight / this.#rowHeight,
      track: this.#trackHeight,
    };
  }

  #reveal(offset: number, centre: boolean): void {
    if (this.layout.rowCount === 0) return;
    const { row, column } = this.layout.place(offset);
    const top = revealRow(this.#metrics(), this.#top, row, { centre });
    // The first row of a tile comes with its heading.
    const headed = row > 0 && this.layout.row(row - 1).kind === 'tile';
    this.scrollTo(headed ? Math.min(top, row - 1) : top);
    const { map } = this.#style;
    const { pane } = this.#selection;
    const start = pane === 'cells' ? (map.starts[Math.floor(column / map.bytesPerCell)] ?? 0) : column;
    const left = this.#left[pane] + start * this.#characterWidth;
    const right = left + (pane === 'cells' ? map.cellWidth : 2) * this.#characterWidth;
    const { scrollLeft, clientWidth } = this.element;
    const margin = 2 * this.#characterWidth;
    // The offsets stay at the left edge, over what is scrolled.
    const covered = this.#headingCells.offset.getBoundingClientRect().width;
    if (left - margin < scrollLeft + covered) this.element.scrollLeft = left - margin - covered;
    else if (right + margin > scrollLeft + clientWidth) {
      this.element.scrollLeft = right + margin - clientWidth;
    }
  }

  #draw(): void {
    this.#nextDraw = 0;
    if (this.#drag !== undefined) this.#dragStep(this.#drag);
    const { layout } = this.#style;
    const first = Math.floor(this.#top);
    const count = Math.min(layout.rowCount - first, Math.ceil(this.#viewportHeight / this.#rowHeight) + 1);
    if (Math.abs(first - this.#base) > rebaseRows) this.#base = first;
    this.#arrange(first, first + count - 1);
    const store = this.#store;
    const source: RowSource = {
      version: (row) => store.versionIn(row),
      read: (row) => store.read(row),
      changes: (row) => store.changes(row),
      faded: this.#fades ? store.heardBy(performance.now() - freshMs) : 0,
    };
    for (const row of this.#rows) {
      const drawn = row.show(this.#style, row.index, source, this.#pending);
      row.showNames(this.#style, this.#names, row.index === first);
      const isTextNew = drawn === 'text';
      const runs = row.runs(
        this.#style,
        this.#selection,
        this.#expected,
        this.#hits,
        this.#focused,
        isTextNew,
      );
      if (runs !== undefined) this.#painter.paint(row, runs);
    }
    this.#pictured ??= this.#picturedGrid();
    this.#picture.draw(this.#rows, this.#pictured, (first - this.#base) * this.#rowHeight);
    const ratio = window.devicePixelRatio || 1;
    const shift = Math.round((this.#base - this.#top) * this.#rowHeight * ratio) / ratio;
    this.#layer.style.transform = `translateY(${shift}px)`;
    this.#drawThumb();
    this.#drawHeadingTile(first);
    this.#announceVisible(first, count);
    this.#store.drawn();
    this.#events.onDrawn();
    this.#fadeLater();
  }

  /** Where the picture of what changed is drawn. */
  #picturedGrid(): PicturedGrid {
    const { map, layout } = this.#style;
    const startOf = (column: number) => map.starts[Math.floor(column / map.bytesPerCell)] ?? 0;
    return {
      panes: {
        cells: {
          left: this.#left.cells,
          width: map.width,
          start: startOf,
          end: (column) => startOf(column) + map.cellWidth,
        },
        characters: {
          left: this.#left.characters,
          width: layout.bytesPerRow,
          start: (column) => column,
          end: (column) => column + 1,
        },
      },
      rowHeight: this.#rowHeight,
      textTop: Math.floor((this.#rowHeight - this.#textHeight) / 2),
      textHeight: this.#textHeight,
      characterWidth: this.#characterWidth,
    };
  }

  /** Marks fade where a person has nothing against what moves, and none has chosen since when changes count. */
  get #fades(): boolean {
    return this.#store.moment === undefined && !this.#isStill;
  }

  /** Draws the rows anew whose marks are fresh, once they are not. */
  #fadeLater(): void {
    if (this.#fading.isAsked || !this.#fades || !this.#rows.some(({ willFade }) => willFade)) return;
    this.#fading.ask(freshMs);
  }

  /**
   * Gives each visible row its element, in document order; elements that left one end come back at the other. After a jump
   * they stay where they are and show other rows: moving an element costs more than writing its texts.
   */
  #arrange(first: number, last: number): void {
    const isInSight = (row: RowElement) => row.index >= first && row.index <= last;
    if (!this.#rows.some(isInSight)) {
      for (const [i, row] of this.#rows.entries()) {
        row.forget();
        row.index = first + i;
      }
    }
    const kept = this.#rows.filter(isInSight);
    const freed = this.#rows.filter((row) => !isInSight(row));
    const take = (index: number): RowElement => {
      const row = freed.pop() ?? this.#spare.pop() ?? new RowElement();
      row.forget();
      row.index = index;
      return row;
    };
    const before: RowElement[] = [];
    const after: RowElement[] = [];
    const keptFirst = kept[0]?.index ?? last + 1;
    const keptLast = kept.at(-1)?.index ?? last;
    for (let index = first; index < keptFirst; index++) before.push(take(index));
    for (let index = keptLast + 1; index <= last; index++) after.push(take(index));
    if (before.length > 0) this.#layer.prepend(...before.map((row) => row.element));
    if (after.length > 0) this.#layer.append(...after.map((row) => row.element));
    for (const row of freed) {
      row.element.remove();
      this.#painter.paint(row, []);
      this.#spare.push(row);
    }
    this.#rows = [...before, ...kept, ...after];
    for (const row of this.#rows) row.place((row.index - this.#base) * this.#rowHeight);
  }

  #drawThumb(): void {
    const thumb = thumbAt(this.#metrics(), this.#top);
    this.#thumb.hidden = thumb === undefined;
    if (thumb !== undefined) {
      this.#thumb.style.height = `${thumb.size}px`;
      this.#thumb.style.transform = `translateY(${thumb.start}px)`;
    }
    this.#track.setAttribute('aria-valuenow', String(Math.floor(this.#top)));
  }

  /** The heading of the offsets names the tile that they are counted in: the first visible one. */
  #drawHeadingTile(first: number): void {
    if (this.layout.rowCount === 0) return;
    const { tile } = this.layout.row(Math.min(first, this.layout.rowCount - 1));
    const text = formatTile(tile);
    if (text === this.#headingTile) return;
    this.#headingTile = text;
    this.#headingCells.offset.textContent = text;
  }

  #announceVisible(first: number, count: number): void {
    if (count <= 0) return;
    const { layout } = this.#style;
    const rangeOf = (from: number, to: number): ByteRange => {
      const start = layout.row(Math.max(0, from)).offset;
      const end = layout.offsetAt(Math.min(to, layout.rowCount - 1), layout.bytesPerRow - 1) + 1;
      return { offset: start, length: end - start };
    };
    this.#store.want(rangeOf(first - rowsAhead, first + count - 1 + rowsAhead), this.#selection.cursor);
    const visible = rangeOf(first, first + count - 1);
    if (visible.offset === this.#visible.offset && visible.length === this.#visible.length) return;
    this.#visible = visible;
    this.#events.onVisible(visible);
  }

  /** The byte under the pointer: rows beyond the viewport are clamped to it. */
  #hit(x: number, y: number, pane?: Pane): { readonly offset: number; readonly pane: Pane } {
    const sheet = this.#sheet.getBoundingClientRect();
    const within = x - sheet.left;
    const gap = 1.5 * this.#characterWidth;
    const where = pane ?? (within < this.#left.characters - gap ? 'cells' : 'characters');
    const position = (within - this.#left[where]) / this.#characterWidth;
    const { map } = this.#style;
    const column = where === 'cells' ? map.cellAt(position) * map.bytesPerCell : Math.floor(position);
    const viewport = this.#viewport.getBoundingClientRect();
    const inside = Math.min(Math.max(0, y - viewport.top), this.#viewportHeight - 1);
    const row = Math.floor(this.#top + inside / this.#rowHeight);
    return { offset: this.layout.offsetAt(row, column), pane: where };
  }

  /** The byte exactly under the pointer, if there is one. */
  #byteAt(x: number, y: number): Hover | undefined {
    if (this.layout.rowCount === 0) return undefined;
    const viewport = this.#viewport.getBoundingClientRect();
    const index = Math.floor(this.#top + (y - viewport.top) / this.#rowHeight);
    if (index < 0 || index >= this.layout.rowCount || y < viewport.top) return undefined;
    const row = this.layout.row(index);
    const within = x - this.#sheet.getBoundingClientRect().left;
    const beyond = this.#left.characters + this.layout.bytesPerRow * this.#characterWidth;
    if (row.kind === 'tile' || within < this.#left.cells || within > beyond) return undefined;
    return { ...this.#hit(x, y), x, y };
  }

  #listen(): void {
    this.element.addEventListener('focus', () => {
      this.#focused = true;
      this.schedule();
    });
    this.element.addEventListener('blur', () => {
      this.#focused = false;
      this.schedule();
    });
    this.#still.addEventListener('change', () => {
      this.#isStill = this.#still.matches;
      for (const row of this.#rows) row.forget();
      this.schedule();
    });
    // Themes are classes and variables of the body and the page.
    const themes = new MutationObserver(() => {
      this.#picture.recolour();
      this.schedule();
    });
    for (const element of [document.body, document.documentElement])
      themes.observe(element, { attributes: true, attributeFilter: ['class', 'style'] });
    this.element.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    this.#track.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    this.#viewport.addEventListener('pointerdown', (event) => this.#onPress(event));
    this.#viewport.addEventListener('pointermove', (event) => this.#onPointer(event));
    this.#viewport.addEventListener('pointerleave', () => this.#events.onHover(undefined));
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      this.#viewport.addEventListener(end, () => {
        this.#drag = undefined;
      });
    }
    this.element.addEventListener('scroll', () => this.#events.onDrawn());
    this.#viewport.addEventListener('dblclick', (event) => {
      if (this.layout.rowCount === 0) return;
      const { offset, pane } = this.#hit(event.clientX, event.clientY);
      const top = this.#viewport.getBoundingClientRect().top;
      const index = Math.floor(this.#top + (event.clientY - top) / this.#rowHeight);
      const isHeading = index < this.layout.rowCount && this.layout.row(index).kind === 'tile';
      const from = moveTo(this.layout, { ...this.#selection, pane }, offset, false);
      this.select((isHeading ? selectTile : selectWord)(this.layout, from, offset), false);
    });
    this.#listenToTrack();
    openMenuAt(this.element, () => {
      const { cursor, pane } = this.#selection;
      if (this.layout.rowCount === 0) return this.element.getBoundingClientRect();
      this.#reveal(cursor, false);
      const { left, top, height } = this.cellBox(cursor, pane);
      return { x: left, y: top + height };
    });
  }

  #onWheel(event: WheelEvent): void {
    // Sideways movement and zooming are the browser's own.
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    const unit = [1 / this.#rowHeight, rowsPerLine, this.pageRows][event.deltaMode] ?? 0;
    this.scrollTo(this.#top + event.deltaY * unit);
  }

  #onPress(event: PointerEvent): void {
    if (this.layout.rowCount === 0) return;
    const { offset, pane } = this.#hit(event.clientX, event.clientY);
    const inside = selectedRanges(this.layout, this.#selection, { offset, length: 1 }).length > 0;
    this.element.focus({ preventScroll: true });
    // A menu for the selection must not lose it.
    if (event.button !== 0 && inside) return;
    const from =
      pane === this.#selection.pane
        ? this.#selection
        : reselect(this.layout, this.layout, this.#selection, pane);
    const { altKey, ctrlKey, metaKey, shiftKey } = event;
    const extend: Extend = shiftKey && altKey ? 'column' : shiftKey;
    const isAdded = event.button === 0 && !shiftKey && (altKey || ctrlKey || metaKey);
    this.select(
      isAdded ? addAt(this.layout, from, offset) : moveTo(this.layout, from, offset, extend),
      false,
    );
    if (event.button !== 0) return;
    event.preventDefault();
    this.#viewport.setPointerCapture(event.pointerId);
    this.#drag = { x: event.clientX, y: event.clientY, extend: extend === 'column' ? extend : true };
  }

  #onPointer(event: PointerEvent): void {
    if (this.#drag !== undefined) {
      this.#drag = { ...this.#drag, x: event.clientX, y: event.clientY };
      this.schedule();
      return;
    }
    this.#events.onHover(this.#byteAt(event.clientX, event.clientY));
  }

  /** Extends the selection to the pointer; beyond the edge the rows move, the faster the farther. */
  #dragStep(at: { readonly x: number; readonly y: number; readonly extend: Extend }): void {
    const viewport = this.#viewport.getBoundingClientRect();
    const beyond = Math.min(0, at.y - viewport.top) + Math.max(0, at.y - viewport.bottom);
    if (beyond !== 0) {
      this.#top = clampTop(this.#metrics(), this.#top + (beyond / this.#rowHeight) * 0.5);
      this.schedule();
    }
    const { offset } = this.#hit(at.x, at.y, this.#selection.pane);
    const moved = moveTo(this.layout, this.#selection, offset, at.extend);
    if (moved.cursor !== this.#selection.cursor) this.select(moved, false);
  }

  #listenToTrack(): void {
    let grabbed: number | undefined;
    const place = (event: PointerEvent) => event.clientY - this.#track.getBoundingClientRect().top;
    this.#track.addEventListener('pointerdown', (event) => {
      const thumb = thumbAt(this.#metrics(), this.#top);
      if (event.button !== 0 || thumb === undefined) return;
      event.preventDefault();
      const y = place(event);
      const onThumb = y >= thumb.start && y < thumb.start + thumb.size;
      if (!onThumb && !event.shiftKey) {
        this.scrollTo(this.#top + (y < thumb.start ? -this.pageRows : this.pageRows));
        return;
      }
      grabbed = onThumb ? y - thumb.start : thumb.size / 2;
      this.#track.setPointerCapture(event.pointerId);
      this.#track.classList.add('dragging');
      this.scrollTo(topFromThumb(this.#metrics(), y - grabbed));
    });
    this.#track.addEventListener('pointermove', (event) => {
      if (grabbed !== undefined) this.scrollTo(topFromThumb(this.#metrics(), place(event) - grabbed));
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      this.#track.addEventListener(end, () => {
        grabbed = undefined;
        this.#track.classList.remove('dragging');
      });
    }
  }
}

/** An element without meaning of its own. */
function part(name: string): HTMLElement {
  const element = document.createElement('div');
  element.className = name;
  return element;
}

/** Left edge of an element's text, client pixels. */
function innerLeft(element: HTMLElement): number {
  return element.getBoundingClientRect().left + Number.parseFloat(getComputedStyle(element).paddingLeft);
}
