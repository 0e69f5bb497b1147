/** Functions of a program with their addresses, and the calls that were inlined into them. */
import { Covering } from '../covering.ts';
import type { ElfSymbol } from '../elf.ts';
import { attributes, tags } from './constants.ts';
import { type Entries, noEntry } from './entries.ts';
import type { AddressRange, RangeReader } from './ranges.ts';

/** A function that has code of its own. */
export interface ProgramFunction {
  /** As in the source, without namespaces: `fir`; empty where none is known. */
  readonly name: string;
  /** Namespaces and types around it: `aie::detail`; empty if none. */
  readonly scope: string;
  /** As linkers know it; the name where the compiler says no other. */
  readonly linkageName: string;
  /** Program addresses, ascending. The first one begins with the function's entry in nearly all programs. */
  readonly ranges: readonly AddressRange[];
  /** Its number in the debug information. */
  readonly entry: number;
}

/** A range of addresses of a function, or of a call that was inlined into one. */
interface Code<T> {
  readonly range: AddressRange;
  readonly of: T;
}

/** Code by address: of pieces that overlap the last one counts. */
class CodeIndex<T> {
  readonly #code: readonly Code<T>[];
  readonly #covering: Covering;

  constructor(code: readonly Code<T>[]) {
    this.#code = code;
    this.#covering = new Covering(code.map(({ range }) => range));
  }

  at(address: number): Code<T> | undefined {
    return this.#code[this.#covering.at(address)];
  }
}

/** The functions by address. */
export class FunctionTable {
  /** By their lowest address. */
  readonly functions: readonly ProgramFunction[];
  readonly #entries: Entries;
  readonly #ranges: RangeReader;
  /** Ranges of all functions by their low address. */
  readonly #index: CodeIndex<ProgramFunction>;
  /** By the functions' entries; calls by their own, which stand behind those they lie in. */
  readonly #inlined = new Map<number, CodeIndex<number>>();

  /**
   * Code that a linker left out has addresses of its own choice, often those of other functions. `symbols` tell which
   * functions are really there. Throws nothing; entries that cannot be read are told to `attempt`.
   */
  constructor(
    entries: Entries,
    ranges: RangeReader,
    symbols: readonly ElfSymbol[],
    attempt: <T>(fallback: T, read: () => T) => T,
  ) {
    this.#entries = entries;
    this.#ranges = ranges;
    const functions: ProgramFunction[] = [];
    for (let entry = 0; entry < entries.count; entry++) {
      if (entries.tag(entry) !== tags.subprogram) continue;
      const found = attempt(undefined, () => this.#read(entry));
      if (found !== undefined) functions.push(found);
    }
    this.functions = withoutLeftOut(functions, symbols).sort((a, b) => lowOf(a) - lowOf(b));
    this.#index = new CodeIndex(
      this.functions
        .flatMap((of) => of.ranges.map((range) => ({ range, of })))
        .sort((a, b) => a.range.low - b.range.low || b.range.high - a.range.high),
    );
  }

  /** The function that has the address, and its range there. Of several the one that begins last. */
  at(address: number): Code<ProgramFunction> | undefined {
    return this.#index.at(address);
  }

  /** Entries of the calls inlined at the address of the function, the innermost first. Throws `DebugFault`. */
  inlinedAt(of: ProgramFunction, address: number): readonly number[] {
    const found: number[] = [];
    const innermost = this.#inlinedCalls(of).at(address)?.of ?? of.entry;
    for (let one = innermost; one !== of.entry && one !== noEntry; one = this.#entries.parent(one)) {
      if (this.#entries.tag(one) === tags.inlinedSubroutine) found.push(one);
    }
    return found;
  }

  #read(entry: number): ProgramFunction | undefined {
    const ranges = [...this.#ranges.rangesOf(entry)].sort((a, b) => a.low - b.low);
    if (ranges.length === 0) return undefined;
    const linkageName = this.#entries.linkageName(entry);
    const name = this.#entries.name(entry) ?? linkageName ?? '';
    return { name, scope: this.#entries.scope(entry), linkageName: linkageName ?? name, ranges, entry };
  }

  #inlinedCalls(of: ProgramFunction): CodeIndex<number> {
    const known = this.#inlined.get(of.entry);
    if (known !== undefined) return known;
    // Where it cannot be read it is not tried anew.
    this.#inlined.set(of.entry, new CodeIndex([]));
    const entries = this.#entries;
    const calls: Code<number>[] = [];
    for (let entry = of.entry + 1; entry < entries.end(of.entry); entry++) {
      // A function within the function is one of its own.
      if (entries.tag(entry) === tags.subprogram) entry = entries.end(entry) - 1;
      else if (entries.tag(entry) === tags.inlinedSubroutine) {
        for (const range of this.#ranges.rangesOf(entry)) calls.push({ range, of: entry });
      }
    }
    const inlined = new CodeIndex(calls);
    this.#inlined.set(of.entry, inlined);
    return inlined;
  }
}

/** The source name of an inlined call's function, and where the call stands. */
export interface CallPlace {
  readonly name: string;
  readonly scope: string;
  readonly linkageName: string;
  /** Number of a file in the unit's line table. */
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/** What is said of an inlined call. Throws `DebugFault`. */
export function callPlace(entries: Entries, call: number): CallPlace {
  const linkageName = entries.linkageName(call);
  const name = entries.name(call) ?? linkageName ?? '';
  return {
    name,
    scope: entries.scope(call),
    linkageName: linkageName ?? name,
    file: entries.number(call, attributes.callFile) ?? 0,
    line: entries.number(call, attributes.callLine) ?? 0,
    column: entries.number(call, attributes.callColumn) ?? 0,
  };
}

function lowOf(one: ProgramFunction): number {
  return one.ranges[0]?.low ?? 0;
}

/**
 * Of functions that begin at one address only those whose names the symbols have there, where they have any of them. Most
 * linkers put code that they left out at 0: with symbols a function there needs its name.
 */
function withoutLeftOut(
  functions: readonly ProgramFunction[],
  symbols: readonly ElfSymbol[],
): ProgramFunction[] {
  const names = new Map<number, Set<string>>();
  for (const { name, value, type } of symbols) {
    if (type !== 'function') continue;
    const there = names.get(value) ?? new Set();
    names.set(value, there.add(name));
  }
  const isNamed = (one: ProgramFunction): boolean => names.get(lowOf(one))?.has(one.linkageName) === true;
  const named = new Set(functions.filter(isNamed).map(lowOf));
  if (named.size > 0) named.add(0);
  return functions.filter((one) => !named.has(lowOf(one)) || isNamed(one));
}
