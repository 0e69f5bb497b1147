import { describe, expect, test, vi } from 'vitest';
import { stateBits, unreadableState } from '../model/byte-state.ts';
import type { ByteRange, MemoryGeometry } from '../model/geometry.ts';

vi.mock('vscode', () => ({ l10n: { t: (message: string) => message } }));
const { exportPieces } = await import('./exports.ts');
const { importPlan } = await import('./imports.ts');

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 2,
  numCols: 1,
  startRow: 1,
  numRows: 3,
  bytesPerTile: 0x10000,
  tileBase: 0,
};
const memory = Uint8Array.from({ length: 0x30000 }, (_, i) => (i * 7) >> 4);

describe('exported bytes', () => {
  const bytesOf =
    (missing: ByteRange, staged = -1) =>
    ({ offset, length }: ByteRange) => {
      const flags = new Uint8Array(length).fill(stateBits.known);
      for (let at = missing.offset; at < missing.offset + missing.length; at++) {
        if (at >= offset && at < offset + length)
          flags[at - offset] = at === staged ? stateBits.staged : unreadableState('gated');
      }
      const bytes = memory.slice(offset, offset + length);
      return { offset, bytes, base: bytes, flags };
    };
  const all = { offset: 0, length: memory.length };
  const none = { offset: 0, length: 0 };

  test('[names-9] are pieces of tiles, in order, with their places; addresses count in one tile or in the memory', () => {
    const pieces = [...exportPieces(geometry, [all], 4, true, bytesOf(none))];
    expect(Buffer.compare(Buffer.concat(pieces.map(({ bytes }) => bytes)), memory)).toBe(0);
    expect(pieces.every(({ bytes }) => bytes.length <= 48 * 1024)).toBe(true);
    for (const { tile, offset, address } of pieces) expect(address).toBe((tile.row - 1) * 0x10000 + offset);
    const one = [...exportPieces(geometry, [{ offset: 0x10010, length: 32 }], 4, true, bytesOf(none))];
    expect(one.map(({ tile, offset, address }) => [tile.row, offset, address])).toEqual([[2, 0x10, 0x10]]);
  });

  test('[hex-7] of several runs are theirs, one after the other; addresses count in one tile if all of them are in it', () => {
    const runs = [
      { offset: 0x10010, length: 4 },
      { offset: 0x10020, length: 8 },
    ];
    const pieces = [...exportPieces(geometry, runs, 4, true, bytesOf(none))];
    expect(pieces.map(({ offset, address, bytes }) => [offset, address, bytes.length])).toEqual([
      [0x10, 0x10, 4],
      [0x20, 0x20, 8],
    ]);
    const apart = [
      ...exportPieces(geometry, [...runs, { offset: 0x20000, length: 4 }], 4, true, bytesOf(none)),
    ];
    expect(apart.map(({ address }) => address)).toEqual([0x10010, 0x10020, 0x20000]);
  });

  test('leave out values of which a byte is not there, or have zeros in their place; staged bytes are there', () => {
    const missing = { offset: 0x20, length: 8 };
    const range = { offset: 0x10, length: 0x40 };
    const left = [...exportPieces(geometry, [range], 4, true, bytesOf({ offset: 0x22, length: 4 }))];
    expect(left.map(({ offset, bytes }) => [offset, bytes.length])).toEqual([
      [0x10, 0x10],
      [0x28, 0x28],
    ]);
    const [whole] = [...exportPieces(geometry, [range], 4, false, bytesOf(missing))];
    const expected = memory.slice(0x10, 0x50);
    expected.fill(0, 0x10, 0x18);
    expect(whole?.bytes).toEqual(expected);
    const typed = [
      ...exportPieces(
        geometry,
        [{ offset: 0x24, length: 4 }],
        1,
        true,
        bytesOf({ offset: 0x24, length: 1 }, 0x24),
      ),
    ];
    expect(typed.map(({ bytes }) => bytes.length)).toEqual([4]);
  });
});

describe('what an import would change', () => {
  test('[names-9] is what differs from what is shown, where a byte can be edited, and the file has one', () => {
    const { known, staged } = stateBits;
    const shown = {
      bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7),
      flags: Uint8Array.of(known, known, 0, unreadableState('gated'), staged, known, known),
    };
    const side = { bytes: new Uint8Array(7).fill(9), states: Uint8Array.of(1, 1, 1, 1, 1, 0, 1) };
    expect(importPlan(shown, side)).toEqual({
      changes: [
        { offset: 0, length: 2 },
        { offset: 4, length: 1 },
        { offset: 6, length: 1 },
      ],
      barred: 2,
    });
    expect(importPlan(shown, { bytes: shown.bytes })).toEqual({ changes: [], barred: 2 });
  });
});
