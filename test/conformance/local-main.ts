/**
 * Runs on the board, under Node's own test runner: the suite over the addon in this process. Environment: the addon,
 * the file for the results.
 */
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { createLocalConnector } from '../../src/board/local/connector.ts';
import { Witness } from '../board/witness.ts';
import { KeptLog } from './log.ts';
import { defineConformance } from './suite.ts';
import { virtualBench } from './virtual-bench.ts';

const addonPath = process.env['TILESCOPE_ADDON'];
const resultsPath = process.env['TILESCOPE_RESULTS'] ?? '/tmp/results.json';
const parameters = '/sys/module/aievirt/parameters';

defineConformance(
  {
    describe: (name, define) => void describe(name, define),
    it: (name, run) => void it(name, run),
    before,
    after,
    assert,
  },
  'local',
  async () => {
    const connector = createLocalConnector({ addonPath, agentPath: undefined, sudo: 'no' });
    const context = { log: new KeptLog(), onStep: () => undefined };
    return virtualBench({
      connect: () => connector.connect(context, new AbortController().signal),
      witness: async () => new Witness(spawn('witness', ['serve'])),
      control: (command) => writeFile(`${parameters}/control`, command),
      async counters() {
        const text = await readFile(`${parameters}/counters`, 'utf8');
        return Object.fromEntries(
          [...text.matchAll(/(\w+)=(\d+)/g)].map((match) => [match[1] ?? '', Number(match[2])]),
        );
      },
    });
  },
  (results) => writeFileSync(resultsPath, JSON.stringify(results)),
);
