/**
 * Goes through ranges of a memory and collects hits, a piece at a time. A byte without a value is never part of a hit.
 * Knows bytes and their states; not who reads them, and not what is shown.
 */
import { type BytesView, stateBits } from '../byte-state.ts';
import type { ByteRange } from '../geometry.ts';
import { endOf, mergeRanges, without } from '../ranges.ts';
import { type Automaton, dead } from './automaton.ts';
import type { Budget, ByteMatcher } from './byte-matcher.ts';
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

/** What is known of bytes that are not here: somebody else searched them. */
export interface FoundBeyond {
  /** Runs of bytes that are not here, ascending, not overlapping. */
  readonly gaps: readonly ByteRange[];
  /** What was found there. Only hits with a byte in a gap count. */
  readonly hits?: HitList;
  /** Whether bytes of such a hit that are here still are part of one, as far as can be seen. */
  readonly mayBeHit?: (hit: ByteRange) => boolean;
}

/** More hits are not collected. */
export const mostHits = 1_000_000;

/** Bytes that are asked for at once: they fit into a processor's cache. */
const pieceBytes = 64 * 1024;
/** Of expressions: a byte may take long. */
const expressionBytes = 8 * 1024;
/** What it takes to ask for some bytes, and to take one through an expression, in units of a `Budget`. */
const pieceWork = 256;
const stepWork = 4;
/** What it takes to keep a hit. */
const hitWork = 32;

/**
 * An expression of which a hit may always become longer goes through all that follows for each hit: it is given up once it
 * took so many bytes for each of the ranges.
 */
const mostTaken = 16;
/** Fewer are taken in any case. */
const freeTaken = 8 * 1024 * 1024;

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
  /** The present range, or with `#isBetween` the one behind the present gap. */
  #index = 0;
  /** It takes hits with bytes between two ranges; the number of the next one. */
  #isBetween = false;
  #nextHit = 0;
  /** Bytes of the ranges before the present one. */
  #before = 0;
  /** The next byte to search, and the first one of the range that was not counted yet. */
  #at = 0;
  #fresh = 0;
  #done = 0;
  #unseen = 0;
  /** Of an expression: its state, where the present attempt began, the end of the best hit so far. */
  #state = dead;
  #begin = 0;
  #end = -1;
  /** While it goes back to the beginning of a hit: the first byte behind the next one to search, the earliest beginning so far. */
  #back: { state: number; at: number; first: number } | undefined;
  /** Bytes that an expression took, again and again where it had to. */
  #taken = 0;
  /** What is left of the work of a step. */
  readonly #budget: Budget = { left: 0 };
  readonly #beyond: FoundBeyond;
  /** Where the last hit ends. */
  #lastEnd = 0;
  /** Where the present range ends: before a hit that reaches into the gap behind it. */
  #stop = 0;
  /** See `openFrom`. */
  #openFrom: number | undefined;

  /**
   * @param bytesPerTile values do not leave their tile, and count from its first byte
   * @param beyond parts of the ranges that are not here
   */
  constructor(
    source: FindSource,
    pattern: Pattern,
    ranges: readonly ByteRange[],
    bytesPerTile: number,
    beyond: FoundBeyond = { gaps: [] },
  ) {
    this.#source = source;
    this.#pattern = pattern;
    this.#ranges = without(mergeRanges(ranges), beyond.gaps);
    this.#bytesPerTile = bytesPerTile;
    this.#beyond = beyond;
    this.total = this.#ranges.reduce((sum, { length }) => sum + length, 0);
    const [gap] = beyond.gaps;
    if (gap !== undefined && gap.offset <= (this.#ranges[0]?.offset ?? gap.offset))
      this.#openFrom = gap.offset;
    if (beyond.hits === undefined) this.#enterRange();
    else this.#isBetween = true;
  }

  /**
   * Where a search has to begin that finds what begins before the first of the gaps and ends in it, so that it finds what a search
   * from the first byte on finds; known once the bytes before that gap were searched.
   */
  get openFrom(): number | undefined {
    return this.#openFrom;
  }

  /** Bytes that were searched; where that is done over and over, those before the present attempt. */
  get done(): number {
    if (this.#taken <= 2 * this.#done) return this.#done;
    return this.#before + this.#begin - (this.#ranges[this.#index]?.offset ?? this.#begin);
  }

  /** Of these the ones without a value. */
  get unseen(): number {
    return this.#unseen;
  }

  get isOver(): boolean {
    return this.isFull || this.isGivenUp || (this.#index >= this.#ranges.length && !this.#isBetween);
  }

  /** There may be more hits than are collected. */
  get isFull(): boolean {
    return this.hits.count >= mostHits;
  }

  /** It would have to take the same bytes again and again: it ended before it had searched all of them. */
  get isGivenUp(): boolean {
    const isTooMuch = this.#taken > freeTaken && this.#taken > mostTaken * this.total;
    return isTooMuch && this.#index < this.#ranges.length;
  }

  /** Does some more work, about so much, in units of a `Budget`: whatever is searched for, it takes no longer. */
  step(work: number): void {
    this.#budget.left = work;
    while (this.#budget.left > 0 && !this.isOver) {
      if (this.#isBetween) {
        this.#stepBetween();
        continue;
      }
      const range = this.#ranges[this.#index];
      if (range === undefined) return;
      if (this.#at < this.#stop || this.#back !== undefined) {
        this.#stepIn({ offset: range.offset, length: this.#stop - range.offset }, this.#pattern);
        this.#budget.left -= pieceWork;
      }
      if (this.#at >= this.#stop && this.#back === undefined) {
        this.#leaveRange(range);
        this.#index++;
        this.#before += range.length;
        this.#done = this.#before;
        if (!this.#isBetween) this.#enterRange();
      }
    }
  }

  #enterRange(): void {
    const range = this.#ranges[this.#index];
    if (range === undefined) return;
    this.#at = Math.max(range.offset, this.#lastEnd);
    this.#fresh = this.#at;
    this.#stop = endOf(range);
    const hit = this.#hitOver(endOf(range));
    if (hit !== undefined && hit.offset >= this.#at) this.#stop = Math.min(this.#stop, hit.offset);
    this.#restart(this.#at);
  }

  /** A hit that begins before a place, has bytes behind it, and may count. */
  #hitOver(place: number): ByteRange | undefined {
    const { hits, mayBeHit } = this.#beyond;
    const hit = hits?.at(hits.firstFrom(place) - 1);
    return hit !== undefined && endOf(hit) > place && mayBeHit?.(hit) !== false ? hit : undefined;
  }

  #leaveRange(range: ByteRange): void {
    const end = endOf(range);
    this.#openFrom ??= this.#pattern.kind === 'expression' ? end : this.#openBefore(range);
    const { hits } = this.#beyond;
    if (hits === undefined) return;
    this.#isBetween = true;
    this.#nextHit = hits.firstFrom(end) - (this.#hitOver(end) === undefined ? 0 : 1);
  }

  /** Takes some of the hits with bytes before the next range and behind the last one. */
  #stepBetween(): void {
    const { hits, mayBeHit } = this.#beyond;
    const before = endOf(this.#ranges[this.#index - 1]);
    const next = this.#ranges[this.#index]?.offset ?? Number.POSITIVE_INFINITY;
    for (; this.#budget.left > 0 && !this.isFull; this.#nextHit++) {
      const hit = hits?.at(this.#nextHit);
      if (hit === undefined || hit.offset >= next) {
        this.#isBetween = false;
        this.#enterRange();
        return;
      }
      const isBeyond = hit.offset >= before && endOf(hit) <= next;
      if (hit.offset >= this.#lastEnd && (isBeyond || mayBeHit?.(hit) !== false))
        this.#add(hit.offset, hit.length);
      this.#budget.left -= hitWork;
    }
  }

  /** The first place at which a hit could begin that a gap behind the range cuts. */
  #openBefore(range: ByteRange): number {
    const length = this.#pattern.kind === 'expression' ? 1 : this.#pattern.matcher.length;
    return Math.max(range.offset, this.#lastEnd, endOf(range) - length + 1);
  }

  #add(offset: number, length: number): void {
    this.hits.add(offset, length);
    this.#lastEnd = offset + length;
  }

  /** Searches one piece, as far as the budget goes. */
  #stepIn(range: ByteRange, pattern: Pattern): void {
    if (pattern.kind === 'bytes') this.#stepBytes(range, pattern.matcher);
    else if (pattern.kind === 'values') this.#stepValues(range, pattern.matcher);
    else this.#stepExpression(range, pattern);
  }

  /** Goes on at `next`, and counts the bytes before it, those for the first time. Behind the flags all have a value. */
  #counted(flags: Uint8Array | undefined, start: number, next: number): void {
    this.#at = next;
    const from = Math.max(start, this.#fresh);
    if (next <= from) return;
    this.#fresh = next;
    this.#done += next - from;
    if (flags === undefined) return;
    this.#unseen += countWithout(flags, from - start, Math.min(next - start, flags.length));
    this.#budget.left -= next - from;
  }

  #stepBytes(range: ByteRange, matcher: ByteMatcher): void {
    const { length } = matcher;
    const budget = this.#budget;
    const start = this.#at;
    const view = this.#source.view({ offset: start, length: endOf(range) - start });
    const { length: there, bytes, flags } = view;
    if (bytes === undefined) {
      this.#counted(undefined, start, start + there);
      this.#unseen += there;
      return;
    }
    let at = 0;
    while (at <= there - length && budget.left > 0 && !this.isFull) {
      const found = matcher.find(bytes, at, there, budget);
      at = found.at;
      if (!found.isHit) continue;
      const missing = flags === undefined ? -1 : lastWithout(flags, at, at + length);
      if (missing < 0) this.#add(start + at, length);
      at = missing < 0 ? at + length : missing + 1;
      budget.left -= flags === undefined ? hitWork : hitWork + length;
    }
    // A hit may end behind these bytes.
    for (; at > there - length && at < there && budget.left > 0 && !this.isFull; at++) {
      if (start + at + length > endOf(range)) {
        at = there;
        break;
      }
      if (!matcher.fits(bytes, at, there, budget)) continue;
      const whole = this.#source.bytes({ offset: start + at, length });
      budget.left -= pieceWork + length;
      if (!matcher.fits(whole.bytes, 0, length, budget) || lastWithout(whole.flags, 0, length) >= 0) continue;
      this.#add(start + at, length);
      // All bytes of the hit have a value: only those behind it are searched.
      at += length;
      break;
    }
    this.#counted(flags, start, start + at);
  }

  #stepValues(range: ByteRange, { length, align, find }: ValueMatcher): void {
    const budget = this.#budget;
    const start = this.#at;
    const inTile = start % this.#bytesPerTile;
    const limit = Math.min(endOf(range), start - inTile + this.#bytesPerTile);
    const stop = Math.min(limit, start + pieceBytes);
    // A hit that begins in the piece may end behind it.
    const end = Math.min(limit, stop + length - 1);
    const { bytes, flags } = this.#source.bytes({ offset: start, length: end - start });
    const last = end - start - length;
    let next = stop;
    let at = (align - (inTile % align)) % align;
    while (at <= last && budget.left > 0 && !this.isFull) {
      const found = find(bytes, at, end - start, budget);
      at = found.at;
      if (!found.isHit) continue;
      const missing = lastWithout(flags, at, at + length);
      if (missing < 0) {
        this.#add(start + at, length);
        next = Math.max(next, start + at + length);
      }
      at += Math.ceil((missing < 0 ? length : missing + 1 - at) / align) * align;
      budget.left -= hitWork + length;
    }
    this.#counted(flags, start, at > last ? next : start + at);
  }

  /** What was searched behind a hit is searched once more. */
  #stepExpression(range: ByteRange, { forwards, backwards }: Extract<Pattern, { kind: 'expression' }>): void {
    const budget = this.#budget;
    this.#goBack(backwards);
    const start = this.#at;
    const stop = Math.min(endOf(range), start + expressionBytes);
    if (this.#back !== undefined || start >= stop) return;
    const { bytes, flags } = this.#source.bytes({ offset: start, length: stop - start });
    let at = start;
    while (at >= start && at < stop && budget.left > 0 && !this.isFull && this.#back === undefined) {
      const isThere = ((flags[at - start] ?? 0) & hasValue) !== 0;
      this.#state = isThere ? forwards.next(this.#state, bytes[at - start] ?? 0, budget) : dead;
      at++;
      budget.left -= stepWork;
      this.#taken++;
      if (forwards.isEnd(this.#state)) this.#end = at;
      // With more bytes it could go on.
      if (at === endOf(range) && this.#state !== dead) this.#openFrom ??= this.#begin;
      const isLast = this.#state === dead || at === endOf(range);
      if (isLast && this.#end >= 0) {
        // What lies before the end of the hit counts as searched; from there it goes on.
        this.#counted(flags, start, at);
        at = this.#end;
        this.#back = { state: backwards.start, at, first: at };
        this.#goBack(backwards);
      } else if (this.#state === dead) this.#restart(at);
    }
    this.#counted(flags, start, at);
  }

  /** Goes back from the end of a hit, and adds it once it is known where it begins: as early as it can. */
  #goBack(backwards: Automaton): void {
    const back = this.#back;
    if (back === undefined) return;
    while (back.at > this.#begin && back.state !== dead) {
      if (this.#budget.left <= 0) return;
      const start = Math.max(this.#begin, back.at - expressionBytes);
      const { bytes } = this.#source.bytes({ offset: start, length: back.at - start });
      while (back.at > start && back.state !== dead && this.#budget.left > 0) {
        back.at--;
        this.#budget.left -= stepWork;
        back.state = backwards.next(back.state, bytes[back.at - start] ?? 0, this.#budget);
        if (backwards.isEnd(back.state)) back.first = back.at;
      }
    }
    this.#add(back.first, this.#end - back.first);
    this.#back = undefined;
    this.#restart(this.#end);
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
