import { describe, expect, test } from 'vitest';
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { type CellName, hexBytes } from '../../src/model/cells/choices.ts';
import type { Radix } from '../../src/model/cells/format.ts';
import {
  characterBytes,
  dropDigit,
  isDigit,
  type PendingDigits,
  parseCells,
  parseCharacters,
  pendingText,
  typeDigit,
} from './typing.ts';

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

describe('[main-18] pasted text', () => {
  const bytes = (text: string) => parseCells(hex, text)?.runs.map((run) => [run.at, ...run.bytes]);

  test('hexadecimal in the usual spellings', () => {
    const expected = [[0, 0xde, 0xad, 0xbe, 0xef]];
    for (const text of [
      'DE AD BE EF',
      'deadbeef',
      ' de ad\nbe\tef ',
      '0xDE, 0xAD, 0xBE, 0xEF',
      '\\xde\\xad\\xbe\\xef',
      'DEh ADh BEh EFh',
    ]) {
      expect(bytes(text), text).toEqual(expected);
    }
  });

  test('cells that held no byte when they were copied stay untouched', () => {
    expect(parseCells(hex, '01 02 ?? ·· 05')).toEqual({
      runs: [
        { at: 0, bytes: Uint8Array.of(1, 2) },
        { at: 4, bytes: Uint8Array.of(5) },
      ],
      length: 5,
    });
  });

  test('anything else is refused, not guessed', () => {
    const initialiser = 'uint8_t a[] = { 0xDE, 0xAD };';
    const dump = '00000000: 6c6f 7265 6d20 6970  lorem ip';
    for (const text of [
      ...['', '   ', 'hello', '1', '123', '0x', 'DE AD XX', '?? ??'],
      ...['\u{1f600}', 'DE \u{1f600} AD', '{ 0xDE, 0xAD }', initialiser, dump, 'DE A', 'DEA DBE', '0xD, 0xA'],
    ]) {
      expect(parseCells(hex, text), text).toBeUndefined();
    }
  });

  test('[shape-3] values of the format, in memory order; those without one stay untouched', () => {
    expect(parseCells(cells('float32'), '12.34  -0\n?? NaN:7FC00001')).toEqual({
      runs: [
        { at: 0, bytes: Uint8Array.of(0xa4, 0x70, 0x45, 0x41, 0, 0, 0, 0x80) },
        { at: 12, bytes: Uint8Array.of(1, 0, 0xc0, 0x7f) },
      ],
      length: 16,
    });
    expect(parseCells(cells('int16'), '1, -2; 0x10')?.runs).toEqual([
      { at: 0, bytes: Uint8Array.of(1, 0, 0xfe, 0xff, 0x10, 0) },
    ]);
    for (const text of ['DE AD', '1 2 x', '??', '70000', '1e5']) {
      expect(parseCells(cells('int16'), text), text).toBeUndefined();
    }
  });

  test('characters become their bytes', () => {
    expect(parseCharacters('AB')?.runs[0]?.bytes).toEqual(Uint8Array.of(65, 66));
    expect(characterBytes('é')).toEqual(Uint8Array.of(0xc3, 0xa9));
    expect(parseCharacters('')).toBeUndefined();
  });
});
