/** Nothing in the checkout names the machine that it was written on, or where its packages came from. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isMain, root, runMain } from './common.ts';
import { projectFiles } from './sources.ts';

interface Forbidden {
  readonly what: string;
  readonly pattern: RegExp;
}

/** Escapes a text for use in a regular expression. */
function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What no committed file may contain, given the places of this machine. */
export function forbidden(checkout: string, home: string): Forbidden[] {
  const paths = [checkout, join(home, '.cache'), '/work/', '/home/runner/'];
  return [
    ...paths.map((path) => ({
      what: 'a path of one machine',
      pattern: new RegExp(`(?<![\\w.~-])${literally(path)}`),
    })),
    { what: 'the host name of a package registry', pattern: /\bregistry\.[a-z0-9-]+\.[a-z]{2,}\b/ },
    { what: 'an address where a package was fetched', pattern: /"resolved":\s*"https?:/ },
  ];
}

/** Problems of one text, as `line: what`. */
export function traceProblems(text: string, rules: readonly Forbidden[]): string[] {
  const problems: string[] = [];
  text.split('\n').forEach((line, index) => {
    for (const rule of rules) {
      const match = rule.pattern.exec(line);
      if (match !== null) problems.push(`${index + 1}: ${rule.what}: ${match[0]}`);
    }
  });
  return problems;
}

/** Problems of this checkout. */
export async function allTraceProblems(): Promise<string[]> {
  const rules = forbidden(root, homedir());
  const problems: string[] = [];
  for (const path of await projectFiles()) {
    // The rules themselves, and their examples.
    if (path.startsWith('scripts/check-traces')) continue;
    const content = await readFile(join(root, path));
    if (content.includes(0)) continue;
    problems.push(...traceProblems(content.toString('utf8'), rules).map((problem) => `${path}:${problem}`));
  }
  return problems;
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const problems = await allTraceProblems();
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
