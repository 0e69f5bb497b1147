/** Puts in what macros stand for. What decides between texts, or changes the layout of what follows, is refused. */
import { StructureFault } from './faults.ts';
import { mostTokens, type Token, tokensOf } from './tokens.ts';

/** A macro with arguments is refused where it is used, as is one whose text is none of C's that is read here. */
type Macro = readonly Token[] | 'with-arguments' | 'unreadable';

const mostNestedMacros = 64;
/** Lines that change nothing for what follows. */
const harmless = new Set(['include', 'include_next', 'import', 'ident', 'line', 'warning']);
const harmlessPragma =
  /^\s*(?:once|mark|region|endregion|message|STDC|(?:GCC|clang)\s+(?:diagnostic|system_header|poison))\b/;

/**
 * The tokens of a text without lines of the preprocessor.
 *
 * @param tokens the last one is an end, and stays
 * @throws StructureFault for conditions other than the guard around a header, pragmas that may matter, and macros with arguments
 */
export function preprocessed(tokens: readonly Token[]): Token[] {
  return new Preprocessor(tokens).run();
}

class Preprocessor {
  readonly #tokens: readonly Token[];
  readonly #macros = new Map<string, Macro>();
  readonly #out: Token[] = [];
  #steps = 0;
  #isGuarded = false;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  run(): Token[] {
    this.#tokens.forEach((token, at) => {
      if (token.kind === 'line') this.#line(token, at);
      else this.#put(token, this.#tokens[at + 1], []);
    });
    return this.#out;
  }

  /** @param hidden macros that are being put in: their names stand for themselves there */
  #put(token: Token, next: Token | undefined, hidden: readonly string[]): void {
    // Macros that stand for nothing cost time, too.
    if (++this.#steps > 2 * mostTokens) throw new StructureFault('too-long', token.place);
    const macro = token.kind === 'name' ? this.#macros.get(token.text) : undefined;
    const isCalled = macro !== 'with-arguments' || next?.text === '(';
    if (macro === undefined || !isCalled || hidden.includes(token.text)) {
      this.#out.push(token);
      return;
    }
    if (typeof macro === 'string') throw new StructureFault('not-supported', token.place, token.text);
    if (hidden.length >= mostNestedMacros) throw new StructureFault('too-deep', token.place);
    const inside = [...hidden, token.text];
    macro.forEach((one, i) => {
      this.#put({ ...one, place: token.place }, macro[i + 1] ?? next, inside);
    });
  }

  #line(token: Token, at: number): void {
    const text = token.text.replace(/\\\r?\n/g, ' ');
    const [, word = '', rest = ''] = /^#\s*(\w*)([\s\S]*)$/.exec(text) ?? [];
    if (word === 'define') this.#define(token, rest);
    else if (word === 'undef') this.#macros.delete(rest.trim());
    else if (word === 'ifndef' && this.#isGuard(rest.trim(), at)) this.#isGuarded = true;
    else if (word === 'endif' && this.#isGuarded && this.#tokens[at + 1]?.kind === 'end') return;
    else if (word === 'pragma') {
      if (!harmlessPragma.test(rest)) throw new StructureFault('may-change-layout', token.place, token.text);
    } else if (!harmless.has(word) && text.trim() !== '#')
      throw new StructureFault('not-supported', token.place, token.text);
  }

  /** Whether a condition is around the whole text, and true at first. */
  #isGuard(name: string, at: number): boolean {
    const before = this.#tokens.slice(0, at).every(({ text }) => /^#\s*pragma\s+once\b/.test(text));
    const [, defined] = /^#\s*define\s+(\w+)\s*$/.exec(this.#tokens[at + 1]?.text ?? '') ?? [];
    const last = this.#tokens.at(-2)?.text ?? '';
    return before && !this.#isGuarded && defined === name && /^#\s*endif\b/.test(last);
  }

  #define(token: Token, text: string): void {
    const [, name, open, body = ''] = /^\s+([A-Za-z_$][\w$]*)(\()?([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined) throw new StructureFault('unexpected', token.place, token.text);
    this.#macros.set(name, open === undefined ? bodyOf(body) : 'with-arguments');
  }
}

function bodyOf(text: string): Macro {
  try {
    const tokens = tokensOf(text).slice(0, -1);
    return tokens.some(({ kind }) => kind === 'line') ? 'unreadable' : tokens;
  } catch (error) {
    if (error instanceof StructureFault) return 'unreadable';
    throw error;
  }
}
