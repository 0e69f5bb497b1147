/** What keys mean as bytes. Pure: who may edit which byte is decided by the caller. */
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
