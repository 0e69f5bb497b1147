import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JournalStore, journalFileText, parseJournalFile } from './journal-store.ts';

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
    expect(await again.get('aie://a/x')).toEqual({ count: 49 });
    expect(await again.get('aie://a/y')).toEqual({ other: true });
    again.put('aie://a/x', () => undefined);
    expect(await again.get('aie://a/x')).toBeUndefined();
    expect(await again.get('aie://a/none')).toBeUndefined();
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
    expect(await store.get('aie://a/x')).toEqual({ count: 999 });
  });

  test('leaves no half-written file behind, and survives one that is not ours', async () => {
    const store = new JournalStore(folder, (error) => failures.push(error));
    store.put('aie://a/x', () => ({ a: 1 }));
    await store.flush();
    const [name] = await readdir(folder);
    expect(await readdir(folder)).toEqual([name]);
    await writeFile(join(folder, name ?? ''), '{"uri": "aie://a/x", "da');
    expect(await store.get('aie://a/x')).toBeUndefined();
    const aside = await store.setAside('aie://a/x', 7);
    expect(await readdir(folder)).toEqual([aside.slice(folder.length + 1)]);
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

  test('a backup is read for its own document only', () => {
    const text = journalFileText('aie://a/x', { edits: 1 });
    expect(parseJournalFile(text, 'aie://a/x')).toEqual({ edits: 1 });
    expect(parseJournalFile(text, 'aie://a/y')).toBeUndefined();
    expect(parseJournalFile(journalFileText('aie://a/x', undefined), 'aie://a/x')).toBeUndefined();
  });
});
