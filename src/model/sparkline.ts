/** The history of a value as a small line: columns of time, and SVG. Knows numbers and times; not where they come from. */
import type { CellFormat } from './cells/format.ts';
import type { Stretch } from './value-history.ts';

/** A shorter history fills the right part, milliseconds. */
const shortest = 10_000;

/** What the value did in one column of time. */
export interface SparkColumn {
  readonly first: number;
  readonly low: number;
  readonly high: number;
  readonly last: number;
  /** It goes on from the column before. */
  readonly isJoined: boolean;
}

/** A line, and what there is to say of it. */
export interface Sparkline {
  /** From left to right; `gap`: nobody looked; undefined: not kept, or no number. */
  readonly columns: readonly (SparkColumn | 'gap' | undefined)[];
  /** Milliseconds from the first look to now, and those of them in which nobody looked. */
  readonly lasts: number;
  readonly unseen: number;
  /** The bytes of the lowest, the highest and the last value. */
  readonly lowest: Uint8Array;
  readonly highest: Uint8Array;
  readonly last: Uint8Array;
}

/**
 * The line of a history; undefined without a look. Of several numbers in a value the first one counts.
 *
 * @param count columns
 */
export function sparkline(
  stretches: readonly Stretch[],
  format: Pick<CellFormat, 'numbers'>,
  count: number,
): Sparkline | undefined {
  const [begin] = stretches;
  const end = stretches.at(-1)?.to;
  const last = stretches.findLast(({ bytes }) => bytes !== undefined)?.bytes;
  if (begin === undefined || end === undefined || last === undefined) return undefined;
  const start = Math.min(begin.from, end - shortest);
  const columns = new Array<SparkColumn | 'gap' | undefined>(count).fill(undefined);
  const at = (time: number): number => ((time - start) * count) / (end - start);
  let lowest: { value: number; bytes: Uint8Array } | undefined;
  let highest: typeof lowest;
  let unseen = 0;
  let isAfterNumber = false;
  for (const { from, to, bytes } of stretches) {
    const firstColumn = Math.min(Math.floor(at(from)), count - 1);
    const lastColumn = Math.min(Math.max(Math.ceil(at(to)) - 1, firstColumn), count - 1);
    if (bytes === undefined) {
      unseen += to - from;
      for (let i = firstColumn; i <= lastColumn; i++) columns[i] ??= 'gap';
      isAfterNumber = false;
      continue;
    }
    const value = Number(format.numbers(bytes, 0)[0]);
    const isNumber = Number.isFinite(value);
    if (isNumber) {
      if (lowest === undefined || value < lowest.value) lowest = { value, bytes };
      if (highest === undefined || value > highest.value) highest = { value, bytes };
      for (let i = firstColumn; i <= lastColumn; i++) {
        const there = columns[i];
        const isJoined = i > firstColumn || isAfterNumber;
        columns[i] =
          there === undefined || there === 'gap'
            ? { first: value, low: value, high: value, last: value, isJoined }
            : { ...there, low: Math.min(there.low, value), high: Math.max(there.high, value), last: value };
      }
    }
    isAfterNumber = isNumber;
  }
  return {
    columns,
    lasts: end - begin.from,
    unseen,
    lowest: lowest?.bytes ?? last,
    highest: highest?.bytes ?? last,
    last,
  };
}

/** Runs of columns in which nobody looked: where each begins and how many they are. */
export function sparkGaps({
  columns,
}: Sparkline): readonly { readonly from: number; readonly count: number }[] {
  const gaps: { from: number; count: number }[] = [];
  columns.forEach((column, i) => {
    if (column !== 'gap') return;
    const last = gaps.at(-1);
    if (last !== undefined && last.from + last.count === i) last.count++;
    else gaps.push({ from: i, count: 1 });
  });
  return gaps;
}

/** The line as the `d` of an SVG path: columns are one wide, the lowest value lies at `height`, the highest at 0. */
export function sparkPath({ columns }: Sparkline, height: number): string {
  const numbers = columns.filter((column) => typeof column === 'object');
  const low = Math.min(...numbers.map((column) => column.low));
  const high = Math.max(...numbers.map((column) => column.high));
  // Both ends may be so far apart that their difference is no number.
  const scale = Math.max(Math.abs(low), Math.abs(high), 1);
  const y = (value: number): string => {
    const share = high === low ? 0.5 : (value / scale - low / scale) / (high / scale - low / scale);
    return (height * (1 - share)).toFixed(1).replace(/\.0$/, '');
  };
  let path = '';
  let pen: string | undefined;
  columns.forEach((column, i) => {
    if (typeof column !== 'object') return;
    if (!column.isJoined) pen = undefined;
    for (const turn of [column.first, column.low, column.high, column.last].map(y)) {
      if (pen === undefined) path += `M${i} ${turn}`;
      else if (turn !== pen) path += `V${turn}`;
      pen = turn;
    }
    path += `H${i + 1}`;
  });
  return path;
}
