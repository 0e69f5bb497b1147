/** The stack of a core as the views know it: by the build's names, the state that was read, and the bytes that editors saw. */
import type { BoardInfo, PartitionInfo } from '../board/board.ts';
import type { Tile } from '../model/geometry.ts';
import { type StackFacts, stackFacts } from '../model/program/stack-uses.ts';
import type { TileStatus } from '../model/status/status.ts';
import type { ArrayServices } from './array-model.ts';

/**
 * What is known of it; undefined where no build says where it lies.
 * @param status of the tile, as it was read in this epoch
 */
export function stackOfCore(
  { names, stackUse }: Pick<ArrayServices, 'names' | 'stackUse'>,
  board: string,
  { key, epoch }: Pick<PartitionInfo, 'key' | 'epoch'>,
  tile: Tile,
  { generation, array }: Pick<BoardInfo, 'generation' | 'array'>,
  status: TileStatus | undefined,
): StackFacts | undefined {
  return stackFacts(tile, {
    generation,
    array,
    sp: status?.core?.sp,
    names: (at) => names(board, 'data', at),
    use: (stack) => stackUse({ board, partition: key, epoch }, stack),
  });
}
