import { describe, expect, test } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { DwarfWriter, type MadeUnit } from '../../test/program/dwarf.ts';
import type { ElfFile } from '../model/program/elf.ts';
import { disassemblyLines, lineAt } from './disassembly-lines.ts';
import { CoreProgram } from './programs.ts';

const l10n = { t: (message: string) => message };
const unit: MadeUnit = {
  version: 4,
  folder: '/application',
  files: ['src/fir.cc'],
  functions: [
    { name: 'main', linkageName: 'main', ranges: [{ low: 0x10, high: 0x20 }], file: 0, line: 5, inlined: [] },
    {
      name: 'fir',
      linkageName: '_Z3firv',
      ranges: [{ low: 0x20, high: 0x40 }],
      file: 0,
      line: 10,
      inlined: [],
    },
  ],
  globals: [],
  sequences: [
    {
      rows: [
        { address: 0x10, file: 0, line: 6, column: 2 },
        { address: 0x20, file: 0, line: 12, column: 3 },
        { address: 0x28, file: 0, line: 13, column: 3 },
      ],
      end: 0x40,
    },
  ],
};
const program = () => {
  const sections = new DwarfWriter(new Random(5)).write([unit]).map(({ name, bytes }) => ({
    name,
    bytes,
    type: 1,
    flags: 0,
    address: 0,
    size: bytes.length,
    offset: 0,
  }));
  return new CoreProgram({
    machine: 264,
    flags: 1,
    sections,
    segments: [],
    symbols: [],
  } as unknown as ElfFile);
};
const listing = [
  { address: 0x10, text: 'nop' },
  { address: 0x14, text: 'jl fir' },
  { address: 0x20, text: 'mova r0, #5' },
  { address: 0x28, text: 'vmac' },
];

describe('[names-4] a disassembly', () => {
  const lines = disassemblyLines(listing, {
    program: program(),
    bytes: (offset, length) =>
      offset === 0x14 ? undefined : Uint8Array.from({ length }, (_, i) => offset + i),
    source: (file, line) =>
      file === '/application/src/fir.cc' && line === 12 ? '  acc = mul(a, b);' : undefined,
    l10n,
  });
  const width = 16 * 3 - 1;

  test('has the bytes of memory beside each instruction, functions above it, lines of the source between', () => {
    expect(lines.map(({ text }) => text)).toEqual([
      'main:',
      '  ; fir.cc:6',
      `    0010  ${'10 11 12 13'.padEnd(width)}  nop`,
      `    0014  ${'not read'.padEnd(width)}  jl fir`,
      '',
      'fir:',
      '  ; fir.cc:12  acc = mul(a, b);',
      `    0020  ${'20 21 22 23 24 25 26 27'.padEnd(width)}  mova r0, #5`,
      '  ; fir.cc:13',
      `    0028  ${'28 29 2A 2B 2C 2D 2E 2F 30 31 32 33 34 35 36 37'.padEnd(width)}  vmac`,
    ]);
  });

  test('finds the line of an address, also inside of an instruction', () => {
    expect(lineAt(lines, 0x14)).toBe(3);
    expect(lineAt(lines, 0x27)).toBe(7);
    expect(lineAt(lines, 0x37)).toBe(9);
    expect(lineAt(lines, 0x38)).toBe(-1);
    expect(lineAt(lines, 0)).toBe(-1);
  });
});
