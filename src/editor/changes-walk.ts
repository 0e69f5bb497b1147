/** From one change to the next: runs of bytes that changed since a moment, in the part of a memory that a tab shows. Pure. */
import { type ByteChanges, pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';

/**
 * The run of changed bytes after (`step` 1) or before (-1) the one at the cursor; past the end it goes on at the other end.
 * Undefined if nothing changed.
 *
 * @param changes when the bytes of a range that lies in one page last changed
 * @param since a tick: what changed after it counts; without it, what the page itself marks
 */
export function changeBeside(
  changes: (range: ByteRange) => ByteChanges,
  shown: ByteRange,
  cursor: number,
  step: 1 | -1,
  since?: number,
): ByteRange | undefined {
  const runs = changedRuns(changes, shown, since);
  const beside =
    step === 1
      ? runs.find(({ offset }) => offset > cursor)
      : runs.findLast(({ offset, length }) => offset + length <= cursor);
  return beside ?? (step === 1 ? runs[0] : runs.at(-1));
}

/** All runs of changed bytes, ascending. */
function changedRuns(
  changes: (range: ByteRange) => ByteChanges,
  shown: ByteRange,
  moment: number | undefined,
): readonly ByteRange[] {
  const runs: { offset: number; length: number }[] = [];
  const end = shown.offset + shown.length;
  for (let from = shown.offset; from < end; ) {
    const to = Math.min(end, (Math.floor(from / pageBytes) + 1) * pageBytes);
    const { ticks, since } = changes({ offset: from, length: to - from });
    ticks?.forEach((tick, i) => {
      if (tick <= (moment ?? since)) return;
      const last = runs.at(-1);
      if (last !== undefined && last.offset + last.length === from + i) last.length++;
      else runs.push({ offset: from + i, length: 1 });
    });
    from = to;
  }
  return runs;
}
