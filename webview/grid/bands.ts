/**
 * The lines below named bytes and above bookmarks, as layers of a background that lies over the cells: elements would be as many as
 * a row has names. Kinds differ in line as well as in colour; the colours are those of `main.css`. Knows no elements.
 */
import type { NamedRun } from './names.ts';

/** Left edge of the text in the cell of the bytes: its padding in `main.css`. */
const paddingLeft = '12px';

/** A layer of one colour, or of a pattern along the line. */
interface Layer {
  readonly image: string;
  /** What a style sheet takes for a place and a size: from the left, from the top, width, height. */
  readonly x: string;
  readonly y: string;
  readonly width: string;
  readonly height: string;
}

function plain(colour: string): string {
  return `linear-gradient(${colour}, ${colour})`;
}

/** So many pixels of line, then so many of none. */
function broken(colour: string, line: number, gap: number): string {
  return `repeating-linear-gradient(90deg, ${colour} 0 ${line}px, transparent ${line}px ${line + gap}px)`;
}

function imageOf(kind: NamedRun['name']['kind'], colour: string): string {
  if (kind === 'parameter') return broken(colour, 4, 3);
  return kind === 'stack' ? broken(colour, 1, 2) : plain(colour);
}

/** The box around the byte that a register points to. */
function boxLayers(image: string, left: string, width: string): Layer[] {
  const all = 'calc(100% - 2px)';
  return [
    { image, x: left, y: '1px', width, height: '2px' },
    { image, x: left, y: 'calc(100% - 1px)', width, height: '2px' },
    { image, x: left, y: '1px', width: '2px', height: all },
    { image, x: `calc(${left} + ${width} - 2px)`, y: '1px', width: '2px', height: all },
  ];
}

function layersOf({ name, begins }: NamedRun, start: number, width: number): Layer[] {
  const { kind } = name;
  const colour = `var(--band-${name.colour ?? kind}, var(--band-buffer))`;
  const [x, long] = [`calc(${paddingLeft} + ${start}ch)`, `${width}ch`];
  if (kind === 'pc' || kind === 'sp') {
    return boxLayers(plain(colour), `calc(${paddingLeft} + ${start}ch - 2px)`, `calc(${long} + 4px)`);
  }
  // Bookmarks stand above the bytes, so that those keep the line of their name; where they begin there is a flag.
  if (kind === 'bookmark') {
    const line = { image: plain(colour), x, y: '0', width: long, height: '2px' };
    return begins ? [{ ...line, width: '3px', height: '7px' }, line] : [line];
  }
  const y = 'calc(100% - 1px)';
  const line = { image: imageOf(kind, colour), x, y, width: long, height: '1px' };
  return begins ? [{ ...line, image: plain(colour), width: '2px', height: '6px' }, line] : [line];
}

/** The layers of a run of named bytes; `start` and `width` count characters. */
export function bandLayers({ start, width }: { start: number; width: number }, run: NamedRun): string[] {
  return layersOf(run, start, width).map(
    (layer) => `${layer.image} ${layer.x} ${layer.y} / ${layer.width} ${layer.height} no-repeat`,
  );
}
