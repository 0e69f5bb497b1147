/** Values of a program's variables as text, with their parts. Numbers look as in the editor's cells. */
import { cellFormat } from '../model/cells/cell-format.ts';
import { hexNumber, hexPairs } from '../model/numbers.ts';
import type { ProgramType, TypeId, TypeMember, TypeTable } from '../model/program/dwarf/types.ts';
import { cellsOfType } from '../model/program/type-cells.ts';

/** A value in text. Its parts are made when they are asked for. */
export interface Value {
  readonly text: string;
  /** The type as in the source. */
  readonly type: string;
  /** How many parts there are: elements of an array (by number), or members (by name). */
  readonly parts?: {
    readonly count: number;
    readonly isIndexed: boolean;
    readonly at: (index: number) => NamedValue;
  };
}

/** A part of a value, or a variable. */
export interface NamedValue {
  readonly name: string;
  readonly value: Value;
  /** Where it begins in the bytes of the whole variable. */
  readonly offset: number;
}

/** Numbers of a vector or an array that its text has. */
const mostInText = 8;
/** Bytes of a value of no known type that its text has. */
const mostBytesInText = 16;

/** The value of the type whose first byte is `bytes[at]`; `??` where bytes are missing. */
export function typedValue(types: TypeTable, id: TypeId, bytes: Uint8Array, at = 0): Value {
  const type = types.text(id);
  const size = types.sizeOf(id);
  if (size === undefined || at + size > bytes.length) return { text: '??', type };
  const plain = types.type(types.plain(id));
  switch (plain.kind) {
    case 'struct':
    case 'union':
    case 'class':
      return { text: '{...}', type, parts: membersOf(types, plain.members, bytes, at) };
    case 'array':
      if (!plain.isVector)
        return { text: numbersOf(types, id, bytes, at), type, ...elementsOf(types, plain, bytes, at) };
      return { text: numbersOf(types, id, bytes, at), type };
    case 'enum':
      return { text: enumText(plain, types, id, bytes, at), type };
    case 'base':
      if (plain.encoding === 'boolean') return { text: bytes[at] === 0 ? 'false' : 'true', type };
      if (plain.encoding === 'character' && size === 1)
        return { text: characterText(types, id, bytes, at), type };
      return { text: numbersOf(types, id, bytes, at), type };
    default:
      return { text: numbersOf(types, id, bytes, at), type };
  }
}

/** The first bytes of something of no known type that has `size` of them. */
export function bytesValue(some: Uint8Array, size: number): string {
  return size > some.length ? `${hexPairs(some)} ...` : hexPairs(some);
}

/** The numbers that a type consists of: one by itself, several in braces; bytes where it consists of none. */
function numbersOf(types: TypeTable, id: TypeId, bytes: Uint8Array, at: number): string {
  const cells = cellsOfType(types, id);
  if (cells === undefined) {
    const size = types.sizeOf(id) ?? 0;
    return bytesValue(bytes.subarray(at, at + Math.min(size, mostBytesInText)), size);
  }
  const format = cellFormat({ name: cells.name, order: 'little' }, true);
  const texts: string[] = [];
  for (let i = 0; i < Math.min(cells.count, mostInText); i++) {
    texts.push(format.format(bytes, at + i * format.bytes).trim());
  }
  if (cells.name === 'hex32' && cells.count === 1) return `0x${texts[0]}`;
  if (cells.count === 1) return texts[0] ?? '';
  return `{${texts.join(', ')}${cells.count > texts.length ? ', ...' : ''}}`;
}

function characterText(types: TypeTable, id: TypeId, bytes: Uint8Array, at: number): string {
  const number = numbersOf(types, id, bytes, at);
  const code = bytes[at] ?? 0;
  return code >= 0x20 && code < 0x7f ? `${number} '${String.fromCharCode(code)}'` : number;
}

function enumText(
  { values }: ProgramType & { kind: 'enum' },
  types: TypeTable,
  id: TypeId,
  bytes: Uint8Array,
  at: number,
): string {
  const number = numbersOf(types, id, bytes, at);
  const bits = 8 * (types.sizeOf(id) ?? 4);
  // Compilers differ in whether a value above the middle is negative.
  const found = values.find(({ value }) => `${value}` === number || `${value - 2 ** bits}` === number);
  return found === undefined ? number : `${found.name} (${number})`;
}

/** Elements of the first dimension; those of the others are theirs. */
function elementsOf(
  types: TypeTable,
  { of, counts }: ProgramType & { kind: 'array' },
  bytes: Uint8Array,
  at: number,
): Pick<Value, 'parts'> {
  const [count, ...others] = counts;
  const size = types.sizeOf(of);
  if (count === undefined || size === undefined) return {};
  const stride = others.reduce<number>((product, one) => product * (one ?? 0), size);
  const element = (index: number): Value =>
    others.length === 0
      ? typedValue(types, of, bytes, at + index * stride)
      : {
          text: `[${others.map((one) => one ?? '').join('][')}]`,
          type: `${types.text(of)}${others.map((one) => `[${one ?? ''}]`).join('')}`,
          ...elementsOf(
            types,
            { kind: 'array', of, counts: others, size: stride, isVector: false },
            bytes,
            at + index * stride,
          ),
        };
  return {
    parts: {
      count,
      isIndexed: true,
      at: (index) => ({ name: `[${index}]`, value: element(index), offset: at + index * stride }),
    },
  };
}

function membersOf(
  types: TypeTable,
  members: readonly TypeMember[],
  bytes: Uint8Array,
  at: number,
): NonNullable<Value['parts']> {
  const part = (index: number): NamedValue => {
    const member = members[index];
    if (member === undefined) return { name: '', value: { text: '??', type: '' }, offset: at };
    const { name, type, offset, bits } = member;
    const text = types.text(type);
    return {
      name: name === '' ? text : name,
      offset: at + offset,
      value:
        bits === undefined
          ? typedValue(types, type, bytes, at + offset)
          : { text: bitsText(bytes, at + offset, bits), type: `${text} : ${bits.count}` },
    };
  };
  return { count: members.length, isIndexed: false, at: part };
}

/** An unsigned bit field; the sign of one that has any is not told by its bits. */
function bitsText(bytes: Uint8Array, at: number, { first, count }: { first: number; count: number }): string {
  let value = 0n;
  const last = at + Math.floor((first + count + 7) / 8);
  if (count <= 0 || count > 64 || last > bytes.length) return '??';
  for (let i = last - 1; i >= at; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  const bits = (value >> BigInt(first)) & ((1n << BigInt(count)) - 1n);
  return count > 16 ? hexNumber(bits) : `${bits}`;
}
