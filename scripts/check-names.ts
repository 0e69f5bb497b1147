/**
 * One word, one thing: words that once meant several things stand only where they mean the one of the glossary in
 * CONTRIBUTING.md. Looked at are the names that others read: of files, of exported things, of public members; of native code, those
 * in headers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain, root, runMain } from './common.ts';
import { lineOf, parse, type SyntaxNode, walk } from './imports.ts';
import { nativeSources, projectFiles } from './sources.ts';

/** A word of the glossary with the places whose names may hold it. */
interface Reserved {
  /** As the glossary has it. */
  readonly word: string;
  /** Matches one part of a name, in lower case: `heldBack` has `held` and `back`. Of `epoch`, the word that it replaces. */
  readonly part: RegExp;
  readonly places: readonly RegExp[];
}

/** The words that are kept. A new place is a new use: see first whether it means what the glossary says. */
export const reserved: readonly Reserved[] = [
  {
    word: 'words',
    part: /^words?$/,
    places: [
      /^src\/model\/(geometry|recording)\.ts$/,
      /^src\/(board|session|model\/status)\//,
      /^webview\/grid\/selection\.ts$/,
    ],
  },
  {
    word: 'link',
    part: /^links?$/,
    places: [/^src\/session\//, /^src\/(api|boards|explorer|editor|array|debug|memory-files)\//],
  },
  { word: 'secret', part: /^secrets?$/, places: [/^src\/(board\/(ssh|local)|boards|explorer)\//] },
  { word: 'describe', part: /^describes?$/, places: [/^src\/board\//] },
  { word: 'frame', part: /^(frames?|framed)$/, places: [/^src\/board\/protocol\//] },
  {
    word: 'snapshot',
    part: /^snapshots?$/,
    places: [/^src\/(api|session|boards|explorer|editor)\//, /^src\/board\/snapshot\//, /^api\//],
  },
  {
    word: 'hold',
    part: /^(holds?|holders?|holding|held)$/,
    places: [/^src\/(board|boards|session|explorer|editor|array)\//],
  },
  { word: 'epoch', part: /^(life|lives)$/, places: [] },
  { word: 'look', part: /^(looks?|lookers?|looking|looked)$/, places: [/^src\/session\//] },
  {
    word: 'find',
    part: /^(finds?|finder)$/,
    places: [
      /^src\/model\/find\//,
      /^src\/editor\/(find\/|(panel|messages)\.ts$)/,
      // Boards and sessions search memories, too.
      /^src\/(board|session)\//,
      /^webview\/(find-line|main)\.ts$/,
      /^test\/bench\/find(\.test)?\.ts$/,
    ],
  },
  { word: 'again', part: /^again$/, places: [] },
  { word: 'enter', part: /^enters?$/, places: [/^webview\/grid\/field\.ts$/] },
];

/** Names that VS Code gave. */
const given = new Set(['placeHolder']);

/** The parts of a name, in lower case. */
function partsOf(name: string): string[] {
  const parts = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
  return parts.filter((part) => part !== '').map((part) => part.toLowerCase());
}

/** A name that others read, and the offset of its declaration. */
interface PublicName {
  readonly name: string;
  readonly start: number;
}

const DECLARATIONS = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSEnumDeclaration',
  'VariableDeclarator',
]);
const MEMBERS = new Set([
  'MethodDefinition',
  'PropertyDefinition',
  'TSPropertySignature',
  'TSMethodSignature',
]);

/** Names of exported declarations, and of members that are not private. */
function publicNames(source: string): PublicName[] {
  const names: PublicName[] = [];
  const add = (node: SyntaxNode, of: unknown): void => {
    const identifier = of as { readonly type?: unknown; readonly name?: unknown } | null | undefined;
    if (identifier?.type !== 'Identifier' || given.has(String(identifier.name))) return;
    names.push({ name: String(identifier.name), start: node.start });
  };
  walk(parse(source), (node, parents) => {
    if (DECLARATIONS.has(node.type)) {
      const above = parents.at(node.type === 'VariableDeclarator' ? -2 : -1);
      if (above?.type === 'ExportNamedDeclaration') add(node, node['id']);
    } else if (MEMBERS.has(node.type)) add(node, node['key']);
  });
  return names;
}

function said({ word }: Reserved): string {
  return `"${word}" means something else (the glossary in CONTRIBUTING.md)`;
}

/** What is wrong with one file's names, as `path: what` or `path:line: what`. */
export function nameProblems(path: string, source: string): string[] {
  const own = path.replace(/(\.test)?\.ts$/, '');
  const rules = reserved.filter(({ places }) => !places.some((place) => place.test(path)));
  const ruleOf = (name: string): Reserved | undefined => {
    const parts = partsOf(name);
    return rules.find(({ part }) => parts.some((one) => part.test(one)));
  };
  const problems: string[] = [];
  const ofFile = ruleOf(own.slice(own.lastIndexOf('/') + 1));
  if (ofFile !== undefined) problems.push(`${path}: ${said(ofFile)}`);
  for (const { name, start } of publicNames(source)) {
    const rule = ruleOf(name);
    if (rule !== undefined) problems.push(`${path}:${lineOf(source, start)}: ${name}: ${said(rule)}`);
  }
  return problems;
}

/** What native headers keep to one meaning. `look` stands for what a person looks at (`Asking::look`), as on the wire. */
const reservedInHeaders: readonly Reserved[] = reserved
  .filter(({ word }) => ['epoch', 'look', 'find', 'again', 'enter', 'hold'].includes(word))
  .map(({ word, part }) => ({
    ...{ word, part },
    places:
      word === 'hold'
        ? [/\/(hold\w*|partition|owners|engine|protocol\/\w+|agent\/\w+)\.h$/]
        : word === 'find'
          ? [/\/(find_job|matcher|protocol\/requests)\.h$/]
          : [],
  }));

/** Comments, texts, included files, and what comes from the standard library. */
const notOurs = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|^#.*$|std::\w+|[.>]find\(/gm;

/** What is wrong with the names of a native header, as `path:line: name: what`. */
export function headerProblems(path: string, source: string): string[] {
  const rules = reservedInHeaders.filter(({ places }) => !places.some((place) => place.test(path)));
  const bare = source.replaceAll(notOurs, (text) => text.replaceAll(/[^\n]/g, ' '));
  return [...bare.matchAll(/[A-Za-z_]\w*/g)].flatMap(({ 0: name, index }) => {
    const isAsked = name === 'look' && /Asking(::| : uint8_t \{[^}]*)$/.test(bare.slice(0, index));
    const rule = rules.find(({ part }) => partsOf(name).some((one) => part.test(one)));
    return rule === undefined || isAsked ? [] : [`${path}:${lineOf(bare, index)}: ${name}: ${said(rule)}`];
  });
}

/** Problems of this checkout: names, and words that the glossary lacks. */
export async function allNameProblems(): Promise<string[]> {
  const files = await projectFiles('src/*.ts', 'webview/*.ts', 'scripts/*.ts');
  const headers = (await nativeSources()).filter(
    (path) => path.endsWith('.h') && !path.endsWith('/fake_kernel.h'),
  );
  const problems = files
    .filter((path) => !path.startsWith('scripts/check-names'))
    .flatMap((path) => nameProblems(path, readFileSync(join(root, path), 'utf8')));
  problems.push(...headers.flatMap((path) => headerProblems(path, readFileSync(join(root, path), 'utf8'))));
  const glossary = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  for (const { word } of reserved) {
    if (!glossary.includes(`\n| ${word} |`)) problems.push(`CONTRIBUTING.md: the glossary lacks "${word}"`);
  }
  return problems;
}

if (isMain(import.meta.url)) {
  runMain(async () => {
    const problems = await allNameProblems();
    for (const problem of problems) console.error(problem);
    return problems.length === 0 ? 0 : 1;
  });
}
