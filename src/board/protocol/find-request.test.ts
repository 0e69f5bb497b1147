import { expect, test } from 'vitest';
import { boardPatternOf } from '../../model/find/board-pattern.ts';
import { hexDigits } from '../../model/numbers.ts';
import type { UnreadableSpan } from '../board.ts';
import type { CoreFindAnswer, CoreFindRequest } from './core-client.ts';
import { FindCollector, findHeader, findInGroups } from './find-request.ts';

const ranges = Array.from({ length: 3000 }, (_, i) => ({ offset: 16 * i, length: 8 }));
const request: CoreFindRequest = {
  partition: 'one',
  memory: 'data',
  ranges,
  openTiles: [],
  asking: 'person',
  pattern: { kind: 'bytes', values: Uint8Array.of(1), masks: Uint8Array.of(255) },
  most: 100,
};

test.each([{ isFull: true }, { isFull: false, gaveWay: true }] as const)(
  'a search that ends early says of the ranges it did not ask for that they were not read: %o',
  async (end) => {
    const asked: number[] = [];
    const answer = await findInGroups(request, {}, async (part): Promise<CoreFindAnswer> => {
      asked.push(part.ranges.length);
      const first = part.ranges[0]?.offset ?? 0;
      const isSecond = asked.length === 2;
      return { offsets: [first], unreadable: [], epoch: 'e', isFull: false, ...(isSecond ? end : {}) };
    });
    expect(asked).toEqual([1024, 1024]);
    expect(answer).toMatchObject({ offsets: [0, 16 * 1024], ...end });
    expect(answer.unreadable).toEqual(ranges.slice(2048).map((range) => ({ ...range, reason: 'not-read' })));
  },
);

test('a search that reaches its end leaves nothing out', async () => {
  const answer = await findInGroups(request, {}, async () => ({
    offsets: [],
    unreadable: [],
    epoch: 'e',
    isFull: false,
  }));
  expect(answer).toEqual({ offsets: [], unreadable: [], epoch: 'e', isFull: false });
});

test('an expression travels as programs whose classes are there once, and its hits come with their lengths', () => {
  const cells = { name: 'uint8', order: 'little' } as const;
  const pattern = boardPatternOf({ kind: 'expression', text: 'ab|b', matchCase: true, cells, align: 0 });
  if (pattern === undefined) throw new Error('no pattern');
  const expression = { ...request, pattern, ranges: [{ offset: 64, length: 64 }] };
  const header = findHeader(expression);
  const bits = (...bytes: readonly number[]) =>
    Array.from({ length: 32 }, (_, i) =>
      hexDigits(
        bytes.reduce((sum, byte) => (byte >> 3 === i ? sum | (1 << (byte & 7)) : sum), 0),
        2,
        false,
      ),
    ).join('');
  expect(header['classes']).toEqual(
    [bits(0x62), bits(0x61), 'f'.repeat(64)].sort(inOrderOf(header['classes'])),
  );
  for (const key of ['forwards', 'backwards']) {
    const words = header[key] as number[];
    expect(words.length % 3).toBe(1);
    expect(words.slice(1, 4)).toEqual([0, 0, 0]);
    expect(words[0]).toBeLessThan((words.length - 1) / 3);
  }
  const collector = new FindCollector(expression);
  expect(collector.hitWords).toBe(2);
  expect(collector.push(Uint32Array.of(64, 2, 70, 1))).toEqual({ offsets: [64, 70], lengths: [2, 1] });
  expect(collector.push(Uint32Array.of(80, 2))).toEqual({ offsets: [80], lengths: [2] });
  const spans: UnreadableSpan[] = [{ offset: 100, length: 20, reason: 'gated' }];
  expect(collector.finish({ epoch: 'e', gaveUpAt: 110 }, spans)).toEqual({
    offsets: [64, 70, 80],
    lengths: [2, 1, 2],
    unreadable: [
      { offset: 100, length: 10, reason: 'gated' },
      { offset: 110, length: 18, reason: 'not-read' },
    ],
    epoch: 'e',
    isFull: false,
    isGivenUp: true,
  });
});

test.each([
  ['a hit and a half', [64, 2, 70]],
  ['one without bytes', [64, 0]],
  ['one that reaches over the range', [120, 9]],
  ['one over another', [64, 4, 66, 2]],
])('hits that nobody can have found are refused: %s', (_, words) => {
  const cells = { name: 'uint8', order: 'little' } as const;
  const pattern = boardPatternOf({ kind: 'expression', text: 'a+', matchCase: true, cells, align: 0 });
  if (pattern === undefined) throw new Error('no pattern');
  const collector = new FindCollector({ ...request, pattern, ranges: [{ offset: 64, length: 64 }] });
  expect(() => collector.push(Uint32Array.from(words))).toThrow();
});

/** Sorts texts as they stand in a list. */
function inOrderOf(list: unknown): (a: string, b: string) => number {
  const all = Array.isArray(list) ? list : [];
  return (a, b) => all.indexOf(a) - all.indexOf(b);
}
