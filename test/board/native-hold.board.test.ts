import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Header } from '../../src/board/protocol/frames.ts';
import { PATIENCE_MS } from '../patience.ts';
import { patternBytes, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';
import { Agent, agentPath, assemble, buildForBoard } from './native-agent.ts';

/** Partition 1 of the virtual board. */
const columns = [6, 4] as const;
const perTile = 32_768;

let board: VirtualBoard;
const agents: Agent[] = [];
const witnesses: Witness[] = [];

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
});

afterAll(() => board?.stop());

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
  await board.exec('for p in $(pidof tilescope-hold); do kill -9 $p; done');
  for (const agent of agents.splice(0)) await agent.end();
  await vi.waitFor(async () => expect(await board.counters()).toMatchObject({ open: 0 }), {
    timeout: PATIENCE_MS,
  });
  await board.control('reset all');
});

useCleanLog(() => board);

/** This client never pings: on a busy machine, 15 s of silence would be over before an answer. */
const patient = { heartbeatMs: 120_000, exitMs: 240_000 };

/** An agent that ends with the test. */
async function newAgent(user = 'root'): Promise<Agent> {
  const agent = await Agent.start(board, patient, board.port, user);
  agents.push(agent);
  return agent;
}

/** A running application with known bytes in partition 1. */
async function owner(seed: number): Promise<{ witness: Witness; pid: number }> {
  const witness = await board.witness();
  witnesses.push(witness);
  const { pid } = await witness.request(1);
  await board.control('ungate all');
  await witness.fill(seed);
  return { witness, pid };
}

/** The partition once the agent says what is wanted of it. */
async function until(agent: Agent, wanted: (partition: Header) => boolean): Promise<Header> {
  return vi.waitFor(
    async () => {
      const partition = await agent.partition(columns[0]);
      expect(wanted(partition), JSON.stringify(partition)).toBe(true);
      return partition;
    },
    { timeout: PATIENCE_MS, interval: 50 },
  );
}

/** Ends a process as nothing expects it. */
async function kill(pid: number): Promise<void> {
  await board.exec(`kill -9 ${pid}`);
}

/** 64 bytes of the tile at column 7, row 3. */
async function bytesSeen(agent: Agent): Promise<Buffer> {
  const offset = (8 + 2) * perTile + 0x100;
  const answer = await agent.read(columns, 'data', [[offset, 64]]);
  expect(answer.spans).toEqual([]);
  return Buffer.from(assemble(answer, offset, 64, 0xee));
}

const bytesLeft = (seed: number): Buffer => patternBytes('data', 7, 3, 0x100, 64, seed);

function holdOf(partition: Header): { pid: number; since: number; until: number } {
  return partition['hold'] as { pid: number; since: number; until: number };
}

describe('a held partition', () => {
  it('keeps its bytes and its epoch when its owner is killed, also for an agent that comes later [attach-8]', async () => {
    const agent = await newAgent();
    const { pid } = await owner(81);
    const before = await until(agent, (one) => (one['owner'] as Header | undefined)?.['pid'] === pid);
    await agent.hold(columns, true);
    const held = await agent.partition(columns[0]);
    expect(held).toMatchObject({ epoch: before['epoch'], ownerGone: false, owner: { pid } });
    expect(holdOf(held).until - holdOf(held).since).toBe(8 * 3_600_000);

    await kill(pid);
    const gone = await until(agent, (one) => one['ownerGone'] === true);
    expect(gone).toMatchObject({ inUse: true, epoch: before['epoch'], hold: holdOf(held) });
    expect(gone).not.toHaveProperty('owner');
    expect(await bytesSeen(agent)).toEqual(bytesLeft(81));

    const later = await newAgent();
    expect(await later.partition(columns[0])).toMatchObject({ ownerGone: true, epoch: before['epoch'] });
    expect(await bytesSeen(later)).toEqual(bytesLeft(81));
  });

  it('is reset and zeroed by the driver once it is released, and nobody holds it then [attach-8]', async () => {
    const agent = await newAgent();
    const { pid } = await owner(82);
    await agent.hold(columns, true);
    await kill(pid);
    await until(agent, (one) => one['ownerGone'] === true);
    await agent.hold(columns, false);
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
    const free = await agent.partition(columns[0]);
    expect(free).toMatchObject({ inUse: false, ownerGone: false });
    expect(free).not.toHaveProperty('hold');
    const gated = await agent.read(columns, 'data', [[0, 64]]);
    expect(gated.spans).toEqual([{ offset: 0, length: 64, reason: 1 }]);
    await board.control('ungate all');
    const zeros = await agent.read(columns, 'data', [[0, 64]]);
    expect(assemble(zeros, 0, 64, 0xee)).toEqual(new Uint8Array(64));
  });

  it('stays with its owner when it is released while the owner runs [attach-8]', async () => {
    const agent = await newAgent();
    const { pid } = await owner(83);
    await agent.hold(columns, true);
    await agent.hold(columns, false);
    const partition = await agent.partition(columns[0]);
    expect(partition).toMatchObject({ inUse: true, ownerGone: false, owner: { pid } });
    expect(partition).not.toHaveProperty('hold');
    expect(await bytesSeen(agent)).toEqual(bytesLeft(83));
  });

  it('is held by a process that has nothing else: one descriptor, no terminal, no folder, the child of none of us [attach-8]', async () => {
    const agent = await newAgent();
    await owner(84);
    await agent.hold(columns, true);
    const { pid } = holdOf(await agent.partition(columns[0]));
    const at = `/proc/${pid}`;
    const look = await board.exec(
      `for f in ${at}/fd/*; do echo "\${f##*/} $(readlink $f)"; done; cat ${at}/comm; readlink ${at}/cwd; cat ${at}/stat; tr '\\0' ' ' < ${at}/cmdline; echo; tr '\\0' ' ' < ${at}/environ; echo end`,
    );
    const lines = look.stdout.toString().trim().split('\n');
    expect(lines.slice(0, 6)).toEqual([
      '0 /dev/null',
      '1 /dev/null',
      '2 /dev/null',
      expect.stringMatching(/^3 anon_inode:\[?aiepart_6_4\]?$/),
      'tilescope-hold',
      '/',
    ]);
    const [parent, , session, terminal] = (lines[6] ?? '').split(') ')[1]?.split(' ').slice(1) ?? [];
    expect({ parent, session, terminal }).toEqual({ parent: '1', session: String(pid), terminal: '0' });
    expect(lines[7]).toMatch(/^tilescope-hold hold 6_4 \d{13} \d{13} \d+ \d+ $/);
    expect(lines[8]).toBe('end');
  });

  it('stays held when the agent is killed, and when the link is cut [attach-8]', async () => {
    const agent = await Agent.start(board, patient);
    const { pid } = await owner(85);
    await agent.hold(columns, true);
    const { pid: holder } = holdOf(await agent.partition(columns[0]));
    // Not pidof: a holder runs the same file under another name.
    await board.exec(
      'for p in /proc/[0-9]*; do grep -qx tilescope-agent $p/comm && kill -9 $(basename $p); done',
    );
    await agent.exited();
    const cut = await newAgent();
    expect(holdOf(await cut.partition(columns[0])).pid).toBe(holder);
    cut.process.kill('SIGKILL');
    await cut.exited();
    await kill(pid);
    const later = await newAgent();
    const gone = await until(later, (one) => one['ownerGone'] === true);
    expect(holdOf(gone).pid).toBe(holder);
    expect(await bytesSeen(later)).toEqual(bytesLeft(85));
  });

  it('has one holder, however many agents hold it at once, and any of them releases it [attach-8]', async () => {
    const both = [await newAgent(), await newAgent()] as const;
    await owner(86);
    await Promise.all(both.map((agent) => agent.hold(columns, true)));
    await both[0].hold(columns, true);
    await vi.waitFor(
      async () =>
        expect((await board.exec('pidof tilescope-hold')).stdout.toString().trim()).toMatch(/^\d+$/),
      { timeout: PATIENCE_MS },
    );
    const [one, other] = await Promise.all(both.map((agent) => agent.partition(columns[0])));
    expect(one?.['hold']).toEqual(other?.['hold']);
    await both[1].hold(columns, false);
    expect((await board.exec('pidof tilescope-hold')).stdout.toString()).toBe('');
  });

  it('is listed without its holder once that was killed, unasked [attach-8]', async () => {
    const agent = await newAgent();
    await agent.request({ op: 'describe' });
    await owner(87);
    await agent.hold(columns, true);
    const lists = () =>
      agent.unasked
        .filter((one) => one['t'] === 'partitions')
        .map((one) => (one['partitions'] as Header[]).find((part) => part['startCol'] === columns[0]));
    await vi.waitFor(() => expect(lists().at(-1)).toHaveProperty('hold'), { timeout: PATIENCE_MS });
    const { pid } = holdOf(await agent.partition(columns[0]));
    await kill(pid);
    await vi.waitFor(() => expect(lists().at(-1)).not.toHaveProperty('hold'), { timeout: PATIENCE_MS });
  });
});

describe('a hold elsewhere', () => {
  it.each(['static/aie', 'aperture24/aie', 'aperture40/aieml'] as const)(
    'keeps the bytes and the epoch too: %s [attach-8]',
    async (name) => {
      const family = families[name];
      await board.reloadModule(family.module);
      try {
        const agent = await newAgent();
        const witness = await board.witness();
        witnesses.push(witness);
        const { pid } = await witness.request(family.partition.id);
        await board.control('ungate all');
        await witness.fill(88);
        const before = await until(agent, (one) => (one['owner'] as Header | undefined)?.['pid'] === pid);
        await agent.hold(columns, true);
        await kill(pid);
        const gone = await until(agent, (one) => one['ownerGone'] === true);
        expect(gone['epoch']).toBe(before['epoch']);
        const { start } = family.shape.core;
        const seen = await agent.read(columns, 'data', [[0x100, 64]]);
        expect(seen.spans).toEqual([]);
        expect(Buffer.from(assemble(seen, 0x100, 64, 0xee))).toEqual(
          patternBytes('data', columns[0], start, 0x100, 64, 88),
        );
        await agent.hold(columns, false);
        expect(await board.counters()).toMatchObject({ open: 0, mappings: 0 });
      } finally {
        for (const witness of witnesses.splice(0)) await witness.exit();
        for (const agent of agents.splice(0)) await agent.end();
        await board.reloadModule();
      }
    },
  );

  it('works for a plain user whose application it is [attach-8]', async () => {
    await board.exec('chmod 666 /dev/aie0');
    const agent = await newAgent('dev');
    const witness = await board.witnessAs('dev');
    witnesses.push(witness);
    const { pid } = await witness.request(1);
    await board.control('ungate all');
    await witness.fill(89);
    await agent.hold(columns, true);
    await kill(pid);
    const gone = await until(agent, (one) => one['ownerGone'] === true);
    expect(await bytesSeen(agent)).toEqual(bytesLeft(89));
    const whose = await board.exec(`stat -c %U /proc/${holdOf(gone).pid}`);
    expect(whose.stdout.toString().trim()).toBe('dev');
    await agent.hold(columns, false);
    expect(await board.counters()).toMatchObject({ open: 0, mappings: 0 });
    await board.exec('chmod 600 /dev/aie0');
  });
});

describe('a hold that cannot be', () => {
  it('is refused in words: a free partition, hours out of range, a program that is not there [attach-8]', async () => {
    const agent = await newAgent();
    await expect(agent.hold(columns, true)).rejects.toMatchObject({ code: 'hold-failed' });
    await expect(agent.hold(columns, true, { hours: 9 })).rejects.toMatchObject({ code: 'protocol' });
    await expect(agent.hold([0, 2], true)).rejects.toMatchObject({ code: 'no-partition' });
    await agent.hold(columns, false); // nothing there: it is gone already
  });

  it('is refused by the executable itself when its arguments or its descriptor are not those of a holder [attach-8]', async () => {
    const status = async (words: string) => (await board.exec(`${agentPath} hold ${words} 3</dev/null`)).code;
    expect(await status('')).toBe(2);
    expect(await status('6 4 1 2 3')).toBe(2);
    expect(await status('6 4 1795357509372 9007199254740992 3 4')).toBe(2);
  });
});
