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
  const entry = await boards.add({ id: 'a', label: 'A', kind: 'simulated' });
  await entry.link.connect();
  await boards.update({ id: 'a', label: 'A2', kind: 'simulated' });
  expect(entry.link.state.kind).toBe('disconnected');
  await entry.link.connect();
  expect(connected).toEqual(['A', 'A2']);
  await boards.close();
  boards.dispose();
});
