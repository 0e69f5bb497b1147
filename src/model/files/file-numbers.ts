/**
 * Numbers of a file that have no place in memory yet, and the bytes that they are there. Knows numbers and types; not
 * formats of files.
 */
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import { floatShapes } from '../cells/floats.ts';
import type { ByteOrder, CellFormat } from '../cells/format.ts';
import { FileError } from './file-error.ts';

/** More numbers than any memory holds: what a file asks for beyond is refused. */
export const mostNumbers = 1 << 24;

/** Numbers in the order of the file; complex values are two of them. Texts are as they stand in the file. */
export interface FileNumbers {
  readonly values: ArrayLike<number> | ArrayLike<bigint> | readonly string[];
  /** The format that the file itself names; undefined for texts. */
  readonly name?: CellName;
  /** The line of each number, from 1; undefined where the file has no lines. */
  readonly lines?: ArrayLike<number>;
}

/** The bits of a 16-bit format nearest to a number, ties to even; undefined beyond the largest. */
function halfBits(shape: (typeof floatShapes)['float16' | 'bfloat16'], value: number): number | undefined {
  const { exponentBits, fractionBits } = shape;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const infinity = (2 ** exponentBits - 1) * 2 ** fractionBits;
  if (Number.isNaN(value)) return infinity + 2 ** (fractionBits - 1);
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return sign + infinity;
  const least = 2 - 2 ** (exponentBits - 1);
  let exponent = Math.max(least, Math.floor(Math.log2(size)));
  // The logarithm may be rounded over a power of two.
  if (2 ** exponent > size && exponent > least) exponent--;
  const units = size / 2 ** (exponent - fractionBits);
  const below = Math.floor(units);
  const over = units - below;
  const even = over > 0.5 || (over === 0.5 && below % 2 === 1) ? below + 1 : below;
  const bits = (exponent - least) * 2 ** fractionBits + even;
  return bits >= infinity ? undefined : sign + bits;
}

/** Writes a value; false if the type does not have it. */
type Writer = (view: DataView, at: number, value: number | bigint | string) => boolean;

const scratch = new DataView(new ArrayBuffer(8));

/** Formats shorter than a double: smallest normal number, and the last bits of a double that they drop. */
const shorter: Readonly<Partial<Record<CellName, { normal: number; high: number; low: number }>>> = {
  float16: { normal: 2 ** -14, high: 0x3ff, low: 0xffff_ffff },
  bfloat16: { normal: 2 ** -126, high: 0x1fff, low: 0xffff_ffff },
  float32: { normal: 2 ** -126, high: 0, low: 0x1fff_ffff },
};

/**
 * Whether a decimal may be rounded to a double before it is rounded to the format: not where the double is the middle of two
 * values of it, and not among the smallest values.
 */
function mayRoundTwice(name: CellName, value: number): boolean {
  const format = shorter[name];
  if (format === undefined || value === 0) return Number.isFinite(value);
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0) & format.high;
  const low = (scratch.getUint32(4) & format.low) >>> 0;
  const isMiddle =
    format.high === 0 ? low === (format.low + 1) / 2 : low === 0 && high === (format.high + 1) / 2;
  return Math.abs(value) >= format.normal && Number.isFinite(value) && !isMiddle;
}

/** How numbers become whole ones of 1, 2 or 4 bytes. */
function integerWriter(bytes: number, signed: boolean, little: boolean): Writer {
  const size = 2 ** (8 * bytes);
  const least = signed ? -size / 2 : 0;
  return (view, at, value) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < least || number >= least + size) return false;
    if (bytes === 4) view.setInt32(at, number, little);
    else if (bytes === 2) view.setInt16(at, number, little);
    else view.setInt8(at, number);
    return true;
  };
}

/** How numbers become floating point of a shape. */
function floatWriter(name: keyof typeof floatShapes, little: boolean): Writer {
  return (view, at, value) => {
    const number = Number(value);
    if (name === 'float64') view.setFloat64(at, number, little);
    else if (name === 'float32') {
      view.setFloat32(at, number, little);
      return Number.isFinite(view.getFloat32(at, little)) || !Number.isFinite(number);
    } else {
      const bits = halfBits(floatShapes[name], number);
      if (bits === undefined) return false;
      view.setUint16(at, bits, little);
    }
    return true;
  };
}

/** The name of the format of one part of a complex value; other names are their own. */
function partName(name: CellName): CellName {
  return name === 'cint16' ? 'int16' : name === 'cint32' ? 'int32' : name === 'cfloat' ? 'float32' : name;
}

/** Writes the text of a number as the format of the cells reads it, which rounds once. */
function writeText(format: CellFormat, view: DataView, at: number, text: string): boolean {
  let parsed = format.parse(text);
  // A whole number may be written as 1.0e+03.
  if (!(parsed instanceof Uint8Array) && Number.isSafeInteger(Number(text)))
    parsed = format.parse(String(Number(text)));
  if (!(parsed instanceof Uint8Array)) return false;
  new Uint8Array(view.buffer, view.byteOffset).set(parsed, at);
  return true;
}

function writerOf(name: CellName, order: ByteOrder, format: CellFormat): Writer {
  const little = order === 'little';
  const isFloat = Object.hasOwn(floatShapes, name);
  const [, signed, bits] = /^(u?)int(8|16|32)$/.exec(name) ?? [];
  const quick = isFloat
    ? floatWriter(name as keyof typeof floatShapes, little)
    : bits === undefined
      ? undefined
      : integerWriter(Number(bits) / 8, signed === '', little);
  return (view, at, value) => {
    if (quick === undefined) return writeText(format, view, at, String(value));
    if (typeof value !== 'string') return quick(view, at, value);
    const number = Number(value);
    // Up to 15 digits are exact as a number.
    const isExact = isFloat ? mayRoundTwice(name, number) : /^[+-]?\d{1,15}$/.test(value);
    return isExact ? quick(view, at, number) : writeText(format, view, at, value);
  };
}

/**
 * The bytes of the numbers in memory as values of a format. Throws FileError `number-outside` for the first number that the
 * format does not have; floating point is rounded to the nearest value instead.
 */
export function bytesOf(numbers: FileNumbers, name: CellName, order: ByteOrder): Uint8Array {
  const { values, lines } = numbers;
  const part = partName(name);
  const format = cellFormat({ name: part, order }, true);
  const write = writerOf(part, order, format);
  const bytes = new Uint8Array(values.length * format.bytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (write(view, i * format.bytes, value)) continue;
    const line = lines?.[i];
    const facts = { text: String(value).slice(0, 40), type: part, index: i };
    throw new FileError('number-outside', line === undefined ? facts : { ...facts, line });
  }
  return bytes;
}
