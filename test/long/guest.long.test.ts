/**
 * A thousand restarts of an owner on every family, and a thousand kills on two, its memory and status watched all the
 * time. `SEED` repeats the run, `LIVES` shortens it.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../../scripts/common.ts';
import { startBoard, type VirtualBoard } from '../board/board.ts';
import { type FamilyName, families, familyNames } from '../board/families.ts';
import {
  expectGuest,
  expectNoWedge,
  type GuestRun,
  killBeside,
  killsText,
  restartBeside,
  runText,
  wasWatched,
} from '../board/guest.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { recordLongRun } from './record.ts';

const lives = Number(process.env['LIVES']) || 1000;
const seed = runSeed();
const variables = { SEED: seed, LIVES: lives };
const runs = new Map<FamilyName, GuestRun>();
let board: VirtualBoard | undefined;
let way: SshWay | undefined;

beforeAll(async () => {
  board = await startBoard({ image: 'openssh' });
  way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
}, 600_000);

afterAll(async () => {
  if (runs.size > 0)
    recordLongRun('guest', 'Restarts of an owner on every family, refreshed ten times a second', variables, [
      'Each life asks for its partition once.',
      '',
      '| family/generation | lives | refused at their start | failed | refreshes (per second) | whole | being written | gated | refused | defects | answer: median, longest |',
      '|---|---|---|---|---|---|---|---|---|---|---|',
      ...[...runs].map(([name, run]) => line(name, run)),
    ]);
  way?.dispose();
  await board?.stop();
});

function line(name: FamilyName, run: GuestRun): string {
  const { whole, unnamed, begun, gated } = run.shown;
  const refused = Object.entries(run.refused).map(([code, count]) => `${code} ${count}`);
  return `| ${[
    name,
    run.lives.cycles,
    run.lives.retries,
    run.lives.failures,
    `${run.refreshes} (${run.rate.toFixed(1)})`,
    whole + unnamed,
    begun,
    gated,
    refused.join(', ') || '0',
    run.defects.length,
    `${run.median} ms, ${run.longest} ms`,
  ].join(' | ')} |`;
}

describe(`[attach-7] ${lives} restarts of an owner whose memory is refreshed at 10 Hz (seed ${seed})`, () => {
  for (const name of familyNames) {
    const family = families[name];
    it(`${name}: no life fails, nothing is leaked, no two lives in one answer`, async () => {
      if (board === undefined || way === undefined) throw new Error('there is no board');
      await board.reloadModule(family.module);
      const ours = await way.connect();
      try {
        const run = await restartBeside(board, ours, family, lives, seed);
        runs.set(name, run);
        console.info(`${name}: ${runText(run)}`);
        expectGuest(run, family, lives);
        expect(wasWatched(run)).toBe(true);
        await board.assertClean();
      } finally {
        await ours.dispose();
      }
    }, 1_200_000);
  }
});

describe(`[truth-4] ${lives} SIGKILLs of an owner, beside watching its list, status and memory (seed ${seed})`, () => {
  for (const name of ['2020/aie', 'aperture40/aieml'] as const) {
    it(`${name}: not one finds the driver's lock taken by us`, async () => {
      if (board === undefined || way === undefined) throw new Error('there is no board');
      await board.reloadModule(families[name].module);
      const ours = await way.connect();
      try {
        const run = await killBeside(board, ours, families[name], lives, seed);
        console.info(`${name}: ${killsText(run)}`);
        expectNoWedge(run, lives);
        await board.assertClean();
      } finally {
        await ours.dispose();
      }
    }, 1_200_000);
  }
});
