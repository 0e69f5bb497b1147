/** DMA channels of a tile, from their status words or from the driver's `dma` text. */
import { parseDecimal } from '../numbers.ts';
import type { DmaLayout } from './layout.ts';
import type { DmaChannelStatus, TileKind } from './status.ts';
import { isGated, listItems, textLines, type Unparsed } from './sysfs-text.ts';

type Direction = DmaChannelStatus['direction'];

const directions: readonly Direction[] = ['s2mm', 'mm2s'];

/** The driver's word for a stalled channel of the first generation. */
export const stalledOnRequestingLock = 'stalled_on_requesting_lock';

/** Bits 2 to 5 of the status word of AIE-ML and later, by direction (AM025). */
const stallBits: Readonly<Record<Direction, readonly string[]>> = {
  s2mm: [
    'stalled_lock_acq',
    'stalled_lock_rel',
    'stalled_stream_starvation',
    'stalled_tct_or_count_fifo_full',
  ],
  mm2s: ['stalled_lock_acq', 'stalled_lock_rel', 'stalled_stream_backpressure', 'stalled_tct'],
};

/** Error bits of the status word of AIE-ML and later, with the kind of tile that alone has them (XRT, aie-rt, AM025). */
const errorBits: readonly (readonly [number, string, TileKind?])[] = [
  [8, 'error_lock_access_unavail', 'memory'],
  [9, 'error_dm_access_unavail', 'memory'],
  [10, 'error_bd_unavail'],
  [11, 'error_bd_invalid'],
  [12, 'error_fot_length'],
  [13, 'error_fot_bds_per_task'],
  [16, 'axi_mm_decode_error', 'shim'],
  [17, 'axi_mm_slave_error', 'shim'],
];

function isLockStall(state: string): boolean {
  return state.startsWith('stalled') && state.includes('lock');
}

/** First generation: `word` holds all channels of a direction (linux-xlnx `aie_tiledma`, `aie_shimdma`). */
function packedChannel(direction: Direction, channel: number, word: number): DmaChannelStatus {
  const status = (word >>> (channel * 2)) & 3;
  const stalled = ((word >>> (4 + channel)) & 1) !== 0;
  // Value 3 is not a state of its own: the driver prints its word for a stall there too.
  const state =
    stalled || status === 3 ? stalledOnRequestingLock : (['idle', 'starting'][status] ?? 'running');
  return {
    direction,
    channel,
    state,
    stalledOnLock: stalled || status === 3,
    ...(state === 'idle' ? {} : { currentDescriptor: (word >>> (16 + channel * 4)) & 0xf }),
    queueSize: (word >>> (6 + channel * 3)) & 7,
    queueOverflow: ((word >>> (28 + channel)) & 1) !== 0,
    raw: word >>> 0,
  };
}

/** AIE-ML and later: a word of its own for each channel. */
function ownChannel(
  direction: Direction,
  channel: number,
  word: number,
  layout: DmaLayout,
  kind: TileKind,
): DmaChannelStatus {
  const bit = (n: number): boolean => ((word >>> n) & 1) !== 0;
  const stall = stallBits[direction].find((_, i) => bit(2 + i));
  const running = bit(19);
  const plain = (word & 3) === 1 ? 'starting' : running || (word & 3) !== 0 ? 'running' : 'idle';
  const state = stall ?? plain;
  const errors = errorBits.filter(([n, , only]) => bit(n) && (only ?? kind) === kind).map(([, name]) => name);
  return {
    direction,
    channel,
    state,
    stalledOnLock: bit(2) || bit(3),
    ...(state === 'idle' ? {} : { currentDescriptor: (word >>> 24) & ((1 << layout.currentBits) - 1) }),
    queueSize: (word >>> 20) & 7,
    queueOverflow: bit(18),
    ...(errors.length === 0 ? {} : { errors }),
    raw: word >>> 0,
  };
}

/** From register words: those channels whose word was read, S2MM first. */
export function channelsFromRegisters(
  registers: ReadonlyMap<number, number>,
  layout: DmaLayout,
  kind: TileKind,
): DmaChannelStatus[] {
  const channels: DmaChannelStatus[] = [];
  for (const direction of directions) {
    for (let channel = 0; channel < layout.channels; channel++) {
      const word = registers.get(layout[direction] + (layout.packed ? 0 : channel * 4));
      if (word === undefined) continue;
      channels.push(
        layout.packed
          ? packedChannel(direction, channel, word)
          : ownChannel(direction, channel, word, layout, kind),
      );
    }
  }
  return channels;
}

interface Told {
  state?: string;
  queueSize?: number;
  queueOverflow?: boolean;
  current?: number;
}

const maxChannels = 16;
/** Takes one item of the line for one channel; false if it does not belong there. */
const readers: Readonly<Record<string, (told: Told, item: string) => boolean>> = {
  channel_status: (told, item) => {
    if (!/^[a-z][a-z0-9_]*$/.test(item)) return false;
    told.state = item;
    return true;
  },
  queue_size: (told, item) => {
    const size = parseDecimal(item);
    if (size !== undefined) told.queueSize = size;
    return size !== undefined;
  },
  queue_status: (told, item) => {
    if (item !== 'okay' && item !== 'overflow') return false;
    told.queueOverflow = item === 'overflow';
    return true;
  },
  current_bd: (told, item) => {
    const current = parseDecimal(item);
    if (current !== undefined) told.current = current;
    return current !== undefined;
  },
};

/**
 * From the driver's text: four lines `name: mm2s: a|b, s2mm: c|d`. A channel whose state is not told is left out. `gated`:
 * the tile may not be touched.
 */
export function channelsFromText(text: string, unparsed: Unparsed): readonly DmaChannelStatus[] | 'gated' {
  const told: Record<Direction, Told[]> = { s2mm: [], mm2s: [] };
  for (const { name, value, line } of textLines('dma', text, unparsed)) {
    if (isGated(value)) return 'gated';
    // FIFO counters of the first generation: known, of no use here.
    if (name === 'fifo_len') continue;
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    for (const part of value.split(', ')) {
      const [, direction, list] = /^(s2mm|mm2s): ?(.*)$/.exec(part) ?? [];
      if (read === undefined || list === undefined || (direction !== 's2mm' && direction !== 'mm2s')) {
        unparsed.add(line);
        break;
      }
      for (const [channel, item] of listItems(list).entries()) {
        if (channel >= maxChannels) {
          unparsed.add(`dma: ${name}: ${direction}: ${item}`);
          continue;
        }
        let entry = told[direction][channel];
        if (entry === undefined) {
          entry = {};
          told[direction][channel] = entry;
        }
        if (!read(entry, item)) unparsed.add(`dma: ${name}: ${direction}: ${item}`);
      }
    }
  }
  return directions.flatMap((direction) =>
    told[direction].flatMap(({ state, queueSize, queueOverflow, current }, channel) =>
      state === undefined
        ? []
        : [
            {
              direction,
              channel,
              state,
              stalledOnLock: isLockStall(state),
              ...(current === undefined || state === 'idle' ? {} : { currentDescriptor: current }),
              ...(queueSize === undefined ? {} : { queueSize }),
              ...(queueOverflow === undefined ? {} : { queueOverflow }),
            },
          ],
    ),
  );
}
