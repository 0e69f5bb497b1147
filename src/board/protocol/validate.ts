/**
 * Checks of everything that a core answers, whichever carrier brought it. Types, bounds, counts against what was asked;
 * text is bounded and freed of control characters before anyone shows it. All throw `protocol`.
 */
import { unreadableReasons } from '../../model/byte-state.ts';
import {
  type ArrayShape,
  type ByteRange,
  type ColumnRange,
  formatTile,
  memoryTypes,
  mostColumns,
  mostMemoryBytes,
  mostRows,
  type RowRange,
  type Tile,
  tileCount,
} from '../../model/geometry.ts';
import { isPartitionKey, type PartitionKey } from '../../model/partition-key.ts';
import { clean, cleanLine } from '../../model/plain.ts';
import type { RawTileStatus } from '../../model/status/status.ts';
import type {
  BoardNotice,
  CoreRegisters,
  CoreState,
  Hold,
  Owner,
  PartitionInfo,
  UnreadableSpan,
} from '../board.ts';
import { BoardError, type BoardErrorCode, type ErrorFacts } from '../errors.ts';
import {
  type CoreDescription,
  type CoreHello,
  type CoreList,
  type CoreMemory,
  type CoreOpened,
  maxStatusTiles,
  outcomeNames,
  outcomeRecordWords,
  protocolVersion,
  writeRecordWords,
} from './core-client.ts';
import { type Header, isMap } from './frames.ts';

const maxText = 4096;
const maxEpoch = 512;
/** More than a core lets a look wait. */
const mostWaitMs = 60_000;
const maxPartitions = 256;
const maxMemories = 16;
const maxFindings = 256;
/** Attributes of one tile, and characters of one of them. */
const maxFiles = 16;
const maxFileText = 16_384;
/** Bytes of one tile's address space: the largest row shift is 20. */
const tileSpace = 2 ** 20;
/** More runs of unreadable bytes than any answer has. */
const maxSpans = 262_144;

const families = ['linux-2020', 'linux-xlnx-static', 'linux-xlnx-aperture', 'unknown'] as const;

/** Error codes that a core may send: what it can know. Others count as `internal`. */
const coreCodes: ReadonlySet<string> = new Set<BoardErrorCode>([
  'no-device',
  'other-device',
  'permission',
  'busy',
  'no-partition',
  'no-memory-types',
  'no-pidfd',
  'owner-hidden',
  'no-descriptor',
  'kernel-held',
  'columns-taken',
  'not-asked',
  'gave-way',
  'no-quiet',
  'no-match',
  'hold-failed',
  'no-halting',
  'debug-in-use',
  'no-recording',
  'unknown-driver',
  'driver',
  'epoch',
  'locked',
  'out-of-range',
  'cancelled',
  'timeout',
  'protocol',
  'internal',
  'agent-version',
]);

/** The handshake's answer. Throws `agent-version` if the core speaks another protocol. */
export function checkHello(header: Header): CoreHello {
  const protocol = integer(header, 'protocol', 0, 2 ** 31);
  if (protocol !== protocolVersion) {
    const facts = { have: protocol, want: protocolVersion, core: optionalText(header, 'core') };
    throw new BoardError(
      'agent-version',
      `the core speaks protocol ${protocol}, not ${protocolVersion}`,
      facts,
    );
  }
  return {
    core: text(header, 'core'),
    pid: integer(header, 'pid', 0, 2 ** 31),
    hostName: text(header, 'hostName'),
    kernel: text(header, 'kernel'),
    machine: text(header, 'machine'),
    pageSize: integer(header, 'pageSize', 1024, 2 ** 24),
    bootId: text(header, 'bootId'),
    uid: integer(header, 'uid', 0, 2 ** 32),
  };
}

export function checkDescription(header: Header): CoreDescription {
  const array = header['array'];
  return {
    device: text(header, 'device'),
    family: oneOf(header, 'family', families),
    generation: oneOf(header, 'generation', ['aie', 'aieml', 'aie2ps', 'unknown']),
    ...(absent(array) ? {} : { array: checkShape(map(array, 'the array')) }),
    findings: list(header, 'findings', maxFindings).map((line) => {
      if (typeof line !== 'string') return bad('a finding is not text');
      return clean(line);
    }),
    list: checkPartitions(header),
  };
}

/** The keys `partitions` and `free` of a header. */
export function checkPartitions(header: Header): CoreList {
  const partitions = list(header, 'partitions', maxPartitions).map((value) =>
    checkPartition(map(value, 'a partition')),
  );
  if (new Set(partitions.map(({ key }) => key)).size !== partitions.length) bad('two partitions of one key');
  let end = 0;
  const free = list(header, 'free', maxPartitions).map((value): ColumnRange => {
    const [startCol, numCols] = pair(value, 'a run of free columns');
    const fits = startCol >= end && numCols >= 1 && startCol <= mostColumns && numCols <= mostColumns;
    if (!fits) bad(`free columns ${startCol} + ${numCols}`);
    end = startCol + numCols;
    return { startCol, numCols };
  });
  return { partitions, free };
}

function checkPartition(one: Header): PartitionInfo {
  const inUse = flag(one, 'inUse');
  const ownerGone = flag(one, 'ownerGone');
  const { owner, hold } = one;
  if (ownerGone && absent(hold)) bad('a partition whose owner is gone and that nobody holds');
  const owned = inUse && !ownerGone && !absent(owner);
  return {
    key: checkKey(one, 'key'),
    id: integer(one, 'id', 0, 2 ** 32 - 1),
    columns: checkColumns(one),
    startRow: integer(one, 'startRow', 0, mostRows),
    numRows: integer(one, 'numRows', 1, mostRows),
    inUse,
    ...(owned ? { owner: checkOwner(map(owner, 'an owner')) } : {}),
    ...(absent(hold) ? {} : { hold: checkHold(map(hold, 'a hold')) }),
    ownerGone,
    picked: flag(one, 'picked'),
    clocksOn: flag(one, 'clocksOn'),
    epoch: checkEpoch(one),
  };
}

/** A partition's key, under this name in the header. */
export function checkKey(header: Header, name: string): PartitionKey {
  const value = header[name];
  return isPartitionKey(value) ? value : bad(`${name} cannot be the key of a partition`);
}

/** The answer to `open`: the partition's columns and, within them, its memories, each type once, sane sizes. */
export function checkOpened(header: Header): CoreOpened {
  const columns = checkColumns(header);
  return { columns, memories: checkMemories(header, columns) };
}

function checkMemories(header: Header, within: ColumnRange): CoreMemory[] {
  const memories = list(header, 'memories', maxMemories).map((value): CoreMemory => {
    const one = map(value, 'a memory');
    const memory = {
      type: oneOf(one, 'type', memoryTypes),
      ...checkColumns(one),
      startRow: integer(one, 'startRow', 0, mostRows),
      numRows: integer(one, 'numRows', 1, mostRows),
      bytesPerTile: integer(one, 'bytesPerTile', 16, 2 ** 24),
      tileBase: integer(one, 'tileBase', 0, 2 ** 32 - 1),
      writable: flag(one, 'writable'),
    };
    const inside =
      memory.startCol >= within.startCol &&
      memory.startCol + memory.numCols <= within.startCol + within.numCols;
    if (!inside) bad(`${memory.type} memory lies outside the partition's columns`);
    if (memory.bytesPerTile % 16 !== 0) bad(`${memory.bytesPerTile} bytes per tile are not whole lines`);
    if (tileCount(memory) * memory.bytesPerTile > mostMemoryBytes) bad(`${memory.type} memory is too large`);
    return memory;
  });
  if (new Set(memories.map((memory) => memory.type)).size !== memories.length)
    bad('a memory type came twice');
  if (memories.length === 0) throw new BoardError('no-memory-types', 'the core found no memory type');
  return memories;
}

/** The key `epoch`: opaque, sent back as it came. */
export function checkEpoch(header: Header): string {
  const value = header['epoch'];
  if (typeof value !== 'string' || value.length > maxEpoch) return bad('epoch is not a short text');
  return value;
}

/** The key `words`: of 32 bits, that a watch has read. */
export function checkWords(header: Header): number {
  return integer(header, 'words', 0, Number.MAX_SAFE_INTEGER);
}

/** The key `coveredMs`: missing where the last look got to its end; null, here infinite, before any did. */
export function checkCovered(header: Header): { readonly coveredMs?: number } {
  const value = header['coveredMs'];
  if (value === undefined) return {};
  if (value === null) return { coveredMs: Number.POSITIVE_INFINITY };
  return { coveredMs: integer(header, 'coveredMs', 0, Number.MAX_SAFE_INTEGER) };
}

/** How long a look that nobody asks for would be kept waiting, in milliseconds. */
export function checkWait(header: Header): number {
  return integer(header, 'waitMs', 0, mostWaitMs);
}

/** An `error` answer as the error it stands for. Never throws. */
export function errorFrom(header: Header): BoardError {
  const code = header['code'];
  const known = typeof code === 'string' && coreCodes.has(code);
  const detail = typeof header['detail'] === 'string' ? clean(header['detail']) : 'no detail';
  const facts: Record<string, string | number> = {};
  if (isMap(header['facts'])) {
    for (const [key, value] of Object.entries(header['facts']).slice(0, 32)) {
      if (!/^[a-zA-Z]{1,32}$/.test(key)) continue;
      if (typeof value === 'string') facts[key] = clean(value);
      else if (typeof value === 'number' && Number.isFinite(value)) facts[key] = value;
    }
  }
  const errno = header['errno'];
  if (typeof errno === 'number' && Number.isSafeInteger(errno)) facts['errno'] = errno;
  return new BoardError(known ? (code as BoardErrorCode) : 'internal', detail, facts);
}

/** How much of a search is done, in bytes. */
export function checkBytes(header: Header): number {
  return integer(header, 'bytes', 0, Number.MAX_SAFE_INTEGER);
}

/** Offsets of 4 bytes; at least one, so that there are no more messages than hits. */
export function readHitRecords(payload: Uint8Array): Uint32Array {
  if (payload.length === 0 || payload.length % 4 !== 0) bad(`${payload.length} bytes of hits`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  return Uint32Array.from({ length: payload.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

/** Records of 12 bytes: offset, length, reason. Appended to `into`. */
export function readSpanRecords(payload: Uint8Array, into: UnreadableSpan[]): void {
  if (payload.length % 12 !== 0) bad(`${payload.length} bytes of span records`);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  for (let at = 0; at < payload.length; at += 12) {
    addSpan(into, view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true));
  }
}

/** The same records as words, as the addon gives them. */
export function readSpanWords(words: Uint32Array, into: UnreadableSpan[]): void {
  if (words.length % 3 !== 0) bad(`${words.length} words of span records`);
  for (let at = 0; at < words.length; at += 3) {
    addSpan(into, words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0);
  }
}

function addSpan(into: UnreadableSpan[], offset: number, length: number, code: number): void {
  const reason = unreadableReasons[code] ?? bad(`unreadable for reason ${code}`);
  if (length === 0 || offset + length > 2 ** 32) bad(`an unreadable span of ${length} bytes at ${offset}`);
  if (into.length >= maxSpans) bad('too many unreadable spans');
  into.push({ offset, length, reason });
}

/**
 * Spans cut to the asked ranges (ascending, not overlapping), in order, without overlaps, neighbours of one reason
 * joined. A span that touches no asked range throws.
 */
export function fitSpans(spans: readonly UnreadableSpan[], ranges: readonly ByteRange[]): UnreadableSpan[] {
  const sorted = [...spans].sort((a, b) => a.offset - b.offset);
  const fitted: UnreadableSpan[] = [];
  let index = 0;
  let done = 0;
  for (const span of sorted) {
    const end = span.offset + span.length;
    let at = Math.max(span.offset, done);
    let touched = span.offset < done;
    while (at < end) {
      const range = ranges[index];
      if (range === undefined || range.offset >= end) break;
      if (range.offset + range.length <= at) {
        index++;
        continue;
      }
      touched = true;
      const from = Math.max(at, range.offset);
      const to = Math.min(end, range.offset + range.length);
      const last = fitted.at(-1);
      if (last !== undefined && last.reason === span.reason && last.offset + last.length === from) {
        fitted[fitted.length - 1] = { offset: last.offset, length: to - last.offset, reason: span.reason };
      } else {
        fitted.push({ offset: from, length: to - from, reason: span.reason });
      }
      at = to;
      done = to;
    }
    if (!touched) bad(`an unreadable span at ${span.offset} that nobody asked for`);
  }
  return fitted;
}

/** Zeroes the bytes of fitted spans in the arrays of their ranges. */
export function blank(
  bytes: readonly Uint8Array[],
  ranges: readonly ByteRange[],
  spans: readonly UnreadableSpan[],
): void {
  let index = 0;
  for (const span of spans) {
    const end = span.offset + span.length;
    for (let i = index; i < ranges.length; i++) {
      const range = ranges[i];
      if (range === undefined || range.offset >= end) break;
      if (range.offset + range.length <= span.offset) {
        index = i + 1;
        continue;
      }
      bytes[i]?.fill(0, Math.max(0, span.offset - range.offset), end - range.offset);
    }
  }
}

/** Collects outcome records and checks each against the word that was asked at its place. */
export class OutcomeCollector {
  readonly outcomes: Uint32Array;
  readonly #words: Uint32Array;
  #count = 0;

  constructor(words: Uint32Array) {
    this.#words = words;
    this.outcomes = new Uint32Array((words.length / writeRecordWords) * outcomeRecordWords);
  }

  /** Records of 12 bytes: offset, outcome | reason << 8, the word now. */
  pushBytes(payload: Uint8Array): void {
    if (payload.length % 12 !== 0) bad(`${payload.length} bytes of outcome records`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at < payload.length; at += 12) {
      this.#push(view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true));
    }
  }

  /** The same records as words. */
  pushWords(words: Uint32Array): void {
    if (words.length % outcomeRecordWords !== 0) bad(`${words.length} words of outcome records`);
    for (let at = 0; at < words.length; at += outcomeRecordWords) {
      this.#push(words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0);
    }
  }

  /** All outcomes. Throws if some are missing. */
  finish(): Uint32Array {
    const asked = this.#words.length / writeRecordWords;
    if (this.#count !== asked) bad(`${this.#count} outcomes for ${asked} words`);
    return this.outcomes;
  }

  #push(offset: number, code: number, now: number): void {
    const asked = this.#words[this.#count * writeRecordWords];
    if (asked !== offset) bad(`an outcome for buffer offset ${offset} instead of ${asked}`);
    const outcome = outcomeNames[code & 0xff];
    const reason = code >>> 8;
    if (outcome === undefined) bad(`outcome ${code & 0xff}`);
    if (reason >= unreadableReasons.length) bad(`outcome for reason ${reason}`);
    const failed = outcome === 'refused' || outcome === 'unreadable';
    if (failed && reason === 0) bad(`${outcome} without a reason`);
    const at = this.#count * outcomeRecordWords;
    this.outcomes[at] = offset;
    this.outcomes[at + 1] = code;
    this.outcomes[at + 2] = now;
    this.#count++;
  }
}

/** One flag of an answer. */
/** `start-refused`: which columns, and whose start it was. */
export function checkRefusedStart(header: Header): BoardNotice {
  const columns = {
    startCol: integer(header, 'startCol', 0, 0xffff),
    numCols: integer(header, 'numCols', 1, 0xffff),
  };
  const pid = integer(header, 'pid', 0, Number.MAX_SAFE_INTEGER);
  return { kind: 'start-refused', columns, pid, command: text(header, 'command') };
}

/** The name of a call of the driver, or nothing. */
export function checkCall(header: Header): string {
  return text(header, 'call').slice(0, 80);
}

/** The number of a mark. */
export function checkMark(header: Header): number {
  const { mark } = header;
  return typeof mark === 'number' && Number.isSafeInteger(mark) && mark > 0 ? mark : bad('a mark');
}

/** The driver does not return from `call`. */
export function hungError(call: string, facts: ErrorFacts = {}): BoardError {
  return new BoardError('driver-hung', `no answer of the driver to ${call}`, { ...facts, call });
}

export function checkFlag(header: Header, key: string): boolean {
  return flag(header, key);
}

/** What came of an act on a core. */
export function checkCoreState(header: Header): CoreState {
  const [status, debugStatus, counter] = (['status', 'debugStatus', 'counter'] as const).map((key) =>
    integer(header, key, 0, 2 ** 32 - 1),
  ) as [number, number, number];
  const code = integer(header, 'reason', 0, unreadableReasons.length - 1);
  return { reason: unreadableReasons[code], status, debugStatus, counter };
}

/** More registers of one name, and more names, than any core has. */
const mostRegisters = 64;

/** Words of a core's registers by name. */
export function checkCoreRegisters(header: Header): CoreRegisters {
  const code = integer(header, 'reason', 0, unreadableReasons.length - 1);
  const given = header['registers'];
  if (!isMap(given)) return bad('registers that are no map');
  const words = new Map<string, readonly number[]>();
  for (const [name, list] of Object.entries(given)) {
    const isGood =
      /^[a-z]{1,4}$/.test(name) &&
      Array.isArray(list) &&
      list.length <= mostRegisters &&
      list.every((one) => Number.isInteger(one) && one >= 0 && one < 2 ** 32);
    if (!isGood || words.size >= mostRegisters) bad('registers that are no words by name');
    words.set(name, list as number[]);
  }
  return { reason: unreadableReasons[code], words };
}

/** How many cores could not be reached to let them go on. */
export function checkLeft(header: Header): number {
  return integer(header, 'left', 0, maxStatusTiles);
}

/** Collects what came of each asked tile, in the order asked. */
export class StatusCollector {
  readonly #asked: readonly Tile[];
  readonly #tiles: RawTileStatus[] = [];

  constructor(asked: readonly Tile[]) {
    this.#asked = asked;
  }

  /** A tile's header and its register words: records of 8 bytes, offset and value, ascending by offset. */
  pushBytes(header: Header, payload: Uint8Array): void {
    if (payload.length % 8 !== 0) bad(`${payload.length} bytes of register records`);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const words = new Uint32Array(payload.length / 4);
    for (let i = 0; i < words.length; i++) words[i] = view.getUint32(4 * i, true);
    this.pushWords(header, words);
  }

  /** The same with the records as words. */
  pushWords(header: Header, words: Uint32Array): void {
    const tile = this.#asked[this.#tiles.length];
    if (tile === undefined) throw bad('more tiles than were asked for');
    if (header['col'] !== tile.col || header['row'] !== tile.row)
      bad(`another tile instead of ${formatTile(tile)}`);
    const reason = unreadableReasons[integer(header, 'reason', 0, unreadableReasons.length - 1)];
    const source = oneOf(header, 'source', ['sysfs', 'registers']);
    const { files } = header;
    if (source === 'registers' && !absent(files)) bad('attributes of a tile whose registers were read');
    this.#tiles.push({
      tile,
      kind: oneOf(header, 'kind', ['shim', 'memory', 'core']),
      ...(reason === undefined ? {} : { reason }),
      source,
      registers: registerWords(words),
      files: absent(files) ? new Map() : fileTexts(map(files, 'attributes')),
    });
  }

  /** All tiles. Throws if some are missing. */
  finish(): readonly RawTileStatus[] {
    if (this.#tiles.length !== this.#asked.length) {
      bad(`${this.#tiles.length} tiles instead of ${this.#asked.length}`);
    }
    return this.#tiles;
  }
}

function registerWords(words: Uint32Array): Map<number, number> {
  if (words.length % 2 !== 0) bad(`${words.length} words of register records`);
  const registers = new Map<number, number>();
  let next = 0;
  for (let at = 0; at < words.length; at += 2) {
    const offset = words[at] ?? 0;
    if (offset < next || offset % 4 !== 0 || offset >= tileSpace) bad(`a register at ${offset}`);
    registers.set(offset, words[at + 1] ?? 0);
    next = offset + 4;
  }
  return registers;
}

function fileTexts(files: Header): Map<string, string> {
  const entries = Object.entries(files);
  if (entries.length > maxFiles) bad(`${entries.length} attributes of one tile`);
  return new Map(
    entries.map(([name, value]) => {
      if (!/^[a-z_]{1,32}$/.test(name)) bad('the name of an attribute');
      if (typeof value !== 'string' || value.length > maxFileText) return bad(`attribute ${name}`);
      return [name, value.split('\n').map(cleanLine).join('\n')];
    }),
  );
}

/** A text of the header, bounded, without control characters. */
function text(header: Header, key: string): string {
  const value = header[key];
  if (typeof value !== 'string') return bad(`${key} is not text`);
  if (value.length > maxText) return bad(`${key} has ${value.length} characters`);
  return clean(value);
}

/** A whole number of the header within bounds, both included. */
export function integer(header: Header, key: string, least: number, most: number): number {
  const value = header[key];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return bad(`${key} is not a whole number`);
  if (value < least || value > most) return bad(`${key} is ${value}`);
  return value;
}

function optionalText(header: Header, key: string): string {
  return typeof header[key] === 'string' ? clean(header[key]) : '';
}

function checkColumns(one: Header): ColumnRange {
  return {
    startCol: integer(one, 'startCol', 0, mostColumns),
    numCols: integer(one, 'numCols', 1, mostColumns),
  };
}

function checkOwner(one: Header): Owner {
  return {
    kind: oneOf(one, 'kind', ['process', 'kernel', 'hidden']),
    pid: integer(one, 'pid', 0, 2 ** 31),
    command: text(one, 'command'),
    startedAt: integer(one, 'startedAt', 0, Number.MAX_SAFE_INTEGER),
  };
}

function checkHold(one: Header): Hold {
  return {
    pid: integer(one, 'pid', 1, 2 ** 31),
    since: integer(one, 'since', 0, Number.MAX_SAFE_INTEGER),
    until: integer(one, 'until', 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Rows of no two kinds may be the same. */
function checkShape(one: Header): ArrayShape {
  const rows = (key: 'shim' | 'memory' | 'core'): RowRange => {
    const [start, count] = pair(one[key], `${key} rows`);
    if (start > mostRows || count > mostRows) bad(`${count} ${key} rows from ${start}`);
    return { start, count };
  };
  const shape = {
    numCols: integer(one, 'numCols', 0, mostColumns),
    shim: rows('shim'),
    memory: rows('memory'),
    core: rows('core'),
  };
  const runs = [shape.shim, shape.memory, shape.core]
    .filter(({ count }) => count > 0)
    .sort((a, b) => a.start - b.start);
  let end = 0;
  for (const { start, count } of runs) {
    if (start < end) bad(`a row of two kinds: ${start}`);
    end = start + count;
  }
  return shape;
}

/** Two whole numbers, none negative. */
function pair(value: unknown, what: string): [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return bad(`${what} are no pair`);
  const [first, second]: unknown[] = value;
  if (!isCount(first) || !isCount(second)) return bad(`${what} are no whole numbers`);
  return [first, second];
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function flag(header: Header, key: string): boolean {
  const value = header[key];
  return typeof value === 'boolean' ? value : bad(`${key} is not yes or no`);
}

function list(header: Header, key: string, most: number): readonly unknown[] {
  const value = header[key];
  if (!Array.isArray(value)) return bad(`${key} is not a list`);
  return value.length > most ? bad(`${key} has ${value.length} entries`) : value;
}

function map(value: unknown, what: string): Header {
  return isMap(value) ? value : bad(`${what} is not a map`);
}

function oneOf<T extends string>(header: Header, key: string, values: readonly T[]): T {
  return values.find((value) => value === header[key]) ?? bad(`${key} is none of ${values.join(', ')}`);
}

/** Throws `protocol`: an answer holds something that it must not. */
export function bad(what: string): never {
  throw new BoardError('protocol', `the other side sent something that is not allowed: ${what}`);
}
