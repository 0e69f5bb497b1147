/**
 * Follows what is shown by itself: keeps one watch on the board for all who follow, as fast as the fastest of them. Knows who
 * follows, what they look at, and why nothing is followed; not what is in the bytes, and nothing of edits.
 *
 * What the board told and what the image holds must be the same: the board tells only what differs from what it told
 * before. Whatever else changes bytes of the image says so (`disturbed`), and the watch begins anew.
 */
import type { PartitionMemory, Watch, WatchOptions, WatchUpdate } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import { toBoardError } from '../board/errors.ts';
import type { Disposable } from '../model/event.ts';
import { type ByteRange, wordBytes } from '../model/geometry.ts';
import { endOf, intersectRanges, mergeRanges } from '../model/ranges.ts';
import type { Follower } from './follower.ts';
import { type Image, readGap } from './image.ts';
import { LiveFigures } from './live-figures.ts';
import type { ReadBudget } from './read-budget.ts';
import type { SessionServices } from './services.ts';
import type { LiveState } from './types.ts';

/** Milliseconds before a watch that failed is tried again: doubled up to the last, until one brings something. */
const retryMs = { first: 1000, last: 8000 } as const;
/** A byte that changed is marked for so long, milliseconds: a person sees a mark that comes and goes ten times a second as flicker. */
const markMs = 1000;
/** One look is a watch that ends with its first update: it has no time for another. */
const onceMs = 60_000;

/** What following needs of the other pieces, and tells them. */
export interface Followers {
  /** What a document shows; undefined while it is hidden. */
  lookOf(document: string): ByteRange | undefined;
  /** Learns the way to the bytes. */
  open(): Promise<PartitionMemory>;
  /** An update brought bytes: `store` puts them into the image, and answers the runs that changed. */
  arrived(store: () => ByteRange[]): void;
  /** Nobody follows any more what is shown: what is missing has to be read. */
  ended(): void;
  told(): void;
}

/** The watch under way. */
interface Running {
  readonly watch: Watch;
  readonly memory: PartitionMemory;
  /** The epoch that it belongs to. */
  serial: number;
  asked: WatchOptions;
  /** It brought something. */
  told: boolean;
  /** An update was taken over, and the board does not know yet. */
  unseen: boolean;
}

export class Live {
  readonly #services: SessionServices;
  readonly #budget: ReadBudget;
  readonly #image: Image;
  readonly #follower: Follower;
  readonly #others: Followers;
  /** Milliseconds from look to look, by document; infinite: only when a debug session stops. */
  readonly #periods = new Map<string, number>();
  /** Documents whose pages have not drawn yet what they were told. */
  readonly #behind = new Set<string>();
  /** Documents that are looked at once: a debug session stopped. */
  readonly #once = new Set<string>();
  /** A debug session is stopped. */
  #isStopped = false;
  /** The last update that showed what a stop had left; undefined before the first. */
  #stopTick: number | undefined;
  #running: Running | undefined;
  #failed: BoardError | undefined;
  #failures = 0;
  #retry: Disposable | undefined;
  readonly #figures = new LiveFigures();
  /** Of the last updates: when each came, and the update before it. */
  readonly #marks: { at: number; tick: number }[] = [];
  /** When the bytes of the last update were read. */
  #readAt: number | undefined;
  /** Its share of the budget, while it watches. */
  #share: Disposable | undefined;
  #isOpening = false;
  #isOver = false;

  constructor(
    services: SessionServices,
    budget: ReadBudget,
    image: Image,
    follower: Follower,
    others: Followers,
  ) {
    this.#services = services;
    this.#budget = budget;
    this.#image = image;
    this.#follower = follower;
    this.#others = others;
  }

  /** The update after which all changed since the last stop of a debug session; undefined if none stopped yet. */
  get stopTick(): number | undefined {
    return this.#stopTick;
  }

  /** How the document is followed: undefined if it is not. */
  stateOf(document: string): LiveState | undefined {
    const periodMs = this.#periods.get(document);
    if (periodMs === undefined) return undefined;
    if (!this.#follower.isConnected) return { periodMs, paused: 'disconnected' };
    if (!this.#follower.isInUse) return { periodMs, paused: 'free' };
    if (this.#failed !== undefined) return { periodMs, paused: 'failed', error: this.#failed };
    if (this.#isStopped && Number.isFinite(periodMs) && !this.#once.has(document)) {
      return { periodMs, paused: 'stopped' };
    }
    if (this.#readAt === undefined || !this.covers(document)) return { periodMs };
    return { periodMs, readAt: this.#readAt, ...this.#figures.rates };
  }

  /** Whether what the document shows comes by itself, so that nobody has to read it. */
  covers(document: string): boolean {
    return this.#running !== undefined && this.#periodOf(document) !== undefined;
  }

  /** The document is followed from now on, or not any more. */
  follow(document: string, periodMs: number | undefined): void {
    if (periodMs === undefined) this.#behind.delete(document);
    if (this.#periods.get(document) === periodMs) return;
    if (periodMs === undefined) {
      this.#periods.delete(document);
      this.#once.delete(document);
    } else this.#periods.set(document, periodMs);
    this.update();
    this.#others.told();
  }

  /**
   * Whether the document's page has not drawn yet what it was told. While nobody who looks has drawn it, nothing more is
   * looked at on the board.
   */
  setBehind(document: string, isBehind: boolean): void {
    if (isBehind) this.#behind.add(document);
    else this.#behind.delete(document);
    this.#goOn();
  }

  /**
   * A debug session stopped (true): all who follow look once, and no more until it goes on (false). A stop again is another
   * look.
   */
  setStopped(isStopped: boolean): void {
    if (!isStopped && !this.#isStopped) return;
    // What the next look finds changed since the stop that is over.
    if (this.#isStopped || this.#stopTick === undefined) this.#stopTick = this.#image.updates.last;
    this.#isStopped = isStopped;
    this.#once.clear();
    if (isStopped) {
      for (const document of this.#periods.keys()) {
        if (this.#others.lookOf(document) !== undefined) this.#once.add(document);
      }
      // What it told and what is under way may be from before the stop.
      this.#stop();
    }
    this.update();
    this.#others.told();
  }

  /** Something changed of who looks where, of the connection or of the partition. */
  update(): void {
    const asked = this.#asked();
    const { memory, isConnected, isInUse, serial } = this.#follower;
    if (!isConnected || !isInUse) {
      this.#forgetFailure();
      this.#once.clear();
    }
    if (asked === undefined || !isConnected || !isInUse || this.#failed !== undefined || this.#isOver) {
      this.#end();
      return;
    }
    if (memory === undefined) {
      this.#end();
      void this.#open();
      return;
    }
    const running = this.#running;
    if (running === undefined || running.memory !== memory || running.serial !== serial) {
      this.#begin(memory, asked);
    } else if (!isSame(running.asked, asked)) {
      running.asked = asked;
      running.watch.change(asked);
    }
    this.#goOn();
  }

  /** Bytes of the image in these ranges became different by something else than an update. */
  disturbed(ranges: readonly ByteRange[]): void {
    const running = this.#running;
    if (running === undefined) return;
    const hit = running.asked.ranges.some((watched) =>
      ranges.some((range) => intersectRanges(range, watched) !== undefined),
    );
    if (!hit) return;
    this.#stop();
    this.update();
  }

  dispose(): void {
    this.#isOver = true;
    this.#periods.clear();
    this.#forgetFailure();
    this.#stop();
  }

  /** What is to be watched: what those who follow see, in whole words. */
  #asked(): WatchOptions | undefined {
    if (this.#image.geometry === undefined) return undefined;
    const shown: ByteRange[] = [];
    let periodMs = Number.POSITIVE_INFINITY;
    for (const document of this.#periods.keys()) {
      const period = this.#periodOf(document);
      if (period === undefined) continue;
      const look = this.#others.lookOf(document);
      const inside = look && intersectRanges(look, this.#image.whole);
      if (inside === undefined) continue;
      const offset = inside.offset - (inside.offset % wordBytes);
      const end = Math.ceil(endOf(inside) / wordBytes) * wordBytes;
      shown.push({ offset, length: end - offset });
      periodMs = Math.min(periodMs, period);
    }
    if (shown.length === 0) return undefined;
    return { ranges: mergeRanges(shown, readGap), periodMs, wordsPerSecond: this.#budget.share };
  }

  /** Milliseconds from look to look now; undefined while the document is not looked at. */
  #periodOf(document: string): number | undefined {
    const period = this.#periods.get(document);
    if (period === undefined || this.#once.has(document)) return period && onceMs;
    return this.#isStopped || !Number.isFinite(period) ? undefined : period;
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      await this.#others.open();
    } catch (error) {
      this.#failedWith(toBoardError(error));
    } finally {
      this.#isOpening = false;
    }
    this.update();
  }

  #begin(memory: PartitionMemory, wanted: WatchOptions): void {
    this.#stop();
    const { serial } = this.#follower;
    this.#share ??= this.#budget.join(() => this.update());
    this.#figures.begin(this.#services.now());
    const asked = { ...wanted, wordsPerSecond: this.#budget.share };
    let running: Running | undefined;
    try {
      const watch = memory.watch(asked, (update) => {
        if (running !== undefined && running === this.#running) this.#arrived(running, update);
      });
      running = { watch, memory, serial, asked, told: false, unseen: false };
    } catch (error) {
      this.#failedWith(toBoardError(error));
      return;
    }
    const begun = running;
    this.#running = begun;
    void begun.watch.ended.then((error) => {
      if (begun !== this.#running) return;
      this.#forget();
      this.#failedWith(error);
    });
  }

  /** Has the board look again, once somebody who looks has drawn the last update. */
  #goOn(): void {
    const running = this.#running;
    if (running?.unseen !== true) return;
    const isAwaited = [...this.#periods.keys()].some(
      (document) => this.#others.lookOf(document) !== undefined && !this.#behind.has(document),
    );
    if (!isAwaited) return;
    running.unseen = false;
    running.watch.seen();
  }

  #arrived(running: Running, update: WatchUpdate): void {
    this.#failures = 0;
    if (!running.told) {
      running.told = true;
      // What was asked before the list told of another epoch says nothing about which one is current.
      if (running.serial === this.#follower.serial) this.#follower.setEpoch(update.epoch);
      running.serial = this.#follower.serial;
      this.#follower.readWell();
    }
    const since = this.#markedSince(update.at);
    const fresh = update.epoch === this.#follower.epoch;
    const looked = running.asked.ranges;
    const { coveredMs = 0 } = update;
    this.#readAt = Number.isFinite(coveredMs) ? update.at - coveredMs : undefined;
    this.#figures.add(update.at, update.words, update.wireBytes);
    running.unseen = true;
    this.#others.arrived(() =>
      this.#image.store(update, { since, fresh, skip: [], looked, lookedAt: this.#readAt }),
    );
    if (this.#once.size > 0) {
      this.#once.clear();
      this.update();
    }
    this.#others.told();
    this.#goOn();
  }

  /** The update after which changes are marked: the last one that is older than a mark. */
  #markedSince(at: number): number {
    const marks = this.#marks;
    marks.push({ at, tick: this.#image.updates.last });
    while ((marks[0]?.at ?? at) <= at - markMs) marks.shift();
    return marks[0]?.tick ?? 0;
  }

  /** It is tried again after a while: an owner may have been ending, a driver busy. */
  #failedWith(error: BoardError): void {
    this.#failed = error;
    this.#retry?.dispose();
    const wait = Math.min(retryMs.last, retryMs.first * 2 ** this.#failures);
    this.#failures++;
    this.#retry = this.#services.after(wait, () => {
      this.#failed = undefined;
      this.update();
      this.#others.told();
    });
    this.#others.ended();
    this.#others.told();
  }

  #forgetFailure(): void {
    this.#retry?.dispose();
    this.#retry = undefined;
    this.#failed = undefined;
    this.#failures = 0;
  }

  #end(): void {
    if (this.#running === undefined) return;
    this.#stop();
    this.#others.ended();
  }

  #stop(): void {
    const running = this.#running;
    this.#forget();
    running?.watch.dispose();
  }

  #forget(): void {
    this.#running = undefined;
    this.#readAt = undefined;
    this.#share?.dispose();
    this.#share = undefined;
  }
}

function isSame(a: WatchOptions, b: WatchOptions): boolean {
  return (
    a.periodMs === b.periodMs &&
    a.wordsPerSecond === b.wordsPerSecond &&
    a.ranges.length === b.ranges.length &&
    a.ranges.every(
      ({ offset, length }, i) => offset === b.ranges[i]?.offset && length === b.ranges[i]?.length,
    )
  );
}
