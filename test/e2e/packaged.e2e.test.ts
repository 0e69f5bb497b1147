/** The package as a user installs it: the short main job in the current and in the oldest supported VS Code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { CURRENT_CODE_SERVER, OLDEST_CODE_SERVER, startCodeServer } from '../../scripts/hosts.ts';
import { packageFor } from '../../scripts/package.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import { addBoard, openMemory, PARTITION, pattern, preparedWitness } from './main-job.ts';

const SEED = 21;

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

  test.each([
    ['current', CURRENT_CODE_SERVER, '(6,1)', 1],
    ['oldest supported', OLDEST_CODE_SERVER, '(6,2)', 2],
  ] as const)(
    '[main-23] %s VS Code (code-server %s): connect, open, edit, apply',
    async (_name, version, tile, row) => {
      const home = await makeBoardHome(board);
      const host = await startCodeServer({ version, vsix, folder: home.path, env: { HOME: home.path } });
      const workbench = await Workbench.open(host);
      onTestFailed(() => console.error(`see ${join('artifacts', 'screenshots', `packaged-${version}.png`)}`));
      try {
        await addBoard(workbench, board, home);
        const editor = await openMemory(workbench, 'Data memory', tile);
        await editor.waitForRow('0x20', pattern('data', 6, row, 0x20, 16, SEED));
        await editor.typeAt('0x21', 'c0ffee');
        await editor.waitForStaged(3);
        await editor.apply();
        await witness.request(PARTITION.id, { keep: true });
        const expected = Buffer.from(pattern('data', 6, row, 0, 0x8000, SEED), 'hex');
        expected.write('c0ffee', 0x21, 'hex');
        expect((await witness.read('data', 6, row, 0, 0x8000)).equals(expected)).toBe(true);
        await witness.release();
        await board.assertClean();
      } finally {
        await workbench.screenshot(`packaged-${version}`);
        await workbench.close();
        await host.stop();
        await home.remove();
      }
    },
  );
});
