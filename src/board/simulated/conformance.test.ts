import { strict as assert } from 'node:assert';
import { afterAll, beforeAll, describe, it } from 'vitest';

import { LoopbackAgent } from '../../../test/conformance/loopback-agent.ts';
import { simulatedBench } from '../../../test/conformance/simulated-bench.ts';
import { defineConformance } from '../../../test/conformance/suite.ts';
import { showResults } from '../../../test/conformance/table.ts';
import type { BoardLog } from '../board.ts';
import { createCoreBoard } from '../core-board.ts';
import { WireClient } from '../protocol/wire-client.ts';
import type { SimulatedArray } from './array.ts';
import { SimulatedClient } from './client.ts';

const api = { describe, it, before: beforeAll, after: afterAll, assert };

defineConformance(
  api,
  'simulated',
  async () => simulatedBench(),
  (results) => showResults('simulated', results),
);

/** The simulated array behind the whole wire: what differs between boards is then only what is behind the agent. */
function overWire(array: SimulatedArray) {
  return {
    async connect({ log }: { log: BoardLog }, signal: AbortSignal) {
      const agent = new LoopbackAgent(new SimulatedClient(array, () => undefined), { chunk: 10_000 });
      return createCoreBoard(await WireClient.start(agent.stream, { log }, signal), log);
    },
  };
}

defineConformance(
  api,
  'wire',
  async () => simulatedBench(overWire),
  (results) => showResults('wire', results),
);
