/** Bounded access to the bytes of a file, little endian: nothing outside of it can be read. */
import { FileFault, type FilePart } from './faults.ts';

/**
 * A part of a file. Offsets count from the part's first byte; faults carry the place in the whole file. `part` is what
 * faults call it.
 */
export class ByteView {
  readonly bytes: Uint8Array;
  /** Place of the part's first byte in the file. */
  readonly start: number;
  readonly part: FilePart;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, part: FilePart, start = 0) {
    this.bytes = bytes;
    this.part = part;
    this.start = start;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An unsigned number of 8 bits. Throws `FileFault` outside. */
  u8(offset: number): number {
    this.#need(offset, 1);
    return this.#view.getUint8(offset);
  }

  /** An unsigned number of 16 bits. Throws `FileFault` outside. */
  u16(offset: number): number {
    this.#need(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  /** An unsigned number of 32 bits. Throws `FileFault` outside. */
  u32(offset: number): number {
    this.#need(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  /** `length` bytes of it under a name of their own; nothing is copied. Throws `FileFault` where they are not all inside. */
  slice(offset: number, length: number, part: FilePart): ByteView {
    if (!this.#isInside(offset, length)) throw new FileFault('outside-file', this.placeOf(offset), part);
    return new ByteView(this.bytes.subarray(offset, offset + length), part, this.start + offset);
  }

  /** The text from `offset` to the next zero byte, and not more than `most` bytes. Throws `FileFault` without one. */
  text(offset: number, most: number): string {
    this.#need(offset, 1);
    const end = this.bytes.subarray(0, offset + most + 1).indexOf(0, offset);
    if (end < 0) throw new FileFault('no-end', this.placeOf(offset), this.part);
    return decoder.decode(this.bytes.subarray(offset, end));
  }

  /** The place in the whole file. */
  placeOf(offset: number): { byte: number } {
    return { byte: this.start + offset };
  }

  #isInside(offset: number, length: number): boolean {
    return offset >= 0 && length >= 0 && offset + length <= this.bytes.length;
  }

  #need(offset: number, length: number): void {
    if (!this.#isInside(offset, length)) throw new FileFault('outside-file', this.placeOf(offset), this.part);
  }
}

const decoder = new TextDecoder();
