/** What was found in memories, by tile, as rows of a tree that are made when they are shown. Knows no VS Code. */
import { isUnreadable, stateBits } from '../../model/byte-state.ts';
import type { HitList } from '../../model/find/hit-list.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry, tileCount } from '../../model/geometry.ts';
import type { Localiser } from '../../model/localiser.ts';
import { hexDigits, hexNumber } from '../../model/numbers.ts';
import { mostBytesOfRow } from '../list-limits.ts';
import type { ShownBytes } from '../messages.ts';
import { type Items, rowsOf } from '../row-groups.ts';
import type { TreeRow } from '../row-tree.ts';

/** What one tab found in its memory. */
export interface FoundMemory {
  /** The tab that searches: another one for each, also of the same memory. */
  readonly tab: string;
  readonly title: string;
  /** Bytes as the tab shows them. */
  readonly bytes: (range: ByteRange) => ShownBytes;
  readonly geometry: MemoryGeometry;
  readonly hits: HitList;
  /** There may be more. */
  readonly isFull: boolean;
}

/** One row. */
export interface HitRow extends TreeRow<HitRow> {
  readonly kind: 'hit' | 'group';
  readonly of: FoundMemory;
  /** The hit. */
  readonly place?: ByteRange;
  /** It is one place in the memory, which can be gone to. */
  readonly isPlace?: boolean;
}

/** The row of a memory, with a row for each tile below it in which a hit begins. */
export function foundRow(of: FoundMemory, l10n: Localiser): HitRow {
  const { tab: key, hits, geometry } = of;
  return {
    key,
    label: of.title,
    description: of.isFull ? l10n.t('{0} or more hits', hits.count) : countText(hits.count, l10n),
    icon: 'chip',
    kind: 'group',
    of,
    open: true,
    below: () => {
      const tiles = Array.from({ length: tileCount(geometry) }, (_, tile) => ({
        tile,
        ...itemsIn(of, tile),
      }));
      return tiles
        .filter(({ count }) => count > 0)
        .map(({ tile, ...items }, index) => tileRow(of, `${key}/${tile}`, tile, items, index === 0, l10n));
    },
  };
}

/** The numbers of the hits that begin in a tile. */
function itemsIn({ hits, geometry: { bytesPerTile } }: FoundMemory, tile: number): Items {
  const first = hits.firstFrom(tile * bytesPerTile);
  return { first, count: hits.firstFrom((tile + 1) * bytesPerTile) - first };
}

function tileRow(
  of: FoundMemory,
  key: string,
  tile: number,
  items: Items,
  open: boolean,
  l10n: Localiser,
): HitRow {
  const group = ({ first, count }: Items, below: () => readonly HitRow[]): HitRow => ({
    key: `${key}/${first}+${count}`,
    label: `${first - items.first + 1} - ${first - items.first + count}`,
    description: l10n.t('from {0} on', offsetText(of, of.hits.at(first)?.offset ?? 0)),
    kind: 'group',
    of,
    below,
  });
  return {
    key,
    label: formatTile(locate(of.geometry, tile * of.geometry.bytesPerTile).tile),
    description: countText(items.count, l10n),
    kind: 'group',
    of,
    open,
    below: () => rowsOf(items, (item) => hitRow(of, key, of.hits.at(item)), group),
  };
}

function hitRow(of: FoundMemory, key: string, place: ByteRange = { offset: 0, length: 0 }): HitRow {
  const { bytes, flags } = of.bytes({ ...place, length: Math.min(place.length, mostBytesOfRow) });
  const cells = [...bytes].map((byte, i) => {
    const flag = flags[i] ?? 0;
    if ((flag & (stateBits.known | stateBits.staged)) !== 0) return hexDigits(byte, 2);
    return isUnreadable(flag) ? '??' : '··';
  });
  return {
    key: `${key}+${place.offset}`,
    label: offsetText(of, place.offset),
    description: `${cells.join(' ')}${place.length > mostBytesOfRow ? ' …' : ''}`,
    kind: 'hit',
    of,
    place,
    isPlace: true,
  };
}

function offsetText({ geometry }: FoundMemory, offset: number): string {
  return hexNumber(locate(geometry, offset).offset, 4);
}

function countText(count: number, l10n: Localiser): string {
  return count === 1 ? l10n.t('1 hit') : l10n.t('{0} hits', count);
}
