import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import type { MemoryResource } from '../model/resource.ts';
import { BoardLink } from '../session/link.ts';
import { MemorySession } from '../session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../session/scripted-board.ts';
import { UnreadableByte } from './errors.ts';
import { type FileClock, FileReads } from './file-reads.ts';

const never = new AbortController().signal;
const owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 } as const;
const tileBytes = 64 * 1024;

/** A connected session of a partition of two tiles, which may have an owner, and reads of its files. */
async function setup({ inUse = true, budget = 4096 }: { inUse?: boolean; budget?: number } = {}) {
  const time = new ManualTime();
  Object.assign(time, { liveBudget: () => budget });
  const device = new ScriptedDevice(time, tileBytes, { numCols: 2, numRows: 1 });
  if (inUse) device.owner = owner;
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  const reads = new FileReads(time);
  const whole: MemoryResource = { board: 'board', partition: device.key, memory: 'data' };
  const first: MemoryResource = { ...whole, tile: { col: 2, row: 1 } };
  const second: MemoryResource = { ...whole, tile: { col: 3, row: 1 } };
  return { time, device, link, session, reads, whole, first, second };
}

/** Lets time pass until the read is over; answers what became of it. */
async function ended<T>(time: ManualTime, read: Promise<T>): Promise<T> {
  let isOver = false;
  const over = read.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (!isOver) await time.pass(1000);
  return over;
}

describe('[hex-9] what a file has', () => {
  test('the bytes of the device, without staged edits, read for nobody and each once', async () => {
    const { time, device, session, reads, first, whole } = await setup();
    expect(await ended(time, reads.bytes(session, first))).toEqual(device.bytes.slice(0, tileBytes));
    expect(new Set(device.asked)).toEqual(new Set(['nobody']));
    expect(device.openedBy).toEqual(['nobody']);
    session.agreeBeside(session.occupant);
    session.stage('a', 'Type', [{ offset: 3, bytes: Uint8Array.of(0xee) }]);
    expect(await ended(time, reads.bytes(session, whole))).toEqual(device.bytes);
    const read = device.reads.flat().reduce((sum, { length }) => sum + length, 0);
    expect(read).toBe(device.bytes.length);
    await ended(time, reads.bytes(session, whole));
    expect(device.reads.flat().reduce((sum, { length }) => sum + length, 0)).toBe(read);
  });

  test('of bytes that are there already, too, it lets others work every few milliseconds', async () => {
    const { time, device, session, reads, whole } = await setup();
    await ended(time, reads.bytes(session, whole));
    let turns = 0;
    let looks = 0;
    const slow: FileClock = {
      // Each look at the clock is 3 ms after the one before.
      now: () => time.now() + 3 * ++looks,
      after: (milliseconds, done) => {
        if (milliseconds === 0) turns++;
        return time.after(milliseconds, done);
      },
    };
    expect(await ended(time, new FileReads(slow).bytes(session, whole))).toEqual(device.bytes);
    expect(turns).toBeGreaterThan(3);
  });

  test('the bytes that an editor shows, although the device holds others by now', async () => {
    const { time, device, session, reads, first } = await setup();
    await session.refresh({ offset: 0, length: 64 }, never);
    const shown = device.bytes.slice(0, tileBytes);
    device.bytes.fill(0xcc, 0, 64);
    expect(await ended(time, reads.bytes(session, first))).toEqual(shown);
  });

  test('bytes of two epochs are never in one answer', async () => {
    const { time, device, session, reads, first } = await setup();
    let count = 0;
    device.hook = (point) => {
      if (point !== 'read' || ++count !== 2) return;
      device.epoch = 'epoch-2';
      device.bytes.fill(0);
      device.announce();
    };
    const read = ended(time, reads.bytes(session, first));
    await expect(read).rejects.toMatchObject({ code: 'bytes-changed-hands' });
    device.hook = () => undefined;
    expect(await ended(time, reads.bytes(session, first))).toEqual(new Uint8Array(tileBytes));
  });

  test('a byte that cannot be read fails the file, with its place and the reason', async () => {
    const { time, device, session, reads, first, second } = await setup();
    device.unreadable = [{ offset: tileBytes + 0x4010, length: 4, reason: 'gated' }];
    const read = ended(time, reads.bytes(session, second));
    await expect(read).rejects.toEqual(new UnreadableByte({ col: 3, row: 1 }, 0x4010, 'gated'));
    expect(await ended(time, reads.bytes(session, first))).toHaveLength(tileBytes);
    device.unreadable = [];
    expect(await ended(time, reads.bytes(session, second))).toEqual(device.bytes.slice(tileBytes));
  });

  test('a lost connection fails it with its reason', async () => {
    const { time, device, session, reads, first } = await setup();
    device.lose(new BoardError('connection-lost', 'cut'));
    await expect(ended(time, reads.bytes(session, first))).rejects.toMatchObject({ code: 'connection-lost' });
    expect(device.reads).toEqual([]);
  });
});

describe('[hex-9] a free partition', () => {
  test('is not taken for a file; what a person had read of it is there', async () => {
    const { time, device, session, reads, first } = await setup({ inUse: false });
    await expect(ended(time, reads.bytes(session, first))).rejects.toMatchObject({ code: 'not-asked' });
    expect(device.reads).toEqual([]);
    expect(session.state.lastError).toBeUndefined();
    await session.refresh({ offset: 0, length: tileBytes }, never);
    device.asked.length = 0;
    expect(await ended(time, reads.bytes(session, first))).toEqual(device.bytes.slice(0, tileBytes));
    expect(device.asked).toEqual([]);
  });

  test('what its owner left is not taken for what comes after it', async () => {
    const { time, device, session, reads, first } = await setup();
    await ended(time, reads.bytes(session, first));
    const before = device.reads.length;
    device.ownerExits();
    await expect(ended(time, reads.bytes(session, first))).rejects.toMatchObject({ code: 'not-asked' });
    expect(device.reads).toHaveLength(before);
  });
});

describe('[hex-9] the read budget', () => {
  /** Words read so far. */
  const wordsOf = (device: ScriptedDevice): number =>
    device.reads.flat().reduce((sum, { length }) => sum + length / 4, 0);

  test('files are read no faster than it allows, however many are asked for', async () => {
    const { time, device, session, reads, first, second, whole } = await setup({ budget: 4096 });
    const all = Promise.all([first, second, whole].map((file) => reads.bytes(session, file)));
    for (let seconds = 0; seconds < 7; seconds++) {
      await time.pass(10);
      expect(wordsOf(device)).toBeLessThanOrEqual(4096 * (seconds + 1));
      await time.pass(990);
    }
    await ended(time, all);
    expect(wordsOf(device)).toBe(device.bytes.length / 4);
  });

  test('others that read by themselves get their part while it lasts, and all of it afterwards', async () => {
    const { time, link, session, reads, first } = await setup({ budget: 4096 });
    const share = link.budget.join(() => undefined);
    expect(share.words).toBe(4096);
    const read = reads.bytes(session, first);
    await time.pass(10);
    expect(share.words).toBe(2048);
    await ended(time, read);
    // What was read last is paid for first.
    await time.pass(3000);
    expect(share.words).toBe(4096);
  });

  test('files take turns: a small one does not wait for a large one', async () => {
    const { time, device, session, reads, whole, second } = await setup({ budget: 4096 });
    await ended(time, Promise.all([whole, second].map((file) => reads.bytes(session, file))));
    const begins = device.reads.flat().map(({ offset }) => offset);
    expect(begins.slice(0, 4)).toEqual([0, tileBytes, 0x4000, tileBytes + 0x4000]);
  });
});
