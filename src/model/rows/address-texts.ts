/** Addresses before the rows: all of one width. */
import { type AddressNotation, addressOf, shownKind } from '../addresses.ts';
import type { ByteRange } from '../geometry.ts';
import { hexDigits } from '../numbers.ts';
import { endOf } from '../ranges.ts';
import { offsetDigits } from './layout.ts';

/** Characters of the longest address in a range. */
export function addressWidth(notation: AddressNotation, range: ByteRange): number {
  const kind = shownKind(notation);
  const { bytesPerTile } = notation.space.geometry;
  const last = range.length === 0 ? 0 : endOf(range) - 1;
  const largest = kind === 'tile' ? bytesPerTile - 1 : (addressOf(notation.space, kind, last) ?? 0);
  // The windows of cores are the same in every tile but for the first generation's rows.
  const most = kind === 'core' ? Math.max(largest, 8 * bytesPerTile - 1) : largest;
  return notation.decimal ? String(most).length : offsetDigits(most + 1);
}

/** The address before a row: digits only, `width` characters. */
export function rowAddress(notation: AddressNotation, width: number, offset: number): string {
  const address = addressOf(notation.space, shownKind(notation), offset) ?? 0;
  return notation.decimal
    ? String(address).padStart(width, ' ')
    : hexDigits(address, width, notation.upperCase);
}
