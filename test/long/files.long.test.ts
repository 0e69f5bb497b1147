import { expect, test } from 'vitest';
import { processorMinutes } from '../program/damage.ts';
import { fuzzFiles } from './fuzz-files.ts';

const minutes = 10;

test('[names-11] damaged files of every format for ten minutes', () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
  console.log(`SEED=${seed}`);
  const { read, refused } = fuzzFiles(seed, processorMinutes(minutes));
  console.log(`${read} read, ${refused} refused`);
  expect(read + refused).toBeGreaterThan(100_000);
});
