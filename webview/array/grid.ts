/**
 * The grid of cells: one tab stop, arrow keys, accessible names. Cells are kept while the shape stays: a new picture
 * changes only what differs.
 */
import { render } from 'lit';
import type { ArrayCell, ArrayPicture, ArrayRow, CellState } from '../../src/array/messages.ts';
import type { Tile } from '../../src/model/geometry.ts';
import type { Box } from '../box.ts';
import { drawArrows } from './arrows.ts';
import { signOf } from './shapes.ts';
import { type GridLimits, type GridSizes, gridSizes, narrowestOther } from './sizes.ts';
import type { Translate } from './strings.ts';

/** What the grid tells. */
export interface GridEvents {
  /** A person moved to a tile. */
  focus(cell: ArrayCell): void;
  open(cell: ArrayCell): void;
  /** The cell that the pointer or the keyboard is on; without one, none. */
  point(cell: ArrayCell | undefined, box: DOMRect | undefined): void;
}

/** Width that the row numbers and the margins take, pixels. */
const aroundCells = 58;
/** Room on either side of the cells for the arrows of the outermost, pixels; beside narrow cells there is none. */
const gutter = 14;
/** Cells narrower than this are narrow, pixels. */
const narrow = 10;
/** A row number needs this height, pixels. */
const numberHeight = 8;
/** Cells of a low view are this wide at most, pixels: words fit beside a narrow array. */
const widestLowCell = 18;
/** Height that column numbers, gaps between kinds of rows and margins take, pixels. */
const aroundRows = 36;

interface Drawn {
  cell: ArrayCell;
  readonly element: HTMLElement;
  state: CellState | undefined;
  isFocused: boolean;
}

function div(className: string, role?: string): HTMLElement {
  const element = document.createElement('div');
  element.className = className;
  if (role !== undefined) element.setAttribute('role', role);
  return element;
}

/** Text of the same tile and shape, to see whether cells can be kept. */
function shapeOf(picture: ArrayPicture): string {
  const rows = picture.rows.map(({ row, kind, computeRow }) => `${row}${kind}${computeRow ?? ''}`);
  return `${picture.firstColumn};${picture.rows[0]?.cells.length ?? 0};${rows.join()}`;
}

/** Whether a cell is a tile of the shown partition. */
function isInside({ state }: ArrayCell): boolean {
  return state !== 'other' && state !== 'outside';
}

export class ArrayGrid {
  readonly element = div('scroller');
  readonly #t: Translate;
  readonly #events: GridEvents;
  #picture: ArrayPicture | undefined;
  #shape = '';
  #rows: Drawn[][] = [];
  #lines: HTMLElement[] = [];
  #grid: HTMLElement | undefined;
  #numbers: HTMLElement | undefined;
  #overlay: SVGSVGElement | undefined;
  #sizes: GridSizes | undefined;
  /** The tiles that hang, to see whether they are others. */
  #hanging = '';
  /** Indices of the cell that is the tab stop. */
  #at = { line: 0, column: 0 };

  constructor(t: Translate, events: GridEvents) {
    this.#t = t;
    this.#events = events;
    this.element.addEventListener('keydown', (event) => this.#onKey(event));
    this.element.addEventListener('click', (event) => {
      const place = this.#placeOf(event.target);
      if (place === undefined) return;
      this.#moveTo(place.line, place.column);
      const drawn = this.#rows[place.line]?.[place.column];
      if (drawn !== undefined) this.#events.open(drawn.cell);
    });
    this.element.addEventListener('pointerover', (event) => this.#point(event.target));
    this.element.addEventListener('pointerleave', () => this.#events.point(undefined, undefined));
    this.element.addEventListener('focusin', (event) => this.#point(event.target));
    this.element.addEventListener('focusout', () => this.#events.point(undefined, undefined));
    this.element.addEventListener('scroll', () => this.#events.point(undefined, undefined));
  }

  /** Shows a picture; `resize` fits it into its place. */
  show(picture: ArrayPicture): void {
    this.#picture = picture;
    const shape = shapeOf(picture);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(picture);
    }
    this.#grid?.setAttribute('aria-label', this.#t('gridName', picture.title));
    picture.rows.forEach((row, line) => {
      this.#lines[line]?.classList.toggle(
        'alarm',
        row.cells.some(({ hangs }) => hangs),
      );
      row.cells.forEach((cell, column) => {
        const drawn = this.#rows[line]?.[column];
        if (drawn !== undefined) this.#paint(drawn, cell, picture.focused);
      });
    });
  }

  /**
   * Fits the cells into a width and, as far as they stay legible, a height, pixels: then only the partition's columns are
   * shown. Without a height cells are as high as they are wide. Returns the width that the grid takes.
   */
  resize(width: number, room?: number): number {
    const picture = this.#picture;
    const [first] = picture?.rows ?? [];
    if (picture === undefined || first === undefined || this.#overlay === undefined) return 0;
    const inside = first.cells.map((_, column) =>
      picture.rows.some(({ cells }) => {
        const cell = cells[column];
        return cell !== undefined && isInside(cell);
      }),
    );
    const limits: GridLimits =
      room === undefined
        ? {}
        : { rowHeight: (room - aroundRows) / picture.rows.length, widest: widestLowCell, alone: true };
    const sized = (available: number): GridSizes => gridSizes(available, inside, limits);
    // Columns of others beside the partition are room, too.
    const besideFirst = room === undefined ? Math.max(inside.indexOf(true), 0) : 0;
    const besideLast = room === undefined ? inside.length - 1 - Math.max(inside.lastIndexOf(true), 0) : 0;
    const wanted = [besideFirst, besideLast].map((columns) => Math.max(0, gutter - columns * narrowestOther));
    const roomy = sized(width - aroundCells - wanted.reduce((sum, one) => sum + one, 0));
    const gutters = roomy.cell >= narrow ? wanted : [0, 0];
    const sizes = roomy.cell >= narrow ? roomy : sized(width - aroundCells);
    this.#sizes = sizes;
    const { edges, height } = sizes;
    const template = edges
      .slice(1)
      .map((edge, i) => edge - (edges[i] ?? 0))
      .filter((width) => width > 0)
      .map((width) => `${width}px`)
      .join(' ');
    const hadKeyboard = this.#tabStop?.element === document.activeElement;
    for (const cells of this.#rows) {
      for (const [column, { element }] of cells.entries()) {
        if (element.hidden === this.#hasWidth(column)) element.hidden = !element.hidden;
      }
    }
    // What is hidden cannot be reached with the keyboard, nor keep it.
    if (!this.#hasWidth(this.#at.column)) {
      this.#setTabStop(this.#start(picture));
      if (hadKeyboard) this.#tabStop?.element.focus();
    }
    this.element.style.setProperty('--columns', template);
    this.element.style.setProperty('--cell-height', `${height}px`);
    this.element.style.setProperty('--cell-width', `${sizes.cell}px`);
    this.element.classList.toggle('tiny', sizes.cell < narrow);
    this.element.style.setProperty('--gutters', gutters.map((one) => `${one}px`).join(' '));
    this.element.classList.toggle('low', height < 13);
    this.#number(picture, sizes, inside);
    this.#numberRows(picture);
    const [line] = this.#lines;
    const cells = line?.querySelector<HTMLElement>('.cells');
    const last = this.#lines.at(-1);
    const taken = (edges.at(-1) ?? 0) + aroundCells + gutters.reduce((sum, one) => sum + one, 0);
    if (line === undefined || last === undefined || !cells) return taken;
    const overlay = this.#overlay;
    overlay.style.left = `${cells.offsetLeft}px`;
    overlay.setAttribute('width', `${edges.at(-1) ?? 0}`);
    overlay.setAttribute('height', `${last.offsetTop + last.offsetHeight}`);
    drawArrows(overlay, picture.arrows, (tile) => this.#box(tile));
    this.#showHanging(picture);
    return taken;
  }

  /** Scrolls sideways to tiles that began to wait for each other, unless one of them is in sight. */
  #showHanging(picture: ArrayPicture): void {
    const hanging = picture.rows.flatMap(({ cells }) => cells.filter(({ hangs }) => hangs));
    const key = hanging.map(({ tile }) => `${tile.col},${tile.row}`).join(' ');
    if (key === this.#hanging) return;
    this.#hanging = key;
    const [first] = hanging;
    const box = first && this.#box(first.tile);
    if (box === undefined) return;
    const inView = this.element.clientWidth - aroundCells;
    const from = this.element.scrollLeft;
    if (box.left >= from && box.left + box.width <= from + inView) return;
    this.element.scrollLeft = box.left - (inView - box.width) / 2;
  }

  /** Moves the tab stop to a tile and the keyboard with it. */
  reveal(tile: Tile): void {
    const place = this.#placeOfTile(tile);
    if (place !== undefined) this.#moveTo(place.line, place.column);
  }

  #build(picture: ArrayPicture): void {
    const t = this.#t;
    const columns = picture.rows[0]?.cells.length ?? 0;
    const grid = div('grid', 'grid');
    grid.setAttribute('aria-rowcount', `${picture.rows.length}`);
    grid.setAttribute('aria-colcount', `${columns}`);
    grid.setAttribute('aria-describedby', 'grid-help');
    grid.setAttribute('aria-readonly', 'true');
    this.#rows = [];
    this.#lines = [];
    picture.rows.forEach((row, index) => {
      const line = div(`line ${row.kind}`, 'row');
      line.setAttribute('aria-rowindex', `${index + 1}`);
      if (picture.rows[index + 1]?.kind !== row.kind) line.classList.add('last-of-kind');
      const heading = div('row-number', 'rowheader');
      heading.textContent = `${row.row}`;
      heading.setAttribute('aria-label', this.#rowName(row));
      const cells = div('cells', 'presentation');
      this.#rows.push(
        row.cells.map((cell, column) => {
          const element = div('cell', 'gridcell');
          element.tabIndex = -1;
          element.setAttribute('aria-colindex', `${column + 1}`);
          cells.append(element);
          return { cell, element, state: undefined, isFocused: false };
        }),
      );
      const side = div('compute-row', 'presentation');
      side.textContent =
        row.kind === 'core'
          ? `${row.computeRow ?? ''}`
          : t(row.kind === 'memory' ? 'memorySide' : 'shimSide');
      line.append(heading, cells, side);
      this.#lines.push(line);
      grid.append(line);
    });
    const numbers = div('line numbers', 'presentation');
    numbers.setAttribute('aria-hidden', 'true');
    const corner = div('row-number');
    corner.textContent = t('row');
    corner.title = t('rowHint');
    const strip = div('strip');
    const side = div('compute-row');
    side.textContent = t('computeRow');
    side.title = t('computeRowHint');
    numbers.append(corner, strip, side);
    this.#numbers = strip;
    this.#overlay = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    this.#overlay.setAttribute('class', 'arrows');
    this.#overlay.setAttribute('aria-hidden', 'true');
    const sheet = div('sheet');
    sheet.append(grid, numbers, this.#overlay);
    this.#grid = grid;
    this.element.replaceChildren(sheet);
    this.#setTabStop(this.#start(picture));
  }

  /** The first tab stop: the lowest core of the partition's first column; without cores its lowest tile. */
  #start({ rows }: ArrayPicture): { line: number; column: number } {
    const places = rows.flatMap(({ cells, kind }, line) => {
      const column = cells.findIndex(isInside);
      return column < 0 ? [] : [{ line, column, kind }];
    });
    return (
      places.findLast(({ kind }) => kind === 'core') ??
      places.at(-1) ?? { line: Math.max(rows.length - 1, 0), column: 0 }
    );
  }

  #rowName(row: ArrayRow): string {
    if (row.kind === 'core' && row.computeRow !== undefined) {
      return this.#t('coreRowName', row.row, row.computeRow);
    }
    return this.#t('rowName', row.row, this.#t(kindKeys[row.kind]));
  }

  #paint(drawn: Drawn, cell: ArrayCell, focused: Tile | undefined): void {
    const { element } = drawn;
    const isFocused = focused !== undefined && sameTile(cell.tile, focused);
    if (drawn.state !== undefined && drawn.cell === cell && drawn.isFocused === isFocused) return;
    drawn.cell = cell;
    drawn.isFocused = isFocused;
    if (drawn.state !== cell.state) {
      if (drawn.state !== undefined) element.classList.remove(drawn.state);
      drawn.state = cell.state;
      element.classList.add(cell.state);
      render(signOf(cell.state), element);
    }
    element.classList.toggle('hangs', cell.hangs);
    element.classList.toggle('focused', isFocused);
    element.setAttribute('aria-selected', `${isFocused}`);
    const name = cell.lines.join('. ');
    if (element.getAttribute('aria-label') !== name) element.setAttribute('aria-label', name);
  }

  /** Row numbers, as many as there is room for; those of tiles that hang come first. */
  #numberRows(picture: ArrayPicture): void {
    const places = this.#lines.map((line, index) => ({
      line,
      top: line.offsetTop,
      hangs: picture.rows[index]?.cells.some(({ hangs }) => hangs) === true,
    }));
    const taken: number[] = [];
    for (const { line, top } of places.sort((a, b) => Number(b.hangs) - Number(a.hangs) || b.top - a.top)) {
      const fits = taken.every((other) => Math.abs(other - top) >= numberHeight);
      if (fits) taken.push(top);
      line.classList.toggle('unnumbered', !fits);
    }
  }

  /** Column numbers, as many as there is room for; those of tiles that hang come first. */
  #number(picture: ArrayPicture, sizes: GridSizes, inside: readonly boolean[]): void {
    const strip = this.#numbers;
    if (strip === undefined) return;
    const { edges, cell, numberEvery } = sizes;
    const hanging = inside.map((_, index) => picture.rows.some(({ cells }) => cells[index]?.hangs === true));
    const candidates = inside.flatMap((isInside, index) => {
      const left = edges[index] ?? 0;
      const width = (edges[index + 1] ?? left) - left;
      const column = picture.firstColumn + index;
      const rank = hanging[index] === true ? 0 : index === inside.indexOf(true) ? 1 : 2;
      const wanted = rank < 2 || (isInside ? column % numberEvery === 0 : width >= cell);
      return wanted ? [{ column, index, rank, isInside, middle: left + width / 2 }] : [];
    });
    const taken: { readonly from: number; readonly to: number }[] = [];
    const shown: { readonly middle: number; readonly number: HTMLElement }[] = [];
    for (const { column, index, isInside, middle } of candidates.sort((a, b) => a.rank - b.rank)) {
      const half = `${column}`.length * 3.6 + 1;
      if (taken.some(({ from, to }) => middle + half > from && middle - half < to)) continue;
      taken.push({ from: middle - half, to: middle + half });
      const number = document.createElement('span');
      number.textContent = `${column}`;
      number.style.left = `${middle}px`;
      number.classList.toggle('other', !isInside);
      number.classList.toggle('alarm', hanging[index] === true);
      shown.push({ middle, number });
    }
    strip.style.width = `${edges.at(-1) ?? 0}px`;
    strip.replaceChildren(...shown.sort((a, b) => a.middle - b.middle).map(({ number }) => number));
  }

  /** Where a tile's cell is on the overlay. */
  #box(tile: Tile): Box | undefined {
    const place = this.#placeOfTile(tile);
    const line = place && this.#lines[place.line];
    if (place === undefined || line === undefined || this.#sizes === undefined) return undefined;
    const { edges, height } = this.#sizes;
    const left = edges[place.column] ?? 0;
    const right = edges[place.column + 1] ?? left;
    return { left, top: line.offsetTop, width: right - left, height };
  }

  #placeOfTile(tile: Tile): { line: number; column: number } | undefined {
    const line = this.#rows.findIndex((cells) => cells[0]?.cell.tile.row === tile.row);
    const column = this.#rows[line]?.findIndex((drawn) => drawn.cell.tile.col === tile.col) ?? -1;
    return column < 0 ? undefined : { line, column };
  }

  #placeOf(target: EventTarget | null): { line: number; column: number } | undefined {
    const element = target instanceof Element ? target.closest('.cell') : null;
    if (element === null) return undefined;
    for (const [line, cells] of this.#rows.entries()) {
      const column = cells.findIndex((drawn) => drawn.element === element);
      if (column >= 0) return { line, column };
    }
    return undefined;
  }

  #point(target: EventTarget | null): void {
    const place = this.#placeOf(target);
    const drawn = place && this.#rows[place.line]?.[place.column];
    this.#events.point(drawn?.cell, drawn?.element.getBoundingClientRect());
  }

  /** Columns of other partitions have none in a low view. */
  #hasWidth(column: number): boolean {
    const edges = this.#sizes?.edges;
    return edges === undefined || (edges[column + 1] ?? 0) > (edges[column] ?? 0);
  }

  /** The cell that is the tab stop. */
  get #tabStop(): Drawn | undefined {
    return this.#rows[this.#at.line]?.[this.#at.column];
  }

  #setTabStop(at: { readonly line: number; readonly column: number }): void {
    if (this.#tabStop !== undefined) this.#tabStop.element.tabIndex = -1;
    this.#at = at;
    if (this.#tabStop !== undefined) this.#tabStop.element.tabIndex = 0;
  }

  #moveTo(line: number, column: number): void {
    const drawn = this.#rows[line]?.[column];
    if (drawn === undefined || !this.#hasWidth(column)) return;
    this.#setTabStop({ line, column });
    drawn.element.focus();
    this.#events.focus(drawn.cell);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const { line, column } = this.#at;
    const lastLine = this.#rows.length - 1;
    const columns = [...(this.#rows[line]?.keys() ?? [])].filter((one) => this.#hasWidth(one));
    const [firstColumn = 0] = columns;
    const lastColumn = columns.at(-1) ?? 0;
    const to: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [line, column - 1],
      ArrowRight: [line, column + 1],
      ArrowUp: [line - 1, column],
      ArrowDown: [line + 1, column],
      Home: [event.ctrlKey ? 0 : line, firstColumn],
      End: [event.ctrlKey ? lastLine : line, lastColumn],
    };
    const place = to[event.key];
    if (place !== undefined) {
      event.preventDefault();
      this.#moveTo(...place);
      return;
    }
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    if (this.#tabStop !== undefined) this.#events.open(this.#tabStop.cell);
  }
}

const kindKeys = { shim: 'shimRow', memory: 'memoryRow', core: 'coreRow' } as const;

function sameTile(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}
