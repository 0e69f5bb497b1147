import { expect, test } from 'vitest';
import { PlaceHistory } from './place-history.ts';

test('[hex-4] places that were gone to are kept, the last first, each once, twenty of them', async () => {
  const kept = new Map<string, unknown>();
  const places = new PlaceHistory({
    get: (key) => kept.get(key),
    update: async (key, value) => void kept.set(key, value),
  });
  expect(places.all).toEqual([]);
  for (const one of ['0x10', 'buf', '0x10']) await places.add(one);
  expect(places.all).toEqual(['0x10', 'buf']);
  for (let i = 0; i < 30; i++) await places.add(`+${i}`);
  expect(places.all).toHaveLength(20);
  expect(places.all[0]).toBe('+29');
  for (const key of kept.keys()) kept.set(key, ['good', 7, { bad: true }]);
  expect(places.all).toEqual(['good']);
});
