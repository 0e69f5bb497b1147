/**
 * Random tiles through a naive encoder into words and into the driver's texts, and decoded again. The encoder is written
 * after the driver's tables, without a look at ours: bit by bit for words, format string by format string for texts.
 * `SEED=<number>` repeats a run.
 */
import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../../test/conformance/random.ts';
import type { Generation } from '../geometry.ts';
import { decodeTileStatus } from './decode.ts';
import type { TileKind, TileStatus } from './status.ts';

const rounds = 40;
const tile = { col: 9, row: 4 };

interface Place {
  readonly generation: Generation;
  readonly kind: TileKind;
  readonly locks: number;
  readonly lockBase: number;
  readonly channels: number;
  readonly s2mm: number;
  readonly mm2s: number;
  readonly bdBase: number;
  readonly bdStride: number;
  readonly bdWords: number;
  readonly bds: number;
}

const ml = { locks: 16, channels: 2, bdWords: 8, bds: 16 };
const mlCore = {
  ...ml,
  kind: 'core' as const,
  lockBase: 0x1f000,
  s2mm: 0x1df00,
  mm2s: 0x1df10,
  bdBase: 0x1d000,
  bdStride: 0x20,
  bdWords: 6,
};
const memory = {
  kind: 'memory' as const,
  locks: 64,
  lockBase: 0xc0000,
  channels: 6,
  s2mm: 0xa0660,
  mm2s: 0xa0680,
  bdBase: 0xa0000,
  bdStride: 0x20,
  bdWords: 8,
  bds: 48,
};
const places: readonly Place[] = [
  { ...mlCore, generation: 'aie', lockBase: 0x1ef00, bdWords: 7 },
  {
    ...ml,
    generation: 'aie',
    kind: 'shim',
    lockBase: 0x14f00,
    s2mm: 0x1d160,
    mm2s: 0x1d164,
    bdBase: 0x1d000,
    bdStride: 0x14,
    bdWords: 5,
  },
  { ...mlCore, generation: 'aieml' },
  { ...memory, generation: 'aieml' },
  {
    ...ml,
    generation: 'aieml',
    kind: 'shim',
    lockBase: 0x14000,
    s2mm: 0x1d220,
    mm2s: 0x1d228,
    bdBase: 0x1d000,
    bdStride: 0x20,
  },
  { ...mlCore, generation: 'aie2ps' },
  { ...memory, generation: 'aie2ps' },
  {
    ...ml,
    generation: 'aie2ps',
    kind: 'shim',
    lockBase: 0,
    s2mm: 0x9320,
    mm2s: 0x9328,
    bdBase: 0x9000,
    bdStride: 0x30,
  },
];

/** What a descriptor holds, as the decoder should say it. */
interface Wanted {
  readonly index: number;
  readonly valid: boolean;
  readonly address: number;
  readonly length: number;
  readonly next: number | undefined;
  readonly acquire: { lock: number; value: number } | undefined;
  readonly release: { lock: number; value: number } | undefined;
}

interface Encoded {
  readonly wanted: Wanted;
  readonly words: readonly number[];
  /** Columns of sysfs. */
  readonly columns: readonly (number | string)[];
}

function encodeDescriptor(place: Place, index: number, below: (n: number) => number): Encoded {
  const words = new Array<number>(place.bdWords).fill(0);
  const put = (word: number, lsb: number, value: number): number => {
    words[word] = ((words[word] ?? 0) | (value << lsb)) >>> 0;
    return value;
  };
  const bit = () => below(2);
  /** Random values for the remaining bits, in the order in which the driver prints them: word, highest and lowest bit. */
  const rest = (...places: readonly (readonly [number, number, number])[]): number[] =>
    places.map(([word, hi, lo]) => put(word, lo, below(2 ** (hi - lo + 1))));
  const valid = bit();
  const useNext = bit();
  const next = below(place.kind === 'memory' ? 48 : 16);
  const signed = () => below(128) - 64;
  const chain = [valid, useNext, next];
  const wantedNext = useNext === 1 ? next : undefined;

  if (place.generation === 'aie') {
    const id = below(16);
    const [acq, acqVal, acqAny, rel, relVal, relAny] = [bit(), bit(), bit(), bit(), bit(), bit()];
    const common = {
      index,
      valid: valid === 1,
      next: wantedNext,
      acquire: acq ? { lock: id, value: acqAny ? acqVal : -1 } : undefined,
      release: rel ? { lock: id, value: relAny ? relVal : -1 } : undefined,
    };
    const packet = [bit(), below(32), below(8)] as const;
    const lock = [id, acqVal, acq, acqAny, relVal, rel, relAny];
    if (place.kind === 'core') {
      const [a, length] = [below(8192), below(8192)];
      put(0, 0, a);
      put(0, 16, acqAny);
      put(0, 17, acqVal);
      put(0, 18, acq);
      put(0, 19, relAny);
      put(0, 20, relVal);
      put(0, 21, rel);
      put(0, 22, id);
      put(6, 0, length);
      put(6, 13, next);
      put(6, 17, useNext);
      put(6, 27, packet[0]);
      put(4, 0, packet[1]);
      put(4, 12, packet[2]);
      put(6, 31, valid);
      const b = put(1, 0, below(8192));
      // As the driver's tables have them: lock B, then buffers, then the two dimensions.
      const lockB = rest(
        [1, 25, 22],
        [1, 17, 17],
        [1, 18, 18],
        [1, 16, 16],
        [1, 20, 20],
        [1, 21, 21],
        [1, 19, 19],
      );
      const buffers = rest([5, 16, 16], [5, 12, 0], [6, 30, 30], [6, 26, 26], [6, 25, 18], [6, 29, 28]);
      const dimensions = rest([2, 31, 24], [2, 23, 16], [2, 12, 0], [3, 31, 24], [3, 23, 16], [3, 12, 0]);
      const columns = [
        ...[a.toString(16), b.toString(16), length],
        ...[...lock, ...lockB, ...packet, ...chain, ...buffers, ...dimensions],
      ];
      return { wanted: { ...common, address: a * 4, length: (length + 1) * 4 }, words, columns };
    }
    const [low, high, length] = [below(2 ** 30) * 4, below(65536), below(2 ** 28)];
    put(0, 0, low);
    put(1, 0, length);
    put(2, 0, valid);
    put(2, 1, acqAny);
    put(2, 2, acqVal);
    put(2, 3, acq);
    put(2, 4, relAny);
    put(2, 5, relVal);
    put(2, 6, rel);
    put(2, 7, id);
    put(2, 11, next);
    put(2, 15, useNext);
    put(2, 16, high);
    put(4, 31, packet[0]);
    put(4, 0, packet[1]);
    put(4, 12, packet[2]);
    const address = high * 2 ** 32 + low;
    const axi = rest([3, 31, 28], [3, 3, 0], [3, 8, 5], [3, 4, 4], [3, 10, 9]);
    const columns = [address.toString(16), length, ...lock, ...packet, ...chain, ...axi];
    return { wanted: { ...common, address, length: length * 4 }, words, columns };
  }

  const locks = place.kind === 'memory' ? 192 : 16;
  const [acqId, relId, acqVal, relVal, acq] = [below(locks), below(locks), signed(), signed(), bit()];
  const packet = [bit(), below(32), below(8)] as const;
  const common = {
    index,
    valid: valid === 1,
    next: wantedNext,
    acquire: acq ? { lock: acqId, value: acqVal } : undefined,
    release: relVal === 0 ? undefined : { lock: relId, value: relVal },
  };
  const lock = [acqId, acqVal & 127, acq, relId, relVal & 127];
  if (place.kind === 'memory') {
    const [address, length] = [below(2 ** 19), below(2 ** 17)];
    put(0, 0, length);
    put(0, 23, packet[1]);
    put(0, 28, packet[2]);
    put(0, 31, packet[0]);
    put(1, 0, address);
    put(1, 19, useNext);
    put(1, 20, next);
    put(7, 0, acqId);
    put(7, 8, acqVal & 127);
    put(7, 15, acq);
    put(7, 16, relId);
    put(7, 24, relVal & 127);
    put(7, 31, valid);
    const others = rest(
      ...([
        [2, 31, 31],
        [0, 22, 17],
        [4, 31, 31],
        [6, 28, 23],
        [6, 16, 0],
        [6, 22, 17],
      ] as const),
      ...([
        [2, 16, 0],
        [2, 26, 17],
        [1, 31, 26],
        [5, 22, 17],
      ] as const),
      ...([
        [3, 16, 0],
        [3, 26, 17],
        [3, 31, 27],
        [5, 27, 23],
      ] as const),
      ...([
        [4, 16, 0],
        [4, 26, 17],
        [4, 30, 27],
        [5, 31, 28],
        [5, 16, 0],
      ] as const),
    );
    const columns = [address.toString(16), length, ...lock, ...packet, ...chain, ...others];
    return { wanted: { ...common, address: address * 4, length: length * 4 }, words, columns };
  }
  const control = place.kind === 'core' ? 5 : 7;
  const about = place.kind === 'core' ? 1 : 2;
  put(control, 0, acqId);
  put(control, 5, acqVal & 127);
  put(control, 12, acq);
  put(control, 13, relId);
  put(control, 18, relVal & 127);
  put(control, 25, valid);
  put(control, 26, useNext);
  put(control, 27, next);
  put(about, 16, packet[2]);
  put(about, 19, packet[1]);
  put(about, 30, packet[0]);
  if (place.kind === 'core') {
    const [address, length] = [below(2 ** 14), below(2 ** 14)];
    put(0, 0, length);
    put(0, 14, address);
    const others = rest(
      ...([
        [5, 31, 31],
        [1, 29, 24],
        [1, 31, 31],
        [4, 24, 19],
        [4, 12, 0],
        [4, 18, 13],
      ] as const),
      ...([
        [2, 12, 0],
        [3, 20, 13],
        [2, 25, 13],
        [3, 28, 21],
        [3, 12, 0],
      ] as const),
    );
    const columns = [address.toString(16), length, ...lock, ...packet, ...chain, ...others];
    return { wanted: { ...common, address: address * 4, length: length * 4 }, words, columns };
  }
  const [low, high, length] = [below(2 ** 30) * 4, below(65536), below(2 ** 28)];
  put(0, 0, length);
  put(1, 0, low);
  put(2, 0, high);
  const address = high * 2 ** 32 + low;
  const others = rest(
    ...([
      [7, 31, 31],
      [2, 29, 24],
      [6, 31, 26],
      [6, 19, 0],
      [6, 25, 20],
    ] as const),
    ...([
      [3, 19, 0],
      [3, 29, 20],
      [4, 19, 0],
      [4, 29, 20],
      [5, 19, 0],
    ] as const),
    ...([
      [5, 31, 28],
      [5, 27, 24],
      [5, 23, 20],
      [3, 30, 30],
      [4, 31, 30],
    ] as const),
  );
  const columns = [address.toString(16), length, ...lock, ...packet, ...chain, ...others];
  return { wanted: { ...common, address, length: length * 4 }, words, columns };
}

interface Expected {
  readonly registers: Map<number, number>;
  readonly files: Map<string, string>;
  readonly lockValues: number[];
  readonly acquired: (boolean | undefined)[];
  readonly flagged: { overflow: number[]; underflow: number[] };
  readonly channels: { state: string; inText: string; current: number; size: number; overflow: boolean }[];
  readonly descriptors: Wanted[];
}

function encodeTile(place: Place, below: (n: number) => number): Expected {
  const registers = new Map<number, number>();
  const first = place.generation === 'aie';

  const lockValues: number[] = [];
  const acquired: (boolean | undefined)[] = [];
  const flagged: { overflow: number[]; underflow: number[] } = { overflow: [], underflow: [] };
  const lockLines: string[] = [];
  let packed = 0;
  for (let i = 0; i < place.locks; i++) {
    if (first) {
      const bits = below(4);
      packed += bits * 4 ** i;
      lockValues.push(bits >> 1);
      acquired.push(bits % 2 === 1);
      lockLines.push(
        `${i}: ${bits % 2 === 1 ? 'acquired' : 'released'}_for_${bits > 1 ? 'read' : 'write'}\n`,
      );
    } else {
      const value = below(64);
      lockValues.push(value);
      acquired.push(undefined);
      registers.set(place.lockBase + i * 16, value);
      lockLines.push(`${i}: ${value}\n`);
      for (const which of ['overflow', 'underflow'] as const) if (below(5) === 0) flagged[which].push(i);
    }
  }
  if (first) registers.set(place.lockBase, packed);
  else {
    const at = { overflow: 0x120, underflow: 0x128 };
    const far = place.kind === 'memory' ? 0x300 : 0;
    for (const which of ['overflow', 'underflow'] as const) {
      for (let word = 0; word < place.locks / 32; word++) {
        let bits = 0;
        for (const lock of flagged[which]) if (Math.floor(lock / 32) === word) bits += 2 ** (lock % 32);
        registers.set(place.lockBase + at[which] + far + word * 4, bits);
      }
    }
  }

  const channels: Expected['channels'] = [];
  const list: Record<'s2mm' | 'mm2s', Expected['channels']> = { s2mm: [], mm2s: [] };
  for (const direction of ['s2mm', 'mm2s'] as const) {
    let shared = 0;
    for (let i = 0; i < place.channels; i++) {
      const [size, overflow, current] = [below(8), below(2) === 1, below(place.kind === 'memory' ? 48 : 16)];
      if (first) {
        const status = below(4);
        const state = ['idle', 'starting', 'running', 'stalled_on_requesting_lock'][status] ?? '';
        // A stall is the stall bit beside "running".
        shared += (status === 3 ? 2 : status) * 4 ** i + (status === 3 ? 16 * 2 ** i : 0);
        shared += size * 64 * 8 ** i + current * 65536 * 16 ** i + (overflow ? 2 ** (28 + i) : 0);
        list[direction].push({ state, inText: state, current, size, overflow });
      } else {
        const what = below(6);
        const stall =
          direction === 's2mm'
            ? ['lock_acq', 'lock_rel', 'stream_starvation', 'tct_or_count_fifo_full']
            : ['lock_acq', 'lock_rel', 'stream_backpressure', 'tct'];
        const state = what === 0 ? 'idle' : what === 1 ? 'running' : `stalled_${stall[what - 2] ?? ''}`;
        const word =
          (what === 0 ? 0 : 2 ** 19) +
          (what > 1 ? 2 ** what : 0) +
          size * 2 ** 20 +
          current * 2 ** 24 +
          (overflow ? 2 ** 18 : 0);
        registers.set(place[direction] + i * 4, word);
        const inText = what === 0 ? 'idle' : 'running';
        list[direction].push({ state, inText, current, size, overflow });
      }
    }
    if (first) registers.set(place[direction], shared);
    channels.push(...list[direction]);
  }
  const line = (name: string, of: (channel: Expected['channels'][number]) => string | number) =>
    `${name}: mm2s: ${list.mm2s.map(of).join('|')}, s2mm: ${list.s2mm.map(of).join('|')}\n`;
  const dma =
    line('channel_status', ({ inText }) => inText) +
    line('queue_size', ({ size }) => size) +
    line('queue_status', ({ overflow }) => (overflow ? 'overflow' : 'okay')) +
    line('current_bd', ({ current }) => current) +
    (first ? `fifo_len: ${below(9)}|${below(9)}\n` : '');

  const descriptors: Wanted[] = [];
  let bd = '';
  for (let index = 0; index < place.bds; index++) {
    const { wanted, words, columns } = encodeDescriptor(place, index, below);
    descriptors.push(wanted);
    words.forEach((word, i) => {
      registers.set(place.bdBase + index * place.bdStride + i * 4, word);
    });
    bd += `${index}: ${columns.join('|')}\n`;
  }
  const files = new Map([
    ['lock', lockLines.join('')],
    ['dma', dma],
    ['bd', bd],
  ]);
  return { registers, files, lockValues, acquired, flagged, channels, descriptors };
}

function compare(status: TileStatus, expected: Expected, source: 'words' | 'text', place: Place): void {
  expect(status.unparsed.filter((entry) => !entry.startsWith('bd: '))).toEqual([]);
  expect(status.locks.map(({ value }) => value)).toEqual(expected.lockValues);
  expect(status.locks.map((lock) => lock.acquired)).toEqual(expected.acquired);
  if (source === 'words' && place.generation !== 'aie') {
    for (const which of ['overflow', 'underflow'] as const) {
      const set = status.locks.filter((lock) => lock[which]).map(({ index }) => index);
      expect(set).toEqual(expected.flagged[which]);
    }
  }
  expect(
    status.channels.map(({ state, currentDescriptor, queueSize, queueOverflow, stalledOnLock }) => ({
      state,
      currentDescriptor,
      queueSize,
      queueOverflow,
      stalledOnLock,
    })),
  ).toEqual(
    expected.channels.map(({ state, inText, current, size, overflow }) => {
      const shown = source === 'words' ? state : inText;
      return {
        state: shown,
        currentDescriptor: shown === 'idle' ? undefined : current,
        queueSize: size,
        queueOverflow: overflow,
        stalledOnLock: shown.includes('lock'),
      };
    }),
  );
  const trusted = source === 'text' && place.generation === 'aie2ps' && place.kind === 'shim' ? 1 : place.bds;
  expect(
    status.descriptors.map(({ index, valid, address, length, next, acquire, release }) => ({
      index,
      valid,
      address,
      length,
      next,
      acquire,
      release,
    })),
  ).toEqual(expected.descriptors.slice(0, trusted));
}

/** Every field and the second buffer, whatever the order. */
function allFields({ fields, second }: TileStatus['descriptors'][number]) {
  return { second, ...Object.fromEntries(fields) };
}

describe('[attach-10] random tiles', () => {
  const seed = runSeed();

  test.each(places)('$kind tiles of $generation come back from words and from texts', (place) => {
    for (let round = 0; round < rounds; round++) {
      const below = dice(seed + round);
      const expected = encodeTile(place, below);
      const base = { tile, kind: place.kind };
      try {
        const words = {
          ...base,
          source: 'registers',
          registers: expected.registers,
          files: new Map(),
        } as const;
        compare(decodeTileStatus(words, place.generation), expected, 'words', place);
        const text = { ...base, source: 'sysfs', registers: new Map(), files: expected.files } as const;
        const told = decodeTileStatus(text, place.generation);
        compare(told, expected, 'text', place);
        expect(told.descriptors.map(allFields)).toEqual(
          decodeTileStatus(words, place.generation)
            .descriptors.map(allFields)
            .slice(0, told.descriptors.length),
        );
        const both = {
          ...base,
          source: 'sysfs',
          registers: expected.registers,
          files: expected.files,
        } as const;
        compare(decodeTileStatus(both, place.generation), expected, 'words', place);
      } catch (error) {
        throw new Error(`SEED=${seed + round}`, { cause: error });
      }
    }
  });

  test('any words and any text are decoded without an exception', () => {
    const characters = [
      '0',
      '1',
      '9',
      'a',
      'f',
      'x',
      '|',
      ':',
      ' ',
      ',',
      ';',
      '\n',
      'core',
      'status',
      'mm2s: ',
      '💥',
    ];
    for (let round = 0; round < rounds; round++) {
      const below = dice(seed + round);
      const texts = ['core', 'lock', 'dma', 'bd', 'event', 'error'].map((name) => {
        const lead = { dma: 'channel_status: ', core: 'status: ', bd: '0: ', lock: '0: ' }[name] ?? '';
        const text = Array.from({ length: below(200) }, () => characters[below(characters.length)] ?? '');
        return [name, lead + text.join('')] as const;
      });
      const words = Array.from({ length: below(60) }, () => [below(2 ** 18) * 4, below(2 ** 32)] as const);
      const place = places[below(places.length)];
      if (place === undefined) throw new Error('no place');
      const raw = {
        tile,
        kind: place.kind,
        source: 'sysfs',
        registers: new Map(words),
        files: new Map(texts),
      } as const;
      for (const generation of [place.generation, 'unknown'] as const) {
        expect(() => decodeTileStatus(raw, generation), `SEED=${seed + round}`).not.toThrow();
      }
    }
  });
});
