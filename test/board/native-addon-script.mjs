/**
 * Runs on the board, in Node: the addon against partition 1 (columns 6 to 9), which the caller filled with words that
 * name their place. Prints one line of JSON with what was seen. Argument: the addon's path, and the number of reads.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

const [path, count] = process.argv.slice(2);
const control = (line) => writeFileSync('/sys/module/aievirt/parameters/control', line);
const perTile = 32_768;
const core = createRequire(import.meta.url)(path).create({
  device: '/dev/aie0',
  onPartitions: () => {},
  onTrace: () => {},
});
const request = { partition: '6_4', memory: 'data', openTiles: [] };

/** What the witness's fill left at a buffer offset (bytes, a multiple of 4). */
function patternWord(offset) {
  const tile = Math.floor(offset / perTile);
  const place = ((6 + (tile >> 3)) << 21) | ((1 + (tile & 7)) << 17) | ((offset % perTile) / 4);
  return Math.imul(place, 0x9e3779b1) >>> 0;
}

let state = 12_345;
function random(limit) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const seen = { good: 0, gated: 0, wrong: 0, failed: 0, foreign: 0 };
const gatedTiles = new Set();

const perRequest = 5;

/** What the witness's fill left in all tiles. */
const filled = Buffer.alloc(perTile * 32);
for (let at = 0; at < filled.length; at += 4) filled.writeUInt32LE(patternWord(at), at);

/** Where a piece that begins at `at` ends, within one tile and one span or none; and whether it is in a span. */
function piece(spans, at, end) {
  let until = Math.min(end, (Math.floor(at / perTile) + 1) * perTile);
  let unreadable = false;
  for (let i = 0; i < spans.length; i += 3) {
    const from = spans[i];
    const to = from + spans[i + 1];
    if (from <= at && at < to) {
      unreadable = true;
      until = Math.min(until, to);
    } else if (at < from) until = Math.min(until, from);
  }
  return { until, unreadable };
}

/** Reads some ranges in one request and compares every byte and every span with what must be there; counts words. */
async function check(token, changing) {
  const ranges = Array.from({ length: perRequest }, () => [
    random(perTile * 32 - 40_000) & ~3,
    random(50) === 0 ? 36_000 : 4 + (random(400) & ~3),
  ]);
  const before = new Set(gatedTiles);
  const answer = await core.read({ ...request, ranges, asking: 'fast' }, token);
  ranges.forEach(([offset, length], index) => {
    for (let at = offset; at < offset + length; ) {
      const { until, unreadable } = piece(answer.spans, at, offset + length);
      const gated = before.has(Math.floor(at / perTile));
      if (unreadable) {
        seen.gated += (until - at) / 4;
        if (!gated && !changing) seen.wrong++;
      } else {
        seen.good += (until - at) / 4;
        const found = answer.bytes[index].subarray(at - offset, until - offset);
        if (Buffer.compare(found, filled.subarray(at, until)) !== 0) seen.wrong++;
        if (gated && !changing) seen.wrong++;
      }
      at = until;
    }
  });
}

/** Flips the clocks of a column from a row upwards. */
function flip(column, row) {
  control(`ungate ${column} 8`);
  for (let r = 1; r <= 8; r++) gatedTiles.delete((column - 6) * 8 + r - 1);
  if (row > 8) return;
  control(`gate ${column} ${row}`);
  for (let r = row; r <= 8; r++) gatedTiles.add((column - 6) * 8 + r - 1);
}

control('ungate all');
const { memories } = await core.open('6_4', false);
// Someone else handles SIGBUS too, installed over the core's handler and without chaining: as libuv does.
process.on('SIGBUS', () => {
  seen.foreign++;
});
const half = Number(count) / 2;
for (let done = 0; done < half; done += 50) {
  flip(6 + random(4), 1 + random(9));
  await Promise.all(Array.from({ length: 50 / perRequest }, (_, i) => check(i, false)));
}
const quiet = { ...seen };
for (let done = 0; done < half; done += 50) {
  const reads = Array.from({ length: 50 / perRequest }, (_, i) => check(i, true));
  for (let i = 0; i < 4; i++) flip(6 + random(4), 1 + random(9));
  await Promise.all(reads);
}
control('ungate all');
gatedTiles.clear();

// A SIGBUS that is not ours reaches the other handler, also right after a read put ours in front again.
await check(1, false);
process.kill(process.pid, 'SIGBUS');
while (seen.foreign === 0) await new Promise((resolve) => setImmediate(resolve));

// Write, read back, refuse what is stale.
const epoch = (await core.partitions()).partitions[0].epoch;
const words = Uint32Array.of(0, patternWord(0), 0xff00, 0x4200, 4, 0, 0xffff_ffff, 1);
const { outcomes } = await core.write({ ...request, epoch, force: false, words }, 7);
const stale = await core
  .write({ ...request, epoch: 'old', force: false, words }, 8)
  .catch((error) => error.code);

// Cancelled while it runs.
const long = core.read(
  { ...request, ranges: Array.from({ length: 100 }, () => [0, perTile * 32]), asking: 'fast' },
  99,
);
core.cancel(99);
const cancelled = await long.then(
  () => 'ok',
  (error) => error.code,
);

// A worker thread loads the addon, reads, and is ended in the middle: the process goes on.
const source = `const core = require(${JSON.stringify(path)}).create({ device: '/dev/aie0' });
  core.read({ partition: '6_4', memory: 'data', ranges: [[0, 1048576]], openTiles: [], asking: 'fast' }, 1).catch(() => {});
  require('node:worker_threads').parentPort.postMessage(1);`;
for (let i = 0; i < 5; i++) {
  const worker = new Worker(source, { eval: true });
  await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
}
await check(1, false);
const times = [];
for (let i = 0; i < 5; i++) {
  const started = performance.now();
  await core.read({ ...request, ranges: [[0, perTile * 32]], asking: 'fast' }, 1);
  times.push(performance.now() - started);
}
await core.close();
console.log(
  JSON.stringify({
    memories,
    seen,
    quiet,
    outcomes: [...outcomes],
    stale,
    cancelled,
    times,
    node: process.version,
  }),
);
