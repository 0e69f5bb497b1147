import { expect, test, vi } from 'vitest';
import { stateBits, unreadableState } from '../model/byte-state.ts';
import type { MemoryGeometry } from '../model/geometry.ts';
import { placePasted, readingsOf } from '../model/gestures/paste-as.ts';

vi.mock('vscode', () => ({
  l10n: {
    t: (message: string, ...values: unknown[]) =>
      message.replace(/\{(\d)\}/g, (_, i) => String(values[Number(i)])),
  },
}));
const { pasteLine } = await import('./paste-as.ts');

const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 3,
  numCols: 1,
  startRow: 2,
  numRows: 2,
  bytesPerTile: 0x100,
  tileBase: 0,
};

/** The lines for a text, over bytes 0xA0 on, of which one cannot be read and one was not. */
function lines(
  text: string,
  cells: Parameters<typeof readingsOf>[1],
  ranges: { offset: number; length: number }[],
) {
  return readingsOf(text, cells, ranges.length).map((reading) => {
    const { runs, left } = placePasted(reading, ranges, 0x200);
    const { label, description, detail } = pasteLine(reading, runs, left, geometry, ({ offset, length }) => {
      const bytes = Uint8Array.from({ length }, (_, i) => 0xa0 + ((offset + i) & 15));
      const flags = Uint8Array.from({ length }, (_, i) =>
        offset + i === 0x12 ? unreadableState('gated') : offset + i === 0x13 ? 0 : stateBits.known,
      );
      return { offset, bytes, base: bytes, flags };
    });
    return [label, description, detail];
  });
}

test('[hex-7] a line says what the text is taken for, where its bytes go, old and new ones, and what does not fit', () => {
  const hex8 = { name: 'hex8', order: 'little' } as const;
  const float32 = { name: 'float32', order: 'little' } as const;
  expect(lines('01 02 03 04', hex8, [{ offset: 0x10, length: 1 }])[0]).toEqual([
    'Hex',
    '4 bytes, (3,2)+0x0010 to (3,2)+0x0013',
    'A0 A1 ?? ·· → 01 02 03 04',
  ]);
  expect(lines('12.34 -1', float32, [{ offset: 0x1fc, length: 4 }])[0]).toEqual([
    'Values',
    'float32: 12.34 -1, 4 bytes, (3,3)+0x00FC to (3,3)+0x00FF',
    'AC AD AE AF → A4 70 45 41; 4 bytes do not fit',
  ]);
  const column = [0, 1, 2].map((row) => ({ offset: 0x20 + 16 * row, length: 1 }));
  expect(lines('1\n2\n3', hex8, column)[0]?.slice(0, 1)).toEqual(['Text']);
  expect(lines('01\n02\n0304', hex8, column)[0]).toEqual([
    'Hex',
    '3 bytes in 3 runs, (3,2)+0x0020 to (3,2)+0x0040',
    'A0 A0 A0 → 01 02 03; 1 byte does not fit',
  ]);
  expect(lines('00 '.repeat(20), hex8, [{ offset: 0, length: 1 }])[0]?.[2]).toBe(
    'A0 A1 A2 A3 A4 A5 A6 A7 ... → 00 00 00 00 00 00 00 00 ...',
  );
});
