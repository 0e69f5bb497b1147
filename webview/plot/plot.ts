/** The page of a plot: connects the host's numbers with choices, chart and words. */
import './plot.css';
import { html, nothing, render, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type {
  FromPlotPage,
  KeptPlace,
  KeptPlot,
  PlotState,
  PlotStrings,
  ToPlotPage,
} from '../../src/editor/plot/messages.ts';
import { type ByteRange, formatTile, locate, type MemoryGeometry } from '../../src/model/geometry.ts';
import { hexNumber } from '../../src/model/numbers.ts';
import { isComplex, offsetOfValue, type PlotChoice } from '../../src/model/plot/choice.ts';
import type { PlotPicture } from '../../src/model/plot/picture.ts';
import { shortNumber } from '../../src/model/plot/ticks.ts';
import { button, toggle } from '../controls.ts';
import { toBytes } from '../host.ts';
import { type Translate, translator } from '../strings.ts';
import { Chart, type Pointed } from './chart.ts';
import { PlotChoices } from './choices.ts';
import { dashes } from './colours.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPlotPage): void;
  setState(kept: KeptPlot): void;
};

const api = acquireVsCodeApi();
const post = (message: FromPlotPage): void => api.postMessage(message);
window.addEventListener('error', (event) => post({ type: 'failure', message: event.message }));
window.addEventListener('unhandledrejection', (event) =>
  post({ type: 'failure', message: String(event.reason) }),
);

type Init = Extract<ToPlotPage, { type: 'init' }>;
type Picture = Extract<ToPlotPage, { type: 'picture' }>;

/** A share of what is shown by which a key moves. */
const panShare = 0.2;

/** The page once the host has said what is plotted. */
class PlotPage {
  readonly #t: Translate<PlotStrings>;
  readonly #title: string;
  readonly #geometry: MemoryGeometry;
  readonly #range: ByteRange;
  readonly #kept: KeptPlace | undefined;
  readonly #choices: PlotChoices;
  readonly #area = createRef<HTMLElement>();
  readonly #chart: Chart;
  #choice: PlotChoice;
  #state: PlotState = { readAt: '' };
  #picture: Picture | undefined;
  #pointed: Pointed | undefined;
  /** What is said of the value that the keys point at. */
  #said = '';
  #isKeyed = false;

  constructor({ strings, title, geometry, range, choice, kept, view }: Init) {
    this.#t = translator(strings);
    this.#title = title;
    this.#geometry = geometry;
    this.#range = range;
    this.#choice = choice;
    this.#kept = kept;
    this.#keep();
    this.#choices = new PlotChoices(this.#t, range.length, (chosen) => this.#choose(chosen));
    this.#draw();
    const area = this.#area.value;
    if (area === undefined) throw new Error('the page has no place for the plot');
    this.#chart = new Chart(area, {
      moved: (shown) => {
        post({ type: 'view', view: shown });
        this.#draw();
      },
      pointed: (pointed) => {
        this.#pointed = pointed;
        this.#draw();
      },
    });
    const { x, y } = view ?? {};
    this.#chart.restore({ ...(x === undefined ? {} : { x }), ...(y === undefined ? {} : { y }) });
    // Themes are classes and variables of the body and the page.
    const observer = new MutationObserver(() => this.#chart.recolour());
    for (const element of [document.body, document.documentElement])
      observer.observe(element, { attributes: true, attributeFilter: ['class', 'style'] });
  }

  state(state: PlotState): void {
    this.#state = state;
    this.#draw();
  }

  show(message: Picture): void {
    // What was chosen meanwhile comes in another picture.
    if (JSON.stringify(message.choice) === JSON.stringify(this.#choice)) {
      this.#picture = message;
      const { choice, picture } = message;
      this.#chart.show({ choice, picture, labels: this.#labels(choice), names: this.#names(message) });
      this.#draw();
    }
    post({ type: 'drawn', number: message.number });
  }

  async make(id: number, format: 'png' | 'svg'): Promise<void> {
    const summary = this.#picture?.summary ?? '';
    const bytes =
      format === 'png' ? this.#chart.png(this.#title, summary) : this.#chart.svg(this.#title, summary);
    post({ type: 'made', id, bytes: await bytes });
  }

  #choose(choice: PlotChoice): void {
    if (JSON.stringify(choice) !== JSON.stringify(this.#choice)) {
      this.#choice = choice;
      this.#keep();
      this.#pointed = undefined;
      this.#chart.forget();
      post({ type: 'choose', choice });
    }
    this.#draw();
  }

  /** Has VS Code keep what is plotted, for the next time that the window is loaded. */
  #keep(): void {
    if (this.#kept !== undefined) api.setState({ ...this.#kept, choice: this.#choice });
  }

  #labels({ kind, cells, x, y }: PlotChoice): { x: string; y: string } {
    const t = this.#t;
    if (kind === 'heat') return { x: t('column'), y: t('row') };
    if (kind === 'scatter') {
      if (isComplex(cells)) return { x: t('re'), y: t('im') };
      return { x: t('xAxis', t('columnName', x)), y: t('yAxis', t('columnName', y)) };
    }
    return { x: this.#choice.columns > 1 ? t('row') : t('number'), y: this.#valueName };
  }

  get #valueName(): string {
    const t = this.#t;
    const { cells, part } = this.#choice;
    return isComplex(cells) && part !== 'both' ? t(part) : t('value');
  }

  /** A name for each line. */
  #names({ choice, picture }: Picture): readonly string[] {
    const t = this.#t;
    if (picture.numbers.kind !== 'line') return [];
    const isBoth = isComplex(choice.cells) && choice.part === 'both';
    return picture.numbers.lines.map((_, i) => {
      const part = isBoth ? t(i % 2 === 0 ? 're' : 'im') : '';
      if (choice.columns === 1) return isBoth ? part : this.#valueName;
      const column = t('columnName', isBoth ? Math.floor(i / 2) : i);
      return isBoth ? `${column} ${part}` : column;
    });
  }

  /** Where a value lies: tile and tile offset. */
  #placeOf(picture: PlotPicture, value: number): string {
    const at = locate(this.#geometry, this.#range.offset + offsetOfValue(picture.layout, value));
    return `${formatTile(at.tile)}+${hexNumber(at.offset, 4)}`;
  }

  /** The value that is pointed at, in words. */
  get #pointedText(): string {
    const t = this.#t;
    const [shown, pointed] = [this.#picture, this.#pointed];
    if (shown === undefined || pointed === undefined) return '';
    const { picture, choice } = shown;
    const { columns } = choice;
    if (pointed.kind === 'scatter')
      return t('pairOf', pointed.row, shortNumber(pointed.x), shortNumber(pointed.y));
    if (pointed.kind === 'heat') {
      const [row, column] = [Math.floor(pointed.at / columns), pointed.at % columns];
      const value = Number.isNaN(pointed.value) ? t('gap') : shortNumber(pointed.value);
      return t('valueAt', t('cellOf', row, column, this.#placeOf(picture, pointed.at)), value);
    }
    const names = this.#names(shown);
    const values = pointed.values.flatMap((value, i) => {
      if (value === undefined) return [];
      return names.length > 1 ? [`${names[i]} ${shortNumber(value)}`] : [shortNumber(value)];
    });
    const text = values.length === 0 ? t('gap') : values.join(', ');
    const first = pointed.row * columns;
    const place = this.#placeOf(picture, first);
    return t(
      'valueAt',
      columns === 1 ? t('placeOf', first, place) : t('cellOf', pointed.row, 0, place),
      text,
    );
  }

  /** Renders the page around the chart, which draws itself. */
  #draw(): void {
    if (this.#isKeyed) this.#said = this.#pointedText;
    render(this.#template(), document.body);
  }

  #template(): TemplateResult {
    const t = this.#t;
    const { readAt, live, problem } = this.#state;
    const isPaused = live?.on === true && live.paused !== undefined;
    return html`<main>
      <header>
        <h1>${this.#title}</h1>
        <div class="tools">
          ${
            live === undefined
              ? nothing
              : toggle({
                  name: 'live',
                  label: isPaused ? t('livePaused') : t('live'),
                  hint: live.paused ?? t('liveHint'),
                  pressed: live.on,
                  onPress: () => post({ type: 'live', on: !live.on }),
                })
          }
          ${button({
            name: 'reset',
            label: t('resetZoom'),
            hint: t('resetZoomHint'),
            secondary: true,
            disabled: this.#picture === undefined || !this.#chart.isZoomed,
            onPress: () => this.#chart.reset(),
          })}
          ${button({
            name: 'export',
            label: t('exportPlot'),
            hint: t('exportHint'),
            secondary: true,
            disabled: this.#picture === undefined,
            onPress: () => post({ type: 'export' }),
          })}
        </div>
      </header>
      ${this.#choices.template(this.#choice)}
      <p id="plot-wrong" class="problem" role="alert" ?hidden=${!this.#choices.isWrong}>${t('wrongNumber')}</p>
      <p class="problem" role="status" ?hidden=${problem === undefined}>${problem}</p>
      ${this.#legend()}
      <div
        ${ref(this.#area)}
        class="area"
        tabindex="0"
        role="application"
        aria-label=${t('plotName', this.#title)}
        aria-describedby="plot-summary plot-help"
        @keydown=${(event: KeyboardEvent) => this.#key(event)}
        @pointermove=${() => {
          this.#isKeyed = false;
        }}
      ></div>
      <div class="pointed">${this.#pointedText}</div>
      <footer>
        <p id="plot-summary">${this.#picture?.summary ?? t('waiting')}</p>
        <p class="read-at">${readAt}</p>
      </footer>
      <div id="plot-help" class="spoken">${t('help')}</div>
      <div class="spoken" role="status">${this.#said}</div>
    </main>`;
  }

  #legend(): TemplateResult | typeof nothing {
    const shown = this.#picture;
    const names = shown === undefined ? [] : this.#names(shown);
    if (names.length < 2) return nothing;
    const { lines, foreground } = this.#chart.colours;
    return html`<ul class="legend" aria-label=${this.#t('lines')}>
      ${names.map(
        (name, i) => html`<li>
          <svg class="sample" viewBox="0 0 28 8" aria-hidden="true">
            <path
              d="M0 4H28"
              stroke-dasharray=${(dashes[i] ?? []).join(' ')}
              stroke=${lines[i] ?? foreground}
            ></path></svg
          >${name}
        </li>`,
      )}
    </ul>`;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrows: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    };
    const arrow = arrows[event.key];
    if (arrow !== undefined) {
      this.#isKeyed = true;
      if (event.shiftKey) this.#chart.pan(arrow[0] * panShare, arrow[1] * panShare);
      else this.#chart.step(...arrow);
    } else if (event.key === '+' || event.key === '=') this.#chart.zoom(true);
    else if (event.key === '-') this.#chart.zoom(false);
    else if (event.key === '0') this.#chart.reset();
    else return;
    event.preventDefault();
  }
}

/** Numbers as some hosts deliver them: an array of any kind, or its buffer. */
function toNumbers(value: unknown): Float64Array {
  if (value instanceof Float64Array) return value;
  const bytes = toBytes(value) ?? new Uint8Array();
  return new Float64Array(bytes.slice(0, bytes.length - (bytes.length % 8)).buffer);
}

/** The picture with numbers that can be worked with. */
function received(message: Picture): Picture {
  const { numbers } = message.picture;
  const arrays = (): PlotPicture['numbers'] => {
    if (numbers.kind === 'line')
      return { ...numbers, lines: numbers.lines.map(({ x, y }) => ({ x: toNumbers(x), y: toNumbers(y) })) };
    if (numbers.kind === 'scatter')
      return { ...numbers, x: toNumbers(numbers.x), y: toNumbers(numbers.y), at: toNumbers(numbers.at) };
    return { ...numbers, values: toNumbers(numbers.values), at: toNumbers(numbers.at) };
  };
  return { ...message, picture: { ...message.picture, numbers: arrays() } };
}

let shown: PlotPage | undefined;
window.addEventListener('message', ({ data }: MessageEvent<ToPlotPage>) => {
  switch (data.type) {
    case 'init':
      shown = new PlotPage(data);
      return;
    case 'state':
      shown?.state(data.state);
      return;
    case 'picture':
      try {
        shown?.show(received(data));
      } catch (error) {
        // The host sends another picture only once it has heard of this one.
        post({ type: 'failure', message: String(error) });
      }
      return;
    case 'make':
      void shown?.make(data.id, data.format);
  }
});
post({ type: 'ready' });
