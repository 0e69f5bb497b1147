import { expect, test } from 'vitest';
import { forbidden, traceProblems } from './check-traces.ts';

test('paths of one machine and registry hosts are found with their line; ordinary text is not', () => {
  const rules = forbidden('/somewhere/checkout', '/home/someone');
  expect(traceProblems('first\nsee /somewhere/checkout/src', rules)).toEqual([
    '2: a path of one machine: /somewhere/checkout',
  ]);
  expect(traceProblems('cache: /home/someone/.cache/x', rules)).toHaveLength(1);
  expect(traceProblems('from https://registry.example.org/x', rules)).toHaveLength(1);
  expect(traceProblems('root@board:/root is the home of root on a board; ~/.cache/tilescope', rules)).toEqual(
    [],
  );
});
