import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PREPARATION_MS } from '../patience.ts';
import { startBoard, USER_PASSWORD, type VirtualBoard } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { sshOnce } from './ssh-once.ts';

let board: VirtualBoard;
const folder = mkdtempSync(join(tmpdir(), 'tilescope-images-'));
const children: ChildProcess[] = [];

beforeAll(async () => {
  board = await startBoard({ image: 'openssh' });
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await board?.stop();
  rmSync(folder, { recursive: true, force: true });
});

useCleanLog(() => board);

async function boardSays(command: string, user = 'root'): Promise<string> {
  const { stdout, stderr } = await board.exec(command, { user });
  return `${stdout}${stderr}`.trim();
}

describe('the OpenSSH image [main-6]', () => {
  it('has SFTP', async () => {
    const list = new Promise<string>((resolve, reject) => {
      const known = join(folder, 'known_hosts');
      writeFileSync(known, `${board.knownHostsLine()}\n`);
      const options = [
        '-F',
        '/dev/null',
        '-o',
        `UserKnownHostsFile=${known}`,
        '-o',
        'BatchMode=yes',
        '-b',
        '-',
      ];
      const child = execFile(
        'sftp',
        [...options, '-P', String(board.port), '-i', board.privateKeyPath, `root@${board.host}`],
        (error, stdout) => (error === null ? resolve(stdout) : reject(error)),
      );
      child.stdin?.end('ls -l /usr/bin/witness\n');
    });
    expect(await list).toContain('/usr/bin/witness');
  });

  it('lets users in by password, by keyboard-interactive, and without any password', async () => {
    const password = ['PubkeyAuthentication=no', 'PreferredAuthentications=password'];
    const interactive = ['PubkeyAuthentication=no', 'PreferredAuthentications=keyboard-interactive'];
    expect(await sshOnce(board, 'dev', password, 'id -un', USER_PASSWORD)).toBe('dev');
    expect(await sshOnce(board, 'dev', interactive, 'id -un', USER_PASSWORD)).toBe('dev');
    expect(await sshOnce(board, 'empty', ['PubkeyAuthentication=no', 'BatchMode=yes'], 'id -un')).toBe(
      'empty',
    );
    expect(
      await sshOnce(board, 'dev', [...password, 'NumberOfPasswordPrompts=1'], 'id -un', 'wrong'),
    ).toContain('Permission denied');
    expect(await sshOnce(board, 'root', password, 'id -un', USER_PASSWORD)).toContain('Permission denied');
  });

  it('has users for sudo with and without password, and one whose shell prints a banner', async () => {
    expect(await boardSays('sudo -n id -un', 'dev')).toContain('password is required');
    expect(await boardSays(`echo '${USER_PASSWORD}' | sudo -S -p '' id -un`, 'dev')).toBe('root');
    expect(await boardSays('sudo -n id -un', 'ops')).toBe('root');
    expect(await boardSays('id -un', 'banner')).toMatch(/^Welcome.*\nbanner$/);
    expect(await boardSays('cat /dev/aie0', 'dev')).toContain('Permission denied');
  });

  it('copies files to the board', async () => {
    const local = join(folder, 'hello');
    writeFileSync(local, '#!/bin/sh\necho hello\n');
    await board.put(local, "/tmp/it's here");
    expect(await boardSays(`"/tmp/it's here"`)).toBe('hello');
  });
});

describe('a reboot [main-6]', () => {
  it('keeps the port, changes the boot id and the host key if asked, and makes folders as asked', async () => {
    const port = board.port;
    const key = board.knownHostsLine();
    const bootId = await boardSays('cat /proc/sys/kernel/random/boot_id');
    await board.reboot({
      kernelArgs: [
        'ts.otherkey=1',
        'ts.nosha=1',
        'ts.tmp=noexec',
        'ts.home=ro',
        'ts.shm=full',
        'ts.vartmp=full',
      ],
    });
    expect(board.port).toBe(port);
    expect(board.knownHostsLine()).not.toBe(key);
    expect(await boardSays('cat /proc/sys/kernel/random/boot_id')).not.toBe(bootId);
    expect(await boardSays('command -v sha256sum')).toBe('');
    expect(await boardSays('cp /bin/busybox /tmp/echo && /tmp/echo hi', 'dev')).toContain(
      'Permission denied',
    );
    expect(await boardSays('touch ~/x', 'dev')).toContain('Read-only file system');
    expect(await boardSays('cp /bin/busybox /dev/shm/busybox', 'dev')).toContain('No space left');
    expect(await boardSays('cp /bin/busybox /var/tmp/busybox', 'dev')).toContain('No space left');
  });

  it('can leave the AI Engine out', async () => {
    await board.reboot({ kernelArgs: ['ts.nodev=1'] });
    expect(await boardSays('ls /dev/aie0')).toContain('No such file');
  });
});

describe('the command that starts a board [main-6]', () => {
  it('boots the dropbear image, says how to reach it, and stops it on ctrl-C', async () => {
    const { child, port, said } = await startByCommand();
    expect(said).toContain('Host virtual-board\n');
    expect(await banner(port)).toMatch(/^SSH-2\.0-dropbear/);
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('close', resolve));
    expect(child.exitCode).toBe(0);
    expect(await banner(port)).toBe('');
  });

  it('leaves no QEMU behind when it is killed', async () => {
    const { child, port } = await startByCommand();
    child.kill('SIGKILL');
    await expect.poll(() => banner(port)).toBe('');
  });
});

async function startByCommand(): Promise<{ child: ChildProcess; port: number; said: string }> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('cli.ts', import.meta.url)), '--image', 'dropbear'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  children.push(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await expect.poll(() => said, { timeout: PREPARATION_MS }).toContain('Ctrl-C');
  return { child, port: Number(/ssh -p (\d+)/.exec(said)?.[1]), said };
}

/** The first line that the board's ssh server sends; empty when nobody listens. */
function banner(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('data', (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.once('error', () => resolve(''));
    socket.once('close', () => resolve(''));
  });
}
