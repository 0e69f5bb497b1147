import type { Board } from '../../src/board/board.ts';
import type { ColumnRange, Tile } from '../../src/model/geometry.ts';
import type { Witness } from '../board/witness.ts';
import type { Bench } from './bench.ts';

/** What a bench needs of a virtual board, whether it stands beside it or runs on it. */
export interface VirtualHand {
  connect(): Promise<Board>;
  /** A witness that has not taken anything. */
  witness(): Promise<Witness>;
  /** A line for the kernel module's control file. */
  control(command: string): Promise<void>;
  /** The kernel module's counters. */
  counters(): Promise<Readonly<Record<string, number>>>;
  /** Ends a process on the board as if it crashed (SIGKILL). */
  kill(pid: number): Promise<void>;
}

/** Partitions of the kernel module as it is loaded without parameters: id by first column. */
const free: ColumnRange = { startCol: 6, numCols: 4 };
const other: ColumnRange = { startCol: 20, numCols: 2 };
const shim: ColumnRange = { startCol: 30, numCols: 3 };

/** A bench on the virtual board. The witness is its independent hand. */
export function virtualBench(hand: VirtualHand): Bench {
  const boards: Board[] = [];
  const owners = new Map<number, { readonly witness: Witness; readonly pid: number }>();

  /** Lets a witness that holds the tile's partition do something. */
  async function through<T>(tile: Tile, action: (witness: Witness) => Promise<T>): Promise<T> {
    const columns = [free, other].find(
      (one) => tile.col >= one.startCol && tile.col < one.startCol + one.numCols,
    );
    if (columns === undefined) throw new RangeError(`no partition has column ${tile.col}`);
    const owner = owners.get(columns.startCol);
    if (owner !== undefined) return action(owner.witness);
    const witness = await hand.witness();
    try {
      await witness.request(idOf(columns), { keep: true });
      return await action(witness);
    } finally {
      await witness.exit();
    }
  }

  return {
    free,
    other,
    shim,
    writesBesideOwner: true,
    runningCoreFaults: true,
    async connect() {
      const board = await hand.connect();
      boards.push(board);
      return board;
    },
    peek: (memory, tile, offset, length) =>
      through(tile, async (witness) =>
        Uint8Array.from(await witness.read(memory, tile.col, tile.row, offset, length)),
      ),
    poke: (memory, tile, offset, bytes) =>
      through(tile, (witness) => witness.write(memory, tile.col, tile.row, offset, bytes)),
    setGated: (tile, gated) => hand.control(`${gated ? 'gate' : 'ungate'} ${tile.col} ${tile.row}`),
    setCore: (tile, enabled) => hand.control(`core ${tile.col} ${tile.row} ${enabled ? 'on' : 'off'}`),
    ungateAll: () => hand.control('ungate all'),
    async own(columns, after) {
      const witness = await hand.witness();
      const { pid } = await witness.request(idOf(columns), { keep: after !== 'reset' });
      owners.set(columns.startCol, { witness, pid });
      return { pid, command: 'witness' };
    },
    async release(columns) {
      const owner = owners.get(columns.startCol);
      owners.delete(columns.startCol);
      await owner?.witness.exit();
    },
    async crash(columns) {
      const owner = owners.get(columns.startCol);
      if (owner === undefined) return;
      owners.delete(columns.startCol);
      await hand.kill(owner.pid);
      await owner.witness.ended();
    },
    async held() {
      const { open = 0, dmabufs = 0, mappings = 0 } = await hand.counters();
      return open + dmabufs + mappings;
    },
    async dispose() {
      for (const { witness } of owners.values()) await witness.exit();
      await Promise.all(boards.map((board) => board.dispose()));
    },
  };
}

function idOf(columns: ColumnRange): number {
  return columns.startCol === free.startCol ? 1 : 2;
}
