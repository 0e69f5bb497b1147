/** Columns as a person types them. */
import type { ColumnRange } from '../model/geometry.ts';

/**
 * Reads `4-7` (first and last column), `4, 4` (first column and number of columns) or `4`. `form`: it is none of these;
 * `outside`: it is not inside the run.
 */
export function parseColumns(text: string, run: ColumnRange): ColumnRange | 'form' | 'outside' {
  const match = /^\s*(\d{1,4})\s*(?:([-,\s])\s*(\d{1,4})\s*)?$/.exec(text);
  const first = match?.[1];
  if (first === undefined) return 'form';
  const startCol = Number(first);
  const second = match?.[3] === undefined ? undefined : Number(match[3]);
  const numCols = second === undefined ? 1 : match?.[2] === '-' ? second - startCol + 1 : second;
  if (numCols < 1) return 'form';
  const end = run.startCol + run.numCols;
  if (startCol < run.startCol || startCol + numCols > end) return 'outside';
  return { startCol, numCols };
}

/** The columns as `parseColumns` reads them. */
export function columnsInput({ startCol, numCols }: ColumnRange): string {
  return numCols === 1 ? `${startCol}` : `${startCol}-${startCol + numCols - 1}`;
}
