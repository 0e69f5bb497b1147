/**
 * An AI Engine array that exists in this process only: first generation, three partitions, with contents, gates, cores
 * and owners. It outlives the boards that look at it, as a real array does. Its methods are the array's own software and
 * the test bench: they see and change everything, by none of the rules that boards must keep.
 */
import { Emitter, type Event } from '../../model/event.ts';
import {
  type ColumnRange,
  containsTile,
  formatTile,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
} from '../../model/geometry.ts';
import type { Owner, PartitionInfo } from '../board.ts';
import { BoardError } from '../errors.ts';
import {
  counterPeriods,
  dataBytes,
  dataContents,
  layout,
  programBytes,
  programContents,
} from './contents.ts';

/** Calls of a board that can be made to fail, wait or be counted. */
export type SimulatedOperation = 'connect' | 'describe' | 'partitions' | 'open' | 'read' | 'write';

export interface SimulatedArrayOptions {
  /** Milliseconds since 1970; decides how far the counters of a running graph are. */
  readonly now?: () => number;
  /** Answer as a driver that this version does not know: opening needs consent. */
  readonly unknownDriver?: boolean;
}

interface Part {
  readonly id: number;
  readonly columns: ColumnRange;
  readonly numRows: number;
  owner: Owner | undefined;
  /** Counts every change of hands and every reset. */
  hands: number;
  /** Which invented run of an application the contents come from. */
  contents: number;
}

interface TileState {
  gated: boolean;
  core: boolean;
  busError: boolean;
}

interface Failure {
  readonly error: BoardError;
  readonly when: 'before' | 'after';
}

/** Length of the columns' row run: the shim row and eight rows of cores, as on a VC1902. */
const arrayRows = 9;

/** Partition that is free at the start: columns 0 to 3, 8 rows of cores. */
export const freeColumns: ColumnRange = { startCol: 0, numCols: 4 };
/** Partition that `demo_graph` owns at the start: columns 6 to 9. */
export const ownedColumns: ColumnRange = { startCol: 6, numCols: 4 };
/** Partition of shim tiles only: columns 12 and 13. */
export const shimColumns: ColumnRange = { startCol: 12, numCols: 2 };

export class SimulatedArray {
  /** Whether boards see a driver that this version does not know. */
  readonly unknownDriver: boolean;
  /** Fires when a partition changes hands or starts a new epoch. */
  readonly onPartitions: Event<void>;
  /** Fires when every live connection breaks. */
  readonly onDrop: Event<BoardError>;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #changed = new Emitter<void>();
  readonly #dropped = new Emitter<BoardError>();
  readonly #parts: Part[];
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #tiles = new Map<string, TileState>();
  readonly #failures = new Map<SimulatedOperation, Failure[]>();
  readonly #counts = new Map<SimulatedOperation, number>();
  #boot = 1;
  #delayMs = 0;
  #pause: { readonly opened: Promise<void> } | undefined;
  #betweenWriteAndReadBack: (() => void) | undefined;

  constructor(options: SimulatedArrayOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.unknownDriver = options.unknownDriver ?? false;
    this.onPartitions = this.#changed.event;
    this.onDrop = this.#dropped.event;
    const owner: Owner = { pid: 1234, command: 'demo_graph', startedAt: this.#startedAt };
    this.#parts = [
      { id: 1, columns: freeColumns, numRows: arrayRows, owner: undefined, hands: 0, contents: 1 },
      { id: 2, columns: ownedColumns, numRows: arrayRows, owner, hands: 1, contents: 2 },
      { id: 3, columns: shimColumns, numRows: 1, owner: undefined, hands: 0, contents: 1 },
    ];
    for (const row of [7, 8]) this.gate({ col: 3, row }, true);
    for (const row of [6, 7, 8]) this.gate({ col: 9, row }, true);
    for (const col of [6, 7, 8]) for (let row = 1; row < 7; row++) this.setCore({ col, row }, true);
  }

  /** Text that differs at every boot. */
  get bootId(): string {
    return `simulated-${this.#boot}`;
  }

  /** The partitions as a driver lists them. */
  partitions(): PartitionInfo[] {
    return this.#parts.map((part) => {
      const info = {
        id: part.id,
        columns: part.columns,
        startRow: 0,
        numRows: part.numRows,
        inUse: part.owner !== undefined,
        epoch: `${this.#boot}.${part.hands}${part.owner === undefined ? '' : `.${part.owner.pid}`}`,
      };
      return part.owner === undefined ? info : { ...info, owner: part.owner };
    });
  }

  /** One partition as listed; undefined if there is none of exactly these columns. */
  partition(columns: ColumnRange): PartitionInfo | undefined {
    return this.partitions().find(
      (one) => one.columns.startCol === columns.startCol && one.columns.numCols === columns.numCols,
    );
  }

  /** Memory layouts of a partition; none for one of shim tiles only. */
  memories(columns: ColumnRange): MemoryGeometry[] {
    const part = this.#part(columns);
    if (part.numRows < 2) return [];
    const place = { ...part.columns, startRow: 1, numRows: part.numRows - 1 };
    return [
      { type: 'data', ...place, bytesPerTile: dataBytes, tileBase: 0 },
      { type: 'program', ...place, bytesPerTile: programBytes, tileBase: 0x20000 },
    ];
  }

  /** A copy of a tile's bytes, whatever its gate and core. */
  peek(type: MemoryType, tile: Tile, offset: number, length: number): Uint8Array {
    return this.tileBytes(type, tile).slice(offset, offset + length);
  }

  /** Changes a tile's bytes, as its own core would. */
  poke(type: MemoryType, tile: Tile, offset: number, bytes: Uint8Array | readonly number[]): void {
    this.tileBytes(type, tile).set(bytes, offset);
  }

  /** Turns a tile's clock off or on. A gated tile keeps its bytes. */
  gate(tile: Tile, gated: boolean): void {
    this.#state(tile).gated = gated;
  }

  /** Enables or disables a tile's core. */
  setCore(tile: Tile, enabled: boolean): void {
    this.#state(tile).core = enabled;
  }

  /** Makes every access to a tile fault, or stops that. */
  setBusError(tile: Tile, faulty: boolean): void {
    this.#state(tile).busError = faulty;
  }

  isGated(tile: Tile): boolean {
    return this.#state(tile).gated;
  }

  isCoreEnabled(tile: Tile): boolean {
    return this.#state(tile).core;
  }

  hasBusError(tile: Tile): boolean {
    return this.#state(tile).busError;
  }

  /** Another process takes the partition; the bytes stay. Throws RangeError if it is owned or unknown. */
  own(
    columns: ColumnRange,
    owner: Owner = { pid: 4321, command: 'other_graph', startedAt: this.#now() },
  ): void {
    const part = this.#part(columns);
    if (part.owner !== undefined) throw new RangeError(`columns from ${columns.startCol} are owned already`);
    part.owner = owner;
    part.hands++;
    this.#changed.fire();
  }

  /** The owner lets go: with `keep` the memory stays, otherwise the partition is reset and zeroed. */
  release(columns: ColumnRange, options: { readonly keep?: boolean } = {}): void {
    const part = this.#part(columns);
    part.owner = undefined;
    part.hands++;
    if (options.keep !== true) this.#zero(part);
    for (const tile of this.#partTiles(part)) this.setCore(tile, false);
    this.#changed.fire();
  }

  /** The contents start a new life in the same hands: a reset that was seen. All bytes become zero. */
  reset(columns: ColumnRange): void {
    const part = this.#part(columns);
    part.hands++;
    this.#zero(part);
    this.#changed.fire();
  }

  /** The board boots anew: connections break, nobody owns anything, the contents are those of another run. */
  reboot(): void {
    this.#boot++;
    this.#bytes.clear();
    for (const part of this.#parts) {
      part.owner = undefined;
      part.hands = 0;
      part.contents += 10;
      for (const tile of this.#partTiles(part)) this.setCore(tile, false);
    }
    this.drop(new BoardError('connection-lost', 'the simulated board rebooted', { host: 'simulated' }));
  }

  /** Breaks every live connection. */
  drop(
    error = new BoardError('connection-lost', 'the simulated connection was cut', { host: 'simulated' }),
  ): void {
    this.#dropped.fire(error);
  }

  /** Every later call takes this long before it starts. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Holds every later call back until the result is called. */
  pause(): () => void {
    let open: () => void = () => undefined;
    this.#pause = {
      opened: new Promise((resolve) => {
        open = resolve;
      }),
    };
    return () => {
      this.#pause = undefined;
      open();
    };
  }

  /**
   * Lets the next call of this kind fail; several failures queue up. With `after`, the call does its work first: the
   * answer is what gets lost.
   */
  failNext(operation: SimulatedOperation, error: BoardError, when: 'before' | 'after' = 'before'): void {
    const queue = this.#failures.get(operation) ?? [];
    queue.push({ error, when });
    this.#failures.set(operation, queue);
  }

  /** Runs once, between writing and reading back in the next write: the core was quicker than the read-back. */
  betweenNextWriteAndReadBack(action: () => void): void {
    this.#betweenWriteAndReadBack = action;
  }

  /** How many calls of a kind boards have made so far: round trips. */
  count(operation: SimulatedOperation): number {
    return this.#counts.get(operation) ?? 0;
  }

  /** A call of a board begins: counts it, waits as told, fails as told. */
  async enter(operation: SimulatedOperation, signal: AbortSignal): Promise<void> {
    this.#counts.set(operation, this.count(operation) + 1);
    const ms = this.#delayMs;
    if (ms > 0) await abortable(new Promise((resolve) => setTimeout(resolve, ms)), signal);
    if (this.#pause !== undefined) await abortable(this.#pause.opened, signal);
    this.#failIf(operation, 'before');
  }

  /** A call of a board did its work. */
  leave(operation: SimulatedOperation): void {
    this.#failIf(operation, 'after');
  }

  /** A write stored its words and has not read them back. */
  written(): void {
    const action = this.#betweenWriteAndReadBack;
    this.#betweenWriteAndReadBack = undefined;
    action?.();
  }

  /** The live bytes of one tile's memory, not a copy. Counters of a running graph are brought up to the clock first. */
  tileBytes(type: MemoryType, tile: Tile): Uint8Array {
    const part = this.#parts.find(
      (one) =>
        tile.col >= one.columns.startCol &&
        tile.col < one.columns.startCol + one.columns.numCols &&
        one.numRows > 1,
    );
    const geometry = part && this.memories(part.columns).find((memory) => memory.type === type);
    if (part === undefined || geometry === undefined || !containsTile(geometry, tile)) {
      throw new RangeError(`the simulated array has no ${type} memory at ${formatTile(tile)}`);
    }
    const key = `${type} ${formatTile(tile)}`;
    let bytes = this.#bytes.get(key);
    if (bytes === undefined) {
      bytes = type === 'data' ? dataContents(tile, part.contents) : programContents(tile, part.contents);
      this.#bytes.set(key, bytes);
    }
    if (type === 'data' && this.#state(tile).core) this.#count(bytes, tile);
    return bytes;
  }

  #count(bytes: Uint8Array, tile: Tile): void {
    const elapsed = Math.max(0, this.#now() - this.#startedAt);
    const view = new DataView(bytes.buffer);
    counterPeriods.forEach((period, index) => {
      const value = tile.col * 1000 + tile.row * 100 + Math.floor(elapsed / period);
      view.setUint32(layout.counters + 4 * index, value % 2 ** 32, true);
    });
  }

  #zero(part: Part): void {
    for (const { type } of this.memories(part.columns)) {
      for (const tile of this.#partTiles(part)) this.tileBytes(type, tile).fill(0);
    }
  }

  #partTiles(part: Part): Tile[] {
    const found: Tile[] = [];
    for (let col = part.columns.startCol; col < part.columns.startCol + part.columns.numCols; col++) {
      for (let row = 1; row < part.numRows; row++) found.push({ col, row });
    }
    return found;
  }

  #part(columns: ColumnRange): Part {
    const part = this.#parts.find(
      (one) => one.columns.startCol === columns.startCol && one.columns.numCols === columns.numCols,
    );
    if (part === undefined) throw new RangeError(`no partition at column ${columns.startCol}`);
    return part;
  }

  #state(tile: Tile): TileState {
    const key = formatTile(tile);
    let state = this.#tiles.get(key);
    if (state === undefined) {
      state = { gated: false, core: false, busError: false };
      this.#tiles.set(key, state);
    }
    return state;
  }

  #failIf(operation: SimulatedOperation, when: 'before' | 'after'): void {
    const queue = this.#failures.get(operation);
    if (queue?.[0]?.when !== when) return;
    const failure = queue.shift();
    if (failure !== undefined) throw failure.error;
  }
}

/** The promise, or `cancelled` as soon as the signal is aborted. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new BoardError('cancelled', 'cancelled'));
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener('abort', cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
