/** What a board's side has to search so that no hit with a byte that was not read is missed, and what it found. Knows no tab, and not who searched. */
import { type BoardPattern, lengthOf, overlapsItself } from '../../model/find/board-pattern.ts';
import type { HitList } from '../../model/find/hit-list.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { bytesIn, endOf, intersectRanges, mergeRanges, without } from '../../model/ranges.ts';

/** What a board found in one search. */
export interface HitsThere {
  readonly hits: HitList;
  /** What was searched, as far as it could be; ascending. */
  readonly searched: readonly ByteRange[];
  readonly isFull: boolean;
}

/** Whether it counts where a search begins: then hits behind a place depend on all bytes before it. */
export function dependsOnBefore(pattern: BoardPattern): boolean {
  return lengthOf(pattern) === undefined || overlapsItself(pattern);
}

/**
 * What a board has to search so that no hit is missed that has a byte in one of the gaps, and those are found that a search of all
 * bytes finds. Where hits depend on what is before them, that is one range, in which bytes are searched that were read, too.
 * @param openFrom as `Finder` says it for bytes that were read
 */
export function rangesThere(
  pattern: BoardPattern,
  gaps: readonly ByteRange[],
  openFrom: number,
  bounds: ByteRange,
): ByteRange[] {
  const length = lengthOf(pattern);
  const last = endOf(gaps.at(-1));
  if (length === undefined) return [{ offset: openFrom, length: endOf(bounds) - openFrom }];
  if (!dependsOnBefore(pattern)) return aroundGaps(gaps, length, bounds);
  const end = Math.min(endOf(bounds), last + length - 1);
  return [{ offset: openFrom, length: end - openFrom }];
}

/** The gaps, and as much around them as a hit of this length reaches over. */
export function aroundGaps(gaps: readonly ByteRange[], length: number, bounds: ByteRange): ByteRange[] {
  const wide = gaps.map((gap) => ({
    offset: gap.offset - length + 1,
    length: gap.length + 2 * (length - 1),
  }));
  return mergeRanges(wide.flatMap((range) => intersectRanges(range, bounds) ?? []));
}

/** Bytes of the gaps that a board searched. */
export function searchedIn(gaps: readonly ByteRange[], searched: readonly ByteRange[]): number {
  return bytesIn(gaps) - bytesIn(without(gaps, searched));
}
