import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { cellChoiceShape, fitting, rowLengths } from '../shapes.ts';
import { cellFormat } from './cell-format.ts';
import {
  type CellKind,
  type CellName,
  cellKinds,
  formOf,
  hexBytes,
  isFixed,
  isSized,
  mostBytes,
  nameOf,
} from './choices.ts';
import { floatShapes, floatValue, roundDecimal } from './floats.ts';
import type { ByteOrder, CellFormat } from './format.ts';
import { lanesFormat } from './lanes.ts';

const cells = (name: CellName, order: ByteOrder = 'little') => cellFormat({ name, order }, true);
const bytes = (hex: string) => Uint8Array.from(hex.split(' '), (text) => Number.parseInt(text, 16));
const hex = (parsed: unknown) =>
  parsed instanceof Uint8Array
    ? [...parsed].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')
    : parsed;

/** Names of a kind: in all sizes that it has, fixed point with its point in several places. */
function namesOf(kind: CellKind): CellName[] {
  if (!isSized(kind)) return [nameOf({ kind, bytes: 1, fraction: 0 })];
  const sizes = Array.from({ length: mostBytes(kind) }, (_, i) => i + 1);
  return sizes.flatMap((bytes) =>
    (isFixed(kind) ? [0, 1, 4 * bytes, 8 * bytes] : [0]).map((fraction) => nameOf({ kind, bytes, fraction })),
  );
}
/** What has no order of bytes, or one in each of its parts. */
const isWhole = (name: string) => !/^(c|bfp)/.test(name);

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

describe('[shape-3] [hex-1] formats of cells', () => {
  test.each(cellKinds)(
    '%s: what is written reads back as the same bytes, in its room, in both orders',
    (kind) => {
      const names = namesOf(kind);
      for (const name of names) {
        for (const order of ['little', 'big'] as const) {
          const format = cells(name, order);
          for (const cell of patterns(format, names.length > 1 ? 10 : 120)) {
            const text = format.format(cell, 0);
            const shown = `${name} ${order} ${hex(cell)} ${text}`;
            const parsed = [hex(format.parse(text)), hex(format.parsePasted(text))];
            if (parsed.some((one) => one !== hex(cell))) expect(parsed, shown).toBe(hex(cell));
            if (text.length > format.characters)
              expect(text.length, shown).toBeLessThanOrEqual(format.characters);
            if (format.radix !== undefined && text.length !== format.characters)
              expect(text.length, shown).toBe(format.characters);
            if (/\s/.test(text)) expect(text, shown).toMatch(/^\S+$/);
            if (!isWhole(name)) continue;
            const other = cells(name, order === 'little' ? 'big' : 'little').format(cell.toReversed(), 0);
            if (other !== text) expect(other, shown).toBe(text);
          }
        }
      }
    },
  );

  test.each(cellKinds.flatMap((kind) => namesOf(kind).slice(-1)))(
    '%s: a cell is read at its place, not at the beginning',
    (name) => {
      const format = cells(name);
      const [cell = new Uint8Array()] = patterns(format, 1).slice(-1);
      const row = new Uint8Array(3 * format.bytes).fill(0x5a);
      row.set(cell, format.bytes);
      expect(format.format(row, format.bytes)).toBe(format.format(cell, 0));
    },
  );

  test.each(cellKinds.flatMap((kind) => namesOf(kind).slice(-1)))(
    '%s: no text makes anything but a cell or a refusal',
    (name) => {
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
        '1|2',
        '1|2|3|4|5|6|7|8@256',
        '1|2|3|4|5|6|7|8@1@1',
        'inf inf',
        'NaN:FFFFFFFFFFFFFFFFFFFF',
        '\u{1f600}',
        '5_',
      ]) {
        expect(format.parse(text), text).not.toBeInstanceOf(Uint8Array);
        expect(format.parsePasted(text), text).toBeUndefined();
      }
    },
  );

  test('a choice is read from what a page or a setting holds', () => {
    expect(fitting(cellChoiceShape, { name: 'float32', order: 'big' })).toEqual({
      name: 'float32',
      order: 'big',
    });
    expect(fitting(cellChoiceShape, { name: 'hex24', order: 'little' })?.name).toBe('hex24');
    for (const wrong of [
      undefined,
      null,
      'hex8',
      { name: 'hex8' },
      { name: 'toString', order: 'big' },
      { name: 7, order: 'big' },
      {},
    ]) {
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

describe('[hex-1] groups of 1 to 32 bytes', () => {
  test('a name says kind, size and point, each format in one way', () => {
    expect(formOf('hex24')).toEqual({ kind: 'hex', bytes: 3, fraction: 0 });
    expect(formOf('fix16.15')).toEqual({ kind: 'fix', bytes: 2, fraction: 15 });
    expect(formOf('bfp16ebs8')).toEqual({ kind: 'bfp16ebs8', bytes: 9, fraction: 0 });
    for (const name of cellKinds.flatMap(namesOf)) {
      expect(nameOf(formOf(name) ?? { kind: 'hex', bytes: 0, fraction: 0 })).toBe(name);
      expect(cellFormat({ name, order: 'little' }, true).bytes, name).toBe(formOf(name)?.bytes);
    }
    for (const wrong of [
      'hex0',
      'hex08',
      'hex12',
      'hex264',
      'hex8.0',
      'fix16',
      'fix16.17',
      'fix72.8',
      'fix16.015',
      'float24',
      'hex',
      'Hex8',
      '__proto__',
    ]) {
      expect(formOf(wrong), wrong).toBeUndefined();
      expect(() => cellFormat({ name: wrong as CellName, order: 'big' }, true)).toThrow(RangeError);
    }
    expect(nameOf({ kind: 'fix', bytes: 32, fraction: 70 })).toBe('fix64.64');
    expect(nameOf({ kind: 'ufix', bytes: 1, fraction: 15 })).toBe('ufix8.8');
    expect(nameOf({ kind: 'int', bytes: 99, fraction: 0 })).toBe('int256');
  });

  test('integers and digits agree with a sum of bytes, for random bytes of every size in both orders', () => {
    const below = dice(23);
    for (let bytes = 1; bytes <= 32; bytes++) {
      for (let i = 0; i < 20; i++) {
        const cell = Uint8Array.from({ length: bytes }, () => below(256));
        for (const order of ['little', 'big'] as const) {
          let sum = 0n;
          for (const [at, byte] of cell.entries())
            sum += BigInt(byte) << BigInt(8 * (order === 'little' ? at : bytes - 1 - at));
          const text = (kind: CellKind) => cells(nameOf({ kind, bytes, fraction: 0 }), order).format(cell, 0);
          const isNegative = sum >> BigInt(8 * bytes - 1) === 1n;
          const signed = isNegative ? sum - (1n << BigInt(8 * bytes)) : sum;
          expect(BigInt(text('uint'))).toBe(sum);
          expect(BigInt(text('int'))).toBe(signed);
          expect(BigInt(`0x${text('hex')}`)).toBe(sum);
          expect(BigInt(`0b${text('bin')}`)).toBe(sum);
          expect(BigInt(`0o${text('oct')}`)).toBe(sum);
          const numbers = (kind: CellKind) =>
            cells(nameOf({ kind, bytes, fraction: 0 }), order).numbers(cell, 0);
          expect(numbers('int').map(BigInt)).toEqual([signed]);
          expect(numbers('hex').map(BigInt)).toEqual([sum]);
        }
      }
    }
  });
});

describe('[hex-1] fixed point', () => {
  const became = (name: CellName, text: string) => {
    const parsed = cells(name).parse(text);
    return parsed instanceof Uint8Array ? cells(name).format(parsed, 0) : parsed;
  };

  test('a typed value is rounded to the scale and shown as what it became', () => {
    expect(hex(cells('fix16.15').parse('0.5'))).toBe('00 40');
    expect(hex(cells('fix16.15', 'big').parse('-1'))).toBe('80 00');
    expect(became('fix16.15', '0.1')).toBe('0.100006');
    expect(became('fix16.15', '1')).toEqual({ kind: 'outside', least: '-1', most: '0.999969' });
    expect(became('ufix8.4', '15.97')).toMatchObject({ kind: 'outside', most: '15.938' });
    expect(became('fix8.1', '0.25')).toBe('0');
    expect(became('fix8.1', '0.75')).toBe('1');
    expect(became('fix8.1', '-0.75')).toBe('-1');
    expect(became('fix8.0', '-128')).toBe('-128');
    expect(became('fix16.15', '0x8000')).toBe('-1');
    expect(became('fix16.15', '0x10000')).toMatchObject({ kind: 'outside' });
    expect(became('fix16.8', 'nan')).toEqual({ kind: 'unclear' });
    expect(became('fix32.31', '1e-99')).toBe('0');
    expect(became('fix32.31', '1e999')).toMatchObject({ kind: 'outside' });
  });

  test('agrees with exact fractions, for random bits and random points', () => {
    const below = dice(29);
    for (let i = 0; i < 2000; i++) {
      const bytes = 1 + below(8);
      const fraction = below(8 * bytes + 1);
      const kind = below(2) === 0 ? 'fix' : 'ufix';
      const cell = Uint8Array.from({ length: bytes }, () => below(256));
      const format = cells(nameOf({ kind, bytes, fraction }));
      const integer = BigInt(
        cells(nameOf({ kind: kind === 'fix' ? 'int' : 'uint', bytes, fraction: 0 })).format(cell, 0),
      );
      const text = format.format(cell, 0);
      // |text - integer / 2^fraction| is at most half a unit of its last place, and below half a unit of the format.
      const [wholePart = '', behind = ''] = text.split('.');
      const scale = 10n ** BigInt(behind.length);
      const shown = BigInt(wholePart + behind);
      const away = shown * 2n ** BigInt(fraction) - integer * scale;
      expect(2n * (away < 0n ? -away : away) < scale, `${format.bytes} ${fraction} ${text}`).toBe(true);
      expect(format.numbers(cell, 0)[0]).toBe(Number(integer) / 2 ** fraction);
    }
  });
});

describe('[hex-1] blocks with a shared exponent', () => {
  test("bytes as the compiler's examples pack them: the exponent, then eight mantissas", () => {
    // 1, 2, 3 ... 8 at the exponent of 8: 3 above the bias, and 6 bits of each mantissa behind the point.
    const block = Uint8Array.of(130, 8, 16, 24, 32, 40, 48, 56, 64);
    expect(cells('bfp16ebs8').format(block, 0)).toBe('1|2|3|4|5|6|7|8@130');
    expect(cells('bfp16ebs8').parse('1|2|3|4|5|6|7|8@130')).toEqual(block);
    expect(cells('bfp16ebs8').numbers(block, 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(cells('bfp16ebs16').bytes).toBe(17);
  });

  test('without an exponent the smallest is taken that holds all values; with one, values are rounded to it', () => {
    const parse = (text: string) => cells('bfp16ebs8').parse(text);
    expect(parse('1|2|3|4|5|6|7|8')).toEqual(Uint8Array.of(130, 8, 16, 24, 32, 40, 48, 56, 64));
    expect(parse('0|0|0|0|0|0|0|0')).toEqual(new Uint8Array(9));
    expect(parse('-2|0.01|0|0|0|0|0|0')).toEqual(Uint8Array.of(127, 0x80, 1, 0, 0, 0, 0, 0, 0));
    expect(parse('0.5|1.5|2.5|-0.5|-1.5|0|0|0@133')).toEqual(Uint8Array.of(133, 0, 2, 2, 0, 0xfe, 0, 0, 0));
    expect(parse('128|0|0|0|0|0|0|0@133')).toEqual({ kind: 'outside', least: '-128', most: '127' });
    expect(parse('1e60|0|0|0|0|0|0|0')).toMatchObject({ kind: 'outside' });
    expect(parse('nan|0|0|0|0|0|0|0')).toEqual({ kind: 'unclear' });
    expect(parse('1|2|3')).toEqual({ kind: 'unclear' });
  });

  test('every mantissa at every exponent reads back', () => {
    const format = cells('bfp16ebs8');
    const wrong: string[] = [];
    for (let exponent = 0; exponent < 256; exponent++) {
      for (let first = 0; first < 256; first += 8) {
        const block = Uint8Array.from({ length: 9 }, (_, i) => (i === 0 ? exponent : first + i - 1));
        const text = format.format(block, 0);
        const back = format.parse(text);
        if (hex(back) !== hex(block)) wrong.push(text);
        // The definition: two's complement by hand, times a power of two.
        const naive = [...block.slice(1)].map((m) => (m < 128 ? m : m - 256) * 2 ** (exponent - 127 - 6));
        if (format.numbers(block, 0).some((value, i) => value !== naive[i])) wrong.push(`numbers ${text}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('[hex-1] numbers in cells', () => {
  test('complex numbers and vectors hold several', () => {
    const cell = bytes('03 00 FC FF 00 80 FF 7F');
    expect(cells('cint16').numbers(cell, 4)).toEqual([-32768, 32767]);
    const lanes = lanesFormat(cells('int16'), 4);
    expect(lanes.format(cell, 0)).toBe('3|-4|-32768|32767');
    expect(lanes.numbers(cell, 0)).toEqual([3, -4, -32768, 32767]);
    expect(lanes.parse('3|-4|-32768|32767')).toEqual(cell);
    expect(lanes.parse('3|-4|-32769|32767')).toMatchObject({ kind: 'outside', least: '-32768' });
    expect(lanes.parse('3|-4')).toEqual({ kind: 'unclear' });
    expect(lanes.parsePasted('3|-4|0|1')).toEqual(bytes('03 00 FC FF 00 00 01 00'));
    expect(lanes.format(cell, 0).length).toBeLessThanOrEqual(lanes.characters);
  });

  test('special values are numbers of their own', () => {
    const number = (name: CellName, text: string) => cells(name).numbers(bytes(text), 0)[0];
    expect(number('float32', '00 00 C0 7F')).toBeNaN();
    expect(number('bfloat16', '80 FF')).toBe(Number.NEGATIVE_INFINITY);
    expect(number('float16', '00 80')).toBe(-0);
    expect(number('float64', '01 00 00 00 00 00 00 00')).toBe(Number.MIN_VALUE);
    expect(number('float32', '01 00 00 00')).toBe(2 ** -149);
    expect(number('uint64', 'FF FF FF FF FF FF FF FF')).toBe(2n ** 64n - 1n);
  });
});

test('[shape-3] [hex-1] the setting offers a name of every kind, and begins with hexadecimal bytes', () => {
  const manifest = new URL('../../../package.json', import.meta.url);
  const { properties } = JSON.parse(readFileSync(manifest, 'utf8')).contributes.configuration;
  const names: readonly string[] = properties['tilescope.cells'].enum;
  expect(names.filter((name) => formOf(name) === undefined)).toEqual([]);
  expect(new Set(names.map((name) => formOf(name)?.kind))).toEqual(new Set(cellKinds));
  expect(properties['tilescope.cells'].default).toBe(hexBytes.name);
  expect(properties['tilescope.byteOrder'].default).toBe(hexBytes.order);
  expect(properties['tilescope.bytesPerRow'].enum).toEqual(rowLengths);
});
