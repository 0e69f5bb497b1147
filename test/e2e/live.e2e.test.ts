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
import { type Theme, Workbench } from './driver.ts';
import type { HexEditorPage } from './hex-editor.ts';
import { openMemory } from './main-job.ts';

const BOARD = 'Simulated board';
/** A buffer of the simulated graph, which its kernels write all the time. */
const MOVING = { tile: '(6,1)', offset: '0x1000' } as const;
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

describe('live memory beside a debug session of Node', () => {
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
  /** Look after look it shows the same. */
  const stands = async (): Promise<void> => {
    const look = async (): Promise<number> => {
      const before = await bytes();
      for (let looks = 0; looks < 20; looks++) if ((await bytes()) !== before) return looks;
      return 20;
    };
    await expect.poll(look).toBe(20);
  };
  /** Runs of bytes on screen that are marked as changed. */
  const marked = (): Promise<number> =>
    editor.frame.evaluate(() =>
      ['tile-changed', 'tile-fading'].reduce((sum, name) => sum + (CSS.highlights.get(name)?.size ?? 0), 0),
    );
  /** Takes a picture in each theme. */
  const pictures = async (name: string, isThere: () => Promise<void>): Promise<void> => {
    for (const theme of THEMES) {
      await workbench.setTheme(theme);
      await isThere();
      await workbench.screenshot(`${name}-${theme}`);
      await expect.poll(() => workbench.clippedTexts(editor.frame)).toEqual([]);
    }
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
      settings: { 'tilescope.liveRate': 10 },
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: BOARD }]) },
    });
    workbench = await Workbench.open(host, { width: 1500, height: 900 });
    await workbench.showView('Tilescope');
    await workbench.expand(BOARD);
    editor = await openMemory(workbench, 'Data memory', MOVING.tile);
    await workbench.runCommand('View: Keep Editor');
    // Where the program stops is shown beside the memory, not in its place.
    await workbench.showView('Explorer');
    await (await workbench.waitForRow('program.js')).click({ modifiers: ['Alt'] });
    await workbench.page.locator('.view-line', { hasText: 'debugger;' }).waitFor();
    await editor.goTo(MOVING.offset);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('the grid moves, and marks what changed', async () => {
    await expect.poll(live).toBe('Live 10 Hz');
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
    await workbench.runCommand('Tilescope: Mark Changes...');
    await workbench.pick('Since the last stop of a debug session');
    await editor.frame.getByText('Marked: changed since the last stop').first().waitFor();
    const first = await bytes();
    await goOn();
    await expect.poll(live).toBe('Live 10 Hz');
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
    await expect.poll(live).toBe('Live 10 Hz');
    await moves();
  });

  test('at stops only: it stands while the program runs, and a stop refreshes it at once', async () => {
    await workbench.runCommand('Tilescope: Live...');
    await workbench.pick('debug session stops');
    await expect.poll(live).toBe('Live at stops');
    await stands();
    const before = await bytes();
    await writeFile(join(folder, SIGN), '');
    await expect.poll(bytes).not.toBe(before);
    await stands();
    await workbench.runCommand('Debug: Stop');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'detached' });
  });
});
