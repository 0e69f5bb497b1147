import type { Generation, Tile } from '../../src/model/geometry.ts';
import type { VirtualBoard } from './board.ts';

/** Where to stage a hang: three columns and three rows of core tiles from this tile on, all clocked. */
export interface HangPlace {
  readonly generation: Generation;
  readonly col: number;
  /** Absolute; the tiles of this row and the one above wait for each other. */
  readonly row: number;
}

/** What `stageHang` staged: who waits for which lock, and what else there is to see. Tiles are absolute. */
export interface Hang {
  /** Its core waits for lock `wants` of the tile in its north, and has lock `holds` of its own. */
  readonly south: { readonly tile: Tile; readonly wants: number; readonly holds: number };
  /** Its core waits for lock `wants` of the tile in its south, and has lock `holds` of its own. */
  readonly north: { readonly tile: Tile; readonly wants: number; readonly holds: number };
  readonly running: Tile;
  readonly done: Tile;
  readonly disabled: Tile;
  /** A core tile whose S2MM channel waits for a lock of its own that its descriptor names. */
  readonly transfer: {
    readonly tile: Tile;
    readonly channel: number;
    readonly descriptor: number;
    readonly lock: number;
  };
  /** A memory tile whose MM2S channel waits for a lock of its own; not in the first generation. */
  readonly memory?: {
    readonly tile: Tile;
    readonly channel: number;
    readonly descriptor: number;
    /** Counted in the tile; the descriptor counts the western neighbour's 64 locks first. */
    readonly lock: number;
  };
  /** Program counter, stack pointer and link register of the two that wait. */
  readonly registers: { readonly pc: number; readonly sp: number; readonly lr: number };
}

const ENABLE = 1 << 0;
const SOUTH_LOCK_STALL = 1 << 6;
const NORTH_LOCK_STALL = 1 << 8;
const DONE = 1 << 20;

const CORE = {
  aie: { status: 0x32004, pc: 0x30280, sp: 0x302a0, lr: 0x302b0 },
  aieml: { status: 0x32004, pc: 0x31100, sp: 0x31120, lr: 0x31130 },
  aie2ps: { status: 0x38004, pc: 0x32d00, sp: 0x32d20, lr: 0x32d30 },
} as const;

const MEMORY_TILE_LOCKS = 64;

type Write = readonly [tile: Tile, offset: number, value: number];

/**
 * Leaves an array behind as a graph does that hangs: two tiles, one above the other, wait for each other's locks,
 * beside tiles that run, are done, or are disabled, and DMA channels that wait for a lock. Registers only; nothing of the
 * memories changes.
 */
export async function stageHang(board: VirtualBoard, place: HangPlace): Promise<Hang> {
  const { generation, col, row } = place;
  const hang: Hang = {
    south: { tile: { col, row }, wants: 3, holds: 2 },
    north: { tile: { col, row: row + 1 }, wants: 2, holds: 3 },
    running: { col: col + 1, row },
    done: { col: col + 1, row: row + 1 },
    disabled: { col: col + 1, row: row + 2 },
    transfer: { tile: { col: col + 2, row }, channel: 0, descriptor: 4, lock: 5 },
    ...(generation === 'aie'
      ? {}
      : { memory: { tile: { col, row: 1 }, channel: 2, descriptor: 7, lock: 9 } }),
    // The stack is in the own memory, as the core sees it.
    registers: { pc: 0x1ca, sp: generation === 'aie' ? ownMemory(row) + 0x20c0 : 0x720c0, lr: 0xb0 },
  };
  const enabled = [hang.south.tile, hang.north.tile, hang.running, hang.done];
  await board.control(
    ...enabled.map((tile) => `core ${tile.col} ${tile.row} on`),
    ...[...coreWrites(hang, generation), ...lockWrites(hang, generation), ...dmaWrites(hang, generation)].map(
      ([tile, offset, value]) => `reg ${tile.col} ${tile.row} ${offset} ${value | 0}`,
    ),
  );
  return hang;
}

/** In the first generation every other row has its own memory in the east. */
function ownMemory(row: number): number {
  return row % 2 === 1 ? 0x38000 : 0x28000;
}

function coreWrites(hang: Hang, generation: Generation): Write[] {
  const at = CORE[generation];
  const waiting = [hang.south.tile, hang.north.tile].flatMap((tile): Write[] => [
    [tile, at.pc, hang.registers.pc],
    [tile, at.sp, hang.registers.sp],
    [tile, at.lr, hang.registers.lr],
  ]);
  return [
    ...waiting,
    [hang.south.tile, at.status, ENABLE | NORTH_LOCK_STALL],
    [hang.north.tile, at.status, ENABLE | SOUTH_LOCK_STALL],
    [hang.running, at.status, ENABLE],
    [hang.running, at.pc, 0x240],
    [hang.done, at.status, ENABLE | DONE],
    [hang.disabled, at.status, 0],
  ];
}

/** A lock that a core has: acquired in the first generation, at zero later. One that nobody has: released, or at one. */
function lockWrites(hang: Hang, generation: Generation): Write[] {
  const { south, north, transfer, memory } = hang;
  if (generation === 'aie') {
    const acquired = (lock: number): number => 1 << (2 * lock);
    return [
      // Lock 0 of the southern one is released for reading, to have one that differs.
      [south.tile, 0x1ef00, acquired(south.holds) | 2],
      [north.tile, 0x1ef00, acquired(north.holds)],
      // The transfer wants to read what nobody wrote.
      [transfer.tile, 0x1ef00, 0],
    ];
  }
  return [
    [south.tile, 0x1f000, 1],
    [south.tile, 0x1f000 + 0x10 * south.holds, 0],
    [north.tile, 0x1f000 + 0x10 * north.holds, 0],
    [transfer.tile, 0x1f000 + 0x10 * transfer.lock, 0],
    ...(memory === undefined
      ? []
      : [
          [memory.tile, 0xc0000, 2] satisfies Write,
          [memory.tile, 0xc0000 + 0x10 * memory.lock, 0] satisfies Write,
        ]),
  ];
}

function dmaWrites(hang: Hang, generation: Generation): Write[] {
  const { transfer, memory } = hang;
  const bd = 0x1d000 + 0x20 * transfer.descriptor;
  if (generation === 'aie') {
    const lock = (transfer.lock << 22) | (1 << 18) | (1 << 17) | (1 << 16);
    return [
      // Channel 0 works and is stalled on a lock.
      [transfer.tile, 0x1df00, (transfer.descriptor << 16) | (1 << 4) | 2],
      [transfer.tile, bd, lock | (0x1000 / 4)],
      // 64 words, valid.
      [transfer.tile, bd + 0x18, (1 << 31) | 63],
    ];
  }
  const stalled = (1 << 19) | (1 << 2) | 2;
  const wantsOne = 0x7f; // minus one: at least one
  const writes: Write[] = [
    [transfer.tile, 0x1df00, stalled | (transfer.descriptor << 24)],
    [transfer.tile, bd, ((0x1000 / 4) << 14) | 64],
    [transfer.tile, bd + 0x14, transfer.lock | (wantsOne << 5) | (1 << 12) | (1 << 25)],
  ];
  if (memory === undefined) return writes;
  const memoryBd = 0xa0000 + 0x20 * memory.descriptor;
  const ownLock = MEMORY_TILE_LOCKS + memory.lock;
  return [
    ...writes,
    [memory.tile, 0xa0680 + 4 * memory.channel, stalled | (memory.descriptor << 24)],
    [memory.tile, memoryBd, 1024],
    // Addresses count the western neighbour's memory first, as the locks do.
    [memory.tile, memoryBd + 0x4, (512 * 1024) / 4],
    [memory.tile, memoryBd + 0x1c, ownLock | (wantsOne << 8) | (1 << 15) | (1 << 31)],
  ];
}
