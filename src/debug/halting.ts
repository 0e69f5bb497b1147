/**
 * Halting of one partition's cores by a debug session: the consent, and which cores stand. Knows cores, not programs, the
 * debug protocol or VS Code. Who lets cores go on when anything ends is the board's side (docs/halting.md).
 */
import {
  type CoreAct,
  type CoreState,
  type Partition,
  type PartitionInfo,
  patience,
} from '../board/board.ts';
import { toBoardError } from '../board/errors.ts';
import { type Disposable, DisposableStore, Emitter, type Event } from '../model/event.ts';
import type { Tile } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { BoardLink } from '../session/link.ts';
import type { Cores } from './cores.ts';

/** Core_Status: halted by a debugger. */
const debugHalted = 1 << 16;

function keyOf({ col, row }: Tile): number {
  return col * 0x100 + row;
}

export class Halting implements Disposable {
  readonly #link: BoardLink;
  readonly #partition: PartitionKey;
  readonly #cores: Cores;
  readonly #ended = new AbortController();
  readonly #following = new DisposableStore();
  readonly #stopped = new Emitter<Tile>();
  readonly #finished = new Emitter<readonly Tile[]>();
  /** The epoch in which a person allowed it. */
  #epoch: string | undefined;
  /** Cores that stand, and those whose step has not ended yet. */
  readonly #standing = new Map<number, Tile>();
  readonly #stepping = new Map<number, Tile>();

  constructor(link: BoardLink, partition: PartitionInfo, cores: Cores) {
    this.#link = link;
    this.#partition = partition.key;
    this.#cores = cores;
    this.#following.add(this.#stopped);
    this.#following.add(this.#finished);
    this.#following.add(cores.onDidChange(() => this.#lookAt()));
    this.#following.add(link.onDidChangePartitions(() => this.#check()));
    this.#following.add(link.onDidChangeState(() => this.#check()));
  }

  /** Fires when a core stands whose step had to wait. */
  get onDidStop(): Event<Tile> {
    return this.#stopped.event;
  }

  /** Fires when the consent has ended by itself, with the cores that stood: they go on. */
  get onDidEnd(): Event<readonly Tile[]> {
    return this.#finished.event;
  }

  get isAllowed(): boolean {
    return this.#epoch !== undefined;
  }

  /** Whether the core stands. */
  isHalted(tile: Tile): boolean {
    return this.#standing.has(keyOf(tile));
  }

  /** The partition as it is now; its owner is whom a person is told of. */
  get partition(): PartitionInfo | undefined {
    return this.#link.partitions.find(({ key }) => key === this.#partition);
  }

  /** A person allowed it, for the epoch that they were told of. Rejects with BoardError. */
  async allow(epoch: string): Promise<void> {
    const signal = this.#signal();
    await (await this.#opened(signal)).allowHalting(epoch, signal);
    this.#epoch = epoch;
  }

  /** Halts a core. Whether it stands: its registers say so. Rejects with BoardError. */
  async halt(tile: Tile): Promise<boolean> {
    return this.#take(tile, await this.#act(tile, { act: 'halt' }));
  }

  async resume(tile: Tile): Promise<void> {
    await this.#act(tile, { act: 'resume' });
    this.#standing.delete(keyOf(tile));
  }

  /** One instruction. Whether the core stands behind it; if not, it waits for something, and `onDidStop` tells. */
  async step(tile: Tile): Promise<boolean> {
    this.#standing.delete(keyOf(tile));
    const stands = this.#take(tile, await this.#act(tile, { act: 'step', count: 1 }));
    if (!stands) this.#stepping.set(keyOf(tile), tile);
    return stands;
  }

  /** Lets all cores go on. Rejects with BoardError; the board's side does it then, at the end of the connection. */
  async end(): Promise<void> {
    if (this.#epoch === undefined) return;
    this.#forget();
    const signal = AbortSignal.timeout(patience);
    await (await this.#opened(signal)).endHalting(signal);
  }

  dispose(): void {
    this.#ended.abort();
    this.#following.dispose();
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
  }

  #opened(signal: AbortSignal): Promise<Partition> {
    return this.#link.open(this.#partition, signal);
  }

  async #act(tile: Tile, act: CoreAct): Promise<CoreState> {
    const signal = this.#signal();
    try {
      return await (await this.#opened(signal)).actOnCore(tile, act, signal);
    } catch (thrown) {
      const { code } = toBoardError(thrown);
      if (code === 'epoch' || code === 'no-halting') this.#finish();
      throw thrown;
    }
  }

  #take(tile: Tile, { reason, status }: CoreState): boolean {
    const stands = reason === undefined && (status & debugHalted) !== 0;
    if (stands) this.#standing.set(keyOf(tile), tile);
    else this.#standing.delete(keyOf(tile));
    return stands;
  }

  /** A look at all cores finds steps that have ended. */
  #lookAt(): void {
    for (const [key, tile] of [...this.#stepping]) {
      if (this.#cores.core(tile)?.status?.core?.state !== 'debug-halted') continue;
      this.#stepping.delete(key);
      this.#standing.set(key, tile);
      this.#stopped.fire(tile);
    }
  }

  /** Another epoch, or a connection that is gone: the board's side has let cores go on. */
  #check(): void {
    if (this.#link.state.kind !== 'connected' || this.partition?.epoch !== this.#epoch) this.#finish();
  }

  #finish(): void {
    if (this.#epoch === undefined) return;
    this.#finished.fire(this.#forget());
  }

  /** The consent is over. The answer: the cores that stood. */
  #forget(): readonly Tile[] {
    const stood = [...this.#standing.values()];
    this.#epoch = undefined;
    this.#standing.clear();
    this.#stepping.clear();
    return stood;
  }
}
