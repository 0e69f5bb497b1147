import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { DwarfWriter, type MadeType, type MadeUnit, textOfType } from '../../../test/program/dwarf.ts';
import { makeElf } from '../../../test/program/elf.ts';
import { DebugInfo } from './dwarf/debug-info.ts';
import { readElf } from './elf.ts';
import { coreSymbols } from './symbols.ts';
import { cellsOfMemref, cellsOfName } from './value-cells.ts';

const base = (name: string, size: number, encoding: number): MadeType => ({
  kind: 'base',
  name,
  size,
  encoding,
});
const array = (of: MadeType, ...counts: number[]): MadeType => ({ kind: 'array', of, counts });
const named = (name: string, of: MadeType): MadeType => ({ kind: 'typedef', name, of });
const int = base('int', 4, 5);
const signedChar = base('signed char', 1, 6);

/** Types as sources name them, and the format of their values. */
const cases: readonly (readonly [MadeType, string | undefined])[] = [
  [array(base('v4int32', 16, 5), 64), 'int32'],
  [array(base('v16bfloat16', 32, 4), 2), 'bfloat16'],
  [base('v8cint16', 32, 3), 'cint16'],
  [base('cfloat', 8, 3), 'cfloat'],
  [array(int, 4, 8), 'int32'],
  [base('unsigned int', 4, 7), 'uint32'],
  [base('long long int', 8, 5), 'int64'],
  [base('float', 4, 4), 'float32'],
  [base('bool', 1, 2), 'uint8'],
  [named('int8', signedChar), 'int8'],
  [base('unsigned char', 1, 8), 'uint8'],
  [named('uint16_t', base('unsigned short', 2, 7)), 'uint16'],
  [named('sample_t', { kind: 'volatile', of: base('short', 2, 5) }), 'int16'],
  [{ kind: 'pointer', of: int }, 'hex32'],
  [{ kind: 'struct', name: 'cint16', members: [int] }, 'cint16'],
  [{ kind: 'struct', name: 'Taps', members: [int, int] }, undefined],
  [base('v64acc48', 640, 5), undefined],
];

/** An ELF with a variable of each type, as compilers write it: symbols without sizes, which only debug information has. */
function elfOf(seed: number): Uint8Array {
  const unit: MadeUnit = {
    version: 4,
    folder: '/src',
    files: ['kernel.cc'],
    functions: [],
    globals: cases.map(([type], i) => ({ name: `value_${i}`, address: 0x70000 + 0x400 * i, type })),
    sequences: [],
  };
  const sections = new DwarfWriter(new Random(seed)).write([unit]);
  const symbols = cases.map((_, i) => ({ name: `value_${i}`, value: 0x70000 + 0x400 * i }));
  return makeElf({ sections, symbols });
}

describe('types as cell formats', () => {
  test('of each variable, by its name or by what it is made of, and how large it is', () => {
    const elf = readElf(elfOf(1));
    const { buffers } = coreSymbols(elf, [], new DebugInfo(elf));
    expect(buffers.map(({ type, cells }) => [type, cells])).toEqual(
      cases.map(([type, cells]) => [textOfType(type), cells]),
    );
    expect(buffers[0]).toEqual({
      name: 'value_0',
      address: 0x70000,
      size: 1024,
      sizeFrom: 'debug',
      type: 'v4int32[64]',
      cells: 'int32',
    });
  });

  test('an ELF without debug information, or with a variable that linkers call otherwise, says no type', () => {
    const elf = readElf(elfOf(2));
    const { buffers } = coreSymbols(elf, []);
    expect(buffers.every(({ type, cells }) => type === undefined && cells === undefined)).toBe(true);
    const symbols = elf.symbols.map((one) => ({ ...one, name: `other_${one.name}` }));
    expect(coreSymbols({ ...elf, symbols }, [], new DebugInfo(elf)).buffers[0]?.type).toBeUndefined();
  });

  test('of the elements of a module', () => {
    expect(['16x4xi32', '8xbf16, 1', '4xui8', 'f32', '2x3xsi16', '4xindex', ''].map(cellsOfMemref)).toEqual([
      'int32',
      'bfloat16',
      'uint8',
      'float32',
      'int16',
      undefined,
      undefined,
    ]);
  });

  test('names that are none of these are none', () => {
    for (const name of [
      '',
      'v',
      'hex8',
      'bin8',
      'fix16.15',
      'int7',
      'int0',
      'acc48',
      'bfp16ebs8',
      'constructor',
    ])
      expect(cellsOfName(name), name).toBeUndefined();
  });
});
