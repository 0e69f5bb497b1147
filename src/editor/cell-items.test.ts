import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cellNames, hexBytes } from '../model/cells/choices.ts';
import { cellItems } from './cell-items.ts';

const l10n = {
  t: (text: string, ...args: (string | number)[]) =>
    text.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
};

describe('[shape-3] what Cells... offers', () => {
  test('every format once, in groups, with its size; the present one is marked', () => {
    const items = cellItems({ name: 'hex8', order: 'little' }, l10n);
    expect(items.flatMap(({ choice }) => choice?.name ?? [])).toEqual(cellNames);
    expect(items.filter(({ choice }) => choice === undefined).map(({ label }) => label)).toEqual([
      'Hexadecimal',
      'Unsigned integers',
      'Signed integers',
      'Floating point',
      'Complex numbers',
      'Bits',
      'Octal',
    ]);
    expect(items[1]).toEqual({
      label: 'hex8',
      description: '1 byte, shown now',
      choice: { name: 'hex8', order: 'little' },
    });
    expect(items.find(({ label }) => label === 'bfloat16')?.description).toBe('2 bytes');
  });

  test('the other order of bytes for the present format, where it has one', () => {
    expect(cellItems({ name: 'float32', order: 'little' }, l10n)[0]).toEqual({
      label: 'Big-endian',
      description: 'keeps float32, turns the order of its bytes',
      choice: { name: 'float32', order: 'big' },
    });
    const big = cellItems({ name: 'float32', order: 'big' }, l10n);
    expect(big[0]).toMatchObject({ label: 'Little-endian', choice: { name: 'float32', order: 'little' } });
    expect(big.slice(1).every(({ choice }) => choice === undefined || choice.order === 'big')).toBe(true);
    expect(cellItems({ name: 'uint8', order: 'big' }, l10n)[0]?.choice).toBeUndefined();
  });
});

test('[shape-3] the setting offers the same formats', () => {
  const { contributes } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { properties } = contributes.configuration;
  expect(properties['tilescope.cells'].enum).toEqual(cellNames);
  expect(properties['tilescope.cells'].default).toBe(hexBytes.name);
  expect(properties['tilescope.byteOrder'].default).toBe(hexBytes.order);
});
