/**
 * What must be true of one partition: which bytes are where, whose it is, which tiles run, and what a connection may
 * answer for its epoch. Naive on purpose; knows no board. Offsets are buffer offsets in bytes.
 */
import { type MemoryGeometry, type MemoryType, tiles } from '../../src/model/geometry.ts';
import type { Family } from './families.ts';
import { ModelArray } from './module-model.ts';
import { patternBytes } from './witness.ts';

/** What a tile's memory holds below single bytes: zeros, or the witness's pattern of a seed. */
type Ground = number | 'zero';

export interface ModelOwner {
  readonly pid: number;
  /** Its release leaves memory and clocks as they are. */
  readonly keep: boolean;
}

/** The partition as it is. */
export class SequenceModel {
  readonly #family: Family;
  readonly #grounds = new Map<MemoryType, Ground[]>();
  /** Bytes that differ from the ground: what they may be. More than one: a write was cut off. */
  readonly #bytes = new Map<MemoryType, Map<number, readonly number[]>>();
  #clocks: ModelArray;
  owner: ModelOwner | undefined;
  /** Counts changes of hands, each start and each end of an owner. */
  hands = 0;

  constructor(family: Family) {
    this.#family = family;
    this.#clocks = this.#allRun();
    this.#zero();
  }

  /** Whether the tile of the byte runs. */
  runsAt(memory: MemoryGeometry, offset: number): boolean {
    const index = Math.floor(offset / memory.bytesPerTile);
    const col = memory.startCol + Math.floor(index / memory.numRows);
    return this.#clocks.runs(col, memory.startRow + (index % memory.numRows));
  }

  runs(col: number, row: number): boolean {
    return this.#clocks.runs(col, row);
  }

  /** Whether every tile above the shim is gated. */
  get allGated(): boolean {
    const { startCol, numCols, numRows } = this.#family.partition;
    for (let col = startCol; col < startCol + numCols; col++)
      for (let row = 1; row < numRows; row++) if (this.runs(col, row)) return false;
    return true;
  }

  /** A lease looks at the columns that it needs, not at all of them. */
  get looksInParts(): boolean {
    return this.#family.dynamic;
  }

  /** The columns with a tile that runs, and those without one. */
  columns(): { readonly running: readonly number[]; readonly gated: readonly number[] } {
    const { startCol, numCols, numRows } = this.#family.partition;
    const all = Array.from({ length: numCols }, (_, i) => startCol + i);
    const rows = Array.from({ length: numRows - 1 }, (_, i) => i + 1);
    const isRunning = (col: number): boolean => rows.some((row) => this.runs(col, row));
    return { running: all.filter(isRunning), gated: all.filter((col) => !isRunning(col)) };
  }

  /** The bytes that must be there, clocks aside; where a write was cut off, the first of what it may be. */
  expected(memory: MemoryGeometry, offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = offset; at < offset + length; ) {
      const index = Math.floor(at / memory.bytesPerTile);
      const inTile = at % memory.bytesPerTile;
      const count = Math.min(memory.bytesPerTile - inTile, offset + length - at);
      const ground = this.#grounds.get(memory.type)?.[index] ?? 'zero';
      if (ground !== 'zero') {
        const col = memory.startCol + Math.floor(index / memory.numRows);
        const row = memory.startRow + (index % memory.numRows);
        bytes.set(patternBytes(memory.type, col, row, inTile, count, ground), at - offset);
      }
      at += count;
    }
    for (const [at, values] of this.#bytes.get(memory.type) ?? [])
      if (at >= offset && at < offset + length) bytes[at - offset] = values[0] ?? 0;
    return bytes;
  }

  /** What one byte may be. */
  may(memory: MemoryGeometry, offset: number): readonly number[] {
    return this.#bytes.get(memory.type)?.get(offset) ?? [...this.expected(memory, offset, 1)];
  }

  /** The byte is this now, or one of these. */
  set(memory: MemoryGeometry, offset: number, ...values: readonly number[]): void {
    this.#bytes.get(memory.type)?.set(offset, values);
  }

  /** The owner fills all of a memory with its pattern. */
  fill(memory: MemoryGeometry, seed: number): void {
    this.#grounds.set(
      memory.type,
      tiles(memory).map(() => seed),
    );
    this.#bytes.set(memory.type, new Map());
  }

  gate(col: number, row: number): void {
    this.#clocks.gate(col, row);
  }

  ungate(col: number, row: number): void {
    this.#clocks.ungate(col, row);
  }

  ungateAll(): void {
    this.#clocks = this.#allRun();
  }

  /** An application takes the partition and turns all clocks on. */
  start(owner: ModelOwner): void {
    this.owner = owner;
    this.hands++;
    this.ungateAll();
  }

  /** It lets go, or dies: unless it asked to keep everything, all is zero and gated. */
  end(): void {
    const keep = this.owner?.keep ?? true;
    this.owner = undefined;
    this.hands++;
    if (keep) return;
    this.#zero();
    const { startCol, numCols, numRows } = this.#family.partition;
    // A reset turns the column's clock off at the shim; above it the chain stands as after power-on.
    for (let col = startCol; col < startCol + numCols; col++) {
      this.#clocks.ungate(col, numRows - 1);
      this.#clocks.gate(col, 1);
    }
  }

  #zero(): void {
    for (const memory of this.#family.memories) {
      this.#grounds.set(
        memory.type,
        tiles(memory).map(() => 'zero'),
      );
      this.#bytes.set(memory.type, new Map());
    }
  }

  #allRun(): ModelArray {
    const { shape, generation, partition } = this.#family;
    return new ModelArray(shape.numCols, partition.numRows, generation !== 'aie');
  }
}

/** What is known of something that a connection may have seen. */
type Known = 'yes' | 'no' | 'perhaps';

/** What may be said of the epoch since a connection last told one. */
export type EpochRule = 'same' | 'other' | 'either';

/** What one connection knows: its last epoch, and what it must have noticed since. */
export class EpochModel {
  readonly #model: SequenceModel;
  #last: { epoch: string; hands: number; owned: boolean } | undefined;
  /** An earlier life's epoch of this connection. */
  past: string | undefined;
  /** Whether a lease in this life of the free partition saw a running tile. */
  #sawClocks: Known;
  #gatedSince: Known = 'no';
  /** Columns that a lease in this life may have seen running. */
  readonly #running = new Set<number>();

  /** @param sawClocks `perhaps` for a connection that has a past which does not count here */
  constructor(model: SequenceModel, sawClocks: Known) {
    this.#model = model;
    this.#sawClocks = sawClocks;
  }

  get last(): string | undefined {
    return this.#last?.epoch;
  }

  /** The core is about to reach for the partition, or has. */
  reached(): void {
    if (this.#model.owner !== undefined) return;
    const { allGated } = this.#model;
    if (this.#model.looksInParts) {
      if (this.mayEnd && this.#gatedSince === 'no') this.#gatedSince = 'perhaps';
      for (const col of this.#model.columns().running) this.#running.add(col);
      return;
    }
    if (allGated && this.#gatedSince !== 'yes') this.#gatedSince = this.#sawClocks;
    this.#sawClocks = allGated ? 'no' : 'yes';
  }

  /** Whether a lease that looks at some columns may find what ends this life: all of them gated, and seen running before. */
  get mayEnd(): boolean {
    const past = this.#sawClocks === 'perhaps' && this.#model.columns().gated.length > 0;
    return past || this.#model.columns().gated.some((col) => this.#running.has(col));
  }

  /** How the epoch that is told now compares with the last one. */
  rule(): EpochRule {
    if (this.#last === undefined) return 'either';
    if (this.#gatedSince === 'yes') return 'other';
    if (this.#last.hands === this.#model.hands) return this.#gatedSince === 'no' ? 'same' : 'either';
    // An owner that came and went between two looks may be missed; one that is there, or was seen, not.
    return this.#model.owner !== undefined || this.#last.owned ? 'other' : 'either';
  }

  /** The list told this epoch, without a lease. @throws Error when it cannot be. */
  listed(epoch: string): void {
    const another = this.#last !== undefined && epoch !== this.#last.epoch;
    this.told(epoch);
    // Of a life that was just seen to begin no lease saw anything.
    if (another) this.#sawClocks = 'no';
  }

  /** The connection told this epoch. @throws Error when it cannot be. */
  told(epoch: string): void {
    const rule = this.rule();
    const same = epoch === this.#last?.epoch;
    if ((rule === 'same' && !same) || (rule === 'other' && same))
      throw new Error(
        `the epoch must be ${rule === 'same' ? 'the same' : 'another'}: ${this.last}, ${epoch}`,
      );
    if (epoch === this.past) throw new Error(`an earlier life's epoch came back: ${epoch}`);
    if (!same) {
      this.past = this.#last?.epoch;
      this.#running.clear();
      // Leases that looked before this was told are of this life too.
      if (this.#model.looksInParts) for (const col of this.#model.columns().running) this.#running.add(col);
    }
    this.#gatedSince = 'no';
    this.#last = { epoch, hands: this.#model.hands, owned: this.#model.owner !== undefined };
  }
}
