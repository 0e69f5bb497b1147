/** Which of the sequences of a line table an address lies in. */
import { Covering } from '../covering.ts';
import type { AddressRange } from './ranges.ts';

/** Sequences that begin at one address: `low` to the greatest `high` of them. */
interface Group extends AddressRange {
  /** Index of the one that ends first. */
  readonly first: number;
  /** Behind the one that ends last. */
  readonly end: number;
}

/** The sequences of one line table. What it takes to ask grows with the logarithm of their number, however they overlap. */
export class SequenceIndex<S extends AddressRange> {
  /** By their first address, then by their end. */
  readonly sequences: readonly S[];
  /** The addresses that they cover, by the first one; ranges may overlap. */
  readonly covered: readonly AddressRange[];
  readonly #groups: readonly Group[];
  readonly #covering: Covering;

  constructor(sequences: readonly S[]) {
    this.sequences = sequences.toSorted((a, b) => a.low - b.low || a.high - b.high);
    const groups: Group[] = [];
    let first = 0;
    for (const [i, { low, high }] of this.sequences.entries()) {
      if (this.sequences[i + 1]?.low === low) continue;
      groups.push({ low, high, first, end: i + 1 });
      first = i + 1;
    }
    this.#groups = groups;
    this.covered = groups;
    this.#covering = new Covering(groups);
  }

  /**
   * The sequence that has the address; of several one that begins last. Of those that begin there, too, the one that ends
   * nearest to `nearest`, without it the first one that ends.
   */
  at(address: number, nearest: number | undefined): S | undefined {
    const group = this.#groups[this.#covering.at(address)];
    if (group === undefined) return undefined;
    const { first, end } = group;
    const from = this.#firstWithEnd(address + 1, first, end);
    if (nearest === undefined) return this.sequences[from];
    const behind = Math.min(this.#firstWithEnd(nearest, from, end), end - 1);
    // Of several that end alike the first one counts.
    const before = this.#firstWithEnd(this.sequences[behind - 1]?.high ?? 0, from, behind);
    const distance = (i: number): number => Math.abs((this.sequences[i]?.high ?? 0) - nearest);
    return this.sequences[distance(before) <= distance(behind) ? before : behind];
  }

  /** Of sequences that begin alike the first one that ends at `high` or behind it; `end` if none does. */
  #firstWithEnd(high: number, first: number, end: number): number {
    let low = first;
    let top = end;
    while (low < top) {
      const middle = (low + top) >> 1;
      if ((this.sequences[middle]?.high ?? 0) >= high) top = middle;
      else low = middle + 1;
    }
    return low;
  }
}
