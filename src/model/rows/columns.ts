/** How wide the columns of the grid are, and how high its rows. */
import { type ByteRange, formatTile, locate, type MemoryGeometry } from '../geometry.ts';

/** Headings of columns as words. */
export interface HeadingTexts {
  readonly buffer: string;
  readonly offset: string;
  readonly characters: string;
}

/** Widths in characters. */
export interface ColumnWidths {
  readonly buffer: number;
  readonly offset: number;
  readonly bytes: number;
  readonly characters: number;
}

/** What of a view the widths depend on: lengths in characters, and bytes of a row. */
export interface ColumnContent {
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
  readonly bufferDigits: number;
  readonly addressWidth: number;
  readonly cellsWidth: number;
  readonly bytesPerRow: number;
}

/** Widths that hold each text of a column. */
export function columnWidths(content: ColumnContent, headings: HeadingTexts): ColumnWidths {
  const { geometry, range, bufferDigits, addressWidth, cellsWidth, bytesPerRow } = content;
  const last = range.offset + Math.max(0, range.length - 1);
  const longestTile = range.length === 0 ? 0 : formatTile(locate(geometry, last).tile).length;
  return {
    buffer: Math.max(bufferDigits, headings.buffer.length),
    offset: Math.max(addressWidth, longestTile, headings.offset.length),
    bytes: cellsWidth,
    characters: Math.max(bytesPerRow, headings.characters.length),
  };
}

/** Height of a row, as a multiple of the size of its font; rounded to whole pixels. */
export const rowHeights = { comfortable: 1.5, compact: 1.2 } as const;
