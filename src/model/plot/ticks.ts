/** Round numbers along an axis, and numbers as short texts. */
import { lengthOf, type Span } from './span.ts';

/** Round numbers in a span, about `wanted` of them, at least 2: 1, 2 or 5 times a power of ten apart. */
export function ticks([from, to]: Span, wanted: number): number[] {
  const rough = lengthOf([from, to], wanted);
  if (!(rough > 0) || !Number.isFinite(rough)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((one) => one * power >= rough * 0.999) ?? 10) * power;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, Math.min(1000, last - first + 1)) }, (_, i) => {
    // The nearest number with that many digits: 0.3, not 0.30000000000000004.
    return Number(((first + i) * step).toPrecision(12));
  });
}

/** A number in a few characters: whole ones in full, others with seven digits. */
export function shortNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  return String(Number(value.toPrecision(7)));
}

/** How many characters the numbers along an axis have at most, about. */
export function longestLabel(span: Span): number {
  const most = Math.max(Math.abs(span[0]), Math.abs(span[1]));
  // As many digits as tell apart what is a hundredth of the span apart.
  const digits = Math.min(7, 3 + Math.max(0, Math.ceil(Math.log10(most / 2 / lengthOf(span, 2)) || 0)));
  return Math.max(...span.map((end) => shortNumber(Number(end.toPrecision(digits))).length));
}
