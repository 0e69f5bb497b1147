import { describe, expect, it, vi } from 'vitest';
import { KeptLog } from '../../test/conformance/log.ts';
import type { Board, PartitionInfo } from './board.ts';
import { createCoreBoard } from './core-board.ts';
import { BoardError } from './errors.ts';
import { formatReport } from './report.ts';
import { freeColumns, ownedColumns, SimulatedArray, simulatedKey } from './simulated/array.ts';
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
    await expect(board.open(simulatedKey(freeColumns), {}, never)).rejects.toMatchObject({
      code: 'unknown-driver',
    });
    const partition = await board.open(simulatedKey(freeColumns), { allowUnknownDriver: true }, never);
    expect(partition.memories).toHaveLength(2);
    await board.open(simulatedKey(freeColumns), {}, never);
    expect(array.count('open')).toBe(2);
  });

  it('makes one round trip for any number of edits', async () => {
    const { board, array } = await connect();
    const memory = (await board.open(simulatedKey(freeColumns), {}, never)).memory('data');
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
    const memory = (await board.open(simulatedKey(freeColumns), {}, never)).memory('data');
    const read = await memory?.read([{ offset: 7, length: 0 }], {}, never);
    expect(read?.pieces).toEqual([{ range: { offset: 7, length: 0 }, bytes: new Uint8Array(0) }]);
    expect(read?.epoch).toBe(array.partition(freeColumns)?.epoch);
    await memory?.write([], { epoch: read?.epoch ?? '' }, never);
    expect([array.count('read'), array.count('write')]).toEqual([0, 0]);
  });

  it('tells once, in one event, that a partition changed hands; to write beside the owner it must be unlocked', async () => {
    const { board, array } = await connect();
    const memory = (await board.open(simulatedKey(freeColumns), {}, never)).memory('data');
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
    const memory = (await board.open(simulatedKey(freeColumns), {}, never)).memory('data');
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
    const memory = (await board.open(simulatedKey(freeColumns), {}, never)).memory('program');
    for (const tile of [-1, 32, 0.5]) {
      const reading = memory?.read([{ offset: 0, length: 4 }], { openTiles: new Set([tile]) }, never);
      await expect(reading).rejects.toMatchObject({ code: 'out-of-range' });
    }
  });
});

describe('status', () => {
  it('[attach-10] shows two tiles of the demo that wait for each other, a core that is done, and gated tiles', async () => {
    const { board, array } = await connect();
    const partition = await board.open(simulatedKey(ownedColumns), {}, never);
    const tiles = [2, 3, 6, 5, 1].map((row) => ({ col: row === 6 || row === 5 ? 8 : 7, row }));
    const before = array.count('status');
    const report = await partition.status([...tiles, { col: 9, row: 8 }], {}, never);
    expect(array.count('status') - before).toBe(1);
    expect(report.tiles.map((one) => [one.tile, one.core?.state, one.reason])).toEqual([
      [{ col: 7, row: 2 }, 'lock-stall', undefined],
      [{ col: 7, row: 3 }, 'lock-stall', undefined],
      [{ col: 8, row: 6 }, 'done', undefined],
      [{ col: 8, row: 5 }, 'disabled', undefined],
      [{ col: 7, row: 1 }, 'running', undefined],
      [{ col: 9, row: 8 }, undefined, 'gated'],
    ]);
    expect(report.tiles.slice(0, 2).map((one) => one.core?.stalls)).toEqual([
      [{ kind: 'lock', on: 'north' }],
      [{ kind: 'lock', on: 'south' }],
    ]);
    expect(report.epoch).toBe(array.partition(ownedColumns)?.epoch);
  });

  it.each(['aie', 'aieml', 'aie2ps'] as const)(
    '[attach-10] of every tile of %s is understood to the last word, with its descriptors',
    async (generation) => {
      const { board, array } = await connect(new SimulatedArray({ generation }));
      const partition = await board.open(simulatedKey(ownedColumns), {}, never);
      const rows = array.partition(ownedColumns)?.numRows ?? 0;
      const tiles = [6, 7, 8].flatMap((col) => Array.from({ length: rows }, (_, row) => ({ col, row })));
      const report = await partition.status(tiles, { detail: true }, never);
      expect(report.tiles.flatMap((one) => one.unparsed)).toEqual([]);
      const busy = report.tiles.find((one) => one.core?.state === 'running');
      expect(busy?.descriptors.filter((one) => one.valid)).toMatchObject([
        { index: 0, address: 0x2000, length: 0x800, next: 1, acquire: { lock: 2, value: 1 } },
        { index: 1, address: 0x2800, length: 0x800, next: 0 },
        { index: 2, address: 0x4000, length: 0x800, next: 3, acquire: { lock: 5, value: 1 } },
        { index: 3, address: 0x4800, length: 0x800, next: 2 },
      ]);
      const stalled = report.tiles.find((one) => one.core?.state === 'lock-stall');
      expect(stalled?.channels.filter((one) => one.stalledOnLock)).toMatchObject([
        { direction: 's2mm', channel: 0, currentDescriptor: 0 },
      ]);
      const plain = await partition.status(tiles, {}, never);
      expect(plain.tiles.flatMap((one) => one.descriptors)).toEqual([]);
    },
  );

  it('of tiles outside the partition, or of too many, is refused before it is sent', async () => {
    const { board, array } = await connect();
    const partition = await board.open(simulatedKey(ownedColumns), {}, never);
    for (const tile of [
      { col: 5, row: 1 },
      { col: 10, row: 1 },
      { col: 6, row: 9 },
      { col: 6, row: -1 },
      { col: 6.5, row: 1 },
    ]) {
      await expect(partition.status([tile], {}, never)).rejects.toMatchObject({ code: 'out-of-range' });
    }
    const many = Array.from({ length: 4097 }, () => ({ col: 6, row: 1 }));
    await expect(partition.status(many, {}, never)).rejects.toMatchObject({ code: 'out-of-range' });
    expect((await partition.status([], {}, never)).tiles).toEqual([]);
    expect(array.count('status')).toBe(0);
  });
});

describe('dynamic partitions', () => {
  const run = { startCol: 20, numCols: 3 };

  it('[attach-3] are picked from free columns, are listed then, and go when somebody takes a part of them', async () => {
    const array = new SimulatedArray({ dynamic: true });
    const { board } = await connect(array);
    expect(await board.partitions(never)).toHaveLength(1);
    expect(board.freeColumns).toEqual([
      { startCol: 0, numCols: 6 },
      { startCol: 10, numCols: 40 },
    ]);
    const heard: (readonly PartitionInfo[])[] = [];
    board.onDidChangePartitions((list) => heard.push(list));
    const partition = await board.open(simulatedKey(run), {}, never);
    expect(heard.at(-1)?.map((one) => [one.columns, one.picked])).toEqual([
      [ownedColumns, false],
      [run, true],
    ]);
    const memory = partition.memory('data');
    await memory?.read([{ offset: 0, length: 4 }], {}, never);
    array.own({ startCol: 22, numCols: 4 });
    expect(heard.at(-1)?.map((one) => one.columns.startCol)).toEqual([6, 22]);
    expect(board.freeColumns).toEqual([
      { startCol: 0, numCols: 6 },
      { startCol: 10, numCols: 12 },
      { startCol: 26, numCols: 24 },
    ]);
    const failed = { code: 'columns-taken', facts: { owner: 'other_graph', pid: 4321 } };
    await expect(memory?.read([{ offset: 0, length: 4 }], {}, never)).rejects.toMatchObject(failed);
    await expect(board.open(simulatedKey(run), {}, never)).rejects.toMatchObject(failed);
  });

  it('[attach-3] that vanished are opened anew when their columns are free again', async () => {
    const array = new SimulatedArray({ dynamic: true });
    const { board } = await connect(array);
    const first = await board.open(simulatedKey(run), {}, never);
    expect(await board.open(simulatedKey(run), {}, never)).toBe(first);
    array.own({ startCol: 22, numCols: 4 });
    array.release({ startCol: 22, numCols: 4 });
    const second = await board.open(simulatedKey(run), {}, never);
    expect(second).not.toBe(first);
    const read = await second.memory('data')?.read([{ offset: 0, length: 4 }], {}, never);
    expect(read?.unreadable).toEqual([]);
  });

  it('outside the array, or over the end of it, are no partition', async () => {
    const { board } = await connect(new SimulatedArray({ dynamic: true }));
    for (const columns of [
      { startCol: 48, numCols: 3 },
      { startCol: 60, numCols: 1 },
    ]) {
      await expect(board.open(simulatedKey(columns), {}, never)).rejects.toMatchObject({
        code: 'no-partition',
      });
    }
  });
});

describe('clocks', () => {
  const gatedTile = { offset: 31 * 0x8000, length: 4 };

  it('[attach-4] of gated tiles run when a person asked, until they are let go or somebody takes them', async () => {
    const { board, array } = await connect();
    const partition = await board.open(simulatedKey(freeColumns), {}, never);
    const unreadable = async () =>
      (await partition.memory('data')?.read([gatedTile], {}, never))?.unreadable.length;
    const listed = async () => (await board.partitions(never))[0]?.clocksOn;
    expect(await unreadable()).toBe(1);
    expect(await partition.enableClocks(true, never)).toBe(true);
    expect([await unreadable(), await listed()]).toEqual([0, true]);
    expect(await partition.enableClocks(false, never)).toBe(false);
    expect([await unreadable(), await listed()]).toEqual([1, false]);
    await partition.enableClocks(true, never);
    array.own(freeColumns);
    expect([await unreadable(), await listed()]).toEqual([1, false]);
  });

  it('[attach-4] are never touched beside an owner; a driver that ignores them is told of', async () => {
    const { board } = await connect(new SimulatedArray({ ignoresClocks: true }));
    const owned = await board.open(simulatedKey(ownedColumns), {}, never);
    await expect(owned.enableClocks(true, never)).rejects.toMatchObject({ code: 'locked' });
    const free = await board.open(simulatedKey(freeColumns), {}, never);
    expect(await free.enableClocks(true, never)).toBe(false);
    expect((await board.partitions(never))[0]?.clocksOn).toBe(false);
  });
});

describe('a hold', () => {
  it('[attach-8] keeps bytes and epoch when the owner goes, for every board; letting go resets', async () => {
    const { board, array } = await connect();
    const { board: second } = await connect(array);
    const partition = await board.open(simulatedKey(ownedColumns), {}, never);
    const memory = partition.memory('data');
    await partition.hold(true, never);
    await partition.hold(true, never);
    const range = { offset: 0x2000, length: 64 };
    const before = await memory?.read([range], {}, never);
    array.exitOwner(ownedColumns);
    for (const one of [board, second]) {
      const info = (await one.partitions(never)).find(({ columns }) => columns.startCol === 6);
      expect(info).toMatchObject({ inUse: true, ownerGone: true, hold: { since: expect.any(Number) } });
      expect(info?.owner).toBeUndefined();
      expect(info?.epoch).toBe(before?.epoch);
    }
    expect(array.startOwner(ownedColumns)).toBe(false);
    board.dispose();
    const other = await second.open(simulatedKey(ownedColumns), {}, never);
    const held = await other.memory('data')?.read([range], {}, never);
    expect(held?.pieces).toEqual(before?.pieces);
    await other.hold(false, never);
    const after = await other.memory('data')?.read([range], {}, never);
    expect(after?.epoch).not.toBe(before?.epoch);
    expect(after?.pieces[0]?.bytes).toEqual(new Uint8Array(64));
    expect(array.startOwner(ownedColumns)).toBe(true);
  });

  it('[attach-8] that dies by itself is noticed', async () => {
    const { board, array } = await connect();
    const partition = await board.open(simulatedKey(ownedColumns), {}, never);
    await partition.hold(true, never);
    const heard: (readonly PartitionInfo[])[] = [];
    board.onDidChangePartitions((list) => heard.push(list));
    array.endHold(ownedColumns);
    expect(heard.at(-1)?.[1]).toMatchObject({ inUse: true, ownerGone: false });
    expect(heard.at(-1)?.[1]?.hold).toBeUndefined();
  });

  it('of a partition that nobody has cannot be started', async () => {
    const { board } = await connect();
    const partition = await board.open(simulatedKey(freeColumns), {}, never);
    await expect(partition.hold(true, never)).rejects.toMatchObject({ code: 'hold-failed' });
  });
});

describe('a partition that the kernel holds', () => {
  it('[attach-9] is opened only after a person chose the way through its driver', async () => {
    const { board, array } = await connect();
    array.own(freeColumns, { kind: 'kernel', pid: 0, command: '', startedAt: 0 });
    await expect(board.open(simulatedKey(freeColumns), {}, never)).rejects.toMatchObject({
      code: 'kernel-held',
    });
    expect(array.count('kernel-descriptor')).toBe(0);
    const ownership = board.ownership(simulatedKey(freeColumns));
    array.failNext('kernel-descriptor', new BoardError('kernel-held', 'no DRM node'));
    await expect(ownership.takeKernelDescriptor(never)).rejects.toMatchObject({ facts: { asked: 'zocl' } });
    await ownership.takeKernelDescriptor(never);
    const partition = await board.open(simulatedKey(freeColumns), {}, never);
    const read = await partition.memory('data')?.read([{ offset: 0, length: 4 }], {}, never);
    expect(read?.unreadable).toEqual([]);
    const { tiles } = await partition.status([{ col: 0, row: 1 }], {}, never);
    expect(tiles[0]?.core?.state).toBe('disabled');
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

  it('names array, owners, holds, picked columns and free ones', async () => {
    const array = new SimulatedArray({ dynamic: true, generation: 'aieml' });
    const { board } = await connect(array);
    await (await board.open(simulatedKey(ownedColumns), {}, never)).hold(true, never);
    await board.open(simulatedKey({ startCol: 20, numCols: 2 }), {}, never);
    array.own({ startCol: 30, numCols: 2 }, { kind: 'kernel', pid: 0, command: '', startedAt: 0 });
    const text = await board.report(never);
    expect(text).toContain('| generation | `aieml` |');
    expect(text).toContain('38 columns; rows: shim 0 to 0, memory 1 to 2, core 3 to 10');
    expect(text).toMatch(/in use by demo_graph \(pid 1234\), held by pid \d+ until \d{4}-/);
    expect(text).toMatch(/20 to 21 .*free, picked/);
    expect(text).toContain('in use by the kernel');
    expect(text).toContain('Free columns: 0 to 5, 10 to 29, 32 to 37');
  });

  it('maps nothing', async () => {
    const { board, array } = await connect();
    expect(await board.report(never)).toContain('none opened yet');
    expect(array.count('open')).toBe(0);
    await board.open(simulatedKey(ownedColumns), {}, never);
    expect(await board.report(never)).toMatch(/6 to 9 \| data \| 1 to 8 \| 32768 \| 1048576 \| yes/);
  });
});
