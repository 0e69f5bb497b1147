import { expect, test } from 'vitest';
import { fuzzFiles } from './fuzz-files.ts';

const minutes = 10;

test('damaged files of every format for ten minutes', { timeout: (minutes + 2) * 60_000 }, () => {
  const end = Date.now() + minutes * 60_000;
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
  console.log(`SEED=${seed}`);
  const { read, refused } = fuzzFiles(seed, () => Date.now() < end);
  console.log(`${read} read, ${refused} refused`);
  expect(read + refused).toBeGreaterThan(100_000);
});
