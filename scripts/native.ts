/**
 * Builds the native parts through their CMake presets and puts what the extension loads where it looks for it:
 * dist/agents/tilescope-agent-<machine> and dist/addon/<platform>-<arch>/tilescope.node. `--tests` builds the tests
 * of this machine instead.
 */
import { existsSync, globSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, rename } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { capture, isMain, root, run, runMain, ScriptError } from './common.ts';

/** The presets of native/CMakePresets.json that scripts use. */
export type Preset = 'release' | 'debug' | 'thread' | 'fuzz' | 'aarch64';

/** What the native suite runs. */
const TEST_PRESETS = ['debug', 'thread'] as const;

/** Where a preset builds. */
export function buildFolder(preset: Preset): string {
  return join(root, 'native', 'build', preset);
}

/** Configures and builds one preset; quiet unless it fails. */
export async function buildNative(preset: Preset): Promise<void> {
  if (!existsSync(join(root, 'native', 'CMakePresets.json'))) {
    throw new ScriptError('Cannot build: native/CMakePresets.json is missing.');
  }
  const jobs = String(Math.max(1, cpus().length));
  for (const args of [
    ['--preset', preset],
    ['--build', '--preset', preset, '--parallel', jobs],
  ]) {
    const result = await capture('cmake', args, { cwd: join(root, 'native') });
    if (result.code !== 0) {
      throw new ScriptError(
        `"cmake ${args.join(' ')}" in native ended with ${result.code}:\n${result.stdout}${result.stderr}`,
      );
    }
  }
}

/** One file that a build made, by name; exactly one is expected below the preset's folder. */
function built(preset: Preset, name: string): string {
  const [file] = globSync(`**/${name}`, { cwd: buildFolder(preset) }).filter(
    (path) => !path.includes('CMakeFiles'),
  );
  if (file === undefined) throw new ScriptError(`The preset "${preset}" has built no ${name}.`);
  return join(buildFolder(preset), file);
}

/** Puts a copy in place by renaming, so that nobody ever sees half a file. */
async function place(from: string, to: string): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true });
  const part = `${to}.${process.pid}.part`;
  await copyFile(from, part);
  await chmod(part, 0o755);
  await rename(part, to);
}

/** Agents for both machines and the addons, built and in place. */
export async function buildAndPlaceNative(): Promise<void> {
  await buildNative('release');
  await buildNative('aarch64');
  const agent = 'tilescope-agent';
  await place(built('release', agent), join(root, 'dist', 'agents', `${agent}-x86_64`));
  await place(built('aarch64', agent), join(root, 'dist', 'agents', `${agent}-aarch64`));
  const addon = 'tilescope.node';
  await place(built('release', addon), join(root, 'dist', 'addon', 'linux-x64', addon));
  await place(built('aarch64', addon), join(root, 'dist', 'addon', 'linux-arm64', addon));
}

/**
 * The tests with several threads, under ThreadSanitizer. It expects its memory in certain places: where the kernel may
 * put a program further away, only a program without random addresses starts.
 */
async function testThreads(extra: readonly string[]): Promise<number> {
  await buildNative('thread');
  const tests = [built('thread', 'thread_tests'), '--minimal', ...extra];
  const { code } = await capture(tests[0] ?? '', ['--count']);
  const [command = '', ...rest] = code === 0 ? tests : ['setarch', '--addr-no-randomize', ...tests];
  return run(command, rest);
}

/**
 * Builds the sanitizer presets and runs their tests; the JUnit file gets one entry per test, and none for those that run
 * under ThreadSanitizer again. `extra` goes to doctest, for example `-tc=*lease*`. What a failing check saw stands in the
 * JUnit file, and is printed.
 */
export async function testNative(junit: string, extra: readonly string[]): Promise<number> {
  await buildNative('debug');
  await mkdir(dirname(junit), { recursive: true });
  const code = await run(built('debug', 'core_tests'), ['--reporters=junit', `--out=${junit}`, ...extra]);
  const report = existsSync(junit) ? await readFile(junit, 'utf8') : '';
  for (const failure of report.match(/<testcase[^>]*>\s*<(failure|error)[\s\S]*?<\/testcase>/g) ?? []) {
    console.error(failure);
  }
  return Math.max(code, await testThreads(extra));
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    if (process.argv.includes('--tests')) for (const preset of TEST_PRESETS) await buildNative(preset);
    else await buildAndPlaceNative();
    return 0;
  });
}
