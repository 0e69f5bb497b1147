/**
 * Live memory beside a debug session of a small program in Node, as a person sees it: the grid moves, stops with the session,
 * marks what changed since the stop before, and moves on with it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { changeMarks } from '../webview/change-marks.ts';
import { type Theme, Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import { openMemory } from './main-job.ts';

const BOARD = 'Simulated board';
/** A buffer of the simulated graph, which its kernels write all the time. */
const MOVING = { tile: '(6,1)', offset: '0x1000' } as const;
const HERTZ = 10;
const THEMES: readonly Theme[] = ['light', 'dark', 'high-contrast'];

/** The program stops when a file of this name appears. */
const SIGN = 'stop-now';
const PROGRAM = `const { existsSync, unlinkSync } = require('node:fs');
const sign = require('node:path').join(__dirname, '${SIGN}');
let stops = 0;
setInterval(() => {
  if (!existsSync(sign)) return;
  unlinkSync(sign);
  stops++;
  debugger;
}, 20);
`;
const launch = (program: string) => ({
  version: '0.2.0',
  configurations: [
    {
      type: 'node',
      request: 'launch',
      name: 'a small program',
      program,
      console: 'internalConsole',
      internalConsoleOptions: 'neverOpen',
    },
  ],
});

describe('[live-13] live memory beside a debug session of Node', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;
  let editor: HexEditorPage;

  const live = (): Promise<string> =>
    editor
      .button('live')
      .textContent()
      .then((text) => text?.trim() ?? '');
  const bytes = async (): Promise<string> => (await editor.rows()).map((row) => row.bytes).join('\n');
  /** The grid shows other bytes than a moment ago. */
  const moves = async (): Promise<boolean> => {
    const before = await bytes();
    await expect.poll(bytes).not.toBe(before);
    return true;
  };
  /** It shows the same for as long as ten updates would take. */
  const stands = async (): Promise<void> => {
    const look = async (): Promise<boolean> => {
      const before = await bytes();
      for (const end = Date.now() + 10_000 / HERTZ; Date.now() < end; ) {
        if ((await bytes()) !== before) return false;
      }
      return true;
    };
    await expect.poll(look).toBe(true);
  };
  /** Runs of bytes on screen that are marked as changed. */
  const marked = (): Promise<number> =>
    changeMarks(editor.frame).then((marks) => Object.values(marks).flat().length);
  /** Takes a picture in each theme. */
  const pictures = async (name: string, isThere: () => Promise<void>): Promise<void> => {
    // This editor has no language server, and says so once it looks at the program.
    await workbench.runCommand('Notifications: Clear All Notifications');
    for (const theme of THEMES) {
      await workbench.setTheme(theme);
      await isThere();
      await workbench.screenshot(`${name}-${theme}`);
      await expect.poll(() => workbench.clippedTexts(editor.frame)).toEqual([]);
    }
  };
  /** Runs a command of the memory's tab; a stop has taken the focus to the program. */
  const run = async (title: string): Promise<void> => {
    await editor.grid.click({ position: { x: 5, y: 5 } });
    await workbench.page.locator('.editor-group-container.active .tab.active', { hasText: 'data' }).waitFor();
    await workbench.runCommand(title);
  };
  /** The program stops at its `debugger` statement. */
  const stop = async (): Promise<void> => {
    await writeFile(join(folder, SIGN), '');
    await workbench.page.locator('.debug-top-stack-frame-line').first().waitFor();
    await expect.poll(live).toBe('Live paused');
  };
  const goOn = async (): Promise<void> => {
    const line = workbench.page.locator('.debug-top-stack-frame-line').first();
    await expect
      .poll(async () => {
        if (!(await line.isVisible())) return true;
        await workbench.page.keyboard.press('F5');
        return !(await line.isVisible());
      })
      .toBe(true);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-live-'));
    await mkdir(join(folder, '.vscode'));
    await writeFile(
      join(folder, '.vscode', 'launch.json'),
      JSON.stringify(launch(join(folder, 'program.js'))),
    );
    await writeFile(join(folder, 'program.js'), PROGRAM);
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      settings: { 'tilescope.liveRate': HERTZ },
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: BOARD }]) },
    });
    workbench = await Workbench.open(host, { width: 1760, height: 900 });
    await workbench.showView('Tilescope');
    await workbench.expand(BOARD);
    editor = await openMemory(workbench, 'Data memory', MOVING.tile);
    await workbench.runCommand('View: Keep Editor');
    await workbench.showView('Explorer');
    const code = workbench.page.locator('.view-line', { hasText: 'debugger;' });
    // A list that draws itself anew loses a click.
    for (let clicks = 1; !(await code.isVisible()); clicks++) {
      await (await workbench.waitForRow('program.js')).click();
      await code.waitFor({ timeout: 15_000 }).catch((error) => {
        if (clicks === 3) throw error;
      });
    }
    // Where the program stops is shown beside the memory, not in its place.
    await workbench.runCommand('View: Move Editor into Next Group');
    await editor.grid.waitFor();
    await editor.goTo(MOVING.offset);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('the grid moves, and marks what changed', async () => {
    await expect.poll(live).toBe(`Live ${HERTZ} Hz`);
    await moves();
    await pictures('live-moving', () => expect.poll(marked).toBeGreaterThan(0));
  });

  test('a stop has it stand, and marks what changed since the stop before; going on, it moves at its rate', async () => {
    await workbench.runCommand('Debug: Start Debugging');
    await workbench.page.locator('.debug-toolbar').waitFor();
    await moves();
    await stop();
    await stands();
    expect(await editor.button('live').getAttribute('title')).toContain('debug session is stopped');
    await run('Tilescope: Mark Changes...');
    await workbench.pick('Since the last stop of a debug session');
    await editor.frame.getByText('Marked: changed since the last stop').first().waitFor();
    const first = await bytes();
    await goOn();
    await expect.poll(live).toBe(`Live ${HERTZ} Hz`);
    await moves();
    await stop();
    await stands();
    // What changed since the stop before is marked, as long as the session is stopped.
    expect(await bytes()).not.toBe(first);
    expect(await marked()).toBeGreaterThan(0);
    await pictures('live-stopped', async () => {
      expect(await marked()).toBeGreaterThan(0);
    });
    await goOn();
    await expect.poll(live).toBe(`Live ${HERTZ} Hz`);
    await moves();
  });

  test('at stops only: it stands while the program runs, and a stop refreshes it at once', async () => {
    await run('Tilescope: Live...');
    await workbench.pick('debug session stops');
    await expect.poll(live).toBe('Live at stops');
    await stands();
    const before = await bytes();
    await writeFile(join(folder, SIGN), '');
    await expect.poll(bytes).not.toBe(before);
    await stands();
    await workbench.runCommand('Debug: Stop');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  });
});
