/** `npm start`, as the README tells it. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { capture, cleanEnv, root } from '../../scripts/common.ts';

/** The local addresses on which a TCP port is listened to, IPv4 and IPv6, in the kernel's own writing. */
async function listeners(port: number): Promise<string[]> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8')));
  const listening = '0A';
  return tables
    .flatMap((table) => table.split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === listening)
    .map(([, local = '']) => local.split(':'))
    .filter(([, digits = '']) => Number.parseInt(digits, 16) === port)
    .map(([address = '']) => address);
}

/** What stands in the window without a click. */
const SHOWN = ['In use', 'In the Array view: a hang', 'In the editor: bytes that move'];
/** And with one. */
const DEBUGGED = 'In Run and Debug: cores with their lines';

test('[main-2] [shape-8] [debug-9] npm start: VS Code on 127.0.0.1 with Tilescope in front, the simulated board connected, its graph open, its cores one click away', async () => {
  const result = await capture('npm', ['start', '--', '--check'], { env: cleanEnv() });
  expect(result.stderr + result.stdout).toMatch(/VS Code with Tilescope: http:\/\/127\.0\.0\.1:\d+\//);
  for (const line of ['In the sidebar: Simulated board', ...SHOWN, DEBUGGED])
    expect(result.stdout).toContain(line);
  expect(result.code).toBe(0);
});

test('[main-2] [shape-8] npm start -- --virtual-board: boots the virtual board, adds it over SSH, shows the application that runs on it', async () => {
  const result = await capture('npm', ['start', '--', '--virtual-board', '--check'], { env: cleanEnv() });
  for (const line of ['In the sidebar: Virtual board', ...SHOWN]) {
    expect(result.stdout, result.stderr).toContain(line);
  }
  expect(result.code).toBe(0);
});

test('[main-2] npm start: nobody but this machine can reach the server, and Ctrl-C ends it', async () => {
  const child = spawn(process.execPath, [join(root, 'scripts', 'start.ts')], { cwd: root, env: cleanEnv() });
  let said = '';
  const address = new Promise<string>((done, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const match = /(http:\/\/127\.0\.0\.1:\d+)\/.*\n[\s\S]*Ctrl-C/.exec(said);
      if (match?.[1] !== undefined) done(match[1]);
    });
    child.on('exit', (code) => failed(new Error(`ended with ${code}: ${said}`)));
  });
  const url = await address;
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const loopback = '0100007F';
  expect(await listeners(Number(new URL(url).port))).toEqual([loopback]);
  const exit = new Promise<number | null>((done) => {
    child.removeAllListeners('exit').on('exit', (code) => done(code));
  });
  child.kill('SIGINT');
  expect(await exit).toBe(0);
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});
