import { describe, expect, test } from 'vitest';
import { isSame, kept, moved, zoomed } from './spans.ts';

describe('spans', () => {
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
