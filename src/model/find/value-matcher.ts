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

type Numeric = number | bigint;

/** What a number has to be. Both ends of a range belong to it; one that is missing is open. */
export type NumberTest =
  | { readonly kind: 'nan' }
  | { readonly kind: 'range'; readonly least: Numeric | undefined; readonly most: Numeric | undefined }
  | { readonly kind: 'near'; readonly wanted: Numeric; readonly by: Tolerance };

/** What one cell has to be. */
interface CellTest {
  /** One number that fits is enough; else all have to. */
  readonly any: boolean;
  /** For each number of the cell. */
  readonly parts: readonly NumberTest[];
}

/** What was typed for cells that stand one after the other. */
export interface TypedValues {
  readonly type: ElementType;
  readonly tests: readonly CellTest[];
  /** Hits begin at multiples of so many bytes, counted from the first byte of their tile. */
  readonly align: number;
}

/** Finds cells one after the other. */
export interface ValueMatcher extends Matcher {
  /** As in `TypedValues`. */
  readonly align: number;
}

/**
 * Cells one after the other, each of which is what was typed for it: a value (`12.34`, rounded as if typed into a
 * cell), one with a tolerance (`12.34~0.01`), a range (`1.0..2.0`, `..5`, `1..`; both ends belong to it), `NaN`. Words stand
 * between blanks or commas. In a cell of several numbers a range or `NaN` fits where one of them does. Zero equals minus
 * zero, NaN any NaN. Throws NoPattern for anything else.
 *
 * @param align 0: cells begin at multiples of their size
 */
export function typedValues(text: string, choice: CellChoice, align: number): TypedValues {
  const format = cellFormat(choice, true);
  const type = elementType(choice);
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  if (words.length === 0) throw new NoPattern({ kind: 'empty' });
  const tests = words.map((word) => testOf(word, format, type));
  return { type, tests, align: align === 0 ? format.bytes : align };
}

/** Whether a number is what is asked for. */
export function fitsNumber(test: NumberTest, one: Numeric): boolean {
  switch (test.kind) {
    case 'nan':
      return Number.isNaN(one);
    case 'range':
      return (test.least === undefined || one >= test.least) && (test.most === undefined || one <= test.most);
    case 'near':
      return !isApart(one, test.wanted, test.by);
  }
}

/** Searches for such cells. */
export function valueMatcher({ type, tests, align }: TypedValues): ValueMatcher {
  const length = tests.length * type.bytes;
  const fits = ({ any, parts }: CellTest, numbers: readonly Numeric[]): boolean => {
    const fitsPart = (one: Numeric, i: number): boolean => {
      const test = parts[i];
      return test !== undefined && fitsNumber(test, one);
    };
    return any ? numbers.some(fitsPart) : numbers.every(fitsPart);
  };
  return {
    length,
    align,
    find(bytes, from, to, budget) {
      const cells = numberBytes(bytes);
      let at = from;
      for (; at <= to - length && budget.left > 0; at += align) {
        const other = tests.findIndex((test, i) => !fits(test, type.numbers(cells, at + i * type.bytes)));
        if (other < 0) return { at, isHit: true };
        budget.left -= (other + 1) * termWork;
      }
      return { at, isHit: false };
    },
  };
}

/** What a typed word asks of a cell. */
function testOf(word: string, format: CellFormat, type: ElementType): CellTest {
  const numbersOf = (typed: string): readonly Numeric[] => {
    const parsed = format.parse(typed);
    if (!(parsed instanceof Uint8Array))
      throw new NoPattern({ kind: 'no-value', value: typed, refusal: parsed });
    return type.numbers(numberBytes(parsed), 0);
  };
  const anyOf = (test: NumberTest): CellTest => ({
    any: true,
    parts: Array.from({ length: type.parts }, () => test),
  });
  const range = word.split('..');
  if (range.length === 2) {
    const [least, most] = range.map((end) => (end === '' ? undefined : numbersOf(end)[0]));
    // NaN is neither below nor above anything: a range with such an end is empty, too.
    const isEmpty = least === undefined || most === undefined ? least === most : !(least <= most);
    if (isEmpty) throw new NoPattern({ kind: 'empty-range', value: word });
    return anyOf({ kind: 'range', least, most });
  }
  const [value = '', by, ...more] = word.split('~');
  const tolerance: Tolerance = by === undefined ? exact : { absolute: Number(by), relative: 0 };
  if (by?.trim() === '' || more.length > 0 || !(tolerance.absolute >= 0)) {
    throw new NoPattern({ kind: 'no-tolerance', value: word });
  }
  const wanted = numbersOf(value);
  if (wanted.some((one) => Number.isNaN(one))) return anyOf({ kind: 'nan' });
  return { any: false, parts: wanted.map((one) => ({ kind: 'near', wanted: one, by: tolerance })) };
}
