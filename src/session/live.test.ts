import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import { stateBits } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice, type ScriptedWatch, settle } from './scripted-board.ts';

const never = new AbortController().signal;
const { known, stale, staged, conflict, changed } = stateBits;
const owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 } as const;

function range(offset: number, length: number): ByteRange {
  return { offset, length };
}

/** A connected session of a partition in use, whose document `a` shows the first KiB and follows it at 10 Hz. */
async function setup(inUse = true) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  if (inUse) device.owner = owner;
  const link = new BoardLink('board', 'Board', device, time);
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await link.connect();
  session.look('a', range(0, 1024));
  session.follow('a', 100);
  await settle();
  const flags = (offset: number): number => session.bytes(range(offset, 1)).flags[0] ?? 0;
  const byte = (offset: number): number => session.bytes(range(offset, 1)).bytes[0] ?? -1;
  return { time, device, link, session, flags, byte };
}

function only(device: ScriptedDevice): ScriptedWatch {
  const [watch, another] = device.watches;
  if (watch === undefined || another !== undefined) throw new Error(`${device.watches.length} watches`);
  return watch;
}

describe('[live-8] staged edits over what is followed', () => {
  test('stay on top while the memory moves; each change under them is a conflict, whatever was seen before', async () => {
    const { device, session, flags, byte } = await setup();
    session.agreeBeside(session.occupant);
    only(device).look();
    session.stage('a', 'Type', [{ offset: 8, bytes: Uint8Array.of(0xa7) }]);
    const base = (): number => session.bytes(range(8, 1)).base[0] ?? -1;
    for (const value of [1, 2, 3]) {
      device.bytes[8] = value;
      device.bytes[9] = value;
      only(device).look();
      expect([byte(8), base(), byte(9)]).toEqual([0xa7, value, value]);
      expect(flags(8) & (staged | conflict)).toBe(staged | conflict);
      // The person decides for theirs: what comes after that is a conflict again.
      session.keepMine(range(8, 1));
      expect(flags(8) & (staged | conflict)).toBe(staged);
    }
    device.bytes[8] = 0xa7;
    only(device).look();
    expect([byte(8), flags(8) & (staged | conflict)]).toEqual([0xa7, 0]);
    expect(device.writes).toEqual([]);
  });
});

describe('[live-1] following', () => {
  test('what is shown comes by one watch, without a read, and what changed is marked by the update that brought it', async () => {
    const { time, device, session, flags, byte } = await setup();
    expect(only(device).options.ranges).toEqual([range(0, 1024)]);
    expect(only(device).options.periodMs).toBe(100);
    only(device).look();
    expect(session.bytes(range(0, 1024)).bytes).toEqual(device.bytes.slice(0, 1024));
    expect(flags(8)).toBe(known);
    device.bytes[8] = 0xee;
    only(device).look();
    expect([byte(8), flags(8)]).toEqual([0xee, known | changed]);
    // A mark lasts for a second, however many updates come.
    for (let i = 0; i < 9; i++) {
      time.advance(100);
      device.bytes[16] = i;
      only(device).look();
      expect([byte(8), flags(8), flags(16)]).toEqual([0xee, known | changed, known | changed]);
    }
    time.advance(100);
    only(device).look();
    expect([byte(8), flags(8), flags(16)]).toEqual([0xee, known, known | changed]);
    expect(device.reads).toEqual([]);
  });

  test('[live-12] where looks broke off, what is shown is as old as what they did not reach', async () => {
    const { time, device, session } = await setup();
    const ages = () =>
      [session.readAt(range(0, 1024)), session.liveState('a')?.readAt].map((at) => at && time.now() - at);
    only(device).look();
    expect(ages()).toEqual([0, 0]);
    time.advance(300);
    only(device).look(250);
    expect(ages()).toEqual([250, 250]);
    // Of what was known before the watch began nothing is said until a look got to the end.
    time.advance(100);
    only(device).look(Number.POSITIVE_INFINITY);
    expect(ages()).toEqual([350, undefined]);
    time.advance(100);
    only(device).look();
    expect(ages()).toEqual([0, 0]);
  });

  test('nothing is watched that nobody sees: a hidden tab, one that does not follow, a closed one', async () => {
    const { device, session } = await setup();
    session.look('a', undefined);
    expect(device.watches).toEqual([]);
    session.look('a', range(0, 64));
    expect(only(device).options.ranges).toEqual([range(0, 64)]);
    session.follow('a', undefined);
    expect(device.watches).toEqual([]);
    expect(session.liveState('a')).toBeUndefined();
    session.follow('a', 100);
    expect(device.watches).toHaveLength(1);
    session.closeDocument('a');
    expect(device.watches).toEqual([]);
  });

  test('several views of one range cost one watch, at the rate of the fastest', async () => {
    const { device, session } = await setup();
    session.follow('b', 33);
    session.look('b', range(512, 1026));
    expect(only(device).options).toMatchObject({ ranges: [range(0, 1540)], periodMs: 33 });
    session.look('b', undefined);
    expect(only(device).options).toMatchObject({ ranges: [range(0, 1024)], periodMs: 100 });
    session.dispose();
    expect(device.watches).toEqual([]);
  });

  test('a page that has not drawn what it was told holds the next look back, unless another one keeps up', async () => {
    const { device, session } = await setup();
    only(device).look();
    expect(only(device).seen).toBe(true);
    session.setBehind('a', true);
    only(device).look();
    expect(only(device).seen).toBe(false);
    session.follow('b', 100);
    session.look('b', range(0, 64));
    expect(only(device).seen).toBe(true);
    session.look('b', undefined);
    only(device).look();
    expect(only(device).seen).toBe(false);
    session.setBehind('a', false);
    expect(only(device).seen).toBe(true);
  });

  test('scrolling changes the watch under way; the bytes of before are not asked for again', async () => {
    const { device, session, byte } = await setup();
    const watch = only(device);
    watch.look();
    session.look('a', range(256, 1024));
    expect(only(device)).toBe(watch);
    device.bytes[1100] = 0x5a;
    watch.look();
    expect(byte(1100)).toBe(0x5a);
    await settle();
    expect(device.reads).toEqual([]);
  });

  test('a partition that nobody uses is not polled, and says so; its owner brings it to life', async () => {
    const { device, session, byte } = await setup(false);
    expect(device.watches).toEqual([]);
    expect(session.liveState('a')).toEqual({ periodMs: 100, paused: 'free' });
    // What is shown is read once, as without following.
    expect(device.reads).toEqual([[range(0, 1024)]]);
    device.owner = owner;
    device.epoch = 'life-2';
    device.announce();
    await settle();
    expect(session.liveState('a')).toEqual({ periodMs: 100 });
    device.bytes[4] = 0x44;
    only(device).look();
    expect(byte(4)).toBe(0x44);
    device.ownerExits();
    await settle();
    expect(device.watches).toEqual([]);
    expect(session.liveState('a')?.paused).toBe('free');
    expect(session.state.epochEnd?.pid).toBe(7);
    expect(byte(4)).toBe(0x44);
  });

  test('another epoch is watched anew, and nothing stays outdated', async () => {
    const { device, session, flags } = await setup();
    const first = only(device);
    first.look();
    device.epoch = 'life-2';
    device.announce();
    await settle();
    expect(flags(0)).toBe(known | stale);
    expect(only(device)).not.toBe(first);
    only(device).look();
    expect(flags(0)).toBe(known);
    expect(session.state.stale).toBe(false);
    // The board may know of it before its list says so.
    only(device).fail(new BoardError('epoch', 'another epoch'));
    await settle();
    expect(session.liveState('a')?.paused).toBe('failed');
  });

  test('a watch that fails says why and is tried again, later each time; what is missing is read meanwhile', async () => {
    const { time, device, session } = await setup();
    only(device).fail(new BoardError('owner-hidden', 'nobody to be seen'));
    await settle();
    expect(session.liveState('a')).toMatchObject({ paused: 'failed', error: { code: 'owner-hidden' } });
    expect(device.reads).toEqual([[range(0, 1024)]]);
    time.advance(1000);
    only(device).fail(new BoardError('owner-hidden', 'nobody to be seen'));
    await settle();
    time.advance(1000);
    expect(device.watches).toEqual([]);
    time.advance(1000);
    expect(session.liveState('a')).toEqual({ periodMs: 100 });
    only(device).look();
    only(device).fail(new BoardError('no-descriptor', 'it is ending'));
    await settle();
    time.advance(1000);
    expect(device.watches).toHaveLength(1);
  });

  test('a lost connection pauses it, the next one goes on', async () => {
    const { time, device, link, session, flags } = await setup();
    only(device).look();
    device.lose();
    await settle();
    expect(session.liveState('a')?.paused).toBe('disconnected');
    device.watches = [];
    time.advance(1000);
    await settle();
    expect(link.state.kind).toBe('connected');
    only(device).look();
    expect(flags(0)).toBe(known);
    expect(session.state.stale).toBe(false);
  });

  test('an update never touches what was typed: the base moves below it, a conflict where it was seen otherwise', async () => {
    const { device, session, byte, flags } = await setup();
    only(device).look();
    session.agreeBeside(session.occupant);
    session.stage('a', 'type', [{ offset: 16, bytes: Uint8Array.of(0x99) }]);
    device.bytes[20] = 1;
    only(device).look();
    expect([byte(16), flags(16)]).toEqual([0x99, known | staged]);
    device.bytes[16] = 0x77;
    only(device).look();
    expect(byte(16)).toBe(0x99);
    expect(flags(16) & conflict).toBe(conflict);
    expect(session.bytes(range(16, 1)).base[0]).toBe(0x77);
  });

  test('what was written or read beside the watch is told again: the screen never keeps what the board took back', async () => {
    const { device, session, byte } = await setup();
    only(device).look();
    session.agreeBeside(session.occupant);
    const old = device.bytes[16] ?? 0;
    session.stage('a', 'type', [{ offset: 16, bytes: Uint8Array.of(old ^ 0xff) }]);
    await session.apply(range(0, 1024), never);
    expect(byte(16)).toBe(old ^ 0xff);
    // The core puts its own value back before the next look: to a watch that knows only what it told, nothing changed.
    device.bytes[16] = old;
    only(device).look();
    expect(byte(16)).toBe(old);

    device.bytes[32] = 0xab;
    await session.refresh(range(0, 64), never);
    expect(byte(32)).toBe(0xab);
    device.bytes[32] = 0;
    only(device).look();
    expect(byte(32)).toBe(0);
  });

  test('[live-10] a stop is looked at once by all who follow, at a rate or only then; nothing more comes until it goes on', async () => {
    const { device, session, byte, flags } = await setup();
    only(device).look();
    session.follow('b', Number.POSITIVE_INFINITY);
    session.look('b', range(2048, 64));
    expect(only(device).options.ranges).toEqual([range(0, 1024)]);
    session.follow('c', Number.POSITIVE_INFINITY);
    session.follow('d', undefined);
    session.look('d', range(8192, 64));
    await settle();
    for (const value of [1, 2]) {
      session.setStopped(true);
      expect(only(device).options.ranges).toEqual([range(0, 1024), range(2048, 64)]);
      device.bytes[8] = value;
      device.bytes[2050] = value;
      only(device).look();
      expect([byte(8), byte(2050)]).toEqual([value, value]);
      expect(flags(8)).toBe(known | changed);
      expect(device.watches).toEqual([]);
      // What it brought changed since the stop before.
      expect(session.changes(range(8, 1)).ticks?.[0]).toBeGreaterThan(session.stopTick ?? Number.NaN);
    }
    expect(session.liveState('a')).toEqual({ periodMs: 100, paused: 'stopped' });
    expect(session.liveState('b')).toEqual({ periodMs: Number.POSITIVE_INFINITY });
    session.setStopped(false);
    expect(only(device).options).toMatchObject({ ranges: [range(0, 1024)], periodMs: 100 });
    expect(session.liveState('a')?.paused).toBeUndefined();
    expect(session.stopTick).toBe(session.tick);
    device.bytes[9] = 0x99;
    only(device).look();
    const since = session.stopTick ?? Number.NaN;
    expect([...(session.changes(range(8, 2)).ticks ?? [])].map((tick) => tick > since)).toEqual([
      false,
      true,
    ]);
    // A free partition is not looked at, a stop or not.
    device.ownerExits();
    await settle();
    session.setStopped(true);
    expect(device.watches).toEqual([]);
  });
});
