/** The conformance suite over real SSH, with the real agent, on the virtual board. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createSshConnector, type SshServices } from '../../src/board/ssh/connector.ts';
import { KeptLog } from '../conformance/log.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { defineConformance } from '../conformance/suite.ts';
import { showResults } from '../conformance/table.ts';
import { virtualBench } from '../conformance/virtual-bench.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

let board: VirtualBoard | undefined;
let home: string | undefined;

afterAll(async () => {
  await board?.stop();
  if (home !== undefined) rmSync(home, { recursive: true, force: true });
});

useCleanLog(() => board);

defineConformance(
  { describe, it, before: (run) => beforeAll(run, 400_000), after: afterAll, assert },
  'ssh',
  async () => {
    const agent = buildForArm('agent');
    const virtual = await startBoard();
    board = virtual;
    home = mkdtempSync(join(tmpdir(), 'tilescope-home-'));
    const knownHosts = join(home, 'known_hosts');
    writeFileSync(knownHosts, `${virtual.knownHostsLine()}\n`);
    const target = {
      host: virtual.host,
      port: virtual.port,
      user: virtual.user,
      identityFile: virtual.privateKeyPath,
      configFiles: [],
      knownHostsFiles: [knownHosts],
    };
    const connector = createSshConnector(target, services(agent, home));
    return virtualBench({
      connect: () =>
        connector.connect({ log: new KeptLog(), onStep: () => undefined }, new AbortController().signal),
      witness: () => virtual.witness(),
      control: (command) => virtual.control(command),
      counters: () => virtual.counters(),
    });
  },
  (results) => showResults('ssh', results),
);

/** The agent that was just built, a home of our own, and a person who is never asked anything. */
function services(agent: string, ownHome: string): SshServices {
  const unasked = async () => {
    throw new Error('nothing is to be asked here');
  };
  return {
    agents: {
      aarch64: {
        path: agent,
        version: '0.1.0',
        sha256: createHash('sha256').update(readFileSync(agent)).digest('hex'),
      },
    },
    prompts: {
      confirmHostKey: unasked,
      replaceHostKey: unasked,
      secret: unasked,
      rememberSecret: async () => undefined,
      forgetSecret: async () => undefined,
    },
    environment: { home: ownHome, user: 'root', variables: {}, platform: process.platform },
  };
}
