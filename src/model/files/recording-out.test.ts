import { expect, test } from 'vitest';
import { Recording } from '../recording.ts';
import { recordingCsv, recordingNpy } from './recording-out.ts';

const geometry = {
  type: 'data' as const,
  startCol: 2,
  numCols: 1,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 4096,
  tileBase: 0,
};

function recorded(): Recording {
  const recording = new Recording([{ offset: 4112, length: 8 }], 1 << 20);
  const about = { epoch: 'e', beganAt: 0, at: 3000, made: 9, read: 18, lostMoments: 0, lostChanges: 0 };
  const base = { words: Uint32Array.of(1, 2), states: new Uint8Array(2) };
  const moments = [
    { at: 1000, after: 980, changes: Uint32Array.of(0, 1, 5) },
    { at: 1500, after: 1480, changes: Uint32Array.of(1, 2, 9) },
    { at: 2000, after: 1980, changes: Uint32Array.of(1 << 24, 5, 0) },
  ];
  recording.take({ ...about, base, first: 1, moments, hasMore: false });
  return recording;
}

test('[live-6] a recording as CSV has each changed word with its times', () => {
  expect([...recordingCsv(recorded(), geometry)].join('')).toBe(
    [
      'after,at,column,row,offset,old,new',
      '0.980,1.000,2,2,0x0010,0x00000001,0x00000005',
      '1.480,1.500,2,2,0x0014,0x00000002,0x00000009',
      '1.980,2.000,2,2,0x0010,0x00000005,??',
      '',
    ].join('\n'),
  );
});

test('[live-6] one cell over time as records of NumPy: where it began, and each change that could be read', () => {
  const choice = { name: 'int16' as const, order: 'little' as const };
  const [head, ...records] = recordingNpy(recorded(), { offset: 4112, length: 2 }, choice);
  const text = new TextDecoder('latin1').decode(head);
  expect(text).toContain(
    "{'descr': [('seconds', '<f8'), ('value', '<i2')], 'fortran_order': False, 'shape': (2,), }",
  );
  expect((head?.length ?? 0) % 64).toBe(0);
  const rows = records.map(({ buffer }) => {
    const view = new DataView(buffer);
    return [view.getFloat64(0, true), view.getInt16(8, true)];
  });
  expect(rows).toEqual([
    [0, 1],
    [1, 5],
  ]);
  const [wide] = recordingNpy(recorded(), { offset: 4112, length: 4 }, choice);
  expect(new TextDecoder('latin1').decode(wide)).toContain("('value', '<i2', (2,))");
});
