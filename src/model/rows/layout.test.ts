import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { type ByteRange, locate, type MemoryGeometry, totalBytes } from '../geometry.ts';
import { createLayout, offsetDigits } from './layout.ts';

function memory(partial: Partial<MemoryGeometry> = {}): MemoryGeometry {
  return {
    type: 'data',
    startCol: 6,
    numCols: 2,
    startRow: 1,
    numRows: 3,
    bytesPerTile: 64,
    tileBase: 0,
    ...partial,
  };
}

/** The rows by the slowest way that cannot be wrong: byte after byte. */
function naiveRows(geometry: MemoryGeometry, offset: number, length: number, bytesPerRow: number) {
  const rows: { kind: 'tile' | 'bytes'; offset: number; length: number; skip: number }[] = [];
  const tilesShown = new Set<number>();
  for (let at = offset; at < offset + length; at++) tilesShown.add(Math.floor(at / geometry.bytesPerTile));
  let last = '';
  let lastTile = -1;
  for (let at = offset; at < offset + length; at++) {
    const tile = Math.floor(at / geometry.bytesPerTile);
    const within = at % geometry.bytesPerTile;
    if (tile !== lastTile && tilesShown.size > 1) rows.push({ kind: 'tile', offset: at, length: 0, skip: 0 });
    lastTile = tile;
    const key = `${tile}:${Math.floor(within / bytesPerRow)}`;
    const current = rows.at(-1);
    if (key === last && current !== undefined) current.length++;
    else rows.push({ kind: 'bytes', offset: at, length: 1, skip: within % bytesPerRow });
    last = key;
  }
  return rows;
}

/** The bytes of the range that are in the same tile and the same cell as one of them, one after the other. */
function naiveCell(
  geometry: MemoryGeometry,
  range: ByteRange,
  byte: number,
  bytesPerCell: number,
): ByteRange {
  const key = (at: number) => {
    const { tile, offset } = locate(geometry, at);
    return `${tile.col},${tile.row}:${Math.floor(offset / bytesPerCell)}`;
  };
  const inside: number[] = [];
  for (let at = byte - bytesPerCell; at <= byte + bytesPerCell; at++) {
    if (at >= range.offset && at < range.offset + range.length && key(at) === key(byte)) inside.push(at);
  }
  return { offset: inside[0] ?? -1, length: inside.length };
}

describe('rows of the grid', () => {
  test('a single tile has no heading and one row per row length', () => {
    const layout = createLayout(memory(), { offset: 64, length: 64 }, 16, 1);
    expect(layout.headings).toBe(false);
    expect(layout.rowCount).toBe(4);
    expect(layout.row(0)).toEqual({
      kind: 'bytes',
      tile: { col: 6, row: 2 },
      offset: 64,
      length: 16,
      skip: 0,
      tileOffset: 0,
    });
  });

  test('[main-18] a whole memory shows each tile under a heading, and offsets start again in each', () => {
    const layout = createLayout(memory(), { offset: 0, length: 384 }, 16, 1);
    expect(layout.rowCount).toBe(6 * 5);
    expect(layout.row(5)).toEqual({ kind: 'tile', tile: { col: 6, row: 2 }, offset: 64 });
    expect(layout.row(6)).toMatchObject({ kind: 'bytes', offset: 64, tileOffset: 0 });
    expect(layout.place(64)).toEqual({ row: 6, column: 0 });
  });

  test('the last byte of 25 MiB and of a 64 MiB tile has a row', () => {
    const big = memory({ startCol: 0, numCols: 50, startRow: 1, numRows: 8, bytesPerTile: 65536 });
    const whole = createLayout(big, { offset: 0, length: totalBytes(big) }, 16, 1);
    expect(whole.rowCount).toBe(400 * 4097);
    expect(whole.place(totalBytes(big) - 1)).toEqual({ row: whole.rowCount - 1, column: 15 });
    const huge = memory({ numCols: 1, numRows: 1, bytesPerTile: 64 * 1024 * 1024 });
    const tile = createLayout(huge, { offset: 0, length: totalBytes(huge) }, 8, 1);
    expect(tile.place(totalBytes(huge) - 1)).toEqual({ row: tile.rowCount - 1, column: 7 });
  });

  test('[shape-3] a row has at least one cell, and no half ones', () => {
    const rowOf = (rowLength: number, bytesPerCell: number) =>
      createLayout(memory(), { offset: 0, length: 384 }, rowLength, bytesPerCell).bytesPerRow;
    expect([rowOf(16, 1), rowOf(16, 8), rowOf(8, 32), rowOf(16, 9), rowOf(32, 12)]).toEqual([
      16, 16, 32, 9, 24,
    ]);
  });

  test('an empty range has no rows', () => {
    const layout = createLayout(memory(), { offset: 10, length: 0 }, 16, 1);
    expect(layout.rowCount).toBe(0);
    expect(() => layout.row(0)).toThrow(RangeError);
    expect(() => layout.place(10)).toThrow(RangeError);
  });

  test('columns beyond a short row give its last byte, a heading gives the first byte of its tile', () => {
    const layout = createLayout(memory({ bytesPerTile: 20 }), { offset: 0, length: 120 }, 16, 1);
    expect(layout.offsetAt(0, 9)).toBe(0);
    expect(layout.offsetAt(2, 15)).toBe(19);
    expect(layout.offsetAt(-5, 3)).toBe(0);
    expect(layout.offsetAt(10_000, 99)).toBe(119);
  });

  test('[shape-3] agrees with counting byte by byte, for random memories, ranges, row lengths and cells', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const below = dice(seed);
      const geometry = memory({
        numCols: 1 + below(3),
        numRows: 1 + below(3),
        bytesPerTile: 1 + below(150),
      });
      const total = totalBytes(geometry);
      const offset = below(total);
      const length = 1 + below(total - offset);
      const rowLength = [8, 16, 32, 64][below(4)] ?? 16;
      const bytesPerCell = [1, 2, 4, 8, 3, 9][below(6)] ?? 1;
      const layout = createLayout(geometry, { offset, length }, rowLength, bytesPerCell);
      const { bytesPerRow } = layout;
      expect(bytesPerRow % bytesPerCell).toBe(0);
      const naive = naiveRows(geometry, offset, length, bytesPerRow);
      expect(layout.rowCount, `seed ${seed}`).toBe(naive.length);
      for (const [index, expected] of naive.entries()) {
        const row = layout.row(index);
        expect({ kind: row.kind, offset: row.offset }, `seed ${seed}, row ${index}`).toEqual({
          kind: expected.kind,
          offset: expected.offset,
        });
        if (row.kind === 'tile') continue;
        expect({ length: row.length, skip: row.skip }, `seed ${seed}, row ${index}`).toEqual({
          length: expected.length,
          skip: expected.skip,
        });
        expect(row.tile).toEqual(locate(geometry, row.offset).tile);
        expect(row.tileOffset + row.skip).toBe(locate(geometry, row.offset).offset);
        for (let i = 0; i < row.length; i++) {
          const cell = { row: index, column: row.skip + i };
          expect(layout.place(row.offset + i), `seed ${seed}`).toEqual(cell);
          expect(layout.offsetAt(cell.row, cell.column)).toBe(row.offset + i);
          expect(layout.cell(row.offset + i), `seed ${seed}`).toEqual(
            naiveCell(geometry, { offset, length }, row.offset + i, bytesPerCell),
          );
        }
      }
    }
  });
});

test('offsets get an even number of digits, at least four', () => {
  expect([1, 0x8000, 0x10000, 0x10001, 25 * 1024 * 1024, 2 ** 40].map(offsetDigits)).toEqual([
    4, 4, 4, 6, 8, 10,
  ]);
});
