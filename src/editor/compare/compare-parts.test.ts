import { describe, expect, test } from 'vitest';
import { stateBits } from '../../model/byte-state.ts';
import type { CellName } from '../../model/cells/choices.ts';
import { elementType, exact } from '../../model/compare/element.ts';
import { FileError, type FileErrorCode } from '../../model/files/file-error.ts';
import { readGoldenFile } from '../../model/files/golden-file.ts';
import type { MemoryGeometry } from '../../model/geometry.ts';
import { Comparison, sideOfBytes } from '../../session/comparison.ts';
import { type ComparedMemory, type ComparisonRow, comparisonRow, mismatchLines } from './comparison-rows.ts';
import { parseTolerance, toleranceInput, valuePatternText } from './comparison-sentences.ts';
import { expectedPlaces, rawChoice, typesFor } from './expected-places.ts';
import { fileSentence } from './file-sentences.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 2,
  numCols: 2,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 0x1000,
  tileBase: 0,
};
const whole = { offset: 0, length: 0x4000 };

describe('where a file is expected', () => {
  test('in the selection; else from the cursor or the tile on, whichever the file fits', () => {
    const at = (cursor: number, bytes: number, selected?: { offset: number; length: number }) =>
      expectedPlaces(
        { geometry, range: whole, cursor, ...(selected === undefined ? {} : { selected }) },
        bytes,
      ).map(({ from, range }) => [from, range.offset, range.length]);
    expect(at(0x1200, 64, { offset: 0x1100, length: 32 })).toEqual([['selection', 0x1100, 32]]);
    expect(at(0x1200, 64, { offset: 0x1100, length: 128 })).toEqual([['selection', 0x1100, 64]]);
    expect(at(0x1200, 64)).toEqual([
      ['cursor', 0x1200, 64],
      ['tile', 0x1000, 64],
    ]);
    expect(at(0x1000, 64)).toEqual([['cursor', 0x1000, 64]]);
    expect(at(0x3800, 0x1000)).toEqual([
      ['tile', 0x3000, 0x1000],
      ['cursor', 0x3800, 0x800],
    ]);
    expect(at(0x1200, 0x4000)[0]).toEqual(['editor', 0, 0x4000]);
  });

  test('in what a build names at the cursor, where the file fits it; otherwise that is one of the places', () => {
    const named = { name: 'out', range: { offset: 0x1180, length: 0x100 } };
    const at = (bytes: number) => expectedPlaces({ geometry, range: whole, cursor: 0x1200, named }, bytes);
    expect(at(0x100)[0]).toEqual({ from: 'name', range: { offset: 0x1180, length: 0x100 } });
    expect(at(0x40)[0]).toEqual({ from: 'name', range: { offset: 0x1180, length: 0x40 } });
    expect(at(0x800).map(({ from, range }) => [from, range.length])).toEqual([
      ['cursor', 0x800],
      ['tile', 0x800],
      ['name', 0x100],
    ]);
  });

  test('bytes are compared as the cells of the tab if these are numbers; never as parts of a value', () => {
    expect(rawChoice({ name: 'bfloat16', order: 'big' }, 6)).toEqual({ name: 'bfloat16', order: 'big' });
    expect(rawChoice({ name: 'hex8', order: 'little' }, 8).name).toBe('hex32');
    expect(rawChoice({ name: 'hex8', order: 'little' }, 7).name).toBe('hex8');
  });

  test("a file's numbers: the type of the tab first, then its own; whole numbers only as whole", () => {
    const names = (text: string, cells: CellName) => {
      const file = readGoldenFile('a.txt', Buffer.from(text));
      if (file.kind !== 'numbers') throw new TypeError('no numbers');
      return typesFor(file.numbers, { name: cells, order: 'little' }).map(({ name }) => name);
    };
    expect(names('1 2', 'hex8').slice(0, 2)).toEqual(['int32', 'int8']);
    expect(names('1 2', 'cint16')[0]).toBe('cint16');
    expect(names('1.5', 'int16')).toEqual(['float32', 'float16', 'bfloat16', 'float64', 'cfloat']);
  });
});

describe('tolerances', () => {
  test('are read as they are written', () => {
    expect(parseTolerance('0.5')).toEqual({ absolute: 0.5, relative: 0 });
    expect(parseTolerance(' 0.1 % ')).toEqual({ absolute: 0, relative: 0.001 });
    expect(parseTolerance('1e-3 + 2%')).toEqual({ absolute: 0.001, relative: 0.02 });
    expect(parseTolerance('0')).toEqual(exact);
    for (const wrong of ['', ' ', '-1', 'x', '1 2', '%', '1e999'])
      expect(parseTolerance(wrong), wrong).toBeUndefined();
    for (const tolerance of [
      exact,
      { absolute: 0.5, relative: 0 },
      { absolute: 0, relative: 0.001 },
      { absolute: 2, relative: 0.25 },
    ])
      expect(parseTolerance(toleranceInput(tolerance))).toEqual(tolerance);
  });
});

describe('sentences', () => {
  test('every fault of a file has one, with its place and a next step', () => {
    const facts = { line: 7, offset: 8, text: '[x](command:y)', type: 'int16', bytes: 9, most: 10 };
    const codes: readonly FileErrorCode[] = [
      ...(['file-empty', 'file-too-large', 'file-cut', 'npy-header', 'npy-version', 'npy-type'] as const),
      ...(['hex-record', 'hex-checksum', 'hex-overlap', 'json', 'file-outside'] as const),
      ...(['snapshot', 'file-unreadable', 'file-unwritten'] as const),
      ...(['no-number', 'heading-unclear', 'csv-row', 'csv-keep', 'number-outside'] as const),
    ];
    for (const code of codes)
      expect(fileSentence(new FileError(code, facts), l10n)).toMatch(/^[A-Z].*\. [A-Z].*\.$/);
    expect(fileSentence(new FileError('no-number', facts), l10n)).toContain('Line 7');
    const { line: _, ...noLine } = facts;
    expect(fileSentence(new FileError('number-outside', noLine), l10n)).not.toContain('Line');
  });

  test('each change of values has words of its own', () => {
    const base = { explained: 3, of: 4 };
    const texts = [
      ...[
        { kind: 'byte-order' },
        { kind: 'swapped-parts' },
        { kind: 'shift', bytes: 4 },
        { kind: 'shift', bytes: -4 },
      ],
      ...[
        { kind: 'scale', factor: 0.5 },
        { kind: 'added', difference: 2 },
        { kind: 'added', difference: -2 },
      ],
      ...[
        { kind: 'constant', from: 9 },
        { kind: 'rounding', most: 1 },
      ],
    ].map((change) => valuePatternText({ ...base, ...change } as never, (element) => `v${element}`, l10n));
    expect(new Set(texts.map(({ label }) => label)).size).toBe(texts.length);
    expect(texts[7]).toEqual({ label: 'All of them are v9', evidence: '3 of the 4 that were tried' });
    expect(texts[8]?.evidence).toContain('tolerance of 1');
  });
});

describe('the rows of a comparison', () => {
  const memory = (
    actual: Uint8Array,
    expected: Uint8Array,
    offset: number,
    notes: readonly string[] = [],
  ): ComparedMemory => ({
    id: 'c1',
    name: 'golden.txt',
    title: 'Board',
    geometry,
    range: { offset, length: actual.length },
    comparison: new Comparison(
      sideOfBytes({ bytes: actual }),
      sideOfBytes({ bytes: expected }),
      actual.length,
      {
        type: elementType({ name: 'int16', order: 'little' }),
        tolerance: exact,
      },
    ),
    notes,
  });
  const line = ({ label, description }: ComparisonRow) => `${label}: ${description}`;
  const below = (row: ComparisonRow | undefined) => row?.below?.() ?? [];

  test('say how many differ, what they have in common, and list them by tile', () => {
    const expected = new Uint8Array(Int16Array.from({ length: 1024 }, (_, i) => 7 * i).buffer);
    const actual = expected.slice();
    for (let i = 0; i < 1024; i += 8) actual[2 * i] = (actual[2 * i] ?? 0) ^ (1 + (i % 50));
    // The first half lies in one tile, the second in the next.
    const root = comparisonRow(memory(actual, expected, 0x1000 - 1024, ['a note']), l10n);
    expect(line(root)).toBe('golden.txt: 128 of 1024 values differ');
    expect(below(root).map(line)).toEqual([
      'Every 8th value differs, from value 0, (2,1)+0xC00 on: stride 8; 128 of the 128 values there',
      'a note: ',
      'Compared as int16: tolerance 0',
      '(2,1): 64 mismatches',
      '(2,2): 64 mismatches',
    ]);
    const [first, second] = below(root).slice(3);
    // One picture of the array, (2,1) at its lower left; one of each tile, of which the last quarter was compared.
    expect(root.thumbnail?.().shares.map((share) => share > 0)).toEqual([true, false, true, false]);
    const parts = first?.thumbnail?.().shares.map((share) => share > 0) ?? [];
    expect(parts).toEqual(Array.from({ length: 256 }, (_, i) => i >= 192));
    expect(below(first).slice(0, 2).map(line)).toEqual(['0x0C00: 1, expected 0', '0x0C10: 49, expected 56']);
    expect(below(second)[0]?.place).toEqual({ offset: 0x1000, length: 2 });
    expect(below(second)).toHaveLength(64);
  });

  test('millions of mismatches are groups of groups, none made before it is opened', () => {
    const length = 0x4000;
    const root = comparisonRow(memory(new Uint8Array(length).fill(1), new Uint8Array(length), 0), l10n);
    const tiles = below(root).filter(({ icon }) => icon === 'chip');
    expect(tiles.map(({ label }) => label)).toEqual(['(2,1)', '(2,2)', '(3,1)', '(3,2)']);
    const groups = below(tiles[1]);
    expect(groups.length).toBeLessThanOrEqual(500);
    expect(line(groups[1] ?? root)).toBe('501 - 1000: from 0x03E8 on');
    expect(below(groups[1])).toHaveLength(500);
    const seen = new Set<string>();
    const walk = (row: ComparisonRow): void => {
      expect(seen.has(row.key)).toBe(false);
      seen.add(row.key);
      for (const one of below(row)) walk(one);
    };
    walk(root);
    expect([...seen].filter((key) => key.includes('/at'))).toHaveLength(length / 2);
  });

  test('are exported as lines, some at a time', () => {
    const length = 0x4000;
    const parts = [...mismatchLines(memory(new Uint8Array(length).fill(1), new Uint8Array(length), 0))];
    expect(parts.length).toBeGreaterThan(2);
    const lines = parts.join('').trimEnd().split('\n');
    expect(lines).toHaveLength(1 + length / 2);
    expect(lines.slice(0, 3)).toEqual([
      'col,row,offset,index,actual,expected',
      '2,1,0,0,257,0',
      '2,1,2,1,257,0',
    ]);
    expect(lines.at(-1)).toBe('3,2,4094,8191,257,0');
  });

  test('nothing differs, or nothing could be read', () => {
    const same = new Uint8Array(64);
    const root = comparisonRow(memory(same, same, 0), l10n);
    expect([line(root), root.icon]).toEqual(['golden.txt: all 32 values are as expected', 'pass']);
    const unread = memory(same, same, 0);
    const unknown = new Comparison(
      { bytes: ({ length }) => ({ bytes: new Uint8Array(length), states: new Uint8Array(length) }) },
      sideOfBytes({ bytes: same }),
      64,
      unread.comparison.measure,
    );
    const unreadRow = comparisonRow({ ...unread, comparison: unknown }, l10n);
    expect(line(unreadRow)).toBe('golden.txt: none of 32 values could be compared');
    expect(below(unreadRow).map(line)).toContain('32 values were not compared: their bytes are not known');
    const half = Uint8Array.from(same, (_, at) => (at < 40 ? stateBits.known : 0));
    for (const [held, said] of [
      [0, '20 values are as expected, 12 were not compared'],
      [1, '20 of 20 values differ, 12 were not compared'],
    ] as const) {
      const comparison = new Comparison(
        sideOfBytes({ bytes: new Uint8Array(64).fill(held), states: half }),
        sideOfBytes({ bytes: same }),
        64,
        unread.comparison.measure,
      );
      expect(line(comparisonRow({ ...unread, comparison }, l10n))).toBe(`golden.txt: ${said}`);
    }
  });
});
