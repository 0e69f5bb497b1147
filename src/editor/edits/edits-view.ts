/** The view of what is staged and what was written: what its rows are asked for is done elsewhere. */
import * as vscode from 'vscode';
import { plainRow } from '../../say/say.ts';
import { refreshPeriod } from '../list-limits.ts';
import { type EditedMemory, type EditRow, memoryRow } from './edit-rows.ts';

/** The view's id in the manifest. */
const editsViewId = 'tilescope.edits';

export class EditsView implements vscode.TreeDataProvider<EditRow>, vscode.Disposable {
  readonly #memories: () => readonly EditedMemory[];
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<EditRow>;
  readonly #becameVisible: vscode.Disposable;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  /** @param memories those with staged or written bytes, that in front first */
  constructor(memories: () => readonly EditedMemory[]) {
    this.#memories = memories;
    this.#view = vscode.window.createTreeView<EditRow>(editsViewId, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#becameVisible = this.#view.onDidChangeVisibility(() => this.changed());
  }

  getTreeItem(row: EditRow): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const state = row.below === undefined ? None : row.open === true ? Expanded : Collapsed;
    const item = new vscode.TreeItem(row.label, state);
    item.id = row.key;
    item.description = row.description;
    item.tooltip = [row.label, row.description].join('\n');
    if (row.icon !== undefined) item.iconPath = new vscode.ThemeIcon(row.icon);
    item.contextValue = row.kind;
    if (row.isPlace === true) {
      item.command = {
        command: 'tilescope.showEdit',
        title: vscode.l10n.t('Show in the Editor'),
        arguments: [row],
      };
    }
    return plainRow(item);
  }

  getChildren(row?: EditRow): EditRow[] {
    if (row !== undefined) return [...(row.below?.() ?? [])];
    const clock = (at: number) => new Date(at).toLocaleTimeString(vscode.env.language);
    return this.#memories().map((memory) => memoryRow(memory, { l10n: vscode.l10n, clock }));
  }

  /** Shows what became different, soon; a view that nobody sees is brought up to date when it is shown. */
  changed(): void {
    if (!this.#view.visible) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#changed.fire();
    }, refreshPeriod);
  }

  /** Brings the view to the front. */
  async show(): Promise<void> {
    this.#changed.fire();
    await vscode.commands.executeCommand(`${editsViewId}.focus`);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#becameVisible.dispose();
    this.#view.dispose();
    this.#changed.dispose();
  }
}
