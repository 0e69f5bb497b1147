import { expect, test } from 'vitest';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { changeBeside } from './changes-walk.ts';

const seed = runSeed();

test(`[live-5] the change beside the cursor is that of a naive search, over pages and past the ends (seed ${seed})`, () => {
  const random = new Random(seed);
  for (let round = 0; round < 200; round++) {
    const shown = { offset: random.below(2 * pageBytes), length: 1 + random.below(3 * pageBytes) };
    const end = shown.offset + shown.length;
    const ticks = new Uint32Array(end + pageBytes);
    for (let i = random.below(6); i > 0; i--) {
      const from = random.below(end);
      ticks.fill(1 + random.below(5), from, from + 1 + random.below(40));
    }
    const since = random.below(5);
    const changes = ({ offset, length }: ByteRange) => {
      expect(Math.floor(offset / pageBytes)).toBe(Math.floor((offset + length - 1) / pageBytes));
      const cut = ticks.subarray(offset, offset + length);
      return { ticks: cut.some((tick) => tick > 0) ? cut : undefined, since };
    };
    for (const moment of [undefined, random.below(6)]) {
      const isMarked = (at: number) => at >= shown.offset && at < end && (ticks[at] ?? 0) > (moment ?? since);
      const starts = Array.from({ length: end }, (_, at) => at).filter(
        (at) => isMarked(at) && !isMarked(at - 1),
      );
      const lengthAt = (at: number): number => (isMarked(at) ? 1 + lengthAt(at + 1) : 0);
      const cursor = shown.offset + random.below(shown.length);
      const next = starts.find((at) => at > cursor) ?? starts[0];
      const before = starts.findLast((at) => at + lengthAt(at) <= cursor) ?? starts.at(-1);
      for (const [step, at] of [
        [1, next],
        [-1, before],
      ] as const) {
        const wanted = at === undefined ? undefined : { offset: at, length: lengthAt(at) };
        expect(changeBeside(changes, shown, cursor, step, moment)).toEqual(wanted);
      }
    }
  }
});
