/**
 * The ways in which a byte's place is written: offset in its tile, offset in the buffer of its memory, address as a core's
 * program sees it, address on the AXI bus. Numbers only: an AXI address has more than 32 bits and fewer than 53.
 */
import type { AddressKind } from './address-kinds.ts';
import {
  type ArrayShape,
  computeRow,
  containsTile,
  formatTile,
  type Generation,
  locate,
  type MemoryGeometry,
  type Tile,
  type TileOffset,
  tileStart,
} from './geometry.ts';
import { hexDigits } from './numbers.ts';

/** What addresses depend on. */
export interface AddressSpace {
  readonly geometry: MemoryGeometry;
  readonly generation: Generation | 'unknown';
  readonly array?: ArrayShape | undefined;
}

/** Where the array stands on the AXI bus of every device of these generations. */
const arrayBase = 0x200_0000_0000;

/** Bits of an address that say the place in a tile, and in a column. */
const shifts: Readonly<Record<Generation, { readonly row: number; readonly col: number }>> = {
  aie: { row: 18, col: 23 },
  aieml: { row: 20, col: 25 },
  aie2ps: { row: 20, col: 25 },
};

/** A core sees four data memories, each in a window of the memory's size: south, west, north and east, from the fourth on. */
const windows = ['south', 'west', 'north', 'east'] as const;
const firstWindow = 4;

/** The window in which a core sees its own memory. First generation: rows turn the tile around. */
function ownWindow(generation: Generation, row: number): 'west' | 'east' {
  return generation === 'aie' && row % 2 === 0 ? 'west' : 'east';
}

/** The tile whose data memory a core sees in a window. */
function seenTile(generation: Generation, core: Tile, window: (typeof windows)[number]): Tile {
  const { col, row } = core;
  if (window === 'south') return { col, row: row - 1 };
  if (window === 'north') return { col, row: row + 1 };
  if (window === ownWindow(generation, row)) return core;
  return { col: window === 'west' ? col - 1 : col + 1, row };
}

/** The address of a byte; `undefined` where there is none of this kind, or the generation is not known. */
export function addressOf(space: AddressSpace, kind: AddressKind, bufferOffset: number): number | undefined {
  const { geometry, generation } = space;
  const { tile, offset } = locate(geometry, bufferOffset);
  if (kind === 'buffer') return bufferOffset;
  if (kind === 'tile') return offset;
  if (generation === 'unknown') return undefined;
  if (kind === 'axi') {
    const { row, col } = shifts[generation];
    return arrayBase + tile.col * 2 ** col + tile.row * 2 ** row + geometry.tileBase + offset;
  }
  // A program is counted from its first byte.
  if (geometry.type === 'program') return offset;
  if (geometry.type !== 'data') return undefined;
  const window = windows.indexOf(ownWindow(generation, tile.row));
  return (firstWindow + window) * geometry.bytesPerTile + offset;
}

/** Whether bytes of the memory have an address of the kind. */
export function hasAddress(space: AddressSpace, kind: AddressKind): boolean {
  return addressOf(space, kind, 0) !== undefined;
}

/** The buffer offset of an AXI address; `undefined` if it is none of this memory. */
export function axiPlace({ geometry, generation }: AddressSpace, address: number): number | undefined {
  if (generation === 'unknown' || !Number.isSafeInteger(address)) return undefined;
  const { row, col } = shifts[generation];
  const inArray = address - arrayBase;
  if (inArray < 0) return undefined;
  const inColumn = inArray % 2 ** col;
  const tile = { col: Math.floor(inArray / 2 ** col), row: Math.floor(inColumn / 2 ** row) };
  const offset = (inColumn % 2 ** row) - geometry.tileBase;
  if (!containsTile(geometry, tile) || offset < 0 || offset >= geometry.bytesPerTile) return undefined;
  return tileStart(geometry, tile) + offset;
}

/** What a partition is made of: the generation of its array, and its first column. */
export interface PartitionSpace {
  readonly generation: Generation;
  readonly startCol: number;
}

/** The offset in its partition of a byte at an offset in its tile's own address space; less than 2^31 for every array. */
export function partitionOffset(
  { generation, startCol }: PartitionSpace,
  tile: Tile,
  inTile: number,
): number {
  const { row, col } = shifts[generation];
  return (tile.col - startCol) * 2 ** col + tile.row * 2 ** row + inTile;
}

/** The tile of an offset in a partition, and the offset in the tile's own address space. */
export function partitionPlace({ generation, startCol }: PartitionSpace, offset: number): TileOffset {
  const { row, col } = shifts[generation];
  const inColumn = offset % 2 ** col;
  const tile = { col: startCol + Math.floor(offset / 2 ** col), row: Math.floor(inColumn / 2 ** row) };
  return { tile, offset: inColumn % 2 ** row };
}

function isCoreRow(array: ArrayShape | undefined, row: number): boolean {
  return array === undefined ? row > 0 : computeRow(array, row) !== undefined;
}

/** The place that a core's program means by an address; `undefined` if that is no core's data memory. */
export function corePlace(
  space: AddressSpace,
  core: Tile,
  address: number,
): (Tile & { offset: number }) | undefined {
  const { geometry, generation, array } = space;
  if (generation === 'unknown' || geometry.type !== 'data') return undefined;
  const window = windows[Math.floor(address / geometry.bytesPerTile) - firstWindow];
  if (window === undefined) return undefined;
  const tile = seenTile(generation, core, window);
  if (tile.col < 0 || !isCoreRow(array, tile.row)) return undefined;
  return { ...tile, offset: address % geometry.bytesPerTile };
}

/** How addresses are written. */
export interface AddressNotation {
  readonly space: AddressSpace;
  readonly kind: AddressKind;
  readonly decimal: boolean;
  readonly upperCase: boolean;
}

/** The kind that is shown: the chosen one, or tile offsets where the memory has no such addresses. */
export function shownKind({ space, kind }: AddressNotation): AddressKind {
  return hasAddress(space, kind) ? kind : 'tile';
}

/** A number as `0x` and at least so many digits, or in decimal. */
export function addressNumber(
  { decimal, upperCase }: Pick<AddressNotation, 'decimal' | 'upperCase'>,
  value: number,
  digits: number,
): string {
  return decimal ? String(value) : `0x${hexDigits(value, digits, upperCase)}`;
}

/** The place of a byte as *Go to Offset...* reads it back. */
export function addressText(notation: AddressNotation, offset: number): string {
  const kind = shownKind(notation);
  const { tile } = locate(notation.space.geometry, offset);
  const text = addressNumber(notation, addressOf(notation.space, kind, offset) ?? 0, 1);
  if (kind === 'buffer') return `buffer+${text}`;
  if (kind === 'axi') return text;
  return `${formatTile(tile)}${kind === 'core' ? ':' : '+'}${text}`;
}
