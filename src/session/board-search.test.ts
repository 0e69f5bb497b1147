import { describe, expect, test } from 'vitest';
import type { FindResult, PartitionInfo } from '../board/board.ts';
import { BoardError } from '../board/errors.ts';
import { boardPatternOf } from '../model/find/board-pattern.ts';
import { searchMemories } from './board-search.ts';
import { BoardLink } from './link.ts';
import { ManualTime, ScriptedDevice } from './scripted-board.ts';

const never = new AbortController().signal;
const pattern = boardPatternOf({
  kind: 'hex',
  text: 'A4 70',
  matchCase: true,
  cells: { name: 'uint8', order: 'little' },
  align: 0,
});

async function setup() {
  const time = new ManualTime();
  const device = new ScriptedDevice(time);
  device.bytes.fill(0);
  const link = new BoardLink('board', 'Board', device, time);
  await link.connect();
  const told: string[] = [];
  const found: number[] = [];
  let result: Omit<FindResult, 'offsets'> | undefined;
  const search = (partitions: readonly PartitionInfo[], most = 100, signal = never) => {
    if (pattern === undefined) throw new Error('no pattern');
    const taker = {
      begins: ({ key }: PartitionInfo) => told.push(`begins ${key}`),
      hits: (offsets: readonly number[]) => found.push(...offsets),
      progress: () => undefined,
      ends: (ended: Omit<FindResult, 'offsets'>) => {
        result = ended;
        told.push(`ends${ended.isFull ? ' full' : ''}`);
      },
      fails: ({ code }: BoardError) => told.push(`fails ${code}`),
      refuses: ({ key }: PartitionInfo, { code }: BoardError) => told.push(`refuses ${key} ${code}`),
    };
    return searchMemories(link, partitions, pattern, most, taker, signal);
  };
  const write = (...offsets: number[]) => {
    for (const offset of offsets) device.bytes.set([0xa4, 0x70], offset);
  };
  return { device, link, told, found, search, write, result: () => result };
}

describe('the search of all memories of a board', () => {
  test('[hex-6] asks for a person, tells each hit once, and how it ended', async () => {
    const { device, link, told, found, search, write, result } = await setup();
    write(6, 0x123, 0x2000);
    device.splitHits = true;
    device.unreadable = [{ offset: 0x4000, length: 64, reason: 'gated' }];
    await search(link.partitions);
    expect(told).toEqual([`begins ${device.key}`, 'ends']);
    expect(found).toEqual([6, 0x123, 0x2000]);
    expect(device.asked).toEqual(['person']);
    expect(device.reads).toEqual([]);
    expect(result()).toMatchObject({ epoch: device.epoch, unreadable: [{ offset: 0x4000, length: 64 }] });
  });

  test('goes on behind a partition that cannot be opened and a memory that cannot be searched', async () => {
    const { device, link, told, found, search, write } = await setup();
    write(8);
    const [real] = link.partitions;
    if (real === undefined) throw new Error('no partition');
    const gone = { ...real, key: '9_9' as PartitionInfo['key'] };
    device.hook = async (point) => {
      if (point !== 'find' || told.length > 2) return;
      throw new BoardError('timeout', 'no answer');
    };
    await search([gone, real, real]);
    expect(told[0]).toMatch(/^refuses 9_9 /);
    expect(told.slice(1)).toEqual([`begins ${device.key}`, 'fails timeout', `begins ${device.key}`, 'ends']);
    expect(found).toEqual([8]);
  });

  test('ends with as many hits as it may have, and searches nothing behind them', async () => {
    const { device, link, told, found, search, write } = await setup();
    write(8, 16, 32);
    await search([...link.partitions, ...link.partitions], 2);
    expect(found).toEqual([8, 16]);
    expect(told).toEqual([`begins ${device.key}`, 'ends full']);
  });

  test('[hex-6] rejects once it is cancelled, and tells nothing more', async () => {
    const { device, link, told, search } = await setup();
    const abort = new AbortController();
    device.hook = async (point) => {
      if (point === 'find') abort.abort();
    };
    await expect(search(link.partitions, 100, abort.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(told).toEqual([`begins ${device.key}`]);
  });
});
