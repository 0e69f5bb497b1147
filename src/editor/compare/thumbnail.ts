/** Small pictures of where two memories differ: of a tile, of an array. Knows no VS Code, and not what differs. */
import type { MemoryGeometry } from '../../model/geometry.ts';

/** Parts of a picture, row by row from above; each says how much of it differs, 0 to 1. */
export interface Thumbnail {
  readonly columns: number;
  readonly rows: number;
  readonly shares: readonly number[];
}

/** Columns and rows of a tile's picture. */
const tileSide = 16;

/** How faint a part is of which little differs: it is seen all the same. */
const leastOpacity = 0.6;

/**
 * A tile's memory, line by line from its first byte on.
 *
 * @param share how much of some bytes of the tile differs, 0 to 1; offsets from the tile's first byte, the last one excluded
 */
export function tileThumbnail(bytesPerTile: number, share: (from: number, to: number) => number): Thumbnail {
  const parts = tileSide * tileSide;
  const shares = Array.from({ length: parts }, (_, i) =>
    share(Math.floor((i * bytesPerTile) / parts), Math.floor(((i + 1) * bytesPerTile) / parts)),
  );
  return { columns: tileSide, rows: tileSide, shares };
}

/**
 * The tiles of a memory in the array's shape: columns from the left, rows from below.
 *
 * @param share how much of some bytes of the memory differs, 0 to 1; buffer offsets, the last one excluded
 */
export function arrayThumbnail(
  { numCols, numRows, bytesPerTile }: MemoryGeometry,
  share: (from: number, to: number) => number,
): Thumbnail {
  const shares = Array.from({ length: numRows * numCols }, (_, i) => {
    const row = numRows - 1 - Math.floor(i / numCols);
    const index = (i % numCols) * numRows + row;
    return share(index * bytesPerTile, (index + 1) * bytesPerTile);
  });
  return { columns: numCols, rows: numRows, shares };
}

/** The colours of a picture, as CSS writes them. */
interface ThumbnailColours {
  readonly differs: string;
  readonly border: string;
}

/** The picture as SVG. */
export function thumbnailSvg({ columns, rows, shares }: Thumbnail, colours: ThumbnailColours): string {
  const parts = shares.flatMap((share, i) => {
    if (share === 0) return [];
    const opacity = (leastOpacity + (1 - leastOpacity) * share).toFixed(2);
    const [x, y] = [i % columns, Math.floor(i / columns)];
    return [`<rect x="${x}" y="${y}" width="1" height="1" fill-opacity="${opacity}"/>`];
  });
  const [width, height] = [columns + 2, rows + 2];
  const line = Math.max(columns, rows) / tileSide;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="-1 -1 ${width} ${height}" fill="${colours.differs}">` +
    `<rect x="0" y="0" width="${columns}" height="${rows}" fill="none" stroke="${colours.border}" stroke-width="${line}"/>` +
    `${parts.join('')}</svg>`
  );
}
