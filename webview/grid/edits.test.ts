import { describe, expect, test } from 'vitest';
import { reasonShift, stateBits, unreadableReasons } from '../../src/model/byte-state.ts';
import {
  countWithout,
  flagsUnder,
  inSharedBuffers,
  isBaseUnread,
  isUnread,
  piecesOf,
  shownIn,
  withoutRanges,
  withSeen,
} from './edits.ts';

const { known, staged } = stateBits;
const reason = (name: (typeof unreadableReasons)[number]) => unreadableReasons.indexOf(name) << reasonShift;

describe('[truth-19] what was read', () => {
  test.each([
    [0, true, true],
    [known, false, false],
    [staged, false, true],
    [known | staged, false, false],
    [reason('gated'), false, false],
    [reason('not-read'), true, true],
  ])('flags %i: cell unread %s, base unread %s', (flags, cell, base) => {
    expect([isUnread(flags), isBaseUnread(flags)]).toEqual([cell, base]);
  });

  test('cells without a byte are counted', () => {
    expect(countWithout(Uint8Array.of(known, staged, 0, reason('gated'), known | staged))).toBe(2);
  });
});

test('[truth-14] a run carries base and cells; where no base was known, the cell', () => {
  const shown = {
    offset: 10,
    bytes: Uint8Array.of(1, 2, 3),
    base: Uint8Array.of(1, 9, 0),
    flags: Uint8Array.of(known, known | staged, staged),
  };
  const runs = [{ offset: 11, bytes: Uint8Array.of(7, 8) }];
  expect([...flagsUnder(runs, [shown])]).toEqual([known | staged, staged]);
  expect(withSeen({ offset: 11, bytes: Uint8Array.of(7, 8) }, shown)).toEqual({
    offset: 11,
    bytes: Uint8Array.of(7, 8),
    seen: { base: Uint8Array.of(9, 3), shown: Uint8Array.of(2, 3) },
  });
});

test('runs near each other are read together, each finds its own bytes', () => {
  const runs = [0, 100, 9000].map((offset) => ({ offset, bytes: Uint8Array.of(1, 2) }));
  const pieces = piecesOf(runs);
  expect(pieces).toEqual([
    { offset: 0, length: 102 },
    { offset: 9000, length: 2 },
  ]);
  const shown = pieces.map(({ offset, length }) => {
    const bytes = Uint8Array.from({ length }, (_, i) => (offset + i) % 251);
    return { offset, bytes, base: bytes, flags: bytes };
  });
  expect(runs.map(({ offset }) => [...shownIn(shown, { offset, length: 2 }).bytes])).toEqual([
    [0, 1],
    [100, 101],
    [9000 % 251, 9001 % 251],
  ]);
});

test('ranges are cut out of runs, wherever they lie', () => {
  const runs = [
    { offset: 0, bytes: Uint8Array.of(0, 1, 2, 3) },
    { offset: 8, bytes: Uint8Array.of(8, 9) },
  ];
  const cut = (offset: number, length: number) =>
    withoutRanges(runs, [{ offset, length }]).map((run) => [run.offset, ...run.bytes]);
  expect(cut(4, 4)).toEqual([
    [0, 0, 1, 2, 3],
    [8, 8, 9],
  ]);
  expect(cut(1, 1)).toEqual([
    [0, 0],
    [2, 2, 3],
    [8, 8, 9],
  ]);
  expect(cut(3, 6)).toEqual([
    [0, 0, 1, 2],
    [9, 9],
  ]);
  expect(cut(0, 100)).toEqual([]);
});

test('all runs of a gesture lie in three buffers, in order, and are what they were', () => {
  const edits = Array.from({ length: 1000 }, (_, i) => ({
    offset: 16 * i,
    bytes: Uint8Array.of(i, i >> 8, 7).subarray(0, 1 + (i % 3)),
    seen: {
      base: Uint8Array.of(i + 1, i >> 8, 8).subarray(0, 1 + (i % 3)),
      shown: Uint8Array.of(i + 2, i >> 8, 9).subarray(0, 1 + (i % 3)),
    },
  }));
  const shared = inSharedBuffers(edits);
  expect(shared).toEqual(edits);
  const buffers = shared.flatMap(({ bytes, seen }) => [bytes.buffer, seen.base.buffer, seen.shown.buffer]);
  expect(new Set(buffers).size).toBe(3);
  expect(inSharedBuffers([])).toEqual([]);
});
