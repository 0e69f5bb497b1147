import { describe, expect, test, vi } from 'vitest';
import { keptPages } from '../../src/editor/delta.ts';
import { pageBytes, stateBits } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { FeedPair } from '../../test/webview/feed-pair.ts';
import { requestTimeout } from '../host.ts';
import { ByteStore } from './store.ts';

const { known, staged } = stateBits;

function setUp(range: ByteRange = { offset: 0, length: 64 * pageBytes }) {
  return new FeedPair(range);
}

/** The last window that the page asked for. */
const asked = (pair: FeedPair) => {
  const message = pair.toHost.findLast(({ type }) => type === 'window');
  return message?.type === 'window' ? message.window : undefined;
};

describe('[shape-2] the bytes that the page holds', () => {
  test('[hex-5] when a byte changed is known by the first delta that told of it; before the page nobody knows', () => {
    const pair = setUp();
    pair.read(100, 7, 7);
    pair.read(100, 8, 7);
    pair.store.want({ offset: 100, length: 1 });
    pair.time = 1000;
    pair.rest();
    expect(pair.store.changedAt(100)).toBeUndefined();
    pair.read(100, 9, 7);
    pair.time = 2000;
    pair.rest();
    expect(pair.store.changedAt(100)).toBe(2000);
    expect(pair.store.changedAt(101)).toBeUndefined();
    // Two updates in one delta, and one that does not concern it.
    pair.read(101, 1);
    pair.read(100, 3);
    pair.time = 3000;
    pair.rest();
    pair.read(200, 1);
    pair.time = 4000;
    pair.rest();
    expect(pair.store.changedAt(100)).toBe(3000);
    expect(pair.store.changedAt(101)).toBe(3000);
    expect(pair.store.changedAt(50 * pageBytes)).toBeUndefined();
  });

  test('begin with what the host had, which counts until the first delta', () => {
    const pair = setUp();
    pair.read(4090, 1, 2, 3, 4, 5, 6, 7, 8);
    const length = 8;
    const planes = (from: Uint8Array) => from.slice(4090, 4098);
    pair.store.begin({
      offset: 4090,
      bytes: planes(pair.base),
      flags: planes(pair.flags).map((flag) => flag | stateBits.changed),
      base: planes(pair.base),
    });
    expect([...pair.store.read({ offset: 4090, length }).bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(pair.at(4097)).toEqual({ byte: 8, flags: known, base: 8 });
    expect(pair.at(4089)).toEqual({ byte: 0, flags: 0, base: 0 });
    // Another value by the time of the first delta, and a byte that nobody read before.
    pair.read(4091, 9);
    pair.read(4100, 5);
    pair.store.want({ offset: 4090, length });
    expect(asked(pair)?.missing).toEqual([{ offset: 0, length: 2 * pageBytes }]);
    pair.rest();
    expect(pair.at(4091)).toMatchObject({ byte: 9, base: 9 });
    expect(pair.at(4100)).toMatchObject({ byte: 5, base: 5 });
    expect(pair.at(4090)).toEqual({ byte: 1, flags: known, base: 1 });
  });

  test('are asked for once, whole pages of what is looked at, and at the cursor', () => {
    const pair = setUp();
    pair.read(100, 7);
    pair.store.want({ offset: 100, length: pageBytes });
    pair.store.want({ offset: 101, length: pageBytes });
    expect(pair.toHost).toHaveLength(1);
    expect(asked(pair)).toEqual({
      number: 1,
      wanted: [{ offset: 0, length: 2 * pageBytes }],
      missing: [{ offset: 0, length: 2 * pageBytes }],
      anew: true,
    });
    expect(pair.at(100)).toEqual({ byte: 0, flags: 0, base: 0 });
    pair.rest();
    expect(pair.at(100)).toEqual({ byte: 7, flags: known, base: 7 });
    // [truth-19]: what stands at the cursor is told in words, wherever the rows are.
    pair.store.want({ offset: 100, length: pageBytes }, 20 * pageBytes + 5);
    expect(asked(pair)?.missing).toEqual([{ offset: 20 * pageBytes, length: pageBytes }]);
  });

  test('never reach beyond the range', () => {
    const pair = setUp({ offset: 5000, length: 300 });
    pair.store.want({ offset: 0, length: 100_000 });
    expect(asked(pair)?.wanted).toEqual([{ offset: 5000, length: 300 }]);
    pair.read(5299, 9);
    pair.rest();
    expect(pair.at(5299).byte).toBe(9);
  });

  test('are told once: afterwards only what became different travels', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.read(0, ...Array(pageBytes).fill(1));
    pair.rest();
    pair.read(4, 1, 1, 2, 3, 1);
    pair.rest();
    // A head, the head of one span, and its bytes.
    expect(pair.sent.at(-1)).toBe(24 + 12 + 2);
    // Read again as it was: no byte travels, only that it is not marked any more, and then nothing.
    for (const size of [24 + 12, undefined]) {
      const { length } = pair.sent;
      pair.read(4, 1, 1, 2, 3, 1);
      pair.rest();
      expect(pair.sent.slice(length)).toEqual(size === undefined ? [] : [size]);
    }
  });

  test('are marked as changed by the update that they came with, and can be compared with any moment', () => {
    const pair = setUp();
    const marked = (since?: number) => {
      const { flags } = pair.store.read({ offset: 0, length: 16 }, since);
      return [...flags.keys()].filter((i) => ((flags[i] ?? 0) & stateBits.changed) !== 0);
    };
    pair.store.want({ offset: 0, length: 16 });
    pair.read(0, ...Array(pageBytes).fill(1));
    pair.rest();
    expect(marked()).toEqual([]); // what is read for the first time did not change
    const begin = pair.store.tick;
    pair.read(0, 1, 2, 1, 1);
    pair.rest();
    // The head, one span and its byte: when it changed costs nothing.
    expect(pair.sent.at(-1)).toBe(24 + 12 + 1);
    expect(marked()).toEqual([1]);
    const chosen = pair.store.tick;
    pair.read(0, 1, 2, 1, 3);
    pair.rest();
    // One span more: from which moment on bytes are marked.
    expect(pair.sent.at(-1)).toBe(24 + 12 + 1 + 12);
    expect(marked()).toEqual([3]);
    expect(marked(begin)).toEqual([1, 3]);
    expect(marked(chosen)).toEqual([3]);
    pair.wrote(3, 9);
    pair.rest();
    expect(marked(begin)).toEqual([1]); // written by us, not changed by somebody else
    pair.read(0, 1, 2, 1, 9);
    pair.rest();
    expect(marked()).toEqual([]);
    // A page that begins anew is told when everything changed.
    pair.store.retry();
    pair.rest();
    expect(marked(begin)).toEqual([1]);
    expect(pair.store.seen({ offset: 0, length: 16 })).toEqual(pair.host({ offset: 0, length: 16 }));
  });

  test('[live-5] say what they held before: each before its last change, or all at a chosen moment', () => {
    const pair = setUp();
    const all = { offset: 0, length: 4 };
    const old = () => pair.store.old(pair.store.read(all));
    const change = (...values: number[]) => {
      pair.read(0, ...values);
      pair.rest();
    };
    pair.store.want({ offset: 0, length: 16 });
    change(1, 1, 1, 1);
    expect(old()).toBeUndefined();
    change(1, 2, 1, 1);
    change(1, 3, 4, 1);
    expect(old()).toEqual(Uint8Array.of(1, 2, 1, 1));
    pair.store.moment = pair.store.tick;
    expect(old()).toBeUndefined();
    change(1, 5, 4, 1);
    change(1, 6, 4, 7);
    expect(old()).toEqual(Uint8Array.of(1, 3, 4, 1));
    // A moment in the past: what held then is not known of what changed since.
    pair.store.moment = 1;
    expect(old()).toBeUndefined();
    pair.store.moment = undefined;
    change(9, 6, 4, 7);
    expect(old()).toEqual(Uint8Array.of(1, 6, 4, 7));
    pair.store.retry();
    pair.rest();
    expect(old()).toBeUndefined();
  });

  test('say what a recording has before its moments, not what the page showed before', () => {
    const pair = setUp();
    const all = { offset: 0, length: 4 };
    const old = () => pair.store.old(pair.store.read(all, 0));
    const show = (...values: number[]) => {
      pair.read(0, ...values);
      pair.rest();
    };
    pair.store.want({ offset: 0, length: 16 });
    show(1, 1, 1, 1);
    show(1, 2, 1, 1);
    pair.store.past = [{ offset: 1, bytes: Uint8Array.of(7) }];
    pair.rest();
    show(1, 9, 1, 1);
    expect(old()).toEqual(Uint8Array.of(1, 7, 1, 1));
    // Nothing is known of what could not be read before this moment.
    pair.store.past = [];
    expect(old()).toBeUndefined();
    pair.store.past = undefined;
    pair.rest();
    expect(old()).toBeUndefined();
    show(1, 5, 1, 1);
    expect(old()).toEqual(Uint8Array.of(1, 9, 1, 1));
  });

  test.each([
    ['one word', [0, 4], 1],
    ['64 scattered words', [0, 256, 64], 64],
    ['all of a page', [0, pageBytes], 1],
  ] as const)('cost what changed, and little more: %s', (_, [, stride, count = 1], spans) => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 4 * pageBytes });
    const length = count === 1 ? stride : 4;
    const all = Array(4 * pageBytes).fill(0);
    pair.read(0, ...all);
    pair.rest();
    for (let update = 1; update <= 3; update++) {
      // Other words each time: marks go, and come.
      for (let i = 0; i < count; i++) {
        const at = (i * stride + 8 * update) % (4 * pageBytes - length);
        all.fill(update, at, at + length);
      }
      pair.read(0, ...all);
      pair.rest();
      expect(pair.sent.at(-1)).toBeLessThanOrEqual(1.2 * count * length + 12 * spans + 64);
    }
  });

  test('are not told while nobody looks there, and are when somebody looks again', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    pair.store.want({ offset: 9 * pageBytes, length: 16 });
    pair.rest();
    const { length } = pair.sent;
    pair.read(3, 5);
    pair.rest();
    expect(pair.sent).toHaveLength(length);
    pair.store.want({ offset: 0, length: 16 });
    expect(asked(pair)?.missing).toEqual([]);
    pair.rest();
    expect(pair.at(3).byte).toBe(5);
  });

  test('are told nothing of while the tab is hidden, and at once what differs when it is shown', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    const { length } = pair.sent;
    pair.feed.visible = false;
    for (const value of [1, 2, 3]) {
      pair.read(3, value);
      pair.rest();
    }
    expect(pair.sent).toHaveLength(length);
    pair.feed.visible = true;
    pair.rest();
    expect(pair.sent).toHaveLength(length + 1);
    expect(pair.at(3).byte).toBe(3);
  });

  test('come in at most two deltas that were not drawn yet; the next has what is then, and no more', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    const { length } = pair.sent;
    for (let value = 1; value <= 100; value++) {
      pair.read(3, value);
      pair.endTurn();
    }
    expect(pair.sent).toHaveLength(length + 2);
    expect(pair.behind).toBe(true);
    pair.rest();
    expect(pair.behind).toBe(false);
    expect(pair.sent).toHaveLength(length + 3);
    expect(pair.at(3).byte).toBe(100);
  });

  test('stay shown while newer ones are on their way, also when a delta was lost and all begins anew', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.read(3, 1);
    pair.rest();
    pair.read(3, 2);
    pair.endTurn();
    pair.toPage.length = 0;
    pair.read(5, 7);
    pair.endTurn();
    pair.tell();
    expect(asked(pair)).toMatchObject({ missing: [{ offset: 0, length: pageBytes }], anew: true });
    expect(pair.at(3).byte).toBe(1);
    expect(pair.at(5).byte).toBe(0);
    pair.rest();
    expect(pair.at(3).byte).toBe(2);
    expect(pair.at(5).byte).toBe(7);
  });

  test('are told again when the tab is shown, if what was sent last never arrived', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    for (const value of [1, 2]) {
      pair.read(3, value);
      pair.endTurn();
    }
    pair.toPage.length = 0;
    pair.feed.visible = false;
    pair.feed.visible = true;
    pair.read(3, 3);
    pair.rest();
    expect(pair.at(3).byte).toBe(3);
  });

  test('[main-22] that cannot be had say so, and are asked for again when a person retries', () => {
    const pair = setUp();
    pair.failure = new Error('The board is gone.');
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    expect(String(pair.store.failure)).toContain('The board is gone.');
    const { length } = pair.sent;
    pair.read(3, 4);
    pair.rest();
    expect(pair.sent).toHaveLength(length);
    pair.failure = undefined;
    pair.store.retry();
    expect(pair.store.failure).toBeUndefined();
    pair.rest();
    expect(pair.at(3).byte).toBe(4);
  });

  test('[main-22] that nobody tells end in a sentence, not in waiting for ever', () => {
    vi.useFakeTimers();
    try {
      const pair = setUp();
      pair.store.want({ offset: 0, length: 16 });
      vi.advanceTimersByTime(requestTimeout);
      expect(pair.store.failure).toMatchObject({ kind: 'timed-out' });
      pair.rest();
      expect(pair.store.failure).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });

  test('are refused if a delta makes no sense', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    pair.store.take(Uint8Array.of(1, 2, 3));
    expect(pair.store.failure).toMatchObject({ kind: 'bad-answer' });
  });

  test('are bounded in number', () => {
    const pair = setUp({ offset: 0, length: 4 * keptPages * pageBytes });
    for (let page = 0; page < keptPages + 50; page++) {
      pair.store.want({ offset: page * pageBytes, length: 16 });
      pair.rest();
    }
    expect(pair.store.pages).toHaveLength(keptPages);
    expect(pair.store.pages).not.toContain(0);
    expect(pair.store.pages).toContain(keptPages + 49);
    pair.read(0, 6);
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    expect(pair.at(0).byte).toBe(6);
  });
});

test('[shape-2] what did not change is not drawn again: versions grow only around a changed byte', () => {
  const pair = setUp();
  pair.store.want({ offset: 0, length: 16 });
  pair.read(0, ...Array(pageBytes).fill(1));
  pair.rest();
  const versions = () => [0, 1, 2, 3].map((row) => pair.store.versionIn({ offset: 64 * row, length: 64 }));
  const before = versions();
  pair.read(130, 2);
  pair.rest();
  const after = versions();
  expect(after.map((version, row) => version !== before[row])).toEqual([false, false, true, false]);
  pair.type(3, 9);
  expect(versions()[0]).not.toBe(before[0]);
  const typed = versions();
  pair.rest();
  expect(versions()[0]).not.toBe(typed[0]);
});

describe('[truth-14] what was on screen', () => {
  test('is what was drawn last, until the next draw', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    pair.read(3, 1);
    pair.endTurn();
    pair.tell();
    expect(pair.seen(3).flags).toBe(0);
    pair.store.drawn();
    expect(pair.seen(3)).toEqual({ byte: 1, flags: known, base: 1 });
    pair.hear();
    for (const value of [2, 3]) {
      pair.read(3, value);
      pair.endTurn();
      pair.tell();
    }
    expect(pair.at(3).base).toBe(3);
    expect(pair.seen(3).base).toBe(1);
    pair.store.drawn();
    expect(pair.seen(3).base).toBe(3);
  });

  test('includes at once what a person typed', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.read(3, 1);
    pair.rest();
    pair.read(3, 2);
    pair.endTurn();
    pair.tell();
    pair.type(3, 0xaa);
    expect(pair.seen(3)).toMatchObject({ base: 1, byte: 0xaa });
  });
});

describe('[main-18] typed bytes', () => {
  test('are shown at once over their base, and are the host’s once it took them', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.read(0, ...Array(16).fill(1));
    pair.rest();
    const before = pair.changes;
    pair.type(5, 0xaa);
    expect(pair.changes).toBeGreaterThan(before);
    expect(pair.at(5)).toEqual({ byte: 0xaa, flags: known | staged, base: 1 });
    pair.type(5, 1);
    expect(pair.at(5).flags).toBe(known);
    pair.rest();
    expect(pair.at(5)).toEqual({ byte: 1, flags: known | staged, base: 1 });
  });

  test('[truth-19] are staged over a byte that is not known, zero as well', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.type(5, 0);
    expect(pair.at(5).flags).toBe(staged);
  });

  test('are not undone on screen by a delta from before', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.rest();
    pair.read(5, 1);
    pair.endTurn();
    pair.type(5, 0xaa);
    pair.tell();
    expect(pair.at(5)).toEqual({ byte: 0xaa, flags: known | staged, base: 1 });
    pair.rest();
    expect(pair.at(5)).toEqual({ byte: 0xaa, flags: known | staged, base: 1 });
  });

  test('are taken back when the host refuses them', () => {
    const pair = setUp();
    pair.store.want({ offset: 0, length: 16 });
    pair.read(5, 1);
    pair.rest();
    pair.refuses = true;
    pair.type(5, 0xaa);
    pair.rest();
    expect(pair.at(5)).toEqual({ byte: 1, flags: known, base: 1 });
  });
});

describe('[shape-2] whatever happens on the way', () => {
  const first = runSeed();
  const pages = 6;
  const range = { offset: 300, length: pages * pageBytes - 600 };

  test.each(
    Array.from({ length: 60 }, (_, i) => [i, i % 2 === 0 ? 'nothing is lost' : 'deltas are lost'] as const),
  )('at rest the page shows what the host has (run %i, %s)', (run, faults) => {
    const seed = first + run;
    const random = new Random(seed);
    const pair = setUp(range);
    const loses = faults === 'deltas are lost';
    const somewhere = () => range.offset + random.below(range.length - 64);
    const story: number[] = [];
    let wanted = { offset: range.offset, length: 100 };
    let isHidden = false;
    pair.store.want(wanted);
    for (let step = 0; step < 300; step++) {
      const turn = random.below(100);
      const offset = somewhere();
      const { length } = pair.sent;
      if (turn < 25) pair.read(offset, ...random.bytes(1 + random.below(60)));
      else if (turn < 32) {
        // Found unreadable, forgotten, marked: alternating or alike.
        const states = random.pick([[0], [known], [known, known | 2], [3 << 5, known]]);
        for (let i = 0; i < 64; i++) {
          const state = states[i % states.length] ?? 0;
          pair.flags[offset + i] = state | ((pair.flags[offset + i] ?? 0) & staged);
          if ((state & known) === 0) {
            pair.base[offset + i] = 0;
            pair.ticks[offset + i] = 0;
          }
        }
        pair.feed.changed([{ offset, length: 64 }]);
      } else if (turn < 40) {
        pair.refuses = random.below(4) === 0;
        pair.type(offset, ...random.bytes(1 + random.below(8)));
      } else if (turn < 44) {
        // Undone or applied.
        if (random.below(2) === 0) pair.wrote(offset, ...random.bytes(64));
        for (let i = 0; i < 64; i++) pair.flags[offset + i] = (pair.flags[offset + i] ?? 0) & ~staged;
        pair.feed.changed([{ offset, length: 64 }]);
      } else if (turn < 50) {
        wanted = { offset, length: 1 + random.below(2 * pageBytes) };
        pair.store.want(wanted, somewhere());
      } else if (turn < 65) pair.hear();
      else if (turn < 75) pair.tell();
      else if (turn < 85) pair.store.drawn();
      else if (turn < 93) pair.endTurn();
      else if (turn < 96) {
        isHidden = !isHidden;
        pair.feed.visible = !isHidden;
      } else if (loses) {
        if (turn < 98) pair.toPage.shift();
        else pair.store.retry();
      }
      story.push(turn);
      if (isHidden) expect(pair.sent, `seed ${seed}: ${story}`).toHaveLength(length);
    }
    // A person sees the tab again, and something is read.
    pair.feed.visible = false;
    pair.feed.visible = true;
    if (loses) pair.read(wanted.offset, 1, 2, 3);
    pair.rest();
    const end = Math.min(wanted.offset + wanted.length, range.offset + range.length);
    const cut = { offset: wanted.offset, length: end - wanted.offset };
    expect(pair.store.read(cut), `seed ${seed}: ${story}`).toEqual(pair.host(cut));
    expect(pair.store.tick).toBeLessThanOrEqual(pair.tick);
    const since = random.below(pair.tick + 1);
    expect(pair.store.read(cut, since), `seed ${seed}: ${story}`).toEqual(pair.host(cut, since));
  });
});

test('all runs of a gesture are typed in one change', () => {
  let changes = 0;
  const host = { window: () => undefined, drawn: () => undefined, now: () => 0 };
  const store = new ByteStore(host, { offset: 0, length: 4096 }, () => changes++);
  store.type(
    1,
    Array.from({ length: 100 }, (_, i) => ({ offset: 16 * i, bytes: Uint8Array.of(i + 1) })),
  );
  expect(changes).toBe(1);
  expect([...store.read({ offset: 16 * 7, length: 2 }).bytes]).toEqual([8, 0]);
});
