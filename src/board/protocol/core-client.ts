/**
 * What the native core answers, whichever carrier brings it: the agent's frames (`wire-client.ts`) or the addon in
 * process (`../local/addon-client.ts`). Everything here was checked: sizes, counts and enumerations from the other side
 * are hostile until a client has validated them. The contract in words: `docs/wire.md`.
 */
import type { Event } from '../../model/event.ts';
import type { ByteRange, ColumnRange, Generation, MemoryGeometry, MemoryType } from '../../model/geometry.ts';
import type { PartitionInfo, UnreadableSpan } from '../board.ts';
import type { BoardError } from '../errors.ts';

/** The protocol version that this client speaks. */
export const protocolVersion = 1;

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
  readonly family: 'linux-2020' | 'unknown';
  readonly generation: Generation | 'unknown';
  readonly findings: readonly string[];
  readonly partitions: readonly PartitionInfo[];
}

export interface CoreMemory extends MemoryGeometry {
  readonly writable: boolean;
}

export interface CoreReadRequest {
  readonly columns: ColumnRange;
  readonly memory: MemoryType;
  readonly ranges: readonly ByteRange[];
  readonly openTiles: readonly number[];
}

export interface CoreReadAnswer {
  /** One array per asked range, of its full length; unreadable bytes are zero. Owned by the caller. */
  readonly bytes: readonly Uint8Array[];
  readonly unreadable: readonly UnreadableSpan[];
  readonly epoch: string;
}

/** One 32-bit word to change; little endian: byte i of the word is bits 8i to 8i+7. */
export interface CoreWord {
  /** Buffer offset, a multiple of 4. */
  readonly offset: number;
  readonly seen: number;
  /** Bits to change; compared and written under this mask. */
  readonly mask: number;
  readonly value: number;
}

export interface CoreWriteRequest {
  readonly columns: ColumnRange;
  readonly memory: MemoryType;
  readonly epoch: string;
  readonly force: boolean;
  readonly openTiles: readonly number[];
  /** Ascending by offset, no two with the same offset. */
  readonly words: readonly CoreWord[];
}

export interface CoreWordOutcome {
  readonly offset: number;
  readonly outcome: 'verified' | 'changed-after' | 'conflict' | 'refused' | 'unreadable';
  readonly reason?: UnreadableSpan['reason'];
  /** The word as read back; 0 if it could not be read. */
  readonly now: number;
}

export interface CoreWriteAnswer {
  /** One per asked word, in order. */
  readonly words: readonly CoreWordOutcome[];
  readonly epoch: string;
}

/** One native core. Every failure is a BoardError; every call can be cancelled. */
export interface CoreClient {
  readonly hello: CoreHello;
  readonly onPartitions: Event<readonly PartitionInfo[]>;
  readonly onClose: Event<BoardError>;
  describe(signal: AbortSignal): Promise<CoreDescription>;
  partitions(signal: AbortSignal): Promise<readonly PartitionInfo[]>;
  open(columns: ColumnRange, allowUnknown: boolean, signal: AbortSignal): Promise<readonly CoreMemory[]>;
  read(request: CoreReadRequest, onProgress: ((bytes: number) => void) | undefined, signal: AbortSignal): Promise<CoreReadAnswer>;
  write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer>;
  dispose(): Promise<void>;
}
