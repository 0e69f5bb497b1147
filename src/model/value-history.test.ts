import { describe, expect, test } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { cellFormat } from './cells/cell-format.ts';
import { type SparkColumn, sparkGaps, sparkline, sparkPath } from './sparkline.ts';
import { type Stretch, ValueHistory } from './value-history.ts';

/** The value at each millisecond, as told: undefined while nobody looked. */
class Naive {
  readonly #told: { readonly at: number; readonly value: number | undefined }[] = [];
  #last: number | undefined;

  add(at: number, value: number, isFollowed: boolean): void {
    if (isFollowed || this.#last !== value) this.#told.push({ at, value });
    this.#last = value;
    if (!isFollowed) this.gap(at);
  }

  gap(at: number): void {
    this.#told.push({ at, value: undefined });
  }

  /** Values of single looks at the moment, and what is known until the next moment. */
  at(time: number): { readonly moments: readonly number[]; readonly stays: number | undefined } {
    const before = this.#told.filter(({ at }) => at < time);
    const here = this.#told.filter(({ at }) => at === time);
    const moments = here.flatMap(({ value }) => value ?? []);
    return { moments, stays: (here.at(-1) ?? before.at(-1))?.value };
  }
}

const numberIn = ({ bytes }: Stretch): number | undefined =>
  bytes && new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true);
const bytesOf = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);

describe('[live-7] the history of a value', () => {
  test.each([1, 2, 3, 4])('says at each moment what a list of all looks says (seed %i)', (seed) => {
    const random = new Random(seed);
    const lastingMs = 300;
    const history = new ValueHistory(2, { most: 1000, lastingMs });
    const naive = new Naive();
    let now = 0;
    for (let step = 0; step < 300; step++) {
      now += random.below(4);
      if (random.below(6) === 0) {
        history.gap(now);
        naive.gap(now);
      } else {
        const value = random.below(3);
        const isFollowed = random.below(3) > 0;
        history.add(now, bytesOf(value), isFollowed);
        naive.add(now, value, isFollowed);
      }
      if (step % 25 > 0) continue;
      const stretches = history.stretches(now);
      stretches.forEach(({ from, to }, i) => {
        expect(from).toBeLessThanOrEqual(to);
        if (i > 0) expect(stretches[i - 1]?.to).toBe(from);
      });
      for (let time = Math.max(0, now - lastingMs + 1); time < now; time++) {
        const told = naive.at(time);
        const stays = stretches.find(({ from, to }) => from <= time && time < to);
        expect(stays && numberIn(stays), `${seed}: at ${time} of ${now}`).toBe(told.stays);
        const near = stretches.filter(({ from, to }) => from <= time && time <= to).map(numberIn);
        for (const look of told.moments) expect(near, `${seed}: a look at ${time}`).toContain(look);
      }
    }
  });

  test('is bounded: in entries and in time', () => {
    const history = new ValueHistory(2, { most: 10, lastingMs: 1000 });
    for (let i = 0; i < 1000; i++) history.add(i, bytesOf(i), true);
    expect(history.stretches(1000).map(numberIn)).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
    expect(history.stretches(1995)).toMatchObject([
      { from: 995, to: 996 },
      { from: 996, to: 997 },
      { from: 997, to: 998 },
      { from: 998, to: 999 },
      { from: 999, to: 1995 },
    ]);
    // A clock that is set back.
    history.add(5, bytesOf(7), true);
    expect(history.stretches(1000).at(-1)).toMatchObject({ from: 999, to: 1000 });
  });
});

describe('[live-7] a sparkline', () => {
  const format = cellFormat({ name: 'uint16', order: 'little' }, true);

  test.each([1, 2, 3, 4])('has in each column the values of its time (seed %i)', (seed) => {
    const random = new Random(seed);
    const stretches: Stretch[] = [];
    let end = 0;
    while (end < 20_000) {
      const to = end + 1 + random.below(900);
      const isGap = random.below(4) === 0;
      stretches.push({ from: end, to, bytes: isGap ? undefined : bytesOf(random.below(50)) });
      end = to;
    }
    const count = 40;
    const line = sparkline(stretches, format, count);
    expect(line?.lasts).toBe(end);
    expect(line?.unseen).toBe(
      stretches.reduce((sum, { from, to, bytes }) => sum + (bytes === undefined ? to - from : 0), 0),
    );
    const values = stretches.flatMap((one) => numberIn(one) ?? []);
    expect(line && numberIn({ from: 0, to: 0, bytes: line.lowest })).toBe(Math.min(...values));
    expect(line && numberIn({ from: 0, to: 0, bytes: line.highest })).toBe(Math.max(...values));
    line?.columns.forEach((column, i) => {
      const [from, to] = [(i * end) / count, ((i + 1) * end) / count];
      const inside = stretches.filter((one) => one.from < to && one.to > from);
      const numbers = inside.flatMap((one) => numberIn(one) ?? []);
      if (numbers.length === 0) {
        expect(column).toBe('gap');
        return;
      }
      const { first, low, high, last } = column as SparkColumn;
      expect([first, low, high, last]).toEqual([
        numbers[0],
        Math.min(...numbers),
        Math.max(...numbers),
        numbers.at(-1),
      ]);
    });
  });

  test('is a path that breaks where nobody looked, and dots for single looks', () => {
    const stretches: Stretch[] = [
      { from: 0, to: 2500, bytes: bytesOf(10) },
      { from: 2500, to: 5000, bytes: bytesOf(20) },
      { from: 5000, to: 7000, bytes: undefined },
      { from: 7000, to: 7000, bytes: bytesOf(15) },
      { from: 7000, to: 9000, bytes: undefined },
      { from: 9000, to: 10_000, bytes: bytesOf(10) },
    ];
    const line = sparkline(stretches, format, 10);
    expect(line && sparkPath(line, 10)).toBe('M0 10H1H2V0H3H4H5M7 5H8M9 10H10');
    expect(line && sparkGaps(line)).toEqual([
      { from: 5, count: 2 },
      { from: 8, count: 1 },
    ]);
    // A short one fills the right part.
    const short = sparkline([{ from: 9000, to: 10_000, bytes: bytesOf(3) }], format, 10);
    expect(short && sparkPath(short, 10)).toBe('M9 5H10');
    expect(sparkline([], format, 10)).toBeUndefined();
  });

  test('leaves out what is no number, and holds numbers that are far apart', () => {
    const doubles = cellFormat({ name: 'float64', order: 'little' }, true);
    const of = (value: number) => new Uint8Array(Float64Array.of(value).buffer);
    const stretches = [Number.MAX_VALUE, Number.NaN, -Number.MAX_VALUE, Number.POSITIVE_INFINITY].map(
      (value, i) => ({ from: i * 2500, to: (i + 1) * 2500, bytes: of(value) }),
    );
    const line = sparkline(stretches, doubles, 4);
    expect(line && sparkPath(line, 8)).toBe('M0 0H1M2 8H3');
    expect(line?.highest).toEqual(of(Number.MAX_VALUE));
    expect(line?.last).toEqual(of(Number.POSITIVE_INFINITY));
  });
});
