/**
 * What a page was told of the bytes, and what it has not been told yet. The page says which pages of memory it wants to
 * be kept up to date; a delta carries what differs from what it was told before. Few are under way at a time: what
 * changes meanwhile waits and goes in one, as it is then. A page that cannot be seen is told nothing.
 */
import { type ByteChanges, pageBytes, stateBits } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { type DeltaSpan, keptPages, packDelta, pageRange, pagesIn } from './delta.ts';
import type { PageWindow, ShownBytes } from './messages.ts';

/** Deltas that a page has not shown yet, at most: one travels while the other is drawn. */
const mostUnderWay = 2;

/** Bytes of a span's head: to repeat so many unchanged bytes costs less than another span. */
const cheapGap = 12;

/** Bytes whose ticks, sent one by one, cost no more than the head of a span. */
const nearTicks = 3;

/** What a feed works with. */
export interface FeedParts {
  /** The bytes as they are now. */
  readonly bytes: (range: ByteRange) => ShownBytes;
  /** When the bytes of a range that lies in one page last changed. */
  readonly changes: (range: ByteRange) => ByteChanges;
  /** The tick of the last update of the bytes. */
  readonly tick: () => number;
  /** Sends a packed delta to the page. */
  readonly send: (packed: Uint8Array) => void;
  /** Runs something after the present turn: many changes become one delta. */
  readonly soon: (run: () => void) => void;
  /** Hears whether the page has drawn what it was told, whenever that changes. */
  readonly behind: (isBehind: boolean) => void;
  /** Hears what `bytes` threw: the page was not told. */
  readonly failed: (error: unknown) => void;
}

/** A page of memory as the page on screen was told of it. */
interface ToldPage {
  readonly range: ByteRange;
  readonly base: Uint8Array;
  /** `stateBits` without `changed`, which the page lays in by the ticks. */
  readonly states: Uint8Array;
  /** Values of staged bytes; where a byte is not staged, any. */
  readonly staged: Uint8Array;
  /** When each byte last changed; undefined if none did. */
  ticks: Uint32Array | undefined;
  /** What changed after this tick is marked. */
  since: number;
  /** Something may differ by now. */
  dirty: boolean;
}

/** Tells one page, from its beginning to its end. Single-threaded. */
export class Feed {
  readonly #parts: FeedParts;
  readonly #bounds: ByteRange;
  /** By page number, in the order of last use. */
  readonly #told = new Map<number, ToldPage>();
  #wanted: readonly number[] = [];
  #window = 0;
  #edit = 0;
  #number = 0;
  #shown = 0;
  /** The page waits for a delta even if no byte differs. */
  #owed = false;
  #visible = true;
  #pending = false;
  #behind = false;

  /** @param bounds the part of the memory that the page shows */
  constructor(parts: FeedParts, bounds: ByteRange) {
    this.#parts = parts;
    this.#bounds = bounds;
  }

  /** Whether the page can be seen. While it cannot, it is told nothing; afterwards what differs by then, at once. */
  set visible(visible: boolean) {
    if (visible === this.#visible) return;
    this.#visible = visible;
    // What was lost while it was hidden is never acknowledged; by the numbers the page sees that something is missing.
    if (visible) this.#shown = this.#number;
    this.#tellBehind();
    this.#soon();
  }

  /** The page wants other bytes to be kept up to date, or has nothing of some. */
  window({ number, wanted, missing, anew }: PageWindow): void {
    this.#window = number;
    if (anew) {
      this.#told.clear();
      this.#number = 0;
      this.#shown = 0;
      this.#tellBehind();
    }
    this.#wanted = pagesOf(wanted, this.#bounds);
    for (const page of pagesOf(missing, this.#bounds)) this.#told.delete(page);
    for (const page of this.#wanted) {
      const told = this.#told.get(page) ?? blank(pageRange(page, this.#bounds));
      this.#told.delete(page);
      this.#told.set(page, told);
    }
    for (const page of this.#told.keys()) {
      if (this.#told.size <= keptPages) break;
      this.#told.delete(page);
    }
    this.#owed = true;
    this.#soon();
  }

  /** The page has drawn this delta, and all before it. */
  shown(number: number): void {
    if (number > this.#number || number <= this.#shown) return;
    this.#shown = number;
    this.#tellBehind();
    this.#soon();
  }

  /** An `edit` request was taken or refused. From the next delta on, the page shows the host's bytes, not what was typed. */
  edited(id: number): void {
    this.#edit = id;
    this.#owed = true;
    this.#soon();
  }

  /** Bytes of these ranges may differ from before. */
  changed(ranges: readonly ByteRange[]): void {
    for (const { offset, length } of ranges) {
      const last = Math.floor((offset + length - 1) / pageBytes);
      for (let page = Math.floor(offset / pageBytes); page <= last; page++) {
        const told = this.#told.get(page);
        if (told !== undefined) told.dirty = true;
      }
    }
    this.#soon();
  }

  #soon(): void {
    if (this.#pending || !this.#due) return;
    this.#pending = true;
    this.#parts.soon(() => {
      this.#pending = false;
      this.#tell();
    });
  }

  get #isBehind(): boolean {
    return this.#number - this.#shown >= mostUnderWay;
  }

  #tellBehind(): void {
    if (this.#behind === this.#isBehind) return;
    this.#behind = !this.#behind;
    this.#parts.behind(this.#behind);
  }

  get #due(): boolean {
    if (!this.#visible || this.#window === 0 || this.#isBehind) return false;
    return this.#owed || this.#wanted.some((page) => this.#told.get(page)?.dirty === true);
  }

  #tell(): void {
    if (!this.#due) return;
    const spans: DeltaSpan[] = [];
    const tick = this.#parts.tick();
    try {
      for (const page of this.#wanted) {
        const told = this.#told.get(page);
        if (told?.dirty !== true) continue;
        const { range } = told;
        spans.push(...catchUp(told, { ...this.#parts.bytes(range), ...this.#parts.changes(range), tick }));
      }
    } catch (error) {
      // The page was not told the bytes that `catchUp` noted as told: it begins anew.
      this.#told.clear();
      this.#window = 0;
      this.#parts.failed(error);
      return;
    }
    if (spans.length === 0 && !this.#owed) return;
    this.#owed = false;
    this.#number++;
    const [number, window, edit] = [this.#number, this.#window, this.#edit];
    this.#parts.send(packDelta({ number, window, edit, tick, spans }));
    this.#tellBehind();
  }
}

function pagesOf(ranges: readonly ByteRange[], bounds: ByteRange): number[] {
  const pages = new Set<number>();
  for (const range of ranges) {
    for (const page of pagesIn(range, bounds)) {
      pages.add(page);
      if (pages.size === keptPages) return [...pages];
    }
  }
  return [...pages];
}

/** What a page holds that was told nothing. */
function blank(range: ByteRange): ToldPage {
  const plane = (): Uint8Array => new Uint8Array(range.length);
  return {
    range,
    base: plane(),
    states: plane(),
    staged: plane(),
    ticks: undefined,
    since: 0,
    dirty: true,
  };
}

/** A page as it is now. */
interface PageNow extends ShownBytes, ByteChanges {
  readonly tick: number;
}

/** Takes over the bytes of now, and answers what differs from before. */
function catchUp(told: ToldPage, now: PageNow): DeltaSpan[] {
  told.dirty = false;
  const { offset } = told.range;
  const { base, bytes } = now;
  const flags = now.flags.map((flag) => flag & ~stateBits.changed);
  const spans: DeltaSpan[] = [];
  for (const [from, to] of runs(base.length, (i) => base[i] !== told.base[i])) {
    spans.push({ kind: 'base', offset: offset + from, bytes: base.subarray(from, to) });
  }
  spans.push(...tickSpans(told, now), ...stateSpans(told, flags));
  const isNew = (i: number): boolean =>
    ((flags[i] ?? 0) & stateBits.staged) !== 0 && bytes[i] !== told.staged[i];
  for (const [from, to] of runs(bytes.length, isNew)) {
    spans.push({ kind: 'staged', offset: offset + from, bytes: bytes.subarray(from, to) });
    told.staged.set(bytes.subarray(from, to), from);
  }
  told.base.set(base);
  told.states.set(flags);
  return spans;
}

/** Where the page would be wrong about when bytes changed, and about which of them are marked; see `delta.ts`. */
function tickSpans(told: ToldPage, { base, ticks, since, tick }: PageNow): DeltaSpan[] {
  const { offset, length } = told.range;
  const spans: DeltaSpan[] = [];
  const at = (i: number): number => ticks?.[i] ?? 0;
  const isWrong = (i: number): boolean => {
    const isSeen = ((told.states[i] ?? 0) & stateBits.known) !== 0 && base[i] !== told.base[i];
    return (isSeen ? tick : (told.ticks?.[i] ?? 0)) !== at(i);
  };
  /** Short runs close together that are not sent yet: from one byte to before another. */
  let from = 0;
  let to = 0;
  const flush = (): void => {
    const run = Uint32Array.from({ length: to - from }, (_, i) => at(from + i));
    const [first = 0] = run;
    if (run.every((one) => one === first)) {
      if (run.length > 0)
        spans.push({ kind: 'tick', offset: offset + from, length: run.length, tick: first });
    } else spans.push({ kind: 'ticks', offset: offset + from, ticks: run });
    from = to;
  };
  for (let start = 0, end = 0; start < length; start = end) {
    end = start + 1;
    if (!isWrong(start)) continue;
    while (end < length && at(end) === at(start) && isWrong(end)) end++;
    const isLong = end - start > nearTicks;
    if (isLong || start - to > nearTicks) flush();
    if (from === to) from = start;
    to = end;
    if (isLong) flush();
  }
  flush();
  if (told.since !== since && ticks?.some((one) => one > told.since !== one > since) === true) {
    spans.push({ kind: 'since', offset, tick: since });
    told.since = since;
  }
  told.ticks = ticks?.slice();
  return spans;
}

/** Long runs of one state by their length, what changes from byte to byte as it is. */
function stateSpans({ range, states }: ToldPage, flags: Uint8Array): DeltaSpan[] {
  const spans: DeltaSpan[] = [];
  /** What is not sent yet: from one byte to before another. */
  let from = 0;
  let to = 0;
  const flush = (): void => {
    const bytes = flags.subarray(from, to);
    const state = bytes[0];
    if (state === undefined) return;
    const offset = range.offset + from;
    const isOne = bytes.every((flag) => flag === state);
    spans.push(
      isOne ? { kind: 'state', offset, length: bytes.length, state } : { kind: 'states', offset, bytes },
    );
    from = to;
  };
  for (let start = 0, end = 0; start < flags.length; start = end) {
    end = start + 1;
    if (flags[start] === states[start]) continue;
    while (end < flags.length && flags[end] === flags[start] && flags[end] !== states[end]) end++;
    const isLong = end - start > cheapGap;
    if (isLong || start - to > cheapGap) flush();
    if (from === to) from = start;
    to = end;
    if (isLong) flush();
  }
  flush();
  return spans;
}

/** Runs of what differs, as start and end; those that are closer than a span's head are joined. */
function runs(length: number, differs: (i: number) => boolean): [number, number][] {
  const found: [number, number][] = [];
  let last: [number, number] | undefined;
  for (let i = 0; i < length; i++) {
    if (!differs(i)) continue;
    if (last !== undefined && i - last[1] <= cheapGap) last[1] = i + 1;
    else {
      last = [i, i + 1];
      found.push(last);
    }
  }
  return found;
}
