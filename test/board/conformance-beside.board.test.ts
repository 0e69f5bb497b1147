/**
 * Beside an owner, through the board seam and over SSH: the right buffer or none, missing rights in words, and what the
 * kernel holds for XRT.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Board, Partition, PartitionInfo, PartitionMemory } from '../../src/board/board.ts';
import { toBoardError } from '../../src/board/errors.ts';
import { keyOf } from '../conformance/keys.ts';
import { buildForArm } from '../conformance/native-files.ts';
import { runSeed } from '../conformance/random.ts';
import { SshWay } from '../conformance/ssh-way.ts';
import { patternBytes, startBoard, type VirtualBoard, type Witness } from './board.ts';
import { useCleanLog } from './clean-log.ts';
import { families } from './families.ts';

const never = new AbortController().signal;
const seed = runSeed();
let board: VirtualBoard;
let way: SshWay;
const live: Board[] = [];
const witnesses: Witness[] = [];

beforeAll(async () => {
  const agent = buildForArm('agent');
  board = await startBoard();
  way = new SshWay(board, agent);
});
afterAll(async () => {
  way?.dispose();
  await board?.stop();
});
afterEach(async () => {
  await Promise.all(live.splice(0).map((one) => one.dispose()));
  for (const witness of witnesses.splice(0)) await witness.exit();
});
useCleanLog(() => board);

async function connect(changes: Parameters<SshWay['connect']>[0] = {}): Promise<Board> {
  const made = await way.connect(changes);
  live.push(made);
  return made;
}

async function witnessOf(...commands: string[]): Promise<Witness> {
  const witness = await board.witness(...commands);
  witnesses.push(witness);
  return witness;
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => toBoardError(error).code,
  );
}

function dataOf(partition: Partition): PartitionMemory {
  const memory = partition.memory('data');
  if (memory === undefined) throw new Error('no data memory');
  return memory;
}

async function bytesAt(memory: PartitionMemory, offset: number, length: number): Promise<Uint8Array> {
  const { pieces, unreadable } = await memory.read([{ offset, length }], { asking: 'fast' }, never);
  expect(unreadable).toEqual([]);
  return pieces[0]?.bytes ?? new Uint8Array(0);
}

/** Writes beside the owner, as a person who unlocked it. */
async function writeBeside(memory: PartitionMemory, offset: number, bytes: Uint8Array): Promise<string> {
  const { pieces, epoch } = await memory.read([{ offset, length: bytes.length }], { asking: 'fast' }, never);
  const seen = pieces[0]?.bytes ?? new Uint8Array(0);
  const report = await memory.write([{ offset, seen, bytes }], { epoch, besideOwner: true }, never);
  return report.spans.map((span) => span.outcome).join();
}

async function listed(from: Board, startCol: number): Promise<PartitionInfo> {
  const found = (await from.partitions(never)).find((one) => one.columns.startCol === startCol);
  if (found === undefined) throw new Error(`no partition at column ${startCol}`);
  return found;
}

describe('[attach-6] the buffer of a 2020 owner', () => {
  const [one, two] = [
    { startCol: 6, numCols: 4 },
    { startCol: 20, numCols: 4 },
  ];

  beforeAll(() => board.reloadModule({ parts: '1:6:0:4:9,2:20:0:4:9' }));
  afterEach(() => board.control('reset all'));

  it('is not guessed among two of equal size and contents; once they differ, the right one is written', async () => {
    const witness = await witnessOf('request 1 clocks', 'hold-decoys');
    await board.control('ungate all');
    const beside = await connect();
    const memory = dataOf(await beside.open(keyOf(one), {}, never));
    const other = dataOf(await beside.open(keyOf(two), {}, never));
    const bytes = Uint8Array.of(1, 2, 3, 4);
    expect(await codeOf(writeBeside(memory, 0x100, bytes))).toBe('no-match');
    expect(await bytesAt(memory, 0x100, 4)).toEqual(new Uint8Array(4));
    await witness.fill(seed, 'data');
    expect(await writeBeside(memory, 0x100, bytes)).toBe('verified');
    expect(Uint8Array.from(await witness.read('data', 6, 1, 0x100, 4))).toEqual(bytes);
    expect(await bytesAt(other, 0x100, 4)).toEqual(new Uint8Array(4));
  });

  it.each([
    ['never asked for', 'request 1 clocks noget'],
    ['mapped, its descriptor closed', 'request 1 clocks', 'closebufs'],
  ])('that was %s is read, and never written; the error says so', async (_, ...commands) => {
    await witnessOf(...commands);
    const memory = dataOf(await (await connect()).open(keyOf(one), {}, never));
    expect(await codeOf(writeBeside(memory, 8, Uint8Array.of(9)))).toBe('no-match');
    expect(await bytesAt(memory, 8, 1)).toEqual(Uint8Array.of(0));
  });
});

describe('[attach-6] somebody without the rights', () => {
  const { startCol, numCols } = families['2020/aie'].partition;

  beforeAll(() => board.reloadModule());
  afterEach(async () => {
    await board.exec('chmod 600 /dev/aie0');
  });

  it('to open the node is told its mode', async () => {
    const failure = await connect({ user: 'dev', sudo: 'no' }).catch(toBoardError);
    expect(failure).toMatchObject({ code: 'permission', facts: { path: '/dev/aie0', mode: '0600' } });
  });

  it("to look into the owner is told whose it is; the owner's own user needs no more", async () => {
    await board.exec('chmod 666 /dev/aie0');
    await witnessOf('request 1 clocks');
    const dev = await connect({ user: 'dev' });
    const asked = dev.open(keyOf({ startCol, numCols }), {}, never).catch(toBoardError);
    expect(await asked).toMatchObject({ code: expect.stringMatching(/^(permission|owner-hidden)$/) });
    for (const witness of witnesses.splice(0)) await witness.exit();
    const own = await board.witnessAs('dev', 'request 1 clocks', 'fill 5 data');
    witnesses.push(own);
    const { pid } = await own.status();
    await expect.poll(async () => (await listed(dev, startCol)).owner?.pid).toBe(pid);
    const memory = dataOf(await dev.open(keyOf({ startCol, numCols }), {}, never));
    expect(await bytesAt(memory, 0, 64)).toEqual(
      Uint8Array.from(patternBytes('data', startCol, 1, 0, 64, 5)),
    );
    expect(await writeBeside(memory, 4, Uint8Array.of(1, 2))).toBe('verified');
  });
});

// What the module says of its version decides which form goes out; the wrong one would be a FORBIDDEN line or refused.
describe.each([
  { release: '2.17 (2024.1)', form: { zocl: 1, zocl_version: '2.17.319,a0b1c2' } },
  { release: '2.18 (2024.2)', form: { zocl: 2, zocl_version: '2.18.0,a0b1c2' } },
  { release: 'without a version', form: { zocl: 2 } },
])('[attach-9] what zocl of XRT $release holds', ({ form }) => {
  const family = families['aperture24/aie'];
  const { startCol, numCols } = family.partition;

  beforeAll(() => board.reloadModule({ ...family.module, ...form }));
  afterAll(() => board.reloadModule());

  it('is named, not touched, and reached once a person chose the way through its driver', async () => {
    // Its clocks begin off and are switched on later, as an application does it: so the driver's notes of them are right.
    await board.control(
      'gate all',
      `zocl load ${startCol} ${numCols}`,
      'ungate all',
      'reg 7 3 0x10 0xc0ffee',
    );
    const beside = await connect();
    expect((await listed(beside, startCol)).owner).toMatchObject({ kind: 'kernel', pid: 0 });
    expect(await codeOf(beside.open(keyOf({ startCol, numCols }), {}, never))).toBe('kernel-held');
    expect(await board.counters()).toMatchObject({ open: 1 });
    await beside.ownership(keyOf({ startCol, numCols })).takeKernelDescriptor(never);
    const memory = dataOf(await beside.open(keyOf({ startCol, numCols }), {}, never));
    const offset = ((7 - startCol) * memory.geometry.numRows + 2) * memory.geometry.bytesPerTile + 0x10;
    expect(await bytesAt(memory, offset, 4)).toEqual(Uint8Array.of(0xee, 0xff, 0xc0, 0));
    expect(await writeBeside(memory, offset, Uint8Array.of(1))).toBe('verified');
    await beside.dispose();
    live.splice(0);
    await board.control('zocl unload');
    expect(await board.counters()).toMatchObject({ open: 0, dmabufs: 0, mappings: 0 });
  });
});

describe('[attach-9] what an earlier zocl holds that does not tell its version', () => {
  const family = families['aperture24/aie'];
  const { startCol, numCols } = family.partition;

  beforeAll(() => board.reloadModule({ ...family.module, zocl: 1 }));
  afterAll(() => board.reloadModule());

  it('is asked for in the later form only, and refused: the number of the earlier one is another request elsewhere', async () => {
    await board.control(`zocl load ${startCol} ${numCols}`);
    const beside = await connect();
    expect(await codeOf(beside.ownership(keyOf({ startCol, numCols })).takeKernelDescriptor(never))).toBe(
      'kernel-held',
    );
    // Nothing was handed out, so XRT's reset has nothing to count.
    expect(await board.counters()).toMatchObject({ open: 1 });
    await board.control('zocl reset');
    expect(await board.counters()).toMatchObject({ open: 0 });
  });
});
