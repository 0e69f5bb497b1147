import { describe, expect, it } from 'vitest';
import { Random, runSeed } from '../../test/conformance/random.ts';
import { unreadableReasons } from '../model/byte-state.ts';
import type { WriteEdit, WriteSpan } from './board.ts';
import { outcomeNames } from './protocol/core-client.ts';
import { packEdits, unpackOutcomes } from './words.ts';

const seed = runSeed();
const size = 96;

interface Run {
  readonly device: Uint8Array;
  readonly edits: WriteEdit[];
}

function randomRun(random: Random): Run {
  const device = random.bytes(size);
  const edits: WriteEdit[] = [];
  for (let at = random.below(8); at < size; ) {
    const length = Math.min(random.below(9), size - at);
    const bytes = random.bytes(length);
    edits.push({ offset: at, seen: device.slice(at, at + length), bytes });
    at += length + random.below(random.pick([1, 3, 12]));
  }
  // The order of edits must not matter.
  edits.sort(() => random.below(3) - 1);
  return { device, edits };
}

/** Applies the words to a device as the contract says, one word at a time. */
function device(
  words: Uint32Array,
  before: Uint8Array,
  code: (word: number) => number,
): { after: Uint8Array; outcomes: Uint32Array } {
  const after = before.slice();
  const view = new DataView(after.buffer);
  const outcomes = new Uint32Array((words.length / 4) * 3);
  for (let i = 0; i * 4 < words.length; i++) {
    const [offset = 0, seen = 0, mask = 0, value = 0] = words.subarray(4 * i, 4 * i + 4);
    const now = view.getUint32(offset, true);
    if (((now ^ seen) & mask) !== 0) throw new Error(`seen is wrong at ${offset}`);
    const outcome = code(i);
    if ((outcome & 0xff) < 2) view.setUint32(offset, ((now & ~mask) | (value & mask)) >>> 0, true);
    outcomes.set([offset, outcome, outcome >> 8 === 0 ? view.getUint32(offset, true) : 0], 3 * i);
  }
  return { after, outcomes };
}

function outcomeOf(span: WriteSpan, offset: number): string {
  return offset >= span.offset && offset < span.offset + span.length ? span.outcome : '';
}

describe('bytes as masked words', () => {
  it(`write exactly the edited bytes, as a byte-wise model does (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let run = 0; run < 200; run++) {
      const { device: before, edits } = randomRun(random);
      const packed = packEdits(edits);
      const model = before.slice();
      for (const edit of edits) model.set(edit.bytes, edit.offset);
      const { after, outcomes } = device(packed.words, before, () => 0);
      expect(after).toEqual(model);
      const offsets = [...packed.words].filter((_, i) => i % 4 === 0);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect(unpackOutcomes(packed, outcomes).every((span) => span.outcome === 'verified')).toBe(true);
    }
  });

  it(`tell the outcome of each edited byte once, in order, joined where equal (seed ${seed})`, () => {
    const random = new Random(seed + 1);
    const refused = outcomeNames.indexOf('refused') | (unreadableReasons.indexOf('gated') << 8);
    const codes = [0, 0, outcomeNames.indexOf('conflict'), refused] as const;
    for (let run = 0; run < 200; run++) {
      const { device: before, edits } = randomRun(random);
      const packed = packEdits(edits);
      const chosen = Array.from({ length: packed.words.length / 4 }, () => random.pick(codes));
      const { after, outcomes } = device(packed.words, before, (i) => chosen[i] ?? 0);
      const wordAt = new Map([...chosen.keys()].map((i) => [packed.words[4 * i] ?? 0, chosen[i] ?? 0]));
      const spans = unpackOutcomes(packed, outcomes);
      const model: [number, string, number][] = [];
      for (const edit of [...edits].sort((a, b) => a.offset - b.offset)) {
        edit.bytes.forEach((byte, i) => {
          const offset = edit.offset + i;
          const code = wordAt.get(offset - (offset % 4)) ?? 0;
          const outcome = outcomeNames[code & 0xff] ?? '';
          if (code === refused) model.push([offset, outcome, 0]);
          else model.push([offset, outcome, code === 0 ? byte : (after[offset] ?? 0)]);
        });
      }
      const told = spans.flatMap((span) =>
        [...span.now].map((byte, i) => [span.offset + i, span.outcome, byte]),
      );
      expect(told).toEqual(model);
      const odd = spans.filter((span, i) => {
        const next = spans[i + 1];
        const meets = next !== undefined && span.offset + span.length === next.offset;
        const reason = span.outcome === 'refused' ? 'gated' : undefined;
        return (
          span.length !== span.now.length ||
          span.reason !== reason ||
          (meets && next.outcome === span.outcome)
        );
      });
      expect(odd).toEqual([]);
    }
  });

  it('tells a byte that the core changed before the read-back from its neighbours in the same word', () => {
    const packed = packEdits([
      { offset: 4, seen: Uint8Array.of(0, 0, 0, 0), bytes: Uint8Array.of(1, 2, 3, 4) },
    ]);
    const spans = unpackOutcomes(
      packed,
      Uint32Array.of(4, outcomeNames.indexOf('changed-after'), 0x04_09_02_01),
    );
    expect(spans.map((span) => [span.offset, span.length, span.outcome])).toEqual([
      [4, 2, 'verified'],
      [6, 1, 'changed-after'],
      [7, 1, 'verified'],
    ]);
  });

  it('never believes a core that says verified and shows another value', () => {
    const packed = packEdits([{ offset: 0, seen: Uint8Array.of(0), bytes: Uint8Array.of(7) }]);
    const [span] = unpackOutcomes(packed, Uint32Array.of(0, 0, 8));
    expect(span === undefined ? '' : outcomeOf(span, 0)).toBe('changed-after');
  });

  it('joins edits that meet inside one word', () => {
    const edit = (offset: number, byte: number) => ({
      offset,
      seen: Uint8Array.of(0xee),
      bytes: Uint8Array.of(byte),
    });
    const { words } = packEdits([edit(11, 4), edit(8, 1), edit(9, 2)]);
    expect([...words]).toEqual([8, 0xee00eeee, 0xff00ffff, 0x04000201]);
  });

  it('refuses edits that overlap', () => {
    const edit = { offset: 4, seen: new Uint8Array(4), bytes: new Uint8Array(4) };
    expect(() => packEdits([edit, { ...edit, offset: 7 }])).toThrow(/overlap/);
    expect(() => packEdits([edit, edit])).toThrow(/overlap/);
  });
});
