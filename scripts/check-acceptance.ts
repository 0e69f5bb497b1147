/**
 * Every id of docs/acceptance.md stands in the title of a test. `--write` notes under each line where its tests are.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMain, root, runMain } from './common.ts';
import { projectFiles } from './sources.ts';

const DOCUMENT = 'docs/acceptance.md';
/** Ids by the part of the work that they belong to. */
const ID = /\[((?:main|attach|truth|shape|live|hex|names|debug)-\d+)\]/;
const ID_OF_LINE = new RegExp(`^- ${ID.source}`, 'm');
const TITLE_CALL =
  /\b(?:test|it|describe|suite)(?:\.[a-zA-Z]+)*(?:\([^()]*\))?\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1|\b(?:TEST_CASE|SUBCASE|TEST_SUITE|TEST_CASE_TEMPLATE)\(\s*"((?:\\.|[^"\\])*)"/g;

/** Ids in the titles of the tests of one source. */
export function idsInTitles(source: string): Set<string> {
  const ids = new Set<string>();
  for (const match of source.matchAll(TITLE_CALL)) {
    const title = match[2] ?? match[3] ?? '';
    for (const id of title.matchAll(new RegExp(ID, 'g'))) if (id[1] !== undefined) ids.add(id[1]);
  }
  return ids;
}

/** Files whose tests name an id, by id. */
export function filesByIds(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [path, source] of sources) {
    for (const id of idsInTitles(source)) files.set(id, [...(files.get(id) ?? []), path]);
  }
  return files;
}

/** The document with one line of files below each acceptance line. */
export function withFiles(document: string, files: ReadonlyMap<string, readonly string[]>): string {
  const lines: string[] = [];
  for (const line of document.split('\n')) {
    if (line.startsWith('  Tests: ')) continue;
    lines.push(line);
    const id = ID_OF_LINE.exec(line)?.[1];
    const where = id === undefined ? undefined : files.get(id);
    if (where !== undefined) lines.push(`  Tests: ${where.map((path) => `\`${path}\``).join(', ')}`);
  }
  return lines.join('\n');
}

/** Ids that the document lists. */
export function idsOf(document: string): string[] {
  return [...document.matchAll(new RegExp(ID_OF_LINE, 'gm'))].map((match) => match[1] ?? '');
}

async function testSources(): Promise<Map<string, string>> {
  const paths = await projectFiles('src', 'webview', 'test', 'native', 'scripts');
  const sources = new Map<string, string>();
  for (const path of paths.filter((name) => /(\.test\.ts|_test\.(c|cc|cpp))$/.test(name))) {
    sources.set(path, await readFile(join(root, path), 'utf8'));
  }
  return sources;
}

/** Problems of this checkout: ids without a test, ids that the document does not know. */
export async function acceptanceProblems(): Promise<string[]> {
  const document = await readFile(join(root, DOCUMENT), 'utf8');
  const files = filesByIds(await testSources());
  const ids = idsOf(document);
  const problems = ids.filter((id) => !files.has(id)).map((id) => `${DOCUMENT}: [${id}] has no test`);
  for (const [id, where] of files) {
    if (!ids.includes(id)) problems.push(`${where.join(', ')}: [${id}] is not in ${DOCUMENT}`);
  }
  if (withFiles(document, files) !== document) {
    problems.push(
      `${DOCUMENT}: the lists of tests are out of date ("npm run format" brings them up to date)`,
    );
  }
  return problems;
}

/** Brings the lists of tests in the document up to date. */
export async function writeAcceptance(): Promise<void> {
  const file = join(root, DOCUMENT);
  const document = await readFile(file, 'utf8');
  const updated = withFiles(document, filesByIds(await testSources()));
  if (updated !== document) await writeFile(file, updated);
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    if (process.argv.includes('--write')) await writeAcceptance();
    const problems = await acceptanceProblems();
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
