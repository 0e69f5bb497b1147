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
/** Tokens of a definition at most, also with what macros stand for. */
export const mostTokens = 32 * 1024;

/** What can stand at a place, what is frequent first; each match begins there, and no two can. */
const patterns = [
  ['name', /[A-Za-z_$][\w$]*/y],
  ['sign', /<<|>>|::|\[\[|\]\]|[{}[\]();:,*=+\-%&|^~!<>?.]|\/(?![/*])/y],
  ['blank', /(?:[ \t\r\n\f\v]|\\\r?\n)+/y],
  ['number', /\d[\w'.]*/y],
  ['comment', /\/\/(?:\\\r?\n|[^\n])*|\/\*[\s\S]*?\*\//y],
  ['line', /#(?:\\\r?\n|[^\n])*/y],
  ['character', /'(?:\\.[^'\n]{0,4}|[^'\\\n])'/y],
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
    if (kind === 'name' || kind === 'sign') continue;
    for (let i = found.indexOf('\n'); i >= 0; i = found.indexOf('\n', i + 1)) {
      line++;
      lineStart = at - found.length + i + 1;
    }
  }
  tokens.push({ kind: 'end', text: '', place: { line, column: at - lineStart + 1 } });
  return tokens;
}

function partAt(text: string, at: number, place: TextPlace) {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return [kind, text.slice(at, pattern.lastIndex)] as const;
  }
  const isOpen = text.startsWith('/*', at) || text.startsWith("'", at);
  throw new StructureFault(isOpen ? 'no-end' : 'unexpected', place, text.slice(at, at + 1));
}
