/** `npm run board`: starts one virtual board and says how to reach it; `-- --help` for its options. */
import { parseArgs } from 'node:util';
import { type BoardOptions, families, familyNames, startBoard, USER_PASSWORD } from './board.ts';
import { stageHang } from './hang.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'dropbear' },
    node: { type: 'boolean', default: false },
    parts: { type: 'string' },
    family: { type: 'string', default: '2020/aie' },
    owner: { type: 'boolean', default: false },
    hang: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const name = familyNames.find((one) => one === values.family);
if (values.help || name === undefined || (values.image !== 'dropbear' && values.image !== 'openssh')) {
  console.log(`npm run board -- [options]
  --image dropbear|openssh   the ssh server
  --node                     with Node for arm64
  --family NAME              ${familyNames.join(', ')}
  --parts ID:STARTCOL:0:COLUMNS:ROWS,...   other static partitions
  --owner                    an application runs on the first partition
  --hang                     two of its tiles wait for each other`);
  process.exit(values.help ? 0 : 2);
}

console.log(
  'Starting the virtual board. The first start downloads and builds it, which takes a minute or two.',
);
const family = families[name];
const options: BoardOptions = {
  image: values.image,
  node: values.node,
  module: { ...family.module, ...(values.parts === undefined ? {} : { parts: values.parts }) },
};
const board = await startBoard(options);
if (values.owner) await board.witness(`request ${family.partition.id}`, 'fill', 'run');
if (values.hang)
  await stageHang(board, {
    generation: family.generation,
    col: family.partition.startCol,
    row: family.shape.core.start,
  });
console.log(`
The virtual board is up (${values.image}).

  ssh -p ${board.port} -i ${board.privateKeyPath} ${board.user}@${board.host}

For ~/.ssh/config:

Host virtual-board
  HostName ${board.host}
  Port ${board.port}
  User ${board.user}
  IdentityFile ${board.privateKeyPath}
  IdentitiesOnly yes

For ~/.ssh/known_hosts:

${board.knownHostsLine()}

Users: root (key only); dev (key or password "${USER_PASSWORD}", sudo asks for it); ops (the same, sudo does not ask);
empty (no password); banner (key only, prints a line before every command).
A program of its own on the board: witness once enquire

Ctrl-C stops it.`);

await new Promise<void>((resolve) => {
  // The timer keeps the process alive; signals alone do not.
  const alive = setInterval(() => undefined, 60_000);
  const end = (): void => {
    clearInterval(alive);
    resolve();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
});
await board.stop();
console.log('The virtual board is stopped.');
