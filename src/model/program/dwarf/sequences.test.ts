import { expect, test } from 'vitest';
import { Random, runSeed } from '../../../../test/conformance/random.ts';
import type { AddressRange } from './ranges.ts';
import { SequenceIndex } from './sequences.ts';

/** The same by a look at all of them, in the order of their ends. */
function naive<S extends AddressRange>(sequences: readonly S[], at: number, nearest?: number): S | undefined {
  let best: S | undefined;
  for (const one of sequences.toSorted((a, b) => a.high - b.high)) {
    if (at < one.low || at >= one.high) continue;
    const isNearer =
      best !== undefined &&
      nearest !== undefined &&
      Math.abs(one.high - nearest) < Math.abs(best.high - nearest);
    if (best === undefined || one.low > best.low || (one.low === best.low && isNearer)) best = one;
  }
  return best;
}

test('random sequences: the one of an address is found, as by a look at all of them', () => {
  const seed = runSeed();
  for (let round = 0; round < 200; round++) {
    const random = new Random(seed + round);
    const most = 1 + random.below(40);
    const sequences = Array.from({ length: random.below(30) }, () => {
      const low = random.below(3) === 0 ? 0 : random.below(most);
      return { low, high: low + 1 + random.below(most) };
    });
    const index = new SequenceIndex(sequences);
    for (let at = 0; at < 2 * most + 2; at++) {
      const label = `SEED=${seed + round} ${at}`;
      expect(index.at(at, undefined), label).toBe(naive(sequences, at));
      const nearest = random.below(2 * most + 2);
      expect(index.at(at, nearest), `${label} ${nearest}`).toBe(naive(sequences, at, nearest));
    }
  }
});

test('of many sequences at one address few are looked at', () => {
  const count = 20_000;
  let looks = 0;
  const index = new SequenceIndex(
    Array.from({ length: count }, (_, i) => ({
      low: 0,
      get high() {
        looks++;
        return i + 1;
      },
    })),
  );
  looks = 0;
  for (let at = 0; at < count; at += 100)
    expect(index.at(at, count - 7)?.high).toBe(Math.max(at + 1, count - 7));
  // Three searches by halves for each of 200 addresses.
  expect(looks).toBeLessThan(200 * 50);
});
