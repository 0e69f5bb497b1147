import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import type { MemoryGeometry } from '../../model/geometry.ts';
import { tileStart, tiles } from '../../model/geometry.ts';
import { arrayThumbnail, thumbnailSvg, tileThumbnail } from './thumbnail.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 4,
  numCols: 3,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 0x1000,
  tileBase: 0,
};

/** How many of some bytes are marked. */
const shareOf = (marks: Uint8Array) => (from: number, to: number) =>
  marks.subarray(from, to).reduce((sum, mark) => sum + mark, 0) / (to - from);

describe('a thumbnail', () => {
  test('[names-5] of a tile has its bytes line by line, each byte in one part', () => {
    for (const size of [0x1000, 0x4000]) {
      const random = new Random(size);
      const marks = Uint8Array.from({ length: size }, () => Number(random.below(20) === 0));
      const { shares, columns, rows } = tileThumbnail(size, shareOf(marks));
      expect([shares.length, columns, rows]).toEqual([256, 16, 16]);
      const at = marks.findIndex((mark) => mark === 1);
      expect(shares[Math.floor((at * 256) / size)]).toBeGreaterThan(0);
      expect(shares.every((share, i) => share > 0 === marksOf(marks, i) > 0)).toBe(true);
    }
  });

  test('[names-5] of an array has its columns from the left and its rows from below', () => {
    for (const tile of tiles(geometry)) {
      const marks = new Uint8Array(6 * 0x1000);
      marks[tileStart(geometry, tile) + 5] = 1;
      const { shares, columns, rows } = arrayThumbnail(geometry, shareOf(marks));
      expect([columns, rows]).toEqual([3, 2]);
      const wanted = (1 - (tile.row - 1)) * 3 + (tile.col - 4);
      expect(shares.map((share, i) => (share > 0 ? i : -1)).filter((i) => i >= 0)).toEqual([wanted]);
    }
  });

  test('[names-5] as a picture shows what differs, more of it stronger, and nothing else', () => {
    const svg = thumbnailSvg(
      { columns: 2, rows: 2, shares: [0, 1, 0.01, 0] },
      { differs: '#f00', border: '#00f' },
    );
    expect(
      [...svg.matchAll(/x="(\d)" y="(\d)" width="1" height="1" fill-opacity="([\d.]+)"/g)].map((m) =>
        m.slice(1),
      ),
    ).toEqual([
      ['1', '0', '1.00'],
      ['0', '1', '0.60'],
    ]);
    expect(svg).toContain('stroke="#00f"');
  });
});

function marksOf(marks: Uint8Array, part: number): number {
  const [from, to] = [part, part + 1].map((i) => Math.floor((i * marks.length) / 256));
  return marks.subarray(from, to).reduce((sum, mark) => sum + mark, 0);
}
