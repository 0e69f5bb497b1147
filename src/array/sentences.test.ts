import { describe, expect, test } from 'vitest';
import { coreText, stallText } from '../model/status/sentences.ts';
import type { CoreStatus, TileStatus } from '../model/status/status.ts';
import { cellStates } from './messages.ts';
import { readFromArrayPage } from './page-messages.ts';
import { hangText, locksText, stateName, statusTooltip, waitText } from './sentences.ts';
import { plain } from './test-bench.ts';
import { detailItems, detailText } from './tile-items.ts';

const core: CoreStatus = {
  state: 'running',
  enabled: true,
  stalls: [],
  flags: [],
  unknownBits: 0,
  pc: 0x120,
  sp: 0x38020,
  lr: 0x90,
};

const tile: TileStatus = {
  tile: { col: 6, row: 3 },
  kind: 'core',
  source: 'registers',
  core,
  locks: [
    { index: 0, value: 0, text: '' },
    { index: 3, value: 0, acquired: true, text: 'acquired_for_write' },
    { index: 5, value: 2, overflow: true, text: '' },
  ],
  channels: [
    {
      direction: 's2mm',
      channel: 0,
      state: 'stalled_on_requesting_lock',
      stalledOnLock: true,
      currentDescriptor: 2,
      queueSize: 1,
      raw: 0x80040,
    },
    { direction: 'mm2s', channel: 1, state: 'idle', stalledOnLock: false },
  ],
  descriptors: [
    {
      index: 2,
      valid: true,
      address: 0x1000,
      length: 256,
      next: 3,
      acquire: { lock: 3, value: 1 },
      fields: [['D0_STEPSIZE', '4']],
      raw: [0x12345678, 0x9abcdef0],
    },
  ],
  events: [{ module: 'core', numbers: [22, 23] }],
  errors: ['instruction_decompression_error'],
  unparsed: ['future: 0x1'],
};

describe('[attach-10] what a tile does, in words', () => {
  test('a tooltip names core, registers, the locks that are set, the channels that are busy, errors', () => {
    expect(statusTooltip(tile, plain)).toEqual([
      'Core: running',
      'PC 0x00120, SP 0x38020, LR 0x00090',
      'Locks 3: acquired for write | 5: 2, overflow',
      'DMA S2MM 0: stalled on requesting lock, descriptor 2, 1 queued',
      'Errors: instruction decompression error',
    ]);
  });

  test('a tile that was not looked at has its reason instead', () => {
    expect(statusTooltip({ ...tile, reason: 'gated' }, plain)).toEqual(['The clock of this tile is off.']);
  });

  test('many locks and channels are cut short, with how many there are more', () => {
    const locks = Array.from({ length: 64 }, (_, index) => ({ index, value: 1, text: '' }));
    const channels = Array.from({ length: 12 }, (_, channel) => ({
      direction: 's2mm' as const,
      channel,
      state: 'running',
      stalledOnLock: false,
    }));
    const lines = statusTooltip({ ...tile, locks, channels }, plain);
    expect(lines).toContainEqual(expect.stringMatching(/7: 1 \| 56 more$/));
    expect(lines).toContainEqual('4 more');
  });

  test('what a core waits for is said instead of the bare state', () => {
    const stalls = [
      { kind: 'lock', on: 'north' },
      { kind: 'stream', on: 'ss0' },
    ] as const;
    expect(coreText({ ...core, state: 'lock-stall', stalls }, plain)).toBe(
      'waits for a lock in the north, waits for data on stream input 0',
    );
    expect(stallText({ kind: 'stream', on: 'ms1' }, plain)).toBe('waits for room on stream output 1');
    expect(stallText({ kind: 'cascade', on: 'mcd' }, plain)).toBe('waits for room on the cascade output');
    expect(stallText({ kind: 'stream', on: 'later' }, plain)).toBe('waits for stream later');
  });

  test('waits and circles in sentences', () => {
    const from = { col: 6, row: 3 };
    const to = { col: 6, row: 4 };
    expect(waitText({ from, to, what: 'core' }, plain)).toBe('The core of (6,3) waits for a lock of (6,4)');
    expect(waitText({ from, to, what: 's2mm', channel: 1, lock: 7 }, plain)).toBe(
      'DMA S2MM 1 of (6,3) waits for lock 7 of (6,4)',
    );
    expect(hangText([from, to], plain)).toBe("Tiles (6,3) and (6,4) wait for each other's locks.");
    expect(hangText([from, to, { col: 7, row: 4 }], plain)).toBe(
      "Tiles (6,3), (6,4) and (7,4) wait in a circle for each other's locks.",
    );
  });

  test('every state has a name of its own', () => {
    expect(new Set(cellStates.map((state) => stateName(state, plain))).size).toBe(cellStates.length);
  });
});

describe('[attach-10] the lines of the details view', () => {
  test('core, locks, DMA channels, descriptors, events, errors, and what is not understood, as it came', () => {
    const items = detailItems({ ...tile, core: { ...core, unknownBits: 0x4000_0000 } }, plain);
    expect(items.map(({ label, description }) => `${label}: ${description}`)).toEqual([
      'Core: running',
      'Locks: 2 of 3 set',
      'DMA channels: 1 of 2 busy',
      'Descriptors: 1 of 1 valid',
      'Events: 2 set',
      'Errors: 1',
      'Not understood: 2',
    ]);
    const text = items.map((item) => detailText(item)).join('\n');
    expect(text).toContain('  Program counter: 0x00120');
    expect(text).toContain('  Lock 3: acquired for write');
    expect(text).toContain('  Descriptor 2: 0x01000, 256 bytes');
    expect(text).toContain('    Acquires: lock 3, value 1');
    expect(text).toContain('    D0_STEPSIZE: 4');
    expect(text).toContain('  Bits of the core status: 0x40000000');
    expect(text).toContain('  future: 0x1');
    const [descriptor] = items.find(({ key }) => key === 'bd')?.children ?? [];
    expect(descriptor?.tooltip).toEqual(['Words 0x12345678 0x9ABCDEF0']);
    const [channel] = items.find(({ key }) => key === 'dma')?.children ?? [];
    expect(channel?.tooltip).toContain('Status word 0x00080040');
  });

  test('keys are unique: what was expanded stays so', () => {
    const keys: string[] = [];
    const visit = (items: ReturnType<typeof detailItems>) => {
      for (const item of items) {
        keys.push(item.key);
        visit([...item.children]);
      }
    };
    visit(detailItems(tile, plain));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('a tile that was not read says why', () => {
    expect(
      detailItems({ ...tile, reason: 'bus-error' }, plain).map(({ description }) => description),
    ).toEqual(['The access failed on the bus.']);
  });
});

describe('[attach-11] the locks at an arrow of a circle', () => {
  const edge = { from: { col: 1, row: 1 }, to: { col: 1, row: 2 }, what: 's2mm' } as const;

  test('are named where every wait of the step names its own', () => {
    expect(locksText([{ ...edge, lock: 5 }], plain)).toBe('waits for lock 5');
    expect(
      locksText(
        [
          { ...edge, lock: 0 },
          { ...edge, lock: 0 },
        ],
        plain,
      ),
    ).toBe('waits for lock 0');
    expect(
      locksText(
        [
          { ...edge, lock: 5 },
          { ...edge, lock: 7 },
        ],
        plain,
      ),
    ).toBe('waits for locks 5, 7');
  });

  test('are not where one does not: a core waits in a direction, not for a number', () => {
    expect(locksText([{ ...edge, what: 'core' }], plain)).toBe('waits for a lock');
    expect(
      locksText(
        [
          { ...edge, what: 'core' },
          { ...edge, lock: 5 },
        ],
        plain,
      ),
    ).toBe('waits for a lock');
  });
});

describe('what the page says', () => {
  test('is taken when it is in the contract', () => {
    expect(readFromArrayPage({ type: 'open', tile: { col: 6, row: 3 }, more: 1 })).toEqual({
      type: 'open',
      tile: { col: 6, row: 3 },
    });
    expect(readFromArrayPage({ type: 'command', command: 'refresh' })).toBeDefined();
  });

  test('is refused otherwise', () => {
    for (const message of [
      undefined,
      {},
      { type: 'open' },
      { type: 'open', tile: { col: -1, row: 3 } },
      { type: 'open', tile: { col: 1.5, row: 3 } },
      { type: 'command', command: 'toString' },
      { type: 'choose', key: 7 },
      { type: 'failure' },
    ]) {
      expect(readFromArrayPage(message)).toBeUndefined();
    }
  });
});
