import { describe, expect, test } from 'vitest';
import { Random } from '../../test/conformance/random.ts';
import { type KeptRow, KeptRows } from './kept-rows.ts';

interface PlainRow extends KeptRow<PlainRow> {
  readonly label: string;
}

/** A row as a test writes it down. */
interface Written {
  readonly key: string;
  readonly label: string;
  readonly below: readonly Written[];
}

const rowOf = ({ key, label, below }: Written): PlainRow => ({
  key,
  label,
  ...(below.length === 0 ? {} : { below: () => below.map(rowOf) }),
});

const facts = ({ label, below }: PlainRow): string => `${label}${below === undefined ? '' : ' >'}`;

/** A tree as VS Code draws one: it asks for rows that are drawn anew, and has the objects that it was given. */
class DrawnTree {
  readonly kept = new KeptRows(facts);
  readonly #texts = new Map<PlainRow, string>();
  readonly #below = new Map<PlainRow | undefined, PlainRow[]>();
  now: readonly Written[] = [];
  drawn = 0;

  draw(row?: PlainRow): void {
    if (row !== undefined) this.#texts.set(row, facts(row));
    this.drawn++;
    const rows = this.kept.given(row === undefined ? this.now.map(rowOf) : (row.below?.() ?? []), row);
    this.#below.set(row, rows);
    for (const one of rows) this.draw(one);
  }

  refresh(): void {
    const changes = this.kept.changes(this.now.map(rowOf));
    if (changes === 'all') this.draw();
    else for (const row of changes) this.draw(row);
  }

  /** What is on the screen. */
  shown(row?: PlainRow): unknown[] {
    return (this.#below.get(row) ?? []).map((one) => [this.#texts.get(one), ...this.shown(one)]);
  }

  at(...path: readonly number[]): PlainRow | undefined {
    let row: PlainRow | undefined;
    for (const index of path) row = this.#below.get(row)?.[index];
    return row;
  }
}

const expected = (rows: readonly Written[]): unknown[] =>
  rows.map((row) => [facts(rowOf(row)), ...expected(row.below)]);

const leaf = (key: string, label = key): Written => ({ key, label, below: [] });

describe('rows of a tree', () => {
  test('a row that became different is drawn anew, and the others keep their objects: what a click is for is still there', () => {
    const tree = new DrawnTree();
    tree.now = [{ key: 'a', label: 'a', below: [leaf('b'), leaf('c')] }];
    tree.draw();
    const [first, second] = [tree.at(0, 0), tree.at(0, 1)];
    tree.drawn = 0;
    tree.now = [{ key: 'a', label: 'a', below: [leaf('b'), leaf('c', 'other')] }];
    tree.refresh();
    expect(tree.drawn).toBe(1);
    expect([tree.at(0, 0), tree.at(0, 1)]).toEqual([first, second]);
    expect(tree.at(0, 1)).toBe(second);
    expect(second?.label).toBe('other');
    tree.drawn = 0;
    tree.refresh();
    expect(tree.drawn).toBe(0);
  });

  test('any trees, one after the other: the screen always shows what there is', () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e6);
    const random = new Random(seed);
    const make = (depth: number, prefix: string): Written[] =>
      Array.from({ length: random.below(4) }, (_, i) => ({ i, kept: random.below(4) > 0 }))
        .filter(({ kept }) => kept)
        .map(({ i }) => {
          const key = `${prefix}/${i}`;
          return {
            key,
            label: `${i}.${random.below(2)}`,
            below: depth === 0 ? [] : make(depth - 1, key),
          };
        });
    const tree = new DrawnTree();
    for (let round = 0; round < 500; round++) {
      tree.now = make(2, '');
      tree.refresh();
      if (round === 0) tree.draw();
      expect(tree.shown(), `SEED=${seed}, round ${round}`).toEqual(expected(tree.now));
    }
  });
});
