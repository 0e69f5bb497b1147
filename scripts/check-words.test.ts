import { expect, test } from 'vitest';
import { forbidden, wordProblems } from './check-words.ts';

test('paths of one machine and registry hosts are found with their line; ordinary text is not', () => {
  const rules = forbidden('/somewhere/checkout', '/home/someone');
  expect(wordProblems('first\nsee /somewhere/checkout/src', rules)).toEqual([
    '2: a path of one machine: /somewhere/checkout',
  ]);
  expect(wordProblems('cache: /home/someone/.cache/x', rules)).toHaveLength(1);
  expect(wordProblems('from https://registry.example.org/x', rules)).toHaveLength(1);
  expect(wordProblems('root@board:/root is the home of root on a board; ~/.cache/tilescope', rules)).toEqual(
    [],
  );
});
