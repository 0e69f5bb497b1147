/** From what another program asks for to a place of a memory: hostile until checked here. */
import * as v from 'valibot';
import type { MemoryPlace } from '../../api/tilescope.d.ts';
import {
  type ByteRange,
  type MemoryGeometry,
  memoryTypes,
  mostColumns,
  mostMemoryBytes,
  mostRows,
  tileRange,
  totalBytes,
} from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { isPartitionKey } from '../model/partition-key.ts';
import { isBoardId, type MemoryResource } from '../model/resource.ts';
import { fitting, whole } from '../model/shapes.ts';
import { ApiError } from './api-error.ts';
import { outside } from './refusals.ts';

/** What is asked for, checked; whether there is such a memory is another question. */
export interface AskedPlace extends MemoryResource, ByteRange {}

const placeShape = v.object({
  board: v.pipe(v.string(), v.check(isBoardId)),
  partition: v.pipe(
    v.string(),
    v.check((text) => isPartitionKey(text)),
  ),
  memory: v.picklist(memoryTypes),
  tile: v.optional(v.object({ col: whole(0, mostColumns), row: whole(0, mostRows) })),
  offset: whole(0, mostMemoryBytes),
  length: whole(1, mostMemoryBytes),
});

/**
 * @param asked anything
 * @param most bytes
 * @throws ApiError `bad-request`
 */
export function askedPlace(asked: MemoryPlace | unknown, most: number, l10n: Localiser): AskedPlace {
  const fits = fitting(placeShape, asked);
  if (fits === undefined) {
    throw new ApiError(
      'bad-request',
      l10n.t('This does not name bytes of a memory. The file api/tilescope.d.ts of Tilescope says how to.'),
    );
  }
  if (fits.length > most) {
    throw new ApiError(
      'bad-request',
      l10n.t('{0} bytes are more than the {1} that one call takes. Ask for less at once.', fits.length, most),
    );
  }
  const { tile, ...others } = fits;
  return { ...others, ...(tile === undefined ? {} : { tile }) };
}

/** The buffer offsets of the place. @throws ApiError `outside` */
export function rangeIn(geometry: MemoryGeometry, place: AskedPlace, l10n: Localiser): ByteRange {
  const { tile, offset, length } = place;
  try {
    const within =
      tile === undefined ? { offset: 0, length: totalBytes(geometry) } : tileRange(geometry, tile);
    if (offset + length <= within.length) return { offset: within.offset + offset, length };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw outside(l10n);
}
