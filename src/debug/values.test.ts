import { describe, expect, test } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { DwarfWriter, type MadeType, sizeOfType } from '../../test/program/dwarf.ts';
import { DebugInfo } from '../model/program/dwarf/debug-info.ts';
import { cellsOfType } from '../model/program/type-cells.ts';
import { typedValue, type Value } from './values.ts';

const int: MadeType = { kind: 'base', name: 'int', size: 4, encoding: 5 };
const float: MadeType = { kind: 'base', name: 'float', size: 4, encoding: 4 };
const base = (name: string, size: number, encoding = 7): MadeType => ({ kind: 'base', name, size, encoding });
const typedef = (name: string, of: MadeType): MadeType => ({ kind: 'typedef', name, of });

/** The debug information of a program with one variable of the type. */
function withVariable(type: MadeType): { info: DebugInfo; id: number } {
  const unit = {
    version: 4,
    folder: '/src',
    files: ['a/a.cc'],
    functions: [],
    globals: [{ name: 'it', address: 0x70000, type }],
    sequences: [],
  };
  const sections = new DwarfWriter(new Random(2)).write([unit]).map(({ name, bytes }) => ({
    name,
    bytes,
    type: 1,
    flags: 0,
    address: 0,
    size: bytes.length,
    offset: 0,
  }));
  const info = new DebugInfo({ sections, symbols: [] });
  return { info, id: info.globals[0]?.type ?? -1 };
}

function shownAs(type: MadeType, bytes: Uint8Array | readonly number[]): Value {
  const { info, id } = withVariable(type);
  return typedValue(info.types, id, Uint8Array.from(bytes));
}

describe('[debug-2] values of variables', () => {
  test.each<[string, MadeType, number[], string]>([
    ['a whole number', int, [0xfe, 0xff, 0xff, 0xff], '-2'],
    ['a real number', float, [0, 0, 0xc0, 0x3f], '1.5'],
    ['a truth', base('bool', 1, 2), [1], 'true'],
    ['a letter', base('char', 1, 6), [0x61], "97 'a'"],
    ['a sign that cannot be shown', base('char', 1, 6), [7], '7'],
    ['an address', { kind: 'pointer', of: int }, [0x10, 0, 7, 0], '0x00070010'],
    [
      'a vector that is a base type',
      base('v4int32', 16),
      [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
      '{1, 2, 3, -1}',
    ],
    ['a complex number', base('cint16', 4), [3, 0, 0xff, 0xff], '3-1j'],
    ['a typedef of bits', typedef('bfloat16', base('unsigned short', 2)), [0x80, 0x3f], '1'],
    ['a long vector', base('v16int8', 16), [1, 2, 3, 4, 5, 6, 7, 8, 9], '{1, 2, 3, 4, 5, 6, 7, 8, ...}'],
    ['a name that says another size', base('v4int32', 4), [5, 0, 0, 0], '5'],
    [
      'an accumulator',
      base('v8acc48', 48),
      Array.from({ length: 48 }, (_, i) => i),
      '00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F ...',
    ],
  ])('%s', (_, type, bytes, text) => {
    const whole = Uint8Array.from({ length: sizeOfType(type) }, (_x, i) => bytes[i] ?? 0);
    expect(shownAs(type, whole).text).toBe(text);
    expect(shownAs(type, whole.subarray(1)).text).toBe('??');
  });

  test('arrays have elements by number, structs members by name, as deep as they go', () => {
    const point: MadeType = { kind: 'struct', name: 'Point', members: [int, float] };
    const type: MadeType = { kind: 'array', of: point, counts: [2, 3] };
    const bytes = new Uint8Array(48);
    const view = new DataView(bytes.buffer);
    view.setInt32(8 * 5, 42, true);
    view.setFloat32(8 * 5 + 4, -0.25, true);
    const value = shownAs(type, bytes);
    expect(value).toMatchObject({ type: 'Point[2][3]', parts: { count: 2, isIndexed: true } });
    const row = value.parts?.at(1);
    expect(row).toMatchObject({ name: '[1]', value: { type: 'Point[3]', parts: { count: 3 } } });
    const last = row?.value.parts?.at(2);
    expect(last?.value).toMatchObject({
      text: '{...}',
      type: 'Point',
      parts: { count: 2, isIndexed: false },
    });
    expect([0, 1].map((i) => last?.value.parts?.at(i))).toMatchObject([
      { name: 'm0', value: { text: '42', type: 'int' } },
      { name: 'm1', value: { text: '-0.25', type: 'float' } },
    ]);
  });

  test('the cells of a type are those that the editor has', () => {
    const cells = (type: MadeType) => {
      const { info, id } = withVariable(type);
      return cellsOfType(info.types, id);
    };
    expect(cells({ kind: 'array', of: base('v4int32', 16), counts: [64] })).toEqual({
      name: 'int32',
      count: 256,
    });
    expect(cells(typedef('v8cint16', { kind: 'array', of: base('cint16', 4), counts: [8] }))).toEqual({
      name: 'cint16',
      count: 8,
    });
    expect(cells({ kind: 'volatile', of: base('unsigned char', 1, 8) })).toEqual({ name: 'uint8', count: 1 });
    expect(cells({ kind: 'struct', name: 'S', members: [int] })).toBeUndefined();
    expect(cells(base('cint128', 32))).toBeUndefined();
  });
});
