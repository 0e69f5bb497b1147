/**
 * Spaces what other programs read of a board: one read after the other, as many words a second as the board's budget has for
 * one more. Knows how much is read; not what, and not by whom.
 */
import { throwIfCancelled } from '../board/errors.ts';
import { wordBytes } from '../model/geometry.ts';
import type { After } from '../model/later.ts';
import type { Localiser } from '../model/localiser.ts';
import { abortable, Serial } from '../session/async.ts';
import type { BoardLink } from '../session/link.ts';
import { ApiError } from './api-error.ts';

/** Reads that wait for one board at most. */
const mostWaiting = 64;

/** The reads of one board. */
interface Lane {
  readonly reads: Serial;
  /** When the words that were read are paid for, milliseconds. */
  readyAt: number;
  /** Reads that wait for their turn. */
  waiting: number;
}

export class ReadPace {
  readonly #now: () => number;
  readonly #l10n: Localiser;
  readonly #after: After;
  readonly #lanes = new WeakMap<BoardLink, Lane>();

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: () => number, after: After, l10n: Localiser) {
    this.#now = now;
    this.#after = after;
    this.#l10n = l10n;
  }

  /**
   * Reads once it is this one's turn and the reads before are paid for. Rejects as `read`, with the signal's BoardError, and with
   * ApiError `too-many`.
   */
  async turn<T>(link: BoardLink, bytes: number, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(link) ?? { reads: new Serial(), readyAt: 0, waiting: 0 };
    this.#lanes.set(link, lane);
    if (lane.waiting >= mostWaiting) {
      throw new ApiError(
        'too-many',
        this.#l10n.t('{0} reads of this board wait already. Ask when some of them have come.', mostWaiting),
      );
    }
    lane.waiting++;
    const turn = lane.reads.run(async () => {
      lane.waiting--;
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
    return await abortable(turn, signal);
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
