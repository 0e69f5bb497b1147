/** The README's commands, in a fresh clone with an empty tool cache, each with its time. */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, cleanEnv, must, root } from './common.ts';
import { blockCommands, textCommands } from './readme.ts';

/** The virtual board from nothing, as promised, milliseconds. */
const FROM_NOTHING_MS = 120_000;
/** The same with everything fetched and built: a few seconds on free cores, some more on busy ones. */
const BOOT_MS = 30_000;

/** What a command has said when it did its work, by the command as the README has it. */
const shown: Readonly<Record<string, readonly string[]>> = {
  'npm start': ['In the sidebar: Simulated board'],
  'npm start -- --virtual-board': ['In the sidebar: Simulated board', 'In the sidebar: Virtual board'],
  'npm run package': ['tilescope-linux-x64-', 'tilescope-linux-arm64-', 'tilescope-universal-'],
};

/** All but the tests themselves, of which this is one. */
const commands = [...blockCommands(), ...textCommands()].filter((command) => command !== 'npm test');

/** The words of a command; one that serves until Ctrl-C looks at its boards and ends instead. */
function wordsOf(command: string): string[] {
  const words = command.split(' ');
  if (words[1] !== 'start') return words;
  return [...words, ...(words.includes('--') ? [] : ['--']), '--check'];
}

describe('[main-25] a clean clone without caches', () => {
  let folder = '';
  let clone = '';
  let cache = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-clone-'));
    clone = join(folder, 'tilescope');
    cache = join(folder, 'cache');
    await must('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    env = cleanEnv({ TILESCOPE_CACHE: cache });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** Starts the virtual board, and stops it with Ctrl-C once it can be reached; milliseconds until it could. */
  async function timeToReachBoard(): Promise<number> {
    const start = Date.now();
    // A process group of its own: Ctrl-C reaches all of it.
    const child = spawn('npm', ['run', 'board'], { cwd: clone, env, detached: true });
    let said = '';
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    const reached = new Promise<number>((done, failed) => {
      const listen = (chunk: Buffer): void => {
        said += chunk.toString();
        if (/ssh -p \d+ -i \S+ root@127\.0\.0\.1/.test(said)) done(Date.now() - start);
      };
      child.stdout.on('data', listen);
      child.stderr.on('data', listen);
      child.once('error', failed);
      child.once('close', (code) => failed(new Error(`npm run board ended with ${code}: ${said}`)));
    });
    const milliseconds = await reached;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await ended;
    expect(said).toContain('The virtual board is stopped.');
    return milliseconds;
  }

  test('[main-6] npm run board: from nothing in under two minutes, then in seconds, stopped cleanly each time', async () => {
    const first = await timeToReachBoard();
    const second = await timeToReachBoard();
    console.log(`npm run board: ${first / 1000} s from a clean clone, then ${second / 1000} s`);
    expect(first).toBeLessThan(FROM_NOTHING_MS);
    expect(second).toBeLessThan(BOOT_MS);
  });

  test.each(commands)('[main-25] %s', async (command) => {
    const start = Date.now();
    const [program = '', ...args] = wordsOf(command);
    const result = await capture(program, args, { cwd: clone, env });
    console.log(`${command}: ${((Date.now() - start) / 1000).toFixed(0)} s from a clean clone`);
    const wanted = shown[command];
    if (wanted === undefined) throw new Error(`Nothing is known of what "${command}" says.`);
    for (const text of wanted) expect(result.stdout, result.stderr.slice(-4000)).toContain(text);
    expect(result.code).toBe(0);
  });

  test('[main-6] [main-25] what was fetched lies in the folder that TILESCOPE_CACHE names', () => {
    for (const pattern of ['board/base-*/qemu', 'board/base-*/kernel', 'hosts/code-server-*']) {
      expect(globSync(pattern, { cwd: cache }), pattern).not.toEqual([]);
    }
  });
});
