/** Over SSH: reading against `cat`, on a slow link too, what waits behind a long read, and the round trips of an apply. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'ssh2';
import { root } from '../../scripts/common.ts';
import type { Board, BoardLog, PartitionMemory, WriteEdit } from '../../src/board/board.ts';
import { createCoreBoard } from '../../src/board/core-board.ts';
import { WireClient } from '../../src/board/protocol/wire-client.ts';
import { openAgentStream } from '../../src/board/ssh/connector.ts';
import type { AgentBinary } from '../../src/board/ssh/target.ts';
import { startBoard, type VirtualBoard } from '../board/board.ts';
import { keyOf } from '../conformance/keys.ts';
import { Random } from '../conformance/random.ts';
import { startProxy } from '../net/proxy.ts';
import { tileBytes, typicalContents, writeContents } from './contents.ts';
import { interleave, type Measure, median, percentile, spread } from './measure.ts';
import { compile } from './reads.ts';

const columns = { startCol: 0, numCols: 50 };
const bytes = 50 * 8 * tileBytes;
const silent: BoardLog = { trace: () => undefined, info: () => undefined, warn: () => undefined };

async function agentBinary(): Promise<AgentBinary> {
  const path = join(root, 'dist', 'agents', 'tilescope-agent-aarch64');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    path,
    version,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  };
}

/**
 * Connects through `port` as a person would who trusts the board's key.
 * @param deflate whether payloads may come deflated
 */
async function connect(board: VirtualBoard, port: number, folder: string, deflate = true): Promise<Board> {
  const knownHosts = join(folder, `known_hosts.${port}`);
  await writeFile(knownHosts, board.hostPublicKeys.map((key) => `[127.0.0.1]:${port} ${key}\n`).join(''));
  const { signal } = new AbortController();
  const stream = await openAgentStream(
    {
      host: '127.0.0.1',
      port,
      user: 'root',
      identityFile: board.privateKeyPath,
      configFiles: [],
      knownHostsFiles: [knownHosts],
    },
    {
      agents: { aarch64: await agentBinary() },
      environment: { home: folder, user: userInfo().username, variables: {}, platform: process.platform },
      prompts: {
        confirmHostKey: async () => false,
        replaceHostKey: async () => false,
        secret: async () => undefined,
        rememberSecret: async () => undefined,
        forgetSecret: async () => undefined,
      },
    },
    { log: silent, onStep: () => undefined },
    signal,
  );
  const client = await WireClient.start(stream, { log: silent, deflate }, signal);
  return createCoreBoard(client, silent, { signal, route: stream.route });
}

/**
 * The peers: `cat` of a file of the same size in the board's RAM, or a C loop over the same words, over an exec channel
 * of the same SSH library. `run` takes the board's command and gives milliseconds.
 */
async function startPeer(
  board: VirtualBoard,
  port = board.port,
): Promise<{ run: (command: string) => Promise<number>; end: () => void }> {
  const made = await board.exec(
    `dd if=/dev/urandom of=/tmp/peer bs=65536 count=${bytes / 65536} 2>/dev/null`,
  );
  if (made.code !== 0) throw new Error(`no peer file: ${made.stderr}`);
  const client = new Client();
  const sock = net.connect({ host: '127.0.0.1', port, noDelay: true });
  const privateKey = await readFile(board.privateKeyPath);
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve).once('error', reject);
    client.connect({ sock, username: 'root', privateKey, hostVerifier: () => true });
  });
  const run = (command: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const begin = performance.now();
      client.exec(command, (error, channel) => {
        if (error !== undefined) return reject(error);
        let got = 0;
        let said = '';
        channel.on('data', (chunk: Buffer) => {
          got += chunk.length;
        });
        channel.stderr.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        channel.on('close', (code: number | null, ending?: string) => {
          if (got === bytes) resolve(performance.now() - begin);
          else reject(new Error(`${command} gave ${got} bytes, ended by ${code ?? ending}: ${said}`));
        });
      });
    });
  return { run, end: () => client.end() };
}

async function throughput(
  board: VirtualBoard,
  folder: string,
  rounds: number,
  where: string,
): Promise<Measure[]> {
  const ours = await connect(board, board.port, folder);
  await board.put(await compile(folder, 'read_loop'), '/tmp/read_loop');
  const peer = await startPeer(board);
  try {
    const signal = new AbortController().signal;
    const memory = (await ours.open(keyOf(columns), {}, signal)).memory('data');
    if (memory === undefined) throw new Error('the partition has no data memory');
    const [mine = [], loop = [], cat = []] = await interleave(
      rounds,
      async () => {
        // The loop opens the device. What comes behind another program waits for it, up to 2 s: this read does.
        await memory.read([{ offset: 0, length: 0x8000 }], { asking: 'fast' }, signal);
        const begin = performance.now();
        const result = await memory.read([{ offset: 0, length: bytes }], { asking: 'fast' }, signal);
        if (result.unreadable.length > 0) throw new Error('bytes are missing');
        return performance.now() - begin;
      },
      () => peer.run('/tmp/read_loop 1 1 out leases'),
      () => peer.run('cat /tmp/peer'),
    );
    const rate = (ms: number): number => bytes / 2 ** 20 / (ms / 1000);
    const line = (name: string, other: string, theirs: readonly number[]): Measure => ({
      name,
      value: rate(median(mine)),
      unit: 'MiB/s',
      peer: { name: other, value: rate(median(theirs)) },
      ratio: median(theirs) / median(mine),
      goal: { at: 'least', value: 0.8 },
      note: `median of ${rounds}, interleaved; ms: ours ${spread(mine)}, peer ${spread(theirs)}`,
    });
    return [
      line(
        `read 12.5 MiB over SSH${where}`,
        '`cat` of as many bytes over a channel of the same SSH library',
        cat,
      ),
      line(
        `read 12.5 MiB over SSH${where}, to its limit`,
        'C loop over the same words to such a channel',
        loop,
      ),
    ];
  } finally {
    peer.end();
    await ours.dispose();
  }
}

/** Milliseconds of one apply of 1,000 scattered single-byte edits, all of which must be verified. */
async function applyOnce(memory: PartitionMemory, value: number): Promise<number> {
  const signal = new AbortController().signal;
  const ranges = Array.from({ length: 1000 }, (_, index) => ({
    offset: index * 13_104 + (index % 7),
    length: 1,
  }));
  const seen = await memory.read(ranges, { asking: 'fast' }, signal);
  const edits: WriteEdit[] = seen.pieces.map((piece) => ({
    offset: piece.range.offset,
    seen: piece.bytes,
    bytes: Uint8Array.of((piece.bytes[0] ?? 0) ^ value),
  }));
  const begin = performance.now();
  const report = await memory.write(edits, { epoch: seen.epoch }, signal);
  const ms = performance.now() - begin;
  const others = report.spans.filter((span) => span.outcome !== 'verified');
  if (others.length > 0 || report.spans.length !== ranges.length) {
    const kinds = new Set(others.map((span) => `${span.outcome} ${span.reason ?? ''}`.trim()));
    throw new Error(`${others.length} of 1,000 were not verified: ${[...kinds].join(', ')}`);
  }
  return ms;
}

/**
 * Round trips are what a longer link adds: the time with 50 ms a round trip less the time with none, in units of what
 * one small request grows by. The board's own work drops out of it.
 */
async function apply(board: VirtualBoard, folder: string, rounds: number): Promise<Measure> {
  const link = await startProxy({ targetPort: board.port });
  const ours = await connect(board, link.port, folder);
  try {
    const signal = new AbortController().signal;
    const memory = (await ours.open(keyOf(columns), {}, signal)).memory('data');
    if (memory === undefined) throw new Error('the partition has no data memory');
    // One connection for both: two that write in turns would give way to each other.
    const over = async (oneWayMs: number, act: () => Promise<number>): Promise<number> => {
      link.delay(oneWayMs);
      return await act();
    };
    const ping = async (): Promise<number> => {
      const begin = performance.now();
      await ours.partitions(signal);
      return performance.now() - begin;
    };
    const [farApply = [], nearApply = [], farPing = [], nearPing = []] = await interleave(
      rounds,
      () => over(25, () => applyOnce(memory, 0x5a)),
      () => over(0, () => applyOnce(memory, 0xa5)),
      () => over(25, ping),
      () => over(0, ping),
    );
    const roundTrip = median(farPing) - median(nearPing);
    return {
      name: 'apply 1,000 scattered edits, link of 50 ms',
      value: (median(farApply) - median(nearApply)) / roundTrip,
      unit: 'round trips',
      peer: { name: 'round trip of the link, ms', value: roundTrip },
      goal: { at: 'most', value: 2 },
      note: `median of ${rounds}, interleaved; ms: apply at 50 ms ${spread(farApply)}, at 0 ms ${spread(nearApply)}`,
    };
  } finally {
    await ours.dispose();
    await link.close();
  }
}

/** Bytes a second of a slow link. */
const slowLink = 1e6;

/**
 * Visible 4 KiB while 12.5 MiB are read in the background over a link of 1 MB/s: how long they take, and how many bytes
 * the link brought first.
 */
async function behindBulk(board: VirtualBoard, folder: string, looks: number): Promise<Measure[]> {
  const link = await startProxy({ targetPort: board.port });
  const ours = await connect(board, link.port, folder, false); // the memory holds zeros, which deflated fill no link
  try {
    const memory = (await ours.open(keyOf(columns), {}, new AbortController().signal)).memory('data');
    if (memory === undefined) throw new Error('the partition has no data memory');
    link.slow(slowLink);
    const look = async (index: number): Promise<{ ms: number; first: number }> => {
      const begin = performance.now();
      const before = link.bytes.toClient;
      const range = { offset: (index % 400) * 0x8000, length: 4096 };
      await memory.read([range], { asking: 'look' }, new AbortController().signal);
      return { ms: performance.now() - begin, first: link.bytes.toClient - before };
    };
    const alone: number[] = [];
    const beside: { ms: number; first: number }[] = [];
    for (let index = 0; index < looks; index++) alone.push((await look(index)).ms);
    const stop = new AbortController();
    const whole = [{ offset: 0, length: bytes }];
    const bulk = (async () => {
      while (!stop.signal.aborted) await memory.read(whole, { asking: 'fast' }, stop.signal);
    })().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const from = link.bytes.toClient;
    const begin = performance.now();
    await pause(2000); // the window of a link that nobody knows yet
    for (let index = 0; index < looks; index++) {
      beside.push(await look(index));
      await pause(100);
    }
    const rate = ((link.bytes.toClient - from) * 1000) / (performance.now() - begin);
    stop.abort();
    await bulk;
    const ms = beside.map((one) => one.ms);
    const first = beside.map((one) => one.first);
    const late = ms.filter((one) => one >= 300).length;
    return [
      {
        name: 'visible 4 KiB behind 12.5 MiB, link of 1 MB/s',
        value: median(ms),
        unit: 'ms',
        peer: { name: 'the same with nothing else on the link', value: median(alone) },
        goal: { at: 'most', value: 300 },
        note: `median of ${looks}; ${spread(ms)}, ${late} of them late; the long read meanwhile had ${Math.round(rate / 1000)} KB/s`,
      },
      {
        name: 'bytes that come before these',
        value: percentile(first, 0.9),
        unit: 'bytes',
        peer: { name: 'what the link brings in 300 ms', value: slowLink * 0.3 },
        goal: { at: 'most', value: slowLink * 0.3 },
        note: `nine of ten at most so many; ${spread(first, 0)}`,
      },
      {
        name: 'the fewest bytes that came before these',
        value: Math.min(...first),
        unit: 'bytes',
        peer: { name: 'what the link brings in 300 ms', value: slowLink * 0.3 },
        goal: { at: 'most', value: slowLink * 0.3 },
        note: `of ${looks}, as a machine brings them that was not taken away meanwhile`,
      },
    ];
  } finally {
    await ours.dispose();
    await link.close();
  }
}

/** Fills the data memory, which holds zeros, with typical contents, and a file on the board with the same bytes. */
async function fillTypical(board: VirtualBoard, memory: PartitionMemory, folder: string): Promise<void> {
  const contents = typicalContents(bytes / tileBytes, new Random(7));
  await writeContents(memory, contents);
  await writeFile(join(folder, 'typical'), contents);
  await board.put(join(folder, 'typical'), '/tmp/typical');
}

/** A long read, which must be whole: how long it takes, in ms. */
async function readAll(memory: PartitionMemory, expected?: Uint8Array): Promise<number> {
  const begin = performance.now();
  const result = await memory.read(
    [{ offset: 0, length: bytes }],
    { asking: 'fast' },
    new AbortController().signal,
  );
  const ms = performance.now() - begin;
  const [missing] = result.unreadable;
  if (missing !== undefined) throw new Error(`bytes are missing: ${JSON.stringify(missing)}`);
  const [piece] = result.pieces;
  if (expected !== undefined && Buffer.compare(piece?.bytes ?? new Uint8Array(0), expected) !== 0)
    throw new Error('other bytes than were written');
  return ms;
}

/**
 * 12.5 MiB of typical contents on a fast link beside themselves as they are, and over a link of 1 MB/s beside `cat` of the
 * same bytes. One agent at a time: another's look at the device may take so long here that a long read gives way to it.
 */
async function typical(board: VirtualBoard, folder: string, rounds: number): Promise<Measure[]> {
  const link = await startProxy({ targetPort: board.port });
  const peer = await startPeer(board, link.port);
  const connected = async <T>(deflate: boolean, use: (memory: PartitionMemory) => Promise<T>): Promise<T> => {
    const one = await connect(board, link.port, folder, deflate);
    try {
      const signal = new AbortController().signal;
      const memory = (await one.open(keyOf(columns), {}, signal)).memory('data');
      if (memory === undefined) throw new Error('the partition has no data memory');
      return await use(memory);
    } finally {
      await one.dispose();
    }
  };
  try {
    await connected(true, (memory) => fillTypical(board, memory, folder));
    const contents = await readFile(join(folder, 'typical'));
    const fresh = (deflate: boolean): Promise<number> =>
      connected(deflate, async (memory) => {
        // What comes behind another program waits for it: this read does.
        await memory.read(
          [{ offset: 0, length: tileBytes }],
          { asking: 'fast' },
          new AbortController().signal,
        );
        return readAll(memory, contents);
      });
    const [chosen = [], asTheyAre = []] = await interleave(
      rounds,
      () => fresh(true),
      () => fresh(false),
    );
    link.slow(slowLink);
    const counted = async (act: () => Promise<number>): Promise<{ ms: number; came: number }> => {
      const before = link.bytes.toClient;
      return { ms: await act(), came: link.bytes.toClient - before };
    };
    const mine: { ms: number; came: number }[] = [];
    const cat: { ms: number; came: number }[] = [];
    await connected(true, async (memory) => {
      for (let round = 0; round < rounds; round++) {
        mine.push(await counted(() => readAll(memory, contents)));
        cat.push(await counted(() => peer.run('cat /tmp/typical')));
      }
    });
    const of = (all: typeof mine, key: 'ms' | 'came'): number[] => all.map((one) => one[key]);
    const rate = (ms: number): number => bytes / 2 ** 20 / (ms / 1000);
    return [
      {
        name: 'read 12.5 MiB of typical contents over SSH, link of 1 MB/s',
        value: rate(median(of(mine, 'ms'))),
        unit: 'MiB/s',
        peer: { name: '`cat` of the same bytes over that link', value: rate(median(of(cat, 'ms'))) },
        ratio: median(of(cat, 'ms')) / median(of(mine, 'ms')),
        goal: { at: 'least', value: 3 },
        note: `median of ${rounds}; ms: ours ${spread(of(mine, 'ms'))}, peer ${spread(of(cat, 'ms'))}`,
      },
      {
        name: 'bytes over that link for them',
        value: median(of(mine, 'came')),
        unit: 'bytes',
        peer: { name: '`cat`', value: median(of(cat, 'came')) },
        ratio: median(of(cat, 'came')) / median(of(mine, 'came')),
        goal: { at: 'least', value: 3 },
        note: `${spread(of(mine, 'came'), 0)}`,
      },
      {
        name: 'read 12.5 MiB of typical contents over SSH, deflated or not by choice',
        value: rate(median(chosen)),
        unit: 'MiB/s',
        peer: { name: 'a client that does not ask for it', value: rate(median(asTheyAre)) },
        ratio: median(asTheyAre) / median(chosen),
        goal: { at: 'least', value: 0.97 },
        note: `median of ${rounds}, interleaved; ms: by choice ${spread(chosen)}, as they are ${spread(asTheyAre)}`,
      },
    ];
  } finally {
    peer.end();
    await link.close();
  }
}

const wholeArray = { parts: '1:0:0:50:9' };

/** The same over a board with two processors, where the agent reads while the SSH server encrypts. */
async function throughputOfTwo(folder: string, rounds: number): Promise<Measure[]> {
  const board = await startBoard({ image: 'openssh', smp: 2, module: wholeArray });
  try {
    const measures = await throughput(board, folder, rounds, ', two processors');
    await board.assertClean();
    return measures;
  } finally {
    await board.stop();
  }
}

/** Boots a board with a whole VC1902 array and measures; medians of `rounds`. */
export async function measureLink(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  try {
    return [...(await measureOneProcessor(folder, rounds)), ...(await throughputOfTwo(folder, rounds))];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureOneProcessor(folder: string, rounds: number): Promise<Measure[]> {
  const board = await startBoard({ image: 'openssh', module: wholeArray });
  try {
    // What a longer link adds is small beside the board's own work: a single difference may well be negative.
    const applies = Math.max(rounds, 3);
    const measures = [
      ...(await throughput(board, folder, rounds, '')),
      ...(await behindBulk(board, folder, 10 * rounds)),
      await apply(board, folder, applies),
      ...(await typical(board, folder, rounds)),
    ];
    await board.assertClean();
    return measures;
  } finally {
    await board.stop();
  }
}
