/**
 * Writes debug information (DWARF 2 to 5) of made-up programs, in forms chosen by a seed, and knows what a reader must
 * find in it. Written from the standard; must not use the reader.
 */
import type { Random } from '../conformance/random.ts';

/** Addresses from `low` to before `high`. */
export interface MadeRange {
  readonly low: number;
  readonly high: number;
}

/** A call that was inlined. Files are indices into the unit's. */
export interface MadeCall {
  readonly name: string;
  readonly ranges: readonly MadeRange[];
  readonly file: number;
  readonly line: number;
  readonly column: number;
  readonly inlined: readonly MadeCall[];
}

export interface MadeFunction {
  readonly name: string;
  readonly linkageName: string;
  readonly ranges: readonly MadeRange[];
  readonly file: number;
  readonly line: number;
  readonly inlined: readonly MadeCall[];
}

/** A type as text, with its bytes, and how it is made of others. */
export type MadeType =
  | { readonly kind: 'base'; readonly name: string; readonly size: number; readonly encoding: number }
  | { readonly kind: 'array'; readonly of: MadeType; readonly counts: readonly number[] }
  | { readonly kind: 'pointer'; readonly of: MadeType }
  | { readonly kind: 'typedef'; readonly name: string; readonly of: MadeType }
  | { readonly kind: 'volatile'; readonly of: MadeType }
  | { readonly kind: 'struct'; readonly name: string; readonly members: readonly MadeType[] };

export interface MadeGlobal {
  readonly name: string;
  readonly address: number;
  readonly type: MadeType;
}

export interface MadeRow {
  readonly address: number;
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/** A run of rows; `end` is the address behind the last one's code. */
export interface MadeSequence {
  readonly rows: readonly MadeRow[];
  readonly end: number;
}

export interface MadeUnit {
  readonly version: number;
  readonly folder: string;
  /** Paths below the folder, `folder/name`. */
  readonly files: readonly string[];
  readonly functions: readonly MadeFunction[];
  readonly globals: readonly MadeGlobal[];
  readonly sequences: readonly MadeSequence[];
  /** Added to the numbers of files in entries, not in the line table. */
  readonly shift?: number;
}

/** Bytes of the type's values. */
export function sizeOfType(type: MadeType): number {
  switch (type.kind) {
    case 'base':
      return type.size;
    case 'array':
      return type.counts.reduce((size, count) => size * count, sizeOfType(type.of));
    case 'pointer':
      return 4;
    case 'struct':
      return type.members.reduce((sum, member) => sum + sizeOfType(member), 0);
    default:
      return sizeOfType(type.of);
  }
}

/** The type as the source has it. */
export function textOfType(type: MadeType): string {
  switch (type.kind) {
    case 'array':
      return textOfType(type.of) + type.counts.map((count) => `[${count}]`).join('');
    case 'pointer': {
      const of = textOfType(type.of);
      return of.endsWith('*') ? `${of}*` : `${of} *`;
    }
    case 'volatile': {
      const of = textOfType(type.of);
      return of.endsWith('*') ? `${of} volatile` : `volatile ${of}`;
    }
    default:
      return type.name;
  }
}

/** A random program: units whose functions, globals and lines do not overlap. */
export function randomProgram(random: Random, units = 1 + random.below(4)): MadeUnit[] {
  let address = random.below(64);
  let data = 0x70000 + random.below(64);
  let count = 0;
  const split = ({ low, high }: MadeRange): MadeRange => {
    const from = low + random.below(high - low);
    return { low: from, high: from + 1 + random.below(high - from) };
  };
  const calls = (
    unit: { files: readonly string[] },
    ranges: readonly MadeRange[],
    depth: number,
  ): MadeCall[] => {
    if (depth > 4) return [];
    const made: MadeCall[] = [];
    let free = [...ranges];
    while (random.below(2) === 0 && free.length > 0) {
      const within = free.splice(0, 1 + random.below(2)).map(split);
      made.push({
        name: `call${count++}`,
        ranges: within,
        file: random.below(unit.files.length),
        line: random.below(3000),
        column: random.below(200),
        inlined: calls(unit, within, depth + 1),
      });
      free = free.filter((range) => range.high - range.low > 1);
    }
    return made;
  };
  const type = (depth: number): MadeType => {
    const kind = depth > 3 ? 0 : random.below(7);
    const of = (): MadeType => type(depth + 1);
    switch (kind) {
      case 1:
        return {
          kind: 'array',
          of: of(),
          counts: Array.from({ length: 1 + random.below(3) }, () => 1 + random.below(9)),
        };
      case 2:
        return { kind: 'pointer', of: of() };
      case 3:
        return { kind: 'typedef', name: `type${count++}`, of: of() };
      case 4:
        return { kind: 'volatile', of: of() };
      case 5:
        return {
          kind: 'struct',
          name: `struct${count++}`,
          members: Array.from({ length: random.below(5) }, of),
        };
      default:
        return random.pick([
          { kind: 'base', name: 'int', size: 4, encoding: 5 },
          { kind: 'base', name: 'v4int32', size: 16, encoding: 5 },
          { kind: 'base', name: 'float', size: 4, encoding: 4 },
          { kind: 'base', name: 'unsigned char', size: 1, encoding: 8 },
        ]);
    }
  };
  return Array.from({ length: units }, (_, u) => {
    const folder = `/src/unit${u}`;
    const files = Array.from(
      { length: 1 + random.below(5) },
      (_f, i) => `${random.pick(['inc', 'src'])}/file${u}_${i}.cc`,
    );
    const functions: MadeFunction[] = [];
    const sequences: MadeSequence[] = [];
    for (let i = random.below(6); i > 0; i--) {
      const ranges = Array.from({ length: 1 + random.below(3) }, () => {
        address += random.below(20) * 4;
        const low = address;
        address += 4 * (1 + random.below(60));
        return { low, high: address };
      });
      const name = `fn${count++}`;
      functions.push({
        name,
        linkageName: random.below(2) === 0 ? name : `_Z${name}v`,
        ranges,
        file: random.below(files.length),
        line: 1 + random.below(5000),
        inlined: calls({ files }, ranges, 0),
      });
      for (const { low, high } of ranges) {
        const rows: MadeRow[] = [];
        for (let at = low; at < high; at += 4 * random.below(6)) {
          rows.push({
            address: at,
            file: random.below(files.length),
            line: random.below(6) === 0 ? random.below(70_000) : 100 + random.below(40),
            column: random.below(120),
          });
          if (rows.length > 300) break;
        }
        sequences.push({ rows, end: high });
      }
    }
    const globals = Array.from({ length: random.below(6) }, () => {
      const one = { name: `var${count++}`, address: data, type: type(0) };
      data += sizeOfType(one.type) + 1 + random.below(64);
      return one;
    });
    return { version: 2 + random.below(4), folder, files, functions, globals, sequences };
  });
}

/** Bytes that grow. */
export class Writer {
  readonly bytes: number[] = [];

  get at(): number {
    return this.bytes.length;
  }

  u8(value: number): void {
    this.bytes.push(value & 255);
  }

  u16(value: number): void {
    this.u8(value);
    this.u8(value >>> 8);
  }

  u32(value: number): void {
    this.u16(value);
    this.u16(value >>> 16);
  }

  uleb(value: number): void {
    let left = value;
    for (; left >= 128; left = Math.floor(left / 128)) this.u8((left % 128) | 128);
    this.u8(left);
  }

  sleb(value: number): void {
    let left = value;
    for (;;) {
      const low = left & 127;
      left >>= 7;
      const isLast = (left === 0 && low < 64) || (left === -1 && low >= 64);
      this.u8(isLast ? low : low | 128);
      if (isLast) return;
    }
  }

  text(text: string): void {
    for (const byte of new TextEncoder().encode(text)) this.u8(byte);
    this.u8(0);
  }

  patch32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >>> (8 * i)) & 255;
  }

  /** Writes what `body` writes, behind its length. */
  unit(body: () => void): void {
    const at = this.at;
    this.u32(0);
    body();
    this.patch32(at, this.at - at - 4);
  }
}

/** A table of texts or numbers in which each stands once. */
class Table<T> {
  readonly #places = new Map<T, number>();
  readonly #add: (value: T) => number;

  constructor(add: (value: T) => number) {
    this.#add = add;
  }

  place(value: T): number {
    const known = this.#places.get(value);
    if (known !== undefined) return known;
    const place = this.#add(value);
    this.#places.set(value, place);
    return place;
  }
}

/** What is written of one attribute: its form, and the bytes. */
interface Written {
  readonly form: number;
  /** Stands in the abbreviation. */
  readonly constant?: number;
  readonly write: (info: Writer) => void;
}
type Attribute = readonly [name: number, value: Written];

/** Writes the debug sections of a program. */
export class DwarfWriter {
  readonly #random: Random;
  readonly #sections = new Map<string, Writer>();
  readonly #texts: Table<string>;
  readonly #lineTexts: Table<string>;

  constructor(random: Random) {
    this.#random = random;
    const texts = this.#section('.debug_str');
    this.#texts = new Table((text) => {
      const at = texts.at;
      texts.text(text);
      return at;
    });
    const lineTexts = this.#section('.debug_line_str');
    this.#lineTexts = new Table((text) => {
      const at = lineTexts.at;
      lineTexts.text(text);
      return at;
    });
  }

  /** The sections of the units. */
  write(units: readonly MadeUnit[]): { name: string; bytes: Uint8Array }[] {
    for (const unit of units)
      new UnitWriter(unit, this.#random, (name) => this.#section(name), this.#texts, this.#lineTexts).write();
    return [...this.#sections].map(([name, { bytes }]) => ({ name, bytes: Uint8Array.from(bytes) }));
  }

  #section(name: string): Writer {
    const writer = this.#sections.get(name) ?? new Writer();
    this.#sections.set(name, writer);
    return writer;
  }
}

/** Writes one unit. */
class UnitWriter {
  readonly #unit: MadeUnit;
  readonly #random: Random;
  readonly #info: Writer;
  readonly #section: (name: string) => Writer;
  readonly #texts: Table<string>;
  readonly #lineTexts: Table<string>;
  readonly #abbreviations = new Map<string, number>();
  readonly #abbreviationBytes = new Writer();
  readonly #start: number;
  readonly #indexedTexts: number[] = [];
  readonly #indexedAddresses: number[] = [];
  readonly #rangeLists: number[][] = [];
  readonly #textIndex: Table<string>;
  readonly #addressIndex: Table<number>;
  /** Places of references that wait for what they refer to. */
  readonly #waiting: {
    readonly at: number;
    readonly padded: boolean;
    readonly isGlobal: boolean;
    readonly to: () => number;
  }[] = [];
  readonly #types = new Map<MadeType, number>();
  readonly #abstract = new Map<string, number>();

  constructor(
    unit: MadeUnit,
    random: Random,
    section: (name: string) => Writer,
    texts: Table<string>,
    lineTexts: Table<string>,
  ) {
    this.#unit = unit;
    this.#random = random;
    this.#section = section;
    this.#texts = texts;
    this.#lineTexts = lineTexts;
    this.#info = section('.debug_info');
    this.#start = this.#info.at;
    this.#textIndex = new Table((text) => this.#indexedTexts.push(texts.place(text)) - 1);
    this.#addressIndex = new Table((address) => this.#indexedAddresses.push(address) - 1);
  }

  write(): void {
    const { version, folder, files, functions, globals } = this.#unit;
    const info = this.#info;
    const abbreviationsAt = this.#section('.debug_abbrev').at;
    const lineTable = this.#writeLines();
    const bases: { at: number; base: () => number }[] = [];
    const base = (name: number, value: () => number): Attribute => [
      name,
      {
        form: forms.sectionOffset,
        write: (to) => {
          bases.push({ at: to.at, base: value });
          to.u32(0);
        },
      },
    ];
    const textsStart = this.#section('.debug_str_offsets').at + 8;
    const addressesStart = this.#section('.debug_addr').at + 8;
    const listsStart = this.#section('.debug_rnglists').at + 12;
    info.unit(() => {
      info.u16(version);
      if (version >= 5) {
        info.u8(1);
        info.u8(4);
        info.u32(abbreviationsAt);
      } else {
        info.u32(abbreviationsAt);
        info.u8(4);
      }
      const own: Attribute[] = [
        [0x03, this.#text(files[0] ?? 'none')],
        [0x1b, this.#text(folder)],
        [0x25, this.#text(`writer ${version}`)],
        [0x10, this.#sectionOffset(lineTable)],
      ];
      if (version >= 5) {
        own.push(
          base(0x72, () => textsStart),
          base(0x73, () => addressesStart),
          base(0x74, () => listsStart),
        );
      }
      this.#entry(0x11, this.#shuffled(own), () => {
        for (const one of globals) this.#global(one);
        for (const one of functions) this.#function(one);
        for (const [type, place] of this.#types) if (place < 0) this.#type(type);
      });
    });
    for (const { at, base: value } of bases) info.patch32(at, value());
    for (const { at, padded, isGlobal, to } of this.#waiting) {
      const offset = to() - (isGlobal ? 0 : this.#start);
      if (padded)
        for (let i = 0; i < 4; i++) info.bytes[at + i] = ((offset >>> (7 * i)) & 127) | (i < 3 ? 128 : 0);
      else info.patch32(at, offset);
    }
    this.#section('.debug_abbrev').bytes.push(...this.#abbreviationBytes.bytes, 0);
    if (version >= 5) this.#writeIndices();
  }

  #writeIndices(): void {
    const offsets = this.#section('.debug_str_offsets');
    offsets.unit(() => {
      offsets.u16(5);
      offsets.u16(0);
      for (const offset of this.#indexedTexts) offsets.u32(offset);
    });
    const addresses = this.#section('.debug_addr');
    addresses.unit(() => {
      addresses.u16(5);
      addresses.u8(4);
      addresses.u8(0);
      for (const address of this.#indexedAddresses) addresses.u32(address);
    });
    const lists = this.#section('.debug_rnglists');
    lists.unit(() => {
      lists.u16(5);
      lists.u8(4);
      lists.u8(0);
      lists.u32(this.#rangeLists.length);
      let offset = 4 * this.#rangeLists.length;
      for (const list of this.#rangeLists) {
        lists.u32(offset);
        offset += list.length;
      }
      for (const list of this.#rangeLists) lists.bytes.push(...list);
    });
  }

  #entry(tag: number, attributes: readonly Attribute[], children?: () => void): number {
    const at = this.#info.at;
    const key = JSON.stringify([
      tag,
      children !== undefined,
      attributes.map(([name, { form, constant }]) => [name, form, constant]),
    ]);
    let code = this.#abbreviations.get(key);
    if (code === undefined) {
      // Some codes take more than one byte.
      code = this.#abbreviations.size * 29 + 1;
      this.#abbreviations.set(key, code);
      const to = this.#abbreviationBytes;
      to.uleb(code);
      to.uleb(tag);
      to.u8(children === undefined ? 0 : 1);
      for (const [name, { form, constant }] of attributes) {
        to.uleb(name);
        to.uleb(form);
        if (constant !== undefined) to.sleb(constant);
      }
      to.u16(0);
    }
    this.#info.uleb(code);
    for (const [, { write }] of attributes) write(this.#info);
    if (children !== undefined) {
      children();
      this.#info.u8(0);
    }
    return at;
  }

  #global({ name, address, type }: MadeGlobal): void {
    const expression = new Writer();
    const shift = this.#random.below(3) === 0 ? this.#random.below(200) : 0;
    if (this.#unit.version >= 5 && this.#random.below(2) === 0) {
      expression.u8(0xa1);
      expression.uleb(this.#addressIndex.place(address - shift));
    } else {
      expression.u8(0x03);
      expression.u32(address - shift);
    }
    if (shift > 0) {
      expression.u8(0x23);
      expression.uleb(shift);
    }
    const location: Attribute = [0x02, this.#block(expression.bytes)];
    const attributes: Attribute[] = [
      [0x03, this.#text(name)],
      [0x49, this.#typeReference(type)],
    ];
    if (this.#random.below(3) > 0) {
      this.#entry(0x34, this.#shuffled([...attributes, location]));
      return;
    }
    // A declaration, and its definition elsewhere.
    const declaration = this.#entry(0x34, this.#shuffled([...attributes, [0x3c, this.#flag()]]));
    this.#entry(0x34, this.#shuffled([[0x47, this.#reference(() => declaration)], location]));
  }

  #function(one: MadeFunction): void {
    const { name, linkageName, ranges, file, line, inlined } = one;
    const attributes: Attribute[] = [
      [0x03, this.#text(name)],
      [0x3a, this.#entryFile(file)],
      [0x3b, this.#number(line)],
    ];
    if (linkageName !== name)
      attributes.push([this.#random.below(2) === 0 ? 0x6e : 0x2007, this.#text(linkageName)]);
    const code = this.#codeOf(ranges);
    const children = (): void => {
      for (const call of inlined) this.#call(call);
    };
    if (this.#random.below(2) === 0) this.#entry(0x2e, this.#shuffled([...attributes, ...code]), children);
    else {
      const declaration = this.#entry(0x2e, this.#shuffled([...attributes, [0x3c, this.#flag()]]));
      const origin = this.#random.below(2) === 0 ? 0x31 : 0x47;
      this.#entry(0x2e, this.#shuffled([[origin, this.#reference(() => declaration)], ...code]), children);
    }
  }

  #call({ name, ranges, file, line, column, inlined }: MadeCall): void {
    const make = (): void => {
      this.#entry(
        0x1d,
        this.#shuffled([
          [0x31, this.#reference(() => this.#abstract.get(name) ?? 0)],
          ...this.#codeOf(ranges),
          [0x58, this.#entryFile(file)],
          [0x59, this.#number(line)],
          [0x57, this.#number(column)],
        ]),
        () => {
          for (const call of inlined) this.#call(call);
          this.#abstract.set(
            name,
            this.#entry(0x2e, [
              [0x03, this.#text(name)],
              [0x20, this.#number(1)],
            ]),
          );
        },
      );
    };
    // A block of the source, which is nobody's call.
    if (this.#random.below(3) === 0) this.#entry(0x0b, this.#codeOf(ranges), make);
    else make();
  }

  #codeOf(ranges: readonly MadeRange[]): Attribute[] {
    const [only, ...others] = ranges;
    if (only !== undefined && others.length === 0 && this.#random.below(3) > 0) {
      const { version } = this.#unit;
      const length = version >= 4 && this.#random.below(2) === 0;
      return [
        [0x11, this.#address(only.low)],
        [0x12, length ? this.#number(only.high - only.low) : this.#address(only.high)],
      ];
    }
    return [[0x55, this.#unit.version >= 5 ? this.#rangeList(ranges) : this.#oldRanges(ranges)]];
  }

  #oldRanges(ranges: readonly MadeRange[]): Written {
    const section = this.#section('.debug_ranges');
    const at = section.at;
    let base = 0;
    for (const { low, high } of ranges) {
      if (this.#random.below(3) === 0) {
        base = this.#random.below(low + 1);
        section.u32(0xffffffff);
        section.u32(base);
      } else if (low < base) {
        base = 0;
        section.u32(0xffffffff);
        section.u32(base);
      }
      // Two zeros would end the list.
      section.u32(low - base);
      section.u32(high - base);
    }
    section.u32(0);
    section.u32(0);
    return this.#sectionOffset(at);
  }

  #rangeList(ranges: readonly MadeRange[]): Written {
    const list = new Writer();
    let base = 0;
    for (const { low, high } of ranges) {
      switch (this.#random.below(7)) {
        case 0:
          list.u8(2);
          list.uleb(this.#addressIndex.place(low));
          list.uleb(this.#addressIndex.place(high));
          break;
        case 1:
          list.u8(3);
          list.uleb(this.#addressIndex.place(low));
          list.uleb(high - low);
          break;
        case 2:
          base = low - this.#random.below(low + 1);
          list.u8(5);
          list.u32(base);
          list.u8(4);
          list.uleb(low - base);
          list.uleb(high - base);
          break;
        case 3:
          base = low;
          list.u8(1);
          list.uleb(this.#addressIndex.place(base));
          list.u8(4);
          list.uleb(0);
          list.uleb(high - base);
          break;
        case 4:
          list.u8(6);
          list.u32(low);
          list.u32(high);
          break;
        default:
          list.u8(7);
          list.u32(low);
          list.uleb(high - low);
      }
    }
    list.u8(0);
    const index = this.#rangeLists.push(list.bytes) - 1;
    return this.#maybeIndirect({ form: forms.rangeListIndex, write: (to) => to.uleb(index) });
  }

  #typeReference(type: MadeType): Written {
    if (!this.#types.has(type)) this.#types.set(type, -1);
    return this.#reference(() => this.#types.get(type) ?? 0);
  }

  #type(type: MadeType): void {
    const name = (text: string): Attribute => [0x03, this.#text(text)];
    const of = (inner: MadeType): Attribute => [0x49, this.#typeReference(inner)];
    const set = (place: number): void => {
      this.#types.set(type, place);
    };
    switch (type.kind) {
      case 'base':
        set(
          this.#entry(0x24, [
            name(type.name),
            [0x0b, this.#number(type.size)],
            [0x3e, this.#number(type.encoding)],
          ]),
        );
        break;
      case 'pointer':
        set(
          this.#entry(
            0x0f,
            this.#random.below(2) === 0 ? [of(type.of)] : [of(type.of), [0x0b, this.#number(4)]],
          ),
        );
        break;
      case 'typedef':
        set(this.#entry(0x16, this.#shuffled([name(type.name), of(type.of)])));
        break;
      case 'volatile':
        set(this.#entry(0x35, [of(type.of)]));
        break;
      case 'array':
        set(
          this.#entry(0x01, [of(type.of)], () => {
            for (const count of type.counts) {
              const bound: Attribute =
                this.#random.below(2) === 0 ? [0x37, this.#number(count)] : [0x2f, this.#number(count - 1)];
              this.#entry(0x21, [bound]);
            }
          }),
        );
        break;
      case 'struct': {
        let offset = 0;
        set(
          this.#entry(0x13, this.#shuffled([name(type.name), [0x0b, this.#number(sizeOfType(type))]]), () => {
            for (const [i, member] of type.members.entries()) {
              const expression = new Writer();
              expression.u8(0x23);
              expression.uleb(offset);
              const place =
                this.#random.below(2) === 0 ? this.#number(offset) : this.#block(expression.bytes);
              this.#entry(0x0d, this.#shuffled([name(`m${i}`), of(member), [0x38, place]]));
              offset += sizeOfType(member);
            }
          }),
        );
      }
    }
  }

  /** Of the line table. */
  #fileNumber(file: number): number {
    return this.#unit.version >= 5 ? file : file + 1;
  }

  /** Of the line table, or of another one that entries go by. */
  #entryFile(file: number): Written {
    return this.#number(this.#fileNumber(file) + (this.#unit.shift ?? 0));
  }

  #text(text: string): Written {
    const { version } = this.#unit;
    switch (this.#random.below(version >= 5 ? 6 : 2)) {
      case 0:
        return this.#maybeIndirect({ form: 0x08, write: (to) => to.text(text) });
      case 1:
        return { form: 0x0e, write: (to) => to.u32(this.#texts.place(text)) };
      case 2:
        return { form: 0x1f, write: (to) => to.u32(this.#lineTexts.place(text)) };
      case 3:
        return { form: 0x1a, write: (to) => to.uleb(this.#textIndex.place(text)) };
      case 4:
        return { form: 0x26, write: (to) => to.u16(this.#textIndex.place(text)) };
      default:
        return { form: 0x28, write: (to) => to.u32(this.#textIndex.place(text)) };
    }
  }

  #number(value: number): Written {
    const fits = [0x0f, 0x0d, 0x06];
    if (value < 0x100) fits.push(0x0b);
    if (value < 0x10000) fits.push(0x05);
    // In versions 2 and 3 four bytes may be an offset; a constant there is 0x0f.
    if (this.#unit.version < 4) fits.splice(2, 1);
    if (this.#unit.version >= 5) fits.push(0x21);
    const form = fits[this.#random.below(fits.length)] ?? 0x0f;
    switch (form) {
      case 0x21:
        return { form, constant: value, write: () => {} };
      case 0x0d:
        return { form, write: (to) => to.sleb(value) };
      case 0x06:
        return { form, write: (to) => to.u32(value) };
      case 0x05:
        return { form, write: (to) => to.u16(value) };
      case 0x0b:
        return { form, write: (to) => to.u8(value) };
      default:
        return this.#maybeIndirect({ form: 0x0f, write: (to) => to.uleb(value) });
    }
  }

  #address(address: number): Written {
    if (this.#unit.version >= 5 && this.#random.below(2) === 0) {
      if (this.#random.below(2) === 0)
        return { form: 0x1b, write: (to) => to.uleb(this.#addressIndex.place(address)) };
      return { form: 0x2a, write: (to) => to.u16(this.#addressIndex.place(address)) };
    }
    return { form: 0x01, write: (to) => to.u32(address) };
  }

  #reference(to: () => number): Written {
    const form = this.#random.pick([0x13, 0x10, 0x15]);
    return {
      form,
      write: (info) => {
        this.#waiting.push({ at: info.at, padded: form === 0x15, isGlobal: form === 0x10, to });
        info.u32(0);
      },
    };
  }

  #flag(): Written {
    if (this.#unit.version >= 4) return { form: 0x19, write: () => {} };
    return { form: 0x0c, write: (to) => to.u8(1) };
  }

  #sectionOffset(offset: number): Written {
    return { form: this.#unit.version >= 4 ? forms.sectionOffset : 0x06, write: (to) => to.u32(offset) };
  }

  #block(bytes: readonly number[]): Written {
    if (this.#unit.version >= 4) {
      return {
        form: 0x18,
        write: (to) => {
          to.uleb(bytes.length);
          to.bytes.push(...bytes);
        },
      };
    }
    return {
      form: 0x0a,
      write: (to) => {
        to.u8(bytes.length);
        to.bytes.push(...bytes);
      },
    };
  }

  #maybeIndirect(written: Written): Written {
    if (this.#random.below(5) > 0) return written;
    return {
      form: 0x16,
      write: (to) => {
        to.uleb(written.form);
        written.write(to);
      },
    };
  }

  #shuffled(attributes: readonly Attribute[]): Attribute[] {
    const all = [...attributes];
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.#random.below(i + 1);
      const [a, b] = [all[i], all[j]];
      if (a !== undefined && b !== undefined) [all[i], all[j]] = [b, a];
    }
    return all;
  }

  /** The unit's line table; its offset. */
  #writeLines(): number {
    const { version, folder, files, sequences } = this.#unit;
    const lines = this.#section('.debug_line');
    const start = lines.at;
    const random = this.#random;
    const instruction = random.pick([1, 2, 4]);
    const operations = version >= 4 ? random.pick([1, 1, 3]) : 1;
    const firstSpecial = random.pick([13, 10, 20]);
    const range = 1 + random.below(16);
    const lowest = -random.below(6);
    const folders = [...new Set(files.map((file) => file.slice(0, file.indexOf('/'))))];
    const nameOf = (file: string): string => file.slice(file.indexOf('/') + 1);
    const folderOf = (file: string): number => folders.indexOf(file.slice(0, file.indexOf('/'))) + 1;
    lines.unit(() => {
      lines.u16(version);
      if (version >= 5) {
        lines.u8(4);
        lines.u8(0);
      }
      const header = new Writer();
      header.u8(instruction);
      if (version >= 4) header.u8(operations);
      header.u8(1);
      header.u8(lowest);
      header.u8(range);
      header.u8(firstSpecial);
      for (const operands of [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 0, 1, 1, 0].slice(
        0,
        firstSpecial - 1,
      ))
        header.u8(operands);
      if (version >= 5) {
        header.u8(1);
        header.uleb(1);
        header.uleb(0x1f);
        header.uleb(folders.length + 1);
        for (const path of [folder, ...folders]) header.u32(this.#lineTexts.place(path));
        header.u8(3);
        for (const [content, form] of [
          [1, 0x08],
          [5, 0x1e],
          [2, 0x0b],
        ] as const) {
          header.uleb(content);
          header.uleb(form);
        }
        header.uleb(files.length);
        for (const file of files) {
          header.text(nameOf(file));
          for (let i = 0; i < 16; i++) header.u8(i);
          header.u8(folderOf(file));
        }
      } else {
        for (const path of folders) header.text(path);
        header.u8(0);
        for (const file of files) {
          header.text(nameOf(file));
          header.uleb(folderOf(file));
          header.uleb(0);
          header.uleb(0);
        }
        header.u8(0);
      }
      lines.u32(header.at);
      lines.bytes.push(...header.bytes);
      for (const sequence of sequences)
        this.#sequence(lines, sequence, { instruction, operations, firstSpecial, range, lowest });
    });
    return start;
  }

  #sequence(
    lines: Writer,
    { rows, end }: MadeSequence,
    how: { instruction: number; operations: number; firstSpecial: number; range: number; lowest: number },
  ): void {
    const random = this.#random;
    const { instruction, operations, firstSpecial, range, lowest } = how;
    let address = 0;
    let operation = 0;
    let file = 1;
    let line = 1;
    let column = 0;
    const setAddress = (to: number): void => {
      lines.u8(0);
      lines.uleb(5);
      lines.u8(2);
      lines.u32(to);
      address = to;
      operation = 0;
    };
    /** Operations to advance by, up to one in the instruction there; undefined where the address is no multiple. */
    const steps = (to: number, slot: number): number | undefined =>
      (to - address) % instruction === 0
        ? ((to - address) / instruction) * operations + slot - operation
        : undefined;
    const moveTo = (to: number, slot: number): void => {
      const by = steps(to, slot);
      if (by === undefined || by < 0) setAddress(to);
      else if (by > 0 || random.below(8) === 0) {
        lines.u8(2);
        lines.uleb(by);
        address = to;
        operation = slot;
      }
    };
    setAddress(rows[0]?.address ?? 0);
    for (const row of rows) {
      const number = this.#fileNumber(row.file);
      if (number !== file) {
        lines.u8(4);
        lines.uleb(number);
        file = number;
      }
      if (row.column !== column) {
        lines.u8(5);
        lines.uleb(row.column);
        column = row.column;
      }
      switch (random.below(12)) {
        case 0:
          lines.u8(6);
          break;
        case 1:
          lines.u8(7);
          break;
        case 2: {
          // An instruction that says how long it is.
          lines.u8(0);
          lines.uleb(3);
          lines.u8(0x80);
          lines.u16(0);
          break;
        }
        case 3:
          lines.u8(9);
          lines.u16(0);
          operation = 0;
          break;
        case 4:
          if (firstSpecial > 13) {
            // A standard one of later versions: its operands are counted in the header.
            lines.u8(14);
            lines.uleb(300);
            lines.uleb(1);
          }
      }
      const slot = random.below(operations);
      const by = steps(row.address, slot);
      const jump = row.line - line;
      const special = by === undefined ? -1 : jump - lowest + range * by + firstSpecial;
      if (
        by !== undefined &&
        by >= 0 &&
        jump >= lowest &&
        jump < lowest + range &&
        special <= 255 &&
        random.below(4) > 0
      ) {
        lines.u8(special);
        address = row.address;
        operation = slot;
      } else {
        const most = Math.floor((255 - firstSpecial) / range);
        if (by !== undefined && by >= most && operations === 1 && random.below(2) === 0) {
          lines.u8(8);
          address += most * instruction;
        }
        moveTo(row.address, slot);
        if (jump !== 0) {
          lines.u8(3);
          lines.sleb(jump);
        }
        lines.u8(1);
      }
      line = row.line;
    }
    moveTo(end, 0);
    lines.u8(0);
    lines.uleb(1);
    lines.u8(1);
  }
}

const forms = { sectionOffset: 0x17, rangeListIndex: 0x23 } as const;
