/** What a core's ELF puts into program memory, and where memory differs from it. */
import type { ElfFile } from './elf.ts';
import { programEnd } from './linker-files.ts';

/** Bytes that the ELF says; `offset` counts in the tile's program memory. */
interface ImagePart {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What the ELF says of program memory, by offset; nothing of what lies between the parts. */
export type ProgramImage = readonly ImagePart[];

/** Where program memory is not what the ELF says. */
export interface ProgramDifference {
  /** Bytes that differ, of those that were read. */
  readonly count: number;
  /** Offset of the first one. */
  readonly first: number;
}

const loaded = 1;
const bytesPerWord = 4;

/**
 * The loaded parts of the program. A loader writes whole words, so what follows a segment in its last word is whatever comes
 * next in the file: it is left out, also where another segment lies there.
 */
export function programImage({ segments }: Pick<ElfFile, 'segments'>): ProgramImage {
  const parts = segments.filter(
    ({ type, address, bytes }) => type === loaded && bytes.length > 0 && address < programEnd,
  );
  const tails = parts.map(({ address, bytes }) => {
    const end = address + bytes.length;
    return { start: end, end: Math.ceil(end / bytesPerWord) * bytesPerWord };
  });
  return parts
    .map(({ address, bytes }) => {
      const skipped = Math.max(
        0,
        ...tails
          .filter(({ start, end }) => start <= address && address < end)
          .map(({ end }) => end - address),
      );
      const end = Math.min(bytes.length, programEnd - address);
      return { offset: address + skipped, bytes: bytes.slice(Math.min(skipped, end), end) };
    })
    .filter(({ bytes }) => bytes.length > 0)
    .sort((a, b) => a.offset - b.offset);
}

/**
 * Compares program memory from its first byte on; undefined where nothing that was read differs.
 * @param isRead whether the byte at an offset was read
 */
export function programDifference(
  image: ProgramImage,
  memory: Uint8Array,
  isRead: (offset: number) => boolean,
): ProgramDifference | undefined {
  let count = 0;
  let first: number | undefined;
  for (const { offset, bytes } of image) {
    const end = Math.min(offset + bytes.length, memory.length);
    for (let at = offset; at < end; at++) {
      if (memory[at] === bytes[at - offset] || !isRead(at)) continue;
      count++;
      first ??= at;
    }
  }
  return first === undefined ? undefined : { count, first };
}
