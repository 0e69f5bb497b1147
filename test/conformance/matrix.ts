/**
 * Family x generation x way x how the partition is held: one lap per combination says that the board is recognised, its
 * memories have the right places, bytes arrive and are written, clocks, status and holds do what they say, and that
 * nothing is left behind. Runner-neutral: a lap ends or throws. Titles of tests that run it carry [attach-13].
 */
import { strict as assert } from 'node:assert';
import type { Board, Partition, PartitionInfo, PartitionMemory } from '../../src/board/board.ts';
import { BoardError } from '../../src/board/errors.ts';
import {
  type ColumnRange,
  formatTile,
  locate,
  type MemoryGeometry,
  type Tile,
  tiles,
  totalBytes,
} from '../../src/model/geometry.ts';
import { type Family, type FamilyName, families, familyNames } from '../board/families.ts';
import { patternBytes, type Witness } from '../board/witness.ts';
import { keyOf } from './keys.ts';
import { Random } from './random.ts';
import type { VirtualHand } from './virtual-bench.ts';

export const ways = ['local', 'ssh'] as const;
export const modes = ['request', 'attach'] as const;

export interface Combination {
  readonly family: FamilyName;
  readonly way: (typeof ways)[number];
  /** A partition that is free, or one that an application has. */
  readonly mode: (typeof modes)[number];
}

export interface LapResult extends Combination {
  readonly passed: boolean;
  /** Why it failed; empty when it passed. */
  readonly message: string;
  readonly ms: number;
}

/** Every combination. */
export function allCombinations(): Combination[] {
  return familyNames.flatMap((family) => ways.flatMap((way) => modes.map((mode) => ({ family, way, mode }))));
}

/**
 * For each family two laps that share neither way nor mode, so that every pair of values occurs; which two rotates with
 * the seed, and not all families have the same two.
 */
export function pairwiseSample(seed: number): Combination[] {
  return familyNames.flatMap((family, i) => {
    const flip = (seed + i) % 2;
    return ways.map((way, j) => ({ family, way, mode: modes[(flip + j) % 2] ?? 'request' }));
  });
}

/** Runs one lap; the module is loaded as the combination's family, and nobody has a partition. */
export async function runLap(hand: VirtualHand, lap: Combination, seed: number): Promise<LapResult> {
  const started = Date.now();
  try {
    const family = families[lap.family];
    await (lap.mode === 'request' ? requested(hand, family, seed) : attached(hand, family, seed));
    return { ...lap, passed: true, message: '', ms: Date.now() - started };
  } catch (error) {
    return { ...lap, passed: false, message: textOf(error), ms: Date.now() - started };
  }
}

/** The results as a Markdown table: families down, ways and modes across. */
export function formatMatrix(results: readonly LapResult[]): string {
  const heads = ways.flatMap((way) => modes.map((mode) => ({ way, mode })));
  const lines = [
    `| family/generation | ${heads.map(({ way, mode }) => `${way}, ${mode}`).join(' | ')} |`,
    `|---|${heads.map(() => '---|').join('')}`,
  ];
  for (const family of familyNames) {
    const cells = heads.map(({ way, mode }) => {
      const of = results.filter((one) => one.family === family && one.way === way && one.mode === mode);
      if (of.length === 0) return '-';
      const failed = of.filter((one) => !one.passed);
      const seconds = (of.reduce((sum, one) => sum + one.ms, 0) / of.length / 1000).toFixed(1);
      return failed.length > 0 ? `**failed ${failed.length} of ${of.length}**` : `ok, ${seconds} s`;
    });
    lines.push(`| ${family} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

/** A free partition: picked where the driver makes partitions of what is asked for. */
async function requested(hand: VirtualHand, family: Family, seed: number): Promise<void> {
  const random = new Random(seed);
  const columns = columnsOf(family.partition);
  await hand.control('ungate all');
  const board = await hand.connect();
  try {
    checkDescription(board, family);
    assert.deepEqual(await board.partitions(never).then(inUse), []);
    assert.deepEqual(
      board.freeColumns,
      family.dynamic ? [{ startCol: 0, numCols: family.shape.numCols }] : [],
    );
    const partition = await board.open(keyOf(columns), { asking: 'fast' }, never);
    const info = await listedWhen(board, columns, (one) => !one.inUse);
    assert.equal(info.picked, family.dynamic);
    checkMemories(partition, family);
    const written: { memory: PartitionMemory; offset: number; bytes: Uint8Array }[] = [];
    for (const memory of partition.memories) {
      const bytes = random.bytes(21);
      const offset = placeIn(memory.geometry, bytes.length, random);
      await write(memory, offset, bytes, false);
      assert.deepEqual(await read(memory, offset, bytes.length), bytes);
      written.push({ memory, offset, bytes });
    }
    assert.equal(await held(hand), 0);
    await asOwner(hand, family, { keep: true }, async (witness) => {
      for (const { memory, offset, bytes } of written) {
        assert.deepEqual(await seenBy(witness, memory, offset, bytes.length), bytes);
      }
    });
    await checkStatus(partition, family, random);
    await checkClocks(hand, partition, family);
    assert.equal(await held(hand), 0);
  } finally {
    await board.dispose();
  }
}

/** A partition that an application has: read and, unlocked, written beside it; held when it crashes. */
async function attached(hand: VirtualHand, family: Family, seed: number): Promise<void> {
  const random = new Random(seed + 1);
  const columns = columnsOf(family.partition);
  const witness = await hand.witness();
  const { pid } = await witness.request(family.partition.id, { clocks: true });
  const board = await hand.connect();
  let running = true;
  try {
    checkDescription(board, family);
    const info = await listedWhen(board, columns, (one) => one.inUse);
    assert.deepEqual([info.owner?.kind, info.owner?.pid, info.owner?.command], ['process', pid, 'witness']);
    await checkFreeColumns(board, family, pid);
    const partition = await board.open(keyOf(columns), { asking: 'fast' }, never);
    checkMemories(partition, family);
    await checkWholeMemory(partition, witness, seed);

    const known: { memory: PartitionMemory; offset: number; bytes: Uint8Array }[] = [];
    for (const memory of partition.memories) {
      const bytes = random.bytes(21);
      const offset = placeIn(memory.geometry, bytes.length, random);
      const { tile, offset: at } = locate(memory.geometry, offset);
      await witness.write(memory.geometry.type, tile.col, tile.row, at, bytes);
      assert.deepEqual(await read(memory, offset, bytes.length), bytes);
      const locked = write(memory, offset, random.bytes(21), false);
      await assert.rejects(locked, (error) => error instanceof BoardError && error.code === 'locked');
      const ours = random.bytes(21);
      await write(memory, offset, ours, true);
      assert.deepEqual(await seenBy(witness, memory, offset, ours.length), ours);
      known.push({ memory, offset, bytes: ours });
    }
    await checkStatus(partition, family, random);

    await partition.hold(true, never);
    const holding = await listedWhen(board, columns, (one) => one.hold !== undefined);
    assert.deepEqual([holding.ownerGone, holding.owner?.pid], [false, pid]);
    await hand.kill(pid);
    running = false;
    await witness.ended();
    const kept = await listedWhen(board, columns, (one) => one.ownerGone);
    assert.deepEqual([kept.owner, kept.epoch], [undefined, holding.epoch]);
    for (const { memory, offset, bytes } of known) {
      assert.deepEqual(await read(memory, offset, bytes.length), bytes);
    }
    await partition.hold(false, never);
    await gone(board, columns);
    assert.equal(await held(hand), 0);
  } finally {
    if (running) await witness.exit();
    await board.dispose();
  }
}

function checkDescription({ info }: Board, family: Family): void {
  assert.deepEqual([info.family, info.generation], [family.driver, family.generation]);
  // What tells the shape: hardware_info where the family has it, else the driver's answers, without the columns.
  if (info.array !== undefined) {
    const { numCols, core, memory } = info.array;
    assert.deepEqual([core, memory.count], [family.shape.core, family.shape.memory.count]);
    assert.ok(numCols === 0 || numCols === family.shape.numCols, `${numCols} columns`);
  }
  assert.ok(
    !family.dynamic || info.array?.numCols === family.shape.numCols,
    'the number of columns is unknown',
  );
  assert.ok(info.findings.length > 0, 'no findings');
}

function checkMemories(partition: Partition, family: Family): void {
  const order = (a: MemoryGeometry, b: MemoryGeometry) => a.type.localeCompare(b.type);
  const found = partition.memories.map((memory) => memory.geometry).sort(order);
  assert.deepEqual(found, [...family.memories].sort(order));
}

/** What is free is what the application left; a part of its columns cannot be picked. */
async function checkFreeColumns(board: Board, family: Family, pid: number): Promise<void> {
  const { startCol, numCols } = columnsOf(family.partition);
  const end = startCol + numCols;
  const around = [
    { startCol: 0, numCols: startCol },
    { startCol: end, numCols: family.shape.numCols - end },
  ];
  assert.deepEqual(board.freeColumns, family.dynamic ? around : []);
  const [code, facts] = family.dynamic ? (['columns-taken', pid] as const) : (['no-partition'] as const);
  const overlapping = board.open(keyOf({ startCol: end - 1, numCols: 2 }), { asking: 'fast' }, never);
  await assert.rejects(
    overlapping,
    (error) =>
      error instanceof BoardError && error.code === code && (facts ?? 0) === (error.facts['pid'] ?? 0),
  );
}

/** All data memory at once, each tile with the witness's pattern of its own. */
async function checkWholeMemory(partition: Partition, witness: Witness, seed: number): Promise<void> {
  const memory = partition.memory('data');
  assert.ok(memory !== undefined, 'no data memory');
  await witness.fill(seed, 'data');
  const { bytesPerTile } = memory.geometry;
  const bytes = await read(memory, 0, totalBytes(memory.geometry));
  for (const [i, tile] of tiles(memory.geometry).entries()) {
    const expected = patternBytes('data', tile.col, tile.row, 0, bytesPerTile, seed);
    const found = bytes.subarray(i * bytesPerTile, (i + 1) * bytesPerTile);
    assert.ok(expected.equals(found), `other bytes than the witness wrote in ${formatTile(tile)}`);
  }
}

/** Status of a tile of each row kind: looked at, and of the right kind. */
async function checkStatus(partition: Partition, family: Family, random: Random): Promise<void> {
  const col = partition.columns.startCol + random.below(partition.columns.numCols);
  const kinds = (['shim', 'memory', 'core'] as const).filter((kind) => family.shape[kind].count > 0);
  const tiles = kinds.map((kind) => ({ col, row: family.shape[kind].start }));
  const { tiles: found } = await partition.status(tiles, { detail: true, asking: 'fast' }, never);
  assert.deepEqual(
    found.map((one) => [one.tile, one.kind, one.reason]),
    kinds.map((kind, i) => [tiles[i], kind, undefined]),
  );
  assert.equal(found.at(-1)?.core?.state, 'disabled');
}

/** A gated tile is marked, not touched; its clock is enabled for us alone, where the driver does that. */
async function checkClocks(hand: VirtualHand, partition: Partition, family: Family): Promise<void> {
  const { core } = family.shape;
  const tile = {
    col: partition.columns.startCol + partition.columns.numCols - 1,
    row: core.start + core.count - 1,
  };
  const memory = partition.memory('data');
  assert.ok(memory !== undefined, 'no data memory');
  const range = { offset: totalBytes(memory.geometry) - 64, length: 64 };
  const reasons = async () =>
    (await memory.read([range], { asking: 'fast' }, never)).unreadable.map((span) => [
      span.length,
      span.reason,
    ]);
  assert.deepEqual(await reasons(), []);
  await hand.control(`gate ${tile.col} ${tile.row}`);
  try {
    assert.deepEqual(await reasons(), [[64, 'gated']]);
    const runs = await partition.enableClocks(true, never);
    assert.deepEqual(await reasons(), runs ? [] : [[64, 'gated']]);
    await partition.enableClocks(false, never);
    assert.deepEqual(await reasons(), [[64, 'gated']]);
  } finally {
    await hand.control(`ungate ${tile.col} ${tile.row}`);
  }
}

const never = new AbortController().signal;

function columnsOf({ startCol, numCols }: ColumnRange): ColumnRange {
  return { startCol, numCols };
}

function inUse(list: readonly PartitionInfo[]): ColumnRange[] {
  return list.filter((one) => one.inUse).map((one) => one.columns);
}

/** An offset, odd ones too, at which so many bytes lie in one tile. */
function placeIn(geometry: MemoryGeometry, length: number, random: Random): number {
  const tile = random.below(totalBytes(geometry) / geometry.bytesPerTile);
  return tile * geometry.bytesPerTile + random.below(geometry.bytesPerTile - length);
}

async function read(memory: PartitionMemory, offset: number, length: number): Promise<Uint8Array> {
  const result = await memory.read([{ offset, length }], { asking: 'fast' }, never);
  assert.deepEqual(result.unreadable, []);
  return result.pieces[0]?.bytes ?? new Uint8Array(0);
}

/** Writes over what is there, and requires that all of it is verified. */
async function write(
  memory: PartitionMemory,
  offset: number,
  bytes: Uint8Array,
  besideOwner: boolean,
): Promise<void> {
  const before = await memory.read([{ offset, length: bytes.length }], { asking: 'fast' }, never);
  const seen = before.pieces[0]?.bytes ?? new Uint8Array(0);
  const report = await memory.write([{ offset, seen, bytes }], { epoch: before.epoch, besideOwner }, never);
  assert.deepEqual(
    report.spans.map((span) => [span.outcome, span.length]),
    [['verified', bytes.length]],
  );
}

async function seenBy(
  witness: Witness,
  { geometry }: PartitionMemory,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const { tile, offset: at }: { tile: Tile; offset: number } = locate(geometry, offset);
  return Uint8Array.from(await witness.read(geometry.type, tile.col, tile.row, at, length));
}

async function asOwner(
  hand: VirtualHand,
  family: Family,
  options: { readonly keep: boolean },
  action: (witness: Witness) => Promise<void>,
): Promise<void> {
  const witness = await hand.witness();
  try {
    await witness.request(family.partition.id, options);
    await action(witness);
  } finally {
    await witness.exit();
  }
}

async function held(hand: VirtualHand): Promise<number> {
  const { open = 0, dmabufs = 0, mappings = 0 } = await hand.counters();
  return open + dmabufs + mappings;
}

/** The partition as soon as it is listed like this. */
function listedWhen(
  board: Board,
  columns: ColumnRange,
  wanted: (info: PartitionInfo) => boolean,
): Promise<PartitionInfo> {
  return when(board, (list) => list.find((one) => same(one.columns, columns) && wanted(one)));
}

/** Nobody has the columns any more. */
async function gone(board: Board, columns: ColumnRange): Promise<void> {
  await when(board, (list) => {
    const one = list.find((info) => same(info.columns, columns));
    return one === undefined || !one.inUse ? true : undefined;
  });
}

function same(a: ColumnRange, b: ColumnRange): boolean {
  return a.startCol === b.startCol && a.numCols === b.numCols;
}

/** Waits, for at most half a minute, until the list of partitions has what is wanted. */
async function when<T>(board: Board, find: (list: readonly PartitionInfo[]) => T | undefined): Promise<T> {
  let last: readonly PartitionInfo[] = [];
  let subscription: { dispose(): void } | undefined;
  let limit: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const look = (list: readonly PartitionInfo[]) => {
        last = list;
        const found = find(list);
        if (found !== undefined) resolve(found);
      };
      limit = setTimeout(() => reject(new Error(`not listed: ${JSON.stringify(last)}`)), 30_000);
      subscription = board.onDidChangePartitions(look);
      board.partitions(never).then(look, reject);
    });
  } finally {
    clearTimeout(limit);
    subscription?.dispose();
  }
}

function textOf(error: unknown): string {
  if (error instanceof BoardError) return `${error.code}: ${error.message} ${JSON.stringify(error.facts)}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
