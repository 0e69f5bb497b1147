import { expect, test } from 'vitest';
import type { MemoryGeometry, Tile } from '../model/geometry.ts';
import type { PlacedName } from '../model/program/build.ts';
import { nameSizeText } from '../model/program/name-texts.ts';
import { kernelSpots, markSpots, nameAt, namedPlaces, pageNames, placeText } from './named-places.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};
const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 6,
  numCols: 2,
  startRow: 1,
  numRows: 8,
  bytesPerTile: 0x8000,
  tileBase: 0,
};
const at = (col: number, row: number): Tile => ({ col, row });
const name = (called: string, tile: Tile, offset: number, size: number, more: Partial<PlacedName> = {}) =>
  ({
    kind: 'buffer',
    name: called,
    tile,
    memory: 'data',
    offset,
    size,
    sizeFrom: 'elf',
    ...more,
  }) as PlacedName;
const names = [
  name('first', at(6, 1), 0, 16),
  name('in_buff', at(7, 3), 0x400, 64),
  name('twice', at(6, 1), 0x100, 4),
  name('twice', at(7, 3), 0x100, 4),
  name('', at(7, 3), 0x420, 0x1000, { kind: 'stack', of: at(7, 2) }),
];
const namesOf = ({ col, row }: Tile) => names.filter(({ tile }) => tile.col === col && tile.row === row);
const start = (8 + 2) * 0x8000;

test('names of the shown memory, with their buffer offsets', () => {
  const whole = namedPlaces(geometry, { offset: 0, length: 16 * 0x8000 }, namesOf);
  expect(whole.map((place) => [place.name.name, place.offset, placeText(place)])).toEqual([
    ['first', 0, '(6,1)+0x0000'],
    ['twice', 0x100, '(6,1)+0x0100'],
    ['in_buff', start + 0x400, '(7,3)+0x0400'],
    ['twice', start + 0x100, '(7,3)+0x0100'],
    ['', start + 0x420, '(7,3)+0x0420'],
  ]);
  const tile = namedPlaces(geometry, { offset: start, length: 0x8000 }, namesOf);
  expect(tile).toHaveLength(3);
});

test('[hex-4] kernels of the shown tiles, each at the first byte of its tile', () => {
  const kernelsOf = ({ col, row }: Tile) =>
    col === 7 && row === 3
      ? [
          { name: 'a', graph: 'g' },
          { name: 'b', graph: '' },
        ]
      : [];
  const whole = kernelSpots(geometry, { offset: 0, length: 16 * 0x8000 }, kernelsOf);
  expect(whole).toEqual([
    { name: 'a', graph: 'g', offset: start },
    { name: 'b', graph: '', offset: start },
  ]);
  expect(kernelSpots(geometry, { offset: start, length: 0x8000 }, kernelsOf)).toHaveLength(2);
  expect(kernelSpots(geometry, { offset: 0, length: start }, kernelsOf)).toEqual([]);
});

test('what a byte belongs to', () => {
  const called = (offset: number) => nameAt(geometry, offset, namesOf, l10n);
  expect(called(start + 0x400)).toBe('in_buff');
  expect(called(start + 0x43f)).toBe('in_buff+0x3F');
  expect(called(start + 0x440)).toBe('stack of (7,2)+0x20');
  expect(called(start + 0x3ff)).toBe('');
  expect(called(4)).toBe('first+0x4');
});

test('sizes in words, with who says them', () => {
  const said = (more: Partial<PlacedName>) => nameSizeText(name('x', at(6, 1), 0, 16, more), l10n);
  expect(said({})).toBe('16 bytes');
  expect(said({ sizeFrom: 'bcf' })).toBe('16 bytes (bcf)');
  expect(said({ sizeFrom: 'next' })).toBe('16 bytes up to the next name');
  expect(said({ size: 0 })).toBe('size not known');
  expect(said({ sizeFrom: 'mlir', type: '4xi32', of: at(7, 2) })).toBe(
    '16 bytes (mlir), 4xi32, used by (7,2)',
  );
});

test('[names-2] the names of a part that a page shows, with registers of its own core and of a neighbour', () => {
  const shown = { offset: start, length: 0x8000 };
  const registers = [
    { kind: 'sp', of: at(7, 3), tile: at(7, 3), offset: 0x404, readAt: '14:03:27' },
    { kind: 'sp', of: at(7, 4), tile: at(7, 3), offset: 0x408, readAt: '14:03:28' },
    { kind: 'sp', of: at(7, 4), tile: at(7, 3), offset: 0x8000, readAt: '14:03:28' },
    { kind: 'sp', of: at(6, 3), tile: at(6, 3), offset: 0x404, readAt: '14:03:27' },
  ] as const;
  const marksOf = () => [];
  const told = pageNames(
    geometry,
    shown,
    { offset: start + 0x43f, length: 16 },
    { namesOf, marksOf, registers: [...registers, { ...registers[1], offset: 0x440 }] },
    l10n,
  );
  expect(told).toEqual({
    isNamed: true,
    names: [
      { kind: 'sp', text: 'SP of (7,4)', detail: 'read at 14:03:28', offset: start + 0x440, length: 1 },
      { kind: 'buffer', text: 'in_buff', detail: '64 bytes', offset: start + 0x400, length: 64 },
      {
        kind: 'stack',
        text: 'stack of (7,2)',
        detail: '4096 bytes (ELF symbols), grows upwards',
        offset: start + 0x420,
        length: 0x1000,
      },
    ],
  });
  const part = (offset: number) =>
    pageNames(geometry, shown, { offset: start + offset, length: 16 }, { namesOf, marksOf, registers }, l10n);
  expect(part(0x400).names.map(({ text }) => text)).toEqual(['SP', 'SP of (7,4)', 'in_buff']);
  expect(part(0x7000)).toEqual({ isNamed: true, names: [] });
  expect(pageNames(geometry, shown, shown, { namesOf: () => [], marksOf, registers: [] }, l10n).isNamed).toBe(
    false,
  );
});

test('[names-8] bookmarks and fields are told with what has a name, cut at the end of their tile', () => {
  const shown = { offset: 0, length: 16 * 0x8000 };
  const marked = at(6, 2);
  const begin = 0x8000;
  const asked: unknown[] = [];
  const marksOf = (tile: Tile, from: number, to: number) => {
    asked.push([tile.col, tile.row, from, to]);
    if (tile.col !== marked.col || tile.row !== marked.row) return [];
    return [
      { kind: 'bookmark', text: 'tap', detail: 'red', offset: 0x7ff8, length: 64, colour: 'red' } as const,
      { kind: 'field', text: 's.x', detail: 'float', offset: 0x7ffc, length: 4 } as const,
    ].filter(({ offset, length }) => offset < to && offset + length > from);
  };
  const sources = { namesOf: () => [], marksOf, registers: [] };
  const part = { offset: begin + 0x7ff0, length: 0x20 };
  expect(pageNames(geometry, shown, part, sources, l10n)).toEqual({
    isNamed: true,
    names: [
      { kind: 'bookmark', text: 'tap', detail: 'red', offset: begin + 0x7ff8, length: 8, colour: 'red' },
      { kind: 'field', text: 's.x', detail: 'float', offset: begin + 0x7ffc, length: 4 },
    ],
  });
  expect(asked.slice(0, 2)).toEqual([
    [marked.col, marked.row, 0x7ff0, 0x8000],
    [marked.col, marked.row + 1, 0, 0x10],
  ]);
  // The column stays where nothing of it is on screen.
  expect(pageNames(geometry, shown, { offset: 0, length: 16 }, sources, l10n)).toEqual({
    isNamed: true,
    names: [],
  });
  expect(markSpots(geometry, shown, marksOf).map(({ offset }) => offset)).toEqual([
    begin + 0x7ff8,
    begin + 0x7ffc,
  ]);
});
