/** Hits in ascending order, 8 bytes each. Knows no patterns. */
import type { ByteRange } from '../geometry.ts';

/** Runs that do not overlap, added in ascending order. */
export class HitList {
  #offsets = new Uint32Array(64);
  #lengths = new Uint32Array(64);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(offset: number, length: number): void {
    if (this.#count === this.#offsets.length) {
      this.#offsets = grown(this.#offsets);
      this.#lengths = grown(this.#lengths);
    }
    this.#offsets[this.#count] = offset;
    this.#lengths[this.#count++] = length;
  }

  /** The hit with this number, counted from 0; undefined for none. */
  at(index: number): ByteRange | undefined {
    if (index < 0 || index >= this.#count) return undefined;
    return { offset: this.#offsets[index] ?? 0, length: this.#lengths[index] ?? 0 };
  }

  /** The number of the first hit that begins at the offset or behind it; `count` for none. */
  firstFrom(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#offsets[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The hits with at least one byte in the range. */
  in({ offset, length }: ByteRange): ByteRange[] {
    const found: ByteRange[] = [];
    const first = this.firstFrom(offset);
    const before = this.at(first - 1);
    if (before !== undefined && before.offset + before.length > offset) found.push(before);
    for (
      let i = first, hit = this.at(i);
      hit !== undefined && hit.offset < offset + length;
      hit = this.at(++i)
    )
      found.push(hit);
    return found;
  }
}

function grown(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
