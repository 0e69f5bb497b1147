import { describe, expect, test } from 'vitest';
import { makeElf } from '../../../test/program/elf.ts';
import { configSample } from '../../../test/program/samples.ts';
import { type Build, columnsOf, placedNames, programOf, shapeOf } from './build.ts';
import { readControlConfig } from './control-config.ts';
import { readElf } from './elf.ts';
import { FileFault } from './faults.ts';
import { linkerReaders } from './linker-files.ts';
import { readModule } from './mlir.ts';
import { nameText } from './name-texts.ts';
import { type BoardShape, type Placed, placeBuild } from './placement.ts';
import { coreSymbols } from './symbols.ts';

const said = (message: string, ...args: (string | number)[]) =>
  message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)]));
const aieml: BoardShape = {
  generation: 'aieml',
  array: {
    numCols: 38,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: 1 },
    core: { start: 2, count: 4 },
  },
  partitions: [{ startCol: 4, numCols: 4 }],
};
const aie: BoardShape = {
  generation: 'aie',
  array: {
    numCols: 50,
    shim: { start: 0, count: 1 },
    memory: { start: 1, count: 0 },
    core: { start: 1, count: 8 },
  },
  partitions: [{ startCol: 0, numCols: 50 }],
};
const placed = (startCol: number, coreStart: number): Placed => ({ kind: 'placed', startCol, coreStart });
const shown = (build: Build, where: Placed, board: BoardShape) =>
  placedNames(build, where, board).map(({ kind, name, tile, memory, offset, size, sizeFrom, type, of }) =>
    [
      `${kind} ${name} (${tile.col},${tile.row}) ${memory}+0x${offset.toString(16)} ${size} ${sizeFrom}`,
      ...(type === undefined ? [] : [type]),
      ...(of === undefined ? [] : [`of (${of.col},${of.row})`]),
    ].join(' '),
  );

test('a build may name more than fits into the arguments of a call', () => {
  const buffers = Array.from({ length: 200_000 }, (_, i) => ({
    name: `b${i}`,
    column: i % 3,
    row: 2,
    offset: 0,
    size: 4,
    type: 'i32',
  }));
  const device = { name: '', target: 'npu1', cores: [], buffers, unplaced: 0 };
  expect(columnsOf({ cores: [], modules: [{ label: 'm.mlir', content: [device] }] })).toBe(3);
});

describe('[names-2] the names of a build on a board', () => {
  const module = readModule(`aie.device(npu1_1col) {
    %mem = aie.tile(0, 1)
    %t = aie.tile(0, 2)
    %a = aie.buffer(%t) {address = 1024 : i32, sym_name = "in_buff"} : memref<16xi32>
    %b = aie.buffer(%t) {address = 2048 : i32, sym_name = "only_here"} : memref<4xi8>
    %m = aie.buffer(%mem) {address = 65536 : i32, sym_name = "big"} : memref<1024xi32>
    %core_0_2 = aie.core(%t) {`);
  const elf = makeElf({
    sections: [{ name: '.text', flags: 6, bytes: new Uint8Array(64), isLoaded: true }],
    symbols: [
      { name: 'in_buff', value: 0x70400, type: 0, section: '.strtab' },
      { name: 'neighbour', value: 0x60100, size: 8 },
      { name: '_sp_start_DM_stack', value: 0x60000 },
      { name: '_sp_end_DM_stack', value: 0x60100 },
      { name: 'core_0_2', value: 0x20, size: 32, type: 2, section: '.text' },
    ],
  });
  const build: Build = {
    cores: [
      {
        label: 'core_0_2.elf',
        core: { column: 0, row: 2, isComputeRow: false },
        content: coreSymbols(readElf(elf)),
      },
    ],
    modules: [{ label: 'm.mlir', content: module }],
  };

  test('ELF and module tell of the same buffers once; the size comes from who has it; neighbours hold what they hold', () => {
    expect(shown(build, placed(4, 2), aieml)).toEqual([
      'buffer big (4,1) memory-tile+0x10000 4096 mlir 1024xi32',
      'function core_0_2 (4,2) program+0x20 32 elf',
      'buffer in_buff (4,2) data+0x400 64 mlir 16xi32',
      'buffer only_here (4,2) data+0x800 4 mlir 4xi8',
      'stack  (4,3) data+0x0 256 elf of (4,2)',
      'buffer neighbour (4,3) data+0x100 8 elf of (4,2)',
    ]);
    expect(columnsOf(build)).toBe(1);
    expect(placeBuild(shapeOf(build), columnsOf(build), aieml)).toEqual(placed(4, 2));
  });

  test('the program of a tile is that of the one ELF for its core', () => {
    const [core] = build.cores;
    if (core === undefined) throw new Error('no core');
    expect(programOf(build, placed(4, 2), { col: 4, row: 2 })).toMatchObject({
      label: 'core_0_2.elf',
      image: { said: { 0: 1 } },
    });
    expect(programOf(build, placed(4, 2), { col: 4, row: 3 })).toBeUndefined();
    const twice = { ...build, cores: [core, { ...core, label: 'other.elf' }] };
    expect(programOf(twice, placed(4, 2), { col: 4, row: 2 })).toBeUndefined();
  });

  test('sizes of a linker file count more than those of the module', () => {
    const linked = coreSymbols(readElf(elf), [linkerReaders.bcf('_symbol in_buff 0x70400 60\n')]);
    const [core] = build.cores;
    const other = { ...build, cores: core === undefined ? [] : [{ ...core, content: linked }] };
    expect(shown(other, placed(4, 2), aieml)).toContain('buffer in_buff (4,2) data+0x400 60 bcf 16xi32');
  });

  test("aiecompiler's rows count from the first row of cores; the checkerboard is the absolute row's", () => {
    const content = coreSymbols(
      readElf(makeElf({ machine: 0, flags: 0, symbols: [{ name: 'sync', value: 0x38000, size: 32 }] })),
    );
    const on = (row: number): Build => ({
      cores: [{ label: 'e', core: { column: 24, row, isComputeRow: true }, content }],
      modules: [],
    });
    expect(shown(on(0), placed(0, 1), aie)).toEqual(['buffer sync (24,1) data+0x0 32 elf']);
    expect(shown(on(1), placed(0, 1), aie)).toEqual(['buffer sync (25,2) data+0x0 32 elf of (24,2)']);
    expect(shapeOf(on(0))).toEqual({ startCols: [], generation: 1 });
    expect(placeBuild(shapeOf(on(0)), 25, aieml)).toEqual({
      kind: 'unplaced',
      problem: { kind: 'generation' },
    });
  });

  test("a producer and a consumer tell of one buffer: it is nobody else's where its own core has it", () => {
    const core = (row: number, value: number) => ({
      label: `${row}`,
      core: { column: 0, row, isComputeRow: false },
      content: coreSymbols(readElf(makeElf({ symbols: [{ name: 'shared', value }] }))),
    });
    const two: Build = { cores: [core(2, 0x60000), core(3, 0x70000)], modules: [] };
    expect(shown(two, placed(4, 2), aieml)).toEqual(['buffer shared (4,3) data+0x0 65536 next']);
  });

  test('a run-time parameter has three places: the selector and two buffers', () => {
    const config = { label: 'c', content: readControlConfig(configSample) };
    const build: Build = { config, cores: [], modules: [] };
    expect(columnsOf(build)).toBe(8);
    expect(placedNames(build, placed(10, 3), aieml).map((one) => nameText(one, { t: said }))).toEqual([
      'selector of mygraph.k.in[1]',
      'mygraph.k.in[1] (ping)',
      'mygraph.k.in[1] (pong)',
    ]);
    expect(shown(build, placed(10, 3), aieml)).toEqual([
      'parameter mygraph.k.in[1] (12,3) data+0x2000 4 config',
      'parameter mygraph.k.in[1] (12,3) data+0x2020 64 config',
      'parameter mygraph.k.in[1] (12,4) data+0x0 64 config',
    ]);
  });

  test('files that are broken, modules with several devices, and cores where there are none name nothing', () => {
    const broken: Build = {
      config: { label: 'c', content: new FileFault('empty', {}) },
      cores: [
        {
          label: 'e',
          core: { column: 9, row: 2, isComputeRow: false },
          content: new FileFault('not-elf', {}),
        },
      ],
      modules: [{ label: 'm', content: [...module, ...module] }],
    };
    expect(shown(broken, placed(4, 2), aieml)).toEqual([]);
    const [core] = build.cores;
    const inShim = core && { ...core, core: { column: 0, row: 0, isComputeRow: false } };
    expect(shown({ cores: inShim ? [inShim] : [], modules: [] }, placed(4, 2), aieml)).toEqual([]);
  });
});
