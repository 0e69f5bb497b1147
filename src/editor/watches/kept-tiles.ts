/** The files in which watches keep tiles: how they are called, and which of them go. Knows no bytes and no folder. */
import type { Tile } from '../../model/geometry.ts';
import { whole } from '../../model/shapes.ts';

/** Files in one folder, together: bytes. */
const mostKeptBytes = 64 * 1024 * 1024;
/** How many files are kept where the setting says nothing that counts. */
export const usualKept = 50;
/** `tilescope.watchSnapshots`. */
export const keptShape = whole(1, 1000);

/** A file of the folder. */
export interface KeptTile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, ms since 1970. */
  readonly at: number;
}

/** What the file of a tile is called that is kept now (`at`: ms since 1970). */
export function keptTileName(tile: Tile, at: number): string {
  const time = new Date(at).toISOString().slice(0, 23).replace(/[:T.]/g, '-');
  return `watch-${tile.col}-${tile.row}-${time}.aiesnap`;
}

/** Whether a watch wrote the file. */
export function isKeptTile(name: string): boolean {
  return /^watch-\d+-\d+-[\d-]+\.aiesnap$/.test(name);
}

/** The files that go: the oldest, until no more than `most` files and `bytes` are left. The newest one stays in any case. */
export function tilesToRemove(
  files: readonly KeptTile[],
  most: number,
  bytes = mostKeptBytes,
): readonly KeptTile[] {
  const newestFirst = [...files].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  let size = 0;
  const first = newestFirst.findIndex((file, i) => {
    size += file.size;
    return i > 0 && (i >= most || size > bytes);
  });
  return first < 0 ? [] : newestFirst.slice(first);
}
