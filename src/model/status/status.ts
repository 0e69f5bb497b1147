/**
 * What a tile is doing: core, locks, DMA channels and their descriptors, decoded from the driver's sysfs text or from
 * register words. Pure: no I/O.
 */
import type { UnreadableReason } from '../byte-state.ts';
import type { Tile, TileKind } from '../geometry.ts';

export type { TileKind } from '../geometry.ts';

/** Why a tile could not be looked at; the reasons of reads. */
export type StatusReason = UnreadableReason;

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
  /**
   * AIE-ML and later: the count, 0 to 63. First generation: 0 (for write) or 1 (for read), the value it was last released
   * with.
   */
  readonly value: number;
  /** First generation: it is acquired. */
  readonly acquired?: boolean;
  readonly overflow?: boolean;
  readonly underflow?: boolean;
  /** The driver's own words, where they were read from sysfs and differ from the number. */
  readonly text: string;
}

export interface DmaChannelStatus {
  readonly direction: 's2mm' | 'mm2s';
  readonly channel: number;
  /**
   * `idle`, `starting`, `running`, or what it is stalled on: in the driver's spelling (`stalled_on_requesting_lock`, first
   * generation), else in the manual's (`stalled_lock_acq`, `stalled_lock_rel`, `stalled_stream_starvation`,
   * `stalled_stream_backpressure`, `stalled_tct_or_count_fifo_full`; AIE-ML and later, from registers only: sysfs says
   * `running` of a stalled channel there).
   */
  readonly state: string;
  readonly stalledOnLock: boolean;
  /** `state` is `running` because a text says so that may say it of stalled channels too, and no word was read. */
  readonly mayBeStalled?: true;
  /** Descriptor being worked on; absent when idle. */
  readonly currentDescriptor?: number;
  readonly queueSize?: number;
  readonly queueOverflow?: boolean;
  /** Errors of the channel in the manual's words, lower case (`error_bd_invalid`); absent if none or not told. */
  readonly errors?: readonly string[];
  /** The whole status word, when it came from a register. First generation: of all channels of the direction. */
  readonly raw?: number;
}

/**
 * A lock that a descriptor acquires or releases. `lock` as the DMA counts them: in memory tiles 0 to 63 are those of the
 * western neighbour, 64 to 127 the own ones, 128 to 191 those of the eastern neighbour.
 * `value` when acquiring, first generation: 0 or 1, -1 if any will do; later: at least -value if negative, else exactly
 * that. When releasing: first generation 0 or 1, -1 if unchanged; later what is added to the count.
 */
export interface DescriptorLock {
  readonly lock: number;
  readonly value: number;
}

/** A buffer descriptor (BD) of a tile's DMA. */
export interface DescriptorStatus {
  readonly index: number;
  readonly valid: boolean;
  /**
   * Byte address: in the tile's memory; in DDR for a shim tile; for a memory tile counted from the start of its western
   * neighbour's memory (the own one begins at 0x80000).
   */
  readonly address: number;
  /** Bytes. */
  readonly length: number;
  readonly next?: number;
  readonly acquire?: DescriptorLock;
  readonly release?: DescriptorLock;
  /** First generation, double buffering: the other buffer and its lock. */
  readonly second?: {
    readonly address: number;
    readonly acquire?: DescriptorLock;
    readonly release?: DescriptorLock;
  };
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
  /** The DMA channel, unless it is the core that waits. */
  readonly channel?: number;
  /** The lock, where a descriptor names it. */
  readonly lock?: number;
}
