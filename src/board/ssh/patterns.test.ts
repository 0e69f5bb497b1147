import { expect, test } from 'vitest';
import { matchesGlob, matchesPattern, matchList } from './patterns.ts';

test('[main-13] a star stands for any run, a question mark for one character', () => {
  expect(matchesPattern('board1.lab', '*.lab')).toBe(true);
  expect(matchesPattern('board1.lab', 'board?.lab')).toBe(true);
  expect(matchesPattern('board12.lab', 'board?.lab')).toBe(false);
  expect(matchesPattern('', '*')).toBe(true);
  expect(matchesPattern('abcabd', '*ab?')).toBe(true);
  expect(matchesPattern('a.b', 'a?b')).toBe(true);
  expect(matchesPattern('axb', 'a.b')).toBe(false);
});

test('[main-13] a matching negated pattern decides, whatever else matches', () => {
  expect(matchList('a.lab', ['*.lab', '!b.lab'])).toBe('yes');
  expect(matchList('b.lab', ['*.lab', '!b.lab'])).toBe('negated');
  expect(matchList('c', ['!b.lab'])).toBe('no');
});

test('many stars on a long name end in time', () => {
  expect(matchesPattern('a'.repeat(5000), `${'a*'.repeat(40)}b`)).toBe(false);
});

test('[truth-18] names of files match as glob(7) says; in host patterns a bracket is a bracket', () => {
  for (const [pattern, yes, no] of [
    ['[a-c]x', ['ax', 'bx', 'cx'], ['dx', '-x', 'x']],
    ['[!a-c]', ['d', '-'], ['a', 'dd']],
    ['[]-]', [']', '-'], ['a']],
    ['[^]]', ['a'], [']']],
    ['[a-]', ['a', '-'], ['b']],
    ['a[', ['a['], ['a']],
    ['\\*', ['*'], ['x']],
    ['*.[ch]', ['x.c', '.h'], ['x.o']],
  ] as const) {
    for (const name of yes) expect(matchesGlob(name, pattern), `${name} ${pattern}`).toBe(true);
    for (const name of no) expect(matchesGlob(name, pattern), `${name} ${pattern}`).toBe(false);
  }
  expect(matchesPattern('[a]', '[a]')).toBe(true);
  expect(matchesPattern('a', '[a]')).toBe(false);
});
