/** A host in the browser for the page of a plot: values that a test makes, drawn as the extension draws them. */
import type { FromPlotPage, KeptPlot, PlotState, ToPlotPage } from '../../src/editor/plot/messages.ts';
import { plotStrings } from '../../src/editor/plot/page-strings.ts';
import { plotSummary } from '../../src/editor/plot/plot-sentences.ts';
import { stateBits, unreadableState } from '../../src/model/byte-state.ts';
import type { MemoryGeometry } from '../../src/model/geometry.ts';
import { firstChoice, type PlotChoice } from '../../src/model/plot/choice.ts';
import { Plot, type PlotView } from '../../src/model/plot/picture.ts';

/** What a test starts the page with. */
export interface PlotConfig {
  readonly samples?: 'sine' | 'complex' | 'matrix' | 'noise' | 'gaps' | 'huge';
  /** Values; of complex ones pairs. */
  readonly count?: number;
  readonly choice?: Partial<PlotChoice>;
}

const l10n = {
  t: (text: string, ...args: readonly (string | number | boolean)[]) =>
    text.replace(/\{(\d)\}/g, (whole, i: string) => String(args[Number(i)] ?? whole)),
};

/** The samples as bytes of memory: float32, complex ones in pairs; huge ones are float64. */
function bytesOf(samples: PlotConfig['samples'], count: number): Uint8Array {
  const values = new Float32Array(samples === 'complex' ? 2 * count : count);
  if (samples === 'huge') {
    const huge = Float64Array.from(
      { length: count },
      (_, i) => 1.7e308 * Math.sin((i / count) * 2 * Math.PI),
    );
    return new Uint8Array(huge.buffer);
  }
  const side = Math.round(Math.sqrt(count));
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  for (let i = 0; i < count; i++) {
    const phase = (i / count) * 2 * Math.PI * 3;
    if (samples === 'complex') values.set([Math.cos(phase) * (1 + i / count), Math.sin(phase)], 2 * i);
    else if (samples === 'matrix')
      values[i] = Math.sin((i % side) / 6) * Math.cos(Math.floor(i / side) / 9) * 10;
    else if (samples === 'noise') values[i] = random() - 0.5 + Math.sin(phase);
    else values[i] = Math.sin(phase);
  }
  return new Uint8Array(values.buffer);
}

/** The fake; tests reach it as `window.plot`. */
export class FakePlotHost {
  /** Everything that the page said, oldest first. */
  readonly said: FromPlotPage[] = [];
  /** Numbers of the pictures that the page drew. */
  readonly drawn: number[] = [];
  /** Files that the page made, as texts of one character for each byte. */
  readonly files: string[] = [];
  /** What the page had VS Code keep last. */
  kept: KeptPlot | undefined;
  readonly bytes: Uint8Array;
  readonly flags: Uint8Array;
  #plot: Plot;
  #view: PlotView | undefined;
  #sent = 0;

  constructor({ samples = 'sine', count = 1024, choice = {} }: PlotConfig) {
    this.bytes = bytesOf(samples, count);
    this.flags = new Uint8Array(this.bytes.length).fill(stateBits.known);
    if (samples === 'gaps') {
      this.flags.fill(0, 400, 800);
      this.flags.fill(unreadableState('gated'), 2000, 2400);
      new Float32Array(this.bytes.buffer).set([Number.NaN, Number.POSITIVE_INFINITY], 700);
    }
    const name = samples === 'complex' ? 'cfloat' : samples === 'huge' ? 'float64' : 'float32';
    this.#plot = new Plot({ ...firstChoice({ name, order: 'little' }), ...choice }, this.bytes.length);
  }

  receive(message: FromPlotPage): void {
    this.said.push(message);
    if (message.type === 'ready') this.#sayHello();
    if (message.type === 'drawn') this.drawn.push(message.number);
    if (message.type === 'choose') {
      this.#plot = new Plot(message.choice, this.bytes.length);
      this.#draw();
    }
    if (message.type === 'view') {
      this.#view = message.view;
      this.#draw();
    }
    if (message.type === 'live') this.tell({ readAt: 'Read at 12:00:00', live: { on: message.on } });
    if (message.type === 'made') this.files.push(String.fromCharCode(...message.bytes.subarray(0, 60_000)));
  }

  #sayHello(): void {
    const geometry: MemoryGeometry = {
      type: 'data',
      startCol: 7,
      numCols: 1,
      startRow: 2,
      numRows: 1,
      bytesPerTile: 0x10000 + this.bytes.length,
      tileBase: 0,
    };
    this.#send({
      type: 'init',
      strings: plotStrings({ t: (text) => text }),
      title: '(7,2)+0x0400 · buffer · Board',
      geometry,
      range: { offset: 0x400, length: this.bytes.length },
      choice: this.#plot.choice,
      kept: {
        board: 'board',
        path: '/7/data.aiemem',
        geometry,
        range: { offset: 0x400, length: this.bytes.length },
        title: 'buffer',
        hertz: 0,
      },
    });
    this.tell({ readAt: 'Read at 12:00:00', live: { on: true } });
  }

  tell(state: PlotState): void {
    this.#send({ type: 'state', state });
  }

  /** Sends a picture that cannot be drawn. */
  spoil(): void {
    if (this.#view === undefined) return;
    const picture = { ...this.#plot.picture(this.#view), whole: undefined };
    Reflect.set(picture, 'numbers', { kind: 'line', lines: [{ x: 1, y: 2 }, undefined] });
    this.#send({
      type: 'picture',
      number: ++this.#sent,
      choice: this.#plot.choice,
      picture: picture as never,
      summary: '',
    });
  }

  make(format: 'png' | 'svg'): void {
    this.#send({ type: 'make', id: 1, format });
  }

  /** Changes float32 values from a number on. */
  poke(first: number, values: readonly number[]): void {
    new Float32Array(this.bytes.buffer).set(values, first);
    this.#plot.changed([{ offset: 4 * first, length: 4 * values.length }]);
    this.#draw();
  }

  #draw(): void {
    if (this.#view === undefined) return;
    const part = (array: Uint8Array, offset: number, length: number) =>
      array.subarray(offset, offset + length);
    this.#plot.update(
      ({ offset, length }) => ({
        base: part(this.bytes, offset, length),
        flags: part(this.flags, offset, length),
      }),
      Number.POSITIVE_INFINITY,
    );
    this.#sent++;
    this.#send({
      type: 'picture',
      number: this.#sent,
      choice: this.#plot.choice,
      picture: this.#plot.picture(this.#view),
      summary: plotSummary(this.#plot, l10n),
    });
  }

  #send(message: ToPlotPage): void {
    window.postMessage(message, '*');
  }
}

declare global {
  interface Window {
    plot: FakePlotHost;
  }
}

const fake = new FakePlotHost(
  JSON.parse(new URLSearchParams(location.search).get('config') ?? '{}') as PlotConfig,
);
window.plot = fake;
Reflect.set(window, 'acquireVsCodeApi', () => ({
  // A real host is in another process: what it hears is a copy, and later.
  setState: (kept: KeptPlot) => {
    fake.kept = structuredClone(kept);
  },
  postMessage: (message: FromPlotPage) => {
    const copy = structuredClone(message);
    queueMicrotask(() => fake.receive(copy));
  },
}));
