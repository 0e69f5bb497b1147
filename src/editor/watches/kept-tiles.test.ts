import { describe, expect, test } from 'vitest';
import { isKeptTile, type KeptTile, keptTileName, tilesToRemove } from './kept-tiles.ts';

const file = (at: number, size = 10): KeptTile => ({ name: keptTileName({ col: 1, row: 2 }, at), size, at });
const times = (files: readonly KeptTile[]) => files.map(({ at }) => at).sort((a, b) => a - b);

describe('[live-9] files that watches write', () => {
  test('are told from those of a person by their names', () => {
    const name = keptTileName({ col: 6, row: 2 }, Date.UTC(2031, 0, 2, 3, 4, 5, 67));
    expect(name).toBe('watch-6-2-2031-01-02-03-04-05-067.aiesnap');
    expect(isKeptTile(name)).toBe(true);
    for (const other of [`my ${name}`, `${name}.part`, 'watch-6-2-mine.aiesnap', 'board-2031.aiesnap']) {
      expect(isKeptTile(other)).toBe(false);
    }
  });

  test('go when there are too many or they are too large, the oldest first; the newest one stays', () => {
    const files = [file(3), file(1), file(4), file(2)];
    expect(tilesToRemove(files, 4, 1000)).toEqual([]);
    expect(times(tilesToRemove(files, 2, 1000))).toEqual([1, 2]);
    expect(times(tilesToRemove(files, 4, 29))).toEqual([1, 2]);
    expect(times(tilesToRemove([file(1), file(2), file(3, 500)], 4, 29))).toEqual([1, 2]);
    expect(tilesToRemove([], 1, 0)).toEqual([]);
  });
});
