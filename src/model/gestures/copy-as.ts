/** Bytes as text for other programs: each form says exactly these bytes. Bytes without a value are refused or said. */
import { cellFormat } from '../cells/cell-format.ts';
import { type CellChoice, formOf } from '../cells/choices.ts';
import { hexDigits, hexPairs } from '../numbers.ts';

/** The forms that are made of values, in the order in which they are offered. */
export const copyForms = ['hex', 'text', 'values', 'c', 'python', 'numpy', 'json', 'base64'] as const;
export type CopyForm = (typeof copyForms)[number];

/** The forms that are made of bytes that are all there. */
export type WholeForm = Exclude<CopyForm, 'hex' | 'text' | 'values'>;

/** The text of bytes in a form; those that are no whole cells are told as bytes. */
export function copyAs(form: WholeForm, bytes: Uint8Array, choice: CellChoice): string {
  const { bytes: size } = cellFormat(choice, true);
  const cells: CellChoice = bytes.length % size === 0 ? choice : { name: 'uint8', order: 'little' };
  switch (form) {
    case 'c':
      return cText(bytes, cells);
    case 'python':
      return pythonText(bytes, cells);
    case 'numpy':
      return numpyText(bytes, cells);
    case 'json':
      return `[${numbersOf(bytes, cells).map(jsonNumber).join(', ')}]`;
    case 'base64':
      return base64(bytes);
  }
}

/** The numbers of all cells one after the other; of cells with several, all of them. */
function numbersOf(bytes: Uint8Array, choice: CellChoice): readonly (number | bigint)[] {
  const format = cellFormat(choice, true);
  const numbers: (number | bigint)[] = [];
  for (let at = 0; at < bytes.length; at += format.bytes) {
    for (const number of format.numbers(bytes, at)) numbers.push(number);
  }
  return numbers;
}

/** What a double does not hold exactly, and what JSON has no number for, is a text. */
function jsonNumber(value: number | bigint): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return `"${number}"`;
  if (Object.is(number, -0)) return '-0.0';
  return typeof value === 'bigint' && !Number.isSafeInteger(number) ? `"${value}"` : String(value);
}

const wholeSizes = [1, 2, 4, 8];

function cText(bytes: Uint8Array, choice: CellChoice): string {
  const form = formOf(choice.name);
  const list = (type: string, values: readonly string[]) =>
    `const ${type} data[${values.length}] = {${values.join(', ')}};`;
  const kind = form?.kind;
  const size = form?.bytes ?? 1;
  if (wholeSizes.includes(size)) {
    const numbers = numbersOf(bytes, choice);
    if (kind === 'int') {
      const least = -(1n << BigInt(8 * size - 1));
      // The least number has no literal of its own.
      const one = (value: number | bigint) =>
        BigInt(value) === least ? `(${least + 1n} - 1)` : String(value);
      return list(`int${8 * size}_t`, numbers.map(one));
    }
    if (kind === 'uint' || kind === 'hex' || kind === 'bin' || kind === 'oct') {
      const digits = (value: number | bigint) => `0x${hexDigits(value, 2 * size)}`;
      return list(`uint${8 * size}_t`, numbers.map(digits));
    }
    const areFinite = numbers.every((value) => Number.isFinite(Number(value)));
    if ((kind === 'float32' || kind === 'float64') && areFinite) {
      const suffix = kind === 'float32' ? 'f' : '';
      return list(
        kind === 'float32' ? 'float' : 'double',
        numbers.map((value) => `${cDouble(value)}${suffix}`),
      );
    }
  }
  return list(
    'uint8_t',
    Array.from(bytes, (byte) => `0x${hexDigits(byte, 2)}`),
  );
}

/** A double that C takes for one, and reads back as the same. */
function cDouble(value: number | bigint): string {
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function pythonText(bytes: Uint8Array, choice: CellChoice): string {
  const kind = formOf(choice.name)?.kind;
  if (kind === 'int' || kind === 'uint') return `[${numbersOf(bytes, choice).join(', ')}]`;
  if (kind === 'float16' || kind === 'bfloat16' || kind === 'float32' || kind === 'float64') {
    const one = (value: number | bigint) =>
      Number.isFinite(Number(value)) ? cDouble(value) : `float("${Number(value)}")`;
    return `[${numbersOf(bytes, choice).map(one).join(', ')}]`;
  }
  return `bytes.fromhex("${hexPairs(bytes, false)}")`;
}

/** All bits as they are, NaNs included. */
function numpyText(bytes: Uint8Array, choice: CellChoice): string {
  const { kind = 'hex', bytes: size = 1, fraction = 0 } = formOf(choice.name) ?? {};
  const order = choice.order === 'big' ? '>' : '<';
  const named: Readonly<Record<string, string>> = {
    float16: `"${order}f2"`,
    float32: `"${order}f4"`,
    float64: `"${order}f8"`,
    cfloat: `"${order}c8"`,
    cint16: `[("re", "${order}i2"), ("im", "${order}i2")]`,
    cint32: `[("re", "${order}i4"), ("im", "${order}i4")]`,
    ...(order === '<' ? { bfloat16: 'ml_dtypes.bfloat16' } : {}),
  };
  const letter =
    kind === 'int' || kind === 'fix' ? 'i' : kind.startsWith('b') && kind !== 'bin' ? undefined : 'u';
  const whole = wholeSizes.includes(size) && letter !== undefined ? `"${order}${letter}${size}"` : '"u1"';
  const dtype = named[kind] ?? whole;
  const scale = (kind === 'fix' || kind === 'ufix') && whole !== '"u1"' ? ` / 2**${fraction}` : '';
  return `np.frombuffer(bytes.fromhex("${hexPairs(bytes, false)}"), dtype=${dtype})${scale}`;
}

/** Characters that are handed on at a time. */
const chunk = 0x3000;

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += chunk) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + chunk)));
  }
  return text;
}
