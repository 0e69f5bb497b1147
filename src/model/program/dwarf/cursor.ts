/** Reads numbers and texts of one debug section in order, little endian; nothing outside of it can be read. */
import { DebugFault, type DebugFaultKind } from './faults.ts';

const decoder = new TextDecoder();
/** Bytes of a LEB128 number of 64 bits. */
const mostLebBytes = 10;
/** No name and no path is longer. */
const mostTextBytes = 4096;
/** No text that stands in an entry has more bytes: of a longer one no end is searched for. */
const mostSkippedBytes = 2 ** 16;

/**
 * Counts the work of reading one program, so that no file makes a reader work without end: sections whose parts are
 * referred to many times can ask for far more than their length.
 */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Throws `DebugFault` when all is spent. */
  spend(steps: number, section: string, offset: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new DebugFault('too-much', section, offset);
  }
}

/** The text at `offset` of a section of texts; of a very long one the beginning. Throws `DebugFault` outside. */
export function textAt(section: string, bytes: Uint8Array, offset: number, budget: Budget): string {
  if (offset >= bytes.length) throw new DebugFault('ends-early', section, offset);
  const most = bytes.subarray(offset, offset + mostTextBytes);
  const zero = most.indexOf(0);
  if (zero < 0 && most.length < mostTextBytes) throw new DebugFault('ends-early', section, offset);
  const text = zero < 0 ? most : most.subarray(0, zero);
  budget.spend(1 + text.length / 8, section, offset);
  return decoder.decode(text);
}

/** A place in a section that moves with each read. Reads throw `DebugFault` where the section, or `end`, is over. */
export class Cursor {
  readonly section: string;
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at: number;
  /** Offset behind the last byte that may be read. */
  readonly end: number;
  readonly #view: DataView;

  constructor(section: string, bytes: Uint8Array, at = 0, end = bytes.length) {
    this.section = section;
    this.bytes = bytes;
    this.at = at;
    this.end = Math.min(end, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (at < 0 || at > this.end) throw this.fault('ends-early');
  }

  /** The same section, from `at` to `end`. */
  part(at: number, end: number): Cursor {
    return new Cursor(this.section, this.bytes, at, end);
  }

  /** A fault at the present place. */
  fault(kind: DebugFaultKind, found?: number): DebugFault {
    return new DebugFault(kind, this.section, this.at, found);
  }

  u8(): number {
    this.#need(1);
    return this.#view.getUint8(this.at++);
  }

  i8(): number {
    this.#need(1);
    return this.#view.getInt8(this.at++);
  }

  u16(): number {
    this.#need(2);
    const value = this.#view.getUint16(this.at, true);
    this.at += 2;
    return value;
  }

  u24(): number {
    return this.u16() + this.u8() * 0x1_0000;
  }

  u32(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  /** Exact up to 53 bits. */
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 2 ** 32;
  }

  /** An unsigned LEB128 number; exact up to 53 bits. */
  uleb(): number {
    let value = 0;
    let weight = 1;
    for (let i = 0; i < mostLebBytes; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 128;
    }
    throw this.fault('wide-number');
  }

  /** A signed LEB128 number; exact up to 53 bits. */
  sleb(): number {
    let value = 0;
    let weight = 1;
    for (let i = 0; i < mostLebBytes; i++) {
      const byte = this.u8();
      // The sign of the last byte counts for all higher bits.
      if (byte < 0x80) return value + (byte & 0x40 ? byte - 0x80 : byte) * weight;
      value += (byte & 0x7f) * weight;
      weight *= 128;
    }
    throw this.fault('wide-number');
  }

  skipLeb(): void {
    for (let i = 0; i < mostLebBytes; i++) if (this.u8() < 0x80) return;
    throw this.fault('wide-number');
  }

  /** Text up to the next zero byte, which is skipped. Of a very long text the beginning. */
  text(): string {
    const start = this.at;
    this.skipText();
    return decoder.decode(this.bytes.subarray(start, Math.min(this.at - 1, start + mostTextBytes)));
  }

  skipText(): void {
    const end = Math.min(this.end, this.at + mostSkippedBytes);
    const length = this.bytes.subarray(this.at, end).indexOf(0);
    if (length < 0) throw this.fault(end < this.end ? 'too-much' : 'ends-early');
    this.at += length + 1;
  }

  /** The next `length` bytes, not copied. */
  block(length: number): Uint8Array {
    this.#need(length);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  skip(length: number): void {
    this.#need(length);
    this.at += length;
  }

  /**
   * The length at the head of a unit, and the offset behind the unit. Throws `wide-format` for the 64-bit format; `at`
   * then stands behind the length.
   */
  unitEnd(): number {
    const length = this.u32();
    if (length < 0xffff_fff0) {
      if (this.at + length > this.end) throw this.fault('ends-early');
      return this.at + length;
    }
    throw this.fault('wide-format');
  }

  #need(length: number): void {
    if (this.at + length > this.end) throw this.fault('ends-early');
  }
}
