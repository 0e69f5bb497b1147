import { expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { Covering } from './covering.ts';

test('random ranges: the last one that covers an address is found, as by a look at all of them', () => {
  const seed = runSeed();
  for (let round = 0; round < 200; round++) {
    const random = new Random(seed + round);
    const most = 1 + random.below(60);
    const ranges = Array.from({ length: random.below(25) }, () => {
      const low = random.below(most);
      return { low, high: low + random.below(8) * random.below(most) };
    });
    const covering = new Covering(ranges);
    const addresses = Array.from({ length: 8 * most + 2 }, (_, i) => i - 1);
    const right = addresses.map((at) => ranges.findLastIndex(({ low, high }) => low <= at && at < high));
    expect(
      addresses.map((at) => covering.at(at)),
      `SEED=${seed + round}`,
    ).toEqual(right);
  }
});

test('each range is read as it is taken in, and never when it is asked for', () => {
  const count = 10_000;
  let reads = 0;
  // The first one covers all of the others: whoever looks for it from behind meets them all.
  const ranges = Array.from({ length: count }, (_, i) => ({
    get low() {
      reads++;
      return i;
    },
    get high() {
      reads++;
      return i === 0 ? 4 * count : i + 1;
    },
  }));
  const covering = new Covering(ranges);
  expect(reads).toBeLessThanOrEqual(4 * count);
  const found = Array.from({ length: 2 * count }, (_, at) => covering.at(at));
  expect(found.every((one, at) => one === (at < count ? at : 0))).toBe(true);
  expect(reads).toBeLessThanOrEqual(4 * count);
});
