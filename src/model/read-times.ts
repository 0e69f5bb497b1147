/** When each byte of a page was last read. Knows times and places, not bytes; a page that is always read as a whole costs one number. */

/** Times that are told apart within a page: their numbers fit into a byte. */
const mostTimes = 256;

/** Milliseconds since 1970 per byte of a page; 0 for a byte that was never read. */
export class ReadTimes {
  readonly #length: number;
  /** The times, by number; number 0 is "never". */
  #times = [0];
  /** The number of each byte's time; without it, that of the last time. */
  #numbers: Uint8Array | undefined;

  /** @param length of the page, bytes */
  constructor(length: number) {
    this.#length = length;
  }

  /** The bytes from `low` up to `high` were read at this time. */
  set(low: number, high: number, at: number): void {
    if (high - low === this.#length) {
      this.#times = [0, at];
      this.#numbers?.fill(1);
      return;
    }
    this.#numbers ??= new Uint8Array(this.#length).fill(this.#times.length - 1);
    if (this.#times.at(-1) !== at) {
      if (this.#times.length === mostTimes) this.#forgetUnused(this.#numbers);
      this.#times.push(at);
    }
    this.#numbers.fill(this.#times.length - 1, low, high);
  }

  /** The oldest time from `low` up to `high`, bytes that were never read apart; undefined if none was read. */
  oldest(low: number, high: number): number | undefined {
    const numbers = this.#numbers;
    if (numbers === undefined) return this.#times.at(-1) || undefined;
    let oldest: number | undefined;
    let last = 0;
    for (let i = low; i < high; i++) {
      const number = numbers[i] ?? 0;
      if (number === last) continue;
      last = number;
      const at = this.#times[number];
      if (at !== undefined && number !== 0) oldest = Math.min(at, oldest ?? at);
    }
    return oldest;
  }

  /** Gives the times that bytes still have new numbers. Where all are in use, the two oldest become one: the older. */
  #forgetUnused(numbers: Uint8Array): void {
    const used = new Set(numbers);
    const kept = this.#times
      .map((at, number) => ({ at, number }))
      .filter(({ number }) => used.has(number) && number !== 0);
    const renumbered = new Uint8Array(mostTimes);
    this.#times = [0];
    if (kept.length === mostTimes - 1) {
      kept.sort((a, b) => a.at - b.at);
      const [first, second] = kept;
      if (first !== undefined && second !== undefined) {
        kept.splice(0, 2, first);
        renumbered[second.number] = 1;
      }
    }
    for (const { at, number } of kept) renumbered[number] = this.#times.push(at) - 1;
    for (let i = 0; i < numbers.length; i++) numbers[i] = renumbered[numbers[i] ?? 0] ?? 0;
  }
}
