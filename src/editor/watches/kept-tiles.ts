/** The files in which watches keep tiles: how they are called, and which of them go. Knows no bytes and no VS Code. */
import type { Tile } from '../../model/geometry.ts';
import { whole } from '../../model/shapes.ts';

/** Files in one folder, together: bytes. */
const mostKeptBytes = 64 * 1024 * 1024;
/** How many files are kept where the setting says nothing that counts. */
export const usualKept = 50;
/** A file that was written so long ago was told by all who wrote it, and may go: ms. */
const announced = 60_000;
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

/** The folder in which watches of this window, and perhaps of others, keep tiles. */
export interface KeptFolder {
  /** What is in it, and whether that is a file. */
  entries(): Promise<readonly { readonly name: string; readonly isFile: boolean }[]>;
  stat(name: string): Promise<Omit<KeptTile, 'name'>>;
  /** Whether this window shows the file. */
  isShown(name: string): boolean;
  remove(name: string): Promise<void>;
}

/**
 * Removes the oldest files of watches where there are more than `most`; none that this window shows. Each by itself: another
 * window may have removed it, or may hold it.
 * @param note told what a file could not be removed for
 */
export async function removeOldTiles(
  folder: KeptFolder,
  most: number,
  now: number,
  note: (error: unknown) => void,
): Promise<void> {
  const names = (await folder.entries()).filter(
    ({ name, isFile }) => isFile && isKeptTile(name) && !folder.isShown(name),
  );
  const found = names.map(async ({ name }): Promise<KeptTile[]> => {
    // Another window may remove it at the same moment.
    const facts = await folder.stat(name).then(undefined, () => undefined);
    return facts === undefined ? [] : [{ ...facts, name }];
  });
  for (const { name } of tilesToRemove((await Promise.all(found)).flat(), most, now)) {
    await folder.remove(name).catch(note);
  }
}

/**
 * The files that go: the oldest, until no more than `most` files and `bytes` are left. The newest one stays in any case, and
 * so does what was written just now: a message about it may still be shown, perhaps in another window.
 * @param now ms since 1970
 */
export function tilesToRemove(
  files: readonly KeptTile[],
  most: number,
  now: number,
  bytes = mostKeptBytes,
): readonly KeptTile[] {
  const newestFirst = [...files].sort((a, b) => b.at - a.at || (a.name < b.name ? 1 : -1));
  let size = 0;
  const first = newestFirst.findIndex((file, i) => {
    size += file.size;
    return i > 0 && (i >= most || size > bytes);
  });
  const surplus = first < 0 ? [] : newestFirst.slice(first);
  return surplus.filter(({ at }) => Math.abs(now - at) >= announced);
}
