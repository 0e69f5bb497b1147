/**
 * What a program's debug information (DWARF 2 to 5) tells: functions, source lines, inlined calls, global variables with
 * types, stack frames. Nothing is thrown: parts that cannot be read are `faults`, all else is read.
 */
import { Covering } from '../covering.ts';
import type { ElfFile } from '../elf.ts';
import { attributes, tags } from './constants.ts';
import { Budget } from './cursor.ts';
import { Entries, type Unit } from './entries.ts';
import { DebugFault } from './faults.ts';
import { filesOfUnit } from './file-numbers.ts';
import { callPlace, FunctionTable, type ProgramFunction } from './functions.ts';
import { type ProgramGlobal, readGlobals } from './globals.ts';
import { LineLimits, type LineTable, readLineTable, type SourcePlace } from './lines.ts';
import { type AddressRange, RangeReader } from './ranges.ts';
import { type DebugSection, DebugSections } from './sections.ts';
import { type TypeId, TypeTable } from './types.ts';
import { type UnwindStep, UnwindTable } from './unwind.ts';

/** More bytes of debug information than any core's program has. */
const mostBytes = 2 ** 26;
/** Steps of work per byte that no honest file needs, and what even an empty one has. */
const stepsPerByte = 16;
const leastSteps = 2 ** 16;
/** Steps that the largest file has: some seconds of a processor. */
const mostSteps = 2 ** 27;
const mostFaults = 100;
/** Functions and globals that cannot be read: with more, what is left is not tried. */
const mostFailures = 2 ** 12;
/** In a section's flags. */
const compressed = 0x800;

/** A function at an address, and the place in the source that it has come to. */
export interface ProgramCall {
  readonly name: string;
  /** Namespaces and types around the function. */
  readonly scope: string;
  /** As linkers know it. */
  readonly linkageName: string;
  /** Undefined where the line table says nothing of the address. */
  readonly place: SourcePlace | undefined;
  /** Its code stands where the next call of the list calls it. */
  readonly isInlined: boolean;
}

/** A line of a source file with code. */
export interface LineCode {
  readonly line: number;
  /** Where it begins: one address for each function that has code of it, ascending. */
  readonly addresses: readonly number[];
}

/** A run of addresses of one line, by its first one. */
interface LineRun {
  readonly file: string;
  readonly line: number;
  readonly address: number;
}

/** An inlined call with the place that it is called at. */
type InlinedCall = Pick<ProgramCall, 'name' | 'scope' | 'linkageName'> & { readonly place: SourcePlace };

/** A program's debug information. Addresses are program addresses, except those of globals. */
export class DebugInfo {
  /** All functions with code, by their lowest address. */
  readonly functions: readonly ProgramFunction[];
  /** By address. */
  readonly globals: readonly ProgramGlobal[];
  readonly types: TypeTable;
  /** Versions of DWARF, and what made it, each once. */
  readonly versions: readonly number[];
  readonly producers: readonly string[];
  readonly #entries: Entries;
  readonly #functions: FunctionTable;
  readonly #sections: DebugSections;
  /** The unit of each line table; units may share one. */
  readonly #unitsOfLines = new Map<number, Unit>();
  readonly #functionsOfUnit = new Map<Unit, ProgramFunction[]>();
  readonly #lines = new Map<number, LineTable | undefined>();
  readonly #lineLimits = new LineLimits();
  /** What all line tables cover, the first table last. Made when it is first asked for. */
  #covered: { readonly covering: Covering; readonly tables: readonly LineTable[] } | undefined;
  /** Where runs of lines begin, by address. Read when they are first asked for. */
  #runs: readonly LineRun[] | undefined;
  readonly #files = new Map<Unit, (number: number) => string | undefined>();
  readonly #inlined = new Map<number, InlinedCall | undefined>();
  readonly #unwind: UnwindTable;
  readonly #faults: DebugFault[] = [];

  /** Reads the debug sections of a program; its symbols tell code that the linker left out. */
  constructor({ sections, symbols }: Pick<ElfFile, 'sections' | 'symbols'>) {
    const isPacked = ({ name, flags }: DebugSection) =>
      name.startsWith('.zdebug_') || (name.startsWith('.debug_') && (flags & compressed) !== 0);
    const debug = sections.filter((one) => one.name.startsWith('.debug_') && !isPacked(one));
    const packed = sections.find(isPacked);
    if (packed !== undefined) this.#note(new DebugFault('packed', packed.name, 0));
    const length = debug.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (length > mostBytes) this.#note(new DebugFault('too-much', '.debug_info', 0));
    const budget = new Budget(Math.min(leastSteps + stepsPerByte * length, mostSteps));
    this.#sections = new DebugSections(length > mostBytes ? [] : debug, budget);
    const note = (fault: DebugFault): void => this.#note(fault);
    const attempt = <T>(fallback: T, read: () => T): T => this.#attempt(fallback, read);
    let failures = 0;
    const attemptFew = <T>(fallback: T, read: () => T): T => {
      if (failures > mostFailures) return fallback;
      return attempt(fallback, () => {
        failures++;
        const value = read();
        failures--;
        return value;
      });
    };
    this.#entries = new Entries(this.#sections, note);
    this.types = new TypeTable(this.#entries, attempt);
    const ranges = new RangeReader(this.#entries, this.#sections);
    this.#functions = new FunctionTable(this.#entries, ranges, symbols, attemptFew);
    this.functions = this.#functions.functions;
    this.globals = readGlobals(this.#entries, this.#sections, this.types, attemptFew);
    this.#unwind = new UnwindTable(this.#sections, note);
    const { units } = this.#entries;
    for (const unit of units) if (unit.lineTable !== undefined) this.#unitsOfLines.set(unit.lineTable, unit);
    for (const one of this.functions) {
      const unit = this.#entries.unitOf(one.entry);
      if (unit === undefined) continue;
      const there = this.#functionsOfUnit.get(unit);
      if (there === undefined) this.#functionsOfUnit.set(unit, [one]);
      else there.push(one);
    }
    this.versions = [...new Set(units.map(({ version }) => version))];
    this.producers = [...new Set(units.map(({ producer }) => producer))].filter((text) => text !== '');
  }

  /** What could not be read, the first hundred. More may come as more is asked for. */
  get faults(): readonly DebugFault[] {
    return this.#faults;
  }

  /** The structs and unions that have a name and a size, by name; of those that are alike in both one. */
  get structures(): readonly { readonly name: string; readonly size: number; readonly type: TypeId }[] {
    const found = new Map<string, { name: string; size: number; type: TypeId }>();
    const records: readonly number[] = [tags.structureType, tags.classType, tags.unionType];
    for (let entry = 0; entry < this.#entries.count; entry++) {
      const tag = this.#entries.tag(entry);
      if (tag !== tags.typedef && !records.includes(tag)) continue;
      const type = this.types.type(entry);
      const plain = this.types.type(this.types.plain(entry));
      const size = this.types.sizeOf(entry) ?? 0;
      const isRecord = plain.kind === 'struct' || plain.kind === 'union' || plain.kind === 'class';
      // A typedef of what has a name of its own is no other type.
      if (!isRecord || size === 0 || !('name' in type) || type.name === '') continue;
      if (type.kind === 'typedef' && plain.name !== '') continue;
      found.set(`${type.name} ${size}`, { name: type.name, size, type: entry });
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  functionAt(address: number): ProgramFunction | undefined {
    return this.#functions.at(address)?.of;
  }

  /** Where the function stands in the source. */
  declarationOf(one: ProgramFunction): SourcePlace | undefined {
    return this.#attempt(undefined, () => {
      const entries = this.#entries;
      const read = (attribute: number) =>
        entries.inherited(one.entry, (entry) => entries.number(entry, attribute));
      const file = read(attributes.declarationFile);
      const line = read(attributes.declarationLine);
      if (file === undefined || line === undefined) return undefined;
      return { file: this.#file(one.entry, file), line, column: 0 };
    });
  }

  /**
   * The functions at the address, the innermost inlined one first, the one that has the code last; none where no function is
   * known.
   */
  callsAt(address: number): readonly ProgramCall[] {
    const of = this.functionAt(address);
    if (of === undefined) return [];
    const calls: ProgramCall[] = [];
    let place = this.placeAt(address);
    for (const call of this.#attempt([], () => this.#functions.inlinedAt(of, address))) {
      const read = this.#inlinedCall(call);
      if (read === undefined) break;
      const { name, scope, linkageName } = read;
      calls.push({ name, scope, linkageName, place, isInlined: true });
      place = read.place;
    }
    const { name, scope, linkageName } = of;
    calls.push({ name, scope, linkageName, place, isInlined: false });
    return calls;
  }

  /** The source line of the address, that of the innermost call. */
  placeAt(address: number): SourcePlace | undefined {
    const code = this.#functions.at(address);
    const own = code === undefined ? undefined : this.#entries.unitOf(code.of.entry)?.lineTable;
    const found = own === undefined ? undefined : this.#lineTable(own)?.placeAt(address, code?.range.high);
    return found ?? this.#anyTableAt(address)?.placeAt(address, undefined);
  }

  /**
   * The line of a source file, or the next one that has code; `undefined` where none follows.
   * @param spellings paths of the file, as the program has them
   */
  codeOf(spellings: readonly string[], line: number): LineCode | undefined {
    const files = new Set(spellings);
    const behind = this.#lineRuns().filter((one) => files.has(one.file) && one.line >= line && one.line > 0);
    const found = behind.reduce((least, one) => Math.min(least, one.line), Number.POSITIVE_INFINITY);
    const first = new Map<ProgramFunction | undefined, number>();
    for (const { line: at, address } of behind) {
      const of = this.functionAt(address);
      if (at === found && !first.has(of)) first.set(of, address);
    }
    return first.size === 0 ? undefined : { line: found, addresses: [...first.values()] };
  }

  /**
   * Where the next line begins in the code of the function at the address; `undefined` behind its last one. Calls that are
   * inlined at the address's line are passed over.
   */
  nextLineAfter(address: number): number | undefined {
    const of = this.functionAt(address);
    const here = this.placeAt(address);
    const depth = this.callsAt(address).length;
    return this.#lineRuns().find(
      (one) =>
        one.address > address &&
        one.line > 0 &&
        (one.line !== here?.line || one.file !== here.file) &&
        this.functionAt(one.address) === of &&
        this.callsAt(one.address).length <= depth,
    )?.address;
  }

  /** How the function at the address is left from there. */
  unwindAt(address: number): UnwindStep | undefined {
    return this.#attempt(undefined, () => this.#unwind.stepAt(address));
  }

  /** Paths of all source files, each once. */
  sourceFiles(): readonly string[] {
    const all = new Set<string>();
    for (const offset of this.#unitsOfLines.keys()) {
      for (const file of this.#lineTable(offset)?.files ?? []) if (file !== '') all.add(file);
    }
    return [...all].sort();
  }

  #lineRuns(): readonly LineRun[] {
    if (this.#runs === undefined) {
      const all: LineRun[] = [];
      for (const offset of this.#unitsOfLines.keys()) {
        for (const run of this.#lineTable(offset)?.runs() ?? []) {
          // Code that the linker left out has the addresses of other code.
          const place = this.placeAt(run.address);
          if (place?.line === run.line && place.file === run.file) all.push(run);
        }
      }
      this.#runs = all.sort((a, b) => a.address - b.address);
    }
    return this.#runs;
  }

  /** The first line table that has a place of the address. */
  #anyTableAt(address: number): LineTable | undefined {
    if (this.#covered === undefined) {
      const ranges: AddressRange[] = [];
      const tables: LineTable[] = [];
      const all = [...this.#unitsOfLines.keys()].map((offset) => this.#lineTable(offset));
      for (const table of all.reverse()) {
        for (const range of table?.covered ?? []) {
          ranges.push(range);
          if (table !== undefined) tables.push(table);
        }
      }
      this.#covered = { covering: new Covering(ranges), tables };
    }
    return this.#covered.tables[this.#covered.covering.at(address)];
  }

  #lineTable(offset: number): LineTable | undefined {
    if (this.#lines.has(offset)) return this.#lines.get(offset);
    const unit = this.#unitsOfLines.get(offset);
    const table =
      unit === undefined
        ? undefined
        : this.#attempt(undefined, () =>
            readLineTable(this.#sections, offset, unit, this.#lineLimits, (fault) => this.#note(fault)),
          );
    this.#lines.set(offset, table);
    return table;
  }

  /** Path of a file that the entry's unit numbers so. */
  #file(entry: number, number: number): string {
    const unit = this.#entries.unitOf(entry);
    if (unit === undefined) return '';
    let files = this.#files.get(unit);
    if (files === undefined) {
      const table = unit.lineTable === undefined ? undefined : this.#lineTable(unit.lineTable);
      const none = (): undefined => undefined;
      const functions = this.#functionsOfUnit.get(unit) ?? [];
      files = this.#attempt(none, () =>
        table === undefined ? none : filesOfUnit(this.#entries, unit, table, functions),
      );
      this.#files.set(unit, files);
    }
    return files(number) ?? '';
  }

  #inlinedCall(call: number): InlinedCall | undefined {
    if (this.#inlined.has(call)) return this.#inlined.get(call);
    const read = this.#attempt(undefined, () => {
      const { file, line, column, ...names } = callPlace(this.#entries, call);
      return { ...names, place: { file: this.#file(call, file), line, column } };
    });
    this.#inlined.set(call, read);
    return read;
  }

  #attempt<T>(fallback: T, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DebugFault)) throw error;
      this.#note(error);
      return fallback;
    }
  }

  #note(fault: DebugFault): void {
    const isKnown = this.#faults.some(
      ({ kind, section, offset }) =>
        kind === fault.kind && section === fault.section && offset === fault.offset,
    );
    if (!isKnown && this.#faults.length < mostFaults) this.#faults.push(fault);
  }
}
