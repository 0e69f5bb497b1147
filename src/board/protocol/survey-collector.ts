/**
 * Puts the blocks of one update of a survey together. A tile in a block: `u32 tile, u32 changed words | reason << 24`
 * (little endian).
 */
import { reasonNumbered } from '../../model/byte-state.ts';
import { mostColumns, mostRows } from '../../model/geometry.ts';
import type { TileChange } from '../board.ts';
import { bad } from './validate.ts';

const recordBytes = 8;

export class SurveyCollector {
  readonly #wordsPerTile: number;
  #tiles: TileChange[] = [];

  /** @param wordsPerTile as asked for: no tile has more that changed */
  constructor(wordsPerTile: number) {
    this.#wordsPerTile = wordsPerTile;
  }

  /** One block. Throws `protocol`. */
  push(block: Uint8Array): void {
    if (block.length % recordBytes !== 0) bad('half a surveyed tile');
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    for (let at = 0; at < block.length; at += recordBytes) {
      const tile = view.getUint32(at, true);
      const second = view.getUint32(at + 4, true);
      const changed = second & 0xff_ffff;
      const number = second >>> 24;
      const least = (this.#tiles.at(-1)?.tile ?? -1) + 1;
      if (tile < least || tile >= mostColumns * mostRows) bad(`a surveyed tile ${tile} after ${least - 1}`);
      if (changed > (number === 0 ? this.#wordsPerTile : 0)) bad(`${changed} changed words in tile ${tile}`);
      const reason = number === 0 ? undefined : (reasonNumbered(number) ?? bad(`a reason ${number}`));
      this.#tiles.push({ tile, changed, ...(reason && { reason }) });
    }
  }

  /** The update is complete: its tiles; the next one begins. */
  take(): TileChange[] {
    const tiles = this.#tiles;
    this.#tiles = [];
    return tiles;
  }
}
