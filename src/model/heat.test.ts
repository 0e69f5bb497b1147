import { expect, test } from 'vitest';
import { coolingMs, Heat, hottest } from './heat.ts';

test('[live-3] a tile is as warm as the share of its words that changed, and cools a step at a time', () => {
  const heat = new Heat();
  heat.changed(0, 0, 0);
  heat.changed(1, 1 / 64, 0);
  heat.changed(2, 1 / 32, 0);
  heat.changed(3, 1 / 8, 0);
  heat.changed(4, 1, 0);
  const steps = (at: number) => [0, 1, 2, 3, 4].map((tile) => heat.step(tile, at));
  expect(steps(0)).toEqual([0, 1, 2, 3, hottest]);
  expect(steps(coolingMs - 1)).toEqual([0, 1, 2, 3, 4]);
  expect(steps(coolingMs)).toEqual([0, 0, 1, 2, 3]);
  expect(steps(4 * coolingMs)).toEqual([0, 0, 0, 0, 0]);
});

test('[live-3] what changes little keeps a hot tile from getting cold, but not from cooling', () => {
  const heat = new Heat();
  heat.changed(7, 1, 0);
  const steps: number[] = [];
  for (let at = 1000; at <= 20_000; at += 1000) {
    heat.changed(7, 1 / 64, at);
    if (at % 4000 === 0) steps.push(heat.step(7, at));
  }
  expect(steps).toEqual([3, 2, 1, 1, 1]);
  expect([...heat.warm(20_000)]).toEqual([[7, 1]]);
  expect([...heat.warm(24_000)]).toEqual([]);
  // A clock that was set back makes nothing hotter.
  heat.changed(7, 1 / 64, 30_000);
  expect(heat.step(7, 10_000)).toBe(1);
});
