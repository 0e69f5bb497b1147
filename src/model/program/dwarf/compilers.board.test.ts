import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../../../scripts/common.ts';
import { type Build, targets, type Workshop, workshop } from '../../../../test/program/compile.ts';
import { sources } from '../../../../test/program/sources.ts';
import { type ElfFile, readElf } from '../elf.ts';
import { DebugInfo } from './debug-info.ts';
import type { ProgramType } from './types.ts';
import type { UnwindStep } from './unwind.ts';

let shop: Workshop;
beforeAll(async () => {
  shop = await workshop();
});
afterAll(async () => shop[Symbol.asyncDispose]());

/** Each version with each level, and each target; not each with each. */
const builds: readonly Build[] = [
  ...([2, 3, 4, 5] as const).flatMap((version, i) =>
    (['O0', 'O1', 'O2'] as const).map((level, j) => ({
      target: targets[(3 * i + j) % targets.length] ?? 'riscv32',
      version,
      level,
    })),
  ),
  ...([2, 3, 4, 5] as const).map((version) => ({ target: 'gcc', version, level: 'O2' as const })),
];

interface Program {
  readonly path: string;
  readonly elf: ElfFile;
  readonly info: DebugInfo;
}

async function built(build: Build, machine: 0 | 264 = 264): Promise<Program> {
  const path = await shop.build(sources, build, machine);
  const elf = readElf(await readFile(path));
  return { path, elf, info: new DebugInfo(elf) };
}

/** All addresses of all functions. */
function addressesOf(info: DebugInfo): number[] {
  const addresses: number[] = [];
  for (const { ranges } of info.functions) {
    for (const { low, high } of ranges) for (let at = low; at < high; at++) addresses.push(at);
  }
  return addresses;
}

/** Runs a tool with many addresses as its last arguments, some at a time. */
async function asked(tool: string, args: readonly string[], addresses: readonly number[]): Promise<string[]> {
  const said: string[] = [];
  for (let i = 0; i < addresses.length; i += 5000) {
    said.push(
      await must(tool, [...args, ...addresses.slice(i, i + 5000).map((at) => `0x${at.toString(16)}`)]),
    );
  }
  return said;
}

/** Name, file, line and column of each call at each address, as llvm-symbolizer says them. */
async function symbolized({ path }: Program, addresses: readonly number[]): Promise<string[][]> {
  interface Call {
    readonly FunctionName: string;
    readonly FileName: string;
    readonly Line: number;
    readonly Column: number;
  }
  const said = await asked(
    'llvm-symbolizer',
    ['--output-style=JSON', '--functions=short', `--obj=${path}`],
    addresses,
  );
  return said
    .flatMap((text) => JSON.parse(text) as { Symbol: Call[] }[])
    .map(({ Symbol: calls }) =>
      calls.map((one) => `${one.FunctionName} ${one.FileName}:${one.Line}:${one.Column}`),
    );
}

/** File and line of each call at each address, as GNU's addr2line says them. */
async function addressLines({ path }: Program, addresses: readonly number[]): Promise<string[][]> {
  const said = await asked('addr2line', ['-a', '-i', '-e', path], addresses);
  return said.flatMap((text) =>
    text
      .split(/^0x[0-9a-f]+$/m)
      .slice(1)
      .map((part) =>
        part
          .trim()
          .split('\n')
          .map((line) => line.replace(/ \(discriminator \d+\)$/, '')),
      ),
  );
}

function calls(info: DebugInfo, at: number): string[] {
  return info.callsAt(at).map(({ name, place }) => {
    const { file = '', line = 0, column = 0 } = place ?? {};
    return `${name} ${file}:${line}:${column}`;
  });
}

/** As GNU's tool writes it: no lines of 0, no columns. */
function lines(info: DebugInfo, at: number): string[] {
  return info
    .callsAt(at)
    .map(
      ({ place }) => `${place?.file ?? '??'}:${place === undefined || place.line === 0 ? '?' : place.line}`,
    );
}

/** Name and type of each variable with an address, as llvm-dwarfdump prints them. */
async function dumpedTypes({ path }: Program): Promise<string[]> {
  const text = await must('llvm-dwarfdump', ['--debug-info', path]);
  const entries = text.split(/\n(?=0x[0-9a-f]{8}:)/);
  const declared = new Map<string, string>();
  const read = (entry: string): string =>
    `${/DW_AT_name\t\("(.*)"\)/.exec(entry)?.[1]}: ${/DW_AT_type\t\(0x[0-9a-f]+ "(.*)"\)/.exec(entry)?.[1]}`;
  const found: string[] = [];
  for (const entry of entries) {
    if (!/^0x[0-9a-f]{8}: +DW_TAG_(?:variable|member)/.test(entry)) continue;
    declared.set(entry.slice(0, 10), read(entry));
    if (!/DW_AT_location\t\(DW_OP_addr/.test(entry)) continue;
    const of = /DW_AT_specification\t\((0x[0-9a-f]{8})/.exec(entry)?.[1];
    found.push(of === undefined ? read(entry) : (declared.get(of) ?? 'no declaration'));
  }
  return found.sort();
}

/** What GNU's readelf says of the frames: the address of each row, its base and where the caller's address is. */
async function unwindRows({ path }: Program): Promise<{ at: number; base: string; returnTo: string }[]> {
  const text = await must('readelf', ['--debug-dump=frames-interp', path]);
  const rows: { at: number; base: string; returnTo: string }[] = [];
  let columns: string[] = [];
  let isFunction = false;
  for (const line of text.split('\n')) {
    const cells = line.trim().split(/ +/);
    if (/^[0-9a-f]{8} [0-9a-f]{8} /.test(line)) isFunction = cells[3] === 'FDE';
    else if (cells[0] === 'LOC') columns = cells;
    else if (isFunction && /^[0-9a-f]{8}$/.test(cells[0] ?? '')) {
      const returnTo = cells[columns.indexOf('ra')] ?? 'u';
      rows.push({ at: Number.parseInt(cells[0] ?? '', 16), base: cells[1] ?? '', returnTo });
    }
  }
  return rows;
}

/** A step as readelf writes it. */
function stepText(step: UnwindStep | undefined): { base: string; returnTo: string } {
  const signed = (offset: number): string => (offset < 0 ? `${offset}` : `+${offset}`);
  const { base, returnTo } = step ?? {};
  return {
    base: base === undefined ? 'exp' : `r${base.register}${signed(base.offset)}`,
    returnTo: returnTo?.kind === 'memory' ? `c${signed(returnTo.offset)}` : 'u',
  };
}

/** Types of the globals of `sources`, by name. */
const globalTypes = {
  window: 'v4int32[64]',
  table: 'Node[3][5]',
  mode: 'volatile Mode',
  plain: 'Plain',
  hidden: 'int[4]',
  derived: 'Derived',
  flag: 'bool',
  letter: 'char',
  gain: 'float',
  wide: 'double',
  tiny: 'signed char',
  filter: 'Filter<int>',
  alias: 'int &',
  calls: 'int',
  other: 'int',
  secret: 'Word[2]',
};

describe('[debug-10] debug information of compilers, as other tools read it', () => {
  test.each(builds)('$target, DWARF $version, -$level: every address of every function', async (build) => {
    const program = await built(build, build.version % 2 === 0 ? 264 : 0);
    const { elf, info } = program;
    expect(info.faults).toEqual([]);
    expect(info.versions).toEqual([build.version]);
    const addresses = addressesOf(info);
    expect(addresses.length).toBeGreaterThan(500);
    const expected = await symbolized(program, addresses);
    for (const [i, at] of addresses.entries())
      expect(calls(info, at), `0x${at.toString(16)}`).toEqual(expected[i]);
    // GNU's tool of 2023 counts the files of clang's version 5 tables from 1.
    if (build.version < 5 || build.target === 'gcc') {
      const second = await addressLines(program, addresses);
      for (const [i, at] of addresses.entries())
        expect(lines(info, at), `0x${at.toString(16)}`).toEqual(second[i]);
    }

    // Symbols of ARM's short instructions have odd addresses.
    const functions = elf.symbols.filter(({ type }) => type === 'function');
    for (const { name, value, size } of functions) {
      const found = info.functionAt(value & ~1);
      expect(
        found?.ranges.some(({ low, high }) => low === (value & ~1) && high - low === size),
        name,
      ).toBe(true);
      if (found?.linkageName !== found?.name) expect(found?.linkageName).toBe(name);
    }

    const objects = elf.symbols.filter(({ type, name }) => type === 'object' && name.startsWith('_Z'));
    expect(objects.length).toBeGreaterThan(15);
    for (const { name, value, size } of objects) {
      const found = info.globals.find(({ address }) => address === value);
      expect(found, name).toMatchObject({ size: name === '_ZN3dsp5aliasE' ? 4 : size });
      if (found?.linkageName !== found?.name) expect(found?.linkageName).toBe(name);
    }
    const types = Object.fromEntries(info.globals.map(({ name, type }) => [name, info.types.text(type)]));
    expect(types).toMatchObject(globalTypes);
    expect(info.globals.map(({ name, type }) => `${name}: ${info.types.text(type)}`).sort()).toEqual(
      await dumpedTypes(program),
    );

    const rows = await unwindRows(program);
    expect(rows.length).toBeGreaterThan(5);
    for (const { at, ...row } of rows)
      expect(stepText(info.unwindAt(at)), `0x${at.toString(16)}`).toEqual(row);
  });

  test('members of structs, bit fields and enumerators, the same on all targets and in all versions', async () => {
    for (const [i, version] of ([2, 3, 4, 5] as const).entries()) {
      const { info } = await built({
        target: i % 2 === 0 ? 'gcc' : 'thumbv7m-none-eabi',
        version,
        level: 'O1',
      });
      const { types, globals } = info;
      const typeOf = (name: string): ProgramType =>
        types.type(types.plain(globals.find((one) => one.name === name)?.type ?? -1));
      const table = typeOf('table');
      const node = types.type(table.kind === 'array' ? table.of : -1);
      if (node.kind !== 'struct') throw new Error(`${version}: ${node.kind}`);
      expect(
        node.members.map(({ name, type, offset, bits }) => [name, types.text(type), offset, bits]),
      ).toEqual([
        ['tag', expect.stringMatching(/^short(?: int)?$/), 0, undefined],
        ['low', expect.stringMatching(/^unsigned(?: int)?$/), 2, { first: 0, count: 3 }],
        ['high', expect.stringMatching(/^unsigned(?: int)?$/), 2, { first: 3, count: 9 }],
        ['next', 'Node *', 4, undefined],
        ['word', 'Word', 8, undefined],
        ['point', 'struct', 12, undefined],
      ]);
      const mode = typeOf('mode');
      expect(mode).toMatchObject({ kind: 'enum', name: 'Mode', size: 1 });
      if (mode.kind === 'enum') {
        expect(mode.values).toEqual([
          { name: 'Idle', value: 1 },
          { name: 'Fast', value: 7 },
        ]);
      }
      expect(typeOf('plain')).toMatchObject({ values: [{ name: 'Minus', value: -3 }, { value: 70000 }] });
      const derived = typeOf('derived');
      expect(derived).toMatchObject({
        kind: 'struct',
        members: [{ isBase: true, offset: 0 }, { name: 'second' }, { name: 'where' }, { name: 'call' }],
      });
      const window = typeOf('window');
      const vector = types.type(types.plain(window.kind === 'array' ? window.of : -1));
      expect(vector).toMatchObject({ kind: 'array', isVector: true, counts: [4] });
    }
  });

  test('types in units of their own are found', async () => {
    for (const version of [4, 5] as const) {
      const more = ['-fdebug-types-section'];
      const { info } = await built({ target: 'gcc', version, level: 'O1', more });
      expect(info.faults).toEqual([]);
      const types = Object.fromEntries(info.globals.map(({ name, type }) => [name, info.types.text(type)]));
      expect(types).toMatchObject(globalTypes);
      expect(info.types.sizeOf(info.globals.find(({ name }) => name === 'table')?.type ?? -1)).toBe(15 * 20);
    }
  });

  test('code that the linker left out takes nothing from the code at its address', async () => {
    const removed = 'int removed(int a) { int b = a; for (int i = 0; i < 99; i++) b += i * a; return b; }\n';
    const path = await shop.build(
      {
        'first.cc': `${removed}extern "C" int start(int a) { return a + 1; }\n${removed.replace('removed', 'gone')}`,
      },
      {
        target: 'riscv32',
        version: 4,
        level: 'O1',
        more: ['-ffunction-sections'],
        linker: ['--gc-sections', '-Ttext=0'],
      },
      264,
    );
    const elf = readElf(await readFile(path));
    const start = elf.symbols.find(({ name }) => name === 'start');
    expect(start?.value).toBe(0);
    const info = new DebugInfo(elf);
    expect(info.functions.map(({ name }) => name)).toEqual(['start']);
    for (let at = 0; at < (start?.size ?? 0); at++) {
      expect(info.callsAt(at)).toMatchObject([{ name: 'start', place: { line: 2 } }]);
    }
  });

  test('forms that are not read are said', async () => {
    const kinds = async (more: string[], version: 4 | 5 = 5): Promise<string[]> => {
      const { info } = await built({ target: 'gcc', version, level: 'O1', more });
      return [...new Set(info.faults.map(({ kind }) => kind))];
    };
    expect(await kinds(['-gsplit-dwarf'])).toEqual(['elsewhere']);
    expect(await kinds(['-gsplit-dwarf'], 4)).toEqual(['elsewhere']);
  });
});
