/** The values of a plot as CSV, in parts. Knows bytes and their states; not where they are from, where the file goes. */

import { isUnreadable, stateBits } from '../byte-state.ts';
import { elementType, numberBytes } from '../compare/element.ts';
import { hexNumber } from '../numbers.ts';
import { offsetOfValue, type PlotChoice, plotLayout } from './choice.ts';
import type { ReadBytes } from './series.ts';

/** Lines of a part. */
const partLines = 4096;

/**
 * A line for each value: row, column, offset in the run, and the number, two of a complex value; at last `outdated` for a
 * value with bytes of an earlier epoch. A value of which a byte was not read has no number. Whole numbers are exact; NaN and
 * infinities are written as such. All values are there, also those that are too many to be drawn.
 */
export function* plotCsv(choice: PlotChoice, { base, flags }: ReadBytes): Generator<string> {
  const layout = plotLayout(choice, base.length, Number.POSITIVE_INFINITY);
  const type = elementType(choice.cells);
  const bytes = numberBytes(base);
  const { name } = choice.cells;
  yield `row,column,offset,${layout.isComplex ? `${name}.re,${name}.im` : name},outdated\n`;
  let lines: string[] = [];
  for (let value = 0; value < layout.count; value++) {
    const at = offsetOfValue(layout, value);
    const own = flags.subarray(at, at + layout.cellBytes);
    const isOutdated = own.some((flag) => (flag & stateBits.stale) !== 0);
    const isThere = own.every((flag) => (flag & stateBits.known) !== 0 && !isUnreadable(flag));
    const numbers = isThere ? type.numbers(bytes, at) : [];
    const texts = layout.isComplex
      ? [numbers[0], numbers[1]]
      : [numbers[layout.perCell === 1 ? 0 : value % layout.perCell]];
    const place = [Math.floor(value / layout.columns), value % layout.columns, hexNumber(at, 4)];
    const shown = texts.map((one) => (one === undefined ? '' : String(one)));
    lines.push([...place, ...shown, isThere && isOutdated ? 'outdated' : ''].join(','));
    if (lines.length < partLines) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
