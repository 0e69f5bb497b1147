import { describe, expect, test } from 'vitest';
import { stateBits, unreadableState } from '../byte-state.ts';
import { firstChoice, plotLayout, squareColumns } from './choice.ts';
import { plotCsv } from './csv.ts';
import { plotSvg, type SvgPlot } from './svg.ts';
import { longestLabel, shortNumber, ticks } from './ticks.ts';

describe('files of plots', () => {
  test('[names-7] CSV has a line for each value: exact numbers, parts of complex ones, nothing for gaps', () => {
    const base = new Uint8Array(Int16Array.from([1, -2, 300, 4, 5, 6]).buffer);
    const flags = new Uint8Array(12).fill(stateBits.known);
    flags[5] = unreadableState('gated');
    const read = { base, flags };
    const cells = { name: 'cint16', order: 'little' } as const;
    expect([...plotCsv(firstChoice(cells), read)].join('')).toBe(
      'row,column,offset,cint16.re,cint16.im,outdated\n0,0,0x0000,1,-2,\n1,0,0x0004,,,\n2,0,0x0008,5,6,\n',
    );
    const table = { ...firstChoice({ name: 'int16', order: 'little' }), columns: 2, offset: 2, stride: 4 };
    expect([...plotCsv(table, read)].join('')).toBe(
      'row,column,offset,int16,outdated\n0,0,0x0002,-2,\n0,1,0x0006,4,\n1,0,0x000A,6,\n',
    );
    const large = new Uint8Array(BigUint64Array.from([2n ** 64n - 1n]).buffer);
    const whole = { base: large, flags: new Uint8Array(8).fill(stateBits.known) };
    expect([...plotCsv(firstChoice({ name: 'uint64', order: 'little' }), whole)].join('')).toContain(
      '18446744073709551615',
    );
  });

  test('[names-7] CSV marks values of an earlier epoch, and has also those that are too many to be drawn', () => {
    const cells = { name: 'uint8', order: 'little' } as const;
    const flags = new Uint8Array(2 ** 22 + 3).fill(stateBits.known);
    flags[1] = stateBits.known | stateBits.stale;
    let [lines, last] = [0, ''];
    for (const part of plotCsv(firstChoice(cells), { base: new Uint8Array(flags.length).fill(7), flags })) {
      if (lines === 0) expect(part).toBe('row,column,offset,uint8,outdated\n');
      if (lines === 1) expect(part.slice(0, 43)).toBe('0,0,0x0000,7,\n1,0,0x0001,7,outdated\n2,0,0x0');
      lines += part.split('\n').length - 1;
      last = part;
    }
    expect(lines).toBe(flags.length + 1);
    expect(last).toMatch(/\n4194306,0,0x400002,7,\n$/);
  });

  const plot: SvgPlot = {
    width: 640,
    height: 400,
    title: 'a<script>&"',
    summary: "'3' values",
    colours: { background: '#000', foreground: '#fff', grid: '#888' },
    x: [0, 4],
    y: [0, 10],
    isDown: false,
    labels: { x: 'x', y: 'y' },
    marks: {
      kind: 'line',
      lines: [
        {
          name: 're',
          colour: 'red',
          dash: [],
          x: Float64Array.of(0, 1, 2, 3, 4),
          y: Float64Array.of(0, 10, Number.NaN, 5, Number.NaN),
        },
        { name: 'im', colour: 'blue', dash: [4, 2], x: Float64Array.of(0), y: Float64Array.of(1) },
      ],
    },
  };

  test('[names-7] SVG breaks its lines at gaps, and takes no text for markup', () => {
    const svg = plotSvg(plot);
    expect(svg).toContain('d="M70 334h0L206.5 48M479.5 191h0"');
    expect(svg).toContain('stroke-dasharray="4 2"');
    expect(svg).toContain('a&#60;script&#62;&#38;&#34;');
    expect(svg).not.toContain('<script');
    expect(svg.match(/<(text|path|rect|svg|title|desc|clipPath|g)[ >]/g)?.length).toBe(
      svg.match(/<[a-zA-Z]/g)?.length,
    );
  });

  test('[names-7] SVG of points and of fields', () => {
    const points = plotSvg({
      ...plot,
      marks: { kind: 'scatter', colour: 'red', x: Float64Array.of(2), y: Float64Array.of(5) },
    });
    expect(points).toContain('d="M343 191h0"');
    const fields = plotSvg({
      ...plot,
      isDown: true,
      marks: {
        kind: 'heat',
        href: 'data:image/png;base64,AA',
        x: [0, 4],
        y: [0, 10],
        scale: ['red', 'blue'],
        range: [-1, 7],
      },
    });
    expect(fields).toContain('<image href="data:image/png;base64,AA" x="70" y="48" width="476" height="286"');
    expect(fields).toContain('>-1</text>');
    expect(fields).toContain('>7</text>');
    expect(fields).toContain('fill="url(#gap)"');
  });

  test('a long summary of an SVG is broken into lines', () => {
    const summary = Array.from({ length: 40 }, (_, i) => `word${i}`).join(' ');
    const svg = plotSvg({ ...plot, summary });
    const lines = [...svg.matchAll(/font-size="11">([^<]*)</g)].map(([, line = '']) => line);
    expect(lines.length).toBe(3);
    expect(lines.join(' ')).toBe(summary);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(91);
  });

  test('ticks are round and lie inside; numbers are short', () => {
    expect(ticks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks([-1.1, 1.1], 5)).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(ticks([3, 3], 4)).toEqual([3]);
    expect([1_000_000, 0.1 + 0.2, 1e20].map(shortNumber)).toEqual([
      '1000000',
      '0.3',
      '100000000000000000000',
    ]);
  });

  test('[names-7] long numbers along an axis have room', () => {
    const spans = [
      [0, 1],
      [0, 1023],
      [-1.77e308, 1.79e308],
      [1.00001, 1.00002],
      [3, 3],
    ] as const;
    expect(spans.map(longestLabel)).toEqual([1, 4, 10, 7, 1]);
    const xs = (x: readonly [number, number]): number[] =>
      [
        ...plotSvg({ ...plot, x }).matchAll(
          /<text x="([\d.]+)" [^>]* text-anchor="middle" font-size="12">-?\d/g,
        ),
      ].map(([, at]) => Number(at));
    for (const [x, least] of [[[-1.7e308, 1.7e308], 90] as const, [[0, 4], 40] as const]) {
      const places = xs(x);
      expect(places.length).toBeGreaterThan(2);
      for (const [i, at] of places.slice(1).entries()) expect(at - (places[i] ?? 0)).toBeGreaterThan(least);
    }
  });

  test('a layout counts whole cells, and a table is nearly a square', () => {
    const cells = { name: 'int32', order: 'little' } as const;
    const choice = { ...firstChoice(cells), offset: 2, stride: 12, columns: 3 };
    expect(plotLayout(choice, 31)).toMatchObject({ count: 3, rows: 1, left: 0 });
    expect(plotLayout({ ...choice, rows: 1, columns: 2 }, 4000)).toMatchObject({ count: 2, rows: 1 });
    expect(plotLayout(firstChoice({ name: 'hex8', order: 'little' }), 2 ** 23)).toMatchObject({
      count: 2 ** 22,
      left: 2 ** 22,
    });
    expect(plotLayout(firstChoice({ name: 'bfp16ebs8', order: 'little' }), 18)).toMatchObject({
      count: 16,
      perCell: 8,
    });
    expect([4096, 1000, 1, 8192].map(squareColumns)).toEqual([64, 32, 1, 128]);
  });
});
