import { describe, expect, test } from 'vitest';
import { BoardError } from '../../board/errors.ts';
import { stateBits, unrecordedState } from '../../model/byte-state.ts';
import { Recording } from '../../model/recording.ts';
import type { RecorderState } from '../../session/recorder.ts';
import { ManualTime } from '../../session/scripted-board.ts';
import type { TimelineState } from '../messages.ts';
import { Timeline, type TimelineTab } from './timeline.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};
const geometry = {
  type: 'data' as const,
  startCol: 2,
  numCols: 1,
  startRow: 1,
  numRows: 1,
  bytesPerTile: 4096,
  tileBase: 0,
};
const about = { epoch: 'e', beganAt: 0, lostMoments: 0, lostChanges: 0, hasMore: false };

/** A recording of 8 bytes: word 0 becomes 1, 2, 3 after 1, 2 and 9 s, the byte behind it 7 after 2 s. */
function setup(ringBytes = 1 << 20) {
  const recording = new Recording([{ offset: 16, length: 8 }], ringBytes);
  const moments = [
    { at: 1000, after: 980, changes: Uint32Array.of(0, 0, 1) },
    { at: 2000, after: 1980, changes: Uint32Array.of(0, 1, 0x702) },
    { at: 9000, after: 8980, changes: Uint32Array.of(0, 0x702, 0x703) },
  ];
  const base = { words: new Uint32Array(2), states: new Uint8Array(2) };
  recording.take({ ...about, at: 10_000, made: 501, read: 1002, base, first: 1, moments });
  const time = new ManualTime();
  const recorded = { recording, state: { kind: 'recording' } as RecorderState, beganAt: 0 };
  const tab = {
    geometry,
    cursor: 16,
    shown: [] as (number | undefined)[],
    past: undefined as Parameters<TimelineTab['showPast']>[0],
    timeline: undefined as TimelineState | undefined,
    showPast(past: Parameters<TimelineTab['showPast']>[0]) {
      tab.past = past;
      tab.shown.push(past?.bytes.bytes({ offset: 16, length: 1 }).bytes[0]);
    },
    showTimeline(state: TimelineState | undefined) {
      tab.timeline = state;
    },
  };
  const texts = {
    l10n,
    clock: (at: number) => `${at / 1000}h`,
    errorText: (error: BoardError) => error.code,
  };
  const timeline = new Timeline(recorded, tab, texts, (ms, action) => time.after(ms, action));
  return { recorded, tab, timeline, time };
}

describe('a timeline', () => {
  test('[live-6] says what is recorded, how often it is looked at, and when the byte at the cursor last changed', () => {
    const { recorded, tab, timeline } = setup();
    expect(tab.timeline).toMatchObject({
      kind: 'recording',
      about: 'Recording 8 bytes \u00b7 a look every 20 ms \u00b7 3 changed words',
      from: 0,
      to: 10_000,
      moment: 'Now',
      canStep: { back: true, on: false },
      here: '(2,1)+0x0010: 02 \u2192 03 at 9h',
    });
    expect([...(tab.timeline?.marks ?? [])].flatMap((mark, i) => (mark > 0 ? [i] : []))).toEqual([
      20, 40, 180,
    ]);
    tab.cursor = 17;
    timeline.update();
    expect(tab.timeline?.here).toBe('(2,1)+0x0011: 00 \u2192 07 at 2h');
    tab.cursor = 20;
    timeline.update();
    expect(tab.timeline?.here).toBe('(2,1)+0x0014: no change');
    tab.cursor = 24;
    timeline.update();
    expect(tab.timeline?.here).toBeUndefined();
    recorded.state = { kind: 'ended', error: new BoardError('epoch', 'another') };
    timeline.update();
    expect(tab.timeline?.about).toMatch(/^Recorded 8 bytes.* \u00b7 epoch$/);
  });

  test('[live-6] says how much fell out of a full ring', () => {
    const { tab } = setup(60);
    expect(tab.timeline?.about).toContain('1 changed word \u00b7 2 older ones fell out');
    expect(tab.timeline?.from).toBe(8980);
  });

  test('[live-6] goes from change to change, to a time, and back to now; what a moment changed is marked', () => {
    const { tab, timeline } = setup();
    timeline.act({ kind: 'step', step: -1 });
    timeline.act({ kind: 'step', step: -1 });
    expect(tab.timeline).toMatchObject({
      at: 2000,
      moment: '2h (2.000 s)',
      canStep: { back: true, on: true },
    });
    expect(tab.timeline?.here).toBe('(2,1)+0x0010: 01 \u2192 02 at 2h');
    expect(tab.past?.old).toEqual([{ offset: 16, bytes: Uint8Array.of(1, 0) }]);
    // What is not recorded is not taken for what was not read.
    expect([...(tab.past?.bytes.bytes({ offset: 23, length: 2 }).flags ?? [])]).toEqual([
      stateBits.known,
      unrecordedState,
    ]);
    const changes = tab.past?.bytes.changes({ offset: 16, length: 4 });
    expect([...(changes?.ticks ?? [])].map((tick) => tick > (changes?.since ?? 0))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    timeline.act({ kind: 'step', step: -1 });
    timeline.act({ kind: 'step', step: -1 });
    expect(tab.timeline).toMatchObject({ at: 0, canStep: { back: false, on: true } });
    timeline.act({ kind: 'step', step: -1 });
    timeline.act({ kind: 'to', at: 5000 });
    timeline.act({ kind: 'step', step: 1 });
    timeline.act({ kind: 'step', step: 1 });
    expect(tab.shown).toEqual([3, 2, 1, 0, 2, 3, undefined]);
    expect(tab.timeline?.at).toBeUndefined();
  });

  test('goes to the last change of the byte at the cursor, then to the one before', () => {
    const { tab, timeline } = setup();
    timeline.act({ kind: 'here' });
    timeline.act({ kind: 'here' });
    timeline.act({ kind: 'here' });
    timeline.act({ kind: 'here' });
    expect(tab.shown).toEqual([3, 2, 1]);
    tab.past?.left();
    expect(tab.timeline?.moment).toBe('Now');
    timeline.act({ kind: 'now' });
    expect(tab.shown).toHaveLength(3);
  });

  test('plays in real time, but waits for no more than a second; a pause stays where it is', async () => {
    const { tab, timeline, time } = setup();
    timeline.act({ kind: 'play' });
    expect(tab.shown).toEqual([0]);
    await time.pass(1050);
    expect([tab.timeline?.isPlaying, tab.timeline?.at]).toEqual([true, 1000]);
    timeline.act({ kind: 'play' });
    await time.pass(5000);
    expect([tab.timeline?.isPlaying, tab.timeline?.at]).toEqual([false, 1000]);
    timeline.act({ kind: 'play' });
    await time.pass(3000);
    expect([tab.timeline?.isPlaying, tab.timeline?.at]).toEqual([false, 9000]);
    timeline.dispose();
    expect(tab.timeline).toBeUndefined();
  });
});
