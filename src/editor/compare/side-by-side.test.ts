import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { stateBits } from '../../model/byte-state.ts';
import { locate, type MemoryGeometry, totalBytes } from '../../model/geometry.ts';
import { besideOffset, expectedMemory, expectedSnapshot, onlyTile } from './side-by-side.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 3,
  numCols: 4,
  startRow: 1,
  numRows: 3,
  bytesPerTile: 0x40,
  tileBase: 0,
};

describe('the other side of a comparison', () => {
  test('[names-6] each expected byte is in its tile, all others are missing', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const offset = random.below(totalBytes(geometry));
      const most = totalBytes(geometry) - offset;
      const length = 1 + random.below(random.below(2) === 0 ? most : Math.min(most, 0x50));
      const bytes = random.bytes(length);
      const states = Uint8Array.from({ length }, () => (random.below(5) === 0 ? 0 : stateBits.known));
      const isAllKnown = seed % 3 === 0;
      const side = isAllKnown ? { bytes } : { bytes, states };
      const { memory, start } = expectedMemory(geometry, { offset, length }, side);
      expect(memory.bytes.length).toBe(totalBytes(memory.geometry));
      const missing = new Set(
        memory.missing.flatMap((run) => Array.from({ length: run.length }, (_, i) => run.offset + i)),
      );
      const isRight = (at: number): boolean => {
        const i = at - start;
        const isThere = i >= 0 && i < length && (isAllKnown || states[i] !== 0);
        if (!isThere || missing.has(at)) return isThere !== missing.has(at);
        const [own, other] = [locate(memory.geometry, at), locate(geometry, offset + i)];
        const isSameTile = own.tile.col === other.tile.col && own.tile.row === other.tile.row;
        return memory.bytes[at] === bytes[i] && isSameTile && own.offset === other.offset;
      };
      expect([...memory.bytes.keys()].filter((at) => !isRight(at))).toEqual([]);
      const ends = [offset, offset + length - 1].map((one) => locate(geometry, one).tile);
      const isOneTile = JSON.stringify(ends[0]) === JSON.stringify(ends[1]);
      expect(memory.geometry.numCols * memory.geometry.numRows === 1).toBe(isOneTile);
      expect(onlyTile(geometry, { offset, length })).toEqual(isOneTile ? ends[0] : undefined);
    }
  });

  test('[names-6] has the names and the kernels of the memory that it is compared with', () => {
    const expected = expectedMemory(geometry, { offset: 0x40, length: 8 }, { bytes: new Uint8Array(8) });
    const snapshot = expectedSnapshot(expected, 'golden.npy', 5, {
      partition: '3_4',
      generation: 'aie',
      array: undefined,
      names: (tile) => [
        { kind: 'buffer', name: 'out', tile, memory: 'data', offset: 0, size: 8, sizeFrom: 'elf' },
      ],
      tileName: ({ col, row }) => `k${col}${row}`,
    });
    const tile = { col: 3, row: 2 };
    expect(snapshot.names.map((name) => name.tile)).toEqual([tile]);
    expect(snapshot.kernels).toEqual([{ tile, name: 'k32' }]);
    expect(snapshot.partition.columns).toEqual({ startCol: 3, numCols: 1 });
  });

  test('[names-6] bytes stand beside each other both ways, within what an editor shows', () => {
    const ranges = { own: { offset: 0x100, length: 0x20 }, other: 0x10 };
    const shown = { offset: 0, length: 0x40 };
    expect(besideOffset(0x108, ranges, true, shown)).toBe(0x18);
    expect(besideOffset(0x18, ranges, false, { offset: 0xc0, length: 0x80 })).toBe(0x108);
    expect(besideOffset(0x20, ranges, true, shown)).toBe(0);
    expect(besideOffset(0x1000, ranges, true, shown)).toBe(0x3f);
  });
});
