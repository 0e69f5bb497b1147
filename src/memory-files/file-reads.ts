/**
 * The bytes of files: those that a session has, and what is missing of them read from the board, in pieces and no faster than
 * the board's share of the read budget allows. Never takes a free partition. Knows no paths.
 */
import { patience } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { isUnreadable, reasonOf, stateBits } from '../model/byte-state.ts';
import type { Disposable } from '../model/event.ts';
import { type ByteRange, locate, type MemoryGeometry, wordBytes } from '../model/geometry.ts';
import type { After } from '../model/later.ts';
import { cutRanges, mergeRanges, pieceGap, RangeCollector } from '../model/ranges.ts';
import { type MemoryResource, resourceRange } from '../model/resource.ts';
import { Serial } from '../session/async.ts';
import { SessionError } from '../session/errors.ts';
import type { BoardLink } from '../session/link.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { ReadBudget } from '../session/read-budget.ts';
import { UnreadableByte } from './errors.ts';

/** Bytes that are read in one go. */
const pieceBytes = 16 * 1024;

/** No longer without a turn for others, milliseconds. */
const mostAtOnce = 8;

/** Time, so that tests own it. */
export interface FileClock {
  now(): number;
  readonly after: After;
}

/** Has the reads of one board's files take turns, each as long as the budget of the board makes it take. */
class Turns implements Disposable {
  readonly #budget: ReadBudget;
  readonly #clock: FileClock;
  readonly #serial = new Serial();
  readonly #pauses = new Set<Disposable>();
  #share: ReturnType<ReadBudget['join']> | undefined;
  /** Turns that are asked for and not over. */
  #open = 0;
  /** When the words that were read last are paid for, milliseconds since 1970. */
  #paidAt = 0;

  constructor(budget: ReadBudget, clock: FileClock) {
    this.#budget = budget;
    this.#clock = clock;
  }

  /** Runs a read of so many words once those before it are paid for. */
  async take(words: number, read: () => Promise<void>): Promise<void> {
    this.#open++;
    this.#share ??= this.#budget.join(() => undefined);
    const share = this.#share;
    try {
      await this.#serial.run(async () => {
        await this.#pause(this.#paidAt - this.#clock.now());
        const began = this.#clock.now();
        this.#paidAt = began + (words * 1000) / share.words;
        await read();
      });
    } finally {
      // The share is kept until what it was taken for is paid.
      void this.#pause(this.#paidAt - this.#clock.now()).then(() => {
        this.#open--;
        if (this.#open > 0) return;
        this.#share?.dispose();
        this.#share = undefined;
      });
    }
  }

  dispose(): void {
    for (const pause of this.#pauses) pause.dispose();
    this.#share?.dispose();
  }

  #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve();
    return new Promise((done) => {
      const pause = this.#clock.after(milliseconds, () => {
        this.#pauses.delete(pause);
        done();
      });
      this.#pauses.add(pause);
    });
  }
}

export class FileReads implements Disposable {
  readonly #clock: FileClock;
  readonly #turns = new Map<BoardLink, Turns>();
  readonly #ended = new AbortController();

  constructor(clock: FileClock) {
    this.#clock = clock;
  }

  /**
   * The bytes that the device held when they were last read, without staged edits, all of one epoch. What the session does
   * not have is read first. Rejects with BoardError (`not-asked` of a free partition), SessionError
   * `bytes-changed-hands`, UnreadableByte, and RangeError for a tile that the memory does not have.
   */
  async bytes(session: MemorySession, resource: MemoryResource): Promise<Uint8Array> {
    const geometry = await session.open(this.#signal, 'nobody');
    const range = resourceRange(resource, geometry);
    const epoch = session.state.partition?.epoch;
    if (epoch === undefined) throw new BoardError('no-partition', 'the partition is not listed');
    const pieces = cutRanges([range], pieceBytes);
    const turn = this.#turn();
    for (const piece of pieces) {
      await this.#fill(session, geometry, piece, epoch);
      await turn();
    }
    const bytes = new Uint8Array(range.length);
    for (const piece of pieces) {
      const { base, flags } = session.bytes(piece);
      if (!flags.every(isPresent)) throw unreadableIn(geometry, piece, flags) ?? changedHands();
      bytes.set(base, piece.offset - range.offset);
      await turn();
    }
    // No part is of an epoch that began meanwhile.
    if (session.state.partition?.epoch !== epoch) throw changedHands();
    return bytes;
  }

  dispose(): void {
    this.#ended.abort();
    for (const turns of this.#turns.values()) turns.dispose();
    this.#turns.clear();
  }

  get #signal(): AbortSignal {
    return AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
  }

  /** Lets others do something, once this has worked for some milliseconds without waiting for anything. */
  #turn(): () => Promise<void> {
    let from = this.#clock.now();
    return async () => {
      if (this.#clock.now() - from < mostAtOnce) return;
      await new Promise<void>((done) => this.#clock.after(0, done));
      from = this.#clock.now();
    };
  }

  /** Reads what the session does not have of a piece. */
  async #fill(
    session: MemorySession,
    geometry: MemoryGeometry,
    piece: ByteRange,
    epoch: string,
  ): Promise<void> {
    for (const run of missingRuns(session, piece)) {
      if (hasDevice(session.link)) await this.#readUnasked(session, run, epoch);
      else await session.read(run, this.#signal);
      const { flags } = session.bytes(run);
      if (flags.every(isPresent)) continue;
      const notAsked = new BoardError('not-asked', 'a file of a free partition that was not read');
      throw unreadableIn(geometry, run, flags) ?? notAsked;
    }
  }

  /** A free partition stays as it is: nothing of it is read. */
  async #readUnasked(session: MemorySession, run: ByteRange, epoch: string): Promise<void> {
    if (session.state.partition?.inUse !== true) return;
    await this.#turnsOf(session.link).take(Math.ceil(run.length / wordBytes), async () => {
      // Another file or an editor may have had it read while this one waited.
      if (missingRuns(session, run).length > 0) await session.refreshUnasked(run, epoch, this.#signal);
    });
  }

  #turnsOf(link: BoardLink): Turns {
    const known = this.#turns.get(link);
    if (known !== undefined) return known;
    const made = new Turns(link.budget, this.#clock);
    this.#turns.set(link, made);
    return made;
  }
}

/** Whether a device stands behind the connection: a snapshot brings its names with its bytes. */
function hasDevice({ state }: BoardLink): boolean {
  return state.kind !== 'connected' || state.board.names === undefined;
}

/** Whether a byte was read in the present epoch. */
function isPresent(flags: number): boolean {
  return (flags & (stateBits.known | stateBits.stale)) === stateBits.known;
}

/** What a session does not have of a range, as runs to read. */
function missingRuns(session: MemorySession, range: ByteRange): ByteRange[] {
  const { flags } = session.bytes(range);
  const missing = new RangeCollector();
  for (const [index, state] of flags.entries()) if (!isPresent(state)) missing.add(range.offset + index);
  return mergeRanges(missing.ranges, pieceGap);
}

/** The first byte that cannot be read. */
function unreadableIn(
  geometry: MemoryGeometry,
  { offset }: ByteRange,
  flags: Uint8Array,
): UnreadableByte | undefined {
  const index = flags.findIndex(isUnreadable);
  const reason = reasonOf(flags[index] ?? 0);
  if (reason === undefined) return undefined;
  const place = locate(geometry, offset + index);
  return new UnreadableByte(place.tile, place.offset, reason);
}

function changedHands(): SessionError {
  return new SessionError('bytes-changed-hands', 'a new epoch began while a file was read');
}
