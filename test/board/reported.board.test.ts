/**
 * What a watch and a recording report beside a running application, over SSH, judged by the application's own log of what it
 * stored, and when.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Board, PartitionMemory, RecordedPart, WatchUpdate } from '../../src/board/board.ts';
import { tileRange } from '../../src/model/geometry.ts';
import { Recording } from '../../src/model/recording.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { patternWord, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { type FamilyName, families } from './families.ts';
import { judgeLooks, judgeTimes, type RecordedWord, type ReportedLook, type StoreLog } from './reported.ts';

const seed = runSeed();
const never = new AbortController().signal;
/** Two ways to the bytes beside an owner: mapped registers, and reading its descriptor. */
const names = ['2020/aie', 'aperture40/aieml'] as const satisfies readonly FamilyName[];
/** What changes, and is looked at: bytes of one tile. */
const region = { offset: 0x400, length: 4096 };
/** Milliseconds between two looks. */
const periodMs = 20;
/** Steps of the application in a second, and the looks of a watch and of a recording that are judged. */
const rate = 100;
const looksAtLeast = 150;
/** By which the board's clock may be off: it tells whole milliseconds. */
const rounding = 2;

let board: VirtualBoard;
let way: SshWay;
let ours: Board | undefined;
let witness: Witness | undefined;

beforeAll(async () => {
  const agent = buildForArm('agent');
  board = await startBoard();
  way = new SshWay(board, agent);
});
afterEach(async () => {
  await ours?.dispose();
  await witness?.exit();
  [ours, witness] = [undefined, undefined];
});
afterAll(async () => {
  way?.dispose();
  await board?.stop();
});
useCleanLog(() => board);

/** Everything that a recording has, once it has ended. */
async function wholeRecording(parts: (from: number) => Promise<RecordedPart>, recording: Recording) {
  for (let hasMore = true; hasMore; ) {
    const part = await parts(recording.next);
    recording.take(part);
    hasMore = part.hasMore;
  }
}

/** The words of an update, by buffer offset. */
function wordsOf({ pieces, unreadable }: WatchUpdate): Map<number, number> {
  expect(unreadable).toEqual([]);
  const words = new Map<number, number>();
  for (const { range, bytes } of pieces) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; at += 4) words.set(range.offset + at, view.getUint32(at, true));
  }
  return words;
}

/** A recording's looks that found something, on the board's clock, and their changes. */
function looksOf(recording: Recording): { looks: ReportedLook[]; changes: RecordedWord[] } {
  const { beganAt } = recording.about;
  const looks: ReportedLook[] = [];
  const changes: RecordedWord[] = [];
  for (let number = recording.first; number <= recording.last; number++) {
    const { at = 0, after = 0 } = recording.moment(number) ?? {};
    const earlier = recording.moment(number - 1)?.at ?? 0;
    // The next look tells when this one began, unless one that found nothing came between.
    const next = recording.moment(number + 1)?.after ?? Infinity;
    const from = next <= at ? next : Math.max(earlier, after);
    const words = new Map<number, number>();
    for (const { offset, old = 0, now = 0 } of recording.changesOf(number)) {
      words.set(offset, now);
      changes.push({ offset, old, now, after: beganAt + after, at: beganAt + at });
    }
    looks.push({ from: beganAt + from, to: beganAt + at, words });
  }
  return { looks, changes };
}

describe.each(names)('beside an application on %s', (name) => {
  const family = families[name];
  const { id, startCol, numCols } = family.partition;
  const [column, row] = [startCol + 1, family.shape.core.start + 1];

  async function dataMemory(): Promise<PartitionMemory> {
    await board.reloadModule(family.module);
    witness = await board.witness(`request ${id} clocks`, 'fill');
    ours = await way.connect();
    const memory = (await ours.open(keyOf({ startCol, numCols }), {}, never)).memory('data');
    if (memory === undefined) throw new Error('no data memory');
    return memory;
  }

  it('[live-13] each reported change happened, each that lasted is reported, and a recording has the right times', async () => {
    const memory = await dataMemory();
    const owner = witness as Witness;
    const tile = tileRange(memory.geometry, { col: column, row }).offset;
    const range = { offset: tile + region.offset, length: region.length };
    const options = { ranges: [range], periodMs, wordsPerSecond: 1_000_000 };

    // Both begin before the first store: what they find first is what the log begins with.
    const handle = memory.recording('judged', { ...options, ringBytes: 8 << 20 });
    await handle.arm(never);
    const recording = new Recording([range], 8 << 20);
    await expect.poll(async () => (await handle.part(0, never)).made).toBeGreaterThan(0);
    const looks: ReportedLook[] = [];
    let seen = Number.NEGATIVE_INFINITY;
    const watch = memory.watch(options, (update) => {
      looks.push({ from: seen, to: Date.now(), words: wordsOf(update) });
      seen = Date.now();
      watch.seen();
    });
    const more = async (count: number): Promise<void> => {
      const enough = looks.length + count;
      await expect.poll(() => looks.length).toBeGreaterThanOrEqual(enough);
    };
    await more(1);
    const before = new Map<number, number>();
    for (let at = 0; at < region.length; at += 4) {
      const offset = region.offset + at;
      before.set(tile + offset, patternWord('data', column, row, offset));
    }

    const asked = Date.now();
    await owner.run({ column, row, ...region, rate, seed });
    const answered = Date.now();
    await more(looksAtLeast);
    const { beganAt, stores } = await owner.stores();
    await more(2);
    watch.dispose();
    await handle.end(false, never);
    await wholeRecording((from) => handle.part(from, never), recording);
    const log: StoreLog = { before, stores: stores.map((one) => ({ ...one, offset: tile + one.offset })) };
    const message = `SEED=${seed}`;
    expect(recording.about.lostMoments).toBe(0);

    const recorded = looksOf(recording);
    // The log began while `run` was answered: so far apart are the board's clock and this machine's.
    const slack = (answered - asked) / 2 + rounding;
    const offset = (asked + answered) / 2 - beganAt;
    const hostLog = {
      before,
      stores: log.stores.map((one) => ({ ...one, from: one.from + offset, to: one.to + offset })),
    };
    const ofWatch = judgeLooks(hostLog, looks, slack);
    expect(ofWatch.problems, message).toEqual([]);
    // A recording's times are right within a period.
    const ofRecording = judgeLooks(log, recorded.looks, periodMs);
    expect(ofRecording.problems, message).toEqual([]);
    expect(judgeTimes(log, recorded.changes, periodMs), message).toEqual([]);
    const counts = {
      stores: stores.length,
      watch: { looks: looks.length, changes: ofWatch.changes, lasting: ofWatch.lasting, slack },
      recording: {
        looks: recording.about.made,
        moments: recorded.looks.length,
        changes: ofRecording.changes,
        lasting: ofRecording.lasting,
      },
    };
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(ofWatch.lasting, message).toBeGreaterThan(0);
    expect(ofRecording.lasting, message).toBeGreaterThan(100);
    expect(recorded.looks.length, message).toBeGreaterThan(looksAtLeast / 2);
  });
});
