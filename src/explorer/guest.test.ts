import { beforeEach, expect, test, vi } from 'vitest';
import { Emitter } from '../model/event.ts';
import { BoardLink } from '../session/link.ts';
import { ManualTime, ScriptedDevice } from '../session/scripted-board.ts';
import type { GuestQuestion } from './partition-questions.ts';

vi.mock('vscode', () => ({
  env: { language: 'en' },
  l10n: {
    t: (message: string, ...args: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
  },
  window: { showWarningMessage: vi.fn() },
  EventEmitter: Emitter,
}));

const { GuestCommands } = await import('./guest.ts');

const never = new AbortController().signal;

/** The commands on a board whose partition a graph has and a holder holds, and what a person was asked. */
async function held() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.owner = { kind: 'process', pid: 1234, command: 'graph.elf', startedAt: 5 };
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  await link.hold(device.key, true, never);
  const asked: GuestQuestion['act'][] = [];
  const details: string[] = [];
  const quiet = () => ({ dispose: () => undefined });
  const boards = { onDidChange: quiet, onDidRefuseStart: quiet, entries: [] };
  const commands = new GuestCommands({ boards } as never);
  let answer = false;
  commands.confirm = async ({ act, detail }) => {
    asked.push(act);
    details.push(detail);
    return answer;
  };
  const entry = { id: 'board', config: { label: 'Board' }, link, kept: false } as never;
  const place = { entry, partition: device.key };
  return {
    device,
    link,
    asked,
    details,
    release: () => commands.release(place),
    agree: () => {
      answer = true;
    },
  };
}

let bench: Awaited<ReturnType<typeof held>>;
beforeEach(async () => {
  bench = await held();
});

test('[truth-21] a start that was refused is said with what to do first, and stays until it is closed', () => {
  const refused = new Emitter<unknown>();
  const warned: string[] = [];
  const boards = { onDidChange: () => ({ dispose: () => undefined }), onDidRefuseStart: refused.event };
  const failures = { warn: async (text: string) => warned.push(text) };
  const commands = new GuestCommands({ boards, failures } as never);
  const entry = { config: { label: 'Board' } };
  const columns = { startCol: 6, numCols: 4 };
  refused.fire({ entry, start: { columns, command: 'graph.elf', pid: 77 } });
  refused.fire({ entry, start: { columns, command: '', pid: 0 } });
  expect(warned).toEqual([
    'graph.elf (77) was refused because Tilescope was reading: start it again. Columns 6 to 9 of Board.',
    'An application was refused because Tilescope was reading: start it again. Columns 6 to 9 of Board.',
  ]);
  commands.dispose();
});

test('[attach-8] beside a living owner a hold ends without a question: nothing is lost', async () => {
  expect(await bench.release()).toBe(true);
  expect(bench.asked).toEqual([]);
  expect(bench.device.holder).toBeUndefined();
});

test('[attach-8] an owner that crashed since the last list: what it left is zeroed only after the question', async () => {
  const { device, link, asked } = bench;
  device.announcing = false;
  device.ownerExits();
  expect(link.partitions[0]?.ownerGone).toBe(false);
  const left = device.bytes.slice();
  expect(await bench.release()).toBe(false);
  expect(asked).toEqual(['release']);
  expect(device.holder).toBeDefined();
  expect(device.bytes).toEqual(left);
  bench.agree();
  expect(await bench.release()).toBe(true);
  expect(asked).toEqual(['release', 'release']);
  expect(device.holder).toBeUndefined();
});

test.each(['hidden', 'kernel'] as const)(
  '[truth-10] whether anybody else has it cannot be seen (%s): the question promises neither way',
  async (kind) => {
    const { device, asked, details } = bench;
    device.owner = { kind, pid: 0, command: '', startedAt: 0 };
    device.announce();
    expect(await bench.release()).toBe(false);
    expect(asked).toEqual(['release']);
    expect(details[0]).toContain('If nobody has, the driver resets them');
    expect(device.holder).toBeDefined();
  },
);

test('[attach-8] while the list cannot be asked for nothing is released', async () => {
  const { device } = bench;
  device.hook = (point) => {
    if (point === 'partitions') device.lose();
  };
  await expect(bench.release()).rejects.toMatchObject({ code: 'connection-lost' });
  expect(device.holder).toBeDefined();
});
