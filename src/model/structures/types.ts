/**
 * Types of structures, and their sizes. Rules of layout are those of 32-bit AI Engine compilers: little endian; `int`, `long`
 * and pointers have 4 bytes; numbers of 4 or more bytes are aligned to 4, vectors to their size, at most 32.
 */
import { type CellName, formOf } from '../cells/choices.ts';
import { cellsNamed } from '../program/type-cells.ts';

/** What every type has. Bytes. */
interface Sized {
  readonly size: number;
  readonly align: number;
  /** As the source names it. */
  readonly name: string;
}

/** A number, a vector of numbers, a pointer or an enumeration: what one value shows. */
export interface NumberType extends Sized {
  readonly kind: 'number';
  readonly cells: CellName;
  /** Lanes; 1 for a single number. */
  readonly count: number;
  readonly as: 'number' | 'boolean' | 'character' | 'pointer' | 'enum';
  /** Of an enumeration, in the order of the source. */
  readonly values?: readonly { readonly name: string; readonly value: bigint }[];
}

export interface ArrayType extends Sized {
  readonly kind: 'array';
  readonly of: StructureType;
  readonly count: number;
}

/** A part of a struct or union. */
export interface StructureMember {
  /** Empty for an unnamed struct or union, whose members count as those of what it lies in. */
  readonly name: string;
  readonly type: StructureType;
  /** Bytes from the beginning; of a bit-field those of the byte with its lowest bit. */
  readonly offset: number;
  readonly bits?: { readonly first: number; readonly count: number };
}

export interface RecordType extends Sized {
  readonly kind: 'struct' | 'union';
  readonly members: readonly StructureMember[];
}

export type StructureType = NumberType | ArrayType | RecordType;

/** No tile has a larger memory: bytes of a type at most. */
export const mostStructureBytes = 2 ** 20;
/** Structs in structs, arrays of arrays: deeper is refused. */
export const mostStructureDepth = 32;

const mostNumberAlign = 4;
const mostVectorAlign = 32;

/** Words of C, in any order that is right, by the words sorted. */
const keywords: Readonly<Record<string, readonly [CellName, NumberType['as']?]>> = {
  char: ['int8', 'character'],
  'char signed': ['int8'],
  'char unsigned': ['uint8'],
  short: ['int16'],
  'short signed': ['int16'],
  'short unsigned': ['uint16'],
  int: ['int32'],
  signed: ['int32'],
  unsigned: ['uint32'],
  'int signed': ['int32'],
  'int unsigned': ['uint32'],
  'int short': ['int16'],
  'int short signed': ['int16'],
  'int short unsigned': ['uint16'],
  long: ['int32'],
  'long signed': ['int32'],
  'long unsigned': ['uint32'],
  'int long': ['int32'],
  'int long signed': ['int32'],
  'int long unsigned': ['uint32'],
  'long long': ['int64'],
  'long long signed': ['int64'],
  'long long unsigned': ['uint64'],
  'int long long': ['int64'],
  'int long long signed': ['int64'],
  'int long long unsigned': ['uint64'],
  float: ['float32'],
  double: ['float64'],
  bool: ['uint8', 'boolean'],
  _Bool: ['uint8', 'boolean'],
};

/** Names that a header gives to numbers. */
const names: Readonly<Record<string, CellName>> = {
  ...Object.fromEntries(
    [8, 16, 32, 64].flatMap((bits) =>
      ['int', 'uint'].flatMap((kind) =>
        ['', '_t'].map((end) => [`${kind}${bits}${end}`, `${kind}${bits}` as CellName]),
      ),
    ),
  ),
  size_t: 'uint32',
  ssize_t: 'int32',
  ptrdiff_t: 'int32',
  intptr_t: 'int32',
  uintptr_t: 'uint32',
  bfloat16: 'bfloat16',
  __bf16: 'bfloat16',
  float16: 'float16',
  half: 'float16',
  _Float16: 'float16',
  cint16: 'cint16',
  cint16_t: 'cint16',
  cint32: 'cint32',
  cint32_t: 'cint32',
  cfloat: 'cfloat',
};

/** A number, or a vector of `count` numbers. */
export function numberType(
  name: string,
  cells: CellName,
  as: NumberType['as'] = 'number',
  count = 1,
): NumberType {
  const bytes = formOf(cells)?.bytes ?? 1;
  const size = bytes * count;
  const align =
    count === 1
      ? Math.min(bytes, mostNumberAlign)
      : Math.min(2 ** Math.ceil(Math.log2(size)), mostVectorAlign);
  return { kind: 'number', name, cells, count, as, size, align };
}

/** By the words as they are written: there are few orders of them. */
const keywordTypes = new Map<string, NumberType>();

/** The type that words of C name, such as `unsigned long`; undefined for words that do not belong together. */
export function keywordType(words: readonly string[]): NumberType | undefined {
  const name = words.join(' ');
  const known = keywordTypes.get(name);
  if (known !== undefined) return known;
  const key = [...words].sort().join(' ');
  const found = Object.hasOwn(keywords, key) ? keywords[key] : undefined;
  if (found === undefined) return undefined;
  const type = numberType(name, found[0], found[1]);
  keywordTypes.set(name, type);
  return type;
}

/** The type that headers of AI Engine sources call so: `uint16_t`, `cint16`, `v16bfloat16`. */
export function namedType(name: string): NumberType | undefined {
  const own = Object.hasOwn(names, name) ? names[name] : undefined;
  if (own !== undefined) return numberType(name, own);
  const vector = /^v\d/.test(name) ? cellsNamed(name) : undefined;
  const bytes = vector === undefined ? 0 : (formOf(vector.name)?.bytes ?? 0) * vector.count;
  // Registers of vectors have at most 4096 bits.
  return vector === undefined || bytes > 512
    ? undefined
    : numberType(name, vector.name, 'number', vector.count);
}

/** A pointer to what `name` says. */
export function pointerType(name: string): NumberType {
  return numberType(name.endsWith('*') ? `${name}*` : `${name} *`, 'hex32', 'pointer');
}

/** An array. Its name says all dimensions, the outermost first. */
export function arrayType(of: StructureType, count: number): ArrayType {
  const at = of.kind === 'array' ? of.name.indexOf('[') : of.name.length;
  const name = `${of.name.slice(0, at)}[${count}]${of.name.slice(at)}`;
  return { kind: 'array', name, of, count, size: of.size * count, align: of.align };
}

/** The sign of a whole number; undefined for what is none, or a vector. */
export function signOf({ cells, count }: NumberType): 'signed' | 'unsigned' | undefined {
  if (count !== 1) return undefined;
  if (/^int/.test(cells)) return 'signed';
  return /^(uint|hex)/.test(cells) ? 'unsigned' : undefined;
}
