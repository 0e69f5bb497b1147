/** The main job end to end: real VS Code, real SSH, a real kernel; the extension from its folder. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import { addBoard, lookWhileStaged, openMemory, PARTITION, pattern, preparedWitness } from './main-job.ts';

const SEED = 7;

describe('[main-23] the main job, extension from its folder', () => {
  let board: VirtualBoard;
  let home: BoardHome;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    board = await startBoard();
    home = await makeBoardHome(board);
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
    await board?.stop();
    await home?.remove();
  });

  test('[main-23] add the board over SSH, confirm its key, browse', async () => {
    await addBoard(workbench, board, home);
    const rows = await workbench.rowTexts();
    expect(rows.some((row) => /Columns 6 to 9.*free/.test(row))).toBe(true);
  });

  test('[main-23] data memory: shown as the witness wrote it; typed bytes stay here until Apply; then exactly those are on the board', async () => {
    const editor = await openMemory(workbench, 'Data memory', '(7,3)');
    await editor.waitForRow('0x100', pattern('data', 7, 3, 0x100, 16, SEED));

    await editor.typeAt('0x104', 'deadbeef');
    await editor.waitForStaged(4);
    const untouched = await lookWhileStaged(workbench, editor, witness, () =>
      witness.read('data', 7, 3, 0, 0x8000),
    );
    expect(untouched.toString('hex')).toBe(pattern('data', 7, 3, 0, 0x8000, SEED));

    await editor.apply();
    await witness.request(PARTITION.id, { keep: true });
    const written = await witness.read('data', 7, 3, 0, 0x8000);
    const expected = Buffer.from(pattern('data', 7, 3, 0, 0x8000, SEED), 'hex');
    expected.write('deadbeef', 0x104, 'hex');
    expect(written.equals(expected)).toBe(true);
    for (const [column, row] of [
      [7, 2],
      [7, 4],
      [6, 3],
      [8, 3],
    ] as const) {
      const neighbour = await witness.read('data', column, row, 0, 0x8000);
      expect(
        neighbour.toString('hex') === pattern('data', column, row, 0, 0x8000, SEED),
        `(${column},${row})`,
      ).toBe(true);
    }
    await witness.release();
  });

  test('[main-23] program memory of a stopped core: the same', async () => {
    const editor = await openMemory(workbench, 'Program memory', '(8,5)');
    await editor.waitForRow('0x40', pattern('program', 8, 5, 0x40, 16, SEED));
    await editor.typeAt('0x42', '0102');
    await editor.waitForStaged(2);
    await editor.apply();
    await witness.request(PARTITION.id, { keep: true });
    const written = await witness.read('program', 8, 5, 0, 0x4000);
    const expected = Buffer.from(pattern('program', 8, 5, 0, 0x4000, SEED), 'hex');
    expected.write('0102', 0x42, 'hex');
    expect(written.equals(expected)).toBe(true);
    await witness.release();
  });

  test('[main-23] the last tile of a whole-partition view: the same', async () => {
    const editor = await openMemory(workbench, 'Data memory', undefined);
    const { lastColumn, lastRow } = PARTITION;
    await editor.waitForRow(
      `(${lastColumn},${lastRow})+0x7ff0`,
      pattern('data', lastColumn, lastRow, 0x7ff0, 16, SEED),
    );
    await editor.typeAt(`(${lastColumn},${lastRow})+0x7fff`, '5a');
    await editor.waitForStaged(1);
    await editor.apply();
    await witness.request(PARTITION.id, { keep: true });
    const written = await witness.read('data', lastColumn, lastRow, 0, 0x8000);
    const expected = Buffer.from(pattern('data', lastColumn, lastRow, 0, 0x8000, SEED), 'hex');
    expected[0x7fff] = 0x5a;
    expect(written.equals(expected)).toBe(true);
    await witness.release();
    await board.assertClean();
  });
});
