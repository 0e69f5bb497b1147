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
    // The first picture of lines is that of the cells, the second that of the characters.
    const picture = document.querySelector<HTMLCanvasElement>('#grid .changes.lines');
    const context = picture?.getContext('2d');
    if (picture === null || picture.hidden || context === null || context === undefined) return marks;
    const { width, height } = picture;
    const { data } = context.getImageData(0, 0, width, height);
    const isOn = (x: number, y: number): boolean => (data[4 * (y * width + x) + 3] ?? 0) > 0;
    const box = picture.getBoundingClientRect();
    const rowHeight = (2 * box.height) / height;
    const rows = [...document.querySelectorAll<HTMLElement>('#grid .layer .row')];
    for (let y = 0; y < height; y += 2) {
      const top = box.top + (y / 2) * rowHeight;
      const row = rows.find((one) => Math.abs(one.getBoundingClientRect().top - top) < 1);
      const text = row?.querySelector('.bytes')?.textContent ?? '';
      /** A line has two pixels for each character, an upper and a lower one for each row. */
      const markAt = (character: number): keyof ChangeMarks | undefined => {
        const at = (line: number): boolean[] => [0, 1].map((x) => isOn(2 * character + x, y + line));
        const upper = at(0);
        if (upper.every(Boolean)) return 'changed';
        if (upper.some(Boolean)) return 'fading';
        return at(1).some(Boolean) ? 'torn' : undefined;
      };
      for (let from = 0; 2 * from < width; ) {
        const mark = markAt(from);
        let to = from + 1;
        while (2 * to < width && markAt(to) === mark) to++;
        if (mark !== undefined) marks[mark].push(text.slice(from, to).replace(/ +/g, ' '));
        from = to;
      }
    }
    return marks;
  });
}
