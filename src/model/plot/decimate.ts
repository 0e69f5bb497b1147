/**
 * What of very many values is drawn where there are only so many pixels: nothing that a picture of all of them would show is
 * lost. Knows numbers and pixels; gaps are NaN.
 */
import { type Span, shareOf } from './span.ts';

/** Every `step`-th of some values, from number `first` on. */
export interface Picked {
  readonly values: Float64Array;
  readonly first: number;
  readonly step: number;
  /** How many there are. */
  readonly count: number;
}

/** Points, one after the other. */
export interface Points {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** Values of a column of pixels of which each is drawn: more are told by their ends. */
const drawnAll = 4;
/** Numbers that stand for a column of pixels: first, lowest, highest and last value, and a gap. */
const perColumn = 5;

/**
 * The line through the picked values whose numbers lie in the span, and one more at each end. Of each column of pixels the
 * first, the lowest, the highest and the last value are there, at their own places, and one NaN if it has gaps.
 *
 * @param pixels columns of pixels, at least 1
 */
export function decimatedLine(
  { values, first, step, count }: Picked,
  [low, high]: Span,
  pixels: number,
): Points {
  const from = Math.min(count, Math.max(0, Math.floor(low)));
  const to = Math.max(from, Math.min(count, Math.ceil(high) + 1));
  const n = to - from;
  const at = (i: number): number => values[first + step * i] ?? Number.NaN;
  if (n <= drawnAll * pixels) {
    const x = Float64Array.from({ length: n }, (_, i) => from + i);
    return { x, y: x.map(at) };
  }
  const x = new Float64Array(perColumn * pixels);
  const y = new Float64Array(perColumn * pixels);
  let length = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const begin = from + Math.floor((n * pixel) / pixels);
    const end = from + Math.floor((n * (pixel + 1)) / pixels);
    let [head, tail, least, most, gap] = [-1, -1, -1, -1, -1];
    let [leastValue, mostValue] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = begin, k = first + step * begin; i < end; i++, k += step) {
      const value = values[k] ?? Number.NaN;
      if (Number.isNaN(value)) {
        if (gap < 0) gap = i;
        continue;
      }
      if (head < 0) head = i;
      tail = i;
      if (value < leastValue) [leastValue, least] = [value, i];
      if (value > mostValue) [mostValue, most] = [value, i];
    }
    let before = -1;
    for (const i of [head, least, most, tail, gap].sort((a, b) => a - b)) {
      if (i < 0 || i === before) continue;
      before = i;
      x[length] = i;
      y[length] = at(i);
      length++;
    }
  }
  // Copies: what is sent of a part of an array is all of it.
  return { x: x.slice(0, length), y: y.slice(0, length) };
}

/** A part of a plane, and how many pixels it has. */
export interface Plane {
  readonly x: Span;
  readonly y: Span;
  readonly width: number;
  readonly height: number;
}

/** Points with the number of the pair that each is. */
export interface NumberedPoints extends Points {
  readonly at: Float64Array;
}

/** Of the pairs that lie in the plane the first one of each pixel, ascending in x. A pair with a gap is no point. */
export function decimatedPoints(xs: Picked, ys: Picked, { x, y, width, height }: Plane): NumberedPoints {
  const [columns, rows] = [Math.max(1, Math.floor(width)), Math.max(1, Math.floor(height))];
  const pickedAt = ({ values, first, step }: Picked, i: number): number =>
    values[first + step * i] ?? Number.NaN;
  const pixel = (value: number, span: Span, count: number): number =>
    Math.min(count - 1, Math.floor(shareOf(value, span, 0) * count));
  /** For each pixel, column after column, the number of its pair and 1; 0 without one. */
  const taken = new Uint32Array(columns * rows);
  let length = 0;
  for (let i = 0; i < Math.min(xs.count, ys.count); i++) {
    const [a, b] = [pickedAt(xs, i), pickedAt(ys, i)];
    // Comparisons with NaN are false.
    if (!(a >= x[0] && a <= x[1] && b >= y[0] && b <= y[1])) continue;
    const place = pixel(a, x, columns) * rows + pixel(b, y, rows);
    if (taken[place] !== 0) continue;
    taken[place] = i + 1;
    length++;
  }
  const at = new Float64Array(length);
  let found = 0;
  for (let column = 0; column < columns; column++) {
    const begin = found;
    for (const number of taken.subarray(column * rows, (column + 1) * rows))
      if (number > 0) at[found++] = number - 1;
    at.subarray(begin, found).sort((a, b) => pickedAt(xs, a) - pickedAt(xs, b));
  }
  return { x: at.map((i) => pickedAt(xs, i)), y: at.map((i) => pickedAt(ys, i)), at };
}

/** A table of values, row after row; the last row may be shorter. */
export interface Table {
  readonly values: Float64Array;
  readonly columns: number;
  readonly rows: number;
}

/** Fields of equal size that cover a part of a table. */
export interface Fields {
  /** The columns and rows of the table that they cover. */
  readonly x: Span;
  readonly y: Span;
  readonly width: number;
  readonly height: number;
  /** Row after row; NaN where there is no number. */
  readonly values: Float64Array;
  /** Which value of the table each is; -1 where there is none. */
  readonly at: Float64Array;
}

/**
 * The part of a table in the plane in as many fields as there are pixels, at most one for each value. A field that stands for
 * several values shows the one that is farthest from `usual`, so that no single one is lost.
 */
export function decimatedTable({ values, columns, rows }: Table, plane: Plane, usual: number): Fields {
  const inside = ([from, to]: Span, end: number): Span => {
    const low = Math.min(end, Math.max(0, Math.floor(from)));
    return [low, Math.min(end, Math.max(low, Math.ceil(to)))];
  };
  const [x, y] = [inside(plane.x, columns), inside(plane.y, rows)];
  const width = Math.min(x[1] - x[0], Math.max(1, Math.floor(plane.width)));
  const height = Math.min(y[1] - y[0], Math.max(1, Math.floor(plane.height)));
  const shown = new Float64Array(width * height).fill(Number.NaN);
  const at = new Float64Array(width * height).fill(-1);
  const far = new Float64Array(width * height).fill(-1);
  const fieldOf = Uint32Array.from({ length: x[1] - x[0] }, (_, i) =>
    Math.floor((i * width) / (x[1] - x[0])),
  );
  for (let row = y[0]; row < y[1]; row++) {
    const line = Math.floor(((row - y[0]) * height) / (y[1] - y[0])) * width;
    for (let column = x[0]; column < x[1]; column++) {
      const index = row * columns + column;
      if (index >= values.length) break;
      const field = line + (fieldOf[column - x[0]] ?? 0);
      const value = values[index] ?? Number.NaN;
      if (Number.isNaN(value)) {
        if ((at[field] ?? -1) < 0) at[field] = index;
        continue;
      }
      const distance = Math.abs(value / 2 - usual / 2);
      if (distance <= (far[field] ?? -1)) continue;
      far[field] = distance;
      shown[field] = value;
      at[field] = index;
    }
  }
  return { x, y, width, height, values: shown, at };
}
