import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { cellChoiceShape, fitting } from '../shapes.ts';
import { type CellName, cellFormat, cellNames, hexBytes } from './choices.ts';
import { floatShapes, floatValue, roundDecimal } from './floats.ts';
import type { ByteOrder, CellFormat } from './format.ts';

const cells = (name: CellName, order: ByteOrder = 'little') => cellFormat({ name, order }, true);
const bytes = (hex: string) => Uint8Array.from(hex.split(' '), (text) => Number.parseInt(text, 16));
const hex = (parsed: unknown) =>
  parsed instanceof Uint8Array
    ? [...parsed].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
    : parsed;

/** Random patterns of bits, and those at the borders of every format. */
function patterns(format: CellFormat, count: number): Uint8Array[] {
  const below = dice(format.bytes + format.characters);
  const edges = [0, 1, 0x7f, 0x80, 0xff].flatMap((first) =>
    [0, 0x3c, 0x7c, 0x7f, 0x80, 0xff].flatMap((last) =>
      [0, 0xff].map((rest) => {
        const cell = new Uint8Array(format.bytes).fill(rest);
        cell[0] = first;
        cell[cell.length - 1] = last;
        return cell;
      }),
    ),
  );
  const random = Array.from({ length: count }, () =>
    Uint8Array.from({ length: format.bytes }, () => below(256)),
  );
  return [...edges, ...random];
}

describe('[shape-3] formats of cells', () => {
  test.each(cellNames)(
    '%s: what is written reads back as the same bytes, in its room, in both orders',
    (name) => {
      for (const order of ['little', 'big'] as const) {
        const format = cells(name, order);
        for (const cell of patterns(format, 120)) {
          const text = format.format(cell, 0);
          const shown = `${name} ${order} ${hex(cell)} ${text}`;
          expect(text.length, shown).toBeLessThanOrEqual(format.characters);
          if (format.radix !== undefined) expect(text.length, shown).toBe(format.characters);
          expect(text, shown).toMatch(/^\S+$/);
          expect(format.parse(text), shown).toEqual(cell);
          expect(format.parsePasted(text), shown).toEqual(cell);
          const other = cells(name, order === 'little' ? 'big' : 'little');
          if (!name.startsWith('c')) expect(other.format(cell.toReversed(), 0), shown).toBe(text);
        }
      }
    },
  );

  test.each(cellNames)('%s: a cell is read at its place, not at the beginning', (name) => {
    const format = cells(name);
    const [cell = new Uint8Array()] = patterns(format, 1).slice(-1);
    const row = new Uint8Array(3 * format.bytes).fill(0x5a);
    row.set(cell, format.bytes);
    expect(format.format(row, format.bytes)).toBe(format.format(cell, 0));
  });

  test.each(cellNames)('%s: no text makes anything but a cell or a refusal', (name) => {
    const format = cells(name);
    const texts = [
      '',
      ' ',
      '-',
      '+',
      '.',
      'zz',
      '??',
      '··',
      '0x',
      '0xg',
      '1 2',
      '--1',
      '1e+',
      'nan:',
      'NaN:0',
      '1,5',
    ];
    for (const text of [
      ...texts,
      '9'.repeat(5001),
      'inf inf',
      'NaN:FFFFFFFFFFFFFFFFFFFF',
      '\u{1f600}',
      '5_',
    ]) {
      expect(format.parse(text), text).not.toBeInstanceOf(Uint8Array);
      expect(format.parsePasted(text), text).toBeUndefined();
    }
  });

  test('a choice is read from what a page or a setting holds', () => {
    expect(fitting(cellChoiceShape, { name: 'float32', order: 'big' })).toEqual({
      name: 'float32',
      order: 'big',
    });
    for (const wrong of [undefined, null, 'hex8', { name: 'hex8' }, { name: 'toString', order: 'big' }, {}]) {
      expect(fitting(cellChoiceShape, wrong)).toBeUndefined();
    }
    expect(cellFormat(hexBytes, false).format(Uint8Array.of(0xa7), 0)).toBe('a7');
  });
});

describe('[shape-3] integers and bits', () => {
  test('the order of bytes', () => {
    const cell = bytes('01 02 03 84 05 06 07 88');
    expect(cells('hex32').format(cell, 0)).toBe('84030201');
    expect(cells('hex32', 'big').format(cell, 0)).toBe('01020384');
    expect(cells('uint16').format(cell, 2)).toBe(String(0x8403));
    expect(cells('int16').format(cell, 2)).toBe(String(0x8403 - 0x10000));
    expect(cells('int64', 'big').format(cell, 0)).toBe(String(0x0102038405060788n));
    expect(cells('bin8').format(cell, 3)).toBe('10000100');
    expect(cells('oct16').format(bytes('FF FF'), 0)).toBe('177777');
    expect(cells('cint16').format(bytes('03 00 FC FF'), 0)).toBe('3-4j');
  });

  test('agree with a DataView, for random bytes', () => {
    const below = dice(7);
    for (let i = 0; i < 500; i++) {
      const cell = Uint8Array.from({ length: 8 }, () => below(256));
      const view = new DataView(cell.buffer);
      for (const order of ['little', 'big'] as const) {
        const little = order === 'little';
        const text = (name: CellName) => cells(name, order).format(cell, 0);
        expect(text('uint8')).toBe(String(view.getUint8(0)));
        expect(text('int8')).toBe(String(view.getInt8(0)));
        expect(text('uint16')).toBe(String(view.getUint16(0, little)));
        expect(text('int16')).toBe(String(view.getInt16(0, little)));
        expect(text('uint32')).toBe(String(view.getUint32(0, little)));
        expect(text('int32')).toBe(String(view.getInt32(0, little)));
        expect(text('uint64')).toBe(String(view.getBigUint64(0, little)));
        expect(text('int64')).toBe(String(view.getBigInt64(0, little)));
      }
    }
  });

  test('what does not fit is refused with both ends', () => {
    const outside = (least: string, most: string) => ({ kind: 'outside', least, most });
    expect(cells('int8').parse('128')).toEqual(outside('-128', '127'));
    expect(cells('int8').parse('-129')).toEqual(outside('-128', '127'));
    expect(cells('uint64').parse('-1')).toEqual(outside('0', '18446744073709551615'));
    expect(cells('hex8').parse('100')).toEqual(outside('00', 'FF'));
    expect(cells('cint16').parse('0+40000j')).toEqual(outside('-32768', '32767'));
  });

  test('a bit pattern may be typed for a signed number, a short one for bits; pasted bits are never guessed at', () => {
    expect(hex(cells('int16').parse('0xFFFE'))).toBe('FE FF');
    expect(cells('int16').parse('-0xFFFE')).toMatchObject({ kind: 'outside' });
    expect(hex(cells('hex32').parse('0x1f'))).toBe('1F 00 00 00');
    expect(cells('hex32').parsePasted('1F')).toBeUndefined();
    expect(hex(cells('hex16').parsePasted('DEADBEEF'))).toBe('AD DE EF BE');
    expect(hex(cells('hex8').parsePasted('\\xDE'))).toBe('DE');
    expect(cells('oct8').parsePasted('777')).toBeUndefined();
  });
});

describe('[shape-3] floating point', () => {
  test('12.34 as little-endian float32 is A4 70 45 41', () => {
    expect(hex(cells('float32').parse('12.34'))).toBe('A4 70 45 41');
    expect(hex(cells('float32', 'big').parse('12.34'))).toBe('41 45 70 A4');
    expect(cells('float32').format(bytes('A4 70 45 41'), 0)).toBe('12.34');
  });

  test('a typed value is shown as what it became', () => {
    const became = (name: CellName, text: string) => {
      const parsed = cells(name).parse(text);
      return parsed instanceof Uint8Array ? cells(name).format(parsed, 0) : parsed;
    };
    expect(became('bfloat16', '12.34')).toBe('12.3125');
    expect(became('bfloat16', '0.1')).toBe('0.100098');
    expect(became('float16', '2049')).toBe('2048');
    expect(became('float16', '65519.9')).toBe('65504');
    expect(became('float16', '65520')).toEqual({ kind: 'outside', least: '-65504', most: '65504' });
    expect(became('float32', '1e39')).toMatchObject({ kind: 'outside', most: '3.4028235e38' });
    expect(became('float32', '16777217')).toBe('16777216');
    expect(became('float64', '0.1')).toBe('0.1');
    expect(became('float64', '1e-999999999')).toBe('0');
    expect(became('float64', '1e999999999')).toMatchObject({ kind: 'outside' });
    expect(became('float32', '-0')).toBe('-0');
    expect(became('float32', '.5f')).toBe('0.5');
    expect(became('bfloat16', '-Infinity')).toBe('-inf');
    expect(became('float32', 'nan')).toBe('NaN');
    expect(became('cfloat', '1.5')).toBe('1.5+0j');
    expect(became('cfloat', '-1e-3-infj')).toBe('-0.001-infj');
  });

  /** The number by the definition of the format, a sum of single bits. */
  function naive(shape: { exponentBits: number; fractionBits: number }, bits: number): number {
    const bit = (i: number) => Math.floor(bits / 2 ** i) % 2;
    const { exponentBits, fractionBits } = shape;
    let exponent = 0;
    for (let i = 0; i < exponentBits; i++) exponent += bit(fractionBits + i) * 2 ** i;
    let fraction = 0;
    for (let i = 0; i < fractionBits; i++) fraction += bit(i) * 2 ** (i - fractionBits);
    const sign = bit(exponentBits + fractionBits) === 1 ? -1 : 1;
    const bias = 2 ** (exponentBits - 1) - 1;
    if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign / 0 : Number.NaN;
    return exponent === 0
      ? sign * fraction * 2 ** (1 - bias)
      : sign * (1 + fraction) * 2 ** (exponent - bias);
  }

  test.each(['float16', 'bfloat16'] as const)('%s: all 65,536 patterns, there and back', (name) => {
    const format = cells(name);
    const wrong: string[] = [];
    for (let bits = 0; bits < 65_536; bits++) {
      const cell = Uint8Array.of(bits & 0xff, bits >> 8);
      const value = naive(floatShapes[name], bits);
      const text = format.format(cell, 0);
      const back = format.parse(text);
      if (!Object.is(floatValue(floatShapes[name], BigInt(bits)), value)) wrong.push(`${bits} value`);
      if (!(back instanceof Uint8Array) || back[0] !== cell[0] || back[1] !== cell[1])
        wrong.push(`${bits} ${text}`);
      if (text.length > format.characters) wrong.push(`${bits} is too long`);
      if (Number.isFinite(value) && Math.abs(Number(text) - value) > Math.abs(value) * 5e-6)
        wrong.push(`${bits} ${text}`);
    }
    expect(wrong).toEqual([]);
  });

  test.each(['float16', 'bfloat16'] as const)(
    '%s: the middle of two numbers goes to the even one, what is beside it to the nearer',
    (name) => {
      const shape = floatShapes[name];
      const below = dice(3);
      for (let i = 0; i < 3000; i++) {
        const bits = i < 40 ? i : below(((2 ** shape.exponentBits - 1) << shape.fractionBits) - 1);
        const low = naive(shape, bits);
        const high = naive(shape, bits + 1);
        const middle = (low + high) / 2;
        // The double is exact: its digits in full are the decimal.
        const exact = decimalOf(middle);
        const round = (digits: bigint, power: number) => roundDecimal(shape, digits, power);
        expect(round(exact.digits, exact.power), `${middle}`).toBe(BigInt(bits + (bits % 2)));
        expect(round(exact.digits * 10n ** 30n + 1n, exact.power - 30)).toBe(BigInt(bits + 1));
        expect(round(exact.digits * 10n ** 30n - 1n, exact.power - 30)).toBe(BigInt(bits));
      }
    },
  );

  /** A double as an exact decimal. */
  function decimalOf(value: number): { digits: bigint; power: number } {
    let power = 0;
    let whole = value;
    while (!Number.isInteger(whole)) {
      whole *= 2;
      power++;
    }
    // n / 2^p = n * 5^p / 10^p
    return { digits: BigInt(whole) * 5n ** BigInt(power), power: -power };
  }

  test('float32 and float64 agree with a DataView, for random bits and random decimals', () => {
    const below = dice(11);
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < 4000; i++) {
      for (let at = 0; at < 8; at++) view.setUint8(at, below(256));
      const cell = new Uint8Array(view.buffer.slice(0));
      const single = view.getFloat32(0, true);
      const double = view.getFloat64(0, true);
      const read = (name: CellName) => {
        const text = cells(name).format(cell, 0);
        return text.startsWith('NaN') || text === '-NaN'
          ? Number.NaN
          : Number(text.replace('inf', 'Infinity'));
      };
      expect(Math.fround(read('float32'))).toBe(single);
      expect(read('float64')).toBe(double);
      const decimal = `${below(2) === 0 ? '-' : ''}${below(1e9)}.${below(1e9)}e${below(80) - 45}`;
      view.setFloat32(0, Number(decimal), true);
      const parsed = cells('float32').parse(decimal);
      if (Math.abs(Number(decimal)) < 3.4e38)
        expect(hex(parsed), decimal).toBe(hex(new Uint8Array(view.buffer, 0, 4)));
      view.setFloat64(0, Number(decimal), true);
      expect(hex(cells('float64').parse(decimal)), decimal).toBe(hex(new Uint8Array(view.buffer)));
    }
  });

  test('a decimal beside the middle of two floats is rounded once: over a double it would go the other way', () => {
    const text = '1.00000017881393432617187499';
    expect(Math.fround(Number(text))).toBe(1.000000238418579);
    expect(hex(cells('float32').parse(text))).toBe('01 00 80 3F');
  });
});
