/** Memory of cores under the addresses that their programs know it by, and under the references of the debug protocol; only reads. */
import { type PartitionInfo, type PartitionMemory, patience } from '../board/board.ts';
import { type PartitionSpace, partitionOffset, partitionPlace } from '../model/addresses.ts';
import type { UnreadableReason } from '../model/byte-state.ts';
import { type ByteRange, containsTile, type Tile, type TileOffset, tileStart } from '../model/geometry.ts';
import { hexNumber } from '../model/numbers.ts';
import type { PartitionKey } from '../model/partition-key.ts';
import { dataPlace } from '../model/program/data-space.ts';
import {
  type ProgramDifference,
  type ProgramImage,
  programDifference,
} from '../model/program/program-image.ts';
import { intersectRanges } from '../model/ranges.ts';
import type { BoardLink } from '../session/link.ts';

/** Bytes at a core address. */
export interface WantedBytes {
  readonly address: number;
  /** At least 1. */
  readonly size: number;
}

/** What an address of a core's program is one of. */
export type CoreSpace = 'data' | 'program';

/** Where something lies: an offset in the memory of a tile. */
export interface MemoryPlace extends TileOffset {
  readonly memory: CoreSpace;
}

/** Why bytes are not there: the reasons of reads, no memory of this partition, or more than is read for a session. */
export type MissingReason = UnreadableReason | 'elsewhere' | 'too-many';

/** The bytes, or why they are not there. */
export type FoundBytes = Uint8Array | MissingReason;

/** Where these memories begin in a tile's own address space, in every generation. */
const tileBases: Readonly<Record<CoreSpace, number>> = { data: 0, program: 0x20000 };

/** Bytes behind a reference. */
export interface ReferencedBytes {
  /** The reference of the first one. */
  readonly address: string;
  readonly bytes: Uint8Array;
  /** How many bytes behind these cannot be read. */
  readonly unreadable: number;
}

/** A reference of the debug protocol as a number: tools write them as they like. */
function referenceNumber(reference: string): number | undefined {
  return /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.test(reference) ? Number(reference) : undefined;
}

/** Bytes that are read at a time at most: the variables of a core, not whole memories. */
const mostBytes = 256 * 1024;
/** Ranges of one read. */
const mostRanges = 4096;

export class CoreMemory {
  readonly #link: BoardLink;
  readonly #partition: PartitionKey;
  readonly #startCol: number;

  constructor(link: BoardLink, { key, columns }: Pick<PartitionInfo, 'key' | 'columns'>) {
    this.#link = link;
    this.#partition = key;
    this.#startCol = columns.startCol;
  }

  /**
   * The name of an address of a tile's core in the debug protocol: its offset in the partition, so that no two tiles share
   * one. `undefined` while the board is away, and where there is no memory of a core.
   */
  reference(tile: Tile, space: CoreSpace, address: number): string | undefined {
    const partition = this.#space;
    const place = space === 'data' ? this.#dataPlace(tile, address) : { tile, offset: address };
    if (partition === undefined || place === undefined || place.tile.col < partition.startCol)
      return undefined;
    const inTile = place.offset + tileBases[space];
    return hexNumber(partitionOffset(partition, place.tile, inTile), 8);
  }

  /** The place that a reference names, if it is in a memory of a core. */
  place(reference: string): MemoryPlace | undefined {
    const partition = this.#space;
    const number = referenceNumber(reference);
    if (partition === undefined || number === undefined) return undefined;
    const { tile, offset } = partitionPlace(partition, number);
    const memory = offset < tileBases.program ? 'data' : 'program';
    return { memory, tile, offset: offset - tileBases[memory] };
  }

  /**
   * The bytes from an offset behind a reference on, of any memory of the partition, up to the first one that cannot be read;
   * `undefined` for a text that is no reference. Rejects with BoardError.
   */
  async bytesAt(reference: string, behind: number, count: number): Promise<ReferencedBytes | undefined> {
    const signal = AbortSignal.timeout(patience);
    const { memories } = await this.#link.open(this.#partition, signal);
    const space = this.#space;
    const start = (referenceNumber(reference) ?? Number.NaN) + behind;
    if (space === undefined || !Number.isInteger(start)) return undefined;
    const nothing = { address: hexNumber(Math.max(0, start), 8), bytes: new Uint8Array(), unreadable: count };
    if (start < 0 || count < 1) return nothing;
    const { tile, offset } = partitionPlace(space, start);
    const memory = memories.find(({ geometry }) => {
      const inMemory = offset - geometry.tileBase;
      return containsTile(geometry, tile) && inMemory >= 0 && inMemory < geometry.bytesPerTile;
    });
    if (memory === undefined) return nothing;
    const { geometry } = memory;
    const inMemory = offset - geometry.tileBase;
    const length = Math.min(count, mostBytes, geometry.bytesPerTile - inMemory);
    const range = { offset: tileStart(geometry, tile) + inMemory, length };
    const { pieces, unreadable } = await memory.read([range], { asking: 'person' }, signal);
    const [first] = unreadable
      .flatMap((span) => intersectRanges(span, range) ?? [])
      .sort((a, b) => a.offset - b.offset);
    const bytes = pieces[0]?.bytes ?? new Uint8Array();
    if (first === undefined) return { ...nothing, bytes, unreadable: count - bytes.length };
    // Behind a run that cannot be read there may be bytes again: whoever asks goes on there.
    const readable = first.offset - range.offset;
    const isLast = readable + first.length === length;
    return {
      ...nothing,
      bytes: bytes.subarray(0, readable),
      unreadable: isLast ? count - readable : first.length,
    };
  }

  /**
   * Where a core's program memory is not what its ELF says; a reason where not all of it can be read. Rejects with BoardError.
   * @param isHalted the core stands: its program memory may be touched although it is enabled
   */
  async programDifference(
    tile: Tile,
    image: ProgramImage,
    isHalted: boolean,
    ended: AbortSignal,
  ): Promise<ProgramDifference | UnreadableReason | undefined> {
    const signal = AbortSignal.any([ended, AbortSignal.timeout(patience)]);
    const memory = (await this.#link.open(this.#partition, signal)).memory('program');
    if (memory === undefined || !containsTile(memory.geometry, tile)) return 'no-way';
    const { geometry } = memory;
    const start = tileStart(geometry, tile);
    const range = { offset: start, length: Math.min(image.bytes.length, geometry.bytesPerTile) };
    if (range.length === 0) return undefined;
    const openTiles = new Set(isHalted ? [start / geometry.bytesPerTile] : []);
    const { pieces, unreadable } = await memory.read([range], { asking: 'person', openTiles }, signal);
    const isSaid = (at: number): boolean => image.said[at] === 1;
    for (const span of unreadable) {
      for (let at = span.offset; at < span.offset + span.length; at++) {
        if (isSaid(at - start)) return span.reason;
      }
    }
    return programDifference(image, pieces[0]?.bytes ?? new Uint8Array(), () => true);
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
    const place = this.#dataPlace(tile, address);
    const { geometry } = memory;
    if (place === undefined || !containsTile(geometry, place.tile)) return undefined;
    if (size < 1 || place.offset + size > geometry.bytesPerTile) return undefined;
    return { offset: tileStart(geometry, place.tile) + place.offset, length: size };
  }

  #dataPlace(tile: Tile, address: number): TileOffset | undefined {
    const { state } = this.#link;
    if (state.kind !== 'connected') return undefined;
    const { array, generation } = state.board.info;
    if (array === undefined || generation === 'unknown') return undefined;
    return dataPlace(generation, array, tile, address);
  }

  get #space(): PartitionSpace | undefined {
    const { state } = this.#link;
    const generation = state.kind === 'connected' ? state.board.info.generation : 'unknown';
    return generation === 'unknown' ? undefined : { generation, startCol: this.#startCol };
  }
}
