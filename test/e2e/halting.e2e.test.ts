/** Halting a core as a person does: a breakpoint in its source, the question, the stop, steps, and the end. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { Random } from '../conformance/random.ts';
import { DwarfWriter } from '../program/dwarf.ts';
import { makeElf } from '../program/elf.ts';
import { Workbench } from './driver.ts';

const source = `void fir(input *in) {
  for (;;) {
    acquire(in);
    sum = step(in);
    release(in);
  }
}
`;

/** A build whose core in the first column and row runs `fir`. */
async function writeBuild(folder: string): Promise<void> {
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'src', 'fir.cc'), source);
  const range = { low: 0x200, high: 0xa00 };
  const row = (address: number, line: number) => ({ address, file: 0, line, column: 5 });
  const unit = {
    version: 5,
    folder,
    files: ['src/fir.cc'],
    functions: [{ name: 'fir', linkageName: 'fir', ranges: [range], file: 0, line: 1, inlined: [] }],
    globals: [],
    sequences: [{ rows: [row(0x200, 3), row(0x400, 4), row(0x800, 5)], end: range.high }],
  };
  const release = join(folder, 'Work', 'aie', '0_0', 'Release');
  await mkdir(release, { recursive: true });
  const elf = makeElf({ flags: 1, sections: new DwarfWriter(new Random(1)).write([unit]) });
  await writeFile(join(release, '0_0'), elf);
}

describe('[debug-6] a session that may halt', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-halting-'));
    await writeBuild(folder);
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { TILESCOPE_START_BOARDS: JSON.stringify([{ kind: 'simulated', label: 'Simulated board' }]) },
    });
    workbench = await Workbench.open(host, { width: 1280, height: 900 });
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.waitForRow('Columns 6 to 9');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('asks once whose cores may be halted, meets a breakpoint, steps over its line, shows registers, runs to the cursor, and lets the core go', async () => {
    const { page } = workbench;
    const stack = (text: string | RegExp) =>
      page.locator('.debug-call-stack .monaco-list-row', { hasText: text });
    /** The line in front, as the editor marks it. */
    const here = page.locator('.debug-top-stack-frame-line');
    await workbench.setTheme('light');
    await page.keyboard.press('Control+P');
    await page.locator('.quick-input-widget input').first().fill('fir.cc');
    await workbench.pick('fir.cc');
    await page.locator('.view-line', { hasText: 'sum = step(in);' }).click();
    await page.keyboard.press('F9');
    await workbench.runCommand('Tilescope: Debug Cores');
    await workbench.pick('Columns 6 to 9');
    // An observing session sets nothing.
    await stack(/\(6,1\) .* fir:/).waitFor();
    await page.locator('.cgmr.codicon-debug-breakpoint-unverified').waitFor();

    await stack('(6,1)').click({ button: 'right' });
    const entry = page.locator('.monaco-menu .action-label', { hasText: 'Allow Halting Cores...' });
    await entry.waitFor();
    // A menu takes no click in its first moment: it is clicked until it is gone.
    const isThere = async (): Promise<boolean> => {
      await entry.click({ timeout: 1000 }).catch(() => undefined);
      return entry.isVisible();
    };
    await expect.poll(isThere, { timeout: 60_000, interval: 200 }).toBe(false);
    const question = await workbench.modal(60_000);
    expect(question.message).toMatch(/^Allow halting the cores of columns 6 to 9 \(.+\)\?$/i);
    expect(question.detail).toMatch(/DMA and locks go on .* may time out/);
    await workbench.screenshot('halting-question');
    await workbench.clickModal('Allow Halting');

    await stack('Halted').waitFor();
    await page.locator('.cgmr.codicon-debug-breakpoint-unverified').waitFor({ state: 'detached' });
    await here.waitFor();
    await workbench.screenshot('halted');
    await page.keyboard.press('F10');
    await stack('fir:5').waitFor();

    const variable = (text: string | RegExp) =>
      page.locator('.debug-variables .monaco-list-row', { hasText: text });
    const registers = variable('Registers');
    const isOpen = async (): Promise<boolean> => {
      const isExpanded = (await registers.getAttribute('aria-expanded')) === 'true';
      if (!isExpanded) await registers.click({ timeout: 1000 }).catch(() => undefined);
      return variable('r0').isVisible();
    };
    await expect.poll(isOpen, { timeout: 60_000, interval: 200 }).toBe(true);
    await workbench.screenshot('halted-registers');

    // From the last line of the loop to the first one: the breakpoint between is not met.
    await page.locator('.view-line', { hasText: 'acquire(in);' }).click();
    await workbench.runCommand('Debug: Run to Cursor');
    await stack('fir:3').waitFor();
    await expect.poll(() => page.locator('.cgmr.codicon-debug-breakpoint').count()).toBe(1);
    await workbench.setTheme('high-contrast');
    await workbench.screenshot('halted-registers-contrast');
    await workbench.setTheme('dark');
    await workbench.screenshot('halted-dark');
    await page.keyboard.press('F5');
    await stack('fir:4').waitFor();
    await page.keyboard.press('Shift+F5');
    await stack('(6,1)').waitFor({ state: 'detached' });
  });
});
