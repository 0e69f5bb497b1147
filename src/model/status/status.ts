/**
 * What a tile is doing: core, locks, DMA channels and their descriptors, decoded from the driver's sysfs text or from
 * register words. Pure: no I/O.
 */
import type { Tile } from '../geometry.ts';

/** What stands at a place of the array. */
export type TileKind = 'shim' | 'memory' | 'core';

/** Why a tile could not be looked at; the reasons of reads. */
export type StatusReason = 'gated' | 'core-running' | 'bus-error' | 'no-way' | 'not-read';

/** What was read of one tile, before it is decoded. */
export interface RawTileStatus {
  readonly tile: Tile;
  readonly kind: TileKind;
  /** Set when nothing could be read. */
  readonly reason?: StatusReason;
  readonly source: 'sysfs' | 'registers';
  /** Register words by their offset in the tile's address space, bytes. */
  readonly registers: ReadonlyMap<number, number>;
  /** Text of sysfs attributes by their name (`core`, `lock`, `dma`, `bd`, `event`, `error`). */
  readonly files: ReadonlyMap<string, string>;
}

/** One thing that a core waits for. `direction` is that of the neighbour whose memory or lock it is. */
export interface Stall {
  readonly kind: 'memory' | 'lock' | 'stream' | 'cascade';
  /** `south`, `west`, `north`, `east`; for streams `ss0`, `ss1`, `ms0`, `ms1`; for cascades `scd`, `mcd`. */
  readonly on: string;
}

/** The core's state in one word, the most telling first. */
export type CoreState =
  | 'error' // halted by an error event
  | 'debug-halted'
  | 'lock-stall'
  | 'stream-stall'
  | 'memory-stall'
  | 'cascade-stall'
  | 'done'
  | 'running'
  | 'reset'
  | 'disabled';

export interface CoreStatus {
  readonly state: CoreState;
  readonly enabled: boolean;
  readonly stalls: readonly Stall[];
  /** Names of set flags that `state` and `stalls` do not say (`ecc_error`, ...), in the driver's spelling. */
  readonly flags: readonly string[];
  /** Bits of Core_Status that this version does not know; 0 if none. */
  readonly unknownBits: number;
  /** Program counter, stack pointer, link register; absent when not read. */
  readonly pc?: number;
  readonly sp?: number;
  readonly lr?: number;
}

export interface LockStatus {
  readonly index: number;
  /** AIE-ML and later: the signed count. First generation: 0 or 1, the value it was last released with. */
  readonly value: number;
  /** First generation: somebody holds it. */
  readonly acquired?: boolean;
  readonly overflow?: boolean;
  readonly underflow?: boolean;
  /** The driver's own words, where they were read from sysfs and differ from the number. */
  readonly text: string;
}

export interface DmaChannelStatus {
  readonly direction: 's2mm' | 'mm2s';
  readonly channel: number;
  /** `idle`, `starting`, `running`, or what it is stalled on, in the driver's spelling. */
  readonly state: string;
  readonly stalledOnLock: boolean;
  /** Descriptor being worked on. */
  readonly currentDescriptor?: number;
  readonly queueSize?: number;
  readonly queueOverflow?: boolean;
  /** The whole status word, when it came from a register. */
  readonly raw?: number;
}

/** A buffer descriptor (BD) of a tile's DMA. */
export interface DescriptorStatus {
  readonly index: number;
  readonly valid: boolean;
  /** Byte address: in the tile's memory, or in DDR for a shim tile. */
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  readonly next?: number;
  readonly acquire?: { readonly lock: number; readonly value: number };
  readonly release?: { readonly lock: number; readonly value: number };
  /** Fields that were decoded beside these, in the manual's names, for the details view. */
  readonly fields: readonly (readonly [string, string])[];
  /** The words as read; empty when sysfs was the source. */
  readonly raw: readonly number[];
}

/** One tile, decoded. Lists are empty where the kind of tile has none or nothing was read. */
export interface TileStatus {
  readonly tile: Tile;
  readonly kind: TileKind;
  readonly reason?: StatusReason;
  readonly source: 'sysfs' | 'registers';
  readonly core?: CoreStatus;
  readonly locks: readonly LockStatus[];
  readonly channels: readonly DmaChannelStatus[];
  readonly descriptors: readonly DescriptorStatus[];
  /** Numbers of events that are set, by module (`core`, `memory`, `pl`). */
  readonly events: readonly { readonly module: string; readonly numbers: readonly number[] }[];
  /** Errors in the driver's words. */
  readonly errors: readonly string[];
  /** Lines and fields that were not understood, as they came. */
  readonly unparsed: readonly string[];
}

/**
 * Who a core or a channel of one tile waits for: the tile whose lock it wants, as far as the status tells.
 */
export interface WaitEdge {
  readonly from: Tile;
  /** The tile that has the lock: the own one or a neighbour. */
  readonly to: Tile;
  readonly what: 'core' | 's2mm' | 'mm2s';
  /** The lock, where a descriptor names it. */
  readonly lock?: number;
}
