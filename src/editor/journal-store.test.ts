import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isAlive, newOwner } from './journal-owner.ts';
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
    await store.close();
    const again = new JournalStore(join(folder, 'made', 'here'), (error) => failures.push(error));
    for (const uri of ['aie://a/x', 'aie://a/y', 'aie://a/none']) await again.takeOver(uri);
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

  describe('[truth-15] two windows', () => {
    const uri = 'aie://a/x';
    const windows = () =>
      [1, 2].map(() => new JournalStore(folder, (error) => failures.push(error))) as [
        JournalStore,
        JournalStore,
      ];

    test('never share a file: neither takes over, overwrites or removes what the other keeps', async () => {
      const [a, b] = windows();
      a.put(uri, () => ({ of: 'a' }));
      await a.flush();
      await b.takeOver(uri, 0);
      expect(await get(b, uri)).toBeUndefined();
      b.put(uri, () => ({ of: 'b' }));
      await b.flush();
      expect(await get(a, uri)).toEqual({ of: 'a' });
      b.put(uri, () => undefined);
      await b.flush();
      expect(await get(a, uri)).toEqual({ of: 'a' });
    });

    test('what one leaves is taken over by one other, also when it ends a moment later', async () => {
      const [a, b] = windows();
      a.put(uri, () => ({ of: 'a' }));
      await a.flush();
      const taken = b.takeOver(uri, 60_000);
      await a.close();
      await taken;
      expect(await get(b, uri)).toEqual({ of: 'a' });
      expect(await readdir(folder)).toEqual([basename(b.path(uri))]);
    });

    test('what two leave is taken over one after the other, the newest first, and nothing by a window that keeps some', async () => {
      const [a, b] = windows();
      for (const [store, of] of [
        [a, 'a'],
        [b, 'b'],
      ] as const) {
        store.put(uri, () => ({ of }));
        await store.flush();
      }
      await utimes(a.path(uri), 1, 1);
      await a.close();
      await b.close();
      const [c, d] = windows();
      await c.takeOver(uri, 0);
      await c.takeOver(uri, 0);
      await d.takeOver(uri, 0);
      expect([await get(c, uri), await get(d, uri)]).toEqual([{ of: 'b' }, { of: 'a' }]);
      expect(await readdir(folder)).toHaveLength(2);
    });

    test("what a window left that crashed, or an earlier version, is taken over; another document's is not", async () => {
      const [a, b] = windows();
      const hash = basename(a.path(uri)).split('.')[0];
      const gone = spawnSync(process.execPath, ['-e', '']).pid;
      const text = journalFileText(uri, { of: 'gone' });
      await writeFile(join(folder, `${hash}.${gone}-1-ab.json`), text);
      await writeFile(join(folder, `${hash}.${gone}-1-ab.json.part`), text.slice(0, 9));
      await a.takeOver('aie://a/y', 0);
      await a.takeOver(uri, 0);
      expect(await get(a, uri)).toEqual({ of: 'gone' });
      expect(await readdir(folder)).toEqual([basename(a.path(uri))]);
      await writeFile(join(folder, `${hash}.json`), journalFileText(uri, { of: 'old' }));
      await b.takeOver(uri, 0);
      expect(await get(b, uri)).toEqual({ of: 'old' });
    });

    test('a process that got the number of one that ended is another one', async () => {
      const owner = newOwner();
      expect(await isAlive(owner)).toBe(true);
      const [pid, start, rest] = owner.split('-');
      if (start !== '0') expect(await isAlive(`${pid}-${Number(start) + 1}-${rest}`)).toBe(false);
      expect(await isAlive('0-0-ab')).toBe(false);
      expect(await isAlive('nonsense')).toBe(false);
    });
  });
});
