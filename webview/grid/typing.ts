/** What keys and pasted text mean as bytes. Pure: who may edit which byte is decided by the caller. */
import type { CellFormat, CellRefusal, Radix } from '../../src/model/cells/format.ts';

/** The first digits of a cell, waiting for the rest. */
export interface PendingDigits {
  /** The cell's first byte. */
  readonly offset: number;
  readonly digits: string;
}

/** What a digit did: it waits for more, or it completed a cell. */
export type TypedDigit =
  | { readonly kind: 'pending'; readonly pending: PendingDigits }
  | { readonly kind: 'cell'; readonly offset: number; readonly parsed: Uint8Array | CellRefusal };

/** Whether a key is a digit of the radix. */
export function isDigit(key: string, radix: Radix): boolean {
  return /^[0-9a-f]$/i.test(key) && Number.parseInt(key, 16) < radix;
}

/** Takes a digit at the cursor. Digits that wait for another cell are forgotten: the cursor has left it. */
export function typeDigit(
  format: CellFormat,
  pending: PendingDigits | undefined,
  cursor: number,
  digit: string,
): TypedDigit {
  const digits = (pending?.offset === cursor ? pending.digits : '') + digit;
  if (digits.length < format.characters) return { kind: 'pending', pending: { offset: cursor, digits } };
  return { kind: 'cell', offset: cursor, parsed: format.parse(digits) };
}

/** The waiting digits without the last one; `undefined` if none is left. */
export function dropDigit({ offset, digits }: PendingDigits): PendingDigits | undefined {
  return digits.length > 1 ? { offset, digits: digits.slice(0, -1) } : undefined;
}

/** The text of a cell that waits for digits. */
export function pendingText(format: CellFormat, { digits }: PendingDigits, upperCase: boolean): string {
  return (upperCase ? digits.toUpperCase() : digits.toLowerCase()).padEnd(format.characters, '_');
}

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
const emptyCell = /^(\?\?|··|[0-9a-f]+_+)$/i;

/**
 * Reads values of a format with blanks, commas or `\x` between them. Cells copied without a value (`??`, `··`) are skipped
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
