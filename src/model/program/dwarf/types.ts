/** Types of variables, as the source names them. */
import { attributes, tags } from './constants.ts';
import { Cursor } from './cursor.ts';
import { type Entries, noEntry } from './entries.ts';

/** How the bits of a base type are meant. */
type Encoding = 'signed' | 'unsigned' | 'float' | 'complex' | 'boolean' | 'character' | 'other';

/** A type is named by its number, which `TypeTable` knows; -1 is `void`. */
export type TypeId = number;
const voidType: TypeId = noEntry;

/** A part of a struct or union. */
export interface TypeMember {
  /** Empty for an unnamed one, whose members count as those of what it lies in. */
  readonly name: string;
  readonly type: TypeId;
  /** Bytes from the beginning of the struct; of a bit field the place of its lowest bit's byte. */
  readonly offset: number;
  /** A bit field: its lowest bit in that byte, and its bits. */
  readonly bits?: { readonly first: number; readonly count: number };
  /** It is a base class. */
  readonly isBase?: true;
}

/** What a type is. Sizes are bytes, undefined where nothing says them. */
export type ProgramType =
  | {
      readonly kind: 'base';
      /** `int`, `v4int32`, `cint16`: compilers of AI Engine cores have vectors as base types. */
      readonly name: string;
      readonly size: number | undefined;
      readonly encoding: Encoding;
    }
  | {
      readonly kind: 'pointer';
      readonly of: TypeId;
      readonly size: number;
      /** `*`, `&` or `&&`. */
      readonly sign: string;
    }
  | {
      readonly kind: 'array';
      readonly of: TypeId;
      /** Elements per dimension; undefined for one that is not said. */
      readonly counts: readonly (number | undefined)[];
      readonly size: number | undefined;
      /** A vector of the compiler's own: `int __attribute__((vector_size(16)))`. */
      readonly isVector: boolean;
    }
  | {
      readonly kind: 'struct' | 'union' | 'class';
      /** With the namespaces around it; empty for an unnamed one. */
      readonly name: string;
      readonly size: number | undefined;
      readonly members: readonly TypeMember[];
    }
  | {
      readonly kind: 'enum';
      readonly name: string;
      readonly size: number | undefined;
      readonly values: readonly { readonly name: string; readonly value: number }[];
    }
  | { readonly kind: 'typedef'; readonly name: string; readonly of: TypeId }
  | {
      readonly kind: 'qualified';
      readonly qualifier: 'const' | 'volatile' | 'restrict' | 'atomic';
      readonly of: TypeId;
    }
  | { readonly kind: 'function'; readonly result: TypeId }
  | { readonly kind: 'unknown'; readonly name: string };

const addressBytes = 4;
/** Types of types of types: deeper is damage. */
export const mostTypeDepth = 24;
/** Members and values of one type. */
const mostMembers = 4096;
/** No memory of a core is larger: a greater size or number of elements is damage. */
const mostBytes = 2 ** 30;
const plusConstant = 0x23;

const unknown: ProgramType = { kind: 'unknown', name: '' };

/** Numbers of DW_ATE (DWARF 5, table 7.11). */
const encodings: ReadonlyMap<number, Encoding> = new Map([
  [0x02, 'boolean'],
  [0x03, 'complex'],
  [0x04, 'float'],
  [0x05, 'signed'],
  [0x06, 'character'],
  [0x07, 'unsigned'],
  // Bytes are numbers more often than letters.
  [0x08, 'unsigned'],
  [0x10, 'character'],
  [0x12, 'character'],
]);

const qualifiers: ReadonlyMap<number, 'const' | 'volatile' | 'restrict' | 'atomic'> = new Map([
  [tags.constType, 'const'],
  [tags.volatileType, 'volatile'],
  [tags.restrictType, 'restrict'],
  [tags.atomicType, 'atomic'],
]);

const pointers: ReadonlyMap<number, string> = new Map([
  [tags.pointerType, '*'],
  [tags.pointerToMember, '*'],
  [tags.referenceType, '&'],
  [tags.rvalueReferenceType, '&&'],
]);

/** The types of a program, each read when it is asked for. */
export class TypeTable {
  readonly #entries: Entries;
  readonly #attempt: <T>(fallback: T, read: () => T) => T;
  readonly #types = new Map<TypeId, ProgramType>();

  /** `attempt` answers with the fallback where an entry cannot be read. */
  constructor(entries: Entries, attempt: <T>(fallback: T, read: () => T) => T) {
    this.#entries = entries;
    this.#attempt = attempt;
  }

  /** The type that the entry says it has; where it does not, its declaration. */
  typeOf(entry: number): TypeId {
    const read = (one: number): TypeId | undefined => {
      const type = this.#entries.reference(one, attributes.type);
      return type === noEntry ? undefined : type;
    };
    return this.#entries.inherited(entry, read) ?? voidType;
  }

  type(id: TypeId): ProgramType {
    const known = this.#types.get(id);
    if (known !== undefined) return known;
    const type = this.#attempt<ProgramType>(unknown, () => this.#read(id));
    this.#types.set(id, type);
    return type;
  }

  /** Bytes of a value; undefined where they are not known. */
  sizeOf(id: TypeId): number | undefined {
    return this.#sizeOf(id, 0);
  }

  /** The type as in the source: `volatile int[8]`, `v4int32 *`. */
  text(id: TypeId): string {
    return this.#text(id, 0);
  }

  /** The type without typedefs and qualifiers. */
  plain(id: TypeId): TypeId {
    let plain = id;
    for (let depth = 0; depth < mostTypeDepth; depth++) {
      const type = this.type(plain);
      if (type.kind !== 'typedef' && type.kind !== 'qualified') return plain;
      plain = type.of;
    }
    return plain;
  }

  #read(id: TypeId): ProgramType {
    const entries = this.#entries;
    const tag = entries.tag(id);
    const size = this.#size(id);
    const of = entries.reference(id, attributes.type);
    const qualifier = qualifiers.get(tag);
    if (qualifier !== undefined) return { kind: 'qualified', qualifier, of };
    const sign = pointers.get(tag);
    if (sign !== undefined) return { kind: 'pointer', of, sign, size: size ?? addressBytes };
    switch (tag) {
      case tags.baseType: {
        const encoding = encodings.get(entries.number(id, attributes.encoding) ?? 0) ?? 'other';
        const bits = entries.number(id, attributes.bitSize);
        const bytes = size ?? (bits === undefined ? undefined : Math.ceil(bits / 8));
        return { kind: 'base', name: entries.name(id) ?? '', size: bytes, encoding };
      }
      case tags.arrayType: {
        const isVector = entries.has(id, attributes.gnuVector);
        return { kind: 'array', of, counts: this.#counts(id), size, isVector };
      }
      case tags.structureType:
      case tags.classType:
      case tags.unionType: {
        const kind = tag === tags.structureType ? 'struct' : tag === tags.classType ? 'class' : 'union';
        return { kind, name: this.#fullName(id), size, members: this.#members(id) };
      }
      case tags.enumerationType:
        return { kind: 'enum', name: this.#fullName(id), size, values: this.#values(id) };
      case tags.typedef:
      case tags.templateAlias:
        return { kind: 'typedef', name: this.#fullName(id), of };
      case tags.packedType:
      case tags.immutableType:
        return { kind: 'typedef', name: entries.name(id) ?? '', of };
      case tags.subroutineType:
        return { kind: 'function', result: of };
      default:
        return { kind: 'unknown', name: entries.name(id) ?? '' };
    }
  }

  #size(id: TypeId): number | undefined {
    const size = this.#entries.number(id, attributes.byteSize);
    return size === undefined || size > mostBytes ? undefined : size;
  }

  #fullName(id: TypeId): string {
    const name = this.#entries.name(id) ?? '';
    const scope = name === '' ? '' : this.#entries.scope(id);
    return scope === '' ? name : `${scope}::${name}`;
  }

  #counts(id: TypeId): (number | undefined)[] {
    const entries = this.#entries;
    const counts: (number | undefined)[] = [];
    for (const child of entries.children(id)) {
      if (entries.tag(child) !== tags.subrangeType || counts.length >= mostTypeDepth) continue;
      const upper = entries.number(child, attributes.upperBound);
      const count = entries.number(child, attributes.count) ?? (upper === undefined ? undefined : upper + 1);
      counts.push(count !== undefined && count >= 0 && count <= mostBytes ? count : undefined);
    }
    return counts;
  }

  #members(id: TypeId): TypeMember[] {
    const entries = this.#entries;
    const members: TypeMember[] = [];
    for (const child of entries.children(id)) {
      const isBase = entries.tag(child) === tags.inheritance;
      if (!isBase && entries.tag(child) !== tags.member) continue;
      // Static members of DWARF 2 to 4: they lie elsewhere.
      if (entries.has(child, attributes.declaration)) continue;
      if (members.length >= mostMembers) break;
      members.push({
        name: entries.text(child, attributes.name) ?? '',
        type: entries.reference(child, attributes.type),
        ...this.#memberPlace(child),
        ...(isBase ? { isBase } : {}),
      });
    }
    return members;
  }

  #memberPlace(member: number): Pick<TypeMember, 'offset' | 'bits'> {
    const entries = this.#entries;
    const offset = entries.number(member, attributes.memberLocation) ?? this.#constantOffset(member);
    const count = entries.number(member, attributes.bitSize);
    if (count === undefined) return { offset };
    const fromStart = entries.number(member, attributes.dataBitOffset);
    if (fromStart !== undefined) return bitPlace(fromStart, count);
    // DWARF 2 and 3 count from the highest bit of the storage, also where bytes are little endian.
    const fromTop = entries.number(member, attributes.bitOffset);
    if (fromTop === undefined) return bitPlace(8 * offset, count);
    const type = entries.reference(member, attributes.type);
    const storage = entries.number(member, attributes.byteSize) ?? this.sizeOf(type) ?? addressBytes;
    return bitPlace(8 * (offset + storage) - fromTop - count, count);
  }

  /** DWARF 2 says the offset of a member by an expression. */
  #constantOffset(member: number): number {
    const bytes = this.#entries.expression(member, attributes.memberLocation);
    if (bytes === undefined || bytes[0] !== plusConstant) return 0;
    return new Cursor('.debug_info', bytes, 1).uleb();
  }

  #values(id: TypeId): { name: string; value: number }[] {
    const entries = this.#entries;
    const values: { name: string; value: number }[] = [];
    for (const child of entries.children(id)) {
      if (entries.tag(child) !== tags.enumerator || values.length >= mostMembers) continue;
      const name = entries.text(child, attributes.name) ?? '';
      values.push({ name, value: entries.number(child, attributes.constValue) ?? 0 });
    }
    return values;
  }

  #sizeOf(id: TypeId, depth: number): number | undefined {
    if (depth > mostTypeDepth) return undefined;
    const type = this.type(id);
    switch (type.kind) {
      case 'typedef':
      case 'qualified':
        return this.#sizeOf(type.of, depth + 1);
      case 'array': {
        if (type.size !== undefined) return type.size;
        let size = this.#sizeOf(type.of, depth + 1);
        for (const count of type.counts) {
          size = size === undefined || count === undefined ? undefined : size * count;
        }
        return type.counts.length > 0 && size !== undefined && size <= mostBytes ? size : undefined;
      }
      case 'function':
      case 'unknown':
        return undefined;
      default:
        return type.size;
    }
  }

  #text(id: TypeId, depth: number): string {
    if (id === voidType) return 'void';
    if (depth > mostTypeDepth) return '...';
    const type = this.type(id);
    const of = (inner: TypeId): string => this.#text(inner, depth + 1);
    switch (type.kind) {
      case 'qualified': {
        const inner = of(type.of);
        return inner.endsWith('*') ? `${inner} ${type.qualifier}` : `${type.qualifier} ${inner}`;
      }
      case 'pointer': {
        const inner = of(type.of);
        return /[*&]$/.test(inner) ? `${inner}${type.sign}` : `${inner} ${type.sign}`;
      }
      case 'array':
        if (type.isVector) return `${of(type.of)} x ${type.counts[0] ?? '?'}`;
        return `${of(type.of)}${type.counts.map((count) => `[${count ?? ''}]`).join('')}`;
      case 'function':
        return `${of(type.result)} ()`;
      case 'unknown':
        return type.name === '' ? '?' : type.name;
      case 'struct':
      case 'union':
      case 'class':
      case 'enum':
        return type.name === '' ? type.kind : type.name;
      default:
        return type.name;
    }
  }
}

function bitPlace(first: number, count: number): Required<Pick<TypeMember, 'offset' | 'bits'>> {
  const bit = Math.max(0, first);
  return { offset: Math.floor(bit / 8), bits: { first: bit % 8, count } };
}
