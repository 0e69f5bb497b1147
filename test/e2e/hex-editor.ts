/** The hex editor's page as a person sees it: rows of bytes, typed text, buttons. */
import type { Frame, Locator, Page } from 'playwright-core';

/** How long a condition may take on a loaded machine, milliseconds. */
const PATIENCE_MS = 30_000;

/** One row on screen: the offset of its first byte in the shown memory, and its bytes as they are written. */
interface ShownRow {
  readonly index: number;
  readonly heading: boolean;
  readonly bytes: string;
}

/** An open editor. It shows 16 bytes in a row. */
export class HexEditorPage {
  readonly page: Page;
  readonly frame: Frame;

  constructor(page: Page, frame: Frame) {
    this.page = page;
    this.frame = frame;
  }

  get grid(): Locator {
    return this.frame.locator('#grid');
  }

  /** The heading above the bytes. */
  async title(): Promise<string> {
    return ((await this.frame.locator('h1.title').textContent()) ?? '').trim();
  }

  /** What stands under the cursor: place and value. */
  async details(): Promise<string> {
    const text = (await this.frame.locator('.details').textContent()) ?? '';
    return text.replace(/\s+/g, ' ').trim();
  }

  /** The banner's text; undefined when there is none. */
  async banner(): Promise<string | undefined> {
    const banner = this.frame.locator('.banner .text');
    return (await banner.count()) === 0 ? undefined : ((await banner.first().textContent()) ?? '').trim();
  }

  /** Goes to a place as a person does: `0x1f0`, or `(2,3)+0x10`. */
  async goTo(place: string): Promise<void> {
    await this.grid.click({ position: { x: 5, y: 5 } });
    await this.page.keyboard.press('Control+g');
    const input = this.page.locator('.quick-input-widget:visible .quick-input-box input');
    await input.waitFor();
    await input.fill(place);
    await this.page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  /** Puts the cursor at a place and types into the column of hex digits. */
  async typeAt(place: string, digits: string): Promise<void> {
    await this.goTo(place);
    await this.frame.locator('#grid:focus').waitFor();
    await this.page.keyboard.type(digits);
  }

  /** Rows on screen, top to bottom. */
  async rows(): Promise<ShownRow[]> {
    const rows = await this.frame.locator('#grid .layer .row').evaluateAll((elements) =>
      elements.map((element) => ({
        index: Number(element.getAttribute('aria-rowindex')) - 2,
        heading: element.classList.contains('tile'),
        bytes: element.querySelector('.cell.bytes')?.textContent ?? '',
      })),
    );
    return rows.sort((a, b) => a.index - b.index);
  }

  /**
   * The bytes of the row under the cursor, as written: two digits each, `??` where there is none. The cursor must be at
   * the row's first byte.
   */
  async rowAt(place: string): Promise<string[]> {
    await this.goTo(place);
    const offset = await this.cursorOffset();
    for (const end = Date.now() + PATIENCE_MS; ; ) {
      const found = await this.frame
        .locator('#grid .layer .row:not(.tile)')
        .evaluateAll((elements, wanted) => {
          const digits = (element: Element, name: string): number =>
            Number.parseInt(element.querySelector(`.cell.${name}`)?.textContent ?? '', 16);
          const row = elements.find((element) => {
            const buffer = element.querySelector<HTMLElement>('.cell.buffer');
            const shown =
              buffer !== null && !buffer.hidden ? digits(element, 'buffer') : digits(element, 'offset');
            return shown === (buffer !== null && !buffer.hidden ? wanted.buffer : wanted.tile);
          });
          return row?.querySelector('.cell.bytes')?.textContent ?? undefined;
        }, offset);
      if (found !== undefined && /\S/.test(found)) return found.trim().split(/\s+/);
      if (Date.now() > end) throw new Error(`The row at ${place} is not on screen.`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Tile offset and buffer offset of the cursor, bytes. */
  async cursorOffset(): Promise<{ readonly tile: number; readonly buffer: number }> {
    const text = await this.details();
    const tile = /tile offset 0x([0-9A-Fa-f]+)/.exec(text)?.[1];
    const buffer = /buffer offset 0x([0-9A-Fa-f]+)/.exec(text)?.[1];
    if (tile === undefined || buffer === undefined) throw new Error(`No offsets in "${text}".`);
    return { tile: Number.parseInt(tile, 16), buffer: Number.parseInt(buffer, 16) };
  }

  /** Waits until the row at a place reads as these bytes (hex digits, without blanks). */
  async waitForRow(place: string, hex: string): Promise<void> {
    let last = '';
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      last = (await this.rowAt(place)).join('').toLowerCase();
      if (last === hex.toLowerCase()) return;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`The row at ${place} shows ${last}, not ${hex}.`);
  }

  /** A button of the page by its command. */
  button(name: string): Locator {
    return this.frame.locator(`vscode-button[data-name="${name}"]`).first();
  }

  /** Number of staged bytes as the page says it. */
  async stagedCount(): Promise<number> {
    const count = this.frame.locator('.count.staged');
    if (!(await count.isVisible())) return 0;
    return Number(/\d+/.exec((await count.textContent()) ?? '')?.[0] ?? Number.NaN);
  }

  /** Waits until so many bytes are staged. */
  async waitForStaged(count: number): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
      if ((await this.stagedCount()) === count) return;
      await this.page.waitForTimeout(50);
    }
    throw new Error(`${await this.stagedCount()} bytes are staged, not ${count}.`);
  }

  /** Presses Apply and waits until nothing is staged. */
  async apply(): Promise<void> {
    await this.button('apply').click();
    await this.waitForStaged(0);
  }

  /** Presses Refresh and waits until the page has read. */
  async refresh(): Promise<void> {
    await this.button('refresh').click();
    await this.frame
      .locator('.progress:empty, .progress:not(:has(*))')
      .first()
      .waitFor({ state: 'attached' });
  }
}
