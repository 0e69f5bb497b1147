import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { BoardError } from './errors.ts';
import { Patience } from './patience.ts';

let expired: BoardError[];
let patience: Patience;

beforeEach(() => {
  vi.useFakeTimers();
  expired = [];
  patience = new Patience({ host: 'h' }, (error) => expired.push(error));
});
afterEach(() => vi.useRealTimers());

test('[main-16] a step that takes too long is named', () => {
  patience.arm('first', 1000);
  vi.advanceTimersByTime(999);
  patience.arm('second', 1500);
  vi.advanceTimersByTime(1499);
  expect(expired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(expired).toMatchObject([{ code: 'timeout', facts: { host: 'h', step: 'second', seconds: 1.5 } }]);
});

test('[main-16] the clock stands still while a person is asked, even about two things', async () => {
  patience.arm('step', 1000);
  let answerFirst: () => void = () => {};
  let answerSecond: () => void = () => {};
  const first = patience.whileAsking(() => new Promise<void>((resolve) => (answerFirst = resolve)));
  const second = patience.whileAsking(() => new Promise<void>((resolve) => (answerSecond = resolve)));
  vi.advanceTimersByTime(100_000);
  answerFirst();
  await first;
  vi.advanceTimersByTime(100_000);
  expect(expired).toEqual([]);
  answerSecond();
  await second;
  vi.advanceTimersByTime(1000);
  expect(expired).toHaveLength(1);
});

test('after the end nothing expires, whatever is begun or answered late', async () => {
  patience.arm('step', 1000);
  const asking = patience.whileAsking(async () => {});
  patience.end();
  await asking;
  patience.arm('late', 1);
  vi.advanceTimersByTime(100_000);
  expect(expired).toEqual([]);
});
