/** A growing array of numbers: compact, and adding one never takes long. */

type Numbers = Uint8Array | Uint32Array | Float64Array;

const chunkBits = 12;
const chunkLength = 1 << chunkBits;

/** Numbers by index; all are 0 at first. Where all are 0, nothing is kept. */
export class Column {
  readonly #make: (length: number) => Numbers;
  readonly #chunks: (Numbers | undefined)[] = [];

  /** @param make an array of the width that the numbers need */
  constructor(make: (length: number) => Numbers) {
    this.#make = make;
  }

  get(index: number): number {
    return this.#chunks[index >>> chunkBits]?.[index & (chunkLength - 1)] ?? 0;
  }

  set(index: number, value: number): void {
    const chunk = index >>> chunkBits;
    let numbers = this.#chunks[chunk];
    if (numbers === undefined) {
      if (value === 0) return;
      numbers = this.#make(chunkLength);
      this.#chunks[chunk] = numbers;
    }
    numbers[index & (chunkLength - 1)] = value;
  }

  /** All numbers are 0 again. */
  clear(): void {
    this.#chunks.length = 0;
  }
}

/** One byte each. */
export const bytes = (length: number): Uint8Array => new Uint8Array(length);
/** Whole numbers up to 2^32. */
export const words = (length: number): Uint32Array => new Uint32Array(length);
/** Whole numbers up to 2^53. */
export const doubles = (length: number): Float64Array => new Float64Array(length);
