import { expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { ReadTimes } from './read-times.ts';

/** As many different times as a page has bytes: more than it tells apart. */
const length = 600;

test('each byte of a page has the time of its own last read; where there are too many, the oldest become one', () => {
  const seed = runSeed();
  const random = dice(seed);
  for (const widest of [length, 40, 2]) {
    const times = new ReadTimes(length);
    const model = new Array<number>(length).fill(0);
    let isCrowded = false;
    for (let at = 1; at < 3000; at++) {
      const low = random(length);
      const high = Math.min(length, low + 1 + random(widest));
      const isWhole = widest === length && random(20) === 0;
      times.set(isWhole ? 0 : low, isWhole ? length : high, at);
      model.fill(at, isWhole ? 0 : low, isWhole ? length : high);
      const from = random(length);
      const to = from + 1 + random(length - from);
      const read = model.slice(from, to).filter((time) => time > 0);
      const oldest = read.length === 0 ? undefined : Math.min(...read);
      const told = times.oldest(from, to);
      const context = `SEED=${seed}, ${widest} bytes at most, ${from} to ${to} at ${at}`;
      isCrowded ||= new Set(model).size > 250;
      if (!isCrowded) expect(told, context).toBe(oldest);
      // Never younger than it is.
      else expect(told ?? 0, context).toBeLessThanOrEqual(oldest ?? 0);
    }
  }
});
