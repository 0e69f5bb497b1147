import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { stateBits } from '../byte-state.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import { compareInto, type Outcome } from './compare.ts';
import { elementType, exact, numberBytes, type Tolerance } from './element.ts';
import { likeliest } from './likeliest.ts';
import { MismatchSet } from './mismatch-set.ts';

const type = (name: CellName, order: 'little' | 'big' = 'little') => elementType({ name, order });
const outcomeOf = (size: number): Outcome => ({
  mismatches: new MismatchSet(size),
  uncompared: new MismatchSet(size),
});

function compared(
  actual: Uint8Array,
  expected: Uint8Array,
  name: CellName,
  tolerance: Tolerance = exact,
): Outcome {
  const measure = { type: type(name), tolerance };
  const outcome = outcomeOf(actual.length / measure.type.bytes);
  compareInto(outcome, { bytes: actual }, { bytes: expected }, measure);
  return outcome;
}

function randomBytes(length: number, below: (n: number) => number): Uint8Array {
  return Uint8Array.from({ length }, () => below(256));
}

describe('a set of mismatches', () => {
  test('counts and walks as a plain set does', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const below = dice(seed);
      const size = 1 + below(5000);
      const set = new MismatchSet(size);
      const plain = new Set<number>();
      for (let step = 0; step < 250; step++) {
        const index = below(size);
        if (below(3) === 0) {
          set.remove(index);
          plain.delete(index);
        } else {
          const run = below(8) === 0 ? Math.min(size - index, below(100)) : 1;
          for (let at = index; at < index + run; at++) {
            set.add(at);
            plain.add(at);
          }
        }
        const from = below(size + 40) - 20;
        const to = below(size + 40) - 20;
        const sorted = [...plain].sort((a, b) => a - b);
        const told = `${seed} ${step}`;
        expect(set.count, told).toBe(sorted.length);
        expect(set.has(index), told).toBe(plain.has(index));
        expect(set.next(from), told).toBe(sorted.find((one) => one >= from));
        expect(set.previous(from), told).toBe(sorted.findLast((one) => one <= from));
        expect(set.countIn(from, to), told).toBe(sorted.filter((one) => one >= from && one < to).length);
        const rank = below(sorted.length + 2);
        expect(set.nth(rank), told).toBe(sorted[rank]);
      }
      expect([...set]).toEqual([...plain].sort((a, b) => a - b));
    }
  });

  test('knows nothing beyond its size', () => {
    const set = new MismatchSet(5);
    set.add(5);
    set.add(-1);
    expect([set.count, set.has(5), set.next(5), set.nth(-1), new MismatchSet(0).next(0)]).toEqual([
      ...[0, false, undefined, undefined, undefined],
    ]);
  });
});

const names: readonly CellName[] = [
  ...(['hex8', 'hex32', 'hex24', 'hex256', 'bin16', 'oct8'] as const),
  ...(['int8', 'uint8', 'int16', 'uint16', 'int24', 'int32', 'uint32', 'int40', 'int64', 'uint64'] as const),
  ...(['float16', 'bfloat16', 'float32', 'float64', 'cint16', 'cint32', 'cfloat'] as const),
  ...(['fix16.15', 'ufix24.3', 'bfp16ebs8', 'bfp16ebs16'] as const),
];

describe('numbers of cells', () => {
  test('are those of the cells, also where there is a quicker way', () => {
    for (const name of names) {
      for (const order of ['little', 'big'] as const) {
        const { bytes, parts, numbers } = type(name, order);
        const format = cellFormat({ name, order }, true);
        expect(bytes).toBe(format.bytes);
        const below = dice(bytes);
        for (let i = 0; i < 100; i++) {
          const cell = randomBytes(bytes + 5, below);
          expect(numbers(numberBytes(cell.subarray(2)), 3), name).toEqual(format.numbers(cell, 5));
          expect(format.numbers(cell, 5)).toHaveLength(parts);
        }
      }
    }
  });
});

describe('comparing', () => {
  /** Each value by itself, without shortcuts. */
  function naive(actual: Uint8Array, expected: Uint8Array, name: CellName, by: Tolerance): number[] {
    const format = cellFormat({ name, order: 'little' }, true);
    const wrong: number[] = [];
    for (let element = 0; (element + 1) * format.bytes <= actual.length; element++) {
      const wanted = format.numbers(expected, element * format.bytes);
      const held = format.numbers(actual, element * format.bytes);
      const isNear = (a: number | bigint, e: number | bigint) => {
        const difference = typeof a === 'bigint' ? Number(a - BigInt(e)) : a - Number(e);
        return (
          Object.is(a, e) ||
          a === e ||
          Math.abs(difference) <= by.absolute + by.relative * Math.abs(Number(e))
        );
      };
      const isSame = held.every((a, i) => isNear(a, wanted[i] ?? 0));
      if (!isSame) wrong.push(element);
    }
    return wrong;
  }

  test('gives what each value by itself gives', () => {
    for (const name of names) {
      const below = dice(name.length);
      for (const tolerance of [exact, { absolute: 3, relative: 0 }, { absolute: 0, relative: 0.1 }]) {
        const size = type(name).bytes;
        const expected = randomBytes(size * 97, below);
        const actual = expected.slice();
        for (let i = 0; i < 60; i++) actual[below(actual.length)] = below(256);
        // Sides begin anywhere in their buffers.
        const moved = new Uint8Array(actual.length + 3);
        moved.set(actual, 3);
        const { mismatches, uncompared } = compared(moved.subarray(3), expected, name, tolerance);
        expect([...mismatches], name).toEqual(naive(actual, expected, name, tolerance));
        expect(uncompared.count).toBe(0);
      }
    }
  });

  test('64-bit integers differ where doubles do not', () => {
    const of = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer);
    const big = 2n ** 60n;
    expect(compared(of(big), of(big + 1n), 'int64').mismatches.count).toBe(1);
    expect(compared(of(big), of(big + 1n), 'int64', { absolute: 1, relative: 0 }).mismatches.count).toBe(0);
    expect(compared(of(-5n), of(5n), 'int64', { absolute: 9, relative: 0 }).mismatches.count).toBe(1);
  });

  test('NaN equals NaN, zero equals minus zero, an infinity only itself', () => {
    const of = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
    const actual = of(Number.NaN, -0, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN);
    const expected = of(Number.NaN, 0, Number.POSITIVE_INFINITY, 1e30, Number.POSITIVE_INFINITY, 0);
    const { mismatches } = compared(actual, expected, 'float32', { absolute: 1e38, relative: 1 });
    expect([...mismatches]).toEqual([2, 3, 5]);
  });

  test('a value with a byte that was not read is neither right nor wrong; a part can be compared anew', () => {
    const measure = { type: type('int16'), tolerance: exact };
    const outcome = outcomeOf(4);
    const states = new Uint8Array(8).fill(stateBits.known);
    states[3] = 0;
    const expected = { bytes: Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0) };
    compareInto(outcome, { bytes: new Uint8Array(8), states }, expected, measure);
    expect([[...outcome.mismatches], [...outcome.uncompared]]).toEqual([[0, 2, 3], [1]]);
    compareInto(
      outcome,
      { bytes: Uint8Array.of(2, 0, 9, 0) },
      { bytes: expected.bytes.subarray(2, 6) },
      measure,
      1,
    );
    expect([[...outcome.mismatches], [...outcome.uncompared]]).toEqual([[0, 2, 3], []]);
  });

  test('[names-6] 25 MiB take less than 100 ms of processor time', () => {
    const expected = new Uint8Array(25 * 1024 * 1024).map((_, i) => (i * 7) >> 3);
    const actual = expected.slice();
    for (let i = 0; i < 50_000; i++) actual[i * 523] = 0xff;
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const begin = process.cpuUsage();
      const { mismatches } = compared(actual, expected, 'hex32');
      best = Math.min(best, process.cpuUsage(begin).user / 1000);
      expect(mismatches.count).toBeGreaterThan(49_000);
    }
    expect(best).toBeLessThan(100);
  });
});

describe('the likeliest explanation', () => {
  const of = (values: ArrayLike<number>) => new Uint8Array(Int16Array.from(Array.from(values)).buffer);
  const explain = (actual: Uint8Array, expected: Uint8Array, name: CellName = 'int16') => {
    const { mismatches } = compared(actual, expected, name);
    return { ...likeliest({ actual, expected, type: type(name), mismatches }), count: mismatches.count };
  };
  const below = dice(5);
  const golden = Int16Array.from({ length: 1024 }, () => below(20_000) - 10_000);

  test('[names-6] every eighth of 1,024 altered: 128 mismatches, the first at 0, a stride of 8', () => {
    const altered = golden.map((value, i) => (i % 8 === 0 ? value ^ (1 + below(200)) : value));
    expect(explain(of(altered), of(golden))).toEqual({
      count: 128,
      place: { kind: 'stride', first: 0, step: 8, length: 1, hits: 128, places: 128 },
    });
  });

  test('a stride of several values, of which some happen to be right', () => {
    const altered = golden.map((value, i) =>
      i >= 40 && i % 32 >= 8 && i % 32 < 12 && i !== 200 ? value ^ (1 + below(200)) : value,
    );
    expect(explain(of(altered), of(golden)).place).toMatchObject({
      kind: 'stride',
      first: 40,
      step: 32,
      length: 4,
      hits: 123,
    });
  });

  test('all in one run: to the end, or not', () => {
    const tail = golden.map((value, i) => (i >= 700 ? value ^ 3 : value));
    const expected = { kind: 'run', first: 700, length: 324, hits: 324, toEnd: true };
    expect(explain(of(tail), of(golden)).place).toEqual(expected);
    const middle = golden.map((value, i) => (i >= 10 && i < 20 ? value ^ 3 : value));
    expect(explain(of(middle), of(golden)).place).toMatchObject({
      kind: 'run',
      first: 10,
      length: 10,
      toEnd: false,
    });
  });

  test('scattered mismatches of any kind have nothing in common', () => {
    for (let seed = 1; seed < 30; seed++) {
      const random = dice(seed);
      const altered = golden.slice();
      for (let i = 0; i < 50; i++) altered[random(1024)] = random(20_000) - 10_000;
      expect(explain(of(altered), of(golden)), String(seed)).toEqual({ count: expect.any(Number) });
    }
    const three = golden.map((value, i) => (i < 3 ? value + 1 : value));
    expect(explain(of(three), of(golden))).toEqual({ count: 3 });
  });

  test('byte order, also of the parts of complex values', () => {
    const swapped = of(golden);
    for (let i = 0; i < swapped.length; i += 2) swapped.subarray(i, i + 2).reverse();
    expect(explain(swapped, of(golden)).value).toMatchObject({ kind: 'byte-order' });
    expect(explain(swapped, of(golden), 'cint16').value).toMatchObject({ kind: 'byte-order' });
    expect(explain(swapped, of(golden)).value?.explained).toBe(explain(swapped, of(golden)).count);
  });

  test('real and imaginary part that changed places', () => {
    const swapped = golden.map((_, i) => golden[i ^ 1] ?? 0);
    expect(explain(of(swapped), of(golden), 'cint16').value).toMatchObject({ kind: 'swapped-parts' });
  });

  test('values that moved, by elements and by bytes, in both directions', () => {
    for (const by of [1, 4, 96, -3]) {
      const moved = golden.map((value, i) => golden[i - by] ?? value);
      expect(explain(of(moved), of(golden)).value).toMatchObject({ kind: 'shift', bytes: 2 * by });
    }
    const bytes = of(golden);
    const moved = bytes.map((byte, i) => bytes[i - 1] ?? byte);
    expect(explain(moved, bytes).value).toMatchObject({ kind: 'shift', bytes: 1 });
  });

  test('a factor, a sum, one value everywhere', () => {
    expect(explain(of(golden.map((value) => Math.round(value / 2))), of(golden)).value).toMatchObject({
      kind: 'scale',
      factor: 0.5,
    });
    expect(explain(of(golden.map((value) => -value)), of(golden)).value).toMatchObject({
      kind: 'scale',
      factor: -1,
    });
    expect(explain(of(golden.map((value) => value + 32)), of(golden)).value).toMatchObject({
      kind: 'added',
      difference: 32,
    });
    const zeros = golden.map((value, i) => (i % 8 === 0 ? 0 : value));
    expect(explain(of(zeros), of(golden))).toMatchObject({
      place: { kind: 'stride', step: 8 },
      value: { kind: 'constant', explained: 128, of: 128 },
    });
    const floats = Float32Array.from(golden, (value) => value / 7);
    const scaled = floats.map((value) => value * 1.5);
    const bytes = (values: Float32Array) => new Uint8Array(values.buffer);
    expect(explain(bytes(scaled), bytes(floats), 'float32').value).toMatchObject({
      kind: 'scale',
      factor: 1.5,
    });
  });

  test('values that are off by little: rounding, with the largest difference', () => {
    const large = golden.map((value) => (value < 0 ? value - 3000 : value + 3000));
    const off = large.map((value, i) => value + (i % 3 === 0 ? 2 : i % 5 === 0 ? -1 : 0));
    expect(explain(of(off), of(large)).value).toMatchObject({ kind: 'rounding', most: 2 });
  });

  test('looks at millions of mismatches without a pause', () => {
    const expected = randomBytes(8 * 1024 * 1024, below);
    const actual = expected.map((byte) => byte ^ 0x55);
    const begin = process.cpuUsage();
    explain(actual, expected, 'int32');
    expect(process.cpuUsage(begin).user / 1000).toBeLessThan(3000);
  });
});
