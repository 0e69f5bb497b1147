/** Where the registers of cores point: program counters into program memory, stack pointers into data memory. */
import { type ArrayShape, formatTile, type Generation, type MemoryType, type Tile } from '../geometry.ts';
import type { CoreStatus, TileStatus } from '../status/status.ts';
import { dataPlace } from './data-space.ts';

/** Which register. */
export type CoreMarkKind = 'pc' | 'sp';

/** A place that a register of a core points to. */
export interface CoreMark {
  readonly kind: CoreMarkKind;
  /** The tile whose core it is. */
  readonly of: Tile;
  /** The tile whose memory holds the place. */
  readonly tile: Tile;
  /** Tile offset, bytes. */
  readonly offset: number;
  /** When it was read, milliseconds since 1970. */
  readonly at: number;
}

/** What was read of tiles at one time. */
export interface TileReport {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tiles: readonly Pick<TileStatus, 'tile' | 'core'>[];
}

/** What was read of each tile last, and when. */
function latest(reports: readonly TileReport[]) {
  const byTile = new Map<string, { readonly at: number } & TileReport['tiles'][number]>();
  for (const { at, tiles } of reports) {
    for (const one of tiles) {
      const name = formatTile(one.tile);
      if ((byTile.get(name)?.at ?? at) <= at) byTile.set(name, { ...one, at });
    }
  }
  return [...byTile.values()];
}

/** What was read of the core of a tile last. */
export function registersOf(reports: readonly TileReport[], { col, row }: Tile): CoreStatus | undefined {
  return latest(reports).find(({ tile }) => tile.col === col && tile.row === row)?.core;
}

/**
 * All places in a memory that the registers of cores point to, by what was read of each core last; a stack may lie in a
 * neighbour's memory.
 */
export function coreMarks(
  reports: readonly TileReport[],
  memory: MemoryType,
  generation: Generation,
  array: ArrayShape,
): CoreMark[] {
  return latest(reports).flatMap(({ tile, core, at }): CoreMark[] => {
    if (memory === 'program' && core?.pc !== undefined) {
      return [{ kind: 'pc', of: tile, tile, offset: core.pc, at }];
    }
    if (memory !== 'data' || core?.sp === undefined) return [];
    const place = dataPlace(generation, array, tile, core.sp);
    return place === undefined ? [] : [{ kind: 'sp', of: tile, ...place, at }];
  });
}
