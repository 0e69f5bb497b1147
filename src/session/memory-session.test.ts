import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import { stateBits, unreadableState } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { SessionPool } from './pool.ts';
import { type HookPoint, ManualTime, ScriptedDevice, settle } from './scripted-board.ts';
import type { ByteEdit, WriteLogEntry } from './types.ts';

const never = new AbortController().signal;
const { known, staged, conflict, changed } = stateBits;
const gated = unreadableState('gated');

function parts() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  return { time, device, link, session };
}

/** A connected session that has read its first tile. */
async function setup() {
  const all = parts();
  await all.link.connect();
  await all.session.read(range(0, 8192), never);
  all.device.reads.length = 0;
  return all;
}

function range(offset: number, length: number): ByteRange {
  return { offset, length };
}

function put(offset: number, ...bytes: number[]): ByteEdit {
  return { offset, bytes: Uint8Array.from(bytes) };
}

function flagsAt(session: MemorySession, offset: number): number {
  return session.bytes(range(offset, 1)).flags[0] ?? 0;
}

function byteAt(session: MemorySession, offset: number): number {
  return session.bytes(range(offset, 1)).bytes[0] ?? -1;
}

/** Lets the next call of a point wait until it is opened. */
function gate(device: ScriptedDevice, point: HookPoint): { open(): void; reached: Promise<void> } {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  device.hook = (at) => {
    if (at !== point) return undefined;
    device.hook = () => undefined;
    arrive();
    return new Promise<void>((resolve) => {
      open = resolve;
    });
  };
  return { open: () => open(), reached };
}

describe('reading', () => {
  test('nothing is read, not even the layout, that nobody asked for', async () => {
    const { link, device, session } = parts();
    const points: HookPoint[] = [];
    device.hook = (point) => {
      points.push(point);
    };
    await link.connect();
    await settle();
    expect(points).toEqual(['connect', 'partitions']);
    await session.open(never);
    session.bytes(range(0, 4096));
    device.owner = { kind: 'process', pid: 3, command: 'graph', startedAt: 1 };
    device.announce();
    await settle();
    expect(device.reads).toEqual([]);
    await session.read(range(100, 20), never);
    expect(device.reads).toEqual([[range(100, 20)]]);
    await session.read(range(90, 20), never);
    expect(device.reads[1]).toEqual([range(90, 10)]);
  });

  test('the bytes are those of the device, at their buffer offsets', async () => {
    const { device, session } = await setup();
    const shown = session.bytes(range(4000, 300));
    expect(shown.bytes).toEqual(device.bytes.slice(4000, 4300));
    expect(shown.base).toEqual(shown.bytes);
    expect(new Set(shown.flags)).toEqual(new Set([known]));
    expect(session.bytes(range(8190, 4)).flags).toEqual(Uint8Array.of(known, known, 0, 0));
  });

  test('close runs are read together, distant ones are not', async () => {
    const { link, device, session } = parts();
    await link.connect();
    await session.read(range(0, 10), never);
    await session.read(range(100, 10), never);
    await session.read(range(2000, 10), never);
    device.reads.length = 0;
    await session.read(range(0, 120), never);
    expect(device.reads).toEqual([[range(10, 110)]]);
    await session.read(range(1000, 1), never);
    await session.read(range(3000, 1), never);
    device.reads.length = 0;
    await session.read(range(990, 20), never);
    expect(device.reads).toEqual([[range(990, 20)]]);
    device.reads.length = 0;
    await session.refresh(range(1500, 400), never);
    device.reads.length = 0;
    await session.read(range(1490, 420), never);
    expect(device.reads).toEqual([[range(1490, 10), range(1900, 10)]]);
  });

  test('a refresh marks what changed since the read before, and the next one takes the mark away', async () => {
    const { device, session } = await setup();
    device.bytes[5] = 0xee;
    await session.refresh(range(0, 16), never);
    expect(byteAt(session, 5)).toBe(0xee);
    expect(flagsAt(session, 5)).toBe(known | changed);
    expect(flagsAt(session, 6)).toBe(known);
    await session.refresh(range(0, 16), never);
    expect(flagsAt(session, 5)).toBe(known);
  });

  test('[main-22] unreadable spans keep their reason and are not asked for again by themselves', async () => {
    const { link, device, session } = parts();
    await link.connect();
    device.unreadable = [{ ...range(8, 8), reason: 'gated' }];
    await session.read(range(0, 32), never);
    expect(flagsAt(session, 8)).toBe(gated);
    expect(flagsAt(session, 16)).toBe(known);
    await session.read(range(0, 32), never);
    expect(device.reads).toHaveLength(1);
    device.unreadable = [];
    await session.refresh(range(0, 32), never);
    expect(flagsAt(session, 8)).toBe(known);
  });

  test('a read that was cut short says nothing against bytes that were read before', async () => {
    const { device, session } = await setup();
    device.unreadable = [{ ...range(0, 8), reason: 'not-read' }];
    await session.refresh(range(0, 16), never);
    expect(flagsAt(session, 0)).toBe(known);
    expect(byteAt(session, 3)).toBe(device.bytes[3]);
  });

  test('what is shown is read when it appears, and only that', async () => {
    const { link, device, session } = parts();
    await link.connect();
    session.look('doc', range(0, 64));
    session.look('other', range(9000, 64));
    await settle();
    expect(device.reads.flat()).toEqual([range(0, 64), range(9000, 64)]);
    session.look('doc', range(32, 64));
    session.look('other', undefined);
    await settle();
    expect(device.reads.flat().at(-1)).toEqual(range(64, 32));
  });

  test('a failed read of what is shown is told in the state and not repeated endlessly', async () => {
    const { link, device, session } = parts();
    await link.connect();
    let reads = 0;
    device.hook = (point) => {
      if (point !== 'read') return;
      reads++;
      throw new BoardError('busy', 'owned');
    };
    session.look('doc', range(0, 64));
    await settle();
    expect(session.state.lastError?.code).toBe('busy');
    expect(reads).toBe(1);
    device.hook = () => undefined;
    session.look('doc', range(0, 64));
    await settle();
    expect(session.state.lastError).toBeUndefined();
    expect(flagsAt(session, 0)).toBe(known);
  });

  test('[main-22] while what is shown is missing its reason stays, whoever takes the partition', async () => {
    const { link, device, session } = parts();
    await link.connect();
    device.hook = (point) => {
      if (point === 'read') throw new BoardError('owner-hidden', 'held by the kernel');
    };
    session.look('doc', range(0, 64));
    await settle();
    device.hook = () => undefined;
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    await settle();
    expect(device.reads).toEqual([]);
    expect(session.state.lastError?.code).toBe('owner-hidden');
    await session.refresh(range(0, 64), never);
    expect(session.state.lastError).toBeUndefined();
  });

  test('a long read shows its progress and can be cancelled', async () => {
    const { link, device, session } = parts();
    await link.connect();
    const seen = new Set<number | undefined>();
    session.onState(() => seen.add(session.state.readPercent));
    await session.read(range(0, 32_768), never);
    expect(seen).toContain(100);
    expect(session.state.reading).toBe(false);
    const held = gate(device, 'read');
    const controller = new AbortController();
    const reading = session.refresh(range(0, 32_768), controller.signal);
    await held.reached;
    expect(session.state.reading).toBe(true);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
    expect(session.state.lastError).toBeUndefined();
    held.open();
  });

  test('[main-22] a layout that was not learned in time is a failure in the state; asking again finds it', async () => {
    const { link, device, session } = parts();
    await link.connect();
    const held = gate(device, 'open');
    const limit = new AbortController();
    const opening = session.open(limit.signal);
    await held.reached;
    limit.abort(new DOMException('too late', 'TimeoutError'));
    await expect(opening).rejects.toMatchObject({ code: 'timeout' });
    expect(session.state.lastError).toMatchObject({ code: 'timeout' });
    // Nothing asks for the layout by itself: the reason stays until somebody does, whoever takes the partition.
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    device.announce();
    expect(session.state.lastError).toMatchObject({ code: 'timeout' });
    held.open();
    expect(await session.open(never)).toEqual(device.geometry);
  });

  test('a layout that no memory can have is refused', async () => {
    for (const change of [{ numCols: 0 }, { bytesPerTile: 1 << 29 }, { startRow: 0.5 }]) {
      const { link, device, session } = parts();
      await link.connect();
      const memory = (await link.open(device.key, never)).memories[0];
      if (memory === undefined) throw new Error('no memory');
      Reflect.set(memory, 'geometry', { ...device.geometry, ...change });
      await expect(session.open(never)).rejects.toMatchObject({ code: 'protocol' });
      expect(session.geometry).toBeUndefined();
    }
  });

  test('an answer about other ranges than were asked for is refused', async () => {
    const { device, session } = await setup();
    const memory = (await session.link.open(device.key, never)).memories[0];
    if (memory === undefined) throw new Error('no memory');
    memory.read = async () => ({ pieces: [], unreadable: [], at: 1, epoch: device.epoch });
    await expect(session.refresh(range(0, 4), never)).rejects.toMatchObject({ code: 'protocol' });
  });
});

describe('staging', () => {
  test('an edit lies over a base that stays live and is not on the device', async () => {
    const { device, session } = await setup();
    const before = device.bytes.slice();
    session.stage('a', 'type', [put(10, 0xaa, 0xbb)]);
    expect(session.bytes(range(10, 2)).bytes).toEqual(Uint8Array.of(0xaa, 0xbb));
    expect(session.bytes(range(10, 2)).base).toEqual(before.slice(10, 12));
    expect(flagsAt(session, 10)).toBe(known | staged);
    expect(session.counts()).toEqual({ staged: 2, conflicts: 0 });
    expect(session.counts(range(0, 11))).toEqual({ staged: 1, conflicts: 0 });
    expect(device.bytes).toEqual(before);
    expect(session.isDirty('a')).toBe(true);
  });

  test('later edits of a gesture win where they overlap, and one undo takes all of it back', async () => {
    const { session, device } = await setup();
    const gesture = session.stage('a', 'paste', [put(10, 1, 1, 1, 1), put(11, 2, 2), put(4094, 9, 9, 9, 9)]);
    expect(session.bytes(range(10, 4)).bytes).toEqual(Uint8Array.of(1, 2, 2, 1));
    expect(session.staged()).toEqual([range(10, 4), range(4094, 4)]);
    gesture.undo();
    expect(session.staged()).toEqual([]);
    expect(session.bytes(range(10, 4)).bytes).toEqual(device.bytes.slice(10, 14));
    expect(session.isDirty('a')).toBe(false);
    gesture.redo();
    expect(session.staged()).toEqual([range(10, 4), range(4094, 4)]);
  });

  test('a gesture of more runs than fit into the arguments of a call is reverted', async () => {
    const runs = 135_000;
    const time = new ManualTime();
    const device = new ScriptedDevice(time, runs);
    const link = new BoardLink('board', 'Board', device, time);
    await link.connect();
    const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    const { base } = (await session.read(range(0, 2 * runs), never), session.bytes(range(0, 2 * runs)));
    const edits = Array.from({ length: runs }, (_, i) => put(2 * i, (base[2 * i] ?? 0) ^ 1));
    session.stage('a', 'import', edits);
    session.revert('a');
    expect(session.counts().staged).toBe(0);
  });

  test('typing the byte that is there is no edit, but can be undone', async () => {
    const { session, device } = await setup();
    const same = device.bytes[10] ?? 0;
    session.stage('a', 'type', [put(10, same ^ 1)]);
    const gesture = session.stage('a', 'type', [put(10, same)]);
    expect(session.counts().staged).toBe(0);
    gesture.undo();
    expect(byteAt(session, 10)).toBe(same ^ 1);
    expect(session.counts().staged).toBe(1);
  });

  test('bytes that are unknown, unreadable or outside refuse the whole gesture and lose nothing', async () => {
    const { session, device } = await setup();
    device.unreadable = [{ ...range(100, 4), reason: 'gated' }];
    await session.refresh(range(96, 16), never);
    session.stage('a', 'type', [put(10, 1)]);
    const before = session.bytes(range(0, 200));
    const attempts = [
      { edit: put(9000, 1), code: 'bytes-unknown' },
      { edit: put(98, 1, 2, 3, 4), code: 'bytes-unreadable' },
      { edit: put(32_767, 1, 2), code: 'out-of-range' },
      { edit: put(-1, 1), code: 'out-of-range' },
      { edit: put(0.5, 1), code: 'out-of-range' },
    ];
    for (const { edit, code } of attempts) {
      expect(() => session.stage('a', 'type', [put(50, 7), edit])).toThrow(expect.objectContaining({ code }));
    }
    expect(session.bytes(range(0, 200))).toEqual(before);
    expect(session.counts().staged).toBe(1);
  });

  test('[main-19] staged from two tabs, undone in each, applied from one: the other is clean', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xa1)]);
    session.stage('b', 'type', [put(20, 0xb1)]);
    const undoneA = session.stage('a', 'type', [put(11, 0xa2)]);
    const undoneB = session.stage('b', 'type', [put(10, 0xb2)]);
    undoneA.undo();
    expect(byteAt(session, 10)).toBe(0xb2);
    undoneB.undo();
    expect(byteAt(session, 10)).toBe(0xa1);
    const clean: string[] = [];
    session.onDidSettle((documents) => clean.push(...documents));
    const report = await session.apply(range(0, 8192), never);
    expect(report).toMatchObject({ applied: 2, kept: 0 });
    expect(clean.sort()).toEqual(['a', 'b']);
    expect([session.isDirty('a'), session.isDirty('b')]).toEqual([false, false]);
    expect([device.bytes[10], device.bytes[11], device.bytes[20]]).toEqual([0xa1, (11 * 7) & 0xff, 0xb1]);
  });

  test('undo and redo keep their place under what the other tab typed later', async () => {
    const { session } = await setup();
    const a = session.stage('a', 'type', [put(10, 1)]);
    const b = session.stage('b', 'type', [put(10, 2)]);
    a.undo();
    expect(byteAt(session, 10)).toBe(2);
    a.redo();
    expect(byteAt(session, 10)).toBe(2);
    b.undo();
    expect(byteAt(session, 10)).toBe(1);
  });

  test('[main-19] a byte that changes under a staged edit is a conflict, until it changes back', async () => {
    const { session, device } = await setup();
    const before = device.bytes[10] ?? 0;
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.bytes[10] = 0x55;
    await session.refresh(range(0, 16), never);
    expect(flagsAt(session, 10)).toBe(known | staged | conflict | changed);
    expect(byteAt(session, 10)).toBe(0xaa);
    expect(session.conflicts()).toEqual([range(10, 1)]);
    device.bytes[10] = before;
    await session.refresh(range(0, 16), never);
    expect(session.counts()).toEqual({ staged: 1, conflicts: 0 });
  });

  test('reverting a document leaves the edits of the other', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 1), put(30, 3)]);
    session.stage('b', 'type', [put(10, 2)]);
    const clean: string[] = [];
    session.onDidSettle((documents) => clean.push(...documents));
    session.revert('b');
    expect(byteAt(session, 10)).toBe(1);
    expect(clean).toEqual(['b']);
    session.revert('a');
    expect(session.counts().staged).toBe(0);
    expect(byteAt(session, 10)).toBe(device.bytes[10]);
    expect(clean).toEqual(['b', 'a']);
  });

  test('reverting after an apply goes back to what was applied, undo included', async () => {
    const { session, device } = await setup();
    const first = session.stage('a', 'type', [put(10, 1)]);
    await session.apply(range(0, 64), never);
    first.undo();
    session.stage('a', 'type', [put(11, 2)]);
    session.revert('a');
    expect(session.counts().staged).toBe(0);
    expect(byteAt(session, 10)).toBe(1);
    expect(device.bytes[10]).toBe(1);
    first.undo();
    expect(session.staged()).toEqual([range(10, 1)]);
  });

  test("discarding a range drops every tab's edits there, and their undo does nothing any more", async () => {
    const { session, device } = await setup();
    const gesture = session.stage('a', 'type', [put(10, 1, 2)]);
    session.stage('b', 'type', [put(11, 3)]);
    session.discard('b', 'discard', range(11, 5));
    expect(session.staged()).toEqual([range(10, 1)]);
    expect(session.isDirty('b')).toBe(false);
    gesture.undo();
    gesture.redo();
    expect(session.staged()).toEqual([range(10, 1)]);
    expect(byteAt(session, 11)).toBe(device.bytes[11]);
  });

  test('[truth-15] a discard is one gesture: undone, everything lies in its order again, redone, it is gone', async () => {
    const { session } = await setup();
    const first = session.stage('a', 'type', [put(10, 1, 1)]);
    session.stage('b', 'type', [put(11, 2)]);
    expect([...session.unwritten(range(0, 64))]).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const settled: string[] = [];
    session.onDidSettle((clean) => settled.push(...clean));
    const discard = session.discard('a', 'discard', range(0, 64));
    expect(session.discard('a', 'discard', range(0, 64))).toBeUndefined();
    expect(settled.sort()).toEqual(['a', 'b']);
    session.stage('b', 'type', [put(10, 3)]);
    discard?.undo();
    expect(session.bytes(range(10, 2)).bytes).toEqual(Uint8Array.of(3, 2));
    expect([session.isDirty('a'), session.isDirty('b')]).toEqual([true, true]);
    first.undo();
    expect(session.staged()).toEqual([range(10, 2)]);
    first.redo();
    discard?.redo();
    expect(session.staged(), 'what was typed since stays').toEqual([range(10, 1)]);
    expect(byteAt(session, 10)).toBe(3);
    expect([session.isDirty('a'), session.isDirty('b')]).toEqual([false, true]);
    discard?.undo();
    expect(session.bytes(range(10, 2)).bytes).toEqual(Uint8Array.of(3, 2));
  });

  test('[truth-15] the redo of a discard drops what it dropped first, not what another tab staged there since', async () => {
    const { session, device } = await setup();
    const [held] = device.bytes.slice(10);
    session.stage('a', 'type', [put(10, 1, 1)]);
    const discard = session.discard('a', 'discard', range(0, 64));
    discard?.undo();
    const later = session.stage('b', 'type', [put(11, 2, 2)]);
    discard?.redo();
    expect(session.staged()).toEqual([range(11, 2)]);
    expect(session.bytes(range(10, 3)).bytes).toEqual(Uint8Array.of(held ?? 0, 2, 2));
    expect([session.isDirty('a'), session.isDirty('b')]).toEqual([false, true]);
    discard?.undo();
    later.undo();
    expect(session.bytes(range(10, 2)).bytes).toEqual(Uint8Array.of(1, 1));
    expect(session.staged()).toEqual([range(10, 2)]);
    later.redo();
    // What was written meanwhile is no edit any more.
    await session.apply(range(11, 2), never);
    discard?.redo();
    expect(session.counts().staged).toBe(0);
    expect(session.bytes(range(10, 3)).bytes).toEqual(Uint8Array.of(held ?? 0, 2, 2));
  });

  test("[truth-15] taking the board's bytes is one gesture too, of all tabs that staged over them", async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 1), put(20, 1)]);
    session.stage('b', 'type', [put(11, 2)]);
    device.bytes[10] = 0x70;
    device.bytes[11] = 0x71;
    await session.refresh(range(0, 64), never);
    const taken = session.takeTheirs('a', 'take', range(0, 64));
    expect(session.bytes(range(10, 2)).bytes).toEqual(Uint8Array.of(0x70, 0x71));
    expect(session.staged()).toEqual([range(20, 1)]);
    expect(session.takeTheirs('a', 'take', range(0, 64))).toBeUndefined();
    taken?.undo();
    expect(session.conflicts()).toEqual([range(10, 2)]);
    expect(session.isDirty('b')).toBe(true);
    session.stage('b', 'type', [put(10, 3)]);
    device.bytes[10] = 0x72;
    await session.refresh(range(0, 64), never);
    taken?.redo();
    expect(session.staged(), 'a conflict that came since').toEqual([range(10, 1), range(20, 1)]);
    expect(device.writes).toEqual([]);
  });

  test('[truth-15] the undo of a discard does not bring back what was written, reverted or closed since', async () => {
    const { session } = await setup();
    session.stage('a', 'type', [put(10, 1, 1, 1)]);
    session.stage('b', 'type', [put(13, 2)]);
    session.stage('c', 'type', [put(14, 3)]);
    const discard = session.discard('a', 'discard', range(0, 64));
    session.stage('b', 'type', [put(11, 7)]);
    await session.apply(range(0, 64), never);
    session.revert('b');
    session.closeDocument('c');
    session.stage('c', 'type', [put(20, 4)]);
    discard?.undo();
    expect(session.staged()).toEqual([range(10, 1), range(12, 1), range(20, 1)]);
    expect(byteAt(session, 11)).toBe(7);
    expect(session.isDirty('b')).toBe(false);
  });

  test('closing a document drops its edits; the last one leaves nothing behind', async () => {
    const { session } = await setup();
    const gesture = session.stage('a', 'type', [put(10, 1)]);
    session.closeDocument('a');
    expect(session.counts().staged).toBe(0);
    session.stage('b', 'type', [put(12, 1)]);
    gesture.redo();
    expect(session.staged()).toEqual([range(12, 1)]);
  });
});

describe('[main-20] applying', () => {
  test('writes exactly the staged bytes of the range, in one request, with what was seen', async () => {
    const { session, device } = await setup();
    const before = device.bytes.slice();
    session.stage('a', 'type', [put(10, 0xaa, 0xbb)]);
    session.stage('b', 'type', [put(4095, 1, 2)]);
    session.stage('a', 'type', [put(8000, 9)]);
    const report = await session.apply(range(0, 5000), never);
    expect(device.writes).toEqual([
      [
        { offset: 10, seen: before.slice(10, 12), bytes: Uint8Array.of(0xaa, 0xbb) },
        { offset: 4095, seen: before.slice(4095, 4097), bytes: Uint8Array.of(1, 2) },
      ],
    ]);
    expect(report.spans).toEqual([
      { offset: 10, length: 2, outcome: 'verified' },
      { offset: 4095, length: 2, outcome: 'verified' },
    ]);
    before.set([0xaa, 0xbb], 10);
    before.set([1, 2], 4095);
    expect(device.bytes).toEqual(before);
    expect(session.staged()).toEqual([range(8000, 1)]);
    expect(flagsAt(session, 10)).toBe(known);
    expect([session.isDirty('a'), session.isDirty('b')]).toEqual([true, false]);
  });

  test('nothing staged: no request', async () => {
    const { session, device } = await setup();
    const settled: string[] = [];
    session.onDidSettle((documents) => settled.push(...documents));
    session.stage('a', 'type', [put(10, 0xaa)]);
    session.stage('a', 'type', [put(10, device.bytes[10] ?? 0)]);
    expect(session.isDirty('a')).toBe(false);
    const report = await session.apply(range(0, 64), never);
    expect(report).toEqual({ spans: [], applied: 0, kept: 0 });
    expect(device.writes).toEqual([]);
    expect(settled).toEqual(['a']);
    device.bytes[10] = 0x55;
    await session.refresh(range(0, 64), never);
    expect(session.counts()).toEqual({ staged: 0, conflicts: 0 });
  });

  test('partial failures keep what was not written, with marks', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa, 0xab, 0xac, 0xad)]);
    device.bytes[11] = 0x77;
    device.unreadable = [{ ...range(13, 1), reason: 'gated' }];
    const report = await session.apply(range(0, 64), never);
    expect(report.spans).toEqual([
      { offset: 10, length: 1, outcome: 'verified' },
      { offset: 11, length: 1, outcome: 'conflict' },
      { offset: 12, length: 1, outcome: 'verified' },
      { offset: 13, length: 1, outcome: 'refused', reason: 'gated' },
    ]);
    expect(report).toMatchObject({ applied: 2, kept: 2 });
    expect(session.staged()).toEqual([range(11, 1), range(13, 1)]);
    expect(flagsAt(session, 11)).toBe(known | staged | conflict);
    expect(session.bytes(range(11, 1)).base[0]).toBe(0x77);
    expect(flagsAt(session, 13)).toBe(gated | staged);
    expect(device.bytes[11]).toBe(0x77);
    expect(session.isDirty('a')).toBe(true);
  });

  test('a conflict is resolved for mine or for theirs', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa, 0xab)]);
    device.bytes.set([1, 2], 10);
    await session.refresh(range(0, 64), never);
    session.keepMine(range(10, 1));
    session.takeTheirs('a', 'take', range(11, 1));
    expect(session.counts()).toEqual({ staged: 1, conflicts: 0 });
    await session.apply(range(0, 64), never);
    expect(device.bytes.slice(10, 12)).toEqual(Uint8Array.of(0xaa, 2));
    expect(session.isDirty('a')).toBe(false);
  });

  test('undo after an apply stages the old value and writes nothing', async () => {
    const { session, device } = await setup();
    const old = device.bytes[10] ?? 0;
    const gesture = session.stage('a', 'type', [put(10, 0xaa)]);
    await session.apply(range(0, 64), never);
    gesture.undo();
    expect(byteAt(session, 10)).toBe(old);
    expect(flagsAt(session, 10)).toBe(known | staged);
    expect(session.isDirty('a')).toBe(true);
    expect(device.bytes[10]).toBe(0xaa);
    gesture.redo();
    expect(session.counts().staged).toBe(0);
    gesture.undo();
    await session.apply(range(0, 64), never);
    expect(device.bytes[10]).toBe(old);
    expect(session.isDirty('a')).toBe(false);
  });

  test('undo after an apply conflicts where the device no longer holds what was applied', async () => {
    const { session, device } = await setup();
    const gesture = session.stage('a', 'type', [put(10, 0xaa)]);
    await session.apply(range(0, 64), never);
    device.bytes[10] = 0x33;
    await session.refresh(range(0, 64), never);
    expect(session.counts().staged).toBe(0);
    gesture.undo();
    expect(session.counts()).toEqual({ staged: 1, conflicts: 1 });
  });

  test('edits typed and undone while it runs are kept', async () => {
    const { session, device } = await setup();
    const old = device.bytes.slice(10, 14);
    const undone = session.stage('a', 'type', [put(10, 1, 1, 1)]);
    const held = gate(device, 'write-done');
    const applying = session.apply(range(0, 64), never);
    await held.reached;
    undone.undo();
    session.stage('a', 'type', [put(11, 2)]);
    session.stage('b', 'type', [put(13, 3)]);
    held.open();
    await applying;
    expect(device.bytes.slice(10, 14)).toEqual(Uint8Array.of(1, 1, 1, old[3] ?? 0));
    expect(session.bytes(range(10, 4)).bytes).toEqual(Uint8Array.of(old[0] ?? 0, 2, old[2] ?? 0, 3));
    expect(session.counts()).toEqual({ staged: 4, conflicts: 0 });
  });

  test('discarding while it runs shows what was written, clean', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 1)]);
    const held = gate(device, 'write-done');
    const applying = session.apply(range(0, 64), never);
    await held.reached;
    session.discard('a', 'discard', range(0, 64));
    held.open();
    await applying;
    expect(byteAt(session, 10)).toBe(1);
    expect(session.counts().staged).toBe(0);
    expect(session.isDirty('a')).toBe(false);
  });

  test('a read that was under way does not put older bytes over what was written', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    const held = gate(device, 'read-done');
    const reading = session.refresh(range(0, 64), never);
    await held.reached;
    await session.apply(range(0, 64), never);
    held.open();
    await reading;
    expect(byteAt(session, 10)).toBe(0xaa);
    expect(session.counts().staged).toBe(0);
  });

  test('two at once run one after the other', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 1)]);
    const held = gate(device, 'write');
    const first = session.apply(range(0, 64), never);
    const second = session.apply(range(0, 64), never);
    await held.reached;
    session.stage('a', 'type', [put(20, 2)]);
    held.open();
    expect((await first).spans).toEqual([{ offset: 10, length: 1, outcome: 'verified' }]);
    expect((await second).spans).toEqual([{ offset: 20, length: 1, outcome: 'verified' }]);
  });

  test('a failed one does not keep the next from running', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 1)]);
    device.hook = (point) => {
      device.hook = () => undefined;
      if (point === 'write') throw new BoardError('busy', 'owned');
    };
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'busy' });
    expect(session.counts().staged).toBe(1);
    expect(flagsAt(session, 10)).toBe(known | staged);
    await expect(session.apply(range(0, 64), never)).resolves.toMatchObject({ applied: 1 });
  });

  test('every write is logged with when, where, old and new', async () => {
    const { session, device, time } = await setup();
    const entries: WriteLogEntry[] = [];
    session.onDidWrite((entry) => entries.push(entry));
    const before = device.bytes.slice(10, 12);
    session.stage('a', 'type', [put(10, 1, 2)]);
    await session.apply(range(0, 64), never);
    const expected = { at: time.now(), offset: 10, before, after: Uint8Array.of(1, 2), outcome: 'verified' };
    expect(entries).toEqual([expected]);
    expect(session.writeLog).toEqual([expected]);
    const hex = [...before].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
    const where = 'data memory of partition 2_2, buffer offset 0xA';
    expect(time.said).toEqual([`Board: write: ${where}, 2 bytes, verified: ${hex} -> 01 02`]);
  });

  test('a write of very many runs does not flood the log that a person reads', async () => {
    const { session, time } = await setup();
    session.stage(
      'a',
      'paste',
      Array.from({ length: 300 }, (_, i) => put(4 * i, 0xaa)),
    );
    const { applied } = await session.apply(range(0, 8192), never);
    expect(session.writeLog).toHaveLength(applied);
    expect(time.said).toHaveLength(101);
    expect(time.said.at(-1)).toBe(`Board: write: ${applied - 100} more runs`);
  });

  test('a report that does not cover the written bytes is not believed', async () => {
    const { session, device } = await setup();
    const memory = (await session.link.open(device.key, never)).memories[0];
    if (memory === undefined) throw new Error('no memory');
    memory.write = async () => ({ spans: [], at: 1, epoch: device.epoch });
    session.stage('a', 'type', [put(10, 1)]);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'protocol' });
    expect(session.counts().staged).toBe(1);
    expect(flagsAt(session, 10) & known).toBe(0);
  });

  for (const code of ['no-device', 'connection-lost', 'protocol', 'driver'] as const) {
    test(`[main-20] "${code}" in the middle: what was written is not known, and is logged`, async () => {
      const { session, device } = await setup();
      session.stage('a', 'type', [put(10, 0xaa), put(20, 0xbb)]);
      device.hook = (point) => {
        if (point === 'write-half') throw new BoardError(code, 'in the middle');
      };
      await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code });
      device.hook = () => undefined;
      expect(session.writeLog.map(({ offset, outcome }) => [offset, outcome])).toEqual([
        [10, 'unknown'],
        [20, 'unknown'],
      ]);
      await session.refresh(range(0, 64), never);
      expect(session.writeLog.slice(2).map(({ offset, outcome }) => [offset, outcome])).toEqual([
        [10, 'verified'],
      ]);
      expect(session.staged()).toEqual([range(20, 1)]);
    });
  }

  for (const code of [
    'epoch',
    'locked',
    'busy',
    'out-of-range',
    'permission',
    'owner-hidden',
    'columns-taken',
    'no-partition',
    'unknown-driver',
  ] as const) {
    test(`[main-20] "${code}" wrote nothing: nothing is logged, the bytes stay known`, async () => {
      const { session, device } = await setup();
      session.stage('a', 'type', [put(10, 0xaa)]);
      device.hook = (point) => {
        if (point === 'write') throw new BoardError(code, 'refused');
      };
      await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code });
      expect(session.writeLog).toEqual([]);
      expect(flagsAt(session, 10) & ~stateBits.stale).toBe(known | staged);
    });
  }

  test('[main-20] an access that faulted may have been the read-back: the next read tells', async () => {
    const { session, device } = await setup();
    const memory = (await session.link.open(device.key, never)).memories[0];
    if (memory === undefined) throw new Error('no memory');
    session.stage('a', 'type', [put(10, 0xaa, 0xbb)]);
    memory.write = async () => {
      device.bytes[10] = 0xaa;
      const now = new Uint8Array(2);
      const span = { ...range(10, 2), outcome: 'unreadable', reason: 'bus-error', now } as const;
      return { spans: [span], at: 1, epoch: device.epoch };
    };
    const report = await session.apply(range(0, 64), never);
    expect(report).toMatchObject({ applied: 0, kept: 2 });
    expect(session.writeLog).toMatchObject([
      { offset: 10, outcome: 'unknown', after: Uint8Array.of(0xaa, 0xbb) },
    ]);
    await session.refresh(range(0, 64), never);
    expect(session.staged()).toEqual([range(11, 1)]);
    expect(session.writeLog).toMatchObject([
      { outcome: 'unknown' },
      { offset: 10, outcome: 'verified', after: Uint8Array.of(0xaa) },
    ]);
  });
});

describe('two windows on one board', () => {
  test('[truth-19] what one writes under what the other staged is a conflict, and both keep their edits', async () => {
    const { device, session: first, time } = await setup();
    const link = new BoardLink('board', 'Board', device, time);
    await link.connect();
    const second = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    await second.read(range(0, 64), never);
    first.stage('a', 'type', [put(10, 1), put(11, 2)]);
    second.stage('b', 'type', [put(11, 3), put(12, 4)]);
    await first.apply(range(0, 64), never);
    expect(await second.apply(range(0, 64), never)).toMatchObject({ applied: 1, kept: 1 });
    expect([...device.bytes.slice(10, 13)]).toEqual([1, 2, 4]);
    expect(second.conflicts()).toEqual([range(11, 1)]);
    expect(byteAt(second, 11)).toBe(3);
    await first.refresh(range(0, 64), never);
    expect(first.counts()).toEqual({ staged: 0, conflicts: 0 });
    second.keepMine(range(0, 64));
    await second.apply(range(0, 64), never);
    expect(device.bytes[11]).toBe(3);
  });
});

describe('[main-19] epochs', () => {
  test('a new epoch refuses the apply before anything is sent; re-basing shows conflicts', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa), put(20, 0xbb)]);
    device.epoch = 'epoch-2';
    device.bytes[20] = 0x11;
    device.announce();
    expect(session.state).toMatchObject({ epochChanged: true, stale: true });
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    expect(device.writes).toEqual([]);
    expect(session.counts().staged).toBe(2);
    device.reads.length = 0;
    await session.rebase(never);
    expect(device.reads).toEqual([[range(10, 11)]]);
    expect(session.state.epochChanged).toBe(false);
    expect(session.conflicts()).toEqual([range(20, 1)]);
    const report = await session.apply(range(0, 64), never);
    expect(report).toMatchObject({ applied: 1, kept: 1 });
  });

  test('the board refuses an epoch of which nobody had heard; nothing is lost', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.epoch = 'epoch-2';
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    expect(session.state).toMatchObject({ epochChanged: true, stale: true });
    expect(session.counts().staged).toBe(1);
    await session.rebase(never);
    await expect(session.apply(range(0, 64), never)).resolves.toMatchObject({ applied: 1 });
  });

  test('a read learns of a new epoch by itself; without staged edits nothing needs re-basing', async () => {
    const { session, device } = await setup();
    device.epoch = 'epoch-2';
    await session.refresh(range(0, 64), never);
    expect(session.state).toMatchObject({ epochChanged: false, stale: true });
    expect(session.isStale(range(0, 64))).toBe(false);
    expect(session.isStale(range(60, 64))).toBe(true);
    await session.refresh(range(0, 8192), never);
    expect(session.isStale(range(0, 8192))).toBe(false);
    expect(session.state.stale).toBe(false);
    session.stage('a', 'type', [put(10, 0xaa)]);
    await session.apply(range(0, 64), never);
    expect(device.bytes[10]).toBe(0xaa);
  });

  test('a board that reboots while edits are re-based is read once more', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.epoch = 'epoch-2';
    device.announce();
    const held = gate(device, 'read-done');
    device.reads.length = 0;
    const rebasing = session.rebase(never);
    await held.reached;
    device.epoch = 'epoch-3';
    device.bytes[10] = 0x33;
    device.announce();
    held.open();
    await rebasing;
    expect(device.reads).toEqual([[range(10, 1)], [range(10, 1)]]);
    expect(session.state.epochChanged).toBe(false);
    expect(session.conflicts()).toEqual([range(10, 1)]);
  });

  test('re-basing that could not read every byte again changes nothing', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa), put(20, 0xbb)]);
    device.epoch = 'epoch-2';
    device.announce();
    device.unreadable = [{ ...range(20, 1), reason: 'not-read' }];
    await expect(session.rebase(never)).rejects.toMatchObject({ code: 'epoch' });
    expect(session.state.epochChanged).toBe(true);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    device.unreadable = [];
    await session.rebase(never);
    expect(session.state.epochChanged).toBe(false);
  });

  test('[main-22] what could not be read is as outdated as what could', async () => {
    const { link, session, device } = parts();
    await link.connect();
    device.unreadable = [{ ...range(0, 64), reason: 'gated' }];
    await session.read(range(0, 64), never);
    expect(session.isStale(range(0, 64))).toBe(false);
    device.epoch = 'epoch-2';
    device.announce();
    expect(session.isStale(range(0, 64))).toBe(true);
    expect(flagsAt(session, 0)).toBe(gated | stateBits.stale);
    await session.refresh(range(0, 64), never);
    expect(session.isStale(range(0, 64))).toBe(false);
    expect(session.state.stale).toBe(false);
  });

  test('an edit typed over bytes of the earlier epoch has to be re-based', async () => {
    const { session, device } = await setup();
    device.epoch = 'epoch-2';
    device.announce();
    session.stage('a', 'type', [put(10, 0xaa)]);
    expect(session.state.epochChanged).toBe(true);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
  });

  test('what was written in an epoch that ended meanwhile says nothing about the new one', async () => {
    const { session, device } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    const held = gate(device, 'write-done');
    const applying = session.apply(range(0, 64), never);
    await held.reached;
    device.epoch = 'epoch-2';
    device.announce();
    await session.refresh(range(0, 10), never);
    held.open();
    await applying;
    expect(session.isStale(range(0, 10))).toBe(false);
    expect(session.isStale(range(10, 1))).toBe(true);
  });

  test('a late answer of the earlier epoch does not bring it back', async () => {
    const { session, device } = await setup();
    const held = gate(device, 'read-done');
    const reading = session.refresh(range(0, 64), never);
    await held.reached;
    device.epoch = 'epoch-2';
    device.announce();
    held.open();
    await reading;
    expect(session.state.stale).toBe(true);
    const gesture = session.stage('a', 'type', [put(10, 0xaa)]);
    expect(session.state.epochChanged).toBe(true);
    gesture.undo();
    await session.refresh(range(0, 8192), never);
    expect(session.state.stale).toBe(false);
  });
});

describe('[main-22] losing the board', () => {
  test('bytes stay as last known, marked stale; staged edits stay; both return to life', async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    const before = session.bytes(range(0, 8192));
    device.lose();
    expect(session.state).toMatchObject({ stale: true, link: { kind: 'offline' } });
    expect(session.bytes(range(0, 8192))).toEqual(before);
    session.stage('a', 'type', [put(11, 0xbb)]);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'connection-lost' });
    expect(session.counts().staged).toBe(2);
    time.advance(1000);
    await settle();
    expect(session.state).toMatchObject({ stale: false, link: { kind: 'connected' } });
    await session.apply(range(0, 64), never);
    expect(device.bytes.slice(10, 12)).toEqual(Uint8Array.of(0xaa, 0xbb));
  });

  test('[main-20] a way that cannot write any more is found out before anything is sent', async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.lose();
    device.writable = false;
    time.advance(1000);
    await settle();
    expect(session.state).toMatchObject({ policy: 'staged', link: { kind: 'connected' } });
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'locked' });
    expect(device.writes).toEqual([]);
    expect(session.state.policy).toBe('locked');
    expect(session.counts().staged).toBe(1);
  });

  test("a reboot behind the loss refuses yesterday's edits", async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.lose();
    device.epoch = 'epoch-2';
    time.advance(1000);
    await settle();
    expect(session.state.epochChanged).toBe(true);
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'epoch' });
    expect(device.writes).toEqual([]);
  });

  for (const point of ['write', 'write-half', 'write-done'] as const) {
    test(`lost at "${point}": everything stays staged, the next read tells what was written`, async () => {
      const { session, device, time } = await setup();
      const before = device.bytes.slice(10, 22);
      session.stage('a', 'type', [put(10, 0xaa)]);
      session.stage('b', 'type', [put(20, 0xbb)]);
      const settled: string[] = [];
      session.onDidSettle((documents) => settled.push(...documents));
      device.hook = (at) => {
        if (at === point) device.lose();
      };
      await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'connection-lost' });
      device.hook = () => undefined;
      expect(session.counts()).toEqual({ staged: 2, conflicts: 0 });
      expect([flagsAt(session, 10), flagsAt(session, 20)]).toEqual([staged, staged]);
      expect([session.isDirty('a'), session.isDirty('b')]).toEqual([true, true]);
      expect(session.writeLog.map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
      time.advance(1000);
      await settle();
      await session.refresh(range(0, 64), never);
      const done = point === 'write' ? 0 : point === 'write-half' ? 1 : 2;
      expect(session.counts()).toEqual({ staged: 2 - done, conflicts: 0 });
      expect(settled.sort()).toEqual(['a', 'b'].slice(0, done));
      expect(session.isDirty('b')).toBe(done < 2);
      expect(device.bytes[10]).toBe(done > 0 ? 0xaa : before[0]);
      await session.apply(range(0, 64), never);
      expect([device.bytes[10], device.bytes[20]]).toEqual([0xaa, 0xbb]);
      expect(session.counts().staged).toBe(0);
    });

    test(`lost at "${point}" and applied again without a read: ends with the same bytes`, async () => {
      const { session, device, time } = await setup();
      session.stage('a', 'type', [put(10, 0xaa)]);
      session.stage('a', 'type', [put(20, 0xbb)]);
      device.hook = (at) => {
        if (at === point) device.lose();
      };
      await expect(session.apply(range(0, 64), never)).rejects.toBeInstanceOf(BoardError);
      device.hook = () => undefined;
      time.advance(1000);
      await settle();
      await expect(session.apply(range(0, 64), never)).resolves.toMatchObject({ applied: 2, kept: 0 });
      expect([device.bytes[10], device.bytes[20]]).toEqual([0xaa, 0xbb]);
      expect(session.isDirty('a')).toBe(false);
    });
  }

  test('undone before it is known what was written: what was written is no conflict', async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 1)]);
    const second = session.stage('a', 'type', [put(10, 2)]);
    device.hook = (at) => {
      if (at === 'write-done') device.lose();
    };
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'connection-lost' });
    device.hook = () => undefined;
    second.undo();
    time.advance(1000);
    await settle();
    await session.refresh(range(0, 64), never);
    expect(session.bytes(range(10, 1))).toMatchObject({ base: Uint8Array.of(2), bytes: Uint8Array.of(1) });
    expect(session.counts()).toEqual({ staged: 1, conflicts: 0 });
  });

  test('a new epoch says nothing about what was written in the one before', async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 0xaa)]);
    device.hook = (at) => {
      if (at === 'write') device.lose();
    };
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'connection-lost' });
    device.hook = () => undefined;
    device.epoch = 'epoch-2';
    device.bytes[10] = 0xaa;
    time.advance(1000);
    await settle();
    await session.refresh(range(0, 64), never);
    expect(session.writeLog.map(({ outcome }) => outcome)).toEqual(['unknown']);
    device.bytes[10] = 0x33;
    await session.refresh(range(0, 64), never);
    expect(session.counts()).toEqual({ staged: 1, conflicts: 1 });
  });

  for (const point of ['open', 'read', 'read-done'] as const) {
    test(`lost at "${point}": the read fails in words, what was known stays`, async () => {
      const { link, device, session, time } = parts();
      await link.connect();
      if (point !== 'open') await session.read(range(0, 32), never);
      device.hook = (at) => {
        if (at === point) device.lose();
      };
      await expect(session.refresh(range(0, 64), never)).rejects.toMatchObject({ code: 'connection-lost' });
      device.hook = () => undefined;
      expect(session.state.reading).toBe(false);
      expect(session.state.lastError?.code).toBe('connection-lost');
      if (point !== 'open') expect(byteAt(session, 3)).toBe(device.bytes[3]);
      time.advance(1000);
      await settle();
      await session.refresh(range(0, 64), never);
      expect(session.bytes(range(0, 64)).bytes).toEqual(device.bytes.slice(0, 64));
    });
  }

  test('what is shown and still missing is read after the reconnection, beside its owner', async () => {
    const { link, device, session, time } = parts();
    device.owner = { kind: 'process', pid: 7, command: 'app', startedAt: 1 };
    await link.connect();
    device.hook = (at) => {
      if (at === 'read') device.lose();
    };
    session.look('doc', range(0, 64));
    await settle();
    expect(flagsAt(session, 0)).toBe(0);
    device.hook = () => undefined;
    time.advance(1000);
    await settle();
    expect(session.bytes(range(0, 64)).bytes).toEqual(device.bytes.slice(0, 64));
  });
});

describe('[truth-21] a partition that nobody uses', () => {
  test('is not taken for a watch that acts, also where it was let go a moment ago', async () => {
    const { link, device, session } = parts();
    const owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 } as const;
    device.owner = owner;
    await link.connect();
    await session.open(never, 'nobody');
    expect(device.openedBy).toEqual(['nobody']);
    const epoch = session.state.partition?.epoch ?? '';
    device.bytes[0] = 5;
    await session.refreshUnasked(range(0, 64), epoch, never);
    expect(device.asked).toEqual(['nobody']);
    expect(session.bytes(range(0, 1)).base).toEqual(Uint8Array.of(5));
    // The list does not say yet that its owner is gone.
    device.owner = undefined;
    device.bytes[0] = 6;
    await session.refreshUnasked(range(0, 64), epoch, never);
    device.announce();
    await session.refreshUnasked(range(0, 64), epoch, never);
    expect(device.asked).toEqual(['nobody']);
    expect(session.bytes(range(0, 1)).base).toEqual(Uint8Array.of(5));
    // Another epoch that the list does not tell yet, and one that it tells.
    device.owner = owner;
    device.announce();
    device.epoch = 'epoch-2';
    const refused = async () => {
      const refresh = session.refreshUnasked(range(0, 64), epoch, never);
      await expect(refresh).rejects.toMatchObject({ code: 'bytes-changed-hands' });
      expect(session.bytes(range(0, 1)).base).toEqual(Uint8Array.of(5));
    };
    await refused();
    device.announce();
    await refused();
  });

  test('a layout that is refused to nobody is not refused to the person who asks meanwhile', async () => {
    const { link, device } = parts();
    await link.connect();
    device.hook = (at) => {
      if (at === 'open' && device.openedBy.at(-1) === 'nobody')
        throw new BoardError('not-asked', 'free columns');
    };
    const unasked = link.open(device.key, never, 'nobody');
    const asked = link.open(device.key, never, 'person');
    await expect(unasked).rejects.toMatchObject({ code: 'not-asked' });
    expect((await asked).key).toBe(device.key);
  });

  test('is read for what a person looks at and asks for, and by nothing that happens by itself', async () => {
    const { link, device, session, time } = parts();
    await link.connect();
    session.look('doc', range(0, 64));
    await settle();
    await session.refresh(range(0, 64), never);
    await session.refresh(range(0, 64), never, true);
    expect(device.asked).toEqual(['look', 'person', 'fast']);
    // After a reconnection what is missing is asked for by nobody, and that is said.
    session.look('doc', range(0, 8192));
    device.hook = (at) => {
      if (at === 'read') device.lose();
    };
    await settle();
    device.hook = () => undefined;
    time.advance(1000);
    await settle();
    expect(link.state.kind).toBe('connected');
    expect(device.asked).toHaveLength(3);
    expect(session.state.lastError?.code).toBe('not-asked');
    // Looking again is asking.
    session.look('doc', range(0, 8192));
    await settle();
    expect(device.asked.at(-1)).toBe('look');
    expect(session.state.lastError).toBeUndefined();
    expect(session.bytes(range(0, 8192)).bytes).toEqual(device.bytes.slice(0, 8192));
  });

  test('is read at once for a person who looks while a read of nobody waits, which ends', async () => {
    const { link, device, session } = parts();
    device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
    await link.connect();
    session.look('watch', range(0, 64), 'nobody');
    await settle();
    expect(device.openedBy).toEqual(['nobody']);
    expect(device.asked).toEqual(['nobody']);
    // Its owner goes while the next read waits at the board; it would be refused for that.
    const held = gate(device, 'read');
    session.look('watch', range(0, 128), 'nobody');
    await held.reached;
    device.owner = undefined;
    session.look('doc', range(64, 128));
    await settle();
    expect(device.asked).toEqual(['nobody', 'look']);
    expect(session.bytes(range(64, 128)).base).toEqual(device.bytes.slice(64, 192));
    expect(session.state.lastError).toBeUndefined();
    held.open();
    await settle();
    expect(device.asked).toEqual(['nobody', 'look']);
  });

  test('is read for a look that comes while the read of an earlier one fails', async () => {
    const { link, device, session } = parts();
    await link.connect();
    await session.open(never);
    const held = gate(device, 'read');
    session.look('doc', range(0, 64));
    await held.reached;
    session.look('doc', range(64, 64));
    device.hook = (at) => {
      device.hook = () => undefined;
      if (at === 'read-done') throw new BoardError('busy', 'somebody is faster');
    };
    held.open();
    await settle();
    expect(device.asked).toEqual(['look', 'look']);
    expect(session.bytes(range(64, 64)).base).toEqual(device.bytes.slice(64, 128));
    expect(session.state.lastError).toBeUndefined();
  });

  test('a long read that gave way to an application keeps what it read, and says so', async () => {
    const { link, device, session } = parts();
    await link.connect();
    device.gaveWay = true;
    device.unreadable = [{ offset: 32, length: 32, reason: 'not-read' }];
    await expect(session.refresh(range(0, 64), never)).rejects.toMatchObject({ code: 'gave-way' });
    expect(session.state.lastError?.code).toBe('gave-way');
    expect(byteAt(session, 3)).toBe(device.bytes[3]);
  });
});

describe('[main-20] policy and owners', () => {
  const owner = { kind: 'process', pid: 42, command: 'graph', startedAt: 5 } as const;

  test('[main-22] free, owned, free: the session follows by itself and reads nothing', async () => {
    const { session, device } = await setup();
    session.look('doc', range(0, 8192));
    const seen: string[] = [];
    session.onState(() => seen.push(`${session.state.partition?.inUse} ${session.state.policy}`));
    for (let i = 0; i < 100; i++) {
      device.owner = { ...owner, pid: 100 + i };
      device.writable = false;
      device.epoch = `owned-${i}`;
      device.announce();
      device.owner = undefined;
      device.writable = true;
      device.epoch = `free-${i}`;
      device.announce();
    }
    await settle();
    expect(new Set(seen)).toEqual(new Set(['true locked', 'false staged']));
    expect(device.reads).toEqual([]);
  });

  test("another owner's partition is locked until a person unlocks it, and again when it changes hands", async () => {
    const { session, device } = await setup();
    device.owner = owner;
    device.announce();
    expect(() => session.stage('a', 'type', [put(10, 1)])).toThrow(
      expect.objectContaining({ code: 'locked' }),
    );
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [put(10, 1)]);
    await expect(session.apply(range(0, 64), never)).resolves.toMatchObject({ applied: 1 });
    device.owner = { ...owner, pid: 43 };
    device.announce();
    expect(session.state.policy).toBe('locked');
  });

  test('a way that cannot write says why and cannot be unlocked; staged edits stay', async () => {
    const { session, device } = await setup();
    const gesture = session.stage('a', 'type', [put(10, 1)]);
    device.owner = owner;
    device.writable = false;
    device.announce();
    expect(session.state.lockedBecause).toMatchObject({
      code: 'locked',
      facts: { pid: 42, command: 'graph' },
    });
    expect(() => session.setPolicy('staged')).toThrow(expect.objectContaining({ code: 'locked' }));
    await expect(session.apply(range(0, 64), never)).rejects.toMatchObject({ code: 'locked' });
    expect(device.writes).toEqual([]);
    expect(session.counts().staged).toBe(1);
    gesture.undo();
    expect(session.counts().staged).toBe(0);
  });

  test('a free partition can be locked by hand', async () => {
    const { session } = await setup();
    session.setPolicy('locked');
    expect(() => session.stage('a', 'type', [put(10, 1)])).toThrow(
      expect.objectContaining({ code: 'locked' }),
    );
    session.setPolicy('staged');
    session.stage('a', 'type', [put(10, 1)]);
    expect(session.counts().staged).toBe(1);
  });
});

describe('sessions are shared', () => {
  test('documents of the same memory get the same session, the last one out ends it', async () => {
    const { time, device, link } = parts();
    const pool = new SessionPool(time);
    const key = { partition: device.key, memory: 'data' } as const;
    const a = pool.acquire(link, key);
    const b = pool.acquire(link, key);
    expect(a.session).toBe(b.session);
    await link.connect();
    a.dispose();
    a.dispose();
    await b.session.read(range(0, 4), never);
    b.dispose();
    expect(pool.sessions).toEqual([]);
    await expect(b.session.read(range(0, 4), never)).rejects.toMatchObject({ code: 'cancelled' });
    expect(pool.acquire(link, key).session).not.toBe(a.session);
  });

  test('a listener that throws does not break an apply', async () => {
    const { session, device, time } = await setup();
    session.stage('a', 'type', [put(10, 1)]);
    for (const event of [session.onBytes, session.onState]) {
      event(() => {
        throw new Error('broken view');
      });
    }
    await session.apply(range(0, 64), never);
    expect(device.bytes[10]).toBe(1);
    expect(session.isDirty('a')).toBe(false);
    expect(time.lines.join()).toContain('broken view');
  });
});

describe('[shape-1] bytes and state are told apart', () => {
  test('typing tells bytes only, policy and a connection that is lost tell state only', async () => {
    const { session, device } = await setup();
    const told: string[] = [];
    session.onBytes(({ ranges, tick }) =>
      told.push(`bytes ${ranges.map(({ offset }) => offset).join()} at ${tick}`),
    );
    session.onState(() => told.push('state'));
    const gesture = session.stage('a', 'type', [put(10, 1), put(30, 2)]);
    gesture.undo();
    expect(told).toEqual(['bytes 10,30 at 1', 'bytes 10,30 at 1']);
    told.length = 0;
    session.setPolicy('locked');
    device.lose();
    expect(new Set(told)).toEqual(new Set(['state']));
  });

  test('a read tells its bytes with its tick, and nothing of bytes where nothing changed', async () => {
    const { session, device } = await setup();
    const ticks: number[] = [];
    session.onBytes(({ tick }) => ticks.push(tick));
    await session.refresh(range(0, 16), never);
    expect(ticks).toEqual([]);
    device.bytes[3] = (device.bytes[3] ?? 0) ^ 1;
    await session.refresh(range(0, 16), never);
    expect(ticks).toEqual([3]);
  });

  test('edits of an ended epoch tell state: they have to be re-based', async () => {
    const { session, device } = await setup();
    device.epoch = 'epoch-2';
    device.announce();
    const told: boolean[] = [];
    session.onState(() => told.push(session.state.epochChanged));
    const gesture = session.stage('a', 'type', [put(10, 1)]);
    gesture.undo();
    expect(told).toEqual([true, false]);
  });
});

describe('[shape-2] a run of typing', () => {
  const type = (session: MemorySession, document: string, offset: number, value: number) =>
    session.stage(document, 'Type', [put(offset, value)]);

  test('is undone and redone key by key', async () => {
    const { session } = await setup();
    const keys = [10, 10, 11, 11, 12].map((offset, i) => type(session, 'a', offset, 0xa0 + i));
    const shown = () => [...session.bytes(range(10, 3)).bytes];
    const base = [...session.bytes(range(10, 3)).base];
    expect(shown()).toEqual([0xa1, 0xa3, 0xa4]);
    keys[4]?.undo();
    keys[3]?.undo();
    expect(shown()).toEqual([0xa1, 0xa2, base[2]]);
    keys[1]?.undo();
    keys[0]?.undo();
    expect(shown()).toEqual([base[0], 0xa2, base[2]]);
    keys[1]?.redo();
    keys[0]?.redo();
    expect(shown()[0]).toBe(0xa1);
    const step = session.journal('a', true);
    expect(step.kind === 'whole' ? [...step.records] : []).toHaveLength(3);
  });

  test('ends where another document stages: each key stays above or below that by its time', async () => {
    const { session } = await setup();
    type(session, 'a', 10, 1);
    const other = session.stage('b', 'Paste', [put(10, 7, 7, 7)]);
    const last = type(session, 'a', 11, 2);
    type(session, 'a', 12, 3);
    const shown = () => [...session.bytes(range(10, 3)).bytes];
    expect(shown()).toEqual([7, 2, 3]);
    last.undo();
    expect(shown()).toEqual([7, 7, 3]);
    other.undo();
    last.redo();
    expect(shown()).toEqual([1, 2, 3]);
    other.redo();
    expect(shown()).toEqual([7, 2, 3]);
  });

  test('applied in the middle, then reverted: what was written stays, the rest goes', async () => {
    const { session, device } = await setup();
    const first = type(session, 'a', 10, 1);
    type(session, 'a', 11, 2);
    await session.apply(range(10, 1), never);
    type(session, 'a', 12, 3);
    first.undo();
    session.revert('a');
    expect([...session.bytes(range(10, 3)).bytes]).toEqual([1, device.bytes[11], device.bytes[12]]);
    expect(session.isDirty('a')).toBe(false);
  });
});

describe('cost', () => {
  test('the time of an edit does not grow with the edits before it', async () => {
    const { session } = await setup();
    // Time on the processor, so that other work on the machine does not count.
    const spent = (work: () => void) => {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    const type = (from: number, count: number) =>
      spent(() => {
        for (let i = from; i < from + count; i++)
          session.stage('a', 'type', [put((i * 13) % 8192, i & 0xff)]);
      });
    type(0, 5000);
    const early = type(5000, 10_000);
    type(15_000, 25_000);
    const late = type(40_000, 10_000);
    expect(late / early).toBeLessThan(5);
    expect(spent(() => session.revert('a')) / early).toBeLessThan(20);
  });
});

describe('an owner that is ending', () => {
  test('[truth-10] has closed its descriptor before its mapping: a read waits until it is gone', async () => {
    const { time, device, session } = await setup();
    let left = 2;
    device.hook = (point) => {
      if (point === 'read' && left-- > 0) throw new BoardError('no-descriptor', 'in use by a mapping');
    };
    const reading = session.refresh({ offset: 0, length: 4 }, never);
    for (let look = 0; look < 2; look++) {
      await settle();
      time.advance(100);
    }
    await reading;
    expect(left).toBeLessThan(0);
    expect(session.state.lastError).toBeUndefined();
  });

  test('[truth-10] one that goes on with its mapping alone is said after a second', async () => {
    const { time, device, session } = await setup();
    device.hook = (point) => {
      if (point === 'read') throw new BoardError('no-descriptor', 'in use by a mapping');
    };
    const reading = session.refresh({ offset: 0, length: 4 }, never).catch((error: BoardError) => error.code);
    for (let look = 0; look < 10; look++) {
      await settle();
      time.advance(100);
    }
    expect(await reading).toBe('no-descriptor');
  });
});
