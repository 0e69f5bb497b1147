/**
 * What was read of a tile, decoded. sysfs texts and register words may come together: words then tell what sysfs does not
 * (or tells wrongly), and count where both tell the same thing.
 */
import type { Generation } from '../geometry.ts';
import { hexNumber } from '../numbers.ts';
import { coreFromRegisters, coreFromText } from './core.ts';
import { descriptorsFromRegisters, descriptorsFromText } from './descriptors.ts';
import { channelsFromRegisters, channelsFromText, stalledOnRequestingLock } from './dma.ts';
import { errorsFromEvents, errorsFromText, eventsFromRegisters, eventsFromText } from './events.ts';
import { registerMap, tileLayout } from './layout.ts';
import { locksFromRegisters, locksFromText } from './locks.ts';
import type { DmaChannelStatus, RawTileStatus, TileStatus } from './status.ts';
import { Unparsed } from './sysfs-text.ts';

const knownFiles = ['core', 'lock', 'dma', 'bd', 'event', 'error'];

/** The ones from registers, and those from the text that no register told of; in the order of the key. */
function merged<T>(fromRegisters: readonly T[], fromText: readonly T[], key: (item: T) => number): T[] {
  const all = new Map<number, T>(fromText.map((item) => [key(item), item]));
  for (const item of fromRegisters) all.set(key(item), item);
  return [...all].sort(([a], [b]) => a - b).map(([, item]) => item);
}

function channelKey({ direction, channel }: DmaChannelStatus): number {
  return (direction === 's2mm' ? 0 : 1000) + channel;
}

/**
 * Marks the channels that the driver's text calls running where it may say so of stalled ones too: that of AIE-ML and later
 * does. Without a generation only a text that names a stall is known to be the first generation's.
 */
function doubted(
  channels: readonly DmaChannelStatus[],
  generation: Generation | 'unknown',
): DmaChannelStatus[] {
  const tellsStalls =
    generation === 'aie' ||
    (generation === 'unknown' && channels.some(({ state }) => state === stalledOnRequestingLock));
  return channels.map((channel) =>
    tellsStalls || channel.state !== 'running' ? channel : { ...channel, mayBeStalled: true },
  );
}

/**
 * Decodes one tile; never throws, whatever the texts and words are. A tile that sysfs calls gated comes with the reason
 * `gated` and nothing else. Without a generation only texts that explain themselves are decoded; the rest stays in
 * `unparsed`.
 */
export function decodeTileStatus(raw: RawTileStatus, generation: Generation | 'unknown'): TileStatus {
  const { tile, kind, source, registers, files } = raw;
  const nothing = { tile, kind, source, locks: [], channels: [], descriptors: [], events: [], errors: [] };
  if (raw.reason !== undefined) return { ...nothing, reason: raw.reason, unparsed: [] };

  const unparsed = new Unparsed();
  const layout = tileLayout(generation, kind);
  const text = (name: string): string => files.get(name) ?? '';

  const coreText = coreFromText(text('core'), unparsed);
  const lockText = locksFromText(text('lock'), registers, layout?.locks, unparsed);
  const dmaText = channelsFromText(text('dma'), unparsed);
  const bdText = descriptorsFromText(text('bd'), layout?.descriptors, unparsed);
  const eventText = eventsFromText(text('event'), kind, unparsed);
  if (
    coreText === 'gated' ||
    lockText === 'gated' ||
    dmaText === 'gated' ||
    bdText === 'gated' ||
    eventText === 'gated'
  ) {
    return { ...nothing, reason: 'gated', unparsed: [] };
  }

  const known = registerMap(generation, kind, true);
  for (const [offset, word] of registers) {
    if (!known.has(offset)) {
      unparsed.add(`${hexNumber(offset)}: ${hexNumber(word >>> 0, 8)}`);
    }
  }
  for (const [name, content] of files) if (!knownFiles.includes(name)) unparsed.add(`${name}: ${content}`);

  const coreWords =
    layout?.core === undefined || generation === 'unknown'
      ? undefined
      : coreFromRegisters(registers, layout.core, generation);
  const core = coreWords ?? coreText;
  const events = layout === undefined ? [] : eventsFromRegisters(registers, layout.events);
  const allEvents = [
    ...events,
    ...eventText.filter(({ module }) => !events.some((other) => other.module === module)),
  ];
  const errors = new Set(errorsFromText(text('error'), unparsed));
  if (generation !== 'unknown')
    for (const error of errorsFromEvents(events, generation, kind)) errors.add(error);

  return {
    tile,
    kind,
    source,
    ...(core === undefined ? {} : { core }),
    locks: merged(
      layout === undefined ? [] : locksFromRegisters(registers, layout.locks),
      lockText,
      (l) => l.index,
    ),
    channels: merged(
      layout === undefined ? [] : channelsFromRegisters(registers, layout.dma, kind),
      doubted(dmaText, generation),
      channelKey,
    ),
    descriptors: merged(
      layout === undefined ? [] : descriptorsFromRegisters(registers, layout.descriptors),
      bdText,
      (descriptor) => descriptor.index,
    ),
    events: allEvents,
    errors: [...errors],
    unparsed: unparsed.list(),
  };
}
