import type { BoardLog } from '../board/board.ts';
import type { Disposable } from '../model/event.ts';
import type { SessionPolicy } from './types.ts';

/** What sessions need from the machine they run on; injected, so that tests own time. */
export interface SessionServices {
  readonly log: BoardLog;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `action` once after `milliseconds`; disposing the result cancels it. */
  after(milliseconds: number, action: () => void): Disposable;
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
    after: (milliseconds, action) => {
      const timer = setTimeout(action, milliseconds);
      return { dispose: () => clearTimeout(timer) };
    },
  };
}
