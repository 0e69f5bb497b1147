/** What a core's ELF puts into program memory, and where memory differs from it. */
import { programBytes } from '../memory-places.ts';
import type { ElfFile } from './elf.ts';
import { FileFault } from './faults.ts';

/** What the ELF says of program memory, from its first byte on. */
export interface ProgramImage {
  /** Up to the last byte that is said. */
  readonly bytes: Uint8Array;
  /** For each of them 1 where the ELF says what stands there, 0 where it does not. */
  readonly said: Uint8Array;
}

/** Where program memory is not what the ELF says. */
export interface ProgramDifference {
  /** Bytes that differ, of those that were read. */
  readonly count: number;
  /** Offset of the first one. */
  readonly first: number;
}

/** `p_type` of what is loaded. */
export const loaded = 1;
const bytesPerWord = 4;
/** More loaded parts no linker makes: it puts all that is alike into one. */
const mostParts = 4096;
/** Nor more bytes of them all, where overlays claim one place several times. */
const mostBytes = 64 * programBytes;

/**
 * The loaded parts of the program. A loader writes whole words, so what follows a segment in its last word is whatever comes
 * next in the file: it is left out, also where another segment lies there. Left out is also a byte for which several segments
 * have different values: which of them stands there depends on the loader, and of overlays on the moment. Throws
 * `FileFault` for more parts, or more bytes in them, than any linker makes.
 */
export function programImage({ segments }: Pick<ElfFile, 'segments'>): ProgramImage {
  const bytes = new Uint8Array(programBytes);
  const claims = new Uint8Array(programBytes);
  const tails: number[] = [];
  let sum = 0;
  for (const segment of segments) {
    const { type, address } = segment;
    if (type !== loaded || segment.bytes.length === 0 || address >= programBytes) continue;
    const part = segment.bytes.subarray(0, programBytes - address);
    sum += part.length;
    if (tails.length >= mostParts || sum > mostBytes)
      throw new FileFault('too-many', {}, { kind: 'segments' });
    part.forEach((byte, i) => {
      const at = address + i;
      if (claims[at] === claim.none) {
        claims[at] = claim.one;
        bytes[at] = byte;
      } else if (bytes[at] !== byte) claims[at] = claim.several;
    });
    tails.push(address + part.length);
  }
  for (const end of tails) claims.fill(claim.none, end, Math.ceil(end / bytesPerWord) * bytesPerWord);
  const length = claims.lastIndexOf(claim.one) + 1;
  // Copies: a view would bring all of its buffer through a message channel.
  return {
    bytes: bytes.slice(0, length),
    said: claims.slice(0, length).map((one) => (one === claim.one ? 1 : 0)),
  };
}

/** Who has a value for a byte: nobody, segments that agree, or segments that do not. */
const claim = { none: 0, one: 1, several: 2 } as const;

/**
 * Compares program memory from its first byte on; undefined where nothing that was read differs.
 * @param isRead whether the byte at an offset was read
 */
export function programDifference(
  { bytes, said }: ProgramImage,
  memory: Uint8Array,
  isRead: (offset: number) => boolean,
): ProgramDifference | undefined {
  let count = 0;
  let first: number | undefined;
  const end = Math.min(bytes.length, memory.length);
  for (let at = 0; at < end; at++) {
    if (said[at] !== 1 || memory[at] === bytes[at] || !isRead(at)) continue;
    count++;
    first ??= at;
  }
  return first === undefined ? undefined : { count, first };
}
