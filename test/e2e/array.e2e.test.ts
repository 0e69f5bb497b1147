/** The Array view as a person uses it: a hang is seen at a glance, a click opens the tile, its details stand below. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { formatTile } from '../../src/model/geometry.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { families } from '../board/families.ts';
import { stageHang } from '../board/hang.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { type Theme, Workbench } from './driver.ts';
import { addBoard } from './main-job.ts';

/** Rules about whole pages, which a view inside VS Code's window is not. */
const NOT_A_PAGE = [
  'region',
  'page-has-heading-one',
  'landmark-one-main',
  'bypass',
  'html-has-lang',
  'document-title',
];

describe('[attach-11] the Array view', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let array: Frame;

  const cell = (tile: string) => array.locator(`.grid .cell[aria-label*="${tile}:"]`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-array-'));
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
    await array.locator('.hang-list .sentence').waitFor();
    expect(await array.locator('.hang-list .sentence').textContent()).toBe(
      "Tiles (7,2) and (7,3) wait for each other's locks.",
    );
    expect(await array.locator('.arrow.hangs').count()).toBe(2);
    expect(await array.locator('.cell.hangs').count()).toBe(2);
    expect(await array.locator('.choice option').count()).toBe(3);
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
      expect(await workbench.clippedTexts(array), 'texts in the Array view').toEqual([]);
      expect(await workbench.accessibilityProblems(array, NOT_A_PAGE), 'Array view').toEqual([]);
    },
  );
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
    expect(await array.locator('.hang-list .sentence').textContent()).toBe(
      `Tiles ${formatTile(south.tile)} and ${formatTile(north.tile)} wait for each other's locks.`,
    );
    expect(
      await array
        .locator('.cell.hangs')
        .evaluateAll((cells) => cells.map((cell) => cell.ariaLabel?.split(':')[0])),
    ).toEqual([`Tile ${formatTile(north.tile)}`, `Tile ${formatTile(south.tile)}`]);
    expect(await array.locator('.arrow.hangs').count()).toBe(2);
    // The driver's text calls the two channels that wait running: only a second look at these tiles tells.
    expect(await array.locator('.legend-line', { hasText: 'waiting' }).textContent()).toBe('waiting: 4');
    await workbench.screenshot('array-view-low');
    // Closed, the other section leaves its height to this one.
    await workbench.openSection('Boards', false);
    await array.locator('.hang-list .text-button').first().waitFor();
    await workbench.screenshot('array-view-hang');
  });
});
