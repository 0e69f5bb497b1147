/** The types of a memory session that faces use. The session itself is in `memory-session.ts`. */

import type { Board, ConnectStep, PartitionInfo, WriteOutcome } from '../board/board.ts';
import type { BoardError } from '../board/errors.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import type { ByteRange, MemoryType, Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';

/** Names one memory type of one partition of one board. */
export interface MemoryKey {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
}

/** Where a board entry's connection stands. */
export type LinkState =
  | { readonly kind: 'disconnected' }
  | {
      readonly kind: 'connecting';
      readonly step: ConnectStep;
      readonly percent?: number;
      readonly attempt: number;
    }
  | { readonly kind: 'connected'; readonly board: Board }
  /** Lost or failed. `retryAt` (ms since 1970) is set while reconnecting is planned. */
  | { readonly kind: 'offline'; readonly error: BoardError; readonly retryAt?: number };

/** Bytes as shown: base with staged edits laid over. All arrays have the asked length. */
export interface SessionBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly base: Uint8Array;
  /** `stateBits` and reason of each byte. `changed` is laid in for the last read of its page. */
  readonly flags: Uint8Array;
}

/** How a document is followed. */
export interface LiveState {
  /** Milliseconds from look to look, as asked for; infinite: only when a debug session stops. */
  readonly periodMs: number;
  /**
   * Why nothing comes at present. `free`: nobody has the partition, and a free one does not change by itself. `failed`:
   * with `error`; tried again by itself. `stopped`: a debug session is; it goes on with it.
   */
  readonly paused?: 'disconnected' | 'free' | 'failed' | 'stopped';
  /** While it comes: when the last look was, milliseconds since 1970, and what looking costs. */
  readonly readAt?: number;
  /** Words of 32 bits that the board reads, for all who follow this memory. */
  readonly wordsPerSecond?: number;
  /** Bytes over the link. */
  readonly bytesPerSecond?: number;
  readonly error?: BoardError;
}

/** What was on screen where an edit was made; both arrays have the length of the edit. */
export interface SeenBytes {
  /** The base. */
  readonly base: Uint8Array;
  /** The cells: the base with staged edits laid over. A base that was not known is given as its cell. */
  readonly shown: Uint8Array;
}

/** One run of bytes that a gesture sets. */
export interface ByteEdit {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Without it, the bytes that the session has now count as seen. */
  readonly seen?: SeenBytes;
}

/**
 * One gesture of one document: what VS Code's undo stack holds. `undo` and `redo` are local and synchronous and never
 * write to the device.
 */
export interface Gesture {
  readonly document: string;
  readonly label: string;
  undo(): void;
  redo(): void;
}

/** Shown bytes that changed. */
export interface BytesChange {
  /** Bytes or states of these ranges changed. */
  readonly ranges: readonly ByteRange[];
  /** The last update of the bytes: what is asked for from now on holds it. */
  readonly tick: number;
}

/** How many bytes of a range are staged, and how many of these the device meanwhile holds differently. */
export interface StagedCounts {
  readonly staged: number;
  readonly conflicts: number;
}

/** Result of an apply, per run of bytes. */
export interface ApplyReport {
  readonly spans: readonly (ByteRange & {
    readonly outcome: WriteOutcome;
    readonly reason?: UnreadableReason;
  })[];
  /** Bytes that are on the device now because of this apply. */
  readonly applied: number;
  /** Bytes that stay staged. */
  readonly kept: number;
}

/** An apply that the board answered. */
export interface LastApply {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly report: ApplyReport;
}

/** One line of the write log: nothing reaches the device without one. */
export interface WriteLogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly offset: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /**
   * `unknown`: the connection was lost in the middle, or the access faulted. The next read of these bytes tells; if they
   * were written it adds another line.
   */
  readonly outcome: WriteOutcome | 'unknown';
}

/** Whether edits may be made. `locked` refuses edits; `staged` keeps them until a person applies. */
export type SessionPolicy = 'locked' | 'staged';

/**
 * The occupant left the partition, and there is no new one. Bytes that were read are kept. Until a person asks (`asked`),
 * nothing more is read for the documents that were open then.
 */
export interface EpochEnd {
  /** `owner`: its process ended or gave it back; `hold`: the hold on what a gone owner left behind ended. */
  readonly of: 'owner' | 'hold';
  /** Of the owner; empty and 0 if it was not known. */
  readonly command: string;
  readonly pid: number;
  /** When it was seen, ms since 1970; undefined if it happened while the board was out of sight. */
  readonly at?: number;
  readonly asked: boolean;
}

/** Everything that could be read of what a gone owner left behind, read at once. */
export interface Snapshot {
  /** False while it is being read, and after that failed. */
  readonly done: boolean;
  /** When the last byte of it was read, or when the reading began; ms since 1970. */
  readonly at: number;
}

/** How `MemorySession.complete` reads. */
export interface CompleteOptions {
  /** Bytes that were read, and how many are to be. */
  readonly onProgress?: (bytes: number, of: number) => void;
  /** Whose gesture it is, as told to `look`. */
  readonly looker?: string;
}

/** A core that an error halts, and what was seen of it around an access to its program memory. */
export interface HaltedCore {
  readonly tile: Tile;
  /**
   * `read` or `write`: it ran right before and was halted right after. `before`: it was halted already. `unknown`: it could
   * not be looked at before.
   */
  readonly since: 'read' | 'write' | 'before' | 'unknown';
}

/** Everything about a session that is not bytes. */
export interface SessionState {
  readonly link: LinkState;
  readonly policy: SessionPolicy;
  /** Why the policy cannot be `staged`, if so. */
  readonly lockedBecause?: BoardError;
  readonly partition?: PartitionInfo;
  /** The partition is in use or held: writing needs a person's agreement. */
  readonly inUse: boolean;
  /** It is free, or a person agreed to write beside its occupant. */
  readonly agreedBeside: boolean;
  readonly epochEnd?: EpochEnd;
  readonly snapshot?: Snapshot;
  /** A new epoch began since the staged edits were typed: apply is refused until `rebase`. */
  readonly epochChanged: boolean;
  /** Bytes that are held were read in an earlier epoch, or the board is not connected. */
  readonly stale: boolean;
  readonly reading: boolean;
  readonly readPercent?: number;
  /** When the shown bytes were last read, ms since 1970; undefined before the first read. */
  readonly readAt?: number;
  /** Cores that an error halts, seen when their program memory was read or written here although they were enabled. */
  readonly haltedCores?: readonly HaltedCore[];
  readonly lastError?: BoardError;
}
