/**
 * The main job, step by step as a person does it, with the witness on the board as judge. Used with the extension from
 * its folder and from a package, in the current and in the oldest supported VS Code.
 */
import { expect } from 'vitest';
import { patternBytes, type VirtualBoard, type Witness } from '../board/board.ts';
import type { BoardHome } from './board-home.ts';
import type { Workbench } from './driver.ts';
import { HexEditorPage } from './hex-editor.ts';

/** The virtual board's partition 1: columns 6 to 9, eight rows of core tiles. */
export const PARTITION = { id: 1, firstColumn: 6, lastColumn: 9, lastRow: 8 } as const;
export const PARTITION_ROW = /Columns 6 to 9/;

/** A witness that has taken the partition, turned its tiles on and filled both memories with a pattern. */
export async function preparedWitness(board: VirtualBoard, seed: number): Promise<Witness> {
  const witness = await board.witness();
  await witness.request(PARTITION.id, { keep: true });
  await witness.gate('all', false);
  await witness.fill(seed);
  return witness;
}

/** Adds the board over SSH by the alias of the ssh configuration and confirms its key. */
export async function addBoard(workbench: Workbench, board: VirtualBoard, home: BoardHome): Promise<void> {
  await workbench.showView('Tilescope');
  await workbench.runCommand('Tilescope: Add Board over SSH...');
  await workbench.pick(home.alias);
  await workbench.answerInput('', /User on the board/);
  await workbench.pick('As configured');
  await workbench.pick('Say so');
  await workbench.answerInput(home.alias, /Name of the board/);
  const question = await workbench.modal();
  expect(question.message).toContain('is not known yet');
  expect(question.detail).toMatch(/SHA256:[A-Za-z0-9+/]{43}/);
  expect(await home.knownHosts()).toBe('');
  await workbench.clickModal('Connect');
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
  await workbench.expand(PARTITION_ROW);
  // Tiles of both memories have the same names.
  await workbench.collapse(memory === 'Data memory' ? 'Program memory' : 'Data memory');
  const row = await workbench.waitForRow(memory);
  if (tile === undefined) {
    await workbench.inlineAction(memory, 'Open Tile Memory');
  } else {
    await workbench.expand(memory);
    await (await workbench.waitForRow(tile)).click();
  }
  await row.waitFor();
  const wanted = tile === undefined ? memory : `${memory} · tile ${tile}`;
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
  await witness.request(PARTITION.id, { keep: true });
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
