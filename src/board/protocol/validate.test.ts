import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../../test/conformance/random.ts';
import type { UnreadableReason } from '../../model/byte-state.ts';
import type { UnreadableSpan } from '../board.ts';
import { ReadCollector } from './read-collector.ts';
import {
  blank,
  checkCoreState,
  checkCovered,
  checkDescription,
  checkFlag,
  checkLeft,
  checkPartitions,
  errorFrom,
  fitSpans,
  readSpanWords,
  StatusCollector,
} from './validate.ts';

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

describe("the native core's own examples", () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../../test/golden/wire.json', import.meta.url), 'utf8'),
  ) as { name: string; header: Record<string, unknown>; payloadHex: string }[];
  const of = (name: string) => {
    const vector = golden.find((one) => one.name === name);
    if (vector === undefined) throw new Error(`no golden frame ${name}`);
    return { header: vector.header, payload: Uint8Array.from(Buffer.from(vector.payloadHex, 'hex')) };
  };

  it('[shape-4] of two partitions that have the same columns and keys of their own', () => {
    const { partitions } = checkPartitions(of('partitions unasked, two contexts of the same columns').header);
    expect(partitions.map(({ key, columns }) => [key, columns])).toEqual([
      ['ctx-a.1', { startCol: 0, numCols: 4 }],
      ['ctx-a.2', { startCol: 0, numCols: 4 }],
    ]);
  });

  it('of partitions are understood: picked, held, owner gone, kernel, hidden', () => {
    const dynamic = checkDescription(of('describe answer, dynamic partitions').header);
    expect(dynamic.array).toEqual({
      numCols: 38,
      shim: { start: 0, count: 1 },
      memory: { start: 1, count: 2 },
      core: { start: 3, count: 8 },
    });
    expect(dynamic.list.partitions[0]).toMatchObject({
      owner: { kind: 'process', pid: 812, command: 'graph.elf' },
      hold: { pid: 901, until: 1795386309372 },
    });
    const { partitions, free } = checkPartitions(of('partitions unasked, held, owner gone').header);
    expect(partitions.map((one) => [one.ownerGone, one.owner, one.picked, one.clocksOn])).toEqual([
      [true, undefined, false, false],
      [false, undefined, true, true],
    ]);
    expect(free).toEqual([
      { startCol: 0, numCols: 6 },
      { startCol: 10, numCols: 28 },
    ]);
    const kinds = ['partitions unasked, held by the kernel', 'partitions unasked, owner hidden'].map(
      (name) => checkPartitions(of(name).header).partitions[0]?.owner?.kind,
    );
    expect(kinds).toEqual(['kernel', 'hidden']);
  });

  it('of status, clocks and holds are understood', () => {
    const collector = new StatusCollector([
      { col: 6, row: 3 },
      { col: 6, row: 1 },
      { col: 9, row: 10 },
    ]);
    for (const name of [
      'status of a core tile, by registers',
      'status of a memory tile, by sysfs',
      'status of a gated tile',
    ]) {
      const { header, payload } = of(name);
      collector.pushBytes(header, payload);
    }
    const [core, memory, gated] = collector.finish();
    expect(core?.registers.get(0x31100)).toBe(0x1ca);
    expect([core?.kind, core?.source, core?.reason]).toEqual(['core', 'registers', undefined]);
    expect(memory?.files.get('lock')).toBe('0: 1\n1: 0|overflow\n');
    expect([gated?.reason, gated?.registers.size]).toEqual(['gated', 0]);
    expect(checkFlag(of('clocks answer, ignored by the driver').header, 'on')).toBe(false);
    expect(errorFrom(of('error, hold failed').header)).toMatchObject({
      code: 'hold-failed',
      facts: { pid: 901 },
    });
  });
});

describe('since when all of a watch was looked at', () => {
  it('[live-12] is told where looks broke off, and that no look got to its end; anything else is refused', () => {
    expect(checkCovered({})).toEqual({});
    expect(checkCovered({ coveredMs: 250 })).toEqual({ coveredMs: 250 });
    expect(checkCovered({ coveredMs: null })).toEqual({ coveredMs: Number.POSITIVE_INFINITY });
    for (const coveredMs of [-1, 1.5, '250', []]) expect(() => checkCovered({ coveredMs })).toThrow();
  });
});

describe('the tiles of a status', () => {
  it(`are all that were asked, in order, or refused (seed ${seed})`, () => {
    const random = new Random(seed + 2);
    for (let run = 0; run < 300; run++) {
      const asked = Array.from({ length: 1 + random.below(4) }, (_, i) => ({ col: i, row: random.below(9) }));
      const collector = new StatusCollector(asked);
      const model: Map<number, number>[] = [];
      let wrong = false;
      for (const tile of asked) {
        const registers = new Map<number, number>();
        const offsets = new Set(Array.from({ length: random.below(6) }, () => 4 * random.below(0x40000)));
        for (const offset of [...offsets].sort((a, b) => a - b)) registers.set(offset, random.word());
        const records = Uint32Array.from([...registers].flat());
        const change = random.below(12);
        const other = change === 0 ? { col: tile.col + 1 } : change === 1 ? { row: 'x' } : {};
        wrong ||= change < 2;
        const header = { ...tile, ...other, kind: 'core', reason: 0, source: 'registers' };
        try {
          collector.pushWords(header, records);
          model.push(registers);
        } catch (error) {
          expect(error).toMatchObject({ code: 'protocol' });
          expect(wrong).toBe(true);
        }
      }
      if (wrong) expect(() => collector.finish()).toThrow(/tiles instead of/);
      else expect(collector.finish().map((one) => one.registers)).toEqual(model);
    }
  });

  it('have texts without control characters; their lines stay lines', () => {
    const collector = new StatusCollector([{ col: 1, row: 2 }]);
    const files = { core: 'status: a\u001b[2J\npc: \u202e1\r\n' };
    collector.pushWords(
      { col: 1, row: 2, kind: 'core', reason: 0, source: 'sysfs', files },
      new Uint32Array(0),
    );
    expect(collector.finish()[0]?.files.get('core')).toBe('status: a\ufffd[2J\npc: \ufffd1\ufffd\n');
  });
});

describe('what came of an act on a core [debug-7]', () => {
  it('is words and a known reason, or refused', () => {
    const good = { reason: 0, status: 0x10001, debugStatus: 1, counter: 0x1f0 };
    expect(checkCoreState(good)).toEqual({ ...good, reason: undefined });
    expect(checkCoreState({ ...good, reason: 1 }).reason).toBe('gated');
    for (const wrong of [
      { reason: 99 },
      { status: -1 },
      { debugStatus: 2 ** 32 },
      { counter: '1' },
      { counter: 1.5 },
    ]) {
      expect(() => checkCoreState({ ...good, ...wrong })).toThrow();
    }
    expect(checkLeft({ left: 3 })).toBe(3);
    for (const left of [-1, 5000, undefined, 'x']) expect(() => checkLeft({ left })).toThrow();
  });
});

describe('foreign errors', () => {
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
