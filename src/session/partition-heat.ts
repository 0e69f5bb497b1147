/**
 * Where a partition's memory changes: a survey of each of its memories while somebody looks, and how warm that makes the tiles.
 * Knows when to survey and how many words; not how heat is shown. A free partition is never taken for it.
 */
import type { Partition, PartitionMemory, Survey, SurveyUpdate } from '../board/board.ts';
import { type BoardError, toBoardError } from '../board/errors.ts';
import { maxSurveyTotal, maxSurveyWords } from '../board/protocol/core-client.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import {
  formatTile,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  tileCount,
  tiles,
} from '../model/geometry.ts';
import { Heat } from '../model/heat.ts';
import { besideTile, coldNote, ofAllTiles, ofTile, pauseText } from '../model/heat-texts.ts';
import type { Localiser } from '../model/localiser.ts';
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
  /** The epoch that the list told when it began. */
  readonly listed: string | undefined;
  /** It brought something. */
  hasTold: boolean;
  /** Words of each tile, and in a second, as asked for. */
  readonly words: number;
  readonly wordsPerSecond: number;
}

/** One memory whose survey failed. */
interface Failed {
  readonly error: BoardError;
  readonly retry: Disposable;
}

/** One memory in one epoch. */
interface Known {
  readonly geometry: MemoryGeometry;
  readonly epoch: string;
  readonly heat: Heat;
  /** Tiles that cannot be read, by their index in buffer order. */
  readonly unreadable: Map<number, UnreadableReason>;
}

/** What a person is told of a tile of one memory. */
interface Told {
  readonly tile: Tile;
  readonly step: number;
  readonly reason?: UnreadableReason;
}

/** What is known of a tile's memories. */
export interface TileHeat {
  /** 0 to `hottest`. */
  readonly step: number;
  /** Why it cannot be looked at; the step is 0 then. */
  readonly reason?: UnreadableReason;
  /** Localised, for its hover. */
  readonly text: string;
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
  /** Kept while surveys begin anew: giving them back would change those of others. */
  readonly #shares = new Map<MemoryType, ReturnType<ReadBudget['join']>>();
  /** Outlives a survey that begins anew in the same epoch. */
  readonly #known = new Map<MemoryType, Known>();
  /** Memories to survey, as the partition had them when it was opened last. */
  #wanted: ReadonlySet<MemoryType> | undefined;
  #opening: AbortController | undefined;
  /** Memories that wait until they are tried again. */
  readonly #failed = new Map<MemoryType, Failed>();
  /** How often in a row each failed. */
  readonly #failures = new Map<MemoryType, number>();
  /** What was last told, by memory and tile; of cold tiles that can be read nothing. */
  #tiles: ReadonlyMap<string, Told> = new Map();
  #toldPause: HeatPause = 'hidden';
  #toldPart = false;

  constructor(link: BoardLink, key: PartitionKey, services: SessionServices) {
    this.#link = link;
    this.#key = key;
    this.#services = services;
  }

  /** Fires when a tile has another step or can or cannot be read now, or when heat begins or ceases to be known. */
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
    // The board saw the owner leave before its list told.
    if ([...this.#failed.values()].some(({ error }) => error.code === 'not-asked')) return 'free';
    const hasFailed = this.#failed.size > 0 && this.#types.every((type) => this.#failed.has(type));
    return hasFailed ? 'failed' : undefined;
  }

  /** Memories to survey; before the partition was opened all that there may be. */
  get #types(): readonly MemoryType[] {
    return [...(this.#wanted ?? surveyed)];
  }

  /** Heat is known, but not of all memories. */
  get #isPart(): boolean {
    return this.pause === undefined && this.#types.some((type) => this.#failed.has(type));
  }

  /** Memories that are neither surveyed nor wait until they are tried again. */
  get #missing(): readonly MemoryType[] {
    return this.#types.filter((type) => !this.#running.has(type) && !this.#failed.has(type));
  }

  /** What stands beside a tile of one memory; empty while it is cold or nothing is known. */
  besideTile(memory: MemoryType, tile: Tile, l10n: Localiser): string {
    const { step = 0, reason } = this.#tiles.get(placeOf(memory, tile)) ?? {};
    return besideTile(step, reason, l10n);
  }

  /** The warmest of a tile's memories, else one that cannot be looked at; `undefined` while all are cold or nothing is known. */
  ofTile(tile: Tile, l10n: Localiser): TileHeat | undefined {
    const known = [...surveyed].flatMap((memory) => this.#tiles.get(placeOf(memory, tile)) ?? []);
    const [first] = known.sort((a, b) => b.step - a.step);
    if (first === undefined) return undefined;
    const { step, reason } = first;
    return { step, text: ofTile(step, reason, l10n), ...(reason && { reason }) };
  }

  /** What heat does not tell, while it is known. */
  note(l10n: Localiser): string[] {
    return this.pause === undefined ? [coldNote(l10n)] : [];
  }

  /** What all of it means, or why nothing is known; `undefined` where that is said elsewhere. */
  summary(l10n: Localiser): { readonly text: string; readonly isKnown: boolean } | undefined {
    const { pause } = this;
    if (pause === 'free' || pause === 'failed') return { text: pauseText(pause, l10n), isKnown: false };
    if (pause !== undefined) return undefined;
    const unreadable = [...this.#tiles.values()].filter(({ reason }) => reason !== undefined);
    const count = new Set(unreadable.map(({ tile }) => formatTile(tile))).size;
    return { text: ofAllTiles(count, this.#isPart, l10n), isKnown: true };
  }

  get #info() {
    return this.#link.partitions.find(({ key }) => key === this.#key);
  }

  #update(): void {
    const isAsked = this.#viewers.size > 0 && this.#info?.inUse === true;
    if (!isAsked || this.#link.state.kind !== 'connected') this.#forgetFailures();
    const isWanted = this.pause === undefined;
    if (!isWanted || this.#hasOtherEpoch()) this.#stop();
    if (!isWanted) this.#giveUp();
    else if (this.#missing.length > 0) void this.#begin();
    this.#tell();
  }

  /** The list told of another epoch than the one that is surveyed. */
  #hasOtherEpoch(): boolean {
    const listed = this.#info?.epoch;
    return [...this.#running].some(
      ([type, running]) =>
        running.hasTold && running.listed !== listed && this.#known.get(type)?.epoch !== listed,
    );
  }

  async #begin(): Promise<void> {
    if (this.#opening !== undefined) return;
    const opening = new AbortController();
    this.#opening = opening;
    try {
      const partition = await this.#link.open(this.#key, opening.signal, 'nobody');
      if (!opening.signal.aborted) this.#survey(partition);
    } catch (error) {
      if (!opening.signal.aborted)
        for (const type of this.#missing) this.#failedWith(type, toBoardError(error));
    } finally {
      if (this.#opening === opening) {
        this.#opening = undefined;
        this.#update();
      }
    }
  }

  #survey({ memories }: Partition): void {
    const all = memories.filter(({ geometry }) => surveyed.has(geometry.type));
    this.#wanted = new Set(all.map(({ geometry }) => geometry.type));
    const missing = new Set(this.#missing);
    const wanted = all.filter(({ geometry }) => missing.has(geometry.type));
    // All shares first: each one more makes the others smaller.
    for (const { geometry } of wanted) {
      if (this.#shares.has(geometry.type)) continue;
      const share = this.#link.budget.join(() => this.#shareChanged(), wordsNeeded(geometry));
      this.#shares.set(geometry.type, share);
    }
    for (const memory of wanted) {
      try {
        this.#surveyMemory(memory);
      } catch (error) {
        this.#failedWith(memory.geometry.type, toBoardError(error));
      }
    }
  }

  #surveyMemory(memory: PartitionMemory): void {
    const { geometry } = memory;
    const { type } = geometry;
    const wordsPerSecond = this.#shares.get(type)?.words ?? 1;
    const words = wordsPerTile(geometry, wordsPerSecond);
    const options = { periodMs, wordsPerTile: words, wordsPerSecond };
    const survey = memory.survey(options, (update) => this.#looked(type, survey, update));
    const listed = this.#info?.epoch;
    const running: Running = { geometry, survey, listed, hasTold: false, words, wordsPerSecond };
    this.#running.set(type, running);
    void survey.ended.then((error) => {
      if (this.#running.get(type) !== running) return;
      this.#running.delete(type);
      this.#known.delete(type);
      // Another epoch is no failure: its memory is surveyed at once.
      if (error.code !== 'epoch' || !running.hasTold) this.#failedWith(type, error);
      this.#update();
    });
  }

  #looked(type: MemoryType, survey: Survey, update: SurveyUpdate): void {
    const running = this.#running.get(type);
    if (running?.survey !== survey) return;
    this.#failures.delete(type);
    const at = this.#services.now();
    const known = this.#knownOf(running, update.epoch);
    for (const { tile, changed, reason } of update.tiles) {
      if (reason === undefined) known.unreadable.delete(tile);
      else known.unreadable.set(tile, reason);
      known.heat.changed(tile, changed / running.words, at);
    }
    this.#tell();
    survey.seen();
  }

  /** What is known of a surveyed memory: heat of another epoch is forgotten. */
  #knownOf(running: Running, epoch: string): Known {
    const { geometry } = running;
    const before = this.#known.get(geometry.type);
    if (running.hasTold && before?.epoch === epoch) return before;
    running.hasTold = true;
    const heat = before?.epoch === epoch ? before.heat : new Heat();
    // A survey tells anew at first which tiles cannot be read.
    const known = { geometry, epoch, heat, unreadable: new Map<number, UnreadableReason>() };
    this.#known.set(geometry.type, known);
    return known;
  }

  /** Others want more, or less: a survey that would read differently then begins anew. */
  #shareChanged(): void {
    const others = [...this.#running].filter(
      ([type, { wordsPerSecond }]) => this.#shares.get(type)?.words !== wordsPerSecond,
    );
    for (const [type, { survey }] of others) {
      this.#running.delete(type);
      survey.dispose();
    }
    if (others.length > 0) this.#update();
  }

  /** A memory is tried again after a while: an owner may have been ending, a driver busy. The others go on. */
  #failedWith(type: MemoryType, error: BoardError): void {
    const failures = this.#failures.get(type) ?? 0;
    this.#failures.set(type, failures + 1);
    this.#known.delete(type);
    const share = this.#shares.get(type);
    this.#shares.delete(type);
    share?.dispose();
    const retry = this.#services.after(Math.min(retryMs.last, retryMs.first * 2 ** failures), () => {
      this.#failed.delete(type);
      this.#update();
    });
    this.#failed.get(type)?.retry.dispose();
    this.#failed.set(type, { error, retry });
  }

  #forgetFailures(): void {
    for (const { retry } of this.#failed.values()) retry.dispose();
    this.#failed.clear();
    this.#failures.clear();
    this.#wanted = undefined;
  }

  #stop(): void {
    this.#opening?.abort();
    this.#opening = undefined;
    const running = [...this.#running.values()];
    this.#running.clear();
    for (const { survey } of running) survey.dispose();
  }

  /** Nothing is surveyed for now: the shares are for others, and what was known is old. */
  #giveUp(): void {
    const shares = [...this.#shares.values()];
    this.#shares.clear();
    this.#known.clear();
    for (const share of shares) share.dispose();
  }

  /** Tells if something is different for a person by now. */
  #tell(): void {
    const at = this.#services.now();
    const now = new Map<string, Told>();
    const pause = this.pause;
    for (const { geometry, epoch, heat, unreadable } of this.#known.values()) {
      // What is listed counts: heat of another epoch is shown to nobody.
      if (pause !== undefined || epoch !== this.#info?.epoch) continue;
      const warm = heat.warm(at);
      if (warm.size + unreadable.size === 0) continue;
      tiles(geometry).forEach((tile, index) => {
        const reason = unreadable.get(index);
        const step = reason === undefined ? (warm.get(index) ?? 0) : 0;
        if (step === 0 && reason === undefined) return;
        now.set(placeOf(geometry.type, tile), { tile, step, ...(reason && { reason }) });
      });
    }
    const isPart = this.#isPart;
    const isSame =
      pause === this.#toldPause &&
      isPart === this.#toldPart &&
      now.size === this.#tiles.size &&
      [...now].every(([place, { step, reason }]) => {
        const before = this.#tiles.get(place);
        return before?.step === step && before.reason === reason;
      });
    this.#tiles = now;
    this.#toldPause = pause;
    this.#toldPart = isPart;
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
