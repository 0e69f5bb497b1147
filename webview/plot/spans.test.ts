import { describe, expect, test } from 'vitest';
import { isSame, kept, moved, unitOf, zoomed } from './spans.ts';

describe('spans', () => {
  test('[names-7] are finite where numbers are as far apart as can be', () => {
    const far = Number.MAX_VALUE;
    const all = [-far, far] as const;
    expect(zoomed(all, 1.25, far / 3)).toEqual(all);
    expect(kept(zoomed(all, 0.5, 0), all, 1)).toEqual([-far / 2, far / 2]);
    expect(kept(moved([-far / 2, far / 2], 3), all, 1)).toEqual([0, far]);
    expect(kept(moved([-far / 2, far / 2], -3), all, 1)).toEqual([-far, 0]);
  });

  test('[names-7] are drawn in units in which an axis finds its steps', () => {
    expect([[-3, 4] as const, [0, 1e-6] as const, [0, 0] as const].map(unitOf)).toEqual([1, 1, 1]);
    expect(unitOf([-Number.MAX_VALUE, 1])).toBe(1e308);
    expect(unitOf([0, 3e-40])).toBe(1e-40);
    expect(unitOf([0, 5e-324])).toBe(1e-300);
  });

  test('a fixed point stays where it is', () => {
    expect(zoomed([0, 10], 0.5, 2)).toEqual([1, 6]);
    expect(zoomed([1, 6], 2, 2)).toEqual([0, 10]);
  });

  test('moves by a share, and never out of the whole', () => {
    expect(moved([2, 4], 0.5)).toEqual([3, 5]);
    expect(kept([9, 12], [0, 10], 1)).toEqual([7, 10]);
    expect(kept([-5, -4], [0, 10], 1)).toEqual([0, 1]);
    expect(kept([-5, 40], [0, 10], 1)).toEqual([0, 10]);
    expect(kept([5, 5.1], [0, 10], 2)).toEqual([4.05, 6.05]);
    expect(kept([0, 1], [0, 1], 2)).toEqual([0, 1]);
    expect(isSame([0, 1], [0, 1])).toBe(true);
  });
});
