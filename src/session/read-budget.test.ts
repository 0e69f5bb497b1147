import { expect, test, vi } from 'vitest';
import { ReadBudget } from './read-budget.ts';

test('[live-3] what one does not need goes to the others', () => {
  const budget = new ReadBudget(() => 50_000);
  const small = budget.join(vi.fn(), 4096);
  expect([small.words, budget.share]).toEqual([4096, 45_904]);
  const first = budget.join(vi.fn());
  expect([small.words, first.words]).toEqual([4096, 45_904]);
  const second = budget.join(vi.fn());
  const large = budget.join(vi.fn(), 40_000);
  expect([small.words, first.words, second.words, large.words]).toEqual([4096, 15_301, 15_301, 15_301]);
  first.dispose();
  second.dispose();
  expect([small.words, large.words]).toEqual([4096, 40_000]);
  // Whatever the needs, all together never have more than is allowed.
  for (let round = 0; round < 200; round++) {
    const allowed = 100 + Math.floor(Math.random() * 1000);
    const some = new ReadBudget(() => allowed);
    const needs = Array.from({ length: 1 + (round % 7) }, () =>
      Math.random() < 0.3 ? Number.POSITIVE_INFINITY : 1 + Math.floor(Math.random() * 500),
    );
    const shares = needs.map((need) => some.join(vi.fn(), need));
    const words = shares.map((one) => one.words);
    const sum = words.reduce((all, one) => all + one, 0);
    expect(sum, JSON.stringify({ allowed, needs, words })).toBeLessThanOrEqual(
      Math.max(allowed, words.length),
    );
    for (const [i, one] of words.entries()) expect(one).toBeLessThanOrEqual(needs[i] ?? 0);
    // Nothing is left over while somebody needs more.
    if (words.some((one, i) => one < (needs[i] ?? 0))) expect(sum).toBeGreaterThan(allowed - words.length);
  }
});

test('[live-2] all watches of a board together never have more words a second than is allowed', async () => {
  let allowed = 10_000;
  const budget = new ReadBudget(() => allowed);
  expect(budget.share).toBe(10_000);
  const changed = vi.fn();
  const one = budget.join(changed);
  expect(budget.share).toBe(10_000);
  const others = [budget.join(changed), budget.join(changed)];
  expect(budget.share).toBe(3333);
  // Told once, when all have joined.
  expect(changed).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(changed).toHaveBeenCalledTimes(3);
  one.dispose();
  one.dispose();
  await Promise.resolve();
  expect(changed).toHaveBeenCalledTimes(5);
  expect(budget.share).toBe(5000);
  allowed = 1;
  budget.changed();
  await Promise.resolve();
  expect(changed).toHaveBeenCalledTimes(7);
  expect(budget.share).toBe(1);
  for (const other of others) other.dispose();
  expect(budget.share).toBe(1);
});

test('[live-2] a listener may leave and join again: nobody is told before it has its share', async () => {
  const budget = new ReadBudget(() => 900);
  let told = 0;
  let restless = budget.join(() => {
    if (told++ > 0) return;
    restless.dispose();
    restless = budget.join(() => undefined);
  });
  let share: { readonly words: number } | undefined;
  let joined = 0;
  const begin = () => {
    if (share !== undefined) return;
    joined++;
    share = budget.join(begin);
  };
  begin();
  await Promise.resolve();
  await Promise.resolve();
  expect([joined, budget.share, share?.words]).toEqual([1, 450, 450]);
});
