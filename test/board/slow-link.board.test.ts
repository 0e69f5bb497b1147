/** Payloads of the real agent over a link of 1 MB/s: deflated once that is known to be sooner, and the same bytes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import type { Board } from '../../src/board/board.ts';
import { typicalContents, writeContents } from '../bench/contents.ts';
import { keyOf } from '../conformance/keys.ts';
import { Random, runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { type LinkProxy, startProxy } from '../net/proxy.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

const seed = runSeed();
const tiles = 32;
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'tilescope-slow-'));
let board: VirtualBoard;
let link: LinkProxy;
let way: SshWay;
let reached: Board;

beforeAll(async () => {
  board = await startBoard();
  link = await startProxy({ targetPort: board.port });
  way = new SshWay(board, join(root, 'dist', 'agents', 'tilescope-agent-aarch64'));
  const known = join(folder, 'known_hosts');
  writeFileSync(known, board.hostPublicKeys.map((key) => `[${board.host}]:${link.port} ${key}\n`).join(''));
  reached = await way.connect({ port: link.port, knownHostsFiles: [known] });
});
afterAll(async () => {
  await reached?.dispose();
  way?.dispose();
  await link?.close();
  await board?.stop();
  rmSync(folder, { recursive: true, force: true });
});
useCleanLog(() => board);

test(`[live-4] typical contents cost a third of their bytes over a link of 1 MB/s once the agent knows it, and the trace says so (seed ${seed})`, async () => {
  const memory = (await reached.open(keyOf({ startCol: 6, numCols: 4 }), {}, never)).memory('data');
  if (memory === undefined) throw new Error('no data memory');
  const contents = typicalContents(tiles, new Random(seed));
  const range = { offset: 0, length: contents.length };
  await writeContents(memory, contents);
  link.slow(1e6);
  const readAll = async (): Promise<number> => {
    const from = link.bytes.toClient;
    const { pieces } = await memory.read([range], { asking: 'fast' }, never);
    expect(Buffer.compare(pieces[0]?.bytes ?? new Uint8Array(0), contents)).toBe(0);
    return link.bytes.toClient - from;
  };
  await expect.poll(readAll).toBeLessThan(contents.length / 3);
  const said = way.log.lines.filter((line) => line.includes('payloads are deflated from now on'));
  expect(said.at(-1)).toMatch(
    /the way brings [\d.e+]+ MB\/s, a processor here deflates [\d.e+]+ MB\/s and leaves \d+ %$/,
  );
});
