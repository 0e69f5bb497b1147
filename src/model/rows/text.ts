/**
 * A row as text. The cells of a row are one string, the characters another; gaps between groups are blanks in the
 * string, so that a cell's place is a character index and the engine lays out two text nodes instead of dozens.
 */
import { isUnreadable, stateBits, unrecordedState } from '../byte-state.ts';
import type { CellFormat } from '../cells/format.ts';
import { type ByteRange, wordBytes } from '../geometry.ts';
import { hexDigits } from '../numbers.ts';

/** Shown for a cell with a byte that could not be read. */
const unreadableText = '??';
/** Shown for a cell with a byte that has not arrived yet. */
const unknownText = '··';
/** Shown for a cell with a byte that is in no recording, at a moment of one. */
const unrecordedText = '––';

type Absence = typeof unreadableText | typeof unknownText | typeof unrecordedText;

/** Blanks before the cell at a column of bytes: wider at words of 4 bytes, wider still at 8. */
function gapBefore(column: number, bytesPerCell: number): number {
  if (column === 0) return 0;
  // Cells of other sizes would drift against the words.
  if (8 % bytesPerCell !== 0) return 3;
  if (column % 8 === 0) return 3;
  return column % 4 === 0 ? 2 : 1;
}

/** Longer rows are hard to follow, and cost time. Bytes. */
const longestRow = 256;

/**
 * Bytes of the longest row that `room` characters hold, cells and characters together; whole words where cells are parts
 * of words and there is room for one. At least one cell.
 */
export function fittedRow(format: CellFormat, room: number): number {
  const fits = (step: number): number => {
    let length = 0;
    while (length + step <= longestRow && cellMap(length + step, format).width + length + step <= room)
      length += step;
    return length;
  };
  const { bytes } = format;
  const steps = [8, 4].filter((step) => step > bytes && step % bytes === 0);
  for (const step of steps) {
    const length = fits(step);
    if (length > 0) return length;
  }
  return Math.max(bytes, fits(bytes));
}

/** Where the cells of a row stand in its string. */
export interface CellMap {
  readonly bytesPerCell: number;
  /** Index of the first character of each cell. */
  readonly starts: readonly number[];
  /** The blanks before each cell. */
  readonly gaps: readonly string[];
  /** Characters of a cell. */
  readonly cellWidth: number;
  /** Characters of a full row. */
  readonly width: number;
  /** The cell at a character position (fractions allowed): the nearest one, clamped to the row. */
  cellAt(position: number): number;
}

/** Makes the map for a row length in bytes, a multiple of a cell's. */
export function cellMap(bytesPerRow: number, { bytes, characters }: CellFormat): CellMap {
  const starts: number[] = [];
  const gaps: string[] = [];
  let width = 0;
  for (let column = 0; column < bytesPerRow; column += bytes) {
    const gap = gapBefore(column, bytes);
    gaps.push(' '.repeat(gap));
    width += gap;
    starts.push(width);
    width += characters;
  }
  return {
    bytesPerCell: bytes,
    starts,
    gaps,
    cellWidth: characters,
    width,
    cellAt(position) {
      let nearest = 0;
      let distance = Number.POSITIVE_INFINITY;
      for (const [cell, start] of starts.entries()) {
        const away = Math.abs(position - (start + characters / 2));
        if (away < distance) {
          nearest = cell;
          distance = away;
        }
      }
      return nearest;
    },
  };
}

/** Whether a byte is shown, or why not. A staged byte is always shown, also where its base is not known. */
function hidden(flags: number): Absence | undefined {
  if ((flags & stateBits.staged) !== 0) return undefined;
  if (isUnreadable(flags)) return unreadableText;
  if (flags === unrecordedState) return unrecordedText;
  return (flags & stateBits.known) === 0 ? unknownText : undefined;
}

/**
 * What the cell shows whose first byte is `row.bytes[at]`. Of a cell that the edge of the memory cuts only `length` bytes
 * are there: it has no value. One byte that is not shown hides the whole cell.
 */
export function cellText(format: CellFormat, row: RowBytes, at: number, length: number): string {
  return withoutValue(format, row, at, length) ?? format.format(row.bytes, at);
}

/** Whether a cell shows a value. */
export function hasValueAt(format: CellFormat, row: RowBytes, at: number, length: number): boolean {
  return withoutValue(format, row, at, length) === undefined;
}

/** What stands for the value of a cell that has none. */
function withoutValue(
  { bytes }: CellFormat,
  { flags }: RowBytes,
  at: number,
  length: number,
): Absence | undefined {
  let text: Absence | undefined = length < bytes ? unknownText : undefined;
  for (let i = Math.max(0, at); i < at + length; i++) {
    const why = hidden(flags[i] ?? 0);
    if (why === unreadableText) return why;
    text ??= why;
  }
  return text;
}

/** Whether a run of bytes is read in more than one access: it may be written between them. */
export function mayBeTorn({ offset, length }: ByteRange): boolean {
  return Math.floor(offset / wordBytes) < Math.floor((offset + length - 1) / wordBytes);
}

/** What a cell of the characters column shows: printable ASCII, else a dot. */
export function characterCell(value: number, flags: number): string {
  return String.fromCharCode(characterCode(value, flags));
}

const [blank = 0, dot = 0, unreadableCode = 0, unrecordedCode = 0, unknownCode = 0] = Array.from(
  ' .?–·',
  (character) => character.charCodeAt(0),
);

/** The code unit of `characterCell`. */
function characterCode(value: number, flags: number): number {
  if ((flags & stateBits.staged) === 0) {
    if (isUnreadable(flags)) return unreadableCode;
    if (flags === unrecordedState) return unrecordedCode;
    if ((flags & stateBits.known) === 0) return unknownCode;
  }
  return value >= 0x20 && value < 0x7f ? value : dot;
}

/** Bytes and flags of one row, in row order; both arrays have the row's length. */
export interface RowBytes {
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
}

/**
 * The string of the cells. What stands in the `skip` columns of bytes at the start is left out; `replace` overrides the
 * text of one cell.
 */
export function cellsText(
  map: CellMap,
  format: CellFormat,
  skip: number,
  row: RowBytes,
  replace?: { readonly cell: number; readonly text: string },
): string {
  const { bytesPerCell, cellWidth, gaps, starts } = map;
  const first = Math.floor(skip / bytesPerCell);
  let text = ' '.repeat((starts[first] ?? 0) - (gaps[first]?.length ?? 0));
  for (let at = 0, cell = first; at < row.bytes.length; cell++) {
    const end = Math.min((cell + 1) * bytesPerCell - skip, row.bytes.length);
    const shown = replace?.cell === cell ? replace.text : cellText(format, row, at, end - at);
    text += gaps[cell] ?? '';
    text += shown.length < cellWidth ? shown.padStart(cellWidth, ' ') : shown;
    at = end;
  }
  return text;
}

/** The string of the characters column. */
export function characterText(skip: number, { bytes, flags }: RowBytes): string {
  const codes = new Uint16Array(skip + bytes.length).fill(blank, 0, skip);
  for (let i = 0; i < bytes.length; i++) codes[skip + i] = characterCode(bytes[i] ?? 0, flags[i] ?? 0);
  return String.fromCharCode(...codes);
}

/** The heading of the cells: the columns of their first bytes, counted from the start of a row. */
export function headingText(map: CellMap, upperCase: boolean, decimal: boolean): string {
  let text = '';
  for (const [cell, start] of map.starts.entries()) {
    const first = cell * map.bytesPerCell;
    const column = decimal ? String(first).padStart(2, '0') : hexDigits(first, 2, upperCase);
    text = text.padEnd(start, ' ') + column.padStart(map.cellWidth, ' ');
  }
  return text;
}
