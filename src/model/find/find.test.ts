import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import { stateBits, unreadableState } from '../byte-state.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import type { ByteRange } from '../geometry.ts';
import { endOf } from '../ranges.ts';
import type { IndexOf } from './byte-matcher.ts';
import { Finder } from './finder.ts';
import { type Pattern, patternOf } from './pattern.ts';
import { alignments, type FindProblem, type FindQuery } from './query.ts';

const query = (kind: FindQuery['kind'], text: string, more: Partial<FindQuery> = {}): FindQuery => ({
  kind,
  text,
  matchCase: true,
  cells: { name: 'float32', order: 'little' },
  align: 0,
  ...more,
});

const indexOf: IndexOf = (bytes, wanted, from) => Buffer.from(bytes).indexOf(wanted, from);

function pattern(asked: FindQuery): Pattern {
  const read = patternOf(asked, indexOf);
  if (read.kind === 'none') throw new Error(`${asked.text}: ${JSON.stringify(read.problem)}`);
  return read;
}

function problem(asked: FindQuery): FindProblem | undefined {
  const read = patternOf(asked, indexOf);
  return read.kind === 'none' ? read.problem : undefined;
}

/** Bytes that are all known, unless flags are given. */
interface Memory {
  readonly bytes: Uint8Array;
  readonly flags?: Uint8Array;
  readonly bytesPerTile?: number;
}

/** Views end where multiples of `page` begin; one in which all or none has a value is given without states. */
function sourceOf(bytes: Uint8Array, states: Uint8Array, page = 100) {
  const copy = ({ offset, length }: ByteRange) => {
    if (length < 1 || offset + length > bytes.length) throw new Error('more bytes than there are');
    return { bytes: bytes.slice(offset, offset + length), flags: states.slice(offset, offset + length) };
  };
  return {
    bytes: copy,
    view: ({ offset, length: most }: ByteRange) => {
      const length = Math.min(most, page - (offset % page));
      const { bytes: some, flags } = copy({ offset, length });
      if (flags.every((flag) => flag === 0)) return { length };
      return flags.every((flag) => flag === stateBits.known)
        ? { length, bytes: some }
        : { length, bytes: some, flags };
    },
  };
}

/** All hits as `offset+length`, found with `work` at a time. */
function found(
  { bytes, flags, bytesPerTile = 1 << 20 }: Memory,
  asked: FindQuery,
  ranges?: readonly ByteRange[],
  work = 1 << 20,
): string[] {
  const states = flags ?? new Uint8Array(bytes.length).fill(stateBits.known);
  const source = sourceOf(bytes, states);
  const finder = new Finder(
    source,
    pattern(asked),
    ranges ?? [{ offset: 0, length: bytes.length }],
    bytesPerTile,
  );
  let steps = 0;
  while (!finder.isOver) {
    finder.step(work);
    if (++steps > 1_000_000) throw new Error('the search does not end');
  }
  expect(finder.done).toBe(finder.total);
  return Array.from({ length: finder.hits.count }, (_, i) => {
    const hit = finder.hits.at(i);
    return `${hit?.offset}+${hit?.length}`;
  });
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('patterns', () => {
  test('[hex-6] hexadecimal bytes, as dumps and source code have them', () => {
    const bytes = Uint8Array.of(0, 0xa4, 0x70, 0x45, 0x41, 0xa4, 0x71, 0x45, 0x41);
    for (const typed of [
      'a4704541',
      'A4 70 45 41',
      '0xA4, 0x70, 0x45, 0x41',
      String.raw`\xa4\x70\x45\x41`,
      'a4:70:45:41',
    ]) {
      expect(found({ bytes }, query('hex', typed)), typed).toEqual(['1+4']);
    }
    expect(found({ bytes }, query('hex', 'A4 ?? 45'))).toEqual(['1+3', '5+3']);
    expect(found({ bytes }, query('hex', '7? 4?'))).toEqual(['2+2', '6+2']);
    expect(found({ bytes }, query('hex', '??'))).toHaveLength(9);
    expect(found({ bytes }, query('hex', '?? ?? 41'))).toEqual(['2+3', '6+3']);
  });

  test('what is no pattern says where', () => {
    expect(problem(query('hex', ''))).toEqual({ kind: 'empty' });
    expect(problem(query('hex', '0x'))).toEqual({ kind: 'no-digit', at: 1 });
    expect(problem(query('hex', 'A4 7'))).toEqual({ kind: 'half-byte', at: 3 });
    expect(problem(query('hex', 'A4 7 45'))).toEqual({ kind: 'half-byte', at: 3 });
    expect(problem(query('hex', 'A4 7g'))).toEqual({ kind: 'no-digit', at: 4 });
    expect(problem(query('hex', 'A'.repeat(5000)))).toEqual({ kind: 'too-long' });
    expect(problem(query('text', ''))).toEqual({ kind: 'empty' });
    expect(problem(query('value', '  '))).toEqual({ kind: 'empty' });
    expect(problem(query('value', '1 2x'))).toMatchObject({
      kind: 'no-value',
      value: '2x',
      refusal: { kind: 'unclear' },
    });
    expect(problem(query('value', '1e99'))).toMatchObject({ kind: 'no-value', refusal: { kind: 'outside' } });
    expect(problem(query('value', '2..1'))).toEqual({ kind: 'empty-range', value: '2..1' });
    expect(problem(query('value', 'NaN..1'))).toEqual({ kind: 'empty-range', value: 'NaN..1' });
    expect(problem(query('value', '..'))).toEqual({ kind: 'empty-range', value: '..' });
    for (const typed of ['1~', '1~x', '1~-1', '1~2~3']) {
      expect(problem(query('value', typed)), typed).toEqual({ kind: 'no-tolerance', value: typed });
    }
    const wrong: Readonly<Record<string, FindProblem>> = {
      '': { kind: 'empty' },
      'a)': { kind: 'unpaired', at: 1 },
      'b(a': { kind: 'unpaired', at: 1 },
      'b[a': { kind: 'unpaired', at: 1 },
      'a]': { kind: 'unpaired', at: 1 },
      '*a': { kind: 'nothing-repeated', at: 0 },
      'a**': { kind: 'nothing-repeated', at: 2 },
      '[z-a]': { kind: 'unclear', at: 1 },
      [String.raw`a\q`]: { kind: 'unclear', at: 1 },
      [String.raw`a\07`]: { kind: 'unclear', at: 1 },
      [String.raw`a[\01]`]: { kind: 'unclear', at: 2 },
      'a{2,1}': { kind: 'unclear', at: 1 },
      '[ä]': { kind: 'unclear', at: 1 },
      '^a': { kind: 'unsupported', at: 0 },
      [String.raw`(a)\1`]: { kind: 'unsupported', at: 3 },
      '(?=a)': { kind: 'unsupported', at: 0 },
      'a*': { kind: 'fits-nothing' },
      'a|': { kind: 'fits-nothing' },
      'a{2000}': { kind: 'too-large' },
      '(a{1000}){1000}': { kind: 'too-large' },
      // Groups that fit no bytes add nothing to an expression, but each copy has to be gone through.
      '((((((){1000}){1000}){1000}){1000}){1000})x': { kind: 'too-large' },
      '(((()()(a{0}){1000}){1000}){1000})x': { kind: 'too-large' },
      [`${'('.repeat(200)}a${')'.repeat(200)}`]: { kind: 'too-large' },
    };
    for (const [typed, expected] of Object.entries(wrong)) {
      expect(problem(query('expression', typed)), typed).toEqual(expected);
    }
  });

  test('[hex-6] text in UTF-8, in both cases of A to Z or one', () => {
    const bytes = text('Größe größe GRÖSSE');
    expect(found({ bytes }, query('text', 'größe'))).toEqual(['8+7']);
    expect(found({ bytes }, query('text', 'größe', { matchCase: false }))).toEqual(['0+7', '8+7']);
    expect(found({ bytes: text('{[`@') }, query('text', '[{', { matchCase: false }))).toEqual([]);
  });

  test('[hex-6] values: rounded as if typed into a cell, with tolerance, in ranges, NaN', () => {
    const format = cellFormat({ name: 'float32', order: 'little' }, true);
    const values = ['12.34', '1', '1.5', '2', '2.5', 'NaN', 'NaN:ffc00001', '-0', 'inf', '-inf'];
    const bytes = new Uint8Array(values.length * 4);
    for (const [i, value] of values.entries()) bytes.set(format.parse(value) as Uint8Array, 4 * i);
    const at = (typed: string, more?: Partial<FindQuery>) =>
      found({ bytes }, query('value', typed, more)).map((hit) => Number.parseInt(hit, 10) / 4);
    expect(at('12.34')).toEqual([0]);
    expect(at('12.3~0.05')).toEqual([0]);
    expect(at('12.3')).toEqual([]);
    expect(at('1.0..2.0')).toEqual([1, 2, 3]);
    expect(at('2..')).toEqual([0, 3, 4, 8]);
    expect(at('..-1')).toEqual([9]);
    expect(at('nan')).toEqual([5, 6]);
    expect(at('0')).toEqual([7]);
    expect(at('1, 1.5 2')).toEqual([1]);
    expect(at('1.0..2 2..3')).toEqual([2]);
    expect(at('inf')).toEqual([8]);
  });

  test('[hex-6] values count from the first byte of their tile, and do not leave it', () => {
    const bytes = new Uint8Array(40);
    for (const place of [2, 12, 18]) bytes[place] = 7;
    const asked = (align: number) =>
      query('value', '7', { cells: { name: 'uint32', order: 'little' }, align });
    // Tiles of 10 bytes: the last value of a tile begins at its byte 4.
    expect(found({ bytes, bytesPerTile: 10 }, asked(0))).toEqual([]);
    expect(found({ bytes, bytesPerTile: 10 }, asked(2))).toEqual(['2+4', '12+4']);
    expect(found({ bytes, bytesPerTile: 20 }, asked(0))).toEqual(['12+4']);
    expect(found({ bytes, bytesPerTile: 20 }, asked(1))).toEqual(['2+4', '12+4']);
    const pair = query('value', '0 7', { cells: { name: 'uint32', order: 'big' }, align: 1 });
    expect(found({ bytes, bytesPerTile: 40 }, pair)).toEqual(['5+8']);
  });

  test('integers of 64 bits and complex numbers are compared exactly', () => {
    const big = (name: CellName, typed: string, other: string): number => {
      const format = cellFormat({ name, order: 'big' }, true);
      const bytes = new Uint8Array(format.bytes * 2);
      bytes.set(format.parse(other) as Uint8Array);
      bytes.set(format.parse(typed) as Uint8Array, format.bytes);
      const hits = found({ bytes }, query('value', typed, { cells: { name, order: 'big' } }));
      expect(hits).toHaveLength(1);
      return Number.parseInt(hits[0] ?? '', 10) / format.bytes;
    };
    expect(big('uint64', '18446744073709551615', '18446744073709551614')).toBe(1);
    expect(big('cint16', '3-4j', '3+4j')).toBe(1);
    expect(big('hex32', 'deadbeef', 'deadbeee')).toBe(1);
  });

  test('[hex-6] expressions: what JavaScript finds, preferring the same hits', () => {
    const bytes = text('aab abb xyz\n0x7F 12.5 foo(bar) "quoted \\" text"');
    for (const typed of [
      'a+b',
      'a+?',
      'a|ab',
      'ab|a',
      '[^ ]+',
      String.raw`\d+(\.\d+)?`,
      '.{3}',
      '.{2,5}?b',
      '(?:x|y)+z',
      String.raw`"(?:[^"\\]|\\.)*"`,
      String.raw`0x[\dA-F]+`,
      String.raw`\w+\(`,
      String.raw`[\s\S]{7}`,
    ]) {
      expect(found({ bytes }, query('expression', typed)), typed).toEqual(byJavaScript(bytes, typed));
    }
    expect(found({ bytes: text('Ab aB') }, query('expression', '[a-b]+', { matchCase: false }))).toEqual([
      '0+2',
      '3+2',
    ]);
    expect(found({ bytes: text('abab') }, query('expression', '(){1000}((((ab)))){2}(){0}'))).toEqual([
      '0+4',
    ]);
    expect(found({ bytes: text('ää') }, query('expression', 'ä+'))).toEqual(['0+4']);
    expect(found({ bytes: text('ääa') }, query('expression', '(ä)+a'))).toEqual(['0+5']);
    expect(
      found({ bytes: Uint8Array.of(0, 0xa4, 0xa4, 10) }, query('expression', String.raw`\xA4+.`)),
    ).toEqual(['1+3']);
  });

  test('an expression that others take for ever for takes no longer than its bytes', () => {
    const bytes = new Uint8Array(1 << 20).fill(0x61);
    expect(found({ bytes }, query('expression', '(a|a|aa)+b'))).toEqual([]);
    expect(found({ bytes }, query('expression', '(a*)*b'))).toEqual([]);
    expect(found({ bytes }, query('expression', '.*a.{12}b'))).toEqual([]);
    expect(found({ bytes }, query('expression', 'a+'))).toEqual([`0+${1 << 20}`]);
  });
});

/** What `RegExp` finds in the bytes, one character each. */
function byJavaScript(bytes: Uint8Array, typed: string, from = 0, flags = 'gs'): string[] {
  const characters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return [...characters.matchAll(new RegExp(typed, flags))].map(
    (match) => `${from + (match.index ?? 0)}+${match[0].length}`,
  );
}

function float32(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function float16(bits: number): number {
  const fraction = bits & 0x3ff;
  const exponent = (bits >> 10) & 0x1f;
  const sign = bits >= 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** Looks at each place for itself. */
function naive(
  { bytes, flags }: Required<Pick<Memory, 'bytes' | 'flags'>>,
  range: ByteRange,
  fits: (at: number) => boolean,
  length: number,
  canBegin: (at: number) => boolean,
): string[] {
  const hits: string[] = [];
  for (let at = range.offset; at + length <= endOf(range); at++) {
    const isThere = flags
      .subarray(at, at + length)
      .every((flag) => (flag & (stateBits.known | stateBits.staged)) !== 0);
    if (!canBegin(at) || !isThere || !fits(at)) continue;
    hits.push(`${at}+${length}`);
    at += length - 1;
  }
  return bytes.length === 0 ? [] : hits;
}

describe('random memories', () => {
  const seed = runSeed();
  const random = dice(seed);
  /** Memories of two pieces and a bit of few different bytes, some of which were not read. */
  const memory = (): Required<Memory> => {
    const length = random(12) === 0 ? 140_000 + random(1000) : 200 + random(2000);
    const kinds = 1 + random(4);
    const bytes = Uint8Array.from({ length }, () => random(kinds));
    const flags = new Uint8Array(length).fill(stateBits.known);
    for (let holes = random(4); holes > 0; holes--) {
      const start = random(length);
      const state =
        [0, unreadableState('gated'), stateBits.staged, stateBits.known | stateBits.stale][random(4)] ?? 0;
      flags.fill(state, start, start + 1 + random(200));
    }
    return { bytes, flags, bytesPerTile: 1 + random(length) };
  };
  const someRange = (length: number): ByteRange => {
    if (random(2) === 0) return { offset: 0, length };
    const offset = random(length);
    return { offset, length: 1 + random(length - offset) };
  };
  /** With little work at a time a large memory would be copied over and over. */
  const someWork = (length: number) =>
    [1 << 20, 10_000, 100, 1][random(length > 100_000 ? 2 : length > 5000 ? 3 : 4)] ?? 1;

  test(`[hex-6] bytes with masks, wherever pieces, tiles and unread bytes lie (seed ${seed})`, () => {
    for (let round = 0; round < 100; round++) {
      const one = memory();
      const range = someRange(one.bytes.length);
      const length = 1 + random(6);
      const masks = Uint8Array.from({ length }, () => [0xff, 0xff, 0xff, 0, 0xf0][random(5)] ?? 0xff);
      const from = random(one.bytes.length - length);
      const values = one.bytes.slice(from, from + length).map((byte, i) => byte & (masks[i] ?? 0));
      const digits = (value: number, mask: number) =>
        [4, 0]
          .map((shift) => (((mask >> shift) & 15) === 0 ? '?' : ((value >> shift) & 15).toString(16)))
          .join('');
      const typed = Array.from(values, (value, i) => digits(value, masks[i] ?? 0)).join(' ');
      const fits = (at: number) =>
        values.every((value, i) => ((one.bytes[at + i] ?? 0) & (masks[i] ?? 0)) === value);
      const expected = naive(one, range, fits, length, () => true);
      expect(
        found(one, query('hex', typed), [range], someWork(one.bytes.length)),
        `round ${round}: ${typed}`,
      ).toEqual(expected);
    }
  });

  test(`[hex-6] values at their places (seed ${seed})`, () => {
    const names: readonly CellName[] = [
      'uint8',
      'int16',
      'uint24',
      'int32',
      'float16',
      'float32',
      'uint64',
      'cint16',
    ];
    for (let round = 0; round < 60; round++) {
      const one = memory();
      const range = someRange(one.bytes.length);
      const name = names[random(names.length)] ?? 'uint8';
      const cells = { name, order: random(2) === 0 ? 'little' : 'big' } as const;
      const format = cellFormat(cells, true);
      if (one.bytes.length <= format.bytes) continue;
      const align = [0, 1, 2, 4][random(4)] ?? 0;
      const typed = format.format(one.bytes, random(one.bytes.length - format.bytes));
      const step = align === 0 ? format.bytes : align;
      const tile = one.bytesPerTile;
      const canBegin = (at: number) => (at % tile) % step === 0 && (at % tile) + format.bytes <= tile;
      const fits = (at: number) => format.format(one.bytes, at) === typed;
      const expected = naive(one, range, fits, format.bytes, canBegin);
      const hits = found(one, query('value', typed, { cells, align }), [range], someWork(one.bytes.length));
      expect(hits, `round ${round}: ${name} ${typed} at ${align} in tiles of ${tile}`).toEqual(expected);
    }
  });

  test(`[hex-6] expressions find what JavaScript finds between unread bytes (seed ${seed})`, () => {
    /** A random expression that does not fit nothing. */
    const expression = (depth: number): string => {
      const byte = () => String.raw`\x0${random(4)}`;
      const atom = (): string => {
        const kind = random(depth > 0 ? 6 : 4);
        if (kind < 2) return byte();
        if (kind === 2) return `[${random(2) === 0 ? '^' : ''}${byte()}${byte()}]`;
        if (kind === 3) return '.';
        return `(?:${expression(depth - 1)}${random(2) === 0 ? `|${expression(depth - 1)}` : ''})`;
      };
      const repeat = () => ['', '', '', '+', '+?', '{2}', '{1,3}', '{1,3}?'][random(8)] ?? '';
      const optional = () =>
        random(4) === 0 ? `${atom()}${['*', '?', '*?', '??', '{0,2}'][random(5)] ?? ''}` : '';
      return Array.from(
        { length: 1 + random(3) },
        () => `${optional()}${atom()}${repeat()}${optional()}`,
      ).join('');
    };
    for (let round = 0; round < 40; round++) {
      const length = 9000;
      const bytes = Uint8Array.from({ length }, () => random(4));
      const flags = new Uint8Array(length).fill(stateBits.known);
      // JavaScript takes for ever where there is much to try.
      for (let at = 0; at < length; at += 1 + random(14)) flags[at] = 0;
      const range = someRange(length);
      const typed = expression(2);
      const expected: string[] = [];
      for (let from = range.offset; from < endOf(range); ) {
        let to = from;
        while (to < endOf(range) && flags[to] !== 0) to++;
        expected.push(...byJavaScript(bytes.subarray(from, to), typed, from));
        from = to + 1;
      }
      const hits = found({ bytes, flags }, query('expression', typed), [range], someWork(length));
      expect(hits, `round ${round}: ${typed}`).toEqual(expected);
    }
  });

  test(`[hex-6] expressions of any form find what RegExp finds, those that may be empty within others, too (seed ${seed})`, () => {
    const one = (of: readonly string[]): string => of[random(of.length)] ?? '';
    const atoms = ['a', 'b', 'c', '.', '[ab]', '[^a]', '[a-c]', '[^]', '[]', '[a-]'];
    const escapes = [String.raw`\w`, String.raw`\d`, String.raw`\W`, String.raw`\x61`, String.raw`[\d-]`];
    const repeats = ['', '', '', '*', '+', '?', '*?', '+?', '??', '{2}', '{0,2}', '{1,3}?', '{0}', '{2,}'];
    const part = (depth: number): string =>
      depth > 0 && random(2) === 0
        ? `${one(['(', '(?:'])}${expression(depth - 1)})`
        : one([...atoms, ...escapes, String.raw`\xFF`, String.raw`[\x80-\xff]`]);
    const sequence = (depth: number): string =>
      Array.from({ length: random(4) }, () => part(depth) + one(repeats)).join('');
    const expression = (depth: number): string =>
      Array.from({ length: random(3) === 0 ? 1 + random(3) : 1 }, () => sequence(depth)).join('|');
    let hits = 0;
    for (let round = 0; round < 1500; round++) {
      const typed = expression(2);
      const matchCase = random(4) > 0;
      const letters = [0x61, 0x62, 0x63, 0x41, 0x31, 0x2d, 0xff, 0x0a, 0].slice(0, 3 + random(7));
      const bytes = Uint8Array.from({ length: 1 + random(7) }, () => letters[random(letters.length)] ?? 0);
      const asked = query('expression', typed, { matchCase });
      const kind = problem(asked)?.kind;
      if (kind === undefined) {
        const expected = byJavaScript(bytes, typed, 0, matchCase ? 'gs' : 'gsi');
        expect(found({ bytes }, asked), `round ${round}: ${typed} in ${bytes.join()}`).toEqual(expected);
        hits += expected.length;
      } else expect(['fits-nothing', 'empty'], `${typed}: ${kind}`).toContain(kind);
    }
    expect(hits).toBeGreaterThan(300);
  });

  test(`[hex-6] ranges and tolerances of each type, at any alignment, as DataView reads the numbers (seed ${seed})`, () => {
    type Read = (view: DataView, at: number, isLittle: boolean) => number | bigint;
    const types: readonly (readonly [CellName, number, Read])[] = [
      ['int8', 1, (view, at) => view.getInt8(at)],
      ['uint8', 1, (view, at) => view.getUint8(at)],
      ['int16', 2, (view, at, isLittle) => view.getInt16(at, isLittle)],
      ['uint16', 2, (view, at, isLittle) => view.getUint16(at, isLittle)],
      ['int32', 4, (view, at, isLittle) => view.getInt32(at, isLittle)],
      ['uint32', 4, (view, at, isLittle) => view.getUint32(at, isLittle)],
      ['int64', 8, (view, at, isLittle) => view.getBigInt64(at, isLittle)],
      ['uint64', 8, (view, at, isLittle) => view.getBigUint64(at, isLittle)],
      ['float16', 2, (view, at, isLittle) => float16(view.getUint16(at, isLittle))],
      ['bfloat16', 2, (view, at, isLittle) => float32(view.getUint16(at, isLittle) * 65_536)],
      ['float32', 4, (view, at, isLittle) => view.getFloat32(at, isLittle)],
      ['float64', 8, (view, at, isLittle) => view.getFloat64(at, isLittle)],
    ];
    let hits = 0;
    for (let round = 0; round < 300; round++) {
      const [name, size, read] = types[round % types.length] ?? types[0] ?? ['int8', 1, () => 0];
      const isLittle = random(2) === 0;
      const bytesPerTile = 64 * (1 + random(3));
      const bytes = new Uint8Array(300);
      const kinds = random(2) === 0 ? 256 : 3;
      for (let at = 0; at < bytes.length; at++) bytes[at] = random(kinds);
      const view = new DataView(bytes.buffer);
      const numberAt = () => read(view, random(bytes.length - size), isLittle);
      const isNumber = (value: number | bigint) => typeof value === 'bigint' || Number.isFinite(value);
      const ends = [numberAt(), numberAt()].filter(isNumber).sort((a, b) => (a < b ? -1 : 1));
      const [least, most] = ends;
      if (least === undefined || most === undefined) continue;
      const form = random(4);
      const by = Math.abs(Number(most)) / 4;
      const isApart = (value: number | bigint): boolean =>
        typeof value === 'bigint'
          ? Number(value > BigInt(least) ? value - BigInt(least) : BigInt(least) - value) > by
          : !(Math.abs(value - Number(least)) <= by);
      const forms: readonly (readonly [string, (value: number | bigint) => boolean])[] = [
        [`${least}..${most}`, (value) => value >= least && value <= most],
        [`..${most}`, (value) => value <= most],
        [`${least}..`, (value) => value >= least],
        [`${least}~${by}`, (value) => !isApart(value)],
      ];
      const [typed, fits] = forms[form] ?? ['', () => false];
      const align = alignments[random(alignments.length)] ?? 0;
      const step = align === 0 ? size : align;
      const expected: string[] = [];
      for (let at = 0, free = 0; at + size <= bytes.length; at++) {
        const inTile = at % bytesPerTile;
        const mayBegin = at >= free && inTile % step === 0 && inTile + size <= bytesPerTile;
        if (!mayBegin || !fits(read(view, at, isLittle))) continue;
        expected.push(`${at}+${size}`);
        free = at + size;
      }
      const cells = { name, order: isLittle ? 'little' : 'big' } as const;
      expect(
        found({ bytes, bytesPerTile }, query('value', typed, { cells, align })),
        `round ${round}: ${name} ${typed} at ${align}`,
      ).toEqual(expected);
      hits += expected.length;
    }
    expect(hits).toBeGreaterThan(1000);
  });
});

test('several ranges are searched one after the other; a hit ends where its range ends', () => {
  const bytes = new Uint8Array(100).fill(1);
  const ranges = [
    { offset: 90, length: 10 },
    { offset: 0, length: 5 },
  ];
  expect(found({ bytes }, query('hex', '01 01'), ranges)).toEqual([
    '0+2',
    '2+2',
    '90+2',
    '92+2',
    '94+2',
    '96+2',
    '98+2',
  ]);
  expect(found({ bytes }, query('expression', String.raw`\x01+`), ranges)).toEqual(['0+5', '90+10']);
});

test('[hex-6] hits lie across the borders of the pieces in which a memory is searched', () => {
  const bytes = new Uint8Array(200_000);
  // Views end at multiples of 100, values are looked at in 64 KiB, expressions in 8 KiB.
  for (const border of [100, 8192, 65_536]) bytes.set([7, 8, 9, 10], border - 2);
  const expected = ['98+4', '8190+4', '65534+4'];
  const cells = { name: 'uint32', order: 'big' } as const;
  expect(found({ bytes }, query('hex', '07 08 09 0A'))).toEqual(expected);
  expect(found({ bytes }, query('value', '0x0708090A', { cells, align: 1 }))).toEqual(expected);
  expect(found({ bytes }, query('expression', String.raw`\x07.{2}\x0A`))).toEqual(expected);
});

test('what has no value is counted', () => {
  const bytes = new Uint8Array(200_000);
  const flags = new Uint8Array(bytes.length).fill(stateBits.known);
  flags.fill(0, 1000, 1500);
  flags.fill(unreadableState('gated'), 150_000, 150_100);
  for (const asked of [query('hex', '01'), query('expression', String.raw`\x01`), query('value', '1')]) {
    const finder = new Finder(
      sourceOf(bytes, flags, 4096),
      pattern(asked),
      [{ offset: 0, length: bytes.length }],
      1 << 15,
    );
    while (!finder.isOver) finder.step(5000);
    expect(finder.unseen).toBe(600);
  }
});

describe('one step of a search is short, whatever is looked for', () => {
  const searched = (bytes: Uint8Array, asked: FindQuery, steps: number): Finder => {
    const flags = new Uint8Array(bytes.length).fill(stateBits.known);
    const all = { offset: 0, length: bytes.length };
    const finder = new Finder(sourceOf(bytes, flags, 4096), pattern(asked), [all], 1 << 20);
    for (let i = 0; i < steps && !finder.isOver; i++) finder.step(1 << 16);
    return finder;
  };
  const zeros = new Uint8Array(1 << 18);
  const random = dice(runSeed());
  const noise = Uint8Array.from({ length: 1 << 18 }, () => random(2));

  test.each([
    ['a new state at nearly each byte', query('expression', String.raw`\x00.{1000}\x02`), noise],
    ['values that differ late', query('value', `${'0 '.repeat(2000)}3`), zeros],
    ['masks that differ late', query('hex', `${'?0 '.repeat(1000)}?1`), zeros],
  ])('%s', (_, asked, bytes) => {
    // Of a quarter of a MiB a step looks at a small part only.
    const finder = searched(bytes, asked, 5);
    expect(finder.done).toBeGreaterThan(0);
    expect(finder.done).toBeLessThan(bytes.length / 16);
  });

  test('it goes back to the beginning of a long hit in parts', () => {
    const bytes = new Uint8Array(1 << 18).fill(0x61);
    const finder = searched(bytes, query('expression', 'a+'), 0);
    while (finder.done < finder.total) finder.step(1 << 16);
    expect(finder.isOver).toBe(false);
    while (!finder.isOver) finder.step(1 << 16);
    expect(finder.hits.at(0)).toEqual({ offset: 0, length: bytes.length });
  });

  test('an expression that would look at all that follows for each hit is given up', () => {
    const bytes = new Uint8Array(1 << 18).fill(0x61);
    const finder = searched(bytes, query('expression', 'a(.*b)?'), 1_000_000);
    expect(finder.isGivenUp).toBe(true);
    expect(finder.hits.count).toBeGreaterThan(0);
    expect(finder.hits.count).toBeLessThan(1000);
  });
});
