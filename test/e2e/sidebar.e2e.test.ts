/** The sidebar as a person uses it: from the welcome view to a board that is edited, remembered and removed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { TestServer } from '../../src/board/ssh/test-server.ts';
import { Workbench } from './driver.ts';

/** Waits until the window's own storage holds a text: a browser gets it some seconds after the extension wrote it. */
async function stored(workbench: Workbench, text: string): Promise<void> {
  await expect
    .poll(
      () =>
        workbench.page.evaluate(async (wanted) => {
          const answer = <T>(request: IDBRequest<T>): Promise<T> =>
            new Promise((done, failed) => {
              request.onsuccess = () => done(request.result);
              request.onerror = () => failed(request.error);
            });
          for (const { name } of await indexedDB.databases()) {
            if (name?.startsWith('vscode-web-state-db') !== true) continue;
            const database = await answer(indexedDB.open(name));
            const values = await answer(database.transaction('ItemTable').objectStore('ItemTable').getAll());
            database.close();
            if (values.some((value) => String(value).includes(wanted))) return true;
          }
          return false;
        }, text),
      { timeout: 60_000 },
    )
    .toBe(true);
}

describe('[main-17] the sidebar', () => {
  let folder: string;
  let host: RunningHost;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-sidebar-'));
    // A home of its own: a board's key is learnt.
    host = await startCodeServer({
      folder,
      extensionDevelopmentPath: root,
      env: { HOME: folder, SSH_AUTH_SOCK: undefined },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test('[main-17] the welcome view adds the simulated board, and its partitions appear', async () => {
    await workbench.page
      .locator('.part.sidebar .monaco-button', { hasText: 'Try the Simulated Board' })
      .click();
    await workbench.waitForRow(/Columns 0 to 3/);
    await expect
      .poll(() => workbench.rowTexts())
      .toEqual([
        expect.stringContaining('Simulated board'),
        'Columns 0 to 3free',
        expect.stringMatching(/^Columns 6 to 9in use by demo_graph \(1234\) since /),
        'Columns 12 to 13free',
      ]);
  });

  test('[main-17] a board is renamed, and disconnected and connected by its inline actions', async () => {
    await workbench.runCommand('Tilescope: Rename Board...');
    await workbench.answerInput('Array on the desk', /Name of the board/);
    await workbench.waitForRow('Array on the desk');
    await workbench.waitForRow(/Columns 0 to 3/);
    await workbench.inlineAction('Array on the desk', 'Disconnect');
    await workbench.waitForRow(/Not connected/);
    await workbench.inlineAction('Array on the desk', 'Connect');
    await workbench.waitForRow(/Columns 0 to 3/);
  });

  test('[shape-9] the palette offers what can be done now, and nothing else', async () => {
    // The palette first shows what was used last, and those that fit a moment later.
    await expect
      .poll(() => workbench.offered('Tilescope: Re', 'Tilescope: Rename Board...'))
      .toEqual(['Tilescope: Refresh', 'Tilescope: Remove Board...', 'Tilescope: Rename Board...']);
    expect(await workbench.offered('Tilescope: Co', 'Tilescope: Copy Board Report')).not.toContain(
      'Tilescope: Connect',
    );
  });

  test('[main-17] [truth-17] boards and what was expanded are remembered', async () => {
    await workbench.expand(/Columns 0 to 3/);
    await workbench.expand('Program memory');
    await workbench.waitForRow('(0,1)');
    await stored(workbench, 'memory:simulated-board/0_4/program');
    await workbench.reload();
    await workbench.showView('Tilescope');
    await (await workbench.waitForRow(/Not connected/)).click();
    await workbench.waitForRow('(0,1)');
    await expect
      .poll(async () => (await workbench.rowTexts()).slice(0, 5))
      .toEqual([
        expect.stringContaining('Array on the desk'),
        'Columns 0 to 3free',
        'Data memory1 MiB',
        'Program memory512 KiB',
        '(0,1)compute row 0',
      ]);
  });

  test('[main-17] the walkthrough opens and names its steps', async () => {
    await workbench.runCommand('Welcome: Open Walkthrough...');
    await workbench.pick('Get started with Tilescope');
    const steps = workbench.page.locator('.getting-started-step .step-title');
    await steps.filter({ hasText: 'Connect to a board' }).first().waitFor();
    await expect
      .poll(() => steps.allTextContents())
      .toEqual(['Connect to a board', 'Browse partitions and tiles', 'Type over bytes', 'Apply']);
  });

  test('[main-17] removing a board asks first; then the welcome view is back', async () => {
    await workbench.runCommand('Tilescope: Remove Board...');
    expect((await workbench.modal()).message).toContain('Array on the desk');
    await workbench.clickModal('Cancel');
    await (await workbench.waitForRow('Array on the desk')).click();
    await workbench.runCommand('Tilescope: Remove Board...');
    await workbench.modal();
    await workbench.clickModal('Remove');
    await workbench.page.locator('.part.sidebar .monaco-button', { hasText: 'Add Board over SSH' }).waitFor();
  });

  test('[truth-11] what a server asks and what its shell prints is text: no link in the question, none in the message', async () => {
    const hostile = '[More](command:workbench.action.terminal.new) $(error)';
    const shown = '[More] (command:workbench.action.terminal.new) $ (error)';
    const server = await new TestServer({
      onAuth: (context) => {
        if (context.method !== 'keyboard-interactive') context.reject(['keyboard-interactive']);
        else context.prompt([{ prompt: hostile, echo: false }], () => context.accept());
      },
      greeting: `${hostile}\n${'x'.repeat(400_000)}`,
    }).listen();
    try {
      await workbench.runCommand('Tilescope: Add Board over SSH...');
      await workbench.page
        .locator('.quick-input-widget:visible', { hasText: 'Add Board over SSH' })
        .waitFor();
      await workbench.quickInput().fill(`ada@127.0.0.1:${server.port}`);
      await workbench.pick('this host');
      await workbench.modal();
      await workbench.clickModal('Connect');
      const question = workbench.page.locator('.quick-input-widget:visible', { hasText: 'More' });
      await question.waitFor();
      await expect.poll(() => question.textContent()).toContain(shown);
      expect(await question.locator('a[href^="command:"]').count()).toBe(0);
      await workbench.answerInput('any', /asks/);
      const message = (await workbench.waitForNotification(/More/)).locator(
        '.notification-list-item-message',
      );
      expect(await message.textContent()).toContain(shown);
      expect(await message.locator('a').count()).toBe(0);
    } finally {
      await server.close();
    }
  });

  test('[truth-15] boards that two windows add are all there after a reload', async () => {
    const other = await workbench.another();
    try {
      await other.showView('Tilescope');
      for (const [number, window] of [workbench, other, workbench].entries()) {
        await window.runCommand('Tilescope: Add Simulated Board');
        await window.waitForRow(/Simulated board/);
        // The other window has seen it by the time a person gets there: what was written is told to all windows.
        await stored(window, `"id":"simulated-board${number === 0 ? '' : `-${number + 1}`}"`);
      }
    } finally {
      await other.page.close();
    }
    await workbench.reload();
    await workbench.showView('Tilescope');
    const boards = async () =>
      (await workbench.rowTexts()).filter((text) => text.startsWith('Simulated board'));
    await expect.poll(boards).toHaveLength(3);
  });
});
