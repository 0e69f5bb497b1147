/** `npm run check`: every check that needs no running program, all of them even when one fails. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { acceptanceProblems } from './check-acceptance.ts';
import { l10nProblems } from './check-l10n.ts';
import { layeringProblems } from './check-layering.ts';
import { allNameProblems } from './check-names.ts';
import { nativeProblems } from './check-native.ts';
import { packageProblems } from './check-package.ts';
import { allTraceProblems } from './check-traces.ts';
import { unusedProblems } from './check-unused.ts';
import { capture, isMain, localBin, root, runMain, ScriptError } from './common.ts';
import { clearOutcome, saveOutcome } from './results.ts';
import { nativeSources } from './sources.ts';

interface Check {
  readonly name: string;
  readonly run: () => Promise<readonly string[]>;
}

/** A check done by another program: what it prints is the problem when it fails. */
async function byProgram(command: string, args: readonly string[]): Promise<string[]> {
  const result = await capture(command, args);
  if (result.code === 0) return [];
  const said = `${result.stdout}${result.stderr}`.trim();
  return [said === '' ? `${command} ended with ${result.code}` : said];
}

async function clangFormat(): Promise<string[]> {
  const sources = await nativeSources();
  return sources.length === 0 ? [] : byProgram('clang-format', ['--dry-run', '--Werror', ...sources]);
}

async function fidelity(): Promise<string[]> {
  const script = 'test/board/fidelity.ts';
  if (!existsSync(join(root, script))) return [`${script} is missing`];
  return byProgram(process.execPath, [join(root, script)]);
}

const CHECKS: readonly Check[] = [
  {
    name: 'format and lint',
    run: () => byProgram(localBin('biome'), ['check', '--diagnostic-level=warn', '.']),
  },
  { name: 'types', run: () => byProgram(localBin('tsc'), ['-p', '.']) },
  { name: 'layering', run: async () => layeringProblems(root) },
  { name: 'unused', run: unusedProblems },
  { name: 'l10n', run: () => l10nProblems(root) },
  { name: 'native format', run: clangFormat },
  { name: 'native layers', run: async () => nativeProblems(root) },
  { name: 'names', run: allNameProblems },
  { name: 'traces', run: allTraceProblems },
  { name: 'acceptance', run: acceptanceProblems },
  { name: 'fidelity', run: fidelity },
  { name: 'package', run: packageProblems },
];

async function main(): Promise<number> {
  await clearOutcome('check');
  const wanted = process.argv.slice(2);
  const selected = CHECKS.filter((check) => wanted.length === 0 || wanted.includes(check.name));
  if (selected.length === 0) {
    throw new ScriptError(`No such check. Checks: ${CHECKS.map((check) => check.name).join(', ')}.`);
  }
  const failures: string[] = [];
  for (const check of selected) {
    const problems = await check
      .run()
      .catch((error: unknown) => [
        error instanceof ScriptError ? error.message : `the check itself failed: ${String(error)}`,
      ]);
    console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${check.name}`);
    for (const problem of problems) console.log(problem.replace(/^/gm, '     '));
    if (problems.length > 0) failures.push(`${check.name}: ${problems.length} problem(s)`);
  }
  await saveOutcome('check', {
    passed: selected.length - failures.length,
    failed: failures.length,
    skipped: 0,
    failures,
  });
  return failures.length === 0 ? 0 : 1;
}

if (isMain(import.meta.url)) runMain(main);
