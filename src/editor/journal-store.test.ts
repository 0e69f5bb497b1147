import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { JournalRecord, JournalStep } from '../session/journal.ts';
import { isAlive, newOwner } from './journal-owner.ts';
import { JournalStore, journalFileText } from './journal-store.ts';

/** A step that makes a file anew. */
const whole =
  (data: unknown, records: readonly JournalRecord[] = []) =>
  (): JournalStep => ({ kind: 'whole', data, records });
const nothing = (): JournalStep => ({ kind: 'empty' });

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
    for (let count = 0; count < 50; count++) store.put('aie://a/x', whole({ count }));
    store.put('aie://a/y', whole({ other: true }));
    await store.flush();
    await store.close();
    const again = new JournalStore(join(folder, 'made', 'here'), (error) => failures.push(error));
    for (const uri of ['aie://a/x', 'aie://a/y', 'aie://a/none']) await again.takeOver(uri);
    expect(await get(again, 'aie://a/x')).toEqual({ count: 49 });
    expect(await get(again, 'aie://a/y')).toEqual({ other: true });
    again.put('aie://a/x', nothing);
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
        return whole({ count })();
      });
      if (count % 100 === 0) await Promise.resolve();
    }
    await store.flush();
    expect(taken).toBeLessThan(20);
    expect(await get(store, 'aie://a/x')).toEqual({ count: 999 });
  });

  test('leaves no half-written file behind', async () => {
    const store = new JournalStore(folder, (error) => failures.push(error));
    store.put('aie://a/x', whole({ a: 1 }));
    await store.flush();
    expect(await readdir(folder)).toEqual([basename(store.path('aie://a/x'))]);
  });

  test('a file is on the disk, whole, before it takes the place of the one before', async () => {
    const handle = await open(join(folder, 'any'), 'w');
    const methods = Object.getPrototypeOf(handle) as { sync(): Promise<void> };
    await handle.close();
    const store = new JournalStore(folder, (error) => failures.push(error));
    store.put('aie://a/x', whole({ count: 1 }));
    await store.flush();
    const path = store.path('aie://a/x');
    const seen: string[][] = [];
    const sync = vi.spyOn(methods, 'sync').mockImplementation(async () => {
      seen.push([await readFile(`${path}.part`, 'utf8'), await readFile(path, 'utf8')]);
    });
    store.put('aie://a/x', whole({ count: 2 }));
    await store.flush();
    sync.mockRestore();
    expect(seen).toEqual([
      [`${journalFileText('aie://a/x', { count: 2 })}\n`, `${journalFileText('aie://a/x', { count: 1 })}\n`],
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
    store.put('aie://a/x', nothing);
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
    store.put('aie://a/x', whole({}));
    await store.flush();
    store.put('aie://a/x', whole({}));
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

  describe('[shape-2] a journal grows by what is new', () => {
    const uri = 'aie://a/x';
    const record = (id: number): JournalRecord => ({
      id,
      gesture: { order: id, label: 'type', epoch: 'e', runs: [{ offset: id, bytes: 'AA==', seen: 'AA==' }] },
    });

    /** A document whose step is whole when that is asked for, and one record else. */
    function growing() {
      const asked: boolean[] = [];
      let count = 0;
      const take = (isWhole: boolean): JournalStep => {
        asked.push(isWhole);
        count++;
        const records = Array.from({ length: isWhole ? count : 1 }, (_, i) =>
          record(isWhole ? i + 1 : count),
        );
        return isWhole ? { kind: 'whole', data: { v: 1 }, records } : { kind: 'more', records };
      };
      return {
        asked,
        take,
        all: () => ({ v: 1, records: Array.from({ length: count }, (_, i) => record(i + 1)) }),
      };
    }

    test('a keystroke adds a line, whatever is there already', async () => {
      const store = new JournalStore(folder, (error) => failures.push(error));
      const { asked, take, all } = growing();
      let before = '';
      for (let i = 0; i < 20; i++) {
        store.put(uri, take);
        await store.flush();
        const now = await readFile(store.path(uri), 'utf8');
        expect(now.startsWith(before)).toBe(true);
        if (i > 0) expect(now.slice(before.length).split('\n')).toHaveLength(2);
        before = now;
      }
      expect(asked).toEqual([true, ...Array.from({ length: 19 }, () => false)]);
      expect(await get(store, uri)).toEqual(all());
    });

    test('a record that a crash cut short is lost alone; damage before it is not read over', async () => {
      const store = new JournalStore(folder, (error) => failures.push(error));
      const { take } = growing();
      for (let i = 0; i < 3; i++) {
        store.put(uri, take);
        await store.flush();
      }
      const text = await readFile(store.path(uri), 'utf8');
      const lines = text.split('\n');
      for (let cut = text.length - (lines[3]?.length ?? 0); cut < text.length; cut++) {
        await writeFile(store.path(uri), text.slice(0, cut));
        expect(await get(store, uri)).toEqual({
          v: 1,
          records: [record(1), record(2), ...(cut === text.length - 1 ? [record(3)] : [])],
        });
      }
      // As after a power loss: the file has its length, the disk has not its contents.
      await writeFile(store.path(uri), `${text}${'\0'.repeat(40)}`);
      expect(await get(store, uri)).toMatchObject({ records: [record(1), record(2), record(3)] });
      await writeFile(store.path(uri), [lines[0], lines[1], lines[2]?.slice(1), lines[3]].join('\n'));
      await expect(get(store, uri)).rejects.toMatchObject({ code: 'journal-damaged' });
    });

    test('a file that is gone, or a write that failed, is followed by a whole one', async () => {
      const told: unknown[] = [];
      const store = new JournalStore(folder, (error) => told.push(error));
      const { asked, take, all } = growing();
      const put = async (): Promise<void> => {
        store.put(uri, take);
        await store.flush();
      };
      await put();
      await rm(store.path(uri));
      await put();
      expect(await get(store, uri)).toMatchObject({ v: 1 });
      await rm(store.path(uri));
      await mkdir(store.path(uri));
      await put();
      expect(told).toHaveLength(1);
      await rm(store.path(uri), { recursive: true });
      await put();
      expect(asked).toEqual([true, false, true, false, true]);
      expect(await get(store, uri)).toEqual(all());
    });

    test('old records do not pile up: the file is made anew once most of it is old', async () => {
      const store = new JournalStore(folder, (error) => failures.push(error));
      let made = 0;
      const take = (isWhole: boolean): JournalStep => {
        if (isWhole) made++;
        const records = isWhole ? [record(1)] : Array.from({ length: 400 }, () => ({ undo: 2 }));
        return isWhole ? { kind: 'whole', data: {}, records } : { kind: 'more', records };
      };
      for (let i = 0; i < 9; i++) {
        store.put(uri, take);
        await store.flush();
      }
      expect(made).toBe(3);
      expect((await readFile(store.path(uri), 'utf8')).split('\n').length).toBeLessThan(1300);
    });

    test('nor do long ones: a few redos of a large gesture make it anew, too', async () => {
      const store = new JournalStore(folder, (error) => failures.push(error));
      const text = 'A'.repeat(1 << 20);
      const { id, gesture } = record(1) as Extract<JournalRecord, { readonly id: number }>;
      const large = { id, gesture: { ...gesture, runs: [{ offset: 0, bytes: text, seen: text }] } };
      let made = 0;
      const take = (isWhole: boolean): JournalStep => {
        if (isWhole) made++;
        return isWhole
          ? { kind: 'whole', data: {}, records: [large] }
          : { kind: 'more', records: [{ undo: id }, large] };
      };
      for (let i = 0; i < 9; i++) {
        store.put(uri, take);
        await store.flush();
        expect((await stat(store.path(uri))).size).toBeLessThan(9 << 20);
      }
      expect(made).toBe(3);
      expect(await get(store, uri)).toEqual({ records: [large] });
    });

    test('a backup is a copy of it', async () => {
      const store = new JournalStore(folder, (error) => failures.push(error));
      const { take, all } = growing();
      const backup = join(folder, 'backup');
      const instead = whole({ other: true });
      await store.backUp(uri, backup, instead);
      expect(await store.read(backup, uri)).toEqual({ other: true });
      store.put(uri, take);
      store.put(uri, take);
      await store.backUp(uri, backup, instead);
      expect(await store.read(backup, uri)).toEqual(all());
      await rm(store.path(uri));
      await store.backUp(uri, backup, instead);
      expect(await store.read(backup, uri)).toEqual({ other: true });
      await store.backUp(uri, backup, nothing);
      expect(await store.read(backup, uri)).toBeUndefined();
    });
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
      a.put(uri, whole({ of: 'a' }));
      await a.flush();
      await b.takeOver(uri, 0);
      expect(await get(b, uri)).toBeUndefined();
      b.put(uri, whole({ of: 'b' }));
      await b.flush();
      expect(await get(a, uri)).toEqual({ of: 'a' });
      b.put(uri, nothing);
      await b.flush();
      expect(await get(a, uri)).toEqual({ of: 'a' });
    });

    test('what one leaves is taken over by one other, also when it ends a moment later', async () => {
      const [a, b] = windows();
      a.put(uri, whole({ of: 'a' }));
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
        store.put(uri, whole({ of }));
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
