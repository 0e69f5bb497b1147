/**
 * Floating point of every width. Texts are decimal: at least six digits, and as many more as it takes to read back as the
 * same bits; NaNs with other bits than the usual ones show them. Typed texts are rounded once, exactly, ties to even.
 */
import { farthestPower } from './decimal.ts';
import {
  type ByteOrder,
  type CellFormat,
  type CellRefusal,
  longestText,
  oneCell,
  readUnsigned,
  unclear,
  writeInteger,
} from './format.ts';

/** A binary floating point format: sign, exponent and fraction, from the top. */
export interface FloatShape {
  readonly bytes: number;
  readonly exponentBits: number;
  readonly fractionBits: number;
}

/** The shapes by name. */
export const floatShapes = {
  float16: { bytes: 2, exponentBits: 5, fractionBits: 10 },
  bfloat16: { bytes: 2, exponentBits: 8, fractionBits: 7 },
  float32: { bytes: 4, exponentBits: 8, fractionBits: 23 },
  float64: { bytes: 8, exponentBits: 11, fractionBits: 52 },
} as const satisfies Readonly<Record<string, FloatShape>>;

/** Fewer digits would hide what a short format made of a typed value. */
const fewestDigits = 6;
/** Whole numbers below this are shown in full. */
const wholeBelow = 1e9;
/** Decimal exponents that are written as leading or trailing zeros. */
const plainFrom = -4;
const plainBelow = 9;

/** Exponent of the smallest normal number. */
function leastExponent({ exponentBits }: FloatShape): number {
  return 2 - 2 ** (exponentBits - 1);
}

/** The bits of infinity, without sign. */
function infinityBits({ exponentBits, fractionBits }: FloatShape): bigint {
  return ((1n << BigInt(exponentBits)) - 1n) << BigInt(fractionBits);
}

/** The number with these bits; exact, because every format here fits into a double. NaN for all NaNs. */
export function floatValue(shape: FloatShape, bits: bigint): number {
  const fractionSize = BigInt(shape.fractionBits);
  const exponent = Number((bits >> fractionSize) & ((1n << BigInt(shape.exponentBits)) - 1n));
  const fraction = Number(bits & ((1n << fractionSize) - 1n));
  const sign = bits >> BigInt(8 * shape.bytes - 1) === 0n ? 1 : -1;
  if (exponent === 2 ** shape.exponentBits - 1)
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const whole = exponent === 0 ? fraction : fraction + 2 ** shape.fractionBits;
  return sign * whole * 2 ** (Math.max(1, exponent) - 1 + leastExponent(shape) - shape.fractionBits);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

/**
 * The bits nearest to `digits` times ten to the power `power`, without sign; ties go to the even one. `undefined` if that
 * is beyond the largest number. `digits` is not negative.
 */
export function roundDecimal(shape: FloatShape, digits: bigint, power: number): bigint | undefined {
  if (digits === 0n) return 0n;
  const size = digits.toString().length + power;
  if (size > farthestPower) return undefined;
  if (size < -farthestPower) return 0n;
  let over = digits * 10n ** BigInt(Math.max(power, 0));
  let under = 10n ** BigInt(Math.max(-power, 0));
  // The power of two at or below the value.
  let exponent = bitLength(over) - bitLength(under);
  const isBelow = exponent < 0 ? over << BigInt(-exponent) < under : over < under << BigInt(exponent);
  if (isBelow) exponent--;
  const least = leastExponent(shape);
  exponent = Math.max(exponent, least);
  // The value in units of the last place.
  const shift = exponent - shape.fractionBits;
  if (shift > 0) under <<= BigInt(shift);
  else over <<= BigInt(-shift);
  let units = over / under;
  const twice = 2n * (over % under);
  if (twice > under || (twice === under && (units & 1n) === 1n)) units++;
  // A carry out of the fraction is the next exponent by itself.
  const bits = (BigInt(exponent - least) << BigInt(shape.fractionBits)) + units;
  return bits >= infinityBits(shape) ? undefined : bits;
}

/** Whether a decimal reads back as a value of the shape, rounded from the double nearest to it or from the decimal itself. */
function readsBack(shape: FloatShape, value: number, text: string): boolean {
  const read = Number(text);
  if (shape.bytes === 8) return read === value;
  if (shape.bytes === 2) return true;
  // On the middle between two floats the double may have hidden a difference: such a text is not taken.
  const mirrored = 2 * read - value;
  return Math.fround(read) === value && (mirrored === value || Math.fround(mirrored) !== mirrored);
}

/** A finite number that is not zero, as text. */
function decimalText(shape: FloatShape, value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < wholeBelow) return String(value);
  let count = fewestDigits;
  while (!readsBack(shape, value, value.toExponential(count - 1))) count++;
  return shortDecimal(value, count);
}

/** A finite number that is not zero with at most so many digits, and no zeros at the end. */
export function shortDecimal(value: number, count: number): string {
  const text = value.toExponential(count - 1);
  const [, minus = '', first = '', rest = '', power = '0'] = /^(-?)(\d)(?:\.(\d*))?e(.*)$/.exec(text) ?? [];
  const digits = first + rest.replace(/0+$/, '');
  const exponent = Number(power);
  if (exponent < plainFrom || exponent >= plainBelow) {
    return `${minus}${first}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent}`;
  }
  if (exponent < 0) return `${minus}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${minus}${whole}${digits.length > exponent + 1 ? `.${digits.slice(exponent + 1)}` : ''}`;
}

const floatPattern =
  /^([+-]?)(?:(?=\.?\d)(\d*)\.?(\d*)(?:e([+-]?\d{1,9}))?f?|(inf(?:inity)?)|nan(?::([0-9a-f]+))?)$/i;

/** Floating point of a shape. */
export function floatFormat(shape: FloatShape, order: ByteOrder, upperCase: boolean): CellFormat {
  const signBit = 1n << BigInt(8 * shape.bytes - 1);
  const infinity = infinityBits(shape);
  const usualNaN = infinity | (1n << BigInt(shape.fractionBits - 1));
  const write = (bits: bigint): string => {
    const value = floatValue(shape, bits);
    const minus = (bits & signBit) === 0n ? '' : '-';
    if (value === 0) return `${minus}0`;
    if (Number.isFinite(value)) return decimalText(shape, value);
    const rest = bits & (signBit - 1n);
    if (rest === infinity) return `${minus}inf`;
    if (rest === usualNaN) return `${minus}NaN`;
    const digits = bits.toString(16);
    return `NaN:${upperCase ? digits.toUpperCase() : digits}`;
  };
  const most = write(infinity - 1n);
  const parse = (text: string): Uint8Array | CellRefusal => {
    const match = text.length > longestText ? null : floatPattern.exec(text.trim());
    if (match === null) return unclear;
    const [, minus = '', whole, fraction = '', power = '0', isInfinite, payload] = match;
    const sign = minus === '-' ? signBit : 0n;
    const done = (bits: bigint) => writeInteger(bits, shape.bytes, order);
    if (whole !== undefined) {
      const bits = roundDecimal(shape, BigInt(whole + fraction), Number(power) - fraction.length);
      return bits === undefined ? { kind: 'outside', least: `-${most}`, most } : done(bits | sign);
    }
    if (isInfinite !== undefined) return done(infinity | sign);
    if (payload === undefined) return done(usualNaN | sign);
    const bits = BigInt(`0x${payload}`);
    const isNaNOfShape = bits < 2n * signBit && (bits & (signBit - 1n)) > infinity;
    return isNaNOfShape && minus !== '-' ? done(bits) : unclear;
  };
  // The most that it may take: a sign, digits and their point, then an exponent or zeros before the digits.
  const digits = { 2: fewestDigits, 4: 9, 8: 17 }[shape.bytes] ?? 17;
  return {
    bytes: shape.bytes,
    characters: 2 + digits + (shape.bytes === 8 ? 'e-308' : 'e-38').length,
    format: (bytes, at) => write(BigInt(readUnsigned(bytes, at, shape.bytes, order))),
    isInteger: false,
    parse,
    parsePasted: (word) => oneCell(parse(word)),
    numbers: (bytes, at) => [floatValue(shape, BigInt(readUnsigned(bytes, at, shape.bytes, order)))],
  };
}
