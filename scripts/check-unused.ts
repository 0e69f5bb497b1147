/**
 * Nothing stands in the sources that nobody uses: files, exported names and packages (knip finds them), members of
 * classes and interfaces, classes of the style sheets, settings, commands, kinds of messages.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, isMain, localBin, root, runMain } from './common.ts';
import { lineOf, literalText, parse, type SyntaxNode, walk } from './imports.ts';

/** A file of the checkout: its path below the root, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Members that VS Code or Node call, not this project. */
const CALLED_FROM_OUTSIDE = new Set([
  'onDidChangeTreeData',
  'resolveTreeItem',
  'onDidChangeCustomDocument',
  'onDidChangeFile',
  'openCustomDocument',
  'resolveCustomEditor',
  'saveCustomDocument',
  'saveCustomDocumentAs',
  'revertCustomDocument',
  'backupCustomDocument',
  'provideTextDocumentContent',
  'resolveWebviewView',
  '_read',
  '_write',
  '_final',
  '_destroy',
]);
const MEMBERS = new Set([
  'MethodDefinition',
  'PropertyDefinition',
  'TSPropertySignature',
  'TSMethodSignature',
  'TSEnumMember',
]);
/** Classes that VS Code gives the page, and uPlot. */
const CLASSES_FROM_OUTSIDE = /^(vscode|u)-/;
/** The files that say what host and page tell each other, and who reads them. */
const CONTRACTS: readonly { readonly contract: string; readonly host: string; readonly page: RegExp }[] = [
  { contract: 'src/editor/messages.ts', host: 'src/editor/', page: /^webview\/(?!array\/|plot\/)/ },
  { contract: 'src/editor/plot/messages.ts', host: 'src/editor/plot/', page: /^webview\/plot\// },
  { contract: 'src/array/messages.ts', host: 'src/array/', page: /^webview\// },
];

function readAll(patterns: readonly string[]): Source[] {
  return globSync([...patterns], { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function isTest({ path }: Source): boolean {
  return path.endsWith('.test.ts');
}

/** The text without comments, as far as a name in them would count as a use. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/ .*$/gm, '');
}

/** How often each word stands in the sources. */
function wordCounts(sources: readonly Source[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { text } of sources) {
    for (const [word] of withoutComments(text).matchAll(/[A-Za-z_$][\w$]*/g)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return counts;
}

/** The public members that `sources` declare and that no line of `users`, which hold the sources too, names again. */
export function unusedMembers(sources: readonly Source[], users: readonly Source[]): string[] {
  const declared = new Map<string, string[]>();
  for (const { path, text } of sources) {
    walk(parse(text), (node) => {
      const key = node['key'] as SyntaxNode | undefined;
      const name = key?.type === 'Identifier' ? String(key['name']) : undefined;
      if (!MEMBERS.has(node.type) || name === undefined || name === 'constructor') return;
      // Its base class calls it.
      if (node['override'] === true) return;
      declared.set(name, [...(declared.get(name) ?? []), `${path}:${lineOf(text, node.start)}`]);
    });
  }
  const counts = wordCounts(users);
  return [...declared]
    .filter(([name, places]) => (counts.get(name) ?? 0) <= places.length && !CALLED_FROM_OUTSIDE.has(name))
    .map(([name, places]) => `${places.join(', ')}: nobody uses ${name}`);
}

/** The classes of style sheets that no source writes. A source may write the end of a class behind its beginning: `state-${x}`. */
export function unusedClasses(sheets: readonly Source[], sources: readonly Source[]): string[] {
  const code = sources.map(({ text }) => withoutComments(text)).join('\n');
  const problems: string[] = [];
  for (const { path, text } of sheets) {
    const found = [...withoutComments(text).matchAll(/\.([a-zA-Z_][\w-]*)/g)].map(([, name]) => name ?? '');
    for (const name of new Set(found)) {
      const beginnings = name
        .split('-')
        .slice(0, -1)
        .map((_, at, parts) => `${parts.slice(0, at + 1).join('-')}-\${`);
      const written = new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(code);
      if (written || CLASSES_FROM_OUTSIDE.test(name) || beginnings.some((one) => code.includes(one)))
        continue;
      problems.push(`${path}: no page has the class ${name}`);
    }
  }
  return problems;
}

/** Settings and commands of a manifest that no source names. */
export function unusedContributions(manifest: unknown, sources: readonly Source[]): string[] {
  const { contributes } = manifest as {
    contributes: {
      commands: readonly { readonly command: string }[];
      configuration: { readonly properties: Readonly<Record<string, unknown>> };
    };
  };
  const code = sources.map(({ text }) => withoutComments(text)).join('\n');
  const names = (text: string): boolean =>
    new RegExp(`(?<![\\w-])${text.replaceAll('.', '\\.')}(?![\\w-])`).test(code);
  const settings = Object.keys(contributes.configuration.properties);
  const commands = contributes.commands.map(({ command }) => command);
  return [
    ...settings
      .filter((one) => !names(one.replace('tilescope.', '')) && !names(one.split('.').at(-1) ?? ''))
      .map((one) => `package.json: nobody reads the setting ${one}`),
    ...commands
      .filter((one) => !names(one.replace('tilescope.', '')))
      .map((one) => `package.json: nobody runs the command ${one}`),
  ];
}

/** Kinds of messages that only one side of a contract knows. */
export function unusedMessages(sources: readonly Source[]): string[] {
  const problems: string[] = [];
  for (const { contract, host, page } of CONTRACTS) {
    const text = sources.find(({ path }) => path === contract)?.text;
    if (text === undefined) continue;
    const kinds = new Set<string>();
    walk(parse(text), (node) => {
      const key = node['key'] as SyntaxNode | undefined;
      if (node.type !== 'TSPropertySignature' || key?.['name'] !== 'type') return;
      walk(node, (below) => {
        const kind = literalText(below);
        if (kind !== undefined) kinds.add(kind);
      });
    });
    const sides = {
      host: sources.filter(({ path }) => path.startsWith(host) && path !== contract),
      page: sources.filter(({ path }) => page.test(path)),
    };
    for (const kind of kinds) {
      for (const [side, files] of Object.entries(sides)) {
        if (!files.some((file) => withoutComments(file.text).includes(`'${kind}'`))) {
          problems.push(`${contract}: the ${side} does not know the message ${kind}`);
        }
      }
    }
  }
  return problems;
}

/** What knip finds in a folder with a configuration of its own; `production`: tests do not count. */
export async function unusedExports(folder: string, production: boolean): Promise<string[]> {
  const { code, stdout, stderr } = await capture(
    localBin('knip'),
    ['--no-progress', '--no-config-hints', '--exclude', 'binaries', ...(production ? ['--production'] : [])],
    { cwd: folder },
  );
  if (code === 0) return [];
  return [`${production ? 'without the tests:\n' : ''}${stdout.trim()}${stderr.trim()}`];
}

/** All problems of this checkout. */
export async function unusedProblems(): Promise<string[]> {
  const shipped = readAll(['src/**/*.ts', 'webview/**/*.ts']).filter((source) => !isTest(source));
  const users = readAll(['{src,webview,test,scripts}/**/*.ts']);
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return [
    ...(await unusedExports(root, false)),
    ...(await unusedExports(root, true)),
    ...unusedMembers(shipped, users),
    ...unusedClasses(readAll(['webview/**/*.css']), shipped),
    ...unusedContributions(manifest, shipped),
    ...unusedMessages(shipped),
  ];
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const problems = await unusedProblems();
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
