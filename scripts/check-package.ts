/**
 * What a package may contain: bundles, agents, addon, texts and pictures; no sources, tests, source maps, nor paths
 * of the machine that built it.
 */
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { listFiles, PackageManager } from '@vscode/vsce';
import { type Bundle, buildAll } from './build.ts';
import { isMain, root, runMain } from './common.ts';

const ALLOWED = [
  /^package(\.nls(\.[a-z-]+)?)?\.json$/,
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^l10n\/bundle\.l10n(\.[a-z-]+)?\.json$/,
  /^(media|docs\/images)\/[^.]+\.(svg|png|md)$/,
  /^api\/[a-z-]+\.d\.ts$/,
  /^dist\/extension\.cjs$/,
  /^dist\/parts\/[a-z]+(-[A-Z0-9]+)?\.cjs$/,
  /^dist\/webview\/[a-z-]+\.(js|css)$/,
  /^dist\/agents\/tilescope-agent-(aarch64|x86_64)$/,
  /^dist\/addon\/linux-(x64|arm64)\/tilescope\.node$/,
];

/** Marks that a shipped file must not carry; in executables, only what a person could trip over is looked for. */
function leaks(content: string): string[] {
  const found: string[] = [];
  if (/\/\/[#@] sourceMappingURL=/.test(content)) found.push('refers to a source map');
  for (const path of [root, join(homedir(), '.cache')]) {
    if (content.includes(path)) found.push(`contains the path ${path}`);
  }
  return found;
}

/** Problems of the files below `folder`, which is laid out as a package. */
export async function contentProblems(folder: string, files?: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  const paths =
    files ?? globSync('**/*', { cwd: folder }).filter((path) => statSync(join(folder, path)).isFile());
  for (const path of [...paths].map((name) => name.replaceAll('\\', '/')).sort()) {
    if (!ALLOWED.some((pattern) => pattern.test(path))) {
      problems.push(`${path}: does not belong into a package`);
      continue;
    }
    problems.push(...leaks(readFileSync(join(folder, path), 'latin1')).map((leak) => `${path}: ${leak}`));
  }
  return problems;
}

/** What the extension may load when it starts, bytes. */
export const MOST_AT_START = 240_000;

/** Says so if the files that the extension loads when it starts are too large together. */
export function startProblems(bundles: readonly Bundle[]): string[] {
  const bytes = bundles.filter(({ atStart }) => atStart).reduce((sum, one) => sum + one.bytes, 0);
  return bytes <= MOST_AT_START
    ? []
    : [
        `dist/extension.cjs: loads ${bytes} bytes at start, more than ${MOST_AT_START}: what is not needed yet is for an import() (see scripts/build.ts)`,
      ];
}

/** Problems of what the packager would take from this checkout, and of production bundles made now. */
export async function packageProblems(): Promise<string[]> {
  const problems: string[] = [];
  const listed = await listFiles({ cwd: root, packageManager: PackageManager.None });
  for (const path of listed) {
    if (!ALLOWED.some((pattern) => pattern.test(path))) {
      problems.push(`${path}: would be packaged, but does not belong into a package (see .vscodeignore)`);
    }
  }
  const stage = await mkdtemp(join(tmpdir(), 'tilescope-bundles-'));
  try {
    const bundles = await buildAll({ production: true, outFolder: join(stage, 'dist') });
    problems.push(...startProblems(bundles));
    problems.push(...(await contentProblems(stage)));
    if (!existsSync(join(stage, 'dist', 'extension.cjs'))) problems.push('dist/extension.cjs: not built');
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  return problems;
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const problems = await packageProblems();
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
