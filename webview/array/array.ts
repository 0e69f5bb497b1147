/** The page of the Array view: connects the host's picture with grid, list of waits and legend. */
import './array.css';
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
import { arrowSign } from './arrows.ts';
import { ArrayGrid } from './grid.ts';
import { signOf, svg } from './shapes.ts';
import { type Translate, translator } from './strings.ts';

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

function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  text?: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(text: string, className: string, click: () => void): HTMLButtonElement {
  const element = make('button', className, text);
  element.type = 'button';
  element.addEventListener('click', click);
  return element;
}

/** Outlines of the heads of drawn arrows. */
const heads = {
  east: 'M1 0 L10 5 L1 10 Z',
  west: 'M9 0 L0 5 L9 10 Z',
  north: 'M0 9 L5 0 L10 9 Z',
  south: 'M0 1 L5 10 L10 1 Z',
} as const;

/** The head of a drawn arrow. */
function arrowHead(to: keyof typeof heads): SVGSVGElement {
  const head = svg('svg', { viewBox: '0 0 10 10', class: `circle-head ${to}` });
  head.append(svg('path', { d: heads[to] }));
  return head;
}

/** A tile of a circle with its sign. */
function circleTile({ state, from }: ArrayHangStep): HTMLElement {
  const tile = make('span', 'circle-tile');
  const swatch = make('span', `cell swatch ${state}`);
  const sign = signOf(state);
  if (sign !== undefined) swatch.append(sign);
  tile.append(swatch, formatTile(from));
  return tile;
}

/** Two tiles of a circle; the arrow leads from the left one to the east, or from the right one to the west. */
function circleRow(left: ArrayHangStep, to: 'east' | 'west', right: ArrayHangStep): HTMLElement {
  const arrow = make('span', `circle-arrow ${to}`);
  arrow.append(make('span', 'circle-label', (to === 'east' ? left : right).label), arrowHead(to));
  const row = make('div', 'circle-row');
  row.append(circleTile(left), arrow, circleTile(right));
  return row;
}

/** Shows one child list only when it differs: what has the keyboard keeps it. */
class Part {
  readonly element: HTMLElement;
  #shown = '';

  constructor(element: HTMLElement) {
    this.element = element;
    element.hidden = true;
  }

  show(what: unknown, children: () => readonly HTMLElement[]): void {
    const key = JSON.stringify(what) ?? '';
    if (key === this.#shown) return;
    this.#shown = key;
    const made = children();
    this.element.replaceChildren(...made);
    this.element.hidden = made.length === 0;
  }
}

/** The page once the host has said its words. */
class ArrayPage {
  readonly #t: Translate;
  readonly #grid: ArrayGrid;
  readonly #heading = make('h1', 'spoken');
  readonly #choice = make('select', 'choice');
  readonly #choiceText = make('span', 'choice-text');
  readonly #refresh: HTMLButtonElement;
  readonly #readAt = make('div', 'read-at');
  readonly #spoken = make('div', 'spoken');
  readonly #problem = new Part(make('section', 'problem'));
  readonly #hangs = new Part(make('section', 'hang-list'));
  readonly #legend = new Part(make('ul', 'legend'));
  readonly #tooltip = make('div', 'tooltip');
  #picture: ArrayPicture | undefined;
  #choices = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(strings: ArrayStrings) {
    const t = translator(strings);
    this.#t = t;
    this.#grid = new ArrayGrid(t, {
      focus: (cell) => post({ type: 'focus', tile: cell.tile }),
      open: (cell) => post({ type: 'open', tile: cell.tile }),
      point: (cell, box) => this.#point(cell, box),
    });
    this.#choice.setAttribute('aria-label', t('partition'));
    this.#choice.addEventListener('change', () => post({ type: 'choose', key: this.#choice.value }));
    this.#refresh = button(t('refresh'), 'refresh', () => post({ type: 'command', command: 'refresh' }));
    this.#refresh.title = t('refreshHint');
    this.#legend.element.setAttribute('aria-label', t('legend'));
    this.#hangs.element.setAttribute('aria-label', t('hangs'));
    this.#spoken.setAttribute('role', 'status');
    this.#tooltip.setAttribute('role', 'tooltip');
    this.#tooltip.hidden = true;
    const help = make('div', 'spoken', t('gridHelp'));
    help.id = 'grid-help';
    const top = make('div', 'top');
    top.append(this.#choice, this.#choiceText, this.#refresh);
    const main = make('main', '');
    main.append(
      this.#heading,
      top,
      this.#readAt,
      this.#problem.element,
      this.#hangs.element,
      this.#grid.element,
      this.#legend.element,
      help,
      this.#spoken,
    );
    document.body.append(main, this.#tooltip);
    this.#fit();
    new ResizeObserver(() => this.#fit()).observe(document.documentElement);
    window.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#point(undefined, undefined);
    });
  }

  show(picture: ArrayPicture): void {
    this.#picture = picture;
    this.#heading.textContent = this.#t('gridName', picture.title);
    this.#showChoices(picture);
    this.#refresh.disabled = picture.reading || picture.rows.length === 0;
    this.#refresh.hidden = picture.rows.length === 0;
    this.#readAt.textContent = picture.reading ? this.#t('reading') : picture.readAt;
    this.#readAt.hidden = picture.rows.length === 0;
    this.#problem.show(picture.problem, () => this.#problemParts(picture.problem));
    this.#hangs.show(picture.hangs, () => this.#hangParts(picture));
    this.#grid.element.hidden = picture.rows.length === 0;
    const arrowKinds = [false, true].filter((ofCircle) =>
      picture.arrows.some(({ hangs }) => hangs === ofCircle),
    );
    this.#legend.show([picture.legend, arrowKinds], () => this.#legendParts(picture, arrowKinds));
    this.#grid.show(picture);
    this.#fit();
  }

  /** As high as the grid likes; in a low view beside the words, if they have room there, else below the sentence. */
  #fit(): void {
    const { classList } = document.body;
    const grid = this.#grid;
    const low = window.innerHeight < lowView;
    classList.toggle('low-view', low);
    classList.remove('beside');
    const width = grid.element.clientWidth;
    if (!low) {
      grid.resize(width);
      return;
    }
    const taken = grid.resize(width, window.innerHeight);
    if (taken > 0 && taken + besideWidth <= width) classList.add('beside');
    else grid.resize(width, window.innerHeight - this.#hangs.element.offsetHeight);
  }

  #showChoices(picture: ArrayPicture): void {
    const several = picture.choices.length > 1;
    const key = JSON.stringify(picture.choices);
    if (key !== this.#choices) {
      this.#choices = key;
      this.#choice.replaceChildren(
        ...picture.choices.map((choice) => {
          const option = make('option', '', choice.label);
          option.value = choice.key;
          return option;
        }),
      );
    }
    this.#choice.value = picture.chosen;
    this.#choice.hidden = !several;
    this.#choiceText.hidden = several;
    this.#choiceText.textContent = picture.choices[0]?.label ?? '';
  }

  #problemParts(problem: ArrayProblem | undefined): HTMLElement[] {
    if (problem === undefined) return [];
    const { element } = this.#problem;
    element.className = `problem ${problem.kind}`;
    element.setAttribute('role', problem.kind === 'error' ? 'alert' : 'status');
    const actions = problem.actions.map(({ command, label }) =>
      button(label, 'action', () => post({ type: 'command', command })),
    );
    return [make('p', '', problem.text), ...actions];
  }

  #hangParts(picture: ArrayPicture): HTMLElement[] {
    const parts = picture.hangs.flatMap((hang) => {
      const { text, waits } = hang;
      const sentence = make('p', 'sentence', text);
      const list = make('ul', 'waits');
      list.append(
        ...waits.map((wait) => {
          const item = make('li', '');
          item.append(
            button(wait.text, 'wait', () => {
              this.#grid.reveal(wait.tile);
            }),
          );
          return item;
        }),
      );
      return [sentence, ...this.#circleParts(hang), list];
    });
    this.#spoken.textContent = picture.hangs.map(({ text }) => text).join(' ');
    return parts;
  }

  /**
   * The circle drawn large: two tiles beside each other, four in a square. Each waits for the next. Circles of another
   * length are left to the words and the grid.
   */
  #circleParts({ steps }: ArrayHang): HTMLElement[] {
    const [first, second, third, fourth] = steps;
    if (first === undefined || second === undefined || steps.length > 4 || steps.length === 3) return [];
    const circle = make('div', 'circle');
    // The sentences below say the same.
    circle.setAttribute('aria-hidden', 'true');
    circle.append(circleRow(first, 'east', second));
    if (third === undefined || fourth === undefined) {
      const back = make('div', 'circle-back');
      back.append(arrowHead('north'), make('span', 'circle-label', second.label));
      circle.append(back);
    } else {
      const sides = make('div', 'circle-sides');
      for (const [step, to] of [
        [fourth, 'north'],
        [second, 'south'],
      ] as const) {
        const side = make('div', `circle-side ${to}`);
        side.append(arrowHead(to), make('span', 'circle-label', step.label));
        sides.append(side);
      }
      circle.append(sides, circleRow(fourth, 'west', third));
    }
    return [circle];
  }

  /** `arrowKinds`: for each kind of arrow on the grid whether it is of a circle. */
  #legendParts({ legend }: ArrayPicture, arrowKinds: readonly boolean[]): HTMLElement[] {
    const parts = legend.map(({ state, label, count }) => {
      const item = make('li', 'legend-line');
      const swatch = make('span', `cell swatch ${state}`);
      const sign = signOf(state);
      if (sign !== undefined) swatch.append(sign);
      item.append(swatch, make('span', '', this.#t('legendLine', label, count)));
      return item;
    });
    const arrows = arrowKinds.map((ofCircle) => {
      const item = make('li', 'legend-line');
      item.append(
        arrowSign(ofCircle),
        make('span', '', this.#t(ofCircle ? 'hangArrowsLegend' : 'arrowsLegend')),
      );
      return item;
    });
    return [...parts, ...arrows];
  }

  #point(cell: ArrayCell | undefined, box: DOMRect | undefined): void {
    clearTimeout(this.#timer);
    this.#tooltip.hidden = true;
    if (cell === undefined || box === undefined) return;
    this.#timer = setTimeout(() => {
      const [first, ...rest] = this.#now(cell).lines;
      if (first === undefined) return;
      this.#tooltip.replaceChildren(make('strong', '', first), ...rest.map((line) => make('div', '', line)));
      this.#tooltip.hidden = false;
      const { offsetWidth, offsetHeight } = this.#tooltip;
      const left = Math.max(4, Math.min(box.left, window.innerWidth - offsetWidth - 4));
      const below = box.bottom + 6;
      const above = box.top - offsetHeight - 6;
      const fits = below + offsetHeight <= window.innerHeight - 4;
      this.#tooltip.style.left = `${left}px`;
      this.#tooltip.style.top = `${fits ? below : Math.max(4, above)}px`;
    }, tooltipDelay);
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
