/** The hex editor's page as a person sees it: rows of bytes, typed text, buttons. */
import type { Frame, Locator, Page } from 'playwright-core';

/** How long a condition may take on a loaded machine, milliseconds. */
const PATIENCE_MS = 60_000;

/** One row on screen: the offset of its first byte in the shown memory, and its bytes as they are written. */
interface ShownRow {
  readonly index: number;
  readonly heading: boolean;
  readonly bytes: string;
}

/** Where the cursor is: the tile as it is named, tile offset and buffer offset in bytes. */
interface CursorPlace {
  readonly name: string;
  readonly tile: number;
  readonly buffer: number;
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

  /** The banner's text; undefined when there is none. One look: it may go at any moment. */
  async banner(): Promise<string | undefined> {
    const [text] = await this.frame.locator('.banner .text').allTextContents();
    return text?.trim();
  }

  /** Selects all and copies it: what the clipboard holds then. */
  async copyAll(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      await this.grid.click({ position: { x: 5, y: 5 } });
      await this.page.keyboard.press('Control+a');
      await this.page.keyboard.press('Control+c');
      const said = this.frame.locator('#spoken', { hasText: /bytes copied|before the application ended/ });
      await said.waitFor({ state: 'attached' });
      if (/bytes copied/.test((await said.textContent()) ?? '')) {
        return this.page.evaluate(() => navigator.clipboard.readText());
      }
      // An application that ended before the editor was opened was noticed after it: the message says what to do.
      if (attempt === 3) throw new Error('Not all of the bytes could be read.');
      await this.refresh();
    }
  }

  /** Goes to a place as a person does: `0x1f0`, or `(2,3)+0x10`. */
  async goTo(place: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible .quick-input-box input');
    // A page that takes the focus late closes the question again: then it is asked for once more.
    for (let attempt = 1; ; attempt++) {
      // What is said of the place under the mouse may lie over the grid as long as the mouse stays.
      await this.page.mouse.move(0, 0);
      await this.grid.click({ position: { x: 5, y: 5 } });
      await this.page.keyboard.press('Control+g');
      try {
        await input.waitFor({ timeout: PATIENCE_MS / 4 });
        await input.fill(place, { timeout: PATIENCE_MS / 4 });
        await input.press('Enter', { timeout: PATIENCE_MS / 4 });
        break;
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
    await input.waitFor({ state: 'hidden' });
    const [, tile, offset] = /^(\(\d+,\d+\))?\+?(0x[0-9a-f]+)$/i.exec(place) ?? [];
    if (offset === undefined) throw new Error(`Not a place that this test can check: ${place}`);
    for (const end = Date.now() + PATIENCE_MS; ; await this.page.waitForTimeout(20)) {
      const cursor = await this.cursorOffset();
      const there =
        cursor.tile === Number(offset) || (tile === undefined && cursor.buffer === Number(offset));
      if (there && (tile === undefined || cursor.name.endsWith(tile))) return;
      if (Date.now() > end) throw new Error(`The cursor is at ${JSON.stringify(cursor)}, not at ${place}.`);
    }
  }

  /** Puts the cursor at a place and types into the column of hex digits, once the byte there was read: before that none can be typed. */
  async typeAt(place: string, digits: string): Promise<void> {
    await this.goTo(place);
    await this.frame.locator('.details .value', { hasNotText: 'not read yet' }).waitFor();
    // On a busy machine VS Code now and then leaves the focus outside after its input box has closed.
    await this.grid.focus();
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
          const offset = (element: Element): number =>
            Number.parseInt(element.querySelector('.cell.offset')?.textContent ?? '', 16);
          const row = elements.find((element) => {
            const buffer = element.getAttribute('data-buffer');
            if (buffer !== null) return Number.parseInt(buffer, 16) === wanted.buffer;
            return offset(element) === wanted.tile;
          });
          return row?.querySelector('.cell.bytes')?.textContent ?? undefined;
        }, offset);
      if (found !== undefined && /\S/.test(found)) return found.trim().split(/\s+/);
      if (Date.now() > end) throw new Error(`The row at ${place} is not on screen.`);
      await this.page.waitForTimeout(50);
    }
  }

  /** The middle of a cell on screen, pixels of the window: the tile offset of its row as written there, and its place in the row. */
  async pointOf(offset: string, place: number): Promise<{ readonly x: number; readonly y: number }> {
    const row = this.frame
      .locator('#grid .layer .row:not(.tile)')
      .filter({ has: this.frame.locator('.cell.offset', { hasText: new RegExp(`^${offset}$`) }) });
    const inFrame = await row.locator('.cell.bytes').evaluate((element, index) => {
      const text = element.lastChild;
      if (!(text instanceof Text)) return undefined;
      const cell = [...text.data.matchAll(/\S+/g)][index];
      if (cell === undefined) return undefined;
      const range = document.createRange();
      range.setStart(text, cell.index);
      range.setEnd(text, cell.index + cell[0].length);
      const box = range.getBoundingClientRect();
      return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
    }, place);
    if (inFrame === undefined) throw new Error(`No cell ${place} of row ${offset} is on screen.`);
    const around = await this.grid.boundingBox();
    const within = await this.grid.evaluate((grid) => {
      const { left, top } = grid.getBoundingClientRect();
      return { left, top };
    });
    if (around === null) throw new Error('The grid cannot be seen.');
    return { x: around.x - within.left + inFrame.x, y: around.y - within.top + inFrame.y };
  }

  /** Tile offset and buffer offset of the cursor, bytes. */
  async cursorOffset(): Promise<CursorPlace> {
    const texts = await this.frame.locator('.details .place > span').allTextContents();
    const number = (name: string): number => {
      const digits = texts.map((text) => new RegExp(`^${name} 0x([0-9A-Fa-f]+)$`).exec(text.trim())?.[1]);
      return Number.parseInt(digits.find((text) => text !== undefined) ?? '', 16);
    };
    return {
      name: texts.find((text) => /\(\d+,\d+\)/.test(text))?.trim() ?? '',
      tile: number('tile offset'),
      buffer: number('buffer offset'),
    };
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
    return this.frame.locator(`vscode-button[data-name="${name}"]`);
  }

  /**
   * Presses Connect, as often as it is offered, until `done`. The board's own next attempt may be faster than a person, and
   * the button be gone.
   */
  async connectUntil(done: () => Promise<boolean> | boolean): Promise<void> {
    const connect = this.button('connect');
    for (const end = Date.now() + PATIENCE_MS; !(await done()); ) {
      if (Date.now() > end) throw new Error('The board did not connect.');
      if (await connect.isVisible()) await connect.click({ timeout: 1_000 }).catch(() => undefined);
      else await this.page.waitForTimeout(50);
    }
  }

  /** The page says that its board is connected. One look. */
  async isOnline(): Promise<boolean> {
    return (await this.frame.locator('.chip.link:not(.offline)').count()) > 0;
  }

  /** Number of staged bytes as the page says it. One look: it may go at any moment. */
  async stagedCount(): Promise<number> {
    const [text] = await this.frame.locator('.count.staged:visible').allTextContents();
    return text === undefined ? 0 : Number(/\d+/.exec(text)?.[0] ?? Number.NaN);
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

  /** Waits for the banner's Re-base, presses it, and waits until the banner is gone. */
  async rebase(): Promise<void> {
    const button = this.frame.locator('.banner vscode-button[data-name="rebase"]');
    await button.click({ timeout: PATIENCE_MS });
    await button.waitFor({ state: 'detached', timeout: PATIENCE_MS });
  }

  /** Presses Refresh and waits until a read that began after that has ended, as the page is told. */
  async refresh(): Promise<void> {
    const ended = await this.beginRefresh();
    await ended();
  }

  /** Presses Refresh; the result waits until a read that began after that has ended. */
  async beginRefresh(): Promise<() => Promise<void>> {
    const ended = await this.#nextRead();
    await this.button('refresh').click();
    return ended;
  }

  /** Listens from now on to what the page is told of reads; the result waits for the end of one that begins. */
  async #nextRead(): Promise<() => Promise<void>> {
    // The end of a read that was running before does not count.
    await this.frame.locator('.progress:not(:has(*))').waitFor({ state: 'attached', timeout: PATIENCE_MS });
    const read = await this.frame.evaluateHandle((patience) => {
      const done = new Promise<void>((resolve, reject) => {
        let began = false;
        const stop = (): void => {
          window.removeEventListener('message', listen);
          clearTimeout(timer);
        };
        const listen = ({ data }: MessageEvent): void => {
          if (data?.type !== 'state') return;
          if (data.state?.reading !== undefined) began = true;
          else if (began) {
            stop();
            resolve();
          }
        };
        const timer = setTimeout(() => {
          stop();
          reject(new Error(began ? 'The read did not end.' : 'No read began.'));
        }, patience);
        window.addEventListener('message', listen);
      });
      done.catch(() => undefined);
      return { done };
    }, PATIENCE_MS);
    return () => read.evaluate(({ done }) => done);
  }
}
