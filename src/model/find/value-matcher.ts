/** Values of a type: which were typed, and where such values stand. Knows no memory. */

import { cellFormat } from '../cells/cell-format.ts';
import type { CellChoice } from '../cells/choices.ts';
import type { CellFormat } from '../cells/format.ts';
import {
  type ElementType,
  elementType,
  exact,
  isApart,
  numberBytes,
  type Tolerance,
} from '../compare/element.ts';
import type { Matcher } from './byte-matcher.ts';
import { NoPattern } from './query.ts';

/** What it takes to read a cell and to compare it, in units of a `Budget`. */
const termWork = 32;

/** Whether the numbers of one cell are what was typed. */
type Term = (numbers: readonly (number | bigint)[]) => boolean;

/** Finds cells one after the other. */
export interface ValueMatcher extends Matcher {
  /** Hits begin at multiples of so many bytes, counted from the first byte of their tile. */
  readonly align: number;
}

/**
 * Searches for cells one after the other, each of which is what was typed for it: a value (`12.34`, rounded as if typed into a
 * cell), one with a tolerance (`12.34~0.01`), a range (`1.0..2.0`, `..5`, `1..`; both ends belong to it), `NaN`. Words stand
 * between blanks or commas. In a cell of several numbers a range or `NaN` fits where one of them does. Zero equals minus
 * zero, NaN any NaN. Throws NoPattern for anything else.
 *
 * @param align 0: cells begin at multiples of their size
 */
export function valueMatcher(text: string, choice: CellChoice, align: number): ValueMatcher {
  const format = cellFormat(choice, true);
  const type = elementType(choice);
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length === 0) throw new NoPattern({ kind: 'empty' });
  const terms = words.map((word) => termOf(word, format, type));
  const length = terms.length * format.bytes;
  const step = align === 0 ? format.bytes : align;
  return {
    length,
    align: step,
    find(bytes, from, to, budget) {
      const cells = numberBytes(bytes);
      let at = from;
      for (; at <= to - length && budget.left > 0; at += step) {
        const other = terms.findIndex((term, i) => !term(type.numbers(cells, at + i * format.bytes)));
        if (other < 0) return { at, isHit: true };
        budget.left -= (other + 1) * termWork;
      }
      return { at, isHit: false };
    },
  };
}

/** What a typed word asks of a cell. */
function termOf(word: string, format: CellFormat, type: ElementType): Term {
  const numbersOf = (typed: string): readonly (number | bigint)[] => {
    const parsed = format.parse(typed);
    if (!(parsed instanceof Uint8Array))
      throw new NoPattern({ kind: 'no-value', value: typed, refusal: parsed });
    return type.numbers(numberBytes(parsed), 0);
  };
  const range = word.split('..');
  if (range.length === 2) {
    const [least, most] = range.map((end) => (end === '' ? undefined : numbersOf(end)[0]));
    // NaN is neither below nor above anything: a range with such an end is empty, too.
    const isEmpty = least === undefined || most === undefined ? least === most : !(least <= most);
    if (isEmpty) throw new NoPattern({ kind: 'empty-range', value: word });
    return (numbers) =>
      numbers.some((one) => (least === undefined || one >= least) && (most === undefined || one <= most));
  }
  const [value = '', by, ...more] = word.split('~');
  const tolerance: Tolerance = by === undefined ? exact : { absolute: Number(by), relative: 0 };
  if (by?.trim() === '' || more.length > 0 || !(tolerance.absolute >= 0)) {
    throw new NoPattern({ kind: 'no-tolerance', value: word });
  }
  const wanted = numbersOf(value);
  if (wanted.some((one) => Number.isNaN(one))) return (numbers) => numbers.some((one) => Number.isNaN(one));
  return (numbers) => numbers.every((one, i) => !isApart(one, wanted[i] ?? 0, tolerance));
}
