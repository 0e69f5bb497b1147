import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patternWord, startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { buildForBoard } from './native-agent.ts';

let board: VirtualBoard;

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard({ node: true });
  await board.put(files.addon, '/tmp/tilescope.node');
  const script = join(dirname(fileURLToPath(import.meta.url)), 'native-addon-script.mjs');
  await board.put(script, '/tmp/native-addon-script.mjs');
}, 600_000);

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

describe('the addon in Node on the board', () => {
  it('10,000 mixed reads while gates flip: good bytes right, gated marked, the process alive, foreign SIGBUS passed on [main-9]', async () => {
    const witness = await board.witness('request 1 keep');
    await witness.fill();
    await witness.release();
    const ran = await board.exec('node /tmp/native-addon-script.mjs /tmp/tilescope.node 10000');
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const report = JSON.parse(ran.stdout.toString());
    console.log(
      'addon on the board:',
      JSON.stringify({ ...report, memories: undefined, outcomes: undefined }),
    );
    expect(report.memories.map((one: { type: string }) => one.type)).toEqual(['data', 'program']);
    expect(report.seen).toMatchObject({ wrong: 0, failed: 0, foreign: 1 });
    expect(report.quiet.gated).toBeGreaterThan(1000);
    expect(report.seen.good).toBeGreaterThan(report.quiet.good);
    const first = patternWord('data', 6, 1, 0);
    expect(report.outcomes).toEqual([
      0,
      0,
      ((first & 0xffff_00ff) | 0x4200) >>> 0,
      4,
      2,
      patternWord('data', 6, 1, 4),
    ]);
    expect(report.stale).toBe('epoch');
    expect(report.cancelled).toBe('cancelled');
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
    // The second half flips gates under running reads: a race that is contained, not prevented.
    await board.takeForbidden();
    await witness.request(1, { keep: true });
    const bytes = await witness.read('data', 6, 1, 0, 8);
    expect(bytes.readUInt32LE(0)).toBe(((first & 0xffff_00ff) | 0x4200) >>> 0);
    expect(bytes.readUInt32LE(4)).toBe(patternWord('data', 6, 1, 4));
    await witness.exit();
  }, 300_000);
});
