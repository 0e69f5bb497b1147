import { describe, expect, test } from 'vitest';
import { SimulatedArray } from '../board/simulated/array.ts';
import { createSimulatedConnector } from '../board/simulated/connector.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { type HookPoint, ManualTime, ScriptedDevice, settle } from './scripted-board.ts';

const never = new AbortController().signal;
const all = { offset: 0, length: 8192 };

function put(offset: number, ...bytes: number[]) {
  return { offset, bytes: Uint8Array.from(bytes) };
}

/** What a person does, step by step; a step that fails is done again after the connection is back. */
const steps: readonly ((session: MemorySession) => unknown)[] = [
  (session) => session.read(all, never),
  (session) => {
    session.stage('a', 'type', [put(10, 1, 2), put(4095, 3, 4)]);
    session.stage('b', 'type', [put(11, 5)]);
  },
  (session) => session.refresh({ offset: 0, length: 64 }, never),
  (session) => session.apply({ offset: 0, length: 100 }, never),
  (session) => {
    session.stage('b', 'type', [put(12, 6), put(10, 7)]);
  },
  (session) => session.apply(all, never),
  (session) => session.rebase(never),
  (session) => session.refresh(all, never),
];

const wanted = new Map([
  [10, 7],
  [11, 5],
  [12, 6],
  [4095, 3],
  [4096, 4],
]);

/** Plays the steps with a fault at the given call; answers how many calls there were, and where the fault was. */
async function play(fault: number, act: (device: ScriptedDevice) => void) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const before = device.bytes.slice();
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  let calls = 0;
  let where: HookPoint | undefined;
  device.hook = (point) => {
    calls++;
    if (calls !== fault) return;
    where = point;
    act(device);
  };
  const connected = () => link.state.kind === 'connected';
  const connect = async () => {
    for (let i = 0; i < 5 && !connected(); i++) {
      time.advance(30_000);
      await settle();
      if (!connected()) await link.connect().catch(() => undefined);
    }
  };
  await connect();
  for (const step of steps) {
    for (let attempt = 0; ; attempt++) {
      try {
        await step(session);
        break;
      } catch (error) {
        expect(attempt, `fault ${fault} at ${where}: ${String(error)}`).toBeLessThan(3);
        await connect();
        if (session.state.epochChanged) await session.rebase(never);
      }
    }
  }
  return { session, device, before, calls, where };
}

describe('[main-21] [main-22] a fault at every point where a session waits for the board', () => {
  const faults: readonly [string, (device: ScriptedDevice) => void][] = [
    ['the connection is lost', (device) => device.lose()],
    [
      'the board reboots and keeps the contents',
      (device) => {
        device.lose();
        device.epoch = 'epoch-2';
      },
    ],
  ];
  for (const [name, act] of faults) {
    test(`${name}: no edit is lost, and nothing else is written`, async () => {
      const seen = new Set<HookPoint | undefined>();
      for (let fault = 1; ; fault++) {
        const { session, device, before, calls, where } = await play(fault, act);
        if (calls < fault) break;
        seen.add(where);
        const context = `fault ${fault} at ${where}`;
        const expected = before.slice();
        for (const [offset, byte] of wanted) expected[offset] = byte;
        expect(device.bytes, context).toEqual(expected);
        expect(session.counts(), context).toEqual({ staged: 0, conflicts: 0 });
        expect([session.isDirty('a'), session.isDirty('b')], context).toEqual([false, false]);
        expect(session.bytes(all).bytes, context).toEqual(expected.slice(0, all.length));
        const logged = new Set(
          session.writeLog.flatMap(({ offset, after }) => [...after.keys()].map((i) => offset + i)),
        );
        expect([...logged].sort(), `${context}: every write is in the log`).toEqual(
          [...wanted.keys()].sort(),
        );
      }
      expect([...seen].sort()).toEqual(
        ['connect', 'open', 'partitions', 'read', 'read-done', 'write', 'write-done', 'write-half'].sort(),
      );
    });
  }
});

describe('on the simulated board', () => {
  test('[main-20] read, type, apply: exactly those bytes change', async () => {
    const time = new ManualTime();
    const array = new SimulatedArray();
    const link = new BoardLink('sim', 'Simulated', createSimulatedConnector({ array }), time);
    const board = await link.connect();
    const free = link.partitions.find((partition) => !partition.inUse && partition.numRows > 1);
    if (free === undefined) throw new Error('the simulated board has no free partition');
    const session = new MemorySession(link, { partition: free.key, memory: 'data' }, time);
    const geometry = await session.open(never);
    const range = { offset: geometry.bytesPerTile, length: 256 };
    await session.read(range, never);
    const before = session.bytes(range);
    const offset = [...before.flags.keys()].find((i) => i > 8 && before.flags[i] === 1) ?? 0;
    const typed = (before.bytes[offset] ?? 0) ^ 0xff;
    session.stage('a', 'type', [put(range.offset + offset, typed)]);
    const report = await session.apply(range, never);
    expect(report).toMatchObject({ applied: 1, kept: 0 });
    const partition = await board.open(free.key, {}, never);
    const read = await partition.memory('data')?.read([range], {}, never);
    const expected = before.base.slice();
    expected[offset] = typed;
    expect(read?.pieces[0]?.bytes).toEqual(expected);
    link.dispose();
  });
});
