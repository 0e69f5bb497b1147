/**
 * The search of all memories of a board: what would be read for it, and one memory after the other. Opens nothing before a person
 * was told what will be read. Knows no tab, and not how hits are shown.
 */
import type { FindResult, PartitionInfo } from '../board/board.ts';
import { toBoardError, type BoardError } from '../board/errors.ts';
import { type BoardPattern, lengthOf } from '../model/find/board-pattern.ts';
import { type MemoryGeometry, type MemoryType, totalBytes } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import type { BoardLink } from './link.ts';

/** One memory that is searched. */
interface SearchedMemory {
  readonly partition: PartitionKey;
  readonly memory: MemoryType;
  readonly geometry: MemoryGeometry;
}

/** What was found in one memory, or why it could not be searched. */
export type FoundInMemory = SearchedMemory &
  (
    | { readonly result: FindResult; readonly length: number }
    | { readonly error: BoardError }
  );

/** What a person is told before it begins: partitions as they are listed; nothing is opened to know it. */
export function partitionsToSearch(link: BoardLink): readonly PartitionInfo[] {
  return link.partitions;
}

/**
 * Searches all memories of the partitions, in their order. A partition or memory that cannot be searched is told with its
 * reason, and the others are searched. Rejects only when cancelled.
 * @param onProgress bytes that were searched, of those of all memories that are known by then
 */
export async function searchMemories(
  link: BoardLink,
  partitions: readonly PartitionInfo[],
  pattern: BoardPattern,
  most: number,
  onFound: (found: FoundInMemory) => void,
  onProgress: (bytes: number, of: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let left = most;
  let before = 0;
  let of = 0;
  for (const { key } of partitions) {
    const opened = await link.open(key, signal, 'person');
    of += opened.memories.reduce((sum, { geometry }) => sum + totalBytes(geometry), 0);
    for (const memory of opened.memories) {
      signal.throwIfAborted();
      if (left === 0) return;
      const { geometry } = memory;
      const length = totalBytes(geometry);
      const one = { partition: key, memory: geometry.type, geometry };
      const done = before;
      const options = {
        asking: 'person',
        most: left,
        onProgress: (bytes: number) => onProgress(done + bytes, of),
      } as const;
      try {
        const result = await memory.find([{ offset: 0, length }], pattern, options, signal);
        left -= result.offsets.length;
        onFound({ ...one, result, length: lengthOf(pattern) });
      } catch (error) {
        signal.throwIfAborted();
        onFound({ ...one, error: toBoardError(error) });
      }
      before += length;
      onProgress(before, of);
    }
  }
}
