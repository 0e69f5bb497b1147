import type { ByteRange } from './geometry.ts';

/** Runs that are so close to each other are read in one go, with what is between them. Bytes. */
export const pieceGap = 4096;

/** Ascending, not overlapping, not empty ranges; those that are at most `gap` bytes apart are joined. */
export function mergeRanges(ranges: readonly ByteRange[], gap = 0): ByteRange[] {
  const sorted = ranges.filter((range) => range.length > 0).sort((a, b) => a.offset - b.offset);
  const merged: { offset: number; length: number }[] = [];
  for (const { offset, length } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && offset <= last.offset + last.length + gap) {
      last.length = Math.max(last.length, offset + length - last.offset);
    } else merged.push({ offset, length });
  }
  return merged;
}

/** What both ranges share; undefined if nothing. */
export function intersectRanges(a: ByteRange, b: ByteRange): ByteRange | undefined {
  const offset = Math.max(a.offset, b.offset);
  const end = Math.min(a.offset + a.length, b.offset + b.length);
  return end > offset ? { offset, length: end - offset } : undefined;
}

/** The ranges in pieces of at most `most` bytes, in the same order. */
export function cutRanges(ranges: readonly ByteRange[], most: number): ByteRange[] {
  const pieces: ByteRange[] = [];
  for (const range of ranges) {
    for (let done = 0; done < range.length; done += most) {
      pieces.push({ offset: range.offset + done, length: Math.min(most, range.length - done) });
    }
  }
  return pieces;
}

/** Offset behind the last byte; 0 for no range. */
export function endOf(range: ByteRange | undefined): number {
  return range === undefined ? 0 : range.offset + range.length;
}

/** The last run that begins at or before the offset, else the first; undefined for none. Runs ascend. */
export function runAt<T extends { readonly offset: number }>(
  runs: readonly T[],
  offset: number,
): T | undefined {
  return runs[Math.max(0, indexAt(runs, offset))];
}

/** The index of the last run that begins at or before the offset; -1 for none. Runs ascend. */
export function indexAt(runs: readonly { readonly offset: number }[], offset: number): number {
  let low = -1;
  let high = runs.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((runs[middle]?.offset ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
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

/** Sum of the lengths. */
export function bytesIn(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, range) => sum + range.length, 0);
}

/** Collects offsets, given in ascending order, into runs. */
export class RangeCollector {
  readonly #ranges: { offset: number; length: number }[] = [];

  add(offset: number): void {
    this.addRun(offset, 1);
  }

  /** `length` is at least 1. */
  addRun(offset: number, length: number): void {
    const last = this.#ranges.at(-1);
    if (last !== undefined && last.offset + last.length === offset) last.length += length;
    else this.#ranges.push({ offset, length });
  }

  get ranges(): readonly ByteRange[] {
    return this.#ranges;
  }
}
