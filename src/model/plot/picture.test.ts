import { describe, expect, test } from 'vitest';
import { stateBits } from '../byte-state.ts';
import { firstChoice, type PlotKind } from './choice.ts';
import { Plot, type PlotPicture } from './picture.ts';
import { shareOf } from './span.ts';
import { plotSvg } from './svg.ts';
import { ticks } from './ticks.ts';

/** The whole plot of some numbers, two in a row. */
function pictureOf(kind: PlotKind, numbers: readonly number[]): { plot: Plot; picture: PlotPicture } {
  const base = new Uint8Array(Float64Array.from(numbers).buffer);
  const choice = {
    ...firstChoice({ name: 'float64', order: 'little' }),
    kind,
    columns: kind === 'line' ? 1 : 2,
  };
  const plot = new Plot(choice, base.length);
  const flags = new Uint8Array(base.length).fill(stateBits.known);
  plot.update(
    ({ offset, length }) => ({
      base: base.slice(offset, offset + length),
      flags: flags.slice(offset, offset + length),
    }),
    numbers.length,
  );
  return { plot, picture: plot.picture({ width: 90, height: 90 }) };
}

describe('[names-7] numbers that are as far apart as numbers can be', () => {
  const far = Number.MAX_VALUE;

  test('all points of a scatter plot are drawn, inside finite spans', () => {
    const { picture } = pictureOf('scatter', [-far, far, 0, 0, far, -far, 0.9 * far, 0.9 * far]);
    const { whole, numbers } = picture;
    expect(whole).toEqual({ x: [-far, far], y: [-far, far] });
    if (numbers.kind !== 'scatter') throw new Error('not a scatter plot');
    expect([...numbers.at]).toEqual([0, 1, 3, 2]);
  });

  test('the mean of high numbers is one of them, and the field that is farthest from it is drawn', () => {
    const { plot, picture } = pictureOf('heat', [far, far, far, -far, far, far, far, far]);
    expect(plot.facts.lines[0]?.mean).toBe(0.75 * far);
    expect(picture.range).toEqual([-far, far]);
    const field = plot.picture({ width: 1, height: 1 }).numbers;
    expect(field.kind === 'heat' && field.at[0]).toBe(3);
    expect([-far, 0, far].map((value) => shareOf(value, picture.range))).toEqual([0, 0.5, 1]);
  });

  test('an axis has its round numbers, and a file its line', () => {
    expect(ticks([-far, far], 4)).toEqual([-1e308, 0, 1e308]);
    const { picture } = pictureOf('line', [-far, far, 0]);
    const { whole, numbers } = picture;
    if (numbers.kind !== 'line') throw new Error('not a line');
    const svg = plotSvg({
      width: 640,
      height: 400,
      title: '',
      summary: '',
      colours: { background: '#000', foreground: '#fff', grid: '#888' },
      ...whole,
      isDown: false,
      labels: { x: 'x', y: 'y' },
      marks: {
        kind: 'line',
        lines: numbers.lines.map((line) => ({ ...line, name: '', colour: 'red', dash: [] })),
      },
    });
    expect(svg).toContain('d="M70 334h0L343 48L616 191"');
  });
});
