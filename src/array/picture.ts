/** What the Array view shows, drawn from what is known of a partition. Pure. */

import type { PartitionInfo } from '../board/board.ts';
import { type ArrayShape, type ColumnRange, type Tile, type TileKind, tileKind } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import type { TileStatus, WaitEdge } from '../model/status/status.ts';
import type { TileHeat } from '../session/partition-heat.ts';
import {
  type ArrayArrow,
  type ArrayCell,
  type ArrayChoice,
  type ArrayHang,
  type ArrayHangStep,
  type ArrayLegend,
  type ArrayPicture,
  type ArrayProblem,
  type ArrayRow,
  type ArrayWarning,
  type CellState,
  cellStates,
} from './messages.ts';
import { hangText, locksText, stateName, statusTooltip, tileName, waitText } from './sentences.ts';

/** No array is larger; a driver that says otherwise is not believed. */
const mostColumns = 256;
const mostRows = 64;

/** What is known of the shown partition and its board. */
export interface PictureFacts {
  readonly choices: readonly ArrayChoice[];
  readonly chosen: string;
  readonly title: string;
  /** Unless a partition is shown. */
  readonly board?: {
    /** Absent when neither the driver nor the device tree tells. */
    readonly shape?: ArrayShape;
    readonly partitions: readonly PartitionInfo[];
    readonly columns: ColumnRange;
  };
  /** As last read, in any order; none if nothing was. */
  readonly statuses: readonly TileStatus[];
  /** The kernels of a tile, a line each. */
  readonly names: (tile: Tile) => readonly string[];
  readonly activity: (status: TileStatus) => CellState;
  readonly edges: readonly WaitEdge[];
  /** Tiles that wait in a circle, each in the order of the waits. */
  readonly cycles: readonly (readonly Tile[])[];
  /** What is to be said of single tiles. */
  readonly warnings: readonly ArrayWarning[];
  readonly readAt: string;
  readonly reading: boolean;
  /** Where the memory of the partition's tiles changes; none of cold tiles. */
  readonly heat: (tile: Tile) => TileHeat | undefined;
  readonly heatText?: ArrayPicture['heat'];
  readonly problem?: ArrayProblem;
  readonly focused?: Tile;
}

/** Place of a tile as a map key. */
export function tileKey({ col, row }: Tile): string {
  return `${col},${row}`;
}

function isIn(columns: ColumnRange, col: number): boolean {
  return col >= columns.startCol && col < columns.startCol + columns.numCols;
}

function same(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}

/** Every tile of a partition's columns, shim row included, column by column. */
export function partitionTiles(info: PartitionInfo): Tile[] {
  const tiles: Tile[] = [];
  const { startCol, numCols } = info.columns;
  for (let col = startCol; col < startCol + Math.min(numCols, mostColumns); col++) {
    for (let row = info.startRow; row < info.startRow + Math.min(info.numRows, mostRows); row++) {
      tiles.push({ col, row });
    }
  }
  return tiles;
}

/** Draws the whole picture. */
export function drawPicture(facts: PictureFacts, l10n: Localiser): ArrayPicture {
  const around = {
    choices: facts.choices,
    chosen: facts.chosen,
    title: facts.title,
    readAt: facts.readAt,
    reading: facts.reading,
    ...(facts.heatText === undefined ? {} : { heat: facts.heatText }),
    ...(facts.problem === undefined ? {} : { problem: facts.problem }),
    ...(facts.focused === undefined ? {} : { focused: facts.focused }),
  };
  if (facts.board === undefined) {
    return { ...around, firstColumn: 0, rows: [], arrows: [], hangs: [], warnings: [], legend: [] };
  }
  const { shape, partitions, columns } = facts.board;
  const cycles = facts.cycles.filter((cycle) => cycle.length > 1);
  const hanging = new Set(cycles.flat().map(tileKey));
  const statuses = new Map(facts.statuses.map((status) => [tileKey(status.tile), status] as const));
  const warned = new Set(facts.warnings.map(({ tile }) => tileKey(tile)));
  const extent = extentOf(shape, partitions);
  const counts = new Map<CellState, number>();
  const drawn = new Map<string, CellState>();
  const waits = new Map<string, string[]>();
  for (const edge of facts.edges) {
    const key = tileKey(edge.from);
    waits.set(key, [...(waits.get(key) ?? []), waitText(edge, l10n)]);
  }
  const cell = (tile: Tile, kind: TileKind): ArrayCell => {
    const status = statuses.get(tileKey(tile));
    const state = stateOf(tile, columns, partitions, status, facts.activity);
    counts.set(state, (counts.get(state) ?? 0) + 1);
    drawn.set(tileKey(tile), state);
    const name = l10n.t('{0}: {1}', tileName(tile, kind, l10n), stateName(state, l10n));
    const own = isIn(columns, tile.col);
    const heat = own ? facts.heat(tile) : undefined;
    return {
      tile,
      state,
      hangs: own && hanging.has(tileKey(tile)),
      warns: own && warned.has(tileKey(tile)),
      ...(heat === undefined || heat.step === 0 ? {} : { heat: heat.step }),
      lines: [
        name,
        ...facts.names(tile),
        ...(own && status !== undefined ? statusTooltip(status, l10n) : []),
        ...(own ? (waits.get(tileKey(tile)) ?? []) : []),
        // A reason is said once, where the tile's state says the same.
        ...(heat === undefined || (heat.reason !== undefined && heat.reason === status?.reason)
          ? []
          : [heat.text]),
      ],
    };
  };
  const rows: ArrayRow[] = [];
  for (let row = extent.lastRow; row >= 0; row--) {
    const kind = tileKind(shape, row);
    const cells: ArrayCell[] = [];
    for (let col = extent.firstColumn; col <= extent.lastColumn; col++) cells.push(cell({ col, row }, kind));
    const firstCore = shape?.core.count === 0 ? undefined : shape?.core.start;
    const computeRow = kind === 'core' ? row - (firstCore ?? 1) : -1;
    rows.push({ row, kind, cells, ...(computeRow < 0 ? {} : { computeRow }) });
  }
  return {
    ...around,
    firstColumn: extent.firstColumn,
    rows,
    arrows: arrowsOf(facts.edges, cycles),
    hangs: cycles.map((cycle) => hangOf(cycle, facts.edges, drawn, l10n)),
    warnings: facts.warnings,
    legend: legendOf(counts, l10n),
  };
}

function extentOf(
  shape: ArrayShape | undefined,
  partitions: readonly PartitionInfo[],
): { firstColumn: number; lastColumn: number; lastRow: number } {
  const ends = partitions.map(({ columns }) => columns.startCol + columns.numCols);
  const starts = partitions.map(({ columns }) => columns.startCol);
  const known = shape !== undefined && shape.numCols > 0;
  const firstColumn = known ? 0 : Math.max(0, Math.min(...starts, mostColumns));
  const end = Math.max(known ? shape.numCols : 0, ...ends, firstColumn + 1);
  const rowEnds = partitions.map(({ startRow, numRows }) => startRow + numRows);
  const shapeEnds =
    shape === undefined
      ? []
      : [shape.shim, shape.memory, shape.core].map(({ start, count }) => start + count);
  const rowEnd = Math.max(1, ...rowEnds, ...shapeEnds);
  return {
    firstColumn,
    lastColumn: Math.min(end, firstColumn + mostColumns) - 1,
    lastRow: Math.min(rowEnd, mostRows) - 1,
  };
}

function stateOf(
  tile: Tile,
  columns: ColumnRange,
  partitions: readonly PartitionInfo[],
  status: TileStatus | undefined,
  activity: (status: TileStatus) => CellState,
): CellState {
  const owner = partitions.find(
    (info) =>
      isIn(info.columns, tile.col) && tile.row >= info.startRow && tile.row < info.startRow + info.numRows,
  );
  if (!isIn(columns, tile.col)) return owner === undefined ? 'outside' : 'other';
  if (owner === undefined) return 'outside';
  return status === undefined ? 'unknown' : activity(status);
}

function isStepOf(cycle: readonly Tile[], from: Tile, to: Tile): boolean {
  return cycle.some((tile) => same(tile, from)) && cycle.some((tile) => same(tile, to));
}

/** One arrow per pair of tiles; a wait for an own lock has none: its cell says that it waits. */
function arrowsOf(edges: readonly WaitEdge[], cycles: readonly (readonly Tile[])[]): ArrayArrow[] {
  const arrows = new Map<string, ArrayArrow>();
  for (const { from, to } of edges) {
    if (same(from, to)) continue;
    const hangs = cycles.some((cycle) => isStepOf(cycle, from, to));
    arrows.set(`${tileKey(from)}>${tileKey(to)}`, { from, to, hangs });
  }
  return [...arrows.values()];
}

function hangOf(
  cycle: readonly Tile[],
  edges: readonly WaitEdge[],
  states: ReadonlyMap<string, CellState>,
  l10n: Localiser,
): ArrayHang {
  const waits = edges.filter(({ from, to }) => !same(from, to) && isStepOf(cycle, from, to));
  const steps = cycle.map((from, i): ArrayHangStep => {
    const to = cycle[(i + 1) % cycle.length] ?? from;
    const between = waits.filter((edge) => same(edge.from, from) && same(edge.to, to));
    return { from, to, state: states.get(tileKey(from)) ?? 'unknown', label: locksText(between, l10n) };
  });
  return {
    text: hangText(cycle, l10n),
    steps,
    waits: waits.map((edge) => ({ tile: edge.from, text: waitText(edge, l10n) })),
  };
}

function legendOf(counts: ReadonlyMap<CellState, number>, l10n: Localiser): ArrayLegend[] {
  return cellStates.flatMap((state) => {
    const count = counts.get(state) ?? 0;
    return count === 0 ? [] : [{ state, label: stateName(state, l10n), count }];
  });
}
