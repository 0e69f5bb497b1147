/** The partitions whose cores a debug session can show. */
import type { PartitionInfo } from '../board/board.ts';
import type { DebugBoard, DebugServices } from './attach.ts';

/** A partition with its board. */
export interface ShownPartition {
  readonly board: DebugBoard;
  readonly info: PartitionInfo;
}

/** Those of all boards that are connected. */
export function shownPartitions(services: Pick<DebugServices, 'boards' | 'partitions'>): ShownPartition[] {
  return services
    .boards()
    .filter(({ link }) => link.state.kind === 'connected')
    .flatMap((board) => services.partitions(board).map((info) => ({ board, info })));
}
