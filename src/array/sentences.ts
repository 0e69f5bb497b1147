/** What the views say of tiles: states of cells, tooltips, waits. Pure; knows nothing of views. */
import { formatTile, type Tile } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber } from '../model/numbers.ts';
import {
  channelName,
  channelText,
  coreText,
  isLockSet,
  lockValue,
  reasonText,
} from '../model/status/sentences.ts';
import type { CoreStatus, TileKind, TileStatus, WaitEdge } from '../model/status/status.ts';
import type { CellState } from './messages.ts';

/** Locks and channels that a tooltip names at most; the details view has them all. */
const mostInTooltip = 8;

/** The name of a cell's state, for the legend. */
export function stateName(state: CellState, l10n: Localiser): string {
  switch (state) {
    case 'error':
      return l10n.t('stopped by an error');
    case 'stalled':
      return l10n.t('waiting');
    case 'halted':
      return l10n.t('halted by a debugger');
    case 'running':
      return l10n.t('running');
    case 'done':
      return l10n.t('done');
    case 'idle':
      return l10n.t('idle');
    case 'gated':
      return l10n.t('clock off');
    case 'unreadable':
      return l10n.t('could not be read');
    case 'unknown':
      return l10n.t('not read yet');
    case 'other':
      return l10n.t('another partition');
    case 'outside':
      return l10n.t('in no partition');
  }
}

/** The name of a kind of tile with its place. */
export function tileName(tile: Tile, kind: TileKind, l10n: Localiser): string {
  switch (kind) {
    case 'shim':
      return l10n.t('Shim tile {0}', formatTile(tile));
    case 'memory':
      return l10n.t('Memory tile {0}', formatTile(tile));
    case 'core':
      return l10n.t('Tile {0}', formatTile(tile));
  }
}

/** `PC 0x00120, SP 0x38020, LR 0x00080`: those that were read. */
function registersText(core: CoreStatus, l10n: Localiser): string {
  const parts: string[] = [];
  if (core.pc !== undefined) parts.push(l10n.t('PC {0}', hexNumber(core.pc, 5)));
  if (core.sp !== undefined) parts.push(l10n.t('SP {0}', hexNumber(core.sp, 5)));
  if (core.lr !== undefined) parts.push(l10n.t('LR {0}', hexNumber(core.lr, 5)));
  return parts.join(', ');
}

/** What a tile does, a line each: core, PC, locks that are set, DMA channels that are busy, errors. For tooltips. */
export function statusTooltip(status: TileStatus, l10n: Localiser): string[] {
  if (status.reason !== undefined) return [reasonText(status.reason, l10n)];
  const lines: string[] = [];
  if (status.core !== undefined) {
    lines.push(l10n.t('Core: {0}', coreText(status.core, l10n)));
    const registers = registersText(status.core, l10n);
    if (registers !== '') lines.push(registers);
  }
  const locks = status.locks.filter(isLockSet);
  if (locks.length > 0) {
    const named = locks.slice(0, mostInTooltip).map((lock) => `${lock.index}: ${lockValue(lock, l10n)}`);
    if (locks.length > named.length) named.push(l10n.t('{0} more', locks.length - named.length));
    lines.push(l10n.t('Locks {0}', named.join(' | ')));
  } else if (status.locks.length > 0) {
    lines.push(l10n.t('Locks: none set'));
  }
  const busy = status.channels.filter(({ state }) => state !== 'idle');
  for (const channel of busy.slice(0, mostInTooltip)) {
    lines.push(l10n.t('DMA {0}: {1}', channelName(channel), channelText(channel, l10n)));
  }
  if (busy.length > mostInTooltip) lines.push(l10n.t('{0} more', busy.length - mostInTooltip));
  if (busy.length === 0 && status.channels.length > 0) lines.push(l10n.t('DMA: idle'));
  if (status.errors.length > 0) {
    const shown = status.errors.slice(0, mostInTooltip).map((error) => error.replaceAll('_', ' '));
    lines.push(l10n.t('Errors: {0}', shown.join(', ')));
  }
  return lines;
}

/** One wait in words. */
export function waitText(edge: WaitEdge, l10n: Localiser): string {
  const from = formatTile(edge.from);
  const to = formatTile(edge.to);
  if (edge.what === 'core') {
    return edge.lock === undefined
      ? l10n.t('The core of {0} waits for a lock of {1}', from, to)
      : l10n.t('The core of {0} waits for lock {1} of {2}', from, edge.lock, to);
  }
  const name = edge.what.toUpperCase();
  const channel = edge.channel === undefined ? name : `${name} ${edge.channel}`;
  return edge.lock === undefined
    ? l10n.t('DMA {0} of {1} waits for a lock of {2}', channel, from, to)
    : l10n.t('DMA {0} of {1} waits for lock {2} of {3}', channel, from, edge.lock, to);
}

/** The locks for which one tile waits at another, in a few words: `waits for lock 5`. */
export function locksText(edges: readonly WaitEdge[], l10n: Localiser): string {
  const locks = [...new Set(edges.flatMap(({ lock }) => (lock === undefined ? [] : [lock])))];
  if (locks.length === 0 || edges.some(({ lock }) => lock === undefined)) return l10n.t('waits for a lock');
  return locks.length === 1
    ? l10n.t('waits for lock {0}', locks[0] ?? 0)
    : l10n.t('waits for locks {0}', locks.join(', '));
}

/** Tiles that wait for each other, in one sentence. */
export function hangText(tiles: readonly Tile[], l10n: Localiser): string {
  const names = tiles.map(formatTile);
  const last = names.pop() ?? '';
  const list = l10n.t('{0} and {1}', names.join(', '), last);
  return tiles.length === 2
    ? l10n.t("Tiles {0} wait for each other's locks.", list)
    : l10n.t("Tiles {0} wait in a circle for each other's locks.", list);
}
