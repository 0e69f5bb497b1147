import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';
import { restartBeside } from './guest.ts';

const LIVES = 500;
let board: VirtualBoard;
let way: SshWay;

beforeAll(async () => {
  board = await startBoard({ image: 'openssh' });
  way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
}, 300_000);

afterAll(async () => {
  way?.dispose();
  await board?.stop();
});

useCleanLog(() => board);

describe(`[attach-7] ${2 * LIVES} restarts of an owner whose memory is refreshed at 10 Hz`, () => {
  for (const name of ['2020/aie', 'aperture40/aieml'] as const) {
    it(`${name}: no life fails, nothing is leaked, at most one retry each`, async () => {
      await board.reloadModule(families[name].module);
      const ours = await way.connect();
      try {
        const run = await restartBeside(board, ours, families[name], LIVES);
        console.info(
          `${name}: ${LIVES} lives in ${run.lives.ms} ms, ${run.lives.retries} needed the retry; ` +
            `${run.refreshed} refreshes, ${run.whole} whole, refused ${JSON.stringify(run.refused)}`,
        );
        expect(run.lives).toMatchObject({ cycles: LIVES, failures: 0, wrong: 0, resetFailures: 0 });
        expect(run.lives.resets).toBe(families[name].ownReset ? LIVES : 0);
        expect(run.refreshed).toBeGreaterThan(0);
        expect(run.agentAfter).toBe(run.agentBefore);
        expect(run.counters).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
      } finally {
        await ours.dispose();
      }
    }, 240_000);
  }
});
