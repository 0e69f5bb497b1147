/**
 * The marks of what changed, as two small pictures of each pane that the engine stretches over the rows: one has the tints,
 * one the lines. However many bytes change, the text itself has no marks for it: runs of it would have to be painted one by
 * one, which takes the page five times as long. Single-threaded.
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

/** Sizes that all rows share, pixels. */
export interface PicturedSizes {
  readonly rowHeight: number;
  readonly characterWidth: number;
}

/** Pixels of the picture for each character: a dotted line needs two. */
const perCharacter = 2;
/** Lines of a row: the upper and the lower one; the style sheet says where they are. */
const linesPerRow = 2;

/** How a line is drawn, as what is on in each run of pixels. */
type Line = readonly boolean[];
const solid: Line = [true];
const dotted: Line = [true, false];
const dashed: Line = [true, true, true, false];

interface Look {
  /** Name of the property with the colour of the tint, and of the lines. */
  readonly tint: string;
  readonly line: string;
  readonly lines: readonly [upper: Line | undefined, lower: Line | undefined];
}

/** Looks by code, the first one of no change. */
const looks: readonly (Look | undefined)[] = [
  undefined,
  { tint: '--fading-tint', line: '--change-line', lines: [dotted, undefined] },
  { tint: '--changed-tint', line: '--change-line', lines: [solid, undefined] },
  { tint: '--changed-tint', line: '--torn-line', lines: [undefined, dashed] },
];

/** Where there are no tints, lines alone tell the marks apart; the style sheet makes the lower one double. */
const looksWithoutTints: readonly (Look | undefined)[] = [
  undefined,
  { tint: '--fading-tint', line: '--change-line', lines: [undefined, dotted] },
  { tint: '--changed-tint', line: '--change-line', lines: [undefined, solid] },
  { tint: '--changed-tint', line: '--torn-line', lines: [dashed, dashed] },
];

/** A look with its colours as pixels. */
interface Paint {
  readonly tint: number;
  readonly line: number;
  readonly lines: Look['lines'];
}

/** A canvas, and the pixels that are put into it. Both have the size of the picture. */
class Plane {
  readonly element = document.createElement('canvas');
  readonly #context = this.element.getContext('2d');
  #image: ImageData | undefined;
  #pixels = new Uint32Array();

  constructor(className: string) {
    this.element.className = `changes ${className}`;
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

/** The pictures over the rows of one grid. */
export class ChangePicture {
  readonly #layer: HTMLElement;
  readonly #planes: Readonly<Record<Pane, { readonly tints: Plane; readonly lines: Plane }>>;
  #paints: readonly (Paint | undefined)[] | undefined;
  #isShown = false;

  /** @param layer the element with the rows, which moves when they are scrolled */
  constructor(layer: HTMLElement) {
    this.#layer = layer;
    const planes = () => ({ tints: new Plane('tints'), lines: new Plane('lines') });
    this.#planes = { cells: planes(), characters: planes() };
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
      for (const { element } of Object.values(this.#planes[pane])) {
        // Without a change the page has no elements for it.
        if (element.parentNode === null) this.#layer.append(element);
        element.hidden = !isShown;
      }
    }
  }

  #drawPane(
    rows: readonly PicturedRow[],
    pane: Pane,
    place: PicturedPane,
    top: number,
    { rowHeight, characterWidth }: PicturedSizes,
  ): void {
    this.#paints ??= this.#readPaints();
    const paints = this.#paints;
    const planes = this.#planes[pane];
    const width = place.width * perCharacter;
    const tints = planes.tints.begin(width, rows.length);
    const lines = planes.lines.begin(width, rows.length * linesPerRow);
    for (const [i, { changes }] of rows.entries()) {
      const codes = changes[pane];
      for (let from = 0; from < codes.length; ) {
        const code = codes[from] ?? 0;
        let to = from + 1;
        while (to < codes.length && codes[to] === code) to++;
        const paint = paints[code];
        if (paint !== undefined) {
          const start = place.start(from) * perCharacter;
          const end = place.end(to - 1) * perCharacter;
          tints.fill(paint.tint, i * width + start, i * width + end);
          for (const [line, pattern] of paint.lines.entries()) {
            const at = (i * linesPerRow + line) * width;
            if (pattern === solid) lines.fill(paint.line, at + start, at + end);
            else if (pattern !== undefined) {
              for (let x = start; x < end; x++)
                if (pattern[x % pattern.length] === true) lines[at + x] = paint.line;
            }
          }
        }
        from = to;
      }
    }
    for (const plane of [planes.tints, planes.lines]) {
      plane.end();
      const { style } = plane.element;
      setStyle(style, 'left', `${place.left}px`);
      setStyle(style, 'width', `${place.width * characterWidth}px`);
      setStyle(style, 'height', `${rows.length * rowHeight}px`);
      setStyle(style, 'transform', `translateY(${top}px)`);
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

/** Writes only what differs. */
function setStyle(
  style: CSSStyleDeclaration,
  name: 'left' | 'width' | 'height' | 'transform',
  value: string,
) {
  if (style[name] !== value) style[name] = value;
}
