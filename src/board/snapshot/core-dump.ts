/**
 * Core dumps of an NPU as snapshots (`docs/snapshots.md`): all that can be addressed in each tile, column by column, behind a
 * header or without one. Knows the format; not where files are, nor how a snapshot is shown.
 */
import { FileError } from '../../model/files/file-error.ts';
import {
  type ArrayShape,
  type Generation,
  type MemoryGeometry,
  tileStart,
  tiles,
  totalBytes,
} from '../../model/geometry.ts';
import { memoriesOf } from '../../model/memory-places.ts';
import type { SavedMemory, SavedSnapshot } from './snapshot-file.ts';

/** Bytes of a tile in a dump. */
const blockBytes = 1 << 20;
/** A header is at least as long as its fields. */
const leastHeader = 18;
const mostHeader = 1 << 20;
const magic = [0x4e, 0x50, 0x55, 0];

/** What a dump says of its array, and where its first tile begins. */
interface DumpLayout {
  readonly generation: Generation;
  readonly array: ArrayShape;
  readonly begin: number;
}

/** Generations as a header numbers them. Memories of AIE2P (4) lie as those of AIE-ML do. */
const generations: Readonly<Record<number, Generation>> = { 2: 'aieml', 4: 'aieml', 5: 'aie2ps' };

/** Arrays that leave dumps without a header: each has other rows. */
const headerless = [
  { generation: 'aieml', rows: 6, memoryRows: 1, mostCols: 8 },
  { generation: 'aie2ps', rows: 7, memoryRows: 2, mostCols: 38 },
] as const;

/** Whether bytes begin with the header of a core dump. */
export function isCoreDump(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** @param rows all rows of a column, the shim row included */
function shapeOf(numCols: number, rows: number, memoryRows: number): ArrayShape {
  return {
    numCols,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: memoryRows },
    core: { start: 1 + memoryRows, count: rows - 1 - memoryRows },
  };
}

function fault(text: string): FileError {
  return new FileError('snapshot', { text });
}

/** The layout that the header tells. Throws FileError `snapshot`. */
function headerOf(dump: Uint8Array): DumpLayout {
  if (dump.length < leastHeader) throw fault('header');
  const view = new DataView(dump.buffer, dump.byteOffset, leastHeader);
  const begin = view.getUint32(8, true);
  const [kind = 0, coreStart = 0, memoryStart = 0, memoryRows = 0, rows = 0, numCols = 0] = dump.subarray(
    12,
    18,
  );
  const generation = generations[kind];
  if (generation === undefined) throw fault(`generation ${kind}`);
  // Rows follow each other without a gap: only then is it known where a tile's bytes are.
  const isInOrder = coreStart === 1 + memoryRows && (memoryRows === 0 || memoryStart === 1);
  if (begin < leastHeader || begin > mostHeader || !isInOrder || rows <= coreStart || numCols === 0) {
    throw fault('header');
  }
  return { generation, array: shapeOf(numCols, rows, memoryRows), begin };
}

/** The layout of a dump without a header, of which only the length tells. Throws FileError `snapshot`. */
function layoutByLength(length: number): DumpLayout {
  const fits = headerless.filter(({ rows, mostCols }) => {
    const cols = length / (rows * blockBytes);
    return Number.isInteger(cols) && cols >= 1 && cols <= mostCols;
  });
  const [only, ...others] = fits;
  if (only === undefined) throw fault('zip');
  // Its columns could be the one or the other array's: nothing is guessed.
  if (others.length > 0) throw fault('header');
  const { generation, rows, memoryRows } = only;
  return { generation, array: shapeOf(length / (rows * blockBytes), rows, memoryRows), begin: 0 };
}

/** The bytes of one memory, gathered from the blocks of its tiles. */
function memoryOf(dump: Uint8Array, { array, begin }: DumpLayout, geometry: MemoryGeometry): SavedMemory {
  const { bytesPerTile, tileBase } = geometry;
  const rows = 1 + array.memory.count + array.core.count;
  const bytes = new Uint8Array(totalBytes(geometry));
  for (const tile of tiles(geometry)) {
    const at = begin + (tile.col * rows + tile.row) * blockBytes + tileBase;
    bytes.set(dump.subarray(at, at + bytesPerTile), tileStart(geometry, tile));
  }
  return { geometry, bytes, missing: [] };
}

/**
 * Reads a core dump. What stands in shim tiles and registers is left out. Throws FileError `snapshot` with what is wrong.
 *
 * @param label what the file is called
 * @param at when it was written, milliseconds since 1970
 */
export function readCoreDump(dump: Uint8Array, label: string, at: number): SavedSnapshot {
  const layout = isCoreDump(dump) ? headerOf(dump) : layoutByLength(dump.length);
  const { generation, array, begin } = layout;
  const numRows = 1 + array.memory.count + array.core.count;
  const { numCols } = array;
  if (dump.length < begin + numCols * numRows * blockBytes) throw fault('length');
  const columns = { startCol: 0, numCols };
  const layouts = memoriesOf(generation, array, columns);
  const held = layouts.filter(({ type, numRows: count }) => !type.startsWith('uc-') && count > 0);
  return {
    at,
    label,
    board: { device: '', family: 'unknown', generation, hostName: '', kernel: '', machine: '', array },
    partition: { key: `0_${numCols}`, columns, startRow: 0, numRows },
    epoch: '',
    owner: '',
    memories: held.map((geometry) => memoryOf(dump, layout, geometry)),
    names: [],
    kernels: [],
  };
}
