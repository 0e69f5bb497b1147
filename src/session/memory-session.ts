import type { Event } from '../model/event.ts';
import type { ByteRange, ColumnRange, MemoryGeometry, MemoryType } from '../model/geometry.ts';
import type { JournalData } from './journal.ts';
import type { BoardLink } from './link.ts';
import type { SessionServices } from './services.ts';
import type {
  ApplyReport,
  ByteEdit,
  Gesture,
  SessionBytes,
  SessionChange,
  SessionPolicy,
  SessionState,
  StagedCounts,
  WriteLogEntry,
} from './types.ts';

/** Names one memory type of one partition of one board. */
export interface MemoryKey {
  readonly columns: ColumnRange;
  readonly memory: MemoryType;
}

/**
 * One memory type of one partition: the live base, the staged edits over it, and the way to write them. Faces are
 * views on it; documents are named by any text that is unique to them (their URI).
 * Single-threaded; every method that is not a promise is synchronous and never touches the board.
 */
export class MemorySession {
  readonly link: BoardLink;
  readonly key: MemoryKey;

  constructor(link: BoardLink, key: MemoryKey, services: SessionServices) {
    this.link = link;
    this.key = key;
    void services;
  }

  /** The layout, once the partition was opened or a journal brought it; undefined before. */
  get geometry(): MemoryGeometry | undefined {
    return notYet();
  }

  /** Everything that is not bytes. */
  get state(): SessionState {
    return notYet();
  }

  /** Fires after shown bytes, flags or the state changed. */
  get onDidChange(): Event<SessionChange> {
    return notYet();
  }

  /**
   * Fires with the documents whose last unwritten edit is gone by an apply, a discard or a revert, so that the face can
   * make their tabs clean. Not fired by a document's own undo: VS Code knows about that one.
   */
  get onDidSettle(): Event<readonly string[]> {
    return notYet();
  }

  /** Fires for every run of bytes that was written, or may have been. */
  get onDidWrite(): Event<WriteLogEntry> {
    return notYet();
  }

  /** The last 1,000 runs that were written or may have been, oldest first. */
  get writeLog(): readonly WriteLogEntry[] {
    return notYet();
  }

  /** Learns the memory types of the partition. Rejects with BoardError. Joins a running attempt. */
  open(signal: AbortSignal): Promise<MemoryGeometry> {
    return notYet(signal);
  }

  /** The bytes as they are to be painted, from what the session has; reads nothing. The arrays are the caller's. */
  bytes(range: ByteRange): SessionBytes {
    return notYet(range);
  }

  /** When the bytes of the range were read (ms since 1970): the oldest of them; undefined if none was. */
  readAt(range: ByteRange): number | undefined {
    return notYet(range);
  }

  /** Reads those bytes of the range that were not read yet. Rejects with BoardError. */
  read(range: ByteRange, signal: AbortSignal): Promise<void> {
    return notYet(range, signal);
  }

  /** Reads all bytes of the range again and marks those that differ from before. Rejects with BoardError. */
  refresh(range: ByteRange, signal: AbortSignal): Promise<void> {
    return notYet(range, signal);
  }

  /**
   * What the document shows right now (`undefined`: nothing, it is hidden or closed). Bytes of it that were not read yet
   * are read while the board is connected; failures go into `state.lastError`, and are not tried again before the next
   * call or the next connection.
   */
  look(document: string, range: ByteRange | undefined): void {
    notYet(document, range);
  }

  /**
   * Stages one gesture of a document; later edits of the list win where they overlap. Throws, having changed nothing:
   * BoardError `locked` or `out-of-range`, SessionError `bytes-unknown` or `bytes-unreadable`.
   */
  stage(document: string, label: string, edits: readonly ByteEdit[]): Gesture {
    return notYet(document, label, edits);
  }

  /** Counts of staged and conflicting bytes in the range, or in the whole memory. */
  counts(range?: ByteRange): StagedCounts {
    return notYet(range);
  }

  /** Runs of staged bytes in the range or in the whole memory, ascending. */
  staged(range?: ByteRange): readonly ByteRange[] {
    return notYet(range);
  }

  /** Runs of conflicting bytes in the range or in the whole memory, ascending. */
  conflicts(range?: ByteRange): readonly ByteRange[] {
    return notYet(range);
  }

  /** Whether the document made or undid edits that are neither on the device nor dropped. */
  isDirty(document: string): boolean {
    return notYet(document);
  }

  /**
   * Writes all staged bytes of the range, whichever document staged them, in one request; compares with what was seen.
   * Rejects with BoardError before anything is written (`locked`, `epoch`, ...) or when the connection is lost in the
   * middle; then everything stays staged, and the next read of those bytes tells what was written.
   */
  apply(range: ByteRange, signal: AbortSignal): Promise<ApplyReport> {
    return notYet(range, signal);
  }

  /** Reads the bytes under all staged edits again and takes over the new epoch; differences become conflicts. */
  rebase(signal: AbortSignal): Promise<void> {
    return notYet(signal);
  }

  /** `mine` keeps the staged value of conflicting bytes (it will overwrite what the device holds now), `theirs` drops it. */
  resolveConflicts(range: ByteRange, keep: 'mine' | 'theirs'): void {
    notYet(range, keep);
  }

  /** Takes the document back to what it last wrote: its unwritten edits and undos are dropped. */
  revert(document: string): void {
    notYet(document);
  }

  /** Drops the staged edits of the range, whichever document made them; their undo does nothing there any more. */
  discard(range: ByteRange): void {
    notYet(range);
  }

  /** Throws BoardError `locked` when the way to the bytes cannot write. Ends when the partition changes hands. */
  setPolicy(policy: SessionPolicy): void {
    notYet(policy);
  }

  /** Program memory of this tile (index in buffer order) may be touched although its core is enabled: a person asked. */
  setTileOpen(tileIndex: number, open: boolean): void {
    notYet(tileIndex, open);
  }

  /** The document's unwritten edits, to be kept across a reload; undefined if there are none. */
  toJournal(document: string): JournalData | undefined {
    return notYet(document);
  }

  /**
   * Stages kept edits again, one gesture each, in order; works without the board. `data` is anything that was stored.
   * Throws SessionError `journal-...`, having changed nothing.
   */
  replay(document: string, data: unknown): readonly Gesture[] {
    return notYet(document, data);
  }

  /** The document is closed: its unwritten edits are dropped, nothing is read for it any more. */
  closeDocument(document: string): void {
    notYet(document);
  }

  dispose(): void {
    notYet();
  }
}

function notYet(...unused: readonly unknown[]): never {
  throw new Error(`not built (${unused.length})`);
}
