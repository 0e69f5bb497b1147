/** NumPy's `.npy` files, versions 1 to 3. Sizes in the header are hostile until the bytes are there. */
import type { CellName } from '../cells/choices.ts';
import { floatShapes, floatValue } from '../cells/floats.ts';
import { FileError } from './file-error.ts';
import type { FileNumbers } from './file-numbers.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** No header is longer. */
const mostHeader = 64 * 1024;
const mostDimensions = 32;
const mostFields = 256;

/** What a header says. */
interface NpyHeader {
  /** `<`, `>`, `|` or `=`, kind and size, as NumPy writes them. */
  readonly descr: string;
  /** Numbers of that type in one element: several where the elements are records of one type. */
  readonly fields: number;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
}

/** The numbers of a NumPy file and its shape. */
interface NpyNumbers extends FileNumbers {
  readonly name: CellName;
  readonly shape: readonly number[];
}

/** Whether the bytes begin as a NumPy file does. */
export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** Reads the header's Python dictionary, of which only these three keys are known. */
function parseHeader(text: string, begin: number): NpyHeader {
  const fail = (at: number): never => {
    throw new FileError('npy-header', { offset: begin + at });
  };
  const rest = /^\s*\{/.exec(text);
  if (rest === null) return fail(0);
  let at = rest[0].length;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = at;
    const match = sticky.exec(text);
    if (match === null) return undefined;
    at = sticky.lastIndex;
    return match;
  };
  let descr: string | undefined;
  let fields = 1;
  let isFortran: boolean | undefined;
  let shape: number[] | undefined;
  while (take(/\s*\}\s*$/) === undefined) {
    const key = take(/\s*(['"])(\w+)\1\s*:\s*/)?.[2];
    if (key === 'descr' && descr === undefined) {
      descr = take(/(['"])([^'"]{1,40})\1/)?.[2];
      // A list stands for a record of several fields: numbers one after the other, where all have one type.
      const begins = at;
      if (descr === undefined && take(/\[/) !== undefined) {
        const types: string[] = [];
        while (types.length < mostFields) {
          const type = take(/\s*\(\s*(['"])[^'"]{0,100}\1\s*,\s*(['"])([^'"]{1,40})\2\s*\)\s*,?/)?.[3];
          if (type === undefined) break;
          types.push(type);
        }
        const isWhole = take(/\s*\]/) !== undefined;
        if (!isWhole || new Set(types).size !== 1)
          throw new FileError('npy-type', { text: text.slice(begins, begins + 40) });
        descr = types[0];
        fields = types.length;
      }
      if (descr === undefined) return fail(at);
    } else if (key === 'fortran_order' && isFortran === undefined) {
      const value = take(/(True|False)/)?.[1] ?? fail(at);
      isFortran = value === 'True';
    } else if (key === 'shape' && shape === undefined) {
      const list = take(/\(([\s\dL,]*)\)/)?.[1] ?? fail(at);
      const sizes = list.split(',').map((one) => one.trim());
      // One comma may follow the last number.
      if (sizes.at(-1) === '') sizes.pop();
      if (!sizes.every((one) => /^\d{1,16}L?$/.test(one))) return fail(at);
      shape = sizes.map((one) => Number(one.replace('L', '')));
      // In Python one number in parentheses is no tuple.
      if (shape.length > mostDimensions || (shape.length === 1 && !list.includes(','))) return fail(at);
    } else return fail(at);
    if (take(/\s*,/) === undefined && !/^\s*\}/.test(text.slice(at))) return fail(at);
  }
  if (descr === undefined || isFortran === undefined || shape === undefined) return fail(at);
  return { descr, fields, isFortran, shape };
}

/** How one number of a NumPy type is read; complex values are two numbers. */
interface NumberReader {
  readonly name: CellName;
  readonly bytes: number;
  readonly parts: number;
  read(view: DataView, at: number): number | bigint;
}

/** Pairs of numbers that are one complex value in memory. */
const pairs: Readonly<Partial<Record<CellName, CellName>>> = {
  int16: 'cint16',
  int32: 'cint32',
  float32: 'cfloat',
};

function readerOf(descr: string): NumberReader {
  const [, order = '', kind = '', digits = ''] = /^([<>|=])([bBiufcV])(\d{1,2})$/.exec(descr) ?? [];
  const size = Number(digits);
  const little = order !== '>';
  const integer = (signed: boolean): NumberReader | undefined => {
    const name: CellName = `${signed ? 'int' : 'uint'}${8 * size}`;
    const readers: Readonly<Record<number, NumberReader['read']>> = signed
      ? {
          1: (view, at) => view.getInt8(at),
          2: (view, at) => view.getInt16(at, little),
          4: (view, at) => view.getInt32(at, little),
          8: (view, at) => view.getBigInt64(at, little),
        }
      : {
          1: (view, at) => view.getUint8(at),
          2: (view, at) => view.getUint16(at, little),
          4: (view, at) => view.getUint32(at, little),
          8: (view, at) => view.getBigUint64(at, little),
        };
    const read = readers[size];
    return read === undefined ? undefined : { name, bytes: size, parts: 1, read };
  };
  const float = (bytes: number, name: CellName, parts: 1 | 2): NumberReader | undefined => {
    if (bytes === 2) {
      const read: NumberReader['read'] = (view, at) =>
        floatValue(floatShapes.float16, BigInt(view.getUint16(at, little)));
      return { name, bytes, parts, read };
    }
    if (bytes === 4) return { name, bytes, parts, read: (view, at) => view.getFloat32(at, little) };
    return bytes === 8 ? { name, bytes, parts, read: (view, at) => view.getFloat64(at, little) } : undefined;
  };
  // NumPy knows no bfloat16: libraries that do have it written as two bytes of no type.
  const bfloat: NumberReader = {
    name: 'bfloat16',
    bytes: 2,
    parts: 1,
    read: (view, at) => floatValue(floatShapes.bfloat16, BigInt(view.getUint16(at, little))),
  };
  const reader =
    kind === 'i'
      ? integer(true)
      : kind === 'u' || kind === 'b' || kind === 'B'
        ? integer(false)
        : kind === 'f'
          ? float(size, size === 2 ? 'float16' : size === 4 ? 'float32' : 'float64', 1)
          : kind === 'c'
            ? float(size / 2, 'cfloat', 2)
            : kind === 'V' && size === 2
              ? bfloat
              : undefined;
  if (reader === undefined) throw new FileError('npy-type', { text: descr });
  return reader;
}

/** Offsets of the elements in the file, in the order of the last index first; of a Fortran file the first one varies fastest. */
function* orderOf(shape: readonly number[], isFortran: boolean): Generator<number> {
  const total = shape.reduce((product, size) => product * size, 1);
  if (!isFortran || shape.length < 2) {
    for (let at = 0; at < total; at++) yield at;
    return;
  }
  const steps = shape.map((_, i) => shape.slice(0, i).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let at = 0;
  for (let count = 0; count < total; count++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      at += steps[axis] ?? 0;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      at -= (steps[axis] ?? 0) * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
}

/** Reads a NumPy file; values come in C order, however they are stored. Throws FileError. */
export function readNpy(bytes: Uint8Array): NpyNumbers {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isNpy(bytes) || bytes.length < 10)
    throw new FileError('npy-header', { offset: Math.min(bytes.length, 6) });
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (major < 1 || major > 3) throw new FileError('npy-version', { text: `${major}.${minor}` });
  const wide = major > 1;
  if (wide && bytes.length < 12) throw new FileError('npy-header', { offset: bytes.length });
  const begin = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > mostHeader) throw new FileError('npy-header', { offset: 8 });
  if (begin + length > bytes.length) throw new FileError('file-cut', { bytes: begin + length });
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(begin, begin + length),
  );
  const { descr, fields, isFortran, shape } = parseHeader(text, begin);
  const one = readerOf(descr);
  const name = fields === 2 && one.parts === 1 ? (pairs[one.name] ?? one.name) : one.name;
  const reader: NumberReader = { ...one, name, parts: one.parts * fields };
  const elements = shape.reduce((product, size) => product * size, 1);
  const size = reader.bytes * reader.parts;
  const data = begin + length;
  // Sizes whose product is beyond 2^53 are not exact, and far more than any file has.
  if (elements * size > bytes.length - data)
    throw new FileError('file-cut', { bytes: data + elements * size });
  if (elements === 0) throw new FileError('file-empty');
  const count = elements * reader.parts;
  const isWide = reader.bytes === 8 && one.name.endsWith('int64');
  const values = isWide ? new Array<bigint>(count) : new Float64Array(count);
  let to = 0;
  for (const element of orderOf(shape, isFortran)) {
    for (let part = 0; part < reader.parts; part++) {
      values[to++] = reader.read(view, data + element * size + part * reader.bytes);
    }
  }
  return { values, name: reader.name, shape };
}
