/**
 * The main job end to end: real VS Code, real SSH, a real kernel. The same with the extension from its folder and with
 * the package as a user installs it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type HostRequest, type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { packageFor } from '../../scripts/package.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { type BoardHome, makeBoardHome } from './board-home.ts';
import { Workbench } from './driver.ts';
import { addBoard, editAndApply, openMemory, PARTITION, pattern, preparedWitness } from './main-job.ts';

/** Where the extension comes from, given a folder for the package. */
type Source = (folder: string) => Promise<Pick<HostRequest, 'extensionDevelopmentPath' | 'vsix'>>;

const fromFolder: Source = async () => ({ extensionDevelopmentPath: root });
const installed: Source = async (folder) => ({ vsix: await packageFor('linux-x64', folder) });

let board: VirtualBoard;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilescope-main-job-'));
  board = await startBoard();
});

afterAll(async () => {
  await board?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['from its folder', fromFolder, 7],
  ['installed from a package', installed, 21],
] as const)('[main-23] the main job, extension %s', (_name, source, seed) => {
  let home: BoardHome;
  let host: RunningHost;
  let workbench: Workbench;
  let witness: Witness;

  beforeAll(async () => {
    home = await makeBoardHome(board);
    witness = await preparedWitness(board, seed);
    await witness.release();
    host = await startCodeServer({ ...(await source(folder)), folder: home.path, env: { HOME: home.path } });
    workbench = await Workbench.open(host);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await witness?.exit();
    await home?.remove();
  });

  afterEach(() => board.assertClean());

  function pictureOnFailure(name: string): void {
    onTestFailed(() => workbench.screenshot(`main-job-failed-${seed}-${name}`).then(() => undefined));
  }

  test('[main-23] add the board over SSH, confirm its key, browse', async () => {
    pictureOnFailure('add');
    await addBoard(workbench, board, home);
    await workbench.waitForRow(/Columns 6 to 9.*free/);
  });

  test('[main-23] data memory: shown as the witness wrote it; typed bytes stay here until Apply; then exactly those are on the board', async () => {
    pictureOnFailure('data');
    const editor = await openMemory(workbench, 'Data memory', '(7,3)');
    const edit = { memory: 'data', column: 7, row: 3, offset: 0x104, hex: 'deadbeef' } as const;
    await editAndApply(workbench, editor, witness, seed, edit, 'tile');
  });

  test('[truth-19] Ctrl+A and Ctrl+C copy every byte of a tile as it is on the board, though few were on screen', async () => {
    pictureOnFailure('copy');
    const editor = await openMemory(workbench, 'Data memory', '(7,4)');
    const copied = (await editor.copyAll()).replace(/\s/g, '').toLowerCase();
    expect(copied === pattern('data', 7, 4, 0, 0x8000, seed), copied.slice(0, 200)).toBe(true);
  });

  test('[main-23] program memory of a stopped core: the same', async () => {
    pictureOnFailure('program');
    const editor = await openMemory(workbench, 'Program memory', '(8,5)');
    const edit = { memory: 'program', column: 8, row: 5, offset: 0x42, hex: '0102' } as const;
    await editAndApply(workbench, editor, witness, seed, edit, 'tile');
  });

  test('[main-23] the last tile of a whole-partition view: the same', async () => {
    pictureOnFailure('last');
    const editor = await openMemory(workbench, 'Data memory', undefined);
    const { lastColumn: column, lastRow: row } = PARTITION;
    const edit = { memory: 'data', column, row, offset: 0x7ffe, hex: '5aa5' } as const;
    await editAndApply(workbench, editor, witness, seed, edit, 'partition');
  });
});
