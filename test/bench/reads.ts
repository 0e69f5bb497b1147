/** Reading 12.5 MiB on the board itself: addon and agent against a plain C loop of the same accesses, and against one with the same duties. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { hostOptions } from '../../scripts/build.ts';
import { must, root } from '../../scripts/common.ts';
import { protocolVersion } from '../../src/board/protocol/core-client.ts';
import { encodeFrame, type Header } from '../../src/board/protocol/frames.ts';
import { startBoard, type VirtualBoard } from '../board/board.ts';
import { dynamicId, families } from '../board/families.ts';
import { keyOf } from '../conformance/keys.ts';
import { interleave, type Measure, median, spread } from './measure.ts';

const bytes = 50 * 8 * 0x8000;

/** Compiles a peer for the board, at -O2 and static; returns its path in `folder`. */
export async function compile(folder: string, name: string): Promise<string> {
  const out = join(folder, name);
  const source = join(root, 'test', 'bench', 'peers', `${name}.c`);
  await must('aarch64-linux-gnu-gcc', ['-O2', '-static', '-o', out, source]);
  return out;
}

/** The figure in the last line of a program on the board. */
export async function figure(board: VirtualBoard, command: string): Promise<number> {
  const result = await board.exec(command);
  const last = result.stdout.toString().trim().split('\n').at(-1) ?? '';
  if (result.code !== 0 || last === '') throw new Error(`${command}: ${result.code} ${result.stderr}`);
  return Number(last.split(' ')[0]);
}

const inMs = (values: readonly number[]): number[] => values.map((value) => value / 1e6);

/** Nanoseconds of ours and of a peer for so many bytes, as one line. */
export function line(
  name: string,
  ours: readonly number[],
  peer: { readonly name: string; readonly times: readonly number[] },
  goal: number,
  size = bytes,
): Measure {
  const rate = (values: readonly number[]): number => size / 2 ** 20 / (median(values) / 1e9);
  return {
    name,
    value: rate(ours),
    unit: 'MiB/s',
    peer: { name: peer.name, value: rate(peer.times) },
    ratio: median(peer.times) / median(ours),
    goal: { at: 'least', value: goal },
    note: `median of ${ours.length}, interleaved; ms: ours ${spread(inMs(ours))}, C ${spread(inMs(peer.times))}`,
  };
}

/** What an agent is told first, so that it answers for a partition. */
export const greeting = (partition: string): Readonly<Record<'hello' | 'open', Header>> => ({
  hello: {
    op: 'hello',
    id: 1,
    protocol: protocolVersion,
    trace: false,
    device: '/dev/aie0',
    heartbeatMs: 600_000,
    exitMs: 600_000,
  },
  open: { op: 'open', id: 2, partition, allowUnknown: false },
});

/** Puts frames to the agent as files on the board; the answer names them, as `drain` takes them. */
export async function putFrames(
  board: VirtualBoard,
  folder: string,
  suffix: string,
  frames: Readonly<Record<string, Header>>,
): Promise<string> {
  const names = Object.entries(frames).map(async ([name, header]) => {
    const there = `/tmp/${name}${suffix}`;
    await writeFile(join(folder, name), encodeFrame(header));
    await board.put(join(folder, name), there);
    return there;
  });
  return (await Promise.all(names)).join(' ');
}

/** The whole data memory of a partition, read fast. */
const readAll = (partition: string, length: number): Header => ({
  op: 'read',
  id: 3,
  partition,
  memory: 'data',
  ranges: [[0, length]],
  asking: 'fast',
});

/** Beside an owner of a whole AIE-ML array: by pread of its descriptor, without a lease. */
async function readBeside(board: VirtualBoard, folder: string, rounds: number): Promise<Measure> {
  const { module, shape } = families['aperture40/aieml'];
  const tileBytes = 0x10000;
  const whole = shape.numCols * shape.core.count * tileBytes;
  await board.reloadModule(module);
  const owner = await board.witness(`request ${dynamicId(0, shape.numCols)} keep clocks`);
  try {
    const key = keyOf({ startCol: 0, numCols: shape.numCols });
    const frames = await putFrames(board, folder, '-beside', { ...greeting(key), read: readAll(key, whole) });
    await board.put(await compile(folder, 'beside_loop'), '/tmp/beside_loop');
    const tiles = `${shape.numCols} ${shape.core.start} ${shape.core.count} ${tileBytes}`;
    const [agent = [], loop = []] = await interleave(
      rounds,
      () => figure(board, `/tmp/drain /tmp/agent ${frames} ${whole} 2`),
      () => figure(board, `/tmp/beside_loop witness 2 ${tiles}`),
    );
    await board.assertClean();
    const peer = { name: 'C loop of the same calls, that hands the words on through a pipe', times: loop };
    return line('read 19 MiB through the agent beside an owner', agent, peer, 0.95, whole);
  } finally {
    await owner.exit();
  }
}

/** Boots the board with Node and measures; medians of `rounds`. */
export async function measureReads(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  const board = await startBoard({ node: true, counted: true, module: { parts: '1:0:0:50:9' } });
  try {
    const script = join(folder, 'board-side.mjs');
    await build({
      ...hostOptions(true),
      format: 'esm',
      banner: {
        js: "const moduleUrl = import.meta.url; import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      entryPoints: [join(root, 'test', 'bench', 'board-side.ts')],
      outfile: script,
    });
    const key = keyOf({ startCol: 0, numCols: 50 });
    const frames = await putFrames(board, folder, '', { ...greeting(key), read: readAll(key, bytes) });
    await board.put(script, '/tmp/board-side.mjs');
    await board.put(join(root, 'dist', 'addon', 'linux-arm64', 'tilescope.node'), '/tmp/tilescope.node');
    await board.put(join(root, 'dist', 'agents', 'tilescope-agent-aarch64'), '/tmp/agent');
    await board.put(await compile(folder, 'read_loop'), '/tmp/read_loop');
    await board.put(await compile(folder, 'drain'), '/tmp/drain');
    const leases: Record<'ours' | 'peer', number[]> = { ours: [], peer: [] };
    /** Runs a program of two rounds, and notes how many leases one of them took. */
    const counting = async (who: 'ours' | 'peer', command: string): Promise<number> => {
      const before = await board.counters();
      const value = await figure(board, command);
      const after = await board.counters();
      leases[who].push(((after['requests'] ?? 0) - (before['requests'] ?? 0)) / 2);
      return value;
    };
    // Each program runs two rounds and the second counts: the first pays for pages and just-in-time compilation.
    const [loop = [], fresh = [], piped = [], agent = [], addon = []] = await interleave(
      rounds,
      () => figure(board, '/tmp/read_loop 1 2'),
      () => counting('peer', '/tmp/read_loop 1 2 fresh leases'),
      () => figure(board, '/tmp/read_loop 1 2 pipe leases'),
      () => figure(board, `/tmp/drain /tmp/agent ${frames} ${bytes} 2`),
      async () =>
        1e6 * (await counting('ours', '/opt/node/bin/node /tmp/board-side.mjs /tmp/tilescope.node 2 0 50')),
    );
    await board.assertClean();
    const plain = { name: 'C loop of the same accesses, -O2', times: loop };
    return [
      line('read 12.5 MiB through the addon', addon, plain, 0.9),
      line('read 12.5 MiB through the agent', agent, plain, 0.9),
      line(
        'read 12.5 MiB through the addon, to its limit',
        addon,
        { name: 'C loop in such leases, with looks at clocks, into memory new to the process', times: fresh },
        0.9,
      ),
      line(
        'read 12.5 MiB through the agent, to its limit',
        agent,
        {
          name: 'C loop in such leases, with looks at clocks, that hands the words on through a pipe',
          times: piped,
        },
        0.95,
      ),
      {
        name: 'leases that the addon takes for 12.5 MiB',
        value: median(leases.ours),
        unit: 'leases',
        peer: { name: 'that C loop in new memory', value: median(leases.peer) },
        goal: { at: 'most', value: median(leases.peer) },
      },
      await readBeside(board, folder, rounds),
    ];
  } finally {
    await board.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
