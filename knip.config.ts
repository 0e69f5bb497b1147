/**
 * What the check `unused` looks at (scripts/check-unused.ts). With `--production` tests do not count: what they alone
 * import must at least be used in its own file. `scripts/try.ts` counts: a person runs it.
 */
import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/extension.ts!',
    // Started by their path.
    'src/names/reader-thread.ts!',
    'webview/main.ts!',
    'webview/sight.ts!',
    'webview/array/array.ts!',
    'webview/plot/plot.ts!',
    'scripts/try.ts!',
    'scripts/!(try).ts',
    'test/**/*.ts',
  ],
  project: [
    'src/**/*.ts!',
    'webview/**/*.ts!',
    '!{src,webview}/**/*.test.ts!',
    // Shared by tests that stand beside what they test.
    '!src/{array/test-bench,board/ssh/test-server,board/simulated/contexts,session/scripted-board}.ts!',
    'scripts/try.ts!',
    'scripts/**/!(try).ts',
    'test/**/*.ts',
  ],
  // Started by their path (biome), compiled into the native parts (headers, zlib), made by the build (host-suites).
  ignoreDependencies: ['@biomejs/biome', 'node-addon-api', 'node-api-headers', 'zlib-sync', 'host-suites'],
  ignoreExportsUsedInFile: process.argv.includes('--production'),
};

export default config;
