/** The write log of a memory as a text that can be read, searched and kept; loaded with the first. */
import { formatTile, locate, type MemoryGeometry } from '../model/geometry.ts';
import type { Localiser } from '../model/localiser.ts';
import { hexNumber, hexPairs } from '../model/numbers.ts';
import type { WriteLogEntry } from '../session/types.ts';
import { outcomeText } from './sentences.ts';

/** More bytes of one write than these are told by their number only. */
const mostBytes = 64;

function bytesText(bytes: Uint8Array): string {
  const shown = hexPairs(bytes.subarray(0, mostBytes));
  return bytes.length > mostBytes ? `${shown} ... (${bytes.length})` : shown;
}

/**
 * The log as lines: time, place, outcome, old bytes, new bytes; the newest last.
 *
 * @param clock a moment (ms since 1970) with date and seconds
 */
export function writesText(
  entries: readonly WriteLogEntry[],
  geometry: MemoryGeometry,
  clock: (at: number) => string,
  l10n: Localiser,
): string {
  if (entries.length === 0) return `${l10n.t('Nothing was written to this memory in this window.')}\n`;
  const lines = entries.map(({ at, offset, before, after, outcome }) => {
    const place = locate(geometry, offset);
    const where = `${formatTile(place.tile)}+${hexNumber(place.offset, 4)}`;
    return `${clock(at)}  ${where}  ${outcomeText(outcome, l10n)}\n    ${bytesText(before)}\n  > ${bytesText(after)}`;
  });
  return `${lines.join('\n')}\n`;
}
