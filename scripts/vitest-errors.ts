/** A reporter of vitest that keeps what went wrong outside all tests, as when a process ended: its json report leaves that out. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Reporter } from 'vitest/node';
import { resultsFolder } from './common.ts';
import { outcomeFile, VITEST_ERRORS } from './results.ts';

/** The text of an error with those that led to it, on one line. */
function wholeText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, cause } = error as { readonly message?: unknown; readonly cause?: unknown };
  const own = String(message).replaceAll(/\s+/g, ' ');
  return cause === undefined ? own : `${own} ${wholeText(cause)}`;
}

export default class VitestErrors implements Reporter {
  onTestRunEnd(_files: unknown, errors: readonly unknown[]): void {
    mkdirSync(resultsFolder, { recursive: true });
    writeFileSync(outcomeFile(VITEST_ERRORS), JSON.stringify(errors.map(wholeText)));
  }
}
