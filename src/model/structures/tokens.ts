/** Takes a text of C apart. Comments are left out; lines of the preprocessor are tokens of their own. */
import { StructureFault, type TextPlace } from './faults.ts';

/** A part of a text with its place. */
export interface Token {
  readonly kind: 'name' | 'number' | 'character' | 'sign' | 'line' | 'end';
  readonly text: string;
  readonly place: TextPlace;
}

/** Characters of a definition at most. */
export const longestDefinition = 64 * 1024;
const mostTokens = 32 * 1024;

/** What can stand at a place; each match begins there. */
const patterns = [
  ['blank', /(?:[ \t\r\n\f\v]|\\\r?\n)+/y],
  ['comment', /\/\/[^\n]*|\/\*[\s\S]*?\*\//y],
  ['line', /#(?:\\\r?\n|[^\n])*/y],
  ['name', /[A-Za-z_$][\w$]*/y],
  ['number', /\d[\w'.]*/y],
  ['character', /'(?:\\.[^'\n]{0,4}|[^'\\\n])'/y],
  ['sign', /<<|>>|::|\[\[|\]\]|[{}[\]();:,*=+\-/%&|^~!<>?.&]/y],
] as const;

/** The tokens of a text; the last one is its end. Throws StructureFault. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  if (text.length > longestDefinition) throw new StructureFault('too-long', { line: 1, column: 1 });
  while (at < text.length) {
    const place = { line, column: at - lineStart + 1 };
    const [kind, found] = partAt(text, at, place);
    if (kind !== 'blank' && kind !== 'comment') tokens.push({ kind, text: found, place });
    if (tokens.length > mostTokens) throw new StructureFault('too-long', place);
    at += found.length;
    for (let i = found.indexOf('\n'); i >= 0; i = found.indexOf('\n', i + 1)) {
      line++;
      lineStart = at - found.length + i + 1;
    }
  }
  tokens.push({ kind: 'end', text: '', place: { line, column: at - lineStart + 1 } });
  return tokens;
}

function partAt(text: string, at: number, place: TextPlace) {
  const isOpenComment = text.startsWith('/*', at) && !text.includes('*/', at + 2);
  for (const [kind, pattern] of isOpenComment ? [] : patterns) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return [kind, found] as const;
  }
  const isOpen = isOpenComment || text.startsWith("'", at);
  throw new StructureFault(isOpen ? 'no-end' : 'unexpected', place, text.slice(at, at + 1));
}
