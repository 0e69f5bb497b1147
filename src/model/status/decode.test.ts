import { describe, expect, test } from 'vitest';
import type { Generation } from '../geometry.ts';
import { decodeTileStatus } from './decode.ts';
import type { RawTileStatus, TileKind, TileStatus } from './status.ts';

const tile = { col: 7, row: 3 };

/** A tile of which the driver's texts were read, and beside them some words. */
function fromFiles(
  generation: Generation | 'unknown',
  kind: TileKind,
  files: Record<string, string>,
  words: readonly (readonly [number, number])[] = [],
): TileStatus {
  const raw: RawTileStatus = {
    tile,
    kind,
    source: 'sysfs',
    registers: new Map(words),
    files: new Map(Object.entries(files)),
  };
  return decodeTileStatus(raw, generation);
}

function fromWords(
  generation: Generation | 'unknown',
  kind: TileKind,
  words: readonly (readonly [number, number])[],
): TileStatus {
  return decodeTileStatus(
    { tile, kind, source: 'registers', registers: new Map(words), files: new Map() },
    generation,
  );
}

describe('[attach-10] a core from the text of the driver', () => {
  test('the first generation: state, stalls and pointers', () => {
    const status = fromFiles('aie', 'core', {
      core: 'status: enabled|east_lock_stall\npc: 0x000001ca\nlr: 0x000000b0\nsp: 0x0003a0c0\n',
    });
    expect(status.core).toEqual({
      state: 'lock-stall',
      enabled: true,
      stalls: [{ kind: 'lock', on: 'east' }],
      flags: [],
      unknownBits: 0,
      pc: 0x1ca,
      lr: 0xb0,
      sp: 0x3a0c0,
    });
    expect(status.unparsed).toEqual([]);
  });

  test('AIE-ML spells it "enable"', () => {
    const status = fromFiles('aieml', 'core', { core: 'status: enable|stream_stall_ss0\npc: 0x00000010\n' });
    expect(status.core).toMatchObject({ state: 'stream-stall', enabled: true, pc: 0x10 });
    expect(status.core?.sp).toBeUndefined();
    expect(status.unparsed).toEqual([]);
  });

  test('zero is printed without 0x', () => {
    const status = fromFiles('aie', 'core', {
      core: 'status: disabled\npc: 00000000\nlr: 00000000\nsp: 00000000\n',
    });
    expect(status.core).toEqual({
      state: 'disabled',
      enabled: false,
      stalls: [],
      flags: [],
      unknownBits: 0,
      pc: 0,
      lr: 0,
      sp: 0,
    });
  });

  test('a gated tile has the reason and nothing else: the pointers beside it were not read', () => {
    const status = fromFiles('aie', 'core', {
      core: 'status: clock_gated\npc: 00000000\nlr: 00000000\nsp: 00000000\n',
      lock: '0: clock_gated\n',
    });
    expect(status).toEqual({
      tile,
      kind: 'core',
      source: 'sysfs',
      reason: 'gated',
      locks: [],
      channels: [],
      descriptors: [],
      events: [],
      errors: [],
      unparsed: [],
    });
  });

  test.each([
    ['lock', '0: clock_gated\n1: clock_gated\n'],
    ['dma', 'channel_status: mm2s: clock_gated, s2mm: clock_gated\nfifo_len: clock_gated\n'],
    ['bd', '0: clock_gated\n'],
    ['event', 'core: clock_gated\nmemory: clock_gated\n'],
  ])('%s alone tells that a tile is gated', (name, text) => {
    expect(fromFiles('aie', 'core', { [name]: text }).reason).toBe('gated');
  });

  test('words that are not known stay as they came, the others count', () => {
    const status = fromFiles('aieml', 'core', {
      core: 'status: enable||brand_new_stall|ecc_error\npc: 0x1\npc: 0x2\nsp: what\nfp: 0x7\n',
    });
    expect(status.core).toMatchObject({ state: 'running', flags: ['ecc_error_stall'], pc: 1 });
    expect(status.unparsed).toEqual([
      'core: pc: 0x2',
      'core: sp: what',
      'core: fp: 0x7',
      'core: status: ',
      'core: status: brand_new_stall',
    ]);
  });
});

describe('[attach-10] a core from its registers', () => {
  test.each([
    ['aie', 0x32004, 0x30280, 0x302a0, 0x302b0],
    ['aieml', 0x32004, 0x31100, 0x31120, 0x31130],
    ['aie2ps', 0x38004, 0x32d00, 0x32d20, 0x32d30],
  ] as const)('%s has them at places of its own', (generation, status, pc, sp, lr) => {
    const { core, unparsed } = fromWords(generation, 'core', [
      [status, 0x201],
      [pc, 0x1ca],
      [sp, 0x3a0c0],
      [lr, 0xb0],
    ]);
    expect(core).toEqual({
      state: 'lock-stall',
      enabled: true,
      stalls: [{ kind: 'lock', on: 'east' }],
      flags: [],
      unknownBits: 0,
      pc: 0x1ca,
      sp: 0x3a0c0,
      lr: 0xb0,
    });
    expect(unparsed).toEqual([]);
  });

  test.each([
    [0x0, 'disabled'],
    [0x1, 'running'],
    [0x2, 'reset'],
    [0x3, 'reset'],
    [0x10_0001, 'done'],
    [0x4001, 'cascade-stall'],
    [0x5, 'memory-stall'],
    [0x405, 'stream-stall'],
    [0x41 | 0x404, 'lock-stall'],
    [0x1_0041, 'debug-halted'],
    [0x9_0041, 'error'],
  ] as const)('Core_Status 0x%s: the most telling state first', (word, state) => {
    expect(fromWords('aie', 'core', [[0x32004, word]]).core?.state).toBe(state);
  });

  test('every stall has its direction', () => {
    const { core } = fromWords('aie', 'core', [[0x32004, 0xfffd]]);
    expect(core?.stalls.map(({ kind, on }) => `${kind} ${on}`)).toEqual([
      'memory south',
      'memory west',
      'memory north',
      'memory east',
      'lock south',
      'lock west',
      'lock north',
      'lock east',
      'stream ss0',
      'stream ss1',
      'stream ms0',
      'stream ms1',
      'cascade scd',
      'cascade mcd',
    ]);
  });

  test('flags are those that state and stalls do not say', () => {
    expect(fromWords('aieml', 'core', [[0x32004, 0x3b_0003]]).core).toMatchObject({
      state: 'error',
      flags: ['reset', 'debug_halt', 'ecc_error_stall', 'core_done', 'core_processor_bus_stall'],
    });
  });

  test('bits that the generation does not have stay raw', () => {
    expect(fromWords('aie', 'core', [[0x32004, 0xffe0_0001]]).core?.unknownBits).toBe(0xffe0_0000);
    expect(fromWords('aieml', 'core', [[0x32004, 0xffc0_2801]]).core).toMatchObject({
      unknownBits: 0xffc0_2800,
      stalls: [],
    });
  });

  test('the first generation tells the end of a core in another register too', () => {
    const words = (events: number): [number, number][] => [
      [0x32004, 0x1],
      [0x32008, events],
    ];
    expect(fromWords('aie', 'core', words(0x8000)).core?.state).toBe('done');
    expect(fromWords('aie', 'core', words(0x7fff)).core?.state).toBe('running');
  });

  test('counts where the text was read too', () => {
    const { core } = fromFiles('aie', 'core', { core: 'status: enabled\npc: 0x1\n' }, [[0x32004, 0x201]]);
    expect(core?.state).toBe('lock-stall');
  });

  test('without Core_Status nothing is said of the core', () => {
    expect(fromWords('aie', 'core', [[0x30280, 0x1ca]]).core).toBeUndefined();
  });
});

describe('[attach-10] locks', () => {
  test('of the first generation, in words and from their register: 16 times two bits', () => {
    const text = fromFiles('aie', 'core', {
      lock: '0: released_for_write\n1: acquired_for_write\n2: released_for_read\n15: acquired_for_read\n',
    });
    const seen = [
      { index: 0, value: 0, acquired: false },
      { index: 1, value: 0, acquired: true },
      { index: 2, value: 1, acquired: false },
      { index: 15, value: 1, acquired: true },
    ];
    expect(text.locks).toMatchObject(seen);
    expect(text.locks[3]?.text).toBe('acquired_for_read');

    const words = fromWords('aie', 'core', [[0x1ef00, 0xc000_0024]]);
    expect(words.locks).toHaveLength(16);
    expect([0, 1, 2, 15].map((index) => words.locks[index])).toMatchObject(seen);
    expect(fromWords('aie', 'shim', [[0x14f00, 0x1]]).locks[0]).toMatchObject({ index: 0, acquired: true });
  });

  test.each([
    ['aieml', 'core', 0x1f000, 16, 0x1f120, 0x1f128],
    ['aieml', 'memory', 0xc0000, 64, 0xc0420, 0xc0428],
    ['aieml', 'shim', 0x14000, 16, 0x14120, 0x14128],
    ['aie2ps', 'core', 0x1f000, 16, 0x1f120, 0x1f128],
    ['aie2ps', 'memory', 0xc0000, 64, 0xc0420, 0xc0428],
    ['aie2ps', 'shim', 0x0, 16, 0x120, 0x128],
  ] as const)('of %s %s tiles are counts of six bits with overflow and underflow', (...place) => {
    const [generation, kind, base, count, overflow, underflow] = place;
    const last = count - 1;
    const words: [number, number][] = Array.from({ length: count }, (_, i) => [
      base + i * 16,
      0xffffffc0 + i,
    ]);
    for (let i = 0; i < count / 32; i++) words.push([overflow + i * 4, 0], [underflow + i * 4, 0]);
    words.push([overflow + (last >> 5) * 4, (1 << (last & 31)) >>> 0], [underflow, 0x2]);
    const { locks } = fromWords(generation, kind, words);
    expect(locks.map(({ value }) => value)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(locks.filter((lock) => lock.overflow).map(({ index }) => index)).toEqual([last]);
    expect(locks.filter((lock) => lock.underflow).map(({ index }) => index)).toEqual([1]);
  });

  test("the driver's words for overflow count for nothing: it tests the wrong bit", () => {
    const files = { lock: '0: 1|overflow|underflow\n1: 2\n' };
    expect(fromFiles('aieml', 'core', files).locks).toEqual([
      { index: 0, value: 1, text: '1|overflow|underflow' },
      { index: 1, value: 2, text: '' },
    ]);
    const beside = fromFiles('aieml', 'core', files, [
      [0x1f120, 0x2],
      [0x1f128, 0x0],
    ]);
    expect(beside.locks).toMatchObject([
      { index: 0, overflow: false, underflow: false },
      { index: 1, overflow: true, underflow: false },
    ]);
  });

  test('indices that the tile does not have, that come twice, and other words are not understood', () => {
    const { locks, unparsed } = fromFiles('aie', 'core', {
      lock: '16: released_for_write\n0: released_for_read\n0: acquired_for_read\n1: borrowed\nx: 1\nhello\n',
    });
    expect(locks).toEqual([{ index: 0, value: 1, acquired: false, text: 'released_for_read' }]);
    expect(unparsed).toEqual([
      'lock: hello',
      'lock: 16: released_for_write',
      'lock: 0: acquired_for_read',
      'lock: 1: borrowed',
      'lock: x: 1',
    ]);
  });
});

describe('[attach-10] DMA channels', () => {
  const text = [
    'channel_status: mm2s: idle|running, s2mm: stalled_on_requesting_lock|starting',
    'queue_size: mm2s: 0|1, s2mm: 2|0',
    'queue_status: mm2s: okay|okay, s2mm: okay|overflow',
    'current_bd: mm2s: 0|5, s2mm: 3|4',
    'fifo_len: 0|0',
    '',
  ].join('\n');

  test('from the text: S2MM first, a current descriptor only where one is worked on', () => {
    const { channels, unparsed } = fromFiles('aie', 'core', { dma: text });
    expect(channels).toEqual([
      {
        direction: 's2mm',
        channel: 0,
        state: 'stalled_on_requesting_lock',
        stalledOnLock: true,
        currentDescriptor: 3,
        queueSize: 2,
        queueOverflow: false,
      },
      {
        direction: 's2mm',
        channel: 1,
        state: 'starting',
        stalledOnLock: false,
        currentDescriptor: 4,
        queueSize: 0,
        queueOverflow: true,
      },
      {
        direction: 'mm2s',
        channel: 0,
        state: 'idle',
        stalledOnLock: false,
        queueSize: 0,
        queueOverflow: false,
      },
      {
        direction: 'mm2s',
        channel: 1,
        state: 'running',
        stalledOnLock: false,
        currentDescriptor: 5,
        queueSize: 1,
        queueOverflow: false,
      },
    ]);
    expect(unparsed).toEqual([]);
  });

  test.each([
    ['core', 0x1df00, 0x1df10],
    ['shim', 0x1d160, 0x1d164],
  ] as const)('of the first generation: one word for both channels of a direction (%s tile)', (...place) => {
    const [kind, s2mm, mm2s] = place;
    const { channels } = fromWords('aie', kind, [
      // Channel 0 running and stalled on descriptor 3, queue 2; channel 1 starting on 4, overflowed.
      [s2mm, 0x2043_0096],
      [mm2s, 0x0050_0208],
    ]);
    const fromText = fromFiles('aie', kind, { dma: text }).channels;
    expect(channels.map(({ raw: _raw, ...rest }) => rest)).toEqual(fromText);
    expect(channels[0]?.raw).toBe(0x2043_0096);
  });

  test.each([
    ['aieml', 'core', 0x1df00, 0x1df10, 2],
    ['aieml', 'memory', 0xa0660, 0xa0680, 6],
    ['aieml', 'shim', 0x1d220, 0x1d228, 2],
    ['aie2ps', 'core', 0x1df00, 0x1df10, 2],
    ['aie2ps', 'memory', 0xa0660, 0xa0680, 6],
    ['aie2ps', 'shim', 0x9320, 0x9328, 2],
  ] as const)('of %s %s tiles: a word each', (generation, kind, s2mm, mm2s, count) => {
    const words: [number, number][] = [];
    for (let i = 0; i < count; i++) words.push([s2mm + i * 4, 0x0538_0002], [mm2s + i * 4, 0]);
    const { channels } = fromWords(generation, kind, words);
    expect(channels).toHaveLength(2 * count);
    expect(channels[count - 1]).toEqual({
      direction: 's2mm',
      channel: count - 1,
      state: 'running',
      stalledOnLock: false,
      currentDescriptor: 5,
      queueSize: 3,
      queueOverflow: false,
      raw: 0x0538_0002,
    });
    expect(channels[count]).toEqual({
      direction: 'mm2s',
      channel: 0,
      state: 'idle',
      stalledOnLock: false,
      queueSize: 0,
      queueOverflow: false,
      raw: 0,
    });
  });

  test.each([
    ['s2mm', 0x8_0006, 'stalled_lock_acq', true],
    ['s2mm', 0x8_000a, 'stalled_lock_rel', true],
    ['s2mm', 0x8_0012, 'stalled_stream_starvation', false],
    ['s2mm', 0x8_0022, 'stalled_tct_or_count_fifo_full', false],
    ['mm2s', 0x8_0006, 'stalled_lock_acq', true],
    ['mm2s', 0x8_0012, 'stalled_stream_backpressure', false],
    ['mm2s', 0x8_0022, 'stalled_tct', false],
    ['mm2s', 0x8_0001, 'starting', false],
    ['mm2s', 0x8_0000, 'running', false],
  ] as const)('%s 0x%s of AIE-ML says what it is stalled on', (direction, word, state, stalledOnLock) => {
    const offset = direction === 's2mm' ? 0x1df00 : 0x1df10;
    expect(fromWords('aieml', 'core', [[offset, word]]).channels).toMatchObject([
      { direction, channel: 0, state, stalledOnLock },
    ]);
  });

  test('errors of a channel by the names that its kind of tile has', () => {
    const errors = (kind: TileKind, offset: number) =>
      fromWords('aieml', kind, [[offset, 0x3_3f00]]).channels[0]?.errors;
    const all = ['error_bd_unavail', 'error_bd_invalid', 'error_fot_length', 'error_fot_bds_per_task'];
    expect(errors('core', 0x1df00)).toEqual(all);
    expect(errors('memory', 0xa0660)).toEqual([
      'error_lock_access_unavail',
      'error_dm_access_unavail',
      ...all,
    ]);
    expect(errors('shim', 0x1d220)).toEqual([...all, 'axi_mm_decode_error', 'axi_mm_slave_error']);
  });

  test('words tell of a stall what the text of AIE-ML does not', () => {
    const dma = 'channel_status: mm2s: idle|idle, s2mm: running|idle\ncurrent_bd: mm2s: 0|0, s2mm: 9|0\n';
    const alone = fromFiles('aieml', 'core', { dma });
    expect(alone.channels[0]).toMatchObject({ state: 'running', currentDescriptor: 9 });
    const beside = fromFiles('aieml', 'core', { dma }, [[0x1df00, 0x0908_0006]]);
    expect(beside.channels).toHaveLength(4);
    expect(beside.channels[0]).toMatchObject({ state: 'stalled_lock_acq', currentDescriptor: 9 });
  });

  test('what does not belong there is not understood', () => {
    const { channels, unparsed } = fromFiles('aie', 'core', {
      dma: [
        'channel_status: mm2s: Idle!|idle, s2mm: idle',
        'queue_size: mm2s: many, s2mm: 1',
        'queue_status: s2mm: full',
        'current_bd: s2mm: 0x1',
        'constructor: s2mm: 1',
        'colour: s2mm: blue',
        'queue_size: sideways: 1',
        `channel_status: s2mm: ${Array(17).fill('idle').join('|')}`,
      ].join('\n'),
    });
    expect(channels.filter(({ direction }) => direction === 'mm2s').map(({ channel }) => channel)).toEqual([
      1,
    ]);
    expect(channels.filter(({ direction }) => direction === 's2mm')).toHaveLength(16);
    expect(unparsed).toEqual([
      'dma: channel_status: mm2s: Idle!',
      'dma: queue_size: mm2s: many',
      'dma: queue_status: s2mm: full',
      'dma: current_bd: s2mm: 0x1',
      'dma: constructor: s2mm: 1',
      'dma: colour: s2mm: blue',
      'dma: queue_size: sideways: 1',
      'dma: channel_status: s2mm: idle',
    ]);
  });
});

/** A descriptor's words at its place. */
function descriptorAt(base: number, words: readonly number[]): [number, number][] {
  return words.map((word, i) => [base + i * 4, word >>> 0]);
}

describe('[attach-10] buffer descriptors', () => {
  test('of a core tile of the first generation: two buffers, a lock each', () => {
    // A at word 0x100, lock 2, acquired with value 1, released with 0; B at 0x200, lock 3, acquired with any value.
    const words = [
      0x00be_0100 | (1 << 16),
      0x00c4_0200,
      0x0104_0008,
      0x0210_0010,
      0x3005,
      0x1_0020,
      0xcc02_a0ff,
    ];
    const { descriptors } = fromWords('aie', 'core', descriptorAt(0x1d020, words));
    expect(descriptors).toHaveLength(1);
    expect(descriptors[0]).toMatchObject({
      index: 1,
      valid: true,
      address: 0x400,
      length: 0x400,
      next: 5,
      acquire: { lock: 2, value: 1 },
      release: { lock: 2, value: 1 },
      second: { address: 0x800, acquire: { lock: 3, value: -1 } },
      raw: words.map((word) => word >>> 0),
    });
    expect(descriptors[0]?.second?.release).toBeUndefined();
    expect(Object.fromEntries(descriptors[0]?.fields ?? [])).toMatchObject({
      X_Increment: '1',
      X_Wrap: '4',
      X_Offset: '8',
      Y_Increment: '2',
      Packet_Type: '3',
      Packet_ID: '5',
      Buffer_Select: '1',
      Current_Pointer: '32',
      Enable_Packet: '1',
      Enable_Interleaved: '1',
      FIFO_Mode: '0',
    });
  });

  test('of a core tile of the first generation, as the driver prints it', () => {
    const line = '3: 100|200|255|2|1|1|1|0|1|1|3|0|1|0|0|0|0|1|5|3|1|1|4|1|32|0|0|0|2|1|4|8|2|16|16';
    const { descriptors, unparsed } = fromFiles('aie', 'core', { bd: `${line}\n` });
    expect(unparsed).toEqual([]);
    expect(descriptors).toMatchObject([
      {
        index: 3,
        valid: true,
        address: 0x400,
        length: 0x400,
        next: 4,
        acquire: { lock: 2, value: 1 },
        release: { lock: 2, value: 0 },
        raw: [],
      },
    ]);
    expect(descriptors[0]?.second).toBeUndefined();
    expect(Object.fromEntries(descriptors[0]?.fields ?? [])).toMatchObject({
      FIFO_Mode: '2',
      Y_Offset: '16',
    });
  });

  test('of a shim tile of the first generation: a byte address of 48 bits', () => {
    const words = [0x8000_0010, 0x40, 0x0008_9b4f, 0x2000_0410, 0x8000_2003];
    const { descriptors } = fromWords('aie', 'shim', descriptorAt(0x1d000 + 15 * 0x14, words));
    expect(descriptors).toMatchObject([
      {
        index: 15,
        valid: true,
        address: 0x8_8000_0010,
        length: 0x100,
        next: 3,
        acquire: { lock: 6, value: 1 },
        release: { lock: 6, value: -1 },
      },
    ]);
    const { descriptors: told } = fromFiles('aie', 'shim', {
      bd: '15: 880000010|64|6|1|1|1|0|1|0|1|3|2|1|1|3|2|0|0|1|2\n',
    });
    expect(told).toMatchObject([
      {
        index: 15,
        valid: true,
        address: 0x8_8000_0010,
        length: 0x100,
        next: 3,
        acquire: { lock: 6, value: 1 },
        release: { lock: 6, value: -1 },
      },
    ]);
  });

  test.each(['aieml', 'aie2ps'] as const)('of a core tile of %s: signed lock values', (generation) => {
    // Word address 0x400, 0x100 words; acquire lock 1 with -1 (at least 1), release lock 2 with +1, next 9.
    const words = [
      (0x400 << 14) | 0x100,
      0x4090_0000,
      0,
      0,
      0,
      0x4e00_0000 | (1 << 18) | (2 << 13) | (1 << 12) | (0x7f << 5) | 1,
    ];
    const { descriptors } = fromWords(generation, 'core', descriptorAt(0x1d000, words));
    expect(descriptors).toMatchObject([
      {
        index: 0,
        valid: true,
        address: 0x1000,
        length: 0x400,
        next: 9,
        acquire: { lock: 1, value: -1 },
        release: { lock: 2, value: 1 },
      },
    ]);
    const { descriptors: told, unparsed } = fromFiles(generation, 'core', {
      bd: '0: 400|256|1|127|1|2|1|1|18|0|1|1|9|0|0|0|0|0|0|0|0|0|0|0\n',
    });
    expect(unparsed).toEqual([]);
    expect({ ...told[0], raw: [] }).toEqual({ ...descriptors[0], raw: [], fields: expect.anything() });
    expect(Object.fromEntries(told[0]?.fields ?? [])).toEqual(
      Object.fromEntries(descriptors[0]?.fields ?? []),
    );
  });

  test('of a memory tile: addresses and locks of three tiles', () => {
    const words = [0x8080_0080, 0x0c3a_0000, 0, 0, 0, 0, 0, 0x8140_ffc1 | 0];
    const { descriptors } = fromWords('aieml', 'memory', descriptorAt(0xa0000 + 47 * 0x20, words));
    expect(descriptors).toMatchObject([
      {
        index: 47,
        valid: true,
        address: 0x8_0000,
        length: 0x200,
        next: 3,
        acquire: { lock: 0xc1, value: -1 },
        release: { lock: 0x40, value: 1 },
      },
    ]);
    expect(Object.fromEntries(descriptors[0]?.fields ?? [])).toMatchObject({
      Enable_Packet: '1',
      Packet_ID: '1',
      D0_Zero_Before: '3',
    });
    const line = '47: 20000|128|193|127|1|64|1|1|1|0|1|1|3|0|0|0|0|0|0|0|0|3|0|0|0|0|0|0|0|0|0|0';
    const told = fromFiles('aieml', 'memory', { bd: `${line}\n` });
    expect(told.unparsed).toEqual([]);
    expect(Object.fromEntries(told.descriptors[0]?.fields ?? [])).toEqual(
      Object.fromEntries(descriptors[0]?.fields ?? []),
    );
  });

  test('of a shim tile of AIE-ML and of AIE2PS, which has them 48 bytes apart', () => {
    const words = [0x40, 0x8000_0010, 0x4000_0008, 0x4000_0000, 0x8000_0000, 0x1230_0000, 0, 0x0204_0000];
    const expected = {
      index: 2,
      valid: true,
      address: 0x8_8000_0010,
      length: 0x100,
      release: { lock: 0, value: 1 },
    };
    const [ml] = fromWords('aieml', 'shim', descriptorAt(0x1d040, words)).descriptors;
    expect(ml).toMatchObject(expected);
    expect(ml?.next).toBeUndefined();
    expect(ml?.acquire).toBeUndefined();
    expect(Object.fromEntries(ml?.fields ?? [])).toMatchObject({
      Secure_Access: '1',
      Burst_Length: '2',
      SMID: '1',
      AxCache: '2',
      AxQoS: '3',
    });
    const [aie2ps] = fromWords('aie2ps', 'shim', descriptorAt(0x9060, words)).descriptors;
    expect(aie2ps).toEqual(ml);
    const line = (index: number) =>
      `${index}: 880000010|64|0|0|0|0|1|1|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|1|2|3|1|2\n`;
    const told = fromFiles('aieml', 'shim', { bd: line(2) });
    expect(told.descriptors).toMatchObject([expected]);
    // The driver reads all but the first from the wrong place.
    const wrong = fromFiles('aie2ps', 'shim', { bd: line(0) + line(2) });
    expect(wrong.descriptors).toMatchObject([{ ...expected, index: 0 }]);
    expect(wrong.unparsed).toHaveLength(1);
  });

  test('a line with a field too many, too few, too large or that is no number is not guessed', () => {
    const line = '0: 400|256|1|127|1|2|1|1|18|0|1|1|9|0|0|0|0|0|0|0|0|0|0|0';
    for (const broken of [
      `${line}|0`,
      line.slice(0, -2),
      line.replace('|256|', '|16384|'),
      line.replace('|256|', '|0x100|'),
      line.replace('400|', 'xyz|'),
      line.replace('0: ', '16: '),
      line.replace('0: ', 'zero: '),
    ]) {
      const { descriptors, unparsed } = fromFiles('aieml', 'core', { bd: `${broken}\n` });
      expect(descriptors).toEqual([]);
      expect(unparsed).toEqual([`bd: ${broken}`]);
    }
  });

  test('of two lines with one number the first counts', () => {
    const line = (length: number) => `0: 400|${length}|1|127|1|2|1|1|18|0|1|1|9|0|0|0|0|0|0|0|0|0|0|0`;
    const { descriptors, unparsed } = fromFiles('aieml', 'core', { bd: `${line(1)}\n${line(2)}\n` });
    expect(descriptors).toMatchObject([{ length: 4 }]);
    expect(unparsed).toEqual([`bd: ${line(2)}`]);
  });

  test('a text that the kernel cut at the end of its page ends with a line that is not trusted', () => {
    const line = (index: number) => `${index}: 400|256|1|127|1|2|1|1|18|0|1|1|9|0|0|0|0|0|0|0|0|0|0|0`;
    const filler = `x: ${'y'.repeat(4095 - line(5).length - 4)}\n`;
    const cut = fromFiles('aieml', 'core', { bd: filler + line(5) });
    expect(cut.descriptors).toEqual([]);
    expect(cut.unparsed).toContain(`bd: ${line(5)}`);
    expect(fromFiles('aieml', 'core', { bd: line(5) }).descriptors).toHaveLength(1);
  });

  test('a descriptor of which a word is missing is left out', () => {
    const words = descriptorAt(0x1d000, [1, 2, 3, 4, 5, 6]);
    expect(fromWords('aieml', 'core', words).descriptors).toHaveLength(1);
    for (let i = 0; i < words.length; i++) {
      expect(fromWords('aieml', 'core', words.toSpliced(i, 1)).descriptors).toEqual([]);
    }
  });
});

describe('[attach-10] events and errors', () => {
  test('from the texts', () => {
    const { events, errors, unparsed } = fromFiles('aie', 'core', {
      event: 'core: 1|28|29\nmemory: 77|43\n',
      error: 'core: access: dm_address_out_of_range|pm_address_out_of_range\nmemory: dma: dma_s2mm_0_error\n',
    });
    expect(events).toEqual([
      { module: 'core', numbers: [1, 28, 29] },
      { module: 'memory', numbers: [43, 77] },
    ]);
    expect(errors).toEqual([
      'core: access: dm_address_out_of_range',
      'core: access: pm_address_out_of_range',
      'memory: dma: dma_s2mm_0_error',
    ]);
    expect(unparsed).toEqual([]);
  });

  test('an event list without an event is printed from memory that was never written: garbage is kept apart', () => {
    const { events, unparsed } = fromFiles('aie', 'shim', {
      event: 'pl: 7|?? ?|999|8\n\n',
      error: 'nonsense\npl: x\n',
    });
    expect(events).toEqual([{ module: 'pl', numbers: [7, 8] }]);
    expect(unparsed).toEqual(['event: pl: ?? ?', 'event: pl: 999', 'error: nonsense', 'error: pl: x']);
    expect(fromFiles('aie', 'shim', { event: 'pl: \n' }).events).toEqual([{ module: 'pl', numbers: [] }]);
  });

  test("what the driver prints as a memory tile's events are words of its memory", () => {
    const { events, unparsed } = fromFiles('aieml', 'memory', { event: 'pl: 1|2|3\n' });
    expect(events).toEqual([]);
    expect(unparsed).toEqual(['event: pl: 1|2|3']);
  });

  test('from words: number n is bit n modulo 32 of word n / 32; errors in the words of the driver', () => {
    const words = (base: number, numbers: readonly number[], count = 4): [number, number][] =>
      Array.from({ length: count }, (_, i) => [
        base + i * 4,
        numbers.filter((n) => n >> 5 === i).reduce((word, n) => (word | (1 << (n & 31))) >>> 0, 0),
      ]);
    const core = fromWords('aie', 'core', [...words(0x14200, [43, 97]), ...words(0x34200, [0, 31, 60, 127])]);
    expect(core.events).toEqual([
      { module: 'core', numbers: [0, 31, 60, 127] },
      { module: 'memory', numbers: [43, 97] },
    ]);
    expect(core.errors).toEqual(['core: access: dm_address_out_of_range', 'memory: dma: dma_s2mm_0_error']);

    expect(fromWords('aie', 'core', words(0x34200, [58])).errors).toEqual(['core: bus: axi-mm_slave_error']);
    expect(fromWords('aieml', 'core', words(0x34200, [58])).errors).toEqual([
      'core: bus: axi_mm_slave_error',
    ]);
    const memory = fromWords('aieml', 'memory', words(0x94200, [132, 191], 6));
    expect(memory.events).toEqual([{ module: 'memory', numbers: [132, 191] }]);
    expect(memory.errors).toEqual(['memory: ecc: dm_ecc_error_2-bit']);
    expect(fromWords('aie', 'core', words(0x14200, [91, 96])).errors).toEqual([
      'memory: memory_parity: dm_parity_error_bank_2',
      'memory: memory_parity: dm_parity_error_bank_7',
    ]);
    expect(fromWords('aie', 'shim', words(0x34200, [69])).errors).toEqual(['pl: dma: dma_s2mm_0_error']);
    expect(fromWords('aieml', 'shim', words(0x34200, [69])).errors).toEqual([
      'pl: bus: axi_mm_unsupported_traffic',
    ]);
  });

  test('which events are errors in shim tiles of AIE2PS is not known, so none is called one', () => {
    const words: [number, number][] = Array.from({ length: 8 }, (_, i) => [0x34200 + i * 4, 0xffff_ffff]);
    const shim = fromWords('aie2ps', 'shim', words);
    expect(shim.events[0]?.numbers).toHaveLength(256);
    expect(shim.errors).toEqual([]);
    // Words that were not read say nothing; those that were count.
    expect(fromWords('aie2ps', 'shim', words.slice(0, 4)).events[0]?.numbers).toHaveLength(128);
  });
});

describe('[attach-10] what is not known', () => {
  test('a reason is kept, and nothing is decoded beside it', () => {
    const raw: RawTileStatus = {
      tile,
      kind: 'core',
      reason: 'bus-error',
      source: 'registers',
      registers: new Map([[0x32004, 1]]),
      files: new Map(),
    };
    expect(decodeTileStatus(raw, 'aie')).toMatchObject({ reason: 'bus-error', locks: [], unparsed: [] });
    expect(decodeTileStatus(raw, 'aie').core).toBeUndefined();
  });

  test('registers and attributes beyond the map stay raw', () => {
    expect(fromWords('aie', 'core', [[0x36040, 0x3]]).unparsed).toEqual(['0x36040: 0x00000003']);
    expect(fromFiles('aie', 'core', { ucstatus: 'Sleep' }).unparsed).toEqual(['ucstatus: Sleep']);
  });

  test('an unknown generation: texts that explain themselves are decoded, words stay raw', () => {
    expect(fromWords('unknown', 'core', [[0x32004, 0x1]]).unparsed).toEqual(['0x32004: 0x00000001']);
    const status = fromFiles('unknown', 'core', {
      core: 'status: enable\n',
      lock: '0: 3\n1: acquired_for_read\n',
      dma: 'channel_status: mm2s: idle, s2mm: running\n',
      bd: '0: 1|2|3\n',
      event: 'core: 28\n',
      error: 'core: access: x\n',
    });
    expect(status.core?.state).toBe('running');
    expect(status.locks.map(({ value }) => value)).toEqual([3, 1]);
    expect(status.channels.map(({ state }) => state)).toEqual(['running', 'idle']);
    expect(status.events).toEqual([{ module: 'core', numbers: [28] }]);
    expect(status.errors).toEqual(['core: access: x']);
    expect(status.unparsed).toEqual(['bd: 0: 1|2|3']);
  });

  test('the first generation has no memory tiles', () => {
    expect(fromWords('aie', 'memory', [[0xc0000, 1]]).unparsed).toEqual(['0xC0000: 0x00000001']);
  });

  test('hostile text costs neither an exception nor a flood', () => {
    const flood = `${'z'.repeat(1000)}\n`.repeat(300);
    for (const name of ['core', 'lock', 'dma', 'bd', 'event', 'error', '__proto__']) {
      const { unparsed } = fromFiles('aieml', 'core', { [name]: flood });
      expect(unparsed.length).toBeLessThanOrEqual(101);
      expect(Math.max(0, ...unparsed.map((entry) => entry.length))).toBeLessThanOrEqual(201);
    }
    expect(fromFiles('aieml', 'core', { lock: flood }).unparsed.at(-1)).toBe('… +200');
  });
});
