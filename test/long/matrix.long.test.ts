/** All of family x generation x way x mode, each with several seeds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyNames } from '../board/families.ts';
import { MatrixRun } from '../board/matrix-run.ts';
import { allCombinations, formatMatrix, type LapResult } from '../conformance/matrix.ts';
import { runSeed } from '../conformance/random.ts';
import { recordLongRun } from './record.ts';

/** `ROUNDS` in the environment makes a run shorter or longer. */
const rounds = Number(process.env['ROUNDS']) || 3;
const seed = runSeed();
const results: LapResult[] = [];
let run: MatrixRun | undefined;

beforeAll(async () => {
  run = await MatrixRun.start();
}, 600_000);

afterAll(async () => {
  const variables = { SEED: seed, ROUNDS: rounds };
  recordLongRun('matrix', 'Family x generation x way x how the partition is held', variables, [
    `Laps per cell: ${rounds}, mean time of one.`,
    '',
    formatMatrix(results),
  ]);
  await run?.stop();
});

describe(`[attach-13] the whole matrix (seed ${seed})`, () => {
  for (const family of familyNames) {
    const laps = allCombinations().filter((one) => one.family === family);
    it(`${family}: ${laps.length} laps, ${rounds} times`, { timeout: 1_800_000 }, async () => {
      for (let round = 0; round < rounds; round++) {
        results.push(...((await run?.family(family, laps, seed + round)) ?? []));
      }
      const found = results.filter((one) => one.family === family);
      expect(found.filter((one) => !one.passed).map((one) => one.message)).toEqual([]);
      expect(found).toHaveLength(laps.length * rounds);
    });
  }
});
