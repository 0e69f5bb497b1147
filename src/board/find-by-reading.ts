/** The search of a board that has no native core: in bytes that it reads. It finds what a native core finds. */
import { stateBits } from '../model/byte-state.ts';
import { type BoardPattern, searchPattern } from '../model/find/board-pattern.ts';
import { Finder } from '../model/find/finder.ts';
import type { ByteRange } from '../model/geometry.ts';
import { intersectRanges } from '../model/ranges.ts';
import type { UnreadableSpan } from './board.ts';

/** Work between two looks at whether it was cancelled, in units of a `Budget`. */
const stepWork = 1024 * 1024;

/** What was read of one range. Bytes in `unreadable` are none. */
interface ReadRange {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  readonly unreadable: readonly UnreadableSpan[];
}

/**
 * Searches in what was read of a range that lies alone, up to so many hits. Answers their offsets.
 * @param pause between two steps of the search; may throw
 */
export async function findInRead(
  { range, bytes, unreadable }: ReadRange,
  pattern: BoardPattern,
  most: number,
  bytesPerTile: number,
  pause: () => Promise<void>,
): Promise<number[]> {
  const states = new Uint8Array(range.length).fill(stateBits.known);
  for (const span of unreadable) {
    const part = intersectRanges(span, range);
    if (part !== undefined)
      states.fill(0, part.offset - range.offset, part.offset - range.offset + part.length);
  }
  const take = ({ offset, length }: ByteRange) => {
    const from = offset - range.offset;
    return {
      length,
      bytes: bytes.subarray(from, from + length),
      flags: states.subarray(from, from + length),
    };
  };
  const here = searchPattern(pattern, (among, wanted, from) =>
    Buffer.prototype.indexOf.call(among, wanted, from),
  );
  const finder = new Finder({ bytes: take, view: take }, here, [range], bytesPerTile);
  while (!finder.isOver && finder.hits.count < most) {
    await pause();
    finder.step(stepWork);
  }
  const count = Math.min(most, finder.hits.count);
  return Array.from({ length: count }, (_, i) => finder.hits.at(i)?.offset ?? 0);
}
