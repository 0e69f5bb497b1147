/**
 * Fixed point: a whole number of which the lowest `fraction` bits stand behind the point. Written as a decimal with as many
 * digits behind the point as it takes to read back as the same bits and to show how a typed number was rounded.
 */
import { parseDecimal, roundScaled } from './decimal.ts';
import {
  type ByteOrder,
  type CellFormat,
  type CellRefusal,
  longestText,
  oneCell,
  readInteger,
  unclear,
  writeInteger,
} from './format.ts';

/** What a fixed point number is made of: bytes in memory, bits behind the point (0 to all of them), and whether it has a sign. */
export interface FixedShape {
  readonly bytes: number;
  readonly fraction: number;
  readonly signed: boolean;
}

/** Fixed point of a shape. Typed are decimals, or the bits behind `0x`. */
export function fixedFormat({ bytes: size, fraction, signed }: FixedShape, order: ByteOrder): CellFormat {
  const width = 8 * size;
  const least = signed ? -(1n << BigInt(width - 1)) : 0n;
  const most = (1n << BigInt(signed ? width - 1 : width)) - 1n;
  // One more than would tell neighbours apart.
  const places = fraction === 0 ? 0 : Math.ceil(fraction * Math.log10(2)) + 1;
  const shift = BigInt(fraction);
  const half = shift === 0n ? 0n : 1n << (shift - 1n);
  const write = (value: bigint): string => {
    const magnitude = value < 0n ? -value : value;
    const scaled = ((magnitude * 10n ** BigInt(places) + half) >> shift).toString().padStart(places + 1, '0');
    const whole = scaled.slice(0, scaled.length - places);
    const behind = scaled.slice(scaled.length - places).replace(/0+$/, '');
    return `${value < 0n ? '-' : ''}${whole}${behind === '' ? '' : `.${behind}`}`;
  };
  const parse = (text: string): Uint8Array | CellRefusal => {
    const typed = text.trim();
    if (typed.length > longestText) return unclear;
    if (/^0x[0-9a-f]+$/i.test(typed)) {
      const bits = BigInt(typed);
      return bits >> BigInt(width) === 0n ? writeInteger(bits, size, order) : outside;
    }
    const decimal = parseDecimal(typed);
    if (decimal === undefined) return unclear;
    const value = roundScaled(decimal, fraction);
    return value === undefined || value < least || value > most ? outside : writeInteger(value, size, order);
  };
  const wholeDigits = String((signed ? -least : most) >> shift).length;
  const outside: CellRefusal = { kind: 'outside', least: write(least), most: write(most) };
  return {
    bytes: size,
    characters: (signed ? 1 : 0) + wholeDigits + (places === 0 ? 0 : 1 + places),
    format: (bytes, at) => write(BigInt(readInteger(bytes, at, size, signed, order))),
    isInteger: false,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers: (bytes, at) => [Number(readInteger(bytes, at, size, signed, order)) / 2 ** fraction],
  };
}
