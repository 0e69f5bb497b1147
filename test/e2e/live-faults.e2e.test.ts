/**
 * Ten boards in the sidebar, two of them live side by side in one window: a virtual board behind a link that is bad, and a simulated
 * one. The window is loaded anew while it watches, the link is cut, and the owner starts anew: both go on by themselves,
 * with what was staged and pinned.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { patternWord, startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { boardInSidebar } from './board-home.ts';
import { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';
import { openMemory, PARTITION, PARTITION_ROW, pattern } from './main-job.ts';

const SEED = 2 ** 30;
const BOARD = 'Virtual board';
const SIMULATED = 'Simulated board';
const TILE = { col: 8, row: 4 } as const;
/** Headings of the two editors. */
const FAR = `Data memory · tile (${TILE.col},${TILE.row})`;
const NEAR = 'Data memory · tile (6,1)';
/** Where the application changes words (`Witness.run`), and where it does not. */
const MOVING = 0x1000;
const STILL = 0x1050;

describe('ten boards, two of them live', () => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    board = await startBoard();
    proxy = await startProxy({ targetPort: board.port, oneWayMs: 50, rate: 1_000_000 });
    folder = await mkdtemp(join(tmpdir(), 'tilescope-live-'));
    witness = await application();
    const { TILESCOPE_START_BOARDS } = await boardInSidebar(board, folder, BOARD, proxy.port);
    const others = Array.from({ length: 8 }, (_, i) =>
      i < 4
        ? { kind: 'simulated', label: `Idle ${i + 1}` }
        : { kind: 'ssh', label: `Idle ${i + 1}`, host: '127.0.0.1', port: 1, user: 'root' },
    );
    const boards = [
      ...JSON.parse(TILESCOPE_START_BOARDS),
      { kind: 'simulated', label: SIMULATED },
      ...others,
    ];
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify(boards) },
      settings: { 'tilescope.liveRate': 10 },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await proxy?.close();
    await board?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** An application takes the partition, fills it, and changes words of every tile. */
  async function application(): Promise<Witness> {
    const started = await board.witness();
    await started.request(PARTITION.id, { clocks: true });
    await started.fill(SEED, 'data');
    await started.run({ rate: 5 });
    return started;
  }

  async function editorOf(selector: string): Promise<HexEditorPage> {
    return new HexEditorPage(workbench.page, await workbench.webview(`h1.title:has-text("${selector}")`));
  }

  const bytesShown = async (editor: HexEditorPage): Promise<string> =>
    (await editor.rows()).map(({ bytes }) => bytes).join('\n');

  /** The bytes on screen become others by themselves, again and again. */
  async function moves(editor: HexEditorPage): Promise<void> {
    let before = await bytesShown(editor);
    for (let time = 0; time < 3; time++) {
      await expect.poll(() => bytesShown(editor), { timeout: 120_000 }).not.toBe(before);
      before = await bytesShown(editor);
    }
  }

  /** The step of the application that the page shows; undefined while it shows none. */
  async function stepShown(editor: HexEditorPage): Promise<number | undefined> {
    const first = patternWord('data', TILE.col, TILE.row, MOVING);
    for (const { bytes } of await editor.rows()) {
      const digits = bytes.replaceAll(/\s/g, '');
      if (!/^[0-9A-F]{8}/i.test(digits)) continue;
      const word = Buffer.from(digits.slice(0, 8), 'hex').readUInt32LE();
      const step = (word - first) >>> 0;
      if (step > 0 && step < 2 ** 20) return step;
    }
    return undefined;
  }

  /** The page shows a step that the application takes after now. */
  async function follows(editor: HexEditorPage): Promise<void> {
    const { steps } = await witness.status();
    await expect.poll(async () => ((await stepShown(editor)) ?? 0) > steps, { timeout: 120_000 }).toBe(true);
  }

  /** Clicks into the page until keys go to it. */
  async function inFront(editor: HexEditorPage, tab: string): Promise<void> {
    const active = workbench.page.locator('.editor-group-container.active .tab.active', { hasText: tab });
    const isInFront = async (): Promise<boolean> => {
      await editor.grid.click({ position: { x: 5, y: 5 } });
      return (await active.count()) === 1;
    };
    await expect.poll(isInFront).toBe(true);
  }

  /** Opens the tile of the simulated board beside the other one. */
  async function beside(): Promise<HexEditorPage> {
    await workbench.showView('Tilescope');
    await workbench.collapse(BOARD);
    await workbench.expand(SIMULATED);
    await openMemory(workbench, 'Data memory', '(6,1)');
    await workbench.runCommand('View: Move Editor into Right Group');
    return editorOf(NEAR);
  }

  /**
   * The same in a window that was loaded anew: VS Code forgets what became of tabs in the last seconds where the browser had not
   * stored it yet.
   */
  async function besideAgain(): Promise<HexEditorPage> {
    const tab = (text: string) => workbench.page.locator('.tab', { hasText: text });
    await tab('data 8_4').waitFor();
    if (!(await tab('data 6_1').isVisible())) return beside();
    if ((await workbench.page.locator('.editor-group-container').count()) === 1) {
      await tab('data 6_1').click();
      await workbench.runCommand('View: Move Editor into Right Group');
    }
    return editorOf(NEAR);
  }

  const watchRow = new RegExp(String.raw`\(${TILE.col},${TILE.row}\)\+0x1000.*= \d+`);
  const watched = async (): Promise<string> =>
    (await (await workbench.waitForRow(watchRow)).textContent()) ?? '';

  test('[live-12] a reload while watching, a cut and another owner: each time both go on by themselves, with the staged edit and the watch', async () => {
    onTestFailed(() => workbench.screenshot('live-faults-failed').then(() => undefined));
    await workbench.waitForRow('Idle 8');
    const rows = await workbench.rowTexts();
    expect(rows.filter((row) => /^(Virtual board|Simulated board|Idle \d)/.test(row))).toHaveLength(10);
    await workbench.expand(BOARD);
    await workbench.waitForRow(PARTITION_ROW);
    let far = await openMemory(workbench, 'Data memory', `(${TILE.col},${TILE.row})`);
    await far.frame.locator('[data-name=unlock]').click();
    await workbench.clickModal('Unlock Editing');
    await far.frame.locator('.chip.policy', { hasText: 'Staged beside witness' }).waitFor();
    await far.typeAt(`0x${STILL.toString(16)}`, 'c0ffee');
    await far.waitForStaged(3);
    await workbench.runCommand('Tilescope: Pin Watch...');
    const place = `0x${MOVING.toString(16)}`;
    await workbench.answerInput(place, 'What to watch');
    await workbench.pick('uint32');
    await workbench.answerInput('', 'When to act');
    await watched();

    let near = await beside();
    far = await editorOf(FAR);
    /** Both show words that change. A window that was loaded anew may begin elsewhere. */
    const toMoving = async () => {
      await inFront(near, 'data 6_1');
      await near.goTo(place);
      await inFront(far, 'data 8_4');
      await far.goTo(place);
    };
    await toMoving();
    await follows(far);
    await workbench.screenshot('live-faults-two');
    await moves(near);
    await workbench.reload();
    near = await besideAgain();
    far = await editorOf(FAR);
    await far.waitForStaged(3);
    await toMoving();
    await follows(far);
    await moves(near);

    proxy.cut(true);
    await far.frame.locator('.banner .text', { hasText: 'Offline.' }).waitFor({ timeout: 60_000 });
    expect(await far.stagedCount()).toBe(3);
    await workbench.screenshot('live-faults-cut');
    await moves(near);
    proxy.mend();
    await follows(far);
    expect(await far.stagedCount()).toBe(3);

    await witness.exit();
    // It asks once: nobody may be in its way.
    witness = await application();
    await follows(far);
    expect(await far.stagedCount()).toBe(3);
    await moves(near);
    await workbench.showView('Tilescope');
    const value = await watched();
    await expect.poll(watched, { timeout: 120_000 }).not.toBe(value);
    await workbench.screenshot('live-faults-after');

    // Nobody applied: the application's memory is as it was.
    const still = await witness.read('data', TILE.col, TILE.row, STILL, 4);
    expect(still.toString('hex')).toBe(pattern('data', TILE.col, TILE.row, STILL, 4, SEED));
    await board.assertClean();
  });
});
