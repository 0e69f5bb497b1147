import { defineConfig } from 'vitest/config';

/**
 * Four projects, told apart by where a test stands and what it needs:
 * unit (nothing), board (the virtual board, slow to boot), e2e (a browser and real hosts), long (minutes).
 */
const needsMachinery = ['**/*.board.test.ts', '**/*.e2e.test.ts', '**/*.long.test.ts'];
const elsewhere = ['**/node_modules/**', 'dist/**', 'build/**'];

/**
 * Real machines and browsers on two busy cores: a test that fails is tried once more; the report says "retry x1", and
 * the output why. A test that needs it often is a defect.
 */
const retry = 1;
const setupFiles = ['test/tries.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,webview,scripts}/**/*.test.ts', 'test/bench/**/*.test.ts'],
          exclude: [...elsewhere, ...needsMachinery],
          environment: 'node',
          // Seeded random runs take seconds on a loaded machine.
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'board',
          include: ['test/board/**/*.test.ts', '{src,native}/**/*.board.test.ts'],
          exclude: [...elsewhere, '**/*.long.test.ts'],
          environment: 'node',
          // A board is a machine with a real clock: one at a time, so that time-outs mean something.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 300_000,
          setupFiles,
          retry,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts', 'test/webview/**/*.web.test.ts'],
          exclude: elsewhere,
          environment: 'node',
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 600_000,
          setupFiles,
          retry,
        },
      },
      {
        test: {
          name: 'long',
          include: ['{src,webview,scripts,test}/**/*.long.test.ts'],
          exclude: elsewhere,
          environment: 'node',
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
