/** What a core, a lock and a DMA channel do, in words. */
import type { Localiser } from '../localiser.ts';
import type { CoreState, CoreStatus, DmaChannelStatus, LockStatus, Stall, StatusReason } from './status.ts';

/** Why a tile could not be looked at. */
export function reasonText(reason: StatusReason, l10n: Localiser): string {
  switch (reason) {
    case 'gated':
      return l10n.t('The clock of this tile is off.');
    case 'driver-gated':
      return l10n.t('The driver treats this tile as gated although its clock is on.');
    case 'clocks-unknown':
      return l10n.t(
        'Not looked at: this driver can be wrong about which clocks run here, and the clock registers cannot be reached.',
      );
    case 'core-running':
      return l10n.t('Not read while its core is running.');
    case 'bus-error':
      return l10n.t('The access failed on the bus.');
    case 'no-way':
      return l10n.t('There is no safe way to it beside its owner.');
    case 'not-read':
      return l10n.t('The read ended before it was reached.');
  }
}

/** The core's state in a few words. */
export function coreStateName(state: CoreState, l10n: Localiser): string {
  switch (state) {
    case 'error':
      return l10n.t('halted by an error event');
    case 'debug-halted':
      return l10n.t('halted by a debugger');
    case 'lock-stall':
      return l10n.t('waits for a lock');
    case 'stream-stall':
      return l10n.t('waits for a stream');
    case 'memory-stall':
      return l10n.t('waits for memory');
    case 'cascade-stall':
      return l10n.t('waits for the cascade');
    case 'done':
      return l10n.t('done');
    case 'running':
      return l10n.t('running');
    case 'reset':
      return l10n.t('in reset');
    case 'disabled':
      return l10n.t('disabled');
  }
}

function directionName(direction: string, l10n: Localiser): string {
  switch (direction) {
    case 'south':
      return l10n.t('in the south');
    case 'west':
      return l10n.t('in the west');
    case 'north':
      return l10n.t('in the north');
    case 'east':
      return l10n.t('in the east');
    default:
      return direction;
  }
}

/** One thing that a core waits for, in words. Streams and cascade by the side that the core sees: input or output. */
export function stallText(stall: Stall, l10n: Localiser): string {
  switch (stall.kind) {
    case 'lock':
      return l10n.t('waits for a lock {0}', directionName(stall.on, l10n));
    case 'memory':
      return l10n.t('waits for memory {0}', directionName(stall.on, l10n));
    case 'stream': {
      const port = /^(ss|ms)(\d+)$/.exec(stall.on);
      if (port === null) return l10n.t('waits for stream {0}', stall.on);
      const number = port[2] ?? '';
      return port[1] === 'ss'
        ? l10n.t('waits for data on stream input {0}', number)
        : l10n.t('waits for room on stream output {0}', number);
    }
    case 'cascade':
      if (stall.on === 'scd') return l10n.t('waits for data on the cascade input');
      if (stall.on === 'mcd') return l10n.t('waits for room on the cascade output');
      return l10n.t('waits for the cascade {0}', stall.on);
  }
}

/** The core's state with what it waits for, where that is known. */
export function coreText(core: CoreStatus, l10n: Localiser): string {
  const stalls = core.stalls.map((stall) => stallText(stall, l10n));
  return stalls.length > 0 ? stalls.join(', ') : coreStateName(core.state, l10n);
}

/** A lock's value: what the driver said where it said it, else the number. */
export function lockValue(lock: LockStatus, l10n: Localiser): string {
  const parts = [lock.text === '' ? `${lock.value}` : lock.text.replaceAll('_', ' ')];
  if (lock.text === '' && lock.acquired === true) parts.push(l10n.t('acquired'));
  if (lock.overflow === true) parts.push(l10n.t('overflow'));
  if (lock.underflow === true) parts.push(l10n.t('underflow'));
  return parts.join(', ');
}

/** Whether a lock differs from how a reset leaves it. */
export function isLockSet(lock: LockStatus): boolean {
  return lock.value !== 0 || lock.acquired === true || lock.overflow === true || lock.underflow === true;
}

/** A DMA channel's name: `S2MM 0`. */
export function channelName(channel: Pick<DmaChannelStatus, 'direction' | 'channel'>): string {
  return `${channel.direction.toUpperCase()} ${channel.channel}`;
}

/** A DMA channel's state with its descriptor. */
export function channelText(channel: DmaChannelStatus, l10n: Localiser): string {
  const state = channel.mayBeStalled === true ? l10n.t('running or waiting') : channel.state;
  const parts = [state.replaceAll('_', ' ')];
  if (channel.currentDescriptor !== undefined && channel.state !== 'idle') {
    parts.push(l10n.t('descriptor {0}', channel.currentDescriptor));
  }
  if (channel.queueSize !== undefined && channel.queueSize > 0) {
    parts.push(l10n.t('{0} queued', channel.queueSize));
  }
  if (channel.queueOverflow === true) parts.push(l10n.t('queue overflow'));
  parts.push(...(channel.errors ?? []).map((error) => error.replaceAll('_', ' ')));
  return parts.join(', ');
}
