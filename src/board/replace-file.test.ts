import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilescope-replace-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('[shape-5] a file is replaced in one step, with its permissions, over what an earlier attempt left', async () => {
  const path = join(folder, 'a');
  const part = `${path}.part`;
  await writeFile(path, 'old');
  await writeFile(part, 'half of an earlier one');
  const mask = process.umask(0o077);
  try {
    const count = await replaceFile(path, { part, mode: 0o644 }, async (file) => {
      await file.writeFile('new');
      expect(await readFile(path, 'utf8')).toBe('old');
      return 3;
    });
    expect(count).toBe(3);
  } finally {
    process.umask(mask);
  }
  expect(await readFile(path, 'utf8')).toBe('new');
  expect((await stat(path)).mode & 0o777).toBe(0o644);
  expect(await readdir(folder)).toEqual(['a']);
});

test('[shape-5] where writing fails the old file stays, and nothing beside it', async () => {
  const path = join(folder, 'a');
  await writeFile(path, 'old');
  const failing = replaceFile(path, { part: `${path}.part`, mode: 0o600 }, async (file) => {
    await file.writeFile('ne');
    throw new Error('no space');
  });
  await expect(failing).rejects.toThrow('no space');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a']);
});
