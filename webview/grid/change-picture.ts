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

/** A row of the picture: where the columns of bytes that have a code are, in characters. */
export interface PicturedRow {
  /** Index of the row. */
  readonly index: number;
  /** A code for each column of bytes, in each pane. */
  readonly changes: Readonly<Record<Pane, Uint8Array>>;
}

/** Where a pane's characters are. */
export interface PicturedPane {
  /** Left edge in the layer, pixels. */
  readonly left: number;
  /** Characters of a row. */
  readonly width: number;
  /** The first character of a column of bytes, and the one after its last. */
  readonly start: (column: number) => number;
  readonly end: (column: number) => number;
}

/** Sizes that all rows share, whole pixels but for the width of a character. */
export interface PicturedSizes {
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

/** A canvas, and the pixels that are put into it. Both have the size of the picture. */
class Plane {
  readonly element = document.createElement('canvas');
  readonly #context = this.element.getContext('2d');
  #image: ImageData | undefined;
  #pixels = new Uint32Array();

  constructor() {
    this.element.className = 'changes';
    this.element.setAttribute('aria-hidden', 'true');
    this.element.hidden = true;
  }

  /** Empty pixels of a picture of this size, row by row. */
  begin(width: number, height: number): Uint32Array {
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.element.width = width;
      this.element.height = height;
      this.#image = new ImageData(width, height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    } else this.#pixels.fill(0);
    return this.#pixels;
  }

  end(): void {
    if (this.#image !== undefined) this.#context?.putImageData(this.#image, 0, 0);
  }
}

/** The pictures behind the rows of one grid. */
export class ChangePicture {
  readonly #layer: HTMLElement;
  readonly #planes: Readonly<Record<Pane, Plane>> = { cells: new Plane(), characters: new Plane() };
  #paints: readonly (Paint | undefined)[] | undefined;
  #isShown = false;

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
  draw(
    rows: readonly PicturedRow[],
    places: Readonly<Record<Pane, PicturedPane>>,
    top: number,
    sizes: PicturedSizes,
  ): void {
    const isEmpty = rows.every(({ changes }) => panes.every((pane) => !changes[pane].some(Boolean)));
    if (isEmpty) {
      if (this.#isShown) this.#show(false);
      return;
    }
    if (!this.#isShown) this.#show(true);
    for (const pane of panes) this.#drawPane(rows, pane, places[pane], top, sizes);
  }

  #show(isShown: boolean): void {
    this.#isShown = isShown;
    for (const pane of panes) {
      const { element } = this.#planes[pane];
      // Without a change the page has no elements for it.
      if (element.parentNode === null) this.#layer.append(element);
      element.hidden = !isShown;
    }
  }

  #drawPane(
    rows: readonly PicturedRow[],
    pane: Pane,
    place: PicturedPane,
    top: number,
    sizes: PicturedSizes,
  ): void {
    this.#paints ??= this.#readPaints();
    const paints = this.#paints;
    const plane = this.#planes[pane];
    const { width } = place;
    const { rowHeight, characterWidth } = sizes;
    const pixels = plane.begin(width, rows.length * rowHeight);
    for (const [i, { changes }] of rows.entries()) {
      if (changes[pane].some(Boolean)) drawRow(pixels, i * rowHeight, changes[pane], place, sizes, paints);
    }
    plane.end();
    const { style } = plane.element;
    setStyle(style, 'left', `${place.left}px`);
    setStyle(style, 'width', `${width * characterWidth}px`);
    setStyle(style, 'height', `${rows.length * rowHeight}px`);
    setStyle(style, 'transform', `translateY(${top}px)`);
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
  { width, start, end }: PicturedPane,
  { textTop, textHeight }: PicturedSizes,
  paints: readonly (Paint | undefined)[],
): void {
  const from = (y + textTop) * width;
  const runs = runsOf(codes);
  for (const { code, first, last } of runs) {
    pixels.fill(paints[code]?.tint ?? 0, from + start(first), from + end(last));
  }
  for (let line = 1; line < textHeight; line++) pixels.copyWithin(from + line * width, from, from + width);
  // The lines lie over the tints: at the top of the text, in its last row, and two above that.
  const places = [0, textHeight - 1, textHeight - 3].map((line) => from + line * width);
  for (const { code, first, last } of runs) {
    const paint = paints[code];
    for (const [i, pattern] of paint?.lines.entries() ?? []) {
      const at = (places[i] ?? from) + start(first);
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

/** Writes only what differs. */
function setStyle(
  style: CSSStyleDeclaration,
  name: 'left' | 'width' | 'height' | 'transform',
  value: string,
) {
  if (style[name] !== value) style[name] = value;
}
