/**
 * `npm test` and `npm run test:*`: runs the named suites one after another, never stopping at the first that fails,
 * then prints a table and one closing line `N passed, N failed`. Numbers come from each runner's own
 * machine-readable result; a suite without one counts as a failure.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { BUSY_MACHINE, isMachineBusy } from './busy.ts';
import { isMain, localBin, resultsFolder, root, runMain, ScriptError } from './common.ts';
import {
  clearOutcome,
  type FileOutcome,
  filesOfVitest,
  filesToRepeat,
  fromJUnit,
  joined,
  outcomeFile,
  readOutcome,
  type SuiteOutcome,
  saveOutcome,
  VITEST_ERRORS,
} from './results.ts';

interface Suite {
  /** The longest that the suite may take, in minutes, on a slow machine that is busy; then it is ended and has failed. */
  readonly minutes: number;
  /** The native parts that it prepares or builds itself: it waits for those that are built ahead. */
  readonly native?: 'tests' | 'all';
  /** Steps before the tests; one that fails fails the suite, and the tests run all the same. */
  readonly prepare?: readonly (readonly string[])[];
  /** The command, without a person's own arguments. */
  readonly command: readonly string[];
  /** The raw result that the runner writes, and its reader; without it the command saves the outcome itself. */
  readonly raw?: { readonly file: string; readonly read: (text: string) => SuiteOutcome };
  /**
   * Real processes, machines and browsers on two busy cores: test files that failed are run once more after all others, each
   * in a process, on boards and in windows of its own, so that nothing of the first try is left.
   */
  readonly secondTry?: boolean;
  /** Where others use the machine, fewer files run at a time (`maxWorkers` in vitest.config.ts). */
  readonly minds?: boolean;
}

function script(path: string, ...args: string[]): readonly string[] {
  return [process.execPath, join(root, path), ...args];
}

function vitest(suite: string, projects = [suite]): Pick<Suite, 'command' | 'raw'> {
  const file = join(resultsFolder, `raw-${suite}.json`);
  return {
    command: [
      localBin('vitest'),
      'run',
      ...projects.map((name) => `--project=${name}`),
      '--reporter=default',
      '--reporter=json',
      `--reporter=${join(root, 'scripts', 'vitest-errors.ts')}`,
      `--outputFile.json=${file}`,
    ],
    raw: { file, read: (text) => joined(readVitest(text)) },
  };
}

/** What vitest's last run said of its files. */
function readVitest(text: string): FileOutcome[] {
  const errors = outcomeFile(VITEST_ERRORS);
  return filesOfVitest(text, existsSync(errors) ? JSON.parse(readFileSync(errors, 'utf8')) : []);
}

const native = script('scripts/native.ts');
const extension = script('scripts/build.ts');
const browser = script('scripts/browser.ts');
const nativeJUnit = join(resultsFolder, 'raw-native.xml');

/** All suites by name; `npm test` runs them in the order in which scripts/run.mjs names them. */
const SUITES: Readonly<Record<string, Suite>> = {
  build: { minutes: 20, command: script('scripts/build.ts', '--host-tests') },
  check: { minutes: 30, command: script('scripts/check.ts') },
  unit: { minutes: 45, ...vitest('unit'), secondTry: true },
  native: {
    minutes: 60,
    native: 'tests',
    command: script('scripts/test-native.ts', nativeJUnit),
    raw: { file: nativeJUnit, read: fromJUnit },
  },
  board: {
    minutes: 150,
    native: 'all',
    prepare: [native],
    ...vitest('board', ['board', 'board-alone']),
    secondTry: true,
    minds: true,
  },
  host: { minutes: 45, prepare: [browser], command: script('test/host/run.ts') },
  e2e: {
    minutes: 120,
    native: 'all',
    prepare: [browser, native, extension],
    ...vitest('e2e', ['e2e', 'e2e-alone']),
    secondTry: true,
    minds: true,
  },
  long: { minutes: 300, native: 'all', prepare: [browser, native, extension], ...vitest('long') },
};

/** The native parts are built from nothing in 4 minutes on a quiet machine of two cores; a slow one that is busy takes far longer. */
const PREPARATION_MINUTES = 60;

/**
 * Of several suites the first ones need nothing native, and wait much of their time: beside them it is all compiled, first
 * what the native suite runs. What does not compile is said there, and fails the suites that prepare it again.
 *
 * @returns promises, each to be awaited before a suite that needs it
 */
function buildAhead(names: readonly string[]): Readonly<Record<'tests' | 'all', Promise<unknown>>> {
  if (names.length === 1 || !names.some((name) => SUITES[name]?.native !== undefined))
    return { tests: Promise.resolve(), all: Promise.resolve() };
  const build = (...args: string[]) => runLimited(script('scripts/native.ts', ...args), PREPARATION_MINUTES);
  const tests = build('--tests');
  const interrupted = () => process.exitCode === 130;
  return { tests, all: tests.then(() => (interrupted() ? 130 : build())) };
}

/** Runs a command in a process group of its own, so that a time-out ends all of it. */
async function runLimited(command: readonly string[], minutes: number): Promise<number | 'time-out'> {
  const [file, ...args] = command;
  if (file === undefined) throw new ScriptError('Nothing to run.');
  const child = spawn(file, args, { stdio: 'inherit', cwd: root, detached: true });
  const endGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const interrupted = (): void => {
    endGroup('SIGTERM');
    process.exitCode = 130;
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    endGroup('SIGTERM');
    setTimeout(() => endGroup('SIGKILL'), 10_000).unref();
  }, minutes * 60_000);
  try {
    const code = await new Promise<number>((done, failed) => {
      child.on('error', (error) => failed(new ScriptError(`Cannot run ${file}: ${error.message}`)));
      child.on('exit', (exitCode) => done(exitCode ?? 128));
    });
    return timedOut ? 'time-out' : code;
  } finally {
    clearTimeout(limit);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

/** Adds a failure that no single test stands for. */
function withFailure(outcome: SuiteOutcome, text: string): SuiteOutcome {
  return { ...outcome, failed: outcome.failed + 1, failures: [...outcome.failures, text] };
}

async function runSuite(name: string, suite: Suite, extra: readonly string[]): Promise<SuiteOutcome> {
  await clearOutcome(name, `raw-${name}`, VITEST_ERRORS);
  const problems: string[] = [];
  for (const step of suite.prepare ?? []) {
    const code = await runLimited(step, PREPARATION_MINUTES);
    if (code !== 0) problems.push(`preparing with "${step.slice(1).join(' ')}" ended with ${code}`);
  }
  const isBusy = suite.minds === true && (await isMachineBusy());
  process.env[BUSY_MACHINE] = isBusy ? '1' : '0';
  if (isBusy) console.log('Other processes use this machine: fewer test files run at a time.');
  const end = Date.now() + suite.minutes * 60_000;
  let code = await runLimited([...suite.command, ...extra], suite.minutes);
  let outcome: SuiteOutcome | undefined;
  if (suite.raw === undefined) outcome = await readOutcome(name);
  else if (existsSync(suite.raw.file)) {
    const text = await readFile(suite.raw.file, 'utf8');
    outcome = suite.raw.read(text);
    const first = suite.secondTry === true && code !== 'time-out' ? readVitest(text) : [];
    const again = filesToRepeat(first);
    if (again.length > 0 && extra.length === 0) {
      console.log(`\nTried once more, from nothing: ${again.map((file) => relative(root, file)).join(', ')}`);
      await clearOutcome(`raw-${name}`, VITEST_ERRORS);
      code = await runLimited([...suite.command, ...again], (end - Date.now()) / 60_000);
      if (existsSync(suite.raw.file)) {
        outcome = joined(first, readVitest(await readFile(suite.raw.file, 'utf8')));
      }
    }
  }
  if (code === 'time-out') problems.push(`not finished after ${suite.minutes} minutes`);
  else if (outcome === undefined) problems.push(`no result (exit code ${code})`);
  else if (outcome.passed + outcome.failed === 0) problems.push('no test has run');
  else if (code !== 0 && outcome.failed === 0) problems.push(`all tests passed, yet exit code ${code}`);
  let result = outcome ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  for (const problem of problems) result = withFailure(result, problem);
  // A person who chose some tests knows that the others are not run.
  if (extra.length > 0) result = { ...result, skips: [] };
  await saveOutcome(name, result);
  return result;
}

/** The table that closes a run, and its last line. */
export function summary(
  rows: ReadonlyArray<{ readonly name: string; readonly outcome: SuiteOutcome; readonly seconds: number }>,
): string {
  const lines = ['', 'suite      passed  failed  skipped  seconds'];
  for (const { name, outcome, seconds } of rows) {
    lines.push(
      `${name.padEnd(10)} ${String(outcome.passed).padStart(6)} ${String(outcome.failed).padStart(7)} ` +
        `${String(outcome.skipped).padStart(8)} ${seconds.toFixed(1).padStart(8)}`,
    );
  }
  for (const { name, outcome } of rows) {
    for (const failure of outcome.failures) lines.push(`FAILED ${name}: ${failure.split('\n')[0] ?? ''}`);
    for (const title of outcome.skips ?? []) lines.push(`NOT RUN ${name}: ${title}`);
    for (const why of outcome.secondTries ?? []) {
      lines.push(`NEEDED ITS SECOND TRY, a defect: ${name}: ${why.split('\n')[0] ?? ''}`);
    }
  }
  const sum = (pick: (outcome: SuiteOutcome) => number): number =>
    rows.reduce((total, row) => total + pick(row.outcome), 0);
  lines.push(`${sum((outcome) => outcome.passed)} passed, ${sum((outcome) => outcome.failed)} failed`);
  return lines.join('\n');
}

/** Removes a folder; one that a process still writes into stays for the next run, which is said. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    console.error(`tilescope: ${folder} could not be removed: ${String(error)}`);
  }
}

const RUN_FOLDER = /^tilescope-run-(\d+)-/;

/**
 * Makes a folder for everything temporary of this run, for all processes that it starts: what an editor, a browser or a
 * test that was ended leaves there goes with it. Folders of runs that were killed go first.
 */
async function ownTemporaryFolder(): Promise<string> {
  const above = tmpdir();
  for (const name of await readdir(above)) {
    const owner = RUN_FOLDER.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) {
      await removeFolder(join(above, name));
    }
  }
  const folder = await mkdtemp(join(above, `tilescope-run-${process.pid}-`));
  // As the folder above it: tests also run programs as another user.
  await chmod(folder, 0o1777);
  process.env['TMPDIR'] = folder;
  return folder;
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const names = args.filter((argument) => Object.hasOwn(SUITES, argument));
  const extra = args.filter((argument) => !Object.hasOwn(SUITES, argument));
  if (names.length === 0) throw new ScriptError(`Name a suite: ${Object.keys(SUITES).join(', ')}.`);
  if (names.length > 1 && extra.length > 0) {
    throw new ScriptError(
      `${extra.join(' ')}: arguments go to one suite, as in "npm run test:unit -- src/model".`,
    );
  }
  const rows: { name: string; outcome: SuiteOutcome; seconds: number }[] = [];
  const temporary = await ownTemporaryFolder();
  const ahead = buildAhead(names);
  try {
    for (const name of names) {
      const suite = SUITES[name];
      if (suite === undefined) continue;
      if (names.length > 1) console.log(`\n===== ${name} =====`);
      const start = Date.now();
      if (suite.native !== undefined) await ahead[suite.native];
      if (process.exitCode === 130) break;
      const outcome = await runSuite(name, suite, extra);
      rows.push({ name, outcome, seconds: (Date.now() - start) / 1000 });
      if (process.exitCode === 130) break;
    }
  } finally {
    await ahead.all;
    await removeFolder(temporary);
  }
  console.log(summary(rows));
  return rows.every((row) => row.outcome.failed === 0) && process.exitCode !== 130 ? 0 : 1;
}

if (isMain(import.meta.url)) runMain(main);
