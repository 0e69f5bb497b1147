/**
 * The grid of cells: one tab stop, arrow keys, accessible names. Cells are kept while the shape stays: a new picture
 * changes only what differs.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { createRef, ref } from 'lit/directives/ref.js';
import type { ArrayCell, ArrayPicture, ArrayRow, ArrayStrings } from '../../src/array/messages.ts';
import type { Tile } from '../../src/model/geometry.ts';
import type { Box } from '../box.ts';
import type { Translate } from '../strings.ts';
import { arrowsOn } from './arrows.ts';
import { signOf } from './shapes.ts';
import { type GridLimits, type GridSizes, gridSizes, narrowestOther } from './sizes.ts';

/** What the grid tells. */
export interface GridEvents {
  /** A person moved to a tile. */
  focus(cell: ArrayCell): void;
  open(cell: ArrayCell): void;
  /** The grid changed by itself: its template is to be rendered, at once. */
  draw(): void;
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

/** Where a cell stands: indices of its row and column in the picture. */
interface Place {
  readonly line: number;
  readonly column: number;
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

/** For each column of the picture, whether it has a tile of the shown partition. */
function insideColumns({ rows }: ArrayPicture): boolean[] {
  return (rows[0]?.cells ?? []).map((_, column) =>
    rows.some(({ cells }) => {
      const cell = cells[column];
      return cell !== undefined && isInside(cell);
    }),
  );
}

export class ArrayGrid {
  readonly #t: Translate<ArrayStrings>;
  readonly #events: GridEvents;
  readonly #scroller = createRef<HTMLElement>();
  #picture: ArrayPicture | undefined;
  #shape = '';
  #sizes: GridSizes | undefined;
  #gutters: readonly number[] = [0, 0];
  /** Top of each row in the sheet, pixels, as last drawn. */
  #tops: readonly number[] = [];
  /** Where the arrows are drawn: over the cells, pixels in the sheet. */
  #overlay = { left: 0, height: 0 };
  /** Rows without a number, for want of room. */
  #unnumbered: ReadonlySet<number> = new Set();
  /** The tiles that hang, to see whether they are others. */
  #hanging = '';
  /** The cell that is the tab stop. */
  #at: Place = { line: 0, column: 0 };

  constructor(t: Translate<ArrayStrings>, events: GridEvents) {
    this.#t = t;
    this.#events = events;
  }

  /** Width that the page gives to the grid, pixels. */
  get width(): number {
    return this.#scroller.value?.clientWidth ?? 0;
  }

  /** Takes a picture for the next `template`; `resize` fits it into its place. */
  show(picture: ArrayPicture): void {
    this.#picture = picture;
    const shape = shapeOf(picture);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#sizes = undefined;
    this.#tops = [];
    this.#at = this.#start(picture);
  }

  /** The grid as it is now. */
  template(): TemplateResult {
    const picture = this.#picture;
    const sizes = this.#sizes;
    const classes = ['scroller'];
    if (sizes !== undefined && sizes.cell < narrow) classes.push('tiny');
    if (sizes !== undefined && sizes.height < 13) classes.push('low');
    return html`<div
      ${ref(this.#scroller)}
      class=${classes.join(' ')}
      .style=${sizes === undefined ? '' : this.#style(sizes)}
      ?hidden=${picture === undefined || picture.rows.length === 0}
      @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
      @click=${(event: Event) => this.#onClick(event)}
      @pointerover=${(event: Event) => this.#point(event.target)}
      @pointerleave=${() => this.#events.point(undefined, undefined)}
      @focusin=${(event: Event) => this.#point(event.target)}
      @focusout=${() => this.#events.point(undefined, undefined)}
      @scroll=${() => this.#events.point(undefined, undefined)}
      >${picture === undefined ? nothing : keyed(this.#shape, this.#sheet(picture))}</div
    >`;
  }

  /**
   * Fits the cells into a width and, as far as they stay legible, a height, pixels: then only the partition's columns are
   * shown. Without a height cells are as high as they are wide. Has the page drawn. Returns the width that the grid takes.
   */
  resize(width: number, room?: number): number {
    const picture = this.#picture;
    if (picture === undefined || picture.rows.length === 0) return 0;
    const inside = insideColumns(picture);
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
    this.#gutters = roomy.cell >= narrow ? wanted : [0, 0];
    this.#sizes = roomy.cell >= narrow ? roomy : sized(width - aroundCells);
    // What is hidden cannot be reached with the keyboard, nor keep it.
    const isLost = !this.#hasWidth(this.#at.column);
    const hadKeyboard = isLost && this.#cellAt(this.#at) === document.activeElement;
    if (isLost) this.#at = this.#start(picture);
    this.#events.draw();
    if (hadKeyboard) this.#cellAt(this.#at)?.focus();
    this.#measure(picture);
    this.#events.draw();
    this.#showHanging(picture);
    const edge = this.#sizes.edges.at(-1) ?? 0;
    return edge + aroundCells + this.#gutters.reduce((sum, one) => sum + one, 0);
  }

  /** Moves the tab stop to a tile and the keyboard with it. */
  reveal(tile: Tile): void {
    const place = this.#placeOfTile(tile);
    if (place !== undefined) this.#moveTo(place);
  }

  /** Scrolls sideways to tiles that began to wait for each other, unless one of them is in sight. */
  #showHanging(picture: ArrayPicture): void {
    const hanging = picture.rows.flatMap(({ cells }) => cells.filter(({ hangs }) => hangs));
    const key = hanging.map(({ tile }) => `${tile.col},${tile.row}`).join(' ');
    if (key === this.#hanging) return;
    this.#hanging = key;
    const [first] = hanging;
    const box = first && this.#box(first.tile);
    const scroller = this.#scroller.value;
    if (box === undefined || scroller === undefined) return;
    const inView = scroller.clientWidth - aroundCells;
    const from = scroller.scrollLeft;
    if (box.left >= from && box.left + box.width <= from + inView) return;
    scroller.scrollLeft = box.left - (inView - box.width) / 2;
  }

  /** Learns where the rows were drawn, and which of their numbers have room; those of tiles that hang come first. */
  #measure({ rows }: ArrayPicture): void {
    const lines = [...(this.#scroller.value?.querySelectorAll<HTMLElement>('.grid > .line') ?? [])];
    this.#tops = lines.map(({ offsetTop }) => offsetTop);
    const last = lines.at(-1);
    this.#overlay = {
      left: lines[0]?.querySelector<HTMLElement>('.cells')?.offsetLeft ?? 0,
      height: last === undefined ? 0 : last.offsetTop + last.offsetHeight,
    };
    const places = this.#tops.map((top, line) => ({
      line,
      top,
      hangs: rows[line]?.cells.some(({ hangs }) => hangs) === true,
    }));
    const taken: number[] = [];
    const unnumbered = new Set<number>();
    for (const { line, top } of places.sort((a, b) => Number(b.hangs) - Number(a.hangs) || b.top - a.top)) {
      if (taken.every((other) => Math.abs(other - top) >= numberHeight)) taken.push(top);
      else unnumbered.add(line);
    }
    this.#unnumbered = unnumbered;
  }

  #style({ edges, height, cell }: GridSizes): string {
    const columns = edges
      .slice(1)
      .map((edge, i) => edge - (edges[i] ?? 0))
      .filter((width) => width > 0)
      .map((width) => `${width}px`)
      .join(' ');
    const gutters = this.#gutters.map((one) => `${one}px`).join(' ');
    return `--columns: ${columns}; --cell-height: ${height}px; --cell-width: ${cell}px; --gutters: ${gutters}`;
  }

  #sheet(picture: ArrayPicture): TemplateResult {
    const t = this.#t;
    const { rows, arrows } = picture;
    const edge = this.#sizes?.edges.at(-1) ?? 0;
    return html`<div class="sheet">
      <div
        class="grid"
        role="grid"
        aria-label=${t('gridName', picture.title)}
        aria-rowcount=${rows.length}
        aria-colcount=${rows[0]?.cells.length ?? 0}
        aria-describedby="grid-help"
        aria-readonly="true"
        >${rows.map((row, line) => this.#row(row, line, picture))}</div
      >
      <div class="line numbers" role="presentation" aria-hidden="true">
        <div class="row-number" title=${t('rowHint')}>${t('row')}</div>
        <div class="strip" .style=${`width: ${edge}px`}>${this.#columnNumbers(picture)}</div>
        <div class="compute-row" title=${t('computeRowHint')}>${t('computeRow')}</div>
      </div>
      <svg
        class="arrows"
        aria-hidden="true"
        width=${edge}
        height=${this.#overlay.height}
        .style=${`left: ${this.#overlay.left}px`}
        >${arrowsOn(arrows, (tile) => this.#box(tile))}</svg
      >
    </div>`;
  }

  #row(row: ArrayRow, line: number, { rows, focused }: ArrayPicture): TemplateResult {
    const classes = ['line', row.kind];
    if (rows[line + 1]?.kind !== row.kind) classes.push('last-of-kind');
    if (row.cells.some(({ hangs }) => hangs)) classes.push('alarm');
    if (this.#unnumbered.has(line)) classes.push('unnumbered');
    const side =
      row.kind === 'core'
        ? `${row.computeRow ?? ''}`
        : this.#t(row.kind === 'memory' ? 'memorySide' : 'shimSide');
    return html`<div class=${classes.join(' ')} role="row" aria-rowindex=${line + 1}>
      <div class="row-number" role="rowheader" aria-label=${this.#rowName(row)}>${row.row}</div>
      <div class="cells" role="presentation"
        >${row.cells.map((cell, column) => this.#cell(cell, { line, column }, focused))}</div
      >
      <div class="compute-row" role="presentation">${side}</div>
    </div>`;
  }

  #cell(cell: ArrayCell, { line, column }: Place, focused: Tile | undefined): TemplateResult {
    const isFocused = focused !== undefined && sameTile(cell.tile, focused);
    const isTabStop = this.#at.line === line && this.#at.column === column;
    const classes = ['cell', cell.state];
    if (cell.hangs) classes.push('hangs');
    if (cell.warns) classes.push('warns');
    if (cell.heat !== undefined) classes.push('warm', `warm-${cell.heat}`);
    if (isFocused) classes.push('focused');
    return html`<div
      class=${classes.join(' ')}
      role="gridcell"
      tabindex=${isTabStop ? 0 : -1}
      aria-colindex=${column + 1}
      aria-selected=${isFocused}
      aria-label=${cell.lines.join('. ')}
      ?hidden=${!this.#hasWidth(column)}
      >${signOf(cell.state)}${cell.heat === undefined ? nothing : html`<span class="bar"></span>`}</div
    >`;
  }

  /** The first tab stop: the lowest core of the partition's first column; without cores its lowest tile. */
  #start({ rows }: ArrayPicture): Place {
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

  /** Column numbers, as many as there is room for; those of tiles that hang come first. */
  #columnNumbers(picture: ArrayPicture): readonly TemplateResult[] {
    if (this.#sizes === undefined) return [];
    const { edges, cell, numberEvery } = this.#sizes;
    const inside = insideColumns(picture);
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
    const shown: { readonly middle: number; readonly number: TemplateResult }[] = [];
    for (const { column, index, isInside, middle } of candidates.sort((a, b) => a.rank - b.rank)) {
      const half = `${column}`.length * 3.6 + 1;
      if (taken.some(({ from, to }) => middle + half > from && middle - half < to)) continue;
      taken.push({ from: middle - half, to: middle + half });
      const classes = [isInside ? '' : 'other', hanging[index] === true ? 'alarm' : ''];
      const number = html`<span class=${classes.join(' ').trim()} .style=${`left: ${middle}px`}>${column}</span>`;
      shown.push({ middle, number });
    }
    return shown.sort((a, b) => a.middle - b.middle).map(({ number }) => number);
  }

  /** Where a tile's cell is on the overlay. */
  #box(tile: Tile): Box | undefined {
    const place = this.#placeOfTile(tile);
    const top = place && this.#tops[place.line];
    if (place === undefined || top === undefined || this.#sizes === undefined) return undefined;
    const { edges, height } = this.#sizes;
    const left = edges[place.column] ?? 0;
    const right = edges[place.column + 1] ?? left;
    return { left, top, width: right - left, height };
  }

  #placeOfTile(tile: Tile): Place | undefined {
    const rows = this.#picture?.rows ?? [];
    const line = rows.findIndex(({ row }) => row === tile.row);
    const column = rows[line]?.cells.findIndex((cell) => cell.tile.col === tile.col) ?? -1;
    return column < 0 ? undefined : { line, column };
  }

  #placeOf(target: EventTarget | null): Place | undefined {
    const element = target instanceof Element ? target.closest('.cell') : null;
    if (element === null) return undefined;
    const line = Number(element.closest('.line')?.getAttribute('aria-rowindex')) - 1;
    return { line, column: Number(element.getAttribute('aria-colindex')) - 1 };
  }

  #shownAt({ line, column }: Place): ArrayCell | undefined {
    return this.#picture?.rows[line]?.cells[column];
  }

  /** The element of a cell, if it is drawn. */
  #cellAt({ line, column }: Place): HTMLElement | undefined {
    const found = this.#scroller.value?.querySelector<HTMLElement>(
      `.line[aria-rowindex="${line + 1}"] .cell[aria-colindex="${column + 1}"]`,
    );
    return found ?? undefined;
  }

  #point(target: EventTarget | null): void {
    const place = this.#placeOf(target);
    if (place === undefined) this.#events.point(undefined, undefined);
    else this.#events.point(this.#shownAt(place), this.#cellAt(place)?.getBoundingClientRect());
  }

  /** Columns of other partitions have none in a low view. */
  #hasWidth(column: number): boolean {
    const edges = this.#sizes?.edges;
    return edges === undefined || (edges[column + 1] ?? 0) > (edges[column] ?? 0);
  }

  #moveTo(place: Place): void {
    const cell = this.#shownAt(place);
    if (cell === undefined || !this.#hasWidth(place.column)) return;
    this.#at = place;
    this.#events.draw();
    this.#cellAt(place)?.focus();
    this.#events.focus(cell);
  }

  #onClick(event: Event): void {
    const place = this.#placeOf(event.target);
    if (place === undefined) return;
    this.#moveTo(place);
    const cell = this.#shownAt(place);
    if (cell !== undefined) this.#events.open(cell);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const { line, column } = this.#at;
    const rows = this.#picture?.rows ?? [];
    const lastLine = rows.length - 1;
    const columns = [...(rows[line]?.cells.keys() ?? [])].filter((one) => this.#hasWidth(one));
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
      this.#moveTo({ line: place[0], column: place[1] });
      return;
    }
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    const cell = this.#shownAt(this.#at);
    if (cell !== undefined) this.#events.open(cell);
  }
}

const kindKeys = { shim: 'shimRow', memory: 'memoryRow', core: 'coreRow' } as const;

function sameTile(a: Tile, b: Tile): boolean {
  return a.col === b.col && a.row === b.row;
}
