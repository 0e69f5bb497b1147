/**
 * Block floating point as AI Engines of the second ML generation have it (`bfp16ebs8`, `bfp16ebs16`): a byte with the exponent,
 * then a mantissa of one byte for each value, in two's complement. A value is its mantissa times 2^(exponent - 133); no
 * pattern of bits stands for NaN or infinity. All parts are bytes, so that the order of bytes says nothing.
 */
import { type Decimal, parseDecimal, roundScaled } from './decimal.ts';
import { shortDecimal } from './floats.ts';
import { type CellFormat, type CellRefusal, longestText, oneCell, unclear } from './format.ts';

/** Between the values of a block, and before its exponent. */
const separator = '|';
const exponentSign = '@';
/** Exponent of a block whose mantissas are the values themselves: 127, and 6 bits of each mantissa stand behind the point. */
const unitExponent = 133;
const largestExponent = 255;
/** Tells the mantissas of one exponent apart. */
const digits = 4;
/** A sign, a digit, the point, three more, `e-38`. */
const charactersOfValue = 10;

/** The mantissas of typed values at an exponent, or `undefined` if one does not fit. */
function mantissas(values: readonly Decimal[], exponent: number): number[] | undefined {
  const found: number[] = [];
  for (const value of values) {
    const mantissa = roundScaled(value, unitExponent - exponent);
    if (mantissa === undefined || mantissa < -128n || mantissa > 127n) return undefined;
    found.push(Number(mantissa));
  }
  return found;
}

/**
 * A block of `count` values: the values, then `@` and the exponent as it is in memory. Typed values may come without
 * exponent: the smallest that holds all of them is taken.
 */
export function blockFormat(count: number): CellFormat {
  const scale = (exponent: number) => 2 ** (exponent - unitExponent);
  const write = (value: number) => (value === 0 ? '0' : shortDecimal(value, digits));
  const outside = (exponent: number): CellRefusal => ({
    kind: 'outside',
    least: write(-128 * scale(exponent)),
    most: write(127 * scale(exponent)),
  });
  const parse = (text: string): Uint8Array | CellRefusal => {
    if (text.length > longestText) return unclear;
    const [typed = '', given, ...rest] = text.trim().split(exponentSign);
    const values: Decimal[] = [];
    for (const word of typed.split(separator)) {
      const value = parseDecimal(word);
      if (value === undefined) return unclear;
      values.push(value);
    }
    if (values.length !== count || rest.length > 0) return unclear;
    if (given !== undefined && (!/^\d{1,3}$/.test(given) || Number(given) > largestExponent)) return unclear;
    let exponent = given === undefined ? 0 : Number(given);
    let found = mantissas(values, exponent);
    while (found === undefined && given === undefined && exponent < largestExponent)
      found = mantissas(values, ++exponent);
    return found === undefined ? outside(exponent) : Uint8Array.of(exponent, ...found);
  };
  const numbers = (bytes: Uint8Array, at: number): number[] => {
    const unit = scale(bytes[at] ?? 0);
    return Array.from({ length: count }, (_, i) => (((bytes[at + 1 + i] ?? 0) << 24) >> 24) * unit);
  };
  return {
    bytes: count + 1,
    characters: count * (charactersOfValue + 1) + 3,
    format: (bytes, at) => `${numbers(bytes, at).map(write).join(separator)}${exponentSign}${bytes[at] ?? 0}`,
    isInteger: false,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers,
  };
}
