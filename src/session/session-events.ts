/** The events of a session: bytes, state, settled documents, writes. Knows only that they changed. */
import type { BoardLog } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import { type Disposable, Emitter, type Event } from '../model/event.ts';
import type { ByteRange } from '../model/geometry.ts';
import type { BytesChange, WriteLogEntry } from './types.ts';

/** What the events are about. */
export interface EventSource {
  /** The last update of the bytes. */
  readonly tick: number;
  /** `SessionState.epochChanged`. */
  readonly epochChanged: boolean;
  /** Documents with unwritten edits. */
  readonly pendingDocuments: readonly string[];
}

export class SessionEvents implements Disposable {
  readonly #source: EventSource;
  readonly #log: BoardLog;
  readonly #bytes = new Emitter<BytesChange>();
  readonly #state = new Emitter<void>();
  readonly #settled = new Emitter<readonly string[]>();
  readonly #wrote = new Emitter<WriteLogEntry>();
  /** `epochChanged` as listeners know it. */
  #toldEpochChanged = false;

  constructor(source: EventSource, log: BoardLog) {
    this.#source = source;
    this.#log = log;
  }

  get onBytes(): Event<BytesChange> {
    return this.#bytes.event;
  }
  get onState(): Event<void> {
    return this.#state.event;
  }
  get onDidSettle(): Event<readonly string[]> {
    return this.#settled.event;
  }
  get onDidWrite(): Event<WriteLogEntry> {
    return this.#wrote.event;
  }

  /** Tells what bytes changed; staging and dropping edits also decides whether they are all of this epoch. */
  bytes(ranges: readonly ByteRange[]): void {
    if (ranges.length > 0) this.#emit(this.#bytes, { ranges, tick: this.#source.tick });
    if (this.#source.epochChanged !== this.#toldEpochChanged) this.state();
  }

  state(): void {
    this.#toldEpochChanged = this.#source.epochChanged;
    this.#emit(this.#state, undefined);
  }

  wrote(entry: WriteLogEntry): void {
    this.#emit(this.#wrote, entry);
  }

  /** Runs `change` and tells which documents it made clean. */
  settling<T>(change: () => T): T {
    const before = this.#source.pendingDocuments;
    const result = change();
    const after = new Set(this.#source.pendingDocuments);
    const clean = before.filter((document) => !after.has(document));
    if (clean.length > 0) this.#emit(this.#settled, clean);
    return result;
  }

  /** Only writes are still told: an apply under way runs to its end. */
  dispose(): void {
    this.#bytes.dispose();
    this.#state.dispose();
    this.#settled.dispose();
  }

  /** A listener that throws must not break the work of the session. */
  #emit<T>(emitter: Emitter<T>, event: T): void {
    try {
      emitter.fire(event);
    } catch (error) {
      this.#log.warn(`a listener of a memory session failed: ${toBoardError(error).message}`);
    }
  }
}
