/** Twenty minutes of all faults while hundreds of tiles are live. `SEED` repeats the order of faults, `SOAK_SECONDS` shortens it. */
import { join } from 'node:path';
import { it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { judge, soakFor, soakText } from '../board/soak.ts';
import { runSeed } from '../conformance/random.ts';
import { recordLongRun } from './record.ts';

const seconds = Number(process.env['SOAK_SECONDS']) || 1200;
const seed = runSeed();

it(`[live-12] ${seconds} s of faults while hundreds of tiles are live: all comes back by itself, in words, nothing is lost, nothing grows (seed ${seed})`, async () => {
  const report = await soakFor(join(root, 'dist', 'agents', 'tilescope-agent-aarch64'), seed, seconds);
  recordLongRun(
    'soak',
    'Faults while hundreds of tiles are live',
    { SEED: seed, SOAK_SECONDS: seconds },
    soakText(report),
  );
  judge(report);
});
