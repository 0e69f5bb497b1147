import { describe, expect, test } from 'vitest';
import {
  isKeptTile,
  type KeptFolder,
  type KeptTile,
  keptTileName,
  removeOldTiles,
  tilesToRemove,
} from './kept-tiles.ts';

const file = (at: number, size = 10): KeptTile => ({ name: keptTileName({ col: 1, row: 2 }, at), size, at });
const now = 1_000_000;
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
    expect(tilesToRemove(files, 4, now, 1000)).toEqual([]);
    expect(times(tilesToRemove(files, 2, now, 1000))).toEqual([1, 2]);
    expect(times(tilesToRemove(files, 4, now, 29))).toEqual([1, 2]);
    expect(times(tilesToRemove([file(1), file(2), file(3, 500)], 4, now, 29))).toEqual([1, 2]);
    expect(tilesToRemove([], 1, now, 0)).toEqual([]);
  });

  test('stay for a minute: two watches that keep a tile in the same moment leave both, whatever the limit', () => {
    const files = [file(now - 5), file(now - 59_999), file(now - 60_000), file(now + 1000)];
    expect(times(tilesToRemove(files, 1, now))).toEqual([now - 60_000]);
    expect(times(tilesToRemove(files, 1, now + 60_000))).toEqual([now - 60_000, now - 59_999, now - 5]);
  });

  test('are removed one by one: one that cannot be removed keeps no other, and nothing but files of watches goes', async () => {
    const names = [1, 2, 3, 4, 5, 6].map((at) => file(at).name);
    const [held = '', gone = '', folderOfName = '', shown = ''] = names;
    const removed: string[] = [];
    const notes: unknown[] = [];
    const folder: KeptFolder = {
      entries: async () =>
        [...names, 'mine.aiesnap'].map((name) => ({ name, isFile: name !== folderOfName })),
      stat: async (name) => {
        if (name === gone) throw new Error('gone');
        return { size: 10, at: names.indexOf(name) + 1 };
      },
      isShown: (name) => name === shown,
      remove: async (name) => {
        if (name === held) throw new Error('held');
        removed.push(name);
      },
    };
    await removeOldTiles(folder, 1, now, (error) => notes.push(error));
    expect(removed).toEqual([file(5).name]);
    expect(notes).toEqual([new Error('held')]);
    names.unshift(file(0).name);
    removed.length = 0;
    await removeOldTiles(
      { ...folder, stat: async (name) => ({ size: 10, at: names.indexOf(name) }) },
      1,
      now,
      () => 0,
    );
    expect(new Set(removed), 'those behind one that is held').toEqual(
      new Set([file(0), file(2), file(5)].map(({ name }) => name)),
    );
  });
});
