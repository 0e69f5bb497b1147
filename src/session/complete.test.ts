import { describe, expect, test } from 'vitest';
import { unreadableState } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';

const never = new AbortController().signal;
const range = (offset: number, length: number): ByteRange => ({ offset, length });

async function setup(bytesPerTile = 8192) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, bytesPerTile);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await session.read(range(0, 608), never);
  device.reads.length = 0;
  return { device, link, session };
}

describe('[truth-19] what a gesture needs', () => {
  test('is read where it was not read yet, once, with progress in pieces', async () => {
    const { device, session } = await setup(1 << 20);
    const told: number[] = [];
    const all = range(0, 3 << 20);
    await session.complete(all, never, {
      onProgress: (bytes, of) => told.push(Math.round((100 * bytes) / of)),
    });
    expect(Buffer.compare(session.bytes(all).base, device.bytes.slice(0, 3 << 20))).toBe(0);
    expect(new Set(session.bytes(all).flags)).toEqual(new Set([1]));
    expect(device.reads.flat().reduce((sum, { length }) => sum + length, 0)).toBe((3 << 20) - 608);
    expect(device.reads.length).toBeGreaterThan(2);
    expect(told.at(-1)).toBe(100);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    device.reads.length = 0;
    await session.complete(all, never);
    expect(device.reads).toEqual([]);
  });

  test('needs no board where nothing is missing, and says that it is gone where something is', async () => {
    const { device, session } = await setup();
    device.lose();
    await session.complete(range(0, 608), never);
    await expect(session.complete(range(0, 609), never)).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('stays unreadable with its reason; only a read that ended early is tried again', async () => {
    const { device, session } = await setup();
    device.unreadable = [
      { offset: 1000, length: 4, reason: 'gated' },
      { offset: 2000, length: 4, reason: 'not-read' },
    ];
    await session.complete(range(0, 4096), never);
    device.reads.length = 0;
    device.unreadable = [];
    await session.complete(range(0, 4096), never);
    expect(device.reads).toEqual([[range(2000, 4)]]);
    expect(session.bytes(range(1000, 1)).flags[0]).toBe(unreadableState('gated'));
    expect(session.bytes(range(2000, 1)).flags[0]).toBe(1);
  });

  test('ends where it was cancelled; what was read stays', async () => {
    const { device, session } = await setup(1 << 20);
    const abort = new AbortController();
    let reads = 0;
    device.hook = (point) => {
      if (point === 'read-done' && ++reads === 2) abort.abort();
    };
    await expect(session.complete(range(0, 4 << 20), abort.signal)).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(session.state.lastError).toBeUndefined();
    expect(session.bytes(range(1000, 1)).flags[0]).toBe(1);
    expect(session.bytes(range(3 << 20, 1)).flags[0]).toBe(0);
  });

  test('is of one epoch: what is outdated is read with it, and a new epoch meanwhile ends it', async () => {
    const { device, session } = await setup(1 << 20);
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.epoch = 'epoch-2';
    device.bytes.fill(0x11);
    device.announce();
    await session.complete(range(0, 1024), never);
    expect(new Set(session.bytes(range(0, 1024)).bytes)).toEqual(new Set([0x11]));
    let reads = 0;
    device.hook = (point) => {
      if (point !== 'read-done' || ++reads !== 2) return;
      device.epoch = 'epoch-3';
      device.announce();
    };
    await expect(session.complete(range(0, 3 << 20), never)).rejects.toMatchObject({
      code: 'bytes-changed-hands',
    });
  });

  test('is not mixed with what came after the application, unless a person asked for that', async () => {
    const { device, session } = await setup();
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    device.ownerExits();
    const left = session.bytes(range(0, 608)).bytes;
    await session.complete(range(0, 608), never);
    await expect(session.complete(range(0, 1024), never)).rejects.toMatchObject({ code: 'bytes-left' });
    expect(device.reads).toEqual([]);
    expect(session.bytes(range(0, 608)).bytes).toEqual(left);
    await session.refresh(range(0, 16), never);
    await session.complete(range(0, 1024), never);
    expect(new Set(session.bytes(range(0, 1024)).bytes)).toEqual(new Set([0]));
  });

  test('is read for an editor that was opened after the end, where nothing of before is among it', async () => {
    const { device, session } = await setup();
    session.look('early', range(0, 16));
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    device.ownerExits();
    session.look('late', range(4096, 16));
    for (const [looker, wanted] of [
      ['early', range(4096, 1024)],
      ['late', range(0, 1024)],
    ] as const) {
      await expect(session.complete(wanted, never, { looker })).rejects.toMatchObject({ code: 'bytes-left' });
    }
    await session.complete(range(4096, 1024), never, { looker: 'late' });
    expect(new Set(session.bytes(range(4096, 1024)).bytes)).toEqual(new Set([0]));
  });
});

describe('what a board searches', () => {
  const one = { kind: 'bytes', values: Uint8Array.of(1), masks: Uint8Array.of(255) } as const;

  test('is not shown beside what an application left: nothing is asked of the board, and it is no question of a person', async () => {
    const { device, session } = await setup();
    session.look('early', range(0, 16));
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    device.ownerExits();
    session.look('late', range(4096, 16));
    for (const [looker, beside] of [
      ['early', range(4096, 1024)],
      ['late', range(0, 8192)],
    ] as const) {
      const finding = session.find([range(4096, 1024)], one, { looker, beside }, never);
      await expect(finding).rejects.toMatchObject({ code: 'bytes-left' });
    }
    await expect(session.readBeside([range(0, 1024)], 'early', never)).rejects.toMatchObject({
      code: 'bytes-left',
    });
    expect(session.state.epochEnd?.asked).toBe(false);
    expect(device.searches).toEqual([]);
    // The tab that was opened since reads what it shows.
    expect(device.reads.flat().every(({ offset }) => offset >= 4096)).toBe(true);
    await session.find([range(4096, 64)], one, { looker: 'late', beside: range(4096, 64) }, never);
    expect(device.searches).toHaveLength(1);
  });
});

describe('[truth-14] a byte that holds something else than was on screen', () => {
  const type = (session: MemorySession, offset: number, value: number, base: number, shown = base) =>
    session.stage('a', 'type', [
      {
        offset,
        bytes: Uint8Array.of(value),
        seen: { base: Uint8Array.of(base), shown: Uint8Array.of(shown) },
      },
    ]);

  test('is a conflict from the beginning, and is not written', async () => {
    const { device, session } = await setup();
    const before = device.bytes[10] ?? 0;
    device.bytes[10] = before ^ 0xff;
    await session.refresh(range(0, 64), never);
    type(session, 10, 0x5a, before);
    type(session, 11, 0x5b, device.bytes[11] ?? 0);
    expect(session.counts()).toEqual({ staged: 2, conflicts: 1 });
    await session.apply(range(0, 64), never);
    expect([...device.bytes.slice(10, 12)]).toEqual([before ^ 0xff, 0x5b]);
    session.keepMine(range(0, 64));
    await session.apply(range(0, 64), never);
    expect(device.bytes[10]).toBe(0x5a);
  });

  test('is none if it holds what was typed there and written since', async () => {
    const { device, session } = await setup();
    const before = device.bytes[10] ?? 0;
    type(session, 10, 0x5a, before);
    await session.apply(range(0, 64), never);
    type(session, 10, 0x5c, before, 0x5a);
    expect(session.counts()).toEqual({ staged: 1, conflicts: 0 });
    type(session, 10, 0x5d, before);
    expect(session.counts()).toEqual({ staged: 1, conflicts: 1 });
  });
});
