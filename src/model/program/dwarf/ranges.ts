/** The address ranges of entries: low and high address, .debug_ranges, .debug_rnglists. */
import { attributes, forms } from './constants.ts';
import { Budget } from './cursor.ts';
import type { Entries, Unit } from './entries.ts';
import type { DebugSections } from './sections.ts';

/** Addresses from `low` to before `high`. */
export interface AddressRange {
  readonly low: number;
  readonly high: number;
}

const oldLists = '.debug_ranges';
const lists = '.debug_rnglists';
const lastAddress = 0xffff_ffff;
/** Linkers give code that they left out an address that high. */
const leftOut = 0xffff_fffe;

/** Ranges of one program: entries may share a list, so that a short file can ask for far more than it holds. */
const mostRanges = 2 ** 18;

/** Kinds of entries of a range list (DWARF 5, 7.25). */
const kinds = {
  end: 0,
  baseIndex: 1,
  startEndIndex: 2,
  startLengthIndex: 3,
  offsets: 4,
  base: 5,
  startEnd: 6,
  startLength: 7,
} as const;

/** Reads the ranges of entries. */
export class RangeReader {
  readonly #entries: Entries;
  readonly #sections: DebugSections;
  readonly #kept = new Budget(mostRanges);

  constructor(entries: Entries, sections: DebugSections) {
    this.#entries = entries;
    this.#sections = sections;
  }

  /** The addresses of the entry, without empty ranges; none for one without code. Throws `DebugFault`. */
  rangesOf(entry: number): readonly AddressRange[] {
    const ranges: AddressRange[] = [];
    for (const range of this.#rangesOf(entry)) {
      const { low, high } = range;
      if (low >= high || high > lastAddress + 1 || low >= leftOut) continue;
      this.#kept.spend(1, '.debug_info', this.#entries.offset(entry));
      ranges.push(range);
    }
    return ranges;
  }

  #rangesOf(entry: number): Iterable<AddressRange> {
    const entries = this.#entries;
    const form = entries.form(entry, attributes.ranges);
    if (form !== undefined) {
      const unit = entries.unitOf(entry);
      const value = entries.number(entry, attributes.ranges);
      if (unit === undefined || value === undefined) return [];
      if (unit.version < 5) return this.#oldList(unit, value);
      return this.#list(unit, form === forms.rangeListIndex ? this.#listAt(unit, value) : value);
    }
    const low = entries.address(entry, attributes.lowPc);
    if (low === undefined) return [];
    const high = entries.address(entry, attributes.highPc);
    if (high !== undefined) return [{ low, high }];
    const length = entries.number(entry, attributes.highPc);
    return length === undefined ? [] : [{ low, high: low + length }];
  }

  /** Offset of the unit's list with the index. */
  #listAt(unit: Unit, index: number): number {
    return unit.rangeListsBase + this.#sections.cursor(lists, unit.rangeListsBase + 4 * index).u32();
  }

  *#oldList(unit: Unit, offset: number): Generator<AddressRange> {
    const cursor = this.#sections.cursor(oldLists, offset);
    let base = unit.lowPc;
    for (;;) {
      this.#sections.budget.spend(1, oldLists, cursor.at);
      const low = cursor.u32();
      const high = cursor.u32();
      if (low === 0 && high === 0) return;
      if (low === lastAddress) base = high;
      else yield { low: base + low, high: base + high };
    }
  }

  *#list(unit: Unit, offset: number): Generator<AddressRange> {
    const cursor = this.#sections.cursor(lists, offset);
    const address = (index: number): number => this.#sections.address(unit.addressBase, index);
    let base = unit.lowPc;
    for (;;) {
      this.#sections.budget.spend(1, lists, cursor.at);
      const kind = cursor.u8();
      switch (kind) {
        case kinds.end:
          return;
        case kinds.baseIndex:
          base = address(cursor.uleb());
          break;
        case kinds.startEndIndex: {
          const low = address(cursor.uleb());
          yield { low, high: address(cursor.uleb()) };
          break;
        }
        case kinds.startLengthIndex: {
          const low = address(cursor.uleb());
          yield { low, high: low + cursor.uleb() };
          break;
        }
        case kinds.offsets: {
          const low = base + cursor.uleb();
          yield { low, high: base + cursor.uleb() };
          break;
        }
        case kinds.base:
          base = cursor.u32();
          break;
        case kinds.startEnd: {
          const low = cursor.u32();
          yield { low, high: cursor.u32() };
          break;
        }
        case kinds.startLength: {
          const low = cursor.u32();
          yield { low, high: low + cursor.uleb() };
          break;
        }
        default:
          throw cursor.fault('list', kind);
      }
    }
  }
}
