/**
 * Numbers about many cells, and a checksum of their bytes. Fed piece by piece, so that nobody waits for megabytes at once.
 * Where the bytes come from is known elsewhere.
 */
import type { CellFormat } from './format.ts';

/** What is true of all numbers that were added. */
export interface Statistics {
  /** Numbers: a complex number has two, a block as many as it has values. */
  readonly count: number;
  readonly zeros: number;
  readonly nans: number;
  readonly infinities: number;
  /** Of the finite ones; `undefined` where there is none. Sums of whole numbers are exact. */
  readonly least: number | bigint | undefined;
  readonly most: number | bigint | undefined;
  readonly sum: number | bigint;
  readonly mean: number | undefined;
}

/** Collects the numbers of cells. */
export class StatisticsCollector {
  readonly #format: CellFormat;
  #count = 0;
  #zeros = 0;
  #nans = 0;
  #infinities = 0;
  #least: number | bigint | undefined;
  #most: number | bigint | undefined;
  /** The sum is `#large` + `#sum` + `#rest`: `#sum` stays exact for whole numbers, `#rest` is what rounding lost of others. */
  #large = 0n;
  #sum = 0;
  #rest = 0;

  constructor(format: CellFormat) {
    this.#format = format;
  }

  /** Adds the cell whose first byte is `bytes[at]`; all of its bytes have to be there. */
  add(bytes: Uint8Array, at: number): void {
    for (const one of this.#format.numbers(bytes, at)) this.#addNumber(one);
  }

  #addNumber(one: number | bigint): void {
    this.#count++;
    if (typeof one === 'number' && !Number.isFinite(one)) {
      if (Number.isNaN(one)) this.#nans++;
      else this.#infinities++;
      return;
    }
    // -0n does not exist, and -0 == 0.
    if (Number(one) === 0) this.#zeros++;
    if (this.#least === undefined || one < this.#least) this.#least = one;
    if (this.#most === undefined || one > this.#most) this.#most = one;
    if (typeof one === 'bigint') {
      this.#large += one;
      return;
    }
    const sum = this.#sum + one;
    if (this.#format.isInteger) {
      if (Number.isSafeInteger(sum)) {
        this.#sum = sum;
        return;
      }
      this.#large += BigInt(this.#sum) + BigInt(one);
      this.#sum = 0;
      return;
    }
    // Neumaier: what the larger of the two hides of the smaller one is added up beside it.
    this.#rest += Math.abs(this.#sum) >= Math.abs(one) ? this.#sum - sum + one : one - sum + this.#sum;
    this.#sum = sum;
  }

  /** What is true of what was added so far. */
  get result(): Statistics {
    const finite = this.#count - this.#nans - this.#infinities;
    const sum = this.#format.isInteger ? this.#large + BigInt(this.#sum) : this.#sum + this.#rest;
    return {
      count: this.#count,
      zeros: this.#zeros,
      nans: this.#nans,
      infinities: this.#infinities,
      least: this.#least,
      most: this.#most,
      sum: typeof sum === 'bigint' && Number.isSafeInteger(Number(sum)) ? Number(sum) : sum,
      mean: finite === 0 ? undefined : Number(sum) / finite,
    };
  }
}

/** The remainders of each byte: CRC-32 as zip, PNG and Ethernet have it. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 0 ? rest >>> 1 : (rest >>> 1) ^ 0xedb88320;
  return rest;
});

/** The CRC-32 of bytes, going on from that of the bytes before them; of none it is 0. */
export function crc32(bytes: Uint8Array, before = 0): number {
  let rest = ~before;
  for (const byte of bytes) rest = (rest >>> 8) ^ (remainders[(rest ^ byte) & 0xff] ?? 0);
  return ~rest >>> 0;
}
