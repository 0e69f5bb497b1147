import { describe, expect, test } from 'vitest';
import { ManualTime } from '../session/scripted-board.ts';
import { SearchTimes } from './search-times.ts';

/** The times of searches and comparisons, in seconds, on a clock that runs when a test says so. */
class Bench {
  readonly time = new ManualTime();
  readonly #start = this.time.now();
  readonly searches: number[] = [];
  readonly compared: number[] = [];
  readonly noted: unknown[] = [];
  hasChanged = async () => false;
  search = async () => undefined;
  readonly times = new SearchTimes((milliseconds, action) => this.time.after(milliseconds, action), {
    search: () => {
      this.searches.push(this.now);
      return this.search();
    },
    hasChanged: () => {
      this.compared.push(this.now);
      return this.hasChanged();
    },
    note: (thrown) => this.noted.push(thrown),
  });

  /** Seconds since the beginning. */
  get now(): number {
    return (this.time.now() - this.#start) / 1000;
  }

  async until(end: number): Promise<void> {
    await this.time.pass(Math.round(1000 * (end - this.now)));
  }
}

describe('when files of builds are searched for', () => {
  test('soon after changes that were told, once for many', async () => {
    const bench = new Bench();
    for (let i = 0; i < 100; i++) bench.times.told();
    await bench.until(1);
    bench.times.told();
    await bench.until(9);
    expect(bench.searches).toEqual([0.3, 1.3]);
  });

  test('again and again, ever more rarely, while changes may go untold', async () => {
    const bench = new Bench();
    bench.times.unsure();
    await bench.until(300);
    expect(bench.searches).toEqual([0.3, 3.3, 13.3, 43.3]);
    bench.times.unsure();
    await bench.until(308);
    bench.times.unsure();
    await bench.until(400);
    expect(bench.searches.slice(4)).toEqual([300.3, 303.3, 311, 321, 351]);
  });

  test('folders that come all the time lead to one search in three seconds', async () => {
    const bench = new Bench();
    for (let second = 0; second < 60; second += 0.1) {
      await bench.until(second);
      bench.times.unsure();
    }
    expect(bench.searches.length).toBeLessThanOrEqual(21);
    expect(bench.searches.length).toBeGreaterThan(15);
  });

  test('a known file that has changed leads to a search; a failure is logged, and the next comparison comes', async () => {
    const bench = new Bench();
    await bench.until(25);
    expect(bench.compared).toEqual([10, 20]);
    expect(bench.searches).toEqual([]);
    bench.hasChanged = async () => true;
    bench.search = async () => Promise.reject(new Error('search'));
    await bench.until(31);
    expect(bench.searches).toEqual([30.3]);
    bench.hasChanged = async () => Promise.reject(new Error('compare'));
    await bench.until(50);
    expect(bench.noted.map(String)).toEqual(['Error: search', 'Error: compare', 'Error: compare']);
    bench.times.dispose();
    await bench.until(100);
    expect(bench.compared.length).toBe(5);
  });
});
