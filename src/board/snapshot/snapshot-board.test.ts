import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import type { MemoryGeometry } from '../../model/geometry.ts';
import type { Board } from '../board.ts';
import { createSnapshotConnector } from './snapshot-board.ts';
import { type SavedSnapshot, snapshotParts } from './snapshot-file.ts';

const never = new AbortController().signal;
const geometry: MemoryGeometry = {
  type: 'data',
  startCol: 2,
  numCols: 1,
  startRow: 1,
  numRows: 2,
  bytesPerTile: 0x1000,
  tileBase: 0,
};
const kept: SavedSnapshot = {
  at: 1_700_000_000_000,
  label: 'lab',
  board: {
    device: '/dev/aie0',
    family: 'linux-2020',
    generation: 'aie',
    hostName: 'h',
    kernel: 'k',
    machine: 'm',
  },
  partition: { key: '2_1', columns: { startCol: 2, numCols: 1 }, startRow: 0, numRows: 3 },
  epoch: '',
  owner: '',
  memories: [
    {
      geometry,
      bytes: new Random(3).bytes(0x2000),
      missing: [
        { offset: 0x100, length: 0x80, reason: 'gated' },
        { offset: 0x1000, length: 4 },
      ],
    },
  ],
  names: [
    {
      kind: 'buffer',
      name: 'out',
      tile: { col: 2, row: 1 },
      memory: 'data',
      offset: 64,
      size: 32,
      sizeFrom: 'elf',
    },
  ],
  kernels: [{ tile: { col: 2, row: 2 }, name: 'scale' }],
};

describe('a snapshot as a board', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tilescope-snap-'));
    path = join(folder, 'a.aiesnap');
    writeFileSync(path, Buffer.concat([...snapshotParts(kept)]));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const log = { trace: () => undefined, info: () => undefined, warn: () => undefined };
  const connect = (): Promise<Board> =>
    createSnapshotConnector(path, '1.0').connect({ log, onStep: () => undefined }, never);

  test('has the partition and the bytes that were kept, and says which are missing', async () => {
    const board = await connect();
    expect(board.info).toMatchObject({ family: 'linux-2020', generation: 'aie', device: '/dev/aie0' });
    const [partition] = await board.partitions(never);
    expect(partition).toMatchObject({ key: '2_1', inUse: false, columns: { startCol: 2, numCols: 1 } });
    expect(partition?.epoch).not.toBe('');
    const memory = (await board.open('2_1', {}, never)).memory('data');
    const ranges = [
      { offset: 0xf0, length: 0x20 },
      { offset: 0x100, length: 0x1000 },
    ];
    const read = await memory?.read(ranges, {}, never);
    expect(read?.pieces.map(({ range }) => range)).toEqual(ranges);
    expect(read?.unreadable).toEqual([
      { offset: 0x100, length: 0x80, reason: 'gated' },
      { offset: 0x1000, length: 4, reason: 'not-read' },
    ]);
    expect(read?.pieces[0]?.bytes).toEqual(kept.memories[0]?.bytes.slice(0xf0, 0x110));
    expect(read?.at).toBe(kept.at);
    expect(board.names?.names('data', { col: 2, row: 1 })).toEqual(kept.names);
    expect(board.names?.names('program', { col: 2, row: 1 })).toEqual([]);
    expect(board.names?.tileName({ col: 2, row: 2 })).toBe('scale');
    expect(await board.report(never)).toContain('a.aiesnap');
  });

  test('refuses what needs a device, ranges outside, other partitions, and everything once it is closed', async () => {
    const board = await connect();
    const partition = await board.open('2_1', {}, never);
    const memory = partition.memory('data');
    expect(memory?.writable).toBe(false);
    const refused = [
      memory?.write([], { epoch: '' }, never),
      partition.status([], {}, never),
      partition.hold(true, never),
      board.ownership('2_1').hold(false, never),
      board.pick({ startCol: 0, numCols: 1 }, never),
    ];
    for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'snapshot' });
    await expect(memory?.read([{ offset: 0x1fff, length: 2 }], {}, never)).rejects.toMatchObject({
      code: 'out-of-range',
    });
    await expect(board.open('3_1', {}, never)).rejects.toMatchObject({ code: 'no-partition' });
    const watch = memory?.watch({ ranges: [], periodMs: 100, wordsPerSecond: 1 }, () => undefined);
    expect(await watch?.ended).toMatchObject({ code: 'not-asked' });
    await board.dispose();
    await expect(board.partitions(never)).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('a file that is gone or is none is said by name', async () => {
    writeFileSync(path, 'text');
    await expect(connect()).rejects.toMatchObject({ code: 'snapshot-file', facts: { path } });
    rmSync(path);
    await expect(connect()).rejects.toMatchObject({ code: 'snapshot-file', facts: { path } });
  });
});
