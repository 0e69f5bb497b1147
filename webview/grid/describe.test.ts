import { describe, expect, test } from 'vitest';
import type { WebviewStrings } from '../../src/editor/messages.ts';
import { webviewStrings } from '../../src/editor/webview-strings.ts';
import { reasonShift, stateBits, unreadableReasons } from '../../src/model/byte-state.ts';
import { translator } from '../strings.ts';
import { hoverText, placeTexts, reasonText, stateTexts, valueText } from './describe.ts';
import { createLayout } from './layout.ts';

const strings: WebviewStrings = webviewStrings({ t: (message) => message });
const t = translator(strings);
const layout = createLayout(
  { type: 'data', startCol: 6, numCols: 4, startRow: 1, numRows: 8, bytesPerTile: 0x8000, tileBase: 0 },
  { offset: 0, length: 0x100000 },
  16,
);
const facts = (byte: number, flags: number, base = byte) => ({ offset: 0, byte, flags, base });
const { known, staged, conflict, changed } = stateBits;

describe('a byte in words', () => {
  test('[main-18] its place is said both ways: in the tile and in the buffer', () => {
    expect(placeTexts(t, layout, 0x9a40, true)).toEqual([
      'Tile (6,2)',
      'tile offset 0x1A40',
      'buffer offset 0x009A40',
    ]);
  });

  test('[attach-5] its row is said both ways where the array is known', () => {
    const array = {
      numCols: 50,
      shim: { start: 0, count: 1 },
      memory: { start: 0, count: 0 },
      core: { start: 1, count: 8 },
    };
    expect(placeTexts(t, layout, 0x9a40, true, array).slice(0, 2)).toEqual(['Tile (6,2)', 'compute row 1']);
  });

  test('its value in three notations', () => {
    expect(valueText(t, facts(0x5a, known), true)).toBe("value 5A = 90 'Z'");
    expect(valueText(t, facts(0, known), true)).toBe('value 00 = 0');
    expect(valueText(t, facts(0, 0), true)).toBe('not read yet');
  });

  test('[main-19] a staged byte says what it was, a conflict says both values', () => {
    expect(stateTexts(t, facts(0xa7, known | staged, 0x5a), true)).toEqual(['staged, was 5A']);
    expect(stateTexts(t, facts(0xa7, known | staged | conflict, 0x11), true)).toEqual([
      'in conflict: yours A7, device 11',
    ]);
    expect(stateTexts(t, facts(1, known | changed), true)).toEqual(['changed since the last read']);
  });

  test('[main-22] every reason that a byte cannot be read has words of its own', () => {
    const said = unreadableReasons.map((_, code) => reasonText(t, code << reasonShift));
    expect(new Set(said).size).toBe(unreadableReasons.length);
    expect(valueText(t, facts(0, 1 << reasonShift), true)).toBe(
      'cannot be read: the clock of this tile is off',
    );
    expect(reasonText(t, 0)).toBe('the board gave no reason');
  });

  test('the hover is silent where the byte speaks for itself', () => {
    expect(hoverText(t, facts(1, known), true)).toBeUndefined();
    expect(hoverText(t, facts(2, known | staged, 1), true)).toBe('staged, was 01');
    expect(hoverText(t, facts(0, 2 << reasonShift), true)).toBe('cannot be read: its core is running');
    expect(hoverText(t, facts(3, staged | (1 << reasonShift)), true)).toBe(
      'staged, the old value is not known, cannot be read: the clock of this tile is off',
    );
  });

  test('a string that an older host does not send shows its key', () => {
    const { apply: _, ...older } = strings;
    expect(translator(older as WebviewStrings)('apply')).toBe('apply');
  });
});
