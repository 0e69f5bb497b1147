/**
 * What a board's side found in bytes that were not read to here, and how that stands beside what was found here. Knows no tab, and
 * not who searched.
 */
import { HitList } from '../../model/find/hit-list.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { bytesIn, endOf, intersectRanges, mergeRanges } from '../../model/ranges.ts';

/** What a board found in one search. */
export interface HitsThere {
  /** Ascending, not overlapping. */
  readonly offsets: readonly number[];
  /** Bytes of a hit. */
  readonly length: number;
  /** What was searched, as far as it could be; ascending. */
  readonly searched: readonly ByteRange[];
  readonly isFull: boolean;
}

/**
 * What a board has to search so that no hit is missed that has a byte in one of the gaps: they, and as much around them as a hit
 * of this length reaches over.
 */
export function aroundGaps(gaps: readonly ByteRange[], length: number, bounds: ByteRange): ByteRange[] {
  const wide = gaps.map((gap) => ({
    offset: gap.offset - length + 1,
    length: gap.length + 2 * (length - 1),
  }));
  return mergeRanges(wide.flatMap((range) => intersectRanges(range, bounds) ?? []));
}

/** Ranges without other ones; all ascending. */
export function without(ranges: readonly ByteRange[], others: readonly ByteRange[]): ByteRange[] {
  const left: ByteRange[] = [];
  let next = 0;
  for (const range of ranges) {
    let { offset } = range;
    while (next < others.length && endOf(others[next]) <= offset) next++;
    for (let i = next; offset < endOf(range); i++) {
      const other = others[i];
      const end = other === undefined ? endOf(range) : Math.min(endOf(range), other.offset);
      if (end > offset) left.push({ offset, length: end - offset });
      if (other === undefined || endOf(other) >= endOf(range)) break;
      offset = Math.max(offset, endOf(other));
    }
  }
  return left;
}

/** Bytes of the gaps that a board searched. */
export function searchedIn(gaps: readonly ByteRange[], there: HitsThere): number {
  return bytesIn(gaps) - bytesIn(without(gaps, there.searched));
}

/**
 * The hits of both, ascending. Of a board's those count that have a byte in one of the gaps: what was read meanwhile is searched here.
 * Where two overlap, the first one counts.
 * @param isStaged whether an edit is staged in a range: the board does not know of it
 */
export function joinHits(
  here: HitList,
  there: HitsThere,
  gaps: readonly ByteRange[],
  isStaged: (range: ByteRange) => boolean,
): HitList {
  const joined = new HitList();
  let end = 0;
  const add = ({ offset, length }: ByteRange): void => {
    if (offset < end) return;
    joined.add(offset, length);
    end = offset + length;
  };
  let gap = 0;
  let next = 0;
  for (const offset of there.offsets) {
    const hit = { offset, length: there.length };
    while (gap < gaps.length && endOf(gaps[gap]) <= offset) gap++;
    const first = gaps[gap];
    if (first === undefined || first.offset >= endOf(hit)) continue;
    const isInside = first.offset <= offset && endOf(first) >= endOf(hit);
    if (!isInside && isStaged(hit)) continue;
    for (let one = here.at(next); one !== undefined && one.offset < offset; one = here.at(++next)) add(one);
    add(hit);
  }
  for (let one = here.at(next); one !== undefined; one = here.at(++next)) add(one);
  return joined;
}
