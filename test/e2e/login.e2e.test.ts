/** Logging in as people do who have no key: passwords in the real input box, and a board whose host key changes. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { root } from '../../scripts/common.ts';
import { type RunningHost, startCodeServer } from '../../scripts/hosts.ts';
import { fingerprint } from '../../src/board/ssh/known-hosts.ts';
import { startBoard, type VirtualBoard } from '../board/board.ts';
import { Workbench } from './driver.ts';
import { openMemory, PARTITION_ROW } from './main-job.ts';

const ALIAS = 'password-board';
const PASSWORD = 'tile scope';
const WRONG = 'not-the-password-7b1';
/** Conditions may take long on a loaded machine. */
const PATIENT = { timeout: 60_000, interval: 100 };

/** Every file below a folder; links are not followed. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The files that hold a text: as it is, as UTF-16, in base64, or as part of an address. */
async function filesWith(folders: readonly string[], text: string): Promise<string[]> {
  const forms = [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    Buffer.from(Buffer.from(text).toString('base64').replace(/=+$/, '')),
    Buffer.from(encodeURIComponent(text)),
  ];
  const found: string[] = [];
  for (const folder of folders) {
    for (const path of await filesBelow(folder)) {
      // Files of a running editor come and go.
      const content = await readFile(path).catch(() => Buffer.alloc(0));
      if (forms.some((form) => content.includes(form))) found.push(path);
    }
  }
  return found;
}

describe('[main-13] [main-14] logging in', () => {
  let board: VirtualBoard;
  let home: string;
  let knownHostsFile: string;
  let host: RunningHost;
  let workbench: Workbench;

  const knownHosts = () => readFile(knownHostsFile, 'utf8').catch(() => '');
  /** The fingerprint of the key that the board has now. */
  const boardFingerprint = () =>
    fingerprint(Buffer.from(board.hostPublicKeys[0]?.split(' ')[1] ?? '', 'base64'));
  /** What VS Code has written of our log channel. */
  async function channelLog(): Promise<string> {
    const files = (await filesBelow(host.dataFolder)).filter((path) => /[\\/]Tilescope\.log$/.test(path));
    return (await Promise.all(files.map((path) => readFile(path, 'utf8')))).join('\n');
  }
  function pictureOnFailure(name: string): void {
    onTestFailed(() => workbench.screenshot(`login-failed-${name}`).then(() => undefined));
  }
  /** The password field with this title; what is typed into it must not be readable. */
  async function answerSecret(text: string, title: RegExp): Promise<void> {
    await workbench.page.locator('.quick-input-widget:visible', { hasText: title }).waitFor();
    expect(await workbench.quickInput().getAttribute('type')).toBe('password');
    await workbench.answerInput(text, title);
  }

  beforeAll(async () => {
    board = await startBoard({ image: 'openssh' });
    home = await mkdtemp(join(tmpdir(), 'tilescope-login-'));
    const ssh = join(home, '.ssh');
    await mkdir(ssh, { mode: 0o700 });
    knownHostsFile = join(ssh, 'known_hosts');
    const config = [
      `Host ${ALIAS}`,
      `  HostName ${board.host}`,
      `  Port ${board.port}`,
      '  User dev',
      '  PreferredAuthentications password',
      `  UserKnownHostsFile ${knownHostsFile}`,
    ];
    await writeFile(join(ssh, 'config'), `${config.join('\n')}\n`, { mode: 0o600 });
    host = await startCodeServer({
      folder: home,
      extensionDevelopmentPath: root,
      env: { HOME: home, SSH_AUTH_SOCK: undefined },
    });
    workbench = await Workbench.open(host);
    await workbench.showView('Tilescope');
  });

  afterAll(async () => {
    await workbench?.close();
    await host?.stop();
    await board?.stop();
    if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });

  test('[main-17] the log channel is set to trace as VS Code does it', async () => {
    pictureOnFailure('level');
    // The list has the channels of extensions that run; what takes the focus late closes it: then it is opened once more.
    const channel = workbench.page
      .locator('.quick-input-list .monaco-list-row', { hasText: 'Tilescope' })
      .first();
    const chosen = async (): Promise<boolean> => {
      await workbench.page.keyboard.press('Escape');
      await workbench.runCommand('Developer: Set Log Level...');
      try {
        const wait = { timeout: PATIENT.timeout / 4 };
        await expect.poll(() => workbench.quickInput().inputValue(wait), wait).toBe('');
        await workbench.quickInput().fill('Tilescope', wait);
        await channel.click(wait);
        return true;
      } catch {
        return false;
      }
    };
    await expect.poll(chosen, PATIENT).toBe(true);
    await expect.poll(() => workbench.quickInput().inputValue(), PATIENT).toBe('');
    await workbench.pick('Trace');
  });

  test('[main-13] a password is asked for in an input box, again after a wrong one, and kept where a person says so', async () => {
    pictureOnFailure('password');
    await workbench.runCommand('Tilescope: Add Board over SSH...');
    await workbench.pick('Advanced...');
    await workbench.pick('Host');
    await workbench.pick(ALIAS);
    await workbench.pick('Sudo');
    await workbench.pick('Use sudo on the board');
    await workbench.pick('Add Board');
    expect((await workbench.modal()).detail).toContain(boardFingerprint());
    await workbench.clickModal('Connect');

    await answerSecret(WRONG, /Password of dev@/);
    await workbench.page
      .locator('.quick-input-widget:visible', { hasText: 'The last answer was not accepted' })
      .waitFor();
    await answerSecret(PASSWORD, /Password of dev@/);
    await workbench.clickNotification(/Keep this answer in the secret storage\? Password of dev@/, 'Keep');
    await answerSecret(PASSWORD, /Password for sudo/);
    await workbench.clickNotification(/Keep this answer in the secret storage\? Password for sudo/, 'Keep');
    await workbench.waitForRow(PARTITION_ROW);
  });

  test('[main-17] a tab is named after memory and tile', async () => {
    pictureOnFailure('tab');
    await openMemory(workbench, 'Data memory', '(7,3)', /[0-9A-F?]{2}/);
    await workbench.tab('data 7_3').waitFor();
    await workbench.runCommand('View: Close Editor');
    await workbench.tab('data 7_3').waitFor({ state: 'detached' });
  });

  test('[main-17] at trace level the log channel names each ioctl with number, size and result', async () => {
    pictureOnFailure('trace');
    const lines = async (name: string) =>
      (await channelLog())
        .split('\n')
        .filter((line) => new RegExp(`\\[trace\\].* ${name} 0x[0-9A-F]+ size \\d+ -> -?\\w+`).test(line));
    for (const name of ['AIE_ENQUIRE_PART', 'AIE_REQUEST_PART', 'AIE_GET_MEM']) {
      await expect
        .poll(async () => (await lines(name)).length, { ...PATIENT, message: name })
        .toBeGreaterThan(0);
    }
  });

  test('[main-17] the report of a board over SSH says which version reached it and by what way, and no secret', async () => {
    pictureOnFailure('report');
    await workbench.runCommand('Tilescope: Copy Board Report');
    await workbench.waitForNotification(/is in the clipboard/);
    const report = await workbench.page.evaluate(() => navigator.clipboard.readText());
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(report).toContain(`| Tilescope | \`${manifest.version}\` |`);
    for (const part of [/\| core \| `\S+/, /\| page size \| `4096 bytes`/, /## Route/, /## Findings/]) {
      expect(report).toMatch(part);
    }
    expect(report).toMatch(/\| 1 \| 6 to 9 \| 0 to 8 \| `free` \|/);
    expect(report).toMatch(/\| 6 to 9 \| data \| 1 to 8 \| 32768 \| 1048576 \| yes \|/);
    expect(report).not.toContain(PASSWORD);
  });

  test('[main-13] no file of the editor or the home folder holds a password, not even the log at trace level', async () => {
    // The search finds what is there: the log has the fingerprint.
    const places = [host.dataFolder, home];
    expect((await filesWith(places, boardFingerprint())).some((path) => path.endsWith('Tilescope.log'))).toBe(
      true,
    );
    expect(await filesWith(places, PASSWORD)).toEqual([]);
    expect(await filesWith(places, WRONG)).toEqual([]);
    expect(host.log()).not.toContain(PASSWORD);
  });

  test('[main-13] a kept password is not asked for again, in the next window either', async () => {
    pictureOnFailure('kept');
    await workbench.reload();
    await workbench.showView('Tilescope');
    await (await workbench.waitForRow(/Not connected/)).click();
    await workbench.waitForRow(PARTITION_ROW);
  });

  test('[main-14] a changed host key is refused with both fingerprints, file and line; it is replaced only after the name was typed', async () => {
    pictureOnFailure('key');
    const before = await knownHosts();
    const oldFingerprint = boardFingerprint();
    await workbench.runCommand('Tilescope: Disconnect');
    await workbench.waitForRow(/Not connected/);
    await board.reboot({ kernelArgs: ['ts.otherkey=1'] });
    const newFingerprint = boardFingerprint();
    expect(newFingerprint).not.toBe(oldFingerprint);
    const name = `[${board.host}]:${board.port}`;

    await (await workbench.waitForRow(/Not connected/)).click();
    const refusal = await workbench.modal();
    expect(refusal.message).toContain(name);
    for (const part of [oldFingerprint, newFingerprint, knownHostsFile, 'line 1']) {
      expect(refusal.detail).toContain(part);
    }
    await workbench.screenshot('login-key-changed');
    await workbench.clickModal('Cancel');
    const told = await workbench.waitForNotification(oldFingerprint);
    expect(await told.textContent()).toContain(newFingerprint);
    expect(await knownHosts()).toBe(before);

    await workbench.clickNotification(oldFingerprint, 'Replace Key...');
    await workbench.modal();
    await workbench.clickModal('Replace Key...');
    await workbench.answerInput(ALIAS, /Replace the key of/);
    await workbench.page
      .locator('.quick-input-widget:visible', { hasText: 'This is not the name of the host.' })
      .waitFor();
    expect(await knownHosts()).toBe(before);
    await workbench.answerInput(name, /Replace the key of/);
    await workbench.waitForRow(PARTITION_ROW);
    const after = await knownHosts();
    expect(after).toContain(board.hostPublicKeys[0]?.split(' ')[1]);
    expect(after).not.toBe(before);
    expect(after.trim().split('\n')).toHaveLength(1);
  });

  test('[main-13] Forget Stored Passwords forgets both', async () => {
    pictureOnFailure('forget');
    await workbench.runCommand('Tilescope: Forget Stored Passwords');
    await workbench.waitForNotification('Forgotten: 2 stored answers.');
    await workbench.runCommand('Tilescope: Disconnect');
    await (await workbench.waitForRow(/Not connected/)).click();
    await workbench.page.locator('.quick-input-widget:visible', { hasText: /Password of dev@/ }).waitFor();
    await workbench.page.keyboard.press('Escape');
    await board.assertClean();
  });
});
