/** Functions of a program with their addresses, and the calls that were inlined into them. */
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

/** The inlined calls of a function by address: from `addresses[i]` on, up to the next one, stands the code of `calls[i]`. */
interface InlinedCalls {
  readonly addresses: readonly number[];
  /** Entries of the innermost calls; that of the function where none was inlined. */
  readonly calls: readonly number[];
}

/** The functions by address. */
export class FunctionTable {
  /** By their lowest address. */
  readonly functions: readonly ProgramFunction[];
  readonly #entries: Entries;
  readonly #ranges: RangeReader;
  /** Ranges of all functions by their low address, and the greatest high address up to each. */
  readonly #index: readonly { readonly range: AddressRange; readonly of: ProgramFunction }[];
  readonly #highest: readonly number[];
  readonly #inlined = new Map<number, InlinedCalls>();

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
    this.#index = this.functions
      .flatMap((of) => of.ranges.map((range) => ({ range, of })))
      .sort((a, b) => a.range.low - b.range.low || b.range.high - a.range.high);
    let highest = 0;
    this.#highest = this.#index.map(({ range }) => {
      highest = Math.max(highest, range.high);
      return highest;
    });
  }

  /** The function that has the address. Of several the one that begins last. */
  at(address: number): ProgramFunction | undefined {
    let low = 0;
    let high = this.#index.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#index[middle]?.range.low ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && (this.#highest[i] ?? 0) > address; i--) {
      const one = this.#index[i];
      if (one !== undefined && address < one.range.high) return one.of;
    }
    return undefined;
  }

  /** Entries of the calls inlined at the address of the function, the innermost first. Throws `DebugFault`. */
  inlinedAt(of: ProgramFunction, address: number): readonly number[] {
    const { addresses, calls } = this.#inlinedCalls(of);
    const found: number[] = [];
    const innermost = calls[lastAtOrBefore(addresses, address)] ?? of.entry;
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

  #inlinedCalls(of: ProgramFunction): InlinedCalls {
    const known = this.#inlined.get(of.entry);
    if (known !== undefined) return known;
    // Where it cannot be read it is not tried anew.
    this.#inlined.set(of.entry, { addresses: [], calls: [] });
    const entries = this.#entries;
    const calls: { readonly entry: number; readonly range: AddressRange }[] = [];
    for (let entry = of.entry + 1; entry < entries.end(of.entry); entry++) {
      // A function within the function is one of its own.
      if (entries.tag(entry) === tags.subprogram) entry = entries.end(entry) - 1;
      else if (entries.tag(entry) === tags.inlinedSubroutine) {
        for (const range of this.#ranges.rangesOf(entry)) calls.push({ entry, range });
      }
    }
    const inlined = innermostCalls(of.entry, calls);
    this.#inlined.set(of.entry, inlined);
    return inlined;
  }
}

/** Which call counts at each address: the last one of the list that covers it. Calls stand behind those they lie in. */
function innermostCalls(
  outside: number,
  calls: readonly { readonly entry: number; readonly range: AddressRange }[],
): InlinedCalls {
  const borders = new Set(calls.flatMap(({ range }) => [range.low, range.high]));
  const addresses = [...borders].sort((a, b) => a - b);
  const found: number[] = addresses.map(() => outside);
  // From the last call backwards each piece is painted once: `free` leads to the next one that is not.
  const free = Array.from({ length: addresses.length + 1 }, (_, i) => i);
  const nextFree = (from: number): number => {
    let at = from;
    while (free[at] !== at) at = free[at] ?? at;
    for (let i = from; i !== at; ) {
      const next = free[i] ?? at;
      free[i] = at;
      i = next;
    }
    return at;
  };
  for (const { entry, range } of calls.toReversed()) {
    const end = lastAtOrBefore(addresses, range.high);
    for (let i = nextFree(lastAtOrBefore(addresses, range.low)); i < end; i = nextFree(i)) {
      found[i] = entry;
      free[i] = i + 1;
    }
  }
  return { addresses, calls: found };
}

/** Index of the last number that is not greater; -1 if all are. Numbers ascend. */
function lastAtOrBefore(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
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
