/** Vectors: several values of one format, the first lane first in memory. Written as `1|2|3|4`. */
import { type CellFormat, type CellRefusal, oneCell, unclear } from './format.ts';

/** A vector of `count` lanes. */
export function lanesFormat(of: CellFormat, count: number): CellFormat {
  const parse = (text: string): Uint8Array | CellRefusal => {
    const typed = text.trim().split('|');
    if (typed.length !== count) return unclear;
    const bytes = new Uint8Array(count * of.bytes);
    for (const [i, lane] of typed.entries()) {
      const parsed = of.parse(lane);
      if (!(parsed instanceof Uint8Array)) return parsed;
      bytes.set(parsed, i * of.bytes);
    }
    return bytes;
  };
  const lanes = Array.from({ length: count }, (_, i) => i * of.bytes);
  return {
    bytes: count * of.bytes,
    characters: count * (of.characters + 1) - 1,
    format: (bytes, at) => lanes.map((lane) => of.format(bytes, at + lane)).join('|'),
    isInteger: of.isInteger,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers: (bytes, at) => lanes.flatMap((lane) => of.numbers(bytes, at + lane)),
  };
}
