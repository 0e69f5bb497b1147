/** Sudo and device of a board: where a person sets them, and that each sentence which says "turn on sudo" leads there. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { BoardError } from '../board/errors.ts';
import type { BoardConfig } from '../boards/board-config.ts';
import { BoardCollection } from '../boards/boards.ts';
import { PickedColumns } from '../boards/pick-columns.ts';
import { Emitter } from '../model/event.ts';
import { BoardLink } from '../session/link.ts';
import { ManualTime, ScriptedDevice } from '../session/scripted-board.ts';

/** What the person answers, in order: a text, or the label of a choice. */
let answers: string[] = [];
/** The questions that were asked: their prompts and placeholders. */
let asked: string[] = [];
/** The button that is pressed in notifications. */
let button: string | undefined;
const notifications: string[] = [];
const commands = new Map<string, (argument?: unknown) => Promise<void>>();

/** An input of VS Code that a person answers as soon as it is shown. */
function input(text: (fake: Record<string, unknown>, answer: string) => void): unknown {
  const accepted = new Emitter<void>();
  const hidden = new Emitter<void>();
  const fake: Record<string, unknown> = {
    onDidChangeValue: (listener: (text: string) => void) => {
      fake['type'] = listener;
    },
    onDidTriggerButton: () => undefined,
    onDidAccept: accepted.event,
    onDidHide: hidden.event,
    hide: () => hidden.fire(),
    dispose: () => undefined,
    show: () => {
      asked.push(String(fake['prompt'] ?? fake['placeholder']));
      const answer = answers.shift();
      if (answer === undefined) {
        hidden.fire();
        return;
      }
      text(fake, answer);
      accepted.fire();
    },
  };
  return fake;
}

vi.mock('vscode', () => ({
  env: { language: 'en' },
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  commands: {
    registerCommand: (name: string, run: (argument?: unknown) => Promise<void>) => {
      commands.set(name, run);
      return { dispose: () => undefined };
    },
    executeCommand: async () => undefined,
  },
  window: {
    showInputBox: async () => answers.shift(),
    createInputBox: () =>
      input((fake, answer) => {
        fake['value'] = answer;
      }),
    createQuickPick: () =>
      input((fake, answer) => {
        const found = () => (fake['items'] as { label: string }[]).filter(({ label }) => label === answer);
        if (found().length === 0) (fake['type'] as (text: string) => void)(answer);
        const chosen = found();
        fake['selectedItems'] = chosen;
        if (chosen.length === 0) (fake['hide'] as () => void)();
      }),
    showErrorMessage: async (text: string, ...buttons: string[]) => {
      notifications.push(text);
      const pressed = buttons.find((one) => one === button);
      button = undefined;
      return pressed;
    },
    showInformationMessage: async (text: string) => void notifications.push(text),
    withProgress: (_: unknown, task: (progress: unknown, token: unknown) => unknown) =>
      task({ report: () => undefined }, { onCancellationRequested: () => undefined }),
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
  ProgressLocation: {},
  MarkdownString: class {
    appendMarkdown(): this {
      return this;
    }
  },
  QuickInputButtons: { Back: {} },
  ThemeIcon: class {},
  ThemeColor: class {},
  TreeItem: class {},
  TreeItemCollapsibleState: {},
}));

const { BoardCommands } = await import('./commands.ts');
const { Failures } = await import('./failures.ts');
const { BoardTree } = await import('./tree.ts');

const ssh: BoardConfig = { id: 'board', label: 'Board', kind: 'ssh', host: 'board', sudo: false };
const local: BoardConfig = { id: 'board', label: 'Board', kind: 'local' };

/** A sidebar with one board that sudo reaches: nothing else opens its node, or looks beside its owner. */
function sidebar(config: BoardConfig, refused: 'connect' | 'open', error: BoardError) {
  let settings = { device: '/dev/aie0', sudo: false };
  const values = new Map<string, unknown>();
  const store = {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
    keys: () => [...values.keys()],
  };
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  let entrySudo = () => false;
  device.hook = (point) => {
    if (point === refused && !entrySudo()) throw error;
  };
  const boards = new BoardCollection(store, ({ id, label }) => new BoardLink(id, label, device, time));
  const picks = new PickedColumns(store);
  const tree = new BoardTree(boards, store, picks);
  const failures = new Failures({ error: () => undefined, show: () => undefined } as never);
  const services = {
    boards,
    tree,
    picks,
    failures,
    sshHosts: async () => [],
    refreshNames: async () => undefined,
    local: {
      get: () => settings,
      set: async (changed: typeof settings) => {
        settings = changed;
      },
    },
  };
  const board = new BoardCommands(services as never);
  board.register();
  const entry = boards.addForNow(config);
  entrySudo = () => (entry.config.kind === 'ssh' ? entry.config.sudo : settings.sudo);
  return { board, boards, entry, tree, settings: () => settings };
}

const node = new BoardError('permission', 'EACCES', { path: '/dev/aie0' });
const memory = new BoardError('permission', 'EPERM', { pid: 7, command: 'graph' });
const hidden = new BoardError('owner-hidden', 'no process was seen');

beforeEach(() => {
  answers = [];
  asked = [];
  button = undefined;
  notifications.length = 0;
});

describe('[truth-18] Edit Board', () => {
  test('of this machine: device and sudo, and the connection that was made without ends', async () => {
    const { board, entry, settings } = sidebar(local, 'open', memory);
    await entry.link.connect();
    answers = ['Device', '/dev/aie1', 'Sudo', 'Use sudo on the board', 'Name', 'Desk', 'Save'];
    await board.edit(entry);
    expect(settings()).toEqual({ device: '/dev/aie1', sudo: true });
    expect(entry.config).toEqual({ ...local, label: 'Desk' });
    expect(entry.link.state.kind).toBe('disconnected');
    answers = ['Device', '/dev/aie0'];
    await board.edit(entry);
    expect(settings()).toEqual({ device: '/dev/aie1', sudo: true });
  });

  test.each([
    ['/dev/aie1', '/dev/aie1'],
    ['', undefined],
  ])('over SSH: the device %j', async (typed, device) => {
    const { board, entry } = sidebar({ ...ssh, device: '/dev/aie2' }, 'open', memory);
    answers = ['Device', typed, 'Sudo', 'Use sudo on the board', 'Save'];
    await board.edit(entry);
    expect(entry.config).toEqual({ ...ssh, sudo: true, ...(device === undefined ? {} : { device }) });
    expect(asked.filter((text) => text.includes('Device node'))).toHaveLength(1);
  });

  test.each([
    ['over SSH', ssh],
    ['of this machine', local],
  ])('%s is a button where the device is missing, and asks for it', async (_, config) => {
    const missing = new BoardError('no-device', 'ENOENT', { path: '/dev/aie0' });
    const { board, entry, settings } = sidebar(config, 'connect', missing);
    button = 'Edit Board...';
    answers = ['Device', '/dev/aie1', 'Save'];
    expect(await board.connect(entry)).toBe(false);
    const device = () => (entry.config.kind === 'ssh' ? entry.config.device : settings().device);
    await expect.poll(device).toBe('/dev/aie1');
    expect(notifications).toEqual([expect.stringContaining('set another device in the board entry')]);
  });
});

describe('[shape-9] Add Board', () => {
  const one = () => sidebar(ssh, 'connect', node).boards;

  test('asks for the host only', async () => {
    const boards = one();
    answers = ['root@board2:2222'];
    await commands.get('tilescope.addSshBoard')?.();
    expect(asked).toHaveLength(1);
    expect(boards.get('board2')?.config).toEqual({
      id: 'board2',
      label: 'board2',
      kind: 'ssh',
      host: 'board2',
      user: 'root',
      port: 2222,
      sudo: false,
    });
  });

  test.each([
    ['This machine', 'local'],
    ['Simulated board', 'simulated'],
  ] as const)('%s is one of the answers', async (answer, kind) => {
    const boards = one();
    answers = [answer];
    await commands.get('tilescope.addBoard')?.();
    expect(asked).toHaveLength(1);
    expect(boards.entries.at(-1)?.config).toMatchObject({ kind, label: answer });
  });

  test('the rest is under Advanced, and can be ended without a board', async () => {
    const boards = one();
    const fields = ['Connect time-out', '5', 'Connect at start', 'Connect by itself', 'Name', 'Desk'];
    answers = ['Advanced...', 'Host', 'board2', 'User', 'root', ...fields, 'Add Board'];
    await commands.get('tilescope.addSshBoard')?.();
    expect(boards.get('desk')?.config).toEqual({
      id: 'desk',
      label: 'Desk',
      kind: 'ssh',
      host: 'board2',
      user: 'root',
      sudo: false,
      connectSeconds: 5,
      autoConnect: true,
    });
    answers = ['Advanced...', 'Host', 'board3', 'User'];
    await commands.get('tilescope.addSshBoard')?.();
    expect(boards.entries).toHaveLength(2);
  });

  test('without a host there is nothing to add', async () => {
    const boards = one();
    answers = ['Advanced...', 'Add Board'];
    await commands.get('tilescope.addSshBoard')?.();
    expect(boards.entries).toHaveLength(1);
  });
});

describe('[shape-9] a change that the connection does not depend on leaves it alone', () => {
  test('another name', async () => {
    const { board, boards, entry } = sidebar(ssh, 'open', node);
    await board.connect(entry);
    answers = ['Desk'];
    await commands.get('tilescope.renameBoard')?.('board');
    expect(boards.get('board')?.config).toEqual({ ...ssh, label: 'Desk' });
    expect(entry.link.state.kind).toBe('connected');
  });

  test('connecting at start', async () => {
    const { board, entry, settings } = sidebar(local, 'open', node);
    await board.connect(entry);
    answers = ['Connect at start', 'Connect by itself', 'Save'];
    await board.edit(entry);
    expect(entry.config).toEqual({ ...local, autoConnect: true });
    expect(entry.link.state.kind).toBe('connected');
    expect(settings().sudo).toBe(false);
  });
});

describe.each([
  ['over SSH', ssh],
  ['of this machine', local],
])('[truth-18] "Turn on sudo" of a board %s does it', (_, config) => {
  test.each([
    ['the node is not accessible', node],
    ['the owner is hidden', hidden],
  ])('in the notification when %s', async (_why, error) => {
    const { board, entry } = sidebar(config, 'connect', error);
    button = 'Turn On Sudo';
    expect(await board.connect(entry)).toBe(false);
    await expect.poll(() => entry.link.state.kind).toBe('connected');
    expect(notifications).toEqual([expect.stringContaining('Turn on sudo')]);
  });

  test.each([
    ["the owner's memory is not accessible", memory],
    ['the owner is hidden', hidden],
  ])('in the tree when the node is accessible but %s', async (_why, error) => {
    const { board, entry, tree } = sidebar(config, 'open', error);
    await board.connect(entry);
    const [root] = await tree.getChildren();
    const [partition] = await tree.getChildren(root);
    const [row] = await tree.getChildren(partition);
    const { command } = row?.item(false) ?? {};
    expect(command?.command).toBe('tilescope.turnOnSudo');
    await commands.get('tilescope.turnOnSudo')?.(command?.arguments?.[0]);
    expect(entry.link.state.kind).toBe('connected');
    const [again] = await tree.getChildren(partition);
    expect(again?.key).toMatch(/^memory:/);
  });

  test('and says so where it is on already', async () => {
    const { board, entry } = sidebar(config, 'connect', node);
    expect(await board.turnOnSudo(entry)).toBe(true);
    expect(await board.turnOnSudo(entry)).toBe(false);
    expect(notifications.at(-1)).toContain('Sudo is on for Board already');
  });
});
