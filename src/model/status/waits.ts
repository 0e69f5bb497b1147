/** Who waits for whose lock, and who waits in a circle. Pure. */
import type { ArrayShape, Generation, Tile } from '../geometry.ts';
import type { DescriptorLock, DmaChannelStatus, TileStatus, WaitEdge } from './status.ts';

/** Locks of one memory tile; the DMA counts the western neighbour's before the own ones. */
export const memoryTileLocks = 64;

function key({ col, row }: Tile): string {
  return `${col},${row}`;
}

/** What is known of the places around a tile. */
interface Surroundings {
  readonly shape: ArrayShape | undefined;
  readonly generation: Generation | 'unknown';
  readonly kinds: ReadonlyMap<string, TileStatus['kind']>;
}

/** Whether a tile of the kind stands there: by the shape, else only where one was looked at. */
function stands({ shape, kinds }: Surroundings, tile: Tile, kind: 'core' | 'memory'): boolean {
  if (shape === undefined) return kinds.get(key(tile)) === kind;
  const { start, count } = shape[kind];
  return (
    tile.col >= 0 &&
    (shape.numCols === 0 || tile.col < shape.numCols) &&
    tile.row >= start &&
    tile.row < start + count
  );
}

/**
 * The tile whose memory and locks a core reaches in a direction. In AIE-ML and later the own memory lies in the east. In the
 * first generation it lies in the east in every other row, beginning with the first row of cores, and in the west in the
 * rows between (AM009: "even rows", counted from there; aie-rt and mlir-aie agree). Undefined where no core tile stands, or
 * where generation or shape would have to be guessed.
 */
function neighbourMemory(tile: Tile, direction: string, surroundings: Surroundings): Tile | undefined {
  const { col, row } = tile;
  const { generation, shape } = surroundings;
  let to: Tile | undefined;
  if (direction === 'south') to = { col, row: row - 1 };
  else if (direction === 'north') to = { col, row: row + 1 };
  else if (generation === 'unknown' || (generation === 'aie' && shape === undefined)) return undefined;
  else {
    const ownInEast = generation !== 'aie' || shape === undefined || (row - shape.core.start) % 2 === 0;
    if (direction === 'east') to = ownInEast ? tile : { col: col + 1, row };
    else if (direction === 'west') to = ownInEast ? { col: col - 1, row } : tile;
  }
  return to !== undefined && stands(surroundings, to, 'core') ? to : undefined;
}

/** The lock that the channel's current descriptor waits for; undefined when it is not known which. */
function awaitedLock(status: TileStatus, channel: DmaChannelStatus): DescriptorLock | undefined {
  const descriptor = status.descriptors.find(({ index }) => index === channel.currentDescriptor);
  const which = channel.state === 'stalled_lock_rel' ? 'release' : 'acquire';
  const lock = descriptor?.[which];
  // Double buffering: which of the two is in turn is not known.
  if (descriptor?.second !== undefined && descriptor.second[which]?.lock !== lock?.lock) return undefined;
  return lock;
}

function channelEdge(
  status: TileStatus,
  channel: DmaChannelStatus,
  surroundings: Surroundings,
): WaitEdge | undefined {
  const { tile, kind } = status;
  const lock = awaitedLock(status, channel)?.lock;
  const edge = { from: tile, what: channel.direction, channel: channel.channel };
  if (kind !== 'memory') return { ...edge, to: tile, ...(lock === undefined ? {} : { lock }) };
  // Without the lock's number it could be any of three memory tiles.
  if (lock === undefined || lock >= 3 * memoryTileLocks) return undefined;
  const to = { col: tile.col - 1 + Math.floor(lock / memoryTileLocks), row: tile.row };
  return stands(surroundings, to, 'memory') ? { ...edge, to, lock: lock % memoryTileLocks } : undefined;
}

/**
 * Who waits for whose lock, in the order of the tiles: a core that is stalled on a lock in a direction waits for the tile
 * whose memory lies there; a channel that is stalled on a lock waits for the tile that has the lock its current descriptor
 * names (the own one, save in memory tiles). `lock` of an edge is counted in the tile that has it. Waits whose other end is
 * not known are left out.
 */
export function waitEdges(
  tiles: readonly TileStatus[],
  shape: ArrayShape | undefined,
  generation: Generation | 'unknown',
): WaitEdge[] {
  const kinds = new Map(tiles.map((status) => [key(status.tile), status.kind] as const));
  const surroundings: Surroundings = { shape, generation, kinds };
  return tiles.flatMap((status) => {
    const edges: WaitEdge[] = [];
    for (const stall of status.core?.stalls ?? []) {
      const to = stall.kind === 'lock' ? neighbourMemory(status.tile, stall.on, surroundings) : undefined;
      if (to !== undefined) edges.push({ from: status.tile, to, what: 'core' });
    }
    for (const channel of status.channels) {
      const edge = channel.stalledOnLock ? channelEdge(status, channel, surroundings) : undefined;
      if (edge !== undefined) edges.push(edge);
    }
    return edges;
  });
}

/**
 * Tiles that wait in a circle: a hang. Each circle lists its tiles in the order of the waits, the lowest column and row
 * first, no tile twice; every wait between two tiles that is part of a circle is in at least one of them. A tile that waits
 * for a lock of its own is no circle: its DMA or a neighbour may yet release it.
 */
export function waitCycles(edges: readonly WaitEdge[]): Tile[][] {
  const nodes = new Map<string, Tile>();
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    nodes.set(key(from), from).set(key(to), to);
    if (key(from) !== key(to)) next.set(key(from), (next.get(key(from)) ?? new Set()).add(key(to)));
  }
  const cycles = new Map<string, Tile[]>();
  for (const [from, targets] of next) {
    for (const to of targets) {
      const back = shortestPath(next, to, from);
      if (back === undefined) continue;
      const cycle = turned(back.flatMap((place) => nodes.get(place) ?? []));
      cycles.set(cycle.map(key).join(' '), cycle);
    }
  }
  return [...cycles.values()];
}

/** From one place to another along the waits, both ends included; undefined if there is no way. */
function shortestPath(
  next: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  to: string,
): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[from, undefined]]);
  const queue = [from];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (at === to) {
      const path: string[] = [];
      for (let place: string | undefined = at; place !== undefined; place = cameFrom.get(place))
        path.unshift(place);
      return path;
    }
    for (const target of next.get(at) ?? []) {
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, at);
      queue.push(target);
    }
  }
  return undefined;
}

/** The same circle, begun at its lowest column and row. */
function turned(cycle: readonly Tile[]): Tile[] {
  let first = 0;
  cycle.forEach((tile, i) => {
    const lowest = cycle[first] ?? tile;
    if (tile.col < lowest.col || (tile.col === lowest.col && tile.row < lowest.row)) first = i;
  });
  return [...cycle.slice(first), ...cycle.slice(0, first)];
}
