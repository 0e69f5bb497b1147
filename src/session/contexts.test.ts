/** Partitions that begin at the same column and are told apart by their keys alone, from the board up to staged edits. */
import { describe, expect, test } from 'vitest';
import { freeColumns, ownedColumns } from '../board/simulated/array.ts';
import { SimulatedContexts } from '../board/simulated/contexts.ts';
import { decodeJournal, type JournalStep } from './journal.ts';
import { BoardLink, occupantOf } from './link.ts';
import type { MemorySession } from './memory-session.ts';
import { SessionPool } from './pool.ts';
import { ManualTime } from './scripted-board.ts';

const never = new AbortController().signal;
const place = { offset: 0, length: 4 };
const tile = { col: 0, row: 1 };

async function contexts() {
  const time = new ManualTime();
  const device = new SimulatedContexts(() => time.now());
  device.a.poke('data', tile, 0, [1, 1, 1, 1]);
  device.b.poke('data', tile, 0, [2, 2, 2, 2]);
  const link = new BoardLink('npu', 'NPU', device, time);
  await link.connect();
  const pool = new SessionPool(time);
  const open = (partition: string): MemorySession =>
    pool.acquire(link, { partition, memory: 'data' }).session;
  const a = open('ctx-a.0_4');
  const b = open('ctx-b.0_4');
  await a.refresh(place, never);
  await b.refresh(place, never);
  return { time, device, link, pool, a, b };
}

const shown = (session: MemorySession) => [...session.bytes(place).bytes];
const put = (...bytes: number[]) => [{ offset: 0, bytes: Uint8Array.from(bytes) }];

/** What a journal's file holds, as it comes back after a reload. */
function kept(step: JournalStep): Record<string, unknown> {
  if (step.kind !== 'whole') throw new Error('the journal is not whole');
  const text = JSON.stringify({ ...(step.data as object), records: [...step.records] });
  return JSON.parse(text) as Record<string, unknown>;
}

describe('[shape-4] two partitions that begin at the same column', () => {
  test('are listed apart, opened apart, and each shows its own bytes', async () => {
    const { link, a, b } = await contexts();
    const same = link.partitions.filter(({ columns }) => columns.startCol === freeColumns.startCol);
    expect(same.map(({ key }) => key)).toEqual(['ctx-a.0_4', 'ctx-b.0_4']);
    expect(a).not.toBe(b);
    expect([shown(a), shown(b)]).toEqual([
      [1, 1, 1, 1],
      [2, 2, 2, 2],
    ]);
    const opened = await link.open('ctx-b.0_4', never);
    expect([opened.key, opened.columns]).toEqual(['ctx-b.0_4', freeColumns]);
    expect(await link.open('ctx-a.0_4', never)).not.toBe(opened);
    await expect(link.open('0_4', never)).rejects.toMatchObject({ code: 'no-partition' });
  });

  test('what is staged and written in one never reaches the other', async () => {
    const { device, a, b } = await contexts();
    a.stage('doc-a', 'type', put(7, 8));
    expect([a.counts().staged, b.counts().staged]).toEqual([2, 0]);
    expect(shown(b)).toEqual([2, 2, 2, 2]);
    await a.apply(place, never);
    expect([...device.a.peek('data', tile, 0, 4)]).toEqual([7, 8, 1, 1]);
    expect([...device.b.peek('data', tile, 0, 4)]).toEqual([2, 2, 2, 2]);
    await b.refresh(place, never);
    expect(shown(b)).toEqual([2, 2, 2, 2]);
  });

  test('the edits kept of one are not staged in the other; those that a version of before kept are found', async () => {
    const { pool, link, a, b } = await contexts();
    a.stage('doc-a', 'type', put(7, 8));
    const data = kept(a.journal('doc-a', true));
    expect(data['partition']).toBe('ctx-a.0_4');
    expect(() => b.replay('doc-b', data)).toThrow(expect.objectContaining({ code: 'journal-mismatch' }));
    expect(b.counts().staged).toBe(0);
    expect(() => decodeJournal({ ...data, partition: '../0_4' })).toThrow(
      expect.objectContaining({ code: 'journal-damaged' }),
    );
    // Without a key: the name of its file says whose it is.
    const { partition: _, ...before } = data;
    const again = pool.acquire(link, { partition: 'ctx-a.0_4', memory: 'data' }).session;
    a.closeDocument('doc-a');
    again.replay('doc-a', before);
    expect(again.counts().staged).toBe(2);
    expect(shown(again)).toEqual([7, 8, 1, 1]);
  });

  test('a hold, an agreement and clocks of one say nothing of the other', async () => {
    const { device, link } = await contexts();
    const info = (key: string) => link.partitions.find((one) => one.key === key);
    await link.hold('ctx-a.6_4', true, never);
    expect([info('ctx-a.6_4')?.hold !== undefined, info('ctx-b.6_4')?.hold]).toEqual([true, undefined]);
    device.a.exitOwner(ownedColumns);
    expect([info('ctx-a.6_4')?.ownerGone, info('ctx-b.6_4')?.ownerGone]).toEqual([true, false]);
    await link.hold('ctx-b.6_4', false, never);
    expect(info('ctx-a.6_4')?.hold).toBeDefined();
    const occupant = occupantOf(info('ctx-b.6_4'));
    link.agreeBeside('ctx-b.6_4', occupant);
    expect(link.agreedBeside('ctx-b.6_4', occupant)).toBe(true);
    expect(link.agreedBeside('ctx-a.6_4', occupant)).toBe(false);
    await link.enableClocks('ctx-a.0_4', true, never);
    expect([info('ctx-a.0_4')?.clocksOn, info('ctx-b.0_4')?.clocksOn]).toEqual([true, false]);
  });
});
