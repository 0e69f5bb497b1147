import { describe, expect, test } from 'vitest';
import { fromJUnit, fromVitest } from './results.ts';
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
    expect(fromVitest(JSON.stringify(report))).toEqual({
      passed: 1,
      failed: 2,
      skipped: 1,
      failures: ['two: boom', 'b.test.ts: syntax error'],
    });
  });

  test('JUnit: failures, tests that were not run, names with entities', () => {
    const xml =
      '<testsuite><testcase name="a" status="run"/><testcase name="b &lt;c&gt;" status="fail"><failure/></testcase>' +
      '<testcase name="d" status="notrun"><skipped/></testcase></testsuite>';
    expect(fromJUnit(xml)).toEqual({ passed: 1, failed: 1, skipped: 1, failures: ['b <c>'] });
  });

  test('the closing line is the last one and adds everything up', () => {
    const text = summary([
      { name: 'unit', outcome: { passed: 3, failed: 0, skipped: 0, failures: [] }, seconds: 1 },
      { name: 'e2e', outcome: { passed: 1, failed: 2, skipped: 0, failures: ['x\ny', 'z'] }, seconds: 2 },
    ]);
    expect(text.split('\n').at(-1)).toBe('4 passed, 2 failed');
    expect(text).toContain('FAILED e2e: x\n');
  });
});
