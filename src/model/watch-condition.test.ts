import { describe, expect, test } from 'vitest';
import { cellFormat } from './cells/cell-format.ts';
import type { CellName } from './cells/choices.ts';
import { conditionText, isMet, parseCondition } from './watch-condition.ts';

/** Whether a typed condition holds for a typed value. */
function check(name: CellName, condition: string, value: string, before?: string): boolean | undefined {
  const format = cellFormat({ name, order: 'little' }, true);
  const bytes = (text: string): Uint8Array => {
    const parsed = format.parse(text);
    if (!(parsed instanceof Uint8Array)) throw new Error(`${text} is no ${name}`);
    return parsed;
  };
  const parsed = parseCondition(condition, format);
  if (parsed === undefined) return undefined;
  expect(parseCondition(conditionText(parsed), format)).toEqual(parsed);
  return isMet(parsed, format, bytes(value), before === undefined ? undefined : bytes(before));
}

describe('[live-9] conditions of watches', () => {
  test.each<[CellName, string, string, boolean]>([
    ['int32', '!= 0', '0', false],
    ['int32', '!= 0', '-1', true],
    ['int32', '== -1', '-1', true],
    ['uint32', '= 4294967295', '4294967295', true],
    ['int32', '<0', '-5', true],
    ['int32', '<= 7', '7', true],
    ['int32', '> 7', '7', false],
    ['uint64', '>= 18446744073709551615', '18446744073709551615', true],
    ['uint64', '> 9007199254740993', '9007199254740992', false],
    ['float32', 'nan', 'NaN', true],
    ['float32', 'NaN', '1', false],
    ['float32', '!= 0', 'NaN', true],
    ['float32', '> 0', 'NaN', false],
    ['float32', '= 0.1', '0.1', true],
    ['hex32', '= DEADBEEF', 'DEADBEEF', true],
  ])('%s %s of %s is %s', (name, condition, value, expected) => {
    expect(check(name, condition, value)).toBe(expected);
  });

  test('changed compares with the look before, and with none at the first', () => {
    expect(check('int16', 'changed', '5')).toBe(false);
    expect(check('int16', 'changed', '5', '5')).toBe(false);
    expect(check('int16', 'Changed', '5', '4')).toBe(true);
  });

  test('values of several numbers are equal or not', () => {
    const format = cellFormat({ name: 'cint16', order: 'little' }, true);
    const one = format.format(Uint8Array.of(1, 0, 2, 0), 0);
    expect(check('cint16', `= ${one}`, one)).toBe(true);
    expect(check('cint16', `!= ${one}`, format.format(Uint8Array.of(1, 0, 3, 0), 0))).toBe(true);
    expect(check('cint16', `< ${one}`, one)).toBeUndefined();
  });

  test.each(['', '!=', '= x', 'sometimes', '!! 3', '= 300', 'NaN'])('%j is none for a byte', (text) => {
    expect(check('uint8', text, '3')).toBeUndefined();
  });
});
