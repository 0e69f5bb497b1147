/** Beside a running application in a real VS Code: its bytes, one word written, its memory kept after it was killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { boardInSidebar } from './board-home.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { expectOnBoard, openMemory, PARTITION_ROW, pattern, preparedWitness } from './main-job.ts';

const SEED = 23;
const BOARD = 'Virtual board';
/** The one word that is written. */
const EDIT = { memory: 'data', column: 8, row: 2, offset: 4, hex: 'c0ffee00' } as const;
/** The first 16 bytes of its tile afterwards. */
const WRITTEN = `${pattern('data', 8, 2, 0, 4, SEED)}${EDIT.hex}${pattern('data', 8, 2, 8, 8, SEED)}`;
/** Where the core of that tile stands. */
const PROGRAM_COUNTER = { register: 0x30280, value: 0x1ca, shown: '0x001CA' } as const;

/** Waits until the page's banner says this. */
async function banner(frame: Frame, text: string | RegExp, timeout = 60_000): Promise<void> {
  await frame.locator('.banner .text', { hasText: text }).waitFor({ timeout });
}

describe('beside the owner, end to end', () => {
  let board: VirtualBoard;
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;
  let pid: number;

  beforeAll(async () => {
    board = await startBoard();
    folder = await mkdtemp(join(tmpdir(), 'tilescope-beside-'));
    witness = await preparedWitness(board, SEED);
    ({ pid } = await witness.status());
    await board.control(`reg 8 2 ${PROGRAM_COUNTER.register} ${PROGRAM_COUNTER.value}`);
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: await boardInSidebar(board, folder, BOARD),
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
    await workbench.expand(BOARD);
    await workbench.waitForRow(PARTITION_ROW);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await board?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Takes a picture when the running test fails. */
  function pictureOnFailure(name: string): void {
    onTestFailed(async () => {
      await workbench.screenshot(`beside-failed-${name}`);
    });
  }

  test('[attach-15] [attach-6] the owner is named; its bytes and status are read; one word, and no other, is written after a question', async () => {
    pictureOnFailure('write');
    await workbench.waitForRow(new RegExp(`Columns 6 to 9.*in use by witness \\(${pid}\\) since`));
    const editor = await openMemory(workbench, 'Data memory', '(8,2)');
    await editor.waitForRow('0x0', pattern('data', 8, 2, 0, 16, SEED));
    await banner(editor.frame, `In use by witness (${pid}). It is read beside its owner and locked`);
    await workbench.openSection('Tile');
    const core = await workbench.waitForRow(/^Core/);
    await expect.poll(() => core.textContent()).toContain('disabled');
    const counter = await workbench.waitForRow('Program counter');
    await expect.poll(() => counter.textContent()).toContain(PROGRAM_COUNTER.shown);
    await workbench.openSection('Tile', false);
    await editor.frame.locator('[data-name=unlock]').click();
    const question = await workbench.modal();
    expect(question.detail).toContain(`witness (${pid}) is running: what you write may be changed or used`);
    await workbench.clickModal('Unlock Editing');
    await editor.frame.locator('.chip.policy', { hasText: 'Staged beside witness' }).waitFor();
    await editor.typeAt('0x4', EDIT.hex);
    await editor.waitForStaged(4);
    await expectOnBoard(witness, SEED, EDIT, []);
    await editor.apply();
    await expectOnBoard(witness, SEED, EDIT, [EDIT]);
    await board.assertClean();
  });

  test('[attach-15] [attach-8] [live-12] held, killed, reloaded: still readable; released: the bytes stay on screen', async () => {
    pictureOnFailure('hold');
    await workbench.inlineAction(PARTITION_ROW, 'Hold for Post-Mortem');
    expect((await workbench.modal()).detail).toContain('nobody can start the application');
    await workbench.clickModal('Hold');
    await workbench.waitForRow(/Columns 6 to 9.*held for post-mortem until/);
    await board.exec(`kill -9 ${pid}`);
    await witness.ended();
    await workbench.waitForRow(/Columns 6 to 9.*owner gone, held: the application cannot start/);
    await workbench.screenshot('beside-held');

    await workbench.reload();
    await workbench.showView('Tilescope');
    const frame = await workbench.webview('h1.title:has-text("Data memory · tile (8,2)")');
    await banner(frame, /The application ended.*All that is readable was read at/, 120_000);
    const editor = new HexEditorPage(workbench.page, frame);
    await editor.waitForRow('0x0', WRITTEN);

    await workbench.inlineAction(PARTITION_ROW, 'Release');
    expect((await workbench.modal()).detail).toContain('zeroes their memory');
    await workbench.clickModal('Release');
    await workbench.waitForRow(/Columns 6 to 9.*free/);
    await banner(frame, 'They are what the application left.');
    await editor.waitForRow('0x0', WRITTEN);
    await workbench.screenshot('beside-released');
    witness = await board.witness();
    await witness.request(1, {});
    await witness.release();
    await board.assertClean();
  });
});
