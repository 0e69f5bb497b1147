import { expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellChoice } from '../cells/choices.ts';
import type { ByteRange, MemoryGeometry } from '../geometry.ts';
import { type Fill, fillRuns, isFill } from './fill.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 6,
  numCols: 2,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 38,
  tileBase: 0,
};
const as = (name: CellChoice['name'], order: CellChoice['order'] = 'little'): CellChoice => ({ name, order });

/** What a fill sets, to its end. */
function filled(fill: Fill, choice: CellChoice, ranges: readonly ByteRange[], of = geometry) {
  const steps = fillRuns(fill, choice, of, ranges);
  let step = steps.next();
  let pauses = 0;
  for (; step.done !== true; step = steps.next()) pauses++;
  return { runs: step.value?.map(({ offset, bytes }) => [offset, ...bytes]), pauses };
}
const runs = (kind: Fill['kind'], text: string, choice: CellChoice, ...ranges: [number, number][]) =>
  filled(
    { kind, text },
    choice,
    ranges.map(([offset, length]) => ({ offset, length })),
  ).runs;

test('[hex-7] bytes and patterns go on over the runs', () => {
  expect(runs('byte', '3D', as('float32'), [0, 3])).toEqual([[0, 0x3d, 0x3d, 0x3d]]);
  expect(runs('pattern', 'DE AD 0xBE', as('hex8'), [0, 4], [10, 2])).toEqual([
    [0, 0xde, 0xad, 0xbe, 0xde],
    [10, 0xad, 0xbe],
  ]);
  expect(runs('pattern', '"AB"', as('hex8'), [1, 3])).toEqual([[1, 65, 66, 65]]);
});

test('[hex-7] counters and values are those of the cells, in their order, and wrap', () => {
  expect(runs('counter', '254', as('uint8'), [0, 3])).toEqual([[0, 254, 255, 0]]);
  expect(runs('counter', '1 -1', as('int16', 'big'), [0, 6])).toEqual([[0, 0, 1, 0, 0, 255, 255]]);
  expect(runs('counter', '0 0.5', as('float32'), [0, 8])).toEqual([[0, 0, 0, 0, 0, 0, 0, 0, 0x3f]]);
  expect(runs('value', '12.34', as('float32'), [4, 4])).toEqual([[4, 0xa4, 0x70, 0x45, 0x41]]);
});

test('expressions know the place of each cell, in all tiles', () => {
  expect(runs('expression', 'o', as('uint8'), [37, 3])).toEqual([[37, 37, 0, 1]]);
  expect(runs('expression', 'col * 16 + row', as('hex8'), [37, 2], [76, 1])).toEqual([
    [37, 0x61, 0x62],
    [76, 0x71],
  ]);
  expect(runs('expression', '2.5 * (i + 1)', as('uint8'), [0, 3])).toEqual([[0, 2, 5, 8]]);
  expect(runs('expression', 'log(0 - 1)', as('uint8'), [0, 1])).toBeUndefined();
  expect(runs('expression', '1 / 0', as('uint8'), [0, 1])).toBeUndefined();
});

test('[hex-7] random bytes are those of their seed', () => {
  const one = runs('random', '0x1234', as('hex8'), [0, 30]);
  expect(runs('random', '4660', as('hex8'), [0, 30])).toEqual(one);
  expect(runs('random', '4661', as('hex8'), [0, 30])).not.toEqual(one);
  expect(new Set(one?.[0]).size).toBeGreaterThan(20);
});

test.each<[Fill['kind'], string]>([
  ['byte', '3'],
  ['byte', 'DE AD'],
  ['pattern', ''],
  ['pattern', 'XY'],
  ['random', '-1'],
  ['random', '0x123456789'],
  ['counter', ''],
  ['counter', '1 2 3'],
  ['counter', '1; i'],
  ['value', 'twelve'],
  ['expression', 'alert(1)'],
])('%s %s is no fill', (kind, text) => {
  expect(isFill({ kind, text }, as('float32'), geometry)).toBe(false);
  expect(runs(kind, text, as('float32'), [0, 4])).toBeUndefined();
});

test('cells that the end of a tile cuts keep their bytes, all others are set, once', () => {
  const seed = runSeed();
  const roll = dice(seed);
  for (let round = 0; round < 300; round++) {
    const size = [1, 2, 3, 4, 8][roll(5)] ?? 1;
    const choice = as(`uint${8 * size}`);
    const [first, last] = [roll(152), roll(152)].sort((a, b) => a - b) as [number, number];
    // Whole cells, as they are selected.
    const start = first - ((first % 38) % size);
    const end = Math.min(last - ((last % 38) % size) + size, Math.floor(last / 38) * 38 + 38);
    const found = runs('expression', 'i + 1', choice, [start, end - start]) ?? [];
    const format = cellFormat(choice, true);
    const naive = new Map<number, number>();
    let count = 0;
    for (let at = start; at < end; ) {
      const left = 38 - (at % 38);
      if (left >= size) {
        format.parse(String(++count));
        for (const [i, byte] of Array.from(
          { length: size },
          (_, k) => [k, Math.floor(count / 256 ** k) % 256] as const,
        ))
          naive.set(at + i, byte);
      }
      at += Math.min(size, left);
    }
    const set = new Map(
      found.flatMap(([offset = 0, ...bytes]) => bytes.map((byte, i) => [offset + i, byte] as const)),
    );
    expect(
      [...set].sort(([a], [b]) => a - b),
      `SEED=${seed} round ${round}`,
    ).toEqual([...naive]);
  }
});

test('2 MiB are filled with pauses, whole, also before the borders of pages', () => {
  const large = { ...geometry, bytesPerTile: 1 << 20 };
  const range = { offset: 0, length: 2 << 20 };
  const { pauses } = filled({ kind: 'byte', text: '3D' }, as('hex8'), [], large);
  expect(pauses).toBe(0);
  const steps = fillRuns({ kind: 'byte', text: '3D' }, as('hex8'), large, [range]);
  let step = steps.next();
  let slices = 0;
  for (; step.done !== true; step = steps.next()) slices++;
  expect(slices).toBeGreaterThan(100);
  const [run] = step.value ?? [];
  expect(run?.bytes.length).toBe(range.length);
  expect(run?.bytes.every((byte) => byte === 0x3d)).toBe(true);
});
