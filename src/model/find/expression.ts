/**
 * Regular expressions over bytes as a tree. The syntax is that of JavaScript: `.` is any byte, `\xA4` one byte, a character
 * beyond ASCII its bytes in UTF-8. Anchors, look-around and references do not exist: what a memory begins with is no line.
 */
import { parseHex } from '../numbers.ts';
import { isLetter } from './byte-texts.ts';
import { NoPattern } from './query.ts';

/** A part of an expression. */
export type Expression =
  /** One byte of those whose place in `bytes` is 1; it has 256. */
  | { readonly kind: 'byte'; readonly bytes: Uint8Array }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  /** `most` may be infinite. `isLazy`: as few as possible. */
  | {
      readonly kind: 'repeat';
      readonly part: Expression;
      readonly least: number;
      readonly most: number;
      readonly isLazy: boolean;
    };

/** More is no pattern that somebody types: each repetition is a copy. */
const mostRepeats = 1000;
/** Groups in groups. */
const deepest = 100;

const classes: Readonly<Record<string, Uint8Array>> = {
  d: bytesFrom('0', '9'),
  w: union(bytesFrom('0', '9'), bytesFrom('A', 'Z'), bytesFrom('a', 'z'), bytesFrom('_', '_')),
  s: union(bytesFrom('\t', '\r'), bytesFrom(' ', ' ')),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };

/** Reads an expression. Without `matchCase` the letters A to Z fit in both cases. Throws NoPattern. */
export function parseExpression(text: string, matchCase: boolean): Expression {
  return new Parser(text, matchCase).parse();
}

/** Whether an expression fits no bytes at all. */
export function fitsNothing(expression: Expression): boolean {
  switch (expression.kind) {
    case 'byte':
      return false;
    case 'sequence':
      return expression.parts.every(fitsNothing);
    case 'choice':
      return expression.parts.some(fitsNothing);
    case 'repeat':
      return expression.least === 0 || fitsNothing(expression.part);
  }
}

class Parser {
  readonly #text: string;
  readonly #matchCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, matchCase: boolean) {
    this.#text = text;
    this.#matchCase = matchCase;
  }

  parse(): Expression {
    if (this.#text === '') throw new NoPattern({ kind: 'empty' });
    const expression = this.#choice();
    if (this.#at < this.#text.length) throw new NoPattern({ kind: 'unpaired', at: this.#at });
    return expression;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #choice(): Expression {
    const parts = [this.#sequence()];
    while (this.#take('|')) parts.push(this.#sequence());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'choice', parts };
  }

  #sequence(): Expression {
    const parts: Expression[] = [];
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text[this.#at] ?? ''))
      parts.push(this.#repeated());
    return { kind: 'sequence', parts };
  }

  #repeated(): Expression {
    const part = this.#atom();
    const start = this.#at;
    const [sign, low, comma, high] = this.#match(/[*+?]|\{(\d+)(,)?(\d+)?\}/y) ?? [];
    if (sign === undefined) return part;
    const isLazy = this.#take('?');
    if (/^[*+?{]/.test(this.#text.slice(this.#at)))
      throw new NoPattern({ kind: 'nothing-repeated', at: this.#at });
    const least = low === undefined ? (sign === '+' ? 1 : 0) : Number(low);
    const most =
      low === undefined
        ? sign === '?'
          ? 1
          : Number.POSITIVE_INFINITY
        : high !== undefined
          ? Number(high)
          : comma === undefined
            ? least
            : Number.POSITIVE_INFINITY;
    if (least > most) throw new NoPattern({ kind: 'unclear', at: start });
    if (least > mostRepeats || (most > mostRepeats && most !== Number.POSITIVE_INFINITY)) {
      throw new NoPattern({ kind: 'too-large' });
    }
    return { kind: 'repeat', part, least, most, isLazy };
  }

  #atom(): Expression {
    const at = this.#at;
    if (this.#take('(')) return this.#group(at);
    if (this.#take('[')) return this.#class(at);
    if (this.#take('.')) return { kind: 'byte', bytes: new Uint8Array(256).fill(1) };
    if (this.#match(/[$^]|\\[bBk1-9]/y) !== null) throw new NoPattern({ kind: 'unsupported', at });
    if (this.#match(/[*+?{]/y) !== null) throw new NoPattern({ kind: 'nothing-repeated', at });
    if (this.#match(/[\]}]/y) !== null) throw new NoPattern({ kind: 'unpaired', at });
    if (this.#take('\\')) return { kind: 'byte', bytes: this.#folded(this.#escape(at)) };
    const [character = ''] = this.#match(/[\s\S]/uy) ?? [];
    const parts = [...new TextEncoder().encode(character)].map(
      (byte): Expression => ({ kind: 'byte', bytes: this.#folded(only(byte)) }),
    );
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'sequence', parts };
  }

  #group(at: number): Expression {
    if (this.#match(/\?(?!:)/y) !== null) throw new NoPattern({ kind: 'unsupported', at });
    this.#take('?:');
    if (++this.#depth > deepest) throw new NoPattern({ kind: 'too-large' });
    const inside = this.#choice();
    this.#depth--;
    if (!this.#take(')')) throw new NoPattern({ kind: 'unpaired', at });
    return inside;
  }

  /** What stands in brackets; `at` is where they begin. */
  #class(at: number): Expression {
    const isOthers = this.#take('^');
    let bytes = new Uint8Array(256);
    while (!this.#take(']')) {
      if (this.#at >= this.#text.length) throw new NoPattern({ kind: 'unpaired', at });
      const start = this.#at;
      const first = this.#member();
      if (this.#match(/-(?!\])/y) === null) {
        bytes = union(bytes, first);
        continue;
      }
      if (this.#at >= this.#text.length) throw new NoPattern({ kind: 'unpaired', at });
      const last = this.#member();
      const [from, to] = [first, last].map((one) => (count(one) === 1 ? one.indexOf(1) : -1));
      if (from === undefined || to === undefined || from < 0 || to < from)
        throw new NoPattern({ kind: 'unclear', at: start });
      bytes = union(bytes, new Uint8Array(256).fill(1, from, to + 1));
    }
    const folded = this.#folded(bytes);
    return { kind: 'byte', bytes: isOthers ? folded.map((one) => 1 - one) : folded };
  }

  /** One byte, or a class such as `\d`, in brackets. */
  #member(): Uint8Array<ArrayBuffer> {
    const at = this.#at;
    if (this.#take('\\')) return this.#escape(at);
    const code = this.#text.charCodeAt(this.#at++);
    // Beyond ASCII a character is several bytes.
    if (code >= 0x80) throw new NoPattern({ kind: 'unclear', at });
    return only(code);
  }

  /** What stands behind `\`, which is at `at`. */
  #escape(at: number): Uint8Array<ArrayBuffer> {
    const [, byte] = this.#match(/x([0-9a-f]{2})/iy) ?? [];
    if (byte !== undefined) return only(parseHex(byte) ?? 0);
    const [name = ''] = this.#match(/[\s\S]/y) ?? [];
    const known = classes[name.toLowerCase()];
    if (known !== undefined) return name in classes ? known.slice() : known.map((one) => 1 - one);
    // In JavaScript these would be octal digits.
    if (name === '0' && this.#match(/\d/y) !== null) throw new NoPattern({ kind: 'unclear', at });
    const control = controls[name];
    if (control !== undefined) return only(control);
    // Letters and digits may mean something elsewhere; all else stands for itself.
    if (!/^[!-/:-@[-`{-~ ]$/.test(name)) throw new NoPattern({ kind: 'unclear', at });
    return only(name.charCodeAt(0));
  }

  /** With the other case of each letter, unless the case counts. */
  #folded(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    if (this.#matchCase) return bytes;
    return bytes.map((one, byte) => (one === 1 || (isLetter(byte) && bytes[byte ^ 0x20] === 1) ? 1 : 0));
  }
}

function only(byte: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(256);
  bytes[byte] = 1;
  return bytes;
}

function bytesFrom(first: string, last: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(256).fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1);
}

function union(...all: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(256);
  for (const one of all) for (const [byte, is] of one.entries()) if (is === 1) bytes[byte] = 1;
  return bytes;
}

function count(bytes: Uint8Array): number {
  return bytes.reduce((sum, one) => sum + one, 0);
}
