import { describe, expect, test } from 'vitest';
import { BoardError } from '../board/errors.ts';
import { BoardLink } from './link.ts';
import { ManualTime, ScriptedDevice, settle } from './scripted-board.ts';

function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  const states: string[] = [];
  link.onDidChangeState((state) => states.push(state.kind));
  return { time, device, link, states };
}

const never = new AbortController().signal;

describe('what a board says unasked', () => {
  test('[truth-5] a driver that hangs changes the state, and nobody connects again because of it', async () => {
    const { link, device, states } = setup();
    await link.connect();
    const before = states.length;
    const error = new BoardError('driver-hung', 'no answer', { call: 'AIE_ENQUIRE_PART' });
    device.notices.fire({ kind: 'hung', error });
    expect(link.hung).toBe(error);
    expect(link.state.kind).toBe('connected');
    expect(states.slice(before)).toEqual(['connected']);
    device.notices.fire({ kind: 'hung', error: undefined });
    expect(link.hung).toBeUndefined();
    expect(device.connections).toBe(1);
  });

  test('[truth-21] a start that was refused because of us is passed on', async () => {
    const { link, device } = setup();
    await link.connect();
    const heard: unknown[] = [];
    link.onDidRefuseStart((start) => heard.push(start));
    const start = {
      kind: 'start-refused',
      columns: { startCol: 6, numCols: 4 },
      pid: 77,
      command: 'app',
    } as const;
    device.notices.fire(start);
    expect(heard).toEqual([start]);
  });
});

describe('connecting', () => {
  test('shows the steps, then the board with its partitions', async () => {
    const { link, states, device } = setup();
    await link.connect();
    expect(states).toEqual(['connecting', 'connecting', 'connected']);
    expect(link.partitions).toEqual([device.info]);
  });

  test('a second wish joins the running attempt', async () => {
    const { link, device } = setup();
    const [a, b] = await Promise.all([link.connect(), link.connect()]);
    expect(a).toBe(b);
    expect(await link.connect()).toBe(a);
    expect(device.connections).toBe(1);
  });

  test('a listener that connects while the attempt starts joins it', async () => {
    const { link, device } = setup();
    let joined: Promise<unknown> | undefined;
    link.onDidChangeState((state) => {
      if (state.kind === 'connecting') joined ??= link.connect();
    });
    await link.connect();
    await joined;
    expect(device.connections).toBe(1);
  });

  test('giving up ends the attempt, but not for somebody else who waits', async () => {
    const { link, device } = setup();
    device.hook = () => new Promise<void>(() => undefined);
    const first = new AbortController();
    const second = new AbortController();
    const waits = [link.connect(first.signal), link.connect(second.signal)];
    await settle();
    first.abort();
    await expect(waits[0]).rejects.toMatchObject({ code: 'cancelled' });
    expect(link.state.kind).toBe('connecting');
    device.hook = () => undefined;
    second.abort();
    await expect(waits[1]).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('an attempt for which the time ran out is a failure that is shown, not a wish to disconnect', async () => {
    const { link, device } = setup();
    device.hook = () => new Promise<void>(() => undefined);
    const limit = new AbortController();
    const attempt = link.connect(limit.signal);
    await settle();
    limit.abort(new DOMException('too late', 'TimeoutError'));
    await expect(attempt).rejects.toMatchObject({ code: 'timeout' });
    expect(link.state).toMatchObject({ kind: 'offline', error: { code: 'timeout' } });
  });

  test('a cancelled attempt leaves a disconnected entry that connects again', async () => {
    const { link, device } = setup();
    let open = (): void => undefined;
    device.hook = () =>
      new Promise<void>((resolve) => {
        open = resolve;
      });
    const controller = new AbortController();
    const attempt = link.connect(controller.signal);
    await settle();
    controller.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'cancelled' });
    expect(link.state.kind).toBe('disconnected');
    device.hook = () => undefined;
    const board = await link.connect();
    open();
    await settle();
    expect(link.state).toEqual({ kind: 'connected', board });
  });

  test('a first connection that fails is not tried again by itself', async () => {
    const { link, device, time } = setup();
    device.hook = () => {
      throw new BoardError('unreachable', 'no route');
    };
    await expect(link.connect()).rejects.toMatchObject({ code: 'unreachable' });
    expect(link.state).toMatchObject({ kind: 'offline', error: { code: 'unreachable' } });
    expect(time.planned).toEqual([]);
  });

  test('[truth-5] a driver that hangs is tried again each minute, also at first, until its call returns or a person disconnects', async () => {
    const { link, device, time } = setup();
    device.hook = () => {
      throw new BoardError('driver-hung', 'no answer', { call: 'AIE_ENQUIRE_PART' });
    };
    await expect(link.connect()).rejects.toMatchObject({ code: 'driver-hung' });
    for (let i = 0; i < 3; i++) {
      expect(link.state).toMatchObject({ kind: 'offline', error: { code: 'driver-hung' } });
      expect(time.planned).toEqual([60_000]);
      time.advance(60_000);
      await settle();
    }
    await link.disconnect();
    expect(time.planned).toEqual([]);
    await expect(link.connect()).rejects.toMatchObject({ code: 'driver-hung' });
    device.hook = () => undefined;
    time.advance(60_000);
    await settle();
    expect(link.state.kind).toBe('connected');
  });

  test('a listener that throws does not break the connection', async () => {
    const { link, time } = setup();
    link.onDidChangeState(() => {
      throw new Error('broken view');
    });
    await link.connect();
    expect(link.state.kind).toBe('connected');
    expect(time.lines.join()).toContain('broken view');
  });
});

describe('[main-22] losing the board', () => {
  test('it reconnects after 1, 2, 4 ... 30 s, for as long as it takes', async () => {
    const { link, device, time, states } = setup();
    await link.connect();
    device.hook = () => {
      throw new BoardError('unreachable', 'no route');
    };
    device.lose();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      waits.push(...time.planned);
      time.advance(time.planned[0] ?? 0);
      await settle();
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    device.hook = () => undefined;
    time.advance(30_000);
    await settle();
    expect(link.state.kind).toBe('connected');
    expect(states.at(-1)).toBe('connected');
  });

  test('a connection that keeps breaking is waited for ever longer, one that lived for a minute is not', async () => {
    const { link, device, time } = setup();
    await link.connect();
    const waits: number[] = [];
    for (const lived of [0, 5000, 5000, 60_000]) {
      time.advance(lived);
      device.lose();
      waits.push(...time.planned);
      time.advance(30_000);
      await settle();
      expect(link.state.kind).toBe('connected');
    }
    expect(waits).toEqual([1000, 2000, 4000, 1000]);
  });

  test('the state says when the next attempt comes, and the partitions stay as last known', async () => {
    const { link, device, time } = setup();
    await link.connect();
    device.lose();
    expect(link.state).toMatchObject({ kind: 'offline', retryAt: time.now() + 1000 });
    expect(link.partitions).toHaveLength(1);
  });

  test('a person who cannot wait connects at once', async () => {
    const { link, device, time } = setup();
    await link.connect();
    device.lose();
    await link.connect();
    expect(link.state.kind).toBe('connected');
    expect(time.planned).toEqual([]);
  });

  test('a person who disconnects is left in peace', async () => {
    const { link, device, time } = setup();
    await link.connect();
    device.lose();
    await link.disconnect();
    time.advance(100_000);
    await settle();
    expect(link.state.kind).toBe('disconnected');
    expect(device.connections).toBe(1);
  });

  for (const code of ['auth-failed', 'host-key-changed', 'config', 'sudo-failed', 'permission'] as const) {
    test(`reconnecting stops where a person is needed: ${code}`, async () => {
      const { link, device, time } = setup();
      await link.connect();
      device.hook = () => {
        throw new BoardError(code, code);
      };
      device.lose();
      time.advance(1000);
      await settle();
      expect(link.state).toMatchObject({ kind: 'offline', error: { code } });
      expect(link.state).not.toHaveProperty('retryAt');
      expect(time.planned).toEqual([]);
    });
  }

  test('a loss between connecting and listing the partitions is a failed attempt', async () => {
    const { link, device } = setup();
    device.hook = (point) => {
      if (point === 'partitions') device.lose();
    };
    await expect(link.connect()).rejects.toMatchObject({ code: 'connection-lost' });
    expect(link.state.kind).toBe('offline');
  });

  test('disconnecting in the middle of an attempt ends it', async () => {
    const { link, device } = setup();
    let open = (): void => undefined;
    device.hook = () =>
      new Promise<void>((resolve) => {
        open = resolve;
      });
    const attempt = link.connect();
    attempt.catch(() => undefined);
    await settle();
    await link.disconnect();
    device.hook = () => undefined;
    open();
    await expect(attempt).rejects.toBeInstanceOf(BoardError);
    await settle();
    expect(link.state.kind).toBe('disconnected');
  });
});

describe('opening partitions', () => {
  test('the memory types are learned once per connection', async () => {
    const { link, device } = setup();
    await link.connect();
    let opened = 0;
    device.hook = (point) => {
      if (point === 'open') opened++;
    };
    const [a, b] = await Promise.all([link.open(device.key, never), link.open(device.key, never)]);
    expect(a).toBe(b);
    expect(opened).toBe(1);
    device.lose();
    await link.connect();
    await link.open(device.key, never);
    expect(opened).toBe(2);
  });

  test('a failure is not remembered', async () => {
    const { link, device } = setup();
    await link.connect();
    device.hook = (point) => {
      if (point === 'open') throw new BoardError('unknown-driver', 'ask first');
    };
    await expect(link.open(device.key, never)).rejects.toMatchObject({ code: 'unknown-driver' });
    device.hook = () => undefined;
    link.allowUnknownDriver = true;
    await expect(link.open(device.key, never)).resolves.toBeDefined();
  });

  test('waits for an attempt that runs, and says why there is no connection', async () => {
    const { link, device } = setup();
    await expect(link.open(device.key, never)).rejects.toMatchObject({ code: 'connection-lost' });
    const connecting = link.connect();
    await expect(link.open(device.key, never)).resolves.toBeDefined();
    await connecting;
    device.hook = () => {
      throw new BoardError('auth-failed', 'no');
    };
    device.lose();
    await expect(link.connect()).rejects.toMatchObject({ code: 'auth-failed' });
    await expect(link.open(device.key, never)).rejects.toMatchObject({ code: 'auth-failed' });
  });

  test('partitions follow the board', async () => {
    const { link, device } = setup();
    await link.connect();
    const owners: (string | undefined)[] = [];
    link.onDidChangePartitions(([partition]) => owners.push(partition?.owner?.command));
    device.owner = { kind: 'process', pid: 7, command: 'graph', startedAt: 1 };
    device.announce();
    device.owner = undefined;
    await link.refreshPartitions(never);
    expect(owners).toEqual(['graph', undefined]);
  });
});
