import { describe, expect, test } from 'vitest';
import { stateBits, unreadableState, unrecordedState } from '../../src/model/byte-state.ts';
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { type CellName, hexBytes } from '../../src/model/cells/choices.ts';
import { parseCells } from '../../src/model/gestures/pasted.ts';
import { createLayout } from '../../src/model/rows/layout.ts';
import { cellMap, cellsText, characterText, headingText } from '../../src/model/rows/text.ts';
import { copyText, cutAtTiles } from './copy.ts';

const { known, staged } = stateBits;
const unreadable = unreadableState('gated');
const row = (bytes: number[], flags: number[]) => ({
  bytes: Uint8Array.from(bytes),
  flags: Uint8Array.from(flags),
});

const hex = cellFormat(hexBytes, true);

describe('[main-18] a row of text', () => {
  test('has a gap between words and a wider one after eight bytes', () => {
    expect(headingText(cellMap(16, hex), true, false)).toBe(
      '00 01 02 03  04 05 06 07   08 09 0A 0B  0C 0D 0E 0F',
    );
    expect(headingText(cellMap(8, hex), false, false)).toBe('00 01 02 03  04 05 06 07');
  });

  test('every cell stands below its heading, in every row length', () => {
    for (const columns of [8, 16, 32, 64]) {
      const map = cellMap(columns, hex);
      const heading = headingText(map, true, false);
      expect(heading).toHaveLength(map.width);
      for (const [column, start] of map.starts.entries()) {
        expect(Number.parseInt(heading.slice(start, start + 2), 16)).toBe(column);
        expect(map.cellAt(start + 0.2)).toBe(column);
        expect(map.cellAt(start + 1.8)).toBe(column);
      }
      expect(map.cellAt(-40)).toBe(0);
      expect(map.cellAt(9999)).toBe(columns - 1);
    }
  });

  test('[main-22] shows ?? where nothing could be read and ·· where nothing is known yet', () => {
    const bytes = row([0x5a, 0, 0, 0x20], [known, unreadable, 0, known]);
    expect(cellsText(cellMap(8, hex), hex, 0, bytes)).toBe('5A ?? ·· 20');
    const past = { ...bytes, flags: bytes.flags.map((flag) => (flag === 0 ? unrecordedState : flag)) };
    expect(cellsText(cellMap(8, hex), hex, 0, past)).toBe('5A ?? –– 20');
    expect(characterText(0, past)).toMatch(/–/);
    expect(characterText(0, bytes)).toBe('Z?· ');
  });

  test('a staged byte shows its staged value', () => {
    expect(
      cellsText(cellMap(8, hex), cellFormat(hexBytes, false), 0, row([0xff, 0x41], [known | staged, staged])),
    ).toBe('ff 41');
  });

  test('blank cells come before the first byte of a range that starts within a row', () => {
    expect(cellsText(cellMap(8, hex), hex, 3, row([1, 2], [known, known]))).toBe('         01  02');
    expect(characterText(3, row([65, 66], [known, known]))).toBe('   AB');
  });

  test('a waiting digit replaces its cell', () => {
    const waiting = { cell: 1, text: 'A_' };
    expect(cellsText(cellMap(8, hex), hex, 0, row([1, 2], [known, known]), waiting)).toBe('01 A_');
  });

  test('control bytes and bytes above ASCII are dots', () => {
    expect(characterText(0, row([0, 0x1f, 0x7f, 0x80, 0xff], Array(5).fill(known)))).toBe('.....');
  });

  test('offsets have a fixed number of digits', () => {});
});

describe('[shape-3] a row of other cells', () => {
  const cells = (name: CellName) => cellFormat({ name, order: 'little' }, true);
  const one = [0, 0, 0x80, 0x3f];
  const twelve = [0xa4, 0x70, 0x45, 0x41];

  test('short values stand at the right of their cells, below the number of their first byte', () => {
    const float = cells('float32');
    const map = cellMap(8, float);
    expect(headingText(map, true, false)).toBe('00'.padStart(15) + '04'.padStart(17));
    const text = cellsText(map, float, 0, row([...twelve, ...one], Array(8).fill(known)));
    expect(text).toBe('12.34'.padStart(15) + '1'.padStart(17));
    expect(text).toHaveLength(map.width);
  });

  test('every cell is found at its characters', () => {
    for (const name of ['uint8', 'hex16', 'float32', 'bin64', 'cint16'] as const) {
      const map = cellMap(16, cells(name));
      for (const [cell, start] of map.starts.entries()) {
        expect(map.cellAt(start + 0.2), name).toBe(cell);
        expect(map.cellAt(start + map.cellWidth - 0.2), name).toBe(cell);
      }
    }
  });

  test('one byte that is not there hides its cell, an edit over it shows it; an unreadable one counts first', () => {
    const hidden = (...flags: number[]) =>
      cellsText(cellMap(4, cells('float32')), cells('float32'), 0, row(twelve, flags)).trim();
    expect(hidden(known, known, known, known)).toBe('12.34');
    expect(hidden(known, 0, known, known)).toBe('··');
    expect(hidden(0, known, known, unreadable)).toBe('??');
    expect(hidden(known, staged, known, unreadable | staged)).toBe('12.34');
  });

  test('a cell that the edge of the range cuts shows no value, its neighbours do', () => {
    const words = cells('hex32');
    const bytes = row([2, 3, ...one, 9], Array(7).fill(known));
    expect(cellsText(cellMap(16, words), words, 2, bytes)).toBe('      ··  3F800000         ··');
  });

  test('is copied without the blanks before it, and pastes back', () => {
    const layout = createLayout(
      { type: 'data', startCol: 0, numCols: 1, startRow: 1, numRows: 1, bytesPerTile: 64, tileBase: 0 },
      { offset: 0, length: 64 },
      8,
      4,
    );
    const shown = row(
      [...twelve, 0, 0, 0, 0, ...one],
      [...Array(4).fill(known), 0, 0, 0, 0, ...Array(4).fill(known)],
    );
    expect(copyText(layout, 'cells', cells('float32'), [{ offset: 4, ...shown }])).toBe('12.34\n·· 1');
    expect(parseCells(cells('float32'), '12.34\n·· 1')).toEqual({
      runs: [
        { at: 0, bytes: Uint8Array.from(twelve) },
        { at: 8, bytes: Uint8Array.from(one) },
      ],
      length: 12,
    });
  });
});

describe('[main-18] copying', () => {
  const layout = createLayout(
    { type: 'data', startCol: 0, numCols: 1, startRow: 1, numRows: 2, bytesPerTile: 12, tileBase: 0 },
    { offset: 0, length: 24 },
    8,
    1,
  );

  test('gives hexadecimal as it is shown, broken where the rows break', () => {
    const shown = row([1, 2, 0, 4, 5, 6], [known, known | staged, unreadable, 0, known, known]);
    expect(copyText(layout, 'cells', hex, [{ offset: 6, ...shown }])).toBe('01 02\n?? ·· 05 06');
    expect(copyText(layout, 'cells', hex, [{ offset: 10, ...shown }])).toBe('01 02\n?? ·· 05 06');
  });

  test('gives the runs of a column, or of a selection in parts, on lines of their own', () => {
    const runs = [2, 10].map((offset) => ({ offset, ...row([offset, 0xab], [known, known]) }));
    expect(copyText(layout, 'cells', hex, runs)).toBe('02 AB\n0A AB');
    expect(copyText(layout, 'characters', hex, runs)).toBe('..\n..');
  });

  test('gives characters as they are shown, in one line', () => {
    const shown = row([65, 66, 0, 0, 7, 67], [known, known | staged, unreadable, 0, known, known]);
    expect(copyText(layout, 'characters', hex, [{ offset: 6, ...shown }])).toBe('AB?·.C');
  });
});

test('pieces of what is copied lie in one tile each, so that no cell goes over the end of one', () => {
  expect(
    cutAtTiles(100, [
      { offset: 90, length: 220 },
      { offset: 350, length: 50 },
    ]),
  ).toEqual([
    { offset: 90, length: 10 },
    { offset: 100, length: 100 },
    { offset: 200, length: 100 },
    { offset: 300, length: 10 },
    { offset: 350, length: 50 },
  ]);
});
