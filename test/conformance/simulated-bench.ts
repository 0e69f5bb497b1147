import type { Board, BoardConnector } from '../../src/board/board.ts';
import { freeColumns, ownedColumns, SimulatedArray, shimColumns } from '../../src/board/simulated/array.ts';
import { createSimulatedConnector } from '../../src/board/simulated/connector.ts';
import { tiles } from '../../src/model/geometry.ts';
import type { Bench } from './bench.ts';
import { KeptLog } from './log.ts';

/**
 * The simulated board. `connector` puts another way to the same array under test.
 */
export function simulatedBench(connector: (array: SimulatedArray) => BoardConnector = direct): Bench {
  const array = new SimulatedArray();
  array.release(ownedColumns, { keep: true });
  for (const columns of [freeColumns, ownedColumns]) {
    for (const geometry of array.memories(columns)) {
      for (const tile of tiles(geometry)) array.gate(tile, false);
    }
  }
  const boards: Board[] = [];
  return {
    free: freeColumns,
    other: ownedColumns,
    shim: shimColumns,
    writesBesideOwner: true,
    runningCoreFaults: false,
    async connect() {
      const context = { log: new KeptLog(), onStep: () => undefined };
      const board = await connector(array).connect(context, new AbortController().signal);
      boards.push(board);
      return board;
    },
    peek: async (memory, tile, offset, length) => array.peek(memory, tile, offset, length),
    poke: async (memory, tile, offset, bytes) => array.poke(memory, tile, offset, bytes),
    setGated: async (tile, gated) => array.gate(tile, gated),
    setCore: async (tile, enabled) => array.setCore(tile, enabled),
    async ungateAll() {
      for (const columns of [freeColumns, ownedColumns]) {
        for (const geometry of array.memories(columns)) {
          for (const tile of tiles(geometry)) array.gate(tile, false);
        }
      }
    },
    async own(columns) {
      const owner = { kind: 'process', pid: 77, command: 'bench_graph', startedAt: Date.now() } as const;
      array.own(columns, owner);
      return owner;
    },
    release: async (columns) => array.release(columns, { keep: true }),
    async crash(columns) {
      if (array.partition(columns)?.owner !== undefined) array.exitOwner(columns);
    },
    held: async () => 0,
    async dispose() {
      await Promise.all(boards.map((board) => board.dispose()));
    },
  };
}

function direct(array: SimulatedArray): BoardConnector {
  return createSimulatedConnector({ array });
}
