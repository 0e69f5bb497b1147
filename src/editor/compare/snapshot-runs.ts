/** The bytes of a snapshot that belong to what an editor shows. Knows no VS Code. */
import type { SavedMemory, SavedSnapshot } from '../../board/snapshot/snapshot-file.ts';
import { FileError } from '../../model/files/file-error.ts';
import type { PlacedRun } from '../../model/files/placed-bytes.ts';
import { type ByteRange, containsTile, formatTile, locate, tileRange, tiles } from '../../model/geometry.ts';
import { endOf, intersectRanges, mergeRanges } from '../../model/ranges.ts';
import type { Shown } from './expected-places.ts';

/** The runs of a memory that are there, in one range of it. */
function knownIn({ missing }: SavedMemory, range: ByteRange): ByteRange[] {
  const known: ByteRange[] = [];
  let at = range.offset;
  for (const gap of mergeRanges(missing.flatMap((one) => intersectRanges(one, range) ?? []))) {
    if (gap.offset > at) known.push({ offset: at, length: gap.offset - at });
    at = endOf(gap);
  }
  if (at < endOf(range)) known.push({ offset: at, length: endOf(range) - at });
  return known;
}

/**
 * The bytes of the snapshot at the places of the selection, or of all that the editor shows. Throws FileError `file-outside`
 * where it has none of them.
 */
export function runsOf(snapshot: SavedSnapshot, shown: Shown): readonly PlacedRun[] {
  const { geometry } = shown;
  const memory = snapshot.memories.find((one) => one.geometry.type === geometry.type);
  if (memory === undefined) {
    throw new FileError('file-outside', {
      text: snapshot.memories.map((one) => one.geometry.type).join(', '),
    });
  }
  const wanted = shown.selected ?? shown.range;
  const isSame = memory.geometry.bytesPerTile === geometry.bytesPerTile;
  const runs = tiles(memory.geometry).flatMap((tile): PlacedRun[] => {
    if (!isSame || !containsTile(geometry, tile)) return [];
    const [own, other] = [tileRange(memory.geometry, tile), tileRange(geometry, tile)];
    const inside = intersectRanges(wanted, other);
    if (inside === undefined) return [];
    const moved = { offset: inside.offset - other.offset + own.offset, length: inside.length };
    return knownIn(memory, moved).map(({ offset, length }) => ({
      tile,
      offset: offset - own.offset,
      bytes: memory.bytes.subarray(offset, offset + length),
    }));
  });
  if (runs.length === 0) {
    throw new FileError('file-outside', { text: formatTile(locate(memory.geometry, 0).tile) });
  }
  return runs;
}
