/**
 * A board whose bytes come from a native core (or from something that answers like one): turns edits of bytes into
 * masked words and word outcomes back into runs of bytes, checks every range before anything is sent, remembers what
 * was opened. Knows no carrier.
 */
import { Emitter, type Event } from '../model/event.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import {
  type ByteRange,
  type ColumnRange,
  formatTile,
  type MemoryGeometry,
  type MemoryType,
  type Tile,
  tileCount,
  totalBytes,
  wordBytes,
} from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { mergeRanges } from '../model/ranges.ts';
import { decodeTileStatus } from '../model/status/decode.ts';
import type {
  Board,
  BoardInfo,
  BoardLog,
  BoardNotice,
  CoreAct,
  CoreRegisters,
  CoreState,
  FindOptions,
  FindResult,
  OpenOptions,
  Partition,
  PartitionInfo,
  PartitionMemory,
  PartitionOwnership,
  ReadOptions,
  ReadPiece,
  ReadResult,
  RecordingHandle,
  RecordOptions,
  StatusOptions,
  StatusReport,
  Survey,
  SurveyOptions,
  SurveyUpdate,
  Watch,
  WatchOptions,
  WatchPace,
  WatchUpdate,
  WriteEdit,
  WriteOptions,
  WriteReport,
} from './board.ts';
import { BoardError, throwIfCancelled, toBoardError } from './errors.ts';
import { planRead } from './plan-read.ts';
import {
  type CoreClient,
  type CoreList,
  type CoreMemory,
  type CoreOpened,
  type CoreRecordRequest,
  type CoreUpdate,
  type CoreWatchRequest,
  maxHits,
  maxStatusTiles,
  maxSurveyTotal,
  maxSurveyWords,
  maxWatchBytes,
  maxWatchRanges,
  recordingLimits,
  watchPeriods,
} from './protocol/core-client.ts';
import { formatReport } from './report.ts';
import { packEdits, unpackOutcomes } from './words.ts';

/** Tiles of one request whose program memory may be open; keeps the request's header within its limit. */
const maxOpenTiles = 2048;

/** What a connector knows beside the core. */
export interface CoreBoardExtra {
  /** Ends the first description. */
  readonly signal?: AbortSignal;
  /** Version of this tool, for the report. */
  readonly toolVersion?: string;
  /** How the board is reached, a line each, without secrets, for the report. */
  readonly route?: readonly string[];
}

/**
 * Describes the board through `client` and wraps it. The board owns the client from here on; it is let go if describing
 * fails. Nothing is mapped.
 */
export async function createCoreBoard(
  client: CoreClient,
  log: BoardLog,
  extra: CoreBoardExtra = {},
): Promise<Board> {
  try {
    const description = await client.describe(extra.signal ?? new AbortController().signal);
    const { hello } = client;
    const info: BoardInfo = {
      device: description.device,
      family: description.family,
      generation: description.generation,
      ...(description.array === undefined ? {} : { array: description.array }),
      findings: description.findings,
      hostName: hello.hostName,
      kernel: hello.kernel,
      machine: hello.machine,
      pageSize: hello.pageSize,
      bootId: hello.bootId,
      coreVersion: hello.core,
    };
    return new CoreBoard(client, info, description.list, log, extra);
  } catch (error) {
    await client.dispose();
    throw toBoardError(error);
  }
}

class CoreBoard implements Board {
  readonly info: BoardInfo;
  readonly #client: CoreClient;
  readonly #log: BoardLog;
  readonly #extra: CoreBoardExtra;
  readonly #opened = new Map<string, CorePartition>();
  readonly #partitionsChanged = new Emitter<readonly PartitionInfo[]>();
  readonly #closed = new Emitter<BoardError>();
  #list: CoreList;
  /** When the next look may begin that nobody asked for, by `performance.now()`. */
  #nextLook = 0;
  #end: BoardError | undefined;

  readonly onDidChangePartitions: Event<readonly PartitionInfo[]> = this.#partitionsChanged.event;
  readonly onDidClose: Event<BoardError> = this.#closed.event;
  readonly onDidNotice: Event<BoardNotice>;

  constructor(client: CoreClient, info: BoardInfo, list: CoreList, log: BoardLog, extra: CoreBoardExtra) {
    this.info = info;
    this.#client = client;
    this.#list = list;
    this.#log = log;
    this.#extra = extra;
    this.onDidNotice = client.onNotice;
    client.onPartitions((list) => this.#learn(list));
    client.onClose((error) => {
      if (this.#end !== undefined) return;
      this.#end = error;
      this.#log.warn(`${info.device} on ${info.hostName}: ${error.code}: ${error.message}`);
      this.#closed.fire(error);
    });
  }

  async partitions(signal: AbortSignal): Promise<readonly PartitionInfo[]> {
    this.#check(signal);
    const list = await this.#client.partitions(signal);
    this.#learn(list);
    return list.partitions;
  }

  get freeColumns(): readonly ColumnRange[] {
    return this.#list.free;
  }

  get unaskedWaitMs(): number {
    return Math.max(0, this.#nextLook - performance.now());
  }

  async pick(columns: ColumnRange, signal: AbortSignal): Promise<PartitionKey> {
    this.#check(signal);
    return this.#client.pick(columns, signal);
  }

  async open(key: PartitionKey, options: OpenOptions, signal: AbortSignal): Promise<Partition> {
    this.#check(signal);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const inUseBefore = this.#partitionOf(key)?.inUse ?? false;
    const allowUnknown = options.allowUnknownDriver ?? false;
    const asking = options.asking ?? 'look';
    const opened = await this.#client.open(key, allowUnknown, signal, asking);
    // What is made of free columns is listed from now on; the caller finds it in the list.
    if (this.#partitionOf(key) === undefined) this.#learn(await this.#client.partitions(signal));
    // Of two callers that opened at the same time, both get the object of the first that came back.
    const raced = this.#opened.get(key);
    if (raced !== undefined) return raced;
    // It may have changed hands meanwhile; what can be written was opened while it was free.
    const inUse = inUseBefore || (this.#partitionOf(key)?.inUse ?? false);
    const partition = new CorePartition(key, opened, inUse, this.#access);
    this.#opened.set(key, partition);
    return partition;
  }

  ownership(key: PartitionKey): PartitionOwnership {
    return new CoreOwnership(key, this.#access);
  }

  async report(signal: AbortSignal): Promise<string> {
    this.#check(signal);
    const partitions = await this.partitions(signal);
    const opened = [...this.#opened.values()];
    return formatReport({
      info: this.info,
      partitions,
      freeColumns: this.freeColumns,
      opened,
      toolVersion: this.#extra.toolVersion ?? '',
      route: this.#extra.route ?? [],
      uid: this.#client.hello.uid,
    });
  }

  async dispose(keepRecordings = false): Promise<void> {
    this.#end ??= new BoardError('connection-lost', 'the connection was ended here');
    await this.#client.dispose(keepRecordings);
    this.#partitionsChanged.dispose();
    this.#closed.dispose();
  }

  readonly #access: Access = {
    info: () => this.info,
    client: (signal) => {
      this.#check(signal);
      return this.#client;
    },
    learn: async (signal) => this.#learn(await this.#client.partitions(signal)),
    partition: (key) => this.#partitionOf(key),
    unaskedWaits: (milliseconds) => {
      this.#nextLook = performance.now() + milliseconds;
    },
  };

  #check(signal: AbortSignal): void {
    if (this.#end !== undefined) throw this.#end;
    throwIfCancelled(signal);
  }

  #partitionOf(key: PartitionKey): PartitionInfo | undefined {
    return this.#list.partitions.find((one) => one.key === key);
  }

  #learn(list: CoreList): void {
    const changed = JSON.stringify(list) !== JSON.stringify(this.#list);
    this.#list = list;
    // A partition that left the list may come back with other tiles: it is opened anew.
    for (const key of this.#opened.keys()) {
      if (this.#partitionOf(key) === undefined) this.#opened.delete(key);
    }
    if (changed) this.#partitionsChanged.fire(list.partitions);
  }
}

/** What a partition and its memories need of their board. */
interface Access {
  info(): BoardInfo;
  /** The core, after checking that the board is alive and the caller still interested. */
  client(signal: AbortSignal): CoreClient;
  partition(key: PartitionKey): PartitionInfo | undefined;
  /** Asks for the list: something of it was changed by a call. */
  learn(signal: AbortSignal): Promise<void>;
  /** For so long the board keeps looks waiting that nobody asked for. */
  unaskedWaits(milliseconds: number): void;
}

class CoreOwnership implements PartitionOwnership {
  readonly key: PartitionKey;
  protected readonly access: Access;

  constructor(key: PartitionKey, access: Access) {
    this.key = key;
    this.access = access;
  }

  async hold(on: boolean, signal: AbortSignal): Promise<void> {
    await this.access.client(signal).hold(this.key, on, signal);
    await this.access.learn(signal);
  }

  async takeKernelDescriptor(signal: AbortSignal): Promise<void> {
    try {
      await this.access.client(signal).takeKernelDescriptor(this.key, signal);
    } catch (thrown) {
      const error = toBoardError(thrown);
      if (error.code !== 'kernel-held') throw error;
      // The next step of this error was just tried.
      throw new BoardError(error.code, error.message, { ...error.facts, asked: 'zocl' }, error);
    }
  }
}

class CorePartition extends CoreOwnership implements Partition {
  readonly columns: ColumnRange;
  readonly memories: readonly PartitionMemory[];

  constructor(key: PartitionKey, opened: CoreOpened, openedInUse: boolean, access: Access) {
    super(key, access);
    this.columns = opened.columns;
    this.memories = opened.memories.map(
      (memory) => new CorePartitionMemory(key, memory, openedInUse, access),
    );
  }

  memory(type: MemoryType): PartitionMemory | undefined {
    return this.memories.find((memory) => memory.geometry.type === type);
  }

  async status(tiles: readonly Tile[], options: StatusOptions, signal: AbortSignal): Promise<StatusReport> {
    const client = this.access.client(signal);
    this.#checkTiles(tiles);
    if (tiles.length === 0) {
      const epoch = this.access.partition(this.key)?.epoch ?? '';
      return { tiles: [], at: Date.now(), epoch, waitMs: 0 };
    }
    const detail = options.detail ?? false;
    const asking = options.asking ?? 'look';
    const goesOn = options.goesOn ?? false;
    const answer = await client.status({ partition: this.key, tiles, detail, asking, goesOn }, signal);
    this.access.unaskedWaits(answer.waitMs);
    const { generation } = this.access.info();
    return {
      tiles: answer.tiles.map((raw) => decodeTileStatus(raw, generation)),
      at: Date.now(),
      epoch: answer.epoch,
      waitMs: answer.waitMs,
    };
  }

  async enableClocks(on: boolean, signal: AbortSignal): Promise<boolean> {
    const running = await this.access.client(signal).setClocks(this.key, on, signal);
    await this.access.learn(signal);
    return running;
  }

  async allowHalting(epoch: string, signal: AbortSignal): Promise<void> {
    await this.access.client(signal).allowHalting(this.key, epoch, signal);
  }

  actOnCore(tile: Tile, act: CoreAct, signal: AbortSignal): Promise<CoreState> {
    return this.access.client(signal).actOnCore(this.key, tile, act, signal);
  }

  readCore(tile: Tile, signal: AbortSignal): Promise<CoreRegisters> {
    return this.access.client(signal).readCore(this.key, tile, signal);
  }

  endHalting(signal: AbortSignal): Promise<number> {
    return this.access.client(signal).endHalting(this.key, signal);
  }

  #checkTiles(tiles: readonly Tile[]): void {
    if (tiles.length > maxStatusTiles) {
      throw new BoardError('out-of-range', `status of ${tiles.length} tiles; ${maxStatusTiles} at most`);
    }
    const { startCol, numCols } = this.columns;
    const rows = this.access.partition(this.key);
    for (const tile of tiles) {
      const inColumns = Number.isInteger(tile.col) && tile.col >= startCol && tile.col < startCol + numCols;
      const inRows =
        Number.isInteger(tile.row) &&
        tile.row >= (rows?.startRow ?? 0) &&
        (rows === undefined || tile.row < rows.startRow + rows.numRows);
      if (!inColumns || !inRows) {
        throw new BoardError('out-of-range', `tile ${formatTile(tile)} is not in the partition`, { ...tile });
      }
    }
  }
}

class CorePartitionMemory implements PartitionMemory {
  readonly geometry: MemoryGeometry;
  readonly #key: PartitionKey;
  readonly #writable: boolean;
  readonly #openedInUse: boolean;
  readonly #access: Access;

  constructor(key: PartitionKey, memory: CoreMemory, openedInUse: boolean, access: Access) {
    const { writable, ...geometry } = memory;
    this.geometry = geometry;
    this.#key = key;
    this.#writable = writable;
    this.#openedInUse = openedInUse;
    this.#access = access;
  }

  /**
   * What the core said when the partition was opened holds while it is in use, or free, as it was then. Otherwise it is
   * believed where the driver is known: the core refuses a write for which there is no way.
   */
  get writable(): boolean {
    const inUse = this.#access.partition(this.#key)?.inUse ?? this.#openedInUse;
    return inUse === this.#openedInUse ? this.#writable : this.#access.info().family !== 'unknown';
  }

  async read(ranges: readonly ByteRange[], options: ReadOptions, signal: AbortSignal): Promise<ReadResult> {
    const client = this.#access.client(signal);
    for (const range of ranges) this.#checkRange(range.offset, range.length);
    const plan = planRead(ranges);
    if (plan.fetch.length === 0) {
      const pieces: ReadPiece[] = ranges.map((range) => ({ range, bytes: new Uint8Array(0) }));
      const epoch = this.#access.partition(this.#key)?.epoch ?? '';
      return { pieces, unreadable: [], at: Date.now(), epoch };
    }
    const answer = await client.read(
      {
        partition: this.#key,
        memory: this.geometry.type,
        ranges: plan.fetch,
        openTiles: this.#tiles(options.openTiles),
        asking: options.asking ?? 'look',
      },
      options.onProgress,
      signal,
    );
    return {
      pieces: plan.assemble(answer.bytes),
      unreadable: answer.unreadable,
      at: Date.now(),
      epoch: answer.epoch,
      ...(answer.gaveWay === true ? { gaveWay: true } : {}),
    };
  }

  async find(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    options: FindOptions,
    signal: AbortSignal,
  ): Promise<FindResult> {
    const client = this.#access.client(signal);
    for (const range of ranges) this.#checkRange(range.offset, range.length);
    const merged = mergeRanges(ranges);
    if (merged.length === 0) {
      const epoch = this.#access.partition(this.#key)?.epoch ?? '';
      return { offsets: [], unreadable: [], at: Date.now(), epoch, isFull: false };
    }
    const { asking = 'look', most = maxHits, openTiles, onHits, onProgress } = options;
    if (!Number.isInteger(most) || most < 1 || most > maxHits) {
      throw new BoardError('out-of-range', `${most} hits of one search; ${maxHits} at most`);
    }
    const answer = await client.find(
      {
        partition: this.#key,
        memory: this.geometry.type,
        ranges: merged,
        openTiles: this.#tiles(openTiles),
        asking,
        pattern,
        most,
      },
      { onHits, onProgress },
      signal,
    );
    return { ...answer, at: Date.now() };
  }

  async write(edits: readonly WriteEdit[], options: WriteOptions, signal: AbortSignal): Promise<WriteReport> {
    const client = this.#access.client(signal);
    for (const edit of edits) {
      this.#checkRange(edit.offset, edit.bytes.length);
      if (edit.seen.length !== edit.bytes.length) {
        throw new BoardError('internal', 'an edit needs as many seen bytes as new bytes');
      }
    }
    const packed = packEdits(edits);
    if (packed.words.length === 0) return { spans: [], at: Date.now(), epoch: options.epoch };
    const answer = await client.write(
      {
        partition: this.#key,
        memory: this.geometry.type,
        epoch: options.epoch,
        force: options.force ?? false,
        besideOwner: options.besideOwner ?? false,
        openTiles: this.#tiles(options.openTiles),
        words: packed.words,
      },
      signal,
    );
    return { spans: unpackOutcomes(packed, answer.outcomes), at: Date.now(), epoch: answer.epoch };
  }

  watch(options: WatchOptions, onUpdate: (update: WatchUpdate) => void): Watch {
    const client = this.#access.client(new AbortController().signal);
    const asked = (now: WatchOptions): CoreWatchRequest => {
      this.#checkWatch(now);
      return { ...now, partition: this.#key, memory: this.geometry.type };
    };
    const watch = client.watch(asked(options), (update) => onUpdate(resultOf(update)));
    return {
      seen: () => watch.seen(),
      change: (now) => watch.change(asked(now)),
      ended: watch.ended,
      dispose: () => watch.dispose(),
    };
  }

  survey(options: SurveyOptions, onUpdate: (update: SurveyUpdate) => void): Survey {
    const client = this.#access.client(new AbortController().signal);
    const { wordsPerTile } = options;
    const count = tileCount(this.geometry);
    const isSound =
      Number.isInteger(wordsPerTile) &&
      wordsPerTile >= 1 &&
      wordsPerTile <= Math.min(maxSurveyWords, this.geometry.bytesPerTile / wordBytes) &&
      wordsPerTile * count <= maxSurveyTotal &&
      isPace(options);
    if (!isSound) {
      throw new BoardError('out-of-range', `a survey of ${wordsPerTile} words every ${options.periodMs} ms`);
    }
    const request = { ...options, partition: this.#key, memory: this.geometry.type };
    const refused = new AbortController();
    const survey = client.survey(request, (update) => {
      const beyond = update.tiles.find(({ tile }) => tile >= count);
      if (beyond === undefined) onUpdate({ ...update, at: Date.now() });
      else refused.abort(new BoardError('protocol', `a surveyed tile ${beyond.tile} of ${count}`));
    });
    refused.signal.addEventListener('abort', () => survey.dispose());
    return {
      seen: () => survey.seen(),
      ended: survey.ended.then((error) =>
        refused.signal.aborted ? toBoardError(refused.signal.reason) : error,
      ),
      dispose: () => survey.dispose(),
    };
  }

  recording(name: string, options: RecordOptions): RecordingHandle {
    this.#checkRecord(options);
    let request: CoreRecordRequest = {
      ...options,
      partition: this.#key,
      memory: this.geometry.type,
      recording: name,
    };
    const words = options.ranges.reduce((sum, { length }) => sum + length / wordBytes, 0);
    const client = (signal: AbortSignal): CoreClient => this.#access.client(signal);
    return {
      arm: (signal) => client(signal).record(request, signal),
      setPace: (pace, signal) => {
        this.#checkRecord({ ...options, ...pace });
        request = { ...request, ...pace };
        return client(signal).record(request, signal);
      },
      part: (from, signal) => client(signal).recording(name, words, from, signal),
      end: (forget, signal) => client(signal).endRecording(name, forget, signal),
    };
  }

  #checkRecord({ ringBytes, ...watched }: RecordOptions): void {
    this.#checkWatch(watched);
    const bytes = watched.ranges.reduce((sum, { length }) => sum + length, 0);
    const { memoryBytes, leastRing, mostRing } = recordingLimits;
    if (bytes > memoryBytes || ringBytes < leastRing || ringBytes > mostRing) {
      throw new BoardError('out-of-range', `a recording of ${bytes} bytes in ${ringBytes}`);
    }
  }

  #checkWatch({ ranges, ...pace }: WatchOptions): void {
    let end = 0;
    let bytes = 0;
    for (const { offset, length } of ranges) {
      this.#checkRange(offset, length);
      if (offset < end || length === 0 || offset % 4 !== 0 || length % 4 !== 0) {
        throw new BoardError('internal', 'a watch takes whole words, in ascending order');
      }
      end = offset + length;
      bytes += length;
    }
    const sound =
      ranges.length > 0 && ranges.length <= maxWatchRanges && bytes <= maxWatchBytes && isPace(pace);
    if (!sound) throw new BoardError('out-of-range', `a watch of ${bytes} bytes every ${pace.periodMs} ms`);
  }

  #checkRange(offset: number, length: number): void {
    const size = totalBytes(this.geometry);
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
    if (!whole || offset < 0 || length < 0 || length > size || offset > size - length) {
      const detail = `${length} bytes at buffer offset ${offset} do not lie in ${this.geometry.type} memory of ${size} bytes`;
      throw new BoardError('out-of-range', detail, { offset, length, size });
    }
  }

  #tiles(open: ReadonlySet<number> | undefined): readonly number[] {
    const list = [...(open ?? [])].sort((a, b) => a - b);
    const count = tileCount(this.geometry);
    if (list.length > maxOpenTiles) {
      throw new BoardError('out-of-range', `${list.length} tiles opened at once; ${maxOpenTiles} at most`);
    }
    for (const index of list) {
      if (!Number.isInteger(index) || index < 0 || index >= count) {
        throw new BoardError('out-of-range', `tile index ${index} of ${count} tiles`, {
          offset: index,
          size: count,
        });
      }
    }
    return list;
  }
}

function isPace({ periodMs, wordsPerSecond }: WatchPace): boolean {
  return (
    Number.isInteger(periodMs) &&
    periodMs >= watchPeriods.shortest &&
    periodMs <= watchPeriods.longest &&
    Number.isInteger(wordsPerSecond) &&
    wordsPerSecond >= 1
  );
}

/** An update of a watch as what a read of the changed runs would have brought. */
function resultOf({ spans, ...told }: CoreUpdate): WatchUpdate {
  const pieces = spans.map(({ offset, bytes }) => ({ range: { offset, length: bytes.length }, bytes }));
  const unreadable = spans.flatMap(({ offset, bytes, reason }) =>
    reason === undefined ? [] : [{ offset, length: bytes.length, reason }],
  );
  return { pieces, unreadable, at: Date.now(), ...told };
}
