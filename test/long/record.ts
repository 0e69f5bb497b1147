/** Keeps what long runs found in docs/long-run.md: one section per run, replaced by the next run of the same kind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../docs/long-run.md', import.meta.url));
const head =
  '# Long runs\n\nWhat `npm run test:long` found, written by the runs themselves; each section has the command that repeats it.\n';

const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** What the run began with: a long one may end after the next commit. The page itself may have changed. */
const changed = git('status', '--porcelain', '--', ':/', ':(top,exclude)docs/long-run.md') !== '';
const commit = git('describe', '--always') + (changed ? '-dirty' : '');

/**
 * @param name marks the section in the page, and names the test file with `.long.test.ts`: letters
 * @param title heading of the section
 * @param variables what the run took from the environment: with them the command repeats it
 * @param lines Markdown; command, date and commit are put before them
 */
export function recordLongRun(
  name: string,
  title: string,
  variables: Readonly<Record<string, number>>,
  lines: readonly string[],
): void {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const settings = Object.entries(variables).map(([variable, value]) => `${variable}=${value} `);
  const command = `${settings.join('')}npm run test:long -- test/long/${name}.long.test.ts`;
  const run = [`\`${command}\``, '', `${date} UTC, commit ${commit}.`];
  const body = [`## ${title}`, '', ...run, ...lines].join('\n');
  const section = `${begin}\n${body}\n${end}`;
  const text = existsSync(page) ? readFileSync(page, 'utf8') : head;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  const next =
    from >= 0 && to > from
      ? text.slice(0, from) + section + text.slice(to + end.length)
      : `${text.trimEnd()}\n\n${section}\n`;
  writeFileSync(page, next);
  console.log(`${body}\n`);
}
