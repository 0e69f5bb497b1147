import { pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { RangeCollector, runAt } from '../model/ranges.ts';

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

/** Bits of a byte's state in a layer. */
const settledBit = 1; // the layer was active here when the byte was last written
const droppedBit = 2; // the layer does not cover this byte any more

interface LayerRun extends StageRun {
  readonly state: Uint8Array;
  /** Per byte, id of the next older layer that covers it; absent: none for any byte. */
  below: Uint32Array | undefined;
}

/** One gesture's bytes. Among the active layers that cover a byte, the one with the highest order wins. */
export interface Layer {
  readonly id: number;
  /** Grows with the time at which the gesture was made, also across reloads. */
  readonly order: number;
  readonly document: string;
  readonly label: string;
  /** Epoch in which its bytes were seen. */
  readonly epoch: string;
  readonly active: boolean;
}

interface OwnLayer extends Layer {
  epoch: string;
  active: boolean;
  /** Bytes whose being active or not differs from when they were last written. */
  pending: number;
  readonly runs: readonly LayerRun[];
}

/** Gestures that can be told apart within a millisecond. */
const ordersPerMillisecond = 1024;

/** Bits of `Page.marks`. */
const pendingMark = 1; // another layer shows than at the last write
const stagedMark = 2; // pending, and the wanted value is not known to be on the device
const conflictMark = 4; // staged, and the base differs from what was seen
const uncertainMark = 8; // a write may have happened: `tried` says what

interface Page {
  /** Newest layer that covers the byte, active or not; 0 none. */
  readonly head: Uint32Array;
  /** Newest active layer that covers the byte: its value is wanted; 0: the ground's. */
  readonly top: Uint32Array;
  /** `top` when the byte was last written; 0 if it never was. */
  readonly settledTop: Uint32Array;
  /** What the device held before the first write: what undoing everything that was written brings back. */
  readonly ground: Uint8Array;
  /** What was seen where the ground is wanted: what was written last. */
  readonly groundSeen: Uint8Array;
  readonly marks: Uint8Array;
  tried: Uint8Array | undefined;
  staged: number;
  conflicts: number;
}

/** The bytes that a write is to carry, as parallel arrays in ascending order of offset. */
export interface StagedSnapshot {
  readonly offsets: Uint32Array;
  readonly wanted: Uint8Array;
  readonly seen: Uint8Array;
  readonly length: number;
}

/** A byte run whose uncertain write turned out to have happened. */
export interface FoundWritten {
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** A gesture as it is to be kept. */
export interface KeptLayer {
  readonly order: number;
  readonly label: string;
  readonly epoch: string;
  readonly runs: readonly StageRun[];
}

/** What a discard took away, to be brought back by its undo. */
export interface Dropped {
  /** The bytes, ascending. */
  readonly ranges: readonly ByteRange[];
  /** The bytes that each layer covered until then. */
  readonly layers: ReadonlyMap<Layer, readonly number[]>;
  /** The layers that were on top at the last write, where there was one. */
  readonly settledTops: ReadonlyMap<number, number>;
  /** How often each document had been reverted or closed by then. */
  readonly lives: ReadonlyMap<string, number>;
}

/**
 * The staged edits of one memory: layers (one per gesture) over a base that stays live. Constant time per byte for
 * staging, undo and redo (a walk over older layers of the same byte only where these were undone).
 *
 * A byte is *pending* when another layer is on top than at its last write, *staged* when it is pending and its wanted
 * value is not known to be on the device already. A layer is pending where it is active and was not at the last write, or
 * the other way round.
 */
export class StagedEdits {
  readonly #base: BaseView;
  readonly #pages = new Map<number, Page>();
  #layers: (OwnLayer | undefined)[] = [undefined];
  readonly #documents = new Set<string>();
  readonly #pendingLayers = new Map<string, number>();
  /** How often a document was reverted or closed: nothing brings back what went with that. */
  readonly #lives = new Map<string, number>();
  readonly #epochs = new Map<string, number>();
  #writing: Map<number, boolean> | undefined;
  #lastOrder = 0;

  constructor(base: BaseView) {
    this.#base = base;
  }

  /** Epochs in which pending edits were made. */
  get epochs(): readonly string[] {
    return [...this.#epochs.keys()];
  }

  /** Documents with pending edits, whether or not these make a difference. */
  get pendingDocuments(): readonly string[] {
    return [...this.#pendingLayers.keys()];
  }

  /** Whether the document has pending edits. */
  isPending(document: string): boolean {
    return this.#pendingLayers.has(document);
  }

  /** Whether the document has pending edits on bytes that are staged. */
  isDirty(document: string): boolean {
    return (
      this.#pendingLayers.has(document) &&
      this.#layers.some((layer) => layer?.document === document && layer.pending > 0 && this.#isStaged(layer))
    );
  }

  /**
   * Adds an active layer: on top, or at the place of a gesture that was made earlier, but never under what was written
   * in this session.
   *
   * @param made when the gesture was made, in units of `Layer.order`
   */
  stage(document: string, label: string, epoch: string, runs: readonly StageRun[], made: number): Layer {
    const id = this.#layers.length;
    const order = runs.some((run) => this.#wasWrittenSince(run, made)) ? this.#lastOrder + 1 : made;
    this.#lastOrder = Math.max(this.#lastOrder, order);
    const layer: OwnLayer = {
      id,
      order,
      document,
      label,
      epoch,
      active: true,
      pending: 0,
      runs: runs.map((run) => ({ ...run, state: new Uint8Array(run.bytes.length), below: undefined })),
    };
    this.#layers.push(layer);
    this.#documents.add(document);
    this.#writing?.set(id, false);
    for (const run of layer.runs) {
      for (let i = 0; i < run.bytes.length; i++) {
        const offset = run.offset + i;
        const page = this.#page(offset);
        const at = offset % pageBytes;
        this.#insert(page, at, offset, layer, run);
        if (this.#order(page.top[at] ?? 0) < order) page.top[at] = id;
        this.#check(page, offset);
      }
      this.#addPending(layer, run.bytes.length);
    }
    return layer;
  }

  /** An order for a gesture that is made now: after all that are known. `now` is milliseconds since 1970. */
  nextOrder(now: number): number {
    return Math.max(this.#lastOrder + 1, Math.floor(now) * ordersPerMillisecond);
  }

  /** Undoes (`false`) or redoes (`true`) a layer at its place. */
  setActive(target: Layer, active: boolean): void {
    const layer = this.#own(target);
    if (layer === undefined || layer.active === active) return;
    const { id } = layer;
    if (this.#writing?.has(id) === false) this.#writing.set(id, layer.active);
    layer.active = active;
    let difference = 0;
    for (const run of layer.runs) {
      for (let i = 0; i < run.bytes.length; i++) {
        const state = run.state[i] ?? 0;
        if ((state & droppedBit) !== 0) continue;
        difference += active === ((state & settledBit) !== 0) ? -1 : 1;
        const offset = run.offset + i;
        const page = this.#page(offset);
        const at = offset % pageBytes;
        const top = page.top[at] ?? 0;
        if (active) {
          if (this.#order(top) < layer.order) page.top[at] = id;
        } else if (top === id) page.top[at] = this.#newestActive(run.below?.[i] ?? 0, offset);
        this.#check(page, offset);
      }
    }
    this.#addPending(layer, difference);
  }

  /** The ranges that a layer covers. */
  rangesOf(target: Layer): readonly ByteRange[] {
    return (this.#own(target)?.runs ?? []).map((run) => ({ offset: run.offset, length: run.bytes.length }));
  }

  /**
   * The base of the range changed. Decides uncertain writes where the base is known now; answers those that turned out
   * to have happened.
   */
  baseChanged(range: ByteRange): readonly FoundWritten[] {
    const found: FoundWritten[] = [];
    this.#each(range, (page, at, offset) => {
      if (((page.marks[at] ?? 0) & uncertainMark) !== 0 && this.#base.known(offset)) {
        const before = this.#seen(page, at, offset);
        page.marks[at] = (page.marks[at] ?? 0) & ~uncertainMark;
        const now = this.#base.value(offset);
        if (now === page.tried?.[at]) {
          found.push({ offset, before, after: now });
          if (this.#wanted(page, at, offset) === now) this.#settle(page, at, offset, now);
          else this.#see(page, at, offset, now);
        }
      }
      this.#check(page, offset);
    });
    return found;
  }

  /** Lays wanted bytes over `bytes` and calls `mark` for each staged byte. `bytes` starts at the range's offset. */
  overlay(range: ByteRange, bytes: Uint8Array, mark: (index: number, conflict: boolean) => void): void {
    this.#each(range, (page, at, offset) => {
      const marks = page.marks[at] ?? 0;
      if ((marks & stagedMark) === 0) return;
      bytes[offset - range.offset] = this.#wanted(page, at, offset);
      mark(offset - range.offset, (marks & conflictMark) !== 0);
    });
  }

  /** Counts of the range. */
  counts(range: ByteRange): { staged: number; conflicts: number } {
    let staged = 0;
    let conflicts = 0;
    for (const [index, page] of this.#pages) {
      const start = index * pageBytes;
      if (start >= range.offset && start + pageBytes <= range.offset + range.length) {
        staged += page.staged;
        conflicts += page.conflicts;
      } else {
        const low = Math.max(0, range.offset - start);
        const high = Math.min(pageBytes, range.offset + range.length - start);
        for (let at = low; at < high; at++) {
          const marks = page.marks[at] ?? 0;
          if ((marks & stagedMark) !== 0) staged++;
          if ((marks & conflictMark) !== 0) conflicts++;
        }
      }
    }
    return { staged, conflicts };
  }

  /** Runs of staged, conflicting or pending bytes, ascending. */
  runs(range: ByteRange, kind: 'staged' | 'conflict' | 'pending'): readonly ByteRange[] {
    const mark = kind === 'staged' ? stagedMark : kind === 'conflict' ? conflictMark : pendingMark;
    const runs = new RangeCollector();
    this.#each(range, (page, at, offset) => {
      if (((page.marks[at] ?? 0) & mark) !== 0) runs.add(offset);
    });
    return runs.ranges;
  }

  /** The staged bytes of the range (`true`), or those that are pending without being staged (`false`). */
  snapshot(range: ByteRange, staged: boolean): StagedSnapshot {
    const picked = this.runs(range, 'pending');
    const most = picked.reduce((sum, run) => sum + run.length, 0);
    const result = {
      offsets: new Uint32Array(most),
      wanted: new Uint8Array(most),
      seen: new Uint8Array(most),
    };
    let length = 0;
    for (const run of picked) {
      this.#each(run, (page, at, offset) => {
        if ((((page.marks[at] ?? 0) & stagedMark) !== 0) !== staged) return;
        result.offsets[length] = offset;
        result.wanted[length] = this.#wanted(page, at, offset);
        result.seen[length] = this.#seen(page, at, offset);
        length++;
      });
    }
    return { ...result, length };
  }

  /** From now to `endWrite` it is remembered which layers were active now. */
  beginWrite(): void {
    this.#writing = new Map();
  }

  endWrite(): void {
    this.#writing = undefined;
    if (this.#documents.size === 0) this.clear();
  }

  /** The byte is on the device as it was wanted when the write began; the device holds `now`. */
  settle(offset: number, now: number): void {
    const page = this.#page(offset);
    this.#settle(page, offset % pageBytes, offset, now);
    this.#check(page, offset);
  }

  /** It is not known whether `tried` was written to the byte; `baseChanged` decides. */
  markUncertain(offset: number, tried: number): void {
    const page = this.#page(offset);
    page.tried ??= new Uint8Array(pageBytes);
    page.tried[offset % pageBytes] = tried;
    page.marks[offset % pageBytes] = (page.marks[offset % pageBytes] ?? 0) | uncertainMark;
  }

  /** A new epoch: what was tried in the old one says nothing about the new contents. */
  forgetUncertain(): void {
    for (const page of this.#pages.values()) {
      for (let at = 0; at < pageBytes; at++) page.marks[at] = (page.marks[at] ?? 0) & ~uncertainMark;
    }
  }

  /** Conflicts of the range are resolved for the staged value: the base counts as seen. */
  keepMine(range: ByteRange): void {
    this.#each(range, (page, at, offset) => {
      if (((page.marks[at] ?? 0) & conflictMark) === 0) return;
      const top = page.top[at] ?? 0;
      if (top === 0) page.groundSeen[at] = this.#base.value(offset);
      else this.#setSeen(top, offset, this.#base.value(offset));
      this.#check(page, offset);
    });
  }

  /** No layer covers the byte any more. */
  forget(offset: number): void {
    const page = this.#pages.get(Math.floor(offset / pageBytes));
    if (page === undefined) return;
    const at = offset % pageBytes;
    this.#chain(page.head[at] ?? 0, offset, (layer, run, i) => {
      const state = run.state[i] ?? 0;
      if (layer.active !== ((state & settledBit) !== 0)) this.#addPending(layer, -1);
      run.state[i] = state | droppedBit;
    });
    page.head[at] = 0;
    page.top[at] = 0;
    page.settledTop[at] = 0;
    page.marks[at] = (page.marks[at] ?? 0) & ~uncertainMark;
    this.#check(page, offset);
  }

  /** How many bytes of the range each document has pending edits on, whether or not they show. */
  pendingIn(range: ByteRange): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    this.#each(range, (page, at, offset) => {
      const documents = new Set<string>();
      this.#chain(page.head[at] ?? 0, offset, (layer, run, i) => {
        if (layer.active !== (((run.state[i] ?? 0) & settledBit) !== 0)) documents.add(layer.document);
      });
      for (const document of documents) addCount(counts, document, 1);
    });
    return counts;
  }

  /**
   * No layer covers the bytes any more that are pending, or that the document, if one is given, has pending edits on.
   *
   * @param of ascending
   */
  drop(of: readonly ByteRange[], document?: string): Dropped {
    const ranges = new RangeCollector();
    const layers = new Map<Layer, number[]>();
    const settledTops = new Map<number, number>();
    const drop = (page: Page, at: number, offset: number) => {
      let picked = ((page.marks[at] ?? 0) & pendingMark) !== 0;
      const covering: OwnLayer[] = [];
      this.#chain(page.head[at] ?? 0, offset, (layer, run, i) => {
        covering.push(layer);
        const isPending = layer.active !== (((run.state[i] ?? 0) & settledBit) !== 0);
        if (isPending && layer.document === document) picked = true;
      });
      if (!picked) return;
      ranges.add(offset);
      const settledTop = page.settledTop[at] ?? 0;
      if (settledTop !== 0) settledTops.set(offset, settledTop);
      for (const layer of covering) {
        const offsets = layers.get(layer);
        if (offsets === undefined) layers.set(layer, [offset]);
        else offsets.push(offset);
      }
      this.forget(offset);
    };
    for (const range of of) this.#each(range, drop);
    return { ranges: ranges.ranges, layers, settledTops, lives: new Map(this.#lives) };
  }

  /** Brings back what was dropped: except where it was written meanwhile, and of documents that were reverted or closed. */
  restore({ ranges, layers, settledTops, lives }: Dropped): void {
    const written = new Set<number>();
    for (const range of ranges) {
      this.#each(range, (page, at, offset) => {
        if (page.settledTop[at] !== 0) written.add(offset);
      });
    }
    for (const [dropped, offsets] of layers) {
      const layer = this.#own(dropped);
      if (layer === undefined || this.#lives.get(layer.document) !== lives.get(layer.document)) continue;
      for (const offset of offsets) {
        const run = this.#runOf(layer.id, offset);
        if (run === undefined || written.has(offset)) continue;
        const i = offset - run.offset;
        const state = (run.state[i] ?? 0) & ~droppedBit;
        run.state[i] = state;
        this.#insert(this.#page(offset), offset % pageBytes, offset, layer, run);
        if (layer.active !== ((state & settledBit) !== 0)) this.#addPending(layer, 1);
      }
    }
    for (const range of ranges) {
      this.#each(range, (page, at, offset) => {
        const settledTop = settledTops.get(offset);
        const layer = this.#layers[settledTop ?? 0];
        const isBack = layer !== undefined && this.#lives.get(layer.document) === lives.get(layer.document);
        if (settledTop !== undefined && isBack && !written.has(offset)) page.settledTop[at] = settledTop;
        page.top[at] = this.#newestActive(page.head[at] ?? 0, offset);
        this.#check(page, offset);
      });
    }
  }

  /** Takes the document's layers back to how they were last written. Answers the ranges that they cover. */
  revert(document: string): readonly ByteRange[] {
    addCount(this.#lives, document, 1);
    const touched: ByteRange[] = [];
    for (const layer of this.#layers) {
      if (layer === undefined || layer.document !== document || layer.pending === 0) continue;
      const active = layer.runs.some((run) => run.state.some((state) => state === settledBit));
      this.setActive(layer, active);
      for (const run of layer.runs) {
        touched.push({ offset: run.offset, length: run.bytes.length });
        for (let i = 0; i < run.bytes.length; i++) {
          const state = run.state[i] ?? 0;
          if ((state & droppedBit) !== 0 || active === ((state & settledBit) !== 0)) continue;
          run.state[i] = state | droppedBit;
          this.#addPending(layer, -1);
          const offset = run.offset + i;
          const page = this.#page(offset);
          const at = offset % pageBytes;
          if (page.top[at] === layer.id) page.top[at] = this.#newestActive(run.below?.[i] ?? 0, offset);
          this.#check(page, offset);
        }
      }
    }
    return touched;
  }

  /** The document is gone: its pending edits are dropped; with the last document everything is. */
  close(document: string): readonly ByteRange[] {
    const touched = this.revert(document);
    this.#documents.delete(document);
    if (this.#documents.size === 0 && this.#writing === undefined) this.clear();
    return touched;
  }

  clear(): void {
    this.#pages.clear();
    this.#layers = [undefined];
    this.#documents.clear();
    this.#pendingLayers.clear();
    this.#lives.clear();
    this.#epochs.clear();
  }

  /** All edits count as made in this epoch. */
  setEpoch(epoch: string): void {
    this.#epochs.clear();
    for (const layer of this.#layers) {
      if (layer === undefined) continue;
      layer.epoch = epoch;
      if (layer.pending > 0) this.#epochs.set(epoch, (this.#epochs.get(epoch) ?? 0) + 1);
    }
  }

  /**
   * The document's unwritten edits, oldest first: each active gesture with those of its bytes that are not written, and,
   * as gestures too, what undoing written gestures brought back.
   */
  kept(document: string): readonly KeptLayer[] {
    const kept: KeptLayer[] = [];
    const layers = this.#layers.filter((layer) => layer !== undefined).sort((a, b) => a.order - b.order);
    for (const layer of layers) {
      if (layer.document !== document || layer.pending === 0) continue;
      const pick = layer.active
        ? (run: LayerRun, i: number) =>
            run.state[i] === 0 ? { value: run.bytes[i] ?? 0, seen: run.seen[i] ?? 0 } : undefined
        : (run: LayerRun, i: number) =>
            run.state[i] === settledBit ? this.#broughtBack(run.offset + i) : undefined;
      const runs = layer.runs.flatMap((run) => pickRuns(run, pick));
      if (runs.length > 0) {
        const { order, label, epoch } = layer;
        kept.push({ order, label, epoch, runs });
      }
    }
    return kept;
  }

  /** What lies under the unwritten layers of a byte because written ones were undone; undefined if none was. */
  #broughtBack(offset: number): { value: number; seen: number } | undefined {
    const page = this.#page(offset);
    const at = offset % pageBytes;
    let result: { id: number; value: number; seen: number } | undefined;
    this.#chain(page.head[at] ?? 0, offset, (layer, run, i) => {
      if (result !== undefined || !layer.active || run.state[i] !== settledBit) return;
      result = { id: layer.id, value: run.bytes[i] ?? 0, seen: run.seen[i] ?? 0 };
    });
    result ??= { id: 0, value: page.ground[at] ?? 0, seen: page.groundSeen[at] ?? 0 };
    return result.id === page.settledTop[at] ? undefined : result;
  }

  #isStaged(layer: OwnLayer): boolean {
    return layer.runs.some((run) =>
      run.state.some((state, i) => {
        if ((state & droppedBit) !== 0 || layer.active === ((state & settledBit) !== 0)) return false;
        const offset = run.offset + i;
        return ((this.#page(offset).marks[offset % pageBytes] ?? 0) & stagedMark) !== 0;
      }),
    );
  }

  /** The layer, unless everything was forgotten since. */
  #own(layer: Layer): OwnLayer | undefined {
    const own = this.#layers[layer.id];
    return own === layer ? own : undefined;
  }

  #page(offset: number): Page {
    const index = Math.floor(offset / pageBytes);
    let page = this.#pages.get(index);
    if (page === undefined) {
      page = {
        head: new Uint32Array(pageBytes),
        top: new Uint32Array(pageBytes),
        settledTop: new Uint32Array(pageBytes),
        ground: new Uint8Array(pageBytes),
        groundSeen: new Uint8Array(pageBytes),
        marks: new Uint8Array(pageBytes),
        tried: undefined,
        staged: 0,
        conflicts: 0,
      };
      this.#pages.set(index, page);
    }
    return page;
  }

  /** Calls `visit` for the bytes of the range whose page holds edits, ascending. */
  #each(range: ByteRange, visit: (page: Page, at: number, offset: number) => void): void {
    const end = range.offset + range.length;
    const first = Math.floor(range.offset / pageBytes);
    const last = Math.floor((end - 1) / pageBytes);
    const indices =
      last - first < this.#pages.size
        ? Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i)
        : [...this.#pages.keys()].filter((index) => index >= first && index <= last).sort((a, b) => a - b);
    for (const index of indices) {
      const page = this.#pages.get(index);
      if (page === undefined) continue;
      const start = index * pageBytes;
      const high = Math.min(pageBytes, end - start);
      for (let at = Math.max(0, range.offset - start); at < high; at++) visit(page, at, start + at);
    }
  }

  #check(page: Page, offset: number): void {
    const at = offset % pageBytes;
    const before = page.marks[at] ?? 0;
    let marks = before & uncertainMark;
    if (page.top[at] !== page.settledTop[at]) {
      marks |= pendingMark;
      const known = this.#base.known(offset);
      const base = this.#base.value(offset);
      if (!known || base !== this.#wanted(page, at, offset)) {
        marks |= stagedMark;
        if (known && base !== this.#seen(page, at, offset)) marks |= conflictMark;
      }
    }
    if (marks === before) return;
    page.marks[at] = marks;
    page.staged += Number((marks & stagedMark) !== 0) - Number((before & stagedMark) !== 0);
    page.conflicts += Number((marks & conflictMark) !== 0) - Number((before & conflictMark) !== 0);
  }

  #wanted(page: Page, at: number, offset: number): number {
    const top = page.top[at] ?? 0;
    if (top === 0) return page.ground[at] ?? 0;
    const run = this.#runOf(top, offset);
    return run?.bytes[offset - run.offset] ?? 0;
  }

  #seen(page: Page, at: number, offset: number): number {
    const top = page.top[at] ?? 0;
    if (top === 0) return page.groundSeen[at] ?? 0;
    const run = this.#runOf(top, offset);
    return run?.seen[offset - run.offset] ?? 0;
  }

  #setSeen(id: number, offset: number, value: number): void {
    const run = this.#runOf(id, offset);
    if (run !== undefined) run.seen[offset - run.offset] = value;
  }

  /** The base that all layers of the byte were made on counts as this value from now on. */
  #see(page: Page, at: number, offset: number, value: number): void {
    page.groundSeen[at] = value;
    this.#chain(page.head[at] ?? 0, offset, (_layer, run, i) => {
      run.seen[i] = value;
    });
  }

  #settle(page: Page, at: number, offset: number, now: number): void {
    let top = 0;
    let seen = page.groundSeen[at] ?? 0;
    this.#chain(page.head[at] ?? 0, offset, (layer, run, i) => {
      const state = run.state[i] ?? 0;
      const settled = this.#writing?.get(layer.id) ?? layer.active;
      const difference =
        Number(layer.active !== settled) - Number(layer.active !== ((state & settledBit) !== 0));
      run.state[i] = settled ? settledBit : 0;
      if (settled && top === 0) {
        top = layer.id;
        seen = run.seen[i] ?? 0;
      }
      run.seen[i] = now;
      if (difference !== 0) this.#addPending(layer, difference);
    });
    if (page.settledTop[at] === 0) page.ground[at] = seen;
    page.groundSeen[at] = now;
    page.settledTop[at] = top;
    page.marks[at] = (page.marks[at] ?? 0) & ~uncertainMark;
  }

  #newestActive(from: number, offset: number): number {
    let id = from;
    while (id !== 0) {
      const layer = this.#layers[id];
      const run = this.#runOf(id, offset);
      if (layer === undefined || run === undefined) return 0;
      const i = offset - run.offset;
      if (layer.active && ((run.state[i] ?? 0) & droppedBit) === 0) return id;
      id = run.below?.[i] ?? 0;
    }
    return 0;
  }

  /** Calls `visit` for every layer that covers the byte, newest first. */
  #chain(from: number, offset: number, visit: (layer: OwnLayer, run: LayerRun, i: number) => void): void {
    let id = from;
    while (id !== 0) {
      const layer = this.#layers[id];
      const run = this.#runOf(id, offset);
      if (layer === undefined || run === undefined) return;
      const i = offset - run.offset;
      if (((run.state[i] ?? 0) & droppedBit) === 0) visit(layer, run, i);
      id = run.below?.[i] ?? 0;
    }
  }

  /** Puts the layer into the byte's chain, above all that were made before it. */
  #insert(page: Page, at: number, offset: number, layer: OwnLayer, run: LayerRun): void {
    let above: LayerRun | undefined;
    let below = page.head[at] ?? 0;
    while (this.#order(below) > layer.order) {
      above = this.#runOf(below, offset);
      below = above?.below?.[offset - above.offset] ?? 0;
    }
    setBelow(run, offset, below);
    if (above === undefined) page.head[at] = layer.id;
    else setBelow(above, offset, layer.id);
  }

  /** Whether a layer that was made after `made` was written to any byte of the run. */
  #wasWrittenSince(run: StageRun, made: number): boolean {
    for (let offset = run.offset; offset < run.offset + run.bytes.length; offset++) {
      const page = this.#pages.get(Math.floor(offset / pageBytes));
      if (page !== undefined && this.#order(page.settledTop[offset % pageBytes] ?? 0) > made) return true;
    }
    return false;
  }

  #order(id: number): number {
    return this.#layers[id]?.order ?? 0;
  }

  #runOf(id: number, offset: number): LayerRun | undefined {
    return runAt(this.#layers[id]?.runs ?? [], offset);
  }

  #addPending(layer: OwnLayer, difference: number): void {
    const before = layer.pending;
    layer.pending += difference;
    if (before > 0 === layer.pending > 0) return;
    const step = layer.pending > 0 ? 1 : -1;
    addCount(this.#pendingLayers, layer.document, step);
    addCount(this.#epochs, layer.epoch, step);
  }
}

function setBelow(run: LayerRun, offset: number, id: number): void {
  if (id === 0 && run.below === undefined) return;
  run.below ??= new Uint32Array(run.bytes.length);
  run.below[offset - run.offset] = id;
}

function addCount(counts: Map<string, number>, key: string, step: number): void {
  const count = (counts.get(key) ?? 0) + step;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function pickRuns(
  run: LayerRun,
  pick: (run: LayerRun, i: number) => { value: number; seen: number } | undefined,
): StageRun[] {
  const runs: StageRun[] = [];
  for (let i = 0; i < run.bytes.length; ) {
    const values: number[] = [];
    const seen: number[] = [];
    const start = i;
    for (; i < run.bytes.length; i++) {
      const picked = pick(run, i);
      if (picked === undefined) break;
      values.push(picked.value);
      seen.push(picked.seen);
    }
    if (values.length > 0) {
      runs.push({ offset: run.offset + start, bytes: Uint8Array.from(values), seen: Uint8Array.from(seen) });
    } else i++;
  }
  return runs;
}
