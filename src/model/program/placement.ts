/**
 * Where a build's tiles lie on a board. A build counts columns from the first one of its partition, and most count rows from
 * the first row of cores. What neither the build nor the board says is asked for, never guessed.
 */
import type { ArrayShape, ColumnRange, Tile } from '../geometry.ts';
import type { Localiser } from '../localiser.ts';
import type { BuildShape, KernelPlace } from './control-config.ts';

/** What a board says about its array. */
export interface BoardShape {
  readonly array?: ArrayShape;
  /** `aie`, `aieml`, `aie2ps`, or `unknown`. */
  readonly generation: string;
  /** The columns of each partition, in any order. */
  readonly partitions: readonly ColumnRange[];
}

/** Why a build's tiles cannot be placed on a board. */
export type PlacementProblem =
  | { readonly kind: 'generation' | 'several-partitions' | 'no-partition' | 'rows-unknown' }
  | { readonly kind: 'several-starts' | 'not-there'; readonly startCols: readonly number[] }
  | { readonly kind: 'rows-differ'; readonly build: number; readonly board: number }
  | { readonly kind: 'too-wide'; readonly startCol: number; readonly lastCol: number };

/** Absolute column and row of the build's column 0 and first row of cores. */
export interface Placed {
  readonly kind: 'placed';
  readonly startCol: number;
  readonly coreStart: number;
}

/** Where a build lies, or why that is not known. */
export type Placement = Placed | { readonly kind: 'unplaced'; readonly problem: PlacementProblem };

/**
 * Places a build on a board.
 * @param columns how many columns from its first one on the build uses
 * @param chosen the first column that a person gave; undefined if none was
 */
export function placeBuild(
  shape: BuildShape,
  columns: number,
  board: BoardShape,
  chosen?: number,
): Placement {
  const problem = (one: PlacementProblem): Placement => ({ kind: 'unplaced', problem: one });
  // `hw_gen` of the two oldest generations is the same everywhere.
  const agrees = (number: number, name: string) =>
    (shape.generation === number) === (board.generation === name);
  const areKnown = shape.generation !== undefined && board.generation !== 'unknown';
  if (areKnown && !(agrees(1, 'aie') && agrees(2, 'aieml'))) return problem({ kind: 'generation' });
  const rows = board.array?.core.start;
  if (shape.coreStart !== undefined && rows !== undefined && shape.coreStart !== rows) {
    return problem({ kind: 'rows-differ', build: shape.coreStart, board: rows });
  }
  const coreStart = shape.coreStart ?? rows;
  if (coreStart === undefined) return problem({ kind: 'rows-unknown' });
  const start = chosen === undefined ? startOf(shape, columns, board.partitions) : chosen;
  if (typeof start !== 'number') return problem(start);
  const numCols = board.array?.numCols ?? 0;
  const lastCol = start + columns - 1;
  if (numCols > 0 && lastCol >= numCols) return problem({ kind: 'too-wide', startCol: start, lastCol });
  return { kind: 'placed', startCol: start, coreStart };
}

/** The first column: the one that the build gives where a partition has it, else that of the only partition. */
function startOf(
  { startCols, numCols }: BuildShape,
  columns: number,
  partitions: readonly ColumnRange[],
): number | PlacementProblem {
  const holds = (range: ColumnRange, start: number): boolean =>
    start >= range.startCol && start + columns <= range.startCol + range.numCols;
  if (startCols.length > 0) {
    const there = startCols.filter((start) => partitions.some((range) => holds(range, start)));
    const [start] = there;
    if (start === undefined) return { kind: 'not-there', startCols };
    return there.length === 1 ? start : { kind: 'several-starts', startCols: there };
  }
  const fitting = partitions.filter(
    (range) => holds(range, range.startCol) && (numCols === undefined || range.numCols === numCols),
  );
  const [only] = fitting;
  if (only === undefined) return { kind: 'no-partition' };
  return fitting.length === 1 ? only.startCol : { kind: 'several-partitions' };
}

/** The absolute place of a kernel's tile. */
export function tileOf(
  { column, row }: Pick<KernelPlace, 'column' | 'row'>,
  { startCol, coreStart }: Placed,
): Tile {
  return { col: startCol + column, row: coreStart + row };
}

/** The problem in a sentence. */
export function placementText(problem: PlacementProblem, l10n: Localiser): string {
  switch (problem.kind) {
    case 'generation':
      return l10n.t('The build is for another generation of AI Engines than this board has.');
    case 'several-partitions':
      return l10n.t('The build does not say at which column it starts, and it fits several partitions.');
    case 'no-partition':
      return l10n.t('The build does not say at which column it starts, and no partition has its columns.');
    case 'rows-unknown':
      return l10n.t('Neither the build nor the board says in which row the cores begin.');
    case 'several-starts':
      return l10n.t(
        'The build can start at more than one column, and partitions have these: {0}.',
        problem.startCols.join(', '),
      );
    case 'not-there':
      return l10n.t(
        'The build starts at column {0}, and no partition has its columns.',
        problem.startCols.join(', '),
      );
    case 'rows-differ':
      return l10n.t(
        'The build is for an array whose cores begin in row {0}; on this board they begin in row {1}.',
        problem.build,
        problem.board,
      );
    case 'too-wide':
      return l10n.t(
        'From column {0} on the build would reach to column {1}, which this board does not have.',
        problem.startCol,
        problem.lastCol,
      );
  }
}
