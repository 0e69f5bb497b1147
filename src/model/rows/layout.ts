/**
 * Which row shows which bytes, and which bytes are one cell. All arithmetic: nothing grows with the size of the memory.
 *
 * Rows follow the tiles: a tile's row starts at a multiple of the row length counted from the tile's own first byte,
 * so that a column heading is true in every tile. Cells do the same, and never reach over the end of a tile. A view of more than one tile has a heading row before each tile.
 * Offsets of bytes are buffer offsets; rows are counted from 0, headings included.
 */
import { type ByteRange, locate, type MemoryGeometry, type Tile, tileStart } from '../geometry.ts';

/** A heading row: the tile that starts below it. */
interface TileRow {
  readonly kind: 'tile';
  readonly tile: Tile;
  /** Buffer offset of the first byte shown of this tile. */
  readonly offset: number;
}

/** A row of bytes. */
export interface ByteRow {
  readonly kind: 'bytes';
  readonly tile: Tile;
  /** Buffer offset of the first shown byte. */
  readonly offset: number;
  /** Number of shown bytes, at least 1. */
  readonly length: number;
  /** Bytes left out before the first shown one; not 0 only where the range starts within a row. */
  readonly skip: number;
  /** Tile offset of the row's first column, a multiple of the row length. */
  readonly tileOffset: number;
}

export type GridRow = TileRow | ByteRow;

/** The row and the column of a byte; columns count bytes. */
interface BytePlace {
  readonly row: number;
  readonly column: number;
}

/** The rows of one range of one memory. */
export interface Layout {
  readonly geometry: MemoryGeometry;
  readonly range: ByteRange;
  /** A multiple of `bytesPerCell`. */
  readonly bytesPerRow: number;
  readonly bytesPerCell: number;
  /** True when each tile has a heading row. */
  readonly headings: boolean;
  readonly rowCount: number;
  /** The row with this index; throws RangeError outside 0..rowCount-1. */
  row(index: number): GridRow;
  /** Row and column of a byte; throws RangeError outside the range. */
  place(offset: number): BytePlace;
  /**
   * The bytes of the cell that a byte is in; fewer than `bytesPerCell` where the end of the tile or of the range cuts it.
   * Throws RangeError outside the range.
   */
  cell(offset: number): ByteRange;
  /** The byte nearest to the place: columns are clamped to the row; a heading gives the tile's first byte. */
  offsetAt(row: number, column: number): number;
}

/**
 * Makes the layout. `range` must lie within the memory; an empty range has no rows. A row holds as many whole cells as
 * `rowLength` bytes do, but at least one.
 */
export function createLayout(
  geometry: MemoryGeometry,
  range: ByteRange,
  rowLength: number,
  bytesPerCell: number,
): Layout {
  const { bytesPerTile } = geometry;
  const bytesPerRow = Math.max(1, Math.floor(rowLength / bytesPerCell)) * bytesPerCell;
  const end = range.offset + range.length;
  const firstTile = Math.floor(range.offset / bytesPerTile);
  const lastTile = range.length === 0 ? firstTile - 1 : Math.floor((end - 1) / bytesPerTile);
  const headings = lastTile > firstTile;
  const heading = headings ? 1 : 0;

  /** First and last row of a tile that the range shows, counted within the tile. */
  const shownRows = (tileIndex: number): { first: number; count: number } => {
    const base = tileIndex * bytesPerTile;
    const first = Math.floor((Math.max(range.offset, base) - base) / bytesPerRow);
    const last = Math.floor((Math.min(end, base + bytesPerTile) - 1 - base) / bytesPerRow);
    return { first, count: last - first + 1 };
  };

  const block = Math.ceil(bytesPerTile / bytesPerRow) + heading;
  const firstBlock = lastTile < firstTile ? 0 : shownRows(firstTile).count + heading;
  const rowCount =
    lastTile <= firstTile
      ? firstBlock
      : firstBlock + (lastTile - firstTile - 1) * block + shownRows(lastTile).count + heading;

  const blockStart = (tileIndex: number): number =>
    tileIndex === firstTile ? 0 : firstBlock + (tileIndex - firstTile - 1) * block;

  const row = (index: number): GridRow => {
    if (!Number.isInteger(index) || index < 0 || index >= rowCount) {
      throw new RangeError(`row ${index} is outside the grid`);
    }
    const tileIndex =
      index < firstBlock ? firstTile : firstTile + 1 + Math.floor((index - firstBlock) / block);
    const base = tileIndex * bytesPerTile;
    const { tile } = locate(geometry, base);
    const within = index - blockStart(tileIndex) - heading;
    if (within < 0) return { kind: 'tile', tile, offset: Math.max(range.offset, base) };
    const tileOffset = (shownRows(tileIndex).first + within) * bytesPerRow;
    const offset = Math.max(range.offset, base + tileOffset);
    const stop = Math.min(end, base + bytesPerTile, base + tileOffset + bytesPerRow);
    return {
      kind: 'bytes',
      tile,
      offset,
      length: stop - offset,
      skip: offset - base - tileOffset,
      tileOffset,
    };
  };

  const checkInside = (offset: number): void => {
    if (offset < range.offset || offset >= end) throw new RangeError(`byte ${offset} is outside the grid`);
  };

  return {
    geometry,
    range,
    bytesPerRow,
    bytesPerCell,
    headings,
    rowCount,
    row,
    cell(offset) {
      checkInside(offset);
      const base = Math.floor(offset / bytesPerTile) * bytesPerTile;
      const first = base + Math.floor((offset - base) / bytesPerCell) * bytesPerCell;
      const start = Math.max(range.offset, first);
      return { offset: start, length: Math.min(end, base + bytesPerTile, first + bytesPerCell) - start };
    },
    place(offset) {
      checkInside(offset);
      const place = locate(geometry, offset);
      const base = tileStart(geometry, place.tile);
      const tileIndex = base / bytesPerTile;
      return {
        row:
          blockStart(tileIndex) +
          heading +
          Math.floor(place.offset / bytesPerRow) -
          shownRows(tileIndex).first,
        column: place.offset % bytesPerRow,
      };
    },
    offsetAt(index, column) {
      const found = row(Math.min(Math.max(0, index), rowCount - 1));
      if (found.kind === 'tile') return found.offset;
      return found.offset + Math.min(Math.max(0, column - found.skip), found.length - 1);
    },
  };
}

/** Hexadecimal digits that every offset below `end` fits in, an even number of at least 4. */
export function offsetDigits(end: number): number {
  const digits = Math.max(1, end - 1).toString(16).length;
  return Math.max(4, digits + (digits % 2));
}
