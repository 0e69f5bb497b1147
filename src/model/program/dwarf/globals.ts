/** Variables that have one place in memory for the whole run of a program. */
import { attributes, tags } from './constants.ts';
import { Cursor } from './cursor.ts';
import { type Entries, noEntry } from './entries.ts';
import type { DebugSections } from './sections.ts';
import type { TypeId, TypeTable } from './types.ts';

/** A variable with a fixed address. */
export interface ProgramGlobal {
  readonly name: string;
  /** Namespaces, types and the function around it: `ns::fir`; empty if none. */
  readonly scope: string;
  /** As linkers know it; the name where the compiler says no other. */
  readonly linkageName: string;
  /** Core address: of data as the core's program sees it. */
  readonly address: number;
  /** Bytes; undefined where its type does not say. */
  readonly size: number | undefined;
  readonly type: TypeId;
}

/** Instructions of location expressions. */
const instructions = {
  address: 0x03,
  plusConstant: 0x23,
  addressIndex: 0xa1,
  gnuAddressIndex: 0xfb,
} as const;

/** The variables of all units by address; one that several units declare stands once. */
export function readGlobals(
  entries: Entries,
  sections: DebugSections,
  types: TypeTable,
  attempt: <T>(fallback: T, read: () => T) => T,
): ProgramGlobal[] {
  const globals = new Map<string, ProgramGlobal>();
  for (let entry = 0; entry < entries.count; entry++) {
    if (entries.tag(entry) !== tags.variable) continue;
    const one = attempt(undefined, () => readGlobal(entry, entries, sections, types));
    if (one !== undefined) globals.set(`${one.address} ${one.linkageName}`, one);
  }
  return [...globals.values()].sort((a, b) => a.address - b.address);
}

function readGlobal(
  entry: number,
  entries: Entries,
  sections: DebugSections,
  types: TypeTable,
): ProgramGlobal | undefined {
  const address = addressOf(entry, entries, sections);
  // Linkers give what they left out the address 0, where no core has data.
  if (address === undefined || address === 0) return undefined;
  const linkageName = entries.linkageName(entry);
  const name = entries.name(entry) ?? linkageName ?? '';
  const type = types.typeOf(entry);
  return {
    name,
    scope: scopeWithFunction(entry, entries),
    linkageName: linkageName ?? name,
    address,
    size: types.sizeOf(type),
    type,
  };
}

/** The address that the whole location is; undefined for one that changes, and for a part of a variable. */
function addressOf(entry: number, entries: Entries, sections: DebugSections): number | undefined {
  const bytes = entries.expression(entry, attributes.location);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const cursor = new Cursor('.debug_info', bytes);
  let address = 0;
  switch (cursor.u8()) {
    case instructions.address:
      address = cursor.u32();
      break;
    case instructions.addressIndex:
    case instructions.gnuAddressIndex:
      address = sections.address(entries.unitOf(entry)?.addressBase ?? 8, cursor.uleb());
      break;
    default:
      return undefined;
  }
  if (cursor.at < cursor.end && cursor.u8() !== instructions.plusConstant) return undefined;
  if (cursor.at < cursor.end) address += cursor.uleb();
  return cursor.at === cursor.end ? address : undefined;
}

function scopeWithFunction(entry: number, entries: Entries): string {
  const scope = entries.scope(entry);
  let around = entries.parent(entry);
  while (around !== noEntry && entries.tag(around) !== tags.subprogram) around = entries.parent(around);
  if (around === noEntry) return scope;
  const outer = [entries.scope(around), entries.name(around) ?? ''];
  return outer.filter((part) => part !== '').join('::');
}
