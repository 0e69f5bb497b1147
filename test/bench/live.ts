/**
 * Live memory beside a running owner, over SSH: bytes of an update, how fast the board's side looks, what that costs it and
 * its owner, how soon a change is on the screen. What an update costs the page is in `page.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import { buildAll } from '../../scripts/build.ts';
import { root } from '../../scripts/common.ts';
import { startCodeServer } from '../../scripts/hosts.ts';
import type { PartitionMemory, WatchUpdate } from '../../src/board/board.ts';
import type { Header } from '../../src/board/protocol/frames.ts';
import { wordBytes } from '../../src/model/geometry.ts';
import { usualBudget } from '../../src/session/read-budget.ts';
import { startBoard, type VirtualBoard, type Witness } from '../board/board.ts';
import { dynamicId } from '../board/families.ts';
import { keyOf } from '../conformance/keys.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { boardInSidebar } from '../e2e/board-home.ts';
import { Workbench } from '../e2e/driver.ts';
import { openMemory } from '../e2e/main-job.ts';
import { columns, dataOf, family } from './guest.ts';
import { interleave, type Measure, median, percentile, spread } from './measure.ts';
import { measurePage } from './page.ts';
import { compile, figure, greeting, line, putFrames } from './reads.ts';

const signal = new AbortController().signal;
const agentPath = join(root, 'dist', 'agents', 'tilescope-agent-aarch64');
/** What is on screen: bytes of the partition's first tile. */
const shown = { offset: 0x100, length: 4096 };
const tile = { column: columns.startCol, row: family.shape.core.start };
/** Nanoseconds that an uncached word of a device takes, in order of magnitude. */
const deviceWordNs = 100;
/** No budget: what is measured is what looks cost. */
const freely = 10_000_000;

/** Words of the shown bytes that change between two updates, by their place among these. */
const changes = [
  { name: 'one word', words: [0x100], spans: 1 },
  {
    name: '64 scattered words',
    words: Array.from({ length: 64 }, (_, i) => i * 16 + ((7 * i) % 16)),
    spans: 64,
  },
  { name: 'all of 4 KiB', words: Array.from({ length: shown.length / wordBytes }, (_, i) => i), spans: 1 },
];

/** Runs of words that follow each other. */
function runsOf(words: readonly number[]): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const word of words) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === word) last.count++;
    else runs.push({ first: word, count: 1 });
  }
  return runs;
}

/** Bytes of one update for each pattern of changes; they are counted, whatever else the machine does. */
async function wireBytes(witness: Witness, memory: PartitionMemory): Promise<Measure[]> {
  let came: (update: WatchUpdate) => void = () => undefined;
  const options = { ranges: [shown], periodMs: 20, wordsPerSecond: freely };
  const next = (): Promise<WatchUpdate> => new Promise((resolve) => (came = resolve));
  const first = next();
  const watch = memory.watch(options, (update) => came(update));
  try {
    await first;
    const measures: Measure[] = [];
    for (const [round, { name, words, spans }] of changes.entries()) {
      // The next look is made once this update was seen: it finds all that changes meanwhile.
      for (const { first: word, count } of runsOf(words)) {
        const bytes = new Uint8Array(count * wordBytes).fill(0x11 * (round + 1));
        await witness.write('data', tile.column, tile.row, shown.offset + word * wordBytes, bytes);
      }
      const update = next();
      watch.seen();
      const { pieces, wireBytes: value } = await update;
      const told = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      const changed = words.length * wordBytes;
      if (pieces.length !== spans || told !== changed) throw new Error(`${name}: ${told} bytes were told`);
      measures.push({
        name: `update, ${name}: bytes on the wire`,
        value,
        unit: 'bytes',
        peer: { name: 'the changed bytes alone', value: changed },
        goal: { at: 'most', value: 1.2 * changed + 12 * spans + 64 },
        note: 'counted; goal: 1.2 x changed bytes + 12 for each span + 64 for the update',
      });
    }
    return measures;
  } finally {
    watch.dispose();
  }
}

/** A request to follow the first bytes of a partition. */
const watchOf = (partition: string, length: number, hertz: number, wordsPerSecond: number): Header => ({
  op: 'watch',
  id: 3,
  partition,
  memory: 'data',
  ranges: [[0, length]],
  periodMs: Math.floor(1000 / hertz),
  wordsPerSecond,
});

/**
 * How fast the agent looks, and what that costs it and its owner, beside the same reads without looks: on a board of one
 * processor whose clock counts instructions, so that a busy machine changes no figure.
 */
async function counted(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  const board = await startBoard({ counted: true, module: family.module });
  const { numCols, core } = family.shape;
  const tileBytes = 0x10000;
  const owner = await board.witness(`request ${dynamicId(0, numCols)} keep clocks`, 'fill');
  const wordsTake = (ns: number) => board.exec(`echo ${ns} > /sys/module/aievirt/parameters/word_ns`);
  try {
    const key = keyOf({ startCol: 0, numCols });
    await board.put(agentPath, '/tmp/agent');
    for (const peer of ['drain', 'beside_loop']) await board.put(await compile(folder, peer), `/tmp/${peer}`);
    /** The command that follows so many bytes for so many updates. */
    const follow = async (name: string, watch: Header, length: number, updates: number): Promise<string> => {
      const frames = { ...greeting(key), watch, seen: { op: 'seen', id: 3 } };
      const [hello, open, request, seen] = (await putFrames(board, folder, `-${name}`, frames)).split(' ');
      return `/tmp/drain /tmp/agent ${hello} ${open} ${request} ${length} ${updates} ${seen}`;
    };
    const loop = (columns: number, rows: number, bytes: number): string =>
      `/tmp/beside_loop witness 2 ${columns} ${core.start} ${rows} ${bytes} only-read`;

    // The loop reads as many tiles, column by column.
    const length = 2 * core.count * tileBytes;
    const look = await follow('look', watchOf(key, length, 50, 0), length, 1);
    const rate = async (wordNs: number): Promise<Measure> => {
      await wordsTake(wordNs);
      const [looks = [], reads = []] = await interleave(
        rounds,
        () => figure(board, look),
        () => figure(board, loop(2, core.count, tileBytes)),
      );
      const peer = { name: 'C loop of the same reads, that compares nothing', times: reads };
      return line(`look at 1 MiB again and again, words of ${wordNs} ns`, looks, peer, 0.9, length);
    };
    const { goal: _, ...cheap } = await rate(0);
    const device = await rate(deviceWordNs);

    // All of it changes, so that each look is told.
    await owner.run({ column: 0, row: core.start, offset: 0, length: shown.length, rate: 20 });
    const told = await follow('told', watchOf(key, shown.length, 10, 0), shown.length, rounds > 1 ? 50 : 10);
    const [agent = [], reads = []] = await interleave(
      rounds,
      async () => (await figure(board, told)) / 1e6,
      async () => (await figure(board, loop(1, 1, shown.length))) / 1e6,
    );
    await owner.stop();

    const followed = await follow('followed', watchOf(key, 8 * shown.length, 30, usualBudget), length, 1000);
    const turns = async (): Promise<number> => {
      await owner.startRate();
      await board.exec(`sleep ${rounds > 1 ? 5 : 1}`);
      return (await owner.stopRate()).rate;
    };
    const [beside = [], alone = []] = await interleave(
      rounds,
      async () => {
        await board.exec(`${followed} > /dev/null 2>&1 < /dev/null & echo $! > /tmp/followed; sleep 1`);
        const value = await turns();
        await board.exec('kill $(cat /tmp/followed)');
        return value;
      },
      turns,
    );
    await board.assertClean();
    return [
      device,
      { ...cheap, note: `information; ${cheap.note}` },
      {
        name: 'agent CPU, live at 10 Hz x 4 KiB that all change',
        // Milliseconds of one look: ten in a second are as many hundredths of it.
        value: median(agent),
        unit: '% of one core',
        peer: { name: 'C loop of the same reads', value: median(reads) },
        goal: { at: 'most', value: 3 },
        note: `words of ${deviceWordNs} ns; median of ${rounds}, interleaved; ours ${spread(agent, 2)}, C ${spread(reads, 2)}; looks for owners included`,
      },
      {
        name: "owner's loop rate, live at 30 Hz x 32 KiB within the usual budget",
        value: median(beside),
        unit: 'turns/s',
        peer: { name: 'the same loop, left alone', value: median(alone) },
        ratio: median(beside) / median(alone),
        goal: { at: 'least', value: 0.97 },
        note: `one processor for both, words of ${deviceWordNs} ns, ${usualBudget} words a second; median of ${rounds}, interleaved; beside ${spread(beside, 0)}, alone ${spread(alone, 0)}`,
      },
    ];
  } finally {
    await owner.exit();
    await board.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Milliseconds since 1970 when the page painted a row that begins so. */
function painted(frame: Frame, digits: string): Promise<number> {
  return frame.evaluate(
    (wanted) =>
      new Promise<number>((resolve) => {
        const isThere = (): boolean =>
          [...document.querySelectorAll('#grid .layer .cell.bytes')].some((cell) =>
            (cell.textContent ?? '').replace(/\s/g, '').startsWith(wanted),
          );
        const look = (): void => {
          if (!isThere()) return;
          changed.disconnect();
          // What follows a frame comes after its painting.
          requestAnimationFrame(() => setTimeout(() => resolve(Date.now())));
        };
        const changed = new MutationObserver(look);
        const grid = document.querySelector('#grid');
        if (grid !== null) changed.observe(grid, { subtree: true, childList: true, characterData: true });
        look();
      }),
    digits,
  );
}

/** From a change on the board to its cell on the screen, in a real window; what the link takes is taken off. */
async function untilPainted(
  board: VirtualBoard,
  witness: Witness,
  folder: string,
  rounds: number,
): Promise<Measure[]> {
  const [hertz, label] = [10, 'Virtual board'];
  const dataFolder = await mkdtemp(join(tmpdir(), 'tilescope-bench-profile-'));
  const host = await startCodeServer({
    folder,
    dataFolder,
    extensionDevelopmentPath: root,
    settings: { 'tilescope.liveRate': hertz },
    env: { HOME: folder, ...(await boardInSidebar(board, folder, label)) },
  });
  try {
    const workbench = await Workbench.open(host);
    try {
      await workbench.showView('Tilescope');
      await workbench.expand(label);
      const { frame } = await openMemory(workbench, 'Data memory', `(${tile.column},${tile.row})`);
      const times: number[] = [];
      const links: number[] = [];
      for (let sample = 0; sample < 20 * rounds; sample++) {
        const bytes = new Uint8Array(wordBytes);
        new DataView(bytes.buffer).setUint32(0, 0xa000_0000 + sample);
        const seen = painted(frame, Buffer.from(bytes).toString('hex').toUpperCase());
        // At another moment of the period each time.
        await delay((sample * 37) % (1000 / hertz));
        const begin = Date.now();
        await witness.status();
        links.push(Date.now() - begin);
        const changed = Date.now();
        await witness.write('data', tile.column, tile.row, 0, bytes);
        times.push((await seen) - changed);
      }
      const link = median(links);
      const rest = times.map((time) => time - link);
      const ofTimes = (name: string, value: number): Measure => ({
        name: `change on the board to painted cell at ${hertz} Hz, without the link: ${name}`,
        value,
        unit: 'ms',
        peer: { name: 'round trip of the link', value: link },
        note: `${times.length} changes, ${spread(rest, 0)}`,
      });
      return [
        ofTimes('median', median(rest)),
        { ...ofTimes('p95', percentile(rest, 0.95)), goal: { at: 'most', value: 1000 / hertz + 50 } },
      ];
    } finally {
      await workbench.close();
    }
  } finally {
    await host.stop();
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What `measure` gives of a board on which an application runs, with a folder that goes afterwards. */
async function onBoard(
  measure: (board: VirtualBoard, witness: Witness, folder: string) => Promise<Measure[]>,
): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  const board = await startBoard({ image: 'openssh', module: family.module });
  const witness = await board.witness(`request ${family.partition.id} clocks`, 'fill');
  try {
    const measures = await measure(board, witness, folder);
    await board.assertClean();
    return measures;
  } finally {
    await witness.exit();
    await board.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Bytes of updates, looks, agent and owner; medians of `rounds`. */
export async function measureWatch(rounds: number): Promise<Measure[]> {
  const bytes = await onBoard(async (board, witness) => {
    const way = new SshWay(board, agentPath);
    const ours = await way.connect();
    try {
      return await wireBytes(witness, dataOf(await ours.open(keyOf(columns), {}, signal)));
    } finally {
      await ours.dispose();
      way.dispose();
    }
  });
  return [...bytes, ...(await counted(rounds))];
}

/** How soon a change is on the screen, in a real window; of this very source, as its agent is. */
export async function measureOnScreen(rounds: number): Promise<Measure[]> {
  await buildAll({ production: true });
  return onBoard((board, witness, folder) => untilPainted(board, witness, folder, rounds));
}

/** All of it, with what an update costs the page. */
export async function measureLive(rounds: number): Promise<Measure[]> {
  return [
    ...(await measureWatch(rounds)),
    ...(await measureOnScreen(rounds)),
    ...(await measurePage(rounds)),
  ];
}
