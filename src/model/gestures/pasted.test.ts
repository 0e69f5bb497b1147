import { describe, expect, test } from 'vitest';
import { cellFormat } from '../cells/cell-format.ts';
import { type CellName, hexBytes } from '../cells/choices.ts';
import { characterBytes, parseCells, parseCharacters } from './pasted.ts';

const hex = cellFormat(hexBytes, true);
const cells = (name: CellName) => cellFormat({ name, order: 'little' }, true);

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
