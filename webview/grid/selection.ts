/**
 * Cursor and selection: which bytes, in which pane. Among the cells both are whole cells, among the characters bytes.
 * Offsets are buffer offsets. No bytes are known here.
 */
import type { ByteRange } from '../../src/model/geometry.ts';
import { endOf } from '../../src/model/ranges.ts';
import type { Layout } from './layout.ts';

/** The two places in a row where a byte is shown. */
export type Pane = 'cells' | 'characters';

/**
 * The cursor is always on the first byte of what it is on, a cell or a character; so is the anchor. The selection is
 * everything from anchor to cursor, both included.
 */
export interface Selection {
  readonly anchor: number;
  readonly cursor: number;
  readonly pane: Pane;
}

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
export function isExtended(selection: Selection): boolean {
  return selection.anchor !== selection.cursor;
}

/** The selected bytes; at least those of the cell or character under the cursor. */
export function selectedRange(layout: Layout, { anchor, cursor, pane }: Selection): ByteRange {
  const { offset } = unitAt(layout, pane, Math.min(anchor, cursor));
  return { offset, length: endOf(unitAt(layout, pane, Math.max(anchor, cursor))) - offset };
}

/** Puts the cursor on a byte (the nearest one of the range); `extend` keeps the anchor. */
export function moveTo(layout: Layout, selection: Selection, offset: number, extend: boolean): Selection {
  const { range } = layout;
  const inside = Math.min(Math.max(range.offset, offset), endOf(range) - 1);
  const cursor = unitAt(layout, selection.pane, inside).offset;
  return { ...selection, cursor, anchor: extend ? selection.anchor : cursor };
}

/** The same bytes after a change of layout or pane; a cursor without more stays one. */
export function reselect(before: Layout, after: Layout, selection: Selection, pane: Pane): Selection {
  const moved = moveTo(after, { ...selection, pane }, selection.cursor, false);
  if (!isExtended(selection)) return moved;
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
  options: { readonly extend: boolean; readonly page: number },
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
