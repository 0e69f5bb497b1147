/** How busy the machine is with what is not ours: suites on boards and in windows run fewer files at a time then. */
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** In the environment of vitest: `1` where others use much of the machine. */
export const BUSY_MACHINE = 'TILESCOPE_BUSY_MACHINE';

/** Others have half of all processors: what we start gets less than it would wait for on a quiet machine. */
const MUCH = 0.5;

/** Milliseconds of all processors, since the machine booted, and those without work. */
export interface ProcessorTimes {
  readonly all: number;
  readonly idle: number;
}

/** The times until now. */
export function processorTimes(): ProcessorTimes {
  let all = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.irq + times.idle;
    idle += times.idle;
  }
  return { all, idle };
}

/** The share of the processors that worked between the two, 0 to 1. */
export function workingShare(before: ProcessorTimes, after: ProcessorTimes): number {
  const all = after.all - before.all;
  return all <= 0 ? 0 : 1 - (after.idle - before.idle) / all;
}

/** Whether others use much of the machine: looks for two seconds, in which nothing of ours may run. */
export async function isMachineBusy(): Promise<boolean> {
  const before = processorTimes();
  await delay(2000);
  return workingShare(before, processorTimes()) > MUCH;
}
