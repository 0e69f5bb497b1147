/**
 * Writes a type of a program's debug information as a definition. Where C would lay its members out in another way, the text
 * says every place itself: packed, with the gaps as bit-fields without a name.
 */
import type { CellName } from '../cells/choices.ts';
import type { ProgramType, TypeId, TypeMember, TypeTable } from '../program/dwarf/types.ts';
import { cellsOfType } from '../program/type-cells.ts';
import { readDefinitions } from './definitions.ts';
import { StructureFault } from './faults.ts';
import { longestDefinition } from './tokens.ts';
import { mostStructureDepth, namedType } from './types.ts';

/** A definition, and which of its types is meant. */
export interface Definition {
  readonly text: string;
  readonly type: string;
}

type Layered = ProgramType & { kind: 'struct' | 'union' | 'class' };

/** Names of C for cells that have one. */
const numberNames: Readonly<Partial<Record<CellName, string>>> = {
  ...Object.fromEntries(
    ['int', 'uint'].flatMap((kind) => [8, 16, 32, 64].map((bits) => [`${kind}${bits}`, `${kind}${bits}_t`])),
  ),
  float32: 'float',
  float64: 'double',
};

/** The definition of a struct or union; undefined where it has no size, or cannot be written. */
export function definitionOf(types: TypeTable, id: TypeId): Definition | undefined {
  const writer = new Writer(types);
  try {
    const type = writer.record(types.plain(id), 0);
    return type === undefined ? undefined : { text: writer.text, type };
  } catch (error) {
    if (error instanceof StructureFault) return undefined;
    throw error;
  }
}

class Writer {
  readonly #types: TypeTable;
  readonly #done = new Map<TypeId, string | undefined>();
  readonly #names = new Set<string>();
  readonly #parts: string[] = [];

  constructor(types: TypeTable) {
    this.#types = types;
  }

  get text(): string {
    return this.#parts.join('\n\n');
  }

  /** Writes a struct with what it needs; answers what it is called. */
  record(id: TypeId, depth: number): string | undefined {
    const known = this.#done.get(id);
    if (known !== undefined || this.#done.has(id)) return known;
    const type = this.#types.type(id);
    const isRecord = type.kind === 'struct' || type.kind === 'union' || type.kind === 'class';
    // A type that has itself as a member is damage.
    this.#done.set(id, undefined);
    if (!isRecord || type.size === undefined || depth > mostStructureDepth) return undefined;
    const name = `${type.kind === 'union' ? 'union' : 'struct'} ${this.#unused(type.name)}`;
    const members = type.members.filter(({ type: of }) => (this.#types.sizeOf(of) ?? 0) > 0);
    const plain = members.map((one) => this.#member(one, depth));
    const free = `${name} {\n${plain.map((one) => `  ${one};`).join('\n')}\n};`;
    const text = this.#isLaidAs(free, name, type, members) ? free : this.#packed(name, type, members, plain);
    if (this.text.length + text.length > longestDefinition)
      throw new StructureFault('too-long', { line: 1, column: 1 });
    this.#parts.push(text);
    this.#done.set(id, name);
    return name;
  }

  /** A name that C allows, and that nothing else has. */
  #unused(name: string): string {
    const clean = name
      .replace(/\W+/g, '_')
      .replace(/^$/, 'unnamed')
      .replace(/^(?=\d)/, '_');
    let unused = clean.slice(0, 100);
    for (let i = 2; this.#names.has(unused); i++) unused = `${clean.slice(0, 100)}_${i}`;
    this.#names.add(unused);
    return unused;
  }

  #isLaidAs(text: string, name: string, type: Layered, members: readonly TypeMember[]): boolean {
    try {
      const laid = readDefinitions(`${this.text}\n${text}`).find((one) => one.name === name)?.type;
      if (laid === undefined || laid.kind === 'number' || laid.kind === 'array') return false;
      const isThere = ({ offset, bits }: TypeMember, i: number): boolean => {
        const one = laid.members[i];
        const first = one?.bits?.first ?? 0;
        const isSamePlace = one?.offset === offset && first === (bits?.first ?? 0);
        return isSamePlace && (one.bits?.count ?? 8 * one.type.size) === (bits?.count ?? 8 * one.type.size);
      };
      return laid.size === type.size && laid.members.length === members.length && members.every(isThere);
    } catch (error) {
      if (error instanceof StructureFault) return false;
      throw error;
    }
  }

  /** With all gaps written out; members that lie over others are left out. */
  #packed(name: string, type: Layered, members: readonly TypeMember[], plain: readonly string[]): string {
    const size = 8 * (type.size ?? 0);
    const lines: string[] = [];
    let end = 0;
    const skip = (to: number): void => {
      while (end < to) {
        const bits = Math.min(to - end, 32);
        lines.push(`  uint32_t : ${bits};`);
        end += bits;
      }
    };
    const places = members.map(({ offset, bits, type: of }, i) => {
      const from = 8 * offset + (bits?.first ?? 0);
      return { from, to: from + (bits?.count ?? 8 * (this.#types.sizeOf(of) ?? 0)), text: plain[i] };
    });
    const isUnion = type.kind === 'union';
    for (const { from, to, text } of isUnion ? places : places.toSorted((a, b) => a.from - b.from)) {
      if (to > size || (isUnion ? from !== 0 : from < end)) continue;
      if (!isUnion) skip(from);
      lines.push(`  ${text};`);
      end = isUnion ? 0 : to;
    }
    if (isUnion) lines.push(`  uint8_t bytes_[${size / 8}];`);
    else skip(size);
    return `${name} {\n${lines.join('\n')}\n} __attribute__((packed));`;
  }

  #member({ name, type, bits, offset }: TypeMember, depth: number): string {
    const called = name === '' ? `unnamed_${offset}` : name.replace(/\W+/g, '_');
    const [before, behind] = this.#type(type, depth);
    return bits === undefined ? `${before} ${called}${behind}` : `${before} ${called} : ${bits.count}`;
  }

  /** What stands before and behind a name of the type. */
  #type(id: TypeId, depth: number): readonly [string, string] {
    const types = this.#types;
    const size = types.sizeOf(id) ?? 0;
    const bytes = ['uint8_t', `[${size}]`] as const;
    if (depth > mostStructureDepth) return bytes;
    const cells = cellsOfType(types, id);
    const type = types.type(types.plain(id));
    switch (type.kind) {
      case 'struct':
      case 'union':
      case 'class': {
        const isNumber = cells !== undefined && cells.count === 1;
        const known = isNumber ? namedType(cells.name) : undefined;
        if (known?.size === size) return [known.name, ''];
        return [
          this.record(types.plain(id), depth + 1) ?? 'uint8_t',
          this.#done.get(types.plain(id)) ? '' : bytes[1],
        ];
      }
      case 'array': {
        if (type.isVector || type.counts.some((count) => count === undefined)) break;
        const [before, behind] = this.#type(type.of, depth + 1);
        return [before, `${type.counts.map((count) => `[${count}]`).join('')}${behind}`];
      }
      case 'enum':
        return [this.#enumeration(types.plain(id), type), ''];
      case 'pointer':
        return size === 4 ? ['void *', ''] : bytes;
      case 'base':
        if (type.encoding === 'boolean' && size === 1) return ['bool', ''];
        if (type.name === 'char' && size === 1) return ['char', ''];
    }
    if (cells === undefined) return bytes;
    const lane = numberNames[cells.name] ?? cells.name;
    if (cells.count === 1)
      return namedType(cells.name)?.size === size || lane !== cells.name ? [lane, ''] : bytes;
    const vector = namedType(`v${cells.count}${cells.name === 'float32' ? 'float' : cells.name}`);
    return vector?.size === size ? [vector.name, ''] : bytes;
  }

  #enumeration(id: TypeId, { name, size = 4, values }: ProgramType & { kind: 'enum' }): string {
    const known = this.#done.get(id);
    if (known !== undefined) return known;
    const called = `enum ${this.#unused(name)}`;
    const isSigned = values.some(({ value }) => value < 0);
    const lines = values
      .filter(({ value }) => Number.isSafeInteger(value))
      .map((one) => `  ${this.#unused(one.name)} = ${one.value},`);
    this.#parts.push(`${called} : ${isSigned ? '' : 'u'}int${8 * size}_t {\n${lines.join('\n')}\n};`);
    this.#done.set(id, called);
    return called;
  }
}
