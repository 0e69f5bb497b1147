import { expect, test } from 'vitest';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import { FrozenBytes } from './frozen-bytes.ts';

const seed = runSeed();

test(`[live-5] a frozen tab keeps what was known, whatever becomes of it (seed ${seed})`, () => {
  const random = new Random(seed);
  for (let round = 0; round < 30; round++) {
    const size = 5 * pageBytes;
    const planes = { bytes: random.bytes(size), base: random.bytes(size), flags: new Uint8Array(size) };
    const ticks = new Uint32Array(size);
    for (let i = random.below(4); i > 0; i--) {
      const from = random.below(size);
      planes.flags.fill(1, from, from + random.below(2 * pageBytes));
      ticks.fill(random.below(9), from, from + random.below(200));
    }
    const cut = (plane: Uint8Array, { offset, length }: ByteRange) => plane.slice(offset, offset + length);
    const source = {
      bytes: (range: ByteRange) => ({
        offset: range.offset,
        bytes: cut(planes.bytes, range),
        base: cut(planes.base, range),
        flags: cut(planes.flags, range),
      }),
      changes: ({ offset, length }: ByteRange) => ({
        ticks: ticks.subarray(offset, offset + length),
        since: Math.floor(offset / pageBytes),
      }),
      tick: 9,
    };
    const range = { offset: random.below(pageBytes), length: 1 + random.below(3 * pageBytes) };
    const then = { planes: structuredClone(planes), ticks: ticks.slice() };
    const frozen = new FrozenBytes(source, range);
    planes.bytes.fill(0);
    planes.base.fill(0);
    planes.flags.fill(3);
    ticks.fill(99);
    expect(frozen.tick).toBe(9);
    const at = range.offset + random.below(range.length);
    const asked = { offset: at, length: 1 + random.below(range.offset + range.length - at) };
    const shown = frozen.bytes(asked);
    for (let i = 0; i < asked.length; i++) {
      const place = asked.offset + i;
      const page = Math.floor(place / pageBytes);
      const from = Math.max(range.offset, page * pageBytes);
      const to = Math.min(range.offset + range.length, (page + 1) * pageBytes);
      const isKept = then.planes.flags.subarray(from, to).some((flag) => flag !== 0);
      const { ticks: kept } = frozen.changes({ offset: place, length: 1 });
      const was = [
        then.planes.bytes[place],
        then.planes.base[place],
        then.planes.flags[place],
        then.ticks[place],
      ];
      expect([shown.bytes[i], shown.base[i], shown.flags[i], kept?.[0] ?? 0]).toEqual(
        isKept ? was : [0, 0, 0, 0],
      );
    }
  }
});
