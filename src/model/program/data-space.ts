/**
 * What a core sees under its data addresses: its own memory and those of its neighbours, each in a window of its own
 * (AM009, AM020; aie-rt's `_XAie_LoadElf` agrees). The first generation has a checkerboard: in odd rows a tile's own memory
 * lies to the east of its core, in even rows to the west.
 */
import { type ArrayShape, type Generation, type Tile, type TileOffset, tileKind } from '../geometry.ts';

/** How the data addresses of a generation are divided: four windows, south, west, north, east. */
interface DataSpace {
  /** The first window's first address; the windows follow each other. */
  readonly start: number;
  /** Bytes of one window, and of one tile's data memory. */
  readonly window: number;
}

const checkerboard: DataSpace = { start: 0x20000, window: 0x8000 };
const plain: DataSpace = { start: 0x40000, window: 0x10000 };

function spaceOf(generation: Generation): DataSpace {
  return generation === 'aie' ? checkerboard : plain;
}

/** Whether a core of the generation finds data under the address. */
export function isDataAddress(generation: Generation, address: number): boolean {
  const { start, window } = spaceOf(generation);
  return address >= start && address < start + 4 * window;
}

/** The first address after the window that an address lies in. */
export function windowEnd(generation: Generation, address: number): number {
  const { start, window } = spaceOf(generation);
  return start + (Math.floor((address - start) / window) + 1) * window;
}

/**
 * The tile whose data memory holds the byte that the core of `tile` finds under `address`, and where in it; `undefined`
 * where there is no data memory.
 */
export function dataPlace(
  generation: Generation,
  array: ArrayShape,
  tile: Tile,
  address: number,
): TileOffset | undefined {
  if (!isDataAddress(generation, address)) return undefined;
  const { start, window } = spaceOf(generation);
  const offset = (address - start) % window;
  const holder = holderOf(generation, tile, Math.floor((address - start) / window));
  const inArray = holder.col >= 0 && (array.numCols === 0 || holder.col < array.numCols);
  const isCore = tileKind(array, holder.row) === 'core' && holder.row < array.core.start + array.core.count;
  return inArray && isCore ? { tile: holder, offset } : undefined;
}

function holderOf(generation: Generation, { col, row }: Tile, window: number): Tile {
  const isOwnEast = generation !== 'aie' || row % 2 === 1;
  switch (window) {
    case 0:
      return { col, row: row - 1 };
    case 1:
      return { col: isOwnEast ? col - 1 : col, row };
    case 2:
      return { col, row: row + 1 };
    default:
      return { col: isOwnEast ? col : col + 1, row };
  }
}

/**
 * The generation that most data addresses belong to; the later ones have the same windows, and none shares any with the
 * first. Linkers put in numbers that are no addresses, and the end of the last window lies in that of another generation.
 */
export function generationOfAddresses(addresses: readonly number[]): Generation | undefined {
  const first = addresses.filter((one) => isDataAddress('aie', one)).length;
  const later = addresses.filter((one) => isDataAddress('aieml', one)).length;
  return first === later ? undefined : first > later ? 'aie' : 'aieml';
}
