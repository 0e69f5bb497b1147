/**
 * The agent on every family and generation of the virtual board: what it finds, and that its bytes are those of the
 * application, on a free partition and beside the application that owns it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Header } from '../../src/board/protocol/frames.ts';
import type { MemoryGeometry } from '../../src/model/geometry.ts';
import { keyOf } from '../conformance/keys.ts';
import { patternBytes, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { type Family, families, familyNames } from './families.ts';
import { Agent, AgentError, agentPath, assemble, buildForBoard } from './native-agent.ts';

const columns = [6, 4] as const;
const at = { partition: keyOf({ startCol: columns[0], numCols: columns[1] }) };
/** Outcomes and reasons of the wire. */
const verified = 0;
const refused = 3;
const gated = 1;
const coreRunning = 2;
const driverGated = 6;
const noWay = 4;

let board: VirtualBoard;
const agents: Agent[] = [];
const witnesses: Witness[] = [];

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
});

afterAll(async () => {
  await board?.stop();
});

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
  for (const agent of agents.splice(0)) await agent.end();
  await board.control('reset all');
  expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
});

useCleanLog(() => board);

async function newAgent(): Promise<Agent> {
  const agent = await Agent.start(board);
  agents.push(agent);
  return agent;
}

async function newWitness(): Promise<Witness> {
  const witness = await board.witness();
  witnesses.push(witness);
  return witness;
}

async function load(family: Family, more: Readonly<Record<string, string | number>> = {}): Promise<Agent> {
  await board.reloadModule({ ...family.module, ...more });
  return newAgent();
}

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AgentError) return error.code;
    throw error;
  }
  return 'ok';
}

const describeBoard = async (agent: Agent): Promise<Header> => (await agent.request({ op: 'describe' })).ok;

const open = (agent: Agent, allowUnknown = false): Promise<{ ok: Header }> =>
  agent.request({ op: 'open', ...at, allowUnknown, asking: 'person' });

/** Places of a memory that a wrong shift, row or base would get wrong: first, middle and last tile, both ends. */
function places(memory: MemoryGeometry): { offset: number; column: number; row: number; inTile: number }[] {
  const tiles = memory.numCols * memory.numRows;
  return [0, Math.floor(tiles / 2), tiles - 1].flatMap((tile) =>
    [0, memory.bytesPerTile - 64].map((inTile) => ({
      offset: tile * memory.bytesPerTile + inTile,
      column: memory.startCol + Math.floor(tile / memory.numRows),
      row: memory.startRow + (tile % memory.numRows),
      inTile,
    })),
  );
}

/** Reads the telling places of every memory and compares them with what the witness wrote there. */
async function expectPattern(agent: Agent, family: Family, seed: number): Promise<void> {
  for (const memory of family.memories) {
    const wanted = places(memory);
    const answer = await agent.read(
      columns,
      memory.type,
      wanted.map(({ offset }) => [offset, 64] as const),
    );
    expect(answer.spans, memory.type).toEqual([]);
    for (const { offset, column, row, inTile } of wanted) {
      const bytes = Buffer.from(assemble(answer, offset, 64, 0xee));
      expect(bytes, `${memory.type} (${column},${row})+${inTile}`).toEqual(
        patternBytes(memory.type, column, row, inTile, 64, seed),
      );
    }
  }
}

/** Writes one word of a tile's data memory, whatever is there. */
async function writeWord(
  agent: Agent,
  offset: number,
  value: number,
  keys: Header = {},
  memory = 'data',
): Promise<number | undefined> {
  const { epoch } = await agent.partition(columns[0]);
  const words = [{ offset, seen: 0, mask: 0xffffffff, value }];
  const answer = await agent.write(columns, memory, String(epoch), words, { force: true, ...keys });
  return answer.outcomes[0]?.outcome;
}

/** The last word of the second tile of data memory, as the witness sees it. */
async function seenByWitness(witness: Witness, family: Family): Promise<number> {
  const memory = family.memories[0];
  if (memory === undefined) throw new Error('no memory');
  const bytes = await witness.read('data', memory.startCol, memory.startRow + 1, memory.bytesPerTile - 4, 4);
  return bytes.readUInt32LE();
}

/** Leaves the family's partition free, with all its tiles gated: so does a release without keep. */
async function gateAll(family: Family): Promise<void> {
  const witness = await newWitness();
  await witness.request(family.partition.id);
  await witness.release();
}

/** Why the first bytes of data memory cannot be read; undefined when they can. */
async function reasonOfFirst(agent: Agent): Promise<number | undefined> {
  return (await agent.read(columns, 'data', [[0, 64]])).spans[0]?.reason;
}

/** Asks for clocks during accesses, or that tiles be left alone; whether they run. */
async function clocks(agent: Agent, on: boolean): Promise<unknown> {
  return (await agent.request({ op: 'clocks', ...at, on })).ok['on'];
}

const placeOfWord = (family: Family): number => 2 * (family.memories[0]?.bytesPerTile ?? 0) - 4;

describe.each(familyNames)('%s', (name) => {
  const family = families[name];

  it('is told by harmless looks, with its array and free columns [attach-2] [attach-3] [attach-5]', async () => {
    const agent = await load(family);
    const found = await describeBoard(agent);
    expect(found).toMatchObject({ family: family.driver, generation: family.generation });
    const { numCols, shim, memory, core } = family.shape;
    const rows = [shim, memory, core].map(({ start, count }) => [start, count]);
    // No static driver says how many columns there are.
    expect(found['array']).toEqual({
      numCols: family.dynamic ? numCols : 0,
      shim: rows[0],
      memory: rows[1],
      core: rows[2],
    });
    expect(found['free']).toEqual(family.dynamic ? [[0, numCols]] : []);
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  it('gives the bytes of a free partition, takes words, and leaves all else as it was [attach-2] [attach-5]', async () => {
    const agent = await load(family);
    const witness = await newWitness();
    await witness.request(family.partition.id, { keep: true, clocks: true });
    await board.control('ungate all');
    await witness.fill(11);
    await witness.release();
    const opened = (await open(agent)).ok['memories'] as Header[];
    expect(opened.map(({ writable, ...geometry }) => geometry)).toEqual(family.memories);
    expect(opened.every((one) => one['writable'] === true)).toBe(true);
    await expectPattern(agent, family, 11);
    expect(await writeWord(agent, placeOfWord(family), 0xcafe0001)).toBe(verified);
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
    await witness.request(family.partition.id, { keep: true });
    expect(await seenByWitness(witness, family)).toBe(0xcafe0001);
  });

  it('gives the bytes beside the application, and writes there only after unlocking [attach-6]', async () => {
    const agent = await load(family);
    const witness = await newWitness();
    const { pid } = await witness.request(family.partition.id, { clocks: true });
    await board.control('ungate all');
    await witness.fill(12);
    expect(await agent.partition(columns[0])).toMatchObject({ inUse: true, owner: { kind: 'process', pid } });
    const before = await board.counters();
    expect((await open(agent)).ok['memories']).toHaveLength(family.memories.length);
    await expectPattern(agent, family, 12);
    expect(await board.counters()).toMatchObject({
      mappings: before['mappings'],
      dmabufs: before['dmabufs'],
    });
    expect(await code(writeWord(agent, placeOfWord(family), 1))).toBe('locked');
    expect(await writeWord(agent, placeOfWord(family), 0xbe51de, { besideOwner: true })).toBe(verified);
    expect(await seenByWitness(witness, family)).toBe(0xbe51de);
    expect(await board.counters()).toMatchObject({
      mappings: before['mappings'],
      dmabufs: before['dmabufs'],
    });
  });

  it('runs gated tiles of a free partition during accesses when a person asks for it [attach-4]', async () => {
    const agent = await load(family);
    await gateAll(family);
    await open(agent);
    expect(await reasonOfFirst(agent)).toBe(gated);
    expect(await clocks(agent, true)).toBe(true);
    expect(await reasonOfFirst(agent)).toBeUndefined();
    expect(await agent.partition(columns[0])).toMatchObject({ clocksOn: true });
    expect(await clocks(agent, false)).toBe(false);
    expect(await reasonOfFirst(agent)).toBe(gated);
  });
});

describe.each(['static/aie', 'aperture40/aie', 'aperture40/aieml'] as const)(
  '%s that notes clocks of the wrong columns',
  (name) => {
    const family = families[name];

    it('refuses tiles that run: ours are read and written all the same, those beside an owner are said to be so [truth-2] [truth-3]', async () => {
      // Not each release of the static driver could be read: imitated here as if it kept references, too.
      const agent = await load(family, { mem_ref: 1 });
      await board.control('ungate all');
      await open(agent);
      for (let lease = 0; lease < 2; lease++) expect(await reasonOfFirst(agent)).toBeUndefined();
      expect((await board.counters())['get_mem_leaks']).toBe(0); // nobody reads through a DMA-buf
      expect(await writeWord(agent, placeOfWord(family), 0xcafe0001)).toBe(verified);
      expect((await board.counters())['get_mem_leaks']).toBe(1); // once in the life of one lease
      const witness = await newWitness();
      await witness.request(family.partition.id, { keep: true, blind: true });
      expect(await reasonOfFirst(agent)).toBe(driverGated);
      expect(await writeWord(agent, placeOfWord(family), 1, { besideOwner: true })).toBe(
        refused | (driverGated << 8),
      );
      expect(await seenByWitness(witness, family)).toBe(0xcafe0001);
    });
  },
);

describe('a driver that ignores the request for clocks', () => {
  const family = families['2020/aie'];

  it('is told of, and the tiles stay gated: one that takes them for clocked already [attach-4]', async () => {
    const agent = await load(family, { tiles_ignored: 1 });
    await gateAll(family);
    await open(agent);
    expect(await clocks(agent, true)).toBe(false);
    expect(await agent.partition(columns[0])).toMatchObject({ clocksOn: false });
    expect(await reasonOfFirst(agent)).toBe(gated);
  });
});

describe('the right buffer beside the owner of a driver without pwrite', () => {
  const family = families['2020/aie'];

  it('is found among decoys, and not found when its descriptor was closed after mmap [attach-6]', async () => {
    const agent = await load(family);
    const witness = await newWitness();
    await witness.request(family.partition.id);
    await board.control('ungate all');
    await witness.fill(21);
    await witness.holdDecoys();
    await open(agent);
    expect(await writeWord(agent, placeOfWord(family), 5, { besideOwner: true })).toBe(verified);
    expect(await seenByWitness(witness, family)).toBe(5);
    await witness.closeBuffers();
    expect(await code(writeWord(agent, placeOfWord(family), 6, { besideOwner: true }))).toBe('no-match');
    expect(await seenByWitness(witness, family)).toBe(5);
  });

  it('is the one of this partition when its owner has another of the same size, or nothing is written [attach-6]', async () => {
    const parts = '1:6:0:4:9,2:20:0:4:9';
    const agent = await load(family, { parts });
    const witness = await newWitness();
    await witness.request(family.partition.id);
    await board.control('ungate all');
    await witness.holdDecoys(); // takes partition 2 with its buffers
    await open(agent);
    // Both are zero everywhere: they cannot be told apart.
    expect(await code(writeWord(agent, placeOfWord(family), 7, { besideOwner: true }))).toBe('no-match');
    await witness.fill(22);
    expect(await writeWord(agent, placeOfWord(family), 8, { besideOwner: true })).toBe(verified);
    expect(await seenByWitness(witness, family)).toBe(8);
  });
});

/** What the module tells of debug registers: those that are not zero, and who wrote any. */
const debugRegisters = async (): Promise<string> => parameter('debug_registers');
const debugWriters = async (): Promise<string[]> =>
  [...(await parameter('debug_writers')).matchAll(/^\d+ \d+ (.*)$/gm)].map((one) => one[1] ?? '');

const parameter = async (name: string): Promise<string> =>
  (await board.exec(`cat /sys/module/aievirt/parameters/${name}`)).stdout.toString();

/** An application whose first core runs a program, and an agent that a person allowed to halt it. */
async function halting(
  family: Family,
  keys: Header = {},
): Promise<{ agent: Agent; owner: Witness; act: (act: string, more?: Header) => Promise<Header> }> {
  await board.reloadModule(family.module);
  const owner = await newWitness();
  await owner.request(family.partition.id, { keep: true });
  const row = family.shape.core.start;
  await board.control(
    `program 6 ${row} 16 0x100 0x130 1 0x200 0x210 10`,
    `core 6 ${row} on`,
    `core 6 ${row + 1} on`,
  );
  const agent = await Agent.start(board, keys);
  agents.push(agent);
  await describeBoard(agent);
  await agent.request({ op: 'halt', act: 'allow', ...at, epoch: await agent.epoch(columns[0]) });
  const act = async (name: string, more: Header = {}): Promise<Header> =>
    (await agent.request({ op: 'halt', act: name, ...at, tile: [columns[0], row], ...more })).ok;
  return { agent, owner, act };
}

describe('halting cores beside their application', () => {
  const halted = 1;
  const names = ['2020/aie', 'static/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const;

  it.each(names)('on %s halts, steps, meets breakpoints and lets go [debug-7] [debug-8]', async (name) => {
    const { agent, act } = await halting(families[name]);
    const first = await act('halt');
    expect(first).toMatchObject({ reason: 0, debugStatus: halted });
    expect(Number(first['status']) & 0x10001).toBe(0x10001);
    // It stands: a second look finds it at the same instruction.
    expect(await act('halt')).toMatchObject({ status: first['status'], counter: first['counter'] });
    const order = [0x100, 0x110, 0x120, 0x130, 0x200, 0x210];
    expect(order).toContain(first['counter']);
    const next = await act('step', { count: 1 });
    expect(next['counter']).not.toBe(first['counter']);
    expect(next).toMatchObject({ reason: 0, debugStatus: halted });
    await act('breakpoints', { counters: [0x120] });
    await act('resume');
    await expect
      .poll(async () => (await act('breakpoints', { counters: [0x120] }))['debugStatus'])
      .toBe(0x21);
    // That it met one is told by the answer that takes them back, too.
    expect(await act('breakpoints', { counters: [] })).toMatchObject({ debugStatus: 0x21, counter: 0x120 });
    expect((await act('halt'))['counter']).toBe(0x120);
    expect(await code(agent.request({ op: 'halt', act: 'halt', ...at, tile: [6, 0] }))).toBe('out-of-range');
    expect((await agent.request({ op: 'halt', act: 'end', ...at })).ok).toMatchObject({ left: 0 });
    expect(await debugRegisters()).toBe('');
    expect(await code(act('halt'))).toBe('no-halting');
    expect(await debugRegisters()).toBe('');
    expect(await debugWriters()).toEqual(['tilescope-agent']);
  });

  it.each(names)(
    'on %s tells the registers of a core that stands, of no other one, and writes nothing for it [debug-6]',
    async (name) => {
      const family = families[name];
      const { agent, act } = await halting(family);
      const row = family.shape.core.start;
      const registers = async (tile = [columns[0], row]): Promise<{ reason: unknown; words: Header }> => {
        const { reason, registers: words } = (await agent.request({ op: 'debug-read', ...at, tile })).ok;
        return { reason, words: words as Header };
      };
      const running = { reason: coreRunning, words: {} };
      expect(await registers()).toEqual(running);
      const { counter } = await act('halt');
      const written = await parameter('debug_writers');
      const { reason, words } = await registers();
      expect(reason).toBe(0);
      const isFirst = family.generation === 'aie';
      const lengths = Object.entries(words).map(([key, list]) => [key, (list as number[]).length]);
      const single = ['pc', 'fc', 'sp', 'lr', 'ls', 'le', 'lc', ...(isFirst ? [] : ['cr', 'sr'])];
      expect(Object.fromEntries(lengths)).toEqual({
        ...{ r: isFirst ? 16 : 32, p: 8, m: 8 },
        ...Object.fromEntries(single.map((one) => [one, 1])),
      });
      expect(words['pc']).toEqual([counter]);
      // The program counts its instructions in R0, and has the register's number in the first byte.
      const first = (words['r'] as number[])[0] ?? 0;
      expect(words['r']).toEqual(Array.from({ length: isFirst ? 16 : 32 }, (_, i) => first + i * 0x1000000));
      // It stands: a second read tells the same.
      expect(await registers()).toEqual({ reason, words });
      expect(await parameter('debug_writers')).toBe(written);
      await act('step', { count: 2 });
      expect(((await registers()).words['r'] as number[])[1]).toBe(first + 2 + 0x1000000);
      await act('resume');
      expect(await registers()).toEqual(running);
      expect(await code(registers([columns[0], 0]))).toBe('out-of-range');
      await agent.request({ op: 'halt', act: 'end', ...at });
      expect(await code(registers())).toBe('no-halting');
    },
  );

  it.each([
    ['the client leaves', async ({ agent }) => agent.end()],
    ['the connection is cut', async ({ agent }) => agent.process.kill('SIGKILL')],
    [
      'the agent is told to end',
      async () =>
        board.exec(
          'for p in /proc/[0-9]*; do case $(readlink $p/exe) in *tilescope-agent*) kill $(basename $p);; esac; done',
        ),
    ],
    ['nothing is heard for a heartbeat', async ({ agent }) => agent.process.kill('SIGSTOP')],
    ['the partition changes hands', async ({ owner }) => owner.release()],
  ] as [string, (given: Awaited<ReturnType<typeof halting>>) => Promise<unknown>][])(
    'ends with everything let go when %s [debug-7]',
    async (_, end) => {
      const given = await halting(families['aperture40/aieml'], { heartbeatMs: 8000, exitMs: 600_000 });
      await given.act('halt');
      const row = families['aperture40/aieml'].shape.core.start + 1;
      await board.control(`program 6 ${row} 16 0x100 0x130 1 0x200 0x210 10`);
      await given.act('breakpoints', { counters: [0x100, 0x200], tile: [columns[0], row] });
      // The second core halts by itself.
      await expect.poll(debugRegisters).toMatch(new RegExp(`^6 ${row} \\S*1c 0x[24]1$`, 'm'));
      try {
        await end(given);
        await expect.poll(debugRegisters, { interval: 200 }).toBe('');
      } finally {
        given.agent.process.kill('SIGCONT');
      }
    },
    120_000,
  );
});

describe('an unknown generation', () => {
  it('needs consent, is read by pread alone, and never written [attach-2]', async () => {
    await board.reloadModule({ family: 'aperture', generation: 'aie9' });
    const agent = await newAgent();
    expect(await describeBoard(agent)).toMatchObject({ family: 'unknown', generation: 'unknown' });
    expect(await code(open(agent))).toBe('unknown-driver');
    const memories = (await open(agent, true)).ok['memories'] as Header[];
    expect(memories.length).toBeGreaterThan(0);
    expect(memories.every((one) => one['writable'] === false)).toBe(true);
    const before = await board.counters();
    const answer = await agent.read(columns, 'data', [[0, 64]]);
    expect(answer.spans).toEqual([]);
    expect(assemble(answer, 0, 64, 0xee)).toEqual(new Uint8Array(64));
    const read = await board.counters();
    expect(read['preads']).toBeGreaterThan(before['preads'] ?? 0);
    expect((read['memory_words_read'] ?? 0) - (before['memory_words_read'] ?? 0)).toBe(16);
    expect(await writeWord(agent, 0, 1)).toBe(refused | (noWay << 8));
    const { mappings, dmabufs, faults, pwrites, words_written } = before;
    const unchanged = { mappings, dmabufs, faults, pwrites, words_written };
    expect(await board.counters()).toMatchObject({ ...unchanged, open: 0 });
  });

  it('that nobody names is learnt from what the driver describes [attach-2] [attach-5]', async () => {
    const family = families['aperture24/aieml'];
    const agent = await load(family, { hwinfo: 0 });
    expect(await describeBoard(agent)).toMatchObject({ family: 'unknown', generation: 'unknown' });
    expect((await open(agent, true)).ok['memories']).toHaveLength(family.memories.length);
    expect(await describeBoard(agent)).toMatchObject({ family: family.driver, generation: 'aieml' });
  });
});

describe('a device tree that calls the array ai_engine', () => {
  it('names the generation all the same, by what the node says it is [truth-6] [truth-8]', async () => {
    const { memory, core, shim } = families['aperture24/aieml'].shape;
    await board.deviceTree({
      name: 'ai_engine',
      compatible: 'xlnx,ai-engine-v2.0',
      aieGen: 2,
      shimRows: [shim.start, shim.count],
      memRows: [memory.start, memory.count],
      coreRows: [core.start, core.count],
    });
    const agent = await load(families['aperture24/aieml'], { hwinfo: 0 });
    expect(await describeBoard(agent)).toMatchObject({
      family: 'linux-xlnx-aperture',
      generation: 'aieml',
    });
    await board.deviceTree();
  });
});

describe('dynamic partitions', () => {
  const family = families['aperture40/aieml'];

  it('are picked from free columns; taken ones are refused with the name of who has them [attach-3]', async () => {
    const agent = await load(family);
    const witness = await newWitness();
    const { pid } = await witness.request(family.other.id);
    await agent.partition(family.other.startCol);
    expect((await describeBoard(agent))['free']).toEqual([
      [0, 20],
      [24, 14],
    ]);
    const taken = agent.request({ op: 'open', partition: '18_4', allowUnknown: false });
    await expect(taken).rejects.toMatchObject({ code: 'columns-taken', header: { facts: { pid } } });
    await open(agent);
    expect(await agent.partition(columns[0])).toMatchObject({ picked: true, inUse: false });
  });
});

describe("what the kernel's own client holds", () => {
  const family = families['aperture24/aie'];

  // The earlier form goes out only where a module's version asks for it: native/core/families_test.cpp.
  it.each([2])('is reached through zocl once a person chose that, form %i [attach-9]', async (zocl) => {
    const agent = await load(family, { zocl });
    await board.control('ungate all');
    await board.control('zocl load 6 4');
    expect(await agent.partition(columns[0])).toMatchObject({ owner: { kind: 'kernel', pid: 0 } });
    expect(await code(open(agent))).toBe('kernel-held');
    await agent.request({ op: 'kernel-descriptor', ...at });
    expect((await open(agent)).ok['memories']).toHaveLength(2);
    expect((await agent.read(columns, 'data', [[0, 4096]])).ok['epoch']).toBeDefined();
    await agent.end();
    agents.splice(0);
    await board.control('zocl unload');
  });
});
