/** Where the tiles stand on the map beside the scrollbar, in pixels: columns from left to right, row 0 at the bottom. Pure. */
import { type MemoryGeometry, tileCount } from '../../src/model/geometry.ts';
import type { Box } from '../box.ts';

/** Width that the cells may take, pixels. */
const mostWidth = 160;
const largest = 14;
const smallest = 3;

/** The map of one memory. Tiles are known by their index in buffer order. */
export interface MapShape {
  readonly width: number;
  readonly height: number;
  /** The cell of a tile, without the gap to the next. */
  box(tile: number): Box;
  /** The tile at a point. */
  tileAt(x: number, y: number): number | undefined;
}

/** Fits the map into a height, pixels; more columns than there is room for are still 3 pixels wide each. */
export function mapShape(geometry: MemoryGeometry, room: number): MapShape {
  const { numCols, numRows } = geometry;
  const sizeFor = (pixels: number, count: number) =>
    Math.min(largest, Math.max(smallest, Math.floor(pixels / Math.max(1, count))));
  const width = sizeFor(mostWidth, numCols);
  const height = sizeFor(room, numRows);
  const gap = Math.min(width, height) < 5 ? 0 : 1;
  return {
    width: width * numCols,
    height: height * numRows,
    box: (tile) => ({
      left: Math.floor(tile / numRows) * width,
      top: (numRows - 1 - (tile % numRows)) * height,
      width: width - gap,
      height: height - gap,
    }),
    tileAt: (x, y) => {
      const col = Math.floor(x / width);
      const row = numRows - 1 - Math.floor(y / height);
      if (col < 0 || col >= numCols || row < 0 || row >= numRows) return undefined;
      const tile = col * numRows + row;
      return tile < tileCount(geometry) ? tile : undefined;
    },
  };
}

/** The boxes as one path of SVG. */
export function boxPath(boxes: readonly Box[]): string {
  return boxes.map((box) => `M${box.left} ${box.top}h${box.width}v${box.height}h${-box.width}z`).join('');
}
