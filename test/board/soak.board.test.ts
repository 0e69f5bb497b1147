/** Two minutes of faults while hundreds of tiles are live; twenty in `npm run test:long`. `SEED` repeats the order of faults. */
import { join } from 'node:path';
import { it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { runSeed } from '../conformance/random.ts';
import { TEST_MS } from '../patience.ts';
import { judge, soakFor, soakText } from './soak.ts';

const seconds = 120;
const seed = runSeed();

it(`[live-12] hundreds of tiles live through faults of link, helper, owner and board: all comes back by itself, in words, nothing is lost, nothing grows (seed ${seed})`, {
  timeout: 2 * TEST_MS,
}, async () => {
  const agent = join(root, 'dist', 'agents', 'tilescope-agent-aarch64');
  const report = await soakFor(agent, seed, seconds, [
    'a cut in an update',
    'the helper is killed',
    'a reboot',
  ]);
  console.info(soakText(report).join('\n'));
  judge(report);
});
