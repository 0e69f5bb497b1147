import { describe, expect, test } from 'vitest';
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { type CellName, hexBytes } from '../../src/model/cells/choices.ts';
import type { Radix } from '../../src/model/cells/format.ts';
import { dropDigit, isDigit, type PendingDigits, pendingText, typeDigit } from './typing.ts';

const hex = cellFormat(hexBytes, true);
const cells = (name: CellName) => cellFormat({ name, order: 'little' }, true);

describe('[main-18] [shape-3] digits', () => {
  test('the first waits, the second completes the byte', () => {
    const first = typeDigit(hex, undefined, 7, 'a');
    expect(first).toEqual({ kind: 'pending', pending: { offset: 7, digits: 'a' } });
    if (first.kind !== 'pending') return;
    expect(pendingText(hex, first.pending, true)).toBe('A_');
    expect(typeDigit(hex, first.pending, 7, '5')).toEqual({
      kind: 'cell',
      offset: 7,
      parsed: Uint8Array.of(0xa5),
    });
  });

  test('all digits of a word are waited for, in the order in which they are shown', () => {
    let pending: PendingDigits | undefined;
    for (const digit of '4145') {
      const typed = typeDigit(cells('hex32'), pending, 4, digit);
      pending = typed.kind === 'pending' ? typed.pending : undefined;
    }
    if (pending === undefined) throw new Error('no digit waits');
    expect(pendingText(cells('hex32'), pending, true)).toBe('4145____');
    expect(dropDigit(pending)).toEqual({ offset: 4, digits: '414' });
    expect(dropDigit({ offset: 4, digits: '4' })).toBeUndefined();
    const done = typeDigit(cells('hex32'), { offset: 4, digits: '414570A' }, 4, '4');
    expect(done).toMatchObject({ kind: 'cell', parsed: Uint8Array.of(0xa4, 0x70, 0x45, 0x41) });
  });

  test('digits that make no value are refused', () => {
    expect(typeDigit(cells('oct8'), { offset: 0, digits: '77' }, 0, '7')).toMatchObject({
      kind: 'cell',
      parsed: { kind: 'outside', least: '000', most: '377' },
    });
  });

  test('a digit that waits elsewhere is forgotten', () => {
    expect(typeDigit(hex, { offset: 7, digits: 'a' }, 8, '1')).toEqual({
      kind: 'pending',
      pending: { offset: 8, digits: '1' },
    });
  });

  test('only digits of the radix count', () => {
    const keys = ['0', '7', '9', 'a', 'F', 'g', ' ', 'Enter', ''];
    const digits = (radix: Radix) => keys.filter((key) => isDigit(key, radix)).join('');
    expect([digits(16), digits(8), digits(2)]).toEqual(['079aF', '07', '0']);
  });
});
