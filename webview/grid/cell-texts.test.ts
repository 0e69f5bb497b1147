import { describe, expect, test } from 'vitest';
import type { WebviewStrings } from '../../src/editor/messages.ts';
import { webviewStrings } from '../../src/editor/webview-strings.ts';
import type { AddressNotation } from '../../src/model/addresses.ts';
import { reasonShift, stateBits, unreadableReasons, unrecordedState } from '../../src/model/byte-state.ts';
import { cellFormat } from '../../src/model/cells/cell-format.ts';
import { type CellChoice, hexBytes } from '../../src/model/cells/choices.ts';
import { createLayout } from '../../src/model/rows/layout.ts';
import { translator } from '../strings.ts';
import { hoverText, type Notation, placeTexts, reasonText, stateTexts, valueText } from './cell-texts.ts';

const strings: WebviewStrings = webviewStrings({ t: (message) => message });
const t = translator(strings);
const layout = createLayout(
  { type: 'data', startCol: 6, numCols: 4, startRow: 1, numRows: 8, bytesPerTile: 0x8000, tileBase: 0 },
  { offset: 0, length: 0x100000 },
  16,
  1,
);
const notation: AddressNotation = {
  space: { geometry: layout.geometry, generation: 'aie' },
  kind: 'tile',
  decimal: false,
  upperCase: true,
};
const hex: Notation = { choice: hexBytes, format: cellFormat(hexBytes, true), upperCase: true };
const facts = (byte: number, flags: number, base = byte) => ({
  offset: 0,
  bytes: Uint8Array.of(byte),
  flags: Uint8Array.of(flags),
  base: Uint8Array.of(base),
});
const { known, staged, conflict, changed } = stateBits;

describe('a byte in words', () => {
  test('[main-18] its place is said both ways: in the tile and in the buffer', () => {
    expect(placeTexts(t, layout, 0x9a40, notation)).toEqual([
      'Tile (6,2)',
      'tile offset 0x1A40',
      'buffer offset 0x009A40',
    ]);
  });

  test('[hex-3] its address as chosen, in hexadecimal or decimal; where there is none, nothing', () => {
    const last = (change: Partial<AddressNotation>) =>
      placeTexts(t, layout, 0x9a40, { ...notation, ...change }).at(-1);
    expect(last({ kind: 'axi' })).toBe('AXI address 0x20003081A40');
    expect(last({ kind: 'core' })).toBe('core address 0x29A40');
    expect(last({ kind: 'axi', decimal: true })).toBe(`AXI address ${0x20003081a40}`);
    expect(last({ kind: 'axi', space: { ...notation.space, generation: 'unknown' } })).toBe(
      'buffer offset 0x009A40',
    );
    expect(placeTexts(t, layout, 0x9a40, { ...notation, decimal: true })[1]).toBe('tile offset 6720');
  });

  test('[attach-5] its row is said both ways where the array is known', () => {
    const array = {
      numCols: 50,
      shim: { start: 0, count: 1 },
      memory: { start: 0, count: 0 },
      core: { start: 1, count: 8 },
    };
    expect(
      placeTexts(t, layout, 0x9a40, { ...notation, space: { ...notation.space, array } }).slice(0, 2),
    ).toEqual(['Tile (6,2)', 'compute row 1']);
  });

  test('its value in three notations', () => {
    expect(valueText(t, hex, facts(0x5a, known))).toBe("value 5A = 90 'Z'");
    expect(valueText(t, hex, facts(0, known))).toBe('value 00 = 0');
    expect(valueText(t, hex, facts(0, 0))).toBe('not read yet');
  });

  test('[main-19] a staged byte says what it was, a conflict says both values', () => {
    expect(stateTexts(t, hex, facts(0xa7, known | staged, 0x5a))).toEqual(['staged, was 5A']);
    expect(stateTexts(t, hex, facts(0xa7, known | staged | conflict, 0x11))).toEqual([
      'in conflict: yours A7, device 11',
    ]);
    expect(stateTexts(t, hex, facts(1, known | changed))).toEqual(['changed']);
    const was = Uint8Array.of(0x3f);
    expect(stateTexts(t, hex, facts(1, known | changed), undefined, was)).toEqual(['changed, was 3F']);
  });

  test('[main-22] every reason that a byte cannot be read has words of its own', () => {
    const said = unreadableReasons.map((_, code) => reasonText(t, code << reasonShift));
    expect(new Set(said).size).toBe(unreadableReasons.length);
    expect(valueText(t, hex, facts(0, 1 << reasonShift))).toBe(
      'cannot be read: the clock of this tile is off',
    );
    expect(reasonText(t, 0)).toBe('the board gave no reason');
  });

  test('the hover is silent where the byte speaks for itself', () => {
    expect(hoverText(t, hex, facts(1, known))).toBeUndefined();
    expect(hoverText(t, hex, facts(0, 0))).toBe('not read yet');
    expect(hoverText(t, hex, facts(0, unrecordedState))).toBe('not recorded');
    expect(hoverText(t, hex, facts(2, known | staged, 1))).toBe('staged, was 01');
    expect(hoverText(t, hex, facts(0, 2 << reasonShift))).toBe('cannot be read: its core is running');
    expect(hoverText(t, hex, facts(3, staged | (1 << reasonShift)))).toBe(
      'staged, the old value is not known, cannot be read: the clock of this tile is off',
    );
  });

  describe('[shape-3] a cell of several bytes', () => {
    const choice: CellChoice = { name: 'float32', order: 'little' };
    const float: Notation = { choice, format: cellFormat(choice, true), upperCase: true };
    const big: CellChoice = { name: 'float32', order: 'big' };
    const bytes = [0xa4, 0x70, 0x45, 0x41];
    const cell = (flags: readonly number[], base: readonly number[] = bytes) => ({
      offset: 0,
      bytes: Uint8Array.from(bytes.slice(0, flags.length)),
      flags: Uint8Array.from(flags),
      base: Uint8Array.from(base),
    });
    const zero = [0, 0, 0, 0];
    const gated = 1 << reasonShift;

    test('its value, and its bytes as they are in memory', () => {
      expect(valueText(t, float, cell([known, known, known, known]))).toBe('float32 12.34 = A4 70 45 41');
      const other = { ...float, choice: big, format: cellFormat(big, true) };
      expect(valueText(t, other, cell([known, known, known, known]))).toBe(
        'float32 big-endian -5.2100365e-17 = A4 70 45 41',
      );
    });

    test('one byte that is not there hides it; typed bytes are there', () => {
      expect(valueText(t, float, cell([known, 0, known, known]))).toBe('not read yet');
      expect(valueText(t, float, cell([0, gated, known, known]))).toBe(
        'cannot be read: the clock of this tile is off',
      );
      expect(valueText(t, float, cell([staged, gated | staged, known, known]))).toContain('12.34');
      expect(valueText(t, float, cell([known, known]))).toBe('cut by the edge of the memory');
    });

    test('what is true of one byte is said of the cell, with the value that it had', () => {
      expect(stateTexts(t, float, cell([known, known, known | staged, known], zero))).toEqual([
        'staged, was 0',
      ]);
      expect(stateTexts(t, float, cell([known, staged, known, known], zero))).toEqual([
        'staged, the old value is not known',
      ]);
      expect(stateTexts(t, float, cell([known, known | staged | conflict, known, known], zero))).toEqual([
        'in conflict: yours 12.34, device 0',
      ]);
      expect(hoverText(t, float, cell([known, known, known, known | changed]))).toBe('changed');
      expect(hoverText(t, float, cell([known, known, known, known]))).toBeUndefined();
    });
  });

  test('a string that an older host does not send shows its key', () => {
    const { apply: _, ...older } = strings;
    expect(translator(older as WebviewStrings)('apply')).toBe('apply');
  });
});
