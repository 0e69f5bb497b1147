import { expect, test } from 'vitest';
import { createSimulatedConnector } from '../board/simulated/connector.ts';
import { BoardLink } from '../session/link.ts';
import { BoardCollection } from './boards.ts';

function store() {
  const values = new Map<string, unknown>();
  return {
    values,
    get: (key: string) => values.get(key),
    update: async (key: string, value: unknown) => {
      values.set(key, JSON.parse(JSON.stringify(value)));
    },
  };
}

const silent = { trace: () => undefined, info: () => undefined, warn: () => undefined };
const services = { log: silent, now: () => 0, after: () => ({ dispose: () => undefined }) };

function collection(kept: ReturnType<typeof store>, connected: string[] = []) {
  return new BoardCollection(kept, (config, present) => {
    const simulated = createSimulatedConnector();
    return new BoardLink(
      config.id,
      config.label,
      {
        connect: (context, signal) => {
          connected.push(present().label);
          return simulated.connect(context, signal);
        },
      },
      services,
    );
  });
}

test('boards are added, edited, removed, and come back in the next window [main-17]', async () => {
  const kept = store();
  const first = collection(kept);
  await first.add({ id: 'a', label: 'A', kind: 'simulated' });
  await first.add({ id: 'b', label: 'B', kind: 'simulated' });
  first.addForNow({ id: 'now', label: 'Now', kind: 'simulated' });
  await first.update({ id: 'a', label: 'A2', kind: 'simulated' });
  await first.remove('b');
  first.dispose();

  const second = collection(kept);
  expect(second.load()).toBe(0);
  expect(second.entries.map((entry) => entry.config)).toEqual([{ id: 'a', label: 'A2', kind: 'simulated' }]);
  second.dispose();
});

test('an edited entry disconnects, and connects by its new configuration [main-17]', async () => {
  const connected: string[] = [];
  const boards = collection(store(), connected);
  const ssh = { id: 'a', kind: 'ssh', sudo: false } as const;
  const entry = await boards.add({ ...ssh, label: 'A', host: 'one' });
  await entry.link.connect();
  await boards.update({ ...ssh, label: 'A2', host: 'two' });
  expect(entry.link.state.kind).toBe('disconnected');
  await entry.link.connect();
  expect(connected).toEqual(['A', 'A2']);
  await boards.close();
  boards.dispose();
});

test('[shape-9] boards that shall are connected at start; one that fails is told and keeps nobody waiting', async () => {
  const connected: string[] = [];
  const boards = collection(store(), connected);
  const failed: unknown[] = [];
  await boards.add({ id: 'a', label: 'A', kind: 'simulated' });
  await boards.add({ id: 'b', label: 'B', kind: 'simulated', autoConnect: true });
  const gone = await boards.add({ id: 'c', label: 'C', kind: 'simulated', autoConnect: true });
  gone.link.dispose();
  boards.connectAtStart((error) => failed.push(error));
  await expect.poll(() => boards.get('b')?.link.state.kind).toBe('connected');
  expect(connected).toEqual(['B']);
  await expect.poll(() => failed).toHaveLength(1);
  await boards.close();
  boards.dispose();
});

/** What another version may have stored. */
const foreign = { id: 'cable', label: 'By cable', kind: 'jtag', serial: 7 };

test('[truth-15] two windows: what one adds, changes and removes leaves what the other did', async () => {
  const kept = store();
  kept.values.set('tilescope.boards', ['nonsense', foreign, { id: 'old', label: 'Old', kind: 'simulated' }]);
  const a = collection(kept);
  const b = collection(kept);
  expect([a.load(), b.load()]).toEqual([2, 2]);
  await a.add({ id: 'a1', label: 'A1', kind: 'simulated' });
  await b.add({ id: 'b1', label: 'B1', kind: 'simulated' });
  await a.add({ id: 'a2', label: 'A2', kind: 'simulated' });
  await b.update({ id: 'old', label: 'Older', kind: 'simulated' });
  await a.remove('a1');
  expect(a.get('b1')).toBeUndefined();
  expect([...a.ids].sort()).toEqual(['a2', 'b1', 'cable', 'old']);
  a.dispose();
  b.dispose();

  const reloaded = collection(kept);
  expect(reloaded.load()).toBe(2);
  expect(reloaded.entries.map(({ config }) => config.label)).toEqual(['Older', 'B1', 'A2']);
  expect(kept.get('tilescope.boards')).toEqual(expect.arrayContaining(['nonsense', foreign]));
  await reloaded.forgetUnread();
  expect(collection(kept).load()).toBe(0);
  reloaded.dispose();
});

test('[truth-15] what is stored is kept when it is no list, and given boards are not stored', async () => {
  const kept = store();
  kept.values.set('tilescope.boards', { version: 9 });
  const boards = collection(kept);
  expect(boards.load()).toBe(1);
  boards.addForNow({ id: 'now', label: 'Now', kind: 'simulated' });
  await boards.update({ id: 'now', label: 'Later', kind: 'simulated' });
  await boards.remove('now');
  expect(kept.get('tilescope.boards')).toEqual({ version: 9 });
  await boards.add({ id: 'a', label: 'A', kind: 'simulated' });
  expect(kept.get('tilescope.boards')).toEqual([{ version: 9 }, { id: 'a', label: 'A', kind: 'simulated' }]);
  boards.dispose();
});
