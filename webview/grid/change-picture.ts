/**
 * The marks of what changed, as a picture behind each pane that has one pixel for each character of a row, and as many above each
 * other as the rows are high: the engine stretches it sideways. However many bytes change, the text itself has no marks for it:
 * runs of it would have to be painted one by one, which takes the page five times as long. Single-threaded.
 */
import { type Pane, panes } from './selection.ts';

/** How a change is marked, as a small number; 0 is not at all. */
export const changeCodes = {
  /** Some time ago. */
  fading: 1,
  /** Just now. */
  changed: 2,
  /** Perhaps in the middle of being written. */
  torn: 3,
} as const;

/** A row of the picture. */
export interface PicturedRow {
  /** A code for each column of bytes, in each pane. */
  readonly changes: Readonly<Record<Pane, Uint8Array>>;
}

/** Where a pane's characters are. */
interface PicturedPane {
  /** Left edge in the layer, pixels. */
  readonly left: number;
  /** Characters of a row. */
  readonly width: number;
  /** The first character of a column of bytes, and the one after its last. */
  readonly start: (column: number) => number;
  readonly end: (column: number) => number;
}

/** Where rows are drawn: the same object as long as all of it stays the same. Whole pixels but for the width of a character. */
export interface PicturedGrid {
  readonly panes: Readonly<Record<Pane, PicturedPane>>;
  readonly rowHeight: number;
  /** Where the text of a row begins, and how high it is: marks are as high. */
  readonly textTop: number;
  readonly textHeight: number;
  readonly characterWidth: number;
}

/** How a line is drawn, as what is on of each run of characters. */
type Line = readonly boolean[];
const solid: Line = [true];
const dotted: Line = [true, false];
const dashed: Line = [true, true, true, false];

/** Lines of a mark: along the top of the text, along its bottom, and a second one there. */
type Lines = readonly [top: Line | undefined, bottom: Line | undefined, second?: Line];

interface Look {
  /** Name of the property with the colour of the tint, and of the lines. */
  readonly tint: string;
  readonly line: string;
  readonly lines: Lines;
}

/** Looks by code, the first one of no change. */
const looks: readonly (Look | undefined)[] = [
  undefined,
  { tint: '--fading-tint', line: '--change-line', lines: [dotted, undefined] },
  { tint: '--changed-tint', line: '--change-line', lines: [solid, undefined] },
  { tint: '--changed-tint', line: '--torn-line', lines: [undefined, dashed] },
];

/** Where there are no tints, lines alone tell the marks apart, also from those of a cell that was found. */
const looksWithoutTints: readonly (Look | undefined)[] = [
  undefined,
  { tint: '--fading-tint', line: '--change-line', lines: [undefined, dotted] },
  { tint: '--changed-tint', line: '--change-line', lines: [undefined, solid, solid] },
  { tint: '--changed-tint', line: '--torn-line', lines: [undefined, dashed, dashed] },
];

/** A look with its colours as pixels. */
interface Paint {
  readonly tint: number;
  readonly line: number;
  readonly lines: Lines;
}

/** The picture of one pane: a canvas, its pixels, and the codes that they were drawn from. Canvas and pixels have the same size. */
class Plane {
  readonly element = document.createElement('canvas');
  readonly #pane: Pane;
  readonly #context = this.element.getContext('2d');
  #image: ImageData | undefined;
  #pixels = new Uint32Array();
  /** Codes of each row as drawn; those of a row that was not drawn yet are empty. */
  #drawn: Uint8Array[] = [];
  #grid: PicturedGrid | undefined;

  constructor(pane: Pane) {
    this.#pane = pane;
    this.element.className = 'changes';
    this.element.setAttribute('aria-hidden', 'true');
    this.element.hidden = true;
  }

  /** All rows are to be drawn anew. */
  forget(): void {
    this.#grid = undefined;
  }

  /** Draws the rows that are others than before: memory that moves on has the same marks from one update to the next. */
  draw(rows: readonly PicturedRow[], grid: PicturedGrid, paints: readonly (Paint | undefined)[]): void {
    const { rowHeight } = grid;
    const { width } = grid.panes[this.#pane];
    if (grid !== this.#grid || rows.length !== this.#drawn.length) this.#begin(rows.length, grid);
    let first = rows.length;
    let last = -1;
    for (const [i, { changes }] of rows.entries()) {
      const codes = changes[this.#pane];
      const drawn = this.#drawn[i];
      if (drawn !== undefined && areSame(drawn, codes)) continue;
      this.#drawn[i] = codes.slice();
      const from = i * rowHeight * width;
      this.#pixels.fill(0, from, from + rowHeight * width);
      drawRow(this.#pixels, i * rowHeight, codes, this.#pane, grid, paints);
      first = Math.min(first, i);
      last = i;
    }
    if (this.#image === undefined || last < first) return;
    const height = (last - first + 1) * rowHeight;
    this.#context?.putImageData(this.#image, 0, 0, 0, first * rowHeight, width, height);
  }

  /** Sizes canvas and pixels; nothing is drawn yet. */
  #begin(rows: number, grid: PicturedGrid): void {
    const { left, width } = grid.panes[this.#pane];
    const height = rows * grid.rowHeight;
    this.#grid = grid;
    this.#drawn = Array.from({ length: rows }, () => new Uint8Array());
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.element.width = width;
      this.element.height = height;
      this.#image = new ImageData(width, height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    }
    const { style } = this.element;
    style.left = `${left}px`;
    style.width = `${width * grid.characterWidth}px`;
    style.height = `${height}px`;
  }
}

/** The pictures behind the rows of one grid. */
export class ChangePicture {
  readonly #layer: HTMLElement;
  readonly #planes = panes.map((pane) => new Plane(pane));
  #paints: readonly (Paint | undefined)[] | undefined;
  #isShown = false;
  #top = '';

  /** @param layer the element with the rows, which moves when they are scrolled */
  constructor(layer: HTMLElement) {
    this.#layer = layer;
  }

  /** The colours may be others from now on. */
  recolour(): void {
    this.#paints = undefined;
  }

  /**
   * Draws the marks of rows that follow each other.
   *
   * @param top pixels from the top of the layer to the first row
   */
  draw(rows: readonly PicturedRow[], grid: PicturedGrid, top: number): void {
    const isEmpty = rows.every(({ changes }) => panes.every((pane) => !changes[pane].some(Boolean)));
    if (isEmpty) {
      if (this.#isShown) this.#show(false);
      return;
    }
    if (!this.#isShown) this.#show(true);
    if (this.#paints === undefined) for (const plane of this.#planes) plane.forget();
    this.#paints ??= this.#readPaints();
    const moved = `translateY(${top}px)`;
    for (const plane of this.#planes) {
      plane.draw(rows, grid, this.#paints);
      if (this.#top !== moved) plane.element.style.transform = moved;
    }
    this.#top = moved;
  }

  #show(isShown: boolean): void {
    this.#isShown = isShown;
    for (const { element } of this.#planes) {
      // Without a change the page has no elements for it.
      if (element.parentNode === null) this.#layer.append(element);
      element.hidden = !isShown;
    }
  }

  /** The colours of the style sheet, as the engine writes them into pictures. */
  #readPaints(): readonly (Paint | undefined)[] {
    const style = getComputedStyle(this.#layer);
    const probe = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const pixel = (name: string): number => {
      if (probe === null) return 0;
      probe.clearRect(0, 0, 1, 1);
      probe.fillStyle = style.getPropertyValue(name);
      probe.fillRect(0, 0, 1, 1);
      return new Uint32Array(probe.getImageData(0, 0, 1, 1).data.buffer)[0] ?? 0;
    };
    const hasTints = style.getPropertyValue('--change-tints').trim() !== 'none';
    return (hasTints ? looks : looksWithoutTints).map(
      (look) => look && { tint: pixel(look.tint), line: pixel(look.line), lines: look.lines },
    );
  }
}

/** Draws a row of the picture from pixel row `y` on. */
function drawRow(
  pixels: Uint32Array,
  y: number,
  codes: Uint8Array,
  pane: Pane,
  { panes: places, textTop, textHeight }: PicturedGrid,
  paints: readonly (Paint | undefined)[],
): void {
  const { width, start, end } = places[pane];
  const from = (y + textTop) * width;
  const runs = runsOf(codes);
  for (const { code, first, last } of runs) {
    pixels.fill(paints[code]?.tint ?? 0, from + start(first), from + end(last));
  }
  for (let line = 1; line < textHeight; line++) pixels.copyWithin(from + line * width, from, from + width);
  // The lines lie over the tints: at the top of the text, in its last row, and two above that.
  const lines = [0, textHeight - 1, textHeight - 3].map((line) => from + line * width);
  for (const { code, first, last } of runs) {
    const paint = paints[code];
    for (const [i, pattern] of paint?.lines.entries() ?? []) {
      const at = (lines[i] ?? from) + start(first);
      const length = end(last) - start(first);
      for (let x = 0; pattern !== undefined && x < length; x++)
        if (pattern[x % pattern.length] === true) pixels[at + x] = paint?.line ?? 0;
    }
  }
}

/** Runs of columns that have the same code, but for none; both ends included. */
function runsOf(
  codes: Uint8Array,
): { readonly code: number; readonly first: number; readonly last: number }[] {
  const runs = [];
  for (let first = 0; first < codes.length; ) {
    const code = codes[first] ?? 0;
    let last = first;
    while (last + 1 < codes.length && codes[last + 1] === code) last++;
    if (code !== 0) runs.push({ code, first, last });
    first = last + 1;
  }
  return runs;
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((code, i) => code === b[i]);
}
