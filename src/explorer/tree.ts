/** The sidebar's tree: boards, partitions, memory types, tiles. Follows the links by itself. */
import * as v from 'valibot';
import * as vscode from 'vscode';
import { type Partition, patience } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import type { BoardCollection, BoardEntry } from '../boards/boards.ts';
import { type PickedColumns, sameColumns } from '../boards/pick-columns.ts';
import { actionNames } from '../model/action-names.ts';
import { after } from '../model/later.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { fitting, fittingItems } from '../model/shapes.ts';
import { addToTooltip, plainRow } from '../say/say.ts';
import type { PartitionHeat } from '../session/partition-heat.ts';
import type { LinkState } from '../session/types.ts';
import { helpedBySudo } from './failures.ts';
import {
  BoardNode,
  boardKey,
  ColumnNode,
  FreeColumnsNode,
  failureNode,
  MemoryNode,
  MessageNode,
  memoryNodes,
  PartitionNode,
  PickedNode,
  TileNode,
  type TreeNode,
} from './nodes.ts';

const expandedKey = 'tilescope.expanded';
const selectedKey = 'tilescope.selected';
/** More than anyone expands by hand. */
const mostRemembered = 500;

/** Whether the board's driver needs the person's consent before its memory is mapped. */
function isUnknownDriver({ link }: BoardEntry): boolean {
  return (
    link.state.kind === 'connected' && link.state.board.info.family === 'unknown' && !link.allowUnknownDriver
  );
}

export class BoardTree implements vscode.TreeDataProvider<TreeNode>, vscode.Disposable {
  readonly #boards: BoardCollection;
  readonly #state: vscode.Memento;
  readonly #picks: PickedColumns;
  readonly #changed = new vscode.EventEmitter<TreeNode | undefined>();
  readonly #nodes = new WeakMap<BoardEntry, BoardNode>();
  /** The state in which each board's row was last asked for. */
  readonly #rows = new WeakMap<BoardEntry, BoardEntry['link']['state']['kind']>();
  readonly #expanded: Set<string>;
  /** Rows that a person expanded since their children were last asked for. */
  readonly #justExpanded = new Set<string>();
  /** Partitions whose memories are shown, by their rows. */
  readonly #opened = new WeakMap<BoardEntry, Map<string, Partition>>();
  /** What a person's expansions led to, by the state in which it was asked for: the row, once. */
  readonly #followed = new WeakMap<LinkState, Set<string>>();
  /** Boards that were said to have changed: their children are asked for whether or not they are shown. */
  readonly #redrawn = new WeakSet<BoardNode>();
  /** Memories whose tiles VS Code asked for, and the rows that it has of them, with the heat that they show. */
  readonly #tiles = new Map<
    string,
    { readonly memory: MemoryNode; readonly rows: Map<string, { readonly node: TileNode; heat: string }> }
  >();
  /** What is followed, by memory. */
  readonly #heats = new Map<string, { readonly known: PartitionHeat; readonly ends: vscode.Disposable }>();
  readonly #view: vscode.TreeView<TreeNode>;
  /** What builds said of all boards when names last changed. */
  #toldNames = '';
  /** Whether the view with the welcome text stands in this one's place. */
  #welcomes = false;
  readonly #subscriptions: vscode.Disposable[] = [];
  /** The node that was selected when the window was closed, until it is shown again. */
  #toSelect: string | undefined;

  readonly #selected = new vscode.EventEmitter<TreeNode>();

  readonly onDidChangeTreeData = this.#changed.event;
  /** Fires when a person selects a node. */
  readonly onDidSelect = this.#selected.event;

  /** What a tile does, a line each, for its tooltip; given by `extension.ts`. */
  tileState: (node: TileNode) => Promise<readonly string[]> = async () => [];

  /** What a tile's kernels are called in one short text, empty without any; given by `extension.ts`. */
  tileName: (node: TileNode) => string = () => '';

  /** What builds say of a board and why they do not, a line each, for its tooltip; given by `extension.ts`. */
  boardNames: (board: string) => readonly string[] = () => [];

  /** Where a partition's memory changes, unless a person does not want to know; given by `extension.ts`. */
  heat: (board: BoardEntry, partition: PartitionKey) => PartitionHeat | undefined = () => undefined;

  /** @param state where expansion and selection are kept */
  constructor(boards: BoardCollection, state: vscode.Memento, picks: PickedColumns) {
    this.#boards = boards;
    this.#picks = picks;
    this.#state = state;
    this.#expanded = new Set(fittingItems(v.string(), state.get(expandedKey)).slice(0, mostRemembered));
    this.#toSelect = fitting(v.string(), state.get(selectedKey));
    this.#view = this.#register();
    this.#subscriptions.push(
      this.#changed,
      this.#selected,
      boards.onDidChange((entry) => {
        this.#redraw(entry);
        this.followHeat();
      }),
      // Its welcome text is in the manifest; VS Code wants somebody to answer for its rows.
      vscode.window.createTreeView('tilescope.welcome', {
        treeDataProvider: { getChildren: () => [], getTreeItem: (row: vscode.TreeItem) => row },
      }),
    );
    this.#chooseView();
  }

  #register(): vscode.TreeView<TreeNode> {
    const view = vscode.window.createTreeView<TreeNode>('tilescope.boards', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    view.onDidChangeVisibility(() => {
      this.#chooseView();
      this.followHeat();
    });
    view.onDidExpandElement(({ element }) => {
      this.#expandedByPerson(element);
      this.#remember(element);
      this.followHeat();
    });
    view.onDidCollapseElement(({ element }) => this.#forget(element));
    view.onDidChangeSelection(({ selection }) => {
      const key = selection[0]?.key;
      if (key !== undefined) void this.#state.update(selectedKey, key);
      if (selection[0] !== undefined) this.#selected.fire(selection[0]);
    });
    return view;
  }

  /**
   * Without boards a view with the welcome text takes this one's place when a person looks at it: see extension.md,
   * *Starting*. It is brought to the front, because Theia shows it closed.
   */
  #chooseView(): void {
    const noBoards = this.#boards.entries.length === 0;
    if (noBoards === this.#welcomes || (noBoards && !this.#view.visible)) return;
    this.#welcomes = noBoards;
    const run = async (): Promise<void> => {
      await vscode.commands.executeCommand('setContext', 'tilescope.noBoards', noBoards);
      if (noBoards) await vscode.commands.executeCommand('tilescope.welcome.focus');
    };
    // Comfort only: the text can be opened by hand.
    run().catch(() => undefined);
  }

  /**
   * Has a branch asked for again. Of a node that changed Theia (1.74) asks for the children alone (tree-view-widget.tsx): a
   * board's own row is part of the root's.
   */
  #redraw(entry: BoardEntry | undefined): void {
    if (entry === undefined) this.#chooseView();
    const rowIsOld = entry !== undefined && this.#rows.get(entry) !== entry.link.state.kind;
    if (entry !== undefined) this.#rows.set(entry, entry.link.state.kind);
    if (entry === undefined || rowIsOld) {
      this.#changed.fire(undefined);
      return;
    }
    const node = this.#boardNode(entry);
    this.#redrawn.add(node);
    this.#changed.fire(node);
  }

  /** Rows of tiles that VS Code has now, to have them drawn anew. */
  #noteTiles(parent: MemoryNode | ColumnNode, children: readonly TreeNode[]): void {
    const memory = parent instanceof ColumnNode ? parent.memory : parent;
    if (parent === memory) this.#tiles.set(memory.key, { memory, rows: new Map() });
    const known = this.#tiles.get(memory.key);
    for (const child of children)
      if (child instanceof TileNode) known?.rows.set(child.key, { node: child, heat: '' });
    this.followHeat();
  }

  /** Follows the heat of the memories whose tiles can be seen. To be called, too, when a person wants it or not. */
  followHeat(): void {
    for (const [key, { memory }] of this.#tiles) {
      if (!this.#isListed(memory)) this.#tiles.delete(key);
      const isSeen = this.#tiles.has(key) && this.#isSeen(memory);
      const known = isSeen ? this.heat(memory.entry, memory.partition.key) : undefined;
      const before = this.#heats.get(key);
      if (before?.known === known) continue;
      this.#heats.delete(key);
      before?.ends.dispose();
      if (known !== undefined) {
        const listening = known.onDidChange(() => this.#heatChanged(key));
        const shown = known.show();
        this.#heats.set(key, { known, ends: vscode.Disposable.from(listening, shown) });
      }
      this.#heatChanged(key);
    }
  }

  /** Whether its board is there, and as far as can be known its partition. */
  #isListed({ entry, partition }: MemoryNode): boolean {
    if (!this.#boards.entries.includes(entry)) return false;
    const { state, partitions } = entry.link;
    return state.kind !== 'connected' || partitions.some(({ key }) => key === partition.key);
  }

  #isSeen(memory: MemoryNode): boolean {
    if (!this.#view.visible) return false;
    for (let one: TreeNode | undefined = memory; one !== undefined; one = this.getParent(one)) {
      if (!this.#expanded.has(one.key)) return false;
    }
    return true;
  }

  /** Has the rows drawn anew whose tiles have another step. */
  #heatChanged(memory: string): void {
    for (const row of this.#tiles.get(memory)?.rows.values() ?? []) {
      const heat = this.#heatText(row.node);
      if (heat === row.heat) continue;
      row.heat = heat;
      this.#changed.fire(row.node);
    }
  }

  /**
   * Tells that tiles, or boards, may have other names. Only what says so is drawn anew: a row that is drawn anew with all others
   * forgets the click that it just got.
   */
  namesChanged(): void {
    const told = this.#boards.entries.map(({ id }) => this.boardNames(id).join('\n')).join('\n\n');
    const isSame = told === this.#toldNames;
    this.#toldNames = told;
    if (!isSame) {
      this.#changed.fire(undefined);
      return;
    }
    // What rests in their tooltips may be another.
    for (const { rows } of this.#tiles.values())
      for (const { node } of rows.values()) this.#changed.fire(node);
  }

  /** How warm a tile's memory is, in words; empty where that is not followed. */
  #heatText({ memory, tile }: TileNode): string {
    const known = this.#heats.get(memory.key)?.known;
    return known?.besideTile(memory.geometry.type, tile, vscode.l10n) ?? '';
  }

  /** The view, for tests and for showing it. */
  get view(): vscode.TreeView<TreeNode> {
    return this.#view;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const item = node.item(this.#expanded.has(node.key));
    if (node instanceof TileNode) {
      // What moves comes first: a narrow sidebar cuts the end off.
      const beside = [this.#heatText(node), this.tileName(node), item.description].filter(
        (text) => text !== '' && text !== undefined,
      );
      if (beside.length > 0) item.description = beside.join(' \u00b7 ');
    }
    return plainRow(item);
  }

  /** Adds the tile's state to its tooltip when the pointer rests on it. */
  async resolveTreeItem(item: vscode.TreeItem, node: TreeNode): Promise<vscode.TreeItem> {
    if (node instanceof TileNode) addToTooltip(item.tooltip, await this.#tileLines(node));
    else if (node instanceof BoardNode) addToTooltip(item.tooltip, this.boardNames(node.entry.id));
    else if (node instanceof PartitionNode) addToTooltip(item.tooltip, this.boardNames(node.entry.id));
    return item;
  }

  /** What a tile does, and what stands beside it does not tell. */
  async #tileLines(node: TileNode): Promise<readonly string[]> {
    const lines = await this.tileState(node);
    const heat = this.#heats.get(node.memory.key)?.known;
    return heat === undefined ? lines : [...lines, ...heat.note(vscode.l10n)];
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node !== undefined) this.#askedFor(node);
    const children = await this.#children(node);
    if (node instanceof MemoryNode || node instanceof ColumnNode) this.#noteTiles(node, children);
    this.#keepSelected(children);
    return children;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node instanceof PartitionNode || node instanceof FreeColumnsNode || node instanceof PickedNode) {
      return this.#boardNode(node.entry);
    }
    if (node instanceof MemoryNode) return this.#partitionOf(node);
    if (node instanceof ColumnNode) return node.memory;
    if (node instanceof TileNode) {
      return (
        node.memory.children().find((child) => child instanceof ColumnNode && child.col === node.tile.col) ??
        node.memory
      );
    }
    return undefined;
  }

  /**
   * The branch of a board that is about to be added is open when its row first appears. Nothing can be revealed while
   * VS Code has not said yet that the view is visible, as right after the start.
   */
  openFromTheStart(id: string): void {
    this.#remember({ key: boardKey(id) });
  }

  /** Opens a board's branch; the view is not brought to the front for it. */
  async expand(entry: BoardEntry): Promise<void> {
    this.#remember(this.#boardNode(entry));
    if (!this.#view.visible) return;
    await this.#view.reveal(this.#boardNode(entry), { select: true, focus: false, expand: true });
  }

  /** Asks for a branch's children again. */
  refresh(entry?: BoardEntry): void {
    this.#redraw(entry);
  }

  dispose(): void {
    for (const { ends } of this.#heats.values()) ends.dispose();
    this.#heats.clear();
    this.#view.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #children(node: TreeNode | undefined): Promise<TreeNode[]> {
    if (node === undefined) return this.#boards.entries.map((entry) => this.#boardNode(entry));
    if (node instanceof BoardNode) return this.#partitions(node);
    if (node instanceof PartitionNode)
      return this.#memories(node, (signal) => this.#openPartition(node, signal));
    if (node instanceof PickedNode)
      return this.#memories(node, (signal) => node.entry.link.pick(node.columns, signal));
    if (node instanceof MemoryNode || node instanceof ColumnNode) return node.children();
    return [];
  }

  #partitions(node: BoardNode): TreeNode[] {
    const { entry } = node;
    const state = entry.link.state;
    const connect = {
      command: 'tilescope.connect',
      title: actionNames(vscode.l10n).connect,
      arguments: [entry.id],
    };
    switch (state.kind) {
      case 'disconnected':
        return [
          new MessageNode(node.key, vscode.l10n.t('Not connected. Click to connect.'), 'plug', connect),
        ];
      case 'connecting':
        return [new MessageNode(node.key, vscode.l10n.t('Connecting...'), 'loading~spin')];
      case 'offline':
        return [failureNode(node.key, state.error, connect)];
      case 'connected': {
        const shown = this.#columnNodes(entry);
        return shown.length > 0
          ? shown
          : [new MessageNode(node.key, vscode.l10n.t('The driver lists no partition.'), 'info')];
      }
    }
  }

  /** Partitions by their columns, picks that are not among them, then what is left to pick from. */
  #columnNodes(entry: BoardEntry): TreeNode[] {
    const { freeColumns, partitions } = entry.link;
    const listed = this.#picks
      .shown(entry.id, partitions)
      .map((info) => ({ columns: info.columns, node: new PartitionNode(entry, info) }));
    const lost = this.#picks
      .of(entry.id)
      .filter((columns) => !partitions.some((info) => sameColumns(info.columns, columns)))
      .map((columns) => ({ columns, node: new PickedNode(entry, columns) }));
    return [
      ...[...listed, ...lost]
        .sort((a, b) => a.columns.startCol - b.columns.startCol || a.columns.numCols - b.columns.numCols)
        .map(({ node }) => node),
      ...freeColumns.map((columns) => new FreeColumnsNode(entry, columns)),
    ];
  }

  #partitionOf({ entry, partition }: MemoryNode): TreeNode {
    const info = entry.link.partitions.find(({ key }) => key === partition.key);
    return info === undefined ? new PickedNode(entry, partition.columns) : new PartitionNode(entry, info);
  }

  /**
   * Children are also asked for again by themselves, as after a reconnection: that takes no free partition. Where it is
   * refused, the rows stay.
   */
  async #openPartition({ key, entry, info }: PartitionNode, signal: AbortSignal): Promise<Partition> {
    const opened = this.#opened.get(entry) ?? new Map<string, Partition>();
    this.#opened.set(entry, opened);
    const before = opened.get(key);
    const isWanted = this.#justExpanded.delete(key);
    const asking = isWanted || before === undefined ? 'look' : 'nobody';
    try {
      const partition = await entry.link.open(info.key, signal, asking);
      opened.set(key, partition);
      return partition;
    } catch (thrown) {
      if (before !== undefined && toBoardError(thrown).code === 'not-asked') return before;
      opened.delete(key);
      throw thrown;
    }
  }

  async #memories(
    node: PartitionNode | PickedNode,
    open: (signal: AbortSignal) => Promise<Partition>,
  ): Promise<TreeNode[]> {
    const { entry } = node;
    try {
      return memoryNodes(entry, await open(AbortSignal.timeout(patience)));
    } catch (thrown) {
      const error = toBoardError(thrown);
      if (error.code === 'no-memory-types') {
        return [new MessageNode(node.key, vscode.l10n.t('Shim tiles only: no tile memory.'), 'info')];
      }
      if (error.code === 'kernel-held') {
        return [
          failureNode(node.key, error, {
            command: 'tilescope.reachKernel',
            title: vscode.l10n.t("Reach Through XRT's Driver..."),
            arguments: [node],
          }),
        ];
      }
      if (error.code === 'unknown-driver') {
        return [
          failureNode(node.key, error, {
            command: 'tilescope.allowDriver',
            title: vscode.l10n.t('Show what was found'),
            arguments: [entry.id],
          }),
        ];
      }
      if (helpedBySudo.has(error.code)) {
        return [
          failureNode(node.key, error, {
            command: 'tilescope.turnOnSudo',
            title: actionNames(vscode.l10n).turnOnSudo,
            arguments: [entry.id],
          }),
        ];
      }
      return [
        failureNode(node.key, error, {
          command: 'tilescope.refreshBoards',
          title: actionNames(vscode.l10n).refresh,
          arguments: [entry.id],
        }),
      ];
    }
  }

  #boardNode(entry: BoardEntry): BoardNode {
    let node = this.#nodes.get(entry);
    if (node === undefined) {
      node = new BoardNode(entry);
      this.#nodes.set(entry, node);
    }
    return node;
  }

  /**
   * Children are asked for of what is expanded, and by Theia of a board that was said to have changed. Whoever shows the tree
   * loses the event of an expansion when the tree is redrawn in that moment; the question comes after it.
   */
  #askedFor(node: TreeNode): void {
    if (node instanceof BoardNode && this.#redrawn.delete(node)) {
      // Of all rows anew children are asked for only of what is expanded. Its event may be under way.
      after(0, () => {
        if (!this.#expanded.has(node.key)) this.#changed.fire(undefined);
      });
      return;
    }
    if (!this.#expanded.has(node.key)) this.#expandedByPerson(node);
    for (let one: TreeNode | undefined = node; one !== undefined; one = this.getParent(one))
      this.#remember(one);
  }

  /** Does what an expansion is for; its event and its question come in any order, or one of them alone. */
  #expandedByPerson(node: TreeNode): void {
    if (node instanceof PartitionNode && !this.#expanded.has(node.key)) this.#justExpanded.add(node.key);
    if (node instanceof BoardNode && node.entry.link.state.kind === 'disconnected')
      this.#follow(node, 'tilescope.connect');
    if (node instanceof PartitionNode && isUnknownDriver(node.entry))
      this.#follow(node, 'tilescope.allowDriver');
  }

  #follow({ key, entry }: BoardNode | PartitionNode, command: string): void {
    const { state } = entry.link;
    const rows = this.#followed.get(state) ?? new Set();
    if (rows.has(key)) return;
    this.#followed.set(state, rows.add(key));
    void vscode.commands.executeCommand(command, entry.id);
  }

  #remember({ key }: Pick<TreeNode, 'key'>): void {
    if (this.#expanded.has(key)) return;
    this.#expanded.add(key);
    this.#keepExpanded();
  }

  #forget(node: TreeNode): void {
    const { key } = node;
    this.#justExpanded.delete(key);
    if (node instanceof BoardNode || node instanceof PartitionNode)
      this.#followed.get(node.entry.link.state)?.delete(key);
    if (this.#expanded.delete(key)) this.#keepExpanded();
    this.followHeat();
  }

  #keepExpanded(): void {
    void this.#state.update(expandedKey, [...this.#expanded].slice(0, mostRemembered));
  }

  #keepSelected(children: readonly TreeNode[]): void {
    const node = children.find((child) => child.key === this.#toSelect);
    if (node === undefined) return;
    this.#toSelect = undefined;
    // The view knows the children only after this call has answered.
    after(0, () => {
      if (!this.#view.visible) return;
      // Comfort only: the tree may have changed again before the view gets to it.
      this.#view.reveal(node, { select: true, focus: false }).then(undefined, () => undefined);
    });
  }
}
