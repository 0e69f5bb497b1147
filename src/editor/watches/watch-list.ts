/** The list of watches in the sidebar: asks for new ones, shows their values, does what they ask for. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { actionNames } from '../../model/action-names.ts';
import type { AddressSpace } from '../../model/addresses.ts';
import { cellFormat } from '../../model/cells/cell-format.ts';
import type { CellChoice } from '../../model/cells/choices.ts';
import { formatTile, locate, tileStart } from '../../model/geometry.ts';
import { after, Soon } from '../../model/later.ts';
import { hexNumber } from '../../model/numbers.ts';
import { nameText } from '../../model/program/name-texts.ts';
import { type MemoryResource, resourcePath, scheme } from '../../model/resource.ts';
import { fitting } from '../../model/shapes.ts';
import { parseCondition } from '../../model/watch-condition.ts';
import { askText, pickFrom, plainRow, sayInformation, sayWarning } from '../../say/say.ts';
import type { SessionReference } from '../../session/pool.ts';
import type { LoadedFiles } from '../compare/loaded.ts';
import type { TileDocument } from '../document.ts';
import { parsePlaces } from '../go-to.ts';
import { refreshPeriod } from '../list-limits.ts';
import { namedPlaces } from '../named-places.ts';
import type { HexPanel } from '../panel.ts';
import { type HexEditorProvider, viewType } from '../provider.ts';
import { sentenceOf } from '../sentences.ts';
import { type KeptFolder, keptShape, keptTileName, removeOldTiles, usualKept } from './kept-tiles.ts';
import { sparklineSvg } from './sparkline-svg.ts';
import { Watches, type WatchHistory, type WatchHit, type WatchNow } from './watch-model.ts';
import { actionText, historyText, hitText, rowText, valueText } from './watch-sentences.ts';
import { type KeptWatch, mostWatches, type WatchStore, watchActions } from './watch-store.ts';

/** The view's id in the manifest. */
const watchViewId = 'tilescope.watches';
/** The types that are offered, behind that of the editor. */
const offered = [
  'int32',
  'uint32',
  'hex32',
  'float32',
  'bfloat16',
  'int16',
  'uint16',
  'int8',
  'uint8',
] as const;

/** What the list needs beside the editor. */
export interface WatchListServices {
  readonly store: WatchStore;
  /** Where snapshots of watches go. */
  readonly folder: vscode.Uri;
  readonly files: { load(): Promise<LoadedFiles> };
  /** The session of a memory; undefined when its board is not in the sidebar. */
  acquire(resource: MemoryResource): SessionReference | undefined;
  /** The files of the snapshots that the sidebar shows. */
  openSnapshots(): readonly string[];
  /** Fires when boards, partitions or connections may be others. */
  readonly onDidChangeBoards: (listener: () => void) => vscode.Disposable;
  /** Tells that there are watches, or none. */
  told(): void;
}

export class WatchList implements vscode.TreeDataProvider<WatchNow>, vscode.Disposable {
  readonly #provider: HexEditorProvider;
  readonly #services: WatchListServices;
  readonly #watches: Watches;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #view: vscode.TreeView<WatchNow>;
  readonly #subscriptions: { dispose(): void }[];
  readonly #drawing = new Soon(() => this.#changed.fire());

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(provider: HexEditorProvider, services: WatchListServices) {
    this.#provider = provider;
    this.#services = services;
    this.#watches = new Watches({
      acquire: (resource) => services.acquire(resource),
      offsetOf: ({ resource, tile, name }) =>
        provider.services
          .names(resource.board, resource.memory, tile)
          .find((one) => nameText(one, vscode.l10n) === name)?.offset,
      now: () => Date.now(),
      after,
      act: (hit) => void this.#act(hit).catch((error: unknown) => provider.services.note(error)),
      changed: () => this.#drawing.ask(refreshPeriod),
      note: (thrown) => provider.services.note(thrown),
    });
    this.#view = vscode.window.createTreeView<WatchNow>(watchViewId, { treeDataProvider: this });
    this.#watches.isShown = this.#view.visible;
    this.#subscriptions = [
      this.#view,
      this.#changed,
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#watches.isShown = visible;
      }),
      services.onDidChangeBoards(() => this.#watches.update()),
      provider.services.onDidChangeNames(() => this.#watches.update()),
    ];
    this.#watches.kept = services.store.all;
  }

  /** The watches as they are shown. */
  get all(): readonly WatchNow[] {
    return this.#watches.all;
  }

  getTreeItem(watch: WatchNow): vscode.TreeItem {
    const item = new vscode.TreeItem(watch.label);
    item.id = watch.kept.id;
    item.description = rowText(watch, vscode.l10n);
    const { boardLabel, memoryName } = this.#provider.services;
    const { resource, cells, action } = watch.kept;
    const history = watch.history();
    item.tooltip = [
      `${watch.label} ${item.description}`,
      `${boardLabel(resource.board)} · ${memoryName(resource)} · ${watch.address} · ${cells.name}`,
      ...(watch.condition === undefined ? [] : [actionText(action, vscode.l10n)]),
      ...(history === undefined ? [] : [historyText(history, vscode.l10n)]),
    ].join('\n');
    const icon = watch.absence !== undefined ? 'circle-slash' : watch.isTrue ? 'bell-dot' : 'eye';
    // What moves is seen as a line, where nothing else has to be told.
    const isMoving = history !== undefined && history.lowest !== history.highest && icon === 'eye';
    item.iconPath = isMoving ? lineOf(history) : new vscode.ThemeIcon(icon);
    item.contextValue = 'watch';
    item.command = {
      command: 'tilescope.showWatch',
      title: vscode.l10n.t('Show in the Editor'),
      arguments: [watch],
    };
    return plainRow(item);
  }

  getChildren(watch?: WatchNow): WatchNow[] {
    return watch === undefined ? [...this.#watches.all] : [];
  }

  /** Asks what to watch, beginning with what is at the cursor of an editor. */
  async add(document: TileDocument, panel: HexPanel): Promise<void> {
    const shown = document.shown;
    if (shown === undefined) return;
    const { geometry, range } = shown;
    const { board, partition, memory } = document.resource;
    const cursor = panel.selection?.cursor ?? range.offset;
    const names = namedPlaces(geometry, range, (tile) => this.#provider.services.names(board, memory, tile));
    const { generation = 'unknown', array } = panel.state;
    const space: AddressSpace = { geometry, generation, array };
    const standpoint = { space, shown: range, cursor };
    const nameOf = (name: (typeof names)[number]): string => nameText(name.name, vscode.l10n);
    const find = (text: string) => {
      const named = names.filter((one) => nameOf(one) === text.trim());
      const [only] = named;
      if (only !== undefined && named.length === 1) return { offset: only.offset, name: nameOf(only) };
      const offset = parsePlaces(text, standpoint).find((one) => one.offset !== undefined)?.offset;
      return offset === undefined ? undefined : { offset, name: '' };
    };
    const here = locate(geometry, cursor);
    const title = vscode.l10n.t('Pin Watch');
    const typed = await askText({
      title,
      prompt: vscode.l10n.t('What to watch: a name, or a place such as (2,3)+0x10'),
      value:
        names.filter(({ offset }) => offset === cursor).map(nameOf)[0] ??
        `${formatTile(here.tile)}+${hexNumber(here.offset, 4)}`,
      refuse: (text) =>
        find(text) === undefined
          ? vscode.l10n.t('This is no place of this editor, and not the name of one.')
          : undefined,
    });
    const place = typed === undefined ? undefined : find(typed);
    if (place === undefined) return;
    const cells = await askType(title, panel.cells);
    if (cells === undefined) return;
    const condition = await askCondition(title, cells, '');
    if (condition === undefined) return;
    const action = condition === '' ? 'notify' : await askAction(title);
    if (action === undefined) return;
    const { tile, offset } = locate(geometry, place.offset);
    const watch = {
      ...{ id: randomUUID(), resource: { board, partition, memory }, tile, offset },
      ...{ name: place.name, cells, condition, action },
    };
    await this.pin(watch);
    await vscode.commands.executeCommand(`${watchViewId}.focus`, { preserveFocus: true });
  }

  /** Adds a watch to the list, and to what the workspace keeps. */
  async pin(watch: KeptWatch): Promise<void> {
    await this.#keep([...this.#services.store.all, watch]);
  }

  /** Asks for another condition of a watch, and what is done when it becomes true. */
  async change(watch: WatchNow | undefined): Promise<void> {
    const kept = await this.#picked(watch);
    if (kept === undefined) return;
    const title = vscode.l10n.t('Condition of a Watch');
    const condition = await askCondition(title, kept.cells, kept.condition);
    if (condition === undefined) return;
    const action = condition === '' ? kept.action : await askAction(title);
    if (action === undefined) return;
    const all = this.#services.store.all;
    await this.#keep(all.map((one) => (one.id === kept.id ? { ...kept, condition, action } : one)));
  }

  async remove(watch: WatchNow | undefined): Promise<void> {
    const kept = await this.#picked(watch);
    if (kept !== undefined) await this.#keep(this.#services.store.all.filter(({ id }) => id !== kept.id));
  }

  /** Shows the place of a watch in an editor. */
  async open(watch: WatchNow): Promise<void> {
    const { resource, tile } = watch.kept;
    const uri = vscode.Uri.from({
      scheme,
      authority: resource.board,
      path: resourcePath({ ...resource, tile }),
    });
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    const document = this.#provider.document(uri);
    const geometry = document?.shown?.geometry;
    if (geometry === undefined) return;
    const { bytes } = cellFormat(watch.kept.cells, true);
    const offset = tileStart(geometry, tile) + Number(watch.address.split('+')[1]);
    for (const panel of document?.panels ?? []) if (panel.view.active) panel.reveal(offset, bytes);
  }

  async #picked(watch: WatchNow | undefined): Promise<KeptWatch | undefined> {
    if (watch !== undefined) return watch.kept;
    const items = this.all.map((one) => ({
      label: one.label,
      description: valueText(one, vscode.l10n),
      kept: one.kept,
    }));
    return (await pickFrom(items, { placeHolder: vscode.l10n.t('Watches') }))?.kept;
  }

  async #keep(list: readonly KeptWatch[]): Promise<void> {
    if (list.length > mostWatches) {
      sayInformation(vscode.l10n.t('There are {0} watches. Remove one to pin another.', mostWatches));
      return;
    }
    await this.#services.store.set(list);
    this.#watches.kept = list;
    this.#services.told();
    this.#changed.fire();
  }

  /** Does what a watch asks for. A line of the log is written in any case. */
  async #act(hit: WatchHit): Promise<void> {
    const { watch } = hit;
    const text = hitText(hit, vscode.l10n);
    this.#provider.log.info(text);
    const { action } = watch.kept;
    if (action === 'log') return;
    if (action === 'freeze') {
      for (const { panels } of this.#provider.documents) for (const panel of panels) panel.freeze(true);
    }
    const { openSnapshot } = actionNames(vscode.l10n);
    const show = vscode.l10n.t('Show in the Editor');
    const kept = action === 'snapshot' ? await this.#keepTile(hit) : undefined;
    const file = typeof kept === 'string' ? undefined : kept;
    const said = [
      text,
      ...(action === 'freeze' ? [vscode.l10n.t('All views are frozen.')] : []),
      ...(typeof kept === 'string' ? [vscode.l10n.t('No snapshot of the tile is kept. {0}', kept)] : []),
      ...(file === undefined ? [] : [vscode.l10n.t('A snapshot of the tile is kept.')]),
    ].join(' ');
    sayWarning(said, show, ...(file === undefined ? [] : [openSnapshot])).then(async (chosen) => {
      if (chosen === show) await this.open(watch);
      if (chosen === openSnapshot && file !== undefined) {
        await vscode.commands.executeCommand('tilescope.openSnapshot', file);
      }
    });
  }

  /** Writes the tile of a watch to a file; answers that, or why it could not. */
  async #keepTile({ watch, session, epoch }: WatchHit): Promise<vscode.Uri | string> {
    const { folder, files } = this.#services;
    const { services, log } = this.#provider;
    const { tile, resource } = watch.kept;
    const uri = vscode.Uri.joinPath(folder, keptTileName(tile, Date.now()));
    try {
      await vscode.workspace.fs.createDirectory(folder);
      const { snapshots } = await files.load();
      await snapshots.keepTile({ session, resource }, tile, epoch, uri);
    } catch (error) {
      services.note(error);
      return sentenceOf(error, (one) => services.errorText(one), vscode.l10n);
    }
    log.info(`snapshot: ${uri.fsPath}`);
    await this.#removeOldTiles().catch((error: unknown) => services.note(error));
    return uri;
  }

  /** Removes the oldest files of watches where there are more than the setting allows; none that the sidebar shows. */
  async #removeOldTiles(): Promise<void> {
    const { folder, openSnapshots } = this.#services;
    const { services } = this.#provider;
    const { fs } = vscode.workspace;
    const most = vscode.workspace.getConfiguration('tilescope').get('watchSnapshots');
    const shown = new Set(openSnapshots());
    const at = (name: string) => vscode.Uri.joinPath(folder, name);
    const files: KeptFolder = {
      entries: async () =>
        (await fs.readDirectory(folder)).map(([name, type]) => ({
          name,
          isFile: type === vscode.FileType.File,
        })),
      stat: async (name) => {
        const { size, mtime } = await fs.stat(at(name));
        return { size, at: mtime };
      },
      isShown: (name) => shown.has(at(name).fsPath),
      remove: async (name) => fs.delete(at(name)),
    };
    const note = (error: unknown) => services.note(error);
    await removeOldTiles(files, fitting(keptShape, most) ?? usualKept, Date.now(), note);
  }

  dispose(): void {
    this.#drawing.cancel();
    this.#watches.dispose();
    for (const one of this.#subscriptions) one.dispose();
  }
}

/** The history of a value, on light and on dark grounds. */
function lineOf({ line }: WatchHistory): { readonly light: vscode.Uri; readonly dark: vscode.Uri } {
  const as = (colour: string): vscode.Uri => {
    const picture = Buffer.from(sparklineSvg(line, colour)).toString('base64');
    return vscode.Uri.parse(`data:image/svg+xml;base64,${picture}`);
  };
  return { light: as('#0063b1'), dark: as('#75beff') };
}

async function askType(title: string, present: CellChoice): Promise<CellChoice | undefined> {
  const others = offered.filter((name) => name !== present.name);
  const items = [present.name, ...others].map((name) => ({
    label: name,
    description: name === present.name ? vscode.l10n.t('as the editor shows it') : '',
    choice: { name, order: present.order },
  }));
  return (await pickFrom(items, { title, placeHolder: vscode.l10n.t('Type of the value') }))?.choice;
}

/** A condition as typed; empty for none, `undefined` if the person ended it. */
async function askCondition(title: string, cells: CellChoice, value: string): Promise<string | undefined> {
  const format = cellFormat(cells, true);
  return (
    await askText({
      title,
      value,
      prompt: vscode.l10n.t('When to act: changed, NaN, or != 0, = 5, < -1, >= 100 and so on; empty: never'),
      refuse: (text) =>
        text.trim() === '' || parseCondition(text, format) !== undefined
          ? undefined
          : vscode.l10n.t('This is no condition on a {0} value.', cells.name),
    })
  )?.trim();
}

async function askAction(title: string): Promise<KeptWatch['action'] | undefined> {
  const items = watchActions.map((action) => ({ label: actionText(action, vscode.l10n), action }));
  const placeHolder = vscode.l10n.t('What to do when it becomes true');
  return (await pickFrom(items, { title, placeHolder }))?.action;
}
