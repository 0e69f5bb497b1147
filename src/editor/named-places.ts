/** Names that a build gives to places of the memory an editor shows. */
import {
  type ByteRange,
  formatTile,
  locate,
  type MemoryGeometry,
  type Tile,
  tileStart,
  tiles,
} from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import type { PlacedName } from '../model/program/build.ts';
import { nameText } from '../model/program/name-texts.ts';
import { endOf } from '../model/ranges.ts';

/** The names in the shown memory of a tile. */
export type NamesOfTile = (tile: Tile) => readonly PlacedName[];

/** Bytes with a name: buffer offsets. */
export interface NamedRange {
  readonly name: string;
  readonly range: ByteRange;
}

/** A name with its buffer offset. */
export interface NamedPlace {
  readonly name: PlacedName;
  readonly offset: number;
}

/** A kernel with the tile that runs it. */
export interface KernelSpot {
  readonly name: string;
  /** Empty where the build does not say it. */
  readonly graph: string;
  /** Buffer offset of the first shown byte of the tile. */
  readonly offset: number;
}

/** Tiles of which bytes are shown, with the buffer offsets of their first bytes. */
function shownTiles(geometry: MemoryGeometry, shown: ByteRange): { tile: Tile; start: number }[] {
  return tiles(geometry)
    .map((tile) => ({ tile, start: tileStart(geometry, tile) }))
    .filter(({ start }) => start + geometry.bytesPerTile > shown.offset && start < endOf(shown));
}

/** All kernels of tiles of which bytes are shown, in the order of the tiles. */
export function kernelSpots(
  geometry: MemoryGeometry,
  shown: ByteRange,
  kernelsOf: (tile: Tile) => readonly Pick<KernelSpot, 'name' | 'graph'>[],
): KernelSpot[] {
  return shownTiles(geometry, shown).flatMap(({ tile, start }) =>
    kernelsOf(tile).map(({ name, graph }) => ({ name, graph, offset: Math.max(start, shown.offset) })),
  );
}

/** All names that begin in the shown bytes, in the order of their places. */
export function namedPlaces(geometry: MemoryGeometry, shown: ByteRange, namesOf: NamesOfTile): NamedPlace[] {
  return shownTiles(geometry, shown).flatMap(({ tile, start }) =>
    namesOf(tile)
      .map((name) => ({ name, offset: start + name.offset }))
      .filter(({ offset }) => offset >= shown.offset && offset < endOf(shown)),
  );
}

/** The smallest name that covers a tile offset; undefined without any. */
function smallestAt(names: readonly PlacedName[], offset: number): PlacedName | undefined {
  const covering = names.filter(
    (name) => offset >= name.offset && offset < name.offset + Math.max(1, name.size),
  );
  return covering.toSorted((a, b) => a.size - b.size)[0];
}

/** What a byte belongs to: the smallest name that covers it, and how far from its first byte; empty without any. */
export function nameAt(
  geometry: MemoryGeometry,
  bufferOffset: number,
  namesOf: NamesOfTile,
  l10n: Localiser,
): string {
  const { tile, offset } = locate(geometry, bufferOffset);
  const best = smallestAt(namesOf(tile), offset);
  if (best === undefined) return '';
  const inside = offset - best.offset;
  return `${nameText(best, l10n)}${inside === 0 ? '' : `+${hexNumber(inside)}`}`;
}

/** All bytes of the smallest name that covers a byte, as far as they lie in its tile; undefined where no size is known. */
export function namedRangeAt(
  geometry: MemoryGeometry,
  bufferOffset: number,
  namesOf: NamesOfTile,
  l10n: Localiser,
): NamedRange | undefined {
  const { tile, offset } = locate(geometry, bufferOffset);
  const best = smallestAt(
    namesOf(tile).filter(({ size }) => size > 0),
    offset,
  );
  if (best === undefined) return undefined;
  const length = Math.min(best.size, geometry.bytesPerTile - best.offset);
  return { name: nameText(best, l10n), range: { offset: bufferOffset - offset + best.offset, length } };
}

/** Where a name stands: `(7,3)+0x0400`. */
export function placeText({ name }: NamedPlace): string {
  return `${formatTile(name.tile)}+${hexNumber(name.offset, 4)}`;
}
