import { describe, expect, test } from 'vitest';
import { toBoardError } from '../../board/errors.ts';
import { BoardLink } from '../../session/link.ts';
import { SessionPool } from '../../session/pool.ts';
import { ManualTime, ScriptedDevice, settle } from '../../session/scripted-board.ts';
import { sparklineSvg } from './sparkline-svg.ts';
import { actPeriod, Watches, type WatchHit } from './watch-model.ts';
import { historyText, hitText, rowText, valueText } from './watch-sentences.ts';
import { type KeptWatch, WatchStore } from './watch-store.ts';

const l10n = {
  t: (message: string, ...args: unknown[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};

/** A watch of a byte in the first tile of the scripted board. */
function kept(change: Partial<KeptWatch> = {}): KeptWatch {
  return {
    id: 'one',
    resource: { board: 'board', partition: '2_2', memory: 'data' },
    tile: { col: 2, row: 1 },
    offset: 8,
    name: '',
    cells: { name: 'uint8', order: 'little' },
    condition: '',
    action: 'notify',
    ...change,
  };
}

/** A board in use, and the watches of a window that shows its list. */
async function setup(list: readonly KeptWatch[], inUse = true) {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  if (inUse) device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
  const link = new BoardLink('board', 'Board', device, time);
  const pool = new SessionPool(time);
  await link.connect();
  const hits: WatchHit[] = [];
  const failures: unknown[] = [];
  const offsets = new Map<string, number>();
  let isThere = true;
  const watches = new Watches({
    acquire: (resource) => (isThere ? pool.acquire(link, resource) : undefined),
    offsetOf: ({ name }) => offsets.get(name),
    now: () => time.now(),
    after: (milliseconds, action) => time.after(milliseconds, action),
    act: (hit) => hits.push(hit),
    changed: () => undefined,
    note: (thrown) => failures.push(toBoardError(thrown)),
  });
  watches.isShown = true;
  watches.kept = list;
  await settle();
  /** The board looks, and the device holds this at the watched byte from now on. */
  const look = async (value?: number, offset = 8) => {
    if (value !== undefined) device.bytes[offset] = value;
    for (const watch of device.watches) watch.look();
    await settle();
  };
  const texts = () => watches.all.map((one) => valueText(one, l10n));
  const removeBoard = () => {
    isThere = false;
    watches.update();
  };
  return { time, device, link, watches, hits, failures, offsets, look, texts, removeBoard };
}

describe('[live-9] watches', () => {
  test('show the value of now by the watch of the core, without a read', async () => {
    const { device, look, texts } = await setup([kept()]);
    expect(device.watches.map(({ options }) => options.ranges)).toEqual([[{ offset: 8, length: 4 }]]);
    await look(5);
    expect(texts()).toEqual(['= 5']);
    await look(200);
    expect(texts()).toEqual(['= 200']);
    expect(device.reads).toEqual([]);
  });

  test('[live-7] keep how the value changed in the last minute, with gaps while nobody looked', async () => {
    const { time, device, watches, look } = await setup([kept({ cells: { name: 'int8', order: 'little' } })]);
    const history = () => watches.all[0]?.history();
    expect(history()).toBeUndefined();
    for (const value of [5, 0xfe, 7]) {
      await look(value);
      time.advance(2000);
    }
    const said = () => {
      const told = history();
      return told && historyText(told, l10n);
    };
    expect(said()).toBe('In the last 6 s: lowest -2, highest 7.');
    expect(watches.all.map((one) => rowText(one, l10n))).toEqual(['= 7 · -2 to 7']);
    // The list is hidden, then its partition is free: both are gaps.
    watches.isShown = false;
    time.advance(3000);
    watches.isShown = true;
    await look(6);
    time.advance(1000);
    device.owner = undefined;
    device.announce();
    await settle();
    time.advance(10_000);
    expect(said()).toBe('In the last 20 s: lowest -2, highest 7. Not followed for 13 s of it.');
    const told = history();
    const svg = told === undefined ? '' : sparklineSvg(told.line, '#00f');
    expect(svg.match(/<rect/g)).toHaveLength(2);
    expect(svg).toMatch(/<path d="M0 \d.*M\d/);
    time.advance(60_000);
    expect(history()).toBeUndefined();
  });

  test('act when the condition becomes true, not while it is, and not for what was true at the first look', async () => {
    const { time, hits, look, texts } = await setup([kept({ condition: '!= 0' })]);
    await look(1);
    expect(hits).toEqual([]);
    expect(texts()).toEqual(['= 1 · != 0 is true']);
    await look(2);
    await look(0);
    expect(hits).toEqual([]);
    await look(3);
    expect(hits).toHaveLength(1);
    const text = hits[0] && hitText(hits[0], l10n);
    expect(text).toBe('(2,1)+0x0008: != 0 became true, the value is 3.');
    time.advance(actPeriod);
    await look(4);
    expect(hits).toHaveLength(1);
  });

  test('act at most once in a while; what became true meanwhile is counted and told later', async () => {
    const { time, hits, look } = await setup([kept({ condition: '= 7' })]);
    await look(0);
    for (let i = 0; i < 4; i++) {
      await look(7);
      await look(0);
    }
    expect(hits).toHaveLength(1);
    time.advance(actPeriod - 1);
    expect(hits).toHaveLength(1);
    time.advance(1);
    expect(hits.map(({ more }) => more)).toEqual([0, 2]);
    time.advance(actPeriod);
    expect(hits).toHaveLength(2);
    await look(7);
    expect(hits.map(({ more }) => more)).toEqual([0, 2, 0]);
  });

  test('of changes act at each, by the look before', async () => {
    const { time, hits, look } = await setup([kept({ condition: 'changed' })]);
    await look(1);
    expect(hits).toEqual([]);
    for (const value of [2, 2, 3]) {
      await look(value);
      time.advance(actPeriod);
    }
    expect(hits).toHaveLength(2);
  });

  test('without a condition look only while a person sees the list; with one always', async () => {
    const { device, watches } = await setup([kept(), kept({ id: 'two', offset: 4096, condition: '!= 0' })]);
    const ranges = () => device.watches.map(({ options }) => options.ranges.map(({ offset }) => offset));
    expect(ranges()).toEqual([[8, 4096]]);
    watches.isShown = false;
    expect(ranges()).toEqual([[4096]]);
    watches.kept = [];
    expect(ranges()).toEqual([]);
  });

  test('never take a free partition; go on by themselves when somebody uses it', async () => {
    const { device, hits, look, texts } = await setup([kept({ condition: '!= 0' })], false);
    expect(texts()).toEqual(['partition is free · when != 0']);
    expect([device.reads, device.watches]).toEqual([[], []]);
    device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
    device.announce();
    await settle();
    expect(device.openedBy).toEqual(['nobody']);
    await look(0);
    await look(9);
    expect(hits.map(({ epoch }) => epoch)).toEqual([device.epoch]);
    device.owner = undefined;
    device.announce();
    await settle();
    expect(texts()).toEqual(['= 9 · != 0 is true · partition is free']);
  });

  test('what another epoch brings did not become so; a lost board keeps the last value and says so', async () => {
    const { time, device, link, watches, hits, look, texts } = await setup([kept({ condition: '!= 0' })]);
    await look(0);
    device.epoch = 'epoch-2';
    device.announce();
    await settle();
    await look(5);
    expect(hits).toEqual([]);
    await link.disconnect();
    await settle();
    expect(texts()).toEqual(['last 5: not connected · != 0 is true']);
    time.advance(3000);
    const history = watches.all[0]?.history();
    expect(history && historyText(history, l10n)).toContain('Not followed for 3 s of it.');
    await link.connect();
    await settle();
    await look(6);
    expect(texts()).toEqual(['= 6 · != 0 is true']);
  });

  test('go with a name of the build, and say what is outside of the memory, and when the board is gone', async () => {
    const list = [
      kept({ name: 'buf0' }),
      kept({ id: 'two', offset: 8191, cells: { name: 'uint16', order: 'little' } }),
    ];
    const { device, watches, offsets, look, texts, removeBoard } = await setup(list);
    await look(1);
    device.bytes[100] = 42;
    offsets.set('buf0', 100);
    watches.update();
    await look();
    expect(texts()).toEqual(['= 42', 'not part of this memory']);
    expect(watches.all.map(({ label, address }) => [label, address])[0]).toEqual(['buf0', '(2,1)+0x0064']);
    removeBoard();
    expect(texts()[0]).toBe('last 42: its board is not in the sidebar');
    expect(device.watches).toEqual([]);
  });

  test('are kept in the workspace; what is stored there by others is left out', async () => {
    const stored = new Map<string, unknown>();
    const store = new WatchStore({
      get: (key) => stored.get(key),
      update: async (key, value) => void stored.set(key, value),
    });
    expect(store.all).toEqual([]);
    await store.set([kept(), kept({ id: 'two', condition: 'changed', action: 'freeze' })]);
    stored.set('tilescope.watches', [
      ...JSON.parse(JSON.stringify(stored.get('tilescope.watches'))),
      { ...kept(), cells: { name: 'toString', order: 'little' } },
      { ...kept(), resource: { board: '../x', partition: '2_2', memory: 'data' } },
      'nonsense',
    ]);
    expect(store.all).toEqual([kept(), kept({ id: 'two', condition: 'changed', action: 'freeze' })]);
  });
});
