/**
 * The main job, step by step as a person does it, with the witness on the board as judge. The same steps for the
 * extension from its folder and from a package, in the current and in the oldest supported VS Code.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { patternBytes, type VirtualBoard, type Witness, WitnessError } from '../board/board.ts';
import type { WitnessHandles } from '../board/witness.ts';
import type { BoardHome } from './board-home.ts';
import type { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';

/** The virtual board's partition 1: columns 6 to 9, eight rows of core tiles. */
export const PARTITION = { id: 1, firstColumn: 6, lastColumn: 9, lastRow: 8 } as const;
export const PARTITION_ROW = /Columns 6 to 9/;

/**
 * Takes the partition for a witness that is the test's judge. Tilescope may read it at that moment, which refuses a tenth
 * of the starts at most ([truth-21] counts them): then the witness asks again.
 */
export async function take(witness: Witness): Promise<WitnessHandles> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await witness.request(PARTITION.id, { keep: true });
    } catch (error) {
      if (attempt === 20 || !(error instanceof WitnessError) || error.code !== 'EBUSY') throw error;
      await delay(50);
    }
  }
}

/** A witness that has taken the partition, turned its tiles on and filled both memories with a pattern. */
export async function preparedWitness(board: VirtualBoard, seed: number): Promise<Witness> {
  const witness = await board.witness();
  await take(witness);
  await witness.gate('all', false);
  await witness.fill(seed);
  return witness;
}

/** Adds the board over SSH by the alias of the ssh configuration; it is being connected when this returns. */
export async function enterBoard(workbench: Workbench, home: BoardHome): Promise<void> {
  await workbench.showView('Tilescope');
  await workbench.runCommand('Tilescope: Add Board over SSH...');
  await workbench.pick(home.alias);
}

/** Waits for the question about the board's key, and says yes. */
export async function confirmKey(workbench: Workbench, home: BoardHome): Promise<void> {
  const question = await workbench.modal();
  expect(question.message).toContain('is not known yet');
  expect(question.detail).toMatch(/SHA256:[A-Za-z0-9+/]{43}/);
  expect(await home.knownHosts()).toBe('');
  await workbench.clickModal('Connect');
}

/** Adds the board over SSH, confirms its key and waits for its partitions. */
export async function addBoard(workbench: Workbench, board: VirtualBoard, home: BoardHome): Promise<void> {
  await enterBoard(workbench, home);
  await confirmKey(workbench, home);
  await workbench.waitForRow(PARTITION_ROW);
  const [type = '', key = ''] = board.knownHostsLine().split(' ').slice(1);
  expect(await home.knownHosts()).toContain(`${type} ${key}`);
}

/**
 * Opens one tile of a memory type, or with `undefined` the whole partition's memory, and waits until the bytes of a row
 * look like `shown`.
 */
export async function openMemory(
  workbench: Workbench,
  memory: 'Data memory' | 'Program memory',
  tile: string | undefined,
  shown = /[0-9A-F]{2}/,
): Promise<HexEditorPage> {
  await workbench.scrollToTop();
  await workbench.expand(PARTITION_ROW);
  // Tiles of both memories have the same names.
  await workbench.collapse(memory === 'Data memory' ? 'Program memory' : 'Data memory');
  await workbench.waitForRow(memory);
  if (tile === undefined) {
    await workbench.inlineAction(memory, 'Open Tile Memory');
  } else {
    await workbench.expand(memory);
    await workbench.clickRow(tile);
  }
  const wanted = `${memory} · ${tile === undefined ? 'columns' : `tile ${tile}`}`;
  const frame = await workbench.webview(`h1.title:has-text("${wanted}")`);
  const editor = new HexEditorPage(workbench.page, frame);
  await frame.locator('#grid .layer .cell.bytes', { hasText: shown }).first().waitFor();
  return editor;
}

/**
 * Looks at the board as the witness, which takes the partition for it, while edits are staged. The memory has changed
 * hands, so the staged edits have to be re-based before they can be applied; that is done as a person does it.
 */
export async function lookWhileStaged<T>(
  workbench: Workbench,
  editor: HexEditorPage,
  witness: Witness,
  look: () => Promise<T>,
): Promise<T> {
  const staged = await editor.stagedCount();
  await take(witness);
  await workbench.waitForRow(/Columns 6 to 9.*in use/);
  const seen = await look();
  await witness.release();
  await workbench.waitForRow(/Columns 6 to 9.*free/);
  await editor.button('rebase').click();
  await editor.button('rebase').waitFor({ state: 'detached' });
  await editor.waitForStaged(staged);
  return seen;
}

/** Bytes of the witness's pattern as hex digits. */
export function pattern(
  memory: 'data' | 'program',
  column: number,
  row: number,
  offset: number,
  length: number,
  seed: number,
): string {
  return Buffer.from(patternBytes(memory, column, row, offset, length, seed)).toString('hex');
}

/** Bytes of one tile that are to become others. */
export interface TileEdit {
  readonly memory: 'data' | 'program';
  readonly column: number;
  readonly row: number;
  /** Tile offset, bytes. */
  readonly offset: number;
  /** The new bytes as hex digits. */
  readonly hex: string;
}

const TILE_BYTES = { data: 0x8000, program: 0x4000 } as const;

/**
 * Compares a tile of a partition that the witness holds, its other memory, and its neighbours on all sides with the
 * witness's pattern; only the edits may lie over it. One of the neighbours is the tile before it in buffer order.
 */
export async function expectOnBoard(
  witness: Witness,
  seed: number,
  { memory, column, row }: Pick<TileEdit, 'memory' | 'column' | 'row'>,
  edits: readonly TileEdit[],
): Promise<void> {
  const around = [
    [column, row],
    [column, row - 1],
    [column, row + 1],
    [column - 1, row],
    [column + 1, row],
  ] as const;
  const { firstColumn, lastColumn, lastRow } = PARTITION;
  const places = around
    .filter(([c, r]) => c >= firstColumn && c <= lastColumn && r >= 1 && r <= lastRow)
    .map(([c, r]) => ({ memory, column: c, row: r }));
  for (const place of [...places, { memory: memory === 'data' ? 'program' : 'data', column, row } as const]) {
    const length = TILE_BYTES[place.memory];
    const wanted = Buffer.from(patternBytes(place.memory, place.column, place.row, 0, length, seed));
    for (const edit of edits) {
      const here = edit.memory === place.memory && edit.column === place.column && edit.row === place.row;
      if (here) wanted.write(edit.hex, edit.offset, 'hex');
    }
    const found = await witness.read(place.memory, place.column, place.row, 0, length);
    const different = [...found.keys()].filter((at) => found[at] !== wanted[at]);
    expect(different, `${place.memory} memory of (${place.column},${place.row}): tile offsets`).toEqual([]);
  }
}

/**
 * The heart of the main job: an open editor shows what the witness wrote; typed bytes stay here until Apply; then
 * exactly those are on the board. `view` says whether places are written with the tile (a view of many) or without.
 */
export async function editAndApply(
  workbench: Workbench,
  editor: HexEditorPage,
  witness: Witness,
  seed: number,
  edit: TileEdit,
  view: 'tile' | 'partition',
): Promise<void> {
  const place = (offset: number): string =>
    `${view === 'partition' ? `(${edit.column},${edit.row})+` : ''}0x${offset.toString(16)}`;
  const line = edit.offset - (edit.offset % 16);
  await editor.waitForRow(place(line), pattern(edit.memory, edit.column, edit.row, line, 16, seed));
  await editor.typeAt(place(edit.offset), edit.hex);
  await editor.waitForStaged(edit.hex.length / 2);
  await lookWhileStaged(workbench, editor, witness, () => expectOnBoard(witness, seed, edit, []));
  await editor.apply();
  await take(witness);
  await expectOnBoard(witness, seed, edit, [edit]);
  await witness.release();
  await workbench.waitForRow(/Columns 6 to 9.*free/);
}
