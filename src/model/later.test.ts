import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { after, every, Soon } from './later.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('[shape-5] what is asked for several times is done once, at the time of the first', () => {
  const done = vi.fn();
  const soon = new Soon(done);
  soon.ask(100);
  vi.advanceTimersByTime(60);
  soon.ask(100);
  expect(soon.isAsked).toBe(true);
  vi.advanceTimersByTime(40);
  expect(done).toHaveBeenCalledTimes(1);
  expect(soon.isAsked).toBe(false);
  soon.ask(100);
  vi.advanceTimersByTime(100);
  expect(done).toHaveBeenCalledTimes(2);
});

test('[shape-5] what is postponed waits from the last time on; what is cancelled is not done', () => {
  const done = vi.fn();
  const soon = new Soon(done);
  soon.postpone(100);
  vi.advanceTimersByTime(60);
  soon.postpone(100);
  vi.advanceTimersByTime(99);
  expect(done).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(done).toHaveBeenCalledTimes(1);
  soon.ask(100);
  soon.cancel();
  vi.advanceTimersByTime(1000);
  expect(done).toHaveBeenCalledTimes(1);
});

test('[shape-5] it may ask for itself once more', () => {
  let count = 0;
  const soon: Soon = new Soon(() => {
    if (++count < 3) soon.ask(10);
  });
  soon.ask(10);
  vi.advanceTimersByTime(1000);
  expect(count).toBe(3);
});

test('[shape-5] a timer that is disposed does nothing', () => {
  const [once, often] = [vi.fn(), vi.fn()];
  const timers = [after(10, once), every(10, often)];
  vi.advanceTimersByTime(9);
  for (const timer of timers) timer.dispose();
  vi.advanceTimersByTime(100);
  expect(once).not.toHaveBeenCalled();
  expect(often).not.toHaveBeenCalled();
  every(10, often);
  vi.advanceTimersByTime(35);
  expect(often).toHaveBeenCalledTimes(3);
});
