/** Parts of an axis: zoomed, moved, kept inside. Free of the DOM. */
import { finite, lengthOf, type Span } from '../../src/model/plot/span.ts';

/** A span around a fixed point with another length, `factor` times the present one. */
export function zoomed([from, to]: Span, factor: number, fixed: number): Span {
  const end = (at: number): number => finite(fixed - 2 * factor * lengthOf([at, fixed], 2));
  return [end(from), end(to)];
}

/** A span further on by a share of its length. */
export function moved([from, to]: Span, share: number): Span {
  const wanted = lengthOf([from, to], 2) * 2 * share;
  const by = Math.max(-Number.MAX_VALUE - from, Math.min(Number.MAX_VALUE - to, wanted));
  return [from + by, to + by];
}

/** The nearest span that lies in the whole one, and is at least so long. */
export function kept([from, to]: Span, whole: Span, least: number): Span {
  const all = lengthOf(whole, 2);
  const half = Math.min(all, Math.max(lengthOf([from, to], 2), Math.min(least / 2, all)));
  const middle = Math.min(Math.max(from / 2 + to / 2, whole[0] + half), whole[1] - half);
  return [middle - half, middle + half];
}

/** Whether two spans are the same. */
export function isSame(a: Span, b: Span): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/**
 * The unit in which a span is drawn: 1, and where numbers are very large or very small a power of ten near them, so that their
 * differences are finite, and steps of an axis are found.
 */
export function unitOf([from, to]: Span): number {
  const most = Math.max(Math.abs(from), Math.abs(to));
  if (most === 0 || (most >= 1e-6 && most <= 1e12)) return 1;
  return 10 ** Math.max(-300, Math.floor(Math.log10(most)));
}
