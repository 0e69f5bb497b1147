/** What the host said of names around the visible rows: which of them a row shows, and where. Knows no elements. */
import type { PageName } from '../../src/editor/messages.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { hexDigits } from '../../src/model/numbers.ts';
import { endOf } from '../../src/model/ranges.ts';

/** Bytes of one row under one name, counted from the row's first shown byte; both ends included. */
export interface NamedRun {
  readonly name: PageName;
  readonly from: number;
  readonly to: number;
  /** The name begins with the run. */
  readonly begins: boolean;
}

function endOfName({ offset, length }: PageName): number {
  return offset + Math.max(1, length);
}

function isRegister({ kind }: PageName): boolean {
  return kind === 'pc' || kind === 'sp';
}

/** The names around the visible rows. Where several cover a byte, the smallest counts. */
export class NameTable {
  /** The smaller before the larger. */
  readonly #names: readonly PageName[];

  constructor(names: readonly PageName[]) {
    this.#names = names.toSorted((a, b) => Math.max(1, a.length) - Math.max(1, b.length));
  }

  /** The bytes of a row that have a name, from left to right. */
  runs(row: ByteRange): NamedRun[] {
    const there = this.#over(row);
    const found: NamedRun[] = [];
    if (there.length === 0) return found;
    for (let at = row.offset; at < endOf(row); at++) {
      const name = there.find((one) => one.offset <= at && at < endOfName(one));
      if (name === undefined) continue;
      const i = at - row.offset;
      const last = found.at(-1);
      if (last?.name === name && last.to === i - 1) found[found.length - 1] = { ...last, to: i };
      else found.push({ name, from: i, to: i, begins: at === name.offset });
    }
    return found;
  }

  /** The names that begin in a row, in the order of their places; of those at one place the larger first, registers last. */
  beginningIn(row: ByteRange): PageName[] {
    return this.#over(row)
      .filter(({ offset }) => offset >= row.offset)
      .sort(
        (a, b) => a.offset - b.offset || Number(isRegister(a)) - Number(isRegister(b)) || b.length - a.length,
      );
  }

  /** The name that goes on from before a row; `undefined` without any. */
  goingOnIn(row: ByteRange): PageName | undefined {
    return this.#over(row).find(({ offset }) => offset < row.offset);
  }

  /** What a byte belongs to, and which registers point to it: `main+0x1C`, `PC`. */
  textsAt(offset: number, upperCase: boolean): string[] {
    const there = this.#over({ offset, length: 1 });
    const named = there.find((one) => !isRegister(one));
    const registers = there.filter(isRegister).map(({ text }) => text);
    if (named === undefined) return registers;
    const inside = offset - named.offset;
    const where = inside === 0 ? named.text : `${named.text}+0x${hexDigits(inside, 1, upperCase)}`;
    return [where, ...registers];
  }

  /** The names that cover a byte, with all that is known of each: the smallest first. */
  detailsAt(offset: number): PageName[] {
    return this.#over({ offset, length: 1 });
  }

  #over(range: ByteRange): PageName[] {
    return this.#names.filter((name) => name.offset < endOf(range) && endOfName(name) > range.offset);
  }
}
