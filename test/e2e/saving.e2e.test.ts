/**
 * Saving and a write to the device are two things. For every `files.autoSave`: whatever VS Code saves by itself, whatever
 * is closed or reloaded, the board holds what it held; only Apply and "Write to Device" change it, and no staged edit is
 * lost unless a person drops it. The witness on the board is the judge.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { boardInSidebar } from './board-home.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { openMemory, PARTITION_ROW, pattern, preparedWitness, take } from './main-job.ts';

const SEED = 91;
const BOARD = 'Virtual board';
const COLUMN = 7;
const TILE_BYTES = 0x8000;
const BESIDE = 'beside.txt';

/** Each mode with the row of the tile that it plays on. */
const MODES = [
  ['off', 1],
  ['afterDelay', 2],
  ['onFocusChange', 3],
  ['onWindowChange', 4],
] as const;
const WARNING = /Saving does not write to a device\. The staged edits of Virtual board . Data memory . tile/;
type Mode = (typeof MODES)[number][0];

describe('[main-21] saving', () => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    board = await startBoard();
    proxy = await startProxy({ targetPort: board.port });
    folder = await mkdtemp(join(tmpdir(), 'tilescope-saving-'));
    witness = await preparedWitness(board, SEED);
    await witness.release();
    await writeFile(join(folder, BESIDE), '');
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: await boardInSidebar(board, folder, BOARD, proxy.port),
    });
    workbench = await Workbench.open(host);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await proxy?.close();
    await board?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(() => board.assertClean());

  /** Brings the board's partitions into the sidebar, after a start or a reload. */
  async function connect(): Promise<void> {
    await workbench.showView('Tilescope');
    await workbench.expand(BOARD);
    const invitation = workbench.row('Click to connect');
    await invitation.or(workbench.row(PARTITION_ROW)).first().waitFor();
    // An open editor connects too, and may be faster.
    await Promise.any([invitation.click({ timeout: 10_000 }), workbench.waitForRow(PARTITION_ROW)]);
    await workbench.waitForRow(PARTITION_ROW);
  }

  /** The editor of a tile that is in front. */
  async function editorOf(row: number): Promise<HexEditorPage> {
    const frame = await workbench.webview(`h1.title:has-text("tile (${COLUMN},${row})")`);
    return new HexEditorPage(workbench.page, frame);
  }

  /** What a tile holds, read by the witness; the partition is free again in the sidebar afterwards. */
  async function onTheBoard(row: number): Promise<string> {
    await take(witness);
    await workbench.waitForRow(/Columns 6 to 9.*in use by witness/);
    const bytes = await witness.read('data', COLUMN, row, 0, TILE_BYTES);
    await witness.release();
    await workbench.waitForRow(/Columns 6 to 9.*free/);
    return bytes.toString('hex');
  }

  /** The tile as the witness filled it, with these bytes over it. */
  function filled(row: number, over: Readonly<Record<number, string>> = {}): string {
    const bytes = Buffer.from(pattern('data', COLUMN, row, 0, TILE_BYTES, SEED), 'hex');
    for (const [offset, hex] of Object.entries(over)) bytes.write(hex, Number(offset), 'hex');
    return bytes.toString('hex');
  }

  /** The tab shows whether there is something unsaved. */
  async function waitForDirty(tab: string, dirty: boolean): Promise<void> {
    const found = workbench.tab(tab);
    await expect
      .poll(async () => /\bdirty\b/.test((await found.getAttribute('class')) ?? ''), PATIENT)
      .toBe(dirty);
  }

  /** Types into a text file in another tab: where its dot goes away by itself, auto-save had its say. */
  async function typeBeside(): Promise<void> {
    if ((await workbench.tab(BESIDE).count()) > 0) await workbench.tab(BESIDE).click();
    else {
      await workbench.page.keyboard.press('Control+p');
      await workbench.quickInput().fill(BESIDE);
      await workbench.pick(BESIDE);
    }
    await workbench.page.locator('.part.editor .monaco-editor .view-lines').first().click();
    await workbench.page.keyboard.type('x');
  }

  /** Puts the focus into the sidebar and nothing else. */
  async function focusSidebar(): Promise<void> {
    await workbench.page.locator('.part.sidebar .composite.title').first().click();
  }

  /** Everything that makes VS Code save by itself, around an editor with staged edits; ends in that editor. */
  async function livesThroughAutoSave(mode: Mode, row: number): Promise<void> {
    const tile = `${COLUMN}_${row}`;
    const editor = await editorOf(row);
    await editor.grid.click();
    await focusSidebar();
    await editor.grid.click();
    await workbench.leaveWindow();
    await typeBeside();
    if (mode !== 'afterDelay') await waitForDirty(BESIDE, true);
    if (mode === 'onFocusChange') await focusSidebar();
    if (mode === 'onWindowChange') await workbench.leaveWindow();
    await waitForDirty(BESIDE, mode === 'off');
    await workbench.tab(tile).click();
    await editor.grid.click();
    expect(await workbench.hasModal()).toBe(false);
    for (const text of await workbench.notifications()) expect(text).toMatch(WARNING);
  }

  /** A person saves: in mode `off` by a question that is answered with Cancel, else by one warning. */
  async function saveIsRefused(mode: Mode, row: number, staged: number): Promise<void> {
    if (mode === 'off') {
      const question = await workbench.modal();
      expect(question.message).toBe(`Write ${staged} staged bytes to ${BOARD}?`);
      expect(question.buttons).toContain('Write to Device');
      await workbench.screenshot('saving-question');
      await workbench.clickModal('Cancel');
    } else {
      await workbench.waitForNotification(WARNING);
      await workbench.screenshot('saving-warning');
      const said = async () =>
        (await workbench.notifications()).filter((text) => text.includes(`tile (${COLUMN},${row})`)).length;
      await expect.poll(said, PATIENT).toBe(1);
    }
  }

  async function closeTab(row: number, answer?: string): Promise<void> {
    await workbench.tab(`${COLUMN}_${row}`).click({ button: 'middle' });
    if (answer === undefined) return;
    const question = await workbench.modal();
    expect([...question.buttons].sort()).toEqual(['Cancel', "Don't Save", 'Save']);
    await workbench.clickModal(new RegExp(`^${answer}$`));
  }

  test.each(MODES)(
    '[main-21] auto-save %s: the board changes by Apply alone, no edit is lost',
    async (mode, row) => {
      onTestFailed(async () => {
        await workbench.screenshot(`saving-failed-${mode}`);
      });
      const tile = `${COLUMN}_${row}`;
      await workbench.setSettings({ 'files.autoSave': mode, 'files.autoSaveDelay': 300 });
      await connect();
      let editor = await openMemory(workbench, 'Data memory', `(${COLUMN},${row})`);
      await editor.waitForRow('0x10', pattern('data', COLUMN, row, 0x10, 16, SEED));

      await editor.typeAt('0x10', 'a1b2');
      await editor.waitForStaged(2);
      await waitForDirty(tile, true);
      await workbench.screenshot(`saving-typed-${mode}`);
      await livesThroughAutoSave(mode, row);
      expect(await editor.stagedCount()).toBe(2);
      expect(await workbench.isDirty(tile)).toBe(true);

      await workbench.runCommand('File: Save All');
      await saveIsRefused(mode, row, 2);
      await waitForDirty(BESIDE, false);
      expect(await workbench.isDirty(tile)).toBe(true);
      await closeTab(row, 'Cancel');
      expect(await editor.stagedCount()).toBe(2);
      await closeTab(row, 'Save');
      // Elsewhere the warning stands already, and is not repeated.
      if (mode === 'off') await saveIsRefused(mode, row, 2);
      expect(await workbench.hasModal()).toBe(false);
      await editor.waitForStaged(2);
      expect(await workbench.isDirty(tile)).toBe(true);

      // The window goes away right after a byte was typed.
      await editor.typeAt('0x12', 'c3');
      await editor.waitForStaged(3);
      await workbench.reload();
      await connect();
      editor = await editorOf(row);
      await editor.waitForStaged(3);
      await waitForDirty(tile, true);
      await editor.waitForRow('0x10', `a1b2c3${pattern('data', COLUMN, row, 0x13, 13, SEED)}`);
      await workbench.screenshot(`saving-reloaded-${mode}`);
      await editor.typeAt('0x13', 'd4');
      await editor.waitForStaged(4);
      await workbench.page.keyboard.press('Control+z');
      await editor.waitForStaged(3);
      await workbench.page.keyboard.press('Control+z');
      await editor.waitForStaged(2);
      await workbench.page.keyboard.press('Control+y');
      await editor.waitForStaged(3);
      expect(await workbench.isDirty(tile)).toBe(true);

      // Nothing of all this has reached the board.
      expect((await onTheBoard(row)) === filled(row)).toBe(true);

      await editor.rebase();
      expect(await editor.stagedCount()).toBe(3);
      await editor.grid.click();
      await workbench.page.keyboard.press('Control+s');
      await editor.waitForStaged(0);
      await waitForDirty(tile, false);
      expect((await onTheBoard(row)) === filled(row, { 16: 'a1b2c3' })).toBe(true);

      // Undo after an apply stages the old bytes, and nothing more.
      await editor.grid.click();
      await workbench.page.keyboard.press('Control+z');
      await editor.waitForStaged(1);
      await waitForDirty(tile, true);
      await livesThroughAutoSave(mode, row);
      await editor.waitForStaged(1);
      await workbench.runCommand('File: Revert File');
      await editor.waitForStaged(0);
      await waitForDirty(tile, false);

      await editor.typeAt('0x20', 'ee');
      await editor.waitForStaged(1);
      if (mode === 'onFocusChange') {
        // VS Code goes on saving a tab that was restored with edits, and does not close it: the warning is the way out.
        await closeTab(row);
        await workbench.clickNotification(WARNING, 'Discard');
        await editor.waitForStaged(0);
        await closeTab(row);
      } else await closeTab(row, "Don't Save");
      await workbench.tab(tile).waitFor({ state: 'detached' });
      expect((await onTheBoard(row)) === filled(row, { 16: 'a1b2c3' })).toBe(true);
      editor = await openMemory(workbench, 'Data memory', `(${COLUMN},${row})`);
      expect(await editor.stagedCount()).toBe(0);
      expect(await workbench.isDirty(tile)).toBe(false);

      if (mode === 'off') {
        await editor.typeAt('0x20', 'ee');
        await editor.waitForStaged(1);
        await closeTab(row, 'Save');
        await workbench.modal();
        await workbench.clickModal('Write to Device');
        await workbench.tab(tile).waitFor({ state: 'detached' });
        expect((await onTheBoard(row)) === filled(row, { 16: 'a1b2c3', 32: 'ee' })).toBe(true);
      } else await closeTab(row);
    },
  );

  test('[main-21] reloaded without the board: the edits are there, can be undone, and wait for it', async () => {
    const row = 5;
    const tile = `${COLUMN}_${row}`;
    await workbench.setSettings({ 'files.autoSave': 'afterDelay', 'files.autoSaveDelay': 300 });
    await connect();
    let editor = await openMemory(workbench, 'Data memory', `(${COLUMN},${row})`);
    await editor.waitForRow('0x10', pattern('data', COLUMN, row, 0x10, 16, SEED));
    await editor.typeAt('0x10', 'abcd');
    await editor.waitForStaged(2);
    proxy.cut(true);
    await workbench.reload();
    editor = await editorOf(row);
    await editor.waitForStaged(2);
    await waitForDirty(tile, true);
    await workbench.screenshot('saving-reloaded-offline');
    await editor.goTo('0x10');
    await workbench.page.keyboard.press('Control+z');
    await editor.waitForStaged(1);
    await workbench.page.keyboard.press('Control+y');
    await editor.waitForStaged(2);
    proxy.mend();
    await editor.connectUntil(() => editor.isOnline());
    await editor.rebase();
    await editor.waitForRow('0x10', `abcd${pattern('data', COLUMN, row, 0x12, 14, SEED)}`);
    await workbench.showView('Tilescope');
    expect((await onTheBoard(row)) === filled(row)).toBe(true);
    await editor.rebase();
    await editor.apply();
    await waitForDirty(tile, false);
    expect((await onTheBoard(row)) === filled(row, { 16: 'abcd' })).toBe(true);
  });
});

/** Conditions may take long on a loaded machine. */
const PATIENT = { timeout: 60_000, interval: 50 };
