/** Conditions on a value of memory: what a person types, and whether they hold. Knows bytes and formats only. */
import type { CellFormat } from './cells/format.ts';

const operators = ['!=', '<=', '>=', '=', '<', '>'] as const;

/** What has to be true of a value. `value` is a text that the format reads. */
export type WatchCondition =
  | { readonly kind: 'changed' }
  | { readonly kind: 'nan' }
  | { readonly kind: 'compared'; readonly operator: (typeof operators)[number]; readonly value: string };

/**
 * Reads a condition: `changed`, `NaN`, or an operator and a value of the format. `undefined` for anything else. Values of
 * several numbers (complex, blocks, vectors) are equal or not; they have no order.
 */
export function parseCondition(typed: string, format: CellFormat): WatchCondition | undefined {
  const text = typed.trim();
  const word = text.toLowerCase();
  if (word === 'changed') return { kind: 'changed' };
  if (word === 'nan') return format.isInteger ? undefined : { kind: 'nan' };
  const [, sign = '', value = ''] = /^(!=|<=|>=|==|=|<|>)\s*(.+)$/.exec(text) ?? [];
  const operator = operators.find((one) => one === (sign === '==' ? '=' : sign));
  const bytes = operator === undefined ? undefined : format.parse(value);
  if (operator === undefined || !(bytes instanceof Uint8Array)) return undefined;
  const hasOrder = format.numbers(bytes, 0).length === 1;
  if (!hasOrder && operator !== '=' && operator !== '!=') return undefined;
  return { kind: 'compared', operator, value };
}

/** A condition as it is typed. */
export function conditionText(condition: WatchCondition): string {
  if (condition.kind === 'compared') return `${condition.operator} ${condition.value}`;
  return condition.kind === 'nan' ? 'NaN' : 'changed';
}

/**
 * Whether the condition holds for a value (`bytes` has the format's length). NaN equals nothing, and is neither less nor more.
 *
 * @param before the value of the look before; undefined at the first
 */
export function isMet(
  condition: WatchCondition,
  format: CellFormat,
  bytes: Uint8Array,
  before: Uint8Array | undefined,
): boolean {
  if (condition.kind === 'changed') return before?.some((byte, i) => byte !== bytes[i]) === true;
  const numbers = format.numbers(bytes, 0);
  if (condition.kind === 'nan') return numbers.some((one) => Number.isNaN(one));
  const wanted = format.parse(condition.value);
  if (!(wanted instanceof Uint8Array)) return false;
  const others = format.numbers(wanted, 0);
  const isEqual = numbers.every((one, i) => {
    const other = others[i];
    return other !== undefined && one <= other && one >= other;
  });
  const [one = Number.NaN] = numbers;
  const [other = Number.NaN] = others;
  switch (condition.operator) {
    case '=':
      return isEqual;
    case '!=':
      return !isEqual;
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    case '>=':
      return one >= other;
  }
}
