import type { BoardConnector } from '../board.ts';
import { createCoreBoard } from '../core-board.ts';
import { throwIfCancelled } from '../errors.ts';
import { SimulatedArray } from './array.ts';
import { SimulatedClient } from './client.ts';

// The extension loads the simulated board as one part, from here.
export { SimulatedArray };

export interface SimulatedOptions {
  /** The array to connect to; without it the connector makes one of its own and keeps it over reconnects. */
  readonly array?: SimulatedArray;
  /** Version of this tool, for the report. */
  readonly toolVersion?: string;
}

/** Connects to an array in this process. Contents survive a reconnect, as they do on a board. */
export function createSimulatedConnector(options: SimulatedOptions = {}): BoardConnector {
  const array = options.array ?? new SimulatedArray();
  return {
    async connect({ log, onStep }, signal) {
      throwIfCancelled(signal);
      onStep('connecting');
      await array.begin('connect', signal);
      onStep('describing');
      const client = new SimulatedClient(array, (line) => log.trace(line));
      return createCoreBoard(client, log, {
        signal,
        toolVersion: options.toolVersion ?? '',
        route: ['simulated, in this process'],
      });
    },
  };
}
