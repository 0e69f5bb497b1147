import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { eventually } from '../../test/webview/eventually.ts';
import type { BoardConnector } from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import { stateBits, unreadableState } from '../model/byte-state.ts';
import { hexBytes } from '../model/cells/choices.ts';
import { Emitter } from '../model/event.ts';
import { totalBytes } from '../model/geometry.ts';
import { StackUses } from '../model/program/stack-uses.ts';
import { BoardLink } from '../session/link.ts';
import { SessionPool } from '../session/pool.ts';
import { ManualTime, ScriptedDevice, settle } from '../session/scripted-board.ts';
import { unpackDelta } from './delta.ts';
import { JournalStore, journalFileText } from './journal-store.ts';
import { KeptViews } from './kept-views.ts';
import { type FromWebview, mostRuns, type PageParts, type ToWebview, tileMarks } from './messages.ts';
import { openingId } from './opening.ts';

/** As much of VS Code's as a document needs. */
class FakeUri {
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;

  constructor(text: string) {
    const [, scheme = '', authority = '', path = ''] = /^(\w+):\/\/([^/]*)(.*)$/.exec(text) ?? [];
    this.scheme = scheme;
    this.authority = authority;
    this.path = path;
  }

  static parse(text: string): FakeUri {
    return new FakeUri(text);
  }

  static joinPath(base: FakeUri, ...parts: string[]): FakeUri {
    return new FakeUri(`${base.scheme}://${base.authority}${join(base.path, ...parts)}`);
  }

  get fsPath(): string {
    return this.path;
  }

  toString(): string {
    return `${this.scheme}://${this.authority}${this.path}`;
  }
}

const showErrorMessage = vi.fn();
const showInformationMessage = vi.fn();
const executeCommand = vi.fn(async () => undefined);
const registered = new Map<string, (...args: unknown[]) => unknown>();
const tabGroups = { all: [] as unknown[] };
const writeText = vi.fn();

/** As much of VS Code's as tells which editor a tab has. */
class FakeInput {
  readonly uri: FakeUri;

  constructor(of: FakeUri) {
    this.uri = of;
  }
}

vi.mock('vscode', () => ({
  Uri: FakeUri,
  EventEmitter: Emitter,
  CancellationError: class extends Error {},
  env: { language: 'en', clipboard: { writeText: (text: string) => writeText(text) } },
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  TabInputCustom: FakeInput,
  commands: {
    executeCommand: (...args: []) => executeCommand(...args),
    registerCommand: (name: string, run: (...args: unknown[]) => unknown) => {
      registered.set(name, run);
      return { dispose: () => registered.delete(name) };
    },
  },
  window: {
    tabGroups,
    createTreeView: () => ({
      visible: false,
      onDidChangeVisibility: () => ({ dispose: () => undefined }),
      dispose: () => undefined,
    }),
    showInformationMessage: (...args: unknown[]) => {
      showInformationMessage(...args);
      return Promise.resolve(undefined);
    },
    showErrorMessage: (...args: unknown[]) => {
      showErrorMessage(...args);
      return Promise.resolve(undefined);
    },
    setStatusBarMessage: () => undefined,
  },
  workspace: {
    getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
    onDidChangeConfiguration: () => ({ dispose: () => undefined }),
    save: async () => undefined,
    fs: { stat: ({ path }: FakeUri) => stat(path), readFile: ({ path }: FakeUri) => readFile(path) },
  },
}));

const { CommandFace } = await import('./command-face.ts');
const { HexEditorProvider } = await import('./provider.ts');
const { HexPanel } = await import('./panel.ts');
const { HitActions } = await import('./hit-actions.ts');
const { foundRow } = await import('./find/hit-rows.ts');
const { askSelectedRuns } = await import('./selected-runs.ts');
const { Exports } = await import('./exports.ts');
const { Imports } = await import('./imports.ts');

/** One tab of the editor, as VS Code hands it out. */
class FakeView {
  visible = true;
  active = true;
  viewColumn = 1;
  readonly posted: ToWebview[] = [];
  readonly received = new Emitter<FromWebview>();
  readonly webview = {
    options: {},
    html: '',
    cspSource: 'csp',
    asWebviewUri: (uri: FakeUri) => uri,
    onDidReceiveMessage: this.received.event,
    postMessage: async (message: ToWebview) => this.posted.push(message) > 0,
  };
  readonly stateChanged = new Emitter<void>();
  readonly onDidChangeViewState = this.stateChanged.event;
  readonly disposed = new Emitter<void>();
  readonly onDidDispose = this.disposed.event;
}

/** In a page of the editor, a whole one or a short one. */
const editorScript = /"(?:main|sight)\.js/;

const uri = new FakeUri('aie://board/2_2/data/2_1.aiemem');
const key = uri.toString();

let folder: string;
let stores: JournalStore[] = [];
let failures: unknown[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilescope-editor-'));
  for (const spy of [showErrorMessage, showInformationMessage, executeCommand]) spy.mockReset();
  tabGroups.all = [];
  stores = [];
  failures = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(stores.map((store) => store.flush()));
  expect(failures).toEqual([]);
  for (const one of [folder, `${folder}-extension`]) await rm(one, { recursive: true, force: true });
});

const elfBuffer = { kind: 'buffer', size: 256, sizeFrom: 'elf' } as const;

/** An editor on a board that is connected, and its folder of kept edits. */
async function setup({ isConnected = true } = {}) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  let present = device;
  const connector: BoardConnector = { connect: (...args) => present.connect(...args) };
  const link = new BoardLink('board', 'Board', connector, time);
  if (isConnected) await link.connect();
  /** The entry is edited: it leads to other hardware from now on. */
  const exchange = async (bytesPerTile: number) => {
    await link.disconnect();
    present = new ScriptedDevice(time, bytesPerTile);
    await link.connect();
    await settle();
  };
  const pool = new SessionPool(time);
  const store = new JournalStore(join(folder, 'staged'), (error) => failures.push(error));
  stores.push(store);
  await mkdir(join(folder, 'staged'));
  const kept = new Map<string, unknown>();
  const services = {
    acquire: async (resource: never) => pool.acquire(link, resource),
    boardLabel: () => 'Board',
    memoryName: () => 'Data memory',
    places: { all: [], add: async () => undefined },
    views: new KeptViews({
      get: (key) => kept.get(key),
      update: async (key, value) => void kept.set(key, value),
    }),
    tileName: () => '',
    program: () => undefined,
    parameters: () => [],
    reports: () => [],
    stacks: new StackUses(),
    bookmarks: { in: () => [], onDidChange: () => ({ dispose: () => undefined }) },
    onDidReadTiles: () => ({ dispose: () => undefined }),
    names: () => [
      { ...elfBuffer, name: 'in_buff', offset: 64, type: 'v4int32[16]', cells: 'int32' },
      { ...elfBuffer, name: 'bytes', offset: 512 },
    ],
    onDidChangeNames: () => ({ dispose: () => undefined }),
    errorText: ({ code }: { code: string }) => `[${code}]`,
    note: toBoardError,
  };
  const log = { warn: vi.fn(), error: vi.fn() };
  const bundles = join(`${folder}-extension`, 'dist', 'webview');
  await mkdir(bundles, { recursive: true });
  for (const name of ['main.js', 'main.css', 'sight.js', 'sight.css'])
    await writeFile(join(bundles, name), `"${name} </script>"`);
  const extension = new FakeUri(`file://${folder}-extension`);
  const provider = new HexEditorProvider(services as never, store, extension as never, log as never);
  const load = () => Promise.reject(new Error('no files here'));
  const nothingKept = { get: () => undefined, update: async () => undefined };
  const show = async () => undefined;
  new CommandFace(provider, { show }, { load }, { load }, { load }, { dock: load }, nothingKept);
  const edits: unknown[] = [];
  provider.onDidChangeCustomDocument((event) => edits.push(event));
  const open = async (backup?: string, at = uri) => {
    const document = await provider.openCustomDocument(at as never, {
      backupId: backup && `file://${backup}`,
      untitledDocumentData: undefined,
    });
    const view = new FakeView();
    await provider.resolveCustomEditor(document, view as never);
    await settle();
    await vi.waitFor(() => expect(view.webview.html).not.toBe(''));
    if (editorScript.test(view.webview.html)) view.received.fire({ type: 'ready' });
    const send = async (message: FromWebview) => {
      view.received.fire(message);
      await settle();
    };
    return { document, view, send };
  };
  const staged = () => readdir(join(folder, 'staged'));
  return { time, device, link, store, provider, log, edits, open, staged, exchange };
}

/** A typed run, as a page sends it that shows what the device held at first. */
function typed(id: number, offset: number, ...bytes: number[]): FromWebview {
  const { bytes: held } = new ScriptedDevice(new ManualTime());
  const base = held.slice(offset, offset + bytes.length);
  const edits = [{ offset, bytes: Uint8Array.from(bytes), seen: { base, shown: base } }];
  return { type: 'request', id, name: 'edit', params: { label: 'Type', edits, immediate: false } };
}

/** The kept edits of a window that typed one byte and crashed. */
async function keptText(): Promise<string> {
  const { store, open } = await setup();
  const { send } = await open();
  await send({ type: 'visible', range: { offset: 0, length: 64 } });
  await send(typed(1, 5, 0xaa));
  await store.flush();
  const text = await readFile(store.path(key), 'utf8');
  await rm(join(folder, 'staged'), { recursive: true });
  return text;
}

/** Has the device answer no request to open until the result is called. */
function holdOpen(device: ScriptedDevice): () => void {
  let answer = (): void => undefined;
  device.hook = (point) =>
    point === 'open'
      ? new Promise<void>((resolve) => {
          answer = resolve;
        })
      : undefined;
  return () => answer();
}

describe('[main-22] a memory whose layout is not learned in time', () => {
  test('shows the failure and a button that tries again; nothing takes them away, and the button works', async () => {
    const limit = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
    const { device, open } = await setup();
    const answer = holdOpen(device);
    const { view, send } = await open();
    expect(view.webview.html).toContain('Learning the layout');
    const failed = () => {
      expect(view.webview.html).not.toContain('Learning the layout');
      expect(view.webview.html).toContain('[timeout]');
      expect(view.webview.html).toContain('data-command="refresh"');
    };
    limit.abort(new DOMException('too late', 'TimeoutError'));
    await settle();
    failed();
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    await settle();
    failed();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(new AbortController().signal);
    answer();
    await send({ type: 'command', command: 'refresh' });
    await vi.waitFor(() => expect(view.webview.html).toMatch(editorScript));
  });
});

describe('[main-21] kept edits', () => {
  test('are staged again when the tab is opened, and stay kept', async () => {
    const text = await keptText();
    const { store, open, edits } = await setup();
    await writeFile(store.path(key), text);
    const { document } = await open();
    expect(document.session.counts().staged).toBe(1);
    expect(edits).toHaveLength(1);
    await store.flush();
    expect(await readFile(store.path(key), 'utf8')).toBe(text);
    expect(showErrorMessage).not.toHaveBeenCalled();
  });

  test.each([
    ['damaged', '{"uri": "aie://bo', 'The kept edits are damaged'],
    ['empty', '', 'The kept edits are damaged'],
    ["another version's", journalFileText(key, { version: 99 }), 'another version of Tilescope'],
  ])('that are %s are named and survive edits and the closing of the tab', async (_, text, sentence) => {
    const { store, open, staged } = await setup();
    await writeFile(store.path(key), text);
    const { document, send } = await open();
    const [name = ''] = await staged();
    expect(name).toMatch(/\.kept$/);
    expect(showErrorMessage).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(sentence));
    expect(showErrorMessage.mock.calls[0]?.[0]).toContain(join(folder, 'staged', name));
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    await send(typed(1, 5, 0xaa));
    await store.flush();
    expect(await staged()).toContain(basename(store.path(key)));
    document.dispose();
    await store.flush();
    expect(await staged()).toEqual([name]);
    expect(await readFile(join(folder, 'staged', name), 'utf8')).toBe(text);
  });

  test.each([
    ['damaged', '{"uri": "aie://bo'],
    ["another version's", journalFileText(key, { version: 99 })],
  ])(
    'that are %s and cannot be moved aside are left alone, by edits, Discard and closing',
    async (_, text) => {
      const { store, open, staged, provider } = await setup();
      await writeFile(store.path(key), text);
      vi.spyOn(store, 'setAside').mockRejectedValue(new Error('EPERM'));
      const { document, send } = await open();
      expect(showErrorMessage).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(store.path(key)));
      await send({ type: 'visible', range: { offset: 0, length: 64 } });
      await send(typed(1, 5, 0xaa));
      expect(document.session.counts().staged).toBe(1);
      await provider.revertCustomDocument(document);
      document.dispose();
      await store.flush();
      expect(await staged()).toEqual([basename(store.path(key))]);
      expect(await readFile(store.path(key), 'utf8')).toBe(text);
    },
  );

  test("that are damaged give way to VS Code's backup, and lie beside it", async () => {
    const text = await keptText();
    const { store, open, staged } = await setup();
    const backup = join(folder, 'backup');
    await writeFile(backup, text);
    await writeFile(store.path(key), '');
    const { document } = await open(backup);
    expect(document.session.counts().staged).toBe(1);
    await store.flush();
    const journal = basename(store.path(key));
    const aside = basename(journal, '.json');
    expect((await staged()).sort()).toEqual([expect.stringMatching(`^${aside}.\\d+.kept$`), journal]);
    expect(showErrorMessage).toHaveBeenCalledOnce();
  });

  test('of a backup that is damaged are named and moved to where the others lie', async () => {
    const { open, staged } = await setup();
    const backup = join(folder, 'backup');
    await writeFile(backup, '{');
    const { document } = await open(backup);
    expect(document.session.counts().staged).toBe(0);
    expect(await staged()).toEqual([expect.stringMatching(/^backup\.\d+\.kept$/)]);
    expect(await readdir(dirname(backup))).toEqual(['staged']);
    expect(showErrorMessage).toHaveBeenCalledOnce();
  });
});

describe('edits of the page', () => {
  test('are taken within what the tab shows, and refused beyond it and while nothing is shown', async () => {
    const { device, open, edits } = await setup();
    const answer = holdOpen(device);
    const { document, view, send } = await open();
    await send(typed(1, 0, 1));
    expect(edits).toEqual([]);
    answer();
    await settle();
    // Everything is known to the session, as if another tab showed the whole memory.
    await document.session.read({ offset: 0, length: 4 * 8192 }, new AbortController().signal);
    await send({ type: 'ready' });
    const answers = () => view.posted.filter(({ type }) => type === 'answer' || type === 'failed');
    await send(typed(2, 8191, 1));
    expect(answers()).toEqual([{ type: 'answer', id: 2, result: null }]);
    await send(typed(3, 8191, 1, 2));
    await send(typed(4, 8192, 1));
    expect(answers().slice(1)).toEqual([
      { type: 'failed', id: 3, message: '[out-of-range]' },
      { type: 'failed', id: 4, message: '[out-of-range]' },
    ]);
    expect(edits).toHaveLength(1);
    expect(document.session.counts().staged).toBe(1);
  });

  test('that edit nothing are no edits', async () => {
    const { open, edits, log } = await setup();
    const { send } = await open();
    await send({
      type: 'request',
      id: 1,
      name: 'edit',
      params: { label: 'Paste', edits: [], immediate: false },
    });
    await send(typed(2, 5));
    expect(edits).toEqual([]);
    expect(log.warn).toHaveBeenCalledTimes(2);
  });
});

describe('the first page of a tab', () => {
  /** In the text of a whole page; a short one is told it with its parts. */
  const openingOf = ({ webview, received, posted }: FakeView) => {
    const { html } = webview;
    if (!html.includes('"sight.js')) {
      const text = new RegExp(`<script type="application/json" id="${openingId}">(.*?)</script>`).exec(html);
      return text && JSON.parse(text[1] ?? '');
    }
    received.fire({ type: 'begin' });
    const parts = posted.at(-1) as Partial<PageParts> | undefined;
    return JSON.parse(parts?.opening ?? '');
  };

  test('begins with the bytes that it shows first, as they were read; it is told only what differs since', async () => {
    const { open, device } = await setup();
    const first = await open();
    const held = new ScriptedDevice(new ManualTime()).bytes;
    expect(device.bytes.subarray(0, 4)).toEqual(held.subarray(0, 4));
    const { view, document } = first;
    const { init, bytes } = openingOf(view) ?? {};
    expect(init?.document.range).toEqual(document.shown?.range);
    expect(bytes?.offset).toBe(0);
    expect(bytes?.base).toEqual([...held.slice(0, bytes?.base.length)]);
    expect(new Set(bytes?.flags)).toEqual(new Set([stateBits.known]));
    const posted = view.posted.length;
    view.received.fire({ type: 'ready', isOpen: true });
    await settle();
    expect(view.posted.slice(posted).filter(({ type }) => ['init', 'settings'].includes(type))).toEqual([]);
  });

  test('[shape-7] is a short one, and sent at once, where its rows can stand in it; its parts come when it asks', async () => {
    const { provider, open } = await setup();
    const { document } = await open();
    const other = new FakeView();
    await provider.resolveCustomEditor(document, other as never);
    const { html } = other.webview;
    expect(html).toContain('class="sight"');
    expect(html).toContain('"sight.js');
    expect(html).not.toContain('main.js');
    expect(html).not.toContain(openingId);
    expect(other.posted).toEqual([]);
    other.received.fire({ type: 'begin' });
    const bundled = (name: string) => `"${name} \\x3c/script>"`;
    expect(other.posted).toEqual([
      {
        type: 'parts',
        style: bundled('main.css'),
        script: bundled('main.js'),
        opening: expect.stringContaining('"bytes"'),
      },
    ]);
  });

  test('is a whole one where marks are in it, and sent once VS Code was told that the tab is resolved', async () => {
    const { provider, open } = await setup();
    const { document, send } = await open();
    await send(typed(1, 5, 0xaa));
    const other = new FakeView();
    await provider.resolveCustomEditor(document, other as never);
    expect(other.webview.html).toBe('');
    await vi.waitFor(() => expect(openingOf(other)?.bytes).toBeDefined());
    expect(other.webview.html).not.toContain('sight');
    expect(other.webview.html).toContain('main.js');
  });

  test('[shape-7] is drawn before what follows the panels changes menus and lists', async () => {
    const { provider, open } = await setup();
    const first = await open();
    const selectionAt = (at: number): FromWebview => ({
      type: 'selection',
      cursor: at,
      start: at,
      length: 1,
      selected: 1,
      address: '',
    });
    const told: unknown[] = [];
    provider.onDidChangePanel((panel) => told.push(panel.document));
    const uri = new FakeUri('aie://board/2_2/data/2_2.aiemem');
    const document = await provider.openCustomDocument(uri as never, {
      backupId: undefined,
      untitledDocumentData: undefined,
    });
    const view = new FakeView();
    // The tab in front is not in front any more, before the new one has a panel and after.
    await first.send(selectionAt(3));
    await provider.resolveCustomEditor(document, view as never);
    await first.send(selectionAt(4));
    await settle();
    expect(told).toEqual([]);
    view.received.fire({ type: 'ready', isOpen: true });
    expect(new Set(told)).toEqual(new Set([first.document, document]));
    told.length = 0;
    await first.send(selectionAt(5));
    expect(told).toContain(first.document);
  });

  test('[shape-7] keeps nobody waiting for ever that follows the panels', async () => {
    const { provider, open } = await setup();
    const { document } = await open();
    const told = vi.fn();
    provider.onDidChangePanel(told);
    const view = new FakeView();
    await provider.resolveCustomEditor(document, view as never);
    expect(told).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(told).toHaveBeenCalled());
  });

  test('waits a moment for them, then comes without', async () => {
    const { device, provider, open } = await setup();
    await open();
    let answer = (): void => undefined;
    device.hook = (point) =>
      point === 'read'
        ? new Promise<void>((resolve) => {
            answer = resolve;
          })
        : undefined;
    const other = await provider.openCustomDocument(new FakeUri('aie://board/2_2/data/2_2.aiemem') as never, {
      backupId: undefined,
      untitledDocumentData: undefined,
    });
    const view = new FakeView();
    await provider.resolveCustomEditor(other, view as never);
    expect(view.webview.html).toBe('');
    await vi.waitFor(() => expect(openingOf(view)).toBeDefined());
    expect(openingOf(view)?.bytes).toBeUndefined();
    answer();
  });
});

describe('[hex-9] a docked view', () => {
  test('edits nothing, whatever its page says, and asks for nothing that is about edits', async () => {
    const { provider, edits, open } = await setup();
    const { document } = await open();
    const view = Object.assign(new FakeView(), { active: false });
    const run = vi.spyOn(provider, 'run').mockReturnValue();
    const panel = new HexPanel(document, view as never, provider, { isDocked: true });
    view.received.fire({ type: 'ready' });
    view.received.fire({ type: 'visible', range: { offset: 0, length: 64 } });
    await settle();
    expect(document.session.state.policy).toBe('staged');
    expect(panel.state).toMatchObject({ isDocked: true, policy: 'locked' });
    view.received.fire(typed(1, 5, 0xaa));
    for (const command of ['undo', 'redo', 'apply', 'discard', 'unlock', 'rebase', 'pasteAs'] as const)
      view.received.fire({ type: 'command', command });
    await settle();
    expect(view.posted).toContainEqual(expect.objectContaining({ type: 'failed', id: 1 }));
    expect([edits, run.mock.calls]).toEqual([[], []]);
    for (const command of ['refresh', 'openInEditor', 'connect'] as const)
      view.received.fire({ type: 'command', command });
    expect(run.mock.calls.map(([command]) => command)).toEqual(['refresh', 'openInEditor', 'connect']);
    panel.dispose();
  });
});

describe('[shape-3] [hex-1] how a tab shows its bytes', () => {
  test('what the setting says, until something was chosen for a memory of the type: the next tab begins with that', async () => {
    const { open } = await setup();
    const { document, view, send } = await open();
    const initOf = (posted: readonly ToWebview[]) => {
      const init = posted.find((message) => message.type === 'init');
      return init?.type === 'init' ? init.settings : undefined;
    };
    expect(initOf(view.posted)).toMatchObject({ cells: hexBytes, bytesPerRow: 16, colours: false });
    const chosen = {
      cells: { name: 'bfloat16', order: 'big' },
      bytesPerRow: 0,
      colours: true,
      addresses: 'buffer',
      decimal: true,
      inspector: true,
    } as const;
    await send({ type: 'view', view: chosen });
    // A tab that is open already stays as it is.
    expect(view.posted.filter(({ type }) => type === 'settings')).toEqual([]);
    const next = await open();
    expect(initOf(next.view.posted)).toMatchObject(chosen);
    const [panel] = document.panels;
    panel?.chooseCells();
    expect(view.posted.at(-1)).toEqual({ type: 'chooseCells' });
  });

  test('[hex-7] of several runs the page is asked which they are; a page that is gone, or names others, names none', async () => {
    const { open } = await setup();
    const { document, view, send } = await open();
    const [panel] = document.panels;
    const { offset: start = 0, length = 0 } = document.shown?.range ?? {};
    const select = (selected: number) =>
      send({ type: 'selection', cursor: start, start, length: 4, selected, address: '' });
    expect(await panel?.selectedRuns()).toBeUndefined();
    await select(4);
    expect(await panel?.selectedRuns()).toEqual([{ offset: start, length: 4 }]);
    await select(8);
    const ask = () => {
      const asked = panel?.selectedRuns();
      const question = view.posted.at(-1);
      if (question?.type !== 'tellRuns') throw new Error('the page was not asked');
      return { asked, number: question.number };
    };
    const first = ask();
    const runs = [
      { offset: start, length: 4 },
      { offset: start + 64, length: 4 },
    ];
    await send({ type: 'runs', number: first.number, count: 2, runs });
    expect(await first.asked).toEqual(runs);
    const second = ask();
    const beyond = [{ offset: start + length - 4, length: 8 }];
    await send({ type: 'runs', number: second.number, count: 1, runs: beyond });
    expect(await second.asked).toBeUndefined();
    // Too many to be told are counted, and that is said at once.
    const many = ask();
    await send({ type: 'runs', number: many.number, count: mostRuns + 1, runs: [] });
    expect(await many.asked).toBe(mostRuns + 1);
    const said = askSelectedRuns({ selectedRuns: async () => mostRuns + 1 });
    expect(await said).toBeUndefined();
    expect(showInformationMessage).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^1048577 runs of bytes are selected, .* 1048576/),
    );
    const third = ask();
    view.disposed.fire();
    expect(await third.asked).toBeUndefined();
  });

  test('a request that is too large is refused at once, in words', async () => {
    const { open } = await setup();
    const { view, send } = await open();
    const large = { offset: 0, length: 2 ** 40 };
    await send({ type: 'request', id: 77, name: 'read', params: large });
    expect(view.posted.find(({ type }) => type === 'failed')).toEqual({
      type: 'failed',
      id: 77,
      message: 'It is too much at once. Select fewer bytes.',
    });
  });

  test('[hex-9] editors of one document scroll together on wish, and each for itself again', async () => {
    const { open, provider } = await setup();
    const first = await open();
    const view = new FakeView();
    await provider.resolveCustomEditor(first.document, view as never);
    await settle();
    view.received.fire({ type: 'ready' });
    const [one, other] = first.document.panels;
    if (one === undefined || other === undefined) throw new Error('there are no two editors');
    const scrolls = (of: FakeView) => of.posted.filter(({ type }) => type === 'scroll');
    const scroll = (offset: number) => first.send({ type: 'scrolled', offset });
    await scroll(64);
    expect(scrolls(view)).toEqual([]);
    await first.send({ type: 'selection', cursor: 80, start: 80, length: 1, selected: 1, address: '' });
    await first.send({ type: 'visible', range: { offset: 64, length: 256 } });
    provider.setScrollsTogether(one, true);
    await scroll(128);
    expect(scrolls(view)).toEqual([
      { type: 'scroll', offset: 64 },
      { type: 'scroll', offset: 128 },
    ]);
    expect(scrolls(first.view)).toEqual([]);
    view.visible = false;
    await scroll(192);
    view.visible = true;
    provider.setScrollsTogether(one, false);
    await scroll(256);
    expect(scrolls(view)).toHaveLength(2);
    provider.setScrollsTogether(one, true);
    view.disposed.fire();
    expect(first.document.scrollsTogether).toBe(false);
  });

  test('[hex-7] a clipboard that fails is told to the page, in words', async () => {
    const { open } = await setup();
    const { view, send } = await open();
    const copy = (id: number) => send({ type: 'request', id, name: 'copy', params: { text: 'DE AD' } });
    writeText.mockResolvedValueOnce(undefined);
    await copy(1);
    expect(writeText).toHaveBeenLastCalledWith('DE AD');
    expect(view.posted.at(-1)).toEqual({ type: 'answer', id: 1, result: null });
    writeText.mockRejectedValueOnce(new Error('no clipboard'));
    await copy(2);
    expect(view.posted.at(-1)).toMatchObject({ type: 'failed', id: 2, message: expect.any(String) });
  });

  test('[debug-2] a tab of one tile is about that tile: it stays when another one is selected elsewhere', async () => {
    const { open, provider } = await setup();
    const { view, send } = await open();
    await send({ type: 'ready' });
    const told = view.posted.length;
    provider.follow({ board: 'board', partition: '2_2', tile: { col: 3, row: 1 } });
    expect(view.posted.slice(told)).toEqual([]);
  });

  test('[truth-21] what a tab was led to by a selection elsewhere is read for nobody, until a person does something there', async () => {
    const { device, open, provider } = await setup();
    const whole = new FakeUri('aie://board/2_2/data.aiemem');
    const { document, view, send } = await open(undefined, whole);
    const [panel] = document.panels;
    const show = (offset: number) => send({ type: 'visible', range: { offset, length: 256 } });
    const select = (cursor: number) =>
      send({ type: 'selection', cursor, start: cursor, length: 1, selected: 1, address: '' });
    await show(0);
    await show(64);
    expect(new Set(device.asked)).toEqual(new Set(['look']));
    device.asked.length = 0;
    const start = 3 * 8192;
    const lead = async () => {
      await select(0);
      await show(0);
      provider.follow({ board: 'board', partition: '2_2', tile: { col: 3, row: 2 } });
      expect(view.posted.at(-1)).toMatchObject({ type: 'reveal', offset: start });
      await show(64); // on its way when it was led elsewhere
      await select(start);
      await show(start - 64);
      expect(panel?.isLed).toBe(true);
    };
    await lead();
    expect(device.asked).toEqual([]);
    expect(document.session.state.lastError?.code).toBe('not-asked');
    await show(start - 48);
    expect(panel?.isLed).toBe(false);
    expect(device.asked).toEqual(['look']);
    await lead();
    await select(start + 1);
    expect(panel?.isLed).toBe(false);
    await lead();
    view.active = false;
    view.stateChanged.fire();
    expect(panel?.isLed).toBe(true);
    view.active = true;
    view.stateChanged.fire();
    expect(panel?.isLed).toBe(false);
  });

  test('[truth-21] a tab that connects its board is a look', async () => {
    const { device, open } = await setup({ isConnected: false });
    const { view, send } = await open();
    expect(view.webview.html).toMatch(editorScript);
    await send({ type: 'visible', range: { offset: 64, length: 256 } });
    expect(device.openedBy).toEqual(['look']);
    expect(new Set(device.asked)).toEqual(new Set(['look']));
  });

  test('[truth-21] a tab that waits for its board is no look when the board comes back by itself', async () => {
    const { time, device, link, open } = await setup();
    device.hook = (at) => {
      if (at === 'open') device.lose();
    };
    const { document, view } = await open();
    expect(view.webview.html).not.toMatch(editorScript);
    device.hook = () => undefined;
    time.advance(1000);
    await settle();
    expect(link.state.kind).toBe('connected');
    expect(view.webview.html).toMatch(editorScript);
    expect(device.openedBy).toEqual(['look', 'nobody']);
    view.received.fire({ type: 'ready' });
    view.received.fire({ type: 'visible', range: { offset: 0, length: 256 } });
    await settle();
    expect(device.asked).toEqual([]);
    expect(document.session.state.lastError?.code).toBe('not-asked');
    view.received.fire({ type: 'visible', range: { offset: 64, length: 256 } });
    await settle();
    expect(device.asked).toEqual(['look']);
  });

  test('[names-2] what has a name around the rows is told to a page that begins, and again only when that is another', async () => {
    const { open } = await setup();
    const { document, view, send } = await open();
    const told = () => view.posted.flatMap((message) => (message.type === 'names' ? [message.told] : []));
    const name = { kind: 'buffer', text: 'bytes', detail: '256 bytes', offset: 512, length: 256 };
    const all = [{ ...name, text: 'in_buff', detail: '256 bytes, v4int32[16]', offset: 64 }, name];
    expect(told()).toEqual([{ isNamed: true, names: all }]);
    expect([...document.panels][0]?.hasNamedPlaces).toBe(true);
    await send({ type: 'visible', range: { offset: 64, length: 64 } });
    expect(told()).toHaveLength(1);
    await send({ type: 'visible', range: { offset: 4096, length: 64 } });
    expect(told().slice(1)).toEqual([{ isNamed: true, names: [] }]);
    await send({ type: 'ready' });
    expect(told().slice(2)).toEqual([{ isNamed: true, names: [] }]);
  });

  test('what a build says the type of is shown by its values where a person goes to it, in this tab only', async () => {
    const { open } = await setup();
    const { document, view, send } = await open();
    await send({ type: 'ready' });
    const [panel] = document.panels;
    const start = document.shown?.range.offset ?? 0;
    const reveal = (offset: number, length: number) => {
      panel?.reveal(start + offset, length);
      const { type, ...place } = view.posted.at(-1) ?? { type: 'none' };
      return { type, ...place };
    };
    expect(reveal(64, 256)).toEqual({ type: 'reveal', offset: start + 64, length: 256, cells: 'int32' });
    for (const [offset, length] of [
      [64, 1],
      [68, 256],
      [512, 256],
    ] as const)
      expect(reveal(offset, length)).toEqual({ type: 'reveal', offset: start + offset, length });
    const chosen = {
      cells: { name: 'int32', order: 'little' },
      bytesPerRow: 0,
      colours: false,
      addresses: 'tile',
      decimal: false,
      inspector: false,
    } as const;
    await send({ type: 'view', view: chosen, ofName: true });
    expect(panel?.cells).toEqual(chosen.cells);
    const next = await open();
    expect([...next.document.panels].at(-1)?.cells ?? hexBytes).toEqual(hexBytes);
  });
});

describe('[truth-16] another layout of the same columns', () => {
  const layouts = (view: FakeView) =>
    view.posted.flatMap((message) => (message.type === 'init' ? [message.document] : []));

  test.each([
    ['smaller', 4096],
    ['larger', 16384],
  ])(
    'that is %s gets a new page; what the old one says of places counts no more',
    async (_, bytesPerTile) => {
      const { open, edits, exchange } = await setup();
      const { document, view, send } = await open();
      await send({ type: 'visible', range: { offset: 8000, length: 192 } });
      await send({ type: 'selection', cursor: 8100, start: 8100, length: 4, selected: 4, address: '' });
      const before = view.webview.html;
      await exchange(bytesPerTile);
      await send({ type: 'command', command: 'refresh' });
      expect(document.shown?.range).toEqual({ offset: 0, length: bytesPerTile });
      expect(view.webview.html).toMatch(editorScript);
      expect(view.webview.html).not.toBe(before);
      const posted = view.posted.length;
      await send({ type: 'visible', range: { offset: 8000, length: 192 } });
      await send({ type: 'selection', cursor: 8100, start: 8100, length: 4, selected: 4, address: '' });
      await document.session.read({ offset: 0, length: bytesPerTile }, new AbortController().signal);
      await send(typed(1, 5, 0xaa));
      const [panel] = document.panels;
      expect([panel?.visible, panel?.selection]).toEqual([undefined, undefined]);
      expect(edits).toEqual([]);
      // What was planned for later finds the new layout.
      await new Promise((resolve) => setImmediate(resolve));
      expect(view.posted).toHaveLength(posted);
      await send({ type: 'ready' });
      expect(layouts(view).map(({ geometry }) => geometry.bytesPerTile)).toEqual([8192, bytesPerTile]);
      await send(typed(2, 5, 0xaa));
      expect(edits).toHaveLength(1);
      expect(document.session.counts().staged).toBe(1);
    },
  );

  test('waits, in words, until edits that were staged in the old one are discarded', async () => {
    const { open, provider, exchange } = await setup();
    const { document, view, send } = await open();
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    await send(typed(1, 5, 0xaa));
    expect(document.session.counts().staged).toBe(1);
    await exchange(4096);
    await send({ type: 'command', command: 'refresh' });
    const [panel] = document.panels;
    expect(panel?.state.banner).toMatchObject({ text: '[no-partition]', actions: [{ command: 'discard' }] });
    expect(document.shown?.geometry.bytesPerTile).toBe(8192);
    await provider.discard(document);
    await settle();
    await send({ type: 'ready' });
    expect(layouts(view).at(-1)?.geometry.bytesPerTile).toBe(4096);
  });

  test('is not taken for one when the same hardware comes back', async () => {
    const { open, exchange } = await setup();
    const { view, send } = await open();
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    const before = view.webview.html;
    await exchange(8192);
    await send({ type: 'command', command: 'refresh' });
    expect(view.webview.html).toBe(before);
    expect(layouts(view)).toHaveLength(1);
  });
});

describe('[truth-19] a read that the page waits for', () => {
  const all = { offset: 0, length: 8192 };
  const read = (id: number): FromWebview => ({ type: 'request', id, name: 'read', params: all });
  const heard = (view: FakeView) =>
    view.posted.filter(({ type }) => type === 'answer' || type === 'failed' || type === 'progress');

  /** An editor whose device answers no read before it may. */
  async function held() {
    const parts = await setup();
    const { view, send } = await parts.open();
    await send({ type: 'ready' });
    let free = (): void => undefined;
    const waiting = new Promise<void>((resolve) => {
      free = resolve;
    });
    parts.device.hook = (point) => (point === 'read' ? waiting : undefined);
    return {
      ...parts,
      view,
      send,
      finish: async () => {
        free();
        await settle();
      },
    };
  }

  test('is answered with every byte; the page hears of it as long as it takes', async () => {
    vi.useFakeTimers();
    try {
      const { device, view, send, finish } = await held();
      device.unreadable = [{ offset: 4096, length: 4096, reason: 'gated' }];
      await send(read(1));
      expect(heard(view)).toEqual([]);
      vi.advanceTimersByTime(14_000);
      expect(heard(view).length).toBeGreaterThan(1);
      expect(heard(view)[0]).toEqual({ type: 'progress', id: 1, percent: 0 });
      await finish();
      const answer = heard(view).at(-1);
      if (answer?.type !== 'answer') throw new Error('no answer');
      const { bytes, flags } = answer.result as { bytes: Uint8Array; flags: Uint8Array };
      expect(bytes.slice(0, 4096)).toEqual(device.bytes.slice(0, 4096));
      expect(new Set(flags.slice(0, 4096))).toEqual(new Set([1]));
      expect(new Set(flags.slice(4096))).toEqual(new Set([unreadableState('gated')]));
      const count = heard(view).length;
      vi.advanceTimersByTime(60_000);
      expect(heard(view)).toHaveLength(count);
    } finally {
      vi.useRealTimers();
    }
  });

  test('ends when the page cancels or begins anew, and when the tab is closed, without an answer', async () => {
    const { device, view, send, finish } = await held();
    const before = [...device.reads];
    await send(read(1));
    await send({ type: 'cancel', id: 1 });
    await send(read(2));
    await send({ type: 'ready' });
    await send(read(3));
    view.disposed.fire();
    await finish();
    expect(heard(view)).toEqual([]);
    expect(device.reads).toEqual(before);
  });

  test('fails in words when the connection is lost', async () => {
    const { device, view, send, finish } = await held();
    await send(read(1));
    device.lose();
    await finish();
    expect(heard(view)).toEqual([{ type: 'failed', id: 1, message: '[connection-lost]' }]);
  });
});

/** A page that may be late, and the device, as plain lists; every step is compared with the editor. */
class LatePage {
  readonly size = 12;
  /** What the page painted last. */
  cells: number[] = [];
  bases: number[] = [];
  /** What the editor knows of the device. */
  base: number[] = [];
  readonly edits = new Map<number, { value: number; seen: number; shown: readonly number[] }>();

  type(at: number, value: number): void {
    const shown = [this.bases[at] ?? 0, this.cells[at] ?? 0];
    const now = this.base[at] ?? 0;
    // A byte that holds what the cell showed was seen; otherwise the base was, whatever the device holds by now.
    this.edits.set(at, { value, seen: now === shown[1] ? now : (shown[0] ?? 0), shown });
    this.cells[at] = value;
  }
  isStaged(at: number): boolean {
    const edit = this.edits.get(at);
    return edit !== undefined && edit.value !== this.base[at];
  }
  isConflict(at: number): boolean {
    return this.isStaged(at) && this.edits.get(at)?.seen !== this.base[at];
  }
  cell(at: number): number {
    return this.edits.get(at)?.value ?? this.base[at] ?? 0;
  }
  offsets(): number[] {
    return Array.from({ length: this.size }, (_, at) => at);
  }
}

describe('[shape-2] a tab', () => {
  test('that is hidden is told nothing, and shown again what differs by then: one delta, and the state once', async () => {
    const { device, open } = await setup();
    const { document, view, send } = await open();
    const range = { offset: 0, length: 64 };
    const turn = () => new Promise((done) => setImmediate(done));
    await send({ type: 'visible', range });
    await send({ type: 'window', window: { number: 1, wanted: [range], missing: [range], anew: true } });
    await turn();
    const told = () => view.posted.map(({ type }) => type);
    expect(told()).toContain('delta');
    await send({ type: 'drawn', number: view.posted.filter(({ type }) => type === 'delta').length });
    view.visible = false;
    view.stateChanged.fire();
    await settle();
    await turn();
    const before = told().length;
    for (const value of [1, 2, 3]) {
      device.bytes[5] = value;
      await document.session.refresh(range, new AbortController().signal);
      await settle();
      await turn();
    }
    document.session.stage(key, 'Type', [{ offset: 7, bytes: Uint8Array.of(0x77) }]);
    await turn();
    expect(told()).toHaveLength(before);
    view.visible = true;
    view.stateChanged.fire();
    await settle();
    await turn();
    expect(told().slice(before).sort()).toEqual(['delta', 'state']);
    const delta = view.posted.findLast((message) => message.type === 'delta');
    const spans = delta && unpackDelta(delta.packed)?.spans;
    expect(spans).toContainEqual({ kind: 'base', offset: 5, bytes: Uint8Array.of(3) });
    expect(spans).toContainEqual({ kind: 'staged', offset: 7, bytes: Uint8Array.of(0x77) });
  });
});

describe('the map of tiles', () => {
  test('tells of edits, changes and what cannot be read in any tile, also those that the tab does not show; a hidden tab waits', async () => {
    const { device, open } = await setup();
    const { document, view, send } = await open();
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    await document.session.read({ offset: 0, length: 4 * 8192 }, new AbortController().signal);
    const marks = () => {
      const map = view.posted.findLast((message) => message.type === 'map');
      return map && [...map.marks];
    };
    await send(typed(1, 5, 1));
    device.bytes[8192 + 7] = 0x99;
    await document.session.refresh({ offset: 8192, length: 64 }, new AbortController().signal);
    const [panel] = document.panels;
    await expect.poll(marks).toEqual([tileMarks.staged, tileMarks.changed, 0, 0]);
    expect(panel?.hasChanges, '[shape-9] the changes are in another tile').toBe(false);
    view.visible = false;
    view.stateChanged.fire();
    document.session.stage('another', 'Type', [{ offset: 3 * 8192, bytes: Uint8Array.of(0x77) }]);
    device.bytes[5] = 0xee;
    await document.session.refresh({ offset: 0, length: 64 }, new AbortController().signal);
    view.visible = true;
    view.stateChanged.fire();
    const conflict = tileMarks.staged | tileMarks.conflict | tileMarks.changed;
    await expect.poll(marks).toEqual([conflict, tileMarks.changed, 0, tileMarks.staged]);
    expect(panel?.hasChanges).toBe(true);
  });
});

describe('[truth-14] a page that is late', () => {
  const first = runSeed();
  const runs = Array.from({ length: 40 }, (_, i) => i);

  test.each(runs)('never has a byte overwritten that it did not show (run %i)', async (run) => {
    const seed = first + run;
    const random = dice(seed);
    const { device, open } = await setup();
    const { document, view, send } = await open();
    await send({ type: 'ready' });
    const { session } = document;
    const page = new LatePage();
    const window = { offset: 0, length: page.size };
    const never = new AbortController().signal;
    let id = 0;
    let windows = 0;
    const paint = async () => {
      await send({
        type: 'window',
        window: { number: ++windows, wanted: [window], missing: [window], anew: true },
      });
      await new Promise((done) => setImmediate(done));
      const told = view.posted.findLast((message) => message.type === 'delta');
      const delta = told && unpackDelta(told.packed);
      if (delta?.window !== windows) throw new Error('no delta');
      const plane = (kind: 'base' | 'staged') => {
        const bytes = new Uint8Array(page.size);
        for (const span of delta.spans) {
          if (span.kind === kind && span.offset < page.size)
            bytes.set(span.bytes.subarray(0, page.size - span.offset), span.offset);
        }
        return [...bytes];
      };
      page.bases = plane('base');
      const staged = plane('staged');
      page.cells = page.offsets().map((at) => (page.isStaged(at) ? staged[at] : page.bases[at]) ?? 0);
    };
    const refresh = async () => {
      await session.refresh(window, never);
      page.base = [...device.bytes.slice(0, page.size)];
    };
    await refresh();
    await paint();
    const story: string[] = [];
    for (let step = 0; step < 60; step++) {
      const at = random(page.size);
      const turn = random(100);
      if (turn < 30) {
        // Typing, a paste, a deletion: all are runs.
        const length = 1 + random(page.size - at);
        const edited = page.offsets().slice(at, at + length);
        const bytes = Uint8Array.from(edited, () => random(3));
        const seen = {
          base: Uint8Array.from(edited, (offset) => page.bases[offset] ?? 0),
          shown: Uint8Array.from(edited, (offset) => page.cells[offset] ?? 0),
        };
        story.push(`types ${[...bytes].join(' ')} at ${at}`);
        const edits = [{ offset: at, bytes, seen }];
        const params = { label: 'Type', edits, immediate: false };
        await send({ type: 'request', id: ++id, name: 'edit', params });
        for (const [i, offset] of edited.entries()) page.type(offset, bytes[i] ?? 0);
      } else if (turn < 50) {
        story.push(`the device changes ${at}`);
        device.bytes[at] = random(3);
      } else if (turn < 70) {
        story.push('the editor reads again');
        await refresh();
      } else if (turn < 85) {
        story.push('the page paints');
        await paint();
      } else if (turn < 92) {
        story.push('conflicts are kept');
        session.keepMine(window);
        for (const offset of page.offsets()) {
          const edit = page.edits.get(offset);
          const now = page.base[offset] ?? 0;
          if (edit !== undefined && page.isConflict(offset))
            page.edits.set(offset, { ...edit, seen: now, shown: [now] });
        }
      } else {
        story.push('apply');
        const before = [...device.bytes.slice(0, page.size)];
        await session.apply(window, never);
        for (const offset of page.offsets()) {
          const edit = page.edits.get(offset);
          if (edit === undefined) continue;
          const held = before[offset] ?? 0;
          if (device.bytes[offset] !== held) expect(edit.shown, story.join('\n')).toContain(held);
          if (!page.isStaged(offset)) page.edits.delete(offset);
          else if (held === edit.seen || held === edit.value) {
            page.base[offset] = edit.value;
            page.edits.delete(offset);
          } else page.base[offset] = held;
        }
      }
      const { bytes, base, flags } = session.bytes(window);
      const context = `seed ${seed}\n${story.join('\n')}`;
      expect([...base], context).toEqual(page.base);
      expect([...bytes], context).toEqual(page.offsets().map((offset) => page.cell(offset)));
      expect(
        [...flags].map((flag) => flag & 12),
        context,
      ).toEqual(
        page.offsets().map((offset) => (page.isStaged(offset) ? 4 : 0) | (page.isConflict(offset) ? 8 : 0)),
      );
    }
  });
});

test('[shape-7] a page loads nothing, a short one or a whole one, and no text in its script ends it', async () => {
  const { provider, open } = await setup();
  const { document, view, send } = await open();
  await send(typed(1, 5, 0xaa));
  const other = new FakeView();
  await provider.resolveCustomEditor(document, other as never);
  await vi.waitFor(() => expect(other.webview.html).not.toBe(''));
  const pages = { sight: view.webview, main: other.webview };
  for (const [name, { html, options }] of Object.entries(pages)) {
    const script = new RegExp(`<script nonce="[^"]+">"${name}\\.js \\\\x3c/script>"</script>`, 'g');
    expect(html.match(script)).toHaveLength(1);
    expect(html).toMatch(new RegExp(`<style nonce="[^"]+">"${name}\\.css `));
    expect(html).not.toMatch(/\b(src|href)=/);
    expect(options).toEqual({ enableScripts: true, localResourceRoots: [] });
  }
});

test('[shape-7] the first bytes are read while the page is made, before it says what it shows', async () => {
  const { document } = await (await setup()).open();
  expect([...document.panels].map((panel) => panel.visible)).toEqual([undefined]);
  const offset = document.shown?.range.offset ?? -1;
  expect(document.session.readAt({ offset, length: 64 })).toBeDefined();
});

test('a gesture of very many edits is one edit of VS Code, which is undone and redone a part at a time', async () => {
  const { provider, open, edits: told } = await setup();
  const { document, send } = await open();
  await send({ type: 'visible', range: { offset: 0, length: 4096 } });
  const many = Array.from({ length: 1000 }, (_, i) => ({ offset: 4 * i, bytes: Uint8Array.of(0xa7) }));
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses++;
  };
  await provider.editInPieces(document, 'Replace', many, pause, new AbortController().signal);
  const { staged } = document.session.counts();
  expect(staged).toBeGreaterThan(900);
  expect(pauses).toBeGreaterThan(2);
  const edits = told as { label?: string; undo(): Promise<void>; redo(): Promise<void> }[];
  const [edit, ...more] = edits.filter(({ label }) => label === 'Replace');
  if (edit === undefined) throw new Error('no edit');
  expect(more).toEqual([]);
  await edit.undo();
  expect(document.session.counts().staged).toBe(0);
  await edit.redo();
  expect(document.session.counts().staged).toBe(staged);
});

test('[hex-13] a tab that is closed and opened once more begins where it was, and reads that', async () => {
  const { device, open } = await setup();
  const init = (view: FakeView) => view.posted.find((message) => message.type === 'init');
  const first = await open();
  expect(init(first.view)?.place).toBeUndefined();
  await first.send({ type: 'visible', range: { offset: 4096, length: 512 } });
  await first.send({ type: 'selection', cursor: 4200, start: 4200, length: 1, selected: 1, address: '' });
  first.view.disposed.fire();
  first.document.dispose();
  await settle();
  device.reads.length = 0;
  const second = await open();
  expect(init(second.view)?.place).toEqual({ cursor: 4200, top: 4096 });
  const read = device.reads.flat();
  expect(read.some(({ offset, length }) => offset <= 4096 && offset + length > 4096)).toBe(true);
  expect(read.every(({ offset }) => offset >= 4096)).toBe(true);
});

test('a tab of one tile searches all tiles: hits elsewhere are shown in their tile, replaced by the whole memory', async () => {
  const { device, provider, open, edits } = await setup();
  const { bytesPerTile } = device.geometry;
  const there = bytesPerTile + 0x33;
  device.bytes.fill(0);
  device.bytes.set([0xa4, 0x70], 0x20);
  device.bytes.set([0xa4, 0x70], there);
  const { document, view, send } = await open();
  const whole = { offset: 0, length: totalBytes(device.geometry) };
  await document.session.read(whole, new AbortController().signal);
  const cursor = { type: 'selection', cursor: 0, start: 0, length: 1, selected: 1, address: '' } as const;
  await send(cursor);
  const query = {
    kind: 'hex',
    text: 'A4 70',
    matchCase: true,
    cells: { name: 'uint8', order: 'little' },
    align: 0,
  } as const;
  const found = () => view.posted.findLast((message) => message.type === 'found')?.found.count;
  await send({ type: 'find', asked: { query, range: whole, beyond: false, read: 'nothing' } });
  await eventually(found).toBe(1);
  tabGroups.all = [{ viewColumn: 1, tabs: [{ isPreview: true, input: new FakeInput(uri) }] }];
  expect(executeCommand, 'a search of its own bytes may go with its tab').not.toHaveBeenCalled();
  await send({ type: 'find', asked: { query, range: whole, beyond: true, read: 'nothing' } });
  await eventually(found).toBe(2);
  expect(executeCommand.mock.calls, 'a hit elsewhere opens beside it').toEqual([
    [
      'vscode.openWith',
      document.uri,
      expect.any(String),
      { viewColumn: 1, preserveFocus: true, preview: false },
    ],
  ]);
  const [panel] = document.panels;
  expect([panel?.found?.hits.count, panel?.found?.title]).toEqual([2, expect.not.stringContaining('tile')]);

  const opened = vi.spyOn(provider, 'openPlace').mockResolvedValue();
  await send({ ...cursor, cursor: 0x20, start: 0x20, length: 2 });
  await send({ type: 'toHit', step: 1 });
  await eventually(() => opened.mock.calls).toEqual([[document, there, 2]]);
  // From the tab that shows it the same search goes on.
  const other = await open(undefined, new FakeUri('aie://board/2_2/data/2_2.aiemem'));
  await other.send({ ...cursor, cursor: there, start: there, length: 2 });
  const before = view.posted.length;
  for (const one of other.document.panels) one.toHit(1);
  await eventually(() => view.posted.slice(before)).toContainEqual({
    type: 'reveal',
    offset: 0x20,
    length: 2,
  });

  // What this tab does not show is no edit of it.
  const all = await open(undefined, new FakeUri('aie://board/2_2/data.aiemem'));
  vi.spyOn(provider, 'openWhole').mockResolvedValue(all.document);
  await send({ type: 'replaceHits', text: '01 02', all: true });
  await eventually(() => document.session.counts().staged).toBe(4);
  const gestures = edits as { label?: string; document: unknown }[];
  expect(gestures.find(({ label }) => label === 'Replace')?.document).toBe(all.document);
});

test('two tabs that search one memory are two of the list: a click goes to its own; a frozen one spells its bytes', async () => {
  const { device, provider, open } = await setup();
  device.bytes.fill(0);
  device.bytes.set([0xa4, 0x70], 0x20);
  const one = await open();
  const view = new FakeView();
  await provider.resolveCustomEditor(one.document, view as never);
  await settle();
  const list = new HitActions(provider, () => undefined);
  const commands = list.register();
  const range = { offset: 0, length: 4096 };
  await one.document.session.read(range, new AbortController().signal);
  const cells = { name: 'uint8', order: 'little' } as const;
  const query = { kind: 'hex', text: 'A4 70', matchCase: true, cells, align: 0 } as const;
  for (const { received } of [one.view, view]) {
    received.fire({ type: 'ready' });
    received.fire({ type: 'selection', cursor: 0, start: 0, length: 1, selected: 1, address: '' });
    received.fire({ type: 'find', asked: { query, range, beyond: false, read: 'nothing' } });
  }
  const [first, second] = [...one.document.panels];
  await eventually(() => [first, second].map((panel) => panel?.found?.hits.count)).toEqual([1, 1]);
  const l10n = { t: (text: string) => text };
  const rows = [first, second].flatMap((panel) => (panel?.found ? [foundRow(panel.found, l10n)] : []));
  expect(new Set(rows.map(({ key }) => key)).size).toBe(2);
  const hits = rows.map((row) => row.below?.()[0]?.below?.()[0]);
  const revealed = () =>
    [one.view, view].map(({ posted }) => posted.filter(({ type }) => type === 'reveal').length);
  await registered.get('tilescope.showHit')?.(hits[1]);
  expect(revealed()).toEqual([0, 1]);
  await registered.get('tilescope.showHit')?.(hits[0]);
  expect(revealed()).toEqual([1, 1]);

  first?.freeze(true);
  one.document.session.stage('doc', 'Type', [{ offset: 0x21, bytes: Uint8Array.of(0xee) }]);
  const spelled = rows.map((row) => row.below?.()[0]?.below?.()[0]?.description);
  expect(spelled).toEqual(['A4 70', 'A4 EE']);
  for (const one of [list, ...commands]) one.dispose();
});

describe('a tab that stands at one moment', () => {
  const begin = async () => {
    const all = await setup();
    const { document, view, send } = await all.open();
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    const [panel] = document.panels;
    if (panel === undefined) throw new Error('no panel');
    return { ...all, document, view, panel };
  };

  test('is compared as it is shown', async () => {
    const { device, document, provider, view, panel } = await begin();
    provider.markBy((session, range, frozen) => {
      const { offset, base } = (frozen ?? session).bytes(range);
      return { offset, wrong: base.map((byte) => Number(byte === 0xee)), expected: base };
    });
    const wrong = () =>
      view.posted.findLast((message) => message.type === 'expected')?.expected.wrong.slice(0, 2);
    panel.freeze(true);
    expect(wrong()).toEqual(Uint8Array.of(0, 0));
    device.bytes[1] = 0xee;
    await document.session.refresh({ offset: 0, length: 64 }, new AbortController().signal);
    panel.compared();
    expect(wrong()).toEqual(Uint8Array.of(0, 0));
    panel.freeze(false);
    expect(wrong()).toEqual(Uint8Array.of(0, 1));
  });

  test('is exported as it is shown: nothing is read, no tile that it does not show is offered, and it may go on meanwhile', async () => {
    const { device, document, panel } = await begin();
    const { session } = document;
    const held = device.bytes.slice(0, 64);
    panel.freeze(true);
    device.bytes.fill(0xee);
    await session.refresh({ offset: 0, length: 64 }, new AbortController().signal);
    session.stage('doc', 'Type', [{ offset: 3, bytes: Uint8Array.of(0xaa) }]);
    const reads = device.reads.length;
    const exports = new Exports();
    const labels: string[] = [];
    exports.askScope = async (scopes) => {
      labels.push(...scopes.map(({ label }) => label));
      return scopes.find(({ label }) => label.startsWith('Tile'));
    };
    const target = join(folder, 'tile.bin');
    exports.askTarget = async () => {
      panel.freeze(false);
      return new FakeUri(`file://${target}`) as never;
    };
    exports.confirmZeros = async () => true;
    await exports.export(document);
    expect(labels).toEqual([expect.stringMatching(/^Tile/)]);
    expect(new Uint8Array((await readFile(target)).subarray(0, 64))).toEqual(held);
    expect(device.reads.length).toBe(reads);
  });

  test('takes no file in: not when it is asked, and not when it came to stand while the question stood', async () => {
    const { document, provider, panel } = await begin();
    const file = join(folder, 'new.bin');
    await writeFile(file, Buffer.alloc(16, 0x5a));
    const imports = new Imports(provider, { begin: async () => undefined });
    const asked: string[] = [];
    imports.askFile = async () => {
      asked.push('file');
      return new FakeUri(`file://${file}`) as never;
    };
    imports.confirm = async (text) => asked.push(text) > 0;
    panel.selection = { cursor: 0, start: 0, length: 16, selected: 16, address: '' };
    panel.freeze(true);
    await expect(imports.import(document)).rejects.toMatchObject({ code: 'locked' });
    expect(asked).toEqual([]);
    panel.freeze(false);
    imports.confirm = async () => {
      panel.freeze(true);
      Object.assign(panel.view, { active: false });
      return true;
    };
    await expect(imports.import(document)).rejects.toMatchObject({ code: 'locked' });
    expect(document.session.counts().staged).toBe(0);
    panel.freeze(false);
    imports.confirm = async () => true;
    await imports.import(document);
    expect(document.session.counts().staged).toBe(16);
  });
});

describe('[live-8] an editor that writes each edit at once', () => {
  /** Types as a page does that says so. */
  const now = (id: number, offset: number, ...bytes: number[]): FromWebview => {
    const message = typed(id, offset, ...bytes);
    if (message.type !== 'request' || message.name !== 'edit') throw new Error('no edit');
    return { ...message, params: { ...message.params, immediate: true } };
  };
  const begin = async () => {
    const all = await setup();
    const opened = await all.open();
    const { document, send } = opened;
    await send({ type: 'visible', range: { offset: 0, length: 64 } });
    const [panel] = document.panels;
    if (panel === undefined) throw new Error('no panel');
    const asked: string[] = [];
    all.provider.confirmImmediate = async (title) => asked.push(title) > 0;
    const edits = all.edits as { undo(): void; redo(): void }[];
    return { ...all, ...opened, panel, asked, edits };
  };

  test('does so once a person agreed, for what was typed while the page said so; undo writes the old byte', async () => {
    const { device, document, provider, panel, send, edits, asked } = await begin();
    const [held, , , , another] = device.bytes;
    await send(now(1, 0, 0xa7));
    expect(device.writes, 'not chosen yet').toEqual([]);
    await provider.startImmediate(document, panel);
    expect(asked).toEqual(['Write each edit to Board at once?']);
    expect(panel.state.policy).toBe('immediate');
    await send(typed(2, 4, 0x44));
    expect(device.writes, 'typed before the page said so').toEqual([]);
    await send(now(3, 8, 0x88));
    expect(device.bytes[8]).toBe(0x88);
    expect([device.bytes[0], device.bytes[4]], 'staged before').toEqual([held, another]);
    expect(document.session.counts()).toEqual({ staged: 2, conflicts: 0 });
    const old = device.writes[0]?.[0]?.seen[0];
    edits.at(-1)?.undo();
    await settle();
    expect(device.bytes[8]).toBe(old);
    edits.at(-1)?.redo();
    await settle();
    expect(device.bytes[8]).toBe(0x88);
    await send({ type: 'command', command: 'stageEdits' });
    await eventually(() => panel.state.policy).toBe('staged');
    edits.at(-1)?.undo();
    await settle();
    expect(device.bytes[8], 'from now on undo stages').toBe(0x88);
    expect(document.session.counts()).toEqual({ staged: 3, conflicts: 0 });
  });

  test('asks first: no is no', async () => {
    const { device, document, provider, panel, send } = await begin();
    provider.confirmImmediate = async () => false;
    await provider.startImmediate(document, panel);
    await send(now(1, 0, 0xa7));
    expect([panel.state.policy, device.writes]).toEqual(['staged', []]);
  });

  type Begun = Awaited<ReturnType<typeof begin>>;
  test.each<[string, (one: Begun) => unknown]>([
    ['it is locked', ({ document }) => document.session.setPolicy('locked')],
    ['it is frozen', ({ panel }) => panel.freeze(true)],
    ['the connection is lost', ({ link }) => link.disconnect()],
    ['its editor is closed', ({ view }) => view.disposed.fire()],
    [
      'the partition changes hands',
      ({ device }) => {
        device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
        device.announce();
      },
    ],
    [
      'another epoch begins',
      ({ device }) => {
        device.epoch = 'another';
        device.announce();
      },
    ],
  ])('ends when %s, and does not come back', async (_, act) => {
    const one = await begin();
    await one.provider.startImmediate(one.document, one.panel);
    await act(one);
    await settle();
    expect(one.panel.isImmediate).toBe(false);
    one.device.owner = undefined;
    one.device.announce();
    one.panel.freeze(false);
    await one.link.connect();
    await settle();
    one.document.session.setPolicy('staged');
    expect(one.panel.isImmediate).toBe(false);
    await one.send(now(1, 0, 0xa7));
    expect(one.device.writes).toEqual([]);
  });

  test('a write that fails ends it: the edit stays staged, and so do those that follow', async () => {
    const { device, document, provider, panel, send } = await begin();
    await provider.startImmediate(document, panel);
    device.hook = (point) => {
      if (point === 'write') throw toBoardError(new Error('broken'));
    };
    await send(now(1, 0, 0xa7));
    expect(panel.state.policy).toBe('staged');
    expect(showErrorMessage).toHaveBeenCalledOnce();
    device.hook = () => undefined;
    await send(now(2, 1, 0xa8));
    expect(device.writes).toEqual([]);
    expect(document.session.counts().staged).toBe(2);
  });

  test('what was written before it ended is not written by an undo after it began once more', async () => {
    const { device, document, provider, panel, send, edits } = await begin();
    await provider.startImmediate(document, panel);
    await send(now(1, 0, 0xa7));
    await send({ type: 'command', command: 'stageEdits' });
    await eventually(() => panel.isImmediate).toBe(false);
    await provider.startImmediate(document, panel);
    expect(panel.isImmediate).toBe(true);
    edits.at(-1)?.undo();
    await settle();
    expect(device.bytes[0]).toBe(0xa7);
    expect(document.session.counts()).toEqual({ staged: 1, conflicts: 0 });
    await send(now(2, 4, 0xa8));
    expect(device.bytes[4], 'of now').toBe(0xa8);
  });

  test('undo in another editor of the document, which stages, is staged', async () => {
    const { device, document, provider, panel, view, send, edits } = await begin();
    await provider.startImmediate(document, panel);
    await send(now(1, 0, 0xa7));
    const other = new FakeView();
    await provider.resolveCustomEditor(document, other as never);
    view.active = false;
    edits.at(-1)?.undo();
    await settle();
    expect(device.bytes[0]).toBe(0xa7);
    expect(document.session.counts().staged).toBe(1);
    [view.active, other.active] = [true, false];
    edits.at(-1)?.redo();
    edits.at(-1)?.undo();
    await eventually(() => device.bytes[0]).not.toBe(0xa7);
  });

  test('keys that were typed before the first of them failed are not written either', async () => {
    const { device, document, provider, panel, view, send } = await begin();
    const held = device.bytes.slice(0, 3);
    await provider.startImmediate(document, panel);
    let fail = (): void => undefined;
    device.hook = (point) => {
      if (point !== 'write') return;
      device.hook = () => undefined;
      return new Promise<void>((_, reject) => {
        fail = () => reject(toBoardError(new Error('broken')));
      });
    };
    await send(now(1, 0, 0xa7));
    for (const id of [1, 2]) view.received.fire(now(id + 1, id, 0xa7 + id));
    await settle();
    fail();
    await settle();
    await eventually(() => panel.isImmediate).toBe(false);
    await document.session.apply({ offset: 8, length: 1 }, new AbortController().signal);
    expect(device.bytes.slice(0, 3)).toEqual(held);
    expect(showErrorMessage).toHaveBeenCalledOnce();
    expect(document.session.counts().staged).toBe(3);
  });

  test('a conflict is left alone and stays staged; what is typed next is written', async () => {
    const { device, document, provider, panel, send } = await begin();
    await provider.startImmediate(document, panel);
    device.bytes[0] = 0x11;
    await send(now(1, 0, 0xa7));
    await send(now(2, 1, 0xa8));
    expect([...device.bytes.slice(0, 2)]).toEqual([0x11, 0xa8]);
    expect(document.session.counts()).toEqual({ staged: 1, conflicts: 1 });
    expect(panel.state.policy).toBe('immediate');
  });
});
