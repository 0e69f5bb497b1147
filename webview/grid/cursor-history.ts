/**
 * What the cell at the cursor held since the cursor came there, as far as this page was told. Knows bytes and their states;
 * not why the memory is followed, nor how a history is drawn.
 */
import type { ShownBytes } from '../../src/editor/messages.ts';
import { isUnreadable, stateBits } from '../../src/model/byte-state.ts';
import { type Stretch, ValueHistory } from '../../src/model/value-history.ts';

/** A page that is drawn is asked once a second at least: after a longer silence nobody looked. Milliseconds. */
const longestSilence = 3000;

export class CursorHistory {
  #history: ValueHistory | undefined;
  #place = '';
  #askedAt = 0;

  /**
   * What is at the cursor now. Another place, or another length of the cell, begins anew.
   *
   * @param isFollowed the memory is followed by itself
   * @param now milliseconds, counted from whenever
   */
  take({ offset, base, flags }: ShownBytes, isFollowed: boolean, now: number): void {
    const place = `${offset} ${base.length}`;
    if (place !== this.#place) {
      this.#place = place;
      this.#history = new ValueHistory(base.length);
    } else if (now - this.#askedAt > longestSilence) this.#history?.gap(this.#askedAt);
    this.#askedAt = now;
    const isOfNow = (flag: number): boolean =>
      (flag & (stateBits.known | stateBits.stale)) === stateBits.known && !isUnreadable(flag);
    if (flags.every(isOfNow)) this.#history?.add(now, base, isFollowed);
    else this.#history?.gap(now);
  }

  /** See `ValueHistory.stretches`. */
  stretches(now: number): readonly Stretch[] {
    return this.#history?.stretches(now) ?? [];
  }
}
