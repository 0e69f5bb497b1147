import { describe, expect, it, vi } from 'vitest';
import { KeptLog } from '../../test/conformance/log.ts';
import type { Board, PartitionInfo } from './board.ts';
import { createCoreBoard } from './core-board.ts';
import { BoardError } from './errors.ts';
import { formatReport } from './report.ts';
import { freeColumns, ownedColumns, SimulatedArray } from './simulated/array.ts';
import { SimulatedClient } from './simulated/client.ts';
import { createSimulatedConnector } from './simulated/connector.ts';

const never = new AbortController().signal;

async function connect(
  array = new SimulatedArray(),
): Promise<{ array: SimulatedArray; board: Board; log: KeptLog }> {
  const log = new KeptLog();
  const board = await createSimulatedConnector({ array }).connect({ log, onStep: () => undefined }, never);
  return { array, board, log };
}

describe('a board over a core', () => {
  it('lets the core go when describing fails', async () => {
    const array = new SimulatedArray();
    const client = new SimulatedClient(array, () => undefined);
    const dispose = vi.spyOn(client, 'dispose');
    array.failNext('describe', new BoardError('no-device', 'ENOENT', { path: '/dev/aie0' }));
    await expect(createCoreBoard(client, new KeptLog())).rejects.toMatchObject({ code: 'no-device' });
    expect(dispose).toHaveBeenCalledOnce();
  });

  it('asks before the first mapping of an unknown driver', async () => {
    const { board, array } = await connect(new SimulatedArray({ unknownDriver: true }));
    expect(board.info.family).toBe('unknown');
    await expect(board.open(freeColumns, {}, never)).rejects.toMatchObject({ code: 'unknown-driver' });
    const partition = await board.open(freeColumns, { allowUnknownDriver: true }, never);
    expect(partition.memories).toHaveLength(2);
    await board.open(freeColumns, {}, never);
    expect(array.count('open')).toBe(2);
  });

  it('makes one round trip for any number of edits', async () => {
    const { board, array } = await connect();
    const memory = (await board.open(freeColumns, {}, never)).memory('data');
    const edits = Array.from({ length: 20_000 }, (_, i) => ({
      offset: 5 * i,
      seen: Uint8Array.of(0),
      bytes: Uint8Array.of(i & 0xff),
    }));
    const epoch = array.partition(freeColumns)?.epoch ?? '';
    const report = await memory?.write(edits, { epoch, force: true }, never);
    expect(report?.spans).toHaveLength(20_000);
    expect(array.count('write')).toBe(1);
  });

  it('asks the core for nothing when nothing is asked of it', async () => {
    const { board, array } = await connect();
    const memory = (await board.open(freeColumns, {}, never)).memory('data');
    const read = await memory?.read([{ offset: 7, length: 0 }], {}, never);
    expect(read?.pieces).toEqual([{ range: { offset: 7, length: 0 }, bytes: new Uint8Array(0) }]);
    expect(read?.epoch).toBe(array.partition(freeColumns)?.epoch);
    await memory?.write([], { epoch: read?.epoch ?? '' }, never);
    expect([array.count('read'), array.count('write')]).toEqual([0, 0]);
  });

  it('tells once, in one event, that a partition changed hands; to write beside the owner it must be unlocked', async () => {
    const { board, array } = await connect();
    const memory = (await board.open(freeColumns, {}, never)).memory('data');
    const heard: (readonly PartitionInfo[])[] = [];
    board.onDidChangePartitions((list) => heard.push(list));
    array.own(freeColumns);
    await board.partitions(never);
    expect(heard).toHaveLength(1);
    expect(heard[0]?.[0]?.owner?.command).toBe('other_graph');
    expect(memory?.writable).toBe(true);
    const edit = { offset: 0, seen: new Uint8Array(1), bytes: Uint8Array.of(7) };
    const epoch = array.partition(freeColumns)?.epoch ?? '';
    const locked = memory?.write([edit], { epoch, force: true }, never);
    await expect(locked).rejects.toMatchObject({
      code: 'locked',
      facts: { owner: 'other_graph', pid: 4321 },
    });
    const report = await memory?.write([edit], { epoch, force: true, besideOwner: true }, never);
    expect(report?.spans.map((span) => span.outcome)).toEqual(['verified']);
    array.release(freeColumns, { keep: true });
    expect(memory?.writable).toBe(true);
  });

  it('says why it closed, once, and to every later call', async () => {
    const { board, array, log } = await connect();
    const memory = (await board.open(freeColumns, {}, never)).memory('data');
    const closed = vi.fn();
    board.onDidClose(closed);
    array.drop();
    array.drop();
    expect(closed).toHaveBeenCalledOnce();
    await expect(memory?.read([{ offset: 0, length: 4 }], {}, never)).rejects.toMatchObject({
      code: 'connection-lost',
    });
    expect(log.lines.at(-1)).toContain('connection-lost');
  });

  it('refuses tiles to open that the memory does not have', async () => {
    const { board } = await connect();
    const memory = (await board.open(freeColumns, {}, never)).memory('program');
    for (const tile of [-1, 32, 0.5]) {
      const reading = memory?.read([{ offset: 0, length: 4 }], { openTiles: new Set([tile]) }, never);
      await expect(reading).rejects.toMatchObject({ code: 'out-of-range' });
    }
  });
});

describe('the board report', () => {
  it('shows foreign text so that it cannot format', async () => {
    const { board } = await connect();
    const text = formatReport({
      info: { ...board.info, hostName: 'a`|b\n# c' },
      partitions: [],
      freeColumns: [],
      opened: [],
      toolVersion: '1.2.3',
      route: ['ssh to lab'],
      uid: 0,
    });
    expect(text).toContain('| host name | `a  b # c` |');
    expect(text).toContain('| Tilescope | `1.2.3` |');
    expect(text).not.toMatch(/^# c/m);
  });

  it('maps nothing', async () => {
    const { board, array } = await connect();
    expect(await board.report(never)).toContain('none opened yet');
    expect(array.count('open')).toBe(0);
    await board.open(ownedColumns, {}, never);
    expect(await board.report(never)).toMatch(/6 to 9 \| data \| 1 to 8 \| 32768 \| 1048576 \| yes/);
  });
});
