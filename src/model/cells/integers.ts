/** Integers, and bits written as digits. */
import {
  type ByteOrder,
  type CellFormat,
  type CellRefusal,
  longestText,
  oneCell,
  type Radix,
  readInteger,
  readUnsigned,
  unclear,
  writeInteger,
} from './format.ts';

const prefixes: Readonly<Record<Radix, string>> = { 2: '0b', 8: '0o', 16: '0x' };
const digitPatterns: Readonly<Record<Radix, RegExp>> = { 2: /^[01]+$/, 8: /^[0-7]+$/, 16: /^[0-9a-f]+$/i };

/** The bits of `size` bytes as digits of a radix, all of them shown. */
export function bitsFormat(size: number, radix: Radix, order: ByteOrder, upperCase: boolean): CellFormat {
  const characters = Math.ceil((8 * size) / Math.log2(radix));
  const write = (value: number | bigint) => {
    const text = value.toString(radix).padStart(characters, '0');
    return upperCase ? text.toUpperCase() : text;
  };
  // Grids write thousands of bytes for each frame.
  const texts = size === 1 ? Array.from({ length: 256 }, (_, value) => write(value)) : [];
  const most = (1n << BigInt(8 * size)) - 1n;
  const bare = (text: string) =>
    text.toLowerCase().startsWith(prefixes[radix]) ? text.slice(prefixes[radix].length) : text;
  const parse = (text: string): Uint8Array | CellRefusal => {
    const digits = bare(text.trim());
    if (text.length > longestText || !digitPatterns[radix].test(digits)) return unclear;
    const value = BigInt(prefixes[radix] + digits);
    if (value > most) return { kind: 'outside', least: write(0), most: write(most) };
    return writeInteger(value, size, order);
  };
  /** Without what source code and dumps put around digits. */
  const unwrapped = (word: string) => {
    const digits = bare(word).replace(/^\\x/i, '');
    return radix === 16 ? digits.replace(/h$/i, '') : digits;
  };
  return {
    bytes: size,
    characters,
    radix,
    format: (bytes, at) => texts[bytes[at] ?? 0] ?? write(readUnsigned(bytes, at, size, order)),
    isInteger: true,
    parse,
    parsePasted(word) {
      const digits = digitPatterns[radix].test(word) ? word : unwrapped(word);
      const cells = digits.length / characters;
      if (!digitPatterns[radix].test(digits) || !Number.isInteger(cells)) return undefined;
      const bytes = new Uint8Array(cells * size);
      for (let i = 0; i < cells; i++) {
        const text = digits.slice(i * characters, (i + 1) * characters);
        // A pasted megabyte is a million of these.
        const cell = size === 1 ? Number.parseInt(text, radix) : parse(text);
        if (cell instanceof Uint8Array) bytes.set(cell, i * size);
        else if (typeof cell === 'number' && cell < 256) bytes[i] = cell;
        else return undefined;
      }
      return bytes;
    },
    numbers: (bytes, at) => [readUnsigned(bytes, at, size, order)],
  };
}

/** Whole numbers in decimal. Typed are decimal, `0x`, `0o` and `0b`; the latter three may also give the bits. */
export function integerFormat(size: number, signed: boolean, order: ByteOrder): CellFormat {
  const width = BigInt(8 * size);
  const least = signed ? -(1n << (width - 1n)) : 0n;
  const most = (1n << (signed ? width - 1n : width)) - 1n;
  const parse = (text: string): Uint8Array | CellRefusal => {
    const match = /^([+-]?)(\d+|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/i.exec(text.trim());
    const [, minus, digits] = match ?? [];
    if (digits === undefined || text.length > longestText) return unclear;
    const value = BigInt(digits) * (minus === '-' ? -1n : 1n);
    const isBits = /^0[xob]/i.test(digits) && minus === '';
    if (value < least || (value > most && !(isBits && value < 1n << width))) {
      return { kind: 'outside', least: String(least), most: String(most) };
    }
    return writeInteger(value, size, order);
  };
  return {
    bytes: size,
    characters: Math.max(String(least).length, String(most).length),
    format: (bytes, at) => String(readInteger(bytes, at, size, signed, order)),
    isInteger: true,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers: (bytes, at) => [readInteger(bytes, at, size, signed, order)],
  };
}
