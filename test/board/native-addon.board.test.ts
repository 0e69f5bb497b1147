import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patternBytes, patternWord, startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { agentPath, buildForBoard, mixedReads } from './native-agent.ts';

let board: VirtualBoard;

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard({ node: true });
  await board.put(files.addon, '/tmp/tilescope.node');
  const script = join(dirname(fileURLToPath(import.meta.url)), 'native-addon-script.mjs');
  await board.put(script, '/tmp/native-addon-script.mjs');
  await board.put(script.replace('script.mjs', 'hold-script.mjs'), '/tmp/native-addon-hold-script.mjs');
  await board.put(script.replace('script.mjs', 'hang-script.mjs'), '/tmp/native-addon-hang-script.mjs');
  await board.put(files.agent, agentPath);
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

describe('the board with Node [main-6]', () => {
  it('runs Node for arm64 with 1 GiB of memory', async () => {
    const { stdout } = await board.exec(
      `node -p 'process.arch + " " + process.version + " " + os.totalmem()'`,
    );
    const [arch, version, memory] = stdout.toString().trim().split(' ');
    expect([arch, version?.startsWith('v24.')]).toEqual(['arm64', true]);
    expect(Number(memory)).toBeGreaterThan(900 * 1024 * 1024);
  });
});

describe('the addon in Node on the board', () => {
  it(`${mixedReads} mixed reads while gates flip: good bytes right, gated marked, the process alive, foreign SIGBUS passed on [main-9]`, async () => {
    const witness = await board.witness('request 1 keep');
    await witness.fill();
    await witness.release();
    const ran = await board.exec(`node /tmp/native-addon-script.mjs /tmp/tilescope.node ${mixedReads}`);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    const report = JSON.parse(ran.stdout.toString());
    console.log(
      'addon on the board:',
      JSON.stringify({ ...report, memories: undefined, outcomes: undefined }),
    );
    expect(report.memories.map((one: { type: string }) => one.type)).toEqual(['data', 'program']);
    expect(report.seen).toMatchObject({ wrong: 0, failed: 0, foreign: 1 });
    expect(report.quiet.gated).toBeGreaterThan(mixedReads / 10);
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
  });

  it('holds a partition by the agent it is given, looks at tiles, and leaves no descriptor behind [attach-8] [attach-10]', async () => {
    await board.control('reset all');
    const owner = await board.witness();
    const { pid } = await owner.request(1);
    await board.control('ungate all');
    await owner.fill(31);
    await board.control(`reg 7 3 ${0x30280} ${0x1ca}`);
    const ran = await board.exec(
      `node /tmp/native-addon-hold-script.mjs /tmp/tilescope.node ${agentPath} ${pid}`,
    );
    expect(ran.stderr).toBe('');
    const report = JSON.parse(ran.stdout.toString());
    expect(report).toMatchObject({
      free: [],
      tiles: [
        { col: 7, row: 3, kind: 'core', reason: 0, source: 'registers' },
        { col: 6, row: 0, kind: 'shim', reason: 0, source: 'registers' },
      ],
      without: 'hold-failed',
      missing: 'hold-failed',
      held: { ownerGone: false, owner: { pid, kind: 'process' }, hold: { pid: expect.any(Number) } },
      gone: { ownerGone: true, epoch: report.held.epoch, hold: report.held.hold },
      released: { inUse: false, ownerGone: false },
      bytes: patternBytes('data', 6, 1, 0, 16, 31).toString('hex'),
      leaked: 0,
    });
    expect(report.tiles[0].registers.join(' ')).toContain(`${0x30280} ${0x1ca}`);
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
    await owner.ended();
  });

  it('closes while a call of the driver hangs, and is done when it comes back [truth-5]', async () => {
    try {
      const ran = await board.exec('node /tmp/native-addon-hang-script.mjs /tmp/tilescope.node');
      expect(ran.stderr).toBe('');
      const report = JSON.parse(ran.stdout.toString());
      console.info('closed beside a hanging call:', JSON.stringify(report));
      expect(report).toMatchObject({
        stuck: expect.stringContaining('ENQUIRE'),
        overWhileHanging: false,
        queued: 'cancelled',
        list: 'ok',
      });
    } finally {
      await board.control('heal');
    }
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });
});
