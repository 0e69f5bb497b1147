import { expect, test } from 'vitest';
import { cellFormat } from './cell-format.ts';
import type { CellName } from './choices.ts';
import { classOf } from './value-class.ts';

const of = (name: CellName, ...bytes: number[]) =>
  classOf(cellFormat({ name, order: 'little' }, true), Uint8Array.from([0x55, ...bytes]), 1);

test('[hex-1] the class of a value: zero, negative, text, no ordinary value, or none', () => {
  expect(of('hex8', 0)).toBe('zero');
  expect(of('hex8', 0x41)).toBe('text');
  expect(of('hex8', 0x7f)).toBeUndefined();
  expect(of('hex8', 0xff)).toBe('special');
  expect(of('hex16', 0x41, 0x41)).toBeUndefined();
  expect(of('int16', 0xff, 0xff)).toBe('negative');
  expect(of('uint16', 0xff, 0xff)).toBeUndefined();
  expect(of('float32', 0, 0, 0xc0, 0x7f), 'NaN').toBe('special');
  expect(of('float32', 0, 0, 0x80, 0x7f), 'infinity').toBe('special');
  expect(of('float32', 0, 0, 0x80, 0xff), 'minus infinity').toBe('special');
  expect(of('float32', 0, 0, 0, 0x80), 'minus zero').toBe('zero');
  expect(of('float32', 0, 0, 0x80, 0xbf)).toBe('negative');
  expect(of('cint16', 1, 0, 0xff, 0xff), 'a part is negative').toBe('negative');
});
