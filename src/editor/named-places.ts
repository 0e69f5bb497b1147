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

/** The names in the shown memory of a tile. */
export type NamesOfTile = (tile: Tile) => readonly PlacedName[];

/** A name with its buffer offset. */
export interface NamedPlace {
  readonly name: PlacedName;
  readonly offset: number;
}

/** All names that begin in the shown bytes, in the order of their places. */
export function namedPlaces(geometry: MemoryGeometry, shown: ByteRange, namesOf: NamesOfTile): NamedPlace[] {
  return tiles(geometry).flatMap((tile) => {
    const start = tileStart(geometry, tile);
    if (start + geometry.bytesPerTile <= shown.offset || start >= shown.offset + shown.length) return [];
    return namesOf(tile)
      .map((name) => ({ name, offset: start + name.offset }))
      .filter(({ offset }) => offset >= shown.offset && offset < shown.offset + shown.length);
  });
}

/** What a byte belongs to: the smallest name that covers it, and how far from its first byte; empty without any. */
export function nameAt(
  geometry: MemoryGeometry,
  bufferOffset: number,
  namesOf: NamesOfTile,
  l10n: Localiser,
): string {
  const { tile, offset } = locate(geometry, bufferOffset);
  const covering = namesOf(tile).filter(
    (name) => offset >= name.offset && offset < name.offset + Math.max(1, name.size),
  );
  const [best] = covering.sort((a, b) => a.size - b.size);
  if (best === undefined) return '';
  const inside = offset - best.offset;
  return `${nameText(best, l10n)}${inside === 0 ? '' : `+${hexNumber(inside)}`}`;
}

/** Where a name stands: `(7,3)+0x0400`. */
export function placeText({ name }: NamedPlace): string {
  return `${formatTile(name.tile)}+${hexNumber(name.offset, 4)}`;
}
