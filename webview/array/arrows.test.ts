import { describe, expect, test } from 'vitest';
import type { Tile } from '../../src/model/geometry.ts';
import type { Box } from '../box.ts';
import { type ArrowShape, arrowShape, arrowSide, type Point } from './arrows.ts';

/** Points of the curve and of the head's outline. */
function outline({ curve: [a, b, c, d], head }: ArrowShape): Point[] {
  const points: Point[] = [...head];
  for (let step = 0; step <= 20; step++) {
    const t = step / 20;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3];
    const sum = (axis: 'x' | 'y') =>
      [a, b, c, d].reduce((total, point, i) => total + point[axis] * (weights[i] ?? 0), 0);
    points.push({ x: sum('x'), y: sum('y') });
  }
  return points;
}

function contains(box: Box, { x, y }: Point): boolean {
  return x > box.left && x < box.left + box.width && y > box.top && y < box.top + box.height;
}

const cells: readonly (readonly [number, number])[] = [
  [6, 6],
  [6, 14],
  [10, 14],
  [20, 20],
  [28, 28],
  [28, 9],
];
const ways: readonly (readonly [string, number, number])[] = [
  ['north', 0, -1],
  ['south', 0, 1],
  ['east', 1, 0],
  ['west', -1, 0],
];

function pair(width: number, height: number, dx: number, dy: number): readonly [Box, Box] {
  const from = { left: 100, top: 100, width, height };
  return [from, { ...from, left: 100 + dx * width, top: 100 + dy * height }];
}

describe('[attach-11] arrows of the Array view', () => {
  test.each(ways)('to the %s cover neither of the two cells, whatever their size', (_name, dx, dy) => {
    for (const [width, height] of cells) {
      const [from, to] = pair(width, height, dx, dy);
      for (const hangs of [false, true]) {
        for (const side of ['right', 'left'] as const) {
          for (const point of outline(arrowShape(from, to, side, hangs))) {
            expect(contains(from, point), `${width} x ${height}`).toBe(false);
            expect(contains(to, point), `${width} x ${height}`).toBe(false);
          }
        }
      }
    }
  });

  test.each(ways)('to the %s begin beside the one that waits and point at the other', (_name, dx, dy) => {
    for (const [width, height] of cells) {
      const [from, to] = pair(width, height, dx, dy);
      const { curve, head } = arrowShape(from, to, 'right', true);
      const [tip, one, other] = head;
      const near = (box: Box, { x, y }: Point): boolean =>
        x >= box.left - 2 &&
        x <= box.left + box.width + 2 &&
        y >= box.top - 2 &&
        y <= box.top + box.height + 2;
      expect(near(from, curve[0]) && !near(to, curve[0])).toBe(true);
      expect(near(to, tip) && !near(from, tip)).toBe(true);
      // The head's base is farther out than its tip.
      const base = { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
      const middle = { x: to.left + width / 2, y: to.top + height / 2 };
      const off = (point: Point) => (dx === 0 ? Math.abs(point.x - middle.x) : Math.abs(point.y - middle.y));
      expect(off(base)).toBeGreaterThan(off(tip));
    }
  });

  test('there and back run on either side', () => {
    for (const [width, height] of cells) {
      const [south, north] = pair(width, height, 0, -1);
      const there = outline(arrowShape(south, north, 'right', true));
      const back = outline(arrowShape(north, south, 'right', true));
      expect(Math.min(...there.map(({ x }) => x))).toBeGreaterThanOrEqual(100 + width);
      expect(Math.max(...back.map(({ x }) => x))).toBeLessThanOrEqual(100);
    }
  });

  test('a circle of four bends outwards, whichever way round it runs', () => {
    const circle: Tile[] = [
      { col: 1, row: 1 },
      { col: 1, row: 2 },
      { col: 2, row: 2 },
      { col: 2, row: 1 },
    ];
    const hangs = ({ col, row }: Tile) => circle.some((one) => one.col === col && one.row === row);
    const sides = (tiles: readonly Tile[]) =>
      tiles.map((from, i) => {
        const to = tiles[(i + 1) % tiles.length] ?? from;
        return arrowSide({ from, to, hangs: true }, false, hangs);
      });
    // Up the first column, over, and down the second: its right is inside.
    expect(sides(circle)).toEqual(['left', 'left', 'left', 'left']);
    expect(sides([...circle].reverse())).toEqual(['right', 'right', 'right', 'right']);
  });

  test('two tiles that wait for each other keep to the right of their way, whatever hangs beside them', () => {
    const arrow = { from: { col: 1, row: 1 }, to: { col: 1, row: 2 }, hangs: true };
    expect(arrowSide(arrow, true, () => true)).toBe('right');
    expect(arrowSide(arrow, true, ({ col }) => col === 2)).toBe('right');
  });
});
