import type {
  Asking,
  Board,
  PartitionInfo,
  PartitionMemory,
  ReadResult,
  WriteOutcome,
  WriteReport,
} from '../board/board.ts';
import {
  BoardError,
  type BoardErrorCode,
  nothingWritten,
  throwIfCancelled,
  toBoardError,
} from '../board/errors.ts';
import { BytePlane, reasonOf, stateBits, type UnreadableReason, UpdateLog } from '../model/byte-state.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import {
  type ByteRange,
  type ColumnRange,
  locate,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  totalBytes,
} from '../model/geometry.ts';
import { bytesIn, cutRanges, endOf, intersectRanges, mergeRanges, runAt } from '../model/ranges.ts';
import type { TileStatus } from '../model/status/status.ts';
import { abortable, Serial } from './async.ts';
import {
  type Dropped,
  EditStack,
  type StagedGesture,
  type StagedSnapshot,
  type StageRun,
} from './edit-stack.ts';
import { SessionError } from './errors.ts';
import { HaltedCores } from './halted-cores.ts';
import { decodeJournal, isSoundGeometry, type JournalStep, journalStep, sameGeometry } from './journal.ts';
import { type BoardLink, holderOf } from './link.ts';
import type { SessionServices } from './services.ts';
import type {
  ApplyReport,
  ByteEdit,
  BytesChange,
  CompleteOptions,
  EpochEnd,
  Gesture,
  SeenBytes,
  SessionBytes,
  SessionPolicy,
  SessionState,
  Snapshot,
  StagedCounts,
  WriteLogEntry,
} from './types.ts';
import { WriteLog } from './write-log.ts';

/** Epoch of edits whose bytes were seen in a life that is over: not its name, which may come back. No core names one so. */
const endedEpoch = '';

/** Unread bytes between two wanted runs that are rather read than asked for separately. */
const readGap = 256;
/** Bytes and runs of one read request: small enough to show progress and to be cancelled. */
const requestBytes = 1 << 20;
const requestRanges = 512;

/**
 * Failures after which nothing can be written beside the present owner. They stay until it changes hands, the board
 * connects again, or a person tries again.
 */
const barring: ReadonlySet<BoardErrorCode> = new Set([
  'no-match',
  'permission',
  'kernel-held',
  'no-pidfd',
  'owner-hidden',
  'no-descriptor',
]);

/** Names one memory type of one partition of one board. */
export interface MemoryKey {
  readonly columns: ColumnRange;
  readonly memory: MemoryType;
}

/** A read under way, and what was written meanwhile. */
interface Flight {
  readonly written: ByteRange[];
}

/** How often a partition whose owner seems to be ending is looked at, and the milliseconds between two looks. */
const endingLooks = 10;
const endingPause = 100;

/**
 * One memory type of one partition: the live base, the staged edits over it, and the way to write them. Faces are
 * views on it; documents are named by any text that is unique to them (their URI).
 * Single-threaded; every method that is not a promise is synchronous and never touches the board.
 */
export class MemorySession implements Disposable {
  readonly link: BoardLink;
  readonly key: MemoryKey;

  readonly #services: SessionServices;
  readonly #base = new BytePlane();
  readonly #updates = new UpdateLog();
  readonly #edits = new EditStack(
    {
      value: (offset) => this.#base.value(offset),
      known: (offset) => (this.#base.state(offset) & stateBits.known) !== 0,
    },
    (ranges) => this.#fire(ranges),
  );
  readonly #log = new WriteLog();
  readonly #bytesChanged = new Emitter<BytesChange>();
  readonly #stateChanged = new Emitter<void>();
  readonly #settled = new Emitter<readonly string[]>();
  readonly #wrote = new Emitter<WriteLogEntry>();
  readonly #subscriptions = new DisposableStore();
  readonly #applies = new Serial();
  readonly #flights = new Set<Flight>();
  readonly #openTiles = new Set<number>();
  readonly #haltedCores = new HaltedCores();
  readonly #looks = new Map<string, ByteRange>();
  /** Everybody who ever looked, and those of them who did before the owner went: nothing is read for these unasked. */
  readonly #lookers = new Set<string>();
  #quiet: ReadonlySet<string> = new Set();
  readonly #ended = new AbortController();

  #geometry: MemoryGeometry | undefined;
  /** Of the present connection. */
  #memory: PartitionMemory | undefined;
  #partition: PartitionInfo | undefined;
  #chosenPolicy: SessionPolicy | undefined;
  /** Why nothing can be written beside the present owner, as the board last said. */
  #barred: BoardError | undefined;
  #epochEnd: EpochEnd | undefined;
  /** The snapshot of what a gone owner left behind, and the hold that it was taken under. */
  #snapshot: (Snapshot & { readonly of: string; readonly board: Board }) | undefined;
  #snapshotReading: AbortController | undefined;
  #epoch: string | undefined;
  #epochSerial = 0;
  /** An epoch ended while this session was there. */
  #sawEnd = false;
  /** `state.epochChanged` as listeners know it. */
  #toldEpochChanged = false;
  /** The board refused a write because of the epoch, and did not say yet which one it is. */
  #epochRefused = false;
  #reading = 0;
  #readAsked = 0;
  #readDone = 0;
  #lastReadAt: number | undefined;
  #lastError: BoardError | undefined;
  #pumping = false;
  #pumpAgain = false;
  /** Somebody looks at something since the pump last came to an end: what it reads then is for a person. */
  #looking = false;

  constructor(link: BoardLink, key: MemoryKey, services: SessionServices) {
    this.link = link;
    this.key = key;
    this.#services = services;
    this.#subscriptions.add(link.onDidChangePartitions(() => this.#followPartition()));
    this.#subscriptions.add(link.onDidChangeState(() => this.#followLink()));
    this.#followPartition();
  }

  /** The layout, once the partition was opened or a journal brought it; undefined before. */
  get geometry(): MemoryGeometry | undefined {
    return this.#geometry;
  }

  /** Everything that is not bytes. */
  get state(): SessionState {
    const lockedBecause = this.#lockedBecause();
    const connected = this.link.state.kind === 'connected';
    return {
      link: this.link.state,
      policy: this.#policy(),
      ...(lockedBecause === undefined ? {} : { lockedBecause }),
      ...(this.#partition === undefined ? {} : { partition: this.#partition }),
      besideHolder: this.#partition?.inUse === true,
      agreedBeside: this.#agreedBeside(),
      ...(this.#epochEnd === undefined ? {} : { epochEnd: this.#epochEnd }),
      ...(this.#snapshot === undefined
        ? {}
        : { snapshot: { done: this.#snapshot.done, at: this.#snapshot.at } }),
      epochChanged: this.#epochChanged(),
      stale: this.#base.hasStale || (!connected && this.#base.hasKnown),
      reading: this.#reading > 0,
      ...(this.#reading > 0 && this.#readAsked > 0
        ? { readPercent: Math.min(100, Math.floor((this.#readDone * 100) / this.#readAsked)) }
        : {}),
      ...(this.#lastReadAt === undefined ? {} : { readAt: this.#lastReadAt }),
      ...(this.#haltedCores.list.length === 0 ? {} : { haltedCores: this.#haltedCores.list }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** Fires after shown bytes or their states changed, and with them the counts of staged ones. */
  get onBytes(): Event<BytesChange> {
    return this.#bytesChanged.event;
  }

  /** Fires after something in `state` changed. */
  get onState(): Event<void> {
    return this.#stateChanged.event;
  }

  /**
   * Fires with the documents whose last unwritten edit is gone by an apply, a discard, a revert, or a read that found
   * them written, so that the face can make their tabs clean. Not fired by undo and redo: VS Code knows about these.
   */
  get onDidSettle(): Event<readonly string[]> {
    return this.#settled.event;
  }

  /** Fires for every run of bytes that was written, or may have been. */
  get onDidWrite(): Event<WriteLogEntry> {
    return this.#wrote.event;
  }

  /** The last 1,000 runs that were written or may have been, oldest first. */
  get writeLog(): readonly WriteLogEntry[] {
    return this.#log.entries;
  }

  /** Learns the memory types of the partition. Rejects with BoardError. */
  async open(signal: AbortSignal): Promise<MemoryGeometry> {
    return (await this.#open(signal)).geometry;
  }

  /** The bytes as they are to be painted, from what the session has; reads nothing. The arrays are the caller's. */
  bytes(range: ByteRange): SessionBytes {
    this.#checkRange(range);
    const base = new Uint8Array(range.length);
    const flags = new Uint8Array(range.length);
    this.#base.copy(range, base, flags);
    const bytes = base.slice();
    this.#edits.overlay(range, bytes, (i, conflict) => {
      flags[i] = (flags[i] ?? 0) | stateBits.staged | (conflict ? stateBits.conflict : 0);
    });
    return { offset: range.offset, bytes, base, flags };
  }

  /** When the bytes of the range were read (ms since 1970): the oldest of them; undefined if none was. */
  readAt(range: ByteRange): number | undefined {
    this.#checkRange(range);
    return this.#base.readAt(range);
  }

  /** As `state.stale`, of one range: bytes that are elsewhere do not count. */
  isStale(range: ByteRange): boolean {
    this.#checkRange(range);
    if (this.link.state.kind !== 'connected') return this.#base.readAt(range) !== undefined;
    return this.#base.hasStaleIn(range);
  }

  /** Reads those bytes of the range that were not read yet. Rejects with BoardError. */
  async read(range: ByteRange, signal: AbortSignal): Promise<void> {
    this.#asked();
    await this.#open(signal);
    this.#checkRange(range);
    await this.#readRanges(mergeRanges(this.#base.missing(range), readGap), 'person', signal);
  }

  /**
   * Reads what a gesture on the range needs: the bytes that were not read yet, and with them those that are outdated, so
   * that what is copied or written over is of one life. Reads nothing where nothing is missing, with or without a board.
   * Afterwards a byte is known, or unreadable with a reason. Rejects with BoardError; with SessionError `bytes-left`
   * where reading would mix what an application left with what came after it (unless a person asked for that, or opened
   * the editor after its end), and `bytes-changed-hands` if a new life began meanwhile.
   */
  async complete(
    range: ByteRange,
    signal: AbortSignal,
    { onProgress, looker }: CompleteOptions = {},
  ): Promise<void> {
    this.#checkRange(range);
    const connected = this.link.state.kind === 'connected';
    const missing = this.#base.missing(range, connected ? 'not-read' : undefined);
    if (missing.length === 0) return;
    const openedSince = looker !== undefined && !this.#quiet.has(looker);
    if (this.#epochEnd?.asked === false && !(openedSince && this.#base.stale(range).length === 0)) {
      throw new SessionError('bytes-left', 'the application ended before these bytes were read');
    }
    await this.#open(signal);
    const wanted = mergeRanges([...missing, ...this.#base.stale(range)], readGap);
    const of = bytesIn(wanted);
    await this.#readRanges(wanted, 'person', signal, { onProgress: (bytes) => onProgress?.(bytes, of) });
    if (this.#base.missing(range).length > 0 || this.#base.hasStaleIn(range)) {
      throw new SessionError('bytes-changed-hands', 'the contents started a new life during the read');
    }
  }

  /**
   * Reads all bytes of the range again and marks those that differ from before. Rejects with BoardError; `gave-way` when an
   * application came in the middle of a long read of what nobody used: what was read by then is kept.
   * @param fast a person chose not to leave a partition that nobody uses to others between the parts of a long read
   */
  async refresh(range: ByteRange, signal: AbortSignal, fast = false): Promise<void> {
    this.#asked();
    await this.#open(signal);
    this.#checkRange(range);
    await this.#readRanges([range], fast ? 'fast' : 'person', signal);
  }

  /**
   * What the document shows right now (`undefined`: nothing, it is hidden or closed). Bytes of it that were not read yet
   * are read while the board is connected; failures go into `state.lastError`, and are not tried again before the next
   * call or the next connection.
   */
  look(document: string, range: ByteRange | undefined): void {
    if (range === undefined) this.#looks.delete(document);
    else {
      if (this.#geometry !== undefined) this.#checkRange(range);
      this.#looks.set(document, range);
      this.#lookers.add(document);
      this.#looking = true;
      void this.#pump();
    }
  }

  /**
   * Stages one gesture of a document; later edits of the list win where they overlap. A byte that holds something else
   * than was on screen (`ByteEdit.seen`) is a conflict from the beginning. Throws, having changed nothing:
   * BoardError `locked` or `out-of-range`, SessionError `bytes-unknown` or `bytes-unreadable`.
   */
  stage(document: string, label: string, edits: readonly ByteEdit[]): Gesture {
    this.#checkAlive();
    this.#checkUnlocked();
    for (const edit of edits) this.#checkRange({ offset: edit.offset, length: edit.bytes.length });
    let old = this.#epochRefused;
    const runs = flatten(edits).map(({ offset, bytes, given, base, shown }): StageRun => {
      const seen = new Uint8Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) {
        const state = this.#base.state(offset + i);
        if ((state & stateBits.known) === 0) throw this.#notEditable(offset + i);
        if ((state & stateBits.stale) !== 0) old = true;
        const now = this.#base.value(offset + i);
        // What was typed and has been written since was on screen as well.
        const wasSeen = given[i] !== 1 || now === shown[i];
        seen[i] = wasSeen ? now : (base[i] ?? 0);
      }
      return { offset, bytes, seen };
    });
    const epoch = old ? endedEpoch : (this.#epoch ?? endedEpoch);
    return this.#staged(this.#edits.stage(document, label, epoch, runs, { now: this.#services.now() }));
  }

  /** Counts of staged and conflicting bytes in the range, or in the whole memory. */
  counts(range: ByteRange = this.#whole()): StagedCounts {
    return this.#edits.counts(range);
  }

  /** Runs of staged bytes in the range or in the whole memory, ascending. */
  staged(range: ByteRange = this.#whole()): readonly ByteRange[] {
    return this.#edits.runs(range, 'staged');
  }

  /** Runs of conflicting bytes in the range or in the whole memory, ascending. */
  conflicts(range: ByteRange = this.#whole()): readonly ByteRange[] {
    return this.#edits.runs(range, 'conflict');
  }

  /**
   * Whether the document made or undid edits that are neither dropped nor on the device, as far as is known. Edits that
   * make no difference (the byte that is there was typed) do not count; an apply settles them without writing.
   */
  isDirty(document: string): boolean {
    return this.#edits.isDirty(document);
  }

  /**
   * Writes all staged bytes of the range, whichever document staged them, in one request; compares with what was seen.
   * Bytes that already hold their staged value by the last read are not written. Applies run one after the other.
   * Rejects with BoardError before anything is written (`locked`, `epoch`, ...) or when the connection is lost in the
   * middle; then everything stays staged, and the next read of those bytes tells what was written.
   */
  apply(range: ByteRange, signal: AbortSignal): Promise<ApplyReport> {
    return this.#applies.run(() => this.#apply(range, signal));
  }

  /**
   * Reads the bytes under all staged edits again and takes over the new epoch; differences become conflicts. Rejects with
   * BoardError, `epoch` if some of them could not be read again: their edits stay those of the old epoch.
   */
  async rebase(signal: AbortSignal): Promise<void> {
    this.#asked();
    await this.#open(signal);
    let serial: number;
    do {
      serial = this.#epochSerial;
      await this.#readRanges(
        mergeRanges(this.#edits.runs(this.#whole(), 'pending'), readGap),
        'person',
        signal,
      );
    } while (serial !== this.#epochSerial);
    if (this.#epoch === undefined)
      throw new BoardError('no-partition', 'the board does not list the partition');
    if (this.#edits.runs(this.#whole(), 'pending').some((run) => this.#base.hasStaleIn(run)))
      throw this.#failed(new BoardError('epoch', 'not all bytes under the staged edits were read again'));
    this.#epochRefused = false;
    this.#edits.setEpoch(this.#epoch);
    this.#fire(this.#edits.runs(this.#whole(), 'pending'));
  }

  /** Conflicting bytes of the range keep their staged value: it will overwrite what the device holds now. */
  keepMine(range: ByteRange): void {
    this.#checkRange(range);
    const runs = this.#edits.runs(range, 'conflict');
    this.#edits.keepMine(range);
    this.#fire(runs);
  }

  /** As `discard`, of the conflicting bytes of the range. */
  takeTheirs(document: string, label: string, range: ByteRange): Gesture | undefined {
    this.#checkRange(range);
    return this.#dropping(document, label, () => this.#edits.drop(this.#edits.runs(range, 'conflict')));
  }

  /** Takes the document back to what it last wrote: its unwritten edits and undos are dropped. */
  revert(document: string): void {
    this.#settling(() => this.#fire(this.#edits.revert(document)));
  }

  /** How many bytes of the range each document has unwritten edits on, whether or not another's lie over them. */
  unwritten(range: ByteRange): ReadonlyMap<string, number> {
    this.#checkRange(range);
    return this.#edits.pendingIn(range);
  }

  /**
   * Drops the staged edits of the range, whichever document made them, as a gesture of `document`; undefined if there are
   * none. Their own undo does nothing any more until this one is undone; that brings them back except where other edits
   * were written meanwhile, and except those of documents that were reverted or closed since.
   */
  discard(document: string, label: string, range: ByteRange): Gesture | undefined {
    this.#checkRange(range);
    return this.#dropping(document, label, () => this.#edits.drop([range], document));
  }

  /**
   * Ends when the partition changes hands. Throws BoardError `locked` when the way to the bytes cannot write, and when
   * somebody has the partition beside whom nobody agreed to write yet (`agreeBeside`).
   */
  setPolicy(policy: SessionPolicy): void {
    if (policy === 'staged') {
      const problem = this.#lockedBecause();
      if (problem !== undefined) throw problem;
      if (!this.#agreedBeside()) throw new BoardError('locked', 'nobody agreed to write beside the owner');
    }
    this.#chosenPolicy = policy;
    this.#tellState();
  }

  /** Who has the partition, as text to compare (`holderOf`): what a question is asked about. */
  get holder(): string {
    return holderOf(this.#partition);
  }

  /**
   * A person was asked and agreed to write beside `holder`; then editing is unlocked. Counts for every memory of the
   * partition until it changes hands. A failure that barred writing is forgotten: the next apply tries again. Throws
   * BoardError `locked` if the partition changed hands while the question stood.
   */
  agreeBeside(holder: string): void {
    if (holder !== this.holder) {
      throw new BoardError('locked', 'the partition changed hands meanwhile', this.#ownerFacts());
    }
    this.#barred = undefined;
    this.link.agreeBeside(this.key.columns, holder);
    this.setPolicy('staged');
  }

  /**
   * Program memory of this tile (index in buffer order) may be touched although its core is enabled: a person asked. Ends
   * with the life of the contents that was asked about.
   */
  setTileOpen(tileIndex: number, open: boolean): void {
    if (open) this.#openTiles.add(tileIndex);
    else this.#openTiles.delete(tileIndex);
    if (this.#openTiles.size === 0) this.#haltedCores.clear();
  }

  /**
   * What the document's journal has to become, so that its unwritten edits survive a reload.
   *
   * @param whole all of it; without, only what is new since this was asked last, where that is enough
   */
  journal(document: string, whole: boolean): JournalStep {
    return this.#geometry === undefined
      ? { kind: 'empty' }
      : journalStep(this.#geometry, this.#edits, document, whole);
  }

  /**
   * Stages kept edits again, one gesture each, oldest first; works without the board, and whatever the policy. Between
   * the gestures of other documents they take the place that they had. Once the contents started a new life in this
   * session, they have to be re-based. `data` is anything that was stored. Throws SessionError `journal-...`, having
   * changed nothing.
   */
  replay(document: string, data: unknown): readonly Gesture[] {
    this.#checkAlive();
    const { geometry, gestures } = decodeJournal(data);
    const { startCol, numCols } = this.key.columns;
    const matches =
      geometry.type === this.key.memory &&
      geometry.startCol >= startCol &&
      geometry.startCol + geometry.numCols <= startCol + numCols &&
      (this.#geometry === undefined || sameGeometry(geometry, this.#geometry));
    if (!matches) throw new SessionError('journal-mismatch', 'the staged edits were kept for another memory');
    this.#geometry = geometry;
    return gestures.map(({ order, label, epoch, runs }) =>
      this.#staged(this.#edits.stage(document, label, this.#sawEnd ? endedEpoch : epoch, runs, { order })),
    );
  }

  /** The document is closed: its unwritten edits are dropped, nothing is read for it any more. */
  closeDocument(document: string): void {
    this.#looks.delete(document);
    this.#fire(this.#edits.close(document));
  }

  /** Ends reads under way and forgets its listeners; an apply under way runs to its end, and is still logged. */
  dispose(): void {
    this.#ended.abort();
    this.#snapshotReading?.abort();
    this.#subscriptions.dispose();
    this.#bytesChanged.dispose();
    this.#stateChanged.dispose();
    this.#settled.dispose();
    this.#looks.clear();
  }

  // -- the board --------------------------------------------------------------------------------------------------

  async #open(signal: AbortSignal): Promise<PartitionMemory> {
    this.#checkAlive();
    throwIfCancelled(signal);
    try {
      if (this.#memory === undefined) {
        const partition = await this.link.open(this.key.columns, signal);
        this.#checkAlive();
        const memory = partition.memory(this.key.memory);
        if (memory === undefined) {
          throw new BoardError('no-memory-types', `the partition has no ${this.key.memory} memory`);
        }
        if (this.link.state.kind !== 'connected')
          throw new BoardError('connection-lost', 'the connection was lost');
        this.#adopt(memory);
      }
      const memory = this.#memory;
      if (memory === undefined) throw new BoardError('connection-lost', 'the connection was lost');
      return memory;
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #adopt(memory: PartitionMemory): void {
    const { geometry } = memory;
    if (!isSoundGeometry(geometry)) throw new BoardError('protocol', 'the memory has an impossible layout');
    if (this.#geometry !== undefined && !sameGeometry(geometry, this.#geometry)) {
      if (this.#edits.pendingDocuments.length > 0) {
        throw new BoardError(
          'no-partition',
          'the memory has another layout than when its edits were staged',
          {
            layout: 'changed',
          },
        );
      }
      this.#base.clear();
      // Undone, discarded and written gestures lie in the old layout: undo and redo of them change nothing from now on.
      this.#edits.clear();
      // What was on screen were places of the old layout: the new pages say what they show.
      this.#looks.clear();
    }
    this.#geometry = geometry;
    this.#memory = memory;
    this.#tellState();
  }

  /** `onlyIn`: bytes of another epoch are not taken over; rejects with `epoch` then. */
  async #readRanges(
    ranges: readonly ByteRange[],
    asking: Asking,
    signal: AbortSignal,
    { onlyIn, onProgress }: { readonly onlyIn?: string; readonly onProgress?: (bytes: number) => void } = {},
  ): Promise<void> {
    const asked = bytesIn(ranges);
    if (asked === 0) return;
    const either = AbortSignal.any([signal, this.#ended.signal]);
    this.#reading++;
    this.#readAsked += asked;
    const since = this.#updates.last;
    let done = 0;
    const progress = (now: number) => {
      const before = this.state.readPercent;
      this.#readDone += now - done;
      done = now;
      onProgress?.(now);
      if (this.state.readPercent !== before) this.#tellState();
    };
    this.#tellState();
    try {
      let finished = 0;
      for (const request of requests(ranges)) {
        throwIfCancelled(either);
        await this.#readOnce(
          request,
          (bytes) => progress(finished + Math.min(bytes, bytesIn(request))),
          asking,
          either,
          { onlyIn, since },
        );
        finished += bytesIn(request);
        progress(finished);
      }
      this.#lastError = undefined;
      if (this.#barred?.code !== 'no-match') this.#barred = undefined;
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#reading--;
      this.#readAsked -= asked;
      this.#readDone -= done;
      this.#tellState();
    }
  }

  async #readOnce(
    ranges: readonly ByteRange[],
    onProgress: (bytes: number) => void,
    asking: Asking,
    signal: AbortSignal,
    { onlyIn, since }: { readonly onlyIn: string | undefined; readonly since: number },
  ): Promise<void> {
    const memory = await this.#open(signal);
    const touched = this.#openTilesIn(ranges);
    const before = await this.#lookAtCores(touched, asking, signal);
    const flight: Flight = { written: [] };
    this.#flights.add(flight);
    const serial = this.#epochSerial;
    let result: ReadResult;
    try {
      const read = () =>
        abortable(
          memory.read(ranges, { asking, openTiles: new Set(this.#openTiles), onProgress }, signal),
          signal,
        );
      result = await this.#pastEnding(read, signal);
    } finally {
      this.#flights.delete(flight);
    }
    if (onlyIn !== undefined && result.epoch !== onlyIn) {
      throw new BoardError('epoch', 'the contents started a new life during the read');
    }
    this.#store(ranges, result, flight, serial, since);
    if (result.gaveWay === true)
      throw new BoardError('gave-way', 'an application came while the partition was read');
    if (this.#haltedCores.seen('read', before, await this.#lookAtCores(touched, asking, signal)))
      this.#tellState();
  }

  /** An owner that is ending has closed its descriptor before its mapping: the read is tried again until it is gone. */
  async #pastEnding(read: () => Promise<ReadResult>, signal: AbortSignal): Promise<ReadResult> {
    for (let look = 1; ; look++) {
      try {
        return await read();
      } catch (error) {
        if (look === endingLooks || toBoardError(error).code !== 'no-descriptor') throw error;
      }
      await abortable(
        new Promise<void>((done) => {
          this.#services.after(endingPause, done);
        }),
        signal,
      );
    }
  }

  /** The tiles of the ranges whose program memory is touched although their cores may run. */
  #openTilesIn(ranges: readonly ByteRange[]): Tile[] {
    const geometry = this.#geometry;
    if (geometry === undefined) return [];
    const length = geometry.bytesPerTile;
    return [...this.#openTiles]
      .filter((index) => ranges.some((range) => intersectRanges(range, { offset: index * length, length })))
      .map((index) => locate(geometry, index * length).tile);
  }

  /** How the cores of these tiles are: looked at before and after their program memory is touched. */
  async #lookAtCores(
    tiles: readonly Tile[],
    asking: Asking,
    signal: AbortSignal,
  ): Promise<readonly TileStatus[]> {
    if (tiles.length === 0) return [];
    const partition = await abortable(this.link.open(this.key.columns, signal), signal);
    return (await abortable(partition.status(tiles, { asking }, signal), signal)).tiles;
  }

  #store(
    ranges: readonly ByteRange[],
    result: ReadResult,
    flight: Flight,
    serial: number,
    since: number,
  ): void {
    const sound =
      result.pieces.length === ranges.length &&
      result.pieces.every(
        (piece, i) => piece.bytes.length === ranges[i]?.length && piece.range.offset === ranges[i]?.offset,
      );
    if (!sound) throw new BoardError('protocol', 'the read answered other ranges than were asked for');
    // A result that was asked for before the epoch changed says nothing about which one is current.
    if (serial === this.#epochSerial) this.#setEpoch(result.epoch);
    if (this.#edits.epochs.length === 0) this.#epochRefused = false;
    const fresh = result.epoch === this.#epoch;
    const skip = mergeRanges(flight.written);
    const { at, epoch } = result;
    const tick = this.#updates.begin({ at, epoch });
    this.#lastReadAt = at;
    this.#settling(() => {
      const changed: ByteRange[] = [];
      for (const { range, bytes } of result.pieces) {
        const unreadable = result.unreadable.filter((span) => intersectRanges(span, range) !== undefined);
        changed.push(...this.#base.store({ range, bytes, unreadable, at, tick, since, fresh, skip }));
      }
      this.#baseChanged(changed);
      this.#fire(mergeRanges(changed, readGap));
    });
  }

  /** Staged edits over the changed base are looked at again; writes of unknown outcome are decided. */
  #baseChanged(ranges: readonly ByteRange[]): void {
    const at = this.#services.now();
    for (const range of ranges) {
      const found = this.#edits.baseChanged(range);
      const runs: { offset: number; start: number; length: number }[] = [];
      found.forEach(({ offset }, start) => {
        extend(runs, { offset, start, length: 1 }, () => true);
      });
      this.#logWrites(
        runs.map(({ offset, start, length }) => {
          const bytes = found.slice(start, start + length);
          const before = Uint8Array.from(bytes, (byte) => byte.before);
          const after = Uint8Array.from(bytes, (byte) => byte.after);
          return { at, offset, before, after, outcome: 'verified' };
        }),
      );
    }
  }

  /** Reads what is shown and was not read yet, until nothing is missing or a read fails. */
  async #pump(): Promise<void> {
    this.#pumpAgain = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpAgain && !this.#ended.signal.aborted && this.link.state.kind === 'connected') {
        this.#pumpAgain = false;
        if (this.#looks.size === 0) continue;
        // The layout is asked of the board only for somebody who looks, and only once.
        if (this.#geometry === undefined) await this.#open(this.#ended.signal);
        const request = requests(mergeRanges(this.#missingShown(), readGap))[0];
        if (request === undefined) {
          this.#looking = false;
          continue;
        }
        this.#pumpAgain = true;
        await this.#readRanges(request, this.#looking ? 'look' : 'nobody', this.#ended.signal);
      }
    } catch (error) {
      // `state.lastError` holds it for the face; here it only ends the loop.
      if (toBoardError(error).code === 'internal') this.#services.log.warn(String(error));
      this.#looking = false;
    } finally {
      this.#pumping = false;
    }
  }

  /**
   * What is shown and was not read yet. What an application left is not mixed with what came after it, unless a person
   * asks; opening another editor is asking, for what it shows.
   */
  #missingShown(): readonly ByteRange[] {
    const shown = [...this.#looks]
      .filter(([document]) => !this.#quiet.has(document))
      .flatMap(([, range]) => intersectRanges(range, this.#whole()) ?? []);
    return mergeRanges(shown).flatMap((range) => this.#base.missing(range));
  }

  async #apply(range: ByteRange, signal: AbortSignal): Promise<ApplyReport> {
    throwIfCancelled(signal);
    this.#checkRange(range);
    this.#checkUnlocked();
    const memory = await this.#open(signal);
    const touched = this.#openTilesIn(this.#edits.runs(range, 'pending'));
    const before = await this.#lookAtCores(touched, 'person', signal).catch((error: unknown) => {
      throw this.#failed(error);
    });
    this.#checkUnlocked();
    const epoch = this.#epoch;
    if (epoch === undefined) throw new BoardError('no-partition', 'the board does not list the partition');
    if (this.#epochChanged()) {
      throw new BoardError('epoch', 'the contents started a new life since the edits were staged');
    }
    const serial = this.#epochSerial;
    const already = this.#edits.snapshot(range, false);
    const snapshot = this.#edits.snapshot(range, true);
    this.#edits.beginWrite();
    try {
      let result: ApplyReport = { spans: [], applied: 0, kept: 0 };
      if (snapshot.length > 0) {
        const report = await this.#write(memory, snapshot, epoch, signal);
        const fresh = serial === this.#epochSerial || report.epoch === this.#epoch;
        this.#settling(() => {
          result = this.#takeOver(snapshot, report, fresh);
        });
      }
      // What was on the device anyway is as good as written.
      this.#settling(() => {
        for (let i = 0; i < already.length; i++)
          this.#edits.settle(already.offsets[i] ?? 0, already.wanted[i] ?? 0);
        this.#fire(runsOf(already).map(({ offset, length }) => ({ offset, length })));
      });
      this.#lastError = undefined;
      // What was written is written, whether the cores can be looked at or not.
      await this.#lookAtCores(touched, 'person', signal).then(
        (after) => this.#haltedCores.seen('write', before, after),
        (error: unknown) => this.#failed(error),
      );
      return result;
    } finally {
      this.#edits.endWrite();
      this.#tellState();
      void this.#pump();
    }
  }

  async #write(
    memory: PartitionMemory,
    snapshot: StagedSnapshot,
    epoch: string,
    signal: AbortSignal,
  ): Promise<WriteReport> {
    const runs = runsOf(snapshot);
    const edits = runs.map(({ offset, length, start }) => ({
      offset,
      seen: snapshot.seen.slice(start, start + length),
      bytes: snapshot.wanted.slice(start, start + length),
    }));
    let sent = false;
    try {
      const besideOwner = this.#partition?.inUse === true;
      const options = { epoch, openTiles: new Set(this.#openTiles), ...(besideOwner ? { besideOwner } : {}) };
      const writing = memory.write(edits, options, signal);
      sent = true;
      const report = await writing;
      checkReport(report, runs);
      return report;
    } catch (thrown) {
      const error = this.#failed(thrown);
      if (error.code === 'epoch') this.#refuseEpoch();
      else if (sent && !nothingWritten.has(error.code)) this.#loseTrack(snapshot);
      throw error;
    } finally {
      for (const flight of this.#flights) flight.written.push(...runs);
    }
  }

  /** What the board says became of the written bytes. */
  #takeOver(snapshot: StagedSnapshot, report: WriteReport, fresh: boolean): ApplyReport {
    const spans: { offset: number; length: number; outcome: WriteOutcome; reason?: UnreadableReason }[] = [];
    const logged: { offset: number; start: number; length: number; outcome: WriteLogEntry['outcome'] }[] = [];
    let applied = 0;
    let at = 0;
    for (const span of report.spans) {
      for (let i = 0; i < span.length; i++, at++) {
        const offset = span.offset + i;
        const now = span.now[i] ?? 0;
        const written = span.outcome === 'verified' || span.outcome === 'changed-after';
        // The device holds what was wanted: perhaps our own earlier write, whose answer was lost.
        const there = span.outcome === 'conflict' && now === snapshot.wanted[at];
        if (written || there || span.outcome === 'conflict') this.#base.wrote(offset, now, fresh);
        else {
          // The access that faulted may have been the read-back.
          if (span.outcome === 'unreadable') {
            this.#base.forget(offset);
            this.#edits.markUncertain(offset, snapshot.wanted[at] ?? 0);
          }
          if (span.reason !== undefined) this.#base.markUnreadable(offset, span.reason, fresh);
        }
        if (written || there) {
          this.#edits.settle(offset, now);
          applied++;
        } else this.#baseChanged([{ offset, length: 1 }]);
        if (written || span.outcome === 'unreadable') {
          const outcome = written ? span.outcome : 'unknown';
          extend(logged, { offset, start: at, length: 1, outcome }, (a, b) => a.outcome === b.outcome);
        }
        const outcome = there ? 'verified' : span.outcome;
        const entry = {
          offset,
          length: 1,
          outcome,
          ...(span.reason === undefined ? {} : { reason: span.reason }),
        };
        extend(spans, entry, (a, b) => a.outcome === b.outcome && a.reason === b.reason);
      }
    }
    this.#logWrites(
      logged.map(({ offset, start, length, outcome }) => ({
        at: report.at,
        offset,
        before: snapshot.seen.slice(start, start + length),
        after: snapshot.wanted.slice(start, start + length),
        outcome,
      })),
    );
    this.#fire(spans.map(({ offset, length }) => ({ offset, length })));
    return { spans, applied, kept: snapshot.length - applied };
  }

  /** The answer to a write is missing: the base of its bytes is not known until it is read again. */
  #loseTrack(snapshot: StagedSnapshot): void {
    const runs = runsOf(snapshot);
    for (let i = 0; i < snapshot.length; i++) {
      const offset = snapshot.offsets[i] ?? 0;
      this.#base.forget(offset);
      this.#edits.markUncertain(offset, snapshot.wanted[i] ?? 0);
    }
    for (const run of runs) this.#edits.baseChanged(run);
    this.#logWrites(
      runs.map(({ offset, length, start }) => ({
        at: this.#services.now(),
        offset,
        before: snapshot.seen.slice(start, start + length),
        after: snapshot.wanted.slice(start, start + length),
        outcome: 'unknown',
      })),
    );
    this.#fire(runs);
  }

  #logWrites(entries: readonly WriteLogEntry[]): void {
    for (const [i, entry] of entries.entries()) {
      this.#log.add(entry);
      if (i < spelledWrites) this.#services.log.info(`${this.link.label}: ${writeText(this.key, entry)}`);
      this.#emit(this.#wrote, entry);
    }
    const rest = entries.length - spelledWrites;
    if (rest > 0) this.#services.log.info(`${this.link.label}: write: ${rest} more runs`);
  }

  // -- following the board ----------------------------------------------------------------------------------------

  #followLink(): void {
    const connected = this.link.state.kind === 'connected';
    this.#looking = false;
    if (!connected) this.#memory = undefined;
    else {
      this.#lastError = undefined;
      this.#barred = undefined;
    }
    this.#tellState();
    if (connected) void this.#pump();
    void this.#takeSnapshot();
  }

  #followPartition(): void {
    const { startCol, numCols } = this.key.columns;
    const before = this.#partition;
    const now = this.link.partitions.find(
      ({ columns }) => columns.startCol === startCol && columns.numCols === numCols,
    );
    this.#partition = now;
    if (before !== undefined && holderOf(before) !== holderOf(now)) {
      this.#chosenPolicy = undefined;
      this.#barred = undefined;
      // A layout that was not learned and bytes that could not be read keep their reason: nothing asks again by itself.
      if (this.#geometry !== undefined && this.#missingShown().length === 0) this.#lastError = undefined;
    }
    // A later life: what is outdated now need not be what the application left.
    if (this.#epochEnd?.asked === true && now?.epoch !== this.#epoch) this.#epochEnd = undefined;
    const wasQuiet = this.#quiet.size > 0;
    this.#followOwner(before, now);
    if (now !== undefined) this.#setEpoch(now.epoch);
    this.#tellState();
    // What was scrolled to while nothing was read is on the screen, blank.
    if (wasQuiet && this.#quiet.size === 0) void this.#pump();
    void this.#takeSnapshot();
  }

  /** Notes that the partition was left by those who had it: its bytes stay as they were last read. */
  #followOwner(before: PartitionInfo | undefined, now: PartitionInfo | undefined): void {
    if (now?.inUse === true) {
      this.#epochEnd = undefined;
      this.#quiet = new Set();
      return;
    }
    if (before?.inUse !== true) return;
    // A partition of a dynamic driver goes with its owner; one that went with the whole device says nothing of it.
    const went = now === undefined;
    if (went && this.link.freeColumns.length === 0) return;
    if (went) {
      this.#memory = undefined;
      this.#refuseEpoch();
    }
    const seen = this.link.state.kind === 'connected';
    this.#epochEnd = {
      of: before.ownerGone ? 'hold' : 'owner',
      command: before.owner?.command ?? '',
      pid: before.owner?.pid ?? 0,
      ...(seen ? { at: this.#services.now() } : {}),
      asked: false,
    };
    this.#quiet = new Set(this.#lookers);
  }

  /** A person asked for bytes: what is read from now on is what is there now. */
  #asked(): void {
    if (this.#epochEnd?.asked !== false) return;
    this.#epochEnd = { ...this.#epochEnd, asked: true };
    this.#quiet = new Set();
  }

  /**
   * Reads everything that a gone owner left, once per hold, so that it is still here after the hold has ended. A failed
   * read is tried again after the next connection.
   */
  async #takeSnapshot(): Promise<void> {
    const { state } = this.link;
    const partition = this.#partition;
    if (state.kind !== 'connected' || partition?.ownerGone !== true) {
      this.#snapshotReading?.abort();
      return;
    }
    const of = `${partition.hold?.pid ?? 0}:${partition.hold?.since ?? 0}`;
    if (this.#snapshotReading !== undefined) return;
    if (this.#snapshot?.of === of && (this.#snapshot.done || this.#snapshot.board === state.board)) return;
    const reading = new AbortController();
    this.#snapshotReading = reading;
    this.#snapshot = { of, board: state.board, done: false, at: this.#services.now() };
    this.#tellState();
    try {
      await this.#open(reading.signal);
      await this.#readRanges([this.#whole()], 'nobody', reading.signal, { onlyIn: partition.epoch });
      this.#snapshot = { of, board: state.board, done: true, at: this.#lastReadAt ?? this.#services.now() };
    } catch (error) {
      // `state.lastError` holds it for the face.
      this.#services.log.warn(`${this.link.label}: no snapshot: ${toBoardError(error).message}`);
    } finally {
      this.#snapshotReading = undefined;
      if (!this.#ended.signal.aborted) this.#tellState();
    }
  }

  #setEpoch(epoch: string): void {
    if (epoch === this.#epoch) return;
    if (this.#epoch !== undefined) {
      // A core that connects anew counts an owner's lives from 0 again: the name proves nothing any more.
      this.#sawEnd = true;
      this.#edits.setEpoch(endedEpoch);
      this.#base.endEpoch();
      this.#edits.forgetUncertain();
      this.#openTiles.clear();
      this.#haltedCores.clear();
    }
    this.#epoch = epoch;
    this.#epochSerial++;
    this.#epochRefused = false;
  }

  #refuseEpoch(): void {
    this.#epochRefused = true;
    this.#base.endEpoch();
  }

  #epochChanged(): boolean {
    const epochs = this.#edits.epochs;
    if (this.#epoch === undefined || epochs.length === 0) return false;
    return this.#epochRefused || epochs.some((epoch) => epoch !== this.#epoch);
  }

  #lockedBecause(): BoardError | undefined {
    if (this.#barred !== undefined && this.#partition?.inUse === true) return this.#barred;
    if (this.#memory === undefined || this.#memory.writable) return undefined;
    return new BoardError('locked', 'there is no way to write these bytes at present', this.#ownerFacts());
  }

  #ownerFacts(): { pid?: number; command?: string } {
    const owner = this.#partition?.owner;
    return owner?.kind === 'process' ? { pid: owner.pid, command: owner.command } : {};
  }

  #agreedBeside(): boolean {
    return this.#partition?.inUse !== true || this.link.agreedBeside(this.key.columns, this.holder);
  }

  #policy(): SessionPolicy {
    if (this.#lockedBecause() !== undefined || !this.#agreedBeside()) return 'locked';
    return this.#chosenPolicy ?? (this.#partition?.inUse === true ? 'locked' : 'staged');
  }

  // -- small things -----------------------------------------------------------------------------------------------

  #staged(gesture: StagedGesture): Gesture {
    this.#fire(gesture.ranges);
    return gesture;
  }

  /** A gesture that drops edits when it is made and redone, and brings them back when it is undone. */
  #dropping(document: string, label: string, dropEdits: () => Dropped): Gesture | undefined {
    const drop = () =>
      this.#settling(() => {
        const dropped = dropEdits();
        this.#fire(dropped.ranges);
        return dropped;
      });
    let last: Dropped | undefined = drop();
    if (last.ranges.length === 0) return undefined;
    return {
      document,
      label,
      undo: () => {
        if (last === undefined) return;
        this.#edits.restore(last);
        this.#fire(last.ranges);
        last = undefined;
      },
      redo: () => {
        last ??= drop();
      },
    };
  }

  /** Runs `change` and tells which documents it made clean. */
  #settling<T>(change: () => T): T {
    const before = this.#edits.pendingDocuments;
    const result = change();
    const clean = before.filter((document) => !this.#edits.isPending(document));
    if (clean.length > 0) this.#emit(this.#settled, clean);
    return result;
  }

  /** Notes a failure for the state, except for what a person cancelled. */
  #failed(thrown: unknown): BoardError {
    const error = toBoardError(thrown);
    if (error.code !== 'cancelled') {
      this.#lastError = error;
      if (barring.has(error.code)) this.#barred = error;
      this.#tellState();
    }
    return error;
  }

  /** Tells what bytes changed; staging and dropping edits also decides whether they are all of this epoch. */
  #fire(ranges: readonly ByteRange[]): void {
    if (ranges.length > 0) this.#emit(this.#bytesChanged, { ranges, tick: this.#updates.last });
    if (this.#epochChanged() !== this.#toldEpochChanged) this.#tellState();
  }

  #tellState(): void {
    this.#toldEpochChanged = this.#epochChanged();
    this.#emit(this.#stateChanged, undefined);
  }

  /** A listener that throws must not break what is under way between session and board. */
  #emit<T>(emitter: Emitter<T>, event: T): void {
    try {
      emitter.fire(event);
    } catch (error) {
      this.#services.log.warn(`a listener of a memory session failed: ${toBoardError(error).message}`);
    }
  }

  #whole(): ByteRange {
    return { offset: 0, length: this.#geometry === undefined ? 0 : totalBytes(this.#geometry) };
  }

  #checkAlive(): void {
    if (this.#ended.signal.aborted) throw new BoardError('cancelled', 'the session was closed');
  }

  #checkUnlocked(): void {
    if (this.#policy() === 'staged') return;
    throw this.#lockedBecause() ?? new BoardError('locked', 'editing is locked');
  }

  #checkRange({ offset, length }: ByteRange): void {
    const sound = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0;
    if (!sound || offset + length > this.#whole().length) {
      throw new BoardError('out-of-range', `bytes ${offset}+${length} are outside the memory`);
    }
  }

  #notEditable(offset: number): SessionError {
    const reason = reasonOf(this.#base.state(offset));
    return reason === undefined
      ? new SessionError('bytes-unknown', `the byte at ${offset} was not read yet`, { offset })
      : new SessionError('bytes-unreadable', `the byte at ${offset} cannot be read: ${reason}`, {
          offset,
          reason,
        });
  }
}

/** Runs of one apply, and bytes of a run, that the log spells out. */
const spelledWrites = 100;
const spelledBytes = 16;

/** A write in one line: where, what became of it, old and new bytes. */
function writeText(
  { columns, memory }: MemoryKey,
  { offset, before, after, outcome }: WriteLogEntry,
): string {
  const last = columns.startCol + columns.numCols - 1;
  const where = `${memory} memory of columns ${columns.startCol} to ${last}, buffer offset 0x${offset.toString(16)}`;
  return `write: ${where}, ${after.length} bytes, ${outcome}: ${hex(before)} -> ${hex(after)}`;
}

function hex(bytes: Uint8Array): string {
  const digits = Array.from(bytes.subarray(0, spelledBytes), (byte) => byte.toString(16).padStart(2, '0'));
  return digits.join('') + (bytes.length > spelledBytes ? '...' : '');
}

/** Cuts ranges into requests of bounded size. */
function requests(ranges: readonly ByteRange[]): ByteRange[][] {
  const all: ByteRange[][] = [];
  let bytes = 0;
  for (const range of cutRanges(ranges, requestBytes)) {
    const last = all.at(-1);
    if (last === undefined || last.length >= requestRanges || bytes + range.length > requestBytes) {
      all.push([range]);
      bytes = range.length;
    } else {
      last.push(range);
      bytes += range.length;
    }
  }
  return all;
}

/** A run of a gesture; all arrays have its length. `given` is 1 where `base` and `shown` say what was on screen. */
interface FlatRun extends SeenBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly given: Uint8Array;
}

/** The edits as ascending runs that do not overlap; later edits win. The arrays are ours. */
function flatten(edits: readonly ByteEdit[]): FlatRun[] {
  const ranges = mergeRanges(edits.map(({ offset, bytes }) => ({ offset, length: bytes.length })));
  const runs = ranges.map(({ offset, length }): FlatRun => {
    const array = () => new Uint8Array(length);
    return { offset, bytes: array(), given: array(), base: array(), shown: array() };
  });
  for (const { offset, bytes, seen } of edits) {
    const run = runAt(runs, offset);
    if (run === undefined || bytes.length === 0) continue;
    const at = offset - run.offset;
    run.bytes.set(bytes, at);
    run.given.fill(seen === undefined ? 0 : 1, at, at + bytes.length);
    if (seen === undefined) continue;
    run.base.set(seen.base, at);
    run.shown.set(seen.shown, at);
  }
  return runs;
}

/** Runs of adjacent bytes of a snapshot; `start` is the index of the first. */
function runsOf(snapshot: StagedSnapshot): { offset: number; length: number; start: number }[] {
  const runs: { offset: number; length: number; start: number }[] = [];
  for (let i = 0; i < snapshot.length; i++) {
    extend(runs, { offset: snapshot.offsets[i] ?? 0, length: 1, start: i }, () => true);
  }
  return runs;
}

/** Appends a run, or lengthens the last one if it ends there and is of the same kind. */
function extend<T extends { readonly offset: number; length: number }>(
  runs: T[],
  next: T,
  same: (a: T, b: T) => boolean,
): void {
  const last = runs.at(-1);
  if (last !== undefined && last.offset + last.length === next.offset && same(last, next))
    last.length += next.length;
  else runs.push(next);
}

/** Throws `protocol` unless the report covers exactly the written runs. */
function checkReport(report: WriteReport, runs: readonly ByteRange[]): void {
  const covered = mergeRanges(report.spans);
  const sound =
    report.spans.every(
      (span, i) => span.now.length === span.length && span.offset >= endOf(report.spans[i - 1]),
    ) &&
    covered.length === runs.length &&
    covered.every((range, i) => range.offset === runs[i]?.offset && range.length === runs[i]?.length);
  if (!sound) throw new BoardError('protocol', 'the write report does not cover the written bytes');
}
