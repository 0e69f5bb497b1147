/** A view of rows beside the editor: what its rows are about, and what they are asked for, is known by those who make them. */
import * as vscode from 'vscode';
import { Soon } from '../model/later.ts';
import { plainRow } from '../say/say.ts';
import { type KeptRow, KeptRows } from './kept-rows.ts';
import { refreshPeriod } from './list-limits.ts';

/** What every row has. */
export interface TreeRow<Row> extends KeptRow<Row> {
  readonly label: string;
  readonly description: string;
  readonly icon?: string;
  readonly open?: boolean;
}

/** What tells a view of rows from others. */
interface RowTreeParts<Row> {
  /** The view's id in the manifest. */
  readonly id: string;
  /** The rows at the top, as they are now. */
  readonly rows: () => readonly Row[];
  /** What a row has besides: its menu, its command, another icon. */
  readonly finish: (item: vscode.TreeItem, row: Row) => void;
}

/** A tree that shows what became different soon, while a person can see it. */
export class RowTree<Row extends TreeRow<Row>> implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #parts: RowTreeParts<Row>;
  readonly #changed = new vscode.EventEmitter<Row[] | undefined>();
  readonly #view: vscode.TreeView<Row>;
  readonly #becameVisible: vscode.Disposable;
  readonly #drawing = new Soon(() => this.#draw());
  // What a click does has the row itself, and is of no other look.
  readonly #kept = new KeptRows<Row>((row) =>
    JSON.stringify({ ...this.getTreeItem(row), command: undefined }),
  );

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(parts: RowTreeParts<Row>) {
    this.#parts = parts;
    this.#view = vscode.window.createTreeView<Row>(parts.id, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#becameVisible = this.#view.onDidChangeVisibility(() => this.changed());
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const state = row.below === undefined ? None : row.open === true ? Expanded : Collapsed;
    const item = new vscode.TreeItem(row.label, state);
    item.id = row.key;
    item.description = row.description;
    item.tooltip = [row.label, row.description].join('\n');
    if (row.icon !== undefined) item.iconPath = new vscode.ThemeIcon(row.icon);
    this.#parts.finish(item, row);
    return plainRow(item);
  }

  getChildren(row?: Row): Row[] {
    return this.#kept.given(row === undefined ? this.#parts.rows() : (row.below?.() ?? []), row);
  }

  /** Shows what became different, soon; a view that is hidden is brought up to date when it is shown. */
  changed(): void {
    if (this.#view.visible) this.#drawing.ask(refreshPeriod);
  }

  #draw(): void {
    const changes = this.#kept.changes(this.#parts.rows());
    if (changes === 'all') this.#changed.fire(undefined);
    else if (changes.length > 0) this.#changed.fire([...changes]);
  }

  /** Brings the view to the front. With `preserveFocus` the keys stay where they are. */
  async show(options?: { readonly preserveFocus: boolean }): Promise<void> {
    this.#draw();
    await vscode.commands.executeCommand(`${this.#parts.id}.focus`, options);
  }

  dispose(): void {
    this.#drawing.cancel();
    this.#becameVisible.dispose();
    this.#view.dispose();
    this.#changed.dispose();
  }
}
