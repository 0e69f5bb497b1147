import { describe, expect, it } from 'vitest';
import { toBoardError } from '../errors.ts';
import { UpdateCollector } from './update-collector.ts';

function block(...spans: (readonly [offset: number, second: number, ...bytes: number[]])[]): Uint8Array {
  const size = spans.reduce((sum, [, , ...bytes]) => sum + 8 + bytes.length, 0);
  const all = new Uint8Array(size);
  const view = new DataView(all.buffer);
  let at = 0;
  for (const [offset, second, ...bytes] of spans) {
    view.setUint32(at, offset, true);
    view.setUint32(at + 4, second, true);
    all.set(bytes, at + 8);
    at += 8 + bytes.length;
  }
  return all;
}

function collector() {
  const made = new UpdateCollector();
  made.asked([
    { offset: 16, length: 16 },
    { offset: 64, length: 8 },
  ]);
  return made;
}

function code(push: () => void): string {
  try {
    push();
  } catch (error) {
    return toBoardError(error).code;
  }
  return 'taken';
}

describe('[live-1] updates of a watch', () => {
  it('are put together from their blocks: bytes, and why there are none', () => {
    const made = collector();
    made.push(block([16, 4, 1, 2, 3, 4]));
    made.push(block([24, 8, 1, 2, 3, 4, 5, 6, 7, 8], [64, 8 + 2 ** 24]));
    expect(made.take()).toEqual([
      { offset: 16, bytes: Uint8Array.of(1, 2, 3, 4) },
      { offset: 24, bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
      { offset: 64, bytes: new Uint8Array(8), reason: 'gated' },
    ]);
    expect(made.take()).toEqual([]);
    made.push(block([16, 4, 9, 9, 9, 9]));
    expect(made.take()).toHaveLength(1);
  });

  it('may still tell of what was asked for before, as it was under way then', () => {
    const made = collector();
    made.asked([{ offset: 1024, length: 4 }]);
    made.push(block([16, 4, 1, 2, 3, 4], [1024, 4, 5, 6, 7, 8]));
    expect(made.take()).toHaveLength(2);
  });

  it.each([
    ['half a head', new Uint8Array(7)],
    ['fewer bytes than it says', block([16, 8, 1, 2, 3, 4])],
    ['no bytes', block([16, 0])],
    ['half a word', block([16, 2, 1, 2])],
    ['an offset in a word', block([18, 4, 1, 2, 3, 4])],
    ['a place that nobody asked for', block([32, 4, 1, 2, 3, 4])],
    ['more than was asked for', block([24, 12, ...new Array<number>(12).fill(0)])],
    ['more than there is', block([0xffff_fffc, 4, 1, 2, 3, 4])],
    ['the same twice', block([16, 4, 1, 2, 3, 4], [16, 4, 1, 2, 3, 4])],
    ['the wrong order', block([64, 4, 1, 2, 3, 4], [16, 4, 1, 2, 3, 4])],
    ['a reason that nobody knows', block([16, 4 + 99 * 2 ** 24])],
  ])('end the connection when they hold %s', (_, bad) => {
    expect(code(() => collector().push(bad))).toBe('protocol');
  });

  it('end it likewise where two blocks together are wrong', () => {
    const made = collector();
    made.push(block([64, 4, 1, 2, 3, 4]));
    expect(code(() => made.push(block([16, 4, 1, 2, 3, 4])))).toBe('protocol');
  });
});
