/** Reading 12.5 MiB on the board itself: addon and agent against a plain C loop of the same accesses, and against one with the same duties. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { hostOptions } from '../../scripts/build.ts';
import { must, root } from '../../scripts/common.ts';
import { protocolVersion } from '../../src/board/protocol/core-client.ts';
import { encodeFrame } from '../../src/board/protocol/frames.ts';
import { startBoard, type VirtualBoard } from '../board/board.ts';
import { interleave, type Measure, median, spread } from './measure.ts';

const bytes = 50 * 8 * 0x8000;
const mib = bytes / 2 ** 20;

/** Compiles a peer for the board, at -O2 and static; returns its path in `folder`. */
export async function compile(folder: string, name: string): Promise<string> {
  const out = join(folder, name);
  const source = join(root, 'test', 'bench', 'peers', `${name}.c`);
  await must('aarch64-linux-gnu-gcc', ['-O2', '-static', '-o', out, source]);
  return out;
}

/** The figure in the last line of a program on the board. */
async function figure(board: VirtualBoard, command: string): Promise<number> {
  const result = await board.exec(command);
  const last = result.stdout.toString().trim().split('\n').at(-1) ?? '';
  if (result.code !== 0 || last === '') throw new Error(`${command}: ${result.code} ${result.stderr}`);
  return Number(last.split(' ')[0]);
}

/** MiB/s from nanoseconds. */
const rate = (nanoseconds: number): number => mib / (nanoseconds / 1e9);

const inMs = (values: readonly number[]): number[] => values.map((value) => value / 1e6);

/** Boots the board with Node and measures; medians of `rounds`. */
export async function measureReads(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
  const board = await startBoard({ node: true, module: { parts: '1:0:0:50:9' } });
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
    const partition = '0_50';
    const frames = {
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
      read: { op: 'read', id: 3, partition, memory: 'data', ranges: [[0, bytes]], asking: 'fast' },
    };
    for (const [name, header] of Object.entries(frames)) {
      await writeFile(join(folder, name), encodeFrame(header));
      await board.put(join(folder, name), `/tmp/${name}`);
    }
    await board.put(script, '/tmp/board-side.mjs');
    await board.put(join(root, 'dist', 'addon', 'linux-arm64', 'tilescope.node'), '/tmp/tilescope.node');
    await board.put(join(root, 'dist', 'agents', 'tilescope-agent-aarch64'), '/tmp/agent');
    await board.put(await compile(folder, 'read_loop'), '/tmp/read_loop');
    await board.put(await compile(folder, 'drain'), '/tmp/drain');
    // Each program runs two rounds and the second counts: the first pays for pages and just-in-time compilation.
    const [loop = [], fresh = [], piped = [], agent = [], addon = []] = await interleave(
      rounds,
      () => figure(board, '/tmp/read_loop 1 2'),
      () => figure(board, '/tmp/read_loop 1 2 fresh leases'),
      () => figure(board, '/tmp/read_loop 1 2 pipe leases'),
      () => figure(board, `/tmp/drain /tmp/agent /tmp/hello /tmp/open /tmp/read ${bytes} 2`),
      async () =>
        1e6 * (await figure(board, '/opt/node/bin/node /tmp/board-side.mjs /tmp/tilescope.node 3 0 50')),
    );
    await board.assertClean();
    const line = (
      name: string,
      values: readonly number[],
      peer: string,
      limit: readonly number[],
      goal = 0.9,
    ): Measure => ({
      name,
      value: rate(median(values)),
      unit: 'MiB/s',
      peer: { name: peer, value: rate(median(limit)) },
      ratio: median(limit) / median(values),
      goal: { at: 'least', value: goal },
      note: `median of ${rounds}, interleaved; ms: ours ${spread(inMs(values))}, C ${spread(inMs(limit))}`,
    });
    const plain = 'C loop of the same accesses, -O2';
    return [
      line('read 12.5 MiB through the addon', addon, plain, loop),
      line('read 12.5 MiB through the agent', agent, plain, loop),
      line(
        'read 12.5 MiB through the addon, to its limit',
        addon,
        'C loop in such leases, with looks at clocks, into memory new to the process',
        fresh,
      ),
      line(
        'read 12.5 MiB through the agent, to its limit',
        agent,
        'C loop in such leases, with looks at clocks, that hands the words on through a pipe',
        piped,
        0.95,
      ),
    ];
  } finally {
    await board.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
