/** The conformance suite over real SSH, with the real agent, on the virtual board. */
import { strict as assert } from 'node:assert';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { buildForArm } from '../conformance/native-files.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { defineConformance } from '../conformance/suite.ts';
import { showResults } from '../conformance/table.ts';
import { virtualBench } from '../conformance/virtual-bench.ts';
import { startBoard, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';

let board: VirtualBoard | undefined;
let way: SshWay | undefined;

afterAll(async () => {
  way?.dispose();
  await board?.stop();
});

useCleanLog(() => board);

defineConformance(
  { describe, it, before: (run) => beforeAll(run, 400_000), after: afterAll, assert },
  'ssh',
  async () => {
    const agent = buildForArm('agent');
    const virtual = await startBoard();
    board = virtual;
    const ssh = new SshWay(virtual, agent);
    way = ssh;
    return virtualBench({
      connect: () => ssh.connect(),
      witness: () => virtual.witness(),
      control: (command) => virtual.control(command),
      counters: () => virtual.counters(),
      async kill(pid) {
        await virtual.exec(`kill -9 ${pid}`);
      },
    });
  },
  (results) => showResults('ssh', results),
);
