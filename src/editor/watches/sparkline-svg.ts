/** The history of a watched value as a picture of its own. Knows no VS Code and no values. */
import { type Sparkline, sparkGaps, sparkPath } from '../../model/sparkline.ts';

/** Parts of the picture's side that are left free around the line. */
const margin = 2;

/** A square picture: the line, and a grey ground where nobody looked. `colour` is the line's, as CSS writes it. */
export function sparklineSvg(line: Sparkline, colour: string): string {
  const side = line.columns.length;
  const gaps = sparkGaps(line).map(
    ({ from, count }) =>
      `<rect x="${from}" y="0" width="${count}" height="${side}" fill="#808080" fill-opacity="0.4"/>`,
  );
  const whole = side + 2 * margin;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="${-margin} ${-margin} ${whole} ${whole}">` +
    `${gaps.join('')}<path d="${sparkPath(line, side)}" fill="none" stroke="${colour}" stroke-width="2.5" stroke-linecap="square"/></svg>`
  );
}
