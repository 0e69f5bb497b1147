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

/** Over what has a name: a bookmark does not hide what its bytes are called. */
function isBookmark({ kind }: PageName): boolean {
  return kind === 'bookmark';
}

function isRegister({ kind }: PageName): boolean {
  return kind === 'pc' || kind === 'sp';
}

/** The text of a name among others: bookmarks have a sign. */
export function labelOf(name: PageName): string {
  return isBookmark(name) ? `◆ ${name.text}` : name.text;
}

/** The texts of names beside each other: fields of one structure say its name once. */
export function labelsOf(names: readonly PageName[]): string[] {
  let root: string | undefined;
  return names.map((name) => {
    if (name.kind !== 'field') return labelOf(name);
    const [own = ''] = /^[^.[]*/.exec(name.text) ?? [];
    const isSame = own === root && own !== name.text;
    root = own;
    return isSame ? name.text.slice(own.length) : name.text;
  });
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
    return this.#runs(
      row,
      this.#over(row).filter((name) => !isBookmark(name)),
    );
  }

  /** The bytes of a row that have a bookmark, from left to right. */
  bookmarked(row: ByteRange): NamedRun[] {
    return this.#runs(row, this.#over(row).filter(isBookmark));
  }

  #runs(row: ByteRange, there: readonly PageName[]): NamedRun[] {
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
    return this.#over(row).find((name) => name.offset < row.offset && !isBookmark(name));
  }

  /** What a byte belongs to, which registers point to it and which bookmarks it has: `main+0x1C`, `PC`, `◆ bad tap`. */
  textsAt(offset: number, upperCase: boolean): string[] {
    const there = this.#over({ offset, length: 1 });
    const named = there.find((one) => !isRegister(one) && !isBookmark(one));
    const marks = [...there.filter(isRegister), ...there.filter(isBookmark)].map(labelOf);
    if (named === undefined) return marks;
    const inside = offset - named.offset;
    const where = inside === 0 ? named.text : `${named.text}+0x${hexDigits(inside, 1, upperCase)}`;
    return [where, ...marks];
  }

  /** The names that cover a byte, with all that is known of each: the smallest first. */
  detailsAt(offset: number): PageName[] {
    return this.#over({ offset, length: 1 });
  }

  #over(range: ByteRange): PageName[] {
    return this.#names.filter((name) => name.offset < endOf(range) && endOfName(name) > range.offset);
  }
}
