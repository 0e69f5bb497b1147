/** A hundred programs that take a partition of which a tile is open in a real VS Code and refreshed. `STARTS` says how many. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { startCodeServer } from '../../scripts/hosts.ts';
import { startBoard } from '../board/board.ts';
import { boardInSidebar } from '../e2e/board-home.ts';
import { Workbench } from '../e2e/driver.ts';
import { openMemory, PARTITION_ROW, preparedWitness } from '../e2e/main-job.ts';
import { startsBeside } from '../e2e/owner-starts.ts';

const starts = Number(process.env['STARTS']) || 100;
const BOARD = 'Virtual board';

test(`[main-22] with a tile open and refreshed by hand, a program requests, runs and exits ${starts} times without EBUSY`, async () => {
  const board = await startBoard();
  onTestFinished(() => board.stop());
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-starts-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await (await preparedWitness(board, 17)).exit();
  const host = await startCodeServer({
    folder,
    extensionDevelopmentPath: root,
    env: await boardInSidebar(board, folder, BOARD),
  });
  onTestFinished(() => host.stop());
  const workbench = await Workbench.open(host);
  onTestFinished(() => workbench.close());
  await workbench.showView('Tilescope');
  await workbench.expand(BOARD);
  await workbench.waitForRow(PARTITION_ROW);
  await startsBeside(board, workbench, await openMemory(workbench, 'Data memory', '(8,4)'), starts);
  await board.assertClean();
});
