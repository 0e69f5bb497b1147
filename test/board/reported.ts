/**
 * Judges what was reported of a memory by the log of the application that changed it: whether each reported change happened,
 * whether each that lasted is reported, and whether the times are right. Knows words and times; neither boards nor how looks
 * are made. All times are milliseconds on one clock.
 */

/** A word that the application stored, at some moment between two. */
export interface Store {
  /** Where, in bytes. */
  readonly offset: number;
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** What the memory held before, by offset, and all stores to it, in their order. */
export interface StoreLog {
  readonly before: ReadonlyMap<number, number>;
  readonly stores: readonly Store[];
}

/** A look at the memory that was made between two times, and the words that it told, by offset: those that it found changed. */
export interface ReportedLook {
  readonly from: number;
  readonly to: number;
  readonly words: ReadonlyMap<number, number>;
}

/** One change of a recording: its word changed between these two times. */
export interface RecordedWord {
  readonly offset: number;
  readonly old: number;
  readonly now: number;
  readonly after: number;
  readonly at: number;
}

export interface Verdict {
  /** One sentence each. */
  readonly problems: readonly string[];
  /** Told words that differed from what was told of them before. */
  readonly changes: number;
  /** Changes of the log that lasted longer than the longest time from the beginning of a look to the end of the next one. */
  readonly lasting: number;
}

/** How long one value stood in a word: certainly from `begun` to `left`, and at most from `from` to `until`. */
interface Stand {
  readonly value: number;
  readonly from: number;
  readonly begun: number;
  readonly left: number;
  readonly until: number;
  /** It differs from what stood there before. */
  readonly isChange: boolean;
}

/** The values of each word, one after the other. */
function standsOf({ before, stores }: StoreLog): ReadonlyMap<number, readonly Stand[]> {
  const ofWord = new Map<number, Store[]>();
  for (const [offset, value] of before) {
    ofWord.set(offset, [{ offset, value, from: -Infinity, to: -Infinity }]);
  }
  for (const one of stores) ofWord.get(one.offset)?.push(one);
  const stands = (all: readonly Store[]): Stand[] =>
    all.map(({ value, from, to }, i) => {
      const next = all[i + 1];
      const last = all[i - 1];
      return {
        value,
        from,
        begun: to,
        left: next?.from ?? Infinity,
        until: next?.to ?? Infinity,
        isChange: last !== undefined && last.value !== value,
      };
    });
  return new Map([...ofWord].map(([offset, all]) => [offset, stands(all)]));
}

const hex = (value: number | undefined): string => `0x${(value ?? 0).toString(16)}`;

/**
 * Judges looks in their order.
 * @param slack by which times may be off, for rounding and for clocks that were read apart
 */
export function judgeLooks(log: StoreLog, looks: readonly ReportedLook[], slack: number): Verdict {
  const stands = standsOf(log);
  const problems: string[] = [];
  const shown = new Map(log.before);
  let changes = 0;
  const judge = (look: ReportedLook, name: string): void => {
    for (const [offset, value] of look.words) {
      const held = stands.get(offset) ?? [];
      const isTrue = held.some(
        (one) => one.value === value && one.from <= look.to + slack && one.until >= look.from - slack,
      );
      if (!isTrue) problems.push(`${name} tells ${hex(value)} at ${hex(offset)}, which was not there then`);
      if (shown.get(offset) !== value) changes++;
      shown.set(offset, value);
    }
    for (const [offset, held] of stands) {
      const stood = held.find((one) => one.begun <= look.from - slack && one.left >= look.to + slack);
      if (stood === undefined || shown.get(offset) === stood.value) continue;
      problems.push(
        `${name} leaves ${hex(shown.get(offset))} at ${hex(offset)}, where ${hex(stood.value)} stood meanwhile`,
      );
    }
  };
  for (const [i, look] of looks.entries()) judge(look, `look ${i}`);

  const periods = looks.slice(1).map((look, i) => look.to - (looks[i]?.from ?? 0));
  const longest = Math.max(0, ...periods.filter((period) => period < Infinity)) + 2 * slack;
  const [begin, end] = [looks[0]?.to ?? Infinity, looks.at(-1)?.to ?? -Infinity];
  // What stood for longer stood over a whole look: that it was told is judged above.
  const lasting = [...stands.values()].flat().filter(({ begun, left, isChange }) => {
    return isChange && begun >= begin && Math.min(left, end) - begun > longest;
  }).length;
  return { problems, changes, lasting };
}

/** Judges the times of a recording's changes, in their order: one sentence for each that is wrong. */
export function judgeTimes(log: StoreLog, changes: readonly RecordedWord[], slack: number): string[] {
  const stands = standsOf(log);
  const problems: string[] = [];
  const moments = [...new Set(changes.map(({ at }) => at))];
  for (const { offset, old, now, after, at } of changes) {
    const name = `the change of ${hex(offset)} from ${hex(old)} to ${hex(now)} at ${at}`;
    const held = stands.get(offset) ?? [];
    const isThen = (one: Stand): boolean => one.from <= at + slack && one.begun >= after - slack;
    if (!held.some((one) => one.value === now && isThen(one))) {
      problems.push(`${name}: nothing stored that between ${after} and ${at}`);
    }
    if (!held.some((one) => one.value === old && one.from <= at + slack && one.until >= after - slack)) {
      problems.push(`${name}: that was not there between ${after} and ${at}`);
    }
    // It was not there at the look before. That one began after the one before it had ended.
    const earlier = moments[moments.indexOf(at) - 2];
    if (earlier !== undefined && after < earlier) problems.push(`${name}: a look at ${earlier} came between`);
  }
  return problems;
}
