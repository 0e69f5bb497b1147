/**
 * The staged edits of one memory: which document typed what over which byte, in which order, and what of it is written. Of
 * the base it knows one value per byte, which may change at any time. It knows no board, no policy and no reads.
 */
import { stateBits } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { bytesIn, RangeCollector } from '../model/ranges.ts';
import { bytes, Column, doubles, words } from './column.ts';
import { type EditChunk, EditIndex, editMarks, writtenOf } from './edit-index.ts';
import type { Gesture } from './types.ts';

/** What lies under the staged edits. */
export interface BaseView {
  value(offset: number): number;
  /** Whether the byte is known. */
  known(offset: number): boolean;
}

/** One run of a gesture to be staged; both arrays have the same length. Runs of a gesture do not overlap and ascend. */
export interface StageRun {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** The base that the person saw under the bytes. */
  readonly seen: Uint8Array;
}

/** Where a gesture goes among those of all documents: on top (`now`: ms since 1970), or where a kept one was. */
export type Place = { readonly now: number } | { readonly order: number };

/** Bytes that a write is about. With `only` (of the run's length) those alone of which this value is wanted. */
export interface WriteRun extends ByteRange {
  readonly only?: Uint8Array;
}

/** The bytes that a write is to carry, as parallel arrays in ascending order of offset. */
export interface EditedBytes {
  readonly offsets: Uint32Array;
  readonly wanted: Uint8Array;
  readonly seen: Uint8Array;
  readonly length: number;
}

/** A byte whose uncertain write turned out to have happened. */
export interface FoundWritten {
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** A gesture as it is to be kept. */
export interface KeptGesture {
  /** Its place among the gestures of all documents; equal for those of one run of typing, which are kept in order. */
  readonly order: number;
  readonly label: string;
  readonly epoch: string;
  readonly runs: readonly StageRun[];
}

/** A kept gesture with the number that its undo is told by. */
export interface NumberedGesture extends KeptGesture {
  readonly id: number;
}

/** What a discard took away, to be brought back by its undo. */
export interface Dropped {
  /** The bytes, ascending. */
  readonly ranges: readonly ByteRange[];
  /** The edits that covered them until then; of a redo those that the discard had taken. */
  readonly edits: readonly number[];
  /** The edits that were on top at the last write, where there was one. */
  readonly settled: ReadonlyMap<number, number>;
  /** Those that are since, where edits stay. */
  readonly left: ReadonlyMap<number, number>;
  /** How often each document had been reverted or closed by then. */
  readonly endings: ReadonlyMap<string, number>;
}

/** Bytes of a run that are added to the index together. */
const manyBytes = 256;

/** Most gestures, undos and redos that are remembered until a journal asks for them. */
const mostLogged = 1 << 16;

/** Gestures that can be told apart within a millisecond. */
const ordersPerMillisecond = 1024;

/** Bits of an edit's state. */
const active = 1; // not undone
const settled = 2; // it was active when its byte was last written
const dropped = 4; // it no longer covers its byte
const first = 8; // a gesture begins with it
const tried = 16; // it was active at the write of its byte whose outcome is not known

/** Numbers of edits of a document, or of an epoch. */
interface Tally {
  readonly name: string;
  /** Pending edits. */
  pending: number;
  /** Pending edits on staged bytes. */
  dirty: number;
}

/** What the gestures of a layer have in common. */
interface Kind {
  readonly document: Tally;
  readonly label: string;
  /** Epoch in which the bytes were seen. */
  epoch: Tally;
}

/**
 * An *edit* is one byte of a gesture; edits have numbers, from 1 on, in the order in which they were staged, and numbers of
 * what was forgotten do not come back. A *gesture* is a run of edits that are undone together. A *layer* is one gesture, or
 * a run of typing: gestures that follow each other at the same place without anything in between. Among the active edits of
 * a byte, that of the layer with the highest order wins, and within a layer the newest. Constant time per byte for staging,
 * undo and redo (a walk over older edits of the same byte only where these were undone).
 *
 * A byte is *pending* when another edit is on top than at its last write, *staged* when it is pending and its wanted value is
 * not known to be on the device already. An edit is pending where it is active and was not at the last write, or the other
 * way round.
 */
export class EditStack {
  readonly #base: BaseView;
  readonly #changed: (ranges: readonly ByteRange[]) => void;
  readonly #cells = new EditIndex();

  readonly #offset = new Column(words);
  readonly #value = new Column(bytes);
  readonly #seenByte = new Column(bytes);
  readonly #state = new Column(bytes);
  readonly #layer = new Column(words);
  /** The next older edit of the same byte. */
  readonly #below = new Column(words);
  #nextEdit = 1;
  /** Earlier edits are forgotten. */
  #firstEdit = 1;

  /** Per layer: grows with the time at which it was made, also across reloads. */
  readonly #order = new Column(doubles);
  readonly #kind = new Column(words);
  readonly #firstOf = new Column(words);
  #lastLayer = 0;
  #kinds: Kind[] = [];
  /** Numbers of kinds by what they say. */
  readonly #kindNumbers = new Map<string, number>();
  #lastOrder = 0;

  /** Documents that may stage. */
  readonly #documents = new Set<string>();
  readonly #ofDocument = new Map<string, Tally>();
  /** Those with pending edits. */
  readonly #pendingDocuments = new Set<Tally>();
  readonly #ofEpoch = new Map<string, Tally>();
  readonly #pendingEpochs = new Set<Tally>();
  /** How often a document was reverted or closed. The edits that this dropped never come back. */
  readonly #endings = new Map<string, number>();
  /** Counts changes to gestures other than staging, undo and redo. */
  #rewritten = 0;
  /** Per kept document, while `rewritten` stays the same: gestures staged or redone (positive) and undone (negative). */
  readonly #logs = new Map<string, { readonly rewritten: number; readonly acts: number[] }>();
  /** Set during a write: the first edit after its beginning, and which edits undone or redone since then were active. */
  #writing: { readonly from: number; readonly was: Map<number, boolean> } | undefined;

  /** @param changed told which bytes an undo or redo of a gesture changed */
  constructor(base: BaseView, changed: (ranges: readonly ByteRange[]) => void) {
    this.#base = base;
    this.#changed = changed;
  }

  /** Epochs in which pending edits were made. */
  get epochs(): readonly string[] {
    return Array.from(this.#pendingEpochs, ({ name }) => name);
  }

  /** Documents with pending edits, whether or not these make a difference. */
  get pendingDocuments(): readonly string[] {
    return Array.from(this.#pendingDocuments, ({ name }) => name);
  }

  /** Whether the document has pending edits. */
  isPending(document: string): boolean {
    return (this.#ofDocument.get(document)?.pending ?? 0) > 0;
  }

  /** Whether the document has pending edits on bytes that are staged. */
  isDirty(document: string): boolean {
    return (this.#ofDocument.get(document)?.dirty ?? 0) > 0;
  }

  /**
   * Adds an active gesture: on top, or at the place of one that was made earlier, but never under what was written in this
   * session.
   */
  stage(
    document: string,
    label: string,
    epoch: string,
    runs: readonly StageRun[],
    place: Place,
  ): StagedGesture {
    const made =
      'order' in place
        ? place.order
        : Math.max(this.#lastOrder + 1, Math.floor(place.now) * ordersPerMillisecond);
    const order = runs.some((run) => this.#wasWrittenSince(run, made)) ? this.#lastOrder + 1 : made;
    const start = this.#nextEdit;
    const joins = this.#joins(document, label, epoch, runs, 'order' in place ? order : undefined);
    const layer = joins ? this.#lastLayer : this.#newLayer(document, label, epoch, order);
    this.#documents.add(document);
    for (const run of runs) {
      if (run.bytes.length > manyBytes) this.#cells.cover({ offset: run.offset, length: run.bytes.length });
      for (let i = 0; i < run.bytes.length; i++) {
        const edit = this.#nextEdit++;
        const offset = run.offset + i;
        this.#offset.set(edit, offset);
        this.#value.set(edit, run.bytes[i] ?? 0);
        this.#seenByte.set(edit, run.seen[i] ?? 0);
        this.#layer.set(edit, layer);
        const chunk = this.#cells.ensure(offset);
        const { at } = this.#cells;
        this.#insert(chunk, at, edit);
        this.#setState(chunk, at, edit, active | (edit === start ? first : 0), dropped);
        if (this.#isOver(edit, chunk.top[at] ?? 0)) chunk.top[at] = edit;
        this.#check(chunk, at, offset);
      }
    }
    this.#logs.get(document)?.acts.push(start);
    return new StagedGesture(this, start);
  }

  /** Undoes (`false`) or redoes (`true`) a gesture at its place. Answers whether anything is different now. */
  setActive(gesture: number, isActive: boolean): boolean {
    if (!this.#isThere(gesture)) return false;
    if (((this.#state.get(gesture) & active) !== 0) === isActive) return false;
    const end = this.#endOf(gesture);
    for (let edit = gesture; edit < end; edit++) {
      const before = this.#state.get(edit);
      const after = isActive ? before | active : before & ~active;
      if (this.#writing !== undefined && edit < this.#writing.from && !this.#writing.was.has(edit)) {
        this.#writing.was.set(edit, !isActive);
      }
      if ((before & dropped) !== 0) {
        this.#state.set(edit, after);
        continue;
      }
      const offset = this.#offset.get(edit);
      const chunk = this.#cells.ensure(offset);
      const { at } = this.#cells;
      this.#setState(chunk, at, edit, after, before);
      const top = chunk.top[at] ?? 0;
      if (isActive) {
        if (this.#isOver(edit, top)) chunk.top[at] = edit;
      } else if (top === edit) chunk.top[at] = this.#newestActive(this.#below.get(edit));
      this.#check(chunk, at, offset);
    }
    return true;
  }

  /** As `setActive`, as a gesture's own undo and redo. */
  toggle(gesture: number, isActive: boolean): void {
    if (!this.setActive(gesture, isActive)) return;
    const end = this.#endOf(gesture);
    let isPlain = true;
    for (let edit = gesture; edit < end; edit++) {
      if ((this.#state.get(edit) & (settled | dropped)) !== 0) isPlain = false;
    }
    // What undoing written edits brings back depends on others.
    if (isPlain) this.#logs.get(this.#documentOf(gesture))?.acts.push(isActive ? gesture : -gesture);
    else this.#rewritten++;
    this.#changed(this.rangesOf(gesture));
  }

  /**
   * Gestures of the document that were staged or redone, and with a minus sign those that were undone, since this was asked
   * last; undefined where more than that happened, or nobody asked yet.
   */
  takeLog(document: string): readonly number[] | undefined {
    const log = this.#logs.get(document);
    this.#logs.set(document, { rewritten: this.#rewritten, acts: [] });
    const isWhole = log?.rewritten === this.#rewritten && log.acts.length <= mostLogged;
    return isWhole ? log.acts : undefined;
  }

  /** Whose gesture it is, and what it is called; both empty once everything was forgotten. */
  nameOf(gesture: number): { readonly document: string; readonly label: string } {
    const kind = this.#isThere(gesture) ? this.#kindOf(gesture) : undefined;
    return { document: kind?.document.name ?? '', label: kind?.label ?? '' };
  }

  /** The ranges that a gesture covers. */
  rangesOf(gesture: number): readonly ByteRange[] {
    const ranges = new RangeCollector();
    if (this.#isThere(gesture)) {
      const end = this.#endOf(gesture);
      for (let edit = gesture; edit < end; edit++) ranges.add(this.#offset.get(edit));
    }
    return ranges.ranges;
  }

  /**
   * The base of the range changed. Decides uncertain writes where the base is known now; answers those that turned out
   * to have happened.
   */
  baseChanged(range: ByteRange): readonly FoundWritten[] {
    const found: FoundWritten[] = [];
    this.#cells.each(range, (chunk, at, offset) => {
      if (((chunk.marks[at] ?? 0) & editMarks.uncertain) !== 0 && this.#base.known(offset)) {
        chunk.marks[at] = (chunk.marks[at] ?? 0) & ~editMarks.uncertain;
        const now = this.#base.value(offset);
        if (now === chunk.written?.tried[at]) {
          const before = this.#settle(chunk, at, now, (_, state) => (state & tried) !== 0);
          found.push({ offset, before, after: now });
        }
      }
      this.#check(chunk, at, offset);
    });
    return found;
  }

  /** Lays wanted bytes and their states over those of the range; both arrays have its length. */
  overlay(range: ByteRange, into: Uint8Array, states: Uint8Array): void {
    this.#cells.each(range, (chunk, at, offset) => {
      const marks = chunk.marks[at] ?? 0;
      if ((marks & editMarks.staged) === 0) return;
      const i = offset - range.offset;
      into[i] = this.#wanted(chunk, at);
      const conflict = (marks & editMarks.conflict) === 0 ? 0 : stateBits.conflict;
      states[i] = (states[i] ?? 0) | stateBits.staged | conflict;
    });
  }

  /** Counts of the range. */
  counts(range: ByteRange): { staged: number; conflicts: number } {
    return this.#cells.counts(range);
  }

  /** Runs of staged, conflicting or pending bytes, ascending. */
  runs(range: ByteRange, kind: 'staged' | 'conflict' | 'pending'): readonly ByteRange[] {
    const mark = editMarks[kind];
    const runs = new RangeCollector();
    this.#cells.each(range, (chunk, at, offset) => {
      if (((chunk.marks[at] ?? 0) & mark) !== 0) runs.add(offset);
    });
    return runs.ranges;
  }

  /** The staged bytes of the runs (`true`), or those that are pending without being staged (`false`). */
  bytesToWrite(runs: readonly WriteRun[], staged: boolean): EditedBytes {
    const most = runs.reduce((sum, run) => sum + bytesIn(this.runs(run, 'pending')), 0);
    const result = {
      offsets: new Uint32Array(most),
      wanted: new Uint8Array(most),
      seen: new Uint8Array(most),
    };
    let length = 0;
    for (const run of runs) {
      this.#cells.each(run, (chunk, at, offset) => {
        const marks = chunk.marks[at] ?? 0;
        if ((marks & editMarks.pending) === 0 || ((marks & editMarks.staged) !== 0) !== staged) return;
        const wanted = this.#wanted(chunk, at);
        if (run.only !== undefined && run.only[offset - run.offset] !== wanted) return;
        result.offsets[length] = offset;
        result.wanted[length] = wanted;
        result.seen[length] = this.#seen(chunk, at);
        length++;
      });
    }
    return { ...result, length };
  }

  /** From now to `endWrite` it is remembered which gestures were active now. */
  beginWrite(): void {
    this.#writing = { from: this.#nextEdit, was: new Map() };
  }

  endWrite(): void {
    this.#writing = undefined;
    if (this.#documents.size === 0) this.clear();
  }

  /** The byte is on the device as it was wanted when the write began; the device holds `now`. */
  settle(offset: number, now: number): void {
    const chunk = this.#cells.ensure(offset);
    const { at } = this.#cells;
    this.#settle(chunk, at, now);
    this.#check(chunk, at, offset);
  }

  /** It is not known whether `value` was written to the byte; `baseChanged` decides. */
  markUncertain(offset: number, value: number): void {
    const chunk = this.#cells.ensure(offset);
    const { at } = this.#cells;
    writtenOf(chunk).tried[at] = value;
    this.#chain(chunk.head[at] ?? 0, (edit, state) =>
      this.#state.set(edit, this.#wasActive(edit, state) ? state | tried : state & ~tried),
    );
    chunk.marks[at] = (chunk.marks[at] ?? 0) | editMarks.uncertain;
  }

  /** A new epoch: what was tried in the old one says nothing about the new contents. */
  forgetUncertain(): void {
    for (const { marks, count, written } of this.#cells.chunks) {
      if (written === undefined) continue;
      for (let at = 0; at < count; at++) marks[at] = (marks[at] ?? 0) & ~editMarks.uncertain;
    }
  }

  /** Conflicts of the range are resolved for the staged value: the base counts as seen. */
  keepMine(range: ByteRange): void {
    this.#rewritten++;
    this.#cells.each(range, (chunk, at, offset) => {
      if (((chunk.marks[at] ?? 0) & editMarks.conflict) === 0) return;
      const top = chunk.top[at] ?? 0;
      if (top === 0) writtenOf(chunk).groundSeen[at] = this.#base.value(offset);
      else this.#seenByte.set(top, this.#base.value(offset));
      this.#check(chunk, at, offset);
    });
  }

  /** How many bytes of the range each document has pending edits on, whether or not they show. */
  pendingIn(range: ByteRange): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    this.#cells.each(range, (chunk, at) => {
      const documents = new Set<string>();
      this.#chain(chunk.head[at] ?? 0, (edit, state) => {
        if (isPending(state)) documents.add(this.#documentOf(edit));
      });
      for (const document of documents) addCount(counts, document, 1);
    });
    return counts;
  }

  /**
   * Takes all edits off the pending bytes. With a document, takes them off the bytes that it has pending edits on.
   *
   * @param of ascending
   */
  drop(of: readonly ByteRange[], document?: string): Dropped {
    return this.#drop(of, (covering, chunk, at) => {
      const isPicked =
        ((chunk.marks[at] ?? 0) & editMarks.pending) !== 0 ||
        covering.some((edit) => isPending(this.#state.get(edit)) && this.#documentOf(edit) === document);
      return isPicked ? covering : undefined;
    });
  }

  /** Takes off once more what was dropped and brought back, where some of it is pending; what was staged since stays. */
  redrop({ ranges, edits }: Dropped): Dropped {
    const taken = new Set(edits);
    return this.#drop(ranges, (covering) => {
      const gone = covering.filter((edit) => taken.has(edit));
      return gone.some((edit) => isPending(this.#state.get(edit))) ? gone : undefined;
    });
  }

  /** @param pick which of the edits that cover a byte are taken off it; undefined where the byte stays as it is */
  #drop(
    of: readonly ByteRange[],
    pick: (covering: readonly number[], chunk: EditChunk, at: number) => readonly number[] | undefined,
  ): Dropped {
    this.#rewritten++;
    const ranges = new RangeCollector();
    const edits: number[] = [];
    const settledTops = new Map<number, number>();
    const left = new Map<number, number>();
    const drop = (chunk: EditChunk, at: number, offset: number): void => {
      const covering: number[] = [];
      this.#chain(chunk.head[at] ?? 0, (edit) => covering.push(edit));
      const gone = pick(covering, chunk, at);
      if (gone === undefined) return;
      ranges.add(offset);
      for (const edit of gone) {
        edits.push(edit);
        const state = this.#state.get(edit);
        this.#setState(chunk, at, edit, state | dropped, state);
      }
      const stay = covering.filter((edit) => (this.#state.get(edit) & dropped) === 0);
      this.#relink(chunk, at, stay);
      const settledTop = chunk.written?.settled[at] ?? 0;
      if (settledTop !== 0 && !stay.includes(settledTop)) {
        settledTops.set(offset, settledTop);
        writtenOf(chunk).settled[at] = stay.find((edit) => (this.#state.get(edit) & settled) !== 0) ?? 0;
      }
      const settledNow = chunk.written?.settled[at] ?? 0;
      if (settledNow !== 0) left.set(offset, settledNow);
      if (stay.length === 0) chunk.marks[at] = (chunk.marks[at] ?? 0) & ~editMarks.uncertain;
      this.#check(chunk, at, offset);
    };
    for (const range of of) this.#cells.each(range, drop);
    return { ranges: ranges.ranges, edits, settled: settledTops, left, endings: new Map(this.#endings) };
  }

  /** These edits alone, newest first, cover the byte. */
  #relink(chunk: EditChunk, at: number, edits: readonly number[]): void {
    for (const [i, edit] of edits.entries()) this.#below.set(edit, edits[i + 1] ?? 0);
    chunk.head[at] = edits[0] ?? 0;
    chunk.top[at] = this.#newestActive(chunk.head[at] ?? 0);
  }

  /** Brings back what was dropped: except where it was written meanwhile, and of documents that were reverted or closed. */
  restore({ ranges, edits, settled: settledTops, left, endings }: Dropped): void {
    this.#rewritten++;
    const isBack = (edit: number): boolean => {
      if (!this.#isThere(edit)) return false;
      const document = this.#documentOf(edit);
      return this.#endings.get(document) === endings.get(document);
    };
    const written = new Set<number>();
    for (const range of ranges) {
      this.#cells.each(range, (chunk, at, offset) => {
        if ((chunk.written?.settled[at] ?? 0) !== (left.get(offset) ?? 0)) written.add(offset);
      });
    }
    for (const edit of edits) {
      const offset = this.#offset.get(edit);
      if (!isBack(edit) || written.has(offset)) continue;
      const chunk = this.#cells.ensure(offset);
      const { at } = this.#cells;
      this.#insert(chunk, at, edit);
      const state = this.#state.get(edit);
      this.#setState(chunk, at, edit, state & ~dropped, state);
    }
    for (const range of ranges) {
      this.#cells.each(range, (chunk, at, offset) => {
        const settledTop = settledTops.get(offset);
        if (settledTop !== undefined && isBack(settledTop) && !written.has(offset)) {
          writtenOf(chunk).settled[at] = settledTop;
        }
        chunk.top[at] = this.#newestActive(chunk.head[at] ?? 0);
        this.#check(chunk, at, offset);
      });
    }
  }

  /** Takes the document's gestures back to how they were last written. Answers the ranges that they cover. */
  revert(document: string): readonly ByteRange[] {
    addCount(this.#endings, document, 1);
    this.#rewritten++;
    if (!this.isPending(document)) return [];
    const touched: ByteRange[] = [];
    for (const gesture of this.#gesturesOf(document)) {
      const end = this.#endOf(gesture);
      let hasPending = false;
      let wasWritten = false;
      for (let edit = gesture; edit < end; edit++) {
        const state = this.#state.get(edit);
        if (isPending(state)) hasPending = true;
        if ((state & (settled | dropped)) === settled) wasWritten = true;
      }
      if (!hasPending) continue;
      this.setActive(gesture, wasWritten);
      for (const range of this.rangesOf(gesture)) touched.push(range);
      for (let edit = gesture; edit < end; edit++) {
        const state = this.#state.get(edit);
        if (!isPending(state)) continue;
        const offset = this.#offset.get(edit);
        const chunk = this.#cells.ensure(offset);
        const { at } = this.#cells;
        this.#setState(chunk, at, edit, state | dropped, state);
        if (chunk.top[at] === edit) chunk.top[at] = this.#newestActive(this.#below.get(edit));
        this.#check(chunk, at, offset);
      }
    }
    return touched;
  }

  /** The document is gone: its pending edits are dropped; with the last document everything is. */
  close(document: string): readonly ByteRange[] {
    const touched = this.revert(document);
    this.#documents.delete(document);
    this.#logs.delete(document);
    if (this.#documents.size === 0 && this.#writing === undefined) this.clear();
    return touched;
  }

  clear(): void {
    this.#rewritten++;
    this.#cells.clear();
    for (const column of [this.#offset, this.#value, this.#seenByte, this.#state, this.#layer, this.#below])
      column.clear();
    for (const column of [this.#order, this.#kind, this.#firstOf]) column.clear();
    this.#firstEdit = this.#nextEdit;
    this.#lastLayer = 0;
    this.#kinds = [];
    this.#kindNumbers.clear();
    for (const names of [this.#ofDocument, this.#ofEpoch, this.#endings, this.#documents]) names.clear();
    for (const pending of [this.#pendingDocuments, this.#pendingEpochs]) pending.clear();
  }

  /** All edits count as made in this epoch. */
  setEpoch(epoch: string): void {
    this.#rewritten++;
    const pending = Array.from(this.#pendingEpochs).reduce((sum, tally) => sum + tally.pending, 0);
    this.#ofEpoch.clear();
    this.#pendingEpochs.clear();
    const tally = tallyOf(this.#ofEpoch, epoch);
    tally.pending = pending;
    if (pending > 0) this.#pendingEpochs.add(tally);
    for (const kind of this.#kinds) kind.epoch = tally;
    this.#kindNumbers.clear();
  }

  /**
   * The document's unwritten edits, oldest first: each active gesture with those of its bytes that are not written, and,
   * as gestures too, what undoing written gestures brought back.
   */
  *kept(document: string): Generator<NumberedGesture> {
    if (!this.isPending(document)) return;
    for (const gesture of this.#gesturesOf(document)) {
      const kept = this.keptGesture(gesture);
      if (kept !== undefined) yield kept;
    }
  }

  /** As `kept`, of one gesture; undefined if nothing of it is to be kept. */
  keptGesture(gesture: number): NumberedGesture | undefined {
    const kind = this.#isThere(gesture) ? this.#kindOf(gesture) : undefined;
    const runs = kind === undefined ? [] : this.#keptRuns(gesture);
    if (kind === undefined || runs.length === 0) return undefined;
    const order = this.#order.get(this.#layer.get(gesture));
    return { id: gesture, order, label: kind.label, epoch: kind.epoch.name, runs };
  }

  #keptRuns(gesture: number): StageRun[] {
    const runs: { offset: number; values: number[]; seen: number[] }[] = [];
    const isActive = (this.#state.get(gesture) & active) !== 0;
    const end = this.#endOf(gesture);
    for (let edit = gesture; edit < end; edit++) {
      const state = this.#state.get(edit);
      let picked: { value: number; seen: number } | undefined;
      if (isActive) {
        if ((state & (settled | dropped)) === 0)
          picked = { value: this.#value.get(edit), seen: this.#seenByte.get(edit) };
      } else if ((state & (settled | dropped)) === settled)
        picked = this.#broughtBack(this.#offset.get(edit));
      if (picked === undefined) continue;
      const offset = this.#offset.get(edit);
      let run = runs.at(-1);
      if (run === undefined || run.offset + run.values.length !== offset) {
        run = { offset, values: [], seen: [] };
        runs.push(run);
      }
      run.values.push(picked.value);
      run.seen.push(picked.seen);
    }
    return runs.map(({ offset, values, seen }) => ({
      offset,
      bytes: Uint8Array.from(values),
      seen: Uint8Array.from(seen),
    }));
  }

  /** What lies under the unwritten edits of a byte because written ones were undone; undefined if none was. */
  #broughtBack(offset: number): { value: number; seen: number } | undefined {
    const chunk = this.#cells.ensure(offset);
    const { at } = this.#cells;
    let result = 0;
    this.#chain(chunk.head[at] ?? 0, (edit, state) => {
      if (result === 0 && (state & (active | settled)) === (active | settled)) result = edit;
    });
    const { settled: settledTops, ground, groundSeen } = writtenOf(chunk);
    if (result === settledTops[at]) return undefined;
    return result === 0
      ? { value: ground[at] ?? 0, seen: groundSeen[at] ?? 0 }
      : { value: this.#value.get(result), seen: this.#seenByte.get(result) };
  }

  /** The document's gestures in the order in which they lie over each other. */
  *#gesturesOf(document: string): Generator<number> {
    const layers: number[] = [];
    for (let layer = 1; layer <= this.#lastLayer; layer++) {
      if (this.#kinds[this.#kind.get(layer)]?.document.name === document) layers.push(layer);
    }
    const isBefore = (a: number, b: number): number => this.#order.get(a) - this.#order.get(b) || a - b;
    // Only gestures that were kept come at an earlier place than those before them.
    if (layers.some((layer, i) => i > 0 && isBefore(layers[i - 1] ?? 0, layer) > 0)) layers.sort(isBefore);
    for (const layer of layers) {
      const end = layer === this.#lastLayer ? this.#nextEdit : this.#firstOf.get(layer + 1);
      for (let edit = this.#firstOf.get(layer); edit < end; edit++) {
        if ((this.#state.get(edit) & first) !== 0) yield edit;
      }
    }
  }

  /**
   * Whether a gesture continues the newest layer: somebody types on at the same place, and nothing was staged or undone in
   * between.
   *
   * @param order of a kept gesture
   */
  #joins(
    document: string,
    label: string,
    epoch: string,
    runs: readonly StageRun[],
    order: number | undefined,
  ): boolean {
    const [run, more] = runs;
    const layer = this.#lastLayer;
    if (run === undefined || more !== undefined || layer === 0) return false;
    const last = this.#nextEdit - 1;
    const end = this.#offset.get(last);
    const kind = this.#kindOf(last);
    return (
      (run.offset === end + 1 || run.offset === end) &&
      kind?.document.name === document &&
      kind.label === label &&
      kind.epoch.name === epoch &&
      (this.#state.get(last) & (active | dropped)) === active &&
      this.#order.get(layer) === (order ?? this.#lastOrder)
    );
  }

  #newLayer(document: string, label: string, epoch: string, order: number): number {
    this.#lastOrder = Math.max(this.#lastOrder, order);
    const layer = ++this.#lastLayer;
    const key = JSON.stringify([document, label, epoch]);
    let kind = this.#kindNumbers.get(key);
    if (kind === undefined) {
      const of = {
        document: tallyOf(this.#ofDocument, document),
        label,
        epoch: tallyOf(this.#ofEpoch, epoch),
      };
      kind = this.#kinds.push(of) - 1;
      this.#kindNumbers.set(key, kind);
    }
    this.#order.set(layer, order);
    this.#kind.set(layer, kind);
    this.#firstOf.set(layer, this.#nextEdit);
    return layer;
  }

  #kindOf(edit: number): Kind | undefined {
    return this.#kinds[this.#kind.get(this.#layer.get(edit))];
  }

  #documentOf(edit: number): string {
    return this.#kindOf(edit)?.document.name ?? '';
  }

  /** Whether the edit was not forgotten. */
  #isThere(edit: number): boolean {
    return edit >= this.#firstEdit;
  }

  /** The number behind a gesture's last edit. */
  #endOf(gesture: number): number {
    let edit = gesture + 1;
    while (edit < this.#nextEdit && (this.#state.get(edit) & first) === 0) edit++;
    return edit;
  }

  /** Whether an edit lies over another; over none always. */
  #isOver(edit: number, other: number): boolean {
    if (other === 0) return true;
    const difference = this.#order.get(this.#layer.get(edit)) - this.#order.get(this.#layer.get(other));
    return difference > 0 || (difference === 0 && edit > other);
  }

  /** Puts the edit into its byte's chain, above all that lie under it. */
  #insert(chunk: EditChunk, at: number, edit: number): void {
    let above = 0;
    let below = chunk.head[at] ?? 0;
    while (below !== 0 && this.#isOver(below, edit)) {
      above = below;
      below = this.#below.get(below);
    }
    this.#below.set(edit, below);
    if (above === 0) chunk.head[at] = edit;
    else this.#below.set(above, edit);
  }

  /** Sets the state of an edit of the byte, and keeps the counts of what is pending. */
  #setState(chunk: EditChunk, at: number, edit: number, state: number, before: number): void {
    this.#state.set(edit, state);
    const step = Number(isPending(state)) - Number(isPending(before));
    if (step === 0) return;
    const kind = this.#kindOf(edit);
    if (kind === undefined) return;
    addPending(this.#pendingDocuments, kind.document, step);
    addPending(this.#pendingEpochs, kind.epoch, step);
    if (((chunk.marks[at] ?? 0) & editMarks.staged) !== 0) kind.document.dirty += step;
  }

  /** Brings the marks of a byte up to date. */
  #check(chunk: EditChunk, at: number, offset: number): void {
    const before = chunk.marks[at] ?? 0;
    let marks = before & editMarks.uncertain;
    if (chunk.top[at] !== (chunk.written?.settled[at] ?? 0)) {
      marks |= editMarks.pending;
      const known = this.#base.known(offset);
      const base = this.#base.value(offset);
      if (!known || base !== this.#wanted(chunk, at)) {
        marks |= editMarks.staged;
        if (known && base !== this.#seen(chunk, at)) marks |= editMarks.conflict;
      }
    }
    if (marks === before) return;
    chunk.marks[at] = marks;
    const staged = Number((marks & editMarks.staged) !== 0) - Number((before & editMarks.staged) !== 0);
    chunk.staged += staged;
    chunk.conflicts +=
      Number((marks & editMarks.conflict) !== 0) - Number((before & editMarks.conflict) !== 0);
    if (staged === 0) return;
    for (let edit = chunk.head[at] ?? 0; edit !== 0; edit = this.#below.get(edit)) {
      if (!isPending(this.#state.get(edit))) continue;
      const kind = this.#kindOf(edit);
      if (kind !== undefined) kind.document.dirty += staged;
    }
  }

  #wanted(chunk: EditChunk, at: number): number {
    const top = chunk.top[at] ?? 0;
    return top === 0 ? (chunk.written?.ground[at] ?? 0) : this.#value.get(top);
  }

  #seen(chunk: EditChunk, at: number): number {
    const top = chunk.top[at] ?? 0;
    return top === 0 ? (chunk.written?.groundSeen[at] ?? 0) : this.#seenByte.get(top);
  }

  /**
   * The byte was written, with the edits that `isPart` picks. All of its edits count as made on what the device holds now. Answers
   * what the written one was made on.
   */
  #settle(
    chunk: EditChunk,
    at: number,
    now: number,
    isPart: (edit: number, state: number) => boolean = (edit, state) => this.#wasActive(edit, state),
  ): number {
    this.#rewritten++;
    const written = writtenOf(chunk);
    let top = 0;
    let seen = written.groundSeen[at] ?? 0;
    this.#chain(chunk.head[at] ?? 0, (edit, state) => {
      const isSettled = isPart(edit, state);
      if (isSettled && top === 0) {
        top = edit;
        seen = this.#seenByte.get(edit);
      }
      this.#seenByte.set(edit, now);
      this.#setState(chunk, at, edit, isSettled ? state | settled : state & ~settled, state);
    });
    if (written.settled[at] === 0) written.ground[at] = seen;
    written.groundSeen[at] = now;
    written.settled[at] = top;
    chunk.marks[at] = (chunk.marks[at] ?? 0) & ~editMarks.uncertain;
    return seen;
  }

  /** Whether the edit was active when the write began that is under way, or is, if none is. */
  #wasActive(edit: number, state: number): boolean {
    const writing = this.#writing;
    if (writing !== undefined && edit >= writing.from) return false;
    return writing?.was.get(edit) ?? (state & active) !== 0;
  }

  /** The newest active edit of a byte from this one down; 0 if there is none. */
  #newestActive(from: number): number {
    let edit = from;
    while (edit !== 0 && (this.#state.get(edit) & (active | dropped)) !== active)
      edit = this.#below.get(edit);
    return edit;
  }

  /** Calls `visit` for every edit that covers the byte, newest first. */
  #chain(from: number, visit: (edit: number, state: number) => void): void {
    for (let edit = from; edit !== 0; edit = this.#below.get(edit)) {
      const state = this.#state.get(edit);
      if ((state & dropped) === 0) visit(edit, state);
    }
  }

  /** Whether an edit that was made after `made` was written to any byte of the run. */
  #wasWrittenSince(run: StageRun, made: number): boolean {
    if (made > this.#lastOrder) return false;
    let was = false;
    this.#cells.each({ offset: run.offset, length: run.bytes.length }, (chunk, at) => {
      const settledTop = chunk.written?.settled[at] ?? 0;
      if (settledTop !== 0 && this.#order.get(this.#layer.get(settledTop)) > made) was = true;
    });
    return was;
  }
}

/** The undo and redo of one gesture: holds its number only. */
export class StagedGesture implements Gesture {
  readonly #stack: EditStack;
  readonly #first: number;

  constructor(stack: EditStack, firstEdit: number) {
    this.#stack = stack;
    this.#first = firstEdit;
  }

  get document(): string {
    return this.#stack.nameOf(this.#first).document;
  }
  get label(): string {
    return this.#stack.nameOf(this.#first).label;
  }
  get ranges(): readonly ByteRange[] {
    return this.#stack.rangesOf(this.#first);
  }
  undo(): void {
    this.#stack.toggle(this.#first, false);
  }
  redo(): void {
    this.#stack.toggle(this.#first, true);
  }
}

function isPending(state: number): boolean {
  return (state & dropped) === 0 && ((state & active) !== 0) !== ((state & settled) !== 0);
}

function tallyOf(tallies: Map<string, Tally>, name: string): Tally {
  let tally = tallies.get(name);
  if (tally === undefined) {
    tally = { name, pending: 0, dirty: 0 };
    tallies.set(name, tally);
  }
  return tally;
}

function addPending(pending: Set<Tally>, tally: Tally, step: number): void {
  const before = tally.pending;
  tally.pending += step;
  if (before === 0) pending.add(tally);
  else if (tally.pending === 0) pending.delete(tally);
}

function addCount(counts: Map<string, number>, key: string, step: number): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
