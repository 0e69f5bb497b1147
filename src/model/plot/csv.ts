/** The values of a plot as CSV, in parts. Knows bytes and their states; not where they are from, where the file goes. */

import { isUnreadable, stateBits } from '../byte-state.ts';
import { elementType, numberBytes } from '../compare/element.ts';
import { hexNumber } from '../numbers.ts';
import { offsetOfValue, type PlotChoice, plotLayout } from './choice.ts';
import type { ReadBytes } from './series.ts';

/** Lines of a part. */
const partLines = 4096;

/**
 * A line for each value: row, column, offset in the run, and the number, two of a complex value. A value of which a byte was
 * not read has none. Whole numbers are exact; NaN and infinities are written as such.
 */
export function* plotCsv(choice: PlotChoice, { base, flags }: ReadBytes): Generator<string> {
  const layout = plotLayout(choice, base.length);
  const type = elementType(choice.cells);
  const bytes = numberBytes(base);
  const { name } = choice.cells;
  yield `row,column,offset,${layout.isComplex ? `${name}.re,${name}.im` : name}\n`;
  let lines: string[] = [];
  for (let value = 0; value < layout.count; value++) {
    const at = offsetOfValue(layout, value);
    const isThere = flags
      .subarray(at, at + layout.cellBytes)
      .every((flag) => (flag & stateBits.known) !== 0 && !isUnreadable(flag));
    const numbers = isThere ? type.numbers(bytes, at) : [];
    const texts = layout.isComplex
      ? [numbers[0], numbers[1]]
      : [numbers[layout.perCell === 1 ? 0 : value % layout.perCell]];
    const place = [Math.floor(value / layout.columns), value % layout.columns, hexNumber(at, 4)];
    lines.push([...place, ...texts.map((one) => (one === undefined ? '' : String(one)))].join(','));
    if (lines.length < partLines) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
