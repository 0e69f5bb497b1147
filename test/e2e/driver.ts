/**
 * A person at the workbench, for tests: looks at rows, messages and the editor's page, types and clicks. Everything
 * waits for what it looks for; nothing waits for a time.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, BrowserContext, Frame, Locator, Page } from 'playwright-core';
import { launchBrowser, localContext } from '../../scripts/browser.ts';
import { root } from '../../scripts/common.ts';
import type { RunningHost } from '../../scripts/hosts.ts';

/** Where pictures go. */
export const SCREENSHOTS = join(root, 'artifacts', 'screenshots');

/** The three kinds of colour themes that everything has to look right in. */
export type Theme = 'light' | 'dark' | 'high-contrast';

const THEMES: Readonly<Record<Theme, { readonly label: string; readonly bodyClass: string }>> = {
  light: { label: 'Light Modern', bodyClass: 'vs' },
  dark: { label: 'Dark Modern', bodyClass: 'vs-dark' },
  'high-contrast': { label: 'Dark High Contrast', bodyClass: 'hc-black' },
};

/** A modal dialog as a person reads it. */
export interface Modal {
  readonly message: string;
  readonly detail: string;
  readonly buttons: readonly string[];
}

/** What an accessibility run found: the rule, why it matters, and the elements. */
export interface AxeViolation {
  readonly rule: string;
  readonly help: string;
  readonly elements: readonly string[];
}

/** How a browser window is opened. */
export interface OpenOptions {
  readonly width?: number;
  readonly height?: number;
  /** Use this browser instead of a new one; it stays open when the workbench is closed. */
  readonly browser?: Browser;
}

const STEP_MS = 60_000;

/** One browser window with VS Code's workbench in it (code-server; Theia has a page of its own making). */
export class Workbench {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly host: RunningHost;
  /** Errors that the page has printed, newest last. */
  readonly consoleErrors: string[] = [];
  readonly #ownBrowser: Browser | undefined;

  private constructor(
    host: RunningHost,
    context: BrowserContext,
    page: Page,
    ownBrowser: Browser | undefined,
  ) {
    this.host = host;
    this.context = context;
    this.page = page;
    this.#ownBrowser = ownBrowser;
    page.on('console', (message) => {
      if (message.type() === 'error') this.consoleErrors.push(message.text());
    });
    // Closing or reloading a window with unsaved work asks; a test that reloads means it.
    page.on('dialog', (dialog) => {
      dialog.accept().catch(() => undefined);
    });
  }

  /** Opens the workbench of a running editor and waits until it can be used. */
  static async open(host: RunningHost, options: OpenOptions = {}): Promise<Workbench> {
    const browser = options.browser ?? (await launchBrowser());
    try {
      const context = await localContext(browser, options);
      context.setDefaultTimeout(STEP_MS);
      const page = await context.newPage();
      const workbench = new Workbench(
        host,
        context,
        page,
        options.browser === undefined ? browser : undefined,
      );
      await page.goto(host.url, { waitUntil: 'commit' });
      await workbench.#ready(true);
      return workbench;
    } catch (error) {
      if (options.browser === undefined) await browser.close();
      throw error;
    }
  }

  /** Another window of the same person: it shares what the profile stores. Closing its page leaves the first open. */
  async another(): Promise<Workbench> {
    const workbench = new Workbench(this.host, this.context, await this.context.newPage(), undefined);
    await workbench.page.goto(this.host.url, { waitUntil: 'commit' });
    await workbench.#ready(true);
    return workbench;
  }

  /** Rarely the first load stays blank and nothing starts: then it is loaded once more. */
  async #ready(first: boolean): Promise<void> {
    const there = await this.page.waitForSelector('.monaco-workbench', { timeout: STEP_MS }).then(
      () => true,
      () => false,
    );
    if (!there) {
      if (!first) throw new Error('The workbench did not appear.');
      console.error('The page was still blank after 30 s: loading it once more.');
      await this.page.reload({ waitUntil: 'commit' });
      await this.#ready(false);
      return;
    }
    await this.page.locator('.activitybar .action-item').first().waitFor();
  }

  /** Reloads the window, as "Developer: Reload Window" does; "leave site?" is answered with yes. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'commit' });
    await this.#ready(false);
  }

  /** Closes the window; the editor's server goes on. */
  async close(): Promise<void> {
    await this.context.close();
    await this.#ownBrowser?.close();
  }

  // Side bar and trees

  /** Shows the view container with this title, from the activity bar. */
  async showView(title: string): Promise<void> {
    const entry = this.page.locator(`.activitybar .action-item a[aria-label^="${title}"]`);
    await entry.waitFor();
    const item = this.page.locator(`.activitybar .action-item.checked a[aria-label^="${title}"]`);
    // A window that is still starting may open the view by itself just before the click, which then closes it.
    for (let attempt = 1; ; attempt++) {
      if ((await item.count()) === 0) await entry.click();
      try {
        await item.waitFor({ timeout: STEP_MS / 4 });
        return;
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  }

  /** Opens a section of the side bar by its title, or closes it, unless it is so already. */
  async openSection(title: string, open = true): Promise<void> {
    const name = this.page.locator('h3.title').getByText(title, { exact: true });
    const header = this.page.locator('.part.sidebar .pane-header', { has: name });
    await header.waitFor();
    if ((await header.getAttribute('aria-expanded')) !== `${open}`) await header.click();
    await this.page.locator(`.part.sidebar .pane-header[aria-expanded="${open}"]`, { has: name }).waitFor();
  }

  /** A row of a tree in the side bar by its text. */
  row(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
  }

  /** Waits for a row. */
  async waitForRow(text: string | RegExp, timeout = STEP_MS): Promise<Locator> {
    const row = this.row(text);
    await row.waitFor({ timeout });
    return row;
  }

  /** Scrolls the side bar's first tree to its top, where no row lies under those that stay when it is scrolled. */
  async scrollToTop(): Promise<void> {
    // What a row under the mouse says of itself may lie over the list as long as the mouse stays.
    await this.page.mouse.move(0, 0);
    await this.page.locator('.part.sidebar .monaco-list').first().hover();
    await this.page.mouse.wheel(0, -100_000);
    await this.page
      .locator('.part.sidebar .monaco-tree-sticky-container:visible .monaco-tree-sticky-row')
      .first()
      .waitFor({ state: 'detached' });
  }

  /** Waits for a row of the side bar that may be below what fits: scrolls down from the top until it is there. */
  async scrollToRow(text: string | RegExp, timeout = STEP_MS): Promise<Locator> {
    const row = this.row(text);
    for (const end = Date.now() + timeout; Date.now() < end; ) {
      await this.scrollToTop();
      for (let scrolled = 0; scrolled < 40; scrolled++) {
        // One that came while the list was scrolled may lie behind those that stick to its top: no click would reach it.
        if ((await row.isVisible()) && (await isUncovered(row))) return row;
        await this.page.mouse.wheel(0, 200);
        await this.page.waitForTimeout(50);
      }
    }
    throw new Error(`The row ${text} is not in the side bar.`);
  }

  /** Clicks on such a row. A list that is still scrolling may hide it again: then it is looked for once more. */
  async clickRow(text: string | RegExp): Promise<void> {
    for (const end = Date.now() + STEP_MS; ; ) {
      const row = await this.scrollToRow(text);
      try {
        await row.click({ timeout: STEP_MS / 12 });
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
      }
    }
  }

  /** The texts of all visible rows of the side bar's trees, top to bottom. */
  async rowTexts(): Promise<string[]> {
    return this.page
      .locator('.part.sidebar .monaco-list-row')
      .evaluateAll((rows) =>
        rows
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((row) => row.querySelector('.monaco-icon-label')?.textContent ?? row.textContent ?? ''),
      );
  }

  /** Waits until the row right below the one that begins with `text` has the text `below`: an open node's first child. */
  async waitForRowBelow(text: string, below: RegExp, timeout = STEP_MS): Promise<void> {
    let texts: string[] = [];
    for (const end = Date.now() + timeout; Date.now() < end; await this.page.waitForTimeout(50)) {
      texts = await this.rowTexts();
      const at = texts.findIndex((one) => one.startsWith(text));
      if (at >= 0 && below.test(texts[at + 1] ?? '')) return;
    }
    throw new Error(`Below the row ${text} there is no ${below}: ${texts.join('; ')}`);
  }

  /** Expands a row that is closed, and waits until it is open. */
  async expand(text: string | RegExp): Promise<void> {
    const row = await this.waitForRow(text);
    if ((await row.getAttribute('aria-expanded')) !== 'true') {
      await row.locator('.monaco-tl-twistie').click();
    }
    await this.page
      .locator('.part.sidebar .monaco-list-row[aria-expanded="true"]', { hasText: text })
      .first()
      .waitFor();
  }

  /** Collapses a row that is there and open. */
  async collapse(text: string | RegExp): Promise<void> {
    const row = this.page.locator('.monaco-list-row[aria-expanded="true"]', { hasText: text });
    const list = this.page.locator('.part.sidebar .monaco-list', { has: row }).first();
    const open = list.locator(row).first();
    if ((await open.count()) === 0) return;
    // Where the list is scrolled, the row lies behind the copy of it that sticks to the top.
    await list.hover();
    await this.page.mouse.wheel(0, -100_000);
    await open.locator('.monaco-tl-twistie').click();
    await open.waitFor({ state: 'detached' });
  }

  /** Chooses from the menu that is open. A menu takes no click in its first moment: its entry is clicked until it is gone. */
  async chooseFromMenu(title: string): Promise<void> {
    const entry = this.page.locator(`.monaco-menu .action-label:text-is("${title}")`).first();
    await entry.waitFor();
    const isThere = async (): Promise<boolean> => {
      await entry.click({ timeout: 1000 }).catch(() => undefined);
      return entry.isVisible();
    };
    while (await isThere()) await this.page.waitForTimeout(100);
  }

  /** Clicks the inline action of a row, by the action's title. */
  async inlineAction(row: string | RegExp, action: string): Promise<void> {
    const found = await this.waitForRow(row);
    await found.hover();
    await found.locator(`a[aria-label^="${action}"]`).click();
    // What the action says of itself would lie over what it opens as long as the mouse stays.
    await this.page.mouse.move(0, 0);
  }

  // Commands and quick input

  /** Runs a command by its full title, such as `Tilescope: Add Board...`. */
  async runCommand(title: string): Promise<void> {
    const entry = this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first();
    // A webview that takes the focus late closes the list again: then it is opened once more.
    for (let attempt = 1; ; attempt++) {
      await this.page.keyboard.press('F1');
      const input = this.quickInput();
      await input.waitFor();
      try {
        await input.fill(`>${title}`, { timeout: STEP_MS / 4 });
        await entry.click({ timeout: STEP_MS / 4 });
        return;
      } catch (error) {
        if (attempt === 3 || (await input.isVisible())) throw error;
      }
    }
  }

  /** The commands with titles that begin so that the palette offers now, by name; `known` is one of them. */
  async offered(start: string, known: string): Promise<string[]> {
    await this.page.keyboard.press('F1');
    await this.quickInput().fill(`>${start}`);
    const labels = this.page.locator('.quick-input-list .monaco-list-row .label-name');
    await labels.filter({ hasText: known }).first().waitFor();
    const titles = await labels.allTextContents();
    await this.page.keyboard.press('Escape');
    return titles.filter((title) => title.startsWith(start)).sort();
  }

  /** The text field of the open quick pick or input box. */
  quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-box input');
  }

  /** Waits for an input box and answers it; `prompt` is part of what it says. */
  async answerInput(text: string, prompt?: string | RegExp): Promise<void> {
    const widget = this.page.locator('.quick-input-widget:visible', ...(prompt ? [{ hasText: prompt }] : []));
    await widget.waitFor();
    await this.quickInput().fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Waits for a quick pick with this entry and chooses it. */
  async pick(entry: string | RegExp): Promise<void> {
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: entry }).first();
    await row.waitFor();
    await row.click();
  }

  // Messages

  /** Texts of the notifications that are on screen. */
  async notifications(): Promise<string[]> {
    return this.page.locator('.notifications-toasts .notification-list-item-message').allTextContents();
  }

  /** Waits for a notification with this text. */
  async waitForNotification(text: string | RegExp, timeout = STEP_MS): Promise<Locator> {
    const toast = this.page
      .locator('.notifications-toasts .notification-list-item', { hasText: text })
      .first();
    await toast.waitFor({ timeout });
    return toast;
  }

  /** Clicks a button of the notification with this text. */
  async clickNotification(text: string | RegExp, button: string): Promise<void> {
    const toast = await this.waitForNotification(text);
    await toast.hover();
    await toast.locator('.monaco-button', { hasText: button }).first().click();
  }

  /** Waits for a modal dialog and reads it. */
  async modal(timeout = STEP_MS): Promise<Modal> {
    const box = this.page.locator('.monaco-dialog-box');
    await box.waitFor({ timeout });
    return {
      message: (await box.locator('.dialog-message-text').textContent()) ?? '',
      detail: (await box.locator('.dialog-message-detail').allTextContents()).join('\n'),
      buttons: await box.locator('.dialog-buttons .monaco-button').allTextContents(),
    };
  }

  /** True while a modal dialog is open. */
  async hasModal(): Promise<boolean> {
    return (await this.page.locator('.monaco-dialog-box').count()) > 0;
  }

  /** Clicks a button of the modal dialog, by a part of its label or a pattern, and waits until it is gone. */
  async clickModal(button: string | RegExp): Promise<void> {
    // This very box: another one may follow at once.
    const box = await this.page.locator('.monaco-dialog-box').elementHandle();
    await this.page
      .locator('.monaco-dialog-box .dialog-buttons .monaco-button', { hasText: button })
      .first()
      .click();
    await box?.waitForElementState('hidden');
  }

  /** Texts of the status bar's entries, left to right. */
  async statusBar(): Promise<string[]> {
    const texts = await this.page.locator('.part.statusbar .statusbar-item').allTextContents();
    return texts.map((text) => text.trim()).filter((text) => text !== '');
  }

  // Editors

  /** The tab with this title. */
  tab(title: string | RegExp): Locator {
    return this.page.locator('.part.editor .tabs-container .tab', { hasText: title }).first();
  }

  /** True when the tab shows the mark of unsaved work. */
  async isDirty(title: string | RegExp): Promise<boolean> {
    return /\bdirty\b/.test((await this.tab(title).getAttribute('class')) ?? '');
  }

  /** Closes every editor and throws its unsaved work away. */
  async discardEditors(): Promise<void> {
    const tabs = this.page.locator('.part.editor .tabs-container .tab');
    for (let left = await tabs.count(); left > 0; left--) {
      await this.runCommand('View: Revert and Close Editor');
      await tabs.nth(left - 1).waitFor({ state: 'detached' });
    }
  }

  /** The frame of the extension's page that has a visible element for `selector`. */
  async webview(selector: string, timeout = STEP_MS): Promise<Frame> {
    // VS Code's page > its frame around the webview > the frame with the extension's own document.
    const end = Date.now() + timeout;
    for (;;) {
      for (const frame of this.page.frames()) {
        if (frame === this.page.mainFrame()) continue;
        const seen = await frame
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false);
        if (seen && (await this.#frameIsShown(frame))) return frame;
      }
      if (Date.now() > end) {
        const frames = this.page.frames().map((frame) => frame.url());
        throw new Error(`No webview shows "${selector}". Frames:\n${frames.join('\n')}`);
      }
      await this.page.waitForTimeout(50);
    }
  }

  /** Hidden tabs keep their frames; only shown ones count. */
  async #frameIsShown(frame: Frame): Promise<boolean> {
    for (let inner: Frame | null = frame; inner?.parentFrame(); inner = inner.parentFrame()) {
      const element = await inner.frameElement().catch(() => undefined);
      if (element === undefined || !(await element.isVisible())) return false;
    }
    return true;
  }

  // Settings and looks

  /**
   * Changes user settings, keeps all others, and reloads the window: the server does not reliably tell a window that
   * the file has changed.
   */
  async setSettings(settings: Readonly<Record<string, unknown>>): Promise<void> {
    const file = join(this.host.dataFolder, 'user', 'User', 'settings.json');
    const before = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...before, ...settings }, null, 2));
    await this.reload();
  }

  /**
   * The window loses the focus, and gets it back. A browser without a screen tells a page neither, so both are told by
   * events; VS Code drops such an event when it is busy, so each is told again until the title bar shows it.
   */
  async leaveWindow(): Promise<void> {
    const inactive = this.page.locator('.part.titlebar.inactive');
    for (const state of ['attached', 'detached'] as const) {
      for (const end = Date.now() + STEP_MS; ; ) {
        await this.page.evaluate((away) => {
          Reflect.deleteProperty(document, 'hasFocus');
          // One that has its focus in a web page within it counts as left already, and would not hear of it.
          window.dispatchEvent(new Event('focus'));
          if (away) {
            document.hasFocus = () => false;
            window.dispatchEvent(new Event('blur'));
          }
        }, state === 'attached');
        const seen = await inactive.waitFor({ state, timeout: 1000 }).then(
          () => true,
          () => false,
        );
        if (seen) break;
        if (Date.now() > end) throw new Error(`The title bar did not follow the window's focus.`);
      }
    }
  }

  /** Switches the colour theme as a person does, and waits until the window wears it. */
  async setTheme(theme: Theme): Promise<void> {
    const { label, bodyClass } = THEMES[theme];
    await this.runCommand('Preferences: Color Theme');
    await this.page.locator('.quick-input-widget:visible', { hasText: 'Light Modern' }).waitFor();
    await this.quickInput().fill(label);
    await this.pick(new RegExp(`^${label}`));
    await this.page.locator(`.monaco-workbench.${bodyClass}`).waitFor();
    // The pages of extensions are told, and follow a moment later.
    const kind = `vscode-${theme}`;
    for (const frame of this.page.frames()) {
      if (!(await this.#frameIsShown(frame))) continue;
      await frame.waitForFunction((wanted) => {
        const worn = document.body?.dataset['vscodeThemeKind'];
        return worn === undefined || worn === wanted;
      }, kind);
    }
  }

  /** Takes a picture of the window; returns its path. */
  async screenshot(name: string): Promise<string> {
    await mkdir(SCREENSHOTS, { recursive: true });
    const path = join(SCREENSHOTS, `${name}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  /** Texts that are cut off or run out of their box: in a webview's frame, or in the side bar's rows by default. */
  async clippedTexts(frame?: Frame): Promise<string[]> {
    if (frame !== undefined) return findClipped(frame, 'body');
    return findClipped(this.page.mainFrame(), '.part.sidebar .monaco-list-rows');
  }

  /** Runs the accessibility rules of axe on the page in a frame, or on the side bar by default. */
  async accessibilityProblems(frame?: Frame, rulesOff: readonly string[] = []): Promise<AxeViolation[]> {
    const where = frame ?? this.page.mainFrame();
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await where.evaluate(await readFile(axe, 'utf8'));
    return where.evaluate(
      async ({ scope, off }) => {
        interface Axe {
          run(
            target: Element,
            options: object,
          ): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>;
        }
        const element = document.querySelector(scope);
        if (element === null) throw new Error(`nothing matches ${scope}`);
        const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
        const result = await (globalThis as unknown as { axe: Axe }).axe.run(element, { rules });
        return result.violations.map((violation) => ({
          rule: violation.id,
          help: violation.help,
          elements: violation.nodes.map((node) => node.html.slice(0, 200)),
        }));
      },
      { scope: frame === undefined ? '.part.sidebar' : 'html', off: [...rulesOff] },
    );
  }
}

/** Whether no row that sticks to the top of its list lies over this one. One look: false where it is gone. */
async function isUncovered(row: Locator): Promise<boolean> {
  const look = row.evaluate(
    (one) => {
      const { left, top, width, height } = one.getBoundingClientRect();
      const upmost = document.elementFromPoint(left + width / 2, top + height / 2);
      return upmost !== null && upmost.closest('.monaco-tree-sticky-container') === null;
    },
    undefined,
    { timeout: 1000 },
  );
  return look.catch(() => false);
}

/**
 * Elements with text of their own whose text does not fit: wider or higher than a box that hides the rest without an
 * ellipsis and a title that holds all of it, or reaching beyond the window. Open shadow roots are looked into.
 */
export async function findClipped(frame: Frame, scope: string): Promise<string[]> {
  return frame.evaluate((selector) => {
    const found: string[] = [];
    const hasOwnText = (element: Element): boolean =>
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
    const isHidden = (element: HTMLElement): boolean => {
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      // One pixel boxes are for screen readers only.
      return style.visibility === 'hidden' || style.display === 'none' || box.width <= 1 || box.height <= 1;
    };
    // What a person can scroll to is not cut off.
    const canScrollSideways = (element: Element): boolean => {
      for (let around: Element | null = element; around !== null; around = around.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(around).overflowX)) return true;
      }
      return false;
    };
    const titled = (element: Element): boolean =>
      element.closest('[title], [aria-label], [custom-hover]') !== null;
    const look = (element: Element): void => {
      if (element instanceof HTMLElement && hasOwnText(element) && !isHidden(element)) {
        const style = getComputedStyle(element);
        const text = (element.textContent ?? '').trim().slice(0, 60);
        const hidesX = style.overflowX === 'hidden' || style.overflowX === 'clip';
        const hidesY = style.overflowY === 'hidden' || style.overflowY === 'clip';
        const ellipsis = style.textOverflow === 'ellipsis' && titled(element);
        if (hidesX && element.scrollWidth > element.clientWidth + 1 && !ellipsis) {
          found.push(`cut off at the side: "${text}" (${element.scrollWidth} > ${element.clientWidth} px)`);
        }
        if (hidesY && element.scrollHeight > element.clientHeight + 2) {
          found.push(`cut off below: "${text}" (${element.scrollHeight} > ${element.clientHeight} px)`);
        }
        const scrolls = canScrollSideways(element);
        const box = element.getBoundingClientRect();
        if (!scrolls && style.overflowX === 'visible' && box.left >= 0 && box.left < innerWidth) {
          const range = document.createRange();
          range.selectNodeContents(element);
          if (range.getBoundingClientRect().right > innerWidth + 1)
            found.push(`beyond the window: "${text}"`);
        }
      }
      for (const child of element.children) look(child);
      if (element.shadowRoot !== null) for (const child of element.shadowRoot.children) look(child);
    };
    for (const element of document.querySelectorAll(selector)) look(element);
    return found;
  }, scope);
}
