import { crc32 as reference } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { dice } from '../../../test/conformance/random.ts';
import { cellFormat } from './cell-format.ts';
import type { CellName } from './choices.ts';
import { crc32, StatisticsCollector } from './statistics.ts';

function collect(name: CellName, bytes: Uint8Array) {
  const format = cellFormat({ name, order: 'little' }, true);
  const collector = new StatisticsCollector(format);
  for (let at = 0; at + format.bytes <= bytes.length; at += format.bytes) collector.add(bytes, at);
  return collector.result;
}

describe('[hex-5] numbers about many cells', () => {
  test('whole numbers are added exactly, whatever their size', () => {
    const below = dice(31);
    for (const name of ['uint8', 'int16', 'uint32', 'int32', 'int48', 'uint64', 'int64', 'int128'] as const) {
      for (let round = 0; round < 20; round++) {
        const bytes = Uint8Array.from({ length: 16 * (1 + below(200)) }, () =>
          below(4) === 0 ? 0 : below(256),
        );
        const size = cellFormat({ name, order: 'little' }, true).bytes;
        const values: bigint[] = [];
        for (let at = 0; at + size <= bytes.length; at += size) {
          let value = 0n;
          for (let i = size - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[at + i] ?? 0);
          values.push(name.startsWith('u') ? value : BigInt.asIntN(8 * size, value));
        }
        const found = collect(name, bytes);
        const sum = values.reduce((all, one) => all + one, 0n);
        const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect(BigInt(found.sum)).toBe(sum);
        expect(found.least !== undefined && BigInt(found.least)).toBe(sorted[0]);
        expect(found.most !== undefined && BigInt(found.most)).toBe(sorted.at(-1));
        expect(found.zeros).toBe(values.filter((one) => one === 0n).length);
        expect(found.count).toBe(values.length);
        expect(found.mean).toBeCloseTo(Number(sum) / values.length);
      }
    }
  });

  test('a sum of whole numbers beyond what a double holds exactly is exact', () => {
    const one = [0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    const bytes = Uint8Array.from({ length: 6 * 201 }, (_, at) => one[at % 6] ?? 0);
    expect(BigInt(collect('int48', bytes).sum)).toBe(201n * (2n ** 47n - 1n));
  });

  test('NaN and infinity are counted and left out of the rest; a sum loses nothing to rounding', () => {
    const floats = new Float64Array([1e100, 1, -1e100, 0, -0, Number.NaN, Infinity, -Infinity, 2.5]);
    expect(collect('float64', new Uint8Array(floats.buffer))).toEqual({
      count: 9,
      zeros: 2,
      nans: 1,
      infinities: 2,
      least: -1e100,
      most: 1e100,
      sum: 3.5,
      mean: 3.5 / 6,
    });
    const none = collect('float32', new Uint8Array(new Float32Array([Number.NaN]).buffer));
    expect(none).toMatchObject({
      count: 1,
      nans: 1,
      least: undefined,
      most: undefined,
      sum: 0,
      mean: undefined,
    });
  });

  test('a complex number has two numbers, a block as many as it has values', () => {
    expect(collect('cint16', Uint8Array.of(3, 0, 0xfc, 0xff))).toMatchObject({
      count: 2,
      least: -4,
      most: 3,
      sum: -1,
    });
    expect(collect('bfp16ebs8', Uint8Array.of(133, 1, 2, 3, 4, 5, 6, 7, 8))).toMatchObject({
      count: 8,
      sum: 36,
    });
  });

  test('CRC-32 is that of zlib, also in pieces', () => {
    const below = dice(37);
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    for (let round = 0; round < 50; round++) {
      const bytes = Uint8Array.from({ length: below(2000) }, () => below(256));
      const cut = below(bytes.length + 1);
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(reference(bytes));
    }
  });
});
