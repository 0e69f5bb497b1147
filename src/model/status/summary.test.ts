import { describe, expect, test } from 'vitest';
import type { CoreState, DmaChannelStatus, TileStatus } from './status.ts';
import { tileActivity } from './summary.ts';

function tile(parts: Partial<TileStatus>): TileStatus {
  return {
    tile: { col: 7, row: 3 },
    kind: 'core',
    source: 'registers',
    locks: [],
    channels: [],
    descriptors: [],
    events: [],
    errors: [],
    unparsed: [],
    ...parts,
  };
}

function core(state: CoreState): Partial<TileStatus> {
  return { core: { state, enabled: true, stalls: [], flags: [], unknownBits: 0 } };
}

function channels(...states: string[]): Partial<TileStatus> {
  return {
    channels: states.map(
      (state, channel): DmaChannelStatus => ({ direction: 's2mm', channel, state, stalledOnLock: false }),
    ),
  };
}

describe('[attach-11] a tile in one word', () => {
  test.each([
    ['gated', 'gated'],
    ['bus-error', 'unreadable'],
    ['no-way', 'unreadable'],
    ['core-running', 'unreadable'],
    ['not-read', 'unreadable'],
  ] as const)('not looked at because %s: %s', (reason, activity) => {
    expect(tileActivity(tile({ reason }))).toBe(activity);
  });

  test.each([
    ['error', 'error'],
    ['debug-halted', 'halted'],
    ['lock-stall', 'stalled'],
    ['stream-stall', 'stalled'],
    ['memory-stall', 'stalled'],
    ['cascade-stall', 'stalled'],
    ['done', 'done'],
    ['running', 'running'],
    ['reset', 'idle'],
    ['disabled', 'idle'],
  ] as const)('a core that is %s: %s', (state, activity) => {
    expect(tileActivity(tile(core(state)))).toBe(activity);
  });

  test('a core that does something says it, whatever its DMA does', () => {
    expect(tileActivity(tile({ ...core('running'), ...channels('stalled_lock_acq') }))).toBe('running');
    expect(tileActivity(tile({ ...core('done'), ...channels('running') }))).toBe('done');
    expect(tileActivity(tile({ ...core('lock-stall'), ...channels('running') }))).toBe('stalled');
  });

  test('a core that does nothing, and a tile without one, is as busy as its DMA', () => {
    for (const parts of [core('disabled'), core('reset'), { kind: 'memory' as const }]) {
      expect(tileActivity(tile({ ...parts, ...channels('idle', 'idle') }))).toBe('idle');
      expect(tileActivity(tile({ ...parts, ...channels('idle', 'running') }))).toBe('running');
      expect(tileActivity(tile({ ...parts, ...channels('running', 'stalled_lock_acq') }))).toBe('stalled');
    }
  });

  test('errors come first: of the driver, of a channel, of a queue', () => {
    expect(
      tileActivity(tile({ ...core('running'), errors: ['core: access: dm_address_out_of_range'] })),
    ).toBe('error');
    const channel = { direction: 's2mm', channel: 0, state: 'running', stalledOnLock: false } as const;
    expect(tileActivity(tile({ channels: [{ ...channel, errors: ['error_bd_invalid'] }] }))).toBe('error');
    expect(tileActivity(tile({ channels: [{ ...channel, queueOverflow: true }] }))).toBe('error');
    expect(tileActivity(tile({ channels: [{ ...channel, queueOverflow: false }] }))).toBe('running');
  });
});
