/** The view of what was found: what its rows are asked for is done elsewhere. */
import * as vscode from 'vscode';
import { RowTree } from '../row-tree.ts';
import { boardRow, type FoundMemory, type FoundOnBoard, foundRow, type HitRow } from './hit-rows.ts';

/**
 * Makes the view.
 * @param memories those in which tabs found something, that in front first
 * @param board what was found in all memories of a board
 */
export function hitsView(
  memories: () => readonly FoundMemory[],
  board: () => FoundOnBoard | undefined,
): RowTree<HitRow> {
  return new RowTree<HitRow>({
    id: 'tilescope.hits',
    rows: () => {
      const found = board();
      const rows = memories().map((memory) => foundRow(memory, vscode.l10n));
      return found === undefined ? rows : [boardRow(found, vscode.l10n), ...rows];
    },
    finish: (item, row) => {
      item.contextValue = row.kind;
      if (row.isPlace !== true) return;
      item.command = {
        command: 'tilescope.showHit',
        title: vscode.l10n.t('Show in the Editor'),
        arguments: [row],
      };
    },
  });
}
