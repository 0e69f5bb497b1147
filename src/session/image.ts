/**
 * The bytes of one memory as they were last read: layout, values, states, change ticks. Knows what was read and when; knows
 * no edits, no board, and not who may write.
 */
import type { ReadResult } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { BytePlane, reasonOf, stateBits, UpdateLog } from '../model/byte-state.ts';
import { type ByteRange, type MemoryGeometry, totalBytes } from '../model/geometry.ts';
import { intersectRanges } from '../model/ranges.ts';
import { SessionError } from './errors.ts';

/** Two wanted runs with at most so many unread bytes between them are read as one. */
export const readGap = 256;

/** What goes with the bytes of a read. */
export interface ReadFacts {
  /** The last update before the read that this is part of. */
  readonly since: number;
  /** Read in the current epoch. */
  readonly fresh: boolean;
  /** Runs that were written while the read was under way. */
  readonly skip: readonly ByteRange[];
  /** Ranges that were looked at, where only what differs came. */
  readonly looked?: readonly ByteRange[];
  /** Since when all of these were, ms since 1970; undefined where part of them never was. */
  readonly lookedAt?: number | undefined;
}

export class Image {
  readonly plane = new BytePlane();
  readonly updates = new UpdateLog();
  /** The layout, once the partition was opened or a journal brought it. */
  geometry: MemoryGeometry | undefined;
  #readAt: number | undefined;

  /** When bytes were last read, ms since 1970. */
  get readAt(): number | undefined {
    return this.#readAt;
  }

  get whole(): ByteRange {
    return { offset: 0, length: this.geometry === undefined ? 0 : totalBytes(this.geometry) };
  }

  value(offset: number): number {
    return this.plane.value(offset);
  }

  known(offset: number): boolean {
    return (this.plane.state(offset) & stateBits.known) !== 0;
  }

  /** Takes over what a read brought, as one update. Answers the runs whose bytes, states or marks changed. */
  store(
    { at, epoch, pieces, unreadable }: ReadResult,
    { since, fresh, skip, looked = [], lookedAt }: ReadFacts,
  ): ByteRange[] {
    const tick = this.updates.begin({ at, epoch });
    this.#readAt = at;
    const changed: ByteRange[] = [];
    // Not as arguments of one call: more than a hundred thousand do not fit.
    const add = (ranges: readonly ByteRange[]): void => {
      for (const range of ranges) changed.push(range);
    };
    for (const range of looked) add(this.plane.confirm(range, lookedAt, since));
    for (const { range, bytes } of pieces) {
      const bad = unreadable.filter((span) => intersectRanges(span, range) !== undefined);
      add(this.plane.store({ range, bytes, unreadable: bad, at, tick, since, fresh, skip }));
    }
    return changed;
  }

  /** Throws BoardError `out-of-range` unless the range lies in the memory. */
  checkRange({ offset, length }: ByteRange): void {
    const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
    if (!sound || offset + length > this.whole.length) {
      throw new BoardError('out-of-range', `bytes ${offset}+${length} are outside the memory`);
    }
  }

  /** Why nothing can be typed over a byte that is not known. */
  notEditable(offset: number): SessionError {
    const reason = reasonOf(this.plane.state(offset));
    return reason === undefined
      ? new SessionError('bytes-unknown', `the byte at ${offset} was not read yet`, { offset })
      : new SessionError('bytes-unreadable', `the byte at ${offset} cannot be read: ${reason}`, {
          offset,
          reason,
        });
  }
}
