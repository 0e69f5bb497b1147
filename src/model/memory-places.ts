/** Which memories the tiles of each generation have. Pure. */
import type {
  ArrayShape,
  ColumnRange,
  Generation,
  MemoryGeometry,
  MemoryType,
  TileKind,
} from './geometry.ts';

interface MemoryPlace {
  readonly type: MemoryType;
  readonly in: TileKind;
  readonly bytesPerTile: number;
  readonly tileBase: number;
}

/** Bytes of a core's program memory, of every generation. */
export const programBytes = 0x4000;

/** Sizes and places as driver and manuals give them (LKML 2020 series; linux-xlnx). */
const memoryPlaces: Readonly<Record<Generation, readonly MemoryPlace[]>> = {
  aie: [
    { type: 'data', in: 'core', bytesPerTile: 0x8000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: programBytes, tileBase: 0x20000 },
  ],
  aieml: [
    { type: 'data', in: 'core', bytesPerTile: 0x10000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: programBytes, tileBase: 0x20000 },
    { type: 'memory-tile', in: 'memory', bytesPerTile: 0x80000, tileBase: 0 },
  ],
  aie2ps: [
    { type: 'data', in: 'core', bytesPerTile: 0x10000, tileBase: 0 },
    { type: 'program', in: 'core', bytesPerTile: programBytes, tileBase: 0x20000 },
    { type: 'memory-tile', in: 'memory', bytesPerTile: 0x80000, tileBase: 0 },
    { type: 'uc-program', in: 'shim', bytesPerTile: 0x8000, tileBase: 0x80000 },
    { type: 'uc-private-data', in: 'shim', bytesPerTile: 0x4000, tileBase: 0x88000 },
    { type: 'uc-shared-data', in: 'shim', bytesPerTile: 0x8000, tileBase: 0xd0000 },
  ],
};

/** The layouts of all memories of whole columns of an array. */
export function memoriesOf(
  generation: Generation,
  shape: Pick<ArrayShape, TileKind>,
  { startCol, numCols }: ColumnRange,
): MemoryGeometry[] {
  return memoryPlaces[generation].map(({ in: kind, ...place }) => {
    const { start, count } = shape[kind];
    return { ...place, startCol, numCols, startRow: start, numRows: count };
  });
}
