/**
 * Runs inside the window of `npm start`, as a small extension of its own: brings Tilescope to the front, connects the
 * boards, and opens a memory of a graph that runs, where it is seen to move. It uses the extension's own pieces, which this
 * window's environment asks for, and is part of no package.
 */
import * as vscode from 'vscode';
import type { TreeNode } from '../src/explorer/nodes.ts';
import type { ExportsWithParts, TilescopeParts } from '../src/extension.ts';
import type { ColumnRange, Tile } from '../src/model/geometry.ts';
import type { PartitionKey } from '../src/model/partition-key.ts';

/** What to open of a board: the data memory of a tile that somebody uses, and where in it something moves. */
export interface StartPlace {
  /** The board's name in the sidebar. */
  readonly label: string;
  readonly tile: Tile;
  /** Tile offset, bytes. */
  readonly offset: number;
}

/** How long an editor may take to open, milliseconds. */
const patience = 60_000;

export async function activate(): Promise<void> {
  const places = JSON.parse(process.env['TILESCOPE_START_OPEN'] ?? '[]') as readonly StartPlace[];
  await vscode.commands.executeCommand('tilescope.array.focus');
  await vscode.commands.executeCommand('tilescope.boards.focus');
  const extension = vscode.extensions.getExtension<ExportsWithParts | undefined>('tilescope.tilescope');
  const api = (await extension?.activate())?.parts;
  if (api === undefined) throw new Error('Tilescope did not start.');
  for (const entry of api.boards.entries) await api.boardCommands.connect(entry);
  for (const place of places) await open(api, place);
}

async function open(api: TilescopeParts, place: StartPlace): Promise<void> {
  const entry = api.boards.entries.find(({ config }) => config.label === place.label);
  const used = entry?.link.partitions.find(({ inUse, columns }) => inUse && has(columns, place.tile));
  const row = entry && used && (await rowOf(api, entry.id, used.key, place.tile));
  if (row === undefined) return;
  await api.tree.view.reveal(row, { select: true, focus: false });
  const { command } = api.tree.getTreeItem(row);
  if (command === undefined) return;
  await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
  await vscode.commands.executeCommand('workbench.action.keepEditor');
  await showMoving(api, place);
}

function has({ startCol, numCols }: ColumnRange, { col }: Tile): boolean {
  return col >= startCol && col < startCol + numCols;
}

/** The row of the tile's data memory in the sidebar, if it has one. */
async function rowOf(
  api: TilescopeParts,
  board: string,
  key: PartitionKey,
  tile: Tile,
): Promise<TreeNode | undefined> {
  const partition = `${board}/${key}`;
  const memory = `memory:${partition}/data`;
  const last = `tile:${memory}/${tile.col}_${tile.row}`;
  const way = [`board:${board}`, `partition:${partition}`, memory, `column:${memory}/${tile.col}`, last];
  let row: TreeNode | undefined;
  do {
    row = (await api.tree.getChildren(row)).find(({ key }) => way.includes(key));
  } while (row !== undefined && row.key !== last);
  return row;
}

/** Moves the editor in front to the bytes that move, once its page says where it stands. */
async function showMoving(api: TilescopeParts, { tile, offset }: StartPlace): Promise<void> {
  const isThere = (): boolean => {
    const panel = api.editor.activePanel;
    const shown = panel?.document.resource.tile;
    return shown?.col === tile.col && shown.row === tile.row && panel?.visible !== undefined;
  };
  const end = Date.now() + patience;
  while (!isThere() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  const panel = api.editor.activePanel;
  const start = panel?.document.shown?.range.offset;
  if (start !== undefined && isThere()) panel?.reveal(start + offset, 1);
}
