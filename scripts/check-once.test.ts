import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './common.ts';
import { literalText, parse, type SyntaxNode } from './imports.ts';

const sources = globSync('{src,webview}/**/*.ts', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

/** The files whose text a pattern matches. */
function filesWith(pattern: RegExp): string[] {
  return sources
    .filter(({ text }) => pattern.test(text))
    .map(({ path }) => path)
    .sort();
}

/** The value of a constant, where it is a number or a text, as it is written. */
function constantOf(
  node: SyntaxNode,
  source: string,
): { readonly name: string; readonly value: string } | undefined {
  const name = (node['id'] as { name?: string } | undefined)?.name;
  const init = node['init'] as SyntaxNode | null | undefined;
  if (name === undefined || init === null || init === undefined) return undefined;
  const text = source.slice(init.start, init.end);
  const value = literalText(init) ?? (/^[\d_xa-fA-F]+( (\*\*?|<<) [\d_]+)*$/.test(text) ? text : undefined);
  return value === undefined ? undefined : { name, value };
}

test('[shape-5] no constant of one name and value stands in two files', () => {
  const places = new Map<string, string[]>();
  for (const { path, text } of sources) {
    const body = parse(text)['body'] as SyntaxNode[];
    for (const statement of body) {
      const declared = (statement['declaration'] as SyntaxNode | null | undefined) ?? statement;
      if (declared.type !== 'VariableDeclaration') continue;
      for (const one of declared['declarations'] as SyntaxNode[]) {
        const constant = constantOf(one, text);
        if (constant === undefined) continue;
        const key = `${constant.name} = ${constant.value}`;
        places.set(key, [...(places.get(key) ?? []), path]);
      }
    }
  }
  expect(places.size).toBeGreaterThan(100);
  expect([...places].filter(([, files]) => files.length > 1)).toEqual([]);
});

const once: readonly (readonly [what: string, pattern: RegExp, files: readonly string[]])[] = [
  // The tests of the Array view translate for themselves.
  [
    'a text whose places are filled in',
    /\\\{\(\\d\+\)\\\}/,
    ['src/array/test-bench.ts', 'webview/strings.ts'],
  ],
  ['the usual device node', /'\/dev\/aie0'/, ['src/board/board.ts']],
  [
    'hexadecimal digits of a number',
    /toString\(16\)/,
    // Digits of any base with the cells' own rules; the digits of a NaN; how wide the column of offsets is.
    ['src/model/cells/floats.ts', 'src/model/numbers.ts', 'src/model/rows/layout.ts'],
  ],
  [
    'a number read from hexadecimal digits',
    /parseInt\(.*, 16\)/,
    // One key that is a digit.
    ['src/model/numbers.ts', 'webview/grid/typing.ts'],
  ],
  ['a file that is replaced as a whole', /\.chmod\(|\bfsync|renameSync/, ['src/board/replace-file.ts']],
  [
    'the name of a process',
    /l10n\.t\('\{0\} \(\{1\}\)'|l10n\.t\('process \{0\}'/,
    ['src/board/owner-name.ts'],
  ],
];

test('[shape-5] outside of boards and pages timers are made in one way', () => {
  const files = filesWith(/\bset(Timeout|Interval)\(/).filter((path) => /^src\/(?!board\/)/.test(path));
  expect(files).toEqual(['src/model/later.ts']);
});

test.each(once)('[shape-5] stands once: %s', (_what, pattern, files) => {
  expect(filesWith(pattern)).toEqual(files);
});
