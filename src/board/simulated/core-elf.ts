/**
 * Writes the ELF of a core with debug information, as aiecompiler leaves it: ELF32, DWARF 2. Only what programs of
 * `demo_graph` need. Pure.
 */

import { headerBytes, sectionBytes, segmentBytes, symbolBytes } from '../../model/program/elf.ts';

/** A type of a global: a number by its DWARF encoding, or a record of such numbers. */
interface GlobalType {
  readonly name: string;
  /** Bytes of a number. */
  readonly size: number;
  /** `DW_ATE_*`: 4 float, 5 signed, 7 unsigned. */
  readonly encoding: number;
  readonly record?: { readonly name: string; readonly members: readonly string[] };
}

/** An array in data memory. */
export interface Global {
  readonly name: string;
  /** Core address. */
  readonly address: number;
  readonly type: GlobalType;
  readonly count: number;
}

/** A function; addresses are offsets in program memory. */
interface CoreFunction {
  readonly name: string;
  /** Where the source declares it. */
  readonly line: number;
  readonly low: number;
  /** Behind its last byte. */
  readonly high: number;
}

/** What was compiled of one source file. */
export interface CoreUnit {
  /** Path below the folder. */
  readonly source: string;
  readonly functions: readonly CoreFunction[];
  /** Where code of a line begins, by address, without a gap up to the end of the last function. */
  readonly lines: readonly { readonly line: number; readonly column: number; readonly address: number }[];
  readonly globals: readonly Global[];
}

/** A core's program. */
interface CoreElf {
  /** Absolute path of the folder with the sources. */
  readonly folder: string;
  /** Program memory from its first byte on. */
  readonly program: Uint8Array;
  readonly units: readonly CoreUnit[];
  /** Core addresses. */
  readonly stack: { readonly start: number; readonly end: number };
}

/** AI Engine, and the first generation of it in `e_flags`. */
const machine = 264;
const firstGeneration = 1;
const absolute = 0xfff1;

/** Codes of abbreviations: what each entry is and has (DWARF 2, 7.5). */
const entry = {
  unit: 1,
  base: 2,
  record: 3,
  member: 4,
  array: 5,
  range: 6,
  variable: 7,
  function: 8,
} as const;
const form = { address: 1, data2: 5, data4: 6, text: 8, block1: 0x0a, data1: 0x0b, flag: 0x0c, ref4: 0x13 };
const abbreviations: readonly (readonly [
  code: number,
  tag: number,
  hasChildren: boolean,
  attributes: readonly (readonly [name: number, form: number])[],
])[] = [
  [
    entry.unit,
    0x11,
    true,
    [
      [0x03, form.text],
      [0x1b, form.text],
      [0x25, form.text],
      [0x13, form.data2],
      [0x10, form.data4],
      [0x11, form.address],
      [0x12, form.address],
    ],
  ],
  [
    entry.base,
    0x24,
    false,
    [
      [0x03, form.text],
      [0x0b, form.data1],
      [0x3e, form.data1],
    ],
  ],
  [
    entry.record,
    0x13,
    true,
    [
      [0x03, form.text],
      [0x0b, form.data1],
    ],
  ],
  [
    entry.member,
    0x0d,
    false,
    [
      [0x03, form.text],
      [0x49, form.ref4],
      [0x38, form.block1],
    ],
  ],
  [entry.array, 0x01, true, [[0x49, form.ref4]]],
  [entry.range, 0x21, false, [[0x2f, form.data2]]],
  [
    entry.variable,
    0x34,
    false,
    [
      [0x03, form.text],
      [0x49, form.ref4],
      [0x3f, form.flag],
      [0x02, form.block1],
    ],
  ],
  [
    entry.function,
    0x2e,
    false,
    [
      [0x03, form.text],
      [0x3f, form.flag],
      [0x3a, form.data1],
      [0x3b, form.data2],
      [0x11, form.address],
      [0x12, form.address],
    ],
  ],
];
/** C++. */
const language = 4;
const operation = { address: 3, addConstant: 0x23 } as const;
/** Instructions of line programs (DWARF 2, 6.2.5). */
const step = { extended: 0, copy: 1, advanceLine: 3, column: 5 } as const;
const extended = { end: 1, setAddress: 2 } as const;
/** Numbers behind each of a line program's instructions. */
const operands = [0, 1, 1, 1, 1, 0, 0, 0, 1];

/** Bytes that grow, little endian. */
class Bytes {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  /** A number of so many bytes. */
  number(value: number, size: number): void {
    for (let i = 0; i < size; i++) this.#bytes.push(Math.floor(value / 2 ** (8 * i)) & 0xff);
  }

  text(text: string): void {
    for (const byte of new TextEncoder().encode(text)) this.#bytes.push(byte);
    this.#bytes.push(0);
  }

  unsigned(value: number): void {
    let left = value;
    for (; left > 0x7f; left >>>= 7) this.#bytes.push((left & 0x7f) | 0x80);
    this.#bytes.push(left);
  }

  signed(value: number): void {
    let left = value;
    for (; left < -0x40 || left > 0x3f; left >>= 7) this.#bytes.push((left & 0x7f) | 0x80);
    this.#bytes.push(left & 0x7f);
  }

  /** What `write` writes, behind its length in so many bytes. */
  counted(size: number, write: (to: Bytes) => void): void {
    const inner = new Bytes();
    write(inner);
    this.number(inner.length, size);
    this.append(inner.all());
  }

  append(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  all(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The file's bytes. */
export function writeCoreElf({ folder, program, units, stack }: CoreElf): Uint8Array {
  const [info, lines] = [new Bytes(), new Bytes()];
  for (const unit of units) {
    writeUnit(info, unit, folder, lines.length);
    writeLines(lines, unit);
  }
  const symbols = [
    ...units.flatMap(({ functions }) =>
      functions.map(({ name, low, high }) => ({ name, value: low, size: high - low, type: 2, section: 1 })),
    ),
    ...units.flatMap(({ globals }) =>
      globals.map(({ name, address, type, count }) => ({
        name,
        value: address,
        size: count * sizeOf(type),
        type: 1,
        section: absolute,
      })),
    ),
    { name: '_sp_start_value_DM_stack', value: stack.start, size: 0, type: 1, section: absolute },
    { name: '_sp_end_value_DM_stack', value: stack.end, size: 0, type: 1, section: absolute },
  ];
  const [names, table] = [new Bytes(), new Bytes()];
  names.text('');
  table.append(new Uint8Array(symbolBytes));
  for (const { name, value, size, type, section } of symbols) {
    for (const word of [names.length, value, size]) table.number(word, 4);
    // Seen by all of the program.
    table.number(0x10 | type, 1);
    table.number(0, 1);
    table.number(section, 2);
    names.text(name);
  }
  return writeFile(program, [
    { name: '.text', type: 1, flags: 6, bytes: program },
    { name: '.debug_abbrev', type: 1, bytes: writeAbbreviations() },
    { name: '.debug_info', type: 1, bytes: info.all() },
    { name: '.debug_line', type: 1, bytes: lines.all() },
    { name: '.strtab', type: 3, bytes: names.all() },
    // Its names are in the section before it.
    { name: '.symtab', type: 2, bytes: table.all(), namedBy: 5, info: 1, entrySize: symbolBytes },
  ]);
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly bytes: Uint8Array;
  /** The section with its names. */
  readonly namedBy?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

/** Header, one segment (the program, which is the first section), sections, their table. */
function writeFile(program: Uint8Array, given: readonly Section[]): Uint8Array {
  const names = new Bytes();
  names.text('');
  const places = [...given, { name: '.shstrtab' }].map(({ name }) => {
    const at = names.length;
    names.text(name);
    return at;
  });
  const sections: readonly Section[] = [...given, { name: '.shstrtab', type: 3, bytes: names.all() }];
  const start = headerBytes + segmentBytes;
  const end = sections.reduce((at, { bytes }) => at + bytes.length, start);
  const file = new Bytes();
  file.append(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 1, 1, 1));
  file.append(new Uint8Array(9));
  // An executable file.
  file.number(2, 2);
  file.number(machine, 2);
  for (const word of [1, 0, headerBytes, end, firstGeneration]) file.number(word, 4);
  for (const half of [headerBytes, segmentBytes, 1, sectionBytes, sections.length + 1, sections.length]) {
    file.number(half, 2);
  }
  // Loaded, read and executed.
  for (const word of [1, start, 0, 0, program.length, program.length, 5, 1]) file.number(word, 4);
  for (const { bytes } of sections) file.append(bytes);
  file.append(new Uint8Array(sectionBytes));
  let at = start;
  for (const [i, { type, flags = 0, bytes, namedBy = 0, info = 0, entrySize = 0 }] of sections.entries()) {
    for (const word of [places[i] ?? 0, type, flags, 0, at, bytes.length, namedBy, info, 1, entrySize]) {
      file.number(word, 4);
    }
    at += bytes.length;
  }
  return file.all();
}

function writeAbbreviations(): Uint8Array {
  const to = new Bytes();
  for (const [code, tag, hasChildren, attributes] of abbreviations) {
    to.unsigned(code);
    to.unsigned(tag);
    to.number(hasChildren ? 1 : 0, 1);
    for (const pair of [...attributes, [0, 0]]) for (const value of pair) to.unsigned(value);
  }
  to.number(0, 1);
  return to.all();
}

function sizeOf({ size, record }: GlobalType): number {
  return size * (record?.members.length ?? 1);
}

/** The entries of a unit whose line table begins at `lineTable`. */
function writeUnit(to: Bytes, unit: CoreUnit, folder: string, lineTable: number): void {
  const { source, functions, globals } = unit;
  to.counted(4, (info) => {
    info.number(2, 2);
    // All units share the abbreviations.
    info.number(0, 4);
    info.number(4, 1);
    info.unsigned(entry.unit);
    for (const text of [source, folder, 'demo_graph']) info.text(text);
    info.number(language, 2);
    info.number(lineTable, 4);
    info.number(Math.min(...functions.map(({ low }) => low)), 4);
    info.number(Math.max(...functions.map(({ high }) => high)), 4);
    for (const global of globals) writeGlobal(info, global);
    for (const { name, line, low, high } of functions) {
      info.unsigned(entry.function);
      info.text(name);
      info.number(1, 1);
      info.number(1, 1);
      info.number(line, 2);
      info.number(low, 4);
      info.number(high, 4);
    }
    info.number(0, 1);
  });
}

/** An array's types and the array. References count from the unit's length on, which stands before `info`. */
function writeGlobal(info: Bytes, { name, address, type, count }: Global): void {
  const place = (): number => info.length + 4;
  let of = place();
  info.unsigned(entry.base);
  info.text(type.name);
  info.number(type.size, 1);
  info.number(type.encoding, 1);
  if (type.record !== undefined) {
    const part = of;
    of = place();
    info.unsigned(entry.record);
    info.text(type.record.name);
    info.number(sizeOf(type), 1);
    for (const [i, member] of type.record.members.entries()) {
      info.unsigned(entry.member);
      info.text(member);
      info.number(part, 4);
      info.counted(1, (place) => {
        place.number(operation.addConstant, 1);
        place.unsigned(i * type.size);
      });
    }
    info.number(0, 1);
  }
  const array = place();
  info.unsigned(entry.array);
  info.number(of, 4);
  info.unsigned(entry.range);
  info.number(count - 1, 2);
  info.number(0, 1);
  info.unsigned(entry.variable);
  info.text(name);
  info.number(array, 4);
  info.number(1, 1);
  info.counted(1, (place) => {
    place.number(operation.address, 1);
    place.number(address, 4);
  });
}

function writeLines(to: Bytes, { source, functions, lines }: CoreUnit): void {
  to.counted(4, (table) => {
    table.number(2, 2);
    table.counted(4, (header) => {
      // Least instruction, statements by default, least step of lines and their range: no short steps are written.
      for (const value of [1, 1, 0, 1, operands.length + 1, ...operands]) header.number(value, 1);
      header.number(0, 1);
      header.text(source);
      for (let i = 0; i < 3; i++) header.unsigned(0);
      header.number(0, 1);
    });
    const setAddress = (address: number): void => {
      table.number(step.extended, 1);
      table.unsigned(5);
      table.number(extended.setAddress, 1);
      table.number(address, 4);
    };
    let before = 1;
    for (const { line, column, address } of lines) {
      setAddress(address);
      table.number(step.advanceLine, 1);
      table.signed(line - before);
      table.number(step.column, 1);
      table.unsigned(column);
      table.number(step.copy, 1);
      before = line;
    }
    setAddress(Math.max(...functions.map(({ high }) => high)));
    table.number(step.extended, 1);
    table.unsigned(1);
    table.number(extended.end, 1);
  });
}
