import { expect, test } from 'vitest';
import { hexDigits, hexNumber, hexPairs, parseDecimal, parseHex } from './numbers.ts';

test('[shape-5] numbers and bytes are written in hexadecimal in one way', () => {
  expect(hexDigits(0x1f, 4)).toBe('001F');
  expect(hexDigits(0x1f, 1, false)).toBe('1f');
  expect(hexNumber(0)).toBe('0x0');
  expect(hexNumber(0x1a40, 6)).toBe('0x001A40');
  expect(hexNumber(0xffff_ffff_ffff_ffffn, 16)).toBe('0xFFFFFFFFFFFFFFFF');
  expect(hexPairs(Uint8Array.of(0, 0xa7, 0xff))).toBe('00 A7 FF');
  expect(hexPairs(Uint8Array.of(0xa7), false)).toBe('a7');
  expect(hexPairs(new Uint8Array())).toBe('');
});

test('[shape-5] numbers are read from text in one way; what is longer than any number of ours is none', () => {
  expect(parseDecimal('0042')).toBe(42);
  for (const text of ['', '-1', '1.5', '0x10', ' 1', '12345678901'])
    expect(parseDecimal(text)).toBeUndefined();
  expect(parseHex('0x1F')).toBe(0x1f);
  expect(parseHex('00000000000000000000ff')).toBe(0xff);
  for (const text of ['', '0x', 'g', '12345678901234', '0x1 ']) expect(parseHex(text)).toBeUndefined();
});
