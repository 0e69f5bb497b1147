import { beforeEach, describe, expect, test, vi } from 'vitest';
import { toBoardError } from '../../board/errors.ts';
import { Emitter } from '../../model/event.ts';
import { BoardLink } from '../../session/link.ts';
import { SessionPool } from '../../session/pool.ts';
import { Recorder } from '../../session/recorder.ts';
import { ManualTime, ScriptedDevice, settle } from '../../session/scripted-board.ts';

/** As much of VS Code's as tells which editor a tab has. */
class FakeInput {
  readonly uri: { readonly scheme: string; readonly authority: string; readonly path: string };

  constructor(authority: string, path: string) {
    this.uri = { scheme: 'aie', authority, path };
  }
}

const showInformationMessage = vi.fn<(text: string, ...buttons: string[]) => Promise<string | undefined>>();
const executeCommand = vi.fn(async () => undefined);
const tabGroups = { all: [] as unknown[] };

vi.mock('vscode', () => ({
  Uri: { from: (parts: { path: string }) => parts.path },
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  TabInputCustom: FakeInput,
  commands: { executeCommand: (...args: []) => executeCommand(...args) },
  window: {
    tabGroups,
    showInformationMessage: (text: string, ...buttons: string[]) => showInformationMessage(text, ...buttons),
  },
}));

const { Recordings } = await import('./recordings.ts');

beforeEach(() => {
  showInformationMessage.mockReset().mockResolvedValue(undefined);
  executeCommand.mockClear();
  tabGroups.all = [];
});

/** A window that finds what an earlier one recorded and left; it is not connected yet. */
async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const key = { partition: device.key, memory: 'data' } as const;
  const recorder = new Recorder(link, key, time);
  const ringBytes = 2 ** 20;
  await recorder.arm([{ offset: 0x2000, length: 16 }], ringBytes);
  const { kept } = recorder;
  await link.leave();
  recorder.dispose();
  const memory = JSON.stringify([link.id, key.partition, key.memory]);
  const store = { kept: [{ memory, ...kept }] as unknown };
  const pool = new SessionPool(time);
  const failures: unknown[] = [];
  const services = {
    acquire: async (resource: typeof key) => pool.acquire(link, resource),
    boardLabel: () => 'Board',
    memoryName: () => 'Data memory',
    errorText: () => '',
    note: (error: unknown) => {
      failures.push(error);
      return toBoardError(error);
    },
  };
  const panels = new Emitter<never>();
  const log = { info: () => undefined };
  const provider = { services, documents: [], panels, onDidChangePanel: panels.event, log };
  const memento = {
    get: () => store.kept,
    update: async (_: string, value: unknown) => {
      store.kept = value;
    },
  };
  const open = () => new Recordings(provider as never, memento);
  const connect = async () => {
    await link.connect();
    await settle();
  };
  return { time, device, link, key, store, pool, failures, provider, open, connect };
}

describe('what an earlier window had recorded, and no tab shows', () => {
  test('[live-6] a person hears of it once the board is connected, and ends it', async () => {
    const { device, store, pool, failures, open, connect } = await setup();
    showInformationMessage.mockResolvedValue('End Recording');
    const recordings = open();
    await settle();
    expect(showInformationMessage).not.toHaveBeenCalled();
    await connect();
    expect(showInformationMessage).toHaveBeenCalledExactlyOnceWith(
      'Data memory of Board is still being recorded, and no tab shows it.',
      'Open Memory',
      'End Recording',
    );
    expect([device.recordings.size, store.kept]).toEqual([0, []]);
    recordings.dispose();
    expect([pool.sessions, failures]).toEqual([[], []]);
  });

  test('is opened in its tile', async () => {
    const { device, key, open, connect } = await setup();
    showInformationMessage.mockResolvedValue('Open Memory');
    open();
    await connect();
    const path = `/${key.partition}/data/2_2.aiemem`;
    expect(executeCommand).toHaveBeenCalledExactlyOnceWith('vscode.openWith', path, 'tilescope.hex');
    expect(device.recordings.size).toBe(1);
  });

  test('nothing is asked where a tab has it, or the board has it no more; what is gone is kept no longer', async () => {
    const { device, key, store, open, connect } = await setup();
    tabGroups.all = [{ tabs: [{ input: new FakeInput('board', `/${key.partition}/data/2_1.aiemem`) }] }];
    open().dispose();
    const recordings = open();
    await connect();
    expect(store.kept).toHaveLength(1);
    recordings.dispose();
    device.recordings.clear();
    open();
    await settle();
    expect(store.kept).toEqual([]);
    expect(showInformationMessage).not.toHaveBeenCalled();
  });
});

test('a board that was removed and added again records anew: what was recorded over the old link is over', async () => {
  const { time, device, link, key, pool, provider, open, connect } = await setup();
  await connect();
  const recordings = open();
  const documentOver = (over: BoardLink) => {
    const { session } = pool.acquire(over, key);
    return { session, panels: new Set() } as unknown as Parameters<typeof recordings.of>[0];
  };
  const panelOf = (document: ReturnType<typeof documentOver>) => {
    const panel = { document, showPast: () => undefined, showTimeline: () => undefined };
    document.panels.add(panel as never);
    return panel as never;
  };
  const before = documentOver(link);
  provider.panels.fire(panelOf(before));
  expect(recordings.of(before)?.isArmed).toBe(true);
  await link.disconnect();
  link.dispose();
  const again = new BoardLink('board', 'Board', device, time);
  await again.connect();
  const after = documentOver(again);
  expect(recordings.of(after)).toBeUndefined();
  expect(recordings.of(before)).toBeUndefined();
  recordings.dispose();
});
