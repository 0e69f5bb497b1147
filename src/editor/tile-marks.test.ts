import { expect, test } from 'vitest';
import { dice } from '../../test/conformance/random.ts';
import { pageBytes, unreadableState } from '../model/byte-state.ts';
import { HitList } from '../model/find/hit-list.ts';
import {
  type ByteRange,
  formatTile,
  type MemoryGeometry,
  tileCount,
  tiles,
  totalBytes,
} from '../model/geometry.ts';
import { endOf } from '../model/ranges.ts';
import { tileMarks } from './messages.ts';
import { TileMarks, withBookmarks, withHits } from './tile-marks.ts';

/** Tiles of which two share a page, and such as lie across the borders of pages. */
const geometries = [2048, 6144, 0x2000].map(
  (bytesPerTile): MemoryGeometry => ({
    type: 'data',
    startCol: 3,
    numCols: 3,
    startRow: 1,
    numRows: 4,
    bytesPerTile,
    tileBase: 0,
  }),
);

test('[hex-2] the marks of the tiles are those of a naive look at every byte, whatever changes and however little is looked at (seed 77)', () => {
  const below = dice(77);
  for (const geometry of geometries) {
    const size = totalBytes(geometry);
    const flags = new Uint8Array(size);
    const ticks = new Uint32Array(size);
    const staged = new Uint8Array(size);
    const conflicts = new Uint8Array(size);
    const cut = <T extends Uint8Array | Uint32Array>(plane: T, { offset, length }: ByteRange) =>
      plane.subarray(offset, offset + length) as T;
    const count = (plane: Uint8Array, range: ByteRange) => cut(plane, range).filter((one) => one > 0).length;
    const source = {
      bytes: (range: ByteRange) => ({ flags: cut(flags, range) }),
      changes: (range: ByteRange) => {
        expect(Math.floor(range.offset / pageBytes)).toBe(
          Math.floor((range.offset + range.length - 1) / pageBytes),
        );
        return { ticks: cut(ticks, range), since: 5 };
      },
      counts: (range: ByteRange) => ({ staged: count(staged, range), conflicts: count(conflicts, range) }),
    };
    const naive = (since: number | undefined) =>
      Array.from({ length: size / geometry.bytesPerTile }, (_, tile) => {
        let marks = 0;
        for (let at = tile * geometry.bytesPerTile; at < (tile + 1) * geometry.bytesPerTile; at++) {
          if (staged[at]) marks |= tileMarks.staged;
          if (conflicts[at]) marks |= tileMarks.conflict;
          if ((ticks[at] ?? 0) > (since ?? 5)) marks |= tileMarks.changed;
          if (flags[at] === unreadableState('gated')) marks |= tileMarks.unreadable;
        }
        return marks;
      });
    const map = new TileMarks(geometry);
    for (let step = 0; step < 60; step++) {
      const range = { offset: below(size), length: 1 };
      const plane = [staged, conflicts, flags][below(4)];
      if (plane === undefined) ticks[range.offset] = below(12);
      else if (plane === flags) flags[range.offset] = unreadableState(below(2) === 0 ? 'gated' : 'not-read');
      else plane[range.offset] = below(2);
      map.changed([range]);
      const before = [...map.marks];
      let isOther = false;
      while (map.isBehind)
        isOther = map.update(source, undefined, below(3) * geometry.bytesPerTile) || isOther;
      expect([...map.marks], `step ${step}`).toEqual(naive(undefined));
      expect(isOther).toBe(before.join() !== [...map.marks].join());
      const shown = { offset: below(size), length: 1 };
      shown.length += below(size - shown.offset);
      const [first, last] = [shown.offset, endOf(shown) - 1].map((at) =>
        Math.floor(at / geometry.bytesPerTile),
      );
      const marks = naive(undefined).filter((_, tile) => tile >= (first ?? 0) && tile <= (last ?? 0));
      expect(map.hasChanges(shown), `step ${step}`).toBe(
        marks.some((one) => (one & tileMarks.changed) !== 0),
      );
    }
    map.changed([{ offset: 0, length: size }]);
    while (map.isBehind) map.update(source, 8, size);
    expect([...map.marks]).toEqual(naive(8));
  }
});

test('[hex-2] tiles with a byte of a hit are marked, whatever else is (seed 78)', () => {
  const below = dice(78);
  for (const geometry of geometries) {
    const size = totalBytes(geometry);
    const hits = new HitList();
    const isHit = new Uint8Array(size);
    for (let at = below(5000); at < size - 3000; ) {
      const length = 1 + below(3000);
      hits.add(at, length);
      isHit.fill(1, at, at + length);
      at += length + below(9000);
    }
    const marks = Uint8Array.from({ length: tileCount(geometry) }, () => below(16));
    const { bytesPerTile } = geometry;
    const naive = marks.map((mark, tile) =>
      isHit.subarray(tile * bytesPerTile, (tile + 1) * bytesPerTile).includes(1)
        ? mark | tileMarks.hit
        : mark,
    );
    expect(withHits(marks, geometry, hits)).toEqual(naive);
    expect(withHits(marks, geometry, undefined)).toEqual(marks);
  }
});

test('[names-8] tiles with a bookmark are marked, whatever else is (seed 79)', () => {
  const below = dice(79);
  for (const geometry of geometries) {
    const marks = Uint8Array.from({ length: tileCount(geometry) }, () => below(32));
    const marked = new Set(
      tiles(geometry)
        .filter(() => below(3) === 0)
        .map(formatTile),
    );
    const naive = tiles(geometry).map(
      (tile, i) => (marks[i] ?? 0) | (marked.has(formatTile(tile)) ? tileMarks.bookmark : 0),
    );
    expect([...withBookmarks(marks, geometry, (tile) => marked.has(formatTile(tile)))]).toEqual(naive);
  }
});
