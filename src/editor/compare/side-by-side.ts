/** The other side of a comparison as something to show, and which bytes of both stand beside each other. Knows no VS Code. */
import type { SavedMemory, SavedSnapshot } from '../../board/snapshot/snapshot-file.ts';
import { stateBits } from '../../model/byte-state.ts';
import type { SideBytes } from '../../model/compare/compare.ts';
import {
  type ArrayShape,
  type ByteRange,
  formatTile,
  type Generation,
  locate,
  type MemoryGeometry,
  type Tile,
  tileRange,
  tileStart,
  tiles,
  totalBytes,
} from '../../model/geometry.ts';
import type { PlacedName } from '../../model/program/build.ts';
import { endOf, intersectRanges } from '../../model/ranges.ts';

/** Bytes that are expected, as a memory of their own, and where in it the compared range begins. */
export interface ExpectedMemory {
  readonly memory: SavedMemory;
  readonly start: number;
}

/** The least layout that has a range: one tile, or whole columns. */
function layoutOf(geometry: MemoryGeometry, range: ByteRange): MemoryGeometry {
  const [first, last] = [range.offset, endOf(range) - 1].map((offset) => locate(geometry, offset).tile) as [
    Tile,
    Tile,
  ];
  return formatTile(first) === formatTile(last)
    ? { ...geometry, startCol: first.col, numCols: 1, startRow: first.row, numRows: 1 }
    : { ...geometry, startCol: first.col, numCols: last.col - first.col + 1 };
}

/** The bytes that are expected in a range, in tiles of their own; around them, and where nothing is expected, bytes are missing. */
export function expectedMemory(geometry: MemoryGeometry, range: ByteRange, side: SideBytes): ExpectedMemory {
  const layout = layoutOf(geometry, range);
  const start = range.offset - tileStart(geometry, { col: layout.startCol, row: layout.startRow });
  const bytes = new Uint8Array(totalBytes(layout));
  bytes.set(side.bytes, start);
  const isThere = (offset: number): boolean => {
    const at = offset - start;
    if (at < 0 || at >= range.length) return false;
    return side.states === undefined || ((side.states[at] ?? 0) & stateBits.known) !== 0;
  };
  const missing: ByteRange[] = [];
  for (let at = 0; at < bytes.length; ) {
    const from = at;
    while (at < bytes.length && !isThere(at)) at++;
    if (at > from) missing.push({ offset: from, length: at - from });
    while (at < bytes.length && isThere(at)) at++;
  }
  return { memory: { geometry: layout, bytes, missing }, start };
}

/** What is known of the board whose memory is compared. */
export interface ComparedBoard {
  readonly partition: string;
  readonly generation: Generation | 'unknown';
  readonly array: ArrayShape | undefined;
  names(tile: Tile): readonly PlacedName[];
  tileName(tile: Tile): string;
}

/** A memory of expected bytes as a snapshot, with the names of the memory that it is compared with. */
export function expectedSnapshot(
  { memory }: ExpectedMemory,
  label: string,
  at: number,
  board: ComparedBoard,
): SavedSnapshot {
  const { geometry } = memory;
  const { array, generation, partition } = board;
  const { startCol, numCols, startRow, numRows } = geometry;
  const device = { device: '', hostName: '', kernel: '', machine: '', family: 'unknown', generation };
  return {
    at,
    label,
    board: array === undefined ? device : { ...device, array },
    partition: {
      key: partition,
      columns: { startCol, numCols },
      startRow: 0,
      numRows: startRow + numRows,
    },
    epoch: '',
    owner: '',
    memories: [memory],
    names: tiles(geometry).flatMap((tile) => board.names(tile)),
    kernels: tiles(geometry)
      .map((tile) => ({ tile, name: board.tileName(tile) }))
      .filter(({ name }) => name !== ''),
  };
}

/** Two runs of bytes of one length, in two memories or in one: buffer offsets. */
export interface BesideRanges {
  readonly own: ByteRange;
  /** Where the other one begins. */
  readonly other: number;
}

/**
 * The byte of the other editor that stands beside one of this editor; the nearest one that it shows.
 *
 * @param toOther from the compared memory to the other one, or the other way round
 * @param shown what the editor to scroll shows
 */
export function besideOffset(
  offset: number,
  { own, other }: BesideRanges,
  toOther: boolean,
  shown: ByteRange,
): number {
  const moved = toOther ? offset - own.offset + other : offset - other + own.offset;
  return Math.min(Math.max(moved, shown.offset), endOf(shown) - 1);
}

/** The tile that holds all of a range; undefined where several do. */
export function onlyTile(geometry: MemoryGeometry, range: ByteRange): Tile | undefined {
  const { tile } = locate(geometry, range.offset);
  return intersectRanges(range, tileRange(geometry, tile))?.length === range.length ? tile : undefined;
}
