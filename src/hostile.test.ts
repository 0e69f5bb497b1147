/** A board, a server and files whose every text tries to be more than text, and what VS Code is given of it. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ViewBench } from './array/test-bench.ts';
import type { Board, BoardConnector } from './board/board.ts';
import { BoardError, type BoardErrorCode } from './board/errors.ts';
import { formatReport } from './board/report.ts';
import { Emitter } from './model/event.ts';
import { BoardLink } from './session/link.ts';
import { ManualTime, ScriptedDevice } from './session/scripted-board.ts';

const hostile =
  '[More](command:workbench.action.terminal.sendSequence?{"text":"id>/tmp/x"}) $(error) <command:x> **b** `c` | https://host.example \u001b[31m\u202e\u0007';

/** What VS Code was given, as it came. */
const given: unknown[] = [];

class FakeMarkdown {
  value: string;
  isTrusted: unknown;
  supportHtml: unknown;
  supportThemeIcons: unknown;

  constructor(value = '') {
    this.value = value;
    given.push(this);
  }

  appendMarkdown(text: string): this {
    this.value += text;
    return this;
  }
}

vi.mock('vscode', () => {
  const take =
    (answer?: unknown) =>
    async (...args: unknown[]) => {
      given.push(args);
      return answer;
    };
  class Item {}
  return {
    env: { language: 'en' },
    l10n: {
      t: (message: string, ...args: unknown[]) =>
        message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
    },
    window: {
      showErrorMessage: take(),
      showWarningMessage: take(),
      showInformationMessage: take(),
      showInputBox: take(),
      showQuickPick: take(),
      setStatusBarMessage: take(),
      createTreeView: () => {
        const view = { onDidChangeVisibility: () => undefined, dispose: () => undefined };
        given.push(view);
        return {
          ...view,
          set description(text: string) {
            given.push(text);
          },
          set message(text: string) {
            given.push(text);
          },
          onDidChangeVisibility: () => undefined,
          onDidExpandElement: () => undefined,
          onDidCollapseElement: () => undefined,
          onDidChangeSelection: () => undefined,
        };
      },
      createStatusBarItem: () => {
        const item = { show: () => undefined, text: '' };
        given.push(item);
        return item;
      },
      createQuickPick: () => {
        const input = { show: () => undefined, onDidChangeValue: () => undefined, items: [] };
        given.push(input);
        return new Proxy(input, { get: (target, key) => Reflect.get(target, key) ?? (() => undefined) });
      },
      createInputBox: () => {
        const input = {
          show: () => undefined,
          onDidChangeValue: (listener: (text: string) => void) => listener('x'),
        };
        given.push(input);
        return new Proxy(input, { get: (target, key) => Reflect.get(target, key) ?? (() => undefined) });
      },
    },
    commands: { registerCommand: () => undefined, executeCommand: () => undefined },
    EventEmitter: Emitter,
    MarkdownString: FakeMarkdown,
    StatusBarAlignment: { Right: 2 },
    QuickInputButtons: { Back: {} },
    CancellationTokenSource: class {
      token = {};
      cancel(): void {}
      dispose(): void {}
    },
    ThemeIcon: Item,
    ThemeColor: Item,
    TreeItem: class {
      label: string;
      constructor(label: string) {
        this.label = label;
      }
    },
    TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    Uri: { from: (parts: object) => parts },
  };
});

const { TileView } = await import('./array/tile-view.ts');
const { waitingPage } = await import('./editor/page.ts');
const { BoardCollection } = await import('./boards/boards.ts');
const { DriverConsent } = await import('./boards/driver-consent.ts');
const { errorText: sentence, Failures } = await import('./explorer/failures.ts');
const { GuestCommands } = await import('./explorer/guest.ts');
const { PickedColumns } = await import('./boards/pick-columns.ts');
const { Secrets } = await import('./boards/secrets.ts');
const { askNewBoard } = await import('./boards/ssh-entry.ts');
const { BoardTree } = await import('./explorer/tree.ts');
const { ask, fillForm } = await import('./say/multi-step.ts');
const { StatusPlace } = await import('./say/say.ts');

/** Every text below a value that VS Code shows; Markdown apart. */
function texts(value: unknown, seen = new Set<unknown>()): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || seen.has(value) || value instanceof FakeMarkdown)
    return [];
  seen.add(value);
  const shown = Object.entries(value).filter(
    ([key]) => !['id', 'command', 'arguments', 'value', 'link'].includes(key),
  );
  return shown.flatMap(([, part]) => texts(part, seen));
}

/** Expects that nothing of all that VS Code was given is markup, and that the hostile text was among it. */
function expectPlain(): void {
  const all = given.flatMap((one) => texts(one));
  for (const text of all) {
    expect(text).not.toMatch(/\[[^\]]+\]\((?:https?:|command:|file:)/i);
    // The status bar's own icon stands in front.
    expect(text.replace(/^\$\([a-z-]+\) /, '')).not.toMatch(/\$\(/);
    expect(text).not.toMatch(/<[a-z]+:/i);
    expect(text).not.toMatch(/[^\P{Cc}\n]|[\u202a-\u202e\u2066-\u2069]/u);
  }
  const markdown = given.filter((one) => one instanceof FakeMarkdown);
  for (const one of markdown) {
    expect([one.isTrusted, one.supportHtml, one.supportThemeIcons]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    // Without what is escaped, and without our own title and list, no sign is left.
    const rest = one.value.replace(/\\[!-/:-@[-`{-~]/g, '').replace(/^\*\*|\*\*$|^- |: /gm, '');
    expect(rest).not.toMatch(/[![\]()`*_<>|#~\\]|:\/\/|@|www\./);
  }
  expect([...all, ...markdown.map(({ value }) => value)].join('\n')).toContain('More');
}

const owner = { kind: 'process', pid: 7, command: hostile, startedAt: 5 } as const;

/** A connector whose board says hostile things wherever it may say anything. */
function hostileBoard(device: ScriptedDevice): BoardConnector {
  device.owner = owner;
  device.epoch = hostile;
  return {
    connect: async (context, signal): Promise<Board> => {
      const board = await device.connect(context, signal);
      const info = {
        ...board.info,
        family: 'unknown',
        device: hostile,
        hostName: hostile,
        kernel: hostile,
        machine: hostile,
        bootId: hostile,
        coreVersion: hostile,
        findings: [hostile, hostile],
      } as const;
      return Object.create(board, { info: { value: info } });
    },
  };
}

const memento = () => {
  const values = new Map<string, unknown>();
  return {
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => void values.set(key, value),
    keys: () => [...values.keys()],
  } as never;
};

async function sidebar() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const connector = hostileBoard(device);
  const boards = new BoardCollection(memento(), ({ id, label }) => new BoardLink(id, label, connector, time));
  const entry = boards.addForNow({
    kind: 'ssh',
    id: 'board',
    label: hostile,
    host: hostile,
    user: hostile,
    sudo: false,
  });
  await entry.link.connect();
  const picks = new PickedColumns(memento());
  const tree = new BoardTree(boards, memento(), picks);
  return { boards, device, entry, picks, tree };
}

/** Gives VS Code a tree's rows, as it would ask for them. */
async function unfold(
  tree: InstanceType<typeof BoardTree>,
  node?: Parameters<typeof tree.getChildren>[0],
): Promise<void> {
  for (const child of await tree.getChildren(node)) {
    given.push(await tree.resolveTreeItem(tree.getTreeItem(child), child));
    await unfold(tree, child);
  }
}

describe('[truth-11] no text of a board, a server or a file is markup', () => {
  beforeEach(() => {
    given.length = 0;
  });

  test('rows and tooltips of the tree', async () => {
    const { device, tree } = await sidebar();
    tree.tileState = async () => [hostile];
    await unfold(tree);
    expectPlain();
    given.length = 0;
    device.hook = () => {
      throw new BoardError('driver', hostile, { call: hostile, path: hostile });
    };
    device.lose(new BoardError('shell-banner', hostile, { host: hostile, text: hostile, line: hostile }));
    await unfold(tree);
    expectPlain();
  });

  test('sentences of every failure, in notifications and in the log', async () => {
    const logged: string[] = [];
    const log = { error: (line: unknown) => logged.push(String(line)), show: () => undefined };
    const failures = new Failures(log as never);
    const names = [
      'host',
      'path',
      'command',
      'said',
      'text',
      'line',
      'first',
      'reason',
      'user',
      'folder',
      'call',
      'file',
    ];
    const codes: BoardErrorCode[] = [
      'shell-banner',
      'sudo-failed',
      'busy',
      'driver',
      'permission',
      'no-device',
      'config',
    ];
    for (const code of [...codes, 'wrong-arch', 'host-key-changed', 'auth-failed', 'agent-failed'] as const) {
      const error = new BoardError(code, hostile, Object.fromEntries(names.map((name) => [name, hostile])));
      await failures.show(error);
      given.push(sentence(error));
    }
    expectPlain();
    expect(logged.length).toBeGreaterThan(0);
    for (const line of logged) expect(line).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  test('questions: consent, hold, host keys, secrets and prompts of a server', async () => {
    const { boards, device, entry, picks, tree } = await sidebar();
    await new DriverConsent(memento()).ask(entry);
    const failures = new Failures({ warn: () => undefined, show: () => undefined } as never);
    const guest = new GuestCommands({ boards, tree, picks, failures } as never);
    const place = { entry, partition: device.key };
    await guest.hold(place);
    await guest.reachKernel(place);
    guest.warn(hostile);
    const secrets = new Secrets({ get: async () => undefined } as never, memento(), () => undefined);
    const never = new AbortController().signal;
    const key = { host: hostile, algorithm: hostile, fingerprint: hostile, knownTypes: [hostile] };
    await secrets.confirmHostKey(key, never);
    await secrets.replaceHostKey(
      { ...key, oldFingerprint: hostile, newFingerprint: hostile, file: hostile, line: 1 },
      never,
    );
    for (const kind of ['password', 'passphrase', 'keyboard-interactive', 'sudo'] as const) {
      const request = { kind, host: hostile, user: hostile, path: hostile, prompt: hostile, retry: false };
      await secrets.secret(request, never);
      await secrets.rememberSecret(request, 'x');
    }
    expectPlain();
  });

  test('choices: hosts of a file, questions in a row', async () => {
    void askNewBoard(hostile, [hostile], [{ label: hostile, value: 1 }], new Set());
    const field = { label: hostile, value: () => hostile, change: async () => undefined };
    void fillForm(hostile, () => hostile, [field]);
    void ask(hostile, { prompt: hostile, placeholder: hostile, refuse: () => hostile });
    expectPlain();
  });

  test('the status bar, the details view and the page that waits', async () => {
    const place = new StatusPlace('id', 1, 'name');
    place.show('lock', hostile, hostile, 'command');
    const bench = new ViewBench();
    await bench.link.connect();
    const [first] = bench.boards;
    if (first !== undefined) bench.boards[0] = { ...first, label: hostile };
    const services = { ...bench.services, describe: () => hostile };
    const view = new TileView(bench.tile, services);
    bench.tile.show({ board: 'desk', partition: '0_4', tile: { col: 0, row: 1 } });
    const item = { key: 'k', label: hostile, description: hostile, tooltip: [hostile], children: [] };
    given.push(view.getTreeItem(item));
    expectPlain();
    const page = waitingPage({ cspSource: 'self' } as never, {
      kind: 'error',
      text: '<img src=x onerror=alert(1)>"\'&',
      actions: [{ command: 'connect', label: '</button><script>' }],
    });
    expect(page).not.toMatch(/<img|<\/button><script>/);
  });

  test('the report', async () => {
    const { device, entry } = await sidebar();
    const { state } = entry.link;
    if (state.kind !== 'connected') throw state;
    const report = formatReport({
      info: state.board.info,
      partitions: [device.info],
      freeColumns: [],
      opened: [],
      toolVersion: '1',
      route: [hostile],
      uid: 0,
    });
    // Everything hostile lies in code spans, which end where they should.
    for (const line of report.split('\n')) {
      expect(line.split('`').length % 2).toBe(1);
      expect(line.replace(/`[^`]*`/g, '')).not.toContain('More');
    }
    expect(report).toContain('More');
  });
});
