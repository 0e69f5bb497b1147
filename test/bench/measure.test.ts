import { describe, expect, it } from 'vitest';
import { interleave, median, meets, percentile } from './measure.ts';

describe('[main-24] figures of the benchmarks', () => {
  it('takes the middle of the rounds', () => {
    expect(median([5, 1, 9])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(() => median([])).toThrow('no values');
  });

  it('finds what a share of the values does not exceed', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i);
    expect([percentile(values, 0.95), percentile(values, 0.5), percentile(values, 1)]).toEqual([19, 10, 20]);
    expect(percentile([3], 0)).toBe(3);
    expect(() => percentile([], 0.5)).toThrow('no values');
  });

  it('runs contenders in turn and drops the first round', async () => {
    const order: string[] = [];
    const contender = (name: string) => async () => order.push(name);
    const [a, b] = await interleave(2, contender('a'), contender('b'));
    expect(order.join('')).toBe('ababab');
    expect(a).toEqual([3, 5]);
    expect(b).toEqual([4, 6]);
  });

  it('counts a single round at once', async () => {
    let turns = 0;
    expect(await interleave(1, async () => ++turns)).toEqual([[1]]);
    expect(turns).toBe(1);
  });

  it('judges the ratio where there is a peer, else the value', () => {
    const measure = { name: 'x', value: 10, unit: 's' };
    expect(meets({ ...measure, ratio: 0.8, goal: { at: 'least', value: 0.9 } })).toBe(false);
    expect(meets({ ...measure, goal: { at: 'most', value: 10 } })).toBe(true);
    expect(meets(measure)).toBe(true);
  });
});
