import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import { BoardLink } from './link.ts';
import { Recorder } from './recorder.ts';
import { ManualTime, ScriptedDevice, type ScriptedRecording } from './scripted-board.ts';

const ring = 1 << 20;
const ranges = [{ offset: 0, length: 16 }];

async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const recorder = new Recorder(link, { partition: device.key, memory: 'data' }, time);
  return { time, device, link, recorder };
}

function only({ recordings }: ScriptedDevice): ScriptedRecording {
  const [one, another] = recordings.values();
  if (one === undefined || another !== undefined) throw new Error(`${recordings.size} recordings`);
  return one;
}

/** The board's side looks at `at` ms and finds the first word changed. */
function looked({ ring }: ScriptedRecording, at: number, old: number, now: number): void {
  const about = { epoch: 'epoch-1', beganAt: 1, made: at, read: 4 * at, lostMoments: 0, lostChanges: 0 };
  if (!ring.hasBegun) {
    const base = { words: new Uint32Array(4), states: new Uint8Array(4) };
    ring.take({ ...about, at: 0, base, first: 1, moments: [], hasMore: false });
  }
  const moments = [{ at, after: at - 20, changes: new Uint32Array([0, old, now]) }];
  ring.take({ ...about, at, first: ring.next, moments, hasMore: false });
}

describe('the recorder', () => {
  test('has the board record with its share of the budget, and fetches what came', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    expect(recorder.state.kind).toBe('recording');
    expect(only(device).options).toMatchObject({
      ranges,
      wordsPerSecond: 50_000,
      periodMs: 20,
      ringBytes: ring,
    });
    looked(only(device), 100, 0, 5);
    looked(only(device), 140, 5, 6);
    await time.pass(1000);
    expect(recorder.recording?.last).toBe(2);
    expect(recorder.recording?.lastChange({ offset: 0, length: 1 })).toMatchObject({ at: 140, after: 120 });
    const share = link.budget.join(() => undefined);
    await time.pass(1);
    expect(only(device).options.wordsPerSecond).toBe(25_000);
    share.dispose();
    await time.pass(1);
    expect(only(device).options.wordsPerSecond).toBe(50_000);
  });

  test('[live-6] goes on while the link is gone: what came to the ring meanwhile is fetched afterwards', async () => {
    const { time, device, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await time.pass(600);
    device.lose();
    expect(recorder.state.kind).toBe('away');
    looked(only(device), 5000, 5, 6);
    await time.pass(5000);
    expect(recorder.state.kind).toBe('recording');
    expect(recorder.recording?.last).toBe(2);
    expect(device.acts).toEqual([]);
  });

  test('says that the board has it no more, and keeps what came before', async () => {
    const { time, device, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await time.pass(600);
    device.recordings.clear();
    device.lose();
    await time.pass(5000);
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'no-recording' } });
    expect(recorder.recording?.last).toBe(1);
    expect(time.planned).toEqual([]);
  });

  test('another window goes on with it: all that the ring has, and when it was', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await time.pass(600);
    const { kept } = recorder;
    if (kept === undefined) throw new Error('nothing is kept');
    recorder.dispose();
    expect(device.recordings.size).toBe(1);
    looked(only(device), 5000, 5, 6);
    // It ended since, so its last look is long ago.
    only(device).ended = new BoardError('epoch', 'another epoch');
    only(device).age = 60_000;
    const next = new Recorder(link, { partition: device.key, memory: 'data' }, time);
    next.resume(kept);
    expect([next.state.kind, next.kept]).toEqual(['away', kept]);
    const began = time.now() - 60_000;
    await time.pass(1);
    expect(next.recording?.last).toBe(2);
    expect(next.beganAt).toBe(began);
    expect([next.state.kind, next.kept]).toEqual(['ended', undefined]);
  });

  test('what goes on gets its share of the budget again; what is there no more is said', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    const { kept } = recorder;
    if (kept === undefined) throw new Error('nothing is kept');
    only(device).options = { ...only(device).options, wordsPerSecond: 7 };
    await link.leave();
    expect(recorder.state.kind).toBe('away');
    recorder.dispose();
    const next = new Recorder(link, { partition: device.key, memory: 'data' }, time);
    next.resume(kept);
    await link.connect();
    await time.pass(1);
    expect([next.state.kind, only(device).options.wordsPerSecond]).toEqual(['recording', 50_000]);
    next.dispose();
    device.recordings.clear();
    const late = new Recorder(link, { partition: device.key, memory: 'data' }, time);
    late.resume(kept);
    await time.pass(1);
    expect(late.state).toMatchObject({ kind: 'ended', error: { code: 'no-recording' } });
  });

  test('a person who disconnects ends it', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await time.pass(600);
    await link.disconnect();
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'cancelled' } });
    expect([recorder.recording?.last, recorder.kept]).toEqual([1, undefined]);
  });

  test.each(['end', 'discard'] as const)(
    'what a person gives up without a connection (%s) ends with the next one',
    async (act) => {
      const { time, device, recorder } = await setup();
      await recorder.arm(ranges, ring);
      looked(only(device), 100, 0, 5);
      await time.pass(600);
      device.lose();
      await recorder[act]();
      expect([recorder.isArmed, device.recordings.size]).toEqual([false, 1]);
      await time.pass(5000);
      expect([device.recordings.size, time.planned]).toEqual([0, []]);
    },
  );

  test('ends with the epoch, by a person, and by another recording; the share goes back', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    only(device).ended = new BoardError('epoch', 'another epoch');
    await time.pass(600);
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'epoch' } });
    expect([recorder.recording?.last, device.recordings.size]).toEqual([1, 0]);

    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await recorder.end();
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'cancelled' } });
    expect(recorder.recording?.last).toBe(1);
    await time.pass(1);
    expect(device.recordings.size).toBe(0);

    await recorder.arm(ranges, ring);
    await recorder.arm([{ offset: 16, length: 4 }], ring);
    expect(only(device).options.ranges).toEqual([{ offset: 16, length: 4 }]);
    await recorder.discard();
    expect([recorder.state.kind, recorder.recording, device.recordings.size]).toEqual(['idle', undefined, 0]);
    const share = link.budget.join(() => undefined);
    expect(share.words).toBe(50_000);
    recorder.dispose();
  });

  test('[live-6] what is still in the ring when a person ends it is fetched, also beside a fetch that is under way', async () => {
    const { time, device, recorder } = await setup();
    await recorder.arm(ranges, ring);
    const one = only(device);
    for (let i = 0; i < 20; i++) looked(one, 100 * (i + 1), i, i + 1);
    one.perPart = 3;
    let answer = () => {};
    one.held = new Promise((done) => {
      answer = done;
    });
    await time.pass(600);
    expect([one.asked, recorder.recording?.hasBegun]).toEqual([1, false]);
    const ended = recorder.end();
    answer();
    await ended;
    expect(recorder.recording?.last).toBe(20);
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'cancelled' } });
    await time.pass(10_000);
    expect(recorder.state.kind).toBe('ended');
    expect([one.asked, device.recordings.size, time.planned]).toEqual([7, 0, []]);
  });

  test('a person who disconnects while the link is lost ends it: the board hears of it with the next connection', async () => {
    const { time, device, link, recorder } = await setup();
    await recorder.arm(ranges, ring);
    looked(only(device), 100, 0, 5);
    await time.pass(600);
    device.hook = (point) => {
      if (point === 'connect') throw new BoardError('unreachable', 'no way');
    };
    device.lose();
    await time.pass(5000);
    expect(recorder.state.kind).toBe('away');
    await link.disconnect();
    expect(recorder.state).toMatchObject({ kind: 'ended', error: { code: 'cancelled' } });
    expect([recorder.recording?.last, recorder.kept, device.recordings.size]).toEqual([1, undefined, 1]);
    device.hook = () => undefined;
    await link.connect();
    await time.pass(1);
    expect([recorder.state.kind, device.recordings.size]).toEqual(['ended', 0]);
  });

  test('a connection that a person gave up before it was there ends nothing that an earlier window recorded', async () => {
    const { device, link, recorder, time } = await setup();
    await recorder.arm(ranges, ring);
    const { kept } = recorder;
    if (kept === undefined) throw new Error('nothing is kept');
    await link.leave();
    recorder.dispose();
    const late = new BoardLink('board', 'Board', device, time);
    const next = new Recorder(late, { partition: device.key, memory: 'data' }, time);
    next.resume(kept);
    await late.disconnect();
    expect([next.state.kind, next.kept]).toEqual(['away', kept]);
    await late.connect();
    await time.pass(1);
    expect(next.state.kind).toBe('recording');
  });

  test('what cannot be armed is not recorded', async () => {
    const { device, recorder } = await setup();
    device.hook = (point) => {
      if (point === 'open') throw new BoardError('not-asked', 'free');
    };
    await expect(recorder.arm(ranges, ring)).rejects.toMatchObject({ code: 'not-asked' });
    expect([recorder.state.kind, recorder.recording]).toEqual(['idle', undefined]);
  });
});
