import { expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { stateBits } from '../../model/byte-state.ts';
import { overlapsItself, searchPattern } from '../../model/find/board-pattern.ts';
import { Finder } from '../../model/find/finder.ts';
import { HitList } from '../../model/find/hit-list.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { RangeCollector } from '../../model/ranges.ts';
import { aroundGaps, joinHits, searchedIn, without } from './hits-there.ts';
import { indexOf } from './index-of.ts';

const size = 120;

/** The bytes for which it is true, as runs. */
function runsOf(isIn: (byte: number) => boolean): readonly ByteRange[] {
  const runs = new RangeCollector();
  for (let byte = 0; byte < size; byte++) if (isIn(byte)) runs.add(byte);
  return runs.ranges;
}

function bytesOf(ranges: readonly ByteRange[]): Set<number> {
  return new Set(ranges.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)));
}

/** The first hits that do not overlap, of bytes that all are where they may be. */
function hitsIn(bytes: Uint8Array, length: number, mayBe: (byte: number) => boolean): number[] {
  const hits: number[] = [];
  for (let at = 0; at + length <= size; at++) {
    const isHit = Array.from({ length }, (_, i) => at + i).every((i) => bytes[i] === 1 && mayBe(i));
    if (!isHit) continue;
    hits.push(at);
    at += length - 1;
  }
  return hits;
}

test(`ranges without others, and gaps with what is around them, byte by byte (seed ${runSeed()})`, () => {
  const random = new Random(runSeed());
  for (let round = 0; round < 300; round++) {
    const some = runsOf(() => random.below(3) > 0);
    const others = runsOf(() => random.below(4) === 0);
    const inOthers = bytesOf(others);
    const left = [...bytesOf(some)].filter((byte) => !inOthers.has(byte));
    expect([...bytesOf(without(some, others))]).toEqual(left);
    const there = { offsets: [], length: 1, searched: others, isFull: false };
    expect(searchedIn(some, there)).toBe(bytesOf(some).size - left.length);
    const length = 1 + random.below(6);
    const gaps = bytesOf(some);
    const wide = runsOf((byte) => [...gaps].some((gap) => Math.abs(gap - byte) < length));
    expect(aroundGaps(some, length, { offset: 0, length: size })).toEqual(wide);
  }
});

test(`hits of both sides together are those of a search that could read all (seed ${runSeed()})`, () => {
  const random = new Random(runSeed() + 1);
  for (let round = 0; round < 500; round++) {
    // Runs of exactly the length of a hit: no hit could also begin elsewhere.
    const length = 1 + random.below(5);
    const bytes = new Uint8Array(size);
    for (let at = random.below(9); at + length <= size; at += length + 1 + random.below(9)) {
      bytes.fill(1, at, at + length);
    }
    const isGap = Array.from({ length: size }, () => random.below(3) === 0);
    const gaps = runsOf((byte) => isGap[byte] === true);
    const here = new HitList();
    for (const hit of hitsIn(bytes, length, (byte) => isGap[byte] === false)) here.add(hit, length);
    const asked = bytesOf(aroundGaps(gaps, length, { offset: 0, length: size }));
    const offsets = hitsIn(bytes, length, (byte) => asked.has(byte));
    const there = { offsets, length, searched: gaps, isFull: false };
    const joined = joinHits(here, there, gaps, () => false);
    const all = Array.from({ length: joined.count }, (_, i) => joined.at(i)?.offset);
    expect(all).toEqual(hitsIn(bytes, length, () => true));
    // What was read since is searched here alone.
    const kept = joinHits(here, there, [], () => false);
    expect(kept.count).toBe(here.count);
    // The board does not know of what is staged; a hit that lies in a gap has nothing staged.
    const inGaps = joinHits(here, there, gaps, () => true);
    for (let i = 0; i < inGaps.count; i++) {
      const { offset = 0 } = inGaps.at(i) ?? {};
      const isHere = here.at(here.firstFrom(offset))?.offset === offset;
      const isInGap = Array.from({ length }, (_, byte) => isGap[offset + byte]).every((one) => one === true);
      expect(isHere || isInGap).toBe(true);
    }
  }
});

test(`of patterns that cannot overlap themselves, hits of both sides are those of a Finder over everything (seed ${runSeed()})`, () => {
  const random = new Random(runSeed() + 2);
  const tried = { alone: 0, overlapping: 0 };
  for (let round = 0; round < 2000; round++) {
    const length = 1 + random.below(5);
    const letters = (count: number) => Uint8Array.from({ length: count }, () => random.below(2));
    const pattern = {
      kind: 'bytes',
      values: letters(length),
      masks: letters(length).map((one) => 255 * one),
    } as const;
    const bytes = letters(size);
    const find = (isThere: (byte: number) => boolean): HitList => {
      const flags = Uint8Array.from(bytes, (_, i) => (isThere(i) ? stateBits.known : 0));
      const take = ({ offset, length: most }: ByteRange) => ({
        length: most,
        bytes: bytes.subarray(offset, offset + most),
        flags: flags.subarray(offset, offset + most),
      });
      const finder = new Finder(
        { bytes: take, view: take },
        searchPattern(pattern, indexOf),
        [{ offset: 0, length: size }],
        size,
      );
      while (!finder.isOver) finder.step(1000);
      return finder.hits;
    };
    const offsets = (hits: HitList) => Array.from({ length: hits.count }, (_, i) => hits.at(i)?.offset ?? -1);
    if (overlapsItself(pattern)) {
      tried.overlapping++;
      continue;
    }
    tried.alone++;
    const isGap = Array.from({ length: size }, () => random.below(3) === 0);
    const gaps = runsOf((byte) => isGap[byte] === true);
    const asked = bytesOf(aroundGaps(gaps, length, { offset: 0, length: size }));
    const there = {
      offsets: offsets(find((byte) => asked.has(byte))),
      length,
      searched: gaps,
      isFull: false,
    };
    const joined = joinHits(
      find((byte) => isGap[byte] === false),
      there,
      gaps,
      () => false,
    );
    expect(offsets(joined)).toEqual(offsets(find(() => true)));
  }
  expect(Math.min(tried.alone, tried.overlapping)).toBeGreaterThan(100);
});
