import type { Board } from '../../src/board/board.ts';
import type { ColumnRange, Tile } from '../../src/model/geometry.ts';

/** Memory types that every bench has. */
export type BenchMemory = 'data' | 'program';

/** The process that holds a partition, as the bench knows it; what a board says of it is compared with this. */
export interface BenchOwner {
  readonly pid: number;
  readonly command: string;
}

/**
 * An array, a way to it under test, and a hand on the array that is independent of that way. At the start: `free` and
 * `other` are free, all their tiles are clocked, no core is enabled. Offsets are tile offsets in bytes.
 */
export interface Bench {
  /** A partition with several columns of 8 rows of core tiles. */
  readonly free: ColumnRange;
  /** Another one, which the bench can take and release. */
  readonly other: ColumnRange;
  /** A partition of shim tiles only. */
  readonly shim: ColumnRange;
  /** Whether program memory of an enabled core answers with a bus error when it is opened all the same. */
  readonly runningCoreFaults: boolean;
  /** Whether the board has a way to write beside the owner that `own` makes. */
  readonly writesBesideOwner: boolean;
  /** A new connection. */
  connect(): Promise<Board>;
  peek(memory: BenchMemory, tile: Tile, offset: number, length: number): Promise<Uint8Array>;
  poke(memory: BenchMemory, tile: Tile, offset: number, bytes: Uint8Array): Promise<void>;
  /** Gates the topmost tile of a column, or runs it again. */
  setGated(tile: Tile, gated: boolean): Promise<void>;
  setCore(tile: Tile, enabled: boolean): Promise<void>;
  /** Lets the clocks of all tiles run: after a reset they do not. */
  ungateAll(): Promise<void>;
  /** A process takes a free partition and keeps it; with `reset` the driver resets and zeroes it afterwards. */
  own(columns: ColumnRange, after?: 'reset'): Promise<BenchOwner>;
  /** It lets go; the memory stays. */
  release(columns: ColumnRange): Promise<void>;
  /** It is killed; nothing happens where there is none. */
  crash(columns: ColumnRange): Promise<void>;
  /** Partitions, buffers and mappings that somebody holds on the array now. */
  held(): Promise<number>;
  dispose(): Promise<void>;
}
