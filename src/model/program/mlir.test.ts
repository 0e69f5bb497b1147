import { expect, test } from 'vitest';
import { moduleSample as sample } from '../../../test/program/samples.ts';
import { faultText } from './fault-texts.ts';
import { FileFault } from './faults.ts';
import { readModule } from './mlir.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};

function faultIn(text: string): string {
  try {
    readModule(text);
  } catch (error) {
    if (error instanceof FileFault) return faultText(error, l10n);
    throw error;
  }
  return '';
}

test('buffers with tile, offset and size; names without a symbol; what has no address', () => {
  expect(readModule(sample)).toEqual([
    {
      name: 'main',
      target: 'npu1_1col',
      cores: [{ column: 0, row: 2 }],
      unplaced: 2,
      buffers: [
        { name: 'in_buff_0', column: 0, row: 2, offset: 1024, size: 256, type: '16x4xi32' },
        { name: 'out', column: 0, row: 1, offset: 0x10000, size: 16, type: '8xbf16, 1' },
        { name: '12', column: 0, row: 2, offset: 2048, size: 64, type: '4xvector<16xi8>' },
      ],
    },
  ]);
});

test('[names-1] several devices are told apart, each with its own tiles', () => {
  const two = `module {\n  aie.device(npu1) @base {\n    %t = aie.tile(1, 2)\n  }\n  aie.device(npu1) @main {
    %t = aie.tile(3, 4)\n    %b = aie.buffer(%t) {address = 0 : i32} : memref<i8>\n  }\n}`;
  expect(readModule(two)).toMatchObject([
    { name: 'base', buffers: [] },
    { name: 'main', buffers: [{ name: 'b', column: 3, row: 4, size: 1 }] },
  ]);
});

test('modules of the first dialect have the same operations in capitals', () => {
  const old =
    'AIE.device(xcvc1902) {\n%t = AIE.tile(6, 2)\n%b = AIE.buffer(%t) { sym_name = "b", address = 16 } : memref<4xi32>\n}';
  expect(readModule(old)[0]?.buffers).toEqual([
    { name: 'b', column: 6, row: 2, offset: 16, size: 16, type: '4xi32' },
  ]);
});

test('modules of before there were devices are for one, whose target they do not say', () => {
  const old =
    'module @tutorial {\r\n  %14 = AIE.tile(1, 4)\r\n  %b = AIE.buffer(%14) {address = 4096 : i32, sym_name = "a}"} : memref<256xi32>\r\n}\r\n';
  expect(readModule(old)).toEqual([
    {
      name: '',
      target: '',
      cores: [],
      unplaced: 0,
      buffers: [{ name: 'a}', column: 1, row: 4, offset: 4096, size: 1024, type: '256xi32' }],
    },
  ]);
});

test('what a buffer holds at first may follow on its line for megabytes', () => {
  const one = `aie.device(n) {\n%t = aie.tile(1, 2)\n%b = aie.buffer(%t) {address = 16 : i32} : memref<100xi8> = dense<"0x${'0'.repeat(2_000_000)}">`;
  expect(readModule(one)[0]?.buffers).toMatchObject([{ name: 'b', offset: 16, size: 100 }]);
});

test('what does not fit is said in words, with its line', () => {
  expect(faultIn('')).toBe('This file is empty.');
  expect(faultIn('module {\n}\n')).toBe('This module has no aie.device.');
  expect(faultIn('aie.device(npu1) {\n%b = aie.buffer(%t) {address = 0 : i32} : memref<i8>')).toBe(
    'The module has no tile %t. (line 2)',
  );
  expect(faultIn('aie.device(npu1) {\n%t = aie.tile(9999, 2)')).toBe(
    'A whole number of a sensible size should stand here. (line 2)',
  );
  expect(
    faultIn(
      'aie.device(n) {\n%t = aie.tile(1, 2)\n%b = aie.buffer(%t) {address = 4294967295 : i32} : memref<i8>',
    ),
  ).toBe('A whole number of a sensible size should stand here. (line 3)');
});

test('long lines take no time', () => {
  const lines = [
    `%${'b'.repeat(60_000)} = aie.buffer(%t) {${' '.repeat(5000)}`,
    `%b = aie.buffer(%t)${' '.repeat(60_000)}`,
    `%b = aie.buffer(%t) {${'"a'.repeat(30_000)}`,
    `%b = aie.buffer(%t) : memref<${'<a'.repeat(30_000)}`,
  ];
  const before = process.cpuUsage();
  for (let round = 0; round < 50; round++)
    readModule(`aie.device(n) {\n%t = aie.tile(1, 2)\n${lines.join('\n')}`);
  expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
});

test('a type that never ends costs no more than the looks at its line', () => {
  const long = `vector<${'x'.repeat(16_000)}`;
  const lines = Array.from(
    { length: 100 },
    (_, i) => `%b${i} = aie.buffer(%t) {address = ${i} : i32} : memref<${long}>>`,
  );
  const [device] = readModule(['aie.device(npu1) {', '%t = aie.tile(0, 2)', ...lines].join('\n'));
  expect(device?.buffers).toHaveLength(100);
  expect(device?.buffers.some(({ size }) => size !== undefined)).toBe(false);
});
