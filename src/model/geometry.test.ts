import { describe, expect, it } from 'vitest';
import {
  computeRow,
  containsTile,
  formatTile,
  locate,
  type MemoryGeometry,
  tileCount,
  tileKind,
  tileRange,
  tileStart,
  tiles,
  totalBytes,
} from './geometry.ts';

const geometries: readonly MemoryGeometry[] = [
  { type: 'data', startCol: 6, numCols: 4, startRow: 1, numRows: 8, bytesPerTile: 0x8000, tileBase: 0 },
  {
    type: 'program',
    startCol: 0,
    numCols: 50,
    startRow: 1,
    numRows: 8,
    bytesPerTile: 0x4000,
    tileBase: 0x20000,
  },
  {
    type: 'memory-tile',
    startCol: 3,
    numCols: 1,
    startRow: 1,
    numRows: 2,
    bytesPerTile: 0x80000,
    tileBase: 0,
  },
];

describe('geometry', () => {
  it('counts tiles column by column, upwards in a column: LKML 2020 series, patch 4', () => {
    const [geometry] = geometries;
    if (geometry === undefined) throw new Error('no geometry');
    expect(tileStart(geometry, { col: 6, row: 1 })).toBe(0);
    expect(tileStart(geometry, { col: 6, row: 2 })).toBe(0x8000);
    expect(tileStart(geometry, { col: 7, row: 1 })).toBe(8 * 0x8000);
    expect(tileRange(geometry, { col: 9, row: 8 })).toEqual({ offset: 31 * 0x8000, length: 0x8000 });
    expect(locate(geometry, 31 * 0x8000 + 5)).toEqual({ tile: { col: 9, row: 8 }, offset: 5 });
  });

  it.each(geometries)('of $type memory: every offset has one place and goes back to it', (geometry) => {
    const all = tiles(geometry);
    expect(all.length).toBe(tileCount(geometry));
    let expected = 0;
    for (const tile of all) {
      expect(tileStart(geometry, tile)).toBe(expected);
      for (const offset of [0, 1, geometry.bytesPerTile - 1]) {
        expect(locate(geometry, expected + offset)).toEqual({ tile, offset });
      }
      expected += geometry.bytesPerTile;
    }
    expect(expected).toBe(totalBytes(geometry));
  });

  it.each(geometries)('of $type memory: nothing outside has a place', (geometry) => {
    const total = totalBytes(geometry);
    for (const offset of [-1, total, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => locate(geometry, offset)).toThrow(RangeError);
    }
    const { startCol, numCols, startRow, numRows } = geometry;
    for (const tile of [
      { col: startCol - 1, row: startRow },
      { col: startCol + numCols, row: startRow },
      { col: startCol, row: startRow - 1 },
      { col: startCol, row: startRow + numRows },
      { col: startCol + 0.5, row: startRow },
      { col: Number.NaN, row: startRow },
    ]) {
      expect(containsTile(geometry, tile)).toBe(false);
      expect(() => tileStart(geometry, tile)).toThrow(RangeError);
    }
  });

  it('names a tile in one notation', () => {
    expect(formatTile({ col: 12, row: 3 })).toBe('(12,3)');
  });
});

it('[attach-5] rows of cores are counted from the first of them, other rows are not', () => {
  const array = {
    numCols: 38,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: 2 },
    core: { start: 3, count: 8 },
  };
  expect([0, 2, 3, 10, 11].map((row) => computeRow(array, row))).toEqual([
    undefined,
    undefined,
    0,
    7,
    undefined,
  ]);
  expect(computeRow(undefined, 3)).toBeUndefined();
});

it('[attach-5] the kind of a tile is that of its row, on any array', () => {
  const kinds = (array: Parameters<typeof tileKind>[0], rows: readonly number[]) =>
    rows.map((row) => tileKind(array, row));
  const rows = (start: number, count: number) => ({ start, count });
  const aieml = { numCols: 38, shim: rows(0, 1), memory: rows(1, 2), core: rows(3, 8) };
  expect(kinds(aieml, [0, 1, 2, 3, 10])).toEqual(['shim', 'memory', 'memory', 'core', 'core']);
  const aie = { numCols: 50, shim: rows(0, 1), memory: rows(1, 0), core: rows(1, 8) };
  expect(kinds(aie, [0, 1, 8])).toEqual(['shim', 'core', 'core']);
  // A partition may have rows that the shape does not tell of.
  expect(kinds(aieml, [11])).toEqual(['core']);
  expect(kinds(undefined, [0, 1, 2])).toEqual(['shim', 'core', 'core']);
});
