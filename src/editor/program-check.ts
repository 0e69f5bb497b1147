/** Whether a tile's program memory is what the build has, compared again only where bytes changed since. Knows no build. */
import { stateBits } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import {
  type ProgramDifference,
  type ProgramImage,
  programDifference,
} from '../model/program/program-image.ts';
import { intersectRanges } from '../model/ranges.ts';

/** Where bytes come from. */
interface ReadBytes {
  /** Another object once the memory has another layout. */
  readonly geometry: object | undefined;
  bytes(range: ByteRange): { readonly base: Uint8Array; readonly flags: Uint8Array };
  /** An epoch that ends changes states, and tells no ranges. */
  isStale(range: ByteRange): boolean;
}

/** What an answer was made from. */
interface Asked {
  readonly image: ProgramImage;
  readonly geometry: object | undefined;
  readonly memory: ByteRange;
  readonly isStale: boolean;
}

export class ProgramCheck {
  #last: (Asked & { readonly difference: ProgramDifference | undefined }) | undefined;

  /** Bytes of the memory, or their states, are others. */
  changed(ranges: readonly ByteRange[]): void {
    const memory = this.#last?.memory;
    if (memory !== undefined && ranges.some((range) => intersectRanges(range, memory) !== undefined))
      this.#last = undefined;
  }

  /** Where the program memory of a tile (`memory`, in the buffer) differs, of what was read of it in this epoch. */
  difference(image: ProgramImage, source: ReadBytes, memory: ByteRange): ProgramDifference | undefined {
    const asked = { image, geometry: source.geometry, memory, isStale: source.isStale(memory) };
    if (this.#last === undefined || !isSame(this.#last, asked)) {
      const { base, flags } = source.bytes(memory);
      const { known, stale } = stateBits;
      const isRead = (offset: number) => ((flags[offset] ?? 0) & (known | stale)) === known;
      this.#last = { ...asked, difference: programDifference(image, base, isRead) };
    }
    return this.#last.difference;
  }
}

function isSame(one: Asked, other: Asked): boolean {
  return (
    one.image === other.image &&
    one.geometry === other.geometry &&
    one.memory.offset === other.memory.offset &&
    one.memory.length === other.memory.length &&
    one.isStale === other.isStale
  );
}
