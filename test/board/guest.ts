/**
 * An application that asks once and restarts over and over, at random moments, while our tool watches its memory and its
 * status: what both of them noticed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Board, Partition, PartitionMemory, ReadResult, Survey } from '../../src/board/board.ts';
import { type BoardError, toBoardError } from '../../src/board/errors.ts';
import { totalBytes } from '../../src/model/geometry.ts';
import { usualBudget } from '../../src/session/read-budget.ts';
import { keyOf } from '../conformance/keys.ts';
import type { VirtualBoard } from './board.ts';
import type { Family } from './families.ts';
import { lifeBytes, patternWord, type WitnessLives, type WitnessStarts } from './witness.ts';

/** Milliseconds from the start of one refresh to that of the next, unless the one before is still under way. */
const period = 100;
/** Milliseconds from the end of one look at the status to the next. */
const statusPause = 200;
/** Milliseconds of a life after its work, and between two lives (one pause in sixteen is ten times as long). */
const live = [20, 180] as const;
const pause = [0, 10] as const;

/**
 * What a refresh may answer while hands change: somebody was faster, or has just gone; on a driver with dynamic partitions
 * there is none between two lives; twice in a row the search for the owner met the gap between two lives, so that nobody
 * seemed to have the partition but the kernel. Everything else is a defect.
 */
const passing: ReadonlySet<string> = new Set([
  'not-asked',
  'no-descriptor',
  'busy',
  'owner-hidden',
  'no-partition',
  'columns-taken',
  'kernel-held',
]);

/** What refreshes showed, by kind. */
export interface Shown {
  /** Everything that one life wrote. */
  whole: number;
  /** A life that had not written everything yet: its words and zeros. */
  begun: number;
  /** Of one life, in an epoch that names no owner, for the same reason as `kernel-held`. */
  unnamed: number;
  /** Every byte marked as gated: nobody is there, or somebody who has not turned the clocks on yet. */
  gated: number;
}

export interface GuestRun {
  readonly lives: WitnessLives;
  /** Refreshes that were started, and how many a second on average. */
  readonly refreshes: number;
  readonly rate: number;
  readonly shown: Shown;
  /** Refreshes that a change of hands refused, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** What no refresh may show, one line each: words of two lives, of an older life than before, of another process than the epoch's; another refusal. */
  readonly defects: readonly string[];
  /** From start to answer, milliseconds. */
  readonly median: number;
  readonly longest: number;
  /** Updates of a live view of the same bytes, and how often one began. */
  readonly updates: number;
  readonly watches: number;
  /** Updates of a survey of the whole memory. */
  readonly surveyed: number;
  /** Looks at the status that told something of every tile that was asked for. */
  readonly looks: number;
  /** Descriptors and device mappings of the agent and of the process that starts the lives, before and after. */
  readonly before: string;
  readonly after: string;
  /** What the module counted in this run, and what it has at the end: `open`, `dmabufs`, `mappings`. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A run in words and numbers, in one line. */
export function runText(run: GuestRun): string {
  const { lives, shown, refused } = run;
  const counted = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `, ${name} ${count}`)
      .join('');
  return (
    `${lives.cycles} lives in ${(lives.ms / 1000).toFixed(0)} s, ${lives.retries} refused at their start (${lives.error}), ` +
    `${lives.resets} own resets (${lives.resetRetries} at the second try); ` +
    `${run.refreshes} refreshes, ${run.rate.toFixed(1)} a second${counted({ ...shown })}${counted(refused)}; ` +
    `answered after ${run.median} ms (median), ${run.longest} ms at most; ${run.updates} updates of ${run.watches} live views; ${run.surveyed} of surveys; ${run.looks} looks at the status`
  );
}

/** How many descriptors and device mappings agents and witnesses have, a line for each. */
async function held(board: VirtualBoard): Promise<string> {
  const script =
    'for p in /proc/[0-9]*; do read -r c < $p/comm && case $c in tilescope-agent|witness) ' +
    'echo $c: $(ls $p/fd | wc -l) descriptors, $(grep -c -e aiepart -e dmabuf $p/maps) mappings;; esac; done 2>/dev/null';
  return (await board.exec(script)).stdout.toString().trim().split('\n').sort().join('\n');
}

/** The same, when three looks in a row agree: a single one may meet the agent at one of its own looks. */
async function atRest(board: VirtualBoard): Promise<string> {
  const looks = [await held(board)];
  while (looks.length < 3 || new Set(looks.slice(-3)).size > 1) {
    await delay(100);
    looks.push(await held(board));
  }
  return looks.at(-1) ?? '';
}

/** The same once it is `wanted`, or after five seconds: what is remembered of an owner goes at a later look at the list. */
async function settled(board: VirtualBoard, wanted: string): Promise<string> {
  const end = performance.now() + 5000;
  for (;;) {
    const now = await held(board);
    if (now === wanted || performance.now() > end) return now;
    await delay(100);
  }
}

/** Which life wrote a word of the first tile (tile offset in bytes), if one did. */
function lifeOf(word: number, family: Family, offset: number): number {
  const { startCol } = family.partition;
  return (word ^ patternWord('data', startCol, family.shape.core.start, offset)) >>> 0;
}

/** The lives whose words are in these bytes of the first tile, and the process that says it wrote all of them (0: none yet). */
function wroteThis(bytes: Uint8Array, family: Family): { lives: ReadonlySet<number>; process: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const process = view.getUint32(0, true);
  const lives = new Set<number>();
  for (let at = 4; at < bytes.length; at += 4) {
    const word = view.getUint32(at, true);
    // Where the life has said that all is written, a zero would be somebody else's.
    if (word !== 0 || process !== 0) lives.add(lifeOf(word, family, at));
  }
  return { lives, process };
}

/** Who looks at what refreshes and looks at the status answer. */
interface Watcher {
  /** The newest life that was seen by now. */
  readonly newest: number;
  result(result: ReadResult, least: number): void;
  failed(error: BoardError): void;
}

/** Looks at what refreshes show. */
class Judge implements Watcher {
  readonly shown: Shown = { whole: 0, begun: 0, unnamed: 0, gated: 0 };
  readonly refused: Record<string, number> = {};
  readonly defects: string[] = [];
  /** The newest life that was seen by now. */
  newest = 0;
  readonly #family: Family;
  readonly #count: number;
  readonly #passing: ReadonlySet<string>;

  /** @param passing the refusals that are no defects */
  constructor(family: Family, count: number, passing: ReadonlySet<string>) {
    this.#family = family;
    this.#count = count;
    this.#passing = passing;
  }

  /** @param least the newest life that was seen before this refresh began */
  result(result: ReadResult, least: number): void {
    const bytes = result.pieces[0]?.bytes ?? new Uint8Array(0);
    const unread = result.unreadable.reduce((sum, span) => sum + span.length, 0);
    if (unread === lifeBytes && result.unreadable.every((span) => span.reason === 'gated')) {
      this.shown.gated++;
      return;
    }
    // All of it is in one tile, so all or nothing of it has a clock.
    if (unread > 0 || bytes.length !== lifeBytes) {
      this.defects.push(`${bytes.length} bytes, not read: ${JSON.stringify(result.unreadable)}`);
      return;
    }
    const { lives, process } = wroteThis(bytes, this.#family);
    const [life = least] = lives;
    if (lives.size > 1) this.defects.push(`words of the lives ${[...lives].join(', ')}`);
    else if (life < least || life > this.#count) this.defects.push(`life ${life} after ${least}`);
    else if (process === 0) this.shown.begun++;
    else if (result.epoch.includes('/hidden/')) this.shown.unnamed++;
    else if (!result.epoch.includes(`/${process}@`)) {
      this.defects.push(`words of process ${process} in epoch ${result.epoch}`);
    } else this.shown.whole++;
    this.newest = Math.max(this.newest, life);
  }

  failed(error: BoardError): void {
    if (this.#passing.has(error.code)) this.refused[error.code] = (this.refused[error.code] ?? 0) + 1;
    else this.defects.push(`${error.code}: ${error.message} ${JSON.stringify(error.facts)}`);
  }
}

/**
 * Runs `count` lives of an application on the family's partition, each a process of its own that also resets it where the
 * driver allows that, while `ours` watches the 4 KiB that each life writes (ten times a second, or as soon as the refresh
 * before has its answer), where the memory changes, and the status of a row of tiles, as views do that repeat by themselves.
 * @param seed of the lengths of lives and pauses; not 0
 * @param times so much longer than usual are lives and pauses
 */
export async function restartBeside(
  board: VirtualBoard,
  ours: Board,
  family: Family,
  count: number,
  seed: number,
  times = 1,
): Promise<GuestRun> {
  const longer = ([least, most]: readonly [number, number]): [number, number] => [
    Math.round(least * times),
    Math.round(most * times),
  ];
  const signal = new AbortController().signal;
  const { startCol, numCols, id } = family.partition;
  const partition = await ours.open(keyOf({ startCol, numCols }), {}, signal);
  const memory = partition.memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  const witness = await board.witness();
  try {
    const before = await atRest(board);
    const begun = await board.counters();
    const judge = new Judge(family, count, passing);
    const lives = witness.cycles(id, count, {
      reset: family.ownReset,
      live: longer(live),
      pause: longer(pause),
      seed,
    });
    const ranges = [{ offset: 0, length: lifeBytes }];
    const wordsPerSecond = usualBudget;
    const [{ times, ms }, { updates, watches }, surveyed, looks] = await Promise.all([
      refreshUntil(lives, memory, judge),
      followUntil(lives, judge, (onUpdate) =>
        memory.watch({ ranges, periodMs: period, wordsPerSecond }, onUpdate),
      ),
      followUntil(lives, judge, (onUpdate) =>
        memory.survey({ wordsPerTile: 64, periodMs: 1000, wordsPerSecond }, onUpdate),
      ),
      lookUntil(lives, partition, family, judge),
    ]);
    const after = await settled(board, before);
    const counters = { ...(await board.counters()) };
    for (const name of ['requests', 'releases', 'busy', 'resets', 'resets_refused'])
      counters[name] = (counters[name] ?? 0) - (begun[name] ?? 0);
    return {
      lives: await lives,
      refreshes: times.length,
      rate: (times.length * 1000) / ms,
      shown: judge.shown,
      refused: judge.refused,
      defects: judge.defects,
      median: Math.round(times[times.length >> 1] ?? 0),
      longest: Math.round(times.at(-1) ?? 0),
      updates,
      watches,
      surveyed: surveyed.updates,
      looks,
      before,
      after,
      counters,
    };
  } finally {
    await witness.exit();
  }
}

/** Refreshes until `over` is settled. Answers with what each took, ascending, and with the time of all, in milliseconds. */
async function refreshUntil(
  over: Promise<unknown>,
  memory: PartitionMemory,
  judge: Watcher,
): Promise<{ times: number[]; ms: number }> {
  let on = true;
  const end = () => {
    on = false;
  };
  over.then(end, end);
  const range = { offset: 0, length: lifeBytes };
  const times: number[] = [];
  const first = performance.now();
  while (on) {
    const begin = performance.now();
    const least = judge.newest;
    try {
      judge.result(await memory.read([range], { asking: 'nobody' }, new AbortController().signal), least);
    } catch (error) {
      judge.failed(toBoardError(error));
    }
    const took = performance.now() - begin;
    times.push(took);
    await delay(Math.max(0, period - took));
  }
  return { times: times.sort((a, b) => a - b), ms: performance.now() - first };
}

/** Follows memory by itself until `over` is settled; begins anew when a life ends. @param begin begins a watch or a survey */
async function followUntil(
  over: Promise<unknown>,
  judge: Watcher,
  begin: (onUpdate: () => void) => Survey,
): Promise<{ updates: number; watches: number }> {
  let on = true;
  let watch: Survey | undefined;
  const end = () => {
    on = false;
    watch?.dispose();
  };
  over.then(end, end);
  let [updates, watches] = [0, 0];
  while (on) {
    const begun = begin(() => {
      updates++;
      begun.seen();
    });
    watch = begun;
    watches++;
    const error = await begun.ended;
    if (on && error.code !== 'epoch') judge.failed(error);
    await delay(period);
  }
  return { updates, watches };
}

/** Looks at the status of a row of tiles until `over` is settled. Answers how often every one of them was looked at. */
async function lookUntil(
  over: Promise<unknown>,
  partition: Partition,
  family: Family,
  judge: Watcher,
): Promise<number> {
  let on = true;
  const end = () => {
    on = false;
  };
  over.then(end, end);
  const { startCol, numCols } = partition.columns;
  // As many as are looked at within one life.
  const tiles = Array.from({ length: numCols }, (_, i) => ({
    col: startCol + i,
    row: family.shape.core.start,
  }));
  let looks = 0;
  while (on) {
    try {
      const report = await partition.status(tiles, { asking: 'nobody' }, new AbortController().signal);
      if (report.tiles.every(({ reason }) => reason === undefined || reason === 'gated')) looks++;
    } catch (error) {
      judge.failed(toBoardError(error));
    }
    await delay(statusPause);
  }
  return looks;
}

/** What must be true of a run, whatever it met. */
export function expectGuest(run: GuestRun, family: Family, count: number): void {
  expect(run.defects).toEqual([]);
  // A start that was refused met us: nobody else is there.
  expect(run.lives).toMatchObject({ cycles: count, retries: 0, failures: 0, wrong: 0, resetFailures: 0 });
  expect(run.lives.resets).toBe(family.ownReset ? count : 0);
  expect(run.watches).toBeGreaterThan(0);
  expect(run.after).toBe(run.before);
  expect(run.counters).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  expect(run.counters['requests']).toBe(run.counters['releases']);
}

/** Whether a run was watched often enough to meet every kind of moment; how often exactly is reported. */
export function wasWatched({ rate, shown, looks }: GuestRun): boolean {
  return rate > 0.3 && shown.whole > 0 && looks > 0;
}

export interface KillRun {
  readonly killed: WitnessStarts;
  readonly refreshes: number;
  /** Looks at the status that told something of every tile that was asked for. */
  readonly looks: number;
  /** Lists of partitions that we were told, and refreshes and looks that a change of hands refused, by code. */
  readonly lists: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Refusals that a change of hands does not explain. */
  readonly defects: readonly string[];
  /** What the module counted since it was loaded. */
  readonly counters: Readonly<Record<string, number>>;
}

/** A run with kills in words and numbers, in one line. */
export function killsText({ killed, refreshes, looks, lists, refused, counters }: KillRun): string {
  return (
    `${killed.starts} killed in ${(killed.ms / 1000).toFixed(0)} s, ${killed.refused} refused at their start; ` +
    `${refreshes} refreshes, ${looks} looks at the status, ${lists} lists, ${JSON.stringify(refused)}, ` +
    `${counters['enquiries']} enquiries`
  );
}

/** What must be true of a run of kills: no look has left the driver's lock behind. */
export function expectNoWedge(run: KillRun, count: number): void {
  expect(run.defects).toEqual([]);
  expect(run.killed).toMatchObject({ starts: count, failures: 0, wrong: 0, stuck: false });
  expect(run.counters).toMatchObject({ wedges: 0, hung: 0, open: 0, dmabufs: 0, mappings: 0 });
}

/**
 * Kills an application in the middle of its work `count` times, each time at another moment, while `ours` watches the list,
 * the memory and the status of its partition.
 * @param seed of the lengths of lives and pauses; not 0
 */
export async function killBeside(
  board: VirtualBoard,
  ours: Board,
  family: Family,
  count: number,
  seed: number,
): Promise<KillRun> {
  const signal = new AbortController().signal;
  const { startCol, numCols, id } = family.partition;
  const partition = await ours.open(keyOf({ startCol, numCols }), {}, signal);
  const memory = partition.memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  // One that is killed after another leaves no moment in which the driver may be asked.
  const judge = new Judge(family, count, new Set([...passing, 'no-quiet']));
  // These applications write program memory: what stands in the data says nothing of them.
  const watcher: Watcher = { newest: 0, result: () => {}, failed: (error) => judge.failed(error) };
  let lists = 0;
  const listening = ours.onDidChangePartitions(() => {
    lists++;
  });
  const witness = await board.witness();
  try {
    const kills = witness.kills(id, count, { init: family.ownReset, live: [0, 20], pause: [0, 10], seed });
    const [{ times }, looks] = await Promise.all([
      refreshUntil(kills, memory, watcher),
      lookUntil(kills, partition, family, watcher),
    ]);
    return {
      killed: await kills,
      refreshes: times.length,
      looks,
      lists,
      refused: judge.refused,
      defects: judge.defects,
      counters: await board.counters(),
    };
  } finally {
    listening.dispose();
    await witness.exit();
  }
}

/**
 * Starts an application `count` times at moments drawn from `seed`, while `ours` reads the whole data memory of its free
 * partition over and over, as a person's long read does. Nothing warns us of a start: it has the device open already.
 * Answers what became of the starts, and how many bytes were read meanwhile.
 */
export async function startsBesideRead(
  board: VirtualBoard,
  ours: Board,
  family: Family,
  count: number,
  seed: number,
): Promise<{ readonly starts: WitnessStarts; readonly bytes: number }> {
  const signal = new AbortController().signal;
  const { startCol, numCols, id } = family.partition;
  const memory = (await ours.open(keyOf({ startCol, numCols }), {}, signal)).memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  const witness = await board.witness();
  try {
    // What is gated is not read: clocks and contents are left behind.
    await witness.request(id, { keep: true });
    await witness.release();
    let on = true;
    const starts = witness
      .starts(id, count, {
        init: family.ownReset,
        keep: true,
        opened: true,
        live: [0, 20],
        pause: [250, 650],
        seed,
      })
      .finally(() => {
        on = false;
      });
    let bytes = 0;
    const whole = { offset: 0, length: totalBytes(memory.geometry) };
    while (on) {
      try {
        const result = await memory.read([whole], { asking: 'person' }, signal);
        bytes += result.pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
      } catch (error) {
        if (!passing.has(toBoardError(error).code)) throw error;
      }
    }
    return { starts: await starts, bytes };
  } finally {
    await witness.exit();
  }
}
