/**
 * Where bytes live: generations, memory types, tiles, and the layout of one memory type of one partition.
 * Sizes and offsets are bytes; columns and rows are absolute, row 0 is the shim row.
 */

/** Device generation, in the driver's spelling. */
export type Generation = 'aie' | 'aieml' | 'aie2ps';

/** The kinds of tile memory. The last three exist on AIE2PS only. */
export type MemoryType =
  | 'data'
  | 'program'
  | 'memory-tile'
  | 'uc-program'
  | 'uc-private-data'
  | 'uc-shared-data';

/** Every memory type, in the order in which views list them. */
export const memoryTypes: readonly MemoryType[] = [
  'data',
  'program',
  'memory-tile',
  'uc-program',
  'uc-private-data',
  'uc-shared-data',
];

/** Whether what runs is in the memory: a wrong access to it can halt a core. */
export function isProgramMemory(type: MemoryType): boolean {
  return type === 'program' || type === 'uc-program';
}

/** More columns and rows than any array has. */
export const mostColumns = 1024;
export const mostRows = 256;
/** More bytes than one memory type of any array has; keeps every offset within 32 bits and signed arithmetic. */
export const mostMemoryBytes = 2 ** 30;
/** Bytes of a word: what one access reads or writes at once. */
export const wordBytes = 4;

/** A tile's absolute position. */
export interface Tile {
  readonly col: number;
  readonly row: number;
}

/** A run of whole columns. */
export interface ColumnRange {
  readonly startCol: number;
  readonly numCols: number;
}

/** A run of whole rows; `count` 0 where the array has none of the kind. */
export interface RowRange {
  readonly start: number;
  readonly count: number;
}

/** What stands in which row of the array (hardware_info of the driver, or the device tree). */
export interface ArrayShape {
  /** 0 when unknown. */
  readonly numCols: number;
  readonly shim: RowRange;
  readonly memory: RowRange;
  readonly core: RowRange;
}

/** What stands at a place of the array. */
export type TileKind = 'shim' | 'memory' | 'core';

/** A run of bytes, counted as buffer offsets. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * Layout of one memory type of one partition: tiles column by column, each with the same number of bytes
 * (buffer layout: LKML 2020 series, patch 4; the same in aie-rt).
 */
export interface MemoryGeometry {
  readonly type: MemoryType;
  readonly startCol: number;
  readonly numCols: number;
  readonly startRow: number;
  readonly numRows: number;
  /** Bytes of this memory in one tile. */
  readonly bytesPerTile: number;
  /** Offset of this memory in the tile's own address space, bytes (0 for data, 0x20000 for program). */
  readonly tileBase: number;
}

/** A byte's place: its tile and the offset within that tile's memory. */
export interface TileOffset {
  readonly tile: Tile;
  readonly offset: number;
}

/** Number of tiles that have this memory. */
export function tileCount(geometry: MemoryGeometry): number {
  return geometry.numCols * geometry.numRows;
}

/** Bytes of the whole memory type of the partition: the size of its DMA-buf. */
export function totalBytes(geometry: MemoryGeometry): number {
  return tileCount(geometry) * geometry.bytesPerTile;
}

/** Whether the tile has this memory in this partition. */
export function containsTile(geometry: MemoryGeometry, tile: Tile): boolean {
  return (
    Number.isInteger(tile.col) &&
    Number.isInteger(tile.row) &&
    tile.col >= geometry.startCol &&
    tile.col < geometry.startCol + geometry.numCols &&
    tile.row >= geometry.startRow &&
    tile.row < geometry.startRow + geometry.numRows
  );
}

/** Buffer offset of the first byte of a tile's memory. Throws RangeError for a tile outside. */
export function tileStart(geometry: MemoryGeometry, tile: Tile): number {
  if (!containsTile(geometry, tile)) {
    throw new RangeError(`tile (${tile.col},${tile.row}) is not in this memory`);
  }
  const index = (tile.col - geometry.startCol) * geometry.numRows + (tile.row - geometry.startRow);
  return index * geometry.bytesPerTile;
}

/** The run of buffer offsets that one tile's memory takes. Throws RangeError for a tile outside. */
export function tileRange(geometry: MemoryGeometry, tile: Tile): ByteRange {
  return { offset: tileStart(geometry, tile), length: geometry.bytesPerTile };
}

/** The tile and tile offset of a buffer offset. Throws RangeError outside the memory. */
export function locate(geometry: MemoryGeometry, bufferOffset: number): TileOffset {
  if (!Number.isInteger(bufferOffset) || bufferOffset < 0 || bufferOffset >= totalBytes(geometry)) {
    throw new RangeError(`buffer offset ${bufferOffset} is outside the memory`);
  }
  const index = Math.floor(bufferOffset / geometry.bytesPerTile);
  return {
    tile: {
      col: geometry.startCol + Math.floor(index / geometry.numRows),
      row: geometry.startRow + (index % geometry.numRows),
    },
    offset: bufferOffset % geometry.bytesPerTile,
  };
}

/** Every tile of the memory, in buffer order. */
export function tiles(geometry: MemoryGeometry): Tile[] {
  const all: Tile[] = [];
  for (let col = geometry.startCol; col < geometry.startCol + geometry.numCols; col++) {
    for (let row = geometry.startRow; row < geometry.startRow + geometry.numRows; row++)
      all.push({ col, row });
  }
  return all;
}

/** The one notation for a tile: `(col,row)`, both absolute. */
export function formatTile(tile: Tile): string {
  return `(${tile.col},${tile.row})`;
}

/** Reads a tile as a person types it: `(3,2)`, `3,2`, `3 2`; `undefined` for anything else. */
export function parseTile(text: string): Tile | undefined {
  const [, col, row] = /^\(?\s*(\d{1,4})\s*[,\s]\s*(\d{1,4})\s*\)?$/.exec(text.trim()) ?? [];
  return col === undefined || row === undefined ? undefined : { col: Number(col), row: Number(row) };
}

/**
 * What stands in a row. Without a shape row 0 is the shim row; rows that are not known to be anything else count as rows
 * of cores.
 */
export function tileKind(array: ArrayShape | undefined, row: number): TileKind {
  const within = ({ start, count }: RowRange) => row >= start && row < start + count;
  if (array === undefined) return row === 0 ? 'shim' : 'core';
  if (within(array.shim)) return 'shim';
  return within(array.memory) ? 'memory' : 'core';
}

/**
 * The row counted from the first row of cores, as graph tools count it; undefined for rows without cores, and where the
 * array's shape is not known.
 */
export function computeRow(array: ArrayShape | undefined, row: number): number | undefined {
  if (array === undefined || row < array.core.start || row >= array.core.start + array.core.count) {
    return undefined;
  }
  return row - array.core.start;
}
