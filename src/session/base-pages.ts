import type { UnreadableReason, UnreadableSpan } from '../board/board.ts';
import { reasonNames } from '../board/protocol/core-client.ts';
import type { ByteRange } from '../model/geometry.ts';
import { endOf, RangeCollector } from '../model/ranges.ts';

/** Bytes of a page; a page exists once a byte of it was read. */
export const pageBytes = 4096;

/** Flags of one byte of the base; `known`, `unreadable`, `changed` and the reason are those that the webview is sent. */
export const baseFlags = {
  known: 1,
  unreadable: 2,
  /** Known or unreadable, but found so in an earlier epoch. Shares its bit with `staged`, which only shown bytes have. */
  old: 4,
  changed: 16,
} as const;

/** Shift of the reason in a flags byte; the reason is its number among `reasonNames`. */
const reasonShift = 5;

interface Page {
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  /** When bytes of it were last read, ms since 1970. */
  at: number;
}

/** What a read brought for one range. `bytes` has the range's length. */
export interface BaseRead {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  /** Ascending; spans outside the range are ignored. */
  readonly unreadable: readonly UnreadableSpan[];
  readonly at: number;
  /** Read in the current epoch. */
  readonly fresh: boolean;
  /** Spans that were written while the read was under way: what was read there may be older than what is known. */
  readonly skip: readonly ByteRange[];
}

/** The last bytes that the device is known to have held: sparse pages, constant time per byte. */
export class BasePages {
  readonly #pages = new Map<number, Page>();
  /** The page that was looked at last: neighbours are asked for one after the other. */
  #last: { readonly index: number; readonly page: Page | undefined } = { index: -1, page: undefined };
  #old = 0;
  #known = 0;

  /** Whether any byte was read, or found unreadable, in an earlier epoch. */
  get hasOld(): boolean {
    return this.#old > 0;
  }

  /** As `hasOld`, of the range. */
  hasOldIn(range: ByteRange): boolean {
    if (this.#old === 0) return false;
    for (let offset = range.offset; offset < endOf(range); offset++) {
      if ((this.flags(offset) & baseFlags.old) !== 0) return true;
    }
    return false;
  }

  /** Whether any byte is known. */
  get hasKnown(): boolean {
    return this.#known > 0;
  }

  /** The byte; 0 where it is not known. */
  value(offset: number): number {
    return this.#find(offset)?.bytes[offset % pageBytes] ?? 0;
  }

  /** `baseFlags` and reason of the byte. */
  flags(offset: number): number {
    return this.#find(offset)?.flags[offset % pageBytes] ?? 0;
  }

  /** Why the byte cannot be read; undefined if it can, or if nobody tried. */
  reason(offset: number): UnreadableReason | undefined {
    return reasonNames[this.flags(offset) >> reasonShift];
  }

  /** Takes over what was read. Answers the runs whose bytes or flags differ from before. */
  store(read: BaseRead): readonly ByteRange[] {
    const { range, unreadable, skip } = read;
    const changed = new RangeCollector();
    const end = endOf(range);
    let span = 0;
    let skipped = 0;
    for (let offset = range.offset; offset < end; ) {
      while (skipped < skip.length && endOf(skip[skipped]) <= offset) skipped++;
      while (span < unreadable.length && endOf(unreadable[span]) <= offset) span++;
      const bad = unreadable[span];
      const isSkipped = within(skip[skipped], offset);
      const isBad = bad !== undefined && within(bad, offset);
      // The segment ends where another page, an unreadable span or a skipped one begins or ends.
      const stops = [end, offset - (offset % pageBytes) + pageBytes];
      for (const edge of [skip[skipped], bad]) {
        if (edge !== undefined) stops.push(within(edge, offset) ? endOf(edge) : edge.offset);
      }
      const stop = Math.min(...stops);
      if (!isSkipped) {
        const page = this.#page(offset);
        page.at = read.at;
        if (isBad) {
          for (let at = offset; at < stop; at++) {
            if (this.#setUnreadable(at, bad.reason, read.fresh)) changed.add(at);
          }
        } else {
          const bytes = read.bytes.subarray(offset - range.offset, stop - range.offset);
          this.#storeKnown(page, offset, bytes, read.fresh, changed);
        }
      }
      offset = stop;
    }
    return changed.ranges;
  }

  /** Takes over a byte that was written by us: known, and not marked as changed. */
  wrote(offset: number, value: number, fresh: boolean): void {
    this.#setKnown(offset, value, fresh);
  }

  /** Marks a byte as unreadable, in the current epoch if `fresh`. */
  markUnreadable(offset: number, reason: UnreadableReason, fresh: boolean): void {
    this.#setUnreadable(offset, reason, fresh);
  }

  /** The byte is not known any more. */
  forget(offset: number): void {
    const page = this.#find(offset);
    if (page !== undefined) this.#setFlags(page, offset % pageBytes, 0);
  }

  /** A new epoch: all that is known, and why the rest is not, was found in an earlier one. */
  markOld(): void {
    for (const page of this.#pages.values()) {
      for (let i = 0; i < pageBytes; i++) {
        const flags = page.flags[i] ?? 0;
        if (flags !== 0) this.#setFlags(page, i, flags | baseFlags.old);
      }
    }
  }

  /** Runs of the range that were found in an earlier epoch, ascending. */
  old(range: ByteRange): readonly ByteRange[] {
    const old = new RangeCollector();
    if (this.#old === 0) return old.ranges;
    for (let offset = range.offset; offset < endOf(range); offset++) {
      if ((this.flags(offset) & baseFlags.old) !== 0) old.add(offset);
    }
    return old.ranges;
  }

  /** Runs of the range that were never read, or could not be for the reason `again`; ascending. */
  missing(range: ByteRange, again?: UnreadableReason): readonly ByteRange[] {
    const retried = again === undefined ? 0 : reasonNames.indexOf(again);
    const missing = new RangeCollector();
    const end = endOf(range);
    for (let offset = range.offset; offset < end; ) {
      const stop = Math.min(end, offset - (offset % pageBytes) + pageBytes);
      const page = this.#find(offset);
      if (page === undefined) missing.addRun(offset, stop - offset);
      else {
        for (let at = offset; at < stop; at++) {
          const flags = page.flags[at % pageBytes] ?? 0;
          const found = (flags & (baseFlags.known | baseFlags.unreadable)) !== 0;
          if (!found || (retried > 0 && flags >> reasonShift === retried)) missing.add(at);
        }
      }
      offset = stop;
    }
    return missing.ranges;
  }

  /** Oldest read time of the range's pages; undefined if none of them was read. */
  readAt(range: ByteRange): number | undefined {
    let oldest: number | undefined;
    const last = Math.floor((endOf(range) - 1) / pageBytes);
    for (let index = Math.floor(range.offset / pageBytes); index <= last; index++) {
      const at = this.#pages.get(index)?.at;
      if (at !== undefined && at > 0) oldest = Math.min(at, oldest ?? at);
    }
    return oldest;
  }

  /** Copies bytes and flags of the range; both arrays have its length. `old` is not among the copied flags. */
  copy(range: ByteRange, bytes: Uint8Array, flags: Uint8Array): void {
    for (let done = 0; done < range.length; ) {
      const offset = range.offset + done;
      const start = offset % pageBytes;
      const length = Math.min(pageBytes - start, range.length - done);
      const page = this.#find(offset);
      if (page !== undefined) {
        bytes.set(page.bytes.subarray(start, start + length), done);
        for (let i = 0; i < length; i++) flags[done + i] = (page.flags[start + i] ?? 0) & ~baseFlags.old;
      }
      done += length;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#pages.clear();
    this.#last = { index: -1, page: undefined };
    this.#old = 0;
    this.#known = 0;
  }

  #find(offset: number): Page | undefined {
    const index = Math.floor(offset / pageBytes);
    if (this.#last.index !== index) this.#last = { index, page: this.#pages.get(index) };
    return this.#last.page;
  }

  #page(offset: number): Page {
    let page = this.#find(offset);
    if (page === undefined) {
      const index = Math.floor(offset / pageBytes);
      page = { bytes: new Uint8Array(pageBytes), flags: new Uint8Array(pageBytes), at: 0 };
      this.#pages.set(index, page);
      this.#last = { index, page };
    }
    return page;
  }

  #setFlags(page: Page, i: number, flags: number): boolean {
    const before = page.flags[i] ?? 0;
    if (before === flags) return false;
    const old = Number((flags & baseFlags.old) !== 0) - Number((before & baseFlags.old) !== 0);
    const known = (flags & baseFlags.known) - (before & baseFlags.known);
    this.#old += old;
    this.#known += known;
    page.flags[i] = flags;
    if ((flags & baseFlags.known) === 0) page.bytes[i] = 0;
    return true;
  }

  /** One segment of a page, by the loop that carries most of a read. */
  #storeKnown(page: Page, offset: number, read: Uint8Array, fresh: boolean, changed: RangeCollector): void {
    const plain = baseFlags.known | (fresh ? 0 : baseFlags.old);
    const start = offset % pageBytes;
    const { bytes, flags } = page;
    let known = 0;
    let old = 0;
    let from = -1;
    for (let i = 0; i < read.length; i++) {
      const before = flags[start + i] ?? 0;
      const value = read[i] ?? 0;
      const differs = (before & baseFlags.known) !== 0 && bytes[start + i] !== value;
      const after = differs ? plain | baseFlags.changed : plain;
      if (before !== after || differs) {
        bytes[start + i] = value;
        flags[start + i] = after;
        known += 1 - (before & baseFlags.known);
        old += (after & baseFlags.old) - (before & baseFlags.old);
        if (from < 0) from = i;
      } else if (from >= 0) {
        changed.addRun(offset + from, i - from);
        from = -1;
      }
    }
    if (from >= 0) changed.addRun(offset + from, read.length - from);
    this.#known += known;
    this.#old += old / baseFlags.old;
  }

  #setKnown(offset: number, value: number, fresh: boolean): void {
    const page = this.#page(offset);
    page.bytes[offset % pageBytes] = value;
    this.#setFlags(page, offset % pageBytes, baseFlags.known | (fresh ? 0 : baseFlags.old));
  }

  #setUnreadable(offset: number, reason: UnreadableReason, fresh: boolean): boolean {
    const page = this.#page(offset);
    const i = offset % pageBytes;
    // A read that did not get there says nothing against what was read before.
    if (reason === 'not-read' && ((page.flags[i] ?? 0) & baseFlags.known) !== 0) return false;
    const flags = baseFlags.unreadable | (reasonNames.indexOf(reason) << reasonShift);
    return this.#setFlags(page, i, flags | (fresh ? 0 : baseFlags.old));
  }
}

function within(range: ByteRange | undefined, offset: number): boolean {
  return range !== undefined && offset >= range.offset && offset < endOf(range);
}
