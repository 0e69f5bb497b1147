/**
 * Checks `fidelity.md`: every row says which fact of the driver it is about, which test shows that the
 * module does the same, or why it does not, and whether the fact was seen in real code.
 *
 *   node test/board/fidelity.ts
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const NOT_IMITATED = 'not imitated because ';
/** Where a fact was seen in real code that ran. */
const SEEN: readonly string[] = ['2020', 'shipped', 'both', 'aie-rt', 'no'];

interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Titles of the tests (`it`, `test`) in a test file's text. */
export function testTitles(source: string): string[] {
  return [...source.matchAll(/\b(?:it|test)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map((match) =>
    (match[2] ?? '').replaceAll(/\\(['"`\\])/g, '$1'),
  );
}

function rowsOf(table: string): Row[] {
  return table
    .split('\n')
    .map((text, index) => ({ line: index + 1, text: text.trim() }))
    .filter(({ text }) => text.startsWith('|') && !/^\|[\s:|-]+\|$/.test(text))
    .map(({ line, text }) => ({
      line,
      cells: text
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    }))
    .filter(({ cells }) => cells[0] !== 'fact');
}

/**
 * What is wrong with a fidelity table, one sentence each; empty when all is well. Columns: a number such as
 * `1.7`, the fact in words, either test titles in backticks or "not imitated because ...", and where it was seen in
 * real code. Numbers of one section go up by one, so that a lost row shows.
 */
export function fidelityProblems(table: string, titles: readonly string[]): string[] {
  const problems: string[] = [];
  const known = new Set(titles);
  const next = new Map<string, number>();
  const rows = rowsOf(table);
  for (const { line, cells } of rows) {
    const [number = '', fact = '', shown = '', seen = ''] = cells;
    const at = `fidelity.md:${line}`;
    if (cells.length !== 4 || cells.some((cell) => cell === '')) {
      problems.push(`${at}: a row has four cells and none is empty.`);
      continue;
    }
    if (!SEEN.includes(seen)) problems.push(`${at}: "${seen}" is not one of ${SEEN.join(', ')}.`);
    const [section = '', index = ''] = number.split('.');
    const expected = next.get(section) ?? 1;
    if (index !== String(expected))
      problems.push(`${at}: ${number} stands where ${section}.${expected} was expected.`);
    next.set(section, Number(index) + 1);
    const named = [...shown.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
    const reason = shown.startsWith(NOT_IMITATED) && shown.length > NOT_IMITATED.length + 10;
    if (named.length === 0 && !reason) problems.push(`${at}: "${fact}" names no test and no reason.`);
    for (const title of named)
      if (!known.has(title)) problems.push(`${at}: there is no test with the title "${title}".`);
  }
  for (const section of ['1', '2', '4', '5', '6'])
    if (!next.has(section)) problems.push(`fidelity.md: section ${section} has no rows.`);
  return problems;
}

/** Problems of the table in this folder, against the tests in this folder. */
export function checkFidelity(): string[] {
  const titles = readdirSync(HERE)
    .filter((name) => name.endsWith('.board.test.ts'))
    .flatMap((name) => testTitles(readFileSync(join(HERE, name), 'utf8')));
  return fidelityProblems(readFileSync(join(HERE, 'fidelity.md'), 'utf8'), titles);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkFidelity();
  for (const problem of problems) console.error(problem);
  if (problems.length === 0) console.log('Every fact of the driver has a test or a reason.');
  process.exitCode = problems.length === 0 ? 0 : 1;
}
