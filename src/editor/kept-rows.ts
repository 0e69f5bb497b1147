/**
 * The rows that a tree was given, each the same object as long as its key is the same. Says which became different, so that
 * only those are drawn anew: a tree that is drawn as a whole loses a click that comes meanwhile. Knows no VS Code.
 */

/** What a row must have to be kept. */
export interface KeptRow<Row> {
  /** The same as long as it is about the same; no two rows of a tree share one. */
  readonly key: string;
  /** The rows below it, made when they are shown. */
  readonly below?: () => readonly Row[];
}

/** The key of what is above the first rows. */
const top = '';

export class KeptRows<Row extends KeptRow<Row>> {
  readonly #facts: (row: Row) => string;
  readonly #rows = new Map<string, Row>();
  /** Keys of the rows that were given below a row. */
  readonly #below = new Map<string, readonly string[]>();

  /** @param facts all that is shown of a row, as one text */
  constructor(facts: (row: Row) => string) {
    this.#facts = facts;
  }

  /** The rows to give to the tree, at the top or below a row: those that it has already, with what they are now. */
  given(rows: readonly Row[], above?: Row): Row[] {
    const key = above?.key ?? top;
    const keys = rows.map((row) => row.key);
    const now = new Set(keys);
    for (const gone of this.#below.get(key) ?? []) if (!now.has(gone)) this.#forget(gone);
    this.#below.set(key, keys);
    return rows.map((row) => this.#kept(row));
  }

  /** The rows that must be drawn anew, with all below them; `all` if other rows are at the top. */
  changes(rows: readonly Row[]): readonly Row[] | 'all' {
    const changed: Row[] = [];
    return this.#isSame(top, rows, changed) ? changed : 'all';
  }

  /** Whether these are the rows that were given there; those that became different go to `changed`. */
  #isSame(key: string, rows: readonly Row[], changed: Row[]): boolean {
    const given = this.#below.get(key);
    if (given === undefined) return true;
    if (given.length !== rows.length || rows.some((row, i) => row.key !== given[i])) return false;
    for (const row of rows) {
      const kept = this.#rows.get(row.key);
      const before = kept && this.#facts(kept);
      const now = this.#kept(row);
      const below = this.#below.has(row.key) ? (now.below?.() ?? []) : [];
      if (this.#facts(now) !== before || !this.#isSame(row.key, below, changed)) changed.push(now);
    }
    return true;
  }

  /** The object that the tree has for a row, brought up to date. */
  #kept(row: Row): Row {
    const kept = this.#rows.get(row.key);
    if (kept === undefined) {
      const copy = { ...row };
      this.#rows.set(row.key, copy);
      return copy;
    }
    for (const name of Object.keys(kept)) if (!(name in row)) Reflect.deleteProperty(kept, name);
    return Object.assign(kept, row);
  }

  #forget(key: string): void {
    for (const below of this.#below.get(key) ?? []) this.#forget(below);
    this.#below.delete(key);
    this.#rows.delete(key);
  }
}
