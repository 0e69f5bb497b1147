/** What a watch costs: words read on the board and bytes on the wire in a second. Pure: told the time. */

/** The figures are those of the last so many milliseconds. */
const windowMs = 2000;
/** Over less than this they would say nothing of a second. */
const leastMs = 500;

export class LiveFigures {
  /** When each update came, what the watch had read by then, and what the update weighed. */
  #updates: { at: number; words: number; wireBytes: number }[] = [];

  /** Another watch begins: it counts from 0. */
  begin(at: number): void {
    this.#updates = [{ at, words: 0, wireBytes: 0 }];
  }

  /** @param words as in `WatchUpdate` */
  add(at: number, words: number, wireBytes: number): void {
    this.#updates.push({ at, words, wireBytes });
    // The one before the window is where it begins.
    while ((this.#updates[1]?.at ?? at) < at - windowMs) this.#updates.shift();
  }

  /** Words and bytes in a second, as of the last update; 0 until there is something to tell. */
  get rates(): { readonly wordsPerSecond: number; readonly bytesPerSecond: number } {
    const [first, ...others] = this.#updates;
    const last = others.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < leastMs) {
      return { wordsPerSecond: 0, bytesPerSecond: 0 };
    }
    const seconds = (last.at - first.at) / 1000;
    const bytes = others.reduce((sum, { wireBytes }) => sum + wireBytes, 0);
    return {
      wordsPerSecond: Math.round((last.words - first.words) / seconds),
      bytesPerSecond: Math.round(bytes / seconds),
    };
  }
}
