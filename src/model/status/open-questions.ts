/** What a look without details leaves open of a tile, so that a second one is worth its price. Pure. */
import type { Generation } from '../geometry.ts';
import type { TileKind, TileStatus } from './status.ts';

/** Whether registers are known of such tiles: as `tileLayout` has them, which is large and is loaded with the first board. */
export function hasRegisters(generation: Generation | 'unknown', kind: TileKind): boolean {
  return generation !== 'unknown' && !(generation === 'aie' && kind === 'memory');
}

/**
 * Whether details would tell what a DMA channel does or whom it waits for: the driver's text may call a waiting channel
 * running, and a channel of a memory tile waits for one of three tiles, which only its descriptor names. A channel of
 * another tile waits for a lock of its own tile, whichever that is. Where no register is known none would tell more.
 */
export function leavesOpen(status: TileStatus, generation: Generation | 'unknown'): boolean {
  const { channels, descriptors, kind, reason } = status;
  if (reason !== undefined || !hasRegisters(generation, kind)) return false;
  return channels.some(
    ({ mayBeStalled, stalledOnLock, currentDescriptor }) =>
      mayBeStalled === true ||
      (kind === 'memory' && stalledOnLock && !descriptors.some(({ index }) => index === currentDescriptor)),
  );
}

/** The first status of tiles; where a second read could tell one, that of the second. */
export function withSecondRead(first: readonly TileStatus[], second: readonly TileStatus[]): TileStatus[] {
  const key = ({ tile }: TileStatus): string => `${tile.col},${tile.row}`;
  const told = new Map(
    second.filter(({ reason }) => reason === undefined).map((status) => [key(status), status] as const),
  );
  return first.map((status) => told.get(key(status)) ?? status);
}
