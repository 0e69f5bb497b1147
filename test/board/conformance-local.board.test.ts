/**
 * The conformance suite with the addon in process: it runs in Node on the virtual board, and its results are shown here
 * case by case.
 */
import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Bench } from '../conformance/bench.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { type CaseResult, defineConformance } from '../conformance/suite.ts';
import { showResults } from '../conformance/table.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

let board: VirtualBoard | undefined;
/** What each way brought back: as root, the addon; as another user, the agent through sudo. */
const ways = {
  local: { user: 'root', results: [] as readonly CaseResult[], output: '' },
  'local-sudo': { user: 'ops', results: [] as readonly CaseResult[], output: '' },
};

beforeAll(async () => {
  const addon = buildForArm('addon');
  const agent = buildForArm('agent');
  const folder = mkdtempSync(join(tmpdir(), 'tilescope-conformance-'));
  try {
    const bundle = join(folder, 'conformance.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('../conformance/local-main.ts', import.meta.url))],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node22',
      logLevel: 'error',
    });
    board = await startBoard({ node: true });
    await board.put(addon, '/tmp/tilescope.node');
    await board.put(agent, '/tmp/tilescope-agent');
    await board.put(bundle, '/tmp/conformance.mjs');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const [name, way] of Object.entries(ways)) {
    const file = `/tmp/${name}.json`;
    const environment = `TILESCOPE_ADDON=/tmp/tilescope.node TILESCOPE_AGENT=/tmp/tilescope-agent TILESCOPE_RESULTS=${file}`;
    const command = `${environment} node --test --test-isolation=none /tmp/conformance.mjs 2>&1`;
    const run = await board.exec(command, { user: way.user });
    way.output = run.stdout.toString();
    const kept = await board.exec(`cat ${file}`);
    if (kept.code !== 0) throw new Error(`The suite did not end on the board:\n${way.output}`);
    way.results = JSON.parse(kept.stdout.toString()) as CaseResult[];
    showResults(name, way.results);
  }
});

afterAll(async () => {
  await board?.stop();
});

useCleanLog(() => board);

/** The titles of the suite's cases, without running them. */
function titles(): string[] {
  const found: string[] = [];
  const noBench = async (): Promise<Bench> => {
    throw new Error('not run here');
  };
  const idle = () => undefined;
  const collect = {
    describe: (_: string, define: () => void) => define(),
    it: (name: string) => void found.push(name),
    before: idle,
    after: idle,
    assert,
  };
  defineConformance(collect, 'local', noBench);
  return found;
}

describe.each([
  ['the addon in Node on the board', ways.local],
  ['the agent through sudo', ways['local-sudo']],
])('[main-12] the local board, %s', (_, way) => {
  for (const title of titles()) {
    it(title, () => {
      const result = way.results.find((one) => title.endsWith(one.title));
      assert.ok(result?.passed === true, way.output);
    });
  }
});
