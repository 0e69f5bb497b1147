/** How the page's picture becomes another: only what differs travels. Both ends of the channel use this. */
import {
  type ArrayArrow,
  type ArrayCell,
  type ArrayLegend,
  type ArrayPicture,
  cellStates,
} from './messages.ts';

/** Parts of a picture that travel whole when they differ; those that a picture need not have can go. */
const wholeParts = [
  'choices',
  'chosen',
  'title',
  'firstColumn',
  'hangs',
  'warnings',
  'readAt',
  'reading',
  'heat',
  'problem',
  'focused',
] as const;
type WholePart = (typeof wholeParts)[number];

/** The difference between two lists whose lines have keys. */
interface KeyedPatch<T> {
  /** Lines that are new or differ. */
  readonly set: readonly T[];
  /** Keys of removed lines. */
  readonly gone: readonly string[];
}

/** What makes one picture of another. */
export interface PicturePatch {
  readonly parts: Partial<Pick<ArrayPicture, WholePart>>;
  /** Parts that the new picture does not have. */
  readonly without: readonly WholePart[];
  /** All rows, where the grid has another shape. */
  readonly rows?: ArrayPicture['rows'];
  /** Cells that differ, where the shape is the same. */
  readonly cells: readonly ArrayCell[];
  readonly arrows: KeyedPatch<ArrayArrow>;
  readonly legend: KeyedPatch<ArrayLegend>;
}

const cellKey = ({ tile }: ArrayCell): string => `${tile.col},${tile.row}`;

/** Names an arrow among those of a picture. */
export function arrowKey({ from, to }: Pick<ArrayArrow, 'from' | 'to'>): string {
  return `${from.col},${from.row}>${to.col},${to.row}`;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function keyedPatch<T>(before: readonly T[], after: readonly T[], keyOf: (line: T) => string): KeyedPatch<T> {
  const old = new Map(before.map((line) => [keyOf(line), line] as const));
  const set = after.filter((line) => !same(old.get(keyOf(line)), line));
  for (const line of after) old.delete(keyOf(line));
  return { set, gone: [...old.keys()] };
}

/** The list after a patch: lines stay where they were, new ones follow. */
function patched<T>(
  before: readonly T[],
  { set, gone }: KeyedPatch<T>,
  keyOf: (line: T) => string,
): readonly T[] {
  if (set.length === 0 && gone.length === 0) return before;
  const lines = new Map(before.map((line) => [keyOf(line), line] as const));
  for (const key of gone) lines.delete(key);
  for (const line of set) lines.set(keyOf(line), line);
  return [...lines.values()];
}

/** Tiles and kinds of rows: a grid of another shape is sent whole. */
function shapeOf({ rows, firstColumn }: ArrayPicture): string {
  const kinds = rows.map(({ row, kind, computeRow }) => `${row}${kind}${computeRow ?? ''}`);
  return `${firstColumn};${rows[0]?.cells.length ?? 0};${kinds.join()}`;
}

/** What makes `after` of `before`; `undefined` if they are the same. */
export function patchBetween(before: ArrayPicture, after: ArrayPicture): PicturePatch | undefined {
  const parts: Record<string, unknown> = {};
  const without: WholePart[] = [];
  for (const part of wholeParts) {
    if (same(before[part], after[part])) continue;
    if (after[part] === undefined) without.push(part);
    else parts[part] = after[part];
  }
  const isOther = shapeOf(before) !== shapeOf(after);
  const cells = isOther
    ? []
    : keyedPatch(
        before.rows.flatMap((row) => row.cells),
        after.rows.flatMap((row) => row.cells),
        cellKey,
      ).set;
  const arrows = keyedPatch(before.arrows, after.arrows, arrowKey);
  const legend = keyedPatch(before.legend, after.legend, ({ state }) => state);
  const counts = [without, cells, arrows.set, arrows.gone, legend.set, legend.gone].map(
    ({ length }) => length,
  );
  if (!isOther && Object.keys(parts).length === 0 && counts.every((count) => count === 0)) return undefined;
  return { parts, without, cells, arrows, legend, ...(isOther ? { rows: after.rows } : {}) };
}

/** The picture after a patch. What did not change is the same object as before. */
export function patchPicture(before: ArrayPicture, patch: PicturePatch): ArrayPicture {
  const cells = new Map(patch.cells.map((cell) => [cellKey(cell), cell] as const));
  const rows =
    patch.rows ??
    before.rows.map((row) =>
      row.cells.some((cell) => cells.has(cellKey(cell)))
        ? { ...row, cells: row.cells.map((cell) => cells.get(cellKey(cell)) ?? cell) }
        : row,
    );
  const order = (line: ArrayLegend): number => cellStates.indexOf(line.state);
  const legend = patched(before.legend, patch.legend, ({ state }) => state);
  const after: ArrayPicture = {
    ...before,
    ...patch.parts,
    rows,
    arrows: patched(before.arrows, patch.arrows, arrowKey),
    legend: [...legend].sort((a, b) => order(a) - order(b)),
  };
  const gone = new Set<string>(patch.without);
  return gone.size === 0
    ? after
    : (Object.fromEntries(
        Object.entries(after).filter(([part]) => !gone.has(part)),
      ) as unknown as ArrayPicture);
}
