/** The view of comparisons: what differs, where, and what the differences have in common. */
import * as vscode from 'vscode';
import { RowTree } from '../row-tree.ts';
import { type ComparedMemory, type ComparisonRow, comparisonRow } from './comparison-rows.ts';
import { type Thumbnail, thumbnailSvg } from './thumbnail.ts';

/** On light and on dark grounds. */
const pictureColours = {
  light: { differs: '#a1260d', border: '#767676' },
  dark: { differs: '#ff9d8a', border: '#b0b0b0' },
};

function pictureOf(thumbnail: Thumbnail): { readonly light: vscode.Uri; readonly dark: vscode.Uri } {
  const as = (ground: keyof typeof pictureColours): vscode.Uri => {
    const picture = Buffer.from(thumbnailSvg(thumbnail, pictureColours[ground])).toString('base64');
    return vscode.Uri.parse(`data:image/svg+xml;base64,${picture}`);
  };
  return { light: as('light'), dark: as('dark') };
}

/** Makes the view. `memories`: what is compared now, the newest first. */
export function comparisonView(memories: () => readonly ComparedMemory[]): RowTree<ComparisonRow> {
  return new RowTree<ComparisonRow>({
    id: 'tilescope.comparison',
    rows: () => memories().map((memory) => comparisonRow(memory, vscode.l10n)),
    finish: (item, row) => {
      if (row.isRoot === true) item.tooltip = [row.of.title, row.description].join('\n');
      if (row.thumbnail !== undefined) item.iconPath = pictureOf(row.thumbnail());
      item.contextValue = row.isRoot === true ? 'comparison' : 'mismatch';
      if (row.place === undefined) return;
      item.command = {
        command: 'tilescope.showMismatch',
        title: vscode.l10n.t('Show in the Editor'),
        arguments: [row],
      };
    },
  });
}
