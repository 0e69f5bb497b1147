/**
 * A file of a snapshot, or a core dump, as a board: one partition whose bytes are those of the file. It can be looked at and compared; whatever
 * needs a device is refused with `snapshot`. Knows no editor.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Emitter } from '../../model/event.ts';
import { FileError } from '../../model/files/file-error.ts';
import type { BoardPattern } from '../../model/find/board-pattern.ts';
import { type ByteRange, formatTile, type MemoryType, totalBytes } from '../../model/geometry.ts';
import type { PlacedName } from '../../model/program/build.ts';
import { intersectRanges, mergeRanges } from '../../model/ranges.ts';
import type {
  Board,
  BoardConnector,
  BoardInfo,
  FindOptions,
  FindResult,
  KeptNames,
  Partition,
  PartitionInfo,
  PartitionMemory,
  PartitionOwnership,
  ReadResult,
  RecordingHandle,
  Survey,
  UnreadableSpan,
  Watch,
} from '../board.ts';
import { BoardError, throwIfCancelled } from '../errors.ts';
import { FoundInReads, findInRead } from '../find-by-reading.ts';
import { maxHits } from '../protocol/core-client.ts';
import { formatReport } from '../report.ts';
import { readKept } from './kept-file.ts';
import type { SavedMemory, SavedSnapshot } from './snapshot-file.ts';

/** A larger file is no snapshot. */
const mostFileBytes = 1 << 30;

const families: readonly BoardInfo['family'][] = [
  'linux-2020',
  'linux-xlnx-static',
  'linux-xlnx-aperture',
  'simulated',
];

/** Opens the file anew at every connection. */
export function createSnapshotConnector(path: string, toolVersion: string): BoardConnector {
  return {
    async connect({ log, onStep }, signal) {
      throwIfCancelled(signal);
      onStep('connecting');
      const snapshot = await contentOf(path, signal);
      log.info(`snapshot of ${snapshot.label}, epoch ${snapshot.epoch}`);
      return new SnapshotBoard(snapshot, path, toolVersion);
    },
  };
}

/** Shows a snapshot that no file holds. */
export function createKeptConnector(snapshot: SavedSnapshot, toolVersion: string): BoardConnector {
  return {
    async connect(_context, signal) {
      throwIfCancelled(signal);
      return new SnapshotBoard(snapshot, snapshot.label, toolVersion);
    },
  };
}

async function contentOf(path: string, signal: AbortSignal): Promise<SavedSnapshot> {
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > mostFileBytes) throw new FileError('file-too-large', { most: mostFileBytes });
    return readKept(await readFile(path, { signal }), basename(path), Math.max(0, Math.floor(mtimeMs)));
  } catch (error) {
    throwIfCancelled(signal);
    const detail = error instanceof Error ? error.message : String(error);
    throw new BoardError('snapshot-file', detail, { path }, error);
  }
}

/** What a file cannot do. */
function noDevice(): Promise<never> {
  return Promise.reject(new BoardError('snapshot', 'asked of a snapshot'));
}

/** The names of a snapshot, by their places. */
function keptNames({ names, kernels }: SavedSnapshot): KeptNames {
  const byPlace = new Map<string, PlacedName[]>();
  for (const name of names) {
    const place = `${name.memory} ${formatTile(name.tile)}`;
    const there = byPlace.get(place);
    if (there === undefined) byPlace.set(place, [name]);
    else there.push(name);
  }
  const byTile = new Map(kernels.map(({ tile, name }) => [formatTile(tile), name]));
  return {
    names: (memory, tile) => byPlace.get(`${memory} ${formatTile(tile)}`) ?? [],
    tileName: (tile) => byTile.get(formatTile(tile)) ?? '',
  };
}

class SnapshotBoard implements Board {
  readonly info: BoardInfo;
  readonly #snapshot: SavedSnapshot;
  readonly #partition: SnapshotPartition;
  readonly #path: string;
  readonly #toolVersion: string;
  #isClosed = false;

  readonly onDidNotice: Board['onDidNotice'] = new Emitter<never>().event;
  readonly onDidChangePartitions: Board['onDidChangePartitions'] = new Emitter<never>().event;
  readonly onDidClose: Board['onDidClose'] = new Emitter<never>().event;
  readonly freeColumns = [];
  readonly unaskedWaitMs = 0;
  readonly names: KeptNames;

  constructor(snapshot: SavedSnapshot, path: string, toolVersion: string) {
    const { board, label, at } = snapshot;
    this.#snapshot = snapshot;
    this.names = keptNames(snapshot);
    this.#path = path;
    this.#toolVersion = toolVersion;
    this.#partition = new SnapshotPartition(snapshot);
    const { array } = board;
    this.info = {
      device: board.device,
      family: families.find((family) => family === board.family) ?? 'unknown',
      generation: board.generation,
      ...(array === undefined ? {} : { array }),
      findings: [`snapshot of ${label}`, `taken at ${new Date(at).toISOString()}`],
      hostName: board.hostName,
      kernel: board.kernel,
      machine: board.machine,
      pageSize: 4096,
      bootId: '',
      coreVersion: '',
    };
  }

  async partitions(signal: AbortSignal): Promise<readonly PartitionInfo[]> {
    this.#check(signal);
    const { partition, epoch } = this.#snapshot;
    const { key, columns, startRow, numRows } = partition;
    const free = { inUse: false, ownerGone: false, picked: false, clocksOn: false };
    return [{ key, id: 0, columns, startRow, numRows, ...free, epoch: epochOf(epoch) }];
  }

  pick(): Promise<never> {
    return noDevice();
  }

  async open(key: string, _options: unknown, signal: AbortSignal): Promise<Partition> {
    this.#check(signal);
    if (key !== this.#partition.key)
      throw new BoardError('no-partition', `the snapshot is of ${this.#partition.key}`);
    return this.#partition;
  }

  ownership(): PartitionOwnership {
    return { hold: noDevice, takeKernelDescriptor: noDevice };
  }

  async report(signal: AbortSignal): Promise<string> {
    return formatReport({
      info: this.info,
      partitions: await this.partitions(signal),
      freeColumns: [],
      opened: [this.#partition],
      toolVersion: this.#toolVersion,
      route: [`snapshot ${this.#path}`],
      uid: -1,
    });
  }

  async dispose(): Promise<void> {
    this.#isClosed = true;
  }

  #check(signal: AbortSignal): void {
    throwIfCancelled(signal);
    if (this.#isClosed)
      throw new BoardError('connection-lost', 'the snapshot was closed', { host: this.#snapshot.label });
  }
}

/** The name of an epoch is never empty: that is what ended ones are called. */
function epochOf(epoch: string): string {
  return epoch === '' ? 'snapshot' : epoch;
}

class SnapshotPartition implements Partition {
  readonly key: string;
  readonly columns: Partition['columns'];
  readonly memories: readonly PartitionMemory[];

  constructor(snapshot: SavedSnapshot) {
    this.key = snapshot.partition.key;
    this.columns = snapshot.partition.columns;
    this.memories = snapshot.memories.map((memory) => new SnapshotMemory(memory, snapshot));
  }

  memory(type: MemoryType): PartitionMemory | undefined {
    return this.memories.find(({ geometry }) => geometry.type === type);
  }

  status = noDevice;
  enableClocks = noDevice;
  hold = noDevice;
  takeKernelDescriptor = noDevice;
  allowHalting = noDevice;
  actOnCore = noDevice;
  readCore = noDevice;
  endHalting = noDevice;
}

class SnapshotMemory implements PartitionMemory {
  readonly geometry: PartitionMemory['geometry'];
  readonly writable = false;
  readonly #memory: SavedMemory;
  readonly #at: number;
  readonly #epoch: string;

  constructor(memory: SavedMemory, { at, epoch }: SavedSnapshot) {
    this.geometry = memory.geometry;
    this.#memory = memory;
    this.#at = at;
    this.#epoch = epochOf(epoch);
  }

  async read(ranges: readonly ByteRange[], _options: unknown, signal: AbortSignal): Promise<ReadResult> {
    throwIfCancelled(signal);
    const whole = { offset: 0, length: totalBytes(this.geometry) };
    const { bytes, missing } = this.#memory;
    for (const range of ranges) {
      if (intersectRanges(range, whole)?.length !== range.length) {
        throw new BoardError('out-of-range', `${range.offset}+${range.length} of ${whole.length}`);
      }
    }
    const pieces = ranges.map((range) => ({
      range,
      bytes: bytes.slice(range.offset, range.offset + range.length),
    }));
    const asked = missing.filter((run) => ranges.some((range) => intersectRanges(run, range) !== undefined));
    const unreadable = asked.map(({ offset, length, reason }): UnreadableSpan => {
      return { offset, length, reason: reason ?? 'not-read' };
    });
    return { pieces, unreadable: clipped(unreadable, ranges), at: this.#at, epoch: this.#epoch };
  }

  async find(
    ranges: readonly ByteRange[],
    pattern: BoardPattern,
    { most = maxHits, onHits }: FindOptions,
    signal: AbortSignal,
  ): Promise<FindResult> {
    const asked = mergeRanges(ranges);
    const { pieces, unreadable, at, epoch } = await this.read(asked, {}, signal);
    const all = new FoundInReads(most);
    for (const piece of pieces) {
      const { left } = all;
      if (left === 0) break;
      const { bytesPerTile } = this.geometry;
      const found = await findInRead({ ...piece, unreadable }, pattern, left, bytesPerTile, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        throwIfCancelled(signal);
      });
      onHits?.(found.offsets, found.lengths);
      all.add(found);
    }
    return { ...all.result(asked, unreadable), at, epoch };
  }

  write(): Promise<never> {
    return noDevice();
  }

  /** Nothing ever changes. */
  watch(): Watch {
    const ended = Promise.resolve(new BoardError('not-asked', 'a snapshot does not change'));
    return { seen: () => undefined, change: () => undefined, ended, dispose: () => undefined };
  }

  survey(): Survey {
    return this.watch();
  }

  recording(): RecordingHandle {
    return { arm: noDevice, setPace: noDevice, part: noDevice, end: noDevice };
  }
}

/** The parts of ascending spans that lie in one of the ranges, ascending, none twice. */
function clipped(spans: readonly UnreadableSpan[], ranges: readonly ByteRange[]): UnreadableSpan[] {
  const parts = spans.flatMap((span) =>
    ranges.flatMap((range) => {
      const part = intersectRanges(span, range);
      return part === undefined ? [] : [{ ...part, reason: span.reason }];
    }),
  );
  const sorted = parts.sort((a, b) => a.offset - b.offset || b.length - a.length);
  const result: UnreadableSpan[] = [];
  for (const part of sorted) {
    const last = result.at(-1);
    const end = last === undefined ? 0 : last.offset + last.length;
    const offset = Math.max(part.offset, end);
    const length = part.offset + part.length - offset;
    if (length > 0) result.push({ offset, length, reason: part.reason });
  }
  return result;
}
