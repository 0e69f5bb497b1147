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
  /** Tests that failed and then passed in a second, clean try of their file, one text each: each is a defect. */
  readonly secondTries?: readonly string[];
  /** Titles of the tests that were not run. */
  readonly skips?: readonly string[];
}

/** The tag of a test whose failure counts at the first try. */
export const ONCE = 'once';

/** Stands in the message of a failure that no later try makes good. */
export const COUNTS_AT_ONCE = 'counts at the first try';

/** Stands for what went wrong outside all tests in vitest's last run: texts. */
export const VITEST_ERRORS = 'vitest-errors';

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
      readonly tags?: readonly string[];
    }>;
  }>;
}

/** How the tests of one file ended. */
export interface FileOutcome {
  readonly file: string;
  readonly passed: number;
  /** Titles of tests that were not run. */
  readonly skips: readonly string[];
  readonly failures: ReadonlyArray<{ readonly title: string; readonly reason: string }>;
  /** A failure among them counts at the first try. */
  readonly final: boolean;
}

/**
 * Reads what vitest's json reporter wrote. What failed outside a test has the file's name as its title; why a file could not be
 * run is among `errors`, which `vitest-errors.ts` kept.
 */
export function filesOfVitest(text: string, errors: readonly string[] = []): FileOutcome[] {
  const report = JSON.parse(text) as VitestReport;
  return report.testResults.map((file) => {
    let passed = 0;
    const skips: string[] = [];
    const said = file.message ?? '';
    let final = said.includes(COUNTS_AT_ONCE);
    const failures: { title: string; reason: string }[] = [];
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed++;
      else if (test.status === 'failed') {
        const reason = test.failureMessages?.[0] ?? '';
        failures.push({ title: test.fullName, reason });
        final ||= test.tags?.includes(ONCE) === true || reason.includes(COUNTS_AT_ONCE);
      } else skips.push(test.fullName);
    }
    if (said !== '' || (file.status === 'failed' && failures.length === 0)) {
      failures.push({
        title: file.name,
        reason: said || errors.find((one) => one.includes(file.name)) || 'could not be run',
      });
    }
    return { file: file.name, passed, skips, failures, final };
  });
}

/** The files of a first run that get a second try: those with failures, none of which counts at the first. */
export function filesToRepeat(files: readonly FileOutcome[]): string[] {
  return files.filter((one) => one.failures.length > 0 && !one.final).map((one) => one.file);
}

/** A suite's result: of a file that was tried again, what the second try says, and what had been the reason for it. */
export function joined(first: readonly FileOutcome[], second: readonly FileOutcome[] = []): SuiteOutcome {
  const text = (failure: FileOutcome['failures'][number]): string => `${failure.title}: ${failure.reason}`;
  const secondTries: string[] = [];
  const counted = first.map((one) => {
    const again = second.find((other) => other.file === one.file);
    if (again === undefined) return one;
    const passedNow = one.failures.filter(
      (failure) => !again.failures.some((other) => other.title === failure.title),
    );
    secondTries.push(...passedNow.map(text));
    return again;
  });
  const failures = counted.flatMap((one) => one.failures.map(text));
  const skips = counted.flatMap((one) => one.skips);
  return {
    passed: counted.reduce((sum, one) => sum + one.passed, 0),
    failed: failures.length,
    skipped: skips.length,
    failures,
    ...(skips.length === 0 ? {} : { skips }),
    ...(secondTries.length === 0 ? {} : { secondTries }),
  };
}

/** Reads a JUnit file as `ctest --output-junit` and doctest's `--reporters=junit` write it. */
export function fromJUnit(xml: string): SuiteOutcome {
  let passed = 0;
  const skips: string[] = [];
  const failures: string[] = [];
  for (const match of xml.matchAll(/<testcase\b([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const attributes = match[1] ?? '';
    const body = match[3] ?? '';
    const name = /\bname="([^"]*)"/.exec(attributes)?.[1] ?? 'unnamed';
    const status = /\bstatus="([^"]*)"/.exec(attributes)?.[1];
    if (/<(failure|error)\b/.test(body) || status === 'fail') failures.push(unescapeXml(name));
    else if (/<skipped\b/.test(body) || status === 'notrun' || status === 'disabled') {
      skips.push(unescapeXml(name));
    } else passed++;
  }
  return {
    passed,
    failed: failures.length,
    skipped: skips.length,
    failures,
    ...(skips.length === 0 ? {} : { skips }),
  };
}

function unescapeXml(text: string): string {
  const names: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (whole, name: string) => names[name] ?? whole);
}
