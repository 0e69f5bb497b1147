/** Parts of an axis whose ends may be as far apart as numbers can be: no difference of theirs is infinite. */

/** Where from and to, the first below the second, both finite. */
export type Span = readonly [from: number, to: number];

/** The nearest finite number. */
export function finite(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** The length of a span divided by a number that is at least 2. */
export function lengthOf([from, to]: Span, divisor: number): number {
  return to / divisor - from / divisor;
}

/** Where in a span a value lies: 0 at its beginning, 1 at its end; `alone` in a span without a length. */
export function shareOf(value: number, span: Span, alone = 0.5): number {
  const half = lengthOf(span, 2);
  return half === 0 ? alone : lengthOf([span[0], value], 2) / half;
}
