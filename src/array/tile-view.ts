/** The details view: one tile as a tree. */

import * as vscode from 'vscode';
import type { Localiser } from '../model/localiser.ts';
import { plainRow, sayInformation, setViewTexts } from '../say/say.ts';
import type { ArrayServices } from './array-model.ts';
import { tileName } from './sentences.ts';
import { type DetailItem, detailItems, detailText, nameItems, stackItem } from './tile-items.ts';
import type { TileModel } from './tile-model.ts';

/** The view's id in the manifest. */
const tileViewId = 'tilescope.tile';
/** Run by rows; not in the palette. */
export const openPlaceCommand = 'tilescope.openPlace';

export class TileView implements vscode.TreeDataProvider<DetailItem>, vscode.Disposable {
  readonly #model: TileModel;
  readonly #services: ArrayServices;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<DetailItem>;
  readonly #subscriptions: vscode.Disposable[] = [];

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(model: TileModel, services: ArrayServices) {
    this.#model = model;
    this.#services = services;
    this.#view = vscode.window.createTreeView<DetailItem>(tileViewId, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#model.visible = this.#view.visible;
    this.#setTitle();
    this.#subscriptions.push(
      this.#changed,
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#model.visible = visible;
      }),
      model.onDidChange(() => {
        this.#setTitle();
        this.#changed.fire();
      }),
    );
  }

  getTreeItem(item: DetailItem): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const shown = new vscode.TreeItem(
      item.label,
      item.children.length === 0 ? None : item.open === true ? Expanded : Collapsed,
    );
    shown.id = item.key;
    shown.description = item.description;
    const lines = [item.description === '' ? item.label : `${item.label}: ${item.description}`];
    shown.tooltip = [...lines, ...item.tooltip.filter((line) => line !== '')].join('\n');
    if (item.icon !== undefined) shown.iconPath = new vscode.ThemeIcon(item.icon);
    if (item.opens !== undefined) {
      const title = this.#services.l10n.t('Open');
      shown.command = { command: openPlaceCommand, title, arguments: [item.opens] };
    }
    shown.contextValue = 'detail';
    return plainRow(shown);
  }

  /** Nothing without a tile: then the view's message stands there. */
  getChildren(item?: DetailItem): DetailItem[] {
    return item === undefined ? this.#items() : [...item.children];
  }

  #items(): DetailItem[] {
    const { known, offline } = this.#model;
    if (known === undefined) return [];
    const { l10n, errorText, clock, tileNames, names } = this.#services;
    const { board, tile } = known.place;
    const [status] = known.report?.tiles ?? [];
    const items: DetailItem[] = [];
    const say = (key: string, label: string, icon: string) =>
      items.push({ key, label, description: '', tooltip: [], icon, children: [] });
    for (const [i, name] of tileNames(board, tile).entries()) {
      say(`name${i}`, name, 'symbol-method');
    }
    items.push(...nameItems((memory) => names(board, memory, tile), l10n));
    const stack = this.#model.stack;
    if (stack !== undefined) items.push(stackItem(stack, l10n, clock));
    if (offline !== undefined) say('offline', errorText(offline), 'debug-disconnect');
    else if (known.error !== undefined) say('error', errorText(known.error), 'warning');
    else if (status === undefined) say('reading', l10n.t('Reading...'), 'loading~spin');
    if (status === undefined || known.report === undefined) return items;
    const source =
      status.source === 'sysfs' ? l10n.t("from the driver's own report") : l10n.t('from registers');
    items.push(...detailItems(status, l10n), {
      key: 'read',
      label: l10n.t('Read at {0}', clock(known.report.at)),
      description: status.reason === undefined ? source : '',
      tooltip: [],
      icon: 'history',
      children: [],
    });
    return items;
  }

  /** Opens the memory of the shown tile at a place. */
  async open({ memory, range, tile }: NonNullable<DetailItem['opens']>): Promise<void> {
    const place = this.#model.known?.place;
    if (place === undefined) return;
    try {
      await this.#services.openPlace({ ...place, memory, tile: tile ?? place.tile }, range);
    } catch (error) {
      this.#services.note(error);
    }
  }

  /** Copies an item with all below it; without one, everything. */
  async copy(item?: DetailItem): Promise<void> {
    const items = item === undefined ? this.#items() : [item];
    if (items.length === 0) {
      sayInformation(noTile(this.#services.l10n));
      return;
    }
    const lines = items.map((one) => detailText(one));
    const name = this.#view.description ?? '';
    if (item === undefined && name !== '') lines.unshift(name);
    await vscode.env.clipboard.writeText(lines.join('\n'));
  }

  dispose(): void {
    this.#view.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  /**
   * Title and message. A message, not a welcome text of the manifest: Theia (1.74, plugin-view-registry.ts) never asks a
   * view for its items that shows a welcome text when it is opened.
   */
  #setTitle(): void {
    const { known, kind, boardLabel } = this.#model;
    const { l10n } = this.#services;
    if (known === undefined) setViewTexts(this.#view, '', noTile(l10n));
    else
      setViewTexts(this.#view, l10n.t('{0} of {1}', tileName(known.place.tile, kind, l10n), boardLabel), '');
  }
}

function noTile(l10n: Localiser): string {
  return l10n.t(
    'No tile has been chosen yet. Choose one in the Array view, or put the caret into tile memory.',
  );
}
