/** The colours of a plot, all of them from the theme. Lines differ in dashes as well. */

/** A colour in its parts, each 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** How a plot is coloured. */
export interface PlotColours {
  readonly background: string;
  readonly foreground: string;
  readonly grid: string;
  readonly lines: readonly string[];
  /** From the lowest to the highest value, where all have one sign, or some have another. */
  readonly sequential: readonly Rgb[];
  readonly diverging: readonly Rgb[];
}

/** Dashes and gaps of the lines, in pixels. */
export const dashes: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [8, 3, 2, 3],
  [14, 4],
  [4, 4],
  [14, 3, 2, 3],
  [2, 6],
];

/** Steps of a scale. */
const steps = 64;

const themed: readonly (readonly [variable: string, otherwise: string])[] = [
  ['charts-blue', '#3794ff'],
  ['charts-orange', '#d18616'],
  ['charts-green', '#89d185'],
  ['charts-purple', '#b180d7'],
  ['charts-red', '#f14c4c'],
  ['charts-yellow', '#cca700'],
  ['foreground', '#808080'],
  ['textLink-foreground', '#3794ff'],
];

function rgbOf(colour: string): Rgb {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  if (context === null) return [128, 128, 128];
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/** Colours between some colours, evenly. */
function scaleOf(stops: readonly Rgb[]): Rgb[] {
  return Array.from({ length: steps }, (_, i) => {
    const at = (i / (steps - 1)) * (stops.length - 1);
    const from = Math.min(stops.length - 2, Math.floor(at));
    const [a = [0, 0, 0], b = [0, 0, 0]] = [stops[from], stops[from + 1]];
    const mixed = (part: 0 | 1 | 2): number => Math.round(a[part] + (b[part] - a[part]) * (at - from));
    return [mixed(0), mixed(1), mixed(2)];
  });
}

/** The colours of the present theme. */
export function themeColours(): PlotColours {
  const style = getComputedStyle(document.body);
  const read = (name: string, otherwise: string): string =>
    style.getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const background = read('editor-background', '#ffffff');
  const foreground = read('foreground', '#808080');
  const [behind, before] = [rgbOf(background), rgbOf(foreground)];
  const blue = rgbOf(read('charts-blue', '#3794ff'));
  const orange = rgbOf(read('charts-orange', '#d18616'));
  const mixed = (a: Rgb, b: Rgb, share: number): Rgb => [
    Math.round(a[0] + (b[0] - a[0]) * share),
    Math.round(a[1] + (b[1] - a[1]) * share),
    Math.round(a[2] + (b[2] - a[2]) * share),
  ];
  return {
    background,
    foreground,
    grid: `rgb(${mixed(behind, before, 0.2).join(' ')})`,
    lines: themed.map(([name, otherwise]) => read(name, otherwise)),
    sequential: scaleOf([mixed(behind, before, 0.08), blue, before]),
    diverging: scaleOf([blue, mixed(behind, before, 0.08), orange]),
  };
}
