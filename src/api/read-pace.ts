/**
 * Spaces what other programs read of a board: one read after the other, as many words a second as the board's budget has for
 * one more. Knows how much is read; not what, and not by whom.
 */
import { throwIfCancelled } from '../board/errors.ts';
import { wordBytes } from '../model/geometry.ts';
import type { After } from '../model/later.ts';
import { abortable, Serial } from '../session/async.ts';
import type { BoardLink } from '../session/link.ts';

/** The reads of one board. */
interface Lane {
  readonly reads: Serial;
  /** When the words that were read are paid for, milliseconds since 1970. */
  readyAt: number;
}

export class ReadPace {
  readonly #now: () => number;
  readonly #after: After;
  readonly #lanes = new WeakMap<BoardLink, Lane>();

  /** @param now milliseconds since 1970 */
  constructor(now: () => number, after: After) {
    this.#now = now;
    this.#after = after;
  }

  /** Reads once it is this one's turn and the reads before are paid for. Rejects as `read`, and with the signal's BoardError. */
  turn<T>(link: BoardLink, bytes: number, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(link) ?? { reads: new Serial(), readyAt: 0 };
    this.#lanes.set(link, lane);
    const turn = lane.reads.run(async () => {
      throwIfCancelled(signal);
      await this.#until(lane.readyAt, signal);
      const share = link.budget.join(() => undefined);
      try {
        return await read();
      } finally {
        const cost = (1000 * Math.ceil(bytes / wordBytes)) / share.words;
        lane.readyAt = Math.max(this.#now(), lane.readyAt) + cost;
        share.dispose();
      }
    });
    return abortable(turn, signal);
  }

  async #until(time: number, signal: AbortSignal): Promise<void> {
    const wait = time - this.#now();
    if (wait <= 0) return;
    let timer: { dispose(): void } | undefined;
    try {
      await abortable(new Promise<void>((go) => (timer = this.#after(wait, go))), signal);
    } finally {
      timer?.dispose();
    }
  }
}
