/** What a person sees marked as changed: read from the pictures behind the rows (`webview/grid/change-picture.ts`). */
import type { Frame, Page } from 'playwright-core';

/** Runs of text among the cells, from top to bottom, by how they are marked. */
export interface ChangeMarks {
  readonly changed: string[];
  readonly fading: string[];
  readonly torn: string[];
}

/** The marks of changes on screen, in a theme with tints. */
export function changeMarks(page: Page | Frame): Promise<ChangeMarks> {
  return page.evaluate(() => {
    const marks: Record<'changed' | 'fading' | 'torn', string[]> = { changed: [], fading: [], torn: [] };
    // The first picture is that of the cells, the second that of the characters.
    const picture = document.querySelector<HTMLCanvasElement>('#grid .changes');
    const context = picture?.getContext('2d');
    if (picture === null || picture.hidden || context === null || context === undefined) return marks;
    const { width, height } = picture;
    const { data } = context.getImageData(0, 0, width, height);
    const alpha = (x: number, y: number): number => data[4 * (y * width + x) + 3] ?? 0;
    const box = picture.getBoundingClientRect();
    const rows = [...document.querySelectorAll<HTMLElement>('#grid .layer .row')];
    const rowHeight = rows[0]?.getBoundingClientRect().height ?? height;
    for (let y = 0; y < height; y += rowHeight) {
      const row = rows.find((one) => Math.abs(one.getBoundingClientRect().top - box.top - y) < 1);
      const text = row?.querySelector('.bytes')?.textContent ?? '';
      const lines = Array.from({ length: rowHeight }, (_, i) => y + i);
      /** A tint is translucent, a line is not; a line is in the upper or in the lower half. */
      const tintAt = (x: number): number => alpha(x, y + Math.floor(rowHeight / 2));
      const hasLine = (x: number, isUpper: boolean): boolean =>
        lines.some((line, i) => i < rowHeight / 2 === isUpper && alpha(x, line) === 255);
      for (let from = 0; from < width; ) {
        let to = from + 1;
        while (to < width && tintAt(to) === tintAt(from)) to++;
        const run = Array.from({ length: to - from }, (_, i) => from + i);
        const isTorn = run.some((x) => hasLine(x, false));
        const mark = isTorn ? 'torn' : run.every((x) => hasLine(x, true)) ? 'changed' : 'fading';
        if (isTorn || tintAt(from) > 0) marks[mark].push(text.slice(from, to).replace(/ +/g, ' '));
        from = to;
      }
    }
    return marks;
  });
}
