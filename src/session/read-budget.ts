/**
 * How many words the watches of one board may read in a second: what a person allows, in even shares; what one does not need
 * goes to the others. Every read of a tile's memory may stall its core for a moment, when both want the same bank. Knows
 * shares; not what is read.
 */
import type { Disposable } from '../model/event.ts';

/** Words of 32 bits a second where no setting says otherwise. */
export const usualBudget = 50_000;

/** A place among those that share. */
interface Share extends Disposable {
  /** Words a second for this one; at least 1. */
  readonly words: number;
}

interface Sharer {
  readonly most: number;
  readonly changed: () => void;
}

export class ReadBudget {
  readonly #allowed: () => number;
  readonly #sharers = new Set<Sharer>();
  /** Those that share are about to be told. */
  #tells = false;

  /** @param allowed words a second for the whole board, now */
  constructor(allowed: () => number) {
    this.#allowed = allowed;
  }

  /** Words a second for each that takes all it gets; at least 1. */
  get share(): number {
    return this.#shareOf(Number.POSITIVE_INFINITY);
  }

  /**
   * Takes a share from now on, until disposed.
   * @param changed the shares are others now
   * @param most words a second that it needs at most
   */
  join(changed: () => void, most = Number.POSITIVE_INFINITY): Share {
    // An own identity: the same listener may share twice.
    const sharer: Sharer = { most, changed };
    this.#sharers.add(sharer);
    this.changed();
    const shareOf = (): number => this.#shareOf(most);
    return {
      get words() {
        return shareOf();
      },
      dispose: () => {
        if (this.#sharers.delete(sharer)) this.changed();
      },
    };
  }

  /** Something else is allowed now, or somebody left. */
  changed(): void {
    if (this.#tells) return;
    this.#tells = true;
    // Not before who joins has its share: a listener may join or leave itself.
    queueMicrotask(() => {
      this.#tells = false;
      for (const sharer of [...this.#sharers]) if (this.#sharers.has(sharer)) sharer.changed();
    });
  }

  /** The share of one that needs this much. */
  #shareOf(most: number): number {
    let left = this.#allowed();
    let count = this.#sharers.size;
    for (const need of [...this.#sharers].map((one) => one.most).sort((a, b) => a - b)) {
      if (need > left / count) break;
      // It gets what it needs, and the others the rest.
      if (need >= most) return Math.max(1, Math.floor(most));
      left -= need;
      count--;
    }
    return Math.max(1, Math.floor(Math.min(most, left / Math.max(1, count))));
  }
}
