import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { planRead } from './plan-read.ts';

const seed = runSeed();

describe('the plan of a read', () => {
  it(`fetches each byte once, ascending, and gives every piece its bytes (seed ${seed})`, () => {
    const random = new Random(seed);
    const memory = random.bytes(400);
    for (let run = 0; run < 300; run++) {
      const ranges = Array.from({ length: random.below(12) }, () => {
        const offset = random.below(350);
        return { offset, length: random.below(50) };
      });
      const plan = planRead(ranges);
      plan.fetch.forEach((range, i) => {
        expect(range.length).toBeGreaterThan(0);
        const next = plan.fetch[i + 1];
        if (next !== undefined) expect(range.offset + range.length).toBeLessThanOrEqual(next.offset);
      });
      const pieces = plan.assemble(
        plan.fetch.map((range) => memory.slice(range.offset, range.offset + range.length)),
      );
      expect(pieces.map((piece) => piece.range)).toEqual(ranges);
      expect(pieces.map((piece) => piece.bytes)).toEqual(
        ranges.map((range) => memory.slice(range.offset, range.offset + range.length)),
      );
      expect(new Set(pieces.map((piece) => piece.bytes.buffer)).size).toBe(pieces.length);
    }
  });
});
