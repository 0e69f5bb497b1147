import { describe, expect, test, vi } from 'vitest';
import { HostClient, RequestError, toShownBytes } from './host.ts';

function client(timeout?: number) {
  const sent: unknown[] = [];
  const api = { postMessage: (message: unknown) => sent.push(message), getState: () => null, setState() {} };
  return { host: new HostClient(api, timeout), sent };
}

const range = { offset: 16, length: 2 };
const answer = {
  offset: 16,
  bytes: Uint8Array.of(1, 2),
  flags: Uint8Array.of(1, 1),
  base: Uint8Array.of(1, 2),
};

describe('requests to the host', () => {
  test('are answered by their own answer, in whatever order', async () => {
    const { host, sent } = client();
    const first = host.read(range, {});
    const second = host.read({ offset: 0, length: 1 }, {});
    expect(sent).toMatchObject([
      { type: 'request', id: 1, name: 'read', params: range },
      { type: 'request', id: 2, name: 'read' },
    ]);
    const one = Uint8Array.of(9);
    host.receive({ type: 'answer', id: 2, result: { offset: 0, bytes: one, flags: one, base: one } });
    host.receive({ type: 'answer', id: 1, result: answer });
    expect((await first).bytes).toEqual(answer.bytes);
    expect((await second).bytes).toEqual(one);
  });

  test('[main-22] fail with the host’s sentence', async () => {
    const { host } = client();
    const asked = host.read(range, {});
    host.receive({ type: 'failed', id: 1, message: 'The board is gone.' });
    await expect(asked).rejects.toMatchObject({ kind: 'refused', message: 'The board is gone.' });
  });

  test('[main-22] end by themselves when nobody answers, and tell the host', async () => {
    vi.useFakeTimers();
    try {
      const { host, sent } = client(1000);
      const asked = host.read(range, {});
      const outcome = expect(asked).rejects.toMatchObject({ kind: 'timed-out' });
      await vi.advanceTimersByTimeAsync(1000);
      await outcome;
      expect(sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
      host.receive({ type: 'answer', id: 1, result: answer });
    } finally {
      vi.useRealTimers();
    }
  });

  test('[truth-19] that read wait as long as the host says that it reads, and pass on how far it is', async () => {
    vi.useFakeTimers();
    try {
      const { host, sent } = client(1000);
      const told: number[] = [];
      const asked = host.read(range, { onProgress: (percent) => told.push(percent) });
      for (const percent of [0, 0, 40, 40]) {
        await vi.advanceTimersByTimeAsync(900);
        host.receive({ type: 'progress', id: 1, percent });
      }
      await vi.advanceTimersByTimeAsync(900);
      host.receive({ type: 'answer', id: 1, result: answer });
      expect((await asked).bytes).toEqual(answer.bytes);
      expect(told).toEqual([0, 0, 40, 40]);
      expect(sent).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('can be cancelled, before and after they were sent', async () => {
    const { host, sent } = client();
    const stop = new AbortController();
    const asked = host.read(range, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ kind: 'cancelled' });
    expect(sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
    await expect(host.read(range, { signal: stop.signal })).rejects.toBeInstanceOf(RequestError);
    expect(sent).toHaveLength(2);
  });

  test('refuse answers of the wrong shape', async () => {
    const { host } = client();
    const asked = host.read(range, {});
    host.receive({ type: 'answer', id: 1, result: { ...answer, flags: Uint8Array.of(1) } });
    await expect(asked).rejects.toMatchObject({ kind: 'bad-answer' });
    expect(toShownBytes({ ...answer, offset: 17 }, range)).toBeUndefined();
    expect(toShownBytes({ ...answer, bytes: { 0: 1, 1: 2 } }, range)).toBeUndefined();
    expect(toShownBytes(null, range)).toBeUndefined();
  });

  test('take bytes that a host delivered as a bare buffer', () => {
    expect(toShownBytes({ ...answer, bytes: Uint8Array.of(7, 8).buffer }, range)?.bytes).toEqual(
      Uint8Array.of(7, 8),
    );
  });
});

test('announcements reach the listeners, noise does not', () => {
  const { host } = client();
  const heard: string[] = [];
  host.listen((message) => heard.push(message.type));
  host.receive({ type: 'reveal', offset: 0, length: 1 });
  host.receive({ type: 'answer', id: 99, result: null });
  host.receive('noise');
  host.receive({ type: 'did-keydown' });
  expect(heard).toEqual(['reveal']);
});
