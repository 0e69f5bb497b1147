import { describe, expect, test } from 'vitest';
import { type MemoryGeometry, tileRange, totalBytes } from '../model/geometry.ts';
import { parsePlace } from './go-to.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 6,
  numCols: 4,
  startRow: 1,
  numRows: 8,
  bytesPerTile: 0x8000,
  tileBase: 0,
};
const whole = { offset: 0, length: totalBytes(geometry) };
const tile = tileRange(geometry, { col: 6, row: 2 });

describe('go to', () => {
  test.each([
    ['0x10', whole, 0x10],
    ['16', whole, 16],
    ['0x10', tile, 0x8010],
    ['(6,2)+0x10', whole, 0x8010],
    ['(6,2)', tile, 0x8000],
    ['7, 1 + 4', whole, 8 * 0x8000 + 4],
    ['0x8000', tile, 'outside'],
    ['(6,3)', tile, 'outside'],
    ['(5,1)', whole, 'outside'],
    ['(6,2)+0x8000', whole, 'outside'],
    ['', whole, 'unclear'],
    ['here', whole, 'unclear'],
    ['-1', whole, 'unclear'],
  ])('%j in %j', (typed, shown, expected) => {
    expect(parsePlace(typed, geometry, shown)).toBe(expected);
  });
});
