/**
 * What a cell of the grid shows: some bytes as one value, in text and back. A format knows bytes and texts only; which
 * bytes were read, where they are and who may edit them is known elsewhere.
 */

/** Which byte of a value comes first in memory: the least or the most significant one. */
export type ByteOrder = 'little' | 'big';

/** Why a text is no value of a format. */
export type CellRefusal =
  /** It does not read as a value at all. */
  | { readonly kind: 'unclear' }
  /** It reads as a value that the bytes cannot hold; both ends are given as the format writes them. */
  | { readonly kind: 'outside'; readonly least: string; readonly most: string };

/** One way to show bytes. `parse` of what `format` wrote gives the same bytes, for every pattern of bits. */
export interface CellFormat {
  /** Bytes of a cell, at least 1. */
  readonly bytes: number;
  /** Characters of the longest text. */
  readonly characters: number;
  /** Set where every text has exactly `characters` digits of this radix: such a cell can be typed digit by digit. */
  readonly radix?: Radix;
  /** The text of the cell whose first byte is `bytes[at]`; all of its bytes have to be there. */
  format(bytes: Uint8Array, at: number): string;
  /** The bytes of a typed text, rounded to the nearest value (ties to even) where the format has no such value. */
  parse(text: string): Uint8Array | CellRefusal;
  /**
   * The bytes of one word of pasted text, one cell or several; `undefined` if it is anything else. Stricter than `parse`
   * where a short text would have to be guessed at.
   */
  parsePasted(word: string): Uint8Array | undefined;
  /** Its numbers are whole ones. */
  readonly isInteger: boolean;
  /**
   * The numbers in the cell whose first byte is `bytes[at]`: one, or several in complex numbers, blocks and vectors. NaN and
   * infinities are numbers here; whole numbers are exact.
   */
  numbers(bytes: Uint8Array, at: number): readonly (number | bigint)[];
}

/** Bases in which bits are written digit by digit. */
export type Radix = 2 | 8 | 16;

/** Longer texts are no values: exact arithmetic on them would take for ever. */
export const longestText = 300;

export const unclear: CellRefusal = { kind: 'unclear' };

/** The bytes of a word of pasted text that holds one cell. */
export function oneCell(parsed: Uint8Array | CellRefusal): Uint8Array | undefined {
  return parsed instanceof Uint8Array ? parsed : undefined;
}

/** The unsigned number in `size` bytes: a bigint if it may not fit into a number. */
export function readUnsigned(bytes: Uint8Array, at: number, size: number, order: ByteOrder): number | bigint {
  const byte = (i: number) => bytes[order === 'big' ? at + i : at + size - 1 - i] ?? 0;
  if (size <= 6) {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + byte(i);
    return value;
  }
  let value = 0n;
  for (let i = 0; i < size; i++) value = value * 256n + BigInt(byte(i));
  return value;
}

/** As `readUnsigned`; with `signed` in two's complement. */
export function readInteger(
  bytes: Uint8Array,
  at: number,
  size: number,
  signed: boolean,
  order: ByteOrder,
): number | bigint {
  const value = readUnsigned(bytes, at, size, order);
  if (!signed) return value;
  if (typeof value === 'bigint') return BigInt.asIntN(8 * size, value);
  const sign = 2 ** (8 * size - 1);
  return value >= sign ? value - 2 * sign : value;
}

/** The lowest `size` bytes of a number, negative ones as two's complement. */
export function writeInteger(value: bigint, size: number, order: ByteOrder): Uint8Array {
  const bytes = new Uint8Array(size);
  let left = BigInt.asUintN(8 * size, value);
  for (let i = 0; i < size; i++) {
    bytes[order === 'big' ? size - 1 - i : i] = Number(left & 0xffn);
    left >>= 8n;
  }
  return bytes;
}
