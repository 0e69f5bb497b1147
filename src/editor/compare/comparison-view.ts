/** The view of comparisons: what differs, where, and what the differences have in common. */
import * as vscode from 'vscode';
import { plainRow } from '../../say/say.ts';
import { refreshPeriod } from '../list-limits.ts';
import { type ComparedMemory, type ComparisonRow, comparisonRow } from './comparison-rows.ts';
import { type Thumbnail, thumbnailSvg } from './thumbnail.ts';

/** The view's id in the manifest. */
const comparisonViewId = 'tilescope.comparison';

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

export class ComparisonView implements vscode.TreeDataProvider<ComparisonRow>, vscode.Disposable {
  readonly #memories: () => readonly ComparedMemory[];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<ComparisonRow>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  /** @param memories what is compared now, the newest first */
  constructor(memories: () => readonly ComparedMemory[]) {
    this.#memories = memories;
    this.#view = vscode.window.createTreeView<ComparisonRow>(comparisonViewId, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  getTreeItem(row: ComparisonRow): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(
      row.label,
      row.below === undefined ? None : row.open === true ? Expanded : Collapsed,
    );
    item.id = row.key;
    item.description = row.description;
    item.tooltip = [row.isRoot === true ? row.of.title : row.label, row.description].join('\n');
    if (row.thumbnail !== undefined) item.iconPath = pictureOf(row.thumbnail());
    else if (row.icon !== undefined) item.iconPath = new vscode.ThemeIcon(row.icon);
    item.contextValue = row.isRoot === true ? 'comparison' : 'mismatch';
    if (row.place !== undefined) {
      const command = {
        command: 'tilescope.showMismatch',
        title: vscode.l10n.t('Show in the Editor'),
        arguments: [row],
      };
      item.command = command;
    }
    return plainRow(item);
  }

  getChildren(row?: ComparisonRow): ComparisonRow[] {
    if (row === undefined) return this.#memories().map((memory) => comparisonRow(memory, vscode.l10n));
    return [...(row.below?.() ?? [])];
  }

  /** Shows what became different, soon. */
  changed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire();
    }, refreshPeriod);
  }

  /** Brings the view to the front; the keys stay where they are. */
  async show(): Promise<void> {
    this.#changed.fire();
    await vscode.commands.executeCommand(`${comparisonViewId}.focus`, { preserveFocus: true });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#view.dispose();
    this.#changed.dispose();
  }
}
