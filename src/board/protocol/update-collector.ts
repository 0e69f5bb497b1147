/**
 * Puts the blocks of one update of a watch together and checks that they tell only of what was asked for. A span in a block:
 * `u32 offset, u32 length | reason << 24` (little endian), then its bytes unless there is a reason.
 */
import { reasonNumbered } from '../../model/byte-state.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { endOf, mergeRanges } from '../../model/ranges.ts';
import type { ChangedSpan } from './core-client.ts';
import { bad } from './validate.ts';

/** Bytes before those of a span. */
const changeHeadBytes = 8;

export class UpdateCollector {
  /** What was ever asked for in this watch: an update may have been on its way when other ranges were. */
  #asked: ByteRange[] = [];
  #spans: ChangedSpan[] = [];
  /** Where the last span ended, and the asked range it was in. */
  #at = 0;
  #range = 0;

  asked(ranges: readonly ByteRange[]): void {
    // The ranges may move under an update that is coming in: it is looked for from the beginning.
    this.#asked = mergeRanges([...this.#asked, ...ranges]);
    this.#range = 0;
  }

  /** One block. Throws `protocol`. */
  push(block: Uint8Array): void {
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    for (let at = 0; at < block.length; ) {
      if (block.length - at < changeHeadBytes) bad('half a changed span');
      const offset = view.getUint32(at, true);
      const second = view.getUint32(at + 4, true);
      const length = second & 0xff_ffff;
      const number = second >>> 24;
      at += changeHeadBytes;
      this.#check(offset, length);
      if (number === 0) {
        if (block.length - at < length) bad(`${block.length - at} of ${length} changed bytes`);
        this.#spans.push({ offset, bytes: block.slice(at, at + length) });
        at += length;
      } else {
        const reason = reasonNumbered(number) ?? bad(`a reason ${number}`);
        this.#spans.push({ offset, bytes: new Uint8Array(length), reason });
      }
    }
  }

  /** The update is complete: its spans; the next one begins. */
  take(): ChangedSpan[] {
    const spans = this.#spans;
    this.#spans = [];
    this.#at = 0;
    this.#range = 0;
    return spans;
  }

  #check(offset: number, length: number): void {
    if (length === 0 || offset % 4 !== 0 || length % 4 !== 0 || offset < this.#at) {
      bad(`${length} changed bytes at buffer offset ${offset}`);
    }
    let range = this.#asked[this.#range];
    while (range !== undefined && endOf(range) <= offset) {
      this.#range++;
      range = this.#asked[this.#range];
    }
    if (range === undefined || offset < range.offset || offset + length > endOf(range)) {
      bad(`${length} changed bytes at buffer offset ${offset} that nobody asked for`);
    }
    this.#at = offset + length;
  }
}
