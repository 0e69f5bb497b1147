import { expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import { type CellChoice, type CellName, formOf } from '../cells/choices.ts';
import { copyAs } from './copy-as.ts';

const as = (name: CellName, order: CellChoice['order'] = 'little'): CellChoice => ({ name, order });
const twelve = Uint8Array.of(0xa4, 0x70, 0x45, 0x41, 0, 0, 0x80, 0xbf);

test('each form says the values of the cells', () => {
  const floats = as('float32');
  expect(copyAs('c', Uint8Array.of(0, 0, 0x80, 0x3f), floats)).toBe('const float data[1] = {1.0f};');
  expect(copyAs('c', Uint8Array.of(1, 0xff), as('int8'))).toBe('const int8_t data[2] = {1, -1};');
  expect(copyAs('c', Uint8Array.of(0x80), as('int8'))).toBe('const int8_t data[1] = {(-127 - 1)};');
  expect(copyAs('c', Uint8Array.of(1, 0xab), as('hex16'))).toBe('const uint16_t data[1] = {0xAB01};');
  expect(copyAs('c', Uint8Array.of(1, 2, 3), as('hex24'))).toBe(
    'const uint8_t data[3] = {0x01, 0x02, 0x03};',
  );
  expect(copyAs('python', Uint8Array.of(1, 0xff), as('int8'))).toBe('[1, -1]');
  expect(copyAs('python', Uint8Array.of(1, 0xff), as('hex8'))).toBe('bytes.fromhex("01 ff")');
  expect(copyAs('python', Uint8Array.of(0, 0, 0xc0, 0x7f), floats)).toBe('[float("NaN")]');
  expect(copyAs('numpy', twelve, floats)).toBe(
    'np.frombuffer(bytes.fromhex("a4 70 45 41 00 00 80 bf"), dtype="<f4")',
  );
  expect(copyAs('numpy', Uint8Array.of(0x80, 0x3f), as('bfloat16'))).toContain('dtype=ml_dtypes.bfloat16)');
  expect(copyAs('numpy', Uint8Array.of(1, 0, 2, 0), as('cint16'))).toContain(
    '[("re", "<i2"), ("im", "<i2")]',
  );
  expect(copyAs('numpy', Uint8Array.of(0, 0x40), as('fix16.15'))).toContain('dtype="<i2") / 2**15');
  expect(copyAs('numpy', Uint8Array.of(0x12, 0x34), as('uint16', 'big'))).toContain('dtype=">u2")');
  expect(copyAs('json', Uint8Array.of(0xff, 0xff), as('int16'))).toBe('[-1]');
  expect(copyAs('json', Uint8Array.of(0, 0, 0x80, 0x7f), floats)).toBe('["Infinity"]');
  expect(copyAs('json', new Uint8Array(8).fill(0xff), as('uint64'))).toBe('["18446744073709551615"]');
  // What is no whole cell is told as bytes.
  expect(copyAs('json', Uint8Array.of(1, 2, 3), as('int16'))).toBe('[1, 2, 3]');
});

test('[hex-7] read back, every form gives the bytes that were copied', () => {
  const seed = runSeed();
  const roll = dice(seed);
  const names = [
    'hex8',
    'uint16',
    'int32',
    'int64',
    'float32',
    'float64',
    'cint16',
    'bfp16ebs8',
    'fix16.15',
  ] as const;
  for (let round = 0; round < 100; round++) {
    const name = names[roll(names.length)] ?? 'hex8';
    const { bytes: size = 1, kind } = formOf(name) ?? {};
    const bytes = Uint8Array.from({ length: size * (1 + roll(40)) }, () => roll(256));
    const choice = as(name);
    const why = `SEED=${seed} round ${round} ${name}`;
    expect([...Buffer.from(copyAs('base64', bytes, choice), 'base64')], why).toEqual([...bytes]);
    const pairs = /fromhex\("([^"]*)"\)/.exec(copyAs('numpy', bytes, choice))?.[1] ?? '';
    expect([...Buffer.from(pairs.replaceAll(' ', ''), 'hex')], why).toEqual([...bytes]);
    const c = /\{(.*)\}/.exec(copyAs('c', bytes, choice))?.[1]?.split(', ') ?? [];
    const cell = bytes.length / c.length;
    const back = Buffer.alloc(bytes.length);
    const type = /^const (\w+) /.exec(copyAs('c', bytes, choice))?.[1];
    for (const [i, text] of c.entries()) {
      if (type === 'float') back.writeFloatLE(Number(text.slice(0, -1)), i * 4);
      else if (type === 'double') back.writeDoubleLE(Number(text), i * 8);
      else {
        const least = /^\((.*) - 1\)$/.exec(text)?.[1];
        const value = least === undefined ? BigInt(text) : BigInt(least) - 1n;
        const whole = BigInt.asUintN(8 * cell, value);
        for (let k = 0; k < cell; k++) back[i * cell + k] = Number((whole >> BigInt(8 * k)) & 0xffn);
      }
    }
    expect([...back], `${why}: ${type}`).toEqual([...bytes]);
    if (kind === 'int' || kind === 'uint') {
      const values: unknown = JSON.parse(copyAs('json', bytes, choice));
      expect(copyAs('python', bytes, choice)).toBe(`[${(values as (string | number)[]).join(', ')}]`);
    }
  }
});

test('a large selection is told whole', () => {
  const bytes = Uint8Array.from({ length: 100_001 }, (_, i) => i % 251);
  expect(Buffer.from(copyAs('base64', bytes, as('hex8')), 'base64').equals(bytes)).toBe(true);
});
