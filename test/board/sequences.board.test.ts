/**
 * Fifty random sequences on all families, a few connections each, against what must be true. `SEED` repeats a run,
 * `SEQUENCE` one sequence of it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ONCE } from '../../scripts/results.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { runSeed } from '../conformance/random.ts';
import { familyNames } from './families.ts';
import { familyOf, SequenceRun } from './sequences.ts';

const total = 50;
const seed = runSeed();
const only = process.env['SEQUENCE'];
const numbers = only === undefined ? Array.from({ length: total }, (_, i) => i) : [Number(only)];
let run: SequenceRun | undefined;

beforeAll(async () => {
  run = await SequenceRun.start(buildForArm('agent'));
});

afterAll(async () => {
  console.info(`sequences, seed ${seed}: ${JSON.stringify(run?.count)}`);
  await run?.stop();
});

describe(`[attach-14] random sequences of owners, clocks, reads, writes and lost links (seed ${seed})`, () => {
  for (const family of familyNames) {
    const mine = numbers.filter((sequence) => familyOf(seed, sequence) === family);
    if (mine.length === 0) continue;
    it(`${family}: sequences ${mine.join(', ')}`, { tags: ONCE }, async () => {
      const before = run?.count.sequences ?? 0;
      for (const sequence of mine) await run?.run(seed, sequence);
      expect(run?.count.sequences).toBe(before + mine.length);
    });
  }
});
