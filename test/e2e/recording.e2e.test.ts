/**
 * A person records what an application changes, goes back in time, exports it, and finds it again after the link was gone for longer
 * than anybody waits, and in a window that was loaded anew. The witness on the board says what was written.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { addBoard, openMemory, preparedWitness } from './main-job.ts';

const tile = { column: 6, row: 2 };
/** Longer than any side waits for a sign of the other before it counts as silent, ms. */
const longSilence = 20_000;

describe('a recording', () => {
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
    witness = await preparedWitness(board, 7);
    await write('00');
    host = await startCodeServer({
      folder: home.path,
      extensionDevelopmentPath: root,
      env: { HOME: home.path },
    });
    workbench = await Workbench.open(host);
    await addBoard(workbench, board, home);
    editor = await openMemory(workbench, 'Data memory', `(${tile.column},${tile.row})`);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await proxy?.close();
    await board?.stop();
    await home?.remove();
  });

  function pictureOnFailure(name: string): void {
    onTestFailed(() => workbench.screenshot(`recording-failed-${name}`).then(() => undefined));
  }

  /** The application writes the first byte of the tile. */
  async function write(hex: string): Promise<void> {
    await witness.write('data', tile.column, tile.row, 0, Buffer.from(`${hex}000000`, 'hex'));
  }

  /** So many changes have come. */
  async function changes(count: number): Promise<void> {
    const about = new RegExp(`\\b${count} changed words?\\b`);
    await editor.frame.locator('.timeline .about', { hasText: about }).waitFor({ timeout: 90_000 });
  }

  /** The application writes a value, and the page hears of it. */
  async function changed(hex: string, count: number): Promise<void> {
    await write(hex);
    await changes(count);
  }

  /** The first byte as the page shows it, whose first row is on screen. */
  async function shows(hex: string): Promise<void> {
    const first = async () =>
      (await editor.rows())
        .find(({ heading }) => !heading)
        ?.bytes.trim()
        .slice(0, 2);
    await expect.poll(first, { timeout: 60_000 }).toBe(hex);
  }

  /** Presses a button of the timeline. */
  async function press(name: string): Promise<void> {
    await editor.frame.locator(`.timeline [data-name=${name}]`).click();
  }

  const past = () => editor.frame.locator('.banner.past');

  test('[live-6] goes from change to change, scrubs and plays; the past is marked, takes no edits, and says what it does not cover', async () => {
    pictureOnFailure('past');
    await workbench.runCommand('Tilescope: Record Changes...');
    await workbench.pick('The rows on screen');
    await editor.frame.locator('.timeline .about', { hasText: /a look every \d+ ms/ }).waitFor();
    for (const [i, hex] of ['11', '22', '33'].entries()) await changed(hex, i + 1);
    await editor.refresh();
    await shows('33');

    await press('previous-moment');
    await past().waitFor();
    await shows('33');
    await press('previous-moment');
    await shows('22');
    expect(await past().textContent()).toMatch(/As it was at .* s\)/);
    expect(await editor.frame.locator('.middle.past').count()).toBe(1);
    await workbench.screenshot('recording-past');
    await editor.typeAt('0x0', 'ff');
    expect(await editor.stagedCount()).toBe(0);
    await shows('22');
    const { x, y } = await editor.pointOf('0000', 0);
    await workbench.page.mouse.move(x, y);
    await editor.frame.locator('.hover', { hasText: 'changed, was 11' }).waitFor();
    await workbench.page.mouse.move(0, 0);
    expect((await editor.rowAt('0x4000'))[0]).toBe('––');
    expect(await editor.details()).toContain('not recorded');
    await editor.goTo('0x0');

    await editor.frame.locator('.timeline [data-name=moment]').press('ArrowLeft');
    await shows('11');
    await press('next-moment');
    await shows('22');
    const track = await editor.frame.locator('.timeline [data-name=moment]').boundingBox();
    if (track === null) throw new Error('The track cannot be seen.');
    await workbench.page.mouse.click(track.x + 8, track.y + track.height / 2);
    await shows('00');
    await press('play');
    await shows('33');
    await editor.frame.locator('.timeline [data-name=play][aria-pressed=false]').waitFor();
    await press('now');
    await past().waitFor({ state: 'hidden' });
    expect((await editor.rowAt('0x4000'))[0]).toMatch(/^[0-9A-F]{2}$/);
    await editor.goTo('0x0');
  });

  test('[live-6] is exported where a person says', async () => {
    pictureOnFailure('export');
    const file = join(home.path, 'recording.csv');
    await workbench.runCommand('Tilescope: Export Recording...');
    const asked = workbench.page.locator('.quick-input-widget:visible', { hasText: 'Export Recording' });
    await expect.poll(() => workbench.quickInput().inputValue(), { timeout: 60_000 }).toBe(file);
    await expect
      .poll(async () => {
        await workbench.page.keyboard.press('Enter');
        return asked.count();
      })
      .toBe(0);
    const lines = async (): Promise<string[]> =>
      (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
    await expect.poll(lines, { timeout: 60_000 }).toHaveLength(4);
    expect((await lines()).slice(1).map((line) => line.split(',').slice(-2))).toEqual([
      ['0x00000000', '0x00000011'],
      ['0x00000011', '0x00000022'],
      ['0x00000022', '0x00000033'],
    ]);
  });

  test('[live-6] has all that changed while the link was gone, for longer than anybody waits', async () => {
    pictureOnFailure('link');
    proxy.blackHole(true);
    const until = Date.now() + longSilence;
    await write('44');
    await editor.frame
      .locator('.timeline .about', { hasText: 'the link is gone' })
      .waitFor({ timeout: 90_000 });
    await write('55');
    await delay(Math.max(0, until - Date.now()));
    proxy.blackHole(false);
    proxy.cut();
    await changes(5);
    await press('here');
    await shows('55');
    await press('here');
    await shows('44');
    await press('now');
  });

  test('[live-12] is found again by a window that was loaded anew', async () => {
    pictureOnFailure('reload');
    await workbench.reload();
    await write('66');
    const wanted = `Data memory · tile (${tile.column},${tile.row})`;
    const frame = await workbench.webview(`h1.title:has-text("${wanted}")`, 90_000);
    editor = new HexEditorPage(workbench.page, frame);
    await editor.connectUntil(() => editor.isOnline());
    await changes(6);
    await press('previous-moment');
    await past().waitFor();
    await press('previous-moment');
    await shows('55');
    await workbench.screenshot('recording-found-again');
    await press('now');
    await editor.frame.locator('.timeline [data-name=endRecording]').click();
    await editor.frame.locator('.timeline .about', { hasText: 'ended' }).waitFor();
  });
});
