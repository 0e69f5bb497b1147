/** A person at the workbench whose keys and clicks are counted: a key with its modifiers is one, a click is one, a drag is one. */
import type { Locator, Page } from 'playwright-core';
import type { Workbench } from './driver.ts';

/** A place on the page, in pixels. */
interface Point {
  readonly x: number;
  readonly y: number;
}

export class Person {
  readonly #workbench: Workbench;
  readonly #page: Page;
  #actions = 0;

  constructor(workbench: Workbench) {
    this.#workbench = workbench;
    this.#page = workbench.page;
  }

  /** Keys and clicks so far. */
  get actions(): number {
    return this.#actions;
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#actions++;
      await this.#page.keyboard.press(key);
    }
  }

  /** Types a text, one key for each character. */
  async type(text: string): Promise<void> {
    this.#actions += text.length;
    await this.#page.keyboard.type(text);
  }

  async click(target: Locator): Promise<void> {
    this.#actions++;
    await target.click();
  }

  async clickAt(point: Point, modifier?: 'Shift'): Promise<void> {
    this.#actions++;
    if (modifier !== undefined) await this.#page.keyboard.down(modifier);
    await this.#page.mouse.click(point.x, point.y);
    if (modifier !== undefined) await this.#page.keyboard.up(modifier);
  }

  /** Draws the pointer over the page with the button down. */
  async drag(from: Point, to: Point, ...modifiers: readonly string[]): Promise<void> {
    this.#actions++;
    const { keyboard, mouse } = this.#page;
    for (const key of modifiers) await keyboard.down(key);
    await mouse.move(from.x, from.y);
    await mouse.down();
    await mouse.move(to.x, to.y, { steps: 4 });
    await mouse.up();
    for (const key of modifiers) await keyboard.up(key);
  }

  /** Chooses in a list of the page by the first letters of an entry. */
  async choose(list: Locator, letters: string): Promise<void> {
    await this.click(list);
    await this.type(letters);
    await this.press('Enter');
  }

  /** Chooses from the menu that an editor's title has. */
  async fromMenu(title: string): Promise<void> {
    await this.click(
      this.#page.locator(
        '.editor-group-container.active .editor-actions .action-label[aria-label^="More Actions"]',
      ),
    );
    this.#actions++;
    await this.#workbench.chooseFromMenu(title);
  }

  /** Chooses from the menu that the page has at a point of the window. */
  async fromMenuAt(point: Point, title: string): Promise<void> {
    this.#actions++;
    await this.#page.mouse.click(point.x, point.y, { button: 'right' });
    this.#actions++;
    await this.#workbench.chooseFromMenu(title);
  }

  /**
   * Presses Enter in a question of VS Code, and waits until that is gone: until then it has the keys. A page that takes the
   * focus late takes the key with it: then it is pressed once more.
   */
  async answer(): Promise<void> {
    this.#actions++;
    const input = this.#workbench.quickInput();
    while (await input.isVisible()) {
      await input.press('Enter', { timeout: 5000 }).catch(() => undefined);
      await input.waitFor({ state: 'hidden', timeout: 5000 }).catch(() => undefined);
    }
  }

  /** Waits for a question of VS Code that shows `entry`; without one, for any. Waiting is no action. */
  async isAsked(entry?: string | RegExp): Promise<void> {
    await this.#workbench.quickInput().waitFor();
    if (entry === undefined) return;
    await this.#page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).first().waitFor();
  }
}
