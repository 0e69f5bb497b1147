/** A plot as it is drawn for a number of pixels: plain numbers that travel to a page. Knows no VS Code, no words, no colours. */
import type { ByteRange } from '../geometry.ts';
import { mostLines, type PlotChoice, type PlotLayout } from './choice.ts';
import { decimatedLine, decimatedPoints, decimatedTable, type Picked } from './decimate.ts';
import { type PlotFacts, PlotSeries, type ReadBytes } from './series.ts';
import { finite, lengthOf, type Span } from './span.ts';

/** What of a plot a page shows; without spans all of it. Lines choose `y` themselves. */
export interface PlotView {
  readonly x?: Span;
  readonly y?: Span;
  /** Of the drawn area. */
  readonly width: number;
  readonly height: number;
}

/** The numbers of a picture; each array travels as bytes. */
type PlotNumbers =
  /** A line of values by their rows, for each column; or for the real and the imaginary parts. */
  | {
      readonly kind: 'line';
      readonly lines: readonly { readonly x: Float64Array; readonly y: Float64Array }[];
    }
  /** Pairs by the row that they are from. */
  | {
      readonly kind: 'scatter';
      readonly x: Float64Array;
      readonly y: Float64Array;
      readonly at: Float64Array;
    }
  /** Fields: values, and the numbers of these. */
  | {
      readonly kind: 'heat';
      readonly x: Span;
      readonly y: Span;
      readonly width: number;
      readonly height: number;
      readonly values: Float64Array;
      readonly at: Float64Array;
    };

/** A plot as it is drawn. */
export interface PlotPicture {
  readonly layout: PlotLayout;
  /** What all of it spans. */
  readonly whole: { readonly x: Span; readonly y: Span };
  /** Lowest and highest number; both 0 without any. */
  readonly range: Span;
  readonly numbers: PlotNumbers;
}

/** A view has no more pixels in one direction. */
export const mostPixels = 4096;

/** Points of a scatter plot are squares of so many pixels; of those that would cover each other one is drawn. */
export const dotSize = 3;

const usual: Span = [0, 1];

/** The plot of one run of bytes. */
export class Plot {
  readonly choice: PlotChoice;
  readonly #series: PlotSeries;

  /** @param length bytes of the run */
  constructor(choice: PlotChoice, length: number) {
    this.choice = choice;
    this.#series = new PlotSeries(choice, length);
  }

  get layout(): PlotLayout {
    return this.#series.layout;
  }

  get facts(): PlotFacts {
    return this.#series.facts;
  }

  /** Whether some values are not those of the bytes yet. */
  get isBehind(): boolean {
    return this.#series.isBehind;
  }

  /** See `PlotSeries.changed`. */
  changed(ranges: readonly ByteRange[]): void {
    this.#series.changed(ranges);
  }

  /** See `PlotSeries.update`. */
  update(bytesOf: (range: ByteRange) => ReadBytes, most: number): void {
    this.#series.update(bytesOf, most);
  }

  /** What is drawn now. */
  picture({ x, y, width, height }: PlotView): PlotPicture {
    const { layout, facts } = this;
    const { kind } = this.choice;
    const least = Math.min(...facts.lines.map((line) => line.least));
    const most = Math.max(...facts.lines.map((line) => line.most));
    const range: Span = least <= most ? [least, most] : [0, 0];
    const pixels = Math.max(1, Math.floor(width));
    if (kind === 'heat') {
      const whole = { x: [0, layout.columns] as const, y: [0, layout.rows] as const };
      const plane = { x: x ?? whole.x, y: y ?? whole.y, width, height };
      const [values = new Float64Array()] = this.#series.lines;
      const mean = facts.lines[0]?.mean ?? 0;
      const fields = decimatedTable(
        { values, columns: layout.columns, rows: layout.rows },
        plane,
        Number.isNaN(mean) ? 0 : mean,
      );
      return { layout, whole, range, numbers: { kind, ...fields } };
    }
    if (kind === 'scatter') {
      const [xs, ys] = this.#pairs();
      const whole = { x: spanOf(xs), y: spanOf(ys) };
      const plane = { x: x ?? whole.x, y: y ?? whole.y, width: width / dotSize, height: height / dotSize };
      return { layout, whole, range, numbers: { kind, ...decimatedPoints(xs, ys, plane) } };
    }
    const whole = { x: [0, Math.max(1, layout.rows - 1)] as const, y: range[0] < range[1] ? range : usual };
    const lines = this.#picked().map((picked) => decimatedLine(picked, x ?? whole.x, pixels));
    return { layout, whole, range, numbers: { kind, lines } };
  }

  /** How many lines there would be without a limit. */
  get lineCount(): number {
    return this.layout.columns * this.#series.lines.length;
  }

  /** The values of each line: by its column, then by the part of a complex number. */
  #picked(): Picked[] {
    const { columns, count } = this.layout;
    return Array.from({ length: Math.min(columns, mostLines) }, (_, first) =>
      this.#series.lines.map((values) => ({
        values,
        first,
        step: columns,
        count: Math.max(0, Math.ceil((count - first) / columns)),
      })),
    )
      .flat()
      .slice(0, mostLines);
  }

  /** What is drawn against what: two columns, or real and imaginary parts. */
  #pairs(): [Picked, Picked] {
    const { columns, count } = this.layout;
    const [re = new Float64Array(), im] = this.#series.lines;
    if (im !== undefined) {
      const all = { first: 0, step: 1, count };
      return [
        { values: re, ...all },
        { values: im, ...all },
      ];
    }
    const column = (wanted: number): Picked => {
      const first = Math.min(wanted, columns - 1);
      return { values: re, first, step: columns, count: Math.max(0, Math.ceil((count - first) / columns)) };
    };
    return [column(this.choice.x), column(this.choice.y)];
  }
}

/** Lowest and highest of some values, with a little room. */
function spanOf({ values, first, step, count }: Picked): Span {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < count; i++) {
    const value = values[first + step * i] ?? Number.NaN;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return least > most ? usual : withRoom([least, most]);
}

/** A span with a twentieth more at each end, so that nothing stands on the border. */
export function withRoom([least, most]: Span): Span {
  const room = most > least ? lengthOf([least, most], 20) : Math.abs(least) / 20 || 1;
  return [finite(least - room), finite(most + room)];
}
