import type { ColumnRange } from '../../src/model/geometry.ts';
import type { PartitionKey } from '../../src/model/partition-key.ts';

/** How a core of the AIE drivers names the partition of these columns: `native/core/partition_key.h`. */
export function keyOf({ startCol, numCols }: ColumnRange): PartitionKey {
  return `${startCol}_${numCols}`;
}
