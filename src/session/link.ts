import type {
  Asking,
  Board,
  BoardConnector,
  BoardNotice,
  ConnectStep,
  Partition,
  PartitionInfo,
} from '../board/board.ts';
import {
  abortError,
  BoardError,
  type BoardErrorCode,
  throwIfCancelled,
  toBoardError,
} from '../board/errors.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import type { ColumnRange } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { abortable } from './async.ts';
import { ReadBudget, usualBudget } from './read-budget.ts';
import type { SessionServices } from './services.ts';
import type { LinkState } from './types.ts';

/** Failures that may pass without a person: the network, a rebooting board, a driver that is not loaded yet. */
const passing: ReadonlySet<BoardErrorCode> = new Set([
  'connection-lost',
  'server-limit',
  'timeout',
  'protocol',
  'internal',
  'host-unknown',
  'refused',
  'unreachable',
  'proxy-failed',
  'no-device',
  'agent-failed',
  'upload-corrupt',
]);

/** An application that was refused because of us. */
export type RefusedStart = Extract<BoardNotice, { kind: 'start-refused' }>;

const longestWait = 30_000;
/** Between two attempts at a driver that hangs: each may leave a process in its call until that returns. */
const hungWait = 60_000;
/** A connection that lived this long starts the waiting times afresh. */
const steadyAfter = 60_000;

interface Attempt {
  readonly controller: AbortController;
  readonly promise: Promise<Board>;
  /** Started by the link itself: goes on when those who wait give up. */
  readonly automatic: boolean;
  waiting: number;
}

interface Connection {
  readonly board: Board;
  readonly isAutomatic: boolean;
  readonly since: number;
  readonly ended: AbortController;
  readonly subscriptions: DisposableStore;
  readonly opened: Map<string, Promise<Partition>>;
}

/**
 * The connection of one board entry, kept alive: after a loss it connects again by itself (after 1, 2, 4 ... 30 s; each 60 s
 * while the driver hangs), until a person disconnects or the failure needs a person.
 */
export class BoardLink implements Disposable {
  readonly id: string;
  readonly label: string;
  /** What its watches may read. */
  readonly budget: ReadBudget;
  /** The person agreed to map memory of an unknown driver; takes effect at the next `open`. */
  allowUnknownDriver = false;

  /** By partition: the occupant beside whom a person agreed to write. */
  readonly #agreed = new Map<string, string>();
  readonly #connector: BoardConnector;
  readonly #services: SessionServices;
  readonly #stateChanged = new Emitter<LinkState>();
  readonly #partitionsChanged = new Emitter<readonly PartitionInfo[]>();
  readonly #startRefused = new Emitter<RefusedStart>();
  #hung: BoardError | undefined;
  #state: LinkState = { kind: 'disconnected' };
  #partitions: readonly PartitionInfo[] = [];
  #freeColumns: readonly ColumnRange[] = [];
  #attempt: Attempt | undefined;
  #connection: Connection | undefined;
  #retry: Disposable | undefined;
  #failures = 0;
  /** There was a connection, or a board whose driver hangs, that nobody ended on purpose. */
  #wanted = false;
  #disposed = false;
  #wasLeft = false;
  #wasEnded = false;

  constructor(id: string, label: string, connector: BoardConnector, services: SessionServices) {
    this.id = id;
    this.label = label;
    this.#connector = connector;
    this.#services = services;
    this.budget = new ReadBudget(() => services.liveBudget?.() ?? usualBudget);
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Whether the present connection came by itself, after one was lost. */
  get isReconnected(): boolean {
    return this.#connection?.isAutomatic === true;
  }

  get onDidChangeState(): Event<LinkState> {
    return this.#stateChanged.event;
  }

  /** The driver does not come back from a call (`driver-hung`); the connection itself is well. */
  get hung(): BoardError | undefined {
    return this.#hung;
  }

  /** Fires when an application was refused a partition because Tilescope had it in that moment. */
  get onDidRefuseStart(): Event<RefusedStart> {
    return this.#startRefused.event;
  }

  /**
   * What is read again and again waits this long at least, milliseconds, so that no request of nobody waits at the board
   * (`Board.unaskedWaitMs`).
   */
  get unaskedWaitMs(): number {
    return this.#state.kind === 'connected' ? this.#state.board.unaskedWaitMs : 0;
  }

  /** As last known; kept while the connection is lost. */
  get partitions(): readonly PartitionInfo[] {
    return this.#partitions;
  }

  get onDidChangePartitions(): Event<readonly PartitionInfo[]> {
    return this.#partitionsChanged.event;
  }

  /** Columns that a person may pick, where the driver makes partitions of what is asked for; as last known. */
  get freeColumns(): readonly ColumnRange[] {
    return this.#freeColumns;
  }

  /**
   * Connects, or joins a running attempt. Aborting ends the attempt when nobody else waits for it and the link did not
   * start it by itself. Rejects with BoardError.
   */
  async connect(signal: AbortSignal = new AbortController().signal): Promise<Board> {
    throwIfCancelled(signal);
    if (this.#disposed) throw new BoardError('cancelled', 'the board entry was removed');
    if (this.#connection !== undefined) return this.#connection.board;
    return this.#join(this.#attempt ?? this.#start(false), signal);
  }

  /** Whether the connection was ended by `leave`. */
  get wasLeft(): boolean {
    return this.#wasLeft;
  }

  /** Whether a person ended the connection, or the waiting for another one after a loss, by `disconnect`. */
  get wasEnded(): boolean {
    return this.#wasEnded;
  }

  /** The board's entry was removed: nothing connects any more. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** As `disconnect`, but what is recorded on the board's side goes on: the window goes, and may come back. */
  async leave(): Promise<void> {
    this.#wasLeft = true;
    await this.disconnect();
  }

  /** Ends the connection, or the attempt, on a person's wish: no reconnecting. */
  async disconnect(): Promise<void> {
    this.#wanted = false;
    this.#wasEnded = !this.#wasLeft;
    this.#failures = 0;
    this.#retry?.dispose();
    this.#retry = undefined;
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.controller.abort();
    const board = this.#leave(new BoardError('cancelled', 'disconnected'));
    this.#setState({ kind: 'disconnected' });
    if (board !== undefined) await this.#end(board, this.#wasLeft);
  }

  /** Asks the board for its partitions again. Rejects with BoardError. */
  async refreshPartitions(signal: AbortSignal): Promise<readonly PartitionInfo[]> {
    const connection = await this.#connected(signal);
    const partitions = await abortable(connection.board.partitions(signal), signal);
    if (this.#connection === connection) this.#setPartitions(partitions);
    return partitions;
  }

  /**
   * The partition's memory types, learned once per connection. Waits for a running attempt to connect, starts none.
   * Rejects with BoardError; without a connection with the reason why there is none.
   *
   * @param asking who wants them: some drivers tell them only of a partition that is taken
   */
  async open(key: PartitionKey, signal: AbortSignal, asking: Asking = 'look'): Promise<Partition> {
    const connection = await this.#connected(signal);
    let opened = connection.opened.get(key);
    if (opened === undefined) {
      const options = { asking, allowUnknownDriver: this.allowUnknownDriver };
      const { signal: ended } = connection.ended;
      opened = connection.board.open(key, options, ended).catch((error: unknown) => {
        // The loss of the connection aborts the call; the loss is what a person should hear of.
        throw ended.aborted ? toBoardError(ended.reason) : error;
      });
      // A person does not share the refusal of what nobody asked for; the board knows what it answered.
      if (asking !== 'nobody') {
        connection.opened.set(key, opened);
        opened.catch(() => connection.opened.delete(key));
      }
    }
    return abortable(opened, signal);
  }

  /** Has the driver make a partition of free columns, and opens it. Rejects with BoardError. */
  async pick(columns: ColumnRange, signal: AbortSignal): Promise<Partition> {
    const { board } = await this.#connected(signal);
    return this.open(await abortable(board.pick(columns, signal), signal), signal);
  }

  /**
   * Starts or ends the holder of the partition, and takes over what the board lists then. Rejects with BoardError. Ending
   * it when the owner is gone lets the driver reset and zero the partition.
   */
  async hold(key: PartitionKey, on: boolean, signal: AbortSignal): Promise<void> {
    const { board } = await this.#connected(signal);
    await abortable(board.ownership(key).hold(on, signal), signal);
    await this.refreshPartitions(signal);
  }

  /** As `Partition.enableClocks`; the list is current when it answers. Rejects with BoardError. */
  async enableClocks(key: PartitionKey, on: boolean, signal: AbortSignal): Promise<boolean> {
    const partition = await this.open(key, signal);
    const running = await abortable(partition.enableClocks(on, signal), signal);
    await this.refreshPartitions(signal);
    return running;
  }

  /** As `Partition.takeKernelDescriptor`: only when a person chose it, for this connection. Rejects with BoardError. */
  async takeKernelDescriptor(key: PartitionKey, signal: AbortSignal): Promise<void> {
    const { board } = await this.#connected(signal);
    await abortable(board.ownership(key).takeKernelDescriptor(signal), signal);
    await this.refreshPartitions(signal);
  }

  /**
   * Notes that a person agreed to write beside the occupant of the partition (`occupantOf`); ends when the partition changes
   * hands or another epoch of its contents begins. Counts for every memory of the partition.
   */
  agreeBeside(key: PartitionKey, occupant: string): void {
    this.#agreed.set(key, occupant);
  }

  /** Whether a person agreed to write beside this occupant of the partition. */
  agreedBeside(key: PartitionKey, occupant: string): boolean {
    return this.#agreed.get(key) === occupant;
  }

  /** Ends the connection and forgets all listeners. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    void this.leave();
    this.#stateChanged.dispose();
    this.#partitionsChanged.dispose();
    this.#startRefused.dispose();
  }

  async #connected(signal: AbortSignal): Promise<Connection> {
    throwIfCancelled(signal);
    if (this.#connection === undefined && this.#attempt !== undefined)
      await this.#join(this.#attempt, signal);
    if (this.#connection !== undefined) return this.#connection;
    if (this.#state.kind === 'offline') throw this.#state.error;
    throw new BoardError('connection-lost', 'not connected');
  }

  async #join(attempt: Attempt, signal: AbortSignal): Promise<Board> {
    attempt.waiting++;
    try {
      return await abortable(attempt.promise, signal);
    } finally {
      attempt.waiting--;
      if (signal.aborted && attempt.waiting === 0 && !attempt.automatic) this.#abandon(attempt, signal);
    }
  }

  /** Gives the attempt up. It ends later; the link does not wait for it. */
  #abandon(attempt: Attempt, signal: AbortSignal): void {
    attempt.controller.abort(signal.reason);
    if (this.#attempt === attempt) this.#failed(abortError(signal));
  }

  #start(automatic: boolean): Attempt {
    this.#retry?.dispose();
    this.#retry = undefined;
    const controller = new AbortController();
    const number = this.#failures + 1;
    // The attempt is noted before it runs: a listener that connects joins it.
    const promise = Promise.resolve().then(() => this.#run(controller, number));
    const attempt: Attempt = { controller, automatic, waiting: 0, promise };
    this.#attempt = attempt;
    // Callers that wait get the failure. Without one, the state holds it.
    attempt.promise.catch(() => undefined);
    this.#setState({ kind: 'connecting', step: 'resolving', attempt: number });
    return attempt;
  }

  async #run(controller: AbortController, number: number): Promise<Board> {
    const current = () => this.#attempt?.controller === controller;
    let board: Board | undefined;
    const subscriptions = new DisposableStore();
    try {
      const context = {
        log: this.#services.log,
        onStep: (step: ConnectStep, percent?: number) => {
          if (!current()) return;
          const progress = percent === undefined ? {} : { percent };
          this.#setState({ kind: 'connecting', step, ...progress, attempt: number });
        },
      };
      board = await this.#connector.connect(context, controller.signal);
      throwIfCancelled(controller.signal);
      const closed = new AbortController();
      subscriptions.add(board.onDidClose((error) => closed.abort(error)));
      let partitions: readonly PartitionInfo[] | undefined;
      subscriptions.add(
        board.onDidChangePartitions((now) => {
          partitions = now;
        }),
      );
      const listed = await abortable(board.partitions(controller.signal), controller.signal);
      if (closed.signal.aborted) throw closed.signal.reason;
      throwIfCancelled(controller.signal);
      this.#adopt(board, partitions ?? listed);
      return board;
    } catch (thrown) {
      const error = toBoardError(thrown);
      if (board !== undefined) await this.#end(board, false);
      if (current()) this.#failed(error);
      throw error;
    } finally {
      subscriptions.dispose();
    }
  }

  #adopt(board: Board, partitions: readonly PartitionInfo[]): void {
    const connection: Connection = {
      board,
      since: this.#services.now(),
      isAutomatic: this.#attempt?.automatic === true,
      ended: new AbortController(),
      subscriptions: new DisposableStore(),
      opened: new Map(),
    };
    this.#attempt = undefined;
    this.#wasLeft = false;
    this.#wasEnded = false;
    this.#connection = connection;
    this.#wanted = true;
    connection.subscriptions.add(board.onDidClose((error) => this.#lost(connection, error)));
    connection.subscriptions.add(board.onDidChangePartitions((now) => this.#setPartitions(now)));
    connection.subscriptions.add(
      board.onDidNotice((notice) => {
        if (notice.kind === 'start-refused') this.#emit(this.#startRefused, notice);
        else this.#setHung(notice.error);
      }),
    );
    // Partitions first: whoever hears that the board is there finds them current.
    this.#setPartitions(partitions);
    this.#setState({ kind: 'connected', board });
  }

  #lost(connection: Connection, error: BoardError): void {
    if (this.#connection !== connection) return;
    this.#services.log.warn(`${this.label}: connection lost: ${error.code}: ${error.message}`);
    this.#leave(error);
    if (this.#services.now() - connection.since >= steadyAfter) this.#failures = 0;
    this.#failed(error);
    void this.#end(connection.board, true);
  }

  /** Forgets the live connection; answers its board, which the caller ends. */
  #leave(reason: BoardError): Board | undefined {
    const connection = this.#connection;
    this.#hung = undefined;
    this.#connection = undefined;
    connection?.subscriptions.dispose();
    connection?.ended.abort(reason);
    return connection?.board;
  }

  #failed(error: BoardError): void {
    this.#attempt = undefined;
    // A board whose driver hangs is there, and the call may return: also a first connection to it is tried again.
    const hangs = error.code === 'driver-hung';
    this.#wanted = hangs || (this.#wanted && passing.has(error.code));
    if (!this.#wanted) {
      this.#setState(error.code === 'cancelled' ? { kind: 'disconnected' } : { kind: 'offline', error });
      return;
    }
    const wait = hangs ? hungWait : Math.min(1000 * 2 ** Math.min(this.#failures, 10), longestWait);
    this.#failures++;
    this.#retry = this.#services.after(wait, () => this.#start(true));
    this.#setState({ kind: 'offline', error, retryAt: this.#services.now() + wait });
  }

  async #end(board: Board, keepRecordings: boolean): Promise<void> {
    try {
      await board.dispose(keepRecordings);
    } catch (error) {
      this.#services.log.warn(`${this.label}: ending the connection: ${toBoardError(error).message}`);
    }
  }

  #setHung(error: BoardError | undefined): void {
    this.#hung = error;
    if (error !== undefined) this.#services.log.warn(`${this.label}: ${error.message}`);
    this.#emit(this.#stateChanged, this.#state);
  }

  #setState(state: LinkState): void {
    this.#state = state;
    this.#emit(this.#stateChanged, state);
  }

  #setPartitions(partitions: readonly PartitionInfo[]): void {
    const before = new Set(this.#partitions.map(({ key }) => key));
    const now = new Map(partitions.map((info) => [info.key, info]));
    this.#partitions = partitions;
    this.#freeColumns = this.#connection?.board.freeColumns ?? this.#freeColumns;
    for (const [key, occupant] of this.#agreed) {
      if (occupantOf(now.get(key)) !== occupant) this.#agreed.delete(key);
    }
    // A partition of a dynamic driver that went has to be picked anew.
    for (const key of before) if (!now.has(key)) this.#connection?.opened.delete(key);
    this.#emit(this.#partitionsChanged, partitions);
  }

  /** A listener that throws must not break the connection. */
  #emit<T>(emitter: Emitter<T>, event: T): void {
    try {
      emitter.fire(event);
    } catch (error) {
      this.#services.log.warn(`a listener of ${this.label} failed: ${toBoardError(error).message}`);
    }
  }
}

/**
 * Occupant and epoch of a partition, as text to compare: a different text means that the partition changed hands, or may
 * have. The epoch is part of it because an owner can be hidden, and because pids repeat after a reboot.
 */
export function occupantOf(partition: PartitionInfo | undefined): string {
  if (partition === undefined) return 'none';
  const { inUse, owner, ownerGone, epoch } = partition;
  if (!inUse) return 'free';
  const who = ownerGone ? 'gone' : `${owner?.pid ?? 0}:${owner?.startedAt ?? 0}`;
  return `${who} in ${epoch}`;
}
