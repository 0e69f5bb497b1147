import type { ByteRange } from '../model/geometry.ts';
import type { ReadPiece } from './board.ts';

/** How asked ranges are fetched. */
export interface ReadPlan {
  /** Ascending, none empty, not overlapping: what is asked of the core. */
  readonly fetch: readonly ByteRange[];
  /** Pieces in the order asked, from one array per fetched range. No two pieces share memory. */
  assemble(fetched: readonly Uint8Array[]): ReadPiece[];
}

/** Plans the read of any ranges: empty ones are answered without asking, overlapping ones are read once. */
export function planRead(ranges: readonly ByteRange[]): ReadPlan {
  const order = ranges.map((_, index) => index).sort((a, b) => start(ranges, a) - start(ranges, b));
  const fetch: { offset: number; length: number }[] = [];
  const home: number[] = ranges.map(() => -1);
  const users: number[] = [];
  for (const index of order) {
    const range = ranges[index];
    if (range === undefined || range.length === 0) continue;
    const last = fetch.at(-1);
    if (last !== undefined && range.offset < last.offset + last.length) {
      last.length = Math.max(last.length, range.offset + range.length - last.offset);
    } else {
      fetch.push({ offset: range.offset, length: range.length });
      users.push(0);
    }
    home[index] = fetch.length - 1;
    users[fetch.length - 1] = (users[fetch.length - 1] ?? 0) + 1;
  }
  return {
    fetch,
    assemble: (fetched) =>
      ranges.map((range, index) => {
        const at = home[index] ?? -1;
        const from = fetch[at];
        const bytes = fetched[at];
        if (from === undefined || bytes === undefined) return { range, bytes: new Uint8Array(0) };
        if (users[at] === 1) return { range, bytes };
        const begin = range.offset - from.offset;
        return { range, bytes: bytes.slice(begin, begin + range.length) };
      }),
  };
}

function start(ranges: readonly ByteRange[], index: number): number {
  return ranges[index]?.offset ?? 0;
}
