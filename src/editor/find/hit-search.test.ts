import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../../test/webview/eventually.ts';
import type { FindQuery } from '../../model/find/query.ts';
import type { ByteRange } from '../../model/geometry.ts';
import { BoardLink } from '../../session/link.ts';
import { MemorySession } from '../../session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../session/scripted-board.ts';
import type { ByteEdit } from '../../session/types.ts';
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
  beyond: false,
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
  const edits: ByteEdit[][] = [];
  const is = { shown: true, readable: true };
  const search: HitSearch = new HitSearch(
    {
      bytes: (range) => session.bytes(range),
      view: (range) => session.view(range),
      complete: (range, signal, onProgress) =>
        is.readable ? session.complete(range, signal, { onProgress }) : undefined,
      gaps: (range) => session.missing(range),
      staged: (range) => session.staged(range),
      findThere: (ranges, pattern, beside, options, signal) =>
        is.readable
          ? session.find(ranges, pattern, { ...options, beside, asking: 'person', looker: 'tab' }, signal)
          : undefined,
      read: (ranges, signal) => session.readBeside(ranges, 'tab', signal),
      epoch: () => session.state.partition?.epoch,
      isShown: () => is.shown,
      replace: async (all) => {
        edits.push([...all]);
      },
      changed: () => percents.push(search.state(undefined).percent),
      show: (hit) => shown.push(hit),
      errorText: (error) => String(error),
    },
    bytesPerTile,
    { t: (text, ...args) => text.replace(/\{(\d)\}/g, (_, i: string) => String(args[Number(i)])) },
  );
  session.onBytes(({ ranges }) => search.bytesChanged(ranges));
  session.onState(() => search.stateChanged());
  open = { search, link };
  const write = (offset: number, ...values: number[]): void => device.bytes.set(values, offset);
  const over = () => eventually(() => search.state(undefined).percent).toBeUndefined();
  const hits = () => Array.from({ length: search.hits.count }, (_, i) => search.hits.at(i)?.offset);
  /** What the last replacement staged. */
  const staged = () => edits.pop()?.map(({ offset, bytes }) => [offset, ...bytes]);
  return { session, device, search, shown, write, over, hits, percents, staged, edits, is };
}

describe('a search', () => {
  test('finds in what was read, and reads a little by itself', async () => {
    const { device, search, write, hits, over } = await setup();
    write(8, 0xa4, 0x70);
    write(5000, 0xa4, 0x70);
    const tile = { offset: 0, length: bytesPerTile };
    search.start(asked('A4 70', { range: tile }));
    await over();
    expect(hits()).toEqual([5000]);
    // The first 4 KiB were read before.
    expect(device.reads.flat().reduce((sum, { length }) => sum + length, 0)).toBe(bytesPerTile - 4096);
    expect(search.state(undefined)).toMatchObject({ count: 1, unseen: 0, said: '' });
  });

  test('[hex-13] finds in 2 MiB of 0x3D each of them, also before the borders of pages', async () => {
    const { device, session, search, over } = await setup();
    const length = 2 * 1024 * 1024;
    device.bytes.fill(0x3d);
    await session.refresh({ offset: 0, length }, never);
    search.start(asked(Array(16).fill('3D').join(' '), { range: { offset: 0, length } }));
    await over();
    expect(search.state(undefined)).toMatchObject({ count: length / 16, unseen: 0 });
    for (const offset of [0x1fff0, 0x3fff0, 0xffff0])
      expect(search.hits.at(offset / 16)).toEqual({ offset, length: 16 });
  });

  test('reads more only when it is asked to, with progress, and no more once it is cancelled', async () => {
    const { device, search, write, hits, over, percents } = await setup();
    write(all.length - 2, 0xa4, 0x70);
    search.start(asked('A4 70'));
    await eventually(() => search.state(undefined).unseen === all.length - 4096).toBe(true);
    expect(device.reads).toEqual([]);
    search.start(asked('A4 70', { read: 'all' }));
    await over();
    expect(hits()).toEqual([all.length - 2]);
    expect(percents.some((percent) => percent !== undefined && percent > 0)).toBe(true);
    expect(search.state(undefined)).toMatchObject({ unseen: 0 });
  });

  test('[hex-6] has the board search what was not read, beside what was: across their border, and nothing is read', async () => {
    const { device, session, search, write, hits, over, percents, shown } = await setup();
    session.stage('a', 'typed', [{ offset: 64, bytes: Uint8Array.of(0xa4, 0x70) }]);
    for (const offset of [8192, 2 * bytesPerTile - 1]) write(offset, 0xa4, 0x70);
    // The first 4 KiB were read before: a byte of this hit was.
    write(4095, 0xa4, 0x70);
    await session.refresh({ offset: 4095, length: 1 }, never);
    device.reads.length = 0;
    device.unreadable = [{ offset: 3 * bytesPerTile, length: bytesPerTile, reason: 'gated' }];
    write(3 * bytesPerTile + 8, 0xa4, 0x70);
    search.start(asked('A4 70', { read: 'all' }));
    await over();
    expect(hits()).toEqual([64, 4095, 8192, 2 * bytesPerTile - 1]);
    expect(device.reads).toEqual([]);
    expect(device.searches).toEqual([[{ offset: 4095, length: all.length - 4095 }]]);
    expect(device.asked.at(-1)).toBe('person');
    expect(percents.some((percent) => percent !== undefined && percent > 0)).toBe(true);
    expect(search.state(undefined)).toMatchObject({ count: 4, unseen: bytesPerTile });
    search.toHit(1, { start: 8000, length: 1 });
    expect(shown).toEqual([{ offset: 8192, length: 2 }]);
  });

  test('of what a board found, what was read since counts as it is here, and nothing of another epoch', async () => {
    const { device, session, search, write, hits, over } = await setup();
    for (const offset of [8192, 9000, 2 * bytesPerTile]) write(offset, 0xa4, 0x70);
    search.start(asked('A4 70', { read: 'all' }));
    await over();
    expect(hits()).toEqual([8192, 9000, 2 * bytesPerTile]);
    write(8192, 0);
    await session.read({ offset: 8192, length: 16 }, never);
    await eventually(hits).toEqual([9000, 2 * bytesPerTile]);
    device.epoch = 'another';
    device.announce();
    expect(hits()).toEqual([]);
    expect(search.state(undefined).unseen).toBeGreaterThan(bytesPerTile);
  });

  test('[hex-6] what could overlap itself is searched by the board from the first place on that counts for it', async () => {
    const { device, session, search, write, hits, over } = await setup();
    // Three of these bytes were read before, so that a search that began with the others would find 4096.
    write(4093, ...Array(8).fill(0xaa));
    await session.refresh({ offset: 4093, length: 3 }, never);
    device.reads.length = 0;
    search.start(asked('AA AA', { read: 'all' }));
    await over();
    expect(hits()).toEqual([4093, 4095, 4097, 4099]);
    expect(device.searches).toEqual([[{ offset: 4095, length: all.length - 4095 }]]);
    expect(device.reads).toEqual([]);
    // The board does not know of a staged byte, and what is found behind it depends on it: all is read.
    session.stage('a', 'typed', [{ offset: 4094, bytes: Uint8Array.of(0xab) }]);
    search.start(asked('AA AA', { read: 'all' }));
    await over();
    expect(device.searches).toHaveLength(1);
    expect(hits()).toEqual([4095, 4097, 4099]);
    expect(session.missing(all)).toEqual([]);
  });

  test('[hex-6] a hit that reaches from bytes that were not read into staged ones is found: those beside them are read', async () => {
    const { device, session, search, write, hits, over } = await setup();
    write(4096, 0x45);
    session.stage('a', 'typed', [{ offset: 4094, bytes: Uint8Array.of(0xa4, 0x70) }]);
    search.start(asked('A4 70 45', { read: 'all' }));
    await over();
    expect(hits()).toEqual([4094]);
    expect(device.reads.flat()).toEqual([{ offset: 4096, length: 2 }]);
    expect(device.searches).toHaveLength(1);
  });

  test('a hit that a board found is no hit any more once one of its bytes was read and is another', async () => {
    const { session, search, write, hits, over } = await setup();
    write(8192, 0xa4, 0x70, 0x45);
    search.start(asked('A4 70 45', { read: 'all' }));
    await over();
    expect(hits()).toEqual([8192]);
    // The part of it that was read is as it was.
    await session.read({ offset: 8192, length: 1 }, never);
    search.bytesChanged([{ offset: 8192, length: 1 }]);
    await eventually(() => session.missing({ offset: 8192, length: 1 }).length).toBe(0);
    expect(hits()).toEqual([8192]);
    write(8193, 0x71);
    await session.read({ offset: 8193, length: 1 }, never);
    await eventually(hits).toEqual([]);
  });

  test('many messages of hits are joined once in a while, and the page is told no more often', async () => {
    const { device, search, write, hits, over, percents } = await setup();
    for (let at = 0; at < 64; at++) write(bytesPerTile + 64 * at, 0xa4, 0x70);
    device.splitHits = true;
    search.start(asked('A4 70', { read: 'all' }));
    await over();
    expect(hits()).toHaveLength(64);
    expect(percents.length).toBeLessThan(32);
  });

  test('hits of another epoch are not shown beside what was read before: that is said', async () => {
    const { device, session, search, write, hits } = await setup();
    write(8192, 0xa4, 0x70);
    device.hook = (point) => {
      if (point === 'find-done') device.epoch = 'another';
    };
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => search.state(undefined).said).toContain('a new epoch');
    expect(hits()).toEqual([]);
    device.hook = () => undefined;
    device.announce();
    // What was read before is of the old epoch: the board is not asked.
    expect(session.isStale(all)).toBe(true);
    device.searches.length = 0;
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => search.state(undefined).said).toContain('earlier epoch');
    expect(device.searches).toEqual([]);
  });

  test('reads the hits that a board found before they are replaced', async () => {
    const { device, search, write, over, staged } = await setup();
    for (const offset of [8192, 2 * bytesPerTile]) write(offset, 0xa4, 0x70);
    search.start(asked('A4 70', { read: 'all' }));
    await over();
    // It is another byte by then.
    write(8192, 0);
    await search.replace('01 02', { start: 0, length: 1 }, true);
    expect(staged()).toEqual([[2 * bytesPerTile, 1, 2]]);
    expect(device.reads.flat().every(({ length }) => length < 8192)).toBe(true);
    expect(search.state(undefined).said).toContain('1 hits were left');
  });

  test('a search by the board is cancelled, and what it found by then stays; an application that comes is named', async () => {
    const { device, search, write, hits, over } = await setup();
    write(8192, 0xa4, 0x70);
    device.hook = (point) => {
      if (point === 'find-done') search.cancel();
    };
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => device.searches.length).toBe(1);
    await over();
    await eventually(hits).toEqual([8192]);
    expect(search.state(undefined)).toMatchObject({ unseen: all.length - 4096, isWrong: false });
    device.hook = () => undefined;
    device.gaveWay = true;
    search.start(asked('A4 70', { read: 'all' }));
    await eventually(() => search.state(undefined).said).toContain('application');
    expect(hits()).toEqual([8192]);
  });

  test('ends when something else is looked for, or nothing', async () => {
    const { device, search } = await setup();
    let reads = 0;
    device.hook = (point) => {
      if (point === 'read-done' && ++reads === 1) search.start(undefined);
    };
    // An expression that is too large for a board: all is read for it.
    search.start(asked('a{900}b{900}', { read: 'all' }, { kind: 'expression' }));
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

  test('[hex-6] says so where a person asks for bytes and none can be read; nobody is told who did not ask', async () => {
    const { search, over, is } = await setup();
    is.readable = false;
    search.start(asked('A4 70'));
    await over();
    expect(search.state(undefined)).toMatchObject({ said: '', isWrong: false, unseen: all.length - 4096 });
    // In all of it the board would search, of little it would be read.
    for (const range of [all, { offset: 0, length: bytesPerTile }]) {
      search.start(asked('A4 70', { read: 'all', range }));
      await over();
      expect(search.state(undefined)).toMatchObject({
        said: 'Nothing is read now. Connect the board, or unfreeze the view, then look once more.',
        isWrong: true,
        unseen: range.length - 4096,
      });
    }
  });

  test('[hex-6] follows the memory, staged edits included', async () => {
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

  test('[hex-10] goes to the nearest hit, also where its bytes were not read before', async () => {
    const { session, search, shown, write } = await setup();
    for (const at of [8, 5000, 6000]) write(at, 0xa4, 0x70);
    await session.refresh({ offset: 0, length: 4096 }, never);
    search.start(asked('A4 70', { range: { offset: 0, length: bytesPerTile } }));
    search.toHit(1, { start: 4500, length: 1 });
    await eventually(() => search.hits.count).toBe(1);
    search.toHit(1, { start: 4500, length: 1 });
    await eventually(() => shown.length).toBe(1);
    expect(shown).toEqual([{ offset: 5000, length: 2 }]);
  });

  test('replaces what is still there, as long as the hit', async () => {
    const { session, search, write, hits, staged, edits } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [10, 20, 30]) write(at, 0xa4, 0x70);
    await session.refresh(range, never);
    const nowhere = { start: 0, length: 1 };
    search.start(asked('A4 70', { range }));
    await eventually(() => hits().length).toBe(3);
    await search.replace('01', nowhere, true);
    expect(search.state(undefined)).toMatchObject({
      isWrong: true,
      said: expect.stringContaining('1 bytes'),
    });
    await search.replace('0', nowhere, true);
    expect(search.state(undefined).isWrong).toBe(true);
    expect(edits).toEqual([]);
    session.stage('a', 'type', [
      { offset: 20, bytes: Uint8Array.of(0) },
      { offset: 40, bytes: Uint8Array.of(0xa4, 0x70) },
    ]);
    // The search was not repeated yet: what is no hit any more is left alone, what became one is found before.
    await search.replace('0? 71', nowhere, true);
    expect(staged()).toEqual([
      [10, 0x04, 0x71],
      [30, 0x04, 0x71],
      [40, 0x04, 0x71],
    ]);
    expect(search.state(undefined)).toMatchObject({
      isWrong: false,
      said: expect.stringContaining('3 hits'),
    });
  });

  test('what changes after a hit was looked at, and before its replacement is staged, is a conflict', async () => {
    const { session, search, write, hits, edits } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [10, 20]) write(at, 0xa4, 0x70);
    await session.refresh(range, never);
    session.stage('a', 'type', [{ offset: 30, bytes: Uint8Array.of(0xa4, 0x70) }]);
    search.start(asked('A4 70', { range }));
    await eventually(() => hits().length).toBe(3);
    await search.replace('0? 71', { start: 0, length: 1 }, true);
    write(20, 0xb8);
    await session.refresh(range, never);
    session.stage('a', 'Replace', edits[0] ?? []);
    expect(session.conflicts()).toEqual([{ offset: 20, length: 1 }]);
    expect([...session.bytes({ offset: 20, length: 2 }).bytes]).toEqual([0x04, 0x71]);
    expect(session.counts().staged).toBe(6);
  });

  test('replaces one hit: the selected one, else it goes to the next', async () => {
    const { session, search, shown, write, over, staged, edits } = await setup();
    const range = { offset: 0, length: 4096 };
    for (const at of [16, 32]) write(at, 9);
    await session.refresh(range, never);
    search.start(asked('9', { range }, { kind: 'value' }));
    await over();
    await search.replace('8', { start: 4, length: 1 }, false);
    expect(edits).toEqual([]);
    expect(shown.map(({ offset }) => offset)).toEqual([16]);
    await search.replace('8', { start: 16, length: 4 }, false);
    expect(staged()).toEqual([[16, 8, 0, 0, 0]]);
    // It goes on to the next one.
    expect(shown.map(({ offset }) => offset)).toEqual([16, 32]);
    await search.replace('x', { start: 16, length: 4 }, false);
    expect(edits).toEqual([]);
    expect(search.state(undefined).isWrong).toBe(true);
  });

  test('says what a refused replacement says', async () => {
    const { session, search, write, over } = await setup();
    write(10, 7);
    await session.refresh({ offset: 0, length: 4096 }, never);
    search.start(asked('07', { range: { offset: 0, length: 4096 } }));
    await over();
    search.refuse(new Error('locked'));
    expect(search.state(undefined)).toMatchObject({ isWrong: true, count: 1, said: 'Error: locked' });
  });

  /** A session of which all is read, and zero but for what is written. */
  const readSetup = async (...places: readonly number[]) => {
    const all = await setup();
    for (const at of places) all.write(at, 7);
    await all.session.refresh({ offset: 0, length: bytesPerTile }, never);
    all.device.reads.length = 0;
    return all;
  };
  const tile = { offset: 0, length: bytesPerTile };
  /** Where this stands before what is looked for, the search takes many slices. */
  const slow = '?0 '.repeat(400);

  test('[hex-6] replaces all hits once all are found, and says what was not searched', async () => {
    const from = bytesPerTile - (1 << 18);
    const { search, over, edits, session } = await readSetup(from + 1000, bytesPerTile - 10);
    const range = { offset: from, length: (1 << 18) + 4096 };
    // The search is not over when it is asked to replace the hits.
    search.start(asked(`${slow}?7`, { range, read: 'nothing' }));
    await search.replace(`${'?? '.repeat(400)}08`, { start: 0, length: 1 }, true);
    expect(edits).toEqual([]);
    expect(search.state(undefined)).toMatchObject({
      isWrong: false,
      said: expect.stringContaining('once all'),
    });
    await over();
    await eventually(() => edits.length).toBe(1);
    expect(edits[0]?.map(({ offset }) => offset)).toEqual([from + 600, bytesPerTile - 410]);
    expect(search.state(undefined).said).toContain('4096 bytes were not searched');
    expect(session.counts(range).staged).toBe(0);
  });

  test('[hex-6] is cancelled: what was found stays, and how much was searched is said', async () => {
    const { search, hits, over } = await readSetup(500, 900_000);
    search.start(asked(`${slow}?7`, { range: tile }));
    search.cancel();
    const { searched, percent } = search.state(undefined);
    expect(percent).toBeUndefined();
    expect(searched).toBeLessThan(100);
    // The first one is found in the first slice; nothing goes on behind it.
    for (let i = 0; i < 10; i++) await turn();
    expect(hits()).toEqual([100]);
    expect(search.state(undefined).searched).toBe(searched);
    search.start(asked('07', { range: tile }));
    await eventually(() => hits().join()).toBe('500,900000');
    await over();
    // It is over: there is nothing to cancel.
    search.cancel();
    expect(search.state(undefined).searched).toBeUndefined();
  });

  test('refuses to replace more than it can at once, and says so', async () => {
    const { search, over, edits } = await readSetup();
    search.start(asked('00', { range: { offset: 0, length: 65_537 } }));
    await over();
    expect(search.hits.count).toBe(65_537);
    await search.replace('01', { start: 0, length: 1 }, true);
    expect(edits).toEqual([]);
    expect(search.state(undefined)).toMatchObject({
      isWrong: true,
      said: expect.stringContaining('65536 hits'),
    });
    search.start(asked('00', { range: { offset: 0, length: 65_536 } }));
    await over();
    await search.replace('01', { start: 0, length: 1 }, true);
    expect(edits[0]?.length).toBe(65_536);
  });

  test('gives up an expression that would look at all that follows for each hit, and says so', async () => {
    const { search, over } = await readSetup();
    search.start(asked(String.raw`\x00(.*b)?`, { range: tile }, { kind: 'expression' }));
    await over();
    const { searched, said, count } = search.state(undefined);
    expect(searched).toBeLessThan(100);
    expect(said).toContain('how a hit ends');
    expect(count).toBeGreaterThan(0);
  });

  test('looks for hits anew one search at a time, for a person who sees them and did not end it', async () => {
    const { search, is } = await readSetup(10);
    const range = { offset: 0, length: 1 << 18 };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      search.start(asked(`${slow}?1`, { range }));
      search.bytesChanged([range]);
      expect(vi.getTimerCount()).toBe(0);
      while (vi.getTimerCount() === 0) await turn();
      expect(search.state(undefined).percent).toBeUndefined();
      vi.runAllTimers();
      // The second search is under way.
      search.bytesChanged([range]);
      expect(vi.getTimerCount()).toBe(0);
      while (vi.getTimerCount() === 0) await turn();
      is.shown = false;
      search.start(asked('07', { range }));
      await turn();
      expect(search.state(undefined).percent).toBeUndefined();
      search.bytesChanged([range]);
      expect(vi.getTimerCount()).toBe(0);
      is.shown = true;
      search.shown();
      expect(vi.getTimerCount()).toBe(1);
      search.start(asked(`${slow}?1`, { range }));
      search.bytesChanged([range]);
      search.cancel();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
