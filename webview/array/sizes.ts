/** How wide and high the cells are, in pixels, so that an array of any shape fits a narrow sidebar. Pure. */

/** A cell of the shown partition is at least this wide; then the grid scrolls sideways. */
export const narrowestCell = 6;
/** A column that is not part of the partition is at least this wide. */
export const narrowestOther = 3;
const widestCell = 28;
const lowestCell = 14;
/** In a view that is too low for that, cells are at least this high. */
const lowestShortCell = 6;
/** Columns of other partitions give way once the cells of this one would be narrower than this. */
const comfortable = 20;

/** Sizes of one drawing, pixels. */
export interface GridSizes {
  /** Left edge of each column, and the right edge of the last. */
  readonly edges: readonly number[];
  /** Width of a cell of the partition. */
  readonly cell: number;
  /** Height of every cell. */
  readonly height: number;
  /** Every how many columns a number fits below. */
  readonly numberEvery: number;
}

/** What limits the cells. */
export interface GridLimits {
  /** The height that a row may have so that all are in view, pixels. */
  readonly rowHeight?: number;
  /** The most that a cell may be wide, pixels. */
  readonly widest?: number;
  /** Columns that are not part of the partition take no width. */
  readonly alone?: boolean;
}

/**
 * Sizes for columns of which `inside` says whether they belong to the shown partition. `available` is the width for the
 * cells, pixels.
 */
export function gridSizes(
  available: number,
  inside: readonly boolean[],
  { rowHeight = Number.POSITIVE_INFINITY, widest = widestCell, alone = false }: GridLimits = {},
): GridSizes {
  const shown = inside.filter(Boolean).length;
  const others = alone ? 0 : inside.length - shown;
  const least = alone ? 0 : narrowestOther;
  const even = Math.floor(available / Math.max(shown + others, 1));
  let other = alone ? 0 : Math.min(Math.max(even, least), widest);
  let cell = Math.min(even, widest);
  if (even < comfortable && shown > 0) {
    const wish = Math.floor((available - others * least) / shown);
    cell = Math.min(Math.max(wish, narrowestCell), widest);
    const left = Math.floor((available - cell * shown) / Math.max(others, 1));
    other = alone ? 0 : Math.min(Math.max(left, least), cell);
  }
  cell = Math.max(cell, narrowestCell);
  const edges = [0];
  let x = 0;
  for (const isInside of inside) {
    x += isInside ? cell : other;
    edges.push(x);
  }
  return {
    edges,
    cell,
    height: Math.max(
      Math.min(Math.max(cell, lowestCell), widestCell, Math.floor(rowHeight)),
      lowestShortCell,
    ),
    numberEvery: cell >= 18 ? 1 : cell >= 10 ? 2 : 5,
  };
}
