/** The sidebar's tree: boards, partitions, memory types, tiles. Follows the links by itself. */
import * as vscode from 'vscode';
import { toBoardError } from '../board/errors.ts';
import type { BoardCollection, BoardEntry } from './boards.ts';
import {
  BoardNode,
  ColumnNode,
  failureNode,
  MemoryNode,
  MessageNode,
  memoryNodes,
  PartitionNode,
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
  readonly #changed = new vscode.EventEmitter<TreeNode | undefined>();
  readonly #nodes = new WeakMap<BoardEntry, BoardNode>();
  readonly #expanded: Set<string>;
  readonly #view: vscode.TreeView<TreeNode>;
  readonly #subscriptions: vscode.Disposable[] = [];
  /** The node that was selected when the window was closed, until it has come back. */
  #toSelect: string | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  /** @param state where expansion and selection are kept */
  constructor(boards: BoardCollection, state: vscode.Memento) {
    this.#boards = boards;
    this.#state = state;
    const expanded: unknown = state.get(expandedKey);
    this.#expanded = new Set(Array.isArray(expanded) ? expanded.map(String).slice(0, mostRemembered) : []);
    const selected: unknown = state.get(selectedKey);
    this.#toSelect = typeof selected === 'string' ? selected : undefined;
    this.#view = vscode.window.createTreeView('tilescope.boards', {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#subscriptions.push(
      this.#view,
      this.#changed,
      this.#view.onDidExpandElement(({ element }) => this.#remember(element, true)),
      this.#view.onDidCollapseElement(({ element }) => this.#remember(element, false)),
      this.#view.onDidChangeSelection(({ selection }) => {
        const key = selection[0]?.key;
        if (key !== undefined) void state.update(selectedKey, key);
      }),
      boards.onDidChange((entry) => this.#changed.fire(entry && this.#boardNode(entry))),
    );
  }

  /** The view, for tests and for showing it. */
  get view(): vscode.TreeView<TreeNode> {
    return this.#view;
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return node.item(this.#expanded.has(node.key));
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    const children = await this.#children(node);
    this.#selectAgain(children);
    return children;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    if (node instanceof PartitionNode) return this.#boardNode(node.entry);
    if (node instanceof MemoryNode) return new PartitionNode(node.entry, node.partition);
    if (node instanceof ColumnNode) return node.memory;
    if (node instanceof TileNode) {
      return (
        node.memory.children().find((child) => child instanceof ColumnNode && child.col === node.tile.col) ??
        node.memory
      );
    }
    return undefined;
  }

  /** Opens a board's branch; the view is not brought to the front for it. */
  async expand(entry: BoardEntry): Promise<void> {
    this.#expanded.add(this.#boardNode(entry).key);
    if (!this.#view.visible) return;
    await this.#view.reveal(this.#boardNode(entry), { select: true, focus: false, expand: true });
  }

  /** Asks for a branch's children again. */
  refresh(entry?: BoardEntry): void {
    this.#changed.fire(entry && this.#boardNode(entry));
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #children(node: TreeNode | undefined): Promise<TreeNode[]> {
    if (node === undefined) return this.#boards.entries.map((entry) => this.#boardNode(entry));
    if (node instanceof BoardNode) return this.#partitions(node);
    if (node instanceof PartitionNode) return this.#memories(node);
    if (node instanceof MemoryNode || node instanceof ColumnNode) return node.children();
    return [];
  }

  #partitions(node: BoardNode): TreeNode[] {
    const { entry } = node;
    const state = entry.link.state;
    const connect = {
      command: 'tilescope.connect',
      title: vscode.l10n.t('Connect'),
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
        const partitions = entry.link.partitions;
        if (partitions.length === 0) {
          return [new MessageNode(node.key, vscode.l10n.t('The driver lists no partition.'), 'info')];
        }
        return [...partitions]
          .sort((a, b) => a.columns.startCol - b.columns.startCol)
          .map((info) => new PartitionNode(entry, info));
      }
    }
  }

  async #memories(node: PartitionNode): Promise<TreeNode[]> {
    const { entry, info } = node;
    try {
      const partition = await entry.link.open(info.columns, AbortSignal.timeout(60_000));
      return memoryNodes(entry, info, partition);
    } catch (thrown) {
      const error = toBoardError(thrown);
      if (error.code === 'no-memory-types') {
        return [new MessageNode(node.key, vscode.l10n.t('Shim tiles only: no tile memory.'), 'info')];
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
      return [
        failureNode(node.key, error, {
          command: 'tilescope.refreshBoards',
          title: vscode.l10n.t('Retry'),
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

  #remember(node: TreeNode, expanded: boolean): void {
    if (expanded && this.#expanded.size < mostRemembered) this.#expanded.add(node.key);
    if (!expanded) this.#expanded.delete(node.key);
    void this.#state.update(expandedKey, [...this.#expanded]);
    if (expanded && node instanceof BoardNode && node.entry.link.state.kind === 'disconnected') {
      void vscode.commands.executeCommand('tilescope.connect', node.entry.id);
    }
    if (expanded && node instanceof PartitionNode && isUnknownDriver(node.entry)) {
      void vscode.commands.executeCommand('tilescope.allowDriver', node.entry.id);
    }
  }

  #selectAgain(children: readonly TreeNode[]): void {
    const node = children.find((child) => child.key === this.#toSelect);
    if (node === undefined) return;
    this.#toSelect = undefined;
    // The view knows the children only after this call has answered.
    setTimeout(() => {
      if (!this.#view.visible) return;
      // Comfort only: the tree may have changed again before the view gets to it.
      this.#view.reveal(node, { select: true, focus: false }).then(undefined, () => undefined);
    }, 0);
  }
}
