/** The extension's timers: one way to have something done later, and one for what is asked for again and again. */
import type { Disposable } from './event.ts';

/** Runs `action` once after so many milliseconds; disposing the result cancels it. */
export type After = (milliseconds: number, action: () => void) => Disposable;

/** The timers of this machine. */
export const after: After = (milliseconds, action) => {
  const timer = setTimeout(action, milliseconds);
  return { dispose: () => clearTimeout(timer) };
};

/** Runs `action` each time so many milliseconds have passed, until the result is disposed. */
export function every(milliseconds: number, action: () => void): Disposable {
  const timer = setInterval(action, milliseconds);
  return { dispose: () => clearInterval(timer) };
}

/** Does one thing soon, and once, however often it is asked for until then. */
export class Soon {
  readonly #action: () => void;
  #timer: Disposable | undefined;

  constructor(action: () => void) {
    this.#action = action;
  }

  /** Whether it is asked for and not done yet. */
  get isAsked(): boolean {
    return this.#timer !== undefined;
  }

  /** Asks for it in so many milliseconds; where it is asked for already, it stays at that time. */
  ask(milliseconds: number): void {
    this.#timer ??= after(milliseconds, () => {
      this.#timer = undefined;
      this.#action();
    });
  }

  /** As `ask`, counted from now in any case: it waits until nothing comes any more. */
  postpone(milliseconds: number): void {
    this.cancel();
    this.ask(milliseconds);
  }

  /** It is not asked for any more. */
  cancel(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
  }
}
