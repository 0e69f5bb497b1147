/** Cursor and selection: which bytes, in which column. Offsets are buffer offsets. No bytes are known here. */
import type { ByteRange } from '../../src/model/geometry.ts';
import type { Layout } from './layout.ts';

/** The two places in a row where a byte is shown. */
export type Pane = 'hex' | 'characters';

/** The cursor is always on a byte. The selection is every byte from anchor to cursor, both included. */
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

/** Bytes of a word: what a double click selects and a word motion skips. */
export const wordBytes = 4;

/** The selected bytes; at least the one under the cursor. */
export function selectedRange(selection: Selection): ByteRange {
  const offset = Math.min(selection.anchor, selection.cursor);
  return { offset, length: Math.abs(selection.anchor - selection.cursor) + 1 };
}

/** Puts the cursor on a byte (the nearest one of the range); `extend` keeps the anchor. */
export function moveTo(layout: Layout, selection: Selection, offset: number, extend: boolean): Selection {
  const { range } = layout;
  const cursor = Math.min(Math.max(range.offset, offset), range.offset + range.length - 1);
  return { ...selection, cursor, anchor: extend ? selection.anchor : cursor };
}

/** Selects a run of bytes with the cursor on its first one. */
export function selectRange(layout: Layout, selection: Selection, range: ByteRange): Selection {
  const start = moveTo(layout, selection, range.offset, false);
  const end = moveTo(layout, selection, range.offset + Math.max(1, range.length) - 1, false);
  return { ...start, anchor: end.cursor };
}

/** Selects the aligned 32-bit word around a byte, within its tile; the cursor is on its last byte. */
export function selectWord(layout: Layout, selection: Selection, offset: number): Selection {
  const { bytesPerTile } = layout.geometry;
  const base = Math.floor(offset / bytesPerTile) * bytesPerTile;
  const start = base + Math.floor((offset - base) / wordBytes) * wordBytes;
  const end = Math.min(start + wordBytes, base + bytesPerTile) - 1;
  const first = moveTo(layout, selection, start, false);
  return moveTo(layout, first, end, true);
}

/** Every byte; the cursor stays where it can be seen: at the end it had. */
export function selectAll(layout: Layout, selection: Selection): Selection {
  const { range } = layout;
  return { ...selection, anchor: range.offset, cursor: range.offset + range.length - 1 };
}

/** The byte above or below, in the same column where the row has it; headings are stepped over. */
function vertical(layout: Layout, from: number, rows: number): number {
  const cell = layout.cell(from);
  const direction = Math.sign(rows);
  let target = Math.min(Math.max(0, cell.row + rows), layout.rowCount - 1);
  if (layout.row(target).kind === 'tile') target += direction;
  // Above the first heading there is nothing: stay in the first row of bytes.
  if (target < 0) target = layout.headings ? 1 : 0;
  return layout.offsetAt(target, cell.column);
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
  switch (motion) {
    case 'left':
      return to(cursor - 1);
    case 'right':
      return to(cursor + 1);
    case 'word-left': {
      const step = withinTile % wordBytes;
      return to(cursor - (step === 0 ? wordBytes : step));
    }
    case 'word-right':
      return to(
        cursor -
          (withinTile % wordBytes) +
          Math.min(wordBytes, bytesPerTile - withinTile + (withinTile % wordBytes)),
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
      return to(layout.offsetAt(layout.cell(cursor).row, 0));
    case 'row-end':
      return to(layout.offsetAt(layout.cell(cursor).row, layout.bytesPerRow - 1));
    case 'start':
      return to(layout.range.offset);
    case 'end':
      return to(layout.range.offset + layout.range.length - 1);
  }
}
