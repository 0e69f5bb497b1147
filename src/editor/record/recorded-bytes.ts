/** The memory as a recording has it after one look, for a tab that shows the past. Knows bytes; not why, nor what time it was. */
import {
  type ByteChanges,
  type BytesView,
  pageBytes,
  stateBits,
  unrecordedState,
} from '../../model/byte-state.ts';
import type { ByteRange } from '../../model/geometry.ts';
import type { PlacedRun } from '../../model/gestures/paste-as.ts';
import { intersectRanges } from '../../model/ranges.ts';
import type { Recording } from '../../model/recording.ts';
import type { ByteSource } from '../frozen-bytes.ts';
import type { ShownBytes } from '../messages.ts';

export class RecordedBytes implements ByteSource {
  readonly #recording: Recording;
  readonly #moment: number;
  readonly #changed: readonly ByteRange[];

  /** @param look a look that is kept; the one before the first: the memory as it began */
  constructor(recording: Recording, moment: number) {
    this.#recording = recording;
    this.#moment = moment;
    this.#changed = recording.changedIn(moment);
  }

  /** What this look found changed is marked: everything else is of a tick before. */
  get tick(): number {
    return this.#moment + 1;
  }

  /** What the bytes that this look found changed held before it; of those that could not be read then there is nothing. */
  get old(): readonly PlacedRun[] {
    return this.#changed.flatMap((range) => {
      const { bytes, states } = this.#recording.bytesAfter(this.#moment - 1, range);
      return states.every((state) => state === stateBits.known) ? [{ offset: range.offset, bytes }] : [];
    });
  }

  bytes(range: ByteRange): ShownBytes {
    const { bytes, states } = this.#recording.bytesAfter(this.#moment, range);
    const flags = states.map((state) => (state === 0 ? unrecordedState : state));
    return { offset: range.offset, bytes, base: bytes.slice(), flags };
  }

  view({ offset, length }: ByteRange): BytesView {
    const some = Math.min(length, pageBytes - (offset % pageBytes));
    const { bytes, flags } = this.bytes({ offset, length: some });
    return { length: some, bytes, flags };
  }

  changes(range: ByteRange): ByteChanges {
    const since = this.#moment;
    const runs = this.#changed.flatMap((run) => intersectRanges(run, range) ?? []);
    if (runs.length === 0) return { ticks: undefined, since };
    const ticks = new Uint32Array(range.length);
    for (const { offset, length } of runs) {
      ticks.fill(this.tick, offset - range.offset, offset - range.offset + length);
    }
    return { ticks, since };
  }
}
