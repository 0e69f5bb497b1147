/**
 * Colours on text without elements: the CSS Custom Highlight API paints runs of a row's two text nodes. Engines without
 * it get boxes behind the text instead.
 */
import type { Pane } from './selection.ts';

/** What can be painted, the later over the earlier. The styles are in `main.css`, as `::highlight(tile-...)`. */
export const marks = [
  'zero',
  'negative',
  'special',
  'text',
  'hit',
  'unknown',
  'unrecorded',
  'unreadable',
  'staged',
  'conflict',
  'mismatch',
  'pending',
  'selection',
  'cursor-idle',
  'cursor',
] as const;

/** One kind of mark. */
export type Mark = (typeof marks)[number];

/** A run of characters of one of a row's strings. */
export interface PaintRun {
  readonly mark: Mark;
  readonly pane: Pane;
  /** Character index of the first one, and of the one after the last. */
  readonly start: number;
  readonly end: number;
}

/** The parts of a row that are painted on. */
export interface PaintSurface {
  /** The text node of each pane. */
  readonly text: Readonly<Record<Pane, Text>>;
}

/** Paints rows. A surface keeps its marks until it is painted again. */
export interface Painter {
  /** Replaces the marks of a row. */
  paint(surface: PaintSurface, runs: readonly PaintRun[]): void;
  /** Lets go of everything. */
  dispose(): void;
}

/**
 * The best painter that the engine has.
 *
 * @param grid the element around all rows
 * @param characterWidth is asked for when boxes are placed, in pixels
 */
export function createPainter(grid: HTMLElement, characterWidth: () => number): Painter {
  const supported = typeof Highlight === 'function' && typeof CSS !== 'undefined' && 'highlights' in CSS;
  grid.classList.toggle('boxes', !supported);
  return supported ? new HighlightPainter() : new BoxPainter(characterWidth);
}

class HighlightPainter implements Painter {
  readonly #highlights = new Map<Mark, Highlight>();
  readonly #painted = new Map<PaintSurface, { readonly mark: Mark; readonly range: StaticRange }[]>();

  constructor() {
    for (const [priority, mark] of marks.entries()) {
      const highlight = new Highlight();
      highlight.priority = priority;
      this.#highlights.set(mark, highlight);
      CSS.highlights.set(`tile-${mark}`, highlight);
    }
  }

  paint(surface: PaintSurface, runs: readonly PaintRun[]): void {
    for (const { mark, range } of this.#painted.get(surface) ?? []) {
      this.#highlights.get(mark)?.delete(range);
    }
    if (runs.length === 0) {
      this.#painted.delete(surface);
      return;
    }
    const painted = runs.map(({ mark, pane, start, end }) => {
      const node = surface.text[pane];
      const range = new StaticRange({
        startContainer: node,
        startOffset: start,
        endContainer: node,
        endOffset: Math.min(end, node.length),
      });
      this.#highlights.get(mark)?.add(range);
      return { mark, range };
    });
    this.#painted.set(surface, painted);
  }

  dispose(): void {
    for (const mark of this.#highlights.keys()) CSS.highlights.delete(`tile-${mark}`);
    this.#painted.clear();
  }
}

class BoxPainter implements Painter {
  readonly #characterWidth: () => number;
  readonly #boxes = new Map<PaintSurface, HTMLElement[]>();

  constructor(characterWidth: () => number) {
    this.#characterWidth = characterWidth;
  }

  paint(surface: PaintSurface, runs: readonly PaintRun[]): void {
    for (const box of this.#boxes.get(surface) ?? []) box.remove();
    this.#boxes.delete(surface);
    if (runs.length === 0) return;
    const width = this.#characterWidth();
    const boxes = runs.map(({ mark, pane, start, end }) => {
      const box = document.createElement('span');
      box.className = `mark mark-${mark}`;
      box.style.left = `${start * width}px`;
      box.style.width = `${(end - start) * width}px`;
      surface.text[pane].before(box);
      return box;
    });
    this.#boxes.set(surface, boxes);
  }

  dispose(): void {
    for (const boxes of this.#boxes.values()) for (const box of boxes) box.remove();
    this.#boxes.clear();
  }
}
