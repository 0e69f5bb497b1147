/** Which modules a TypeScript source names, types included: read from its syntax tree. */
import { parseAst } from 'vitest/node';

/** One import, with where it stands. Lines count from 1. */
export interface ImportedModule {
  readonly specifier: string;
  readonly line: number;
}

/** A node of a syntax tree, as far as the checks look at it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
  );
}

/** Parses one TypeScript source. */
export function parse(source: string): SyntaxNode {
  const tree: unknown = parseAst(source, { lang: 'ts' });
  if (!isNode(tree)) throw new Error('The parser gave no tree.');
  return tree;
}

/** Calls `visit` for a node and everything below it, parents first. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
  parents: readonly SyntaxNode[] = [],
): void {
  visit(node, parents);
  const below = [...parents, node];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, visit, below);
    } else if (isNode(value)) walk(value, visit, below);
  }
}

/** The value of a string literal, or of a template without placeholders. */
export function literalText(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type === 'TemplateLiteral' && Array.isArray(node['quasis']) && node['quasis'].length === 1) {
    const [quasi] = node['quasis'] as SyntaxNode[];
    const value = quasi?.['value'] as { cooked?: unknown } | undefined;
    return typeof value?.cooked === 'string' ? value.cooked : undefined;
  }
  return undefined;
}

/** The dotted name of an expression, such as `vscode.window.showErrorMessage`; undefined for anything else. */
export function dottedName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === 'Identifier') return String(node['name']);
  if (node.type === 'ThisExpression') return 'this';
  if (node.type === 'MemberExpression' && node['computed'] !== true) {
    const object = dottedName(node['object']);
    const property = dottedName(node['property']);
    return object === undefined || property === undefined ? undefined : `${object}.${property}`;
  }
  return undefined;
}

/** The line of an offset, from 1. */
export function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

/** Every module that the source imports, re-exports, requires or names in a type. */
export function importedModules(source: string): ImportedModule[] {
  const found: ImportedModule[] = [];
  const add = (specifier: unknown, node: SyntaxNode): void => {
    const text = literalText(specifier);
    if (text !== undefined) found.push({ specifier: text, line: lineOf(source, node.start) });
  };
  walk(parse(source), (node) => {
    switch (node.type) {
      case 'ImportDeclaration':
      case 'ExportNamedDeclaration':
      case 'ExportAllDeclaration':
      case 'ImportExpression':
      case 'TSImportType':
        add(node['source'] ?? node['argument'], node);
        break;
      case 'TSExternalModuleReference':
        add(node['expression'], node);
        break;
      case 'CallExpression':
        if (dottedName(node['callee']) === 'require') add((node['arguments'] as unknown[])[0], node);
        break;
    }
  });
  return found;
}
