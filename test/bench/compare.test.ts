import { expect, test } from 'vitest';
import { measureCompare } from './compare.ts';

test('[names-11] a comparison of 25 MiB is measured beside a plain loop, with its goal', async () => {
  const measures = await measureCompare(1);
  expect(measures.map(({ name }) => name)).toEqual([
    'compare 25 MiB: words, few of them differ',
    'compare 25 MiB: int16 values, every eighth word differs',
    'compare 25 MiB: float32 values with a tolerance, every 64th differs',
  ]);
  for (const { peer, goal } of measures) {
    expect(peer?.name).toBe('a plain loop over the words');
    expect(goal).toEqual({ at: 'most', value: 100 });
  }
});
