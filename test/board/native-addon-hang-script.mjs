/**
 * Runs on the board, in Node: the addon is closed while a call of the driver hangs, which must not keep this thread; a core that is
 * never closed does not keep a worker thread either. Prints one line of JSON with what was seen. Argument: the addon's path.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as after } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

const [path] = process.argv.slice(2);
const control = (line) => writeFileSync('/sys/module/aievirt/parameters/control', line);
const addon = createRequire(import.meta.url)(path);
const make = () => addon.create({ device: '/dev/aie0' });
const codeOf = (promise) =>
  promise.then(
    () => 'ok',
    (error) => error.code,
  );

const core = make();
await core.describe();
control('hang enquire');
const running = codeOf(core.partitions());
const queued = codeOf(core.partitions());
while (core.stuck() === '') await after(100);
const stuck = core.stuck();
const begin = performance.now();
let isOver = false;
const closed = core.close().then(() => {
  isOver = true;
});
const tookMs = performance.now() - begin;
await after(100);
const overWhileHanging = isOver;

const source = `const core = require(${JSON.stringify(path)}).create({ device: '/dev/aie0' });
  core.describe().catch(() => {});
  const { parentPort } = require('node:worker_threads');
  const look = setInterval(() => {
    if (core.stuck() !== '') parentPort.postMessage(1);
  }, 100);`;
const worker = new Worker(source, { eval: true });
await new Promise((resolve) => worker.once('message', resolve));
const ended = await worker.terminate();

control('heal');
await closed;
const again = make();
const list = await codeOf(again.describe());
await again.close();
console.log(
  JSON.stringify({
    stuck,
    tookMs,
    overWhileHanging,
    ended,
    running: await running,
    queued: await queued,
    list,
  }),
);
