/**
 * What the tiles of a memory have to show on the page's map, a byte each, kept up to date a few tiles at a time. Knows bytes
 * and edits; not which of them a person sees.
 */
import { type ByteChanges, pageBytes, reasonOf } from '../model/byte-state.ts';
import type { HitList } from '../model/find/hit-list.ts';
import {
  type ByteRange,
  locate,
  type MemoryGeometry,
  type Tile,
  tileCount,
  totalBytes,
} from '../model/geometry.ts';
import { cutRanges, endOf } from '../model/ranges.ts';
import { tileMarks } from './messages.ts';

/** Where bytes and edits come from. */
interface MarkedBytes {
  bytes(range: ByteRange): { readonly flags: Uint8Array };
  /** When the bytes of a range that lies in one page last changed. */
  changes(range: ByteRange): ByteChanges;
  counts(range: ByteRange): { readonly staged: number; readonly conflicts: number };
}

export class TileMarks {
  readonly geometry: MemoryGeometry;
  readonly #marks: Uint8Array;
  /** Tiles to go through, by their index in buffer order. */
  readonly #due = new Set<number>();

  constructor(geometry: MemoryGeometry) {
    this.geometry = geometry;
    this.#marks = new Uint8Array(tileCount(geometry));
    this.changed([{ offset: 0, length: totalBytes(geometry) }]);
  }

  /** A byte of `tileMarks` for each tile, in buffer order. */
  get marks(): Uint8Array {
    return this.#marks.slice();
  }

  /** Whether bytes in tiles of the range are marked as changed, by what was last seen of them. */
  hasChanges({ offset, length }: ByteRange): boolean {
    const { bytesPerTile } = this.geometry;
    const [first, last] = [Math.floor(offset / bytesPerTile), Math.ceil((offset + length) / bytesPerTile)];
    return this.#marks.subarray(first, last).some((marks) => (marks & tileMarks.changed) !== 0);
  }

  /** Whether tiles are left to go through. */
  get isBehind(): boolean {
    return this.#due.size > 0;
  }

  /** Bytes, edits or marks of the ranges changed. */
  changed(ranges: readonly ByteRange[]): void {
    const { bytesPerTile } = this.geometry;
    for (const range of ranges) {
      if (range.length === 0) continue;
      const last = Math.floor((endOf(range) - 1) / bytesPerTile);
      for (let tile = Math.floor(range.offset / bytesPerTile); tile <= last; tile++) this.#due.add(tile);
    }
  }

  /**
   * Goes through some of the tiles that are due. True if one has other marks than before.
   *
   * @param since bytes that changed after this tick count as changed; undefined: those of the last update of their page
   * @param most bytes to go through, but one tile at least
   */
  update(source: MarkedBytes, since: number | undefined, most: number): boolean {
    const { bytesPerTile } = this.geometry;
    let left = most;
    let isOther = false;
    for (const tile of this.#due) {
      this.#due.delete(tile);
      const marks = marksOf(source, { offset: tile * bytesPerTile, length: bytesPerTile }, since);
      isOther ||= marks !== this.#marks[tile];
      this.#marks[tile] = marks;
      left -= bytesPerTile;
      if (left <= 0) break;
    }
    return isOther;
  }
}

/** Marks with those of hits: a tile has one where a hit has a byte in it. */
export function withHits(
  marks: Uint8Array,
  { bytesPerTile }: MemoryGeometry,
  hits: HitList | undefined,
): Uint8Array {
  if (hits === undefined) return marks;
  return marks.map((mark, tile) => {
    const start = tile * bytesPerTile;
    const first = hits.firstFrom(start);
    const [before, next] = [hits.at(first - 1), hits.at(first)];
    const isHit = endOf(before) > start || (next !== undefined && next.offset < start + bytesPerTile);
    return isHit ? mark | tileMarks.hit : mark;
  });
}

/** Marks with those of bookmarks: a tile has one where `isMarked` says so. */
export function withBookmarks(
  marks: Uint8Array,
  geometry: MemoryGeometry,
  isMarked: (tile: Tile) => boolean,
): Uint8Array {
  const { bytesPerTile } = geometry;
  return marks.map((mark, tile) =>
    isMarked(locate(geometry, tile * bytesPerTile).tile) ? mark | tileMarks.bookmark : mark,
  );
}

function marksOf(source: MarkedBytes, range: ByteRange, moment: number | undefined): number {
  const { staged, conflicts } = source.counts(range);
  let marks = (staged > 0 ? tileMarks.staged : 0) | (conflicts > 0 ? tileMarks.conflict : 0);
  // Tiles begin on a page of the memory, or share one with others.
  const first = pageBytes - (range.offset % pageBytes);
  const pages = cutRanges([{ offset: range.offset + first, length: range.length - first }], pageBytes);
  for (const page of [{ offset: range.offset, length: Math.min(first, range.length) }, ...pages]) {
    const { ticks, since } = source.changes(page);
    if (ticks?.some((tick) => tick > (moment ?? since)) === true) marks |= tileMarks.changed;
    if (source.bytes(page).flags.some(isLeftOut)) marks |= tileMarks.unreadable;
  }
  return marks;
}

/** Whether a byte cannot be read; one that no read came to yet can. */
function isLeftOut(flags: number): boolean {
  const reason = reasonOf(flags);
  return reason !== undefined && reason !== 'not-read';
}
