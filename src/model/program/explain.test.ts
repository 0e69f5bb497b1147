import { describe, expect, test } from 'vitest';
import type { ArrayShape, Tile } from '../geometry.ts';
import type { CoreStatus, TileStatus } from '../status/status.ts';
import type { PlacedName } from './build.ts';
import { bufferMemory, type ExplainSources, explainPartition, explainTile, toldBuffers } from './explain.ts';

const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, i) => String(args[Number(i)])),
};
const array: ArrayShape = {
  numCols: 50,
  shim: { start: 0, count: 1 },
  memory: { start: 0, count: 0 },
  core: { start: 1, count: 8 },
};
const at = (row: number): Tile => ({ col: 7, row });
const core = (stall?: string, more: Partial<CoreStatus> = {}): CoreStatus => ({
  state: stall === undefined ? 'running' : 'lock-stall',
  enabled: true,
  stalls: stall === undefined ? [] : [{ kind: 'lock', on: stall }],
  flags: [],
  unknownBits: 0,
  pc: 0x120,
  ...more,
});
const status = (row: number, more: Partial<TileStatus> = {}): TileStatus => ({
  tile: at(row),
  kind: 'core',
  source: 'registers',
  locks: [],
  channels: [],
  descriptors: [],
  events: [],
  errors: [],
  unparsed: [],
  ...more,
});
const buffer = (row: number, name: string, offset: number, more: Partial<PlacedName> = {}): PlacedName => ({
  kind: 'buffer',
  name,
  tile: at(row),
  memory: 'data',
  offset,
  size: 64,
  sizeFrom: 'elf',
  ...more,
});
const kernels: Readonly<Record<number, string>> = { 2: 'fir', 3: 'gain', 4: 'mix' };
const names = [
  buffer(3, 'ping', 0x400, { of: at(2) }),
  buffer(3, 'own', 0x800),
  buffer(2, 'back', 0x100, { of: at(3) }),
  buffer(2, 'table', 0x200),
  buffer(2, 'fir_main', 0x100, { kind: 'function', memory: 'program', size: 0x80 }),
];
const sources = (statuses: readonly TileStatus[], more: Partial<ExplainSources> = {}): ExplainSources => ({
  title: 'Desk, Columns 6 to 9',
  array,
  generation: 'aie',
  statuses,
  at: 5,
  kernels: ({ row }) => (kernels[row] === undefined ? [] : [kernels[row]]),
  names: (memory, { row }) => names.filter((one) => one.memory === memory && one.tile.row === row),
  stack: () => undefined,
  clock: (time) => `t${time}`,
  l10n,
  ...more,
});
/** Without the backslashes that keep text from being markup. */
const plain = (text: string) => text.replaceAll('\\', '').replaceAll('`', '');

describe('[names-10] a hang of a partition', () => {
  test('is told as a chain by kernels and buffers, until where it began; who waits beside leads to it', () => {
    const hang = [
      status(2, { core: core('north') }),
      status(3, { core: core('south') }),
      status(4, { core: core('south') }),
    ];
    const text = explainPartition(sources(hang));
    expect(plain(text).split('\n')).toEqual([
      '# Who waits for whom',
      '',
      'Desk, Columns 6 to 9, read at t5',
      '',
      '## A hang of 2 tiles',
      '',
      '1. fir in (7,2) waits for a lock of gain in (7,3); buffers there: ping.',
      '2. gain in (7,3) waits for a lock of fir in (7,2); buffers there: back.',
      '',
      'fir in (7,2): That is where it began: none of them can go on.',
      '',
      '## Who waits beside',
      '',
      '- mix in (7,4) waits for a lock of gain in (7,3). That one is part of a hang.',
      '',
    ]);
  });

  test('without a circle the waits are followed to the tile that all of them wait for; without waits it is said', () => {
    const chain = [
      status(2, { core: core('north') }),
      status(3, { core: core('north') }),
      status(4, {
        core: core(undefined, { state: 'stream-stall', stalls: [{ kind: 'stream', on: 'ss0' }] }),
      }),
    ];
    const lines = plain(explainPartition(sources(chain))).split('\n');
    expect(lines.at(-2)).toBe(
      '- fir in (7,2) waits for a lock of gain in (7,3); buffers there: ping. gain in (7,3) waits for a lock of mix in (7,4). mix in (7,4): waits for data on stream input 0.',
    );
    expect(plain(explainPartition(sources([status(2, { core: core() })])))).toContain(
      "No tile waits for another tile's lock.",
    );
  });
});

describe('[names-10] one page about a tile', () => {
  const waiting = status(2, {
    core: core('north', { flags: ['ecc_error'] }),
    errors: ['dm_address_out_of_range'],
  });
  const producer = status(3, {
    core: core(),
    locks: [
      { index: 4, value: 2, text: '' },
      { index: 5, value: 0, text: '' },
    ],
    channels: [
      { direction: 's2mm', channel: 0, state: 'running', stalledOnLock: false, currentDescriptor: 4 },
    ],
    descriptors: [
      {
        index: 4,
        valid: true,
        address: 0x410,
        length: 64,
        acquire: { lock: 4, value: -1 },
        release: { lock: 5, value: 1 },
        fields: [],
        raw: [],
      },
    ],
  });
  const page = (more: Partial<ExplainSources> = {}) =>
    explainTile(sources([waiting, producer], more), {
      tile: at(2),
      samples: [core('north'), core('north'), core(), core('north')],
      samplesMs: 400,
      age: ({ name }) => (name === 'back' ? { changedAt: 3 } : { sameSince: 4 }),
    });

  test('says kernel, state, where time goes, what it waits for and who could release it, buffers with ages, errors', () => {
    expect(plain(page()).split('\n')).toEqual([
      '# Tile (7,2)',
      '',
      'Desk, Columns 6 to 9, read at t5',
      '',
      '- fir',
      '',
      '## What it does',
      '',
      '- Core: waits for a lock in the north at PC 0x00120 in fir_main',
      '',
      '## Where its time goes',
      '',
      'In 4 samples within 400 ms:',
      '',
      '- 3: waits for a lock in the north in fir_main',
      '- 1: running in fir_main',
      '',
      '## What it waits for',
      '',
      '- fir in (7,2) waits for a lock of gain in (7,3); buffers there: ping.',
      '  - lock 5, now 0 (ping): DMA S2MM 0 releases it: running, descriptor 4',
      '  - the core of gain in (7,3), running',
      '',
      '## Stack',
      '',
      'No build says where it lies.',
      '',
      '## Buffers',
      '',
      '- back 0x0100, 64 bytes: last change seen at t3',
      '- table 0x0200, 64 bytes: no change seen since t4',
      '',
      '## Errors',
      '',
      '- ecc_error',
      '- dm_address_out_of_range',
      '',
    ]);
  });

  test('names both locks that a descriptor of two buffers releases, and none that it only acquires', () => {
    const [descriptor] = producer.descriptors;
    const second = { address: 0x810, acquire: { lock: 6, value: 0 }, release: { lock: 7, value: 1 } };
    const both = { ...producer, descriptors: descriptor === undefined ? [] : [{ ...descriptor, second }] };
    const text = plain(page({ statuses: [waiting, both] }));
    expect(text).toContain('  - lock 5, now 0 (ping, own): DMA S2MM 0 releases it');
    expect(text).toContain('  - lock 7 (ping, own): DMA S2MM 0 releases it');
    expect(text).not.toMatch(/lock [46]/);
  });

  test('of a memory tile names its buffers, also those a wait is about, and says nothing of a core', () => {
    const shape = { ...array, memory: { start: 1, count: 1 }, core: { start: 2, count: 7 } };
    const there = [buffer(1, 'of_ping', 0x100, { memory: 'memory-tile' })];
    const status1 = status(1, {
      kind: 'memory',
      channels: [
        {
          direction: 's2mm',
          channel: 0,
          state: 'stalled_lock_acq',
          stalledOnLock: true,
          currentDescriptor: 1,
        },
      ],
      descriptors: [
        {
          index: 1,
          valid: true,
          address: 0x80100,
          length: 64,
          acquire: { lock: 64 + 2, value: -1 },
          release: { lock: 64 + 3, value: 1 },
          fields: [],
          raw: [],
        },
        {
          index: 2,
          valid: true,
          address: 0x80100,
          length: 64,
          acquire: { lock: 64 + 3, value: -1 },
          release: { lock: 64 + 2, value: 1 },
          fields: [],
          raw: [],
        },
      ],
    });
    const known = sources([status1], {
      array: shape,
      generation: 'aieml',
      names: (memory) => there.filter((one) => one.memory === memory),
    });
    const [told] = toldBuffers(known, at(1));
    expect([bufferMemory(known, at(1)), told?.name]).toEqual(['memory-tile', 'of_ping']);
    expect(bufferMemory({ ...known, statuses: [] }, at(0))).toBeUndefined();
    const text = plain(
      explainTile(known, { tile: at(1), samples: [], samplesMs: 0, age: () => ({ changedAt: 3 }) }),
    );
    expect(text).toContain('- of_ping 0x0100, 64 bytes: last change seen at t3');
    expect(text).toContain('waits for lock 2 of its own tile; buffers there: of_ping.');
    expect(text).toContain('  - lock 2 (of_ping): descriptor 2 releases it');
    expect(text).not.toMatch(/## Stack|## Where its time goes/);
  });

  test('tells some of very many buffers, and asks for the ages of no others', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => buffer(2, `b${i}`, 0x100));
    const known = sources([], { names: (memory) => (memory === 'data' ? many : []) });
    let asked = 0;
    const age = () => ({ changedAt: ++asked });
    const text = plain(explainTile(known, { tile: at(2), samples: [], samplesMs: 0, age }));
    expect([asked, toldBuffers(known, at(2)).length]).toEqual([16, 16]);
    expect(text).toContain('- 99984 more');
  });

  test('names the stack with its depth and what it met', () => {
    const stack = buffer(2, '', 0x40, { kind: 'stack' });
    const text = plain(
      page({
        stack: () => ({
          stack,
          use: { baseline: 'zero', since: 1, depth: 64, at: 2 },
          meetings: [{ how: 'full', bytes: 0 }],
        }),
      }),
    );
    expect(text).toContain('(7,2)+0x0040: at least 64 of 64 bytes deep (all zero at t1, read at t2)');
    expect(text).toContain('- The stack of (7,2) was written up to its last byte');
  });

  test('no text of a board or a file is markup', () => {
    const evil = '[x](command:evil) `a` <b> | # **c** $(x)\n# d';
    const bad = names.map((one) => ({ ...one, name: evil }));
    const text = page({
      title: evil,
      kernels: () => [evil],
      names: (memory, { row }) => bad.filter((one) => one.memory === memory && one.tile.row === row),
      statuses: [{ ...waiting, errors: [evil], core: core('north', { flags: [evil] }) }, producer],
    });
    // Outside of code spans nothing of it is left, and no line begins with what it brought.
    const outside = text.replace(/`[^`\n]*`/g, '');
    expect(outside).not.toMatch(/command|evil|\*\*|<b>/);
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    expect(text).toContain('[x](command:evil)');
  });

  test('a tile that was not read, and one without names, are told in words', () => {
    const text = plain(
      explainTile(sources([], { kernels: () => [], names: () => [] }), {
        tile: at(5),
        samples: [],
        samplesMs: 0,
        age: () => undefined,
      }),
    );
    for (const sentence of [
      'No build names a kernel here.',
      'It was not read.',
      'No sample of its core was taken.',
      'Nothing that is known.',
      'No build names one in its memory.',
      'None were told.',
    ])
      expect(text).toContain(sentence);
  });
});
