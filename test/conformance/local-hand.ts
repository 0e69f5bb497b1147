/** The bench's hand for tests that run on the board itself, as root or as anybody who may use sudo. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { createLocalConnector } from '../../src/board/local/connector.ts';
import { Witness } from '../board/witness.ts';
import { KeptLog } from './log.ts';
import type { VirtualHand } from './virtual-bench.ts';

const parameters = '/sys/module/aievirt/parameters';

/** A program that needs root, whoever we are: what the bench does is not what is tested. */
function asRoot(...words: [string, ...string[]]): [string, string[]] {
  const [program, ...rest] = words;
  return process.getuid?.() === 0 ? [program, rest] : ['sudo', ['-n', ...words]];
}

/** @param files paths of addon and agent on this board */
export function localHand(files: {
  readonly addonPath: string | undefined;
  readonly agentPath: string | undefined;
}): VirtualHand {
  const connector = createLocalConnector({ ...files, sudo: 'yes' });
  const context = { log: new KeptLog(), onStep: () => undefined };
  const run = promisify(execFile);
  return {
    connect: () => connector.connect(context, new AbortController().signal),
    witness: async () => new Witness(spawn(...asRoot('witness', 'serve'))),
    async control(command) {
      await run(...asRoot('sh', '-c', 'printf %s "$1" > "$2"', 'sh', command, `${parameters}/control`));
    },
    async counters() {
      const { stdout } = await run(...asRoot('cat', `${parameters}/counters`));
      return Object.fromEntries(
        [...stdout.matchAll(/(\w+)=(\d+)/g)].map((match) => [match[1] ?? '', Number(match[2])]),
      );
    },
    async kill(pid) {
      await run(...asRoot('kill', '-9', String(pid)));
    },
  };
}
