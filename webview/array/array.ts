/** The page of the Array view: connects the host's picture with grid, list of waits and legend. */
import './array.css';
import { html, nothing, render, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import { repeat } from 'lit/directives/repeat.js';
import type {
  ArrayCell,
  ArrayHang,
  ArrayHangStep,
  ArrayPicture,
  ArrayProblem,
  ArrayStrings,
  FromArrayPage,
  ToArrayPage,
} from '../../src/array/messages.ts';
import { patchPicture } from '../../src/array/patch.ts';
import { formatTile } from '../../src/model/geometry.ts';
import { hottest } from '../../src/model/heat.ts';
import { button, choice, textButton } from '../controls.ts';
import { type Translate, translator } from '../strings.ts';
import { arrowSign } from './arrows.ts';
import { ArrayGrid } from './grid.ts';
import { signOf } from './shapes.ts';

declare function acquireVsCodeApi(): { postMessage(message: FromArrayPage): void };

/** A view lower than this shows the waits and the grid first, in small, pixels. VS Code opens views 120 pixels high. */
const lowView = 260;
/** Words stand beside the grid of a low view where they have this width, pixels. */
const besideWidth = 120;

/** The pointer has to rest this long before the tooltip appears, milliseconds. */
const tooltipDelay = 200;

const api = acquireVsCodeApi();
const post = (message: FromArrayPage): void => api.postMessage(message);
window.addEventListener('error', (event) => post({ type: 'failure', message: event.message }));
window.addEventListener('unhandledrejection', (event) =>
  post({ type: 'failure', message: String(event.reason) }),
);

/** Outlines of the heads of drawn arrows. */
const heads = {
  east: 'M1 0 L10 5 L1 10 Z',
  west: 'M9 0 L0 5 L9 10 Z',
  north: 'M0 9 L5 0 L10 9 Z',
  south: 'M0 1 L5 10 L10 1 Z',
} as const;

/** The head of a drawn arrow. */
function arrowHead(to: keyof typeof heads): TemplateResult {
  return html`<svg viewBox="0 0 10 10" class=${`circle-head ${to}`}><path d=${heads[to]}></path></svg>`;
}

/** A tile of a circle with its sign. */
function circleTile({ state, from }: ArrayHangStep): TemplateResult {
  return html`<span class="circle-tile"
    ><span class=${`cell swatch ${state}`}>${signOf(state)}</span>${formatTile(from)}</span
  >`;
}

/** Two tiles of a circle; the arrow leads from the left one to the east, or from the right one to the west. */
function circleRow(left: ArrayHangStep, to: 'east' | 'west', right: ArrayHangStep): TemplateResult {
  const { label } = to === 'east' ? left : right;
  return html`<div class="circle-row">
    ${circleTile(left)}<span class=${`circle-arrow ${to}`}
      ><span class="circle-label">${label}</span>${arrowHead(to)}</span
    >${circleTile(right)}
  </div>`;
}

/**
 * The circle drawn large: two tiles beside each other, four in a square. Each waits for the next. Circles of another
 * length are left to the words and the grid.
 */
function circle({ steps }: ArrayHang): TemplateResult | typeof nothing {
  const [first, second, third, fourth] = steps;
  if (first === undefined || second === undefined || steps.length > 4 || steps.length === 3) return nothing;
  const side = (step: ArrayHangStep, to: 'north' | 'south'): TemplateResult =>
    html`<div class=${`circle-side ${to}`}
      >${arrowHead(to)}<span class="circle-label">${step.label}</span></div
    >`;
  const rest =
    third === undefined || fourth === undefined
      ? html`<div class="circle-back">${arrowHead('north')}<span class="circle-label">${second.label}</span></div>`
      : html`<div class="circle-sides">${side(fourth, 'north')}${side(second, 'south')}</div>
          ${circleRow(fourth, 'west', third)}`;
  // The sentences below say the same.
  return html`<div class="circle" aria-hidden="true">${circleRow(first, 'east', second)}${rest}</div>`;
}

/** The page once the host has said its words. */
class ArrayPage {
  readonly #t: Translate<ArrayStrings>;
  readonly #grid: ArrayGrid;
  readonly #hangs = createRef<HTMLElement>();
  readonly #tooltip = createRef<HTMLElement>();
  #picture: ArrayPicture | undefined;
  /** Lines of the tooltip; none while it is hidden. */
  #tip: readonly string[] = [];
  #isDue = false;
  #isDrawing = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(strings: ArrayStrings) {
    const t = translator(strings);
    this.#t = t;
    this.#grid = new ArrayGrid(t, {
      focus: (cell) => post({ type: 'focus', tile: cell.tile }),
      open: (cell) => post({ type: 'open', tile: cell.tile }),
      point: (cell, box) => this.#point(cell, box),
      draw: () => this.#draw(),
    });
    new ResizeObserver(() => this.#fit()).observe(document.documentElement);
    window.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#point(undefined, undefined);
    });
  }

  show(picture: ArrayPicture): void {
    this.#picture = picture;
    this.#grid.show(picture);
    this.#draw();
    this.#fit();
  }

  /** Renders the page. Rendering can move the focus, and what follows from that is drawn after it. */
  #draw(): void {
    const picture = this.#picture;
    this.#isDue = true;
    if (picture === undefined || this.#isDrawing) return;
    this.#isDrawing = true;
    while (this.#isDue) {
      this.#isDue = false;
      render(this.#template(picture), document.body);
    }
    this.#isDrawing = false;
  }

  #template(picture: ArrayPicture): TemplateResult {
    const t = this.#t;
    const isEmpty = picture.rows.length === 0;
    const [first, ...rest] = this.#tip;
    return html`<main><h1 class="spoken">${t('gridName', picture.title)}</h1>
      <div class="top">
        ${this.#choice(picture)}
      </div>
      <div class="read-at" ?hidden=${isEmpty}>${picture.reading ? t('reading') : picture.readAt}</div>
      ${this.#problem(picture.problem)}
      <section ${ref(this.#hangs)} class="hang-list" aria-label=${t('hangs')} ?hidden=${picture.hangs.length === 0}>
        ${picture.hangs.map((hang) => this.#hang(hang))}
      </section>
      <section class="warning-list" aria-label=${t('warnings')} ?hidden=${picture.warnings.length === 0}>
        <ul class="waits">${picture.warnings.map(
          ({ tile, text }) => html`<li>${textButton(text, () => this.#grid.reveal(tile))}</li>`,
        )}</ul>
      </section>
      ${this.#grid.template()}
      <ul class="legend" aria-label=${t('legend')} ?hidden=${picture.legend.length === 0}>
        ${this.#legend(picture)}
      </ul>
      ${this.#heat(picture.heat)}
      <div class="spoken" id="grid-help">${t('gridHelp')}</div>
      <div class="spoken" role="status">${[...picture.hangs, ...picture.warnings].map(({ text }) => text).join(' ')}</div></main>
      <div ${ref(this.#tooltip)} class="tooltip" role="tooltip" ?hidden=${first === undefined}
        ><strong>${first}</strong>${rest.map((line) => html`<div>${line}</div>`)}</div
      >`;
  }

  #choice({ choices, chosen }: ArrayPicture): TemplateResult {
    if (choices.length < 2) return html`<span class="choice-text">${choices[0]?.label ?? ''}</span>`;
    return choice({
      label: this.#t('partition'),
      choices,
      chosen,
      onChoose: (key) => post({ type: 'choose', key }),
    });
  }

  #problem(problem: ArrayProblem | undefined): TemplateResult | typeof nothing {
    if (problem === undefined) return nothing;
    return html`<section class=${`problem ${problem.kind}`} role=${problem.kind === 'error' ? 'alert' : 'status'}>
      <p>${problem.text}</p>
      ${problem.actions.map(({ command, label }) =>
        button({ label, name: command, onPress: () => post({ type: 'command', command }) }),
      )}
    </section>`;
  }

  #hang(hang: ArrayHang): TemplateResult {
    return html`<p class="sentence">${hang.text}</p>
      ${circle(hang)}
      <ul class="waits">
        ${hang.waits.map(
          ({ tile, text }) => html`<li>${textButton(text, () => this.#grid.reveal(tile))}</li>`,
        )}
      </ul>`;
  }

  #legend({ legend, arrows, warnings }: ArrayPicture): unknown {
    const t = this.#t;
    const kinds = [false, true].filter((ofCircle) => arrows.some(({ hangs }) => hangs === ofCircle));
    return [
      repeat(
        legend,
        ({ state }) => state,
        ({ state, label, count }) =>
          html`<li class="legend-line"
            ><span class=${`cell swatch ${state}`}>${signOf(state)}</span><span>${t('legendLine', label, count)}</span></li
          >`,
      ),
      kinds.map(
        (ofCircle) =>
          html`<li class="legend-line"
            >${arrowSign(ofCircle)}<span>${t(ofCircle ? 'hangArrowsLegend' : 'arrowsLegend')}</span></li
          >`,
      ),
      warnings.length === 0
        ? nothing
        : html`<li class="legend-line"
            ><span class="cell swatch warns"></span><span>${t('warnsLegend')}</span></li
          >`,
    ];
  }

  #heat(heat: ArrayPicture['heat']): TemplateResult | typeof nothing {
    if (heat === undefined) return nothing;
    const steps = heat.isKnown ? Array.from({ length: hottest }, (_, i) => i + 1) : [];
    const swatches = steps.map(
      (step) => html`<span class=${`cell swatch warm warm-${step}`}><span class="bar"></span></span>`,
    );
    return html`<div class="heat"
      >${steps.length === 0 ? nothing : html`<span class="steps">${swatches}</span>`}<span class="text">${heat.text}</span></div
    >`;
  }

  /** As high as the grid likes; in a low view beside the words, if they have room there, else below the sentence. */
  #fit(): void {
    const { classList } = document.body;
    const grid = this.#grid;
    const low = window.innerHeight < lowView;
    classList.toggle('low-view', low);
    classList.remove('beside');
    const { width } = grid;
    if (!low) {
      grid.resize(width);
      return;
    }
    const taken = grid.resize(width, window.innerHeight);
    if (taken > 0 && taken + besideWidth <= width) classList.add('beside');
    else {
      grid.resize(width, window.innerHeight - (this.#hangs.value?.offsetHeight ?? 0));
    }
  }

  #point(cell: ArrayCell | undefined, box: DOMRect | undefined): void {
    clearTimeout(this.#timer);
    this.#showTip([]);
    if (cell === undefined || box === undefined) return;
    this.#timer = setTimeout(() => {
      this.#showTip(this.#now(cell).lines);
      const tooltip = this.#tooltip.value;
      if (tooltip === undefined) return;
      const { offsetWidth, offsetHeight } = tooltip;
      const left = Math.max(4, Math.min(box.left, window.innerWidth - offsetWidth - 4));
      const below = box.bottom + 6;
      const above = box.top - offsetHeight - 6;
      const fits = below + offsetHeight <= window.innerHeight - 4;
      tooltip.style.left = `${left}px`;
      tooltip.style.top = `${fits ? below : Math.max(4, above)}px`;
    }, tooltipDelay);
  }

  #showTip(lines: readonly string[]): void {
    if (this.#tip.length === 0 && lines.length === 0) return;
    this.#tip = lines;
    this.#draw();
  }

  /** The cell as the present picture has it. */
  #now(cell: ArrayCell): ArrayCell {
    const row = this.#picture?.rows.find(({ row }) => row === cell.tile.row);
    return row?.cells.find(({ tile }) => tile.col === cell.tile.col) ?? cell;
  }
}

let page: ArrayPage | undefined;
let picture: ArrayPicture | undefined;
window.addEventListener('message', ({ data: message }: MessageEvent<ToArrayPage | undefined>) => {
  switch (message?.type) {
    case 'init':
      page ??= new ArrayPage(message.strings);
      return;
    case 'picture':
      picture = message.picture;
      break;
    case 'patch':
      picture &&= patchPicture(picture, message.patch);
      break;
    default:
      return;
  }
  if (picture !== undefined) page?.show(picture);
  requestAnimationFrame(() => post({ type: 'drawn', number: message.number }));
});
post({ type: 'ready' });
