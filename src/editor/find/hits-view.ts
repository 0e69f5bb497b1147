/** The view of what was found: what its rows are asked for is done elsewhere. */
import * as vscode from 'vscode';
import { RowTree } from '../row-tree.ts';
import { type FoundMemory, foundRow, type HitRow } from './hit-rows.ts';

/** Makes the view. `memories`: those in which something was found, that in front first. */
export function hitsView(memories: () => readonly FoundMemory[]): RowTree<HitRow> {
  return new RowTree<HitRow>({
    id: 'tilescope.hits',
    rows: () => memories().map((memory) => foundRow(memory, vscode.l10n)),
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
