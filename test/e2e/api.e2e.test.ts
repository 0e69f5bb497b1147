/** Another extension writes: what the person reads who is asked, in three themes, and what becomes of the answer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { simulatedKey } from '../../src/board/simulated/array.ts';
import { type Theme, Workbench } from './driver.ts';

describe('[live-11] the question about a write of another extension', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-api-'));
    const partition = simulatedKey({ startCol: 6, numCols: 4 });
    const place = { board: 'sim', partition, memory: 'data', tile: { col: 6, row: 2 }, offset: 0x400 };
    const board = { kind: 'simulated', id: 'sim', label: 'Simulated board' };
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      installed: [join(root, 'examples', 'mailbox')],
      settings: { 'mailbox.place': place },
      env: { TILESCOPE_START_BOARDS: JSON.stringify([board]) },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
    await workbench.expand('Simulated board');
    await workbench.waitForRow(/Columns 6 to 9/);
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Asks until the person is asked: who was refused a moment ago has to wait. */
  const ask = async (): Promise<void> => {
    for (;;) {
      await workbench.runCommand('Mailbox: Answer');
      const isAsked = await workbench.modal(3000).then(
        () => true,
        () => false,
      );
      if (isAsked) return;
    }
  };

  test.each(['light', 'dark', 'high-contrast'] as const)(
    '[live-11] %s: says who asks, where, the bytes now and then, beside whom; nothing is written without a yes',
    async (theme: Theme) => {
      await workbench.setTheme(theme);
      await ask();
      const { message, detail, buttons } = await workbench.modal();
      expect(message).toBe('Change 4 bytes of Simulated board for Mailbox (example.mailbox)?');
      expect(detail).toMatch(
        /Data memory, Columns 6 to 9\s*\(6,2\)\+0x0400: ([0-9a-f]{2} ){4}\u2192 00 00 00 00/,
      );
      expect(detail).toMatch(/in use by demo_graph \(1234\)/);
      expect(buttons).toContain('Write to Device');
      await workbench.screenshot(`api-question-${theme}`);
      // A key that was on its way to something else agrees to nothing.
      await workbench.page.keyboard.press('Enter');
      await workbench.waitForNotification(/did not agree to this write/);
    },
  );

  test('[live-11] a yes writes', async () => {
    await ask();
    await workbench.clickModal('Write to Device');
    await workbench.waitForNotification(/The mailbox is answered/);
  });
});
