import type { Asking, FindOptions, FindResult } from '../board/board.ts';
import type { ByteChanges, BytesView, Update } from '../model/byte-state.ts';
import type { Disposable, Event } from '../model/event.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import type { ByteRange, MemoryGeometry } from '../model/geometry.ts';
import { mergeRanges } from '../model/ranges.ts';
import type { StagedGesture, WriteRun } from './edit-stack.ts';
import { endedEpoch } from './follower.ts';
import { readGap } from './image.ts';
import { ImmediateGesture } from './immediate-gesture.ts';
import { type JournalStep, journalFor, journalStep } from './journal.ts';
import type { BoardLink } from './link.ts';
import { makePieces, type Pieces } from './pieces.ts';
import type { SessionServices } from './services.ts';
import { droppingGesture, runsToStage } from './staging.ts';
import type {
  ApplyReport,
  ByteEdit,
  BytesChange,
  CompleteOptions,
  Gesture,
  LastApply,
  LiveState,
  MemoryKey,
  SessionBytes,
  SessionPolicy,
  SessionState,
  StagedCounts,
  WriteLogEntry,
} from './types.ts';

/**
 * One memory type of one partition: the live base, the staged edits over it, and the way to write them. Faces are
 * views on it; documents are named by any text that is unique to them (their URI). It joins its pieces: what each knows and
 * must not know stands in `docs/session.md`.
 * Single-threaded; every method that is not a promise is synchronous and never touches the board.
 */
export class MemorySession implements Disposable {
  readonly link: BoardLink;
  readonly key: MemoryKey;
  readonly #services: SessionServices;
  readonly #pieces: Pieces;

  constructor(link: BoardLink, key: MemoryKey, services: SessionServices) {
    this.link = link;
    this.key = key;
    this.#services = services;
    this.#pieces = makePieces(link, key, services);
  }

  /** The layout, once the partition was opened or a journal brought it; undefined before. */
  get geometry(): MemoryGeometry | undefined {
    return this.#pieces.image.geometry;
  }

  /** Everything that is not bytes. */
  get state(): SessionState {
    const { plane, readAt } = this.#pieces.image;
    const { follower, reads } = this.#pieces;
    const { partition, lockedBecause, epochEnd, lastError, isConnected } = follower;
    const { percent } = reads;
    const { list: haltedCores } = reads.haltedCores;
    const snapshot = this.#pieces.snapshots.last;
    return {
      link: this.link.state,
      policy: follower.policy,
      ...(lockedBecause === undefined ? {} : { lockedBecause }),
      ...(partition === undefined ? {} : { partition }),
      inUse: follower.isInUse,
      agreedBeside: follower.agreedBeside,
      ...(epochEnd === undefined ? {} : { epochEnd }),
      ...(snapshot === undefined ? {} : { snapshot }),
      epochChanged: follower.epochChanged,
      stale: plane.hasStale || (!isConnected && plane.hasKnown),
      reading: reads.isReading,
      ...(percent === undefined ? {} : { readPercent: percent }),
      ...(readAt === undefined ? {} : { readAt }),
      ...(haltedCores.length === 0 ? {} : { haltedCores }),
      ...(lastError === undefined ? {} : { lastError }),
    };
  }

  /** Fires after shown bytes or their states changed, and with them the counts of staged ones. */
  get onBytes(): Event<BytesChange> {
    return this.#pieces.events.onBytes;
  }

  /** Fires after something in `state` changed. */
  get onState(): Event<void> {
    return this.#pieces.events.onState;
  }

  /**
   * Fires with the documents whose last unwritten edit is gone by an apply, a discard, a revert, or a read that found
   * them written, so that the face can make their tabs clean. Not fired by undo and redo: VS Code knows about these.
   */
  get onDidSettle(): Event<readonly string[]> {
    return this.#pieces.events.onDidSettle;
  }

  /** Fires for every run of bytes that was written, or may have been. */
  get onDidWrite(): Event<WriteLogEntry> {
    return this.#pieces.events.onDidWrite;
  }

  /** The last 1,000 runs that were written or may have been, oldest first. */
  get writeLog(): readonly WriteLogEntry[] {
    return this.#pieces.applier.log;
  }

  /** The last apply that the board answered, with what became of every byte; undefined before the first. */
  get lastApply(): LastApply | undefined {
    return this.#pieces.applier.last;
  }

  /** Learns the memory types of the partition. Rejects with BoardError. */
  async open(signal: AbortSignal, asking: Asking = 'look'): Promise<MemoryGeometry> {
    return (await this.#pieces.reads.open(signal, asking)).geometry;
  }

  /** The bytes as they are to be painted, from what the session has; reads nothing. The arrays are the caller's. */
  bytes(range: ByteRange): SessionBytes {
    this.#checkRange(range);
    const base = new Uint8Array(range.length);
    const flags = new Uint8Array(range.length);
    this.#pieces.image.plane.copy(range, base, flags);
    const bytes = base.slice();
    this.#pieces.edits.overlay(range, bytes, flags);
    return { offset: range.offset, bytes, base, flags };
  }

  /** The first bytes of the range as they are to be painted: as many as can be had at once, without a copy where that can be. */
  view(range: ByteRange): BytesView {
    this.#checkRange(range);
    const view = this.#pieces.image.plane.view(range);
    const shown = { offset: range.offset, length: view.length };
    if (this.#pieces.edits.counts(shown).staged === 0) return view;
    const { bytes, flags } = this.bytes(shown);
    return { length: view.length, bytes, flags };
  }

  /** When the bytes of the range last changed; it lies in one page of `pageBytes`. */
  changes(range: ByteRange): ByteChanges {
    this.#checkRange(range);
    return this.#pieces.image.plane.changes(range);
  }

  /** The tick of the last update of the bytes; 0 before the first. */
  get tick(): number {
    return this.#pieces.image.updates.last;
  }

  /** When the bytes of an update were read, and in which epoch; undefined of one that is long past. */
  updateOf(tick: number): Update | undefined {
    return this.#pieces.image.updates.of(tick);
  }

  /** The first update that is not long past; undefined before any. */
  get oldestUpdate(): Update | undefined {
    return this.#pieces.image.updates.oldest;
  }

  /** When the bytes of the range were read (ms since 1970): the oldest of them; undefined if none was. */
  readAt(range: ByteRange): number | undefined {
    this.#checkRange(range);
    return this.#pieces.image.plane.readAt(range);
  }

  /** As `state.stale`, of one range: bytes that are elsewhere do not count. */
  isStale(range: ByteRange): boolean {
    this.#checkRange(range);
    const { plane } = this.#pieces.image;
    return this.#pieces.follower.isConnected ? plane.hasStaleIn(range) : plane.readAt(range) !== undefined;
  }

  /** Reads those bytes of the range that were not read yet. Rejects with BoardError. */
  async read(range: ByteRange, signal: AbortSignal): Promise<void> {
    await this.readRuns([range], signal);
  }

  /** As `readRuns`, beside bytes that stay as they are. Rejects also with SessionError `bytes-left`, as `complete`. */
  async readBeside(ranges: readonly ByteRange[], looker: string, signal: AbortSignal): Promise<void> {
    this.#pieces.reads.checkLeft(ranges, looker);
    for (const range of ranges) this.#pieces.reads.checkOneEpoch(range);
    await this.readRuns(ranges, signal);
  }

  /** As `read`, of several ranges. */
  async readRuns(ranges: readonly ByteRange[], signal: AbortSignal): Promise<void> {
    this.#pieces.reads.asked();
    await this.#pieces.reads.open(signal, 'person');
    for (const range of ranges) this.#checkRange(range);
    const missing = ranges.flatMap((range) => this.#pieces.image.plane.missing(range));
    await this.#pieces.reads.read(mergeRanges(missing, readGap), 'person', signal);
  }

  /** Runs of the range that were not read yet, or could not be because a read ended early; ascending. */
  missing(range: ByteRange): readonly ByteRange[] {
    this.#checkRange(range);
    return this.#pieces.image.plane.missing(range, 'not-read');
  }

  /**
   * Reads what a gesture on the range needs: the bytes that were not read yet, and with them those that are outdated, so
   * that what is copied or written over is of one epoch. Reads nothing where nothing is missing, with or without a board.
   * Afterwards a byte is known, or unreadable with a reason. Rejects with BoardError; with SessionError `bytes-left`
   * where reading would mix what an application left with what came after it (unless a person asked for that, or opened
   * the editor after its end), and `bytes-changed-hands` if a new epoch began meanwhile.
   */
  async complete(range: ByteRange, signal: AbortSignal, options: CompleteOptions = {}): Promise<void> {
    this.#checkRange(range);
    await this.#pieces.reads.complete(range, signal, options);
  }

  /**
   * Has the board search ranges for a person, in what its memory holds: nothing of them is read to here, and staged edits do not
   * count. Rejects with BoardError; with SessionError `bytes-left` where bytes of `beside`, which is searched here, are of an epoch
   * that is over, and as `complete`. A search that gave way to an application says so in its result.
   */
  async find(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    {
      looker,
      beside,
      ...options
    }: Omit<FindOptions, 'openTiles'> & { readonly looker?: string; readonly beside: ByteRange },
    signal: AbortSignal,
  ): Promise<FindResult> {
    this.#checkRange(beside);
    this.#pieces.reads.checkLeft([beside], looker);
    this.#pieces.reads.checkOneEpoch(beside);
    this.#pieces.reads.asked();
    await this.#pieces.reads.open(signal, 'person');
    for (const range of ranges) this.#checkRange(range);
    return await this.#pieces.reads.find(ranges, pattern, options, signal);
  }

  /**
   * Reads all bytes of the range again and marks those that differ from before. Rejects with BoardError; `gave-way` when an
   * application came in the middle of a long read of what nobody used: what was read by then is kept.
   * @param fast a person chose not to leave a free partition to others between the parts of a long read
   */
  async refresh(range: ByteRange, signal: AbortSignal, fast = false): Promise<void> {
    this.#pieces.reads.asked();
    await this.#pieces.reads.open(signal, 'person');
    this.#checkRange(range);
    await this.#pieces.reads.read([range], fast ? 'fast' : 'person', signal);
  }

  /**
   * As `refresh`, of bytes that nobody asked for: never takes a free partition, whose bytes stay as they were last read, and
   * does not count as a person's question. Rejects with BoardError; with SessionError `bytes-changed-hands` where `epoch`
   * is over: nothing of another one is taken over.
   */
  async refreshUnasked(range: ByteRange, epoch: string, signal: AbortSignal): Promise<void> {
    this.#checkRange(range);
    await this.#pieces.reads.readUnasked(range, epoch, signal);
  }

  /**
   * What the document shows right now (`undefined`: nothing, it is hidden or closed). Bytes of it that were not read yet
   * are read while the board is connected; failures go into `state.lastError`, and are not tried again before the next
   * call or the next connection.
   * @param asking `nobody` where no person has it shown: a free partition is not taken for it
   */
  look(document: string, range: ByteRange | undefined, asking: 'look' | 'nobody' = 'look'): void {
    this.#pieces.reads.look(document, range, asking);
  }

  /**
   * The document follows the memory by itself from now on: what it shows (`look`) is looked at every `periodMs`
   * milliseconds, as far as board and link keep up, while somebody uses the partition. Infinite: only when a debug session stops.
   * `undefined`: no more.
   */
  follow(document: string, periodMs: number | undefined): void {
    this.#pieces.live.follow(document, periodMs);
  }

  /** Whether the page of a document that is followed has not drawn yet what it was told. */
  setBehind(document: string, isBehind: boolean): void {
    this.#pieces.live.setBehind(document, isBehind);
  }

  /** The tick of what the last stop of a debug session had left: see `Live.stopTick`. */
  get stopTick(): number | undefined {
    return this.#pieces.live.stopTick;
  }

  /** The tick of the last complete snapshot; undefined without one. */
  get snapshotTick(): number | undefined {
    return this.#pieces.snapshots.tick;
  }

  /** For whom the layout was last learned in a connection; undefined before the first time. */
  get learnedBy(): Asking | undefined {
    return this.#pieces.reads.learnedBy;
  }

  /** A debug session stopped, or went on: see `Live.setStopped`. */
  setStopped(isStopped: boolean): void {
    this.#pieces.live.setStopped(isStopped);
  }

  /** How the document is followed; undefined if it is not. */
  liveState(document: string): LiveState | undefined {
    return this.#pieces.live.stateOf(document);
  }

  /**
   * Stages one gesture of a document; later edits of the list win where they overlap. A byte that holds something else
   * than was on screen (`ByteEdit.seen`) is a conflict from the beginning. Throws, having changed nothing:
   * BoardError `locked` or `out-of-range`, SessionError `bytes-unknown` or `bytes-unreadable`.
   */
  stage(document: string, label: string, edits: readonly ByteEdit[]): Gesture {
    return this.#stage(document, label, edits).gesture;
  }

  /** As `stage`, of a gesture that a person wants to be written without an apply; `ImmediateGesture.write` does it. */
  stageImmediate(document: string, label: string, edits: readonly ByteEdit[]): ImmediateGesture {
    const { gesture, runs } = this.#stage(document, label, edits);
    return new ImmediateGesture(gesture, runs, (...asked) => this.#apply(...asked));
  }

  /** Counts of staged and conflicting bytes in the range or in the whole memory. */
  counts(range: ByteRange = this.#pieces.image.whole): StagedCounts {
    return this.#pieces.edits.counts(range);
  }

  /** Runs of staged bytes in the range or in the whole memory, ascending. */
  staged(range: ByteRange = this.#pieces.image.whole): readonly ByteRange[] {
    return this.#pieces.edits.runs(range, 'staged');
  }

  /** Runs of conflicting bytes in the range or in the whole memory, ascending. */
  conflicts(range: ByteRange = this.#pieces.image.whole): readonly ByteRange[] {
    return this.#pieces.edits.runs(range, 'conflict');
  }

  /**
   * Whether the document made or undid edits that are neither dropped nor on the device, as far as is known. Edits that
   * make no difference (the byte that is there was typed) do not count; an apply settles them without writing.
   */
  isDirty(document: string): boolean {
    return this.#pieces.edits.isDirty(document);
  }

  /**
   * Writes all staged bytes of the range, whichever document staged them, in one request; compares with what was seen.
   * Bytes that already hold their staged value by the last read are not written. Applies run one after the other.
   * Rejects with BoardError before anything is written (`locked`, `epoch`, ...) or when the connection is lost in the
   * middle; then everything stays staged, and the next read of those bytes tells what was written.
   */
  async apply(range: ByteRange, signal: AbortSignal): Promise<ApplyReport> {
    return await this.#apply([range], signal);
  }

  /**
   * Reads the bytes under all staged edits again and takes over the new epoch; differences become conflicts. Rejects with
   * BoardError, `epoch` if some of them could not be read again: their edits stay those of the old epoch.
   */
  async rebase(signal: AbortSignal): Promise<void> {
    this.#pieces.reads.asked();
    await this.#pieces.applier.rebase(signal);
  }

  /** Conflicting bytes of the range keep their staged value: it will overwrite what the device holds now. */
  keepMine(range: ByteRange): void {
    this.#checkRange(range);
    const runs = this.#pieces.edits.runs(range, 'conflict');
    this.#pieces.edits.keepMine(range);
    this.#pieces.events.bytes(runs);
  }

  /** As `discard`, of the conflicting bytes of the range. */
  takeTheirs(document: string, label: string, range: ByteRange): Gesture | undefined {
    this.#checkRange(range);
    const { edits } = this.#pieces;
    return droppingGesture(this.#pieces, document, label, () => edits.drop(edits.runs(range, 'conflict')));
  }

  /** Takes the document back to what it last wrote: its unwritten edits and undos are dropped. */
  revert(document: string): void {
    this.#pieces.events.settling(() => this.#pieces.events.bytes(this.#pieces.edits.revert(document)));
  }

  /** How many bytes of the range each document has unwritten edits on, whether or not another's lie over them. */
  unwritten(range: ByteRange): ReadonlyMap<string, number> {
    this.#checkRange(range);
    return this.#pieces.edits.pendingIn(range);
  }

  /**
   * Drops the staged edits of the range, whichever document made them, as a gesture of `document`; undefined if there are
   * none. Their own undo does nothing any more until this one is undone; that brings them back except where other edits
   * were written meanwhile, and except those of documents that were reverted or closed since.
   */
  discard(document: string, label: string, range: ByteRange): Gesture | undefined {
    this.#checkRange(range);
    return droppingGesture(this.#pieces, document, label, () => this.#pieces.edits.drop([range], document));
  }

  /**
   * Ends when the partition changes hands. Throws BoardError `locked` when the way to the bytes cannot write, and when
   * somebody has the partition beside whom nobody agreed to write yet (`agreeBeside`).
   */
  setPolicy(policy: SessionPolicy): void {
    this.#pieces.follower.setPolicy(policy);
  }

  /** Who has the partition, as text to compare (`occupantOf`): what a question is asked about. */
  get occupant(): string {
    return this.#pieces.follower.occupant;
  }

  /**
   * A person was asked and agreed to write beside `occupant`; then editing is unlocked. Counts for every memory of the
   * partition until it changes hands. A failure that barred writing is forgotten: the next apply tries again. Throws
   * BoardError `locked` if the partition changed hands while the question stood.
   */
  agreeBeside(occupant: string): void {
    this.#pieces.follower.agreeBeside(occupant);
  }

  /** A person chose *Lock Editing*, which ends when the partition changes hands. */
  get isLockedByPerson(): boolean {
    return this.#pieces.follower.isLockedByPerson;
  }

  /**
   * Writes edits that a person agreed to in a question of their own, beside `occupant`: editing stays as locked as it is.
   * What is not written is dropped. Rejects as `apply`, BoardError `locked` if the partition changed hands.
   * @param document a name that no document has
   */
  async writeOnce(
    document: string,
    label: string,
    edits: readonly ByteEdit[],
    occupant: string,
    signal: AbortSignal,
  ): Promise<ApplyReport> {
    return await this.#pieces.follower.withConsent(occupant, async () => {
      try {
        return await this.stageImmediate(document, label, edits).write(signal);
      } finally {
        this.closeDocument(document);
      }
    });
  }

  /**
   * Program memory of this tile (index in buffer order) may be touched although its core is enabled: a person asked. Ends
   * with the epoch that was asked about.
   */
  setTileOpen(tileIndex: number, open: boolean): void {
    this.#pieces.reads.setTileOpen(tileIndex, open);
  }

  /**
   * What the document's journal has to become, so that its unwritten edits survive a reload.
   *
   * @param whole all of it; without, only what is new since this was asked last, where that is enough
   */
  journal(document: string, whole: boolean): JournalStep {
    const { edits, image } = this.#pieces;
    return journalStep(this.key, image.geometry, edits, document, whole);
  }

  /**
   * Stages kept edits again, one gesture each, oldest first; works without the board, and whatever the policy. Between
   * the gestures of other documents they take the place that they had. Once a new epoch began in this
   * session, they have to be re-based. `data` is anything that was stored. Throws SessionError `journal-...`, having
   * changed nothing.
   */
  replay(document: string, data: unknown): readonly Gesture[] {
    this.#pieces.reads.checkAlive();
    const { edits, image, follower } = this.#pieces;
    const { geometry, gestures } = journalFor(this.key, image.geometry, data);
    image.geometry = geometry;
    const epochOf = (kept: string): string => (follower.sawEnd ? endedEpoch : kept);
    return gestures.map(({ order, label, epoch, runs }) =>
      this.#staged(edits.stage(document, label, epochOf(epoch), runs, { order })),
    );
  }

  /** The document is closed: its unwritten edits are dropped, nothing is read for it any more. */
  closeDocument(document: string): void {
    this.#pieces.reads.look(document, undefined, 'nobody');
    this.#pieces.events.bytes(this.#pieces.edits.close(document));
  }

  /** Ends reads under way and forgets its listeners; an apply under way runs to its end, and is still logged. */
  dispose(): void {
    this.#pieces.dispose();
  }

  #stage(document: string, label: string, edits: readonly ByteEdit[]) {
    const { follower, reads, image } = this.#pieces;
    reads.checkAlive();
    follower.checkUnlocked();
    for (const edit of edits) this.#checkRange({ offset: edit.offset, length: edit.bytes.length });
    const { runs, isStale } = runsToStage(image, edits);
    const epoch = isStale || follower.isRefused ? undefined : follower.epoch;
    const place = { now: this.#services.now() };
    const gesture = this.#pieces.edits.stage(document, label, epoch ?? endedEpoch, runs, place);
    return { gesture: this.#staged(gesture), runs };
  }

  async #apply(
    runs: readonly WriteRun[],
    signal: AbortSignal,
    mayWrite?: () => boolean,
  ): Promise<ApplyReport> {
    const { applier, live } = this.#pieces;
    try {
      return await applier.apply(runs, signal, mayWrite);
    } finally {
      live.disturbed(runs);
    }
  }

  #staged(gesture: StagedGesture): Gesture {
    this.#pieces.events.bytes(gesture.ranges);
    return gesture;
  }

  #checkRange(range: ByteRange): void {
    this.#pieces.image.checkRange(range);
  }
}
