import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../conformance/random.ts';
import { judgeLooks, judgeTimes, type RecordedWord, type ReportedLook, type Store } from './reported.ts';

const period = 20;
const slack = 1;
const wordCount = 32;
/** The first of these change as often as all of them. */
const busyWords = 4;
const duration = 4000;

/** One run of an application, and what looks at its memory find when nothing is wrong. */
function makeRun(random: Random) {
  const offsets = Array.from({ length: wordCount }, (_, i) => 4 * i);
  const before = new Map(offsets.map((offset) => [offset, random.word()]));
  // Some words are busy, some change a few times only.
  const stores: Store[] = [];
  for (let time = 100; time < duration; time += random.below(6)) {
    const offset = 4 * random.below(random.below(2) === 0 ? busyWords : wordCount);
    const value = random.below(2) === 0 ? random.word() : random.below(3);
    stores.push({ offset, value, from: time, to: time + random.below(100) / 1000 });
  }
  const looks: ReportedLook[] = [];
  const changes: RecordedWord[] = [];
  const told = new Map(before);
  let [after, next] = [0, 0];
  for (let begin = 20; begin < duration; begin += period + random.below(5)) {
    const end = begin + 1 + random.below(3);
    const words = new Map<number, number>();
    for (const offset of offsets) {
      const read = begin + ((end - begin) * offset) / (4 * wordCount);
      const value = stores.findLast((one) => one.offset === offset && one.to <= read)?.value;
      const [old = 0, now = old] = [told.get(offset), value];
      if (now === old) continue;
      words.set(offset, now);
      changes.push({ offset, old, now, after, at: end });
      told.set(offset, now);
    }
    looks.push({ from: next, to: end, words });
    [after, next] = [begin, end];
  }
  return { log: { before, stores }, looks, changes };
}

type Run = ReturnType<typeof makeRun>;

/** The same looks, with other words in one of them. */
function withWords({ looks }: Run, which: number, words: ReadonlyMap<number, number>): ReportedLook[] {
  return looks.map((look, i) => (i === which ? { ...look, words } : look));
}

/** A look that told something, and one of its words. */
function toldOne(random: Random, { looks }: Run): { which: number; offset: number; value: number } {
  for (;;) {
    const which = 20 + random.below(looks.length - 40);
    const [told] = looks[which]?.words ?? [];
    if (told !== undefined) return { which, offset: told[0], value: told[1] };
  }
}

describe('[live-13] reports judged by the log of who made the changes', () => {
  const seed = runSeed();
  const random = new Random(seed);
  const runs = Array.from({ length: 12 }, () => makeRun(random));
  const message = `SEED=${seed}`;

  it('finds nothing wrong with true ones, and counts the changes that lasted', () => {
    for (const { log, looks, changes } of runs) {
      const verdict = judgeLooks(log, looks, slack);
      expect(verdict.problems, message).toEqual([]);
      expect(verdict.changes, message).toBe(changes.length);
      expect(verdict.lasting, message).toBeGreaterThan(50);
      expect(judgeTimes(log, changes, slack), message).toEqual([]);
    }
  });

  it('finds a value that never was, and one that was there long before', () => {
    for (const run of runs) {
      const { which, offset } = toldOne(random, run);
      const words = new Map(run.looks[which]?.words);
      const never = new Map(words).set(offset, 0xdead_0000 + random.below(1000));
      expect(judgeLooks(run.log, withWords(run, which, never), slack).problems.join(), message).toContain(
        'was not there then',
      );
      const first = new Map(words).set(4 * (wordCount - 1), run.log.before.get(4 * (wordCount - 1)) ?? 0);
      const stale = withWords(run, run.looks.length - 1, first);
      expect(judgeLooks(run.log, stale, slack).problems.join(), message).toContain('was not there then');
    }
  });

  it('finds a change that lasted and is not reported', () => {
    for (const run of runs) {
      // A word that changes seldom, the last time that it was told: it stays so for some looks more.
      const [offset, which] = [...run.log.before.keys()]
        .slice(busyWords)
        .map((one) => [one, run.looks.findLastIndex(({ words }) => words.has(one))] as const)
        .filter(([, last]) => last >= 0 && last < run.looks.length - 8)[0] ?? [0, 0];
      const words = new Map(run.looks[which]?.words);
      words.delete(offset);
      const { problems } = judgeLooks(run.log, withWords(run, which, words), slack);
      expect(problems.join(), message).toMatch(/leaves .* where .* stood meanwhile/);
    }
  });

  it('finds times that are wrong by more than a period, in looks and in a recording', () => {
    for (const { log, looks, changes } of runs) {
      for (const shift of [-2 * period - 10, 2 * period + 10]) {
        const late = looks.map((look) => ({ ...look, from: look.from + shift, to: look.to + shift }));
        expect(judgeLooks(log, late, slack).problems, message).not.toEqual([]);
        const moved = changes.map((one) => ({ ...one, after: one.after + shift, at: one.at + shift }));
        expect(judgeTimes(log, moved, slack), message).not.toEqual([]);
      }
      // A time that is true, but says less than it could: since the look before the last one.
      const wide = changes.map((one) => ({ ...one, after: one.after - 2 * period }));
      expect(judgeTimes(log, wide, slack).join(), message).toContain('came between');
    }
  });

  it('finds a change from a value that was not there', () => {
    for (const { log, changes } of runs) {
      const which = random.below(changes.length);
      const wrong = changes.map((one, i) => (i === which ? { ...one, old: 0xbad0_0000 } : one));
      expect(judgeTimes(log, wrong, slack), message).toHaveLength(1);
    }
  });
});
