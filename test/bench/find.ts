/**
 * A search through 25 MiB that a session has read, beside `Buffer.indexOf` over the same bytes in one piece. Times are those of
 * this thread on the processor, so that other work on the machine does not count.
 */

import { indexOf } from '../../src/editor/find/index-of.ts';
import { Finder } from '../../src/model/find/finder.ts';
import { type Pattern, patternOf } from '../../src/model/find/pattern.ts';
import { BoardLink } from '../../src/session/link.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../src/session/scripted-board.ts';
import { interleave, type Measure, median, onProcessor, spread } from './measure.ts';

const tileBytes = 0x8000;
const bytesOfMemory = 25 << 20;

/** So many searches are one figure: a single one may be shorter than what a kernel counts of a thread. */
const searches = 8;

/** Milliseconds on the processor for one search. */
function timeOf(search: () => void): number {
  const start = onProcessor();
  for (let i = 0; i < searches; i++) search();
  return (onProcessor() - start) / searches;
}

/** Most of a tile's memory is the same small numbers over and over; the rest is anything. */
function fill(bytes: Uint8Array): void {
  let seed = 1;
  for (let i = 0; i < bytes.length; i++) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const isPlain = (i >> 12) % 4 !== 0;
    bytes[i] = isPlain ? (i % 4 === 0 ? seed >>> 29 : 0) : seed >>> 24;
  }
}

function pattern(text: string): Pattern {
  const read = patternOf(
    {
      kind: 'hex',
      text,
      matchCase: true,
      cells: { name: 'hex8', order: 'little' },
      align: 0,
    },
    indexOf,
  );
  if (read.kind === 'none') throw new Error(read.problem.kind);
  return read;
}

/** Searches for bytes that are nowhere, so that both sides look at all. */
export async function measureFind(rounds: number): Promise<Measure[]> {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, bytesOfMemory / 4);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  const all = { offset: 0, length: device.bytes.length };
  fill(device.bytes);
  await session.refresh(all, new AbortController().signal);
  const whole = Buffer.from(session.bytes(all).bytes);
  const measures: Measure[] = [];
  for (const text of ['A4 70 45 41', '01 00 00 00 A4 70 45 41', '00 00 00 00 00 00 00 01 A4']) {
    const needle = Buffer.from(text.replaceAll(' ', ''), 'hex');
    const [ours = [], theirs = []] = await interleave(
      rounds,
      async () =>
        timeOf(() => {
          const finder = new Finder(session, pattern(text), [all], tileBytes);
          while (!finder.isOver) finder.step(1 << 20);
          if (finder.unseen > 0) throw new Error('not all was read');
        }),
      async () =>
        timeOf(() => {
          for (let at = whole.indexOf(needle); at >= 0; ) at = whole.indexOf(needle, at + needle.length);
        }),
    );
    measures.push({
      name: `find: ${needle.length} bytes in ${all.length >> 20} MiB`,
      value: median(ours),
      unit: 'ms',
      peer: { name: 'Buffer.indexOf', value: median(theirs) },
      ratio: median(ours) / median(theirs),
      goal: { at: 'most', value: 3 },
      note: `ours ${spread(ours)}, theirs ${spread(theirs)}`,
    });
  }
  link.dispose();
  return measures;
}
