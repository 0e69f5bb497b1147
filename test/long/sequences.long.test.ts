/** A thousand random sequences on all families. `SEED` repeats the run, `SEQUENCE` one sequence of it, `SEQUENCES` shortens it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { familyNames } from '../board/families.ts';
import { familyOf, SequenceRun } from '../board/sequences.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { runSeed } from '../conformance/random.ts';
import { recordLongRun } from './record.ts';

const total = Number(process.env['SEQUENCES']) || 1000;
const seed = runSeed();
const only = process.env['SEQUENCE'];
const numbers = only === undefined ? Array.from({ length: total }, (_, i) => i) : [Number(only)];
const failures: string[] = [];
let run: SequenceRun | undefined;

beforeAll(async () => {
  run = await SequenceRun.start(buildForArm('agent'));
}, 600_000);

afterAll(async () => {
  if (run === undefined) return;
  const { sequences, steps, connects, kinds, refused } = run.count;
  const table = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  if (only === undefined)
    recordLongRun('sequences', 'Random sequences on every family', { SEED: seed, SEQUENCES: total }, [
      `${sequences} of ${total} sequences as they must be, ${steps} steps, ${connects} connections.`,
      '',
      `- Steps: ${table(kinds)}.`,
      `- Refused, rightly: ${table(refused)}.`,
      ...failures.map((text) => `- **Failed**: ${text.split('\n', 1)[0]}`),
    ]);
  await run.stop();
});

describe(`[attach-14] ${numbers.length} random sequences (seed ${seed})`, () => {
  for (const family of familyNames) {
    const mine = numbers.filter((sequence) => familyOf(seed, sequence) === family);
    if (mine.length === 0) continue;
    it(`${family}: ${mine.length} sequences`, { timeout: 3_600_000 }, async () => {
      const found: string[] = [];
      for (const sequence of mine) {
        try {
          await run?.run(seed, sequence);
        } catch (error) {
          found.push(error instanceof Error ? error.message : String(error));
        }
      }
      failures.push(...found);
      expect(found).toEqual([]);
    });
  }
});
