/** Array view and details view together, and what the rest of the extension tells them. */
import * as vscode from 'vscode';
import type { StatusReport } from '../board/board.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { sayInformation } from '../say/say.ts';
import { ArrayModel, type ArrayServices, type TilePlace } from './array-model.ts';
import { ArrayView } from './array-view.ts';
import type { Explanations } from './explanations.ts';
import { statusTooltip } from './sentences.ts';
import type { DetailItem } from './tile-items.ts';
import { TileModel } from './tile-model.ts';
import { openPlaceCommand, TileView } from './tile-view.ts';

export class ArrayFace implements vscode.Disposable {
  readonly array: ArrayModel;
  readonly tile: TileModel;
  readonly arrayView: ArrayView;
  readonly tileView: TileView;
  readonly #services: ArrayServices;
  readonly #subscriptions: vscode.Disposable[];
  #explanations: Explanations | undefined;
  /** Where the editor's caret was when it was last heard of: only its moves count. */
  #caret = '';
  /** The core that was selected in the call stack, until the caret moves. */
  #selected = '';

  constructor(services: ArrayServices, extensionUri: vscode.Uri, log: vscode.LogOutputChannel) {
    this.#services = services;
    this.array = new ArrayModel(services);
    this.tile = new TileModel(services);
    this.arrayView = new ArrayView(this.array, services, extensionUri, log);
    this.tileView = new TileView(this.tile, services);
    this.#subscriptions = [
      this.arrayView,
      this.tileView,
      this.array,
      this.tile,
      this.array.onDidFocus((place) => this.tile.show(place)),
      vscode.commands.registerCommand('tilescope.refreshArray', () => this.refresh()),
      vscode.commands.registerCommand(openPlaceCommand, (place: NonNullable<DetailItem['opens']>) =>
        this.tileView.open(place),
      ),
      vscode.commands.registerCommand('tilescope.explainTile', () => this.#explain('tile')),
      vscode.commands.registerCommand('tilescope.explainPartition', () => this.#explain('partition')),
      vscode.commands.registerCommand('tilescope.copyDetail', (item?: DetailItem) =>
        this.tileView.copy(item),
      ),
    ];
  }

  /** A board, or a partition of it, was selected in the sidebar. */
  select(board: string, partition?: PartitionKey): void {
    this.array.show(board, partition);
  }

  /**
   * The tile at the caret of the editor in front, or `undefined`. Also called when it has not moved.
   * @param showsCore whether the editor shows where the core is
   * @param asking `nobody` where no person led there: it takes no partition that nobody uses
   */
  follow(place: TilePlace | undefined, showsCore = false, asking: 'look' | 'nobody' = 'look'): void {
    const caret = place === undefined ? '' : JSON.stringify(place);
    if (caret !== this.#caret) {
      this.#caret = caret;
      this.#selected = '';
      if (place !== undefined) this.#show(place, asking);
    }
    // Last: until the editor has said where its caret is, the tile here is another one.
    this.tile.followed = showsCore ? place : undefined;
  }

  /** A core was selected in the call stack, perhaps by nobody: it takes no partition that nobody uses. */
  followSelected(place: TilePlace): void {
    const selected = JSON.stringify(place);
    if (selected === this.#selected) return;
    this.#selected = selected;
    this.#show(place, 'nobody');
  }

  #show(place: TilePlace, asking: 'look' | 'nobody'): void {
    this.array.show(place.board, place.partition, asking);
    this.array.mark(place);
    this.tile.show(place, asking);
  }

  /** Explains the tile of the details view, or the partition of the Array view. */
  async #explain(what: 'tile' | 'partition'): Promise<void> {
    const { l10n, showFailure } = this.#services;
    const tile = this.tile.known?.place;
    const shown = this.array.shown;
    const partition = shown && { board: shown.board.id, partition: shown.info.key };
    const place = what === 'tile' ? tile : partition;
    if (place === undefined) {
      sayInformation(
        what === 'tile'
          ? l10n.t('Choose a tile first, in the Array view or with the caret in tile memory.')
          : l10n.t('No partition is shown: connect a board first.'),
      );
      return;
    }
    try {
      const explanations = await this.explanations();
      if (what === 'tile' && tile !== undefined) await explanations.tile(tile);
      else await explanations.partition(place);
    } catch (error) {
      showFailure(error);
    }
  }

  /** What explains, loaded when it is first wanted. */
  async explanations(): Promise<Explanations> {
    const { Explanations: Loaded } = await import('./explanations.ts');
    if (this.#explanations === undefined) {
      this.#explanations = new Loaded(this.#services);
      this.#subscriptions.push(this.#explanations);
    }
    return this.#explanations;
  }

  /** Opens the Array view with the tile marked, and its details. */
  async reveal(place: TilePlace): Promise<void> {
    // The caret stays where the editor last said it is: told again, it has not moved.
    this.#selected = '';
    this.#show(place, 'look');
    this.tile.followed = undefined;
    await vscode.commands.executeCommand('tilescope.array.focus');
  }

  /** Refreshes the visible ones of both views. If neither is visible, opens the Array view. */
  async refresh(): Promise<void> {
    this.#services.refreshNames();
    if (!this.array.isVisible && !this.tile.isVisible) {
      await vscode.commands.executeCommand('tilescope.array.focus');
    }
    if (this.array.isVisible) await this.array.refresh();
    await this.tile.refresh();
  }

  /** A person refreshed an editor of this partition: views of the same partition refresh too. */
  refreshWith(board: string, partition: PartitionKey): void {
    const shown = this.array.shown;
    const isShown = shown?.board.id === board && shown.info.key === partition;
    if (this.array.isVisible && isShown) void this.array.refresh();
    const place = this.tile.known?.place;
    if (place?.board === board && place.partition === partition) void this.tile.refresh();
  }

  /** Calls when something else was read of tiles. */
  onDidRead(listener: () => void): vscode.Disposable {
    return vscode.Disposable.from(this.array.onDidChange(listener), this.tile.onDidChange(listener));
  }

  /** What was read of the tiles of a partition in its present epoch: of some perhaps several times. */
  reports(place: Omit<TilePlace, 'tile'>): StatusReport[] {
    const { board, partition } = place;
    const link = this.#services.boards().find(({ id }) => id === board)?.link;
    const epoch = link?.partitions.find(({ key }) => key === partition)?.epoch;
    const { place: tile, report } = this.tile.known ?? {};
    const details = tile?.board === board && tile.partition === partition ? report : undefined;
    return [this.array.report(place), details].flatMap((one) => (one?.epoch === epoch ? (one ?? []) : []));
  }

  /**
   * What a tile is called and does, a line each, for its tooltip (`ArrayModel.glance`). Empty where nothing is known.
   */
  async tooltip(place: TilePlace): Promise<string[]> {
    const names = this.#services.tileNames(place.board, place.tile);
    return [...names, ...(await this.#stateLines(place))];
  }

  async #stateLines(place: TilePlace): Promise<string[]> {
    const known = await this.array.glance(place);
    if (known === undefined) return [];
    const { l10n, clock } = this.#services;
    return [...statusTooltip(known.status, l10n), l10n.t('Read at {0}', clock(known.at))];
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }
}
