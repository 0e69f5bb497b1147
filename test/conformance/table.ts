import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult } from './suite.ts';

const folder = new URL('../../build/conformance/', import.meta.url).pathname;

/** Keeps one board's results and prints the table of every board that was tested so far: cases down, boards across. */
export function showResults(board: string, results: readonly CaseResult[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${board}.json`), JSON.stringify(results));
  console.log(formatTable(readAll()));
}

function readAll(): Map<string, readonly CaseResult[]> {
  const boards = new Map<string, readonly CaseResult[]>();
  if (!existsSync(folder)) return boards;
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.json')) continue;
    const results: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    boards.set(file.slice(0, -5), results as CaseResult[]);
  }
  return boards;
}

/** The table as text. */
export function formatTable(boards: ReadonlyMap<string, readonly CaseResult[]>): string {
  const titles = [...new Set([...boards.values()].flatMap((results) => results.map((one) => one.title)))];
  const width = Math.max(4, ...titles.map((title) => title.length));
  const names = [...boards.keys()];
  const line = (title: string, cells: readonly string[]) => `${title.padEnd(width)} | ${cells.join(' | ')}`;
  const rows = titles.map((title) =>
    line(
      title,
      names.map((name) => {
        const result = boards.get(name)?.find((one) => one.title === title);
        const cell = result === undefined ? '-' : result.passed ? 'ok' : 'FAILED';
        return cell.padEnd(name.length);
      }),
    ),
  );
  return [line('case', names), ...rows].join('\n');
}
