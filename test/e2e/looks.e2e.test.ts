/** What a person sees, in three themes: pictures to look at, no text cut off, no accessibility rule broken. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { type Theme, Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';

/** VS Code's own lists, which an extension cannot change. */
const OF_THE_TREE = [
  'aria-prohibited-attr',
  'presentation-role-conflict',
  'color-contrast',
  'scrollable-region-focusable',
  'label-content-name-mismatch',
];

describe('[main-23] looks', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let editor: HexEditorPage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-looks-'));
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.expand(/Columns 0 to 3/);
    await workbench.expand('Data memory');
    await (await workbench.waitForRow('(1,2)')).click();
    const frame = await workbench.webview('h1.title:has-text("Data memory · tile (1,2)")');
    await frame
      .locator('#grid .layer .cell.bytes', { hasText: /[0-9A-F]{2}/ })
      .nth(3)
      .waitFor();
    editor = new HexEditorPage(workbench.page, frame);
    await editor.typeAt('0x24', 'cafe');
    await editor.waitForStaged(2);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(['light', 'dark', 'high-contrast'] as const)(
    '[main-23] %s: a picture, nothing cut off, accessibility rules hold',
    async (theme: Theme) => {
      await workbench.setTheme(theme);
      await workbench.screenshot(`editor-${theme}`);
      const { frame } = editor;
      // What VS Code still lays out is not what a person is left with.
      const nothing = (what: string, look: () => Promise<unknown>) =>
        expect.poll(look, { message: what }).toEqual([]);
      await nothing('texts in the editor', () => workbench.clippedTexts(frame));
      await nothing('texts in the sidebar', () => workbench.clippedTexts());
      await nothing('editor', () => workbench.accessibilityProblems(frame));
      await nothing('sidebar', () => workbench.accessibilityProblems(undefined, OF_THE_TREE));
    },
  );

  test('[truth-19] Ctrl+A and Ctrl+C copy the whole tile, though little of it was ever on screen', async () => {
    const cells = (await editor.copyAll()).split(/\s/);
    expect(cells).toHaveLength(0x8000);
    expect(cells.filter((cell) => !/^[0-9A-F]{2}$/.test(cell))).toEqual([]);
    expect(cells.slice(0x24, 0x26)).toEqual(['CA', 'FE']);
    expect(await editor.stagedCount()).toBe(2);
  });

  test('[shape-3] Cells... shows float32; 12.34 is typed, applied and read back as A4 70 45 41', async () => {
    const choose = async (kind: string): Promise<void> => {
      await workbench.runCommand('Tilescope: Cells...');
      const cells = editor.frame.locator('.view-line [data-name=cells]');
      await editor.frame.locator('.view-line [data-name=cells]:focus').waitFor();
      await cells.selectOption(kind);
    };
    await choose('float32');
    await editor.frame.locator('.details .value', { hasText: /^float32 / }).waitFor();
    await editor.typeAt('0x24', '12.34');
    await editor.frame.locator('.cell-field .preview', { hasText: '12.34 = A4 70 45 41' }).waitFor();
    await workbench.screenshot('editor-cells');
    await workbench.page.keyboard.press('Enter');
    await editor.waitForStaged(4);
    await editor.apply();
    await editor.goTo('0x24');
    await editor.frame.locator('.details .value', { hasText: 'float32 12.34 = A4 70 45 41' }).waitFor();
    await choose('hex');
    const bytes = editor.frame.locator('.view-line [data-name=bytes]');
    await bytes.focus();
    await bytes.selectOption('1');
    await editor.frame.locator('.details .value', { hasText: /^value A4/ }).waitFor();
    await expect.poll(async () => (await editor.rowAt('0x20')).slice(4, 8)).toEqual(['A4', '70', '45', '41']);
  });

  test('[hex-2] Ctrl+F finds bytes and values, F3 goes on, Replace stages and is undone at once', async () => {
    const { page } = workbench;
    const { frame } = editor;
    const line = (name: string) => frame.locator(`.find-line [data-name=${name}]`);
    const status = () => frame.locator('#find-status').textContent();
    await editor.goTo('0x100');
    await page.keyboard.press('Control+f');
    await frame.locator('.find-line [data-name=find-text]:focus').waitFor();
    await page.keyboard.type('A4 ?? 45 41');
    await page.keyboard.press('Enter');
    await expect.poll(status).toBe('1 of 1');
    await expect.poll(() => editor.details()).toContain('tile offset 0x0024');
    await expect
      .poll(() => frame.locator('.tile-map svg').getAttribute('aria-label'))
      .toContain('hits in 1 tiles');
    await workbench.screenshot('editor-find');
    await line('find-kind').selectOption('value');
    await line('find-cells').selectOption('float32');
    await line('find-text').fill('12.3..12.4');
    await expect.poll(status).toBe('1 of 1');
    await editor.goTo('0x100');
    await expect.poll(status).toBe('1 hit');
    await page.keyboard.press('F3');
    await expect.poll(status).toBe('1 of 1');
    await expect.poll(() => editor.details()).toContain('tile offset 0x0024');
    await page.keyboard.press('Control+h');
    await frame.locator('.find-line [data-name=find-text]:focus').waitFor();
    await line('find-kind').selectOption('value');
    await line('find-text').fill('12.3..12.4');
    await expect.poll(status).toBe('1 of 1');
    await line('replace-text').fill('-0.5');
    await line('replace-all').click();
    await editor.waitForStaged(4);
    await expect
      .poll(() => editor.rowAt('0x20').then((cells) => cells.slice(4, 8)))
      .toEqual(['00', '00', '00', 'BF']);
    await expect.poll(status).toBe('No hits · 1 hit replaced. It is staged until you apply it.');
    await line('find-close').click();
    await frame.locator('#grid:focus').waitFor();
    await page.keyboard.press('Control+z');
    await expect.poll(() => editor.stagedCount()).toBe(0);
    await expect
      .poll(() => editor.rowAt('0x20').then((cells) => cells.slice(4, 8)))
      .toEqual(['A4', '70', '45', '41']);
  });

  test('[hex-6] all memories of the board: the find line has them searched, hits are listed by memory and tile, a click goes to one', async () => {
    const { page } = workbench;
    const { frame } = editor;
    const line = (name: string) => frame.locator(`.find-line [data-name=${name}]`);
    const rows = page.locator('#workbench\\.parts\\.sidebar .monaco-list-row');
    const row = (text: string | RegExp) => rows.filter({ hasText: text }).first();
    await editor.goTo('0x100');
    await page.keyboard.press('Control+f');
    await frame.locator('.find-line [data-name=find-text]:focus').waitFor();
    await line('find-kind').selectOption('hex');
    await line('find-text').fill('A4 70 45 41');
    await line('find-scope').selectOption('board');
    await expect.poll(() => frame.locator('#find-status').textContent()).toContain('In this tab');
    await line('find-memories').click();
    await row(/Simulated board.*1 hit · all memories/).waitFor();
    await row(/Data memory.*1 hit · Columns 0 to 3/).waitFor();
    await row(/^0x0024/).waitFor();
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`find-memories-${theme}`);
    }
    await expect
      .poll(async () => {
        await row(/^0x0024/).click();
        return editor.details();
      })
      .toContain('tile offset 0x0024');
    // By keys: the list gets them, and Delete takes off what was found in all memories; the tab's own hit stays.
    await workbench.runCommand('Tilescope: Show Hits');
    await page.locator('#workbench\\.parts\\.sidebar .monaco-list:focus').waitFor();
    await expect
      .poll(async () => {
        await page.keyboard.press('Delete');
        return row(/1 hit · all memories/).count();
      })
      .toBe(0);
    await row(/tile \(1,2\).*1 hit/).waitFor();
    await workbench.screenshot('find-memories-cleared');
    // From the palette the same is asked for in two questions.
    await line('find-close').click();
    await workbench.runCommand('Tilescope: Find in All Memories...');
    await workbench.pick('Text');
    await page.locator('.quick-input-widget:visible', { hasText: 'Find in all memories of' }).waitFor();
    await workbench.screenshot('find-memories-question');
    await workbench.quickInput().fill('no such text in any memory');
    await page.keyboard.press('Enter');
    await expect
      .poll(() => workbench.notifications())
      .toContainEqual(expect.stringMatching(/^0 hits in \d+ memories of Simulated board\./));
  });

  test('[hex-10] menus of grid, header and title: by keys at the cursor and by the pointer, what can be done now alone', async () => {
    const { page } = workbench;
    const { frame } = editor;
    const entries = page.locator('.monaco-menu .action-item:not(.disabled) .action-label:visible');
    const shown = async () => (await entries.allTextContents()).filter((text) => text !== '');
    const close = async () => {
      await page.keyboard.press('Escape');
      await expect.poll(shown).toEqual([]);
      await frame.locator('#grid:focus').waitFor();
    };
    const ofGrid = [
      ...['Go to Offset...', 'Select Tile'],
      ...['Copy', 'Paste', 'Copy As...', 'Paste As...', 'Copy Address', 'Fill...'],
      ...['Compare with File...', 'Compare with Tile...', 'Plot...'],
      ...['Add Bookmark...', 'Lay Structure...', 'Pin Watch...'],
    ];
    await editor.goTo('0x24');
    await editor.grid.focus();
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await editor.grid.focus();
      await page.keyboard.press('Shift+F10');
      await expect.poll(shown).toEqual(ofGrid);
      await workbench.screenshot(`menu-grid-${theme}`);
      await close();
    }
    const cell = await editor.pointOf('0020', 6);
    await page.mouse.click(cell.x, cell.y, { button: 'right' });
    await expect.poll(shown).toEqual(ofGrid);
    await expect.poll(() => editor.details()).toContain('tile offset 0x0026');
    await workbench.chooseFromMenu('Copy');
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toMatch(/^[0-9A-F]{2}$/);
    await frame.locator('.headings .bytes').click({ button: 'right' });
    await expect
      .poll(shown)
      .toEqual([
        ...['Cells...', 'Live...', 'Mark Changes...', 'Freeze View'],
        ...['Record Changes...', 'Dock in Panel'],
      ]);
    await workbench.screenshot('menu-header');
    await close();
    // What is locked is not offered to be changed.
    await editor.button('lock').click();
    await editor.button('unlock').waitFor();
    await editor.grid.focus();
    await page.keyboard.press('Shift+F10');
    await expect
      .poll(shown)
      .toEqual(ofGrid.filter((title) => !['Paste', 'Paste As...', 'Fill...'].includes(title)));
    await close();
    await editor.button('unlock').click();
    await editor.button('lock').waitFor();
    await page
      .locator('.editor-group-container.active .editor-actions .action-label[aria-label^="More Actions"]')
      .click();
    await expect
      .poll(async () => (await shown()).slice(0, 7))
      .toEqual([
        ...['Find', 'Replace', 'Find in All Memories...', 'Go to Offset...', 'Next Tile', 'Previous Tile'],
        'Compare with File...',
      ]);
    await workbench.screenshot('menu-title');
    await page.keyboard.press('Escape');
    await expect.poll(shown).toEqual([]);
  });

  test('[live-9] Pin Watch... asks where, as what, when and what then, and refuses what it cannot read; the list shows the value', async () => {
    await editor.goTo('0x24');
    await workbench.runCommand('Tilescope: Pin Watch...');
    const box = (text: string) => workbench.page.locator('.quick-input-widget:visible', { hasText: text });
    await workbench.answerInput('(9,9)+0x0', 'What to watch');
    await box('This is no place of this editor').waitFor();
    await workbench.answerInput('(1,2)+0x26');
    await workbench.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'uint16' })
      .first()
      .waitFor();
    // A page that takes the keys does not take the question away.
    await editor.grid.focus();
    await workbench.pick('uint16');
    await workbench.answerInput('soon', 'When to act');
    await box('This is no condition on a uint16 value.').waitFor();
    await workbench.answerInput('!= 17');
    await workbench.pick('Write a line to the log');
    const base = await editor.rowAt('0x20');
    const value = Number.parseInt(`${base[7]}${base[6]}`, 16);
    const pinned = await workbench.waitForRow('(1,2)+0x0026');
    await expect.poll(() => pinned.textContent()).toContain(`= ${value} · != 17 is true · partition is free`);
    // Without a condition nothing is asked after it.
    await workbench.runCommand('Tilescope: Pin Watch...');
    await workbench.answerInput('(1,2)+0x30', 'What to watch');
    await workbench.pick('int32');
    await workbench.answerInput('', 'When to act');
    await workbench.waitForRow('(1,2)+0x0030');
  });

  test('[live-9] [names-5] watches and thumbnails in three themes: pictures, nothing cut off', async () => {
    await workbench.runCommand('Tilescope: Compare with Tile...');
    await workbench.pick('(1,3)');
    await workbench.waitForRow(/differ/);
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`lists-${theme}`);
    }
    expect(await workbench.clippedTexts(), 'texts in the sidebar').toEqual([]);
  });

  test('[hex-9] the docked view in three themes: pictures, nothing cut off, accessibility rules hold', async () => {
    await workbench.runCommand('Tilescope: Dock in Panel');
    const frame = await workbench.webview('vscode-button[data-name=openInEditor]');
    await frame
      .locator('#grid .layer .cell.bytes', { hasText: /[0-9A-F]{2}/ })
      .nth(3)
      .waitFor();
    const nothing = (what: string, look: () => Promise<unknown>) =>
      expect.poll(look, { message: what }).toEqual([]);
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`docked-${theme}`);
      await nothing('texts in the panel', () => workbench.clippedTexts(frame));
      await nothing('panel', () => workbench.accessibilityProblems(frame));
    }
    await workbench.runCommand('Tilescope: Undock');
    await expect.poll(() => frame.isDetached()).toBe(true);
  });

  test('[main-23] a narrow window: nothing cut off', async () => {
    const width = () => editor.frame.evaluate(() => innerWidth);
    const before = await width();
    await workbench.page.setViewportSize({ width: 900, height: 600 });
    await expect.poll(width).toBeLessThan(before);
    await expect.poll(() => workbench.clippedTexts(editor.frame)).toEqual([]);
    await workbench.screenshot('editor-narrow');
  });

  test('[main-17] without boards the view says how to begin', async () => {
    const empty = await startCodeServer({ folder, extensionDevelopmentPath: root });
    const window = await Workbench.open(empty);
    try {
      await window.showView('Tilescope');
      const welcome = window.page.locator('.part.sidebar .welcome-view-content');
      await welcome.locator('.monaco-button', { hasText: 'Try the Simulated Board' }).waitFor();
      await window.screenshot('welcome');
      await expect
        .poll(() => welcome.locator('.monaco-button').allTextContents())
        .toEqual(['Add Board over SSH', 'Use This Machine', 'Try the Simulated Board']);
      await welcome.locator('.monaco-button', { hasText: 'Try the Simulated Board' }).click();
      await window.waitForRow(/Columns 0 to 3/);
    } finally {
      await window.close();
      await empty.stop();
    }
  });
});
