import { describe, expect, test } from 'vitest';
import type { ShownBytes } from '../../src/editor/messages.ts';
import { stateBits } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { ByteStore, keptPages, pageBytes } from './store.ts';

interface Call {
  readonly range: ByteRange;
  readonly signal: AbortSignal;
  answer(fill: number): Promise<void>;
  fail(error: Error): Promise<void>;
}

const settled = () => new Promise<void>((done) => setImmediate(done));

function setUp(range: ByteRange = { offset: 0, length: 64 * pageBytes }) {
  const calls: Call[] = [];
  let changes = 0;
  const store = new ByteStore(
    {
      bytes: (asked, signal) =>
        new Promise<ShownBytes>((resolve, reject) => {
          calls.push({
            range: asked,
            signal,
            answer(fill) {
              const bytes = new Uint8Array(asked.length).fill(fill);
              const flags = new Uint8Array(asked.length).fill(stateBits.known);
              resolve({ offset: asked.offset, bytes, flags, base: bytes.slice() });
              return settled();
            },
            fail(error) {
              reject(error);
              return settled();
            },
          });
        }),
    },
    range,
    () => changes++,
  );
  return { store, calls, changes: () => changes };
}

const at = (store: ByteStore, offset: number) => {
  const shown = store.read({ offset, length: 1 });
  return { byte: shown.bytes[0], flags: shown.flags[0], base: shown.base[0] };
};

describe('the bytes that the page holds', () => {
  test('are asked for once, in one request for neighbouring pages', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 100, length: pageBytes });
    store.want({ offset: 100, length: pageBytes });
    expect(calls.map((call) => call.range)).toEqual([{ offset: 0, length: 2 * pageBytes }]);
    expect(at(store, 100)).toEqual({ byte: 0, flags: 0, base: 0 });
    await calls[0]?.answer(7);
    expect(at(store, 100)).toEqual({ byte: 7, flags: stateBits.known, base: 7 });
    store.want({ offset: 100, length: pageBytes });
    expect(calls).toHaveLength(1);
  });

  test('[truth-19] include the one at the cursor, wherever the rows are', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 }, 20 * pageBytes + 5);
    expect(calls.map((call) => call.range)).toEqual([
      { offset: 0, length: pageBytes },
      { offset: 20 * pageBytes, length: pageBytes },
    ]);
    await calls[1]?.answer(7);
    expect(at(store, 20 * pageBytes + 5).byte).toBe(7);
  });

  test('never reach beyond the range', () => {
    const { store, calls } = setUp({ offset: 5000, length: 300 });
    store.want({ offset: 0, length: 100_000 });
    expect(calls.map((call) => call.range)).toEqual([{ offset: 5000, length: 300 }]);
  });

  test('stay shown while newer ones are on their way', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    await calls[0]?.answer(1);
    store.invalidate([{ offset: 3, length: 1 }]);
    expect(calls).toHaveLength(2);
    expect(at(store, 3).byte).toBe(1);
    await calls[1]?.answer(2);
    expect(at(store, 3).byte).toBe(2);
  });

  test('are asked for again when they changed while the answer was on its way', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    store.invalidate([{ offset: 0, length: 1 }]);
    await calls[0]?.answer(1);
    expect(at(store, 0).byte).toBe(1);
    expect(calls).toHaveLength(2);
    await calls[1]?.answer(2);
    expect(at(store, 0).byte).toBe(2);
    expect(calls).toHaveLength(2);
  });

  test('are shown even if they change faster than they are answered', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    for (let i = 0; i < 5; i++) {
      store.invalidate([{ offset: 0, length: 1 }]);
      await calls[i]?.answer(i + 1);
      expect(at(store, 0).byte).toBe(i + 1);
    }
  });

  test('[main-22] that failed say so and are not asked for again until a person retries', async () => {
    const { store, calls } = setUp();
    const error = new Error('The board is gone.');
    store.want({ offset: 0, length: 16 });
    await calls[0]?.fail(error);
    expect(store.failure).toBe(error);
    store.want({ offset: 0, length: 32 });
    expect(calls).toHaveLength(1);
    store.retry();
    expect(store.failure).toBeUndefined();
    expect(calls).toHaveLength(2);
    await calls[1]?.answer(4);
    expect(at(store, 0).byte).toBe(4);
  });

  test('that nobody looks at any more are given up', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    store.want({ offset: 20 * pageBytes, length: 16 });
    expect(calls[0]?.signal.aborted).toBe(true);
    await calls[0]?.fail(new Error('cancelled'));
    expect(store.failure).toBeUndefined();
    store.want({ offset: 0, length: 16 });
    expect(calls).toHaveLength(3);
  });

  test('are bounded in number', async () => {
    const { store, calls } = setUp({ offset: 0, length: 4 * keptPages * pageBytes });
    for (let page = 0; page < keptPages + 50; page++) {
      store.want({ offset: page * pageBytes, length: 16 });
      await calls[page]?.answer(1);
    }
    expect(store.pageCount).toBeLessThanOrEqual(keptPages);
    expect(store.has({ offset: 0, length: 16 })).toBe(false);
    expect(store.has({ offset: (keptPages + 49) * pageBytes, length: 16 })).toBe(true);
  });
});

describe('[truth-14] what was on screen', () => {
  const seen = (store: ByteStore, offset: number) => store.seen({ offset, length: 1 });

  test('is what the last frame showed, until the next one is drawn', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    await calls[0]?.answer(1);
    expect(seen(store, 3).flags[0]).toBe(0);
    store.drawn();
    expect(seen(store, 3)).toMatchObject({ base: Uint8Array.of(1), bytes: Uint8Array.of(1) });
    store.invalidate([{ offset: 3, length: 1 }]);
    await calls[1]?.answer(2);
    store.invalidate([{ offset: 3, length: 1 }]);
    await calls[2]?.answer(3);
    expect(at(store, 3).base).toBe(3);
    expect(seen(store, 3).base[0]).toBe(1);
    store.drawn();
    expect(seen(store, 3).base[0]).toBe(3);
  });

  test('includes at once what a person typed', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    await calls[0]?.answer(1);
    store.drawn();
    store.invalidate([{ offset: 3, length: 1 }]);
    await calls[1]?.answer(2);
    store.stage(3, Uint8Array.of(0xaa));
    expect(seen(store, 3)).toMatchObject({ base: Uint8Array.of(1), bytes: Uint8Array.of(0xaa) });
  });
});

describe('[main-18] typed bytes', () => {
  test('are shown at once over their base', async () => {
    const { store, calls, changes } = setUp();
    store.want({ offset: 0, length: 16 });
    await calls[0]?.answer(1);
    const before = changes();
    store.stage(5, Uint8Array.of(0xaa));
    expect(changes()).toBeGreaterThan(before);
    expect(at(store, 5)).toEqual({ byte: 0xaa, flags: stateBits.known | stateBits.staged, base: 1 });
    store.stage(5, Uint8Array.of(1));
    expect(at(store, 5).flags).toBe(stateBits.known);
  });

  test('[truth-19] are staged over a byte that is not known, zero as well', () => {
    const { store } = setUp();
    store.want({ offset: 0, length: 16 });
    store.stage(5, Uint8Array.of(0));
    expect(at(store, 5).flags).toBe(stateBits.staged);
  });

  test('are not undone on screen by an answer from before', async () => {
    const { store, calls } = setUp();
    store.want({ offset: 0, length: 16 });
    await calls[0]?.answer(1);
    store.invalidate([{ offset: 0, length: 1 }]);
    store.stage(5, Uint8Array.of(0xaa));
    await calls[1]?.answer(1);
    expect(at(store, 5).byte).toBe(0xaa);
    expect(calls).toHaveLength(3);
  });
});
