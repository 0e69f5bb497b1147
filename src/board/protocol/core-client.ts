/**
 * What the native core answers, whichever carrier brings it: the agent's frames (`wire-client.ts`) or the addon in
 * process (`../local/addon-client.ts`). Everything here was checked: sizes, counts and enumerations from the other side
 * are hostile until a client has validated them. The contract in words: `docs/wire.md`.
 */
import type { Event } from '../../model/event.ts';
import type { BoardPattern } from '../../model/find/board-pattern.ts';
import type {
  ArrayShape,
  ByteRange,
  ColumnRange,
  Generation,
  MemoryGeometry,
  MemoryType,
  Tile,
} from '../../model/geometry.ts';
import type { PartitionKey } from '../../model/partition-key.ts';
import type { RecordingPart } from '../../model/recording.ts';
import type { RawTileStatus } from '../../model/status/status.ts';
import type {
  Asking,
  BoardInfo,
  BoardNotice,
  CoreAct,
  CoreRegisters,
  CoreState,
  PartitionInfo,
  Survey,
  TileChange,
  UnreadableSpan,
  Watch,
  WatchPace,
  WriteOutcome,
} from '../board.ts';
import type { BoardError } from '../errors.ts';

/** The protocol version that this client speaks. */
export const protocolVersion = 8;

/** Answer to the handshake. */
export interface CoreHello {
  readonly core: string;
  readonly pid: number;
  readonly hostName: string;
  readonly kernel: string;
  readonly machine: string;
  readonly pageSize: number;
  readonly bootId: string;
  readonly uid: number;
}

export interface CoreDescription {
  readonly device: string;
  readonly family: BoardInfo['family'];
  readonly generation: Generation | 'unknown';
  /** Absent when neither the driver nor the device tree tells. */
  readonly array?: ArrayShape;
  readonly findings: readonly string[];
  readonly list: CoreList;
}

/** What the core enquires: the driver's partitions, and what can be picked beside them. */
export interface CoreList {
  readonly partitions: readonly PartitionInfo[];
  /** Runs of free columns, ascending, not touching; empty where partitions are static. */
  readonly free: readonly ColumnRange[];
}

/** What opening a partition tells. */
export interface CoreOpened {
  readonly columns: ColumnRange;
  readonly memories: readonly CoreMemory[];
}

export interface CoreMemory extends MemoryGeometry {
  readonly writable: boolean;
}

export interface CoreReadRequest {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  /** Ascending, none empty, not overlapping. Any number: a carrier splits what does not fit one request. */
  readonly ranges: readonly ByteRange[];
  readonly openTiles: readonly number[];
  /** Who asks; without it nobody does. */
  readonly asking?: Asking;
}

export interface CoreReadAnswer {
  /** One array per asked range, of its full length; unreadable bytes are zero. Owned by the caller. */
  readonly bytes: readonly Uint8Array[];
  /** Inside the asked ranges, ascending, not overlapping. */
  readonly unreadable: readonly UnreadableSpan[];
  readonly epoch: string;
  /** It ended early because an application opened the device. */
  readonly gaveWay?: boolean;
}

export interface CoreFindRequest {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  /** Ascending, none empty, not touching. Any number. */
  readonly ranges: readonly ByteRange[];
  readonly openTiles: readonly number[];
  readonly asking: Asking;
  readonly pattern: BoardPattern;
  /** It ends after so many hits, 1 to `maxHits`. */
  readonly most: number;
}

/** Hits of one search. */
export const maxHits = 1_000_000;

export interface CoreFindAnswer {
  /** Ascending, not overlapping, inside the asked ranges. */
  readonly offsets: readonly number[];
  /** Bytes of each hit, of an expression. */
  readonly lengths?: readonly number[];
  /** Inside the asked ranges, ascending, not overlapping. */
  readonly unreadable: readonly UnreadableSpan[];
  readonly epoch: string;
  /** It ended early because an application opened the device. */
  readonly gaveWay?: boolean;
  /** It ended because it had as many hits as it may have. */
  readonly isFull: boolean;
  /** An expression was given up: the rest is `not-read`. */
  readonly isGivenUp?: boolean;
}

/** What is told of a search under way. */
export interface FindEvents {
  /** Hits as they come, ascending, as in the answer. */
  readonly onHits?: ((offsets: readonly number[], lengths?: readonly number[]) => void) | undefined;
  /** Bytes that were searched; not in process. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** Words of `uint32` per record of `CoreWriteRequest.words`. */
export const writeRecordWords = 4;

/** Words of `uint32` per record of `CoreWriteAnswer.outcomes`. */
export const outcomeRecordWords = 3;

/** Outcomes by their number on the wire. */
export const outcomeNames: readonly WriteOutcome[] = [
  'verified',
  'changed-after',
  'conflict',
  'refused',
  'unreadable',
];

export interface CoreWriteRequest {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  readonly epoch: string;
  readonly force: boolean;
  /** A person unlocked the partition of another owner. */
  readonly besideOwner: boolean;
  readonly openTiles: readonly number[];
  /**
   * Records of 4: buffer offset (a multiple of 4), value seen, mask of the bits to change, new value. Ascending by
   * offset, no two with the same offset. Byte i of a word is bits 8i to 8i+7. Compared and written under the mask.
   */
  readonly words: Uint32Array;
}

export interface CoreWriteAnswer {
  /**
   * Records of 3, one per asked word, in order: buffer offset, outcome number | reason number << 8, the word as read
   * back (0 if it could not be read).
   */
  readonly outcomes: Uint32Array;
  readonly epoch: string;
}

/** Most tiles of one status request. */
export const maxStatusTiles = 4096;

export interface CoreStatusRequest {
  readonly partition: PartitionKey;
  /** Absolute, of the partition, 1 to `maxStatusTiles`. */
  readonly tiles: readonly Tile[];
  /** Descriptors and events too. */
  readonly detail: boolean;
  /** Who asks; without it nobody does. */
  readonly asking?: Asking;
  /** It belongs to the look before: nobody's look does not wait, but counts. */
  readonly goesOn?: boolean;
}

export interface CoreStatusAnswer {
  /** One per asked tile, in the order asked. */
  readonly tiles: readonly RawTileStatus[];
  readonly epoch: string;
  /** Milliseconds in which a look that nobody asks for would be kept waiting. */
  readonly waitMs: number;
}

export interface CoreWatchRequest extends WatchPace {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  /** Whole words, ascending, none empty, not overlapping, at most `maxWatchRanges` and `maxWatchBytes` in all. */
  readonly ranges: readonly ByteRange[];
}

/** What one watch may cover. */
export const maxWatchRanges = 4096;
export const maxWatchBytes = 16 * 2 ** 20;
/** Milliseconds between two looks. */
export const watchPeriods = { shortest: 20, longest: 60_000 } as const;

/** A run that differs from what the watch told before: its bytes, or why there are none (`bytes` is zero then). */
export interface ChangedSpan {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly reason?: UnreadableSpan['reason'];
}

export interface CoreUpdate {
  /** Inside what was asked for, ascending, not overlapping; none: all is as it was. */
  readonly spans: readonly ChangedSpan[];
  readonly epoch: string;
  /** As in `WatchUpdate`. */
  readonly words: number;
  readonly wireBytes: number;
  readonly coveredMs?: number;
}

export interface CoreSurveyRequest extends WatchPace {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  /** 1 to `maxSurveyWords`, not more than a tile has. */
  readonly wordsPerTile: number;
}

/** Words of one tile that a look of a survey may compare, and of all tiles together. */
export const maxSurveyWords = 1024;
export const maxSurveyTotal = 2 ** 20;

export interface CoreSurveyUpdate {
  /** Ascending. */
  readonly tiles: readonly TileChange[];
  readonly epoch: string;
  /** As in `WatchUpdate`. */
  readonly words: number;
  readonly wireBytes: number;
}

export interface CoreRecordRequest extends CoreWatchRequest {
  /** Made by who asks: 1 to 64 of `a-z`, `0-9` and `-`. */
  readonly recording: string;
  /** Bytes of the ring, `recordingLimits`. */
  readonly ringBytes: number;
}

/** A part of a recording, and why nothing is recorded any more. */
export interface CoreRecordingPart extends RecordingPart {
  /** How long ago the first look was when this was told, milliseconds. */
  readonly age: number;
  readonly ended?: BoardError;
}

/** What a recording may cover, and the bytes of its ring. */
export const recordingLimits = { memoryBytes: 2 ** 16, leastRing: 2 ** 18, mostRing: 2 ** 26 } as const;

/** Hours after which a holder ends by itself. */
export const holdHours = 8;

/** One native core. Every failure is a BoardError; every call can be cancelled. */
export interface CoreClient {
  readonly hello: CoreHello;
  readonly onPartitions: Event<CoreList>;
  readonly onClose: Event<BoardError>;
  /** While a call hangs (`hung`), every request fails with that error. */
  readonly onNotice: Event<BoardNotice>;
  describe(signal: AbortSignal): Promise<CoreDescription>;
  partitions(signal: AbortSignal): Promise<CoreList>;
  /** The key of the partition that is made of free columns when it is opened; where partitions are dynamic. */
  pick(columns: ColumnRange, signal: AbortSignal): Promise<PartitionKey>;
  open(
    partition: PartitionKey,
    allowUnknown: boolean,
    signal: AbortSignal,
    asking?: Asking,
  ): Promise<CoreOpened>;
  read(
    request: CoreReadRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer>;
  find(request: CoreFindRequest, events: FindEvents, signal: AbortSignal): Promise<CoreFindAnswer>;
  write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer>;
  status(request: CoreStatusRequest, signal: AbortSignal): Promise<CoreStatusAnswer>;
  /** Whether gated tiles of the partition are clocked from now on during each access. */
  setClocks(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean>;
  hold(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<void>;
  /**
   * A person allowed to halt cores of a partition in use, in this epoch. The core ends it, and lets all of them go on, with
   * the connection, with silence, and when the partition changes hands.
   */
  allowHalting(partition: PartitionKey, epoch: string, signal: AbortSignal): Promise<void>;
  actOnCore(partition: PartitionKey, tile: Tile, act: CoreAct, signal: AbortSignal): Promise<CoreState>;
  readCore(partition: PartitionKey, tile: Tile, signal: AbortSignal): Promise<CoreRegisters>;
  /** Lets all cores go on. The answer: how many could not be reached yet. */
  endHalting(partition: PartitionKey, signal: AbortSignal): Promise<number>;
  /**
   * Looks at the ranges again and again and tells what became different; the first update tells everything. The next one
   * comes after `Watch.seen`.
   */
  watch(request: CoreWatchRequest, onUpdate: (update: CoreUpdate) => void): Watch<CoreWatchRequest>;
  /** As `watch`, but of a few words of each tile. */
  survey(request: CoreSurveyRequest, onUpdate: (update: CoreSurveyUpdate) => void): Survey;
  takeKernelDescriptor(partition: PartitionKey, signal: AbortSignal): Promise<void>;
  /**
   * Records from now on, until the epoch ends, `endRecording`, or nobody asked for an hour; it waits for nobody. Of a
   * recording that is there already: another pace.
   */
  record(request: CoreRecordRequest, signal: AbortSignal): Promise<void>;
  /**
   * What follows a look; rejects with `no-recording`.
   * @param words of all recorded ranges together
   * @param from the first look that is missing; 0: everything
   */
  recording(recording: string, words: number, from: number, signal: AbortSignal): Promise<CoreRecordingPart>;
  /** @param forget the ring is given back too */
  endRecording(recording: string, forget: boolean, signal: AbortSignal): Promise<void>;
  /** @param keepRecordings what is recorded goes on without this connection, for the next one, where the core can do that */
  dispose(keepRecordings?: boolean): Promise<void>;
}
