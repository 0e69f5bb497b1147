/**
 * Halting of one partition's cores by a debug session: the consent, and which cores stand. Knows cores, not programs, the
 * debug protocol or VS Code. Who lets cores go on when anything ends is the board's side (docs/halting.md).
 */
import {
  type CoreAct,
  type CoreRegisters,
  type CoreState,
  type Partition,
  type PartitionInfo,
  patience,
} from '../board/board.ts';
import { BoardError, throwIfCancelled, toBoardError } from '../board/errors.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import type { Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { BoardLink } from '../session/link.ts';
import type { CoreServices, Cores } from './cores.ts';

/** Core_Status: halted by a debugger. */
const debugHalted = 1 << 16;

/** Debug_Status: halted at one of the two events that Debug_Control1 names. */
const atEvent = 0b11 << 5;

/** Breakpoints and temporary events of a core: Debug_Control1 names two events that halt. */
export const mostEvents = 2;

/** Pauses before ending is tried again, milliseconds: they double from the first to the longest. */
const firstWaitMs = 1000;
const longestWaitMs = 30_000;

/** Who may have a consent on the board: one connection has one for each partition, and its end lets all cores go. */
const holders = new WeakMap<BoardLink, Map<PartitionKey, Halting>>();

function holdersOf(link: BoardLink): Map<PartitionKey, Halting> {
  const known = holders.get(link) ?? new Map<PartitionKey, Halting>();
  holders.set(link, known);
  return known;
}

function keyOf({ col, row }: Tile): number {
  return col * 0x100 + row;
}

/** What came of a halt or a step. */
export interface Outcome {
  /** Whether the core stands: its registers say so. */
  readonly stands: boolean;
  /** Why not all of it was done. */
  readonly reason: UnreadableReason | undefined;
  /** The program counter behind it; it says nothing with a reason. */
  readonly counter: number;
}

/** A core that stands without having been asked to right now. */
export interface Stop {
  readonly tile: Tile;
  /**
   * `step`: behind a step, or where a temporary event led it; `breakpoint`: at one of its breakpoints; `pause`: it was halted,
   * and could not be let go on.
   */
  readonly cause: 'step' | 'breakpoint' | 'pause';
  /** Why it could not be let go on. */
  readonly why?: UnreadableReason | BoardError;
}

/** Where a core is to halt: bytes of its program memory. */
interface Addresses {
  /** Breakpoints. */
  readonly own: readonly number[];
  /** Those of a step: they end with the next stop. */
  readonly temporary: readonly number[];
}

/** Where a core halts. */
interface CoreEvents extends Addresses {
  readonly tile: Tile;
  /** The board has just these. Else they are on their way, or not all was done: it may have others, too. */
  readonly isSure: boolean;
}

export class Halting implements Disposable {
  readonly #link: BoardLink;
  readonly #partition: PartitionKey;
  readonly #cores: Cores;
  readonly #services: Pick<CoreServices, 'after'>;
  readonly #ended = new AbortController();
  readonly #following = new DisposableStore();
  readonly #stopped = new Emitter<Stop>();
  readonly #allowed = new Emitter<void>();
  readonly #finished = new Emitter<readonly Tile[]>();
  readonly #left = new Emitter<Tile>();
  /** The epoch in which a person allowed it. */
  #epoch: string | undefined;
  /** The epoch for which the board was asked: until it has ended there, cores may be halted. */
  #asked: string | undefined;
  /** The next try to end it. */
  #again: Disposable | undefined;
  /** Cores that stand. */
  readonly #standing = new Map<number, Tile>();
  /** Cores that are halted for a comparison, and that nobody else wants to stand. */
  readonly #borrowed = new Set<number>();
  /** What is done to one core is done in turn: the last of it, by core. */
  readonly #turns = new Map<number, Promise<unknown>>();
  /** Cores whose step has not ended yet, and `Cores.turn` when it was answered. */
  readonly #stepping = new Map<number, { readonly tile: Tile; readonly turn: number }>();
  /** Cores that halt by themselves at some addresses, or may; another map for each consent. */
  #events = new Map<number, CoreEvents>();
  /** `Cores.turn` when such a core was told to go on, or where to halt: an earlier look says nothing of it. */
  readonly #goes = new Map<number, number>();
  /** Addresses are set one core after the other, so that the board has what is noted here. */
  #setting: Promise<unknown> = Promise.resolve();
  /** Cores that were told to halt, do not stand as far as is known, and could not be let go on yet; `Cores.turn` then. */
  readonly #unsure = new Map<number, { readonly tile: Tile; readonly turn: number }>();
  /** Cores that stand as far as is known, but were told to go on without an answer; `Cores.turn` then. */
  readonly #leaving = new Map<number, { readonly tile: Tile; readonly turn: number }>();

  constructor(
    link: BoardLink,
    partition: PartitionInfo,
    cores: Cores,
    services: Pick<CoreServices, 'after'>,
  ) {
    this.#link = link;
    this.#partition = partition.key;
    this.#cores = cores;
    this.#services = services;
    this.#following.add(this.#stopped);
    this.#following.add(this.#allowed);
    this.#following.add(this.#finished);
    this.#following.add(this.#left);
    this.#following.add(cores.onDidChange(() => this.#lookAt()));
    this.#following.add(link.onDidChangePartitions(() => this.#check()));
    this.#following.add(link.onDidChangeState(() => this.#check()));
  }

  /** Fires when a core stands whose step had to wait, or that met one of its addresses. */
  get onDidStop(): Event<Stop> {
    return this.#stopped.event;
  }

  /** Fires when the consent has ended by itself, with the cores that stood: they go on. */
  get onDidEnd(): Event<readonly Tile[]> {
    return this.#finished.event;
  }

  /** Fires when a look finds a core running that counted as halted: the answer to its Continue was lost. */
  get onDidGoOn(): Event<Tile> {
    return this.#left.event;
  }

  /** Fires when a person has allowed it. */
  get onDidAllow(): Event<void> {
    return this.#allowed.event;
  }

  get isAllowed(): boolean {
    return this.#epoch !== undefined;
  }

  /** Whether the core stands, and not for a comparison only. */
  isHalted(tile: Tile): boolean {
    const key = keyOf(tile);
    return this.#standing.has(key) && !this.#borrowed.has(key);
  }

  /** The cores that stand, without those that do for a comparison only. */
  get halted(): readonly Tile[] {
    return [...this.#standing.values()].filter((tile) => this.isHalted(tile));
  }

  /** Whether the core stands, steps, or may halt by what was asked of it. */
  isTouched(tile: Tile): boolean {
    const key = keyOf(tile);
    return this.isHalted(tile) || this.#stepping.has(key) || this.#unsure.has(key);
  }

  /** The partition as it is now; its owner is whom a person is told of. */
  get partition(): PartitionInfo | undefined {
    return this.#link.partitions.find(({ key }) => key === this.#partition);
  }

  /**
   * A person allowed it, for the epoch that they were told of. Rejects with BoardError; with `no-halting` while another
   * session of this window has it: the end of one would let the other's cores go on.
   */
  async allow(epoch: string): Promise<void> {
    const signal = this.#signal();
    const partition = await this.#opened(signal);
    const known = holdersOf(this.#link);
    if ((known.get(this.#partition) ?? this) !== this) {
      throw new BoardError('no-halting', 'another session halts them', { why: 'other-session' });
    }
    known.set(this.#partition, this);
    this.#again?.dispose();
    this.#asked = epoch;
    try {
      await partition.allowHalting(epoch, signal);
      throwIfCancelled(signal);
    } catch (thrown) {
      // The board may have heard it all the same. Whoever ends the session does this too.
      if (!this.#ended.signal.aborted) await this.#letGo(firstWaitMs).catch(() => undefined);
      throw thrown;
    }
    if (this.#asked !== epoch) throw new BoardError('connection-lost', 'it ended while it was allowed');
    this.#epoch = epoch;
    this.#allowed.fire();
  }

  /** Halts a core. If it does not stand then, the halt is taken back: it could come later. Rejects with BoardError. */
  halt(tile: Tile): Promise<Outcome> {
    // A comparison on its way leaves the core standing.
    this.#borrowed.delete(keyOf(tile));
    return this.#inTurn(tile, async () => {
      const { outcome } = await this.#halt(tile, () => this.#resume(tile));
      if (outcome.stands) await this.#endStep(tile);
      return outcome;
    });
  }

  /**
   * Compares something while the core stands: one that runs is halted for that long, unless somebody else wants it to stand
   * meanwhile, it met one of its addresses, or its step was cut short. Where it cannot be let go on, `onDidStop` tells. `compare`
   * hears whether the core stands. Rejects with BoardError, or as `compare` does.
   */
  whileHalted<T>(tile: Tile, compare: (stands: boolean, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#inTurn(tile, async () => {
      const key = keyOf(tile);
      if (this.#standing.has(key)) return compare(true, this.#ended.signal);
      this.#borrowed.add(key);
      const isStep = this.#stepping.has(key);
      let met: { readonly events: CoreEvents; readonly counter: number } | undefined;
      try {
        const { outcome, state } = await this.#halt(tile, () => this.#goOn(tile));
        const events = this.#events.get(key);
        if (events !== undefined && (state.debugStatus & atEvent) !== 0)
          met = { events, counter: state.counter };
        return await compare(outcome.stands, this.#ended.signal);
      } finally {
        if (met === undefined && !isStep) await this.#giveBack(tile);
        else if (this.#borrowed.delete(key) && this.#standing.has(key)) {
          if (met === undefined) this.#stopped.fire({ tile, cause: 'step' });
          else await this.#met(met.events, met.counter);
        }
      }
    });
  }

  /** Lets a core go on that stood for a comparison only; a failure is tried once more, then it is a stop. */
  async #giveBack(tile: Tile): Promise<void> {
    const key = keyOf(tile);
    let why: UnreadableReason | BoardError | undefined;
    for (let i = 0; i < 2 && this.#borrowed.has(key) && this.#standing.has(key); i++) {
      why = await this.#goOn(tile).catch(toBoardError);
    }
    const isLeft = this.#borrowed.delete(key) && this.#standing.has(key);
    if (isLeft) this.#stopped.fire({ tile, cause: 'pause', ...(why === undefined ? {} : { why }) });
  }

  /** Does something with a core once all is done that was asked of it before. */
  #inTurn<T>(tile: Tile, act: () => Promise<T>): Promise<T> {
    const key = keyOf(tile);
    const done = (this.#turns.get(key) ?? Promise.resolve()).then(act);
    this.#turns.set(
      key,
      done.catch(() => undefined),
    );
    return done;
  }

  /** Halts a core; where it does not stand then, `letGo` takes that back. */
  async #halt(
    tile: Tile,
    letGo: () => Promise<unknown>,
  ): Promise<{ readonly outcome: Outcome; readonly state: CoreState }> {
    let state: CoreState;
    try {
      state = await this.#act(tile, { act: 'halt' });
    } catch (thrown) {
      // Nothing was written where somebody else was found.
      if (toBoardError(thrown).code !== 'debug-in-use') await this.#takeBack(tile, letGo);
      throw thrown;
    }
    const outcome = this.#take(tile, state);
    if (!outcome.stands) await this.#takeBack(tile, letGo);
    return { outcome, state };
  }

  /** The breakpoints of a core, at most `mostEvents`. */
  breakpointsOf(tile: Tile): readonly number[] {
    return this.#events.get(keyOf(tile))?.own ?? [];
  }

  /**
   * Sets all breakpoints of a core, `mostEvents` at most; nothing is written where the board has just these. The answer: why
   * it was not done; the core counts as without breakpoints then. Rejects with BoardError, and with the same outcome.
   */
  setBreakpoints(tile: Tile, counters: readonly number[]): Promise<UnreadableReason | undefined> {
    return this.#setEvents(
      tile,
      ({ temporary }) => ({
        own: counters,
        temporary: temporary.slice(0, mostEvents - counters.length),
      }),
      ({ temporary }) => ({ own: [], temporary }),
    );
  }

  /**
   * Lets a halted core go on until it comes to one of these addresses, or to a breakpoint; `onDidStop` tells. More addresses
   * than its breakpoints leave room for are left out. The answer: why it was not done. Rejects with BoardError.
   */
  runTo(tile: Tile, counters: readonly number[]): Promise<UnreadableReason | undefined> {
    return this.#inTurn(tile, async () => {
      // What was done before in turn may have let it go.
      if (!this.#standing.has(keyOf(tile))) return 'core-running';
      const reason = await this.#setEvents(tile, ({ own }) => ({
        own,
        temporary: counters.filter((one) => !own.includes(one)).slice(0, mostEvents - own.length),
      }));
      if (reason !== undefined) return reason;
      try {
        return await this.#goOn(tile);
      } catch (thrown) {
        this.#mayStep(tile);
        throw thrown;
      }
    });
  }

  /** The registers of a core that stands; a reason of one that does not. Rejects with BoardError. */
  registers(tile: Tile): Promise<CoreRegisters> {
    return this.#inTurn(tile, () => this.#ask((partition, signal) => partition.readCore(tile, signal)));
  }

  /** Lets a core go on. The answer: why it could not be told to; it counts as before then. Rejects with BoardError. */
  resume(tile: Tile): Promise<UnreadableReason | undefined> {
    return this.#inTurn(tile, () => this.#resume(tile));
  }

  async #resume(tile: Tile): Promise<UnreadableReason | undefined> {
    return (await this.#endStep(tile)) ?? this.#goOn(tile);
  }

  async #goOn(tile: Tile): Promise<UnreadableReason | undefined> {
    const key = keyOf(tile);
    let reason: UnreadableReason | undefined;
    try {
      ({ reason } = await this.#act(tile, { act: 'resume' }));
    } catch (thrown) {
      if (this.#standing.has(key)) this.#leaving.set(key, { tile, turn: this.#cores.turn });
      throw thrown;
    }
    if (reason === undefined) {
      this.#standing.delete(key);
      this.#stepping.delete(key);
      this.#unsure.delete(key);
      this.#leaving.delete(key);
      if (this.#events.has(key)) this.#goes.set(key, this.#cores.turn);
    }
    return reason;
  }

  /** The addresses of a step are taken back, and what else the board may have. The answer: why they could not be. */
  async #endStep(tile: Tile): Promise<UnreadableReason | undefined> {
    const events = this.#events.get(keyOf(tile));
    if (events === undefined || (events.isSure && events.temporary.length === 0)) return undefined;
    return this.#setEvents(tile, breakpointsAlone);
  }

  /** Sets where a core halts by itself. `wanted` is what it is to be after a failure: the board may have anything then. */
  #setEvents(
    tile: Tile,
    next: (now: Addresses) => Addresses,
    wanted: (now: Addresses) => Addresses = breakpointsAlone,
  ): Promise<UnreadableReason | undefined> {
    const set = this.#setting.then(async () => {
      if (!this.isAllowed) throw new BoardError('no-halting', 'nobody allowed it', { why: 'not-allowed' });
      const key = keyOf(tile);
      const known = this.#events;
      const before = known.get(key);
      const now = before ?? { tile, own: [], temporary: [], isSure: true };
      const events = next(now);
      const counters = [...events.own, ...events.temporary];
      const done = (): void => {
        if (counters.length === 0) known.delete(key);
        else known.set(key, { tile, ...events, isSure: true });
      };
      if (now.isSure && areSame(counters, [...now.own, ...now.temporary])) {
        done();
        return undefined;
      }
      // Until the answer, and where none comes, the core may halt at any of them.
      known.set(key, { tile, ...wanted(now), isSure: false });
      this.#goes.set(key, this.#cores.turn);
      let state: CoreState;
      try {
        state = await this.#act(tile, { act: 'breakpoints', counters });
        if (state.reason !== undefined) return state.reason;
      } catch (thrown) {
        // Nothing was written where somebody else was found.
        if (toBoardError(thrown).code === 'debug-in-use') {
          if (before === undefined) known.delete(key);
          else known.set(key, before);
        }
        throw thrown;
      }
      done();
      this.#goes.set(key, this.#cores.turn);
      // It met one of the addresses of before: no look tells, once it has none any more.
      if ((state.debugStatus & atEvent) !== 0 && !this.#standing.has(key)) {
        this.#standing.set(key, tile);
        this.#stepping.delete(key);
        void this.#met(now, state.counter);
      }
      return undefined;
    });
    this.#setting = set.catch(() => undefined);
    return set;
  }

  /**
   * One instruction. A core that does not stand behind it, without a reason, waits for something; `onDidStop` tells. Rejects
   * with BoardError: it may have been done then, and the next look tells where the core stands.
   */
  step(tile: Tile): Promise<Outcome> {
    return this.#inTurn(tile, async () => {
      let outcome: Outcome;
      try {
        outcome = this.#take(tile, await this.#act(tile, { act: 'step', count: 1 }));
      } catch (thrown) {
        this.#mayStep(tile);
        throw thrown;
      }
      if (outcome.reason === undefined && !outcome.stands) {
        this.#stepping.set(keyOf(tile), { tile, turn: this.#cores.turn });
      }
      return outcome;
    });
  }

  /** The answer to a step was lost: the core may stand, or wait for something. */
  #mayStep(tile: Tile): void {
    const key = keyOf(tile);
    this.#leaving.delete(key);
    if (this.#standing.delete(key)) this.#stepping.set(key, { tile, turn: this.#cores.turn });
  }

  /**
   * Lets all cores go on, for good. The answer: how many could not be reached yet; the board's side goes on trying. Rejects
   * with BoardError when the board did not say so; it is asked again then, until its side has ended it.
   */
  async end(): Promise<number> {
    this.#ended.abort();
    this.#forget();
    return this.#asked === undefined ? 0 : this.#letGo(firstWaitMs);
  }

  dispose(): void {
    this.#ended.abort();
    this.#following.dispose();
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
  }

  #opened(signal: AbortSignal): Promise<Partition> {
    return this.#link.open(this.#partition, signal);
  }

  #act(tile: Tile, act: CoreAct): Promise<CoreState> {
    return this.#ask((partition, signal) => partition.actOnCore(tile, act, signal));
  }

  /** Asks the board for something that needs the consent. */
  async #ask<T>(what: (partition: Partition, signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = this.#signal();
    try {
      return await what(await this.#opened(signal), signal);
    } catch (thrown) {
      const { code } = toBoardError(thrown);
      if (code === 'epoch' || code === 'no-halting') this.#finish();
      throw thrown;
    }
  }

  /** What an act says of a core. One that was not done says nothing, unless it found the core running. */
  #take(tile: Tile, { reason, status, counter }: CoreState): Outcome {
    const key = keyOf(tile);
    if (reason === 'core-running') this.#standing.delete(key);
    if (reason !== undefined) return { stands: this.#standing.has(key), reason, counter };
    const stands = (status & debugHalted) !== 0;
    this.#stepping.delete(key);
    this.#unsure.delete(key);
    this.#leaving.delete(key);
    if (stands) this.#standing.set(key, tile);
    else this.#standing.delete(key);
    return { stands, reason, counter };
  }

  /** Lets a core go on that does not stand although it was told to. */
  async #takeBack(tile: Tile, letGo: () => Promise<unknown>): Promise<void> {
    const key = keyOf(tile);
    if (!this.isAllowed || this.#standing.has(key)) return;
    // No look is believed before it is known whether that was done.
    this.#unsure.set(key, { tile, turn: Number.POSITIVE_INFINITY });
    try {
      await letGo();
    } catch {
      // Whoever halted hears of that; this core is noted, and Continue tries again.
    }
    if (this.#unsure.has(key)) this.#unsure.set(key, { tile, turn: this.#cores.turn });
  }

  /** Has the board's side end it. If that fails it is tried again, as long as there may be something to end. */
  async #letGo(waitMs: number): Promise<number> {
    this.#again?.dispose();
    const signal = AbortSignal.timeout(patience);
    try {
      const left = await (await this.#opened(signal)).endHalting(signal);
      this.#release();
      return left;
    } catch (thrown) {
      if (!this.#isAskedNow) {
        // The connection or the epoch ended: the board's side did it.
        this.#release();
        return 0;
      }
      const next = Math.min(2 * waitMs, longestWaitMs);
      this.#again = this.#services.after(waitMs, () => {
        // The first failure was told; after that it is only tried.
        void this.#letGo(next).catch(() => undefined);
      });
      throw thrown;
    }
  }

  /** Whether the board is there, in the epoch for which it was asked. */
  get #isAskedNow(): boolean {
    return this.#link.state.kind === 'connected' && this.partition?.epoch === this.#asked;
  }

  /** The board's side has ended it. */
  #release(): void {
    this.#asked = undefined;
    const known = holdersOf(this.#link);
    if (known.get(this.#partition) === this) known.delete(this.#partition);
  }

  /** A look that began behind a step finds whether it has ended, and one behind a halt whether that came all the same. */
  #lookAt(): void {
    const steps = [...this.#stepping].map(([key, one]) => ({ key, ...one, cause: 'step' as const }));
    const halts = [...this.#unsure].map(([key, one]) => ({ key, ...one, cause: 'pause' as const }));
    for (const { key, tile, turn, cause } of [...steps, ...halts]) {
      const { turn: read = 0, status } = this.#cores.latest(tile) ?? {};
      if (this.#standing.has(key) || read <= turn || status?.core?.state !== 'debug-halted') continue;
      this.#stepping.delete(key);
      this.#unsure.delete(key);
      this.#standing.set(key, tile);
      this.#stopped.fire({ tile, cause });
    }
    for (const [key, { tile, turn }] of [...this.#leaving]) {
      const { turn: read = 0, status } = this.#cores.latest(tile) ?? {};
      if (read <= turn || status?.core === undefined) continue;
      // One that halted elsewhere has gone on, too, and met one of its addresses.
      const isHere = status.core.pc === this.#cores.core(tile)?.status?.core?.pc;
      if (status.core.state === 'debug-halted' && isHere) continue;
      this.#leaving.delete(key);
      if (!this.#standing.delete(key)) continue;
      this.#goes.set(key, turn);
      this.#left.fire(tile);
    }
    for (const [key, events] of [...this.#events]) {
      const { tile } = events;
      const { turn: read = 0, status } = this.#cores.latest(tile) ?? {};
      const isKnown = this.#standing.has(key) || this.#stepping.has(key);
      if (isKnown || read <= (this.#goes.get(key) ?? 0) || status?.core?.state !== 'debug-halted') continue;
      this.#standing.set(key, tile);
      void this.#met(events, status.core.pc);
    }
  }

  /** A core halted by itself. */
  async #met({ tile, own, temporary }: CoreEvents, pc: number | undefined): Promise<void> {
    const isStep = temporary.length > 0 && (pc === undefined || !own.includes(pc));
    // What stays set is taken back before the core goes on, or at the end.
    await this.#endStep(tile).catch(() => undefined);
    if (this.isHalted(tile)) this.#stopped.fire({ tile, cause: isStep ? 'step' : 'breakpoint' });
  }

  /** Another epoch, or a connection that is gone: the board's side has let cores go on. */
  #check(): void {
    if (this.#asked !== undefined && !this.#isAskedNow) this.#finish();
  }

  #finish(): void {
    this.#release();
    if (this.#epoch === undefined) return;
    this.#finished.fire(this.#forget());
  }

  /** The consent is over. The answer: the cores that stood. */
  #forget(): readonly Tile[] {
    const stood = this.halted;
    this.#epoch = undefined;
    this.#standing.clear();
    this.#borrowed.clear();
    this.#stepping.clear();
    this.#unsure.clear();
    this.#leaving.clear();
    this.#events = new Map();
    this.#goes.clear();
    return stood;
  }
}

function breakpointsAlone({ own }: Addresses): Addresses {
  return { own, temporary: [] };
}

function areSame(some: readonly number[], others: readonly number[]): boolean {
  return some.every((one) => others.includes(one)) && others.every((one) => some.includes(one));
}
