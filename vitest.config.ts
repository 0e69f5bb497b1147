import { defineConfig } from 'vitest/config';
import { ONCE } from './scripts/results.ts';

/**
 * Projects, told apart by where a test stands and what it needs: unit (nothing), board (the virtual board, slow to boot),
 * e2e (a browser and real hosts), both also alone, long (minutes).
 */
const needsMachinery = ['**/*.board.test.ts', '**/*.e2e.test.ts', '**/*.long.test.ts'];
const elsewhere = ['**/node_modules/**', 'dist/**', 'build/**'];

/** These run after the others, with nothing beside them: they measure, or build what others load. */
const alone = {
  board: ['test/board/{bench,guest}.board.test.ts'],
  e2e: ['test/e2e/{bench,packaged,start}.e2e.test.ts'],
};

const tags = [
  { name: ONCE, description: 'A failure counts at the first try (scripts/test.ts gives others a second).' },
];

export default defineConfig({
  test: {
    tags,
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
          exclude: [...elsewhere, ...alone.board, '**/*.long.test.ts'],
          environment: 'node',
          // A board keeps one processor busy.
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'board-alone',
          include: alone.board,
          environment: 'node',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts', 'test/webview/**/*.web.test.ts'],
          exclude: [...elsewhere, ...alone.e2e],
          environment: 'node',
          // A window waits most of its time.
          maxWorkers: 2,
          testTimeout: 240_000,
          hookTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: alone.e2e,
          environment: 'node',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 240_000,
          hookTimeout: 600_000,
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
