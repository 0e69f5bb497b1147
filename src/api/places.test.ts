import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MemoryGeometry } from '../model/geometry.ts';
import { ApiError } from './api-error.ts';
import { askedPlace, rangeIn } from './places.ts';

const l10n = { t: (text: string) => text };
const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 2,
  numCols: 3,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 64,
  tileBase: 0,
};
const good = { board: 'one', partition: '2_3', memory: 'data', offset: 0, length: 1 };

describe('[live-11] places that other programs ask for', () => {
  test('are those of the memory: any other is refused, whatever it is', () => {
    const number = fc.oneof(
      fc.integer({ min: -2, max: 400 }),
      fc.constantFrom(2 ** 31, 2 ** 53, 0.5, Number.NaN, '1'),
    );
    const tile = fc.option(fc.record({ col: number, row: number }), { nil: undefined });
    fc.assert(
      fc.property(number, number, tile, (offset, length, at) => {
        const asked = { ...good, offset, length, ...(at === undefined ? {} : { tile: at }) };
        const whole = (value: unknown): value is number =>
          typeof value === 'number' && Number.isInteger(value);
        const isTile =
          at === undefined ||
          (whole(at.col) && whole(at.row) && at.col >= 2 && at.col < 5 && at.row >= 1 && at.row < 3);
        const size = at === undefined ? 384 : 64;
        const isGood =
          isTile && whole(offset) && whole(length) && offset >= 0 && length > 0 && offset + length <= size;
        let found: unknown;
        try {
          found = rangeIn(geometry, askedPlace(asked, 1 << 20, l10n), l10n);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
        const start = at === undefined ? 0 : ((Number(at.col) - 2) * 2 + Number(at.row) - 1) * 64;
        expect(found).toEqual(isGood ? { offset: start + Number(offset), length } : undefined);
      }),
      { numRuns: 2000 },
    );
  });

  test('have names that a resource can have', () => {
    for (const other of [{ board: '../x' }, { partition: 'A' }, { memory: 'all' }, { board: 7 }]) {
      expect(() => askedPlace({ ...good, ...other }, 4, l10n)).toThrow(ApiError);
    }
    for (const nothing of [undefined, null, 'one', []]) {
      expect(() => askedPlace(nothing, 4, l10n)).toThrow(ApiError);
    }
    expect(askedPlace({ ...good, more: 1 }, 4, l10n)).toEqual(good);
  });
});
