/** The package as a user installs it: the short main job in the oldest supported VS Code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest';
import { OLDEST_CODE_SERVER, startCodeServer } from '../../scripts/hosts.ts';
import { packageFor } from '../../scripts/package.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import { addBoard, expectOnBoard, openMemory, pattern, preparedWitness, take } from './main-job.ts';

const SEED = 21;
const EDIT = { memory: 'data', column: 6, row: 2, offset: 0x21, hex: 'c0ffee' } as const;

describe('[main-23] the main job, installed from a package', () => {
  let board: VirtualBoard;
  let witness: Witness;
  let folder: string;
  let vsix: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-vsix-'));
    vsix = await packageFor('linux-x64', folder);
    board = await startBoard();
    witness = await preparedWitness(board, SEED);
    await witness.release();
  });

  afterAll(async () => {
    await witness?.exit();
    await board?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(() => board.assertClean());

  test(`[main-23] oldest supported VS Code (code-server ${OLDEST_CODE_SERVER}): connect, open, edit, apply`, async () => {
    const home = await makeBoardHome(board);
    const host = await startCodeServer({
      version: OLDEST_CODE_SERVER,
      vsix,
      folder: home.path,
      env: { HOME: home.path },
    });
    const workbench = await Workbench.open(host);
    try {
      await addBoard(workbench, board, home);
      const editor = await openMemory(workbench, 'Data memory', '(6,2)');
      await editor.waitForRow('0x20', pattern('data', 6, 2, 0x20, 16, SEED));
      await editor.typeAt('0x21', EDIT.hex);
      await editor.waitForStaged(3);
      await editor.apply();
      await take(witness);
      await expectOnBoard(witness, SEED, EDIT, [EDIT]);
      await witness.release();
    } finally {
      await workbench.screenshot(`packaged-${OLDEST_CODE_SERVER}`);
      await workbench.close();
      await host.stop();
      await home.remove();
    }
  });
});
