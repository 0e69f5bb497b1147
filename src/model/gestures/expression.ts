/**
 * Expressions over the place of a cell: what *Fill* computes values with. Pure and bounded: no loops, no names but the given
 * ones, no assignment. Whole numbers are exact within 128 bits and wrap there; a division, a fraction or a function makes a
 * double of them. Precedence and the signs of `//` and `%` are those of Python.
 */

/** A whole number, or a double. */
export type ExpressionValue = bigint | number;

/** What an expression may name: of a cell its index in the selection, tile offset, buffer offset, column, row. */
export interface CellPlace {
  readonly i: number;
  readonly o: number;
  readonly b: number;
  readonly col: number;
  readonly row: number;
}

/** Computes the value for a cell. */
export type Expression = (place: CellPlace) => ExpressionValue;

/** Characters of the longest expression, and the deepest nesting. */
const longest = 300;
const deepest = 40;
const bits = 128;

const variables = ['i', 'o', 'b', 'col', 'row'] as const satisfies readonly (keyof CellPlace)[];
const functions: Readonly<Record<string, (...of: number[]) => number>> = {
  sin: Math.sin,
  cos: Math.cos,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
};
/** Infix operators, the weakest first; all bind to the left. */
const levels: readonly (readonly string[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '//', '/', '%'],
];

const token =
  /\s*(?:(0x[0-9a-f]+|0b[01]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([a-z]+)|(\*\*|\/\/|<<|>>|[-+*/%&|^~()]))/iy;

const wrap = (value: bigint): bigint => BigInt.asIntN(bits, value);
const isWhole = (value: ExpressionValue): value is bigint => typeof value === 'bigint';

/** As a whole number; a double loses its fraction, NaN and infinities are none. */
function whole(value: ExpressionValue): bigint | undefined {
  if (isWhole(value)) return value;
  return Number.isFinite(value) ? wrap(BigInt(Math.trunc(value))) : undefined;
}

function onWhole(
  a: ExpressionValue,
  b: ExpressionValue,
  act: (a: bigint, b: bigint) => ExpressionValue,
): ExpressionValue {
  const [left, right] = [whole(a), whole(b)];
  return left === undefined || right === undefined ? Number.NaN : act(left, right);
}

/** Both whole: exact; else as doubles. */
function arithmetic(
  a: ExpressionValue,
  b: ExpressionValue,
  exact: (a: bigint, b: bigint) => ExpressionValue,
  double: (a: number, b: number) => number,
): ExpressionValue {
  if (isWhole(a) && isWhole(b)) return exact(a, b);
  return double(Number(a), Number(b));
}

function floored(a: bigint, b: bigint): ExpressionValue {
  if (b === 0n) return Number.NaN;
  const quotient = a / b;
  return wrap(a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient);
}

function modulo(a: bigint, b: bigint): ExpressionValue {
  if (b === 0n) return Number.NaN;
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function shifted(a: bigint, by: bigint): ExpressionValue {
  if (by >= BigInt(bits)) return 0n;
  return by <= -BigInt(bits) ? (a < 0n ? -1n : 0n) : wrap(by < 0n ? a >> -by : a << by);
}

/** By squaring, cut to the bits at each step: large exponents cost nothing. */
function power(base: bigint, exponent: bigint): ExpressionValue {
  if (exponent < 0n) return Number(base) ** Number(exponent);
  let result = 1n;
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = wrap(result * square);
    square = wrap(square * square);
  }
  return result;
}

const operators: Readonly<Record<string, (a: ExpressionValue, b: ExpressionValue) => ExpressionValue>> = {
  '|': (a, b) => onWhole(a, b, (x, y) => x | y),
  '^': (a, b) => onWhole(a, b, (x, y) => x ^ y),
  '&': (a, b) => onWhole(a, b, (x, y) => x & y),
  '<<': (a, b) => onWhole(a, b, shifted),
  '>>': (a, b) => onWhole(a, b, (x, y) => shifted(x, -y)),
  '+': (a, b) =>
    arithmetic(
      a,
      b,
      (x, y) => wrap(x + y),
      (x, y) => x + y,
    ),
  '-': (a, b) =>
    arithmetic(
      a,
      b,
      (x, y) => wrap(x - y),
      (x, y) => x - y,
    ),
  '*': (a, b) =>
    arithmetic(
      a,
      b,
      (x, y) => wrap(x * y),
      (x, y) => x * y,
    ),
  '/': (a, b) => Number(a) / Number(b),
  '//': (a, b) => arithmetic(a, b, floored, (x, y) => Math.floor(x / y)),
  '%': (a, b) => arithmetic(a, b, modulo, (x, y) => x - Math.floor(x / y) * y),
  '**': (a, b) => arithmetic(a, b, power, (x, y) => x ** y),
};

/** The expression of a text; undefined if it is none. */
export function parseExpression(text: string): Expression | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const reader = new Reader(tokens);
  const parsed = reader.binary(0, 0);
  return reader.isAtEnd ? parsed : undefined;
}

function tokensOf(text: string): string[] | undefined {
  if (text.length > longest) return undefined;
  const tokens: string[] = [];
  token.lastIndex = 0;
  const end = text.trimEnd().length;
  while (token.lastIndex < end) {
    const match = token.exec(text);
    if (match === null) return undefined;
    tokens.push(match[0].trim());
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  #take(...wanted: readonly string[]): string | undefined {
    const next = this.#tokens[this.#at];
    if (next === undefined || !wanted.includes(next)) return undefined;
    this.#at++;
    return next;
  }

  binary(level: number, depth: number): Expression | undefined {
    const signs = levels[level];
    if (signs === undefined) return this.#unary(depth);
    let left = this.binary(level + 1, depth);
    for (let sign = this.#take(...signs); sign !== undefined; sign = this.#take(...signs)) {
      left = joined(sign, left, this.binary(level + 1, depth));
    }
    return left;
  }

  #unary(depth: number): Expression | undefined {
    if (depth > deepest) return undefined;
    const sign = this.#take('-', '+', '~');
    if (sign === undefined) return this.#power(depth);
    const of = this.#unary(depth + 1);
    if (of === undefined || sign === '+') return of;
    if (sign === '~') return (place) => onWhole(of(place), 0n, (value) => ~value);
    return (place) => {
      const value = of(place);
      return isWhole(value) ? wrap(-value) : -value;
    };
  }

  /** Binds to the right, and stronger than a sign before it. */
  #power(depth: number): Expression | undefined {
    const base = this.#atom(depth);
    return this.#take('**') === undefined ? base : joined('**', base, this.#unary(depth + 1));
  }

  #atom(depth: number): Expression | undefined {
    const next = this.#tokens[this.#at++];
    if (next === undefined) return undefined;
    if (next === '(') return this.#inParentheses(depth);
    if (/^\d/.test(next)) {
      const value = /^(?:0[xb].*|\d+)$/i.test(next) ? wrap(BigInt(next)) : Number(next);
      return () => value;
    }
    if (next === 'pi') return () => Math.PI;
    const variable = variables.find((name) => name === next);
    if (variable !== undefined) return (place) => BigInt(place[variable]);
    const act = Object.hasOwn(functions, next) ? functions[next] : undefined;
    if (act === undefined || this.#take('(') === undefined) return undefined;
    const of = this.#inParentheses(depth);
    return of && ((place) => act(Number(of(place))));
  }

  #inParentheses(depth: number): Expression | undefined {
    const inner = this.binary(0, depth + 1);
    return this.#take(')') === undefined ? undefined : inner;
  }
}

function joined(
  sign: string,
  left: Expression | undefined,
  right: Expression | undefined,
): Expression | undefined {
  const act = operators[sign];
  return act && left && right && ((place) => act(left(place), right(place)));
}
