/** The drawn part of a plot: axes, marks, zoom, the value that is pointed at. Knows pixels; not where values lie in memory. */
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import type { PlotChoice } from '../../src/model/plot/choice.ts';
import {
  dotSize,
  mostPixels,
  type PlotPicture,
  type PlotView,
  withRoom,
} from '../../src/model/plot/picture.ts';
import { finite, lengthOf, type Span, shareOf } from '../../src/model/plot/span.ts';
import { plotSvg, type SvgPlot } from '../../src/model/plot/svg.ts';
import { longestLabel, shortNumber } from '../../src/model/plot/ticks.ts';
import { dashes, type PlotColours, type Rgb, themeColours } from './colours.ts';
import { isSame, kept, moved, unitOf, zoomed } from './spans.ts';

/** What is drawn. */
export interface Drawing {
  readonly choice: PlotChoice;
  readonly picture: PlotPicture;
  readonly labels: { readonly x: string; readonly y: string };
  /** A name for each line. */
  readonly names: readonly string[];
}

/** A value that is pointed at. */
export type Pointed =
  /** A row of the lines, and the value of each line that has one there. */
  | { readonly kind: 'line'; readonly row: number; readonly values: readonly (number | undefined)[] }
  | { readonly kind: 'scatter'; readonly row: number; readonly x: number; readonly y: number }
  | { readonly kind: 'heat'; readonly at: number; readonly value: number };

/** What a chart tells. */
export interface ChartEvents {
  /** Another part is shown, or in another size. */
  readonly moved: (view: PlotView) => void;
  readonly pointed: (pointed: Pointed | undefined) => void;
}

/** Room at the right for the scale of colours, pixels. */
const scaleRoom = 92;
/** A line of more points is drawn thin. */
const densePoints = 2000;
/** Points in reach of the pointer, pixels. */
const reach = 24;
/** Numbers of values, rows and columns are whole. */
const wholeSteps = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((one) => one * 10 ** i)).flat();
/** How much a turn of the wheel, or a key, zooms. */
const zoomStep = 1.25;

/** The part of a plot that a person zoomed to. */
interface Zoom {
  readonly x?: Span;
  readonly y?: Span;
}

export class Chart {
  readonly #host: HTMLElement;
  readonly #events: ChartEvents;
  #chart: uPlot | undefined;
  /** What the present chart was built for. */
  #built = '';
  #drawing: Drawing | undefined;
  #colours: PlotColours;
  #zoom: Zoom = {};
  #told = '';
  /** The units in which numbers of the axes are drawn. */
  #unit = { x: 1, y: 1 };
  /** The fields of a heat map, one pixel each. */
  #fields: OffscreenCanvas | undefined;
  /** Where the keys read: number of a point or field. */
  #read = -1;

  constructor(host: HTMLElement, events: ChartEvents) {
    this.#host = host;
    this.#events = events;
    this.#colours = themeColours();
    new ResizeObserver(() => this.#resized()).observe(host);
  }

  /** Colours of the lines, for a legend. */
  get colours(): PlotColours {
    return this.#colours;
  }

  get isZoomed(): boolean {
    return this.#zoom.x !== undefined || this.#zoom.y !== undefined;
  }

  /** Draws something else; what was zoomed to stays. */
  show(drawing: Drawing): void {
    this.#drawing = drawing;
    const { picture } = drawing;
    const { kind } = picture.numbers;
    this.#fields = kind === 'heat' ? this.#fieldsOf(picture) : undefined;
    const key = JSON.stringify([kind, drawing.labels, drawing.names]);
    if (this.#chart === undefined || key !== this.#built) {
      this.#built = key;
      this.#build(drawing);
    } else {
      for (const series of this.#chart.series.slice(1)) series.width = lineWidth(picture);
      this.#place(true);
    }
    this.#tell();
  }

  /** The theme may be another one. */
  recolour(): void {
    this.#colours = themeColours();
    this.#built = '';
    if (this.#drawing !== undefined) this.show(this.#drawing);
  }

  /** Shows a part that was zoomed to before. */
  restore(zoom: Zoom): void {
    this.#zoom = zoom;
  }

  /** Shows everything. */
  reset(): void {
    this.#go({});
  }

  /** Another way of drawing has other axes. */
  forget(): void {
    this.#zoom = {};
    this.#read = -1;
  }

  /** Zooms in or out around the middle. */
  zoom(isIn: boolean): void {
    this.#zoomAt(isIn ? 1 / zoomStep : zoomStep, undefined);
  }

  /** Moves the view by a share of its size, to the right and downwards on the screen. */
  pan(right: number, down: number): void {
    const now = this.#spans();
    if (now === undefined) return;
    const isDown = this.#kind === 'heat';
    this.#go({
      x: moved(now.x, right),
      ...(this.#kind === 'line' ? {} : { y: moved(now.y, isDown ? down : -down) }),
    });
  }

  /** Points at the next value to the right, and of a table at the next one downwards. */
  step(right: number, down: number): void {
    const [chart, drawing] = [this.#chart, this.#drawing];
    if (chart === undefined || drawing === undefined) return;
    const { numbers } = drawing.picture;
    let x: number;
    let y: number;
    if (numbers.kind === 'heat') {
      const { width, height } = numbers;
      if (width * height === 0) return;
      const within = (at: number, count: number): number => Math.min(count - 1, Math.max(0, at));
      const column = this.#read < 0 ? 0 : within((this.#read % width) + right, width);
      const row = this.#read < 0 ? 0 : within(Math.floor(this.#read / width) + down, height);
      this.#read = row * width + column;
      x = numbers.x[0] + ((column + 0.5) / width) * (numbers.x[1] - numbers.x[0]);
      y = numbers.y[0] + ((row + 0.5) / height) * (numbers.y[1] - numbers.y[0]);
    } else {
      const [xs, ys] = chart.data;
      const shown = (this.#spans()?.x ?? [0, 0]).map((end) => end / this.#unit.x);
      const isIn = (at: number): boolean => {
        const value = xs[at];
        return value !== undefined && value >= (shown[0] ?? 0) && value <= (shown[1] ?? 0);
      };
      let at = this.#read;
      if (!isIn(at)) at = xs.findIndex((_, i) => isIn(i)) - (right > 0 ? 1 : 0);
      at += right === 0 ? down : right;
      if (!isIn(at)) return;
      this.#read = at;
      x = xs[at] ?? 0;
      y = ys?.[at] ?? 0;
    }
    chart.setCursor({ left: chart.valToPos(x, 'x'), top: chart.valToPos(y, 'y') });
  }

  /** A picture of the plot with a title above it. */
  async png(title: string, summary: string): Promise<Uint8Array> {
    const chart = this.#chart;
    if (chart === undefined) return new Uint8Array();
    const { canvas } = chart.ctx;
    const scale = uPlot.pxRatio;
    const head = Math.round(58 * scale);
    const foot = Math.round(26 * scale);
    const made = new OffscreenCanvas(canvas.width, canvas.height + head + foot);
    const context = made.getContext('2d');
    if (context === null) return new Uint8Array();
    const { background, foreground, lines } = this.#colours;
    context.fillStyle = background;
    context.fillRect(0, 0, made.width, made.height);
    context.drawImage(canvas, 0, head);
    const write = (text: string, x: number, y: number, size: number): number => {
      context.font = `${size * scale}px sans-serif`;
      context.fillStyle = foreground;
      context.fillText(text, x, y * scale, made.width - x);
      return context.measureText(text).width;
    };
    write(title, 12 * scale, 22, 14);
    let x = 12 * scale;
    const names = this.#drawing?.names ?? [];
    for (const [i, name] of names.length > 1 ? names.entries() : []) {
      context.strokeStyle = lines[i] ?? foreground;
      context.lineWidth = 2 * scale;
      context.setLineDash((dashes[i] ?? []).map((length) => length * scale));
      context.beginPath();
      context.moveTo(x, 42 * scale);
      context.lineTo(x + 26 * scale, 42 * scale);
      context.stroke();
      x += 32 * scale;
      x += write(name, x, 46, 12) + 18 * scale;
    }
    write(summary, 12 * scale, made.height / scale - 9, 11);
    return bytesOf(await made.convertToBlob({ type: 'image/png' }));
  }

  /** The plot as SVG: what is shown of it, in as many points as there are pixels. */
  async svg(title: string, summary: string): Promise<Uint8Array> {
    const [chart, drawing, spans] = [this.#chart, this.#drawing, this.#spans()];
    if (chart === undefined || drawing === undefined || spans === undefined) return new Uint8Array();
    const { numbers, range } = drawing.picture;
    const { background, foreground, grid, lines } = this.#colours;
    let marks: SvgPlot['marks'];
    if (numbers.kind === 'line') {
      const named = numbers.lines.map((line, i) => ({
        ...line,
        name: drawing.names[i] ?? '',
        colour: lines[i] ?? foreground,
        dash: dashes[i] ?? [],
      }));
      marks = { kind: 'line', lines: named };
    } else if (numbers.kind === 'scatter') {
      marks = { kind: 'scatter', x: numbers.x, y: numbers.y, colour: lines[0] ?? foreground };
    } else {
      const picture = await this.#fields?.convertToBlob({ type: 'image/png' });
      const text = picture === undefined ? '' : base64(await bytesOf(picture));
      const scale = this.#scaleOf(range).map((colour) => `rgb(${colour.join(' ')})`);
      marks = {
        kind: 'heat',
        href: `data:image/png;base64,${text}`,
        x: numbers.x,
        y: numbers.y,
        scale,
        range,
      };
    }
    const text = plotSvg({
      width: Math.max(480, chart.width),
      height: Math.max(320, chart.height + 80),
      title,
      summary,
      colours: { background, foreground, grid },
      ...spans,
      isDown: numbers.kind === 'heat',
      labels: drawing.labels,
      marks,
    });
    return new TextEncoder().encode(text);
  }

  get #kind(): PlotChoice['kind'] | undefined {
    return this.#drawing?.picture.numbers.kind;
  }

  /** What is shown now. */
  #spans(): { readonly x: Span; readonly y: Span } | undefined {
    const picture = this.#drawing?.picture;
    if (picture === undefined) return undefined;
    const x = this.#zoom.x ?? picture.whole.x;
    if (picture.numbers.kind !== 'line') return { x, y: this.#zoom.y ?? picture.whole.y };
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const line of picture.numbers.lines) {
      for (const [i, at] of line.x.entries()) {
        const value = line.y[i] ?? Number.NaN;
        if (at < x[0] || at > x[1]) continue;
        if (value < least) least = value;
        if (value > most) most = value;
      }
    }
    return { x, y: withRoom(least <= most ? [least, most] : [0, 1]) };
  }

  #resized(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width === 0 || height === 0) return;
    this.#chart?.setSize({ width, height });
    this.#tell();
  }

  /** Tells which part is shown, where that was not told yet. */
  #tell(): void {
    const box = this.#chart?.bbox;
    const { clientWidth, clientHeight } = this.#host;
    if (clientWidth === 0 || clientHeight === 0) return;
    const pixels = (drawn: number | undefined, all: number): number =>
      Math.min(mostPixels, Math.max(1, Math.round(drawn ?? all * uPlot.pxRatio)));
    const view = {
      ...this.#zoom,
      width: pixels(box?.width, clientWidth),
      height: pixels(box?.height, clientHeight),
    };
    const key = JSON.stringify(view);
    if (key === this.#told) return;
    this.#told = key;
    this.#events.moved(view);
  }

  #go(zoom: Zoom): void {
    const whole = this.#drawing?.picture.whole;
    if (whole === undefined) return;
    const isTable = this.#kind === 'heat';
    const least = (span: Span): number => (this.#kind === 'scatter' ? lengthOf(span, 1e9) : isTable ? 1 : 2);
    const x = zoom.x && kept(zoom.x, whole.x, least(whole.x));
    const y = this.#kind === 'line' ? undefined : zoom.y && kept(zoom.y, whole.y, least(whole.y));
    this.#zoom = {
      ...(x === undefined || isSame(x, whole.x) ? {} : { x }),
      ...(y === undefined || isSame(y, whole.y) ? {} : { y }),
    };
    this.#place();
    this.#tell();
  }

  /** Zooms around a place on the screen, or the middle. */
  #zoomAt(factor: number, at: { readonly x: number; readonly y: number } | undefined): void {
    const [now, chart] = [this.#spans(), this.#chart];
    if (now === undefined || chart === undefined) return;
    const middle = ([from, to]: Span): number => from / 2 + to / 2;
    const x = zoomed(now.x, factor, at === undefined ? middle(now.x) : this.#valueAt(chart, at.x, 'x'));
    const y = zoomed(now.y, factor, at === undefined ? middle(now.y) : this.#valueAt(chart, at.y, 'y'));
    this.#go({ x, y });
  }

  /** Has the present chart show what is shown now. */
  #place(isNew = false): void {
    const [chart, spans, picture] = [this.#chart, this.#spans(), this.#drawing?.picture];
    if (chart === undefined || spans === undefined || picture === undefined) return;
    const before = this.#unit;
    const unit = { x: unitOf(spans.x), y: unitOf(spans.y) };
    this.#unit = unit;
    const isOther = isNew || unit.x !== before.x || unit.y !== before.y;
    chart.batch(() => {
      if (isOther) chart.setData(dataOf(picture, unit), false);
      chart.setScale('x', { min: spans.x[0] / unit.x, max: spans.x[1] / unit.x });
      chart.setScale('y', { min: spans.y[0] / unit.y, max: spans.y[1] / unit.y });
    });
    // Scales that stay as they are draw nothing by themselves.
    if (isOther) chart.redraw(false, false);
  }

  /** Where on the screen, or on the canvas, a number of an axis is. */
  #placeOf(chart: uPlot, value: number, axis: 'x' | 'y', isOnCanvas = false): number {
    return chart.valToPos(value / this.#unit[axis], axis, isOnCanvas);
  }

  /** The number of an axis at a place on the screen. */
  #valueAt(chart: uPlot, place: number, axis: 'x' | 'y'): number {
    return finite(chart.posToVal(place, axis) * this.#unit[axis]);
  }

  #build({ picture, labels, names }: Drawing): void {
    this.#chart?.destroy();
    const { kind } = picture.numbers;
    const { foreground, grid, lines } = this.#colours;
    const font = getComputedStyle(document.body).fontFamily;
    const axis = (name: 'x' | 'y', label: string, isCount: boolean): uPlot.Axis => ({
      ...(isCount ? { incrs: wholeSteps } : {}),
      label,
      stroke: foreground,
      font: `12px ${font}`,
      labelFont: `12px ${font}`,
      labelSize: 22,
      grid: { show: kind !== 'heat', stroke: grid, width: 1 },
      ticks: { stroke: grid, width: 1, size: 5 },
      values: (_, splits) => splits.map((split) => shortNumber(split * this.#unit[name])),
    });
    const spans = this.#spans() ?? picture.whole;
    const unit = { x: unitOf(spans.x), y: unitOf(spans.y) };
    this.#unit = unit;
    const plain = (_: uPlot, min: number, max: number): uPlot.Range.MinMax => [min, max];
    const scale = ([from, to]: Span, one: number): uPlot.Scale => ({
      time: false,
      auto: false,
      min: from / one,
      max: to / one,
      range: plain,
    });
    const marks: uPlot.Series[] =
      kind === 'line'
        ? names.map((label, i) => ({
            label,
            stroke: lines[i] ?? foreground,
            width: lineWidth(picture),
            dash: [...(dashes[i] ?? [])],
            spanGaps: false,
            points: { filter: alone },
          }))
        : [{ paths: () => null, points: { show: false } }];
    this.#chart = new uPlot(
      {
        width: Math.max(1, this.#host.clientWidth),
        height: Math.max(1, this.#host.clientHeight),
        padding: [10, kind === 'heat' ? scaleRoom : 18, 0, 0],
        legend: { show: false },
        scales: {
          x: scale(spans.x, unit.x),
          y: { ...scale(spans.y, unit.y), dir: kind === 'heat' ? -1 : 1 },
        },
        axes: [
          {
            ...axis('x', labels.x, kind !== 'scatter'),
            size: 30,
            space: () => Math.max(50, 14 + 8 * longestLabel(this.#spans()?.x ?? [0, 1])),
          },
          {
            ...axis('y', labels.y, kind === 'heat'),
            size: (_, values) => 18 + 8 * Math.max(1, ...(values ?? []).map((text) => text.length)),
          },
        ],
        series: [{}, ...marks],
        cursor: {
          y: kind !== 'line',
          points: { show: kind === 'line' },
          drag: { x: true, y: kind !== 'line', setScale: false },
          bind: {
            mousedown: (_, __, handler) => (event) => (event.shiftKey ? handler(event) : null),
            dblclick: () => () => null,
          },
        },
        hooks: {
          draw: [(chart) => this.#drawMarks(chart)],
          setCursor: [(chart) => this.#events.pointed(this.#pointed(chart))],
          setSelect: [(chart) => this.#zoomToBox(chart)],
          ready: [(chart) => this.#listen(chart)],
        },
      },
      dataOf(picture, unit),
      this.#host,
    );
  }

  #zoomToBox(chart: uPlot): void {
    const { left, top, width, height } = chart.select;
    if (width < 3 && height < 3) return;
    const x = [this.#valueAt(chart, left, 'x'), this.#valueAt(chart, left + width, 'x')] as const;
    const [a, b] = [this.#valueAt(chart, top, 'y'), this.#valueAt(chart, top + height, 'y')];
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#go({ x, ...(this.#kind === 'line' ? {} : { y: [Math.min(a, b), Math.max(a, b)] as const }) });
  }

  #listen({ over }: uPlot): void {
    over.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const { left, top } = over.getBoundingClientRect();
        this.#zoomAt(event.deltaY < 0 ? 1 / zoomStep : zoomStep, {
          x: event.clientX - left,
          y: event.clientY - top,
        });
      },
      { passive: false },
    );
    over.addEventListener('dblclick', () => this.reset());
    over.addEventListener('pointerdown', (event) => {
      if (event.button === 0 && !event.shiftKey) over.setPointerCapture(event.pointerId);
    });
    over.addEventListener('pointermove', (event) => {
      if (!over.hasPointerCapture(event.pointerId) || event.shiftKey) return;
      this.pan(
        -event.movementX / Math.max(1, over.clientWidth),
        -event.movementY / Math.max(1, over.clientHeight),
      );
    });
  }

  #pointed(chart: uPlot): Pointed | undefined {
    const numbers = this.#drawing?.picture.numbers;
    const { left = -1, top = -1, idx } = chart.cursor;
    if (numbers === undefined || left < 0 || top < 0) return undefined;
    if (numbers.kind === 'line') {
      const row = idx == null ? undefined : chart.data[0][idx];
      if (row === undefined || idx == null) return undefined;
      const values = chart.data.slice(1).map((line) => {
        const value = line[idx] ?? undefined;
        return value === undefined ? undefined : finite(value * this.#unit.y);
      });
      return { kind: 'line', row, values };
    }
    if (numbers.kind === 'heat') {
      const part = (value: number, [from, to]: Span, count: number): number =>
        Math.floor(((value - from) / (to - from)) * count);
      const column = part(this.#valueAt(chart, left, 'x'), numbers.x, numbers.width);
      const row = part(this.#valueAt(chart, top, 'y'), numbers.y, numbers.height);
      if (column < 0 || row < 0 || column >= numbers.width || row >= numbers.height) return undefined;
      const field = row * numbers.width + column;
      const at = numbers.at[field] ?? -1;
      return at < 0 ? undefined : { kind: 'heat', at, value: numbers.values[field] ?? Number.NaN };
    }
    let [nearest, distance] = [-1, reach];
    for (const [i, x] of numbers.x.entries()) {
      const dx = this.#placeOf(chart, x, 'x') - left;
      const dy = this.#placeOf(chart, numbers.y[i] ?? 0, 'y') - top;
      const away = Math.hypot(dx, dy);
      if (away < distance) [nearest, distance] = [i, away];
    }
    if (nearest < 0) return undefined;
    const at = (values: Float64Array): number => values[nearest] ?? Number.NaN;
    return { kind: 'scatter', row: at(numbers.at), x: at(numbers.x), y: at(numbers.y) };
  }

  /** Draws what uPlot does not: points, and fields with their scale. */
  #drawMarks(chart: uPlot): void {
    const picture = this.#drawing?.picture;
    const { ctx, bbox } = chart;
    const { numbers } = picture ?? {};
    if (picture === undefined || numbers === undefined || numbers.kind === 'line') return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    if (numbers.kind === 'scatter') {
      const size = dotSize * uPlot.pxRatio;
      ctx.fillStyle = this.#colours.lines[0] ?? this.#colours.foreground;
      for (const [i, x] of numbers.x.entries()) {
        const left = this.#placeOf(chart, x, 'x', true);
        const top = this.#placeOf(chart, numbers.y[i] ?? 0, 'y', true);
        ctx.fillRect(left - size / 2, top - size / 2, size, size);
      }
    } else if (this.#fields !== undefined) {
      const [x0, x1] = numbers.x.map((end) => this.#placeOf(chart, end, 'x', true)) as [number, number];
      const [y0, y1] = numbers.y.map((end) => this.#placeOf(chart, end, 'y', true)) as [number, number];
      this.#hatch(ctx, x0, y0, x1, y1);
      ctx.imageSmoothingEnabled = false;
      ctx.drawImage(this.#fields, x0, y0, x1 - x0, y1 - y0);
    }
    ctx.restore();
    if (numbers.kind === 'heat') this.#drawScale(chart, picture.range);
  }

  /** Stripes where there is no number: no colour of the scale looks like that. */
  #hatch(ctx: CanvasRenderingContext2D, x0: number, y0: number, x1: number, y1: number): void {
    const step = 6 * uPlot.pxRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(x0, y0, x1 - x0, y1 - y0);
    ctx.clip();
    ctx.strokeStyle = this.#colours.foreground;
    ctx.globalAlpha = 0.5;
    ctx.lineWidth = uPlot.pxRatio;
    ctx.beginPath();
    for (let x = x0 - (y1 - y0); x < x1; x += step) {
      ctx.moveTo(x, y1);
      ctx.lineTo(x + (y1 - y0), y0);
    }
    ctx.stroke();
    ctx.restore();
  }

  #drawScale({ ctx, bbox }: uPlot, range: Span): void {
    const scale = this.#scaleOf(range);
    const ratio = uPlot.pxRatio;
    const left = bbox.left + bbox.width + 14 * ratio;
    const step = bbox.height / scale.length;
    ctx.save();
    for (const [i, colour] of scale.entries()) {
      ctx.fillStyle = `rgb(${colour.join(' ')})`;
      ctx.fillRect(left, bbox.top + bbox.height - (i + 1) * step, 12 * ratio, step + 1);
    }
    ctx.fillStyle = this.#colours.foreground;
    ctx.font = `${12 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    ctx.textAlign = 'left';
    const [low, high] = range;
    const text = left + 17 * ratio;
    const width = 58 * ratio;
    ctx.textBaseline = 'top';
    ctx.fillText(shortNumber(high), text, bbox.top, width);
    ctx.textBaseline = 'bottom';
    ctx.fillText(shortNumber(low), text, bbox.top + bbox.height, width);
    if (low < 0 && high > 0) {
      ctx.textBaseline = 'middle';
      ctx.fillText('0', text, bbox.top + bbox.height * (1 - shareOf(0, range)), width);
    }
    ctx.restore();
  }

  /** The colours from the lowest to the highest value. Where these differ in sign 0 has the colour in the middle. */
  #scaleOf([low, high]: Span): readonly Rgb[] {
    const { sequential, diverging } = this.#colours;
    if (low >= 0 || high <= 0) return sequential;
    const most = Math.max(-low, high);
    return sequential.map((_, i) => {
      const share = i / (sequential.length - 1);
      const value = (low / most) * (1 - share) + (high / most) * share;
      const at = Math.round(((value + 1) / 2) * (diverging.length - 1));
      return diverging[at] ?? [0, 0, 0];
    });
  }

  #fieldsOf({ numbers, range }: PlotPicture): OffscreenCanvas | undefined {
    if (numbers.kind !== 'heat' || numbers.width * numbers.height === 0) return undefined;
    const { width, height, values } = numbers;
    const canvas = new OffscreenCanvas(width, height);
    const image = new ImageData(width, height);
    const scale = this.#scaleOf(range);
    for (const [i, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      const [red, green, blue] = scale[Math.round(shareOf(value, range) * (scale.length - 1))] ?? [0, 0, 0];
      image.data.set([red, green, blue, 255], 4 * i);
    }
    canvas.getContext('2d')?.putImageData(image, 0, 0);
    return canvas;
  }
}

/** The numbers as uPlot takes them: one list of places for all lines, in units of the axes; null is a gap. */
function dataOf(
  { numbers }: PlotPicture,
  unit: { readonly x: number; readonly y: number },
): uPlot.AlignedData {
  if (numbers.kind === 'heat') return [[...numbers.x], [null, null]];
  if (numbers.kind === 'scatter')
    return [numbers.x.map((value) => value / unit.x), numbers.y.map((value) => value / unit.y)];
  const gaps = (y: Float64Array): (number | null)[] =>
    Array.from(y, (value) => (Number.isNaN(value) ? null : value / unit.y));
  const tables = numbers.lines.map(({ x, y }): uPlot.AlignedData => [Array.from(x), gaps(y)]);
  const [first = [[], []]] = tables;
  return tables.length > 1 ? uPlot.join(tables) : first;
}

/** Many points in a column of pixels cover it anyway; thin lines are drawn many times as quickly as others. */
function lineWidth({ numbers }: PlotPicture): number {
  const points = numbers.kind === 'line' ? Math.max(0, ...numbers.lines.map(({ x }) => x.length)) : 0;
  return points > densePoints ? 1 / uPlot.pxRatio : 1.5;
}

/** Values between two gaps, which no line would show. */
function alone(chart: uPlot, line: number, isShown: boolean): number[] | null {
  if (isShown) return null;
  const values = chart.data[line] ?? [];
  const found: number[] = [];
  let [last, isAfterGap] = [-1, true];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined) continue;
    if (value === null) {
      if (last >= 0 && isAfterGap) found.push(last);
      [last, isAfterGap] = [-1, true];
    } else {
      if (last >= 0) isAfterGap = false;
      last = i;
    }
  }
  if (last >= 0 && isAfterGap) found.push(last);
  return found;
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
