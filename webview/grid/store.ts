/**
 * The bytes that the page holds: a bounded number of pages of memory, as the host last said. It says which of them it wants
 * to be kept up to date; the host's deltas say what became different. Old bytes stay on screen until newer ones arrive.
 * What was typed is laid over them until the host has taken or refused it.
 */

import {
  type DeltaSpan,
  keptPages,
  lengthOf,
  pageRange,
  pagesIn,
  unpackDelta,
} from '../../src/editor/delta.ts';
import type { PageWindow, ShownBytes } from '../../src/editor/messages.ts';
import { stateBits } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { endOf, mergeRanges, runAt } from '../../src/model/ranges.ts';
import { RequestError, requestTimeout } from '../host.ts';
import type { Run } from './edits.ts';

/** Changes are tracked in runs of so many bytes: other runs are not drawn again. */
const blockBytes = 64;

/** Updates whose time is remembered. */
const keptTimes = 1024;

/** What the store tells the host. */
export interface StoreHost {
  window(window: PageWindow): void;
  /** The delta with this number was drawn, and all before it. */
  drawn(number: number): void;
  /** Milliseconds, counted from whenever. */
  now(): number;
}

/** A byte each of a page's bytes. */
interface Planes {
  /** What the device held when it was last read. */
  readonly base: Uint8Array;
  /** `stateBits` without `changed`. */
  readonly states: Uint8Array;
  /** The values of staged bytes. */
  readonly staged: Uint8Array;
}

/** What a page knows of its bytes. */
interface Content extends Planes {
  /** When each byte last changed, as a tick of the host's; 0 never. Undefined: none ever did. */
  ticks: Uint32Array | undefined;
  /** What changed after this tick is marked, unless another moment is asked about. */
  since: number;
}

interface Page extends Content {
  readonly range: ByteRange;
  /** Number of the window in which all of it was asked for: deltas from before say nothing of it. */
  asked: number;
  /** The host has said what it holds, in answer to `asked`. */
  told: boolean;
  /** Of each run of `blockBytes`, the version of the store in which it last changed. */
  readonly versions: Uint32Array;
  /** What is still on screen, until the first draw after a delta; its planes are `spare`. */
  onScreen: Content | undefined;
  /** Where what is on screen is kept; undefined: it never was. */
  spare: (Planes & { readonly ticks: Uint32Array }) | undefined;
  /** What bytes held before they changed, -1 where this page does not know; undefined: of none. See `ByteStore.old`. */
  olds: Int16Array | undefined;
}

/** What was typed and is not in a delta yet. */
interface TypedRun {
  /** Id of the `edit` request. */
  readonly edit: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** The bytes over one range. Single-threaded; `onChange` is called after every change of content. */
export class ByteStore {
  readonly #host: StoreHost;
  readonly #range: ByteRange;
  readonly #onChange: () => void;
  #moment: number | undefined;
  readonly #pages = new Map<number, Page>();
  /** Pages whose `onScreen` is set. */
  readonly #undrawn = new Set<Page>();
  #typed: readonly TypedRun[] = [];
  #wanted: readonly number[] = [];
  #window = 0;
  /** Number of the first window after a restart. Deltas for earlier windows are ignored. */
  #begun = 1;
  /** Number of the last delta. */
  #number = 0;
  #drawn = 0;
  #tick = 0;
  #past: readonly Run[] | undefined;
  /** When the page heard of each update, the oldest first. */
  readonly #times = new Map<number, number>();
  /** Of updates up to this one nobody knows when they were; -1 before the first delta. */
  #firstTick = -1;
  #version = 0;
  /** The version in which what was typed last changed. */
  #typedVersion = 0;
  #failure: unknown;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(host: StoreHost, range: ByteRange, onChange: () => void) {
    this.#host = host;
    this.#range = range;
    this.#onChange = onChange;
  }

  /** Another number after every change of what is held of a range, and perhaps after others. */
  versionIn(range: ByteRange): number {
    let newest = this.#typedVersion;
    for (const index of pagesIn(range, this.#range)) {
      const page = this.#pages.get(index);
      if (page === undefined) continue;
      const from = Math.max(range.offset - page.range.offset, 0);
      const to = Math.min(range.offset + range.length - page.range.offset, page.range.length);
      for (let block = Math.floor(from / blockBytes); block * blockBytes < to; block++) {
        newest = Math.max(newest, page.versions[block] ?? 0);
      }
    }
    return newest;
  }

  /** Numbers of the pages held. */
  get pages(): readonly number[] {
    return [...this.#pages.keys()];
  }

  /** Why the wanted bytes are not here, if they could not be had. */
  get failure(): unknown {
    return this.#failure;
  }

  /** The moment of the last delta, for `read`: the tick of the last update of which the page was told. */
  get tick(): number {
    return this.#tick;
  }

  /**
   * A copy of what is held of a range. Bytes that are not here have flags 0.
   *
   * @param since bytes that changed after this tick have the flag `changed`; without it, those that changed since the
   *   `moment`, or without one, those that the last read of their page found changed
   */
  read(range: ByteRange, since = this.#moment): ShownBytes {
    return this.#copy(range, (page) => page, since);
  }

  /** Since when changes count: after a tick of the host's. Undefined: what the last updates brought. */
  get moment(): number | undefined {
    return this.#moment;
  }

  set moment(moment: number | undefined) {
    if (moment === this.#moment) return;
    this.#moment = moment;
    // What changed since has its old value from before another moment.
    for (const page of this.#pages.values()) page.olds = undefined;
  }

  /**
   * A moment of a recording is what is shown: what the bytes held that changed at it. Undefined: what is now. All that is wanted is
   * asked for anew where the one follows the other: what differs between them did not change.
   */
  get past(): readonly Run[] | undefined {
    return this.#past;
  }

  set past(past: readonly Run[] | undefined) {
    const isOther = (past === undefined) !== (this.#past === undefined);
    this.#past = past;
    if (isOther) this.retry();
    else this.#changed();
  }

  /**
   * What a cell held when changes began to count: at the moment, or before each byte's last change. Undefined where nothing
   * changed, or where this page did not see it.
   */
  old({ offset, base, flags }: ShownBytes): Uint8Array | undefined {
    if (!flags.some((each) => (each & stateBits.changed) !== 0)) return undefined;
    const old = base.slice();
    for (const [i, flag] of flags.entries()) {
      if ((flag & stateBits.changed) === 0) continue;
      const at = offset + i;
      const [index = -1] = pagesIn({ offset: at, length: 1 }, this.#range);
      const page = this.#pages.get(index);
      const run = runAt(this.#past ?? [], at);
      const value =
        (this.#past === undefined ? page?.olds?.[at - page.range.offset] : run?.bytes[at - run.offset]) ?? -1;
      if (value < 0) return undefined;
      old[i] = value;
    }
    return old;
  }

  /** As `read`, but as last drawn: what a person can have seen. */
  seen(range: ByteRange): ShownBytes {
    return this.#copy(range, (page) => page.onScreen ?? page);
  }

  /** The grid was drawn: all that is held counts as seen. */
  drawn(): void {
    for (const page of this.#undrawn) page.onScreen = undefined;
    this.#undrawn.clear();
    if (this.#number === this.#drawn) return;
    this.#drawn = this.#number;
    this.#host.drawn(this.#number);
  }

  /** Says what is shown, and where the cursor is: both are kept up to date from now on. */
  want(range: ByteRange, cursor?: number): void {
    const indexes = new Set(pagesIn(range, this.#range));
    if (cursor !== undefined) {
      for (const index of pagesIn({ offset: cursor, length: 1 }, this.#range)) indexes.add(index);
    }
    const wanted = [...indexes].sort((a, b) => a - b);
    if (wanted.length === this.#wanted.length && wanted.every((index, i) => index === this.#wanted[i]))
      return;
    this.#wanted = wanted;
    this.#ask();
  }

  /** Asks for all that is wanted anew: after a failure, or when a delta was lost. */
  retry(): void {
    this.#begun = this.#window + 1;
    this.#number = 0;
    this.#drawn = 0;
    for (const index of [...this.#pages.keys()]) if (!this.#wanted.includes(index)) this.#drop(index);
    for (const page of this.#pages.values()) {
      page.asked = 0;
      page.told = false;
    }
    this.#fail(undefined);
    this.#ask();
  }

  /** The host says that the wanted bytes cannot be had. */
  unavailable(message: string): void {
    this.#fail(new RequestError('refused', message));
  }

  /** Shows bytes that the host had when it wrote the page, until the first delta says what they are. */
  begin({ offset, bytes, flags, base }: ShownBytes): void {
    for (const index of pagesIn({ offset, length: base.length }, this.#range)) {
      const page = this.#pages.get(index) ?? blank(pageRange(index, this.#range));
      this.#pages.set(index, page);
      const from = Math.max(offset, page.range.offset);
      const to = Math.min(offset + base.length, endOf(page.range));
      const cut = [from - offset, to - offset] as const;
      const at = from - page.range.offset;
      page.base.set(base.subarray(...cut), at);
      page.staged.set(bytes.subarray(...cut), at);
      page.states.set(
        flags.subarray(...cut).map((flag) => flag & ~stateBits.changed),
        at,
      );
    }
    this.#changed();
  }

  /** Takes a delta of the host. */
  take(packed: Uint8Array): void {
    const delta = unpackDelta(packed);
    if (delta === undefined) {
      this.#fail(new RequestError('bad-answer'));
      return;
    }
    if (delta.window < this.#begun) return;
    if (delta.number !== this.#number + 1) {
      this.retry();
      return;
    }
    this.#number = delta.number;
    this.#noteTime(delta.tick);
    this.#tick = delta.tick;
    const typed = this.#typed.filter(({ edit }) => edit > delta.edit);
    if (typed.length < this.#typed.length) this.#setTyped(typed);
    for (const page of this.#pages.values()) {
      if (page.told || delta.window < page.asked) continue;
      this.#keepOnScreen(page);
      for (const plane of [page.base, page.states, page.staged]) plane.fill(0);
      page.ticks = undefined;
      page.olds = undefined;
      page.since = 0;
      page.told = true;
      page.versions.fill(this.#version + 1);
    }
    for (const span of delta.spans) this.#apply(span, delta.tick);
    if (this.#wanted.every((index) => this.#pages.get(index)?.told === true)) {
      clearTimeout(this.#patience);
      this.#patience = undefined;
      this.#failure = undefined;
    }
    this.#changed();
  }

  /** Shows typed bytes at once, until a delta has the host's view of the edit with this id. */
  type(edit: number, runs: readonly Run[]): void {
    this.#setTyped(this.#typed.concat(runs.map(({ offset, bytes }) => ({ edit, offset, bytes }))));
    this.#changed();
  }

  /** The edit with this id was refused. */
  untype(edit: number): void {
    this.#setTyped(this.#typed.filter((run) => run.edit !== edit));
    this.#changed();
  }

  #setTyped(typed: readonly TypedRun[]): void {
    this.#typed = typed;
    this.#typedVersion = this.#version + 1;
  }

  /** When a byte was last seen to change, by `now`; `undefined` if that was before this page, or never. */
  changedAt(offset: number): number | undefined {
    const [index = -1] = pagesIn({ offset, length: 1 }, this.#range);
    const page = this.#pages.get(index);
    const tick = page?.ticks?.[offset - page.range.offset] ?? 0;
    if (tick <= this.#firstTick) return undefined;
    // A delta may tell of several updates: the first one that had this one is meant.
    for (const [told, at] of this.#times) if (told >= tick) return at;
    return undefined;
  }

  /** When each byte of a range last changed, as ticks; 0 where that is not known, or never was. To be read at once. */
  changes(range: ByteRange): Uint32Array {
    const indexes = pagesIn(range, this.#range);
    const [only = -1] = indexes;
    const ticks = this.#pages.get(only)?.ticks;
    if (indexes.length === 1 && ticks !== undefined) {
      const from = range.offset - pageRange(only, this.#range).offset;
      return ticks.subarray(from, from + range.length);
    }
    const changes = new Uint32Array(range.length);
    for (const index of indexes) {
      const page = this.#pages.get(index);
      if (page?.ticks === undefined) continue;
      const from = Math.max(range.offset, page.range.offset);
      const to = Math.min(range.offset + range.length, page.range.offset + page.range.length);
      changes.set(page.ticks.subarray(from - page.range.offset, to - page.range.offset), from - range.offset);
    }
    return changes;
  }

  /** Changes up to this tick were heard of at `time` (by `now`) or before, as `changedAt` says of each. */
  heardBy(time: number): number {
    let newest = Math.max(this.#firstTick, 0);
    for (const [tick, at] of this.#times) if (at <= time && tick > newest) newest = tick;
    return newest;
  }

  #noteTime(tick: number): void {
    if (this.#firstTick < 0) this.#firstTick = tick;
    if (tick === this.#tick) return;
    this.#times.set(tick, this.#host.now());
    for (const told of this.#times.keys()) {
      if (this.#times.size <= keptTimes) break;
      this.#times.delete(told);
      this.#firstTick = told;
    }
  }

  #copy(range: ByteRange, content: (page: Page) => Content, moment?: number): ShownBytes {
    const flags = new Uint8Array(range.length);
    const base = new Uint8Array(range.length);
    const bytes = new Uint8Array(range.length);
    for (const index of pagesIn(range, this.#range)) {
      const page = this.#pages.get(index);
      if (page === undefined) continue;
      const from = Math.max(range.offset, page.range.offset);
      const to = Math.min(range.offset + range.length, page.range.offset + page.range.length);
      const { base: held, states, staged, ticks, since } = content(page);
      const end = to - page.range.offset;
      for (let i = from - page.range.offset, at = from - range.offset; i < end; i++, at++) {
        const state = states[i] ?? 0;
        base[at] = held[i] ?? 0;
        bytes[at] = ((state & stateBits.staged) !== 0 ? staged[i] : held[i]) ?? 0;
        flags[at] = (ticks?.[i] ?? 0) > (moment ?? since) ? state | stateBits.changed : state;
      }
    }
    for (const run of this.#typed) layOver({ offset: range.offset, bytes, flags, base }, run);
    return { offset: range.offset, bytes, flags, base };
  }

  /** Asks for what is wanted. */
  #ask(): void {
    this.#window++;
    const missing: ByteRange[] = [];
    for (const index of this.#wanted) {
      const page = this.#pages.get(index) ?? blank(pageRange(index, this.#range));
      // Insertion order is the order of last use: the oldest are dropped first.
      this.#pages.delete(index);
      this.#pages.set(index, page);
      if (page.told || page.asked > 0) continue;
      page.asked = this.#window;
      missing.push(page.range);
    }
    for (const index of this.#pages.keys()) {
      if (this.#pages.size <= keptPages) break;
      this.#drop(index);
    }
    const wanted = this.#wanted.map((index) => pageRange(index, this.#range));
    this.#host.window({
      number: this.#window,
      wanted: mergeRanges(wanted),
      missing: mergeRanges(missing),
      anew: this.#window === this.#begun,
    });
    if (this.#patience !== undefined || missing.length === 0) return;
    this.#patience = setTimeout(() => this.#fail(new RequestError('timed-out')), requestTimeout);
  }

  #drop(index: number): void {
    const page = this.#pages.get(index);
    if (page !== undefined) this.#undrawn.delete(page);
    this.#pages.delete(index);
  }

  #apply(span: DeltaSpan, tick: number): void {
    const length = lengthOf(span);
    for (const index of pagesIn({ offset: span.offset, length }, this.#range)) {
      const page = this.#pages.get(index);
      // What was dropped is asked for whole when it is wanted again.
      if (page?.told !== true) continue;
      this.#keepOnScreen(page);
      const { offset } = page.range;
      const from = Math.max(span.offset, offset) - offset;
      const to = Math.min(span.offset + length, offset + page.range.length) - offset;
      if (span.kind === 'since') {
        this.#markSince(page, span.tick);
        continue;
      }
      page.versions.fill(this.#version + 1, Math.floor(from / blockBytes), Math.ceil(to / blockBytes));
      const skipped = Math.max(offset - span.offset, 0);
      if (span.kind === 'state') page.states.fill(span.state, from, to);
      else if (span.kind === 'tick') ticksOf(page).fill(span.tick, from, to);
      else if (span.kind === 'ticks')
        ticksOf(page).set(span.ticks.subarray(skipped, skipped + to - from), from);
      else {
        const bytes = span.bytes.subarray(skipped, skipped + to - from);
        if (span.kind === 'base') noteChanges(page, from, bytes, tick, this.#moment);
        page[span.kind].set(bytes, from);
      }
    }
  }

  #markSince(page: Page, since: number): void {
    const { ticks, versions } = page;
    for (let i = 0; ticks !== undefined && i < ticks.length; i++) {
      const tick = ticks[i] ?? 0;
      if (tick > since !== tick > page.since) versions[Math.floor(i / blockBytes)] = this.#version + 1;
    }
    page.since = since;
  }

  #keepOnScreen(page: Page): void {
    if (page.onScreen === undefined) {
      const { base, states, staged, ticks, since } = page;
      // Memory of the last time: new memory thirty times a second would have to be collected as often.
      const spare = page.spare ?? emptyPlanes(page.range.length);
      spare.base.set(base);
      spare.states.set(states);
      spare.staged.set(staged);
      if (ticks !== undefined) spare.ticks.set(ticks);
      page.spare = spare;
      page.onScreen = { ...spare, ticks: ticks && spare.ticks, since };
    }
    this.#undrawn.add(page);
  }

  /** `undefined` takes a failure back. */
  #fail(failure: unknown): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#failure = failure;
    this.#changed();
  }

  #changed(): void {
    this.#version++;
    this.#onChange();
  }
}

function emptyPlanes(length: number): Planes & { readonly ticks: Uint32Array } {
  const plane = (): Uint8Array => new Uint8Array(length);
  return { base: plane(), states: plane(), staged: plane(), ticks: new Uint32Array(length) };
}

function blank(range: ByteRange): Page {
  return {
    range,
    ...emptyPlanes(range.length),
    ticks: undefined,
    since: 0,
    asked: 0,
    told: false,
    versions: new Uint32Array(Math.ceil(range.length / blockBytes)),
    onScreen: undefined,
    spare: undefined,
    olds: undefined,
  };
}

/** When each byte of the page changed, to be written to. */
function ticksOf(page: Page): Uint32Array {
  page.ticks ??= new Uint32Array(page.range.length);
  return page.ticks;
}

/**
 * Bytes that were known, and are others in a new base, changed at the delta's tick; see `delta.ts`.
 *
 * @param moment what a byte held then is its old value, not what it held before each of its changes
 */
function noteChanges(page: Page, from: number, base: Uint8Array, tick: number, moment?: number): void {
  for (let i = 0; i < base.length; i++) {
    const at = from + i;
    const before = page.base[at];
    if (((page.states[at] ?? 0) & stateBits.known) === 0 || before === undefined || before === base[i])
      continue;
    const ticks = ticksOf(page);
    if (moment === undefined || (ticks[at] ?? 0) <= moment) {
      page.olds ??= new Int16Array(page.range.length).fill(-1);
      page.olds[at] = before;
    }
    ticks[at] = tick;
  }
}

/** Lays what was typed over bytes. */
function layOver({ offset, bytes, flags, base }: ShownBytes, run: TypedRun): void {
  const from = Math.max(offset, run.offset);
  const to = Math.min(offset + bytes.length, run.offset + run.bytes.length);
  for (let at = from; at < to; at++) {
    const i = at - offset;
    const state = flags[i] ?? 0;
    const value = run.bytes[at - run.offset] ?? 0;
    const isBase = (state & stateBits.known) !== 0 && base[i] === value;
    bytes[i] = value;
    flags[i] = isBase ? state & ~stateBits.staged : state | stateBits.staged;
  }
}
