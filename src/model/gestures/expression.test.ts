import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import { type CellPlace, type ExpressionValue, parseExpression } from './expression.ts';

const place: CellPlace = { i: 3, o: 0x40, b: 0x8040, col: 6, row: 2 };
const valueFor = (text: string) => parseExpression(text)?.(place);

describe('[hex-7] expressions of the offset', () => {
  test.each<[string, ExpressionValue]>([
    ['o + i * 2', 0x46n],
    ['2 + 3 * 4 ** 2', 50n],
    ['-2 ** 2', -4n],
    ['2 ** -1', 0.5],
    ['2 ** 3 ** 2', 512n],
    ['-7 // 2', -4n],
    ['-7 % 3', 2n],
    ['7 % -3', -2n],
    ['7 / 2', 3.5],
    ['0x10 | 1 << 2 & 7', 0x14n],
    ['~0', -1n],
    ['1 << 200', 0n],
    ['-1 >> 200', -1n],
    ['1.5e2', 150],
    ['col * 100 + row', 602n],
    ['(b - o) // 0x8000', 1n],
    ['sin(0)', 0],
    ['sqrt(2 * 8)', 4],
    ['0xffffffffffffffff + 1', 1n << 64n],
  ])('%s', (text, value) => {
    expect(valueFor(text)).toBe(value);
  });

  test('whole numbers stay exact and bounded, a division by zero is no number', () => {
    expect(valueFor('3 ** 1000000')).toBe(BigInt.asIntN(128, 3n ** 1_000_000n));
    expect(valueFor('1 // 0')).toBeNaN();
    expect(valueFor('1 % 0')).toBeNaN();
    expect(valueFor('(1 / 0) & 1')).toBeNaN();
  });

  test.each([
    ...[
      '',
      '1 +',
      '(1',
      '1)',
      'x',
      'constructor',
      'toString(1)',
      'sin',
      'sin 1',
      '1 2',
      '0x',
      'i = 1',
      'i; o',
    ],
    ...[
      '`1`',
      "'a'",
      'i.o',
      'i[0]',
      '__proto__',
      '1_000',
      '('.repeat(200),
      `${'('.repeat(60)}1${')'.repeat(60)}`,
    ],
    ...['-'.repeat(100).concat('1'), '1+'.repeat(200).concat('1')],
  ])('%s is none', (text) => {
    expect(parseExpression(text)).toBeUndefined();
  });

  test('random expressions give what their trees give, whatever blanks and parentheses they have', () => {
    const seed = runSeed();
    const roll = dice(seed);
    const wrap = (value: bigint) => BigInt.asIntN(128, value);
    const floor = (a: bigint, b: bigint) => (a - (((a % b) + b) % b)) / b;
    // Weakest first, as the language has them.
    const naive: Readonly<Record<string, [number, (a: bigint, b: bigint) => bigint | undefined]>> = {
      '|': [0, (a, b) => a | b],
      '^': [1, (a, b) => a ^ b],
      '&': [2, (a, b) => a & b],
      '<<': [3, (a, b) => (b < 0n || b > 60n ? undefined : wrap(a * 2n ** b))],
      '>>': [3, (a, b) => (b < 0n || b > 60n ? undefined : floor(a, 2n ** b))],
      '+': [4, (a, b) => wrap(a + b)],
      '-': [4, (a, b) => wrap(a - b)],
      '*': [5, (a, b) => wrap(a * b)],
      '//': [5, (a, b) => (b === 0n ? undefined : wrap(floor(a, b)))],
      '%': [5, (a, b) => (b === 0n ? undefined : a - floor(a, b) * b)],
    };
    const signs = Object.keys(naive);
    interface Tree {
      readonly text: string;
      readonly level: number;
      readonly value: bigint | undefined;
    }
    const inside = ({ text }: Tree) => `(${text})`;
    const blank = () => [' ', '', '  '][roll(3)] ?? '';
    const grow = (depth: number): Tree => {
      if (depth === 0 || roll(5) === 0) {
        const names = ['i', 'o', 'b', 'col', 'row'] as const;
        const name = names[roll(5)] ?? 'i';
        const number = roll(1000);
        if (roll(2) === 0) return { text: name, level: 9, value: BigInt(place[name]) };
        return {
          text: roll(2) === 0 ? `0x${number.toString(16)}` : String(number),
          level: 9,
          value: BigInt(number),
        };
      }
      if (roll(6) === 0) {
        const of = grow(depth - 1);
        const text = of.level < 9 ? inside(of) : of.text;
        const sign = roll(2) === 0 ? '-' : '~';
        const value = of.value === undefined ? undefined : wrap(sign === '-' ? -of.value : ~of.value);
        return { text: `${sign}${blank()}${text}`, level: 8, value };
      }
      const sign = signs[roll(signs.length)] ?? '+';
      const [level, act] = naive[sign] ?? [0, () => undefined];
      const [left, right] = [grow(depth - 1), grow(depth - 1)];
      const a = left.level < level || roll(6) === 0 ? inside(left) : left.text;
      const b = right.level <= level || roll(6) === 0 ? inside(right) : right.text;
      const value =
        left.value === undefined || right.value === undefined ? undefined : act(left.value, right.value);
      return { text: `${a}${blank()}${sign}${blank()}${b}`, level, value };
    };
    let compared = 0;
    for (let round = 0; round < 4000; round++) {
      const { text, value } = grow(roll(5));
      if (value === undefined || text.length > 300) continue;
      compared++;
      expect(valueFor(text), `SEED=${seed}: ${text}`).toBe(value);
    }
    expect(compared).toBeGreaterThan(1000);
  });

  test('random texts are refused or give a value, never more', () => {
    const seed = runSeed();
    const roll = dice(seed);
    const pieces = [
      'i',
      'o',
      '1',
      '0x1',
      '(',
      ')',
      '+',
      '-',
      '*',
      '**',
      '/',
      '//',
      '%',
      '<<',
      '~',
      'sin',
      ' ',
      '.',
      'e',
    ];
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: roll(12) }, () => pieces[roll(pieces.length)]).join('');
      const value = valueFor(text);
      expect(['undefined', 'number', 'bigint'], `SEED=${seed}: ${text}`).toContain(typeof value);
      if (typeof value === 'bigint') expect(BigInt.asIntN(128, value)).toBe(value);
    }
  });
});
