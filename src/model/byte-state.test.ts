import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import {
  BytePlane,
  isUnreadable,
  pageBytes,
  reasonOf,
  stateBits,
  type UnreadableReason,
  UpdateLog,
  unreadableReasons,
  unreadableState,
} from './byte-state.ts';
import type { ByteRange } from './geometry.ts';
import { endOf, intersectRanges, mergeRanges } from './ranges.ts';

const reasons: readonly UnreadableReason[] = ['gated', 'bus-error', 'not-read'];

interface ModelByte {
  value: number | undefined;
  reason: UnreadableReason | undefined;
  stale: boolean;
  tick: number;
}

/** The same promises, one object per byte. */
class Model {
  readonly bytes = new Map<number, ModelByte>();
  readonly since = new Map<number, number>();
  readonly readAt = new Map<number, number>();

  of(offset: number): ModelByte {
    return this.bytes.get(offset) ?? { value: undefined, reason: undefined, stale: false, tick: 0 };
  }
  state(offset: number): number {
    const { value, reason, stale } = this.of(offset);
    const found = value !== undefined || reason !== undefined;
    return (
      (value === undefined ? 0 : stateBits.known) |
      (reason === undefined ? 0 : unreadableState(reason)) |
      (found && stale ? stateBits.stale : 0)
    );
  }
  changed(offset: number, since = this.since.get(Math.floor(offset / pageBytes)) ?? 0): boolean {
    return this.of(offset).tick > since;
  }
}

function* offsetsOf(range: ByteRange): Generator<number> {
  for (let offset = range.offset; offset < endOf(range); offset++) yield offset;
}

describe('[shape-1] one state and one change tick per byte', () => {
  test('every reason has a state of its own, which is neither known nor unknown', () => {
    const states = unreadableReasons.flatMap((reason) =>
      reason === undefined ? [] : [unreadableState(reason)],
    );
    expect(new Set(states).size).toBe(unreadableReasons.length - 1);
    for (const state of states) {
      expect(isUnreadable(state)).toBe(true);
      expect(isUnreadable(state | stateBits.stale | stateBits.staged | stateBits.changed)).toBe(true);
      expect(unreadableReasons).toContain(reasonOf(state | stateBits.conflict));
      expect(state & stateBits.known).toBe(0);
      expect(state).toBeLessThan(256);
    }
    expect(isUnreadable(31)).toBe(false);
    expect(reasonOf(31)).toBeUndefined();
  });

  test('an update is remembered with its time and epoch for a while, its order for ever', () => {
    const log = new UpdateLog();
    const ticks = Array.from({ length: 3000 }, (_, at) => log.begin({ at, epoch: `life ${at}` }));
    expect(ticks).toEqual(ticks.map((_, i) => i + 1));
    expect(log.last).toBe(3000);
    expect(log.of(3000)).toEqual({ at: 2999, epoch: 'life 2999' });
    expect(log.of(2500)).toEqual({ at: 2499, epoch: 'life 2499' });
    expect([log.of(1), log.of(0), log.of(3001)]).toEqual([undefined, undefined, undefined]);
  });

  test('what changed since a moment is a comparison with its tick', () => {
    const plane = new BytePlane();
    const updates = new UpdateLog();
    const range = { offset: 0, length: 4 };
    const read = (...values: number[]): number => {
      const since = updates.last;
      const tick = updates.begin({ at: 1, epoch: 'a' });
      const bytes = Uint8Array.from(values);
      plane.store({ range, bytes, unreadable: [], at: 1, tick, since, fresh: true, skip: [] });
      return tick;
    };
    const changed = (since?: number): number[] => {
      const states = new Uint8Array(4);
      plane.copy(range, new Uint8Array(4), states, since);
      return [...states].map((state) => Number((state & stateBits.changed) !== 0));
    };
    const start = read(1, 2, 3, 4);
    expect(changed()).toEqual([0, 0, 0, 0]);
    const second = read(1, 9, 3, 4);
    expect(changed()).toEqual([0, 1, 0, 0]);
    const third = read(1, 9, 9, 4);
    expect(changed()).toEqual([0, 0, 1, 0]);
    expect(changed(start)).toEqual([0, 1, 1, 0]);
    expect(changed(second)).toEqual([0, 0, 1, 0]);
    expect(changed(third)).toEqual([0, 0, 0, 0]);
    expect([plane.tick(0), plane.tick(1), plane.tick(2)]).toEqual([0, second, third]);
    plane.wrote(2, 7, true);
    expect(changed(start)).toEqual([0, 1, 0, 0]);
  });

  test('[hex-6] views, one after the other, have the bytes and states of a copy, without what changed, and many pages that were read at once', () => {
    const seed = runSeed();
    const random = dice(seed);
    const length = 80 * pageBytes;
    for (let round = 0; round < 30; round++) {
      const plane = new BytePlane();
      const updates = new UpdateLog();
      for (let run = 0; run < 4; run++) {
        const offset = random(length);
        const range = { offset, length: Math.min(length - offset, 1 + random(30 * pageBytes)) };
        const tick = updates.begin({ at: 1, epoch: 'a' });
        const bytes = Uint8Array.from({ length: range.length }, () => random(256));
        plane.store({ range, bytes, unreadable: [], at: 1, tick, since: 0, fresh: true, skip: [] });
      }
      const whole = { bytes: new Uint8Array(length), states: new Uint8Array(length) };
      plane.copy({ offset: 0, length }, whole.bytes, whole.states);
      for (let i = 0; i < length; i++) whole.states[i] = (whole.states[i] ?? 0) & ~stateBits.changed;
      const from = random(length);
      for (let at = from; at < length; ) {
        const view = plane.view({ offset: at, length: length - at });
        expect(view.length, `SEED=${seed}, round ${round}`).toBeGreaterThan(0);
        const states = whole.states.subarray(at, at + view.length);
        if (view.bytes === undefined)
          expect(states.some((state) => (state & stateBits.known) !== 0)).toBe(false);
        else {
          expect(Buffer.compare(view.bytes, whole.bytes.subarray(at, at + view.length))).toBe(0);
          if (view.flags === undefined)
            expect(states.every((state) => (state & stateBits.known) !== 0)).toBe(true);
          else expect(Buffer.compare(view.flags, states)).toBe(0);
        }
        at += view.length;
      }
    }
    const plane = new BytePlane();
    const tick = new UpdateLog().begin({ at: 1, epoch: 'a' });
    const range = { offset: 0, length };
    const bytes = new Uint8Array(length);
    plane.store({ range, bytes, unreadable: [], at: 1, tick, since: 0, fresh: true, skip: [] });
    expect(plane.view(range).length).toBe(16 * pageBytes);
    expect(plane.view({ offset: 100, length: 5 * pageBytes }).length).toBe(5 * pageBytes);
  });

  test('random reads, writes and epochs are as a model of one object per byte says', () => {
    const seed = runSeed();
    const random = dice(seed);
    for (let round = 0; round < 20; round++) {
      const plane = new BytePlane();
      const updates = new UpdateLog();
      const model = new Model();
      const window: ByteRange = { offset: pageBytes - 24, length: 48 };
      const someRange = (): ByteRange => {
        const start = random(window.length);
        return { offset: window.offset + start, length: 1 + random(window.length - start) };
      };
      for (let step = 0; step < 60; step++) {
        const context = `SEED=${seed}, round ${round}, step ${step}`;
        const turn = random(10);
        if (turn < 6) {
          const range = someRange();
          const since = updates.last;
          const at = step + 1;
          const tick = updates.begin({ at, epoch: '' });
          const fresh = random(4) > 0;
          const bytes = Uint8Array.from({ length: range.length }, () => random(2));
          const runs = mergeRanges([someRange(), someRange()], 0).filter(() => random(3) === 0);
          const unreadable = runs.map((run) => ({ ...run, reason: reasons[random(3)] ?? 'gated' }));
          for (const run of unreadable) {
            const hidden = intersectRanges(run, range);
            if (hidden !== undefined)
              bytes.fill(0, hidden.offset - range.offset, endOf(hidden) - range.offset);
          }
          const skip = random(3) === 0 ? [someRange()] : [];
          const before = new Map(
            [...offsetsOf(window)].map((o) => [
              o,
              `${model.state(o)} ${model.of(o).value} ${model.changed(o)}`,
            ]),
          );
          // A page's marks go with the first stored bytes of it that were known.
          for (const offset of offsetsOf(range)) {
            const page = Math.floor(offset / pageBytes);
            const skipped = skip.some((run) => intersectRanges(run, { offset, length: 1 }) !== undefined);
            if (!skipped && model.of(offset).value !== undefined) model.since.set(page, since);
          }
          for (const offset of offsetsOf(range)) {
            if (skip.some((run) => intersectRanges(run, { offset, length: 1 }) !== undefined)) continue;
            const was = model.of(offset);
            const bad = unreadable.find((run) => intersectRanges(run, { offset, length: 1 }) !== undefined);
            if (bad?.reason !== 'not-read') model.readAt.set(offset, at);
            else if (was.value !== undefined) continue;
            if (bad !== undefined) {
              model.bytes.set(offset, { value: undefined, reason: bad.reason, stale: !fresh, tick: 0 });
              continue;
            }
            const value = bytes[offset - range.offset] ?? 0;
            const differs = was.value !== undefined && was.value !== value;
            model.bytes.set(offset, {
              value,
              reason: undefined,
              stale: !fresh,
              tick: differs ? tick : was.tick,
            });
          }
          const told = plane.store({ range, bytes, unreadable, at, tick, since, fresh, skip });
          for (const offset of offsetsOf(window)) {
            const now = `${model.state(offset)} ${model.of(offset).value} ${model.changed(offset)}`;
            const isTold = told.some((run) => intersectRanges(run, { offset, length: 1 }) !== undefined);
            if (now !== before.get(offset)) expect(isTold, `${context}: ${offset}`).toBe(true);
          }
        } else if (turn < 7) {
          const { offset } = someRange();
          const fresh = random(2) === 0;
          const value = random(2);
          plane.wrote(offset, value, fresh);
          model.bytes.set(offset, { value, reason: undefined, stale: !fresh, tick: 0 });
        } else if (turn < 8) {
          const { offset } = someRange();
          plane.forget(offset);
          model.bytes.delete(offset);
        } else if (turn < 9) {
          plane.endEpoch();
          for (const byte of model.bytes.values()) byte.stale = true;
        } else {
          const { offset } = someRange();
          plane.markUnreadable(offset, 'bus-error', true);
          model.bytes.set(offset, { value: undefined, reason: 'bus-error', stale: false, tick: 0 });
        }

        const bytes = new Uint8Array(window.length);
        const states = new Uint8Array(window.length);
        const since = random(2) === 0 ? undefined : random(updates.last + 1);
        const all = [...offsetsOf(window)];
        // Sometimes the sums are asked first, while the pages have not followed the epoch yet.
        const stale = all.filter((offset) => (model.state(offset) & stateBits.stale) !== 0);
        expect(plane.hasStale, context).toBe(stale.length > 0);
        expect(plane.hasKnown, context).toBe(all.some((offset) => model.of(offset).value !== undefined));
        plane.copy(window, bytes, states, since);
        expect([...bytes], context).toEqual(all.map((offset) => model.of(offset).value ?? 0));
        expect([...states], context).toEqual(
          all.map((offset) => model.state(offset) | (model.changed(offset, since) ? stateBits.changed : 0)),
        );
        const part = someRange();
        const inPart = (offset: number): boolean =>
          intersectRanges(part, { offset, length: 1 }) !== undefined;
        const runs = (offsets: number[]): ByteRange[] =>
          mergeRanges(offsets.map((offset) => ({ offset, length: 1 })));
        expect(plane.hasStaleIn(part), context).toBe(stale.some(inPart));
        expect(plane.stale(part), context).toEqual(runs(stale.filter(inPart)));
        const times = [...offsetsOf(part)].flatMap((offset) => model.readAt.get(offset) ?? []);
        expect(plane.readAt(part), context).toBe(times.length === 0 ? undefined : Math.min(...times));
        const again = random(2) === 0 ? undefined : ('gated' as const);
        const missing = all.filter((offset) => {
          const { value, reason } = model.of(offset);
          return value === undefined && (reason === undefined || reason === again);
        });
        expect(plane.missing(part, again), context).toEqual(runs(missing.filter(inPart)));
      }
    }
  });

  test('the time of a range is that of its byte that was read first', () => {
    const plane = new BytePlane();
    const read = (offset: number, at: number): void => {
      const range = { offset, length: 1 };
      plane.store({
        range,
        bytes: Uint8Array.of(1),
        unreadable: [],
        at,
        tick: at,
        since: 0,
        fresh: true,
        skip: [],
      });
    };
    read(0, 5);
    read(pageBytes, 3);
    read(3 * pageBytes, 9);
    expect(plane.readAt({ offset: 0, length: 1 })).toBe(5);
    expect(plane.readAt({ offset: 0, length: 4 * pageBytes })).toBe(3);
    expect(plane.readAt({ offset: 2 * pageBytes, length: 2 * pageBytes })).toBe(9);
    expect(plane.readAt({ offset: 2 * pageBytes, length: 1 })).toBeUndefined();
    expect(plane.readAt({ offset: 1, length: pageBytes - 1 })).toBeUndefined();
    read(1, 11);
    expect(plane.readAt({ offset: 0, length: pageBytes })).toBe(5);
    plane.confirm({ offset: 0, length: pageBytes }, 12, 0);
    expect(plane.readAt({ offset: 0, length: pageBytes })).toBe(12);
  });
});
