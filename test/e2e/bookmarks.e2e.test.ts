/** Bookmarks and structures as a person lays them: named, listed, looked at in three themes, and there again after a reload. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';

describe('bookmarks', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-bookmarks-'));
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('[names-8] a place gets a name and a colour, a struct is written and laid; both are there after a reload', async () => {
    await workbench.expand('Simulated board');
    await workbench.expand(/Columns 0 to 3/);
    await workbench.expand('Data memory');
    await (await workbench.waitForRow('(1,2)')).click();
    const frame = await workbench.webview('h1.title:has-text("Data memory · tile (1,2)")');
    const cells = frame.locator('#grid .layer .cell.bytes', { hasText: /[0-9A-F]{2}/ });
    await cells.nth(3).waitFor();
    const editor = new HexEditorPage(workbench.page, frame);
    await editor.goTo('0x24');
    await workbench.runCommand('Tilescope: Add Bookmark...');
    await workbench.answerInput('first tap', 'Name');
    await workbench.pick('red');
    await workbench.waitForRow(/first tap.*\(1,2\)\+0x0024 · red · 1 byte\b/);

    await editor.goTo('0x40');
    await workbench.runCommand('Tilescope: Lay Structure...');
    await workbench.pick('Write a Definition...');
    await workbench.clickNotification('Write the definition in the editor of text', 'Lay');
    await workbench.answerInput('1', /How many of struct example/);
    await workbench.answerInput('state', 'Name');
    await workbench.expand(/state.*struct example · \(1,2\)\+0x0040/);
    await workbench.waitForRow(/taps\{.*· cint16\[8\] · \+0x04/);
    await expect
      .poll(() => frame.locator('.row .names').allTextContents())
      .toEqual(expect.arrayContaining(['◆ first tap', 'state.count, .taps']));
    await workbench.discardEditors();
    await (await workbench.waitForRow(/first tap/)).click();
    const again = await workbench.webview('h1.title:has-text("Data memory · tile (1,2)")');
    await again.locator('.row .bytes[style*="--band-red"]').first().waitFor();
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.waitForRow(/taps\{/);
      await workbench.screenshot(`bookmarks-${theme}`);
    }
    await workbench.reload();
    await workbench.showView('Tilescope');
    await workbench.waitForRow(/first tap.*red/);
    await workbench.waitForRow(/state.*struct example/);
  });
});
