import { describe, expect, test } from 'vitest';
import type { MemoryGeometry } from '../../src/model/geometry.ts';
import { createLayout } from './layout.ts';
import {
  type Motion,
  move,
  moveTo,
  type Selection,
  selectAll,
  selectedRange,
  selectRange,
  selectWord,
} from './selection.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 0,
  numCols: 2,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 40,
  tileBase: 0,
};
const layout = createLayout(geometry, { offset: 0, length: 160 }, 16);
const at = (cursor: number, anchor = cursor): Selection => ({ cursor, anchor, pane: 'hex' });
const go = (from: number, motion: Motion, extend = false): number =>
  move(layout, at(from), motion, { extend, page: 3 }).cursor;

describe('[main-18] the cursor', () => {
  test('moves by bytes and words and stops at both ends', () => {
    expect(go(5, 'left')).toBe(4);
    expect(go(5, 'right')).toBe(6);
    expect(go(0, 'left')).toBe(0);
    expect(go(159, 'right')).toBe(159);
    expect(go(5, 'word-left')).toBe(4);
    expect(go(4, 'word-left')).toBe(0);
    expect(go(5, 'word-right')).toBe(8);
    expect(go(38, 'word-right')).toBe(40);
  });

  test('keeps its column going up and down, over the heading of the next tile', () => {
    expect(go(5, 'down')).toBe(21);
    expect(go(37, 'down')).toBe(45);
    expect(go(45, 'up')).toBe(37);
    expect(go(3, 'up')).toBe(3);
    expect(go(157, 'down')).toBe(157);
  });

  test('goes to the last byte of a short row when the column is missing there', () => {
    expect(go(31, 'down')).toBe(39);
    expect(go(63, 'down')).toBe(79);
  });

  test('goes to the ends of row and memory', () => {
    expect(go(21, 'row-start')).toBe(16);
    expect(go(21, 'row-end')).toBe(31);
    expect(go(33, 'row-end')).toBe(39);
    expect(go(21, 'start')).toBe(0);
    expect(go(21, 'end')).toBe(159);
  });

  test('moves by pages, headings counted as rows', () => {
    expect(go(1, 'page-down')).toBe(41);
    expect(go(155, 'page-up')).toBe(115);
    expect(go(1, 'page-up')).toBe(1);
  });
});

describe('[main-18] the selection', () => {
  test('grows from its anchor in both directions', () => {
    const right = move(layout, at(20), 'down', { extend: true, page: 3 });
    expect(selectedRange(right)).toEqual({ offset: 20, length: 17 });
    const left = move(layout, at(20), 'up', { extend: true, page: 3 });
    expect(selectedRange(left)).toEqual({ offset: 4, length: 17 });
    expect(selectedRange(move(layout, right, 'left', { extend: false, page: 3 }))).toEqual({
      offset: 35,
      length: 1,
    });
  });

  test('takes a word, a run, or everything, and never leaves the range', () => {
    expect(selectedRange(selectWord(layout, at(0), 46))).toEqual({ offset: 44, length: 4 });
    expect(selectedRange(selectRange(layout, at(0), { offset: 150, length: 100 }))).toEqual({
      offset: 150,
      length: 10,
    });
    expect(selectRange(layout, at(0), { offset: 8, length: 4 }).cursor).toBe(8);
    expect(selectedRange(selectAll(layout, at(7)))).toEqual({ offset: 0, length: 160 });
    expect(moveTo(layout, at(7), 9999, false).cursor).toBe(159);
  });

  test('a word at the end of an odd tile stays within the tile', () => {
    const odd = createLayout({ ...geometry, bytesPerTile: 38 }, { offset: 0, length: 152 }, 16);
    expect(selectedRange(selectWord(odd, at(0), 37))).toEqual({ offset: 36, length: 2 });
  });
});
