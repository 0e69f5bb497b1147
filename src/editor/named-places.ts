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
import type { PlacedMark } from '../model/placed-mark.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { CoreMark } from '../model/program/core-marks.ts';
import { nameSizeText, nameText } from '../model/program/name-texts.ts';
import { endOf } from '../model/ranges.ts';
import type { PageName, PageNames } from './messages.ts';

/** The names in the shown memory of a tile. */
export type NamesOfTile = (tile: Tile) => readonly PlacedName[];

/** What a person laid over a part of a tile's shown memory, tile offsets. */
export type MarksOfTile = (tile: Tile, from: number, to: number) => readonly PlacedMark[];

/** A bookmark or a field with its buffer offset. */
export interface MarkSpot {
  readonly mark: PlacedMark;
  readonly offset: number;
}

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

/** All bookmarks and fields that begin in the shown bytes, in the order of the tiles. */
export function markSpots(geometry: MemoryGeometry, shown: ByteRange, marksOf: MarksOfTile): MarkSpot[] {
  return shownTiles(geometry, shown).flatMap(({ tile, start }) =>
    marksOf(tile, 0, geometry.bytesPerTile)
      .map((mark) => ({ mark, offset: start + mark.offset }))
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

/** A build may name a byte many times: no more than these are told of one screen. */
const mostNames = 2000;

/** What is said of bytes. */
interface NameSources {
  readonly namesOf: NamesOfTile;
  readonly marksOf: MarksOfTile;
  readonly registers: readonly (Omit<CoreMark, 'at'> & { readonly readAt: string })[];
  /** What more is known of a name than its build says. */
  readonly moreOf?: (name: PlacedName) => string;
}

/** What has a name in a part of the shown bytes, and which registers point there. */
export function pageNames(
  geometry: MemoryGeometry,
  shown: ByteRange,
  part: ByteRange,
  { namesOf, marksOf, registers, moreOf = () => '' }: NameSources,
  l10n: Localiser,
): PageNames {
  const names = shownTiles(geometry, part).flatMap(({ tile, start }) => {
    const { bytesPerTile } = geometry;
    const isIn = (offset: number, size: number): boolean =>
      offset < bytesPerTile &&
      start + offset < endOf(part) &&
      start + offset + Math.max(1, size) > part.offset;
    const named = namesOf(tile)
      .filter(({ offset, size }) => isIn(offset, size))
      .map((name): PageName => {
        const { kind, offset, size } = name;
        const length = Math.min(size, bytesPerTile - offset);
        const detail = [nameSizeText(name, l10n), moreOf(name)].filter((text) => text !== '').join('. ');
        return { kind, text: nameText(name, l10n), detail, offset: start + offset, length };
      });
    const pointed = registers
      .filter((one) => one.tile.col === tile.col && one.tile.row === tile.row && isIn(one.offset, 1))
      .map(({ kind, of, offset, readAt }): PageName => {
        const isOwn = of.col === tile.col && of.row === tile.row;
        const register = kind === 'pc' ? l10n.t('PC') : l10n.t('SP');
        return {
          kind,
          text: isOwn ? register : l10n.t('{0} of {1}', register, formatTile(of)),
          detail: l10n.t('read at {0}', readAt),
          offset: start + offset,
          length: 1,
        };
      });
    const from = Math.max(0, part.offset - start);
    const to = Math.min(bytesPerTile, endOf(part) - start);
    const marked = marksOf(tile, from, to).map(
      ({ offset, length, ...mark }): PageName => ({
        ...mark,
        offset: start + offset,
        length: Math.min(length, bytesPerTile - offset),
      }),
    );
    return [...pointed, ...marked, ...named];
  });
  const isNamed =
    names.length > 0 ||
    shownTiles(geometry, shown).some(
      ({ tile }) => namesOf(tile).length > 0 || marksOf(tile, 0, geometry.bytesPerTile).length > 0,
    );
  return { names: names.slice(0, mostNames), isNamed };
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
