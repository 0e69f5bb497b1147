/**
 * What an extension host calls to run the suites: VS Code awaits the promise, Theia passes a callback.
 * Results go to the file that TILESCOPE_HOST_RESULTS names.
 */
import { writeFileSync } from 'node:fs';
import { suites } from 'host-suites';
import Mocha from 'mocha';

/** One test's end, as written to the results file. Times are milliseconds. */
export interface HostTestResult {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly ms: number;
  readonly error?: string;
}

/** The results file. `finished` is false until the last test is over: a host that dies in between has failed. */
export interface HostResults {
  readonly finished: boolean;
  readonly node: string;
  readonly results: readonly HostTestResult[];
}

/** The workbench prints a lot beside the tests: their lines carry a mark, so that the launcher can pick them out. */
function tell(line: string): void {
  console.log(`[tests] ${line}`);
}

/** Stands in for mocha's reporters: results are told below. */
class Silent extends Mocha.reporters.Base {}

function runSuites(): Promise<void> {
  const file = process.env['TILESCOPE_HOST_RESULTS'];
  const results: HostTestResult[] = [];
  const save = (finished: boolean): void => {
    if (file === undefined) return;
    const content: HostResults = { finished, node: process.version, results };
    writeFileSync(file, JSON.stringify(content, null, 1));
  };
  const only = process.env['TILESCOPE_HOST_GREP'];
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 120_000,
    color: false,
    reporter: Silent,
    ...(only === undefined ? {} : { grep: only }),
  });
  for (const [name, load] of suites) {
    mocha.suite.emit('pre-require', globalThis, name, mocha);
    load();
  }
  save(false);
  return new Promise((done, failed) => {
    const runner = mocha.run((failures) => {
      save(true);
      tell(`${results.length - failures} passed, ${failures} failed`);
      if (failures === 0) done();
      else failed(new Error(`${failures} test(s) failed`));
    });
    runner.on('pass', (test) => {
      results.push({ title: test.fullTitle(), state: 'passed', ms: test.duration ?? 0 });
      tell(`ok   ${test.fullTitle()} (${test.duration ?? 0} ms)`);
      save(false);
    });
    runner.on('fail', (test, error: unknown) => {
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      results.push({ title: test.fullTitle(), state: 'failed', ms: test.duration ?? 0, error: told });
      tell(`FAIL ${test.fullTitle()}\n${told}`);
      save(false);
    });
    runner.on('pending', (test) => results.push({ title: test.fullTitle(), state: 'skipped', ms: 0 }));
  });
}

/** Entry point named by `extensionTestsPath`. */
export function run(_root?: string, callback?: (error: unknown, failures?: number) => void): Promise<void> {
  const finished = runSuites();
  if (typeof callback === 'function') {
    finished.then(
      () => callback(null, 0),
      (error: unknown) => callback(error),
    );
  }
  return finished;
}
