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
interface KeptRecording {
  readonly name: string;
  readonly ranges: readonly ByteRange[];
  readonly ringBytes: number;
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
  #failures = 0;
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
      const handle = await this.#find(recording, run.signal);
      await handle.arm(run.signal);
      if (run.signal.aborted) throw new BoardError('cancelled', 'another recording began');
      this.#handle = handle;
    } catch (error) {
      if (!run.signal.aborted) this.#forget();
      throw toBoardError(error);
    }
    this.#set({ kind: 'recording' });
    this.#fetchIn(0);
  }

  /** What finds it again while the board's side records; undefined while nothing is armed. */
  get kept(): KeptRecording | undefined {
    const ranges = this.#recording?.ranges;
    if (!this.isArmed || ranges === undefined) return undefined;
    return { name: this.#name, ranges, ringBytes: this.#ringBytes };
  }

  /** Goes on with what another window had recorded: all that the board's side has is fetched once there is a connection. */
  resume({ name, ranges, ringBytes }: KeptRecording): void {
    this.#forget();
    this.#name = name;
    this.#ringBytes = ringBytes;
    this.#recording = new Recording(ranges, ringBytes);
    this.#share = this.#link.budget.join(() => void this.#paced());
    this.#set({ kind: 'away' });
    if (this.#link.state.kind === 'connected') this.#fetchIn(0);
  }

  /** A person ends it; what was recorded is fetched and stays. */
  async end(): Promise<void> {
    if (!this.isArmed) return;
    const { signal } = this.#run;
    try {
      await this.#handle?.end(false, signal);
      while (this.isArmed && !signal.aborted && this.#handle !== undefined) await this.#fetch();
    } catch {
      // Without a connection nothing can be fetched: the board's side ends by itself.
    }
    if (!signal.aborted && this.isArmed) this.#ended(new BoardError('cancelled', 'the recording was ended'));
  }

  /** Nothing of it is kept, here or there. */
  async discard(): Promise<void> {
    const handle = this.#handle;
    const isThere = this.#state.kind === 'recording';
    this.#forget();
    if (!isThere) return;
    const soon = new AbortController().signal;
    await handle?.end(true, soon).catch((error: unknown) => {
      this.#services.log.info(`recording: ${toBoardError(error).message}`);
    });
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
    this.#stop();
    this.#set({ kind: 'ended', error });
    // What it had is here.
    handle?.end(true, this.#run.signal).catch(() => undefined);
  }

  /** The way to the recording on the board's side. */
  async #find(recording: Recording, signal: AbortSignal): Promise<RecordingHandle> {
    const partition = await this.#link.open(this.#key.partition, signal, 'nobody');
    const memory = partition.memory(this.#key.memory);
    if (memory === undefined) throw new BoardError('out-of-range', 'the partition has no such memory');
    const { ranges } = recording;
    return memory.recording(this.#name, { ranges, ringBytes: this.#ringBytes, ...this.#pace });
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
    if (!this.isArmed || this.#state.kind === 'arming') return;
    if (this.#link.state.kind === 'connected') {
      this.#fetchIn(0);
    } else if (this.#state.kind === 'recording') {
      this.#handle = undefined;
      const isEnded = this.#link.state.kind === 'disconnected' && !this.#link.wasLeft;
      if (isEnded) this.#ended(new BoardError('cancelled', 'a person disconnected'));
      else this.#set({ kind: 'away' });
    }
  }

  #fetchIn(milliseconds: number): void {
    this.#next?.dispose();
    this.#next = this.#services.after(milliseconds, () => void this.#fetchOn());
  }

  /** Fetches again and again until it is over. */
  async #fetchOn(): Promise<void> {
    const { signal } = this.#run;
    if (this.#link.state.kind !== 'connected') return;
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

  /** Fetches what follows once. The answer: there is more. */
  async #fetch(): Promise<boolean> {
    const run = this.#run;
    const recording = this.#recording;
    if (recording === undefined) return false;
    this.#handle ??= await this.#find(recording, run.signal);
    const part = await this.#handle.part(recording.next, run.signal);
    if (run.signal.aborted) return false;
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
