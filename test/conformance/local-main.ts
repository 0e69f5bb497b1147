/**
 * Runs on the board, under Node's own test runner: the suite over the addon in this process as root, through sudo and
 * the agent as anybody else. Environment: the addon, the agent, the file for the results.
 */
import { strict as assert } from 'node:assert';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createLocalConnector } from '../../src/board/local/connector.ts';
import { Witness } from '../board/witness.ts';
import { KeptLog } from './log.ts';
import { defineConformance } from './suite.ts';
import { virtualBench } from './virtual-bench.ts';

const addonPath = process.env['TILESCOPE_ADDON'];
const agentPath = process.env['TILESCOPE_AGENT'];
const resultsPath = process.env['TILESCOPE_RESULTS'] ?? '/tmp/results.json';
const parameters = '/sys/module/aievirt/parameters';
const isRoot = process.getuid?.() === 0;

/** A program that needs root, whoever we are: what the bench does is not what is tested. */
function asRoot(...words: [string, ...string[]]): [string, string[]] {
  const [program, ...rest] = words;
  return isRoot ? [program, rest] : ['sudo', ['-n', ...words]];
}

defineConformance(
  {
    describe: (name, define) => void describe(name, define),
    it: (name, run) => void it(name, run),
    before,
    after,
    assert,
  },
  isRoot ? 'local' : 'local through sudo',
  async () => {
    const connector = createLocalConnector({ addonPath, agentPath });
    const context = { log: new KeptLog(), onStep: () => undefined };
    const run = promisify(execFile);
    return virtualBench({
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
    });
  },
  (results) => writeFileSync(resultsPath, JSON.stringify(results)),
);
