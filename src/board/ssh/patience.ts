/**
 * One clock for the steps of a connection: each step has its time, and the clock stands still while a person is asked.
 */
import { BoardError, type ErrorFacts } from '../errors.ts';

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
