/** Arrays to look at: of any shape, with one of every state, and two tiles that wait for each other. */

import type { ArrayPicture, ArrayWarning, CellState } from '../../src/array/messages.ts';
import { drawPicture, partitionTiles } from '../../src/array/picture.ts';
import { plain } from '../../src/array/test-bench.ts';
import type { PartitionInfo } from '../../src/board/board.ts';
import { type ArrayShape, type ColumnRange, type Tile, tileKind } from '../../src/model/geometry.ts';
import { ofAllTiles, ofTile } from '../../src/model/heat-texts.ts';
import type { TileStatus, WaitEdge } from '../../src/model/status/status.ts';

export interface Sample {
  readonly numCols: number;
  readonly memoryRows: number;
  readonly coreRows: number;
  readonly columns: ColumnRange;
  /** Rows of the shown partition, from the lowest; all if absent. */
  readonly rows?: number;
  readonly others?: readonly ColumnRange[];
  /** The tiles that wait in a circle, each for the next; none if absent. */
  readonly hang?: readonly Tile[];
  readonly warnings?: readonly ArrayWarning[];
}

export const vck190: Sample = {
  numCols: 50,
  memoryRows: 0,
  coreRows: 8,
  columns: { startCol: 0, numCols: 50 },
  hang: [
    { col: 6, row: 3 },
    { col: 6, row: 4 },
  ],
};

export const vek280: Sample = {
  numCols: 38,
  memoryRows: 2,
  coreRows: 8,
  columns: { startCol: 0, numCols: 38 },
  hang: [
    { col: 20, row: 5 },
    { col: 21, row: 5 },
  ],
};

/** Four columns of an array that says nothing about the rest. */
export const small: Sample = {
  numCols: 0,
  memoryRows: 0,
  coreRows: 8,
  columns: { startCol: 6, numCols: 4 },
  hang: [
    { col: 6, row: 3 },
    { col: 6, row: 4 },
  ],
};

/** Four of 38 columns, beside another partition. */
export const part: Sample = {
  ...vek280,
  columns: { startCol: 6, numCols: 4 },
  others: [{ startCol: 20, numCols: 8 }],
  hang: [
    { col: 6, row: 3 },
    { col: 6, row: 4 },
  ],
};

/** Four tiles in a square, each waiting for the next. */
export const ring: Sample = {
  ...vek280,
  columns: { startCol: 0, numCols: 8 },
  numCols: 8,
  hang: [
    { col: 3, row: 4 },
    { col: 3, row: 5 },
    { col: 4, row: 5 },
    { col: 4, row: 4 },
  ],
};

/** Eight columns, two of the four rows with cores; two tiles side by side wait for each other. */
export const flat: Sample = {
  numCols: 8,
  memoryRows: 1,
  coreRows: 2,
  columns: { startCol: 0, numCols: 8 },
  hang: [
    { col: 3, row: 2 },
    { col: 4, row: 2 },
  ],
};

function partition(columns: ColumnRange, numRows: number): PartitionInfo {
  return {
    key: `${columns.startCol}_${columns.numCols}`,
    id: columns.startCol,
    columns,
    startRow: 0,
    numRows,
    inUse: true,
    ownerGone: false,
    picked: false,
    clocksOn: false,
    epoch: '1',
  };
}

function same(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}

/** What a tile does, by its place: most run, some of every other state. */
function activityAt({ col, row }: Tile, kind: TileStatus['kind']): CellState {
  if (kind !== 'core') return (col + row) % 3 === 0 ? 'idle' : 'running';
  const states: readonly CellState[] = ['done', 'idle', 'error', 'halted', 'stalled', 'unreadable'];
  if (col % 13 === 12) return 'gated';
  return (col * 7 + row * 3) % 17 === 0 ? (states[(col + row) % states.length] ?? 'idle') : 'running';
}

/** The picture of a sample. */
export function sampleOf(sample: Sample, heat?: (tile: Tile) => number): ArrayPicture {
  const { numCols, memoryRows, coreRows, columns } = sample;
  const shape: ArrayShape = {
    numCols,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: memoryRows },
    core: { start: 1 + memoryRows, count: coreRows },
  };
  const numRows = 1 + memoryRows + coreRows;
  const shown = partition(columns, sample.rows ?? numRows);
  const partitions = [shown, ...(sample.others ?? []).map((range) => partition(range, numRows))];
  const hang = sample.hang ?? [];
  const waits = (tile: Tile) => hang.some((one) => same(one, tile));
  const states = new Map<TileStatus, CellState>();
  const statuses = partitionTiles(shown).map((tile): TileStatus => {
    const kind = tileKind(shape, tile.row);
    const state = waits(tile) ? 'stalled' : activityAt(tile, kind);
    const to = hang[(hang.findIndex((one) => same(one, tile)) + 1) % hang.length];
    const direction =
      to === undefined
        ? 'north'
        : to.col > tile.col
          ? 'east'
          : to.col < tile.col
            ? 'west'
            : to.row > tile.row
              ? 'north'
              : 'south';
    const status: TileStatus = {
      tile,
      kind,
      source: 'registers',
      ...(state === 'gated' ? { reason: 'gated' } : {}),
      ...(kind === 'core'
        ? {
            core: {
              state: state === 'stalled' ? 'lock-stall' : 'running',
              enabled: true,
              stalls: waits(tile) ? [{ kind: 'lock', on: direction }] : [],
              flags: [],
              unknownBits: 0,
              pc: 0x1a0 + tile.col * 16,
              sp: 0x38020,
              lr: 0x90,
            },
          }
        : {}),
      locks: [
        { index: 0, value: 1, text: '' },
        { index: 3, value: waits(tile) ? 0 : 1, acquired: waits(tile), text: '' },
      ],
      channels: [
        { direction: 's2mm', channel: 0, state: 'running', stalledOnLock: false, currentDescriptor: 2 },
        { direction: 'mm2s', channel: 0, state: 'idle', stalledOnLock: false },
      ],
      descriptors: [],
      events: [],
      errors: [],
      unparsed: [],
    };
    states.set(status, state);
    return status;
  });
  const edges = hang.map(
    (from, i): WaitEdge => ({
      from,
      to: hang[(i + 1) % hang.length] ?? from,
      what: 'core',
      lock: 5 - 2 * (i % 2),
    }),
  );
  const beside = { col: columns.startCol + 2, row: shown.numRows - 1 };
  edges.push({ from: beside, to: { ...beside, row: beside.row - 1 }, what: 'core' });
  return drawPicture(
    {
      choices: partitions.map((info) => ({
        key: `${info.columns.startCol}`,
        label: `vck190-lab · Columns ${info.columns.startCol} to ${info.columns.startCol + info.columns.numCols - 1} · in use by graph.elf (1234)`,
      })),
      chosen: `${columns.startCol}`,
      title: `vck190-lab, columns ${columns.startCol} to ${columns.startCol + columns.numCols - 1}`,
      board: { shape, partitions, columns },
      statuses,
      names: () => [],
      activity: (status) => states.get(status) ?? 'unknown',
      edges,
      cycles: hang.length === 0 ? [] : [hang],
      warnings: sample.warnings ?? [],
      readAt: 'Read at 14:03:27',
      reading: false,
      heat: (tile) => {
        const step = heat?.(tile) ?? 0;
        return step === 0 ? undefined : { step, text: ofTile(step, undefined, plain) };
      },
      ...(heat && {
        heatText: {
          text: ofAllTiles(0, false, plain),
          isKnown: true,
        },
      }),
    },
    plain,
  );
}
