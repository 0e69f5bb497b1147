import { describe, expect, test } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { elementType, exact } from '../model/compare/element.ts';
import type { ByteRange } from '../model/geometry.ts';
import { Comparison, sideOf, sideOfBytes, sideOfShown } from './comparison.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';

const never = new AbortController().signal;
const range = (offset: number, length: number): ByteRange => ({ offset, length });
const measure = { type: elementType({ name: 'int16', order: 'little' }), tolerance: exact };

async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, 8192);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await session.open(never);
  return { device, session };
}

test('elements of three bytes are compared whole in a memory of megabytes', () => {
  const expected = new Uint8Array(3_600_000).fill(0x11);
  const actual = expected.slice();
  // The element at the end of the first megabyte is off by 2, as one far behind it.
  for (const element of [349_525, 1_100_000]) actual[3 * element] = 0x13;
  const type = elementType({ name: 'int24', order: 'little' });
  const compare = (absolute: number) =>
    new Comparison(sideOfBytes({ bytes: actual }), sideOfBytes({ bytes: expected }), actual.length, {
      type,
      tolerance: { absolute, relative: 0 },
    });
  expect([...compare(1).outcome.mismatches]).toEqual([349_525, 1_100_000]);
  expect(compare(2).outcome.mismatches.count).toBe(0);
});

describe('a comparison with a live memory', () => {
  test('follows what is read, and stays what a comparison from the beginning is', async () => {
    const { device, session } = await setup();
    const whole = range(100, 3001);
    const expected = device.bytes.slice(100, 3101);
    const comparison = new Comparison(
      sideOf(session, whole),
      sideOfBytes({ bytes: expected }),
      whole.length,
      measure,
    );
    expect([comparison.size, comparison.length]).toEqual([1500, 3000]);
    expect(comparison.outcome.uncompared.count).toBe(1500);
    const changed: ByteRange[] = [];
    comparison.onDidChange((ranges) => changed.push(...ranges));
    await session.read(whole, never);
    expect([comparison.outcome.uncompared.count, comparison.outcome.mismatches.count]).toEqual([0, 0]);
    const random = new Random(5);
    for (let round = 0; round < 30; round++) {
      const at = random.below(6000);
      for (let i = 0; i < 40; i++) device.bytes[at + random.below(60)] = random.below(256);
      await session.refresh(range(at, 60), never);
      const anew = new Comparison(
        sideOf(session, whole),
        sideOfBytes({ bytes: expected }),
        whole.length,
        measure,
      );
      expect([...comparison.outcome.mismatches]).toEqual([...anew.outcome.mismatches]);
      anew.dispose();
    }
    expect(comparison.outcome.mismatches.count).toBeGreaterThan(50);
    expect(changed.every(({ offset, length }) => offset % 2 === 0 && offset + length <= 3000)).toBe(true);
    comparison.dispose();
    changed.length = 0;
    device.bytes[200] = (device.bytes[200] ?? 0) ^ 1;
    await session.refresh(whole, never);
    expect(changed).toEqual([]);
  });

  test('says which bytes of a part are wrong, also of what a tab shows that stands at one moment', async () => {
    const { device, session } = await setup();
    const whole = range(100, 3000);
    await session.read(whole, never);
    const expected = device.bytes.slice(100, 3100);
    const comparison = new Comparison(
      sideOf(session, whole),
      sideOfBytes({ bytes: expected }),
      whole.length,
      measure,
    );
    const wrong = (part: ByteRange, ...sides: Parameters<typeof comparison.wrongIn>[1][]) => {
      const marks = comparison.wrongIn(part, ...sides);
      return [...marks.keys()].filter((at) => marks[at] === 1);
    };
    const before = session.bytes(whole);
    const frozen = {
      bytes: ({ offset, length }: ByteRange) => {
        const part = (plane: Uint8Array) => plane.slice(offset - 100, offset - 100 + length);
        return { offset, bytes: part(before.bytes), base: part(before.base), flags: part(before.flags) };
      },
    };
    for (const at of [301, 1400]) device.bytes[at] = (device.bytes[at] ?? 0) ^ 1;
    await session.refresh(whole, never);
    // Elements of two bytes; the part begins in the middle of one.
    expect(wrong(range(201, 20))).toEqual([0]);
    expect(wrong(range(190, 20))).toEqual([10, 11]);
    expect(wrong(range(1299, 2))).toEqual([1]);
    for (const part of [range(201, 20), range(0, 3000)])
      expect(wrong(part, { actual: sideOfShown(frozen, 100) })).toEqual([]);
    const other = sideOfBytes({ bytes: expected.map((byte, i) => (i === 200 ? byte ^ 1 : byte)) });
    expect(wrong(range(150, 100), { actual: sideOfShown(frozen, 100), expected: other })).toEqual([50, 51]);
    comparison.dispose();
  });

  test('judges what the board holds, not what is staged over it', async () => {
    const { device, session } = await setup();
    await session.read(range(0, 64), never);
    const expected = device.bytes.slice(0, 64);
    const comparison = new Comparison(
      sideOf(session, range(0, 64)),
      sideOfBytes({ bytes: expected }),
      64,
      measure,
    );
    session.stage('document', 'Type', [{ offset: 8, bytes: Uint8Array.of((expected[8] ?? 0) ^ 0xff) }]);
    expect(comparison.outcome.mismatches.count).toBe(0);
  });

  test('another tolerance compares anew; the explanation is of both sides as they are', async () => {
    const { device, session } = await setup();
    await session.read(range(0, 2048), never);
    const expected = device.bytes.slice(0, 2048);
    for (let i = 0; i < 2048; i += 16) expected[i] = (expected[i] ?? 0) ^ 1;
    const comparison = new Comparison(
      sideOf(session, range(0, 2048)),
      sideOfBytes({ bytes: expected }),
      2048,
      measure,
    );
    expect(comparison.outcome.mismatches.count).toBe(128);
    expect(comparison.explain().place).toMatchObject({ kind: 'stride', first: 0, step: 8, hits: 128 });
    comparison.tolerate({ absolute: 1, relative: 0 });
    expect(comparison.outcome.mismatches.count).toBe(0);
    expect(comparison.measure.tolerance.absolute).toBe(1);
    expect(comparison.explain()).toEqual({});
  });
});
