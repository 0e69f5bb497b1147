/**
 * A sample of family x generation x way x mode in which every pair of values occurs. Which laps: by the seed (`SEED`
 * repeats a run), else by the day, so that two days run everything.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatMatrix, type LapResult, pairwiseSample } from '../conformance/matrix.ts';
import { familyNames } from './families.ts';
import { MatrixRun } from './matrix-run.ts';

const given = Number(process.env['SEED']);
const seed = given > 0 ? given : Math.floor(Date.now() / 86_400_000);
const sample = pairwiseSample(seed);
const results: LapResult[] = [];
let run: MatrixRun | undefined;

beforeAll(async () => {
  run = await MatrixRun.start();
});

afterAll(async () => {
  console.log(`matrix, seed ${seed}\n${formatMatrix(results)}`);
  await run?.stop();
});

describe(`[attach-13] a sample of the matrix (seed ${seed})`, () => {
  for (const family of familyNames) {
    const laps = sample.filter((one) => one.family === family);
    const names = laps.map(({ way, mode }) => `${way} ${mode}`).join(', ');
    it(`${family}: ${names}`, async () => {
      const found = (await run?.family(family, laps, seed)) ?? [];
      results.push(...found);
      expect(found.filter((one) => !one.passed).map((one) => one.message)).toEqual([]);
      expect(found).toHaveLength(laps.length);
    });
  }
});
