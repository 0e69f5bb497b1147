import { describe, expect, test } from 'vitest';
import { gridSizes, narrowestCell, narrowestOther } from './sizes.ts';

const all = (count: number) => Array.from({ length: count }, () => true);
const run = (count: number, start: number, length: number) =>
  Array.from({ length: count }, (_, col) => col >= start && col < start + length);

describe('[attach-11] cells of the Array view', () => {
  test('are large squares while there is room', () => {
    const sizes = gridSizes(300, all(4));
    expect(sizes).toMatchObject({ cell: 28, height: 28, numberEvery: 1 });
    expect(sizes.edges).toEqual([0, 28, 56, 84, 112]);
  });

  test('fill a sidebar of 300 pixels with 38 columns, and with 50 are as narrow as they get', () => {
    expect(gridSizes(250, all(38)).cell).toBe(6);
    expect(gridSizes(400, all(50)).cell).toBe(8);
    const least = gridSizes(200, all(50));
    expect(least.cell).toBe(narrowestCell);
    expect(least.edges.at(-1)).toBe(50 * narrowestCell);
    expect(least.height).toBe(14);
  });

  test('of a small partition stay large: the columns beside it give way', () => {
    const sizes = gridSizes(250, run(50, 6, 4));
    expect(sizes.cell).toBe(28);
    const widths = sizes.edges.slice(1).map((edge, i) => edge - (sizes.edges[i] ?? 0));
    expect(new Set(widths.slice(6, 10))).toEqual(new Set([28]));
    expect(Math.min(...widths)).toBe(narrowestOther);
    expect(sizes.edges.at(-1)).toBeLessThanOrEqual(250);
  });

  test('are lower in a low view, yet never flat', () => {
    expect(gridSizes(250, all(4), { rowHeight: 17.5 }).height).toBe(17);
    expect(gridSizes(250, all(4), { rowHeight: 3 }).height).toBe(6);
    expect(gridSizes(250, all(4), { rowHeight: 100 }).height).toBe(28);
  });

  test('are narrower where text is to stand beside them', () => {
    expect(gridSizes(250, all(4), { rowHeight: 11, widest: 18 })).toMatchObject({ cell: 18, height: 11 });
  });

  test('take no width where only those of the partition are shown', () => {
    const { edges, cell } = gridSizes(250, run(38, 6, 4), { widest: 18, alone: true });
    expect(cell).toBe(18);
    expect(edges.slice(0, 7)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(edges.at(-1)).toBe(4 * 18);
  });

  test('exist for no column at all', () => {
    expect(gridSizes(250, []).edges).toEqual([0]);
  });

  test('never overlap and never leave the room that they could have', () => {
    for (let width = 60; width < 700; width += 23) {
      for (const inside of [all(1), all(9), run(38, 3, 20), run(50, 49, 1), all(50)]) {
        const { edges, cell } = gridSizes(width, inside);
        for (let i = 1; i < edges.length; i++) {
          expect((edges[i] ?? 0) - (edges[i - 1] ?? 0)).toBeGreaterThanOrEqual(narrowestOther);
        }
        const shown = inside.filter(Boolean).length;
        const least = shown * narrowestCell + (inside.length - shown) * narrowestOther;
        expect(edges.at(-1)).toBeLessThanOrEqual(Math.max(width, least));
        expect(cell).toBeGreaterThanOrEqual(narrowestCell);
      }
    }
  });
});
