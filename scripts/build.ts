/**
 * `npm run build [-- --production] [-- --host-tests]`: the bundles.
 *
 * dist/extension.cjs     the extension host's side, CommonJS for the oldest Node among supported editors
 * dist/parts/*.cjs       what extension.cjs loads at its first need, what several of these files share, and a thread's script
 * dist/webview/main.js   the hex editor's page, with main.css beside it; sight.js begins it
 * dist/webview/array.js  the Array view's page, with array.css beside it
 * dist/webview/plot.js   the page of a plot, with plot.css beside it
 * build/host/index.cjs   the suites of test/host, for a real extension host (only with --host-tests)
 *
 * Source maps are for development bundles; a production build is minified and has none.
 */
import { existsSync, globSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
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
  heat: 'src/session/partition-heat.ts',
  watches: 'src/editor/watches/watch-list.ts',
  bookmarks: 'src/editor/bookmarks/bookmark-list.ts',
  edits: 'src/editor/edits/edits-view.ts',
  writes: 'src/editor/writes-text.ts',
  recordings: 'src/editor/record/recordings.ts',
  hits: 'src/editor/find/hits-view.ts',
  searches: 'src/editor/find/board-searches.ts',
  names: 'src/names/name-model.ts',
  snapshot: 'src/board/snapshot/snapshot-board.ts',
  debug: 'src/debug/attach.ts',
  debugging: 'src/debug/complete.ts',
  api: 'src/api/loaded.ts',
  tools: 'src/api/tools.ts',
  tasks: 'src/api/text-commands.ts',
  served: 'src/memory-files/served-files.ts',
};

/** The script of a thread of its own: it shares nothing with the rest, and has no editor. */
const THREAD = 'src/names/reader-thread.ts';

/**
 * Writes extension.cjs and its parts. esbuild takes only ES modules apart, so each file of such a build is then turned
 * into CommonJS. A module that two files need stands in a third one, once: errors are told apart by their class. The files
 * that are needed at the start become one; where each of them was, a line fetches its exports from there.
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
  const first = join(out, 'extension.cjs');
  const names = filesAtStart(metafile, relative(root, first));
  const texts = new Map(outputFiles.map(({ path, text }) => [path, text]));
  const atStart = new Map([...texts].filter(([path]) => names.has(relative(root, path))));
  await rm(join(out, 'parts'), { recursive: true, force: true });
  await mkdir(join(out, 'parts'), { recursive: true });
  await oneFile(first, atStart, production);
  let number = 0;
  for (const [path, text] of texts) {
    if (path === first) continue;
    if (atStart.has(path)) {
      await writeFile(path, `module.exports=require("../extension.cjs").${sharedName(number++)};\n`);
      continue;
    }
    const { code, map } = await transform(text, {
      ...partOptions(production),
      sourcefile: relative(dirname(path), path),
    });
    if (!production) await writeFile(`${path}.map`, map);
    await writeFile(path, production ? code : `${code}//# sourceMappingURL=${basename(path)}.map\n`);
  }
  const thread = join(out, 'parts', 'reader.cjs');
  await build({ ...hostOptions(production), entryPoints: [needEntry(THREAD)], outfile: thread });
  return [...texts.keys(), thread].map((file) => ({ file, atStart: file === first }));
}

/** Under what name extension.cjs exports what one of the files at start had. */
function sharedName(number: number): string {
  return `shared${number}`;
}

function partOptions(production: boolean) {
  return {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // Parts are found by `require`, which every extension host has; not every one has `import()`.
    supported: { 'dynamic-import': false },
    minify: production,
    sourcemap: production ? false : 'external',
    charset: 'utf8',
  } as const;
}

/** Writes the files of a build that are needed at the start as one; `texts` by their paths. */
async function oneFile(
  first: string,
  texts: ReadonlyMap<string, string>,
  production: boolean,
): Promise<void> {
  const folder = dirname(first);
  const shared = [...texts.keys()].filter((path) => path !== first);
  const lines = shared.map(
    (path, number) => `export * as ${sharedName(number)} from ${JSON.stringify(path)};`,
  );
  await build({
    ...hostOptions(production),
    ...partOptions(production),
    sourcemap: production ? false : 'linked',
    stdin: { contents: [`export * from ${JSON.stringify(first)};`, ...lines].join('\n'), resolveDir: folder },
    outfile: first,
    allowOverwrite: true,
    plugins: [
      {
        name: 'files-at-start',
        setup(context) {
          context.onResolve({ filter: /\.cjs$/ }, ({ path, resolveDir }) => {
            const file = resolve(resolveDir, path);
            return texts.has(file)
              ? { path: file }
              : { path: `./${relative(folder, file).replaceAll('\\', '/')}`, external: true };
          });
          context.onLoad({ filter: /\.cjs$/ }, ({ path }) => ({
            contents: texts.get(path) ?? '',
            resolveDir: dirname(path),
            loader: 'js',
          }));
        },
      },
    ],
  });
  if (production) await rm(`${first}.map`, { force: true });
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
  const pages = {
    main: needEntry('webview/main.ts'),
    sight: needEntry('webview/sight.ts'),
    array: needEntry('webview/array/array.ts'),
    plot: needEntry('webview/plot/plot.ts'),
  };
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
