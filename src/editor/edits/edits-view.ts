/** The view of what is staged and what was written: what its rows are asked for is done elsewhere. */
import * as vscode from 'vscode';
import { RowTree } from '../row-tree.ts';
import { type EditedMemory, type EditRow, memoryRow } from './edit-rows.ts';

/** Makes the view. `memories`: those with staged or written bytes, that in front first. */
export function editsView(memories: () => readonly EditedMemory[]): RowTree<EditRow> {
  const clock = (at: number) => new Date(at).toLocaleTimeString(vscode.env.language);
  return new RowTree<EditRow>({
    id: 'tilescope.edits',
    rows: () => memories().map((memory) => memoryRow(memory, { l10n: vscode.l10n, clock })),
    finish: (item, row) => {
      item.contextValue = row.kind;
      if (row.isPlace !== true) return;
      item.command = {
        command: 'tilescope.showEdit',
        title: vscode.l10n.t('Show in the Editor'),
        arguments: [row],
      };
    },
  });
}
