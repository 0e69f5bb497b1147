import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { BUSY_MACHINE } from './scripts/busy.ts';
import { ONCE } from './scripts/results.ts';
import { PATIENCE_MS, PREPARATION_MS, TEST_MS } from './test/patience.ts';

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

/** The longest files, longest first: they begin before the others, so that none runs alone at the end. */
const longest = [
  'saving.e2e.test.ts',
  'sequences.board.test.ts',
  'soak.board.test.ts',
  'conformance-local.board.test.ts',
  'native.board.test.ts',
  'ssh.board.test.ts',
  'recording.board.test.ts',
  'looks.web.test.ts',
  'link.e2e.test.ts',
  'owner.e2e.test.ts',
  'looks.e2e.test.ts',
  'grid.web.test.ts',
  'kills.board.test.ts',
  'native-families.board.test.ts',
  'array.e2e.test.ts',
  'debug-session.e2e.test.ts',
  'recording.e2e.test.ts',
  'main-job.e2e.test.ts',
  'tasks.e2e.test.ts',
  'halting.board.test.ts',
  'guest-read.board.test.ts',
  'matrix.board.test.ts',
  'login.e2e.test.ts',
  'sidebar.e2e.test.ts',
  'live-faults.e2e.test.ts',
  'connector.test.ts',
  'connection.test.ts',
  'adapter.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = longest.indexOf(basename(moduleId));
      return place < 0 ? longest.length : place;
    };
    const sorted = await super.sort(files);
    return [...new Set(sorted.map(({ project }) => project))].flatMap((one) =>
      sorted.filter(({ project }) => project === one).sort((a, b) => rank(a) - rank(b)),
    );
  }
}

/** The limits of all tests: they end what hangs, and nothing else. */
const patient = {
  expect: { poll: { timeout: PATIENCE_MS } },
  testTimeout: TEST_MS,
  hookTimeout: PREPARATION_MS,
};

/** Beside other processes each board and each window would have less than it needs to keep to its times. */
const isBusy = process.env[BUSY_MACHINE] === '1';

const tags = [
  { name: ONCE, description: 'A failure counts at the first try (scripts/test.ts gives others a second).' },
];

export default defineConfig({
  test: {
    tags,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{src,webview,scripts}/**/*.test.ts', 'test/bench/**/*.test.ts'],
          exclude: [...elsewhere, ...needsMachinery],
          environment: 'node',
          ...patient,
          // Tests of connections wait much of their time.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'board',
          include: ['test/board/**/*.test.ts', '{src,native}/**/*.board.test.ts'],
          exclude: [...elsewhere, ...alone.board, '**/*.long.test.ts'],
          environment: 'node',
          ...patient,
          // A board computes half of its time, and waits the other half: for hands to be off, for links, for its own start.
          maxWorkers: isBusy ? 2 : 4,
        },
      },
      {
        test: {
          name: 'board-alone',
          include: alone.board,
          environment: 'node',
          ...patient,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts', 'test/webview/**/*.web.test.ts'],
          exclude: [...elsewhere, ...alone.e2e],
          environment: 'node',
          ...patient,
          // A window waits most of its time.
          maxWorkers: isBusy ? 2 : 3,
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: alone.e2e,
          environment: 'node',
          ...patient,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'long',
          // Three files of the board suite are run with more of what chance decides.
          include: [
            '{src,webview,scripts,test}/**/*.long.test.ts',
            'test/board/{native,native-addon,halting}.board.test.ts',
          ],
          env: { READS: '10000', HALTING_LIVES: '200' },
          exclude: elsewhere,
          environment: 'node',
          ...patient,
          fileParallelism: false,
          // Ten minutes of a processor are more on a busy machine.
          testTimeout: 10_800_000,
        },
      },
    ],
  },
});
