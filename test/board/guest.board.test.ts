import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { ONCE } from '../../scripts/results.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';
import { expectGuest, restartBeside, runText, wasWatched } from './guest.ts';

/** Of each family; `npm run test:long` has a thousand of each. */
const LIVES = 60;
/** So often at most, until enough was seen. */
const ROUNDS = 12;
const seed = runSeed();

let board: VirtualBoard;
let way: SshWay;

beforeAll(async () => {
  board = await startBoard({ image: 'openssh' });
  way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
});

afterAll(async () => {
  way?.dispose();
  await board?.stop();
});

useCleanLog(() => board);

describe(`[attach-7] [truth-21] [live-1] [live-3] ${2 * LIVES} starts that ask once, beside watching and a live view at 10 Hz, a survey, and status (seed ${seed})`, () => {
  for (const name of ['2020/aie', 'aperture40/aieml'] as const) {
    it(`${name}: no start is refused, nothing is leaked, no two lives in one answer`, {
      tags: ONCE,
    }, async () => {
      await board.reloadModule(families[name].module);
      const ours = await way.connect();
      try {
        // On a busy machine hardly a look ends within the life in which it began: then more and longer lives are watched.
        let seen = false;
        for (let round = 0; round < ROUNDS && !seen; round++) {
          const run = await restartBeside(board, ours, families[name], LIVES, seed + round, 1 + round / 2);
          console.info(`${name}: ${runText(run)}`);
          expectGuest(run, families[name], LIVES);
          seen = wasWatched(run);
        }
        expect(seen, 'too little was seen of the lives').toBe(true);
      } finally {
        await ours.dispose();
      }
    });
  }
});
