/**
 * How many words the watches of one board may read in a second: what a person allows, in even shares. Every read of a
 * tile's memory may stall its core for a moment, when both want the same bank. Knows shares; not what is read.
 */
import type { Disposable } from '../model/event.ts';

/** Words of 32 bits a second where no setting says otherwise. */
export const usualBudget = 50_000;

export class ReadBudget {
  readonly #allowed: () => number;
  readonly #sharers = new Set<() => void>();

  /** @param allowed words a second for the whole board, now */
  constructor(allowed: () => number) {
    this.#allowed = allowed;
  }

  /** Words a second for each that shares; at least 1. */
  get share(): number {
    return Math.max(1, Math.floor(this.#allowed() / Math.max(1, this.#sharers.size)));
  }

  /** Takes a share from now on, until disposed. @param changed the shares are others now */
  join(changed: () => void): Disposable {
    // An own identity: the same listener may share twice.
    const sharer = (): void => changed();
    const others = [...this.#sharers];
    this.#sharers.add(sharer);
    for (const other of others) other();
    return {
      dispose: () => {
        if (this.#sharers.delete(sharer)) this.changed();
      },
    };
  }

  /** Something else is allowed now, or somebody left. */
  changed(): void {
    for (const sharer of [...this.#sharers]) sharer();
  }
}
