import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { isUnreadable, stateBits, unreadableState } from '../byte-state.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import type { ByteRange } from '../geometry.ts';
import { complexParts, firstChoice, isComplex, type PlotChoice, plotKinds } from './choice.ts';
import { PlotSeries, type ReadBytes } from './series.ts';

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

const names: readonly [CellName, ...CellName[]] = [
  'uint8',
  'int16',
  'int32',
  'uint64',
  'float16',
  'bfloat16',
  'float32',
  'float64',
  'cint16',
  'cfloat',
  'bfp16ebs8',
  'fix16.15',
];

/** What each value is, one at a time; undefined for a gap. */
function naive(choice: PlotChoice, { base, flags }: ReadBytes) {
  const format = cellFormat(choice.cells, true);
  const stride = choice.stride === 0 ? format.bytes : choice.stride;
  const complex = isComplex(choice.cells);
  const all: { kind: 'number' | 'unread' | 'unreadable'; numbers: number[]; isStale: boolean }[] = [];
  for (let at = choice.offset; at + format.bytes <= base.length; at += stride) {
    const own = [...flags.subarray(at, at + format.bytes)];
    const isStale = own.some((flag) => (flag & stateBits.stale) !== 0);
    const count = complex ? 1 : format.numbers(new Uint8Array(format.bytes), 0).length;
    const kind = own.some(isUnreadable)
      ? 'unreadable'
      : own.every((flag) => (flag & stateBits.known) !== 0)
        ? 'number'
        : 'unread';
    const numbers = kind === 'number' ? format.numbers(base, at).map(Number) : [];
    if (complex) all.push({ kind, numbers, isStale });
    else for (let i = 0; i < count; i++) all.push({ kind, numbers: numbers.slice(i, i + 1), isStale });
  }
  return choice.rows === 0 ? all : all.slice(0, choice.rows * choice.columns);
}

/** The numbers that are drawn of a value. */
function drawn({ kind, part, cells }: PlotChoice, [re = Number.NaN, im = Number.NaN]: number[]): number[] {
  if (!isComplex(cells)) return [re];
  if (kind === 'scatter' || (kind === 'line' && part === 'both')) return [re, im];
  if (part === 're') return [re];
  if (part === 'im') return [im];
  return [part === 'phase' ? Math.atan2(im, re) : Math.hypot(re, im)];
}

describe('[names-7] the values of a plot', () => {
  test.each(seeds(30))('are those of the bytes, also after changes, seed %i', (seed) => {
    const random = new Random(seed);
    const length = random.below(3) === 0 ? 40_000 : 1 + random.below(600);
    const base = random.bytes(length);
    const flags = new Uint8Array(length).fill(stateBits.known);
    const mark = (): ByteRange => {
      const offset = random.below(length);
      const range = { offset, length: Math.min(length - offset, 1 + random.below(60)) };
      const state = random.pick([
        0,
        stateBits.known,
        stateBits.staged,
        stateBits.known | stateBits.stale,
        unreadableState('gated'),
      ]);
      flags.fill(state, offset, offset + range.length);
      base.set(random.bytes(range.length), offset);
      return range;
    };
    for (let i = random.below(20); i > 0; i--) mark();
    const choice: PlotChoice = {
      ...firstChoice({ name: random.pick(names), order: random.pick(['little', 'big']) }),
      kind: plotKinds[random.below(plotKinds.length)] ?? 'line',
      part: complexParts[random.below(complexParts.length)] ?? 'both',
      offset: random.below(3) === 0 ? random.below(20) : 0,
      stride: random.below(3) === 0 ? 1 + random.below(40) : 0,
      columns: 1 + random.below(9),
      rows: random.below(3) === 0 ? 1 + random.below(30) : 0,
    };
    const series = new PlotSeries(choice, length);
    const bytesOf = ({ offset, length: some }: ByteRange): ReadBytes => ({
      base: base.slice(offset, offset + some),
      flags: flags.slice(offset, offset + some),
    });
    for (let round = 0; round < 3; round++) {
      while (series.isBehind) series.update(bytesOf, 1 + random.below(5000));
      const expected = naive(choice, { base, flags });
      const finite = expected.map(({ numbers }) =>
        drawn(choice, numbers).map((one) => (Number.isFinite(one) ? one : Number.NaN)),
      );
      const lines = series.lines.map((line) => [...line]);
      expect(lines).toEqual(series.lines.map((_, i) => finite.map((value) => value[i])));
      const { facts } = series;
      const of = (kind: string): number => expected.filter((value) => value.kind === kind).length;
      const numbers = expected.filter(({ kind }) => kind === 'number');
      expect({ ...facts, lines: undefined }).toEqual({
        count: expected.length,
        unread: of('unread'),
        unreadable: of('unreadable'),
        stale: numbers.filter(({ isStale }) => isStale).length,
        nans: numbers.filter((value) => value.numbers.some(Number.isNaN)).length,
        infinities: numbers.filter(
          (value) => !value.numbers.some(Number.isNaN) && value.numbers.some((one) => !Number.isFinite(one)),
        ).length,
        lines: undefined,
      });
      for (const [i, line] of facts.lines.entries()) {
        const values = finite.map((value) => value[i] ?? Number.NaN);
        const real = values.filter((value) => !Number.isNaN(value));
        expect(line.finite).toBe(real.length);
        if (real.length === 0) continue;
        const least = real.reduce((a, b) => Math.min(a, b));
        const most = real.reduce((a, b) => Math.max(a, b));
        expect([line.least, line.most]).toEqual([least, most]);
        expect([line.leastAt, line.mostAt]).toEqual([values.indexOf(least), values.indexOf(most)]);
        const mean = real.reduce((sum, value) => sum + value / real.length, 0);
        if (Number.isFinite(mean) && Math.abs(mean) < 1e300)
          expect(Math.abs(line.mean - mean)).toBeLessThanOrEqual(1e-6 * Math.max(most, -least, 1e-300));
      }
      series.changed(Array.from({ length: random.below(4) }, mark));
    }
  });

  test('a run that is too short for a value has none', () => {
    const series = new PlotSeries(firstChoice({ name: 'float32', order: 'little' }), 3);
    expect(series.isBehind).toBe(false);
    expect(series.facts.count).toBe(0);
  });
});
