/** The arrows between tiles: where they run, and their drawing over the grid. */
import type { ArrayArrow } from '../../src/array/messages.ts';
import type { Tile } from '../../src/model/geometry.ts';
import { svg } from './shapes.ts';

/** A place on the grid, pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An arrow's line, and the three corners of its head. */
export interface ArrowLine {
  readonly from: Point;
  readonly to: Point;
  readonly head: readonly [Point, Point, Point];
}

/** Length of an arrow's head, pixels. */
const headLength = 7;
/** An arrow between narrow cells reaches over their centres to be at least this long, pixels. */
const shortest = 16;
/** How far beside the centre an arrow runs, in parts of the cell: the cell's sign stays visible. */
const asidePart = 0.3;

/**
 * The line from one centre towards the other. Two arrows between the same tiles run side by side: each keeps to the right
 * of its way. `cell` is the size of a cell, pixels.
 */
export function arrowLine(from: Point, to: Point, cell: Point): ArrowLine {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const right = { x: -along.y, y: along.x };
  const at = (start: Point, distance: number, sideways: number): Point => ({
    x: start.x + along.x * distance + right.x * sideways,
    y: start.y + along.y * distance + right.y * sideways,
  });
  const aside = (Math.abs(along.x) * cell.y + Math.abs(along.y) * cell.x) * asidePart;
  const over = Math.max(Math.min(3, length / 8), (shortest - length) / 2);
  const tip = at(to, over, aside);
  const long = Math.min(headLength, (length + 2 * over) * 0.6);
  return {
    from: at(from, -over, aside),
    to: at(to, over - long, aside),
    head: [tip, at(to, over - long, aside - long * 0.6), at(to, over - long, aside + long * 0.6)],
  };
}

/** Draws the arrows into an SVG of the grid's size; `centre` says where a tile is, if it is shown. */
export function drawArrows(
  into: SVGSVGElement,
  arrows: readonly ArrayArrow[],
  centre: (tile: Tile) => Point | undefined,
  cell: Point,
): void {
  const drawn: SVGGElement[] = [];
  for (const arrow of arrows) {
    const from = centre(arrow.from);
    const to = centre(arrow.to);
    if (from === undefined || to === undefined) continue;
    const line = arrowLine(from, to, cell);
    const place = {
      x1: `${line.from.x}`,
      y1: `${line.from.y}`,
      x2: `${line.to.x}`,
      y2: `${line.to.y}`,
    };
    const points = line.head.map(({ x, y }) => `${x},${y}`).join(' ');
    const group = svg('g', { class: arrow.hangs ? 'arrow hangs' : 'arrow' });
    // The same below, wider, in the background's colour: an arrow is seen on any cell.
    group.append(
      svg('line', { ...place, class: 'halo' }),
      svg('polygon', { points, class: 'halo' }),
      svg('line', place),
      svg('polygon', { points }),
    );
    // Those of a circle are drawn last, over the others.
    if (arrow.hangs) drawn.push(group);
    else drawn.unshift(group);
  }
  into.replaceChildren(...drawn);
}
