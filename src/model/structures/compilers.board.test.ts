import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { type Workshop, workshop } from '../../../test/program/compile.ts';
import { randomDefinitions } from '../../../test/program/structures.ts';
import { DebugInfo } from '../program/dwarf/debug-info.ts';
import type { TypeId, TypeTable } from '../program/dwarf/types.ts';
import { readElf } from '../program/elf.ts';
import { readDefinitions } from './definitions.ts';
import { definitionOf } from './from-debug-info.ts';
import type { StructureType } from './types.ts';
import { fieldText } from './values.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
});
afterAll(async () => shop[Symbol.asyncDispose]());

/** Whether a bit-field is a whole number: some compilers do not call it a bit-field then. */
function isWhole({ first, count }: { first: number; count: number }, size = 0): boolean {
  return first === 0 && count === 8 * size;
}

/** Sizes and places, as a compiler and the reader both tell them. */
type Shape = string | { readonly size: number | undefined; readonly members: Record<string, unknown> };

function compiled(types: TypeTable, id: TypeId): Shape {
  const type = types.type(types.plain(id));
  if (type.kind === 'array') return `${types.sizeOf(id)} of ${JSON.stringify(compiled(types, type.of))}`;
  if (type.kind !== 'struct' && type.kind !== 'union') return `${types.sizeOf(id)}`;
  // Some compilers list bit-fields without a name.
  const named = type.members.filter(({ name, bits }) => name !== '' || bits === undefined);
  const members = named.map(({ name, type: of, offset, bits }) => [
    name,
    {
      offset,
      ...(bits === undefined || isWhole(bits, types.sizeOf(of)) ? {} : { bits }),
      of: compiled(types, of),
    },
  ]);
  return { size: type.size, members: Object.fromEntries(members) };
}

/** Arrays of arrays are one array in debug information. */
function laid(type: StructureType): Shape {
  if (type.kind === 'number') return `${type.size}`;
  if (type.kind === 'array') {
    let { of } = type;
    while (of.kind === 'array') of = of.of;
    return `${type.size} of ${JSON.stringify(laid(of))}`;
  }
  const members = type.members.map(({ name, type: of, offset, bits }) => [
    name,
    { offset, ...(bits === undefined ? {} : { bits }), of: laid(of) },
  ]);
  return { size: type.size, members: Object.fromEntries(members) };
}

/** The definition that is written of a type lays every part where the compiler does. */
function expectWritten(types: TypeTable, id: TypeId, source: string): void {
  const written = definitionOf(types, id);
  if (written === undefined) throw new Error(`nothing is written of ${source}`);
  const found = readDefinitions(written.text).find(({ name }) => name === written.type)?.type;
  if (found === undefined) throw new Error(`${written.type} is not in ${written.text}`);
  const places = (shape: Shape): unknown =>
    typeof shape === 'string'
      ? shape.replace(/ of .*/, '')
      : Object.entries(shape.members)
          .map(([name, one]) => {
            // How large a union is that is larger than its members.
            if (name === 'bytes_') return undefined;
            const { offset, bits, of } = one as { offset: number; bits?: unknown; of: Shape };
            return { offset, bits, of: places(of) };
          })
          .filter((one) => one !== undefined);
  expect(places(laid(found)), `${source}\n${written.text}`).toEqual(places(compiled(types, id)));
  expect(found.size).toBe(types.sizeOf(id));
}

const seed = Number(process.env['SEED'] ?? 1);

describe('[names-8] layout of structs', () => {
  test.each([
    ['armv7-none-eabi', { wide: false, unnamedBits: true, packedBits: false }],
    ['i386-none-elf', { wide: true, unnamedBits: false, packedBits: false }],
    ['riscv32', { wide: false, unnamedBits: false, packedBits: false }],
    ['gcc', { wide: true, unnamedBits: false, packedBits: true }],
  ])('is that of compilers for other 32-bit machines: %s', async (target, means) => {
    const count = 120;
    for (let round = 0; round < 2; round++) {
      const text = randomDefinitions(new Random(seed + round), count, means);
      const globals = Array.from({ length: count }, (_, i) => `struct s${i} v${i} = {};`).join('\n');
      const sources = { 'main.cc': `${text}\n${globals}\nextern "C" int start() { return 0; }\n` };
      const path = await shop.build(
        sources,
        {
          target,
          version: 5,
          level: 'O0',
          more: ['-fno-short-enums', '-w', '-D__packed=__attribute__((packed))'],
        },
        264,
      );
      const info = new DebugInfo(readElf(await readFile(path)));
      const types = new Map(readDefinitions(text).map(({ name, type }) => [name, type]));
      expect(info.globals.length).toBeGreaterThanOrEqual(count);
      for (let i = 0; i < count; i++) {
        const type = types.get(`struct s${i}`);
        const global = info.globals.find(({ name }) => name === `v${i}`);
        if (type === undefined || global === undefined) throw new Error(`struct s${i} is missing`);
        const source = text.split('enum ').find((one) => one.includes(`struct s${i} {`));
        expect(laid(type), `SEED=${seed + round}\n${source}`).toEqual(compiled(info.types, global.type));
        expectWritten(info.types, global.type, source ?? '');
      }
    }
  });

  test.each(['armv7-none-eabi', 'gcc'])(
    'bit-fields of enumerations have a sign where compilers give them one: %s',
    async (target) => {
      const enumerations = [
        'enum e { A, B, C, D }',
        'enum e { A, B, C, D = -1 }',
        'enum e : int { A, B, C, D }',
        'enum class e { A, B, C, D }',
      ];
      const source = enumerations.map(
        (one, i) => `namespace n${i} { ${one}; struct x { e v : 2; }; constexpr x v = {(e)3}; }
        int sign${i}[(int)n${i}::v.v < 0 ? 1 : 2] = {};`,
      );
      const path = await shop.build(
        { 'main.cc': `${source.join('\n')}\nextern "C" int start() { return 0; }\n` },
        { target, version: 5, level: 'O0', more: ['-fno-short-enums', '-w', '-std=c++17'] },
        264,
      );
      const info = new DebugInfo(readElf(await readFile(path)));
      for (const [i, one] of enumerations.entries()) {
        const global = info.globals.find(({ name }) => name === `sign${i}`);
        if (global === undefined) throw new Error(`sign${i} is missing`);
        const isNegative = info.types.sizeOf(global.type) === 4;
        const type = readDefinitions(`${one}; struct x { e v : 2; };`).at(-1)?.type;
        if (type?.kind !== 'struct') throw new Error('no struct');
        const [member] = type.members;
        if (member === undefined) throw new Error('no member');
        const laidBytes = { bytes: Uint8Array.of(3, 0, 0, 0), known: new Uint8Array(4).fill(1) };
        const text = fieldText({ path: '.v', ...member }, laidBytes);
        expect(/-1/.test(text), `${one}: ${text}`).toBe(isNegative);
      }
    },
  );
});
