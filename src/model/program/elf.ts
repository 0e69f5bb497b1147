/**
 * The ELF file of one core: sections, segments, symbols. Reads ELF32, little endian, linked, of machine 264 (AI Engine)
 * or 0 (Vitis up to 2022.2); says no to everything else. Layouts: System V ABI, "Object Files".
 */
import { ByteView } from './bytes.ts';
import { FileFault, type FilePart } from './faults.ts';

/** `e_machine` of AI Engine cores. Vitis left it 0 until 2022.2. */
const machines: ReadonlySet<number> = new Set([0, 264]);
const whole: FilePart = { kind: 'header' };
/** Bytes of the file's header, and of an entry of each of its tables. */
export const headerBytes = 52;
export const sectionBytes = 40;
export const segmentBytes = 32;
export const symbolBytes = 16;
const executable = 2;
const symbolTable = 2;
const noBits = 8;
/** More names than these together no build makes: a table whose entries all point into one long text is hostile. */
const mostNameBytes = 1 << 24;
const mostNameLength = 1 << 16;
/** More symbols no core has: its program memory holds a thousandth of as many functions. */
const mostSymbols = 1 << 18;

/** A section, as its header says. */
export interface ElfSection {
  readonly name: string;
  /** `sh_type`. */
  readonly type: number;
  /** `sh_flags`: 1 write, 2 allocated, 4 executable, 0x800 compressed. */
  readonly flags: number;
  /** Core address (data) or program memory address; 0 where nothing is loaded. */
  readonly address: number;
  /** Bytes; also of a section without any in the file. */
  readonly size: number;
  /** Place of its bytes in the file. */
  readonly offset: number;
  /** Its bytes, not copied; empty for one that has none in the file (SHT_NOBITS). */
  readonly bytes: Uint8Array;
}

/** A program header of any type. */
interface ElfSegment {
  /** `p_type`; 1 is loaded. */
  readonly type: number;
  /** `p_flags`: 1 execute, 2 write, 4 read. */
  readonly flags: number;
  /** `p_paddr`: a core address; where it is loaded as program, an offset in program memory. */
  readonly address: number;
  /** Bytes in memory; what `bytes` does not cover is filled with zeros. */
  readonly size: number;
  /** Its bytes in the file, not copied. */
  readonly bytes: Uint8Array;
}

/** What a symbol says it is. */
type SymbolType = 'none' | 'object' | 'function' | 'section' | 'file' | 'other';

/** An entry of the symbol table, unfiltered. */
export interface ElfSymbol {
  readonly name: string;
  /** `st_value`: an address, of data or of program; the two share numbers. */
  readonly value: number;
  /** `st_size`, bytes; often 0. */
  readonly size: number;
  readonly type: SymbolType;
  /** `st_shndx`: an index into `sections`, or 0 (undefined), or 0xFFF1 (a plain number). Not checked: linkers leave nonsense. */
  readonly section: number;
}

/** A core's program. */
export interface ElfFile {
  /** `e_machine`: 0 or 264. */
  readonly machine: number;
  /** `e_flags`: 1 AIE, 2 AIE-ML, 3 AIE2P; 0 where the machine is 0. */
  readonly flags: number;
  /** By index; the first one is empty. */
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  /** Of the file's symbol table; none in a stripped file. */
  readonly symbols: readonly ElfSymbol[];
}

/**
 * Reads a core's ELF. The result points into `bytes`. Throws `FileFault` for what is no such file, and where a table or
 * a part lies outside of it.
 */
export function readElf(bytes: Uint8Array): ElfFile {
  const file = new ByteView(bytes, whole);
  if (bytes.length < 4 || file.u32(0) !== 0x464c457f) throw new FileFault('not-elf', { byte: 0 }, whole);
  if (file.u8(4) !== 1 || file.u8(5) !== 1) throw new FileFault('not-elf32', { byte: 4 }, whole);
  const header = file.slice(0, headerBytes, whole);
  const machine = header.u16(18);
  if (!machines.has(machine)) throw new FileFault('machine', { byte: 18 }, whole, `${machine}`);
  if (header.u16(16) !== executable) throw new FileFault('not-linked', { byte: 16 }, whole);
  const segments = readSegments(file, header);
  const headers = sectionHeaders(file, header);
  const names = headers[header.u16(50)];
  const budget = new NameBudget();
  const sections = headers.map((one) => ({
    name: names === undefined ? '' : budget.text(names.view, one.nameAt),
    type: one.type,
    flags: one.flags,
    address: one.address,
    size: one.size,
    offset: one.view.start,
    bytes: one.view.bytes,
  }));
  return { machine, flags: header.u32(36), sections, segments, symbols: readSymbols(headers, budget) };
}

/** Keeps the names of one file within bounds. */
class NameBudget {
  #left = mostNameBytes;

  /** The name at `offset` of a table of names; empty where the offset is 0. */
  text(table: ByteView, offset: number): string {
    if (offset === 0) return '';
    const name = table.text(offset, mostNameLength);
    this.#left -= name.length;
    if (this.#left < 0) throw new FileFault('too-many', table.placeOf(offset), { kind: 'names' });
    return name;
  }
}

/** One section's header with its bytes. */
interface SectionHeader {
  readonly nameAt: number;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly size: number;
  /** Index of the section that has its names. */
  readonly namesIn: number;
  readonly view: ByteView;
}

/** A table of `count` entries in the file. */
function tableOf(
  file: ByteView,
  part: FilePart,
  place: { offset: number; count: number; entry: number; right: number; sizeAt: number },
): ByteView[] {
  const { offset, count, entry, right, sizeAt } = place;
  if (offset === 0 || count === 0) return [];
  if (entry !== right) throw new FileFault('entry-size', { byte: sizeAt }, part);
  const table = file.slice(offset, count * entry, part);
  return Array.from({ length: count }, (_, i) => table.slice(i * entry, entry, part));
}

/** Bytes of the file; where there are none, linkers let them begin behind its end. */
function partOf(file: ByteView, offset: number, length: number, part: FilePart): ByteView {
  return file.slice(length === 0 ? 0 : offset, length, part);
}

function readSegments(file: ByteView, header: ByteView): ElfSegment[] {
  const part = { kind: 'segments' } as const;
  const place = { offset: header.u32(28), count: header.u16(44), entry: header.u16(42) };
  return tableOf(file, part, { ...place, right: segmentBytes, sizeAt: 42 }).map((one, i) => ({
    type: one.u32(0),
    flags: one.u32(24),
    address: one.u32(12),
    size: one.u32(20),
    bytes: partOf(file, one.u32(4), one.u32(16), { kind: 'segment', index: i }).bytes,
  }));
}

function sectionHeaders(file: ByteView, header: ByteView): SectionHeader[] {
  const part = { kind: 'sections' } as const;
  const place = { offset: header.u32(32), count: header.u16(48), entry: header.u16(46) };
  return tableOf(file, part, { ...place, right: sectionBytes, sizeAt: 46 }).map((one, i) => {
    const type = one.u32(4);
    const size = one.u32(20);
    const isInFile = type !== 0 && type !== noBits;
    return {
      nameAt: one.u32(0),
      type,
      flags: one.u32(8),
      address: one.u32(12),
      size,
      namesIn: one.u32(24),
      view: partOf(file, one.u32(16), isInFile ? size : 0, { kind: 'section', index: i }),
    };
  });
}

const symbolTypes: readonly SymbolType[] = ['none', 'object', 'function', 'section', 'file'];

function readSymbols(headers: readonly SectionHeader[], budget: NameBudget): ElfSymbol[] {
  const table = headers.find(({ type }) => type === symbolTable);
  const names = table && headers[table.namesIn]?.view;
  if (table === undefined || names === undefined) return [];
  const { view } = table;
  if (view.bytes.length > mostSymbols * symbolBytes)
    throw new FileFault('too-many', view.placeOf(0), view.part);
  const symbols: ElfSymbol[] = [];
  for (let at = symbolBytes; at + symbolBytes <= view.bytes.length; at += symbolBytes) {
    symbols.push({
      name: budget.text(names, view.u32(at)),
      value: view.u32(at + 4),
      size: view.u32(at + 8),
      type: symbolTypes[view.u8(at + 12) & 15] ?? 'other',
      section: view.u16(at + 14),
    });
  }
  return symbols;
}
