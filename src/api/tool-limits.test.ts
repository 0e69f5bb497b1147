import { expect, test } from 'vitest';
import { ToolLimits } from './tool-limits.ts';

test('[live-11] a language model has thirty calls in any minute', () => {
  let now = 0;
  const limits = new ToolLimits(() => now);
  const waits = Array.from({ length: 31 }, () => {
    now += 1000;
    return limits.call();
  });
  expect(waits.filter((wait) => wait > 0)).toEqual([30_000]);
  now += 30_000;
  expect(limits.call()).toBe(0);
  expect(limits.call()).toBe(1000);
});
