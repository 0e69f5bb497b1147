import { expect, test } from 'vitest';
import { LiveFigures } from './live-figures.ts';

test('[live-2] what a watch read and what travelled is told for a second, of the last two', () => {
  const figures = new LiveFigures();
  expect(figures.rates).toEqual({ wordsPerSecond: 0, bytesPerSecond: 0 });
  figures.begin(1000);
  expect(figures.rates).toEqual({ wordsPerSecond: 0, bytesPerSecond: 0 });
  for (let i = 1; i <= 50; i++) figures.add(1000 + 100 * i, 256 * i, 48);
  expect(figures.rates).toEqual({ wordsPerSecond: 2560, bytesPerSecond: 480 });
  // It became quiet: one update a second, as many looks.
  for (let i = 1; i <= 4; i++) figures.add(6000 + 1000 * i, 256 * (50 + 10 * i), 36);
  expect(figures.rates).toEqual({ wordsPerSecond: 2560, bytesPerSecond: 36 });
  figures.begin(20_000);
  figures.add(20_000, 100, 100);
  expect(figures.rates).toEqual({ wordsPerSecond: 0, bytesPerSecond: 0 });
});
