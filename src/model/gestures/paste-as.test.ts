import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import type { CellChoice, CellName } from '../cells/choices.ts';
import { formOf } from '../cells/choices.ts';
import { endOf } from '../ranges.ts';
import { copyAs } from './copy-as.ts';
import { longestPasted, placePasted, type Reading, readingsOf } from './paste-as.ts';

const as = (name: CellName, order: CellChoice['order'] = 'little'): CellChoice => ({ name, order });
const hex8 = as('hex8');
const bytesOf = ({ parts }: Reading) => parts.map(({ runs }) => runs.flatMap(({ bytes }) => [...bytes]));
/** What a text is taken for: each form with its bytes, or those of each run. */
const taken = (text: string, cells: CellChoice = hex8, runs = 1) =>
  Object.fromEntries(
    readingsOf(text, cells, runs).map((one) => [one.form, runs === 1 ? bytesOf(one)[0] : bytesOf(one)]),
  );
const first = (text: string, cells: CellChoice = hex8) => {
  const [one] = readingsOf(text, cells, 1);
  return one && [one.form, one.cells?.name, ...(bytesOf(one)[0] ?? [])];
};
const ascii = (text: string) => [...Buffer.from(text)];

describe('[hex-7] what the clipboard is taken for', () => {
  test('hexadecimal, text and base64, each only where all of the text is it', () => {
    expect(taken('DE AD')).toEqual({ hex: [0xde, 0xad], text: ascii('DE AD'), base64: [0x0c, 0x40, 0x03] });
    expect(taken('de:ad-be')).toMatchObject({ hex: [0xde, 0xad, 0xbe] });
    expect(taken('A7 ?? 10')).toMatchObject({ hex: [0xa7, 0x10] });
    expect(taken('hello!')).toEqual({ text: ascii('hello!') });
    expect(first('3q2+7w==')).toEqual(['base64', undefined, 0xde, 0xad, 0xbe, 0xef]);
    // A short word is a word first.
    expect(readingsOf('test', hex8, 1).map(({ form }) => form)).toEqual(['text', 'base64']);
    expect(readingsOf('', hex8, 1)).toEqual([]);
    expect(readingsOf(' '.repeat(longestPasted + 1), hex8, 1)).toEqual([]);
  });

  test('lists of C, JSON and Python: of the type that they name, else of the cells, else of the first that holds all', () => {
    expect(first('const uint16_t a[2] = {0x0102, 3u};', as('float32'))).toEqual(['c', 'uint16', 2, 1, 3, 0]);
    expect(first('static const float x[] = { 1.0f, /* two */ -0.0f };')).toEqual([
      ...['c', 'float32', 0, 0, 0x80, 0x3f],
      ...[0, 0, 0, 0x80],
    ]);
    expect(first('{1, {2, 3}}')).toEqual(['c', 'hex8', 1, 2, 3]);
    expect(first('int8_t a[1] = {(-127 - 1)};')).toEqual(['c', 'int8', 0x80]);
    expect(first('[1, -2]', as('int16', 'big'))).toEqual(['json', 'int16', 0, 1, 0xff, 0xfe]);
    expect(first('[1000, 2]')).toEqual(['json', 'int32', 0xe8, 3, 0, 0, 2, 0, 0, 0]);
    expect(first('[1.5]')).toEqual(['json', 'float32', 0, 0, 0xc0, 0x3f]);
    expect(first('["18446744073709551615"]', as('uint64'))).toEqual([
      'json',
      'uint64',
      ...Array(8).fill(255),
    ]);
    expect(first('[1.5, float("-inf")]', as('bfloat16'))).toEqual([
      'python',
      'bfloat16',
      0xc0,
      0x3f,
      0x80,
      0xff,
    ]);
    expect(first('x = (1, 2)')).toEqual(['python', 'hex8', 1, 2]);
    expect(first('np.array([1., 2.], dtype=np.float32)')).toEqual([
      ...['python', 'float32', 0, 0, 0x80, 0x3f],
      ...[0, 0, 0, 0x40],
    ]);
    expect(first('array([1, 2], dtype=">i2")')).toEqual(['python', 'int16', 0, 1, 0, 2]);
    expect(first('bytes.fromhex("de ad")')).toEqual(['python', undefined, 0xde, 0xad]);
    expect(first('x = bytes.fromhex("de ad")\n')?.[0]).toBe('python');
    // All of the text or nothing.
    for (const text of [
      'bytes.fromhex("de ad") + b"x"',
      'a(bytes.fromhex("01"), bytes.fromhex("02"))',
      '# bytes.fromhex("01")',
    ])
      expect(Object.keys(taken(text)), text).toEqual(['text']);
    for (const text of ['bytes([1, 2])', 'bytearray([1, 2])'])
      expect(first(text, as('int32')), text).toEqual(['python', 'uint8', 1, 2]);
    expect(first('[1, 2, 3, 4]', as('cint16'))).toEqual(['json', 'cint16', 1, 0, 2, 0, 3, 0, 4, 0]);
    // What no type holds, what is no list of numbers, and half a value: only text.
    for (const text of [
      '[1e99]',
      '["a"]',
      '{"a": 1}',
      '[true]',
      'uint8_t a[] = {256};',
      'my_t a[] = {x};',
      '[1, 2',
    ])
      expect(Object.keys(taken(text)), text).toEqual(['text']);
    expect(first('[1, 2, 3]', as('cint16'))?.[1]).toBe('int32');
  });

  test('[hex-7] a type of C that stands before the values is taken, or none of them are', () => {
    for (const [text, name] of [
      ['bfloat16 w[] = {1, 2}', 'bfloat16'],
      ['alignas(32) static const std::int16_t w[2][1] = {{1}, {2}};', 'int16'],
      ['unsigned   long long x {1}', 'uint64'],
      ['float{1}', 'float32'],
      ['x = {1, 2}', 'hex8'],
      ['.taps[2] = {1, 2},'.slice(0, -1), 'hex8'],
      ['filter.taps = {1, 2};', 'hex8'],
    ] as const)
      expect(first(text)?.slice(0, 2), text).toEqual(['c', name]);
    for (const text of [
      'my_t w[] = {1, 2}',
      'std::array<int, 2> w = {1, 2};',
      'ns::taps_t w{1, 2}',
      'v4_t{1, 2}',
      '(short[]){1, 2}',
      'int *w[] = {1, 2}',
      'constructor w[] = {1, 2}',
    ])
      expect(Object.keys(taken(text)), text).toEqual(['text']);
  });

  test('hostile texts are read in time: each of them has what an expression could go through again and again', () => {
    const long = (part: string) => part.repeat(Math.floor(longestPasted / part.length));
    const started = performance.now();
    for (const text of [
      long('/*'),
      `[1]${long(' ').slice(9)}x`,
      long('] '),
      long('{}'),
      long('[('),
      `[${long('1').slice(9)}z]`,
      `{${long('1').slice(9)}z}`,
      `{1.${long('1').slice(9)}e}`,
      `{${long('}')}`.slice(1),
    ])
      expect(readingsOf(text, hex8, 1).length, text.slice(0, 10)).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('values of the shown cells; the same bytes are offered once', () => {
    expect(first('1.5 -2', as('float32'))).toEqual(['values', 'float32', 0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]);
    expect(first('DEADBEEF', as('hex32'))).toEqual(['values', 'hex32', 0xef, 0xbe, 0xad, 0xde]);
    expect(readingsOf('[1, 2]', hex8, 1).map(({ form }) => form)).toEqual(['json', 'text']);
  });

  test('as many lines as runs are a line for each, a last line break is none', () => {
    expect(taken('01 02\n03\n', hex8, 2)).toMatchObject({
      hex: [[1, 2], [3]],
      text: [ascii('01 02'), ascii('03')],
    });
    expect(taken('01 02\n03', hex8, 3)).toMatchObject({ hex: [[1, 2, 3]] });
    expect(taken('[1,\n2]', hex8, 2)).toMatchObject({ json: [[1, 2]] });
  });

  test('what was copied in a form is read back as the same bytes', () => {
    const seed = runSeed();
    const roll = dice(seed);
    const names = [
      'hex8',
      'hex32',
      'uint16',
      'int32',
      'int64',
      'float32',
      'float64',
      'cint16',
      'fix16.15',
    ] as const;
    for (let round = 0; round < 200; round++) {
      const name = names[roll(names.length)] ?? 'hex8';
      const { bytes: size = 1, kind = 'hex' } = formOf(name) ?? {};
      const choice = as(name, roll(2) === 0 ? 'little' : 'big');
      // A byte of 0 to 15: no NaN, whose payload lists of numbers do not say.
      const bytes = Uint8Array.from({ length: size * (1 + roll(20)) }, () => roll(16));
      const why = `SEED=${seed} round ${round} ${name} ${choice.order}`;
      // Python's bytes say no type; C has none for complex and fixed point, which are told as bytes.
      for (const form of ['c', 'json', 'python', 'numpy', 'base64'] as const) {
        const text = copyAs(form, bytes, choice);
        const cells = form === 'base64' ? hex8 : choice;
        const read = readingsOf(text, cells, 1).find(
          (one) => one.form === form || form === 'python' || form === 'numpy',
        );
        expect(read && bytesOf(read)[0], `${why} ${kind} ${form} ${text}`).toEqual([...bytes]);
      }
    }
  });
});

describe('[hex-7] where pasted bytes go', () => {
  const reading = (...parts: (readonly (readonly [number, readonly number[]])[])[]): Reading => ({
    form: 'hex',
    parts: parts.map((runs) => ({
      runs: runs.map(([at, bytes]) => ({ at, bytes: Uint8Array.from(bytes) })),
      length: Math.max(...runs.map(([at, bytes]) => at + bytes.length)),
    })),
  });
  const placed = (of: Reading, ranges: readonly (readonly [number, number])[], end: number) => {
    const { runs, left } = placePasted(
      of,
      ranges.map(([offset, length]) => ({ offset, length })),
      end,
    );
    return { runs: runs.map(({ offset, bytes }) => [offset, ...bytes]), left };
  };

  test('one run: from its beginning on, also beyond it, up to the end of what is shown', () => {
    expect(placed(reading([[0, [1, 2, 3, 4]]]), [[8, 2]], 11)).toEqual({ runs: [[8, 1, 2, 3]], left: 1 });
    expect(
      placed(
        reading([
          [0, [1]],
          [2, [3]],
        ]),
        [[8, 1]],
        64,
      ),
    ).toEqual({
      runs: [
        [8, 1],
        [10, 3],
      ],
      left: 0,
    });
  });

  test('several: each line into its run, or all through the runs', () => {
    const runs = [
      [8, 2],
      [16, 2],
    ] as const;
    expect(placed(reading([[0, [1, 2, 3]]], [[0, [4]]]), runs, 64)).toEqual({
      runs: [
        [8, 1, 2],
        [16, 4],
      ],
      left: 1,
    });
    expect(placed(reading([[0, [1, 2, 3, 4, 5]]]), runs, 64)).toEqual({
      runs: [
        [8, 1, 2],
        [16, 3, 4],
      ],
      left: 1,
    });
    expect(
      placed(
        reading([
          [0, [1]],
          [3, [4, 5]],
        ]),
        runs,
        64,
      ),
    ).toEqual({
      runs: [
        [8, 1],
        [17, 4],
      ],
      left: 1,
    });
  });

  test('random pastes agree with laying byte after byte', () => {
    const seed = runSeed();
    const roll = dice(seed);
    for (let round = 0; round < 300; round++) {
      const ranges: { offset: number; length: number }[] = [];
      for (let at = roll(5), left = 1 + roll(5); left > 0; left--) {
        ranges.push({ offset: at, length: 1 + roll(6) });
        at = endOf(ranges.at(-1)) + 1 + roll(4);
      }
      const runs: [number, number[]][] = [];
      for (let at = roll(3), left = 1 + roll(4); left > 0; left--) {
        const bytes = Array.from({ length: 1 + roll(6) }, () => roll(256));
        runs.push([at, bytes]);
        at += bytes.length + 1 + roll(3);
      }
      const end = 80;
      const slots =
        ranges.length === 1
          ? Array.from({ length: end - (ranges[0]?.offset ?? 0) }, (_, i) => (ranges[0]?.offset ?? 0) + i)
          : ranges.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));
      const naive = new Map<number, number>();
      let naiveLeft = 0;
      for (const [at, bytes] of runs) {
        for (const [i, byte] of bytes.entries()) {
          const slot = slots[at + i];
          if (slot === undefined) naiveLeft++;
          else naive.set(slot, byte);
        }
      }
      const result = placePasted(reading(runs), ranges, end);
      const found = result.runs.flatMap(({ offset, bytes }) =>
        [...bytes].map((byte, i) => [offset + i, byte]),
      );
      expect(found, `SEED=${seed} round ${round}`).toEqual([...naive]);
      expect(result.left, `SEED=${seed} round ${round}`).toBe(naiveLeft);
    }
  });
});
