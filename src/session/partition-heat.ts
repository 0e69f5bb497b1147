/**
 * Where a partition's memory changes: a survey of each of its memories while somebody looks, and how warm that makes the tiles.
 * Knows when to survey and how many words; not how heat is shown. A free partition is never taken for it.
 */
import type { Partition, Survey, SurveyUpdate } from '../board/board.ts';
import { type BoardError, toBoardError } from '../board/errors.ts';
import { maxSurveyTotal, maxSurveyWords } from '../board/protocol/core-client.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import { type MemoryGeometry, type MemoryType, type Tile, tileCount, tiles } from '../model/geometry.ts';
import { Heat } from '../model/heat.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { BoardLink } from './link.ts';
import type { ReadBudget } from './read-budget.ts';
import type { SessionServices } from './services.ts';

/** Milliseconds from look to look: to find where something changes, no more is needed. */
const periodMs = 1000;
/** Bytes for each of which a word is looked at: what is longer is found at each look. */
const wantedDistance = 512;
/** With less than this a tile's words would take too long to have their turn: the looks become fewer instead. */
const leastWords = 8;
/** Milliseconds before a survey that failed is tried again: doubled up to the last, until one brings something. */
const retryMs = { first: 1000, last: 8000 } as const;
/** Memories that applications write: programs do not change. */
const surveyed: ReadonlySet<MemoryType> = new Set(['data', 'memory-tile']);

/** Why no heat is known; `undefined`: it is. */
export type HeatPause = 'hidden' | 'disconnected' | 'free' | 'failed' | undefined;

/** One memory under survey. */
interface Running {
  readonly geometry: MemoryGeometry;
  readonly survey: Survey;
  readonly heat: Heat;
  readonly share: ReturnType<ReadBudget['join']>;
  /** Words of each tile, and in a second, as asked for. */
  readonly words: number;
  readonly wordsPerSecond: number;
}

/** Words that a look compares in each tile, of what may be read in a second: a power of two. */
export function wordsPerTile({ bytesPerTile, ...geometry }: MemoryGeometry, wordsPerSecond: number): number {
  const count = Math.max(1, tileCount({ ...geometry, bytesPerTile }));
  const wanted = Math.min(bytesPerTile / wantedDistance, maxSurveyWords, maxSurveyTotal / count);
  // Each look reads two words for each that it compares.
  const affordable = Math.max(leastWords, (wordsPerSecond * periodMs) / 1000 / 2 / count);
  return 2 ** Math.max(0, Math.floor(Math.log2(Math.min(wanted, affordable))));
}

/** Words in a second that a survey of a memory needs at most. */
function wordsNeeded(geometry: MemoryGeometry): number {
  const words = wordsPerTile(geometry, Number.POSITIVE_INFINITY);
  return (words * 2 * tileCount(geometry) * 1000) / periodMs;
}

export class PartitionHeat {
  readonly #link: BoardLink;
  readonly #key: PartitionKey;
  readonly #services: SessionServices;
  readonly #changed = new Emitter<void>();
  /** Who looks. */
  readonly #viewers = new Set<object>();
  #following: DisposableStore | undefined;
  readonly #running = new Map<MemoryType, Running>();
  #opening: AbortController | undefined;
  #retry: Disposable | undefined;
  #failed: BoardError | undefined;
  #failures = 0;
  /** The steps that were last told, by memory and tile. */
  #steps: ReadonlyMap<string, number> = new Map();
  #toldPause: HeatPause = 'hidden';

  constructor(link: BoardLink, key: PartitionKey, services: SessionServices) {
    this.#link = link;
    this.#key = key;
    this.#services = services;
  }

  /** Fires when a tile has another step, or when heat begins or ceases to be known. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** Somebody looks, until disposed: only then anything is read. */
  show(): Disposable {
    const viewer = {};
    this.#viewers.add(viewer);
    if (this.#following === undefined) {
      this.#following = new DisposableStore();
      this.#following.add(this.#link.onDidChangeState(() => this.#update()));
      this.#following.add(this.#link.onDidChangePartitions(() => this.#update()));
    }
    this.#update();
    return {
      dispose: () => {
        if (!this.#viewers.delete(viewer) || this.#viewers.size > 0) return;
        this.#following?.dispose();
        this.#following = undefined;
        this.#update();
      },
    };
  }

  /** Why no heat is known. */
  get pause(): HeatPause {
    if (this.#viewers.size === 0) return 'hidden';
    if (this.#link.state.kind !== 'connected') return 'disconnected';
    if (this.#info?.inUse !== true) return 'free';
    return this.#failed === undefined ? undefined : 'failed';
  }

  /** How warm a tile's memory is: 0 to `hottest`; 0 also while nothing is known. */
  step(memory: MemoryType, tile: Tile): number {
    return this.#steps.get(placeOf(memory, tile)) ?? 0;
  }

  /** The warmest of a tile's memories. */
  warmest(tile: Tile): number {
    return Math.max(0, ...[...surveyed].map((memory) => this.step(memory, tile)));
  }

  get #info() {
    return this.#link.partitions.find(({ key }) => key === this.#key);
  }

  #update(): void {
    const isWanted = this.pause === undefined;
    if (this.pause !== 'failed') this.#forgetFailure(isWanted);
    if (!isWanted) this.#stop();
    else if (this.#running.size === 0) void this.#begin();
    this.#tell();
  }

  async #begin(): Promise<void> {
    if (this.#opening !== undefined) return;
    const opening = new AbortController();
    this.#opening = opening;
    try {
      const partition = await this.#link.open(this.#key, opening.signal, 'nobody');
      if (!opening.signal.aborted) this.#survey(partition);
    } catch (error) {
      if (!opening.signal.aborted) this.#failedWith(toBoardError(error));
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  #survey({ memories }: Partition): void {
    // All shares first: each one more makes the others smaller.
    const shared = memories
      .filter(({ geometry }) => surveyed.has(geometry.type))
      .map((memory) => ({
        memory,
        share: this.#link.budget.join(() => this.#shareChanged(), wordsNeeded(memory.geometry)),
      }));
    try {
      for (const { memory, share } of shared) {
        const { geometry } = memory;
        const wordsPerSecond = share.words;
        const words = wordsPerTile(geometry, wordsPerSecond);
        const options = { periodMs, wordsPerTile: words, wordsPerSecond };
        const survey = memory.survey(options, (update) => this.#looked(geometry.type, survey, update));
        const heat = new Heat();
        this.#running.set(geometry.type, { geometry, survey, heat, share, words, wordsPerSecond });
        void survey.ended.then((error) => {
          if (this.#running.get(geometry.type)?.survey !== survey) return;
          this.#stop();
          this.#failedWith(error);
        });
      }
    } catch (error) {
      this.#stop();
      for (const { share } of shared) share.dispose();
      this.#failedWith(toBoardError(error));
    }
  }

  #looked(type: MemoryType, survey: Survey, update: SurveyUpdate): void {
    const running = this.#running.get(type);
    if (running?.survey !== survey) return;
    this.#failures = 0;
    const at = this.#services.now();
    for (const { tile, changed } of update.tiles) running.heat.changed(tile, changed / running.words, at);
    this.#tell();
    survey.seen();
  }

  /** Others want more, or less: a survey that would read differently then begins anew. */
  #shareChanged(): void {
    for (const { share, wordsPerSecond } of this.#running.values()) {
      if (share.words === wordsPerSecond) continue;
      this.#stop();
      this.#update();
      return;
    }
  }

  /** It is tried again after a while: an owner may have been ending, a driver busy. */
  #failedWith(error: BoardError): void {
    this.#failed = error;
    this.#retry?.dispose();
    const wait = Math.min(retryMs.last, retryMs.first * 2 ** this.#failures);
    this.#failures++;
    this.#retry = this.#services.after(wait, () => {
      this.#failed = undefined;
      this.#update();
    });
    this.#tell();
  }

  #forgetFailure(isWanted: boolean): void {
    if (isWanted) return;
    this.#retry?.dispose();
    this.#retry = undefined;
    this.#failed = undefined;
    this.#failures = 0;
  }

  #stop(): void {
    this.#opening?.abort();
    this.#opening = undefined;
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { survey, share } of running) {
      survey.dispose();
      share.dispose();
    }
  }

  /** Tells if something is different for a person by now. */
  #tell(): void {
    const at = this.#services.now();
    const steps = new Map<string, number>();
    for (const { geometry, heat } of this.#running.values()) {
      const warm = heat.warm(at);
      if (warm.size === 0) continue;
      tiles(geometry).forEach((tile, index) => {
        const step = warm.get(index);
        if (step !== undefined) steps.set(placeOf(geometry.type, tile), step);
      });
    }
    const pause = this.pause;
    const isSame =
      pause === this.#toldPause &&
      steps.size === this.#steps.size &&
      [...steps].every(([place, step]) => this.#steps.get(place) === step);
    this.#steps = steps;
    this.#toldPause = pause;
    if (!isSame) this.#changed.fire();
  }
}

function placeOf(memory: MemoryType, { col, row }: Tile): string {
  return `${memory} ${col},${row}`;
}

/** The heat of partitions: one for all who look at the same. */
export class HeatPool {
  readonly #services: SessionServices;
  readonly #known = new WeakMap<BoardLink, Map<PartitionKey, PartitionHeat>>();

  constructor(services: SessionServices) {
    this.#services = services;
  }

  of(link: BoardLink, key: PartitionKey): PartitionHeat {
    const known = this.#known.get(link) ?? new Map<PartitionKey, PartitionHeat>();
    this.#known.set(link, known);
    const heat = known.get(key) ?? new PartitionHeat(link, key, this.#services);
    known.set(key, heat);
    return heat;
  }
}
