/**
 * Reads everything that a gone owner left, once per hold, so that it is still here after the hold. Knows when to read and
 * whether it was done; the image keeps the bytes.
 */
import type { Board } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import type { Follower } from './follower.ts';
import type { Image } from './image.ts';
import type { BoardLink } from './link.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import type { SessionServices } from './services.ts';
import type { Snapshot } from './types.ts';

export class Snapshots {
  readonly #link: BoardLink;
  readonly #services: SessionServices;
  readonly #image: Image;
  readonly #follower: Follower;
  readonly #reads: ReadScheduler;
  readonly #told: () => void;
  /** The last one, and the hold and connection that it was taken under. */
  #last: (Snapshot & { readonly of: string; readonly board: Board }) | undefined;
  #tick: number | undefined;
  #reading: AbortController | undefined;

  constructor(
    link: BoardLink,
    services: SessionServices,
    image: Image,
    follower: Follower,
    reads: ReadScheduler,
    told: () => void,
  ) {
    this.#link = link;
    this.#services = services;
    this.#image = image;
    this.#follower = follower;
    this.#reads = reads;
    this.#told = told;
  }

  /** The update after which all changed since the last complete one; undefined without one. */
  get tick(): number | undefined {
    return this.#tick;
  }

  get last(): Snapshot | undefined {
    return this.#last && { done: this.#last.done, at: this.#last.at };
  }

  /** Takes one if an owner is gone and the partition is held. A failed read is tried again after the next connection. */
  async take(): Promise<void> {
    const { state } = this.#link;
    const { partition } = this.#follower;
    if (state.kind !== 'connected' || partition?.ownerGone !== true) {
      this.#reading?.abort();
      return;
    }
    const of = `${partition.hold?.pid ?? 0}:${partition.hold?.since ?? 0}`;
    if (this.#reading !== undefined) return;
    if (this.#last?.of === of && (this.#last.done || this.#last.board === state.board)) return;
    const reading = new AbortController();
    this.#reading = reading;
    this.#last = { of, board: state.board, done: false, at: this.#services.now() };
    this.#told();
    try {
      await this.#reads.open(reading.signal, 'nobody');
      const onlyIn = partition.epoch;
      await this.#reads.read([this.#image.whole], 'nobody', reading.signal, { onlyIn });
      this.#last = { of, board: state.board, done: true, at: this.#image.readAt ?? this.#services.now() };
      this.#tick = this.#image.updates.last;
    } catch (error) {
      // `state.lastError` holds it for the face.
      this.#services.log.warn(`${this.#link.label}: no snapshot: ${toBoardError(error).message}`);
    } finally {
      this.#reading = undefined;
      if (!this.#reads.isEnded) this.#told();
    }
  }

  dispose(): void {
    this.#reading?.abort();
  }
}
