/** How often a language model may use the tools: so many calls in a minute, all tools together. */
const mostCalls = 30;
const periodMs = 60_000;

export class ToolLimits {
  readonly #now: () => number;
  #calls: readonly number[] = [];

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a call. Answers 0, or where there were too many how long to wait, milliseconds. */
  call(): number {
    const now = this.#now();
    this.#calls = this.#calls.filter((at) => at > now - periodMs);
    const [oldest] = this.#calls;
    if (oldest !== undefined && this.#calls.length >= mostCalls) return oldest + periodMs - now;
    this.#calls = [...this.#calls, now];
    return 0;
  }
}
