import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { decimatedLine, decimatedPoints, decimatedTable, type Picked } from './decimate.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Values with runs of gaps, peaks and plain stretches. */
function randomValues(random: Random, count: number): Float64Array {
  const values = new Float64Array(count);
  let gap = 0;
  for (let i = 0; i < count; i++) {
    if (gap === 0 && random.below(200) === 0) gap = 1 + random.below(random.below(2) === 0 ? 3 : 400);
    if (gap > 0) gap--;
    values[i] = gap > 0 ? Number.NaN : random.below(100) === 0 ? random.below(1000) : random.below(10);
  }
  return values;
}

describe('[names-7] decimation', () => {
  test.each(seeds(80))('a line keeps each column of pixels, its ends and its gaps, seed %i', (seed) => {
    const random = new Random(seed);
    const values = randomValues(random, 1 + random.below(20_000));
    const step = 1 + random.below(4);
    const first = random.below(step);
    const count = Math.max(0, Math.ceil((values.length - first) / step));
    const picked: Picked = { values, first, step, count };
    const at = (i: number): number => values[first + step * i] ?? Number.NaN;
    const from = random.below(count + 1) - random.below(3);
    const to = from + 1 + random.below(count + 1);
    const pixels = 1 + random.below(300);
    const { x, y } = decimatedLine(picked, [from, to], pixels);
    const [begin, end] = [Math.min(count, Math.max(0, from)), Math.min(count, to + 1)];
    expect(x.length).toBeLessThanOrEqual(Math.max(5 * pixels, 4 * pixels));
    // Each point is a value at its own place, and they ascend.
    for (const [i, place] of x.entries()) {
      expect(y[i]).toEqual(at(place));
      if (i > 0) expect(place).toBeGreaterThan(x[i - 1] ?? 0);
    }
    const n = Math.max(0, end - begin);
    if (n <= 4 * pixels) {
      expect([...x]).toEqual(Array.from({ length: n }, (_, i) => begin + i));
      return;
    }
    const points = [...x].map((place, i) => [place, y[i] ?? Number.NaN] as const);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const low = begin + Math.floor((n * pixel) / pixels);
      const high = begin + Math.floor((n * (pixel + 1)) / pixels);
      const all = Array.from({ length: high - low }, (_, i) => at(low + i));
      const kept = points.filter(([place]) => place >= low && place < high).map(([, value]) => value);
      const real = (some: number[]) => some.filter((value) => !Number.isNaN(value));
      const ends = (some: number[]) =>
        some.length === 0 ? [] : [some[0], some.at(-1), Math.min(...some), Math.max(...some)];
      expect(ends(real(kept))).toEqual(ends(real(all)));
      expect(kept.some(Number.isNaN)).toBe(all.some(Number.isNaN));
    }
  });

  test.each(seeds(40))('points keep one of each pixel that has any, seed %i', (seed) => {
    const random = new Random(seed);
    const count = random.below(3000);
    const [xs, ys] = [randomValues(random, count), randomValues(random, count)];
    const all = (values: Float64Array): Picked => ({ values, first: 0, step: 1, count });
    const plane = {
      x: [-1, 1 + random.below(1000)] as const,
      y: [random.below(3), 4 + random.below(1000)] as const,
      width: 1 + random.below(60),
      height: 1 + random.below(60),
    };
    const { x, y, at } = decimatedPoints(all(xs), all(ys), plane);
    const pixelOf = (a: number, b: number): string | undefined => {
      if (!(a >= plane.x[0] && a <= plane.x[1] && b >= plane.y[0] && b <= plane.y[1])) return undefined;
      const part = (value: number, [low, high]: readonly [number, number], pixels: number): number =>
        Math.min(pixels - 1, Math.floor(((value - low) / (high - low)) * pixels));
      return `${part(a, plane.x, plane.width)},${part(b, plane.y, plane.height)}`;
    };
    const wanted = new Set<string>();
    for (const [i, a] of xs.entries()) {
      const pixel = pixelOf(a, ys[i] ?? Number.NaN);
      if (pixel !== undefined) wanted.add(pixel);
    }
    const kept = [...x].map((a, i) => pixelOf(a, y[i] ?? Number.NaN));
    expect(new Set(kept)).toEqual(wanted);
    expect(kept.length).toBe(wanted.size);
    for (const [i, number] of at.entries()) expect([xs[number], ys[number]]).toEqual([x[i], y[i]]);
    expect([...x]).toEqual([...x].toSorted((a, b) => a - b));
  });

  test.each(seeds(40))(
    'a field of a table shows its value that is farthest from the usual one, seed %i',
    (seed) => {
      const random = new Random(seed);
      const columns = 1 + random.below(70);
      const values = randomValues(random, 1 + random.below(4000));
      const rows = Math.ceil(values.length / columns);
      const [left, top] = [random.below(columns), random.below(rows)];
      const plane = {
        x: [left, left + 1 + random.below(columns)] as const,
        y: [top - 0.5, top + 1 + random.below(rows)] as const,
        width: 1 + random.below(40),
        height: 1 + random.below(40),
      };
      const usual = random.below(10);
      const fields = decimatedTable({ values, columns, rows }, plane, usual);
      const { x, y, width, height } = fields;
      expect([x, y]).toEqual([
        [left, Math.min(columns, plane.x[1])],
        [Math.max(0, Math.floor(top - 0.5)), Math.min(rows, plane.y[1])],
      ]);
      const naive = new Map<number, number[]>();
      for (let row = y[0]; row < y[1]; row++) {
        for (let column = x[0]; column < x[1]; column++) {
          const index = row * columns + column;
          if (index >= values.length) continue;
          const field =
            Math.floor(((row - y[0]) * height) / (y[1] - y[0])) * width +
            Math.floor(((column - x[0]) * width) / (x[1] - x[0]));
          naive.set(field, [...(naive.get(field) ?? []), index]);
        }
      }
      for (let field = 0; field < width * height; field++) {
        const indices = naive.get(field) ?? [];
        const far = Math.max(
          -1,
          ...indices.map((i) => Math.abs((values[i] ?? 0) - usual)).filter((d) => !Number.isNaN(d)),
        );
        const shown = fields.values[field] ?? Number.NaN;
        const at = fields.at[field] ?? -1;
        if (far < 0) expect([shown, at]).toEqual([Number.NaN, indices[0] ?? -1]);
        else {
          expect(Math.abs(shown - usual)).toBe(far);
          expect(indices).toContain(at);
          expect(values[at]).toBe(shown);
        }
      }
    },
  );
});
