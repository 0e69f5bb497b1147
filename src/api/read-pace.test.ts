import { describe, expect, test } from 'vitest';
import type { BoardLink } from '../session/link.ts';
import { ReadBudget } from '../session/read-budget.ts';
import { ReadPace } from './read-pace.ts';

/** A clock that goes on when somebody waits for it. */
function bench(wordsPerSecond: number) {
  let now = 1000;
  const after = (milliseconds: number, action: () => void) => {
    const timer = setImmediate(() => {
      now += milliseconds;
      action();
    });
    return { dispose: () => clearImmediate(timer) };
  };
  const link = { budget: new ReadBudget(() => wordsPerSecond) } as BoardLink;
  return { pace: new ReadPace(() => now, after, { t: (text) => text }), link, now: () => now };
}

const { signal } = new AbortController();

describe('[live-11] reads of other programs', () => {
  test('come one after the other, and as fast as the budget of their board allows', async () => {
    const { pace, link, now } = bench(1000);
    let running = 0;
    const begun: number[] = [];
    const read = async () => {
      expect(++running).toBe(1);
      begun.push(now() - 1000);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    await Promise.all([400, 400, 4000, 4].map((bytes) => pace.turn(link, bytes, signal, read)));
    expect(begun).toEqual([0, 100, 200, 1200]);
  });

  test('share the budget with those who watch', async () => {
    const { pace, link, now } = bench(1000);
    link.budget.join(() => undefined);
    await pace.turn(link, 400, signal, async () => undefined);
    await pace.turn(link, 400, signal, async () => undefined);
    expect(now()).toBe(1200);
  });

  test('that wait without end are refused', async () => {
    const { pace, link } = bench(1_000_000);
    const reads = Array.from({ length: 80 }, () => pace.turn(link, 4, signal, async () => undefined));
    const refused = (await Promise.allSettled(reads)).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(10);
    await pace.turn(link, 4, signal, async () => undefined);
  });

  test('go on after one that failed, and after one that was given up', async () => {
    const { pace, link } = bench(1000);
    const fails = pace.turn(link, 4, signal, () => Promise.reject(new Error('broken')));
    await expect(fails).rejects.toThrow('broken');
    const stop = new AbortController();
    const given = pace.turn(link, 4, stop.signal, async () => 1);
    stop.abort();
    await expect(given).rejects.toThrow('cancelled');
    expect(await pace.turn(link, 4, signal, async () => 2)).toBe(2);
  });
});
