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

/** What was found in one memory: by a tab, or in a search of its whole board. */
export interface FoundMemory {
  /** The tab that searches, or the memory in its search: another one for each, also of the same memory. */
  readonly tab: string;
  readonly title: string;
  /** Bytes as an editor shows them; undefined where none has the memory open. */
  readonly bytes: (range: ByteRange) => ShownBytes | undefined;
  readonly geometry: MemoryGeometry;
  readonly hits: HitList;
  /** There may be more. */
  readonly isFull: boolean;
  /** What else is said of it. */
  readonly notes?: readonly string[];
  /** Whether a hit is none any more, by its first bytes. */
  readonly isOther?: (hit: ByteRange, shown: ShownBytes) => boolean;
  /** Shows a hit in an editor. */
  readonly show: (hit: ByteRange) => Promise<void> | void;
}

/** A memory, or a partition, of which there is nothing to be shown, and why. */
export interface UnsearchedMemory {
  readonly title: string;
  readonly notes: readonly string[];
}

/** What was found in all memories of a board. */
export interface FoundOnBoard {
  readonly key: string;
  readonly title: string;
  /** In all of them. */
  readonly hits: number;
  /** There may be more. */
  readonly isFull: boolean;
  readonly notes: readonly string[];
  readonly memories: readonly (FoundMemory | UnsearchedMemory)[];
}

/** One row. */
export interface HitRow extends TreeRow<HitRow> {
  /** `memories`: the search of all memories of a board. */
  readonly kind: 'hit' | 'group' | 'memories';
  /** The hit. */
  readonly place?: ByteRange;
  /** Shows the hit in an editor. */
  readonly show?: () => Promise<void> | void;
  /** It is one place in the memory, which can be gone to. */
  readonly isPlace?: boolean;
}

/** The row of a board whose memories were all searched, with a row for each of them. */
export function boardRow(of: FoundOnBoard, l10n: Localiser): HitRow {
  const { key, title, hits, isFull, notes, memories } = of;
  return {
    key,
    label: title,
    description: [hitsText(hits, isFull, l10n), l10n.t('all memories'), ...notes].join(' · '),
    icon: 'circuit-board',
    kind: 'memories',
    open: true,
    below: () =>
      memories.map((memory, i): HitRow => {
        if ('tab' in memory) return foundRow(memory, l10n);
        const description = memory.notes.join(' · ');
        return { key: `${key}/${i}`, label: memory.title, description, icon: 'chip', kind: 'group' };
      }),
  };
}

/** The row of a memory, with a row for each tile below it in which a hit begins. */
export function foundRow(of: FoundMemory, l10n: Localiser): HitRow {
  const { tab: key, hits, geometry, notes = [] } = of;
  const row = {
    key,
    label: of.title,
    description: [hitsText(hits.count, of.isFull, l10n), ...notes].join(' · '),
    icon: 'chip',
    kind: 'group' as const,
  };
  if (hits.count === 0) return row;
  return {
    ...row,
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
    below,
  });
  return {
    key,
    label: formatTile(locate(of.geometry, tile * of.geometry.bytesPerTile).tile),
    description: countText(items.count, l10n),
    kind: 'group',
    open,
    below: () => rowsOf(items, (item) => hitRow(of, key, of.hits.at(item), l10n), group),
  };
}

function hitRow(
  of: FoundMemory,
  key: string,
  place: ByteRange = { offset: 0, length: 0 },
  l10n: Localiser,
): HitRow {
  const shown = of.bytes({ ...place, length: Math.min(place.length, mostBytesOfRow) });
  return {
    key: `${key}+${place.offset}`,
    label: offsetText(of, place.offset),
    description: shown === undefined ? '' : shownText(of, place, shown, l10n),
    kind: 'hit',
    place,
    show: () => of.show(place),
    isPlace: true,
  };
}

function shownText(of: FoundMemory, place: ByteRange, shown: ShownBytes, l10n: Localiser): string {
  const cells = `${cellsText(shown)}${place.length > mostBytesOfRow ? ' …' : ''}`;
  return of.isOther?.(place, shown) === true ? l10n.t('{0} · changed since', cells) : cells;
}

function cellsText({ bytes, flags }: ShownBytes): string {
  const cells = [...bytes].map((byte, i) => {
    const flag = flags[i] ?? 0;
    if ((flag & (stateBits.known | stateBits.staged)) !== 0) return hexDigits(byte, 2);
    return isUnreadable(flag) ? '??' : '··';
  });
  return cells.join(' ');
}

function offsetText({ geometry }: FoundMemory, offset: number): string {
  return hexNumber(locate(geometry, offset).offset, 4);
}

function hitsText(count: number, isFull: boolean, l10n: Localiser): string {
  return isFull ? l10n.t('{0} or more hits', count) : countText(count, l10n);
}

/** How many hits there are. */
export function countText(count: number, l10n: Localiser): string {
  return count === 1 ? l10n.t('1 hit') : l10n.t('{0} hits', count);
}
