/** Reads what a person types to go to a place. */
import type { ByteRange, Tile } from '../model/geometry.ts';
import { type MemoryGeometry, tileRange } from '../model/geometry.ts';
import { parseOffset } from '../model/numbers.ts';

/** Why a typed place cannot be gone to. */
export type GoToRefusal = 'unclear' | 'outside';

/**
 * The buffer offset of a typed place, or why there is none: `0x1f0` and `496` count from the first shown byte,
 * `(2,3)+0x10` is a tile offset.
 *
 * @param shown the bytes that the editor shows
 */
export function parsePlace(typed: string, geometry: MemoryGeometry, shown: ByteRange): number | GoToRefusal {
  const match = /^(?:\(?\s*(\d{1,4})\s*,\s*(\d{1,4})\s*\)?)?\s*\+?\s*(0x[0-9a-f]{1,12}|\d{1,12})?$/i.exec(
    typed.trim(),
  );
  const [, col, row, offsetText] = match ?? [];
  if (match === null || (col === undefined && offsetText === undefined)) return 'unclear';
  const offset = offsetText === undefined ? 0 : (parseOffset(offsetText) ?? Number.POSITIVE_INFINITY);
  if (col === undefined) return offset < shown.length ? shown.offset + offset : 'outside';
  const tile: Tile = { col: Number(col), row: Number(row) };
  let range: ByteRange;
  try {
    range = tileRange(geometry, tile);
  } catch (error) {
    if (error instanceof RangeError) return 'outside';
    throw error;
  }
  const place = range.offset + offset;
  const inTile = offset < range.length;
  return inTile && place >= shown.offset && place < shown.offset + shown.length ? place : 'outside';
}
