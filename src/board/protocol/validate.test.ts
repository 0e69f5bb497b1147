import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import type { UnreadableReason, UnreadableSpan } from '../board.ts';
import { ReadCollector } from './read-collector.ts';
import { blank, clean, errorFrom, fitSpans, readSpanWords } from './validate.ts';

const seed = runSeed();

describe('unreadable spans', () => {
  it(`fit the asked ranges as a byte-wise model says (seed ${seed})`, () => {
    const random = new Random(seed);
    const reasons: readonly [UnreadableReason, ...UnreadableReason[]] = ['gated', 'bus-error', 'not-read'];
    for (let run = 0; run < 300; run++) {
      const ranges: { offset: number; length: number }[] = [];
      for (let at = random.below(5); at < 100; ) {
        const length = 1 + random.below(20);
        ranges.push({ offset: at, length });
        at += length + random.below(4);
      }
      const asked = (offset: number) =>
        ranges.some((one) => offset >= one.offset && offset < one.offset + one.length);
      const spans = Array.from({ length: random.below(6) }, () => ({
        offset: random.below(110),
        length: 1 + random.below(30),
        reason: random.pick(reasons),
      })).sort((a, b) => a.offset - b.offset);
      const model = new Map<number, UnreadableReason>();
      let strange = false;
      for (const span of spans) {
        let touched = false;
        for (let offset = span.offset; offset < span.offset + span.length; offset++) {
          if (!asked(offset)) continue;
          touched = true;
          if (!model.has(offset)) model.set(offset, span.reason);
        }
        strange ||= !touched && span.offset >= Math.max(0, ...model.keys());
      }
      let fitted: ReturnType<typeof fitSpans>;
      try {
        fitted = fitSpans(spans, ranges);
      } catch (error) {
        expect(error).toMatchObject({ code: 'protocol' });
        expect(strange).toBe(true);
        continue;
      }
      const told = fitted.flatMap((span) =>
        Array.from({ length: span.length }, (_, i) => [span.offset + i, span.reason]),
      );
      expect(told).toEqual([...model.entries()].sort(([a], [b]) => a - b));
      const bytes = ranges.map((range) => new Uint8Array(range.length).fill(1));
      blank(bytes, ranges, fitted);
      const wrong = ranges.flatMap((range, i) =>
        [...(bytes[i] ?? [])].filter((byte, j) => byte !== (model.has(range.offset + j) ? 0 : 1)),
      );
      expect(wrong).toEqual([]);
    }
  });

  it('are refused when there are more than any answer has, however they are cut into frames', () => {
    const words = new Uint32Array(3 * 131_072);
    for (let i = 0; i < words.length; i += 3) words.set([i, 1, 1], i);
    const spans: UnreadableSpan[] = [];
    readSpanWords(words, spans);
    readSpanWords(words, spans);
    expect(() => readSpanWords(words.subarray(0, 3), spans)).toThrow(/too many/);
    expect(spans).toHaveLength(262_144);
  });

  it('of a quarter of a million records over 4096 ranges take no time', () => {
    const ranges = Array.from({ length: 4096 }, (_, i) => ({ offset: i * 64, length: 32 }));
    const spans = Array.from({ length: 262_144 }, () => ({
      offset: 0,
      length: 4096 * 64,
      reason: 'gated' as const,
    }));
    const start = performance.now();
    expect(fitSpans(spans, ranges)).toHaveLength(4096);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('the pieces of a read', () => {
  it(`are whole or refused, whatever is left out (seed ${seed})`, () => {
    const random = new Random(seed + 1);
    for (let run = 0; run < 300; run++) {
      const ranges = [
        { offset: 4, length: 1 + random.below(20) },
        { offset: 40, length: 1 + random.below(20) },
      ];
      const collector = new ReadCollector(ranges);
      const come = new Set<number>();
      for (const range of ranges) {
        const end = range.offset + range.length;
        for (let at = range.offset; at < end; ) {
          const length = Math.min(1 + random.below(6), end - at);
          if (random.below(5) > 0) {
            collector.data(at, new Uint8Array(length).fill(at));
            for (let i = 0; i < length; i++) come.add(at + i);
          }
          at += length;
        }
      }
      const asked = ranges.reduce((sum, range) => sum + range.length, 0);
      if (come.size === asked) expect(collector.finish()).toEqual([]);
      else expect(() => collector.finish()).toThrow(/nothing for buffer offset/);
    }
  });
});

describe('foreign text and errors', () => {
  it('lose what could act on a terminal or turn a line around', () => {
    expect(clean('a\u0000b\u001b[31m\r\n\u202ec\u2028\u0085')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
    expect(clean('x'.repeat(10_000))).toHaveLength(4096);
    expect(clean('Grüße 図 😀')).toBe('Grüße 図 😀');
  });

  it('are errors, whatever the other side sent', () => {
    for (const header of [
      {},
      { code: 7, detail: {}, facts: [], errno: 'x' },
      { code: '__proto__', facts: { 'a b': 1, ok: Number.NaN, deep: {}, pid: 3 } },
    ]) {
      expect(errorFrom(header)).toMatchObject({ code: 'internal' });
    }
    expect(
      errorFrom({ code: 'busy', detail: 'd', errno: 16, facts: { pid: 3, command: 'a\nb' } }),
    ).toMatchObject({
      code: 'busy',
      message: 'd',
      facts: { pid: 3, errno: 16, command: 'a\ufffdb' },
    });
  });
});
