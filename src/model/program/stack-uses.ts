/** What was seen of the stacks of cores, as long as what was seen still lies there: within one epoch of a partition. */
import { Emitter } from '../event.ts';
import { type ArrayShape, formatTile, type Generation, type Tile, type TileOffset } from '../geometry.ts';
import type { PartitionKey } from '../partition-key.ts';
import type { PlacedName } from './build.ts';
import { dataPlace } from './data-space.ts';
import { coreOf, type StackMeeting, type StackUse, stackMeetings, stackOf, stackUse } from './stack-use.ts';

/** One life of a partition's contents. */
export interface StackEpoch {
  readonly board: string;
  readonly partition: PartitionKey;
  readonly epoch: string;
}

/** All that is known of a core's stack. */
export interface StackFacts {
  readonly stack: PlacedName;
  /** Bytes between its start and where the stack pointer points to; absent where that points elsewhere. */
  readonly pointer?: number;
  /** Absent where its bytes were not read. */
  readonly use?: StackUse;
  readonly meetings: readonly StackMeeting[];
}

/** What a core's stack is judged by. */
interface StackSources {
  readonly generation: Generation | 'unknown';
  readonly array: ArrayShape | undefined;
  /** Its stack pointer, a core address, where it was read. */
  readonly sp?: number | undefined;
  /** What has a name in the data memory of a tile. */
  readonly names: (tile: Tile) => readonly PlacedName[];
  readonly use: (stack: PlacedName) => StackUse | undefined;
}

/** The stack of a core; undefined where no build says it. */
export function stackFacts(core: Tile, sources: StackSources): StackFacts | undefined {
  const { generation, array, sp, names } = sources;
  const stack = stackOf(core, names);
  if (stack === undefined) return undefined;
  const use = sources.use(stack);
  const isKnown = array !== undefined && generation !== 'unknown' && sp !== undefined;
  const place = isKnown ? dataPlace(generation, array, core, sp) : undefined;
  const pointer = place && pointerIn(stack, place);
  return {
    stack,
    ...(pointer === undefined ? {} : { pointer }),
    ...(use === undefined ? {} : { use }),
    meetings: stackMeetings(stack, names(stack.tile), place, use?.depth),
  };
}

function pointerIn({ tile, offset }: PlacedName, place: TileOffset): number | undefined {
  const isHere = place.tile.col === tile.col && place.tile.row === tile.row && place.offset >= offset;
  return isHere ? place.offset - offset : undefined;
}

export class StackUses {
  readonly #changed = new Emitter<void>();
  /** By partition: its last epoch, and the uses of its stacks. */
  readonly #partitions = new Map<string, { readonly epoch: string; readonly uses: Map<string, StackUse> }>();

  /** Fires when something else is known of a stack. */
  readonly onDidChange = this.#changed.event;

  /** What is known of a stack in this epoch. */
  of(place: StackEpoch, stack: PlacedName): StackUse | undefined {
    const known = this.#partitions.get(partitionName(place));
    return known?.epoch === place.epoch ? known.uses.get(stackName(stack)) : undefined;
  }

  /**
   * Takes note of all bytes of a stack.
   * @param at when they were read, milliseconds since 1970
   */
  note(place: StackEpoch, stack: PlacedName, bytes: Uint8Array, at: number): StackUse {
    const before = this.of(place, stack);
    const use = stackUse(bytes, stack, at, before);
    const known = this.#partitions.get(partitionName(place));
    const uses = known?.epoch === place.epoch ? known.uses : new Map<string, StackUse>();
    this.#partitions.set(partitionName(place), { epoch: place.epoch, uses: uses.set(stackName(stack), use) });
    if (use.depth !== before?.depth || use.baseline !== before?.baseline || use.since !== before?.since)
      this.#changed.fire();
    return use;
  }
}

function partitionName({ board, partition }: StackEpoch): string {
  return `${board}/${partition}`;
}

/** A stack that a rebuilt program has elsewhere is another one. */
function stackName(stack: PlacedName): string {
  return `${formatTile(coreOf(stack))} ${formatTile(stack.tile)} ${stack.offset} ${stack.size}`;
}
