import { describe, expect, test } from 'vitest';
import { bytesIn, cutRanges, endOf, intersectRanges, mergeRanges, RangeCollector, runAt } from './ranges.ts';

describe('ranges of bytes', () => {
  test('the run at an offset is the last one that begins there or before', () => {
    const runs = [4, 8, 20].map((offset) => ({ offset, length: 4 }));
    expect([4, 7, 8, 19, 20, 99].map((offset) => runAt(runs, offset)?.offset)).toEqual([4, 4, 8, 8, 20, 20]);
    expect(runAt(runs, 0)?.offset).toBe(4);
    expect(runAt([], 0)).toBeUndefined();
    expect([endOf(runs[2]), endOf(undefined)]).toEqual([24, 0]);
  });

  test('merging sorts, joins what touches or overlaps, and drops what is empty', () => {
    const merged = mergeRanges([
      { offset: 20, length: 4 },
      { offset: 0, length: 4 },
      { offset: 4, length: 2 },
      { offset: 5, length: 3 },
      { offset: 40, length: 0 },
    ]);
    expect(merged).toEqual([
      { offset: 0, length: 8 },
      { offset: 20, length: 4 },
    ]);
  });

  test('a gap up to the threshold is joined, a wider one is not', () => {
    const ranges = [
      { offset: 0, length: 4 },
      { offset: 12, length: 4 },
    ];
    expect(mergeRanges(ranges, 8)).toEqual([{ offset: 0, length: 16 }]);
    expect(mergeRanges(ranges, 7)).toEqual(ranges);
  });

  test('a range inside another adds nothing', () => {
    expect(
      mergeRanges([
        { offset: 0, length: 10 },
        { offset: 2, length: 3 },
      ]),
    ).toEqual([{ offset: 0, length: 10 }]);
  });

  test('cutting keeps every byte once', () => {
    const pieces = cutRanges(
      [
        { offset: 3, length: 10 },
        { offset: 100, length: 2 },
      ],
      4,
    );
    expect(pieces).toEqual([
      { offset: 3, length: 4 },
      { offset: 7, length: 4 },
      { offset: 11, length: 2 },
      { offset: 100, length: 2 },
    ]);
    expect(bytesIn(pieces)).toBe(12);
  });

  test('what two ranges share', () => {
    expect(intersectRanges({ offset: 0, length: 8 }, { offset: 6, length: 8 })).toEqual({
      offset: 6,
      length: 2,
    });
    expect(intersectRanges({ offset: 0, length: 8 }, { offset: 8, length: 8 })).toBeUndefined();
  });

  test('single bytes are collected into runs', () => {
    const runs = new RangeCollector();
    for (const offset of [1, 2, 3, 7]) runs.add(offset);
    runs.addRun(8, 4);
    expect(runs.ranges).toEqual([
      { offset: 1, length: 3 },
      { offset: 7, length: 5 },
    ]);
  });
});
