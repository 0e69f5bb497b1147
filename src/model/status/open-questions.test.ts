import { describe, expect, test } from 'vitest';
import { decodeTileStatus } from './decode.ts';
import { leavesOpen, withSecondRead } from './open-questions.ts';
import type { TileStatus } from './status.ts';

const running = 'channel_status: mm2s: idle|idle, s2mm: running|idle\ncurrent_bd: mm2s: 0|0, s2mm: 3|0';
const idle = 'channel_status: mm2s: idle|idle, s2mm: idle|idle';

function fromText(
  generation: 'aie' | 'aieml' | 'aie2ps' | 'unknown',
  dma: string,
  registers: readonly (readonly [number, number])[] = [],
): TileStatus {
  return decodeTileStatus(
    {
      tile: { col: 6, row: 3 },
      kind: 'core',
      source: 'sysfs',
      registers: new Map(registers),
      files: new Map([['dma', dma]]),
    },
    generation,
  );
}

/** A memory tile's MM2S channel 2 that works on descriptor 7, from its status word. */
function memoryTile(word: number, withDescriptor = false): TileStatus {
  const status = decodeTileStatus(
    {
      tile: { col: 6, row: 1 },
      kind: 'memory',
      source: 'registers',
      registers: new Map([[0xa0688, word | (7 << 24)]]),
      files: new Map(),
    },
    'aieml',
  );
  const descriptor = { index: 7, valid: true, address: 0, length: 4, fields: [], raw: [] };
  return { ...status, descriptors: withDescriptor ? [descriptor] : [] };
}

describe('[attach-11] what a look without details leaves open', () => {
  test('is whether a channel waits that the text of AIE-ML and AIE2PS calls running', () => {
    for (const generation of ['aieml', 'aie2ps'] as const) {
      const status = fromText(generation, running);
      expect(status.channels[0]).toMatchObject({ state: 'running', mayBeStalled: true });
      expect(leavesOpen(status, generation)).toBe(true);
      expect(leavesOpen(fromText(generation, idle), generation)).toBe(false);
    }
  });

  test('is nothing that a second look could tell without a generation, though what runs may wait', () => {
    const status = fromText('unknown', running);
    expect(status.channels[0]).toMatchObject({ state: 'running', mayBeStalled: true });
    expect(status.channels[1]).not.toHaveProperty('mayBeStalled');
    expect(leavesOpen(status, 'unknown')).toBe(false);
    const waiting = memoryTile((1 << 19) | (1 << 2) | 2);
    expect(leavesOpen(waiting, 'unknown')).toBe(false);
  });

  test("is not doubted without a generation where the text names a stall in the first generation's word", () => {
    const text = 'channel_status: mm2s: idle|stalled_on_requesting_lock, s2mm: running|idle';
    expect(
      fromText('unknown', text).channels.map(({ state, mayBeStalled }) => [state, mayBeStalled]),
    ).toEqual([
      ['running', undefined],
      ['idle', undefined],
      ['idle', undefined],
      ['stalled_on_requesting_lock', undefined],
    ]);
  });

  test('is nothing in the first generation, whose text tells a stall', () => {
    expect(leavesOpen(fromText('aie', running), 'aie')).toBe(false);
    expect(fromText('aie', running).channels[0]).not.toHaveProperty('mayBeStalled');
  });

  test('is nothing once the word was read, whether the channel waits or not', () => {
    const stalled = (1 << 19) | (1 << 2) | 2;
    for (const word of [stalled, (1 << 19) | 2]) {
      const status = fromText('aieml', running, [[0x1df00, word]]);
      expect(status.channels[0]).toMatchObject({
        state: word === stalled ? 'stalled_lock_acq' : 'running',
      });
      expect(status.channels[0]).not.toHaveProperty('mayBeStalled');
      expect(leavesOpen(status, 'aieml')).toBe(false);
    }
  });

  test('is whose lock a memory tile waits for, until its descriptor was read', () => {
    const stalled = (1 << 19) | (1 << 2) | 2;
    expect(leavesOpen(memoryTile(stalled), 'aieml')).toBe(true);
    expect(leavesOpen(memoryTile(stalled, true), 'aieml')).toBe(false);
    expect(leavesOpen(memoryTile((1 << 19) | 2), 'aieml')).toBe(false);
  });

  test('is nothing of a tile that could not be looked at', () => {
    expect(leavesOpen({ ...fromText('aieml', running), reason: 'gated' }, 'aieml')).toBe(false);
  });

  test('is answered by a second look, unless that failed', () => {
    const first = [fromText('aieml', running), memoryTile(0)];
    const told: TileStatus = { ...fromText('aieml', idle), source: 'registers' };
    expect(withSecondRead(first, [told])).toEqual([told, first[1]]);
    expect(withSecondRead(first, [{ ...told, reason: 'not-read' }])).toEqual(first);
  });
});
