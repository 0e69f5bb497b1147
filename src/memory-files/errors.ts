import type { UnreadableReason } from '../model/byte-state.ts';
import type { Tile } from '../model/geometry.ts';

/** A byte of a file cannot be read, so there is no file: zeros would be taken for data. */
export class UnreadableByte extends Error {
  readonly tile: Tile;
  /** Tile offset, bytes. */
  readonly offset: number;
  readonly reason: UnreadableReason;

  constructor(tile: Tile, offset: number, reason: UnreadableReason) {
    super(`byte ${offset} of tile ${tile.col},${tile.row} cannot be read: ${reason}`);
    this.name = 'UnreadableByte';
    this.tile = tile;
    this.offset = offset;
    this.reason = reason;
  }
}
