import { describe, expect, test } from 'vitest';
import { dice } from '../../test/conformance/random.ts';
import { addressKinds } from '../model/address-kinds.ts';
import { addressText } from '../model/addresses.ts';
import { type ByteRange, type MemoryGeometry, tileRange, totalBytes } from '../model/geometry.ts';
import { goToLines, parsePlaces } from './go-to.ts';

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 6,
  numCols: 4,
  startRow: 1,
  numRows: 8,
  bytesPerTile: 0x8000,
  tileBase: 0,
};
const space = { geometry, generation: 'aie' } as const;
const whole = { offset: 0, length: totalBytes(geometry) };
const tile = tileRange(geometry, { col: 6, row: 2 });

describe('[hex-3] [hex-4] go to', () => {
  test.each([
    ['0x10', whole, 0x10],
    ['16', whole, 16],
    ['0x10', tile, 0x8010],
    ['(6,2)+0x10', whole, 0x8010],
    ['(6,2)', tile, 0x8000],
    ['7, 1 + 4', whole, 8 * 0x8000 + 4],
    ['0x8000', tile, 'outside'],
    ['(6,3)', tile, 'outside'],
    ['(5,1)', whole, 'outside'],
    ['(6,2)+0x8000', whole, 'outside'],
    ['', whole, 'unclear'],
    ['here', whole, 'unclear'],
    ['-0x20', tile, 0x80e0],
    ['+64', tile, 0x8140],
    ['-0x101', tile, 'outside'],
    ['buffer+0x8010', tile, 0x8010],
    ['buffer+0x10', tile, 'outside'],
    // What the core of (6,2) calls so: its own memory is to the west, (6,1) is to the south.
    ['0x28010', tile, 0x8010],
    ['0x20010', tile, 'outside'],
    ['(6,2):0x20010', whole, 0x10],
    ['(6,1):0x30010', tile, 0x8010],
    ['0x20003080010', tile, 0x8010],
    ['2199074111504', tile, 0x8010],
    ['0x3080010', tile, 'outside'],
    ['--1', whole, 'unclear'],
    ['0x', whole, 'unclear'],
    ['(6,2)-1', whole, 'unclear'],
  ])('%j in %j', (typed, shown, expected) => {
    const [read] = parsePlaces(typed, { space, shown, cursor: shown.offset + 0x100 });
    expect(read === undefined ? 'unclear' : (read.offset ?? 'outside')).toBe(expected);
  });
});

test('[hex-3] what is copied is gone back to, from anywhere, whatever is shown', () => {
  const below = dice(47);
  for (const kind of addressKinds) {
    for (const generation of ['aie', 'aieml', 'unknown'] as const) {
      for (const decimal of [false, true]) {
        const notation = { space: { geometry, generation }, kind, decimal, upperCase: true };
        for (let i = 0; i < 100; i++) {
          const place = below(whole.length);
          const text = addressText(notation, place);
          const standpoint = { space: notation.space, shown: whole, cursor: below(whole.length) };
          expect(parsePlaces(text, standpoint)[0]?.offset, `${kind} ${generation} ${text}`).toBe(place);
        }
      }
    }
  }
});

test("[hex-4] 0x78000 from a core of AIE-ML is its own tile's 0x8000", () => {
  const aieml: MemoryGeometry = { ...geometry, startRow: 3, numRows: 4, bytesPerTile: 0x10000 };
  const from = (shown: ByteRange) =>
    parsePlaces('0x78000', {
      space: { geometry: aieml, generation: 'aieml' },
      shown,
      cursor: 5 * 0x10000 + 0x20,
    });
  const own = {
    offset: 5 * 0x10000 + 0x8000,
    reading: { kind: 'core', core: { col: 7, row: 4 } },
  };
  expect(from({ offset: 5 * 0x10000, length: 0x10000 })).toEqual([own]);
  // In the whole memory it can be an offset as well: both are offered.
  expect(from({ offset: 0, length: totalBytes(aieml) })).toEqual([
    { offset: 0x78000, reading: { kind: 'offset' } },
    own,
  ]);
});

describe('the box of places', () => {
  const l10n = {
    t: (text: string, ...args: (string | number)[]) =>
      text.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)])),
  };
  const names = [
    { kind: 'buffer', name: 'in_buf', size: 64, tile: { col: 6, row: 2 }, offset: 0x400 },
    { kind: 'buffer', name: 'buf', size: 16, tile: { col: 6, row: 2 }, offset: 0x500 },
    { kind: 'stack', name: '', size: 1024, tile: { col: 6, row: 2 }, offset: 0x7fc0 },
  ].map((name) => ({ name: name as never, offset: 0x8000 + name.offset }));
  const kernels = [
    { name: 'buf_filter.k[0]', graph: 'mygraph', offset: 0x8000 },
    { name: 'buf', graph: '', offset: 0x8000 },
  ];
  const marks = [
    { kind: 'bookmark', text: 'first tap', detail: 'bookmark, red', offset: 0x20, length: 8 } as const,
    {
      kind: 'field',
      text: 'state.gain',
      detail: 'float of struct state',
      offset: 0x7ffc,
      length: 64,
    } as const,
  ].map((mark) => ({ mark, offset: 0x8000 + mark.offset }));
  const lines = (typed: string, before: readonly string[] = []) =>
    goToLines(typed, { space, shown: tile, cursor: 0x8100 }, { names, kernels, marks }, before, l10n);

  test('[hex-4] says how a text was read', () => {
    const first = (typed: string) => {
      const [line] = lines(typed);
      return `${line?.label}: ${line?.description}`;
    };
    expect(first('0x1c0')).toBe('(6,2)+0x01C0: counted from the first shown byte');
    expect(first('+64')).toBe('(6,2)+0x0140: counted from the cursor');
    expect(first('(6,2)+0x40')).toBe('(6,2)+0x0040: tile offset');
    expect(first('0x28010')).toBe('(6,2)+0x0010: address of the core of tile (6,2)');
    expect(first('0x20003080010')).toBe('(6,2)+0x0010: AXI address');
    expect(first('(3,2)')).toBe('This is not part of what the editor shows.: tile offset');
    expect(lines('(3,2)')[0]?.range).toBeUndefined();
    expect(first('nowhere')).toContain('Type an offset');
  });

  test('[names-8] bookmarks and fields of structures by what they are called, with what they are', () => {
    expect(lines('tap').map(({ label, description, range }) => [label, description, range])).toEqual([
      ['first tap', 'bookmark, red · (6,2)+0x0020', { offset: 0x8020, length: 8 }],
    ]);
    expect(lines('state.').map(({ description, range }) => [description, range])).toEqual([
      ['float of struct state · (6,2)+0x7FFC', { offset: 0x8000 + 0x7ffc, length: 4 }],
    ]);
  });

  test('[hex-4] names that contain the text, the one that is called so first; with their size', () => {
    expect(lines('buf').map(({ typed, range }) => [typed, range])).toEqual([
      ['buf', { offset: 0x8000, length: 1 }],
      ['buf', { offset: 0x8500, length: 16 }],
      ['buf_filter.k[0]', { offset: 0x8000, length: 1 }],
      ['in_buf', { offset: 0x8400, length: 64 }],
    ]);
    // What is cut by the end of what is shown.
    expect(lines('STACK')[0]?.range).toEqual({ offset: 0xffc0, length: 0x40 });
  });

  test('[hex-4] a kernel leads to the first byte of its tile, and says what it is', () => {
    const said = (typed: string) => lines(typed).map(({ label, description }) => `${label}: ${description}`);
    expect(said('FILTER')).toEqual(['buf_filter.k[0]: kernel of graph mygraph · (6,2)+0x0000']);
    expect(said('buf')[0]).toBe('buf: kernel · (6,2)+0x0000');
    // Gone to before.
    expect(lines('', ['buf_filter.k[0]'])[0]?.range).toEqual({ offset: 0x8000, length: 1 });
  });

  test('[hex-4] without a text what was gone to before, as far as it is here', () => {
    expect(lines('', ['0x40', '(3,2)', 'buf']).map(({ label, typed }) => [label, typed])).toEqual([
      ['0x40', '0x40'],
      ['buf', 'buf'],
    ]);
    expect(lines('')).toEqual([]);
  });
});
