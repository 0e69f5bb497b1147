import { cpus } from 'node:os';
import { expect, test } from 'vitest';
import { processorTimes, workingShare } from './busy.ts';

test('[truth-20] a machine is as busy as its processors were between two looks', () => {
  expect(workingShare({ all: 1000, idle: 900 }, { all: 3000, idle: 900 })).toBe(1);
  expect(workingShare({ all: 1000, idle: 900 }, { all: 3000, idle: 2900 })).toBe(0);
  expect(workingShare({ all: 1000, idle: 900 }, { all: 3000, idle: 1400 })).toBe(0.75);
  expect(workingShare({ all: 1000, idle: 900 }, { all: 1000, idle: 900 })).toBe(0);
});

test('[truth-20] a processor that computes is seen', () => {
  const before = processorTimes();
  const end = performance.now() + 300;
  while (performance.now() < end);
  const share = workingShare(before, processorTimes());
  expect(share).toBeGreaterThan(0.3 / cpus().length);
  expect(share).toBeLessThanOrEqual(1);
});
