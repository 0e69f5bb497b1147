/**
 * Everything that a person reads goes through l10n: no bare text where the faces hand text to VS Code, manifest
 * keys and package.nls.json agree, and l10n/bundle.l10n.json is what @vscode/l10n-dev exports from the sources.
 * `--write` brings the bundle up to date.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import { isMain, root, runMain } from './common.ts';
import { dottedName, lineOf, parse, type SyntaxNode, walk } from './imports.ts';

/** Calls of VS Code and of `src/say` whose arguments a person reads. */
const MESSAGE_CALLS =
  /(^|\.)(show(Error|Warning|Information)Message|setStatusBarMessage|say(Error|Warning|Information|Briefly)|shownError|withProgress|tableTooltip|setViewTexts)$/;
const TEXT_PROPERTIES = new Set([
  'title',
  'label',
  'description',
  'detail',
  'tooltip',
  'prompt',
  'placeHolder',
  'placeholder',
  'openLabel',
  'saveLabel',
  'message',
  'agree',
]);
const TEXT_CONSTRUCTORS = /(^|\.)(TreeItem|MarkdownString|ThemedText)$/;
const MANIFEST_TEXT = new Set([
  'title',
  'description',
  'markdownDescription',
  'contents',
  'markdown',
  'altText',
]);

/** Faces are all folders of src except the three layers below them, and what stands beside them in src. */
function isFaceFile(path: string): boolean {
  return /^src\/(?!model\/|board\/|session\/).*\.ts$/.test(path) && !/\.test\.ts$/.test(path);
}

/** True for text with at least one letter that is not a codicon, a name of ours or a command link. */
function isProse(text: string): boolean {
  return /\p{L}/u.test(text.replace(/\$\([a-z~-]+\)/g, '').replace(/^Tilescope$/, ''));
}

/** Bare text in an expression: literals, templates, and both sides of `+`, `?:`, `??`, `||`. */
function bareText(node: unknown): SyntaxNode | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  const expression = node as SyntaxNode;
  switch (expression.type) {
    case 'Literal':
      return typeof expression['value'] === 'string' && isProse(expression['value']) ? expression : undefined;
    case 'TemplateLiteral': {
      const quasis = expression['quasis'] as SyntaxNode[];
      const text = quasis.map((quasi) => (quasi['value'] as { raw: string }).raw).join('');
      return isProse(text) ? expression : undefined;
    }
    case 'BinaryExpression':
    case 'LogicalExpression':
      return bareText(expression['left']) ?? bareText(expression['right']);
    case 'ConditionalExpression':
      return bareText(expression['consequent']) ?? bareText(expression['alternate']);
    default:
      return undefined;
  }
}

/** Places in one face's source where text for a person does not go through l10n, as `line: what`. */
export function bareTexts(source: string): string[] {
  const found: string[] = [];
  const report = (node: SyntaxNode, where: string): void => {
    found.push(
      `${lineOf(source, node.start)}: text for a person in ${where} does not go through l10n.t: ` +
        source.slice(node.start, Math.min(node.end, node.start + 60)).replace(/\s+/g, ' '),
    );
  };
  walk(parse(source), (node) => {
    if (node.type === 'CallExpression') {
      const name = dottedName(node['callee']) ?? '';
      if (!MESSAGE_CALLS.test(name)) return;
      for (const argument of node['arguments'] as unknown[]) {
        const bare = bareText(argument);
        if (bare !== undefined) report(bare, name);
      }
    } else if (node.type === 'NewExpression') {
      const name = dottedName(node['callee']) ?? '';
      const bare = TEXT_CONSTRUCTORS.test(name) ? bareText((node['arguments'] as unknown[])[0]) : undefined;
      if (bare !== undefined) report(bare, `new ${name}`);
    } else if (node.type === 'Property') {
      const name = dottedName(node['key']) ?? '';
      const bare = TEXT_PROPERTIES.has(name) ? bareText(node['value']) : undefined;
      if (bare !== undefined) report(bare, `the property ${name}`);
    } else if (node.type === 'AssignmentExpression') {
      const name = (dottedName(node['left']) ?? '').split('.').at(-1) ?? '';
      const bare = TEXT_PROPERTIES.has(name) ? bareText(node['right']) : undefined;
      if (bare !== undefined) report(bare, `the property ${name}`);
    }
  });
  return found;
}

/** Keys used as `%key%` in the manifest, and texts that should have been keys. */
export function manifestTexts(manifest: unknown): { keys: Set<string>; bare: string[] } {
  const keys = new Set<string>();
  const bare: string[] = [];
  const visit = (value: unknown, path: string, property: string): void => {
    if (typeof value === 'string') {
      const key = /^%(.+)%$/.exec(value)?.[1];
      if (key !== undefined) keys.add(key);
      else if (path.startsWith('contributes.') && MANIFEST_TEXT.has(property) && isProse(value)) {
        bare.push(`${path}: "${value}"`);
      }
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => {
        visit(item, `${path}[${index}]`, property === 'enumDescriptions' ? 'description' : '');
      });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        visit(item, path === '' ? name : `${path}.${name}`, name);
      }
    }
  };
  visit(manifest, '', '');
  return { keys, bare };
}

function readJson(folder: string, path: string): unknown {
  const file = join(folder, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function manifestProblems(folder: string): string[] {
  const { keys, bare } = manifestTexts(readJson(folder, 'package.json'));
  const texts = readJson(folder, 'package.nls.json') as Record<string, unknown> | undefined;
  const problems = bare.map((text) => `package.json: ${text} is bare text, not a %key%`);
  const known = new Set(Object.keys(texts ?? {}));
  for (const key of keys) if (!known.has(key)) problems.push(`package.nls.json: no text for %${key}%`);
  for (const key of known) {
    if (!keys.has(key)) problems.push(`package.nls.json: the key ${key} is not used in package.json`);
  }
  return problems;
}

const BUNDLE = 'l10n/bundle.l10n.json';

/**
 * The exporter follows the name `l10n` only from an import of vscode. Modules that are handed the translator, so that
 * they need no vscode, get that import for the export; those that keep it call it by that name.
 */
export function forExport(source: string): string {
  const named = source.replaceAll('this.#l10n.t(', 'l10n.t(');
  const isHandedOver = /\bl10n\.t\(/.test(named) && !/from 'vscode'/.test(named);
  return isHandedOver ? `import { l10n } from 'vscode';\n${named}` : named;
}

async function exportedBundle(folder: string): Promise<string> {
  const sources = globSync(['src/**/*.ts', 'webview/**/*.ts'], { cwd: folder })
    .filter((path) => !path.endsWith('.test.ts'))
    .sort();
  const exported = await getL10nJson(
    sources.map((path) => ({
      extension: '.ts',
      contents: forExport(readFileSync(join(folder, path), 'utf8')),
    })),
  );
  const sorted = Object.fromEntries(Object.entries(exported).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(sorted, null, 2)}\n`;
}

/** All problems below `folder`. */
export async function l10nProblems(folder: string): Promise<string[]> {
  const problems = manifestProblems(folder);
  for (const path of globSync('src/**/*.ts', { cwd: folder }).filter(isFaceFile).sort()) {
    const source = readFileSync(join(folder, path), 'utf8');
    problems.push(...bareTexts(source).map((text) => `${path}:${text}`));
  }
  const wanted = JSON.parse(await exportedBundle(folder)) as Record<string, unknown>;
  const present = (readJson(folder, BUNDLE) ?? {}) as Record<string, unknown>;
  const differing = [...new Set([...Object.keys(wanted), ...Object.keys(present)])].filter(
    (key) => JSON.stringify(wanted[key]) !== JSON.stringify(present[key]),
  );
  for (const key of differing) {
    problems.push(`${BUNDLE}: out of date for "${key}" ("npm run format" brings it up to date)`);
  }
  return problems;
}

/** Writes the bundle anew from the sources. */
export async function writeBundle(folder: string): Promise<void> {
  const file = join(folder, BUNDLE);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await exportedBundle(folder));
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    if (process.argv.includes('--write')) await writeBundle(root);
    const problems = await l10nProblems(root);
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
