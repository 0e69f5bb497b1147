import { expect, test } from 'vitest';
import { ProgramCheck } from './program-check.ts';

/** Two tiles of 16 bytes, read and of this epoch, whose bytes are counted as they are asked for. */
class Memory {
  geometry: object | undefined = {};
  readonly base = new Uint8Array(32);
  readonly flags = new Uint8Array(32).fill(1);
  asked = 0;

  bytes({ offset, length }: { offset: number; length: number }) {
    this.asked++;
    const end = offset + length;
    return { base: this.base.slice(offset, end), flags: this.flags.slice(offset, end) };
  }

  isStale({ offset, length }: { offset: number; length: number }): boolean {
    return this.flags.subarray(offset, offset + length).some((flag) => (flag & 2) !== 0);
  }
}

const image = { bytes: Uint8Array.of(1, 2), said: Uint8Array.of(1, 1) };
const tile = (index: number) => ({ offset: 16 * index, length: 16 });

test('[names-2] program memory is compared again only when something of the tile changed', () => {
  const memory = new Memory();
  const check = new ProgramCheck();
  const difference = (index = 1, of = image) => check.difference(of, memory, tile(index));
  memory.base.set([1, 3], 16);
  for (let i = 0; i < 5; i++) expect(difference()).toEqual({ count: 1, first: 1 });
  check.changed([tile(0)]);
  expect(difference()).toEqual({ count: 1, first: 1 });
  expect(memory.asked, 'a change elsewhere').toBe(1);

  memory.base[17] = 2;
  check.changed([{ offset: 17, length: 1 }]);
  for (let i = 0; i < 5; i++) expect(difference(), 'nothing differs').toBeUndefined();
  expect(memory.asked).toBe(2);

  expect(difference(1, { ...image, bytes: Uint8Array.of(9, 2) }), 'another build').toEqual({
    count: 1,
    first: 0,
  });
  expect(difference(0), 'another tile').toEqual({ count: 2, first: 0 });
  memory.flags.fill(3);
  expect(difference(0), 'an epoch that ended, of which no ranges are told').toBeUndefined();
  memory.flags.fill(1);
  expect(difference(0)).toEqual({ count: 2, first: 0 });
  memory.flags.fill(0);
  memory.geometry = {};
  expect(difference(0), 'another layout').toBeUndefined();
  expect(memory.asked).toBe(7);
});
