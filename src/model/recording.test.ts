import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reasonShift, stateBits } from './byte-state.ts';
import { changeWords, type RecordedMoment, Recording, RecordingError } from './recording.ts';

const ranges = [
  { offset: 16, length: 8 },
  { offset: 64, length: 12 },
];
const size = 5;
const about = {
  epoch: 'e',
  beganAt: 1,
  at: 0,
  made: 1,
  read: 0,
  lostMoments: 0,
  lostChanges: 0,
  hasMore: false,
};

function begun(mostBytes = 1 << 20): Recording {
  const recording = new Recording(ranges, mostBytes);
  const base = { words: new Uint32Array([1, 2, 3, 4, 5]), states: new Uint8Array([0, 0, 1, 0, 0]) };
  recording.take({ ...about, base, first: 1, moments: [] });
  return recording;
}

function moment(at: number, ...changes: number[][]): RecordedMoment {
  return { at, after: at - 10, changes: Uint32Array.from(changes.flat(), (word) => word >>> 0) };
}

describe('a recording', () => {
  test('has the memory at each moment, and nothing beside its ranges', () => {
    const recording = begun();
    recording.take({ ...about, first: 1, moments: [moment(100, [0, 1, 0x01020304], [2 | (1 << 16), 0, 7])] });
    const all = { offset: 12, length: 12 };
    expect(recording.bytesAfter(0, all)).toEqual({
      bytes: new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]),
      states: new Uint8Array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
    });
    expect([...recording.bytesAfter(1, all).bytes.subarray(4, 8)]).toEqual([4, 3, 2, 1]);
    expect([...recording.bytesAfter(0, { offset: 64, length: 4 }).states]).toEqual(
      Array(4).fill(1 << reasonShift),
    );
    expect([...recording.bytesAfter(1, { offset: 64, length: 1 }).states]).toEqual([stateBits.known]);
    expect(recording.changedIn(1)).toEqual([
      { offset: 16, length: 4 },
      { offset: 64, length: 4 },
    ]);
  });

  test('tells when a byte last changed, and to what: neighbours in its word do not count', () => {
    const recording = begun();
    recording.take({
      ...about,
      first: 1,
      moments: [moment(100, [0, 1, 0xff01]), moment(200, [1, 2, 9]), moment(300, [0, 0xff01, 0xff02])],
    });
    const byte = recording.lastChange({ offset: 17, length: 1 });
    expect(byte).toMatchObject({ moment: 1, after: 90, at: 100 });
    expect([byte?.old.bytes[0], byte?.now.bytes[0]]).toEqual([0, 0xff]);
    expect(recording.lastChange({ offset: 16, length: 1 })?.moment).toBe(3);
    expect(recording.lastChange({ offset: 16, length: 1 }, 2)).toBeUndefined();
    expect(recording.lastChange({ offset: 18, length: 2 })).toBeUndefined();
    expect(recording.nextChange({ offset: 16, length: 2 }, 1, 1)).toBe(3);
    expect(recording.nextChange({ offset: 16, length: 2 }, 3, -1)).toBe(1);
    expect([99, 100, 250, 999].map((at) => recording.momentAt(at))).toEqual([0, 1, 2, 3]);
  });

  test('refuses what does not fit', () => {
    const recording = begun();
    const refused = (...moments: RecordedMoment[]) =>
      expect(() => recording.take({ ...about, first: 1, moments }));
    refused(moment(100, [5, 0, 1])).toThrow(RecordingError);
    refused(moment(100)).toThrow(RecordingError);
    refused(moment(100, [0, 1, 2]), moment(90, [0, 2, 3])).toThrow(RecordingError);
    expect(() => begun().take({ ...about, first: 2, moments: [moment(1, [0, 1, 2])] })).toThrow(
      RecordingError,
    );
    const base = { words: new Uint32Array(4), states: new Uint8Array(4) };
    expect(() => begun().take({ ...about, base, first: 1, moments: [] })).toThrow(RecordingError);
  });

  test('agrees with a list of memories, in parts of any size, whatever falls out', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.nat(size - 1), fc.nat(3), fc.nat(2)), { minLength: 1, maxLength: 6 }), {
          minLength: 1,
          maxLength: 120,
        }),
        fc.integer({ min: 60, max: 4000 }),
        fc.array(fc.nat(7), { minLength: 1 }),
        (steps, mostBytes, cuts) => {
          const recording = begun(mostBytes);
          let now = { words: [1, 2, 3, 4, 5], states: [0, 0, 1, 0, 0] };
          const list = [now];
          const moments: RecordedMoment[] = [];
          for (const [i, step] of steps.entries()) {
            const next = { words: now.words.slice(), states: now.states.slice() };
            for (const [index, word, state] of step) {
              next.states[index] = state;
              next.words[index] = state === 0 ? word : 0;
            }
            const changes = next.words.flatMap((word, index) => {
              const [old = 0, before = 0, after = 0] = [
                now.words[index],
                now.states[index],
                next.states[index],
              ];
              return word === old && before === after
                ? []
                : [[index | (before << 16) | (after << 24), old, word]];
            });
            now = next;
            if (changes.length === 0) continue;
            moments.push(moment(10 * (i + 2), ...changes));
            list.push(now);
          }
          let from = 0;
          for (let i = 0; from < moments.length; i++) {
            const part = moments.slice(from, from + (cuts[i % cuts.length] ?? 0) + 1);
            recording.take({ ...about, first: from + 1, moments: part });
            from += part.length;
          }
          expect(recording.last).toBe(moments.length);
          const { kept, lost } = recording.counts;
          expect(kept + lost).toBe(
            moments.reduce((sum, { changes }) => sum + changes.length / changeWords, 0),
          );
          expect(12 * kept + 24 * (recording.last - recording.first + 1)).toBeLessThanOrEqual(mostBytes);
          const whole = { offset: 64, length: 12 };
          for (let number = recording.last; number >= recording.first - 1; number -= 1 + (number % 3)) {
            const { bytes, states } = recording.bytesAfter(number, whole);
            const words = new Uint32Array(bytes.buffer);
            expect([...words]).toEqual(list[number]?.words.slice(2));
            expect([0, 4, 8].map((at) => (states[at] ?? 0) >> reasonShift)).toEqual(
              list[number]?.states.slice(2),
            );
          }
          // What another one is told of it is the same.
          const copy = new Recording(ranges, 1 << 20);
          copy.take(recording.part(0));
          expect([copy.first, copy.last]).toEqual([recording.first, recording.last]);
          expect(copy.bytesAfter(copy.last, whole)).toEqual(recording.bytesAfter(copy.last, whole));
        },
      ),
      { seed: 20, numRuns: 200 },
    );
  });
});
