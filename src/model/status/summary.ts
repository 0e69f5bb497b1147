/** A tile's status in one word, for a cell of the array and a line of a tooltip. Pure. */
import type { TileStatus } from './status.ts';

/** What a tile does, in one word. */
export type TileActivity =
  | 'running'
  | 'stalled'
  | 'error'
  | 'halted'
  | 'done'
  | 'idle'
  | 'gated'
  | 'unreadable';

/**
 * What the tile does. Errors (of the core, of a channel, or told by the driver) come first; then what the core does; a core
 * that does nothing, and a tile without one, is as busy as its DMA. A core that waits is `stalled`, whatever its DMA does.
 */
export function tileActivity(status: TileStatus): TileActivity {
  if (status.reason !== undefined) return status.reason === 'gated' ? 'gated' : 'unreadable';
  const { core, channels } = status;
  const failed = channels.some(({ errors, queueOverflow }) => errors !== undefined || queueOverflow === true);
  if (core?.state === 'error' || failed || status.errors.length > 0) return 'error';
  switch (core?.state) {
    case 'debug-halted':
      return 'halted';
    case 'lock-stall':
    case 'stream-stall':
    case 'memory-stall':
    case 'cascade-stall':
      return 'stalled';
    case 'done':
      return 'done';
    case 'running':
      return 'running';
  }
  if (channels.some(({ state }) => state.startsWith('stalled'))) return 'stalled';
  return channels.some(({ state }) => state !== 'idle') ? 'running' : 'idle';
}
