/**
 * `npm run build [-- --production] [-- --host-tests]`: the bundles.
 *
 * dist/extension.cjs     the extension host's side, CommonJS for the oldest Node among supported editors
 * dist/parts/*.cjs       what extension.cjs loads at its first need, and what several of these files share
 * dist/webview/main.js   the hex editor's page, with main.css beside it
 * dist/webview/array.js  the Array view's page, with array.css beside it
 * build/host/index.cjs   the suites of test/host, for a real extension host (only with --host-tests)
 *
 * Source maps are for development bundles; a production build is minified and has none.
 */
import { existsSync, globSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';
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
  /** Loaded when the extension starts. */
  readonly atStart: boolean;
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
    minify: production,
    sourcemap: production ? false : 'linked',
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  };
}

/** What the extension loads at its first need: the modules that its sources reach by `import()`, and their names. */
const PARTS: Readonly<Record<string, string>> = {
  ssh: 'src/board/ssh/connector.ts',
  local: 'src/board/local/connector.ts',
  simulated: 'src/board/simulated/connector.ts',
  hosts: 'src/board/ssh/host-names.ts',
  questions: 'src/boards/ssh-entry.ts',
  memories: 'src/explorer/memory-box.ts',
  partitions: 'src/explorer/partition-questions.ts',
  session: 'src/session/pool.ts',
  editor: 'src/editor/panel.ts',
  commands: 'src/editor/commands.ts',
  find: 'src/editor/find/hit-search.ts',
  files: 'src/editor/compare/loaded.ts',
  watches: 'src/editor/watches/watch-list.ts',
  edits: 'src/editor/edits/edits-view.ts',
  hits: 'src/editor/find/hits-view.ts',
  names: 'src/names/name-model.ts',
  snapshot: 'src/board/snapshot/snapshot-board.ts',
  debug: 'src/debug/attach.ts',
  debugging: 'src/debug/complete.ts',
  reader: 'src/names/reader-thread.ts',
};

/**
 * Writes extension.cjs and its parts. esbuild takes only ES modules apart, so each file of such a build is then turned
 * into CommonJS. A module that two files need stands in a third one, once: errors are told apart by their class.
 */
async function buildExtension(
  entry: string,
  out: string,
  production: boolean,
): Promise<{ readonly file: string; readonly atStart: boolean }[]> {
  const { outputFiles, metafile } = await build({
    ...hostOptions(production),
    format: 'esm',
    entryPoints: {
      extension: entry,
      ...Object.fromEntries(Object.entries(PARTS).map(([name, path]) => [`parts/${name}`, needEntry(path)])),
    },
    outdir: out,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'parts/shared-[hash]',
    splitting: true,
    sourcemap: production ? false : 'inline',
    metafile: true,
    write: false,
  });
  await rm(join(out, 'parts'), { recursive: true, force: true });
  for (const { path, text } of outputFiles) {
    const { code, map } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node20',
      // Parts are found by `require`, which every extension host has; not every one has `import()`.
      supported: { 'dynamic-import': false },
      minify: production,
      sourcemap: production ? false : 'external',
      sourcefile: relative(dirname(path), path),
      charset: 'utf8',
    });
    await mkdir(dirname(path), { recursive: true });
    if (production) await rm(`${path}.map`, { force: true });
    else await writeFile(`${path}.map`, map);
    await writeFile(path, production ? code : `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  }
  const atStart = filesAtStart(metafile, relative(root, join(out, 'extension.cjs')));
  return outputFiles.map(({ path }) => ({ file: path, atStart: atStart.has(relative(root, path)) }));
}

/** A file of a build and those that it cannot do without, by their names in the build. */
function filesAtStart({ outputs }: Metafile, first: string): ReadonlySet<string> {
  const found = new Set([first]);
  for (const name of found) {
    for (const { path, kind, external } of outputs[name]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) found.add(path);
    }
  }
  return found;
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
  return bundleOf(file, false);
}

/** Writes the bundles; throws a ScriptError that names the entry when one is missing. */
export async function buildAll(request: BuildRequest = {}): Promise<Bundle[]> {
  const production = request.production === true;
  const out = request.outFolder ?? join(root, 'dist');
  const webviewFolder = join(out, 'webview');
  const extensionEntry = needEntry('src/extension.ts');
  const pages = { main: needEntry('webview/main.ts'), array: needEntry('webview/array/array.ts') };
  await rm(webviewFolder, { recursive: true, force: true });
  await mkdir(webviewFolder, { recursive: true });
  const [extension] = await Promise.all([
    buildExtension(extensionEntry, out, production),
    build({ ...webviewOptions(production), entryPoints: pages, outdir: webviewFolder }),
  ]);
  const bundles: Bundle[] = [];
  for (const { file, atStart } of extension) bundles.push(await bundleOf(file, atStart));
  for (const file of globSync('**/*.{js,css}', { cwd: webviewFolder })) {
    bundles.push(await bundleOf(join(webviewFolder, file), false));
  }
  if (request.hostTests === true) bundles.push(await buildHostTests());
  return bundles;
}

async function bundleOf(file: string, atStart: boolean): Promise<Bundle> {
  return { file, bytes: (await stat(file)).size, atStart };
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  await clearOutcome('build');
  const bundles = await buildAll({
    production: args.includes('--production'),
    hostTests: args.includes('--host-tests'),
  });
  for (const { file, bytes, atStart } of bundles) {
    console.log(`${relative(root, file)}  ${(bytes / 1024).toFixed(1)} KiB${atStart ? ', at start' : ''}`);
  }
  await saveOutcome('build', { passed: bundles.length, failed: 0, skipped: 0, failures: [] });
  return 0;
}

if (isMain(import.meta.url)) runMain(main);
