/**
 * Runs the host suites through `runTests`: in code-server by default, in a downloaded desktop VS Code with
 * `--desktop` (needs the internet and a display; `--version=1.100.0` for another than the stable one).
 * `--grep=TEXT` selects tests by title.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { buildAll, buildHostTests } from '../../scripts/build.ts';
import { isMain, root, runMain } from '../../scripts/common.ts';
import { type SuiteOutcome, saveOutcome } from '../../scripts/results.ts';
import type { HostResults } from './index.ts';

/** What to run, and where. */
export interface HostRun {
  readonly desktop: boolean;
  readonly grep?: string;
  /** The desktop version to download: `stable` unless told. */
  readonly version?: string;
  /** The extension's folder: this checkout unless told. */
  readonly extension?: string;
  /** The bundle with the suites. */
  readonly tests: string;
}

/** Runs the suites and counts; a run without a complete results file counts as a failure. */
export async function runHostSuites(request: HostRun): Promise<SuiteOutcome> {
  const scratch = await mkdtemp(join(tmpdir(), 'tilescope-test-'));
  const resultsFile = join(scratch, 'results.json');
  try {
    const code = await runTests({
      extensionDevelopmentPath: [request.extension ?? root, join(root, 'examples', 'mailbox')],
      extensionTestsPath: request.tests,
      launchArgs: [
        `--user-data-dir=${join(scratch, 'profile')}`,
        `--extensions-dir=${join(scratch, 'extensions')}`,
        '--disable-extensions',
      ],
      extensionTestsEnv: {
        TILESCOPE_HOST_RESULTS: resultsFile,
        TILESCOPE_PARTS: '1',
        ...(request.grep === undefined ? {} : { TILESCOPE_HOST_GREP: request.grep }),
      },
      ...(request.desktop
        ? { cachePath: join(root, '.vscode-test'), version: request.version ?? 'stable' }
        : { vscodeExecutablePath: join(root, 'test', 'host', 'launcher.ts') }),
    }).catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      return 1;
    });
    return await countResults(resultsFile, code);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function countResults(file: string, code: number): Promise<SuiteOutcome> {
  const content = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as HostResults,
    () => undefined,
  );
  const results = content?.results ?? [];
  const failures = results
    .filter((result) => result.state === 'failed')
    .map((result) => `${result.title}\n${result.error ?? ''}`);
  if (content?.finished !== true)
    failures.push(`the extension host gave no complete result (exit code ${code})`);
  else if (code !== 0 && failures.length === 0) failures.push(`the editor ended with exit code ${code}`);
  const skips = results.filter((result) => result.state === 'skipped').map((result) => result.title);
  const passed = results.filter((result) => result.state === 'passed').length;
  return { passed, failed: failures.length, skipped: skips.length, failures, skips };
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const value = (name: string): string | undefined =>
    args.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
  const grep = value('grep');
  const version = value('version');
  await buildAll();
  const tests = await buildHostTests();
  const outcome = await runHostSuites({
    desktop: args.includes('--desktop'),
    tests: tests.file,
    ...(grep === undefined ? {} : { grep }),
    ...(version === undefined ? {} : { version }),
  });
  await saveOutcome('host', outcome);
  for (const failure of outcome.failures) console.error(`FAILED ${failure}`);
  return outcome.failed === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) runMain(main);
