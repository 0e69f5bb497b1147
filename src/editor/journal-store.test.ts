import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { JournalStore, journalFileText } from './journal-store.ts';

const get = (store: JournalStore, uri: string) => store.read(store.path(uri), uri);

describe('the journal of staged edits [main-21]', () => {
  let folder: string;
  const failures: unknown[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilescope-journal-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  test('keeps the last state of each document, and nothing once it is undefined', async () => {
    const store = new JournalStore(join(folder, 'made', 'here'), (error) => failures.push(error));
    for (let count = 0; count < 50; count++) store.put('aie://a/x', () => ({ count }));
    store.put('aie://a/y', () => ({ other: true }));
    await store.flush();
    const again = new JournalStore(join(folder, 'made', 'here'), (error) => failures.push(error));
    expect(await get(again, 'aie://a/x')).toEqual({ count: 49 });
    expect(await get(again, 'aie://a/y')).toEqual({ other: true });
    again.put('aie://a/x', () => undefined);
    expect(await get(again, 'aie://a/x')).toBeUndefined();
    expect(await get(again, 'aie://a/none')).toBeUndefined();
    expect(failures).toEqual([]);
  });

  test('many quick changes are joined into few writes', async () => {
    let taken = 0;
    const store = new JournalStore(folder, (error) => failures.push(error));
    for (let count = 0; count < 1000; count++) {
      store.put('aie://a/x', () => {
        taken++;
        return { count };
      });
      if (count % 100 === 0) await Promise.resolve();
    }
    await store.flush();
    expect(taken).toBeLessThan(20);
    expect(await get(store, 'aie://a/x')).toEqual({ count: 999 });
  });

  test('leaves no half-written file behind', async () => {
    const store = new JournalStore(folder, (error) => failures.push(error));
    store.put('aie://a/x', () => ({ a: 1 }));
    await store.flush();
    expect(await readdir(folder)).toEqual([basename(store.path('aie://a/x'))]);
  });

  test('a file is on the disk, whole, before it takes the place of the one before', async () => {
    const handle = await open(join(folder, 'any'), 'w');
    const methods = Object.getPrototypeOf(handle) as { sync(): Promise<void> };
    await handle.close();
    const store = new JournalStore(folder, (error) => failures.push(error));
    store.put('aie://a/x', () => ({ count: 1 }));
    await store.flush();
    const path = store.path('aie://a/x');
    const seen: string[][] = [];
    const sync = vi.spyOn(methods, 'sync').mockImplementation(async () => {
      seen.push([await readFile(`${path}.part`, 'utf8'), await readFile(path, 'utf8')]);
    });
    store.put('aie://a/x', () => ({ count: 2 }));
    await store.flush();
    sync.mockRestore();
    expect(seen).toEqual([
      [journalFileText('aie://a/x', { count: 2 }), journalFileText('aie://a/x', { count: 1 })],
    ]);
    expect(await get(store, 'aie://a/x')).toEqual({ count: 2 });
    expect(failures).toEqual([]);
  });

  test.each([
    ['cut short', '{"uri": "aie://a/x", "da'],
    ['empty, as after a power loss', ''],
    ['zeros', '\0'.repeat(64)],
    ['no object', '7'],
    ['without edits', '{"uri": "aie://a/x"}'],
    ["another document's", journalFileText('aie://a/y', { a: 1 })],
  ])('a file that is %s is damaged, not absent, and is moved aside whole', async (_, text) => {
    const store = new JournalStore(folder, (error) => failures.push(error));
    const path = store.path('aie://a/x');
    await writeFile(path, text);
    await expect(get(store, 'aie://a/x')).rejects.toMatchObject({ code: 'journal-damaged' });
    const aside = await store.setAside(path, 7);
    expect(await get(store, 'aie://a/x')).toBeUndefined();
    store.put('aie://a/x', () => undefined);
    await store.flush();
    expect(await readdir(folder)).toEqual([basename(aside)]);
    expect(await readFile(aside, 'utf8')).toBe(text);
  });

  test('a file that cannot be read is said to be so', async () => {
    const store = new JournalStore(folder, (error) => failures.push(error));
    await mkdir(store.path('aie://a/x'));
    await expect(get(store, 'aie://a/x')).rejects.toMatchObject({ code: 'journal-unreadable' });
  });

  test('a failed write is told and does not stop the next one', async () => {
    const told: unknown[] = [];
    await writeFile(join(folder, 'file'), '');
    const store = new JournalStore(join(folder, 'file', 'below'), (error) => told.push(error));
    store.put('aie://a/x', () => ({}));
    await store.flush();
    store.put('aie://a/x', () => ({}));
    await store.flush();
    expect(told).toHaveLength(2);
  });

  test('a backup is read for its own document only; one without edits holds none', async () => {
    const store = new JournalStore(join(folder, 'staged'), (error) => failures.push(error));
    const backup = join(folder, 'backup');
    await writeFile(backup, journalFileText('aie://a/x', { edits: 1 }));
    expect(await store.read(backup, 'aie://a/x')).toEqual({ edits: 1 });
    await expect(store.read(backup, 'aie://a/y')).rejects.toMatchObject({ code: 'journal-damaged' });
    expect(await store.setAside(backup, 7)).toBe(join(folder, 'staged', 'backup.7.kept'));
    await writeFile(backup, journalFileText('aie://a/x', undefined));
    expect(await store.read(backup, 'aie://a/x')).toBeUndefined();
  });
});
