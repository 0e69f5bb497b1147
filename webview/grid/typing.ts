/** What keys and pasted text mean as bytes. Pure: who may edit which byte is decided by the caller. */

/** The first digit of a byte, waiting for the second. */
export interface PendingDigit {
  readonly offset: number;
  /** 0..15, the upper half of the byte. */
  readonly high: number;
}

/** A digit either waits or completes a byte. */
export type TypedDigit =
  | { readonly kind: 'pending'; readonly pending: PendingDigit }
  | { readonly kind: 'byte'; readonly offset: number; readonly value: number };

/** The value of a hexadecimal digit, or `undefined`. */
export function digitValue(key: string): number | undefined {
  return /^[0-9a-fA-F]$/.test(key) ? Number.parseInt(key, 16) : undefined;
}

/** Takes a digit at the cursor. A digit that waits for another byte is forgotten: the cursor has left it. */
export function typeDigit(pending: PendingDigit | undefined, cursor: number, digit: number): TypedDigit {
  if (pending === undefined || pending.offset !== cursor) {
    return { kind: 'pending', pending: { offset: cursor, high: digit } };
  }
  return { kind: 'byte', offset: cursor, value: pending.high * 16 + digit };
}

/** The bytes of typed or pasted characters: UTF-8, so that ASCII is one byte each. */
export function characterBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A run of pasted bytes; `at` is counted from the place of the paste. */
export interface PastedRun {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Pasted bytes. `length` includes cells that were left out (`??`), which stay as they are. */
export interface Pasted {
  readonly runs: readonly PastedRun[];
  readonly length: number;
}

/** A cell that was copied while it held no byte. */
const emptyCell = /^(\?\?|··|[0-9a-fA-F]_)$/;

/**
 * Reads hexadecimal text: digits in pairs, with or without blanks, commas, `0x`, `\x` or `h` between them. Cells copied
 * without a byte (`??`, `··`) are skipped over. `undefined` if the text is anything else or has no byte at all.
 */
export function parseHex(text: string): Pasted | undefined {
  const tokens = text
    .trim()
    .split(/[\s,;]+|(?=\\x)/i)
    .filter((token) => token !== '');
  const runs: { at: number; bytes: number[] }[] = [];
  let length = 0;
  let current: number[] | undefined;
  for (const token of tokens) {
    if (emptyCell.test(token)) {
      current = undefined;
      length++;
      continue;
    }
    const digits = token.replace(/^(0x|\\x)/i, '').replace(/h$/i, '');
    if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) return undefined;
    if (current === undefined) {
      current = [];
      runs.push({ at: length, bytes: current });
    }
    for (let i = 0; i < digits.length; i += 2) {
      current.push(Number.parseInt(digits.slice(i, i + 2), 16));
      length++;
    }
  }
  if (runs.length === 0) return undefined;
  return { runs: runs.map((run) => ({ at: run.at, bytes: Uint8Array.from(run.bytes) })), length };
}

/** Pasted text as the characters column takes it: every character becomes its bytes. */
export function parseCharacters(text: string): Pasted | undefined {
  const bytes = characterBytes(text);
  return bytes.length === 0 ? undefined : { runs: [{ at: 0, bytes }], length: bytes.length };
}
