/** The elements of one visible row, and what its bytes mean as marks. */
import type { ExpectedBytes, HitBytes, ShownBytes } from '../../src/editor/messages.ts';
import type { AddressNotation } from '../../src/model/addresses.ts';
import { isUnreadable, stateBits, unrecordedState } from '../../src/model/byte-state.ts';
import type { CellFormat } from '../../src/model/cells/format.ts';
import { classOf } from '../../src/model/cells/value-class.ts';
import { hexDigits } from '../../src/model/numbers.ts';
import { rowAddress } from '../../src/model/rows/address-texts.ts';
import type { ByteRow, GridRow, Layout } from '../../src/model/rows/layout.ts';
import { type CellMap, cellsText, characterText, hasValueAt, mayBeTorn } from '../../src/model/rows/text.ts';
import { bandLayers } from './bands.ts';
import { changeCodes, type PicturedRow } from './change-picture.ts';
import { expectedOf } from './mismatches.ts';
import { labelsOf, type NamedRun, type NameTable } from './names.ts';
import type { Mark, PaintRun, PaintSurface } from './painter.ts';
import { isExtended, type Pane, panes, type Selection, selectedRanges } from './selection.ts';
import { type PendingDigits, pendingText } from './typing.ts';

/** How offsets and cells are written, fixed for a layout. */
export interface RowStyle {
  readonly layout: Layout;
  readonly format: CellFormat;
  readonly map: CellMap;
  readonly bufferDigits: number;
  readonly addresses: AddressNotation;
  readonly addressWidth: number;
  readonly upperCase: boolean;
  /** Cells have the colour of the class of their value. */
  readonly colours: boolean;
  /** Bytes may change while they are read: what changed in more than one word is perhaps torn. */
  readonly moving: boolean;
  /** The words of a heading row. */
  readonly headingText: (row: Extract<GridRow, { kind: 'tile' }>) => string;
  /** Where a row begins, in words: `offset` is that of its first column. */
  readonly placeText: (offset: number) => string;
  /** The words for a name that began in a row above. */
  readonly goesOnText: (name: string) => string;
  /** A name with what more is known of it. */
  readonly detailText: (name: string, detail: string) => string;
}

/** Where a row has its bytes from, while it is drawn. */
export interface RowSource {
  /** Another number after every change of what is held of the row. */
  version(row: ByteRow): number;
  read(row: ByteRow): ShownBytes;
  /** When each byte last changed, as ticks. */
  changes(row: ByteRow): Uint32Array;
  /** The marks of changes up to this tick fade. */
  readonly faded: number;
}

/** Bytes of a row that have one mark, as columns of bytes; both ends included. */
interface MarkedColumns {
  readonly mark: Mark;
  readonly from: number;
  to: number;
  /** Only there; in both panes if it is not given. */
  readonly pane?: Pane;
}

/** What a byte or a cell is marked as by its flags. */
type StateMark = 'conflict' | 'staged' | 'unreadable' | 'unrecorded' | 'unknown' | 'changed';

/** What a cell with several of them is marked as, the first before the others. */
const cellMarks: readonly StateMark[] = [
  'conflict',
  'staged',
  'unreadable',
  'unrecorded',
  'unknown',
  'changed',
];

/** The mark of a byte by its flags; `undefined` for an ordinary byte. */
function markOf(flags: number): StateMark | undefined {
  if (flags === stateBits.known) return undefined;
  if ((flags & stateBits.conflict) !== 0) return 'conflict';
  if ((flags & stateBits.staged) !== 0) return 'staged';
  if (isUnreadable(flags)) return 'unreadable';
  if (flags === unrecordedState) return 'unrecorded';
  if ((flags & stateBits.known) === 0) return 'unknown';
  return (flags & stateBits.changed) !== 0 ? 'changed' : undefined;
}

/** Runs of cells of one class. Where a cell is a byte, its character has the colour, too. */
function classColumns(row: ByteRow, shown: ShownBytes, format: CellFormat): MarkedColumns[] {
  const found: MarkedColumns[] = [];
  eachUnit(row, format.bytes, (i, end) => {
    const isThere = hasValueAt(format, shown, i, end - i);
    addRun(found, isThere ? classOf(format, shown.bytes, i) : undefined, row.skip + i, row.skip + end - 1);
  });
  return format.bytes === 1 ? found : found.map((run) => ({ ...run, pane: 'cells' as const }));
}

/** Runs of cells that differ from what they are compared with, and of such bytes among the characters. */
function mismatchColumns(row: ByteRow, told: ExpectedBytes, size: number): MarkedColumns[] {
  return panes.flatMap((pane) => {
    const found: MarkedColumns[] = [];
    eachUnit(row, pane === 'cells' ? size : 1, (i, end) => {
      const isWrong = expectedOf(told, { offset: row.offset + i, length: end - i }) !== undefined;
      addRun(found, isWrong ? 'mismatch' : undefined, row.skip + i, row.skip + end - 1);
    });
    return found.map((run) => ({ ...run, pane }));
  });
}

/** Runs of cells, and of characters, with a byte that is part of a hit. */
function hitColumns(row: ByteRow, { offset, marks: hits }: HitBytes, size: number): MarkedColumns[] {
  return panes.flatMap((pane) => {
    const found: MarkedColumns[] = [];
    eachUnit(row, pane === 'cells' ? size : 1, (i, end) => {
      const start = row.offset + i - offset;
      // A negative start would count from the end.
      const isHit = start >= 0 && hits.subarray(start, start + end - i).includes(1);
      addRun(found, isHit ? 'hit' : undefined, row.skip + i, row.skip + end - 1);
    });
    return found.map((run) => ({ ...run, pane }));
  });
}

/** Goes through the cells of a row: where each begins and ends, counted from its first shown byte. */
function eachUnit(row: ByteRow, size: number, visit: (from: number, end: number) => void): void {
  for (let from = 0; from < row.length; ) {
    const end = Math.min(from + size - ((row.skip + from) % size), row.length);
    visit(from, end);
    from = end;
  }
}

/** Adds columns to the run before them if they have the same mark. */
function addRun(found: MarkedColumns[], mark: Mark | undefined, from: number, to: number, pane?: Pane): void {
  if (mark === undefined) return;
  const last = found.at(-1);
  if (last !== undefined && last.mark === mark && last.pane === pane && last.to === from - 1) last.to = to;
  else found.push(pane === undefined ? { mark, from, to } : { mark, from, to, pane });
}

/** One visible row. Its elements live as long as the grid and show one row after another. */
export class RowElement implements PaintSurface, PicturedRow {
  readonly element = document.createElement('div');
  readonly text: Readonly<Record<Pane, Text>>;
  readonly #offset = cell('offset', 'rowheader');
  readonly #heading = cell('heading', 'rowheader');
  readonly #bytes = cell('bytes', 'gridcell');
  readonly #characters = cell('characters', 'gridcell');
  readonly #names = cell('names', 'gridcell');
  /** The kind of row whose cells are in the element. */
  #kind: GridRow['kind'] | undefined;
  /** What the names were last shown of. */
  #named:
    | { readonly table: NameTable | undefined; readonly index: number; readonly isFirst: boolean }
    | undefined;
  /** Index of the row that is shown; -1 before the first. */
  index = -1;
  /** Version of its bytes that the text was made from; -1 when it has to be made again. */
  version = -1;
  /** How the columns of bytes are marked that changed. */
  readonly changes: Record<Pane, Uint8Array> = { cells: new Uint8Array(), characters: new Uint8Array() };
  /** Whether a mark of it will fade. */
  willFade = false;
  #row: GridRow | undefined;
  #marked: MarkedColumns[] = [];
  #painted = '';
  #y = Number.NaN;

  constructor() {
    this.text = { cells: this.#bytes.text, characters: this.#characters.text };
    this.element.className = 'row';
    this.element.setAttribute('role', 'row');
  }

  /** Moves it to so many pixels from the top of the layer. */
  place(y: number): void {
    if (y === this.#y) return;
    this.#y = y;
    this.element.style.transform = `translateY(${y}px)`;
  }

  /** Puts only those cells into the row that its kind has: thirty rows of hidden ones would be many elements. */
  #arrange(kind: GridRow['kind'], hasBuffer: boolean): void {
    if (kind === this.#kind) return;
    this.#kind = kind;
    const isBytes = kind === 'bytes';
    this.element.className = isBytes ? 'row' : 'row tile';
    const cells = isBytes ? [this.#offset, this.#bytes, this.#characters] : [this.#heading];
    this.element.replaceChildren(...cells.map(({ element }) => element));
    // The buffer offset is the first column, where there is one; the last may be missing in a row.
    for (const [i, { element }] of [...cells, this.#names].entries())
      element.setAttribute('aria-colindex', String(i + (hasBuffer ? 2 : 1)));
  }

  /** Shows a row; the source is asked for rows of bytes only. Says whether anything was drawn, and whether the text changed. */
  show(
    style: RowStyle,
    index: number,
    source: RowSource,
    pending: PendingDigits | undefined,
  ): 'same' | 'marks' | 'text' {
    const { layout, map, format, upperCase } = style;
    const moved = this.index !== index || this.version === -1;
    const row = moved || this.#row === undefined ? layout.row(index) : this.#row;
    const now = row.kind === 'bytes' ? source.version(row) : 0;
    if (!moved && this.version === now) return 'same';
    this.index = index;
    this.version = now;
    this.#row = row;
    if (moved) {
      this.#arrange(row.kind, layout.headings);
      // The headings of the columns are row 1.
      this.element.setAttribute('aria-rowindex', String(index + 2));
      const first = row.offset - (row.kind === 'bytes' ? row.skip : 0);
      if (layout.headings) this.element.dataset['buffer'] = hexDigits(first, style.bufferDigits, upperCase);
      if (row.kind === 'bytes') {
        set(this.#offset.text, rowAddress(style.addresses, style.addressWidth, first));
        this.#offset.element.setAttribute('aria-label', style.placeText(first));
      } else set(this.#heading.text, style.headingText(row));
    }
    this.#marked = [];
    this.willFade = false;
    if (row.kind !== 'bytes') {
      for (const pane of panes) this.changes[pane].fill(0);
      return moved ? 'text' : 'marks';
    }
    const shown = source.read(row);
    const waiting = pending === undefined ? -1 : pending.offset - row.offset;
    const column = row.skip + waiting;
    const replace =
      pending !== undefined && waiting >= 0 && waiting < row.length
        ? { cell: Math.floor(column / format.bytes), text: pendingText(format, pending, upperCase) }
        : undefined;
    const changed = [
      set(this.text.cells, cellsText(map, format, row.skip, shown, replace)),
      set(this.text.characters, characterText(row.skip, shown)),
    ];
    this.#mark(style, row, shown, source);
    if (style.colours) this.#marked.push(...classColumns(row, shown, format));
    if (replace !== undefined) {
      this.#marked.push({ mark: 'pending', from: column, to: column + format.bytes - 1 });
    }
    return moved || changed.includes(true) ? 'text' : 'marks';
  }

  /** Marks by flags: a cell has the mark of one of its bytes, a character that of its own. */
  #mark(style: RowStyle, row: ByteRow, shown: ShownBytes, source: RowSource): void {
    const { bytesPerRow } = style.layout;
    if (this.changes.cells.length !== bytesPerRow) {
      for (const pane of panes) this.changes[pane] = new Uint8Array(bytesPerRow);
    }
    const { bytes } = style.format;
    if (bytes === 1) this.#markUnits(style, row, shown, source, 1, undefined);
    else {
      this.#markUnits(style, row, shown, source, bytes, 'cells');
      this.#markUnits(style, row, shown, source, 1, 'characters');
    }
  }

  /** Marks where `size` bytes have one mark together; in both panes if none is given. */
  #markUnits(
    style: RowStyle,
    row: ByteRow,
    { flags }: ShownBytes,
    source: RowSource,
    size: number,
    pane: Pane | undefined,
  ): void {
    const codes = this.changes[pane ?? 'cells'];
    codes.fill(0);
    let ticks: Uint32Array | undefined;
    eachUnit(row, size, (from, end) => {
      // A cell that the edge of the memory cuts shows no value.
      let mark: StateMark | undefined = end - from < size ? 'unknown' : undefined;
      for (let at = from; at < end; at++) {
        const other = markOf(flags[at] ?? 0);
        if (other === undefined) continue;
        if (mark === undefined || cellMarks.indexOf(other) < cellMarks.indexOf(mark)) mark = other;
      }
      if (mark !== 'changed') {
        addRun(this.#marked, mark, row.skip + from, row.skip + end - 1, pane);
        return;
      }
      ticks ??= source.changes(row);
      let isFresh = false;
      for (let at = from; at < end; at++) if ((ticks[at] ?? 0) > source.faded) isFresh = true;
      const isTorn = size > 1 && style.moving && mayBeTorn({ offset: row.offset + from, length: end - from });
      const { torn, changed, fading } = changeCodes;
      codes.fill(isTorn ? torn : isFresh ? changed : fading, row.skip + from, row.skip + end);
      if (isFresh && !isTorn) this.willFade = true;
    });
    if (pane === undefined) this.changes.characters.set(codes);
  }

  /** Shows what has a name in the row; the first one on screen also says what goes on in it. */
  showNames(style: RowStyle, table: NameTable | undefined, isFirst: boolean): void {
    const { index } = this;
    const before = this.#named;
    if (before?.table === table && before?.index === index && before.isFirst === isFirst) return;
    this.#named = { table, index, isFirst };
    const row = this.#row;
    const { style: look } = this.#bytes.element;
    if (table === undefined || row?.kind !== 'bytes') {
      this.#names.element.remove();
      look.removeProperty('--bands');
      return;
    }
    const goingOn = isFirst ? table.goingOnIn(row) : undefined;
    const names = table.beginningIn(row);
    const texts = labelsOf(names);
    if (goingOn !== undefined) texts.unshift(style.goesOnText(goingOn.text));
    if (texts.length === 0) this.#names.element.remove();
    else if (this.#names.element.parentNode === null) this.element.append(this.#names.element);
    set(this.#names.text, texts.join(', '));
    const details = [...(goingOn === undefined ? [] : [goingOn]), ...names];
    this.#names.element.title = details.map(({ text, detail }) => style.detailText(text, detail)).join('\n');
    const runs = [...table.bookmarked(row), ...table.runs(row)];
    const layers = runs.flatMap((run) => bandLayers(placeOf(style.map, row.skip, run), run));
    if (layers.length === 0) look.removeProperty('--bands');
    else look.setProperty('--bands', layers.join(', '));
  }

  /** The marks of the row with cursor and selection, or `undefined` if they are what was painted last. */
  runs(
    style: RowStyle,
    selection: Selection,
    expected: ExpectedBytes | undefined,
    hits: HitBytes | undefined,
    focused: boolean,
    again: boolean,
  ): PaintRun[] | undefined {
    const row = this.#row;
    const columns: MarkedColumns[] = [...this.#marked];
    const { layout, map } = style;
    if (row?.kind === 'bytes') {
      if (hits !== undefined) columns.push(...hitColumns(row, hits, style.format.bytes));
      if (expected !== undefined) columns.push(...mismatchColumns(row, expected, style.format.bytes));
      for (const { offset, length } of isExtended(selection) ? selectedRanges(layout, selection, row) : []) {
        const from = offset - row.offset + row.skip;
        columns.push({ mark: 'selection', from, to: from + length - 1 });
      }
      const cursor = selection.cursor - row.offset;
      if (cursor >= 0 && cursor < row.length) {
        const column = cursor + row.skip;
        for (const pane of panes) {
          const mark = focused && selection.pane === pane ? 'cursor' : 'cursor-idle';
          // Which bytes a cell is made of is seen among the characters.
          const isWide = pane === 'characters' && selection.pane === 'cells';
          const size = isWide ? layout.cell(selection.cursor).length : 1;
          columns.push({ mark, from: column, to: column + size - 1, pane });
        }
      }
    }
    const key = columns.map(({ mark, from, to, pane }) => `${mark} ${from} ${to} ${pane ?? ''}`).join();
    if (key === this.#painted && !again) return undefined;
    this.#painted = key;
    const startOf = (column: number) => map.starts[Math.floor(column / map.bytesPerCell)] ?? 0;
    return columns.flatMap(({ mark, from, to, pane }): PaintRun[] => {
      const cells: PaintRun = { mark, pane: 'cells', start: startOf(from), end: startOf(to) + map.cellWidth };
      const characters: PaintRun = { mark, pane: 'characters', start: from, end: to + 1 };
      return [cells, characters].filter((run) => pane === undefined || run.pane === pane);
    });
  }

  /** Makes the next `show` write everything again. */
  forget(): void {
    this.version = -1;
    this.#named = undefined;
  }
}

/** Where a run of named bytes is among the cells, in characters. */
function placeOf(map: CellMap, skip: number, { from, to }: NamedRun): { start: number; width: number } {
  const startOf = (byte: number) => map.starts[Math.floor((skip + byte) / map.bytesPerCell)] ?? 0;
  const start = startOf(from);
  return { start, width: startOf(to) + map.cellWidth - start };
}

/** A cell with its one text node. */
function cell(name: string, role: string): { readonly element: HTMLElement; readonly text: Text } {
  const element = document.createElement('span');
  const text = document.createTextNode('');
  element.className = `cell ${name}`;
  element.setAttribute('role', role);
  element.append(text);
  return { element, text };
}

/** Writes only what differs: an untouched text node costs no layout. */
function set(node: Text, text: string): boolean {
  if (node.data === text) return false;
  node.data = text;
  return true;
}
