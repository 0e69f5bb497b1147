/** The Array view as a person uses it: a hang is seen at a glance, a click opens the tile, its details stand below. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { formatTile } from '../../src/model/geometry.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { families } from '../board/families.ts';
import { stageHang } from '../board/hang.ts';
import { Random } from '../conformance/random.ts';
import { DwarfWriter } from '../program/dwarf.ts';
import { makeElf } from '../program/elf.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { type Theme, Workbench } from './driver.ts';
import { addBoard, PARTITION_ROW } from './main-job.ts';

/** A build whose cores run `fir`, for the first two columns of a partition, with its source. */
async function writeBuild(folder: string): Promise<void> {
  const files = ['src/fir.cc'];
  const source = [
    'void fir(input *in) {',
    '  for (;;) {',
    '    step();',
    '    if (full)',
    '      acquire(in);',
    '  }',
    '}',
  ];
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'fir.cc'), `${source.join('\n')}\n`);
  const range = { low: 0x200, high: 0xa00 };
  const rows = [
    { address: 0x200, file: 0, line: 3, column: 5 },
    { address: 0x3c0, file: 0, line: 5, column: 7 },
  ];
  const unit = {
    version: 5,
    folder,
    files,
    functions: [{ name: 'fir', linkageName: 'fir', ranges: [range], file: 0, line: 1, inlined: [] }],
    globals: [],
    sequences: [{ rows, end: range.high }],
  };
  const elf = makeElf({ flags: 1, sections: new DwarfWriter(new Random(1)).write([unit]) });
  const cores = [
    'Work/aie/0_0',
    'Work/aie/0_1',
    'Work/aie/1_0',
    'Work/aie/1_1',
    'Work/aie/1_2',
    'Old/aie/0_0',
  ];
  for (const core of cores) {
    const release = join(folder, core, 'Release');
    await mkdir(release, { recursive: true });
    await writeFile(join(release, basename(core)), elf);
  }
}

describe('[attach-11] the Array view', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let array: Frame;

  const cell = (tile: string) => array.locator(`.grid .cell[aria-label*="${tile}:"]`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-array-'));
    await writeBuild(folder);
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host, { width: 1280, height: 1000 });
    await workbench.showView('Tilescope');
    await workbench.waitForRow('Simulated board');
    await workbench.openSection('Array');
    array = await workbench.webview('.problem vscode-button');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('[attach-11] offers to connect, then shows who waits for whom: sentence, frame, arrows', async () => {
    await array.locator('.problem vscode-button', { hasText: 'Connect' }).click();
    await expect
      .poll(() => array.locator('.hang-list .sentence').allTextContents())
      .toEqual(["Tiles (7,2) and (7,3) wait for each other's locks."]);
    await expect.poll(() => array.locator('.arrow.hangs').count()).toBe(2);
    await expect.poll(() => array.locator('.cell.hangs').count()).toBe(2);
    await expect.poll(() => array.locator('.choice option').count()).toBe(3);
  });

  test('[attach-11] a click opens the data memory of the tile', async () => {
    await cell('Tile (7,2)').click();
    await workbench.webview('h1.title:has-text("Data memory · tile (7,2)")');
  });

  test('[attach-10] the details view says what the core waits for and where it stands', async () => {
    await workbench.openSection('Tile');
    const core = await workbench.waitForRow(/^Core/);
    await expect.poll(() => core.textContent()).toContain('waits for a lock in the north');
    await workbench.waitForRow('Program counter');
    // Rows out of sight do not exist.
    await workbench.collapse(/^Core/);
    await workbench.waitForRow('Descriptors');
    await cell('Tile (8,6)').hover();
    await array.locator('.tooltip', { hasText: 'Tile (8,6): done' }).waitFor();
  });

  test.each(['light', 'dark', 'high-contrast'] as const)(
    '[attach-11] %s: a picture, nothing cut off, accessibility rules hold',
    async (theme: Theme) => {
      await workbench.setTheme(theme);
      await workbench.page.mouse.move(700, 400);
      await workbench.screenshot(`array-view-${theme}`);
      await expect
        .poll(() => workbench.clippedTexts(array), { message: 'texts in the Array view' })
        .toEqual([]);
      await expect.poll(() => workbench.accessibilityProblems(array), { message: 'Array view' }).toEqual([]);
    },
  );

  test('[debug-1] a debug session lists the cores with state and line; a sample shows source and state, a step is refused', async () => {
    await workbench.setTheme('light');
    await workbench.runCommand('Tilescope: Debug Cores');
    await workbench.pick('Columns 6 to 9');
    await workbench.pick('Work');
    const { page } = workbench;
    const thread = page.locator('.debug-call-stack .monaco-list-row', {
      hasText: '(7,2) lock north · fir:5',
    });
    await thread.waitFor();
    await thread.hover();
    await thread.locator('.codicon-debug-pause').click();
    await page.locator('.debug-call-stack .monaco-list-row', { hasText: 'Sample' }).waitFor();
    await page.locator('.view-line', { hasText: 'acquire(in);' }).waitFor();
    const shown = page.locator('.debug-variables .monaco-list-row', { hasText: 'State' });
    await expect.poll(() => shown.textContent()).toContain('waits for a lock in the north');
    await page.keyboard.press('F10');
    await workbench.waitForNotification('The core is not stopped: this is a sample.');
    await workbench.screenshot('debug-sample');
    await page.keyboard.press('Shift+F5');
    await thread.waitFor({ state: 'detached' });
  });
});

describe('[attach-11] a graph that hangs on the virtual board', () => {
  const family = families['aperture40/aieml'];
  let board: VirtualBoard;
  let home: BoardHome;
  let witness: Witness;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    board = await startBoard({ module: family.module });
    witness = await board.witness();
    await witness.request(family.partition.id, { keep: true });
    await board.control('ungate all');
    home = await makeBoardHome(board);
    host = await startCodeServer({
      folder: home.path,
      extensionDevelopmentPath: root,
      env: { HOME: home.path },
    });
    workbench = await Workbench.open(host, { width: 1280, height: 1000 });
  });

  afterEach(() => board.assertClean());

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await board?.stop();
    await home?.remove();
  });

  test('[attach-11] staged by the witness, it is seen over SSH: sentence, frame and arrows at the tiles', async () => {
    const { south, north } = await stageHang(board, {
      generation: family.generation,
      col: family.partition.startCol,
      row: family.shape.core.start,
    });
    await addBoard(workbench, board, home);
    await workbench.openSection('Array');
    const array = await workbench.webview('.hang-list .sentence');
    await expect
      .poll(() => array.locator('.hang-list .sentence').allTextContents())
      .toEqual([
        `Tiles ${formatTile(south.tile)} and ${formatTile(north.tile)} wait for each other's locks.`,
      ]);
    const hanging = () =>
      array.locator('.cell.hangs').evaluateAll((cells) => cells.map((cell) => cell.ariaLabel?.split(':')[0]));
    await expect.poll(hanging).toEqual([`Tile ${formatTile(north.tile)}`, `Tile ${formatTile(south.tile)}`]);
    await expect.poll(() => array.locator('.arrow.hangs').count()).toBe(2);
    // The driver's text calls the two channels that wait running: only a second look at these tiles tells.
    await expect
      .poll(() => array.locator('.legend-line', { hasText: 'waiting' }).allTextContents())
      .toEqual(['waiting: 4']);
    await workbench.screenshot('array-view-low');
    // Closed, the other section leaves its height to this one.
    await workbench.openSection('Boards', false);
    await array.locator('.hang-list .text-button').first().waitFor();
    await workbench.screenshot('array-view-hang');
    // Beside the application, over SSH: the same in the debug view.
    await workbench.runCommand('Tilescope: Debug Cores');
    const threads = workbench.page.locator('.debug-call-stack .monaco-list-row');
    const { startCol, numCols } = family.partition;
    const row = workbench.page.locator('.quick-input-list .monaco-list-row', {
      hasText: `Columns ${startCol} to ${startCol + numCols - 1}`,
    });
    await row.or(threads).first().waitFor();
    if (await row.isVisible()) await row.click();
    await threads.filter({ hasText: `${formatTile(south.tile)} lock` }).waitFor();
    await workbench.page.keyboard.press('Shift+F5');
  });

  test('[live-3] where the application writes is seen over SSH, in the Array view and beside the tile, and cools when it stops', async () => {
    const tile = { col: family.partition.startCol, row: family.shape.core.start + 2 };
    await witness.run({ column: tile.col, row: tile.row, offset: 0x1000, length: 0xc000, rate: 4 });
    await workbench.showView('Tilescope');
    await workbench.openSection('Boards');
    await workbench.openSection('Array');
    await workbench.scrollToTop();
    await workbench.expand(PARTITION_ROW);
    await workbench.expand('Data memory');
    const row = await workbench.scrollToRow(formatTile(tile));
    await expect.poll(() => row.textContent()).toContain('most of it changes');
    const array = await workbench.webview('.grid .cell.warm-4');
    const warm = () =>
      array.locator('.grid .cell.warm').evaluateAll((cells) => cells.map((one) => one.ariaLabel ?? ''));
    await expect.poll(warm).toHaveLength(1);
    expect((await warm())[0]).toMatch(
      new RegExp(`^Tile .${tile.col},${tile.row}.*Memory: most of it changes`),
    );
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await array.locator('.heat', { hasText: 'something small may change unseen' }).waitFor();
      await workbench.screenshot(`heat-${theme}`);
    }
    expect(await witness.stop()).toBeGreaterThan(0);
    await expect.poll(warm).toEqual([]);
    await expect.poll(() => row.textContent()).not.toContain('changes');
  });
});
