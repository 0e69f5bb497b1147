/**
 * The values of a plot as numbers, kept up to date where bytes changed. A value of which a byte was not read, or could not be
 * read, is NaN: a gap. NaN and infinities of the memory are gaps too, and counted. Knows no pixels.
 */
import { isUnreadable, stateBits } from '../byte-state.ts';
import { elementType, numberBytes } from '../compare/element.ts';
import type { ByteRange } from '../geometry.ts';
import { endOf } from '../ranges.ts';
import { offsetOfValue, type PlotChoice, type PlotLayout, plotLayout } from './choice.ts';

/** Values of a block at most: a change has those of its block computed anew. */
const blockValues = 4096;
/** Bytes of a block at most, where cells stand far apart. */
const blockBytes = 256 * 1024;

/** A power of two above the number of values: so many of the highest numbers in units of it have a finite sum. */
const sumUnit = 2 ** 23;

/** Bytes of a run as they were last read, with their states. */
export interface ReadBytes {
  readonly base: Uint8Array;
  readonly flags: Uint8Array;
}

/** What is true of the numbers of one line. `at`: the number of the value. */
export interface LineFacts {
  /** Finite ones; the others are gaps. */
  readonly finite: number;
  readonly least: number;
  readonly leastAt: number;
  readonly most: number;
  readonly mostAt: number;
  /** NaN without any. */
  readonly mean: number;
}

/** What is true of all values. */
export interface PlotFacts {
  readonly count: number;
  readonly unread: number;
  readonly unreadable: number;
  /** Values of an earlier epoch; they are drawn. */
  readonly stale: number;
  /** Values that hold a NaN, and those that hold an infinity and none. */
  readonly nans: number;
  readonly infinities: number;
  /** One, or two: real and imaginary parts. */
  readonly lines: readonly LineFacts[];
}

interface LineSum {
  finite: number;
  sum: number;
  /** The same in units of `sumUnit`: it is finite where the sum is not. */
  scaled: number;
  least: number;
  leastAt: number;
  most: number;
  mostAt: number;
}

interface BlockFacts {
  readonly unread: number;
  readonly unreadable: number;
  readonly stale: number;
  readonly nans: number;
  readonly infinities: number;
  readonly lines: readonly LineSum[];
}

const noLine = (): LineSum => ({
  finite: 0,
  sum: 0,
  scaled: 0,
  least: Number.POSITIVE_INFINITY,
  leastAt: -1,
  most: Number.NEGATIVE_INFINITY,
  mostAt: -1,
});

/** The one or two numbers of a value that are drawn. */
function drawnOf({ kind, part }: PlotChoice, isComplex: boolean): (re: number, im: number) => number[] {
  if (!isComplex) return (re) => [re];
  if (kind === 'scatter' || (kind === 'line' && part === 'both')) return (re, im) => [re, im];
  if (part === 're') return (re) => [re];
  if (part === 'im') return (_, im) => [im];
  if (part === 'phase') return (re, im) => [Math.atan2(im, re)];
  return (re, im) => [Math.hypot(re, im)];
}

/** The values of one run of bytes by one choice. */
export class PlotSeries {
  readonly layout: PlotLayout;
  /** The numbers that are drawn: of complex values real and imaginary parts beside each other. Gaps are NaN. */
  readonly lines: readonly Float64Array[];
  readonly #numbers;
  readonly #drawn;
  /** Values of a block: whole cells. */
  readonly #perBlock: number;
  readonly #blocks: (BlockFacts | undefined)[];
  readonly #dirty: Uint8Array;
  #behind: number;
  /** No block before it is dirty. */
  #next = 0;

  /** @param length bytes of the run */
  constructor(choice: PlotChoice, length: number) {
    const layout = plotLayout(choice, length);
    this.layout = layout;
    const type = elementType(choice.cells);
    this.#numbers = (from: ReturnType<typeof numberBytes>, at: number) => type.numbers(from, at);
    this.#drawn = drawnOf(choice, layout.isComplex);
    this.lines = this.#drawn(0, 0).map(() => new Float64Array(layout.count).fill(Number.NaN));
    const cells = Math.max(1, Math.min(blockValues / layout.perCell, Math.floor(blockBytes / layout.stride)));
    this.#perBlock = Math.floor(cells) * layout.perCell;
    const blocks = Math.ceil(layout.count / this.#perBlock);
    this.#blocks = new Array<BlockFacts | undefined>(blocks);
    this.#dirty = new Uint8Array(blocks).fill(1);
    this.#behind = blocks;
  }

  /** Whether some values are not those of the bytes yet. */
  get isBehind(): boolean {
    return this.#behind > 0;
  }

  /** Bytes of the run, or their states, are others. */
  changed(ranges: readonly ByteRange[]): void {
    const { offset, stride, perCell, cellBytes } = this.layout;
    const cells = this.#perBlock / perCell;
    for (const range of ranges) {
      if (range.length === 0 || endOf(range) <= offset) continue;
      // A cell may be longer than the way to the next one.
      const first = Math.max(0, Math.floor((range.offset - offset - cellBytes) / (stride * cells)));
      const last = Math.min(
        this.#dirty.length - 1,
        Math.floor((endOf(range) - 1 - offset) / (stride * cells)),
      );
      for (let block = first; block <= last; block++) {
        if (this.#dirty[block] === 1) continue;
        this.#dirty[block] = 1;
        this.#behind++;
      }
      this.#next = Math.min(this.#next, first);
    }
  }

  /** Computes up to about `most` values of changed bytes anew. @param bytesOf bytes of the run: offsets count from its beginning */
  update(bytesOf: (range: ByteRange) => ReadBytes, most: number): void {
    let done = 0;
    for (; this.#behind > 0 && done < most; this.#next++) {
      if (this.#dirty[this.#next] !== 1) continue;
      this.#dirty[this.#next] = 0;
      this.#behind--;
      this.#blocks[this.#next] = this.#compute(this.#next, bytesOf);
      done += this.#perBlock;
    }
  }

  #compute(block: number, bytesOf: (range: ByteRange) => ReadBytes): BlockFacts {
    const { layout } = this;
    const { perCell, cellBytes, stride, isComplex } = layout;
    const from = block * this.#perBlock;
    const to = Math.min(layout.count, from + this.#perBlock);
    const start = offsetOfValue(layout, from);
    const { base, flags } = bytesOf({
      offset: start,
      length: offsetOfValue(layout, to - 1) + cellBytes - start,
    });
    const bytes = numberBytes(base);
    const lines = this.lines.map(noLine);
    const counts = { unread: 0, unreadable: 0, stale: 0, nans: 0, infinities: 0 };
    for (let value = from; value < to; ) {
      const at = Math.floor((value - from) / perCell) * stride;
      const values = Math.min(perCell, to - value);
      let all = 255;
      let any = 0;
      let unreadable = false;
      for (let i = at; i < at + cellBytes; i++) {
        const flag = flags[i] ?? 0;
        all &= flag;
        any |= flag;
        unreadable ||= isUnreadable(flag);
      }
      if (unreadable || (all & stateBits.known) === 0) {
        if (unreadable) counts.unreadable += values;
        else counts.unread += values;
        for (const line of this.lines) line.fill(Number.NaN, value, value + values);
        value += values;
        continue;
      }
      if ((any & stateBits.stale) !== 0) counts.stale += values;
      const numbers = this.#numbers(bytes, at);
      for (let i = 0; i < values; i++, value++) {
        const re = Number(numbers[i] ?? Number.NaN);
        const im = isComplex ? Number(numbers[1] ?? Number.NaN) : 0;
        if (Number.isNaN(re) || Number.isNaN(im)) counts.nans++;
        else if (!Number.isFinite(re) || !Number.isFinite(im)) counts.infinities++;
        const drawn = this.#drawn(re, im);
        for (let line = 0; line < lines.length; line++) this.#put(line, lines[line], value, drawn[line]);
      }
    }
    return { ...counts, lines };
  }

  #put(line: number, sum: LineSum | undefined, value: number, drawn = Number.NaN): void {
    const values = this.lines[line];
    if (values === undefined || sum === undefined) return;
    if (!Number.isFinite(drawn)) {
      values[value] = Number.NaN;
      return;
    }
    values[value] = drawn;
    sum.finite++;
    sum.sum += drawn;
    sum.scaled += drawn / sumUnit;
    if (drawn < sum.least) [sum.least, sum.leastAt] = [drawn, value];
    if (drawn > sum.most) [sum.most, sum.mostAt] = [drawn, value];
  }

  /** What is true of the values as far as they were computed. */
  get facts(): PlotFacts {
    const all = { unread: 0, unreadable: 0, stale: 0, nans: 0, infinities: 0 };
    const lines = this.lines.map(noLine);
    for (const block of this.#blocks) {
      if (block === undefined) continue;
      all.unread += block.unread;
      all.unreadable += block.unreadable;
      all.stale += block.stale;
      all.nans += block.nans;
      all.infinities += block.infinities;
      for (const [i, sum] of lines.entries()) addTo(sum, block.lines[i]);
    }
    return {
      count: this.layout.count,
      ...all,
      lines: lines.map(({ sum, scaled, finite, ...rest }) => {
        const mean = Number.isFinite(sum) ? sum / finite : (scaled / finite) * sumUnit;
        return { ...rest, finite, mean: finite === 0 ? Number.NaN : mean };
      }),
    };
  }
}

function addTo(sum: LineSum, more: LineSum | undefined): void {
  if (more === undefined) return;
  sum.finite += more.finite;
  sum.sum += more.sum;
  sum.scaled += more.scaled;
  if (more.least < sum.least) [sum.least, sum.leastAt] = [more.least, more.leastAt];
  if (more.most > sum.most) [sum.most, sum.mostAt] = [more.most, more.mostAt];
}
