/**
 * A native core at the other end of a byte stream: the agent, over an SSH channel, a child process or `sudo`.
 * Knows frames, requests and time; not how the stream came to be.
 */
import type { Readable, Writable } from 'node:stream';
import { Emitter } from '../../model/event.ts';
import type { ByteRange, ColumnRange, Tile } from '../../model/geometry.ts';
import type { PartitionKey } from '../../model/partition-key.ts';
import { clean } from '../../model/plain.ts';
import {
  type Asking,
  type BoardLog,
  type BoardNotice,
  type CoreAct,
  type CoreRegisters,
  type CoreState,
  defaultDevice,
  type Survey,
  type UnreadableSpan,
  type Watch,
} from '../board.ts';
import { BoundedLines, linesPerMinute } from '../bounded-lines.ts';
import { abortError, BoardError, type ErrorFacts, throwIfCancelled, toBoardError } from '../errors.ts';
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
  holdHours,
  protocolVersion,
  writeRecordWords,
} from './core-client.ts';
import { FindCollector, findHeader, findInGroups } from './find-request.ts';
import { encodeFrame, type Frame, FrameDecoder, type Header, MarkerScanner } from './frames.ts';
import { Outbox } from './outbox.ts';
import { ReadCollector } from './read-collector.ts';
import { checkRecordingPart, EntryCollector } from './recording-part.ts';
import { joinReads, splitRanges, writeGroups } from './split.ts';
import { SurveyCollector } from './survey-collector.ts';
import { UpdateCollector } from './update-collector.ts';
import {
  checkBytes,
  checkCall,
  checkCoreRegisters,
  checkCoreState,
  checkCovered,
  checkDescription,
  checkEpoch,
  checkFlag,
  checkHello,
  checkKey,
  checkLeft,
  checkMark,
  checkOpened,
  checkPartitions,
  checkRefusedStart,
  checkWait,
  checkWords,
  errorFrom,
  hungError,
  OutcomeCollector,
  readHitRecords,
  readSpanRecords,
  StatusCollector,
} from './validate.ts';

/** The two directions of an agent and its end. The client listens to errors of all of them. */
export interface WireStream {
  /** What the agent reads. */
  readonly input: Writable;
  /** What the agent writes: marker, then frames. */
  readonly output: Readable;
  /** Plain text for the log. */
  readonly stderr?: Readable;
  /** Resolves once, when the agent or the way to it is gone, with the reason. */
  readonly closed: Promise<BoardError>;
  /** Ends it, at once. Harmless when it is gone. */
  close(): void;
}

export interface WireOptions {
  readonly log: BoardLog;
  /** Device node on the board; default `/dev/aie0`. */
  readonly device?: string;
  /** Facts for the sentences of errors that arise here: `host`. */
  readonly facts?: ErrorFacts;
  /** Whether the core names each ioctl; default yes. */
  readonly trace?: boolean;
  /** Whether payloads may come deflated where that is sooner; default yes. */
  readonly deflate?: boolean;
  /** The core's limits in ms: after so long without a sign of us it takes nothing, or ends itself. */
  readonly heartbeatMs?: number;
  readonly exitMs?: number;
  /** Between two heartbeats; default 5 s. Three without a sign of life: offline. Six without progress: time-out. */
  readonly pingMs?: number;
  /** How long the marker and the handshake may take; default 20 s. */
  readonly startMs?: number;
}

/** Words per frame of a write. */
const wordsPerFrame = 4096;
/**
 * Requests that the core has heard of at one time, further ones wait here. It takes 256: each of these may be followed by its
 * cancel while none is answered, and there are a ping and `bye`.
 */
const maxOpen = 127;
const silentPings = 3;
const idlePings = 6;
/** How long an ended agent may take to say goodbye. */
const byeMs = 1000;
const traceLinesPerMinute = 20_000;
/** Between the end of the output and the reason for it. */
const endGraceMs = 1000;

interface Pending {
  /** A frame of this request before the last one. Throws `protocol` if it must not come. */
  readonly part: (frame: Frame) => void;
  readonly done: (header: Header) => void;
  readonly fail: (error: BoardError) => void;
  /** Takes back what was not sent; whether the core has heard of it. */
  readonly takeBack: () => boolean;
  /** Heartbeats are no progress. */
  readonly heartbeat: boolean;
  /** A watch: it goes on as long as somebody wants it, and what it tells is no progress of others. */
  readonly standing: boolean;
  /** Heartbeats since the last progress of any request. */
  idle: number;
}

export class WireClient implements CoreClient {
  readonly hello: CoreHello;
  readonly onPartitions;
  readonly onClose;
  readonly onNotice;
  readonly #wire: Wire;

  private constructor(wire: Wire, hello: CoreHello) {
    this.#wire = wire;
    this.hello = hello;
    this.onPartitions = wire.partitions.event;
    this.onClose = wire.closed.event;
    this.onNotice = wire.notices.event;
  }

  /**
   * Waits for the agent's marker and shakes hands. The stream belongs to the client from here on and is closed if that
   * fails: `shell-banner`, `timeout`, `agent-version`, `protocol`, `cancelled`, or what `stream.closed` said.
   */
  static async start(stream: WireStream, options: WireOptions, signal: AbortSignal): Promise<CoreClient> {
    const wire = new Wire(stream, options);
    const limit = setTimeout(() => wire.end(wire.startTimeout()), options.startMs ?? 20_000);
    try {
      throwIfCancelled(signal);
      const header = {
        op: 'hello',
        protocol: protocolVersion,
        trace: options.trace ?? true,
        marks: true,
        deflate: options.deflate ?? true,
        device: options.device ?? defaultDevice,
        heartbeatMs: options.heartbeatMs ?? 15_000,
        exitMs: options.exitMs ?? 60_000,
      };
      await wire.started(signal);
      const hello = checkHello(await wire.ask(header, signal));
      wire.beat();
      return new WireClient(wire, hello);
    } catch (error) {
      const reason = toBoardError(error);
      wire.end(reason);
      throw reason;
    } finally {
      clearTimeout(limit);
    }
  }

  async describe(signal: AbortSignal): Promise<CoreDescription> {
    return this.#wire.checked(() => this.#wire.ask({ op: 'describe' }, signal), checkDescription);
  }

  async partitions(signal: AbortSignal): Promise<CoreList> {
    return this.#wire.checked(() => this.#wire.ask({ op: 'partitions' }, signal), checkPartitions);
  }

  async pick({ startCol, numCols }: ColumnRange, signal: AbortSignal): Promise<PartitionKey> {
    return this.#wire.checked(
      () => this.#wire.ask({ op: 'pick', startCol, numCols }, signal),
      (header) => checkKey(header, 'partition'),
    );
  }

  async open(
    partition: PartitionKey,
    allowUnknown: boolean,
    signal: AbortSignal,
    asking: Asking = 'nobody',
  ): Promise<CoreOpened> {
    return this.#wire.checked(
      () => this.#wire.ask({ op: 'open', partition, allowUnknown, asking }, signal),
      checkOpened,
    );
  }

  async read(
    request: CoreReadRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer> {
    let done = 0;
    const progress = (bytes: number) => {
      done += bytes;
      onProgress?.(done);
    };
    const stop = new AbortController();
    const cancel = () => stop.abort(signal.reason);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      const groups = splitRanges(request.ranges);
      const answers = await Promise.all(
        groups.map((ranges) => this.#readPart(request, ranges, progress, stop.signal)),
      );
      return joinReads(request.ranges, groups, answers);
    } finally {
      // One part that failed ends the others.
      cancel();
      signal.removeEventListener('abort', cancel);
    }
  }

  find(request: CoreFindRequest, events: FindEvents, signal: AbortSignal): Promise<CoreFindAnswer> {
    return findInGroups(request, events, (part, told) => this.#findPart(part, told, signal));
  }

  write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer> {
    return writeGroups(request.words, (words) => this.#writePart(request, words, signal));
  }

  async status(request: CoreStatusRequest, signal: AbortSignal): Promise<CoreStatusAnswer> {
    const collector = new StatusCollector(request.tiles);
    const header = {
      op: 'status',
      partition: request.partition,
      tiles: request.tiles.map(({ col, row }) => [col, row]),
      detail: request.detail,
      asking: request.asking ?? 'nobody',
      goesOn: request.goesOn ?? false,
    };
    return this.#wire.checked(
      () =>
        this.#wire.request(
          function* (id) {
            yield encodeFrame({ id, ...header });
          },
          (frame) => {
            if (frame.header['t'] !== 'tile') throw unexpected(frame.header);
            collector.pushBytes(frame.header, frame.payload);
          },
          signal,
        ),
      (answer) => ({ tiles: collector.finish(), epoch: checkEpoch(answer), waitMs: checkWait(answer) }),
    );
  }

  async setClocks(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#wire.checked(
      () => this.#wire.ask({ op: 'clocks', partition, on }, signal),
      (answer) => checkFlag(answer, 'on'),
    );
  }

  async hold(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<void> {
    await this.#wire.ask({ op: 'hold', partition, on, hours: holdHours }, signal);
  }

  async allowHalting(partition: PartitionKey, epoch: string, signal: AbortSignal): Promise<void> {
    await this.#wire.ask({ op: 'halt', act: 'allow', partition, epoch }, signal);
  }

  async actOnCore(
    partition: PartitionKey,
    { col, row }: Tile,
    act: CoreAct,
    signal: AbortSignal,
  ): Promise<CoreState> {
    return this.#wire.checked(
      () => this.#wire.ask({ op: 'halt', partition, tile: [col, row], ...act }, signal),
      checkCoreState,
    );
  }

  async readCore(partition: PartitionKey, { col, row }: Tile, signal: AbortSignal): Promise<CoreRegisters> {
    return this.#wire.checked(
      () => this.#wire.ask({ op: 'debug-read', partition, tile: [col, row] }, signal),
      checkCoreRegisters,
    );
  }

  async endHalting(partition: PartitionKey, signal: AbortSignal): Promise<number> {
    return this.#wire.checked(() => this.#wire.ask({ op: 'halt', act: 'end', partition }, signal), checkLeft);
  }

  async takeKernelDescriptor(partition: PartitionKey, signal: AbortSignal): Promise<void> {
    await this.#wire.ask({ op: 'kernel-descriptor', partition }, signal);
  }

  async record(request: CoreRecordRequest, signal: AbortSignal): Promise<void> {
    const { recording, ringBytes } = request;
    const header = { ...watchHeader(request), ranges: pairsOf(request.ranges), recording, ringBytes };
    await this.#wire.ask({ op: 'record', ...header }, signal);
  }

  async recording(
    recording: string,
    words: number,
    from: number,
    signal: AbortSignal,
  ): Promise<CoreRecordingPart> {
    const entries = new EntryCollector();
    return this.#wire.checked(
      () =>
        this.#wire.request(
          function* (id) {
            yield encodeFrame({ op: 'recording', id, recording, from });
          },
          (frame) => {
            if (frame.header['t'] !== 'entries') throw unexpected(frame.header);
            entries.push(frame.payload);
          },
          signal,
        ),
      (answer) => checkRecordingPart(answer, entries.words, words),
    );
  }

  async endRecording(recording: string, forget: boolean, signal: AbortSignal): Promise<void> {
    await this.#wire.ask({ op: 'end-recording', recording, forget }, signal);
  }

  watch(request: CoreWatchRequest, onUpdate: (update: CoreUpdate) => void): Watch<CoreWatchRequest> {
    const collector = new UpdateCollector();
    collector.asked(request.ranges);
    let now = request;
    const header = (): Header => ({ ...watchHeader(now), ranges: pairsOf(now.ranges) });
    const stays = this.#stay(header, collector, ({ found, ...update }) =>
      onUpdate({ spans: found, ...update }),
    );
    return {
      ...stays,
      change: (asked) => {
        now = asked;
        collector.asked(asked.ranges);
        stays.post('change', header());
      },
    };
  }

  survey(request: CoreSurveyRequest, onUpdate: (update: CoreSurveyUpdate) => void): Survey {
    const header = (): Header => ({ ...watchHeader(request), survey: request.wordsPerTile });
    const collector = new SurveyCollector(request.wordsPerTile);
    return this.#stay(header, collector, ({ found, ...update }) => onUpdate({ tiles: found, ...update }));
  }

  async dispose(keepRecordings = false): Promise<void> {
    await this.#wire.dispose(keepRecordings);
  }

  /**
   * A `watch` that stays open.
   * @param header what is asked for when the request goes out
   */
  #stay<Found>(
    header: () => Header,
    collector: { push(block: Uint8Array): void; take(): Found },
    onUpdate: (update: Omit<CoreUpdate, 'spans'> & { readonly found: Found }) => void,
  ): Survey & { post(op: string, header: Header): void } {
    const wire = this.#wire;
    const stop = new AbortController();
    let sentAs: number | undefined;
    let epoch: string | undefined;
    let wireBytes = 0;
    const answer = wire.request(
      function* (id) {
        sentAs = id;
        yield encodeFrame({ op: 'watch', id, ...header() });
      },
      ({ header: told, payload, size }) => {
        if (told['t'] !== 'changes' && told['t'] !== 'update') throw unexpected(told);
        collector.push(payload);
        wireBytes += size;
        if (told['t'] !== 'update') return;
        // Told once: another epoch ends the watch.
        epoch ??= checkEpoch(told);
        const looked = { words: checkWords(told), ...checkCovered(told) };
        const update = { found: collector.take(), epoch, ...looked, wireBytes };
        wireBytes = 0;
        onUpdate(update);
      },
      stop.signal,
      true,
    );
    const post = (op: string, more: Header): void => {
      if (sentAs !== undefined && !stop.signal.aborted) {
        wire.postFrame(encodeFrame({ op, id: sentAs, ...more }));
      }
    };
    return {
      post,
      seen: () => post('seen', {}),
      ended: answer.then(
        () => new BoardError('protocol', 'the watch ended without a reason'),
        (error: unknown) => toBoardError(error),
      ),
      dispose: () => stop.abort(),
    };
  }

  async #writePart(
    request: CoreWriteRequest,
    words: Uint32Array,
    signal: AbortSignal,
  ): Promise<CoreWriteAnswer> {
    const { partition, memory, epoch, force, besideOwner, openTiles } = request;
    const collector = new OutcomeCollector(words);
    const step = wordsPerFrame * writeRecordWords;
    const header = { op: 'write', partition, memory, epoch, force, besideOwner, openTiles };
    return this.#wire.checked(
      () =>
        this.#wire.request(
          function* (id) {
            for (let at = 0; at < words.length; at += step) {
              const more = at + step < words.length;
              yield encodeFrame({ id, ...header, more }, recordBytes(words.subarray(at, at + step)));
            }
          },
          (frame) => {
            if (frame.header['t'] !== 'outcomes') throw unexpected(frame.header);
            collector.pushBytes(frame.payload);
          },
          signal,
        ),
      (answer) => ({ outcomes: collector.finish(), epoch: checkEpoch(answer) }),
    );
  }

  #findPart(
    request: CoreFindRequest,
    { onHits, onProgress }: FindEvents,
    signal: AbortSignal,
  ): Promise<CoreFindAnswer> {
    const collector = new FindCollector(request);
    const spans: UnreadableSpan[] = [];
    const header = findHeader(request);
    return this.#wire.checked(
      () =>
        this.#wire.request(
          function* (id) {
            yield encodeFrame({ op: 'find', id, ...header });
          },
          ({ header: told, payload }) => {
            if (told['t'] === 'hits') {
              const { offsets, lengths } = collector.push(readHitRecords(payload));
              onHits?.(offsets, lengths);
            } else if (told['t'] === 'spans') readSpanRecords(payload, spans);
            else if (told['t'] === 'progress') onProgress?.(checkBytes(told));
            else throw unexpected(told);
          },
          signal,
        ),
      (answer) => collector.finish(answer, spans),
    );
  }

  async #readPart(
    request: CoreReadRequest,
    ranges: readonly ByteRange[],
    progress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer> {
    const collector = new ReadCollector(ranges);
    const header = {
      op: 'read',
      partition: request.partition,
      memory: request.memory,
      ranges: ranges.map((range) => [range.offset, range.length]),
      openTiles: request.openTiles,
      asking: request.asking ?? 'nobody',
    };
    return this.#wire.checked(
      () =>
        this.#wire.request(
          function* (id) {
            yield encodeFrame({ id, ...header });
          },
          (frame) => {
            if (frame.header['t'] === 'data') progress(collector.data(frame.header['offset'], frame.payload));
            else if (frame.header['t'] === 'spans') collector.spans(frame.payload);
            else throw unexpected(frame.header);
          },
          signal,
        ),
      (answer) => ({
        unreadable: collector.finish(),
        bytes: collector.bytes,
        epoch: checkEpoch(answer),
        ...(answer['gaveWay'] === true ? { gaveWay: true } : {}),
      }),
    );
  }
}

/** The stream as a table of requests. Everything that comes is checked or ends the connection. */
class Wire {
  readonly partitions = new Emitter<CoreList>();
  readonly closed = new Emitter<BoardError>();
  readonly notices = new Emitter<BoardNotice>();
  readonly #stream: WireStream;
  readonly #options: WireOptions;
  readonly #outbox: Outbox;
  readonly #trace: BoundedLines;
  readonly #marker = new MarkerScanner();
  readonly #decoder = new FrameDecoder();
  readonly #pending = new Map<number, Pending>();
  /** Requests that were given up and whose last frame has not come. */
  readonly #abandoned = new Set<number>();
  /** Requests that wait until the core has room. */
  readonly #backlog = new Map<number, () => void>();
  #markerSeen = false;
  #onStarted: { resolve: () => void; reject: (error: BoardError) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #silent = 0;
  #lastId = 0;
  /** The last one that came; 0: none yet. */
  #lastMark = 0;
  #isPinging = false;
  #ended: BoardError | undefined;
  /** The call of the driver that does not return. */
  #hung: BoardError | undefined;
  #disposed = false;

  constructor(stream: WireStream, options: WireOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#trace = new BoundedLines(traceLinesPerMinute, (line) => options.log.trace(line));
    this.#outbox = new Outbox(stream.input, () => {
      this.#silent = 0;
      this.#progress();
    });
    stream.input.on('error', (error: Error) => options.log.trace(`agent input: ${clean(error.message)}`));
    stream.output.on('error', (error: Error) => options.log.trace(`agent output: ${clean(error.message)}`));
    stream.output.on('data', (chunk: Uint8Array) => this.#receive(chunk));
    stream.output.on('end', () => {
      const error = new BoardError('connection-lost', 'the output of the agent ended', options.facts);
      setTimeout(() => this.end(this.#whyClosed(error)), endGraceMs).unref();
    });
    if (stream.stderr !== undefined) this.#logText(stream.stderr);
    void stream.closed.then((error) => this.end(this.#whyClosed(error)));
  }

  /** Resolves when the marker came. */
  started(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (this.#markerSeen) return resolve();
      const cancel = () => reject(abortError(signal));
      const clear = () => signal.removeEventListener('abort', cancel);
      signal.addEventListener('abort', cancel, { once: true });
      this.#onStarted = {
        resolve: () => {
          clear();
          resolve();
        },
        reject: (error) => {
          clear();
          reject(error);
        },
      };
    });
  }

  /** Begins the heartbeat. */
  beat(): void {
    const period = this.#options.pingMs ?? 5000;
    this.#timer = setInterval(() => this.#tick(period), period);
  }

  /** One request of one frame and one answer without parts. */
  ask(header: Header, signal: AbortSignal): Promise<Header> {
    return this.request(
      function* (id) {
        yield encodeFrame({ id, ...header });
      },
      (frame) => {
        throw unexpected(frame.header);
      },
      signal,
    );
  }

  /**
   * Sends a request and resolves with the header of its `ok`. Cancelling rejects at once; the core is told, and what
   * still comes is dropped. `standing`: it has no end of its own.
   */
  request(
    frames: (id: number) => Iterator<Uint8Array>,
    part: (frame: Frame) => void,
    signal: AbortSignal,
    standing = false,
  ): Promise<Header> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (this.#disposed) return reject(this.#goodbye());
      if (signal.aborted) return reject(abortError(signal));
      if (this.#hung !== undefined) return reject(this.#hung);
      const id = this.#nextId();
      let takeBack = () => {
        this.#backlog.delete(id);
        return false;
      };
      const cancel = () => this.#giveUp(id, abortError(signal));
      const clear = () => signal.removeEventListener('abort', cancel);
      this.#pending.set(id, {
        part,
        done: (header) => {
          clear();
          resolve(header);
        },
        fail: (error) => {
          clear();
          reject(error);
        },
        takeBack: () => takeBack(),
        heartbeat: false,
        standing,
        idle: 0,
      });
      signal.addEventListener('abort', cancel, { once: true });
      this.#backlog.set(id, () => {
        takeBack = this.#outbox.send(frames(id), (error) => this.#giveUp(id, toBoardError(error)));
      });
      this.#sendBacklog();
    });
  }

  /** Says something of a request that was sent; it is not answered. */
  postFrame(frame: Uint8Array): void {
    this.#outbox.sendUrgent(frame);
  }

  /** Asks and checks the answer; an answer that is not allowed ends the connection. */
  async checked<T>(ask: () => Promise<Header>, check: (header: Header) => T): Promise<T> {
    const header = await ask();
    try {
      return check(header);
    } catch (error) {
      const reason = toBoardError(error);
      if (reason.code === 'protocol') this.end(reason);
      throw reason;
    }
  }

  /** Ends everything, once: all requests fail with the error. */
  end(reason: BoardError): void {
    if (this.#ended !== undefined) return;
    const error = this.#disposed ? this.#goodbye() : reason;
    this.#ended = error;
    clearInterval(this.#timer);
    this.#outbox.close();
    this.#stream.close();
    this.#onStarted?.reject(error);
    const open = [...this.#pending.values()];
    this.#pending.clear();
    this.#abandoned.clear();
    this.#backlog.clear();
    for (const one of open) one.fail(error);
    if (!this.#disposed) this.closed.fire(error);
    this.closed.dispose();
    this.partitions.dispose();
    this.notices.dispose();
  }

  async dispose(keepRecordings: boolean): Promise<void> {
    if (this.#disposed || this.#ended !== undefined) return;
    this.#disposed = true;
    const error = this.#goodbye();
    for (const one of this.#pending.values()) one.fail(error);
    for (const id of this.#pending.keys()) this.#abandoned.add(id);
    this.#pending.clear();
    this.#backlog.clear();
    const id = this.#nextId();
    this.#abandoned.add(id);
    this.#outbox.sendUrgent(encodeFrame({ op: 'bye', id, keepRecordings }));
    let limit: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, byeMs);
    });
    await Promise.race([this.#stream.closed, late]);
    clearTimeout(limit);
    this.end(error);
  }

  /** Why there is no agent after the time for starting is over. */
  startTimeout(): BoardError {
    const facts = { ...this.#options.facts };
    if (this.#markerSeen) return new BoardError('timeout', 'the agent did not answer the handshake', facts);
    if (this.#marker.skipped === 0)
      return new BoardError('timeout', 'the agent did not start in time', facts);
    const text = clean(this.#marker.banner);
    return new BoardError('shell-banner', 'text came instead of the agent', { ...facts, text });
  }

  #goodbye(): BoardError {
    return new BoardError('connection-lost', 'the connection was ended here', this.#options.facts);
  }

  #whyClosed(error: BoardError): BoardError {
    if (this.#markerSeen || this.#marker.skipped === 0) return error;
    if (error.code !== 'agent-failed' && error.code !== 'connection-lost') return error;
    const facts = { ...this.#options.facts, text: clean(this.#marker.banner) };
    return new BoardError(
      'shell-banner',
      `text came instead of the agent; then: ${error.message}`,
      facts,
      error,
    );
  }

  /** Sends what waits, as far as the core has room; called whenever a request ended. */
  #sendBacklog(): void {
    for (const [id, send] of this.#backlog) {
      const open = this.#pending.size - this.#backlog.size + this.#abandoned.size;
      if (open >= maxOpen) return;
      this.#backlog.delete(id);
      send();
    }
  }

  #nextId(): number {
    this.#lastId++;
    return this.#lastId;
  }

  #tick(period: number): void {
    this.#silent++;
    if (this.#silent > silentPings) {
      const detail = `nothing came for ${(silentPings * period) / 1000} s`;
      this.end(new BoardError('connection-lost', detail, this.#options.facts));
      return;
    }
    for (const [id, one] of [...this.#pending]) {
      if (one.heartbeat || one.standing || this.#backlog.has(id)) continue;
      one.idle++;
      if (one.idle <= idlePings) continue;
      const detail = `no progress for ${(idlePings * period) / 1000} s`;
      this.#giveUp(id, new BoardError('timeout', detail, this.#options.facts));
    }
    // The core's thread that answers may be in a call that does not return: pings must not fill its queue. It hears this one.
    if (this.#isPinging) this.#sendReceipt();
    else this.#ping();
  }

  #ping(): void {
    const id = this.#nextId();
    const over = () => {
      this.#isPinging = false;
    };
    const part = (frame: Frame) => {
      throw unexpected(frame.header);
    };
    this.#isPinging = true;
    this.#pending.set(id, {
      part,
      done: over,
      fail: over,
      takeBack: () => true,
      heartbeat: true,
      standing: false,
      idle: 0,
    });
    this.#outbox.sendUrgent(encodeFrame({ op: 'ping', id }));
  }

  /** Stops waiting for a request and tells the core if it has heard of it. */
  #giveUp(id: number, error: BoardError): void {
    const one = this.#pending.get(id);
    if (one === undefined) return;
    this.#pending.delete(id);
    if (one.takeBack()) {
      this.#abandoned.add(id);
      const cancelId = this.#nextId();
      this.#abandoned.add(cancelId);
      this.#outbox.sendUrgent(encodeFrame({ op: 'cancel', id: cancelId, target: id }));
    } else this.#sendBacklog();
    one.fail(error);
  }

  #progress(): void {
    for (const one of this.#pending.values()) one.idle = 0;
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ended !== undefined) return;
    this.#silent = 0;
    try {
      let rest: Uint8Array | undefined = chunk;
      if (!this.#markerSeen) {
        rest = this.#marker.push(chunk);
        if (rest === undefined) return;
        this.#markerSeen = true;
        if (this.#marker.skipped > 0) {
          this.#options.log.info(`text before the agent: ${clean(this.#marker.banner)}`);
        }
        this.#onStarted?.resolve();
      }
      this.#decoder.push(rest, (frame) => {
        if (this.#ended === undefined) this.#dispatch(frame);
      });
    } catch (error) {
      this.end(toBoardError(error));
    }
  }

  #dispatch(frame: Frame): void {
    const { id, t } = frame.header;
    if (typeof id !== 'number' || !Number.isSafeInteger(id)) throw unexpected(frame.header);
    if (id === 0) {
      this.#unasked(frame);
      return;
    }
    const last = t === 'ok' || t === 'error';
    if (this.#abandoned.has(id)) {
      if (last) {
        this.#abandoned.delete(id);
        this.#sendBacklog();
      }
      return;
    }
    const one = this.#pending.get(id);
    if (one === undefined) throw unexpected(frame.header);
    if (!one.heartbeat && !one.standing) this.#progress();
    if (!last) {
      one.part(frame);
      return;
    }
    this.#pending.delete(id);
    if (t === 'ok') one.done(frame.header);
    else one.fail(this.#failure(frame.header));
    this.#sendBacklog();
  }

  #failure(header: Header): BoardError {
    const error = errorFrom(header);
    // The caller did not cancel: the core dropped the request by itself.
    if (error.code === 'cancelled') return new BoardError('timeout', error.message, this.#options.facts);
    // Ours win: a board does not say which host it is.
    return new BoardError(error.code, error.message, { ...error.facts, ...this.#options.facts });
  }

  #unasked(frame: Frame): void {
    const { t, lines } = frame.header;
    if (t === 'partitions') this.partitions.fire(checkPartitions(frame.header));
    else if (t === 'error') this.end(this.#failure(frame.header));
    else if (t === 'start-refused') this.notices.fire(checkRefusedStart(frame.header));
    else if (t === 'mark') this.#received(checkMark(frame.header));
    else if (t === 'stuck') this.#stuck(checkCall(frame.header));
    else if (t === 'trace') {
      if (!Array.isArray(lines)) throw unexpected(frame.header);
      for (const line of lines) {
        if (typeof line !== 'string') throw unexpected(frame.header);
        this.#trace.line(line);
      }
    } else throw unexpected(frame.header);
  }

  /** The core sends no more of a long answer than the way to here holds for a moment: it hears what has come. */
  #received(mark: number): void {
    this.#lastMark = mark;
    this.#sendReceipt();
  }

  /** Said again it means nothing, and nor does mark 0. */
  #sendReceipt(): void {
    this.#outbox.sendReceipt(encodeFrame({ op: 'received', id: this.#nextId(), mark: this.#lastMark }));
  }

  /** The core repeats which call of the driver does not return; empty: it did. */
  #stuck(call: string): void {
    const before = this.#hung;
    this.#hung = call === '' ? undefined : hungError(call, this.#options.facts);
    if (before?.message !== this.#hung?.message) this.notices.fire({ kind: 'hung', error: this.#hung });
    if (this.#hung === undefined) return;
    for (const [id, one] of [...this.#pending]) if (!one.heartbeat) this.#giveUp(id, this.#hung);
  }

  /** Logs what the agent prints beside its frames. */
  #logText(stream: Readable): void {
    const lines = new BoundedLines(linesPerMinute, (line) => this.#options.log.warn(`agent: ${line}`));
    const decoder = new TextDecoder();
    stream.on('error', (error: Error) => lines.line(error.message));
    stream.on('data', (chunk: Uint8Array) => lines.text(decoder.decode(chunk, { stream: true })));
    stream.on('end', () => lines.end());
  }
}

/** Words as little endian bytes, whatever this machine's order is. */
function recordBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < words.length; i++) view.setUint32(i * 4, words[i] ?? 0, true);
  return bytes;
}

function unexpected(header: Header): BoardError {
  const { t, id } = header;
  const kind = typeof t === 'string' ? clean(t.slice(0, 40)) : 'unnamed';
  const request = typeof id === 'number' ? id : 'none';
  return new BoardError('protocol', `a frame came that nobody asked for: ${kind} for request ${request}`);
}

/** What every kind of watch asks with. */
function watchHeader({
  partition,
  memory,
  periodMs,
  wordsPerSecond,
}: Omit<CoreWatchRequest, 'ranges'>): Header {
  return { partition, memory, periodMs, wordsPerSecond };
}

function pairsOf(ranges: readonly ByteRange[]): [number, number][] {
  return ranges.map(({ offset, length }) => [offset, length]);
}
