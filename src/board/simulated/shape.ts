/** What the simulated arrays are made of: rows, memories and sizes of each generation. Pure. */
import type { ArrayShape, ColumnRange, Generation, MemoryGeometry, RowRange } from '../../model/geometry.ts';
import { memoriesOf } from '../../model/memory-places.ts';

/** Invented arrays in the sizes of real ones: VC1902, VE2802, and a small AIE2PS. */
export const simulatedShapes: Readonly<Record<Generation, ArrayShape>> = {
  aie: { numCols: 50, shim: rows(0, 1), memory: rows(1, 0), core: rows(1, 8) },
  aieml: { numCols: 38, shim: rows(0, 1), memory: rows(1, 2), core: rows(3, 8) },
  aie2ps: { numCols: 36, shim: rows(0, 1), memory: rows(1, 1), core: rows(2, 4) },
};

/** Memory layouts of whole columns of an array. */
export function columnMemories(generation: Generation, columns: ColumnRange): MemoryGeometry[] {
  return memoriesOf(generation, simulatedShapes[generation], columns);
}

/** Rows of a whole column, the shim row included. */
export function rowCount(shape: ArrayShape): number {
  return shape.shim.count + shape.memory.count + shape.core.count;
}

function rows(start: number, count: number): RowRange {
  return { start, count };
}
