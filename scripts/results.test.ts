import { describe, expect, test } from 'vitest';
import { COUNTS_AT_ONCE, filesOfVitest, filesToRepeat, fromJUnit, joined, ONCE } from './results.ts';
import { summary } from './test.ts';

describe('results of the runners', () => {
  test('vitest: counts tests, and a file that could not be loaded as one failure', () => {
    const report = {
      testResults: [
        {
          name: 'a.test.ts',
          status: 'failed',
          assertionResults: [
            { fullName: 'one', status: 'passed' },
            { fullName: 'two', status: 'failed', failureMessages: ['boom'] },
            { fullName: 'three', status: 'pending' },
          ],
        },
        { name: 'b.test.ts', status: 'failed', message: 'syntax error', assertionResults: [] },
      ],
    };
    expect(joined(filesOfVitest(JSON.stringify(report)))).toEqual({
      passed: 1,
      failed: 2,
      skipped: 1,
      failures: ['two: boom', 'b.test.ts: syntax error'],
      skips: ['three'],
    });
  });

  test('[truth-20] vitest: a file whose process ended says what vitest saw of it', () => {
    const crashed = JSON.stringify({
      testResults: [
        {
          name: '/src/a.test.ts',
          status: 'failed',
          assertionResults: [{ fullName: 'one', status: 'pending' }],
        },
      ],
    });
    const seen = 'Worker exited unexpectedly with signal SIGSEGV while running test file /src/a.test.ts';
    expect(joined(filesOfVitest(crashed, ['elsewhere', seen])).failures).toEqual([`/src/a.test.ts: ${seen}`]);
    expect(joined(filesOfVitest(crashed)).failures).toEqual(['/src/a.test.ts: could not be run']);
  });

  const report = (files: Record<string, readonly object[]>, message?: string): string =>
    JSON.stringify({
      testResults: Object.entries(files).map(([name, tests]) => ({
        name,
        status: tests.some((one) => 'failureMessages' in one) || message !== undefined ? 'failed' : 'passed',
        ...(message === undefined ? {} : { message }),
        assertionResults: tests,
      })),
    });
  const good = (fullName: string): object => ({ fullName, status: 'passed' });
  const bad = (fullName: string, reason: string, ...tags: string[]): object => ({
    fullName,
    status: 'failed',
    failureMessages: [reason],
    tags,
  });

  test('[truth-20] a file that failed is tried again as a whole; the second try counts, and the first is named', () => {
    const first = filesOfVitest(
      report({ 'a.test.ts': [good('one'), bad('two', 'Error: late\nat x')], 'b.test.ts': [good('three')] }),
    );
    expect(filesToRepeat(first)).toEqual(['a.test.ts']);
    const second = filesOfVitest(report({ 'a.test.ts': [good('one'), good('two')] }));
    const outcome = joined(first, second);
    expect(outcome).toEqual({
      passed: 3,
      failed: 0,
      skipped: 0,
      failures: [],
      secondTries: ['two: Error: late\nat x'],
    });
    const text = summary([{ name: 'board', outcome, seconds: 1 }]);
    expect(text).toContain('NEEDED ITS SECOND TRY, a defect: board: two: Error: late\n');
    expect(text.split('\n').at(-1)).toBe('3 passed, 0 failed');
  });

  test('[truth-20] a test that fails in both tries has failed, with the reason of the second', () => {
    const tries = ['first', 'second'].map((reason) =>
      filesOfVitest(report({ 'a.test.ts': [bad('two', reason)] })),
    );
    expect(joined(tries[0] ?? [], tries[1] ?? [])).toEqual({
      passed: 0,
      failed: 1,
      skipped: 0,
      failures: ['two: second'],
    });
  });

  test('[truth-20] what counts at once gets no second try: tests with that tag, and what a board says at its stop', () => {
    expect(filesToRepeat(filesOfVitest(report({ 'a.test.ts': [bad('one', 'x', ONCE)] })))).toEqual([]);
    expect(
      filesToRepeat(filesOfVitest(report({ 'a.test.ts': [good('one')] }, `log (${COUNTS_AT_ONCE})`))),
    ).toEqual([]);
    expect(filesToRepeat(filesOfVitest(report({ 'a.test.ts': [] }, 'syntax error')))).toEqual(['a.test.ts']);
  });

  test('JUnit: failures, tests that were not run, names with entities', () => {
    const xml =
      '<testsuite><testcase name="a" status="run"/><testcase name="b &lt;c&gt;" status="fail"><failure/></testcase>' +
      '<testcase name="d" status="notrun"><skipped/></testcase></testsuite>';
    expect(fromJUnit(xml)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
      failures: ['b <c>'],
      skips: ['d'],
    });
  });

  test('[truth-20] the closing line is the last one and adds everything up; what was not run is named', () => {
    const text = summary([
      { name: 'host', outcome: { passed: 0, failed: 0, skipped: 1, failures: [], skips: ['s'] }, seconds: 0 },
      { name: 'unit', outcome: { passed: 3, failed: 0, skipped: 0, failures: [] }, seconds: 1 },
      { name: 'e2e', outcome: { passed: 1, failed: 2, skipped: 0, failures: ['x\ny', 'z'] }, seconds: 2 },
    ]);
    expect(text.split('\n').at(-1)).toBe('4 passed, 2 failed');
    expect(text).toContain('FAILED e2e: x\n');
    expect(text).toContain('NOT RUN host: s\n');
  });
});
