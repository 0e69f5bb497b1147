/**
 * An AI Engine array that exists in this process only: partitions with contents, gates, cores, owners and holds. It
 * outlives the boards that look at it, as a real array does. Its methods are the array's own software and the test
 * bench: they see and change everything, by none of the rules that boards must keep.
 */
import { Emitter, type Event } from '../../model/event.ts';
import {
  type ArrayShape,
  type ColumnRange,
  containsTile,
  formatTile,
  type Generation,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  tiles,
} from '../../model/geometry.ts';
import { isPartitionKey, type PartitionKey } from '../../model/partition-key.ts';
import type { Hold, Owner, PartitionInfo } from '../board.ts';
import { abortError, BoardError } from '../errors.ts';
import { contentsOf, counterPeriods, layout } from './contents.ts';
import { CoreModel } from './core-model.ts';
import { graphColumns, graphRows, kernelOf, roundOf } from './demo-graph.ts';
import { columnMemories, rowCount, simulatedShapes } from './shape.ts';

/** Calls of a board that can be made to fail, wait or be counted. */
export type SimulatedOperation =
  | 'connect'
  | 'describe'
  | 'partitions'
  | 'pick'
  | 'open'
  | 'read'
  | 'write'
  | 'status'
  | 'clocks'
  | 'hold'
  | 'halt'
  | 'kernel-descriptor'
  | 'survey'
  | 'record';

export interface SimulatedArrayOptions {
  /** Milliseconds since 1970; decides how far the counters of a running graph are. */
  readonly now?: () => number;
  /** Answer as a driver that this version does not know: opening needs consent, nothing is written. */
  readonly unknownDriver?: boolean;
  /** Default `aie`. Others have memory tiles, larger data memory, one clock per column. */
  readonly generation?: Generation;
  /** Partitions are what is asked for: only those in use exist, any free columns can be picked. Default no. */
  readonly dynamic?: boolean;
  /** The driver does nothing when clocks are requested. Default no. */
  readonly ignoresClocks?: boolean;
  /** The driver turns no clock off that is given back to it. Default no. */
  readonly keepsClocks?: boolean;
  /** What the keys of its partitions begin with. Default nothing. */
  readonly keyPrefix?: string;
}

/** How a simulated array without a prefix names the partition of these columns. */
export function simulatedKey({ startCol, numCols }: ColumnRange): PartitionKey {
  return `${startCol}_${numCols}`;
}

/** What a core does; `error`: one halted it. The stalls: on a lock in the memory of the neighbour in that direction. */
export type CoreActivity =
  | 'disabled'
  | 'running'
  | 'done'
  | 'error'
  | 'lock-stall-south'
  | 'lock-stall-north';

interface Part {
  readonly id: number;
  readonly columns: ColumnRange;
  readonly numRows: number;
  owner: Owner | undefined;
  hold: Hold | undefined;
  /** Held, and the owner that it was taken from is gone; its epoch goes on. */
  ownerGone: Owner | undefined;
}

interface TileState {
  gated: boolean;
  activity: CoreActivity;
  busError: boolean;
  /** Its core as a debugger sees it, once it was looked at. */
  core?: CoreModel;
}

interface Failure {
  readonly error: BoardError;
  readonly when: 'before' | 'after';
}

/** Partition that is free at the start: columns 0 to 3. */
export const freeColumns: ColumnRange = { startCol: 0, numCols: 4 };
/** Partition that `demo_graph` owns at the start: columns 6 to 9. */
export const ownedColumns: ColumnRange = { startCol: 6, numCols: 4 };
/** Partition of shim tiles only: columns 12 and 13. Not on an array whose partitions are dynamic. */
export const shimColumns: ColumnRange = { startCol: 12, numCols: 2 };

const holdMs = 8 * 3_600_000;

export class SimulatedArray {
  /** Whether boards see a driver that this version does not know. */
  readonly unknownDriver: boolean;
  readonly generation: Generation;
  readonly shape: ArrayShape;
  readonly dynamic: boolean;
  readonly ignoresClocks: boolean;
  readonly keepsClocks: boolean;
  readonly #keyPrefix: string;
  /** Whether reading or writing program memory of an enabled core halts it with an error, as an access that loses does. */
  programAccessHalts = false;
  /** Fires when a partition changes hands, is held or let go, or starts a new epoch. */
  readonly onPartitions: Event<void>;
  /** Fires when every live connection breaks. */
  readonly onDrop: Event<BoardError>;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #changed = new Emitter<void>();
  readonly #dropped = new Emitter<BoardError>();
  #parts: Part[];
  /** By column: every change of hands and every reset, and which invented run the contents come from. */
  readonly #hands: number[];
  readonly #contents: number[];
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #tiles = new Map<string, TileState>();
  readonly #failures = new Map<SimulatedOperation, Failure[]>();
  readonly #counts = new Map<SimulatedOperation, number>();
  #lastPid = 20_000;
  #boot = 1;
  #delayMs = 0;
  #pause: { readonly opened: Promise<void> } | undefined;
  #betweenWriteAndReadBack: (() => void) | undefined;

  constructor(options: SimulatedArrayOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
    this.unknownDriver = options.unknownDriver ?? false;
    this.generation = options.generation ?? 'aie';
    this.shape = simulatedShapes[this.generation];
    this.dynamic = options.dynamic ?? false;
    this.ignoresClocks = options.ignoresClocks ?? false;
    this.keepsClocks = options.keepsClocks ?? false;
    this.#keyPrefix = options.keyPrefix ?? '';
    this.onPartitions = this.#changed.event;
    this.onDrop = this.#dropped.event;
    const { numCols, core } = this.shape;
    this.#hands = Array.from({ length: numCols }, () => 0);
    this.#contents = Array.from({ length: numCols }, () => 1);
    this.#parts = this.dynamic
      ? []
      : [this.#makePart(1, freeColumns), this.#makePart(2, ownedColumns), this.#makePart(3, shimColumns, 1)];
    for (const col of listOf(ownedColumns)) this.#contents[col] = 2;
    this.own(ownedColumns, {
      kind: 'process',
      pid: 1234,
      command: 'demo_graph',
      startedAt: this.#startedAt,
    });
    const top = core.start + core.count - 1;
    for (const row of [top - 1, top]) this.gate({ col: 3, row }, true);
    for (const row of [top - 2, top - 1, top]) this.gate({ col: 9, row }, true);
    this.#startGraph();
  }

  /** Text that differs at every boot. */
  get bootId(): string {
    return `simulated-${this.#boot}`;
  }

  now(): number {
    return this.#now();
  }

  /** The partitions as a driver lists them. */
  partitions(): PartitionInfo[] {
    return this.#parts.map((part) => {
      const { owner, hold } = part;
      return {
        key: this.keyOf(part.columns),
        id: part.id,
        columns: part.columns,
        startRow: 0,
        numRows: part.numRows,
        inUse: owner !== undefined || hold !== undefined,
        ...(owner === undefined ? {} : { owner }),
        ...(hold === undefined ? {} : { hold }),
        ownerGone: part.ownerGone !== undefined,
        picked: false,
        clocksOn: false,
        epoch: this.epoch(part.columns),
      };
    });
  }

  /** One partition as listed; undefined if there is none of exactly these columns. */
  partition(columns: ColumnRange): PartitionInfo | undefined {
    return this.partitions().find((one) => sameColumns(one.columns, columns));
  }

  keyOf(columns: ColumnRange): PartitionKey {
    return `${this.#keyPrefix}${simulatedKey(columns)}`;
  }

  /** The columns that a key of this array names, whether they are a partition now or not; undefined for another text. */
  columnsOf(key: PartitionKey): ColumnRange | undefined {
    if (!isPartitionKey(key) || !key.startsWith(this.#keyPrefix)) return undefined;
    const match = /^(\d{1,4})_(\d{1,4})$/.exec(key.slice(this.#keyPrefix.length));
    return match === null ? undefined : { startCol: Number(match[1]), numCols: Number(match[2]) };
  }

  /** Runs of free columns; none where partitions are static. */
  freeRuns(): ColumnRange[] {
    if (!this.dynamic) return [];
    const runs: ColumnRange[] = [];
    for (let col = 0; col < this.shape.numCols; col++) {
      if (this.#parts.some((part) => overlap(part.columns, { startCol: col, numCols: 1 }))) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.startCol + last.numCols === col) {
        runs[runs.length - 1] = { startCol: last.startCol, numCols: last.numCols + 1 };
      } else runs.push({ startCol: col, numCols: 1 });
    }
    return runs;
  }

  /** The epoch of these columns. */
  epoch(columns: ColumnRange): string {
    const part = this.#parts.find((one) => sameColumns(one.columns, columns));
    const hands = listOf(columns).reduce((sum, col) => sum + (this.#hands[col] ?? 0), 0);
    const pid = (part?.owner ?? part?.ownerGone)?.pid;
    return `${this.#boot}.${hands}${pid === undefined ? '' : `.${pid}`}`;
  }

  /** Memory layouts of a run of columns; none for a partition of shim tiles only. */
  memories(columns: ColumnRange): MemoryGeometry[] {
    const part = this.#parts.find((one) => sameColumns(one.columns, columns));
    if (part !== undefined && part.numRows < 2) return [];
    return columnMemories(this.generation, columns);
  }

  /** A copy of a tile's bytes, whatever its gate and core. */
  peek(type: MemoryType, tile: Tile, offset: number, length: number): Uint8Array {
    return this.tileBytes(type, tile).slice(offset, offset + length);
  }

  /** Changes a tile's bytes, as its own core would. */
  poke(type: MemoryType, tile: Tile, offset: number, bytes: Uint8Array | readonly number[]): void {
    this.tileBytes(type, tile).set(bytes, offset);
  }

  /** Turns a tile's clock off or on; on later generations that of its whole column, the shim tile excepted. */
  gate(tile: Tile, gated: boolean): void {
    if (this.generation === 'aie') {
      this.#state(tile).gated = gated;
      return;
    }
    for (let row = 1; row < rowCount(this.shape); row++) this.#state({ col: tile.col, row }).gated = gated;
  }

  /** Turns the clocks of all tiles of these columns on. */
  clock(columns: ColumnRange): void {
    for (const col of listOf(columns)) {
      for (let row = 1; row < rowCount(this.shape); row++) this.gate({ col, row }, false);
    }
  }

  /** Enables or disables a tile's core. */
  setCore(tile: Tile, enabled: boolean): void {
    this.setActivity(tile, enabled ? 'running' : 'disabled');
  }

  /** What a tile's core does from now on. */
  setActivity(tile: Tile, activity: CoreActivity): void {
    const state = this.#state(tile);
    state.activity = activity;
    state.core?.setMoving(this.#now(), activity === 'running');
  }

  /** A tile's core as a debugger sees it. */
  core(tile: Tile): CoreModel {
    const state = this.#state(tile);
    state.core ??= new CoreModel(this.#now(), state.activity === 'running', roundOf(kernelOf(tile)));
    return state.core;
  }

  /** A board reads or writes program memory of a tile. */
  touchProgram(tile: Tile): void {
    if (this.programAccessHalts && this.isCoreEnabled(tile)) this.setActivity(tile, 'error');
  }

  /** Makes every access to a tile fault, or stops that. */
  setBusError(tile: Tile, faulty: boolean): void {
    this.#state(tile).busError = faulty;
  }

  isGated(tile: Tile): boolean {
    return this.#state(tile).gated;
  }

  isCoreEnabled(tile: Tile): boolean {
    return this.activity(tile) !== 'disabled';
  }

  activity(tile: Tile): CoreActivity {
    return this.#state(tile).activity;
  }

  hasBusError(tile: Tile): boolean {
    return this.#state(tile).busError;
  }

  /** Another process takes the columns; the bytes stay. Throws RangeError if somebody has them or no partition is there. */
  own(
    columns: ColumnRange,
    owner: Owner = { kind: 'process', pid: 4321, command: 'other_graph', startedAt: this.#now() },
  ): void {
    const blocked = this.#parts.find(
      (one) => overlap(one.columns, columns) && (one.owner ?? one.hold) !== undefined,
    );
    if (blocked !== undefined) throw new RangeError(`columns from ${columns.startCol} are owned already`);
    if (this.dynamic) this.#parts.push(this.#makePart(columns.startCol | (columns.numCols << 8), columns));
    this.#part(columns).owner = owner;
    this.#newLife(columns);
    this.#changed.fire();
  }

  /**
   * The application is started: it takes the columns, loads its graph and runs it. Answers whether it could: not while
   * somebody owns or holds them.
   */
  startOwner(columns: ColumnRange = ownedColumns, command = 'demo_graph'): boolean {
    this.#lastPid++;
    try {
      this.own(columns, { kind: 'process', pid: this.#lastPid, command, startedAt: this.#now() });
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    for (const col of listOf(columns)) {
      this.#contents[col] = (this.#contents[col] ?? 0) + 1;
      for (const key of this.#bytes.keys()) if (key.includes(`(${col},`)) this.#bytes.delete(key);
    }
    if (sameColumns(columns, ownedColumns)) this.#startGraph();
    return true;
  }

  /** The owner ends, as if killed: what it had is let go, which resets and zeroes it unless it is held. */
  exitOwner(columns: ColumnRange = ownedColumns): void {
    this.release(columns);
  }

  /**
   * The owner lets go: with `keep` the memory stays, otherwise the partition is reset and zeroed. While it is held
   * nothing happens to it, and its cores go on.
   */
  release(columns: ColumnRange, options: { readonly keep?: boolean } = {}): void {
    const part = this.#part(columns);
    if (part.hold === undefined) this.#letGo(part, options.keep === true);
    else part.ownerGone = part.owner ?? part.ownerGone;
    part.owner = undefined;
    this.#changed.fire();
  }

  /** A holder process starts; the one that is there already stays. Throws RangeError for columns that nobody has. */
  startHold(columns: ColumnRange): void {
    const part = this.#part(columns);
    if (part.owner === undefined && part.hold === undefined) {
      throw new RangeError(`nobody owns the columns from ${columns.startCol}`);
    }
    if (part.hold !== undefined) return;
    this.#lastPid++;
    part.hold = { pid: this.#lastPid, since: this.#now(), until: this.#now() + holdMs };
    this.#changed.fire();
  }

  /** The holder process ends, told to or by itself. If the owner is gone, the partition is reset and zeroed. */
  endHold(columns: ColumnRange): void {
    const part = this.#part(columns);
    part.hold = undefined;
    if (part.ownerGone !== undefined) this.#letGo(part, false);
    this.#changed.fire();
  }

  /** A new epoch of the same owner: a reset that was seen. All bytes become zero. */
  reset(columns: ColumnRange): void {
    this.#newLife(columns);
    this.#zero(columns);
    this.#resetCores(columns);
    this.#changed.fire();
  }

  /** The board boots anew: connections break, nobody owns anything, the contents are those of another run. */
  reboot(): void {
    this.#boot++;
    this.#bytes.clear();
    for (const part of this.#parts) {
      part.owner = undefined;
      part.hold = undefined;
      part.ownerGone = undefined;
    }
    if (this.dynamic) this.#parts = [];
    this.#hands.fill(0);
    this.#contents.forEach((run, col) => {
      this.#contents[col] = run + 10;
    });
    for (const state of this.#tiles.values()) {
      state.activity = 'disabled';
      delete state.core;
    }
    this.drop(new BoardError('connection-lost', 'the simulated board rebooted', { host: 'simulated' }));
  }

  /** Breaks every live connection. */
  drop(
    error = new BoardError('connection-lost', 'the simulated connection was cut', { host: 'simulated' }),
  ): void {
    this.#dropped.fire(error);
  }

  /** For how long answers about status say that looks wait which nobody asked for; no look does wait. */
  unaskedWaitMs = 0;

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
  async begin(operation: SimulatedOperation, signal: AbortSignal): Promise<void> {
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
    const part = this.#parts.find((one) => overlap(one.columns, { startCol: tile.col, numCols: 1 }));
    const columns = this.dynamic ? { startCol: 0, numCols: this.shape.numCols } : part?.columns;
    const geometry = columns && this.memories(columns).find((memory) => memory.type === type);
    if (geometry === undefined || !containsTile(geometry, tile)) {
      throw new RangeError(`the simulated array has no ${type} memory at ${formatTile(tile)}`);
    }
    const key = `${type} ${formatTile(tile)}`;
    let bytes = this.#bytes.get(key);
    if (bytes === undefined) {
      bytes = contentsOf(type, tile, this.#contents[tile.col] ?? 1, geometry.bytesPerTile);
      this.#bytes.set(key, bytes);
    }
    if (type === 'data' && this.#state(tile).activity === 'running') this.#count(bytes, tile);
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

  #makePart(id: number, columns: ColumnRange, numRows = rowCount(this.shape)): Part {
    return { id, columns, numRows, owner: undefined, hold: undefined, ownerGone: undefined };
  }

  /** The graph's cores: most run, one is done, one was never enabled, and two wait for each other's lock. */
  #startGraph(): void {
    const { start, count } = this.shape.core;
    const rows = Math.min(graphRows, count);
    for (const col of graphColumns) {
      for (let row = start; row < start + rows; row++) this.setActivity({ col, row }, 'running');
    }
    this.setActivity({ col: 7, row: start + 1 }, 'lock-stall-north');
    this.setActivity({ col: 7, row: start + 2 }, 'lock-stall-south');
    this.setActivity({ col: 8, row: start + rows - 1 }, 'done');
    this.setActivity({ col: 8, row: start + rows - 2 }, 'disabled');
  }

  /** The partition became free. */
  #letGo(part: Part, keep: boolean): void {
    this.#newLife(part.columns);
    part.ownerGone = undefined;
    if (!keep) {
      this.#zero(part.columns);
      this.#resetCores(part.columns);
    }
    for (const col of listOf(part.columns)) {
      for (let row = 0; row < rowCount(this.shape); row++) this.setCore({ col, row }, false);
    }
    if (this.dynamic) this.#parts = this.#parts.filter((one) => one !== part);
  }

  #newLife(columns: ColumnRange): void {
    for (const col of listOf(columns)) this.#hands[col] = (this.#hands[col] ?? 0) + 1;
  }

  #zero(columns: ColumnRange): void {
    for (const memory of this.memories(columns)) {
      for (const tile of tiles(memory)) this.tileBytes(memory.type, tile).fill(0);
    }
  }

  /** A reset: nothing of a debugger is left. */
  #resetCores({ startCol, numCols }: ColumnRange): void {
    for (let col = startCol; col < startCol + numCols; col++) {
      for (let row = 0; row < rowCount(this.shape); row++) delete this.#state({ col, row }).core;
    }
  }

  #part(columns: ColumnRange): Part {
    const part = this.#parts.find((one) => sameColumns(one.columns, columns));
    if (part === undefined) throw new RangeError(`no partition at column ${columns.startCol}`);
    return part;
  }

  #state(tile: Tile): TileState {
    const key = formatTile(tile);
    let state = this.#tiles.get(key);
    if (state === undefined) {
      state = { gated: false, activity: 'disabled', busError: false };
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

function listOf({ startCol, numCols }: ColumnRange): number[] {
  return Array.from({ length: numCols }, (_, i) => startCol + i);
}

export function sameColumns(a: ColumnRange, b: ColumnRange): boolean {
  return a.startCol === b.startCol && a.numCols === b.numCols;
}

/** Whether two runs have a column in common. */
export function overlap(a: ColumnRange, b: ColumnRange): boolean {
  return a.startCol < b.startCol + b.numCols && b.startCol < a.startCol + a.numCols;
}

/** The promise, or `abortError` as soon as the signal is aborted. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(abortError(signal));
    if (signal.aborted) {
      cancel();
      return;
    }
    signal.addEventListener('abort', cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
