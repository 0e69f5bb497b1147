/**
 * The native core in this process (native/addon). It answers on its own thread into arrays of ours; its answers are
 * checked like an agent's, since the same sizes and counts come from the kernel.
 */
import { Emitter } from '../../model/event.ts';
import type { ColumnRange } from '../../model/geometry.ts';
import type { PartitionKey } from '../../model/partition-key.ts';
import { clean } from '../../model/plain.ts';
import type {
  Asking,
  BoardNotice,
  CoreRegisters,
  CoreState,
  Survey,
  UnreadableSpan,
  Watch,
} from '../board.ts';
import { abortError, BoardError, toBoardError } from '../errors.ts';
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
} from '../protocol/core-client.ts';
import { FindCollector, findHeader, findInGroups } from '../protocol/find-request.ts';
import { type Header, isMap } from '../protocol/frames.ts';
import { checkRecordingPart } from '../protocol/recording-part.ts';
import { joinReads, splitRanges, writeGroups } from '../protocol/split.ts';
import { SurveyCollector } from '../protocol/survey-collector.ts';
import { UpdateCollector } from '../protocol/update-collector.ts';
import {
  blank,
  checkCovered,
  checkDescription,
  checkEpoch,
  checkFlag,
  checkHello,
  checkKey,
  checkOpened,
  checkPartitions,
  checkRefusedStart,
  checkWait,
  checkWords,
  errorFrom,
  fitSpans,
  hungError,
  OutcomeCollector,
  readSpanWords,
  StatusCollector,
} from '../protocol/validate.ts';

/** Words of hits that are taken over at once: whole hits. */
const hitWordsAtOnce = 32_768;

/** How often this thread checks whether a call of the core's thread to the driver returned. */
const hangCheckMs = 1000;
/** How long an ended core may take. */
const closeMs = 1000;

/** What `create` of the addon returns. Rejections are Errors with `code`, `facts` and `errno`. */
export interface AddonCore {
  hello(): Promise<unknown>;
  describe(): Promise<unknown>;
  partitions(): Promise<unknown>;
  /** Answers `{partition}`. */
  pick(startCol: number, numCols: number): Promise<unknown>;
  open(partition: string, allowUnknown: boolean, asking: string): Promise<unknown>;
  read(request: object, token: number): Promise<unknown>;
  /** Answers `{hits: Uint32Array, spans: Uint32Array, epoch, at, gaveWay?, full?}`. */
  find(request: object, token: number): Promise<unknown>;
  write(request: object, token: number): Promise<unknown>;
  /**
   * `{partition, tiles: [[col, row]], detail, asking, goesOn}`; answers `{tiles: [{col, row, kind, reason,
   * source, files?, registers}], epoch, waitMs}`, `registers` a Uint32Array of records offset, value.
   */
  status(request: object, token: number): Promise<unknown>;
  /** Answers `{on}`. */
  clocks(partition: string, on: boolean): Promise<unknown>;
  hold(partition: string, on: boolean, hours: number, token: number): Promise<unknown>;
  kernelDescriptor(partition: string): Promise<unknown>;
  /** Calls `onUpdate` with `{blocks: [Uint8Array], epoch, at, words}`, the epoch the first time only; the next one comes after `seen`. Rejects when it ends. */
  watch(request: object, token: number, onUpdate: (update: unknown) => void): Promise<unknown>;
  /** Other ranges or another pace. */
  changeWatch(request: object, token: number): void;
  seen(token: number): void;
  record(request: object): Promise<unknown>;
  /** `{recording, from}`; answers the header of `recording` with `entries`, a Uint32Array. */
  recording(request: object, token: number): Promise<unknown>;
  endRecording(recording: string, forget: boolean): Promise<unknown>;
  /** The call of the driver that does not return, or nothing. */
  stuck(): unknown;
  cancel(token: number): void;
  /** Waits for nothing here; its promise does not resolve while a call of the driver hangs. */
  close(): Promise<unknown>;
}

/** The addon's exports. */
export interface Addon {
  create(options: {
    readonly device: string;
    /** The agent's executable on this machine, to start holders with; holding fails without. */
    readonly holder?: string;
    /** Gets `{partitions, free}`. */
    readonly onPartitions: (list: unknown) => void;
    readonly onTrace: (line: unknown) => void;
    /** Gets `{startCol, numCols, pid, command}`. */
    readonly onRefusedStart: (refused: unknown) => void;
  }): AddonCore;
}

/** Nobody would let cores go on if this process were killed. */
function noHalting(): BoardError {
  return new BoardError('no-halting', 'the core runs in the process of the extension', { why: 'in-process' });
}

export class AddonClient implements CoreClient {
  readonly hello: CoreHello;
  readonly onPartitions;
  readonly onClose;
  readonly onNotice;
  readonly #core: AddonCore;
  readonly #changed: Emitter<CoreList>;
  readonly #closed = new Emitter<BoardError>();
  readonly #notices: Emitter<BoardNotice>;
  readonly #watch: NodeJS.Timeout;
  /** Those who wait for an answer: a driver that hangs gives none. */
  readonly #waiting = new Set<(error: BoardError) => void>();
  #hung: BoardError | undefined;
  #ended: BoardError | undefined;
  #lastToken = 0;

  private constructor(
    core: AddonCore,
    hello: CoreHello,
    changed: Emitter<CoreList>,
    notices: Emitter<BoardNotice>,
  ) {
    this.#core = core;
    this.hello = hello;
    this.#changed = changed;
    this.onPartitions = changed.event;
    this.onClose = this.#closed.event;
    this.#notices = notices;
    this.onNotice = notices.event;
    this.#watch = setInterval(() => this.#checkForHang(), hangCheckMs);
    this.#watch.unref();
  }

  /** Makes a core for a device node. Opens nothing yet. `holder`: the agent's executable, for holds. */
  static async start(
    addon: Addon,
    device: string,
    trace: (line: string) => void,
    holder?: string,
  ): Promise<CoreClient> {
    const changed = new Emitter<CoreList>();
    const notices = new Emitter<BoardNotice>();
    const core = addon.create({
      device,
      ...(holder === undefined ? {} : { holder }),
      onPartitions: (list) => {
        try {
          changed.fire(checkPartitions(map(list)));
        } catch (error) {
          trace(toBoardError(error).message);
        }
      },
      onTrace: (line) => trace(clean(String(line))),
      onRefusedStart: (refused) => {
        try {
          notices.fire(checkRefusedStart(map(refused)));
        } catch (error) {
          trace(toBoardError(error).message);
        }
      },
    });
    try {
      return new AddonClient(core, checkHello(map(await core.hello())), changed, notices);
    } catch (error) {
      await close(core);
      throw coreError(error);
    }
  }

  async describe(signal: AbortSignal): Promise<CoreDescription> {
    return checkDescription(map(await this.#call(() => this.#core.describe(), signal)));
  }

  async partitions(signal: AbortSignal): Promise<CoreList> {
    return checkPartitions(map(await this.#call(() => this.#core.partitions(), signal)));
  }

  async pick({ startCol, numCols }: ColumnRange, signal: AbortSignal): Promise<PartitionKey> {
    return checkKey(map(await this.#call(() => this.#core.pick(startCol, numCols), signal)), 'partition');
  }

  async open(
    partition: PartitionKey,
    allowUnknown: boolean,
    signal: AbortSignal,
    asking: Asking = 'nobody',
  ): Promise<CoreOpened> {
    const ask = () => this.#core.open(partition, allowUnknown, asking);
    return checkOpened(map(await this.#call(ask, signal)));
  }

  async read(
    request: CoreReadRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer> {
    const groups = splitRanges(request.ranges);
    const answers: CoreReadAnswer[] = [];
    let done = 0;
    for (const ranges of groups) {
      const { asking = 'nobody' } = request;
      const pairs = ranges.map((range) => [range.offset, range.length]);
      const asked = { ...place(request), ranges: pairs, asking };
      const answer = map(await this.#call((token) => this.#core.read(asked, token), signal));
      answers.push(checkRead(answer, ranges));
      done += ranges.reduce((sum, range) => sum + range.length, 0);
      onProgress?.(done);
    }
    return joinReads(request.ranges, groups, answers);
  }

  find(request: CoreFindRequest, events: FindEvents, signal: AbortSignal): Promise<CoreFindAnswer> {
    return findInGroups(request, events, async (part) => {
      const asked = findHeader(part);
      const answer = map(await this.#call((token) => this.#core.find(asked, token), signal));
      const collector = new FindCollector(part);
      const hits = numbers(answer, 'hits');
      for (let first = 0; first < hits.length; first += hitWordsAtOnce) {
        const { offsets, lengths } = collector.push(hits.subarray(first, first + hitWordsAtOnce));
        events.onHits?.(offsets, lengths);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const spans: UnreadableSpan[] = [];
      readSpanWords(numbers(answer, 'spans'), spans);
      return collector.finish(answer, spans);
    });
  }

  write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer> {
    const { epoch, force, besideOwner } = request;
    return writeGroups(request.words, async (words) => {
      const asked = { ...place(request), epoch, force, besideOwner, words };
      const answer = map(await this.#call((token) => this.#core.write(asked, token), signal));
      const collector = new OutcomeCollector(words);
      collector.pushWords(numbers(answer, 'outcomes'));
      return { outcomes: collector.finish(), epoch: checkEpoch(answer) };
    });
  }

  async status(request: CoreStatusRequest, signal: AbortSignal): Promise<CoreStatusAnswer> {
    const { partition, detail, asking = 'nobody', goesOn = false } = request;
    const tilePairs = request.tiles.map(({ col, row }) => [col, row]);
    const asked = { partition, tiles: tilePairs, detail, asking, goesOn };
    const answer = map(await this.#call((token) => this.#core.status(asked, token), signal));
    const collector = new StatusCollector(request.tiles);
    const { tiles } = answer;
    if (!Array.isArray(tiles)) return bad('a list of tiles');
    for (const tile of tiles) {
      const one = map(tile);
      collector.pushWords(one, numbers(one, 'registers'));
    }
    return { tiles: collector.finish(), epoch: checkEpoch(answer), waitMs: checkWait(answer) };
  }

  async setClocks(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean> {
    const ask = () => this.#core.clocks(partition, on);
    return checkFlag(map(await this.#call(ask, signal)), 'on');
  }

  async hold(partition: PartitionKey, on: boolean, signal: AbortSignal): Promise<void> {
    const ask = (token: number) => this.#core.hold(partition, on, holdHours, token);
    await this.#call(ask, signal);
  }

  async allowHalting(): Promise<void> {
    throw noHalting();
  }

  async actOnCore(): Promise<CoreState> {
    throw noHalting();
  }

  async readCore(): Promise<CoreRegisters> {
    throw noHalting();
  }

  async endHalting(): Promise<number> {
    return 0;
  }

  async takeKernelDescriptor(partition: PartitionKey, signal: AbortSignal): Promise<void> {
    await this.#call(() => this.#core.kernelDescriptor(partition), signal);
  }

  async record(request: CoreRecordRequest, signal: AbortSignal): Promise<void> {
    const ranges = request.ranges.map(({ offset, length }) => [offset, length]);
    await this.#call(() => this.#core.record({ ...request, ranges }), signal);
  }

  async recording(
    recording: string,
    words: number,
    from: number,
    signal: AbortSignal,
  ): Promise<CoreRecordingPart> {
    const ask = (token: number) => this.#core.recording({ recording, from }, token);
    const answer = map(await this.#call(ask, signal));
    return checkRecordingPart(answer, numbers(answer, 'entries'), words);
  }

  async endRecording(recording: string, forget: boolean, signal: AbortSignal): Promise<void> {
    await this.#call(() => this.#core.endRecording(recording, forget), signal);
  }

  watch(request: CoreWatchRequest, onUpdate: (update: CoreUpdate) => void): Watch<CoreWatchRequest> {
    const collector = new UpdateCollector();
    const plain = ({ ranges, ...asked }: CoreWatchRequest) => {
      collector.asked(ranges);
      return { ...asked, ranges: ranges.map(({ offset, length }) => [offset, length]) };
    };
    const stays = this.#stay(plain(request), collector, ({ found, ...update }) =>
      onUpdate({ spans: found, ...update }),
    );
    return { ...stays, change: (asked) => stays.change(plain(asked)) };
  }

  survey(
    { wordsPerTile, ...asked }: CoreSurveyRequest,
    onUpdate: (update: CoreSurveyUpdate) => void,
  ): Survey {
    const collector = new SurveyCollector(wordsPerTile);
    return this.#stay({ ...asked, survey: wordsPerTile }, collector, ({ found, ...update }) =>
      onUpdate({ tiles: found, ...update }),
    );
  }

  async dispose(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#ended = new BoardError('connection-lost', 'the connection was ended here');
    clearInterval(this.#watch);
    await close(this.#core);
    for (const fail of [...this.#waiting]) fail(this.#ended);
    this.#changed.dispose();
    this.#notices.dispose();
    this.#closed.dispose();
  }

  /** A `watch` that stays open. */
  #stay<Found>(
    request: object,
    collector: { push(block: Uint8Array): void; take(): Found },
    onUpdate: (update: Omit<CoreUpdate, 'spans'> & { readonly found: Found }) => void,
  ): Survey & { change(request: object): void } {
    const stop = new AbortController();
    let epoch: string | undefined;
    let token = 0;
    let refused: BoardError | undefined;
    const take = (raw: unknown): void => {
      if (stop.signal.aborted) return;
      try {
        const update = map(raw);
        const { blocks } = update;
        const all: readonly unknown[] = Array.isArray(blocks) ? blocks : bad('a list of blocks');
        for (const block of all) collector.push(block instanceof Uint8Array ? block : bad('bytes'));
        // Told once: another epoch ends the watch.
        epoch ??= checkEpoch(update);
        const looked = { words: checkWords(update), ...checkCovered(update) };
        onUpdate({ found: collector.take(), epoch, ...looked, wireBytes: 0 });
      } catch (error) {
        refused = toBoardError(error);
        stop.abort();
      }
    };
    const answer = this.#call((given) => {
      token = given;
      return this.#core.watch(request, given, take);
    }, stop.signal);
    const goesOn = (): boolean => !stop.signal.aborted && this.#ended === undefined;
    return {
      seen: () => {
        if (goesOn()) this.#core.seen(token);
      },
      change: (asked) => {
        if (goesOn()) this.#core.changeWatch(asked, token);
      },
      ended: answer.then(
        () => new BoardError('protocol', 'the watch ended without a reason'),
        (error: unknown) => refused ?? toBoardError(error),
      ),
      dispose: () => stop.abort(),
    };
  }

  /** Its thread cannot say that it hangs. */
  #checkForHang(): void {
    const call = clean(String(this.#core.stuck())).slice(0, 80);
    const before = this.#hung;
    this.#hung = call === '' ? undefined : hungError(call);
    if (before?.message !== this.#hung?.message) this.#notices.fire({ kind: 'hung', error: this.#hung });
    if (this.#hung !== undefined) for (const fail of [...this.#waiting]) fail(this.#hung);
  }

  /** One call of the addon; cancelling rejects at once and tells the core, whose answer is dropped. */
  #call(ask: (token: number) => Promise<unknown>, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      if (signal.aborted) return reject(abortError(signal));
      if (this.#hung !== undefined) return reject(this.#hung);
      this.#waiting.add(reject);
      this.#lastToken++;
      const token = this.#lastToken;
      const cancel = () => {
        this.#core.cancel(token);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', cancel, { once: true });
      let answer: Promise<unknown>;
      try {
        answer = ask(token);
      } catch (error) {
        answer = Promise.reject(error);
      }
      answer
        .then(resolve, (error: unknown) => reject(this.#ended ?? coreError(error)))
        .finally(() => {
          this.#waiting.delete(reject);
          signal.removeEventListener('abort', cancel);
        });
    });
  }
}

/** Ends a core; the call of a driver that hangs is waited for a second, and goes on by itself. */
async function close(core: AddonCore): Promise<void> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    limit = setTimeout(resolve, closeMs);
  });
  await Promise.race([core.close(), late]);
  clearTimeout(limit);
}

function place(request: CoreReadRequest | CoreWriteRequest): object {
  const { partition, memory, openTiles } = request;
  return { partition, memory, openTiles };
}

function checkRead(answer: Header, ranges: CoreReadRequest['ranges']): CoreReadAnswer {
  const bytes = answer['bytes'];
  if (!Array.isArray(bytes) || bytes.length !== ranges.length) return bad('as many arrays as ranges');
  const arrays = ranges.map((range, i) => {
    const one: unknown = bytes[i];
    return one instanceof Uint8Array && one.length === range.length
      ? one
      : bad("an array of the range's length");
  });
  const spans: UnreadableSpan[] = [];
  readSpanWords(numbers(answer, 'spans'), spans);
  const unreadable = fitSpans(spans, ranges);
  blank(arrays, ranges, unreadable);
  return {
    bytes: arrays,
    unreadable,
    ...(answer['gaveWay'] === true ? { gaveWay: true } : {}),
    epoch: checkEpoch(answer),
  };
}

function numbers(answer: Header, key: string): Uint32Array {
  const value = answer[key];
  return value instanceof Uint32Array ? value : bad(`${key} as numbers`);
}

function map(value: unknown): Header {
  return isMap(value) ? value : bad('an object');
}

function bad(wanted: string): never {
  throw new BoardError('protocol', `the native core did not answer with ${wanted}`);
}

/** A rejection of the addon as the error it stands for. */
function coreError(error: unknown): BoardError {
  if (error instanceof BoardError) return error;
  if (!(error instanceof Error)) return toBoardError(error);
  const { code, facts, errno } = error as Error & { code?: unknown; facts?: unknown; errno?: unknown };
  if (typeof code !== 'string') return toBoardError(error);
  const header = errno === 0 ? {} : { errno };
  return errorFrom({ ...header, code, facts, detail: error.message });
}
