/**
 * Cursor and selection: which bytes, in which pane. Among the cells both are whole cells, among the characters bytes.
 * Offsets are buffer offsets. No bytes are known here.
 */
import type { ByteRange } from '../../src/model/geometry.ts';
import { bytesIn, endOf, indexAt, intersectRanges, mergeRanges } from '../../src/model/ranges.ts';
import type { Layout } from '../../src/model/rows/layout.ts';

/** The two panes of the grid, from left to right. */
export const panes = ['cells', 'characters'] as const;

/** The two places in a row where a byte is shown. */
export type Pane = (typeof panes)[number];

/**
 * The cursor is always on the first byte of what it is on, a cell or a character; so is the anchor. The selection is
 * everything from anchor to cursor, both included, and what was selected besides.
 */
export interface Selection {
  readonly anchor: number;
  readonly cursor: number;
  readonly pane: Pane;
  /** Of each row from anchor to cursor only the columns between them are selected. */
  readonly isColumn?: boolean;
  /** Selected besides: ascending, apart from each other. */
  readonly others?: readonly ByteRange[];
}

/** How a move changes the selection: to the cursor alone, up to the cursor, or to the columns up to it. */
export type Extend = boolean | 'column';

/** Rows of the longest column: each is a run of its own. */
const longestColumn = 65_536;

/** The ways in which keys move the cursor. */
export type Motion =
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'word-left'
  | 'word-right'
  | 'row-start'
  | 'row-end'
  | 'page-up'
  | 'page-down'
  | 'start'
  | 'end';

/** Bytes of a word: what a double click selects and a word motion skips. Larger cells are words of their own. */
function wordBytes({ bytesPerCell }: Layout): number {
  return 4 % bytesPerCell === 0 ? 4 : bytesPerCell;
}

/** The bytes of the cell or character that a byte is in. */
function unitAt(layout: Layout, pane: Pane, offset: number): ByteRange {
  return pane === 'cells' ? layout.cell(offset) : { offset, length: 1 };
}

/** Whether more is selected than what the cursor is on. */
export function isExtended({ anchor, cursor, others = [] }: Selection): boolean {
  return anchor !== cursor || others.length > 0;
}

/** The selected bytes around the cursor, of a column those in its row; at least the cell or character under it. */
export function selectedRange(layout: Layout, selection: Selection): ByteRange {
  const { anchor, cursor, pane, isColumn = false } = selection;
  if (isColumn) {
    const { row } = layout.place(cursor);
    return columnRuns(layout, selection, row, row)[0] ?? unitAt(layout, pane, cursor);
  }
  const { offset } = unitAt(layout, pane, Math.min(anchor, cursor));
  return { offset, length: endOf(unitAt(layout, pane, Math.max(anchor, cursor))) - offset };
}

/** The first of all selected bytes, also of several runs. */
export function firstSelected(layout: Layout, selection: Selection): number {
  const { anchor, cursor, others = [] } = selection;
  // Of a column the run is that of the cursor's row: the upper one is wanted.
  const upwards = anchor < cursor ? { ...selection, anchor: cursor, cursor: anchor } : selection;
  const { offset } = selectedRange(layout, upwards);
  return Math.min(offset, others[0]?.offset ?? offset);
}

/** All selected bytes, ascending and apart from each other; with `within` those alone that lie there. */
export function selectedRanges(
  layout: Layout,
  selection: Selection,
  within?: ByteRange,
): readonly ByteRange[] {
  const { others = [], isColumn = false } = selection;
  const bounds = intersectRanges(within ?? layout.range, layout.range);
  if (bounds === undefined) return [];
  const main = isColumn ? columnIn(layout, selection, bounds) : [selectedRange(layout, selection)];
  const cut = [...othersIn(others, bounds), ...main].flatMap((range) => intersectRanges(range, bounds) ?? []);
  return others.length === 0 ? cut : mergeRanges(cut);
}

/** All selected bytes and how many runs these are; none of them where that is more than `most`. */
export function toldRuns(
  layout: Layout,
  selection: Selection,
  most: number,
): { readonly count: number; readonly runs: readonly ByteRange[] } {
  const runs = selectedRanges(layout, selection);
  return { count: runs.length, runs: runs.length > most ? [] : runs };
}

/** Those of ascending ranges that may have bytes of `bounds`. */
function othersIn(others: readonly ByteRange[], bounds: ByteRange): readonly ByteRange[] {
  const from = Math.max(0, indexAt(others, bounds.offset));
  return others.slice(from, indexAt(others, endOf(bounds) - 1) + 1);
}

/** How many bytes are selected. */
export function selectedBytes(layout: Layout, selection: Selection): number {
  return bytesIn(selectedRanges(layout, selection));
}

/** The runs of a column in the rows with bytes of `bounds`. */
function columnIn(layout: Layout, selection: Selection, bounds: ByteRange): ByteRange[] {
  const rows = [selection.anchor, selection.cursor].map((offset) => layout.place(offset).row);
  const first = Math.max(Math.min(...rows), layout.place(bounds.offset).row);
  const last = Math.min(Math.max(...rows), layout.place(endOf(bounds) - 1).row);
  return columnRuns(layout, selection, first, last);
}

/** The runs of a column in some rows; a row that is too short has none. */
function columnRuns(
  layout: Layout,
  { anchor, cursor, pane }: Selection,
  first: number,
  last: number,
): ByteRange[] {
  const size = pane === 'cells' ? layout.bytesPerCell : 1;
  const columns = [anchor, cursor].map((offset) => {
    const { column } = layout.place(offset);
    return column - (column % size);
  });
  const [from, to] = [Math.min(...columns), Math.max(...columns) + size];
  const runs: ByteRange[] = [];
  for (let index = first; index <= last; index++) {
    const row = layout.row(index);
    if (row.kind !== 'bytes') continue;
    const start = Math.max(from - row.skip, 0);
    const end = Math.min(to - row.skip, row.length);
    if (start < end) runs.push({ offset: row.offset + start, length: end - start });
  }
  return runs;
}

/** Puts the cursor on a byte (the nearest one of the range); extending keeps the anchor, and what is selected besides. */
export function moveTo(layout: Layout, selection: Selection, offset: number, extend: Extend): Selection {
  const { range } = layout;
  const { anchor, pane, others } = selection;
  const inside = Math.min(Math.max(range.offset, offset), endOf(range) - 1);
  const cursor = unitAt(layout, pane, inside).offset;
  if (extend === false) return { anchor: cursor, cursor, pane };
  const besides = others === undefined ? {} : { others };
  if (extend !== 'column') return { anchor, cursor, pane, ...besides };
  const { row, column } = layout.place(cursor);
  const start = layout.place(anchor).row;
  const reached = Math.min(Math.max(row, start - longestColumn), start + longestColumn);
  const end = unitAt(layout, pane, layout.offsetAt(reached, column)).offset;
  return { anchor, cursor: end, pane, isColumn: true, ...besides };
}

/** Keeps what is selected, and begins anew at a byte. */
export function addAt(layout: Layout, selection: Selection, offset: number): Selection {
  return { ...moveTo(layout, selection, offset, false), others: selectedRanges(layout, selection) };
}

/** Keeps what is selected, and begins anew in the row above or below. */
export function addBeside(layout: Layout, selection: Selection, rows: 1 | -1): Selection {
  return addAt(layout, selection, vertical(layout, selection.cursor, rows));
}

/** The same bytes, as whole cells, after a change of layout or pane; a cursor without more stays one. */
export function reselect(before: Layout, after: Layout, selection: Selection, pane: Pane): Selection {
  const moved = moveTo(after, { ...selection, pane }, selection.cursor, false);
  if (!isExtended(selection)) return moved;
  const { isColumn = false, others = [] } = selection;
  if (isColumn || others.length > 0) {
    const units = selectedRanges(before, selection).map((range) => {
      const { offset } = unitAt(after, pane, range.offset);
      return { offset, length: endOf(unitAt(after, pane, endOf(range) - 1)) - offset };
    });
    return { ...moved, others: mergeRanges(units) };
  }
  const range = selectedRange(before, selection);
  const [first, last] = [range.offset, endOf(range) - 1];
  const isForward = selection.anchor < selection.cursor;
  return moveTo(after, moveTo(after, moved, isForward ? first : last, false), isForward ? last : first, true);
}

/** Selects a run of bytes with the cursor on its first one. */
export function selectRange(layout: Layout, selection: Selection, range: ByteRange): Selection {
  const start = moveTo(layout, selection, range.offset, false);
  const end = moveTo(layout, selection, range.offset + Math.max(1, range.length) - 1, false);
  return { ...start, anchor: end.cursor };
}

/** Selects the aligned word around a byte, within its tile; the cursor is at its end. */
export function selectWord(layout: Layout, selection: Selection, offset: number): Selection {
  const { bytesPerTile } = layout.geometry;
  const word = wordBytes(layout);
  const base = Math.floor(offset / bytesPerTile) * bytesPerTile;
  const start = base + Math.floor((offset - base) / word) * word;
  const end = Math.min(start + word, base + bytesPerTile) - 1;
  const first = moveTo(layout, selection, start, false);
  return moveTo(layout, first, end, true);
}

/** Every byte of the tile that a byte is in, as far as it is shown. */
export function selectTile(layout: Layout, selection: Selection, offset: number): Selection {
  const { bytesPerTile } = layout.geometry;
  const start = Math.floor(offset / bytesPerTile) * bytesPerTile;
  return moveTo(layout, moveTo(layout, selection, start, false), start + bytesPerTile - 1, true);
}

/** Every byte; the cursor stays where it can be seen: at the end it had. */
export function selectAll(layout: Layout, selection: Selection): Selection {
  const { range } = layout;
  const first = moveTo(layout, selection, range.offset, false);
  return moveTo(layout, first, endOf(range) - 1, true);
}

/** The byte above or below, in the same column where the row has it; headings are stepped over. */
function vertical(layout: Layout, from: number, rows: number): number {
  const place = layout.place(from);
  const direction = Math.sign(rows);
  let target = Math.min(Math.max(0, place.row + rows), layout.rowCount - 1);
  if (layout.row(target).kind === 'tile') target += direction;
  // Above the first heading there is nothing: stay in the first row of bytes.
  if (target < 0) target = layout.headings ? 1 : 0;
  return layout.offsetAt(target, place.column);
}

/** Moves by a key. `page` is the number of rows that a page motion moves. */
export function move(
  layout: Layout,
  selection: Selection,
  motion: Motion,
  options: { readonly extend: Extend; readonly page: number },
): Selection {
  const { cursor } = selection;
  const { bytesPerTile } = layout.geometry;
  const to = (offset: number) => moveTo(layout, selection, offset, options.extend);
  const withinTile = cursor % bytesPerTile;
  const word = wordBytes(layout);
  switch (motion) {
    case 'left':
      return to(cursor - 1);
    case 'right':
      return to(endOf(unitAt(layout, selection.pane, cursor)));
    case 'word-left': {
      const step = withinTile % word;
      return to(cursor - (step === 0 ? word : step));
    }
    case 'word-right':
      return to(
        cursor - (withinTile % word) + Math.min(word, bytesPerTile - withinTile + (withinTile % word)),
      );
    case 'up':
      return to(vertical(layout, cursor, -1));
    case 'down':
      return to(vertical(layout, cursor, 1));
    case 'page-up':
      return to(vertical(layout, cursor, -Math.max(1, options.page)));
    case 'page-down':
      return to(vertical(layout, cursor, Math.max(1, options.page)));
    case 'row-start':
      return to(layout.offsetAt(layout.place(cursor).row, 0));
    case 'row-end':
      return to(layout.offsetAt(layout.place(cursor).row, layout.bytesPerRow - 1));
    case 'start':
      return to(layout.range.offset);
    case 'end':
      return to(endOf(layout.range) - 1);
  }
}
