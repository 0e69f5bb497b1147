/** A plot as an SVG file. Knows numbers, colours and texts; the page says which. Every text may be hostile. */
import { escapeMarkup } from '../plain.ts';
import { type Span, shareOf } from './span.ts';
import { longestLabel, shortNumber, ticks } from './ticks.ts';

/** One line of a plot. */
interface SvgLine {
  readonly name: string;
  readonly colour: string;
  /** Lengths of dashes and gaps; empty for a whole line. */
  readonly dash: readonly number[];
  /** NaN is a gap. */
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** What a file shows. */
export interface SvgPlot {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** A line below it. */
  readonly summary: string;
  readonly colours: { readonly background: string; readonly foreground: string; readonly grid: string };
  readonly x: Span;
  readonly y: Span;
  /** The y axis counts downwards. */
  readonly isDown: boolean;
  readonly labels: { readonly x: string; readonly y: string };
  readonly marks:
    | { readonly kind: 'line'; readonly lines: readonly SvgLine[] }
    | {
        readonly kind: 'scatter';
        readonly colour: string;
        readonly x: Float64Array;
        readonly y: Float64Array;
      }
    /** A picture of the fields, each one pixel, and what its colours mean. */
    | {
        readonly kind: 'heat';
        readonly href: string;
        readonly x: Span;
        readonly y: Span;
        readonly scale: readonly string[];
        readonly range: Span;
      };
}

/** Room around the drawn area, pixels. */
const room = { left: 70, top: 48, right: 24, bottom: 66 };
const scaleRoom = 70;
/** Width of a character of the summary, about, and height of a line of it, pixels. */
const summaryWidth = 6;
const summaryLine = 14;

/** The file. */
export function plotSvg(plot: SvgPlot): string {
  const { width, height, colours, marks } = plot;
  const right = width - room.right - (marks.kind === 'heat' ? scaleRoom : 0);
  const words = wrapped(plot.summary, Math.floor((width - room.left - room.right) / summaryWidth));
  const bottom = height - room.bottom - (words.length - 1) * summaryLine;
  const fixed = (value: number): string => value.toFixed(1).replace(/\.0$/, '');
  const px = (x: number): string => fixed(room.left + shareOf(x, plot.x) * (right - room.left));
  const py = (y: number): string => {
    const share = shareOf(y, plot.y);
    return fixed(room.top + (plot.isDown ? share : 1 - share) * (bottom - room.top));
  };
  const text = (x: number | string, y: number | string, anchor: string, content: string, size = 12): string =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${escapeMarkup(content)}</text>`;
  const out: string[] = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" fill="${escapeMarkup(colours.foreground)}">`,
    `<title>${escapeMarkup(plot.title)}</title><desc>${escapeMarkup(plot.summary)}</desc>`,
    `<rect width="${width}" height="${height}" fill="${escapeMarkup(colours.background)}"/>`,
    text(room.left, 20, 'start', plot.title, 14),
    ...words.map((line, i) =>
      text(room.left, height - 10 - (words.length - 1 - i) * summaryLine, 'start', line, 11),
    ),
    `<clipPath id="area"><rect x="${room.left}" y="${room.top}" width="${right - room.left}" height="${bottom - room.top}"/></clipPath>`,
  ];
  const axis = `stroke="${escapeMarkup(colours.grid)}" stroke-width="1"`;
  for (const tick of ticks(plot.x, longestLabel(plot.x) > 7 ? 4 : 8)) {
    out.push(`<path d="M${px(tick)} ${room.top}V${bottom + 4}" ${axis}/>`);
    out.push(text(px(tick), bottom + 18, 'middle', shortNumber(tick)));
  }
  for (const tick of ticks(plot.y, 6)) {
    out.push(`<path d="M${room.left - 4} ${py(tick)}H${right}" ${axis}/>`);
    out.push(text(room.left - 8, Number(py(tick)) + 4, 'end', shortNumber(tick)));
  }
  out.push(text((room.left + right) / 2, bottom + 36, 'middle', plot.labels.x));
  const middle = (room.top + bottom) / 2;
  out.push(`<g transform="rotate(-90 16 ${middle})">${text(16, middle, 'middle', plot.labels.y)}</g>`);
  out.push('<g clip-path="url(#area)">');
  if (marks.kind === 'line') {
    for (const { colour, dash, x, y } of marks.lines) {
      const dashes = dash.length === 0 ? '' : ` stroke-dasharray="${dash.join(' ')}"`;
      out.push(
        `<path fill="none" stroke="${escapeMarkup(colour)}" stroke-width="1.5"${dashes} d="${linePath(x, y, px, py)}"/>`,
      );
    }
  } else if (marks.kind === 'scatter') {
    const d = Array.from(marks.x, (x, i) => `M${px(x)} ${py(marks.y[i] ?? 0)}h0`).join('');
    out.push(
      `<path fill="none" stroke="${escapeMarkup(marks.colour)}" stroke-width="3" stroke-linecap="round" d="${d}"/>`,
    );
  } else {
    const [x0, y0] = [Number(px(marks.x[0])), Number(py(marks.y[0]))];
    const [x1, y1] = [Number(px(marks.x[1])), Number(py(marks.y[1]))];
    // Stripes where the picture has no colour: there is no number.
    out.push(
      `<pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" stroke="${escapeMarkup(colours.foreground)}" stroke-opacity="0.5"/></pattern>`,
      `<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="url(#gap)"/>`,
      `<image href="${escapeMarkup(marks.href)}" x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" preserveAspectRatio="none" style="image-rendering: pixelated"/>`,
    );
  }
  out.push('</g>');
  out.push(
    `<rect x="${room.left}" y="${room.top}" width="${right - room.left}" height="${bottom - room.top}" fill="none" ${axis}/>`,
  );
  if (marks.kind === 'line' && marks.lines.length > 1) {
    let at = room.left;
    for (const { name, colour, dash } of marks.lines) {
      out.push(
        `<path d="M${at} 36h22" stroke="${escapeMarkup(colour)}" stroke-width="2" stroke-dasharray="${dash.join(' ')}"/>`,
      );
      out.push(text(at + 28, 40, 'start', name));
      at += 48 + 8 * name.length;
    }
  }
  if (marks.kind === 'heat') {
    const step = (bottom - room.top) / marks.scale.length;
    for (const [i, colour] of marks.scale.entries()) {
      out.push(
        `<rect x="${right + 14}" y="${fixed(bottom - (i + 1) * step)}" width="12" height="${fixed(step + 0.5)}" fill="${escapeMarkup(colour)}"/>`,
      );
    }
    out.push(text(right + 30, room.top + 10, 'start', shortNumber(marks.range[1])));
    out.push(text(right + 30, bottom, 'start', shortNumber(marks.range[0])));
  }
  out.push('</svg>\n');
  return out.join('\n');
}

/** A text in lines of so many characters, as far as its words allow. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

/** A path that is broken at gaps; a value between two gaps is a dot. */
function linePath(
  x: Float64Array,
  y: Float64Array,
  px: (x: number) => string,
  py: (y: number) => string,
): string {
  let path = '';
  let isDown = false;
  for (const [i, at] of x.entries()) {
    const value = y[i] ?? Number.NaN;
    if (Number.isNaN(value)) {
      isDown = false;
      continue;
    }
    path += isDown ? `L${px(at)} ${py(value)}` : `M${px(at)} ${py(value)}h0`;
    isDown = true;
  }
  return path;
}
