import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { CoreModel } from './core-model.ts';

const seed = runSeed();
/** A loop of 128 instructions. */
const round = Array.from({ length: 128 }, (_, i) => 0x200 + 16 * i);

describe('a core of the simulated array', () => {
  it('goes through its loop, an instruction in 10 ms, and stands while it is halted', () => {
    const core = new CoreModel(0, true, round);
    expect(core.at(0)).toEqual({ counter: 0x200, debugStatus: 0 });
    expect(core.at(19).counter).toBe(0x210);
    core.halt(25);
    expect(core.isUntouched).toBe(false);
    expect(core.at(9000)).toEqual({ counter: 0x220, debugStatus: 1 });
    core.resume(9000);
    expect(core.isUntouched).toBe(true);
    expect(core.at(9010)).toEqual({ counter: 0x230, debugStatus: 0 });
    expect(core.at(9000 + 10 * 128).counter).toBe(0x220);
  });

  it('halts before the instruction at a breakpoint, and goes on from there with that instruction', () => {
    const core = new CoreModel(0, true, round);
    core.setBreakpoints(0, [0x230, 0x210]);
    expect(core.at(1000)).toEqual({ counter: 0x210, debugStatus: 0x41 });
    core.resume(1000);
    expect(core.at(1010)).toEqual({ counter: 0x220, debugStatus: 0 });
    expect(core.at(5000)).toEqual({ counter: 0x230, debugStatus: 0x21 });
    core.step(5000, 1);
    expect(core.at(5000)).toEqual({ counter: 0x240, debugStatus: 1 });
    // A step that meets one ends there.
    core.step(5000, 127);
    expect(core.at(5000)).toEqual({ counter: 0x210, debugStatus: 0x41 });
  });

  it('ends a step when its stall is over', () => {
    const core = new CoreModel(0, false, round);
    core.halt(0);
    core.step(0, 2);
    expect(core.at(500)).toEqual({ counter: 0x200, debugStatus: 0 });
    core.setMoving(600, true);
    expect(core.at(600)).toEqual({ counter: 0x220, debugStatus: 1 });
    core.setMoving(700, false);
    core.resume(700);
    expect(core.at(9000)).toEqual({ counter: 0x220, debugStatus: 0 });
  });

  it(`shows the same however often it is looked at (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let run = 0; run < 200; run++) {
      const [seldom, often] = [new CoreModel(0, true, round), new CoreModel(0, true, round)];
      let now = 0;
      for (let act = 0; act < 12; act++) {
        const until = now + random.below(3000);
        for (; now < until; now += 1 + random.below(400)) often.at(now);
        now = until;
        const counters = Array.from({ length: random.below(3) }, () => 0x200 + 16 * random.below(128));
        const which = random.below(4);
        const count = 1 + random.below(15);
        for (const core of [seldom, often]) {
          if (which === 0) core.halt(now);
          else if (which === 1) core.resume(now);
          else if (which === 2) core.step(now, count);
          else core.setBreakpoints(now, counters);
        }
        expect(often.at(now)).toEqual(seldom.at(now));
      }
    }
  });
});
