/** Machine-readable results of the suites, and the readers for what each runner writes. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resultsFolder } from './common.ts';

/** How a suite ended: numbers of tests, and one text per failure. */
export interface SuiteOutcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

/** Where the result of a suite stands. */
export function outcomeFile(suite: string): string {
  return join(resultsFolder, `${suite}.json`);
}

/** Forgets an earlier run, so that its result cannot be taken for the next one's. */
export async function clearOutcome(...names: string[]): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  for (const name of names) await rm(outcomeFile(name), { force: true });
}

/** Keeps a suite's result for the summary. */
export async function saveOutcome(suite: string, outcome: SuiteOutcome): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(outcomeFile(suite), JSON.stringify(outcome, null, 1));
}

/** A suite's result; undefined when it left none. */
export async function readOutcome(suite: string): Promise<SuiteOutcome | undefined> {
  const file = outcomeFile(suite);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as SuiteOutcome) : undefined;
}

interface VitestReport {
  readonly testResults: ReadonlyArray<{
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }>;
  }>;
}

/** Reads what vitest's json reporter wrote. A test file that failed as a whole counts as one failure. */
export function fromVitest(text: string): SuiteOutcome {
  const report = JSON.parse(text) as VitestReport;
  let passed = 0;
  let skipped = 0;
  const failures: string[] = [];
  for (const file of report.testResults) {
    const before = failures.length;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed++;
      else if (test.status === 'failed')
        failures.push(`${test.fullName}: ${test.failureMessages?.[0] ?? ''}`);
      else skipped++;
    }
    if (file.status === 'failed' && failures.length === before) {
      failures.push(`${file.name}: ${file.message ?? 'could not be run'}`);
    }
  }
  return { passed, failed: failures.length, skipped, failures };
}

/** Reads a JUnit file as `ctest --output-junit` and doctest's `--reporters=junit` write it. */
export function fromJUnit(xml: string): SuiteOutcome {
  let passed = 0;
  let skipped = 0;
  const failures: string[] = [];
  for (const match of xml.matchAll(/<testcase\b([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attributes = match[1] ?? '';
    const body = match[3] ?? '';
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? 'unnamed';
    const status = /\bstatus="([^"]*)"/.exec(attributes)?.[1];
    if (/<(failure|error)\b/.test(body) || status === 'fail') failures.push(unescapeXml(name));
    else if (/<skipped\b/.test(body) || status === 'notrun' || status === 'disabled') skipped++;
    else passed++;
  }
  return { passed, failed: failures.length, skipped, failures };
}

function unescapeXml(text: string): string {
  const names: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => names[name] ?? whole);
}
