/**
 * Random lives of a client that halts cores beside an application, each with an end at a random moment: nothing of ours
 * stays in any debug register, and what the application set there does. `SEED` repeats a run.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Header } from '../../src/board/protocol/frames.ts';
import { keyOf } from '../conformance/keys.ts';
import { Random, runSeed } from '../conformance/random.ts';
import { startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { type Family, families } from './families.ts';
import { Agent, AgentError, agentPath, buildForBoard, haltingLives } from './native-agent.ts';

const seed = runSeed();
const [startCol, numCols] = [6, 4];
const at = { partition: keyOf({ startCol, numCols }) };
/** Milliseconds after which a silent client's cores go on. */
const heartbeatMs = 8000;
/** Bytes of an instruction of the cores' programs, and the loops that each runs. */
const step = 16;
const loops = [
  { first: 0x100, last: 0x130, times: 1 },
  { first: 0x200, last: 0x210, times: 10 },
];
/** Addresses that a core comes to within a moment, and one that it never does. */
const addresses = [0x100, 0x110, 0x120, 0x130, 0x200, 0x210, 0x3ff0] as const;
/** How many cores are halted in a life; one more has a PC event of the application's own. */
const cores = 4;

const loaded = ['2020/aie', 'static/aie', 'aperture40/aieml', 'aperture40/aie2ps'] as const;
const perFamily = Math.ceil(haltingLives / loaded.length);

let board: VirtualBoard;
/** Those of the life that is tested now. */
const agents: Agent[] = [];
const applications: Witness[] = [];
const ended = new Map<string, number>();

beforeAll(async () => {
  const files = buildForBoard();
  board = await startBoard();
  await board.put(files.agent, agentPath);
});

afterAll(async () => {
  console.info(`halting, seed ${seed}: ${JSON.stringify(Object.fromEntries(ended))}`);
  await board?.stop();
});

afterEach(async () => {
  await clear();
  expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
});

useCleanLog(() => board);

const parameter = async (name: string): Promise<string> =>
  (await board.exec(`cat /sys/module/aievirt/parameters/${name}`)).stdout.toString();

/** One life: an application with running cores, a client that a person allowed to halt them, and who they are. */
interface Life {
  readonly random: Random;
  readonly family: Family;
  readonly agent: Agent;
  readonly owner: Witness;
  readonly ownerProcess: number;
  /** The application's contents and registers outlive it. */
  readonly keeps: boolean;
}

/** How lives end. Answers whether the application's registers are reset by it. */
const endings: Readonly<Record<string, (life: Life) => Promise<boolean>>> = {
  'the client detaches': async ({ agent }) => {
    expect((await agent.request({ op: 'halt', act: 'end', ...at })).ok).toMatchObject({ left: 0 });
    return false;
  },
  'the client leaves': async ({ agent }) => {
    await agent.end();
    return false;
  },
  'the connection is cut': async ({ agent }) => {
    agent.process.kill('SIGKILL');
    return false;
  },
  // What its death does: all its pipes are closed at once, and the SSH client that it started is still there.
  'the extension host is killed': async ({ agent }) => {
    for (const pipe of [agent.process.stdin, agent.process.stdout, agent.process.stderr]) pipe.destroy();
    return false;
  },
  'the link is a black hole': async ({ agent }) => {
    agent.process.kill('SIGSTOP');
    return false;
  },
  'the agent is told to end': async ({ agent }) => {
    await board.exec(`kill ${agent.pid}`);
    return false;
  },
  'the application gives back': async ({ owner, keeps }) => {
    await owner.release();
    return !keeps;
  },
  'the application is killed': async ({ owner, ownerProcess, keeps }) => {
    await board.exec(`kill -9 ${ownerProcess}`);
    await owner.ended();
    return !keeps;
  },
  'another application takes over': async ({ owner, family, keeps }) => {
    const next = await application();
    await owner.release();
    await next.request(family.partition.id, { keep: true });
    return !keeps;
  },
};

const coreOf = (family: Family, index: number): readonly [number, number] => [
  startCol + (index % numCols),
  family.shape.core.start + Math.floor(index / numCols),
];

/** What the application set: a PC event without anything that halts at it. */
function applicationsOwn(family: Family): { control: string; shown: string } {
  const [col, row] = coreOf(family, cores);
  const offset = family.generation === 'aie2ps' ? 0x38024 : 0x32024;
  const value = 0x80000110;
  return {
    control: `reg ${col} ${row} ${offset} ${value}`,
    shown: `${col} ${row} 0x${offset.toString(16)} 0x${value.toString(16)}\n`,
  };
}

async function application(): Promise<Witness> {
  const one = await board.witness();
  applications.push(one);
  return one;
}

/** Ends what is left of a life. */
async function clear(): Promise<void> {
  for (const agent of agents.splice(0)) {
    agent.process.kill('SIGCONT');
    await agent.end();
  }
  for (const one of applications.splice(0)) await one.exit();
  await board.control('reset all');
}

async function begin(family: Family, random: Random, ending: string): Promise<Life> {
  const owner = await application();
  const keeps = random.below(2) === 0;
  const { pid } = await owner.request(family.partition.id, { keep: keeps });
  const program = loops.map(({ first, last, times }) => `${first} ${last} ${times}`).join(' ');
  const commands = Array.from({ length: cores + 1 }, (_, index) => {
    const [col, row] = coreOf(family, index);
    return [`program ${col} ${row} ${step} ${program}`, `core ${col} ${row} on`];
  });
  await board.control(...commands.flat(), applicationsOwn(family).control);
  const silent = ending === 'the link is a black hole';
  const agent = await Agent.start(board, silent ? { heartbeatMs, exitMs: 600_000 } : {});
  agents.push(agent);
  await agent.request({ op: 'describe' });
  await agent.request({ op: 'halt', act: 'allow', ...at, epoch: await agent.epoch(startCol) });
  return { random, family, agent, owner, ownerProcess: pid, keeps };
}

/** One random act on one core. */
function anyAct({ random, family }: Life): Header {
  const tile = coreOf(family, random.below(cores));
  const act = random.pick(['halt', 'resume', 'step', 'breakpoints', 'breakpoints']);
  const counters = Array.from({ length: random.below(3) }, () => random.pick(addresses));
  const more = act === 'step' ? { count: 1 + random.below(15) } : act === 'breakpoints' ? { counters } : {};
  return { op: 'halt', act, ...at, tile, ...more };
}

async function live(family: Family, life: number): Promise<void> {
  const random = new Random(seed * 100_003 + life);
  const names = Object.keys(endings);
  const name = names[life % names.length] ?? '';
  const own = applicationsOwn(family).shown;
  const given = await begin(family, random, name);
  const { agent } = given;
  // The application uses that core's registers: nothing is written there.
  const used = { op: 'halt', act: 'halt', ...at, tile: coreOf(family, cores) };
  await expect(agent.request(used)).rejects.toMatchObject({ code: 'debug-in-use' });
  const [first, second] = [coreOf(family, random.below(2)), coreOf(family, 2 + random.below(2))];
  await agent.request({ op: 'halt', act: 'halt', ...at, tile: first });
  const counters = [random.pick(addresses), random.pick(addresses)];
  await agent.request({ op: 'halt', act: 'breakpoints', ...at, tile: second, counters });
  expect((await parameter('debug_registers')).length).toBeGreaterThan(own.length);
  for (let acts = random.below(10); acts > 0; acts--) await agent.request(anyAct(given));
  // In the middle of an act, or behind it: this one may be answered, refused or lost.
  const last = random.below(2) === 0 ? agent.request(anyAct(given)).catch((thrown) => thrown) : undefined;
  const reset = await endings[name]?.(given);
  await expect.poll(() => parameter('debug_registers'), { interval: 100 }).toBe(reset === true ? '' : own);
  // Nor does anything come later.
  if (name === 'the link is a black hole') agent.process.kill('SIGCONT');
  await agent.end();
  expectOver(await last);
  expect(await parameter('debug_registers')).toBe(reset === true ? '' : own);
  expect(new Set((await parameter('debug_writers')).match(/\S+$/gm))).toEqual(new Set(['tilescope-agent']));
  ended.set(name, (ended.get(name) ?? 0) + 1);
  await clear();
}

/** An act whose client, consent or application ended meanwhile. */
function expectOver(answer: unknown): void {
  if (answer instanceof AgentError) {
    expect(['no-halting', 'epoch', 'no-partition']).toContain(answer.code);
  }
}

describe(`[debug-7] random lives of a client that halts cores (seed ${seed})`, () => {
  loaded.forEach((name, number) => {
    it(`${name}: ${perFamily} lives leave nothing of ours in any debug register, whatever ends them`, {
      timeout: perFamily * 30_000,
    }, async () => {
      await board.reloadModule(families[name].module);
      for (let life = 0; life < perFamily; life++) {
        try {
          await live(families[name], number * perFamily + life);
        } catch (error) {
          throw new Error(`SEED=${seed}, life ${number * perFamily + life}`, { cause: error });
        }
      }
    });
  });
});
