import { expect, test } from 'vitest';
import { makeElf } from '../../../test/program/elf.ts';
import { elfSample as sample } from '../../../test/program/samples.ts';
import { type ElfFile, readElf } from './elf.ts';
import { faultText } from './fault-texts.ts';
import { FileFault } from './faults.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};

function faultOf(bytes: Uint8Array): FileFault {
  try {
    readElf(bytes);
  } catch (error) {
    if (error instanceof FileFault) return error;
    throw error;
  }
  throw new Error('it was read');
}

test('[names-2] sections, segments and all three styles of symbols of a core', () => {
  const elf: ElfFile = readElf(sample);
  expect(elf).toMatchObject({ machine: 264, flags: 2 });
  expect(elf.sections.map(({ name, size, bytes }) => [name, size, bytes.length])).toEqual([
    ['', 0, 0],
    ['.text', 32, 32],
    ['.bss.DMb', 64, 0],
    ['.stack_sizes', 5, 5],
    ['.strtab', expect.any(Number), expect.any(Number)],
    ['.symtab', 96, 96],
    ['.shstrtab', expect.any(Number), expect.any(Number)],
  ]);
  expect(elf.segments.map(({ type, address, size, bytes }) => [type, address, size, bytes.length])).toEqual([
    [1, 0, 32, 32],
    [1, 0x70400, 64, 0],
  ]);
  expect(elf.segments[0]?.bytes).toEqual(Uint8Array.from({ length: 32 }, (_, i) => i));
  expect(elf.symbols).toEqual([
    { name: 'main', value: 0, size: 32, type: 'function', section: 1 },
    { name: 'with_size', value: 0x70400, size: 64, type: 'object', section: 2 },
    { name: 'without_size', value: 0x70440, size: 0, type: 'object', section: 0xfff1 },
    { name: 'of_no_type', value: 0x70480, size: 0, type: 'none', section: 3 },
    { name: 'core.o', value: 0, size: 0, type: 'file', section: 0xfff1 },
  ]);
});

test('[names-2] machine 0 is one of ours, all others are refused in words, and so is what is not linked', () => {
  expect(readElf(makeElf({ machine: 0, flags: 0 })).machine).toBe(0);
  for (const machine of [1, 3, 62, 183, 243, 0x109]) {
    expect(faultText(faultOf(makeElf({ machine })), l10n)).toBe(
      `This ELF file is for another processor (machine ${machine}), not for an AI Engine core. (byte 0x12)`,
    );
  }
  expect(faultOf(makeElf({ type: 1 })).kind).toBe('not-linked');
  expect(faultOf(new TextEncoder().encode('#!/bin/sh\n')).kind).toBe('not-elf');
  expect(faultOf(new Uint8Array()).kind).toBe('not-elf');
  const wide = sample.slice();
  wide[4] = 2;
  expect(faultOf(wide)).toMatchObject({ kind: 'not-elf32', place: { byte: 4 } });
});

test('what lies outside the file is said with its place', () => {
  const at = (offset: number, value: number): FileFault => {
    const copy = sample.slice();
    new DataView(copy.buffer).setUint32(offset, value, true);
    return faultOf(copy);
  };
  expect(faultText(at(32, 0xfffffff0), l10n)).toBe(
    'The file ends before the table of sections does. (byte 0xFFFFFFF0)',
  );
  expect(at(28, 0x7fffffff)).toMatchObject({ kind: 'outside-file', part: { kind: 'segments' } });
  expect(at(52 + 16, 0x7fffffff)).toMatchObject({
    kind: 'outside-file',
    part: { kind: 'segment', index: 0 },
  });
  expect(faultOf(sample.subarray(0, 40))).toMatchObject({ kind: 'outside-file', part: { kind: 'header' } });
});

test('names that share one long text end in a fault, not in memory', () => {
  const long = 'x'.repeat(60_000);
  const many = makeElf({
    symbols: [{ name: long, value: 0 }, ...Array.from({ length: 400 }, () => ({ name: '', value: 0 }))],
  });
  const symtab = readElf(many).sections.find(({ name }) => name === '.symtab');
  const view = new DataView(many.buffer);
  for (let i = 1; i < 400; i++) view.setUint32((symtab?.offset ?? 0) + 16 * i, 1, true);
  expect(faultOf(many)).toMatchObject({ kind: 'too-many', part: { kind: 'names' } });
});

test('more symbols than any core has are refused before they are read', () => {
  const bytes = makeElf({ symbols: [{ name: 'a', value: 0 }] });
  const larger = new Uint8Array(bytes.length + 16 * 300_000);
  larger.set(bytes);
  const view = new DataView(larger.buffer);
  const { sections } = readElf(bytes);
  const header = view.getUint32(32, true) + 40 * sections.findIndex(({ name }) => name === '.symtab');
  view.setUint32(header + 16, bytes.length, true);
  view.setUint32(header + 20, 16 * 300_000, true);
  expect(faultOf(larger)).toMatchObject({ kind: 'too-many', part: { kind: 'section' } });
});

test('what has no bytes in the file may begin behind its end, as linkers leave it', () => {
  const bytes = makeElf({
    sections: [{ name: '.bss.DMb', flags: 3, address: 0x70400, size: 64, isLoaded: true }],
  });
  const view = new DataView(bytes.buffer);
  const table = view.getUint32(28, true);
  view.setUint32(table + 4, bytes.length + 64, true);
  expect(view.getUint32(table + 16, true)).toBe(0);
  expect(readElf(bytes).segments).toMatchObject([{ size: 64, bytes: new Uint8Array() }]);
});
