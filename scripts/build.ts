/**
 * `npm run build [-- --production] [-- --host-tests]`: the bundles.
 *
 * dist/extension.cjs     the extension host's side, CommonJS for the oldest Node among supported editors
 * dist/webview/main.js   the hex editor's page, with main.css beside it
 * dist/webview/array.js  the Array view's page, with array.css beside it
 * build/host/index.cjs   the suites of test/host, for a real extension host (only with --host-tests)
 *
 * Source maps are for development bundles; a production build is minified and has none.
 */
import { existsSync, globSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { isMain, root, runMain, ScriptError } from './common.ts';
import { clearOutcome, saveOutcome } from './results.ts';

/** What to build. */
export interface BuildRequest {
  /** Minified, without source maps: what is shipped. */
  readonly production?: boolean;
  /** Also the suites that run inside an extension host. */
  readonly hostTests?: boolean;
  /** Where the extension's bundles go; `dist` unless told. */
  readonly outFolder?: string;
}

/** A bundle that was written, and its size in bytes. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

/**
 * ssh2 looks for two native helpers and does without them. They are never shipped: one prebuilt file per platform
 * and editor would be needed, for a speed-up that the JavaScript path does not need.
 */
const withoutNativeParts: Plugin = {
  name: 'ssh2-without-native-parts',
  setup(context) {
    context.onResolve({ filter: /^cpu-features$|sshcrypto\.node$/ }, (args) => ({
      path: args.path,
      namespace: 'absent',
    }));
    context.onLoad({ filter: /.*/, namespace: 'absent' }, (args) => ({
      contents: `throw new Error(${JSON.stringify(`${args.path} is not part of this package`)});`,
      loader: 'js',
    }));
  },
};

/** esbuild's settings for everything that runs in an extension host. */
export function hostOptions(production: boolean): BuildOptions {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode'],
    plugins: [withoutNativeParts],
    // CommonJS has no import.meta: sources may use import.meta.url all the same.
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    minify: production,
    sourcemap: production ? false : 'linked',
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  };
}

function webviewOptions(production: boolean): BuildOptions {
  return {
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    conditions: production ? ['production'] : ['development'],
    loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'dataurl' },
    minify: production,
    sourcemap: production ? false : 'linked',
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  };
}

function needEntry(path: string): string {
  if (!existsSync(join(root, path))) {
    throw new ScriptError(`Cannot build: the entry ${path} is missing.`);
  }
  return path;
}

/** Bundles the suites below `test/host/suites` into one file that an extension host can load. */
export async function buildHostTests(): Promise<Bundle> {
  const suites = globSync('test/host/suites/**/*.test.ts', { cwd: root }).sort();
  if (suites.length === 0) throw new ScriptError('Cannot build: no test/host/suites/**/*.test.ts.');
  const file = join(root, 'build', 'host', 'index.cjs');
  await build({
    ...hostOptions(false),
    entryPoints: [needEntry('test/host/index.ts')],
    outfile: file,
    sourcemap: 'inline',
    // mocha loads parts of itself by computed names, so it stays a package on disk.
    external: ['vscode', 'mocha'],
    plugins: [
      withoutNativeParts,
      {
        name: 'host-suites',
        setup(context) {
          context.onResolve({ filter: /^host-suites$/ }, (args) => ({
            path: args.path,
            namespace: 'host-suites',
          }));
          context.onLoad({ filter: /.*/, namespace: 'host-suites' }, () => ({
            contents: `export const suites = [${suites
              .map((suite) => `[${JSON.stringify(suite)}, () => require(${JSON.stringify(`./${suite}`)})]`)
              .join(', ')}];`,
            resolveDir: root,
            loader: 'js',
          }));
        },
      },
    ],
  });
  return { file, bytes: (await stat(file)).size };
}

/** Writes the bundles; throws a ScriptError that names the entry when one is missing. */
export async function buildAll(request: BuildRequest = {}): Promise<Bundle[]> {
  const production = request.production === true;
  const out = request.outFolder ?? join(root, 'dist');
  const extensionFile = join(out, 'extension.cjs');
  const webviewFolder = join(out, 'webview');
  const extensionEntry = needEntry('src/extension.ts');
  const pages = { main: needEntry('webview/main.ts'), array: needEntry('webview/array/array.ts') };
  await rm(webviewFolder, { recursive: true, force: true });
  await mkdir(webviewFolder, { recursive: true });
  if (production) await rm(`${extensionFile}.map`, { force: true });
  await Promise.all([
    build({ ...hostOptions(production), entryPoints: [extensionEntry], outfile: extensionFile }),
    build({ ...webviewOptions(production), entryPoints: pages, outdir: webviewFolder }),
  ]);
  const bundles: Bundle[] = [];
  const files = [
    extensionFile,
    ...globSync('**/*.{js,css}', { cwd: webviewFolder }).map((f) => join(webviewFolder, f)),
  ];
  for (const file of files) bundles.push({ file, bytes: (await stat(file)).size });
  if (request.hostTests === true) bundles.push(await buildHostTests());
  return bundles;
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  await clearOutcome('build');
  const bundles = await buildAll({
    production: args.includes('--production'),
    hostTests: args.includes('--host-tests'),
  });
  for (const bundle of bundles) {
    console.log(`${relative(root, bundle.file)}  ${(bundle.bytes / 1024).toFixed(1)} KiB`);
  }
  await saveOutcome('build', { passed: bundles.length, failed: 0, skipped: 0, failures: [] });
  return 0;
}

if (isMain(import.meta.url)) runMain(main);
