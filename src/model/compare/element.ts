/**
 * The values that two memories are compared by. Knows how near to each other numbers have to be; not where the bytes are
 * from, and not how a value is written.
 */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, type CellName, formOf, isFixed } from '../cells/choices.ts';
import { floatShapes, floatValue } from '../cells/floats.ts';

/** A run of bytes, with a view of exactly these. */
export interface NumberBytes {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** How far a value may be from another one: `absolute + relative * |the other one|`, both at least 0. */
export interface Tolerance {
  readonly absolute: number;
  readonly relative: number;
}

/** One value that is compared: a cell, which holds one number, or several in complex numbers and blocks. */
export interface ElementType {
  readonly choice: CellChoice;
  /** Bytes of the whole cell. */
  readonly bytes: number;
  /** Numbers of a cell. */
  readonly parts: number;
  /** Values with other bits are other values. */
  readonly isBits: boolean;
  /** How exactly the type holds a number. */
  readonly precision: Tolerance;
  /** The numbers of the cell whose first byte is `from.bytes[at]`. */
  numbers(from: NumberBytes, at: number): readonly (number | bigint)[];
}

/** Values have to be equal. */
export const exact: Tolerance = { absolute: 0, relative: 0 };

/** Every value of a format of 16 bits, by its bits; made when it is needed. */
const halfTables = new Map<CellName, Float64Array>();
function halfTable(name: 'float16' | 'bfloat16'): Float64Array {
  const made =
    halfTables.get(name) ??
    Float64Array.from({ length: 65_536 }, (_, bits) => floatValue(floatShapes[name], BigInt(bits)));
  halfTables.set(name, made);
  return made;
}

/** Ways to floating point numbers that are much quicker than those of the cells: millions of them are compared. */
function quickReader({ name, order }: CellChoice): ElementType['numbers'] | undefined {
  const little = order === 'little';
  if (name === 'float32') return ({ view }, at) => [view.getFloat32(at, little)];
  if (name === 'float64') return ({ view }, at) => [view.getFloat64(at, little)];
  if (name === 'cfloat')
    return ({ view }, at) => [view.getFloat32(at, little), view.getFloat32(at + 4, little)];
  if (name !== 'float16' && name !== 'bfloat16') return undefined;
  const table = halfTable(name);
  return ({ view }, at) => [table[view.getUint16(at, little)] ?? 0];
}

function precisionOf(name: CellName, isBits: boolean): Tolerance {
  const form = formOf(name);
  if (form !== undefined && isFixed(form.kind)) return { absolute: 2 ** -form.fraction, relative: 0 };
  if (isBits) return { absolute: 1, relative: 0 };
  const digits = name === 'float16' ? 9 : /32|64|cfloat/.test(name) ? 16 : 6;
  return { absolute: 0, relative: 2 ** -digits };
}

/** The values of a choice of cells. Throws RangeError for a name that is none. */
export function elementType(choice: CellChoice): ElementType {
  const format = cellFormat(choice, true);
  const isBits = !/float|bfp/.test(choice.name);
  return {
    choice,
    bytes: format.bytes,
    parts: format.numbers(new Uint8Array(format.bytes), 0).length,
    isBits,
    precision: precisionOf(choice.name, isBits),
    numbers: quickReader(choice) ?? (({ bytes }, at) => format.numbers(bytes, at)),
  };
}

/** Bytes with their view. */
export function numberBytes(bytes: Uint8Array): NumberBytes {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Whether two numbers are farther apart than the tolerance lets them be. Two NaNs are equal, so are both zeros. */
export function isApart(actual: number | bigint, expected: number | bigint, by: Tolerance): boolean {
  if (typeof actual === 'bigint' && typeof expected === 'bigint') {
    const difference = actual > expected ? actual - expected : expected - actual;
    return Number(difference) > by.absolute + by.relative * Math.abs(Number(expected));
  }
  const [a, e] = [Number(actual), Number(expected)];
  if (a === e) return false;
  if (Number.isNaN(a) || Number.isNaN(e)) return !(Number.isNaN(a) && Number.isNaN(e));
  // An infinity is near nothing else, and nothing else is near it.
  if (!Number.isFinite(a) || !Number.isFinite(e)) return true;
  return !(Math.abs(a - e) <= by.absolute + by.relative * Math.abs(e));
}
