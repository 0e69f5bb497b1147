/** Where the members of a struct or union lie. The order of bytes is little endian, so the first bit-field has the lowest bits. */
import type { RecordType, StructureMember, StructureType } from './types.ts';

/** A member as it is declared. */
export interface DeclaredMember {
  readonly name: string;
  readonly type: StructureType;
  /** Bits of a bit-field; 0 begins a new unit of its type. */
  readonly bits?: number;
  /** `aligned` of the member, bytes. */
  readonly aligned?: number;
  readonly packed: boolean;
}

/** What is said of the whole. */
export interface DeclaredRecord {
  readonly kind: 'struct' | 'union';
  readonly name: string;
  readonly members: readonly DeclaredMember[];
  readonly packed: boolean;
  readonly aligned?: number;
}

const up = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * Lays members out by the rules of the System V ABI, as compilers of AI Engine cores do: a bit-field does not cross the unit of
 * its type, and unnamed ones count for the alignment of the whole; `packed` takes all alignment but what `aligned` says.
 */
export function laidOut({ kind, name, members, packed, aligned = 1 }: DeclaredRecord): RecordType {
  const isUnion = kind === 'union';
  let align = aligned;
  /** Bits that are taken. */
  let end = 0;
  const placed: StructureMember[] = [];
  for (const member of members) {
    const { type, bits } = member;
    const isPacked = packed || member.packed;
    const natural = isPacked ? 1 : type.align;
    if (bits === undefined) {
      const own = Math.max(natural, member.aligned ?? 1);
      const at = isUnion ? 0 : up(end, 8 * own);
      placed.push({ name: member.name, type, offset: at / 8 });
      end = Math.max(end, at + 8 * type.size);
      align = Math.max(align, own);
      continue;
    }
    const from = isUnion ? 0 : end;
    if (bits === 0) {
      // Also in what is packed.
      if (!isUnion) end = up(end, 8 * type.align);
      align = Math.max(align, natural);
      continue;
    }
    const crosses = !isPacked && (from % (8 * type.align)) + bits > 8 * type.size;
    const at = crosses ? up(from, 8 * type.align) : from;
    if (member.name !== '') {
      const offset = Math.floor(at / 8);
      const place = { name: member.name, type, offset };
      // All bits of a number at its own bytes are that number.
      const isWhole = at % 8 === 0 && bits === 8 * type.size;
      placed.push(isWhole ? place : { ...place, bits: { first: at % 8, count: bits } });
    }
    end = Math.max(end, at + bits);
    align = Math.max(align, natural);
  }
  return { kind, name, members: placed, size: up(Math.ceil(end / 8), align), align };
}
