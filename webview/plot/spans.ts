/** Parts of an axis: zoomed, moved, kept inside. Free of the DOM. */
import type { Span } from '../../src/model/plot/decimate.ts';

/** A span around a fixed point with another length, `factor` times the present one. */
export function zoomed([from, to]: Span, factor: number, fixed: number): Span {
  return [fixed - (fixed - from) * factor, fixed + (to - fixed) * factor];
}

/** A span further on by a share of its length. */
export function moved([from, to]: Span, share: number): Span {
  const by = (to - from) * share;
  return [from + by, to + by];
}

/** The nearest span that lies in the whole one, and is at least so long. */
export function kept([from, to]: Span, whole: Span, least: number): Span {
  const all = whole[1] - whole[0];
  const length = Math.min(all, Math.max(to - from, Math.min(least, all)));
  const middle = (from + to) / 2;
  const start = Math.min(Math.max(middle - length / 2, whole[0]), whole[1] - length);
  return [start, start + length];
}

/** Whether two spans are the same. */
export function isSame(a: Span, b: Span): boolean {
  return a[0] === b[0] && a[1] === b[1];
}
