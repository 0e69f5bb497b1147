/** What kind of value a cell holds, for its colour. */
import type { CellFormat } from './format.ts';

/** Zero; below zero; no ordinary value (NaN, infinity, bits that are all set); a printable character. */
export type ValueClass = 'zero' | 'negative' | 'special' | 'text';

/** The class of the cell whose first byte is `bytes[at]`; `undefined` for an ordinary value. */
export function classOf(format: CellFormat, bytes: Uint8Array, at: number): ValueClass | undefined {
  let all = 0;
  let common = 0xff;
  for (let i = at; i < at + format.bytes; i++) {
    const byte = bytes[i] ?? 0;
    all |= byte;
    common &= byte;
  }
  if (all === 0) return 'zero';
  if (format.radix !== undefined) {
    if (common === 0xff) return 'special';
    return format.bytes === 1 && all >= 0x20 && all < 0x7f ? 'text' : undefined;
  }
  const numbers = format.numbers(bytes, at);
  if (numbers.some((one) => typeof one === 'number' && !Number.isFinite(one))) return 'special';
  if (numbers.some((one) => one < 0)) return 'negative';
  // -0, and blocks of zeros with an exponent.
  return numbers.every((one) => one === 0) ? 'zero' : undefined;
}
