/**
 * Which elements of a range are mismatches: one bit each, however many there are, so that they are counted, listed and
 * walked without a list. Knows numbers from 0 on; not what an element is.
 */

/** Elements whose count is kept together. */
const blockSize = 1024;
const bitsPerBlock = blockSize / 32;

/** Number of ones in 32 bits. */
function ones(bits: number): number {
  let n = bits - ((bits >>> 1) & 0x5555_5555);
  n = (n & 0x3333_3333) + ((n >>> 2) & 0x3333_3333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** The lowest one of 32 bits that are not all zero. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Some of the numbers from 0 to `size - 1`. A hundred bytes and an eighth of a byte for each number. */
export class MismatchSet {
  readonly size: number;
  readonly #bits: Int32Array;
  readonly #counts: Int32Array;
  #count = 0;

  constructor(size: number) {
    this.size = size;
    const blocks = Math.ceil(size / blockSize);
    this.#bits = new Int32Array(blocks * bitsPerBlock);
    this.#counts = new Int32Array(blocks);
  }

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  add(index: number): void {
    this.#change(index, 1 << (index & 31), 1);
  }

  remove(index: number): void {
    this.#change(index, 0, -1);
  }

  #change(index: number, to: number, by: 1 | -1): void {
    const at = index >>> 5;
    const mask = 1 << (index & 31);
    const bits = this.#bits[at] ?? 0;
    if ((bits & mask) === to || index < 0 || index >= this.size) return;
    this.#bits[at] = bits ^ mask;
    this.#counts[index >>> 10] = (this.#counts[index >>> 10] ?? 0) + by;
    this.#count += by;
  }

  /** The lowest at or above `index`; undefined for none. */
  next(index: number): number | undefined {
    let from = Math.max(0, index);
    while (from < this.size) {
      if (this.#counts[from >>> 10] === 0) {
        from = ((from >>> 10) + 1) * blockSize;
        continue;
      }
      const bits = (this.#bits[from >>> 5] ?? 0) & (-1 << (from & 31));
      if (bits !== 0) return (from & ~31) + lowest(bits);
      from = (from & ~31) + 32;
    }
    return undefined;
  }

  /** The highest at or below `index`; undefined for none. */
  previous(index: number): number | undefined {
    let from = Math.min(this.size - 1, index);
    while (from >= 0) {
      if (this.#counts[from >>> 10] === 0) {
        from = (from >>> 10) * blockSize - 1;
        continue;
      }
      const bits = (this.#bits[from >>> 5] ?? 0) & (-1 >>> (31 - (from & 31)));
      if (bits !== 0) return (from & ~31) + 31 - Math.clz32(bits);
      from = (from & ~31) - 1;
    }
    return undefined;
  }

  /** How many lie at or above `from` and below `to`. */
  countIn(from: number, to: number): number {
    const end = Math.min(to, this.size);
    let count = 0;
    for (let at = Math.max(0, from); at < end; ) {
      if ((at & (blockSize - 1)) === 0 && at + blockSize <= end) {
        count += this.#counts[at >>> 10] ?? 0;
        at += blockSize;
        continue;
      }
      const upTo = Math.min(end, (at & ~31) + 32);
      const below = upTo - (at & ~31) === 32 ? -1 : (1 << (upTo & 31)) - 1;
      count += ones((this.#bits[at >>> 5] ?? 0) & (-1 << (at & 31)) & below);
      at = upTo;
    }
    return count;
  }

  /** The one that has `rank` others below it; undefined where there are not so many. */
  nth(rank: number): number | undefined {
    if (rank < 0 || rank >= this.#count) return undefined;
    let left = rank;
    let block = 0;
    for (; left >= (this.#counts[block] ?? 0); block++) left -= this.#counts[block] ?? 0;
    for (let at = block * bitsPerBlock; ; at++) {
      let bits = this.#bits[at] ?? 0;
      const here = ones(bits);
      if (left >= here) {
        left -= here;
        continue;
      }
      for (; left > 0; left--) bits &= bits - 1;
      return at * 32 + lowest(bits);
    }
  }

  /** All of them, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let at = this.next(0); at !== undefined; at = this.next(at + 1)) yield at;
  }
}
