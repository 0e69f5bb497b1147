import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import type { Tile } from '../model/geometry.ts';
import { coolingMs } from '../model/heat.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { HeatPool, type PartitionHeat, wordsPerTile } from './partition-heat.ts';
import { ManualTime, ScriptedDevice, type ScriptedSurvey, settle } from './scripted-board.ts';

const plain = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)])),
};

const owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 } as const;

async function setup(inUse = true) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  if (inUse) device.owner = owner;
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const pool = new HeatPool(time);
  const heat = pool.of(link, device.key);
  let told = 0;
  heat.onDidChange(() => told++);
  return { time, device, link, pool, heat, told: () => told };
}

/** A partition whose survey alone needs more than the usual budget, and takes time to open. */
async function large() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, 32_768, { numCols: 50, numRows: 8 });
  device.owner = owner;
  device.hook = async (point) => {
    if (point === 'open') for (let i = 0; i < 3; i++) await turn();
  };
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  return { time, device, link, pool: new HeatPool(time) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** So many turns that what begins anew again and again has done so often. */
async function later(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

function stepOf(heat: PartitionHeat, tile: Tile): number {
  return heat.ofTile(tile, plain)?.step ?? 0;
}

/** How many tiles are said to be left out. */
function unreadable(heat: PartitionHeat): number {
  const { text = '' } = heat.summary(plain) ?? {};
  return text.includes('One tile cannot') ? 1 : Number(/(\d+) tiles cannot/.exec(text)?.[1] ?? 0);
}

function only(device: ScriptedDevice): ScriptedSurvey {
  const [survey, another] = device.surveys;
  if (survey === undefined || another !== undefined) throw new Error(`${device.surveys.length} surveys`);
  return survey;
}

describe('[live-3] the heat of a partition', () => {
  test('is known while somebody looks, by one survey for all of them; then nothing is read', async () => {
    const { device, link, pool, heat } = await setup();
    expect([heat.pause, device.surveys]).toEqual(['hidden', []]);
    const tree = heat.show();
    const array = pool.of(link, device.key).show();
    await settle();
    expect(heat.pause).toBeUndefined();
    // 8 KiB a tile, a word for each 512 bytes.
    expect(only(device).options).toEqual({ periodMs: 1000, wordsPerTile: 16, wordsPerSecond: 128 });
    tree.dispose();
    expect(device.surveys).toHaveLength(1);
    array.dispose();
    array.dispose();
    expect([heat.pause, device.surveys]).toEqual(['hidden', []]);
    expect(device.reads).toEqual([]);
  });

  test('tells the steps of tiles, and only when one is another; tiles cool by themselves', async () => {
    const { time, device, heat, told } = await setup();
    heat.show();
    await settle();
    const begun = told();
    only(device).look();
    expect([told() - begun, only(device).seen]).toEqual([0, true]);
    // Tile 1 is column 2, row 2; tile 3 column 3, row 2.
    only(device).look({ tile: 1, changed: 16 }, { tile: 3, changed: 1 });
    const steps = () => [stepOf(heat, { col: 2, row: 2 }), stepOf(heat, { col: 3, row: 2 })];
    expect([told() - begun, ...steps()]).toEqual([1, 4, 2]);
    expect(heat.besideTile('program', { col: 2, row: 2 }, plain)).toBe('');
    expect(heat.besideTile('data', { col: 2, row: 2 }, plain)).toBe('most of it changes');
    time.advance(1000);
    only(device).look({ tile: 1, changed: 16 });
    expect([told() - begun, ...steps()]).toEqual([1, 4, 2]);
    time.advance(coolingMs - 1000);
    only(device).look();
    expect([told() - begun, ...steps()]).toEqual([2, 4, 1]);
    time.advance(4 * coolingMs);
    only(device).look();
    expect(steps()).toEqual([0, 0]);
  });

  test('a free partition is never surveyed, and heat ends with the owner', async () => {
    const { device, heat } = await setup(false);
    heat.show();
    await settle();
    expect([heat.pause, device.surveys]).toEqual(['free', []]);
    device.owner = owner;
    device.announce();
    await settle();
    only(device).look({ tile: 0, changed: 16 });
    expect(stepOf(heat, { col: 2, row: 1 })).toBe(4);
    device.owner = undefined;
    device.announce();
    await settle();
    expect([heat.pause, device.surveys, stepOf(heat, { col: 2, row: 1 })]).toEqual(['free', [], 0]);
  });

  test('a survey that ends by itself is tried again, less often each time, until one brings something', async () => {
    const { time, device, heat } = await setup();
    heat.show();
    await settle();
    for (const wait of [1000, 2000, 4000, 8000, 8000]) {
      only(device).fail(new BoardError('no-quiet', 'busy'));
      await settle();
      expect([heat.pause, device.surveys]).toEqual(['failed', []]);
      time.advance(wait - 1);
      await settle();
      expect(device.surveys).toEqual([]);
      time.advance(1);
      await settle();
    }
    only(device).look();
    only(device).fail(new BoardError('no-quiet', 'busy'));
    await settle();
    time.advance(1000);
    await settle();
    expect(heat.pause).toBeUndefined();
  });

  test('of one memory goes on while that of another fails, which is tried again less often each time', async () => {
    const { time, device, heat, told } = await setup();
    device.hasMemoryTiles = true;
    heat.show();
    await settle();
    expect(device.surveys).toHaveLength(2);
    const [data, tiles] = device.surveys;
    let failing = tiles;
    const tile = { col: 2, row: 2 };
    for (const [i, wait] of [1000, 2000, 4000, 8000, 8000].entries()) {
      const before = told();
      failing?.fail(new BoardError('no-quiet', 'busy'));
      await settle();
      expect(told()).toBe(before + 1);
      data?.look({ tile: 1, changed: 16 });
      await settle();
      expect([heat.pause, stepOf(heat, tile), heat.besideTile('memory-tile', tile, plain)]).toEqual([
        undefined,
        4,
        '',
      ]);
      expect(heat.summary(plain)?.text).toContain('One kind of memory could not be looked at.');
      time.advance(wait - 1);
      // What the list tells makes nobody try earlier.
      device.announce();
      await settle();
      expect([device.surveys, device.surveysBegun]).toEqual([[data], 2 + i]);
      time.advance(1);
      await settle();
      failing = device.surveys[1];
      expect(heat.summary(plain)?.text).not.toContain('One kind of memory');
      expect([device.surveys[0] === data, device.surveysBegun]).toEqual([true, 3 + i]);
      data?.look({ tile: 1, changed: 16 });
    }
    failing?.look({ tile: 1, changed: 16 });
    expect(heat.summary(plain)?.text).not.toContain('One kind of memory');
    expect(heat.besideTile('memory-tile', tile, plain)).toBe('most of it changes');
    failing?.fail(new BoardError('no-quiet', 'busy'));
    await settle();
    expect(heat.besideTile('memory-tile', tile, plain)).toBe('');
    time.advance(1000);
    await settle();
    expect(device.surveys).toHaveLength(2);
    // All of them: then nothing is known.
    for (const survey of [...device.surveys]) survey.fail(new BoardError('no-quiet', 'busy'));
    await settle();
    expect([heat.pause, device.surveys, stepOf(heat, tile)]).toEqual(['failed', [], 0]);
  });

  test('of an epoch is never shown in another one, whoever tells of it first', async () => {
    const { time, device, heat } = await setup();
    heat.show();
    await settle();
    const tile = { col: 2, row: 1 };
    // The board sees it first: its survey ends, the next one begins at once.
    only(device).look({ tile: 0, changed: 16 });
    expect(stepOf(heat, tile)).toBe(4);
    device.epoch = 'second';
    const before = only(device);
    before.fail(new BoardError('epoch', 'another'));
    await settle();
    expect([heat.pause, stepOf(heat, tile)]).toEqual([undefined, 0]);
    // What comes late of the one that ended is nobody's.
    before.look({ tile: 0, changed: 16 });
    only(device).look({ tile: 0, changed: 16 });
    // The list does not tell of that epoch yet.
    expect(stepOf(heat, tile)).toBe(0);
    device.announce();
    await settle();
    expect([device.surveys.length, stepOf(heat, tile)]).toEqual([1, 4]);
    // The list tells first: the survey of the epoch that is over is ended.
    const over = only(device);
    device.epoch = 'third';
    device.announce();
    await settle();
    expect([only(device) === over, stepOf(heat, tile)]).toEqual([false, 0]);
    only(device).look();
    expect(stepOf(heat, tile)).toBe(0);
    // An epoch that ends before its survey brought anything is tried again after a while.
    device.epoch = 'fourth';
    device.announce();
    await settle();
    only(device).fail(new BoardError('epoch', 'another'));
    await settle();
    expect([heat.pause, device.surveys]).toEqual(['failed', []]);
    time.advance(1000);
    await settle();
    only(device).look({ tile: 0, changed: 1 });
    expect(stepOf(heat, tile)).toBe(2);
  });

  test('that was known stays when the survey begins anew in the same epoch', async () => {
    const { device, link, heat } = await setup();
    heat.show();
    await settle();
    only(device).look({ tile: 0, changed: 16 }, { tile: 1, changed: 0, reason: 'gated' });
    const others = Array.from({ length: 999 }, () => link.budget.join(() => undefined));
    await settle();
    const tile = { col: 2, row: 1 };
    expect([only(device).options.wordsPerTile, stepOf(heat, tile), unreadable(heat)]).toEqual([8, 4, 1]);
    only(device).look();
    expect([stepOf(heat, tile), unreadable(heat)]).toEqual([4, 0]);
    for (const other of others) other.dispose();
  });

  test('says which tiles cannot be looked at, and why, until they can', async () => {
    const { device, heat, told } = await setup();
    heat.show();
    await settle();
    const tile = { col: 2, row: 2 };
    only(device).look({ tile: 1, changed: 16 });
    only(device).look({ tile: 1, changed: 0, reason: 'driver-gated' });
    const known = () => [
      stepOf(heat, tile),
      heat.ofTile(tile, plain)?.reason,
      heat.besideTile('data', tile, plain),
      unreadable(heat),
    ];
    expect(known()).toEqual([0, 'driver-gated', 'cannot be looked at', 1]);
    const before = told();
    only(device).look({ tile: 1, changed: 0 });
    expect(told()).toBe(before + 1);
    expect(known()).toEqual([4, undefined, 'most of it changes', 0]);
  });

  test('is of nobody once the board says so, before its list does', async () => {
    const { device, heat } = await setup();
    heat.show();
    await settle();
    only(device).look({ tile: 0, changed: 16 });
    only(device).fail(new BoardError('not-asked', 'free'));
    await settle();
    expect([heat.pause, stepOf(heat, { col: 2, row: 1 })]).toEqual(['free', 0]);
  });

  test('shares the budget of the board with the watches, and takes no more than it needs', async () => {
    const { device, link, heat } = await setup();
    heat.show();
    await settle();
    expect(link.budget.share).toBe(50_000 - 128);
    const others = Array.from({ length: 999 }, () => link.budget.join(() => undefined));
    await settle();
    expect(only(device).options).toEqual({ periodMs: 1000, wordsPerTile: 8, wordsPerSecond: 50 });
    for (const other of others) other.dispose();
    await settle();
    expect(only(device).options.wordsPerTile).toBe(16);
  });

  test('that is short of budget does not begin anew because another one does', async () => {
    const { time, device, link, heat } = await setup();
    const others = Array.from({ length: 999 }, () => link.budget.join(() => undefined));
    const another = new HeatPool(time).of(link, device.key);
    const shown = [heat.show(), another.show()];
    await settle();
    const begun = [...device.surveys];
    expect(begun).toHaveLength(2);
    others.pop()?.dispose();
    for (let i = 0; i < 5; i++) await settle();
    const after = [...device.surveys];
    expect(after).toHaveLength(2);
    for (let i = 0; i < 5; i++) await settle();
    expect(device.surveys).toEqual(after);
    const free = link.budget.share;
    for (const one of shown) one.dispose();
    await settle();
    expect(device.surveys).toEqual([]);
    expect(link.budget.share).toBeGreaterThanOrEqual(free);
    for (const other of others) other.dispose();
  });

  test('beside a followed tab in one budget that is too small for both: each begins, and gives back what it had', async () => {
    const { time, device, link, pool } = await large();
    const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
    const shown = pool.of(link, device.key).show();
    await later();
    expect(only(device).options.wordsPerSecond).toBe(50_000);
    session.look('a', { offset: 0, length: 1024 });
    session.follow('a', 100);
    await later();
    const following = () => device.watches.map(({ options }) => options.wordsPerSecond);
    expect([only(device).options.wordsPerSecond, following()]).toEqual([25_000, [25_000]]);
    expect(device.surveysBegun).toBe(2);
    const [watch] = device.watches;
    watch?.look();
    only(device).look();
    await later();
    expect([device.watches, device.surveysBegun]).toEqual([[watch], 2]);
    session.follow('a', undefined);
    await later();
    expect([only(device).options.wordsPerSecond, following(), device.surveysBegun]).toEqual([50_000, [], 3]);
    shown.dispose();
    await later();
    expect([device.surveys, link.budget.share]).toEqual([[], 50_000]);
  });

  test('beside another one in one budget that is too small for both: neither begins anew for ever', async () => {
    const { time, device, link, pool } = await large();
    const one = pool.of(link, device.key).show();
    await later();
    const another = new HeatPool(time).of(link, device.key).show();
    await later();
    const shares = () => device.surveys.map(({ options }) => options.wordsPerSecond);
    expect([shares(), device.surveysBegun]).toEqual([[25_000, 25_000], 3]);
    await later();
    expect(device.surveysBegun).toBe(3);
    one.dispose();
    await later();
    expect([shares(), device.surveysBegun]).toEqual([[50_000], 4]);
    another.dispose();
    await later();
    expect([device.surveys, link.budget.share]).toEqual([[], 50_000]);
  });

  test('more tiles, or less to spend, are fewer words a tile, down to a few; then the looks are fewer', () => {
    const geometry = {
      type: 'data',
      startCol: 0,
      startRow: 1,
      numRows: 8,
      bytesPerTile: 32768,
      tileBase: 0,
    } as const;
    const words = (numCols: number, budget: number) => wordsPerTile({ ...geometry, numCols }, budget);
    expect(words(4, 50_000)).toBe(64);
    expect(words(50, 50_000)).toBe(32);
    expect(words(50, 10_000)).toBe(8);
    expect(words(50, 1)).toBe(8);
    const large = { ...geometry, type: 'memory-tile', numRows: 1, bytesPerTile: 2 ** 19 } as const;
    expect(wordsPerTile({ ...large, numCols: 8 }, 50_000)).toBe(1024);
    expect(wordsPerTile({ ...large, numCols: 38 }, 50_000)).toBe(512);
  });
});
