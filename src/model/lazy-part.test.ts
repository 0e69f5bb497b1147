import { describe, expect, test, vi } from 'vitest';
import { LazyPart } from './lazy-part.ts';

describe('a part that is made when it is wanted', () => {
  test('is made once, for all who want it', async () => {
    const make = vi.fn(async () => ({ name: 'part' }));
    const part = new LazyPart(make, () => undefined);
    expect([part.made, part.wasWanted]).toEqual([undefined, false]);
    const [one, other] = await Promise.all([part.load(), part.load()]);
    expect(one).toBe(other);
    expect(part.made).toBe(one);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test('is made again after it could not be made', async () => {
    const make = vi
      .fn<() => Promise<string>>()
      .mockRejectedValueOnce(new Error('gone'))
      .mockResolvedValue('part');
    const part = new LazyPart(make, () => undefined);
    const both = await Promise.allSettled([part.load(), part.load()]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([part.made, part.wasWanted]).toEqual([undefined, true]);
    expect(await part.load()).toBe('part');
    expect(make).toHaveBeenCalledTimes(2);
  });

  test('is let go of once, even where it comes only afterwards', async () => {
    const end = vi.fn();
    const early = new LazyPart(async () => 'early', end);
    await early.load();
    early.dispose();
    early.dispose();
    expect(end.mock.calls).toEqual([['early']]);
    const late = new LazyPart(async () => 'late', end);
    const coming = late.load();
    late.dispose();
    expect(await coming).toBe('late');
    expect(end.mock.calls).toEqual([['early'], ['late']]);
    new LazyPart(async () => 'never', end).dispose();
    expect(end).toHaveBeenCalledTimes(2);
  });
});
