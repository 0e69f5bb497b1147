/** Complex numbers: the real part first in memory, each part in the order of the bytes. Written as `3-4j`. */
import { type CellFormat, type CellRefusal, oneCell, unclear } from './format.ts';

const part = String.raw`(?:nan(?::[0-9a-f]+)?|inf(?:inity)?|0x[0-9a-f]+|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)`;
const pattern = new RegExp(`^([+-]?${part})(?:([+-]${part})[ij])?$`, 'i');

/** Two values of a format, one after the other. A typed real number has no imaginary part. */
export function complexFormat(of: CellFormat): CellFormat {
  const parse = (text: string): Uint8Array | CellRefusal => {
    const [, real, imaginary = '0'] = pattern.exec(text.trim()) ?? [];
    if (real === undefined) return unclear;
    const bytes = new Uint8Array(2 * of.bytes);
    for (const [i, typed] of [real, imaginary].entries()) {
      const parsed = of.parse(typed);
      if (!(parsed instanceof Uint8Array)) return parsed;
      bytes.set(parsed, i * of.bytes);
    }
    return bytes;
  };
  return {
    bytes: 2 * of.bytes,
    // The sign of the second part stands even where there is no minus.
    characters: 2 * of.characters + 1,
    format(bytes, at) {
      const imaginary = of.format(bytes, at + of.bytes);
      return `${of.format(bytes, at)}${imaginary.startsWith('-') ? '' : '+'}${imaginary}j`;
    },
    isInteger: of.isInteger,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers: (bytes, at) => [...of.numbers(bytes, at), ...of.numbers(bytes, at + of.bytes)],
  };
}
