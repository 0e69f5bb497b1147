/**
 * An agent in this process that speaks docs/wire.md over two streams and answers from any CoreClient: it lets the wire
 * client be tested without a board. Independent of the wire client; only the frame codec is shared.
 */

import { PassThrough, Writable } from 'node:stream';
import type { Asking, CoreAct, Survey, UnreadableSpan, Watch } from '../../src/board/board.ts';
import { BoardError, toBoardError } from '../../src/board/errors.ts';
import type { CoreClient, CoreList, CoreWatchRequest } from '../../src/board/protocol/core-client.ts';
import { protocolVersion } from '../../src/board/protocol/core-client.ts';
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  type Header,
  startMarker,
} from '../../src/board/protocol/frames.ts';
import type { WireStream } from '../../src/board/protocol/wire-client.ts';
import { type UnreadableReason, unreadableReasons } from '../../src/model/byte-state.ts';
import type { Program, Step } from '../../src/model/find/automaton.ts';
import type { BoardPattern } from '../../src/model/find/board-pattern.ts';
import type { ArrayShape, RowRange } from '../../src/model/geometry.ts';
import { recordingOut } from './recording-out.ts';

export interface LoopbackOptions {
  /** Text before the marker. */
  readonly banner?: string;
  /** Bytes per chunk of output, so that frames arrive cut anywhere; default unlimited. */
  readonly chunk?: number;
  /** Sees every request before it is answered; true = it is dealt with. */
  readonly intercept?: (frame: Frame, agent: LoopbackAgent) => boolean;
}

/** The agent's end, and the stream for the client, which is full after each frame: what waits stays with the client. */
export class LoopbackAgent {
  readonly stream: WireStream;
  /** Every request header that came, in order. */
  readonly requests: Header[] = [];
  readonly stderr = new PassThrough();
  readonly #output = new PassThrough();
  readonly #core: CoreClient;
  readonly #options: LoopbackOptions;
  readonly #running = new Map<number, AbortController>();
  readonly #writes = new Map<number, number[]>();
  readonly #watches = new Map<number, Survey & Partial<Watch<CoreWatchRequest>>>();
  #close: (error: BoardError) => void = () => undefined;
  #closed = false;

  constructor(core: CoreClient, options: LoopbackOptions = {}) {
    this.#core = core;
    this.#options = options;
    const closed = new Promise<BoardError>((resolve) => {
      this.#close = (error) => {
        this.#closed = true;
        resolve(error);
      };
    });
    const decoder = new FrameDecoder();
    this.stream = {
      input: new Writable({
        highWaterMark: 1,
        write: (chunk: Uint8Array, _, done) => {
          setImmediate(() => {
            decoder.push(chunk, (frame) => void this.#receive(frame));
            done();
          });
        },
      }),
      output: this.#output,
      stderr: this.stderr,
      closed,
      close: () => this.die(new BoardError('connection-lost', 'closed by the client')),
    };
    core.onPartitions((list) => this.send({ id: 0, t: 'partitions', ...wire(list) }));
    this.raw(new TextEncoder().encode(options.banner ?? ''));
    this.raw(startMarker);
  }

  /** Sends a frame. */
  send(header: Header, payload?: Uint8Array): void {
    this.raw(encodeFrame(header, payload));
  }

  /** Sends any bytes. */
  raw(bytes: Uint8Array): void {
    if (this.#closed) return;
    const step = this.#options.chunk ?? bytes.length;
    for (let at = 0; at < bytes.length; at += step) this.#output.write(bytes.slice(at, at + step));
  }

  /** The agent or the way to it is gone. */
  die(error: BoardError): void {
    if (this.#closed) return;
    this.#close(error);
    for (const one of this.#running.values()) one.abort();
  }

  async #receive(frame: Frame): Promise<void> {
    const { header } = frame;
    this.requests.push(header);
    if (this.#options.intercept?.(frame, this) === true) return;
    const id = Number(header['id']);
    const stop = new AbortController();
    const isFurther = this.#watches.has(id);
    if (!isFurther) this.#running.set(id, stop);
    try {
      const answer = await this.#answer(frame, stop.signal);
      if (answer !== undefined) this.send({ id, t: 'ok', ...answer });
    } catch (thrown) {
      const error = toBoardError(thrown);
      this.send({ id, t: 'error', code: error.code, detail: error.message, facts: error.facts });
    } finally {
      if (!isFurther) this.#running.delete(id);
    }
    if (header['op'] === 'bye') this.die(new BoardError('agent-failed', 'bye'));
  }

  async #answer(frame: Frame, signal: AbortSignal): Promise<Header | undefined> {
    const { header } = frame;
    const id = Number(header['id']);
    const partition = String(header['partition']);
    switch (header['op']) {
      case 'hello': {
        const hello = { ...this.#core.hello, core: '0.0.0 loopback', uid: 0, now: Date.now() };
        return { protocol: protocolVersion, ...hello };
      }
      case 'describe': {
        const { list, array, ...found } = await this.#core.describe(signal);
        const family = found.family === 'simulated' ? 'linux-2020' : found.family;
        return { ...found, family, ...wireShape(array), ...wire(list) };
      }
      case 'partitions':
        return { ...wire(await this.#core.partitions(signal)) };
      case 'pick': {
        const columns = { startCol: Number(header['startCol']), numCols: Number(header['numCols']) };
        return { partition: await this.#core.pick(columns, signal) };
      }
      case 'open': {
        const opened = await this.#core.open(partition, header['allowUnknown'] === true, signal);
        return { ...opened.columns, memories: opened.memories };
      }
      case 'read':
        return this.#read(id, header, partition, signal);
      case 'find':
        return this.#find(id, header, partition, signal);
      case 'write':
        return this.#write(id, frame, partition, signal);
      case 'status':
        return this.#status(id, header, partition, signal);
      case 'clocks':
        return { on: await this.#core.setClocks(partition, header['on'] === true, signal) };
      case 'hold':
        await this.#core.hold(partition, header['on'] === true, signal);
        return {};
      case 'halt':
      case 'debug-read':
        return this.#halt(header, partition, signal);
      case 'kernel-descriptor':
        await this.#core.takeKernelDescriptor(partition, signal);
        return {};
      case 'watch':
        if (header['survey'] !== undefined) return this.#survey(id, header, partition, signal);
        return this.#watch(id, header, partition, signal);
      case 'record':
        await this.#core.record(
          {
            ...watchedOf(header, partition),
            recording: String(header['recording']),
            ringBytes: Number(header['ringBytes']),
          },
          signal,
        );
        return {};
      case 'recording': {
        const name = String(header['recording']);
        const { header: answer, entries } = recordingOut(
          await this.#core.recording(name, 0, Number(header['from']), signal),
        );
        // Several frames, as of a large part.
        for (let at = 0; at < entries.length; at += 100) {
          const some = entries.slice(at, at + 100);
          this.send({ id, t: 'entries' }, new Uint8Array(some.buffer));
        }
        return answer;
      }
      case 'end-recording':
        await this.#core.endRecording(String(header['recording']), header['forget'] === true, signal);
        return {};
      case 'change':
        return this.#watch(id, header, partition, signal);
      case 'seen':
        this.#watches.get(id)?.seen();
        return undefined;
      case 'received':
        return undefined;
      case 'cancel':
        this.#running.get(Number(header['target']))?.abort();
        return {};
      default:
        return {};
    }
  }

  async #halt(header: Header, partition: string, signal: AbortSignal): Promise<Header> {
    const { act } = header;
    if (act === 'allow') {
      await this.#core.allowHalting(partition, String(header['epoch']), signal);
      return {};
    }
    if (act === 'end') return { left: await this.#core.endHalting(partition, signal) };
    const [col, row] = header['tile'] as [number, number];
    if (header['op'] === 'debug-read') {
      const { reason, words } = await this.#core.readCore(partition, { col, row }, signal);
      return { reason: reasonCode(reason), registers: Object.fromEntries(words) };
    }
    const { reason, ...state } = await this.#core.actOnCore(
      partition,
      { col, row },
      header as unknown as CoreAct,
      signal,
    );
    return { ...state, reason: reasonCode(reason) };
  }

  async #find(id: number, header: Header, partition: string, signal: AbortSignal): Promise<Header> {
    const ranges = (header['ranges'] as [number, number][]).map(([offset, length]) => ({ offset, length }));
    const { offsets, lengths, unreadable, epoch, isFull } = await this.#core.find(
      {
        partition,
        memory: header['memory'] as 'data',
        ranges,
        openTiles: header['openTiles'] as number[],
        asking: header['asking'] as Asking,
        pattern: patternOf(header),
        most: Number(header['most']),
      },
      {},
      signal,
    );
    const words = offsets.flatMap((offset, i) =>
      lengths === undefined ? [offset] : [offset, lengths[i] ?? 0],
    );
    const records = new Uint8Array(4 * words.length);
    const view = new DataView(records.buffer);
    words.forEach((word, i) => {
      view.setUint32(4 * i, word, true);
    });
    const half = Math.floor(offsets.length / 2) * (lengths === undefined ? 4 : 8);
    if (half > 0) this.send({ id, t: 'hits' }, records.subarray(0, half));
    this.send({ id, t: 'progress', bytes: 1024 });
    if (offsets.length > 0) this.send({ id, t: 'hits' }, records.subarray(half));
    this.send({ id, t: 'spans' }, spanRecords(unreadable));
    return { epoch, at: 5, ...(isFull ? { full: true } : {}) };
  }

  async #read(id: number, header: Header, partition: string, signal: AbortSignal): Promise<Header> {
    const ranges = (header['ranges'] as [number, number][]).map(([offset, length]) => ({ offset, length }));
    const openTiles = header['openTiles'] as number[];
    const memory = header['memory'] as 'data';
    const asking = header['asking'] as Asking;
    const answer = await this.#core.read({ partition, memory, ranges, openTiles, asking }, undefined, signal);
    const records = spanRecords(answer.unreadable);
    const barred = (offset: number) =>
      answer.unreadable.find((span) => offset >= span.offset && offset < span.offset + span.length);
    const nextBarred = (offset: number) =>
      answer.unreadable.find((span) => span.offset > offset)?.offset ?? Number.POSITIVE_INFINITY;
    ranges.forEach((range, i) => {
      const end = range.offset + range.length;
      for (let at = range.offset; at < end; ) {
        const span = barred(at);
        if (span !== undefined) {
          at = span.offset + span.length;
          continue;
        }
        const to = Math.min(end, at + 65_536, nextBarred(at));
        const bytes = answer.bytes[i]?.slice(at - range.offset, to - range.offset);
        this.send({ id, t: 'data', offset: at }, bytes);
        at = to;
      }
    });
    if (records.length > 0) this.send({ id, t: 'spans' }, records);
    return { epoch: answer.epoch, at: Date.now() };
  }

  async #watch(
    id: number,
    header: Header,
    partition: string,
    signal: AbortSignal,
  ): Promise<Header | undefined> {
    const request = watchedOf(header, partition);
    const before = this.#watches.get(id);
    if (before !== undefined) {
      before.change?.(request);
      return undefined;
    }
    let told = false;
    const watch = this.#core.watch(request, ({ spans, epoch, words }) => {
      const size = spans.reduce((sum, one) => sum + 8 + (one.reason === undefined ? one.bytes.length : 0), 0);
      const block = new Uint8Array(size);
      const view = new DataView(block.buffer);
      let at = 0;
      for (const { offset, bytes, reason } of spans) {
        view.setUint32(at, offset, true);
        view.setUint32(at + 4, bytes.length + unreadableReasons.indexOf(reason) * 2 ** 24, true);
        if (reason === undefined) block.set(bytes, at + 8);
        at += 8 + (reason === undefined ? bytes.length : 0);
      }
      this.send({ id, t: 'update', at: Date.now(), words, ...(told ? {} : { epoch }) }, block);
      told = true;
    });
    this.#watches.set(id, watch);
    signal.addEventListener('abort', () => watch.dispose());
    const error = await watch.ended;
    this.#watches.delete(id);
    throw error;
  }

  async #survey(id: number, header: Header, partition: string, signal: AbortSignal): Promise<Header> {
    const request = {
      partition,
      memory: header['memory'] as 'data',
      wordsPerTile: Number(header['survey']),
      periodMs: Number(header['periodMs']),
      wordsPerSecond: Number(header['wordsPerSecond']),
    };
    let told = false;
    const survey = this.#core.survey(request, ({ tiles, epoch, words }) => {
      const block = new Uint8Array(tiles.length * 8);
      const view = new DataView(block.buffer);
      tiles.forEach(({ tile, changed, reason }, i) => {
        view.setUint32(8 * i, tile, true);
        view.setUint32(8 * i + 4, changed + unreadableReasons.indexOf(reason) * 2 ** 24, true);
      });
      this.send({ id, t: 'update', at: Date.now(), words, ...(told ? {} : { epoch }) }, block);
      told = true;
    });
    this.#watches.set(id, survey);
    signal.addEventListener('abort', () => survey.dispose());
    const error = await survey.ended;
    this.#watches.delete(id);
    throw error;
  }

  async #status(id: number, header: Header, partition: string, signal: AbortSignal): Promise<Header> {
    const tiles = (header['tiles'] as [number, number][]).map(([col, row]) => ({ col, row }));
    const detail = header['detail'] === true;
    const asking = header['asking'] as Asking;
    const goesOn = header['goesOn'] === true;
    const answer = await this.#core.status({ partition, tiles, detail, asking, goesOn }, signal);
    for (const one of answer.tiles) {
      const records = new Uint8Array(one.registers.size * 8);
      const view = new DataView(records.buffer);
      [...one.registers].forEach(([offset, value], i) => {
        view.setUint32(8 * i, offset, true);
        view.setUint32(8 * i + 4, value, true);
      });
      const { kind, source } = one;
      const reason = unreadableReasons.indexOf(one.reason);
      const files = source === 'sysfs' ? { files: Object.fromEntries(one.files) } : {};
      this.send({ id, t: 'tile', ...one.tile, kind, reason, source, ...files }, records);
    }
    return { epoch: answer.epoch, at: Date.now(), waitMs: answer.waitMs };
  }

  async #write(
    id: number,
    frame: Frame,
    partition: string,
    signal: AbortSignal,
  ): Promise<Header | undefined> {
    const { header, payload } = frame;
    const words = this.#writes.get(id) ?? [];
    this.#writes.set(id, words);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    for (let at = 0; at < payload.length; at += 4) words.push(view.getUint32(at, true));
    if (header['more'] === true) return undefined;
    this.#writes.delete(id);
    const answer = await this.#core.write(
      {
        partition,
        memory: header['memory'] as 'data',
        epoch: header['epoch'] as string,
        force: header['force'] === true,
        besideOwner: header['besideOwner'] === true,
        openTiles: header['openTiles'] as number[],
        words: Uint32Array.from(words),
      },
      signal,
    );
    const step = 3 * 5461;
    for (let at = 0; at < answer.outcomes.length; at += step) {
      const part = answer.outcomes.subarray(at, at + step);
      const bytes = new Uint8Array(part.length * 4);
      const out = new DataView(bytes.buffer);
      part.forEach((word, i) => {
        out.setUint32(4 * i, word, true);
      });
      this.send({ id, t: 'outcomes' }, bytes);
    }
    return { epoch: answer.epoch, at: Date.now() };
  }
}

/** Partitions and free columns as headers name their keys. */
function wire({ partitions, free }: CoreList): Header {
  return {
    partitions: partitions.map(({ columns, ...rest }) => ({ ...rest, ...columns })),
    free: free.map(({ startCol, numCols }) => [startCol, numCols]),
  };
}

function wireShape(shape: ArrayShape | undefined): Header {
  if (shape === undefined) return {};
  const rows = ({ start, count }: RowRange) => [start, count];
  const { numCols, shim, memory, core } = shape;
  return { array: { numCols, shim: rows(shim), memory: rows(memory), core: rows(core) } };
}

function spanRecords(spans: readonly UnreadableSpan[]): Uint8Array {
  const records = new Uint8Array(spans.length * 12);
  const view = new DataView(records.buffer);
  spans.forEach((span, i) => {
    view.setUint32(12 * i, span.offset, true);
    view.setUint32(12 * i + 4, span.length, true);
    view.setUint32(12 * i + 8, unreadableReasons.indexOf(span.reason), true);
  });
  return records;
}

/** A program as it travels: its first step, then three words for each step. */
function programOf([start = 0, ...words]: readonly number[], classes: readonly Uint8Array[]): Program {
  const steps = Array.from({ length: words.length / 3 }, (_, i): Step => {
    const [what, first = 0, second = 0] = words.slice(3 * i, 3 * i + 3);
    if (what === 0) return 'end';
    return what === 1 ? { bytes: classes[first] ?? new Uint8Array(256), next: second } : { first, second };
  });
  return { steps, start };
}

/** The pattern of a search, as it travels. */
function patternOf(header: Header): BoardPattern {
  if (header['forwards'] !== undefined) {
    const classes = (header['classes'] as string[]).map((text) => {
      const bits = Buffer.from(text, 'hex');
      return Uint8Array.from({ length: 256 }, (_, byte) => ((bits[byte >> 3] ?? 0) >> (byte & 7)) & 1);
    });
    return {
      kind: 'expression',
      forwards: programOf(header['forwards'] as number[], classes),
      backwards: programOf(header['backwards'] as number[], classes),
    };
  }
  const bytesOf = (key: string) => Uint8Array.from(Buffer.from(String(header[key]), 'hex'));
  if (header['tests'] === undefined) {
    return { kind: 'bytes', values: bytesOf('values'), masks: bytesOf('masks') };
  }
  const bits = (set: readonly number[], at: number): bigint =>
    (BigInt(set[at] ?? 0) << 32n) | BigInt(set[at + 1] ?? 0);
  const tests = (header['tests'] as [boolean, ...number[][]][]).map(([any, ...sets]) => ({
    any,
    sets: sets.map((set) =>
      Array.from({ length: set.length / 4 }, (_, i) => ({
        least: bits(set, 4 * i),
        most: bits(set, 4 * i + 2),
      })),
    ),
  }));
  return {
    kind: 'cells',
    numberBytes: Number(header['numberBytes']),
    order: header['bigEndian'] === true ? 'big' : 'little',
    align: Number(header['align']),
    tests,
  };
}

function watchedOf(header: Header, partition: string): CoreWatchRequest {
  return {
    partition,
    memory: header['memory'] as 'data',
    ranges: (header['ranges'] as [number, number][]).map(([offset, length]) => ({ offset, length })),
    periodMs: Number(header['periodMs']),
    wordsPerSecond: Number(header['wordsPerSecond']),
  };
}

function reasonCode(reason: UnreadableReason | undefined): number {
  return reason === undefined ? 0 : unreadableReasons.indexOf(reason);
}
