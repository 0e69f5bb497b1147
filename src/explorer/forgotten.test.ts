/** What becomes of columns that a person forgot while the board still lists them. */
import { beforeEach, expect, test, vi } from 'vitest';
import { simulatedKey } from '../board/simulated/array.ts';
import { BoardCollection } from '../boards/boards.ts';
import { PickedColumns } from '../boards/pick-columns.ts';
import { Emitter } from '../model/event.ts';
import { BoardLink } from '../session/link.ts';
import { ManualTime, ScriptedDevice, settle } from '../session/scripted-board.ts';

/** The commands that were registered, by their name. */
const commands = new Map<string, (argument?: unknown) => Promise<void>>();
/** What the last list to choose from offered. */
let offered: readonly string[] | undefined;

vi.mock('vscode', () => ({
  env: { language: 'en' },
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  commands: {
    executeCommand: () => undefined,
    registerCommand: (name: string, run: (argument?: unknown) => Promise<void>) => {
      commands.set(name, run);
      return { dispose: () => undefined };
    },
  },
  window: {
    showQuickPick: async (items: readonly { readonly label: string }[]) => {
      offered = items.map(({ label }) => label);
    },
    showInformationMessage: async () => undefined,
    createTreeView: () => ({
      onDidChangeVisibility: () => undefined,
      onDidExpandElement: () => undefined,
      onDidCollapseElement: () => undefined,
      onDidChangeSelection: () => undefined,
      visible: false,
      dispose: () => undefined,
    }),
  },
  EventEmitter: Emitter,
}));

const { BoardCommands } = await import('./commands.ts');
const { GuestCommands } = await import('./guest.ts');
const { PartitionNode } = await import('./nodes.ts');
const { BoardTree } = await import('./tree.ts');

/** The sidebar with a board whose driver makes partitions of what is asked for, and with columns that were picked. */
async function sidebar() {
  commands.clear();
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.listed = false;
  const values = new Map<string, unknown>();
  const store = {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
    keys: () => [...values.keys()],
  };
  const boards = new BoardCollection(store, ({ id, label }) => new BoardLink(id, label, device, time));
  const picks = new PickedColumns(store);
  const tree = new BoardTree(boards, store, picks);
  const failures = { show: async (error: unknown) => Promise.reject(error), note: (error: unknown) => error };
  const services = { boards, tree, picks, failures } as never;
  const guest = new GuestCommands(services);
  guest.register();
  new BoardCommands(services).register();
  const entry = boards.addForNow({ kind: 'simulated', id: 'board', label: 'Board' });
  const { link } = entry;
  await link.connect();
  const { columns } = device;
  await link.open(simulatedKey(columns), AbortSignal.timeout(10_000));
  await picks.add(entry.id, columns);
  const run = async (name: string, argument?: unknown) => {
    offered = undefined;
    await commands.get(`tilescope.${name}`)?.(argument);
    return offered;
  };
  const [board] = await tree.getChildren();
  return {
    device,
    link,
    time,
    run,
    forget: () => run('forgetColumns', new PartitionNode(entry, device.info)),
    /** Whether the board's last list has the columns, whoever looks at it. */
    isListed: () => link.partitions.some(({ picked }) => picked),
    /** What everybody shows of that list. */
    shown: () => picks.shown(entry.id, link.partitions),
    inTree: async () =>
      (await tree.getChildren(board)).filter((node) => node instanceof PartitionNode).length,
  };
}

let bench: Awaited<ReturnType<typeof sidebar>>;
beforeEach(async () => {
  bench = await sidebar();
});

test('[attach-3] they are neither in the tree nor offered by a command, though the board lists them', async () => {
  const columns = 'Columns 2 to 3';
  expect(await bench.inTree()).toBe(1);
  expect(await bench.run('openMemory', 'board')).toEqual([columns]);
  expect(await bench.run('enableClocks')).toEqual([columns]);
  await bench.forget();
  expect(bench.isListed()).toBe(true);
  expect(await bench.inTree()).toBe(0);
  expect(await bench.run('openMemory', 'board')).toEqual([]);
  expect(await bench.run('enableClocks')).toBeUndefined();
});

test('[attach-3] they stay hidden while the connection is lost; what the next one lists is shown', async () => {
  const { device, link, time } = bench;
  await bench.forget();
  device.lose();
  expect(link.state.kind).toBe('offline');
  expect(bench.isListed()).toBe(true);
  expect(bench.shown()).toEqual([]);
  time.advance(1000);
  expect(link.state.kind).toBe('connecting');
  expect(bench.shown()).toEqual([]);
  await settle();
  expect(link.state.kind).toBe('connected');
  expect(bench.shown()).toEqual([device.info]);
});
