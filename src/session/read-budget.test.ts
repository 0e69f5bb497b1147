import { expect, test, vi } from 'vitest';
import { ReadBudget } from './read-budget.ts';

test('[live-2] all watches of a board together never have more words a second than is allowed', () => {
  let allowed = 10_000;
  const budget = new ReadBudget(() => allowed);
  expect(budget.share).toBe(10_000);
  const changed = vi.fn();
  const one = budget.join(changed);
  expect(budget.share).toBe(10_000);
  const others = [budget.join(changed), budget.join(changed)];
  expect(budget.share).toBe(3333);
  expect(changed).toHaveBeenCalledTimes(3);
  one.dispose();
  one.dispose();
  expect(changed).toHaveBeenCalledTimes(5);
  expect(budget.share).toBe(5000);
  allowed = 1;
  budget.changed();
  expect(changed).toHaveBeenCalledTimes(7);
  expect(budget.share).toBe(1);
  for (const other of others) other.dispose();
  expect(budget.share).toBe(1);
});
