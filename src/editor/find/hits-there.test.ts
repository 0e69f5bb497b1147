import { expect, test } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import { stateBits } from '../../model/byte-state.ts';
import { boardPatternOf, couldBeHit } from '../../model/find/board-pattern.ts';
import { Finder, type FoundBeyond } from '../../model/find/finder.ts';
import { HitList } from '../../model/find/hit-list.ts';
import { patternOf } from '../../model/find/pattern.ts';
import type { FindQuery } from '../../model/find/query.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { endOf, intersectRanges, RangeCollector, without } from '../../model/ranges.ts';
import { aroundGaps, rangesThere, searchedIn } from './hits-there.ts';
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

test(`ranges without others, and gaps with what is around them, byte by byte (seed ${runSeed()})`, () => {
  const random = new Random(runSeed());
  for (let round = 0; round < 300; round++) {
    const some = runsOf(() => random.below(3) > 0);
    const others = runsOf(() => random.below(4) === 0);
    const inOthers = bytesOf(others);
    const left = [...bytesOf(some)].filter((byte) => !inOthers.has(byte));
    expect([...bytesOf(without(some, others))]).toEqual(left);
    expect(searchedIn(some, others)).toBe(bytesOf(some).size - left.length);
    const length = 1 + random.below(6);
    const gaps = bytesOf(some);
    const wide = runsOf((byte) => [...gaps].some((gap) => Math.abs(gap - byte) < length));
    expect(aroundGaps(some, length, { offset: 0, length: size })).toEqual(wide);
  }
});

/** A pattern of few bytes, so that hits overlap and touch. */
function anyQuery(random: Random): FindQuery {
  const cells = { name: 'uint8', order: 'little' } as const;
  const query = { matchCase: true, cells, align: 0 };
  const byte = () => random.pick(['00', '01', '??', '0?']);
  switch (random.below(4)) {
    case 0:
      return { ...query, kind: 'hex', text: `0${random.below(2)} ${byte()} ${byte()} 0${random.below(2)}` };
    case 1:
      return {
        ...query,
        kind: 'hex',
        text: Array(1 + random.below(4))
          .fill('00')
          .join(' '),
      };
    case 2: {
      const align = random.pick([0, 1, 2]);
      return {
        ...query,
        kind: 'value',
        text: random.pick(['0', '0 0', '0..1 0']),
        cells: { name: 'uint16', order: 'little' },
        align,
      };
    }
    default: {
      const text = random.pick([
        String.raw`\x00+`,
        String.raw`\x00\x01*\x00`,
        String.raw`(\x00|\x01\x01)\x00?`,
        String.raw`\x01\x00*\x01|\x00\x00`,
        String.raw`\x00{2,5}?\x01`,
      ]);
      return { ...query, kind: 'expression', text };
    }
  }
}

test(`[hex-6] what was read and what a board searched together are what a search finds that could read all (seed ${runSeed()})`, () => {
  const random = new Random(runSeed() + 1);
  const bytesPerTile = size / 3;
  let hits = 0;
  let over = 0;
  for (let round = 0; round < 3000; round++) {
    const query = anyQuery(random);
    const asked = boardPatternOf(query);
    if (asked === undefined) continue;
    const few = 2 + random.below(3);
    const bytes = Uint8Array.from({ length: size }, () => (random.below(few) === 0 ? 1 : 0));
    // Bytes that cannot be read are no gap: it is known that they have no value.
    const unreadable = runsOf(() => random.below(30) === 0);
    const bounds = { offset: random.below(5), length: size - random.below(10) - 5 };
    const often = 1 + random.below(6);
    const gaps = runsOf(
      (byte) => random.below(8) < often && intersectRanges({ offset: byte, length: 1 }, bounds) !== undefined,
    );
    const missing = bytesOf(gaps);
    const noValue = bytesOf(unreadable);
    const search = (
      ranges: readonly ByteRange[],
      isHere: (byte: number) => boolean,
      beyond?: FoundBeyond,
    ): Finder => {
      const pattern = patternOf(query, indexOf);
      if (pattern.kind === 'none') throw new Error(query.text);
      const take = ({ offset, length }: ByteRange) => ({
        length,
        bytes: bytes.slice(offset, offset + length),
        flags: Uint8Array.from({ length }, (_, i) => (isHere(offset + i) ? stateBits.known : 0)),
      });
      const finder = new Finder({ bytes: take, view: take }, pattern, ranges, bytesPerTile, beyond);
      while (!finder.isOver) finder.step(1 + random.below(300));
      return finder;
    };
    const listOf = ({ hits: list }: Finder) => Array.from({ length: list.count }, (_, i) => list.at(i));
    const hasValue = (byte: number) => !noValue.has(byte);
    const isHere = (byte: number) => hasValue(byte) && !missing.has(byte);
    const here = search([bounds], isHere, { gaps });
    if (gaps.length === 0) continue;
    const ranges = rangesThere(asked, gaps, here.openFrom ?? -1, bounds);
    const there = search(ranges, hasValue);
    const mayBeHit = ({ offset, length }: ByteRange) =>
      couldBeHit(asked, bytes.slice(offset, offset + length), (i) => isHere(offset + i));
    const joined = search([bounds], isHere, { gaps, hits: there.hits, mayBeHit });
    const whole = search([bounds], hasValue);
    expect(listOf(joined), `${query.text} in ${[...bytes].join('')}, gaps ${JSON.stringify(gaps)}`).toEqual(
      listOf(whole),
    );
    hits += whole.hits.count;
    over += listOf(whole).filter((hit) =>
      gaps.some((gap) => intersectRanges(gap, hit ?? gap) !== undefined && (hit?.offset ?? 0) < gap.offset),
    ).length;
  }
  expect(hits).toBeGreaterThan(5000);
  expect(over).toBeGreaterThan(500);
});

test('a search that is full of what a board found is over', () => {
  const hits = new HitList();
  for (let at = 0; at < 10; at++) hits.add(10 * at, 2);
  const pattern = patternOf(
    { kind: 'hex', text: '00 00', matchCase: true, cells: { name: 'uint8', order: 'little' }, align: 0 },
    indexOf,
  );
  if (pattern.kind === 'none') throw new Error('no pattern');
  const nothing = ({ length }: ByteRange) => ({
    length,
    bytes: new Uint8Array(length),
    flags: new Uint8Array(length),
  });
  const range = { offset: 0, length: 100 };
  const finder = new Finder({ bytes: nothing, view: nothing }, pattern, [range], 100, {
    gaps: [range],
    hits,
  });
  expect(finder.total).toBe(0);
  expect(finder.openFrom).toBe(0);
  // One at a time: a million of them keep nobody for long.
  for (let count = 1; !finder.isOver; count++) {
    finder.step(1);
    expect(finder.hits.count).toBe(Math.min(count, 10));
  }
  expect(finder.hits.count).toBe(10);
  expect(endOf(finder.hits.at(9))).toBe(92);
});
