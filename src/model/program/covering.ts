/** Which of many ranges of addresses covers one, of several the last one of a list. */

/** Addresses from `low` to before `high`. */
interface Covered {
  readonly low: number;
  readonly high: number;
}

/** None of the ranges. */
const noIndex = -1;

/** A list of ranges that may overlap. What it takes to ask grows with the logarithm of their number, however they overlap. */
export class Covering {
  /** Where pieces begin; between two borders the same range is the last one. */
  readonly #borders: Float64Array;
  readonly #ranges: Int32Array;

  constructor(ranges: readonly Covered[]) {
    const all = new Float64Array(2 * ranges.length);
    for (const [i, { low, high }] of ranges.entries()) {
      all[2 * i] = low;
      all[2 * i + 1] = high;
    }
    all.sort();
    this.#borders = all.filter((border, i) => i === 0 || border !== all[i - 1]);
    this.#ranges = new Int32Array(this.#borders.length).fill(noIndex);
    // From the last range backwards each piece is painted once: `free` leads to the next one that is not.
    const free = Int32Array.from({ length: this.#borders.length + 1 }, (_, i) => i);
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
    for (let i = ranges.length - 1; i >= 0; i--) {
      const { low = 0, high = 0 } = ranges[i] ?? {};
      const end = lastAtOrBefore(this.#borders, high);
      for (let at = nextFree(lastAtOrBefore(this.#borders, low)); at < end; at = nextFree(at)) {
        this.#ranges[at] = i;
        free[at] = at + 1;
      }
    }
  }

  /** Index of the last range that covers the address; -1 where none does. */
  at(address: number): number {
    return this.#ranges[lastAtOrBefore(this.#borders, address)] ?? noIndex;
  }
}

/** Index of the last number that is not greater; -1 if all are. Numbers ascend. */
function lastAtOrBefore(numbers: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
