import { describe, expect, test } from 'vitest';
import { clean, markdownCode, markdownText, plainText } from './plain.ts';

describe('[truth-11] plain text', () => {
  test.each([
    [
      '[More](command:workbench.action.terminal.sendSequence?{}) x',
      '[More] (command:workbench.action.terminal.sendSequence?{}) x',
    ],
    ['![p](https://host/p.png)', '![p] (https://host/p.png)'],
    ['[a](command:x)[b](file:///etc/passwd)', '[a] (command:x)[b] (file:///etc/passwd)'],
    ['[a]\r\n(command:x)', '[a]\n(command:x)'],
    ['$(error) gone', '$ (error) gone'],
    ['\\$(error)', '\\$ (error)'],
    ['<command:x> <a@b>', '< command:x> <a@b>'],
    ['a\u0000b\u001b[31m\u202ec\u2066', 'a\ufffdb\ufffd[31m\ufffdc\ufffd'],
    ['a\tb\rc', 'a b\nc'],
    ['Grüße 図 😀 (1,2) [3] $5 <b>', 'Grüße 図 😀 (1,2) [3] $5 <b>'],
  ])('%j is shown as %j', (text, shown) => {
    expect(plainText(text)).toBe(shown);
    expect(plainText(shown)).toBe(shown);
  });

  test('foreign text loses what could act on a terminal or turn a line around, and its length has an end', () => {
    const tricks = 'a\u0000b\u001b[31m\r\n\u202ec\u2028\u0085\u200f\u2066';
    expect(clean(tricks)).toBe('a\ufffdb\ufffd[31m\ufffd\ufffd\ufffdc\ufffd\ufffd\ufffd\ufffd');
    expect(clean('x'.repeat(10_000))).toHaveLength(4096);
    expect(clean('Grüße 図 😀')).toBe('Grüße 図 😀');
  });

  test('a text of any length leaves room for the buttons', () => {
    expect(plainText('x'.repeat(1_000_000)).length).toBeLessThan(10_000);
  });

  test('in Markdown every sign stands for itself, addresses too', () => {
    expect(markdownText('**b** `c` [x](command:y) https://host www.host a@b <i>')).toBe(
      '\\*\\*b\\*\\* \\`c\\` \\[x\\] \\(command\\:y\\) https\\:\\/\\/host www\\.host a\\@b \\<i\\>',
    );
    expect(markdownText('1. a\n    b')).toBe('1\\. a  \n b');
  });

  test('nothing ends a code span or a cell of a table', () => {
    expect(markdownCode('a`b|c\nd')).toBe('`a b c d`');
    expect(markdownCode(' ')).toBe('-');
  });
});
