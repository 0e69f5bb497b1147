import { expect, test } from 'vitest';
import type { PlacedName } from '../model/program/build.ts';
import { BufferAges } from './buffer-ages.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';

const never = new AbortController().signal;
const buffer = (name: string, offset: number, size = 64): PlacedName => ({
  kind: 'buffer',
  name,
  tile: { col: 2, row: 1 },
  memory: 'data',
  offset,
  size,
  sizeFrom: 'elf',
});
const ping = buffer('ping', 0x100);

async function setup(buffers: readonly PlacedName[] = [ping]) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await session.open(never);
  const look = () => new BufferAges(session, buffers, () => time.now());
  const change = (at: number) => {
    device.bytes[at] = (device.bytes[at] ?? 0) ^ 0xff;
  };
  return { time, device, link, session, look, change };
}

test('[names-10] a change is told with its time; one that is long past leaves since when none was seen', async () => {
  const { time, session, look, change } = await setup();
  const first = look();
  expect(first.of(ping)).toBeUndefined();
  await first.read(never);
  const began = time.now();
  expect(first.of(ping)).toEqual({ sameSince: began });
  time.advance(1000);
  change(0x110);
  await first.read(never);
  expect(first.of(ping)).toEqual({ changedAt: began + 1000 });
  // So many updates elsewhere that the one that found the change is forgotten.
  for (let i = 0; i < 1024; i++) {
    time.advance(1);
    change(0x1000);
    await session.refresh({ offset: 0x1000, length: 4 }, never);
  }
  expect(session.updateOf(session.tick - 1024)).toBeUndefined();
  const oldest = session.oldestUpdate?.at;
  expect(first.of(ping)).toEqual({ sameSince: oldest });
  time.advance(1000);
  const later = look();
  await later.read(never);
  expect(later.of(ping)).toEqual({ sameSince: time.now() });
});

test('[names-10] a change in an earlier epoch is none of these contents', async () => {
  const { time, device, link, session, look, change } = await setup();
  const ages = look();
  await ages.read(never);
  time.advance(1000);
  change(0x110);
  await ages.read(never);
  expect(ages.of(ping)).toEqual({ changedAt: time.now() });
  device.epoch = 'epoch-2';
  device.announce();
  await expect.poll(() => session.state.partition?.epoch).toBe('epoch-2');
  expect(link.partitions).toHaveLength(1);
  expect(ages.of(ping), 'not read in this epoch').toBeUndefined();
  time.advance(1000);
  await ages.read(never);
  expect(ages.of(ping)).toEqual({ sameSince: time.now() });
});

test('[names-10] buffers that overlap or lie close to each other are read once', async () => {
  const many = Array.from({ length: 500 }, (_, i) => buffer(`b${i}`, 0x100 + i, 0x400));
  const { device, look } = await setup(many);
  const before = device.reads.length;
  await look().read(never);
  const read = device.reads.slice(before).flat();
  expect(read.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(0x700);
  expect(device.reads.length - before).toBe(1);
});
