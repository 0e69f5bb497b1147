import { expect, test } from 'vitest';
import { simulatedKey } from '../board/simulated/array.ts';
import { openTileLines, type TileBoard } from './tile-box.ts';

const columns = { startCol: 6, numCols: 4 };
const array = {
  numCols: 50,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 2 },
  core: { start: 3, count: 8 },
};
const boards: readonly TileBoard[] = [
  {
    id: 'near',
    label: 'Near',
    array,
    partitions: [
      { key: simulatedKey({ startCol: 0, numCols: 4 }), columns: { startCol: 0, numCols: 4 } },
      { key: simulatedKey(columns), columns },
    ],
  },
  { id: 'far', label: 'Far', array: undefined, partitions: [{ key: simulatedKey(columns), columns }] },
];
const words = {
  memoryName: (type: string) => type,
  columnsText: (one: { columns: { startCol: number } }) => `from ${one.columns.startCol}`,
  l10n: { t: (text: string, ...args: (string | number)[]) => text.replace('{0}', String(args[0])) },
};
const lines = (typed: string, active?: { board: string; partition: never; memory: never }) =>
  openTileLines(typed, boards, active, words).map(({ label, description }) => `${label}: ${description}`);

test('[hex-2] a tile is opened by its column and row, from any connected board, in every memory that it has', () => {
  const all = [
    '(7,4): data · from 6 · Near',
    '(7,4): program · from 6 · Near',
    '(7,4): data · from 6 · Far',
    '(7,4): program · from 6 · Far',
  ];
  for (const typed of ['(7,4)', '7,4', ' ( 7 , 4 ) ', '7 4']) expect(lines(typed)).toEqual(all);
  expect(lines('(2,1)')).toEqual(['(2,1): memory-tile · from 0 · Near']);
  expect(lines('(2,4)')).toHaveLength(2);
  expect(openTileLines('7,4', boards, undefined, words)[2]?.resource).toEqual({
    board: 'far',
    partition: simulatedKey(columns),
    memory: 'data',
    tile: { col: 7, row: 4 },
  });
});

test('the memory that a person is in comes first', () => {
  const active = { board: 'far', partition: simulatedKey(columns) as never, memory: 'program' as never };
  expect(lines('7,4', active)[0]).toBe('(7,4): program · from 6 · Far');
  expect(lines('7,4', active)[1]).toBe('(7,4): data · from 6 · Far');
});

test('what names no tile, or none that is there, says so', () => {
  for (const typed of ['', 'tile', '(7)', '7,4,1', '-1,2', '99999,1']) {
    expect(lines(typed)).toEqual(['Type a tile such as (3,2): column, row.: ']);
  }
  expect(lines('(5,4)')).toEqual(['No connected board has memory in tile (5,4).: ']);
  expect(lines('(2,0)')).toEqual(['No connected board has memory in tile (2,0).: ']);
});
