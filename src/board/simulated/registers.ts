/**
 * Registers of a tile of the simulated array, as its hardware would answer: core, locks, DMA channels, descriptors,
 * consistent with what the graph is doing. Words stand where `model/status/layout.ts` says; decoding is not known here.
 */
import { type Tile, tileKind } from '../../model/geometry.ts';
import { type DescriptorLayout, type TileLayout, tileLayout } from '../../model/status/layout.ts';
import type { CoreActivity, SimulatedArray } from './array.ts';
import { layout as memory } from './contents.ts';
import { ownWindow } from './demo-graph.ts';

/** Core_Status of each activity: enable is bit 0, lock stalls bits 6 (south) to 9, error halt bit 19, done bit 20; halted by a debugger 16. */
const coreWords: Readonly<Record<CoreActivity, number>> = {
  disabled: 0,
  running: 1,
  done: 1 | (1 << 20),
  error: 1 | (1 << 19),
  'lock-stall-south': 1 | (1 << 6),
  'lock-stall-north': 1 | (1 << 8),
};

/** Where a core stands that does not run: where its kernel acquires the lock, or behind its end. */
const standsAt: Readonly<Record<Exclude<CoreActivity, 'running'>, number>> = {
  disabled: 0,
  done: 0x0a0,
  error: 0x2c0,
  'lock-stall-south': 0x4a0,
  'lock-stall-north': 0x3d0,
};

/** Locks of the invented graph by number. */
const locks = { input: 2, output: 5 } as const;

/** A transfer of the invented graph: from or to a 4 KiB buffer, round and round between two descriptors. */
interface Transfer {
  readonly descriptor: number;
  readonly next: number;
  readonly address: number;
  readonly lock: number;
}

const transfers: readonly Transfer[] = [
  { descriptor: 0, next: 1, address: memory.ping, lock: locks.input },
  { descriptor: 1, next: 0, address: memory.ping + 0x800, lock: locks.input },
  { descriptor: 2, next: 3, address: memory.pong, lock: locks.output },
  { descriptor: 3, next: 2, address: memory.pong + 0x800, lock: locks.output },
];
const transferBytes = 0x800;

/** What the two channels of a tile do: idle, at work, or stalled on the lock of their descriptor. */
interface Channels {
  readonly s2mm: ChannelState;
  readonly mm2s: ChannelState;
}
type ChannelState = 'idle' | 'running' | 'stalled';

const idle: Channels = { s2mm: 'idle', mm2s: 'idle' };
const channelsOf: Readonly<Record<CoreActivity, Channels>> = {
  disabled: idle,
  running: { s2mm: 'running', mm2s: 'running' },
  done: idle,
  error: idle,
  // Its input was taken and never given back: the next one has no room.
  'lock-stall-north': { s2mm: 'stalled', mm2s: 'idle' },
  'lock-stall-south': { s2mm: 'idle', mm2s: 'stalled' },
};

/** Register words of a clocked tile by their offset, ascending. `detail`: descriptors and events too. */
export function statusRegisters(array: SimulatedArray, tile: Tile, detail: boolean): Map<number, number> {
  const kind = tileKind(array.shape, tile.row);
  const layout = tileLayout(array.generation, kind);
  const words = new Map<number, number>();
  if (layout === undefined) return words;
  const activity = kind === 'core' ? array.activity(tile) : 'disabled';
  const channels = kind === 'core' ? channelsOf[activity] : passing(array, tile);
  if (layout.core !== undefined) addCore(words, layout.core, array, tile);
  addLocks(words, layout.locks, channels);
  addChannels(words, layout.dma, channels);
  if (detail) {
    addDescriptors(words, layout.descriptors, channels !== idle);
    for (const { base, words: count } of layout.events) {
      for (let i = 0; i < count; i++) words.set(base + 4 * i, i === 0 && channels !== idle ? 2 : 0);
    }
  }
  return new Map([...words].sort(([a], [b]) => a - b));
}

/** Shim and memory tiles below running cores pass data on. */
function passing(array: SimulatedArray, tile: Tile): Channels {
  const { start, count } = array.shape.core;
  for (let row = start; row < start + count; row++) {
    if (array.activity({ col: tile.col, row }) === 'running') return channelsOf.running;
  }
  return idle;
}

function addCore(
  words: Map<number, number>,
  layout: NonNullable<TileLayout['core']>,
  array: SimulatedArray,
  tile: Tile,
): void {
  const activity = array.activity(tile);
  const { status, counter } = coreWordsOf(array, tile);
  const { sp, lr } = callWordsOf(array, tile);
  words.set(layout.status, status);
  words.set(layout.pc, counter);
  words.set(layout.sp, sp);
  words.set(layout.lr, lr);
  if (layout.enableEvents !== undefined) words.set(layout.enableEvents, activity === 'done' ? 0x8000 : 0);
}

/** Core_Status, Debug_Status and program counter of a core. */
export function coreWordsOf(
  array: SimulatedArray,
  tile: Tile,
): { readonly status: number; readonly debugStatus: number; readonly counter: number } {
  const activity = array.activity(tile);
  const { counter, debugStatus } = array.core(tile).at(array.now());
  return {
    status: (coreWords[activity] | (debugStatus === 0 ? 0 : 1 << 16)) >>> 0,
    debugStatus,
    counter: activity === 'running' ? counter : standsAt[activity],
  };
}

/** Stack pointer and link register of a core. */
function callWordsOf(array: SimulatedArray, tile: Tile): { readonly sp: number; readonly lr: number } {
  if (array.activity(tile) === 'disabled') return { sp: 0, lr: 0 };
  return { sp: ownWindow(array.generation, tile) + memory.stack + 0x100, lr: 0x1c0 };
}

/** What a core computes with, words by name. The general ones are others at each address: a read of a core that goes on is seen. */
export function computingWordsOf(array: SimulatedArray, tile: Tile): Map<string, readonly number[]> {
  const { counter } = coreWordsOf(array, tile);
  const { sp, lr } = callWordsOf(array, tile);
  const numbered = (count: number, word: (number: number) => number): number[] =>
    Array.from({ length: count }, (_, i) => word(i));
  const isFirst = array.generation === 'aie';
  return new Map([
    ['r', numbered(isFirst ? 16 : 32, (i) => (counter * 0x101 + i * 0x1000000) >>> 0)],
    ['p', numbered(8, (i) => ownWindow(array.generation, tile) + memory.ping + 4 * i)],
    ['m', numbered(8, (i) => 32 * i)],
    ...Object.entries({ pc: counter, fc: counter, sp, lr, ls: 0x200, le: 0x9f0, lc: 1 }).map(
      ([name, word]): [string, number[]] => [name, [word]],
    ),
    ...(isFirst ? [] : ['cr', 'sr'].map((name): [string, number[]] => [name, [0]])),
  ]);
}

/** A channel at work has acquired the lock of its buffer; a stalled one waits because the core has not released it. */
function addLocks(words: Map<number, number>, layout: TileLayout['locks'], channels: Channels): void {
  const inUse = new Map([
    [locks.input, channels.s2mm !== 'idle'],
    [locks.output, channels.mm2s !== 'idle'],
  ]);
  if (layout.packed) {
    let word = 0;
    // 1: acquired for write, 3: acquired for read.
    if (inUse.get(locks.input) === true) word |= 1 << (2 * locks.input);
    if (inUse.get(locks.output) === true) word |= 3 << (2 * locks.output);
    words.set(layout.base, word);
    return;
  }
  for (let i = 0; i < layout.count; i++) {
    const known = inUse.get(i as typeof locks.input);
    words.set(layout.base + 16 * i, known === undefined ? 0 : known ? 0 : 1);
  }
  for (const flags of [layout.overflow, layout.underflow]) {
    if (flags === undefined) continue;
    for (let i = 0; i < layout.count / 32; i++) words.set(flags + 4 * i, 0);
  }
}

function addChannels(words: Map<number, number>, layout: TileLayout['dma'], channels: Channels): void {
  for (const direction of ['s2mm', 'mm2s'] as const) {
    const state = channels[direction];
    const current = direction === 's2mm' ? 0 : 2;
    if (layout.packed) {
      // First channel: state in bits 1:0, stall in bit 4, current descriptor in bits 19:16.
      const word = state === 'idle' ? 0 : 2 | (current << 16) | (state === 'stalled' ? 1 << 4 : 0);
      words.set(layout[direction], word);
      continue;
    }
    // Running in bit 19, stalled on acquiring in bit 2, current descriptor from bit 24.
    const word = state === 'idle' ? 0 : (1 << 19) | (current << 24) | (state === 'stalled' ? 1 << 2 : 2);
    words.set(layout[direction], word >>> 0);
    for (let channel = 1; channel < layout.channels; channel++) words.set(layout[direction] + 4 * channel, 0);
  }
}

/** The descriptors of the transfers, where the tile has any; the others were never written. */
function addDescriptors(words: Map<number, number>, layout: DescriptorLayout, used: boolean): void {
  for (let index = 0; index < layout.count; index++) {
    const transfer = used ? transfers.find(({ descriptor }) => descriptor === index) : undefined;
    const values = transfer === undefined ? new Map<string, number>() : fieldsOf(transfer, layout);
    const packed = new Array<number>(layout.words).fill(0);
    for (const { name, word, lsb, width } of layout.fields) {
      const value = (values.get(name) ?? 0) % 2 ** width;
      packed[word] = ((packed[word] ?? 0) | (value << lsb)) >>> 0;
    }
    packed.forEach((value, i) => {
      words.set(layout.base + index * layout.stride + 4 * i, value);
    });
  }
}

function fieldsOf({ next, address, lock }: Transfer, layout: DescriptorLayout): Map<string, number> {
  return new Map([
    ['Base_Address', address / layout.addressUnit],
    ['Buffer_Length', transferBytes / 4 - layout.lengthBias],
    ['Valid_BD', 1],
    ['Use_Next_BD', 1],
    ['Next_BD', next],
    ['Lock_ID', lock],
    ['Lock_Acq_ID', lock],
    ['Lock_Rel_ID', lock],
    ['Lock_Acq_Enable', 1],
    ['Lock_Acq_Value_Enable', 1],
    ['Lock_Acq_Value', 1],
    ['Lock_Rel_Enable', 1],
    ['Lock_Rel_Value_Enable', 1],
    ['Lock_Rel_Value', layout.fields.some(({ name }) => name === 'Lock_ID') ? 0 : 1],
  ]);
}
