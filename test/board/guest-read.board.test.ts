import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';
import { startsBesideRead } from './guest.ts';

/** Beside a long read. */
const STARTS = 100;
const seed = runSeed();

let board: VirtualBoard;
let way: SshWay;

beforeAll(async () => {
  board = await startBoard({ image: 'openssh', module: families['aperture40/aieml'].module });
  way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
});

afterAll(async () => {
  way?.dispose();
  await board?.stop();
});

useCleanLog(() => board);

// Chance has its part here, so it may be tried again: some five of a hundred are refused on the average.
it(`[truth-21] ${STARTS} starts at random moments, beside a long read of their free partition, are refused a tenth of the time at most (seed ${seed})`, async () => {
  const family = families['aperture40/aieml'];
  const ours = await way.connect();
  try {
    const { starts, bytes } = await startsBesideRead(board, ours, family, STARTS, seed);
    console.info(`${starts.refused} of ${STARTS} refused in ${starts.ms} ms, ${bytes} bytes read meanwhile`);
    expect(starts).toMatchObject({ starts: STARTS, failures: 0, wrong: 0 });
    expect(starts.refused).toBeLessThanOrEqual(STARTS / 10);
    expect(bytes).toBeGreaterThan(STARTS * 1024);
  } finally {
    await ours.dispose();
  }
});
