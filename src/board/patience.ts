/**
 * One clock for the steps of a connection: each step has its time, and the clock stands still while a person is asked.
 * And trying again where the other side has no room now.
 */
import { setTimeout as after } from 'node:timers/promises';
import { abortError, BoardError, type ErrorFacts } from './errors.ts';

const firstPause = 50;
const longestPause = 1000;

/**
 * Does the work again, after pauses that grow and differ by chance, while it fails for a reason that may pass.
 * @param milliseconds no further try is begun after this time
 * @throws the last error; `cancelled` or `timeout` of the signal
 */
export async function patiently<T>(
  work: () => Promise<T>,
  mayPass: (error: BoardError) => boolean,
  milliseconds: number,
  signal: AbortSignal,
): Promise<T> {
  const until = performance.now() + milliseconds;
  for (let pause = firstPause; ; pause = Math.min(2 * pause, longestPause)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof BoardError) || !mayPass(error) || performance.now() >= until) throw error;
    }
    // By chance: those who were refused together would come again together.
    await after(pause * (0.5 + Math.random()), undefined, { signal }).catch((error: unknown) => {
      throw abortError(signal, error);
    });
  }
}

export class Patience {
  readonly #facts: ErrorFacts;
  readonly #expire: (error: BoardError) => void;
  #timer: NodeJS.Timeout | undefined;
  #step = '';
  #milliseconds = 0;
  #pauses = 0;
  #over = false;

  /** @param expire called at most once per armed step, with `timeout` and the facts `step` and `seconds` */
  constructor(facts: ErrorFacts, expire: (error: BoardError) => void) {
    this.#facts = facts;
    this.#expire = expire;
  }

  /** Begins a step, or begins it anew. */
  arm(step: string, milliseconds: number): void {
    this.#step = step;
    this.#milliseconds = milliseconds;
    clearTimeout(this.#timer);
    if (this.#pauses > 0 || this.#over) return;
    this.#timer = setTimeout(() => {
      const seconds = Math.round(milliseconds / 100) / 10;
      this.#expire(
        new BoardError('timeout', `${step}: no answer within ${seconds} s`, {
          ...this.#facts,
          step,
          seconds,
        }),
      );
    }, milliseconds);
  }

  /** Everything is over; later steps are not timed. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  /** Stops the clock for as long as `ask` takes; afterwards the step has its full time again. */
  async whileAsking<T>(ask: () => Promise<T>): Promise<T> {
    this.#pauses++;
    clearTimeout(this.#timer);
    try {
      return await ask();
    } finally {
      this.#pauses--;
      if (this.#step !== '') this.arm(this.#step, this.#milliseconds);
    }
  }
}
