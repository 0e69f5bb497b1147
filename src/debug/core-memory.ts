/** Data memory under the addresses that a core's program knows it by; only reads. */
import { type PartitionMemory, patience } from '../board/board.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import { type ByteRange, containsTile, type Tile, tileStart } from '../model/geometry.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { dataPlace } from '../model/program/data-space.ts';
import { intersectRanges } from '../model/ranges.ts';
import type { BoardLink } from '../session/link.ts';

/** Bytes at a core address. */
export interface WantedBytes {
  readonly address: number;
  /** At least 1. */
  readonly size: number;
}

/** Why bytes are not there: the reasons of reads, no memory of this partition, or more than is read for a session. */
export type MissingReason = UnreadableReason | 'elsewhere' | 'too-many';

/** The bytes, or why they are not there. */
export type FoundBytes = Uint8Array | MissingReason;

/** Bytes that are read at a time at most: the variables of a core, not whole memories. */
const mostBytes = 256 * 1024;
/** Ranges of one read. */
const mostRanges = 4096;

export class CoreMemory {
  readonly #link: BoardLink;
  readonly #partition: PartitionKey;

  constructor(link: BoardLink, partition: PartitionKey) {
    this.#link = link;
    this.#partition = partition;
  }

  /** Reads what the tile's core has at the addresses, in one request; answers in their order. Rejects with BoardError. */
  async read(tile: Tile, wanted: readonly WantedBytes[]): Promise<readonly FoundBytes[]> {
    const signal = AbortSignal.timeout(patience);
    const partition = await this.#link.open(this.#partition, signal);
    const memory = partition.memory('data');
    const found: FoundBytes[] = wanted.map(() => 'elsewhere');
    const ranges: ByteRange[] = [];
    const indices: number[] = [];
    let sum = 0;
    for (const [i, one] of wanted.entries()) {
      const range = memory === undefined ? undefined : this.#rangeOf(memory, tile, one);
      if (range === undefined) continue;
      sum += range.length;
      if (sum > mostBytes || ranges.length >= mostRanges) {
        found[i] = 'too-many';
        sum -= range.length;
        continue;
      }
      ranges.push(range);
      indices.push(i);
    }
    if (memory === undefined || ranges.length === 0) return found;
    const { pieces, unreadable } = await memory.read(ranges, { asking: 'person' }, signal);
    for (const [i, { range, bytes }] of pieces.entries()) {
      const bad = unreadable.find((span) => intersectRanges(span, range) !== undefined);
      found[indices[i] ?? 0] = bad?.reason ?? bytes;
    }
    return found;
  }

  /** Buffer offsets; `undefined` for addresses outside the partition's data memory, and across two memories. */
  #rangeOf(memory: PartitionMemory, tile: Tile, { address, size }: WantedBytes): ByteRange | undefined {
    const { state } = this.#link;
    if (state.kind !== 'connected') return undefined;
    const { array, generation } = state.board.info;
    if (array === undefined || generation === 'unknown') return undefined;
    const place = dataPlace(generation, array, tile, address);
    const { geometry } = memory;
    if (place === undefined || !containsTile(geometry, place.tile)) return undefined;
    if (size < 1 || place.offset + size > geometry.bytesPerTile) return undefined;
    return { offset: tileStart(geometry, place.tile) + place.offset, length: size };
  }
}
