/**
 * A row as text. The bytes of a row are one string, the characters another; gaps between groups are blanks in the
 * string, so that a cell's place is a character index and the engine lays out two text nodes instead of dozens.
 */
import { isUnreadable, stateBits } from '../../src/model/byte-state.ts';

/** Shown for a byte that could not be read. */
export const unreadableText = '??';
/** Shown for a byte that is not here yet. */
export const unknownText = '··';

/** Blanks before the cell of a column: wider at words of 4 bytes, wider still at 8. */
function gapBefore(column: number): number {
  if (column === 0) return 0;
  if (column % 8 === 0) return 3;
  return column % 4 === 0 ? 2 : 1;
}

/** Where the cells of a row stand in its string of bytes. */
export interface CellMap {
  readonly columns: number;
  /** Index of the first digit of each column. */
  readonly starts: readonly number[];
  /** Characters of a full row. */
  readonly width: number;
  /** The column at a character position (fractions allowed): the nearest one, clamped to the row. */
  columnAt(position: number): number;
}

/** Makes the map for a row length. */
export function cellMap(columns: number): CellMap {
  const starts: number[] = [];
  let width = 0;
  for (let column = 0; column < columns; column++) {
    width += gapBefore(column);
    starts.push(width);
    width += 2;
  }
  return {
    columns,
    starts,
    width,
    columnAt(position) {
      let nearest = 0;
      let distance = Number.POSITIVE_INFINITY;
      for (const [column, start] of starts.entries()) {
        const away = Math.abs(position - (start + 1));
        if (away < distance) {
          nearest = column;
          distance = away;
        }
      }
      return nearest;
    },
  };
}

/** A byte as two digits. */
export function hexByte(value: number, upperCase: boolean): string {
  const text = value.toString(16).padStart(2, '0');
  return upperCase ? text.toUpperCase() : text;
}

/** An offset with a fixed number of digits. */
export function hexOffset(value: number, digits: number, upperCase: boolean): string {
  const text = value.toString(16).padStart(digits, '0');
  return upperCase ? text.toUpperCase() : text;
}

/** What a cell of the hex column shows for a byte with these flags. */
export function hexCell(value: number, flags: number, upperCase: boolean): string {
  // A staged value is the person's own: it is shown whatever is known of the base.
  if ((flags & stateBits.staged) !== 0) return hexByte(value, upperCase);
  if (isUnreadable(flags)) return unreadableText;
  return (flags & stateBits.known) === 0 ? unknownText : hexByte(value, upperCase);
}

/** What a cell of the characters column shows: printable ASCII, else a dot. */
export function characterCell(value: number, flags: number): string {
  if ((flags & stateBits.staged) === 0) {
    if (isUnreadable(flags)) return '?';
    if ((flags & stateBits.known) === 0) return '·';
  }
  return value >= 0x20 && value < 0x7f ? String.fromCharCode(value) : '.';
}

/** Bytes and flags of one row, in row order; both arrays have the row's length. */
export interface RowBytes {
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
}

/** The string of the hex column. `skip` cells at the start are blank; `replace` overrides the cell of one column. */
export function hexText(
  map: CellMap,
  skip: number,
  row: RowBytes,
  upperCase: boolean,
  replace?: { readonly column: number; readonly text: string },
): string {
  let text = '';
  for (let i = 0; i < row.bytes.length; i++) {
    const column = skip + i;
    const start = map.starts[column] ?? 0;
    text = text.padEnd(start, ' ');
    text +=
      replace?.column === column ? replace.text : hexCell(row.bytes[i] ?? 0, row.flags[i] ?? 0, upperCase);
  }
  return text;
}

/** The string of the characters column. */
export function characterText(skip: number, row: RowBytes): string {
  let text = ' '.repeat(skip);
  for (let i = 0; i < row.bytes.length; i++) text += characterCell(row.bytes[i] ?? 0, row.flags[i] ?? 0);
  return text;
}

/** The heading of the columns: their numbers, counted from the start of a row. */
export function headingText(map: CellMap, upperCase: boolean): string {
  let text = '';
  for (const [column, start] of map.starts.entries()) {
    text = text.padEnd(start, ' ') + hexByte(column, upperCase);
  }
  return text;
}
