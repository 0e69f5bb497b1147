/** Eclipse Theia, the base of AMD's Vitis Unified IDE: the short main job with the packaged extension. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, localContext } from '../../scripts/browser.ts';
import { startTheia } from '../../scripts/hosts.ts';
import { packageFor } from '../../scripts/package.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { PATIENCE_MS } from '../patience.ts';
import { boardInSidebar } from './board-home.ts';
import { SCREENSHOTS } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { pattern, preparedWitness, take } from './main-job.ts';

const SEED = 33;

/** The frame that shows the hex editor. */
async function editorFrame(page: Page): Promise<Frame> {
  for (const end = Date.now() + PATIENCE_MS; ; await page.waitForTimeout(100)) {
    for (const frame of page.frames()) {
      const shown = await frame
        .locator('#grid .layer .cell.bytes', { hasText: /[0-9A-F]{2}/ })
        .first()
        .isVisible()
        .catch(() => false);
      if (shown) return frame;
    }
    if (Date.now() > end) throw new Error('No frame shows the hex editor.');
  }
}

async function expand(page: Page, text: string | RegExp): Promise<void> {
  const row = page.locator('.theia-TreeNode', { hasText: text }).first();
  await row.waitFor();
  const toggle = row.locator('.theia-ExpansionToggle');
  if (/theia-mod-collapsed/.test((await toggle.getAttribute('class')) ?? '')) await toggle.click();
}

/** Opens a section of the sidebar that is closed. */
async function openPart(page: Page, title: string): Promise<void> {
  const label = page.locator('.label').getByText(title, { exact: true });
  const header = page.locator('.theia-view-container-part-header', { has: label }).first();
  await header.waitFor();
  if ((await header.locator('.theia-mod-collapsed').count()) > 0) await header.click();
}

describe('[main-23] Theia', () => {
  let board: VirtualBoard;
  let witness: Witness;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-theia-test-'));
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

  test('[main-23] [shape-7] the view starts it; connect, open, edit, apply', async () => {
    const host = await startTheia({
      folder,
      vsix: await packageFor('linux-x64', folder),
      env: await boardInSidebar(board, folder, 'Virtual board'),
    });
    const browser = await launchBrowser();
    try {
      const page = await (await localContext(browser)).newPage();
      await page.goto(host.url, { waitUntil: 'commit' });
      await mkdir(SCREENSHOTS, { recursive: true });
      try {
        const container = page.locator('.theia-app-left .lm-TabBar-tab[id$="extension.tilescope"]');
        await container.waitFor({ timeout: PATIENCE_MS });
        await container.click();
        // The view alone starts the extension.
        await page
          .locator('.theia-TreeNode', { hasText: 'Virtual board' })
          .first()
          .waitFor({ timeout: PATIENCE_MS });
        await expand(page, 'Virtual board');
        await expand(page, /Columns 6 to 9/);
        await expand(page, 'Data memory');
        await page.locator('.theia-TreeNode', { hasText: '(7,1)' }).first().click();
        const editor = new HexEditorPage(page, await editorFrame(page));
        // The board's own row follows, not only what is below it.
        const row = page.locator('.theia-TreeNode', { hasText: 'Virtual board' }).first();
        await expect.poll(() => row.textContent()).toContain(`${board.user}@${board.host}`);
        // The details of the tile in the editor stand there as soon as their view is opened.
        await openPart(page, 'Tile');
        await page.locator('.theia-TreeNode', { hasText: /^Core/ }).first().waitFor({ timeout: PATIENCE_MS });
        const first = editor.frame.locator('#grid .layer .row .cell.bytes').first();
        await expect
          .poll(async () => ((await first.textContent()) ?? '').replace(/\s/g, '').toLowerCase())
          .toBe(pattern('data', 7, 1, 0, 16, SEED));
        // The menu of the grid: there is none before Theia knows that the editor is in front.
        const entries = page.locator('.lm-Menu .lm-Menu-itemLabel');
        await expect
          .poll(async () => {
            await first.click({ button: 'right', timeout: 2_000 }).catch(() => undefined);
            return entries.allTextContents();
          })
          .toEqual(expect.arrayContaining(['Go to Offset...', 'Copy', 'Copy As...', 'Add Bookmark...']));
        // Theia has it for a click on another page, too: what changes bytes is not in it.
        expect(await entries.allTextContents()).not.toContain('Paste');
        await page.screenshot({ path: join(SCREENSHOTS, 'theia-menu.png') });
        // A right click that came late may have opened it once more, and the page may have the keys: a press beside it closes it too.
        await expect
          .poll(async () => {
            await page.keyboard.press('Escape');
            if ((await entries.count()) > 0) await page.locator('#theia-statusBar').click();
            return entries.count();
          })
          .toBe(0);
        await editor.grid.focus();
        await page.keyboard.press('Control+Home');
        await page.keyboard.type('feed');
        await editor.waitForStaged(2);
        const dirtyTab = page.locator('#theia-main-content-panel .lm-TabBar-tab.theia-mod-dirty').first();
        await dirtyTab.waitFor();
        await editor.apply();
        await dirtyTab.waitFor({ state: 'detached' });
        await take(witness);
        const expected = Buffer.from(pattern('data', 7, 1, 0, 0x8000, SEED), 'hex');
        expected.write('feed', 0, 'hex');
        expect((await witness.read('data', 7, 1, 0, 0x8000)).equals(expected)).toBe(true);
        await witness.release();
      } finally {
        await page.screenshot({ path: join(SCREENSHOTS, 'theia.png') });
      }
    } finally {
      await browser.close();
      await host.stop();
    }
  });
});
