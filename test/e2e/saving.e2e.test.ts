/**
 * Saving as a person meets it, in every mode of auto-save: a reload right after typing, focus changes, Save All, the
 * close dialog. What reaches the board is counted in the host suites; here it is what VS Code does around it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';

const TAB = '0_2';
const WARNING = /Saving does not write/;

const modes = [
  { mode: 'off', saveAll: 'asks', close: 'asks' },
  { mode: 'afterDelay', saveAll: 'warns', close: 'asks' },
  // VS Code saves when the focus leaves and, refused, keeps the tab open: the warning is the way out.
  { mode: 'onFocusChange', saveAll: 'warns', close: 'warns' },
  { mode: 'onWindowChange', saveAll: 'warns', close: 'asks' },
] as const;

describe.each(modes)('[main-21] saving with auto-save $mode', ({ mode, saveAll, close }) => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let editor: HexEditorPage;

  const openTile = async (): Promise<void> => {
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.expand(/Columns 0 to 3/);
    await workbench.expand('Data memory');
    await (await workbench.waitForRow('(0,2)')).click();
    await findEditor();
  };

  const findEditor = async (): Promise<void> => {
    const frame = await workbench.webview('h1.title:has-text("tile (0,2)")', 60_000);
    await frame
      .locator('#grid .layer .cell.bytes', { hasText: /[0-9A-F]{2}/ })
      .first()
      .waitFor();
    editor = new HexEditorPage(workbench.page, frame);
  };

  const closeTab = async (): Promise<void> => {
    await workbench.tab(TAB).hover();
    await workbench.tab(TAB).locator('.action-label').first().click();
  };

  const tabIsGone = async (): Promise<void> => workbench.tab(TAB).waitFor({ state: 'detached' });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-saving-'));
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      settings: { 'files.autoSave': mode },
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host);
    await openTile();
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('[main-21] a reload right after typing loses nothing, and undo still works', async () => {
    await editor.typeAt('0x10', 'a7');
    await editor.waitForStaged(1);
    await workbench.reload();
    await findEditor();
    await editor.waitForStaged(1);
    expect(await workbench.isDirty(TAB)).toBe(true);

    await editor.typeAt('0x20', '5b');
    await editor.waitForStaged(2);
    await workbench.page.keyboard.press('Control+z');
    await editor.waitForStaged(1);
    expect(await workbench.isDirty(TAB)).toBe(true);
  });

  test('[main-21] focus changes after a reload write nothing and ask nothing', async () => {
    await workbench.page.locator('.part.sidebar .composite.title').first().click();
    await editor.goTo('0x30');
    expect(await workbench.hasModal()).toBe(false);
    expect(await editor.stagedCount()).toBe(1);
    expect(await workbench.isDirty(TAB)).toBe(true);
  });

  test(`[main-21] Save All ${saveAll}`, async () => {
    await workbench.runCommand('File: Save All');
    if (saveAll === 'asks') {
      expect((await workbench.modal()).buttons).toContain('Write to Device');
      await workbench.clickModal('Cancel');
    } else {
      await workbench.waitForNotification(WARNING);
    }
    expect(await editor.stagedCount()).toBe(1);
    expect(await workbench.isDirty(TAB)).toBe(true);
  });

  test('[main-21] closing the tab: Cancel keeps the edit; dropping it is deliberate, and lasts', async () => {
    await closeTab();
    if (close === 'asks') {
      await workbench.modal();
      await workbench.clickModal('Cancel');
      expect(await editor.stagedCount()).toBe(1);
      await closeTab();
      await workbench.modal();
      await workbench.clickModal("Don't Save");
    } else {
      await workbench.clickNotification(WARNING, 'Discard');
      await editor.waitForStaged(0);
      await closeTab();
    }
    await tabIsGone();
    await openTile();
    await editor.goTo('0x10');
    expect(await editor.stagedCount()).toBe(0);
    expect(await workbench.isDirty(TAB)).toBe(false);
  });
});
