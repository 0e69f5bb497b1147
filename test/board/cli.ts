/** `npm run board [-- --image openssh|dropbear] [--node]`: starts one virtual board and says how to reach it. */
import { parseArgs } from 'node:util';
import { type BoardOptions, startBoard, USER_PASSWORD } from './board.ts';

const { values } = parseArgs({
  options: {
    image: { type: 'string', default: 'dropbear' },
    node: { type: 'boolean', default: false },
    parts: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help || (values.image !== 'dropbear' && values.image !== 'openssh')) {
  console.log(
    'npm run board -- [--image dropbear|openssh] [--node] [--parts ID:STARTCOL:0:COLUMNS:ROWS,...]',
  );
  process.exit(values.help ? 0 : 2);
}

console.log(
  'Starting the virtual board. The first start downloads and builds it, which takes a minute or two.',
);
const options: BoardOptions = {
  image: values.image,
  node: values.node,
  ...(values.parts === undefined ? {} : { module: { parts: values.parts } }),
};
const board = await startBoard(options);
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
