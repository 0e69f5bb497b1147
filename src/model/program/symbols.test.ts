import { describe, expect, test } from 'vitest';
import { type MadeSymbol, makeElf } from '../../../test/program/elf.ts';
import { bcfSample as bcf, mapSample as map, scriptSample as script } from '../../../test/program/samples.ts';
import { buildFolder, corePath, linkerPaths } from './core-files.ts';
import { readElf } from './elf.ts';
import { type LinkerFile, linkerReaders } from './linker-files.ts';
import { coreSymbols } from './symbols.ts';

const { bcf: readBcf, 'ld.script': readLdScript, map: readLinkerMap } = linkerReaders;
const text = { name: '.text', flags: 6, address: 0, bytes: new Uint8Array(64), isLoaded: true };
const namesOf = (
  symbols: readonly MadeSymbol[],
  linkerFiles: readonly LinkerFile[] = [],
  about: { machine?: number; flags?: number } = {},
) => {
  const sections = [
    text,
    { name: '.bss.DMb', flags: 3, address: 0x70400, size: 64 },
    { name: '.stack_sizes', bytes: new Uint8Array(5) },
  ];
  return coreSymbols(readElf(makeElf({ ...about, sections, symbols })), linkerFiles);
};
const shown = (symbols: readonly { name: string; address: number; size: number; sizeFrom: string }[]) =>
  symbols.map(({ name, address, size, sizeFrom }) => [name, address, size, sizeFrom]);

describe('[names-2] what the ELF of a core names', () => {
  test('all three styles of buffers, whatever their type, size and section', () => {
    const { buffers, functions, generation } = namesOf([
      { name: 'object_with_size', value: 0x70400, size: 64, section: '.bss.DMb' },
      { name: 'object_without', value: 0x70500 },
      { name: 'no_type', value: 0x74300, type: 0, section: '.stack_sizes' },
      { name: 'no_type_in_names', value: 0x78200, type: 0, section: '.strtab' },
      { name: 'core_0_2', value: 0x20, size: 44, type: 2, section: '.text' },
    ]);
    expect(generation).toBe('aieml');
    expect(shown(buffers)).toEqual([
      ['object_with_size', 0x70400, 64, 'elf'],
      ['object_without', 0x70500, 0x3e00, 'next'],
      ['no_type', 0x74300, 0x3f00, 'next'],
      ['no_type_in_names', 0x78200, 0x7e00, 'next'],
    ]);
    expect(shown(functions)).toEqual([['core_0_2', 0x20, 44, 'elf']]);
  });

  test('what linkers and compilers make for themselves is left out, and so are program addresses', () => {
    const { buffers, functions } = namesOf([
      ...['_ctors_start', '_dtors_end', '__dso_handle', '_pc_end', '_init_array_start'].map((name) => ({
        name,
        value: 0x20,
      })),
      { name: 'TGT_F_main_64', value: 0x40, size: 1, type: 0, section: '.text' },
      { name: 'ZLS_Fmemcpy_48', value: 0x70040, size: 1, type: 0 },
      { name: '.LBB0_1', value: 0x70, type: 0, section: '.text' },
      { name: 'memcpy__end', value: 0x70, size: 1, type: 0, section: '.text' },
      { name: '_sp_end_DM_stack', value: 0x70400 },
      { name: '', value: 0x70400 },
      { name: 'kept', value: 0x70400, size: 4 },
    ]);
    expect(buffers.map(({ name }) => name)).toEqual(['kept']);
    expect(functions).toEqual([]);
  });

  test('sizes that the ELF lacks come from the linker files, the first of them first', () => {
    const symbols = [
      { name: 'in_buff', value: 0x70500 },
      { name: 'out_buff', value: 0x78000 },
      { name: 'elsewhere', value: 0x7a000 },
    ];
    const other: LinkerFile = {
      source: 'map',
      buffers: [
        { name: 'in_buff', address: 0x70500, size: 1 },
        { name: 'elsewhere', address: 0x7b000, size: 1 },
      ],
    };
    expect(shown(namesOf(symbols, [readBcf(bcf), other]).buffers)).toEqual([
      ['in_buff', 0x70500, 68, 'bcf'],
      ['out_buff', 0x78000, 64, 'bcf'],
      ['elsewhere', 0x7a000, 0x6000, 'next'],
    ]);
  });

  test('[names-3] the stack: from two symbols, from one and a linker file, from a linker file alone, or without a size', () => {
    const both = [
      { name: '_sp_start_DM_stack', value: 0x60000 },
      { name: '_sp_end_DM_stack', value: 0x60400 },
    ];
    expect(namesOf(both).stack).toEqual({ address: 0x60000, size: 0x400, sizeFrom: 'elf' });
    const one = [{ name: '_sp_start_value_DM_stack', value: 0x70000, type: 0, section: '.strtab' }];
    expect(namesOf(one, [readLdScript(script)]).stack).toEqual({
      address: 0x70000,
      size: 0xd00,
      sizeFrom: 'ld.script',
    });
    expect(namesOf(one, [readLinkerMap(map)]).stack).toEqual({ address: 0x70000, size: 0, sizeFrom: 'next' });
    expect(namesOf([], [readLinkerMap(map)]).stack).toEqual({
      address: 0x70020,
      size: 4096,
      sizeFrom: 'map',
    });
    expect(namesOf([]).stack).toBeUndefined();
  });

  test('without flags the addresses tell the generation', () => {
    const old = { machine: 0, flags: 0 };
    const first = namesOf([{ name: 'sync', value: 0x38000, size: 32 }], [], old);
    expect(first.generation).toBe('aie');
    expect(first.buffers).toHaveLength(1);
    expect(namesOf([{ name: 'sync', value: 0x70000, size: 32 }], [], old).generation).toBe('aieml');
    expect(namesOf([], [], old).generation).toBeUndefined();
    // A stack at the end of the memory ends where the windows of the next generation begin; other numbers are no addresses.
    const full = namesOf(
      [
        { name: '_sp_start_DM_stack', value: 0x3f000 },
        { name: '_sp_end_DM_stack', value: 0x40000 },
        { name: 'one', value: 0x38000, type: 1, size: 32 },
        { name: 'two', value: 0x38020, type: 1, size: 32 },
        { name: '_heap_size', value: 0x800000 },
        { name: '_dm_end', value: 0x40000 },
      ],
      [],
      old,
    );
    expect(full.generation).toBe('aie');
    expect(full.buffers.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(full.stack).toEqual({ address: 0x3f000, size: 0x1000, sizeFrom: 'elf' });
  });
});

describe('[names-2] linker files', () => {
  test('.bcf', () => {
    expect(readBcf(bcf)).toEqual({
      source: 'bcf',
      stack: { address: 0x70000, size: 0x400 },
      buffers: [
        { name: 'in_buff', address: 0x70500, size: 68 },
        { name: 'out_buff', address: 0x78000, size: 64 },
      ],
    });
  });

  test('ld.script', () => {
    expect(readLdScript(script)).toEqual({
      source: 'ld.script',
      stack: { address: 0x70000, size: 0xd00 },
      buffers: [
        { name: 'in_buff', address: 0x74000, size: 0x1200 },
        { name: 'alias', address: 0x74000, size: 0x1200 },
        { name: 'after', address: 0x75200, size: 16 },
      ],
    });
  });

  test('.map', () => {
    expect(readLinkerMap(map)).toEqual({
      source: 'map',
      stack: { address: 0x70020, size: 4096 },
      buffers: [{ name: 'ZERO', address: 0x71020, size: 32 }],
    });
  });

  test('lines without end take no time, in each kind', () => {
    const lines = [
      `0x00000000..0x00000003 ( 4 items) : ${':'.repeat(16_000)}`,
      `0x00000000..0x00000003 ( 4 items) : ${'f::a '.repeat(3000)}`,
      '/* '.repeat(5400),
      `. = 0x${' '.repeat(16_000)}`,
      `_symbol${' '.repeat(16_000)}`,
    ];
    const text = `${lines.join('\n')}\n`.repeat(100);
    const before = process.cpuUsage();
    for (const read of [readBcf, readLdScript, readLinkerMap]) expect(read(text).buffers).toEqual([]);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(5000);
  });

  test('numbers that are none, lines without end and other texts name nothing', () => {
    for (const read of [readBcf, readLdScript, readLinkerMap]) {
      const { buffers, stack } = read(
        `_symbol a 0x1ffffffff 4\n_symbol b 12x 4\n. = 99999999999;\nx = .;\n. += -4;\n${'y'.repeat(100_000)}\n` +
          '0x00000010..0x00000001 ( 4 items) : f::z (Data)\n',
      );
      expect(buffers).toEqual([]);
      expect(stack).toBeUndefined();
    }
  });
});

test('[names-2] the core that an ELF belongs to, by its path', () => {
  const mlir = (column: number, row: number) => ({ column, row, isComputeRow: false });
  expect(corePath('/x/Work/aie/24_0/Release/24_0')).toEqual({ column: 24, row: 0, isComputeRow: true });
  expect(corePath('core_0_2.elf')).toEqual(mlir(0, 2));
  expect(corePath('a.prj/main_core_0_2.elf')).toEqual(mlir(0, 2));
  expect(corePath('segment_0_core_1_12.elf')).toEqual(mlir(1, 12));
  expect(corePath('p/elfs_main_core_0_2/elfs_main_core_0_2.elf')).toEqual(mlir(0, 2));
  expect(corePath('aie/24_0/Release/24_1')).toBeUndefined();
  expect(corePath('aie/24_0/Release/24_0.o')).toBeUndefined();
  expect(corePath('core_0_2.elf.map')).toBeUndefined();
  expect(corePath('core_9999_2.elf')).toBeUndefined();
});

test('where the linker files of an ELF lie', () => {
  const paths = (of: string) => linkerPaths(of).map(({ path }) => path);
  expect(paths('Work/aie/24_0/Release/24_0')).toEqual([
    'Work/aie/24_0/scripts/24_0.bcf',
    'Work/aie/24_0/Release/24_0.map',
  ]);
  expect(paths('a.prj/main_core_0_2.elf')).toEqual([
    'a.prj/main_core_0_2.bcf',
    'a.prj/main_core_0_2.ld.script',
    'a.prj/main_core_0_2/main_core_0_2.ld.script',
    'a.prj/main_core_0_2.elf.map',
  ]);
  expect(paths('p/elfs_main_core_0_2/elfs_main_core_0_2.elf')).toContain(
    'p/ldScripts_main_core_0_2.ld.script',
  );
});

test('files of one build have the same folder', () => {
  expect(buildFolder('/x/Work/ps/c_rts/aie_control_config.json')).toBe('/x/Work');
  expect(buildFolder('/x/Work/aie/24_0/Release/24_0')).toBe('/x/Work');
  expect(buildFolder('/x/a.prj/main_core_0_2.elf')).toBe('/x/a.prj');
  expect(buildFolder('/x/a.prj/input_with_addresses.mlir')).toBe('/x/a.prj');
  expect(buildFolder('/x/a.prj/elfs_main_core_0_2/elfs_main_core_0_2.elf')).toBe('/x/a.prj');
  expect(buildFolder('/aie_control_config.json')).toBe('');
});
