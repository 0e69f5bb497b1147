/** The lines of the details view, made of one tile's status. Pure: knows nothing of trees. */
import { type ByteRange, formatTile, type MemoryType, memoryTypes, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import type { PlacedName } from '../model/program/build.ts';
import { nameSizeText, nameText } from '../model/program/name-texts.ts';
import { type Clock, stackMeetingText, stackUseText } from '../model/program/stack-texts.ts';
import type { StackFacts } from '../model/program/stack-uses.ts';
import {
  channelName,
  channelText,
  coreStateName,
  coreText,
  isLockSet,
  lockValue,
  reasonText,
  stallText,
} from '../model/status/sentences.ts';
import type {
  CoreStatus,
  DescriptorLock,
  DescriptorStatus,
  DmaChannelStatus,
  LockStatus,
  TileStatus,
} from '../model/status/status.ts';

/** A line of the details view. */
export interface DetailItem {
  /** Unique and stable: what was expanded stays so when the tile is read again. */
  readonly key: string;
  readonly label: string;
  readonly description: string;
  /** Lines; the driver's own words and raw bits stand here. */
  readonly tooltip: readonly string[];
  /** Name of a codicon. */
  readonly icon?: string;
  /** What is opened with a click. */
  readonly opens?: {
    readonly memory: MemoryType;
    readonly range: ByteRange;
    /** Where it is another tile than the shown one. */
    readonly tile?: Tile;
  };
  /** Expanded at first. */
  readonly open?: boolean;
  readonly children: readonly DetailItem[];
}

/** A word as it came from a register. */
function word(value: number): string {
  return hexNumber(value >>> 0, 8);
}

function leaf(key: string, label: string, description: string, tooltip: readonly string[] = []): DetailItem {
  return { key, label, description, tooltip, children: [] };
}

/** An item and everything below it as text, a line each, for the clipboard. */
export function detailText(item: DetailItem, indent = ''): string {
  const own = item.description === '' ? item.label : `${item.label}: ${item.description}`;
  return [`${indent}${own}`, ...item.children.map((child) => detailText(child, `${indent}  `))].join('\n');
}

const nameIcons: Readonly<Record<PlacedName['kind'], string>> = {
  buffer: 'symbol-field',
  stack: 'layers',
  function: 'symbol-function',
  parameter: 'symbol-parameter',
};

/** What builds name in the memories of a tile; nothing where they name nothing. A click opens the place. */
export function nameItems(
  namesIn: (memory: MemoryType) => readonly PlacedName[],
  l10n: Localiser,
): DetailItem[] {
  const children = memoryTypes.flatMap((memory) =>
    namesIn(memory).map((name, i): DetailItem => {
      const size = nameSizeText(name, l10n);
      return {
        key: `name.${memory}.${i}`,
        label: nameText(name, l10n),
        description: l10n.t('{0}, {1}', hexNumber(name.offset, 4), size),
        tooltip: [],
        icon: nameIcons[name.kind],
        opens: { memory, range: { offset: name.offset, length: Math.max(1, name.size) } },
        children: [],
      };
    }),
  );
  if (children.length === 0) return [];
  return [
    {
      key: 'names',
      label: l10n.t('Names'),
      description: `${children.length}`,
      tooltip: [],
      icon: 'tag',
      children,
    },
  ];
}

/** The stack of a tile's core: how deep it is, and where it met something. A click opens the place. */
export function stackItem(facts: StackFacts, l10n: Localiser, clock: Clock): DetailItem {
  const { stack, meetings } = facts;
  const { tile, offset, size } = stack;
  const place = `${formatTile(tile)}+${hexNumber(offset, 4)}`;
  const children = meetings.map((met, i): DetailItem => {
    return { ...leaf(`stack/met/${i}`, stackMeetingText(facts, met, l10n), ''), icon: 'warning' };
  });
  return {
    key: 'stack',
    label: l10n.t('Stack'),
    description: stackUseText(facts, l10n, clock),
    tooltip: [l10n.t('{0}: {1}', place, nameSizeText(stack, l10n))],
    icon: meetings.length === 0 ? 'layers' : 'warning',
    opens: { memory: 'data', tile, range: { offset, length: Math.max(1, size) } },
    open: true,
    children,
  };
}

/** Everything that was read of a tile. */
export function detailItems(status: TileStatus, l10n: Localiser): DetailItem[] {
  if (status.reason !== undefined) {
    return [
      {
        ...leaf('reason', l10n.t('Not read'), reasonText(status.reason, l10n)),
        tooltip: [reasonText(status.reason, l10n)],
        icon: 'circle-slash',
      },
    ];
  }
  const items = [
    coreItem(status.core, l10n),
    locksItem(status.locks, l10n),
    channelsItem(status.channels, l10n),
    descriptorsItem(status.descriptors, l10n),
    eventsItem(status.events, l10n),
    errorsItem(status.errors, l10n),
    unknownItem(status, l10n),
  ];
  return items.filter((item) => item !== undefined);
}

function coreItem(core: CoreStatus | undefined, l10n: Localiser): DetailItem | undefined {
  if (core === undefined) return undefined;
  const children = [
    leaf('core/state', l10n.t('State'), coreStateName(core.state, l10n)),
    leaf('core/enabled', l10n.t('Enabled'), core.enabled ? l10n.t('yes') : l10n.t('no')),
    ...core.stalls.map((stall) =>
      leaf(`core/stall/${stall.kind}/${stall.on}`, l10n.t('Stall'), stallText(stall, l10n), [
        `${stall.on}_${stall.kind}_stall`,
      ]),
    ),
  ];
  const registers: readonly (readonly [string, string, number | undefined])[] = [
    ['pc', l10n.t('Program counter'), core.pc],
    ['sp', l10n.t('Stack pointer'), core.sp],
    ['lr', l10n.t('Link register'), core.lr],
  ];
  for (const [key, label, value] of registers) {
    if (value !== undefined) children.push(leaf(`core/${key}`, label, hexNumber(value, 5), [`${value}`]));
  }
  if (core.flags.length > 0) children.push(leaf('core/flags', l10n.t('Flags'), core.flags.join(', ')));
  return {
    key: 'core',
    label: l10n.t('Core'),
    description: coreText(core, l10n),
    tooltip: [],
    icon: 'circuit-board',
    open: true,
    children,
  };
}

function locksItem(locks: readonly LockStatus[], l10n: Localiser): DetailItem | undefined {
  if (locks.length === 0) return undefined;
  return {
    key: 'locks',
    label: l10n.t('Locks'),
    description: l10n.t('{0} of {1} set', locks.filter(isLockSet).length, locks.length),
    tooltip: [],
    icon: 'lock',
    children: locks.map((lock) =>
      leaf(`locks/${lock.index}`, l10n.t('Lock {0}', lock.index), lockValue(lock, l10n), [
        l10n.t('Value {0}', lock.value),
      ]),
    ),
  };
}

function channelsItem(channels: readonly DmaChannelStatus[], l10n: Localiser): DetailItem | undefined {
  if (channels.length === 0) return undefined;
  const busy = channels.filter(({ state }) => state !== 'idle').length;
  return {
    key: 'dma',
    label: l10n.t('DMA channels'),
    description: l10n.t('{0} of {1} busy', busy, channels.length),
    tooltip: [],
    icon: 'arrow-swap',
    children: channels.map((channel) =>
      leaf(`dma/${channel.direction}/${channel.channel}`, channelName(channel), channelText(channel, l10n), [
        channel.state,
        ...(channel.raw === undefined ? [] : [l10n.t('Status word {0}', word(channel.raw))]),
      ]),
    ),
  };
}

function lockUse(use: DescriptorLock, l10n: Localiser): string {
  return l10n.t('lock {0}, value {1}', use.lock, use.value);
}

function descriptorItem(descriptor: DescriptorStatus, l10n: Localiser): DetailItem {
  const { index, address, length, next, acquire, release, second } = descriptor;
  const key = `bd/${index}`;
  const children = [
    leaf(`${key}/address`, l10n.t('Address'), hexNumber(address, 5)),
    leaf(`${key}/length`, l10n.t('Length'), l10n.t('{0} bytes ({1})', length, hexNumber(length))),
  ];
  if (next !== undefined) {
    children.push(leaf(`${key}/next`, l10n.t('Next'), l10n.t('descriptor {0}', next)));
  }
  if (acquire !== undefined) {
    children.push(leaf(`${key}/acquire`, l10n.t('Acquires'), lockUse(acquire, l10n)));
  }
  if (release !== undefined) {
    children.push(leaf(`${key}/release`, l10n.t('Releases'), lockUse(release, l10n)));
  }
  if (second !== undefined) {
    children.push(leaf(`${key}/second`, l10n.t('Second buffer'), hexNumber(second.address, 5)));
    if (second.acquire !== undefined) {
      children.push(leaf(`${key}/second/acquire`, l10n.t('Acquires'), lockUse(second.acquire, l10n)));
    }
    if (second.release !== undefined) {
      children.push(leaf(`${key}/second/release`, l10n.t('Releases'), lockUse(second.release, l10n)));
    }
  }
  descriptor.fields.forEach(([name, value], i) => {
    children.push(leaf(`${key}/field/${i}`, name, value));
  });
  const raw = descriptor.raw.map((value) => word(value)).join(' ');
  return {
    key,
    label: l10n.t('Descriptor {0}', index),
    description: descriptor.valid
      ? l10n.t('{0}, {1} bytes', hexNumber(address, 5), length)
      : l10n.t('not valid: {0}, {1} bytes', hexNumber(address, 5), length),
    tooltip: raw === '' ? [] : [l10n.t('Words {0}', raw)],
    children,
  };
}

function descriptorsItem(descriptors: readonly DescriptorStatus[], l10n: Localiser): DetailItem | undefined {
  if (descriptors.length === 0) return undefined;
  const valid = descriptors.filter((descriptor) => descriptor.valid).length;
  return {
    key: 'bd',
    label: l10n.t('Descriptors'),
    description: l10n.t('{0} of {1} valid', valid, descriptors.length),
    tooltip: [],
    icon: 'list-ordered',
    children: descriptors.map((descriptor) => descriptorItem(descriptor, l10n)),
  };
}

function eventsItem(events: TileStatus['events'], l10n: Localiser): DetailItem | undefined {
  const count = events.reduce((sum, { numbers }) => sum + numbers.length, 0);
  if (count === 0) return undefined;
  return {
    key: 'events',
    label: l10n.t('Events'),
    description: l10n.t('{0} set', count),
    tooltip: [],
    icon: 'symbol-event',
    children: events
      .filter(({ numbers }) => numbers.length > 0)
      .map(({ module, numbers }) =>
        leaf(`events/${module}`, module, numbers.join(', '), [numbers.join(', ')]),
      ),
  };
}

function errorsItem(errors: readonly string[], l10n: Localiser): DetailItem | undefined {
  if (errors.length === 0) return undefined;
  return {
    key: 'errors',
    label: l10n.t('Errors'),
    description: `${errors.length}`,
    tooltip: [],
    icon: 'error',
    open: true,
    children: errors.map((error, i) => leaf(`errors/${i}`, error.replaceAll('_', ' '), '', [error])),
  };
}

/** What this version does not understand, as it came. */
function unknownItem({ core, unparsed }: TileStatus, l10n: Localiser): DetailItem | undefined {
  const bits = core?.unknownBits ?? 0;
  const children = unparsed.map((line, i) => leaf(`unknown/${i}`, line, '', [line]));
  if (bits !== 0) children.unshift(leaf('unknown/core', l10n.t('Bits of the core status'), word(bits)));
  if (children.length === 0) return undefined;
  return {
    key: 'unknown',
    label: l10n.t('Not understood'),
    description: `${children.length}`,
    tooltip: [l10n.t('Shown as the board said it: this version of Tilescope does not know these.')],
    icon: 'question',
    children,
  };
}
