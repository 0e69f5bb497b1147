/** What the simulated arrays are made of: rows, memories and sizes of each generation. Pure. */
import type {
  ArrayShape,
  ColumnRange,
  Generation,
  MemoryGeometry,
  MemoryType,
  RowRange,
  TileKind,
} from '../../model/geometry.ts';

/** Invented arrays in the sizes of real ones: VC1902, VE2802, and a small AIE2PS. */
export const simulatedShapes: Readonly<Record<Generation, ArrayShape>> = {
  aie: { numCols: 50, shim: rows(0, 1), memory: rows(1, 0), core: rows(1, 8) },
  aieml: { numCols: 38, shim: rows(0, 1), memory: rows(1, 2), core: rows(3, 8) },
  aie2ps: { numCols: 36, shim: rows(0, 1), memory: rows(1, 1), core: rows(2, 4) },
};

interface MemoryPlace {
  readonly type: MemoryType;
  readonly in: TileKind;
  readonly bytesPerTile: number;
  readonly tileBase: number;
}

/** Sizes and places as driver and manuals give them (LKML 2020 series; linux-xlnx). */
const memoryPlaces: Readonly<Record<Generation, readonly MemoryPlace[]>> = {
  aie: [
    { type: 'data', in: 'core', bytesPerTile: 0x8000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: 0x4000, tileBase: 0x20000 },
  ],
  aieml: [
    { type: 'data', in: 'core', bytesPerTile: 0x10000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: 0x4000, tileBase: 0x20000 },
    { type: 'memory-tile', in: 'memory', bytesPerTile: 0x80000, tileBase: 0 },
  ],
  aie2ps: [
    { type: 'data', in: 'core', bytesPerTile: 0x10000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: 0x4000, tileBase: 0x20000 },
    { type: 'memory-tile', in: 'memory', bytesPerTile: 0x80000, tileBase: 0 },
    { type: 'uc-program', in: 'shim', bytesPerTile: 0x8000, tileBase: 0x80000 },
    { type: 'uc-private-data', in: 'shim', bytesPerTile: 0x4000, tileBase: 0x88000 },
    { type: 'uc-shared-data', in: 'shim', bytesPerTile: 0x8000, tileBase: 0xd0000 },
  ],
};

/** Memory layouts of whole columns of an array. */
export function columnMemories(generation: Generation, columns: ColumnRange): MemoryGeometry[] {
  const shape = simulatedShapes[generation];
  return memoryPlaces[generation].map(({ in: kind, ...place }) => {
    const { start, count } = shape[kind];
    return { ...place, ...columns, startRow: start, numRows: count };
  });
}

/** Rows of a whole column, the shim row included. */
export function rowCount(shape: ArrayShape): number {
  return shape.shim.count + shape.memory.count + shape.core.count;
}

function rows(start: number, count: number): RowRange {
  return { start, count };
}
