import { describe, expect, test } from 'vitest';
import type { MemoryGeometry } from '../../src/model/geometry.ts';
import { createLayout } from './layout.ts';
import {
  type Motion,
  move,
  moveTo,
  reselect,
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
const layout = createLayout(geometry, { offset: 0, length: 160 }, 16, 1);
const at = (cursor: number, anchor = cursor): Selection => ({ cursor, anchor, pane: 'cells' });
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
    expect(selectedRange(layout, right)).toEqual({ offset: 20, length: 17 });
    const left = move(layout, at(20), 'up', { extend: true, page: 3 });
    expect(selectedRange(layout, left)).toEqual({ offset: 4, length: 17 });
    expect(selectedRange(layout, move(layout, right, 'left', { extend: false, page: 3 }))).toEqual({
      offset: 35,
      length: 1,
    });
  });

  test('takes a word, a run, or everything, and never leaves the range', () => {
    expect(selectedRange(layout, selectWord(layout, at(0), 46))).toEqual({ offset: 44, length: 4 });
    expect(selectedRange(layout, selectRange(layout, at(0), { offset: 150, length: 100 }))).toEqual({
      offset: 150,
      length: 10,
    });
    expect(selectRange(layout, at(0), { offset: 8, length: 4 }).cursor).toBe(8);
    expect(selectedRange(layout, selectAll(layout, at(7)))).toEqual({ offset: 0, length: 160 });
    expect(moveTo(layout, at(7), 9999, false).cursor).toBe(159);
  });

  test('a word at the end of an odd tile stays within the tile', () => {
    const odd = createLayout({ ...geometry, bytesPerTile: 38 }, { offset: 0, length: 152 }, 16, 1);
    expect(selectedRange(odd, selectWord(odd, at(0), 37))).toEqual({ offset: 36, length: 2 });
  });
});

describe('[shape-3] cells of several bytes', () => {
  const words = createLayout(geometry, { offset: 0, length: 160 }, 16, 4);
  const step = (selection: Selection, motion: Motion, extend = false) =>
    move(words, selection, motion, { extend, page: 3 });

  test('the cursor goes from cell to cell and is on their first bytes; among characters it goes by bytes', () => {
    expect(moveTo(words, at(0), 7, false).cursor).toBe(4);
    expect(step(at(4), 'right').cursor).toBe(8);
    expect(step(at(4), 'left').cursor).toBe(0);
    expect(step(at(4), 'word-right').cursor).toBe(8);
    expect(step(at(156), 'right').cursor).toBe(156);
    expect(step(at(4), 'end').cursor).toBe(156);
    expect(step(at(4), 'row-end').cursor).toBe(12);
    expect(step({ ...at(4), pane: 'characters' }, 'right').cursor).toBe(5);
  });

  test('whole cells are selected, in both directions', () => {
    expect(selectedRange(words, at(4))).toEqual({ offset: 4, length: 4 });
    expect(selectedRange(words, step(at(8), 'right', true))).toEqual({ offset: 8, length: 8 });
    expect(selectedRange(words, step(at(8), 'left', true))).toEqual({ offset: 4, length: 8 });
    expect(selectedRange(words, selectWord(words, at(0), 30))).toEqual({ offset: 28, length: 4 });
    expect(selectedRange(words, selectRange(words, at(0), { offset: 6, length: 4 }))).toEqual({
      offset: 4,
      length: 8,
    });
    expect(selectedRange(words, selectAll(words, at(8)))).toEqual({ offset: 0, length: 160 });
    const doubles = createLayout(geometry, { offset: 0, length: 160 }, 16, 8);
    expect(selectedRange(doubles, selectWord(doubles, at(0), 12))).toEqual({ offset: 8, length: 8 });
  });

  test('a selection keeps its bytes in the other pane and in other cells, a cursor stays one', () => {
    const two = step(at(8), 'right', true);
    const characters = reselect(words, words, two, 'characters');
    expect(characters).toEqual({ anchor: 8, cursor: 15, pane: 'characters' });
    expect(reselect(words, words, characters, 'cells')).toEqual({ anchor: 8, cursor: 12, pane: 'cells' });
    expect(reselect(words, layout, step(at(8), 'left', true), 'cells')).toEqual({
      anchor: 11,
      cursor: 4,
      pane: 'cells',
    });
    expect(reselect(layout, words, at(7), 'cells')).toEqual(at(4));
  });
});
