/** The search of a board that has no native core: in bytes that it reads. It finds what a native core finds. */
import { stateBits } from '../model/byte-state.ts';
import { type BoardPattern, searchPattern } from '../model/find/board-pattern.ts';
import { Finder } from '../model/find/finder.ts';
import type { ByteRange } from '../model/geometry.ts';
import { endOf, intersectRanges } from '../model/ranges.ts';
import type { FindResult, UnreadableSpan } from './board.ts';

/** Work between two looks at whether it was cancelled, in units of a `Budget`. */
const stepWork = 1024 * 1024;

/** What was read of one range. Bytes in `unreadable` are none. */
interface ReadRange {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
  readonly unreadable: readonly UnreadableSpan[];
}

/** What was found in one range. */
interface FoundInRead {
  readonly offsets: readonly number[];
  /** Of expressions. */
  readonly lengths: readonly number[] | undefined;
  /** Where an expression was given up: nothing behind it was searched. */
  readonly gaveUpAt: number | undefined;
}

/**
 * Searches in what was read of a range that lies alone, up to so many hits.
 * @param pause between two steps of the search; may throw
 */
export async function findInRead(
  { range, bytes, unreadable }: ReadRange,
  pattern: BoardPattern,
  most: number,
  bytesPerTile: number,
  pause: () => Promise<void>,
): Promise<FoundInRead> {
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
  const { hits } = finder;
  const count = Math.min(most, hits.count);
  return {
    offsets: Array.from({ length: count }, (_, i) => hits.at(i)?.offset ?? 0),
    lengths:
      pattern.kind === 'expression'
        ? Array.from({ length: count }, (_, i) => hits.at(i)?.length ?? 0)
        : undefined,
    gaveUpAt: finder.isGivenUp ? Math.max(range.offset, endOf(hits.at(hits.count - 1))) : undefined,
  };
}

/** What was found in several ranges, one after the other. */
export class FoundInReads {
  readonly #most: number;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  #isExpression = false;
  #gaveUpAt: number | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Hits that may still be found; none where nothing more is searched. */
  get left(): number {
    return this.#gaveUpAt === undefined ? this.#most - this.#offsets.length : 0;
  }

  add({ offsets, lengths, gaveUpAt }: FoundInRead): void {
    for (const offset of offsets) this.#offsets.push(offset);
    for (const length of lengths ?? []) this.#lengths.push(length);
    this.#isExpression = lengths !== undefined;
    this.#gaveUpAt = gaveUpAt;
  }

  /** @param ranges those that were asked for @param unreadable what could not be read of them */
  result(
    ranges: readonly ByteRange[],
    unreadable: readonly UnreadableSpan[],
  ): Pick<FindResult, 'offsets' | 'lengths' | 'unreadable' | 'isFull' | 'isGivenUp'> {
    const at = this.#gaveUpAt;
    return {
      offsets: this.#offsets,
      ...(this.#isExpression ? { lengths: this.#lengths } : {}),
      unreadable: at === undefined ? unreadable : notSearchedFrom(at, ranges, unreadable),
      isFull: this.#offsets.length === this.#most,
      ...(at === undefined ? {} : { isGivenUp: true }),
    };
  }
}

/** What could not be searched, where nothing was from an offset on. */
export function notSearchedFrom(
  at: number,
  ranges: readonly ByteRange[],
  unreadable: readonly UnreadableSpan[],
): UnreadableSpan[] {
  const before = { offset: 0, length: at };
  const behind = { offset: at, length: Number.MAX_SAFE_INTEGER - at };
  const cut = <T extends ByteRange>(all: readonly T[], to: ByteRange): T[] =>
    all.flatMap((one) => {
      const shared = intersectRanges(one, to);
      return shared === undefined ? [] : [{ ...one, ...shared }];
    });
  return [
    ...cut(unreadable, before),
    ...cut(ranges, behind).map(({ offset, length }) => ({ offset, length, reason: 'not-read' as const })),
  ];
}
