/** The parts of a type that is laid over bytes: by number for a tree, by place for the bytes on screen. */
import type { StructureMember, StructureType } from './types.ts';

/** A part of what is laid, with its place in the whole. */
export interface Field {
  /** As C names it from the whole on: `.taps[2].gain`; empty for the whole. */
  readonly path: string;
  readonly type: StructureType;
  /** Bytes from the beginning of the whole. */
  readonly offset: number;
  readonly bits?: StructureMember['bits'];
}

/** The parts right below a field. */
export interface Fields {
  readonly count: number;
  at(index: number): Field;
}

/** The parts of a struct, a union or an array; undefined for what is one value. */
export function partsOf({ path, type, offset }: Field): Fields | undefined {
  switch (type.kind) {
    case 'number':
      return undefined;
    case 'array':
      return {
        count: type.count,
        at: (index) => ({ path: `${path}[${index}]`, type: type.of, offset: offset + index * type.of.size }),
      };
    default:
      return {
        count: type.members.length,
        at: (index) => {
          const { name, type: of, offset: at, bits } = type.members[index] as StructureMember;
          // An unnamed struct gives its members to what it lies in.
          const own = name === '' ? path : `${path}.${name}`;
          return { path: own, type: of, offset: offset + at, ...(bits === undefined ? {} : { bits }) };
        },
      };
  }
}

/** Parts that are looked at for one range: structs may have gaps and no fields. */
const mostVisits = 50_000;

/** Whether a type is an array of numbers, of any dimensions, or a number: one name among the bytes is enough for it. */
export function isPlain(type: StructureType): boolean {
  let of = type;
  while (of.kind === 'array') of = of.of;
  return of.kind === 'number';
}

/** Whether the value of a field can be typed. */
export function canType({ type }: Field): boolean {
  return type.kind === 'number';
}

/** Bytes of a field; of a bit-field all bytes that have a bit of it. */
export function bytesOfField({ type, bits }: Field): number {
  return bits === undefined ? type.size : Math.ceil((bits.first + bits.count) / 8);
}

/**
 * The plain fields that have bytes in a range, in their order; what lies outside is not looked at.
 *
 * @param most fields at most
 */
export function fieldsIn(whole: Field, from: number, to: number, most: number): Field[] {
  const found: Field[] = [];
  let left = mostVisits;
  const visit = (field: Field): void => {
    const { type, offset } = field;
    // Without bytes there is nothing to show, however many of them there are.
    if (
      type.size === 0 ||
      left-- <= 0 ||
      found.length >= most ||
      offset >= to ||
      offset + Math.max(bytesOfField(field), 1) <= from
    )
      return;
    const parts = isPlain(type) ? undefined : partsOf(field);
    if (parts === undefined) {
      found.push(field);
      return;
    }
    const step = type.kind === 'array' ? type.of.size : 0;
    const first = step > 0 ? Math.max(0, Math.floor((from - offset) / step)) : 0;
    const last = step > 0 ? Math.min(parts.count, Math.ceil((to - offset) / step)) : parts.count;
    for (let i = first; i < last && found.length < most && left > 0; i++) visit(parts.at(i));
  };
  visit(whole);
  return found;
}
