/**
 * What is known of each byte of a memory: its last value, one state, and when it last changed. Sparse pages; both sides of
 * the editor use the same state plane. Nothing here knows where bytes come from.
 */
import type { ByteRange } from './geometry.ts';
import { endOf, mergeRanges, RangeCollector } from './ranges.ts';
import { ReadTimes } from './read-times.ts';

/** Bytes of a page; a page exists once a byte of it was read. Pages start at multiples of it, counted in buffer offsets. */
export const pageBytes = 4096;
/** Bytes of pages that are kept in one piece. */
const slabBytes = 16 * pageBytes;

/**
 * The state of one byte is one small integer: these bits, and above them the reason why it cannot be read. 0 is unknown:
 * nobody read it yet.
 */
export const stateBits = {
  /** Its value was read, or written by us. */
  known: 1,
  /** Known or unreadable, but found so in an earlier epoch. */
  stale: 2,
  /** A staged edit lies over it. */
  staged: 4,
  /** Staged, and the device now holds another byte than the one the person saw. */
  conflict: 8,
  /** Changed since the moment that was asked about. Not kept: laid in from the change ticks when bytes are handed out. */
  changed: 16,
} as const;

/** A byte of the past that the recording which is shown did not cover: there is no value of it. The bit alone means nothing else. */
export const unrecordedState = stateBits.stale;

/** Shift of the reason in a state; the reason is its number among `unreadableReasons`. */
export const reasonShift = 5;

/** Why bytes could not be read, in wire order; 0 is none. */
export const unreadableReasons = [
  undefined,
  /** The tile's clock is off; not tried. */
  'gated',
  /** Program memory of a core that is running; not tried. */
  'core-running',
  /** The access raised a bus error. */
  'bus-error',
  /** No way to the bytes works for this process. */
  'no-way',
  /** Not read: an earlier part of the same request failed, or was cancelled. */
  'not-read',
  /** The driver counts the tile's clock as off, and it runs: the driver's own calls refuse it. */
  'driver-gated',
  /** No way to the clock registers, and the driver may be wrong about clocks: not tried. */
  'clocks-unknown',
] as const;

export type UnreadableReason = Exclude<(typeof unreadableReasons)[number], undefined>;

/** The reason with this number on the wire; undefined for 0 and for numbers that nobody gave. */
export function reasonNumbered(number: number): UnreadableReason | undefined {
  return unreadableReasons[number];
}

/** Whether the byte could not be read. */
export function isUnreadable(state: number): boolean {
  return state >> reasonShift !== 0;
}

/** Why the byte could not be read; undefined if it was read, or was not tried. */
export function reasonOf(state: number): UnreadableReason | undefined {
  return unreadableReasons[state >> reasonShift];
}

/** The state of a byte that could not be read. */
export function unreadableState(reason: UnreadableReason): number {
  return unreadableReasons.indexOf(reason) << reasonShift;
}

/** One update of the bytes: when they were read (ms since 1970), and in which epoch. */
export interface Update {
  readonly at: number;
  readonly epoch: string;
}

/** Updates that are remembered; of earlier ones only their order is. */
const keptUpdates = 1024;

/**
 * Numbers the updates of one memory: a tick is the number of one, and grows. "Changed since tick X" is `tick > X`.
 */
export class UpdateLog {
  readonly #ring: (Update | undefined)[] = new Array<Update | undefined>(keptUpdates);
  #last = 0;

  /** The tick of the last update; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The first that is remembered; undefined before any. */
  get oldest(): Update | undefined {
    return this.of(Math.max(1, this.#last - keptUpdates + 1));
  }

  /** Begins an update. Answers its tick. */
  begin(update: Update): number {
    this.#last++;
    this.#ring[this.#last % keptUpdates] = update;
    return this.#last;
  }

  /** What is remembered of an update. */
  of(tick: number): Update | undefined {
    return tick < 1 || tick > this.#last || tick <= this.#last - keptUpdates
      ? undefined
      : this.#ring[tick % keptUpdates];
  }
}

/** When the bytes of a part of one page last changed. "Changed since tick X" is `tick > X`. */
export interface ByteChanges {
  /** Per byte the tick of the update that found it changed, 0 for none; undefined if all are 0. Not to be kept. */
  readonly ticks: Uint32Array | undefined;
  /** The tick before the last read of the page: what changed after it is marked as `changed`. */
  readonly since: number;
}

/** Some bytes as they are kept: not to be changed, and not to be kept. */
export interface BytesView {
  readonly length: number;
  /** Without it none of them has a value. */
  readonly bytes?: Uint8Array;
  /** Their states, without `changed`; without it all of them are known. */
  readonly flags?: Uint8Array;
}

interface Page {
  readonly bytes: Uint8Array;
  readonly states: Uint8Array;
  /** Per byte, the tick at which its value was last seen to differ; 0 never. Made with the first such byte. */
  ticks: Uint32Array | undefined;
  /** The tick before the last read that read known bytes of it again. */
  since: number;
  /** When its bytes were last read, or found unreadable. */
  readonly times: ReadTimes;
  /** Of the epochs that this plane saw, the number of the one that the states were last brought up to. */
  epoch: number;
  known: number;
  /** Bytes that are known or unreadable, in this epoch or an earlier one. */
  found: number;
  stale: number;
}

/** A run of bytes that could not be read. */
interface UnreadableRun extends ByteRange {
  readonly reason: UnreadableReason;
}

/** What a read brought for one range. `bytes` has the range's length. */
export interface BytesRead {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  /** Ascending; runs outside the range are ignored. */
  readonly unreadable: readonly UnreadableRun[];
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The update that this is part of. */
  readonly tick: number;
  /** The last update before the read that this is part of: what differs from then on counts as changed by it. */
  readonly since: number;
  /** Read in the current epoch. */
  readonly fresh: boolean;
  /** Runs that were written while the read was under way: what was read there may be older than what is known. */
  readonly skip: readonly ByteRange[];
}

/** The last bytes that a memory is known to have held, with state and change tick. Constant time per byte. */
export class BytePlane {
  readonly #pages = new Map<number, Page>();
  readonly #slabs = new Map<number, Uint8Array>();
  /** The page that was asked for last: neighbours are asked for one after the other. */
  #last: { readonly index: number; readonly page: Page | undefined } = { index: -1, page: undefined };
  #epoch = 0;
  #stale = 0;
  #found = 0;
  #known = 0;

  /** Whether any byte was read, or found unreadable, in an earlier epoch. */
  get hasStale(): boolean {
    return this.#stale > 0;
  }

  /** As `hasStale`, of the range. */
  hasStaleIn(range: ByteRange): boolean {
    if (this.#stale === 0) return false;
    return this.#some(range, (page, low, high) => {
      if (page.stale === 0) return false;
      for (let i = low; i < high; i++) if (((page.states[i] ?? 0) & stateBits.stale) !== 0) return true;
      return false;
    });
  }

  /** Whether any byte is known. */
  get hasKnown(): boolean {
    return this.#known > 0;
  }

  /** The byte; 0 where it is not known. */
  value(offset: number): number {
    return this.#pageAt(offset)?.bytes[offset % pageBytes] ?? 0;
  }

  /** The byte's state: `known`, `stale` and the reason. */
  state(offset: number): number {
    return this.#pageAt(offset)?.states[offset % pageBytes] ?? 0;
  }

  /** The update at which the byte was last seen to differ; 0 if it never was, or if we wrote it since. */
  tick(offset: number): number {
    return this.#pageAt(offset)?.ticks?.[offset % pageBytes] ?? 0;
  }

  /** When the bytes of the range last changed; it lies in one page. */
  changes({ offset, length }: ByteRange): ByteChanges {
    const page = this.#pageAt(offset);
    const start = offset % pageBytes;
    return { ticks: page?.ticks?.subarray(start, start + length), since: page?.since ?? 0 };
  }

  /** Takes over what was read. Answers the runs whose bytes, states or marks differ from before, ascending. */
  store(read: BytesRead): readonly ByteRange[] {
    const { range, unreadable, skip } = read;
    const changed = new RangeCollector();
    const unmarked = new RangeCollector();
    const end = endOf(range);
    let run = 0;
    let skipped = 0;
    for (let offset = range.offset; offset < end; ) {
      while (skipped < skip.length && endOf(skip[skipped]) <= offset) skipped++;
      while (run < unreadable.length && endOf(unreadable[run]) <= offset) run++;
      const bad = unreadable[run];
      const isSkipped = within(skip[skipped], offset);
      // The segment ends where another page, an unreadable run or a skipped one begins or ends.
      let stop = Math.min(end, offset - (offset % pageBytes) + pageBytes);
      for (const edge of [skip[skipped], bad]) {
        if (edge !== undefined) stop = Math.min(stop, within(edge, offset) ? endOf(edge) : edge.offset);
      }
      if (!isSkipped) {
        const page = this.#ensurePage(offset);
        const low = offset % pageBytes;
        if (page.since < read.since && hasKnown(page, low, stop - offset)) {
          collectMarked(page, offset - low, unmarked);
          page.since = read.since;
        }
        const isBad = bad !== undefined && within(bad, offset);
        if (!isBad || bad.reason !== 'not-read') page.times.set(low, low + stop - offset, read.at);
        if (isBad) {
          for (let at = offset; at < stop; at++) {
            if (this.#setUnreadable(at, bad.reason, read.fresh)) changed.add(at);
          }
        } else {
          const bytes = read.bytes.subarray(offset - range.offset, stop - range.offset);
          this.#storeKnown(page, offset, bytes, read, changed);
        }
      }
      offset = stop;
    }
    return unmarked.ranges.length === 0
      ? changed.ranges
      : mergeRanges([...changed.ranges, ...unmarked.ranges]);
  }

  /**
   * The bytes of the range were looked at again, and are as they are known to be unless `store` says otherwise afterwards.
   * Answers the runs whose mark is gone: what changed before `since` is not what the last look found.
   *
   * @param at since when all of it was looked at, ms since 1970; undefined where part of it was not
   */
  confirm(range: ByteRange, at: number | undefined, since: number): readonly ByteRange[] {
    const unmarked = new RangeCollector();
    this.#some(range, (page, low, high, start) => {
      if (at !== undefined) page.times.set(low, high, at);
      if (page.since >= since || page.known === 0) return false;
      collectMarked(page, start, unmarked);
      page.since = since;
      return false;
    });
    return unmarked.ranges;
  }

  /** Takes over a byte that we wrote: known, and not counted as a change. */
  wrote(offset: number, value: number, fresh: boolean): void {
    const page = this.#ensurePage(offset);
    const i = offset % pageBytes;
    page.bytes[i] = value;
    if (page.ticks !== undefined) page.ticks[i] = 0;
    this.#setState(page, i, stateBits.known | (fresh ? 0 : stateBits.stale));
  }

  /** Marks a byte as unreadable, in the current epoch if `fresh`. */
  markUnreadable(offset: number, reason: UnreadableReason, fresh: boolean): void {
    this.#setUnreadable(offset, reason, fresh);
  }

  /** Forgets the byte. */
  forget(offset: number): void {
    const page = this.#pageAt(offset);
    if (page !== undefined) this.#setState(page, offset % pageBytes, 0);
  }

  /** A new epoch: all that is known, and why the rest is not, was found in an earlier one. Pages follow when they are looked at. */
  endEpoch(): void {
    this.#epoch++;
    this.#stale = this.#found;
    this.#last = { index: -1, page: undefined };
  }

  /** Runs of the range that were found in an earlier epoch, ascending. */
  stale(range: ByteRange): readonly ByteRange[] {
    const stale = new RangeCollector();
    if (this.#stale === 0) return stale.ranges;
    this.#some(range, (page, low, high, start) => {
      if (page.stale === 0) return false;
      for (let i = low; i < high; i++)
        if (((page.states[i] ?? 0) & stateBits.stale) !== 0) stale.add(start + i);
      return false;
    });
    return stale.ranges;
  }

  /** Runs of the range that were never read, or could not be for the reason `again`; ascending. */
  missing(range: ByteRange, again?: UnreadableReason): readonly ByteRange[] {
    const retried = again === undefined ? -1 : unreadableReasons.indexOf(again);
    const missing = new RangeCollector();
    const end = endOf(range);
    for (let offset = range.offset; offset < end; ) {
      const stop = Math.min(end, offset - (offset % pageBytes) + pageBytes);
      const page = this.#pageAt(offset);
      if (page === undefined) missing.addRun(offset, stop - offset);
      else if (page.known < pageBytes) {
        for (let at = offset; at < stop; at++) {
          const state = page.states[at % pageBytes] ?? 0;
          if (state === 0 || state >> reasonShift === retried) missing.add(at);
        }
      }
      offset = stop;
    }
    return missing.ranges;
  }

  /** Oldest read time of the range's bytes, those that were never read apart; undefined if none of them was read. */
  readAt(range: ByteRange): number | undefined {
    let oldest: number | undefined;
    this.#some(range, ({ times }, low, high) => {
      const at = times.oldest(low, high);
      if (at !== undefined) oldest = Math.min(at, oldest ?? at);
      return false;
    });
    return oldest;
  }

  /**
   * Copies bytes and states of the range; both arrays have its length.
   *
   * @param since bytes that changed after this tick have the bit `changed`; without it, those that the last read of their
   *   page found changed
   */
  copy(range: ByteRange, bytes: Uint8Array, states: Uint8Array, since?: number): void {
    this.#some(range, (page, low, high, start) => {
      const to = start + low - range.offset;
      bytes.set(page.bytes.subarray(low, high), to);
      states.set(page.states.subarray(low, high), to);
      const { ticks } = page;
      if (ticks === undefined) return false;
      const after = since ?? page.since;
      for (let i = low; i < high; i++) {
        if ((ticks[i] ?? 0) > after) {
          states[to + i - low] = (states[to + i - low] ?? 0) | stateBits.changed;
        }
      }
      return false;
    });
  }

  /** The first bytes of the range, as far as they lie in one page. Copies nothing. */
  view({ offset, length }: ByteRange): BytesView {
    const page = this.#pageAt(offset);
    const low = offset % pageBytes;
    const high = Math.min(pageBytes, low + length);
    if (page === undefined) return { length: high - low };
    if (page.known !== pageBytes) {
      const bytes = page.bytes.subarray(low, high);
      return { length: high - low, bytes, flags: page.states.subarray(low, high) };
    }
    const from = offset % slabBytes;
    const to = Math.min(slabBytes, from + length);
    const start = offset - from;
    let end = start + from - low + pageBytes;
    while (end < start + to && this.#pageAt(end)?.known === pageBytes) end += pageBytes;
    const slab = this.#slabOf(offset);
    const until = Math.min(to, end - start);
    // A view of its own costs as much as a search of some bytes.
    return { length: until - from, bytes: until - from === slabBytes ? slab : slab.subarray(from, until) };
  }

  /** The bytes of pages that lie one after the other: a search of all of them at once takes less than one of each. */
  #slabOf(offset: number): Uint8Array {
    const index = Math.floor(offset / slabBytes);
    let slab = this.#slabs.get(index);
    if (slab === undefined) {
      slab = new Uint8Array(slabBytes);
      this.#slabs.set(index, slab);
    }
    return slab;
  }

  /** Forgets everything. */
  clear(): void {
    this.#pages.clear();
    this.#slabs.clear();
    this.#last = { index: -1, page: undefined };
    this.#stale = 0;
    this.#found = 0;
    this.#known = 0;
  }

  /**
   * Calls `visit` for each page of the range that exists, ascending, with the part of it that lies in the range and the
   * offset of its first byte, until it answers true. Answers whether it did.
   */
  #some(range: ByteRange, visit: (page: Page, low: number, high: number, start: number) => boolean): boolean {
    const end = endOf(range);
    for (let offset = range.offset; offset < end; ) {
      const low = offset % pageBytes;
      const start = offset - low;
      const high = Math.min(pageBytes, end - start);
      const page = this.#pageAt(offset);
      if (page !== undefined && visit(page, low, high, start)) return true;
      offset = start + high;
    }
    return false;
  }

  #pageAt(offset: number): Page | undefined {
    const index = Math.floor(offset / pageBytes);
    if (this.#last.index !== index) {
      const page = this.#pages.get(index);
      if (page !== undefined && page.epoch !== this.#epoch) this.#age(page);
      this.#last = { index, page };
    }
    return this.#last.page;
  }

  #ensurePage(offset: number): Page {
    let page = this.#pageAt(offset);
    if (page === undefined) {
      const index = Math.floor(offset / pageBytes);
      const start = (index * pageBytes) % slabBytes;
      page = {
        bytes: this.#slabOf(offset).subarray(start, start + pageBytes),
        states: new Uint8Array(pageBytes),
        ticks: undefined,
        since: 0,
        times: new ReadTimes(pageBytes),
        epoch: this.#epoch,
        known: 0,
        found: 0,
        stale: 0,
      };
      this.#pages.set(index, page);
      this.#last = { index, page };
    }
    return page;
  }

  /** Brings a page's states up to the present epoch; the sums of the plane have been since it ended. */
  #age(page: Page): void {
    const { states } = page;
    for (let i = 0; i < pageBytes; i++) {
      const state = states[i] ?? 0;
      if (state !== 0) states[i] = state | stateBits.stale;
    }
    page.stale = page.found;
    page.epoch = this.#epoch;
  }

  #count(page: Page, known: number, found: number, stale: number): void {
    page.known += known;
    page.found += found;
    page.stale += stale;
    this.#known += known;
    this.#found += found;
    this.#stale += stale;
  }

  #setState(page: Page, i: number, state: number): boolean {
    const before = page.states[i] ?? 0;
    if (before === state) return false;
    this.#count(
      page,
      (state & stateBits.known) - (before & stateBits.known),
      Number(state !== 0) - Number(before !== 0),
      Number((state & stateBits.stale) !== 0) - Number((before & stateBits.stale) !== 0),
    );
    page.states[i] = state;
    if ((state & stateBits.known) === 0) {
      page.bytes[i] = 0;
      if (page.ticks !== undefined) page.ticks[i] = 0;
    }
    return true;
  }

  /** One segment of a page, by the loop that carries most of a read. */
  #storeKnown(
    page: Page,
    offset: number,
    read: Uint8Array,
    { fresh, tick }: BytesRead,
    changed: RangeCollector,
  ): void {
    const after = stateBits.known | (fresh ? 0 : stateBits.stale);
    const start = offset % pageBytes;
    const { bytes, states } = page;
    let known = 0;
    let found = 0;
    let stale = 0;
    let from = -1;
    for (let i = 0; i < read.length; i++) {
      const before = states[start + i] ?? 0;
      const value = read[i] ?? 0;
      if (before !== after || bytes[start + i] !== value) {
        if ((before & stateBits.known) !== 0 && bytes[start + i] !== value) {
          page.ticks ??= new Uint32Array(pageBytes);
          page.ticks[start + i] = tick;
        }
        bytes[start + i] = value;
        states[start + i] = after;
        known += 1 - (before & stateBits.known);
        if (before === 0) found++;
        stale += (after & stateBits.stale) - (before & stateBits.stale);
        if (from < 0) from = i;
      } else if (from >= 0) {
        changed.addRun(offset + from, i - from);
        from = -1;
      }
    }
    if (from >= 0) changed.addRun(offset + from, read.length - from);
    this.#count(page, known, found, stale / stateBits.stale);
  }

  #setUnreadable(offset: number, reason: UnreadableReason, fresh: boolean): boolean {
    const page = this.#ensurePage(offset);
    const i = offset % pageBytes;
    // A read that did not get there says nothing against what was read before.
    if (reason === 'not-read' && ((page.states[i] ?? 0) & stateBits.known) !== 0) return false;
    return this.#setState(page, i, unreadableState(reason) | (fresh ? 0 : stateBits.stale));
  }
}

function hasKnown({ states, known }: Page, from: number, length: number): boolean {
  if (known === 0) return false;
  for (let i = from; i < from + length; i++) if (((states[i] ?? 0) & stateBits.known) !== 0) return true;
  return false;
}

/** Adds the bytes of a page that the last read of it found changed. */
function collectMarked(page: Page, start: number, into: RangeCollector): void {
  const { ticks, since } = page;
  if (ticks === undefined) return;
  for (let i = 0; i < pageBytes; i++) if ((ticks[i] ?? 0) > since) into.add(start + i);
}

function within(range: ByteRange | undefined, offset: number): boolean {
  return range !== undefined && offset >= range.offset && offset < endOf(range);
}
