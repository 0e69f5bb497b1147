/** Whole numbers as C writes them, and what is computed of them. */
import { StructureFault } from './faults.ts';
import type { Token } from './tokens.ts';

/** Operators of two numbers, by how strongly they bind. */
const binary: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
/** Numbers of more bits are cut, as compilers do. */
const bits = 64;
const mostDepth = 64;
const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11, '0': 0 };

/**
 * The value of an expression; undefined where it is none, or has a name that is not known.
 *
 * @param tokens the last one is an end
 * @param numberNamed numbers by name
 * @param sizeOf bytes of a type by its words
 * @throws StructureFault for a division by zero
 */
export function constantOf(
  tokens: readonly Token[],
  numberNamed: (name: string) => bigint | undefined,
  sizeOf: (words: readonly string[]) => number | undefined,
): bigint | undefined {
  const [only] = tokens;
  if (tokens.length === 2 && only?.kind === 'number') return numberOf(only.text);
  let at = 0;
  const next = (): Token | undefined => tokens[at];
  const takes = (text: string): boolean => {
    if (next()?.text !== text || next()?.kind === 'end') return false;
    at++;
    return true;
  };
  const operand = (depth: number): bigint | undefined => {
    const token = next();
    if (token === undefined || depth > mostDepth) return undefined;
    if (takes('(')) {
      const value = level(0, depth + 1);
      return takes(')') ? value : undefined;
    }
    for (const sign of ['-', '+', '~', '!'] as const) {
      if (!takes(sign)) continue;
      const value = operand(depth + 1);
      if (value === undefined) return undefined;
      return sign === '-' ? cut(-value) : sign === '~' ? ~value : sign === '!' ? BigInt(value === 0n) : value;
    }
    at++;
    if (token.kind === 'number') return numberOf(token.text);
    if (token.kind === 'character') return characterOf(token.text);
    if (token.kind !== 'name') return undefined;
    if (token.text !== 'sizeof') return numberNamed(token.text);
    const words: string[] = [];
    if (!takes('(')) return undefined;
    while (!takes(')')) {
      const word = tokens[at++];
      if (word === undefined || word.kind === 'end') return undefined;
      words.push(word.text);
    }
    const size = sizeOf(words);
    return size === undefined ? undefined : BigInt(size);
  };
  const level = (number: number, depth: number): bigint | undefined => {
    const signs = binary[number];
    if (signs === undefined) return operand(depth);
    let value = level(number + 1, depth);
    for (;;) {
      const token = next();
      if (value === undefined || token === undefined || !signs.includes(token.text)) return value;
      at++;
      const other = level(number + 1, depth);
      value = other === undefined ? undefined : computed(value, other, token);
    }
  };
  const value = level(0, 0);
  return next()?.kind === 'end' ? value : undefined;
}

function cut(value: bigint): bigint {
  return BigInt.asIntN(bits, value);
}

function computed(a: bigint, b: bigint, { text, place }: Token): bigint | undefined {
  if ((text === '/' || text === '%') && b === 0n) throw new StructureFault('divided-by-zero', place);
  switch (text) {
    case '|':
      return a | b;
    case '^':
      return a ^ b;
    case '&':
      return a & b;
    case '<<':
      return b >= 0n && b < 64n ? cut(a << b) : undefined;
    case '>>':
      return b >= 0n && b < 64n ? a >> b : undefined;
    case '+':
      return cut(a + b);
    case '-':
      return cut(a - b);
    case '*':
      return cut(a * b);
    case '/':
      return a / b;
    default:
      return a % b;
  }
}

function numberOf(text: string): bigint | undefined {
  const digits = text.replaceAll("'", '').replace(/[uUlL]{1,3}$/, '');
  if (/^0[0-7]{1,22}$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  return /^(?:0[xX][\da-fA-F]{1,16}|0[bB][01]{1,64}|(?:0|[1-9]\d{0,18}))$/.test(digits)
    ? BigInt(digits)
    : undefined;
}

function characterOf(text: string): bigint | undefined {
  const [, escaped, plain = ''] = /^'(?:\\(.[^']*)|([\s\S]))'$/.exec(text) ?? [];
  if (escaped === undefined) return BigInt(plain.charCodeAt(0));
  if (/^x[\da-fA-F]{1,2}$/.test(escaped)) return BigInt(`0${escaped}`);
  if (/^[0-7]{1,3}$/.test(escaped)) return BigInt(`0o${escaped}`);
  return BigInt(escapes[escaped] ?? escaped.charCodeAt(0));
}
