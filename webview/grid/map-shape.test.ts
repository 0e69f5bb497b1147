import { describe, expect, test } from 'vitest';
import type { MemoryGeometry } from '../../src/model/geometry.ts';
import { boxPath, mapShape } from './map-shape.ts';

const geometry = (numCols: number, numRows: number): MemoryGeometry => ({
  type: 'data',
  startCol: 6,
  numCols,
  startRow: 1,
  numRows,
  bytesPerTile: 0x8000,
  tileBase: 0,
});

describe("the map has the array's shape", () => {
  test.each([
    [4, 8, 500],
    [50, 8, 500],
    [1, 1, 500],
    [38, 8, 60],
    [4, 8, 0],
  ])('%i columns, %i rows, %i pixels high', (numCols, numRows, room) => {
    const shape = mapShape(geometry(numCols, numRows), room);
    expect(shape.width).toBeLessThanOrEqual(160);
    // Row 0 is at the bottom, columns go to the right; the middle of each cell is its tile.
    for (let tile = 0; tile < numCols * numRows; tile++) {
      const box = shape.box(tile);
      expect(shape.tileAt(box.left + box.width / 2, box.top + box.height / 2)).toBe(tile);
      if (tile % numRows > 0) expect(box.top).toBeLessThan(shape.box(tile - 1).top);
      if (tile >= numRows) expect(box.left).toBeGreaterThan(shape.box(tile - numRows).left);
      expect(box.left + box.width).toBeLessThanOrEqual(shape.width);
      expect(box.top + box.height).toBeLessThanOrEqual(shape.height);
    }
    expect(shape.tileAt(-1, 0)).toBeUndefined();
    expect(shape.tileAt(shape.width, 0)).toBeUndefined();
    expect(shape.tileAt(0, shape.height)).toBeUndefined();
  });

  test('boxes are one path', () => {
    const boxes = [
      { left: 0, top: 14, width: 13, height: 12 },
      { left: 14, top: 0, width: 1, height: 2 },
    ];
    expect(boxPath(boxes)).toBe('M0 14h13v12h-13zM14 0h1v2h-1z');
  });
});
