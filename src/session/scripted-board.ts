/** A board for tests: bytes in an array, and hooks at every point where a real one can take long, fail or be lost. */
import type {
  Asking,
  Board,
  BoardConnector,
  BoardInfo,
  BoardNotice,
  FindOptions,
  FindResult,
  Hold,
  Owner,
  Partition,
  PartitionInfo,
  PartitionMemory,
  PartitionOwnership,
  ReadOptions,
  ReadResult,
  RecordingHandle,
  RecordOptions,
  Survey,
  SurveyOptions,
  SurveyUpdate,
  TileChange,
  UnreadableSpan,
  Watch,
  WatchOptions,
  WatchUpdate,
  WriteEdit,
  WriteOptions,
  WriteReport,
  WriteSpan,
} from '../board/board.ts';
import { BoardError, throwIfCancelled } from '../board/errors.ts';
import { FoundInReads, findInRead } from '../board/find-by-reading.ts';
import { type Disposable, Emitter } from '../model/event.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import {
  type ByteRange,
  type ColumnRange,
  type MemoryGeometry,
  type Tile,
  totalBytes,
} from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { endOf, intersectRanges, mergeRanges } from '../model/ranges.ts';
import { Recording } from '../model/recording.ts';
import type { SessionServices } from './services.ts';

/** Points at which a hook is called. `-done` points come after the act, before the answer. */
export type HookPoint =
  | 'connect'
  | 'partitions'
  | 'open'
  | 'read'
  | 'read-done'
  | 'find'
  | 'find-done'
  | 'write'
  | 'write-half'
  | 'write-done'
  | 'hold'
  | 'clocks'
  | 'kernel-descriptor';

/** Time that moves only when told to. */
export class ManualTime implements SessionServices {
  /** What was logged as a warning. */
  readonly lines: string[] = [];
  /** What was logged as information. */
  readonly said: string[] = [];
  readonly log = {
    trace: () => undefined,
    info: (line: string) => {
      this.said.push(line);
    },
    warn: (line: string) => {
      this.lines.push(line);
    },
  };
  #now = 1_000_000;
  #timers: { readonly at: number; readonly action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  /** Milliseconds until the planned actions, ascending. */
  get planned(): readonly number[] {
    return this.#timers.map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  after(milliseconds: number, action: () => void): Disposable {
    const timer = { at: this.#now + milliseconds, action };
    this.#timers.push(timer);
    return {
      dispose: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { action } of due) action();
  }

  /** Lets so much time pass from timer to timer, each followed by what it leads to. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.planned;
      if (next === undefined || this.#now + next > end) break;
      this.advance(next);
    }
    this.#now = end;
  }
}

/** A watch: it looks when it is told to. */
export interface ScriptedWatch {
  options: WatchOptions;
  /** The last update was taken over: the board would look again. */
  seen: boolean;
  /** Tells what differs from what it told before; `coveredMs` as in `WatchUpdate`. */
  look(coveredMs?: number): void;
  /** Ends it from the board's side. */
  fail(error: BoardError): void;
}

/** A recording on the board's side: its ring has what it is told. */
export interface ScriptedRecording {
  /** How long ago its first look was, milliseconds; undefined: the last one is just made. */
  age?: number;
  options: RecordOptions;
  readonly ring: Recording;
  /** How many times something of it was asked for. */
  asked: number;
  ended?: BoardError;
  /** Looks that one answer holds; undefined: all. */
  perPart?: number;
  /** Answers wait for it. */
  held?: Promise<void>;
}

/** A survey: it looks when it is told to, and finds what it is told. */
export interface ScriptedSurvey {
  readonly options: SurveyOptions;
  /** The last update was taken over: the board would look again. */
  seen: boolean;
  look(...tiles: TileChange[]): void;
  /** Ends it from the board's side. */
  fail(error: BoardError): void;
}

interface Connection {
  readonly partitions: Emitter<readonly PartitionInfo[]>;
  readonly closed: Emitter<BoardError>;
  lost?: BoardError;
}

function noCores(): BoardError {
  return new BoardError('no-halting', 'no cores are scripted');
}

/** The state of the machine behind the connections; survives their loss. */
export class ScriptedDevice implements BoardConnector {
  readonly geometry: MemoryGeometry;
  readonly bytes: Uint8Array;
  readonly columns: ColumnRange;
  readonly key: PartitionKey;
  epoch = 'epoch-1';
  owner: Owner | undefined;
  holder: Hold | undefined;
  /** False: the driver makes partitions of what is asked for, and lists this one only while it is in use or picked. */
  listed = true;
  picked = false;
  freeColumns: readonly ColumnRange[] = [];
  clocksOn = false;
  /** What the driver makes of a request to enable clocks. */
  clocksObey = true;
  /** False: nobody is told of changes, as between two looks of a core. */
  announcing = true;
  /** Calls that only a person may cause, in the order in which they came. */
  readonly acts: string[] = [];
  writable = true;
  unreadable: UnreadableSpan[] = [];
  /** Called at every point; may wait, change the device, or throw. */
  hook: (point: HookPoint) => Promise<void> | void = () => undefined;
  readonly reads: ByteRange[][] = [];
  readonly searches: ByteRange[][] = [];
  /** Tells each hit of a search alone. */
  splitHits = false;
  /** Who asked for each read and search. */
  readonly asked: Asking[] = [];
  /** Who asked for the layout, each time. */
  readonly openedBy: (Asking | undefined)[] = [];
  /** A read ends early, as when an application opens the device. */
  gaveWay = false;
  /** What the board says unasked. */
  readonly notices = new Emitter<BoardNotice>();
  /** The watches under way, in the order in which they began. */
  watches: ScriptedWatch[] = [];
  /** The surveys under way, in the order in which they began. */
  surveys: ScriptedSurvey[] = [];
  /** The recordings on the board's side, by name; they outlive a connection. */
  readonly recordings = new Map<string, ScriptedRecording>();
  /** How many surveys ever began. */
  surveysBegun = 0;
  /** Has memory tiles, too, as many as the data memory has tiles. */
  hasMemoryTiles = false;
  readonly writes: WriteEdit[][] = [];
  readonly writeOptions: WriteOptions[] = [];
  /** Tiles whose status was asked for; and whether an error halts their cores. */
  readonly statusAsked: Tile[] = [];
  haltedByError = false;
  connections = 0;
  /** Every hold is a process of its own. */
  #holderPid = 98;
  readonly #time: ManualTime;
  #live: Connection[] = [];

  /** @param shape columns and rows of tiles */
  constructor(time: ManualTime, bytesPerTile = 8192, shape = { numCols: 2, numRows: 2 }) {
    this.#time = time;
    this.columns = { startCol: 2, numCols: shape.numCols };
    this.key = `2_${shape.numCols}`;
    this.geometry = {
      type: 'data',
      ...this.columns,
      startRow: 1,
      numRows: shape.numRows,
      bytesPerTile,
      tileBase: 0,
    };
    this.bytes = new Uint8Array(totalBytes(this.geometry));
    for (let i = 0; i < this.bytes.length; i++) this.bytes[i] = (i * 7 + (i >> 8)) & 0xff;
  }

  get info(): PartitionInfo {
    return {
      key: this.key,
      id: 1,
      columns: this.columns,
      startRow: 0,
      numRows: this.geometry.numRows + 1,
      inUse: this.owner !== undefined || this.holder !== undefined,
      ...(this.owner === undefined ? {} : { owner: this.owner }),
      ...(this.holder === undefined ? {} : { hold: this.holder }),
      ownerGone: this.holder !== undefined && this.owner === undefined,
      picked: this.picked,
      clocksOn: this.clocksOn,
      epoch: this.epoch,
    };
  }

  get partitions(): readonly PartitionInfo[] {
    return this.listed || this.picked || this.info.inUse ? [this.info] : [];
  }

  /** The owner's process ends. Without a holder the driver resets and zeroes: a new epoch. */
  ownerExits(): void {
    this.owner = undefined;
    if (this.holder === undefined) this.#zero();
    this.announce();
  }

  /** The holder ends, by whomever. */
  holderEnds(): void {
    this.holder = undefined;
    if (this.owner === undefined) this.#zero();
    this.announce();
  }

  #zero(): void {
    this.bytes.fill(0);
    this.epoch = `${this.epoch}+`;
  }

  /** Ends all connections. */
  lose(error = new BoardError('connection-lost', 'cut')): void {
    const live = this.#live;
    this.#live = [];
    for (const connection of live) {
      connection.lost = error;
      connection.closed.fire(error);
    }
  }

  /** Tells all connections how the partition stands. */
  announce(): void {
    if (!this.announcing) return;
    for (const { partitions } of this.#live) partitions.fire(this.partitions);
  }

  async connect({ onStep }: Parameters<BoardConnector['connect']>[0], signal: AbortSignal): Promise<Board> {
    this.connections++;
    onStep('connecting');
    await this.#point('connect', undefined, signal);
    const connection: Connection = { partitions: new Emitter(), closed: new Emitter() };
    this.#live.push(connection);
    const device = this;
    const act = async (point: HookPoint, what: string, signal: AbortSignal, done: () => void) => {
      await this.#point(point, connection, signal);
      this.acts.push(what);
      done();
      this.announce();
    };
    const ownership: PartitionOwnership = {
      hold: (on, signal) =>
        act('hold', `hold ${on}`, signal, () => {
          const since = this.#time.now();
          if (on) this.holder ??= { pid: ++this.#holderPid, since, until: since + 8 * 3_600_000 };
          else this.holderEnds();
        }),
      takeKernelDescriptor: (signal) =>
        act('kernel-descriptor', 'kernel descriptor', signal, () => undefined),
    };
    return {
      info: boardInfo,
      onDidChangePartitions: connection.partitions.event,
      onDidClose: connection.closed.event,
      onDidNotice: this.notices.event,
      get freeColumns() {
        return device.freeColumns;
      },
      unaskedWaitMs: 0,
      ownership: () => ownership,
      partitions: async (signal) => {
        await this.#point('partitions', connection, signal);
        return this.partitions;
      },
      pick: async () => this.key,
      open: async (key, { asking }, signal): Promise<Partition> => {
        this.openedBy.push(asking);
        await this.#point('open', connection, signal);
        if (key !== this.key) throw new BoardError('no-partition', 'unknown partition');
        if (!this.listed && this.owner === undefined) {
          this.picked = true;
          this.announce();
        }
        const memory = this.#memory(connection);
        const memoryTiles = { ...memory, geometry: { ...this.geometry, type: 'memory-tile' as const } };
        return {
          key,
          columns: this.columns,
          memories: this.hasMemoryTiles ? [memory, memoryTiles] : [memory],
          memory: (type) => (type === 'data' ? memory : undefined),
          status: async (tiles) => {
            this.statusAsked.push(...tiles);
            return {
              tiles: tiles.map((tile) => ({
                ...{ tile, kind: 'core' as const, source: 'registers' as const, locks: [], channels: [] },
                core: {
                  state: this.haltedByError ? ('error' as const) : ('running' as const),
                  enabled: true,
                  stalls: [],
                  flags: [],
                  unknownBits: 0,
                },
                ...{ descriptors: [], events: [], errors: [], unparsed: [] },
              })),
              at: this.#time.now(),
              epoch: this.epoch,
              waitMs: 0,
            };
          },
          enableClocks: async (on, signal) => {
            await act('clocks', `clocks ${on}`, signal, () => {
              this.clocksOn = on && this.clocksObey;
            });
            return this.clocksOn;
          },
          ...ownership,
          allowHalting: async () => Promise.reject(noCores()),
          actOnCore: async () => Promise.reject(noCores()),
          readCore: async () => Promise.reject(noCores()),
          endHalting: async () => 0,
        };
      },
      report: async () => '',
      dispose: async () => {
        this.#live = this.#live.filter((other) => other !== connection);
      },
    };
  }

  #memory(connection: Connection): PartitionMemory {
    const device = this;
    return {
      geometry: this.geometry,
      get writable() {
        return device.writable;
      },
      read: (ranges, options, signal) => this.#read(connection, ranges, options, signal),
      find: (ranges, pattern, options, signal) => this.#find(connection, ranges, pattern, options, signal),
      write: (edits, options, signal) => this.#write(connection, edits, options, signal),
      watch: (options, onUpdate) => this.#watch(options, onUpdate),
      survey: (options, onUpdate) => this.#survey(options, onUpdate),
      recording: (name, options) => this.#recording(connection, name, options),
    };
  }

  #watch(options: WatchOptions, onUpdate: (update: WatchUpdate) => void): Watch {
    const told = new Map<number, number>();
    let end: (error: BoardError) => void = () => undefined;
    const ended = new Promise<BoardError>((resolve) => {
      end = resolve;
    });
    let words = 0;
    const one: ScriptedWatch = {
      options,
      seen: true,
      look: (coveredMs) => {
        const differs = (offset: number): boolean => told.get(offset) !== this.bytes[offset];
        const pieces = one.options.ranges.flatMap(({ offset, length }) => {
          const words = Array.from({ length: length / 4 }, (_, i) => offset + 4 * i);
          return words
            .filter((word) => [0, 1, 2, 3].some((i) => differs(word + i)))
            .map((word) => ({ range: { offset: word, length: 4 }, bytes: this.bytes.slice(word, word + 4) }));
        });
        for (const { range, bytes } of pieces) {
          bytes.forEach((byte, i) => {
            told.set(range.offset + i, byte);
          });
        }
        words += one.options.ranges.reduce((sum, { length }) => sum + length / 4, 0);
        one.seen = false;
        const wireBytes = 36 + 12 * pieces.length;
        const update = { pieces, unreadable: [], at: this.#time.now(), epoch: this.epoch, words, wireBytes };
        onUpdate(coveredMs === undefined ? update : { ...update, coveredMs });
      },
      fail: (error) => {
        this.watches = this.watches.filter((other) => other !== one);
        end(error);
      },
    };
    this.watches.push(one);
    return {
      seen: () => {
        one.seen = true;
      },
      change: (now) => {
        one.options = now;
      },
      ended,
      dispose: () => one.fail(new BoardError('cancelled', 'ended')),
    };
  }

  #recording(connection: Connection, name: string, options: RecordOptions): RecordingHandle {
    const found = (): ScriptedRecording => {
      const one = this.recordings.get(name);
      if (connection.lost !== undefined) throw connection.lost;
      if (one === undefined) throw new BoardError('no-recording', 'no such recording');
      return one;
    };
    return {
      arm: async () => {
        this.recordings.set(name, {
          options,
          ring: new Recording(options.ranges, options.ringBytes),
          asked: 0,
        });
      },
      setPace: async (pace) => {
        const one = found();
        one.options = { ...one.options, ...pace };
      },
      part: async (from) => {
        const one = found();
        one.asked++;
        const part = one.ring.part(from);
        const moments = part.moments.slice(0, one.perPart);
        const answer = { ...part, moments, hasMore: moments.length < part.moments.length };
        await one.held;
        return {
          ...answer,
          age: one.age ?? part.at,
          ...(one.ended === undefined ? {} : { ended: one.ended }),
        };
      },
      end: async (forget) => {
        found().ended ??= new BoardError('cancelled', 'ended');
        if (forget) this.recordings.delete(name);
      },
    };
  }

  #survey(options: SurveyOptions, onUpdate: (update: SurveyUpdate) => void): Survey {
    let end: (error: BoardError) => void = () => undefined;
    const ended = new Promise<BoardError>((resolve) => {
      end = resolve;
    });
    const one: ScriptedSurvey = {
      options,
      seen: true,
      look: (...tiles) => {
        one.seen = false;
        onUpdate({ tiles, at: this.#time.now(), epoch: this.epoch, words: 0, wireBytes: 0 });
      },
      fail: (error) => {
        this.surveys = this.surveys.filter((other) => other !== one);
        end(error);
      },
    };
    this.surveysBegun++;
    this.surveys.push(one);
    return {
      seen: () => {
        one.seen = true;
      },
      ended,
      dispose: () => one.fail(new BoardError('cancelled', 'ended')),
    };
  }

  async #read(
    connection: Connection,
    ranges: readonly ByteRange[],
    options: ReadOptions,
    signal: AbortSignal,
  ): Promise<ReadResult> {
    await this.#point('read', connection, signal);
    if (options.asking === 'nobody' && !this.info.inUse)
      throw new BoardError('not-asked', 'free columns, and nobody asked for them');
    this.asked.push(options.asking ?? 'look');
    this.reads.push([...ranges]);
    const result = {
      pieces: ranges.map((range) => ({
        range,
        bytes: this.bytes.slice(range.offset, range.offset + range.length),
      })),
      unreadable: mergeRanges(ranges).flatMap((range) =>
        this.unreadable.flatMap((span) => {
          const shared = intersectRanges(range, span);
          return shared === undefined ? [] : [{ ...shared, reason: span.reason }];
        }),
      ),
      at: this.#time.now(),
      epoch: this.epoch,
      ...(this.gaveWay ? { gaveWay: true } : {}),
    };
    for (const { offset, length } of result.unreadable) {
      for (const piece of result.pieces) {
        const start = Math.max(0, offset - piece.range.offset);
        piece.bytes.fill(0, start, Math.max(start, offset + length - piece.range.offset));
      }
    }
    options.onProgress?.(ranges.reduce((sum, range) => sum + range.length, 0));
    await this.#point('read-done', connection, signal);
    return result;
  }

  async #find(
    connection: Connection,
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    options: FindOptions,
    signal: AbortSignal,
  ): Promise<FindResult> {
    await this.#point('find', connection, signal);
    if (options.asking === 'nobody' && !this.info.inUse)
      throw new BoardError('not-asked', 'free columns, and nobody asked for them');
    this.asked.push(options.asking ?? 'look');
    this.searches.push([...ranges]);
    const all = new FoundInReads(options.most ?? 1_000_000);
    const spans: UnreadableSpan[] = [];
    for (const range of mergeRanges(ranges)) {
      const bytes = this.bytes.subarray(range.offset, endOf(range));
      const unreadable = this.unreadable.flatMap((span) => {
        const shared = intersectRanges(range, span);
        return shared === undefined ? [] : [{ ...shared, reason: span.reason }];
      });
      spans.push(...unreadable);
      const { bytesPerTile } = this.geometry;
      const { left } = all;
      if (left === 0) break;
      const found = await findInRead({ range, bytes, unreadable }, pattern, left, bytesPerTile, async () =>
        throwIfCancelled(signal),
      );
      const { offsets, lengths } = found;
      if (this.splitHits)
        for (const [i, hit] of offsets.entries()) options.onHits?.([hit], lengths?.slice(i, i + 1));
      else options.onHits?.(offsets, lengths);
      options.onProgress?.(endOf(range));
      all.add(found);
    }
    await this.#point('find-done', connection, signal);
    const { epoch, gaveWay } = this;
    return {
      ...all.result(mergeRanges(ranges), spans),
      at: this.#time.now(),
      epoch,
      ...(gaveWay ? { gaveWay } : {}),
    };
  }

  async #write(
    connection: Connection,
    edits: readonly WriteEdit[],
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<WriteReport> {
    await this.#point('write', connection, signal);
    if (options.epoch !== this.epoch) throw new BoardError('epoch', 'another epoch');
    if (this.info.inUse && options.besideOwner !== true)
      throw new BoardError('locked', 'another process owns it');
    this.writes.push([...edits]);
    this.writeOptions.push(options);
    const spans: WriteSpan[] = [];
    for (const [index, edit] of edits.entries()) {
      if (index === edits.length >> 1) await this.#point('write-half', connection, signal);
      for (let i = 0; i < edit.bytes.length; i++) spans.push(this.#writeByte(edit, i));
    }
    await this.#point('write-done', connection, signal);
    return { spans, at: this.#time.now(), epoch: options.epoch };
  }

  #writeByte(edit: WriteEdit, i: number): WriteSpan {
    const offset = edit.offset + i;
    const span = this.unreadable.find((span) => intersectRanges(span, { offset, length: 1 }) !== undefined);
    if (span !== undefined) {
      return { offset, length: 1, outcome: 'refused', reason: span.reason, now: new Uint8Array(1) };
    }
    const same = this.bytes[offset] === edit.seen[i];
    if (same) this.bytes[offset] = edit.bytes[i] ?? 0;
    const now = this.bytes.slice(offset, offset + 1);
    return { offset, length: 1, outcome: same ? 'verified' : 'conflict', now };
  }

  async #point(point: HookPoint, connection: Connection | undefined, signal: AbortSignal): Promise<void> {
    throwIfCancelled(signal);
    if (connection?.lost !== undefined) throw connection.lost;
    await this.hook(point);
    throwIfCancelled(signal);
    if (connection?.lost !== undefined) throw connection.lost;
  }
}

const boardInfo: BoardInfo = {
  device: 'scripted',
  family: 'simulated',
  generation: 'aie',
  findings: [],
  hostName: 'scripted',
  kernel: 'none',
  machine: 'none',
  pageSize: 4096,
  bootId: 'boot',
  coreVersion: '',
};

/** Runs what is due without time passing: promises that are already settled. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
