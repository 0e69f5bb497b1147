import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ShownBytes } from '../src/editor/messages.ts';
import { stateBits, unreadableState } from '../src/model/byte-state.ts';
import { cellFormat } from '../src/model/cells/cell-format.ts';
import type { CellName } from '../src/model/cells/choices.ts';
import type { ByteRange } from '../src/model/geometry.ts';
import { createLayout } from '../src/model/rows/layout.ts';
import { dice } from '../test/conformance/random.ts';
import { type Measured, measure, SelectionMeter } from './meter.ts';

const geometry = {
  type: 'data',
  startCol: 0,
  numCols: 1,
  startRow: 1,
  numRows: 4,
  bytesPerTile: 0x8000,
  tileBase: 0,
} as const;
const all: ByteRange = { offset: 0, length: 4 * 0x8000 };

function measured(name: CellName, range: ByteRange): Measured {
  const format = cellFormat({ name, order: 'little' }, true);
  return { ranges: [range], format, cell: createLayout(geometry, all, 16, format.bytes).cell };
}

function known(range: ByteRange, byte: (at: number) => number): ShownBytes {
  const bytes = Uint8Array.from({ length: range.length }, (_, i) => byte(range.offset + i));
  return {
    offset: range.offset,
    bytes,
    base: bytes,
    flags: new Uint8Array(range.length).fill(stateBits.known),
  };
}

describe('[hex-5] measuring a selection', () => {
  test('checksums are those of node, numbers those of the cells, in slices', async () => {
    const below = dice(41);
    const range = { offset: 0x40, length: 0x9000 };
    const shown = known(range, () => below(256));
    let pauses = 0;
    const numbers = await measure(
      measured('uint16', range),
      [shown],
      async () => void pauses++,
      new AbortController().signal,
    );
    expect(numbers.crc32).toBe(crc32(shown.bytes));
    expect(numbers.sha256).toBe(createHash('sha256').update(shown.bytes).digest('hex'));
    const values = new Uint16Array(shown.bytes.buffer);
    expect(numbers.statistics).toMatchObject({
      count: values.length,
      sum: values.reduce((sum, one) => sum + one, 0),
      least: values.reduce((a, b) => Math.min(a, b)),
      most: values.reduce((a, b) => Math.max(a, b)),
    });
    expect(numbers.withoutValue).toBe(0);
    expect(pauses).toBe(Math.ceil(values.length / 2048));
  });

  test('cells without a value are counted and left out, and nothing is said of all bytes then', async () => {
    const range = { offset: 0, length: 64 };
    const shown = known(range, () => 1);
    shown.flags[5] = 0;
    shown.flags[20] = unreadableState('gated');
    shown.flags[21] = stateBits.staged;
    const numbers = await measure(
      measured('uint32', range),
      [shown],
      async () => undefined,
      new AbortController().signal,
    );
    expect(numbers).toMatchObject({ withoutValue: 2, crc32: undefined, sha256: undefined });
    expect(numbers.statistics.count).toBe(14);
    // A staged byte is there.
    shown.flags[5] = stateBits.staged;
    shown.flags[20] = stateBits.staged;
    const now = await measure(
      measured('uint32', range),
      [shown],
      async () => undefined,
      new AbortController().signal,
    );
    expect(now).toMatchObject({ withoutValue: 0, crc32: crc32(shown.bytes) });
  });

  test('several runs are measured one after the other', async () => {
    const runs = [known({ offset: 0, length: 5 }, () => 7), known({ offset: 0x100, length: 3 }, () => 9)];
    const numbers = await measure(
      measured('uint8', { offset: 0, length: 5 }),
      runs,
      async () => undefined,
      new AbortController().signal,
    );
    const all = Uint8Array.of(7, 7, 7, 7, 7, 9, 9, 9);
    expect(numbers).toMatchObject({
      statistics: { count: 8, sum: 62 },
      crc32: crc32(all),
      sha256: createHash('sha256').update(all).digest('hex'),
    });
  });

  test('a cell that the end of a tile cuts has no value', async () => {
    const range = { offset: 0x7ff8, length: 16 };
    const numbers = await measure(
      measured('hex24', range),
      [known(range, () => 2)],
      async () => undefined,
      new AbortController().signal,
    );
    // 0x8000 is no multiple of 3: the tile's last cell has two bytes.
    expect(numbers.withoutValue).toBeGreaterThan(0);
    expect(numbers.statistics.least).toBe(0x020202);
  });
});

describe('[hex-5] which selection is measured, and when', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function setUp(flags: number = stateBits.known) {
    const parts = {
      version: 0,
      reads: [] as ByteRange[],
      changes: 0,
    };
    const meter = new SelectionMeter({
      bytes: (range) => {
        const shown = known(range, () => 3);
        shown.flags.fill(flags);
        return shown;
      },
      version: () => parts.version,
      read: async (range) => {
        parts.reads.push(range);
        return known(range, () => 4);
      },
      onChange: () => parts.changes++,
    });
    return { meter, parts };
  }
  const small = measured('uint8', { offset: 0, length: 32 });

  test('what the page holds is measured once it rests, and again when it changed', async () => {
    const { meter, parts } = setUp();
    expect(meter.state.kind).toBe('none');
    meter.select(small);
    expect(meter.state.kind).toBe('measuring');
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    await expect.poll(() => meter.state.kind).toBe('done');
    vi.useFakeTimers();
    expect(meter.state).toMatchObject({ numbers: { statistics: { sum: 96 } } });
    const { changes } = parts;
    meter.select(small);
    expect(parts.changes).toBe(changes);
    parts.version = 1;
    meter.select(small);
    // What changes meanwhile does not put it off.
    parts.version = 2;
    meter.select(small);
    // The old numbers stay until the new ones are there.
    expect(meter.state.kind).toBe('done');
    expect(parts.changes).toBeGreaterThan(changes);
    expect(parts.reads).toEqual([]);
    meter.select(undefined);
    expect(meter.state.kind).toBe('none');
  });

  test('what was not read, or is more than a page holds, is read only when a person asks', async () => {
    const unread = setUp(0);
    unread.meter.select(small);
    await vi.advanceTimersByTimeAsync(1000);
    expect(unread.meter.state.kind).toBe('offered');
    unread.parts.version = 2;
    unread.meter.select(small);
    expect(unread.meter.state.kind).toBe('offered');
    expect(unread.parts.reads).toEqual([]);
    unread.meter.readAndMeasure();
    vi.useRealTimers();
    await expect.poll(() => unread.meter.state.kind).toBe('done');
    expect(unread.parts.reads).toEqual(small.ranges);
    expect(unread.meter.state).toMatchObject({ numbers: { statistics: { sum: 128 } } });
    vi.useFakeTimers();
    const { meter } = setUp();
    meter.select(measured('uint8', { offset: 0, length: (1 << 20) + 1 }));
    await vi.advanceTimersByTimeAsync(1000);
    expect(meter.state.kind).toBe('offered');
  });
});
