/**
 * The connection to the board is cut in the middle of everything: it is said in words, staged edits stay, it comes back,
 * and the board holds nothing that nobody applied. The proxy cuts at a byte, so that the middle is the middle.
 */
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness, WitnessError } from '../board/board.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import {
  confirmKey,
  enterBoard,
  expectOnBoard,
  lookWhileStaged,
  openMemory,
  PARTITION,
  PARTITION_ROW,
  pattern,
  preparedWitness,
  type TileEdit,
  take,
} from './main-job.ts';

const SEED = 55;
const PATIENT = { timeout: 60_000, interval: 50 };
const LOST = /connection to .* was lost/;
/** Bytes into the helper's upload, which is some hundred KiB; before it comes less than a tenth of this. */
const IN_THE_UPLOAD = 100_000;
/** Bytes into what a server says first: behind its name, before its keys. */
const IN_THE_HANDSHAKE = 300;

describe('[main-23] the connection is cut', () => {
  let board: VirtualBoard;
  let proxy: LinkProxy;
  let home: BoardHome;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    board = await startBoard();
    proxy = await startProxy({ targetPort: board.port });
    home = await makeBoardHome(board, proxy.port);
    witness = await preparedWitness(board, SEED);
    await witness.release();
    host = await startCodeServer({
      folder: home.path,
      extensionDevelopmentPath: root,
      env: { HOME: home.path },
    });
    workbench = await Workbench.open(host);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await proxy?.close();
    await board?.stop();
    await home?.remove();
  });

  afterEach(async ({ task }) => {
    // A test that failed may have left the witness with the partition, a link that is cut, and staged edits.
    await witness.release().catch((error: unknown) => {
      if (!(error instanceof WitnessError) || error.code !== 'NOTHELD') throw error;
    });
    await board.assertClean();
    // Messages would cover the buttons of the next test's page.
    await workbench.runCommand('Notifications: Clear All Notifications');
    if (task.result?.state === 'fail') {
      proxy.mend();
      proxy.blackHole(false);
      await workbench.discardEditors();
    }
  });

  function pictureOnFailure(name: string): void {
    onTestFailed(() => workbench.screenshot(`link-failed-${name}`).then(() => undefined));
  }

  /** The helper programs on the board. */
  async function helpers(): Promise<string[]> {
    const { stdout } = await board.exec("find / -xdev -name 'tilescope-agent-*' -type f");
    return stdout.toString().split('\n').filter(Boolean);
  }

  /** Opens a tile of data memory and checks what it shows first. */
  async function openTile(column: number, row: number): Promise<HexEditorPage> {
    const editor = await openMemory(workbench, 'Data memory', `(${column},${row})`);
    await editor.waitForRow('0x0', pattern('data', column, row, 0, 16, SEED));
    return editor;
  }

  /** The banner says that the board is offline, in words, and so many bytes are still staged. */
  async function offline(editor: HexEditorPage, staged: number): Promise<void> {
    await editor.frame.locator('.banner .text', { hasText: 'Offline.' }).waitFor({ timeout: 60_000 });
    expect(await editor.stagedCount()).toBe(staged);
  }

  /** The page is connected again, by itself or because a person did not want to wait. */
  async function online(editor: HexEditorPage, by: 'itself' | 'hand'): Promise<void> {
    if (by === 'hand') await editor.connectUntil(() => editor.isOnline());
    else await expect.poll(() => editor.isOnline(), { timeout: 90_000, interval: 50 }).toBe(true);
  }

  /** Nothing but the pattern is on the board; then the edit is applied, and exactly its bytes are there. */
  async function applied(editor: HexEditorPage, edit: TileEdit): Promise<void> {
    await lookWhileStaged(workbench, editor, witness, () => expectOnBoard(witness, SEED, edit, []));
    await editor.apply();
    await take(witness);
    await expectOnBoard(witness, SEED, edit, [edit]);
    await witness.release();
    await workbench.waitForRow(/Columns 6 to 9.*free/);
  }

  test('[main-23] while connecting, in the handshake and in the upload: an error in words each time; Retry connects', async () => {
    pictureOnFailure('first');
    const handshake = proxy.cutAfter('toClient', IN_THE_HANDSHAKE);
    await enterBoard(workbench, home);
    await handshake;
    await workbench.waitForNotification(LOST);
    await workbench.screenshot('link-cut-in-handshake');
    expect(await home.knownHosts()).toBe('');
    await workbench.clickNotification(LOST, 'Retry');

    const upload = proxy.cutAfter('toTarget', IN_THE_UPLOAD);
    await confirmKey(workbench, home);
    await upload;
    await workbench.waitForNotification(LOST);
    await workbench.screenshot('link-cut-in-upload');
    expect(await helpers()).toEqual([]);
    await workbench.clickNotification(LOST, 'Retry');
    await workbench.waitForRow(PARTITION_ROW);
    expect(await helpers()).toHaveLength(1);
  });

  test.each([
    ['before the host answers', 0, 'reaching the host'],
    ['in the upload', IN_THE_UPLOAD, String.raw`copying the helper to the board \d+ %`],
  ] as const)(
    '[main-15] while connecting, %s, the link falls silent: the message names the step, Cancel ends it without an error, and it connects once the link is back',
    async (_when, bytes, step) => {
      pictureOnFailure(`cancel-${bytes}`);
      const notConnected = new RegExp(`${home.alias}.*not connected`);
      await workbench.runCommand('Tilescope: Disconnect');
      await workbench.waitForRow(notConnected);
      await board.exec("find / -xdev -name 'tilescope-agent-*' -type f -exec rm {} +");
      const silent = proxy.blackHoleAfter('toTarget', bytes);
      await workbench.runCommand('Tilescope: Connect');
      await silent;
      await workbench.waitForNotification(new RegExp(`Connecting to ${home.alias}: ${step}`));
      await workbench.screenshot(`link-cancel-${bytes}`);
      await workbench.clickNotification('Connecting to', 'Cancel');
      await workbench.waitForRow(notConnected);
      await expect.poll(() => workbench.notifications(), PATIENT).toEqual([]);

      proxy.cut();
      proxy.blackHole(false);
      await workbench.runCommand('Tilescope: Connect');
      await workbench.waitForRow(PARTITION_ROW);
      expect(await helpers()).toHaveLength(1);
      await expect.poll(() => workbench.notifications(), PATIENT).toEqual([]);
    },
  );

  test('[main-23] [main-22] while connecting again, in the handshake: staged edits stay, and the next attempt succeeds by itself', async () => {
    pictureOnFailure('handshake');
    const edit = { memory: 'data', column: 7, row: 1, offset: 0x8, hex: 'ab' } as const;
    const editor = await openTile(7, 1);
    await editor.typeAt('0x8', edit.hex);
    await editor.waitForStaged(1);
    proxy.cut();
    await proxy.cutAfter('toClient', IN_THE_HANDSHAKE);
    await offline(editor, 1);
    await online(editor, 'itself');
    await editor.rebase();
    await applied(editor, edit);
  });

  test('[main-23] [main-22] while nothing happens, and for a while: an offline banner, typing goes on, Apply writes it all afterwards', async () => {
    pictureOnFailure('idle');
    const edit = { memory: 'data', column: 7, row: 3, offset: 0x8, hex: 'abcd' } as const;
    const editor = await openTile(7, 3);
    await editor.typeAt('0x8', 'ab');
    await editor.waitForStaged(1);
    proxy.cut(true);
    await offline(editor, 1);
    await workbench.screenshot('offline');
    await editor.typeAt('0x9', 'cd');
    await editor.waitForStaged(2);
    proxy.mend();
    // The helper is a new one and cannot know what happened meanwhile: the person looks and re-bases.
    await online(editor, 'itself');
    await editor.rebase();
    await editor.refresh();
    await expect.poll(() => editor.banner(), PATIENT).toBeUndefined();
    expect(await editor.stagedCount()).toBe(2);
    await applied(editor, edit);
  });

  test('[main-23] [main-22] while connecting again, in the upload: an error in words, staged edits stay, no half helper is run', async () => {
    pictureOnFailure('upload');
    const edit = { memory: 'data', column: 7, row: 5, offset: 0x20, hex: '1122' } as const;
    const editor = await openTile(7, 5);
    await editor.typeAt('0x20', edit.hex);
    await editor.waitForStaged(2);
    const [helper = ''] = await helpers();
    // As after a reboot: the board has forgotten the helper.
    await board.exec(`rm -f '${helper}'`);
    proxy.cut();
    let isCut = false;
    const upload = proxy.cutAfter('toTarget', IN_THE_UPLOAD).then(() => {
      isCut = true;
    });
    await offline(editor, 2);
    await editor.connectUntil(() => isCut);
    await upload;
    await workbench.waitForNotification(LOST);
    await offline(editor, 2);
    await workbench.clickNotification(LOST, 'Retry');
    await online(editor, 'itself');
    expect(await helpers()).toEqual([helper]);
    await editor.rebase();
    await applied(editor, edit);
  });

  test('[main-23] [main-22] in the middle of a read of the whole-partition view: what was not read is not shown; then it is', async () => {
    pictureOnFailure('read');
    const { lastColumn: column, lastRow: row } = PARTITION;
    const edit = { memory: 'data', column: 6, row: 8, offset: 0x4, hex: '99' } as const;
    const editor = await openMemory(workbench, 'Data memory', undefined);
    await editor.waitForRow('(6,8)+0x0', pattern('data', 6, 8, 0, 16, SEED));
    await editor.typeAt('(6,8)+0x4', edit.hex);
    await editor.waitForStaged(1);
    const read = proxy.cutAfter('toClient', 200);
    await editor.goTo(`(${column},${row})+0x4000`);
    await read;
    await offline(editor, 1);
    // Nothing yet, or by now what is there: never a guess.
    const shown = (await editor.rowAt(`(${column},${row})+0x4000`)).join('').toLowerCase();
    const right = pattern('data', column, row, 0x4000, 16, SEED);
    expect(['', right]).toContain(shown.replaceAll(/[^0-9a-f]/g, ''));
    await workbench.screenshot('link-cut-in-read');
    await online(editor, 'hand');
    await editor.waitForRow(`(${column},${row})+0x4000`, right);
    await editor.rebase();
    expect(await editor.stagedCount()).toBe(1);
    await applied(editor, edit);
  });

  test.each([
    ['while the request is sent', 'toTarget', 40, 2],
    ['before the answer arrives', 'toClient', 0, 4],
  ] as const)(
    '[main-23] [main-22] during Apply, %s: each byte is the old or the applied one, no other changed, reading again decides',
    async (_when, direction, bytes, row) => {
      pictureOnFailure(`apply-${direction}`);
      const [memory, column] = ['data', 8] as const;
      // The complement of what is there, so that every byte tells.
      const edits = [0x10, 0x7f00].map((offset): TileEdit => {
        const old = Buffer.from(pattern(memory, column, row, offset, 8, SEED), 'hex');
        return { memory, column, row, offset, hex: Buffer.from(old.map((b) => b ^ 0xff)).toString('hex') };
      });
      const editor = await openTile(column, row);
      for (const { offset, hex } of edits) {
        const place = `0x${offset.toString(16)}`;
        await editor.waitForRow(place, pattern(memory, column, row, offset, 16, SEED));
        await editor.typeAt(place, hex);
      }
      await editor.waitForStaged(16);

      const cut = proxy.cutAfter(direction, bytes);
      await editor.button('apply').click();
      await cut;
      await offline(editor, 16);
      await workbench.screenshot(`link-cut-in-apply-${direction}`);
      await online(editor, 'hand');

      await take(witness);
      const found = await witness.read(memory, column, row, 0, 0x8000);
      const single = edits.flatMap(({ offset, hex }) =>
        (hex.match(/../g) ?? []).map(
          (digits, i): TileEdit => ({ memory, column, row, offset: offset + i, hex: digits }),
        ),
      );
      const there = single.filter(({ offset, hex }) => found[offset] === Number.parseInt(hex, 16));
      await expectOnBoard(witness, SEED, { memory, column, row }, there);
      await witness.release();
      await workbench.waitForRow(/Columns 6 to 9.*free/);
      if (direction === 'toTarget') expect(there).toEqual([]);

      const rebase = editor.button('rebase');
      await expect
        .poll(async () => {
          if (await rebase.isVisible()) await rebase.click({ timeout: 5_000 }).catch(() => undefined);
          return editor.stagedCount();
        }, PATIENT)
        .toBe(single.length - there.length);
      await rebase.waitFor({ state: 'detached' });
      await workbench.runCommand('Notifications: Clear All Notifications');
      if (there.length < single.length) await editor.apply();
      await take(witness);
      await expectOnBoard(witness, SEED, { memory, column, row }, edits);
      await witness.release();
      await workbench.waitForRow(/Columns 6 to 9.*free/);
    },
  );
});
