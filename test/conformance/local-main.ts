/**
 * Runs on the board, under Node's own test runner: the suite over the addon in this process as root, through sudo and
 * the agent as anybody else. Environment: the addon, the agent, the file for the results.
 */
import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { localHand } from './local-hand.ts';
import { defineConformance } from './suite.ts';
import { virtualBench } from './virtual-bench.ts';

const addonPath = process.env['TILESCOPE_ADDON'];
const agentPath = process.env['TILESCOPE_AGENT'];
const resultsPath = process.env['TILESCOPE_RESULTS'] ?? '/tmp/results.json';
const isRoot = process.getuid?.() === 0;

defineConformance(
  {
    describe: (name, define) => void describe(name, define),
    it: (name, run) => void it(name, run),
    before,
    after,
    assert,
  },
  isRoot ? 'local' : 'local through sudo',
  async () => virtualBench(localHand({ addonPath, agentPath })),
  (results) => writeFileSync(resultsPath, JSON.stringify(results)),
);
