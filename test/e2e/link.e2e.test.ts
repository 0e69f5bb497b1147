/** The connection to the board is cut in the middle of things: staged edits stay, it is said, and it comes back. */
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import { addBoard, lookWhileStaged, openMemory, PARTITION, pattern, preparedWitness } from './main-job.ts';

const SEED = 55;

describe('[main-23] the connection is cut', () => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let home: BoardHome;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;
  let editor: HexEditorPage;

  beforeAll(async () => {
    board = await startBoard();
    proxy = await startProxy({ targetPort: board.port });
    home = await makeBoardHome(board, proxy.port);
    witness = await preparedWitness(board, SEED);
    await witness.release();
    host = await startCodeServer({
      folder: home.path,
      extensionDevelopmentPath: root,
      env: { HOME: home.path },
    });
    workbench = await Workbench.open(host);
    await addBoard(workbench, board, home);
    editor = await openMemory(workbench, 'Data memory', '(7,3)');
    await editor.waitForRow('0x0', pattern('data', 7, 3, 0, 16, SEED));
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await proxy?.close();
    await board?.stop();
    await home?.remove();
  });

  test('[main-23] [main-22] an offline banner, the staged edits stay, nothing is lost; then Apply writes them', async () => {
    await editor.typeAt('0x8', 'ab');
    await editor.waitForStaged(1);
    proxy.cut(true);
    await editor.frame.locator('.banner .text').waitFor();
    await workbench.screenshot('offline');
    expect(await editor.stagedCount()).toBe(1);
    await editor.typeAt('0x9', 'cd');
    await editor.waitForStaged(2);

    proxy.mend();
    onTestFailed(() => workbench.screenshot('link-failed').then(() => undefined));
    // The helper is a new one and cannot know what happened meanwhile: the person looks and re-bases.
    await editor.frame.locator('.chip.link:not(.offline)').waitFor({ state: 'attached', timeout: 90_000 });
    await editor.button('rebase').click();
    await editor.button('rebase').waitFor({ state: 'detached' });
    await editor.refresh();
    await expect.poll(() => editor.banner(), { timeout: 60_000 }).toBeUndefined();
    expect(await editor.stagedCount()).toBe(2);
    const untouched = await lookWhileStaged(workbench, editor, witness, () =>
      witness.read('data', 7, 3, 0, 16),
    );
    expect(untouched.toString('hex')).toBe(pattern('data', 7, 3, 0, 16, SEED));

    await editor.apply();
    await witness.request(PARTITION.id, { keep: true });
    const expected = Buffer.from(pattern('data', 7, 3, 0, 0x8000, SEED), 'hex');
    expected.write('abcd', 8, 'hex');
    expect((await witness.read('data', 7, 3, 0, 0x8000)).equals(expected)).toBe(true);
    await witness.release();
    await board.assertClean();
  });
});
