/**
 * When builds are searched for again. Watchers of files miss changes: those before they are up, and on Linux all in
 * folders that were made at once with their parents, for good.
 */
import type { Disposable } from '../model/event.ts';
import type { After } from '../model/later.ts';

/** A build writes many files: they are read this long after the first one, milliseconds. */
const settling = 300;
/** From search to search while changes may go untold, milliseconds. */
const pauses = [settling, 3_000, 10_000, 30_000] as const;
/** What a person does leads to one search in this time, milliseconds. */
const resting = 2_000;
/** From one comparison with the files as they were to the next, milliseconds. */
const comparing = 10_000;

/** What is done at these times. */
export interface Searches {
  /** Searches for files, and reads what changed. */
  search(): Promise<void>;
  /** Whether a known file is another than when it was read; costs less than a search. */
  hasChanged(): Promise<boolean>;
  /** Logs a failure of what happens by itself. */
  note(thrown: unknown): unknown;
}

/** Calls `search` when there may be something new. */
export class SearchTimes {
  readonly #after: After;
  readonly #searches: Searches;
  readonly #timers = new Map<'soon' | 'unsure' | 'rest' | 'compare', Disposable>();
  /** The pause before the next search while changes may go untold. */
  #step = 0;
  #isAskedAgain = false;

  constructor(after: After, searches: Searches) {
    this.#after = after;
    this.#searches = searches;
    this.#compareLater();
  }

  /** Whether searches follow by themselves, because changes may go untold. */
  get isUnsure(): boolean {
    return this.#timers.has('unsure');
  }

  /** A change was told; others follow. */
  told(): void {
    if (!this.#timers.has('soon')) this.#in('soon', settling, () => this.#search());
  }

  /** From now on changes may go untold: searches follow, ever more rarely. */
  unsure(): void {
    if (!this.isUnsure) this.#followFrom(0);
    else if (this.#step > 1) this.#followFrom(1);
  }

  /** A person may want to see names now. */
  asked(): void {
    if (this.#timers.has('rest')) {
      this.#isAskedAgain = true;
      return;
    }
    this.#search();
    this.#in('rest', resting, () => {
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.asked();
    });
  }

  dispose(): void {
    for (const timer of this.#timers.values()) timer.dispose();
  }

  #followFrom(step: number): void {
    const pause = pauses[step];
    if (pause === undefined) return;
    this.#step = step;
    this.#in('unsure', pause, () => {
      this.#search();
      this.#followFrom(step + 1);
    });
  }

  #compareLater(): void {
    this.#in('compare', comparing, () => {
      this.#compareLater();
      this.#searches.hasChanged().then(
        (hasChanged) => hasChanged && this.told(),
        (error) => this.#searches.note(error),
      );
    });
  }

  #in(name: 'soon' | 'unsure' | 'rest' | 'compare', milliseconds: number, action: () => void): void {
    this.#timers.get(name)?.dispose();
    const timer = this.#after(milliseconds, () => {
      this.#timers.delete(name);
      action();
    });
    this.#timers.set(name, timer);
  }

  #search(): void {
    this.#searches.search().catch((error) => this.#searches.note(error));
  }
}
