/**
 * 100,000 edits scattered over 12.5 MiB, as keystrokes with their undo and their line in the journal, beside a peer that
 * keeps a map of bytes and copies it before each keystroke. Times are those of this thread on the processor, so that other
 * work on the machine does not count.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { JournalStore } from '../../src/editor/journal-store.ts';
import { BoardLink } from '../../src/session/link.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import { ManualTime, ScriptedDevice } from '../../src/session/scripted-board.ts';
import type { Gesture } from '../../src/session/types.ts';
import { type Measure, median, onProcessor, spread } from './measure.ts';

const edits = 100_000;
const document = 'aie://board/part/data';
const tileBytes = 0x8000;

/** Bytes in use after everything else was collected. */
function inUse(): number {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Milliseconds of one act, from `count` of them in a row: the clock of a thread is coarse. */
function each(count: number, act: (i: number) => void): number {
  const start = onProcessor();
  for (let i = 0; i < count; i++) act(i);
  return (onProcessor() - start) / count;
}

async function measureOurs(folder: string): Promise<{
  bytes: number;
  pause: number;
  keystroke: number;
  undo: number;
  anew: number;
}> {
  const time = new ManualTime();
  const device = new ScriptedDevice(time, 100 * tileBytes);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const session = new MemorySession(link, { partition: device.key, memory: 'data' }, time);
  const all = { offset: 0, length: device.bytes.length };
  await session.refresh(all, new AbortController().signal);
  const failures: unknown[] = [];
  const store = new JournalStore(folder, (error) => failures.push(error));
  const put = (): void => store.put(document, (whole) => session.journal(document, whole));
  /** What the host does at a keystroke: stage, keep, and look at what the tab and the status bar show of it. */
  const type = (i: number): Gesture => {
    const offset = (i * 2_654_435_761) % all.length;
    const gesture = session.stage(document, 'Type', [{ offset, bytes: Uint8Array.of(i & 0xff) }]);
    put();
    session.isDirty(document);
    session.counts({ offset: offset - (offset % tileBytes), length: tileBytes });
    session.counts(all);
    return gesture;
  };
  const gestures = new Array<Gesture>(edits);
  const before = inUse();
  let pause = 0;
  let last = onProcessor();
  for (let i = 0; i < edits; i++) {
    gestures[i] = type(i);
    await turn();
    const now = onProcessor();
    pause = Math.max(pause, now - last);
    last = now;
  }
  await store.flush();
  const bytes = (inUse() - before) / edits;
  const more: Gesture[] = [];
  const keystroke = each(2000, (i) => more.push(type(edits + i)));
  const undo = each(2000, (i) => {
    more[1999 - i]?.undo();
    put();
  });
  await store.flush();
  // As after a file was lost: all of it is written again.
  await rm(store.path(document));
  put();
  let anew = 0;
  let isWriting = true;
  const flushed = store.flush().then(() => {
    isWriting = false;
  });
  last = onProcessor();
  while (isWriting) {
    await turn();
    const now = onProcessor();
    anew = Math.max(anew, now - last);
    last = now;
  }
  await flushed;
  if (failures.length > 0) throw failures[0];
  if (session.counts().staged < edits * 0.9 || gestures.length !== edits)
    throw new Error('edits are missing');
  return { bytes, pause, keystroke, undo, anew };
}

function measurePeer(): { bytes: number; keystroke: number; undo: number } {
  const size = 400 * tileBytes;
  const before = inUse();
  let bytes = new Map<number, { value: number; seen: number }>();
  for (let i = 0; i < edits; i++) bytes.set((i * 2_654_435_761) % size, { value: i & 0xff, seen: 0 });
  const cost = (inUse() - before) / edits;
  const undone: Map<number, { value: number; seen: number }>[] = [];
  const keystroke = each(8, (i) => {
    undone.push(bytes);
    bytes = new Map(bytes).set(i, { value: i, seen: 0 });
  });
  const undo = each(8, () => {
    const shown = undone.pop() ?? bytes;
    // What it no longer covers is repainted.
    for (const offset of bytes.keys()) if (!shown.has(offset)) bytes.delete(offset);
    bytes = shown;
  });
  return { bytes: cost, keystroke, undo };
}

/** Stages 100,000 edits `rounds` times; medians, and the worst pause of the median round. */
export async function measureEdits(rounds: number): Promise<Measure[]> {
  const ours: Awaited<ReturnType<typeof measureOurs>>[] = [];
  const peers: ReturnType<typeof measurePeer>[] = [];
  for (let round = 0; round < rounds; round++) {
    const folder = await mkdtemp(join(tmpdir(), 'tilescope-bench-'));
    try {
      ours.push(await measureOurs(folder));
      peers.push(measurePeer());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  const line = (name: string, unit: string, values: number[], most: number, peer?: number[]): Measure => ({
    name,
    value: median(values),
    unit,
    ...(peer === undefined ? {} : { peer: { name: 'a map of bytes, copied whole', value: median(peer) } }),
    goal: { at: 'most', value: most },
    note: `median of ${rounds}; ${spread(values, 3)}`,
  });
  const of = <T, K extends keyof T>(values: readonly T[], key: K): T[K][] =>
    values.map((value) => value[key]);
  return [
    line('memory of a scattered edit with its undo', 'bytes', of(ours, 'bytes'), 100, of(peers, 'bytes')),
    line('longest pause while 100,000 edits are typed and kept', 'ms', of(ours, 'pause'), 16),
    line('one more keystroke', 'ms', of(ours, 'keystroke'), 1, of(peers, 'keystroke')),
    line('its undo', 'ms', of(ours, 'undo'), 5, of(peers, 'undo')),
    line('longest pause while their journal is made anew', 'ms', of(ours, 'anew'), 16),
  ];
}
