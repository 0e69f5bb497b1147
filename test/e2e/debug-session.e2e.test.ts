/**
 * A debug session of cores as a person has it, in the folder that `npm start` opens: attach, states and lines, a sample,
 * disassembly, halt, breakpoint, steps, resume, detach.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, localContext } from '../../scripts/browser.ts';
import { root } from '../../scripts/common.ts';
import { writeDemo } from '../../scripts/demo-folder.ts';
import {
  CURRENT_CODE_SERVER,
  OLDEST_CODE_SERVER,
  type RunningHost,
  startCodeServer,
  startTheia,
  THEIA,
} from '../../scripts/hosts.ts';
import { SCREENSHOTS, Workbench } from './driver.ts';

const BOARD = 'Simulated board';

/** Acts until it is so: lists that are drawn anew and menus in their first moment lose a click. */
async function until(isSo: () => Promise<boolean>, act: () => Promise<unknown>): Promise<void> {
  const look = async (): Promise<boolean> => {
    if (await isSo()) return true;
    await act().catch(() => undefined);
    return isSo();
  };
  await expect.poll(look, { timeout: 60_000, interval: 300 }).toBe(true);
}

/** Presses the key until it is so; views follow a step some time later, and not at all while the next one comes. */
async function press(page: Page, key: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let i = 0; ; i++) {
    await page.keyboard.press(key);
    try {
      await expect.poll(isSo, { timeout: 10_000 }).toBe(true);
      return;
    } catch (error) {
      if (i === 5) throw error;
    }
  }
}

/** The text of the source where the editor marks a line with the class; empty where none is marked. */
async function lineAt(page: Page, mark: string): Promise<string> {
  const box = await page
    .locator(mark)
    .first()
    .boundingBox({ timeout: 1000 })
    .catch(() => undefined);
  const texts = await page
    .locator('.view-line')
    .evaluateAll(
      (all, top) =>
        all
          .filter((one) => Math.abs(one.getBoundingClientRect().top - top) < 4)
          .map((one) => one.textContent ?? ''),
      box?.y ?? Number.NaN,
    );
  // Between the words there are signs of the editor's own.
  return (texts[0] ?? '').replace(/[^!-~]+/g, ' ').trim();
}

describe.each([
  ['current', CURRENT_CODE_SERVER],
  ['oldest supported', OLDEST_CODE_SERVER],
])('the %s VS Code (code-server %s)', (which, version) => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-session-'));
    await writeDemo(folder, BOARD);
    host = await startCodeServer({
      version,
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: BOARD }]) },
    });
    workbench = await Workbench.open(host, { width: 1280, height: 900 });
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') return workbench.screenshot(`debug-failed-${version}`);
    return undefined;
  });

  /** A row of the call stack. */
  const stack = (text: string | RegExp): Locator =>
    workbench.page.locator('.debug-call-stack .monaco-list-row', { hasText: text }).first();
  /** @param badge what VS Code says of the core then, in its own case: its name tells the state too */
  const pause = async (core: string, badge: RegExp): Promise<void> => {
    const values = workbench.page.locator('.debug-variables .monaco-list-row', { hasText: core });
    await until(
      async () => (await stack(badge).isVisible()) && (await values.isVisible()),
      async () => {
        // The first halt in a window is not always selected by itself. A late click on Pause may meet Continue in its place.
        if (await stack(badge).isVisible()) await stack(core).click({ timeout: 1000 });
        else {
          await stack(core).hover({ timeout: 1000 });
          await stack(core).locator('.codicon-debug-pause').click({ timeout: 1000 });
        }
      },
    );
  };
  const here = (): Promise<string> => lineAt(workbench.page, '.debug-top-stack-frame-line');
  const picture = async (name: string): Promise<void> => {
    if (which !== 'current') {
      await workbench.screenshot(`debug-${name}-oldest`);
      return;
    }
    for (const theme of ['light', 'dark', 'high-contrast'] as const) {
      await workbench.setTheme(theme);
      await workbench.screenshot(`debug-${name}-${theme}`);
    }
  };

  test('[debug-9] [debug-11] one click attaches; cores are named by state and line; a sample opens the source and has values', async () => {
    await workbench.showView('Run and Debug');
    await workbench.page.locator('.start-debug-action-item .codicon-debug-start').click();
    await stack(/\(7,2\) lock north · cfar_window:\d+/).waitFor();
    await stack(/\(7,3\) lock south · matmul_4x16x8:\d+/).waitFor();
    await stack(/\(6,1\) runs · fft_stage_0:\d+/).waitFor();
    await pause('(7,2)', /Sample/);
    await expect.poll(here).toBe('acquire(room_in_north);');
    await stack('main').waitFor();
    await workbench.page.locator('.debug-variables .monaco-list-row', { hasText: /^PC/ }).waitFor();
    await picture('sample');
  });

  test('[debug-11] its disassembly is that of the core', async () => {
    const { page } = workbench;
    await page.locator('.editor-instance .view-line', { hasText: 'acquire(room_in_north);' }).click();
    await workbench.runCommand('Open Disassembly View');
    await page
      .locator('.disassembly-view .monaco-list-row, .disassembly-view .monaco-table-tr', {
        hasText: 'ACQ r0, r1',
      })
      .first()
      .waitFor();
    await picture('disassembly');
    await workbench.runCommand('View: Close Editor');
    await page.locator('.disassembly-view').waitFor({ state: 'detached' });
    await page.keyboard.press('F5');
    await stack('Sample').waitFor({ state: 'detached' });
  });

  test('[debug-9] [debug-11] after a consent cores halt, meet breakpoints, step, go on, and are let go at the end', async () => {
    const { page } = workbench;
    const entry = page.locator('.monaco-menu .action-label', { hasText: 'Allow Halting Cores...' });
    await until(
      () => entry.isVisible(),
      () => stack('(6,1)').click({ button: 'right', timeout: 1000 }),
    );
    await until(
      async () => !(await entry.isVisible()),
      () => entry.click({ timeout: 1000 }),
    );
    await workbench.modal();
    await workbench.clickModal('Allow Halting');
    await pause('(6,1)', /Halted/);
    await picture('halted');
    // One instruction, then the rest of the line.
    const counter = page.locator('.debug-variables .monaco-list-row', { hasText: /^PC/ });
    const before = await counter.textContent();
    await press(
      page,
      'F11',
      async () => (await counter.isVisible()) && (await counter.textContent()) !== before,
    );
    await expect.poll(here).not.toBe('');
    const between = await here();
    await press(page, 'F10', async () => !['', between].includes(await here()));

    // Cores of the same kernel meet the breakpoint, too, and take the focus: the key would be for one of them.
    const sends = page.locator('.editor-instance .view-line', { hasText: 'send(pong, 256);' });
    const listed = page.locator('.debug-breakpoints .monaco-list-row', { hasText: 'fft_stage_0.cc' });
    await sends.click();
    await page.keyboard.press('F9');
    await listed.waitFor();
    await until(
      () => stack(/\(6,1\) halted · fft_stage_0:23/).isVisible(),
      async () => {
        await stack('(6,1)').hover({ timeout: 1000 });
        await stack('(6,1)').locator('.codicon-debug-continue').click({ timeout: 1000 });
      },
    );
    await until(
      async () => (await here()) === 'send(pong, 256);',
      () => stack('(6,1)').click({ timeout: 1000 }),
    );
    await sends.click();
    await page.keyboard.press('F9');
    await listed.waitFor({ state: 'detached' });
    // Each core with that kernel may have met it: one after the other goes on, by the button of its row: the key is for the core
    // that has the focus, which follows a click some time later. Rows out of sight do not exist.
    await until(
      async () => {
        await page.locator('.debug-call-stack').hover();
        await page.mouse.wheel(0, -10_000);
        return !(await stack(/Halted/).isVisible()) && (await stack(/\(6,1\) runs/).isVisible());
      },
      async () => {
        await stack(/Halted/).hover({ timeout: 1000 });
        await stack(/Halted/)
          .locator('.codicon-debug-continue')
          .click({ timeout: 1000 });
      },
    );
    await page.keyboard.press('Shift+F5');
    await stack('(6,1)').waitFor({ state: 'detached' });
  });
});

/** Theia has a debug view of its own making. */
describe(`Theia ${THEIA}`, () => {
  let folder: string;
  let host: RunningHost;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-theia-session-'));
    await writeDemo(folder, BOARD);
    host = await startTheia({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: BOARD }]) },
    });
    browser = await launchBrowser();
    page = await (await localContext(browser, { width: 1400, height: 1000 })).newPage();
    await page.goto(host.url, { waitUntil: 'commit' });
    await page
      .locator('.theia-app-left .lm-TabBar-tab[id$="extension.tilescope"]')
      .waitFor({ timeout: 60_000 });
  });

  afterAll(async () => {
    await browser?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const thread = (text: string | RegExp): Locator =>
    page.locator('.theia-debug-thread', { hasText: text }).first();
  const here = (): Promise<string> => lineAt(page, '.theia-debug-top-stack-frame-line');
  const pause = async (core: string, badge: RegExp): Promise<void> => {
    await until(
      () => thread(badge).isVisible(),
      async () => {
        await thread(core).click({ timeout: 1000 });
        await page.keyboard.press('F6');
      },
    );
    await until(
      async () => (await here()) !== '',
      () => thread(core).click({ timeout: 1000 }),
    );
  };
  /** The program counter among the values of the core; empty while they are not there. */
  const counter = async (): Promise<string> => {
    const value = page.locator('.theia-debug-console-variable', { hasText: /^PC/ }).first();
    if (!(await value.isVisible())) {
      await page
        .locator('.theia-TreeNode', { hasText: /^Core$/ })
        .first()
        .click({ timeout: 1000 })
        .catch(() => undefined);
    }
    return (await value.textContent({ timeout: 1000 }).catch(() => '')) ?? '';
  };
  const picture = (name: string): Promise<unknown> =>
    page.screenshot({ path: join(SCREENSHOTS, `debug-${name}-theia.png`) });

  test('[debug-11] attach, states and lines, a sample, disassembly, halt, steps, resume, detach', async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    await page.locator('[id="shell-tab-debug"]').click();
    await page.getByText('Cores of demo_graph').first().waitFor();
    await page.locator('.debug-action.codicon-debug-start').click();
    await thread('(7,2)').waitFor({ timeout: 60_000 });
    // Theia draws new names with the next click.
    await until(
      () => thread(/\(7,2\) lock north · cfar_window:\d+/).isVisible(),
      () => thread('(7,2)').click({ timeout: 1000 }),
    );
    await pause('(7,2)', /Sample/);
    await expect.poll(here).toBe('acquire(room_in_north);');
    await page.locator('.theia-debug-stack-frame', { hasText: 'main' }).waitFor();
    await picture('sample');

    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').first().fill('>Open Disassembly View');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Open Disassembly View' }).click();
    await page.locator('.disassembly-view-widget', { hasText: 'ACQ r0, r1' }).waitFor();
    await picture('disassembly');
    await page
      .locator('.lm-TabBar-tab', { hasText: 'Disassembly' })
      .first()
      .locator('.lm-TabBar-tabCloseIcon')
      .click();
    await until(
      async () => !(await thread('Sample').isVisible()),
      async () => {
        await thread('(7,2)').click({ timeout: 1000 });
        await page.keyboard.press('F5');
      },
    );

    const entry = page.locator('.lm-Menu-itemLabel', { hasText: 'Allow Halting Cores...' });
    const question = page.locator('.dialogBlock', { hasText: 'Allow halting the cores' });
    await until(
      () => question.isVisible(),
      async () => {
        if (!(await entry.isVisible())) await thread('(6,1)').click({ button: 'right', timeout: 1000 });
        await entry.click({ timeout: 1000 });
      },
    );
    await question.locator('button', { hasText: 'Allow Halting' }).click();
    await pause('(6,1)', /Halted/);
    await picture('halted');
    await expect.poll(counter).not.toBe('');
    const before = await counter();
    await press(page, 'F11', async () => !['', before].includes(await counter()));
    await expect.poll(here).not.toBe('');
    const between = await here();
    await press(page, 'F10', async () => !['', between].includes(await here()));
    await until(
      async () => !(await thread(/Halted/).isVisible()),
      async () => {
        await thread('(6,1)').click({ timeout: 1000 });
        await page.keyboard.press('F5');
      },
    );
    await page.keyboard.press('Shift+F5');
    await thread('(6,1)').waitFor({ state: 'detached' });
  });
});
