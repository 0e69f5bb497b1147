/** What the tree remembers of what a person expanded, whatever VS Code tells of it. */
import { beforeEach, expect, test, vi } from 'vitest';
import { BoardError } from '../board/errors.ts';
import { SimulatedContexts } from '../board/simulated/contexts.ts';
import { BoardCollection } from '../boards/boards.ts';
import { PickedColumns } from '../boards/pick-columns.ts';
import { Emitter } from '../model/event.ts';
import { resourcePath } from '../model/resource.ts';
import { BoardLink } from '../session/link.ts';
import { HeatPool } from '../session/partition-heat.ts';
import { ManualTime, ScriptedDevice } from '../session/scripted-board.ts';
import type { CommandServices } from './commands.ts';
import type { TreeNode } from './nodes.ts';

let expand = new Emitter<{ element: TreeNode }>();
let collapse = new Emitter<{ element: TreeNode }>();
let visibility = new Emitter<void>();
let visible = false;
const run = vi.fn();
const commands = new Map<string, () => Promise<void>>();

vi.mock('vscode', () => ({
  env: { language: 'en' },
  l10n: { t: (message: string) => message },
  commands: {
    executeCommand: (...args: unknown[]) => run(...args),
    registerCommand: (name: string, command: () => Promise<void>) => commands.set(name, command),
  },
  TreeItem: class {
    readonly collapsibleState: number;
    constructor(_label: string, collapsibleState: number) {
      this.collapsibleState = collapsibleState;
    }
  },
  TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
  Uri: { from: (parts: object) => parts },
  ThemeIcon: class {},
  ThemeColor: class {},
  MarkdownString: class {
    value = '';
    appendMarkdown(text: string) {
      this.value += text;
      return this;
    }
  },
  window: {
    createTreeView: () => ({
      onDidChangeVisibility: visibility.event,
      onDidExpandElement: expand.event,
      onDidCollapseElement: collapse.event,
      onDidChangeSelection: () => undefined,
      get visible() {
        return visible;
      },
      dispose: () => undefined,
    }),
  },
  EventEmitter: Emitter,
  Disposable: {
    from: (...all: { dispose(): void }[]) => ({
      dispose: () => {
        for (const one of all) one.dispose();
      },
    }),
  },
}));

const { BoardTree } = await import('./tree.ts');
const { BoardCommands } = await import('./commands.ts');
const { MemoryNode, TileNode } = await import('./nodes.ts');

/** A sidebar with one board, and the state of its workspace. */
async function sidebar(state = new Map<string, unknown>()) {
  const memento = {
    get: (key: string) => state.get(key),
    update: async (key: string, value: unknown) => void state.set(key, value),
    keys: () => [...state.keys()],
  };
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const boards = new BoardCollection(memento, ({ id, label }) => new BoardLink(id, label, device, time));
  const entry = boards.addForNow({ kind: 'simulated', id: 'board', label: 'Board' });
  const tree = new BoardTree(boards, memento, new PickedColumns(memento));
  const [board] = await tree.getChildren();
  if (board === undefined) throw new Error('no board');
  const remembered = () => (state.get('tilescope.expanded') ?? []) as string[];
  return { state, device, boards, entry, tree, board, remembered };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  run.mockReset();
  // What trees of tests before heard is none of their successors' business.
  expand = new Emitter();
  collapse = new Emitter();
  visibility = new Emitter();
});

test("[shape-7] without boards the view with the welcome text stands in the tree's place", async () => {
  const state = new Map<string, unknown>();
  const memento = { get: (key: string) => state.get(key), update: async () => undefined, keys: () => [] };
  const time = new ManualTime();
  const boards = new BoardCollection(
    memento,
    ({ id, label }) => new BoardLink(id, label, new ScriptedDevice(time), time),
  );
  new BoardTree(boards, memento, new PickedColumns(memento));
  // Nobody looks at the sidebar yet: a view that takes its place would come to the front.
  expect(run).not.toHaveBeenCalled();
  visible = true;
  visibility.fire();
  await settle();
  boards.addForNow({ kind: 'simulated', id: 'board', label: 'Board' });
  await settle();
  await boards.remove('board');
  await settle();
  visible = false;
  const noBoards = (yes: boolean) => ['setContext', 'tilescope.noBoards', yes];
  const front = ['tilescope.welcome.focus'];
  expect(run.mock.calls).toEqual([noBoards(true), front, noBoards(false), noBoards(true), front]);
});

test('[truth-17] what was asked for is remembered though no event came, and all above it', async () => {
  const { device, entry, tree, board, remembered } = await sidebar();
  await entry.link.connect();
  // The board was said to have changed; this is the answer to that.
  await tree.getChildren(board);
  expect(remembered()).toEqual([]);
  const [partition] = await tree.getChildren(board);
  expect(remembered()).toEqual([board.key]);
  if (partition === undefined) throw new Error('no partition');
  collapse.fire({ element: board });
  expect(remembered()).toEqual([]);
  const [memory] = await tree.getChildren(partition);
  if (memory === undefined) throw new Error('no memory');
  await tree.getChildren(memory);
  expect(new Set(remembered())).toEqual(new Set([board.key, partition.key, memory.key]));
  expect(run).not.toHaveBeenCalled();
  device.announce();
  collapse.fire({ element: memory });
  expect(remembered()).not.toContain(memory.key);
});

test('[truth-17] of a collapsed board that changed children are asked for, and it stays collapsed', async () => {
  const { device, entry, tree, board, remembered } = await sidebar();
  await entry.link.connect();
  await tree.getChildren();
  device.announce();
  device.announce();
  await tree.getChildren(board);
  expect(remembered()).toEqual([]);
  expand.fire({ element: board });
  expect(remembered()).toEqual([board.key]);
});

test('[truth-17] the next window finds it; what is asked for again connects to nothing, an expansion does', async () => {
  const first = await sidebar();
  await first.entry.link.connect();
  await first.tree.expand(first.entry);
  const second = await sidebar(first.state);
  expect(second.remembered()).toEqual([second.board.key]);
  await second.tree.getChildren(second.board);
  expect(run).not.toHaveBeenCalled();
  expand.fire({ element: second.board });
  expect(run.mock.calls).toContainEqual(['tilescope.connect', 'board']);
});

test('[truth-17] a board whose expansion was lost connects by the question that follows, once, and not by itself again', async () => {
  const { entry, tree, board, remembered } = await sidebar();
  const connects = () => run.mock.calls.filter(([command]) => command === 'tilescope.connect').length;
  await tree.getChildren(board);
  expect([connects(), remembered()]).toEqual([1, [board.key]]);
  // The event comes as well, after it.
  expand.fire({ element: board });
  expect(connects()).toBe(1);
  await entry.link.connect();
  await tree.getChildren(board);
  await entry.link.disconnect();
  await tree.getChildren(board);
  expect(connects()).toBe(1);
  collapse.fire({ element: board });
  expand.fire({ element: board });
  await tree.getChildren(board);
  expect(connects()).toBe(2);
  // Nothing came of it: the next expansion tries again.
  collapse.fire({ element: board });
  await tree.getChildren(board);
  expect(connects()).toBe(3);
});

test('[truth-17] a question for a board that changed tells nothing of an expansion; one that tells is asked once more', async () => {
  const { device, entry, tree, board, remembered } = await sidebar();
  await entry.link.connect();
  await tree.getChildren();
  device.announce();
  await entry.link.disconnect();
  await tree.getChildren();
  const drawn: unknown[] = [];
  tree.onDidChangeTreeData((node) => drawn.push(node));
  await tree.getChildren(board);
  expect([run.mock.calls, drawn]).toEqual([[], []]);
  await vi.waitFor(() => expect(drawn).toEqual([undefined]));
  // It was collapsed: nobody asks.
  await tree.getChildren();
  expect([run.mock.calls, remembered()]).toEqual([[], []]);
  // It was expanded.
  await tree.getChildren(board);
  expect(run.mock.calls).toEqual([['tilescope.connect', 'board']]);
  // Where the event came, there is nothing to ask.
  await entry.link.connect();
  collapse.fire({ element: board });
  device.announce();
  drawn.length = 0;
  await tree.getChildren(board);
  expand.fire({ element: board });
  await new Promise((resolve) => setTimeout(resolve));
  await settle();
  expect(drawn).toEqual([]);
});

test('[truth-17] of an unknown driver a person is asked once for each expansion of its partition, whatever tells of it', async () => {
  const { entry, tree, board } = await sidebar();
  await entry.link.connect();
  const { state } = entry.link;
  if (state.kind !== 'connected') throw new Error('not connected');
  Object.defineProperty(state.board, 'info', { value: { ...state.board.info, family: 'unknown' } });
  const asked = () => run.mock.calls.filter(([command]) => command === 'tilescope.allowDriver').length;
  await tree.getChildren(board);
  const [partition] = await tree.getChildren(board);
  if (partition === undefined) throw new Error('no partition');
  await tree.getChildren(partition);
  expect(asked()).toBe(1);
  expand.fire({ element: partition });
  expect(asked()).toBe(1);
  collapse.fire({ element: partition });
  expand.fire({ element: partition });
  await tree.getChildren(partition);
  expect(asked()).toBe(2);
});

test('[truth-17] more than is kept may be expanded: no question for it tells of an expansion again', async () => {
  const full = Array.from({ length: 500 }, (_, index) => `memory:${index}`);
  const { entry, tree, board, remembered } = await sidebar(new Map([['tilescope.expanded', full]]));
  expand.fire({ element: board });
  await entry.link.connect();
  await entry.link.disconnect();
  run.mockReset();
  await tree.getChildren(board);
  await tree.getChildren(board);
  expect(run).not.toHaveBeenCalled();
  expect(remembered()).toEqual(full);
});

test('[truth-20] a board that is added is open when its row first appears, though the view is not known to be visible', async () => {
  const { boards, tree } = await sidebar();
  const services = { boards, tree, failures: { show: (error: unknown) => Promise.reject(error) } };
  new BoardCommands(services as unknown as CommandServices).register();
  let first: Promise<number | undefined> | undefined;
  tree.onDidChangeTreeData(() => {
    first ??= tree.getChildren().then(async (rows) => {
      const added = rows.find(({ key }) => key !== 'board:board');
      return added === undefined ? undefined : tree.getTreeItem(added).collapsibleState;
    });
  });
  await commands.get('tilescope.addSimulatedBoard')?.();
  expect(await first).toBe(2);
});

test('[truth-21] rows that are asked for again by themselves take no free partition, and stay; an expansion asks', async () => {
  const { device, entry, tree, board, state } = await sidebar();
  await entry.link.connect();
  await tree.getChildren(board);
  const ask = async () => {
    const [partition] = await tree.getChildren(board);
    if (partition === undefined) throw new Error('no partition');
    return { partition, keys: (await tree.getChildren(partition)).map(({ key }) => key) };
  };
  const { partition, keys } = await ask();
  expect(keys).toEqual(['memory:board/2_2/data']);
  // Its board comes back.
  device.hook = (at) => {
    if (at === 'open' && device.openedBy.at(-1) === 'nobody')
      throw new BoardError('not-asked', 'free columns');
  };
  const again = async () => {
    await entry.link.disconnect();
    await entry.link.connect();
  };
  await again();
  expect((await ask()).keys).toEqual(keys);
  expect(device.openedBy).toEqual(['look', 'nobody']);
  // The event of an expansion comes before the question, or after it.
  collapse.fire({ element: partition });
  expand.fire({ element: partition });
  expect((await ask()).keys).toEqual(keys);
  expect(device.openedBy).toEqual(['look', 'nobody', 'look']);
  await again();
  collapse.fire({ element: partition });
  await ask();
  expand.fire({ element: partition });
  await again();
  await ask();
  expect(device.openedBy.slice(3)).toEqual(['look', 'nobody']);
  // The next window finds it open.
  const next = await sidebar(state);
  await next.entry.link.connect();
  await next.tree.getChildren(next.board);
  const [restored] = await next.tree.getChildren(next.board);
  await next.tree.getChildren(restored);
  expect(next.device.openedBy).toEqual(['look']);
});

test('[shape-4] partitions of the same columns are rows of their own, down to what their tiles open', async () => {
  const state = new Map<string, unknown>();
  const memento = { get: (key: string) => state.get(key), update: async () => undefined, keys: () => [] };
  const time = new ManualTime();
  const device = new SimulatedContexts(() => time.now());
  const boards = new BoardCollection(memento, ({ id, label }) => new BoardLink(id, label, device, time));
  const entry = boards.addForNow({ kind: 'simulated', id: 'npu', label: 'NPU' });
  const tree = new BoardTree(boards, memento, new PickedColumns(memento));
  await entry.link.connect();
  const [board] = await tree.getChildren();
  const rows = (await tree.getChildren(board)).filter((row) => row.key.endsWith('.0_4'));
  expect(rows.map(({ key }) => key)).toEqual(['partition:npu/ctx-a.0_4', 'partition:npu/ctx-b.0_4']);
  // Told apart by what a person reads, too.
  expect(rows.map((row) => tree.getTreeItem(row).description)).toEqual([
    expect.stringMatching(/^ctx-a\.0_4 /),
    expect.stringMatching(/^ctx-b\.0_4 /),
  ]);
  const memories = await Promise.all(rows.map((row) => tree.getChildren(row)));
  expect(memories.map(([data]) => (data instanceof MemoryNode ? resourcePath(data.resource) : ''))).toEqual([
    '/ctx-a.0_4/data.aiemem',
    '/ctx-b.0_4/data.aiemem',
  ]);
});

test("a tile's row is opened by VS Code itself: no way over the extension's side comes before the tab", async () => {
  const { entry, tree, board } = await sidebar();
  await entry.link.connect();
  const [partition] = await tree.getChildren(board);
  const [memory] = await tree.getChildren(partition);
  const [tile] = await tree.getChildren(memory);
  if (!(tile instanceof TileNode)) throw new Error('no tile');
  const path = resourcePath(tile.resource);
  expect(tile.item().command).toMatchObject({
    command: 'vscode.openWith',
    arguments: [{ scheme: 'aie', authority: 'board', path }, 'tilescope.hex'],
  });
});

test('other names draw tiles anew, and all rows only where builds say something else of a board', async () => {
  const { entry, tree, board } = await sidebar();
  await entry.link.connect();
  const [partition] = await tree.getChildren(board);
  const [memory] = await tree.getChildren(partition);
  const tiles = await tree.getChildren(memory);
  let said = 'Build: first';
  tree.boardNames = () => [said];
  tree.namesChanged();
  const drawn: (string | undefined)[] = [];
  tree.onDidChangeTreeData((node) => drawn.push(node?.key));
  tree.namesChanged();
  expect(drawn).toEqual(tiles.map(({ key }) => key));
  said = 'Build: second';
  tree.namesChanged();
  expect(drawn.slice(tiles.length)).toEqual([undefined]);
});

test('[live-3] a row says how much of its tile changes, while it can be seen; only rows with another step are drawn anew', async () => {
  const { device, entry, tree, board } = await sidebar();
  device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
  await entry.link.connect();
  const pool = new HeatPool(new ManualTime());
  let isWanted = true;
  tree.heat = ({ link }, key) => (isWanted ? pool.of(link, key) : undefined);
  visible = true;
  expand.fire({ element: board });
  const [partition] = await tree.getChildren(board);
  if (partition === undefined) throw new Error('no partition');
  const [memory] = await tree.getChildren(partition);
  if (memory === undefined) throw new Error('no memory');
  await settle();
  expect(device.surveys).toEqual([]);
  const rows = await tree.getChildren(memory);
  await settle();
  expect(device.surveys).toHaveLength(1);
  const drawn: unknown[] = [];
  tree.onDidChangeTreeData((node) => drawn.push(node));
  const described = (row: number) => tree.getTreeItem(rows[row] ?? memory).description;
  const before = described(1);
  device.surveys[0]?.look({ tile: 1, changed: 16 });
  expect(drawn).toEqual([rows[1]]);
  expect(described(1)).toBe(['most of it changes', before].filter((one) => one).join(' \u00b7 '));
  expect(described(0)).toBe(before);
  device.surveys[0]?.look({ tile: 1, changed: 16 });
  expect(drawn).toHaveLength(1);
  device.surveys[0]?.look(
    { tile: 0, changed: 0, reason: 'gated' },
    { tile: 2, changed: 0, reason: 'bus-error' },
  );
  expect([drawn.slice(1), described(0), described(2)].flat()).toEqual([
    rows[0],
    rows[2],
    ['clock off', before].filter((one) => one).join(' \u00b7 '),
    ['cannot be looked at', before].filter((one) => one).join(' \u00b7 '),
  ]);
  // The hover says what that does not tell.
  tree.tileState = async () => ['idle'];
  const hover = async (row: number) => {
    const node = rows[row] ?? memory;
    const item = await tree.resolveTreeItem(tree.getTreeItem(node), node);
    return typeof item.tooltip === 'object' ? item.tooltip.value : item.tooltip;
  };
  expect(await hover(1)).toContain('something small may change unseen');
  // A collapsed branch, a hidden view, a person who does not want to know: nothing is read.
  collapse.fire({ element: memory });
  expect([device.surveys, described(1)]).toEqual([[], before]);
  expect(await hover(1)).not.toContain('something small may change unseen');
  expand.fire({ element: memory });
  await settle();
  expect(device.surveys).toHaveLength(1);
  collapse.fire({ element: board });
  expect(device.surveys).toEqual([]);
  expand.fire({ element: board });
  visible = false;
  visibility.fire();
  await settle();
  expect(device.surveys).toEqual([]);
  visible = true;
  visibility.fire();
  await settle();
  expect(device.surveys).toHaveLength(1);
  isWanted = false;
  tree.followHeat();
  expect(device.surveys).toEqual([]);
  visible = false;
});

test('[live-3] of a partition that is gone, and of a board that was removed, nothing is followed any more', async () => {
  const { device, boards, entry, tree, board } = await sidebar();
  const owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 } as const;
  device.owner = owner;
  device.listed = false;
  await entry.link.connect();
  const heat = new HeatPool(new ManualTime()).of(entry.link, device.key);
  tree.heat = () => heat;
  visible = true;
  expand.fire({ element: board });
  const openRows = async () => {
    const [partition] = await tree.getChildren(board);
    const [memory] = await tree.getChildren(partition);
    await tree.getChildren(memory);
    await settle();
  };
  await openRows();
  expect(device.surveys).toHaveLength(1);
  device.owner = undefined;
  device.announce();
  await settle();
  expect([entry.link.partitions, heat.pause]).toEqual([[], 'hidden']);
  // It comes back: its rows are others.
  device.owner = owner;
  device.announce();
  await settle();
  expect([entry.link.partitions.length, heat.pause, device.surveys]).toEqual([1, 'hidden', []]);
  await openRows();
  expect(device.surveys).toHaveLength(1);
  // A connection that is lost says nothing about partitions.
  await entry.link.disconnect();
  await entry.link.connect();
  await settle();
  expect(device.surveys).toHaveLength(1);
  await boards.remove('board');
  await settle();
  expect([heat.pause, device.surveys]).toEqual(['hidden', []]);
  const walked = vi.spyOn(boards, 'entries', 'get');
  tree.followHeat();
  expect(walked).not.toHaveBeenCalled();
  visible = false;
});
