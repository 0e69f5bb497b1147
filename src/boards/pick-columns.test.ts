import { describe, expect, test } from 'vitest';
import type { PartitionInfo } from '../board/board.ts';
import { PickedColumns } from './pick-columns.ts';
import { columnsInput, parseColumns } from './typed-columns.ts';

const run = { startCol: 4, numCols: 46 };

/** Columns 4 to 7 as a board lists them once they were picked. */
const picked: PartitionInfo = {
  key: '6_4',
  id: 1,
  columns: { startCol: 4, numCols: 4 },
  startRow: 0,
  numRows: 9,
  inUse: false,
  ownerGone: false,
  picked: true,
  clocksOn: false,
  epoch: '1',
};

describe('[attach-3] columns that a person picks', () => {
  test.each<[string, ReturnType<typeof parseColumns>]>([
    ['4-7', { startCol: 4, numCols: 4 }],
    [' 4 - 49 ', { startCol: 4, numCols: 46 }],
    ['4, 4', { startCol: 4, numCols: 4 }],
    ['4 4', { startCol: 4, numCols: 4 }],
    ['49', { startCol: 49, numCols: 1 }],
    ['3-7', 'outside'],
    ['48-50', 'outside'],
    ['49, 2', 'outside'],
    ['7-4', 'form'],
    ['4, 0', 'form'],
    ['', 'form'],
    ['all', 'form'],
    ['-4', 'form'],
    ['99999', 'form'],
  ])('"%s"', (text, expected) => {
    expect(parseColumns(text, run)).toEqual(expected);
  });

  test('what is offered first is read as the whole run', () => {
    expect(parseColumns(columnsInput(run), run)).toEqual(run);
    expect(parseColumns(columnsInput({ startCol: 9, numCols: 1 }), run)).toEqual({ startCol: 9, numCols: 1 });
  });

  test('are remembered per board, and gone once forgotten', async () => {
    const values = new Map<string, unknown>();
    const store = {
      get: (key: string) => values.get(key),
      update: async (key: string, value: unknown) => {
        values.set(key, JSON.parse(JSON.stringify(value)));
      },
    };
    const picks = new PickedColumns(store);
    await picks.add('a', { startCol: 8, numCols: 2 });
    await picks.add('a', { startCol: 4, numCols: 4 });
    await picks.add('a', { startCol: 8, numCols: 2 });
    await picks.add('b', { startCol: 0, numCols: 1 });
    const again = new PickedColumns(store);
    expect(again.of('a')).toEqual([
      { startCol: 4, numCols: 4 },
      { startCol: 8, numCols: 2 },
    ]);
    await again.forget('a', { startCol: 4, numCols: 4 });
    expect(again.of('a')).toEqual([{ startCol: 8, numCols: 2 }]);
    expect(again.of('b')).toEqual([{ startCol: 0, numCols: 1 }]);
    // The board lists them as long as the connection lives: until they are picked again they are not shown.
    expect(again.shown('a', [picked])).toEqual([]);
    await again.add('a', { startCol: 4, numCols: 4 });
    expect(again.shown('a', [picked])).toEqual([picked]);
  });

  test('that were forgotten are not shown of what the board lists, until its next connection', async () => {
    const picks = new PickedColumns({ get: () => undefined, update: async () => undefined });
    let forgotten = 0;
    picks.onDidForget(() => forgotten++);
    for (const board of ['a', 'ab']) await picks.forget(board, { startCol: 4, numCols: 4 });
    expect(forgotten).toBe(2);
    // Columns that somebody uses, or that the driver made a partition of by itself, are no pick of ours.
    const used = { ...picked, inUse: true };
    const made = { ...picked, picked: false };
    const other = { ...picked, columns: { startCol: 4, numCols: 3 } };
    expect(picks.shown('a', [picked, used, made, other])).toEqual([used, made, other]);
    picks.connectionBegan('a');
    expect(picks.shown('a', [picked])).toEqual([picked]);
    expect(picks.shown('ab', [picked])).toEqual([]);
  });

  test('what is stored may be anything', () => {
    for (const stored of [null, 7, [], { a: 3 }, { a: [[1], [1, 0], [-1, 2], ['1', 2], [1, 1e9], null] }]) {
      const picks = new PickedColumns({ get: () => stored, update: async () => undefined });
      expect(picks.of('a')).toEqual([]);
    }
  });
});
