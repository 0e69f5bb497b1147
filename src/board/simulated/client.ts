import { type UnreadableReason, unreadableReasons } from '../../model/byte-state.ts';
import { Emitter } from '../../model/event.ts';
import {
  type ByteRange,
  type ColumnRange,
  formatTile,
  locate,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  tileCount,
  tileKind,
  totalBytes,
} from '../../model/geometry.ts';
import type { PartitionKey } from '../../model/partition-key.ts';
import type { RawTileStatus } from '../../model/status/status.ts';
import type {
  Asking,
  BoardNotice,
  CoreAct,
  CoreRegisters,
  CoreState,
  PartitionInfo,
  Survey,
  UnreadableSpan,
  Watch,
} from '../board.ts';
import { BoardError, throwIfCancelled } from '../errors.ts';
import { FoundInReads, findInRead } from '../find-by-reading.ts';
import {
  type CoreClient,
  type CoreDescription,
  type CoreFindAnswer,
  type CoreFindRequest,
  type CoreHello,
  type CoreList,
  type CoreOpened,
  type CoreReadAnswer,
  type CoreReadRequest,
  type CoreRecordingPart,
  type CoreRecordRequest,
  type CoreStatusAnswer,
  type CoreStatusRequest,
  type CoreSurveyRequest,
  type CoreSurveyUpdate,
  type CoreUpdate,
  type CoreWatchRequest,
  type CoreWriteAnswer,
  type CoreWriteRequest,
  type FindEvents,
  outcomeNames,
  outcomeRecordWords,
  writeRecordWords,
} from '../protocol/core-client.ts';
import { overlap, type SimulatedArray, type SimulatedOperation, sameColumns } from './array.ts';
import { SimulatedHalting } from './halting.ts';
import { SimulatedRecording } from './recording.ts';
import { statusRegisters } from './registers.ts';
import { rowCount } from './shape.ts';
import { surveyByReading, watchByReading } from './watch.ts';

/** Program memory is compared and written by whole instruction lines. */
const lineBytes = 16;

/** Bytes read between two checks of the cancel signal. */
const sliceBytes = 256 * 1024;

/** Answers for a simulated array as the native core does for a real one: same gates, epochs, comparisons, errors. */
export class SimulatedClient implements CoreClient {
  readonly hello: CoreHello;
  readonly #array: SimulatedArray;
  readonly #trace: (line: string) => void;
  readonly #partitionsChanged = new Emitter<CoreList>();
  /** Columns that this connection picked, on an array with dynamic partitions. */
  #picked: ColumnRange[] = [];
  /** Columns whose clocks this connection enables, and the epoch in which it was asked to. */
  #clocked: { readonly columns: ColumnRange; readonly epoch: string }[] = [];
  #kernelDescriptor: ColumnRange | undefined;
  readonly #halting: SimulatedHalting;
  readonly #closed = new Emitter<BoardError>();
  readonly #subscriptions: readonly { dispose(): void }[];
  readonly #recordings = new Map<string, SimulatedRecording>();
  /** Aborted when the connection ends, so that running calls end with it. */
  #end: BoardError | undefined;
  readonly #ending: ((error: BoardError) => void)[] = [];

  readonly onPartitions = this.#partitionsChanged.event;
  readonly onClose = this.#closed.event;
  readonly onNotice = new Emitter<BoardNotice>().event;

  constructor(array: SimulatedArray, trace: (line: string) => void) {
    this.#array = array;
    this.#halting = new SimulatedHalting(array);
    this.#trace = trace;
    this.hello = {
      core: '',
      pid: 0,
      hostName: 'simulated',
      kernel: 'none',
      machine: 'simulated',
      pageSize: 4096,
      bootId: array.bootId,
      uid: -1,
    };
    this.#subscriptions = [
      array.onPartitions(() => {
        const list = this.#list();
        this.#halting.tend((key) => list.partitions.find((one) => one.key === key)?.epoch);
        this.#partitionsChanged.fire(list);
      }),
      array.onDrop((error) => {
        this.#finish(error);
        this.#closed.fire(error);
      }),
    ];
  }

  describe(signal: AbortSignal): Promise<CoreDescription> {
    return this.#call('describe', signal, async () => ({
      device: 'simulated',
      family: this.#array.unknownDriver ? 'unknown' : 'simulated',
      generation: this.#array.generation,
      array: this.#array.shape,
      findings: [
        `A simulated array of the generation ${this.#array.generation}: nothing here is hardware.`,
        this.#array.dynamic
          ? 'Partitions are made of the columns that are asked for.'
          : 'Partitions are fixed.',
      ],
      list: this.#list(),
    }));
  }

  partitions(signal: AbortSignal): Promise<CoreList> {
    return this.#call('partitions', signal, async () => this.#list());
  }

  pick(columns: ColumnRange, signal: AbortSignal): Promise<PartitionKey> {
    return this.#call('pick', signal, async () => this.#array.keyOf(columns));
  }

  open(partition: PartitionKey, allowUnknown: boolean, signal: AbortSignal): Promise<CoreOpened> {
    return this.#call('open', signal, async () => {
      const columns = this.#columns(partition);
      if (this.#array.dynamic) this.#pick(columns);
      this.#partition(columns);
      if (this.#array.unknownDriver && !allowUnknown) {
        throw new BoardError('unknown-driver', 'the simulated driver pretends to be unknown');
      }
      const memories = this.#array.memories(columns);
      if (memories.length === 0) {
        throw new BoardError('no-memory-types', 'the partition has shim tiles only', columnFacts(columns));
      }
      this.#checkWay(columns);
      return {
        columns,
        memories: memories.map((memory) => ({ ...memory, writable: !this.#array.unknownDriver })),
      };
    });
  }

  read(
    request: CoreReadRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer> {
    return this.#call('read', signal, async () => {
      const columns = this.#columns(request.partition);
      const geometry = this.#geometry(columns, request.memory);
      this.#checkWay(columns);
      this.#checkAsked(columns, request.asking);
      const open = new Set(request.openTiles);
      const bytes: Uint8Array[] = [];
      const unreadable: UnreadableSpan[] = [];
      let done = 0;
      let sinceCheck = 0;
      for (const range of request.ranges) {
        const piece = new Uint8Array(range.length);
        for (const part of perTile(geometry, range)) {
          const place = locate(geometry, part.offset);
          const reason = this.#barred(geometry, part.offset, open);
          if (reason === undefined) {
            const from = this.#array.tileBytes(geometry.type, place.tile);
            if (geometry.type === 'program') this.#array.touchProgram(place.tile);
            piece.set(from.subarray(place.offset, place.offset + part.length), part.offset - range.offset);
          } else {
            addSpan(unreadable, part, reason);
          }
          done += part.length;
          sinceCheck += part.length;
          if (sinceCheck >= sliceBytes) {
            sinceCheck = 0;
            onProgress?.(done);
            await new Promise((resolve) => setImmediate(resolve));
            throwIfCancelled(signal);
          }
        }
        bytes.push(piece);
      }
      onProgress?.(done);
      return { bytes, unreadable, epoch: this.#partition(columns).epoch };
    });
  }

  async find(request: CoreFindRequest, events: FindEvents, signal: AbortSignal): Promise<CoreFindAnswer> {
    const { bytes, unreadable, epoch } = await this.read(request, undefined, signal);
    const geometry = this.#geometry(this.#columns(request.partition), request.memory);
    const all = new FoundInReads(request.most);
    let done = 0;
    for (const [i, range] of request.ranges.entries()) {
      const { left } = all;
      if (left === 0) break;
      const here = { range, bytes: bytes[i] ?? new Uint8Array(range.length), unreadable };
      const found = await findInRead(here, request.pattern, left, geometry.bytesPerTile, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throwIfCancelled(signal);
      });
      events.onHits?.(found.offsets, found.lengths);
      done += range.length;
      events.onProgress?.(done);
      all.add(found);
    }
    return { ...all.result(request.ranges, unreadable), epoch };
  }

  write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer> {
    return this.#call('write', signal, async () => {
      const columns = this.#columns(request.partition);
      const geometry = this.#geometry(columns, request.memory);
      const info = this.#partition(columns);
      if (this.#array.unknownDriver) throw new BoardError('locked', 'no write through an unknown driver');
      if (info.inUse && !info.ownerGone && !request.besideOwner) {
        throw new BoardError('locked', 'no write beside another owner', ownerFacts(info));
      }
      this.#checkWay(columns);
      if (request.epoch !== info.epoch) {
        throw new BoardError('epoch', `seen in ${request.epoch}, now ${info.epoch}`, { epoch: info.epoch });
      }
      const open = new Set(request.openTiles);
      const count = request.words.length / writeRecordWords;
      const outcomes = new Uint32Array(count * outcomeRecordWords);
      const written: number[] = [];
      const unitBytes = geometry.type === 'program' ? lineBytes : 4;
      for (let first = 0; first < count; ) {
        const start = Math.floor((request.words[first * writeRecordWords] ?? 0) / unitBytes) * unitBytes;
        let last = first + 1;
        while (last < count && (request.words[last * writeRecordWords] ?? 0) < start + unitBytes) last++;
        const code = this.#writeUnit(geometry, request, open, first, last);
        for (let i = first; i < last; i++) {
          const [offset] = record(request.words, i);
          outcomes[i * outcomeRecordWords] = offset;
          outcomes[i * outcomeRecordWords + 1] = code;
          if (code === 0) written.push(i);
          else if (code >> 8 === 0) {
            outcomes[i * outcomeRecordWords + 2] = this.#word(geometry, offset).getUint32(0, true);
          }
        }
        first = last;
      }
      this.#array.written();
      for (const i of written) {
        const [offset, , mask, value] = record(request.words, i);
        const back = this.#word(geometry, offset).getUint32(0, true);
        const same = ((back ^ value) & mask) === 0;
        outcomes[i * outcomeRecordWords + 1] = outcomeNames.indexOf(same ? 'verified' : 'changed-after');
        outcomes[i * outcomeRecordWords + 2] = back;
      }
      return { outcomes, epoch: info.epoch };
    });
  }

  status(request: CoreStatusRequest, signal: AbortSignal): Promise<CoreStatusAnswer> {
    return this.#call('status', signal, async () => {
      const columns = this.#columns(request.partition);
      const info = this.#partition(columns);
      this.#checkWay(columns);
      this.#checkAsked(columns, request.asking);
      const tiles = request.tiles.map((tile) => this.#tileStatus(tile, info, request.detail));
      return { tiles, epoch: info.epoch, waitMs: this.#array.unaskedWaitMs };
    });
  }

  setClocks(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#call('clocks', signal, async () => {
      const columns = this.#columns(partition);
      const info = this.#partition(columns);
      if (info.inUse) {
        throw new BoardError('locked', 'no clocks beside another owner', ownerFacts(info));
      }
      this.#clocked = this.#clocked.filter((one) => !sameColumns(one.columns, columns));
      if (on && !this.#array.ignoresClocks) this.#clocked.push({ columns, epoch: info.epoch });
      if (on && this.#array.keepsClocks) this.#array.clock(columns);
      return on && !this.#array.ignoresClocks;
    });
  }

  hold(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<void> {
    return this.#call('hold', signal, async () => {
      const columns = this.#columns(partition);
      const info = this.#partition(columns);
      if (!on) {
        if (info.hold !== undefined) this.#array.endHold(columns);
      } else if (info.inUse) {
        this.#checkWay(columns);
        this.#array.startHold(columns);
      } else throw new BoardError('hold-failed', 'nobody owns the partition', columnFacts(columns));
    });
  }

  allowHalting(partition: PartitionKey, epoch: string, signal: AbortSignal): Promise<void> {
    return this.#call('halt', signal, async () => {
      const info = this.#used(partition);
      if (info.epoch !== epoch) {
        throw new BoardError('epoch', 'another epoch began', { have: info.epoch, epoch });
      }
      this.#halting.allow(partition, epoch);
    });
  }

  #checkCore(columns: ColumnRange, tile: Tile): void {
    const isCore = tileKind(this.#array.shape, tile.row) === 'core';
    if (!isCore || !overlap(columns, { startCol: tile.col, numCols: 1 })) {
      throw new BoardError('out-of-range', `no core of the partition at ${formatTile(tile)}`);
    }
  }

  actOnCore(partition: PartitionKey, tile: Tile, act: CoreAct, signal: AbortSignal): Promise<CoreState> {
    return this.#call('halt', signal, async () => {
      const info = this.#used(partition);
      this.#checkCore(info.columns, tile);
      if (this.#isGated(tile)) return { reason: 'gated', status: 0, debugStatus: 0, counter: 0 };
      return this.#halting.act(partition, info.epoch, tile, act);
    });
  }

  readCore(partition: PartitionKey, tile: Tile, signal: AbortSignal): Promise<CoreRegisters> {
    return this.#call('halt', signal, async () => {
      const info = this.#used(partition);
      this.#checkCore(info.columns, tile);
      if (this.#isGated(tile)) return { reason: 'gated', words: new Map() };
      return this.#halting.read(partition, info.epoch, tile);
    });
  }

  endHalting(partition: PartitionKey, signal: AbortSignal): Promise<number> {
    return this.#call('halt', signal, async () => {
      this.#halting.end(partition);
      return 0;
    });
  }

  watch(request: CoreWatchRequest, onUpdate: (update: CoreUpdate) => void): Watch<CoreWatchRequest> {
    const never = new AbortController().signal;
    const look = (asked: CoreWatchRequest) =>
      this.read({ ...asked, openTiles: [], asking: 'nobody' }, undefined, never);
    return watchByReading(request, look, onUpdate);
  }

  record(request: CoreRecordRequest, signal: AbortSignal): Promise<void> {
    const never = new AbortController().signal;
    return this.#call('record', signal, async () => {
      const known = this.#recordings.get(request.recording);
      if (known !== undefined) {
        known.change(request);
        return;
      }
      const look = (asked: CoreRecordRequest) =>
        this.read({ ...asked, openTiles: [], asking: 'nobody' }, undefined, never);
      this.#recordings.set(request.recording, new SimulatedRecording(request, look));
    });
  }

  recording(recording: string, _: number, from: number, signal: AbortSignal): Promise<CoreRecordingPart> {
    return this.#call('record', signal, async () => this.#recordingNamed(recording).part(from));
  }

  endRecording(recording: string, forget: boolean, signal: AbortSignal): Promise<void> {
    return this.#call('record', signal, async () => {
      this.#recordingNamed(recording).end(new BoardError('cancelled', 'the recording was ended'));
      if (forget) this.#recordings.delete(recording);
    });
  }

  #recordingNamed(name: string): SimulatedRecording {
    const found = this.#recordings.get(name);
    if (found === undefined) throw new BoardError('no-recording', 'there is no recording of this name');
    return found;
  }

  survey(request: CoreSurveyRequest, onUpdate: (update: CoreSurveyUpdate) => void): Survey {
    const never = new AbortController().signal;
    const look = () =>
      this.#call('survey', never, async () => {
        const columns = this.#columns(request.partition);
        const geometry = this.#geometry(columns, request.memory);
        this.#checkWay(columns);
        this.#checkAsked(columns, 'nobody');
        const closed = new Set<number>();
        const tiles = Array.from({ length: tileCount(geometry) }, (_, index) => {
          const offset = index * geometry.bytesPerTile;
          return (
            this.#barred(geometry, offset, closed) ??
            this.#array.tileBytes(geometry.type, locate(geometry, offset).tile)
          );
        });
        return { tiles, epoch: this.#partition(columns).epoch };
      });
    return surveyByReading(request, look, onUpdate);
  }

  takeKernelDescriptor(partition: PartitionKey, signal: AbortSignal): Promise<void> {
    return this.#call('kernel-descriptor', signal, async () => {
      const columns = this.#columns(partition);
      const info = this.#partition(columns);
      if (info.owner?.kind !== 'kernel') {
        throw new BoardError('no-partition', 'the kernel does not hold these columns', columnFacts(columns));
      }
      this.#kernelDescriptor = columns;
    });
  }

  async dispose(): Promise<void> {
    this.#finish(new BoardError('connection-lost', 'the connection was ended here'));
    this.#closed.dispose();
    this.#partitionsChanged.dispose();
  }

  #finish(error: BoardError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#halting.endAll();
    for (const recording of this.#recordings.values()) recording.end(error);
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const reject of this.#ending.splice(0)) reject(error);
  }

  /** Runs one call by the array's delays and failures; ends it when the connection or the caller ends. */
  async #call<T>(
    operation: Exclude<SimulatedOperation, 'connect'>,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.#end !== undefined) throw this.#end;
    throwIfCancelled(signal);
    this.#trace(`simulated ${operation}`);
    let reject: (error: BoardError) => void = () => undefined;
    const ended = new Promise<never>((_, fail) => {
      reject = fail;
      this.#ending.push(fail);
    });
    const run = async () => {
      await this.#array.begin(operation, signal);
      if (this.#end !== undefined) throw this.#end;
      const result = await work();
      this.#array.leave(operation);
      throwIfCancelled(signal);
      return result;
    };
    try {
      return await Promise.race([run(), ended]);
    } finally {
      const at = this.#ending.indexOf(reject);
      if (at >= 0) this.#ending.splice(at, 1);
    }
  }

  /** The array's partitions and what this connection made of free columns. */
  #list(): CoreList {
    const taken = this.#array.partitions();
    const current = this.#clocked.filter(({ columns, epoch }) => {
      const owned = taken.some((one) => one.inUse && overlap(one.columns, columns));
      return !owned && this.#array.epoch(columns) === epoch;
    });
    this.#clocked = current;
    const clocksOn = (columns: ColumnRange) => current.some((one) => sameColumns(one.columns, columns));
    this.#picked = this.#picked.filter((columns) => !taken.some((one) => overlap(one.columns, columns)));
    const picked = this.#picked.map((columns): PartitionInfo => {
      return {
        key: this.#array.keyOf(columns),
        id: columns.startCol | (columns.numCols << 8),
        columns,
        startRow: 0,
        numRows: rowCount(this.#array.shape),
        inUse: false,
        ownerGone: false,
        picked: true,
        clocksOn: clocksOn(columns),
        epoch: this.#array.epoch(columns),
      };
    });
    const partitions = [...taken.map((one) => ({ ...one, clocksOn: clocksOn(one.columns) })), ...picked];
    partitions.sort((a, b) => a.columns.startCol - b.columns.startCol);
    return { partitions, free: this.#array.freeRuns() };
  }

  /** Throws `not-asked` for a free partition unless a person or a view asks. */
  #checkAsked(columns: ColumnRange, asking: Asking = 'nobody'): void {
    if (asking !== 'nobody' || this.#partition(columns).inUse) return;
    throw new BoardError('not-asked', 'free columns, and nobody asked for them', columnFacts(columns));
  }

  /** Free columns that are asked for become a partition of this connection. */
  #pick(columns: ColumnRange): void {
    const { partitions } = this.#list();
    if (partitions.some((one) => sameColumns(one.columns, columns))) return;
    const taken = partitions.find((one) => one.inUse && overlap(one.columns, columns));
    if (taken !== undefined) {
      throw new BoardError('columns-taken', `columns from ${taken.columns.startCol} are in use`, {
        ...columnFacts(columns),
        ...ownerFacts(taken),
      });
    }
    const { startCol, numCols } = columns;
    const inside = startCol >= 0 && numCols > 0 && startCol + numCols <= this.#array.shape.numCols;
    if (!inside) throw new BoardError('no-partition', 'the array has no such columns', columnFacts(columns));
    this.#picked.push(columns);
    this.#partitionsChanged.fire(this.#list());
  }

  /** The columns of a partition of this array. */
  #columns(partition: PartitionKey): ColumnRange {
    const columns = this.#array.columnsOf(partition);
    if (columns !== undefined) return columns;
    throw new BoardError('no-partition', `no partition is called ${partition}`);
  }

  #partition(columns: ColumnRange): PartitionInfo {
    const { partitions } = this.#list();
    const info = partitions.find((one) => sameColumns(one.columns, columns));
    if (info !== undefined) return info;
    const taken = partitions.find((one) => one.inUse && overlap(one.columns, columns));
    const facts = columnFacts(columns);
    if (this.#array.dynamic && taken !== undefined) {
      const detail = `columns from ${taken.columns.startCol} are in use`;
      throw new BoardError('columns-taken', detail, { ...facts, ...ownerFacts(taken) });
    }
    throw new BoardError('no-partition', `no partition at column ${columns.startCol}`, facts);
  }

  /** Throws where a core on a board would find no way beside the owner. */
  #checkWay(columns: ColumnRange): void {
    const { owner } = this.#partition(columns);
    if (owner?.kind === 'hidden')
      throw new BoardError('owner-hidden', 'in use by no process that can be seen');
    const reached = this.#kernelDescriptor !== undefined && sameColumns(this.#kernelDescriptor, columns);
    if (owner?.kind === 'kernel' && !reached) {
      throw new BoardError('kernel-held', 'in use by the kernel, no descriptor to borrow');
    }
  }

  /** A partition in use. Throws BoardError. */
  #used(partition: PartitionKey): PartitionInfo {
    const columns = this.#columns(partition);
    const info = this.#partition(columns);
    this.#checkWay(columns);
    if (info.inUse) return info;
    throw new BoardError('no-halting', 'nobody uses the partition', { ...columnFacts(columns), why: 'free' });
  }

  #isGated(tile: Tile): boolean {
    const clocked = this.#clocked.some(({ columns }) => overlap(columns, { startCol: tile.col, numCols: 1 }));
    return this.#array.isGated(tile) && !clocked;
  }

  #tileStatus(tile: Tile, info: PartitionInfo, detail: boolean): RawTileStatus {
    const { columns, startRow, numRows } = info;
    const inside =
      overlap(columns, { startCol: tile.col, numCols: 1 }) &&
      tile.row >= startRow &&
      tile.row < startRow + numRows;
    if (!inside) throw new BoardError('out-of-range', `tile ${formatTile(tile)} is not in the partition`);
    const kind = tileKind(this.#array.shape, tile.row);
    const base = { tile, kind, source: 'registers', files: new Map() } as const;
    if (this.#isGated(tile)) return { ...base, reason: 'gated', registers: new Map() };
    if (this.#array.hasBusError(tile)) return { ...base, reason: 'bus-error', registers: new Map() };
    return { ...base, registers: statusRegisters(this.#array, tile, detail) };
  }

  #geometry(columns: ColumnRange, type: MemoryType): MemoryGeometry {
    this.#partition(columns);
    const geometry = this.#array.memories(columns).find((memory) => memory.type === type);
    if (geometry === undefined) {
      throw new BoardError('out-of-range', `the partition has no ${type} memory`);
    }
    return geometry;
  }

  /** Writes the words of one unit, all or none, and returns their common outcome code. */
  #writeUnit(
    geometry: MemoryGeometry,
    request: CoreWriteRequest,
    open: ReadonlySet<number>,
    first: number,
    last: number,
  ): number {
    const reason = this.#barred(geometry, record(request.words, first)[0], open);
    if (reason !== undefined) {
      const outcome = outcomeNames.indexOf(reason === 'bus-error' ? 'unreadable' : 'refused');
      return outcome | (unreadableReasons.indexOf(reason) << 8);
    }
    if (geometry.type === 'program') {
      this.#array.touchProgram(locate(geometry, record(request.words, first)[0]).tile);
    }
    for (let i = first; i < last; i++) {
      const [offset, seen, mask] = record(request.words, i);
      const differs = ((this.#word(geometry, offset).getUint32(0, true) ^ seen) & mask) !== 0;
      if (differs && !request.force) return outcomeNames.indexOf('conflict');
    }
    for (let i = first; i < last; i++) {
      const [offset, , mask, value] = record(request.words, i);
      const view = this.#word(geometry, offset);
      view.setUint32(0, ((view.getUint32(0, true) & ~mask) | (value & mask)) >>> 0, true);
    }
    return outcomeNames.indexOf('verified');
  }

  /** Why the tile at this buffer offset must not be touched. */
  #barred(geometry: MemoryGeometry, offset: number, open: ReadonlySet<number>): UnreadableReason | undefined {
    const { tile } = locate(geometry, offset);
    if (this.#isGated(tile)) return 'gated';
    const index = Math.floor(offset / geometry.bytesPerTile);
    if (geometry.type === 'program' && this.#array.isCoreEnabled(tile) && !open.has(index))
      return 'core-running';
    return this.#array.hasBusError(tile) ? 'bus-error' : undefined;
  }

  #word(geometry: MemoryGeometry, offset: number): DataView {
    const place = locate(geometry, offset);
    const bytes = this.#array.tileBytes(geometry.type, place.tile);
    return new DataView(bytes.buffer, bytes.byteOffset + place.offset, 4);
  }
}

function record(words: Uint32Array, index: number): [number, number, number, number] {
  const at = index * writeRecordWords;
  return [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0];
}

function columnFacts(columns: ColumnRange): Record<string, number> {
  return { startCol: columns.startCol, numCols: columns.numCols };
}

function ownerFacts({ owner }: PartitionInfo): Record<string, string | number> {
  return { owner: owner?.command ?? '', pid: owner?.pid ?? 0 };
}

/** Cuts a range at tile boundaries. Throws `out-of-range` outside the memory. */
function perTile(geometry: MemoryGeometry, range: ByteRange): ByteRange[] {
  if (range.offset < 0 || range.offset + range.length > totalBytes(geometry)) {
    throw new BoardError(
      'out-of-range',
      `${range.length} bytes at ${range.offset} of ${tileCount(geometry)} tiles`,
    );
  }
  const parts: ByteRange[] = [];
  const end = range.offset + range.length;
  for (let offset = range.offset; offset < end; ) {
    const next = Math.min(end, offset - (offset % geometry.bytesPerTile) + geometry.bytesPerTile);
    parts.push({ offset, length: next - offset });
    offset = next;
  }
  return parts;
}

/** Appends a span, joined to the last one if it continues it. */
function addSpan(spans: UnreadableSpan[], part: ByteRange, reason: UnreadableReason): void {
  const last = spans.at(-1);
  if (last !== undefined && last.reason === reason && last.offset + last.length === part.offset) {
    spans[spans.length - 1] = { offset: last.offset, length: last.length + part.length, reason };
  } else {
    spans.push({ offset: part.offset, length: part.length, reason });
  }
}
