/**
 * A board whose partitions share their columns, as the contexts of an NPU do: each is an array of its own behind the same
 * client, told from the others by its key alone. For tests only: what takes columns for a name reaches the wrong memory.
 */
import { Emitter } from '../../model/event.ts';
import type { ColumnRange, Tile } from '../../model/geometry.ts';
import type { PartitionKey } from '../../model/partition-key.ts';
import type {
  BoardConnector,
  BoardNotice,
  CoreAct,
  CoreRegisters,
  CoreState,
  Survey,
  Watch,
} from '../board.ts';
import { createCoreBoard } from '../core-board.ts';
import { BoardError } from '../errors.ts';
import type {
  CoreClient,
  CoreDescription,
  CoreFindAnswer,
  CoreFindRequest,
  CoreHello,
  CoreList,
  CoreOpened,
  CoreReadAnswer,
  CoreReadRequest,
  CoreRecordingPart,
  CoreRecordRequest,
  CoreStatusAnswer,
  CoreStatusRequest,
  CoreSurveyRequest,
  CoreSurveyUpdate,
  CoreUpdate,
  CoreWatchRequest,
  CoreWriteAnswer,
  CoreWriteRequest,
  FindEvents,
} from '../protocol/core-client.ts';
import { SimulatedArray } from './array.ts';
import { SimulatedClient } from './client.ts';

/** Two contexts, `ctx-a` and `ctx-b`, with partitions of the same columns. */
export class SimulatedContexts implements BoardConnector {
  readonly a: SimulatedArray;
  readonly b: SimulatedArray;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.a = new SimulatedArray({ now, keyPrefix: 'ctx-a.' });
    this.b = new SimulatedArray({ now, keyPrefix: 'ctx-b.' });
  }

  connect({ log }: Parameters<BoardConnector['connect']>[0]): ReturnType<BoardConnector['connect']> {
    const behind = (array: SimulatedArray) => ({ array, client: new SimulatedClient(array, log.trace) });
    return createCoreBoard(new ContextsClient([behind(this.a), behind(this.b)]), log);
  }
}

interface Context {
  readonly array: SimulatedArray;
  readonly client: SimulatedClient;
}

class ContextsClient implements CoreClient {
  readonly hello: CoreHello;
  readonly #contexts: readonly Context[];
  /** Of which partition a recording is. */
  readonly #recorded = new Map<string, PartitionKey>();
  readonly #changed = new Emitter<CoreList>();
  readonly onPartitions = this.#changed.event;
  readonly onClose = new Emitter<BoardError>().event;
  readonly onNotice = new Emitter<BoardNotice>().event;

  constructor(contexts: readonly [Context, ...Context[]]) {
    this.hello = contexts[0].client.hello;
    this.#contexts = contexts;
    for (const { array } of contexts) {
      array.onPartitions(() => {
        this.#changed.fire({ partitions: contexts.flatMap((one) => one.array.partitions()), free: [] });
      });
    }
  }

  async describe(signal: AbortSignal): Promise<CoreDescription> {
    const [first] = await Promise.all(this.#contexts.map(({ client }) => client.describe(signal)));
    if (first === undefined) throw new BoardError('no-device', 'no context');
    return { ...first, list: await this.partitions(signal) };
  }

  async partitions(signal: AbortSignal): Promise<CoreList> {
    const lists = await Promise.all(this.#contexts.map(({ client }) => client.partitions(signal)));
    return { partitions: lists.flatMap(({ partitions }) => partitions), free: [] };
  }

  async pick(columns: ColumnRange): Promise<PartitionKey> {
    throw new BoardError('no-partition', `contexts are not made of columns, as of ${columns.startCol}`);
  }

  async open(key: PartitionKey, allowUnknown: boolean, signal: AbortSignal): Promise<CoreOpened> {
    return this.#of(key).open(key, allowUnknown, signal);
  }

  async read(
    request: CoreReadRequest,
    onProgress: ((bytes: number) => void) | undefined,
    signal: AbortSignal,
  ): Promise<CoreReadAnswer> {
    return this.#of(request.partition).read(request, onProgress, signal);
  }

  async find(request: CoreFindRequest, events: FindEvents, signal: AbortSignal): Promise<CoreFindAnswer> {
    return this.#of(request.partition).find(request, events, signal);
  }

  async write(request: CoreWriteRequest, signal: AbortSignal): Promise<CoreWriteAnswer> {
    return this.#of(request.partition).write(request, signal);
  }

  async status(request: CoreStatusRequest, signal: AbortSignal): Promise<CoreStatusAnswer> {
    return this.#of(request.partition).status(request, signal);
  }

  watch(request: CoreWatchRequest, onUpdate: (update: CoreUpdate) => void): Watch<CoreWatchRequest> {
    return this.#of(request.partition).watch(request, onUpdate);
  }

  async record(request: CoreRecordRequest, signal: AbortSignal): Promise<void> {
    this.#recorded.set(request.recording, request.partition);
    return this.#of(request.partition).record(request, signal);
  }

  async recording(
    recording: string,
    words: number,
    from: number,
    signal: AbortSignal,
  ): Promise<CoreRecordingPart> {
    return this.#of(this.#recorded.get(recording) ?? '').recording(recording, words, from, signal);
  }

  async endRecording(recording: string, forget: boolean, signal: AbortSignal): Promise<void> {
    return this.#of(this.#recorded.get(recording) ?? '').endRecording(recording, forget, signal);
  }

  survey(request: CoreSurveyRequest, onUpdate: (update: CoreSurveyUpdate) => void): Survey {
    return this.#of(request.partition).survey(request, onUpdate);
  }

  async setClocks(key: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean> {
    return this.#of(key).setClocks(key, on, signal);
  }

  async hold(key: PartitionKey, on: boolean, signal: AbortSignal): Promise<void> {
    return this.#of(key).hold(key, on, signal);
  }

  async allowHalting(key: PartitionKey, epoch: string, signal: AbortSignal): Promise<void> {
    return this.#of(key).allowHalting(key, epoch, signal);
  }

  async readCore(key: PartitionKey, tile: Tile, signal: AbortSignal): Promise<CoreRegisters> {
    return this.#of(key).readCore(key, tile, signal);
  }

  async actOnCore(key: PartitionKey, tile: Tile, act: CoreAct, signal: AbortSignal): Promise<CoreState> {
    return this.#of(key).actOnCore(key, tile, act, signal);
  }

  async endHalting(key: PartitionKey, signal: AbortSignal): Promise<number> {
    return this.#of(key).endHalting(key, signal);
  }

  async takeKernelDescriptor(key: PartitionKey, signal: AbortSignal): Promise<void> {
    return this.#of(key).takeKernelDescriptor(key, signal);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#contexts.map(({ client }) => client.dispose()));
    this.#changed.dispose();
  }

  #of(key: PartitionKey): SimulatedClient {
    const context = this.#contexts.find(({ array }) => array.columnsOf(key) !== undefined);
    if (context === undefined) throw new BoardError('no-partition', `no partition is called ${key}`);
    return context.client;
  }
}
