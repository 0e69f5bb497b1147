/**
 * Runs on the virtual board in Node: reads the whole data memory of a partition through the local board (addon in
 * process) and prints the milliseconds of each round, a line each. usage: node board-side.cjs ADDON ROUNDS START_COL NUM_COLS
 */
import { createLocalConnector } from '../../src/board/local/connector.ts';
import { totalBytes } from '../../src/model/geometry.ts';
import { keyOf } from '../conformance/keys.ts';

const [addonPath = '', rounds = '1', startCol = '0', numCols = '1'] = process.argv.slice(2);
const signal = new AbortController().signal;
const silent = () => undefined;
const board = await createLocalConnector({ addonPath, agentPath: '' }).connect(
  { log: { trace: silent, info: silent, warn: silent }, onStep: silent },
  signal,
);
try {
  const partition = await board.open(
    keyOf({ startCol: Number(startCol), numCols: Number(numCols) }),
    {},
    signal,
  );
  const memory = partition.memory('data');
  if (memory === undefined) throw new Error('the partition has no data memory');
  const range = { offset: 0, length: totalBytes(memory.geometry) };
  // Nothing is given back meanwhile, so that each round has memory which the process never touched.
  const kept: unknown[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    const begin = performance.now();
    const result = await memory.read([range], { asking: 'fast' }, signal);
    const ms = performance.now() - begin;
    kept.push(result);
    const bytes = result.pieces[0]?.bytes.length ?? 0;
    if (bytes !== range.length || result.unreadable.length > 0) throw new Error(`read ${bytes} bytes only`);
    console.log(ms.toFixed(3));
  }
} finally {
  await board.dispose();
}
