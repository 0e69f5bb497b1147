import type { Writable } from 'node:stream';

/** Something to send: frames made one at a time, so that a large write never stands in memory twice. */
interface Letter {
  readonly frames: Iterator<Uint8Array>;
  /** A frame could not be made; what follows it is not sent. */
  readonly fail: (error: unknown) => void;
  started: boolean;
}

/**
 * Sends frames into a stream as fast as it takes them. Urgent frames (heartbeats, cancels, receipts) pass between the frames of
 * what waits; everything else keeps its order.
 */
export class Outbox {
  readonly #stream: Writable;
  readonly #onFlow: () => void;
  readonly #urgent: Uint8Array[] = [];
  #receipt: Uint8Array | undefined;
  #waiting: Letter[] = [];
  #blocked = false;
  #blockedByRequest = false;
  #closed = false;

  /**
   * @param onFlow called when the stream took a frame of a request for which it was full: a long upload moves on. A
   * heartbeat that is taken says nothing of the other side.
   */
  constructor(stream: Writable, onFlow: () => void) {
    this.#stream = stream;
    this.#onFlow = onFlow;
    stream.on('drain', () => {
      this.#blocked = false;
      if (this.#blockedByRequest) this.#onFlow();
      this.#pump();
    });
  }

  /** Sends one frame before everything that waits. */
  sendUrgent(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#urgent.push(frame);
    this.#pump();
  }

  /** Sends one frame before everything that waits, in place of an earlier one of this kind that was not sent yet. */
  sendReceipt(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#receipt = frame;
    this.#pump();
  }

  /**
   * Queues frames. The result takes back what was not sent; it tells whether anything was. `fail` hears of a frame that
   * cannot be made, possibly before this returns.
   */
  send(frames: Iterator<Uint8Array>, fail: (error: unknown) => void): () => boolean {
    const letter: Letter = { frames, fail, started: false };
    if (!this.#closed) {
      this.#waiting.push(letter);
      this.#pump();
    }
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== letter);
      return letter.started;
    };
  }

  /** Drops what waits; sends nothing from now on. */
  close(): void {
    this.#closed = true;
    this.#urgent.length = 0;
    this.#receipt = undefined;
    this.#waiting = [];
  }

  #pump(): void {
    while (!this.#closed && !this.#blocked) {
      const urgent = this.#receipt ?? this.#urgent.shift();
      this.#receipt = undefined;
      const frame = urgent ?? this.#next();
      if (frame === undefined) return;
      this.#blockedByRequest = urgent === undefined;
      this.#blocked = !this.#stream.write(frame);
    }
  }

  #next(): Uint8Array | undefined {
    for (;;) {
      const letter = this.#waiting[0];
      if (letter === undefined) return undefined;
      try {
        const step = letter.frames.next();
        if (step.done !== true) {
          letter.started = true;
          return step.value;
        }
      } catch (error) {
        letter.fail(error);
      }
      this.#waiting = this.#waiting.filter((one) => one !== letter);
    }
  }
}
