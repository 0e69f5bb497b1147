import { describe, expect, test } from 'vitest';
import { checkRecordingPart, EntryCollector } from './recording-part.ts';

const header = {
  epoch: 'e',
  beganAt: 1,
  at: 200,
  age: 250,
  looks: 9,
  words: 18,
  lostMoments: 0,
  lostChanges: 0,
  ringBytes: 36,
  hasBase: true,
  first: 1,
  next: 2,
  hasMore: false,
};
const base = [7, 0, 8, 1];
const moment = [100, 80, 1, 1 | (1 << 16), 8, 9];

function check(entries: number[], changed: object = {}) {
  return checkRecordingPart({ ...header, ...changed }, Uint32Array.from(entries), 2);
}

describe('a part of a recording', () => {
  test('is the memory at the old end and looks', () => {
    expect(check([...base, ...moment])).toMatchObject({
      base: { words: new Uint32Array([7, 8]), states: new Uint8Array([0, 1]) },
      first: 1,
      moments: [{ at: 100, after: 80, changes: new Uint32Array([1 | (1 << 16), 8, 9]) }],
      made: 9,
      read: 18,
      age: 250,
    });
    expect(check([], { hasBase: false, first: 5, next: 5 })).toMatchObject({ first: 5, moments: [] });
    expect(check([], { looks: 0, next: 1, epoch: '' })).toMatchObject({ epoch: '', moments: [] });
    const ended = { code: 'epoch', detail: 'another' };
    expect(check([...base, ...moment], { ended }).ended).toMatchObject({ code: 'epoch' });
  });

  test.each([
    ['half a base', [7, 0, 8], {}],
    ['a state that nobody gave', [7, 0, 8, 99, ...moment], {}],
    ['words behind the last look', [...base, ...moment, 1], {}],
    ['a look that is missing', base, {}],
    ['more looks than said', [...base, ...moment, ...moment], {}],
    ['a look without changes', [...base, 100, 80, 0], {}],
    ['changes that are missing', [...base, 100, 80, 2, 1, 8, 9], {}],
    ['a word that is not recorded', [...base, 100, 80, 1, 2, 8, 9], {}],
    ['a word twice', [...base, 100, 80, 2, 1, 8, 9, 1, 9, 8], {}],
    ['a time before its beginning', [...base, 80, 100, 1, 1, 8, 9], {}],
    ['looks backwards', [...base, ...moment, 90, 80, 1, 1, 9, 8], { next: 3 }],
    ['numbers backwards', [...base, ...moment], { first: 3 }],
  ])('with %s is refused', (_, entries, changed) => {
    expect(() => check(entries, changed)).toThrow(/not allowed/);
  });

  test('comes in frames of whole words, not without end', () => {
    const collector = new EntryCollector();
    collector.push(new Uint8Array([1, 2, 0, 0, 5, 0, 0, 0]));
    expect(collector.words).toEqual(new Uint32Array([0x201, 5]));
    expect(() => collector.push(new Uint8Array(3))).toThrow(/3 bytes/);
    const full = new EntryCollector();
    expect(() => {
      for (let i = 0; i < 20; i++) full.push(new Uint8Array(65536));
    }).toThrow(/too many/);
  });
});
