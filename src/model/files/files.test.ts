import { describe, expect, test } from 'vitest';
import { dice, Random, runSeed } from '../../../test/conformance/random.ts';
import { fuzzFiles } from '../../../test/long/fuzz-files.ts';
import { cellFormat } from '../cells/cell-format.ts';
import type { CellName } from '../cells/choices.ts';
import { elementType, numberBytes } from '../compare/element.ts';
import { FileError } from './file-error.ts';
import { bytesOf } from './file-numbers.ts';
import { areWhole, readGoldenFile } from './golden-file.ts';
import { readNpy } from './npy.ts';
import { readNumberText } from './number-text.ts';

const viewOf = (bytes: Uint8Array) => numberBytes(bytes).view;

/** What a call throws, as code and facts. */
function fault(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    if (error instanceof FileError) return [error.code, error.facts];
    throw error;
  }
  return undefined;
}

interface Npy {
  readonly descr?: string;
  readonly fortran?: boolean;
  readonly shape?: string;
  readonly version?: number;
  readonly header?: string;
  readonly data?: Uint8Array;
}

/** A NumPy file as the format's description has it. */
function npy({
  descr = '<i2',
  fortran = false,
  shape = '(2,)',
  version = 1,
  header,
  data = new Uint8Array(4),
}: Npy): Uint8Array {
  const dictionary =
    header ?? `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const begin = version === 1 ? 10 : 12;
  const text = `${dictionary.padEnd(Math.ceil((dictionary.length + begin + 1) / 64) * 64 - begin - 1)}\n`;
  const bytes = new Uint8Array(begin + text.length + data.length);
  bytes.set([0x93, ...Buffer.from('NUMPY'), version, 0]);
  if (version === 1) viewOf(bytes).setUint16(8, text.length, true);
  else viewOf(bytes).setUint32(8, text.length, true);
  bytes.set(Buffer.from(text), begin);
  bytes.set(data, begin + text.length);
  return bytes;
}

describe('NumPy files', () => {
  const bytesFrom = (values: ArrayBufferView) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

  test('every type of numbers, in both orders of bytes', () => {
    const types: readonly (readonly [
      string,
      string,
      number[],
      (view: DataView, at: number, value: number, little: boolean) => void,
    ])[] = [
      ['i1', 'int8', [-128, 127], (view, at, value) => view.setInt8(at, value)],
      ['u1', 'uint8', [0, 255], (view, at, value) => view.setUint8(at, value)],
      ['i2', 'int16', [-3, 3000], (view, at, value, little) => view.setInt16(at, value, little)],
      ['u2', 'uint16', [1, 65535], (view, at, value, little) => view.setUint16(at, value, little)],
      ['i4', 'int32', [-70000, 5], (view, at, value, little) => view.setInt32(at, value, little)],
      ['u4', 'uint32', [4e9, 5], (view, at, value, little) => view.setUint32(at, value, little)],
      [
        'f4',
        'float32',
        [0.5, -1e30],
        (view, at, value, little) => view.setFloat32(at, Math.fround(value), little),
      ],
      ['f8', 'float64', [0.1, 1e300], (view, at, value, little) => view.setFloat64(at, value, little)],
    ];
    for (const [code, name, values, write] of types) {
      for (const order of ['<', '>', '|', '=']) {
        const size = Number(code.slice(1));
        const data = new Uint8Array(2 * size);
        for (const [i, value] of values.entries()) write(viewOf(data), i * size, value, order !== '>');
        const read = readNpy(npy({ descr: order + code, data }));
        const expected = code === 'f4' ? values.map(Math.fround) : values;
        expect([read.name, read.shape, Array.from(read.values as ArrayLike<number>)]).toEqual([
          name,
          [2],
          expected,
        ]);
      }
    }
    const wide = readNpy(npy({ descr: '<i8', data: bytesFrom(BigInt64Array.of(-1n, 2n ** 62n + 1n)) }));
    expect(wide.values).toEqual([-1n, 2n ** 62n + 1n]);
    const halves = readNpy(npy({ descr: '<f2', data: Uint8Array.of(0, 0x3c, 0, 0xc0) }));
    expect([halves.name, ...(halves.values as Float64Array)]).toEqual(['float16', 1, -2]);
  });

  test('complex values are two numbers each', () => {
    const read = readNpy(npy({ descr: '<c8', data: bytesFrom(Float32Array.of(1, -2, 3, 0.5)) }));
    expect([read.name, ...(read.values as Float64Array)]).toEqual(['cfloat', 1, -2, 3, 0.5]);
    const wide = readNpy(npy({ descr: '<c16', shape: '(1, 1)', data: bytesFrom(Float64Array.of(1, -2)) }));
    expect([wide.name, ...(wide.values as Float64Array)]).toEqual(['cfloat', 1, -2]);
  });

  test('records of one type are their numbers one after the other; two bytes of no type are bfloat16', () => {
    const record = (fields: string, data: Uint8Array) => {
      const read = readNpy(
        npy({ header: `{'descr': [${fields}], 'fortran_order': False, 'shape': (2,)}`, data }),
      );
      return [read.name, ...(read.values as Float64Array)];
    };
    const shorts = bytesFrom(Int16Array.of(1, -2, 3, 4));
    expect(record(`('re', '<i2'), ('im', '<i2')`, shorts)).toEqual(['cint16', 1, -2, 3, 4]);
    expect(record(`('only', '<i2'),`, shorts)).toEqual(['int16', 1, -2]);
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    expect(record(`("r", "|u1"), ("g", "|u1"), ("b", "|u1")`, bytes)).toEqual(['uint8', 1, 2, 3, 4, 5, 6]);
    const bfloats = readNpy(npy({ descr: '|V2', data: Uint8Array.of(0x80, 0x3f, 0, 0xc0) }));
    expect([bfloats.name, ...(bfloats.values as Float64Array)]).toEqual(['bfloat16', 1, -2]);
  });

  test('versions 1 to 3, any order of keys, no dimension, long integers of Python 2', () => {
    for (const version of [1, 2, 3])
      expect(readNpy(npy({ version, data: bytesFrom(Int16Array.of(7, 8)) })).values).toEqual(
        Float64Array.of(7, 8),
      );
    const header = `{"shape": (2L,), "fortran_order": False, "descr": "<i2"}`;
    expect(readNpy(npy({ header })).shape).toEqual([2]);
    expect(readNpy(npy({ shape: '()', data: Uint8Array.of(5, 0) }))).toMatchObject({
      shape: [],
      values: Float64Array.of(5),
    });
  });

  test('Fortran order comes out in C order, as a naive transposition has it', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const below = dice(seed);
      const shape = Array.from({ length: 1 + below(4) }, () => 1 + below(5));
      const total = shape.reduce((a, b) => a * b, 1);
      const stored = Int16Array.from({ length: total }, () => below(60_000) - 30_000);
      const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
      const read = readNpy(npy({ shape: tuple, fortran: true, data: bytesFrom(stored) }));
      const expected = Array.from({ length: total }, (_, place) => {
        const index: number[] = [];
        let rest = place;
        for (const size of shape.toReversed()) {
          index.unshift(rest % size);
          rest = Math.floor(rest / size);
        }
        let at = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--)
          at = at * (shape[axis] ?? 1) + (index[axis] ?? 0);
        return stored[at];
      });
      expect(Array.from(read.values as Float64Array), `${seed}`).toEqual(expected);
    }
  });

  test('what is wrong is named, sizes are not believed', () => {
    expect(fault(() => readNpy(npy({ descr: '<U4' })))).toEqual(['npy-type', { text: '<U4' }]);
    expect(fault(() => readNpy(npy({ descr: '|O' })))).toEqual(['npy-type', { text: '|O' }]);
    expect(fault(() => readNpy(npy({ descr: '<f16' })))).toEqual(['npy-type', { text: '<f16' }]);
    for (const fields of [`[('a', '<i2'), ('b', '<i4')]`, `[('a', '<i2', (3,))]`, `[('a', '<i2')`, '[]']) {
      const record = `{'descr': ${fields}, 'fortran_order': False, 'shape': (2,)}`;
      expect(fault(() => readNpy(npy({ header: record })))).toMatchObject(['npy-type', {}]);
    }
    expect(fault(() => readNpy(npy({ descr: '|V4' })))).toEqual(['npy-type', { text: '|V4' }]);
    expect(fault(() => readNpy(npy({ version: 4 })))).toEqual(['npy-version', { text: '4.0' }]);
    for (const shape of ['(9007199254740991, 9007199254740991)', '(3,)', '(4294967296, 4294967296)'])
      expect(
        fault(() => readNpy(npy({ shape }))),
        shape,
      ).toMatchObject(['file-cut', {}]);
    expect(fault(() => readNpy(npy({ shape: '(0, 9007199254740991)', data: new Uint8Array() })))).toEqual([
      'file-empty',
      {},
    ]);
    for (const shape of ['(2)', '(-1,)', '(2,,)', `(${'1,'.repeat(40)})`, '2', '[2]', '(1e3,)'])
      expect(
        fault(() => readNpy(npy({ shape }))),
        shape,
      ).toMatchObject(['npy-header', {}]);
    for (const header of [
      '',
      '{',
      '{}',
      "{'descr': '<i2'}",
      'x'.repeat(60),
      "{'descr': '<i2', 'descr': '<i2'}",
    ])
      expect(
        fault(() => readNpy(npy({ header }))),
        header,
      ).toMatchObject(['npy-header', {}]);
    const whole = npy({});
    for (let cut = 0; cut < whole.length; cut++)
      expect(
        fault(() => readNpy(whole.subarray(0, cut))),
        String(cut),
      ).toMatchObject([expect.stringMatching(/^(npy-header|file-cut)$/), {}]);
    const spaces = npy({ version: 2, shape: `(${' '.repeat(60_000)}` });
    expect(fault(() => readNpy(spaces))).toMatchObject(['npy-header', {}]);
    const huge = npy({ version: 2 });
    viewOf(huge).setUint32(8, 0xffff_fff0, true);
    expect(fault(() => readNpy(huge))).toMatchObject(['npy-header', {}]);
  });
});

describe('numbers in text', () => {
  const values = (text: string) => readNumberText(text).values;

  test('columns of a simulator: time stamps in any unit, TLAST, blanks at line ends', () => {
    const text = 'T 998 ps\n-15 -2 \nT 1.02 us\n-77 -8 \r\nT 3 ns\nTLAST\n5 6 \nT 12 ms\n7 8\nTLAST\n9 10\n';
    const read = readNumberText(text);
    expect(read.values).toEqual(['-15', '-2', '-77', '-8', '5', '6', '7', '8', '9', '10']);
    expect(read.lines).toEqual([2, 2, 4, 4, 7, 7, 9, 9, 11, 11]);
    expect(read.packets).toBe(2);
    expect(readNumberText('1\nTLAST\n2\n3').packets).toBe(2);
    expect(readNumberText('1\n2').packets).toBe(1);
  });

  test("the simulator's CSV: data, repeated data, stalls, TLAST, TKEEP, comments", () => {
    const text = [
      'CMD,D,D,TLAST,TKEEP,COMMENT',
      'DATA,1,2,0,-1,first',
      'STALL:7,,,,',
      'DATA:2,3,4,1,-1',
      'STALL,,,,',
      'data : 1, 5, 6,0,-1',
    ].join('\n');
    const read = readNumberText(text);
    expect(read.values).toEqual(['1', '2', '3', '4', '3', '4', '5', '6']);
    expect(read.lines.at(-1)).toBe(6);
    expect(read.packets).toBe(2);
    expect(fault(() => values('CMD,D\nDATA,1\nJUMP,2'))).toEqual(['csv-row', { line: 3, text: 'JUMP' }]);
    expect(fault(() => values('CMD,D\nDATA:9999999999,1'))).toMatchObject(['file-too-large', {}]);
    expect(values('CMD,D\nDATA:4000000000,\nDATA,7')).toEqual(['7']);
    expect(fault(() => values('CMD,D\nDATA,one'))).toEqual(['no-number', { line: 2, text: 'one' }]);
  });

  test('hexadecimal words without 0x, where all words of a file have one length', () => {
    expect(values('DEADBEEF\n12345678\n')).toEqual(['0xDEADBEEF', '0x12345678']);
    expect(values('12345678 90abcdef\n0000000A\n')).toEqual(['0x12345678', '0x90abcdef', '0x0000000A']);
    expect(values('00 1f 10')).toEqual(['0x00', '0x1f', '0x10']);
    // Without a letter they are what they always were, and so is an exponent.
    expect(values('12345678\n00000010\n')).toEqual(['12345678', '00000010']);
    expect(values('1e10\n12.5\n')).toEqual(['1e10', '12.5']);
    expect(fault(() => values('10\nab\n100\n'))).toEqual(['no-number', { line: 2, text: 'ab' }]);
    expect(fault(() => values('100\nab\n'))).toEqual(['no-number', { line: 2, text: 'ab' }]);
    expect(fault(() => values('-1\nab\n'))).toEqual(['no-number', { line: 2, text: 'ab' }]);
    expect(fault(() => values('ab\nabc\n'))).toMatchObject(['no-number', {}]);
  });

  test('a first row of hexadecimal digits is data where what follows has its look, and never lost without a word', () => {
    expect(values('bf80\n3f80\n0000\n')).toEqual(['0xbf80', '0x3f80', '0x0000']);
    expect(readNumberText('# bfloat16\nbf80 3f80\nc000 4000\n').lines).toEqual([2, 2, 3, 3]);
    expect(values('ff\n0a\n')).toEqual(['0xff', '0x0a']);
    expect(values('cafe')).toEqual(['0xcafe']);
    expect(values(`bf80${' 3f80'.repeat(200_000)}\n`), 'all in one row').toHaveLength(200_001);
    expect(readNumberText('bf80\nTLAST\n3f80\n0001').packets).toBe(2);
    // Columns that are called so.
    expect(values('D0,D1\n1,-2\n10,20\n')).toEqual(['1', '-2', '10', '20']);
    expect(values('face\n1.25\n')).toEqual(['1.25']);
    expect(values('ab,cafe\n12,34\n')).toEqual(['12', '34']);
    for (const text of ['D0,D1\n10,20\n', '"dc"\n10\n', 'bf80\n4000\n4080\n'])
      expect(fault(() => values(text))).toMatchObject(['heading-unclear', { line: 1 }]);
    expect(fault(() => values('bf80\nff\n0a\n'))).toEqual(['no-number', { line: 1, text: 'bf80' }]);

    const random = new Random(runSeed());
    for (let round = 0; round < 500; round++) {
      const digits = random.pick([2, 4, 8, 16, 32]);
      const upper = random.below(2) === 0;
      const words = Array.from({ length: 1 + random.below(12) }, () => {
        const word = Array.from({ length: digits }, () => random.below(16).toString(16)).join('');
        return upper ? word.toUpperCase() : word;
      });
      const perRow = 1 + random.below(4);
      const separator = random.pick([' ', ',', ', ', ';', '\t']);
      const rows = Array.from({ length: Math.ceil(words.length / perRow) }, (_, i) =>
        words.slice(i * perRow, (i + 1) * perRow).join(separator),
      );
      const text = `${rows.join('\n')}\n`;
      let read: readonly string[];
      try {
        read = values(text);
      } catch (error) {
        // Refused in words, but nothing is lost.
        expect(error, text).toBeInstanceOf(FileError);
        expect((error as FileError).code, text).toBe('heading-unclear');
        expect(/[a-f]/i.test(words.slice(perRow).join('').replace(/\de\d/gi, '')), text).toBe(false);
        continue;
      }
      expect(
        read.map((word) => word.replace(/^0x/, '')),
        text,
      ).toEqual(words);
    }
  });

  test('a row of the simulator that keeps no byte has no data; one that keeps some is refused: values have no size', () => {
    const read = readNumberText('CMD,D,D,TLAST,TKEEP\nDATA,1,2,0,-1\nDATA,3,4,1,0\nDATA,5,6,0,-1\n');
    expect([read.values, read.packets]).toEqual([['1', '2', '5', '6'], 2]);
    expect(fault(() => values('CMD,D,D,TLAST,TKEEP\nDATA,1,2,0,-1\nDATA,3,4,1,15\n'))).toEqual([
      'csv-keep',
      { line: 3, text: '15' },
    ]);
  });

  test("the simulator's CSV with lines of comments, time stamps before the command or without any, and quotes", () => {
    expect(values('CMD, D, D, TLAST, TKEEP\r\nCOMMENT, 9, the first\r\nDATA, 1, 2, 0, -1\r\n')).toEqual([
      '1',
      '2',
    ]);
    expect(values('CMD,D\nCOMMENT: 3 samples follow\nCOMMENT\nDATA,1')).toEqual(['1']);
    const stamped = readNumberText(
      'TIMESTAMP,CMD,D,TLAST\n100 ns,DATA,1,1\n108 ns,STALL,,\n1.5 us,DATA:2,3,0\n',
    );
    expect([stamped.values, stamped.packets]).toEqual([['1', '3', '3'], 2]);
    expect(values('TIMESTAMP,D,D,TLAST,TKEEP\n100 ns,1,2,0,-1\n108 ns,3,4,1,-1\n')).toEqual([
      '1',
      '2',
      '3',
      '4',
    ]);
    expect(values('"CMD","D","D"\n"DATA","1","-2"\n')).toEqual(['1', '-2']);
    expect(values('"re","im"\n"1","-2"\n')).toEqual(['1', '-2']);
  });

  test('words without end are refused as soon as they are seen', () => {
    const ones = '1'.repeat(500_000);
    for (const word of [`${ones}x`, `${ones}+${ones}x`, `1.${ones}e`, `0x${ones}g`, `${ones}`])
      expect(fault(() => values(`1\n${word}\n`))).toMatchObject(['no-number', { line: 2 }]);
    expect(values(`0.${'1'.repeat(300)}`)).toHaveLength(1);
  });

  test('other text: CSV with a heading, comments, semicolons, complex values', () => {
    expect(values('re,im\n1,2\n3,4\n')).toEqual(['1', '2', '3', '4']);
    expect(values('# golden\n1;2\n// end\n0x1F\n')).toEqual(['1', '2', '0x1F']);
    expect(values(' (1.000e+00-2.5e-01j)  (3,4)\n5-6i')).toEqual([
      '1.000e+00',
      '-2.5e-01',
      '3',
      '4',
      '5',
      '-6',
    ]);
    expect(values('nan\n-inf\n1.\n.5\n')).toEqual(['nan', '-inf', '1.', '.5']);
    expect(fault(() => values('1\n2\nthree\n'))).toEqual(['no-number', { line: 3, text: 'three' }]);
    expect(fault(() => values('\n\n# nothing\n'))).toEqual(['file-empty', {}]);
  });

  test('what a file is, by its content and name', () => {
    const of = (name: string, text: string) => readGoldenFile(name, Buffer.from(text)).kind;
    expect(of('a.txt', '1 2 3')).toBe('numbers');
    expect(of('a.bin', '1 2 3')).toBe('raw');
    expect(of('a.txt', '1 2\0')).toBe('raw');
    expect(readGoldenFile('a.bin', npy({})).kind).toBe('numbers');
    expect(readGoldenFile('a', new Uint8Array()).kind).toBe('raw');
    // PowerShell writes text of 16-bit units; in bytes without such a name the mark means nothing.
    const wide = Buffer.from('\ufeff1\r\n-2\r\n', 'utf16le');
    for (const bytes of [wide, Buffer.from(wide).swap16()]) {
      expect(readGoldenFile('golden.txt', bytes)).toMatchObject({
        numbers: { values: ['1', '-2'], lines: [1, 2] },
      });
      expect(readGoldenFile('golden', bytes).kind).toBe('raw');
    }
    expect(readGoldenFile('a.txt', Buffer.from('\ufeff1 2'))).toMatchObject({
      numbers: { values: ['1', '2'] },
    });
    expect(areWhole(readNumberText('1 0x2 -3'))).toBe(true);
    expect(areWhole(readNumberText('1 2.0'))).toBe(false);
    expect(areWhole({ values: Float64Array.of(1, 2) })).toBe(true);
    expect(areWhole({ values: Float64Array.of(1.5) })).toBe(false);
  });
});

describe('numbers as bytes', () => {
  const names: readonly CellName[] = [
    ...(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const),
    ...(['float16', 'bfloat16', 'float32', 'float64', 'int24', 'fix16.15', 'hex16'] as const),
  ];

  test('texts become what the format of the cells makes of them', () => {
    for (const name of names) {
      const format = cellFormat({ name, order: 'big' }, true);
      const below = dice(name.length);
      for (let i = 0; i < 300; i++) {
        const cell = Uint8Array.from({ length: format.bytes }, () => below(256));
        const text = format.format(cell, 0);
        if (text.includes('NaN')) continue;
        expect(bytesOf({ values: [text] }, name, 'big'), `${name} ${text}`).toEqual(cell);
      }
    }
  });

  test('texts of many digits are rounded once, also beside the middle of two values', () => {
    const middles: readonly (readonly [CellName, string])[] = [
      ['float32', '16777217'],
      ['float16', '2049'],
      ['bfloat16', '257'],
    ];
    for (const [name, middle] of middles) {
      const format = cellFormat({ name, order: 'little' }, true);
      for (const digits of ['', '.0', `.${'0'.repeat(40)}1`, `.${'0'.repeat(40)}`])
        expect(bytesOf({ values: [middle + digits] }, name, 'little'), name + digits).toEqual(
          format.parse(middle + digits),
        );
      const random = new Random(1);
      for (let i = 0; i < 2000; i++) {
        const text = `${random.below(1e9) / 1e3}e${random.below(90) - 50}`;
        const parsed = format.parse(text);
        if (parsed instanceof Uint8Array)
          expect(bytesOf({ values: [text] }, name, 'little'), `${name} ${text}`).toEqual(parsed);
        else
          expect(fault(() => bytesOf({ values: [text] }, name, 'little'))).toMatchObject([
            'number-outside',
            {},
          ]);
      }
    }
  });

  test('numbers are rounded once to the nearest value, ties to even', () => {
    for (const name of ['float16', 'bfloat16', 'float32', 'float64'] as const) {
      const { numbers, bytes } = elementType({ name, order: 'little' });
      const number = (view: DataView) => Number(numbers(numberBytes(new Uint8Array(view.buffer)), 0)[0]);
      const random = new Random(3);
      for (let i = 0; i < 3000; i++) {
        const cell = random.bytes(bytes);
        const value = number(viewOf(cell));
        if (Number.isNaN(value)) continue;
        const text = bytesOf({ values: [value] }, name, 'little');
        expect(text, `${name} ${value}`).toEqual(cell);
        if (bytes !== 2 || !Number.isFinite(value)) continue;
        // The next value by its bits: the middle goes to the even one.
        const bits = viewOf(cell).getUint16(0, true);
        const other = cell.slice();
        viewOf(other).setUint16(0, bits + 1, true);
        const next = number(viewOf(other));
        if (!Number.isFinite(next) || Math.sign(next) !== Math.sign(value)) continue;
        const middle = bytesOf({ values: [(value + next) / 2] }, name, 'little');
        expect(viewOf(middle).getUint16(0, true), `${name} ${value}`).toBe(bits + (bits % 2));
      }
    }
  });

  test('what does not fit is named with its line', () => {
    expect(fault(() => bytesOf(readNumberText('1\n70000'), 'int16', 'little'))).toEqual([
      ...['number-outside', { text: '70000', type: 'int16', index: 1, line: 2 }],
    ]);
    expect(fault(() => bytesOf(readNumberText('1\n1.5'), 'cint16', 'little'))).toMatchObject([
      'number-outside',
      { type: 'int16' },
    ]);
    expect(fault(() => bytesOf({ values: Float64Array.of(-1) }, 'uint8', 'little'))).toEqual([
      'number-outside',
      { text: '-1', type: 'uint8', index: 0 },
    ]);
    expect(fault(() => bytesOf({ values: Float64Array.of(1e39) }, 'float32', 'little'))).toMatchObject([
      'number-outside',
      {},
    ]);
    expect(fault(() => bytesOf({ values: Float64Array.of(65_520) }, 'float16', 'little'))).toMatchObject([
      'number-outside',
      {},
    ]);
    expect(fault(() => bytesOf({ values: [2n ** 63n] }, 'int64', 'little'))).toMatchObject([
      'number-outside',
      {},
    ]);
    expect(bytesOf({ values: ['1.0e+03', '-5.0'] }, 'int16', 'little')).toEqual(
      Uint8Array.of(0xe8, 3, 0xfb, 0xff),
    );
    expect(bytesOf({ values: Float64Array.of(Number.POSITIVE_INFINITY) }, 'float32', 'big')).toEqual(
      Uint8Array.of(0x7f, 0x80, 0, 0),
    );
    expect(bytesOf({ values: Float64Array.of(3) }, 'int64', 'little')).toEqual(
      Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0),
    );
  });
});

describe('files of anything', () => {
  test('end in numbers, bytes, or a named error', () => {
    const { read, refused } = fuzzFiles(1, (count) => count < 4000);
    expect(read).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(1000);
  });
});
