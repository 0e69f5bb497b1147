import { describe, expect, test } from 'vitest';
import { characterBytes, digitValue, parseCharacters, parseHex, typeDigit } from './typing.ts';

describe('[main-18] digits', () => {
  test('the first waits, the second completes the byte', () => {
    const first = typeDigit(undefined, 7, 0xa);
    expect(first).toEqual({ kind: 'pending', pending: { offset: 7, high: 10 } });
    if (first.kind !== 'pending') return;
    expect(typeDigit(first.pending, 7, 5)).toEqual({ kind: 'byte', offset: 7, value: 0xa5 });
  });

  test('a digit that waits elsewhere is forgotten', () => {
    expect(typeDigit({ offset: 7, high: 10 }, 8, 1)).toEqual({
      kind: 'pending',
      pending: { offset: 8, high: 1 },
    });
  });

  test('only hexadecimal digits count', () => {
    expect(['0', '9', 'a', 'F', 'g', ' ', 'Enter', ''].map(digitValue)).toEqual([
      0,
      9,
      10,
      15,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('[main-18] pasted text', () => {
  const bytes = (text: string) => parseHex(text)?.runs.map((run) => [run.at, ...run.bytes]);

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
    expect(parseHex('01 02 ?? ·· 05')).toEqual({
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
      expect(parseHex(text), text).toBeUndefined();
    }
  });

  test('characters become their bytes', () => {
    expect(parseCharacters('AB')?.runs[0]?.bytes).toEqual(Uint8Array.of(65, 66));
    expect(characterBytes('é')).toEqual(Uint8Array.of(0xc3, 0xa9));
    expect(parseCharacters('')).toBeUndefined();
  });
});
