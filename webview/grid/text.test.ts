import { describe, expect, test } from 'vitest';
import { stateBits, unreadableState } from '../../src/model/byte-state.ts';
import { copyText } from './copy.ts';
import { createLayout } from './layout.ts';
import { cellMap, characterText, headingText, hexOffset, hexText } from './text.ts';

const { known, staged } = stateBits;
const unreadable = unreadableState('gated');
const row = (bytes: number[], flags: number[]) => ({
  bytes: Uint8Array.from(bytes),
  flags: Uint8Array.from(flags),
});

describe('[main-18] a row of text', () => {
  test('has a gap between words and a wider one after eight bytes', () => {
    expect(headingText(cellMap(16), true)).toBe('00 01 02 03  04 05 06 07   08 09 0A 0B  0C 0D 0E 0F');
    expect(headingText(cellMap(8), false)).toBe('00 01 02 03  04 05 06 07');
  });

  test('every cell stands below its heading, in every row length', () => {
    for (const columns of [8, 16, 32, 64]) {
      const map = cellMap(columns);
      const heading = headingText(map, true);
      expect(heading).toHaveLength(map.width);
      for (const [column, start] of map.starts.entries()) {
        expect(Number.parseInt(heading.slice(start, start + 2), 16)).toBe(column);
        expect(map.columnAt(start + 0.2)).toBe(column);
        expect(map.columnAt(start + 1.8)).toBe(column);
      }
      expect(map.columnAt(-40)).toBe(0);
      expect(map.columnAt(9999)).toBe(columns - 1);
    }
  });

  test('[main-22] shows ?? where nothing could be read and ·· where nothing is known yet', () => {
    const bytes = row([0x5a, 0, 0, 0x20], [known, unreadable, 0, known]);
    expect(hexText(cellMap(8), 0, bytes, true)).toBe('5A ?? ·· 20');
    expect(characterText(0, bytes)).toBe('Z?· ');
  });

  test('a staged byte shows its staged value', () => {
    expect(hexText(cellMap(8), 0, row([0xff, 0x41], [known | staged, staged]), false)).toBe('ff 41');
  });

  test('blank cells come before the first byte of a range that starts within a row', () => {
    expect(hexText(cellMap(8), 3, row([1, 2], [known, known]), true)).toBe('         01  02');
    expect(characterText(3, row([65, 66], [known, known]))).toBe('   AB');
  });

  test('a waiting digit replaces its cell', () => {
    expect(hexText(cellMap(8), 0, row([1, 2], [known, known]), true, { column: 1, text: 'A_' })).toBe(
      '01 A_',
    );
  });

  test('control bytes and bytes above ASCII are dots', () => {
    expect(characterText(0, row([0, 0x1f, 0x7f, 0x80, 0xff], Array(5).fill(known)))).toBe('.....');
  });

  test('offsets have a fixed number of digits', () => {
    expect(hexOffset(0x1a40, 6, true)).toBe('001A40');
  });
});

describe('[main-18] copying', () => {
  const layout = createLayout(
    { type: 'data', startCol: 0, numCols: 1, startRow: 1, numRows: 2, bytesPerTile: 12, tileBase: 0 },
    { offset: 0, length: 24 },
    8,
  );

  test('gives hexadecimal as it is shown, broken where the rows break', () => {
    const shown = row([1, 2, 0, 4, 5, 6], [known, known | staged, unreadable, 0, known, known]);
    expect(copyText(layout, 'hex', 6, shown, true)).toBe('01 02\n?? ·· 05 06');
    expect(copyText(layout, 'hex', 10, shown, true)).toBe('01 02\n?? ·· 05 06');
  });

  test('gives characters as they are shown, in one line', () => {
    const shown = row([65, 66, 0, 0, 7, 67], [known, known | staged, unreadable, 0, known, known]);
    expect(copyText(layout, 'characters', 6, shown, true)).toBe('AB?·.C');
  });
});
