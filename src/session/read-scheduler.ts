/**
 * Reads what is shown and missing, and what a gesture or a person asks for; repeats a read after a passing failure. Knows
 * which document shows what, and which reads are under way. Knows no edits: `Read.arrived` deals with them.
 */
import type { Asking, FindOptions, FindResult, PartitionMemory, ReadResult } from '../board/board.ts';
import { BoardError, throwIfCancelled, toBoardError } from '../board/errors.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import { type ByteRange, locate, type Tile } from '../model/geometry.ts';
import { bytesIn, cutRanges, intersectRanges, mergeRanges } from '../model/ranges.ts';
import type { TileStatus } from '../model/status/status.ts';
import { abortable } from './async.ts';
import { SessionError } from './errors.ts';
import type { Follower } from './follower.ts';
import { HaltedCores } from './halted-cores.ts';
import { type Image, readGap } from './image.ts';
import type { BoardLink } from './link.ts';
import type { SessionServices } from './services.ts';
import type { CompleteOptions, MemoryKey } from './types.ts';

/** Bytes and runs of one read request: small enough to show progress and to be cancelled. */
const requestBytes = 1 << 20;
const requestRanges = 512;

/** How often a partition whose owner seems to be ending is read, and the milliseconds between two reads. */
const endingTries = 10;
const endingPause = 100;

/** A read under way, and what was written meanwhile. */
interface Flight {
  readonly written: ByteRange[];
}

/** What the scheduler needs of the other pieces, and tells them. */
export interface Read {
  /** Takes over the layout of a memory that was opened. Throws what speaks against it. */
  adopt(memory: PartitionMemory): void;
  /** A read brought bytes: `store` puts them into the image, and answers the runs that changed. */
  arrived(store: () => ByteRange[]): void;
  /** Whether any edit waits for its epoch to be known. */
  readonly hasEdits: boolean;
  /** What this document shows comes by itself. */
  isFollowed(document: string): boolean;
  /** What somebody shows is another range. */
  looked(): void;
  told(): void;
}

export class ReadScheduler {
  readonly #link: BoardLink;
  readonly #key: MemoryKey;
  readonly #services: SessionServices;
  readonly #image: Image;
  readonly #follower: Follower;
  readonly #others: Read;
  readonly #ended = new AbortController();
  readonly #flights = new Set<Flight>();
  readonly #looks = new Map<string, ByteRange>();
  /** All documents that ever looked. `quiet` are those that did before the owner went: they are read for only when asked. */
  readonly #lookers = new Set<string>();
  #quiet: ReadonlySet<string> = new Set();
  readonly #openTiles = new Set<number>();
  readonly #haltedCores = new HaltedCores();
  #reading = 0;
  #readAsked = 0;
  #readDone = 0;
  #pumping = false;
  #pumpAsked = false;
  /** Counts the looks of persons, and those of them whose bytes were read, or could not be. */
  #asked = 0;
  #answered = 0;
  #learnedBy: Asking | undefined;
  /** Ends the step of the pump that is under way, if nobody asked for it. */
  #unasked: AbortController | undefined;

  constructor(
    link: BoardLink,
    key: MemoryKey,
    services: SessionServices,
    image: Image,
    follower: Follower,
    others: Read,
  ) {
    this.#link = link;
    this.#key = key;
    this.#services = services;
    this.#image = image;
    this.#follower = follower;
    this.#others = others;
  }

  /** Who had the layout learned in the last connection in which it was. */
  get learnedBy(): Asking | undefined {
    return this.#learnedBy;
  }
  get isEnded(): boolean {
    return this.#ended.signal.aborted;
  }
  get isReading(): boolean {
    return this.#reading > 0;
  }
  /** Of what is being read; undefined if nothing is. */
  get percent(): number | undefined {
    if (this.#reading === 0 || this.#readAsked === 0) return undefined;
    return Math.min(100, Math.floor((this.#readDone * 100) / this.#readAsked));
  }
  get haltedCores(): HaltedCores {
    return this.#haltedCores;
  }
  /** Tiles whose program memory may be touched although their cores run: a copy. */
  get openTiles(): ReadonlySet<number> {
    return new Set(this.#openTiles);
  }
  /** Whether `quieten` is in force for a document. */
  get isQuiet(): boolean {
    return this.#quiet.size > 0;
  }

  checkAlive(): void {
    if (this.isEnded) throw new BoardError('cancelled', 'the session was closed');
  }

  setTileOpen(tileIndex: number, open: boolean): void {
    if (open) this.#openTiles.add(tileIndex);
    else this.#openTiles.delete(tileIndex);
    if (this.#openTiles.size === 0) this.#haltedCores.clear();
  }

  /** A new epoch: permissions and errors of cores were those of the old one. */
  closeTiles(): void {
    this.#openTiles.clear();
    this.#haltedCores.clear();
  }

  /** From now on, documents that look at this moment are read for only when asked. */
  quieten(): void {
    this.#quiet = new Set(this.#lookers);
  }

  /** Ends `quieten`. */
  wake(): void {
    this.#quiet = new Set();
  }

  /** A person asked for bytes: this ends `quieten` for all documents. */
  asked(): void {
    if (this.#follower.asked()) this.wake();
  }

  look(document: string, range: ByteRange | undefined, asking: 'look' | 'nobody'): void {
    if (range === undefined) {
      this.#looks.delete(document);
      this.#others.looked();
      return;
    }
    if (this.#image.geometry !== undefined) this.#image.checkRange(range);
    this.#looks.set(document, range);
    this.#lookers.add(document);
    if (asking === 'look') {
      this.#asked++;
      // It may wait at the board, and a person waits for nobody.
      this.#unasked?.abort();
    }
    this.#others.looked();
    void this.pump();
  }

  /** What the document shows; undefined while it is hidden. */
  viewOf(document: string): ByteRange | undefined {
    return this.#looks.get(document);
  }

  /** Forgets who looks at what: the ranges belong to an old layout. */
  forgetViews(): void {
    this.#looks.clear();
  }

  /** A new connection: reads that follow from it are not a person's. */
  connectionChanged(): void {
    this.#answered = this.#asked;
  }

  /** The present connection's way to the bytes. Rejects with BoardError. */
  async open(signal: AbortSignal, asking: Asking): Promise<PartitionMemory> {
    this.checkAlive();
    throwIfCancelled(signal);
    try {
      if (this.#follower.memory === undefined) {
        const partition = await this.#link.open(this.#key.partition, signal, asking);
        this.checkAlive();
        const memory = partition.memory(this.#key.memory);
        if (memory === undefined) {
          throw new BoardError('no-memory-types', `the partition has no ${this.#key.memory} memory`);
        }
        if (!this.#follower.isConnected) throw new BoardError('connection-lost', 'the connection was lost');
        this.#learnedBy = asking;
        this.#others.adopt(memory);
      }
      const { memory } = this.#follower;
      if (memory === undefined) throw new BoardError('connection-lost', 'the connection was lost');
      return memory;
    } catch (error) {
      throw this.#follower.failed(error);
    }
  }

  /**
   * Throws SessionError `bytes-left` where bytes that come now would stand beside those that an application left. A person who
   * asked for that since, or a tab that was opened since and shows none of them, may read on.
   */
  checkLeft(ranges: readonly ByteRange[], looker: string | undefined): void {
    const openedSince = looker !== undefined && !this.#quiet.has(looker);
    const isStale = (): boolean => ranges.some((range) => this.#image.plane.hasStaleIn(range));
    if (this.#follower.epochEnd?.asked === false && !(openedSince && !isStale())) {
      throw new SessionError('bytes-left', 'the application ended before these bytes were read');
    }
  }

  /** Throws SessionError `bytes-left` where a range holds bytes of an epoch that is over. */
  checkOneEpoch(range: ByteRange): void {
    if (this.#image.plane.hasStaleIn(range)) {
      throw new SessionError('bytes-left', 'bytes of an earlier epoch are beside those to search');
    }
  }

  async complete(
    range: ByteRange,
    signal: AbortSignal,
    { onProgress, looker }: CompleteOptions = {},
  ): Promise<void> {
    const { plane } = this.#image;
    const missing = plane.missing(range, this.#follower.isConnected ? 'not-read' : undefined);
    if (missing.length === 0) return;
    this.checkLeft([range], looker);
    await this.open(signal, 'person');
    const wanted = mergeRanges([...missing, ...plane.stale(range)], readGap);
    const of = bytesIn(wanted);
    await this.read(wanted, 'person', signal, { onProgress: (bytes) => onProgress?.(bytes, of) });
    if (plane.missing(range).length > 0 || plane.hasStaleIn(range)) {
      throw new SessionError('bytes-changed-hands', 'a new epoch began during the read');
    }
  }

  /** See `MemorySession.refreshUnasked`. */
  async readUnasked(range: ByteRange, epoch: string, signal: AbortSignal): Promise<void> {
    try {
      if (this.#follower.isInUse) await this.read([range], 'nobody', signal, { onlyIn: epoch });
    } catch (error) {
      const { code } = toBoardError(error);
      // The partition list may tell of the new epoch only later.
      if (code === 'epoch') throw epochOver();
      // It was let go a moment ago.
      if (code !== 'not-asked') throw error;
    }
    if (this.#follower.epoch !== epoch) throw epochOver();
  }

  /** `onlyIn`: bytes of another epoch are not taken over; rejects with `epoch` then. */
  async read(
    ranges: readonly ByteRange[],
    asking: Asking,
    signal: AbortSignal,
    { onlyIn, onProgress }: { readonly onlyIn?: string; readonly onProgress?: (bytes: number) => void } = {},
  ): Promise<void> {
    const asked = bytesIn(ranges);
    if (asked === 0) return;
    const either = AbortSignal.any([signal, this.#ended.signal]);
    this.#reading++;
    this.#readAsked += asked;
    const since = this.#image.updates.last;
    let done = 0;
    const progress = (now: number) => {
      const before = this.percent;
      this.#readDone += now - done;
      done = now;
      onProgress?.(now);
      if (this.percent !== before) this.#others.told();
    };
    this.#others.told();
    try {
      let finished = 0;
      for (const request of requests(ranges)) {
        throwIfCancelled(either);
        const tell = (bytes: number): void => progress(finished + Math.min(bytes, bytesIn(request)));
        await this.#readOnce(request, tell, asking, either, { onlyIn, since });
        finished += bytesIn(request);
        progress(finished);
      }
      this.#follower.readWell();
    } catch (error) {
      throw this.#follower.failed(error);
    } finally {
      this.#reading--;
      this.#readAsked -= asked;
      this.#readDone -= done;
      this.#others.told();
    }
  }

  /** Has the board search: see `MemorySession.find`. */
  async find(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    options: Omit<FindOptions, 'openTiles'>,
    signal: AbortSignal,
  ): Promise<FindResult> {
    const either = AbortSignal.any([signal, this.#ended.signal]);
    const { asking = 'person' } = options;
    this.#reading++;
    this.#others.told();
    try {
      const memory = await this.open(either, asking);
      const touched = this.openTilesIn(ranges);
      const before = await this.readCores(touched, asking, either);
      const asked = { ...options, asking, openTiles: this.openTiles };
      const find = () => abortable(memory.find(ranges, pattern, asked, either), either);
      const result = await this.#pastEnding(find, either);
      const after = await this.readCores(touched, asking, either, { goesOn: true });
      if (this.#haltedCores.seen('read', before, after)) this.#others.told();
      this.#follower.readWell();
      return result;
    } catch (error) {
      throw this.#follower.failed(error);
    } finally {
      this.#reading--;
      this.#others.told();
    }
  }

  /** Reads what is shown and was not read yet, until nothing is missing or a read fails after which no person looked. */
  async pump(): Promise<void> {
    this.#pumpAsked = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpAsked && !this.isEnded && this.#follower.isConnected) {
        this.#pumpAsked = false;
        const looks = this.#asked;
        const outcome = await this.#pumpOnce(looks > this.#answered ? 'look' : 'nobody');
        if (outcome !== 'read') this.#answered = looks;
        // A look that came meanwhile is not answered by a step that began before it.
        if (outcome === 'failed' && this.#asked === looks) break;
        if (outcome !== 'nothing') this.#pumpAsked = true;
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #pumpOnce(asking: 'look' | 'nobody'): Promise<'read' | 'nothing' | 'failed'> {
    if (this.#looks.size === 0) return 'nothing';
    const unasked = asking === 'nobody' ? new AbortController() : undefined;
    this.#unasked = unasked;
    const { signal: ended } = this.#ended;
    const signal = unasked === undefined ? ended : AbortSignal.any([ended, unasked.signal]);
    try {
      // The layout is asked of the board only for somebody who looks, and only once.
      if (this.#image.geometry === undefined) await this.open(signal, asking);
      const request = requests(mergeRanges(this.missingShown(), readGap))[0];
      if (request === undefined) return 'nothing';
      await this.read(request, asking, signal);
      return 'read';
    } catch (error) {
      // `state.lastError` holds it for the face; here it only ends the loop.
      if (toBoardError(error).code === 'internal') this.#services.log.warn(String(error));
      return 'failed';
    } finally {
      this.#unasked = undefined;
    }
  }

  /**
   * What is shown and was not read yet. What an application left is not mixed with what came after it, unless a person
   * asks; opening another editor is asking, for what it shows.
   */
  missingShown(): readonly ByteRange[] {
    const shown = [...this.#looks]
      .filter(([document]) => !this.#quiet.has(document) && !this.#others.isFollowed(document))
      .flatMap(([, range]) => intersectRanges(range, this.#image.whole) ?? []);
    return mergeRanges(shown).flatMap((range) => this.#image.plane.missing(range));
  }

  /** Reads under way may bring bytes of these runs from before they were written. */
  wrote(runs: readonly ByteRange[]): void {
    for (const { written } of this.#flights) for (const run of runs) written.push(run);
  }

  /** The tiles of the ranges whose program memory is touched although their cores may run. */
  openTilesIn(ranges: readonly ByteRange[]): Tile[] {
    const { geometry } = this.#image;
    if (geometry === undefined) return [];
    const length = geometry.bytesPerTile;
    return [...this.#openTiles]
      .filter((index) => ranges.some((range) => intersectRanges(range, { offset: index * length, length })))
      .map((index) => locate(geometry, index * length).tile);
  }

  /**
   * How the cores of these tiles are: read before and after their program memory is touched.
   * @param goesOn it is read after the memory, not before
   */
  async readCores(
    tiles: readonly Tile[],
    asking: Asking,
    signal: AbortSignal,
    { goesOn = false } = {},
  ): Promise<readonly TileStatus[]> {
    if (tiles.length === 0) return [];
    const partition = await abortable(this.#link.open(this.#key.partition, signal, asking), signal);
    return (await abortable(partition.status(tiles, { asking, goesOn }, signal), signal)).tiles;
  }

  /** Ends what is under way. */
  dispose(): void {
    this.#ended.abort();
    this.#looks.clear();
  }

  async #readOnce(
    ranges: readonly ByteRange[],
    onProgress: (bytes: number) => void,
    asking: Asking,
    signal: AbortSignal,
    { onlyIn, since }: { readonly onlyIn: string | undefined; readonly since: number },
  ): Promise<void> {
    const memory = await this.open(signal, asking);
    const touched = this.openTilesIn(ranges);
    const before = await this.readCores(touched, asking, signal);
    const flight: Flight = { written: [] };
    this.#flights.add(flight);
    const { serial } = this.#follower;
    let result: ReadResult;
    try {
      const read = () =>
        abortable(memory.read(ranges, { asking, openTiles: this.openTiles, onProgress }, signal), signal);
      result = await this.#pastEnding(read, signal);
    } finally {
      this.#flights.delete(flight);
    }
    if (onlyIn !== undefined && result.epoch !== onlyIn) {
      throw new BoardError('epoch', 'a new epoch began during the read');
    }
    this.#store(ranges, result, flight, { serial, since });
    if (result.gaveWay === true)
      throw new BoardError('gave-way', 'an application came while the partition was read');
    const after = await this.readCores(touched, asking, signal, { goesOn: true });
    if (this.#haltedCores.seen('read', before, after)) this.#others.told();
  }

  /** An owner that is ending has closed its descriptor before its mapping: the read is tried again until it is gone. */
  async #pastEnding<Result>(read: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    for (let tried = 1; ; tried++) {
      try {
        return await read();
      } catch (error) {
        if (tried === endingTries || toBoardError(error).code !== 'no-descriptor') throw error;
      }
      await abortable(
        new Promise<void>((done) => {
          this.#services.after(endingPause, done);
        }),
        signal,
      );
    }
  }

  #store(
    ranges: readonly ByteRange[],
    result: ReadResult,
    flight: Flight,
    { serial, since }: { readonly serial: number; readonly since: number },
  ): void {
    const sound =
      result.pieces.length === ranges.length &&
      result.pieces.every(
        (piece, i) => piece.bytes.length === ranges[i]?.length && piece.range.offset === ranges[i]?.offset,
      );
    if (!sound) throw new BoardError('protocol', 'the read answered other ranges than were asked for');
    // A result that was asked for before the epoch changed says nothing about which one is current.
    if (serial === this.#follower.serial) this.#follower.setEpoch(result.epoch);
    if (!this.#others.hasEdits) this.#follower.acceptEpoch();
    const fresh = result.epoch === this.#follower.epoch;
    const skip = mergeRanges(flight.written);
    this.#others.arrived(() => this.#image.store(result, { since, fresh, skip }));
  }
}

function epochOver(): SessionError {
  return new SessionError('bytes-changed-hands', 'the epoch ended before the bytes were read');
}

/** Cuts ranges into requests of bounded size. */
function requests(ranges: readonly ByteRange[]): ByteRange[][] {
  const all: ByteRange[][] = [];
  let bytes = 0;
  for (const range of cutRanges(ranges, requestBytes)) {
    const last = all.at(-1);
    if (last === undefined || last.length >= requestRanges || bytes + range.length > requestBytes) {
      all.push([range]);
      bytes = range.length;
    } else {
      last.push(range);
      bytes += range.length;
    }
  }
  return all;
}
