/** What pasted text means as bytes. Pure: who may edit which byte is decided by the caller. */
import type { CellFormat } from '../cells/format.ts';

/** The bytes of typed or pasted characters: UTF-8, so that ASCII is one byte each. */
export function characterBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A run of pasted bytes; `at` is counted from the place of the paste. */
interface PastedRun {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Pasted bytes. `length` includes cells that were left out (`??`), which stay as they are. */
export interface Pasted {
  readonly runs: readonly PastedRun[];
  readonly length: number;
}

/** A cell that was copied while it held no value, or only some of its digits. */
const emptyCell = /^(\?\?|··|––|[0-9a-f]+_+)$/i;

/**
 * Reads values of a format with blanks, commas or `\x` between them. Cells copied without a value (`??`, `··`, `––`) are skipped
 * over. `undefined` if the text is anything else or has no value at all.
 */
export function parseCells(format: CellFormat, text: string): Pasted | undefined {
  const words = text
    .trim()
    .split(/[\s,;]+|(?=\\x)/i)
    .filter((word) => word !== '');
  const runs: { at: number; bytes: number[] }[] = [];
  let length = 0;
  let current: number[] | undefined;
  for (const word of words) {
    if (emptyCell.test(word)) {
      current = undefined;
      length += format.bytes;
      continue;
    }
    const cells = format.parsePasted(word);
    if (cells === undefined) return undefined;
    if (current === undefined) {
      current = [];
      runs.push({ at: length, bytes: current });
    }
    for (const byte of cells) current.push(byte);
    length += cells.length;
  }
  if (runs.length === 0) return undefined;
  return { runs: runs.map(({ at, bytes }) => ({ at, bytes: Uint8Array.from(bytes) })), length };
}

/** Pasted text as the characters column takes it: every character becomes its bytes. */
export function parseCharacters(text: string): Pasted | undefined {
  const bytes = characterBytes(text);
  return bytes.length === 0 ? undefined : { runs: [{ at: 0, bytes }], length: bytes.length };
}
