/**
 * Goes through ranges of a memory and collects hits, a piece at a time. A byte without a value is never part of a hit.
 * Knows bytes and their states; not who reads them, and not what is shown.
 */
import { type BytesView, stateBits } from '../byte-state.ts';
import type { ByteRange } from '../geometry.ts';
import { endOf, mergeRanges } from '../ranges.ts';
import { type Automaton, dead } from './automaton.ts';
import type { ByteMatcher } from './byte-matcher.ts';
import { HitList } from './hit-list.ts';
import type { Pattern } from './pattern.ts';
import type { ValueMatcher } from './value-matcher.ts';

/** Where bytes come from. */
interface FindSource {
  /** The bytes of a range with their states (`stateBits`). The arrays are not kept. */
  bytes(range: ByteRange): { readonly bytes: Uint8Array; readonly flags: Uint8Array };
  /** As many of them as can be had without a copy; at least one. */
  view(range: ByteRange): BytesView;
}

/** More hits are not collected. */
const mostHits = 1_000_000;

/** Bytes that are asked for at once: they fit into a processor's cache. */
const pieceBytes = 64 * 1024;
/** Of expressions: a byte may take long. */
const expressionBytes = 8 * 1024;

const hasValue = stateBits.known | stateBits.staged;

/** One search. Hits do not overlap, and none reaches over the end of a range. */
export class Finder {
  readonly hits = new HitList();
  /** Bytes of all ranges. */
  readonly total: number;
  readonly #source: FindSource;
  readonly #pattern: Pattern;
  readonly #ranges: readonly ByteRange[];
  readonly #bytesPerTile: number;
  #index = 0;
  /** The next byte to look at, and the first one of the range that was not counted yet. */
  #at = 0;
  #fresh = 0;
  #done = 0;
  #unseen = 0;
  /** Of an expression: its state, where the present attempt began, the end of the best hit so far. */
  #state = dead;
  #begin = 0;
  #end = -1;

  /** @param bytesPerTile values do not leave their tile, and count from its first byte */
  constructor(source: FindSource, pattern: Pattern, ranges: readonly ByteRange[], bytesPerTile: number) {
    this.#source = source;
    this.#pattern = pattern;
    this.#ranges = mergeRanges(ranges);
    this.#bytesPerTile = bytesPerTile;
    this.total = this.#ranges.reduce((sum, { length }) => sum + length, 0);
    this.#enterRange();
  }

  /** Bytes that were looked at. */
  get done(): number {
    return this.#done;
  }

  /** Of these the ones without a value. */
  get unseen(): number {
    return this.#unseen;
  }

  get isOver(): boolean {
    return this.isFull || this.#index >= this.#ranges.length;
  }

  /** There may be more hits than are collected. */
  get isFull(): boolean {
    return this.hits.count >= mostHits;
  }

  /** Looks at some more bytes, about so many. */
  step(most: number): void {
    for (let left = most; left > 0 && !this.isOver; ) {
      const range = this.#ranges[this.#index];
      if (range === undefined) return;
      left -= this.#stepIn(range, this.#pattern);
      if (this.#at >= endOf(range)) {
        this.#index++;
        this.#enterRange();
      }
    }
  }

  #enterRange(): void {
    this.#at = this.#ranges[this.#index]?.offset ?? 0;
    this.#fresh = this.#at;
    this.#restart(this.#at);
  }

  /** Looks at one piece; answers how many bytes that were. */
  #stepIn(range: ByteRange, pattern: Pattern): number {
    switch (pattern.kind) {
      case 'bytes':
        return this.#stepBytes(range, pattern.matcher);
      case 'values':
        return this.#stepValues(range, pattern.matcher);
      case 'expression':
        return this.#stepExpression(range, pattern);
    }
  }

  /** Counts the bytes of a piece that were looked at, those for the first time. */
  #looked(flags: Uint8Array, start: number, stop: number): void {
    const from = Math.max(start, this.#fresh);
    if (stop <= from) return;
    this.#fresh = stop;
    this.#done += stop - from;
    this.#unseen += countWithout(flags, from - start, stop - start);
  }

  #stepBytes(range: ByteRange, matcher: ByteMatcher): number {
    const { length } = matcher;
    const start = this.#at;
    const {
      length: there,
      bytes,
      flags,
    } = this.#source.view({ offset: start, length: endOf(range) - start });
    this.#at = start + there;
    this.#done += there;
    if (bytes === undefined) this.#unseen += there;
    else {
      if (flags !== undefined) this.#unseen += countWithout(flags, 0, there);
      let from = 0;
      for (
        let found = matcher.find(bytes, from, there);
        found >= 0;
        found = matcher.find(bytes, from, there)
      ) {
        const missing = flags === undefined ? -1 : lastWithout(flags, found, found + length);
        from = missing < 0 ? found + length : missing + 1;
        if (missing < 0) this.hits.add(start + found, length);
        if (this.isFull) return there;
      }
      // A hit may end behind these bytes.
      for (let at = Math.max(from, there - length + 1); at < there; at++) {
        if (start + at + length > endOf(range)) break;
        if (!matcher.fits(bytes, at, there)) continue;
        const whole = this.#source.bytes({ offset: start + at, length });
        if (!matcher.fits(whole.bytes, 0, length) || lastWithout(whole.flags, 0, length) >= 0) continue;
        this.hits.add(start + at, length);
        // All bytes of the hit have a value: only those behind it are looked at.
        this.#at = start + at + length;
        this.#done += this.#at - start - there;
        break;
      }
    }
    return there;
  }

  #stepValues(range: ByteRange, { length, align, find }: ValueMatcher): number {
    const start = this.#at;
    const inTile = start % this.#bytesPerTile;
    const limit = Math.min(endOf(range), start - inTile + this.#bytesPerTile);
    const stop = Math.min(limit, start + pieceBytes);
    // A hit that begins in the piece may end behind it.
    const end = Math.min(limit, stop + length - 1);
    const { bytes, flags } = this.#source.bytes({ offset: start, length: end - start });
    let next = stop;
    let from = (align - (inTile % align)) % align;
    for (let found = find(bytes, from, end - start); found >= 0; found = find(bytes, from, end - start)) {
      const missing = lastWithout(flags, found, found + length);
      if (missing < 0) {
        this.hits.add(start + found, length);
        next = Math.max(next, start + found + length);
        if (this.isFull) break;
      }
      from = found + Math.ceil((missing < 0 ? length : missing + 1 - found) / align) * align;
    }
    this.#at = next;
    this.#looked(flags, start, next);
    return next - start;
  }

  /** What was looked at behind a hit is looked at once more. */
  #stepExpression(
    range: ByteRange,
    { forwards, backwards }: Extract<Pattern, { kind: 'expression' }>,
  ): number {
    const start = this.#at;
    const stop = Math.min(endOf(range), start + expressionBytes);
    const { bytes, flags } = this.#source.bytes({ offset: start, length: stop - start });
    let looked = 0;
    let at = start;
    while (at >= start && at < stop && !this.isFull) {
      const isThere = ((flags[at - start] ?? 0) & hasValue) !== 0;
      this.#state = isThere ? forwards.next(this.#state, bytes[at - start] ?? 0) : dead;
      at++;
      looked++;
      if (forwards.isEnd(this.#state)) this.#end = at;
      const isLast = this.#state === dead || at === endOf(range);
      if (isLast && this.#end >= 0) {
        this.#addHit(backwards);
        at = this.#end;
        this.#restart(at);
      } else if (this.#state === dead) this.#restart(at);
    }
    this.#looked(flags, start, at);
    this.#at = at;
    return looked;
  }

  /** Adds the hit of which the end is known: it begins as early as it can. */
  #addHit(backwards: Automaton): void {
    let state = backwards.start;
    let first = this.#end;
    for (let stop = this.#end; stop > this.#begin && state !== dead; ) {
      const start = Math.max(this.#begin, stop - expressionBytes);
      const { bytes } = this.#source.bytes({ offset: start, length: stop - start });
      for (let at = stop - 1; at >= start && state !== dead; at--) {
        state = backwards.next(state, bytes[at - start] ?? 0);
        if (backwards.isEnd(state)) first = at;
      }
      stop = start;
    }
    this.hits.add(first, this.#end - first);
  }

  #restart(at: number): void {
    this.#begin = at;
    this.#end = -1;
    this.#state = this.#pattern.kind === 'expression' ? this.#pattern.forwards.start : dead;
  }
}

/** The last byte without a value from `from` on and before `to`; -1 for none. */
function lastWithout(flags: Uint8Array, from: number, to: number): number {
  for (let i = to - 1; i >= from; i--) if (((flags[i] ?? 0) & hasValue) === 0) return i;
  return -1;
}

function countWithout(flags: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (((flags[i] ?? 0) & hasValue) === 0) count++;
  return count;
}
