/**
 * A recording of changes of a memory: which words changed when, and from what to what; the memory at any of its moments. Bounded:
 * what is oldest falls out, and is counted. Knows neither boards nor pages.
 *
 * A *look* is one reading of all recorded ranges; only those that found something are kept, counted from 1. What changed did so
 * between the beginning of the look before and the end of the look: what came and went meanwhile is in no recording.
 */
import { reasonShift, stateBits } from './byte-state.ts';
import { type ByteRange, wordBytes } from './geometry.ts';
import { intersectRanges } from './ranges.ts';

/** Words of a change: index of the word | old state << 16 | new state << 24, old value, new value. A state is a reason, 0: read. */
export const changeWords = 3;

/** A look that found something. Times in milliseconds since the first look. */
export interface RecordedMoment {
  /** When it ended. */
  readonly at: number;
  /** When the look before it began. */
  readonly after: number;
  /** `changeWords` for each change, ascending by index. */
  readonly changes: Uint32Array;
}

/** The recorded words at one moment, and of each its state. */
export interface RecordedWords {
  readonly words: Uint32Array;
  readonly states: Uint8Array;
}

/** What follows what is known of a recording. */
export interface RecordingPart {
  /** Empty before the first look. */
  readonly epoch: string;
  /** When the first look was, milliseconds since 1970 on the board's clock. */
  readonly beganAt: number;
  /** When the last look ended, whatever it found, milliseconds since then. */
  readonly at: number;
  /** How many looks were made, and how many words of 32 bits they read. */
  readonly made: number;
  readonly read: number;
  /** Looks that found something, and their changes, that fell out where it is recorded. */
  readonly lostMoments: number;
  readonly lostChanges: number;
  /** The memory before `first`: whatever was known before is of no more use. */
  readonly base?: RecordedWords;
  /** The number of the first look. */
  readonly first: number;
  readonly moments: readonly RecordedMoment[];
  /** There is more to ask for. */
  readonly hasMore: boolean;
}

/** One change of a run of bytes. */
export interface RecordedChange {
  /** The number of the look that found it. */
  readonly moment: number;
  /** Between these two times it changed, milliseconds since the recording began. */
  readonly after: number;
  readonly at: number;
  /** Each byte's value, and its state as in `RecordedBytes`. */
  readonly old: RecordedBytes;
  readonly now: RecordedBytes;
}

/** Bytes at one moment; states as in `byte-state.ts`: known, unreadable with its reason, or 0 where nothing is recorded. */
export interface RecordedBytes {
  readonly bytes: Uint8Array;
  readonly states: Uint8Array;
}

/** A part does not fit what came before. */
export class RecordingError extends Error {}

/** Bytes that a look and a change are counted with, as the ring of the board's side counts them. */
const momentBytes = 24;
const changeBytes = 12;

type About = Omit<RecordingPart, 'base' | 'first' | 'moments' | 'hasMore'>;

export class Recording {
  /** Whole words, ascending, not overlapping. */
  readonly ranges: readonly ByteRange[];
  /** Words of all ranges together. */
  readonly size: number;
  readonly #mostBytes: number;
  /** Of each range, the index of its first word. */
  readonly #starts: readonly number[];
  #moments: RecordedMoment[] = [];
  #first = 1;
  #changes = 0;
  #lost = 0;
  /** The memory before the oldest look that is kept. */
  #oldest: RecordedWords | undefined;
  /** The memory after the look `#shown`, for who asks next. */
  #copy: RecordedWords = { words: new Uint32Array(), states: new Uint8Array() };
  #shown = 0;
  #about: About = { epoch: '', beganAt: 0, at: 0, made: 0, read: 0, lostMoments: 0, lostChanges: 0 };

  /** @param mostBytes of looks and changes that are kept */
  constructor(ranges: readonly ByteRange[], mostBytes: number) {
    this.ranges = ranges;
    this.#mostBytes = mostBytes;
    let words = 0;
    this.#starts = ranges.map(({ length }) => {
      const start = words;
      words += length / wordBytes;
      return start;
    });
    this.size = words;
  }

  /** The first look was made: there is something to show. */
  get hasBegun(): boolean {
    return this.#oldest !== undefined;
  }

  /** When and of what it is, as the board's side last told. */
  get about(): About {
    return this.#about;
  }

  /** The oldest look that is kept; one more than `last` where none is. */
  get first(): number {
    return this.#first;
  }

  /** The newest look that found something; one less than `first` where none is kept. */
  get last(): number {
    return this.#first + this.#moments.length - 1;
  }

  /** The look to ask for next; 0: everything. */
  get next(): number {
    return this.hasBegun ? this.last + 1 : 0;
  }

  /** Changes that are kept, and those that fell out at the old end. */
  get counts(): { readonly kept: number; readonly lost: number } {
    return { kept: this.#changes, lost: this.#lost };
  }

  /** A look by its number; undefined where it is not kept. */
  moment(number: number): RecordedMoment | undefined {
    return this.#moments[number - this.#first];
  }

  /** The last look that ended at this time or before (ms since the beginning); `first - 1` where none did. */
  momentAt(at: number): number {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#moments[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return this.#first + low - 1;
  }

  /** Takes over what follows; throws RecordingError where it does not fit. */
  take(part: RecordingPart): void {
    if (part.base !== undefined) this.#begin(part.base, part);
    else if (part.moments.length > 0 && part.first !== this.next) {
      throw new RecordingError(`look ${part.first} instead of ${this.next}`);
    }
    for (const moment of part.moments) this.#add(moment);
    this.#dropOldest();
    const { epoch, beganAt, at, made, read, lostMoments, lostChanges } = part;
    this.#about = { epoch, beganAt, at, made, read, lostMoments, lostChanges };
  }

  /** What follows, as `take` takes it over; with the memory before the oldest look where something before it is missing. */
  part(from: number): RecordingPart {
    const hasAll = from >= this.#first && from <= this.last + 1;
    const first = hasAll ? from : this.#first;
    const moments = this.#moments.slice(first - this.#first);
    const base = hasAll || this.#oldest === undefined ? {} : { base: this.#oldest };
    const about = { ...this.#about, lostMoments: this.#first - 1, lostChanges: this.#lost };
    return { ...about, ...base, first, moments, hasMore: false };
  }

  /** The bytes of a range after a look; those before the first look with `first - 1`. */
  bytesAfter(moment: number, { offset, length }: ByteRange): RecordedBytes {
    this.#show(moment);
    const bytes = new Uint8Array(length);
    const states = new Uint8Array(length);
    if (!this.hasBegun) return { bytes, states };
    for (const [i, range] of this.ranges.entries()) {
      const from = Math.max(offset, range.offset);
      const to = Math.min(offset + length, range.offset + range.length);
      for (let at = from; at < to; at++) {
        const index = (this.#starts[i] ?? 0) + Math.floor((at - range.offset) / wordBytes);
        const reason = this.#copy.states[index] ?? 0;
        states[at - offset] = reason === 0 ? stateBits.known : reason << reasonShift;
        bytes[at - offset] = ((this.#copy.words[index] ?? 0) >>> (8 * (at % wordBytes))) & 0xff;
      }
    }
    return { bytes, states };
  }

  /** The bytes that a look found changed, as ascending runs. */
  changedIn(moment: number): ByteRange[] {
    const { changes } = this.moment(moment) ?? { changes: new Uint32Array() };
    const runs: { offset: number; length: number }[] = [];
    for (let i = 0; i < changes.length; i += changeWords) {
      const head = changes[i] ?? 0;
      const offset = this.#offsetOf(head & 0xffff);
      const isOtherState = ((head >>> 16) & 0xff) !== head >>> 24;
      const bits = (changes[i + 1] ?? 0) ^ (changes[i + 2] ?? 0);
      for (let byte = 0; byte < wordBytes; byte++) {
        if (!isOtherState && ((bits >>> (8 * byte)) & 0xff) === 0) continue;
        const last = runs.at(-1);
        if (last !== undefined && last.offset + last.length === offset + byte) last.length++;
        else runs.push({ offset: offset + byte, length: 1 });
      }
    }
    return runs;
  }

  /** The words that a moment changed, by buffer offset; undefined where one could not be read. */
  changesOf(moment: number): { offset: number; old: number | undefined; now: number | undefined }[] {
    const { changes } = this.moment(moment) ?? nothing;
    return Array.from({ length: changes.length / changeWords }, (_, i) => {
      const [head = 0, old = 0, now = 0] = changes.subarray(i * changeWords, (i + 1) * changeWords);
      const known = (word: number, state: number): number | undefined => (state === 0 ? word : undefined);
      const offset = this.#offsetOf(head & 0xffff);
      return { offset, old: known(old, (head >>> 16) & 0xff), now: known(now, head >>> 24) };
    });
  }

  /** The last change of any byte of a range that a look up to this one found; undefined where none is kept. */
  lastChange(range: ByteRange, upTo = this.last): RecordedChange | undefined {
    for (let number = Math.min(upTo, this.last); number >= this.#first; number--) {
      const moment = this.moment(number);
      if (moment === undefined || !this.#touches(moment, range)) continue;
      const old = this.bytesAfter(number - 1, range);
      const now = this.bytesAfter(number, range);
      if (isSame(old.bytes, now.bytes) && isSame(old.states, now.states)) continue;
      return { moment: number, after: moment.after, at: moment.at, old, now };
    }
    return undefined;
  }

  /** The next look in a direction that found any byte of a range changed; undefined where none is kept. */
  nextChange(range: ByteRange, from: number, step: 1 | -1): number | undefined {
    for (let number = from + step; number >= this.#first && number <= this.last; number += step) {
      if (this.changedIn(number).some((run) => intersectRanges(run, range) !== undefined)) return number;
    }
    return undefined;
  }

  /** The buffer offset of a word. */
  #offsetOf(index: number): number {
    let low = 0;
    for (let i = 1; i < this.#starts.length && (this.#starts[i] ?? 0) <= index; i++) low = i;
    return (this.ranges[low]?.offset ?? 0) + (index - (this.#starts[low] ?? 0)) * wordBytes;
  }

  #touches({ changes }: RecordedMoment, range: ByteRange): boolean {
    const end = range.offset + range.length;
    for (let i = 0; i < changes.length; i += changeWords) {
      const offset = this.#offsetOf((changes[i] ?? 0) & 0xffff);
      if (offset < end && offset + wordBytes > range.offset) return true;
    }
    return false;
  }

  #begin({ words, states }: RecordedWords, { first, lostChanges }: RecordingPart): void {
    if (words.length !== this.size || states.length !== this.size) {
      throw new RecordingError(`${words.length} words of ${this.size}`);
    }
    // Where something was kept before, what follows it fell out where it is recorded, and it goes, too.
    this.#moments = [];
    this.#changes = 0;
    this.#lost = lostChanges;
    this.#first = first;
    this.#oldest = { words: words.slice(), states: states.slice() };
    this.#copy = { words: words.slice(), states: states.slice() };
    this.#shown = first - 1;
  }

  #add(moment: RecordedMoment): void {
    const isLater = moment.at >= (this.#moments.at(-1)?.at ?? 0);
    if (
      !this.hasBegun ||
      !isLater ||
      moment.changes.length === 0 ||
      moment.changes.length % changeWords !== 0
    ) {
      throw new RecordingError(`a look at ${moment.at} ms`);
    }
    for (let i = 0; i < moment.changes.length; i += changeWords) {
      const index = (moment.changes[i] ?? 0) & 0xffff;
      if (index >= this.size) throw new RecordingError(`word ${index} of ${this.size}`);
    }
    this.#moments.push(moment);
    this.#changes += moment.changes.length / changeWords;
  }

  /** Where too much is kept, an eighth of it goes: not at each look anew. */
  #dropOldest(): void {
    const bytes = (): number => this.#moments.length * momentBytes + this.#changes * changeBytes;
    if (this.#oldest === undefined || bytes() <= this.#mostBytes) return;
    const least = (this.#mostBytes / 8) * 7;
    let count = 0;
    let gone = 0;
    let left = bytes();
    for (const { changes } of this.#moments) {
      if (left <= least) break;
      count++;
      gone += changes.length / changeWords;
      left -= momentBytes + (changes.length / changeWords) * changeBytes;
    }
    this.#show(Math.max(this.#shown, this.#first + count - 1));
    for (const moment of this.#moments.splice(0, count)) redo(this.#oldest, moment);
    this.#first += count;
    this.#changes -= gone;
    this.#lost += gone;
  }

  /** Makes the copy that of a look, from wherever it is. */
  #show(moment: number): void {
    const target = Math.min(Math.max(moment, this.#first - 1), this.last);
    for (; this.#shown < target; this.#shown++) redo(this.#copy, this.moment(this.#shown + 1));
    for (; this.#shown > target; this.#shown--) undo(this.#copy, this.moment(this.#shown));
  }
}

function redo({ words, states }: RecordedWords, { changes }: RecordedMoment = nothing): void {
  for (let i = 0; i < changes.length; i += changeWords) {
    const head = changes[i] ?? 0;
    words[head & 0xffff] = changes[i + 2] ?? 0;
    states[head & 0xffff] = head >>> 24;
  }
}

function undo({ words, states }: RecordedWords, { changes }: RecordedMoment = nothing): void {
  for (let i = 0; i < changes.length; i += changeWords) {
    const head = changes[i] ?? 0;
    words[head & 0xffff] = changes[i + 1] ?? 0;
    states[head & 0xffff] = (head >>> 16) & 0xff;
  }
}

const nothing: RecordedMoment = { at: 0, after: 0, changes: new Uint32Array() };

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((one, i) => one === b[i]);
}
