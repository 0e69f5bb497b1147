import { describe, expect, test } from 'vitest';
import {
  clampTop,
  maximumTop,
  minimumThumb,
  revealRow,
  type ScrollMetrics,
  thumbAt,
  topFromThumb,
} from './scroll.ts';

const huge: ScrollMetrics = { rows: 64 * 1024 * 1024, page: 40.5, track: 700 };

describe('the scrollbar', () => {
  test('everything fits: no thumb, nowhere to go', () => {
    const small = { rows: 10, page: 40, track: 700 };
    expect(thumbAt(small, 0)).toBeUndefined();
    expect(clampTop(small, 12)).toBe(0);
    expect(topFromThumb(small, 300)).toBe(0);
  });

  test('[main-18] both ends of any size are reached exactly', () => {
    for (const rows of [41, 2048, 1_638_800, 2 ** 40, 2 ** 52]) {
      const metrics = { ...huge, rows };
      const end = thumbAt(metrics, maximumTop(metrics));
      expect(end?.start).toBeCloseTo(700 - (end?.size ?? 0), 6);
      expect(topFromThumb(metrics, end?.start ?? 0)).toBe(maximumTop(metrics));
      expect(topFromThumb(metrics, 0)).toBe(0);
      expect(topFromThumb(metrics, 1e9)).toBe(maximumTop(metrics));
      expect(topFromThumb(metrics, -5)).toBe(0);
    }
  });

  test('the thumb can always be grabbed', () => {
    expect(thumbAt(huge, 0)?.size).toBe(minimumThumb);
    expect(thumbAt({ rows: 100, page: 50, track: 700 }, 0)?.size).toBe(350);
    expect(thumbAt({ rows: 100, page: 50, track: 10 }, 0)).toEqual({ start: 0, size: 10 });
  });

  test('dragging is the inverse of painting', () => {
    for (const top of [0, 1, 1000, 33_000_000, maximumTop(huge)]) {
      const start = thumbAt(huge, top)?.start ?? Number.NaN;
      expect(Math.abs(topFromThumb(huge, start) - top)).toBeLessThan(1e-3);
    }
  });

  test('nonsense goes to an end', () => {
    expect(clampTop(huge, Number.NaN)).toBe(0);
    expect(clampTop(huge, Number.POSITIVE_INFINITY)).toBe(maximumTop(huge));
  });
});

describe('bringing a row into view', () => {
  const metrics = { rows: 1000, page: 20, track: 400 };

  test('a visible row moves nothing', () => {
    expect(revealRow(metrics, 100, 100)).toBe(100);
    expect(revealRow(metrics, 100, 119)).toBe(100);
  });

  test('a row outside comes in by the shortest way', () => {
    expect(revealRow(metrics, 100, 99)).toBe(99);
    expect(revealRow(metrics, 100, 120)).toBe(101);
    expect(revealRow(metrics, 100, 99, { margin: 1 })).toBe(98);
  });

  test('a far row can be centred', () => {
    expect(revealRow(metrics, 100, 500, { centre: true })).toBe(491);
    expect(revealRow(metrics, 100, 999, { centre: true })).toBe(980);
    expect(revealRow(metrics, 100, 110, { centre: true })).toBe(100);
  });
});
