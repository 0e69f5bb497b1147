import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import type { PartitionInfo } from '../board/board.ts';
import { type ArrayShape, type ColumnRange, type Tile, tileKind } from '../model/geometry.ts';
import { ofTile } from '../model/heat-texts.ts';
import type { TileStatus, WaitEdge } from '../model/status/status.ts';
import type { TileHeat } from '../session/partition-heat.ts';
import { type CellState, cellStates } from './messages.ts';
import { drawPicture, type PictureFacts, partitionTiles } from './picture.ts';
import { plain } from './test-bench.ts';

function partition(columns: ColumnRange, numRows: number, startRow = 0): PartitionInfo {
  return {
    key: `${columns.startCol}_${columns.numCols}`,
    id: columns.startCol,
    columns,
    startRow,
    numRows,
    inUse: true,
    ownerGone: false,
    picked: false,
    clocksOn: false,
    epoch: '1',
  };
}

function status(tile: Tile, kind: TileStatus['kind']): TileStatus {
  return {
    tile,
    kind,
    source: 'registers',
    locks: [],
    channels: [],
    descriptors: [],
    events: [],
    errors: [],
    unparsed: [],
  };
}

const nothing: PictureFacts = {
  choices: [],
  chosen: '',
  title: '',
  statuses: [],
  names: () => [],
  activity: () => 'idle',
  edges: [],
  cycles: [],
  warnings: [],
  readAt: '',
  reading: false,
  heat: () => undefined,
};

test('[live-3] a warm tile of the partition has its step, and says it in words; a cold one has neither', () => {
  const columns = { startCol: 1, numCols: 2 };
  const heat = ({ col, row }: Tile): TileHeat | undefined => {
    const step = col === 0 || row === 1 ? 4 : row === 2 ? 1 : 0;
    return step === 0 ? undefined : { step, text: ofTile(step, undefined, plain) };
  };
  const text = { text: 'Bars', isKnown: true };
  const { rows, heat: told } = drawPicture(
    { ...nothing, board: { partitions: [partition(columns, 4)], columns }, heat, heatText: text },
    plain,
  );
  const cellOf = (col: number, row: number) =>
    rows.find((one) => one.row === row)?.cells.find(({ tile }) => tile.col === col);
  expect([cellOf(1, 1)?.heat, cellOf(2, 2)?.heat, cellOf(1, 3)?.heat, cellOf(0, 1)?.heat]).toEqual([
    4,
    1,
    undefined,
    undefined,
  ]);
  expect(cellOf(1, 1)?.lines.at(-1)).toBe('Memory: most of it changes');
  expect(cellOf(2, 2)?.lines.at(-1)).toBe('Memory: little changes');
  expect(cellOf(1, 3)?.lines.join()).not.toContain('Memory');
  expect(told).toBe(text);
});

test('[live-3] a tile whose memory cannot be looked at says why, once', () => {
  const columns = { startCol: 1, numCols: 2 };
  const heat = ({ row }: Tile): TileHeat | undefined => {
    const reason = row === 1 ? 'gated' : row === 2 ? 'driver-gated' : undefined;
    return reason && { step: 0, reason, text: ofTile(0, reason, plain) };
  };
  const statuses = [1, 2].map((row) => ({ ...status({ col: 1, row }, 'core'), reason: 'gated' as const }));
  const facts = { ...nothing, board: { partitions: [partition(columns, 4)], columns }, statuses, heat };
  const { rows } = drawPicture(facts, plain);
  const linesOf = (col: number, row: number) =>
    rows
      .find((one) => one.row === row)
      ?.cells.find(({ tile }) => tile.col === col)
      ?.lines.join('; ') ?? '';
  expect(linesOf(1, 1)).not.toContain('Memory');
  expect(linesOf(1, 2)).toContain('Memory: The driver treats this tile as gated although its clock is on.');
  expect(linesOf(2, 1)).toContain('Memory: The clock of this tile is off.');
  expect(linesOf(0, 1)).not.toContain('Memory');
});

describe('[attach-11] the picture', () => {
  test('of random arrays agrees, cell by cell, with what is true of each tile', () => {
    const seed = runSeed();
    const below = dice(seed);
    for (let round = 0; round < 60; round++) {
      const memoryRows = below(3);
      const coreRows = 1 + below(8);
      const numRows = 1 + memoryRows + coreRows;
      const shape: ArrayShape = {
        numCols: below(3) === 0 ? 0 : 50,
        shim: { start: 0, count: 1 },
        memory: { start: 1, count: memoryRows },
        core: { start: 1 + memoryRows, count: coreRows },
      };
      // Partitions beside each other, with gaps.
      const partitions: PartitionInfo[] = [];
      for (let col = below(4); col < 40; col += below(4)) {
        const numCols = 1 + below(8);
        // Some have shim tiles only.
        partitions.push(partition({ startCol: col, numCols }, below(5) === 0 ? 1 : numRows));
        col += numCols;
      }
      const chosen = partitions[below(partitions.length)];
      if (chosen === undefined) throw new RangeError('no partition was made');
      const truth = new Map<string, CellState>();
      const statuses: TileStatus[] = [];
      const activities = new Map<TileStatus, CellState>();
      for (const tile of partitionTiles(chosen)) {
        if (below(10) === 0) {
          truth.set(`${tile.col},${tile.row}`, 'unknown');
          continue;
        }
        const one = status(tile, tileKind(shape, tile.row));
        const state = cellStates[below(8)] ?? 'idle';
        statuses.push(one);
        activities.set(one, state);
        truth.set(`${tile.col},${tile.row}`, state);
      }
      const known = shape.numCols > 0;
      const { rows, firstColumn, legend } = drawPicture(
        {
          ...nothing,
          board: { ...(known ? { shape } : {}), partitions, columns: chosen.columns },
          statuses: statuses.reverse(),
          activity: (one) => activities.get(one) ?? 'idle',
        },
        plain,
      );
      const counts = new Map<CellState, number>();
      for (const { row, kind, computeRow, cells } of rows) {
        if (known) {
          expect(kind, `seed ${seed}`).toBe(row === 0 ? 'shim' : row <= memoryRows ? 'memory' : 'core');
          expect(computeRow).toBe(row > memoryRows ? row - 1 - memoryRows : undefined);
        }
        cells.forEach(({ tile, state, lines }, index) => {
          expect(tile).toEqual({ col: firstColumn + index, row });
          const owner = partitions.find(
            ({ columns, numRows: high }) =>
              tile.col >= columns.startCol && tile.col < columns.startCol + columns.numCols && row < high,
          );
          const expected =
            truth.get(`${tile.col},${row}`) ??
            (owner === undefined || owner === chosen ? 'outside' : 'other');
          expect(state, `seed ${seed}, tile (${tile.col},${row})`).toBe(expected);
          expect(lines[0]).toContain(`(${tile.col},${row})`);
          counts.set(state, (counts.get(state) ?? 0) + 1);
        });
      }
      expect(new Map(legend.map((line) => [line.state, line.count] as const)), `seed ${seed}`).toEqual(
        counts,
      );
      expect(rows.map(({ row }) => row)).toEqual(rows.map((_, index) => rows.length - 1 - index));
    }
    console.log(`pictures of random arrays: SEED=${seed}`);
  });

  test('arrows: one per pair and direction, none to the own tile, those of a circle marked', () => {
    const at = (col: number, row: number): Tile => ({ col, row });
    const edges: WaitEdge[] = [
      { from: at(1, 1), to: at(1, 2), what: 'core' },
      { from: at(1, 2), to: at(1, 1), what: 'core' },
      { from: at(1, 2), to: at(1, 2), what: 's2mm', channel: 0, lock: 3 },
      { from: at(2, 1), to: at(1, 1), what: 'core' },
      { from: at(2, 1), to: at(1, 1), what: 'core' },
    ];
    const { arrows, hangs } = drawPicture(
      {
        ...nothing,
        board: {
          partitions: [partition({ startCol: 1, numCols: 2 }, 3)],
          columns: { startCol: 1, numCols: 2 },
        },
        edges,
        cycles: [[at(1, 1), at(1, 2)]],
      },
      plain,
    );
    expect(arrows).toEqual([
      { from: at(1, 1), to: at(1, 2), hangs: true },
      { from: at(1, 2), to: at(1, 1), hangs: true },
      { from: at(2, 1), to: at(1, 1), hangs: false },
    ]);
    expect(hangs.map(({ waits }) => waits.length)).toEqual([2]);
  });

  test('the kernels of a tile stand behind its name, also where its state was not read', () => {
    const columns = { startCol: 1, numCols: 2 };
    const { rows } = drawPicture(
      {
        ...nothing,
        board: { partitions: [partition(columns, 3)], columns },
        names: ({ col, row }) => (col === 2 && row === 1 ? ['Kernel a.k of graph g'] : []),
      },
      plain,
    );
    const lines = rows.flatMap(({ cells }) => cells.map((cell) => cell.lines));
    expect(lines.filter((one) => one.length > 1)).toEqual([
      ['Tile (2,1): not read yet', 'Kernel a.k of graph g'],
    ]);
  });

  test('a driver that claims too many columns or rows is not believed', () => {
    const huge = partition({ startCol: 0, numCols: 2 ** 31 }, 2 ** 31);
    const { rows } = drawPicture({ ...nothing, board: { partitions: [huge], columns: huge.columns } }, plain);
    expect(rows.length).toBeLessThanOrEqual(64);
    expect(rows[0]?.cells.length).toBeLessThanOrEqual(256);
    expect(partitionTiles(huge).length).toBeLessThanOrEqual(64 * 256);
  });
});
