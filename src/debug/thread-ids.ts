/** Numbers of threads: one for each core tile, the same as long as the array is. */
import type { Tile } from '../model/geometry.ts';

/** More rows than any array has. */
const rows = 0x100;

/** The thread of a tile; at least 1. */
export function threadOfTile({ col, row }: Tile): number {
  return (col + 1) * rows + row;
}

/** The tile of a thread. */
export function tileOfThread(thread: number): Tile {
  return { col: Math.floor(thread / rows) - 1, row: thread % rows };
}
