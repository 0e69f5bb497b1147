import { defineConfig } from 'vitest/config';

/** The tests of the hex editor's page: a real browser, a fake host. */
export default defineConfig({
  test: {
    name: 'web',
    include: ['test/webview/*.web.test.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
