/**
 * The entries (DIEs) of .debug_info and .debug_types: where each stands, what it lies in, and the values of its
 * attributes. One walk notes the places; a value is read when it is asked for.
 */
import { attributes, forms, tags, unitTypes } from './constants.ts';
import { Cursor } from './cursor.ts';
import { DebugFault } from './faults.ts';
import { bytesOfForm, indirectForm, readBlock, readNumber, skipForm } from './forms.ts';
import type { DebugSections } from './sections.ts';

const info = '.debug_info';
const abbreviationSection = '.debug_abbrev';

/** How entries of one kind are stored. */
interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly names: readonly number[];
  readonly forms: readonly number[];
  /** Values that stand here instead of in the entry. */
  readonly constants: readonly number[];
  /** Bytes of all values, where no length stands in them. */
  readonly bytes: number | undefined;
}

/** A compilation or type unit. Bases are offsets in their sections. */
export interface Unit {
  /** Offset of its header. */
  readonly start: number;
  readonly end: number;
  readonly version: number;
  /** Index of its first entry, and that behind its last one. */
  readonly firstEntry: number;
  readonly entriesEnd: number;
  readonly textOffsetsBase: number;
  readonly addressBase: number;
  readonly rangeListsBase: number;
  /** Where range lists count from until they say otherwise. */
  readonly lowPc: number;
  /** Path of its source, as the compiler was given it; empty if not said. */
  readonly name: string;
  /** Folder in which the compiler ran; empty if not said. */
  readonly folder: string;
  readonly producer: string;
  /** Offset of its line table in .debug_line. */
  readonly lineTable: number | undefined;
}

/** Where the value of an attribute stands. */
interface Place {
  readonly form: number;
  readonly at: number;
  readonly constant: number;
}

/** Numbers an entry does not have. */
export const noEntry = -1;
/** Chains of references (a call to its function, that to its declaration) are not longer. */
const mostReferences = 8;
/** Entries of one program: each has some 50 bytes of debug information. */
const mostEntries = 2 ** 21;
/** Units of one program, empty ones too. */
const mostUnits = 2 ** 16;
/** Entries around an entry, and attributes of one: deeper and longer is damage. */
const mostNesting = 512;
const mostAttributes = 256;

/** All entries of a program, numbered from 0 in the order in which they stand. */
export class Entries {
  readonly units: readonly Unit[];
  readonly #sections: DebugSections;
  readonly #bytes: Uint8Array;
  readonly #cursor: Cursor;
  readonly #abbreviations = new Map<number, ReadonlyMap<number, Abbreviation>>();
  readonly #offsets: number[] = [];
  readonly #parents: number[] = [];
  readonly #ends: number[] = [];
  readonly #kinds: Abbreviation[] = [];
  /** Place behind the abbreviation's number. */
  readonly #values: number[] = [];
  /** Offsets of the types of type units by their signature. */
  readonly #signatures = new Map<string, number>();

  /** Reads all units; what cannot be read is told to `onFault`. */
  constructor(sections: DebugSections, onFault: (fault: DebugFault) => void) {
    this.#sections = sections;
    this.#bytes = joined(sections.bytes(info), sections.bytes('.debug_types'));
    this.#cursor = new Cursor(info, this.#bytes);
    this.units = this.#readUnits(sections.bytes(info).length, onFault);
  }

  get count(): number {
    return this.#offsets.length;
  }

  /** One of `tags`; 0 for no entry. */
  tag(entry: number): number {
    return this.#kinds[entry]?.tag ?? 0;
  }

  /** Offset in .debug_info; entries of .debug_types follow it. */
  offset(entry: number): number {
    return this.#offsets[entry] ?? 0;
  }

  /** The entry that this one lies in; `noEntry` for that of a unit. */
  parent(entry: number): number {
    return this.#parents[entry] ?? noEntry;
  }

  /** Number of the entry behind the last one within this one. */
  end(entry: number): number {
    return this.#ends[entry] ?? entry + 1;
  }

  /** The entries right within this one. */
  *children(entry: number): Generator<number> {
    for (let child = entry + 1; child < this.end(entry); child = this.end(child)) yield child;
  }

  /** The unit that the entry belongs to. */
  unitOf(entry: number): Unit | undefined {
    let low = 0;
    let high = this.units.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.units[middle]?.firstEntry ?? 0) <= entry) low = middle;
      else high = middle - 1;
    }
    return this.units[low];
  }

  /** The entry that begins at the offset; `noEntry` if none does. */
  entryAt(offset: number): number {
    let low = 0;
    let high = this.#offsets.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const there = this.#offsets[middle] ?? 0;
      if (there === offset) return middle;
      if (there < offset) low = middle + 1;
      else high = middle - 1;
    }
    return noEntry;
  }

  has(entry: number, attribute: number): boolean {
    return this.#place(entry, attribute) !== undefined;
  }

  /** The form of the attribute's value. */
  form(entry: number, attribute: number): number | undefined {
    return this.#place(entry, attribute)?.form;
  }

  /** A constant, an offset or a flag; undefined where there is none. */
  number(entry: number, attribute: number): number | undefined {
    const place = this.#place(entry, attribute);
    if (place === undefined) return undefined;
    if (place.form === forms.implicitConstant) return place.constant;
    return readNumber(this.#cursorAt(place), place.form);
  }

  /** An address, by itself or by its index; undefined where there is none. */
  address(entry: number, attribute: number): number | undefined {
    return this.#address(entry, attribute, this.unitOf(entry)?.addressBase ?? 8);
  }

  text(entry: number, attribute: number): string | undefined {
    const place = this.#place(entry, attribute);
    if (place === undefined) return undefined;
    return this.#sections.text(this.#cursorAt(place), place.form, this.unitOf(entry)?.textOffsetsBase ?? 8);
  }

  /** The bytes of an expression; undefined where there is none. */
  expression(entry: number, attribute: number): Uint8Array | undefined {
    const place = this.#place(entry, attribute);
    if (place === undefined || !isBlock(place.form)) return undefined;
    return readBlock(this.#cursorAt(place), place.form);
  }

  /** The entry that the attribute refers to; `noEntry` where there is none. */
  reference(entry: number, attribute: number): number {
    const place = this.#place(entry, attribute);
    if (place === undefined) return noEntry;
    const cursor = this.#cursorAt(place);
    switch (place.form) {
      case forms.reference1:
      case forms.reference2:
      case forms.reference4:
      case forms.reference8:
      case forms.referenceUnsigned:
        return this.entryAt((this.unitOf(entry)?.start ?? 0) + (readNumber(cursor, place.form) ?? 0));
      case forms.referenceAddress:
        return this.entryAt(cursor.u32());
      case forms.referenceSignature:
        return this.entryAt(this.#signatures.get(signature(cursor)) ?? noEntry);
      default:
        return noEntry;
    }
  }

  /**
   * The entry, then those that it is an instance or the definition of: a call that was inlined, its function, that
   * function's declaration.
   */
  chain(entry: number): number[] {
    const all: number[] = [];
    for (let one = entry; one !== noEntry && all.length < mostReferences; ) {
      all.push(one);
      const origin = this.reference(one, attributes.abstractOrigin);
      one = origin === noEntry ? this.reference(one, attributes.specification) : origin;
    }
    return all;
  }

  /** A value that the entry, or the next of its chain, has. */
  inherited<T>(entry: number, read: (one: number) => T | undefined): T | undefined {
    for (const one of this.chain(entry)) {
      const value = read(one);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** DW_AT_name, also where its declaration has it. */
  name(entry: number): string | undefined {
    return this.inherited(entry, (one) => this.text(one, attributes.name));
  }

  /** The name that linkers know; undefined where it is the name. */
  linkageName(entry: number): string | undefined {
    return this.inherited(
      entry,
      (one) => this.text(one, attributes.linkageName) ?? this.text(one, attributes.mipsLinkageName),
    );
  }

  /** Namespaces and types around it, `aie::detail`; empty if none. */
  scope(entry: number): string {
    const names: string[] = [];
    let one = this.parent(this.chain(entry).at(-1) ?? entry);
    for (let depth = 0; one !== noEntry && depth < 64; depth++) {
      if (scopes.has(this.tag(one))) names.unshift(this.text(one, attributes.name) ?? '(anonymous)');
      one = this.parent(one);
    }
    return names.join('::');
  }

  #address(entry: number, attribute: number, addressBase: number): number | undefined {
    const place = this.#place(entry, attribute);
    if (place === undefined) return undefined;
    const value = readNumber(this.#cursorAt(place), place.form);
    if (value === undefined || place.form === forms.address) return value;
    return isAddressIndex(place.form) ? this.#sections.address(addressBase, value) : undefined;
  }

  #cursorAt(place: Place): Cursor {
    this.#cursor.at = place.at;
    return this.#cursor;
  }

  #place(entry: number, attribute: number): Place | undefined {
    const kind = this.#kinds[entry];
    const index = kind?.names.indexOf(attribute) ?? -1;
    if (kind === undefined || index < 0) return undefined;
    const cursor = this.#cursor;
    cursor.at = this.#values[entry] ?? 0;
    for (let i = 0; i < index; i++) skipForm(cursor, kind.forms[i] ?? 0);
    let form = kind.forms[index] ?? 0;
    if (form === forms.indirect) form = indirectForm(cursor);
    return { form, at: cursor.at, constant: kind.constants[index] ?? 0 };
  }

  #readUnits(typesStart: number, onFault: (fault: DebugFault) => void): Unit[] {
    const units: Unit[] = [];
    const cursor = new Cursor(info, this.#bytes);
    while (cursor.at < cursor.end) {
      let end = cursor.end;
      try {
        const start = cursor.at;
        if (units.length >= mostUnits) throw cursor.fault('too-much');
        end = cursor.unitEnd();
        // Linkers fill up with zeros.
        if (cursor.at === end) continue;
        units.push(this.#readUnit(cursor.part(cursor.at, end), start, start >= typesStart, onFault));
      } catch (error) {
        if (!(error instanceof DebugFault)) throw error;
        onFault(error);
      }
      cursor.at = end;
    }
    return units;
  }

  #readUnit(cursor: Cursor, start: number, ofTypes: boolean, onFault: (fault: DebugFault) => void): Unit {
    const version = cursor.u16();
    if (version < 2 || version > 5) throw cursor.fault('version', version);
    const type = version >= 5 ? cursor.u8() : ofTypes ? unitTypes.type : 0;
    let abbreviations = 0;
    let addressBytes = 4;
    if (version >= 5) {
      addressBytes = cursor.u8();
      abbreviations = cursor.u32();
    } else {
      abbreviations = cursor.u32();
      addressBytes = cursor.u8();
    }
    if (addressBytes !== 4) throw cursor.fault('address-size', addressBytes);
    if (type === unitTypes.skeleton || type === unitTypes.splitCompile) cursor.skip(8);
    if (type === unitTypes.type || type === unitTypes.splitType) {
      const key = signature(cursor);
      this.#signatures.set(key, start + cursor.u32());
    }
    const firstEntry = this.count;
    let fault: DebugFault | undefined;
    try {
      this.#walk(cursor, this.#abbreviationsAt(abbreviations));
    } catch (error) {
      if (!(error instanceof DebugFault)) throw error;
      fault = error;
    }
    const unit = { start, end: cursor.end, version, firstEntry, entriesEnd: this.count };
    if (fault !== undefined) onFault(fault);
    else if (this.has(firstEntry, attributes.splitName) || this.has(firstEntry, attributes.gnuSplitName)) {
      onFault(new DebugFault('elsewhere', info, start));
    }
    return this.#unitValues(unit, onFault);
  }

  /** What the unit's own entry says. Its texts and addresses may need bases that stand in it, too. */
  #unitValues(
    unit: Pick<Unit, 'start' | 'end' | 'version' | 'firstEntry' | 'entriesEnd'>,
    onFault: (fault: DebugFault) => void,
  ): Unit {
    const entry = unit.firstEntry;
    const attempt = <T>(fallback: T, read: () => T | undefined): T => {
      try {
        return read() ?? fallback;
      } catch (error) {
        if (!(error instanceof DebugFault)) throw error;
        onFault(error);
        return fallback;
      }
    };
    const number = (attribute: number) => this.number(entry, attribute);
    const bases = {
      textOffsetsBase: attempt(8, () => number(attributes.textOffsetsBase)),
      addressBase: attempt(8, () => number(attributes.addressBase)),
      rangeListsBase: attempt(12, () => number(attributes.rangeListsBase)),
    };
    const text = (attribute: number) =>
      attempt('', () => {
        const place = this.#place(entry, attribute);
        if (place === undefined) return undefined;
        return this.#sections.text(this.#cursorAt(place), place.form, bases.textOffsetsBase);
      });
    return {
      ...unit,
      ...bases,
      lowPc: attempt(0, () => this.#address(entry, attributes.lowPc, bases.addressBase)),
      name: text(attributes.name),
      folder: text(attributes.compilationFolder),
      producer: text(attributes.producer),
      lineTable: attempt(undefined, () => number(attributes.statementList)),
    };
  }

  /** Notes the entries of one unit. */
  #walk(cursor: Cursor, abbreviations: ReadonlyMap<number, Abbreviation>): void {
    const open: number[] = [];
    try {
      while (cursor.at < cursor.end) {
        const at = cursor.at;
        const code = cursor.uleb();
        if (code === 0) {
          const closed = open.pop();
          if (closed !== undefined) this.#ends[closed] = this.count;
          continue;
        }
        const kind = abbreviations.get(code);
        if (kind === undefined) throw cursor.fault('abbreviation', code);
        if (this.count >= mostEntries || open.length >= mostNesting) throw cursor.fault('too-much');
        const values = cursor.at;
        if (kind.bytes !== undefined) cursor.skip(kind.bytes);
        else for (const form of kind.forms) skipForm(cursor, form);
        const entry = this.count;
        this.#offsets.push(at);
        this.#parents.push(open.at(-1) ?? noEntry);
        this.#ends.push(entry + 1);
        this.#kinds.push(kind);
        this.#values.push(values);
        if (kind.hasChildren) open.push(entry);
      }
    } finally {
      for (const entry of open) this.#ends[entry] = this.count;
    }
  }

  #abbreviationsAt(offset: number): ReadonlyMap<number, Abbreviation> {
    const known = this.#abbreviations.get(offset);
    if (known !== undefined) return known;
    const table = new Map<number, Abbreviation>();
    const cursor = this.#sections.cursor(abbreviationSection, offset);
    for (let code = cursor.uleb(); code !== 0; code = cursor.uleb()) {
      this.#sections.budget.spend(4, abbreviationSection, cursor.at);
      const tag = cursor.uleb();
      const hasChildren = cursor.u8() !== 0;
      const names: number[] = [];
      const all: number[] = [];
      const constants: number[] = [];
      let bytes: number | undefined = 0;
      for (;;) {
        this.#sections.budget.spend(1, abbreviationSection, cursor.at);
        const name = cursor.uleb();
        const form = cursor.uleb();
        if (name === 0 && form === 0) break;
        if (names.length >= mostAttributes) throw cursor.fault('too-much');
        names.push(name);
        all.push(form);
        constants.push(form === forms.implicitConstant ? cursor.sleb() : 0);
        const own = bytesOfForm(form);
        bytes = bytes === undefined || own === undefined ? undefined : bytes + own;
      }
      table.set(code, { tag, hasChildren, names, forms: all, constants, bytes });
    }
    this.#abbreviations.set(offset, table);
    return table;
  }
}

const scopes: ReadonlySet<number> = new Set([
  tags.namespace,
  tags.structureType,
  tags.classType,
  tags.unionType,
  tags.enumerationType,
]);

function isAddressIndex(form: number): boolean {
  return (
    form === forms.addressIndex ||
    form === forms.gnuAddressIndex ||
    (form >= forms.addressIndex1 && form <= forms.addressIndex4)
  );
}

function isBlock(form: number): boolean {
  switch (form) {
    case forms.block1:
    case forms.block2:
    case forms.block4:
    case forms.block:
    case forms.expression:
      return true;
    default:
      return false;
  }
}

/** A type unit's signature as a key: 64 bits, more than a number holds. */
function signature(cursor: Cursor): string {
  return `${cursor.u32()} ${cursor.u32()}`;
}

/** Both, one behind the other; not copied where the second is empty. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (second.length === 0) return first;
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
