import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { stateBits } from '../model/byte-state.ts';
import type { ImmediateGesture } from './immediate-gesture.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';
import type { Gesture } from './types.ts';

const never = new AbortController().signal;
const window = { offset: 0, length: 64 };

/** A connected session whose first bytes were read. */
async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  await session.read(window, never);
  const flags = (offset: number) => session.bytes({ offset, length: 1 }).flags[0] ?? 0;
  const type = (offset: number, ...bytes: number[]) =>
    session.stageImmediate('a', 'Type', [{ offset, bytes: Uint8Array.from(bytes) }]);
  return { device, session, flags, type };
}

describe('[live-8] a gesture that is written without an apply', () => {
  test('is written alone, and its undo and redo as well; what is staged elsewhere stays staged', async () => {
    const { device, session, type } = await setup();
    const [old] = device.bytes;
    session.stage('b', 'Type', [{ offset: 4, bytes: Uint8Array.of(0x44) }]);
    const gesture = type(0, 0xa7);
    expect(device.bytes[0]).toBe(old);
    expect(await gesture.write(never)).toMatchObject({ applied: 1, kept: 0 });
    expect(device.bytes[0]).toBe(0xa7);
    gesture.undo();
    expect(device.bytes[0]).toBe(0xa7);
    await gesture.write(never);
    expect(device.bytes[0]).toBe(old);
    gesture.redo();
    await gesture.write(never);
    expect(device.bytes[0]).toBe(0xa7);
    expect(session.counts()).toEqual({ staged: 1, conflicts: 0 });
    expect(session.writeLog.map(({ offset, after }) => [offset, ...after])).toEqual([
      [0, 0xa7],
      [0, old],
      [0, 0xa7],
    ]);
  });

  test('a byte that the board changed since it was on screen is a conflict and is not written', async () => {
    const { device, session, flags, type } = await setup();
    device.bytes[0] = 0x11;
    const gesture = type(0, 0xa7);
    expect(await gesture.write(never)).toMatchObject({ applied: 0, kept: 1 });
    expect(device.bytes[0]).toBe(0x11);
    expect(flags(0) & stateBits.conflict).toBe(stateBits.conflict);
    expect(session.bytes({ offset: 0, length: 1 }).bytes[0]).toBe(0xa7);
  });

  test('undo puts the old byte back only where the device holds ours; elsewhere that is staged', async () => {
    const { device, session, flags, type } = await setup();
    const [first, second] = device.bytes;
    const gesture = type(0, 0xa7, 0xa8);
    await gesture.write(never);
    device.bytes[1] = 0x22;
    gesture.undo();
    expect(await gesture.write(never)).toMatchObject({ applied: 1, kept: 1 });
    expect([...device.bytes.slice(0, 2)]).toEqual([first, 0x22]);
    expect(flags(1) & stateBits.conflict).toBe(stateBits.conflict);
    expect(session.bytes({ offset: 1, length: 1 }).bytes[0]).toBe(second);
  });

  test('what was typed over it before it went out is not written by it; nor what comes to light under it', async () => {
    const { device, session, type } = await setup();
    const [first, second] = device.bytes;
    session.stage('b', 'Type', [{ offset: 1, bytes: Uint8Array.of(0x55) }]);
    const gesture = type(0, 0xa7, 0xa8);
    session.stage('b', 'Type', [{ offset: 0, bytes: Uint8Array.of(0x66) }]);
    await gesture.write(never);
    expect([...device.bytes.slice(0, 2)]).toEqual([first, 0xa8]);
    gesture.undo();
    await gesture.write(never);
    expect(session.bytes({ offset: 0, length: 2 }).bytes).toEqual(Uint8Array.of(0x66, 0x55));
    expect([...device.bytes.slice(0, 2)]).toEqual([first, 0xa8]);
    expect(second).not.toBe(0x55);
  });

  test('is asked once more when its turn has come; what may not be written any more stays staged', async () => {
    const { device, session, type } = await setup();
    const [, second] = device.bytes;
    const [first, next] = [type(0, 0xa7), type(1, 0xa8)];
    let mayWrite = true;
    device.hook = (point) => {
      if (point === 'write') mayWrite = false;
    };
    const going = [first.write(never), next.write(never, () => mayWrite)];
    expect(await Promise.all(going)).toMatchObject([{ applied: 1 }, { applied: 0, kept: 0 }]);
    expect(device.bytes[1]).toBe(second);
    expect(session.staged()).toEqual([{ offset: 1, length: 1 }]);
  });

  test('whatever two editors, undo and the board do: only bytes of such gestures go out, over what was seen', async () => {
    const seed = runSeed();
    for (let run = 0; run < 40; run++) {
      const random = dice(seed + run);
      const { device, session, type } = await setup();
      // Who typed a byte is told by its value: below 100 the immediate editor, below 200 the other, the rest the board.
      const before = device.bytes.map((byte) => 200 + (byte % 50));
      device.bytes.set(before);
      await session.refresh(window, never);
      const made: ImmediateGesture[] = [];
      const others: Gesture[] = [];
      const story: string[] = [];
      for (let step = 0; step < 60; step++) {
        const offset = random(6);
        const act = random(6);
        story.push(`${act} at ${offset}`);
        if (act === 0) made.push(type(offset, random(100), random(100)));
        if (act === 1) {
          const bytes = Uint8Array.of(100 + random(100));
          others.push(session.stage('b', 'Type', [{ offset, bytes }]));
        }
        if (act === 2) device.bytes[offset] = 200 + random(50);
        if (act === 3) await session.refresh(window, never);
        const gesture = made[random(Math.max(1, made.length))];
        if (act === 4) random(2) === 0 ? gesture?.undo() : gesture?.redo();
        if (act === 5) others[random(Math.max(1, others.length))]?.undo();
        const held = device.bytes.slice(0, 8);
        const writes = device.writes.length;
        if (act === 0) await made.at(-1)?.write(never);
        if (act === 4) await gesture?.write(never);
        for (const edit of device.writes.slice(writes).flat()) {
          for (const [i, byte] of edit.bytes.entries()) {
            const now = device.bytes[edit.offset + i];
            const context = `seed ${seed + run}, ${story.join(', ')}`;
            expect(byte < 100 || byte >= 200, context).toBe(true);
            // Compared on the board: what was not seen stays.
            expect(now, context).toBe(held[edit.offset + i] === edit.seen[i] ? byte : held[edit.offset + i]);
          }
        }
      }
    }
  });
});
