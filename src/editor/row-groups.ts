/** Rows of a long list, and groups of them where they are many. Knows no VS Code, and not what a row is. */
import { mostRows } from './list-limits.ts';

/** Some of the items of a list, by number. */
export interface Items {
  readonly first: number;
  readonly count: number;
}

/**
 * A row for each item; where they are many, a row for each group of them, below which is the same again.
 *
 * @param group the row of some items, and what is below it
 */
export function rowsOf<R>(
  { first, count }: Items,
  row: (item: number) => R,
  group: (items: Items, below: () => readonly R[]) => R,
): R[] {
  if (count <= mostRows) return Array.from({ length: count }, (_, i) => row(first + i));
  let size = mostRows;
  while (count / size > mostRows) size *= mostRows;
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const items = { first: first + i * size, count: Math.min(size, count - i * size) };
    return group(items, () => rowsOf(items, row, group));
  });
}
