/**
 * Records one memory: has the board's side keep a ring of changes of some ranges, fetches what came to it, and finds it again
 * after the link was lost. Knows what is armed and what was fetched; not how it is shown.
 */
import type { RecordedPart, RecordingHandle } from '../board/board.ts';
import { BoardError, toBoardError } from '../board/errors.ts';
import { watchPeriods } from '../board/protocol/core-client.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import type { ByteRange } from '../model/geometry.ts';
import { Recording } from '../model/recording.ts';
import type { BoardLink } from './link.ts';
import type { SessionServices } from './services.ts';
import type { MemoryKey } from './types.ts';

/** How often what came to the ring is fetched, milliseconds. */
const fetchMs = 500;
/** Milliseconds before what failed is tried again: doubled up to the last. */
const retryMs = { first: 1000, last: 8000 } as const;

/**
 * `recording`: the board's side looks. `away`: there is no connection; it goes on looking as long as it lives. `ended`: nothing is
 * recorded any more, and why; `cancelled`: a person ended it.
 */
export type RecorderState =
  | { readonly kind: 'idle' | 'arming' | 'recording' | 'away' }
  | { readonly kind: 'ended'; readonly error: BoardError };

/** By what a recording is found again, also by another window. */
export interface KeptRecording {
  readonly name: string;
  readonly ranges: readonly ByteRange[];
  readonly ringBytes: number;
}

/** The way to what another window had recorded; undefined where the board has it no more. Rejects with BoardError. */
export async function findRecording(
  link: BoardLink,
  key: MemoryKey,
  kept: KeptRecording,
  signal: AbortSignal,
): Promise<RecordingHandle | undefined> {
  const handle = await wayTo(link, key, kept, 1, signal);
  try {
    await handle.part(0, signal);
    return handle;
  } catch (error) {
    if (toBoardError(error).code === 'no-recording') return undefined;
    throw error;
  }
}

async function wayTo(
  link: BoardLink,
  key: MemoryKey,
  { name, ranges, ringBytes }: KeptRecording,
  wordsPerSecond: number,
  signal: AbortSignal,
): Promise<RecordingHandle> {
  const partition = await link.open(key.partition, signal, 'nobody');
  const memory = partition.memory(key.memory);
  if (memory === undefined) throw new BoardError('out-of-range', 'the partition has no such memory');
  return memory.recording(name, { ranges, ringBytes, periodMs: watchPeriods.shortest, wordsPerSecond });
}

export class Recorder implements Disposable {
  readonly #link: BoardLink;
  readonly #key: MemoryKey;
  readonly #services: SessionServices;
  readonly #changed = new Emitter<void>();
  readonly #following = new DisposableStore();
  #recording: Recording | undefined;
  #name = '';
  #ringBytes = 0;
  #handle: RecordingHandle | undefined;
  #state: RecorderState = { kind: 'idle' };
  /** When the first look was, milliseconds since 1970 on this machine's clock, within a look. */
  #beganAt: number | undefined;
  #share: { readonly words: number; dispose(): void } | undefined;
  #next: Disposable | undefined;
  /** Under way. Two at a time would ask for the same looks. */
  #fetching: Promise<boolean> | undefined;
  /** It was fetched from, or armed, in this window. */
  #wasHere = false;
  #failures = 0;
  /** What was given up without a connection: the board's side may go on with it, and hears of it with the next one. */
  #givenUp: KeptRecording[] = [];
  /** What is under way of this recording; aborted once it is another one. */
  #run = new AbortController();

  constructor(link: BoardLink, key: MemoryKey, services: SessionServices) {
    this.#link = link;
    this.#key = key;
    this.#services = services;
    this.#following.add(link.onDidChangeState(() => this.#linkChanged()));
  }

  /** Fires when more was fetched, or the state became another one. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  get state(): RecorderState {
    return this.#state;
  }

  /** What was fetched; undefined before anything was armed, and once it was discarded. */
  get recording(): Recording | undefined {
    return this.#recording;
  }

  /** When the first look was, milliseconds since 1970 on this machine's clock. */
  get beganAt(): number | undefined {
    return this.#beganAt;
  }

  /** Whether the board's side records, as far as is known. */
  get isArmed(): boolean {
    return this.#state.kind !== 'idle' && this.#state.kind !== 'ended';
  }

  /**
   * A person has these ranges recorded from now on, in place of what was recorded before. Rejects with BoardError; nothing is
   * recorded then.
   * @param ranges whole words, ascending, not overlapping
   * @param ringBytes of the ring, here and on the board's side
   */
  async arm(ranges: readonly ByteRange[], ringBytes: number): Promise<void> {
    await this.discard();
    const run = this.#run;
    this.#name = crypto.randomUUID();
    this.#ringBytes = ringBytes;
    const recording = new Recording(ranges, ringBytes);
    this.#recording = recording;
    this.#share = this.#link.budget.join(() => void this.#paced());
    this.#set({ kind: 'arming' });
    try {
      const handle = await this.#find(run.signal);
      await handle.arm(run.signal);
      if (run.signal.aborted) throw new BoardError('cancelled', 'another recording began');
      this.#handle = handle;
    } catch (error) {
      if (!run.signal.aborted) this.#forget();
      throw toBoardError(error);
    }
    this.#wasHere = true;
    this.#set({ kind: 'recording' });
    this.#fetchIn(0);
  }

  /** What finds it again while the board's side records; undefined while nothing is armed. */
  get kept(): KeptRecording | undefined {
    return this.isArmed ? this.#place : undefined;
  }

  /** Goes on with what another window had recorded: all that the board's side has is fetched once there is a connection. */
  resume({ name, ranges, ringBytes }: KeptRecording): void {
    this.#forget();
    this.#name = name;
    this.#ringBytes = ringBytes;
    this.#recording = new Recording(ranges, ringBytes);
    this.#share = this.#link.budget.join(() => void this.#paced());
    this.#set({ kind: 'away' });
    if (this.#isConnected) this.#fetchIn(0);
  }

  /** A person ends it; what was recorded is fetched and stays. */
  async end(): Promise<void> {
    if (!this.isArmed) return;
    const { signal } = this.#run;
    try {
      await this.#handle?.end(false, signal);
      while (this.isArmed && !signal.aborted && this.#handle !== undefined) await this.#fetch();
    } catch (error) {
      // Without a connection nothing can be fetched.
      const failed = toBoardError(error);
      this.#services.log.info(`recording: ${failed.message}`);
      if (!signal.aborted && this.isArmed && failed.code === 'protocol') this.#ended(failed);
    }
    if (!signal.aborted && this.isArmed) this.#ended(new BoardError('cancelled', 'the recording was ended'));
  }

  /** Nothing of it is kept, here or there. */
  async discard(): Promise<void> {
    const handle = this.#handle;
    const { kept } = this;
    this.#forget();
    if (kept !== undefined) await this.#giveUp(kept, handle);
  }

  /** What is recorded on the board's side goes on: another window may ask for it. */
  dispose(): void {
    this.#forget();
    this.#following.dispose();
    this.#changed.dispose();
  }

  #set(state: RecorderState): void {
    this.#state = state;
    this.#changed.fire();
  }

  #forget(): void {
    this.#run.abort(new BoardError('cancelled', 'the recording was discarded'));
    this.#run = new AbortController();
    this.#recording = undefined;
    this.#beganAt = undefined;
    this.#fetching = undefined;
    this.#wasHere = false;
    this.#failures = 0;
    this.#stop();
    if (this.#state.kind !== 'idle') this.#set({ kind: 'idle' });
  }

  /** Nothing is asked of the board any more. */
  #stop(): void {
    this.#handle = undefined;
    this.#next?.dispose();
    this.#next = undefined;
    this.#share?.dispose();
    this.#share = undefined;
  }

  #ended(error: BoardError): void {
    const handle = this.#handle;
    const { kept } = this;
    this.#stop();
    this.#set({ kind: 'ended', error });
    // What it had is here.
    if (kept !== undefined && error.code !== 'no-recording') void this.#giveUp(kept, handle);
  }

  /** The board's side gives a recording back: now, or with the next connection. */
  async #giveUp(kept: KeptRecording, known?: RecordingHandle): Promise<void> {
    const { signal } = new AbortController();
    try {
      if (this.#isConnected) {
        const handle = known ?? (await wayTo(this.#link, this.#key, kept, 1, signal));
        await handle.end(true, signal);
        return;
      }
    } catch (error) {
      this.#services.log.info(`recording: ${toBoardError(error).message}`);
      if (this.#isConnected) return;
    }
    this.#givenUp.push(kept);
  }

  get #isConnected(): boolean {
    return this.#link.state.kind === 'connected';
  }

  /** By what the present one is found. */
  get #place(): KeptRecording | undefined {
    const ranges = this.#recording?.ranges;
    return ranges === undefined ? undefined : { name: this.#name, ranges, ringBytes: this.#ringBytes };
  }

  /** The way to the recording on the board's side. */
  async #find(signal: AbortSignal): Promise<RecordingHandle> {
    if (this.#place === undefined) throw new BoardError('cancelled', 'the recording was discarded');
    return wayTo(this.#link, this.#key, this.#place, this.#pace.wordsPerSecond, signal);
  }

  get #pace() {
    // As often as the budget allows.
    return { periodMs: watchPeriods.shortest, wordsPerSecond: this.#share?.words ?? 1 };
  }

  /** The shares of the budget are others now. */
  async #paced(): Promise<void> {
    if (this.#state.kind !== 'recording' || this.#share === undefined) return;
    try {
      await this.#handle?.setPace(this.#pace, this.#run.signal);
    } catch (error) {
      // The next fetch finds what is wrong.
      this.#services.log.info(`recording: ${toBoardError(error).message}`);
    }
  }

  #linkChanged(): void {
    if (this.#isConnected) for (const kept of this.#givenUp.splice(0)) void this.#giveUp(kept);
    if (!this.isArmed || this.#state.kind === 'arming') return;
    if (this.#isConnected) {
      this.#fetchIn(0);
      return;
    }
    this.#handle = undefined;
    // Also while the link was lost; not where this window never found what an earlier one recorded.
    const isEnded = this.#wasHere && this.#link.state.kind === 'disconnected' && this.#link.wasEnded;
    if (isEnded) this.#ended(new BoardError('cancelled', 'a person disconnected'));
    else if (this.#state.kind === 'recording') this.#set({ kind: 'away' });
  }

  #fetchIn(milliseconds: number): void {
    this.#next?.dispose();
    this.#next = this.#services.after(milliseconds, () => void this.#fetchOn());
  }

  /** Fetches again and again until it is over. */
  async #fetchOn(): Promise<void> {
    const { signal } = this.#run;
    if (!this.#isConnected) return;
    try {
      const hasMore = await this.#fetch();
      this.#failures = 0;
      if (!signal.aborted && this.isArmed) this.#fetchIn(hasMore ? 0 : fetchMs);
    } catch (error) {
      if (signal.aborted || !this.isArmed) return;
      const failed = toBoardError(error);
      if (failed.code === 'no-recording' || failed.code === 'protocol') {
        this.#ended(failed);
        return;
      }
      this.#services.log.info(`recording: ${failed.message}`);
      this.#fetchIn(Math.min(retryMs.last, retryMs.first * 2 ** this.#failures++));
    }
  }

  /** Fetches what follows once, or waits for the fetch that is under way. The answer: there is more. */
  #fetch(): Promise<boolean> {
    if (this.#fetching !== undefined) return this.#fetching;
    const fetching = this.#fetchOnce().finally(() => {
      if (this.#fetching === fetching) this.#fetching = undefined;
    });
    this.#fetching = fetching;
    return fetching;
  }

  async #fetchOnce(): Promise<boolean> {
    const run = this.#run;
    const recording = this.#recording;
    if (recording === undefined) return false;
    this.#handle ??= await this.#find(run.signal);
    const part = await this.#handle.part(recording.next, run.signal);
    if (run.signal.aborted || !this.isArmed) return false;
    this.#wasHere = true;
    this.#take(recording, part);
    const wasAway = this.#state.kind === 'away';
    if (part.ended !== undefined && !part.hasMore) this.#ended(part.ended);
    else this.#set({ kind: 'recording' });
    // Its share may be another than it was told last.
    if (wasAway) void this.#paced();
    return part.hasMore;
  }

  #take(recording: Recording, part: RecordedPart): void {
    try {
      recording.take(part);
    } catch (error) {
      throw new BoardError('protocol', String(error), {}, error instanceof Error ? error : undefined);
    }
    if (recording.hasBegun) this.#beganAt ??= this.#services.now() - part.age;
  }
}
