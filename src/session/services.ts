import type { BoardLog } from '../board/board.ts';
import { type After, after } from '../model/later.ts';
import type { SessionPolicy } from './types.ts';

/** What sessions need from the machine they run on; injected, so that tests own time. */
export interface SessionServices {
  readonly log: BoardLog;
  /** Milliseconds since 1970. */
  now(): number;
  readonly after: After;
  /** The policy of a free partition, until a person chooses another; `staged` if left out. */
  defaultPolicy?(): SessionPolicy;
  /** Words that the watches of one board may read in a second; `usualBudget` if left out. */
  liveBudget?(): number;
}

/** Services with the clock and the timers of this machine. */
export function machineServices(log: BoardLog): SessionServices {
  return {
    log,
    now: () => Date.now(),
    after,
  };
}
