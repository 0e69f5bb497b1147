/** Living beside other programs and with a board that goes away: what is shown follows by itself, nothing is held. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness, WitnessError } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { boardInSidebar } from './board-home.ts';
import { Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import { openMemory, PARTITION_ROW, pattern, preparedWitness, take } from './main-job.ts';
import { startsBeside } from './owner-starts.ts';

const SEED = 17;
const BOARD = 'Virtual board';
/** `npm run test:long` has a hundred. */
const STARTS = 20;
/** Conditions may take long on a loaded machine. */
const PATIENT = { timeout: 60_000, interval: 50 };

/** Waits until the page's banner says this. */
async function banner(frame: Frame, text: string | RegExp, timeout = 60_000): Promise<void> {
  await frame.locator('.banner .text', { hasText: text }).waitFor({ timeout });
}

describe('[main-22] beside an owner, and without a board', () => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    board = await startBoard();
    proxy = await startProxy({ targetPort: board.port });
    folder = await mkdtemp(join(tmpdir(), 'tilescope-owner-'));
    witness = await preparedWitness(board, SEED);
    await witness.gate({ column: 9, row: 8 }, true);
    await witness.core(6, 1, true);
    await witness.release();
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: await boardInSidebar(board, folder, BOARD, proxy.port),
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
    await proxy?.close();
    await board?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    // A test that failed may have left the witness with the partition.
    await witness.release().catch((error: unknown) => {
      if (!(error instanceof WitnessError) || error.code !== 'NOTHELD') throw error;
    });
    await board.assertClean();
  });

  /** Takes a picture when the running test fails. */
  function pictureOnFailure(name: string): void {
    onTestFailed(async () => {
      await workbench.screenshot(`owner-failed-${name}`);
    });
  }

  async function isDirty(editor: HexEditorPage, tab: string, dirty: boolean): Promise<void> {
    await expect.poll(() => workbench.isDirty(tab), PATIENT).toBe(dirty);
    await expect.poll(async () => (await editor.stagedCount()) > 0, PATIENT).toBe(dirty);
  }

  /** What the line at the bottom says of the byte at a place. */
  async function saysAt(editor: HexEditorPage, place: string, text: string): Promise<void> {
    await editor.goTo(place);
    await expect.poll(() => editor.details(), PATIENT).toContain(text);
  }

  test('[main-22] a gated tile shows ?? and why; so does program memory of a running core', async () => {
    pictureOnFailure('unreadable');
    const gated = await openMemory(workbench, 'Data memory', '(9,8)', /\?\?/);
    await expect.poll(async () => new Set(await gated.rowAt('0x40')), PATIENT).toEqual(new Set(['??']));
    await saysAt(gated, '0x40', 'cannot be read: the clock of this tile is off');
    await workbench.page.keyboard.type('a');
    await gated.frame
      .locator('.notice', { hasText: 'cannot be edited: the clock of this tile is off' })
      .waitFor();
    await workbench.screenshot('owner-gated');
    expect(await gated.stagedCount()).toBe(0);
    expect(await workbench.isDirty('9_8')).toBe(false);

    const running = await openMemory(workbench, 'Program memory', '(6,1)', /\?\?/);
    await expect.poll(async () => new Set(await running.rowAt('0x0')), PATIENT).toEqual(new Set(['??']));
    await saysAt(running, '0x0', 'cannot be read: its core is running');
    await workbench.screenshot('owner-core-running');
    const data = await openMemory(workbench, 'Data memory', '(6,1)');
    await data.waitForRow('0x0', pattern('data', 6, 1, 0, 16, SEED));
  });

  test('[main-22] the tab and the sidebar follow free, owned, free by themselves, the owner by name', async () => {
    pictureOnFailure('follow');
    const editor = await openMemory(workbench, 'Data memory', '(8,2)');
    await editor.waitForRow('0x0', pattern('data', 8, 2, 0, 16, SEED));
    await workbench.waitForRow(/Columns 6 to 9.*free/);
    const { pid } = await take(witness);
    await workbench.waitForRow(new RegExp(`Columns 6 to 9.*in use by witness \\(${pid}\\)`));
    await expect.poll(() => workbench.statusBar(), PATIENT).toContain('Locked');
    await banner(editor.frame, `In use by witness (${pid}). These bytes were read before.`);
    await workbench.screenshot('owner-taken');
    await editor.refresh();
    await banner(editor.frame, `In use by witness (${pid}). It is read beside its owner`);
    await workbench.screenshot('owner-owned');
    await editor.goTo('0x0');
    await workbench.page.keyboard.type('a');
    await editor.frame.locator('[data-name=unlock]').waitFor();
    expect(await editor.stagedCount()).toBe(0);
    await witness.write('data', 8, 2, 0, Buffer.from('c0ffee', 'hex'));
    await editor.refresh();
    await editor.waitForRow('0x0', `c0ffee${pattern('data', 8, 2, 3, 13, SEED)}`);
    await witness.release();
    await workbench.waitForRow(/Columns 6 to 9.*free/);
    await expect.poll(() => workbench.statusBar(), PATIENT).toContain('Staged: nothing');
    await workbench.screenshot('owner-free-again');
    await editor.refresh();
    await editor.frame.locator('.banner').waitFor({ state: 'detached' });
  });

  test(`[main-22] with a tile open and refreshed by hand, a program requests, runs and exits ${STARTS} times without EBUSY`, async () => {
    pictureOnFailure('starts');
    await startsBeside(board, workbench, await openMemory(workbench, 'Data memory', '(8,4)'), STARTS);
  });

  test('[main-22] the cable is pulled: it is said, the edits stay, and it comes back by itself', async () => {
    pictureOnFailure('cable');
    const editor = await openMemory(workbench, 'Data memory', '(7,5)');
    await editor.waitForRow('0x0', pattern('data', 7, 5, 0, 16, SEED));
    await editor.typeAt('0x0', 'd1');
    await editor.waitForStaged(1);
    // No FIN, no RST: only the heartbeat can tell.
    proxy.blackHole(true);
    await banner(editor.frame, 'Offline.', 90_000);
    await workbench.screenshot('owner-offline');
    await workbench.waitForRow(/Virtual board.*(offline|connecting)/);
    await editor.typeAt('0x1', 'd2');
    await editor.waitForStaged(2);
    await isDirty(editor, '7_5', true);
    proxy.blackHole(false);
    proxy.cut();
    await workbench.waitForRow(PARTITION_ROW, 120_000);
    await editor.frame.locator('.middle:not(.offline)').waitFor({ timeout: 120_000 });
    await editor.waitForStaged(2);
    await workbench.screenshot('owner-back');
    await editor.rebase();
    await editor.waitForRow('0x0', `d1d2${pattern('data', 7, 5, 2, 14, SEED)}`);
    await editor.apply();
    await isDirty(editor, '7_5', false);
    await take(witness);
    expect((await witness.read('data', 7, 5, 0, 16)).toString('hex')).toBe(
      `d1d2${pattern('data', 7, 5, 2, 14, SEED)}`,
    );
    await witness.release();
  });

  test('[main-22] [main-19] the board reboots: Apply is refused in words, re-basing shows conflicts, a person decides', async () => {
    pictureOnFailure('reboot');
    const editor = await openMemory(workbench, 'Data memory', '(6,6)');
    await editor.refresh();
    await editor.waitForRow('0x0', pattern('data', 6, 6, 0, 16, SEED));
    await editor.typeAt('0x0', '3344');
    await editor.waitForStaged(2);
    await witness.exit();
    await board.reboot();
    const after = 0x7f7f7f7f;
    witness = await preparedWitness(board, after);
    await witness.release();
    await banner(editor.frame, 'Apply is refused until the edits are re-based', 180_000);
    expect(await editor.stagedCount()).toBe(2);
    await workbench.screenshot('owner-rebooted');
    await editor.button('apply').click();
    await workbench.waitForNotification(/contents of this memory may have been replaced/);
    await workbench.screenshot('owner-apply-refused');
    expect(await editor.stagedCount()).toBe(2);

    await workbench.clickNotification(/contents of this memory may have been replaced/, 'Re-base');
    await banner(editor.frame, '2 staged bytes lie over bytes that the board has changed since');
    await saysAt(
      editor,
      '0x0',
      `in conflict: yours 33, device ${pattern('data', 6, 6, 0, 1, after).toUpperCase()}`,
    );
    await workbench.screenshot('owner-conflict');
    await editor.button('keepMine').click();
    await editor.frame.locator('.count.conflict').waitFor({ state: 'hidden' });
    await editor.apply();
    await isDirty(editor, '6_6', false);
    await editor.waitForRow('0x0', `3344${pattern('data', 6, 6, 2, 14, after)}`);
    await editor.typeAt('0x8', '55');
    await editor.waitForStaged(1);

    // Changed under the edit by somebody else: a conflict again, and this time the board's byte is taken.
    await take(witness);
    await workbench.waitForRow(/Columns 6 to 9.*in use by witness/);
    expect((await witness.read('data', 6, 6, 0, 16)).toString('hex')).toBe(
      `3344${pattern('data', 6, 6, 2, 14, after)}`,
    );
    await witness.write('data', 6, 6, 8, Buffer.from('99', 'hex'));
    await witness.release();
    await workbench.waitForRow(/Columns 6 to 9.*free/);
    await editor.rebase();
    await editor.button('takeTheirs').click();
    await editor.waitForStaged(0);
    await isDirty(editor, '6_6', false);
    await expect.poll(async () => (await editor.rowAt('0x0'))[8], PATIENT).toBe('99');
  });
});
