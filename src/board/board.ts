/**
 * The one way to reach bytes. Speaks of partitions, memory types, tiles and bytes, never of file descriptors, channels
 * or processes. Every call takes a cancellation signal; every failure is a BoardError.
 */
import type { UnreadableReason } from '../model/byte-state.ts';
import type { Event } from '../model/event.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import type {
  ArrayShape,
  ByteRange,
  ColumnRange,
  Generation,
  MemoryGeometry,
  MemoryType,
  Tile,
} from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { PlacedName } from '../model/program/build.ts';
import type { RecordingPart } from '../model/recording.ts';
import type { TileStatus } from '../model/status/status.ts';
import type { BoardError } from './errors.ts';

/** Where the driver puts its node. */
export const defaultDevice = '/dev/aie0';

/** How long what a person asks of a board may take, milliseconds; then it has failed. */
export const patience = 60_000;

/** Who holds a partition. */
export interface Owner {
  /**
   * `kernel`: every descriptor of every process was checked and none holds it, so the kernel does (XRT's zocl).
   * `hidden`: none was found, but not all could be checked.
   */
  readonly kind: 'process' | 'kernel' | 'hidden';
  /** 0 unless `kind` is `process`. */
  readonly pid: number;
  /** Its command name, as `/proc/PID/comm` says; empty if hidden. */
  readonly command: string;
  /** When it started, milliseconds since 1970 on the board's clock; 0 if unknown. */
  readonly startedAt: number;
}

/** The process on the board that keeps a partition alive because a person asked for it. Times: ms since 1970, board's clock. */
export interface Hold {
  readonly pid: number;
  readonly since: number;
  readonly until: number;
}

/** One partition as the driver lists it. Asking for it maps nothing. */
export interface PartitionInfo {
  /** What every call names it by. Another partition may have the same columns. */
  readonly key: PartitionKey;
  /** The driver's id: opaque. */
  readonly id: number;
  readonly columns: ColumnRange;
  /** Rows of the partition including the shim row. */
  readonly startRow: number;
  readonly numRows: number;
  readonly inUse: boolean;
  /** Set while another process owns it. */
  readonly owner?: Owner;
  /** Set while it is held for post-mortem. */
  readonly hold?: Hold;
  /** Held, and its owner is gone: only the holder keeps it. `owner` is not set then. */
  readonly ownerGone: boolean;
  /** Free columns that a person picked, on a driver whose partitions are dynamic. */
  readonly picked: boolean;
  /** A person enabled the clocks of its gated tiles: they run during each access. */
  readonly clocksOn: boolean;
  /**
   * One epoch of the contents: boot, owner, resets seen. Opaque; equal text = same epoch. Differs whenever bytes read
   * before may have been replaced wholesale.
   */
  readonly epoch: string;
}

/**
 * Which driver answers: the series of 2020; linux-xlnx with static partitions (2020.2 to 2021.2); linux-xlnx with apertures
 * and dynamic partitions (2022.1 on).
 */
type DriverFamily = 'linux-2020' | 'linux-xlnx-static' | 'linux-xlnx-aperture' | 'simulated' | 'unknown';

/** What is known of the board before anything is mapped. */
export interface BoardInfo {
  /** Device node, `/dev/aie0`; `simulated` for the simulated board. */
  readonly device: string;
  /** `unknown` when sysfs and enquire do not match a family this version knows. */
  readonly family: DriverFamily;
  readonly generation: Generation | 'unknown';
  /** Absent when neither the driver nor the device tree tells. */
  readonly array?: ArrayShape;
  /** What sysfs, device tree and enquire said, a line each, in English; for the tooltip, the question and the report. */
  readonly findings: readonly string[];
  readonly hostName: string;
  /** `uname -sr`. */
  readonly kernel: string;
  /** `uname -m`. */
  readonly machine: string;
  /** Bytes of a kernel page. */
  readonly pageSize: number;
  /** Changes at every boot. */
  readonly bootId: string;
  /** Version of the native core that answered; empty for the simulated board. */
  readonly coreVersion: string;
}

/** A span that holds no bytes, with the reason. */
export interface UnreadableSpan extends ByteRange {
  readonly reason: UnreadableReason;
}

/** Bytes of one asked range. `bytes` has the range's full length; unreadable spans are zero-filled in it. */
export interface ReadPiece {
  readonly range: ByteRange;
  readonly bytes: Uint8Array;
}

export interface ReadResult {
  /** In the order asked. The arrays are the caller's: the board keeps no reference. */
  readonly pieces: readonly ReadPiece[];
  /** Spans of the asked ranges that could not be read, in ascending order, not overlapping. */
  readonly unreadable: readonly UnreadableSpan[];
  /** When the last byte was read, milliseconds since 1970 on this machine's clock. */
  readonly at: number;
  readonly epoch: string;
  /** It ended early because an application opened the device. The rest is `not-read`. */
  readonly gaveWay?: boolean;
}

/**
 * Who wants bytes or status. It counts for free partitions: while we access one, no application can have it, and an
 * application asks only once. `nobody`: no person caused it (a timer, a live view, a reconnect); never takes a free
 * partition, fails with `not-asked`. `look`: what a person looks at; answered without a lease while all was
 * found gated. `person`: a person asked. `fast`: a person chose not to wait between the leases of a long read.
 */
export type Asking = 'nobody' | 'look' | 'person' | 'fast';

/** How often a watch looks, and what that may cost. */
export interface WatchPace {
  /** Milliseconds from look to look, 20 to 60,000; longer where a look takes longer. */
  readonly periodMs: number;
  /** Words of 32 bits that may be read in a second; fewer looks, where the period asks for more. */
  readonly wordsPerSecond: number;
}

/** What is watched: whole words in ascending order. */
export interface WatchOptions extends WatchPace {
  readonly ranges: readonly ByteRange[];
}

/** What a look brought: the runs that became different; none, where all is as it was. */
export interface WatchUpdate extends ReadResult {
  /** Words of 32 bits that the board has read since the watch began. */
  readonly words: number;
  /** Bytes that came over the link for this update; 0 in process. */
  readonly wireBytes: number;
  /**
   * Milliseconds before `at` since which all that is watched was looked at; missing where the last look got to its end,
   * infinite before any did.
   */
  readonly coveredMs?: number;
}

/** A memory that the board looks at again and again by itself. It ends with its epoch, at the latest. */
export interface Watch<Asked = WatchOptions> {
  /** The last update was taken over: only now the next look is made. */
  seen(): void;
  /** Other ranges or another pace: what is in both is not told again. */
  change(asked: Asked): void;
  /** Why it ended: the partition is free (`not-asked`) or in another epoch (`epoch`), the board is gone, `cancelled`... */
  readonly ended: Promise<BoardError>;
  /** Ends it; nothing is told any more. */
  dispose(): void;
}

/** What is recorded, at which pace, and how much of it is kept. */
export interface RecordOptions extends WatchOptions {
  /** Bytes that the ring on the board's side may take. */
  readonly ringBytes: number;
}

/** A part of a recording, and why nothing is recorded any more. */
export interface RecordedPart extends RecordingPart {
  /** How long ago the first look was when this was told, milliseconds. */
  readonly age: number;
  readonly ended?: BoardError;
}

/**
 * A recording on the board's side: it looks again and again and waits for nobody, also while the link is slow or silent. Nothing
 * is recorded before `arm`. Every call rejects with BoardError; with `no-recording` where the board's side does not have it, or
 * not any more.
 */
export interface RecordingHandle {
  /** Records from now on, until the epoch ends or `end`. A free partition is never taken for it. */
  arm(signal: AbortSignal): Promise<void>;
  /** Another pace from now on. */
  setPace(pace: WatchPace, signal: AbortSignal): Promise<void>;
  /** What follows; `from`: the first look that is missing, 0 for everything. */
  part(from: number, signal: AbortSignal): Promise<RecordedPart>;
  /** Nothing more is recorded. What was is there until `forget`, or for ten minutes after the connection is gone. */
  end(forget: boolean, signal: AbortSignal): Promise<void>;
}

/** How a whole memory is surveyed: watched coarsely, to find where something changes. */
export interface SurveyOptions extends WatchPace {
  /** Words that a look compares in each tile, at equal distances, 1 to `maxSurveyWords`; it reads twice as many. */
  readonly wordsPerTile: number;
}

/** What a look of a survey found in one tile. */
export interface TileChange {
  /** In buffer order. */
  readonly tile: number;
  /** Compared words that differ from the look before. */
  readonly changed: number;
  /** Why the tile cannot be read; `changed` is 0 then. */
  readonly reason?: UnreadableReason;
}

export interface SurveyUpdate {
  /** In ascending order: tiles that changed, and those that can or cannot be read now, otherwise than was told. At first all can. */
  readonly tiles: readonly TileChange[];
  /** Milliseconds since 1970 on this machine's clock. */
  readonly at: number;
  readonly epoch: string;
  /** As in `WatchUpdate`. */
  readonly words: number;
  readonly wireBytes: number;
}

/** A survey under way; as a watch, but it does not change. */
export type Survey = Omit<Watch, 'change'>;

export interface ReadOptions {
  /** `look` unless told otherwise. */
  readonly asking?: Asking;
  /** Program memory of enabled cores of these tiles (tile index in buffer order) may be touched: a person asked for it. */
  readonly openTiles?: ReadonlySet<number>;
  /** Called as pieces of a long read arrive; bytes are counted, not passed. */
  readonly onProgress?: (bytesDone: number) => void;
}

export interface FindOptions {
  /** As in `ReadOptions`. */
  readonly asking?: Asking;
  readonly openTiles?: ReadonlySet<number>;
  /** It ends after so many hits, 1,000,000 at most, which it is unless told otherwise. */
  readonly most?: number;
  /** Called with hits as they are found, as in the result; a board in this process may tell them only there. */
  readonly onHits?: (offsets: readonly number[], lengths?: readonly number[]) => void;
  /** Called now and then with the bytes that were searched. */
  readonly onProgress?: (bytesDone: number) => void;
}

export interface FindResult {
  /** Buffer offsets, ascending. Hits do not overlap: the first one counts. */
  readonly offsets: readonly number[];
  /** Bytes of each hit, where the pattern does not say how many: of an expression. */
  readonly lengths?: readonly number[];
  /** As in `ReadResult`: bytes that are part of no hit. */
  readonly unreadable: readonly UnreadableSpan[];
  /** Milliseconds since 1970 on this machine's clock. */
  readonly at: number;
  readonly epoch: string;
  /** It ended early because an application opened the device. The rest is `not-read`. */
  readonly gaveWay?: boolean;
  /** There may be more hits. */
  readonly isFull: boolean;
  /** An expression would have taken too long. The rest is `not-read`. */
  readonly isGivenUp?: boolean;
}

/** One edited byte run: what to write and what the person saw there. Both arrays have the same length. */
export interface WriteEdit {
  /** Buffer offset of the first byte, any alignment. */
  readonly offset: number;
  readonly seen: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface WriteOptions {
  /** The epoch in which the bytes were seen; another current epoch refuses the whole write with `epoch`. */
  readonly epoch: string;
  /** Write even where the device holds other bytes than were seen. */
  readonly force?: boolean;
  /** A person unlocked this partition although another process owns it. Without it such a write is `locked`. */
  readonly besideOwner?: boolean;
  readonly openTiles?: ReadonlySet<number>;
}

/**
 * What became of a run of bytes.
 * `verified`: read back equal. `changed-after`: written, then changed by the core before the read-back (counts as
 * applied). `conflict`: the device held other bytes than were seen, nothing was written. `refused`: gated, core running,
 * or no way. `unreadable`: the access faulted.
 */
export type WriteOutcome = 'verified' | 'changed-after' | 'conflict' | 'refused' | 'unreadable';

export interface WriteSpan extends ByteRange {
  readonly outcome: WriteOutcome;
  /** For `refused` and `unreadable`. */
  readonly reason?: UnreadableReason;
  /** The device's bytes after the pass (zeros for `refused` and `unreadable`). */
  readonly now: Uint8Array;
}

export interface WriteReport {
  /** Covers every asked byte exactly once, in ascending order. Adjacent bytes of equal outcome are one span. */
  readonly spans: readonly WriteSpan[];
  readonly at: number;
  readonly epoch: string;
}

/** One memory type of one partition. Ranges are buffer offsets in bytes. */
export interface PartitionMemory {
  readonly geometry: MemoryGeometry;
  /** Whether the way to the bytes can write at present; `locked` errors say why if not. */
  readonly writable: boolean;
  /** Reads scattered ranges, up to 4096 of them in one request. They must lie within the memory; they may overlap. */
  read(ranges: readonly ByteRange[], options: ReadOptions, signal: AbortSignal): Promise<ReadResult>;
  /**
   * Searches ranges where their bytes are: only hits come over the link, 4 bytes each. Finds what `Finder` finds in bytes that
   * were all read; ranges that touch are one. Reads by the rules of `read`.
   */
  find(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    options: FindOptions,
    signal: AbortSignal,
  ): Promise<FindResult>;
  /** Compares and writes in one pass and one round trip. Edits must not overlap. */
  write(edits: readonly WriteEdit[], options: WriteOptions, signal: AbortSignal): Promise<WriteReport>;
  /**
   * Looks at the ranges again and again, for nobody in particular (`Asking`): a free partition is never taken. Each update
   * holds the runs that became different, the first one everything; one without runs says that all is as it was. Running
   * cores' program memory is left alone. Updates come one at a time, see `Watch.seen`.
   */
  watch(options: WatchOptions, onUpdate: (update: WatchUpdate) => void): Watch;
  /**
   * Looks at a few words of each tile again and again, as a watch, and tells in which tiles they changed. What is longer than
   * the distance of the words is found at each look; every other word has its turn, one look for each word of the distance.
   */
  survey(options: SurveyOptions, onUpdate: (update: SurveyUpdate) => void): Survey;
  /**
   * A recording of this name on the board's side, armed or to be armed. Asks nothing of the board.
   * @param name 1 to 64 of `a-z`, `0-9` and `-`
   */
  recording(name: string, options: RecordOptions): RecordingHandle;
}

/** A partition whose memory types are known. Holds nothing on the board. */
export interface Partition {
  readonly key: PartitionKey;
  readonly columns: ColumnRange;
  readonly memories: readonly PartitionMemory[];
  memory(type: MemoryType): PartitionMemory | undefined;
  /**
   * Core, lock and DMA state of tiles of the partition, shim row included, in the order asked; one round trip. A tile
   * that could not be looked at comes with its reason. `detail`: descriptors and events too. Looks that nobody asked
   * for take a fiftieth of a processor's time: the board lets one wait for up to 5 s, after the others that wait.
   */
  status(tiles: readonly Tile[], options: StatusOptions, signal: AbortSignal): Promise<StatusReport>;
  /**
   * Enables the clocks of gated tiles during each later access of this connection (AIE_REQUEST_TILES, given back before
   * the partition), or stops doing so. Answers whether they run then: false after `on` means that the driver ignored it.
   * `locked` beside another owner.
   */
  enableClocks(on: boolean, signal: AbortSignal): Promise<boolean>;
  /** Starts or ends the holder process. Ending it lets the driver reset and zero a partition whose owner is gone. */
  hold(on: boolean, signal: AbortSignal): Promise<void>;
  /**
   * Gets a descriptor of a partition that XRT's kernel driver holds (DRM_IOCTL_ZOCL_AIE_FD), once per connection. zocl
   * never counts it as given back, so a later reset of the array by XRT goes wrong: only when a person chose it.
   */
  takeKernelDescriptor(signal: AbortSignal): Promise<void>;
  /**
   * A person allowed to halt cores of this partition, which somebody uses, in this epoch. The board's side ends it and lets
   * all of them go on: with the connection, with silence, and when the partition changes hands. Rejects with `no-halting`
   * where there is no way, `epoch`.
   */
  allowHalting(epoch: string, signal: AbortSignal): Promise<void>;
  /** Rejects with `no-halting` (not allowed, or it has ended), `debug-in-use`, `epoch`, `out-of-range`. */
  actOnCore(tile: Tile, act: CoreAct, signal: AbortSignal): Promise<CoreState>;
  /** Reads the registers of a core that stands, once halting is allowed. */
  readCore(tile: Tile, signal: AbortSignal): Promise<CoreRegisters>;
  /** Lets all cores go on. The answer: how many could not be reached yet; the board's side goes on trying. */
  endHalting(signal: AbortSignal): Promise<number>;
}

/** What is done to one core; `counters` are bytes of its program memory, all of its breakpoints. */
export type CoreAct =
  | { readonly act: 'halt' | 'resume' }
  /** 1 to 15 instructions, of a halted core. */
  | { readonly act: 'step'; readonly count: number }
  | { readonly act: 'breakpoints'; readonly counters: readonly number[] };

/** A core's registers after an act; all 0 with a `reason`, which says why not all of it was done. */
export interface CoreState {
  readonly reason: UnreadableReason | undefined;
  readonly status: number;
  readonly debugStatus: number;
  readonly counter: number;
}

/** Registers that a program computes with, words by name (`r`, `pc`); none with a `reason`, which says why. */
export interface CoreRegisters {
  readonly reason: UnreadableReason | undefined;
  readonly words: ReadonlyMap<string, readonly number[]>;
}

export interface StatusOptions {
  /** `look` unless told otherwise. */
  readonly asking?: Asking;
  readonly detail?: boolean;
  /** It belongs to the look just before: where nobody asked for it, it does not wait, but counts. */
  readonly goesOn?: boolean;
}

export interface StatusReport {
  readonly tiles: readonly TileStatus[];
  /** Milliseconds since 1970 on this machine's clock. */
  readonly at: number;
  readonly epoch: string;
  /**
   * Milliseconds from now on in which a look that nobody asks for would be kept waiting, so that an owner keeps its pace;
   * 0 on a board where looks cost little.
   */
  readonly waitMs: number;
}

export interface OpenOptions {
  /** `look` unless told otherwise; counts where only the driver tells the layout. */
  readonly asking?: Asking;
  /** The person agreed to map memory of an `unknown` driver. Without it such a board answers `unknown-driver`. */
  readonly allowUnknownDriver?: boolean;
}

/** What a board has to say unasked, beside its partitions. */
export type BoardNotice =
  /** An application asked for these columns while Tilescope had them, and was refused. `pid` 0: its process is not known. */
  | {
      readonly kind: 'start-refused';
      readonly columns: ColumnRange;
      readonly pid: number;
      readonly command: string;
    }
  /** A call of the driver does not return (`driver-hung`, with its name), or did at last (`undefined`). */
  | { readonly kind: 'hung'; readonly error: BoardError | undefined };

/** A live connection to one board. */
export interface Board {
  readonly onDidNotice: Event<BoardNotice>;
  readonly info: BoardInfo;
  /** Fires when a partition appears, disappears, changes hands, is held or let go, or starts a new epoch. */
  readonly onDidChangePartitions: Event<readonly PartitionInfo[]>;
  /**
   * Fires once, when the connection is lost for good; every later call fails with the same error. `dispose` does not
   * fire it; calls after it fail with `connection-lost`.
   */
  readonly onDidClose: Event<BoardError>;
  partitions(signal: AbortSignal): Promise<readonly PartitionInfo[]>;
  /**
   * Runs of columns that nobody else uses, where the driver makes partitions of what is asked for; any part of one can be
   * opened. Empty where partitions are static. Changes with `onDidChangePartitions`.
   */
  readonly freeColumns: readonly ColumnRange[];
  /**
   * Milliseconds from now on in which the board would keep a look at status waiting that nobody asked for, of whatever
   * partition; 0 when it may begin. As the last report said (`StatusReport.waitMs`); asks nothing of the board.
   */
  readonly unaskedWaitMs: number;
  /**
   * The key of the partition that the driver makes of free columns when that is opened. Takes and lists nothing: whether
   * they can be had, `open` says.
   */
  pick(columns: ColumnRange, signal: AbortSignal): Promise<PartitionKey>;
  /**
   * Learns the memory types: the first mapping. The result stays valid until the board closes. A partition that the driver
   * makes of free columns need not be listed before.
   */
  open(partition: PartitionKey, options: OpenOptions, signal: AbortSignal): Promise<Partition>;
  /**
   * What can be asked of a partition that is not opened, or cannot be: to be held or let go, and to be reached although the
   * kernel holds it. Asks nothing of the board by itself.
   */
  ownership(partition: PartitionKey): PartitionOwnership;
  /** The names that came with the bytes; a device has none. */
  readonly names?: KeptNames;
  /** Everything a bug report needs, as Markdown; no secrets. */
  report(signal: AbortSignal): Promise<string>;
  /**
   * Ends the connection and all that it started on the board.
   *
   * @param keepRecordings but for what is recorded, which goes on for the next connection of the same user, ten minutes at most
   */
  dispose(keepRecordings?: boolean): Promise<void>;
}

/** What a build called places when their bytes were kept. */
export interface KeptNames {
  /** The names in a memory of a tile, by their offsets. */
  names(memory: MemoryType, tile: Tile): readonly PlacedName[];
  /** The kernels of a tile in one short text; empty without any. */
  tileName(tile: Tile): string;
}

/** Whose a partition is; see `Partition`. */
export type PartitionOwnership = Pick<Partition, 'hold' | 'takeKernelDescriptor'>;

/** Receives what happened below the seam. `trace` gets one line per ioctl: name, number, size, result. */
export interface BoardLog {
  trace(line: string): void;
  info(line: string): void;
  warn(line: string): void;
}

/** A step of connecting, for the progress notification. */
export type ConnectStep =
  | 'resolving'
  | 'connecting'
  | 'verifying-host'
  | 'authenticating'
  | 'checking-agent'
  | 'uploading-agent'
  | 'starting-agent'
  | 'describing';

/** Makes a live connection. One connector per board entry; connecting again after a loss makes a new Board. */
export interface BoardConnector {
  connect(
    context: { log: BoardLog; onStep: (step: ConnectStep, percent?: number) => void },
    signal: AbortSignal,
  ): Promise<Board>;
}
