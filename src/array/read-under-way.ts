import type { Asking } from '../board/board.ts';

/**
 * One read of status that is under way. A read that a person asks for ends one that nobody asked for, instead of waiting
 * for it.
 */
export class ReadUnderWay {
  readonly #asking: Asking;
  readonly #stop = new AbortController();
  readonly #over: Promise<void>;
  #end: () => void = () => undefined;

  constructor(asking: Asking) {
    this.#asking = asking;
    this.#over = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** For its requests. @param patience milliseconds after which it ends by itself */
  signal(patience: number): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(patience), this.#stop.signal]);
  }

  /** It ended because nobody wants it any more: that is no failure. */
  get gaveWay(): boolean {
    return this.#stop.signal.aborted;
  }

  /** It is over, however it ended. */
  end(): void {
    this.#end();
  }

  /** Nobody looks any more: ends it, unless a person asked for it. */
  drop(): void {
    if (this.#asking === 'nobody') this.#stop.abort();
  }

  /** Ends it for a read that a person asks for, if nobody asked for it; resolves when it is over, or at once if it goes on. */
  async makeWayFor(asking: Asking): Promise<void> {
    if (this.#asking !== 'nobody' || asking === 'nobody') return;
    this.drop();
    await this.#over;
  }
}
