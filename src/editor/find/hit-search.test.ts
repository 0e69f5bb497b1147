import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/webview/eventually.ts';
import { stateBits } from '../../model/byte-state.ts';
import type { FindQuery } from '../../model/find/query.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { BoardLink } from '../../session/link.ts';
import { MemorySession } from '../../session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../session/scripted-board.ts';
import type { AskedHits } from '../messages.ts';
import { HitSearch } from './hit-search.ts';

const never = new AbortController().signal;
const bytesPerTile = 1 << 20;
const all = { offset: 0, length: 4 * bytesPerTile };

const asked = (text: string, more: Partial<AskedHits> = {}, query: Partial<FindQuery> = {}): AskedHits => ({
  query: {
    kind: 'hex',
    text,
    matchCase: true,
    cells: { name: 'uint32', order: 'little' },
    align: 0,
    ...query,
  },
  range: all,
  read: 'little',
  ...more,
});

let open: { search: HitSearch; link: BoardLink } | undefined;
afterEach(() => {
  open?.search.dispose();
  open?.link.dispose();
  open = undefined;
});

async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, bytesPerTile);
  device.bytes.fill(0);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await session.read({ offset: 0, length: 4096 }, never);
  device.reads.length = 0;
  const shown: ByteRange[] = [];
  const percents: (number | undefined)[] = [];
  const search: HitSearch = new HitSearch(
    {
      bytes: (range) => session.bytes(range),
      view: (range) => session.view(range),
      complete: (range, signal, onProgress) => session.complete(range, signal, { onProgress }),
      changed: () => percents.push(search.state(undefined).percent),
      show: (hit) => shown.push(hit),
      errorText: (error) => String(error),
    },
    bytesPerTile,
    { t: (text, ...args) => text.replace(/\{(\d)\}/g, (_, i: string) => String(args[Number(i)])) },
  );
  session.onBytes(({ ranges }) => search.bytesChanged(ranges));
  open = { search, link };
  const write = (offset: number, ...values: number[]): void => device.bytes.set(values, offset);
  const over = () => eventually(() => search.state(undefined).percent).toBeUndefined();
  const hits = () => Array.from({ length: search.hits.count }, (_, i) => search.hits.at(i)?.offset);
  return { session, device, search, shown, write, over, hits, percents };
}

describe('a search', () => {
  test('finds in what was read, and reads a little by itself', async () => {
    const { device, search, write, hits } = await setup();
    write(8, 0xa4, 0x70);
    write(5000, 0xa4, 0x70);
    const tile = { offset: 0, length: bytesPerTile };
    search.start(asked('A4 70', { range: tile }));
    await eventually(() => hits().length === 1).toBe(true);
    expect(hits()).toEqual([5000]);
    // The first 4 KiB were read before.
    expect(device.reads.flat().reduce((sum, { length }) => sum + length, 0)).toBe(bytesPerTile - 4096);
    expect(search.state(undefined)).toMatchObject({ count: 1, unseen: 0, said: '' });
  });

  test('reads more only when it is asked to, with progress, and no more once it is cancelled', async () => {
    const { device, search, write, hits, percents } = await setup();
    write(all.length - 2, 0xa4, 0x70);
    search.start(asked('A4 70'));
    await eventually(() => search.state(undefined).unseen === all.length - 4096).toBe(true);
    expect(device.reads).toEqual([]);
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => hits().length === 1).toBe(true);
    expect(percents.some((percent) => percent !== undefined && percent > 0)).toBe(true);
    expect(search.state(undefined)).toMatchObject({ unseen: 0 });
  });

  test('ends when something else is looked for, or nothing', async () => {
    const { device, search } = await setup();
    let reads = 0;
    device.hook = (point) => {
      if (point === 'read-done' && ++reads === 1) search.start(undefined);
    };
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => reads).toBe(1);
    expect(search.state(undefined)).toEqual({
      count: 0,
      isFull: false,
      at: 0,
      unseen: 0,
      said: '',
      isWrong: false,
    });
    await new Promise((done) => setImmediate(done));
    // The read ended with it.
    expect(reads).toBe(1);
    expect(search.state(undefined).said).toBe('');
  });

  test('says what is wrong with a pattern, and nothing of one that nobody typed', async () => {
    const { search } = await setup();
    search.start(asked('A4 7'));
    expect(search.state(undefined)).toMatchObject({
      isWrong: true,
      said: expect.stringContaining('character 4'),
    });
    search.start(asked(''));
    expect(search.state(undefined)).toMatchObject({ isWrong: false, said: '' });
  });

  test('says why bytes cannot be read', async () => {
    const { device, search } = await setup();
    device.hook = (point) => {
      if (point === 'read-done') throw new Error('no board');
    };
    search.start(asked('A4 70', { range: { offset: 0, length: 8192 } }));
    await eventually(() => search.state(undefined).isWrong).toBe(true);
    expect(search.state(undefined).percent).toBeUndefined();
  });

  test('follows the memory, staged edits included', async () => {
    const { session, device, search, write, hits, over } = await setup();
    const range = { offset: 0, length: 4096 };
    search.start(asked('A4 70', { range }));
    await over();
    write(100, 0xa4, 0x70);
    await session.refresh(range, never);
    await eventually(() => hits().join() === '100').toBe(true);
    session.stage('a', 'type', [{ offset: 200, bytes: Uint8Array.of(0xa4, 0x70) }]);
    await eventually(() => hits().join() === '100,200').toBe(true);
    expect(device.bytes[200]).toBe(0);
  });

  test('goes from hit to hit and around, also when it is asked before there is one', async () => {
    const { session, device, search, shown, write } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [10, 20, 30]) write(at, 7);
    await session.refresh(range, never);
    device.reads.length = 0;
    const from = (start: number, length = 1) => ({ start, length });
    search.start(asked('07', { range }));
    search.toHit(1, from(15));
    await eventually(() => shown.length === 1).toBe(true);
    search.toHit(1, from(20));
    search.toHit(1, from(30));
    search.toHit(-1, from(10));
    search.toHit(-1, from(25));
    expect(shown.map(({ offset }) => offset)).toEqual([20, 30, 10, 30, 20]);
    expect(search.state(from(20))).toMatchObject({ count: 3, at: 2 });
    // Cells of 4 bytes: the selection is larger than the hit that was gone to.
    expect(search.state(from(20, 4))).toMatchObject({ at: 2 });
    search.toHit(1, from(20, 4));
    expect(shown.at(-1)?.offset).toBe(30);
  });

  test('replaces what is still there, as long as the hit', async () => {
    const { session, search, write, hits } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [10, 20, 30]) write(at, 0xa4, 0x70);
    await session.refresh(range, never);
    const nowhere = { start: 0, length: 1 };
    search.start(asked('A4 70', { range }));
    await eventually(() => hits().length).toBe(3);
    expect(search.replace('01', nowhere, true)).toEqual([]);
    expect(search.state(undefined)).toMatchObject({
      isWrong: true,
      said: expect.stringContaining('1 bytes'),
    });
    expect(search.replace('0', nowhere, true)).toEqual([]);
    expect(search.state(undefined).isWrong).toBe(true);
    session.stage('a', 'type', [{ offset: 20, bytes: Uint8Array.of(0) }]);
    // The search was not repeated yet: what is no hit any more is left alone.
    const edits = search.replace('0? 71', nowhere, true);
    expect(edits.map(({ offset, bytes }) => [offset, ...bytes])).toEqual([
      [10, 0x04, 0x71],
      [30, 0x04, 0x71],
    ]);
    expect(search.state(undefined)).toMatchObject({
      isWrong: false,
      said: expect.stringContaining('2 hits'),
    });
    const gesture = session.stage('a', 'Replace', edits);
    expect(session.counts(range).staged).toBe(5);
    gesture.undo();
    expect(session.counts(range).staged).toBe(1);
    expect(
      session.bytes({ offset: 10, length: 2 }).flags.some((flag) => (flag & stateBits.staged) !== 0),
    ).toBe(false);
  });

  test('replaces one hit: the selected one, else it goes to the next', async () => {
    const { session, search, shown, write, over } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [16, 32]) write(at, 9);
    await session.refresh(range, never);
    search.start(asked('9', { range }, { kind: 'value' }));
    await over();
    expect(search.replace('8', { start: 4, length: 1 }, false)).toEqual([]);
    expect(shown).toEqual([{ offset: 16, length: 4 }]);
    expect(search.replace('8', { start: 16, length: 4 }, false)).toEqual([
      { offset: 16, bytes: Uint8Array.of(8, 0, 0, 0) },
    ]);
    expect(search.replace('x', { start: 16, length: 4 }, false)).toEqual([]);
    expect(search.state(undefined).isWrong).toBe(true);
  });
});
