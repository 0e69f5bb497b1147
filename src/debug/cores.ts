/**
 * The cores of one partition as a debug session sees them: their last state, read again and again while the partition is in
 * use, and the samples that a person took. Only looks: a look is a read of status, as the Array view's.
 */
import { type Asking, type PartitionInfo, patience, type StatusReport } from '../board/board.ts';
import { type BoardError, toBoardError } from '../board/errors.ts';
import { type Disposable, Emitter, type Event } from '../model/event.ts';
import type { RowRange, Tile } from '../model/geometry.ts';
import type { TileStatus } from '../model/status/status.ts';
import type { BoardLink } from '../session/link.ts';

/** Pause between the end of one look at all cores and the next, milliseconds; longer where the board wants it longer. */
const pauseMs = 1000;

/** What the cores need of the machine; time is injected for tests. */
export interface CoreServices {
  after(milliseconds: number, action: () => void): Disposable;
  /** Logs a failure. */
  note(thrown: unknown): unknown;
}

/** A core and what was read of it last. */
export interface Core {
  readonly tile: Tile;
  readonly status?: TileStatus;
  /** When `status` was read, milliseconds since 1970. */
  readonly at?: number;
  /** Which read it is from: `Cores.turn` when that began. */
  readonly turn?: number;
}

function keyOf({ col, row }: Tile): number {
  return col * 0x100 + row;
}

export class Cores implements Disposable {
  readonly #partition: PartitionInfo;
  readonly #link: BoardLink;
  readonly #services: CoreServices;
  readonly #changed = new Emitter<void>();
  readonly #ended = new AbortController();
  readonly #cores = new Map<number, Core>();
  /** Samples by tile: they stay as they are while the core goes on. */
  readonly #samples = new Map<number, Core>();
  #error: BoardError | undefined;
  #next: Disposable | undefined;
  #turn = 0;

  constructor(link: BoardLink, partition: PartitionInfo, services: CoreServices) {
    this.#link = link;
    this.#partition = partition;
    this.#services = services;
  }

  /** Fires after each look at all cores, whether it succeeded or not. */
  get onDidChange(): Event<void> {
    return this.#changed.event;
  }

  /** All cores by column, then row. */
  get all(): readonly Core[] {
    return [...this.#cores.values()];
  }

  /** Why the last look failed, if it did. The states are from before then. */
  get error(): BoardError | undefined {
    return this.#error;
  }

  /** The number of the read that began last: a look at all cores, or a sample. */
  get turn(): number {
    return this.#turn;
  }

  /** Learns which cores there are, looks at them once, and goes on looking. Rejects with BoardError. */
  async start(signal: AbortSignal): Promise<void> {
    const board = await this.#link.connect(signal);
    const { startCol, numCols } = this.#partition.columns;
    const rows = board.info.array?.core ?? this.#rows;
    for (let col = startCol; col < startCol + numCols; col++) {
      for (let row = rows.start; row < rows.start + rows.count; row++) {
        this.#cores.set(keyOf({ col, row }), { tile: { col, row } });
      }
    }
    await this.#look('look', signal);
    if (this.#error !== undefined) throw this.#error;
    this.#schedule();
  }

  /** The sample of the tile if one is held, else its last state. */
  core(tile: Tile): Core | undefined {
    return this.#samples.get(keyOf(tile)) ?? this.#cores.get(keyOf(tile));
  }

  /** The last state of the tile, whether a sample is held or not. */
  latest(tile: Tile): Core | undefined {
    return this.#cores.get(keyOf(tile));
  }

  isSampled(tile: Tile): boolean {
    return this.#samples.has(keyOf(tile));
  }

  /** Reads one core now, beside the looks at all. Rejects with BoardError. */
  async readState(tile: Tile): Promise<void> {
    const turn = ++this.#turn;
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
    const partition = await this.#link.open(this.#partition.key, signal);
    this.#take(await partition.status([tile], { asking: 'person' }, signal), turn);
    this.#changed.fire();
  }

  /** Reads one tile with all details, and keeps that until it is dropped. Rejects with BoardError. */
  async sample(tile: Tile): Promise<Core> {
    const turn = ++this.#turn;
    const signal = AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)]);
    const partition = await this.#link.open(this.#partition.key, signal);
    const report = await partition.status([tile], { detail: true, asking: 'person' }, signal);
    const [status] = report.tiles;
    const sample = { tile, at: report.at, turn, ...(status === undefined ? {} : { status }) };
    this.#samples.set(keyOf(tile), sample);
    return sample;
  }

  /** Drops the sample of a tile. */
  dropSample(tile: Tile): void {
    this.#samples.delete(keyOf(tile));
  }

  /** The tiles whose samples are held. */
  get sampled(): readonly Tile[] {
    return [...this.#samples.values()].map(({ tile }) => tile);
  }

  dispose(): void {
    this.#ended.abort();
    this.#next?.dispose();
    this.#changed.dispose();
  }

  /** Where the board does not tell its rows: all of the partition but the shim row. */
  get #rows(): RowRange {
    const { startRow, numRows } = this.#partition;
    return { start: 1, count: Math.max(0, startRow + numRows - 1) };
  }

  #schedule(): void {
    if (this.#ended.signal.aborted) return;
    this.#next = this.#services.after(Math.max(pauseMs, this.#link.unaskedWaitMs), () => {
      void this.#look('nobody', AbortSignal.any([this.#ended.signal, AbortSignal.timeout(patience)])).then(
        () => this.#schedule(),
      );
    });
  }

  /** One look at all cores. A failure becomes `error`. */
  async #look(asking: Asking, signal: AbortSignal): Promise<void> {
    const turn = ++this.#turn;
    try {
      const partition = await this.#link.open(this.#partition.key, signal, asking);
      const tiles = this.all.map(({ tile }) => tile);
      this.#take(await partition.status(tiles, { asking }, signal), turn);
      this.#error = undefined;
    } catch (thrown) {
      if (this.#ended.signal.aborted) return;
      const error = toBoardError(thrown);
      // Nobody uses the partition: it is not taken for a look that no person asked for.
      if (error.code !== 'not-asked') {
        if (error.code !== this.#error?.code) this.#services.note(error);
        this.#error = error;
      }
    }
    this.#changed.fire();
  }

  #take(report: StatusReport, turn: number): void {
    for (const status of report.tiles) {
      const { tile } = status;
      // A look that began later may have been answered before.
      if ((this.#cores.get(keyOf(tile))?.turn ?? 0) > turn) continue;
      this.#cores.set(keyOf(tile), { tile, status, at: report.at, turn });
    }
  }
}
