import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import type { Outcome } from './halting.ts';
import { type LineStepServices, LineSteps } from './line-steps.ts';

const tile = { col: 6, row: 1 };

/** An instruction: its function and line, where the core goes behind it, and what it does with the link register. */
interface Made {
  readonly of: string;
  readonly line: number;
  /** Calls that are inlined there. */
  readonly inlined?: number;
  readonly to: number;
  readonly call?: number;
}

/** A core whose program is given by address. */
class FakeCore {
  readonly program = new Map<number, Made>();
  pc = 0;
  lr = 0;
  own: number[] = [];
  /** How many single instructions were asked for. */
  asked = 0;
  /** Where it was told to run to. */
  readonly runs: (readonly number[])[] = [];
  /** What the next questions answer in the place of a step. */
  readonly answers: (() => Outcome)[] = [];
  /** What happens while the next read of its state is under way. */
  duringRead = (): void => undefined;

  /** Straight code of a function, a line each for so many instructions. */
  add(of: string, first: number, ...lines: number[]): void {
    for (const [i, line] of lines.entries()) this.program.set(first + i, { of, line, to: first + i + 1 });
  }
  at(address: number, more: Partial<Made>): void {
    const made = this.program.get(address);
    if (made !== undefined) this.program.set(address, { ...made, ...more });
  }
  instruct(): void {
    const { to, call } = this.program.get(this.pc) ?? { to: this.pc };
    if (call !== undefined) this.lr = to;
    this.pc = call ?? to;
  }
  /** Runs until one of the addresses that it was told last, or a breakpoint. */
  run(): void {
    const until = [...(this.runs.at(-1) ?? []), ...this.own];
    do this.instruct();
    while (!until.includes(this.pc));
  }
  get steps(): LineSteps {
    const here = (address: number): Made | undefined => this.program.get(address);
    const info = {
      placeAt: (address: number) => {
        const line = here(address)?.line;
        return line === undefined ? undefined : { file: 'fir.cc', line, column: 0 };
      },
      functionAt: (address: number) => here(address)?.of,
      callsAt: (address: number) => Array.from({ length: 1 + (here(address)?.inlined ?? 0) }),
      nextLineAfter: (address: number) => {
        const made = here(address);
        return [...this.program.keys()].find(
          (one) => one > address && here(one)?.of === made?.of && here(one)?.line !== made?.line,
        );
      },
    };
    const services = {
      programs: { at: () => ({ info }) },
      cores: {
        readState: async () => this.duringRead(),
        latest: () => ({ status: { core: { pc: this.pc, lr: this.lr } } }),
      },
      halting: {
        step: async (): Promise<Outcome> => {
          this.asked++;
          const answer = this.answers.shift();
          if (answer !== undefined) return answer();
          this.instruct();
          return { stands: true, reason: undefined, counter: this.pc };
        },
        runTo: async (_: unknown, addresses: readonly number[]) => {
          this.runs.push(addresses);
          return undefined;
        },
        breakpointsOf: () => this.own,
        isHalted: () => true,
      },
    };
    return new LineSteps(services as unknown as LineStepServices);
  }
}

/** `fir` has lines 1, 2, 2, 3, 3 and then goes back to line 2; it returns to 0x100. */
function looping(): FakeCore {
  const core = new FakeCore();
  core.add('fir', 0x10, 1, 2, 2, 3, 3);
  core.at(0x14, { to: 0x11 });
  core.add('main', 0x100, 50, 51);
  core.add('sum', 0x200, 70, 71);
  core.at(0x201, { to: 0x100 });
  return core;
}

const stepped = { kind: 'stands', cause: 'step', isFull: false };
const back = 0x100;

describe('[debug-6] a step over a line', () => {
  test('ends where another line begins: behind it, before it, or in the caller', async () => {
    const core = looping();
    const { steps } = core;
    core.pc = 0x10;
    for (const [pc, asked] of [
      [0x11, 1],
      [0x13, 3],
      [0x11, 5],
    ] as const) {
      expect(await steps.begin(tile, core.pc, back)).toEqual(stepped);
      expect([core.pc, core.asked]).toEqual([pc, asked]);
    }
    core.pc = 0x13;
    core.at(0x14, { to: back });
    expect(await steps.begin(tile, core.pc, back)).toEqual(stepped);
    expect(core.pc).toBe(back);
    expect([core.runs, steps.goOn(tile)]).toEqual([[], undefined]);
  });

  test('passes over calls that are inlined, and a call runs to its return, where the step goes on', async () => {
    const core = looping();
    const { steps } = core;
    core.pc = 0x11;
    core.at(0x12, { line: 9, inlined: 1 });
    expect(await steps.begin(tile, core.pc, back)).toEqual(stepped);
    expect(core.pc).toBe(0x13);
    core.at(0x13, { call: 0x200 });
    core.at(0x201, { to: 0x14 });
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'runs' });
    expect([core.pc, core.runs]).toEqual([0x200, [[0x14]]]);
    core.run();
    // Back in the middle of the line: it goes on, and jumps to line 2.
    expect(await steps.goOn(tile)).toEqual(stepped);
    expect(core.pc).toBe(0x11);
  });

  test('a jump out of the function runs to where that returns to; where nothing tells, it ends there', async () => {
    for (const [known, expected, runs] of [
      [back, { kind: 'runs' }, [[back]]],
      [undefined, stepped, []],
    ] as const) {
      const core = looping();
      const { steps } = core;
      core.at(0x14, { to: 0x200 });
      core.pc = 0x13;
      core.lr = back;
      expect(await steps.begin(tile, core.pc, known)).toEqual(expected);
      expect([core.pc, core.runs]).toEqual([0x200, runs]);
      if (known === undefined) continue;
      core.run();
      expect(await steps.goOn(tile)).toEqual(stepped);
      expect(core.pc).toBe(back);
    }
  });

  test('halts at a breakpoint; where both addresses are breakpoints it does not run on', async () => {
    const core = looping();
    const { steps } = core;
    core.pc = 0x11;
    core.own = [0x12];
    expect(await steps.begin(tile, core.pc, back)).toEqual({ ...stepped, cause: 'breakpoint' });
    expect(core.pc).toBe(0x12);
    core.own = [0x13, 0x201];
    core.pc = 0x11;
    core.at(0x11, { call: 0x200 });
    expect(await steps.begin(tile, core.pc, back)).toEqual({ ...stepped, isFull: true });
    expect([core.pc, core.runs, steps.goOn(tile)]).toEqual([0x200, [], undefined]);
  });

  test('a long line runs to where the next one begins, or to the caller, and that stop is its end', async () => {
    const core = looping();
    const { steps } = core;
    core.at(0x12, { to: 0x11 });
    core.pc = 0x11;
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'runs' });
    expect([core.asked, core.runs, steps.goOn(tile)]).toEqual([64, [[0x13, back]], undefined]);
  });

  test('goes on behind a wait; ends where it is not done, fails, or something else is asked', async () => {
    const core = looping();
    const { steps } = core;
    core.pc = 0x11;
    core.answers.push(() => ({ stands: false, reason: undefined, counter: core.pc }));
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'runs' });
    core.instruct();
    expect(await steps.goOn(tile)).toEqual(stepped);
    expect(core.pc).toBe(0x13);

    core.answers.push(() => ({ stands: false, reason: 'core-running', counter: 0 }));
    expect(await steps.begin(tile, core.pc, back)).toEqual({
      ...{ kind: 'not-done', reason: 'core-running', stands: false },
    });
    core.answers.push(() => {
      throw new BoardError('timeout', 'no answer');
    });
    await expect(steps.begin(tile, core.pc, back)).rejects.toMatchObject({ code: 'timeout' });
    expect(steps.goOn(tile)).toBeUndefined();
    core.answers.push(() => {
      steps.end(tile);
      return { stands: true, reason: undefined, counter: core.pc };
    });
    const before = core.asked;
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'ended' });
    expect([core.asked, steps.goOn(tile)]).toEqual([before + 1, undefined]);
    expect(steps.begin(tile, 0x999, back)).toBeUndefined();
  });

  test('does nothing more where something else is asked while the state is read', async () => {
    const core = looping();
    const { steps } = core;
    core.at(0x11, { call: 0x200 });
    core.pc = 0x11;
    core.duringRead = () => steps.end(tile);
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'ended' });
    expect(core.runs).toEqual([]);

    core.pc = 0x10;
    core.answers.push(() => ({ stands: false, reason: undefined, counter: core.pc }));
    expect(await steps.begin(tile, core.pc, back)).toEqual({ kind: 'runs' });
    const { asked } = core;
    expect(await steps.goOn(tile)).toEqual({ kind: 'ended' });
    expect([core.asked, core.runs]).toEqual([asked, []]);
  });
});
