import { describe, expect, test } from 'vitest';
import type { ByteRange, MemoryGeometry } from '../../src/model/geometry.ts';
import { createLayout } from '../../src/model/rows/layout.ts';
import { dice, runSeed } from '../../test/conformance/random.ts';
import {
  addAt,
  firstSelected,
  isExtended,
  type Motion,
  move,
  moveTo,
  reselect,
  type Selection,
  selectAll,
  selectedBytes,
  selectedRange,
  selectedRanges,
  selectRange,
  selectTile,
  selectWord,
  toldRuns,
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

describe('[hex-7] several runs, columns and tiles', () => {
  const page = { page: 3 };

  test('a column has the columns between its corners of each row, also over a heading and in short rows', () => {
    const block = moveTo(layout, moveTo(layout, at(18), 18, false), 53, 'column');
    expect(selectedRanges(layout, block)).toEqual([
      { offset: 18, length: 12 },
      { offset: 34, length: 6 },
      { offset: 42, length: 12 },
    ]);
    expect(selectedRange(layout, block)).toEqual({ offset: 42, length: 12 });
    expect(moveTo(layout, block, 53, true)).toEqual({ anchor: 18, cursor: 53, pane: 'cells' });
    expect(moveTo(layout, block, 53, false)).toEqual(at(53));
  });

  test('of cells a column has whole ones, a key moves its corner', () => {
    const words = createLayout(geometry, { offset: 0, length: 160 }, 16, 4);
    const down = move(words, at(4), 'down', { extend: 'column', ...page });
    const block = move(words, down, 'right', { extend: 'column', ...page });
    expect(selectedRanges(words, block)).toEqual([
      { offset: 4, length: 8 },
      { offset: 20, length: 8 },
    ]);
  });

  test('a tile is selected whole, as far as it is shown', () => {
    expect(selectedRanges(layout, selectTile(layout, at(50), 50))).toEqual([{ offset: 40, length: 40 }]);
    const part = createLayout(geometry, { offset: 50, length: 20 }, 16, 1);
    expect(selectedRanges(part, selectTile(part, at(60), 60))).toEqual([{ offset: 50, length: 20 }]);
  });

  test('the same bytes stay selected in the other pane and in other cells', () => {
    const block = moveTo(layout, at(18), 37, 'column');
    const added = addAt(layout, block, 100);
    const bytes = selectedRanges(layout, added);
    const characters = reselect(layout, layout, added, 'characters');
    expect(selectedRanges(layout, characters)).toEqual(bytes);
    const words = createLayout(geometry, { offset: 0, length: 160 }, 16, 4);
    expect(selectedRanges(words, reselect(layout, words, added, 'cells'))).toEqual([
      { offset: 16, length: 8 },
      { offset: 32, length: 8 },
      { offset: 100, length: 4 },
    ]);
  });

  test('a column ends after so many rows that they can be counted', () => {
    const large = createLayout({ ...geometry, bytesPerTile: 1 << 24 }, { offset: 0, length: 1 << 26 }, 16, 1);
    const block = moveTo(large, at(0), 1 << 25, 'column');
    expect(selectedRanges(large, block).length).toBeLessThanOrEqual(65_537);
    expect(selectedBytes(large, block)).toBe(selectedRanges(large, block).length);
  });

  test('more runs than may be told are counted', () => {
    const block = moveTo(layout, at(18), 37, 'column');
    const runs = selectedRanges(layout, block);
    expect(runs).toHaveLength(2);
    expect(toldRuns(layout, block, 2)).toEqual({ count: 2, runs });
    expect(toldRuns(layout, block, 1)).toEqual({ count: 2, runs: [] });
  });

  test('random gestures select what a set of bytes selects', () => {
    const seed = runSeed();
    const roll = dice(seed);
    for (let round = 0; round < 60; round++) {
      const size = [1, 2, 3, 4, 8, 16][roll(6)] ?? 1;
      const first = roll(60);
      const range = { offset: first, length: 1 + roll(160 - first) };
      const grid = createLayout(geometry, range, [8, 16, 24][roll(3)] ?? 8, size);
      const pane = roll(2) === 0 ? 'cells' : 'characters';
      const unit = (at: number): number[] => {
        const cell = pane === 'cells' ? grid.cell(at) : { offset: at, length: 1 };
        return Array.from({ length: cell.length }, (_, i) => cell.offset + i);
      };
      const all = Array.from({ length: range.length }, (_, i) => range.offset + i);
      let selection = moveTo(grid, { anchor: range.offset, cursor: range.offset, pane }, range.offset, false);
      let besides = new Set<number>();
      let main = new Set(unit(range.offset));
      const placeOf = (at: number) => {
        const { row, column } = grid.place(unit(at)[0] ?? at);
        return { row, column: pane === 'cells' ? column - (column % size) : column };
      };
      for (let step = 0; step < 12; step++) {
        const target = range.offset + roll(range.length);
        const anchor = selection.anchor;
        switch (roll(5)) {
          case 0:
            selection = moveTo(grid, selection, target, false);
            [besides, main] = [new Set(), new Set(unit(target))];
            break;
          case 1: {
            selection = moveTo(grid, selection, target, true);
            const ends = [...unit(anchor), ...unit(target)];
            main = new Set(all.filter((at) => at >= Math.min(...ends) && at <= Math.max(...ends)));
            break;
          }
          case 2: {
            selection = moveTo(grid, selection, target, 'column');
            const [a, b] = [placeOf(anchor), placeOf(target)];
            const isBetween = (one: number, x: number, y: number) =>
              one >= Math.min(x, y) && one <= Math.max(x, y);
            main = new Set(
              all.filter((at) => {
                const { row, column } = placeOf(at);
                return isBetween(row, a.row, b.row) && isBetween(column, a.column, b.column);
              }),
            );
            break;
          }
          case 3:
            selection = addAt(grid, selection, target);
            besides = new Set([...besides, ...main]);
            main = new Set(unit(target));
            break;
          default:
            selection = selectAll(grid, selection);
            [besides, main] = [new Set(), new Set(all)];
        }
        const naive = [...new Set([...besides, ...main])].sort((x, y) => x - y);
        const spelled = (ranges: readonly ByteRange[]) =>
          ranges.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));
        const ranges = selectedRanges(grid, selection);
        expect(spelled(ranges), `SEED=${seed} round ${round} step ${step}`).toEqual(naive);
        expect(selectedBytes(grid, selection)).toBe(naive.length);
        expect(firstSelected(grid, selection)).toBe(naive[0]);
        expect(isExtended(selection) || naive.length <= size).toBe(true);
        const window = { offset: range.offset + roll(range.length), length: 1 + roll(40) };
        expect(spelled(selectedRanges(grid, selection, window))).toEqual(
          naive.filter((at) => at >= window.offset && at < window.offset + window.length),
        );
      }
    }
  });
});
