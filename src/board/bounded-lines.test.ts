import { expect, test } from 'vitest';
import { BoundedLines } from './bounded-lines.ts';

test('[truth-18] lines of another side are whole, plain, cut, and bounded in a minute; what is left out is counted', () => {
  const said: string[] = [];
  let now = 0;
  const lines = new BoundedLines(
    3,
    (line) => said.push(line),
    () => now,
  );
  lines.text('one\ntw');
  lines.text(`o\u001b[31m\r\n\n${'x'.repeat(5000)}\n`);
  expect(said).toEqual(['one', 'two\ufffd[31m', 'x'.repeat(1000)]);
  for (let i = 0; i < 1000; i++) lines.text('flood\n');
  lines.text('z'.repeat(1_000_000));
  expect(said).toHaveLength(3);
  now = 60_000;
  lines.line('next minute');
  expect(said.slice(3)).toEqual(['(1000 more lines left out)', 'next minute']);
  lines.end();
  expect(said.at(-1)).toBe('z'.repeat(1000));
});
