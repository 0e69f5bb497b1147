/** Keeps what long runs found in docs/long-run.md: one section per run, replaced by the next run of the same kind. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../docs/long-run.md', import.meta.url));
const head = '# Long runs\n\nWhat `npm run test:long` found, written by the runs themselves.\n';

const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();

/** What the run began with: a long one may end after the next commit. The page itself may have changed. */
const changed = git('status', '--porcelain', '--', ':/', ':(top,exclude)docs/long-run.md') !== '';
const commit = git('describe', '--always') + (changed ? '-dirty' : '');

/**
 * @param name marks the section in the page: letters
 * @param title heading of the section
 * @param lines Markdown; date and commit are put before them
 */
export function recordLongRun(name: string, title: string, lines: readonly string[]): void {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const body = [`## ${title}`, '', `${date} UTC, commit ${commit}.`, ...lines].join('\n');
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
