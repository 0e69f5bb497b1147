import { describe, expect, it } from 'vitest';
import { KeptLog } from '../../../test/conformance/log.ts';
import { tileStart } from '../../model/geometry.ts';
import type { Board, PartitionMemory } from '../board.ts';
import { BoardError } from '../errors.ts';
import { freeColumns, ownedColumns, SimulatedArray, shimColumns, simulatedKey } from './array.ts';
import { createSimulatedConnector } from './connector.ts';
import { layout } from './contents.ts';

const never = new AbortController().signal;

async function connect(array: SimulatedArray): Promise<Board> {
  return createSimulatedConnector({ array }).connect({ log: new KeptLog(), onStep: () => undefined }, never);
}

async function data(array: SimulatedArray, columns = freeColumns): Promise<PartitionMemory> {
  const memory = (await (await connect(array)).open(simulatedKey(columns), {}, never)).memory('data');
  if (memory === undefined) throw new Error('no data memory');
  return memory;
}

describe('the simulated array', () => {
  it('has something to look at: a free partition, one in use by demo_graph, one of shim tiles', () => {
    expect(new SimulatedArray().partitions().map((one) => [one.columns, one.owner?.command])).toEqual([
      [freeColumns, undefined],
      [ownedColumns, 'demo_graph'],
      [shimColumns, undefined],
    ]);
  });

  it('holds texts, floats and a stack that grows upwards, the same in every run, other in every tile', () => {
    const a = new SimulatedArray();
    const b = new SimulatedArray();
    const tile = { col: 1, row: 2 };
    const bytes = a.peek('data', tile, 0, 0x8000);
    expect(bytes).toEqual(b.peek('data', tile, 0, 0x8000));
    expect(bytes).not.toEqual(a.peek('data', { col: 1, row: 3 }, 0, 0x8000));
    expect(new TextDecoder().decode(bytes.subarray(layout.text, layout.text + 40))).toMatch(
      /^[a-z0-9_]+ \(1,2\)\0/,
    );
    const view = new DataView(bytes.buffer);
    expect(view.getFloat32(layout.table + 4 * 64, true)).toBeCloseTo(1.2);
    expect(view.getUint32(layout.stackBytes - 4, true)).toBe(0xcdcdcdcd);
    expect(view.getUint32(0, true)).not.toBe(0xcdcdcdcd);
  });

  it('counts while the graph runs, and stands still where no core runs', async () => {
    let now = 1000;
    const array = new SimulatedArray({ now: () => now });
    const memory = await data(array, ownedColumns);
    const running = tileStart(memory.geometry, { col: 6, row: 1 }) + layout.counters;
    const first = await memory.read([{ offset: running, length: 32 }], {}, never);
    now += 1000;
    const second = await memory.read([{ offset: running, length: 32 }], {}, never);
    const word = (result: typeof first, index: number) =>
      new DataView(result.pieces[0]?.bytes.buffer ?? new ArrayBuffer(32)).getUint32(4 * index, true);
    expect(word(second, 0) - word(first, 0)).toBe(1000);
    expect(word(second, 3) - word(first, 3)).toBe(10);
    const still = { col: 0, row: 1 };
    const before = array.peek('data', still, 0, 0x8000);
    now += 1000;
    expect(array.peek('data', still, 0, 0x8000)).toEqual(before);
  });

  it('keeps what was written over a reconnect, and starts a new epoch at a reboot', async () => {
    const array = new SimulatedArray();
    const first = await data(array);
    const { epoch, pieces } = await first.read([{ offset: 0, length: 4 }], {}, never);
    const seen = pieces[0]?.bytes ?? new Uint8Array(4);
    const edit = { offset: 0, seen, bytes: Uint8Array.of(1, 2, 3, 4) };
    await first.write([edit], { epoch }, never);
    array.drop();
    const second = await data(array);
    const again = await second.read([{ offset: 0, length: 4 }], {}, never);
    expect([again.pieces[0]?.bytes, again.epoch]).toEqual([Uint8Array.of(1, 2, 3, 4), epoch]);
    array.reboot();
    const third = await data(array);
    const fresh = await third.read([{ offset: 0, length: 4 }], {}, never);
    expect(fresh.epoch).not.toBe(epoch);
    expect(fresh.pieces[0]?.bytes).not.toEqual(Uint8Array.of(1, 2, 3, 4));
    await expect(third.write([edit], { epoch }, never)).rejects.toMatchObject({ code: 'epoch' });
  });

  it('zeroes a partition that is released without keeping it', () => {
    const array = new SimulatedArray();
    array.release(ownedColumns);
    expect(array.peek('data', { col: 6, row: 1 }, 0, 64)).toEqual(new Uint8Array(64));
    expect(array.partition(ownedColumns)?.inUse).toBe(false);
  });

  it('can be quicker than the read-back of a write', async () => {
    const array = new SimulatedArray();
    const memory = await data(array);
    const { epoch } = await memory.read([{ offset: 0, length: 4 }], {}, never);
    array.betweenNextWriteAndReadBack(() => array.poke('data', { col: 0, row: 1 }, 1, [99]));
    const edit = { offset: 0, seen: new Uint8Array(2), bytes: Uint8Array.of(1, 2) };
    const { spans } = await memory.write([edit], { epoch, force: true }, never);
    expect(spans).toEqual([
      { offset: 0, length: 1, outcome: 'verified', now: Uint8Array.of(1) },
      { offset: 1, length: 1, outcome: 'changed-after', now: Uint8Array.of(99) },
    ]);
  });

  it('can lose the answer of a write that was done', async () => {
    const array = new SimulatedArray();
    const memory = await data(array);
    const { epoch } = await memory.read([{ offset: 0, length: 4 }], {}, never);
    array.failNext('write', new BoardError('connection-lost', 'cut'), 'after');
    const edit = { offset: 0, seen: new Uint8Array(1), bytes: Uint8Array.of(7) };
    const writing = memory.write([edit], { epoch, force: true }, never);
    await expect(writing).rejects.toMatchObject({ code: 'connection-lost' });
    expect(array.peek('data', { col: 0, row: 1 }, 0, 1)).toEqual(Uint8Array.of(7));
  });

  it('marks accesses that fault, for reading and for writing', async () => {
    const array = new SimulatedArray();
    const memory = await data(array);
    array.setBusError({ col: 0, row: 1 }, true);
    const read = await memory.read([{ offset: 0x7ffe, length: 4 }], {}, never);
    expect(read.unreadable).toEqual([{ offset: 0x7ffe, length: 2, reason: 'bus-error' }]);
    const edit = { offset: 0, seen: new Uint8Array(1), bytes: new Uint8Array(1) };
    const { spans } = await memory.write([edit], { epoch: read.epoch }, never);
    expect(spans).toMatchObject([{ outcome: 'unreadable', reason: 'bus-error' }]);
  });

  it('holds calls back, and lets a cancelled or cut one go, or one whose time ran out', async () => {
    const array = new SimulatedArray();
    const memory = await data(array);
    const resume = array.pause();
    const stop = new AbortController();
    const cancelled = memory.read([{ offset: 0, length: 4 }], {}, stop.signal);
    stop.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    const limit = new AbortController();
    const late = memory.read([{ offset: 0, length: 4 }], {}, limit.signal);
    limit.abort(new DOMException('too late', 'TimeoutError'));
    await expect(late).rejects.toMatchObject({ code: 'timeout' });
    const cut = memory.read([{ offset: 0, length: 4 }], {}, never);
    array.drop();
    await expect(cut).rejects.toMatchObject({ code: 'connection-lost' });
    resume();
  });

  it.each([
    ['aie', ['data', 'program']],
    ['aieml', ['data', 'program', 'memory-tile']],
    ['aie2ps', ['data', 'program', 'memory-tile', 'uc-program', 'uc-private-data', 'uc-shared-data']],
  ] as const)('[attach-5] of %s has %s, each in its rows, read and written', async (generation, types) => {
    const array = new SimulatedArray({ generation });
    const board = await connect(array);
    expect(board.info.array).toEqual(array.shape);
    const partition = await board.open(simulatedKey(freeColumns), {}, never);
    expect(partition.memories.map((memory) => memory.geometry.type)).toEqual(types);
    for (const memory of partition.memories) {
      const { type, startRow, numRows, bytesPerTile } = memory.geometry;
      const kind = type === 'memory-tile' ? 'memory' : type.startsWith('uc-') ? 'shim' : 'core';
      expect({ start: startRow, count: numRows }).toEqual(array.shape[kind]);
      const tile = { col: 1, row: startRow + numRows - 1 };
      const offset = tileStart(memory.geometry, tile) + bytesPerTile - 3;
      const range = { offset, length: 3 };
      const { pieces, epoch } = await memory.read([range], {}, never);
      const seen = pieces[0]?.bytes ?? new Uint8Array(3);
      const { spans } = await memory.write(
        [{ offset, seen, bytes: Uint8Array.of(1, 2, 3) }],
        { epoch },
        never,
      );
      expect(spans).toMatchObject([{ length: 3, outcome: 'verified' }]);
      expect(array.peek(type, tile, bytesPerTile - 3, 3)).toEqual(Uint8Array.of(1, 2, 3));
    }
  });

  it('[attach-5] of later generations has one clock per column, its shim tile excepted', async () => {
    const array = new SimulatedArray({ generation: 'aie2ps' });
    const partition = await (await connect(array)).open(simulatedKey(freeColumns), {}, never);
    for (const memory of partition.memories) {
      const { geometry } = memory;
      const start = tileStart(geometry, { col: 3, row: geometry.startRow });
      const read = await memory.read([{ offset: start, length: 16 }], {}, never);
      const gated = !geometry.type.startsWith('uc-');
      expect(read.unreadable).toEqual(gated ? [{ offset: start, length: 16, reason: 'gated' }] : []);
    }
  });

  it('whose owner exits is reset, unless it is held; a new owner brings another run', () => {
    const array = new SimulatedArray();
    const first = array.peek('data', { col: 6, row: 1 }, 0x2000, 64);
    array.exitOwner();
    expect(array.partition(ownedColumns)?.inUse).toBe(false);
    expect(array.peek('data', { col: 6, row: 1 }, 0x2000, 64)).toEqual(new Uint8Array(64));
    expect(array.startOwner()).toBe(true);
    expect(array.peek('data', { col: 6, row: 1 }, 0x2000, 64)).not.toEqual(first);
    expect(array.activity({ col: 7, row: 2 })).toBe('lock-stall-north');
    array.startHold(ownedColumns);
    const epoch = array.epoch(ownedColumns);
    const second = array.peek('data', { col: 6, row: 1 }, 0x2000, 64);
    array.exitOwner();
    expect(array.partition(ownedColumns)).toMatchObject({ inUse: true, ownerGone: true, epoch });
    expect(array.peek('data', { col: 6, row: 1 }, 0x2000, 64)).toEqual(second);
    expect(array.startOwner()).toBe(false);
    array.endHold(ownedColumns);
    expect(array.partition(ownedColumns)).toMatchObject({ inUse: false, ownerGone: false });
    expect(array.epoch(ownedColumns)).not.toBe(epoch);
  });
});
