/** Beside a running owner, over SSH: what is read, what it costs the board, how soon it begins, what the owner notices. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'ssh2';
import { root } from '../../scripts/common.ts';
import type { Board, Partition, PartitionMemory } from '../../src/board/board.ts';
import type { ByteRange, Tile } from '../../src/model/geometry.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { families } from '../board/families.ts';
import { keyOf } from '../conformance/keys.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { interleave, type Measure, median, spread } from './measure.ts';
import { compile } from './reads.ts';

export const family = families['aperture40/aieml'];
export const columns = { startCol: family.partition.startCol, numCols: family.partition.numCols };
const window = 4096;
const rate = 10;
const signal = new AbortController().signal;

async function dataMemory(ours: Board): Promise<PartitionMemory> {
  return dataOf(await ours.open(keyOf(columns), {}, signal));
}

export function dataOf(partition: Partition): PartitionMemory {
  const memory = partition.memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  return memory;
}

async function refresh(memory: PartitionMemory, ranges: readonly ByteRange[]): Promise<void> {
  const result = await memory.read(ranges, {}, signal);
  if (result.unreadable.length > 0) throw new Error('bytes are missing');
}

/** Refreshes `count` times at `rate` per second; a refresh that takes longer delays the next. */
async function refreshFor(
  memory: PartitionMemory,
  ranges: readonly ByteRange[],
  count: number,
): Promise<void> {
  const begin = performance.now();
  for (let index = 0; index < count; index++) {
    await refresh(memory, ranges);
    await delay(Math.max(0, begin + ((index + 1) * 1000) / rate - performance.now()));
  }
}

/** Words of 32 bits that the ranges touch; no two ranges touch the same word. */
function wordsOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce(
    (sum, { offset, length }) => sum + Math.ceil((offset + length) / 4) - Math.floor(offset / 4),
    0,
  );
}

async function wordsRead(board: VirtualBoard, memory: PartitionMemory): Promise<Measure> {
  const tile = memory.geometry.bytesPerTile;
  const ranges = [
    { offset: 0x100, length: window },
    { offset: tile - 32, length: 64 },
    { offset: 5 * tile + 3, length: 10 },
  ];
  const times = 20;
  const count = async (): Promise<number> => (await board.counters())['memory_words_read'] ?? Number.NaN;
  const before = await count();
  for (let index = 0; index < times; index++) await refresh(memory, ranges);
  const value = ((await count()) - before) / times;
  return {
    name: 'words read per refresh',
    value,
    unit: 'words',
    peer: { name: 'words subscribed', value: wordsOf(ranges) },
    goal: { at: 'most', value: wordsOf(ranges) },
    note: `${times} refreshes of three scattered ranges beside the owner, counted by the driver's imitation`,
  };
}

/** Nanoseconds of processor time of a process so far, all threads. */
async function processorTime(board: VirtualBoard, command: string): Promise<number> {
  const script = `for p in /proc/[0-9]*; do read -r c < $p/comm && [ "$c" = ${command} ] && cat $p/task/*/schedstat; done 2>/dev/null`;
  const { stdout } = await board.exec(script);
  const lines = stdout.toString().trim().split('\n');
  const sum = lines.reduce((total, line) => total + Number(line.split(' ')[0]), 0);
  if (!(sum > 0)) throw new Error(`no process ${command} on the board`);
  return sum;
}

/**
 * Processor time of the agent while it works, beside a C loop of the same preads.
 * @param work keeps it busy for so many seconds
 */
async function agentCost(
  board: VirtualBoard,
  { name, rounds, seconds }: { readonly name: string; readonly rounds: number; readonly seconds: number },
  work: (seconds: number) => Promise<void>,
): Promise<Measure> {
  const offset = (family.shape.core.start << 20) + 0x100;
  const [mine = [], theirs = []] = await interleave(
    rounds,
    async () => {
      const before = await processorTime(board, 'tilescope-agent');
      await work(seconds);
      return ((await processorTime(board, 'tilescope-agent')) - before) / (seconds * 1e7);
    },
    async () => {
      const { code, stdout, stderr } = await board.exec(
        `/tmp/pread_loop ${offset} ${window} ${rate} ${seconds}`,
      );
      if (code !== 0) throw new Error(`pread_loop: ${stderr}`);
      return (Number(stdout.toString()) * rate) / 1e4;
    },
  );
  return {
    name,
    value: median(mine),
    unit: '% of one core',
    peer: { name: 'C loop of the same preads, -O2', value: median(theirs) },
    goal: { at: 'most', value: 3 },
    note: `median of ${rounds} windows of ${seconds} s, interleaved; ours ${spread(mine, 2)}, C ${spread(theirs, 2)}; looks for owners, frames and SSH's pipe included; emulated processor`,
  };
}

/**
 * What an agent costs that is connected and of which nobody wants anything: it looks at the partition list twice a second.
 * `busy`: what it costs while it is asked, the same unit.
 */
async function idleCost(board: VirtualBoard, seconds: number, busy: number): Promise<Measure> {
  const before = await processorTime(board, 'tilescope-agent');
  const begin = performance.now();
  await delay(seconds * 1000);
  const used = (await processorTime(board, 'tilescope-agent')) - before;
  return {
    name: 'agent CPU while nothing is open',
    value: used / ((performance.now() - begin) * 1e4),
    unit: '% of one core',
    peer: { name: 'the same agent at 10 Hz x 4 KiB', value: busy },
    note: `${seconds} s beside an owner; emulated processor`,
  };
}

/** Milliseconds to log in and run `true` over a channel of the same SSH library. */
async function bareLogin(board: VirtualBoard): Promise<number> {
  const privateKey = await readFile(board.privateKeyPath);
  const begin = performance.now();
  const client = new Client();
  const sock = net.connect({ host: board.host, port: board.port, noDelay: true });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('error', reject).once('ready', () =>
        client.exec('true', (error, channel) => {
          if (error !== undefined) return reject(error);
          channel.resume().on('close', () => resolve());
        }),
      );
      client.connect({ sock, username: board.user, privateKey, hostVerifier: () => true });
    });
    return performance.now() - begin;
  } finally {
    client.end();
  }
}

async function timeToAttach(board: VirtualBoard, way: SshWay, rounds: number): Promise<Measure> {
  const [mine = [], theirs = []] = await interleave(
    rounds,
    async () => {
      const begin = performance.now();
      const ours = await way.connect();
      try {
        await refresh(await dataMemory(ours), [{ offset: 0x100, length: window }]);
        return performance.now() - begin;
      } finally {
        await ours.dispose();
      }
    },
    () => bareLogin(board),
  );
  return {
    name: 'time to attach',
    value: median(mine),
    unit: 'ms',
    peer: { name: 'log in and run `true` over the same SSH library', value: median(theirs) },
    note: `from connecting to 4 KiB of a partition in use, agent already there; median of ${rounds}, interleaved; ours ${spread(mine)}, peer ${spread(theirs)}`,
  };
}

/** What an owner's loop keeps beside other work, in alternating windows of both. */
async function ownerRate(
  witness: Witness,
  { name, rounds, seconds }: { readonly name: string; readonly rounds: number; readonly seconds: number },
  work: (seconds: number) => Promise<unknown>,
): Promise<Measure> {
  const turns = async (during: (seconds: number) => Promise<unknown>): Promise<number> => {
    await witness.startRate();
    await during(seconds);
    return (await witness.stopRate()).rate;
  };
  const [beside = [], alone = []] = await interleave(
    rounds,
    () => turns(work),
    () => turns((time) => delay(time * 1000)),
  );
  const noise = (100 * (Math.max(...alone) - Math.min(...alone))) / median(alone);
  return {
    name,
    value: median(beside),
    unit: 'turns/s',
    peer: { name: 'the same loop, left alone', value: median(alone) },
    ratio: median(beside) / median(alone),
    note: `alternating windows of ${seconds} s, median of ${rounds}; beside ${spread(beside, 0)}, alone ${spread(alone, 0)}: these differ by ${noise.toFixed(1)} %`,
  };
}

/** 16 tiles of the partition, column by column. */
const lookedAt: readonly Tile[] = Array.from({ length: 16 }, (_, index) => ({
  col: columns.startCol + (index % columns.numCols),
  row: family.shape.core.start + Math.floor(index / columns.numCols),
}));

/**
 * What an owner's loop keeps beside a view that follows status, wanted so often per second: a look that the board keeps
 * waiting delays the next.
 */
async function ownerUnderLooks(
  witness: Witness,
  partition: Partition,
  { hertz, rounds, seconds }: { readonly hertz: number; readonly rounds: number; readonly seconds: number },
): Promise<Measure> {
  let looks = 0;
  const follow = async (): Promise<void> => {
    const begin = performance.now();
    const left = () => begin + seconds * 1000 - performance.now();
    while (left() > 0) {
      const next = performance.now() + 1000 / hertz;
      const { tiles } = await partition.status(lookedAt, { detail: true, asking: 'nobody' }, signal);
      if (tiles.some(({ reason }) => reason !== undefined)) throw new Error('a tile could not be looked at');
      looks++;
      await delay(Math.max(0, Math.min(left(), next - performance.now())));
    }
  };
  const name = `owner's loop rate beside status of 16 tiles with details, wanted at ${hertz} Hz`;
  const measure = await ownerRate(witness, { name, rounds, seconds }, follow);
  const perSecond = looks / ((rounds + 1) * seconds);
  return {
    ...measure,
    goal: { at: 'least', value: 0.97 },
    note: `${measure.note}; ${perSecond.toFixed(2)} looks a second`,
  };
}

/** Boots a board whose owner runs, attaches, and measures; medians of `rounds`. */
export async function measureGuest(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  const board = await startBoard({ image: 'openssh', module: family.module });
  const way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
  const witness = await board.witness(`request ${family.partition.id} clocks`, 'fill');
  try {
    await board.put(await compile(folder, 'pread_loop'), '/tmp/pread_loop');
    const ours = await way.connect();
    try {
      const partition = await ours.open(keyOf(columns), {}, signal);
      const memory = dataOf(partition);
      const seconds = rounds > 1 ? 12 : 3;
      const words = await wordsRead(board, memory);
      const shown = [{ offset: 0x100, length: window }];
      const refreshes = (time: number): Promise<void> => refreshFor(memory, shown, time * rate);
      const ofAgent = { name: 'agent CPU at 10 Hz x 4 KiB beside the owner', rounds, seconds };
      const busy = await agentCost(board, ofAgent, refreshes);
      const ofOwner = {
        name: "owner's loop rate while refreshed at 10 Hz x 4 KiB",
        rounds,
        seconds: rounds > 1 ? 3 : 1,
      };
      const measures = [
        words,
        busy,
        await idleCost(board, rounds * seconds, busy.value),
        await timeToAttach(board, way, rounds),
        await ownerRate(witness, ofOwner, refreshes),
        // Long enough for a look that waits the longest, so that each window has its share of them.
        await ownerUnderLooks(witness, partition, { hertz: 1, rounds, seconds: rounds > 1 ? 15 : 1 }),
        await ownerUnderLooks(witness, partition, { hertz: 10, rounds, seconds: rounds > 1 ? 15 : 1 }),
      ];
      await board.assertClean();
      return measures;
    } finally {
      await ours.dispose();
    }
  } finally {
    await witness.exit();
    way.dispose();
    await board.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
