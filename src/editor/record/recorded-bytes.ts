/** The memory as a recording has it after one look, for a tab that shows the past. Knows bytes; not why, nor what time it was. */
import { type ByteChanges, type BytesView, pageBytes } from '../../model/byte-state.ts';
import type { ByteRange } from '../../model/geometry.ts';
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

  bytes(range: ByteRange): ShownBytes {
    const { bytes, states: flags } = this.#recording.bytesAfter(this.#moment, range);
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
