import { describe, expect, test } from 'vitest';
import { stateBits } from '../../model/byte-state.ts';
import type { FindQuery } from '../../model/find/query.ts';
import type { MemoryGeometry } from '../../model/geometry.ts';
import type { MemoryResource } from '../../model/resource.ts';
import { BoardLink } from '../../session/link.ts';
import { ManualTime, ScriptedDevice } from '../../session/scripted-board.ts';
import type { ShownBytes } from '../messages.ts';
import { BoardHits, refusalOf } from './board-hits.ts';

const never = new AbortController().signal;
const l10n = {
  t: (message: string, ...args: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index) => String(args[Number(index)])),
};
const query: FindQuery = {
  kind: 'hex',
  text: 'A4 70',
  matchCase: true,
  cells: { name: 'uint8', order: 'little' },
  align: 0,
};

/** Bytes of which so many are known. */
function shownBytes(bytes: Uint8Array, known: number): ShownBytes {
  return { offset: 0x40, bytes, base: bytes, flags: bytes.map((_, i) => (i < known ? stateBits.known : 0)) };
}

async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.bytes.fill(0);
  const link = new BoardLink('lab', 'Lab', device, time);
  await link.connect();
  const steps: string[] = [];
  const shown: [MemoryResource, number][] = [];
  const said: string[] = [];
  const now: { bytes?: Uint8Array } = {};
  const make = (partitions = link.partitions) => {
    const board = {
      id: 'lab',
      label: 'Lab',
      link,
      partitions,
      partitionName: () => 'Columns 0 to 3',
      memoryName: ({ type }: MemoryGeometry) => type,
      bytes: () => undefined,
      read: async () => now.bytes && shownBytes(now.bytes, now.bytes.length),
      show: async (memory: MemoryResource, _: MemoryGeometry, { offset }: { offset: number }) => {
        shown.push([memory, offset]);
      },
      errorText: ({ code }: { code: string }) => `because of ${code}`,
    };
    const hits = new BoardHits(
      board,
      query,
      l10n,
      () => undefined,
      (text) => said.push(text),
    );
    const run = (signal = never) =>
      hits.run(
        signal,
        (step) => steps.push(step),
        () => undefined,
      );
    return { hits, run };
  };
  return { device, link, steps, shown, said, now, make };
}

describe('what was found in all memories of a board', () => {
  test('[hex-6] is told by memory, with how far it is in words and what cannot be read; a hit opens its memory', async () => {
    const { device, link, steps, shown, make } = await setup();
    device.bytes.set([0xa4, 0x70], 0x40);
    device.unreadable = [{ offset: 0x4000, length: 64, reason: 'gated' }];
    const { hits, run } = make();
    expect(hits.found).toBeUndefined();
    await run();
    expect(steps[0]).toBe('Columns 0 to 3 · data: 0 %, 0 hits');
    expect(steps.at(-1)).toBe('Columns 0 to 3 · data: 100 %, 1 hit');
    expect(hits.outcome).toBe('1 hit in 1 memory of Lab. 64 bytes cannot be read.');
    expect(hits.isWhole).toBe(false);
    const [memory] = hits.found?.memories ?? [];
    expect(memory).toMatchObject({
      title: 'data',
      notes: ['Columns 0 to 3', '64 bytes cannot be read'],
    });
    if (memory === undefined || !('tab' in memory)) throw new Error('no memory');
    await memory.show({ offset: 0x40, length: 2 });
    expect(shown).toEqual([[{ board: 'lab', partition: device.key, memory: 'data' }, 0x40]]);
    hits.dispose();
    link.dispose();
  });

  test('[hex-6] is said to be none any more where its bytes changed since', async () => {
    const { device, link, said, now, make } = await setup();
    device.bytes.set([0xa4, 0x70], 0x40);
    const { hits, run } = make();
    await run();
    const [memory] = hits.found?.memories ?? [];
    if (memory === undefined || !('tab' in memory)) throw new Error('no memory');
    const hit = { offset: 0x40, length: 2 };
    for (const bytes of [Uint8Array.of(0xa4, 0x70), Uint8Array.of(0xa4, 0x71)]) {
      now.bytes = bytes;
      await memory.show(hit);
    }
    expect(said).toEqual(['These bytes changed since they were found.']);
    expect(memory.isOther?.(hit, shownBytes(Uint8Array.of(0xa4, 0x71), 2))).toBe(true);
    // Of the second byte it is not known yet.
    expect(memory.isOther?.(hit, shownBytes(Uint8Array.of(0xa4, 0), 1))).toBe(false);
    link.dispose();
  });

  test('[hex-6] of an epoch that is over is not shown as true any more', async () => {
    const { device, link, make } = await setup();
    device.bytes.set([0xa4, 0x70], 0x40);
    const { hits, run } = make();
    await run();
    expect(hits.found?.memories).toMatchObject([{ tab: 'board/lab/0' }]);
    device.epoch = 'epoch-2';
    await link.refreshPartitions(never);
    expect(hits.found?.memories).toEqual([
      { title: 'data', notes: ['Columns 0 to 3', '1 hit of an epoch that is over'] },
    ]);
    link.dispose();
  });

  test('stays when the search is cancelled, and says so', async () => {
    const { device, link, make } = await setup();
    device.bytes.set([0xa4, 0x70], 0x40);
    const abort = new AbortController();
    let searched = 0;
    device.hook = async (point) => {
      if (point === 'find' && ++searched === 2) abort.abort();
    };
    const { hits, run } = make([...link.partitions, ...link.partitions]);
    await run(abort.signal);
    expect(hits.found).toMatchObject({ hits: 1, notes: ['cancelled'] });
    expect(hits.outcome).toContain('Not all of them were searched.');
    link.dispose();
  });

  test('is refused for what is no pattern, and for what a board cannot look for', () => {
    expect(refusalOf(query, l10n)).toBeUndefined();
    expect(refusalOf({ ...query, text: '' }, l10n)).toBe('Type what to look for.');
    expect(refusalOf({ ...query, text: 'A' }, l10n)).toContain('one digit');
  });
});
