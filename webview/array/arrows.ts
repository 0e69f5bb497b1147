/**
 * The arrows between tiles: where they run, and their drawing over the grid. An arrow leaves a cell at its side and comes
 * back into the next one at the same side, so that the signs of both stay free. Two tiles that wait for each other have one
 * on either side.
 */

import { html, nothing, svg, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ArrayArrow } from '../../src/array/messages.ts';
import { arrowKey } from '../../src/array/patch.ts';
import type { Tile } from '../../src/model/geometry.ts';
import type { Box } from '../box.ts';

/** A place on the grid, pixels. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** On which side of its way an arrow bends out. */
export type Side = 'right' | 'left';

/** An arrow: a cubic curve (start, two controls, end), and the three corners of its head, the tip first. */
export interface ArrowShape {
  readonly curve: readonly [Point, Point, Point, Point];
  readonly head: readonly [Point, Point, Point];
}

/** Sizes of an arrow, pixels: length of the head, half its width, how far its curve is pulled out. */
const sizes = {
  plain: { head: 4, half: 2.6, pull: 8 },
  hangs: { head: 5.5, half: 3.6, pull: 12 },
} as const;
/** The legend's arrows, pixels: as wide as its other signs. */
const signSize = { width: 14, height: 10 } as const;
/** Arrows begin and end this far outside the cell, pixels: a border fits between. */
const apart = 2;
/** An arrow's ends are at least this far from the cells' common edge, pixels, as far as the cells reach. */
const leastReach = 6;

/** The unit vector from one cell towards the other, along the axis on which they are farther apart. */
function direction(from: Box, to: Box): Point {
  const dx = to.left + to.width / 2 - from.left - from.width / 2;
  const dy = to.top + to.height / 2 - from.top - from.height / 2;
  return Math.abs(dx) > Math.abs(dy) ? { x: Math.sign(dx), y: 0 } : { x: 0, y: Math.sign(dy) || 1 };
}

/** The arrow from one cell to another beside it, bent out on one side of its way. */
export function arrowShape(from: Box, to: Box, side: Side, hangs: boolean): ArrowShape {
  const { head, half, pull } = hangs ? sizes.hangs : sizes.plain;
  const along = direction(from, to);
  const sign = side === 'right' ? 1 : -1;
  const out = { x: -along.y * sign, y: along.x * sign };
  const middle = {
    x: (from.left + to.left + (from.width + to.width) / 2) / 2,
    y: (from.top + to.top + (from.height + to.height) / 2) / 2,
  };
  const [long, wide] = along.x === 0 ? [from.height, from.width] : [from.width, from.height];
  const reach = Math.min(long * 0.9, Math.max(long * 0.3, leastReach));
  const at = (forward: number, sideways: number): Point => ({
    x: middle.x + along.x * forward + out.x * (wide / 2 + apart + sideways),
    y: middle.y + along.y * forward + out.y * (wide / 2 + apart + sideways),
  });
  return {
    curve: [at(-reach, 0), at(-reach, pull), at(reach, pull), at(reach, head)],
    head: [at(reach, 0), at(reach - half, head), at(reach + half, head)],
  };
}

/**
 * On which side an arrow bends: to the right of its way, so that two between the same tiles never meet; a single one to
 * the left where fewer tiles hang there, whose signs it would cover.
 */
export function arrowSide(
  { from, to }: ArrayArrow,
  isBothWays: boolean,
  hangs: (tile: Tile) => boolean,
): Side {
  if (isBothWays) return 'right';
  const along = { col: Math.sign(to.col - from.col), row: Math.sign(to.row - from.row) };
  // Rows count upwards: the right of the way up is the next column.
  const right = { col: along.row, row: -along.col };
  const covered = (sign: 1 | -1): number =>
    [from, to].filter(({ col, row }) => hangs({ col: col + sign * right.col, row: row + sign * right.row }))
      .length;
  return covered(1) > covered(-1) ? 'left' : 'right';
}

/** An arrow for the legend: as thick and with the same head as those on the grid. */
export function arrowSign(hangs: boolean): TemplateResult {
  const { head, half } = hangs ? sizes.hangs : sizes.plain;
  const base = signSize.width - head;
  const middle = signSize.height / 2;
  const points = `${signSize.width},${middle} ${base},${middle - half} ${base},${middle + half}`;
  return html`<svg
    class=${hangs ? 'arrow-sign hangs' : 'arrow-sign'}
    width=${signSize.width}
    height=${signSize.height}
    aria-hidden="true"
  ><path d=${`M0,${middle} H${base}`}></path><polygon points=${points}></polygon></svg>`;
}

/** The arrows, for an SVG of the grid's size; `box` says where a tile is, if it is shown. */
export function arrowsOn(arrows: readonly ArrayArrow[], box: (tile: Tile) => Box | undefined): unknown {
  const ways = new Set(arrows.map(arrowKey));
  const hanging = arrows.filter(({ hangs }) => hangs).flatMap(({ from, to }) => [from, to]);
  const hangs = ({ col, row }: Tile): boolean => hanging.some((one) => one.col === col && one.row === row);
  const drawn = (arrow: ArrayArrow): TemplateResult | typeof nothing => {
    const from = box(arrow.from);
    const to = box(arrow.to);
    if (from === undefined || to === undefined) return nothing;
    const side = arrowSide(arrow, ways.has(arrowKey({ from: arrow.to, to: arrow.from })), hangs);
    const { curve, head } = arrowShape(from, to, side, arrow.hangs);
    const text = ({ x, y }: Point): string => `${x},${y}`;
    const [start, ...rest] = curve;
    const d = `M${text(start)} C${rest.map(text).join(' ')}`;
    const points = head.map(text).join(' ');
    // The same below, wider, in the background's colour: an arrow is seen on any cell.
    return svg`<g class=${arrow.hangs ? 'arrow hangs' : 'arrow'}
      ><path d=${d} class="halo"></path><polygon points=${points} class="halo"></polygon
      ><path d=${d}></path><polygon points=${points}></polygon></g>`;
  };
  // Those of a circle are drawn last, over the others.
  const ordered = [...arrows].sort((a, b) => Number(a.hangs) - Number(b.hangs));
  return repeat(ordered, arrowKey, drawn);
}
