import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../../scripts/common.ts';
import { protocolVersion } from '../../src/board/protocol/core-client.ts';
import { dice } from '../conformance/random.ts';
import { PATIENCE_MS } from '../patience.ts';
import { patternBytes, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import {
  Agent,
  type Answer,
  agentPath,
  assemble,
  buildForBoard,
  buildWithoutPidfd,
  mixedReads,
} from './native-agent.ts';
import { Raw } from './raw.ts';
import { howLoaded } from './rootfs.ts';

const columns = [6, 4] as const;
const rows = 8;
const perTile = { data: 32_768, program: 16_384 } as const;
const total = { data: perTile.data * 32, program: perTile.program * 32 } as const;
type Memory = keyof typeof perTile;

/** The wire's numbers. */
const reason = { gated: 1, running: 2 };
const outcome = { verified: 0, conflict: 2, refused: 3 };

let board: VirtualBoard;
let agent: Agent;
const witnesses: Witness[] = [];
/** How long a condition may take on a busy machine, milliseconds. */

/** Stops the link without closing it, in the middle of a long read. */
async function blackHole(
  on: VirtualBoard,
  keys: Record<string, number>,
): Promise<{ other: Agent; pid: number; wake: () => void }> {
  const other = await Agent.start(on, keys);
  const { stdout } = await on.exec('pidof tilescope-agent');
  const pids = stdout.toString().trim().split(' ').map(Number);
  const ranges = Array.from({ length: 400 }, () => [0, total.data] as const);
  const before = (await on.counters())['requests'] ?? Number.NaN;
  const reading = code(other.read(columns, 'data', ranges));
  // A free partition is left alone for 2 s after somebody opened the node. Until then the client is heard.
  await vi.waitFor(async () => {
    void code(other.request({ op: 'ping' }));
    expect((await on.counters())['requests']).toBeGreaterThan(before);
  }, PATIENCE_MS);
  other.process.kill('SIGSTOP');
  return {
    other,
    pid: Math.max(...pids),
    wake: () => {
      other.process.kill('SIGCONT');
      other.process.kill('SIGKILL');
      void reading;
    },
  };
}

/** A client that falls silent with the real times: milliseconds from then on. */
interface Silence {
  /** Until a witness has the partition that was being read. */
  readonly granted: number;
  /** Until the agent is gone. */
  readonly ended: number;
}

/** It takes a minute: it passes on a board of its own, beside the other tests. */
class SilentClient {
  readonly #board: VirtualBoard;
  readonly silence: Promise<Silence>;

  private constructor(on: VirtualBoard, agentFile: string) {
    this.#board = on;
    this.silence = this.#pass(agentFile);
    // Its test says what went wrong, if it runs at all.
    this.silence.catch(() => undefined);
  }

  static async start(agentFile: string): Promise<SilentClient> {
    return new SilentClient(await startBoard(), agentFile);
  }

  async #pass(agentFile: string): Promise<Silence> {
    const on = this.#board;
    await on.put(agentFile, agentPath);
    const { pid, wake } = await blackHole(on, {});
    try {
      const began = performance.now();
      const witness = await on.witness();
      await vi.waitFor(() => witness.request(1, { keep: true }), { timeout: 20_000, interval: 100 });
      const granted = performance.now() - began;
      await vi.waitFor(async () => expect((await on.exec(`kill -0 ${pid}`)).code).not.toBe(0), {
        timeout: 75_000,
        interval: 1_000,
      });
      const ended = performance.now() - began;
      await on.assertClean();
      return { granted, ended };
    } finally {
      wake();
    }
  }

  async stop(): Promise<void> {
    await this.#board.stop();
  }
}

let silent: SilentClient | undefined;

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
  await board.put(files.tests, '/tmp/board_tests');
  agent = await Agent.start(board);
  silent = await SilentClient.start(files.agent);
});

afterAll(async () => {
  await silent?.stop();
  await agent?.end();
  await board?.stop();
});

afterEach(async () => {
  for (const witness of witnesses.splice(0)) await witness.exit();
  await board.control('reset all');
});

useCleanLog(() => board);

/** A witness that ends with the test. */
async function newWitness(...commands: string[]): Promise<Witness> {
  const witness = await board.witness(...commands);
  witnesses.push(witness);
  return witness;
}

/** Fills partition 1 with the witness's pattern and gives it back unharmed. */
async function filled(seed = 0): Promise<Witness> {
  const witness = await newWitness('request 1 keep');
  await witness.fill(seed);
  await witness.release();
  return witness;
}

/** What the witness's pattern puts into a run of buffer offsets of partition 1. */
function pattern(memory: Memory, offset: number, length: number, seed = 0): Buffer {
  const pieces: Buffer[] = [];
  for (let at = offset; at < offset + length; ) {
    const index = Math.floor(at / perTile[memory]);
    const inTile = at % perTile[memory];
    const count = Math.min(perTile[memory] - inTile, offset + length - at);
    const column = columns[0] + Math.floor(index / rows);
    pieces.push(patternBytes(memory, column, 1 + (index % rows), inTile, count, seed));
    at += count;
  }
  return Buffer.concat(pieces);
}

async function code(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'ok';
}

describe('the core on the board', () => {
  it('passes its own tests on arm64, where an unaligned access faults and a foreign bus error reaches the earlier handler [main-9] [main-10] [truth-13]', async () => {
    const { code: status, stdout } = await board.exec(
      `/tmp/board_tests --test-case='*[main-9]*,*[truth-13]*handler*' --test-case-exclude='*random*'`,
    );
    expect(stdout.toString()).toMatch(/test cases: +[1-9]/); // an empty selection is a success, too
    expect(stdout.toString()).toContain('Status: SUCCESS');
    expect(status).toBe(0);
  });

  it('names itself and its protocol without touching anything', async () => {
    const { stdout } = await board.exec(`${agentPath} --version`);
    expect(stdout.toString()).toMatch(new RegExp(`^tilescope-agent \\S+ protocol ${protocolVersion}\n$`));
  });
});

describe('the agent', () => {
  it.each(['x86_64', 'aarch64'])(
    'for %s is one file that needs no other and can be loaded anywhere [shape-4]',
    (machine) => {
      const elf = readFileSync(join(root, 'dist', 'agents', `tilescope-agent-${machine}`));
      expect(howLoaded(elf)).toEqual({ anywhere: true, loader: false });
    },
  );

  it('is loaded at another address each time [shape-4]', async () => {
    const { stdout } = await board.exec(
      `mkfifo /tmp/quiet && exec 3<>/tmp/quiet && for i in 1 2 3; do
        ${agentPath} <&3 >/dev/null &
        until grep -m1 ${agentPath} /proc/$!/maps; do :; done
        kill $!
      done; rm /tmp/quiet`,
    );
    const starts = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.split('-')[0]);
    expect(starts).toHaveLength(3);
    expect(new Set(starts).size).toBe(3);
  });
});

describe('a free partition', () => {
  it('is read whole, byte for byte what another program left there, and held by nobody afterwards [main-8]', async () => {
    await filled(7);
    for (const memory of ['data', 'program'] as const) {
      const answer = await agent.read(columns, memory, [[0, total[memory]]]);
      expect(answer.spans).toEqual([]);
      expect(
        Buffer.compare(assemble(answer, 0, total[memory], 0xee), pattern(memory, 0, total[memory], 7)),
      ).toBe(0);
    }
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  it('keeps its contents over any number of leases: the keep flag is always set [main-8]', async () => {
    const witness = await filled(3);
    for (let i = 0; i < 20; i++) await agent.read(columns, 'data', [[i * 1000, 64]]);
    await witness.request(1, { keep: true });
    expect(await witness.read('data', 9, 8, 32_700, 68)).toEqual(patternBytes('data', 9, 8, 32_700, 68, 3));
  });

  it('says whose start was refused while it was read: the driver logs one line for each [truth-8] [truth-21]', async () => {
    const application = await newWitness();
    const said = () => agent.unasked.find((frame) => frame['t'] === 'start-refused');
    const ranges = Array.from({ length: 20 }, () => [0, total.data] as const);
    // A polite read holds a tenth of the time, so that ten starts may all be lucky: then ten more.
    let refused = 0;
    for (let seed = 1; seed <= 30 && refused === 0; seed++) {
      let starting = true;
      // With the device open from the begin, so that no opening sends the read away; free for longer than hands have to stay.
      const starts = application
        .starts(1, 10, { opened: true, keep: true, pause: [200, 400], seed })
        .finally(() => {
          starting = false;
        });
      while (starting && said() === undefined) await code(agent.read(columns, 'data', ranges));
      refused = (await starts).refused;
    }
    expect(refused).toBeGreaterThan(0);
    await vi.waitFor(() => expect(said()).toBeDefined(), PATIENCE_MS);
    expect(said()).toMatchObject({ startCol: columns[0], numCols: columns[1], command: 'witness' });
  });

  it('is read at every alignment and length without an alignment fault [main-10]', async () => {
    await filled();
    const random = dice(1010);
    for (let round = 0; round < 40; round++) {
      const memory: Memory = round % 2 === 0 ? 'data' : 'program';
      const ranges = Array.from({ length: 60 }, () => {
        const offset = random(total[memory] - 5000);
        return [offset, 1 + random(round % 4 === 0 ? 5000 : 40)] as const;
      });
      const answer = await agent.read(columns, memory, ranges);
      expect(answer.spans).toEqual([]);
      for (const [offset, length] of ranges)
        expect(Buffer.from(assemble(answer, offset, length, 0xee))).toEqual(pattern(memory, offset, length));
    }
  });

  it('answers ranges in the order asked, in frames of at most 64 KiB that stay inside a range', async () => {
    await filled();
    const ranges = [
      [500_000, 200_001],
      [3, 5],
      [500_100, 70_000],
    ] as const;
    const { data } = await agent.read(columns, 'data', ranges);
    let at = 0;
    for (const [offset, length] of ranges) {
      for (let done = 0; done < length; ) {
        const piece = data[at++];
        expect(piece?.offset).toBe(offset + done);
        expect(piece?.bytes.length).toBeLessThanOrEqual(65_536);
        done += piece?.bytes.length ?? 0;
        expect(done).toBeLessThanOrEqual(length);
      }
    }
    expect(at).toBe(data.length);
  });
});

describe('compare-and-write', () => {
  it('changes exactly the masked bits of exactly those words, seen by another program byte for byte [main-8]', async () => {
    const witness = await filled();
    const random = dice(2020);
    for (const memory of ['data', 'program'] as const) {
      const expected = pattern(memory, 0, total[memory]);
      const seen = Buffer.from(expected);
      const epoch = await agent.epoch(6);
      const offsets = [...new Set(Array.from({ length: 1000 }, () => random(total[memory] / 4) * 4))];
      offsets.sort((a, b) => a - b);
      const words = offsets.map((offset) => {
        const mask = random(3) === 0 ? 0xffff_ffff : (0xff << (8 * random(4))) >>> 0;
        const value = random(2 ** 32);
        const before = expected.readUInt32LE(offset);
        expected.writeUInt32LE(((before & ~mask) | (value & mask)) >>> 0, offset);
        return { offset, seen: seen.readUInt32LE(offset), mask, value };
      });
      const answer = await agent.write(columns, memory, epoch, words);
      expect(answer.outcomes.map((one) => one.offset)).toEqual(offsets);
      for (const one of answer.outcomes) {
        expect(one.outcome).toBe(outcome.verified);
        expect(one.now).toBe(expected.readUInt32LE(one.offset));
      }
      await witness.request(1, { keep: true });
      for (let tile = 0; tile < 32; tile++) {
        const bytes = await witness.read(
          memory,
          6 + Math.floor(tile / rows),
          1 + (tile % rows),
          0,
          perTile[memory],
        );
        const from = tile * perTile[memory];
        expect(Buffer.compare(bytes, expected.subarray(from, from + perTile[memory]))).toBe(0);
      }
      await witness.release();
    }
  });

  it('leaves a word alone that is not what was seen, and writes it when forced [main-8]', async () => {
    const witness = await filled();
    const epoch = await agent.epoch(6);
    const now = pattern('data', 64, 4).readUInt32LE();
    const word = { offset: 64, seen: now ^ 1, mask: 0xffff_ffff, value: 0x12345678 };
    expect((await agent.write(columns, 'data', epoch, [word])).outcomes).toEqual([
      { offset: 64, outcome: outcome.conflict, now },
    ]);
    const forced = await agent.write(columns, 'data', epoch, [word], { force: true });
    expect(forced.outcomes).toEqual([{ offset: 64, outcome: outcome.verified, now: 0x12345678 }]);
    await witness.request(1, { keep: true });
    expect((await witness.read('data', 6, 1, 60, 12)).toString('hex')).toBe(
      `${pattern('data', 60, 4).toString('hex')}78563412${pattern('data', 68, 4).toString('hex')}`,
    );
  });

  it('takes a write in several frames as one', async () => {
    await filled();
    const epoch = await agent.epoch(6);
    const id = 4_000_000;
    const words = Array.from({ length: 9000 }, (_, i) => ({
      offset: i * 4,
      seen: 0,
      mask: ~0 >>> 0,
      value: i,
    }));
    const parts = [words.slice(0, 4096), words.slice(4096, 8192), words.slice(8192)];
    const answers = await agent.writeFrames(id, columns, 'data', epoch, parts, { force: true });
    expect(answers.outcomes.length).toBe(9000);
    expect(answers.outcomes.every((one, i) => one.outcome === 0 && one.now === i)).toBe(true);
  });

  it('refuses the words of an epoch that is over, after an application was seen to come and go [main-8]', async () => {
    await filled();
    const before = await agent.epoch(6);
    const witness = await newWitness('request 1 keep');
    await vi.waitFor(async () => expect(await agent.epoch(6)).not.toBe(before), PATIENCE_MS);
    await witness.release();
    const write = agent.write(columns, 'data', before, [{ offset: 0, seen: 0, mask: 1, value: 1 }], {
      force: true,
    });
    expect(await code(write)).toBe('epoch');
    expect(await agent.epoch(6)).not.toBe(before);
  });

  it('refuses them too when nobody saw the application, but its release zeroed and gated all tiles [main-8]', async () => {
    await filled();
    // Without describe, an agent looks at the list only when it is asked: it cannot see what happens in between.
    const alone = await Agent.start(board);
    await alone.read(columns, 'data', [[0, 4]]);
    const before = await alone.epoch(6);
    const witness = await newWitness('request 1');
    await witness.release();
    expect(await alone.epoch(6)).toBe(before);
    const word = { offset: 0, seen: 0, mask: 1, value: 1 };
    expect(await code(alone.write(columns, 'data', before, [word], { force: true }))).toBe('epoch');
    expect(await alone.epoch(6)).not.toBe(before);
    await alone.end();
  });
});

describe('beside another owner', () => {
  it('reads through its register view, names it, and writes nothing without consent [main-8]', async () => {
    const witness = await newWitness('request 1');
    await witness.fill(5);
    const { pid } = await witness.status();
    const info = await agent.partition(6);
    expect(info).toMatchObject({ inUse: true, owner: { pid, command: 'witness' } });
    const { ok } = await agent.request({ op: 'open', partition: '6_4', allowUnknown: false });
    // What can be written beside an owner is, once a person unlocked it: see native-families.
    expect(ok['memories']).toMatchObject([
      { type: 'data', writable: true },
      { type: 'program', writable: true },
    ]);
    for (const memory of ['data', 'program'] as const) {
      const answer = await agent.read(columns, memory, [[0, total[memory]]]);
      expect(answer.spans).toEqual([]);
      expect(
        Buffer.compare(assemble(answer, 0, total[memory], 0xee), pattern(memory, 0, total[memory], 5)),
      ).toBe(0);
    }
    const word = { offset: 0, seen: 0, mask: 1, value: 1 };
    expect(await code(agent.write(columns, 'data', String(info['epoch']), [word], { force: true }))).toBe(
      'locked',
    );
    expect(await board.counters()).toMatchObject({ open: 1, dmabufs: 2 });
  });

  it('on a kernel without pidfd_open or pidfd_getfd says so, still names the owner, and still reads what is free [main-8]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tilescope-pidfd-'));
    try {
      buildWithoutPidfd(join(folder, 'without-pidfd'));
      await board.put(join(folder, 'without-pidfd'), '/tmp/without-pidfd');
    } finally {
      rmSync(folder, { recursive: true });
    }
    await filled(4);
    for (const call of ['open', 'getfd']) {
      const old = Agent.spawn(board, `/tmp/without-pidfd ${call} ${agentPath}`);
      await old.request({ op: 'hello', protocol: protocolVersion, trace: false, device: '/dev/aie0' });
      const free = await old.read(columns, 'data', [[0, 64]]);
      expect(Buffer.from(assemble(free, 0, 64))).toEqual(pattern('data', 0, 64, 4));
      const witness = await newWitness('request 1 keep');
      const { pid } = await witness.status();
      expect(await old.partition(6)).toMatchObject({ inUse: true, owner: { pid, command: 'witness' } });
      await expect(old.read(columns, 'data', [[0, 64]])).rejects.toMatchObject({
        code: 'no-pidfd',
        header: { detail: `pidfd_${call}: ENOSYS`, facts: { pid, command: 'witness' } },
      });
      await witness.release();
      expect(await old.end()).toBe(0);
    }
  });

  it('sees bytes change while the owner works, and the owner is never disturbed [main-8]', async () => {
    const witness = await newWitness('request 1');
    await witness.fill();
    await witness.run({ rate: 200 });
    const seen = new Set<string>();
    await vi.waitFor(async () => {
      const answer = await agent.read(columns, 'data', [[0x1000, 4]]);
      seen.add(Buffer.from(assemble(answer, 0x1000, 4)).toString('hex'));
      expect(seen.size).toBeGreaterThan(3);
    }, PATIENCE_MS);
    expect(await witness.stop()).toBeGreaterThan(3);
  });

  it('is not taken in by decoys, nor by a descriptor number that was reused [main-8]', async () => {
    const witness = await newWitness('request 1');
    await witness.fill(9);
    const read = async (): Promise<Buffer> =>
      Buffer.from(assemble(await agent.read(columns, 'data', [[40_000, 16]]), 40_000, 16, 0xee));
    await witness.holdDecoys();
    expect(await read()).toEqual(pattern('data', 40_000, 16, 9));
    const before = await agent.epoch(6);
    await witness.holdDecoys(true);
    expect(await read()).toEqual(pattern('data', 40_000, 16, 9));
    expect(await agent.epoch(6)).toBe(before);
  });

  it("takes no other Tilescope's leases for an owner: list and epoch stay while another agent reads [main-8]", async () => {
    await filled();
    // Under any name: this one's is not the agent's.
    await board.exec(`cp ${agentPath} /tmp/someone`);
    const other = Agent.spawn(board, '/tmp/someone');
    await other.request({ op: 'hello', protocol: protocolVersion, trace: false, device: '/dev/aie0' });
    await agent.request({ op: 'describe' });
    const before = await agent.epoch(6);
    let reading = true;
    const reads = (async () => {
      while (reading) await other.read(columns, 'data', [[0, total.data]]);
    })();
    try {
      for (let i = 0; i < 30; i++)
        expect(await agent.partition(6)).toMatchObject({ inUse: false, epoch: before });
      await agent.read(columns, 'data', [[0, 64]]);
    } finally {
      reading = false;
      await reads;
    }
    expect(await agent.epoch(6)).toBe(before);
    await other.end();
  });

  it('follows free, owned and free again by itself, with an epoch for each [main-8]', async () => {
    await agent.request({ op: 'describe' });
    const epochs = new Set([await agent.epoch(6)]);
    const lists = (): unknown[] =>
      agent.unasked.filter((one) => one['t'] === 'partitions').map((one) => one['partitions']);
    let count = lists().length;
    const witness = await newWitness();
    for (const command of ['request 1', 'release']) {
      await witness.command(command);
      await vi.waitFor(() => expect(lists().length).toBeGreaterThan(count), PATIENCE_MS);
      count = lists().length;
      epochs.add(await agent.epoch(6));
    }
    expect(epochs.size).toBe(3);
  });
});

describe('gates', () => {
  /** Checks a read of whole ranges against the pattern and a set of gated tiles; counts good and gated bytes. */
  function check(
    answer: Answer,
    ranges: readonly (readonly [number, number])[],
    gated: ReadonlySet<number>,
  ): void {
    for (const [offset, length] of ranges) {
      for (let at = offset; at < offset + length; ) {
        const tile = Math.floor(at / perTile.data);
        const count = Math.min((tile + 1) * perTile.data, offset + length) - at;
        const spans = answer.spans.filter(
          (span) => span.offset <= at && at + count <= span.offset + span.length,
        );
        if (gated.has(tile)) {
          expect(spans[0]?.reason).toBe(reason.gated);
        } else {
          expect(spans).toEqual([]);
          expect(Buffer.compare(assemble(answer, at, count, 0xee), pattern('data', at, count))).toBe(0);
        }
        at += count;
      }
    }
  }

  it(`${mixedReads} mixed reads while gates flip: good bytes right, gated tiles marked and never touched [main-9]`, async () => {
    await filled();
    const random = dice(9009);
    const gatedFrom = [9, 9, 9, 9]; // by column of the partition: the first gated row
    for (let round = 0; round < mixedReads / 200; round++) {
      const column = random(4);
      gatedFrom[column] = 1 + random(9);
      const first = gatedFrom[column] ?? 9;
      const gate = first <= rows ? [`gate ${6 + column} ${first}`] : [];
      await board.control(`ungate ${6 + column} 8`, ...gate);
      const gated = new Set<number>();
      for (let tile = 0; tile < 32; tile++)
        if (1 + (tile % rows) >= (gatedFrom[Math.floor(tile / rows)] ?? 9)) gated.add(tile);
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const ranges = Array.from({ length: 10 }, () => {
            const offset = random(total.data - 100_000);
            // Long ones are rare: the emulated processor enciphers every byte of them.
            return [offset, random(100) === 0 ? random(100_000) : 1 + random(200)] as const;
          });
          check(await agent.read(columns, 'data', ranges), ranges, gated);
        }),
      );
    }
    expect(await board.takeForbidden()).toEqual([]);
  });

  it('a tile gated in the middle of a read is contained: the process lives and every byte given is right [main-9]', async () => {
    await filled();
    const flipped = board.exec(
      'c=/sys/module/aievirt/parameters/control; while [ ! -e /tmp/enough ]; do echo gate 7 3 > $c; echo ungate 7 8 > $c; done; rm /tmp/enough',
    );
    let good = 0;
    let gated = 0;
    for (let reads = 0; reads < 20 || ((good === 0 || gated === 0) && reads < 2000); reads++) {
      const answer = await agent.read(columns, 'data', [[perTile.data * 8, perTile.data * 8]]);
      for (const piece of answer.data) {
        expect(Buffer.compare(piece.bytes, pattern('data', piece.offset, piece.bytes.length))).toBe(0);
        good += piece.bytes.length;
      }
      for (const span of answer.spans) gated += span.length;
    }
    await board.exec('touch /tmp/enough');
    await flipped;
    expect(good).toBeGreaterThan(0);
    expect(gated).toBeGreaterThan(0);
    expect(await code(agent.request({ op: 'ping' }))).toBe('ok');
    await board.takeForbidden(); // the race that no check can close: contained, not prevented
  });

  it('program memory of an enabled core is closed, for reading and writing; its neighbours are open [main-9]', async () => {
    await filled();
    await board.control('core 6 2 on');
    const answer = await agent.read(columns, 'program', [[0, perTile.program * 3]]);
    expect(answer.spans).toEqual([
      { offset: perTile.program, length: perTile.program, reason: reason.running },
    ]);
    const epoch = await agent.epoch(6);
    const words = [0, perTile.program, perTile.program * 2].map((offset) => ({
      offset,
      seen: 0,
      mask: 1,
      value: 1,
    }));
    const written = await agent.write(columns, 'program', epoch, words, { force: true });
    expect(written.outcomes.map((one) => one.outcome)).toEqual([
      outcome.verified,
      outcome.refused | (reason.running << 8),
      outcome.verified,
    ]);
    const data = await agent.read(columns, 'data', [[perTile.data, 64]]);
    expect(data.spans).toEqual([]);
  });

  it('gated tiles refuse words, each with its reason [main-9]', async () => {
    await filled();
    await board.control('gate 8 5');
    const epoch = await agent.epoch(6);
    const offsets = [(2 * rows + 3) * perTile.data, (2 * rows + 4) * perTile.data];
    const words = offsets.map((offset) => ({ offset, seen: 0, mask: 1, value: 1 }));
    const answer = await agent.write(columns, 'data', epoch, words, { force: true });
    expect(answer.outcomes.map((one) => one.outcome)).toEqual([
      outcome.verified,
      outcome.refused | (reason.gated << 8),
    ]);
  });
});

describe('what a board can refuse', () => {
  it('shim tiles only, unknown columns and a missing node have errors of their own', async () => {
    expect(await code(agent.request({ op: 'open', partition: '30_3', allowUnknown: false }))).toBe(
      'no-memory-types',
    );
    expect(await code(agent.read([1, 2], 'data', [[0, 4]]))).toBe('no-partition');
    expect(await code(agent.read(columns, 'data', [[total.data - 4, 5]]))).toBe('out-of-range');
    const other = await Agent.start(board, { device: '/dev/aie7' });
    expect(await code(other.request({ op: 'describe' }))).toBe('no-device');
    expect(await other.end()).toBe(0);
  });

  it('[truth-10] an owner that closed its descriptor is found by its mapping', async () => {
    const raw = await Raw.start(board);
    try {
      const owner = raw.process('mapper');
      const node = await owner.open();
      const part = await owner.request(node, 1);
      await owner.map(part, 0, 4 << 23);
      const held = await agent.partition(columns[0]);
      expect(held).toMatchObject({
        inUse: true,
        owner: { kind: 'process', command: expect.stringContaining('tilescope-raw') },
      });
      await owner.close(part);
      await owner.close(node);
      expect(await agent.partition(columns[0])).toMatchObject({ owner: held['owner'], epoch: held['epoch'] });
      expect(await code(agent.read(columns, 'data', [[0, 4]]))).toBe('no-descriptor');
    } finally {
      await raw.endAll();
      raw.stop();
    }
    await vi.waitFor(
      async () => expect(await agent.partition(columns[0])).toMatchObject({ inUse: false }),
      PATIENCE_MS,
    );
  });

  it('a node that goes away empties the list by itself, and fills it again when it is back', async () => {
    await board.exec('ln -sf /dev/aie0 /tmp/aie-link');
    const other = await Agent.start(board, { device: '/tmp/aie-link' });
    const lists = (): unknown[] =>
      other.unasked.flatMap((one) => (one['t'] === 'partitions' ? [one['partitions']] : []));
    await other.request({ op: 'describe' });
    await board.exec('rm /tmp/aie-link');
    await vi.waitFor(() => expect(lists()).toEqual([[]]), PATIENCE_MS);
    await board.exec('ln -s /dev/aie0 /tmp/aie-link');
    await vi.waitFor(
      () => expect(lists()).toEqual([[], expect.arrayContaining([expect.anything()])]),
      PATIENCE_MS,
    );
    await other.end();
  });

  it('only ENQUIRE, REQUEST with keep and GET_MEM are ever sent; a borrowed partition gets none [main-8]', async () => {
    const tracing = await Agent.start(board, { trace: true });
    await tracing.read(columns, 'data', [[0, 64]]);
    const witness = await newWitness('request 1');
    await tracing.read(columns, 'data', [[0, 64]]);
    const lines = tracing.unasked.flatMap((one) => (one['t'] === 'trace' ? (one['lines'] as string[]) : []));
    expect(lines).toContainEqual(expect.stringMatching(/^AIE_REQUEST_PART 0x80184102 size 24 -> \d+$/));
    const borrowed = lines.findIndex((line) => line.startsWith('pidfd_getfd'));
    expect(borrowed).toBeGreaterThan(0);
    // The list is asked of the device.
    const sent = lines.slice(borrowed).filter((line) => line.startsWith('AIE_'));
    expect(sent.filter((line) => !line.startsWith('AIE_ENQUIRE_PART'))).toEqual([]);
    for (const line of lines)
      expect(line).toMatch(
        /^(open|mmap|pidfd_\w+|AIE_ENQUIRE_PART|AIE_REQUEST_PART|AIE_GET_MEM) |^the same calls, \d+ times more$/,
      );
    await tracing.end();
    await witness.release();
  });
});

describe('the end of a connection', () => {
  it('end of input ends the agent at once, in the middle of a read, and nothing stays open', async () => {
    const other = await Agent.start(board);
    const reading = code(other.read(columns, 'data', [[0, total.data]]));
    expect(await other.end()).toBe(0);
    await reading;
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });

  it('a cancelled read ends with cancelled and lets later requests pass', async () => {
    const ranges = Array.from({ length: 200 }, () => [0, total.data] as const);
    const { id, answer } = agent.begin({
      op: 'read',
      partition: '6_4',
      memory: 'data',
      ranges,
      asking: 'fast',
    });
    const ended = code(answer);
    await agent.request({ op: 'cancel', target: id });
    expect(await ended).toBe('cancelled');
  });

  it('small reads overtake a long one', async () => {
    const ranges = Array.from({ length: 20 }, () => [0, total.data] as const);
    let longDone = false;
    const long = agent.read(columns, 'data', ranges).then(() => {
      longDone = true;
    });
    await agent.read(columns, 'data', [[0, 64]]);
    expect(longDone).toBe(false);
    await long;
  });

  it('a frame that breaks the format ends the agent with exit code 3, after saying so', async () => {
    const other = await Agent.start(board);
    other.process.stdin.write(Buffer.alloc(64, 0xff));
    expect(await other.exited()).toBe(3);
    expect(other.unasked).toContainEqual(expect.objectContaining({ id: 0, t: 'error', code: 'protocol' }));
  });

  it('a silent client loses its lease, and later its agent, although nothing closed the link [main-11]', async () => {
    const { pid, wake } = await blackHole(board, { heartbeatMs: 500, exitMs: 3000 });
    try {
      const witness = await newWitness();
      await vi.waitFor(() => witness.request(1, { keep: true }), { timeout: PATIENCE_MS, interval: 20 });
      await vi.waitFor(
        async () => expect((await board.exec(`kill -0 ${pid}`)).code).not.toBe(0),
        PATIENCE_MS,
      );
    } finally {
      wake();
    }
  });

  it('with the real times: the witness has its partition within 20 s, and the agent is gone after 60 s [main-11]', async () => {
    const { granted, ended } = (await silent?.silence) ?? { granted: Number.NaN, ended: Number.NaN };
    expect(granted).toBeLessThan(20_000);
    expect(ended).toBeGreaterThan(50_000);
  });

  it('a silence ends a write of which only a part came; a client that is heard again is served again [main-11]', async () => {
    const other = await Agent.start(board, { heartbeatMs: 300, exitMs: 60_000 });
    const begun = other.begin({
      op: 'write',
      partition: '6_4',
      memory: 'data',
      epoch: 'of a write that never begins',
      force: false,
      more: true,
    });
    const ended = code(begun.answer);
    // Once a later request is answered, the agent has the first frame.
    await vi.waitFor(async () => expect(await code(other.request({ op: 'ping' }))).toBe('ok'), PATIENCE_MS);
    other.process.kill('SIGSTOP');
    const { stdout } = await board.exec('sleep 1; cat /proc/uptime'); // longer than its heartbeat, on the board's clock
    expect(stdout.length).toBeGreaterThan(0);
    other.process.kill('SIGCONT');
    expect(await ended).toBe('timeout');
    // Silent while it waits its turn, it may be given up once more.
    await vi.waitFor(
      async () => expect(await code(other.read(columns, 'data', [[0, 4]]))).toBe('ok'),
      PATIENCE_MS,
    );
    await other.end();
  });
});
