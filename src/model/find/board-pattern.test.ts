import { describe, expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { stateBits } from '../byte-state.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import type { ByteRange } from '../geometry.ts';
import { boardPatternOf, lengthOf, overlapsItself, searchPattern } from './board-pattern.ts';
import type { IndexOf } from './byte-matcher.ts';
import { Finder } from './finder.ts';
import { type Pattern, patternOf } from './pattern.ts';
import type { FindQuery } from './query.ts';

const indexOf: IndexOf = (bytes, wanted, from) => Buffer.prototype.indexOf.call(bytes, wanted, from);

const query = (kind: FindQuery['kind'], text: string, more: Partial<FindQuery> = {}): FindQuery => ({
  kind,
  text,
  matchCase: false,
  cells: { name: 'float32', order: 'little' },
  align: 0,
  ...more,
});

function hits(bytes: Uint8Array, pattern: Pattern, bytesPerTile: number): string[] {
  const flags = new Uint8Array(bytes.length).fill(stateBits.known);
  const take = ({ offset, length }: ByteRange) => ({
    length,
    bytes: bytes.slice(offset, offset + length),
    flags: flags.slice(offset, offset + length),
  });
  const whole = { offset: 0, length: bytes.length };
  const finder = new Finder({ bytes: take, view: take }, pattern, [whole], bytesPerTile);
  while (!finder.isOver) finder.step(1 << 20);
  return Array.from({ length: finder.hits.count }, (_, i) => {
    const hit = finder.hits.at(i);
    return `${hit?.offset}+${hit?.length}`;
  });
}

/** Hits of the query as the page finds them; the same as a board does. */
function checked(bytes: Uint8Array, asked: FindQuery, bytesPerTile = 64): readonly string[] {
  const here = patternOf(asked, indexOf);
  const there = boardPatternOf(asked);
  if (here.kind === 'none' || there === undefined) throw new Error(`no pattern: ${asked.text}`);
  const found = hits(bytes, here, bytesPerTile);
  expect(hits(bytes, searchPattern(there, indexOf), bytesPerTile), JSON.stringify(asked)).toEqual(found);
  const length = lengthOf(there);
  if (length !== undefined) for (const hit of found) expect(hit.split('+')[1]).toBe(String(length));
  return found;
}

const names: readonly CellName[] = [
  ...([
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int24',
    'uint24',
    'int32',
    'uint32',
    'int56',
    'int64',
    'uint64',
  ] as const),
  ...([
    'float16',
    'bfloat16',
    'float32',
    'float64',
    'cint16',
    'cint32',
    'cfloat',
    'hex16',
    'bin8',
    'oct24',
  ] as const),
  ...(['fix16.15', 'ufix32.8', 'fix64.20', 'ufix64.0'] as const),
];

describe('patterns of a board', () => {
  const random = new Random(runSeed());
  const pick = <T>(among: readonly [T, ...T[]]): T => random.pick(among);

  test('bytes and texts', () => {
    const bytes = new TextEncoder().encode('A needle, a Needle and NEEDLES');
    expect(checked(bytes, query('text', 'needle'))).toHaveLength(3);
    expect(checked(bytes, query('text', 'Needle', { matchCase: true }))).toEqual(['12+6']);
    expect(checked(bytes, query('hex', '?e 65 65'))).toHaveLength(2);
  });

  test('[hex-6] expressions', () => {
    const bytes = new TextEncoder().encode('A needle, a Needle and needleeeees');
    expect(checked(bytes, query('expression', 'ne+dle*'))).toEqual(['2+6', '12+6', '23+10']);
    expect(checked(bytes, query('expression', 'Ne+dl', { matchCase: true }))).toEqual(['12+5']);
    expect(checked(bytes, query('expression', 'e{2}?|n'))).toHaveLength(9);
  });

  test('zeros, infinities and NaN, and ranges over them', () => {
    const bits = [0, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x3f800000, 0xbf800000, 1];
    const bytes = new Uint8Array(Uint32Array.from(bits).buffer);
    expect(checked(bytes, query('value', '0'))).toHaveLength(2);
    expect(checked(bytes, query('value', '-0'))).toHaveLength(2);
    expect(checked(bytes, query('value', 'NaN'))).toHaveLength(2);
    expect(checked(bytes, query('value', 'inf'))).toHaveLength(1);
    expect(checked(bytes, query('value', '-inf..inf'))).toHaveLength(7);
    expect(checked(bytes, query('value', '0..'))).toHaveLength(5);
    expect(checked(bytes, query('value', '..-0.5'))).toHaveLength(2);
    expect(checked(bytes, query('value', '1~2'))).toHaveLength(5);
    expect(checked(bytes, query('value', '1~Infinity'))).toHaveLength(5);
  });

  test.each(names)('values of %s, as the page finds them', (name) => {
    for (let round = 0; round < 40; round++) {
      const order = pick(['little', 'big'] as const);
      const cells = { name, order };
      const format = cellFormat(cells, true);
      const bytes = Uint8Array.from({ length: 256 }, () =>
        pick([0, 0, 0, 1, 0x7f, 0x80, 0xff, 0x3f, 0xbf, random.below(256)]),
      );
      const typed = (): string => {
        const at = random.below(Math.floor(bytes.length / format.bytes)) * format.bytes;
        return format.format(bytes, at);
      };
      const value = typed();
      const other = typed();
      const texts = [
        value,
        `${value} ${other}`,
        `${value}~${pick([0, 1, 3.5, 1e-3, 1e9])}`,
        `${value}..${other}`,
        `${other}..${value}`,
        `${value}..`,
        `..${value}`,
        'NaN',
      ];
      for (const text of texts) {
        const asked = query('value', text, { cells, align: pick([0, 1, 2, 4, 8]) });
        if (patternOf(asked, indexOf).kind !== 'none') checked(bytes, asked);
      }
    }
  });

  test('what a board cannot search for', () => {
    expect(boardPatternOf(query('expression', 'a*'))).toBeUndefined();
    expect(boardPatternOf(query('expression', 'a{900}b{900}'))).toBeUndefined();
    expect(boardPatternOf(query('hex', 'A'))).toBeUndefined();
    expect(
      boardPatternOf(query('value', '1', { cells: { name: 'bfp16ebs8', order: 'little' } })),
    ).toBeUndefined();
    expect(
      boardPatternOf(query('value', '1', { cells: { name: 'int128', order: 'little' } })),
    ).toBeUndefined();
    expect(boardPatternOf(query('text', 'ä'.repeat(2100)))).toBeUndefined();
    expect(boardPatternOf(query('value', '1 '.repeat(1100)))).toBeUndefined();
  });
});

test.each([
  ['AA', false],
  ['AA AA', true],
  ['A4 70', false],
  ['A4 ??', true],
  ['A4 70 A4', true],
  ['A4 70 ?? 45', false],
  ['4? A4', false],
])('two hits of %s can overlap: %s', (text, can) => {
  const pattern = boardPatternOf({
    kind: 'hex',
    text,
    matchCase: true,
    cells: { name: 'uint32', order: 'little' },
    align: 0,
  });
  expect(pattern && overlapsItself(pattern)).toBe(can);
});
