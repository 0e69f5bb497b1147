/**
 * A comparison of 25 MiB with what is expected, as the view of comparisons makes it, beside a plain loop over the words of both
 * sides. Times are those of this thread on the processor, so that other work on the machine does not count.
 */
import type { CellName } from '../../src/model/cells/choices.ts';
import { elementType, exact, type Tolerance } from '../../src/model/compare/element.ts';
import { Comparison, sideOfBytes } from '../../src/session/comparison.ts';
import { Random } from '../conformance/random.ts';
import { interleave, type Measure, median, onProcessor, spread } from './measure.ts';

const bytesOfMemory = 25 << 20;
/** The most that a comparison may take, milliseconds. */
const most = 100;

interface Case {
  readonly what: string;
  readonly type: CellName;
  readonly tolerance: Tolerance;
  /** Each so many words another value is held. */
  readonly every: number;
}

const cases: readonly Case[] = [
  { what: 'words, few of them differ', type: 'hex32', tolerance: exact, every: 4096 },
  { what: 'int16 values, every eighth word differs', type: 'int16', tolerance: exact, every: 8 },
  {
    what: 'float32 values with a tolerance, every 64th differs',
    type: 'float32',
    tolerance: { absolute: 0.001, relative: 0.001 },
    every: 64,
  },
];

/** Numbers that a kernel might leave: float32 between 1 and 2, so that each is one of each type. */
function goldenBytes(): Uint8Array {
  const random = new Random(7);
  const words = new Uint32Array(bytesOfMemory / 4).map(() => 0x3f80_0000 | (random.word() & 0x7f_ffff));
  return new Uint8Array(words.buffer);
}

/** Times to compare, each beside the plain loop. */
export async function measureCompare(rounds: number): Promise<Measure[]> {
  const expected = goldenBytes();
  const measures: Measure[] = [];
  for (const { what, type, tolerance, every } of cases) {
    const held = new Uint32Array(expected.slice().buffer);
    for (let at = 0; at < held.length; at += every) held[at] = (held[at] ?? 0) ^ 0x0040_0000;
    const actual = new Uint8Array(held.buffer);
    const words = new Uint32Array(expected.buffer);
    const measure = { type: elementType({ name: type, order: 'little' }), tolerance };
    const [ours = [], theirs = []] = await interleave(
      rounds,
      async () => {
        const start = onProcessor();
        const comparison = new Comparison(
          sideOfBytes({ bytes: actual }),
          sideOfBytes({ bytes: expected }),
          actual.length,
          measure,
        );
        const time = onProcessor() - start;
        if (comparison.outcome.mismatches.count === 0) throw new Error('nothing differs');
        comparison.dispose();
        return time;
      },
      async () => {
        const start = onProcessor();
        let count = 0;
        for (let at = 0; at < words.length; at++) if (words[at] !== held[at]) count++;
        if (count === 0) throw new Error('nothing differs');
        return onProcessor() - start;
      },
    );
    measures.push({
      name: `compare 25 MiB: ${what}`,
      value: median(ours),
      unit: 'ms',
      peer: { name: 'a plain loop over the words', value: median(theirs) },
      goal: { at: 'most', value: most },
      note: `on the processor; ours ${spread(ours)}, theirs ${spread(theirs)}`,
    });
  }
  return measures;
}
