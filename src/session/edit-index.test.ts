import { expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import type { ByteRange } from '../model/geometry.ts';
import { endOf } from '../model/ranges.ts';
import { Column, doubles, words } from './column.ts';
import { EditIndex, editMarks, writtenOf } from './edit-index.ts';

/** What the model keeps of a byte. */
interface Cell {
  head: number;
  marks: number;
  settled: number;
}

test('[shape-2] edited bytes are found in order wherever they were added: one by one, ascending, in long runs', () => {
  const seed = runSeed();
  const random = dice(seed);
  for (let round = 0; round < 8; round++) {
    const index = new EditIndex();
    const model = new Map<number, Cell>();
    let next = 1;
    const size = [3000, 40_000][round % 2] ?? 0;
    const add = (offset: number): void => {
      const chunk = index.ensure(offset);
      const { at } = index;
      expect(chunk.offsets[at]).toBe(offset);
      const cell = model.get(offset) ?? { head: 0, marks: 0, settled: 0 };
      expect([chunk.head[at], chunk.marks[at]], `SEED=${seed}`).toEqual([cell.head, cell.marks]);
      expect(chunk.written?.settled[at] ?? 0).toBe(cell.settled);
      const marks = random(2) === 0 ? 0 : editMarks.staged | (random(2) === 0 ? editMarks.conflict : 0);
      const had = (mark: number): number => Number((cell.marks & mark) !== 0);
      chunk.staged += Number((marks & editMarks.staged) !== 0) - had(editMarks.staged);
      chunk.conflicts += Number((marks & editMarks.conflict) !== 0) - had(editMarks.conflict);
      chunk.marks[at] = marks;
      chunk.head[at] = next;
      const settled = random(50) === 0 ? next : cell.settled;
      if (settled !== 0) writtenOf(chunk).settled[at] = settled;
      model.set(offset, { head: next++, marks, settled });
    };
    for (let step = 0; step < 40; step++) {
      const start = random(size);
      const length = 1 + random(700);
      const turn = random(4);
      if (turn === 0) for (let i = 0; i < length; i++) add(start + i);
      else if (turn === 1) for (let i = length - 1; i >= 0; i--) add(start + i);
      else if (turn === 2) for (let i = 0; i < length; i++) add(random(size));
      else {
        index.cover({ offset: start, length });
        for (let i = 0; i < length; i++) {
          if (!model.has(start + i)) model.set(start + i, { head: 0, marks: 0, settled: 0 });
        }
      }
      const range: ByteRange = { offset: random(size), length: random(size) };
      const inside = [...model]
        .filter(([o]) => o >= range.offset && o < endOf(range))
        .sort((a, b) => a[0] - b[0]);
      const seen: [number, Cell][] = [];
      index.each(range, (chunk, at, offset) => {
        const settled = chunk.written?.settled[at] ?? 0;
        seen.push([offset, { head: chunk.head[at] ?? 0, marks: chunk.marks[at] ?? 0, settled }]);
      });
      expect(seen, `SEED=${seed}, round ${round}, step ${step}`).toEqual(inside);
      const count = (mark: number): number => inside.filter(([, { marks }]) => (marks & mark) !== 0).length;
      expect(index.counts(range)).toEqual({
        staged: count(editMarks.staged),
        conflicts: count(editMarks.conflict),
      });
      const probe = random(size + 100);
      expect(index.chunkAt(probe) !== undefined).toBe(model.has(probe));
    }
    const counts = index.chunks.map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(model.size);
    // So they are half full at least, however edits lie.
    for (const [i, count] of counts.entries())
      expect(count + (counts[i + 1] ?? 512), `SEED=${seed}`).toBeGreaterThan(512);
    index.clear();
    expect(index.chunkAt(0)).toBeUndefined();
    expect(index.counts({ offset: 0, length: size })).toEqual({ staged: 0, conflicts: 0 });
  }
});

test('a column keeps one number each, and nothing where all are 0', () => {
  const orders = new Column(doubles);
  orders.set(100_000, 2 ** 50);
  orders.set(3, 0);
  expect([orders.get(100_000), orders.get(3), orders.get(99_999), orders.get(5_000_000)]).toEqual([
    2 ** 50,
    0,
    0,
    0,
  ]);
  const numbers = new Column(words);
  numbers.set(4096, 7);
  numbers.set(4096, 0);
  expect(numbers.get(4096)).toBe(0);
  orders.clear();
  expect(orders.get(100_000)).toBe(0);
});
