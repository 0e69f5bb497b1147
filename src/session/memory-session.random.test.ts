import { describe, expect, test } from 'vitest';
import { dice, runSeed } from '../../test/conformance/random.ts';
import { BoardError } from '../board/errors.ts';
import type { ByteRange } from '../model/geometry.ts';
import { BoardLink } from './link.ts';
import { MemorySession } from './memory-session.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';
import type { Gesture } from './types.ts';

/** The bytes that the random operations work on: few, so that they collide, and across a page boundary. */
const window: ByteRange = { offset: 4088, length: 16 };
const documents = ['a', 'b'] as const;
const never = new AbortController().signal;

interface ModelGesture {
  readonly document: string;
  readonly values: Map<number, number>;
  readonly seen: Map<number, number>;
  readonly settled: Set<number>;
  readonly dropped: Set<number>;
  active: boolean;
  epoch: string;
}

/** What a discard took away: the gestures that covered each byte, and what was on top when it was last written. */
interface ModelDropped {
  readonly gestures: [ModelGesture, number][];
  readonly settledTops: Map<number, ModelGesture | undefined>;
  /** Where gestures stay: what was on top of these at the last write. */
  readonly left: Map<number, ModelGesture>;
  readonly endings: ReadonlyMap<string, number>;
}

/** The same promises as the session makes, by lists and maps, recomputed from scratch at every question. */
class Model {
  readonly base = new Map<number, number>();
  readonly old = new Set<number>();
  readonly gestures: ModelGesture[] = [];
  readonly settledTop = new Map<number, ModelGesture | undefined>();
  readonly ground = new Map<number, number>();
  readonly groundSeen = new Map<number, number>();
  /** What may have been written, and what was active by then. */
  readonly tried = new Map<number, { readonly value: number; readonly active: ReadonlySet<ModelGesture> }>();
  readonly endings = new Map<string, number>();
  epoch = 'epoch-1';
  earlier = '';

  covering(offset: number): ModelGesture[] {
    return this.gestures.filter((gesture) => gesture.values.has(offset) && !gesture.dropped.has(offset));
  }
  top(offset: number): ModelGesture | undefined {
    return this.covering(offset).findLast((gesture) => gesture.active);
  }
  wanted(offset: number): number {
    return this.top(offset)?.values.get(offset) ?? this.ground.get(offset) ?? 0;
  }
  seen(offset: number): number {
    const top = this.top(offset);
    return (top === undefined ? this.groundSeen.get(offset) : top.seen.get(offset)) ?? 0;
  }
  pending(offset: number): boolean {
    return this.top(offset) !== this.settledTop.get(offset);
  }
  staged(offset: number): boolean {
    return this.pending(offset) && this.base.get(offset) !== this.wanted(offset);
  }
  conflict(offset: number): boolean {
    const base = this.base.get(offset);
    return this.staged(offset) && base !== undefined && base !== this.seen(offset);
  }
  pendingBytes(gesture: ModelGesture): number[] {
    return [...gesture.values.keys()].filter(
      (offset) => !gesture.dropped.has(offset) && gesture.active !== gesture.settled.has(offset),
    );
  }
  dirty(document: string): boolean {
    return this.gestures.some(
      (gesture) =>
        gesture.document === document && this.pendingBytes(gesture).some((offset) => this.staged(offset)),
    );
  }
  unsettled(document: string): boolean {
    return this.gestures.some(
      (gesture) => gesture.document === document && this.pendingBytes(gesture).length > 0,
    );
  }
  epochChanged(): boolean {
    return this.gestures.some(
      (gesture) => gesture.epoch !== this.epoch && this.pendingBytes(gesture).length > 0,
    );
  }
  stage(document: string, values: Map<number, number>): ModelGesture {
    const old = [...values.keys()].some((offset) => this.old.has(offset));
    const gesture: ModelGesture = {
      document,
      values,
      seen: new Map([...values.keys()].map((offset) => [offset, this.base.get(offset) ?? 0])),
      settled: new Set(),
      dropped: new Set(),
      active: true,
      epoch: old ? this.earlier : this.epoch,
    };
    this.gestures.push(gesture);
    return gesture;
  }
  settle(
    offset: number,
    now: number,
    isPart: (gesture: ModelGesture) => boolean = ({ active }) => active,
  ): void {
    const top = this.covering(offset).findLast(isPart);
    const seen = (top === undefined ? this.groundSeen : top.seen).get(offset) ?? 0;
    if (this.settledTop.get(offset) === undefined) this.ground.set(offset, seen);
    this.settledTop.set(offset, top);
    this.groundSeen.set(offset, now);
    this.tried.delete(offset);
    for (const gesture of this.covering(offset)) {
      gesture.seen.set(offset, now);
      if (isPart(gesture)) gesture.settled.add(offset);
      else gesture.settled.delete(offset);
    }
  }
  /** A write whose answer is lost. */
  loseTrack(offset: number): void {
    const active = new Set(this.covering(offset).filter((gesture) => gesture.active));
    this.tried.set(offset, { value: this.wanted(offset), active });
    this.base.delete(offset);
  }
  dropped(): ModelDropped {
    return { gestures: [], settledTops: new Map(), left: new Map(), endings: new Map(this.endings) };
  }
  rediscard(first: ModelDropped): ModelDropped {
    const dropped = this.dropped();
    for (const offset of first.settledTops.keys()) {
      const gone = first.gestures.filter(([one, at]) => at === offset && !one.dropped.has(at));
      if (!gone.some(([{ active, settled }]) => active !== settled.has(offset))) continue;
      dropped.gestures.push(...gone);
      for (const [gesture] of gone) gesture.dropped.add(offset);
      const top = this.settledTop.get(offset);
      const stays = top !== undefined && !top.dropped.has(offset);
      const left = stays ? top : this.covering(offset).findLast(({ settled }) => settled.has(offset));
      dropped.settledTops.set(offset, stays ? undefined : top);
      this.settledTop.set(offset, left);
      if (left !== undefined) dropped.left.set(offset, left);
      if (this.covering(offset).length === 0) this.tried.delete(offset);
    }
    return dropped;
  }
  forget(offset: number): void {
    for (const gesture of this.covering(offset)) gesture.dropped.add(offset);
    this.settledTop.delete(offset);
    this.tried.delete(offset);
  }
  discard(document: string | undefined, offsets: Iterable<number>): ModelDropped {
    const dropped = this.dropped();
    for (const offset of offsets) {
      const covering = this.covering(offset);
      const own = covering.some(
        (gesture) => gesture.document === document && gesture.active !== gesture.settled.has(offset),
      );
      if (!this.pending(offset) && !own) continue;
      for (const gesture of covering) dropped.gestures.push([gesture, offset]);
      dropped.settledTops.set(offset, this.settledTop.get(offset));
      this.forget(offset);
    }
    return dropped;
  }
  restore({ gestures, settledTops, left, endings }: ModelDropped): void {
    const isBack = (gesture: ModelGesture) =>
      this.endings.get(gesture.document) === endings.get(gesture.document);
    const isWritten = (offset: number) => this.settledTop.get(offset) !== left.get(offset);
    const written = new Set([...settledTops.keys()].filter(isWritten));
    for (const [gesture, offset] of gestures) {
      if (isBack(gesture) && !written.has(offset)) gesture.dropped.delete(offset);
    }
    for (const [offset, top] of settledTops) {
      if (top !== undefined && isBack(top) && !written.has(offset)) this.settledTop.set(offset, top);
    }
  }
  revert(document: string): void {
    this.endings.set(document, (this.endings.get(document) ?? 0) + 1);
    for (const gesture of this.gestures) {
      if (gesture.document !== document || this.pendingBytes(gesture).length === 0) continue;
      gesture.active = [...gesture.settled].some((offset) => !gesture.dropped.has(offset));
      for (const offset of this.pendingBytes(gesture)) gesture.dropped.add(offset);
    }
  }
  setEpoch(epoch: string): void {
    if (epoch === this.epoch) return;
    this.earlier = this.epoch;
    this.epoch = epoch;
    this.tried.clear();
    for (const offset of this.base.keys()) this.old.add(offset);
  }
  read(device: ScriptedDevice, offsets: Iterable<number>): void {
    this.setEpoch(device.epoch);
    for (const offset of offsets) {
      const unreadable = device.unreadable.some(
        (span) => offset >= span.offset && offset < span.offset + span.length,
      );
      if (unreadable) this.base.delete(offset);
      else this.learn(offset, device.bytes[offset] ?? 0);
      this.old.delete(offset);
    }
  }
  /** The base is known: it says what became of a write whose answer was lost. */
  learn(offset: number, now: number): void {
    const tried = this.tried.get(offset);
    this.base.set(offset, now);
    this.tried.delete(offset);
    if (now === tried?.value) this.settle(offset, now, (gesture) => tried.active.has(gesture));
  }
}

function* offsetsOf(range: ByteRange): Generator<number> {
  for (let i = 0; i < range.length; i++) yield range.offset + i;
}

async function play(seed: number, steps: number): Promise<void> {
  const random = dice(seed);
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  await session.read(window, never);
  const model = new Model();
  model.read(device, offsetsOf(window));
  const pairs: { real: Gesture; model: ModelGesture }[] = [];
  const discards: { real: Gesture; model: ModelDropped }[] = [];
  const restored: typeof discards = [];
  const settled: string[] = [];
  session.onDidSettle((clean) => settled.push(...clean));
  const story: string[] = [];
  const someRange = (): ByteRange => {
    const start = random(window.length);
    return { offset: window.offset + start, length: 1 + random(window.length - start) };
  };

  for (let step = 0; step < steps; step++) {
    const unsettled = documents.filter((document) => model.unsettled(document));
    settled.length = 0;
    let mayAnnounce = true;
    const turn = random(100);
    if (turn < 34) {
      const document = documents[random(2)] ?? 'a';
      const values = new Map<number, number>();
      const edits = Array.from({ length: 1 + random(3) }, () => {
        const range = someRange();
        const bytes = Uint8Array.from({ length: Math.min(4, range.length) }, () => random(3));
        return { offset: range.offset, bytes };
      });
      for (const { offset, bytes } of edits) {
        for (const [i, byte] of bytes.entries()) values.set(offset + i, byte);
      }
      story.push(`${document} types ${[...values].join(' ')}`);
      if ([...values.keys()].every((offset) => model.base.has(offset))) {
        pairs.push({ real: session.stage(document, 'type', edits), model: model.stage(document, values) });
      } else expect(() => session.stage(document, 'type', edits), story.join('\n')).toThrow();
    } else if (turn < 54 && pairs.length > 0) {
      const pair = pairs[Math.max(0, pairs.length - 1 - random(4))];
      if (pair === undefined) continue;
      story.push(`${pair.model.active ? 'undo' : 'redo'} gesture ${pairs.indexOf(pair)}`);
      if (pair.model.active) pair.real.undo();
      else pair.real.redo();
      pair.model.active = !pair.model.active;
      mayAnnounce = false;
    } else if (turn < 66) {
      const range = someRange();
      story.push(`apply ${range.offset}+${range.length}`);
      if (model.epochChanged()) {
        const written = device.writes.length;
        await expect(session.apply(range, never)).rejects.toMatchObject({ code: 'epoch' });
        expect(device.writes.length, 'nothing is sent').toBe(written);
      } else if (
        model.epoch !== device.epoch &&
        [...offsetsOf(range)].some((offset) => model.staged(offset))
      ) {
        story.push('skipped: the session cannot know the epoch yet');
      } else if (random(4) === 0) {
        const lost = [...offsetsOf(range)].filter((offset) => model.staged(offset));
        story.push(`in the middle the driver fails: ${lost}`);
        device.hook = (point) => {
          if (point === 'write-half' || point === 'write-done')
            throw new BoardError('driver', 'in the middle');
        };
        const applying = session.apply(range, never);
        if (lost.length > 0)
          await expect(applying, story.join('\n')).rejects.toMatchObject({ code: 'driver' });
        else await applying;
        device.hook = () => undefined;
        for (const offset of offsetsOf(range)) {
          if (lost.includes(offset)) model.loseTrack(offset);
          else if (lost.length === 0 && model.pending(offset)) model.settle(offset, model.wanted(offset));
        }
      } else {
        const report = await session.apply(range, never);
        let applied = 0;
        for (const offset of offsetsOf(range)) {
          if (!model.pending(offset)) continue;
          const unreadable = device.unreadable.some(
            (span) => offset >= span.offset && offset < span.offset + span.length,
          );
          if (!model.staged(offset)) model.settle(offset, model.wanted(offset));
          else if (unreadable) model.base.delete(offset);
          else {
            const now = device.bytes[offset] ?? 0;
            model.old.delete(offset);
            if (now === model.wanted(offset)) {
              model.base.set(offset, now);
              model.settle(offset, now);
              applied++;
            } else model.learn(offset, now);
          }
        }
        expect(report.applied, story.join('\n')).toBe(applied);
      }
    } else if (turn < 78) {
      const range = someRange();
      story.push(`refresh ${range.offset}+${range.length}`);
      await session.refresh(range, never);
      model.read(device, offsetsOf(range));
    } else if (turn < 86) {
      const offset = window.offset + random(window.length);
      device.bytes[offset] = random(3);
      story.push(`the core writes ${device.bytes[offset]} at ${offset}`);
    } else if (turn < 88) {
      device.epoch = `epoch-${step + 2}`;
      story.push('the board starts a new epoch');
      device.announce();
      model.setEpoch(device.epoch);
    } else if (turn < 91) {
      story.push('rebase');
      const pending = [...offsetsOf(window)].filter((offset) => model.pending(offset));
      await session.rebase(never);
      // Neighbours within the gap are read along; here that is everything between the first and the last.
      const [first, last] = [pending[0], pending.at(-1)];
      if (first !== undefined && last !== undefined) {
        model.read(device, offsetsOf({ offset: first, length: last - first + 1 }));
      }
      for (const gesture of model.gestures) gesture.epoch = model.epoch;
    } else if (turn < 92) {
      const range = someRange();
      const keep = random(2) === 0 ? 'mine' : 'theirs';
      const taken: number[] = [];
      story.push(`conflicts of ${range.offset}+${range.length}: ${keep}`);
      for (const offset of offsetsOf(range)) {
        if (!model.conflict(offset)) continue;
        const top = model.top(offset);
        const base = model.base.get(offset) ?? 0;
        if (keep === 'theirs') taken.push(offset);
        else if (top === undefined) model.groundSeen.set(offset, base);
        else top.seen.set(offset, base);
      }
      if (keep === 'mine') session.keepMine(range);
      else {
        const real = session.takeTheirs('a', 'take', range);
        expect(real === undefined, story.join('\n')).toBe(taken.length === 0);
        if (real !== undefined) discards.push({ real, model: model.discard(undefined, taken) });
      }
    } else if (turn < 94) {
      const document = documents[random(2)] ?? 'a';
      story.push(`revert ${document}`);
      session.revert(document);
      model.revert(document);
    } else if (turn < 98) {
      const document = documents[random(2)] ?? 'a';
      const range = someRange();
      const undone = discards.at(-1);
      const redone = restored.at(-1);
      if (redone !== undefined && random(3) === 0) {
        story.push(`redo discard ${discards.length + 1}`);
        restored.pop();
        redone.real.redo();
        discards.push({ real: redone.real, model: model.rediscard(redone.model) });
      } else if (undone !== undefined && random(2) === 0) {
        story.push(`undo discard ${discards.length}`);
        discards.pop();
        restored.push(undone);
        undone.real.undo();
        model.restore(undone.model);
        mayAnnounce = false;
      } else {
        story.push(`${document} discards ${range.offset}+${range.length}`);
        const real = session.discard(document, 'discard', range);
        const dropped = model.discard(document, offsetsOf(range));
        expect(real === undefined, story.join('\n')).toBe(dropped.settledTops.size === 0);
        if (real !== undefined) discards.push({ real, model: dropped });
      }
    } else {
      device.unreadable = random(2) === 0 ? [] : [{ ...someRange(), reason: 'gated' }];
      story.push(`unreadable: ${device.unreadable.length}`);
    }

    const context = `seed ${seed}, step ${step}:\n${story.slice(-40).join('\n')}`;
    const shown = session.bytes(window);
    const expected = [...offsetsOf(window)].map((offset) => {
      const staged = model.staged(offset);
      return {
        offset,
        byte: staged ? model.wanted(offset) : (model.base.get(offset) ?? 0),
        known: model.base.has(offset),
        staged,
        conflict: model.conflict(offset),
      };
    });
    const actual = [...offsetsOf(window)].map((offset, i) => ({
      offset,
      byte: shown.bytes[i],
      known: ((shown.flags[i] ?? 0) & 1) !== 0,
      staged: ((shown.flags[i] ?? 0) & 4) !== 0,
      conflict: ((shown.flags[i] ?? 0) & 8) !== 0,
    }));
    expect(actual, context).toEqual(expected);
    expect(session.counts(), context).toEqual({
      staged: expected.filter((byte) => byte.staged).length,
      conflicts: expected.filter((byte) => byte.conflict).length,
    });
    for (const document of documents) {
      expect(session.isDirty(document), `${context}\ndirty ${document}`).toBe(model.dirty(document));
    }
    expect(session.state.epochChanged, context).toBe(model.epochChanged());
    const becameClean = unsettled.filter((document) => !model.unsettled(document));
    expect([...new Set(settled)].sort(), context).toEqual(mayAnnounce ? becameClean : []);
  }
  session.dispose();
  link.dispose();
}

describe('random operations on two documents agree with a naive model', () => {
  test('[main-19] stage, undo, redo, apply, revert, discard, refresh, conflicts, epochs', async () => {
    const first = runSeed();
    console.log(`seeds ${first} to ${first + 99}`);
    for (let seed = first; seed < first + 100; seed++) await play(seed, 80);
  });
});
