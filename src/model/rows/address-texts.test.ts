import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { addressKinds } from '../address-kinds.ts';
import type { AddressNotation } from '../addresses.ts';
import { type MemoryGeometry, totalBytes } from '../geometry.ts';
import { addressWidth, rowAddress } from './address-texts.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 30,
  numCols: 8,
  startRow: 3,
  numRows: 8,
  bytesPerTile: 0x10000,
  tileBase: 0,
};
const all = { offset: 0, length: totalBytes(geometry) };
const notations = addressKinds.flatMap((kind) =>
  (['aie', 'aieml', 'unknown'] as const).flatMap((generation) =>
    [false, true].map(
      (decimal): AddressNotation => ({ space: { geometry, generation }, kind, decimal, upperCase: true }),
    ),
  ),
);

describe('[hex-3] addresses as text', () => {
  test('all rows of a memory have addresses of one width', () => {
    const below = dice(53);
    for (const notation of notations) {
      const width = addressWidth(notation, all);
      for (let i = 0; i < 100; i++)
        expect(rowAddress(notation, width, below(all.length))).toHaveLength(width);
    }
    const axi: AddressNotation = {
      space: { geometry, generation: 'aieml' },
      kind: 'axi',
      decimal: false,
      upperCase: true,
    };
    expect(rowAddress(axi, addressWidth(axi, all), 7 * 8 * 0x10000 + 7 * 0x10000)).toBe('02004AA00000');
  });
});
