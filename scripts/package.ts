/**
 * `npm run package [-- --target=linux-x64]`: packages in dist/vsix/, one per target. linux-x64 and linux-arm64
 * carry the addon for a board or machine of that kind; `universal` carries none and runs everywhere. All carry the
 * agents that are uploaded to boards.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createVSIX } from '@vscode/vsce';
import { buildAll } from './build.ts';
import { contentProblems } from './check-package.ts';
import { isMain, root, runMain, ScriptError } from './common.ts';
import { buildAndPlaceNative } from './native.ts';

/** What a package is made for. */
export type Target = 'linux-x64' | 'linux-arm64' | 'universal';
export const TARGETS: readonly Target[] = ['linux-x64', 'linux-arm64', 'universal'];

const SHIPPED = ['package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'l10n', 'media', 'docs/images'];
const MACHINES = ['aarch64', 'x86_64'];

interface Manifest {
  readonly version: string;
  [property: string]: unknown;
}

/** Lays out a package's files in `stage`, from a production build made there and the native parts in dist. */
async function fillStage(stage: string, target: Target): Promise<Manifest> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  // What only developers need has no meaning in a package.
  const { scripts: _scripts, devDependencies: _devDependencies, private: _private, ...shipped } = manifest;
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(shipped, null, 2)}\n`);
  for (const path of SHIPPED) {
    if (existsSync(join(root, path))) await cp(join(root, path), join(stage, path), { recursive: true });
  }
  await buildAll({ production: true, outFolder: join(stage, 'dist') });
  for (const machine of MACHINES) {
    const agent = join('dist', 'agents', `tilescope-agent-${machine}`);
    if (!existsSync(join(root, agent)))
      throw new ScriptError(`Cannot package: ${agent} is not built ("node scripts/native.ts" builds it).`);
    await cp(join(root, agent), join(stage, agent));
  }
  if (target !== 'universal') {
    const addon = join('dist', 'addon', target, 'tilescope.node');
    if (!existsSync(join(root, addon)))
      throw new ScriptError(`Cannot package: ${addon} is not built ("node scripts/native.ts" builds it).`);
    await cp(join(root, addon), join(stage, addon));
  }
  return manifest;
}

/** Makes one package and returns its path; the native parts have to be in dist already. */
export async function packageFor(target: Target, outFolder = join(root, 'dist', 'vsix')): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'tilescope-package-'));
  try {
    const manifest = await fillStage(stage, target);
    await mkdir(outFolder, { recursive: true });
    const file = join(outFolder, `tilescope-${target}-${manifest.version}.vsix`);
    await rm(file, { force: true });
    const problems = await contentProblems(stage);
    if (problems.length > 0) throw new ScriptError(`The package is not fit to ship:\n${problems.join('\n')}`);
    await createVSIX({
      cwd: stage,
      packagePath: file,
      dependencies: false,
      allowMissingRepository: true,
      rewriteRelativeLinks: false,
      ...(target === 'universal' ? {} : { target }),
    });
    return file;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2).flatMap((argument) => /^--target=(.+)$/.exec(argument)?.[1] ?? []);
  const unknown = wanted.find((name) => !TARGETS.some((target) => target === name));
  if (unknown !== undefined) throw new ScriptError(`No target "${unknown}". Targets: ${TARGETS.join(', ')}.`);
  await buildAndPlaceNative();
  for (const target of TARGETS.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    const file = await packageFor(target);
    console.log(`${relative(root, file)}  ${((await stat(file)).size / 1024).toFixed(0)} KiB`);
  }
  return 0;
}

if (isMain(import.meta.url)) runMain(main);
