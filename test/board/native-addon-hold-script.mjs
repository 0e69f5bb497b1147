/**
 * Runs on the board, in Node: the addon holds partition 1, which another process owns and loses, and looks at a tile's
 * status. Prints one line of JSON with what was seen. Arguments: the addon's path, the agent's, the owner's pid.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const [path, holder, owner] = process.argv.slice(2);
const lists = [];
const addon = createRequire(import.meta.url)(path);
const make = (options) =>
  addon.create({ device: '/dev/aie0', onPartitions: (list) => lists.push(list), ...options });
/** Descriptors of this process. Counted where no core is: each looks at the device twice a second by itself. */
const descriptors = () => readdirSync('/proc/self/fd').length;
const before = descriptors();
const core = make({ holder });
/** What a hold says by a core with `options`, which is closed again. */
async function holdWith(options) {
  const other = make(options);
  try {
    return await codeOf(other.hold('6_4', true, 8));
  } finally {
    await other.close();
  }
}
const codeOf = (promise) =>
  promise.then(
    () => 'ok',
    (error) => error.code,
  );
const first = async () => (await core.partitions()).partitions.find((one) => one.startCol === 6);
/** The list once it is as wanted. */
async function until(wanted) {
  for (;;) {
    const partition = await first();
    if (wanted(partition)) return partition;
  }
}

const description = await core.describe();
const status = await core.status(
  {
    partition: '6_4',
    tiles: [
      [7, 3],
      [6, 0],
    ],
    detail: false,
  },
  1,
);
const without = await holdWith({});
const missing = await holdWith({ holder: '/nowhere/agent' });
await core.hold('6_4', true, 8);
const held = await first();
process.kill(Number(owner), 'SIGKILL');
const gone = await until((one) => one.ownerGone);
const read = await core.read({ partition: '6_4', memory: 'data', ranges: [[0, 16]] }, 2);
await core.hold('6_4', false);
const released = await first();
await core.close();
console.log(
  JSON.stringify({
    array: description.array,
    free: description.free,
    tiles: status.tiles.map(({ registers, ...rest }) => ({ ...rest, registers: [...registers] })),
    without,
    missing,
    held,
    gone,
    released,
    bytes: Buffer.from(read.bytes[0]).toString('hex'),
    leaked: descriptors() - before,
    lists: lists.length,
  }),
);
