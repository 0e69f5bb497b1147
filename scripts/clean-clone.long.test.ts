/** The README's commands, in a fresh clone with an empty tool cache, each with its time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capture, cleanEnv, must, root } from './common.ts';

describe('[main-25] a clean clone without caches', () => {
  let folder = '';
  let clone = '';
  let env: NodeJS.ProcessEnv = {};

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-clone-'));
    clone = join(folder, 'tilescope');
    await must('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    env = cleanEnv({ TILESCOPE_CACHE: join(folder, 'cache') });
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  test.each([
    { what: 'npm start', args: ['start', '--', '--check'], shows: 'In the sidebar: Simulated board' },
    {
      what: 'npm start -- --virtual-board',
      args: ['start', '--', '--virtual-board', '--check'],
      shows: 'In the sidebar: Virtual board',
    },
    { what: 'npm run package', args: ['run', 'package'], shows: 'tilescope-universal-' },
  ])('[main-25] $what', async ({ what, args, shows }) => {
    const start = Date.now();
    const result = await capture('npm', args, { cwd: clone, env });
    console.log(`${what}: ${((Date.now() - start) / 1000).toFixed(0)} s from a clean clone`);
    expect(result.stdout, result.stderr.slice(-4000)).toContain(shows);
    expect(result.code).toBe(0);
  });
});
