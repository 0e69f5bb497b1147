/**
 * The search of all memories of a board, one after the other: only hits come from there. Knows no editor, and not how hits are shown.
 */
import type { FindResult, PartitionInfo } from '../board/board.ts';
import { type BoardError, throwIfCancelled, toBoardError } from '../board/errors.ts';
import type { BoardPattern } from '../model/find/board-pattern.ts';
import { type MemoryGeometry, totalBytes } from '../model/geometry.ts';
import { abortable } from './async.ts';
import type { BoardLink } from './link.ts';

/** Hits that are handed over at once. */
const hitsAtOnce = 32_768;

/** Who takes what is found. What comes after `begins` is of that memory. */
export interface FoundTaker {
  begins(partition: PartitionInfo, geometry: MemoryGeometry): void;
  /** Hits as in `FindResult`, each once. */
  hits(offsets: readonly number[], lengths: readonly number[] | undefined): void;
  /** Bytes that were searched, of all bytes of the memory. */
  progress(bytes: number, of: number): void;
  /** The memory was searched, as far as the result says. */
  ends(result: Omit<FindResult, 'offsets' | 'lengths'>): void;
  /** The memory could not be searched. */
  fails(error: BoardError): void;
  /** It cannot be known which memories the partition has. */
  refuses(partition: PartitionInfo, error: BoardError): void;
}

/**
 * Searches all memories of the partitions in their order, for a person. What cannot be searched is told, and the others are searched.
 * Ends after `most` hits. Rejects with BoardError only when it is cancelled.
 */
export async function searchMemories(
  link: BoardLink,
  partitions: readonly PartitionInfo[],
  pattern: BoardPattern,
  most: number,
  taker: FoundTaker,
  signal: AbortSignal,
): Promise<void> {
  let left = most;
  for (const partition of partitions) {
    const memories = await link.open(partition.key, signal, 'person').then(
      (opened) => opened.memories,
      (error: unknown) => {
        throwIfCancelled(signal);
        taker.refuses(partition, toBoardError(error));
        return [];
      },
    );
    for (const memory of memories) {
      throwIfCancelled(signal);
      if (left === 0) return;
      const { geometry } = memory;
      const length = totalBytes(geometry);
      let told = 0;
      const hand = (offsets: readonly number[], lengths?: readonly number[]): void => {
        told += offsets.length;
        taker.hits(offsets, lengths);
      };
      taker.begins(partition, geometry);
      try {
        const options = {
          asking: 'person',
          most: left,
          onHits: (offsets: readonly number[], lengths?: readonly number[]) => {
            if (!signal.aborted) hand(offsets, lengths);
          },
          onProgress: (bytes: number) => {
            if (!signal.aborted) taker.progress(bytes, length);
          },
        } as const;
        const searching = memory.find([{ offset: 0, length }], pattern, options, signal);
        const { offsets, lengths, ...result } = await abortable(searching, signal);
        while (told < offsets.length) {
          hand(offsets.slice(told, told + hitsAtOnce), lengths?.slice(told, told + hitsAtOnce));
          await new Promise((resolve) => setImmediate(resolve));
          throwIfCancelled(signal);
        }
        left -= offsets.length;
        taker.ends(result);
      } catch (error) {
        throwIfCancelled(signal);
        left -= told;
        taker.fails(toBoardError(error));
      }
    }
  }
}
