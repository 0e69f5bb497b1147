import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { type ArrayPicture, cellStates, type ToArrayPage } from './messages.ts';
import { arrowKey, patchBetween, patchPicture } from './patch.ts';
import { PictureFeed } from './picture-feed.ts';

const columns = 5;

/** A picture whose every part depends on dice. */
function drawn(random: (limit: number) => number, rowCount = 3): ArrayPicture {
  const tile = () => ({ col: random(columns), row: random(rowCount) });
  const arrows = new Map(
    Array.from({ length: random(5) }, () => ({ from: tile(), to: tile(), hangs: random(2) === 0 })).map(
      (arrow) => [arrowKey(arrow), arrow] as const,
    ),
  );
  return {
    choices: [{ key: 'a', label: `Columns ${random(3)}` }],
    chosen: 'a',
    title: `Board ${random(2)}`,
    firstColumn: 0,
    rows: Array.from({ length: rowCount }, (_, row) => ({
      row,
      kind: 'core' as const,
      cells: Array.from({ length: columns }, (_, col) => ({
        tile: { col, row },
        state: cellStates[random(4)] ?? 'idle',
        lines: [`Tile (${col},${row})`],
        hangs: random(5) === 0,
        warns: random(5) === 0,
        ...(random(2) === 0 ? {} : { heat: 1 + random(4) }),
      })),
    })),
    arrows: [...arrows.values()],
    hangs: [],
    warnings: [],
    legend: cellStates
      .filter(() => random(2) === 0)
      .map((state) => ({ state, label: state, count: random(3) })),
    readAt: `${random(60)}`,
    reading: random(2) === 0,
    ...(random(2) === 0 ? {} : { focused: tile() }),
    ...(random(2) === 0 ? {} : { heat: { text: 'Bars', isKnown: random(2) === 0 } }),
    ...(random(3) > 0
      ? {}
      : { problem: { kind: 'info' as const, text: 'Nothing is connected.', actions: [] } }),
  };
}

/** Arrows have no order. */
const sorted = (picture: ArrayPicture | undefined) =>
  picture && {
    ...picture,
    arrows: [...picture.arrows].sort((a, b) => (arrowKey(a) < arrowKey(b) ? -1 : 1)),
  };

describe('[shape-2] the picture of an array', () => {
  test('is patched: one tile that changes is one cell on the way, whatever the size of the array', () => {
    const before = drawn(dice(7));
    const rows = before.rows.map((row) => ({ ...row, cells: [...row.cells] }));
    const cell = rows[1]?.cells[2];
    if (cell === undefined) throw new Error('no cell');
    const changed = { ...cell, state: 'gated' as const };
    rows[1]?.cells.splice(2, 1, changed);
    const patch = patchBetween(before, { ...before, rows });
    expect(patch).toEqual({
      parts: {},
      without: [],
      cells: [changed],
      arrows: { set: [], gone: [] },
      legend: { set: [], gone: [] },
    });
    const after = patch && patchPicture(before, patch);
    expect(after?.rows).toEqual(rows);
    expect(after?.rows[0]).toBe(before.rows[0]);
    expect(patchBetween(before, structuredClone(before))).toBeUndefined();
  });

  test('is sent once, then as patches, one at a time; after the last one the page shows what the host has', () => {
    const seed = runSeed();
    const random = dice(seed);
    let now = drawn(random);
    let page: ArrayPicture | undefined;
    const onTheWay: Extract<ToArrayPage, { type: 'picture' | 'patch' }>[] = [];
    const kinds: string[] = [];
    const feed = new PictureFeed({
      picture: () => now,
      send: (message) => {
        // As a channel does: nothing is shared.
        onTheWay.push(structuredClone(message));
        kinds.push(message.type);
      },
    });
    const arrive = () => {
      const message = onTheWay.shift();
      if (message === undefined) return;
      if (message.type === 'picture') page = message.picture;
      else page &&= patchPicture(page, message.patch);
      feed.drawn(message.number);
    };
    feed.show();
    for (let step = 0; step < 500; step++) {
      if (random(3) === 0) arrive();
      else {
        now = drawn(random, random(20) === 0 ? 2 : 3);
        feed.show();
      }
      expect(onTheWay.length, `seed ${seed}`).toBeLessThanOrEqual(1);
    }
    while (onTheWay.length > 0) arrive();
    expect(sorted(page), `seed ${seed}`).toEqual(sorted(now));
    expect(kinds.filter((kind) => kind === 'picture')).toHaveLength(1);
  });
});
