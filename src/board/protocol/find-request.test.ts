import { expect, test } from 'vitest';
import type { CoreFindAnswer, CoreFindRequest } from './core-client.ts';
import { findInGroups } from './find-request.ts';

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
